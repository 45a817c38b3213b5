/* test_hostile.c - sites and coordinators that send what they should not: reports, requests and documents. */
#include "tests/cluster/hostile.h"

/* ---- reports ---- */

static void test_submit__refuses_what_is_not_as_its_site_would_send_it(void **state)
{
    static const uint8_t other_key[KEY_SIZE] = {1}, other_task[TASK_ID_SIZE] = {1};
    struct cluster cluster;
    Weft__V1__SubmitRequest *request, swapped;

    (void)state;
    begin(&cluster, &tiny);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1, .sign_key = other_key}),
                     ERR_REPORT_SIGNATURE);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1, .adds_signature = true}),
                     ERR_REPORT_SIGNATURE);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1, .short_by = 1}),
                     ERR_REPORT_MALFORMED);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1, .task_id = other_task}),
                     ERR_TASK_UNKNOWN);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1, .site_id = "nobody"}),
                     ERR_REPORT_SITE_UNKNOWN);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 0}), ERR_REPORT_MALFORMED);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = REPORT_REVISION_MAX + 1}),
                     ERR_REPORT_MALFORMED);
    request = report_by_hand(&cluster, &(struct by_hand){.revision = 1});
    swapped = *request;
    swapped.leader = request->helper;
    assert_int_equal(submit(&cluster, 0, &swapped), ERR_REPORT_MALFORMED);
    swapped.leader = NULL;
    assert_int_equal(submit(&cluster, 0, &swapped), ERR_REPORT_MALFORMED);
    swapped = *request;
    swapped.report = NULL;
    assert_int_equal(submit(&cluster, 0, &swapped), ERR_REPORT_MALFORMED);
    swapped = *request;
    swapped.version_min = 2;
    assert_int_equal(submit(&cluster, 0, &swapped), ERR_VERSION_UNSUPPORTED);
    assert_int_equal(submit(&cluster, 1, request), ERR_REPORT_SITE_UNKNOWN); /* passed on by another site */
    assert_int_equal(call(&cluster, "lead-990102", site_name(&cluster, 0), CORE_SUBMIT, &request->base),
                     ERR_NOT_ALLOWED);
    assert_int_equal(submit(&cluster, 0, request), 0);
    assert_int_equal(submit(&cluster, 0, request), 0);
    report_free(&request);
    cluster_stop(&cluster);
}

static void test_submit__refuses_replays_and_older_revisions(void **state)
{
    static const uint8_t id[PRIO3_NONCE_SIZE] = {5}, other_id[PRIO3_NONCE_SIZE] = {6};
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 2, .report_id = id}), 0);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 3, .report_id = id}),
                     ERR_REPORT_REPLAYED);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 2, .report_id = other_id}),
                     ERR_REPORT_REVISION);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1}), ERR_REPORT_REVISION);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 3}), 0);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.site = 1, .revision = 1, .report_id = id}),
                     0);
    cluster_stop(&cluster);
}

static void test_submit__is_answered_after_the_close_only_if_asked_before(void **state)
{
    struct cluster cluster;
    Weft__V1__SubmitRequest *request;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    request = report_by_hand(&cluster, &(struct by_hand){.revision = 1});
    assert_int_equal(submit(&cluster, 0, request), 0);
    run_for(&cluster, 5000);
    cluster.now_ms = cluster.task->wire->close_ms;
    assert_int_equal(submit(&cluster, 0, request), 0);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 2}), ERR_TASK_CLOSED);
    cluster.now_ms = cluster.task->wire->open_ms - 1;
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.site = 1, .revision = 1}),
                     ERR_TASK_NOT_OPEN);
    report_free(&request);
    cluster_stop(&cluster);
}

