/* equations.c - lines to rows, rows to columns. */
#include "audit/equations.h"

#include <stdlib.h>

#define ABSENT WEFT__V1__CELL_STATE__CELL_ABSENT
#define ZERO   WEFT__V1__CELL_STATE__CELL_ZERO
#define ALL    ((1u << CELL_COMPONENTS) - 1)

static unsigned present(const struct suppress_cell *cell)
{
    unsigned components = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++)
        components |= (unsigned)(suppress_state(cell, c) != ABSENT) << c;
    return components;
}

bool equations_is_unknown(const struct suppress_table *table, int unknown)
{
    const struct suppress_cell *cell = &table->cells[unknown / CELL_COMPONENTS];
    int component = unknown % CELL_COMPONENTS;

    if (suppress_state(cell, component) <= ZERO || (cell->fixed && !cell->suppressed))
        return false;
    return component != CELL_COUNT || present(cell) != ALL;
}

static void add_term(struct equations *equations, const struct suppress_table *table, int cell, int component,
                     int coefficient)
{
    struct equation_lists *rows = &equations->rows;
    int unknown = cell * CELL_COMPONENTS + component;
    size_t row = rows->starts[rows->num];

    if (!equations_is_unknown(table, unknown))
        return;
    for (; row < rows->starts[rows->num + 1]; row++) { /* a cell twice in one line */
        if (rows->terms[row].index == unknown) {
            rows->terms[row].coefficient += coefficient;
            return;
        }
    }
    rows->terms[rows->starts[rows->num + 1]++] =
        (struct equation_term){.index = unknown, .coefficient = coefficient};
}

static void add_cell(struct equations *equations, const struct suppress_table *table, int cell, int component,
                     int coefficient)
{
    if (component == CELL_COUNT && present(&table->cells[cell]) == ALL) {
        add_term(equations, table, cell, CELL_NUMERATOR, coefficient);
        add_term(equations, table, cell, CELL_COMPLEMENT, coefficient);
    } else {
        add_term(equations, table, cell, component, coefficient);
    }
}

static bool has_all_or_nothing(const struct suppress_cell *cell)
{
    return present(cell) == ALL || present(cell) == 0;
}

/* Is the line's equation for counts the sum of its other two? */
static bool counts_add_nothing(const struct suppress_table *table, const struct suppress_line *line)
{
    if ((line->components & ALL) != ALL)
        return false;
    for (int i = 0; i < line->num_children; i++) {
        if (!has_all_or_nothing(&table->cells[line->children[i]]))
            return false;
    }
    return line->parent == SUPPRESS_PUBLIC || has_all_or_nothing(&table->cells[line->parent]);
}

static void add_row(struct equations *equations, const struct suppress_table *table,
                    const struct suppress_line *line, int component)
{
    struct equation_lists *rows = &equations->rows;

    rows->starts[rows->num + 1] = rows->starts[rows->num];
    for (int i = 0; i < line->num_children; i++)
        add_cell(equations, table, line->children[i], component, 1);
    if (line->parent != SUPPRESS_PUBLIC)
        add_cell(equations, table, line->parent, component, -1);
    if (rows->starts[rows->num + 1] > rows->starts[rows->num])
        rows->num++;
}

static void fill_rows(struct equations *equations, const struct suppress_table *table)
{
    for (int i = 0; i < table->num_lines; i++) {
        for (int c = 0; c < CELL_COMPONENTS && !table->lines[i].implied; c++) {
            bool is_needed = c != CELL_COUNT || !counts_add_nothing(table, &table->lines[i]);

            if ((table->lines[i].components >> c & 1) && is_needed)
                add_row(equations, table, &table->lines[i], c);
        }
    }
}

static void fill_columns(struct equations *equations)
{
    const struct equation_lists *rows = &equations->rows;
    struct equation_lists *columns = &equations->columns;
    size_t total = 0;

    for (size_t i = 0; i < rows->starts[rows->num]; i++)
        columns->starts[rows->terms[i].index]++;
    for (int i = 0; i <= columns->num; i++) {
        size_t count = columns->starts[i];

        columns->starts[i] = total;
        total += count;
    }
    for (int row = 0; row < rows->num; row++) {
        for (size_t i = rows->starts[row]; i < rows->starts[row + 1]; i++)
            columns->terms[columns->starts[rows->terms[i].index]++] =
                (struct equation_term){.index = row, .coefficient = rows->terms[i].coefficient};
    }
    for (int i = columns->num; i > 0; i--) /* filling moved each start to the next one's */
        columns->starts[i] = columns->starts[i - 1];
    columns->starts[0] = 0;
}

int equations_new(struct equations *equations, const struct suppress_table *table, struct err *err)
{
    size_t num_unknowns = (size_t)table->num_cells * CELL_COMPONENTS, num_terms = 0;
    size_t num_rows = (size_t)table->num_lines * CELL_COMPONENTS;

    for (int i = 0; i < table->num_lines; i++) /* the count's equation may have two terms a cell */
        num_terms += ((size_t)table->lines[i].num_children + 1) * (CELL_COMPONENTS + 1);
    equations->rows.terms = calloc(num_terms + 1, sizeof *equations->rows.terms);
    equations->rows.starts = calloc(num_rows + 2, sizeof *equations->rows.starts);
    equations->columns.terms = calloc(num_terms + 1, sizeof *equations->columns.terms);
    equations->columns.starts = calloc(num_unknowns + 2, sizeof *equations->columns.starts);
    equations->columns.num = (int)num_unknowns;
    if (!equations->rows.terms || !equations->rows.starts || !equations->columns.terms ||
        !equations->columns.starts)
        return err_set(err, ERR_NO_MEMORY, "suppression of %d cells", table->num_cells);
    fill_rows(equations, table);
    fill_columns(equations);
    return 0;
}

void equations_clear(struct equations *equations)
{
    free(equations->rows.terms);
    free(equations->rows.starts);
    free(equations->columns.terms);
    free(equations->columns.starts);
    *equations = (struct equations){0};
}
