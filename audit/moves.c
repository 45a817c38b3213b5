/* moves.c - best-first search over the equations that are upset. */
#include "audit/moves.h"

#include <stdlib.h>
#include <string.h>

#define SMALL WEFT__V1__CELL_STATE__CELL_SMALL
#define LARGE WEFT__V1__CELL_STATE__CELL_LARGE

#define NO_NODE       (-1)
#define UPSETS_MAX    24
#define NODES_MAX     (1 << 13)
#define PLACES        (1 << 14) /* of the hash table: more than nodes */
#define COST_OF_STEP  1u
#define COST_OF_UPSET 3u
#define COST_OF_CELL                                                                                         \
    4096u /* to hide one more, doubled with each level of sums; and 1 for each hospital in it */
#define WEIGHT_MAX 4095u
#define HEIGHT_MAX 12

/* A row whose terms no longer add up to the same, and by how much. */
struct upset {
    int row, amount;
};

/* A move under way: the last step, and the node before. */
struct node {
    int before, unknown;
    bool grows;
    uint8_t num_steps, num_upsets;
    unsigned place;
    uint64_t hiding;                 /* cost of cells that must be hidden for it */
    uint64_t priority;               /* less is better */
    uint64_t order;                  /* of those cells, added up: among equals the least */
    struct upset upsets[UPSETS_MAX]; /* by row */
};

struct move_search {
    const struct suppress_table *table;
    const struct equations *equations;
    int most_lost;    /* what a large component may lose in one move */
    uint8_t *heights; /* by cell: 0 if it is no sum of others, else one more than the highest of them */
    bool may_hide, may_shrink, at_any_cost;
    bool gave_up, out_of_memory;
    int target;
    struct node *nodes;
    int num_nodes, max_nodes;
    int *heap, heap_len;
    int *places; /* by hash of the upsets: a node, or NO_NODE; all free between searches */
};

/* ---- which node next ---- */

static bool is_before(const struct move_search *search, int a, int b)
{
    const struct node *x = &search->nodes[a], *y = &search->nodes[b];

    if (x->priority != y->priority)
        return x->priority < y->priority;
    return x->order != y->order ? x->order < y->order : a < b;
}

static void heap_push(struct move_search *search, int node)
{
    int i = search->heap_len++;

    for (; i > 0 && is_before(search, node, search->heap[(i - 1) / 2]); i = (i - 1) / 2)
        search->heap[i] = search->heap[(i - 1) / 2];
    search->heap[i] = node;
}

static int heap_pop(struct move_search *search)
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

static unsigned hash_of(const struct node *node)
{
    uint64_t hash = 14695981039346656037u;

    for (int i = 0; i < node->num_upsets; i++) {
        hash = (hash ^ (uint32_t)node->upsets[i].row) * 1099511628211u;
        hash = (hash ^ (uint32_t)node->upsets[i].amount) * 1099511628211u;
    }
    return (unsigned)(hash >> 32) % PLACES;
}

static bool has_same_upsets(const struct node *a, const struct node *b)
{
    return a->num_upsets == b->num_upsets &&
           memcmp(a->upsets, b->upsets, a->num_upsets * sizeof *a->upsets) == 0;
}

static bool make_room(struct move_search *search)
{
    int max = 2 * search->max_nodes + 256;
    struct node *nodes;
    int *heap;

    if (search->num_nodes < search->max_nodes)
        return true;
    if (search->num_nodes >= NODES_MAX)
        return false;
    if ((nodes = realloc(search->nodes, (size_t)max * sizeof *nodes)))
        search->nodes = nodes;
    if ((heap = realloc(search->heap, (size_t)max * sizeof *heap)))
        search->heap = heap;
    search->out_of_memory = !nodes || !heap;
    if (!search->out_of_memory)
        search->max_nodes = max;
    return !search->out_of_memory;
}

/* Take the node in, unless what it upsets was reached as well before. */
static void add_node(struct move_search *search, const struct node *node)
{
    unsigned place = hash_of(node);
    int known;

    while ((known = search->places[place]) != NO_NODE && !has_same_upsets(&search->nodes[known], node))
        place = (place + 1) % PLACES;
    if (known != NO_NODE &&
        (search->nodes[known].priority < node->priority ||
         (search->nodes[known].priority == node->priority && search->nodes[known].order <= node->order)))
        return;
    if (!make_room(search)) {
        search->gave_up = true;
        return;
    }
    search->nodes[search->num_nodes] = *node;
    search->nodes[search->num_nodes].place = place;
    search->places[place] = search->num_nodes;
    heap_push(search, search->num_nodes++);
}

/* ---- one step ---- */

