/* suppress.c - line by line until every line obeys, then the exact check; from the top if that finds
 * something. */
#include "audit/suppress.h"

#include <stdlib.h>
#include <string.h>

#define NO_CELL (-1)
#define ZERO    WEFT__V1__CELL_STATE__CELL_ZERO
#define SMALL   WEFT__V1__CELL_STATE__CELL_SMALL
#define LARGE   WEFT__V1__CELL_STATE__CELL_LARGE

/* The lines in which each cell occurs: lines[starts[cell]] to lines[starts[cell + 1] - 1]. */
struct index {
    size_t *starts;
    int *lines;
};

struct engine {
    struct suppress_table *table;
    struct index index;
    uint8_t *known;  /* per cell: components of a suppressed cell that follow from one line */
    uint8_t *unsafe; /* per cell, from the exact check */
    int *queue;      /* lines to look at again: a ring, each at most once */
    bool *is_queued;
    int queue_head, queue_len;
    int num_added; /* cells suppressed in this pass */
};

static Weft__V1__CellState state_of(const struct engine *engine, int cell, int component)
{
    return suppress_state(&engine->table->cells[cell], component);
}

/* Does an outsider not know this component? */
static bool is_unknown(const struct engine *engine, int cell, int component)
{
    return engine->table->cells[cell].suppressed && state_of(engine, cell, component) >= ZERO &&
           !(engine->known[cell] >> component & 1);
}

static void queue_line(struct engine *engine, int line)
{
    if (engine->is_queued[line])
        return;
    engine->is_queued[line] = true;
    engine->queue[(engine->queue_head + engine->queue_len++) % engine->table->num_lines] = line;
}

static void queue_lines_of(struct engine *engine, int cell)
{
    for (size_t i = engine->index.starts[cell]; i < engine->index.starts[cell + 1]; i++)
        queue_line(engine, engine->index.lines[i]);
}

static void suppress(struct engine *engine, int cell)
{
    engine->table->cells[cell].suppressed = true;
    engine->num_added++;
    queue_lines_of(engine, cell);
}

/* ---- one line ---- */

/* What an outsider does not know of one component of a line. `known` components count as shown. */
struct unknowns {
    int num;       /* children and parent */
    int cell;      /* one of them */
    bool parent;   /* the parent is one */
    int num_small; /* children, at least 1 each */
    bool any_large, any_hidden;
    bool others_zero; /* all children that are known are zero */
};

static void count_unknown_child(struct unknowns *unknowns, const struct engine *engine, int cell,
                                int component)
{
    Weft__V1__CellState state = state_of(engine, cell, component);

    unknowns->num++;
    unknowns->cell = cell;
    if (engine->table->cells[cell].hidden)
        unknowns->any_hidden = true;
    else if (state == SMALL)
        unknowns->num_small++;
    else if (state == LARGE)
        unknowns->any_large = true;
}

static struct unknowns unknowns_of(const struct engine *engine, const struct suppress_line *line,
                                   int component)
{
    struct unknowns unknowns = {.cell = NO_CELL, .others_zero = true};

    for (int i = 0; i < line->num_children; i++) {
        int cell = line->children[i];

        if (is_unknown(engine, cell, component))
            count_unknown_child(&unknowns, engine, cell, component);
        else if (state_of(engine, cell, component) > ZERO)
            unknowns.others_zero = false;
    }
    if (line->parent != SUPPRESS_PUBLIC && is_unknown(engine, line->parent, component)) {
        unknowns.num++;
        unknowns.cell = line->parent;
        unknowns.parent = true;
    }
    return unknowns;
}

/* Two or more unknown children under a known parent: is their sum, which an outsider can compute, 0 or at
 * least min_cell for certain? */
static bool sum_is_fine(const struct engine *engine, const struct suppress_line *line, int component,
                        const struct unknowns *unknowns)
{
    if (unknowns->any_large || (unsigned)unknowns->num_small >= engine->table->min_cell)
        return true;
    if (unknowns->num_small == 0 && !unknowns->any_hidden)
        return true;
    return unknowns->others_zero && line->parent != SUPPRESS_PUBLIC &&
           state_of(engine, line->parent, component) == LARGE;
}

static uint8_t present_components(const struct engine *engine, int cell)
{
    uint8_t present = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++) {
        if (state_of(engine, cell, c) >= ZERO)
            present |= (uint8_t)(1u << c);
    }
    return present;
}

/* What is known of a cell once `components` are. */
static uint8_t known_with(const struct engine *engine, int cell, uint8_t components)
{
    const uint8_t all = (1u << CELL_COMPONENTS) - 1;
    uint8_t known = engine->known[cell] | components;
    bool are_two = (known & (known - 1)) != 0;

    /* count = numerator + complement: two of them tell the third */
    return are_two && present_components(engine, cell) == all ? all : known;
}

