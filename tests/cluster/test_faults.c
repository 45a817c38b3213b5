/* test_faults.c - the dead, the full and the noisy: each deadline has its outcome, and nothing breaks. */
#include "tests/cluster/hostile.h"

#include <unistd.h>

/* ---- the dead ---- */

static bool pattern_is_there(const struct cluster *cluster)
{
    return cluster_top_view(cluster)->pattern.document != NULL;
}

static bool plan_is_there(const struct cluster *cluster)
{
    return cluster_top_view(cluster)->plan.document != NULL;
}

static void test_deadlines__a_dead_leader_is_left_out(void **state)
{
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 21, &two_cities, &no_faults);
    cluster.coordinators[coordinator(&cluster, "lead-990101")].is_down = true;
    assert_true(cluster_run(&cluster, pattern_is_there, 4 * 3600000));
    assert_true(cluster.now_ms >= cluster.task->wire->order_ms);
    run_for(&cluster, 60000);
    assert_withheld(&cluster, "990101", REASON(NO_REPORTS));
    assert_released(&cluster, "990201");
    assert_released(&cluster, "9902");
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

static void test_deadlines__a_dead_helper_takes_its_areas_only(void **state)
{
    /* dead from the start, from the order on, from the plan on */
    bool (*const until[])(const struct cluster *) = {NULL, order_is_there, plan_is_there};
    struct cluster cluster;

    (void)state;
    for (size_t i = 0; i < sizeof until / sizeof until[0]; i++) {
        cluster_start(&cluster, 22, &two_cities, &no_faults);
        if (until[i] != NULL) {
            assert_true(cluster_run(&cluster, until[i], 3600000));
        }
        cluster.coordinators[coordinator(&cluster, "help-9901")].is_down = true;
        assert_true(cluster_run(&cluster, pattern_is_there, 4 * 3600000));
        run_for(&cluster, 60000);
        assert_null(cluster_top_view(&cluster)->releases[area(&cluster, "9901")].document);
        assert_null(cluster_top_view(&cluster)->releases[area(&cluster, "990101")].document);
        assert_released(&cluster, "9902");
        assert_released(&cluster, "990201");
        if (i == 0) {
            assert_withheld(&cluster, "9901", REASON(NO_REPORTS));
            assert_released(&cluster, "99");
        }
        cluster_stop(&cluster);
    }
}

static void test_deadlines__silent_sites_do_not_stop_the_close(void **state)
{
    struct cluster_shape shape = two_cities;
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 23, &shape, &no_faults);
    cluster.sites[0].is_silent = true;
    assert_true(cluster_run(&cluster, cluster_is_released, 4 * 3600000));
    assert_true(cluster.now_ms >= cluster.task->wire->close_ms);
    assert_true(cluster.now_ms < cluster.task->wire->order_ms);
    assert_released(&cluster, "990101");
    assert_released(&cluster, "99");
    cluster_stop(&cluster);

    shape.min_coverage = 90;
    cluster_start(&cluster, 23, &shape, &no_faults);
    cluster.sites[0].is_silent = true;
    assert_true(cluster_run(&cluster, cluster_is_released, 4 * 3600000));
    assert_withheld(&cluster, "990101", REASON(COVERAGE));
    assert_withheld(&cluster, "9901", REASON(COVERAGE));
    assert_released(&cluster, "9902");
    cluster_stop(&cluster);
}

/* ---- restored backups ---- */

static bool contributes_are_there(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);

    for (int i = 0; i < view->roster->num_areas; i++) {
        if (view->contributes[i].document != NULL) {
            return true;
        }
    }
    return false;
}

/* Two counties of four hospitals, which are waited for until the close. */
static const struct cluster_shape patient = {
    .num_cities = 1, .counties_per_city = 2, .min_sites = 4, .max_sites = 4, .waits_for_close = true, .poll_ms = 2000};

