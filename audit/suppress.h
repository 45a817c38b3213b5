/* suppress.h - which cells of the released tables are hidden, so that no small count can be computed from
 * the rest.
 *
 * A *cell* is a unit of suppression in one area (base/task.h), judged by up to three components, each
 * absent, zero, small (1 to min_cell - 1) or large. A *line* says that in some components a parent is the
 * sum of its children: an area's total of its maximal released descendants and its rest block, a whole
 * series of its strata, a total of its bins. What is wanted:
 *
 *     primary     a cell with a small component is hidden
 *     per line    if any child is hidden, then the parent is too, or at least two children are, and what they
 *                 add up to is provably 0 or at least min_cell; a parent is not hidden alone
 *     altogether  no small component of a hidden cell follows from all lines taken together, nor does the sum
 *                 of two of them unless that is provably min_cell (by exact linear algebra, see nullspace.h:
 *                 the outcome does not rest on the heuristics that lead to it)
 *
 * Hiding only grows until this holds. It holds for components: a hidden cell's large component may become
 * known (say, a denominator that another series shows too) as long as something of the cell stays hidden.
 *
 * Value-free on purpose: the input is two bits a component. The collectors send these states up, never
 * values, so that a coordinator above learns no number that is later withheld; and everyone who holds the
 * signed states recomputes the same pattern. The price is some more hiding than exact values would need:
 * two hidden children with 3 and 4 patients count as "two small ones", which is not provably 5.
 *
 * Zero is not small: a true zero is shown, and hides nothing for others, so it is never taken as a
 * complement where it would not help. Not covered: ranges (from a shown sum and non-negativity an outsider
 * can bound a hidden count), and sums of three and more small cells that follow only from several lines
 * taken together.
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
    int num_unrepaired;                 /* lines that still tell something small: nothing was left to hide */
    int num_unsafe;                     /* cells that still can be computed, as suppress_check finds them */
};

/* Set `suppressed` where needed, never of fixed cells; clears none. Both counts of failures are 0 unless the states
 * contradict each other or public totals and fixed cells leave no way; what is then to do is the caller's (withhold the series). */
WEFT_MUST_USE int suppress_run(struct suppress_table *table, struct suppress_summary *summary,
                               struct err *err);

/* What the exact check finds of a cell. Bit i: component i is small and is shown or follows from what is
 * shown. Bit i + SUPPRESS_PAIRED_SHIFT: component i is small, so is that of another cell, and their sum
 * follows and is not provably min_cell. */
#define SUPPRESS_ALONE        ((1u << CELL_COMPONENTS) - 1)
#define SUPPRESS_PAIRED_SHIFT CELL_COMPONENTS

/* The exact check, of any pattern, whoever made it: `*num_unsafe` is how many cells have any finding;
 * `unsafe` (one a cell, or NULL) gets them. */
WEFT_MUST_USE int suppress_check(int *num_unsafe, uint8_t *unsafe, const struct suppress_table *table,
                                 struct err *err);
bool suppress_is_safe(const struct suppress_table *table); /* false also if memory runs out */

#endif