/* A line gives away `components` of a suppressed cell: which of them must be protected? None, if what is then
 * known of the cell is not small and something of it stays unknown (or it is fixed: no matter if that was in
 * vain). */
static uint8_t worth_protecting(const struct engine *engine, int cell, uint8_t components)
{
    uint8_t known = known_with(engine, cell, components), worth = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++) {
        Weft__V1__CellState state = state_of(engine, cell, c);
        bool counts = state == SMALL || (state == LARGE && !engine->table->cells[cell].fixed &&
                                         known == present_components(engine, cell));

        if ((known >> c & 1) && counts)
            worth |= (uint8_t)(1u << c);
    }
    return worth == 0 ? 0 : (worth & components) != 0 ? worth & components : components;
}

/* What a line gives away: the components of which only one cell is unknown, for each such cell. */
struct given_away {
    int cells[CELL_COMPONENTS]; /* NO_CELL: this component's equation tells of no single cell */
};

static uint8_t components_given_away(const struct given_away *given, int cell)
{
    uint8_t components = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++) {
        if (given->cells[c] == cell)
            components |= (uint8_t)(1u << c);
    }
    return components;
}

/* The components in which the line breaks its rule. */
static uint8_t broken_components(struct given_away *given, const struct engine *engine,
                                 const struct suppress_line *line)
{
    uint8_t broken = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++) {
        struct unknowns unknowns = unknowns_of(engine, line, c);

        given->cells[c] = NO_CELL;
        if (!(line->components >> c & 1))
            continue;
        if (unknowns.num == 1)
            given->cells[c] = unknowns.cell;
        else if (unknowns.num > 1 && !unknowns.parent && !sum_is_fine(engine, line, c, &unknowns))
            broken |= (uint8_t)(1u << c);
    }
    for (int c = 0; c < CELL_COMPONENTS; c++) {
        int cell = given->cells[c];

        if (cell != NO_CELL)
            broken |= worth_protecting(engine, cell, components_given_away(given, cell));
    }
    return broken;
}

/* What the line gives away (nothing small, if it obeys) helps no other line any more. */
static void note_known(struct engine *engine, const struct given_away *given)
{
    for (int c = 0; c < CELL_COMPONENTS; c++) {
        int cell = given->cells[c];
        uint8_t known;

        if (cell == NO_CELL || state_of(engine, cell, c) == SMALL)
            continue;
        known = known_with(engine, cell, (uint8_t)(1u << c));
        for (int i = 0; i < CELL_COMPONENTS; i++) {
            if (state_of(engine, cell, i) == SMALL)
                known &= (uint8_t) ~(1u << i);
        }
        if (known != engine->known[cell]) {
            engine->known[cell] = known;
            queue_lines_of(engine, cell);
        }
    }
}

/* ---- the choice of one more cell to hide ---- */

struct choice {
    int cell;
    int rank; /* lower is better */
};

/* How well does hiding `cell` protect `components`? Lower is better; large in all, in some, in others. */
static int rank_of(const struct engine *engine, int cell, uint8_t components)
{
    bool in_all = true, in_any = false, anywhere = false;

    for (int c = 0; c < CELL_COMPONENTS; c++) {
        bool is_large = state_of(engine, cell, c) == LARGE;

        anywhere = anywhere || is_large;
        if (components >> c & 1) {
            in_all = in_all && is_large;
            in_any = in_any || is_large;
        }
    }
    return in_all ? 0 : in_any ? 1 : anywhere ? 4 : -1;
}

static void consider(struct choice *choice, const struct engine *engine, int cell, int rank)
{
    const struct suppress_cell *candidate = &engine->table->cells[cell], *best;

    if (choice->cell != NO_CELL && rank >= choice->rank) {
        best = &engine->table->cells[choice->cell];
        if (rank > choice->rank || candidate->weight > best->weight ||
            (candidate->weight == best->weight && candidate->order >= best->order))
            return;
    }
    *choice = (struct choice){.cell = cell, .rank = rank};
}

static bool is_candidate(const struct suppress_cell *cell)
{
    return !cell->suppressed && !cell->exempt && !cell->fixed;
}

/* The best child, else the parent, of one line. A child that is zero where protection is needed comes last.
 */
static void consider_line(struct choice *choice, const struct engine *engine,
                          const struct suppress_line *line, uint8_t components)
{
    enum { FREE_BONUS = -2, PARENT = 3 };

    for (int i = 0; i < line->num_children; i++) {
        const struct suppress_cell *child = &engine->table->cells[line->children[i]];
        int rank = rank_of(engine, line->children[i], components);

        if (is_candidate(child) && rank >= 0)
            consider(choice, engine, line->children[i],
                     child->free && rank < PARENT ? rank + FREE_BONUS : rank);
    }
    if (line->parent != SUPPRESS_PUBLIC && is_candidate(&engine->table->cells[line->parent]))
        consider(choice, engine, line->parent, PARENT);
}

