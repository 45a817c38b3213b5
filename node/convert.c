/* convert.c - missing values, value maps, then the type that the schema asks for. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "catalogue/decimal.h"
#include "crypto/keys.h"
#include "node/convert.h"

/* What is at hand while one cell is made. */
struct context {
    const struct csv_row *row;
    const size_t *indices;
    const struct mapping_column *column;
    const struct schema_column *schema;
    const struct calendar_zone *zone;
    char *text; /* CONVERT_TEXT_SIZE, for what the cell does not hold as it is */
    struct err *err;
};

void convert_pseudonym(char out[PSEUDONYM_SIZE], const uint8_t key[PSEUDONYM_KEY_SIZE], const char *text,
                       size_t len)
{
    static const char salt[] = "weft pseudonym v1";
    uint8_t hash[(PSEUDONYM_SIZE - 1) / 2];

    derive(hash, sizeof(hash), key, PSEUDONYM_KEY_SIZE, salt, sizeof(salt) - 1, text, len);
    (void)hex_encode(out, hash, sizeof(hash));
}

static int fail(const struct context *context, size_t source, int code, const char *detail)
{
    (void)err_set(context->err, code, "%s", detail);
    if (context->column->num_headers > source) {
        const struct csv_cell *cell = &context->row->cells[context->indices[source]];

        (void)err_at(context->err, "", cell->line, cell->column);
        (void)err_field(context->err, context->column->headers[source]);
    }
    return code;
}

static const struct csv_cell *source_cell(const struct context *context, size_t source)
{
    return &context->row->cells[context->indices[source]];
}

static bool is_missing(const struct context *context, const struct csv_cell *cell)
{
    const struct yaml_node *list = context->column->missing;
    const char *text;

    if (list == NULL)
        return cell->len == 0;
    for (size_t i = 0; i < yaml_num(list); i++) {
        if (yaml_as_string(yaml_item(list, i), &text, NULL) == ERR_OK && strcmp(text, cell->text) == 0)
            return true;
    }
    return false;
}

/* ---- types ---- */

/* Spreadsheets turn long numbers into 4.2E+17. */
static bool is_scientific(const char *text, size_t len)
{
    int64_t value;

    return (memchr(text, 'E', len) != NULL || memchr(text, 'e', len) != NULL) &&
           memchr(text, '+', len) != NULL &&
           decimal_parse(&value, text, len, -CONVERT_MAX_ID) != DECIMAL_SYNTAX;
}

static int convert_text(const struct context *context, struct table_cell *cell, const char *text, size_t len)
{
    if (context->schema->type != VALUE_TEXT && len > CONVERT_MAX_ID)
        return fail(context, 0, ERR_IMPORT_BAD_VALUE, "too long");
    if (context->schema->type == VALUE_ID && is_scientific(text, len))
        return fail(context, 0, ERR_IMPORT_BAD_VALUE,
                    "a number like 4.2E+17: a spreadsheet has destroyed the id; export it as text");
    cell->text = text;
    cell->text_len = len;
    return ERR_OK;
}

/* The code itself, or the value of the national interface for it. */
static int convert_closed(const struct context *context, struct table_cell *cell, const char *text)
{
    const struct schema_column *schema = context->schema;

    for (size_t i = 0; schema->codes[i] != NULL; i++) {
        if (strcmp(schema->codes[i], text) == 0 ||
            (schema->hqms != NULL && strcmp(schema->hqms[i], text) == 0)) {
            cell->text = schema->codes[i];
            cell->text_len = strlen(cell->text);
            return ERR_OK;
        }
    }
    return fail(context, 0, ERR_IMPORT_UNMAPPED_VALUE, "not one of the column's codes");
}