/* From the order on, a parent loses what it learned since: documents and shares are brought to it again. */
static void lose_since_the_order(const char *id, bool (*until)(const struct cluster *))
{
    struct cluster cluster;
    int index;

    cluster_start(&cluster, 31, &two_cities, &no_faults);
    index = coordinator(&cluster, id);
    assert_true(cluster_run(&cluster, order_is_there, 3600000));
    run_for(&cluster, 200); /* everyone has it */
    cluster_back_up(&cluster, index);
    assert_true(cluster_run(&cluster, until, 3600000));
    run_for(&cluster, 400);
    cluster_restore(&cluster, index);
    assert_true(cluster_run(&cluster, cluster_is_released, 4 * 3600000));
    assert_released(&cluster, "990101");
    assert_released(&cluster, "9901");
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

static void test_restored__a_peer_is_given_everything_again(void **state)
{
    (void)state;
    lose_since_the_order("help-9901", contributes_are_there);
    lose_since_the_order("help-99", contributes_are_there);
    lose_since_the_order("lead-9901", contributes_are_there);
    lose_since_the_order("lead-99", plan_is_there);
    lose_since_the_order("help-99", plan_is_there);
}

/* Ask the helper to sign the list of an area without the report of `site`, as its leader would. */
static int ask_for_shorter_list(struct cluster *cluster, const char *site, const Weft__V1__Freeze *full)
{
    int leader = coordinator(cluster, "lead-990101"), rc;
    Weft__V1__CoSignRequest request = WEFT__V1__CO_SIGN_REQUEST__INIT;
    Weft__V1__FrozenReport *list[8];
    Weft__V1__Freeze shorter = *full;

    shorter.reports = list;
    shorter.n_reports = 0;
    shorter.time_ms = cluster->now_ms;
    for (size_t i = 0; i < full->n_reports; i++) {
        if (strcmp(full->reports[i]->site, site) != 0) {
            list[shorter.n_reports++] = full->reports[i];
        }
    }
    assert_int_equal(document_new(&request.document, DOC(FREEZE), &shorter.base, NULL), 0);
    assert_int_equal(document_sign(&request.document, "lead-990101", cluster->coordinators[leader].sign_key, NULL), 0);
    request.version_min = request.version_max = 1;
    rc = call(cluster, "help-9901", "lead-990101.test", CORE_CO_SIGN, &request.base);
    document_free(&request.document);
    return rc;
}

/* Two lists for one area would tell what the hospital in one of them reported. A restored helper has forgotten that
 * report and its signature; its list of signatures has not. */
static void test_restored__a_helper_signs_no_second_list(void **state)
{
    const struct view_document *held;
    struct cluster cluster;
    char path[300];
    int index;

    (void)state;
    begin(&cluster, &patient);
    set_silent(&cluster, false);
    cluster.sites[0].is_silent = true;
    run_for(&cluster, 20000);
    index = coordinator(&cluster, "help-9901");
    cluster_back_up(&cluster, index);
    cluster.sites[0].is_silent = false;
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    assert_true(cluster_run(&cluster, order_is_there, 4 * 3600000));
    held = &cluster_top_view(&cluster)->freezes[area(&cluster, "990101")];
    cluster_restore(&cluster, index);
    assert_int_equal(ask_for_shorter_list(&cluster, "h0000", (const Weft__V1__Freeze *)held->body),
                     ERR_SIGNED_OTHERWISE);
    /* without that list it would have signed */
    snprintf(path, sizeof path, "%.250s.signed", cluster.coordinators[index].path);
    assert_int_equal(unlink(path), 0);
    cluster_restart(&cluster, index);
    assert_int_equal(ask_for_shorter_list(&cluster, "h0000", (const Weft__V1__Freeze *)held->body), 0);
    cluster_stop(&cluster);
}

/* ---- a full disk ---- */

static void set_disk_full(struct cluster *cluster, const char *id, bool full)
{
    int index = coordinator(cluster, id);

    cluster->coordinators[index].min_free_disk = full ? UINT64_MAX : 0;
    cluster_restart(cluster, index);
}

static void test_disk__full_is_told_and_leaves_nothing_half(void **state)
{
    struct cluster cluster;
    Weft__V1__SubmitRequest *request;

    (void)state;
    begin(&cluster, &tiny);
    request = report_by_hand(&cluster, &(struct by_hand){.revision = 1});
    set_disk_full(&cluster, "lead-990101", true);
    assert_int_equal(submit(&cluster, 0, request), ERR_STORE_FULL);
    set_silent(&cluster, false);
    run_for(&cluster, 10000);
    assert_int_equal(cluster.sites[1].failure, ERR_STORE_FULL);
    assert_non_null(cluster.sites[3].receipt); /* the other county goes on */
    set_disk_full(&cluster, "lead-990101", false);
    report_free(&request);
    /* nothing of the refused report is there, so another one of its revision is new */
    set_disk_full(&cluster, "help-9901", true);
    run_for(&cluster, 10000);
    assert_null(cluster.sites[0].receipt);
    set_disk_full(&cluster, "help-9901", false);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "990101");
    cluster_stop(&cluster);
}

