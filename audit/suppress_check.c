/* suppress_check.c - the exact check of a suppression pattern, by linear algebra over all lines at once.
 *
 * Unknowns are the present components of suppressed cells. Where a cell has all three, its count is the sum
 * of the other two and no unknown of its own, so what one line tells of the count and another of the
 * numerator is combined. */
#include "audit/suppress.h"

#include <stdlib.h>
#include <string.h>

#include "audit/nullspace.h"
#include "crypto/field64.h"

#define ABSENT     WEFT__V1__CELL_STATE__CELL_ABSENT
#define SMALL      WEFT__V1__CELL_STATE__CELL_SMALL
#define LARGE      WEFT__V1__CELL_STATE__CELL_LARGE
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

/* The value of a suppressed cell's component in the solution: 0 if it is the same in all solutions. */
static field64 value_of(const struct builder *builder, const uint64_t *solution, int cell, int component)
{
    const int *unknowns = &builder->unknowns[cell * CELL_COMPONENTS];

    if (unknowns[component] != NONE_OF_IT)
        return solution[unknowns[component]];
    if (unknowns[CELL_NUMERATOR] == NONE_OF_IT || unknowns[CELL_COMPLEMENT] == NONE_OF_IT)
        return 0;
    return field64_add(solution[unknowns[CELL_NUMERATOR]], solution[unknowns[CELL_COMPLEMENT]]);
}

static uint8_t unsafe_alone(const struct builder *builder, const uint64_t *solution, int cell)
{
    const struct suppress_cell *c = &builder->table->cells[cell];
    uint8_t components = 0;

    if (c->fixed && !c->suppressed)
        return 0;
    for (int i = 0; i < CELL_COMPONENTS; i++) {
        if (suppress_state(c, i) == SMALL && (!c->suppressed || value_of(builder, solution, cell, i) == 0))
            components |= (uint8_t)(1u << i);
    }
    return components;
}

/* ---- pairs: the sum of two unknowns is determined if their values in the solution are opposite ---- */

struct pair {
    int low, high; /* cells */
};

struct small_value {
    field64 size; /* the smaller of the value and its opposite */
    bool is_opposite;
    int cell;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return x->low != y->low ? (x->low > y->low) - (x->low < y->low)
                            : (x->high > y->high) - (x->high < y->high);
}

static int compare_small_values(const void *a, const void *b)
{
    const struct small_value *x = a, *y = b;

    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    if (x->is_opposite != y->is_opposite)
        return x->is_opposite ? 1 : -1;
    return (x->cell > y->cell) - (x->cell < y->cell);
}

static struct pair make_pair(int a, int b)
{
    return a < b ? (struct pair){.low = a, .high = b} : (struct pair){.low = b, .high = a};
}

/* The line's only two children that are not zero in `component`, under a large parent: their sum is large
 * too. */
static bool is_large_pair(struct pair *pair, const struct suppress_table *table,
                          const struct suppress_line *line, int component)
{
    int cells[2], num = 0;

    if (!(line->components >> component & 1) || line->parent == SUPPRESS_PUBLIC ||
        suppress_state(&table->cells[line->parent], component) != LARGE)
        return false;
    for (int i = 0; i < line->num_children; i++) {
        if (suppress_state(&table->cells[line->children[i]], component) < SMALL)
            continue;
        if (num == 2)
            return false;
        cells[num++] = line->children[i];
    }
    if (num == 2)
        *pair = make_pair(cells[0], cells[1]);
    return num == 2;
}

/* All small values of one component that are not determined alone, ordered. */
static size_t list_small_values(struct small_value *values, const struct builder *builder,
                                const uint64_t *solution, int component)
{
    size_t num = 0;

    for (int i = 0; i < builder->table->num_cells; i++) {
        const struct suppress_cell *cell = &builder->table->cells[i];
        field64 value, opposite;

        if (!cell->suppressed || suppress_state(cell, component) != SMALL)
            continue;
        value = value_of(builder, solution, i, component);
        opposite = field64_sub(0, value);
        if (value == 0)
            continue;
        values[num++] = (struct small_value){
            .size = value < opposite ? value : opposite, .is_opposite = opposite < value, .cell = i};
    }
    qsort(values, num, sizeof *values, compare_small_values);
    return num;
}

