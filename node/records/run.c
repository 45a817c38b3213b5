/* run.c - one function a kind of node. */
#include "node/records/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "node/records/kernel.h"

#define ALIGNMENT   64
#define SLAB_SIZE   (1u << 20)
#define MAX_SCANS   4 /* with more ranges a table of all codes is faster */
#define TABLE_WIDTH 2 /* bytes of the codes for which there may be one */

/* Memory of one block. */
struct slab {
    struct slab *next;
    size_t used, size;
    uint8_t *bytes;
};

struct result {
    bool is_ready;
    struct bitmap set;
    struct chunk values;
};

struct run {
    const struct plan *plan;
    const struct block *block;
    struct result *results;
    struct slab *first, *slab;
    int64_t *scratch[2]; /* a value for each row of the largest table */
    uint32_t scratch_rows;
    uint32_t *above[SCHEMA_NUM_TABLES][SCHEMA_NUM_TABLES]; /* [table][ancestor]: rows; NULL: not made yet */
    uint8_t *in; /* by code */
};

#define NO_ROW UINT32_MAX

static int compute(struct run *run, int node, struct err *err);

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "evaluation");
}

/* ---- memory ---- */

static struct slab *slab_new(size_t size)
{
    struct slab *slab = calloc(1, sizeof *slab);

    if (slab != NULL && (slab->bytes = aligned_alloc(ALIGNMENT, size)) == NULL) {
        free(slab);
        return NULL;
    }
    if (slab != NULL) {
        slab->size = size;
    }
    return slab;
}

/* Of the slabs from run->slab on, the first with room. */
static void *take(struct run *run, size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct slab *slab = run->slab;
    void *taken;

    while (slab->size - slab->used < rounded) {
        if (slab->next == NULL) {
            slab->next = slab_new(rounded > SLAB_SIZE ? rounded : SLAB_SIZE);
        }
        if ((slab = slab->next) == NULL) {
            return NULL;
        }
        run->slab = slab;
    }
    taken = slab->bytes + slab->used;
    slab->used += rounded;
    return taken;
}

int run_new(struct run **out, const struct plan *plan, struct err *err)
{
    struct run *run = calloc(1, sizeof *run);

    if (run == NULL) {
        return no_memory(err);
    }
    run->plan = plan;
    run->results = calloc((size_t)plan->num_nodes + 1, sizeof *run->results);
    run->first = slab_new(SLAB_SIZE);
    run->in = malloc(1u << (8 * TABLE_WIDTH));
    if (run->results == NULL || run->first == NULL || run->in == NULL) {
        run_free(&run);
        return no_memory(err);
    }
    *out = run;
    return 0;
}

void run_free(struct run **run)
{
    struct slab *next;

    if (*run == NULL) {
        return;
    }
    for (struct slab *slab = (*run)->first; slab != NULL; slab = next) {
        next = slab->next;
        free(slab->bytes);
        free(slab);
    }
    free((*run)->results);
    free((*run)->scratch[0]);
    free((*run)->scratch[1]);
    free((*run)->in);
    free(*run);
    *run = NULL;
}

int run_begin(struct run *run, const struct block *block, struct err *err)
{
    uint32_t most = 0;

    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        most = block->num_rows[i] > most ? block->num_rows[i] : most;
    }
    if (most > run->scratch_rows) {
        for (int i = 0; i < 2; i++) {
            free(run->scratch[i]);
            if ((run->scratch[i] = malloc(most * sizeof(int64_t))) == NULL) {
                run->scratch_rows = 0;
                return no_memory(err);
            }
        }
        run->scratch_rows = most;
    }
    for (struct slab *slab = run->first; slab != NULL; slab = slab->next) {
        slab->used = 0;
    }
    run->slab = run->first;
    memset(run->above, 0, sizeof run->above);
    for (int i = 0; i < run->plan->num_nodes; i++) {
        run->results[i].is_ready = false;
    }
    run->block = block;
    return 0;
}

static uint32_t rows_of(const struct run *run, const struct plan_node *node)
{
    return run->block->num_rows[node->table];
}

/* ---- who belongs to whom ---- */

