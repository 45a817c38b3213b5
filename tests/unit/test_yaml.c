/* test_yaml.c - what the YAML reader takes, what it refuses, and where it says the fault is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "scratch.h"

/* ---- allocations that fail on demand (linked with --wrap) ---- */

static long allocations_left = -1; /* < 0: unlimited */

void *__real_malloc(size_t size);
void *__real_calloc(size_t num, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t num, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static int may_allocate(void)
{
    return allocations_left < 0 || allocations_left-- > 0;
}

void *__wrap_malloc(size_t size)
{
    return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t num, size_t size)
{
    return may_allocate() ? __real_calloc(num, size) : NULL;
}

void *__wrap_realloc(void *old, size_t size)
{
    return may_allocate() ? __real_realloc(old, size) : NULL;
}

char *__wrap_strdup(const char *text)
{
    return may_allocate() ? __real_strdup(text) : NULL;
}

/* ---- helpers ---- */

static struct yaml *load(const char *text)
{
    struct yaml *yaml = NULL;
    struct err err = {0};

    if (yaml_load(&yaml, "t.yaml", text, strlen(text), &err) != 0)
        fail_msg("%u:%u: %s", err.line, err.column, err.detail);
    return yaml;
}

static void check_place(const struct err *err, unsigned line, unsigned column, const char *field)
{
    assert_string_equal(err->file, "t.yaml");
    if (err->line != line || err->column != column)
        fail_msg("%u:%u, not %u:%u (%s)", err->line, err->column, line, column, err->detail);
    assert_string_equal(err->field, field);
}

static void refuse(const char *text, int code, unsigned line, unsigned column)
{
    struct yaml *yaml = NULL;
    struct err err = {0};
    int rc = yaml_load(&yaml, "t.yaml", text, strlen(text), &err);

    if (rc != code)
        fail_msg("code %d, not %d, for: %s", rc, code, text);
    assert_null(yaml);
    assert_int_equal(err.code, code);
    check_place(&err, line, column, "");
    assert_int_equal(yaml_load(&yaml, "t.yaml", text, strlen(text), NULL), code);
}

/* ---- loading ---- */

static void test_yaml__a_tree_in_file_order_with_places(void **state)
{
    struct yaml *yaml = load("# a comment\n"
                             "name: 温州 hospital\n"
                             "beds: 120\n"
                             "units:\n"
                             "  - icu\n"
                             "  - {kind: \"ward\", beds: 3}\n"
                             "text: |\n"
                             "  two\n"
                             "  lines\n");
    const struct yaml_node *root = yaml_root(yaml), *units = yaml_find(root, "units");

    (void)state;
    assert_int_equal(yaml_kind(root), YAML_MAP);
    assert_int_equal(yaml_num(root), 4);
    assert_string_equal(yaml_key(root, 0), "name");
    assert_string_equal(yaml_key(root, 3), "text");
    assert_string_equal(yaml_text(yaml_item(root, 0)), "温州 hospital");
    assert_int_equal(yaml_num(units), 2);
    assert_int_equal(yaml_line(yaml_item(units, 1)), 6);
    assert_int_equal(yaml_column(yaml_item(units, 1)), 5);
    assert_true(yaml_is_quoted(yaml_find(yaml_item(units, 1), "kind")));
    assert_false(yaml_is_quoted(yaml_item(units, 0)));
    assert_string_equal(yaml_text(yaml_find(root, "text")), "two\nlines\n");
    assert_null(yaml_find(root, "absent"));
    assert_null(yaml_find(units, "name")); /* a list has no keys */
    assert_null(yaml_text(units));
    assert_string_equal(yaml_file(units), "t.yaml");
    yaml_unload(&yaml);
    assert_null(yaml);
    yaml_unload(&yaml);
}

static void test_yaml__an_empty_file_is_null(void **state)
{
    static const char *const empty[] = {"", "\n", "# nothing\n", "---\n", "~", "null"};

    (void)state;
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        struct yaml *yaml = load(empty[i]);

        assert_true(yaml_is_null(yaml_root(yaml)));
        yaml_unload(&yaml);
    }
}

static void test_yaml__a_byte_order_mark_and_crlf_are_taken(void **state)
{
    struct yaml *yaml = load("\xEF\xBB\xBF"
                             "a: 1\r\nb: 2\r\n");
    int64_t value = 0;

    (void)state;
    assert_int_equal(yaml_get_int(yaml_root(yaml), "a", &value, 0, 9, NULL), 0);
    assert_int_equal(value, 1);
    assert_int_equal(yaml_get_int(yaml_root(yaml), "b", &value, 0, 9, NULL), 0);
    assert_int_equal(value, 2);
    yaml_unload(&yaml);
}

