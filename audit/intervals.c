/* intervals.c - 95 % intervals and medians; formulas as in Wilson 1927, Garwood 1936. */
#include "audit/intervals.h"

#include <math.h>

#define Z_95       1.959963984540054 /* 97.5 % quantile of the standard normal */
#define TAIL       0.025
#define NEGLIGIBLE 1e-18

bool interval_proportion(struct interval *out, uint64_t numerator, uint64_t denominator)
{
    double n = (double)denominator, p, centre, half;

    if (denominator == 0 || numerator > denominator)
        return false;
    p = (double)numerator / n;
    centre = p + Z_95 * Z_95 / (2 * n);
    half = Z_95 * sqrt(p * (1 - p) / n + Z_95 * Z_95 / (4 * n * n));
    /* At the ends the exact limit is 0 or 1; rounding would leave a trace. */
    out->low = numerator == 0 ? 0 : (centre - half) / (1 + Z_95 * Z_95 / n);
    out->high = numerator == denominator ? 1 : (centre + half) / (1 + Z_95 * Z_95 / n);
    return true;
}

static double poisson_probability(double count, double mean)
{
    int sign;

    return exp(count * log(mean) - mean - lgamma_r(count + 1, &sign));
}

/* P(X <= count) for a mean of at least `count`: the terms only shrink on the way down. */
static double poisson_at_most(double count, double mean)
{
    double term = poisson_probability(count, mean), sum = 0;

    for (double k = count; k >= 0 && term > NEGLIGIBLE; k--) {
        sum += term;
        term *= k / mean;
    }
    return sum;
}

/* P(X >= count) for a mean of at most `count`: the terms only shrink on the way up. */
static double poisson_at_least(double count, double mean)
{
    double term = poisson_probability(count, mean), sum = 0;

    for (double k = count; term > NEGLIGIBLE; k++) {
        sum += term;
        term *= mean / (k + 1);
    }
    return sum;
}

/* The mean between `low` and `high` at which the tail beyond `count` holds TAIL. */
static double poisson_limit(double count, double low, double high, bool is_upper)
{
    for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
        double middle = low + (high - low) / 2;
        bool go_up =
            is_upper ? poisson_at_most(count, middle) > TAIL : poisson_at_least(count, middle) < TAIL;

        if (go_up)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

void interval_poisson(struct interval *out, uint64_t observed)
{
    double count = (double)observed;

    out->low = observed == 0 ? 0 : poisson_limit(count, 0, count, false);
    out->high = poisson_limit(count, count, count + 10 * sqrt(count) + 10, true);
}

bool interval_ratio(struct interval *out, uint64_t observed, double exposure)
{
    if (!(exposure > 0) || !isfinite(exposure))
        return false;
    interval_poisson(out, observed);
    out->low /= exposure;
    out->high /= exposure;
    return true;
}

bool mean_of(double *mean, uint64_t count, double sum)
{
    if (count == 0)
        return false;
    *mean = sum / (double)count;
    return true;
}

bool standard_deviation(double *deviation, uint64_t count, double sum, double sum_of_squares)
{
    long double n = (long double)count, variance;

    if (count < 2)
        return false;
    variance = ((long double)sum_of_squares - (long double)sum * (long double)sum / n) / (n - 1);
    *deviation = variance > 0 ? (double)sqrtl(variance) : 0;
    return true;
}

bool interval_mean(struct interval *out, uint64_t count, double sum, double sum_of_squares)
{
    double mean, deviation, half;

    if (!mean_of(&mean, count, sum) || !standard_deviation(&deviation, count, sum, sum_of_squares))
        return false;
    half = Z_95 * deviation / sqrt((double)count);
    out->low = mean - half;
    out->high = mean + half;
    return true;
}

/* Does a cumulated count reach `percent` % of the total? */
static bool reaches(uint64_t cumulated, uint64_t total, unsigned percent)
{
    return (double)cumulated * 100 >= (double)total * percent;
}

static bool quantile_from_below(size_t *bin, const uint64_t *counts, const bool *shown, size_t num_bins,
                                uint64_t total, unsigned percent)
{
    uint64_t cumulated = 0;

    for (size_t i = 0; i < num_bins && shown[i]; i++) {
        cumulated += counts[i];
        if (reaches(cumulated, total, percent)) {
            *bin = i;
            return true;
        }
    }
    return false;
}

static bool quantile_from_above(size_t *bin, const uint64_t *counts, const bool *shown, size_t num_bins,
                                uint64_t total, unsigned percent)
{
    uint64_t up_to = total; /* in bins 0 to i */

    for (size_t i = num_bins; i-- > 0 && shown[i] && counts[i] <= up_to;) {
        up_to -= counts[i];
        if (!reaches(up_to, total, percent)) {
            *bin = i;
            return true;
        }
    }
    return false;
}

bool quantile_bin(size_t *bin, const uint64_t *counts, const bool *shown, size_t num_bins, uint64_t total,
                  unsigned percent)
{
    if (total == 0 || percent == 0 || percent >= 100)
        return false;
    return quantile_from_below(bin, counts, shown, num_bins, total, percent) ||
           quantile_from_above(bin, counts, shown, num_bins, total, percent);
}