/* Both reject with the same reason, the receipt says it, and the next revision is accepted. */
static void test_verify__rejects_bad_shares_by_receipt(void **state)
{
    static const uint8_t other_key[HPKE_KEY_SIZE] = {9};
    const struct {
        struct by_hand how;
        Weft__V1__RejectReason reason;
    } cases[] = {
        {{.revision = 1, .breaks_proof = true}, REJECT(PROOF)},
        {{.revision = 1, .is_no_element = true}, REJECT(LEADER_SHARE)},
        {{.revision = 1, .leader_key = other_key}, REJECT(LEADER_DECRYPT)},
        {{.revision = 1, .helper_key = other_key}, REJECT(HELPER_DECRYPT)},
    };
    struct cluster cluster;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&cluster, &tiny);
        set_silent(&cluster, false);
        cluster.sites[0].report = report_by_hand(&cluster, &cases[i].how);
        cluster.sites[0].revision = 1;
        assert_true(cluster_run(&cluster, all_have_receipts, 60000));
        assert_receipt(&cluster, 0, REPORT(REJECTED), cases[i].reason);
        assert_receipt(&cluster, 1, REPORT(ACCEPTED), REJECT(NONE));
        cluster_report_again(&cluster, 0);
        assert_true(cluster_run(&cluster, all_have_receipts, 60000));
        assert_receipt(&cluster, 0, REPORT(ACCEPTED), REJECT(NONE));
        assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
        assert_released(&cluster, "990101");
        cluster_stop(&cluster);
    }
}

static void test_verify__waits_for_a_helper_that_is_away(void **state)
{
    struct cluster cluster;
    int helper;

    (void)state;
    begin(&cluster, &tiny);
    helper = coordinator(&cluster, "help-9901");
    cluster.coordinators[helper].is_down = true;
    set_silent(&cluster, false);
    run_for(&cluster, 60000);
    assert_null(cluster.sites[0].receipt);
    cluster_restart(&cluster, coordinator(&cluster, "lead-990101")); /* what waits is found again */
    cluster.coordinators[helper].is_down = false;
    assert_true(cluster_run(&cluster, all_have_receipts, 120000));
    assert_receipt(&cluster, 0, REPORT(ACCEPTED), REJECT(NONE));
    cluster_stop(&cluster);
}

/* ---- revisions ---- */

static void test_revision__a_newer_one_replaces_the_older_in_the_totals(void **state)
{
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    set_silent(&cluster, false);
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    cluster.sites[0].vector[0] += 100;
    cluster.sites[0].vector[1] += 50;
    cluster_report_again(&cluster, 0);
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "990101");
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

/* Both revisions wait when the helper comes back, and answers are lost on the way: still the newer one counts,
 * at both. */
static void test_revision__answers_that_come_late_do_not_bring_the_older_back(void **state)
{
    struct cluster cluster;

    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        begin(&cluster, &tiny_and_patient);
        cluster.random_state = seed;
        cluster.coordinators[coordinator(&cluster, "help-9901")].is_down = true;
        set_silent(&cluster, false);
        run_for(&cluster, 3000);
        for (int i = 0; i < cluster.roster->num_sites; i++) {
            cluster.sites[i].vector[0] += 10;
            cluster_report_again(&cluster, i);
        }
        run_for(&cluster, 3000);
        cluster.faults.drop_response = 60;
        cluster.faults.max_delay_ms = 3000;
        cluster.coordinators[coordinator(&cluster, "help-9901")].is_down = false;
        assert_true(cluster_run(&cluster, all_have_receipts, 500000));
        cluster.faults = no_faults;
        assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
        for (int i = 0; i < cluster.roster->num_sites; i++) {
            assert_true(cluster_top_view(&cluster)->site_is_frozen[i]);
        }
        assert_released(&cluster, "99");
        cluster_stop(&cluster);
    }
}

/* ---- the leader's requests to its helper ---- */