static void test_yaml__refuses_duplicate_keys_at_the_second(void **state)
{
    (void)state;
    refuse("a: 1\nb: 2\n\"a\": 3\n", ERR_YAML_DUPLICATE_KEY, 3, 1);
    refuse("x:\n  - {a: 1, b: 2, a: 3}\n", ERR_YAML_DUPLICATE_KEY, 2, 18);
}

static void test_yaml__refuses_what_is_not_plain(void **state)
{
    (void)state;
    refuse("a: &x 1\n", ERR_YAML_LIMIT, 1, 4);
    refuse("a: &x {}\n", ERR_YAML_LIMIT, 1, 4);
    refuse("a: *x\n", ERR_YAML_LIMIT, 1, 4);
    refuse("&k a: 1\n", ERR_YAML_LIMIT, 1, 1);
    refuse("a: !!str 1\n", ERR_YAML_SYNTAX, 1, 4);
    refuse("a: !x [1]\n", ERR_YAML_SYNTAX, 1, 4);
    refuse("!k a: 1\n", ERR_YAML_SYNTAX, 1, 1);
    refuse("<<: {a: 1}\n", ERR_YAML_LIMIT, 1, 1);
    refuse("a: 1\n---\nb: 2\n", ERR_YAML_LIMIT, 2, 1);
    refuse("[a]: 1\n", ERR_YAML_SYNTAX, 1, 1);
    refuse(": 1\n", ERR_YAML_SYNTAX, 1, 1);
    refuse("007: x\n", ERR_YAML_AMBIGUOUS_NUMBER, 1, 1);
    refuse("a: \"x\\0y\"\n", ERR_YAML_SYNTAX, 1, 4);
}

static void test_yaml__refuses_bad_syntax_with_its_place(void **state)
{
    (void)state;
    refuse("a: 1\n b: 2\n", ERR_YAML_SYNTAX, 2, 3);
    refuse("a: [1, 2\n", ERR_YAML_SYNTAX, 2, 1);
    refuse("a: 'open\n", ERR_YAML_SYNTAX, 2, 1);
    refuse("\ta: 1\n", ERR_YAML_SYNTAX, 1, 1);
}

static void test_yaml__refuses_bad_utf8(void **state)
{
    static const char *const bad[] = {"a: \xff\n", "a: \xc0\x80\n", "a: \xed\xa0\x80\n", "a: \xe4\xb8\n",
                                      "a: \x01\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct yaml *yaml = NULL;
        struct err err = {0};

        assert_int_equal(yaml_load(&yaml, "t.yaml", bad[i], strlen(bad[i]), &err), ERR_YAML_SYNTAX);
        assert_string_equal(err.file, "t.yaml");
        assert_null(yaml);
    }
    /* UTF-16 is not guessed. */
    struct yaml *yaml = NULL;
    assert_int_equal(yaml_load(&yaml, "t.yaml",
                               "\xff\xfe"
                               "a\0",
                               4, NULL),
                     ERR_YAML_SYNTAX);
}

static void test_yaml__depth_is_bounded(void **state)
{
    char text[2 * YAML_MAX_DEPTH + 10];
    struct yaml *yaml;

    (void)state;
    memset(text, '[', YAML_MAX_DEPTH);
    memset(text + YAML_MAX_DEPTH, ']', YAML_MAX_DEPTH);
    text[2 * YAML_MAX_DEPTH] = '\0';
    yaml = load(text);
    yaml_unload(&yaml);
    memset(text, '[', YAML_MAX_DEPTH + 1);
    memset(text + YAML_MAX_DEPTH + 1, ']', YAML_MAX_DEPTH + 1);
    text[2 * YAML_MAX_DEPTH + 2] = '\0';
    refuse(text, ERR_YAML_LIMIT, 1, YAML_MAX_DEPTH + 1);
}

