/* suppress_oracle.c - tables with known values and a naive judge of suppression patterns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "suppress_oracle.h"

#define PRIME 1000003

void table_begin(struct made_table *made)
{
    made->num_children = 0;
    made->percent_hidden = 0;
    made->table =
        (struct suppress_table){.cells = made->cells, .lines = made->lines, .min_cell = ORACLE_MIN_CELL};
}

static uint8_t pack_state(unsigned kind, const int *values)
{
    unsigned state = 0;

    for (int c = 0; c < CELL_COMPONENTS; c++) {
        unsigned component = values[c] == 0 ? 1 : values[c] < ORACLE_MIN_CELL ? 2 : 3;

        if (kind >> c & 1)
            state |= component << (2 * c);
    }
    return (uint8_t)state;
}

int table_cell(struct made_table *made, unsigned kind, int numerator, int complement)
{
    int cell = made->table.num_cells++;
    int *values = made->values[cell];

    assert_true(cell < ORACLE_MAX_CELLS);
    values[CELL_NUMERATOR] = kind & 1 ? numerator : 0;
    values[CELL_COMPLEMENT] = kind & 2 ? complement : 0;
    values[CELL_COUNT] = kind & 4 ? numerator + complement : 0;
    made->cells[cell] =
        (struct suppress_cell){.state = pack_state(kind, values), .weight = 1, .order = (uint32_t)cell};
    return cell;
}

int table_sum(struct made_table *made, unsigned kind, const int *cells, int num_cells)
{
    int numerator = 0, count = 0, sum;
    uint32_t weight = 0;

    for (int i = 0; i < num_cells; i++) {
        numerator += made->values[cells[i]][CELL_NUMERATOR];
        count += made->values[cells[i]][CELL_COUNT];
        weight += made->cells[cells[i]].weight;
    }
    sum = kind == RATE ? table_cell(made, kind, numerator, 0)
                       : table_cell(made, kind, numerator, count - numerator);
    made->cells[sum].weight = weight;
    return sum;
}

void table_line(struct made_table *made, int parent, const int *children, int num_children,
                unsigned components)
{
    int *copy = made->children + made->num_children;

    assert_true(made->num_children + num_children <= ORACLE_MAX_CHILDREN);
    assert_true(made->table.num_lines < ORACLE_MAX_LINES);
    for (int i = 0; i < num_children; i++)
        copy[i] = children[i];
    made->num_children += num_children;
    made->lines[made->table.num_lines++] = (struct suppress_line){
        .parent = parent, .children = copy, .num_children = num_children, .components = (uint8_t)components};
}

static int random_value(struct random *random)
{
    int kind = random_below(random, 10);

    return kind < 3 ? 0 : kind < 5 ? 1 + random_below(random, 4) : 5 + random_below(random, 60);
}

int table_random_cell(struct made_table *made, struct random *random)
{
    int numerator = random_value(random);
    int cell = table_cell(made, PROPORTION, numerator, random_value(random));

    made->cells[cell].weight = 1 + (uint32_t)random_below(random, 9);
    return cell;
}

#define MAX_FAN    40
#define MAX_STRATA 16

static void region_leaf(struct made_table *made, struct random *random, int num_strata, int *cells)
{
    for (int s = 1; s <= num_strata; s++)
        cells[s] = table_random_cell(made, random);
    if (num_strata == 0)
        cells[0] = table_random_cell(made, random);
}

static void region_strata(struct made_table *made, int num_strata, int *cells)
{
    if (num_strata == 0)
        return;
    cells[0] = table_sum(made, PROPORTION, cells + 1, num_strata);
    table_line(made, cells[0], cells + 1, num_strata, PROPORTION);
}

static void region_rest_block(struct made_table *made, struct random *random, int num_strata, int *cells)
{
    bool empty = random_below(random, 2);

    if (empty) {
        for (int s = num_strata ? 1 : 0; s <= num_strata; s++)
            cells[s] = table_cell(made, PROPORTION, 0, 0);
    } else {
        region_leaf(made, random, num_strata, cells);
    }
    region_strata(made, num_strata, cells);
    for (int s = 0; s <= num_strata; s++)
        made->cells[cells[s]].free = true;
}

static void region_hide(struct made_table *made, struct random *random, int num_strata, const int *cells,
                        const int *rest_block)
{
    if (random_below(random, 100) >= made->percent_hidden)
        return;
    for (int s = 0; s <= num_strata; s++) {
        made->cells[cells[s]].hidden = true;
        if (rest_block)
            made->cells[rest_block[s]].hidden = true;
    }
}

void table_region(struct made_table *made, struct random *random, const int *fans, int num_strata,
                  bool random_fans, int *cells)
{
    int below[MAX_FAN + 1][MAX_STRATA + 1], column[MAX_FAN + 1];
    int num = fans[0] == 0 ? 0 : random_fans ? 1 + random_below(random, fans[0]) : fans[0];

    if (num == 0) {
        region_leaf(made, random, num_strata, cells);
        region_strata(made, num_strata, cells);
        region_hide(made, random, num_strata, cells, NULL);
        return;
    }
    assert_true(num <= MAX_FAN && num_strata <= MAX_STRATA);
    for (int i = 0; i < num; i++)
        table_region(made, random, fans + 1, num_strata, random_fans, below[i]);
    region_rest_block(made, random, num_strata, below[num]);
    for (int s = 0; s <= num_strata; s++) {
        for (int i = 0; i <= num; i++)
            column[i] = below[i][s];
        cells[s] = table_sum(made, PROPORTION, column, num + 1);
        table_line(made, cells[s], column, num + 1, PROPORTION);
    }
    if (num_strata > 0) {
        table_line(made, cells[0], cells + 1, num_strata, PROPORTION);
        made->lines[made->table.num_lines - 1].implied = true;
    }
    region_hide(made, random, num_strata, cells, below[num]);
}

/* ---- the judge ---- */

