/* expr.h - the expression language of the catalogue: typed, checked against the schema before any data are
 * read. docs/indicator-language.md explains every construct.
 *
 *     expression := and {"or" and}            and := not {"and" not}            not := {"not"} comparison
 *     comparison := sum [("=" | "!=" | "<" | "<=" | ">" | ">=") sum
 *                        | ["not"] "in" ("{" literal {"," literal} "}" | set) | "is" ["not"] "missing"]
 *     sum        := primary {("+" | "-") primary}
 *     primary    := literal | column | ancestor "." column | "outer" "." column | "(" expression ")"
 *                 | "contains" "(" column "," string ")"
 *                 | ("days" | "months") "(" sum "," sum ")" | "minutes" "(" sum ")"
 *                 | ("exists" | "count") "(" rows ["where" expression] ")"
 *                 | ("min" | "max" | "sum" | "count" "distinct") "(" rows "." column ["where" expression] ")"
 *     literal    := ["-"] number [min | h | d] | "'" text "'" | '"' text '"' | "true" | "false"
 *
 * An expression is evaluated for each row of one table, the row at hand. A bare column is that table's; an
 * ancestor's (the hospital stay of an ICU stay) is written `discharge.age`. The rows that an aggregate looks
 * at belong to the row at hand or to its ancestor: children, children of the same stay, or, when the table is
 * that of the row at hand, its siblings (for hospital stays: the stays of the same person), itself among them.
 * Inside `where`, bare columns are theirs, and `outer` is the row at hand of the expression around.
 *
 * Absent values. A comparison, sum, `in`, `contains` or function with an absent value is absent. `and` and
 * `or` follow Kleene: `false and absent` is false, `true or absent` is true. `not absent` is absent. `where`
 * keeps rows for which the condition is known to be true. `exists`, `count`, `sum` and `is missing` are never
 * absent; `min` and `max` of no value are. Whoever uses a whole condition says what absent means; an exclusion
 * takes out what is known to be true.
 *
 * Time. A duration is whole minutes: 24h is 1440min. The difference of two times is exact, to the
 * millisecond, and is compared with durations; minutes() rounds it down to whole minutes. days() counts
 * calendar days, months() completed calendar months, in the catalogue's zone. Errors give file, line and
 * column of the offending word. */
#ifndef CATALOGUE_EXPR_H
#define CATALOGUE_EXPR_H

#include "base/calendar.h"
#include "catalogue/code_set.h"
#include "catalogue/schema.h"

#define EXPR_MAX_TEXT  16384 /* bytes */
#define EXPR_MAX_NODES 1024
#define EXPR_MAX_DEPTH 64

enum expr_op {
    EXPR_NUMBER, /* integer, decimal or truth value in `number` */
    EXPR_STRING, /* only as operand of EXPR_EQ, EXPR_NE, EXPR_IN */
    EXPR_COLUMN,
    EXPR_AND,
    EXPR_OR,
    EXPR_NOT,
    EXPR_EQ,
    EXPR_NE,
    EXPR_LT,
    EXPR_LE,
    EXPR_GT,
    EXPR_GE,
    EXPR_IN,     /* `left` in the list that begins at `right` and goes on by `next` */
    EXPR_IN_SET, /* column `left`, `set` */
    EXPR_IS_MISSING,
    EXPR_ADD,
    EXPR_SUB,
    EXPR_CONTAINS, /* column `left`, needle `string` */
    EXPR_DAYS,     /* from the time `left` to the time `right`; `number`: minutes east of UTC */
    EXPR_MONTHS,   /* the same */
    EXPR_MINUTES,  /* of the difference `left` of times, rounded down */
    EXPR_EXISTS,
    EXPR_COUNT,
    EXPR_COUNT_DISTINCT,
    EXPR_MIN,
    EXPR_MAX,
    EXPR_SUM,
};

struct expr_node {
    enum expr_op op;
    enum value_type type; /* of the result */
    enum value_unit unit;
    int table;  /* the table for whose rows the node is evaluated */
    int source; /* column: its table, `table` or an ancestor; aggregate: the child table */
    int column; /* of `source` */
    int target; /* aggregate: for whose rows it is computed: `table` or an ancestor, and ancestor of `source` */
    bool is_outer;      /* column: of the row at hand around the aggregate; `source` is its table */
    bool is_correlated; /* aggregate: its condition reads `outer` */
    bool is_by_person;  /* aggregate: over the rows of `source`, which is `table`, of the same person */
    const struct expr_node *left, *right, *next; /* aggregate: `left` is the condition or NULL */
    int64_t number;
    const char *string;
    const struct code_set *set; /* borrowed */
    unsigned line, column_at;   /* where it stands */
};

struct expr {
    const struct expr_node *root;
    struct expr_node *nodes;
    size_t num_nodes;
    char *strings;
    size_t strings_len;
};

/* Where an expression stands. `raw` (may be NULL) is the whole file that holds it as a scalar, quoted or
 * folded, that begins at line and column: places then point into the file as it is written. */
struct expr_source {
    const char *text;
    const char *file;
    const char *raw;
    unsigned line, column;
    const struct code_set *sets; /* that the expression may name; must outlive it */
    size_t num_sets;
    const struct calendar_zone *zone; /* of calendar days; NULL: the default */
};

enum expr_want { EXPR_WANT_BOOL, EXPR_WANT_NUMBER /* integer or decimal */ };

/* Parse and check `source` for rows of `table`. ERR_EXPR_SYNTAX, _UNKNOWN_NAME, _TYPE, _LIMIT. */
WEFT_MUST_USE int expr_parse(struct expr **expr, const struct expr_source *source, int table,
                             enum expr_want want, struct err *err);
/* Harmless on NULL. */
void expr_free(struct expr **expr);

/* Line and column (in characters) of byte `offset` of the text. */
void expr_place(const struct expr_source *source, size_t offset, unsigned *line, unsigned *column);

#endif
