/* mapping.h - how the columns of a hospital's CSV file become those of a record table.
 *
 *     mapping: 1                     # format of this file
 *     table: icu_stay
 *     repeated: first                # optional: rows may repeat a record, and must then agree
 *     missing: ["", "NULL"]          # texts that mean an absent value; "" when not given
 *     zone: Asia/Shanghai            # of times without offset; that is the default
 *     columns:                       # required columns of the table must be there; others are absent if not
 *       record: {from: patientunitstayid}
 *       outcome: {from: unitdischargestatus, values: {Alive: alive, Expired: dead}}  # all values are listed
 *       age: {from: age, replace: {"> 89": "90"}}                                   # others stay as they are
 *       stay: {difference: [hospitaldischargeoffset, hospitaladmitoffset]}          # first minus second
 *       discharge_time: {year: hospitaldischargeyear, clock: hospitaldischargetime24, date: "07-01"}
 *                                    # a year and a time of day; month and day are invented as `date`
 *       predicted_mortality: {from: predictedhospitalmortality, missing: ["", "-1"]}
 *       name: {constant: teaching}
 *
 * Types follow from the schema. A column that the schema wants as a pseudonym is hashed whatever its mapping.
 */
#ifndef NODE_MAPPING_H
#define NODE_MAPPING_H

#include "base/calendar.h"
#include "base/yaml.h"
#include "catalogue/schema.h"

#define MAPPING_FORMAT  1
#define MAPPING_SOURCES 2

enum mapping_form { MAPPING_ABSENT, MAPPING_FROM, MAPPING_CONSTANT, MAPPING_DIFFERENCE, MAPPING_CLOCK };

struct mapping_column {
    enum mapping_form form;
    const char *headers[MAPPING_SOURCES]; /* FROM: 1; DIFFERENCE: 2; CLOCK: year, clock */
    size_t num_headers;
    const char *constant;
    const struct yaml_node *values;  /* map, or NULL */
    const struct yaml_node *replace; /* map, or NULL */
    const struct yaml_node *missing; /* list, or NULL: only "" */
    int month, day;                  /* CLOCK */
};

struct mapping {
    int table;
    bool may_repeat;
    struct calendar_zone zone;
    struct mapping_column *columns; /* one for each of the table's */
    struct yaml *yaml;              /* owns all texts */
};

/* ERR_IMPORT_MAPPING, ERR_YAML_*. */
WEFT_MUST_USE int mapping_load(struct mapping **mapping, const char *path, struct err *err);
WEFT_MUST_USE int mapping_parse(struct mapping **mapping, const char *name, const void *data, size_t data_len,
                                struct err *err);
/* Harmless on NULL. */
void mapping_free(struct mapping **mapping);

#endif
