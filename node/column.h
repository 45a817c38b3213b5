/* column.h - one typed column of a table in memory, growing, and its stored form.
 *
 * Stored form, integers little-endian:
 *     u8 version (1) | u8 value type | u16 0 | u32 0 | u64 rows | u64 strings | u64 bytes of strings
 *     rows x i64 values | (strings + 1) x u32 offsets | the strings, without separators
 * Values of ids, codes and texts are numbers of strings. Strings that no row uses any more are not stored. */
#ifndef NODE_COLUMN_H
#define NODE_COLUMN_H

#include "base/err.h"
#include "catalogue/schema.h"

/* Starts as {.type = ...}. */
struct column {
    enum value_type type;
    int64_t *values;
    size_t num_rows, max_rows;
    char *bytes;
    size_t bytes_len, bytes_max;
    uint32_t *offsets; /* num_strings + 1 */
    size_t num_strings, max_strings;
    uint32_t *slots; /* hash table of 1 + string number; 0: free */
    size_t num_slots;
};

static inline bool column_has_strings(enum value_type type)
{
    return type == VALUE_ID || type == VALUE_CODE || type == VALUE_TEXT;
}

/* Harmless on {0}. */
void column_clear(struct column *column);

WEFT_MUST_USE int column_append(struct column *column, int64_t value, struct err *err);

/* `rows` rows, all absent. The column must be empty. */
WEFT_MUST_USE int column_fill(struct column *column, size_t rows, struct err *err);

/* The number of a string, added when it is new. */
WEFT_MUST_USE int column_intern(struct column *column, int64_t *number, const char *text, size_t text_len,
                                struct err *err);

/* Build the hash table that column_find needs, after decoding. */
WEFT_MUST_USE int column_index(struct column *column, struct err *err);

/* VALUE_NULL when the column has no such string. Needs column_index or column_intern before. */
int64_t column_find(const struct column *column, const char *text, size_t text_len);

/* Borrowed; not NUL-terminated. */
const char *column_string(const struct column *column, int64_t number, size_t *len);

/* The caller frees *data. */
WEFT_MUST_USE int column_encode(const struct column *column, uint8_t **data, size_t *data_len,
                                struct err *err);
/* Into an empty column of the expected type. ERR_STORE_CORRUPT. */
WEFT_MUST_USE int column_decode(struct column *column, const uint8_t *data, size_t data_len, struct err *err);

#endif
