/* pattern.c - cells from states, lines from the tree and the series, then the engine. */
#include "audit/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "audit/view_internal.h"

static bool takes_part(const struct pattern_layer *layer, int area)
{
    return layer->takes_part == NULL || layer->takes_part[area];
}

static bool is_open(const struct pattern_layer *layer, int area, int series)
{
    const struct view *view = layer->view;

    return takes_part(layer, area) &&
           view->is_open[(size_t)area * (size_t)view->task->num_series + (size_t)series];
}

static bool has_own_block(const struct pattern_layer *layer, int area, int series)
{
    const struct view *view = layer->view;

    return takes_part(layer, area) &&
           view->has_own_block[(size_t)area * (size_t)view->task->num_series + (size_t)series];
}

int pattern_total(const struct pattern_layer *layer, int area, int cell)
{
    return layer->first_cell + area * layer->view->task->num_cells + cell;
}

int pattern_block(const struct pattern_layer *layer, int area, int cell)
{
    return pattern_total(layer, layer->view->roster->num_areas + area, cell);
}

/* ---- cells ---- */

static const Weft__V1__States *states_of(const struct pattern_layer *layer, int area)
{
    return layer->use_states[area] ? (const Weft__V1__States *)layer->view->states[area].body : NULL;
}

/* `unknown` says which components the cell has. */
static void fill_total(struct suppress_cell *total, const struct pattern_layer *layer, int area, int cell,
                       uint8_t unknown)
{
    const struct task *task = layer->view->task;
    const Weft__V1__States *states = states_of(layer, area);

    total->hidden = !is_open(layer, area, task->cells[cell].series) || states == NULL;
    total->state = total->hidden ? unknown : states->total.data[cell];
    total->fixed = layer->is_fixed != NULL && layer->is_fixed[area];
    total->suppressed = total->fixed && (total->hidden || layer->suppressed[area * task->num_cells + cell]);
}

static void fill_block(struct suppress_cell *block, const struct pattern_layer *layer, int area, int cell,
                       uint8_t unknown)
{
    const Weft__V1__States *states = states_of(layer, area);
    bool is_there = has_own_block(layer, area, layer->view->task->cells[cell].series);

    block->free = true;
    block->hidden = states == NULL;
    block->state = !is_there ? 0 : block->hidden ? unknown : states->block.data[cell];
    block->fixed = block->suppressed = layer->is_fixed != NULL && layer->is_fixed[area];
}

static int fill_cells(struct pattern *pattern, const struct pattern_layer *layer, struct err *err)
{
    const struct task *task = layer->view->task;
    uint64_t *zeros = calloc((size_t)task->num_slots, sizeof *zeros);

    if (zeros == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    for (int area = 0; area < layer->view->roster->num_areas; area++) {
        uint32_t weight = (uint32_t)view_num_frozen(layer->view, area);

        for (int c = 0; c < task->num_cells; c++) {
            int total = pattern_total(layer, area, c), block = pattern_block(layer, area, c);
            uint8_t unknown = task_cell_state(task, c, zeros);

            pattern->cells[total] = (struct suppress_cell){
                .weight = weight, .order = UINT32_MAX - (uint32_t)total, .exempt = task->cells[c].is_exempt};
            pattern->cells[block] = (struct suppress_cell){
                .weight = weight, .order = UINT32_MAX - (uint32_t)block, .exempt = task->cells[c].is_exempt};
            fill_total(&pattern->cells[total], layer, area, c, unknown);
            fill_block(&pattern->cells[block], layer, area, c, unknown);
        }
    }
    free(zeros);
    return 0;
}

/* ---- lines ---- */

void pattern_begin_line(struct pattern *pattern, int parent, unsigned components)
{
    if (pattern->num_lines == pattern->max_lines) {
        size_t max = 2 * pattern->max_lines + 64;
        struct suppress_line *grown = realloc(pattern->lines, max * sizeof *grown);
        if (grown == NULL) {
            pattern->failed = true;
            return;
        }
        pattern->lines = grown;
        pattern->max_lines = max;
    }
    pattern->lines[pattern->num_lines++] =
        (struct suppress_line){.parent = parent, .components = (uint8_t)components};
}

void pattern_add_child(struct pattern *pattern, int cell)
{
    if (pattern->num_children == pattern->max_children) {
        size_t max = 2 * pattern->max_children + 256;
        int *grown = realloc(pattern->children, max * sizeof *grown);
        if (grown == NULL) {
            pattern->failed = true;
            return;
        }
        pattern->children = grown;
        pattern->max_children = max;
    }
    if (!pattern->failed) {
        pattern->children[pattern->num_children++] = cell;
        pattern->lines[pattern->num_lines - 1].num_children++;
    }
}

/* Is `area` a maximal open descendant of `above`? */
static bool is_next_below(const struct pattern_layer *layer, int area, int above, int series)
{
    int up = view_parent(layer->view, area);

    while (up != NONE && up != above && !is_open(layer, up, series)) {
        up = view_parent(layer->view, up);
    }
    return up == above && is_open(layer, area, series);
}

static void add_tree_lines(struct pattern *pattern, const struct pattern_layer *layer, int area, int series)
{
    const struct view *view = layer->view;
    const struct task_series *s = &view->task->series[series];

    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        bool begun = false;
        for (int below = 0; below < layer->view->roster->num_areas; below++) {
            if (is_next_below(layer, below, area, series)) {
                if (!begun) {
                    pattern_begin_line(pattern, pattern_total(layer, area, c), PATTERN_ALL);
                    begun = true;
                }
                pattern_add_child(pattern, pattern_total(layer, below, c));
            }
        }
        if (begun && has_own_block(layer, area, series)) {
            pattern_add_child(pattern, pattern_block(layer, area, c));
        }
    }
}

