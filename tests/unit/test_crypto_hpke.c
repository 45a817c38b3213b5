/* test_crypto_hpke.c - sealing to a key: only the right key with the right inputs opens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/hpke.h"

#define MESSAGE_LEN 50

struct sealed {
    uint8_t private_key[HPKE_KEY_SIZE], public_key[HPKE_KEY_SIZE], ikm[HPKE_IKM_SIZE];
    uint8_t info[10], aad[12], message[MESSAGE_LEN];
    uint8_t enc[HPKE_KEY_SIZE], ciphertext[MESSAGE_LEN + HPKE_TAG_SIZE];
};

static void make(struct sealed *sealed)
{
    *sealed = (struct sealed){
        .ikm = {7}, .info = "recipient", .aad = "report 1234", .message = "a vector of counts"};
    hpke_derive_key_pair(sealed->private_key, sealed->public_key, (const uint8_t *)"a secret", 8);
    assert_true(hpke_seal(sealed->enc, sealed->ciphertext, sealed->public_key, sealed->info,
                          sizeof sealed->info, sealed->aad, sizeof sealed->aad, sealed->message, MESSAGE_LEN,
                          sealed->ikm));
}

static bool opens(const struct sealed *sealed)
{
    uint8_t opened[MESSAGE_LEN];
    bool good =
        hpke_open(opened, sealed->enc, sealed->ciphertext, sizeof sealed->ciphertext, sealed->private_key,
                  sealed->info, sizeof sealed->info, sealed->aad, sizeof sealed->aad);

    assert_true(!good || memcmp(opened, sealed->message, MESSAGE_LEN) == 0);
    return good;
}

static void test_hpke__opens_what_was_sealed(void **state)
{
    struct sealed sealed;

    (void)state;
    make(&sealed);
    assert_true(opens(&sealed));
}

static void test_hpke__refuses_any_change(void **state)
{
    struct sealed sealed;

    (void)state;
    make(&sealed);
    const struct {
        uint8_t *data;
        size_t len;
    } parts[] = {{sealed.ciphertext, sizeof sealed.ciphertext},
                 {sealed.info, sizeof sealed.info},
                 {sealed.aad, sizeof sealed.aad},
                 {sealed.enc, sizeof sealed.enc},
                 {sealed.private_key + 1, HPKE_KEY_SIZE - 2}}; /* the ends have bits that X25519 ignores */
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        for (size_t i = 0; i < parts[p].len; i++) {
            parts[p].data[i] ^= 0x20;
            assert_false(opens(&sealed));
            parts[p].data[i] ^= 0x20;
        }
    }
    assert_true(opens(&sealed));
    sealed.enc[31] ^= 0x80; /* the bit that X25519 ignores still counts: the encapsulated key is hashed */
    assert_false(opens(&sealed));
}

static void test_hpke__refuses_what_is_too_short(void **state)
{
    struct sealed sealed;
    uint8_t opened[MESSAGE_LEN + HPKE_TAG_SIZE];

    (void)state;
    make(&sealed);
    for (size_t len = 0; len < sizeof sealed.ciphertext; len++) {
        assert_false(hpke_open(opened, sealed.enc, sealed.ciphertext, len, sealed.private_key, sealed.info,
                               sizeof sealed.info, sealed.aad, sizeof sealed.aad));
    }
}

static void test_hpke__refuses_low_order_keys(void **state)
{
    struct sealed sealed;
    uint8_t opened[MESSAGE_LEN];

    (void)state;
    make(&sealed);
    memset(sealed.public_key, 0, sizeof sealed.public_key);
    assert_false(hpke_seal(sealed.enc, sealed.ciphertext, sealed.public_key, NULL, 0, NULL, 0, sealed.message,
                           MESSAGE_LEN, sealed.ikm));
    memset(sealed.enc, 0, sizeof sealed.enc);
    assert_false(hpke_open(opened, sealed.enc, sealed.ciphertext, sizeof sealed.ciphertext,
                           sealed.private_key, sealed.info, sizeof sealed.info, sealed.aad,
                           sizeof sealed.aad));
}

static void test_hpke__seals_nothing_and_much(void **state)
{
    const size_t lens[] = {0, 1, 300000};
    struct sealed sealed;

    (void)state;
    make(&sealed);
    for (size_t i = 0; i < 3; i++) {
        uint8_t *plaintext = calloc(1, lens[i] + 1), *ciphertext = malloc(lens[i] + HPKE_TAG_SIZE);
        uint8_t *opened = malloc(lens[i] + 1);
        assert_true(hpke_seal(sealed.enc, ciphertext, sealed.public_key, NULL, 0, NULL, 0, plaintext, lens[i],
                              sealed.ikm));
        assert_true(hpke_open(opened, sealed.enc, ciphertext, lens[i] + HPKE_TAG_SIZE, sealed.private_key,
                              NULL, 0, NULL, 0));
        assert_memory_equal(opened, plaintext, lens[i]);
        free(plaintext);
        free(ciphertext);
        free(opened);
    }
}

static void test_hpke__is_determined_by_its_inputs(void **state)
{
    struct sealed one, two;

    (void)state;
    make(&one);
    make(&two);
    assert_memory_equal(&one, &two, sizeof one);
    two.ikm[0] ^= 1;
    assert_true(hpke_seal(two.enc, two.ciphertext, two.public_key, two.info, sizeof two.info, two.aad,
                          sizeof two.aad, two.message, MESSAGE_LEN, two.ikm));
    assert_memory_not_equal(one.enc, two.enc, sizeof one.enc);
    assert_true(opens(&two));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hpke__opens_what_was_sealed),
        cmocka_unit_test(test_hpke__refuses_any_change),
        cmocka_unit_test(test_hpke__refuses_what_is_too_short),
        cmocka_unit_test(test_hpke__refuses_low_order_keys),
        cmocka_unit_test(test_hpke__seals_nothing_and_much),
        cmocka_unit_test(test_hpke__is_determined_by_its_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
