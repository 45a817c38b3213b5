/* expr.c - recursive-descent parser of expressions; every node is checked the moment that it is made. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "catalogue/decimal.h"
#include "catalogue/expr_match.h"

#define NAME_SIZE 65  /* of names in messages, with NUL */
#define SETS_MAX  256 /* that a suggestion looks at */

static int parse_or(struct parser *p, struct expr_node **out);

static int fail(struct parser *p, size_t offset, int code, const char *format, ...) WEFT_PRINTF(4, 5);
static int fail(struct parser *p, size_t offset, int code, const char *format, ...)
{
    char detail[256];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    return expr_fail(p->source, offset, p->err, code, "%s", detail);
}

static int advance(struct parser *p)
{
    return expr_lex(&p->token, &p->next, p->source, p->next, p->err);
}

static bool at(const struct parser *p, enum token_kind kind, const char *text)
{
    return p->token.kind == kind && p->token.len == strlen(text) &&
           memcmp(p->token.text, text, p->token.len) == 0;
}

static bool at_word(const struct parser *p, const char *word)
{
    return at(p, TOKEN_NAME, word);
}

static bool at_symbol(const struct parser *p, const char *symbol)
{
    return at(p, TOKEN_SYMBOL, symbol);
}

static int expect(struct parser *p, enum token_kind kind, const char *text)
{
    if (!at(p, kind, text))
        return fail(p, p->token.offset, ERR_EXPR_SYNTAX, "%s is expected here", text);
    return advance(p);
}

static const char *token_name(const struct token *token, char out[NAME_SIZE])
{
    snprintf(out, NAME_SIZE, "%.*s", (int)(token->len < NAME_SIZE ? token->len : NAME_SIZE - 1), token->text);
    return out;
}

static int new_node(struct parser *p, struct expr_node **out, enum expr_op op, enum value_type type,
                    size_t offset)
{
    struct expr_node *node = NULL;

    if (p->expr->num_nodes == p->max_nodes)
        return fail(p, offset, ERR_EXPR_LIMIT, "more than %d parts", EXPR_MAX_NODES);
    node = &p->expr->nodes[p->expr->num_nodes++];
    *node = (struct expr_node){.op = op,
                               .type = type,
                               .table = p->table,
                               .source = SCHEMA_NONE,
                               .column = SCHEMA_NONE,
                               .target = SCHEMA_NONE};
    expr_place(p->source, offset, &node->line, &node->column_at);
    *out = node;
    return ERR_OK;
}

/* Keep a copy of the token; all strings together are shorter than the text, whose quotes make room for NULs.
 */
static const char *keep(struct parser *p, const struct token *token)
{
    char *copy = p->expr->strings + p->expr->strings_len;

    memcpy(copy, token->text, token->len);
    copy[token->len] = '\0';
    p->expr->strings_len += token->len + 1;
    return copy;
}

/* ---- literals ---- */

static int parse_unit(struct parser *p, struct expr_node *node)
{
    static const struct {
        const char *name;
        int64_t minutes;
    } units[] = {{"min", 1}, {"h", 60}, {"d", 1440}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!at_word(p, units[i].name))
            continue;
        if (node->type != VALUE_INT)
            return fail(p, p->token.offset, ERR_EXPR_TYPE, "durations are whole numbers");
        if (node->number > VALUE_LIMIT / units[i].minutes || node->number < -VALUE_LIMIT / units[i].minutes)
            return fail(p, p->token.offset, ERR_EXPR_LIMIT, "number too large");
        node->number *= units[i].minutes;
        node->unit = UNIT_MINUTE;
        return advance(p);
    }
    return ERR_OK;
}

