/* nullspace.c - sparse Gaussian elimination over Field64, then back substitution from pseudo-random free
 * unknowns. */
#include "audit/nullspace.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/field64.h"

struct entry {
    int unknown;
    field64 coefficient; /* not 0 */
};

/* One equation, its entries ordered by unknown. */
struct row {
    struct entry *entries;
    int len;
    bool is_used; /* as a pivot: no longer part of the system that remains */
};

/* The rows in which an unknown occurs; some entries may be out of date, none is missing. */
struct column {
    int *rows;
    int len, capacity;
    int degree; /* rows in which it really occurs */
    bool is_done;
};

struct pivot {
    int row, unknown;
};

struct elimination {
    struct row *rows;
    struct column *columns;
    struct pivot *pivots;
    uint64_t *heap; /* degree << 32 | unknown, least first; may be out of date */
    size_t heap_len, heap_capacity;
    int num_rows, num_unknowns, num_pivots;
};

static field64 inverse(field64 a)
{
    field64 result = 1;

    for (uint64_t exponent = FIELD64_P - 2; exponent > 0; exponent >>= 1) {
        if (exponent & 1)
            result = field64_mul(result, a);
        a = field64_mul(a, a);
    }
    return result;
}

/* splitmix64 of the unknown's number: a fixed, well-spread value that is not 0. */
static field64 free_value(int unknown)
{
    uint64_t z = ((uint64_t)unknown + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return z % (FIELD64_P - 1) + 1;
}

static bool heap_push(struct elimination *e, int unknown)
{
    uint64_t key = (uint64_t)e->columns[unknown].degree << 32 | (uint32_t)unknown;
    size_t i = e->heap_len;

    if (e->heap_len == e->heap_capacity) {
        size_t capacity = 2 * e->heap_capacity + 64;
        uint64_t *heap = realloc(e->heap, capacity * sizeof *heap);

        if (!heap)
            return false;
        e->heap = heap;
        e->heap_capacity = capacity;
    }
    e->heap_len++;
    for (; i > 0 && e->heap[(i - 1) / 2] > key; i = (i - 1) / 2)
        e->heap[i] = e->heap[(i - 1) / 2];
    e->heap[i] = key;
    return true;
}

static uint64_t heap_pop(struct elimination *e)
{
    uint64_t least = e->heap[0], last = e->heap[--e->heap_len];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < e->heap_len; i = child) {
        if (child + 1 < e->heap_len && e->heap[child + 1] < e->heap[child])
            child++;
        if (e->heap[child] >= last)
            break;
        e->heap[i] = e->heap[child];
    }
    e->heap[i] = last;
    return least;
}

static bool column_add(struct elimination *e, int unknown, int row)
{
    struct column *column = &e->columns[unknown];

    if (column->len == column->capacity) {
        int capacity = 2 * column->capacity + 4;
        int *rows = realloc(column->rows, (size_t)capacity * sizeof *rows);

        if (!rows)
            return false;
        column->rows = rows;
        column->capacity = capacity;
    }
    column->rows[column->len++] = row;
    column->degree++;
    return heap_push(e, unknown);
}

static bool column_drop(struct elimination *e, int unknown)
{
    e->columns[unknown].degree--;
    return heap_push(e, unknown);
}

/* The coefficient of `unknown` in a row; 0 if it does not occur. */
static field64 coefficient_of(const struct row *row, int unknown)
{
    int low = 0, high = row->len;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (row->entries[middle].unknown < unknown)
            low = middle + 1;
        else
            high = middle;
    }
    return low < row->len && row->entries[low].unknown == unknown ? row->entries[low].coefficient : 0;
}

/* rows[target] -= factor * rows[source]; keeps the columns up to date. */
static bool subtract_row(struct elimination *e, int target, int source, field64 factor)
{
    struct row *a = &e->rows[target];
    const struct row *b = &e->rows[source];
    struct entry *out = malloc(((size_t)a->len + (size_t)b->len) * sizeof *out);
    int i = 0, j = 0, len = 0;
    bool ok = out != NULL;

    while (ok && (i < a->len || j < b->len)) {
        if (j == b->len || (i < a->len && a->entries[i].unknown < b->entries[j].unknown)) {
            out[len++] = a->entries[i++];
            continue;
        }
        int unknown = b->entries[j].unknown;
        bool is_new = i == a->len || a->entries[i].unknown != unknown;
        field64 value = field64_sub(is_new ? 0 : a->entries[i++].coefficient,
                                    field64_mul(b->entries[j++].coefficient, factor));

        if (value != 0)
            out[len++] = (struct entry){.unknown = unknown, .coefficient = value};
        if (is_new)
            ok = column_add(e, unknown, target);
        else if (value == 0)
            ok = column_drop(e, unknown);
    }
    if (!ok) {
        free(out);
        return false;
    }
    free(a->entries);
    a->entries = out;
    a->len = len;
    return true;
}

/* The shortest row in which `unknown` occurs (ties: lowest number); -1 if there is none. */
static int choose_pivot_row(const struct elimination *e, int unknown)
{
    const struct column *column = &e->columns[unknown];
    int found = -1;

    for (int i = 0; i < column->len; i++) {
        int row = column->rows[i];

        if (e->rows[row].is_used || coefficient_of(&e->rows[row], unknown) == 0)
            continue;
        if (found < 0 || e->rows[row].len < e->rows[found].len ||
            (e->rows[row].len == e->rows[found].len && row < found))
            found = row;
    }
    return found;
}

