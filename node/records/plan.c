/* plan.c - from expressions to nodes, each made once. */
#include "node/records/plan.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define LEAST    (INT64_MIN + 1) /* VALUE_NULL is below all values */
#define GREATEST INT64_MAX
#define MIN_SLOTS 256

static int build(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err);

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "plan");
}

void plan_init(struct plan *plan, plan_dictionary *dictionary, void *user)
{
    *plan = (struct plan){.dictionary = dictionary, .user = user};
}

void plan_clear(struct plan *plan)
{
    free(plan->nodes);
    free(plan->ranges);
    free(plan->slots);
    *plan = (struct plan){0};
}

bool plan_can(const struct expr_node *expr)
{
    if (expr == NULL) {
        return true;
    }
    if (expr->is_outer || expr->is_correlated || expr->is_by_person || !plan_can(expr->left)) {
        return false;
    }
    for (const struct expr_node *right = expr->right; right != NULL; right = right->next) {
        if (!plan_can(right)) {
            return false;
        }
    }
    return true;
}

/* ---- nodes, each once ---- */

/* Ranges that a node to come may have; they are its own once it is new. */
static const struct plan_range *ranges_of(const struct plan *plan, const struct plan_node *node)
{
    return plan->ranges + node->first_range;
}

static uint64_t hash_of(const struct plan *plan, const struct plan_node *node)
{
    int64_t parts[] = {node->op, node->table, node->source, node->column, node->left, node->right, node->number};

    return XXH3_64bits(parts, sizeof parts) ^
           (node->num_ranges == 0
                ? 0
                : XXH3_64bits(ranges_of(plan, node), node->num_ranges * sizeof(struct plan_range)));
}

static bool same(const struct plan *plan, const struct plan_node *a, const struct plan_node *b)
{
    return a->op == b->op && a->table == b->table && a->source == b->source && a->column == b->column &&
           a->left == b->left && a->right == b->right && a->number == b->number &&
           a->num_ranges == b->num_ranges &&
           (a->num_ranges == 0 || memcmp(ranges_of(plan, a), ranges_of(plan, b),
                                         a->num_ranges * sizeof(struct plan_range)) == 0);
}

/* Where the node is named, or would be. */
static int *slot_of(const struct plan *plan, const struct plan_node *node)
{
    size_t mask = (size_t)plan->num_slots - 1, at = hash_of(plan, node) & mask;

    while (plan->slots[at] != 0 && !same(plan, &plan->nodes[plan->slots[at] - 1], node)) {
        at = (at + 1) & mask;
    }
    return &plan->slots[at];
}

static int grow(struct plan *plan, struct err *err)
{
    int num = plan->num_slots == 0 ? MIN_SLOTS : plan->num_slots * 2;
    int *slots = calloc((size_t)num, sizeof *slots);
    struct plan_node *nodes = realloc(plan->nodes, (size_t)num / 2 * sizeof *nodes);

    plan->nodes = nodes != NULL ? nodes : plan->nodes;
    if (slots == NULL || nodes == NULL) {
        free(slots);
        return no_memory(err);
    }
    free(plan->slots);
    plan->slots = slots;
    plan->num_slots = num;
    plan->max_nodes = num / 2;
    for (int i = 0; i < plan->num_nodes; i++) {
        *slot_of(plan, &plan->nodes[i]) = i + 1;
    }
    return 0;
}

static int add(struct plan *plan, int *out, const struct plan_node *node, struct err *err)
{
    int *slot, rc;

    if (plan->num_nodes == plan->max_nodes && (rc = grow(plan, err)) != 0) {
        return rc;
    }
    slot = slot_of(plan, node);
    if (*slot == 0) {
        plan->nodes[plan->num_nodes++] = *node;
        *slot = plan->num_nodes;
    } else if (node->num_ranges > 0 && node->first_range + node->num_ranges == plan->num_ranges) {
        plan->num_ranges -= node->num_ranges; /* they are there already */
    }
    *out = *slot - 1;
    return 0;
}

