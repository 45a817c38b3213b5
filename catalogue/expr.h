/* expr.h - the expression language of the catalogue: typed, checked against the schema before any data are
 * read.
 *
 *     expression := and {"or" and}            and := not {"and" not}            not := ["not"] comparison
 *     comparison := sum [("=" | "!=" | "<" | "<=" | ">" | ">=") sum
 *                        | ["not"] "in" "{" literal {"," literal} "}" | "is" ["not"] "missing"]
 *     sum        := primary {("+" | "-") primary}
 *     primary    := literal | column | ancestor "." column | "(" expression ")"
 *                 | "contains" "(" column "," string ")"
 *                 | ("exists" | "count") "(" child ["where" expression] ")"
 *                 | ("min" | "max") "(" child "." column ["where" expression] ")"
 *     literal    := ["-"] number [min | h | d] | "'" text "'" | '"' text '"' | "true" | "false"
 *
 * An expression is evaluated for each row of one table. A bare column is that table's; an ancestor's (the
 * hospital stay of an ICU stay) is written `discharge.age`. The rows of `child` are those that belong to the
 * row at hand, or to its ancestor; inside `where`, bare columns are the child's.
 *
 * Absent values. A comparison, sum, `in` or `contains` with an absent value is absent. `and` and `or` follow
 * Kleene: `false and absent` is false, `true or absent` is true. `not absent` is absent. `where` keeps rows
 * for which the condition is known to be true. `exists`, `count` and `is missing` are never absent; `min` and
 * `max` of no value are. Whoever uses a whole condition says what absent means; an exclusion takes out what
 * is known to be true.
 *
 * Durations are integers in minutes: 24h is 1440min; a column in minutes is compared only with such. Errors
 * give file, line and column of the offending word. */
#ifndef CATALOGUE_EXPR_H
#define CATALOGUE_EXPR_H

#include "base/err.h"
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
    EXPR_IN, /* `left` in the list that begins at `right` and goes on by `next` */
    EXPR_IS_MISSING,
    EXPR_ADD,
    EXPR_SUB,
    EXPR_CONTAINS, /* column `left`, needle `string` */
    EXPR_EXISTS,
    EXPR_COUNT,
    EXPR_MIN,
    EXPR_MAX,
};

struct expr_node {
    enum expr_op op;
    enum value_type type; /* of the result */
    enum value_unit unit;
    int table;  /* the table for whose rows the node is evaluated */
    int source; /* column: its table, `table` or an ancestor; aggregate: the child table */
    int column; /* of `source` */
    int target; /* aggregate: for whose rows it is computed: `table` or an ancestor, and ancestor of `source`
                 */
    const struct expr_node *left, *right, *next; /* aggregate: `left` is the condition or NULL */
    int64_t number;
    const char *string;
    unsigned line, column_at; /* where it stands */
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
