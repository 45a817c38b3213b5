/* document.h - signed documents: made once, kept and passed on exactly as signed, checked by whoever receives
 * them.
 *
 * A document is the wire message weft.v1.Document. What a signature covers, and nothing else:
 *     "weft/v1/document\n" || type u32 || version u32 || body length u64 || body      (integers big-endian)
 * so that a signature over one kind never serves for another. The body's SHA-256 is the document's digest; a
 * task's id is the digest of its document. Bodies with unknown fields are refused. */
#ifndef BASE_DOCUMENT_H
#define BASE_DOCUMENT_H

#include <stdbool.h>

#include "base/err.h"
#include "crypto/keys.h"
#include "proto/weft.pb-c.h"

#define DOCUMENT_VERSION  1
#define PROTOCOL_VERSION  1      /* of requests; each carries the range that its sender speaks */
#define SIGNATURE_ED25519 0x0807 /* TLS SignatureScheme */
#define ID_MAX           64 /* bytes of an identifier (area, site, owner, operator, coordinator) */

/* Is `id` 1 to ID_MAX bytes of [A-Za-z0-9._-]? */
bool id_is_valid(const char *id);

/* A new document with `body` packed and no signature; the caller ends it with document_free. */
WEFT_MUST_USE int document_new(Weft__V1__Document **document, Weft__V1__DocumentType type,
                               const ProtobufCMessage *body, struct err *err);
/* From packed bytes (hostile). Unpacked with a bounded arena. */
WEFT_MUST_USE int document_unpack(Weft__V1__Document **document, const uint8_t *data, size_t len,
                                  struct err *err);
/* A copy that lives on its own. */
WEFT_MUST_USE int document_copy(Weft__V1__Document **copy, const Weft__V1__Document *document,
                                struct err *err);
void document_free(Weft__V1__Document **document);

/* Add a signature: *document is replaced on success. */
WEFT_MUST_USE int document_sign(Weft__V1__Document **document, const char *signer,
                                const uint8_t private_key[KEY_SIZE], struct err *err);
/* Is it signed by `signer` with `public_key`? Two signatures under one name are never valid. */
bool document_is_signed(const Weft__V1__Document *document, const char *signer,
                        const uint8_t public_key[KEY_SIZE]);

void document_digest(uint8_t out[DIGEST_SIZE], const Weft__V1__Document *document);
bool document_is_same(const Weft__V1__Document *a,
                      const Weft__V1__Document *b); /* with all signatures, in order */
bool document_same_body(const Weft__V1__Document *a, const Weft__V1__Document *b);

/* Is the wrapping plain: no unknown fields, at most DOCUMENT_SIGNATURES_MAX signatures, each of the right size
 * under a valid name? (document_body asks it too; for documents without a message body.) */
#define DOCUMENT_SIGNATURES_MAX 16
WEFT_MUST_USE int document_check_wrapping(const Weft__V1__Document *document, struct err *err);

/* Unpack the body, which must be of `type` and of a version known here. End with wire_free. */
WEFT_MUST_USE int document_body(ProtobufCMessage **body, const Weft__V1__Document *document,
                                Weft__V1__DocumentType type, struct err *err);

/* When the leader proposed it, of a body of a kind that says so (`time_ms`); NULL for other kinds. */
int64_t *document_body_time(ProtobufCMessage *body);
/* Give a document that nobody has signed yet its time: *document is replaced on success. */
WEFT_MUST_USE int document_set_time(Weft__V1__Document **document, int64_t time_ms, struct err *err);
/* Do both say the same but for their time? */
bool document_same_but_time(const Weft__V1__Document *a, const Weft__V1__Document *b);

/* "freeze", "release": for texts. */
const char *document_type_name(Weft__V1__DocumentType type);

#endif
