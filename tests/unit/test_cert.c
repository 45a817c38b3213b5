/* test_cert.c - an authority, its leaves, and what must not get a certificate; libcrypto judges the results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base/cert.h"
#include "crypto/secret.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01 */
#define DAY_MS INT64_C(86400000)

struct pair {
    char *key, *cert;
};

static struct pair authority, other_authority, leaf;
static char *leaf_request;

static struct pair make_authority(const char *name)
{
    struct pair pair = {0};

    assert_int_equal(cert_make_authority(&pair.key, &pair.cert, name, NOW_MS, NULL), 0);
    return pair;
}

static int make(void **state)
{
    struct err err = {0};

    (void)state;
    authority = make_authority("weft 温州 authority");
    other_authority = make_authority("weft 温州 authority"); /* the same name, another key */
    if (cert_make_request(&leaf.key, &leaf_request, "leader.wz.example", &err) != 0 ||
        cert_sign(&leaf.cert, authority.key, authority.cert, leaf_request, "leader.wz.example", 365, NOW_MS,
                  &err) != 0) {
        print_message("%s\n", err.detail);
        return -1;
    }
    return 0;
}

static void free_pair(struct pair *pair)
{
    secret_free(pair->key, strlen(pair->key));
    free(pair->cert);
}

static int unmake(void **state)
{
    (void)state;
    free_pair(&authority);
    free_pair(&other_authority);
    free_pair(&leaf);
    free(leaf_request);
    return 0;
}

