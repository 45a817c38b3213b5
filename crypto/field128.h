/* field128.h - Field128: integers modulo p = 2^128 - 28 2^64 + 1 (draft-irtf-cfrg-vdaf-20, section "Finite
 * Fields").
 *
 * The interface is explained in field64.h. Here a prepared constant is k 2^128 mod p (Montgomery's form) and
 * mul is Montgomery's product a b / 2^128, so that data stay plain numbers and only constants are ever
 * converted. The sparse prime makes the reduction cheap: two multiplications by 28.
 *
 * gcc 12 does not chain carries through more than two words; the few places where that costs time have a
 * short x86-64 form beside the portable one. */
#ifndef CRYPTO_FIELD128_H
#define CRYPTO_FIELD128_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "crypto/mask.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "elements lie in memory as they travel");

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(FIELD128_PORTABLE)
#define FIELD128_ASM 1
#endif

typedef struct {
    uint64_t lo, hi;
} field128;

#define FIELD128_P_LO          1u
#define FIELD128_P_HI          0xffffffffffffffe4u /* 2^64 - 28 */
#define FIELD128_LOG_ORDER     66                  /* 2^66 divides p - 1 */
#define FIELD128_ROOT_BASE     7                   /* 7^FIELD128_ROOT_EXPONENT has order 2^66 */
#define FIELD128_ROOT_EXPONENT 4611686018427387897u
#define FIELD128_MAX_WIDTH     64 /* of the integers that we put into it */

struct field128_sum {
    uint64_t words[5];
};

typedef unsigned __int128 field128_wide;

static inline field128_wide field128_join(uint64_t lo, uint64_t hi)
{
    return (field128_wide)hi << 64 | lo;
}

static inline field128 field128_split(field128_wide x)
{
    return (field128){(uint64_t)x, (uint64_t)(x >> 64)};
}

static inline field128 field128_load(const void *bytes)
{
    field128 a;
    memcpy(&a.lo, bytes, sizeof a.lo);
    memcpy(&a.hi, (const uint8_t *)bytes + sizeof a.lo, sizeof a.hi);
    return a;
}

static inline void field128_store(void *bytes, field128 a)
{
    memcpy(bytes, &a.lo, sizeof a.lo); /* word by word: clang 14 copies a whole struct by way of the stack */
    memcpy((uint8_t *)bytes + sizeof a.lo, &a.hi, sizeof a.hi);
}

static inline field128 field128_from(uint64_t value)
{
    return (field128){value, 0};
}

static inline field128 field128_half(void) /* 1/2 */
{
    return (field128){1, FIELD128_P_HI / 2};
}

/* `a` where `mask` is all ones, zero where it is zero. */
static inline field128 field128_and(field128 a, uint64_t mask)
{
    return (field128){a.lo & mask, a.hi & mask};
}

/* 1 if `a`, as loaded, is below p, else 0. */
static inline uint64_t field128_in_range(field128 a)
{
    return (uint64_t)(field128_join(a.lo, a.hi) < field128_join(FIELD128_P_LO, FIELD128_P_HI));
}

/* The number, if it is at most `limit`; false otherwise. */
static inline bool field128_to_uint_var(uint64_t *value, field128 a, uint64_t limit)
{
    *value = a.lo;
    return a.hi == 0 && a.lo <= limit;
}

/* a - b, plus p if that is negative; a < p, b <= p. Modulo 2^128, adding p is subtracting
 * 27 2^64 + (2^64 - 1). */
static inline field128 field128_sub(field128 a, field128 b)
{
#ifdef FIELD128_ASM
    uint64_t mask, high = 27;
    __asm__("subq %[b_lo], %[a_lo]\n\t"
            "sbbq %[b_hi], %[a_hi]\n\t"
            "sbbq %[mask], %[mask]\n\t"
            "andq %[mask], %[high]\n\t"
            "subq %[mask], %[a_lo]\n\t"
            "sbbq %[high], %[a_hi]"
            : [a_lo] "+&r"(a.lo), [a_hi] "+&r"(a.hi), [mask] "=&r"(mask), [high] "+&r"(high)
            : [b_lo] "rm"(b.lo), [b_hi] "rm"(b.hi)
            : "cc");
    return a;
#else
    field128_wide x = field128_join(a.lo, a.hi), y = field128_join(b.lo, b.hi);
    uint64_t borrow_mask = mask_from(x < y);
    return field128_split(x - y + field128_join(borrow_mask & FIELD128_P_LO, borrow_mask & FIELD128_P_HI));
#endif
}

static inline field128 field128_add(field128 a, field128 b)
{
    field128_wide minus_b = field128_join(FIELD128_P_LO, FIELD128_P_HI) - field128_join(b.lo, b.hi);
    return field128_sub(a, field128_split(minus_b));
}