static void test_verify__answers_one_request_a_report(void **state)
{
    Weft__V1__VerifyRequest *request;
    struct cluster cluster;
    const char *leader = "lead-990101.test";

    (void)state;
    begin(&cluster, &tiny);
    cluster_hold(&cluster, CORE_VERIFY, DOC(NONE));
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1}), 0);
    run_for(&cluster, 1000);
    request = (Weft__V1__VerifyRequest *)cluster.held;
    assert_non_null(request);
    assert_int_equal(call(&cluster, "help-9901", "lead-990102.test", CORE_VERIFY, &request->base),
                     ERR_NOT_ALLOWED);
    request->leader_reject = REJECT(PROOF);
    assert_int_equal(call(&cluster, "help-9901", leader, CORE_VERIFY, &request->base), ERR_MESSAGE_MALFORMED);
    request->leader_reject = REJECT(LEADER_DECRYPT); /* with a share all the same */
    assert_int_equal(call(&cluster, "help-9901", leader, CORE_VERIFY, &request->base), ERR_MESSAGE_MALFORMED);
    request->leader_reject = REJECT(NONE);
    assert_int_equal(call(&cluster, "help-9901", leader, CORE_VERIFY, &request->base), 0);
    assert_int_equal(call(&cluster, "help-9901", leader, CORE_VERIFY, &request->base), 0);
    request->verifier_share.data[3] ^= 1;
    assert_int_equal(call(&cluster, "help-9901", leader, CORE_VERIFY, &request->base), ERR_REPORT_REPLAYED);
    request->verifier_share.data[3] ^= 1;
    request->helper->payload.data[3] ^= 1;
    assert_int_equal(call(&cluster, "help-9901", leader, CORE_VERIFY, &request->base), ERR_REPORT_MALFORMED);
    cluster_stop(&cluster);
}

/* ---- versions and validity ---- */

static void test_requests__say_a_version_that_is_spoken_here(void **state)
{
    Weft__V1__CoSignRequest cosign = WEFT__V1__CO_SIGN_REQUEST__INIT;
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny);
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_CO_SIGN, &cosign.base),
                     ERR_VERSION_UNSUPPORTED);
    cosign.version_min = PROTOCOL_VERSION + 1;
    cosign.version_max = PROTOCOL_VERSION + 2;
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_CO_SIGN, &cosign.base),
                     ERR_VERSION_UNSUPPORTED);
    cosign.version_min = PROTOCOL_VERSION;
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_CO_SIGN, &cosign.base),
                     ERR_DOCUMENT_MALFORMED);
    cluster_stop(&cluster);
}

static void test_roster__when_expired_lets_only_documents_pass(void **state)
{
    Weft__V1__CoSignRequest cosign = WEFT__V1__CO_SIGN_REQUEST__INIT;
    Weft__V1__GetDocumentsRequest get = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    struct cluster cluster;

    (void)state;
    get.version_min = get.version_max = cosign.version_min = cosign.version_max = PROTOCOL_VERSION;
    begin(&cluster, &tiny);
    roster_history_newest(cluster_view(&cluster, coordinator(&cluster, "help-9901"))->history)
        ->wire->expires_ms = cluster.now_ms;
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_CO_SIGN, &cosign.base),
                     ERR_ROSTER_EXPIRED);
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_GET_DOCUMENTS, &get.base), 0);
    cluster_stop(&cluster);
}

/* ---- roles ---- */