static X509 *parse(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

static void test_cert__a_leaf_reads_as_it_was_ordered(void **state)
{
    struct cert_info info = {0};
    int64_t from, to;

    (void)state;
    assert_int_equal(cert_read(&info, leaf.cert, NULL), 0);
    assert_string_equal(info.dns_name, "leader.wz.example");
    from = info.not_before_ms;
    to = info.not_after_ms;
    assert_true(from <= NOW_MS && from > NOW_MS - DAY_MS);
    assert_int_equal(to, NOW_MS + 365 * DAY_MS);
    assert_int_equal(cert_check(leaf.cert, authority.cert, leaf.key, "leader.wz.example", NOW_MS, NULL), 0);
    assert_int_equal(cert_check(leaf.cert, authority.cert, NULL, NULL, NOW_MS, NULL), 0);
}

static void test_cert__an_authority_is_for_ten_years_and_signs_leaves_only(void **state)
{
    struct cert_info info = {0};
    X509 *cert = parse(authority.cert);

    (void)state;
    assert_int_equal(cert_read(&info, authority.cert, NULL), 0);
    assert_string_equal(info.dns_name, "");
    assert_int_equal(info.not_after_ms, NOW_MS + CERT_AUTHORITY_DAYS * DAY_MS);
    assert_int_equal(X509_check_ca(cert), 1);
    assert_int_equal(X509_get_pathlen(cert), 0);
    assert_int_equal(X509_get_key_usage(cert), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(X509_get_version(cert), X509_VERSION_3);
    X509_free(cert);
}

static void test_cert__a_leaf_is_client_and_server_but_no_authority(void **state)
{
    X509 *cert = parse(leaf.cert);

    (void)state;
    assert_int_equal(X509_check_ca(cert), 0);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_CLIENT | XKU_SSL_SERVER);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_check_host(cert, "leader.wz.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(cert, "wz.example", 0, 0, NULL), 0);
    assert_non_null(X509_get0_subject_key_id(cert));
    assert_non_null(X509_get0_authority_key_id(cert));
    X509_free(cert);
}

static void test_cert__serials_differ(void **state)
{
    char *second = NULL;
    X509 *a, *b;

    (void)state;
    assert_int_equal(cert_sign(&second, authority.key, authority.cert, leaf_request, "leader.wz.example", 365,
                               NOW_MS, NULL),
                     0);
    a = parse(leaf.cert);
    b = parse(second);
    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    X509_free(a);
    X509_free(b);
    free(second);
}

static void refuse_check(const char *cert, const char *ca, const char *key, const char *name, int64_t now_ms,
                         const char *why)
{
    struct err err = {0};

    assert_int_equal(cert_check(cert, ca, key, name, now_ms, &err), ERR_CERTIFICATE);
    if (strstr(err.detail, why) == NULL)
        fail_msg("%s, not: %s", err.detail, why);
}

static void test_cert__checks_name_time_authority_and_key(void **state)
{
    (void)state;
    refuse_check(leaf.cert, authority.cert, NULL, "helper.wz.example", NOW_MS, "leader.wz.example");
    refuse_check(leaf.cert, authority.cert, NULL, NULL, NOW_MS + 366 * DAY_MS, "expired");
    refuse_check(leaf.cert, authority.cert, NULL, NULL, NOW_MS - DAY_MS, "not yet valid");
    refuse_check(leaf.cert, other_authority.cert, NULL, NULL, NOW_MS, "");
    refuse_check(leaf.cert, authority.cert, authority.key, NULL, NOW_MS, "does not belong");
    refuse_check(leaf.cert, authority.cert, "rubbish", NULL, NOW_MS, "private key");
    refuse_check("rubbish", authority.cert, NULL, NULL, NOW_MS, "cannot be read");
    refuse_check(leaf.cert, "rubbish", NULL, NULL, NOW_MS, "cannot be read");
    refuse_check(leaf.cert, leaf.cert, NULL, NULL, NOW_MS, ""); /* a leaf is no authority */
}

static void refuse_sign(const char *key, const char *cert, const char *request, const char *name,
                        int64_t now_ms)
{
    char *signed_cert = NULL;

    assert_int_equal(cert_sign(&signed_cert, key, cert, request, name, 365, now_ms, NULL), ERR_CERTIFICATE);
    assert_null(signed_cert);
}

static void test_cert__signs_only_the_expected_name(void **state)
{
    (void)state;
    refuse_sign(authority.key, authority.cert, leaf_request, "helper.wz.example", NOW_MS);
    refuse_sign(authority.key, authority.cert, leaf_request, "", NOW_MS);
    refuse_sign(authority.key, authority.cert, leaf_request, "leader.wz.example.", NOW_MS);
}

static void test_cert__only_a_valid_authority_signs(void **state)
{
    (void)state;
    refuse_sign(other_authority.key, authority.cert, leaf_request, "leader.wz.example", NOW_MS);
    refuse_sign(leaf.key, leaf.cert, leaf_request, "leader.wz.example", NOW_MS);
    refuse_sign(authority.key, authority.cert, leaf_request, "leader.wz.example",
                NOW_MS + (CERT_AUTHORITY_DAYS + 1) * DAY_MS);
    refuse_sign(authority.key, authority.cert, leaf_request, "leader.wz.example", NOW_MS - DAY_MS);
    refuse_sign("rubbish", authority.cert, leaf_request, "leader.wz.example", NOW_MS);
}

static void test_cert__a_leaf_ends_no_later_than_its_authority(void **state)
{
    int64_t late_ms = NOW_MS + (CERT_AUTHORITY_DAYS - 10) * DAY_MS;
    struct cert_info info = {0};
    char *cert = NULL;

    (void)state;
    assert_int_equal(cert_sign(&cert, authority.key, authority.cert, leaf_request, "leader.wz.example", 365,
                               late_ms, NULL),
                     0);
    assert_int_equal(cert_read(&info, cert, NULL), 0);
    assert_int_equal(info.not_after_ms, NOW_MS + CERT_AUTHORITY_DAYS * DAY_MS);
    free(cert);
}

/* A request with alternative names and key as wished, signed by `signer`. */
static char *forge(const char *alt_names, EVP_PKEY *key, EVP_PKEY *signer)
{
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *pem;
    long length;

    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_ASC,
                               (const unsigned char *)"leader.wz.example", -1, -1, 0);
    if (alt_names != NULL) {
        STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();

        sk_X509_EXTENSION_push(extensions, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alt_names));
        assert_int_equal(X509_REQ_add_extensions(request, extensions), 1);
        sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    }
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_true(X509_REQ_sign(request, signer, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509_REQ(bio, request), 1);
    length = BIO_get_mem_data(bio, &data);
    pem = strndup(data, (size_t)length);
    BIO_free(bio);
    X509_REQ_free(request);
    return pem;
}

static void test_cert__forged_requests_get_no_certificate(void **state)
{
    static const char *const names[] = {NULL,
                                        "DNS:other.example",
                                        "DNS:leader.wz.example,DNS:other.example",
                                        "DNS:*.wz.example",
                                        "IP:10.0.0.1",
                                        "DNS:leader.wz.example,IP:10.0.0.1"};
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256"), *big = EVP_EC_gen("P-384");
    EVP_PKEY *rsa = EVP_RSA_gen(2048);
    char *request, *cert = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        request = forge(names[i], key, key);
        refuse_sign(authority.key, authority.cert, request, "leader.wz.example", NOW_MS);
        free(request);
    }
    request = forge("DNS:leader.wz.example", key, other); /* someone else's key */
    refuse_sign(authority.key, authority.cert, request, "leader.wz.example", NOW_MS);
    free(request);
    request = forge("DNS:leader.wz.example", big, big);
    refuse_sign(authority.key, authority.cert, request, "leader.wz.example", NOW_MS);
    free(request);
    request = forge("DNS:leader.wz.example", rsa, rsa);
    refuse_sign(authority.key, authority.cert, request, "leader.wz.example", NOW_MS);
    free(request);
    request = forge("DNS:leader.wz.example", key, key); /* the forger itself is sound */
    assert_int_equal(
        cert_sign(&cert, authority.key, authority.cert, request, "leader.wz.example", 1, NOW_MS, NULL), 0);
    free(cert);
    free(request);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
    EVP_PKEY_free(big);
    EVP_PKEY_free(rsa);
}

