/* report.c - seal, sign, check and open reports and aggregate shares. */
#include "base/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/cost.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define INPUT_LABEL     "weft/v1/input share"
#define REPORT_LABEL    "weft/v1/report"
#define AGGREGATE_LABEL "weft/v1/aggregate share"

/* ---- length-prefixed byte strings: the one encoding of what is authenticated or hashed together ---- */

struct buffer {
    uint8_t *data;
    size_t len, capacity;
    bool failed;
};

static void put_raw(struct buffer *buffer, const void *data, size_t len)
{
    if (buffer->len + len > buffer->capacity) {
        size_t capacity = 2 * (buffer->len + len) + 256;
        uint8_t *grown = realloc(buffer->data, capacity);
        if (grown == NULL) {
            buffer->failed = true;
            return;
        }
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    if (len > 0 && !buffer->failed) {
        memcpy(buffer->data + buffer->len, data, len);
        buffer->len += len;
    }
}

static void put_u32(struct buffer *buffer, uint32_t value)
{
    uint8_t be[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    put_raw(buffer, be, sizeof be);
}

static void put_bytes(struct buffer *buffer, const void *data, size_t len)
{
    put_u32(buffer, (uint32_t)len);
    put_raw(buffer, data, len);
}

static void put_text(struct buffer *buffer, const char *text)
{
    put_bytes(buffer, text, strlen(text));
}

static void buffer_clear(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        secret_wipe(buffer->data, buffer->capacity);
    }
    free(buffer->data);
    *buffer = (struct buffer){0};
}

static void put_report_aad(struct buffer *aad, const struct task *task, const char *site, uint32_t revision,
                           const uint8_t report_id[PRIO3_NONCE_SIZE], const uint8_t *public_share,
                           size_t public_share_len)
{
    put_text(aad, REPORT_LABEL);
    put_bytes(aad, task->id, TASK_ID_SIZE);
    put_text(aad, site);
    put_u32(aad, revision);
    put_bytes(aad, report_id, PRIO3_NONCE_SIZE);
    put_bytes(aad, public_share, public_share_len);
}

static size_t input_info(uint8_t out[sizeof INPUT_LABEL], unsigned role)
{
    memcpy(out, INPUT_LABEL, sizeof INPUT_LABEL - 1);
    out[sizeof INPUT_LABEL - 1] = (uint8_t)(role + 1);
    return sizeof INPUT_LABEL;
}

/* ---- ciphertext messages with their own memory ---- */

static Weft__V1__HpkeCiphertext *ciphertext_new(size_t plaintext_len)
{
    Weft__V1__HpkeCiphertext *ciphertext = malloc(sizeof *ciphertext);

    if (ciphertext == NULL) {
        return NULL;
    }
    weft__v1__hpke_ciphertext__init(ciphertext);
    ciphertext->kem = HPKE_KEM_X25519_SHA256;
    ciphertext->kdf = HPKE_KDF_SHA256;
    ciphertext->aead = HPKE_AEAD_AES128GCM;
    ciphertext->enc.len = HPKE_KEY_SIZE;
    ciphertext->enc.data = malloc(HPKE_KEY_SIZE);
    ciphertext->payload.len = plaintext_len + HPKE_TAG_SIZE;
    ciphertext->payload.data = malloc(ciphertext->payload.len);
    if (ciphertext->enc.data == NULL || ciphertext->payload.data == NULL) {
        share_free(&ciphertext);
    }
    return ciphertext;
}

void share_free(Weft__V1__HpkeCiphertext **sealed)
{
    if (*sealed != NULL) {
        free((*sealed)->enc.data);
        free((*sealed)->payload.data);
        free(*sealed);
        *sealed = NULL;
    }
}

static bool suite_is_known(const Weft__V1__HpkeCiphertext *ciphertext)
{
    return ciphertext != NULL && ciphertext->base.n_unknown_fields == 0 &&
           ciphertext->kem == HPKE_KEM_X25519_SHA256 && ciphertext->kdf == HPKE_KDF_SHA256 &&
           ciphertext->aead == HPKE_AEAD_AES128GCM && ciphertext->enc.len == HPKE_KEY_SIZE;
}

static int digest_message(uint8_t out[DIGEST_SIZE], const ProtobufCMessage *message, struct err *err)
{
    uint8_t *packed = NULL;
    size_t len;
    int rc = wire_pack(&packed, &len, message, err);

    if (rc == 0) {
        digest(out, packed, len);
    }
    free(packed);
    return rc;
}

/* ---- derived randomness ---- */

static void task_key(uint8_t key[32], const uint8_t site_secret[32], const uint8_t task_id[TASK_ID_SIZE])
{
    static const char label[] = "weft site task key";
    derive(key, 32, site_secret, 32, label, sizeof label - 1, task_id, TASK_ID_SIZE);
}

void report_commitment(uint8_t out[DIGEST_SIZE], const uint8_t site_secret[32],
                       const uint8_t task_id[TASK_ID_SIZE])
{
    static const char label[] = "weft task key commitment";
    uint8_t key[32];

    task_key(key, site_secret, task_id);
    digest_of(out, (struct bytes[]){{label, sizeof label - 1}, {key, sizeof key}}, 2);
    secret_wipe(key, sizeof key);
}

struct randomness {
    uint8_t k_task[32];
    uint8_t report_id[PRIO3_NONCE_SIZE];
    uint8_t *shard;
    size_t shard_len;
};

/* Different content never shares randomness: everything that the report depends on goes into the derivation.
 */
static int draw_randomness(struct randomness *out, const struct report_input *in, struct err *err)
{
    static const char id_label[] = "report id", shard_label[] = "sharding";
    struct buffer content = {0};
    int rc = 0;

    task_key(out->k_task, in->site_secret, in->task->id);
    put_text(&content, in->site);
    put_u32(&content, in->revision);
    put_bytes(&content, in->leader_static_key, KEY_SIZE);
    put_bytes(&content, in->helper_static_key, KEY_SIZE);
    for (int i = 0; i < in->task->num_slots; i++) {
        put_u32(&content, (uint32_t)(in->vector[i] >> 32));
        put_u32(&content, (uint32_t)in->vector[i]);
    }
    out->shard_len = prio3_sizes(in->task->prio3)->rand;
    out->shard = malloc(out->shard_len);
    if (content.failed || out->shard == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "report");
    } else {
        derive(out->report_id, sizeof out->report_id, out->k_task, sizeof out->k_task, id_label,
               sizeof id_label - 1, content.data, content.len);
        derive(out->shard, out->shard_len, out->k_task, sizeof out->k_task, shard_label,
               sizeof shard_label - 1, content.data, content.len);
    }
    buffer_clear(&content);
    return rc;
}