static int make_above(struct run *run, uint32_t *rows, int table, int ancestor, struct err *err)
{
    int parent = schema_table(table)->parent;
    const uint32_t *beyond = NULL;
    struct chunk parents;
    int rc;

    if ((rc = run->block->load(run->block->user, table, RUN_PARENTS, &parents, err)) != 0) {
        return rc;
    }
    if (parents.num_rows != run->block->num_rows[table] ||
        (parents.num_nulls < parents.num_rows &&
         (parents.base < 0 || (uint64_t)parents.base + parents.max_code >= run->block->num_rows[parent]))) {
        return err_set(err, ERR_STORE_CORRUPT, "rows of %s belong to none", schema_table(table)->name);
    }
    if (parent != ancestor) {
        if (run->above[parent][ancestor] == NULL) {
            run->above[parent][ancestor] = take(run, (run->block->num_rows[parent] + 1) * sizeof *rows);
            if (run->above[parent][ancestor] == NULL) {
                return no_memory(err);
            }
            if ((rc = make_above(run, run->above[parent][ancestor], parent, ancestor, err)) != 0) {
                return rc;
            }
        }
        beyond = run->above[parent][ancestor];
    }
    for (uint32_t row = 0; row < parents.num_rows; row++) {
        int64_t value = chunk_value(&parents, row);
        rows[row] = value == VALUE_NULL ? NO_ROW : beyond == NULL ? (uint32_t)value : beyond[value];
    }
    return 0;
}

/* For each row of `table` the row of `ancestor`, or NO_ROW. */
static int above(struct run *run, const uint32_t **rows, int table, int ancestor, struct err *err)
{
    int rc;

    if (run->above[table][ancestor] == NULL) {
        uint32_t *made = take(run, (run->block->num_rows[table] + 1) * sizeof *made);
        if (made == NULL) {
            return no_memory(err);
        }
        if ((rc = make_above(run, made, table, ancestor, err)) != 0) {
            return rc;
        }
        run->above[table][ancestor] = made;
    }
    *rows = run->above[table][ancestor];
    return 0;
}

/* ---- sets ---- */

static int new_set(struct run *run, struct bitmap *set, uint32_t num_rows, struct err *err)
{
    *set = (struct bitmap){.num_rows = num_rows};
    set->words = take(run, (bitmap_num_words(num_rows) + 1) * sizeof *set->words);
    return set->words == NULL ? no_memory(err) : 0;
}

static int set_and(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    const struct bitmap *left, *right;
    int rc;

    if ((rc = run_set(run, &left, node->left, err)) != 0) {
        return rc;
    }
    if (bitmap_is_empty(left)) {
        bitmap_none(set);
        return 0;
    }
    if ((rc = run_set(run, &right, node->right, err)) == 0) {
        bitmap_and(set, left, right);
    }
    return rc;
}

static int set_or(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    const struct bitmap *left, *right;
    int rc;

    if ((rc = run_set(run, &left, node->left, err)) == 0 && (rc = run_set(run, &right, node->right, err)) == 0) {
        bitmap_or(set, left, right);
    }
    return rc;
}

static int set_not(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    const struct bitmap *left;
    int rc;

    if ((rc = run_set(run, &left, node->left, err)) == 0) {
        bitmap_rows(set, 0, set->num_rows);
        bitmap_and_not(set, set, left);
    }
    return rc;
}

/* Codes from `first` to `last` of a chunk. */
static void scan(struct bitmap *set, const struct chunk *chunk, uint64_t first, uint64_t last)
{
    if (chunk->is_sorted) {
        uint32_t end = last == chunk->max_code ? chunk->num_rows - chunk->num_nulls
                                               : chunk_lower_bound(chunk, last + 1);
        bitmap_rows(set, chunk_lower_bound(chunk, first), end);
        return;
    }
    kernel_scan(set->words, chunk->codes, chunk->width, chunk->num_rows, first, last - first);
    set->first = 0;
    set->last = bitmap_num_words(chunk->num_rows);
    bitmap_trim(set);
}

