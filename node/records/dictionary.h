/* dictionary.h - the distinct strings of a column, numbered as they came, and their order.
 *
 * Numbers never change, so blocks may hold them. The *rank* of a string is its place among all strings in byte order:
 * all strings with a common prefix have neighbouring ranks. Ranks change when strings are added; nothing stored holds
 * one. */
#ifndef NODE_RECORDS_DICTIONARY_H
#define NODE_RECORDS_DICTIONARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DICTIONARY_NONE UINT32_MAX

/* Starts as {0}. */
struct dictionary {
    char *bytes;
    size_t bytes_len, bytes_max;
    uint64_t *ends; /* of each string in `bytes` */
    uint32_t num, max;
    uint32_t *slots; /* hash table of 1 + number; 0: free */
    uint32_t num_slots;
    uint32_t *order, *rank; /* by rank; by number. NULL until dictionary_sort */
};

/* Harmless on {0}. */
void dictionary_clear(struct dictionary *dictionary);

/* The number of a string, added when it is new. */
WEFT_MUST_USE int dictionary_add(struct dictionary *dictionary, uint32_t *number, const char *text, size_t len,
                                 struct err *err);
/* DICTIONARY_NONE when there is no such string. */
uint32_t dictionary_find(const struct dictionary *dictionary, const char *text, size_t len);
/* Borrowed until the next string is added; not NUL-ended. */
const char *dictionary_text(const struct dictionary *dictionary, uint32_t number, size_t *len);

/* Make `order` and `rank` of what is there now. */
WEFT_MUST_USE int dictionary_sort(struct dictionary *dictionary, struct err *err);
/* The rank of the first string that is not below `text` in byte order; `num` if all are. Sorted dictionaries only. */
uint32_t dictionary_from(const struct dictionary *dictionary, const char *text, size_t len);

#endif
