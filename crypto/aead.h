/* aead.h - AES-GCM with 96-bit nonces and 128-bit tags, for keys.c and hpke.c. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AEAD_NONCE_SIZE 12
#define AEAD_TAG_SIZE   16
#define AEAD_MAX_LEN    ((size_t)1 << 30) /* of data and of additional data: what fits libcrypto's int */

/* The key's length chooses the cipher. */
enum aead_key_len { AEAD_AES128 = 16, AEAD_AES256 = 32 };

/* `out` has data_len + AEAD_TAG_SIZE bytes and does not overlap `data`. Aborts beyond AEAD_MAX_LEN. */
void aead_seal(uint8_t *out, enum aead_key_len key_len, const uint8_t *key,
               const uint8_t nonce[AEAD_NONCE_SIZE], const void *aad, size_t aad_len, const void *data,
               size_t data_len);

/* `out` has sealed_len - AEAD_TAG_SIZE bytes, wiped unless the result is true. */
__attribute__((warn_unused_result)) bool aead_open(uint8_t *out, enum aead_key_len key_len,
                                                   const uint8_t *key, const uint8_t nonce[AEAD_NONCE_SIZE],
                                                   const void *aad, size_t aad_len, const uint8_t *sealed,
                                                   size_t sealed_len);

#endif
