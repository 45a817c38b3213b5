/* vector.c - evaluation as the language is defined: row by row, without haste.
 *
 * First everything that a node reads is loaded: columns, the row numbers of parents, and for each aggregate
 * its rows sorted by what they belong to. Then the value of the root is worked out for every row. No sum
 * overflows: stored values, literals and sums over rows are within VALUE_LIMIT and an expression has at most
 * EXPR_MAX_NODES of them. */
#include <stdlib.h>
#include <string.h>

#include "node/vector.h"

#define UNKNOWN INT64_MAX

_Static_assert(INT64_MAX / EXPR_MAX_NODES > VALUE_LIMIT, "a sum of all literals must fit");

/* Rows of `table` by what they belong to: those of group g are rows[first[g]] up to rows[first[g + 1]]. */
struct groups {
    const struct expr_node *node; /* the aggregate that they were made for */
    const int64_t *group_of;      /* of each row of node->table, whose rows ask; VALUE_NULL: none */
    size_t *first, *rows;
    int64_t *results; /* by group, UNKNOWN until asked for; only where nothing else decides them */
    struct groups *next;
};

struct machine {
    struct tables *tables;
    struct groups *groups;
    int rc;
    struct err *err;
};

/* The row at hand, and the one around the aggregate whose condition is being asked. */
struct place {
    size_t row, outer;
};

static int64_t value_of(struct machine *machine, const struct expr_node *node, struct place place);

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "evaluation");
}

/* ---- what is loaded before; it cannot fail afterwards ---- */

static const struct column *column_of(struct machine *machine, const struct expr_node *node)
{
    const struct column *column = NULL;
    int rc = tables_column(machine->tables, node->source, node->column, &column, machine->err);

    if (rc != ERR_OK)
        machine->rc = rc;
    return column;
}

static const int64_t *rows_of(struct machine *machine, int table, int ancestor)
{
    const int64_t *rows = NULL;
    int rc = tables_rows_of(machine->tables, table, ancestor, &rows, machine->err);

    if (rc != ERR_OK)
        machine->rc = rc;
    return rows;
}

/* Counting sort of the rows by group. */
static int sort_rows(struct groups *groups, const int64_t *group_of, size_t num_rows, size_t num_groups,
                     struct err *err)
{
    groups->first = calloc(num_groups + 2, sizeof(*groups->first));
    groups->rows = calloc(num_rows + 1, sizeof(*groups->rows));
    groups->results = malloc((num_groups + 1) * sizeof(*groups->results));
    if (groups->first == NULL || groups->rows == NULL || groups->results == NULL)
        return no_memory(err);
    for (size_t i = 0; i < num_groups; i++)
        groups->results[i] = UNKNOWN;
    for (size_t row = 0; row < num_rows; row++) {
        if (group_of[row] != VALUE_NULL)
            groups->first[group_of[row] + 2]++;
    }
    for (size_t i = 2; i < num_groups + 2; i++)
        groups->first[i] += groups->first[i - 1];
    for (size_t row = 0; row < num_rows; row++) {
        if (group_of[row] != VALUE_NULL)
            groups->rows[groups->first[group_of[row] + 1]++] = row;
    }
    return ERR_OK;
}

/* Rows of one person share the string of its column. */
static int group_by_person(struct machine *machine, struct groups *groups, const struct expr_node *node)
{
    const struct column *person;
    int rc = tables_column(machine->tables, node->source, schema_table(node->source)->person, &person,
                           machine->err);

    if (rc != ERR_OK)
        return rc;
    groups->group_of = person->values;
    return sort_rows(groups, person->values, person->num_rows, person->num_strings, machine->err);
}

static int group_by_parent(struct machine *machine, struct groups *groups, const struct expr_node *node)
{
    const int64_t *group_of;
    int rc;

    if ((rc = tables_rows_of(machine->tables, node->source, node->target, &group_of, machine->err)) !=
            ERR_OK ||
        (rc = tables_rows_of(machine->tables, node->table, node->target, &groups->group_of, machine->err)) !=
            ERR_OK)
        return rc;
    return sort_rows(groups, group_of, tables_num_rows(machine->tables, node->source),
                     tables_num_rows(machine->tables, node->target), machine->err);
}

static int load_groups(struct machine *machine, const struct expr_node *node)
{
    struct groups *groups = calloc(1, sizeof(*groups));

    if (groups == NULL)
        return no_memory(machine->err);
    groups->node = node;
    groups->next = machine->groups;
    machine->groups = groups;
    return node->is_by_person ? group_by_person(machine, groups, node)
                              : group_by_parent(machine, groups, node);
}

static bool is_aggregate(const struct expr_node *node)
{
    return node->op >= EXPR_EXISTS;
}

