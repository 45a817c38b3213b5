/* suggest.h - the known word that a mistyped one probably means. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

/* The nearest of `known` by edit distance, the first of equals; NULL when none is near. */
const char *suggest_nearest(const char *word, const char *const *known, size_t num_known);

#endif