static void randomness_clear(struct randomness *randomness)
{
    secret_wipe(randomness->k_task, sizeof randomness->k_task);
    secret_free(randomness->shard, randomness->shard_len);
}

/* ---- building ---- */

static int seal_input_share(Weft__V1__HpkeCiphertext **out, const struct report_input *in,
                            const struct randomness *randomness, unsigned role, const uint8_t *public_share,
                            const uint8_t *share, struct err *err)
{
    static const char label[] = "leader seal\0helper seal";
    const struct prio3_sizes *sizes = prio3_sizes(in->task->prio3);
    const uint8_t *recipient = role == 0 ? in->leader_hpke_key : in->helper_hpke_key;
    uint8_t info[sizeof INPUT_LABEL], plaintext_digest[DIGEST_SIZE], ikm[HPKE_IKM_SIZE];
    struct buffer aad = {0}, content = {0};
    int rc = 0;

    input_info(info, role);
    digest(plaintext_digest, share, sizes->input_share[role]);
    put_report_aad(&aad, in->task, in->site, in->revision, randomness->report_id, public_share,
                   sizes->public_share);
    put_bytes(&content, recipient, HPKE_KEY_SIZE);
    put_bytes(&content, info, sizeof info);
    put_bytes(&content, aad.data, aad.len);
    put_bytes(&content, plaintext_digest, sizeof plaintext_digest);
    *out = ciphertext_new(sizes->input_share[role]);
    if (aad.failed || content.failed || *out == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "report");
        goto done;
    }
    derive(ikm, sizeof ikm, randomness->k_task, sizeof randomness->k_task, label + 12 * role, 11,
           content.data, content.len);
    if (!hpke_seal((*out)->enc.data, (*out)->payload.data, recipient, info, sizeof info, aad.data, aad.len,
                   share, sizes->input_share[role], ikm)) {
        rc = err_set(err, ERR_KEY_SHEET_MISSING, "the %s's key is unusable", role == 0 ? "leader" : "helper");
    }