static int parse_number(struct parser *p, struct expr_node **out, bool negative)
{
    const struct token token = p->token;
    bool whole = memchr(token.text, '.', token.len) == NULL && memchr(token.text, 'e', token.len) == NULL &&
                 memchr(token.text, 'E', token.len) == NULL;
    struct expr_node *node = NULL;
    int rc;

    if ((rc = new_node(p, &node, EXPR_NUMBER, whole ? VALUE_INT : VALUE_FIXED, token.offset)) != ERR_OK)
        return rc;
    if (decimal_parse(&node->number, token.text, token.len, whole ? 0 : FIXED_DIGITS) != DECIMAL_OK)
        return fail(p, token.offset, ERR_EXPR_LIMIT, "number too large");
    if (negative)
        node->number = -node->number;
    *out = node;
    if ((rc = advance(p)) != ERR_OK)
        return rc;
    return parse_unit(p, node);
}

static int parse_string(struct parser *p, struct expr_node **out)
{
    int rc = new_node(p, out, EXPR_STRING, VALUE_TEXT, p->token.offset);

    if (rc != ERR_OK)
        return rc;
    (*out)->string = keep(p, &p->token);
    return advance(p);
}

static int parse_truth(struct parser *p, struct expr_node **out)
{
    int rc = new_node(p, out, EXPR_NUMBER, VALUE_BOOL, p->token.offset);

    if (rc != ERR_OK)
        return rc;
    (*out)->number = at_word(p, "true");
    return advance(p);
}

/* ---- names ---- */

