/* suppress.c - hide what is small, then what a move for each small component needs. */
#include "audit/suppress.h"

#include <stdlib.h>
#include <string.h>

#include "audit/moves.h"

#define ZERO  WEFT__V1__CELL_STATE__CELL_ZERO
#define SMALL WEFT__V1__CELL_STATE__CELL_SMALL

struct engine {
    const struct suppress_table *table;
    struct equations equations;
    struct move_search *search;
    bool *has_move;  /* by unknown, as is the next */
    bool *is_zero;   /* of a cell whose states did not come, and yet known to be 0 */
    uint8_t *unsafe; /* by cell: components */
};

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

static bool is_zero(const struct engine *engine, int cell, int component)
{
    return suppress_state(&engine->table->cells[cell], component) == ZERO ||
           engine->is_zero[cell * CELL_COMPONENTS + component];
}

/* The children of a zero are zeros. Returns whether that told anything new. */
static bool find_zeros(struct engine *engine)
{
    bool found = false;

    for (int i = 0; i < engine->table->num_lines; i++) {
        const struct suppress_line *line = &engine->table->lines[i];

        for (int c = 0; c < CELL_COMPONENTS && line->parent != SUPPRESS_PUBLIC; c++) {
            if (!(line->components >> c & 1) || !is_zero(engine, line->parent, c))
                continue;
            for (int j = 0; j < line->num_children; j++) {
                found = found || !is_zero(engine, line->children[j], c);
                engine->is_zero[line->children[j] * CELL_COMPONENTS + c] = true;
            }
        }
    }
    return found;
}

static int engine_begin(struct engine *engine, const struct suppress_table *table, struct err *err)
{
    size_t num = (size_t)table->num_cells + 1;
    int rc;

    engine->table = table;
    if ((rc = check_table(table, err)) != 0 || (rc = equations_new(&engine->equations, table, err)) != 0 ||
        (rc = move_search_new(&engine->search, table, &engine->equations, err)) != 0)
        return rc;
    engine->has_move = calloc(num * CELL_COMPONENTS, sizeof *engine->has_move);
    engine->is_zero = calloc(num * CELL_COMPONENTS, sizeof *engine->is_zero);
    engine->unsafe = calloc(num, sizeof *engine->unsafe);
    if (!engine->has_move || !engine->is_zero || !engine->unsafe)
        return err_set(err, ERR_NO_MEMORY, "suppression of %d cells", table->num_cells);
    while (find_zeros(engine))
        ;
    return 0;
}

static void engine_end(struct engine *engine)
{
    equations_clear(&engine->equations);
    move_search_free(&engine->search);
    free(engine->has_move);
    free(engine->is_zero);
    free(engine->unsafe);
}

/* Small components that only fixed cells show were judged when they were published. */
static uint8_t small_components(const struct suppress_cell *cell)
{
    uint8_t components = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++)
        components |= (uint8_t)((suppress_state(cell, c) == SMALL) << c);
    return cell->fixed && !cell->suppressed ? 0 : components;
}

static void hide_small(struct suppress_table *table)
{
    for (int i = 0; i < table->num_cells; i++) {
        if (small_components(&table->cells[i]) != 0)
            table->cells[i].suppressed = true;
    }
}

/* What the move takes along is hidden; it serves every small component that it lets grow. */
static void take_move(struct engine *engine, struct suppress_cell *cells, const struct move *move)
{
    for (int i = 0; i < move->num_steps; i++) {
        if (cells)
            cells[move->unknowns[i] / CELL_COMPONENTS].suppressed = true;
        engine->has_move[move->unknowns[i]] |= move->grows[i];
    }
}

/* Is this a small component that a move must be found for? A count that is the sum of a small numerator and a
 * small complement moves with them. */
static bool needs_move(const struct engine *engine, int unknown)
{
    const struct suppress_cell *cell = &engine->table->cells[unknown / CELL_COMPONENTS];

    return (small_components(cell) >> unknown % CELL_COMPONENTS & 1) && cell->suppressed &&
           equations_is_unknown(engine->table, unknown) && !engine->has_move[unknown] &&
           !engine->is_zero[unknown];
}

/* With `cells` (the table's), hide what the moves need. */
static int find_moves(struct engine *engine, struct suppress_cell *cells, struct err *err)
{
    const struct suppress_table *table = engine->table;
    struct move move;
    bool found;
    int rc;

    for (int i = 0; i < table->num_cells; i++) {
        if (!table->cells[i].suppressed)
            engine->unsafe[i] = small_components(&table->cells[i]);
        for (int c = 0; c < CELL_COMPONENTS; c++) {
            int unknown = i * CELL_COMPONENTS + c;

            if (!needs_move(engine, unknown))
                continue;
            if ((rc = move_find(&found, &move, engine->search, unknown, cells != NULL, err)) != 0)
                return rc;
            if (found)
                take_move(engine, cells, &move);
            else
                engine->unsafe[i] |= (uint8_t)(1u << c);
        }
    }
    return 0;
}

static int num_unsafe(const struct engine *engine)
{
    int num = 0;

    for (int i = 0; i < engine->table->num_cells; i++)
        num += engine->unsafe[i] != 0;
    return num;
}

static void summarize(struct suppress_summary *summary, const struct engine *engine)
{
    *summary = (struct suppress_summary){.num_unsafe = num_unsafe(engine)};
    for (int i = 0; i < engine->table->num_cells; i++) {
        const struct suppress_cell *cell = &engine->table->cells[i];
        bool is_small = small_components(cell) != 0;

        summary->num_primary += cell->suppressed && !cell->fixed && is_small;
        summary->num_complementary += cell->suppressed && !cell->fixed && !is_small;
    }
}

int suppress_run(struct suppress_table *table, struct suppress_summary *summary, struct err *err)
{
    struct engine engine = {0};
    int rc;

    if ((rc = engine_begin(&engine, table, err)) == 0) {
        hide_small(table);
        if ((rc = find_moves(&engine, table->cells, err)) == 0)
            summarize(summary, &engine);
        for (int i = 0; i < table->num_cells; i++)
            table->cells[i].unsafe = engine.unsafe[i] != 0;
    }
    engine_end(&engine);
    return rc;
}

int suppress_check(int *num, uint8_t *unsafe, const struct suppress_table *table, struct err *err)
{
    struct engine engine = {0};
    int rc;

    if ((rc = engine_begin(&engine, table, err)) == 0 && (rc = find_moves(&engine, NULL, err)) == 0) {
        *num = num_unsafe(&engine);
        if (unsafe)
            memcpy(unsafe, engine.unsafe, (size_t)table->num_cells);
    }
    engine_end(&engine);
    return rc;
}

bool suppress_is_safe(const struct suppress_table *table)
{
    int num;

    return suppress_check(&num, NULL, table, NULL) == 0 && num == 0;
}
