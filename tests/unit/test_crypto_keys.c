/* test_crypto_keys.c - the wrappers of keys.h and secret.h: what they promise beyond published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/keys.h"
#include "crypto/secret.h"

static const uint8_t key_a[KEY_SIZE] = {1, 2, 3}, key_b[KEY_SIZE] = {9, 8, 7};

static void test_sign__refuses_what_was_not_signed(void **state)
{
    uint8_t public_a[KEY_SIZE], public_b[KEY_SIZE], signature[SIGNATURE_SIZE];
    char message[] = "freeze list of bucket 330302";

    (void)state;
    sign_public(public_a, key_a);
    sign_public(public_b, key_b);
    sign_make(signature, key_a, message, sizeof message);
    assert_true(sign_check(signature, public_a, message, sizeof message));
    assert_false(sign_check(signature, public_b, message, sizeof message));
    assert_false(sign_check(signature, public_a, message, sizeof message - 1));
    for (size_t i = 0; i < SIGNATURE_SIZE; i++) {
        signature[i] ^= 1;
        assert_false(sign_check(signature, public_a, message, sizeof message));
        signature[i] ^= 1;
    }
    message[3] ^= 1;
    assert_false(sign_check(signature, public_a, message, sizeof message));
}

static void test_sign__takes_an_empty_message(void **state)
{
    uint8_t public_key[KEY_SIZE], signature[SIGNATURE_SIZE];

    (void)state;
    sign_public(public_key, key_a);
    sign_make(signature, key_a, NULL, 0);
    assert_true(sign_check(signature, public_key, NULL, 0));
    assert_false(sign_check(signature, public_key, "x", 1));
}

static void test_sign__refuses_keys_that_are_no_points(void **state)
{
    uint8_t signature[SIGNATURE_SIZE], public_key[KEY_SIZE];
    unsigned refused = 0;

    (void)state;
    sign_make(signature, key_a, "m", 1);
    for (unsigned i = 0; i < 64; i++) {
        memset(public_key, (int)i, sizeof public_key);
        refused += !sign_check(signature, public_key, "m", 1);
    }
    assert_int_equal(refused, 64);
}

static void test_agree__is_the_same_from_both_ends(void **state)
{
    uint8_t public_a[KEY_SIZE], public_b[KEY_SIZE], at_a[KEY_SIZE], at_b[KEY_SIZE];

    (void)state;
    agree_public(public_a, key_a);
    agree_public(public_b, key_b);
    assert_true(agree(at_a, key_a, public_b));
    assert_true(agree(at_b, key_b, public_a));
    assert_memory_equal(at_a, at_b, KEY_SIZE);
}

static void test_agree__refuses_low_order_keys(void **state)
{
    uint8_t shared[KEY_SIZE], public_key[KEY_SIZE] = {0};

    (void)state;
    assert_false(agree(shared, key_a, public_key));
    public_key[0] = 1;
    assert_false(agree(shared, key_a, public_key));
}

static void test_digest__is_sha256_however_it_is_cut(void **state)
{
    static const uint8_t abc[DIGEST_SIZE] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                             0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                             0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t out[DIGEST_SIZE];

    (void)state;
    digest(out, "abc", 3);
    assert_memory_equal(out, abc, sizeof abc);
    digest_of(out, (const struct bytes[]){{"a", 1}, {NULL, 0}, {"bc", 2}}, 3);
    assert_memory_equal(out, abc, sizeof abc);
}

static void test_derive__separates_secret_salt_and_info(void **state)
{
    uint8_t outs[4][40];

    (void)state;
    derive(outs[0], 40, "secret", 6, "salt", 4, "info", 4);
    derive(outs[1], 40, "secreT", 6, "salt", 4, "info", 4);
    derive(outs[2], 40, "secret", 6, "salT", 4, "info", 4);
    derive(outs[3], 40, "secret", 6, "salt", 4, "infO", 4);
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(outs[i], outs[j], 40);
        }
    }
    derive(outs[1], 33, "secret", 6, "salt", 4, "info", 4);
    assert_memory_equal(outs[0], outs[1], 33);
}

static void test_at_rest__opens_what_was_sealed(void **state)
{
    static const char data[] = "output share of report 7";

    (void)state;
    for (size_t len = 0; len <= sizeof data; len++) {
        uint8_t *sealed = malloc(len + AT_REST_OVERHEAD), *opened = malloc(len + 1);
        at_rest_seal(sealed, key_a, 5, "shares/7", 8, data, len);
        assert_true(at_rest_open(opened, key_a, 5, "shares/7", 8, sealed, len + AT_REST_OVERHEAD));
        assert_memory_equal(opened, data, len);
        free(sealed);
        free(opened);
    }
}

static void test_at_rest__refuses_any_change(void **state)
{
    enum { LEN = 20 };
    uint8_t data[LEN] = {1}, sealed[LEN + AT_REST_OVERHEAD], opened[LEN + AT_REST_OVERHEAD];

    (void)state;
    at_rest_seal(sealed, key_a, 5, "shares/7", 8, data, LEN);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 0x10;
        assert_false(at_rest_open(opened, key_a, 5, "shares/7", 8, sealed, sizeof sealed));
        sealed[i] ^= 0x10;
    }
    for (size_t len = 0; len < sizeof sealed; len++) {
        assert_false(at_rest_open(opened, key_a, 5, "shares/7", 8, sealed, len));
    }
    assert_false(at_rest_open(opened, key_b, 5, "shares/7", 8, sealed, sizeof sealed));
    assert_false(at_rest_open(opened, key_a, 6, "shares/7", 8, sealed, sizeof sealed));
    assert_false(at_rest_open(opened, key_a, 5, "shares/8", 8, sealed, sizeof sealed));
    assert_false(at_rest_open(opened, key_a, 5, "shares/", 7, sealed, sizeof sealed));
    assert_true(at_rest_open(opened, key_a, 5, "shares/7", 8, sealed, sizeof sealed));
}

static void test_at_rest__never_gives_the_same_bytes_twice(void **state)
{
    uint8_t one[4 + AT_REST_OVERHEAD], two[4 + AT_REST_OVERHEAD];

    (void)state;
    at_rest_seal(one, key_a, 1, NULL, 0, "data", 4);
    at_rest_seal(two, key_a, 1, NULL, 0, "data", 4);
    assert_memory_not_equal(one + 2, two + 2, 12);
    assert_memory_not_equal(one + 14, two + 14, 4 + 16);
}

static void test_secret__random_fills_every_byte(void **state)
{
    uint8_t seen[700] = {0}, out[700];

    (void)state;
    for (int round = 0; round < 8; round++) {
        secret_random(out, sizeof out);
        for (size_t i = 0; i < sizeof out; i++) {
            seen[i] |= out[i];
        }
    }
    for (size_t i = 0; i < sizeof seen; i++) {
        assert_int_not_equal(seen[i], 0); /* fails by chance once in 10^16 */
    }
    secret_random(NULL, 0);
}