done:
    secret_wipe(ikm, sizeof ikm);
    secret_wipe(plaintext_digest, sizeof plaintext_digest);
    buffer_clear(&content);
    buffer_clear(&aad);
    if (rc != 0) {
        share_free(out);
    }
    return rc;
}

static int sign_header(Weft__V1__Document **document, const struct report_input *in,
                       const struct randomness *randomness, const uint8_t *public_share,
                       const Weft__V1__SubmitRequest *request, struct err *err)
{
    Weft__V1__ReportHeader header = WEFT__V1__REPORT_HEADER__INIT;
    uint8_t leader_digest[DIGEST_SIZE], helper_digest[DIGEST_SIZE];
    int rc;

    if ((rc = digest_message(leader_digest, &request->leader->base, err)) != 0 ||
        (rc = digest_message(helper_digest, &request->helper->base, err)) != 0) {
        return rc;
    }
#define BORROW(pointer, length) ((ProtobufCBinaryData){(length), (uint8_t *)(uintptr_t)(pointer)})
    header.task_id = BORROW(in->task->id, TASK_ID_SIZE);
    header.site = (char *)(uintptr_t)in->site;
    header.revision = in->revision;
    header.report_id = BORROW(randomness->report_id, PRIO3_NONCE_SIZE);
    header.supersedes = BORROW(in->supersedes, in->supersedes == NULL ? 0 : PRIO3_NONCE_SIZE);
    header.public_share = BORROW(public_share, prio3_sizes(in->task->prio3)->public_share);
    header.leader_digest = BORROW(leader_digest, DIGEST_SIZE);
    header.helper_digest = BORROW(helper_digest, DIGEST_SIZE);
    header.rule_set = (char *)(uintptr_t)in->rule_set;
    header.log_size = in->log_size;
    header.log_root = BORROW(in->log_root, DIGEST_SIZE);
    if ((rc = document_new(document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_REPORT, &header.base, err)) != 0) {
        return rc;
    }
    return document_sign(document, in->site, in->sign_key, err);
}

int report_build(Weft__V1__SubmitRequest **out, const struct report_input *in, struct err *err)
{
    const struct prio3_sizes *sizes = prio3_sizes(in->task->prio3);
    struct randomness randomness = {0};
    Weft__V1__SubmitRequest *request = malloc(sizeof *request);
    uint8_t *public_share = malloc(sizes->public_share);
    uint8_t *shares[PRIO3_SHARES] = {malloc(sizes->input_share[0]), malloc(sizes->input_share[1])};
    uint8_t ctx[TASK_CTX_MAX];
    enum prio3_result result;
    int rc;

    if (request == NULL || public_share == NULL || shares[0] == NULL || shares[1] == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "report");
        goto done;
    }
    weft__v1__submit_request__init(request);
    request->version_min = request->version_max = PROTOCOL_VERSION;
    if ((rc = draw_randomness(&randomness, in, err)) != 0) {
        goto done;
    }
    result = prio3_shard(in->task->prio3, public_share, shares, in->vector, ctx, task_ctx(in->task, ctx),
                         randomness.report_id, randomness.shard, randomness.shard_len);
    if (result != PRIO3_OK) {
        rc = err_set(err, result == PRIO3_OUT_OF_RANGE ? ERR_BOUND_TOO_SMALL : ERR_INTERNAL, "%s",
                     prio3_result_text(result));
        goto done;
    }
    if ((rc = seal_input_share(&request->leader, in, &randomness, 0, public_share, shares[0], err)) != 0 ||
        (rc = seal_input_share(&request->helper, in, &randomness, 1, public_share, shares[1], err)) != 0 ||
        (rc = sign_header(&request->report, in, &randomness, public_share, request, err)) != 0) {
        goto done;
    }
    *out = request;
    request = NULL;
