/* plan.h - conditions and values of a catalogue, compiled into one graph that is then run over each block of records.
 *
 * A condition is asked for in one of two ways: for which rows is it *known to be true*, or *known to be false*. Negations
 * are pushed down to the comparisons, as Kleene's logic allows (known true (not a) = known false a, known false (a and b)
 * = known false a or known false b, known true (a < 5) = a lies in [least, 4], known false = a lies in [5, greatest]),
 * and an absent value lies in no range. So at run time there are sets of rows, and no third truth value: absent is what
 * is in neither set.
 *
 * Equal parts are one node, so indicators share what they have in common. */
#ifndef NODE_RECORDS_PLAN_H
#define NODE_RECORDS_PLAN_H

#include "catalogue/expr.h"
#include "node/records/dictionary.h"

#define PLAN_NO_NODE (-1)

enum plan_op {
    /* sets of rows */
    PLAN_NONE,
    PLAN_ALL,
    PLAN_AND,    /* left, right */
    PLAN_OR,     /* left, right */
    PLAN_NOT,    /* all but left */
    PLAN_WITHIN, /* the values of left lie in one of the ranges */
    PLAN_STRINGS, /* the strings of left, a column, have ranks in one of the ranges */
    PLAN_ABSENT, /* left has no value */
    PLAN_EXISTS, /* rows to which a row of `source` in the set left belongs */
    PLAN_BELONGS, /* rows that belong to a row of `source` in the set left */
    /* values of rows */
    PLAN_NUMBER, /* `number` everywhere */
    PLAN_COLUMN,
    PLAN_OF_ABOVE, /* the value of left at the row of `source` to which the row belongs; `number` if to none */
    PLAN_TRUTH,    /* 1 in the set left, 0 in the set right */
    PLAN_ADD,
    PLAN_SUB,
    PLAN_DAYS,    /* calendar days from the time left to the time right, `number` minutes east of UTC */
    PLAN_MONTHS,  /* completed calendar months, the same */
    PLAN_MINUTES, /* of milliseconds, rounded down */
    PLAN_COUNT, /* of rows of `source` that belong to the row, in the set left */
    PLAN_MIN,   /* of the values right of them */
    PLAN_MAX,
    PLAN_SUM,
    PLAN_DISTINCT, /* how many different ones */
};

struct plan_range {
    int64_t first, last;
};

struct plan_node {
    enum plan_op op;
    int table; /* whose rows */
    int source;
    int column;
    int left, right; /* nodes that come before this one */
    int64_t number;
    uint32_t first_range, num_ranges; /* rising, not touching */
};

/* The dictionary of a column of strings; sorted; it stays as long as the plan is used. NULL: the column has no strings
 * yet. */
typedef const struct dictionary *plan_dictionary(void *user, int table, int column);

struct plan {
    struct plan_node *nodes;
    int num_nodes, max_nodes;
    struct plan_range *ranges;
    uint32_t num_ranges, max_ranges;
    int *slots; /* hash table of 1 + node; 0: free */
    int num_slots;
    plan_dictionary *dictionary;
    void *user;
};

/* Can it be planned? Not what compares rows of one group with each other (`outer`) or follows a person from stay to stay:
 * that is worked out row by row (node/vector.h). */
bool plan_can(const struct expr_node *expr);

void plan_init(struct plan *plan, plan_dictionary *dictionary, void *user);
void plan_clear(struct plan *plan);

/* The rows of expr->table for which the condition is known to be `wanted`. */
WEFT_MUST_USE int plan_condition(struct plan *plan, int *node, const struct expr_node *expr, bool wanted,
                                 struct err *err);
/* The value of a number, or of a condition as 0 and 1, of each row of expr->table. */
WEFT_MUST_USE int plan_value(struct plan *plan, int *node, const struct expr_node *expr, struct err *err);

/* Building blocks for whoever has more to ask than one expression. */
WEFT_MUST_USE int plan_all(struct plan *plan, int *node, int table, struct err *err);
WEFT_MUST_USE int plan_and(struct plan *plan, int *node, int left, int right, struct err *err);
WEFT_MUST_USE int plan_not(struct plan *plan, int *node, int left, struct err *err);
/* Rows of `table` whose own or ancestor's column lies in [first, last]. */
WEFT_MUST_USE int plan_within(struct plan *plan, int *node, int table, int source, int column, int64_t first,
                              int64_t last, struct err *err);

#endif
