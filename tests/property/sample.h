/* sample.h - one random province with its numbers, and what the programs made public of it. */
#ifndef TESTS_PROPERTY_SAMPLE_H
#define TESTS_PROPERTY_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/unit/release_random.h"

#define AREAS_MAX   14
#define SITES_MAX   26
#define SERIES_MAX  10
#define CELLS_MAX   40
#define BINS        3
#define MONTHS_MAX  2
#define COMPONENTS  3 /* numerator, complement, count */
#define OPERATOR_ID "l"

enum sample_kind { SAMPLE_PROPORTION, SAMPLE_RATE, SAMPLE_DISTRIBUTION, SAMPLE_KINDS };

struct sample_site {
    int area, supervisor;
    int owner; /* sites of one owner count once; 0: owned by an operator, not counted */
    bool reports, late; /* late: after its area was frozen */
};

struct sample_series {
    enum sample_kind kind;
    int indicator;
    bool is_whole; /* else one of the strata that follow it */
    int first_cell, num_cells;
};

struct sample {
    uint64_t seed;
    int num_areas, num_sites, num_series, num_cells;
    int parents[AREAS_MAX]; /* -1: the top, which is area 0; parents come before their children */
    bool is_planned[AREAS_MAX];
    bool contributes_fail[AREAS_MAX], states_fail[AREAS_MAX]; /* do not come in time */
    /* The top was gone: its children that have an order of their own release their subtrees. A top that comes back signs
     * a late order over those whose patterns are there; the others stay apart from it. */
    bool fell_back, top_returns;
    bool has_own_order[AREAS_MAX], is_slow[AREAS_MAX]; /* slow: the pattern comes after the late order */
    struct sample_site sites[SITES_MAX];
    struct sample_series series[SERIES_MAX];
    unsigned present[CELLS_MAX]; /* bit i: the cell has component i */
    int values[SITES_MAX][CELLS_MAX][COMPONENTS];
    int min_sites, min_cell, min_coverage;

    /* made public */
    bool is_listed[AREAS_MAX];
    bool is_open[AREAS_MAX][SERIES_MAX];
    bool is_shown[AREAS_MAX][CELLS_MAX];
};

/* Months of one province, and the longer period that adds them up, if there are two. */
struct year {
    struct sample months[MONTHS_MAX];
    int num_months;

    /* made public of the longer period */
    bool is_open[AREAS_MAX][SERIES_MAX];
    bool is_shown[AREAS_MAX][CELLS_MAX];
};

void sample_draw(struct sample *sample, uint64_t seed);
void year_draw(struct year *year, uint64_t seed);
bool sample_is_in_freeze(const struct sample *sample, int site);
/* In the freeze of its supervisor, and counted by the order that holds for its area. */
bool sample_is_frozen(const struct sample *sample, int site);
/* Does the total of `above` hold the frozen sites of `area`? */
bool sample_is_within(const struct sample *sample, int area, int above);
bool sample_contributes(const struct sample *sample, int site, int series);

/* Run the release rules: orders, plans and patterns of the real views (publish.c). */
void year_publish(struct year *year);

void year_print(const struct year *year);

#endif
