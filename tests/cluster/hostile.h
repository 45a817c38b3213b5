/* hostile.h - what the tests of lying, dead and full peers share: a small province, calls by hand, checks. */
#ifndef TESTS_HOSTILE_H
#define TESTS_HOSTILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/view_internal.h"
#include "base/report.h"
#include "base/wire.h"
#include "tests/cluster/by_hand.h"

#define REPORT(name) WEFT__V1__REPORT_STATE__REPORT_##name
#define REJECT(name) WEFT__V1__REJECT_REASON__REJECT_##name
#define REASON(name) WEFT__V1__WITHHELD_REASON__WITHHELD_##name

static const struct cluster_faults no_faults = {.max_delay_ms = 20};
/* one city with two counties of three hospitals: sites 0 to 2 and 3 to 5 */
static const struct cluster_shape tiny = {
    .num_cities = 1, .counties_per_city = 2, .min_sites = 3, .max_sites = 3};
static const struct cluster_shape tiny_and_patient = {
    .num_cities = 1, .counties_per_city = 2, .min_sites = 3, .max_sites = 3, .waits_for_close = true};
static const struct cluster_shape two_cities = {
    .num_cities = 2, .counties_per_city = 2, .min_sites = 4, .max_sites = 4};

/* ---- running ---- */

static inline bool keys_are_known(const struct cluster *cluster)
{
    for (int area = 0; area < cluster->roster->num_areas; area++) {
        const struct roster_area *pair = &cluster->roster->areas[area];
        const struct view *view = cluster_view(cluster, pair->leader);
        if (cluster->coordinators[pair->leader].is_down || cluster->coordinators[pair->helper].is_down) {
            continue;
        }
        if (view == NULL || view->key_sheets[pair->leader].document == NULL ||
            view->key_sheets[pair->helper].document == NULL) {
            return false;
        }
    }
    return true;
}

static inline void set_silent(struct cluster *cluster, bool is_silent)
{
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        cluster->sites[i].is_silent = is_silent;
    }
}

/* Nobody reports yet, all keys are known. */
static inline void begin(struct cluster *cluster, const struct cluster_shape *shape)
{
    cluster_start(cluster, 11, shape, &no_faults);
    set_silent(cluster, true);
    assert_true(cluster_run(cluster, keys_are_known, 60000));
}

static inline void run_for(struct cluster *cluster, int64_t ms)
{
    assert_false(cluster_run(cluster, cluster_never, ms));
}

static inline bool order_is_there(const struct cluster *cluster)
{
    return cluster_top_view(cluster)->order.document != NULL;
}

static inline bool all_have_receipts(const struct cluster *cluster)
{
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        if (!cluster->sites[i].is_silent && cluster->sites[i].receipt == NULL) {
            return false;
        }
    }
    return true;
}

static inline int coordinator(const struct cluster *cluster, const char *id)
{
    return roster_find_coordinator(cluster->roster, id);
}

static inline int area(const struct cluster *cluster, const char *code)
{
    return roster_find_area(cluster->roster, code);
}

static const char *site_name(const struct cluster *cluster, int site)
{
    return cluster->roster->sites[site].wire->tls_name;
}

static inline int leader_of(const struct cluster *cluster, int site)
{
    return cluster->roster->areas[cluster->roster->sites[site].supervisor].leader;
}

/* ---- asking ---- */

static inline int call(struct cluster *cluster, const char *receiver, const char *peer,
                       enum core_method method, const ProtobufCMessage *request)
{
    ProtobufCMessage *response = NULL;
    struct err err = {0};
    int rc = cluster_call(cluster, coordinator(cluster, receiver), peer, method, request, &response, &err);

    assert_int_equal(rc, err.code);
    wire_free(&response);
    return rc;
}

static inline int submit(struct cluster *cluster, int site, const Weft__V1__SubmitRequest *request)
{
    return call(cluster, cluster->roster->coordinators[leader_of(cluster, site)].wire->id,
                site_name(cluster, site), CORE_SUBMIT, &request->base);
}

static inline int submit_by_hand(struct cluster *cluster, const struct by_hand *how)
{
    Weft__V1__SubmitRequest *request = report_by_hand(cluster, how);
    int rc = submit(cluster, how->site, request);

    report_free(&request);
    return rc;
}

static inline void assert_receipt(const struct cluster *cluster, int site, Weft__V1__ReportState state,
                                  Weft__V1__RejectReason reason)
{
    const struct roster_area *pair = &cluster->roster->areas[cluster->roster->sites[site].supervisor];
    const Weft__V1__Document *document = cluster->sites[site].receipt;
    Weft__V1__Receipt *receipt = NULL;
    int signers[] = {pair->leader, pair->helper};
    struct err err = {0};

    assert_non_null(document);
    for (int i = 0; i < 2; i++) {
        const Weft__V1__Coordinator *wire = cluster->roster->coordinators[signers[i]].wire;
        assert_true(document_is_signed(document, wire->id, wire->sign_key.data));
    }
    assert_int_equal(document_body((ProtobufCMessage **)&receipt, document, DOC(RECEIPT), &err), 0);
    assert_int_equal(receipt->state, state);
    assert_int_equal(receipt->reason, reason);
    wire_free(&receipt);
}

