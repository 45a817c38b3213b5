/* suppress.h - which cells of the released tables are hidden, so that no small count can be computed from
 * the rest.
 *
 * A *cell* is a unit of suppression in one area (base/task.h), judged by up to three components, each
 * absent, zero, small (1 to min_cell - 1) or large. A *line* says that in some components a parent is the
 * sum of its children: an area's total of its maximal released descendants and its rest block, a whole
 * series of its strata, a total of its bins. What is wanted:
 *
 *     primary         a cell with a small component is hidden
 *     complementary   and so are others, until each small component of a hidden cell has a *move* (moves.h): a
 *                     change of hidden components that nobody could notice, twice over. So it has at least
 *                     three possible values for whoever knows everything that is published, all lines, and
 *                     which hidden counts are zero; and so has any sum of small components
 *
 * This holds for components: a hidden cell's large component may become known (say, a denominator that another
 * series shows too) as long as its small ones do not.
 *
 * Value-free on purpose: the input is two bits a component. The collectors send these states up, never
 * values, so that a coordinator above learns no number that is later withheld; and everyone who holds the
 * signed states recomputes the same pattern. The price is some more hiding than exact values would need:
 * two hidden children with 3 and 4 patients count as "two small ones", of which neither can lose two.
 *
 * Zero is not small: a true zero is shown, and hides nothing for others, so it is never taken as a
 * complement where it would not help. Not covered: how likely each of the possible values is, and upper bounds
 * of values (a slot's maximum times the hospitals) where these are below min_cell + 2.
 *
 * Pure functions: they allocate, and touch nothing else. The same input in the same order gives the same
 * pattern. */
#ifndef AUDIT_SUPPRESS_H
#define AUDIT_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/task.h"

#define SUPPRESS_PUBLIC (-1) /* as a line's parent: a total that is known to everyone */

/* A *fixed* cell was judged when it was published, or belongs to what was. Shown, it is known to everyone and no
 * longer asked about; hidden, its small components stay protected, and others are hidden for that.
 *
 * A cell of which nothing is known (its states did not come in time) is `hidden`: never shown, and each
 * component that its state calls present may be small or zero. Hide an area's total and its rest block
 * together. */
struct suppress_cell {
    uint8_t state;   /* packed as by task_cell_state */
    uint32_t weight; /* hospitals in it: complements are taken where there are few */
    uint32_t order;  /* then by this; distinct within a table */
    bool hidden;
    bool free;       /* a rest block: not shown itself, but follows from what is; the preferred complement */
    bool exempt;     /* counts hospitals: never suppressed, left out of all lines */
    bool fixed;      /* its fate is public already: `suppressed` stays as it is */
    bool suppressed; /* the answer; on entry what must be suppressed anyway */
    bool unsafe;     /* the answer, too: a small component of it has no move */
};

/* The state in which a component of a cell counts here. */
static inline Weft__V1__CellState suppress_state(const struct suppress_cell *cell, int component)
{
    Weft__V1__CellState state = cell_component_state(cell->state, component);

    if (cell->exempt || state == WEFT__V1__CELL_STATE__CELL_ABSENT)
        return WEFT__V1__CELL_STATE__CELL_ABSENT;
    return cell->hidden ? WEFT__V1__CELL_STATE__CELL_SMALL : state;
}

struct suppress_line {
    int parent; /* cell index, or SUPPRESS_PUBLIC */
    const int *children;
    int num_children;
    uint8_t components; /* bit i: the line holds for component i (enum cell_component) */
    bool implied;       /* follows from the other lines: need not be looked at */
};

struct suppress_table {
    struct suppress_cell *cells;
    int num_cells;
    const struct suppress_line *lines;
    int num_lines;
    unsigned min_cell;
};

struct suppress_summary {
    int num_primary, num_complementary; /* cells that are not fixed */
    int num_unsafe;                     /* cells of which a small component has no move */
};

/* Set `suppressed` where needed, never of fixed cells; clears none. No cell is unsafe unless the states contradict
 * each other or public totals and fixed cells leave no way; what is then to do is the caller's (withhold the
 * series). */
WEFT_MUST_USE int suppress_run(struct suppress_table *table, struct suppress_summary *summary,
                               struct err *err);

/* The same judgement of any pattern, whoever made it: `*num_unsafe` is how many cells have a small component that
 * is shown or has no move; `unsafe` (one a cell, or NULL) tells which, bit i for component i. */
WEFT_MUST_USE int suppress_check(int *num_unsafe, uint8_t *unsafe, const struct suppress_table *table,
                                 struct err *err);
bool suppress_is_safe(const struct suppress_table *table); /* false also if memory runs out */

#endif