/* ---- noise ---- */

/* Change or cut a packed request; what still decodes is served. */
static void serve_noise(struct cluster *cluster, const char *receiver, const char *peer,
                        enum core_method method, const ProtobufCMessage *request, int num)
{
    struct cluster_coordinator *c = &cluster->coordinators[coordinator(cluster, receiver)];
    uint8_t *packed = NULL, *noisy;
    struct err err = {0};
    size_t len;

    assert_int_equal(wire_pack(&packed, &len, request, &err), 0);
    noisy = malloc(len + 1);
    for (int i = 0; i < num; i++) {
        size_t cut = cluster_random(cluster, 8) == 0 ? (size_t)cluster_random(cluster, len + 1) : len;
        ProtobufCMessage *decoded = NULL, *response = NULL;
        struct store_txn *txn = NULL;
        memcpy(noisy, packed, len);
        for (uint64_t k = 1 + cluster_random(cluster, 3); k > 0 && len > 0; k--) {
            /* the head holds what the core looks at; the rest is mostly ciphertext */
            size_t range = cluster_random(cluster, 2) == 0 && len > 400 ? 400 : len;
            noisy[cluster_random(cluster, range)] ^= (uint8_t)(1u << cluster_random(cluster, 8));
        }
        if (wire_unpack(&decoded, request->descriptor, noisy, cut, WIRE_LENIENT, &err) != 0) {
            continue;
        }
        assert_int_equal(store_begin(c->store, &txn, true, &err), 0);
        if (core_serve(c->core, txn, peer, method, decoded, cluster->now_ms, &response, &err) == 0) {
            wire_free(&response);
            core_forget(c->core); /* as after a commit that failed */
        }
        store_abort(&txn); /* every round begins with the same state */
        wire_free(&decoded);
    }
    free(noisy);
    free(packed);
}

/* All documents of the finished task, to the same province at its beginning. */
static void serve_noisy_documents(const struct cluster *finished)
{
    const struct view *view = cluster_top_view(finished);
    Weft__V1__PutDocumentsRequest put = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;
    Weft__V1__Document *list[64] = {finished->roster_document, finished->task_document};
    size_t num = 2;
    struct cluster cluster;

    for (int i = 0; i < view->roster->num_areas; i++) {
        const struct view_document *held[] = {&view->freezes[i], &view->contributes[i], &view->states[i],
                                              &view->releases[i]};
        for (size_t k = 0; k < sizeof held / sizeof held[0]; k++) {
            if (held[k]->document != NULL) {
                list[num++] = held[k]->document;
            }
        }
    }
    list[num++] = view->order.document;
    list[num++] = view->plan.document;
    list[num++] = view->pattern.document;
    begin(&cluster, &tiny);
    put.version_min = put.version_max = 1;
    put.n_documents = 1;
    for (size_t i = 0; i < num; i++) {
        put.documents = &list[i];
        serve_noise(&cluster, "help-99", "lead-99.test", CORE_PUT_DOCUMENTS, &put.base, 100);
        serve_noise(&cluster, "lead-9901", "lead-990101.test", CORE_PUT_DOCUMENTS, &put.base, 50);
    }
    put.documents = list;
    put.n_documents = num;
    serve_noise(&cluster, "help-99", "lead-99.test", CORE_PUT_DOCUMENTS, &put.base, 200);
    cluster_stop(&cluster);
}

