/* bitmap.c - see bitmap.h. */
#include <string.h>

#include "node/records/bitmap.h"
#include "node/records/kernel.h"

void bitmap_none(struct bitmap *bitmap)
{
    bitmap->first = bitmap->last = 0;
}

void bitmap_clear_rows(struct bitmap *bitmap, uint32_t begin, uint32_t end)
{
    if (begin >= end) {
        bitmap_none(bitmap);
        return;
    }
    bitmap->first = begin / 64;
    bitmap->last = bitmap_num_words(end);
    memset(bitmap->words + bitmap->first, 0, (bitmap->last - bitmap->first) * sizeof(uint64_t));
}

void bitmap_rows(struct bitmap *bitmap, uint32_t begin, uint32_t end)
{
    bitmap_clear_rows(bitmap, begin, end);
    if (bitmap_is_empty(bitmap))
        return;
    memset(bitmap->words + bitmap->first, 0xFF, (bitmap->last - bitmap->first) * sizeof(uint64_t));
    bitmap->words[bitmap->first] &= UINT64_MAX << (begin % 64);
    if (end % 64 != 0)
        bitmap->words[bitmap->last - 1] &= ~(UINT64_MAX << (end % 64));
}

void bitmap_trim(struct bitmap *bitmap)
{
    while (bitmap->first < bitmap->last && bitmap->words[bitmap->first] == 0)
        bitmap->first++;
    while (bitmap->first < bitmap->last && bitmap->words[bitmap->last - 1] == 0)
        bitmap->last--;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The words where both can have ones; false: there are none. */
static bool overlap(const struct bitmap *a, const struct bitmap *b, uint32_t *first, uint32_t *last)
{
    *first = larger(a->first, b->first);
    *last = smaller(a->last, b->last);
    return *first < *last;
}

void bitmap_and(struct bitmap *out, const struct bitmap *a, const struct bitmap *b)
{
    uint32_t first, last;

    if (!overlap(a, b, &first, &last)) {
        bitmap_none(out);
        return;
    }
    for (uint32_t i = first; i < last; i++)
        out->words[i] = a->words[i] & b->words[i];
    out->first = first;
    out->last = last;
}

void bitmap_and_not(struct bitmap *out, const struct bitmap *a, const struct bitmap *b)
{
    uint32_t first, last;

    if (out->words != a->words)
        memcpy(out->words + a->first, a->words + a->first, (a->last - a->first) * sizeof(uint64_t));
    if (overlap(a, b, &first, &last)) {
        for (uint32_t i = first; i < last; i++)
            out->words[i] &= ~b->words[i];
    }
    out->first = a->first;
    out->last = a->last;
}

/* Make the words [first, last) of `bitmap` readable. */
static void widen(struct bitmap *bitmap, uint32_t first, uint32_t last)
{
    if (bitmap_is_empty(bitmap)) {
        memset(bitmap->words + first, 0, (last - first) * sizeof(uint64_t));
    } else {
        if (first < bitmap->first)
            memset(bitmap->words + first, 0, (bitmap->first - first) * sizeof(uint64_t));
        if (last > bitmap->last)
            memset(bitmap->words + bitmap->last, 0, (last - bitmap->last) * sizeof(uint64_t));
    }
    bitmap->first = first;
    bitmap->last = last;
}

static void copy(struct bitmap *out, const struct bitmap *a)
{
    if (out->words == a->words)
        return;
    memcpy(out->words + a->first, a->words + a->first, (a->last - a->first) * sizeof(uint64_t));
    out->first = a->first;
    out->last = a->last;
}

void bitmap_or(struct bitmap *out, const struct bitmap *a, const struct bitmap *b)
{
    copy(out, a);
    if (bitmap_is_empty(b))
        return;
    if (bitmap_is_empty(out))
        widen(out, b->first, b->last);
    else
        widen(out, smaller(out->first, b->first), larger(out->last, b->last));
    for (uint32_t i = b->first; i < b->last; i++)
        out->words[i] |= b->words[i];
}

/* ---- counting ---- */

uint64_t bitmap_count(const struct bitmap *bitmap)
{
    return kernel_count(bitmap->words + bitmap->first, bitmap->last - bitmap->first);
}

uint64_t bitmap_count_both(const struct bitmap *a, const struct bitmap *b, const struct bitmap *c)
{
    uint32_t first, last;

    if (!overlap(a, b, &first, &last))
        return 0;
    if (c == NULL)
        return kernel_count_and(a->words + first, b->words + first, last - first);
    first = larger(first, c->first);
    last = smaller(last, c->last);
    return first < last ? kernel_count_and3(a->words + first, b->words + first, c->words + first, last - first) : 0;
}
