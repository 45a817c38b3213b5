/* turboshake.h - TurboSHAKE128 (RFC 9861): the sponge over Keccak-p[1600] with 12 rounds and 168-byte blocks.
 *
 *     struct turboshake128 sponge;
 *     turboshake128_init(&sponge);
 *     turboshake128_absorb(&sponge, data, data_len);     any number of times
 *     turboshake128_finish(&sponge, domain);             once; domain is 0x01..0x7f
 *     turboshake128_squeeze(&sponge, out, out_len);      any number of times
 *
 * The state is as secret as what was absorbed: wipe it. */
#ifndef CRYPTO_TURBOSHAKE_H
#define CRYPTO_TURBOSHAKE_H

#include <stddef.h>
#include <stdint.h>

#define TURBOSHAKE128_RATE 168 /* bytes absorbed or squeezed per permutation */

struct turboshake128 {
    uint64_t lanes[25];
    size_t position; /* next byte of the block to absorb into or squeeze from */
};

void turboshake128_init(struct turboshake128 *sponge);
void turboshake128_absorb(struct turboshake128 *sponge, const void *data, size_t data_len);
void turboshake128_finish(struct turboshake128 *sponge, uint8_t domain);
void turboshake128_squeeze(struct turboshake128 *sponge, void *out, size_t out_len);

#endif
