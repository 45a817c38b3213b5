/* expr_lex.h - the words of an expression; used by expr.c alone. */
#ifndef CATALOGUE_EXPR_LEX_H
#define CATALOGUE_EXPR_LEX_H

#include "catalogue/expr.h"

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,   /* also the words of the language */
    TOKEN_NUMBER, /* digits with point and exponent */
    TOKEN_STRING, /* without its quotes */
    TOKEN_SYMBOL, /* one or two characters */
};

struct token {
    enum token_kind kind;
    const char *text; /* in the source */
    size_t len, offset;
};

/* The token at or after `offset`, and where to go on. ERR_EXPR_SYNTAX. */
WEFT_MUST_USE int expr_lex(struct token *token, size_t *next, const struct expr_source *source, size_t offset,
                           struct err *err);

/* Set `err` at the place of byte `offset`. */
int expr_fail(const struct expr_source *source, size_t offset, struct err *err, int code, const char *format,
              ...) WEFT_PRINTF(5, 6);

#endif