static int load(struct machine *machine, const struct expr_node *node)
{
    if (node == NULL || machine->rc != ERR_OK)
        return machine->rc;
    if (node->column != SCHEMA_NONE)
        (void)column_of(machine, node);
    if (node->op == EXPR_COLUMN && !node->is_outer)
        (void)rows_of(machine, node->table, node->source);
    if (is_aggregate(node) && machine->rc == ERR_OK)
        machine->rc = load_groups(machine, node);
    (void)load(machine, node->left);
    return load(machine, node->right);
}

static const struct groups *groups_of(const struct machine *machine, const struct expr_node *node)
{
    const struct groups *groups = machine->groups;

    while (groups->node != node)
        groups = groups->next;
    return groups;
}

static void unload(struct machine *machine)
{
    struct groups *next;

    for (struct groups *groups = machine->groups; groups != NULL; groups = next) {
        next = groups->next;
        free(groups->first);
        free(groups->rows);
        free(groups->results);
        free(groups);
    }
}

/* ---- columns and texts ---- */

static int64_t column_value(struct machine *machine, const struct expr_node *node, struct place place)
{
    const struct column *column = column_of(machine, node);
    int64_t row;

    if (node->is_outer)
        return column->values[place.outer];
    row = rows_of(machine, node->table, node->source)[place.row];
    return row == VALUE_NULL ? VALUE_NULL : column->values[row];
}

static bool is_text(const char *text, size_t len, const char *wanted)
{
    return len == strlen(wanted) && memcmp(text, wanted, len) == 0;
}

static bool is_listed_text(const struct expr_node *item, const char *text, size_t len)
{
    for (; item != NULL; item = item->next) {
        if (is_text(text, len, item->string))
            return true;
    }
    return false;
}

/* =, !=, in, contains of a column of texts. */
static int64_t ask_text(struct machine *machine, const struct expr_node *node, struct place place)
{
    int64_t number = column_value(machine, node->left, place);
    const char *text;
    size_t len;

    if (number == VALUE_NULL)
        return VALUE_NULL;
    text = column_string(column_of(machine, node->left), number, &len);
    switch (node->op) {
    case EXPR_CONTAINS:
        return memmem(text, len, node->string, strlen(node->string)) != NULL;
    case EXPR_IN_SET:
        return code_set_has(node->set, text, len);
    case EXPR_NE:
        return !is_text(text, len, node->right->string);
    default:
        return is_listed_text(node->right, text, len);
    }
}

/* ---- numbers, times and conditions ---- */

static int64_t calculate(const struct expr_node *node, int64_t a, int64_t b)
{
    switch (node->op) {
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
    case EXPR_SUB:
        return a - b;
    case EXPR_DAYS:
        return calendar_day(b, (int32_t)node->number) - calendar_day(a, (int32_t)node->number);
    default: /* EXPR_MONTHS */
        return calendar_months_between(calendar_day(a, (int32_t)node->number),
                                       calendar_day(b, (int32_t)node->number));
    }
}

/* Kleene: `decisive` is 0 for and, 1 for or. */
static int64_t kleene(int64_t a, int64_t b, int64_t decisive)
{
    if (a == decisive || b == decisive)
        return decisive;
    return a == VALUE_NULL || b == VALUE_NULL ? VALUE_NULL : !decisive;
}

static int64_t binary(struct machine *machine, const struct expr_node *node, struct place place)
{
    int64_t a = value_of(machine, node->left, place);
    int64_t b = value_of(machine, node->right, place);

    if (node->op == EXPR_AND || node->op == EXPR_OR)
        return kleene(a, b, node->op == EXPR_OR);
    return a == VALUE_NULL || b == VALUE_NULL ? VALUE_NULL : calculate(node, a, b);
}

static bool is_listed(const struct expr_node *item, int64_t value)
{
    for (; item != NULL; item = item->next) {
        if (item->number == value)
            return true;
    }
    return false;
}

/* not, is missing, in (numbers), minutes. */
static int64_t unary(struct machine *machine, const struct expr_node *node, struct place place)
{
    int64_t value = value_of(machine, node->left, place);

    if (node->op == EXPR_IS_MISSING)
        return value == VALUE_NULL;
    if (value == VALUE_NULL)
        return VALUE_NULL;
    if (node->op == EXPR_NOT)
        return !value;
    return node->op == EXPR_MINUTES ? calendar_floor_div(value, CALENDAR_MS_PER_MINUTE) : is_listed(node->right, value);
}

/* ---- aggregates ---- */

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t num_distinct(int64_t *values, size_t num)
{
    int64_t distinct = 0;

    if (num > 1)
        qsort(values, num, sizeof(*values), compare_values);
    for (size_t i = 0; i < num; i++)
        distinct += i == 0 || values[i] != values[i - 1];
    return distinct;
}