/* The 256-bit product. */
static inline void field128_product(uint64_t t[4], field128 a, field128 b)
{
    field128_wide low = (field128_wide)a.lo * b.lo, high = (field128_wide)a.hi * b.hi;
    field128_wide x = (field128_wide)a.lo * b.hi, y = (field128_wide)a.hi * b.lo;
    uint64_t t1 = (uint64_t)(low >> 64), t2 = (uint64_t)high, t3 = (uint64_t)(high >> 64);
#ifdef FIELD128_ASM
    __asm__("addq %[x0], %[t1]\n\tadcq %[x1], %[t2]\n\tadcq $0, %[t3]\n\t"
            "addq %[y0], %[t1]\n\tadcq %[y1], %[t2]\n\tadcq $0, %[t3]"
            : [t1] "+&r"(t1), [t2] "+&r"(t2), [t3] "+&r"(t3)
            : [x0] "r"((uint64_t)x), [x1] "r"((uint64_t)(x >> 64)), [y0] "r"((uint64_t)y),
              [y1] "r"((uint64_t)(y >> 64))
            : "cc");
#else
    x += t1;
    y += (uint64_t)x;
    high += (uint64_t)(x >> 64);
    high += (uint64_t)(y >> 64);
    t1 = (uint64_t)y;
    t2 = (uint64_t)high;
    t3 = (uint64_t)(high >> 64);
#endif
    t[0] = (uint64_t)low;
    t[1] = t1;
    t[2] = t2;
    t[3] = t3;
}

/* t / 2^128 mod p, for t < p 2^128. Modulo 2^128, 1/p is 1 + 28 2^64; with n = low(t) / p there, t - n p is a
 * multiple of 2^128. The quotient is high(t) - e, where e = (n p - low(t)) / 2^128 lies in [0, p) and is
 * n - floor(28 n / 2^64) - (the carry in computing n). */
static inline field128 field128_montgomery(const uint64_t t[4])
{
    field128_wide w = (field128_wide)28 * t[0];
    field128_wide n_hi = (field128_wide)t[1] + (uint64_t)w;
    field128_wide quotient =
        (field128_wide)28 * (uint64_t)n_hi + (uint64_t)(w >> 64) + (uint64_t)(n_hi >> 64);
    field128_wide e = field128_join(t[0], (uint64_t)n_hi) - quotient;
    return field128_sub((field128){t[2], t[3]}, field128_split(e));
}

static inline field128 field128_mul(field128 a, field128 b_m)
{
    uint64_t t[4];
    field128_product(t, a, b_m);
    return field128_montgomery(t);
}

static inline field128 field128_prepare(field128 a)
{
    /* 2^256 mod p = (28 2^64 - 1)^2 = 784 2^128 - 56 2^64 + 1 = 784 (28 2^64 - 1) - 56 2^64 + 1 */
    return field128_mul(a, (field128){(uint64_t)-783, 28 * 784 - 56 - 1});
}

static inline void field128_sum_add(struct field128_sum *sum, field128 a, field128 b_m)
{
    uint64_t t[4], *words = sum->words;
    field128_product(t, a, b_m);
#ifdef FIELD128_ASM
    __asm__(
        "addq %[t0], %[w0]\n\tadcq %[t1], %[w1]\n\tadcq %[t2], %[w2]\n\tadcq %[t3], %[w3]\n\tadcq $0, %[w4]"
        : [w0] "+&r"(words[0]), [w1] "+&r"(words[1]), [w2] "+&r"(words[2]), [w3] "+&r"(words[3]),
          [w4] "+&r"(words[4])
        : [t0] "rm"(t[0]), [t1] "rm"(t[1]), [t2] "rm"(t[2]), [t3] "rm"(t[3])
        : "cc");
#else
    field128_wide x = (field128_wide)words[0] + t[0];
    words[0] = (uint64_t)x;
    for (int i = 1; i < 4; i++) {
        x = (x >> 64) + words[i] + t[i];
        words[i] = (uint64_t)x;
    }
    words[4] += (uint64_t)(x >> 64);
#endif
}

static inline field128 field128_sum_reduce(const struct field128_sum *sum)
{
    const uint64_t *words = sum->words;
    /* The upper three words first: words[4] 2^128 = words[4] (28 2^64 - 1), and words[4] is small. */
    field128 high = {words[2], words[3]};
    uint64_t excess_mask = mask_from(field128_in_range(high) ^ 1);
    high = field128_sub(high, field128_and((field128){FIELD128_P_LO, FIELD128_P_HI}, excess_mask));
    high = field128_add(high, (field128){0, 28 * words[4]});
    high = field128_sub(high, (field128){words[4], 0});
    uint64_t t[4] = {words[0], words[1], high.lo, high.hi};
    return field128_montgomery(t);
}

#endif