static void test_yaml__size_and_count_are_bounded(void **state)
{
    size_t size = YAML_MAX_SIZE + 1;
    char *text = malloc(size);
    struct yaml *yaml = NULL;
    struct scratch scratch;
    struct err err = {0};
    FILE *file;

    (void)state;
    memset(text, '#', size);
    assert_int_equal(yaml_load(&yaml, "t.yaml", text, size, &err), ERR_YAML_LIMIT);
    assert_int_equal(yaml_load(&yaml, "t.yaml", text, size - 1, &err), 0);
    yaml_unload(&yaml);
    for (size_t i = 0; i + 2 <= size - 1; i += 2)
        memcpy(text + i, i == 0 ? "[0" : ",0", 2);
    assert_int_equal(yaml_load(&yaml, "t.yaml", text, size - 1, &err), ERR_YAML_LIMIT);
    assert_null(yaml);

    assert_int_equal(scratch_make(&scratch), 0);
    file = fopen(scratch_path(&scratch, "large.yaml"), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
    assert_int_equal(yaml_load_file(&yaml, scratch.path, &err), ERR_YAML_LIMIT);
    assert_int_equal(yaml_load_file(&yaml, "/nonexistent.yaml", &err), ERR_FILE_READ);
    scratch_remove(&scratch);
    free(text);
}

static void test_yaml__many_keys_are_found(void **state)
{
    size_t size = 20000 * 16, used = 0;
    char *text = malloc(size);
    struct yaml *yaml;

    (void)state;
    for (int i = 0; i < 20000; i++)
        used += (size_t)snprintf(text + used, size - used, "k%d: %d\n", i, i);
    yaml = load(text);
    for (int i = 0; i < 20000; i++) {
        char key[16];
        int64_t value = -1;

        snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(yaml_get_int(yaml_root(yaml), key, &value, 0, 20000, NULL), 0);
        assert_int_equal(value, i);
    }
    yaml_unload(&yaml);
    free(text);
}

static void test_yaml__every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    static char text[40000];
    struct yaml *yaml = NULL;
    size_t used = 0;
    long num;
    int rc = -1;

    (void)state;
    for (int i = 0; i < 1500; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "k%d: {a: [1]}\n", i);
    for (num = 0; num < 1000 && rc != 0; num++) {
        struct err err = {0};

        allocations_left = num;
        rc = yaml_load(&yaml, "t.yaml", text, used, &err);
        allocations_left = -1;
        if (rc != 0)
            assert_int_equal(rc, ERR_NO_MEMORY);
    }
    assert_int_equal(rc, 0);
    assert_true(num > 10);
    yaml_unload(&yaml);
}

/* ---- types ---- */

#define CHECK(call, code, line, column, field)                                                               \
    do {                                                                                                     \
        struct err err = {0};                                                                                \
        assert_int_equal(call, code);                                                                        \
        check_place(&err, line, column, field);                                                              \
    } while (0)

static void test_yaml__strings(void **state)
{
    struct yaml *yaml = load("plain: ICD 10\n"
                             "quoted: '007'\n"
                             "octal: 007\n"
                             "decimal: 00.66\n"
                             "zero: 0\n"
                             "fraction: 0.5\n"
                             "date: 2014-07\n"
                             "nothing:\n"
                             "empty: ''\n"
                             "list: []\n"
                             "word: 007a\n"
                             "negative: -01\n");
    const struct yaml_node *root = yaml_root(yaml);
    static const char *const good[][2] = {{"plain", "ICD 10"}, {"quoted", "007"},   {"zero", "0"},
                                          {"fraction", "0.5"}, {"date", "2014-07"}, {"empty", ""},
                                          {"word", "007a"}};
    const char *text;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(yaml_get_string(root, good[i][0], &text, NULL), 0);
        assert_string_equal(text, good[i][1]);
    }
    CHECK(yaml_get_string(root, "octal", &text, &err), ERR_YAML_AMBIGUOUS_NUMBER, 3, 8, "octal");
    CHECK(yaml_get_string(root, "decimal", &text, &err), ERR_YAML_AMBIGUOUS_NUMBER, 4, 10, "decimal");
    CHECK(yaml_get_string(root, "negative", &text, &err), ERR_YAML_AMBIGUOUS_NUMBER, 12, 11, "negative");
    CHECK(yaml_get_string(root, "nothing", &text, &err), ERR_YAML_BAD_VALUE, 8, 9, "nothing");
    CHECK(yaml_get_string(root, "list", &text, &err), ERR_YAML_BAD_VALUE, 10, 7, "list");
    CHECK(yaml_get_string(root, "absent", &text, &err), ERR_YAML_MISSING_KEY, 1, 1, "");
    yaml_unload(&yaml);
}