/* The next of a node's ranges as codes of the chunk: false when there is none. */
struct code_ranges {
    const struct chunk *chunk;
    const struct plan_range *next, *end;
    const uint32_t *rank; /* ranges are of ranks; NULL: of values */
};

/* The first position in the chunk's strings whose rank is at least `rank`. */
static uint64_t position_of(const struct code_ranges *ranges, int64_t rank)
{
    uint32_t low = 0, high = ranges->chunk->num_strings;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((int64_t)ranges->rank[ranges->chunk->strings[middle]] < rank) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool next_codes(struct code_ranges *ranges, uint64_t *first, uint64_t *last)
{
    const struct chunk *chunk = ranges->chunk;
    int64_t max = (int64_t)((uint64_t)chunk->base + chunk->max_code);

    for (; ranges->next < ranges->end; ranges->next++) {
        const struct plan_range *range = ranges->next;
        if (ranges->rank != NULL) {
            uint64_t after = position_of(ranges, range->last + 1);
            *first = position_of(ranges, range->first);
            *last = after - 1;
            if (*first >= after || *first > chunk->max_code) {
                continue;
            }
            *last = *last > chunk->max_code ? chunk->max_code : *last;
        } else {
            if (range->last < chunk->base || range->first > max) {
                continue;
            }
            *first = range->first <= chunk->base ? 0 : (uint64_t)range->first - (uint64_t)chunk->base;
            *last = range->last >= max ? chunk->max_code : (uint64_t)range->last - (uint64_t)chunk->base;
        }
        ranges->next++;
        return true;
    }
    return false;
}

/* One look for each row in a table of the wanted codes. */
static void look_up(struct run *run, struct bitmap *set, struct code_ranges *ranges)
{
    const struct chunk *chunk = ranges->chunk;
    uint64_t first, last;

    memset(run->in, 0, (size_t)1 << (8 * chunk->width));
    while (next_codes(ranges, &first, &last)) {
        memset(run->in + first, 1, (size_t)(last - first + 1));
    }
    set->first = 0;
    set->last = bitmap_num_words(chunk->num_rows);
    for (uint32_t word = 0; word < set->last; word++) {
        uint32_t begin = word * 64, end = begin + 64 < chunk->num_rows ? begin + 64 : chunk->num_rows;
        uint64_t bits = 0;
        for (uint32_t row = begin; row < end; row++) {
            bits |= (uint64_t)run->in[chunk_code(chunk, row)] << (row - begin);
        }
        set->words[word] = bits;
    }
    bitmap_trim(set);
}

static int set_ranges(struct run *run, struct bitmap *set, const struct plan_node *node, const uint32_t *rank,
                      struct err *err)
{
    const struct chunk *chunk;
    struct bitmap more;
    uint64_t first, last;
    int rc;

    if ((rc = run_values(run, &chunk, node->left, err)) != 0) {
        return rc;
    }
    bitmap_none(set);
    if (chunk->num_nulls == chunk->num_rows) {
        return 0;
    }
    struct code_ranges ranges = {.chunk = chunk, .rank = rank};
    ranges.next = run->plan->ranges + node->first_range;
    ranges.end = ranges.next + node->num_ranges;
    if (node->num_ranges > MAX_SCANS && !chunk->is_sorted && chunk->width > 0 && chunk->width <= TABLE_WIDTH) {
        look_up(run, set, &ranges);
        return 0;
    }
    if (!next_codes(&ranges, &first, &last)) {
        return 0;
    }
    if (chunk->num_nulls == 0 && first == 0 && last == chunk->max_code) {
        bitmap_rows(set, 0, chunk->num_rows);
        return 0;
    }
    scan(set, chunk, first, last);
    if (ranges.next < ranges.end && (rc = new_set(run, &more, set->num_rows, err)) != 0) {
        return rc;
    }
    while (next_codes(&ranges, &first, &last)) {
        scan(&more, chunk, first, last);
        bitmap_or(set, set, &more);
    }
    return 0;
}

static int set_strings(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    const struct plan_node *column = &run->plan->nodes[node->left];
    const struct dictionary *dictionary = run->plan->dictionary(run->plan->user, column->table, column->column);

    return set_ranges(run, set, node, dictionary->rank, err);
}

static int set_absent(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    const struct chunk *chunk;
    int rc;

    if ((rc = run_values(run, &chunk, node->left, err)) != 0) {
        return rc;
    }
    bitmap_none(set);
    if (chunk->num_nulls == chunk->num_rows) {
        bitmap_rows(set, 0, chunk->num_rows);
    } else if (chunk->num_nulls > 0) {
        kernel_scan(set->words, chunk->codes, chunk->width, chunk->num_rows, chunk_null(chunk->width), 0);
        set->last = bitmap_num_words(chunk->num_rows);
        bitmap_trim(set);
    }
    return 0;
}

static int set_exists(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    const struct bitmap *rows;
    const uint32_t *owner;
    int rc;

    if ((rc = run_set(run, &rows, node->left, err)) != 0 ||
        (rc = above(run, &owner, node->source, node->table, err)) != 0) {
        return rc;
    }
    bitmap_clear_rows(set, 0, set->num_rows);
    for (uint32_t word = rows->first; word < rows->last; word++) {
        for (uint64_t bits = rows->words[word]; bits != 0; bits &= bits - 1) {
            uint32_t row = owner[word * 64 + (uint32_t)__builtin_ctzll(bits)];
            if (row != NO_ROW) {
                bitmap_set(set, row);
            }
        }
    }
    bitmap_trim(set);
    return 0;
}

static int set_belongs(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    const struct bitmap *owners;
    const uint32_t *owner;
    int rc;

    if ((rc = run_set(run, &owners, node->left, err)) != 0 ||
        (rc = above(run, &owner, node->table, node->source, err)) != 0) {
        return rc;
    }
    bitmap_none(set);
    if (bitmap_is_empty(owners)) {
        return 0;
    }
    bitmap_clear_rows(set, 0, set->num_rows);
    for (uint32_t row = 0; row < set->num_rows; row++) {
        if (owner[row] != NO_ROW && bitmap_has(owners, owner[row])) {
            bitmap_set(set, row);
        }
    }
    bitmap_trim(set);
    return 0;
}

/* ---- values ---- */

/* The chunk of the values in scratch[0]. */
static int keep(struct run *run, struct chunk *values, uint32_t num_rows, struct err *err)
{
    void *room = take(run, chunk_room(num_rows));

    if (room == NULL) {
        return no_memory(err);
    }
    chunk_make(values, room, run->scratch[0], num_rows);
    return 0;
}

static int values_number(struct chunk *values, const struct plan_node *node, uint32_t num_rows)
{
    *values = (struct chunk){.num_rows = num_rows, .is_sorted = true, .base = node->number};
    return 0;
}

static int values_column(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    int rc = run->block->load(run->block->user, node->table, node->column, values, err);

    return rc == 0 && values->num_rows != rows_of(run, node)
               ? err_set(err, ERR_STORE_CORRUPT, "%s: a column has %u rows", schema_table(node->table)->name,
                         values->num_rows)
               : rc;
}

static int values_of_above(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    const struct chunk *held;
    const uint32_t *owner;
    int rc;

    if ((rc = run_values(run, &held, node->left, err)) != 0 ||
        (rc = above(run, &owner, node->table, node->source, err)) != 0) {
        return rc;
    }
    for (uint32_t row = 0; row < rows_of(run, node); row++) {
        run->scratch[0][row] = owner[row] == NO_ROW ? node->number : chunk_value(held, owner[row]);
    }
    return keep(run, values, rows_of(run, node), err);
}

static int values_truth(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    const struct bitmap *yes, *no;
    int rc;

    if ((rc = run_set(run, &yes, node->left, err)) != 0 || (rc = run_set(run, &no, node->right, err)) != 0) {
        return rc;
    }
    for (uint32_t row = 0; row < rows_of(run, node); row++) {
        run->scratch[0][row] = bitmap_has(yes, row) ? 1 : bitmap_has(no, row) ? 0 : VALUE_NULL;
    }
    return keep(run, values, rows_of(run, node), err);
}

static int64_t combine(const struct plan_node *node, int64_t a, int64_t b)
{
    switch (node->op) {
    case PLAN_ADD:
        return a + b;
    case PLAN_DAYS:
        return calendar_day(b, (int32_t)node->number) - calendar_day(a, (int32_t)node->number);
    case PLAN_MONTHS:
        return calendar_months_between(calendar_day(a, (int32_t)node->number), calendar_day(b, (int32_t)node->number));
    default:
        return a - b;
    }
}

static int values_sum(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    uint32_t num_rows = rows_of(run, node);
    int64_t *a = run->scratch[0], *b = run->scratch[1];
    const struct chunk *left, *right;
    int rc;

    if ((rc = run_values(run, &left, node->left, err)) != 0 || (rc = run_values(run, &right, node->right, err)) != 0) {
        return rc;
    }
    chunk_values(a, left, 0, num_rows);
    chunk_values(b, right, 0, num_rows);
    for (uint32_t row = 0; row < num_rows; row++) {
        bool is_null = a[row] == VALUE_NULL || b[row] == VALUE_NULL;
        a[row] = is_null ? VALUE_NULL : combine(node, a[row], b[row]);
    }
    return keep(run, values, num_rows, err);
}

static int values_minutes(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    const struct chunk *held;
    int rc = run_values(run, &held, node->left, err);

    for (uint32_t row = 0; rc == 0 && row < rows_of(run, node); row++) {
        int64_t value = chunk_value(held, row);
        run->scratch[0][row] = value == VALUE_NULL ? VALUE_NULL : calendar_floor_div(value, CALENDAR_MS_PER_MINUTE);
    }
    return rc != 0 ? rc : keep(run, values, rows_of(run, node), err);
}

/* Within VALUE_LIMIT, and exact below it. */
static void add_to(int64_t *sum, int64_t value)
{
    if (__builtin_add_overflow(*sum, value, sum)) {
        *sum = value < 0 ? INT64_MIN + 1 : INT64_MAX;
    }
}

static void take_in(int64_t *sum, enum plan_op op, int64_t value)
{
    if (op == PLAN_COUNT) {
        (*sum)++;
    } else if (op == PLAN_SUM) {
        add_to(sum, value == VALUE_NULL ? 0 : value);
    } else if (value != VALUE_NULL && (*sum == VALUE_NULL || (op == PLAN_MIN ? value < *sum : value > *sum))) {
        *sum = value;
    }
}

static int values_aggregate(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    const struct bitmap *rows;
    const struct chunk *held = NULL;
    const uint32_t *owner;
    int rc;

    if ((rc = run_set(run, &rows, node->left, err)) != 0 ||
        (node->op != PLAN_COUNT && (rc = run_values(run, &held, node->right, err)) != 0) ||
        (rc = above(run, &owner, node->source, node->table, err)) != 0) {
        return rc;
    }
    for (uint32_t row = 0; row < rows_of(run, node); row++) {
        run->scratch[0][row] = node->op == PLAN_MIN || node->op == PLAN_MAX ? VALUE_NULL : 0;
    }
    for (uint32_t row = bitmap_next(rows, 0); row < rows->num_rows; row = bitmap_next(rows, row + 1)) {
        if (owner[row] != NO_ROW) {
            take_in(&run->scratch[0][owner[row]], node->op, held == NULL ? 0 : chunk_value(held, row));
        }
    }
    for (uint32_t row = 0; node->op == PLAN_SUM && row < rows_of(run, node); row++) {
        int64_t *sum = &run->scratch[0][row];
        *sum = *sum > VALUE_LIMIT ? VALUE_LIMIT : *sum < -VALUE_LIMIT ? -VALUE_LIMIT : *sum;
    }
    return keep(run, values, rows_of(run, node), err);
}

struct pair {
    uint32_t owner;
    int64_t value;
};

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return x->owner != y->owner ? (x->owner > y->owner) - (x->owner < y->owner)
                                : (x->value > y->value) - (x->value < y->value);
}