static bool eliminate(struct elimination *e, int unknown)
{
    struct column *column = &e->columns[unknown];
    int pivot = choose_pivot_row(e, unknown);
    field64 pivot_inverse;

    column->is_done = true;
    if (pivot < 0)
        return true; /* a free unknown */
    e->rows[pivot].is_used = true;
    e->pivots[e->num_pivots++] = (struct pivot){.row = pivot, .unknown = unknown};
    pivot_inverse = inverse(coefficient_of(&e->rows[pivot], unknown));
    for (int i = 0; i < column->len; i++) {
        int row = column->rows[i];
        field64 coefficient = e->rows[row].is_used ? 0 : coefficient_of(&e->rows[row], unknown);

        if (coefficient != 0 && !subtract_row(e, row, pivot, field64_mul(coefficient, pivot_inverse)))
            return false;
    }
    for (int i = 0; i < e->rows[pivot].len; i++) {
        if (!column_drop(e, e->rows[pivot].entries[i].unknown))
            return false;
    }
    return true;
}

static bool eliminate_all(struct elimination *e)
{
    /* Equations with one unknown first: they cost nothing and shorten the others. */
    for (int i = 0; i < e->num_rows; i++) {
        if (!e->rows[i].is_used && e->rows[i].len == 1 && !eliminate(e, e->rows[i].entries[0].unknown))
            return false;
    }
    while (e->heap_len > 0) {
        uint64_t key = heap_pop(e);
        int unknown = (int)(key & 0xffffffffu);

        if (e->columns[unknown].is_done || (int)(key >> 32) != e->columns[unknown].degree)
            continue;
        if (!eliminate(e, unknown))
            return false;
    }
    return true;
}

static void back_substitute(uint64_t *solution, const struct elimination *e)
{
    for (int i = 0; i < e->num_unknowns; i++)
        solution[i] = free_value(i);
    for (int i = e->num_pivots - 1; i >= 0; i--) {
        const struct row *row = &e->rows[e->pivots[i].row];
        int unknown = e->pivots[i].unknown;
        field64 sum = 0;

        for (int j = 0; j < row->len; j++) {
            if (row->entries[j].unknown != unknown)
                sum = field64_add(
                    sum, field64_mul(row->entries[j].coefficient, solution[row->entries[j].unknown]));
        }
        solution[unknown] = field64_mul(field64_sub(0, sum), inverse(coefficient_of(row, unknown)));
    }
}

static int compare_entries(const void *a, const void *b)
{
    return ((const struct entry *)a)->unknown - ((const struct entry *)b)->unknown;
}

static bool load_row(struct elimination *e, int index, const struct linear_term *terms, size_t num_terms)
{
    struct row *row = &e->rows[index];
    int len = 0;

    row->entries = malloc((num_terms + 1) * sizeof *row->entries);
    if (!row->entries)
        return false;
    for (size_t i = 0; i < num_terms; i++) {
        row->entries[i] =
            (struct entry){.unknown = terms[i].unknown, .coefficient = terms[i].sign < 0 ? FIELD64_P - 1 : 1};
    }
    qsort(row->entries, num_terms, sizeof *row->entries, compare_entries);
    for (size_t i = 0; i < num_terms; i++) {
        if (len > 0 && row->entries[len - 1].unknown == row->entries[i].unknown) {
            field64 *coefficient = &row->entries[len - 1].coefficient;

            *coefficient = field64_add(*coefficient, row->entries[i].coefficient);
        } else {
            if (len > 0 && row->entries[len - 1].coefficient == 0)
                len--;
            row->entries[len++] = row->entries[i];
        }
    }
    row->len = len > 0 && row->entries[len - 1].coefficient == 0 ? len - 1 : len;
    for (int i = 0; i < row->len; i++) {
        if (!column_add(e, row->entries[i].unknown, index))
            return false;
    }
    return true;
}

static bool load(struct elimination *e, const struct linear_system *system)
{
    e->rows = calloc((size_t)system->num_equations + 1, sizeof *e->rows);
    e->pivots = calloc((size_t)system->num_equations + 1, sizeof *e->pivots);
    e->columns = calloc((size_t)system->num_unknowns + 1, sizeof *e->columns);
    if (!e->rows || !e->pivots || !e->columns)
        return false;
    e->num_unknowns = system->num_unknowns;
    for (int i = 0; i < system->num_equations; i++) {
        e->num_rows = i + 1;
        if (!load_row(e, i, system->terms + system->starts[i], system->starts[i + 1] - system->starts[i]))
            return false;
    }
    return true;
}

static void clear(struct elimination *e)
{
    for (int i = 0; i < e->num_rows; i++)
        free(e->rows[i].entries);
    for (int i = 0; i < e->num_unknowns; i++)
        free(e->columns[i].rows);
    free(e->rows);
    free(e->pivots);
    free(e->columns);
    free(e->heap);
}

int nullspace_sample(uint64_t *solution, const struct linear_system *system, struct err *err)
{
    struct elimination elimination = {0};
    int rc = 0;

    if (load(&elimination, system) && eliminate_all(&elimination))
        back_substitute(solution, &elimination);
    else
        rc = err_set(err, ERR_NO_MEMORY, "%d equations", system->num_equations);
    clear(&elimination);
    return rc;
}