static void check_int(const char *text, int code, int64_t expected)
{
    struct yaml *yaml = load(text);
    int64_t value = 77;

    if (yaml_as_int(yaml_root(yaml), &value, INT64_MIN, INT64_MAX, NULL) != code)
        fail_msg("%s as a number", text);
    assert_int_equal(value, code == 0 ? expected : 77);
    yaml_unload(&yaml);
}

static void test_yaml__numbers(void **state)
{
    struct yaml *yaml = load("a: {b: [1, 12]}");
    const struct yaml_node *list = yaml_find(yaml_find(yaml_root(yaml), "a"), "b");
    int64_t value;

    (void)state;
    check_int("0", 0, 0);
    check_int("-5", 0, -5);
    check_int("9223372036854775807", 0, INT64_MAX);
    check_int("-9223372036854775808", 0, INT64_MIN);
    check_int("9223372036854775808", ERR_YAML_BAD_VALUE, 0);
    check_int("-9223372036854775809", ERR_YAML_BAD_VALUE, 0);
    check_int("99999999999999999999999", ERR_YAML_BAD_VALUE, 0);
    check_int("'5'", ERR_YAML_BAD_VALUE, 0);
    check_int("0x10", ERR_YAML_BAD_VALUE, 0);
    check_int("0o17", ERR_YAML_BAD_VALUE, 0);
    check_int("1_000", ERR_YAML_BAD_VALUE, 0);
    check_int("1.0", ERR_YAML_BAD_VALUE, 0);
    check_int("1e3", ERR_YAML_BAD_VALUE, 0);
    check_int("5s", ERR_YAML_BAD_VALUE, 0);
    check_int("-", ERR_YAML_BAD_VALUE, 0);
    check_int("010", ERR_YAML_AMBIGUOUS_NUMBER, 0);
    check_int("-00", ERR_YAML_AMBIGUOUS_NUMBER, 0);
    check_int("true", ERR_YAML_BAD_VALUE, 0);
    check_int("[1]", ERR_YAML_BAD_VALUE, 0);
    CHECK(yaml_as_int(yaml_item(list, 1), &value, 1, 11, &err), ERR_YAML_BAD_VALUE, 1, 12, "a.b[1]");
    assert_int_equal(yaml_as_int(yaml_item(list, 1), &value, 12, 12, NULL), 0);
    yaml_unload(&yaml);
}

static void test_yaml__durations_and_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t ms, bytes; /* < 0: refused */
    } cases[] = {{"500ms", 500, -1},
                 {"30s", 30000, -1},
                 {"5m", 300000, -1},
                 {"2h", 7200000, -1},
                 {"7d", 604800000, -1},
                 {"7 d", 604800000, -1},
                 {"0s", 0, -1},
                 {"30", -1, 30},
                 {"30 ", -1, 30},
                 {"4KiB", -1, 4096},
                 {"64 MiB", -1, 64 << 20},
                 {"2GiB", -1, INT64_C(2) << 30},
                 {"1TiB", -1, INT64_C(1) << 40},
                 {"9999999TiB", -1, -1},
                 {"16777217TiB", -1, -1}, /* 2^64 + 2^40 */
                 {"107000000000d", -1, -1},
                 {"5M", -1, -1},
                 {"5MB", -1, -1},
                 {"1h30m", -1, -1},
                 {"s", -1, -1},
                 {"-1s", -1, -1},
                 {"05s", -1, -1},
                 {"5  s", -1, -1}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct yaml *yaml = load(cases[i].text);
        int64_t ms = -1, bytes = -1;
        int rc = yaml_as_duration(yaml_root(yaml), &ms, 0, INT64_MAX, NULL);

        if ((rc == 0) != (cases[i].ms >= 0) || ms != cases[i].ms)
            fail_msg("%s as a duration", cases[i].text);
        rc = yaml_as_size(yaml_root(yaml), &bytes, 0, INT64_MAX, NULL);
        if ((rc == 0) != (cases[i].bytes >= 0) || bytes != cases[i].bytes)
            fail_msg("%s as a size", cases[i].text);
        yaml_unload(&yaml);
    }
}

static void test_yaml__bools_are_true_or_false_only(void **state)
{
    static const char *const bad[] = {"yes", "no", "on", "off", "True", "FALSE", "1", "'true'", "~", "{}"};
    struct yaml *yaml = load("{a: true, b: false}");
    bool value = false;

    (void)state;
    assert_int_equal(yaml_get_bool(yaml_root(yaml), "a", &value, NULL), 0);
    assert_true(value);
    assert_int_equal(yaml_get_bool(yaml_root(yaml), "b", &value, NULL), 0);
    assert_false(value);
    yaml_unload(&yaml);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        yaml = load(bad[i]);
        assert_int_equal(yaml_as_bool(yaml_root(yaml), &value, NULL), ERR_YAML_BAD_VALUE);
        yaml_unload(&yaml);
    }
}