static void test_cert__a_damaged_request_is_refused_wherever_it_is_damaged(void **state)
{
    char *damaged = strdup(leaf_request);
    size_t begin = (size_t)(strchr(damaged, '\n') - damaged) + 1;
    size_t end = (size_t)(strstr(damaged, "-----END") - damaged);

    (void)state;
    for (size_t i = begin; i < end; i += 7) {
        char old = damaged[i], *cert = NULL;

        if (old == '\n' || old == '=')
            continue;
        damaged[i] = old == 'A' ? 'B' : 'A';
        if (cert_sign(&cert, authority.key, authority.cert, damaged, "leader.wz.example", 365, NOW_MS,
                      NULL) == 0)
            fail_msg("damage at %zu was not noticed", i);
        damaged[i] = old;
    }
    free(damaged);
}

static void test_cert__pem_is_bounded_and_single(void **state)
{
    size_t size = CERT_PEM_MAX + 2;
    char *large = malloc(size), *two = malloc(2 * strlen(leaf.cert) + 1);
    struct cert_info info;

    (void)state;
    memset(large, '\n', size - 1);
    large[size - 1] = '\0';
    memcpy(large + size - 1 - strlen(leaf.cert), leaf.cert, strlen(leaf.cert));
    assert_int_equal(cert_read(&info, large, NULL), ERR_CERTIFICATE);
    assert_int_equal(cert_read(&info, large + 1, NULL), 0);
    strcpy(two, leaf.cert);
    strcat(two, leaf.cert);
    assert_int_equal(cert_read(&info, two, NULL), ERR_CERTIFICATE);
    assert_int_equal(cert_read(&info, leaf_request, NULL), ERR_CERTIFICATE);
    assert_int_equal(cert_read(&info, "", NULL), ERR_CERTIFICATE);
    free(large);
    free(two);
}

static void test_cert__requests_need_a_dns_name(void **state)
{
    static const char *const bad[] = {"",    ".",       "a.",   ".a",   "a..b", "a b",
                                      "*.a", "a,DNS:b", "a\nb", "温州", "a/b"};
    char *key = NULL, *request = NULL;
    char longer[300];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(cert_make_request(&key, &request, bad[i], NULL), ERR_CERTIFICATE);
    memset(longer, 'a', sizeof(longer));
    longer[255] = '\0';
    assert_int_equal(cert_make_request(&key, &request, longer, NULL),
                     0); /* too long for a CN, not for a SAN */
    secret_free(key, strlen(key));
    free(request);
    longer[255] = 'a';
    longer[256] = '\0';
    assert_int_equal(cert_make_request(&key, &request, longer, NULL), ERR_CERTIFICATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cert__a_leaf_reads_as_it_was_ordered),
        cmocka_unit_test(test_cert__an_authority_is_for_ten_years_and_signs_leaves_only),
        cmocka_unit_test(test_cert__a_leaf_is_client_and_server_but_no_authority),
        cmocka_unit_test(test_cert__serials_differ),
        cmocka_unit_test(test_cert__checks_name_time_authority_and_key),
        cmocka_unit_test(test_cert__signs_only_the_expected_name),
        cmocka_unit_test(test_cert__only_a_valid_authority_signs),
        cmocka_unit_test(test_cert__a_leaf_ends_no_later_than_its_authority),
        cmocka_unit_test(test_cert__forged_requests_get_no_certificate),
        cmocka_unit_test(test_cert__a_damaged_request_is_refused_wherever_it_is_damaged),
        cmocka_unit_test(test_cert__pem_is_bounded_and_single),
        cmocka_unit_test(test_cert__requests_need_a_dns_name),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