static void test_noise__breaks_nothing(void **state)
{
    static const Weft__V1__DocumentType types[] = {DOC(FREEZE), DOC(ORDER),   DOC(CONTRIBUTES),
                                                   DOC(PLAN),   DOC(PATTERN), DOC(RELEASE)};
    Weft__V1__GetDocumentsRequest get = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    Weft__V1__SubmitRequest *report;
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny);
    get.version_min = get.version_max = 1;
    get.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster.task->id};
    serve_noise(&cluster, "lead-990101", "h0000.test", CORE_GET_DOCUMENTS, &get.base, 200);
    report = report_by_hand(&cluster, &(struct by_hand){.revision = 1});
    serve_noise(&cluster, "lead-990101", "h0000.test", CORE_SUBMIT, &report->base, 400);
    report_free(&report);
    set_silent(&cluster, false);
    cluster_hold(&cluster, CORE_VERIFY, DOC(NONE));
    run_for(&cluster, 2000);
    serve_noise(&cluster, "help-9901", "lead-990101.test", CORE_VERIFY, cluster.held, 200);
    serve_noise(&cluster, "help-9901", "lead-990102.test", CORE_VERIFY, cluster.held, 200);
    cluster_let_go(&cluster);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        cluster_hold(&cluster, CORE_CO_SIGN, types[i]);
        run_for(&cluster, 30000);
        assert_non_null(cluster.held);
        serve_noise(&cluster, "help-99", "lead-99.test", CORE_CO_SIGN, cluster.held, 150);
        serve_noise(&cluster, "help-9901", "lead-990101.test", CORE_CO_SIGN, cluster.held, 150);
        serve_noise(&cluster, "help-9901", "lead-9901.test", CORE_CO_SIGN, cluster.held, 150);
        cluster_let_go(&cluster);
        if (types[i] == DOC(PLAN)) {
            cluster_hold(&cluster, CORE_PUT_SHARE, DOC(NONE));
            run_for(&cluster, 30000);
            assert_non_null(cluster.held);
            serve_noise(&cluster, "lead-9901", "lead-990101.test", CORE_PUT_SHARE, cluster.held, 150);
            serve_noise(&cluster, "lead-99", "lead-9901.test", CORE_PUT_SHARE, cluster.held, 150);
            serve_noise(&cluster, "help-99", "help-9901.test", CORE_PUT_SHARE, cluster.held, 150);
            cluster_let_go(&cluster);
        }
    }
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "99");
    serve_noisy_documents(&cluster);
    cluster_stop(&cluster);
}

static void pin_roots(struct cluster *cluster, const char *id, bool wrongly)
{
    int index = coordinator(cluster, id);

    cluster->coordinators[index].has_wrong_roots = wrongly;
    cluster_restart(cluster, index);
}

/* What was refused by roots that were wrong is asked for again once they are right. */
static void test_roots__may_be_corrected_after_a_first_start(void **state)
{
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 11, &tiny, &no_faults);
    pin_roots(&cluster, "lead-9901", true);
    run_for(&cluster, 5000);
    assert_null(cluster_view(&cluster, coordinator(&cluster, "lead-9901")));
    pin_roots(&cluster, "lead-9901", false);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    cluster_stop(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deadlines__a_dead_leader_is_left_out),
        cmocka_unit_test(test_deadlines__a_dead_helper_takes_its_areas_only),
        cmocka_unit_test(test_deadlines__silent_sites_do_not_stop_the_close),
        cmocka_unit_test(test_restored__a_peer_is_given_everything_again),
        cmocka_unit_test(test_restored__a_helper_signs_no_second_list),
        cmocka_unit_test(test_disk__full_is_told_and_leaves_nothing_half),
        cmocka_unit_test(test_noise__breaks_nothing),
        cmocka_unit_test(test_roots__may_be_corrected_after_a_first_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
