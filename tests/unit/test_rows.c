/* test_rows.c - the language can say every computable row of the reference and the eCQM measures: their files
 * load, which parses and type-checks each expression. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "catalogue/catalogue.h"

static void expect_loads(const char *path, size_t num_indicators)
{
    struct catalogue_layout layout = {0};
    struct catalogue *catalogue = NULL;
    struct err err = {0};

    if (catalogue_load(&catalogue, path, &err) != ERR_OK)
        fail_msg("%s:%u:%u: %s %s", err.file, err.line, err.column, err.field, err.detail);
    assert_int_equal(catalogue->num_indicators, num_indicators);
    assert_int_equal(catalogue_layout(&layout, catalogue, &err), ERR_OK);
    assert_int_equal(layout.num_series, num_indicators);
    catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
}

static void test_language__says_every_computable_row(void **state)
{
    (void)state;
    expect_loads("tests/language/all_rows.yaml", 205);
}

static void test_language__says_the_ecqm_measures(void **state)
{
    (void)state;
    expect_loads("tests/language/ecqm.yaml", 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language__says_every_computable_row),
        cmocka_unit_test(test_language__says_the_ecqm_measures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
