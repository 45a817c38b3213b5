/* others.c - exact elimination for what follows; for other numbers, depth-first search by steps of one. */
#include "tests/property/others.h"

#include <stdlib.h>
#include <string.h>

#include "tests/property/rational.h"

#define ZERO_OFFSET 16
#define MOST_STEPS  14
#define MOST_NODES  200000
#define PLACES      (1 << 16)

/* What is off was met before, with so many steps left: by hash, the last one that came there. */
static struct {
    uint64_t hash;
    int steps_left;
} met[PLACES];

void numbers_begin(struct numbers *numbers, int min_cell)
{
    numbers->num_columns = numbers->num_rows = 0;
    numbers->min_cell = min_cell;
}

void numbers_add(struct numbers *numbers, const int *row, enum row_kind kind, int area, int cell)
{
    struct sum *sum = &numbers->rows[numbers->num_rows++];

    if (numbers->num_rows > OTHERS_ROWS)
        abort();
    *sum = (struct sum){.kind = kind, .area = area, .cell = cell, .offsets = 1u << ZERO_OFFSET};
    for (int c = 0; c < numbers->num_columns; c++) {
        sum->coefficients[c] = row[c];
        sum->value += row[c] * numbers->values[c];
    }
}

static bool is_same_column(const struct numbers *numbers, int a, int b)
{
    for (int r = 0; r < numbers->num_rows; r++) {
        if (numbers->rows[r].coefficients[a] != numbers->rows[r].coefficients[b])
            return false;
    }
    return true;
}

void numbers_merge(struct numbers *numbers)
{
    int kept = 0;

    for (int c = 0; c < numbers->num_columns; c++) {
        int same = 0;

        while (same < kept && !is_same_column(numbers, same, c))
            same++;
        if (same < kept) {
            numbers->values[same] += numbers->values[c];
            continue;
        }
        numbers->values[kept] = numbers->values[c];
        for (int r = 0; r < numbers->num_rows; r++)
            numbers->rows[r].coefficients[kept] = numbers->rows[r].coefficients[c];
        kept++;
    }
    numbers->num_columns = kept;
}

static bool is_target(const struct numbers *numbers, const struct sum *sum)
{
    return sum->kind != ROW_SHOWN && sum->value > 0 && sum->value < numbers->min_cell;
}

int numbers_find_determined(const struct numbers *numbers)
{
    struct row_space space;
    int found = -1;

    row_space_init(&space, numbers->num_columns, numbers->num_columns);
    for (int r = 0; r < numbers->num_rows; r++) {
        if (numbers->rows[r].kind == ROW_SHOWN)
            row_space_add(&space, numbers->rows[r].coefficients);
    }
    for (int r = 0; r < numbers->num_rows && found < 0; r++) {
        if (is_target(numbers, &numbers->rows[r]) && row_space_has(&space, numbers->rows[r].coefficients))
            found = r;
    }
    row_space_clear(&space);
    return found;
}

/* ---- other numbers ---- */

struct search {
    struct numbers *numbers;
    int target;
    int change[OTHERS_COLUMNS];
    int missing[OTHERS_ROWS]; /* by how much each sum that must not change is off; the target's: yet to go */
    int num_nodes;
    uint64_t run; /* tells searches apart */
};

/* Must the sum stay as it is: shown, or hidden and known to be zero? */
static bool is_bound(const struct sum *sum)
{
    return sum->kind == ROW_SHOWN || (sum->kind == ROW_HIDDEN && sum->value == 0);
}

static int change_of(const struct search *search, const struct sum *sum)
{
    int change = 0;

    for (int c = 0; c < search->numbers->num_columns; c++)
        change += sum->coefficients[c] * search->change[c];
    return change;
}

/* Would the numbers with `times` the change do? */
static bool would_do(const struct search *search, int times)
{
    const struct numbers *numbers = search->numbers;

    for (int c = 0; c < numbers->num_columns; c++) {
        if (numbers->values[c] + times * search->change[c] < 0)
            return false;
    }
    for (int r = 0; r < numbers->num_rows; r++) {
        const struct sum *sum = &numbers->rows[r];
        int change = times * change_of(search, sum);

        if (is_bound(sum) ? change != 0 : sum->kind == ROW_HIDDEN && sum->value + change < 1)
            return false;
    }
    return true;
}

