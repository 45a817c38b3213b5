/* catalogue.c - reads a catalogue file and checks it as a whole: what loads can be evaluated. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/suggest.h"
#include "base/yaml.h"
#include "catalogue/catalogue.h"
#include "catalogue/decimal.h"
#include "catalogue/kind.h"
#include "catalogue/read_sets.h"

#define ID_MAX_LEN 64

struct loader {
    struct catalogue *catalogue;
    const char *raw; /* the file, NUL-terminated */
    struct err *err;
};

/* ---- pieces ---- */

static int no_memory(const struct loader *loader)
{
    return err_set(loader->err, ERR_NO_MEMORY, "catalogue");
}

static int check_id(const struct loader *loader, const struct yaml_node *node, const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(id);

    if (len == 0 || len > ID_MAX_LEN || strspn(id, allowed) != len)
        return yaml_fail(node, loader->err, ERR_CATALOGUE_BAD_VALUE, "an id has 1 to %d of A-Z a-z 0-9 . _ -",
                         ID_MAX_LEN);
    return ERR_OK;
}

static int read_id(const struct loader *loader, const struct yaml_node *map, const char *key, const char **id)
{
    const struct yaml_node *node;
    int rc;

    if ((rc = yaml_get(map, key, &node, loader->err)) != ERR_OK ||
        (rc = yaml_as_string(node, id, loader->err)) != ERR_OK)
        return rc;
    return check_id(loader, node, *id);
}