static void test_roles__each_method_has_its_callers(void **state)
{
    ProtobufCMessage *requests[CORE_NUM_METHODS] = {NULL};
    Weft__V1__GetDocumentsRequest get = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    Weft__V1__PutDocumentsRequest put = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;
    Weft__V1__SubmitRequest submit_request = WEFT__V1__SUBMIT_REQUEST__INIT;
    Weft__V1__VerifyRequest verify = WEFT__V1__VERIFY_REQUEST__INIT;
    Weft__V1__CoSignRequest cosign = WEFT__V1__CO_SIGN_REQUEST__INIT;
    Weft__V1__PutShareRequest share = WEFT__V1__PUT_SHARE_REQUEST__INIT;
    Weft__V1__GetSiteStateRequest site_state = WEFT__V1__GET_SITE_STATE_REQUEST__INIT;
    static const struct {
        const char *receiver, *peer;
        bool allowed[CORE_GET_SITE_STATE + 1]; /* get, put, submit, verify, cosign, share, site state */
    } cases[] = {
        {"lead-990101", "h0000.test", {1, 1, 1, 0, 0, 0, 1}}, /* it may give its consents */
        {"lead-990102", "h0000.test", {0}},
        {"lead-9901", "h0000.test", {0}},
        {"help-9901", "h0000.test", {0}},
        {"help-9901", "lead-990101.test", {1, 1, 0, 1, 1, 0}},
        {"help-99", "lead-990101.test", {0}},
        {"lead-9901", "lead-990101.test", {1, 1, 0, 0, 0, 1}},
        {"lead-99", "lead-990101.test", {0}},
        {"lead-990101", "lead-9901.test", {0}},
        {"lead-990101", "help-9901.test", {0}},
        {"help-99", "help-9901.test", {1, 1, 0, 0, 0, 1}},
        {"lead-99", "help-9901.test", {0}},
    };
    struct cluster cluster;

    (void)state;
    get.version_min = get.version_max = put.version_min = put.version_max = 1;
    requests[CORE_GET_DOCUMENTS] = &get.base;
    requests[CORE_PUT_DOCUMENTS] = &put.base;
    requests[CORE_SUBMIT] = &submit_request.base;
    requests[CORE_VERIFY] = &verify.base;
    requests[CORE_CO_SIGN] = &cosign.base;
    requests[CORE_PUT_SHARE] = &share.base;
    requests[CORE_GET_SITE_STATE] = &site_state.base;
    begin(&cluster, &tiny);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int m = 0; m <= CORE_GET_SITE_STATE; m++) {
            int rc = call(&cluster, cases[i].receiver, cases[i].peer, (enum core_method)m, requests[m]);
            if ((rc != ERR_NOT_ALLOWED) != cases[i].allowed[m]) {
                fail_msg("%s of %s by %s: %d", core_method_name((enum core_method)m), cases[i].receiver,
                         cases[i].peer, rc);
            }
        }
    }
    assert_int_equal(call(&cluster, "lead-99", "stranger.test", CORE_GET_DOCUMENTS, &get.base),
                     ERR_PEER_UNKNOWN);
    /* by the own name: the own console, which gets no documents */
    assert_int_equal(call(&cluster, "lead-99", "lead-99.test", CORE_GET_DOCUMENTS, &get.base), ERR_NOT_ALLOWED);
    cluster_stop(&cluster);
}

/* Roster version 2: as version 1, with a TLS name revoked from an instant on. */
static Weft__V1__Document *second_roster(const struct cluster *cluster, const char *revoked, int64_t from_ms)
{
    Weft__V1__Document *document = NULL;
    Weft__V1__Roster roster = *cluster->signed_roster->wire;
    Weft__V1__Revocation revocation = WEFT__V1__REVOCATION__INIT, *list[] = {&revocation};
    struct err err = {0};

    revocation.tls_name = (char *)(uintptr_t)revoked;
    revocation.from_ms = from_ms;
    revocation.reason = (char *)(uintptr_t) "its key was stolen";
    roster.version = 2;
    roster.previous_digest = (ProtobufCBinaryData){DIGEST_SIZE, cluster->signed_roster->digest};
    roster.revoked = list;
    roster.n_revoked = 1;
    assert_int_equal(document_new(&document, DOC(ROSTER), &roster.base, &err), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(document_sign(&document, cluster->roots_wire[i].name, cluster->root_keys[i], &err),
                         0);
    }
    return document;
}

static int give(struct cluster *cluster, const char *receiver, const char *peer, Weft__V1__Document *document)
{
    Weft__V1__PutDocumentsRequest put = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;

    put.version_min = put.version_max = 1;
    put.documents = &document;
    put.n_documents = 1;
    return call(cluster, receiver, peer, CORE_PUT_DOCUMENTS, &put.base);
}

/* The helper's roster has moved on and revokes one leader: that leader hears why, its area is frozen by nobody, the
 * others go on. */
static void test_rosters__a_revoked_leader_gets_nowhere(void **state)
{
    struct cluster cluster;
    Weft__V1__Document *roster;

    (void)state;
    begin(&cluster, &tiny);
    roster = second_roster(&cluster, "lead-990101.test", 1);
    assert_int_equal(give(&cluster, "help-9901", "lead-9901.test", roster), 0);
    document_free(&roster);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1}), 0);
    cluster_hold(&cluster, CORE_VERIFY, DOC(NONE));
    run_for(&cluster, 500);
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_VERIFY, cluster.held),
                     ERR_PEER_REVOKED);
    cluster_let_go(&cluster);
    set_silent(&cluster, false);
    cluster.sites[0].is_silent = true;
    assert_true(cluster_run(&cluster, order_is_there, 4 * 3600000));
    assert_null(cluster_top_view(&cluster)->freezes[area(&cluster, "990101")].document);
    assert_withheld(&cluster, "990101", REASON(NO_REPORTS));
    cluster_stop(&cluster);
}

