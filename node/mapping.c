/* mapping.c - reads a mapping file and checks it against the schema, before any CSV is opened. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/suggest.h"
#include "node/mapping.h"

static int read_table(struct mapping *mapping, const struct yaml_node *root, struct err *err)
{
    const struct yaml_node *node;
    const char *name, *near;
    int rc;

    if ((rc = yaml_get(root, "table", &node, err)) != ERR_OK ||
        (rc = yaml_as_string(node, &name, err)) != ERR_OK)
        return rc;
    mapping->table = schema_find_table(name, strlen(name));
    if (mapping->table != SCHEMA_NONE)
        return ERR_OK;
    near = schema_nearest_table(name);
    return yaml_fail(node, err, ERR_IMPORT_MAPPING, "no table %.60s%s%s", name,
                     near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

static int read_repeated(struct mapping *mapping, const struct yaml_node *root, struct err *err)
{
    const char *rule = NULL;
    int rc;

    if ((rc = yaml_opt_string(root, "repeated", &rule, err)) != ERR_OK || rule == NULL)
        return rc;
    mapping->may_repeat = true;
    if (strcmp(rule, "first") == 0)
        return ERR_OK;
    return yaml_fail(yaml_find(root, "repeated"), err, ERR_IMPORT_MAPPING, "the only rule is first");
}

/* A list of texts. */
static int read_missing(const struct yaml_node *map, const struct yaml_node **missing, struct err *err)
{
    const char *text;
    int rc;

    if ((rc = yaml_opt_list(map, "missing", missing, err)) != ERR_OK || *missing == NULL)
        return rc;
    for (size_t i = 0; i < yaml_num(*missing); i++) {
        if ((rc = yaml_as_string(yaml_item(*missing, i), &text, err)) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* A code that the schema knows; any text for other columns. */
static int check_code(const struct schema_column *schema, const struct yaml_node *node, struct err *err)
{
    const char *text, *near;
    size_t num = 0;
    int rc;

    if ((rc = yaml_as_string(node, &text, err)) != ERR_OK || schema->type != VALUE_CODE ||
        schema->codes == NULL)
        return rc;
    for (; schema->codes[num] != NULL; num++) {
        if (strcmp(schema->codes[num], text) == 0)
            return ERR_OK;
    }
    near = suggest_nearest(text, schema->codes, num);
    return yaml_fail(node, err, ERR_IMPORT_MAPPING, "column %s has no code %.60s%s%s", schema->name, text,
                     near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

static int read_values(const struct schema_column *schema, const struct yaml_node *map, const char *key,
                       const struct yaml_node **values, struct err *err)
{
    int rc;

    if ((rc = yaml_opt_map(map, key, values, err)) != ERR_OK || *values == NULL)
        return rc;
    for (size_t i = 0; i < yaml_num(*values); i++) {
        if ((rc = check_code(schema, yaml_item(*values, i), err)) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static int read_from(struct mapping_column *column, const struct schema_column *schema,
                     const struct yaml_node *map, struct err *err)
{
    int rc;

    column->form = MAPPING_FROM;
    column->num_headers = 1;
    if ((rc = yaml_no_other_keys(map, YAML_KEYS("from", "missing", "values", "replace"), err)) != ERR_OK ||
        (rc = yaml_get_string(map, "from", &column->headers[0], err)) != ERR_OK ||
        (rc = read_values(schema, map, "values", &column->values, err)) != ERR_OK)
        return rc;
    return read_values(schema, map, "replace", &column->replace, err);
}

static int read_constant(struct mapping_column *column, const struct schema_column *schema,
                         const struct yaml_node *map, struct err *err)
{
    int rc;

    column->form = MAPPING_CONSTANT;
    if ((rc = yaml_no_other_keys(map, YAML_KEYS("constant", "missing"), err)) != ERR_OK ||
        (rc = check_code(schema, yaml_find(map, "constant"), err)) != ERR_OK)
        return rc;
    return yaml_get_string(map, "constant", &column->constant, err);
}

static int read_difference(struct mapping_column *column, const struct schema_column *schema,
                           const struct yaml_node *map, struct err *err)
{
    const struct yaml_node *list;
    int rc;

    column->form = MAPPING_DIFFERENCE;
    column->num_headers = 2;
    if ((rc = yaml_no_other_keys(map, YAML_KEYS("difference", "missing"), err)) != ERR_OK ||
        (rc = yaml_get_list(map, "difference", &list, err)) != ERR_OK)
        return rc;
    if (schema->type != VALUE_INT || yaml_num(list) != 2)
        return yaml_fail(list, err, ERR_IMPORT_MAPPING, "a difference is of two columns, and an integer");
    if ((rc = yaml_as_string(yaml_item(list, 0), &column->headers[0], err)) != ERR_OK)
        return rc;
    return yaml_as_string(yaml_item(list, 1), &column->headers[1], err);
}

static int read_clock(struct mapping_column *column, const struct schema_column *schema,
                      const struct yaml_node *map, struct err *err)
{
    const char *date;
    char rest;
    int rc;

    column->form = MAPPING_CLOCK;
    column->num_headers = 2;
    if ((rc = yaml_no_other_keys(map, YAML_KEYS("year", "clock", "date", "missing"), err)) != ERR_OK ||
        (rc = yaml_get_string(map, "year", &column->headers[0], err)) != ERR_OK ||
        (rc = yaml_get_string(map, "clock", &column->headers[1], err)) != ERR_OK ||
        (rc = yaml_get_string(map, "date", &date, err)) != ERR_OK)
        return rc;
    if (schema->type != VALUE_TIME || strlen(date) != 5 ||
        sscanf(date, "%2d-%2d%c", &column->month, &column->day, &rest) != 2 || column->month < 1 ||
        column->month > 12 || column->day < 1 || column->day > calendar_days_in_month(2001, column->month))
        return yaml_fail(map, err, ERR_IMPORT_MAPPING, "year, clock and a date mm-dd make a time");
    return ERR_OK;
}

static int read_column(const struct yaml_node *map, struct mapping_column *column,
                       const struct schema_column *schema, const struct yaml_node *missing, struct err *err)
{
    int rc;

    column->missing = missing;
    if ((rc = yaml_as_map(map, err)) != ERR_OK || (rc = read_missing(map, &column->missing, err)) != ERR_OK)
        return rc;
    if (yaml_find(map, "from") != NULL)
        return read_from(column, schema, map, err);
    if (yaml_find(map, "constant") != NULL)
        return read_constant(column, schema, map, err);
    if (yaml_find(map, "difference") != NULL)
        return read_difference(column, schema, map, err);
    if (yaml_find(map, "clock") != NULL)
        return read_clock(column, schema, map, err);
    return yaml_fail(map, err, ERR_IMPORT_MAPPING, "from, constant, difference or clock is needed");
}

static int check_required(const struct mapping *mapping, const struct yaml_node *columns, struct err *err)
{
    const struct schema_table *schema = schema_table(mapping->table);

    for (int i = 0; i < schema->num_columns; i++) {
        if (schema->columns[i].required && mapping->columns[i].form == MAPPING_ABSENT)
            return yaml_fail(columns, err, ERR_IMPORT_MAPPING, "column %s is required",
                             schema->columns[i].name);
    }
    return ERR_OK;
}

static int read_columns(struct mapping *mapping, const struct yaml_node *root, struct err *err)
{
    const struct schema_table *schema = schema_table(mapping->table);
    const struct yaml_node *columns, *missing = NULL;
    int rc;

    if ((rc = read_missing(root, &missing, err)) != ERR_OK ||
        (rc = yaml_get_map(root, "columns", &columns, err)) != ERR_OK)
        return rc;
    mapping->columns = calloc((size_t)schema->num_columns, sizeof(*mapping->columns));
    if (mapping->columns == NULL)
        return err_set(err, ERR_NO_MEMORY, "mapping");
    for (size_t i = 0; i < yaml_num(columns); i++) {
        const char *name = yaml_key(columns, i);
        int index = schema_find_column(mapping->table, name, strlen(name));
        const char *near = schema_nearest_column(mapping->table, name);

        if (index == SCHEMA_NONE)
            return yaml_fail(yaml_item(columns, i), err, ERR_IMPORT_MAPPING,
                             "table %s has no column %.60s%s%s", schema->name, name,
                             near != NULL ? "; nearest: " : "", near != NULL ? near : "");
        if ((rc = read_column(yaml_item(columns, i), &mapping->columns[index], &schema->columns[index],
                              missing, err)) != ERR_OK)
            return rc;
    }
    return check_required(mapping, columns, err);
}

static int read_root(struct mapping *mapping, struct err *err)
{
    const struct yaml_node *root = yaml_root(mapping->yaml);
    const char *zone = NULL;
    int64_t format;
    int rc;

    if ((rc = yaml_as_map(root, err)) != ERR_OK ||
        (rc = yaml_get_int(root, "mapping", &format, MAPPING_FORMAT, MAPPING_FORMAT, err)) != ERR_OK ||
        (rc = yaml_no_other_keys(
             root, YAML_KEYS("mapping", "table", "repeated", "missing", "zone", "columns"), err)) != ERR_OK ||
        (rc = read_table(mapping, root, err)) != ERR_OK ||
        (rc = read_repeated(mapping, root, err)) != ERR_OK ||
        (rc = yaml_opt_string(root, "zone", &zone, err)) != ERR_OK)
        return rc;
    if (calendar_zone(&mapping->zone, zone, NULL) != ERR_OK)
        return yaml_fail(yaml_find(root, "zone"), err, ERR_BAD_TIME, "not Asia/Shanghai, UTC or +hh:mm");
    return read_columns(mapping, root, err);
}

int mapping_parse(struct mapping **out, const char *name, const void *data, size_t data_len, struct err *err)
{
    struct mapping *mapping = calloc(1, sizeof(*mapping));
    int rc;

    if (mapping == NULL)
        return err_set(err, ERR_NO_MEMORY, "mapping");
    if ((rc = yaml_load(&mapping->yaml, name, data, data_len, err)) != ERR_OK ||
        (rc = read_root(mapping, err)) != ERR_OK) {
        mapping_free(&mapping);
        return rc;
    }
    *out = mapping;
    return ERR_OK;
}

int mapping_load(struct mapping **out, const char *path, struct err *err)
{
    uint8_t *data;
    size_t data_len;
    int rc;

    if ((rc = file_read(&data, &data_len, path, YAML_MAX_SIZE, err)) != ERR_OK)
        return rc;
    rc = mapping_parse(out, path, data, data_len, err);
    free(data);
    return rc;
}

void mapping_free(struct mapping **mapping)
{
    if (*mapping == NULL)
        return;
    free((*mapping)->columns);
    yaml_unload(&(*mapping)->yaml);
    free(*mapping);
    *mapping = NULL;
}
