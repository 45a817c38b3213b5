/* hkdf.h - HKDF-SHA256 (RFC 5869) in its two steps, for keys.c and hpke.c. Input comes in pieces, so that
 * labels need not be copied together with secrets. */
#ifndef CRYPTO_HKDF_H
#define CRYPTO_HKDF_H

#include "crypto/keys.h"

#define HKDF_MAX_OUT   (255 * DIGEST_SIZE)
#define HKDF_MAX_PARTS 8

/* An empty salt is as good as zeros of the digest's size. At most HKDF_MAX_PARTS parts. */
void hkdf_extract(uint8_t key[DIGEST_SIZE], const void *salt, size_t salt_len, const struct bytes *parts,
                  size_t num_parts);
/* out_len <= HKDF_MAX_OUT, at most HKDF_MAX_PARTS parts; aborts beyond, that is our bug. */
void hkdf_expand(uint8_t *out, size_t out_len, const uint8_t key[DIGEST_SIZE], const struct bytes *info,
                 size_t num_info);

#endif