static bool has_component(const struct suppress_cell *cell, int component)
{
    return (cell->state >> (2 * component) & 3) != 0 && !cell->exempt;
}

struct matrix {
    long *entries; /* the last column is the right-hand side */
    int num_rows, num_columns;
};

static long *entry(const struct matrix *matrix, int row, int column)
{
    return &matrix->entries[(size_t)row * (size_t)matrix->num_columns + (size_t)column];
}

static void add_to_row(const struct matrix *matrix, const struct made_table *made, const int *columns,
                       int cell, int component, long sign)
{
    int last = matrix->num_columns - 1, column = columns[cell * CELL_COMPONENTS + component];
    long *target = entry(matrix, matrix->num_rows, column >= 0 ? column : last);
    long amount = column >= 0 ? sign : -sign * made->values[cell][component];

    if (has_component(&made->cells[cell], component))
        *target = ((*target + amount) % PRIME + PRIME) % PRIME;
}

static void fill(struct matrix *matrix, const struct made_table *made, const int *columns)
{
    for (int i = 0; i < made->table.num_lines; i++) {
        const struct suppress_line *line = &made->lines[i];

        for (int c = 0; c < CELL_COMPONENTS; c++) {
            if (!(line->components >> c & 1))
                continue;
            for (int j = 0; j < line->num_children; j++) {
                add_to_row(matrix, made, columns, line->children[j], c, 1);
                if (line->parent == SUPPRESS_PUBLIC && has_component(&made->cells[line->children[j]], c))
                    *entry(matrix, matrix->num_rows, matrix->num_columns - 1) +=
                        made->values[line->children[j]][c];
            }
            if (line->parent != SUPPRESS_PUBLIC)
                add_to_row(matrix, made, columns, line->parent, c, -1);
            matrix->num_rows++;
        }
    }
    for (int i = 0; i < made->table.num_cells; i++) {
        if ((made->cells[i].state & 3) == 0 || (made->cells[i].state >> 2 & 3) == 0 ||
            (made->cells[i].state >> 4 & 3) == 0 || made->cells[i].exempt)
            continue;
        add_to_row(matrix, made, columns, i, CELL_NUMERATOR, 1);
        add_to_row(matrix, made, columns, i, CELL_COMPLEMENT, 1);
        add_to_row(matrix, made, columns, i, CELL_COUNT, -1);
        matrix->num_rows++;
    }
}