/* Are the same areas open for both series just below `above`, and is there the same rest block? */
static bool adds_up_alike(const struct pattern_layer *layer, int above, int a, int b)
{
    if (!is_open(layer, above, b) || has_own_block(layer, above, a) != has_own_block(layer, above, b)) {
        return false;
    }
    for (int below = 0; below < layer->view->roster->num_areas; below++) {
        if (is_next_below(layer, below, above, a) != is_next_below(layer, below, above, b)) {
            return false;
        }
    }
    return true;
}

static bool has_open_below(const struct pattern_layer *layer, int above, int series)
{
    for (int below = 0; below < layer->view->roster->num_areas; below++) {
        if (is_next_below(layer, below, above, series)) {
            return true;
        }
    }
    return false;
}

typedef int (*cell_getter)(const struct pattern_layer *layer, int area, int cell);

static void add_strata_line(struct pattern *pattern, const struct pattern_layer *layer, cell_getter cell_of,
                            int area, int series, int end, int cell)
{
    const struct task_series *all = layer->view->task->series;

    pattern_begin_line(pattern, cell_of(layer, area, all[series].first_cell + cell), PATTERN_ALL);
    for (int s = series + 1; s < end; s++) {
        pattern_add_child(pattern, cell_of(layer, area, all[s].first_cell + cell));
    }
}

/* `series` is whole; its strata follow it. Where the areas below and the rest block have such lines too, and add up
 * alike for all strata, the area's own follows from theirs. */
static void add_strata_lines(struct pattern *pattern, const struct pattern_layer *layer, int area, int series)
{
    const struct task *task = layer->view->task;
    const struct task_series *all = task->series;
    int end = series + 1;
    bool implied;

    while (end < task->num_series && strcmp(all[end].wire->indicator, all[series].wire->indicator) == 0) {
        end++;
    }
    implied = has_open_below(layer, area, series);
    for (int i = series + 1; i < end; i++) {
        implied = implied && adds_up_alike(layer, area, series, i);
    }
    for (int i = 0; end > series + 1 && i < all[series].num_cells; i++) {
        if (implied && has_own_block(layer, area, series)) {
            add_strata_line(pattern, layer, pattern_block, area, series, end, i);
        }
        add_strata_line(pattern, layer, pattern_total, area, series, end, i);
        if (implied && !pattern->failed) {
            pattern->lines[pattern->num_lines - 1].implied = true;
        }
    }
}