static void repair_line(struct engine *engine, const struct suppress_line *line)
{
    struct given_away given;
    uint8_t broken;

    while ((broken = broken_components(&given, engine, line)) != 0) {
        struct choice choice = {.cell = NO_CELL};

        consider_line(&choice, engine, line, broken);
        if (choice.cell == NO_CELL)
            break; /* summarize() counts the line, if it matters */
        suppress(engine, choice.cell);
    }
    note_known(engine, &given);
}

static void repair_queued_lines(struct engine *engine)
{
    while (engine->queue_len > 0) {
        int line = engine->queue[engine->queue_head];

        engine->queue_head = (engine->queue_head + 1) % engine->table->num_lines;
        engine->queue_len--;
        engine->is_queued[line] = false;
        repair_line(engine, &engine->table->lines[line]);
    }
}

/* Until a whole pass hides nothing more. What was known may be unknown again once more is hidden, so each
 * pass begins without. */
static void repair_lines(struct engine *engine)
{
    do {
        engine->num_added = 0;
        memset(engine->known, 0, (size_t)engine->table->num_cells * sizeof *engine->known);
        for (int i = 0; i < engine->table->num_lines; i++)
            queue_line(engine, i);
        repair_queued_lines(engine);
    } while (engine->num_added > 0);
}

/* ---- what follows from several lines together ---- */

/* Lines to visit, each once, in the order met. */
struct search {
    int *lines;
    bool *seen;
    int len;
};

static void search_begin(struct search *search, const struct engine *engine)
{
    search->len = 0;
    memset(search->seen, 0, (size_t)engine->table->num_lines * sizeof *search->seen);
}

static void search_line(struct search *search, int line)
{
    if (!search->seen[line])
        search->lines[search->len++] = line;
    search->seen[line] = true;
}

static void search_lines_of(struct search *search, const struct engine *engine, int cell)
{
    for (size_t i = engine->index.starts[cell]; i < engine->index.starts[cell + 1]; i++)
        search_line(search, engine->index.lines[i]);
}

/* Hide one more cell for `components`: in the lines that the search begins with, else in the nearest line
 * that hidden cells connect with them. Returns whether there was any. */
static bool suppress_nearest(struct engine *engine, struct search *search, uint8_t components)
{
    const struct suppress_table *table = engine->table;
    struct choice choice = {.cell = NO_CELL};
    int num_own = search->len;

    for (int i = 0; i < search->len && (i < num_own || choice.cell == NO_CELL); i++) {
        const struct suppress_line *line = &table->lines[search->lines[i]];

        consider_line(&choice, engine, line, components);
        for (int j = 0; j < line->num_children; j++) {
            if (table->cells[line->children[j]].suppressed)
                search_lines_of(search, engine, line->children[j]);
        }
        if (line->parent != SUPPRESS_PUBLIC && table->cells[line->parent].suppressed)
            search_lines_of(search, engine, line->parent);
    }
    if (choice.cell != NO_CELL)
        suppress(engine, choice.cell);
    return choice.cell != NO_CELL;
}

static bool has_queued_line(const struct engine *engine, int cell)
{
    for (size_t i = engine->index.starts[cell]; i < engine->index.starts[cell + 1]; i++) {
        if (engine->is_queued[engine->index.lines[i]])
            return true;
    }
    return false;
}

static uint8_t components_unsafe(uint8_t findings)
{
    return (uint8_t)((findings | findings >> SUPPRESS_PAIRED_SHIFT) & SUPPRESS_ALONE);
}

/* For each cell that the exact check found and each line that is still broken, hide one more, unless that was
 * just done next to it. Returns whether anything was hidden. */
static bool repair_together(struct engine *engine, struct search *search)
{
    bool found = false;

    for (int i = 0; i < engine->table->num_cells; i++) {
        if (engine->unsafe[i] == 0 || has_queued_line(engine, i))
            continue;
        search_begin(search, engine);
        search_lines_of(search, engine, i);
        found = suppress_nearest(engine, search, components_unsafe(engine->unsafe[i])) || found;
    }
    for (int i = 0; i < engine->table->num_lines; i++) {
        struct given_away given;
        uint8_t broken = broken_components(&given, engine, &engine->table->lines[i]);

        if (broken == 0 || engine->is_queued[i])
            continue;
        search_begin(search, engine);
        search_line(search, i);
        found = suppress_nearest(engine, search, broken) || found;
    }
    return found;
}

