/* xof.c - XofTurboShake128: framing of seed, tag and binder around the sponge. */
#include "crypto/xof.h"

#include "crypto/secret.h"

#define XOF_DOMAIN 0x01

void xof_init(struct xof *xof, const uint8_t seed[XOF_SEED_SIZE], const uint8_t *prefix, size_t prefix_len,
              const uint8_t *ctx, size_t ctx_len)
{
    size_t tag_len = prefix_len + ctx_len;
    uint8_t tag_len_bytes[2] = {(uint8_t)tag_len, (uint8_t)(tag_len >> 8)};
    uint8_t seed_len_byte = XOF_SEED_SIZE;

    turboshake128_init(&xof->sponge);
    turboshake128_absorb(&xof->sponge, tag_len_bytes, sizeof tag_len_bytes);
    turboshake128_absorb(&xof->sponge, prefix, prefix_len);
    turboshake128_absorb(&xof->sponge, ctx, ctx_len);
    turboshake128_absorb(&xof->sponge, &seed_len_byte, 1);
    turboshake128_absorb(&xof->sponge, seed, XOF_SEED_SIZE);
}

void xof_bind(struct xof *xof, const void *binder, size_t binder_len)
{
    turboshake128_absorb(&xof->sponge, binder, binder_len);
}

void xof_finish(struct xof *xof)
{
    turboshake128_finish(&xof->sponge, XOF_DOMAIN);
}

void xof_next(struct xof *xof, void *out, size_t out_len)
{
    turboshake128_squeeze(&xof->sponge, out, out_len);
}

void xof_clear(struct xof *xof)
{
    secret_wipe(xof, sizeof *xof);
}
