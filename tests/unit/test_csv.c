/* test_csv.c - RFC 4180 and its real-life variants; every defect has its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/csv.h"
#include "tests/unit/scratch.h"

/* All rows as one text: cells in [], rows ended by newline. */
static int read_bytes(const void *data, size_t len, const struct csv_options *options, char *out,
                      struct err *err)
{
    struct csv *csv = NULL;
    struct csv_row row;
    int rc = csv_open_memory(&csv, "t.csv", data, len, options, err);

    *out = '\0';
    for (size_t i = 0; rc == ERR_OK && i < csv_num_columns(csv); i++)
        sprintf(out + strlen(out), "<%s>", csv_column_name(csv, i));
    while (rc == ERR_OK && (rc = csv_next(csv, &row, err)) == ERR_OK && row.cells != NULL) {
        strcat(out, "\n");
        for (size_t i = 0; i < row.num; i++)
            sprintf(out + strlen(out), "[%s]", row.cells[i].text);
    }
    csv_close(&csv);
    return rc;
}

static int read_text(const char *text, char *out, struct err *err)
{
    *err = (struct err){0};
    return read_bytes(text, strlen(text), NULL, out, err);
}

static void expect_rows(const char *text, const char *rows)
{
    struct err err;
    char out[1024];

    assert_int_equal(read_text(text, out, &err), ERR_OK);
    assert_string_equal(out, rows);
}

static void expect_error(const char *text, int code, unsigned line, unsigned column)
{
    struct err err;
    char out[1024];

    assert_int_equal(read_text(text, out, &err), code);
    assert_string_equal(err.file, "t.csv");
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
}

static void test_csv__reads_all_line_ends(void **state)
{
    (void)state;
    expect_rows("a,b\n1,2\n3,4\n", "<a><b>\n[1][2]\n[3][4]");
    expect_rows("a,b\r\n1,2\r\n3,4", "<a><b>\n[1][2]\n[3][4]");
    expect_rows("a,b\r1,2\r3,4\r", "<a><b>\n[1][2]\n[3][4]");
    expect_rows("\xEF\xBB\xBF"
                "a,b\n\n1,2\n\n",
                "<a><b>\n[1][2]");
}

static void test_csv__reads_quotes(void **state)
{
    (void)state;
    expect_rows("\"a\",b\n\"x, \"\"y\"\"\",\"\"\n", "<a><b>\n[x, \"y\"][]");
    expect_rows("a,b\n\"1\r\n2\r3\",|\n", "<a><b>\n[1\n2\n3][|]"); /* no CR in a value */
    expect_rows("a,b\n,\n", "<a><b>\n[][]");
}

static void test_csv__knows_where_cells_are(void **state)
{
    const char text[] = "a,b\n\"1\n2\",\xE4\xB8\xAD\xE6\x96\x87,x\n";
    struct csv *csv = NULL;
    struct csv_row row;

    (void)state;
    assert_int_equal(csv_open_memory(&csv, "t.csv", text, strlen(text), NULL, NULL), ERR_OK);
    assert_int_equal(csv_next(csv, &row, NULL), ERR_OK);
    assert_int_equal(row.num, 3); /* ragged rows are shown as they are */
    assert_int_equal(row.line, 2);
    assert_int_equal(row.cells[1].line, 3);
    assert_int_equal(row.cells[1].column, 4);
    assert_int_equal(row.cells[2].column, 7); /* characters, not bytes */
    csv_close(&csv);
}

static void test_csv__refuses_unbalanced_quotes(void **state)
{
    (void)state;
    expect_error("a,b\n1,2\n3,\"4\n5,6\n", ERR_CSV_QUOTE, 3, 3); /* where it opens */
    expect_error("a,b\n1,\"2\"3\n", ERR_CSV_QUOTE, 2, 6);
    expect_error("a,b\n1,2\"\n", ERR_CSV_QUOTE, 2, 4);
}