static int convert_code(const struct context *context, struct table_cell *cell, const char *text, size_t len)
{
    int rc;

    if (context->schema->codes != NULL)
        return convert_closed(context, cell, text);
    if ((rc = convert_text(context, cell, text, len)) != ERR_OK || !context->schema->upper)
        return rc;
    for (size_t i = 0; i < len; i++)
        context->text[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    cell->text = context->text;
    return ERR_OK;
}

static int convert_number(const struct context *context, struct table_cell *cell, const char *text,
                          size_t len)
{
    bool is_int = context->schema->type == VALUE_INT;
    enum decimal_result result = is_int ? decimal_parse_int(&cell->number, text, len)
                                        : decimal_parse(&cell->number, text, len, FIXED_DIGITS);

    if (result == DECIMAL_SYNTAX)
        return fail(context, 0, ERR_IMPORT_BAD_VALUE,
                    is_int ? "a whole number is expected" : "a number is expected");
    if (result == DECIMAL_RANGE)
        return fail(context, 0, ERR_IMPORT_OUT_OF_RANGE, "too large");
    return ERR_OK;
}

static int convert_bool(const struct context *context, struct table_cell *cell, const char *text)
{
    cell->number = strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0;
    if (cell->number == 0 && strcmp(text, "0") != 0 && strcasecmp(text, "false") != 0)
        return fail(context, 0, ERR_IMPORT_BAD_VALUE, "1, 0, true or false is expected");
    return ERR_OK;
}

static int convert_time(const struct context *context, struct table_cell *cell, const char *text)
{
    if (calendar_parse(&cell->number, text, context->zone, NULL) != ERR_OK)
        return fail(context, 0, ERR_IMPORT_BAD_VALUE, "a time like 2014-07-01 08:30 is expected");
    return ERR_OK;
}

static int convert_typed(const struct context *context, struct table_cell *cell, const char *text, size_t len)
{
    switch (context->schema->type) {
    case VALUE_CODE:
        return convert_code(context, cell, text, len);
    case VALUE_INT:
    case VALUE_FIXED:
        return convert_number(context, cell, text, len);
    case VALUE_BOOL:
        return convert_bool(context, cell, text);
    case VALUE_TIME:
        return convert_time(context, cell, text);
    default:
        return convert_text(context, cell, text, len);
    }
}

/* ---- forms ---- */

/* The text that `map` has for the cell's, or NULL. */
static const char *mapped(const struct yaml_node *map, const char *text)
{
    const struct yaml_node *node = yaml_find(map, text);
    const char *value = NULL;

    if (node == NULL || yaml_as_string(node, &value, NULL) != ERR_OK)
        return NULL;
    return value;
}

static int convert_from(const struct context *context, struct table_cell *cell)
{
    const struct csv_cell *source = source_cell(context, 0);
    const char *text = source->text, *other;

    if (is_missing(context, source)) {
        cell->is_null = true;
        return ERR_OK;
    }
    if (context->column->replace != NULL && (other = mapped(context->column->replace, text)) != NULL)
        text = other;
    if (context->column->values != NULL) {
        text = mapped(context->column->values, text);
        if (text == NULL)
            return fail(context, 0, ERR_IMPORT_UNMAPPED_VALUE, "not among the values of the mapping");
    }
    return convert_typed(context, cell, text, text == source->text ? source->len : strlen(text));
}

static int convert_difference(const struct context *context, struct table_cell *cell)
{
    int64_t values[2];

    for (size_t i = 0; i < 2; i++) {
        const struct csv_cell *source = source_cell(context, i);

        cell->is_null = cell->is_null || is_missing(context, source);
        if (!is_missing(context, source) &&
            decimal_parse_int(&values[i], source->text, source->len) != DECIMAL_OK)
            return fail(context, i, ERR_IMPORT_BAD_VALUE, "a whole number is expected");
    }
    if (!cell->is_null)
        cell->number = values[0] - values[1];
    return ERR_OK;
}

static int convert_clock(const struct context *context, struct table_cell *cell)
{
    const struct csv_cell *year = source_cell(context, 0), *clock = source_cell(context, 1);
    struct calendar_time time = {.month = context->column->month, .day = context->column->day};
    int64_t number;
    char rest;

    cell->is_null = is_missing(context, year) || is_missing(context, clock);
    if (cell->is_null)
        return ERR_OK;
    if (decimal_parse_int(&number, year->text, year->len) != DECIMAL_OK || number < 1 || number > 9999)
        return fail(context, 0, ERR_IMPORT_BAD_VALUE, "a year is expected");
    time.year = (int)number;
    if (clock->len != 8 ||
        sscanf(clock->text, "%2d:%2d:%2d%c", &time.hour, &time.minute, &time.second, &rest) != 3 ||
        !calendar_is_valid(&time))
        return fail(context, 1, ERR_IMPORT_BAD_VALUE, "a time of day like 19:20:00 is expected");
    cell->number = calendar_to_ms(&time, context->zone);
    return ERR_OK;
}

static int convert_form(const struct context *context, struct table_cell *cell)
{
    const char *constant = context->column->constant;

    switch (context->column->form) {
    case MAPPING_FROM:
        return convert_from(context, cell);
    case MAPPING_CONSTANT:
        return convert_typed(context, cell, constant, strlen(constant));
    case MAPPING_DIFFERENCE:
        return convert_difference(context, cell);
    case MAPPING_CLOCK:
        return convert_clock(context, cell);
    default:
        cell->is_null = true;
        return ERR_OK;
    }
}

static int check(const struct context *context, const struct table_cell *cell)
{
    const struct schema_column *schema = context->schema;

    if (cell->is_null && schema->required)
        return fail(context, 0, ERR_IMPORT_MISSING_VALUE, schema->name);
    if (!cell->is_null && (schema->type == VALUE_INT || schema->type == VALUE_FIXED) &&
        (cell->number < schema->min || cell->number > schema->max))
        return fail(context, 0, ERR_IMPORT_OUT_OF_RANGE, schema->name);
    return ERR_OK;
}

int convert_cell(struct table_cell *cell, char text[CONVERT_TEXT_SIZE], const struct csv_row *row,
                 const size_t indices[MAPPING_SOURCES], const struct mapping_column *column,
                 const struct schema_column *schema, const struct calendar_zone *zone,
                 const uint8_t key[PSEUDONYM_KEY_SIZE], struct err *err)
{
    struct context context = {row, indices, column, schema, zone, text, err};
    int rc;

    *cell = (struct table_cell){0};
    if ((rc = convert_form(&context, cell)) != ERR_OK || (rc = check(&context, cell)) != ERR_OK)
        return rc;
    if (schema->pseudonym && !cell->is_null) {
        convert_pseudonym(text, key, cell->text, cell->text_len);
        cell->text = text;
        cell->text_len = PSEUDONYM_SIZE - 1;
    }
    return ERR_OK;
}