static long power(long base, long exponent)
{
    long result = 1;

    for (; exponent > 0; exponent >>= 1, base = base * base % PRIME)
        result = exponent & 1 ? result * base % PRIME : result;
    return result;
}

static void subtract(const struct matrix *matrix, int target, int source, long factor)
{
    if (factor == 0)
        return;
    for (int i = 0; i < matrix->num_columns; i++) {
        long *value = entry(matrix, target, i);

        *value = (*value + (PRIME - factor) * *entry(matrix, source, i)) % PRIME;
    }
}

/* To reduced row echelon form. */
static void reduce(const struct matrix *matrix)
{
    int rank = 0;

    for (int column = 0; column + 1 < matrix->num_columns && rank < matrix->num_rows; column++) {
        int row = rank;
        long inverse;

        while (row < matrix->num_rows && *entry(matrix, row, column) == 0)
            row++;
        if (row == matrix->num_rows)
            continue;
        for (int i = 0; i < matrix->num_columns; i++) {
            long swapped = *entry(matrix, row, i);

            *entry(matrix, row, i) = *entry(matrix, rank, i);
            *entry(matrix, rank, i) = swapped;
        }
        inverse = power(*entry(matrix, rank, column), PRIME - 2);
        for (int i = 0; i < matrix->num_columns; i++)
            *entry(matrix, rank, i) = *entry(matrix, rank, i) * inverse % PRIME;
        for (int i = 0; i < matrix->num_rows; i++) {
            if (i != rank)
                subtract(matrix, i, rank, *entry(matrix, i, column));
        }
        rank++;
    }
}

/* Marks each column that some row determines alone, in `determined`, and checks the value found. */
static void read_solution(const struct matrix *matrix, const long *truth, bool *determined)
{
    for (int row = 0; row < matrix->num_rows; row++) {
        int found = -1, num = 0;

        for (int column = 0; column + 1 < matrix->num_columns; column++) {
            if (*entry(matrix, row, column) != 0) {
                found = column;
                num++;
            }
        }
        if (num == 0) /* published numbers agree with each other */
            assert_true(*entry(matrix, row, matrix->num_columns - 1) % PRIME == 0);
        if (num != 1)
            continue;
        determined[found] = true;
        assert_true(*entry(matrix, row, matrix->num_columns - 1) == truth[found]);
    }
}

/* In reduced form: do all solutions agree on the sum of two columns? */
static bool sum_is_determined(const struct matrix *matrix, const int *pivot_rows, int a, int b)
{
    for (int free_column = 0; free_column + 1 < matrix->num_columns; free_column++) {
        long sum = (free_column == a) + (free_column == b);

        if (pivot_rows[free_column] >= 0)
            continue;
        if (pivot_rows[a] >= 0)
            sum -= *entry(matrix, pivot_rows[a], free_column);
        if (pivot_rows[b] >= 0)
            sum -= *entry(matrix, pivot_rows[b], free_column);
        if (sum % PRIME != 0)
            return false;
    }
    return true;
}

static bool is_small_unknown(const struct made_table *made, const int *columns, const bool *determined,
                             int at)
{
    int value = made->values[at / CELL_COMPONENTS][at % CELL_COMPONENTS];

    return columns[at] >= 0 && !determined[columns[at]] && value > 0 && value < ORACLE_MIN_CELL;
}