static void publish(struct cluster *cluster, const Weft__V1__Document *document)
{
    struct cluster_coordinator *top = &cluster->coordinators[coordinator(cluster, "lead-99")];
    struct store_txn *txn = NULL;
    struct err err = {0};

    assert_int_equal(store_begin(top->store, &txn, true, &err), 0);
    assert_int_equal(core_publish(top->core, txn, document, &err), 0);
    assert_int_equal(store_commit(&txn, &err), 0);
}

/* What others say to a freeze in which the pair has put site 1 after all, under this roster version. */
static int judge_with_site_1(const struct cluster *cluster, uint32_t version)
{
    const struct view *known = cluster_top_view(cluster);
    const struct roster_area *pair = &cluster->roster->areas[area(cluster, "990101")];
    Weft__V1__Freeze freeze = *freeze_of(cluster, "990101");
    Weft__V1__FrozenReport invented = *freeze.reports[0], *list[] = {freeze.reports[0], &invented, freeze.reports[1]};
    Weft__V1__Document *document = NULL;
    struct view *view = NULL;
    struct err err = {0};
    int rc;

    invented.site = cluster->roster->sites[1].wire->id;
    freeze.reports = list;
    freeze.n_reports = 3;
    freeze.n_dropped = 0;
    freeze.roster_version = version;
    assert_int_equal(document_new(&document, DOC(FREEZE), &freeze.base, &err), 0);
    for (int i = 0; i < 2; i++) {
        int index = i == 0 ? pair->leader : pair->helper;
        assert_int_equal(document_sign(&document, cluster->roster->coordinators[index].wire->id,
                                       cluster->coordinators[index].sign_key, &err),
                         0);
    }
    assert_int_equal(view_new(&view, known->roster, known->task, &err), 0);
    view->history = known->history;
    rc = view_add(view, document, &err);
    view_free(&view);
    document_free(&document);
    return rc;
}

/* While the task runs a new roster ends a site's admission from an instant before its receipt: leader and helper drop it
 * by name, under the version that says so. A report that came before the instant counts. */
static void test_rosters__a_site_revoked_from_before_its_receipt_is_dropped(void **state)
{
    struct cluster cluster;
    Weft__V1__Document *roster;
    int64_t before_ms;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    before_ms = cluster.now_ms;
    set_silent(&cluster, false);
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    roster = second_roster(&cluster, site_name(&cluster, 1), before_ms);
    publish(&cluster, roster);
    document_free(&roster);
    assert_true(cluster_run(&cluster, order_is_there, 4 * 3600000));
    assert_int_equal(freeze_of(&cluster, "990101")->roster_version, 2);
    assert_int_equal(freeze_of(&cluster, "990101")->n_reports, 2);
    assert_int_equal(freeze_of(&cluster, "990101")->n_dropped, 1);
    assert_string_equal(freeze_of(&cluster, "990101")->dropped[0], cluster.roster->sites[1].wire->id);
    assert_int_equal(freeze_of(&cluster, "990102")->n_reports, 3);
    assert_int_equal(judge_with_site_1(&cluster, 2), ERR_PEER_REVOKED); /* guard: not even if leader and helper agree */
    assert_int_equal(judge_with_site_1(&cluster, 1), 0);
    cluster_stop(&cluster);
}

static void test_rosters__a_report_from_before_the_revocation_counts(void **state)
{
    struct cluster cluster;
    Weft__V1__Document *roster;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    set_silent(&cluster, false);
    cluster.sites[2].is_silent = true;
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    run_for(&cluster, 1000);
    roster = second_roster(&cluster, site_name(&cluster, 1), cluster.now_ms);
    publish(&cluster, roster);
    document_free(&roster);
    run_for(&cluster, 5000); /* it reaches everyone */
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.site = 1, .revision = 2}), ERR_PEER_REVOKED);
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.site = 2, .revision = 1}), 0);
    assert_true(cluster_run(&cluster, order_is_there, 4 * 3600000));
    assert_int_equal(freeze_of(&cluster, "990101")->n_reports, 3);
    assert_int_equal(freeze_of(&cluster, "990101")->n_dropped, 0);
    cluster_stop(&cluster);
}

