/* cert.c - X.509 authority, requests, leaf certificates and their checks, by libcrypto. */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cert.h"
#include "crypto/secret.h"

#define SERIAL_SIZE     16
#define SECONDS_PER_DAY 86400

/* libcrypto failed at something that bytes from outside cannot make fail. */
static int broken(struct err *err, const char *what)
{
    ERR_clear_error();
    return err_set(err, ERR_INTERNAL, "libcrypto: %s", what);
}

static int unusable(struct err *err, const char *what)
{
    ERR_clear_error(); /* its texts may repeat what was in the PEM */
    return err_set(err, ERR_CERTIFICATE, "%s", what);
}

/* ---- PEM ---- */

/* A secure BIO would need OpenSSL's locked heap; what a memory BIO leaves is wiped instead. */
static int take_pem(BIO *bio, char **pem)
{
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    char *copy = length > 0 ? malloc((size_t)length + 1) : NULL;

    if (copy == NULL)
        return -1;
    memcpy(copy, data, (size_t)length);
    copy[length] = '\0';
    secret_wipe(data, (size_t)length);
    *pem = copy;
    return 0;
}

static int key_to_pem(EVP_PKEY *key, char **pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = -1;

    if (bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        rc = take_pem(bio, pem);
    BIO_free(bio);
    return rc;
}

/* `cert`, then what of `issuers` (NULL: none) is not self-signed. */
static int chain_to_pem(X509 *cert, STACK_OF(X509) *issuers, char **pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool ok = bio != NULL && PEM_write_bio_X509(bio, cert) == 1;
    int rc = -1;

    for (int i = 0; ok && issuers != NULL && i < sk_X509_num(issuers); i++) {
        X509 *issuer = sk_X509_value(issuers, i);

        ok = X509_self_signed(issuer, 0) == 1 || PEM_write_bio_X509(bio, issuer) == 1;
    }
    if (ok)
        rc = take_pem(bio, pem);
    BIO_free(bio);
    return rc;
}

static int request_to_pem(X509_REQ *request, char **pem)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int rc = -1;

    if (bio != NULL && PEM_write_bio_X509_REQ(bio, request) == 1)
        rc = take_pem(bio, pem);
    BIO_free(bio);
    return rc;
}

/* Blocks of a text, not counted beyond `max` + 1; 0 when the text is longer than allowed. */
static int count_blocks(const char *pem, int max)
{
    int num = 0;

    if (strnlen(pem, CERT_PEM_MAX + 1) > CERT_PEM_MAX)
        return 0;
    for (const char *at = pem; num <= max && (at = strstr(at, "-----BEGIN ")) != NULL; at++)
        num++;
    return num;
}

/* NULL unless the text is bounded and holds one block. */
static BIO *open_pem(const char *pem)
{
    return count_blocks(pem, 1) == 1 ? BIO_new_mem_buf(pem, -1) : NULL;
}

/* Never ask a terminal for a pass phrase. */
static int no_password(char *buffer, int size, int writing, void *user)
{
    (void)buffer, (void)size, (void)writing, (void)user;
    return -1;
}

static EVP_PKEY *key_from_pem(const char *pem)
{
    BIO *bio = open_pem(pem);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    return key;
}

static void chain_free(STACK_OF(X509) *chain)
{
    sk_X509_pop_free(chain, X509_free);
}

/* A chain or bundle: NULL unless every block is a certificate. */
static STACK_OF(X509) *chain_from_pem(const char *pem)
{
    int num = count_blocks(pem, CERT_MAX_CHAIN);
    bool ok = num > 0 && num <= CERT_MAX_CHAIN;
    BIO *bio = ok ? BIO_new_mem_buf(pem, -1) : NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();

    ok = bio != NULL && chain != NULL;
    for (int i = 0; ok && i < num; i++) {
        X509 *cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);

        ok = cert != NULL && sk_X509_push(chain, cert) > 0;
        if (!ok)
            X509_free(cert);
    }
    BIO_free(bio);
    if (ok)
        return chain;
    chain_free(chain);
    return NULL;
}

