/* suppress_oracle.h - tables with known values, and what an outsider can compute from a pattern: the naive
 * judge.
 *
 * Written with other means than audit/moves: every component of every suppressed cell is an
 * unknown of a dense system with right-hand sides, brought to reduced form over another prime. */
#ifndef UNIT_SUPPRESS_ORACLE_H
#define UNIT_SUPPRESS_ORACLE_H

#include "audit/suppress.h"
#include "release_random.h"

#define ORACLE_MAX_CELLS    50000
#define ORACLE_MAX_LINES    20000
#define ORACLE_MAX_CHILDREN 200000
#define ORACLE_MIN_CELL     5

/* A table under construction, with the numbers behind it. Large: keep it static. */
struct made_table {
    struct suppress_cell cells[ORACLE_MAX_CELLS];
    int values[ORACLE_MAX_CELLS][CELL_COMPONENTS];
    struct suppress_line lines[ORACLE_MAX_LINES];
    int children[ORACLE_MAX_CHILDREN];
    int num_children;
    int percent_hidden; /* of the areas that table_region makes: nothing came from them */
    struct suppress_table table;
};

/* Kinds of cells, by the components that they have. */
#define PROPORTION 7u
#define COUNT_ONLY 4u
#define RATE       1u

void table_begin(struct made_table *made);
/* A cell of `numerator` and `complement` (a count-only cell has their sum). Returns its index. */
int table_cell(struct made_table *made, unsigned kind, int numerator, int complement);
/* A cell that is the sum of others. */
int table_sum(struct made_table *made, unsigned kind, const int *cells, int num_cells);
void table_line(struct made_table *made, int parent, const int *children, int num_children,
                unsigned components);
/* A proportion cell with random numbers: often zero, often small. */
int table_random_cell(struct made_table *made, struct random *random);

/* An area with all below it, `fans[0]` children each with `fans[1]`... (0 ends), for a whole series and its
 * strata: lines for the tree and for the strata, with a rest block in every area that has children. `cells`
 * receives the area's 1 + num_strata cells. */
void table_region(struct made_table *made, struct random *random, const int *fans, int num_strata,
                  bool random_fans, int *cells);

/* For each cell the components, small in truth, that are shown or follow from what is shown; and, shifted by
 * CELL_COMPONENTS, those whose sum with that of another cell follows and is 1 to min_cell - 1. Asserts
 * that what follows is the truth. Returns how many cells have any of the first kind. */
int oracle_unsafe(uint8_t *unsafe, const struct made_table *made);

/* Under a known parent: does what the hidden children add up to lie between 1 and min_cell - 1 anywhere? */
bool oracle_shows_small_rest(const struct made_table *made);

#endif
