/* equations.h - what an outsider knows of hidden cells, as sparse linear equations over their components.
 *
 * An unknown is a component (cell * CELL_COMPONENTS + component) that is or may become hidden. Where a cell has
 * all three components, its count is the sum of the other two and no unknown of its own, so what one line tells
 * of the count and another of the numerator is combined. Known for certain, and left out: components that are
 * absent or zero, cells that are exempt, and fixed ones that are shown. */
#ifndef AUDIT_EQUATIONS_H
#define AUDIT_EQUATIONS_H

#include "audit/suppress.h"

struct equation_term {
    int index; /* in a row: the unknown; in a column: the row */
    int coefficient;
};

/* Rows of terms, or columns: those of i are terms[starts[i]] to terms[starts[i + 1] - 1]. */
struct equation_lists {
    struct equation_term *terms;
    size_t *starts;
    int num;
};

struct equations {
    struct equation_lists rows;    /* the sum of a row's terms does not change, whatever the values are */
    struct equation_lists columns; /* by unknown */
};

bool equations_is_unknown(const struct suppress_table *table, int unknown);

WEFT_MUST_USE int equations_new(struct equations *equations, const struct suppress_table *table,
                                struct err *err);
void equations_clear(struct equations *equations);

#endif
