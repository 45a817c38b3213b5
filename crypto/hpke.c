/* hpke.c - HPKE (RFC 9180) base mode, single shot, for one suite: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-128-GCM.
 *
 *     shared secret = ExtractAndExpand(DH, enc || recipient's key)                            section 4.1
 *     context       = mode || Extract("psk_id_hash", "") || Extract("info_hash", info)        section 5.1
 *     key, nonce    = Expand(Extract(shared secret, "secret", ""), "key" / "base_nonce", context)
 *
 * Every Extract and Expand is labelled with "HPKE-v1" and the suite. A single message uses sequence number 0,
 * so the base nonce is the nonce. */
#include "crypto/hpke.h"

#include <string.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/keys.h"
#include "crypto/secret.h"

#define MODE_BASE     0
#define AEAD_KEY_SIZE 16
#define CONTEXT_SIZE  (1 + 2 * DIGEST_SIZE)

_Static_assert(HPKE_TAG_SIZE == AEAD_TAG_SIZE && HPKE_KEY_SIZE == KEY_SIZE, "one suite");

static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x01};

static const struct bytes version_label = {"HPKE-v1", 7};
static const struct bytes kem_suite_id = {kem_suite, sizeof kem_suite};
static const struct bytes hpke_suite_id = {hpke_suite, sizeof hpke_suite};

static struct bytes label_bytes(const char *label)
{
    return (struct bytes){label, strlen(label)};
}

static void labeled_extract(uint8_t key[DIGEST_SIZE], const void *salt, size_t salt_len, struct bytes suite,
                            const char *label, const void *ikm, size_t ikm_len)
{
    const struct bytes parts[] = {version_label, suite, label_bytes(label), {ikm, ikm_len}};
    hkdf_extract(key, salt, salt_len, parts, 4);
}

static void labeled_expand(uint8_t *out, size_t out_len, const uint8_t key[DIGEST_SIZE], struct bytes suite,
                           const char *label, const void *info, size_t info_len)
{
    const uint8_t len[2] = {(uint8_t)(out_len >> 8), (uint8_t)out_len};
    const struct bytes parts[] = {
        {len, sizeof len}, version_label, suite, label_bytes(label), {info, info_len}};
    hkdf_expand(out, out_len, key, parts, 5);
}

static void derive_private(uint8_t private_key[HPKE_KEY_SIZE], const uint8_t *ikm, size_t ikm_len)
{
    uint8_t key[DIGEST_SIZE];

    labeled_extract(key, NULL, 0, kem_suite_id, "dkp_prk", ikm, ikm_len);
    labeled_expand(private_key, HPKE_KEY_SIZE, key, kem_suite_id, "sk", NULL, 0);
    secret_wipe(key, sizeof key);
}

void hpke_derive_key_pair(uint8_t private_key[HPKE_KEY_SIZE], uint8_t public_key[HPKE_KEY_SIZE],
                          const uint8_t *ikm, size_t ikm_len)
{
    derive_private(private_key, ikm, ikm_len);
    agree_public(public_key, private_key);
}

/* From the Diffie-Hellman result to the KEM's shared secret. */
static void kem_secret(uint8_t secret[DIGEST_SIZE], const uint8_t dh[KEY_SIZE],
                       const uint8_t enc[HPKE_KEY_SIZE], const uint8_t recipient[HPKE_KEY_SIZE])
{
    uint8_t key[DIGEST_SIZE], kem_context[2 * HPKE_KEY_SIZE];

    memcpy(kem_context, enc, HPKE_KEY_SIZE);
    memcpy(kem_context + HPKE_KEY_SIZE, recipient, HPKE_KEY_SIZE);
    labeled_extract(key, NULL, 0, kem_suite_id, "eae_prk", dh, KEY_SIZE);
    labeled_expand(secret, DIGEST_SIZE, key, kem_suite_id, "shared_secret", kem_context, sizeof kem_context);
    secret_wipe(key, sizeof key);
}

struct schedule {
    uint8_t key[AEAD_KEY_SIZE], nonce[AEAD_NONCE_SIZE];
};

static void key_schedule(struct schedule *schedule, const uint8_t shared[DIGEST_SIZE], const uint8_t *info,
                         size_t info_len)
{
    uint8_t context[CONTEXT_SIZE] = {MODE_BASE}, secret[DIGEST_SIZE];

    labeled_extract(context + 1, NULL, 0, hpke_suite_id, "psk_id_hash", NULL, 0);
    labeled_extract(context + 1 + DIGEST_SIZE, NULL, 0, hpke_suite_id, "info_hash", info, info_len);
    labeled_extract(secret, shared, DIGEST_SIZE, hpke_suite_id, "secret", NULL, 0);
    labeled_expand(schedule->key, sizeof schedule->key, secret, hpke_suite_id, "key", context,
                   sizeof context);
    labeled_expand(schedule->nonce, sizeof schedule->nonce, secret, hpke_suite_id, "base_nonce", context,
                   sizeof context);
    secret_wipe(secret, sizeof secret);
}

bool hpke_seal(uint8_t enc[HPKE_KEY_SIZE], uint8_t *ciphertext, const uint8_t public_key[HPKE_KEY_SIZE],
               const uint8_t *info, size_t info_len, const uint8_t *aad, size_t aad_len,
               const uint8_t *plaintext, size_t plaintext_len, const uint8_t ikm[HPKE_IKM_SIZE])
{
    uint8_t ephemeral[HPKE_KEY_SIZE], ephemeral_public[HPKE_KEY_SIZE], dh[KEY_SIZE], shared[DIGEST_SIZE];
    struct schedule schedule;

    derive_private(ephemeral, ikm, HPKE_IKM_SIZE);
    bool good = agree_as(dh, ephemeral_public, ephemeral, public_key);
    if (good) {
        kem_secret(shared, dh, ephemeral_public, public_key);
        key_schedule(&schedule, shared, info, info_len);
        memcpy(enc, ephemeral_public, HPKE_KEY_SIZE);
        aead_seal(ciphertext, AEAD_AES128, schedule.key, schedule.nonce, aad, aad_len, plaintext,
                  plaintext_len);
        secret_wipe(shared, sizeof shared);
        secret_wipe(&schedule, sizeof schedule);
    }
    secret_wipe(ephemeral, sizeof ephemeral);
    secret_wipe(dh, sizeof dh);
    return good;
}

bool hpke_open(uint8_t *plaintext, const uint8_t enc[HPKE_KEY_SIZE], const uint8_t *ciphertext,
               size_t ciphertext_len, const uint8_t private_key[HPKE_KEY_SIZE], const uint8_t *info,
               size_t info_len, const uint8_t *aad, size_t aad_len)
{
    uint8_t recipient[HPKE_KEY_SIZE], dh[KEY_SIZE], shared[DIGEST_SIZE];
    struct schedule schedule;

    if (ciphertext_len < HPKE_TAG_SIZE) {
        return false;
    }
    bool good = agree_as(dh, recipient, private_key, enc);
    if (good) {
        kem_secret(shared, dh, enc, recipient);
        key_schedule(&schedule, shared, info, info_len);
        good = aead_open(plaintext, AEAD_AES128, schedule.key, schedule.nonce, aad, aad_len, ciphertext,
                         ciphertext_len);
        secret_wipe(shared, sizeof shared);
        secret_wipe(&schedule, sizeof schedule);
    }
    secret_wipe(dh, sizeof dh);
    return good;
}
