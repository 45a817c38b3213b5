/* document.c - sign, check and unpack documents. */
#include "base/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/cost.h"
#include "base/wire.h"

#define LABEL            "weft/v1/document\n"
#define SIGNED_HEAD_SIZE (sizeof LABEL - 1 + 4 + 4 + 8)

bool id_is_valid(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = id == NULL ? 0 : strspn(id, allowed);

    return len >= 1 && len <= ID_MAX && id[len] == '\0';
}

static const struct {
    Weft__V1__DocumentType type;
    const char *name;
    const ProtobufCMessageDescriptor *body;
} types[] = {
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, "roster", &weft__v1__roster__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_CATALOGUE, "catalogue", NULL},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, "task", &weft__v1__task__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_VOID, "void", &weft__v1__void__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_KEY_SHEET, "key sheet", &weft__v1__key_sheet__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_FREEZE, "freeze", &weft__v1__freeze__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ORDER, "order", &weft__v1__order__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_CONTRIBUTES, "contributes", &weft__v1__contributes__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_PLAN, "plan", &weft__v1__plan__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_SEALED_SHARE, "sealed share", &weft__v1__sealed_share__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_STATES, "states", &weft__v1__states__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_PATTERN, "pattern", &weft__v1__pattern__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_RELEASE, "release", &weft__v1__release__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_RECEIPT, "receipt", &weft__v1__receipt__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_REPORT, "report", &weft__v1__report_header__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_AMENDMENT, "amendment", &weft__v1__amendment__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ERASURE, "erasure", &weft__v1__erasure__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_CONSENT, "consent", &weft__v1__consent__descriptor},
    {WEFT__V1__DOCUMENT_TYPE__DOCUMENT_NOTE, "note", &weft__v1__note__descriptor},
};

#define NUM_TYPES (sizeof types / sizeof types[0])

const char *document_type_name(Weft__V1__DocumentType type)
{
    for (size_t i = 0; i < NUM_TYPES; i++) {
        if (types[i].type == type) {
            return types[i].name;
        }
    }
    return "unknown document";
}

int document_unpack(Weft__V1__Document **document, const uint8_t *data, size_t len, struct err *err)
{
    return wire_unpack((ProtobufCMessage **)document, &weft__v1__document__descriptor, data, len, WIRE_SIGNED,
                       err);
}

/* Documents in memory are always arena messages from wire_unpack, so that one function ends them all. */
static int from_parts(Weft__V1__Document **document, const Weft__V1__Document *parts, struct err *err)
{
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    if ((rc = wire_pack(&packed, &len, &parts->base, err)) == 0) {
        rc = document_unpack(document, packed, len, err);
    }
    free(packed);
    return rc;
}

int document_new(Weft__V1__Document **document, Weft__V1__DocumentType type, const ProtobufCMessage *body,
                 struct err *err)
{
    Weft__V1__Document parts = WEFT__V1__DOCUMENT__INIT;
    int rc;

    parts.type = type;
    parts.version = DOCUMENT_VERSION;
    if ((rc = wire_pack(&parts.body.data, &parts.body.len, body, err)) == 0) {
        rc = from_parts(document, &parts, err);
    }
    free(parts.body.data);
    return rc;
}

int document_copy(Weft__V1__Document **copy, const Weft__V1__Document *document, struct err *err)
{
    return from_parts(copy, document, err);
}

void document_free(Weft__V1__Document **document)
{
    wire_free(document);
}

static void put_be(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    }
}

/* The bytes that signatures cover; the caller frees them. NULL without memory. */
static uint8_t *signed_bytes(const Weft__V1__Document *document, size_t *len)
{
    uint8_t *bytes = malloc(SIGNED_HEAD_SIZE + document->body.len);
    uint8_t *p = bytes;

    if (bytes == NULL) {
        return NULL;
    }
    memcpy(p, LABEL, sizeof LABEL - 1);
    p += sizeof LABEL - 1;
    put_be(p, (uint64_t)document->type, 4);
    put_be(p + 4, document->version, 4);
    put_be(p + 8, document->body.len, 8);
    if (document->body.len > 0) {
        memcpy(p + 16, document->body.data, document->body.len);
    }
    *len = SIGNED_HEAD_SIZE + document->body.len;
    return bytes;
}

int document_sign(Weft__V1__Document **document, const char *signer, const uint8_t private_key[KEY_SIZE],
                  struct err *err)
{
    COST_SCOPE(COST_SIGN);
    Weft__V1__Document parts = **document;
    Weft__V1__Signature own = WEFT__V1__SIGNATURE__INIT;
    uint8_t signature[SIGNATURE_SIZE];
    Weft__V1__Document *signed_document = NULL;
    uint8_t *bytes = NULL;
    size_t len;
    int rc;

    parts.signatures = calloc(parts.n_signatures + 1, sizeof(Weft__V1__Signature *));
    bytes = signed_bytes(*document, &len);
    if (parts.signatures == NULL || bytes == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "signature");
        goto done;
    }
    sign_make(signature, private_key, bytes, len);
    own.signer = (char *)(uintptr_t)signer;
    own.algorithm = SIGNATURE_ED25519;
    own.signature.data = signature;
    own.signature.len = sizeof signature;
    for (size_t i = 0; i < parts.n_signatures; i++) {
        parts.signatures[i] = (*document)->signatures[i];
    }
    parts.signatures[parts.n_signatures++] = &own;
    if ((rc = from_parts(&signed_document, &parts, err)) == 0) {
        document_free(document);
        *document = signed_document;
    }
