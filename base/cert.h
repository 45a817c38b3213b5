/* cert.h - X.509 for the TLS links; the only X.509 code in weft.
 *
 * One self-signed authority with a P-256 key signs leaf certificates that each carry one DNS name
 * (subjectAltName) and serve both as client and as server. Keys, requests and certificates are PEM texts,
 * malloc'd and NUL-ended; the caller ends a private key with secret_free(pem, strlen(pem)) and the rest with
 * free(). PEM from outside must be a single block of at most CERT_PEM_MAX bytes. Times are given, never read
 * from a clock.
 *
 * What cannot be used is ERR_CERTIFICATE; what libcrypto fails to do is ERR_INTERNAL. */
#ifndef BASE_CERT_H
#define BASE_CERT_H

#include "base/err.h"

#define CERT_PEM_MAX        16384
#define CERT_NAME_SIZE      256 /* of a DNS name, with NUL */
#define CERT_AUTHORITY_DAYS 3653

struct cert_info {
    char dns_name[CERT_NAME_SIZE]; /* empty in an authority's certificate */
    int64_t not_before_ms, not_after_ms;
    uint8_t digest[32]; /* SHA-256 of the DER */
};

/* A new authority: key and self-signed certificate, valid for CERT_AUTHORITY_DAYS, path length 0. */
WEFT_MUST_USE int cert_make_authority(char **key_pem, char **cert_pem, const char *common_name,
                                      int64_t now_ms, struct err *err);

/* A new key and a PKCS#10 request for `dns_name` signed by it. */
WEFT_MUST_USE int cert_make_request(char **key_pem, char **request_pem, const char *dns_name,
                                    struct err *err);

/* Sign a request for `days` days (but not beyond the authority's own end), after checking its signature, that
 * its key is P-256, and that its one DNS name equals `dns_name`. Nothing else of the request is taken over.
 */
WEFT_MUST_USE int cert_sign(char **cert_pem, const char *authority_key_pem, const char *authority_cert_pem,
                            const char *request_pem, const char *dns_name, unsigned days, int64_t now_ms,
                            struct err *err);

WEFT_MUST_USE int cert_read(struct cert_info *info, const char *cert_pem, struct err *err);

/* Is `cert_pem` signed by the authority, valid at `now_ms`, for `dns_name` (NULL: any), and does the private
 * key (NULL: unchecked) belong to it? The error says which does not hold. */
WEFT_MUST_USE int cert_check(const char *cert_pem, const char *authority_cert_pem, const char *key_pem,
                             const char *dns_name, int64_t now_ms, struct err *err);

#endif
