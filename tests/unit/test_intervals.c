/* test_intervals.c - intervals against published tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "audit/intervals.h"

#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* Newcombe 1998, Statistics in Medicine 17:857, table I, method 3; and the eICU demo's mortality. */
static void test_intervals__wilson_gives_the_published_limits(void **state)
{
    static const struct {
        uint64_t numerator, denominator;
        double low, high;
    } published[] = {
        {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0000, 0.1611},
        {1, 29, 0.0061, 0.1718},   {20, 20, 0.8389, 1.0000},  {182, 2149, 0.0736, 0.0972},
    };
    (void)state;

    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        struct interval interval;

        assert_true(interval_proportion(&interval, published[i].numerator, published[i].denominator));
        assert_near(interval.low, published[i].low, 0.00005001);
        assert_near(interval.high, published[i].high, 0.00005001);
    }
}

static void test_intervals__a_proportion_of_nothing_has_none(void **state)
{
    struct interval interval = {-1, -1};
    (void)state;

    assert_false(interval_proportion(&interval, 0, 0));
    assert_false(interval_proportion(&interval, 3, 2));
    assert_near(interval.low, -1, 0);
    assert_true(interval_proportion(&interval, 0, 7));
    assert_near(interval.low, 0, 0);
    assert_true(interval_proportion(&interval, 7, 7));
    assert_near(interval.high, 1, 0);
}

/* The standard tables of exact limits (Garwood 1936; Breslow and Day 1987) give two digits; the others are
 * from the sums of probabilities in decimal arithmetic with 50 digits. */
static void test_intervals__poisson_gives_the_tabulated_exact_limits(void **state)
{
    static const struct {
        uint64_t observed;
        double low, high;
    } tabulated[] = {
        {0, 0, 3.68888},
        {1, 0.02532, 5.57164},
        {2, 0.24221, 7.22469},
        {3, 0.61867, 8.76727},
        {5, 1.62349, 11.66833},
        {10, 4.79539, 18.39036},
        {20, 12.21652, 30.88838},
        {50, 37.11096, 65.91877},
        {100, 81.36399, 121.62679},
        {139, 116.85359, 164.12276},
    };
    struct interval interval;
    (void)state;

    for (size_t i = 0; i < sizeof tabulated / sizeof *tabulated; i++) {
        interval_poisson(&interval, tabulated[i].observed);
        assert_near(interval.low, tabulated[i].low, 0.00001);
        assert_near(interval.high, tabulated[i].high, 0.00001);
    }
}

static void
test_intervals__poisson_agrees_with_the_closed_forms_of_0_and_with_byar_for_large_counts(void **state)
{
    struct interval interval;
    (void)state;

    interval_poisson(&interval, 0);
    assert_near(interval.high, -log(0.025), 1e-9);
    interval_poisson(&interval, 1);
    assert_near(interval.low, -log(0.975), 1e-9);
    for (uint64_t observed = 1000; observed <= 10000000; observed *= 10) {
        const double z = 1.959963984540054;
        double o = (double)observed, byar_low, byar_high;

        byar_low = o * pow(1 - 1 / (9 * o) - z / (3 * sqrt(o)), 3);
        byar_high = (o + 1) * pow(1 - 1 / (9 * (o + 1)) + z / (3 * sqrt(o + 1)), 3);
        interval_poisson(&interval, observed);
        assert_near(interval.low / byar_low, 1, 1e-5);
        assert_near(interval.high / byar_high, 1, 1e-5);
    }
}

static void test_intervals__a_ratio_divides_by_what_was_expected(void **state)
{
    struct interval interval;
    (void)state;

    assert_true(interval_ratio(&interval, 10, 8.0));
    assert_near(interval.low, 4.7954 / 8, 0.0001);
    assert_near(interval.high, 18.3904 / 8, 0.0001);
    assert_true(interval_ratio(&interval, 0, 2.0));
    assert_near(interval.low, 0, 0);
    assert_near(interval.high, 3.6889 / 2, 0.0001);
    assert_false(interval_ratio(&interval, 10, 0));
    assert_false(interval_ratio(&interval, 10, -1));
    assert_false(interval_ratio(&interval, 10, NAN));
    assert_false(interval_ratio(&interval, 10, INFINITY));
}