/* The leader has not heard of the roster that its helper holds: it fetches it from there, and both judge by it. */
static void test_rosters__a_leader_that_is_behind_learns_from_its_helper(void **state)
{
    struct cluster cluster;
    Weft__V1__Document *roster;
    int64_t before_ms;

    (void)state;
    begin(&cluster, &tiny);
    before_ms = cluster.now_ms;
    cluster_hold(&cluster, CORE_CO_SIGN, DOC(FREEZE));
    set_silent(&cluster, false);
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    roster = second_roster(&cluster, site_name(&cluster, 1), before_ms);
    assert_int_equal(give(&cluster, "help-9901", "lead-9901.test", roster), 0);
    document_free(&roster);
    cluster_let_go(&cluster);
    assert_true(cluster_run(&cluster, order_is_there, 4 * 3600000));
    assert_int_equal(freeze_of(&cluster, "990101")->roster_version, 2);
    assert_int_equal(freeze_of(&cluster, "990101")->n_dropped, 1);
    cluster_stop(&cluster);
}

/* The roster after `before`, with these roots, signed by all of `signers` (0: leader's root, 1: helper's, 2: its next). */
struct rolling {
    uint8_t keys[3][KEY_SIZE], public_key[KEY_SIZE];
    Weft__V1__Root next, *all[3];
};

static void roll(struct rolling *rolling, struct cluster *cluster)
{
    memcpy(rolling->keys, cluster->root_keys, sizeof cluster->root_keys);
    memset(rolling->keys[2], 77, KEY_SIZE);
    sign_public(rolling->public_key, rolling->keys[2]);
    rolling->next = cluster->roots_wire[1];
    rolling->next.name = (char *)(uintptr_t) "root-help-2";
    rolling->next.public_key.data = rolling->public_key;
    rolling->all[0] = &cluster->roots_wire[0];
    rolling->all[1] = &cluster->roots_wire[1];
    rolling->all[2] = &rolling->next;
}

static void sign_by(struct rolling *rolling, Weft__V1__Document **document, int helper_root)
{
    int signers[] = {0, helper_root};

    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            document_sign(document, rolling->all[signers[i]]->name, rolling->keys[signers[i]], NULL), 0);
    }
}

static Weft__V1__Document *rolled_roster(const struct cluster *cluster, struct rolling *rolling,
                                         uint32_t version, const uint8_t before[DIGEST_SIZE],
                                         Weft__V1__Root **roots, size_t num, int helper_root)
{
    Weft__V1__Roster roster = *cluster->signed_roster->wire;
    Weft__V1__Document *document = NULL;

    roster.version = version;
    roster.previous_digest = (ProtobufCBinaryData){DIGEST_SIZE, (uint8_t *)(uintptr_t)before};
    roster.roots = roots;
    roster.n_roots = num;
    assert_int_equal(document_new(&document, DOC(ROSTER), &roster.base, NULL), 0);
    sign_by(rolling, &document, helper_root);
    return document;
}

static void assert_all_hold_version(const struct cluster *cluster, uint32_t version)
{
    for (int i = 0; i < cluster->roster->num_coordinators; i++) {
        assert_int_equal(roster_history_newest(cluster_view(cluster, i)->history)->wire->version, version);
    }
}

