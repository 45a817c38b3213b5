/* vector.c - bottom-up evaluation: each node becomes an array over the rows of its table.
 *
 * Columns and aggregates of an ancestor are gathered over the row numbers of parents. Comparisons of texts
 * are decided once for each distinct string. No sum overflows: stored values and literals are within
 * VALUE_LIMIT and an expression has at most EXPR_MAX_NODES of them. */
#include <stdlib.h>
#include <string.h>

#include "node/vector.h"

_Static_assert(INT64_MAX / EXPR_MAX_NODES > VALUE_LIMIT, "a sum of all literals must fit");

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "evaluation");
}

static int64_t *new_vector(size_t num_rows)
{
    return malloc((num_rows + 1) * sizeof(int64_t));
}

/* values[row] = above[rows[row]] */
static void gather(int64_t *values, const int64_t *above, const int64_t *rows, size_t num_rows)
{
    for (size_t row = 0; row < num_rows; row++)
        values[row] = rows[row] == VALUE_NULL ? VALUE_NULL : above[rows[row]];
}

static int evaluate_column(int64_t *values, struct tables *tables, const struct expr_node *node,
                           struct err *err)
{
    const struct column *column;
    const int64_t *rows;
    int rc;

    if ((rc = tables_column(tables, node->source, node->column, &column, err)) != ERR_OK ||
        (rc = tables_rows_of(tables, node->table, node->source, &rows, err)) != ERR_OK)
        return rc;
    gather(values, column->values, rows, tables_num_rows(tables, node->table));
    return ERR_OK;
}

/* ---- texts ---- */

/* Mark the strings of a column that the node asks for. */
static void mark_strings(int64_t *wanted, const struct column *column, const struct expr_node *node)
{
    const struct expr_node *item = node->right;

    for (size_t i = 0; i < column->num_strings; i++) {
        size_t len;
        const char *text = column_string(column, (int64_t)i, &len);

        wanted[i] = node->op == EXPR_NE;
        if (node->op == EXPR_CONTAINS)
            wanted[i] = memmem(text, len, node->string, strlen(node->string)) != NULL;
    }
    for (; node->op != EXPR_CONTAINS && item != NULL; item = item->next) {
        int64_t number = column_find(column, item->string, strlen(item->string));

        if (number != VALUE_NULL)
            wanted[number] = node->op != EXPR_NE;
    }
}

static int evaluate_strings(int64_t *values, struct tables *tables, const struct expr_node *node,
                            struct err *err)
{
    size_t num_rows = tables_num_rows(tables, node->table);
    const struct column *column;
    int64_t *wanted;
    int rc;

    if ((rc = evaluate_column(values, tables, node->left, err)) != ERR_OK ||
        (rc = tables_column(tables, node->left->source, node->left->column, &column, err)) != ERR_OK)
        return rc;
    wanted = new_vector(column->num_strings);
    if (wanted == NULL)
        return no_memory(err);
    mark_strings(wanted, column, node);
    gather(values, wanted, values, num_rows);
    free(wanted);
    return ERR_OK;
}

/* ---- numbers and conditions ---- */

static int64_t compare(enum expr_op op, int64_t a, int64_t b)
{
    switch (op) {
    case EXPR_EQ:
        return a == b;
    case EXPR_NE:
        return a != b;
    case EXPR_LT:
        return a < b;
    case EXPR_LE:
        return a <= b;
    case EXPR_GT:
        return a > b;
    case EXPR_GE:
        return a >= b;
    case EXPR_ADD:
        return a + b;
    default: /* EXPR_SUB */
        return a - b;
    }
}

/* Kleene: `decisive` is 0 for and, 1 for or. */
static int64_t kleene(int64_t a, int64_t b, int64_t decisive)
{
    if (a == decisive || b == decisive)
        return decisive;
    return a == VALUE_NULL || b == VALUE_NULL ? VALUE_NULL : !decisive;
}

static int64_t combine(enum expr_op op, int64_t a, int64_t b)
{
    if (op == EXPR_AND)
        return kleene(a, b, 0);
    if (op == EXPR_OR)
        return kleene(a, b, 1);
    return a == VALUE_NULL || b == VALUE_NULL ? VALUE_NULL : compare(op, a, b);
}

static int evaluate_binary(int64_t *values, struct tables *tables, const struct expr_node *node,
                           struct err *err)
{
    size_t num_rows = tables_num_rows(tables, node->table);
    int64_t *left = NULL, *right = NULL;
    int rc;

    if ((rc = vector_evaluate(&left, tables, node->left, err)) != ERR_OK ||
        (rc = vector_evaluate(&right, tables, node->right, err)) != ERR_OK)
        goto done;
    for (size_t row = 0; row < num_rows; row++)
        values[row] = combine(node->op, left[row], right[row]);

done:
    free(left);
    free(right);
    return rc;
}

static bool is_listed(const struct expr_node *item, int64_t value)
{
    for (; item != NULL; item = item->next) {
        if (item->number == value)
            return true;
    }
    return false;
}

