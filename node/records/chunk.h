/* chunk.h - one column of one block of records: the unit that is stored, checked, encrypted and scanned.
 *
 * A value is `base + code`, codes being unsigned numbers of as few bytes as hold them: 1, 2, 4 or 8, or none at all if
 * every row has the same value. An absent value is the code with all bits set, which no range of values holds, so
 * comparisons need not know of absence. Of a column of strings the codes are positions in the chunk's own list: its
 * distinct strings, as numbers of the column's dictionary, *in the order of the strings*. So all strings with a common
 * prefix are one range of codes, whatever order they were first seen in.
 *
 * Stored form, integers little-endian:
 *
 *     0  magic "WCHK"          4  u8 version (1)     5  u8 kind (0 numbers, 1 strings)
 *     6  u8 width of a code    7  u8 flags (1: codes never fall)
 *     8  u32 rows             12  u32 absent values
 *    16  i64 base             24  u64 largest code of a value
 *    32  u32 strings          36  u32 zero
 *    40  u64 XXH3-64 of what follows, seeded with that of what precedes
 *    48  codes, then zeroes: at least CHUNK_PADDING of them, up to a multiple of 8
 *        strings x u32
 *
 * 48 since LMDB puts 16 bytes before a large value: there the codes begin on a cache line. */
#ifndef NODE_RECORDS_CHUNK_H
#define NODE_RECORDS_CHUNK_H

#include "base/err.h"
#include "catalogue/schema.h"

#define CHUNK_HEADER_SIZE 48
#define CHUNK_PADDING     64 /* readable bytes beyond the last code */
#define CHUNK_MAX_ROWS    (1u << 26)

/* Borrows what it was read from, or the codes that it was made of. */
struct chunk {
    uint32_t num_rows, num_nulls;
    unsigned width;      /* 0: all rows are `base`, or all are absent */
    bool is_sorted;      /* codes never fall; absent ones come last */
    int64_t base;        /* also the smallest value; 0 when all are absent */
    uint64_t max_code;   /* the largest value is base + max_code */
    const void *codes;   /* CHUNK_PADDING readable bytes follow; aligned for their width */
    const uint32_t *strings; /* NULL for numbers */
    uint32_t num_strings;
};

/* The code that stands for an absent value. */
static inline uint64_t chunk_null(unsigned width)
{
    return width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

static inline uint64_t chunk_code(const struct chunk *chunk, uint32_t row)
{
    switch (chunk->width) {
    case 1:
        return ((const uint8_t *)chunk->codes)[row];
    case 2:
        return ((const uint16_t *)chunk->codes)[row];
    case 4:
        return ((const uint32_t *)chunk->codes)[row];
    case 8:
        return ((const uint64_t *)chunk->codes)[row];
    default:
        return 0;
    }
}

/* VALUE_NULL when absent. */
static inline int64_t chunk_value(const struct chunk *chunk, uint32_t row)
{
    uint64_t code = chunk_code(chunk, row);

    if (chunk->width == 0) {
        return chunk->num_nulls > 0 ? VALUE_NULL : chunk->base;
    }
    return code == chunk_null(chunk->width) ? VALUE_NULL : (int64_t)((uint64_t)chunk->base + code);
}

/* Rows [begin, end) as values. */
void chunk_values(int64_t *values, const struct chunk *chunk, uint32_t begin, uint32_t end);
/* The first row whose code is at least `code`; of a sorted chunk. */
uint32_t chunk_lower_bound(const struct chunk *chunk, uint64_t code);

/* Room for the codes of `num_rows` values of any width, with padding. */
size_t chunk_room(uint32_t num_rows);
/* A chunk of numbers in memory: codes are written to `room` (chunk_room bytes, aligned to 8). The greatest of
 * `values` lies less than 2^63 above the least; VALUE_NULL is an absent one. */
void chunk_make(struct chunk *chunk, void *room, const int64_t *values, uint32_t num_rows);
/* The same of strings: `codes` are positions in `strings` (borrowed), or VALUE_NULL. */
void chunk_make_strings(struct chunk *chunk, void *room, const int64_t *codes, uint32_t num_rows,
                        const uint32_t *strings, uint32_t num_strings);

/* The stored form; the caller frees *data. */
size_t chunk_stored_size(const struct chunk *chunk);
void chunk_write(uint8_t *data, const struct chunk *chunk);
/* Read a stored form, which must be aligned to 8 bytes and stay; whoever knows already that the bytes are good need not
 * `verify` their sum. ERR_STORE_CORRUPT; ERR_STORE_FORMAT for what a later program wrote. */
WEFT_MUST_USE int chunk_read(struct chunk *chunk, const uint8_t *data, size_t data_len, bool verify, struct err *err);

#endif