static int add_simple(struct plan *plan, int *out, enum plan_op op, int table, struct err *err)
{
    return add(plan, out,
               &(struct plan_node){.op = op, .table = table, .source = SCHEMA_NONE, .left = PLAN_NO_NODE,
                                   .right = PLAN_NO_NODE},
               err);
}

static int table_of(const struct plan *plan, int node)
{
    return plan->nodes[node].table;
}

static enum plan_op op_of(const struct plan *plan, int node)
{
    return plan->nodes[node].op;
}

/* ---- sets ---- */

int plan_all(struct plan *plan, int *node, int table, struct err *err)
{
    return add_simple(plan, node, PLAN_ALL, table, err);
}

int plan_not(struct plan *plan, int *node, int left, struct err *err)
{
    int table = table_of(plan, left);

    switch (op_of(plan, left)) {
    case PLAN_NOT:
        *node = plan->nodes[left].left;
        return 0;
    case PLAN_ALL:
        return add_simple(plan, node, PLAN_NONE, table, err);
    case PLAN_NONE:
        return add_simple(plan, node, PLAN_ALL, table, err);
    default:
        return add(plan, node,
                   &(struct plan_node){.op = PLAN_NOT, .table = table, .source = SCHEMA_NONE, .left = left,
                                       .right = PLAN_NO_NODE},
                   err);
    }
}

/* `neutral` changes nothing, `decisive` decides. */
static int combine(struct plan *plan, int *node, enum plan_op op, int left, int right, struct err *err)
{
    enum plan_op neutral = op == PLAN_AND ? PLAN_ALL : PLAN_NONE, decisive = op == PLAN_AND ? PLAN_NONE : PLAN_ALL;

    if (left == right || op_of(plan, right) == neutral || op_of(plan, left) == decisive) {
        *node = left;
        return 0;
    }
    if (op_of(plan, left) == neutral || op_of(plan, right) == decisive) {
        *node = right;
        return 0;
    }
    return add(plan, node,
               &(struct plan_node){.op = op, .table = table_of(plan, left), .source = SCHEMA_NONE,
                                   .left = left < right ? left : right, .right = left < right ? right : left},
               err);
}

int plan_and(struct plan *plan, int *node, int left, int right, struct err *err)
{
    return combine(plan, node, PLAN_AND, left, right, err);
}

/* The set of rows of `table` that belong to rows of the set. */
static int lower(struct plan *plan, int *node, int set, int table, struct err *err)
{
    int source = table_of(plan, set);

    if (source == table || op_of(plan, set) == PLAN_NONE) {
        *node = set;
        return source == table ? 0 : add_simple(plan, node, PLAN_NONE, table, err);
    }
    return add(plan, node,
               &(struct plan_node){.op = PLAN_BELONGS, .table = table, .source = source, .left = set,
                                   .right = PLAN_NO_NODE},
               err);
}

/* ---- values ---- */

/* The same value at the rows of `table`; `absent` at a row that belongs to none. */
static int lower_value(struct plan *plan, int *node, int value, int table, int64_t absent, struct err *err)
{
    int source = table_of(plan, value);

    *node = value;
    return source == table ? 0
                           : add(plan, node,
                                 &(struct plan_node){.op = PLAN_OF_ABOVE, .table = table, .source = source,
                                                     .left = value, .right = PLAN_NO_NODE, .number = absent},
                                 err);
}

static int add_column(struct plan *plan, int *node, int table, int column, struct err *err)
{
    return add(plan, node,
               &(struct plan_node){.op = PLAN_COLUMN, .table = table, .source = SCHEMA_NONE, .column = column,
                                   .left = PLAN_NO_NODE, .right = PLAN_NO_NODE},
               err);
}

static int add_number(struct plan *plan, int *node, int table, int64_t number, struct err *err)
{
    return add(plan, node,
               &(struct plan_node){.op = PLAN_NUMBER, .table = table, .source = SCHEMA_NONE,
                                   .left = PLAN_NO_NODE, .right = PLAN_NO_NODE, .number = number},
               err);
}