static bool has_large_cell(const struct pattern *pattern, const struct pattern_layer *layer, int area,
                           const struct task_series *s)
{
    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        if (suppress_state(&pattern->cells[pattern_total(layer, area, c)], CELL_COUNT) ==
            WEFT__V1__CELL_STATE__CELL_LARGE) {
            return true;
        }
    }
    return false;
}

/* A distribution's bins and its missing count add up to the number of cases. Where that is certainly not small, another
 * indicator may show it. */
static void add_bins_line(struct pattern *pattern, const struct pattern_layer *layer, int area, int series)
{
    const struct task_series *s = &layer->view->task->series[series];

    if (s->wire->kind != WEFT__V1__KIND__KIND_DISTRIBUTION || !has_large_cell(pattern, layer, area, s)) {
        return;
    }
    pattern_begin_line(pattern, SUPPRESS_PUBLIC, PATTERN_COUNT);
    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        pattern_add_child(pattern, pattern_total(layer, area, c));
    }
}

static void add_lines(struct pattern *pattern, const struct pattern_layer *layer)
{
    const struct task *task = layer->view->task;

    for (int area = 0; area < layer->view->roster->num_areas; area++) {
        for (int series = 0; series < task->num_series; series++) {
            if (!is_open(layer, area, series)) {
                continue;
            }
            add_tree_lines(pattern, layer, area, series);
            if (task->series[series].wire->stratum[0] == '\0') {
                add_strata_lines(pattern, layer, area, series);
            }
            add_bins_line(pattern, layer, area, series);
        }
    }
}

/* Of a sum the rest adds up because its parts' do. But its number of cases may be shown by another indicator where a part
 * shows neither its own nor any bin, so that the part has no such line. */
static void add_lines_of_sum(struct pattern *pattern, const struct pattern_layer *layer)
{
    const struct task *task = layer->view->task;

    for (int area = 0; area < layer->view->roster->num_areas; area++) {
        for (int series = 0; series < task->num_series; series++) {
            if (is_open(layer, area, series)) {
                add_bins_line(pattern, layer, area, series);
            }
        }
    }
}

/* ---- layers ---- */

