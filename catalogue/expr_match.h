/* expr_match.h - whether the two sides of an operator fit each other; inside expr*.c only. */
#ifndef CATALOGUE_EXPR_MATCH_H
#define CATALOGUE_EXPR_MATCH_H

#include "catalogue/expr_lex.h"

struct parser {
    const struct expr_source *source;
    struct expr *expr;
    size_t max_nodes;
    struct token token; /* the next one, not yet taken */
    size_t next;        /* offset after it */
    int table;          /* rows of which table are meant */
    int outer;          /* and around the aggregate that is being read, or SCHEMA_NONE */
    bool uses_outer;    /* its condition read `outer` */
    int depth;
    struct err *err;
};

/* Check the sides of a comparison, or a column and an item of its list; literals take the other's form. */
WEFT_MUST_USE int expr_match(struct parser *p, enum expr_op op, struct expr_node *a, struct expr_node *b,
                             size_t offset);

/* Numbers or conditions of one type and unit. */
WEFT_MUST_USE int expr_match_numbers(struct parser *p, struct expr_node *a, struct expr_node *b,
                                     size_t offset);

/* A literal duration beside times is in milliseconds as they are. */
WEFT_MUST_USE int expr_scale_duration(struct parser *p, struct expr_node *literal, bool beside_times,
                                      size_t offset);

#endif
