/* catalogue.h - the indicator definitions of one YAML file, checked, and the vector that they lay out.
 *
 *     catalogue: 1                       # format of this file
 *     id: eicu-demo
 *     version: "1"
 *     name: {en: ..., zh: ...}
 *     zone: Asia/Shanghai                # of calendar days; optional, that is the default
 *     sets:                              # of codes, for `code in STEMI`; optional
 *       STEMI: {codes: [I21.0-I21.3, I21.9], except: [I21.4], source: ...}
 *       CARDIAC: {sets: [STEMI], codes: [I50]}          # match: exact when codes do not stand for longer ones
 *     populations:
 *       icu_stays:
 *         name: ...
 *         table: icu_stay
 *         where: <condition>             # optional
 *         exclude:                       # optional: one condition, or rules that are counted one by one
 *           - {id: transferred, name: ..., where: <condition>}
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
 *         enabled: false                # optional; true when not given
 *         population: icu_stays
 *         denominator_population: beds  # rate, optional: the rows that the denominator is summed over
 *         count: person                 # proportion, optional: persons instead of rows
 *         numerator: <condition>        # proportion, fact; rate: numerator and denominator, numbers;
 *                                       # mean, distribution: value; observed_expected: observed and expected
 *         bins: {from: 0, width: 1, number: 31, unit: d}   # distribution; the last bin is open
 *         strata: age                   # optional
 *         bounds: {numerator: 250, complement: 250, missing: 250}  # largest value of one hospital, per role
 *         unit: "%"
 *         per: 1000                     # rate, optional: the quotient is shown times this
 *         direction: lower              # lower or higher is better, or none
 *         target: {at_most: "5.5", from: "2024-01-01", source: ...}   # optional; or at_least; or a list
 *         confidence: official          # optional: official, transcription, seed or general
 *         source: where the definition comes from
 *
 * A row of the population whose needed value (numerator, value, observed, expected, denominator) is absent
 * leaves numerator and denominator and is counted as missing. Of persons: a person is in the population with any
 * row of theirs, in the numerator if it is known to be true of any, missing if it is known of none.
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
#define CATALOGUE_MAX_POPULATIONS 1000
#define CATALOGUE_MAX_SETS        1000
#define CATALOGUE_MAX_RULES       16 /* of exclusion, of a population */
#define CATALOGUE_MAX_TARGETS     16
#define CATALOGUE_MAX_STRATA      64 /* stratifications, and values of each */
#define CATALOGUE_MAX_BINS        1000
#define CATALOGUE_MAX_SLOTS       100000
#define CATALOGUE_MAX_BOUND       INT64_C(1000000000000000000) /* 1e18 */

struct catalogue_name {
    const char *en, *zh;
};

/* A row for which `where` is known to be true leaves the population. */
struct catalogue_rule {
    const char *id; /* "" with an empty name where the catalogue gives one condition only */
    struct catalogue_name name;
    struct expr *where;
};

struct catalogue_population {
    const char *id;
    struct catalogue_name name;
    int table;
    struct expr *where; /* or NULL */
    struct catalogue_rule *rules;
    size_t num_rules;
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
    const char *value;      /* decimal text in the indicator's unit */
    bool at_most;           /* else at least */
    const char *from;       /* date from which it holds */
    const char *until;      /* last date on which it holds, or NULL */
    const char *applies_to; /* hospitals that it is for, or NULL: all */
    const char *source;
};

#define CATALOGUE_EXPRS_MAX 2

struct catalogue_indicator {
    const char *id;
    struct catalogue_name name;
    Weft__V1__Kind kind;
    bool is_enabled; /* else it has no series */
    bool is_by_person;
    size_t population, denominator_population; /* the same but for a rate over rows of two populations */
    const struct catalogue_strata *strata;     /* or NULL */
    struct expr
        *exprs[CATALOGUE_EXPRS_MAX]; /* numerator | numerator, denominator | value | observed, expected */
    uint64_t scale;                  /* of sums and expected */
    int64_t bin_unit;                /* distribution: what one of the catalogue's units is in the value's */
    int64_t *bin_lower;              /* in the catalogue's unit, rising */
    size_t num_bins;
    uint64_t bounds[WEFT__V1__ROLE__ROLE_MISSING + 1]; /* by role */
    const char *unit;
    int64_t per; /* a quotient is shown times this: 100 for %, 1000 for ‰ */
    enum catalogue_direction direction;
    struct catalogue_target *targets; /* in the order of the file */
    size_t num_targets;
    const char *confidence; /* or NULL */
    const char *source;
};

struct catalogue {
    const char *id, *version;
    struct catalogue_name name;
    uint8_t digest[DIGEST_SIZE];
    struct calendar_zone zone;
    struct code_set *sets;
    size_t num_sets;
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