done:
    report_free(&request);
    randomness_clear(&randomness);
    free(public_share);
    secret_free(shares[0], sizes->input_share[0]);
    secret_free(shares[1], sizes->input_share[1]);
    return rc;
}

void report_free(Weft__V1__SubmitRequest **request)
{
    if (*request != NULL) {
        document_free(&(*request)->report);
        share_free(&(*request)->leader);
        share_free(&(*request)->helper);
        free(*request);
        *request = NULL;
    }
}

/* ---- checking ---- */

static int malformed(struct err *err, const char *site, const char *what)
{
    return err_set(err, ERR_REPORT_MALFORMED, "site %s: %s", site, what);
}

static int check_header(const Weft__V1__ReportHeader *header, const struct task *task, struct err *err)
{
    if (header->task_id.len != TASK_ID_SIZE || memcmp(header->task_id.data, task->id, TASK_ID_SIZE) != 0) {
        return malformed(err, header->site, "it is for another task");
    }
    if (header->revision < 1 || header->revision > REPORT_REVISION_MAX ||
        header->report_id.len != PRIO3_NONCE_SIZE ||
        (header->supersedes.len != 0 && header->supersedes.len != PRIO3_NONCE_SIZE) ||
        header->public_share.len != prio3_sizes(task->prio3)->public_share ||
        header->leader_digest.len != DIGEST_SIZE || header->helper_digest.len != DIGEST_SIZE ||
        header->log_root.len != DIGEST_SIZE || strlen(header->rule_set) > ID_MAX) {
        return malformed(err, header->site, "a field has the wrong size");
    }
    return 0;
}

int report_check(Weft__V1__ReportHeader **out, const Weft__V1__Document *document, const struct task *task,
                 const struct roster *roster, int area, struct err *err)
{
    Weft__V1__ReportHeader *header = NULL;
    int site, rc;

    if (document == NULL) {
        return err_set(err, ERR_REPORT_MALFORMED, "no report");
    }
    if ((rc = document_body((ProtobufCMessage **)&header, document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_REPORT,
                            err)) != 0) {
        return rc;
    }
    site = id_is_valid(header->site) ? roster_find_site(roster, header->site) : NONE;
    if (site == NONE || roster->sites[site].supervisor != area) {
        rc = err_set(err, ERR_REPORT_SITE_UNKNOWN, "%s, area %s", site == NONE ? "?" : header->site,
                     roster->areas[area].wire->code);
    } else if (!document_is_signed(document, header->site, roster->sites[site].wire->sign_key.data) ||
               document->n_signatures != 1) {
        rc = err_set(err, ERR_REPORT_SIGNATURE, "site %s", header->site);
    } else if ((rc = check_header(header, task, err)) == 0) {
        *out = header;
        return 0;
    }
    wire_free(&header);
    return rc;
}

int report_check_ciphertext(const Weft__V1__ReportHeader *header, const struct task *task, unsigned role,
                            const Weft__V1__HpkeCiphertext *ciphertext, struct err *err)
{
    const ProtobufCBinaryData *wanted = role == 0 ? &header->leader_digest : &header->helper_digest;
    uint8_t actual[DIGEST_SIZE];
    int rc;

    if (!suite_is_known(ciphertext) ||
        ciphertext->payload.len != prio3_sizes(task->prio3)->input_share[role] + HPKE_TAG_SIZE) {
        return malformed(err, header->site, "a ciphertext has the wrong size or an unknown suite");
    }
    if ((rc = digest_message(actual, &ciphertext->base, err)) != 0) {
        return rc;
    }
    return memcmp(actual, wanted->data, DIGEST_SIZE) == 0
               ? 0
               : malformed(err, header->site, "a ciphertext is not the one that was signed");
}

