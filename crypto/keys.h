/* keys.h - signatures, key agreement, hashes and sealing at rest: thin, exact wrappers of libcrypto.
 *
 * Private keys are 32-byte seeds. Functions that cannot fail but for lack of memory or a broken libcrypto
 * abort the process in that case; those that judge bytes from outside return bool or an enum. */
#ifndef CRYPTO_KEYS_H
#define CRYPTO_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_SIZE         32 /* Ed25519 and X25519, private and public */
#define SIGNATURE_SIZE   64
#define DIGEST_SIZE      32 /* SHA-256 */
#define AT_REST_OVERHEAD 30 /* version 1, key id 1, nonce 12, tag 16 */

/* Ed25519 (RFC 8032). */
void sign_public(uint8_t public_key[KEY_SIZE], const uint8_t private_key[KEY_SIZE]);
void sign_make(uint8_t signature[SIGNATURE_SIZE], const uint8_t private_key[KEY_SIZE], const void *message,
               size_t message_len);
__attribute__((warn_unused_result)) bool sign_check(const uint8_t signature[SIGNATURE_SIZE],
                                                    const uint8_t public_key[KEY_SIZE], const void *message,
                                                    size_t message_len);

/* X25519 (RFC 7748). agree() is false when the result is all zero (a low-order public key). */
void agree_public(uint8_t public_key[KEY_SIZE], const uint8_t private_key[KEY_SIZE]);
__attribute__((warn_unused_result)) bool agree(uint8_t shared[KEY_SIZE], const uint8_t private_key[KEY_SIZE],
                                               const uint8_t public_key[KEY_SIZE]);
/* The same, with the public key of the private one, which costs nothing beside it. */
__attribute__((warn_unused_result)) bool agree_as(uint8_t shared[KEY_SIZE], uint8_t own_public[KEY_SIZE],
                                                  const uint8_t private_key[KEY_SIZE],
                                                  const uint8_t public_key[KEY_SIZE]);

/* SHA-256, at once or piecewise over several buffers. */
void digest(uint8_t out[DIGEST_SIZE], const void *data, size_t data_len);
struct bytes {
    const void *data;
    size_t len;
};
void digest_of(uint8_t out[DIGEST_SIZE], const struct bytes *parts, size_t num_parts);

/* HKDF-SHA256 (RFC 5869): extract with `salt` and expand with `info`. */
void derive(uint8_t *out, size_t out_len, const void *secret, size_t secret_len, const void *salt,
            size_t salt_len, const void *info, size_t info_len);

/* AES-256-GCM for values at rest: [version 1][key id 1][nonce 12][ciphertext][tag 16], a fresh random nonce
 * each. `aad` should name the place (table and key), so that values cannot be swapped. `out` has data_len +
 * AT_REST_OVERHEAD bytes. at_rest_open gives data_len = sealed_len - AT_REST_OVERHEAD; false if altered. */
void at_rest_seal(uint8_t *out, const uint8_t key[32], uint8_t key_id, const void *aad, size_t aad_len,
                  const void *data, size_t data_len);
__attribute__((warn_unused_result)) bool at_rest_open(uint8_t *out, const uint8_t key[32], uint8_t key_id,
                                                      const void *aad, size_t aad_len, const void *sealed,
                                                      size_t sealed_len);

#endif