static void mark_pairs(uint8_t *unsafe, const struct made_table *made, const struct matrix *matrix,
                       const int *columns, const bool *determined)
{
    int *pivot_rows = calloc((size_t)matrix->num_columns, sizeof *pivot_rows), num = made->table.num_cells;

    assert_non_null(pivot_rows);
    for (int column = 0; column < matrix->num_columns; column++)
        pivot_rows[column] = -1;
    for (int row = 0; row < matrix->num_rows; row++) {
        int column = 0;

        while (column + 1 < matrix->num_columns && *entry(matrix, row, column) == 0)
            column++;
        if (column + 1 < matrix->num_columns)
            pivot_rows[column] = row;
    }
    for (int i = 0; i < num * CELL_COMPONENTS; i++) {
        if (!is_small_unknown(made, columns, determined, i))
            continue;
        for (int j = i + CELL_COMPONENTS; j < num * CELL_COMPONENTS; j += CELL_COMPONENTS) {
            int a = i / CELL_COMPONENTS, b = j / CELL_COMPONENTS, c = i % CELL_COMPONENTS;

            if (!is_small_unknown(made, columns, determined, j) ||
                made->values[a][c] + made->values[b][c] >= ORACLE_MIN_CELL ||
                !sum_is_determined(matrix, pivot_rows, columns[i], columns[j]))
                continue;
            unsafe[a] |= (uint8_t)(1u << (CELL_COMPONENTS + c));
            unsafe[b] |= (uint8_t)(1u << (CELL_COMPONENTS + c));
        }
    }
    free(pivot_rows);
}

int oracle_unsafe(uint8_t *unsafe, const struct made_table *made)
{
    size_t num = (size_t)made->table.num_cells * CELL_COMPONENTS;
    struct matrix matrix = {.num_columns = 1};
    int *columns = calloc(num + 1, sizeof *columns), num_unsafe = 0;
    long *truth = calloc(num + 1, sizeof *truth);
    bool *determined = calloc(num + 1, sizeof *determined);

    assert_true(columns && truth && determined);
    for (size_t i = 0; i < num; i++) {
        const struct suppress_cell *cell = &made->cells[i / CELL_COMPONENTS];
        int component = (int)(i % CELL_COMPONENTS);

        columns[i] = -1;
        if (!cell->suppressed || !has_component(cell, component))
            continue;
        truth[matrix.num_columns - 1] = made->values[i / CELL_COMPONENTS][component];
        columns[i] = matrix.num_columns++ - 1;
    }
    matrix.entries =
        calloc(((size_t)made->table.num_lines * CELL_COMPONENTS + (size_t)made->table.num_cells + 1) *
                   (size_t)matrix.num_columns,
               sizeof *matrix.entries);
    assert_non_null(matrix.entries);
    fill(&matrix, made, columns);
    reduce(&matrix);
    read_solution(&matrix, truth, determined);
    for (int i = 0; i < made->table.num_cells; i++) {
        unsafe[i] = 0;
        for (int c = 0; c < CELL_COMPONENTS; c++) {
            int column = columns[i * CELL_COMPONENTS + c], value = made->values[i][c];
            bool small = has_component(&made->cells[i], c) &&
                         (made->cells[i].hidden || (value > 0 && value < ORACLE_MIN_CELL));

            if (small && (column < 0 || determined[column]))
                unsafe[i] |= (uint8_t)(1u << c);
        }
        num_unsafe += unsafe[i] != 0;
    }
    mark_pairs(unsafe, made, &matrix, columns, determined);
    free(columns);
    free(truth);
    free(determined);
    free(matrix.entries);
    return num_unsafe;
}

bool oracle_shows_small_rest(const struct made_table *made)
{
    for (int i = 0; i < made->table.num_lines; i++) {
        const struct suppress_line *line = &made->lines[i];

        for (int c = 0; c < CELL_COMPONENTS; c++) {
            int rest = 0;

            if (!(line->components >> c & 1) ||
                (line->parent != SUPPRESS_PUBLIC && made->cells[line->parent].suppressed))
                continue;
            for (int j = 0; j < line->num_children; j++) {
                if (made->cells[line->children[j]].suppressed)
                    rest += made->values[line->children[j]][c];
            }
            if (rest > 0 && rest < ORACLE_MIN_CELL)
                return true;
        }
    }
    return false;
}