/* The helper side's root is replaced while a task runs, nobody pins anew, and the new root ends what the old one began. */
static void test_rosters__root_keys_roll_over_in_a_running_province(void **state)
{
    Weft__V1__Root *without_old[2];
    Weft__V1__Document *second, *third, *end = NULL;
    Weft__V1__Void body = WEFT__V1__VOID__INIT;
    uint8_t digest[DIGEST_SIZE];
    struct rolling rolling;
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    roll(&rolling, &cluster);
    second = rolled_roster(&cluster, &rolling, 2, cluster.signed_roster->digest, rolling.all, 3, 1);
    document_digest(digest, second);
    without_old[0] = rolling.all[0];
    without_old[1] = rolling.all[2];
    third = rolled_roster(&cluster, &rolling, 3, digest, without_old, 2, 2);
    publish(&cluster, second);
    run_for(&cluster, 3000);
    assert_all_hold_version(&cluster, 2);
    publish(&cluster, third);
    run_for(&cluster, 3000);
    assert_all_hold_version(&cluster, 3);
    for (int i = 0; i < cluster.roster->num_coordinators; i++) {
        cluster_restart(&cluster, i); /* what is held is still trusted under the roots pinned first */
    }
    run_for(&cluster, 1000);
    assert_all_hold_version(&cluster, 3);
    body.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster.task->id};
    body.reason = (char *)(uintptr_t) "a bound too small";
    assert_int_equal(document_new(&end, DOC(VOID), &body.base, NULL), 0);
    sign_by(&rolling, &end, 2);
    publish(&cluster, end);
    run_for(&cluster, 3000);
    for (int i = 0; i < cluster.roster->num_coordinators; i++) {
        assert_non_null(cluster_view(&cluster, i)->voided.document);
    }
    document_free(&second);
    document_free(&third);
    document_free(&end);
    cluster_stop(&cluster);
}

/* ---- documents ---- */

/* But rosters from anyone: signatures alone judge them. */
static void test_documents__come_from_above_only(void **state)
{
    Weft__V1__Document *roster, catalogue = WEFT__V1__DOCUMENT__INIT;
    uint8_t text[16] = "catalogue";
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny);
    roster = second_roster(&cluster, "nobody.test", 1);
    catalogue.type = DOC(CATALOGUE);
    catalogue.version = 1;
    catalogue.body = (ProtobufCBinaryData){sizeof text, text};
    assert_int_equal(give(&cluster, "lead-9901", "lead-990101.test", roster), 0);
    assert_int_equal(give(&cluster, "lead-9901", "lead-990101.test", &catalogue), ERR_NOT_ALLOWED);
    assert_int_equal(give(&cluster, "lead-9901", "lead-990101.test", cluster.task_document), ERR_NOT_ALLOWED);
    assert_int_equal(give(&cluster, "help-9901", "lead-9901.test", cluster.task_document), 0);
    for (int i = 0; i < 100; i++) { /* a leader cannot fill its helper with catalogues */
        int rc;
        text[0] = (uint8_t)i;
        rc = give(&cluster, "help-9901", "lead-9901.test", &catalogue);
        assert_int_equal(rc, i < 17 ? 0 : ERR_DOCUMENT_NOT_NEEDED);
    }
    document_free(&roster);
    cluster_stop(&cluster);
}

/* A stranger may bring a roster, and nothing more: a later one may name it, as it does a newcomer's leader. */
static void test_documents__a_stranger_brings_rosters_alone(void **state)
{
    Weft__V1__Document *later;
    Weft__V1__PutDocumentsRequest put = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;
    Weft__V1__Document catalogue = WEFT__V1__DOCUMENT__INIT, *list[2];
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 12, &tiny, &no_faults);
    catalogue.type = DOC(CATALOGUE);
    catalogue.version = 1;
    put.version_min = put.version_max = 1;
    put.documents = list;
    put.n_documents = 2;
    list[0] = cluster.roster_document;
    list[1] = &catalogue;
    assert_int_equal(call(&cluster, "help-9901", "stranger.test", CORE_PUT_DOCUMENTS, &put.base),
                     ERR_NOT_ALLOWED);
    assert_int_equal(call(&cluster, "help-9901", "lead-9901.test", CORE_PUT_DOCUMENTS, &put.base), 0);
    assert_int_equal(give(&cluster, "help-99", "stranger.test", cluster.task_document), ERR_NOT_ALLOWED);
    assert_int_equal(give(&cluster, "help-99", "stranger.test", cluster.roster_document), 0);
    assert_int_equal(give(&cluster, "help-99", "stranger.test", cluster.roster_document), 0);
    assert_int_equal(give(&cluster, "help-99", "stranger.test", cluster.task_document), ERR_PEER_UNKNOWN);
    later = second_roster(&cluster, "lead-990101.test", 1);
    list[0] = cluster.roster_document;
    list[1] = later;
    assert_int_equal(call(&cluster, "help-99", "stranger.test", CORE_PUT_DOCUMENTS, &put.base), 0);
    list[1] = cluster.task_document;
    assert_int_equal(call(&cluster, "help-99", "stranger.test", CORE_PUT_DOCUMENTS, &put.base), ERR_NOT_ALLOWED);
    document_free(&later);
    cluster_stop(&cluster);
}

