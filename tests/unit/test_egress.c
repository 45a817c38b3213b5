/* test_egress.c - the list of what left is whole after any crash, and nobody else writes it unnoticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "node/egress.h"
#include "tests/unit/scratch.h"

static struct scratch scratch;

static int begin(void **state)
{
    (void)state;
    return scratch_make(&scratch);
}

static int end(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static const char *log_path(void)
{
    return scratch_path(&scratch, "egress.log");
}

static void add(struct egress *egress, uint64_t length)
{
    struct egress_entry entry = {.time_ms = 1700000000000,
                                 .kind = "report",
                                 .task = "00ff",
                                 .destination = "lead.test",
                                 .method = "Submit",
                                 .length = length,
                                 .sha256 = {1, 2, 3}};
    struct err err = {0};

    assert_int_equal(egress_add(egress, &entry, &err), 0);
}

static struct egress *open_log(bool read_only)
{
    struct egress *egress = NULL;
    struct err err = {0};
    int rc = egress_open(&egress, log_path(), read_only, NULL, &err);

    if (rc != 0) {
        fail_msg("%s", err.detail);
    }
    return egress;
}

static size_t file_size(void)
{
    struct stat status;

    assert_int_equal(stat(log_path(), &status), 0);
    return (size_t)status.st_size;
}

static void append(const char *text)
{
    FILE *file = fopen(log_path(), "a");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_egress__a_line_has_fixed_fields_and_is_a_leaf(void **state)
{
    static const char expected[] = "{\"n\":0,\"time_ms\":1700000000000,\"kind\":\"report\",\"task\":\"00ff\","
                                   "\"destination\":\"lead.test\","
                                   "\"method\":\"Submit\",\"length\":42,\"sha256\":"
                                   "\"0102030000000000000000000000000000000000000000000000000000000000\"}\n";
    struct egress *egress = open_log(false);
    uint8_t leaf[DIGEST_SIZE], root[DIGEST_SIZE];
    char line[sizeof expected + 1] = "";
    FILE *file;

    (void)state;
    add(egress, 42);
    file = fopen(log_path(), "r");
    assert_int_equal(fread(line, 1, sizeof line - 1, file), sizeof expected - 1);
    fclose(file);
    assert_string_equal(line, expected);
    merkle_leaf(leaf, expected, sizeof expected - 2); /* without its line end */
    egress_root(egress, root);
    assert_memory_equal(root, leaf, DIGEST_SIZE);
    egress_close(&egress);
}

static void test_egress__reads_back_the_same_tree(void **state)
{
    struct egress *egress = open_log(false), *reader;
    uint8_t root[DIGEST_SIZE], again[DIGEST_SIZE];

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) { /* more than one buffer */
        add(egress, i);
    }
    reader = open_log(true);
    assert_int_equal(egress_size(reader), 1000);
    egress_root(egress, root);
    egress_root(reader, again);
    assert_memory_equal(root, again, DIGEST_SIZE);
    egress_close(&reader);
    egress_close(&egress);
}

static void test_egress__cuts_off_an_incomplete_last_line(void **state)
{
    struct egress *egress = open_log(false);
    uint8_t root[DIGEST_SIZE], again[DIGEST_SIZE];
    size_t whole, size;

    (void)state;
    add(egress, 1);
    whole = file_size();
    egress_root(egress, root);
    add(egress, 2);
    size = file_size();
    egress_close(&egress);
    for (size_t cut = whole + 1; cut < size; cut += 7) { /* wherever the crash hit */
        char text[EGRESS_LINE_MAX] = {0};
        FILE *file = fopen(log_path(), "r");
        assert_int_equal(fread(text, 1, sizeof text - 1, file), size);
        fclose(file);
        assert_int_equal(truncate(log_path(), (off_t)cut), 0);
        egress = open_log(true); /* a reader leaves it alone */
        assert_int_equal(egress_size(egress), 1);
        egress_close(&egress);
        assert_int_equal(file_size(), cut);
        egress = open_log(false);
        assert_int_equal(file_size(), whole);
        egress_root(egress, again);
        assert_memory_equal(root, again, DIGEST_SIZE);
        add(egress, 2);
        assert_int_equal(file_size(), size);
        egress_close(&egress);
    }
}

static void expect_broken(void)
{
    struct egress *egress = NULL;
    struct err err = {0};

    assert_int_equal(egress_open(&egress, log_path(), false, NULL, &err), ERR_EGRESS_LOG);
    assert_null(egress);
    assert_true(err.line > 0);
}