static void test_intervals__mean_and_deviation_of_known_values(void **state)
{
    struct interval interval;
    double mean, deviation;
    (void)state;

    /* 2 4 4 4 5 5 7 9 */
    assert_true(mean_of(&mean, 8, 40));
    assert_near(mean, 5, 0);
    assert_true(standard_deviation(&deviation, 8, 40, 232));
    assert_near(deviation, sqrt(32.0 / 7), 1e-12);
    assert_true(interval_mean(&interval, 8, 40, 232));
    assert_near(interval.low, 5 - 1.959963984540054 * sqrt(32.0 / 7 / 8), 1e-12);
    assert_near(interval.high, 5 + 1.959963984540054 * sqrt(32.0 / 7 / 8), 1e-12);
    assert_true(standard_deviation(&deviation, 3, 30, 299.9999)); /* rounded below what is possible */
    assert_near(deviation, 0, 0);
    assert_false(mean_of(&mean, 0, 0));
    assert_false(standard_deviation(&deviation, 1, 5, 25));
    assert_false(interval_mean(&interval, 1, 5, 25));
}

static void test_intervals__the_median_is_the_bin_that_reaches_half(void **state)
{
    static const uint64_t counts[] = {5, 5, 0, 10};
    static const bool shown[] = {true, true, true, true};
    size_t bin;
    (void)state;

    assert_true(quantile_bin(&bin, counts, shown, 4, 20, 50));
    assert_int_equal(bin, 1);
    assert_true(quantile_bin(&bin, counts, shown, 4, 20, 25));
    assert_int_equal(bin, 0);
    assert_true(quantile_bin(&bin, counts, shown, 4, 20, 51));
    assert_int_equal(bin, 3);
    assert_false(quantile_bin(&bin, counts, shown, 4, 0, 50));
    assert_false(quantile_bin(&bin, counts, shown, 4, 20, 0));
    assert_false(quantile_bin(&bin, counts, shown, 4, 20, 100));
    assert_false(quantile_bin(&bin, counts, shown, 0, 20, 50));
}

static void test_intervals__hidden_bins_on_both_sides_hide_the_median(void **state)
{
    static const uint64_t counts[] = {12, 999, 20, 30, 999, 10};
    static const bool low_hidden[] = {true, false, true, true, true, true};
    static const bool high_hidden[] = {true, true, true, true, false, true};
    static const bool both_hidden[] = {true, false, true, true, false, true};
    static const uint64_t low_counts[] = {12, 999, 20, 30, 3, 10}, high_counts[] = {12, 3, 20, 30, 999, 10};
    size_t bin;
    (void)state;

    assert_true(
        quantile_bin(&bin, low_counts, low_hidden, 6, 78, 50)); /* 39th of 12 3 20 30 3 10: from above */
    assert_int_equal(bin, 3);
    assert_true(quantile_bin(&bin, high_counts, high_hidden, 6, 78, 50));
    assert_int_equal(bin, 3);
    assert_false(quantile_bin(&bin, counts, both_hidden, 6, 78, 50));
    assert_true(quantile_bin(&bin, counts, both_hidden, 6, 78, 10)); /* within the bins shown first */
    assert_int_equal(bin, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals__wilson_gives_the_published_limits),
        cmocka_unit_test(test_intervals__a_proportion_of_nothing_has_none),
        cmocka_unit_test(test_intervals__poisson_gives_the_tabulated_exact_limits),
        cmocka_unit_test(
            test_intervals__poisson_agrees_with_the_closed_forms_of_0_and_with_byar_for_large_counts),
        cmocka_unit_test(test_intervals__a_ratio_divides_by_what_was_expected),
        cmocka_unit_test(test_intervals__mean_and_deviation_of_known_values),
        cmocka_unit_test(test_intervals__the_median_is_the_bin_that_reaches_half),
        cmocka_unit_test(test_intervals__hidden_bins_on_both_sides_hide_the_median),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
