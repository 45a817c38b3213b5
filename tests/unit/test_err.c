/* test_err.c - the registry of errors, and the texts made from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void test_err__numbers_are_unique_and_sorted_and_entries_complete(void **state)
{
    size_t num;
    const struct err_entry *entries = err_entries(&num);

    (void)state;
    assert_true(num > 20);
    for (size_t i = 0; i < num; i++) {
        const struct err_entry *entry = &entries[i];

        assert_in_range(entry->code, 1000, 6999);
        assert_true(strlen(entry->name) > 2);
        assert_true(strlen(entry->en) > 10 && strlen(entry->zh) > 10);
        assert_null(strchr(entry->en, '|')); /* would break docs/errors.md */
        assert_null(strchr(entry->zh, '|'));
        assert_true(err_who_text(entry->who, LANG_EN)[0] != '\0' &&
                    err_who_text(entry->who, LANG_ZH)[0] != '\0');
        assert_ptr_equal(err_entry(entry->code), entry);
        if (i > 0)
            assert_true(entries[i - 1].code < entry->code);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(entries[j].name, entry->name);
    }
}

static void test_err__an_unknown_number_is_an_internal_error(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(err_entry(4711)->code, ERR_INTERNAL);
    assert_int_equal(err_entry(0)->code, ERR_INTERNAL);
    assert_int_equal(err_set(&err, ERR_OK, "success is no failure"), ERR_INTERNAL);
    assert_int_equal(err.code, ERR_INTERNAL);
    assert_int_equal(err_set(NULL, ERR_USAGE, "nowhere to write"), ERR_USAGE);
}

static void test_err__the_innermost_place_wins(void **state)
{
    struct err err = {0};

    (void)state;
    err_set(&err, ERR_YAML_BAD_VALUE, "x");
    assert_int_equal(err_at(&err, "inner.yaml", 3, 7), ERR_YAML_BAD_VALUE);
    assert_int_equal(err_field(&err, "beds"), ERR_YAML_BAD_VALUE);
    err_at(&err, "outer.yaml", 9, 9);
    err_field(&err, "hospital");
    assert_string_equal(err.file, "inner.yaml");
    assert_int_equal(err.line, 3);
    assert_int_equal(err.column, 7);
    assert_string_equal(err.field, "beds");

    err_set(&err, ERR_USAGE, "y"); /* forgets all of it */
    assert_string_equal(err.file, "");
    assert_int_equal(err.line, 0);
    assert_string_equal(err.field, "");
}

static void test_err__prefixes_stand_before_the_detail_and_are_cut(void **state)
{
    struct err err = {0};
    char longer[1000];

    (void)state;
    err_set(&err, ERR_STORE_FULL, "disk full");
    err_prefix(&err, "share %d", 3);
    assert_int_equal(err_prefix(&err, "task %s", "2014"), ERR_STORE_FULL);
    assert_string_equal(err.detail, "task 2014: share 3: disk full");

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    err_prefix(&err, "%s", longer);
    assert_int_equal(strlen(err.detail), sizeof(err.detail) - 1);
    err_set(&err, ERR_USAGE, "%s", longer);
    err_set(&err, ERR_USAGE, "again %s", err.detail); /* an argument out of the same err */
    assert_memory_equal(err.detail, "again xxx", 9);
}

static void test_err__texts_hold_number_place_and_remedy(void **state)
{
    struct err err = {0};
    char text[1024], tiny[8];

    (void)state;
    err_set(&err, ERR_YAML_UNKNOWN_KEY, "agee");
    err_at(&err, "node.yaml", 1, 14);
    err_field(&err, "patient.agee");
    err_text(&err, LANG_EN, text, sizeof(text));
    assert_string_equal(text,
                        "error W1103 YAML_UNKNOWN_KEY: node.yaml:1:14: field patient.agee: agee\n"
                        "  This key is not known here. Correct its spelling or remove it. (whoever runs this program)");
    err_text(&err, LANG_ZH, text, sizeof(text));
    assert_non_null(strstr(text, "W1103"));
    assert_non_null(strstr(text, "本程序的使用者"));

    memset(tiny, 'x', sizeof(tiny));
    err_text(&err, LANG_EN, tiny, sizeof(tiny));
    assert_string_equal(tiny, "error W");
}

static void test_err__errno_is_told_in_words(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(err_set_errno(&err, ERR_FILE_READ, ENOENT, "open %s", "a"), ERR_FILE_READ);
    assert_string_equal(err.detail, "open a: No such file or directory");
}

static void test_err__the_language_comes_from_the_environment(void **state)
{
    (void)state;
    setenv("LANG", "en_US.UTF-8", 1);
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
    unsetenv("WEFT_LANG");
    assert_int_equal(err_lang_from_env(), LANG_EN);
    setenv("LANG", "zh_CN.UTF-8", 1);
    assert_int_equal(err_lang_from_env(), LANG_ZH);
    setenv("LC_ALL", "C.UTF-8", 1);
    assert_int_equal(err_lang_from_env(), LANG_EN);
    setenv("WEFT_LANG", "zh", 1);
    assert_int_equal(err_lang_from_env(), LANG_ZH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_err__numbers_are_unique_and_sorted_and_entries_complete),
        cmocka_unit_test(test_err__an_unknown_number_is_an_internal_error),
        cmocka_unit_test(test_err__the_innermost_place_wins),
        cmocka_unit_test(test_err__prefixes_stand_before_the_detail_and_are_cut),
        cmocka_unit_test(test_err__texts_hold_number_place_and_remedy),
        cmocka_unit_test(test_err__errno_is_told_in_words),
        cmocka_unit_test(test_err__the_language_comes_from_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