/* A sum, a difference, or what lies between two times. */
static int build_sum(struct plan *plan, int *node, const struct expr_node *expr, struct err *err)
{
    struct plan_node sum = {.table = expr->table, .source = SCHEMA_NONE, .number = expr->number};
    int rc;

    sum.op = expr->op == EXPR_ADD    ? PLAN_ADD
             : expr->op == EXPR_DAYS   ? PLAN_DAYS
             : expr->op == EXPR_MONTHS ? PLAN_MONTHS
                                       : PLAN_SUB;
    if ((rc = plan_value(plan, &sum.left, expr->left, err)) != 0 ||
        (rc = plan_value(plan, &sum.right, expr->right, err)) != 0) {
        return rc;
    }
    return add(plan, node, &sum, err);
}

static int build_minutes(struct plan *plan, int *node, const struct expr_node *expr, struct err *err)
{
    struct plan_node made = {.op = PLAN_MINUTES, .table = expr->table, .source = SCHEMA_NONE, .right = PLAN_NO_NODE};
    int rc = plan_value(plan, &made.left, expr->left, err);

    return rc != 0 ? rc : add(plan, node, &made, err);
}

/* count, min, max, sum; of a row of the target, then brought down to the rows that ask. */
static int build_aggregate(struct plan *plan, int *node, const struct expr_node *expr, struct err *err)
{
    static const enum plan_op ops[] = {[EXPR_COUNT] = PLAN_COUNT, [EXPR_COUNT_DISTINCT] = PLAN_DISTINCT,
                                       [EXPR_MIN] = PLAN_MIN,     [EXPR_MAX] = PLAN_MAX,
                                       [EXPR_SUM] = PLAN_SUM};
    struct plan_node made = {.op = ops[expr->op], .table = expr->target, .source = expr->source,
                             .right = PLAN_NO_NODE};
    int rc, at;

    rc = expr->left == NULL ? plan_all(plan, &made.left, expr->source, err)
                            : build(plan, &made.left, expr->left, true, err);
    if (rc == 0 && made.op != PLAN_COUNT) {
        rc = add_column(plan, &made.right, expr->source, expr->column, err);
    }
    if (rc != 0 || (rc = add(plan, &at, &made, err)) != 0) {
        return rc;
    }
    return lower_value(plan, node, at, expr->table,
                       made.op == PLAN_MIN || made.op == PLAN_MAX ? VALUE_NULL : 0, err);
}

static int build_truth(struct plan *plan, int *node, const struct expr_node *expr, struct err *err)
{
    struct plan_node truth = {.op = PLAN_TRUTH, .table = expr->table, .source = SCHEMA_NONE};
    int rc;

    if ((rc = build(plan, &truth.left, expr, true, err)) != 0 ||
        (rc = build(plan, &truth.right, expr, false, err)) != 0) {
        return rc;
    }
    return add(plan, node, &truth, err);
}

int plan_value(struct plan *plan, int *node, const struct expr_node *expr, struct err *err)
{
    int rc, column;

    if (expr->is_outer || expr->is_correlated || expr->is_by_person) {
        return err_set(err, ERR_INTERNAL, "an expression that cannot be planned");
    }
    switch (expr->op) {
    case EXPR_NUMBER:
        return add_number(plan, node, expr->table, expr->number, err);
    case EXPR_COLUMN:
        if ((rc = add_column(plan, &column, expr->source, expr->column, err)) != 0) {
            return rc;
        }
        return lower_value(plan, node, column, expr->table, VALUE_NULL, err);
    case EXPR_ADD:
    case EXPR_SUB:
    case EXPR_DAYS:
    case EXPR_MONTHS:
        return build_sum(plan, node, expr, err);
    case EXPR_MINUTES:
        return build_minutes(plan, node, expr, err);
    case EXPR_COUNT:
    case EXPR_COUNT_DISTINCT:
    case EXPR_MIN:
    case EXPR_MAX:
    case EXPR_SUM:
        return build_aggregate(plan, node, expr, err);
    case EXPR_STRING:
        return err_set(err, ERR_INTERNAL, "a text has no value of its own");
    default:
        return build_truth(plan, node, expr, err);
    }
}

/* ---- ranges ---- */

