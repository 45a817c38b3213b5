/* test_plan.c - conditions and values over blocks are what the language says: random expressions over random records,
 * compiled and run, against the plain evaluation row by row (node/vector.h). */
#include "tests/unit/records_fixture.h"

#include <inttypes.h>
#include <stdlib.h>

#include "node/records/kernel.h"
#include "node/records/run.h"
#include "node/vector.h"

#define MAX_ROWS  200
#define MAX_DEPTH 3

static uint64_t seed = 88172645463325252u;

static uint64_t draw(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

/* ---- random records ---- */

static void draw_text(char out[32], const struct schema_column *column, int table)
{
    static const char *const words[] = {"I21.001", "I21", "I210", "I63.9", "X", "cultures|antibacterial", "Z9", "a b"};

    if (column->type == VALUE_ID) {
        snprintf(out, 32, "%d-%" PRIu64, table, draw(20));
    } else if (column->codes != NULL) {
        size_t num = 0;
        while (column->codes[num] != NULL) {
            num++;
        }
        snprintf(out, 32, "%s", column->codes[draw(num)]);
    } else {
        snprintf(out, 32, "%s", words[draw(sizeof words / sizeof words[0])]);
    }
}

static struct table_cell draw_cell(char text[32], int table, int index)
{
    const struct schema_table *schema = schema_table(table);
    const struct schema_column *column = &schema->columns[index];
    struct table_cell cell = {0};

    if (index == schema->parent_column && schema->parent != SCHEMA_NONE) { /* one that may not be there */
        snprintf(text, 32, "%d:%" PRIu64, schema->parent, draw(MAX_ROWS / 2));
        cell.is_null = schema->parent_optional && draw(4) == 0;
    } else if (column_has_strings(column->type)) {
        draw_text(text, column, table);
        cell.is_null = draw(6) == 0;
    } else {
        int64_t span = column->max - column->min;
        cell.is_null = draw(6) == 0;
        cell.number = column->type == VALUE_TIME   ? (int64_t)draw(4) * 86400000 + (int64_t)draw(100000000)
                      : column->type == VALUE_BOOL ? (int64_t)draw(2)
                                                   : column->min + (int64_t)draw(span > 50 ? 50 : (uint64_t)span + 1);
    }
    cell.text = text;
    cell.text_len = strlen(text);
    return cell;
}

static void fill(struct store *store)
{
    struct err err = {0};

    for (int table = 0; table < SCHEMA_NUM_TABLES; table++) {
        struct table_cell cells[SCHEMA_COLUMNS_MAX];
        char texts[SCHEMA_COLUMNS_MAX][32];
        struct tables_batch *batch = NULL;
        size_t num = draw(MAX_ROWS);
        assert_int_equal(tables_begin(&batch, store, table, &err), 0);
        for (size_t row = 0; row < num; row++) {
            enum table_change change;
            for (int i = 0; i < schema_table(table)->num_columns; i++) {
                cells[i] = draw_cell(texts[i], table, i);
            }
            snprintf(texts[0], 32, "%d:%zu", table, row);
            cells[0] = (struct table_cell){.text = texts[0], .text_len = strlen(texts[0])};
            assert_int_equal(tables_append(batch, cells, &change, &err), 0);
        }
        assert_int_equal(tables_commit(&batch, &err), 0);
    }
}

/* ---- all of them as one block ---- */

struct source {
    struct tables *tables;
    struct dictionary dictionaries[SCHEMA_NUM_TABLES][SCHEMA_COLUMNS_MAX];
    void *rooms[4096];
    size_t num_rooms;
};

static void *new_room(struct source *source, size_t size)
{
    void *room = aligned_alloc(64, (size + 63) / 64 * 64);

    assert_non_null(room);
    assert_true(source->num_rooms < 4096);
    return source->rooms[source->num_rooms++] = room;
}

static const struct dictionary *dictionary_of(void *user, int table, int index)
{
    struct source *source = user;
    struct dictionary *dictionary = &source->dictionaries[table][index];
    const struct column *column;

    if (dictionary->rank == NULL) {
        assert_int_equal(tables_column(source->tables, table, index, &column, NULL), 0);
        for (size_t i = 0; i < column->num_strings; i++) {
            uint32_t number;
            size_t len;
            const char *text = column_string(column, (int64_t)i, &len);
            assert_int_equal(dictionary_add(dictionary, &number, text, len, NULL), 0);
            assert_int_equal(number, i);
        }
        assert_int_equal(dictionary_sort(dictionary, NULL), 0);
    }
    return dictionary;
}

/* Codes are places among the strings in their order; here every block holds all. */
static void load_strings(struct source *source, struct chunk *chunk, const struct column *column, int table, int index)
{
    const struct dictionary *dictionary = dictionary_of(source, table, index);
    int64_t codes[MAX_ROWS];

    for (size_t row = 0; row < column->num_rows; row++) {
        codes[row] = column->values[row] == VALUE_NULL ? VALUE_NULL : dictionary->rank[column->values[row]];
    }
    chunk_make_strings(chunk, new_room(source, chunk_room((uint32_t)column->num_rows)), codes,
                       (uint32_t)column->num_rows, dictionary->order, dictionary->num);
}

static int load(void *user, int table, int index, struct chunk *chunk, struct err *err)
{
    struct source *source = user;
    size_t num_rows = tables_num_rows(source->tables, table);
    const struct column *column;
    const int64_t *rows;

    if (index == RUN_PARENTS) {
        assert_int_equal(tables_rows_of(source->tables, table, schema_table(table)->parent, &rows, err), 0);
        chunk_make(chunk, new_room(source, chunk_room((uint32_t)num_rows)), rows, (uint32_t)num_rows);
        return 0;
    }
    assert_int_equal(tables_column(source->tables, table, index, &column, err), 0);
    if (column_has_strings(column->type)) {
        load_strings(source, chunk, column, table, index);
    } else {
        chunk_make(chunk, new_room(source, chunk_room((uint32_t)num_rows)), column->values, (uint32_t)num_rows);
    }
    return 0;
}

/* ---- random expressions ---- */

struct text {
    char bytes[8192];
    size_t len;
};

static void say(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    text->len += (size_t)vsnprintf(text->bytes + text->len, sizeof text->bytes - text->len, format, args);
    va_end(args);
    assert_true(text->len < sizeof text->bytes);
}

/* A column of the table of one of these types, or none. */
static const struct schema_column *draw_column(int table, enum value_type a, enum value_type b)
{
    const struct schema_table *schema = schema_table(table);

    for (int i = 0; i < 20; i++) {
        const struct schema_column *column = &schema->columns[draw((uint64_t)schema->num_columns)];
        if ((column->type == a || column->type == b) && !column->pseudonym) {
            return column;
        }
    }
    return NULL;
}

/* A table below, beside, or the same (its siblings), whose rows have something above in common with those of `table`. */
static int draw_child(int table)
{
    for (int i = 0; i < 20; i++) {
        int child = (int)draw(SCHEMA_NUM_TABLES), above = table;
        while (above != SCHEMA_NONE && (above == child || !schema_is_ancestor(above, child))) {
            above = schema_table(above)->parent;
        }
        if (above != SCHEMA_NONE) {
            return child;
        }
    }
    return SCHEMA_NONE;
}

static void condition(struct text *text, int table, int depth);

static void where(struct text *text, int child, int depth)
{
    if (draw(3) > 0) {
        say(text, " where ");
        condition(text, child, depth);
    }
    say(text, ")");
}

/* A whole number without unit. */
static void number(struct text *text, int table, int depth)
{
    const struct schema_column *column = draw_column(table, VALUE_INT, VALUE_INT);
    int child = draw_child(table);

    switch (depth == 0 ? draw(2) : draw(6)) {
    case 0:
        say(text, "%d", (int)draw(60));
        return;
    case 2:
        say(text, "(");
        number(text, table, depth - 1);
        say(text, draw(2) == 0 ? " + " : " - ");
        number(text, table, depth - 1);
        say(text, ")");
        return;
    case 3:
        if (child != SCHEMA_NONE) {
            const char *const names[] = {"min", "max", "sum"};
            column = draw_column(child, VALUE_INT, VALUE_INT);
            if (column != NULL && column->unit == UNIT_NONE) {
                say(text, "%s(%s.%s", names[draw(3)], schema_table(child)->name, column->name);
                where(text, child, depth - 1);
                return;
            }
        }
        break;
    case 4:
        if (child != SCHEMA_NONE) {
            column = draw_column(child, VALUE_CODE, VALUE_BOOL);
            if (column != NULL && draw(2) == 0) {
                say(text, "count distinct(%s.%s", schema_table(child)->name, column->name);
            } else {
                say(text, "count(%s", schema_table(child)->name);
            }
            where(text, child, depth - 1);
            return;
        }
        break;
    default:
        if (column != NULL && column->unit == UNIT_NONE) {
            say(text, "%s", column->name);
            return;
        }
    }
    say(text, "%d", (int)draw(60));
}

static void about_times(struct text *text, int table)
{
    const struct schema_column *a = draw_column(table, VALUE_TIME, VALUE_TIME);
    const struct schema_column *b = draw_column(table, VALUE_TIME, VALUE_TIME);
    static const char *const operators[] = {"=", "!=", "<", "<=", ">", ">="};

    if (a == NULL || b == NULL) {
        say(text, "true");
    } else if (draw(3) == 0) {
        say(text, "%s(%s, %s) %s %d", draw(2) == 0 ? "days" : "months", a->name, b->name, operators[draw(6)],
            (int)draw(3));
    } else {
        say(text, draw(2) == 0 ? "%s - %s %s %dh" : "minutes(%s - %s) %s %dmin", a->name, b->name, operators[draw(6)],
            (int)draw(48));
    }
}

static void about_strings(struct text *text, int table)
{
    const struct schema_column *column = draw_column(table, VALUE_CODE, VALUE_TEXT);
    char word[32], other[32];

    if (column == NULL) {
        say(text, "false");
        return;
    }
    draw_text(word, column, table);
    draw_text(other, column, table);
    switch (draw(4)) {
    case 0:
        say(text, "%s = \"%s\"", column->name, word);
        return;
    case 1:
        say(text, "%s != \"%s\"", column->name, word);
        return;
    case 2:
        say(text, column->type == VALUE_TEXT ? "contains(%s, \"%.3s\")" : "%s in {\"%s\"}", column->name, word);
        return;
    default:
        say(text, "%s %sin {\"%s\", \"%s\"", column->name, draw(2) == 0 ? "not " : "", word, other);
        for (uint64_t i = draw(6); i > 0; i--) {
            draw_text(other, column, table);
            say(text, ", \"%s\"", other);
        }
        say(text, "}");
    }
}

static void leaf(struct text *text, int table, int depth)
{
    static const char *const operators[] = {"=", "!=", "<", "<=", ">", ">="};
    const struct schema_column *column = draw_column(table, VALUE_BOOL, VALUE_INT);
    int child = draw_child(table);

    switch (draw(6)) {
    case 0:
        about_strings(text, table);
        return;
    case 1:
        about_times(text, table);
        return;
    case 2:
        if (column != NULL) {
            say(text, "%s is %smissing", column->name, draw(2) == 0 ? "not " : "");
            return;
        }
        break;
    case 3:
        if (child != SCHEMA_NONE) {
            say(text, "exists(%s", schema_table(child)->name);
            where(text, child, depth > 0 ? depth - 1 : 0);
            return;
        }
        break;
    case 4:
        if (column != NULL && column->type == VALUE_BOOL) {
            say(text, "%s", column->name);
            return;
        }
        number(text, table, depth);
        say(text, " %sin {", draw(2) == 0 ? "not " : "");
        for (uint64_t i = draw(9); i > 0; i--) {
            say(text, "%d, ", (int)draw(60));
        }
        say(text, "%d}", (int)draw(60));
        return;
    default:
        break;
    }
    number(text, table, depth);
    say(text, " %s ", operators[draw(6)]);
    number(text, table, depth);
}

/* Now and then of the table above instead. */
static void above_leaf(struct text *text, int table)
{
    int parent = schema_table(table)->parent;
    const struct schema_column *column =
        parent == SCHEMA_NONE ? NULL : draw_column(parent, VALUE_BOOL, VALUE_INT);

    if (column == NULL) {
        say(text, draw(2) == 0 ? "true" : "false");
    } else if (column->type == VALUE_BOOL) {
        say(text, "%s.%s", schema_table(parent)->name, column->name);
    } else {
        say(text, "%s.%s is missing", schema_table(parent)->name, column->name);
    }
}

static void condition(struct text *text, int table, int depth)
{
    uint64_t kind = depth == 0 ? 3 : draw(5);

    if (kind < 2) {
        say(text, "(");
        condition(text, table, depth - 1);
        say(text, kind == 0 ? " and " : " or ");
        condition(text, table, depth - 1);
        say(text, ")");
    } else if (kind == 2) {
        say(text, "not (");
        condition(text, table, depth - 1);
        say(text, ")");
    } else if (draw(8) == 0) {
        above_leaf(text, table);
    } else {
        leaf(text, table, depth);
    }
}

/* ---- comparing ---- */

struct nodes {
    int yes, no, value;
};

static void compare_rows(struct run *run, const struct nodes *nodes, const int64_t *expected, size_t num_rows,
                         const char *text, bool is_condition)
{
    const struct bitmap *yes = NULL, *no = NULL;
    const struct chunk *values = NULL;
    struct err err = {0};

    if (is_condition &&
        (run_set(run, &yes, nodes->yes, &err) != 0 || run_set(run, &no, nodes->no, &err) != 0)) {
        fail_msg("%s: %s", text, err.detail);
    }
    if (run_values(run, &values, nodes->value, &err) != 0) {
        fail_msg("%s: %s", text, err.detail);
    }
    for (uint32_t row = 0; row < num_rows; row++) {
        if (is_condition && (bitmap_has(yes, row) != (expected[row] == 1) || bitmap_has(no, row) != (expected[row] == 0))) {
            fail_msg("row %u: %s is %d/%d, not %" PRId64, row, text, bitmap_has(yes, row), bitmap_has(no, row),
                     expected[row]);
        }
        if (chunk_value(values, row) != expected[row]) {
            fail_msg("row %u: %s is %" PRId64 ", not %" PRId64, row, text, chunk_value(values, row), expected[row]);
        }
    }
}

/* One expression; false if the language refuses it (units that do not fit). */
static bool try_one(struct source *source, const struct block *block, struct plan *plan, int table, bool is_condition)
{
    struct text text = {0};
    struct expr_source place = {.file = "random", .line = 1, .column = 1};
    struct expr *expr = NULL;
    struct run *run = NULL;
    struct nodes nodes = {0};
    int64_t *expected = NULL;
    struct err err = {0};

    if (is_condition) {
        condition(&text, table, MAX_DEPTH);
    } else {
        number(&text, table, MAX_DEPTH);
    }
    place.text = text.bytes;
    if (expr_parse(&expr, &place, table, is_condition ? EXPR_WANT_BOOL : EXPR_WANT_NUMBER, &err) != 0) {
        return false;
    }
    if (!plan_can(expr->root)) { /* about the stays of one person */
        expr_free(&expr);
        return false;
    }
    assert_int_equal(vector_evaluate(&expected, source->tables, expr->root, &err), 0);
    if (is_condition) {
        assert_int_equal(plan_condition(plan, &nodes.yes, expr->root, true, &err), 0);
        assert_int_equal(plan_condition(plan, &nodes.no, expr->root, false, &err), 0);
    }
    assert_int_equal(plan_value(plan, &nodes.value, expr->root, &err), 0);
    assert_int_equal(run_new(&run, plan, &err), 0);
    assert_int_equal(run_begin(run, block, &err), 0);
    compare_rows(run, &nodes, expected, tables_num_rows(source->tables, table), text.bytes, is_condition);
    run_free(&run);
    free(expected);
    expr_free(&expr);
    return true;
}

static int compare_many(uint64_t first_seed, int num)
{
    struct records records;
    struct source source = {0};
    struct block block = {.load = load, .user = &source};
    struct plan plan;
    int done = 0;

    seed = first_seed;
    records_begin(&records);
    fill(records.store);
    assert_int_equal(tables_open(&source.tables, records.store, NULL), 0);
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        block.num_rows[i] = (uint32_t)tables_num_rows(source.tables, i);
    }
    plan_init(&plan, dictionary_of, &source);
    for (int i = 0; i < num; i++) {
        done += try_one(&source, &block, &plan, (int)draw(SCHEMA_NUM_TABLES), draw(4) > 0);
        while (source.num_rooms > 2000) {
            free(source.rooms[--source.num_rooms]);
        }
    }
    plan_clear(&plan);
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        for (int j = 0; j < SCHEMA_COLUMNS_MAX; j++) {
            dictionary_clear(&source.dictionaries[i][j]);
        }
    }
    while (source.num_rooms > 0) {
        free(source.rooms[--source.num_rooms]);
    }
    tables_close(&source.tables);
    records_end(&records);
    return done;
}

static void test_plan__random_expressions_are_what_the_language_says(void **state)
{
    int done = 0;

    (void)state;
    for (int path = 0; path < KERNEL_NUM_PATHS; path++) {
        if (kernel_has_path((enum kernel_path)path)) {
            kernel_use_path((enum kernel_path)path);
            for (uint64_t i = 1; i <= 6; i++) {
                done += compare_many(1000 * i + (uint64_t)path, 250);
            }
        }
    }
    print_message("%d expressions\n", done);
    assert_true(done > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan__random_expressions_are_what_the_language_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
