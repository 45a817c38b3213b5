/* view_pattern.c - the suppression pattern: which cells of which areas are hidden, computed for the whole
 * tree from the states that collectors signed.
 *
 * What adds up to what, and so must be hidden together (see suppress.h):
 *   - over the tree, per series: an area's cell is the sum of its maximal open descendants' cells and its own
 * block's;
 *   - over strata, per area: the whole series' cell is the sum of its strata's;
 *   - over bins, per area: a distribution's bins and its missing count add up to the number of cases.
 * Not taken as adding up: denominator and missing count of different indicators over the same cases. Whoever compares
 * denominators can compute how many records lacked a value (docs/threat-model.md); to hide that too, every indicator
 * with one incomplete record would have to go. */
#include "audit/view_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "audit/suppress.h"

#define ALL_COMPONENTS  7
#define COUNT_COMPONENT (1 << CELL_COUNT)

/* Cells of the table: [0, areas * cells) are the areas' totals, the same number again are their own blocks.
 */
struct builder {
    const struct view *view;
    const bool *use_states;
    size_t num_areas, num_cells, num_series;
    struct suppress_cell *cells;
    struct suppress_line *lines;
    int *children; /* one pool, cut into the lines' lists */
    size_t num_lines, max_lines, num_children, max_children;
    bool failed;
    uint64_t *zeros; /* totals of nothing: their states say which components a cell has */
};

static bool is_open(const struct builder *b, size_t area, size_t series)
{
    return b->view->is_open[area * b->num_series + series];
}

static int total_cell(const struct builder *b, size_t area, size_t cell)
{
    return (int)(area * b->num_cells + cell);
}

static int block_cell(const struct builder *b, size_t area, size_t cell)
{
    return (int)((b->num_areas + area) * b->num_cells + cell);
}

static int fill_cells(struct builder *b, struct err *err)
{
    const struct view *view = b->view;

    b->cells = calloc(2 * b->num_areas * b->num_cells, sizeof *b->cells);
    b->zeros = calloc((size_t)view->task->num_slots, sizeof *b->zeros);
    if (b->cells == NULL || b->zeros == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    for (size_t area = 0; area < b->num_areas; area++) {
        const Weft__V1__States *states =
            b->use_states[area] ? (const Weft__V1__States *)view->states[area].body : NULL;
        uint32_t weight = (uint32_t)view_num_frozen(view, (int)area);

        for (size_t c = 0; c < b->num_cells; c++) {
            const struct task_cell *cell = &view->task->cells[c];
            size_t series = (size_t)cell->series;
            struct suppress_cell *total = &b->cells[total_cell(b, area, c)];
            struct suppress_cell *block = &b->cells[block_cell(b, area, c)];
            bool open = is_open(b, area, series);
            uint8_t unknown = task_cell_state(view->task, (int)c, b->zeros);

            *total = (struct suppress_cell){.weight = weight,
                                            .order = UINT32_MAX - (uint32_t)total_cell(b, area, c),
                                            .exempt = cell->is_exempt,
                                            .hidden = !open || states == NULL};
            *block = (struct suppress_cell){.weight = weight,
                                            .order = UINT32_MAX - (uint32_t)block_cell(b, area, c),
                                            .exempt = cell->is_exempt,
                                            .free = true,
                                            .hidden = states == NULL};
            total->state = total->hidden ? unknown : states->total.data[c];
            block->state = !view->has_own_block[area * b->num_series + series] ? 0
                           : block->hidden                                     ? unknown
                                                                               : states->block.data[c];
        }
    }
    return 0;
}

/* ---- lines ---- */

static void begin_line(struct builder *b, int parent, uint8_t components)
{
    if (b->num_lines == b->max_lines) {
        size_t max = 2 * b->max_lines + 64;
        struct suppress_line *grown = realloc(b->lines, max * sizeof *grown);
        if (grown == NULL) {
            b->failed = true;
            return;
        }
        b->lines = grown;
        b->max_lines = max;
    }
    b->lines[b->num_lines++] = (struct suppress_line){.parent = parent, .components = components};
}

static void add_child(struct builder *b, int cell)
{
    if (b->num_children == b->max_children) {
        size_t max = 2 * b->max_children + 256;
        int *grown = realloc(b->children, max * sizeof *grown);
        if (grown == NULL) {
            b->failed = true;
            return;
        }
        b->children = grown;
        b->max_children = max;
    }
    if (!b->failed) {
        b->children[b->num_children++] = cell;
        b->lines[b->num_lines - 1].num_children++;
    }
}

/* Is `area` a maximal open descendant of `above`? */
static bool is_next_below(const struct builder *b, size_t area, size_t above, size_t series)
{
    int up = b->view->roster->areas[area].parent;

    while (up != NONE && up != (int)above && !is_open(b, (size_t)up, series)) {
        up = b->view->roster->areas[up].parent;
    }
    return up == (int)above && is_open(b, area, series);
}

static void add_tree_lines(struct builder *b, size_t area, size_t series)
{
    const struct task_series *s = &b->view->task->series[series];

    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        bool begun = false;
        for (size_t below = 0; below < b->num_areas; below++) {
            if (is_next_below(b, below, area, series)) {
                if (!begun) {
                    begin_line(b, total_cell(b, area, (size_t)c), ALL_COMPONENTS);
                    begun = true;
                }
                add_child(b, total_cell(b, below, (size_t)c));
            }
        }
        if (begun && b->view->has_own_block[area * b->num_series + series]) {
            add_child(b, block_cell(b, area, (size_t)c));
        }
    }
}

