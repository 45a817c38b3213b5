/* yaml.h - the one home of libyaml: a YAML file as an immutable tree in which every node knows its place.
 *
 * Only the plain part of YAML is read: one document of maps, lists and scalars, with string keys. Duplicate
 * keys, anchors, aliases, tags, `<<`, a second document, nesting beyond YAML_MAX_DEPTH, more than
 * YAML_MAX_SIZE bytes or YAML_MAX_NODES nodes, NUL characters and bad UTF-8 are refused while loading.
 *
 * A scalar keeps its text; it gets a type only when it is asked for:
 *     string    any text; null (`~`, `null` or nothing) is no string, "" is
 *     bool      true or false, unquoted
 *     int       decimal digits with an optional '-', unquoted
 *     duration  digits and a unit ms, s, m, h or d, e.g. 30s (to milliseconds)
 *     size      digits, alone or with a unit KiB, MiB, GiB or TiB, e.g. 64 MiB (to bytes)
 * An unquoted number with a leading zero (010001, 00.66) is refused whenever a number or a string is asked
 * for, and as a key: codes must be quoted.
 *
 * Errors carry file, line, column and, as field, the path of the node ("indicators[3].name"). Nodes and texts
 * are borrowed from the document. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdbool.h>

#include "base/err.h"

#define YAML_MAX_DEPTH 32
#define YAML_MAX_SIZE  (4u << 20)
#define YAML_MAX_NODES 500000u

struct yaml;
struct yaml_node;

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

WEFT_MUST_USE int yaml_load_file(struct yaml **yaml, const char *path, struct err *err);
/* `name` stands in errors where the file name would. */
WEFT_MUST_USE int yaml_load(struct yaml **yaml, const char *name, const void *data, size_t data_len,
                            struct err *err);
/* Harmless on NULL; sets *yaml to NULL. (Not named free: libyaml exports a yaml_free.) */
void yaml_unload(struct yaml **yaml);

/* Never NULL; an empty file has a null scalar as its root. */
const struct yaml_node *yaml_root(const struct yaml *yaml);

/* What a node is. */
enum yaml_kind yaml_kind(const struct yaml_node *node);
bool yaml_is_null(const struct yaml_node *node);
bool yaml_is_quoted(const struct yaml_node *node); /* a scalar in quotes or a block scalar */
unsigned yaml_line(const struct yaml_node *node);  /* from 1 */
unsigned yaml_column(const struct yaml_node *node);
const char *yaml_file(const struct yaml_node *node);
size_t yaml_num(const struct yaml_node *node); /* items of a list, entries of a map; 0 of a scalar or NULL */
const char *
yaml_text(const struct yaml_node *node); /* of a scalar, whatever it looks like; NULL of the others */
bool yaml_is_ambiguous(const struct yaml_node *node); /* an unquoted number with a leading zero */

/* Set `err` to `code` at the place of `node`. Returns `code`. */
int yaml_fail(const struct yaml_node *node, struct err *err, int code, const char *format, ...)
    WEFT_PRINTF(4, 5);

/* Children in file order; `index` < yaml_num(node). yaml_key is for maps only. */
const struct yaml_node *yaml_item(const struct yaml_node *node, size_t index);
const char *yaml_key(const struct yaml_node *map, size_t index);

/* The value of `key`, or NULL when it is absent or `map` is no map. O(log n). */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);

/* `node` as a type; ERR_YAML_BAD_VALUE or ERR_YAML_AMBIGUOUS_NUMBER otherwise. Ranges are inclusive. */
WEFT_MUST_USE int yaml_as_string(const struct yaml_node *node, const char **value, struct err *err);
WEFT_MUST_USE int yaml_as_bool(const struct yaml_node *node, bool *value, struct err *err);
WEFT_MUST_USE int yaml_as_int(const struct yaml_node *node, int64_t *value, int64_t min, int64_t max,
                              struct err *err);
WEFT_MUST_USE int yaml_as_duration(const struct yaml_node *node, int64_t *ms, int64_t min_ms, int64_t max_ms,
                                   struct err *err);
WEFT_MUST_USE int yaml_as_size(const struct yaml_node *node, int64_t *bytes, int64_t min, int64_t max,
                               struct err *err);
WEFT_MUST_USE int yaml_as_list(const struct yaml_node *node, struct err *err);
WEFT_MUST_USE int yaml_as_map(const struct yaml_node *node, struct err *err);

/* The value of a required key of `map`: ERR_YAML_MISSING_KEY when absent. */
WEFT_MUST_USE int yaml_get(const struct yaml_node *map, const char *key, const struct yaml_node **node,
                           struct err *err);
WEFT_MUST_USE int yaml_get_string(const struct yaml_node *map, const char *key, const char **value,
                                  struct err *err);
WEFT_MUST_USE int yaml_get_bool(const struct yaml_node *map, const char *key, bool *value, struct err *err);
WEFT_MUST_USE int yaml_get_int(const struct yaml_node *map, const char *key, int64_t *value, int64_t min,
                               int64_t max, struct err *err);
WEFT_MUST_USE int yaml_get_duration(const struct yaml_node *map, const char *key, int64_t *ms, int64_t min_ms,
                                    int64_t max_ms, struct err *err);
WEFT_MUST_USE int yaml_get_size(const struct yaml_node *map, const char *key, int64_t *bytes, int64_t min,
                                int64_t max, struct err *err);
WEFT_MUST_USE int yaml_get_list(const struct yaml_node *map, const char *key, const struct yaml_node **list,
                                struct err *err);
WEFT_MUST_USE int yaml_get_map(const struct yaml_node *map, const char *key, const struct yaml_node **value,
                               struct err *err);

/* For optional keys: as above, but when the key is absent succeed and leave the output as the caller set it.
 */
WEFT_MUST_USE int yaml_opt_string(const struct yaml_node *map, const char *key, const char **value,
                                  struct err *err);
WEFT_MUST_USE int yaml_opt_bool(const struct yaml_node *map, const char *key, bool *value, struct err *err);
WEFT_MUST_USE int yaml_opt_int(const struct yaml_node *map, const char *key, int64_t *value, int64_t min,
                               int64_t max, struct err *err);
WEFT_MUST_USE int yaml_opt_duration(const struct yaml_node *map, const char *key, int64_t *ms, int64_t min_ms,
                                    int64_t max_ms, struct err *err);
WEFT_MUST_USE int yaml_opt_size(const struct yaml_node *map, const char *key, int64_t *bytes, int64_t min,
                                int64_t max, struct err *err);
WEFT_MUST_USE int yaml_opt_list(const struct yaml_node *map, const char *key, const struct yaml_node **list,
                                struct err *err);
WEFT_MUST_USE int yaml_opt_map(const struct yaml_node *map, const char *key, const struct yaml_node **value,
                               struct err *err);

/* Refuse keys of `map` that are not in the NULL-ended list `known`, naming the nearest known one:
 *     yaml_no_other_keys(map, YAML_KEYS("name", "kind"), err) */
WEFT_MUST_USE int yaml_no_other_keys(const struct yaml_node *map, const char *const *known, struct err *err);
#define YAML_KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
