/* cert.h - X.509 for the TLS links; the only X.509 code in weft.
 *
 * One self-signed authority with a P-256 key signs leaf certificates, or issuing certificates that sign leaves
 * themselves: an issuing certificate may sign names beneath the DNS names that it permits, nothing else, and no
 * further authority. Leaves carry one DNS name (subjectAltName) each and serve both as client and as server.
 *
 *     authority (20 years) -> issuing certificate of a leader (5 years) -> leaf (90 days)
 *
 * Keys, requests and certificates are PEM texts, malloc'd and NUL-ended; the caller ends a private key with
 * secret_free(pem, strlen(pem)) and the rest with free(). A *chain* is a leaf's or issuing certificate followed by
 * its issuers without the self-signed one; a *bundle* is self-signed authorities, any of which is trusted. PEM from
 * outside has at most CERT_PEM_MAX bytes, and one block, or at most CERT_MAX_CHAIN in a chain or bundle. Times are
 * given, never read from a clock.
 *
 * What cannot be used is ERR_CERTIFICATE; what libcrypto fails to do is ERR_INTERNAL. */
#ifndef BASE_CERT_H
#define BASE_CERT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define CERT_PEM_MAX        16384
#define CERT_MAX_CHAIN      8
#define CERT_NAME_SIZE      256 /* of a DNS name, with NUL */
#define CERT_MAX_PERMITTED  128 /* names of an issuing certificate */
#define CERT_AUTHORITY_DAYS 7305
#define CERT_MS_PER_DAY     INT64_C(86400000)
#define CERT_BACKDATE_MS    INT64_C(3600000) /* a certificate begins that much earlier: clocks differ */

struct cert_info {
    char dns_name[CERT_NAME_SIZE]; /* empty in an authority's certificate */
    int64_t not_before_ms, not_after_ms;
    uint8_t digest[32]; /* SHA-256 of the DER */
};

/* A new authority: key and self-signed certificate, valid for CERT_AUTHORITY_DAYS. */
WEFT_MUST_USE int cert_make_authority(char **key_pem, char **cert_pem, const char *common_name,
                                      int64_t now_ms, struct err *err);

/* The new authority certified by the old one, for as long as both last: whoever trusts the old one alone accepts what the
 * new one signs, if this stands behind it in the chain. So nobody is cut off while a new authority becomes known. As
 * `authority_pem` of the new one give its certificate followed by this. */
WEFT_MUST_USE int cert_cross_sign(char **cross_pem, const char *old_key_pem, const char *old_cert_pem,
                                  const char *new_cert_pem, int64_t now_ms, struct err *err);

/* A new key and a PKCS#10 request for `dns_name` signed by it. */
WEFT_MUST_USE int cert_make_request(char **key_pem, char **request_pem, const char *dns_name,
                                    struct err *err);
/* The same with a key that is there already. */
WEFT_MUST_USE int cert_request(char **request_pem, const char *key_pem, const char *dns_name,
                               struct err *err);

/* Sign a request for `life_ms` (but not beyond the authority's own end), after checking its signature, that
 * its key is P-256, that its one DNS name equals `dns_name`, and that the authority may sign it. Nothing else of the
 * request is taken over. `authority_pem` is the authority's certificate or an issuing certificate's chain; *chain_pem
 * is the leaf's. */
WEFT_MUST_USE int cert_sign(char **chain_pem, const char *authority_key_pem, const char *authority_pem,
                            const char *request_pem, const char *dns_name, int64_t life_ms, int64_t now_ms,
                            struct err *err);

/* As cert_sign, but *chain_pem is an issuing certificate: for leaves of the `permitted` DNS names (at least one) and
 * of all names beneath them. The request's DNS name tells whose it is; it is not in the certificate. */
WEFT_MUST_USE int cert_sign_issuer(char **chain_pem, const char *authority_key_pem, const char *authority_pem,
                                   const char *request_pem, const char *dns_name, const char *const *permitted,
                                   size_t num_permitted, int64_t life_ms, int64_t now_ms, struct err *err);

/* The first certificate of a chain. */
WEFT_MUST_USE int cert_read(struct cert_info *info, const char *chain_pem, struct err *err);
/* The certificate at `index` of a chain or bundle: in a chain 1 is the issuing certificate. False when there is none. */
bool cert_read_at(struct cert_info *info, const char *chain_pem, size_t index);

/* When half of a certificate's life is over: time to renew it. */
int64_t cert_half_life_ms(const struct cert_info *info);

/* Does `chain_pem` lead to an authority of the bundle, valid at `now_ms`, for `dns_name` (NULL: any), and does the
 * private key (NULL: unchecked) belong to it? The error says which does not hold. */
WEFT_MUST_USE int cert_check(const char *chain_pem, const char *bundle_pem, const char *key_pem,
                             const char *dns_name, int64_t now_ms, struct err *err);

/* Is this one self-signed certificate of an authority? */
WEFT_MUST_USE int cert_check_authority(const char *cert_pem, struct err *err);

/* Is it an issuing certificate under the bundle, valid at `now_ms`, and does the private key belong to it? */
WEFT_MUST_USE int cert_check_issuer(const char *chain_pem, const char *bundle_pem, const char *key_pem,
                                    int64_t now_ms, struct err *err);

#endif
