/* test_cert.c - an authority, its leaves, and what must not get a certificate; libcrypto judges the results.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
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
        cert_sign(&leaf.cert, authority.key, authority.cert, leaf_request, "leader.wz.example", 365 * DAY_MS, NOW_MS,
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

static void test_cert__an_authority_is_for_twenty_years_and_signs_issuers_and_leaves(void **state)
{
    struct cert_info info = {0};
    X509 *cert = parse(authority.cert);

    (void)state;
    assert_int_equal(cert_read(&info, authority.cert, NULL), 0);
    assert_string_equal(info.dns_name, "");
    assert_int_equal(info.not_after_ms, NOW_MS + CERT_AUTHORITY_DAYS * DAY_MS);
    assert_int_equal(X509_check_ca(cert), 1);
    assert_int_equal(X509_get_pathlen(cert), 2); /* an authority that follows it, and issuers */
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
    assert_int_equal(cert_sign(&second, authority.key, authority.cert, leaf_request, "leader.wz.example", 365 * DAY_MS,
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

    assert_int_equal(cert_sign(&signed_cert, key, cert, request, name, 365 * DAY_MS, now_ms, NULL), ERR_CERTIFICATE);
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
    assert_int_equal(cert_sign(&cert, authority.key, authority.cert, leaf_request, "leader.wz.example", 365 * DAY_MS,
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
        cert_sign(&cert, authority.key, authority.cert, request, "leader.wz.example", DAY_MS, NOW_MS, NULL), 0);
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
        if (cert_sign(&cert, authority.key, authority.cert, damaged, "leader.wz.example", 365 * DAY_MS, NOW_MS,
                      NULL) == 0)
            fail_msg("damage at %zu was not noticed", i);
        damaged[i] = old;
    }
    free(damaged);
}

static void test_cert__pem_is_bounded(void **state)
{
    size_t size = CERT_PEM_MAX + 2;
    char *large = malloc(size), *two = malloc(strlen(leaf.cert) + strlen(leaf_request) + 1);
    struct cert_info info;

    (void)state;
    memset(large, '\n', size - 1);
    large[size - 1] = '\0';
    memcpy(large + size - 1 - strlen(leaf.cert), leaf.cert, strlen(leaf.cert));
    assert_int_equal(cert_read(&info, large, NULL), ERR_CERTIFICATE);
    assert_int_equal(cert_read(&info, large + 1, NULL), 0);
    strcpy(two, leaf.cert);
    strcat(two, leaf_request); /* not all of it certificates */
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

/* ---- issuing certificates ---- */

/* An issuing certificate of leader.wz.example for itself, what is beneath, and one name of another domain. */
static struct pair make_issuer(const struct pair *by)
{
    static const char *const permitted[] = {"leader.wz.example", "helper.univ.example"};
    struct pair issuer = {0};
    char *request = NULL;

    assert_int_equal(cert_make_request(&issuer.key, &request, "leader.wz.example", NULL), 0);
    assert_int_equal(cert_sign_issuer(&issuer.cert, by->key, by->cert, request, "leader.wz.example", permitted,
                                      2, 1826 * DAY_MS, NOW_MS, NULL),
                     0);
    free(request);
    return issuer;
}

static int sign_named(char **chain, const struct pair *by, const char *name)
{
    char *key = NULL, *request = NULL;
    int rc;

    assert_int_equal(cert_make_request(&key, &request, name, NULL), 0);
    rc = cert_sign(chain, by->key, by->cert, request, name, 90 * DAY_MS, NOW_MS, NULL);
    secret_free(key, strlen(key));
    free(request);
    return rc;
}

static void test_issuer__its_leaves_lead_to_the_authority(void **state)
{
    static const char *const names[] = {"leader.wz.example", "h1.leader.wz.example", "helper.univ.example"};
    struct pair issuer = make_issuer(&authority);
    struct cert_info info;

    (void)state;
    assert_int_equal(cert_check_issuer(issuer.cert, authority.cert, issuer.key, NOW_MS, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        char *chain = NULL;

        assert_int_equal(sign_named(&chain, &issuer, names[i]), 0);
        assert_int_equal(cert_check(chain, authority.cert, NULL, names[i], NOW_MS, NULL), 0);
        refuse_check(chain, other_authority.cert, NULL, NULL, NOW_MS, "");
        refuse_check(chain, issuer.cert, NULL, NULL, NOW_MS, ""); /* an issuer is no root */
        assert_true(cert_read_at(&info, chain, 1));
        assert_int_equal(info.not_after_ms, NOW_MS + 1826 * DAY_MS);
        assert_false(cert_read_at(&info, chain, 2)); /* the authority itself is not sent */
        free(chain);
    }
    free_pair(&issuer);
}

static void test_cross__who_trusts_either_authority_accepts_what_the_new_one_signs(void **state)
{
    struct pair next = make_authority("weft second"), known = {0}, issuer;
    char *cross = NULL, *chain = NULL;

    (void)state;
    assert_int_equal(cert_cross_sign(&cross, authority.key, authority.cert, next.cert, NOW_MS, NULL), 0);
    assert_true(asprintf(&known.cert, "%s%s", next.cert, cross) > 0);
    known.key = next.key;
    issuer = make_issuer(&known);
    assert_int_equal(sign_named(&chain, &issuer, "leader.wz.example"), 0);
    assert_int_equal(cert_check(chain, next.cert, NULL, NULL, NOW_MS, NULL), 0);
    assert_int_equal(cert_check(chain, authority.cert, NULL, NULL, NOW_MS, NULL), 0);
    refuse_check(chain, other_authority.cert, NULL, NULL, NOW_MS, "");
    free(known.cert);
    free(chain);
    free_pair(&issuer);

    /* not without the cross certificate, and it makes no authority of who holds it alone */
    issuer = make_issuer(&next);
    assert_int_equal(sign_named(&chain, &issuer, "leader.wz.example"), 0);
    assert_int_equal(cert_check(chain, next.cert, NULL, NULL, NOW_MS, NULL), 0);
    refuse_check(chain, authority.cert, NULL, NULL, NOW_MS, "");
    free(chain);
    free(cross);
    assert_int_equal(cert_cross_sign(&cross, next.key, authority.cert, next.cert, NOW_MS, NULL), ERR_CERTIFICATE);
    assert_int_equal(cert_cross_sign(&cross, authority.key, authority.cert, leaf.cert, NOW_MS, NULL), ERR_CERTIFICATE);
    free_pair(&issuer);
    free_pair(&next);
}

static void test_issuer__signs_no_name_that_it_may_not(void **state)
{
    static const char *const names[] = {"wz.example", "xleader.wz.example", "other.example",
                                        "leader.wz.example.evil"};
    struct pair issuer = make_issuer(&authority);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        char *chain = NULL;

        assert_int_equal(sign_named(&chain, &issuer, names[i]), ERR_CERTIFICATE);
        assert_null(chain);
    }
    free_pair(&issuer);
}

/* The constraint binds a stolen issuing key too, with whatever program it signs: verifiers refuse the chain. */
static void test_issuer__verifiers_refuse_what_a_stolen_key_signs_beyond_its_names(void **state)
{
    struct pair issuer = make_issuer(&authority), alone = {0};
    char *leaf_only = NULL, *chain = NULL;
    size_t size;

    (void)state;
    alone = make_authority("weft issuer leader.wz.example"); /* the same name, no constraints: signs anything */
    assert_int_equal(sign_named(&leaf_only, &alone, "other.example"), 0);
    size = strlen(leaf_only) + strlen(issuer.cert) + 1;
    chain = malloc(size);
    snprintf(chain, size, "%s%s", leaf_only, issuer.cert);
    refuse_check(chain, authority.cert, NULL, NULL, NOW_MS, "");
    free(chain);
    free(leaf_only);
    free_pair(&alone);

    /* signed by the issuer's own key: only the constraint stands in the way */
    {
        static const char *const any[] = {"example"};
        char *request = NULL, *wide = NULL;

        assert_int_equal(cert_request(&request, issuer.key, "leader.wz.example", NULL), 0);
        assert_int_equal(cert_sign_issuer(&wide, other_authority.key, other_authority.cert, request,
                                          "leader.wz.example", any, 1, DAY_MS, NOW_MS, NULL),
                         0);
        alone = (struct pair){issuer.key, wide};
        assert_int_equal(sign_named(&leaf_only, &alone, "other.example"), 0);
        *strstr(strstr(leaf_only, "-----END"), "\n") = '\0';
        size = strlen(leaf_only) + strlen(issuer.cert) + 2;
        chain = malloc(size);
        snprintf(chain, size, "%s\n%s", leaf_only, issuer.cert);
        refuse_check(chain, authority.cert, NULL, NULL, NOW_MS, "permitted subtree violation");
        free(chain);
        free(leaf_only);
        free(wide);
        free(request);
    }
    free_pair(&issuer);
}

static void test_issuer__makes_no_further_issuer_and_permits_names_only(void **state)
{
    static const char *const bad[] = {"", "*.wz.example", "a,permitted;DNS:b", ".wz.example"};
    struct pair issuer = make_issuer(&authority);
    char *request = NULL, *chain = NULL;

    (void)state;
    assert_int_equal(cert_request(&request, issuer.key, "leader.wz.example", NULL), 0);
    assert_int_equal(cert_sign_issuer(&chain, issuer.key, issuer.cert, request, "leader.wz.example",
                                      (const char *const[]){"leader.wz.example"}, 1, DAY_MS, NOW_MS, NULL),
                     ERR_CERTIFICATE);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(cert_sign_issuer(&chain, authority.key, authority.cert, request, "leader.wz.example",
                                          &bad[i], 1, DAY_MS, NOW_MS, NULL),
                         ERR_CERTIFICATE);
    assert_int_equal(cert_sign_issuer(&chain, authority.key, authority.cert, request, "leader.wz.example", NULL, 0,
                                      DAY_MS, NOW_MS, NULL),
                     ERR_CERTIFICATE);
    assert_null(chain);
    free(request);
    free_pair(&issuer);
}

static void test_bundle__old_and_new_authority_hold_together(void **state)
{
    size_t size = strlen(authority.cert) + strlen(other_authority.cert) + 1;
    char *bundle = malloc(size), *chain = NULL;

    (void)state;
    snprintf(bundle, size, "%s%s", authority.cert, other_authority.cert);
    assert_int_equal(sign_named(&chain, &other_authority, "h1.example"), 0);
    assert_int_equal(cert_check(chain, bundle, NULL, NULL, NOW_MS, NULL), 0);
    assert_int_equal(cert_check(leaf.cert, bundle, NULL, NULL, NOW_MS, NULL), 0);
    assert_int_equal(cert_check_authority(authority.cert, NULL), 0);
    assert_int_equal(cert_check_authority(bundle, NULL), ERR_CERTIFICATE);
    assert_int_equal(cert_check_authority(leaf.cert, NULL), ERR_CERTIFICATE);
    free(chain);
    free(bundle);
}

static void test_cert__half_of_its_life_is_over_half_way(void **state)
{
    struct cert_info info;

    (void)state;
    assert_int_equal(cert_read(&info, leaf.cert, NULL), 0);
    assert_int_equal(cert_half_life_ms(&info), NOW_MS + 365 * DAY_MS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cert__a_leaf_reads_as_it_was_ordered),
        cmocka_unit_test(test_cert__an_authority_is_for_twenty_years_and_signs_issuers_and_leaves),
        cmocka_unit_test(test_cert__a_leaf_is_client_and_server_but_no_authority),
        cmocka_unit_test(test_cert__serials_differ),
        cmocka_unit_test(test_cert__checks_name_time_authority_and_key),
        cmocka_unit_test(test_cert__signs_only_the_expected_name),
        cmocka_unit_test(test_cert__only_a_valid_authority_signs),
        cmocka_unit_test(test_cert__a_leaf_ends_no_later_than_its_authority),
        cmocka_unit_test(test_cert__forged_requests_get_no_certificate),
        cmocka_unit_test(test_cert__a_damaged_request_is_refused_wherever_it_is_damaged),
        cmocka_unit_test(test_cert__pem_is_bounded),
        cmocka_unit_test(test_cert__requests_need_a_dns_name),
        cmocka_unit_test(test_issuer__its_leaves_lead_to_the_authority),
        cmocka_unit_test(test_cross__who_trusts_either_authority_accepts_what_the_new_one_signs),
        cmocka_unit_test(test_issuer__signs_no_name_that_it_may_not),
        cmocka_unit_test(test_issuer__verifiers_refuse_what_a_stolen_key_signs_beyond_its_names),
        cmocka_unit_test(test_issuer__makes_no_further_issuer_and_permits_names_only),
        cmocka_unit_test(test_bundle__old_and_new_authority_hold_together),
        cmocka_unit_test(test_cert__half_of_its_life_is_over_half_way),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
