/* bitmap.h - which rows of a block's table are meant: one bit a row, and the words between which ones can be.
 *
 * Rows are sorted (by department, by code), so many conditions hold in a narrow stretch of a block only; whoever
 * combines bitmaps touches just the words where ones can be. Words outside [first, last) count as zero and are not
 * read: they may hold anything. */
#ifndef NODE_RECORDS_BITMAP_H
#define NODE_RECORDS_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

/* Words come from the owner of the bitmap, at least bitmap_num_words(num_rows) of them. */
struct bitmap {
    uint64_t *words;
    uint32_t num_rows;
    uint32_t first, last; /* words; first <= last */
};

static inline uint32_t bitmap_num_words(uint32_t num_rows)
{
    return (num_rows + 63) / 64;
}

static inline bool bitmap_is_empty(const struct bitmap *bitmap)
{
    return bitmap->first == bitmap->last;
}

static inline bool bitmap_has(const struct bitmap *bitmap, uint32_t row)
{
    uint32_t word = row / 64;

    return word >= bitmap->first && word < bitmap->last && (bitmap->words[word] >> (row % 64) & 1) != 0;
}

void bitmap_none(struct bitmap *bitmap);
/* Rows [begin, end), and no other. */
void bitmap_rows(struct bitmap *bitmap, uint32_t begin, uint32_t end);
/* Begin with zeroes in the words of rows [begin, end), for bitmap_set. */
void bitmap_clear_rows(struct bitmap *bitmap, uint32_t begin, uint32_t end);

static inline void bitmap_set(struct bitmap *bitmap, uint32_t row)
{
    bitmap->words[row / 64] |= UINT64_C(1) << (row % 64);
}

/* Drop words without ones from both ends. */
void bitmap_trim(struct bitmap *bitmap);

/* out = a op b. `out` may be `a`; all have the same num_rows. */
void bitmap_and(struct bitmap *out, const struct bitmap *a, const struct bitmap *b);
void bitmap_and_not(struct bitmap *out, const struct bitmap *a, const struct bitmap *b);
void bitmap_or(struct bitmap *out, const struct bitmap *a, const struct bitmap *b);

/* How many rows. */
uint64_t bitmap_count(const struct bitmap *bitmap);
/* How many rows of both; of all three (c may be NULL). Nothing is written. */
uint64_t bitmap_count_both(const struct bitmap *a, const struct bitmap *b, const struct bitmap *c);

/* The first row from `row` on, or num_rows. */
static inline uint32_t bitmap_next(const struct bitmap *bitmap, uint32_t row)
{
    uint32_t word = row / 64;
    uint64_t bits;

    if (word < bitmap->first) {
        word = bitmap->first;
        row = 0;
    }
    if (word >= bitmap->last)
        return bitmap->num_rows;
    bits = bitmap->words[word] & (UINT64_MAX << (row % 64));
    while (bits == 0) {
        if (++word >= bitmap->last)
            return bitmap->num_rows;
        bits = bitmap->words[word];
    }
    return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

#endif