/* Operators on one vector: not, is missing, in (numbers). */
static int evaluate_unary(int64_t *values, struct tables *tables, const struct expr_node *node,
                          struct err *err)
{
    size_t num_rows = tables_num_rows(tables, node->table);
    int64_t *operand = NULL;
    int rc;

    if ((rc = vector_evaluate(&operand, tables, node->left, err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < num_rows; row++) {
        if (node->op == EXPR_IS_MISSING)
            values[row] = operand[row] == VALUE_NULL;
        else if (operand[row] == VALUE_NULL)
            values[row] = VALUE_NULL;
        else
            values[row] = node->op == EXPR_NOT ? !operand[row] : is_listed(node->right, operand[row]);
    }
    free(operand);
    return ERR_OK;
}

/* ---- aggregates over children ---- */

static void add(enum expr_op op, int64_t *sum, int64_t value)
{
    if (op == EXPR_EXISTS)
        *sum = 1;
    else if (op == EXPR_COUNT)
        (*sum)++;
    else if (value != VALUE_NULL && (*sum == VALUE_NULL || (op == EXPR_MIN ? value < *sum : value > *sum)))
        *sum = value;
}

/* For each row of node->target, over the rows of node->source that belong to it. `condition` may be NULL. */
static int aggregate(int64_t *sums, struct tables *tables, const struct expr_node *node,
                     const int64_t *condition, struct err *err)
{
    const struct column *column = NULL;
    const int64_t *rows;
    int rc;

    if ((rc = tables_rows_of(tables, node->source, node->target, &rows, err)) != ERR_OK ||
        (node->column != SCHEMA_NONE &&
         (rc = tables_column(tables, node->source, node->column, &column, err)) != ERR_OK))
        return rc;
    for (size_t row = 0; row < tables_num_rows(tables, node->target); row++)
        sums[row] = column != NULL ? VALUE_NULL : 0;
    for (size_t row = 0; row < tables_num_rows(tables, node->source); row++) {
        if (rows[row] != VALUE_NULL && (condition == NULL || condition[row] == 1))
            add(node->op, &sums[rows[row]], column != NULL ? column->values[row] : 0);
    }
    return ERR_OK;
}

static int evaluate_aggregate(int64_t *values, struct tables *tables, const struct expr_node *node,
                              struct err *err)
{
    int64_t *condition = NULL, *sums = new_vector(tables_num_rows(tables, node->target));
    const int64_t *rows;
    int rc = ERR_OK;

    if (sums == NULL)
        return no_memory(err);
    if (node->left != NULL && (rc = vector_evaluate(&condition, tables, node->left, err)) != ERR_OK)
        goto done;
    if ((rc = aggregate(sums, tables, node, condition, err)) != ERR_OK ||
        (rc = tables_rows_of(tables, node->table, node->target, &rows, err)) != ERR_OK)
        goto done;
    gather(values, sums, rows, tables_num_rows(tables, node->table));
    /* A row without the ancestor has no children either. */
    for (size_t row = 0; node->column == SCHEMA_NONE && row < tables_num_rows(tables, node->table); row++) {
        if (values[row] == VALUE_NULL)
            values[row] = 0;
    }

done:
    free(condition);
    free(sums);
    return rc;
}

static int evaluate_into(int64_t *values, struct tables *tables, const struct expr_node *node,
                         struct err *err)
{
    switch (node->op) {
    case EXPR_COLUMN:
        return evaluate_column(values, tables, node, err);
    case EXPR_CONTAINS:
        return evaluate_strings(values, tables, node, err);
    case EXPR_EQ:
    case EXPR_NE:
        if (node->right->op == EXPR_STRING)
            return evaluate_strings(values, tables, node, err);
        return evaluate_binary(values, tables, node, err);
    case EXPR_IN:
        if (node->right->op == EXPR_STRING)
            return evaluate_strings(values, tables, node, err);
        return evaluate_unary(values, tables, node, err);
    case EXPR_NOT:
    case EXPR_IS_MISSING:
        return evaluate_unary(values, tables, node, err);
    case EXPR_EXISTS:
    case EXPR_COUNT:
    case EXPR_MIN:
    case EXPR_MAX:
        return evaluate_aggregate(values, tables, node, err);
    case EXPR_STRING:
        return err_set(err, ERR_INTERNAL, "a text has no value of its own");
    case EXPR_NUMBER:
        for (size_t row = 0; row < tables_num_rows(tables, node->table); row++)
            values[row] = node->number;
        return ERR_OK;
    default:
        return evaluate_binary(values, tables, node, err);
    }
}

int vector_evaluate(int64_t **out, struct tables *tables, const struct expr_node *node, struct err *err)
{
    int64_t *values = new_vector(tables_num_rows(tables, node->table));
    int rc;

    if (values == NULL)
        return no_memory(err);
    if ((rc = evaluate_into(values, tables, node, err)) != ERR_OK) {
        free(values);
        return rc;
    }
    *out = values;
    return ERR_OK;
}
