/* suppress_check.c - the exact check of a suppression pattern, by linear algebra over all lines at once.
 *
 * Unknowns are the present components of suppressed cells. Where a cell has all three, its count is the sum
 * of the other two and no unknown of its own, so what one line tells of the count and another of the
 * numerator is combined. */
#include "coordinator/suppress.h"

#include <stdlib.h>

#include "coordinator/nullspace.h"
#include "crypto/field64.h"

#define ABSENT     WEFT__V1__CELL_STATE__CELL_ABSENT
#define SMALL      WEFT__V1__CELL_STATE__CELL_SMALL
#define ALL        ((1u << CELL_COMPONENTS) - 1)
#define NONE_OF_IT (-1)

struct builder {
    const struct suppress_table *table;
    int *unknowns; /* per cell and component; NONE_OF_IT: known, absent, or a sum of the others */
    int num_unknowns;
    struct linear_term *terms;
    size_t *starts;
    size_t num_terms;
    int num_equations;
};

static unsigned present(const struct suppress_cell *cell)
{
    unsigned components = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++)
        components |= (unsigned)(suppress_state(cell, c) != ABSENT) << c;
    return components;
}

static void number_unknowns(struct builder *builder)
{
    for (int i = 0; i < builder->table->num_cells; i++) {
        const struct suppress_cell *cell = &builder->table->cells[i];
        unsigned components = cell->suppressed ? present(cell) : 0;

        for (int c = 0; c < CELL_COMPONENTS; c++) {
            bool is_sum = c == CELL_COUNT && components == ALL;
            bool is_unknown = (components >> c & 1) && !is_sum;

            builder->unknowns[i * CELL_COMPONENTS + c] = is_unknown ? builder->num_unknowns++ : NONE_OF_IT;
        }
    }
}

static void add_term(struct builder *builder, int cell, int component, int sign)
{
    int unknown = builder->unknowns[cell * CELL_COMPONENTS + component];

    if (unknown != NONE_OF_IT)
        builder->terms[builder->num_terms++] = (struct linear_term){.unknown = unknown, .sign = sign};
}

/* A cell's term in the equation of one component. */
static void add_cell(struct builder *builder, int cell, int component, int sign)
{
    const struct suppress_cell *c = &builder->table->cells[cell];

    if (component == CELL_COUNT && c->suppressed && present(c) == ALL) {
        add_term(builder, cell, CELL_NUMERATOR, sign);
        add_term(builder, cell, CELL_COMPLEMENT, sign);
    } else {
        add_term(builder, cell, component, sign);
    }
}

static bool has_all_or_nothing(const struct suppress_cell *cell)
{
    unsigned components = cell->suppressed ? present(cell) : 0;

    return components == 0 || components == ALL;
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

static void add_equation(struct builder *builder, const struct suppress_line *line, int component)
{
    size_t start = builder->num_terms;

    if (line->parent != SUPPRESS_PUBLIC)
        add_cell(builder, line->parent, component, 1);
    for (int i = 0; i < line->num_children; i++)
        add_cell(builder, line->children[i], component, -1);
    if (builder->num_terms > start)
        builder->starts[++builder->num_equations] = builder->num_terms;
}

static int build(struct builder *builder, struct err *err)
{
    const struct suppress_table *table = builder->table;
    size_t num_terms = 0;

    for (int i = 0; i < table->num_lines; i++) /* the count's equation may have two terms a cell */
        num_terms += ((size_t)table->lines[i].num_children + 1) * (CELL_COMPONENTS + 1);
    builder->unknowns = calloc((size_t)table->num_cells * CELL_COMPONENTS + 1, sizeof *builder->unknowns);
    builder->terms = calloc(num_terms + 1, sizeof *builder->terms);
    builder->starts = calloc((size_t)table->num_lines * CELL_COMPONENTS + 1, sizeof *builder->starts);
    if (!builder->unknowns || !builder->terms || !builder->starts)
        return err_set(err, ERR_NO_MEMORY, "suppression check of %d cells", table->num_cells);
    number_unknowns(builder);
    for (int i = 0; i < table->num_lines; i++) {
        const struct suppress_line *line = &table->lines[i];

        for (int c = 0; c < CELL_COMPONENTS; c++) {
            bool is_needed = c != CELL_COUNT || !counts_add_nothing(table, line);

            if ((line->components >> c & 1) && is_needed)
                add_equation(builder, line, c);
        }
    }
    return 0;
}

/* Is this component of a suppressed cell the same in all solutions? */
static bool is_determined(const struct builder *builder, const uint64_t *solution, int cell, int component)
{
    const int *unknowns = &builder->unknowns[cell * CELL_COMPONENTS];

    if (unknowns[component] != NONE_OF_IT)
        return solution[unknowns[component]] == 0;
    return field64_add(solution[unknowns[CELL_NUMERATOR]], solution[unknowns[CELL_COMPLEMENT]]) == 0;
}

static uint8_t unsafe_components(const struct builder *builder, const uint64_t *solution, int cell)
{
    const struct suppress_cell *c = &builder->table->cells[cell];
    uint8_t components = 0;

    for (int i = 0; i < CELL_COMPONENTS; i++) {
        if (suppress_state(c, i) == SMALL && (!c->suppressed || is_determined(builder, solution, cell, i)))
            components |= (uint8_t)(1u << i);
    }
    return components;
}

int suppress_check(int *num_unsafe, uint8_t *unsafe, const struct suppress_table *table, struct err *err)
{
    struct builder builder = {.table = table};
    struct linear_system system;
    uint64_t *solution = NULL;
    int found = 0, rc;

    if ((rc = build(&builder, err)) != 0)
        goto done;
    solution = calloc((size_t)builder.num_unknowns + 1, sizeof *solution);
    if (!solution) {
        rc = err_set(err, ERR_NO_MEMORY, "suppression check of %d cells", table->num_cells);
        goto done;
    }
    system = (struct linear_system){.terms = builder.terms,
                                    .starts = builder.starts,
                                    .num_equations = builder.num_equations,
                                    .num_unknowns = builder.num_unknowns};
    if ((rc = nullspace_sample(solution, &system, err)) != 0)
        goto done;
    for (int i = 0; i < table->num_cells; i++) {
        uint8_t components = unsafe_components(&builder, solution, i);

        found += components != 0;
        if (unsafe)
            unsafe[i] = components;
    }
    *num_unsafe = found;

done:
    free(builder.unknowns);
    free(builder.terms);
    free(builder.starts);
    free(solution);
    return rc;
}

bool suppress_is_safe(const struct suppress_table *table)
{
    int num_unsafe;

    return suppress_check(&num_unsafe, NULL, table, NULL) == 0 && num_unsafe == 0;
}