static void note_values(struct search *search)
{
    for (int times = -3; times <= 3; times++) {
        if (!would_do(search, times))
            continue;
        for (int r = 0; r < search->numbers->num_rows; r++) {
            struct sum *sum = &search->numbers->rows[r];
            int offset = ZERO_OFFSET + times * change_of(search, sum);

            if (offset >= 0 && offset < 32)
                sum->offsets |= 1u << offset;
        }
    }
}

static int num_terms(const struct numbers *numbers, int row)
{
    int num = 0;

    for (int c = 0; c < numbers->num_columns; c++)
        num += numbers->rows[row].coefficients[c] != 0;
    return num;
}

static void step(struct search *search, int column, int by)
{
    struct numbers *numbers = search->numbers;

    search->change[column] += by;
    for (int r = 0; r < numbers->num_rows; r++) {
        if (is_bound(&numbers->rows[r]) || r == search->target)
            search->missing[r] -= by * numbers->rows[r].coefficients[column];
    }
}

/* The sum that is off and has the fewest terms; -1 if none is. */
static int choose_row(const struct search *search)
{
    int best = -1, best_terms = 0;

    for (int r = 0; r < search->numbers->num_rows; r++) {
        int terms;

        if (search->missing[r] == 0)
            continue;
        terms = num_terms(search->numbers, r);
        if (best < 0 || terms < best_terms) {
            best = r;
            best_terms = terms;
        }
    }
    return best;
}

static bool was_met(const struct search *search, int steps_left)
{
    uint64_t hash = search->run;
    size_t place;

    for (int r = 0; r < search->numbers->num_rows; r++) {
        if (search->missing[r] != 0)
            hash = (hash ^ (uint64_t)(uint32_t)(r * 64 + search->missing[r])) * 0x9e3779b97f4a7c15u;
    }
    place = (size_t)(hash >> 40) % PLACES;
    if (met[place].hash == hash && met[place].steps_left >= steps_left)
        return true;
    met[place].hash = hash;
    met[place].steps_left = steps_left;
    return false;
}

static bool descend(struct search *search, int steps_left)
{
    const struct numbers *numbers = search->numbers;
    int row = choose_row(search);

    if (row < 0) {
        if (!would_do(search, 1))
            return false;
        note_values(search);
        return true;
    }
    if (steps_left == 0 || search->num_nodes++ > MOST_NODES || was_met(search, steps_left))
        return false;
    for (int c = 0; c < numbers->num_columns; c++) {
        int by = search->missing[row] > 0 ? 1 : -1;

        if (numbers->rows[row].coefficients[c] == 0 || numbers->values[c] + search->change[c] + by < 0 ||
            search->change[c] * by < 0)
            continue;
        step(search, c, by);
        if (descend(search, steps_left - 1))
            return true;
        step(search, c, -by);
    }
    return false;
}

static int num_values(const struct sum *sum)
{
    int num = 0;

    for (int i = 0; i < 32; i++)
        num += sum->offsets >> i & 1 && sum->value + i - ZERO_OFFSET >= 0;
    return num;
}

static void look_for_values(struct numbers *numbers, int row)
{
    static const int wanted[] = {1, -1, 2, -2};
    static uint64_t num_runs;

    for (int steps = 1; steps <= MOST_STEPS; steps++) {
        for (int i = 0; i < 4 && num_values(&numbers->rows[row]) < 3; i++) {
            struct search search = {.numbers = numbers, .target = row, .run = ++num_runs};

            if (numbers->rows[row].offsets >> (ZERO_OFFSET + wanted[i]) & 1)
                continue;
            search.missing[row] = wanted[i];
            descend(&search, steps);
        }
        if (num_values(&numbers->rows[row]) >= 3)
            return;
    }
}

int numbers_find_narrow(struct numbers *numbers)
{
    for (int r = 0; r < numbers->num_rows; r++) {
        if (!is_target(numbers, &numbers->rows[r]) || num_values(&numbers->rows[r]) >= 3)
            continue;
        look_for_values(numbers, r);
        if (num_values(&numbers->rows[r]) < 3)
            return r;
    }
    return -1;
}
