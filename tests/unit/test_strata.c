/* test_strata.c - where strata may be opened beside their whole series. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "audit/strata.h"

/* A city (0) of two counties. */
static const int PARENTS[] = {-1, 0, 0};
static const struct block_tree TREE = {.parents = PARENTS, .num_areas = 3};
static const bool ALL[] = {true, true, true};

static void open_strata(bool *open, const bool *whole, const uint64_t *counts, int num_strata)
{
    assert_int_equal(strata_open(open, &TREE, ALL, whole, counts, num_strata, 3, NULL), 0);
}

static void test_strata__are_open_where_each_has_enough(void **state)
{
    static const uint64_t counts[] = {0, 4, 5, 0, 3, 0};
    bool open[3];
    (void)state;

    open_strata(open, ALL, counts, 2);
    assert_true(open[0] && open[1] && open[2]);
}

/* One hospital of county 1 has such patients: whole minus the other stratum would be its number. */
static void test_strata__one_thin_stratum_takes_the_others_along(void **state)
{
    static const uint64_t counts[] = {0, 6, 5, 0, 1, 4};
    bool open[3];
    (void)state;

    open_strata(open, ALL, counts, 2);
    assert_true(open[0]);
    assert_false(open[1]);
    assert_false(open[2]); /* the city's rest is to hold county 1's one with others */
}

/* The city's strata are large enough; but all of the first stratum is in county 1, and of the second there is one
 * there: the county's whole minus the city's first stratum is that one hospital. */
static void test_strata__no_combination_of_tiers_speaks_of_one_hospital(void **state)
{
    static const uint64_t counts[] = {0, 5, 0, 0, 1, 4};
    bool open[3];
    (void)state;

    open_strata(open, ALL, counts, 2);
    assert_false(open[0] || open[1] || open[2]);
}

static void test_strata__are_not_open_where_the_whole_is_not(void **state)
{
    static const uint64_t counts[] = {0, 4, 5, 0, 3, 4};
    static const bool whole[] = {true, false, false};
    bool open[3];
    (void)state;

    open_strata(open, whole, counts, 2);
    assert_true(open[0]);
    assert_false(open[1] || open[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strata__are_open_where_each_has_enough),
        cmocka_unit_test(test_strata__one_thin_stratum_takes_the_others_along),
        cmocka_unit_test(test_strata__no_combination_of_tiers_speaks_of_one_hospital),
        cmocka_unit_test(test_strata__are_not_open_where_the_whole_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
