/* rational.c - elimination row by row. */
#include "tests/property/rational.h"

#include <stdlib.h>

void row_space_init(struct row_space *space, int max_rows, int num_columns)
{
    *space = (struct row_space){.max_rows = max_rows, .num_columns = num_columns};
    space->entries = calloc((size_t)(max_rows + 1) * (size_t)num_columns + 1, sizeof *space->entries);
    space->pivots = calloc((size_t)max_rows + 1, sizeof *space->pivots);
    if (!space->entries || !space->pivots)
        abort();
    for (int i = 0; i < (max_rows + 1) * num_columns; i++)
        mpq_init(space->entries[i]);
}

/* The row after the last is for the one that is looked at. */
static mpq_t *row_at(const struct row_space *space, int row)
{
    return space->entries + row * space->num_columns;
}

/* Reduce the row by all others; returns its first column that is not 0, or -1. */
static int reduce(const struct row_space *space, const int *row)
{
    mpq_t *work = row_at(space, space->num_rows), factor, product;
    int first = -1;

    mpq_inits(factor, product, NULL);
    for (int c = 0; c < space->num_columns; c++)
        mpq_set_si(work[c], row[c], 1);
    for (int r = 0; r < space->num_rows; r++) {
        mpq_t *known = row_at(space, r);

        if (mpq_sgn(work[space->pivots[r]]) == 0)
            continue;
        mpq_set(factor, work[space->pivots[r]]);
        for (int c = 0; c < space->num_columns; c++) {
            if (mpq_sgn(known[c]) != 0) {
                mpq_mul(product, factor, known[c]);
                mpq_sub(work[c], work[c], product);
            }
        }
    }
    for (int c = 0; c < space->num_columns && first < 0; c++)
        first = mpq_sgn(work[c]) != 0 ? c : -1;
    mpq_clears(factor, product, NULL);
    return first;
}

bool row_space_add(struct row_space *space, const int *row)
{
    int pivot = reduce(space, row);
    mpq_t *work = row_at(space, space->num_rows), leading;

    if (pivot < 0)
        return false;
    if (space->num_rows == space->max_rows)
        abort();
    mpq_init(leading);
    mpq_set(leading, work[pivot]);
    for (int c = 0; c < space->num_columns; c++)
        mpq_div(work[c], work[c], leading);
    mpq_clear(leading);
    space->pivots[space->num_rows++] = pivot;
    return true;
}

bool row_space_has(const struct row_space *space, const int *row)
{
    return reduce(space, row) < 0;
}

void row_space_clear(struct row_space *space)
{
    for (int i = 0; i < (space->max_rows + 1) * space->num_columns; i++)
        mpq_clear(space->entries[i]);
    free(space->entries);
    free(space->pivots);
    *space = (struct row_space){0};
}