static int add_range(struct plan *plan, struct plan_node *node, int64_t first, int64_t last, struct err *err)
{
    if (first > last) {
        return 0;
    }
    if (node->num_ranges > 0 && plan->ranges[plan->num_ranges - 1].last >= first - 1) { /* touches the one before */
        if (plan->ranges[plan->num_ranges - 1].last < last) {
            plan->ranges[plan->num_ranges - 1].last = last;
        }
        return 0;
    }
    if (plan->num_ranges == plan->max_ranges) {
        uint32_t max = plan->max_ranges == 0 ? 64 : plan->max_ranges * 2;
        struct plan_range *ranges = realloc(plan->ranges, max * sizeof *ranges);
        if (ranges == NULL) {
            return no_memory(err);
        }
        plan->ranges = ranges;
        plan->max_ranges = max;
    }
    plan->ranges[plan->num_ranges++] = (struct plan_range){first, last};
    node->num_ranges++;
    return 0;
}

static int by_first(const void *a, const void *b)
{
    const struct plan_range *x = a, *y = b;

    return (x->first > y->first) - (x->first < y->first);
}

/* Give the node the ranges of `list`, or, if they are not `wanted`, all between `least` and `greatest` but them. Sorts
 * the list. */
static int take_ranges(struct plan *plan, struct plan_node *node, struct plan_range *list, size_t num, bool wanted,
                       int64_t least, int64_t greatest, struct err *err)
{
    int64_t next = least;
    bool is_full = false;
    int rc = 0;

    qsort(list, num, sizeof *list, by_first);
    node->first_range = plan->num_ranges;
    for (size_t i = 0; rc == 0 && i < num; i++) {
        if (wanted) {
            rc = add_range(plan, node, list[i].first, list[i].last, err);
        } else if (!is_full) {
            rc = list[i].first > next ? add_range(plan, node, next, list[i].first - 1, err) : 0;
            is_full |= list[i].last >= greatest;
            next = list[i].last >= next && !is_full ? list[i].last + 1 : next;
        }
    }
    return rc == 0 && !wanted && !is_full ? add_range(plan, node, next, greatest, err) : rc;
}

/* The values of `value` lie in the ranges of the list, or known not to. */
static int within(struct plan *plan, int *node, int value, struct plan_range *list, size_t num, bool wanted,
                  struct err *err)
{
    const struct plan_node *held = &plan->nodes[value];
    int table = held->table;
    /* decided where the value stands, then brought down: that is fewer rows */
    bool is_above = held->op == PLAN_OF_ABOVE && held->number == VALUE_NULL;
    struct plan_node made = {.op = PLAN_WITHIN, .table = is_above ? held->source : table, .source = SCHEMA_NONE,
                             .left = is_above ? held->left : value, .right = PLAN_NO_NODE};
    int at, rc;

    if ((rc = take_ranges(plan, &made, list, num, wanted, LEAST, GREATEST, err)) != 0) {
        return rc;
    }
    if (made.num_ranges == 0) {
        return add_simple(plan, node, PLAN_NONE, table, err);
    }
    if ((rc = add(plan, &at, &made, err)) != 0) {
        return rc;
    }
    return lower(plan, node, at, table, err);
}

int plan_within(struct plan *plan, int *node, int table, int source, int column, int64_t first, int64_t last,
                struct err *err)
{
    struct plan_range range = {first, last};
    int at, rc;

    if ((rc = add_column(plan, &at, source, column, err)) != 0 ||
        (rc = lower_value(plan, &at, at, table, VALUE_NULL, err)) != 0) {
        return rc;
    }
    return within(plan, node, at, &range, 1, true, err);
}

/* ---- comparisons ---- */

static enum expr_op mirrored(enum expr_op op)
{
    return op == EXPR_LT ? EXPR_GT : op == EXPR_LE ? EXPR_GE : op == EXPR_GT ? EXPR_LT : op == EXPR_GE ? EXPR_LE : op;
}