static X509_REQ *request_from_pem(const char *pem)
{
    BIO *bio = open_pem(pem);
    X509_REQ *request = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    return request;
}

/* ---- parts ---- */

/* Letters, digits, '-' and '.', as a host name: anything else could be read differently by another program.
 */
static bool is_dns_name(const char *name, size_t length)
{
    if (length == 0 || length >= CERT_NAME_SIZE || name[0] == '.' || name[length - 1] == '.')
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' &&
            c != '.')
            return false;
        if (c == '.' && name[i - 1] == '.')
            return false;
    }
    return true;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[32];
    size_t length;

    return key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), &length) ==
               1 &&
           strcmp(group, "prime256v1") == 0;
}

/* A common name is at most 64 bytes long; a longer DNS name stands in the subjectAltName only. */
static bool add_common_name(X509_NAME *name, const char *text)
{
    char shortened[65];
    size_t length = strlen(text);

    if (length > 64)
        length = 64;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) /* not within a character */
        length--;
    memcpy(shortened, text, length);
    shortened[length] = '\0';
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)shortened, -1, -1,
                                      0) == 1;
}

static bool set_time(ASN1_TIME *time, int64_t ms)
{
    int64_t days = ms / CERT_MS_PER_DAY, seconds = ms % CERT_MS_PER_DAY / 1000;

    return days >= 0 && days < INT_MAX && ASN1_TIME_adj(time, 0, (int)days, (long)seconds) != NULL;
}

static bool get_time(const ASN1_TIME *time, int64_t *ms)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;
    bool ok = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

    if (ok)
        *ms = ((int64_t)days * SECONDS_PER_DAY + seconds) * 1000;
    ASN1_TIME_free(epoch);
    return ok;
}

static bool set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_SIZE];
    BIGNUM *number;
    bool ok;

    secret_random(bytes, sizeof(bytes));
    bytes[0] = (uint8_t)((bytes[0] & 0x7F) | 0x40); /* positive, of fixed length */
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
    BN_free(number);
    return ok;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool ok;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

/* The subjectAltName as a structure, not as text that a name could break out of. */
static GENERAL_NAMES *make_alt_names(const char *dns_name)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    if (names == NULL || name == NULL || text == NULL || ASN1_STRING_set(text, dns_name, -1) != 1)
        goto failed;
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    text = NULL; /* the name has it */
    if (sk_GENERAL_NAME_push(names, name) == 0)
        goto failed;
    return names;

failed:
    ASN1_IA5STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return NULL;
}

/* The DNS name, if the alternative names are exactly one DNS name. */
static bool get_dns_name(const GENERAL_NAMES *names, char out[CERT_NAME_SIZE])
{
    const GENERAL_NAME *name;
    const ASN1_STRING *text;
    size_t length;

    if (names == NULL || sk_GENERAL_NAME_num(names) != 1)
        return false;
    name = sk_GENERAL_NAME_value(names, 0);
    if (name->type != GEN_DNS)
        return false;
    text = name->d.dNSName;
    length = (size_t)ASN1_STRING_length(text);
    if (!is_dns_name((const char *)ASN1_STRING_get0_data(text), length))
        return false;
    memcpy(out, ASN1_STRING_get0_data(text), length);
    out[length] = '\0';
    return true;
}

/* What authority and leaf share: version, serial, validity, key. */
static bool set_basics(X509 *cert, EVP_PKEY *public_key, int64_t from_ms, int64_t to_ms)
{
    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
           set_time(X509_getm_notBefore(cert), from_ms) && set_time(X509_getm_notAfter(cert), to_ms) &&
           X509_set_pubkey(cert, public_key) == 1;
}

/* ---- making ---- */