/* By how much the steps up to `node` change the unknown; and is its cell among theirs? */
static int change_by(const struct move_search *search, int node, int unknown, bool *has_cell)
{
    int change = 0;

    *has_cell = false;
    for (; node != NO_NODE; node = search->nodes[node].before) {
        const struct node *step = &search->nodes[node];

        if (step->unknown == unknown)
            change += step->grows ? 1 : -1;
        if (step->unknown / CELL_COMPONENTS == unknown / CELL_COMPONENTS)
            *has_cell = true;
    }
    return change;
}

/* May the unknown grow (or shrink) as far as its own state goes? */
static bool is_usable(const struct move_search *search, int unknown, bool grows)
{
    const struct suppress_cell *cell = &search->table->cells[unknown / CELL_COMPONENTS];
    Weft__V1__CellState state = suppress_state(cell, unknown % CELL_COMPONENTS);

    if (unknown == search->target || (!cell->suppressed && (!search->may_hide || cell->fixed)))
        return false;
    return grows ? state >= SMALL : state == LARGE && search->may_shrink;
}

static bool needs_growth(const struct upset *upset, const struct equation_term *term)
{
    return (upset->amount > 0) != (term->coefficient > 0);
}

/* Change the node's upsets by one more step of the unknown. Returns false if there are too many. */
static bool add_upsets(struct node *node, const struct move_search *search, int unknown, bool grows)
{
    const struct equation_lists *columns = &search->equations->columns;

    for (size_t i = columns->starts[unknown]; i < columns->starts[unknown + 1]; i++) {
        int row = columns->terms[i].index, at = 0;
        int amount = grows ? columns->terms[i].coefficient : -columns->terms[i].coefficient;

        while (at < node->num_upsets && node->upsets[at].row < row)
            at++;
        if (at < node->num_upsets && node->upsets[at].row == row) {
            node->upsets[at].amount += amount;
            if (node->upsets[at].amount == 0)
                memmove(&node->upsets[at], &node->upsets[at + 1],
                        (size_t)(--node->num_upsets - at) * sizeof *node->upsets);
        } else if (amount != 0) {
            if (node->num_upsets == UPSETS_MAX)
                return false;
            memmove(&node->upsets[at + 1], &node->upsets[at],
                    (size_t)(node->num_upsets++ - at) * sizeof *node->upsets);
            node->upsets[at] = (struct upset){.row = row, .amount = amount};
        }
    }
    return true;
}

/* What it costs that the cell will be hidden. A rest block is not shown anyway. */
static void add_cost(struct node *node, const struct move_search *search, int index)
{
    const struct suppress_cell *cell = &search->table->cells[index];
    uint64_t weight = cell->weight < WEIGHT_MAX ? cell->weight : WEIGHT_MAX;

    node->hiding += cell->free ? 1 : ((uint64_t)COST_OF_CELL << search->heights[index]) + weight;
    node->order += cell->order;
}

static void try_step(struct move_search *search, int before, int unknown, bool grows)
{
    const struct suppress_cell *cell = &search->table->cells[unknown / CELL_COMPONENTS];
    struct node node = search->nodes[before];
    bool has_cell;
    int change = change_by(search, before, unknown, &has_cell) + (grows ? 1 : -1);

    if (grows ? change <= 0 : change >= 0 || change < -search->most_lost) /* undone, or too much */
        return;
    if (node.num_steps == MOVE_STEPS_MAX || !add_upsets(&node, search, unknown, grows))
        return;
    if (!cell->suppressed && !has_cell)
        add_cost(&node, search, unknown / CELL_COMPONENTS);
    node.before = before;
    node.unknown = unknown;
    node.grows = grows;
    node.num_steps++;
    node.priority = (search->at_any_cost ? 0 : node.hiding * 16) + COST_OF_STEP * node.num_steps +
                    COST_OF_UPSET * node.num_upsets;
    add_node(search, &node);
}

/* ---- which equation next ---- */

static bool is_of_target(const struct move_search *search, int row)
{
    const struct equation_lists *columns = &search->equations->columns;

    for (size_t i = columns->starts[search->target]; i < columns->starts[search->target + 1]; i++) {
        if (columns->terms[i].index == row)
            return true;
    }
    return false;
}

static int num_ways(const struct move_search *search, const struct upset *upset)
{
    const struct equation_lists *rows = &search->equations->rows;
    int num = 0;

    for (size_t i = rows->starts[upset->row]; i < rows->starts[upset->row + 1]; i++) {
        const struct equation_term *term = &rows->terms[i];
        num += term->coefficient != 0 && is_usable(search, term->index, needs_growth(upset, term));
    }
    return num;
}

/* The upset equation with the fewest ways to set it right, the target's own last: so a move grows from one end,
 * and what was reached before is recognised. */
