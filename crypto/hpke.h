/* hpke.h - sealing to a public key: HPKE (RFC 9180), base mode, single shot, with DHKEM(X25519, HKDF-SHA256),
 * HKDF-SHA256 and AES-128-GCM. The suite ids travel beside each ciphertext, so that another can follow. */
#ifndef CRYPTO_HPKE_H
#define CRYPTO_HPKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HPKE_KEM_X25519_SHA256 0x0020
#define HPKE_KDF_SHA256        0x0001
#define HPKE_AEAD_AES128GCM    0x0001
#define HPKE_KEY_SIZE          32 /* private, public and encapsulated keys */
#define HPKE_IKM_SIZE          32
#define HPKE_TAG_SIZE          16 /* a ciphertext is this much longer than its plaintext */

/* DeriveKeyPair (section 7.1.3). */
void hpke_derive_key_pair(uint8_t private_key[HPKE_KEY_SIZE], uint8_t public_key[HPKE_KEY_SIZE],
                          const uint8_t *ikm, size_t ikm_len);

/* Seal to `public_key`. The ephemeral key is derived from `ikm`, which must be secret and must differ
 * whenever anything else here differs. `ciphertext` has plaintext_len + HPKE_TAG_SIZE bytes. False: unusable
 * public key. */
__attribute__((warn_unused_result)) bool hpke_seal(uint8_t enc[HPKE_KEY_SIZE], uint8_t *ciphertext,
                                                   const uint8_t public_key[HPKE_KEY_SIZE],
                                                   const uint8_t *info, size_t info_len, const uint8_t *aad,
                                                   size_t aad_len, const uint8_t *plaintext,
                                                   size_t plaintext_len, const uint8_t ikm[HPKE_IKM_SIZE]);

/* Open; `plaintext` has ciphertext_len - HPKE_TAG_SIZE bytes. False: not sealed to this key with these
 * inputs. */
__attribute__((warn_unused_result)) bool hpke_open(uint8_t *plaintext, const uint8_t enc[HPKE_KEY_SIZE],
                                                   const uint8_t *ciphertext, size_t ciphertext_len,
                                                   const uint8_t private_key[HPKE_KEY_SIZE],
                                                   const uint8_t *info, size_t info_len, const uint8_t *aad,
                                                   size_t aad_len);

#endif