int cert_make_authority(char **key_pem, char **cert_pem, const char *common_name, int64_t now_ms,
                        struct err *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    char *key_text = NULL, *cert_text = NULL;
    int rc = 0;

    if (key == NULL || cert == NULL ||
        !set_basics(cert, key, now_ms - CERT_BACKDATE_MS, now_ms + CERT_AUTHORITY_DAYS * CERT_MS_PER_DAY) ||
        !add_common_name(X509_get_subject_name(cert), common_name) ||
        X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
        !add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:2") ||
        !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(cert, cert, NID_subject_key_identifier, "hash") ||
        X509_sign(cert, key, EVP_sha256()) == 0 || key_to_pem(key, &key_text) != 0 ||
        chain_to_pem(cert, NULL, &cert_text) != 0) {
        rc = broken(err, "make an authority");
        goto done;
    }
    *key_pem = key_text;
    *cert_pem = cert_text;
    key_text = cert_text = NULL;

done:
    if (key_text != NULL)
        secret_free(key_text, strlen(key_text));
    free(cert_text);
    X509_free(cert);
    EVP_PKEY_free(key);
    return rc;
}

static bool add_requested_name(X509_REQ *request, const char *dns_name)
{
    GENERAL_NAMES *names = make_alt_names(dns_name);
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    bool ok = names != NULL &&
              X509V3_add1_i2d(&extensions, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1 &&
              X509_REQ_add_extensions(request, extensions) == 1;

    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    GENERAL_NAMES_free(names);
    return ok;
}

static int make_request(char **request_pem, EVP_PKEY *key, const char *dns_name, struct err *err)
{
    X509_REQ *request = X509_REQ_new();
    int rc = 0;

    if (request == NULL || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
        !add_common_name(X509_REQ_get_subject_name(request), dns_name) ||
        X509_REQ_set_pubkey(request, key) != 1 || !add_requested_name(request, dns_name) ||
        X509_REQ_sign(request, key, EVP_sha256()) == 0 || request_to_pem(request, request_pem) != 0)
        rc = broken(err, "make a request");
    X509_REQ_free(request);
    return rc;
}

static int check_requested_name(const char *dns_name, struct err *err)
{
    return is_dns_name(dns_name, strlen(dns_name))
               ? 0
               : err_set(err, ERR_CERTIFICATE, "%.64s is not a DNS name", dns_name);
}

int cert_request(char **request_pem, const char *key_pem, const char *dns_name, struct err *err)
{
    EVP_PKEY *key = key_from_pem(key_pem);
    int rc = check_requested_name(dns_name, err);

    if (rc == 0 && !is_p256(key))
        rc = unusable(err, "the private key cannot be read");
    if (rc == 0)
        rc = make_request(request_pem, key, dns_name, err);
    EVP_PKEY_free(key);
    return rc;
}

int cert_make_request(char **key_pem, char **request_pem, const char *dns_name, struct err *err)
{
    EVP_PKEY *key = NULL;
    char *key_text = NULL;
    int rc = check_requested_name(dns_name, err);

    if (rc != 0)
        return rc;
    key = EVP_EC_gen("P-256");
    if (key == NULL || key_to_pem(key, &key_text) != 0)
        rc = broken(err, "make a key");
    if (rc == 0 && (rc = make_request(request_pem, key, dns_name, err)) == 0) {
        *key_pem = key_text;
        key_text = NULL;
    }
    if (key_text != NULL)
        secret_free(key_text, strlen(key_text));
    EVP_PKEY_free(key);
    return rc;
}

/* ---- signing ---- */

static bool get_requested_name(X509_REQ *request, char out[CERT_NAME_SIZE])
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    bool ok = get_dns_name(names, out);

    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    return ok;
}

static int check_request(X509_REQ *request, const char *dns_name, struct err *err)
{
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    char requested[CERT_NAME_SIZE];

    if (!is_p256(key))
        return unusable(err, "the request's key is not P-256");
    if (X509_REQ_verify(request, key) != 1)
        return unusable(err, "the request is not signed by its own key");
    if (!get_requested_name(request, requested))
        return unusable(err, "the request does not hold exactly one DNS name");
    if (strcmp(requested, dns_name) != 0)
        return err_set(err, ERR_CERTIFICATE, "the request is for %.100s, not %.100s", requested, dns_name);
    return 0;
}

static int read_validity(X509 *cert, int64_t *from_ms, int64_t *to_ms, struct err *err)
{
    if (!get_time(X509_get0_notBefore(cert), from_ms) || !get_time(X509_get0_notAfter(cert), to_ms))
        return unusable(err, "the certificate's times cannot be read");
    return 0;
}

