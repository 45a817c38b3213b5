/* intervals.h - 95 % intervals and medians, computed once, from released integer totals, at display.
 *
 * Each function returns false, and leaves its outputs alone, where the figure does not exist (nothing
 * counted, bins hidden); that is never shown as 0. Limits are two-sided with 2.5 % on each side. */
#ifndef AUDIT_INTERVALS_H
#define AUDIT_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interval {
    double low, high;
};

/* Wilson's score interval of numerator / denominator; needs 0 < denominator >= numerator. */
bool interval_proportion(struct interval *out, uint64_t numerator, uint64_t denominator);

/* Exact (Garwood) limits of the mean of a Poisson count. The low limit of 0 is 0. */
void interval_poisson(struct interval *out, uint64_t observed);

/* Exact Poisson limits of a rate or of an observed/expected ratio: observed / exposure, both limits divided
 * by `exposure` (device days, expected events); needs 0 < exposure. */
bool interval_ratio(struct interval *out, uint64_t observed, double exposure);

/* Mean of `count` values from their sum; needs 0 < count. */
bool mean_of(double *mean, uint64_t count, double sum);

/* Sample standard deviation (divisor count - 1); needs 2 values. The sums are in the unit of the values and
 * its square; a variance that rounding made negative is 0. */
bool standard_deviation(double *deviation, uint64_t count, double sum, double sum_of_squares);

/* Normal interval of the mean; needs 2 values. */
bool interval_mean(struct interval *out, uint64_t count, double sum, double sum_of_squares);

/* The bin that holds the `percent` quantile (50: the median; the lower one of an even count; 0 < percent <
 * 100): the first bin whose cumulated count reaches percent % of `total`. `shown` tells which counts are
 * released; a hidden bin's count is not read. Known only if no bin at or before it is hidden, or none at or
 * after it. */
bool quantile_bin(size_t *bin, const uint64_t *counts, const bool *shown, size_t num_bins, uint64_t total,
                  unsigned percent);

#endif
