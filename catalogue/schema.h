/* schema.h - the record tables that indicators are computed from, and their typed columns.
 *
 * One static table describes everything: importers fill it, expressions are checked against it, the evaluator
 * reads it. Column 0 of every table is its key (VALUE_ID). A table may belong to a parent: one of its columns
 * holds the parent's key. Periods are filtered by the row's anchor, the time column named by `anchor` of the
 * table itself or of its nearest ancestor that has one; every table has one or the other. A row that names a
 * parent which is not among the records belongs to no period; one that names none (`parent_optional`) stands
 * on its own.
 *
 * A value is an int64_t whatever its type, and VALUE_NULL when absent. Text, codes and ids are numbers of
 * strings in a dictionary that belongs to their column. The magnitude of stored numbers and literals never
 * exceeds VALUE_LIMIT, so that sums of as many as an expression can hold do not overflow. */
#ifndef CATALOGUE_SCHEMA_H
#define CATALOGUE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VALUE_NULL   INT64_MIN
#define VALUE_LIMIT  INT64_C(1000000000000000) /* 1e15 */
#define FIXED_DIGITS 6
#define FIXED_SCALE  INT64_C(1000000)

enum value_type {
    VALUE_ID,   /* identifies a row, here or in the parent; compared, never shown above the hospital */
    VALUE_CODE, /* one of `codes`, or of an open list that grows with the data when `codes` is NULL */
    VALUE_TEXT, /* free text, searched with contains() */
    VALUE_INT,
    VALUE_FIXED, /* decimal times FIXED_SCALE */
    VALUE_BOOL,  /* 0 or 1 */
    VALUE_TIME,  /* milliseconds since 1970-01-01T00:00:00Z */
};

enum value_unit {
    UNIT_NONE,
    UNIT_MINUTE,
    UNIT_MS,  /* the difference of two times */
    UNIT_DAY, /* calendar days */
    UNIT_YEAR,
};

struct schema_column {
    const char *name;
    enum value_type type;
    enum value_unit unit;
    const char *en, *zh, *note; /* label in both languages; what exactly is meant */
    const char *const *codes;   /* VALUE_CODE: NULL-ended, or NULL: an open list */
    const char *const *hqms; /* the values of the national front page interface, one for each code; or NULL */
    bool upper;              /* an open list whose codes are stored and compared in upper case: ICD */
    int64_t min, max;        /* VALUE_INT, VALUE_FIXED: what is plausible, inclusive; stored scale */
    bool required;           /* a row without it is rejected */
    bool pseudonym;          /* stored only as a keyed hash */
};

#define SCHEMA_NONE (-1)

#define SCHEMA_COLUMNS_MAX 48 /* of one table */

enum schema_table_id {
    SCHEMA_DISCHARGE,
    SCHEMA_DIAGNOSIS,
    SCHEMA_PROCEDURE,
    SCHEMA_EVENT,
    SCHEMA_DRUG_ORDER,
    SCHEMA_SURGERY,
    SCHEMA_PRESCRIPTION,
    SCHEMA_REVIEW,
    SCHEMA_DEVICE_INTERVAL,
    SCHEMA_SPECIMEN,
    SCHEMA_ICU_STAY,
    SCHEMA_ICU_DAY1,
    SCHEMA_RISK_SCORE,
    SCHEMA_TREATMENT,
    SCHEMA_SITE_FACT,
    SCHEMA_NUM_TABLES
};

struct schema_table {
    const char *name, *en, *zh, *note;
    int parent;           /* a table before this one, or SCHEMA_NONE */
    int parent_column;    /* the column that holds the parent's key */
    int anchor;           /* a VALUE_TIME column, or SCHEMA_NONE: the parent's */
    int cluster;          /* rows are stored sorted by this column, or SCHEMA_NONE */
    int person;           /* the column that rows of one person share, or SCHEMA_NONE */
    bool parent_optional; /* a row may name no parent, and then stands on its own */
    bool timeless;        /* a row without anchor belongs to every period */
    const struct schema_column *columns;
    int num_columns;
};

/* `table` is below SCHEMA_NUM_TABLES. */
const struct schema_table *schema_table(int table);

/* SCHEMA_NONE when there is no such name. `len` may end the name before its NUL. */
int schema_find_table(const char *name, size_t len);
int schema_find_column(int table, const char *name, size_t len);

/* The nearest name, for suggestions; NULL when none is near. */
const char *schema_nearest_table(const char *name);
const char *schema_nearest_column(int table, const char *name);

/* Whether `ancestor` is `table` itself or reached from it over parents. */
bool schema_is_ancestor(int ancestor, int table);

/* "integer", "code", ... for messages. */
const char *schema_type_text(enum value_type type);

#endif
