/* turboshake.c - the Keccak-p[1600,12] permutation and the sponge around it (RFC 9861, section 2). */
#include "crypto/turboshake.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "lanes are absorbed as they lie in memory");

static const uint64_t round_constants[12] = {
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

static inline uint64_t rotate(uint64_t lane, unsigned bits)
{
    return lane << bits | lane >> (64 - bits);
}

/* One row of chi after rho and pi: five lanes of `from`, each mixed by theta (`d`) and rotated, make row
 * `row` of `to`. Lane (x, y) is number 5 y + x. */
#define CHI_ROW(row, first, i0, d0, r0, i1, d1, r1, i2, d2, r2, i3, d3, r3, i4, d4, r4)                      \
    do {                                                                                                     \
        uint64_t b0 = first, b1 = rotate(from[i1] ^ d1, r1), b2 = rotate(from[i2] ^ d2, r2);                 \
        uint64_t b3 = rotate(from[i3] ^ d3, r3), b4 = rotate(from[i4] ^ d4, r4);                             \
        to[5 * (row)] = b0 ^ (~b1 & b2);                                                                     \
        to[5 * (row) + 1] = b1 ^ (~b2 & b3);                                                                 \
        to[5 * (row) + 2] = b2 ^ (~b3 & b4);                                                                 \
        to[5 * (row) + 3] = b3 ^ (~b4 & b0);                                                                 \
        to[5 * (row) + 4] = b4 ^ (~b0 & b1);                                                                 \
    } while (0)
#define ROW(row, i0, d0, r0, ...) CHI_ROW(row, rotate(from[i0] ^ d0, r0), i0, d0, r0, __VA_ARGS__)

static inline __attribute__((always_inline)) void keccak_round(uint64_t to[25], const uint64_t from[25],
                                                               uint64_t constant)
{
    uint64_t c0 = from[0] ^ from[5] ^ from[10] ^ from[15] ^ from[20];
    uint64_t c1 = from[1] ^ from[6] ^ from[11] ^ from[16] ^ from[21];
    uint64_t c2 = from[2] ^ from[7] ^ from[12] ^ from[17] ^ from[22];
    uint64_t c3 = from[3] ^ from[8] ^ from[13] ^ from[18] ^ from[23];
    uint64_t c4 = from[4] ^ from[9] ^ from[14] ^ from[19] ^ from[24];
    uint64_t x0 = c4 ^ rotate(c1, 1), x1 = c0 ^ rotate(c2, 1), x2 = c1 ^ rotate(c3, 1);
    uint64_t x3 = c2 ^ rotate(c4, 1), x4 = c3 ^ rotate(c0, 1);

    CHI_ROW(0, from[0] ^ x0, 0, x0, 0, 6, x1, 44, 12, x2, 43, 18, x3, 21, 24, x4, 14);
    ROW(1, 3, x3, 28, 9, x4, 20, 10, x0, 3, 16, x1, 45, 22, x2, 61);
    ROW(2, 1, x1, 1, 7, x2, 6, 13, x3, 25, 19, x4, 8, 20, x0, 18);
    ROW(3, 4, x4, 27, 5, x0, 36, 11, x1, 10, 17, x2, 15, 23, x3, 56);
    ROW(4, 2, x2, 62, 8, x3, 55, 14, x4, 39, 15, x0, 41, 21, x1, 2);
    to[0] ^= constant;
}

static void permute(uint64_t lanes[25])
{
    uint64_t a[25], b[25];

    memcpy(a, lanes, sizeof a);
    for (size_t round = 0; round < 12; round += 2) {
        keccak_round(b, a, round_constants[round]);
        keccak_round(a, b, round_constants[round + 1]);
    }
    memcpy(lanes, a, sizeof a);
}

void turboshake128_init(struct turboshake128 *sponge)
{
    *sponge = (struct turboshake128){0};
}

static void xor_into(struct turboshake128 *sponge, const uint8_t *data, size_t len)
{
    uint8_t *state = (uint8_t *)sponge->lanes + sponge->position;

    for (size_t i = 0; i < len; i++) {
        state[i] ^= data[i];
    }
    sponge->position += len;
}

void turboshake128_absorb(struct turboshake128 *sponge, const void *data, size_t data_len)
{
    const uint8_t *next = data;

    while (data_len > 0) {
        size_t room = TURBOSHAKE128_RATE - sponge->position;
        size_t len = data_len < room ? data_len : room;
        xor_into(sponge, next, len);
        next += len;
        data_len -= len;
        if (sponge->position == TURBOSHAKE128_RATE) {
            permute(sponge->lanes);
            sponge->position = 0;
        }
    }
}

void turboshake128_finish(struct turboshake128 *sponge, uint8_t domain)
{
    uint8_t *state = (uint8_t *)sponge->lanes;

    state[sponge->position] ^= domain;
    state[TURBOSHAKE128_RATE - 1] ^= 0x80;
    sponge->position = TURBOSHAKE128_RATE; /* nothing to squeeze until the next permutation */
}

void turboshake128_squeeze(struct turboshake128 *sponge, void *out, size_t out_len)
{
    uint8_t *next = out;

    while (out_len > 0) {
        if (sponge->position == TURBOSHAKE128_RATE) {
            permute(sponge->lanes);
            sponge->position = 0;
        }
        size_t left = TURBOSHAKE128_RATE - sponge->position;
        size_t len = out_len < left ? out_len : left;
        memcpy(next, (const uint8_t *)sponge->lanes + sponge->position, len);
        sponge->position += len;
        next += len;
        out_len -= len;
    }
}