static void test_egress__refuses_a_list_that_something_else_changed(void **state)
{
    struct egress *egress = open_log(false);
    size_t first;

    (void)state;
    add(egress, 1);
    first = file_size();
    egress_close(&egress);
    append("{\"n\":2,\"what\":\"a line left out\"}\n");
    expect_broken();
    assert_int_equal(truncate(log_path(), (off_t)first), 0);
    append("not a line of this list\n");
    expect_broken();
    assert_int_equal(truncate(log_path(), (off_t)first), 0);
    append("\n");
    expect_broken();
    assert_int_equal(truncate(log_path(), (off_t)first), 0);
    for (int i = 0; i < EGRESS_LINE_MAX / 8; i++) {
        append("{\"n\":1,,");
    }
    expect_broken();
}

static void test_egress__takes_in_what_another_process_appended(void **state)
{
    struct egress *one = open_log(false), *other = open_log(false);
    uint8_t root[DIGEST_SIZE], again[DIGEST_SIZE];
    struct err err = {0};

    (void)state;
    add(one, 1);
    assert_int_equal(egress_refresh(other, &err), 0);
    add(other, 2);
    assert_int_equal(egress_refresh(one, &err), 0);
    egress_root(one, root);
    egress_root(other, again);
    assert_int_equal(egress_size(one), 2);
    assert_memory_equal(root, again, DIGEST_SIZE);
    assert_int_equal(truncate(log_path(), 10), 0);
    assert_int_equal(egress_refresh(one, &err), ERR_EGRESS_LOG);
    egress_close(&one);
    egress_close(&other);
}

static void test_egress__a_full_disk_leaves_the_list_whole(void **state)
{
    struct egress *egress = open_log(false);
    struct egress_entry entry = {.kind = "report", .task = "", .destination = "d", .method = "m"};
    struct rlimit limit, small;
    struct err err = {0};
    size_t size;

    (void)state;
    add(egress, 1);
    size = file_size();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = size + 20; /* the next line fits in part */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(egress_add(egress, &entry, &err), ERR_FILE_WRITE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(file_size(), size);
    assert_int_equal(egress_size(egress), 1);
    add(egress, 2);
    egress_close(&egress);
    egress = open_log(false);
    assert_int_equal(egress_size(egress), 2);
    egress_close(&egress);
}

static void test_egress__refuses_names_that_would_need_escaping(void **state)
{
    struct egress *egress = open_log(false);
    struct egress_entry entry = {.kind = "report", .task = "", .destination = "a\"b", .method = "m"};
    struct err err = {0};

    (void)state;
    assert_int_equal(egress_add(egress, &entry, &err), ERR_INTERNAL);
    entry.destination = "a\nb";
    assert_int_equal(egress_add(egress, &entry, &err), ERR_INTERNAL);
    assert_int_equal(egress_size(egress), 0);
    egress_close(&egress);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

static bool is_as_marked(const struct egress_mark *mark)
{
    struct egress *egress = NULL;
    struct err err = {0};
    bool is;

    assert_int_equal(egress_open(&egress, log_path(), true, mark, &err), 0);
    is = egress_is_as_marked(egress);
    egress_close(&egress);
    return is;
}

static void test_egress__a_line_changed_or_lost_before_the_mark_is_noticed(void **state)
{
    struct egress *egress = open_log(false);
    struct egress_mark mark = {.size = 2};
    FILE *file;

    (void)state;
    add(egress, 11);
    add(egress, 22);
    egress_root(egress, mark.root);
    add(egress, 33);
    egress_close(&egress);
    assert_true(is_as_marked(&mark));
    assert_true(is_as_marked(NULL));
    assert_non_null(file = fopen(log_path(), "r+"));
    assert_int_equal(fseek(file, 20, SEEK_SET), 0); /* a digit of the first line's time */
    fputc('9', file);
    fclose(file);
    assert_false(is_as_marked(&mark));
    assert_int_equal(truncate(log_path(), 0), 0);
    assert_false(is_as_marked(&mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_egress__a_line_has_fixed_fields_and_is_a_leaf),
        TEST(test_egress__reads_back_the_same_tree),
        TEST(test_egress__cuts_off_an_incomplete_last_line),
        TEST(test_egress__refuses_a_list_that_something_else_changed),
        TEST(test_egress__takes_in_what_another_process_appended),
        TEST(test_egress__a_full_disk_leaves_the_list_whole),
        TEST(test_egress__refuses_names_that_would_need_escaping),
        TEST(test_egress__a_line_changed_or_lost_before_the_mark_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
