/* evaluate.h - from record tables to the vector that the hospital would report for one period. */
#ifndef NODE_EVALUATE_H
#define NODE_EVALUATE_H

#include "base/calendar.h"
#include "catalogue/catalogue.h"
#include "node/tables.h"

/* How an indicator's population came about; for the hospital's own screen.
 * rows = no_parent + outside + excluded + population. */
struct evaluation_steps {
    uint64_t rows;      /* of the table */
    uint64_t no_parent; /* their hospital stay is not among the records, so they belong to no period */
    uint64_t outside;   /* of the period */
    uint64_t excluded;  /* by the population's definition, its rules among it */
    uint64_t by_rule[CATALOGUE_MAX_RULES]; /* by each rule; a row counts for the first that takes it */
    uint64_t population;                   /* what is left: denominator and missing */
};

struct evaluation {
    uint64_t *values; /* by slot */
    size_t num_values;
    struct evaluation_steps *steps; /* by indicator */
    size_t num_steps;
};

/* All slots of the layout over the records whose anchor lies in the period. ERR_BOUND_TOO_SMALL when a value
 * exceeds its slot's maximum, ERR_VALUE_NOT_COUNTABLE when a record gives a negative value. */
WEFT_MUST_USE int evaluate(struct evaluation *out, const struct catalogue *catalogue,
                           const struct catalogue_layout *layout, struct tables *tables, int64_t begin_ms,
                           int64_t end_ms, struct err *err);
/* Harmless on {0}. */
void evaluation_clear(struct evaluation *evaluation);

/* "icu-mortality/75_up numerator"; writes at most out_len bytes. */
char *evaluate_slot_name(const struct catalogue_layout *layout, size_t slot, char *out, size_t out_len);

#endif