static struct plan_range range_of(enum expr_op op, int64_t number)
{
    switch (op) {
    case EXPR_LT:
        return (struct plan_range){LEAST, number - 1};
    case EXPR_LE:
        return (struct plan_range){LEAST, number};
    case EXPR_GT:
        return (struct plan_range){number + 1, GREATEST};
    case EXPR_GE:
        return (struct plan_range){number, GREATEST};
    default:
        return (struct plan_range){number, number};
    }
}

static int build_comparison(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    const struct expr_node *left = expr->left, *right = expr->right;
    enum expr_op op = expr->op;
    struct plan_range range;
    int value, rc;

    if (left->op == EXPR_NUMBER) {
        left = expr->right;
        right = expr->left;
        op = mirrored(op);
    }
    if (right->op == EXPR_NUMBER) {
        rc = plan_value(plan, &value, left, err);
        range = range_of(op, right->number);
    } else {
        struct expr_node difference = {.op = EXPR_SUB, .table = expr->table, .left = left, .right = right};
        rc = build_sum(plan, &value, &difference, err);
        range = range_of(op, 0);
    }
    return rc != 0 ? rc : within(plan, node, value, &range, 1, wanted == (op != EXPR_NE), err);
}

static size_t list_length(const struct expr_node *item)
{
    size_t num = 0;

    for (; item != NULL; item = item->next) {
        num++;
    }
    return num;
}

static int build_in(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    size_t num = list_length(expr->right);
    struct plan_range *list = calloc(num, sizeof *list);
    int value, rc;

    if (list == NULL) {
        return no_memory(err);
    }
    num = 0;
    for (const struct expr_node *item = expr->right; item != NULL; item = item->next) {
        list[num++] = (struct plan_range){item->number, item->number};
    }
    if ((rc = plan_value(plan, &value, expr->left, err)) == 0) {
        rc = within(plan, node, value, list, num, wanted, err);
    }
    free(list);
    return rc;
}

/* ---- strings ---- */

/* Sets are ranges of codes in upper case, as some columns hold them. */
static bool must_look_at_all(const struct expr_node *expr)
{
    return expr->op == EXPR_CONTAINS ||
           (expr->op == EXPR_IN_SET &&
            !schema_table(expr->left->source)->columns[expr->left->column].upper);
}

/* The ranks of the strings that the expression asks for. */
static size_t ranks_of(struct plan_range *list, const struct dictionary *dictionary, const struct expr_node *expr)
{
    size_t num = 0;

    if (must_look_at_all(expr)) {
        for (uint32_t rank = 0; rank < dictionary->num; rank++) {
            size_t len;
            const char *text = dictionary_text(dictionary, dictionary->order[rank], &len);
            if (expr->op == EXPR_IN_SET ? code_set_has(expr->set, text, len)
                                        : memmem(text, len, expr->string, strlen(expr->string)) != NULL) {
                list[num++] = (struct plan_range){rank, rank};
            }
        }
        return num;
    }
    for (size_t i = 0; expr->op == EXPR_IN_SET && i < expr->set->num_ranges; i++) {
        const struct code_range *range = &expr->set->ranges[i];
        list[num++] = (struct plan_range){dictionary_from(dictionary, range->lo, strlen(range->lo)),
                                          (int64_t)dictionary_from(dictionary, range->hi, strlen(range->hi)) - 1};
    }
    for (const struct expr_node *item = expr->right; item != NULL; item = item->next) {
        uint32_t number = dictionary_find(dictionary, item->string, strlen(item->string));
        if (number != DICTIONARY_NONE) {
            list[num++] = (struct plan_range){dictionary->rank[number], dictionary->rank[number]};
        }
    }
    return num;
}