static void test_secret__compares_and_wipes(void **state)
{
    uint8_t a[9] = "12345678", b[9] = "12345678", zero[9] = {0};

    (void)state;
    assert_true(secret_equal(a, b, sizeof a));
    b[8] = 1;
    assert_false(secret_equal(a, b, sizeof a));
    assert_true(secret_equal(a, b, 8));
    assert_true(secret_equal(a, b, 0));
    secret_wipe(a, sizeof a);
    assert_memory_equal(a, zero, sizeof a);
    secret_wipe(NULL, 0);
    secret_free(NULL, 0);
    secret_free(malloc(10), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sign__refuses_what_was_not_signed),
        cmocka_unit_test(test_sign__takes_an_empty_message),
        cmocka_unit_test(test_sign__refuses_keys_that_are_no_points),
        cmocka_unit_test(test_agree__is_the_same_from_both_ends),
        cmocka_unit_test(test_agree__refuses_low_order_keys),
        cmocka_unit_test(test_digest__is_sha256_however_it_is_cut),
        cmocka_unit_test(test_derive__separates_secret_salt_and_info),
        cmocka_unit_test(test_at_rest__opens_what_was_sealed),
        cmocka_unit_test(test_at_rest__refuses_any_change),
        cmocka_unit_test(test_at_rest__never_gives_the_same_bytes_twice),
        cmocka_unit_test(test_secret__random_fills_every_byte),
        cmocka_unit_test(test_secret__compares_and_wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
