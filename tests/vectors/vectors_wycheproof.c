/* vectors_wycheproof.c - replay Project Wycheproof's cases against the wrappers that exist; cases for
 * parameters that the wrappers do not offer are counted as skipped. */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/keys.h"

/* "acceptable" (X25519 with odd but harmless keys) counts as valid where a shared secret is stated. */
static bool is_valid(const json_t *test)
{
    return strcmp(json_string_value(json_object_get(test, "result")), "invalid") != 0;
}

static void check(struct outcome *outcome, const json_t *test, bool good)
{
    outcome->checked++;
    if (!good) {
        fail(outcome, "case %d", (int)json_integer_value(json_object_get(test, "tcId")));
    }
}

static void skip(struct outcome *outcome, const char *reason)
{
    outcome->skipped++;
    if (!outcome->failed) {
        snprintf(outcome->reason, sizeof outcome->reason, "%s", reason);
    }
}

static void ed25519_case(struct outcome *outcome, const json_t *group, const json_t *test)
{
    struct blob key = blob_of(json_object_get(group, "publicKey"), "pk");
    struct blob message = blob_of(test, "msg"), signature = blob_of(test, "sig");

    if (signature.len != SIGNATURE_SIZE || key.len != KEY_SIZE) {
        skip(outcome, "signatures of another length cannot be passed");
    } else {
        check(outcome, test,
              sign_check(signature.data, key.data, message.data, message.len) == is_valid(test));
    }
    free(key.data);
    free(message.data);
    free(signature.data);
}

static void x25519_case(struct outcome *outcome, const json_t *group, const json_t *test)
{
    struct blob public = blob_of(test, "public"), private = blob_of(test, "private");
    struct blob expected = blob_of(test, "shared");
    const uint8_t zero[KEY_SIZE] = {0};
    uint8_t shared[KEY_SIZE];

    (void)group;
    if (public.len != KEY_SIZE || private.len != KEY_SIZE) {
        skip(outcome, "keys of another length cannot be passed");
    } else {
        bool low_order = blob_equals(&expected, zero, sizeof zero);
        bool good = agree(shared, private.data, public.data);
        check(outcome, test, low_order ? !good : good && blob_equals(&expected, shared, sizeof shared));
    }
    free(public.data);
    free(private.data);
    free(expected.data);
}

static void hkdf_case(struct outcome *outcome, const json_t *group, const json_t *test)
{
    struct blob ikm = blob_of(test, "ikm"), salt = blob_of(test, "salt"), info = blob_of(test, "info");
    struct blob expected = blob_of(test, "okm");
    size_t len = (size_t)json_integer_value(json_object_get(test, "size"));

    (void)group;
    if (len > HKDF_MAX_OUT) {
        skip(outcome, "too long an output is a caller's bug and aborts");
    } else {
        uint8_t *out = malloc(len + 1);
        derive(out, len, ikm.data, ikm.len, salt.data, salt.len, info.data, info.len);
        check(outcome, test, blob_equals(&expected, out, len) == is_valid(test));
        free(out);
    }
    free(ikm.data);
    free(salt.data);
    free(info.data);
    free(expected.data);
}

static bool seals_to(const struct blob *key, const struct blob *nonce, const struct blob *aad,
                     const struct blob *message, const struct blob *sealed)
{
    uint8_t *made = malloc(message->len + AEAD_TAG_SIZE);

    aead_seal(made, (enum aead_key_len)key->len, key->data, nonce->data, aad->data, aad->len, message->data,
              message->len);
    bool equal = blob_equals(sealed, made, message->len + AEAD_TAG_SIZE);
    free(made);
    return equal;
}

static void aes_gcm_case(struct outcome *outcome, const json_t *group, const json_t *test)
{
    struct blob key = blob_of(test, "key"), nonce = blob_of(test, "iv"), aad = blob_of(test, "aad");
    struct blob message = blob_of(test, "msg"), ciphertext = blob_of(test, "ct"), tag = blob_of(test, "tag");
    struct blob sealed = {malloc(ciphertext.len + tag.len + 1), ciphertext.len + tag.len};

    (void)group;
    memcpy(sealed.data, ciphertext.data, ciphertext.len);
    memcpy(sealed.data + ciphertext.len, tag.data, tag.len);
    if (key.len == 24 || nonce.len != AEAD_NONCE_SIZE || tag.len != AEAD_TAG_SIZE) {
        skip(outcome, "only 128 and 256-bit keys with 96-bit nonces and 128-bit tags are offered");
    } else {
        uint8_t *opened = malloc(sealed.len);
        bool good = aead_open(opened, (enum aead_key_len)key.len, key.data, nonce.data, aad.data, aad.len,
                              sealed.data, sealed.len);
        check(outcome, test, good == is_valid(test));
        check(outcome, test, !good || blob_equals(&message, opened, ciphertext.len));
        check(outcome, test, !is_valid(test) || seals_to(&key, &nonce, &aad, &message, &sealed));
        free(opened);
    }
    struct blob *all[] = {&key, &nonce, &aad, &message, &ciphertext, &tag, &sealed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]->data);
    }
}

void replay_wycheproof(struct outcome *outcome, const json_t *root)
{
    const struct {
        const char *algorithm;
        void (*replay)(struct outcome *outcome, const json_t *group, const json_t *test);
    } known[] = {{"EDDSA", ed25519_case},
                 {"XDH", x25519_case},
                 {"HKDF-SHA-256", hkdf_case},
                 {"AES-GCM", aes_gcm_case}};
    const char *algorithm = json_string_value(json_object_get(root, "algorithm"));
    const json_t *groups = json_object_get(root, "testGroups"), *group, *test;
    size_t i = 0, g, t;

    while (i < sizeof known / sizeof known[0] && strcmp(known[i].algorithm, algorithm) != 0) {
        i++;
    }
    if (i == sizeof known / sizeof known[0]) {
        outcome->unknown = true;
        return;
    }
    json_array_foreach(groups, g, group)
    {
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            known[i].replay(outcome, group, test);
        }
    }
}