static int build_strings(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    const struct expr_node *column = expr->left;
    const struct dictionary *dictionary = plan->dictionary(plan->user, column->source, column->column);
    struct plan_node made = {.op = PLAN_STRINGS, .table = column->source, .source = SCHEMA_NONE,
                             .right = PLAN_NO_NODE};
    struct plan_range *list;
    int at, rc;

    if (dictionary == NULL || dictionary->num == 0) {
        return add_simple(plan, node, PLAN_NONE, expr->table, err);
    }
    list = calloc(must_look_at_all(expr)      ? dictionary->num
                  : expr->op == EXPR_IN_SET ? expr->set->num_ranges + 1
                                            : list_length(expr->right),
                  sizeof *list);
    if (list == NULL) {
        return no_memory(err);
    }
    rc = take_ranges(plan, &made, list, ranks_of(list, dictionary, expr), wanted == (expr->op != EXPR_NE), 0,
                     (int64_t)dictionary->num - 1, err);
    free(list);
    if (rc != 0) {
        return rc;
    }
    if (made.num_ranges == 0) {
        return add_simple(plan, node, PLAN_NONE, expr->table, err);
    }
    if ((rc = add_column(plan, &made.left, column->source, column->column, err)) != 0 ||
        (rc = add(plan, &at, &made, err)) != 0) {
        return rc;
    }
    return lower(plan, node, at, expr->table, err);
}

/* ---- the rest ---- */

static int build_missing(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    int value, absent, rc;

    if ((rc = plan_value(plan, &value, expr->left, err)) != 0 ||
        (rc = add(plan, &absent,
                  &(struct plan_node){.op = PLAN_ABSENT, .table = expr->table, .source = SCHEMA_NONE,
                                      .left = value, .right = PLAN_NO_NODE},
                  err)) != 0) {
        return rc;
    }
    *node = absent;
    return wanted ? 0 : plan_not(plan, node, absent, err);
}

static int build_exists(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    struct plan_node made = {.op = PLAN_EXISTS, .table = expr->target, .source = expr->source,
                             .right = PLAN_NO_NODE};
    int at, rc;

    rc = expr->left == NULL ? plan_all(plan, &made.left, expr->source, err)
                            : build(plan, &made.left, expr->left, true, err);
    if (rc != 0 || (rc = add(plan, &at, &made, err)) != 0 ||
        (rc = lower(plan, &at, at, expr->table, err)) != 0) {
        return rc;
    }
    *node = at;
    return wanted ? 0 : plan_not(plan, node, at, err); /* a row without the one above has none either */
}

static int build_both(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    int left, right, rc;

    if ((rc = build(plan, &left, expr->left, wanted, err)) != 0 ||
        (rc = build(plan, &right, expr->right, wanted, err)) != 0) {
        return rc;
    }
    return combine(plan, node, (expr->op == EXPR_AND) == wanted ? PLAN_AND : PLAN_OR, left, right, err);
}

/* A column of truth values, or true and false themselves. */
static int build_is(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    struct plan_range range = {wanted, wanted};
    int value, rc;

    if (expr->op == EXPR_NUMBER) {
        return add_simple(plan, node, (expr->number != 0) == wanted ? PLAN_ALL : PLAN_NONE, expr->table, err);
    }
    if ((rc = plan_value(plan, &value, expr, err)) != 0) {
        return rc;
    }
    return within(plan, node, value, &range, 1, true, err);
}

static int build(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    switch (expr->op) {
    case EXPR_AND:
    case EXPR_OR:
        return build_both(plan, node, expr, wanted, err);
    case EXPR_NOT:
        return build(plan, node, expr->left, !wanted, err);
    case EXPR_EQ:
    case EXPR_NE:
        return expr->right->op == EXPR_STRING ? build_strings(plan, node, expr, wanted, err)
                                              : build_comparison(plan, node, expr, wanted, err);
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return build_comparison(plan, node, expr, wanted, err);
    case EXPR_IN:
        return expr->right->op == EXPR_STRING ? build_strings(plan, node, expr, wanted, err)
                                              : build_in(plan, node, expr, wanted, err);
    case EXPR_CONTAINS:
    case EXPR_IN_SET:
        return build_strings(plan, node, expr, wanted, err);
    case EXPR_IS_MISSING:
        return build_missing(plan, node, expr, wanted, err);
    case EXPR_EXISTS:
        return build_exists(plan, node, expr, wanted, err);
    default:
        return build_is(plan, node, expr, wanted, err);
    }
}

int plan_condition(struct plan *plan, int *node, const struct expr_node *expr, bool wanted, struct err *err)
{
    return build(plan, node, expr, wanted, err);
}
