/* catalogue.h - the indicator definitions of one YAML file, checked, and the vector that they lay out.
 *
 *     catalogue: 1                       # format of this file
 *     id: eicu-demo
 *     version: "1"
 *     name: {en: ..., zh: ...}
 *     populations:
 *       icu_stays: {name: ..., table: icu_stay, where: <condition>, exclude: <condition>}
 *     strata:
 *       age:
 *         name: ...
 *         table: discharge              # that of the populations that use it, or an ancestor
 *         values:                       # a row belongs to the first whose condition is known to be true;
 *           - {id: under_45, name: ..., where: age < 45}
 *           - {id: unknown, name: ...}  # the last has no condition and takes the rest
 *     indicators:
 *       - id: icu-mortality
 *         name: ...
 *         kind: proportion              # rate, mean, distribution, observed_expected, fact
 *         population: icu_stays
 *         numerator: <condition>        # proportion, fact; rate: numerator and denominator, numbers;
 *                                       # mean, distribution: value; observed_expected: observed and expected
 *         bins: {from: 0, width: 1, number: 31, unit: d}   # distribution; the last bin is open
 *         strata: age                   # optional
 *         bounds: {numerator: 250, complement: 250, missing: 250}  # largest value of one hospital, per role
 *         unit: "%"
 *         direction: lower              # lower or higher is better, or none
 *         target: {at_most: "5.5", from: "2024-01-01", source: ...}   # optional; or at_least
 *         source: where the definition comes from
 *
 * A row of the population whose needed value (numerator, value, observed, expected, denominator) is absent
 * leaves numerator and denominator and is counted as missing.
 *
 * The layout is a function of the file alone: indicators in order; of each the whole series, then one per
 * stratum; of each series the kind's data slots, then contributes, then missing. The digest is SHA-256 of the
 * file's bytes. */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include "catalogue/expr.h"
#include "crypto/keys.h"
#include "proto/weft.pb-c.h"

#define CATALOGUE_FORMAT          1
#define CATALOGUE_MAX_SIZE        (4u << 20)
#define CATALOGUE_MAX_INDICATORS  1000
#define CATALOGUE_MAX_POPULATIONS 256
#define CATALOGUE_MAX_STRATA      64 /* stratifications, and values of each */
#define CATALOGUE_MAX_BINS        1000
#define CATALOGUE_MAX_SLOTS       100000
#define CATALOGUE_MAX_BOUND       INT64_C(1000000000000000000) /* 1e18 */

struct catalogue_name {
    const char *en, *zh;
};

struct catalogue_population {
    const char *id;
    struct catalogue_name name;
    int table;
    struct expr *where, *exclude; /* or NULL */
};

struct catalogue_stratum {
    const char *id;
    struct catalogue_name name;
    struct expr *where; /* NULL: the rest */
};

struct catalogue_strata {
    const char *id;
    struct catalogue_name name;
    int table;
    struct catalogue_stratum *values;
    size_t num_values;
};

enum catalogue_direction { DIRECTION_NONE, DIRECTION_LOWER, DIRECTION_HIGHER };

struct catalogue_target {
    const char *value; /* decimal text in the indicator's unit; NULL: no target */
    bool at_most;      /* else at least */
    const char *from;  /* date from which it holds */
    const char *source;
};

#define CATALOGUE_EXPRS_MAX 2

struct catalogue_indicator {
    const char *id;
    struct catalogue_name name;
    Weft__V1__Kind kind;
    size_t population;
    const struct catalogue_strata *strata; /* or NULL */
    struct expr
        *exprs[CATALOGUE_EXPRS_MAX]; /* numerator | numerator, denominator | value | observed, expected */
    uint64_t scale;                  /* of sums and expected */
    int64_t bin_unit;                /* distribution: what one of the catalogue's units is in the value's */
    int64_t *bin_lower;              /* in the catalogue's unit, rising */
    size_t num_bins;
    uint64_t bounds[WEFT__V1__ROLE__ROLE_MISSING + 1]; /* by role */
    const char *unit;
    enum catalogue_direction direction;
    struct catalogue_target target;
    const char *source;
};

struct catalogue {
    const char *id, *version;
    struct catalogue_name name;
    uint8_t digest[DIGEST_SIZE];
    struct catalogue_population *populations;
    struct catalogue_strata *strata;
    struct catalogue_indicator *indicators;
    size_t num_populations, num_strata, num_indicators;
    struct yaml *yaml; /* owns all texts */
};

/* `name` stands in errors for the file name. ERR_CATALOGUE_*, ERR_EXPR_*, ERR_YAML_*. */
WEFT_MUST_USE int catalogue_parse(struct catalogue **catalogue, const char *name, const void *data,
                                  size_t data_len, struct err *err);
WEFT_MUST_USE int catalogue_load(struct catalogue **catalogue, const char *path, struct err *err);
/* Harmless on NULL. */
void catalogue_free(struct catalogue **catalogue);

/* Where a series comes from, and its slots. */
struct catalogue_place {
    size_t indicator;
    size_t stratum;               /* 0: the whole; else 1 + index in the strata's values */
    size_t first_slot, num_slots; /* with contributes and missing, the last two */
};

/* Ready to be put into a Weft__V1__Task: n_series, series = series_list; n_slots, slots = slot_list. Texts
 * and bins are borrowed from the catalogue. */
struct catalogue_layout {
    size_t num_series, num_slots;
    Weft__V1__Series *series, **series_list;
    Weft__V1__Slot *slots, **slot_list;
    struct catalogue_place *places; /* one a series */
};

WEFT_MUST_USE int catalogue_layout(struct catalogue_layout *layout, const struct catalogue *catalogue,
                                   struct err *err);
/* Harmless on {0}. */
void catalogue_layout_clear(struct catalogue_layout *layout);

/* Whether `task` counts exactly this. */
bool catalogue_layout_equals(const struct catalogue_layout *layout, const Weft__V1__Task *task);

/* "numerator", "bin", ...; as in `bounds`. */
const char *catalogue_role_text(Weft__V1__Role role);

#endif