static int read_name(const struct loader *loader, const struct yaml_node *map, struct catalogue_name *name)
{
    const struct yaml_node *node;
    int rc;

    if ((rc = yaml_get_map(map, "name", &node, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(node, YAML_KEYS("en", "zh"), loader->err)) != ERR_OK ||
        (rc = yaml_get_string(node, "en", &name->en, loader->err)) != ERR_OK)
        return rc;
    return yaml_get_string(node, "zh", &name->zh, loader->err);
}

static int read_table(const struct loader *loader, const struct yaml_node *map, int *table)
{
    const struct yaml_node *node;
    const char *name, *near;
    int rc;

    if ((rc = yaml_get(map, "table", &node, loader->err)) != ERR_OK ||
        (rc = yaml_as_string(node, &name, loader->err)) != ERR_OK)
        return rc;
    *table = schema_find_table(name, strlen(name));
    if (*table != SCHEMA_NONE)
        return ERR_OK;
    near = schema_nearest_table(name);
    return yaml_fail(node, loader->err, ERR_CATALOGUE_UNKNOWN_REFERENCE, "no table %.60s%s%s", name,
                     near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

/* The expression under `key`; *expr stays as it is when the key is absent. */
static int read_expr(const struct loader *loader, const struct yaml_node *map, const char *key, int table,
                     enum expr_want want, struct expr **expr)
{
    const struct yaml_node *node = yaml_find(map, key);
    struct expr_source source = {.raw = loader->raw,
                                 .sets = loader->catalogue->sets,
                                 .num_sets = loader->catalogue->num_sets,
                                 .zone = &loader->catalogue->zone};
    struct err place = {0};
    int rc;

    if (node == NULL)
        return ERR_OK;
    if ((rc = yaml_as_string(node, &source.text, loader->err)) != ERR_OK)
        return rc;
    source.file = yaml_file(node);
    source.line = yaml_line(node);
    source.column = yaml_column(node);
    if ((rc = expr_parse(expr, &source, table, want, loader->err)) == ERR_OK)
        return ERR_OK;
    (void)yaml_fail(node, &place, rc, "expression"); /* for the path of the node */
    (void)err_field(loader->err, place.field);
    return rc;
}

/* ---- populations and strata ---- */

static int check_num(const struct loader *loader, const struct yaml_node *node, size_t max)
{
    if (yaml_num(node) <= max)
        return ERR_OK;
    return yaml_fail(node, loader->err, ERR_CATALOGUE_BAD_VALUE, "more than %zu", max);
}

static int read_rule(const struct loader *loader, const struct yaml_node *map,
                     struct catalogue_population *population)
{
    struct catalogue_rule *rule = &population->rules[population->num_rules];
    int rc;

    if ((rc = yaml_as_map(map, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(map, YAML_KEYS("id", "name", "where"), loader->err)) != ERR_OK ||
        (rc = read_id(loader, map, "id", &rule->id)) != ERR_OK ||
        (rc = read_name(loader, map, &rule->name)) != ERR_OK)
        return rc;
    for (size_t i = 0; i < population->num_rules; i++) {
        if (strcmp(population->rules[i].id, rule->id) == 0)
            return yaml_fail(map, loader->err, ERR_CATALOGUE_DUPLICATE_ID, "rule %s", rule->id);
    }
    population->num_rules++; /* from here on its expression is freed with the rest */
    if ((rc = read_expr(loader, map, "where", population->table, EXPR_WANT_BOOL, &rule->where)) != ERR_OK ||
        rule->where != NULL)
        return rc;
    return yaml_fail(map, loader->err, ERR_CATALOGUE_BAD_VALUE, "a rule has a condition, where");
}

/* exclude: one condition, or a list of rules. */
static int read_exclusions(const struct loader *loader, const struct yaml_node *map,
                           struct catalogue_population *population)
{
    const struct yaml_node *node = yaml_find(map, "exclude");
    int rc = ERR_OK;

    if (node == NULL)
        return ERR_OK;
    if (yaml_kind(node) == YAML_LIST && (rc = check_num(loader, node, CATALOGUE_MAX_RULES)) != ERR_OK)
        return rc;
    population->rules = calloc(yaml_num(node) + 1, sizeof(*population->rules));
    if (population->rules == NULL)
        return no_memory(loader);
    if (yaml_kind(node) != YAML_LIST) {
        population->rules[0] = (struct catalogue_rule){.id = "", .name = {"", ""}};
        population->num_rules = 1;
        return read_expr(loader, map, "exclude", population->table, EXPR_WANT_BOOL,
                         &population->rules[0].where);
    }
    for (size_t i = 0; rc == ERR_OK && i < yaml_num(node); i++)
        rc = read_rule(loader, yaml_item(node, i), population);
    return rc;
}

static int read_population(const struct loader *loader, const struct yaml_node *map,
                           struct catalogue_population *population)
{
    int rc;

    if ((rc = yaml_as_map(map, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(map, YAML_KEYS("name", "table", "where", "exclude"), loader->err)) !=
            ERR_OK ||
        (rc = read_name(loader, map, &population->name)) != ERR_OK ||
        (rc = read_table(loader, map, &population->table)) != ERR_OK ||
        (rc = read_expr(loader, map, "where", population->table, EXPR_WANT_BOOL, &population->where)) !=
            ERR_OK)
        return rc;
    return read_exclusions(loader, map, population);
}

static int read_populations(const struct loader *loader, const struct yaml_node *root)
{
    struct catalogue *catalogue = loader->catalogue;
    const struct yaml_node *map;
    int rc;

    if ((rc = yaml_get_map(root, "populations", &map, loader->err)) != ERR_OK ||
        (rc = check_num(loader, map, CATALOGUE_MAX_POPULATIONS)) != ERR_OK)
        return rc;
    catalogue->populations = calloc(yaml_num(map) + 1, sizeof(*catalogue->populations));
    if (catalogue->populations == NULL)
        return no_memory(loader);
    for (size_t i = 0; i < yaml_num(map); i++) {
        struct catalogue_population *population = &catalogue->populations[catalogue->num_populations++];

        population->id = yaml_key(map, i);
        if ((rc = check_id(loader, yaml_item(map, i), population->id)) != ERR_OK ||
            (rc = read_population(loader, yaml_item(map, i), population)) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static int read_stratum(const struct loader *loader, const struct yaml_node *map,
                        struct catalogue_strata *strata, bool is_last)
{
    struct catalogue_stratum *stratum = &strata->values[strata->num_values];
    int rc;

    if ((rc = yaml_as_map(map, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(map, YAML_KEYS("id", "name", "where"), loader->err)) != ERR_OK ||
        (rc = read_id(loader, map, "id", &stratum->id)) != ERR_OK ||
        (rc = read_name(loader, map, &stratum->name)) != ERR_OK)
        return rc;
    for (size_t i = 0; i < strata->num_values; i++) {
        if (strcmp(strata->values[i].id, stratum->id) == 0)
            return yaml_fail(map, loader->err, ERR_CATALOGUE_DUPLICATE_ID, "stratum %s", stratum->id);
    }
    strata->num_values++; /* from here on its expression is freed with the rest */
    if ((rc = read_expr(loader, map, "where", strata->table, EXPR_WANT_BOOL, &stratum->where)) != ERR_OK)
        return rc;
    if ((stratum->where == NULL) == is_last)
        return ERR_OK;
    return yaml_fail(map, loader->err, ERR_CATALOGUE_BAD_VALUE,
                     "all strata but the last have a condition; the last takes the rest");
}

static int read_stratification(const struct loader *loader, const struct yaml_node *map,
                               struct catalogue_strata *strata)
{
    const struct yaml_node *list;
    int rc;

    if ((rc = yaml_as_map(map, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(map, YAML_KEYS("name", "table", "values"), loader->err)) != ERR_OK ||
        (rc = read_name(loader, map, &strata->name)) != ERR_OK ||
        (rc = read_table(loader, map, &strata->table)) != ERR_OK ||
        (rc = yaml_get_list(map, "values", &list, loader->err)) != ERR_OK ||
        (rc = check_num(loader, list, CATALOGUE_MAX_STRATA)) != ERR_OK)
        return rc;
    if (yaml_num(list) < 2)
        return yaml_fail(list, loader->err, ERR_CATALOGUE_BAD_VALUE, "at least two strata");
    strata->values = calloc(yaml_num(list), sizeof(*strata->values));
    if (strata->values == NULL)
        return no_memory(loader);
    for (size_t i = 0; i < yaml_num(list); i++) {
        if ((rc = read_stratum(loader, yaml_item(list, i), strata, i + 1 == yaml_num(list))) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static int read_strata(const struct loader *loader, const struct yaml_node *root)
{
    struct catalogue *catalogue = loader->catalogue;
    const struct yaml_node *map = NULL;
    int rc;

    if ((rc = yaml_opt_map(root, "strata", &map, loader->err)) != ERR_OK || map == NULL ||
        (rc = check_num(loader, map, CATALOGUE_MAX_STRATA)) != ERR_OK)
        return rc;
    catalogue->strata = calloc(yaml_num(map) + 1, sizeof(*catalogue->strata));
    if (catalogue->strata == NULL)
        return no_memory(loader);
    for (size_t i = 0; i < yaml_num(map); i++) {
        struct catalogue_strata *strata = &catalogue->strata[catalogue->num_strata++];

        strata->id = yaml_key(map, i);
        if ((rc = check_id(loader, yaml_item(map, i), strata->id)) != ERR_OK ||
            (rc = read_stratification(loader, yaml_item(map, i), strata)) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* ---- indicators ---- */

static int unknown(const struct loader *loader, const struct yaml_node *node, const char *what,
                   const char *id)
{
    return yaml_fail(node, loader->err, ERR_CATALOGUE_UNKNOWN_REFERENCE, "no %s %.60s is defined", what, id);
}

static int find_population(const struct loader *loader, const struct yaml_node *map, const char *key,
                           size_t *index)
{
    const struct catalogue *catalogue = loader->catalogue;
    const struct yaml_node *node;
    const char *id;
    int rc;

    if ((rc = yaml_get(map, key, &node, loader->err)) != ERR_OK ||
        (rc = yaml_as_string(node, &id, loader->err)) != ERR_OK)
        return rc;
    for (*index = 0; *index < catalogue->num_populations; (*index)++) {
        if (strcmp(catalogue->populations[*index].id, id) == 0)
            return ERR_OK;
    }
    return unknown(loader, node, "population", id);
}

static int find_strata(const struct loader *loader, const struct yaml_node *map, int table,
                       const struct catalogue_strata **strata)
{
    const struct catalogue *catalogue = loader->catalogue;
    const struct yaml_node *node = yaml_find(map, "strata");
    const char *id;
    int rc;

    if (node == NULL)
        return ERR_OK;
    if ((rc = yaml_as_string(node, &id, loader->err)) != ERR_OK)
        return rc;
    for (size_t i = 0; i < catalogue->num_strata; i++) {
        if (strcmp(catalogue->strata[i].id, id) != 0)
            continue;
        if (!schema_is_ancestor(catalogue->strata[i].table, table))
            return yaml_fail(node, loader->err, ERR_CATALOGUE_BAD_VALUE,
                             "strata %s divide %s, not rows of %s", id,
                             schema_table(catalogue->strata[i].table)->name, schema_table(table)->name);
        *strata = &catalogue->strata[i];
        return ERR_OK;
    }
    return unknown(loader, node, "stratification", id);
}

static int read_kind(const struct loader *loader, const struct yaml_node *map, const struct kind **kind)
{
    const char *known[KIND_NUM], *name, *near;
    const struct yaml_node *node;
    int rc;

    if ((rc = yaml_get(map, "kind", &node, loader->err)) != ERR_OK ||
        (rc = yaml_as_string(node, &name, loader->err)) != ERR_OK)
        return rc;
    for (size_t i = 0; i < KIND_NUM; i++) {
        known[i] = catalogue_kinds[i].name;
        if (strcmp(catalogue_kinds[i].name, name) == 0) {
            *kind = &catalogue_kinds[i];
            return ERR_OK;
        }
    }
    near = suggest_nearest(name, known, KIND_NUM);
    return yaml_fail(node, loader->err, ERR_CATALOGUE_UNKNOWN_REFERENCE, "no kind %.60s%s%s", name,
                     near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

static int read_exprs(const struct loader *loader, const struct yaml_node *map, const struct kind *kind,
                      struct catalogue_indicator *indicator)
{
    const struct catalogue_population *populations = loader->catalogue->populations;
    const struct yaml_node *node;
    int rc;

    for (size_t i = 0; i < CATALOGUE_EXPRS_MAX && kind->exprs[i] != NULL; i++) {
        int table = populations[i == 0 ? indicator->population : indicator->denominator_population].table;

        if ((rc = yaml_get(map, kind->exprs[i], &node, loader->err)) != ERR_OK ||
            (rc = read_expr(loader, map, kind->exprs[i], table, kind->want[i], &indicator->exprs[i])) !=
                ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* Sums of decimals are integers times FIXED_SCALE; an expected value is always decimal. */
static int set_scale(const struct loader *loader, const struct yaml_node *map,
                     struct catalogue_indicator *indicator)
{
    bool is_decimal = false;

    indicator->scale = 1;
    if (indicator->kind == KIND(OBSERVED_EXPECTED)) {
        is_decimal = true;
        if (indicator->exprs[1]->root->type != VALUE_FIXED)
            return yaml_fail(yaml_find(map, "expected"), loader->err, ERR_EXPR_TYPE, "expected is a decimal");
    } else if (indicator->kind == KIND(MEAN)) {
        is_decimal = indicator->exprs[0]->root->type == VALUE_FIXED;
    } else if (indicator->kind == KIND(RATE)) {
        is_decimal = indicator->exprs[0]->root->type == VALUE_FIXED;
        if (indicator->exprs[0]->root->type != indicator->exprs[1]->root->type)
            return yaml_fail(map, loader->err, ERR_EXPR_TYPE, "numerator and denominator are of one type");
    }
    if (is_decimal)
        indicator->scale = (uint64_t)FIXED_SCALE;
    return ERR_OK;
}

static int read_bin_unit(const struct loader *loader, const struct yaml_node *map,
                         struct catalogue_indicator *indicator)
{
    const struct expr_node *value = indicator->exprs[0]->root;
    const char *unit = "";
    int rc = yaml_opt_string(map, "unit", &unit, loader->err);

    if (rc != ERR_OK)
        return rc;
    indicator->bin_unit = value->type == VALUE_FIXED ? FIXED_SCALE : 1;
    if (value->unit != UNIT_MINUTE && unit[0] == '\0')
        return ERR_OK;
    if (value->unit == UNIT_MINUTE && strcmp(unit, "min") == 0)
        return ERR_OK;
    if (value->unit == UNIT_MINUTE && strcmp(unit, "h") == 0)
        indicator->bin_unit = 60;
    else if (value->unit == UNIT_MINUTE && strcmp(unit, "d") == 0)
        indicator->bin_unit = 1440;
    else
        return yaml_fail(map, loader->err, ERR_CATALOGUE_BAD_VALUE,
                         "the bins of a duration have unit min, h or d; others have none");
    return ERR_OK;
}

static int read_bins(const struct loader *loader, const struct yaml_node *map,
                     struct catalogue_indicator *indicator)
{
    int64_t from, width, number;
    const struct yaml_node *bins;
    int rc;

    if (indicator->kind != KIND(DISTRIBUTION))
        return ERR_OK;
    if ((rc = yaml_get_map(map, "bins", &bins, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(bins, YAML_KEYS("from", "width", "number", "unit"), loader->err)) !=
            ERR_OK ||
        (rc = yaml_get_int(bins, "from", &from, -1000000, 1000000, loader->err)) != ERR_OK ||
        (rc = yaml_get_int(bins, "width", &width, 1, 1000000, loader->err)) != ERR_OK ||
        (rc = yaml_get_int(bins, "number", &number, 2, CATALOGUE_MAX_BINS, loader->err)) != ERR_OK ||
        (rc = read_bin_unit(loader, bins, indicator)) != ERR_OK)
        return rc;
    indicator->num_bins = (size_t)number;
    indicator->bin_lower = calloc(indicator->num_bins, sizeof(*indicator->bin_lower));
    if (indicator->bin_lower == NULL)
        return no_memory(loader);
    for (size_t i = 0; i < indicator->num_bins; i++)
        indicator->bin_lower[i] = from + (int64_t)i * width;
    return ERR_OK;
}

static int read_bound(const struct loader *loader, const struct yaml_node *bounds, Weft__V1__Role role,
                      uint64_t *bound)
{
    const char *name = catalogue_role_text(role);
    int64_t value;
    int rc;

    if (yaml_find(bounds, name) == NULL)
        return yaml_fail(bounds, loader->err, ERR_CATALOGUE_BOUND_MISSING, "bound of %s", name);
    if ((rc = yaml_get_int(bounds, name, &value, 1, CATALOGUE_MAX_BOUND, loader->err)) != ERR_OK)
        return rc;
    *bound = (uint64_t)value;
    return ERR_OK;
}

/* Facts are 0 or 1 by nature; all other roles need a bound. */
static int read_bounds(const struct loader *loader, const struct yaml_node *map, const struct kind *kind,
                       struct catalogue_indicator *indicator)
{
    const char *known[KIND_ROLES + 2] = {catalogue_role_text(ROLE(MISSING))};
    const struct yaml_node *bounds;
    int rc;

    indicator->bounds[ROLE(CONTRIBUTES)] = 1;
    if (kind->wire == KIND(FACT)) {
        indicator->bounds[ROLE(NUMERATOR)] = indicator->bounds[ROLE(COMPLEMENT)] = 1;
        indicator->bounds[ROLE(MISSING)] = 1;
        return ERR_OK;
    }
    for (size_t i = 0; i < kind->num_roles; i++)
        known[i + 1] = catalogue_role_text(kind->roles[i]);
    if (yaml_find(map, "bounds") == NULL)
        return yaml_fail(map, loader->err, ERR_CATALOGUE_BOUND_MISSING, "bounds of %s", indicator->id);
    if ((rc = yaml_get_map(map, "bounds", &bounds, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(bounds, known, loader->err)) != ERR_OK)
        return rc;
    for (size_t i = 0; i < kind->num_roles; i++) {
        if ((rc = read_bound(loader, bounds, kind->roles[i], &indicator->bounds[kind->roles[i]])) != ERR_OK)
            return rc;
    }
    return read_bound(loader, bounds, ROLE(MISSING), &indicator->bounds[ROLE(MISSING)]);
}

static int read_direction(const struct loader *loader, const struct yaml_node *map,
                          enum catalogue_direction *direction)
{
    const char *text;
    int rc = yaml_get_string(map, "direction", &text, loader->err);

    if (rc != ERR_OK)
        return rc;
    if (strcmp(text, "lower") == 0)
        *direction = DIRECTION_LOWER;
    else if (strcmp(text, "higher") == 0)
        *direction = DIRECTION_HIGHER;
    else if (strcmp(text, "none") == 0)
        *direction = DIRECTION_NONE;
    else
        return yaml_fail(yaml_find(map, "direction"), loader->err, ERR_CATALOGUE_BAD_VALUE,
                         "lower, higher or none");
    return ERR_OK;
}

/* `from` and `until` are dates. */
static int check_date(const struct loader *loader, const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = yaml_find(map, key);
    int64_t ms;

    if (node == NULL || calendar_parse(&ms, yaml_text(node), &loader->catalogue->zone, NULL) == ERR_OK)
        return ERR_OK;
    return yaml_fail(node, loader->err, ERR_CATALOGUE_BAD_VALUE, "a date like 2024-01-01 is expected");
}

static int read_target(const struct loader *loader, const struct yaml_node *node,
                       struct catalogue_target *target)
{
    int64_t value;
    int rc;

    if ((rc = yaml_as_map(node, loader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(node,
                                 YAML_KEYS("at_most", "at_least", "from", "until", "applies_to", "source"),
                                 loader->err)) != ERR_OK ||
        (rc = yaml_get_string(node, "from", &target->from, loader->err)) != ERR_OK ||
        (rc = yaml_opt_string(node, "until", &target->until, loader->err)) != ERR_OK ||
        (rc = check_date(loader, node, "from")) != ERR_OK ||
        (rc = check_date(loader, node, "until")) != ERR_OK ||
        (rc = yaml_opt_string(node, "applies_to", &target->applies_to, loader->err)) != ERR_OK ||
        (rc = yaml_get_string(node, "source", &target->source, loader->err)) != ERR_OK)
        return rc;
    target->at_most = yaml_find(node, "at_most") != NULL;
    if (target->at_most == (yaml_find(node, "at_least") != NULL))
        return yaml_fail(node, loader->err, ERR_CATALOGUE_BAD_VALUE, "either at_most or at_least");
    rc = yaml_get_string(node, target->at_most ? "at_most" : "at_least", &target->value, loader->err);
    if (rc == ERR_OK &&
        decimal_parse(&value, target->value, strlen(target->value), FIXED_DIGITS) != DECIMAL_OK)
        rc = yaml_fail(node, loader->err, ERR_CATALOGUE_BAD_VALUE, "the target is a number");
    return rc;
}

/* target: one, or a list. */
static int read_targets(const struct loader *loader, const struct yaml_node *map,
                        struct catalogue_indicator *indicator)
{
    const struct yaml_node *node = yaml_find(map, "target");
    bool is_list = node != NULL && yaml_kind(node) == YAML_LIST;
    size_t num = is_list ? yaml_num(node) : 1;
    int rc;

    if (node == NULL)
        return ERR_OK;
    if (is_list && (rc = check_num(loader, node, CATALOGUE_MAX_TARGETS)) != ERR_OK)
        return rc;
    indicator->targets = calloc(num + 1, sizeof(*indicator->targets));
    if (indicator->targets == NULL)
        return no_memory(loader);
    for (; indicator->num_targets < num; indicator->num_targets++) {
        if ((rc = read_target(loader, is_list ? yaml_item(node, indicator->num_targets) : node,
                              &indicator->targets[indicator->num_targets])) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* How surely the definition is the official one. */
static int read_confidence(const struct loader *loader, const struct yaml_node *map, const char **out)
{
    static const char *const known[] = {"official", "transcription", "seed", "general"};
    const char *text = NULL;
    int rc = yaml_opt_string(map, "confidence", &text, loader->err);

    if (rc != ERR_OK || text == NULL)
        return rc;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i], text) == 0) {
            *out = known[i];
            return ERR_OK;
        }
    }
    return yaml_fail(yaml_find(map, "confidence"), loader->err, ERR_CATALOGUE_BAD_VALUE,
                     "official, transcription, seed or general");
}

/* Whether rows or persons are counted. */
static int read_count(const struct loader *loader, const struct yaml_node *map,
                      struct catalogue_indicator *indicator)
{
    int table = loader->catalogue->populations[indicator->population].table;
    const char *text = "row";
    int rc = yaml_opt_string(map, "count", &text, loader->err);

    if (rc != ERR_OK)
        return rc;
    indicator->is_by_person = strcmp(text, "person") == 0;
    if (!indicator->is_by_person && strcmp(text, "row") != 0)
        return yaml_fail(yaml_find(map, "count"), loader->err, ERR_CATALOGUE_BAD_VALUE, "row or person");
    if (indicator->is_by_person && schema_table(table)->person == SCHEMA_NONE)
        return yaml_fail(yaml_find(map, "count"), loader->err, ERR_CATALOGUE_BAD_VALUE,
                         "rows of %s do not say whose they are", schema_table(table)->name);
    return ERR_OK;
}

/* Population, strata, and what is counted. */
static int read_scope(const struct loader *loader, const struct yaml_node *map,
                      struct catalogue_indicator *indicator)
{
    const struct catalogue_population *populations = loader->catalogue->populations;
    int rc;

    if ((rc = find_population(loader, map, "population", &indicator->population)) != ERR_OK)
        return rc;
    indicator->denominator_population = indicator->population;
    if (yaml_find(map, "denominator_population") != NULL &&
        (rc = find_population(loader, map, "denominator_population", &indicator->denominator_population)) !=
            ERR_OK)
        return rc;
    if ((rc = find_strata(loader, map, populations[indicator->population].table, &indicator->strata)) !=
            ERR_OK ||
        (rc = find_strata(loader, map, populations[indicator->denominator_population].table,
                          &indicator->strata)) != ERR_OK)
        return rc;
    return read_count(loader, map, indicator);
}

/* The keys of all kinds, less the expressions that this kind does not have. */
static int check_keys(const struct loader *loader, const struct yaml_node *map, const struct kind *kind)
{
    const char *known[16 + CATALOGUE_EXPRS_MAX] = {"id",         "name",   "kind",       "enabled",
                                                   "population", "strata", "confidence", "unit",
                                                   "direction",  "target", "source"};
    size_t num = 11;

    for (size_t i = 0; i < CATALOGUE_EXPRS_MAX && kind->exprs[i] != NULL; i++)
        known[num++] = kind->exprs[i];
    if (kind->wire != KIND(FACT))
        known[num++] = "bounds";
    if (kind->wire == KIND(DISTRIBUTION))
        known[num++] = "bins";
    if (kind->wire == KIND(PROPORTION))
        known[num++] = "count";
    if (kind->wire == KIND(RATE)) {
        known[num++] = "denominator_population";
        known[num] = "per";
    }
    return yaml_no_other_keys(map, known, loader->err);
}

/* What a quotient is shown times: as the unit says, or as is written. */
static int read_per(const struct loader *loader, const struct yaml_node *map,
                    struct catalogue_indicator *indicator)
{
    bool is_share = strcmp(indicator->unit, "%") == 0 || strcmp(indicator->unit, "‰") == 0;

    indicator->per = strcmp(indicator->unit, "%") == 0 ? 100 : is_share ? 1000 : 1;
    if (is_share && yaml_find(map, "per") != NULL)
        return yaml_fail(yaml_find(map, "per"), loader->err, ERR_CATALOGUE_BAD_VALUE,
                         "the unit says it already");
    return yaml_opt_int(map, "per", &indicator->per, 1, 1000000, loader->err);
}

static int read_indicator(const struct loader *loader, const struct yaml_node *map,
                          struct catalogue_indicator *indicator)
{
    const struct kind *kind = NULL;
    int rc;

    if ((rc = yaml_as_map(map, loader->err)) != ERR_OK ||
        (rc = read_id(loader, map, "id", &indicator->id)) != ERR_OK ||
        (rc = read_name(loader, map, &indicator->name)) != ERR_OK ||
        (rc = read_kind(loader, map, &kind)) != ERR_OK || (rc = check_keys(loader, map, kind)) != ERR_OK ||
        (rc = read_scope(loader, map, indicator)) != ERR_OK)
        return rc;
    indicator->kind = kind->wire;
    indicator->is_enabled = true;
    if ((rc = read_exprs(loader, map, kind, indicator)) != ERR_OK ||
        (rc = set_scale(loader, map, indicator)) != ERR_OK ||
        (rc = read_bins(loader, map, indicator)) != ERR_OK ||
        (rc = read_bounds(loader, map, kind, indicator)) != ERR_OK ||
        (rc = yaml_get_string(map, "unit", &indicator->unit, loader->err)) != ERR_OK ||
        (rc = read_direction(loader, map, &indicator->direction)) != ERR_OK ||
        (rc = yaml_opt_bool(map, "enabled", &indicator->is_enabled, loader->err)) != ERR_OK ||
        (rc = read_per(loader, map, indicator)) != ERR_OK ||
        (rc = read_confidence(loader, map, &indicator->confidence)) != ERR_OK ||
        (rc = read_targets(loader, map, indicator)) != ERR_OK)
        return rc;
    return yaml_get_string(map, "source", &indicator->source, loader->err);
}

static int read_indicators(const struct loader *loader, const struct yaml_node *root)
{
    struct catalogue *catalogue = loader->catalogue;
    const struct yaml_node *list;
    int rc;

    if ((rc = yaml_get_list(root, "indicators", &list, loader->err)) != ERR_OK ||
        (rc = check_num(loader, list, CATALOGUE_MAX_INDICATORS)) != ERR_OK)
        return rc;
    if (yaml_num(list) == 0)
        return yaml_fail(list, loader->err, ERR_CATALOGUE_BAD_VALUE, "no indicator");
    catalogue->indicators = calloc(yaml_num(list), sizeof(*catalogue->indicators));
    if (catalogue->indicators == NULL)
        return no_memory(loader);
    for (size_t i = 0; i < yaml_num(list); i++) {
        struct catalogue_indicator *indicator = &catalogue->indicators[catalogue->num_indicators++];

        if ((rc = read_indicator(loader, yaml_item(list, i), indicator)) != ERR_OK)
            return rc;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(catalogue->indicators[j].id, indicator->id) == 0)
                return yaml_fail(yaml_item(list, i), loader->err, ERR_CATALOGUE_DUPLICATE_ID, "indicator %s",
                                 indicator->id);
        }
    }
    return ERR_OK;
}

/* ---- the file ---- */

static int read_zone(const struct loader *loader, const struct yaml_node *root)
{
    const char *text = NULL;
    int rc = yaml_opt_string(root, "zone", &text, loader->err);

    if (rc == ERR_OK && (rc = calendar_zone(&loader->catalogue->zone, text, NULL)) != ERR_OK)
        rc = yaml_fail(yaml_find(root, "zone"), loader->err, ERR_CATALOGUE_BAD_VALUE,
                       "Asia/Shanghai, UTC or an offset like +08:00");
    return rc;
}

static int read_root(const struct loader *loader)
{
    struct catalogue *catalogue = loader->catalogue;
    const struct yaml_node *root = yaml_root(catalogue->yaml);
    int64_t format;
    int rc;

    if ((rc = yaml_as_map(root, loader->err)) != ERR_OK ||
        (rc = yaml_get_int(root, "catalogue", &format, 0, INT32_MAX, loader->err)) != ERR_OK)
        return rc;
    if (format != CATALOGUE_FORMAT)
        return yaml_fail(yaml_find(root, "catalogue"), loader->err, ERR_CATALOGUE_VERSION,
                         "format %d, known: %d", (int)format, CATALOGUE_FORMAT);
    if ((rc = yaml_no_other_keys(root,
                                 YAML_KEYS("catalogue", "id", "version", "name", "zone", "sets",
                                           "populations", "strata", "indicators"),
                                 loader->err)) != ERR_OK ||
        (rc = read_id(loader, root, "id", &catalogue->id)) != ERR_OK ||
        (rc = read_id(loader, root, "version", &catalogue->version)) != ERR_OK ||
        (rc = read_name(loader, root, &catalogue->name)) != ERR_OK ||
        (rc = read_zone(loader, root)) != ERR_OK ||
        (rc = read_sets(catalogue, root, loader->err)) != ERR_OK ||
        (rc = read_populations(loader, root)) != ERR_OK || (rc = read_strata(loader, root)) != ERR_OK)
        return rc;
    return read_indicators(loader, root);
}

int catalogue_parse(struct catalogue **out, const char *name, const void *data, size_t data_len,
                    struct err *err)
{
    struct loader loader = {.err = err};
    char *raw = NULL;
    int rc;

    if (data_len > CATALOGUE_MAX_SIZE)
        return err_set(err, ERR_YAML_LIMIT, "catalogue of %zu bytes", data_len);
    loader.catalogue = calloc(1, sizeof(*loader.catalogue));
    raw = malloc(data_len + 1);
    if (loader.catalogue == NULL || raw == NULL) {
        rc = no_memory(&loader);
        goto done;
    }
    memcpy(raw, data, data_len);
    raw[data_len] = '\0';
    loader.raw = raw;
    if ((rc = yaml_load(&loader.catalogue->yaml, name, data, data_len, err)) != ERR_OK ||
        (rc = read_root(&loader)) != ERR_OK)
        goto done;
    digest(loader.catalogue->digest, data, data_len);
    *out = loader.catalogue;
    loader.catalogue = NULL;

done:
    catalogue_free(&loader.catalogue);
    free(raw);
    return rc;
}

int catalogue_load(struct catalogue **out, const char *path, struct err *err)
{
    uint8_t *data;
    size_t data_len;
    int rc;

    if ((rc = file_read(&data, &data_len, path, CATALOGUE_MAX_SIZE, err)) != ERR_OK)
        return rc;
    rc = catalogue_parse(out, path, data, data_len, err);
    free(data);
    return rc;
}

static void free_population(struct catalogue_population *population)
{
    expr_free(&population->where);
    for (size_t i = 0; i < population->num_rules; i++)
        expr_free(&population->rules[i].where);
    free(population->rules);
}

static void free_strata(struct catalogue_strata *strata)
{
    for (size_t i = 0; i < strata->num_values; i++)
        expr_free(&strata->values[i].where);
    free(strata->values);
}

void catalogue_free(struct catalogue **pointer)
{
    struct catalogue *catalogue = *pointer;

    if (catalogue == NULL)
        return;
    for (size_t i = 0; i < catalogue->num_populations; i++)
        free_population(&catalogue->populations[i]);
    for (size_t i = 0; i < catalogue->num_strata; i++)
        free_strata(&catalogue->strata[i]);
    for (size_t i = 0; i < catalogue->num_indicators; i++) {
        for (size_t j = 0; j < CATALOGUE_EXPRS_MAX; j++)
            expr_free(&catalogue->indicators[i].exprs[j]);
        free(catalogue->indicators[i].bin_lower);
        free(catalogue->indicators[i].targets);
    }
    for (size_t i = 0; i < catalogue->num_sets; i++)
        code_set_clear(&catalogue->sets[i]);
    free(catalogue->sets);
    free(catalogue->populations);
    free(catalogue->strata);
    free(catalogue->indicators);
    yaml_unload(&catalogue->yaml);
    free(catalogue);
    *pointer = NULL;
}