/* `series` is whole; its strata follow it. */
static void add_strata_lines(struct builder *b, size_t area, size_t series)
{
    const struct task_series *all = b->view->task->series;
    size_t end = series + 1;

    while (end < b->num_series && strcmp(all[end].wire->indicator, all[series].wire->indicator) == 0) {
        end++;
    }
    for (int i = 0; end > series + 1 && i < all[series].num_cells; i++) {
        begin_line(b, total_cell(b, area, (size_t)(all[series].first_cell + i)), ALL_COMPONENTS);
        for (size_t s = series + 1; s < end; s++) {
            add_child(b, total_cell(b, area, (size_t)(all[s].first_cell + i)));
        }
    }
}

/* A distribution's bins and its missing count add up to the number of cases, which someone always knows. */
static void add_bins_line(struct builder *b, size_t area, size_t series)
{
    const struct task_series *s = &b->view->task->series[series];

    if (s->wire->kind != WEFT__V1__KIND__KIND_DISTRIBUTION) {
        return;
    }
    begin_line(b, SUPPRESS_PUBLIC, COUNT_COMPONENT);
    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        add_child(b, total_cell(b, area, (size_t)c));
    }
}

static int fill_lines(struct builder *b, struct err *err)
{
    size_t next = 0;

    for (size_t area = 0; area < b->num_areas; area++) {
        for (size_t series = 0; series < b->num_series; series++) {
            if (!is_open(b, area, series)) {
                continue;
            }
            add_tree_lines(b, area, series);
            if (b->view->task->series[series].wire->stratum[0] == '\0') {
                add_strata_lines(b, area, series);
            }
            add_bins_line(b, area, series);
        }
    }
    if (b->failed) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    for (size_t i = 0; i < b->num_lines; i++) {
        b->lines[i].children = b->children + next;
        next += (size_t)b->lines[i].num_children;
    }
    return 0;
}

/* ---- running ---- */

/* Where hiding cells could not make a small one safe, the whole series goes, everywhere. */
static int hide_unsafe_series(struct builder *b, const struct suppress_table *table, int *num_unsafe,
                              struct err *err)
{
    uint8_t *unsafe = calloc((size_t)table->num_cells, 1);
    int rc;

