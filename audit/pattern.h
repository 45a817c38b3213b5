/* pattern.h - the table of cells and lines from which the suppression pattern is computed, in layers.
 *
 * A *layer* is the cells of one view: an area's total and its own block, for every area. Within a layer these
 * add up, and so must be hidden together (see suppress.h):
 *   - over the tree, per series: an area's cell is the sum of its maximal open descendants' cells and its own
 *     block's;
 *   - over strata, per area: the whole series' cell is the sum of its strata's;
 *   - over bins, per area: a distribution's bins and its missing count add up to the number of cases, which another
 *     indicator may show if it is not small (taken as known where any bin is large, and any shown). Of a sum of
 *     periods these are the only lines of its own: the others follow from its parts'.
 * Not taken as adding up: denominator and missing count of different indicators over the same cases. Whoever
 * compares denominators can compute how many records lacked a value (docs/threat-model.md); to hide that too,
 * every indicator with one incomplete record would have to go.
 *
 * What was published earlier and adds up with what is to be published now takes part as a further layer whose
 * cells are all *fixed*: they are as a signed pattern says, for good, and what is hidden there stays protected.
 * All layers have the same series and cells; rosters may differ. The caller then adds the lines across layers:
 *
 *     pattern_add_layer(&pattern, &own, err)     its own cells, nothing or a subtree fixed; the first one
 *     pattern_add_layer(&pattern, &month, err)   for each month: is_fixed all true, suppressed as published
 *     pattern_begin_line(&pattern, pattern_total(&own, area, cell), PATTERN_ALL)
 *     pattern_add_child(&pattern, pattern_total(&month, its_area, cell))     for each month
 *     pattern_run(&pattern, err)
 *
 * (two cells known to be equal: a line with one child). Layers must outlive the pattern. An area's own block is
 * never published: where it is fixed, it counts as hidden. */
#ifndef AUDIT_PATTERN_H
#define AUDIT_PATTERN_H

#include "audit/suppress.h"
#include "audit/view.h"

#define PATTERN_ALL   ((1u << CELL_COMPONENTS) - 1) /* components of a line */
#define PATTERN_COUNT (1u << CELL_COUNT)

struct pattern_layer {
    const struct view *view;
    const bool *use_states;    /* by area: its states count */
    const bool *takes_part;    /* by area: others count as not open; NULL: all take part */
    const bool *is_fixed;      /* by area; NULL: no area is */
    const uint8_t *suppressed; /* of fixed areas, by area * num_cells + cell: 1 hidden */
    int first_cell;            /* of the table; set by pattern_add_layer */
};

struct pattern {
    size_t num_cells, num_series; /* of the task: the same in all layers */
    struct pattern_layer **layers;
    size_t num_layers;
    struct suppress_cell *cells;
    size_t num_table_cells;
    struct suppress_line *lines;
    int *children; /* one pool, cut into the lines' lists */
    size_t num_lines, max_lines, num_children, max_children;
    bool failed; /* memory ran out: pattern_run says so */
};

/* Cells of the table: totals of the layer's areas, then as many own blocks. */
int pattern_total(const struct pattern_layer *layer, int area, int cell);
int pattern_block(const struct pattern_layer *layer, int area, int cell);

/* Starts as {0}. Adds the layer's cells and the lines within it. */
WEFT_MUST_USE int pattern_add_layer(struct pattern *pattern, struct pattern_layer *layer, struct err *err);

/* Adds a row of num_cells cells that stand in no layer, one for each cell of the task, absent until the caller fills
 * them; *first is its first cell. Between layers or after them. */
WEFT_MUST_USE int pattern_add_row(struct pattern *pattern, int *first, struct err *err);

void pattern_begin_line(struct pattern *pattern, int parent, unsigned components);
void pattern_add_child(struct pattern *pattern, int cell);

/* Decide `suppressed` of all cells that are not fixed. Where hiding cells cannot make a small one safe, its indicator
 * goes in its area and all above it, then its series everywhere, then its indicator. */
WEFT_MUST_USE int pattern_run(struct pattern *pattern, struct err *err);

/* Is the cell of the area's total hidden (facts never are)? After pattern_run. */
bool pattern_is_hidden(const struct pattern *pattern, const struct pattern_layer *layer, int area, int cell);

void pattern_clear(struct pattern *pattern);

#endif
