/* keys.c - Ed25519, X25519, SHA-256, HKDF and sealing at rest through libcrypto. */
#include "crypto/keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/secret.h"

/* ---- signatures ---- */

/* A key object from 32 raw bytes; only memory can be lacking, as any 32 bytes are a private key. */
static EVP_PKEY *private_pkey(int type, const uint8_t private_key[KEY_SIZE])
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(type, NULL, private_key, KEY_SIZE);

    if (pkey == NULL) {
        abort();
    }
    return pkey;
}

static void public_of(uint8_t public_key[KEY_SIZE], int type, const uint8_t private_key[KEY_SIZE])
{
    EVP_PKEY *pkey = private_pkey(type, private_key);
    size_t len = KEY_SIZE;

    if (EVP_PKEY_get_raw_public_key(pkey, public_key, &len) != 1 || len != KEY_SIZE) {
        abort();
    }
    EVP_PKEY_free(pkey);
}

void sign_public(uint8_t public_key[KEY_SIZE], const uint8_t private_key[KEY_SIZE])
{
    public_of(public_key, EVP_PKEY_ED25519, private_key);
}

void sign_make(uint8_t signature[SIGNATURE_SIZE], const uint8_t private_key[KEY_SIZE], const void *message,
               size_t message_len)
{
    EVP_PKEY *pkey = private_pkey(EVP_PKEY_ED25519, private_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = SIGNATURE_SIZE;

    if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) != 1 ||
        EVP_DigestSign(context, signature, &len, message, message_len) != 1 || len != SIGNATURE_SIZE) {
        abort();
    }
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
}

bool sign_check(const uint8_t signature[SIGNATURE_SIZE], const uint8_t public_key[KEY_SIZE],
                const void *message, size_t message_len)
{
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context == NULL) {
        abort();
    }
    bool good = pkey != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestVerify(context, signature, SIGNATURE_SIZE, message, message_len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return good;
}

/* ---- key agreement ---- */

void agree_public(uint8_t public_key[KEY_SIZE], const uint8_t private_key[KEY_SIZE])
{
    public_of(public_key, EVP_PKEY_X25519, private_key);
}

bool agree(uint8_t shared[KEY_SIZE], const uint8_t private_key[KEY_SIZE], const uint8_t public_key[KEY_SIZE])
{
    uint8_t own_public[KEY_SIZE];

    return agree_as(shared, own_public, private_key, public_key);
}

bool agree_as(uint8_t shared[KEY_SIZE], uint8_t own_public[KEY_SIZE], const uint8_t private_key[KEY_SIZE],
              const uint8_t public_key[KEY_SIZE])
{
    EVP_PKEY *own = private_pkey(EVP_PKEY_X25519, private_key);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public_key, KEY_SIZE);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    const uint8_t zero[KEY_SIZE] = {0};
    size_t len = KEY_SIZE, public_len = KEY_SIZE;

    if (peer == NULL || context == NULL || EVP_PKEY_derive_init(context) != 1 ||
        EVP_PKEY_get_raw_public_key(own, own_public, &public_len) != 1) {
        abort();
    }
    /* libcrypto refuses the all-zero result itself; the comparison keeps the promise should it ever not. */
    bool good = EVP_PKEY_derive_set_peer(context, peer) == 1 && EVP_PKEY_derive(context, shared, &len) == 1 &&
                len == KEY_SIZE && !secret_equal(shared, zero, KEY_SIZE);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(own);
    ERR_clear_error();
    return good;
}

/* ---- hashes ---- */

static EVP_MD *sha256;
static pthread_once_t sha256_fetched = PTHREAD_ONCE_INIT;

static void fetch_sha256(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (sha256 == NULL) {
        abort();
    }
}

void digest(uint8_t out[DIGEST_SIZE], const void *data, size_t data_len)
{
    digest_of(out, &(const struct bytes){data, data_len}, 1);
}

void digest_of(uint8_t out[DIGEST_SIZE], const struct bytes *parts, size_t num_parts)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context == NULL || pthread_once(&sha256_fetched, fetch_sha256) != 0 ||
        EVP_DigestInit_ex2(context, sha256, NULL) != 1) {
        abort();
    }
    for (size_t i = 0; i < num_parts; i++) {
        if (parts[i].len > 0 && EVP_DigestUpdate(context, parts[i].data, parts[i].len) != 1) {
            abort();
        }
    }
    if (EVP_DigestFinal_ex(context, out, NULL) != 1) {
        abort();
    }
    EVP_MD_CTX_free(context);
}

void derive(uint8_t *out, size_t out_len, const void *secret, size_t secret_len, const void *salt,
            size_t salt_len, const void *info, size_t info_len)
{
    uint8_t key[DIGEST_SIZE];

    hkdf_extract(key, salt, salt_len, &(const struct bytes){secret, secret_len}, 1);
    hkdf_expand(out, out_len, key, &(const struct bytes){info, info_len}, 1);
    secret_wipe(key, sizeof key);
}

/* ---- at rest: [version 1][key id 1][nonce 12][ciphertext][tag 16] ---- */

#define AT_REST_VERSION 1
#define AT_REST_HEADER  (2 + AEAD_NONCE_SIZE)

_Static_assert(AT_REST_HEADER + AEAD_TAG_SIZE == AT_REST_OVERHEAD, "the header's promise");

/* Header and place together are what the tag covers besides the data. The caller frees the result. */
static uint8_t *join_aad(size_t *len, const uint8_t header[2], const void *aad, size_t aad_len)
{
    uint8_t *joined = malloc(2 + aad_len);

    if (joined == NULL) {
        abort();
    }
    memcpy(joined, header, 2);
    if (aad_len > 0) {
        memcpy(joined + 2, aad, aad_len);
    }
    *len = 2 + aad_len;
    return joined;
}

void at_rest_seal(uint8_t *out, const uint8_t key[32], uint8_t key_id, const void *aad, size_t aad_len,
                  const void *data, size_t data_len)
{
    size_t joined_len;

    out[0] = AT_REST_VERSION;
    out[1] = key_id;
    secret_random(out + 2, AEAD_NONCE_SIZE);
    uint8_t *joined = join_aad(&joined_len, out, aad, aad_len);
    aead_seal(out + AT_REST_HEADER, AEAD_AES256, key, out + 2, joined, joined_len, data, data_len);
    free(joined);
}

bool at_rest_open(uint8_t *out, const uint8_t key[32], uint8_t key_id, const void *aad, size_t aad_len,
                  const void *sealed, size_t sealed_len)
{
    const uint8_t *bytes = sealed;
    size_t joined_len;

    if (sealed_len < AT_REST_OVERHEAD || bytes[0] != AT_REST_VERSION || bytes[1] != key_id) {
        return false;
    }
    uint8_t *joined = join_aad(&joined_len, bytes, aad, aad_len);
    bool good = aead_open(out, AEAD_AES256, key, bytes + 2, joined, joined_len, bytes + AT_REST_HEADER,
                          sealed_len - AT_REST_HEADER);
    free(joined);
    return good;
}