static inline uint64_t plain_sum(const struct cluster *cluster, int in, int slot)
{
    const struct view *view = cluster_top_view(cluster);
    uint64_t sum = 0;

    for (int i = 0; i < cluster->roster->num_sites; i++) {
        if (view->site_is_frozen[i] &&
            roster_is_within(cluster->roster, cluster->roster->sites[i].area, in)) {
            sum += cluster->sites[i].vector[slot];
        }
    }
    return sum;
}

/* The release of an area is there and holds the plain sums of what is frozen. */
static inline void assert_released(const struct cluster *cluster, const char *code)
{
    int index = area(cluster, code);
    const Weft__V1__Release *release =
        (const Weft__V1__Release *)cluster_top_view(cluster)->releases[index].body;

    assert_non_null(release);
    assert_true(release->n_slots > 0);
    for (size_t i = 0; i < release->n_slots; i++) {
        assert_int_equal(release->slots[i]->total, plain_sum(cluster, index, (int)release->slots[i]->slot));
    }
}

static inline void assert_withheld(const struct cluster *cluster, const char *code,
                                   Weft__V1__WithheldReason reason)
{
    const Weft__V1__Order *order = (const Weft__V1__Order *)cluster_top_view(cluster)->order.body;

    assert_non_null(order);
    for (size_t i = 0; i < order->n_withheld; i++) {
        if (strcmp(order->withheld[i]->area, code) == 0) {
            assert_int_equal(order->withheld[i]->reason, reason);
            return;
        }
    }
    fail_msg("%s is not withheld", code);
}

/* ---- lying ---- */

/* The leader's document, altered and signed with its true key. */
static inline int propose(struct cluster *cluster, const char *leader, const char *helper,
                   Weft__V1__DocumentType type, const ProtobufCMessage *body)
{
    Weft__V1__CoSignRequest request = WEFT__V1__CO_SIGN_REQUEST__INIT;
    int index = coordinator(cluster, leader), rc;
    struct err err = {0};

    request.version_min = request.version_max = PROTOCOL_VERSION;
    assert_int_equal(document_new(&request.document, type, body, &err), 0);
    assert_int_equal(document_sign(&request.document, leader, cluster->coordinators[index].sign_key, &err),
                     0);
    rc = call(cluster, helper, cluster->roster->coordinators[index].wire->tls_name, CORE_CO_SIGN,
              &request.base);
    document_free(&request.document);
    return rc;
}

/* Run to where the leader asks for such a document, and give its body. */
static inline void *run_to(struct cluster *cluster, Weft__V1__DocumentType type, int64_t limit_ms)
{
    ProtobufCMessage *body = NULL;
    struct err err = {0};

    cluster_hold(cluster, CORE_CO_SIGN, type);
    run_for(cluster, limit_ms);
    assert_non_null(cluster->held);
    assert_int_equal(document_body(&body, ((Weft__V1__CoSignRequest *)cluster->held)->document, type, &err),
                     0);
    return body;
}

/* What was held is right, so the helper signs it. */
static inline void assert_unaltered_is_signed(struct cluster *cluster, const char *leader, const char *helper)
{
    assert_int_equal(call(cluster, helper,
                          cluster->roster->coordinators[coordinator(cluster, leader)].wire->tls_name,
                          CORE_CO_SIGN, cluster->held),
                     0);
    cluster_let_go(cluster);
}

static inline void sign_share(struct cluster *cluster, Weft__V1__PutShareRequest *request)
{
    static const char label[] = "weft/v1/put share\n";
    Weft__V1__Signature *signature = request->signature;
    uint8_t *packed = NULL, signed_digest[DIGEST_SIZE];
    struct err err = {0};
    size_t len;

    request->signature = NULL;
    assert_int_equal(wire_pack(&packed, &len, &request->base, &err), 0);
    digest_of(signed_digest, (struct bytes[]){{label, sizeof label - 1}, {packed, len}}, 2);
    sign_make(signature->signature.data,
              cluster->coordinators[coordinator(cluster, request->sender)].sign_key, signed_digest,
              sizeof signed_digest);
    request->signature = signature;
    free(packed);
}

static inline int resign_and_put(struct cluster *cluster, const char *parent, Weft__V1__PutShareRequest *request)
{
    sign_share(cluster, request);
    return call(cluster, parent,
                cluster->roster->coordinators[coordinator(cluster, request->sender)].wire->tls_name,
                CORE_PUT_SHARE, &request->base);
}

static inline const Weft__V1__Freeze *freeze_of(const struct cluster *cluster, const char *code)
{
    return (const Weft__V1__Freeze *)cluster_top_view(cluster)->freezes[area(cluster, code)].body;
}

/* As the top leader finds it in the publication directory. */
static inline int publish_by_roots(struct cluster *cluster, Weft__V1__DocumentType type,
                                   const ProtobufCMessage *body, int num_roots)
{
    struct cluster_coordinator *top =
        &cluster->coordinators[cluster->roster->areas[cluster->roster->top].leader];
    Weft__V1__Document *document = NULL;
    struct store_txn *txn = NULL;
    struct err err = {0};
    int rc;

    assert_int_equal(document_new(&document, type, body, &err), 0);
    for (int i = 0; i < num_roots; i++) {
        assert_int_equal(document_sign(&document, cluster->roots_wire[i].name, cluster->root_keys[i], &err),
                         0);
    }
    assert_int_equal(store_begin(top->store, &txn, true, &err), 0);
    if ((rc = core_publish(top->core, txn, document, &err)) == 0) {
        assert_int_equal(store_commit(&txn, &err), 0);
    }
    store_abort(&txn);
    document_free(&document);
    return rc;
}

#endif
