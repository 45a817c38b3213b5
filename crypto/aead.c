/* aead.c - AES-GCM through libcrypto; the ciphers are fetched once, since fetching costs more than a short
 * message. */
#include "crypto/aead.h"

#include <pthread.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "crypto/secret.h"

static EVP_CIPHER *aes128_gcm, *aes256_gcm;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    aes128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    aes256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (aes128_gcm == NULL || aes256_gcm == NULL) {
        abort();
    }
}

static const EVP_CIPHER *cipher_for(enum aead_key_len key_len)
{
    if (pthread_once(&fetched, fetch) != 0) {
        abort();
    }
    return key_len == AEAD_AES128 ? aes128_gcm : aes256_gcm;
}

static EVP_CIPHER_CTX *new_context(void)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    if (context == NULL) {
        abort();
    }
    return context;
}

void aead_seal(uint8_t *out, enum aead_key_len key_len, const uint8_t *key,
               const uint8_t nonce[AEAD_NONCE_SIZE], const void *aad, size_t aad_len, const void *data,
               size_t data_len)
{
    EVP_CIPHER_CTX *context = new_context();
    int len;

    if (aad_len > AEAD_MAX_LEN || data_len > AEAD_MAX_LEN ||
        EVP_EncryptInit_ex2(context, cipher_for(key_len), key, nonce, NULL) != 1 ||
        (aad_len > 0 && EVP_EncryptUpdate(context, NULL, &len, aad, (int)aad_len) != 1) ||
        (data_len > 0 && EVP_EncryptUpdate(context, out, &len, data, (int)data_len) != 1) ||
        EVP_EncryptFinal_ex(context, out + data_len, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE, out + data_len) != 1) {
        abort();
    }
    EVP_CIPHER_CTX_free(context); /* wipes */
}

bool aead_open(uint8_t *out, enum aead_key_len key_len, const uint8_t *key,
               const uint8_t nonce[AEAD_NONCE_SIZE], const void *aad, size_t aad_len, const uint8_t *sealed,
               size_t sealed_len)
{
    uint8_t tag[AEAD_TAG_SIZE], none[AEAD_TAG_SIZE];
    int len;

    if (sealed_len < AEAD_TAG_SIZE || sealed_len - AEAD_TAG_SIZE > AEAD_MAX_LEN || aad_len > AEAD_MAX_LEN) {
        return false;
    }
    size_t data_len = sealed_len - AEAD_TAG_SIZE;
    EVP_CIPHER_CTX *context = new_context();
    for (size_t i = 0; i < AEAD_TAG_SIZE; i++) {
        tag[i] = sealed[data_len + i];
    }
    if (EVP_DecryptInit_ex2(context, cipher_for(key_len), key, nonce, NULL) != 1) {
        abort();
    }
    bool good = (aad_len == 0 || EVP_DecryptUpdate(context, NULL, &len, aad, (int)aad_len) == 1) &&
                (data_len == 0 || EVP_DecryptUpdate(context, out, &len, sealed, (int)data_len) == 1) &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE, tag) == 1 &&
                EVP_DecryptFinal_ex(context, none, &len) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good) {
        secret_wipe(out, data_len);
    }
    return good;
}