/* Values of one size, the opposite ones last: each pair of a value and an opposite one has a determined
 * sum. */
static void mark_opposite(uint8_t *unsafe, const struct small_value *values, size_t num,
                          const struct pair *large, size_t num_large, int component)
{
    const uint8_t bit = (uint8_t)(1u << (SUPPRESS_PAIRED_SHIFT + component));
    size_t first_opposite = 0;

    while (first_opposite < num && !values[first_opposite].is_opposite)
        first_opposite++;
    for (size_t i = 0; i < first_opposite; i++) {
        for (size_t j = first_opposite; j < num; j++) {
            struct pair pair = make_pair(values[i].cell, values[j].cell);

            if (bsearch(&pair, large, num_large, sizeof pair, compare_pairs))
                continue;
            unsafe[pair.low] |= bit;
            unsafe[pair.high] |= bit;
        }
    }
}

static int find_pairs(uint8_t *unsafe, const struct builder *builder, const uint64_t *solution,
                      struct err *err)
{
    const struct suppress_table *table = builder->table;
    struct small_value *values = calloc((size_t)table->num_cells + 1, sizeof *values);
    struct pair *large = calloc((size_t)table->num_lines + 1, sizeof *large);
    int rc = 0;

    if (!values || !large) {
        rc = err_set(err, ERR_NO_MEMORY, "suppression check of %d cells", table->num_cells);
        goto done;
    }
    for (int c = 0; c < CELL_COMPONENTS; c++) {
        size_t num = list_small_values(values, builder, solution, c), num_large = 0;

        for (int i = 0; i < table->num_lines; i++)
            num_large += is_large_pair(&large[num_large], table, &table->lines[i], c);
        qsort(large, num_large, sizeof *large, compare_pairs);
        for (size_t start = 0, end; start < num; start = end) {
            for (end = start + 1; end < num && values[end].size == values[start].size;)
                end++;
            mark_opposite(unsafe, values + start, end - start, large, num_large, c);
        }
    }

done:
    free(values);
    free(large);
    return rc;
}

/* ---- the whole ---- */

static int sample_solution(uint64_t **solution, const struct builder *builder, struct err *err)
{
    struct linear_system system = {.terms = builder->terms,
                                   .starts = builder->starts,
                                   .num_equations = builder->num_equations,
                                   .num_unknowns = builder->num_unknowns};

    *solution = calloc((size_t)builder->num_unknowns + 1, sizeof **solution);
    if (!*solution)
        return err_set(err, ERR_NO_MEMORY, "%d unknowns", builder->num_unknowns);
    return nullspace_sample(*solution, &system, err);
}

int suppress_check(int *num_unsafe, uint8_t *unsafe, const struct suppress_table *table, struct err *err)
{
    struct builder builder = {.table = table};
    size_t num_cells = (size_t)table->num_cells;
    uint64_t *solution = NULL;
    uint8_t *findings = calloc(num_cells + 1, sizeof *findings);
    int found = 0, rc;

    if (!findings) {
        rc = err_set(err, ERR_NO_MEMORY, "suppression check of %zu cells", num_cells);
        goto done;
    }
    if ((rc = build(&builder, err)) != 0 || (rc = sample_solution(&solution, &builder, err)) != 0)
        goto done;
    for (int i = 0; i < table->num_cells; i++)
        findings[i] = unsafe_alone(&builder, solution, i);
    if ((rc = find_pairs(findings, &builder, solution, err)) != 0)
        goto done;
    for (size_t i = 0; i < num_cells; i++)
        found += findings[i] != 0;
    *num_unsafe = found;
    if (unsafe)
        memcpy(unsafe, findings, num_cells);

done:
    free(builder.unknowns);
    free(builder.terms);
    free(builder.starts);
    free(solution);
    free(findings);
    return rc;
}

bool suppress_is_safe(const struct suppress_table *table)
{
    int num_unsafe;

    return suppress_check(&num_unsafe, NULL, table, NULL) == 0 && num_unsafe == 0;
}