static void test_yaml__optional_keys_leave_the_default_but_not_a_bad_value(void **state)
{
    struct yaml *yaml = load("port: 7000\nname: [x]\nwait: 5s\nlist: [1]\n");
    const struct yaml_node *root = yaml_root(yaml), *list = NULL;
    int64_t port = 1, absent = 42, ms = 0;
    const char *name = "default";
    bool flag = true;

    (void)state;
    assert_int_equal(yaml_opt_int(root, "port", &port, 1, 65535, NULL), 0);
    assert_int_equal(port, 7000);
    assert_int_equal(yaml_opt_int(root, "absent", &absent, 1, 2, NULL), 0);
    assert_int_equal(absent, 42);
    assert_int_equal(yaml_opt_bool(root, "absent", &flag, NULL), 0);
    assert_true(flag);
    assert_int_equal(yaml_opt_duration(root, "wait", &ms, 0, 10000, NULL), 0);
    assert_int_equal(ms, 5000);
    assert_int_equal(yaml_opt_list(root, "absent", &list, NULL), 0);
    assert_null(list);
    assert_int_equal(yaml_num(list), 0);
    assert_int_equal(yaml_opt_list(root, "list", &list, NULL), 0);
    assert_int_equal(yaml_num(list), 1);
    CHECK(yaml_opt_string(root, "name", &name, &err), ERR_YAML_BAD_VALUE, 2, 7, "name");
    assert_string_equal(name, "default");
    CHECK(yaml_opt_int(list, "port", &port, 1, 2, &err), ERR_YAML_BAD_VALUE, 4, 7, "list"); /* no map */
    yaml_unload(&yaml);
}

static void test_yaml__unknown_keys_are_refused_at_the_key_with_a_suggestion(void **state)
{
    struct yaml *yaml = load("listen:\n  adress: x\n  zzz: 1\n");
    const struct yaml_node *map = yaml_find(yaml_root(yaml), "listen");
    struct err err = {0};

    (void)state;
    assert_int_equal(yaml_no_other_keys(map, YAML_KEYS("address", "port"), &err), ERR_YAML_UNKNOWN_KEY);
    check_place(&err, 2, 3, "listen.adress");
    assert_string_equal(err.detail, "adress (did you mean address?)");
    assert_int_equal(yaml_no_other_keys(map, YAML_KEYS("adress"), &err), ERR_YAML_UNKNOWN_KEY);
    check_place(&err, 3, 3, "listen.zzz");
    assert_string_equal(err.detail, "zzz");
    assert_int_equal(yaml_no_other_keys(map, YAML_KEYS("zzz", "adress", "more"), &err), 0);
    assert_int_equal(yaml_no_other_keys(yaml_find(map, "zzz"), YAML_KEYS("a"), &err), ERR_YAML_BAD_VALUE);
    yaml_unload(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaml__a_tree_in_file_order_with_places),
        cmocka_unit_test(test_yaml__an_empty_file_is_null),
        cmocka_unit_test(test_yaml__a_byte_order_mark_and_crlf_are_taken),
        cmocka_unit_test(test_yaml__refuses_duplicate_keys_at_the_second),
        cmocka_unit_test(test_yaml__refuses_what_is_not_plain),
        cmocka_unit_test(test_yaml__refuses_bad_syntax_with_its_place),
        cmocka_unit_test(test_yaml__refuses_bad_utf8),
        cmocka_unit_test(test_yaml__depth_is_bounded),
        cmocka_unit_test(test_yaml__size_and_count_are_bounded),
        cmocka_unit_test(test_yaml__many_keys_are_found),
        cmocka_unit_test(test_yaml__every_failing_allocation_is_reported_and_leaks_nothing),
        cmocka_unit_test(test_yaml__strings),
        cmocka_unit_test(test_yaml__numbers),
        cmocka_unit_test(test_yaml__durations_and_sizes),
        cmocka_unit_test(test_yaml__bools_are_true_or_false_only),
        cmocka_unit_test(test_yaml__optional_keys_leave_the_default_but_not_a_bad_value),
        cmocka_unit_test(test_yaml__unknown_keys_are_refused_at_the_key_with_a_suggestion),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