static int check_authority(X509 *authority, EVP_PKEY *authority_key, int64_t now_ms, int64_t *end_ms,
                           struct err *err)
{
    int64_t begin_ms = 0;
    int rc;

    if (!is_p256(authority_key) || X509_check_private_key(authority, authority_key) != 1)
        return unusable(err, "the authority's key and certificate do not belong together");
    if (X509_check_ca(authority) != 1)
        return unusable(err, "the certificate is not an authority's");
    if ((rc = read_validity(authority, &begin_ms, end_ms, err)) != 0)
        return rc;
    if (now_ms < begin_ms || now_ms >= *end_ms)
        return unusable(err, "the authority's certificate has expired or is not valid yet");
    return 0;
}

/* What leaf and issuing certificate share. */
static bool begin_signed(X509 *cert, X509 *authority, EVP_PKEY *public_key, const char *common_name,
                         int64_t from_ms, int64_t to_ms)
{
    return set_basics(cert, public_key, from_ms, to_ms) &&
           add_common_name(X509_get_subject_name(cert), common_name) &&
           X509_set_issuer_name(cert, X509_get_subject_name(authority)) == 1 &&
           add_extension(cert, authority, NID_subject_key_identifier, "hash") &&
           add_extension(cert, authority, NID_authority_key_identifier, "keyid:always");
}

