/* others.h - numbers with some sums of them known: which other sums follow, and which other numbers would do. */
#ifndef TESTS_PROPERTY_OTHERS_H
#define TESTS_PROPERTY_OTHERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/property/sample.h"

#define OPENINGS_COLUMNS (SITES_MAX * 4)
#define OPENINGS_ROWS    (AREAS_MAX * 5)
#define OTHERS_COLUMNS   (MONTHS_MAX * AREAS_MAX * 4 * (BINS + 1))
#define OTHERS_ROWS      ((MONTHS_MAX + 1) * AREAS_MAX * 5 * (2 * (BINS + 1) + 1))

enum row_kind {
    ROW_SHOWN,
    ROW_HIDDEN,  /* everyone may know whether it is zero, and that it is at least 1 otherwise */
    ROW_UNHEARD, /* hidden since nothing was heard of it */
    ROW_REST,    /* not published itself, but what follows of it must not be small */
};

struct sum {
    int coefficients[OTHERS_COLUMNS];
    enum row_kind kind;
    int value;
    int area, cell;   /* for texts */
    uint32_t offsets; /* possible values found: bit 16 + i for value + i */
};

struct numbers {
    int values[OTHERS_COLUMNS];
    int num_columns;
    struct sum rows[OTHERS_ROWS];
    int num_rows;
    int min_cell;
};

void numbers_begin(struct numbers *numbers, int min_cell);
void numbers_add(struct numbers *numbers, const int *row, enum row_kind kind, int area, int cell);

/* Columns that occur in the same sums become one: after all rows are there. */
void numbers_merge(struct numbers *numbers);

/* The first small sum, not shown, that is a combination of shown ones; -1 if there is none. */
int numbers_find_determined(const struct numbers *numbers);
/* The first small sum, not shown, of which fewer than three possible values were found; -1 if there is none. */
int numbers_find_narrow(struct numbers *numbers);

#endif