/* ---- the whole ---- */

static int check_table(const struct suppress_table *table, struct err *err)
{
    for (int i = 0; i < table->num_lines; i++) {
        const struct suppress_line *line = &table->lines[i];

        if (line->parent < SUPPRESS_PUBLIC || line->parent >= table->num_cells)
            return err_set(err, ERR_INTERNAL, "suppression line %d: parent %d", i, line->parent);
        for (int j = 0; j < line->num_children; j++) {
            if (line->children[j] < 0 || line->children[j] >= table->num_cells)
                return err_set(err, ERR_INTERNAL, "suppression line %d: child %d", i, line->children[j]);
        }
    }
    return 0;
}

/* Call with lines NULL to count, then to fill. */
static void index_cell(struct index *index, int cell, int line)
{
    if (index->lines)
        index->lines[index->starts[cell]] = line;
    index->starts[cell]++;
}

static void index_lines(struct index *index, const struct suppress_table *table)
{
    for (int i = 0; i < table->num_lines; i++) {
        const struct suppress_line *line = &table->lines[i];

        if (line->parent != SUPPRESS_PUBLIC)
            index_cell(index, line->parent, i);
        for (int j = 0; j < line->num_children; j++)
            index_cell(index, line->children[j], i);
    }
}

static bool index_new(struct index *index, const struct suppress_table *table)
{
    size_t num = (size_t)table->num_cells, total = 0;

    index->starts = calloc(num + 1, sizeof *index->starts);
    if (!index->starts)
        return false;
    index_lines(index, table);
    for (size_t i = 0; i <= num; i++) {
        size_t count = index->starts[i];

        index->starts[i] = total;
        total += count;
    }
    index->lines = calloc(total + 1, sizeof *index->lines);
    if (!index->lines)
        return false;
    index_lines(index, table);
    /* Filling moved each start to its end, which is the next one's start. */
    memmove(index->starts + 1, index->starts, num * sizeof *index->starts);
    index->starts[0] = 0;
    return true;
}

static bool is_small(const struct engine *engine, int cell)
{
    for (int c = 0; c < CELL_COMPONENTS; c++) {
        if (state_of(engine, cell, c) == SMALL)
            return true;
    }
    return false;
}

static void suppress_small(struct engine *engine)
{
    for (int i = 0; i < engine->table->num_cells; i++) {
        if (is_small(engine, i) && !engine->table->cells[i].fixed)
            engine->table->cells[i].suppressed = true;
    }
}

static void summarize(struct suppress_summary *summary, const struct engine *engine, int num_unsafe)
{
    *summary = (struct suppress_summary){.num_unsafe = num_unsafe};
    for (int i = 0; i < engine->table->num_cells; i++) {
        if (!engine->table->cells[i].suppressed || engine->table->cells[i].fixed)
            continue;
        if (is_small(engine, i))
            summary->num_primary++;
        else
            summary->num_complementary++;
    }
    for (int i = 0; i < engine->table->num_lines; i++) {
        struct given_away given;

        if (broken_components(&given, engine, &engine->table->lines[i]) != 0)
            summary->num_unrepaired++;
    }
}

int suppress_run(struct suppress_table *table, struct suppress_summary *summary, struct err *err)
{
    size_t num_cells = (size_t)table->num_cells + 1, num_lines = (size_t)table->num_lines + 1;
    struct engine engine = {.table = table};
    struct search search = {0};
    int num_unsafe = 0, rc;

    if ((rc = check_table(table, err)) != 0)
        return rc;
    engine.known = calloc(num_cells, sizeof *engine.known);
    engine.unsafe = calloc(num_cells, sizeof *engine.unsafe);
    engine.queue = calloc(num_lines, sizeof *engine.queue);
    engine.is_queued = calloc(num_lines, sizeof *engine.is_queued);
    search.lines = calloc(num_lines, sizeof *search.lines);
    search.seen = calloc(num_lines, sizeof *search.seen);
    if (!engine.known || !engine.unsafe || !engine.queue || !engine.is_queued || !search.lines ||
        !search.seen || !index_new(&engine.index, table)) {
        rc = err_set(err, ERR_NO_MEMORY, "suppression of %d cells", table->num_cells);
        goto done;
    }
    suppress_small(&engine);
    do {
        repair_lines(&engine);
        if ((rc = suppress_check(&num_unsafe, engine.unsafe, table, err)) != 0)
            goto done;
    } while (repair_together(&engine, &search));
    summarize(summary, &engine, num_unsafe);

done:
    free(engine.index.starts);
    free(engine.index.lines);
    free(engine.known);
    free(engine.unsafe);
    free(engine.queue);
    free(engine.is_queued);
    free(search.lines);
    free(search.seen);
    return rc;
}
