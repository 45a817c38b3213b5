/* code_set.h - a named set of codes as ranges of texts: what `code in STEMI` asks.
 *
 * A code stands for all that begin with it; `I21.0-I21.3` for all that begin with one of these or lie between;
 * in an exact set a code stands for itself. Texts are compared byte by byte in upper case, so that every set
 * is a few half-open ranges in the sorted order of a column's strings. */
#ifndef CATALOGUE_CODE_SET_H
#define CATALOGUE_CODE_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CODE_SET_MAX_CODES  20000
#define CODE_SET_MAX_LENGTH 64 /* bytes of one code */

/* [lo, hi), upper case. */
struct code_range {
    char *lo, *hi;
};

/* Starts as {.id = ...}. Ranges are disjoint and rise once the set is finished. */
struct code_set {
    const char *id;
    struct code_range *ranges;
    size_t num_ranges, max_ranges;
};

/* Add "I21" or "I21.0-I21.3". ERR_CATALOGUE_BAD_VALUE when it is no such thing. */
WEFT_MUST_USE int code_set_add(struct code_set *set, const char *text, bool exact, struct err *err);
WEFT_MUST_USE int code_set_add_all(struct code_set *set, const struct code_set *other, struct err *err);

/* Sort and join the ranges. */
void code_set_finish(struct code_set *set);

/* Take the ranges of `less` out; both are finished. */
WEFT_MUST_USE int code_set_subtract(struct code_set *set, const struct code_set *less, struct err *err);

/* Whether a finished set holds a text. */
bool code_set_has(const struct code_set *set, const char *text, size_t text_len);

/* Harmless on {0}. */
void code_set_clear(struct code_set *set);

#endif
