/* pattern_revised.c - the lines between a revision and the task before it. */
#include "audit/pattern_revised.h"

#include <stdlib.h>
#include <string.h>

#include "audit/view_internal.h"

#define NO_CELL (-1)

/* A revision and the task before it. */
struct step {
    struct pattern *pattern;
    const struct pattern_layer *newer, *older;
    bool is_past; /* the newer one was published too */
};

static size_t at(const struct view *view, int area, int series)
{
    return (size_t)area * (size_t)view->task->num_series + (size_t)series;
}

/* ---- cells that are what they were ---- */

static void copy_cell(const struct step *step, int to, int from)
{
    struct suppress_cell *cell = &step->pattern->cells[to];
    const struct suppress_cell *before = &step->pattern->cells[from];

    cell->state = before->state;
    cell->hidden = before->hidden;
    cell->suppressed = before->suppressed;
    cell->fixed = true;
}

static void keep_cells(const struct step *step)
{
    const struct view *view = step->newer->view;

    for (int area = 0; area < view->roster->num_areas; area++) {
        for (int c = 0; c < view->task->num_cells; c++) {
            if (view->stands[area] || view->is_same[at(view, area, view->task->cells[c].series)]) {
                copy_cell(step, pattern_total(step->newer, area, c), pattern_total(step->older, area, c));
            }
            if (view->stands[area]) {
                copy_cell(step, pattern_block(step->newer, area, c), pattern_block(step->older, area, c));
            }
        }
    }
}

/* ---- lines ---- */

/* The cell of what an open area holds beyond the open areas below it. */
static int own_cell(const struct pattern_layer *layer, int area, int series, int cell)
{
    return layer->view->has_own_block[at(layer->view, area, series)] ? pattern_block(layer, area, cell)
           : view_has_open_below(layer->view, area, series)          ? NO_CELL
                                                                     : pattern_total(layer, area, cell);
}

/* `is_within` marks the areas whose blocks before lie in this one. */
static void add_block_line(const struct step *step, int area, int cell, const bool *is_within, int joined)
{
    int series = step->newer->view->task->cells[cell].series;
    int parent = own_cell(step->newer, area, series, cell);
    bool begun = false;

    for (int i = 0; parent != NO_CELL && i < step->older->view->roster->num_areas; i++) {
        int child = is_within[i] ? own_cell(step->older, i, series, cell) : NO_CELL;
        if (child == NO_CELL) {
            continue;
        }
        if (!begun) {
            pattern_begin_line(step->pattern, parent, PATTERN_ALL);
            begun = true;
        }
        pattern_add_child(step->pattern, child);
    }
    if (begun && joined != NO_CELL) {
        pattern_add_child(step->pattern, joined);
    }
}

/* What new sites bring into the block: one row of cells for the area, those of this series filled in. */
static void fill_joined(const struct step *step, int area, int series, int row, const uint64_t *zeros)
{
    const struct view *view = step->newer->view;
    const struct task_series *s = &view->task->series[series];
    const Weft__V1__States *states =
        step->newer->use_states[area] ? (const Weft__V1__States *)view->states[area].body : NULL;
    bool is_known = states != NULL && view_block_kept_border(view, area, series);

    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        struct suppress_cell *cell = &step->pattern->cells[row + c];
        cell->state = is_known ? states->delta.data[c] : task_cell_state(view->task, c, zeros);
        cell->hidden = !is_known;
        cell->free = true;
        cell->weight = (uint32_t)view_num_frozen(view, area);
        cell->exempt = view->task->cells[c].is_exempt;
        cell->fixed = cell->suppressed = step->is_past;
    }
}

static void mark_within(const struct step *step, int area, int series, bool *is_within)
{
    const struct view *newer = step->newer->view, *older = step->older->view;

    for (int i = 0; i < older->roster->num_areas; i++) {
        int above = i;
        while (above != NONE && !newer->is_open[at(newer, above, series)]) {
            above = newer->roster->areas[above].parent;
        }
        is_within[i] = older->is_open[at(older, i, series)] && above == area;
    }
}

static void add_series_lines(const struct step *step, int area, int series, int row, bool *is_within,
                             const uint64_t *zeros)
{
    const struct view *view = step->newer->view;
    const struct task_series *s = &view->task->series[series];
    bool has_joined = view_block_has_joined(view, area, series);
    bool is_same = view_series_changed(view, area, series) == 0;

    mark_within(step, area, series, is_within);
    if (has_joined) {
        fill_joined(step, area, series, row, zeros);
    }
    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        if (is_same || has_joined) {
            add_block_line(step, area, c, is_within, has_joined ? row + c : NO_CELL);
        }
        if (view->is_same[at(view, area, series)] && view_has_open_below(view, area, series)) {
            pattern_begin_line(step->pattern, pattern_total(step->newer, area, c), PATTERN_ALL);
            pattern_add_child(step->pattern, pattern_total(step->older, area, c));
        }
    }
}

static bool has_any_joined(const struct view *view, int area)
{
    for (int s = 0; s < view->task->num_series; s++) {
        if (view_block_has_joined(view, area, s)) {
            return true;
        }
    }
    return false;
}

static int add_area_lines(const struct step *step, int area, bool *is_within, const uint64_t *zeros,
                          struct err *err)
{
    const struct view *view = step->newer->view;
    int row = NO_CELL, rc;

    if (has_any_joined(view, area) && (rc = pattern_add_row(step->pattern, &row, err)) != 0) {
        return rc;
    }
    for (int s = 0; s < view->task->num_series; s++) {
        if (view->is_open[at(view, area, s)]) {
            add_series_lines(step, area, s, row, is_within, zeros);
        }
    }
    return 0;
}

int pattern_add_revision(struct pattern *pattern, const struct pattern_layer *newer,
                         const struct pattern_layer *older, bool is_past, struct err *err)
{
    const struct step step = {pattern, newer, older, is_past};
    const struct view *view = newer->view;
    bool *is_within = calloc((size_t)view->roster->num_areas, sizeof *is_within);
    uint64_t *zeros = calloc((size_t)view->task->num_slots, sizeof *zeros);
    int rc = is_within == NULL || zeros == NULL ? err_set(err, ERR_NO_MEMORY, "pattern") : 0;

    if (rc == 0) {
        keep_cells(&step);
    }
    for (int area = 0; rc == 0 && area < view->roster->num_areas; area++) {
        rc = add_area_lines(&step, area, is_within, zeros, err);
    }
    free(is_within);
    free(zeros);
    return rc;
}
