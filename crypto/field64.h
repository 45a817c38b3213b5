/* field64.h - Field64: integers modulo p = 2^64 - 2^32 + 1 (draft-irtf-cfrg-vdaf-20, section "Finite
 * Fields").
 *
 * This is also where the interface that every field offers is explained; field128.h has the same functions.
 *
 * An element is a number below p, kept in memory as it travels: little-endian. So decoding is a range check,
 * and a vector of elements can be hashed or sent as it lies.
 *
 * mul(a, b) is only ever used with a *prepared* second factor: mul(a, prepare(k)) is a k. What preparing
 * means is the field's affair (here nothing, in Field128 Montgomery's factor). Constants are prepared once,
 * data never; a product of two prepared constants is prepared. The names of prepared values end in _m.
 *
 * A `sum` collects many products and reduces once, at the end: sum_reduce after sum_add(a_i, b_i_m) is the
 * sum of a_i b_i, for up to 2^22 terms. Of products of data by data the reduced sum must still be multiplied
 * by prepare(prepare(1)).
 *
 * Nothing here branches on or indexes by an element, unless its name ends in _var. */
#ifndef CRYPTO_FIELD64_H
#define CRYPTO_FIELD64_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "crypto/mask.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements lie in memory as they travel");

typedef uint64_t field64;

#define FIELD64_P             0xffffffff00000001u
#define FIELD64_EPSILON       0xffffffffu /* 2^64 mod p */
#define FIELD64_LOG_ORDER     32          /* 2^32 divides p - 1 */
#define FIELD64_ROOT_BASE     7           /* 7^FIELD64_ROOT_EXPONENT has order 2^32 */
#define FIELD64_ROOT_EXPONENT 4294967295u
#define FIELD64_MAX_WIDTH     63 /* the widest integer with 2^width < p */

struct field64_sum {
    uint64_t words[3];
};

static inline field64 field64_load(const void *bytes)
{
    field64 a;
    memcpy(&a, bytes, sizeof a);
    return a;
}

static inline void field64_store(void *bytes, field64 a)
{
    memcpy(bytes, &a, sizeof a);
}

static inline field64 field64_from(uint64_t value) /* value < p */
{
    return value;
}

static inline field64 field64_half(void) /* 1/2 */
{
    return FIELD64_P / 2 + 1;
}

/* `a` where `mask` is all ones, zero where it is zero. */
static inline field64 field64_and(field64 a, uint64_t mask)
{
    return a & mask;
}

/* 1 if `a`, as loaded, is below p, else 0. */
static inline uint64_t field64_in_range(field64 a)
{
    return (uint64_t)(a < FIELD64_P);
}

/* The number, if it is at most `limit` (below p); false otherwise. */
static inline bool field64_to_uint_var(uint64_t *value, field64 a, uint64_t limit)
{
    *value = a;
    return a <= limit;
}

static inline field64 field64_sub(field64 a, field64 b)
{
    return a - b - (mask_from(a < b) & FIELD64_EPSILON);
}

static inline field64 field64_add(field64 a, field64 b)
{
    return field64_sub(a, FIELD64_P - b);
}

/* x mod p, from 2^64 = 2^32 - 1 and 2^96 = -1. */
static inline field64 field64_reduce(unsigned __int128 x)
{
    uint64_t low = (uint64_t)x, high = (uint64_t)(x >> 64);
    uint64_t top = high >> 32, middle = (high << 32) - (high & FIELD64_EPSILON);
    uint64_t r = low - top;
    r -= mask_from(low < top) & FIELD64_EPSILON;
    uint64_t s = r + middle;
    s += mask_from(s < r) & FIELD64_EPSILON;
    return s - (mask_from(s >= FIELD64_P) & FIELD64_P);
}

static inline field64 field64_mul(field64 a, field64 b_m)
{
    return field64_reduce((unsigned __int128)a * b_m);
}

static inline field64 field64_prepare(field64 a)
{
    return a;
}

static inline void field64_sum_add(struct field64_sum *sum, field64 a, field64 b_m)
{
    unsigned __int128 product = (unsigned __int128)a * b_m;
    unsigned __int128 low = (unsigned __int128)sum->words[1] << 64 | sum->words[0];
    low += product;
    sum->words[0] = (uint64_t)low;
    sum->words[1] = (uint64_t)(low >> 64);
    sum->words[2] += (uint64_t)(low < product);
}

static inline field64 field64_sum_reduce(const struct field64_sum *sum)
{
    field64 low = field64_reduce((unsigned __int128)sum->words[1] << 64 | sum->words[0]);
    return field64_sub(low, sum->words[2] << 32); /* 2^128 = -2^32 */
}

#endif