bool report_open_share(uint8_t *share, const struct task *task, const Weft__V1__ReportHeader *header,
                       unsigned role, const Weft__V1__HpkeCiphertext *ciphertext,
                       const uint8_t hpke_private[HPKE_KEY_SIZE])
{
    COST_SCOPE(COST_HPKE);
    uint8_t info[sizeof INPUT_LABEL];
    struct buffer aad = {0};
    bool opened;

    input_info(info, role);
    put_report_aad(&aad, task, header->site, header->revision, header->report_id.data,
                   header->public_share.data, header->public_share.len);
    opened =
        !aad.failed && hpke_open(share, ciphertext->enc.data, ciphertext->payload.data,
                                 ciphertext->payload.len, hpke_private, info, sizeof info, aad.data, aad.len);
    buffer_clear(&aad);
    return opened;
}

/* ---- aggregate shares ---- */

struct share_binding {
    uint8_t info[sizeof AGGREGATE_LABEL];
    struct buffer aad;
};

static void bind_share(struct share_binding *binding, const struct task *task,
                       const Weft__V1__Opening *opening, const char *sender, Weft__V1__Side side,
                       const uint8_t basis[DIGEST_SIZE])
{
    memcpy(binding->info, AGGREGATE_LABEL, sizeof AGGREGATE_LABEL - 1);
    binding->info[sizeof AGGREGATE_LABEL - 1] = (uint8_t)side;
    binding->aad = (struct buffer){0};
    put_bytes(&binding->aad, task->id, TASK_ID_SIZE);
    put_text(&binding->aad, opening->area);
    put_u32(&binding->aad, (uint32_t)opening->scope);
    put_u32(&binding->aad, (uint32_t)opening->stage);
    put_text(&binding->aad, sender);
    put_bytes(&binding->aad, basis, DIGEST_SIZE);
}

int share_seal(Weft__V1__HpkeCiphertext **out, const uint8_t public_key[HPKE_KEY_SIZE],
               const struct task *task, const Weft__V1__Opening *opening, const char *sender,
               Weft__V1__Side side, const uint8_t basis[DIGEST_SIZE], const uint8_t *share, size_t share_len,
               const uint8_t ikm[HPKE_IKM_SIZE], struct err *err)
{
    COST_SCOPE(COST_HPKE);
    Weft__V1__HpkeCiphertext *sealed = ciphertext_new(share_len);
    struct share_binding binding;
    int rc = 0;

    bind_share(&binding, task, opening, sender, side, basis);
    if (sealed == NULL || binding.aad.failed) {
        rc = err_set(err, ERR_NO_MEMORY, "aggregate share");
    } else if (!hpke_seal(sealed->enc.data, sealed->payload.data, public_key, binding.info,
                          sizeof binding.info, binding.aad.data, binding.aad.len, share, share_len, ikm)) {
        rc = err_set(err, ERR_KEY_SHEET_MISSING, "the receiver's key is unusable");
    } else {
        *out = sealed;
        sealed = NULL;
    }
    buffer_clear(&binding.aad);
    share_free(&sealed);
    return rc;
}

bool share_open(uint8_t *share, size_t share_len, const Weft__V1__HpkeCiphertext *sealed,
                const uint8_t private_key[HPKE_KEY_SIZE], const struct task *task,
                const Weft__V1__Opening *opening, const char *sender, Weft__V1__Side side,
                const uint8_t basis[DIGEST_SIZE])
{
    COST_SCOPE(COST_HPKE);
    struct share_binding binding;
    bool opened;

    if (!suite_is_known(sealed) || sealed->payload.len != share_len + HPKE_TAG_SIZE) {
        return false;
    }
    bind_share(&binding, task, opening, sender, side, basis);
    opened = !binding.aad.failed &&
             hpke_open(share, sealed->enc.data, sealed->payload.data, sealed->payload.len, private_key,
                       binding.info, sizeof binding.info, binding.aad.data, binding.aad.len);
    buffer_clear(&binding.aad);
    return opened;
}