/* A document with something unknown around it is refused, and the coordinator lives on. */
static void test_documents__an_odd_wrapping_poisons_nothing(void **state)
{
    ProtobufCMessageUnknownField unknown = {
        .tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, .len = 2, .data = (uint8_t[]){1, 65}};
    Weft__V1__Document odd = WEFT__V1__DOCUMENT__INIT, *roster, *copy = NULL;
    struct cluster cluster;
    struct err err = {0};

    (void)state;
    begin(&cluster, &tiny);
    odd.type = DOC(CATALOGUE);
    odd.version = 1;
    odd.base.unknown_fields = &unknown;
    odd.base.n_unknown_fields = 1;
    assert_int_equal(give(&cluster, "help-9901", "lead-9901.test", &odd), ERR_DOCUMENT_MALFORMED);
    roster = second_roster(&cluster, "nobody.test", 1);
    odd = *roster;
    odd.base.unknown_fields = &unknown;
    odd.base.n_unknown_fields = 1;
    assert_int_equal(give(&cluster, "help-9901", "lead-9901.test", &odd), ERR_DOCUMENT_MALFORMED);
    assert_int_equal(document_copy(&copy, roster, &err), 0);
    for (int i = 0; i < DOCUMENT_SIGNATURES_MAX; i++) { /* more than anyone needs */
        assert_int_equal(document_sign(&copy, "someone", cluster.root_keys[0], &err), 0);
    }
    assert_int_equal(give(&cluster, "help-9901", "lead-9901.test", copy), ERR_DOCUMENT_MALFORMED);
    assert_int_equal(give(&cluster, "help-9901", "lead-9901.test", roster), 0);
    document_free(&copy);
    document_free(&roster);
    cluster_restart(&cluster, coordinator(&cluster, "help-9901"));
    set_silent(&cluster, false);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    cluster_stop(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_submit__refuses_what_is_not_as_its_site_would_send_it),
        cmocka_unit_test(test_submit__refuses_replays_and_older_revisions),
        cmocka_unit_test(test_submit__is_answered_after_the_close_only_if_asked_before),
        cmocka_unit_test(test_verify__rejects_bad_shares_by_receipt),
        cmocka_unit_test(test_verify__waits_for_a_helper_that_is_away),
        cmocka_unit_test(test_revision__a_newer_one_replaces_the_older_in_the_totals),
        cmocka_unit_test(test_revision__answers_that_come_late_do_not_bring_the_older_back),
        cmocka_unit_test(test_verify__answers_one_request_a_report),
        cmocka_unit_test(test_roles__each_method_has_its_callers),
        cmocka_unit_test(test_rosters__a_revoked_leader_gets_nowhere),
        cmocka_unit_test(test_rosters__a_site_revoked_from_before_its_receipt_is_dropped),
        cmocka_unit_test(test_rosters__a_report_from_before_the_revocation_counts),
        cmocka_unit_test(test_rosters__a_leader_that_is_behind_learns_from_its_helper),
        cmocka_unit_test(test_rosters__root_keys_roll_over_in_a_running_province),
        cmocka_unit_test(test_requests__say_a_version_that_is_spoken_here),
        cmocka_unit_test(test_roster__when_expired_lets_only_documents_pass),
        cmocka_unit_test(test_documents__come_from_above_only),
        cmocka_unit_test(test_documents__a_stranger_brings_rosters_alone),
        cmocka_unit_test(test_documents__an_odd_wrapping_poisons_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
