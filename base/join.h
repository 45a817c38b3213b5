/* join.h - how a party enters the net: its own keys, the join file that it hands to the authority, and the
 * root keys that it pins.
 *
 * `init` of a hospital's or coordinator's program makes a directory (mode 0700):
 *     sign.key            Ed25519                         all secrets: 32 raw bytes, mode 0600
 *     at-rest.key         AES-256-GCM key of values at rest
 *     site.secret         sites: what report randomness is derived from
 *     static.key          coordinators: X25519, verify keys are agreed with it
 *     collector-CODE.key  coordinators: X25519 HPKE key of each area that they lead
 *     issuer.key          leaders: P-256, PEM, of the issuing certificate with which they certify others
 *     tls.key             P-256, PEM, mode 0600
 *     join.yaml           the join file: public, mode 0644
 * The authority reads the join file, and both sides compare its fingerprint by telephone or on paper before
 * the authority takes the keys into the roster. The file is YAML; all keys are lower-case hexadecimal:
 *     format: weft-join-1
 *     kind: coordinator                  # or site
 *     id: "wz-lead"
 *     tls_name: "wz.weft.example"
 *     sign_key: "<64 digits>"
 *     static_key: "<64 digits>"          # coordinators only
 *     collector_keys:                    # coordinators only; may be absent
 *       "330300": "<64 digits>"
 *     certificate_request: |
 *       -----BEGIN CERTIFICATE REQUEST-----
 *     issuer_request: |                  # coordinators that lead areas
 *       -----BEGIN CERTIFICATE REQUEST-----
 *     fingerprint: "1a2b 3c4d ..."       # of everything above
 * A root file carries one root's public key, made by the authority's `init`:
 *     format: weft-root-1
 *     name: "health-commission"
 *     side: leader                       # or helper
 *     public_key: "<64 digits>"
 *     fingerprint: "..." */
#ifndef BASE_JOIN_H
#define BASE_JOIN_H

#include "base/cert.h"
#include "base/document.h"
#include "base/roster.h"

#define JOIN_MAX_AREAS        512
#define JOIN_MAX_ROOTS        8
#define JOIN_FILE_MAX         131072
#define JOIN_FINGERPRINT_SIZE 40 /* "1a2b 3c4d ..." of 128 bits, with NUL */

#define IDENTITY_JOIN_FILE    "join.yaml"
#define IDENTITY_TLS_KEY_FILE "tls.key"
#define IDENTITY_ISSUER_KEY   "issuer.key"
#define IDENTITY_SECRET_SIZE  32

enum join_kind { JOIN_SITE, JOIN_COORDINATOR };

struct join_area_key {
    char area[ID_MAX + 1];
    uint8_t key[KEY_SIZE]; /* public in a join file, private in an identity */
};

/* ---------------------------------------------------------------- the join file */

struct join {
    enum join_kind kind;
    char id[ID_MAX + 1];
    char tls_name[CERT_NAME_SIZE];
    uint8_t sign_key[KEY_SIZE];
    uint8_t static_key[KEY_SIZE];     /* coordinators */
    struct join_area_key *collectors; /* coordinators; in the order of the file */
    size_t num_collectors;
    char *request_pem;
    char *issuer_request_pem; /* coordinators that lead areas; else NULL */
};

/* Read and check (hostile): keys complete and of the right length, identifiers valid, nothing unknown, and
 * the fingerprint that the file states is its own. The request itself is checked when it is signed. */
WEFT_MUST_USE int join_read(struct join *join, const char *path, struct err *err);
/* The same of a file that is in memory; `name` stands in errors. */
WEFT_MUST_USE int join_parse(struct join *join, const char *name, const void *data, size_t len, struct err *err);
/* The file's text, malloc'd and NUL-ended. */
WEFT_MUST_USE int join_format(char **text, const struct join *join, struct err *err);
/* Groups of four hexadecimal digits of SHA-256 over all fields. Returns `out`. */
char *join_fingerprint(char out[JOIN_FINGERPRINT_SIZE], const struct join *join);
/* The public collector key for `area`, or NULL. */
const uint8_t *join_collector(const struct join *join, const char *area);
void join_clear(struct join *join);

/* A lower-case DNS name, as TLS certificates carry it? */
bool join_tls_name_is_valid(const char *name);

/* ---------------------------------------------------------------- a party's own keys */

struct identity {
    enum join_kind kind;
    char id[ID_MAX + 1];
    char tls_name[CERT_NAME_SIZE];
    uint8_t sign_key[KEY_SIZE];
    uint8_t at_rest_key[IDENTITY_SECRET_SIZE];
    uint8_t site_secret[IDENTITY_SECRET_SIZE]; /* sites */
    uint8_t static_key[KEY_SIZE];              /* coordinators */
    struct join_area_key *collectors;          /* coordinators: private keys */
    size_t num_collectors;
    char *tls_key_pem;
    char *issuer_key_pem; /* coordinators that lead areas; else NULL */
};

/* Make the keys and the join file in a new directory, all or nothing. ERR_ALREADY_INITIALISED, with nothing
 * changed, when `dir` exists; ERR_USAGE for names that cannot be. `areas`: the codes that a coordinator
 * leads. */
WEFT_MUST_USE int identity_create(const char *dir, enum join_kind kind, const char *id, const char *tls_name,
                                  const char *const *areas, size_t num_areas, struct err *err);
/* Load all of it, naming the file that is missing, too open to others, or does not belong to the join file.
 */
WEFT_MUST_USE int identity_load(struct identity *identity, const char *dir, struct err *err);
/* The private collector key for `area`, or NULL. */
const uint8_t *identity_collector(const struct identity *identity, const char *area);
/* Wipes. Harmless on {0}. */
void identity_clear(struct identity *identity);

/* ---------------------------------------------------------------- root keys */

/* Pinned roots; `roots` points into the struct, which must therefore stay where it is. */
struct join_roots {
    Weft__V1__Root root[JOIN_MAX_ROOTS];
    const Weft__V1__Root *list[JOIN_MAX_ROOTS];
    char names[JOIN_MAX_ROOTS][ID_MAX + 1];
    uint8_t keys[JOIN_MAX_ROOTS][KEY_SIZE];
    struct roster_roots roots;
};

/* Add the root of a root file; names and keys must differ from those already there. `roots` starts as {0}. */
WEFT_MUST_USE int join_roots_add(struct join_roots *roots, const char *path, struct err *err);
/* The text of a root file, malloc'd and NUL-ended. */
WEFT_MUST_USE int join_root_format(char **text, const Weft__V1__Root *root, struct err *err);
/* What a newcomer pins a root by: SHA-256 over its name, side and key. */
void join_root_digest(uint8_t out[DIGEST_SIZE], const Weft__V1__Root *root);
/* As join_fingerprint: the first half of that. */
char *join_root_fingerprint(char out[JOIN_FINGERPRINT_SIZE], const Weft__V1__Root *root);

/* Any digest as such groups, for texts. */
char *join_digest_text(char out[JOIN_FINGERPRINT_SIZE], const uint8_t digest_bytes[DIGEST_SIZE]);

#endif