static int values_distinct(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    const struct bitmap *rows;
    const struct chunk *held;
    const uint32_t *owner;
    struct pair *pairs;
    size_t num = 0;
    int rc;

    if ((rc = run_set(run, &rows, node->left, err)) != 0 || (rc = run_values(run, &held, node->right, err)) != 0 ||
        (rc = above(run, &owner, node->source, node->table, err)) != 0) {
        return rc;
    }
    if ((pairs = take(run, (bitmap_count(rows) + 1) * sizeof *pairs)) == NULL) {
        return no_memory(err);
    }
    for (uint32_t row = bitmap_next(rows, 0); row < rows->num_rows; row = bitmap_next(rows, row + 1)) {
        int64_t value = chunk_value(held, row);
        if (owner[row] != NO_ROW && value != VALUE_NULL) {
            pairs[num++] = (struct pair){owner[row], value};
        }
    }
    qsort(pairs, num, sizeof *pairs, compare_pairs);
    memset(run->scratch[0], 0, rows_of(run, node) * sizeof(int64_t));
    for (size_t i = 0; i < num; i++) {
        run->scratch[0][pairs[i].owner] += i == 0 || compare_pairs(&pairs[i - 1], &pairs[i]) != 0;
    }
    return keep(run, values, rows_of(run, node), err);
}