static bool make_cross(X509 *cross, X509 *authority, X509 *new_authority, int64_t from_ms, int64_t to_ms)
{
    return set_basics(cross, X509_get0_pubkey(new_authority), from_ms, to_ms) &&
           X509_set_subject_name(cross, X509_get_subject_name(new_authority)) == 1 &&
           X509_set_issuer_name(cross, X509_get_subject_name(authority)) == 1 &&
           add_extension(cross, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:1") &&
           add_extension(cross, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(cross, authority, NID_subject_key_identifier, "hash") &&
           add_extension(cross, authority, NID_authority_key_identifier, "keyid:always");
}

int cert_cross_sign(char **cross_pem, const char *old_key_pem, const char *old_cert_pem, const char *new_cert_pem,
                    int64_t now_ms, struct err *err)
{
    EVP_PKEY *key = key_from_pem(old_key_pem);
    STACK_OF(X509) *old = chain_from_pem(old_cert_pem), *new = chain_from_pem(new_cert_pem);
    X509 *cross = X509_new(), *authority;
    int64_t new_from_ms, to_ms, new_to_ms;
    int rc;

    if (key == NULL || old == NULL || new == NULL) {
        rc = unusable(err, "the authority's key or certificate cannot be read");
        goto done;
    }
    authority = sk_X509_value(old, 0);
    if ((rc = cert_check_authority(new_cert_pem, err)) != 0 ||
        (rc = check_authority(authority, key, now_ms, &to_ms, err)) != 0 ||
        (rc = read_validity(sk_X509_value(new, 0), &new_from_ms, &new_to_ms, err)) != 0)
        goto done;
    if (cross == NULL ||
        !make_cross(cross, authority, sk_X509_value(new, 0), now_ms - CERT_BACKDATE_MS,
                    to_ms < new_to_ms ? to_ms : new_to_ms) ||
        X509_sign(cross, key, EVP_sha256()) == 0 || chain_to_pem(cross, NULL, cross_pem) != 0)
        rc = broken(err, "certify an authority");

done:
    X509_free(cross);
    chain_free(old);
    chain_free(new);
    EVP_PKEY_free(key);
    return rc;
}

static bool add_leaf_parts(X509 *cert, X509 *authority, const char *dns_name)
{
    GENERAL_NAMES *names = make_alt_names(dns_name);
    bool ok = names != NULL && add_extension(cert, authority, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(cert, authority, NID_key_usage, "critical,digitalSignature") &&
              add_extension(cert, authority, NID_ext_key_usage, "clientAuth,serverAuth") &&
              X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;

    GENERAL_NAMES_free(names);
    return ok;
}

/* DNS names beneath the permitted ones, and no IP address at all. */
static bool add_name_constraints(X509 *cert, X509 *authority, const char *const *permitted, size_t num)
{
    static const char excluded[] =
        "excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0";
    size_t size = sizeof "critical" + sizeof excluded + 1 + num * (CERT_NAME_SIZE + sizeof ",permitted;DNS:");
    char *text = malloc(size);
    int len = text == NULL ? 0 : snprintf(text, size, "critical");
    bool ok = text != NULL;

    for (size_t i = 0; ok && i < num; i++)
        len += snprintf(text + len, size - (size_t)len, ",permitted;DNS:%s", permitted[i]);
    if (ok) {
        snprintf(text + len, size - (size_t)len, ",%s", excluded);
        ok = add_extension(cert, authority, NID_name_constraints, text);
    }
    free(text);
    return ok;
}

/* Would every verifier refuse a certificate of this name by this authority? Better not to hand it out. (The call of
 * X509_check_purpose makes libcrypto read the extensions of what was built here.) */
static int check_permitted(X509 *cert, X509 *authority, const char *dns_name, struct err *err)
{
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(authority, NID_name_constraints, NULL, NULL);
    bool ok = constraints == NULL || (X509_check_purpose(cert, -1, 0) == 1 &&
                                      NAME_CONSTRAINTS_check(cert, constraints) == X509_V_OK);

    NAME_CONSTRAINTS_free(constraints);
    ERR_clear_error();
    return ok ? 0
              : err_set(err, ERR_CERTIFICATE, "%.100s is not among the names that this issuer may certify",
                        dns_name);
}

/* A request and who is to sign it, read and checked. */
struct signing {
    EVP_PKEY *authority_key;
    STACK_OF(X509) *issuers; /* the authority's chain */
    X509 *authority;         /* its first certificate */
    X509_REQ *request;
    X509 *cert; /* new */
    int64_t from_ms, to_ms;
};

static int signing_begin(struct signing *signing, const char *authority_key_pem, const char *authority_pem,
                         const char *request_pem, const char *dns_name, int64_t life_ms, int64_t now_ms,
                         struct err *err)
{
    int64_t end_ms = 0;
    int rc;

    *signing = (struct signing){.authority_key = key_from_pem(authority_key_pem),
                                .issuers = chain_from_pem(authority_pem),
                                .request = request_from_pem(request_pem),
                                .cert = X509_new()};
    if (signing->cert == NULL)
        return broken(err, "new certificate");
    if (signing->authority_key == NULL || signing->issuers == NULL)
        return unusable(err, "the authority's key or certificate cannot be read");
    if (signing->request == NULL)
        return unusable(err, "the request cannot be read");
    signing->authority = sk_X509_value(signing->issuers, 0);
    if ((rc = check_authority(signing->authority, signing->authority_key, now_ms, &end_ms, err)) != 0)
        return rc;
    signing->from_ms = now_ms - CERT_BACKDATE_MS;
    signing->to_ms = life_ms < end_ms - now_ms ? now_ms + life_ms : end_ms;
    return check_request(signing->request, dns_name, err);
}

static void signing_end(struct signing *signing)
{
    X509_REQ_free(signing->request);
    X509_free(signing->cert);
    chain_free(signing->issuers);
    EVP_PKEY_free(signing->authority_key);
}

int cert_sign(char **chain_pem, const char *authority_key_pem, const char *authority_pem,
              const char *request_pem, const char *dns_name, int64_t life_ms, int64_t now_ms, struct err *err)
{
    struct signing signing;
    int rc = signing_begin(&signing, authority_key_pem, authority_pem, request_pem, dns_name, life_ms, now_ms,
                           err);

    if (rc == 0 && (!begin_signed(signing.cert, signing.authority, X509_REQ_get0_pubkey(signing.request),
                                  dns_name, signing.from_ms, signing.to_ms) ||
                    !add_leaf_parts(signing.cert, signing.authority, dns_name) ||
                    X509_sign(signing.cert, signing.authority_key, EVP_sha256()) == 0))
        rc = broken(err, "sign a certificate");
    if (rc == 0 && (rc = check_permitted(signing.cert, signing.authority, dns_name, err)) == 0 &&
        chain_to_pem(signing.cert, signing.issuers, chain_pem) != 0)
        rc = broken(err, "write a certificate");
    signing_end(&signing);
    return rc;
}

static bool add_issuer_parts(X509 *cert, X509 *authority, const char *const *permitted, size_t num)
{
    return add_extension(cert, authority, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(cert, authority, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_name_constraints(cert, authority, permitted, num);
}

int cert_sign_issuer(char **chain_pem, const char *authority_key_pem, const char *authority_pem,
                     const char *request_pem, const char *dns_name, const char *const *permitted,
                     size_t num_permitted, int64_t life_ms, int64_t now_ms, struct err *err)
{
    char common_name[CERT_NAME_SIZE + 16];
    struct signing signing;
    int rc;

    if (num_permitted == 0 || num_permitted > CERT_MAX_PERMITTED)
        return err_set(err, ERR_CERTIFICATE, "an issuing certificate permits 1 to %d names", CERT_MAX_PERMITTED);
    for (size_t i = 0; i < num_permitted; i++) {
        if ((rc = check_requested_name(permitted[i], err)) != 0)
            return rc;
    }
    snprintf(common_name, sizeof common_name, "weft issuer %s", dns_name);
    rc = signing_begin(&signing, authority_key_pem, authority_pem, request_pem, dns_name, life_ms, now_ms, err);
    if (rc == 0 && X509_self_signed(signing.authority, 0) != 1)
        rc = unusable(err, "only a self-signed authority makes issuing certificates");
    if (rc == 0 && (!begin_signed(signing.cert, signing.authority, X509_REQ_get0_pubkey(signing.request),
                                  common_name, signing.from_ms, signing.to_ms) ||
                    !add_issuer_parts(signing.cert, signing.authority, permitted, num_permitted) ||
                    X509_sign(signing.cert, signing.authority_key, EVP_sha256()) == 0 ||
                    chain_to_pem(signing.cert, signing.issuers, chain_pem) != 0))
        rc = broken(err, "sign an issuing certificate");
    if (rc == 0 && strlen(*chain_pem) > CERT_PEM_MAX / 2) { /* a leaf must fit beside it */
        free(*chain_pem);
        *chain_pem = NULL;
        rc = unusable(err, "the permitted names are too long together: permit a domain above them");
    }
    signing_end(&signing);
    return rc;
}

/* ---- reading and checking ---- */

static int read_cert(struct cert_info *info, X509 *cert, struct err *err)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    bool named = get_dns_name(names, info->dns_name);
    unsigned length = sizeof(info->digest);
    int rc = 0;

    if (!named && (names != NULL || X509_check_ca(cert) != 1))
        rc = unusable(err, "the certificate does not hold exactly one DNS name");
    GENERAL_NAMES_free(names);
    if (rc != 0 || (rc = read_validity(cert, &info->not_before_ms, &info->not_after_ms, err)) != 0)
        return rc;
    if (X509_digest(cert, EVP_sha256(), info->digest, &length) != 1)
        return broken(err, "digest of a certificate");
    return 0;
}

int cert_read(struct cert_info *info, const char *chain_pem, struct err *err)
{
    STACK_OF(X509) *chain = chain_from_pem(chain_pem);
    struct cert_info read = {0};
    int rc = chain != NULL ? read_cert(&read, sk_X509_value(chain, 0), err)
                           : unusable(err, "the certificate cannot be read");

    chain_free(chain);
    if (rc == 0)
        *info = read;
    return rc;
}

bool cert_read_at(struct cert_info *info, const char *chain_pem, size_t index)
{
    STACK_OF(X509) *chain = chain_from_pem(chain_pem);
    struct cert_info read = {0};
    bool ok = chain != NULL && index < (size_t)sk_X509_num(chain) &&
              read_cert(&read, sk_X509_value(chain, (int)index), NULL) == 0;

    chain_free(chain);
    if (ok)
        *info = read;
    return ok;
}

int64_t cert_half_life_ms(const struct cert_info *info)
{
    int64_t from_ms = info->not_before_ms + CERT_BACKDATE_MS;

    return info->not_after_ms - (info->not_after_ms - from_ms) / 2;
}

/* Chain, usage (X509_PURPOSE_...) and time, by libcrypto's own verification. */
static int verify_chain(STACK_OF(X509) *chain, STACK_OF(X509) *bundle, int64_t now_ms, int purpose,
                        struct err *err)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool ok = store != NULL && context != NULL;
    int rc = 0;

    for (int i = 0; ok && i < sk_X509_num(bundle); i++)
        ok = X509_STORE_add_cert(store, sk_X509_value(bundle, i)) == 1;
    if (!ok || X509_STORE_CTX_init(context, store, sk_X509_value(chain, 0), chain) != 1 ||
        X509_STORE_CTX_set_purpose(context, purpose) != 1) {
        rc = broken(err, "verify a certificate");
        goto done;
    }
    X509_STORE_CTX_set_time(context, 0, (time_t)(now_ms / 1000));
    if (X509_verify_cert(context) != 1)
        rc = unusable(err, X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));

done:
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return rc;
}

static int check_key(X509 *cert, const char *key_pem, struct err *err)
{
    EVP_PKEY *key = key_from_pem(key_pem);
    int rc = 0;

    if (key == NULL)
        rc = unusable(err, "the private key cannot be read");
    else if (X509_check_private_key(cert, key) != 1)
        rc = unusable(err, "the private key does not belong to the certificate");
    EVP_PKEY_free(key);
    return rc;
}

static int check_dns_name(X509 *cert, const char *dns_name, struct err *err)
{
    struct cert_info info = {0};
    int rc = read_cert(&info, cert, err);

    if (rc == 0 && dns_name != NULL && strcmp(info.dns_name, dns_name) != 0)
        rc = err_set(err, ERR_CERTIFICATE, "the certificate is for %.100s, not %.100s", info.dns_name,
                     dns_name);
    return rc;
}

int cert_check(const char *chain_pem, const char *bundle_pem, const char *key_pem, const char *dns_name,
               int64_t now_ms, struct err *err)
{
    STACK_OF(X509) *chain = chain_from_pem(chain_pem), *bundle = chain_from_pem(bundle_pem);
    int rc = 0;

    if (chain == NULL || bundle == NULL)
        rc = unusable(err, chain == NULL ? "the certificate cannot be read"
                                         : "the authority's certificate cannot be read");
    if (rc == 0 && (rc = check_dns_name(sk_X509_value(chain, 0), dns_name, err)) == 0 &&
        (rc = verify_chain(chain, bundle, now_ms, X509_PURPOSE_SSL_CLIENT, err)) == 0)
        rc = verify_chain(chain, bundle, now_ms, X509_PURPOSE_SSL_SERVER, err);
    if (rc == 0 && key_pem != NULL)
        rc = check_key(sk_X509_value(chain, 0), key_pem, err);
    chain_free(chain);
    chain_free(bundle);
    return rc;
}

int cert_check_authority(const char *cert_pem, struct err *err)
{
    STACK_OF(X509) *chain = chain_from_pem(cert_pem);
    int rc = 0;

    if (chain == NULL || sk_X509_num(chain) != 1 || X509_check_ca(sk_X509_value(chain, 0)) != 1 ||
        X509_self_signed(sk_X509_value(chain, 0), 1) != 1)
        rc = unusable(err, "not the certificate of an authority");
    chain_free(chain);
    return rc;
}

int cert_check_issuer(const char *chain_pem, const char *bundle_pem, const char *key_pem, int64_t now_ms,
                      struct err *err)
{
    STACK_OF(X509) *chain = chain_from_pem(chain_pem), *bundle = chain_from_pem(bundle_pem);
    int rc = 0;

    if (chain == NULL || bundle == NULL)
        rc = unusable(err, "the certificate cannot be read");
    else if (X509_check_ca(sk_X509_value(chain, 0)) != 1)
        rc = unusable(err, "the certificate is not an issuing one");
    else if ((rc = verify_chain(chain, bundle, now_ms, X509_PURPOSE_ANY, err)) == 0)
        rc = check_key(sk_X509_value(chain, 0), key_pem, err);
    chain_free(chain);
    chain_free(bundle);
    return rc;
}