    if (unsafe == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    if ((rc = suppress_check(num_unsafe, unsafe, table, err)) == 0 && *num_unsafe > 0) {
        for (int i = 0; i < table->num_cells; i++) {
            int series = b->view->task->cells[(size_t)i % b->num_cells].series;
            for (int j = 0; unsafe[i] != 0 && j < table->num_cells; j++) {
                if (b->view->task->cells[(size_t)j % b->num_cells].series == series) {
                    table->cells[j].suppressed = true;
                }
            }
        }
    }
    free(unsafe);
    return rc;
}

static int run(struct builder *b, struct err *err)
{
    struct suppress_table table = {
        .cells = b->cells,
        .num_cells = (int)(2 * b->num_areas * b->num_cells),
        .lines = b->lines,
        .num_lines = (int)b->num_lines,
        .min_cell = b->view->task->wire->min_cell,
    };
    struct suppress_summary summary;
    int num_unsafe = 0, rc;

    for (size_t round = 0; round <= b->num_series; round++) {
        if ((rc = suppress_run(&table, &summary, err)) != 0 || summary.num_unsafe == 0 ||
            (rc = hide_unsafe_series(b, &table, &num_unsafe, err)) != 0) {
            return rc;
        }
    }
    return 0;
}

static int write_pattern(const struct builder *b, Weft__V1__Document **document, struct err *err)
{
    const struct view *view = b->view;
    Weft__V1__Pattern pattern = WEFT__V1__PATTERN__INIT;
    Weft__V1__AreaPattern *areas = calloc(b->num_areas, sizeof *areas);
    Weft__V1__AreaPattern **area_list = calloc(b->num_areas, sizeof *area_list);
    Weft__V1__AreaDigest *digests = calloc(b->num_areas, sizeof *digests);
    Weft__V1__AreaDigest **digest_list = calloc(b->num_areas, sizeof *digest_list);
    uint8_t *suppressed = calloc(b->num_areas, b->num_cells);
    int rc = 0;

    if (areas == NULL || area_list == NULL || digests == NULL || digest_list == NULL || suppressed == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "pattern");
        goto done;
    }
    for (size_t area = 0; area < b->num_areas; area++) {
        struct opening opening = {(int)area, SCOPE(TOTAL), STAGE(VALUES)};
        char *code = view->roster->areas[area].wire->code;
        uint8_t *bytes = suppressed + area * b->num_cells;

        if (!view_opening_is_allowed(view, &opening)) {
            continue;
        }
        for (size_t c = 0; c < b->num_cells; c++) {
            const struct suppress_cell *cell = &b->cells[total_cell(b, area, c)];
            bytes[c] = cell->hidden || (cell->suppressed && !cell->exempt);
        }
        weft__v1__area_pattern__init(&areas[pattern.n_areas]);
        areas[pattern.n_areas].area = code;
        areas[pattern.n_areas].suppressed = (ProtobufCBinaryData){b->num_cells, bytes};
        area_list[pattern.n_areas] = &areas[pattern.n_areas];
        pattern.n_areas++;
        if (b->use_states[area] && view->states[area].document != NULL) {
            weft__v1__area_digest__init(&digests[pattern.n_states]);
            digests[pattern.n_states].area = code;
            digests[pattern.n_states].digest =
                (ProtobufCBinaryData){DIGEST_SIZE, (uint8_t *)(uintptr_t)view->states[area].digest};
            digest_list[pattern.n_states] = &digests[pattern.n_states];
            pattern.n_states++;
        }
    }
    pattern.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, (uint8_t *)(uintptr_t)view->task->id};
    pattern.plan_digest = (ProtobufCBinaryData){DIGEST_SIZE, (uint8_t *)(uintptr_t)view->plan.digest};
    pattern.states = digest_list;
    pattern.areas = area_list;
    rc = document_new(document, DOC(PATTERN), &pattern.base, err);
done:
    free(areas);
    free(area_list);
    free(digests);
    free(digest_list);
    free(suppressed);
    return rc;
}

int view_build_pattern_from(const struct view *view, const bool *use_states, Weft__V1__Document **document,
                            struct err *err)
{
    struct builder b = {.view = view,
                        .use_states = use_states,
                        .num_areas = (size_t)view->roster->num_areas,
                        .num_cells = (size_t)view->task->num_cells,
                        .num_series = (size_t)view->task->num_series};
    int rc;

    if ((rc = fill_cells(&b, err)) == 0 && (rc = fill_lines(&b, err)) == 0 && (rc = run(&b, err)) == 0) {
        rc = write_pattern(&b, document, err);
    }
    free(b.zeros);
    free(b.cells);
    free(b.lines);
    free(b.children);
    return rc;
}