done:
    free(parts.signatures);
    free(bytes);
    return rc;
}

bool document_is_signed(const Weft__V1__Document *document, const char *signer,
                        const uint8_t public_key[KEY_SIZE])
{
    COST_SCOPE(COST_SIGN);
    const Weft__V1__Signature *found = NULL;
    uint8_t *bytes;
    size_t len;
    bool valid;

    for (size_t i = 0; i < document->n_signatures; i++) {
        if (strcmp(document->signatures[i]->signer, signer) == 0) {
            if (found != NULL) {
                return false;
            }
            found = document->signatures[i];
        }
    }
    if (found == NULL || found->algorithm != SIGNATURE_ED25519 || found->signature.len != SIGNATURE_SIZE ||
        (bytes = signed_bytes(document, &len)) == NULL) {
        return false;
    }
    valid = sign_check(found->signature.data, public_key, bytes, len);
    free(bytes);
    return valid;
}

void document_digest(uint8_t out[DIGEST_SIZE], const Weft__V1__Document *document)
{
    digest(out, document->body.data, document->body.len);
}

bool document_same_body(const Weft__V1__Document *a, const Weft__V1__Document *b)
{
    return a->type == b->type && a->version == b->version && a->body.len == b->body.len &&
           (a->body.len == 0 || memcmp(a->body.data, b->body.data, a->body.len) == 0);
}

bool document_is_same(const Weft__V1__Document *a, const Weft__V1__Document *b)
{
    bool same = document_same_body(a, b) && a->n_signatures == b->n_signatures;

    for (size_t i = 0; same && i < a->n_signatures; i++) {
        const Weft__V1__Signature *x = a->signatures[i], *y = b->signatures[i];
        same = strcmp(x->signer, y->signer) == 0 && x->algorithm == y->algorithm &&
               x->signature.len == y->signature.len &&
               (x->signature.len == 0 || memcmp(x->signature.data, y->signature.data, x->signature.len) == 0);
    }
    return same;
}

int document_check_wrapping(const Weft__V1__Document *document, struct err *err)
{
    const char *name = document_type_name(document->type);

    if (document->base.n_unknown_fields != 0 || document->n_signatures > DOCUMENT_SIGNATURES_MAX) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "%s: unknown fields or too many signatures", name);
    }
    for (size_t i = 0; i < document->n_signatures; i++) {
        const Weft__V1__Signature *signature = document->signatures[i];
        if (signature->base.n_unknown_fields != 0 || !id_is_valid(signature->signer) ||
            signature->signature.len != SIGNATURE_SIZE) {
            return err_set(err, ERR_DOCUMENT_MALFORMED, "%s: a signature's name or size", name);
        }
    }
    return 0;
}

int document_body(ProtobufCMessage **body, const Weft__V1__Document *document, Weft__V1__DocumentType type,
                  struct err *err)
{
    int rc;

    if (document->type != type || document->version != DOCUMENT_VERSION) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "%s version %u, expected %s version %u",
                       document_type_name(document->type), document->version, document_type_name(type),
                       DOCUMENT_VERSION);
    }
    if ((rc = document_check_wrapping(document, err)) != 0) {
        return rc;
    }
    for (size_t i = 0; i < NUM_TYPES; i++) {
        if (types[i].type == type && types[i].body != NULL) {
            if (wire_unpack(body, types[i].body, document->body.data, document->body.len, WIRE_SIGNED, err) !=
                0) {
                return err_prefix(err, "%s", document_type_name(type));
            }
            return 0;
        }
    }
    return err_set(err, ERR_DOCUMENT_MALFORMED, "type %d has no message body", (int)type);
}

/* ---- times ---- */

int64_t *document_body_time(ProtobufCMessage *body)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(body->descriptor, "time_ms");

    return field == NULL || field->type != PROTOBUF_C_TYPE_INT64
               ? NULL
               : (int64_t *)(void *)((char *)body + field->offset);
}

int document_set_time(Weft__V1__Document **document, int64_t time_ms, struct err *err)
{
    Weft__V1__Document *timed = NULL;
    ProtobufCMessage *body = NULL;
    int64_t *time;
    int rc;

    if ((rc = document_body(&body, *document, (*document)->type, err)) != 0) {
        return rc;
    }
    if ((time = document_body_time(body)) == NULL) {
        rc = err_set(err, ERR_INTERNAL, "%s has no time", document_type_name((*document)->type));
    } else {
        *time = time_ms;
        if ((rc = document_new(&timed, (*document)->type, body, err)) == 0) {
            document_free(document);
            *document = timed;
        }
    }
    wire_free(&body);
    return rc;
}

bool document_same_but_time(const Weft__V1__Document *a, const Weft__V1__Document *b)
{
    ProtobufCMessage *body = NULL;
    Weft__V1__Document *copy = NULL;
    int64_t *time;
    bool same = document_same_body(a, b);

    if (!same && a->type == b->type && document_body(&body, a, a->type, NULL) == 0 &&
        (time = document_body_time(body)) != NULL && document_copy(&copy, b, NULL) == 0) {
        same = document_set_time(&copy, *time, NULL) == 0 && document_same_body(a, copy);
    }
    document_free(&copy);
    wire_free(&body);
    return same;
}
