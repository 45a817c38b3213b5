/* xof.h - XofTurboShake128 (draft-irtf-cfrg-vdaf-20, section "XofTurboShake128"): a seed, a domain separation
 * tag and a binder in, any number of bytes out.
 *
 * Absorbed are the tag's length (2 bytes), the tag, the seed's length (1 byte), the seed, then the binder in
 * as many pieces as the caller likes. The tag may be given as prefix and application context, which are
 * joined. */
#ifndef CRYPTO_XOF_H
#define CRYPTO_XOF_H

#include "crypto/turboshake.h"

#define XOF_SEED_SIZE 32
#define XOF_MAX_TAG   65535 /* bytes, prefix and context together */

/* Holds a secret: end it with xof_clear. */
struct xof {
    struct turboshake128 sponge;
};

void xof_init(struct xof *xof, const uint8_t seed[XOF_SEED_SIZE], const uint8_t *prefix, size_t prefix_len,
              const uint8_t *ctx, size_t ctx_len);
void xof_bind(struct xof *xof, const void *binder, size_t binder_len);
void xof_finish(struct xof *xof); /* after the last xof_bind, before the first xof_next */
void xof_next(struct xof *xof, void *out, size_t out_len);
void xof_clear(struct xof *xof); /* wipes */

#endif
