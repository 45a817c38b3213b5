/* by_hand.c - build a report step by step, as base/report.h lays it down, with the wanted parts wrong. */
#include "tests/cluster/by_hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/report.h"
#include "base/wire.h"
#include "crypto/hpke.h"

static void must(int rc, const struct err *err)
{
    if (rc != 0) {
        char text[1024];
        fprintf(stderr, "%s\n", err_text(err, LANG_EN, text, sizeof text));
        abort();
    }
}

static void must_be(bool good)
{
    if (!good) {
        abort();
    }
}

/* ---- length-prefixed byte strings ---- */

struct text {
    uint8_t data[65536];
    size_t len;
};

static void put_u32(struct text *text, size_t value)
{
    must_be(text->len + 4 <= sizeof text->data);
    for (int i = 3; i >= 0; i--) {
        text->data[text->len++] = (uint8_t)(value >> (8 * i));
    }
}

static void put(struct text *text, const void *data, size_t len)
{
    put_u32(text, len);
    must_be(text->len + len <= sizeof text->data);
    memcpy(text->data + text->len, data, len);
    text->len += len;
}

/* ---- sealing ---- */

static Weft__V1__HpkeCiphertext *seal(const struct cluster *cluster, const struct by_hand *how, unsigned role,
                                      const char *site, const uint8_t *report_id, const uint8_t *public_share,
                                      const uint8_t *share, const uint8_t *key)
{
    static const char label[] = "weft/v1/input share";
    const struct prio3_sizes *sizes = prio3_sizes(cluster->task->prio3);
    Weft__V1__HpkeCiphertext *sealed = malloc(sizeof *sealed);
    uint8_t info[sizeof label], ikm[HPKE_IKM_SIZE] = {(uint8_t)role, 77};
    struct text *aad = calloc(1, sizeof *aad);

    memcpy(info, label, sizeof label - 1);
    info[sizeof label - 1] = (uint8_t)(role + 1);
    put(aad, "weft/v1/report", strlen("weft/v1/report"));
    put(aad, how->sealed_for != NULL ? how->sealed_for : cluster->task->id, TASK_ID_SIZE);
    put(aad, site, strlen(site));
    put_u32(aad, how->revision);
    put(aad, report_id, PRIO3_NONCE_SIZE);
    put(aad, public_share, sizes->public_share);
    weft__v1__hpke_ciphertext__init(sealed);
    sealed->kem = HPKE_KEM_X25519_SHA256;
    sealed->kdf = HPKE_KDF_SHA256;
    sealed->aead = HPKE_AEAD_AES128GCM;
    sealed->enc.len = HPKE_KEY_SIZE;
    sealed->enc.data = malloc(HPKE_KEY_SIZE);
    sealed->payload.len = sizes->input_share[role] + HPKE_TAG_SIZE;
    sealed->payload.data = malloc(sealed->payload.len);
    must_be(hpke_seal(sealed->enc.data, sealed->payload.data, key, info, sizeof info, aad->data, aad->len,
                      share, sizes->input_share[role], ikm));
    free(aad);
    return sealed;
}

static void digest_ciphertext(uint8_t out[DIGEST_SIZE], const Weft__V1__HpkeCiphertext *ciphertext)
{
    uint8_t *packed = NULL;
    struct err err = {0};
    size_t len;

    must(wire_pack(&packed, &len, &ciphertext->base, &err), &err);
    digest(out, packed, len);
    free(packed);
}

static ProtobufCBinaryData borrow(const void *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

static void sign_report(Weft__V1__SubmitRequest *request, const struct cluster *cluster,
                        const struct by_hand *how, const char *site, const uint8_t *report_id,
                        const uint8_t *public_share)
{
    Weft__V1__ReportHeader header = WEFT__V1__REPORT_HEADER__INIT;
    uint8_t leader[DIGEST_SIZE], helper[DIGEST_SIZE], log_root[DIGEST_SIZE] = {0};
    const uint8_t *key = how->sign_key != NULL ? how->sign_key : cluster->sites[how->site].sign_key;
    struct err err = {0};

    digest_ciphertext(leader, request->leader);
    digest_ciphertext(helper, request->helper);
    header.task_id = borrow(how->task_id != NULL ? how->task_id : cluster->task->id, TASK_ID_SIZE);
    header.site = (char *)(uintptr_t)site;
    header.revision = how->revision;
    header.report_id = borrow(report_id, PRIO3_NONCE_SIZE);
    header.public_share = borrow(public_share, prio3_sizes(cluster->task->prio3)->public_share);
    header.leader_digest = borrow(leader, DIGEST_SIZE);
    header.helper_digest = borrow(helper, DIGEST_SIZE);
    header.rule_set = (char *)(uintptr_t) "none";
    header.log_root = borrow(log_root, DIGEST_SIZE);
    must(document_new(&request->report, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_REPORT, &header.base, &err), &err);
    must(document_sign(&request->report, site, key, &err), &err);
    if (how->adds_signature) {
        must(document_sign(&request->report, "someone", key, &err), &err);
    }
}

Weft__V1__SubmitRequest *report_by_hand(struct cluster *cluster, const struct by_hand *how)
{
    const struct roster_site *where = &cluster->roster->sites[how->site];
    const struct roster_area *area = &cluster->roster->areas[where->supervisor];
    const struct view *view = cluster_view(cluster, area->leader);
    const struct prio3_sizes *sizes = prio3_sizes(cluster->task->prio3);
    const char *site = how->site_id != NULL ? how->site_id : where->wire->id;
    uint8_t *shares[PRIO3_SHARES] = {malloc(sizes->input_share[0]), malloc(sizes->input_share[1])};
    uint8_t *public_share = malloc(sizes->public_share), *rand = malloc(sizes->rand);
    uint8_t ctx[TASK_CTX_MAX], drawn_id[PRIO3_NONCE_SIZE];
    const uint8_t *report_id = how->report_id != NULL ? how->report_id : drawn_id;
    Weft__V1__SubmitRequest *request = malloc(sizeof *request);

    for (size_t i = 0; i < sizes->rand; i++) {
        rand[i] = (uint8_t)cluster_random(cluster, 256);
    }
    for (size_t i = 0; i < sizeof drawn_id; i++) {
        drawn_id[i] = (uint8_t)cluster_random(cluster, 256);
    }
    must_be(prio3_shard(cluster->task->prio3, public_share, shares, cluster->sites[how->site].vector, ctx,
                        task_ctx(cluster->task, ctx), report_id, rand, sizes->rand) == PRIO3_OK);
    if (how->breaks_proof) {
        shares[0][0] ^= 1;
    }
    if (how->is_no_element) {
        memset(shares[0], 0xff, sizes->element);
    }
    weft__v1__submit_request__init(request);
    request->version_min = request->version_max = 1;
    request->leader =
        seal(cluster, how, 0, site, report_id, public_share, shares[0],
             how->leader_key != NULL
                 ? how->leader_key
                 : ((const Weft__V1__KeySheet *)view->key_sheets[area->leader].body)->public_key.data);
    request->helper =
        seal(cluster, how, 1, site, report_id, public_share, shares[1],
             how->helper_key != NULL
                 ? how->helper_key
                 : ((const Weft__V1__KeySheet *)view->key_sheets[area->helper].body)->public_key.data);
    request->leader->payload.len -= how->short_by;
    sign_report(request, cluster, how, site, report_id, public_share);
    free(shares[0]);
    free(shares[1]);
    free(public_share);
    free(rand);
    return request;
}
