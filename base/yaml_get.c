/* yaml_get.c - scalars of a YAML tree as strings, bools, numbers, durations and sizes. */
#include <inttypes.h>
#include <string.h>

#include "base/yaml.h"

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                             {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
static const struct unit size_units[] = {{"", 1},
                                         {"KiB", INT64_C(1) << 10},
                                         {"MiB", INT64_C(1) << 20},
                                         {"GiB", INT64_C(1) << 30},
                                         {"TiB", INT64_C(1) << 40},
                                         {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static const char *kind_text(const struct yaml_node *node)
{
    static const char *const texts[] = {"a value", "a list", "a map"};

    return yaml_is_null(node) ? "nothing" : texts[yaml_kind(node)];
}

static int expected(const struct yaml_node *node, const char *what, struct err *err)
{
    const char *text = yaml_text(node);

    if (text != NULL && !yaml_is_null(node))
        return yaml_fail(node, err, ERR_YAML_BAD_VALUE, "expected %s, found %s%.64s%s", what,
                         yaml_is_quoted(node) ? "\"" : "", text, yaml_is_quoted(node) ? "\"" : "");
    return yaml_fail(node, err, ERR_YAML_BAD_VALUE, "expected %s, found %s", what, kind_text(node));
}

int yaml_as_string(const struct yaml_node *node, const char **value, struct err *err)
{
    if (yaml_kind(node) != YAML_SCALAR || yaml_is_null(node))
        return expected(node, "a text", err);
    if (yaml_is_ambiguous(node))
        return yaml_fail(node, err, ERR_YAML_AMBIGUOUS_NUMBER, "%.64s", yaml_text(node));
    *value = yaml_text(node);
    return 0;
}

int yaml_as_bool(const struct yaml_node *node, bool *value, struct err *err)
{
    const char *text = yaml_text(node);
    bool is_true = text != NULL && strcmp(text, "true") == 0;

    if (text == NULL || yaml_is_quoted(node) || (!is_true && strcmp(text, "false") != 0))
        return expected(node, "true or false", err);
    *value = is_true;
    return 0;
}

int yaml_as_list(const struct yaml_node *node, struct err *err)
{
    return yaml_kind(node) == YAML_LIST ? 0 : expected(node, "a list", err);
}

int yaml_as_map(const struct yaml_node *node, struct err *err)
{
    return yaml_kind(node) == YAML_MAP ? 0 : expected(node, "a map", err);
}

/* "-12 MiB" to -12 * 2^20. False: not such a text, or it does not fit. */
static bool parse_number(const char *text, const struct unit *units, int64_t *value)
{
    bool negative = text[0] == '-';
    const char *at = text + negative;
    int64_t number = 0; /* negative throughout, which reaches one further */

    if (*at < '0' || *at > '9' || (*at == '0' && at[1] >= '0' && at[1] <= '9'))
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_sub_overflow(number, *at - '0', &number))
            return false;
    }
    if (*at == ' ' && at[1] != '\0')
        at++;
    while (units->name != NULL && strcmp(units->name, at) != 0)
        units++;
    if (units->name == NULL || __builtin_mul_overflow(number, units->factor, &number))
        return false;
    if (!negative && __builtin_sub_overflow(0, number, &number))
        return false;
    *value = number;
    return true;
}

static int as_number(const struct yaml_node *node, const struct unit *units, const char *what, int64_t *value,
                     int64_t min, int64_t max, struct err *err)
{
    int64_t number;

    if (yaml_kind(node) != YAML_SCALAR || yaml_is_quoted(node))
        return expected(node, what, err);
    if (yaml_is_ambiguous(node))
        return yaml_fail(node, err, ERR_YAML_AMBIGUOUS_NUMBER, "%.64s", yaml_text(node));
    if (!parse_number(yaml_text(node), units, &number))
        return expected(node, what, err);
    if (number < min || number > max)
        return yaml_fail(node, err, ERR_YAML_BAD_VALUE, "%" PRId64 " is not from %" PRId64 " to %" PRId64,
                         number, min, max);
    *value = number;
    return 0;
}

int yaml_as_int(const struct yaml_node *node, int64_t *value, int64_t min, int64_t max, struct err *err)
{
    return as_number(node, no_units, "a whole number", value, min, max, err);
}

int yaml_as_duration(const struct yaml_node *node, int64_t *ms, int64_t min_ms, int64_t max_ms,
                     struct err *err)
{
    return as_number(node, duration_units, "a duration such as 30s (ms, s, m, h or d)", ms, min_ms, max_ms,
                     err);
}

int yaml_as_size(const struct yaml_node *node, int64_t *bytes, int64_t min, int64_t max, struct err *err)
{
    return as_number(node, size_units, "a size such as 64MiB (KiB, MiB, GiB or TiB)", bytes, min, max, err);
}

static int as_list_node(const struct yaml_node *node, const struct yaml_node **list, struct err *err)
{
    int rc = yaml_as_list(node, err);

    if (rc == 0)
        *list = node;
    return rc;
}

static int as_map_node(const struct yaml_node *node, const struct yaml_node **map, struct err *err)
{
    int rc = yaml_as_map(node, err);

    if (rc == 0)
        *map = node;
    return rc;
}

/* An absent optional key gives no node and no error. */
static int find_optional(const struct yaml_node *map, const char *key, const struct yaml_node **node,
                         struct err *err)
{
    int rc = yaml_as_map(map, err);

    if (rc == 0)
        *node = yaml_find(map, key);
    return rc;
}

/* The getters by key: each finds the node and converts it with `convert`. */
#define GETTER(prefix, name, find, convert, value_type)                                                      \
    int prefix##name(const struct yaml_node *map, const char *key, value_type *value, struct err *err)       \
    {                                                                                                        \
        const struct yaml_node *node = NULL;                                                                 \
        int rc = find(map, key, &node, err);                                                                 \
                                                                                                             \
        return rc != 0 || node == NULL ? rc : convert(node, value, err);                                     \
    }
#define RANGE_GETTER(prefix, name, find, convert)                                                            \
    int prefix##name(const struct yaml_node *map, const char *key, int64_t *value, int64_t min, int64_t max, \
                     struct err *err)                                                                        \
    {                                                                                                        \
        const struct yaml_node *node = NULL;                                                                 \
        int rc = find(map, key, &node, err);                                                                 \
                                                                                                             \
        return rc != 0 || node == NULL ? rc : convert(node, value, min, max, err);                           \
    }

GETTER(yaml_get_, string, yaml_get, yaml_as_string, const char *)
GETTER(yaml_get_, bool, yaml_get, yaml_as_bool, bool)
GETTER(yaml_get_, list, yaml_get, as_list_node, const struct yaml_node *)
GETTER(yaml_get_, map, yaml_get, as_map_node, const struct yaml_node *)
RANGE_GETTER(yaml_get_, int, yaml_get, yaml_as_int)
RANGE_GETTER(yaml_get_, duration, yaml_get, yaml_as_duration)
RANGE_GETTER(yaml_get_, size, yaml_get, yaml_as_size)

GETTER(yaml_opt_, string, find_optional, yaml_as_string, const char *)
GETTER(yaml_opt_, bool, find_optional, yaml_as_bool, bool)
GETTER(yaml_opt_, list, find_optional, as_list_node, const struct yaml_node *)
GETTER(yaml_opt_, map, find_optional, as_map_node, const struct yaml_node *)
RANGE_GETTER(yaml_opt_, int, find_optional, yaml_as_int)
RANGE_GETTER(yaml_opt_, duration, find_optional, yaml_as_duration)
RANGE_GETTER(yaml_opt_, size, find_optional, yaml_as_size)