/* ---- any ---- */

static bool is_set(enum plan_op op)
{
    return op < PLAN_NUMBER;
}

static int compute_set(struct run *run, struct bitmap *set, const struct plan_node *node, struct err *err)
{
    int rc;

    if ((rc = new_set(run, set, rows_of(run, node), err)) != 0 || set->num_rows == 0) {
        return rc;
    }
    switch (node->op) {
    case PLAN_ALL:
        bitmap_rows(set, 0, set->num_rows);
        return 0;
    case PLAN_AND:
        return set_and(run, set, node, err);
    case PLAN_OR:
        return set_or(run, set, node, err);
    case PLAN_NOT:
        return set_not(run, set, node, err);
    case PLAN_WITHIN:
        return set_ranges(run, set, node, NULL, err);
    case PLAN_STRINGS:
        return set_strings(run, set, node, err);
    case PLAN_ABSENT:
        return set_absent(run, set, node, err);
    case PLAN_EXISTS:
        return set_exists(run, set, node, err);
    case PLAN_BELONGS:
        return set_belongs(run, set, node, err);
    default: /* PLAN_NONE */
        return 0;
    }
}

static int compute_values(struct run *run, struct chunk *values, const struct plan_node *node, struct err *err)
{
    *values = (struct chunk){.is_sorted = true};
    if (rows_of(run, node) == 0) {
        return 0;
    }
    switch (node->op) {
    case PLAN_NUMBER:
        return values_number(values, node, rows_of(run, node));
    case PLAN_COLUMN:
        return values_column(run, values, node, err);
    case PLAN_OF_ABOVE:
        return values_of_above(run, values, node, err);
    case PLAN_TRUTH:
        return values_truth(run, values, node, err);
    case PLAN_ADD:
    case PLAN_SUB:
    case PLAN_DAYS:
    case PLAN_MONTHS:
        return values_sum(run, values, node, err);
    case PLAN_MINUTES:
        return values_minutes(run, values, node, err);
    case PLAN_DISTINCT:
        return values_distinct(run, values, node, err);
    default: /* PLAN_COUNT, PLAN_MIN, PLAN_MAX, PLAN_SUM */
        return values_aggregate(run, values, node, err);
    }
}

static int compute(struct run *run, int index, struct err *err)
{
    const struct plan_node *node = &run->plan->nodes[index];
    struct result *result = &run->results[index];
    int rc = 0;

    if (!result->is_ready) {
        rc = is_set(node->op) ? compute_set(run, &result->set, node, err)
                              : compute_values(run, &result->values, node, err);
        result->is_ready = rc == 0;
    }
    return rc;
}

int run_set(struct run *run, const struct bitmap **set, int node, struct err *err)
{
    int rc = compute(run, node, err);

    *set = &run->results[node].set;
    return rc;
}

int run_values(struct run *run, const struct chunk **values, int node, struct err *err)
{
    int rc = compute(run, node, err);

    *values = &run->results[node].values;
    return rc;
}
