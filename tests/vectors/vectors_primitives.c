/* vectors_primitives.c - replay vectors of the XOF, TurboSHAKE128 (RFC 9861) and HPKE (RFC 9180, appendix
 * A.1.1). */
#include "vectors.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/flp.h"
#include "crypto/hpke.h"
#include "crypto/turboshake.h"
#include "crypto/xof.h"

static void check(struct outcome *outcome, bool good, const char *what)
{
    outcome->checked++;
    if (!good) {
        fail(outcome, "%s", what);
    }
}

void replay_xof(struct outcome *outcome, const json_t *root)
{
    struct blob seed = blob_of(root, "seed"), tag = blob_of(root, "dst"), binder = blob_of(root, "binder");
    struct blob derived = blob_of(root, "derived_seed"), expanded = blob_of(root, "expanded_vec_field128");
    size_t num = (size_t)json_integer_value(json_object_get(root, "length"));
    uint8_t out[XOF_SEED_SIZE], *vector = malloc(num * flp_field128.element_size);
    struct xof xof;

    check(outcome, seed.len == XOF_SEED_SIZE, "seed size");
    for (size_t split = 0; split <= tag.len && !outcome->failed;
         split++) { /* prefix and context are joined */
        xof_init(&xof, seed.data, tag.data, split, tag.data + split, tag.len - split);
        xof_bind(&xof, binder.data, binder.len);
        xof_finish(&xof);
        xof_next(&xof, out, sizeof out);
        check(outcome, blob_equals(&derived, out, sizeof out), "derived seed");
    }
    xof_init(&xof, seed.data, tag.data, tag.len, NULL, 0);
    xof_bind(&xof, binder.data, binder.len);
    xof_finish(&xof);
    flp_field128.expand(vector, num, &xof);
    check(outcome, blob_equals(&expanded, vector, num * flp_field128.element_size), "expanded vector");
    free(vector);
    free(seed.data);
    free(tag.data);
    free(binder.data);
    free(derived.data);
    free(expanded.data);
}

/* The file's notation: `00`^0 is empty; ptn(17**n bytes) is 00 01 .. FA repeated; else hexadecimal bytes. */
static struct blob message_of(const char *notation)
{
    struct blob message = {NULL, 0};
    unsigned exponent;

    if (sscanf(notation, "ptn(17**%u bytes)", &exponent) == 1) {
        message.len = 1;
        while (exponent-- > 0) {
            message.len *= 17;
        }
        message.data = malloc(message.len);
        for (size_t i = 0; i < message.len; i++) {
            message.data[i] = (uint8_t)(i % 0xfb);
        }
        return message;
    }
    message.data = malloc(strlen(notation) + 1);
    if (strcmp(notation, "`00`^0") != 0) {
        for (const char *next = notation + 1; isxdigit((unsigned char)*next);
             next += next[2] == ' ' ? 3 : 2) {
            message.data[message.len++] = (uint8_t)strtoul((const char[]){next[0], next[1], '\0'}, NULL, 16);
        }
    }
    return message;
}

static void replay_one_turboshake(struct outcome *outcome, const json_t *vector)
{
    struct blob message = message_of(json_string_value(json_object_get(vector, "message")));
    struct blob expected = blob_of(vector, "output");
    uint8_t domain = (uint8_t)strtoul(json_string_value(json_object_get(vector, "domain")), NULL, 16);
    size_t len = (size_t)json_integer_value(json_object_get(vector, "length"));
    uint8_t *out = malloc(len);

    for (size_t piece = 1; piece <= 400; piece += 57) { /* pieces of any size give the same */
        struct turboshake128 sponge;
        turboshake128_init(&sponge);
        for (size_t at = 0; at < message.len; at += piece) {
            turboshake128_absorb(&sponge, message.data + at,
                                 message.len - at < piece ? message.len - at : piece);
        }
        turboshake128_finish(&sponge, domain);
        for (size_t at = 0; at < len; at += piece) {
            turboshake128_squeeze(&sponge, out + at, len - at < piece ? len - at : piece);
        }
        check(outcome, len >= expected.len && blob_equals(&expected, out + len - expected.len, expected.len),
              "output");
    }
    free(out);
    free(message.data);
    free(expected.data);
}

void replay_turboshake(struct outcome *outcome, const json_t *root)
{
    const json_t *vectors = json_object_get(root, "vectors");

    for (size_t i = 0; i < json_array_size(vectors); i++) {
        replay_one_turboshake(outcome, json_array_get(vectors, i));
    }
}

/* Sealing derives the ephemeral key from ikmE; only sequence number 0 exists in single-shot use. */
static void replay_message(struct outcome *outcome, const json_t *vector, const json_t *message)
{
    struct blob ikm = blob_of(vector, "ikmE"), recipient = blob_of(vector, "pkRm"),
                secret = blob_of(vector, "skRm");
    struct blob enc = blob_of(vector, "enc"), info = blob_of(vector, "info");
    struct blob plaintext = blob_of(message, "pt"), aad = blob_of(message, "aad"),
                sealed = blob_of(message, "ct");
    uint8_t *ciphertext = malloc(plaintext.len + HPKE_TAG_SIZE), *opened = malloc(sealed.len),
            made[HPKE_KEY_SIZE];

    check(outcome,
          hpke_seal(made, ciphertext, recipient.data, info.data, info.len, aad.data, aad.len, plaintext.data,
                    plaintext.len, ikm.data),
          "seal");
    check(outcome, blob_equals(&enc, made, sizeof made), "enc");
    check(outcome, blob_equals(&sealed, ciphertext, plaintext.len + HPKE_TAG_SIZE), "ciphertext");
    check(outcome,
          hpke_open(opened, enc.data, sealed.data, sealed.len, secret.data, info.data, info.len, aad.data,
                    aad.len),
          "open");
    check(outcome, blob_equals(&plaintext, opened, sealed.len - HPKE_TAG_SIZE), "plaintext");
    struct blob *all[] = {&ikm, &recipient, &secret, &enc, &info, &plaintext, &aad, &sealed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]->data);
    }
    free(ciphertext);
    free(opened);
}

static void replay_key_pair(struct outcome *outcome, const json_t *vector, const char *ikm_key,
                            const char *secret_key, const char *public_key)
{
    struct blob ikm = blob_of(vector, ikm_key), secret = blob_of(vector, secret_key);
    struct blob public = blob_of(vector, public_key);
    uint8_t made_secret[HPKE_KEY_SIZE], made_public[HPKE_KEY_SIZE];

    hpke_derive_key_pair(made_secret, made_public, ikm.data, ikm.len);
    check(outcome, blob_equals(&secret, made_secret, sizeof made_secret), secret_key);
    check(outcome, blob_equals(&public, made_public, sizeof made_public), public_key);
    free(ikm.data);
    free(secret.data);
    free(public.data);
}

void replay_hpke(struct outcome *outcome, const json_t *root)
{
    const json_t *vector = json_object_get(root, "vector"),
                 *messages = json_object_get(vector, "encryptions");

    replay_key_pair(outcome, vector, "ikmE", "skEm", "pkEm");
    replay_key_pair(outcome, vector, "ikmR", "skRm", "pkRm");
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        if (strcmp(json_string_value(json_object_get(message, "sequence_number")), "0") == 0) {
            replay_message(outcome, vector, message);
        } else {
            outcome->skipped++;
        }
    }
    outcome->skipped += json_array_size(json_object_get(vector, "exports"));
    if (!outcome->failed) {
        snprintf(outcome->reason, sizeof outcome->reason,
                 "later sequence numbers and exports are not offered");
    }
}