static const struct upset *choose_upset(const struct move_search *search, const struct node *node)
{
    const struct upset *best = NULL;
    bool best_is_own = false;
    int best_ways = 0;

    for (int i = 0; i < node->num_upsets; i++) {
        bool is_own = is_of_target(search, node->upsets[i].row);
        int ways = num_ways(search, &node->upsets[i]);

        if (best == NULL || is_own < best_is_own || (is_own == best_is_own && ways < best_ways)) {
            best = &node->upsets[i];
            best_is_own = is_own;
            best_ways = ways;
        }
    }
    return best;
}

static void expand(struct move_search *search, int node)
{
    const struct equation_lists *rows = &search->equations->rows;
    struct upset upset = *choose_upset(search, &search->nodes[node]);

    for (size_t i = rows->starts[upset.row]; i < rows->starts[upset.row + 1]; i++) {
        const struct equation_term *term = &rows->terms[i];
        bool grows = needs_growth(&upset, term);

        if (term->coefficient != 0 && is_usable(search, term->index, grows))
            try_step(search, node, term->index, grows);
    }
}

/* ---- the whole ---- */

static void read_move(struct move *move, const struct move_search *search, int node)
{
    move->num_steps = search->nodes[node].num_steps;
    for (int i = move->num_steps - 1; i >= 0; i--, node = search->nodes[node].before) {
        move->unknowns[i] = search->nodes[node].unknown;
        move->grows[i] = search->nodes[node].grows;
    }
}

/* The target grows by one. */
static void begin(struct move_search *search, int target)
{
    struct node first = {.before = NO_NODE, .unknown = target, .grows = true, .num_steps = 1};

    search->target = target;
    if (add_upsets(&first, search, target, true))
        add_node(search, &first);
}

static void end(struct move_search *search)
{
    for (int i = 0; i < search->num_nodes; i++)
        search->places[search->nodes[i].place] = NO_NODE;
    search->num_nodes = search->heap_len = 0;
    search->gave_up = false;
}

static bool run(struct move *move, struct move_search *search, int unknown)
{
    bool found = false;

    begin(search, unknown);
    while (!found && search->heap_len > 0 && !search->gave_up) {
        int node = heap_pop(search);

        found = search->nodes[node].num_upsets == 0;
        if (found)
            read_move(move, search, node);
        else
            expand(search, node);
    }
    end(search);
    return found;
}

int move_find(bool *found, struct move *move, struct move_search *search, int unknown, bool may_hide,
              struct err *err)
{
    search->may_hide = may_hide;
    search->may_shrink = true;
    search->at_any_cost = false;
    *found = run(move, search, unknown);
    if (!*found && may_hide) { /* perhaps it gave up among cheap beginnings */
        search->at_any_cost = true;
        *found = run(move, search, unknown);
    }
    if (!*found) { /* few ways, all upwards */
        search->may_shrink = false;
        *found = run(move, search, unknown);
    }
    return search->out_of_memory ? err_set(err, ERR_NO_MEMORY, "suppression") : 0;
}

static void raise_parents(uint8_t *heights, const struct suppress_table *table)
{
    for (int i = 0; i < table->num_lines; i++) {
        const struct suppress_line *line = &table->lines[i];

        for (int j = 0; line->parent != SUPPRESS_PUBLIC && j < line->num_children; j++) {
            uint8_t height = heights[line->children[j]];

            if (height < HEIGHT_MAX && heights[line->parent] <= height)
                heights[line->parent] = height + 1;
        }
    }
}

int move_search_new(struct move_search **out, const struct suppress_table *table,
                    const struct equations *equations, struct err *err)
{
    struct move_search *search = calloc(1, sizeof *search);

    *out = search;
    if (!search)
        return err_set(err, ERR_NO_MEMORY, "suppression of %d cells", table->num_cells);
    search->table = table;
    search->equations = equations;
    search->most_lost = ((int)table->min_cell - 1) / 2;
    search->places = malloc(PLACES * sizeof *search->places);
    search->heights = calloc((size_t)table->num_cells + 1, sizeof *search->heights);
    if (!search->heights || !search->places) {
        move_search_free(out);
        return err_set(err, ERR_NO_MEMORY, "suppression of %d cells", table->num_cells);
    }
    for (int i = 0; i < PLACES; i++)
        search->places[i] = NO_NODE;
    for (int round = 0; round < HEIGHT_MAX; round++)
        raise_parents(search->heights, table);
    return 0;
}

void move_search_free(struct move_search **out)
{
    struct move_search *search = *out;

    if (!search)
        return;
    free(search->nodes);
    free(search->heap);
    free(search->places);
    free(search->heights);
    free(search);
    *out = NULL;
}