/* The sum stays within VALUE_LIMIT, and is exact below it. */
static int64_t sum_of(const int64_t *values, size_t num)
{
    int64_t sum = 0;

    for (size_t i = 0; i < num; i++) {
        if (__builtin_add_overflow(sum, values[i], &sum))
            return values[i] < 0 ? -VALUE_LIMIT : VALUE_LIMIT;
    }
    return sum > VALUE_LIMIT ? VALUE_LIMIT : sum < -VALUE_LIMIT ? -VALUE_LIMIT : sum;
}

static int64_t least_or_greatest(const struct expr_node *node, const int64_t *values, size_t num)
{
    int64_t found = num > 0 ? values[0] : VALUE_NULL;

    for (size_t i = 1; i < num; i++) {
        if (node->op == EXPR_MIN ? values[i] < found : values[i] > found)
            found = values[i];
    }
    return found;
}

static int64_t fold(const struct expr_node *node, int64_t *values, size_t num)
{
    switch (node->op) {
    case EXPR_EXISTS:
        return num > 0;
    case EXPR_COUNT:
        return (int64_t)num;
    case EXPR_COUNT_DISTINCT:
        return num_distinct(values, num);
    case EXPR_SUM:
        return sum_of(values, num);
    default:
        return least_or_greatest(node, values, num);
    }
}

/* Of a group's rows that meet the condition, the values that are there. */
static int64_t aggregate_group(struct machine *machine, const struct expr_node *node,
                               const struct groups *groups, int64_t group, struct place place)
{
    const struct column *column = node->column != SCHEMA_NONE ? column_of(machine, node) : NULL;
    int64_t *values = malloc((groups->first[group + 1] - groups->first[group] + 1) * sizeof(*values));
    int64_t result;
    size_t num = 0;

    if (values == NULL) {
        machine->rc = no_memory(machine->err);
        return VALUE_NULL;
    }
    for (size_t i = groups->first[group]; i < groups->first[group + 1]; i++) {
        size_t row = groups->rows[i];
        struct place inner = {.row = row, .outer = place.row};

        if (column != NULL && column->values[row] == VALUE_NULL)
            continue;
        if (node->left == NULL || value_of(machine, node->left, inner) == 1)
            values[num++] = column != NULL ? column->values[row] : 0;
    }
    result = fold(node, values, num);
    free(values);
    return result;
}

static int64_t aggregate(struct machine *machine, const struct expr_node *node, struct place place)
{
    const struct groups *groups = groups_of(machine, node);
    int64_t group = groups->group_of[place.row], result;

    if (group == VALUE_NULL)
        return fold(node, NULL, 0);
    if (node->is_correlated)
        return aggregate_group(machine, node, groups, group, place);
    result = groups->results[group];
    if (result == UNKNOWN) {
        result = aggregate_group(machine, node, groups, group, place);
        groups->results[group] = result;
    }
    return result;
}

/* ---- whole expressions ---- */

static int64_t value_of(struct machine *machine, const struct expr_node *node, struct place place)
{
    switch (node->op) {
    case EXPR_NUMBER:
        return node->number;
    case EXPR_STRING: /* only beside a column, see ask_text */
        return VALUE_NULL;
    case EXPR_COLUMN:
        return column_value(machine, node, place);
    case EXPR_CONTAINS:
    case EXPR_IN_SET:
        return ask_text(machine, node, place);
    case EXPR_EQ:
    case EXPR_NE:
        return node->right->op == EXPR_STRING ? ask_text(machine, node, place) : binary(machine, node, place);
    case EXPR_IN:
        return node->right->op == EXPR_STRING ? ask_text(machine, node, place) : unary(machine, node, place);
    case EXPR_NOT:
    case EXPR_IS_MISSING:
    case EXPR_MINUTES:
        return unary(machine, node, place);
    default:
        return is_aggregate(node) ? aggregate(machine, node, place) : binary(machine, node, place);
    }
}

int vector_evaluate(int64_t **out, struct tables *tables, const struct expr_node *node, struct err *err)
{
    struct machine machine = {.tables = tables, .err = err};
    size_t num_rows = tables_num_rows(tables, node->table);
    int64_t *values = malloc((num_rows + 1) * sizeof(*values));

    if (values == NULL)
        return no_memory(err);
    (void)load(&machine, node);
    for (size_t row = 0; machine.rc == ERR_OK && row < num_rows; row++)
        values[row] = value_of(&machine, node, (struct place){.row = row});
    unload(&machine);
    if (machine.rc != ERR_OK) {
        free(values);
        return machine.rc;
    }
    *out = values;
    return ERR_OK;
}