static void test_csv__refuses_other_encodings(void **state)
{
    struct err err = {0};
    char out[64];

    (void)state;
    expect_error("a,b\n1,\xD6\xD0\xCE\xC4\n", ERR_CSV_ENCODING, 2, 3);
    assert_int_equal(read_text("a\n\xD6\xD0\n", out, &err), ERR_CSV_ENCODING);
    assert_non_null(strstr(err.detail, "GB18030"));
    expect_error("\xFF\xFE"
                 "a",
                 ERR_CSV_ENCODING, 1, 1);
    expect_error("a\n\xED\xA0\x80\n", ERR_CSV_ENCODING, 2, 1); /* a surrogate */
    assert_int_equal(read_bytes("a,b\n1,2\0003\n", 10, NULL, out, &err), ERR_CSV_NUL);
}

static void test_csv__refuses_a_truncated_file(void **state)
{
    (void)state;
    expect_error("a,b,c\n1,2,3\n4,5", ERR_CSV_TRUNCATED, 3, 1);
    expect_error("", ERR_CSV_EMPTY, 1, 1);
    expect_error("\n\r\n", ERR_CSV_EMPTY, 1, 1);
    expect_error("a,b,a\n", ERR_CSV_DUPLICATE_COLUMN, 1, 5);
}

static void test_csv__keeps_its_bounds(void **state)
{
    struct csv_options options = {.max_cell = 4, .max_row = 12, .max_columns = 3};
    struct err err = {0};
    char out[256];

    (void)state;
    assert_int_equal(read_bytes("a,b\n1234,5\n", 11, &options, out, &err), ERR_OK);
    assert_int_equal(read_bytes("a,b\n12345,\n", 11, &options, out, &err), ERR_CSV_LIMIT);
    assert_int_equal(read_bytes("a,b,c\n1234,1234,12\n", 19, &options, out, &err), ERR_CSV_LIMIT);
    assert_int_equal(read_bytes("a,b,c,d\n", 8, &options, out, &err), ERR_CSV_LIMIT);
}

/* A file longer than the read buffer gives the same rows as memory. */
static void test_csv__reads_files_over_buffer_edges(void **state)
{
    struct scratch scratch;
    struct csv *csv = NULL;
    struct csv_row row;
    unsigned rows = 0;
    FILE *file;

    (void)state;
    assert_int_equal(scratch_make(&scratch), 0);
    file = fopen(scratch_path(&scratch, "t.csv"), "w");
    fputs("id,text\r\n", file);
    for (unsigned i = 0; i < 20000; i++)
        fprintf(file, "%u,\"\xE4\xB8\xAD \"\"%u\"\"\"\r\n", i, i);
    fclose(file);
    assert_int_equal(csv_open(&csv, scratch.path, NULL, NULL), ERR_OK);
    while (csv_next(csv, &row, NULL) == ERR_OK && row.cells != NULL) {
        char text[32];

        snprintf(text, sizeof(text), "\xE4\xB8\xAD \"%u\"", rows);
        assert_string_equal(row.cells[1].text, text);
        rows++;
        assert_int_equal(row.line, rows + 1);
    }
    assert_int_equal(rows, 20000);
    csv_close(&csv);
    assert_int_equal(csv_open(&csv, "/nonexistent.csv", NULL, NULL), ERR_FILE_READ);
    assert_int_equal(csv_open(&csv, scratch.directory, NULL, NULL), ERR_FILE_READ);
    scratch_remove(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv__reads_all_line_ends),
        cmocka_unit_test(test_csv__reads_quotes),
        cmocka_unit_test(test_csv__knows_where_cells_are),
        cmocka_unit_test(test_csv__refuses_unbalanced_quotes),
        cmocka_unit_test(test_csv__refuses_other_encodings),
        cmocka_unit_test(test_csv__refuses_a_truncated_file),
        cmocka_unit_test(test_csv__keeps_its_bounds),
        cmocka_unit_test(test_csv__reads_files_over_buffer_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
