/* others.c - exact elimination for what follows; for other numbers, best-first search by steps of one. */
#include "tests/property/others.h"

#include <stdlib.h>
#include <string.h>

#include "tests/property/rational.h"

#define ZERO_OFFSET 16

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

#define NO_NODE    (-1)
#define NODES_MAX  8000
#define PLACES     (1 << 14)
#define STEPS_MAX  40
#define OFF_WEIGHT 3 /* how many steps a sum that is off counts as, when choosing what to try next */

/* Some steps: the last of them, and the node before. */
struct node {
    int before, column, by, num_steps, priority;
};

struct search {
    struct numbers *numbers;
    int target;
    bool look_again; /* at what was seen: it may have been reached by steps that lead nowhere */
    int change[OTHERS_COLUMNS];
    int off[OTHERS_ROWS]; /* by how much each sum that must not change did; the target: and has yet to */
    int num_off;
    int num_rows_of[OTHERS_COLUMNS],
        rows_of[OTHERS_COLUMNS][OTHERS_ROWS]; /* sums that are bound, of a column */
    int num_hidden_of[OTHERS_COLUMNS], hidden_of[OTHERS_COLUMNS][OTHERS_ROWS]; /* sums that stay at least 1 */
    int moved[OTHERS_ROWS]; /* by how much each of these changed */
    struct node nodes[NODES_MAX];
    int num_nodes, heap[NODES_MAX], heap_len;
    uint64_t seen[PLACES]; /* what was off, by hash */
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

static void step(struct search *search, int column, int by)
{
    search->change[column] += by;
    for (int i = 0; i < search->num_hidden_of[column]; i++)
        search->moved[search->hidden_of[column][i]] += by;
    for (int i = 0; i < search->num_rows_of[column]; i++) {
        int *off = &search->off[search->rows_of[column][i]];

        search->num_off -= *off != 0;
        *off += by;
        search->num_off += *off != 0;
    }
}

/* The steps of a node, one after the other; `times` -1 undoes them. */
static void replay(struct search *search, int node, int times)
{
    for (; node != NO_NODE; node = search->nodes[node].before)
        step(search, search->nodes[node].column, times * search->nodes[node].by);
}

static uint64_t hash_of(const struct search *search)
{
    uint64_t hash = 0x243f6a8885a308d3u;

    for (int r = 0; r < search->numbers->num_rows; r++) {
        if (search->off[r] != 0)
            hash = (hash ^ (uint64_t)(uint32_t)(r * 64 + search->off[r])) * 0x9e3779b97f4a7c15u;
    }
    return hash;
}

/* Returns whether the hash is new. */
static bool note_seen(struct search *search, uint64_t hash)
{
    size_t place = (size_t)(hash >> 40) % PLACES;

    while (search->seen[place] != 0 && search->seen[place] != hash)
        place = (place + 1) % PLACES;
    if (search->seen[place] == hash)
        return false;
    search->seen[place] = hash;
    return true;
}

static bool is_before(const struct search *search, int a, int b)
{
    return search->nodes[a].priority != search->nodes[b].priority
               ? search->nodes[a].priority < search->nodes[b].priority
               : a < b;
}

static void push(struct search *search, struct node node)
{
    int i = search->heap_len++, index = search->num_nodes++;

    search->nodes[index] = node;
    for (; i > 0 && is_before(search, index, search->heap[(i - 1) / 2]); i = (i - 1) / 2)
        search->heap[i] = search->heap[(i - 1) / 2];
    search->heap[i] = index;
}

static int pop(struct search *search)
{
    int least = search->heap[0], last = search->heap[--search->heap_len], i = 0;

    for (int child; (child = 2 * i + 1) < search->heap_len; i = child) {
        if (child + 1 < search->heap_len && is_before(search, search->heap[child + 1], search->heap[child]))
            child++;
        if (!is_before(search, search->heap[child], last))
            break;
        search->heap[i] = search->heap[child];
    }
    search->heap[i] = last;
    return least;
}

/* Would a hidden sum become 0 by the step? */
static bool empties(const struct search *search, int column, int by)
{
    for (int i = 0; by < 0 && i < search->num_hidden_of[column]; i++) {
        int row = search->hidden_of[column][i];

        if (search->numbers->rows[row].value + search->moved[row] + by < 1)
            return true;
    }
    return false;
}

static bool may_step(const struct search *search, int row, int column, int by)
{
    return search->numbers->rows[row].coefficients[column] != 0 && search->change[column] * by >= 0 &&
           search->numbers->values[column] + search->change[column] + by >= 0 && !empties(search, column, by);
}

/* The sum that is off and has the fewest ways to set it right. */
static int choose_row(const struct search *search)
{
    int best = -1, best_ways = 0;

    for (int r = 0; r < search->numbers->num_rows; r++) {
        int ways = 0;

        for (int c = 0; search->off[r] != 0 && c < search->numbers->num_columns; c++)
            ways += may_step(search, r, c, search->off[r] > 0 ? -1 : 1);
        if (search->off[r] != 0 && (best < 0 || ways < best_ways)) {
            best = r;
            best_ways = ways;
        }
    }
    return best;
}

static void expand(struct search *search, int node)
{
    int row = choose_row(search), by = search->off[row] > 0 ? -1 : 1;
    int num_steps = node == NO_NODE ? 1 : search->nodes[node].num_steps + 1;

    for (int c = 0; c < search->numbers->num_columns && num_steps <= STEPS_MAX; c++) {
        if (!may_step(search, row, c, by))
            continue;
        step(search, c, by);
        if (search->num_nodes < NODES_MAX &&
            (search->num_off == 0 || search->look_again || note_seen(search, hash_of(search))))
            push(search, (struct node){node, c, by, num_steps, num_steps + OFF_WEIGHT * search->num_off});
        step(search, c, -by);
    }
}

static void begin(struct search *search, struct numbers *numbers, int target, int wanted, bool look_again)
{
    memset(search->change, 0, sizeof search->change);
    memset(search->off, 0, sizeof search->off);
    memset(search->moved, 0, sizeof search->moved);
    memset(search->num_rows_of, 0, sizeof search->num_rows_of);
    memset(search->num_hidden_of, 0, sizeof search->num_hidden_of);
    memset(search->seen, 0, sizeof search->seen);
    search->num_nodes = search->heap_len = 0;
    search->numbers = numbers;
    search->target = target;
    search->look_again = look_again;
    for (int r = 0; r < numbers->num_rows; r++) {
        for (int c = 0; c < numbers->num_columns; c++) {
            if (numbers->rows[r].coefficients[c] != 0 && (r == target || is_bound(&numbers->rows[r])))
                search->rows_of[c][search->num_rows_of[c]++] = r;
            if (numbers->rows[r].coefficients[c] != 0 && numbers->rows[r].kind == ROW_HIDDEN)
                search->hidden_of[c][search->num_hidden_of[c]++] = r;
        }
    }
    search->off[target] = -wanted;
    search->num_off = 1;
}

/* Look for numbers that differ by `wanted` in the target. */
static void look_for(struct numbers *numbers, int target, int wanted, bool look_again)
{
    static struct search search;

    begin(&search, numbers, target, wanted, look_again);
    expand(&search, NO_NODE);
    while (search.heap_len > 0 && search.num_nodes < NODES_MAX) {
        int node = pop(&search);
        bool done = false;

        replay(&search, node, 1);
        if (search.num_off != 0) {
            expand(&search, node);
        } else if (would_do(&search, 1)) {
            note_values(&search);
            done = true;
        }
        replay(&search, node, -1);
        if (done)
            return;
    }
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
    static const int wanted[] = {1, -1, 2, -2, 3};

    for (int i = 0; i < 10 && num_values(&numbers->rows[row]) < 3; i++) {
        if (!(numbers->rows[row].offsets >> (ZERO_OFFSET + wanted[i % 5]) & 1))
            look_for(numbers, row, wanted[i % 5], i >= 5);
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
