/* expr_match.c - types and units on both sides of an operator. */
#include <string.h>

#include "base/suggest.h"
#include "catalogue/expr_match.h"

/* A whole literal beside a decimal becomes decimal. */
static int widen(struct parser *p, struct expr_node *literal, enum value_type type, size_t offset)
{
    if (literal->op != EXPR_NUMBER || literal->type != VALUE_INT || type != VALUE_FIXED)
        return ERR_OK;
    if (literal->number > VALUE_LIMIT / FIXED_SCALE || literal->number < -VALUE_LIMIT / FIXED_SCALE)
        return expr_fail(p->source, offset, p->err, ERR_EXPR_LIMIT, "number too large");
    literal->number *= FIXED_SCALE;
    literal->type = VALUE_FIXED;
    return ERR_OK;
}

/* A duration beside times is in milliseconds as they are. */
int expr_scale_duration(struct parser *p, struct expr_node *literal, bool beside_times, size_t offset)
{
    static const int64_t ms = 60000;

    if (!beside_times || literal->op != EXPR_NUMBER || literal->unit != UNIT_MINUTE)
        return ERR_OK;
    if (literal->number > VALUE_LIMIT / ms || literal->number < -VALUE_LIMIT / ms)
        return expr_fail(p->source, offset, p->err, ERR_EXPR_LIMIT, "number too large");
    literal->number *= ms;
    literal->unit = UNIT_MS;
    return ERR_OK;
}

static bool fits_unit(const struct expr_node *a, const struct expr_node *b)
{
    if (a->unit == b->unit)
        return true;
    if (b->op == EXPR_NUMBER && b->unit == UNIT_NONE)
        return a->unit == UNIT_YEAR || a->unit == UNIT_DAY || b->number == 0;
    return false;
}

static const char *unit_advice(const struct expr_node *a, const struct expr_node *b)
{
    if (a->unit == UNIT_DAY || b->unit == UNIT_DAY)
        return "; days of the calendar are compared with bare numbers";
    if ((a->unit == UNIT_MS && b->unit == UNIT_MINUTE) || (a->unit == UNIT_MINUTE && b->unit == UNIT_MS))
        return "; write minutes(...) around the difference of times";
    if (a->unit == UNIT_MINUTE || b->unit == UNIT_MINUTE || a->unit == UNIT_MS || b->unit == UNIT_MS)
        return "; write durations as 30min, 24h or 7d";
    return "";
}

/* Numbers on both sides, of one type and unit. */
int expr_match_numbers(struct parser *p, struct expr_node *a, struct expr_node *b, size_t offset)
{
    int rc;

    if ((rc = widen(p, a, b->type, offset)) != ERR_OK || (rc = widen(p, b, a->type, offset)) != ERR_OK ||
        (rc = expr_scale_duration(p, a, b->unit == UNIT_MS, offset)) != ERR_OK ||
        (rc = expr_scale_duration(p, b, a->unit == UNIT_MS, offset)) != ERR_OK)
        return rc;
    if (a->type != b->type)
        return expr_fail(p->source, offset, p->err, ERR_EXPR_TYPE, "%s and %s do not fit each other",
                         schema_type_text(a->type), schema_type_text(b->type));
    if (!fits_unit(a, b) && !fits_unit(b, a))
        return expr_fail(p->source, offset, p->err, ERR_EXPR_TYPE, "units do not fit each other%s",
                         unit_advice(a, b));
    return ERR_OK;
}

/* The column holds codes in upper case. */
static void raise_case(struct parser *p, const struct expr_node *literal)
{
    char *text = p->expr->strings + (literal->string - p->expr->strings);

    for (; *text != '\0'; text++) {
        if (*text >= 'a' && *text <= 'z')
            *text = (char)(*text - 'a' + 'A');
    }
}

/* `literal` is a string: the other side must be a column that holds such, and know a closed code. */
static int match_string(struct parser *p, const struct expr_node *column, const struct expr_node *literal,
                        size_t offset)
{
    const struct schema_column *schema;
    const char *near;
    size_t num = 0;

    if (column->op != EXPR_COLUMN ||
        (column->type != VALUE_CODE && column->type != VALUE_TEXT && column->type != VALUE_ID))
        return expr_fail(p->source, offset, p->err, ERR_EXPR_TYPE,
                         "text is compared with a column of codes, text or ids on its left");
    schema = &schema_table(column->source)->columns[column->column];
    if (schema->pseudonym)
        return expr_fail(p->source, offset, p->err, ERR_EXPR_TYPE, "%s is stored as a pseudonym",
                         schema->name);
    if (schema->upper)
        raise_case(p, literal);
    if (schema->codes == NULL)
        return ERR_OK;
    for (; schema->codes[num] != NULL; num++) {
        if (strcmp(schema->codes[num], literal->string) == 0)
            return ERR_OK;
    }
    near = suggest_nearest(literal->string, schema->codes, num);
    return expr_fail(p->source, offset, p->err, ERR_EXPR_UNKNOWN_NAME, "column %s has no code %.60s%s%s",
                     schema->name, literal->string, near != NULL ? "; nearest: " : "",
                     near != NULL ? near : "");
}

static bool has_strings(const struct expr_node *node)
{
    return node->type == VALUE_CODE || node->type == VALUE_TEXT || node->type == VALUE_ID;
}

int expr_match(struct parser *p, enum expr_op op, struct expr_node *a, struct expr_node *b, size_t offset)
{
    bool order = op != EXPR_EQ && op != EXPR_NE && op != EXPR_IN;

    if (has_strings(a) || has_strings(b)) {
        if (order)
            return expr_fail(p->source, offset, p->err, ERR_EXPR_TYPE, "codes and texts have no order");
        if (b->op != EXPR_STRING)
            return expr_fail(p->source, offset, p->err, ERR_EXPR_TYPE,
                             "a text in quotes is expected on the right");
        return match_string(p, a, b, offset);
    }
    if (order && (a->type == VALUE_BOOL || b->type == VALUE_BOOL))
        return expr_fail(p->source, offset, p->err, ERR_EXPR_TYPE, "conditions have no order");
    return expr_match_numbers(p, a, b, offset);
}