static int unknown_table(struct parser *p, const struct token *token)
{
    char name[NAME_SIZE];
    const char *near = schema_nearest_table(token_name(token, name));

    return fail(p, token->offset, ERR_EXPR_UNKNOWN_NAME, "no table %s%s%s", name,
                near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

static int find_column(struct parser *p, int table, const struct token *token, int *column)
{
    char name[NAME_SIZE];
    const char *near;

    *column = schema_find_column(table, token->text, token->len);
    if (*column != SCHEMA_NONE)
        return ERR_OK;
    near = schema_nearest_column(table, token_name(token, name));
    return fail(p, token->offset, ERR_EXPR_UNKNOWN_NAME, "table %s has no column %s%s%s",
                schema_table(table)->name, name, near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

static int name_expected(struct parser *p)
{
    if (p->token.kind == TOKEN_NAME)
        return ERR_OK;
    return fail(p, p->token.offset, ERR_EXPR_SYNTAX, "a name is expected here");
}

static bool is_name(const struct token *token, const char *name)
{
    return token->len == strlen(name) && memcmp(token->text, name, token->len) == 0;
}

/* The table of a qualified column: an ancestor, or that of the row at hand around the aggregate. */
static int find_source(struct parser *p, const struct token *token, int *source)
{
    if (is_name(token, "outer")) {
        if (p->outer == SCHEMA_NONE)
            return fail(p, token->offset, ERR_EXPR_TYPE,
                        "outer is for conditions of exists, count, ... only");
        p->uses_outer = true;
        *source = p->outer;
        return ERR_OK;
    }
    *source = schema_find_table(token->text, token->len);
    if (*source == SCHEMA_NONE)
        return unknown_table(p, token);
    if (!schema_is_ancestor(*source, p->table))
        return fail(p, token->offset, ERR_EXPR_TYPE, "%s is no ancestor of %s: use exists, count, min or max",
                    schema_table(*source)->name, schema_table(p->table)->name);
    return ERR_OK;
}

/* column | ancestor "." column | "outer" "." column */
static int parse_column(struct parser *p, struct expr_node **out)
{
    struct token token = p->token;
    int source = p->table, column = SCHEMA_NONE;
    bool is_outer = false;
    int rc;

    if ((rc = name_expected(p)) != ERR_OK || (rc = advance(p)) != ERR_OK)
        return rc;
    if (at_symbol(p, ".")) {
        is_outer = is_name(&token, "outer");
        if ((rc = find_source(p, &token, &source)) != ERR_OK || (rc = advance(p)) != ERR_OK ||
            (rc = name_expected(p)) != ERR_OK)
            return rc;
        token = p->token;
        if ((rc = advance(p)) != ERR_OK)
            return rc;
    }
    if ((rc = find_column(p, source, &token, &column)) != ERR_OK ||
        (rc = new_node(p, out, EXPR_COLUMN, schema_table(source)->columns[column].type, token.offset)) !=
            ERR_OK)
        return rc;
    (*out)->source = source;
    (*out)->column = column;
    (*out)->is_outer = is_outer;
    (*out)->unit = schema_table(source)->columns[column].unit;
    return ERR_OK;
}

static int require_bool(struct parser *p, const struct expr_node *node, size_t offset)
{
    if (node->type == VALUE_BOOL)
        return ERR_OK;
    return fail(p, offset, ERR_EXPR_TYPE, "a condition is expected here, this is of type %s",
                schema_type_text(node->type));
}

/* ---- functions ---- */

static int parse_contains(struct parser *p, struct expr_node **out)
{
    size_t offset = p->token.offset, argument;
    struct expr_node *column;
    int rc;

    if ((rc = advance(p)) != ERR_OK || (rc = expect(p, TOKEN_SYMBOL, "(")) != ERR_OK)
        return rc;
    argument = p->token.offset;
    if ((rc = parse_column(p, &column)) != ERR_OK)
        return rc;
    if (column->type != VALUE_TEXT && column->type != VALUE_CODE)
        return fail(p, argument, ERR_EXPR_TYPE, "contains() searches text, this column is of type %s",
                    schema_type_text(column->type));
    if (schema_table(column->source)->columns[column->column].upper)
        return fail(p, argument, ERR_EXPR_TYPE, "codes like these begin alike: use in with a set of codes");
    if ((rc = expect(p, TOKEN_SYMBOL, ",")) != ERR_OK)
        return rc;
    if (p->token.kind != TOKEN_STRING || p->token.len == 0)
        return fail(p, p->token.offset, ERR_EXPR_SYNTAX, "the text to search for is expected here");
    if ((rc = new_node(p, out, EXPR_CONTAINS, VALUE_BOOL, offset)) != ERR_OK)
        return rc;
    (*out)->left = column;
    (*out)->string = keep(p, &p->token);
    if ((rc = advance(p)) != ERR_OK)
        return rc;
    return expect(p, TOKEN_SYMBOL, ")");
}

/* For whose rows an aggregate over node->source is computed: the nearest of the table at hand and its ancestors
 * that it descends from; or the rows of the same person. */
static int find_target(struct parser *p, struct expr_node *node)
{
    int target = p->table;

    while (target != SCHEMA_NONE && (target == node->source || !schema_is_ancestor(target, node->source)))
        target = schema_table(target)->parent;
    node->target = target;
    if (target != SCHEMA_NONE)
        return ERR_OK;
    node->is_by_person = node->source == p->table && schema_table(p->table)->person != SCHEMA_NONE;
    node->target = p->table;
    if (node->is_by_person)
        return ERR_OK;
    return fail(p, p->token.offset, ERR_EXPR_TYPE, "rows of %s do not belong to rows of %s",
                schema_table(node->source)->name, schema_table(p->table)->name);
}

static int parse_where(struct parser *p, struct expr_node *node)
{
    const struct parser around = *p;
    struct expr_node *condition;
    size_t offset;
    int rc;

    if (!at_word(p, "where"))
        return ERR_OK;
    if ((rc = advance(p)) != ERR_OK)
        return rc;
    offset = p->token.offset;
    p->outer = around.table;
    p->table = node->source;
    p->uses_outer = false;
    rc = parse_or(p, &condition);
    node->is_correlated = p->uses_outer;
    p->table = around.table;
    p->outer = around.outer;
    p->uses_outer = around.uses_outer;
    if (rc != ERR_OK || (rc = require_bool(p, condition, offset)) != ERR_OK)
        return rc;
    node->left = condition;
    return ERR_OK;
}

static bool is_summable(enum expr_op op, enum value_type type)
{
    if (op == EXPR_COUNT_DISTINCT)
        return true;
    return type == VALUE_INT || type == VALUE_FIXED || (op != EXPR_SUM && type == VALUE_TIME);
}

/* The column of min, max, sum and count distinct, after the name of its table. */
static int parse_aggregated(struct parser *p, struct expr_node *node)
{
    const struct schema_column *column;
    int rc;

    if ((rc = expect(p, TOKEN_SYMBOL, ".")) != ERR_OK || (rc = name_expected(p)) != ERR_OK ||
        (rc = find_column(p, node->source, &p->token, &node->column)) != ERR_OK)
        return rc;
    column = &schema_table(node->source)->columns[node->column];
    if (!is_summable(node->op, column->type))
        return fail(p, p->token.offset, ERR_EXPR_TYPE, "a column of type %s has no such value",
                    schema_type_text(column->type));
    if (node->op != EXPR_COUNT_DISTINCT) {
        node->type = column->type;
        node->unit = column->unit;
    }
    return advance(p);
}

static int parse_aggregate(struct parser *p, struct expr_node **out, enum expr_op op)
{
    struct expr_node *node = NULL;
    int rc;

    if ((rc = new_node(p, &node, op, op == EXPR_EXISTS ? VALUE_BOOL : VALUE_INT, p->token.offset)) !=
            ERR_OK ||
        (rc = advance(p)) != ERR_OK || (rc = expect(p, TOKEN_SYMBOL, "(")) != ERR_OK)
        return rc;
    if (op == EXPR_COUNT && at_word(p, "distinct")) {
        node->op = EXPR_COUNT_DISTINCT;
        if ((rc = advance(p)) != ERR_OK)
            return rc;
    }
    if ((rc = name_expected(p)) != ERR_OK)
        return rc;
    node->source = schema_find_table(p->token.text, p->token.len);
    if (node->source == SCHEMA_NONE)
        return unknown_table(p, &p->token);
    if ((rc = find_target(p, node)) != ERR_OK || (rc = advance(p)) != ERR_OK ||
        (node->op != EXPR_EXISTS && node->op != EXPR_COUNT && (rc = parse_aggregated(p, node)) != ERR_OK) ||
        (rc = parse_where(p, node)) != ERR_OK)
        return rc;
    *out = node;
    return expect(p, TOKEN_SYMBOL, ")");
}

/* ---- functions of times ---- */

static int parse_sum(struct parser *p, struct expr_node **out);

static int parse_time(struct parser *p, struct expr_node **out)
{
    size_t offset = p->token.offset;
    int rc = parse_sum(p, out);

    if (rc == ERR_OK && (*out)->type != VALUE_TIME)
        rc = fail(p, offset, ERR_EXPR_TYPE, "a time is expected here, this is of type %s",
                  schema_type_text((*out)->type));
    return rc;
}

/* ("days" | "months") "(" time "," time ")" */
static int parse_calendar(struct parser *p, struct expr_node **out, enum expr_op op)
{
    struct calendar_zone zone;
    struct expr_node *node = NULL, *from, *to;
    int rc;

    if ((rc = new_node(p, &node, op, VALUE_INT, p->token.offset)) != ERR_OK || (rc = advance(p)) != ERR_OK ||
        (rc = expect(p, TOKEN_SYMBOL, "(")) != ERR_OK || (rc = parse_time(p, &from)) != ERR_OK ||
        (rc = expect(p, TOKEN_SYMBOL, ",")) != ERR_OK || (rc = parse_time(p, &to)) != ERR_OK ||
        (rc = calendar_zone(&zone, NULL, p->err)) != ERR_OK)
        return rc;
    node->unit = op == EXPR_DAYS ? UNIT_DAY : UNIT_NONE;
    node->left = from;
    node->right = to;
    node->number = p->source->zone != NULL ? p->source->zone->offset_minutes : zone.offset_minutes;
    *out = node;
    return expect(p, TOKEN_SYMBOL, ")");
}

/* "minutes" "(" difference of times ")" */
static int parse_minutes(struct parser *p, struct expr_node **out)
{
    struct expr_node *node = NULL, *difference;
    size_t offset;
    int rc;

    if ((rc = new_node(p, &node, EXPR_MINUTES, VALUE_INT, p->token.offset)) != ERR_OK ||
        (rc = advance(p)) != ERR_OK || (rc = expect(p, TOKEN_SYMBOL, "(")) != ERR_OK)
        return rc;
    offset = p->token.offset;
    if ((rc = parse_sum(p, &difference)) != ERR_OK)
        return rc;
    if (difference->unit != UNIT_MS)
        return fail(p, offset, ERR_EXPR_TYPE, "the difference of two times is expected here");
    node->unit = UNIT_MINUTE;
    node->left = difference;
    *out = node;
    return expect(p, TOKEN_SYMBOL, ")");
}

/* ---- operators ---- */

static int parse_nested(struct parser *p, struct expr_node **out)
{
    int rc;

    if ((rc = advance(p)) != ERR_OK || (rc = parse_or(p, out)) != ERR_OK)
        return rc;
    return expect(p, TOKEN_SYMBOL, ")");
}

static int parse_primary(struct parser *p, struct expr_node **out)
{
    static const struct {
        const char *name;
        enum expr_op op;
    } aggregates[] = {{"exists", EXPR_EXISTS},
                      {"count", EXPR_COUNT},
                      {"min", EXPR_MIN},
                      {"max", EXPR_MAX},
                      {"sum", EXPR_SUM}};
    int rc;

    if (at_symbol(p, "("))
        return parse_nested(p, out);
    if (p->token.kind == TOKEN_NUMBER)
        return parse_number(p, out, false);
    if (p->token.kind == TOKEN_STRING)
        return parse_string(p, out);
    if (at_symbol(p, "-")) {
        if ((rc = advance(p)) != ERR_OK)
            return rc;
        if (p->token.kind != TOKEN_NUMBER)
            return fail(p, p->token.offset, ERR_EXPR_SYNTAX, "a number is expected after the sign");
        return parse_number(p, out, true);
    }
    if (p->token.kind != TOKEN_NAME)
        return fail(p, p->token.offset, ERR_EXPR_SYNTAX, "a value or a condition is expected here");
    if (at_word(p, "true") || at_word(p, "false"))
        return parse_truth(p, out);
    if (at_word(p, "contains"))
        return parse_contains(p, out);
    if (at_word(p, "days") || at_word(p, "months"))
        return parse_calendar(p, out, at_word(p, "days") ? EXPR_DAYS : EXPR_MONTHS);
    if (at_word(p, "minutes"))
        return parse_minutes(p, out);
    for (size_t i = 0; i < sizeof(aggregates) / sizeof(aggregates[0]); i++) {
        if (at_word(p, aggregates[i].name))
            return parse_aggregate(p, out, aggregates[i].op);
    }
    return parse_column(p, out);
}

static bool is_literal(const struct expr_node *node)
{
    return node->op == EXPR_NUMBER || node->op == EXPR_STRING;
}

static int binary(struct parser *p, struct expr_node **left, struct expr_node *right, enum expr_op op,
                  enum value_type type, size_t offset)
{
    struct expr_node *node = NULL;
    int rc = new_node(p, &node, op, type, offset);

    if (rc != ERR_OK)
        return rc;
    node->left = *left;
    node->right = right;
    node->unit = type == VALUE_BOOL ? UNIT_NONE : (*left)->unit != UNIT_NONE ? (*left)->unit : right->unit;
    *left = node;
    return ERR_OK;
}

/* time - time, time + duration, time - duration */
static int add_to_time(struct parser *p, struct expr_node **left, struct expr_node *right, enum expr_op op,
                       size_t offset)
{
    bool is_difference = op == EXPR_SUB && right->type == VALUE_TIME;
    int rc;

    if (!is_difference &&
        ((rc = expr_scale_duration(p, right, true, offset)) != ERR_OK || right->unit != UNIT_MS))
        return rc != ERR_OK ? rc
                            : fail(p, offset, ERR_EXPR_TYPE,
                                   "a time and a duration like 24h, or the difference of two times");
    rc = binary(p, left, right, op, is_difference ? VALUE_INT : VALUE_TIME, offset);
    if (rc == ERR_OK)
        (*left)->unit = is_difference ? UNIT_MS : UNIT_NONE;
    return rc;
}

static int add(struct parser *p, struct expr_node **left, struct expr_node *right, enum expr_op op,
               size_t offset)
{
    int rc;

    if ((*left)->type == VALUE_TIME)
        return add_to_time(p, left, right, op, offset);
    if ((rc = expr_match_numbers(p, *left, right, offset)) != ERR_OK)
        return rc;
    if ((*left)->type != VALUE_INT && (*left)->type != VALUE_FIXED)
        return fail(p, offset, ERR_EXPR_TYPE, "%s cannot be added or subtracted",
                    schema_type_text((*left)->type));
    return binary(p, left, right, op, (*left)->type, offset);
}

static int parse_sum(struct parser *p, struct expr_node **out)
{
    struct expr_node *right;
    int rc = parse_primary(p, out);

    while (rc == ERR_OK && (at_symbol(p, "+") || at_symbol(p, "-"))) {
        enum expr_op op = at_symbol(p, "+") ? EXPR_ADD : EXPR_SUB;
        size_t offset = p->token.offset;

        if ((rc = advance(p)) != ERR_OK || (rc = parse_primary(p, &right)) != ERR_OK)
            return rc;
        rc = add(p, out, right, op, offset);
    }
    return rc;
}

static int negate(struct parser *p, struct expr_node **node, size_t offset)
{
    struct expr_node *inner = *node;
    int rc = new_node(p, node, EXPR_NOT, VALUE_BOOL, offset);

    if (rc == ERR_OK)
        (*node)->left = inner;
    return rc;
}

static int parse_item(struct parser *p, struct expr_node *left, struct expr_node **item)
{
    size_t offset = p->token.offset;
    int rc = parse_primary(p, item);

    if (rc != ERR_OK)
        return rc;
    if (!is_literal(*item))
        return fail(p, offset, ERR_EXPR_SYNTAX, "a list holds literals");
    return expr_match(p, EXPR_IN, left, *item, offset);
}

static const struct code_set *find_set(const struct parser *p, const struct token *token)
{
    for (size_t i = 0; i < p->source->num_sets; i++) {
        if (is_name(token, p->source->sets[i].id))
            return &p->source->sets[i];
    }
    return NULL;
}

static int unknown_set(struct parser *p)
{
    const char *known[SETS_MAX], *near;
    size_t num = p->source->num_sets < SETS_MAX ? p->source->num_sets : SETS_MAX;
    char name[NAME_SIZE];

    for (size_t i = 0; i < num; i++)
        known[i] = p->source->sets[i].id;
    near = suggest_nearest(token_name(&p->token, name), known, num);
    return fail(p, p->token.offset, ERR_EXPR_UNKNOWN_NAME, "no set of codes %s%s%s", name,
                near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

static int parse_in_set(struct parser *p, struct expr_node **out, size_t offset)
{
    const struct code_set *set = find_set(p, &p->token);
    struct expr_node *column = *out;
    int rc;

    if (set == NULL)
        return unknown_set(p);
    if (column->op != EXPR_COLUMN || column->type != VALUE_CODE ||
        !schema_table(column->source)->columns[column->column].upper)
        return fail(p, p->token.offset, ERR_EXPR_TYPE, "sets are for columns of ICD and such codes");
    if ((rc = new_node(p, out, EXPR_IN_SET, VALUE_BOOL, offset)) != ERR_OK)
        return rc;
    (*out)->left = column;
    (*out)->set = set;
    return advance(p);
}

/* "{" literal {"," literal} "}" */
static int parse_in(struct parser *p, struct expr_node **out, size_t offset)
{
    struct expr_node *first = NULL, *last = NULL, *item;
    int rc = expect(p, TOKEN_SYMBOL, "{");

    while (rc == ERR_OK) {
        if ((rc = parse_item(p, *out, &item)) != ERR_OK)
            return rc;
        if (last == NULL)
            first = item;
        else
            last->next = item;
        last = item;
        if (!at_symbol(p, ","))
            break;
        rc = advance(p);
    }
    if (rc != ERR_OK || (rc = expect(p, TOKEN_SYMBOL, "}")) != ERR_OK)
        return rc;
    return binary(p, out, first, EXPR_IN, VALUE_BOOL, offset);
}

static int parse_is(struct parser *p, struct expr_node **out, size_t offset)
{
    struct expr_node *left = *out;
    bool negative;
    int rc;

    if (left->op == EXPR_STRING)
        return fail(p, offset, ERR_EXPR_TYPE, "a literal is never missing");
    if ((rc = advance(p)) != ERR_OK)
        return rc;
    negative = at_word(p, "not");
    if (negative && (rc = advance(p)) != ERR_OK)
        return rc;
    if ((rc = expect(p, TOKEN_NAME, "missing")) != ERR_OK ||
        (rc = new_node(p, out, EXPR_IS_MISSING, VALUE_BOOL, offset)) != ERR_OK)
        return rc;
    (*out)->left = left;
    return negative ? negate(p, out, offset) : ERR_OK;
}

static bool comparison_op(const struct parser *p, enum expr_op *op)
{
    static const struct {
        const char *symbol;
        enum expr_op op;
    } known[] = {{"=", EXPR_EQ},  {"!=", EXPR_NE}, {"<", EXPR_LT},
                 {"<=", EXPR_LE}, {">", EXPR_GT},  {">=", EXPR_GE}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (at_symbol(p, known[i].symbol)) {
            *op = known[i].op;
            return true;
        }
    }
    return false;
}

static int parse_comparison(struct parser *p, struct expr_node **out)
{
    enum expr_op op = EXPR_EQ;
    struct expr_node *right;
    bool negative;
    size_t offset;
    int rc;

    if ((rc = parse_sum(p, out)) != ERR_OK)
        return rc;
    offset = p->token.offset;
    if (at_word(p, "is"))
        return parse_is(p, out, offset);
    negative = at_word(p, "not");
    if (negative && (rc = advance(p)) != ERR_OK)
        return rc;
    if (at_word(p, "in")) {
        if ((rc = advance(p)) != ERR_OK)
            return rc;
        rc = p->token.kind == TOKEN_NAME ? parse_in_set(p, out, offset) : parse_in(p, out, offset);
        if (rc != ERR_OK)
            return rc;
        return negative ? negate(p, out, offset) : ERR_OK;
    }
    if (negative)
        return fail(p, p->token.offset, ERR_EXPR_SYNTAX, "in is expected here");
    if (!comparison_op(p, &op))
        return ERR_OK;
    if ((rc = advance(p)) != ERR_OK)
        return rc;
    offset = p->token.offset;
    if ((rc = parse_sum(p, &right)) != ERR_OK || (rc = expr_match(p, op, *out, right, offset)) != ERR_OK)
        return rc;
    return binary(p, out, right, op, VALUE_BOOL, offset);
}

static int parse_not(struct parser *p, struct expr_node **out)
{
    size_t offset = p->token.offset;
    size_t num_not = 0;
    int rc;

    for (; at_word(p, "not"); num_not++) {
        if ((rc = advance(p)) != ERR_OK)
            return rc;
    }
    if ((rc = parse_comparison(p, out)) != ERR_OK || num_not == 0)
        return rc;
    if ((rc = require_bool(p, *out, offset)) != ERR_OK)
        return rc;
    return num_not % 2 == 1 ? negate(p, out, offset) : ERR_OK;
}

/* operand {word operand} with conditions as operands. */
static int parse_chain(struct parser *p, struct expr_node **out, const char *word, enum expr_op op,
                       int (*operand)(struct parser *, struct expr_node **))
{
    size_t offset = p->token.offset;
    struct expr_node *right;
    int rc = operand(p, out);

    while (rc == ERR_OK && at_word(p, word)) {
        if ((rc = require_bool(p, *out, offset)) != ERR_OK || (rc = advance(p)) != ERR_OK)
            return rc;
        offset = p->token.offset;
        if ((rc = operand(p, &right)) != ERR_OK || (rc = require_bool(p, right, offset)) != ERR_OK)
            return rc;
        rc = binary(p, out, right, op, VALUE_BOOL, offset);
    }
    return rc;
}

static int parse_and(struct parser *p, struct expr_node **out)
{
    return parse_chain(p, out, "and", EXPR_AND, parse_not);
}

static int parse_or(struct parser *p, struct expr_node **out)
{
    int rc;

    if (p->depth == EXPR_MAX_DEPTH)
        return fail(p, p->token.offset, ERR_EXPR_LIMIT, "nested more than %d deep", EXPR_MAX_DEPTH);
    p->depth++;
    rc = parse_chain(p, out, "or", EXPR_OR, parse_and);
    p->depth--;
    return rc;
}

/* ---- whole expressions ---- */

static int check_wanted(struct parser *p, const struct expr_node *root, enum expr_want want)
{
    if (want == EXPR_WANT_BOOL)
        return require_bool(p, root, 0);
    if (root->unit == UNIT_MS)
        return fail(p, 0, ERR_EXPR_TYPE, "write minutes(...) around the difference of times");
    if (root->type == VALUE_INT || root->type == VALUE_FIXED)
        return ERR_OK;
    return fail(p, 0, ERR_EXPR_TYPE, "a number is expected here, this is of type %s",
                schema_type_text(root->type));
}

static int allocate(struct expr **out, size_t text_len, size_t max_nodes, struct err *err)
{
    struct expr *expr = calloc(1, sizeof(*expr));

    if (expr == NULL)
        return err_set(err, ERR_NO_MEMORY, "expression");
    expr->nodes = calloc(max_nodes, sizeof(*expr->nodes));
    expr->strings = malloc(text_len + 1);
    if (expr->nodes == NULL || expr->strings == NULL) {
        expr_free(&expr);
        return err_set(err, ERR_NO_MEMORY, "expression");
    }
    *out = expr;
    return ERR_OK;
}

int expr_parse(struct expr **out, const struct expr_source *source, int table, enum expr_want want,
               struct err *err)
{
    struct parser p = {.source = source, .table = table, .outer = SCHEMA_NONE, .err = err};
    size_t text_len = strlen(source->text);
    struct expr_node *root;
    int rc;

    if (text_len > EXPR_MAX_TEXT)
        return expr_fail(source, 0, err, ERR_EXPR_LIMIT, "longer than %d bytes", EXPR_MAX_TEXT);
    p.max_nodes =
        text_len + 1 < EXPR_MAX_NODES ? text_len + 1 : EXPR_MAX_NODES; /* a node has a word of its own */
    if ((rc = allocate(&p.expr, text_len, p.max_nodes, err)) != ERR_OK)
        return rc;
    if ((rc = advance(&p)) != ERR_OK || (rc = parse_or(&p, &root)) != ERR_OK)
        goto done;
    if (p.token.kind != TOKEN_END) {
        rc = fail(&p, p.token.offset, ERR_EXPR_SYNTAX, "the expression should end here");
        goto done;
    }
    if ((rc = check_wanted(&p, root, want)) != ERR_OK)
        goto done;
    p.expr->root = root;
    *out = p.expr;
    p.expr = NULL;

done:
    expr_free(&p.expr);
    return rc;
}

void expr_free(struct expr **expr)
{
    if (*expr == NULL)
        return;
    free((*expr)->nodes);
    free((*expr)->strings);
    free(*expr);
    *expr = NULL;
}
