/* crypto_naive.h - arithmetic modulo a prime as slow and as plain as can be, and repeatable random numbers:
 * what the tests of crypto/ judge by. */
#ifndef TESTS_CRYPTO_NAIVE_H
#define TESTS_CRYPTO_NAIVE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned __int128 number;

#define NAIVE_P64  ((number)0xffffffff00000001u)
#define NAIVE_P128 (((number)0xffffffffffffffe4u << 64) | 1)

static inline uint64_t random_word(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1du;
}

static inline void random_fill(uint64_t *state, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = (uint8_t)(random_word(state) >> 56);
    }
}

static inline number naive_add(number a, number b, number p)
{
    return a >= p - b ? a - (p - b) : a + b;
}

static inline number naive_sub(number a, number b, number p)
{
    return naive_add(a, b == 0 ? 0 : p - b, p);
}

static inline number naive_mul(number a, number b, number p)
{
    number product = 0;

    for (; b > 0; b >>= 1) {
        if (b & 1) {
            product = naive_add(product, a, p);
        }
        a = naive_add(a, a, p);
    }
    return product;
}

static inline number naive_pow(number a, number exponent, number p)
{
    number power = 1;

    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) {
            power = naive_mul(power, a, p);
        }
        a = naive_mul(a, a, p);
    }
    return power;
}

static inline number naive_inverse(number a, number p)
{
    return naive_pow(a, p - 2, p);
}

/* The specification's root of unity of order 2^log: 7 to the power (p - 1) / 2^log. */
static inline number naive_root(unsigned log, number p)
{
    return naive_pow(7, (p - 1) >> log, p);
}

static inline number random_element(uint64_t *state, number p)
{
    number a = (number)random_word(state) << 64 | random_word(state);
    uint64_t kind = random_word(state) >> 60;

    if (kind == 0) {
        return (a & 3) % p; /* corners now and then */
    }
    if (kind == 1) {
        return p - 1 - (a & 3);
    }
    if (kind == 2) {
        return ((number)1 << (a & 127)) % p;
    }
    return a % p;
}

/* Little-endian, `size` bytes. */
static inline number number_at(const uint8_t *vector, size_t i, size_t size)
{
    number a = 0;

    memcpy(&a, vector + i * size, size);
    return a;
}

static inline void number_put(uint8_t *vector, size_t i, size_t size, number a)
{
    memcpy(vector + i * size, &a, size);
}

#endif
