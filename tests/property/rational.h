/* rational.h - the rows of a matrix of integers, and what is a combination of them, exactly. */
#ifndef TESTS_PROPERTY_RATIONAL_H
#define TESTS_PROPERTY_RATIONAL_H

#include <gmp.h>
#include <stdbool.h>

/* Rows in echelon form, over `num_columns` rationals each. */
struct row_space {
    mpq_t *entries;
    int *pivots; /* by row */
    int num_rows, max_rows, num_columns;
};

void row_space_init(struct row_space *space, int max_rows, int num_columns);
/* Returns whether the row adds to the space. */
bool row_space_add(struct row_space *space, const int *row);
bool row_space_has(const struct row_space *space, const int *row);
void row_space_clear(struct row_space *space);

#endif