/* Room for `num` more cells. */
static int grow_cells(struct pattern *pattern, size_t num, struct err *err)
{
    struct suppress_cell *cells;

    num += pattern->num_table_cells;
    if (num > INT32_MAX) {
        return err_set(err, ERR_INTERNAL, "pattern of too many cells");
    }
    if ((cells = realloc(pattern->cells, num * sizeof *cells)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    pattern->cells = cells;
    pattern->num_table_cells = num;
    return 0;
}

int pattern_add_row(struct pattern *pattern, int *first, struct err *err)
{
    int rc, at = (int)pattern->num_table_cells;

    if ((rc = grow_cells(pattern, pattern->num_cells, err)) != 0) {
        return rc;
    }
    for (int i = at; i < (int)pattern->num_table_cells; i++) {
        pattern->cells[i] = (struct suppress_cell){.order = UINT32_MAX - (uint32_t)i};
    }
    *first = at;
    return 0;
}

int pattern_add_layer(struct pattern *pattern, struct pattern_layer *layer, struct err *err)
{
    const struct task *task = layer->view->task;
    size_t first = pattern->num_table_cells;
    struct pattern_layer **layers;
    int rc;

    if (pattern->num_layers == 0) {
        pattern->num_cells = (size_t)task->num_cells;
        pattern->num_series = (size_t)task->num_series;
    }
    if ((size_t)task->num_cells != pattern->num_cells || (size_t)task->num_series != pattern->num_series) {
        return err_set(err, ERR_INTERNAL, "pattern of tasks with different cells");
    }
    if ((layers = realloc(pattern->layers, (pattern->num_layers + 1) * sizeof(*layers))) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    pattern->layers = layers;
    if ((rc = grow_cells(pattern, 2 * (size_t)layer->view->roster->num_areas * pattern->num_cells, err)) != 0) {
        return rc;
    }
    layer->first_cell = (int)first;
    if ((rc = fill_cells(pattern, layer, err)) != 0) {
        return rc;
    }
    layers[pattern->num_layers++] = layer;
    if (layer->view->num_parts == 0) {
        add_lines(pattern, layer);
    } else {
        add_lines_of_sum(pattern, layer);
    }
    return 0;
}

/* ---- running ---- */

/* Hide the series in the areas of the first layer at or above `area` (NONE: in all layers and areas), where it is not
 * fixed. Returns whether it was shown in any. */
static bool hide_series(struct pattern *pattern, int series, int area)
{
    const struct view *view = pattern->layers[0]->view;
    size_t num_areas = (size_t)view->roster->num_areas;
    bool was_shown = false;

    for (size_t i = 0; i < pattern->num_table_cells; i++) {
        bool is_own = i < 2 * num_areas * pattern->num_cells;
        int here = (int)(i / pattern->num_cells % num_areas);

        if (pattern->cells[i].fixed || view->task->cells[i % pattern->num_cells].series != series ||
            (area != NONE && (!is_own || !roster_is_within(view->roster, area, here)))) {
            continue;
        }
        was_shown = was_shown || !pattern->cells[i].suppressed;
        pattern->cells[i].suppressed = true;
    }
    return was_shown;
}

static bool hide_indicator(struct pattern *pattern, int series, int area)
{
    const struct task_series *all = pattern->layers[0]->view->task->series;
    bool was_shown = false;

    for (int i = 0; i < (int)pattern->num_series; i++) {
        if (strcmp(all[i].wire->indicator, all[series].wire->indicator) == 0) {
            was_shown = hide_series(pattern, i, area) || was_shown;
        }
    }
    return was_shown;
}

/* The number of cases is not asked for where nothing of the distribution is shown. */
static void drop_lines_of_hidden_bins(struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->num_lines; i++) {
        struct suppress_line *line = &pattern->lines[i];
        bool any_shown = line->parent != SUPPRESS_PUBLIC;

        for (int j = 0; j < line->num_children; j++) {
            any_shown = any_shown || !pattern->cells[line->children[j]].suppressed;
        }
        line->implied = line->implied || !any_shown;
    }
}

/* Hiding cells could not make the cell's small component safe: its indicator goes in its area and all above, then its
 * series everywhere, then its indicator. Returns whether there was anything left to hide. */
static bool withhold(struct pattern *pattern, size_t cell)
{
    const struct view *view = pattern->layers[0]->view;
    size_t num_areas = (size_t)view->roster->num_areas;
    int series = view->task->cells[cell % pattern->num_cells].series;
    int area = (int)(cell / pattern->num_cells % num_areas);

    return (cell < 2 * num_areas * pattern->num_cells && hide_indicator(pattern, series, area)) ||
           hide_series(pattern, series, NONE) || hide_indicator(pattern, series, NONE);
}

static void cut_children(struct pattern *pattern)
{
    size_t next = 0;

    for (size_t i = 0; i < pattern->num_lines; i++) {
        pattern->lines[i].children = pattern->children + next;
        next += (size_t)pattern->lines[i].num_children;
    }
}

int pattern_run(struct pattern *pattern, struct err *err)
{
    struct suppress_table table = {
        .cells = pattern->cells,
        .num_cells = (int)pattern->num_table_cells,
        .lines = pattern->lines,
        .num_lines = (int)pattern->num_lines,
        .min_cell = pattern->layers[0]->view->task->wire->min_cell,
    };
    struct suppress_summary summary;
    bool more = true;
    int rc = 0;

    if (pattern->failed) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    cut_children(pattern);
    while (more && (rc = suppress_run(&table, &summary, err)) == 0) {
        more = false;
        for (size_t i = 0; i < pattern->num_table_cells; i++) {
            more = (pattern->cells[i].unsafe && withhold(pattern, i)) || more;
        }
        drop_lines_of_hidden_bins(pattern);
    }
    return rc;
}

bool pattern_is_hidden(const struct pattern *pattern, const struct pattern_layer *layer, int area, int cell)
{
    const struct suppress_cell *total = &pattern->cells[pattern_total(layer, area, cell)];

    return total->hidden || (total->suppressed && !total->exempt);
}

void pattern_clear(struct pattern *pattern)
{
    free(pattern->layers);
    free(pattern->cells);
    free(pattern->lines);
    free(pattern->children);
    *pattern = (struct pattern){0};
}
