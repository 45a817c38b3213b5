/* totals.h - a task's results, as its public documents tell: for every area, indicator and stratum a state,
 * and numbers where they are released.
 *
 * Of a revision they are what holds now: for each area and series the newest total that it or a task before it opened,
 * with the number of that revision, and why the newest opened none.
 *
 * Pure but for totals_print. A number that is not known is absent here, null in JSON and a word in the table,
 * never 0. Quotients and intervals are taken once, here, from integer totals. */
#ifndef COORDINATOR_TOTALS_H
#define COORDINATOR_TOTALS_H

#include <stdio.h>

#include "audit/contradictions.h"
#include "audit/dominance.h"
#include "audit/intervals.h"
#include "catalogue/catalogue.h"
#include "coordinator/progress.h"

#define TOTALS(name) WEFT__V1__TOTAL_STATE__TOTAL_##name /* RELEASED, WITHHELD, ... */

enum totals_reason { /* of withheld and not_reported */
                     TOTALS_REASON_NONE,
                     TOTALS_TOO_FEW_SITES,
                     TOTALS_COVERAGE,
                     TOTALS_NO_REPORTS,
                     TOTALS_NOT_PLANNED,
                     TOTALS_TOO_FEW_CONTRIBUTING,
                     TOTALS_PARTS, /* of a longer period: not opened in all shorter ones */
                     TOTALS_UNCHANGED, /* of a revision: nobody in it corrected anything, so its total holds */
                     TOTALS_DELTA,     /* of a revision: the difference to its total would speak of too few */
                     TOTALS_NUM_REASONS,
};

const char *totals_state_name(Weft__V1__TotalState state); /* "no_denominator" */
const char *totals_state_text(Weft__V1__TotalState state, enum err_lang lang);
const char *totals_reason_name(enum totals_reason reason); /* NULL for none */
const char *totals_reason_text(enum totals_reason reason, enum err_lang lang);
const char *totals_kind_name(Weft__V1__Kind kind);

struct totals_area {
    int sites_expected, sites;
    bool is_collectors; /* its numbers are what its collector alone may see */
};

/* One class of an upper area's sites, by the task's breakdown: sums of what is released of it below. */
struct totals_class {
    int area;
    const char *value;
    bool *is_part; /* by area */
    int sites_expected, sites;
    uint64_t *slots; /* by slot */
    bool *known;
};

struct totals {
    const struct view *view;
    bool alone;                        /* what this very task opened, not what those before it did */
    const struct catalogue *catalogue; /* NULL: names are ids */
    struct progress progress;
    struct totals_area *areas; /* by area */
    int *order;                /* areas as a tree, each before those below it */
    int *indicators;           /* by series: index into the catalogue; NONE */
    const struct view **opened; /* by area * num_series + series: the task, this or one before, whose total it is */
    uint64_t *slots;           /* by area * num_slots + slot */
    bool *known;               /* the same */
    struct totals_class *classes;
    size_t num_classes;
    struct dominance *dominances; /* blocks of the order in which one owner has most of the beds */
    size_t num_dominances;
    struct contradiction *contradictions; /* released totals that cannot all be right */
    size_t num_contradictions;
};

/* Borrows view and catalogue. `alone`: see above. */
WEFT_MUST_USE int totals_new(struct totals **totals, const struct view *view, bool alone,
                             const struct catalogue *catalogue, int64_t now_ms, struct err *err);
void totals_free(struct totals **totals);

/* Add what the collector of `area` opened: num_slots totals, of which those `is_opened` are known. */
void totals_add_opened(struct totals *totals, int area, const uint64_t *by_slot, const bool *is_opened);

struct totals_number {
    bool known;
    uint64_t value;
};

struct totals_real {
    bool known;
    double value;
};

/* One line of the result. */
struct totals_row {
    int area, series;
    const Weft__V1__Series *wire;
    const struct catalogue_indicator *indicator; /* or NULL */
    Weft__V1__TotalState state;
    enum totals_reason reason;
    uint32_t revision;              /* that opened it; the newest if none did */
    enum totals_reason not_revised; /* why the newest revision did not; none if it did */
    int sites_expected, sites;
    bool is_collectors;
    bool is_sum; /* of a class of an upper area: bins are not told apart */
    struct totals_number contributing, missing;
    struct totals_number numerator;   /* proportion, rate, fact; observed of observed_expected */
    struct totals_number denominator; /* of these; also the number of cases of mean and distribution */
    struct totals_number sum, sum_of_squares; /* mean; times scale, times scale squared */
    struct totals_number expected;            /* observed_expected; times scale */
    struct totals_real value; /* quotient, mean, O/E; of a distribution the lower bound of the median's bin */
    bool has_interval;
    struct interval interval;
    struct totals_real deviation; /* mean */
};

struct totals_row totals_row(const struct totals *totals, int area, int series);

/* Of a class of an upper area. */
struct totals_row totals_class_row(const struct totals *totals, size_t index, int series);

/* Cells (the units of suppression: data and missing counts) of all areas and series. Suppressed: for their own sake or
 * another's, which is not told. */
struct totals_counts {
    int released, suppressed, pending;
    int withheld[TOTALS_NUM_REASONS];
};

/* totals_counts.c */
struct totals_counts totals_count_cells(const struct totals *totals);

struct totals_bin {
    Weft__V1__TotalState state; /* released or suppressed, else as its row */
    int64_t from;
    bool has_to;
    int64_t to; /* the next bin's from */
    struct totals_number count;
};

struct totals_bin totals_bin(const struct totals *totals, const struct totals_row *row, int bin);

/* Does the catalogue set a target for the task's period? `met` only for what has a value. */
struct totals_target {
    bool known, at_most, met, is_judged;
    double value; /* in the indicator's unit */
};
struct totals_target totals_target(const struct totals *totals, const struct totals_row *row);
/* What a value is multiplied by to be in the indicator's unit: 100 for "%". */
double totals_unit_factor(const struct catalogue_indicator *indicator);

/* ---- what the files share ---- */

/* As one task tells it, up to the point where numbers decide. */
Weft__V1__TotalState totals_public_state(const struct view *view, int area, int series,
                                         enum totals_reason *reason);
/* From the slots of row->area: counts, value, interval, and the state where there is no denominator. */
void totals_fill_figures(const struct totals *totals, struct totals_row *row);
/* totals_classes.c */
WEFT_MUST_USE int totals_add_classes(struct totals *totals, struct err *err);
void totals_free_classes(struct totals *totals);

/* ---- out ---- */

/* totals_json.c: docs/totals-json.md. ERR_FILE_WRITE. */
WEFT_MUST_USE int totals_write_json(const struct totals *totals, FILE *out, struct err *err);
/* totals_table.c */
void totals_write_table(const struct totals *totals, FILE *out, enum err_lang lang);

/* ---- the command `totals` ---- */

struct totals_request {
    const char *task;      /* beginning of its id, or NULL */
    const char *json_path; /* NULL: no JSON; "-": JSON alone, on standard output */
    bool collector_view;
    bool alone; /* what this very task opened, not what revisions of it did */
    enum err_lang lang;
};

WEFT_MUST_USE int totals_print(const char *settings_path, const struct totals_request *request,
                               struct err *err);

#endif
