/* test_pair.c - leaders that propose what does not follow, children that send what is no share: a helper or parent
 * refuses, with the right reason, and goes on. */
#include "audit/pattern_context.h"
#include "tests/cluster/hostile.h"

static void test_cosign__freeze_must_be_the_helpers_own_list(void **state)
{
    struct cluster cluster;
    Weft__V1__Freeze *freeze;
    char *dropped[2];
    const char *leader, *helper = "help-9901";
    Weft__V1__CoSignRequest *held;
    Weft__V1__CoSignRequest nothing = WEFT__V1__CO_SIGN_REQUEST__INIT;
    struct err err = {0};

    (void)state;
    nothing.version_min = nothing.version_max = PROTOCOL_VERSION;
    begin(&cluster, &tiny);
    set_silent(&cluster, false);
    freeze = run_to(&cluster, DOC(FREEZE), 20000);
    leader = strcmp(freeze->area, "990101") == 0 ? "lead-990101" : "lead-990102";
    assert_int_equal(freeze->n_reports, 3);
    freeze->n_reports--;
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_FREEZE_DIFFERS);
    dropped[0] = freeze->reports[2]->site;
    freeze->dropped = dropped;
    freeze->n_dropped = 1; /* it is not the time to drop anyone */
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_FREEZE_DIFFERS);
    freeze->n_reports++; /* frozen and dropped */
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_DOCUMENT_MALFORMED);
    dropped[0] = (char *)(uintptr_t) "nobody";
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_DOCUMENT_MALFORMED);
    freeze->n_dropped = 0;
    freeze->reports[1]->revision++;
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_FREEZE_DIFFERS);
    freeze->reports[1]->revision--;
    freeze->reports[1]->report_digest.data[0] ^= 1;
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_FREEZE_DIFFERS);
    freeze->reports[1]->report_digest.data[0] ^= 1;
    freeze->reports[1]->report_id.len--;
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_DOCUMENT_MALFORMED);
    freeze->reports[1]->report_id.len++;
    freeze->roster_version++; /* one that the helper has not seen */
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_PREDECESSOR_MISSING);
    freeze->roster_version -= 2;
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_DOCUMENT_MALFORMED);
    freeze->roster_version++;
    /* by the wrong leader, unsigned, signed twice, nothing at all */
    assert_int_equal(propose(&cluster, "lead-9901", helper, DOC(FREEZE), &freeze->base), ERR_NOT_ALLOWED);
    held = (Weft__V1__CoSignRequest *)cluster.held;
    held->document->signatures[0]->signature.data[0] ^= 1;
    assert_int_equal(call(&cluster, helper,
                          cluster.roster->coordinators[coordinator(&cluster, leader)].wire->tls_name,
                          CORE_CO_SIGN, &held->base),
                     ERR_DOCUMENT_SIGNATURE);
    held->document->signatures[0]->signature.data[0] ^= 1;
    nothing.document = NULL;
    assert_int_equal(document_copy(&nothing.document, held->document, &err), 0);
    assert_int_equal(document_sign(&nothing.document, helper,
                                   cluster.coordinators[coordinator(&cluster, leader)].sign_key, &err),
                     0);
    assert_int_equal(call(&cluster, helper,
                          cluster.roster->coordinators[coordinator(&cluster, leader)].wire->tls_name,
                          CORE_CO_SIGN, &nothing.base),
                     ERR_DOCUMENT_SIGNATURE);
    document_free(&nothing.document);
    assert_int_equal(call(&cluster, helper, "lead-990101.test", CORE_CO_SIGN, &nothing.base),
                     ERR_DOCUMENT_MALFORMED);
    assert_unaltered_is_signed(&cluster, leader, helper);
    /* another one, later */
    freeze->n_reports--;
    assert_int_equal(propose(&cluster, leader, helper, DOC(FREEZE), &freeze->base), ERR_DOCUMENT_CONFLICT);
    wire_free(&freeze);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    cluster_stop(&cluster);
}

static void test_cosign__freeze_does_not_come_before_the_close(void **state)
{
    Weft__V1__Freeze freeze = WEFT__V1__FREEZE__INIT;
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    freeze.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster.task->id};
    freeze.area = (char *)(uintptr_t) "990101";
    freeze.roster_version = 1;
    freeze.time_ms = cluster.now_ms;
    assert_int_equal(propose(&cluster, "lead-990101", "help-9901", DOC(FREEZE), &freeze.base),
                     ERR_PREDECESSOR_MISSING);
    cluster_stop(&cluster);
}

static void test_cosign__a_document_says_about_when_it_was_made(void **state)
{
    struct cluster cluster;
    Weft__V1__Freeze *freeze;
    Weft__V1__Order *order;
    int64_t now_ms;

    (void)state;
    begin(&cluster, &tiny);
    set_silent(&cluster, false);
    freeze = run_to(&cluster, DOC(FREEZE), 20000);
    now_ms = freeze->time_ms;
    assert_in_range(now_ms, cluster.task->wire->open_ms, cluster.now_ms);
    freeze->time_ms = cluster.now_ms + 6 * 60 * 1000;
    assert_int_equal(propose(&cluster, "lead-990101", "help-9901", DOC(FREEZE), &freeze->base),
                     strcmp(freeze->area, "990101") == 0 ? ERR_CLOCKS_DIFFER : ERR_NOT_ALLOWED);
    freeze->time_ms = cluster.task->wire->open_ms - 1;
    assert_int_equal(propose(&cluster, "lead-990101", "help-9901", DOC(FREEZE), &freeze->base),
                     strcmp(freeze->area, "990101") == 0 ? ERR_DOCUMENT_MALFORMED : ERR_NOT_ALLOWED);
    wire_free(&freeze);
    cluster_let_go(&cluster);

    order = run_to(&cluster, DOC(ORDER), 20000);
    order->time_ms = view_time_of(&cluster_top_view(&cluster)->freezes[2]) - 1; /* before what it rests on */
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(ORDER), &order->base),
                     ERR_DOCUMENT_MALFORMED);
    assert_unaltered_is_signed(&cluster, "lead-99", "help-99"); /* and its answer is lost */
    order->time_ms = cluster.now_ms;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(ORDER), &order->base), 0); /* asked again: the same */
    wire_free(&order);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    cluster_stop(&cluster);
}

/* The builders, over all predecessors but the first: what follows is consistent, and still a choice. */
static void assert_choice_is_refused(struct cluster *cluster, Weft__V1__DocumentType type,
                                     const struct view_document *held,
                                     int (*build)(const struct view *, int, const bool *, Weft__V1__Document **,
                                                  struct err *))
{
    const struct view *view = cluster_top_view(cluster);
    Weft__V1__Document *document = NULL;
    ProtobufCMessage *body = NULL;
    bool use[64] = {false}, is_first = true;
    struct err err = {0};

    for (int i = 0; i < view->roster->num_areas; i++) {
        use[i] = held[i].document != NULL && !is_first;
        is_first &= held[i].document == NULL;
    }
    assert_false(is_first);
    assert_int_equal(build(view, view->roster->top, use, &document, &err), 0);
    assert_int_equal(view_stamp(view, &document, cluster->now_ms, &err), 0);
    assert_int_equal(document_body(&body, document, type, &err), 0);
    assert_int_equal(propose(cluster, "lead-99", "help-99", type, body), ERR_ORDER_DIFFERS);
    wire_free(&body);
    document_free(&document);
}

static int order_without_consents(const struct view *view, int root, const bool *use, Weft__V1__Document **document,
                                  struct err *err)
{
    const bool none[256] = {false};

    struct view_basis basis = {root, false, use, none, none};

    return view_build_order_from(view, &basis, document, err);
}

static int build_pattern(const struct view *view, int root, const bool *use_states, Weft__V1__Document **document,
                         struct err *err)
{
    return view_build_pattern_from(view, root, use_states, &(struct pattern_context){0}, document, err);
}

static void test_cosign__order_plan_and_pattern_must_follow(void **state)
{
    const struct view *view;
    Weft__V1__Order *order;
    Weft__V1__Plan *plan;
    Weft__V1__Pattern *pattern;
    struct cluster cluster;
    char *listed[8];

    (void)state;
    begin(&cluster, &two_cities);
    set_silent(&cluster, false);
    order = run_to(&cluster, DOC(ORDER), 20000);
    view = cluster_top_view(&cluster);
    assert_choice_is_refused(&cluster, DOC(ORDER), view->freezes, order_without_consents);
    order->n_listed--;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(ORDER), &order->base), ERR_ORDER_DIFFERS);
    order->n_listed++;
    memcpy(listed, order->listed, order->n_listed * sizeof *listed);
    listed[0] = (char *)(uintptr_t) "nowhere";
    order->listed = listed;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(ORDER), &order->base), ERR_ORDER_DIFFERS);
    order->freezes[0]->digest.data[0] ^= 1;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(ORDER), &order->base),
                     ERR_DOCUMENT_CONFLICT);
    order->freezes[0]->digest.data[0] ^= 1;
    order->freezes[1] = order->freezes[0];
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(ORDER), &order->base),
                     ERR_DOCUMENT_MALFORMED);
    assert_unaltered_is_signed(&cluster, "lead-99", "help-99");
    wire_free(&order);

    plan = run_to(&cluster, DOC(PLAN), 20000);
    assert_choice_is_refused(&cluster, DOC(PLAN), view->contributes, view_build_plan_from);
    plan->open[0]->n_series--;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(PLAN), &plan->base), ERR_ORDER_DIFFERS);
    plan->open[0]->n_series++;
    plan->open[0]->series[0] = UINT32_MAX;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(PLAN), &plan->base), ERR_ORDER_DIFFERS);
    plan->order_digest.len = 0;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(PLAN), &plan->base), ERR_ORDER_DIFFERS);
    assert_unaltered_is_signed(&cluster, "lead-99", "help-99");
    wire_free(&plan);

    pattern = run_to(&cluster, DOC(PATTERN), 20000);
    assert_choice_is_refused(&cluster, DOC(PATTERN), view->states, build_pattern);
    pattern->areas[0]->suppressed.data[0] ^= 1;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(PATTERN), &pattern->base),
                     ERR_ORDER_DIFFERS);
    pattern->areas[0]->suppressed.data[0] ^= 1;
    pattern->areas[0]->suppressed.len--;
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(PATTERN), &pattern->base),
                     ERR_ORDER_DIFFERS);
    pattern->areas[0]->suppressed.len++;
    pattern->areas[0]->area = (char *)(uintptr_t) "nowhere";
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(PATTERN), &pattern->base),
                     ERR_ORDER_DIFFERS);
    assert_unaltered_is_signed(&cluster, "lead-99", "help-99");
    wire_free(&pattern);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

/* One element more on one side, one less on the other: the totals stay as they are. */
static void move_one(ProtobufCBinaryData *from, ProtobufCBinaryData *to)
{
    uint64_t a, b;

    memcpy(&a, from->data, sizeof a);
    memcpy(&b, to->data, sizeof b);
    a--;
    b++;
    memcpy(from->data, &a, sizeof a);
    memcpy(to->data, &b, sizeof b);
}

static void test_cosign__contributes_and_release_must_hold_the_helpers_share(void **state)
{
    Weft__V1__Contributes *contributes;
    Weft__V1__Release *release;
    struct cluster cluster;
    char leader[ID_MAX + 1];
    const char *helper;

    (void)state;
    begin(&cluster, &tiny);
    set_silent(&cluster, false);
    contributes = run_to(&cluster, DOC(CONTRIBUTES), 30000);
    snprintf(leader, sizeof leader, "lead-%s", contributes->area);
    helper = strcmp(leader, "lead-99") == 0 ? "help-99" : "help-9901";
    contributes->counts[0]++;
    assert_int_equal(propose(&cluster, leader, helper, DOC(CONTRIBUTES), &contributes->base),
                     ERR_RELEASE_DIFFERS);
    contributes->counts[0]--;
    move_one(&contributes->leader_share, &contributes->helper_share);
    assert_int_equal(propose(&cluster, leader, helper, DOC(CONTRIBUTES), &contributes->base),
                     ERR_RELEASE_DIFFERS);
    move_one(&contributes->helper_share, &contributes->leader_share);
    contributes->helper_share.len -= 8;
    assert_int_equal(propose(&cluster, leader, helper, DOC(CONTRIBUTES), &contributes->base),
                     ERR_DOCUMENT_MALFORMED);
    contributes->helper_share.len += 8;
    contributes->n_counts--;
    assert_int_equal(propose(&cluster, leader, helper, DOC(CONTRIBUTES), &contributes->base),
                     ERR_DOCUMENT_MALFORMED);
    assert_unaltered_is_signed(&cluster, leader, helper);
    wire_free(&contributes);

    release = run_to(&cluster, DOC(RELEASE), 30000);
    snprintf(leader, sizeof leader, "lead-%s", release->area);
    helper = strcmp(leader, "lead-99") == 0 ? "help-99" : "help-9901";
    assert_true(release->n_slots > 1);
    release->slots[0]->total++;
    assert_int_equal(propose(&cluster, leader, helper, DOC(RELEASE), &release->base), ERR_RELEASE_DIFFERS);
    release->slots[0]->total--;
    move_one(&release->leader_share, &release->helper_share);
    assert_int_equal(propose(&cluster, leader, helper, DOC(RELEASE), &release->base), ERR_RELEASE_DIFFERS);
    move_one(&release->helper_share, &release->leader_share);
    release->revision = 1;
    assert_int_equal(propose(&cluster, leader, helper, DOC(RELEASE), &release->base), ERR_DOCUMENT_MALFORMED);
    release->revision = 0;
    release->sites++;
    assert_int_equal(propose(&cluster, leader, helper, DOC(RELEASE), &release->base), ERR_DOCUMENT_MALFORMED);
    release->sites--;
    release->slots[0]->slot++;
    assert_int_equal(propose(&cluster, leader, helper, DOC(RELEASE), &release->base), ERR_RELEASE_DIFFERS);
    release->slots[0]->slot--;
    release->n_slots--;
    assert_int_equal(propose(&cluster, leader, helper, DOC(RELEASE), &release->base), ERR_RELEASE_DIFFERS);
    assert_unaltered_is_signed(&cluster, leader, helper);
    wire_free(&release);
    cluster_stop(&cluster);
}

/* Only one version of an area's states can ever be signed: the helper holds the first. */
static void test_cosign__states_have_one_version(void **state)
{
    struct cluster cluster;
    Weft__V1__States *states;
    char leader[ID_MAX + 1];
    const char *helper;

    (void)state;
    begin(&cluster, &tiny);
    set_silent(&cluster, false);
    states = run_to(&cluster, DOC(STATES), 30000);
    snprintf(leader, sizeof leader, "lead-%s", states->area);
    helper = strcmp(leader, "lead-99") == 0 ? "help-99" : "help-9901";
    states->total.data[0] = 64; /* no state */
    assert_int_equal(propose(&cluster, leader, helper, DOC(STATES), &states->base), ERR_DOCUMENT_MALFORMED);
    assert_unaltered_is_signed(&cluster, leader, helper);
    states->total.data[0] = 0;
    assert_int_equal(propose(&cluster, leader, helper, DOC(STATES), &states->base), ERR_DOCUMENT_CONFLICT);
    wire_free(&states);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

/* The helper accepted a report of which its leader never heard. Both differ on it until half the time to the order
 * is over; then it is dropped by name, and the rest of the area is released. */
static void test_freeze__drops_by_name_what_cannot_be_settled(void **state)
{
    struct cluster_shape shape = tiny_and_patient;
    const Weft__V1__Freeze *freeze;
    struct cluster cluster;
    int county;

    (void)state;
    shape.min_sites = shape.max_sites = 5;
    begin(&cluster, &shape);
    county = area(&cluster, "990101");
    cluster_hold(&cluster, CORE_VERIFY, DOC(NONE));
    cluster.sites[0].is_silent = false;
    run_for(&cluster, 2000);
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_VERIFY, cluster.held), 0);
    cluster_let_go(&cluster);
    set_silent(&cluster, false);
    cluster.sites[0].is_silent = true;
    cluster_hold(&cluster, CORE_VERIFY, DOC(NONE)); /* only site 0 is left to be asked about */
    run_for(&cluster, 1);
    cluster.holds = false;
    for (int i = 1; i < 5; i++) {
        cluster.sites[i].next_ms = 0;
    }
    cluster_let_go(&cluster);
    /* the leader loses what it knows of site 0 */
    {
        struct cluster_coordinator *leader = &cluster.coordinators[coordinator(&cluster, "lead-990101")];
        StoredReport *stored = NULL;
        struct store_txn *txn = NULL;
        struct err err = {0};
        struct db db;
        assert_int_equal(store_begin(leader->store, &txn, true, &err), 0);
        db = (struct db){txn, leader->at_rest_key};
        assert_int_equal(db_get_report(&db, cluster.task->id, "h0000", 1, &stored, &err), 0);
        stored->state = REPORT(REJECTED);
        assert_int_equal(db_put_report(&db, cluster.task->id, "h0000", 1, stored, &err), 0);
        wire_free(&stored);
        assert_int_equal(store_commit(&txn, &err), 0);
        cluster_restart(&cluster, coordinator(&cluster, "lead-990101"));
    }
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    run_for(&cluster, cluster.task->wire->close_ms + 60000 - cluster.now_ms);
    assert_null(cluster_view(&cluster, coordinator(&cluster, "lead-990101"))->freezes[county].document);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    freeze = (const Weft__V1__Freeze *)cluster_top_view(&cluster)->freezes[county].body;
    assert_int_equal(freeze->n_dropped, 1);
    assert_string_equal(freeze->dropped[0], "h0000");
    assert_int_equal(freeze->n_reports, 4);
    assert_released(&cluster, "990101");
    cluster_stop(&cluster);
}

/* A report that the helper never saw does not hold the freeze up for ever, and its site is told. */
static void test_freeze__ends_what_still_waits(void **state)
{
    struct cluster cluster;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    set_silent(&cluster, false);
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    cluster_hold(&cluster, CORE_VERIFY, DOC(NONE));
    cluster_report_again(&cluster, 0);
    run_for(&cluster, cluster.task->wire->close_ms + 30000 - cluster.now_ms);
    assert_null(cluster_view(&cluster, leader_of(&cluster, 0))->freezes[area(&cluster, "990101")].document);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    run_for(&cluster, 10000);
    assert_int_equal(cluster.sites[0].failure, ERR_TASK_CLOSED);
    assert_released(&cluster, "990101"); /* with the revision before */
    cluster_stop(&cluster);
}

/* ---- shares ---- */

static void test_share__a_child_cannot_spoil_its_parents_sums(void **state)
{
    Weft__V1__PutShareRequest *request, changed;
    Weft__V1__HpkeCiphertext *sealed = NULL;
    const uint8_t *parent_key;
    ProtobufCBinaryData changed_basis;
    struct cluster cluster;
    uint8_t *junk;
    char parent[ID_MAX + 1];
    int sender, up;
    size_t len;
    struct err err = {0};

    (void)state;
    begin(&cluster, &tiny);
    set_silent(&cluster, false);
    cluster_hold(&cluster, CORE_PUT_SHARE, DOC(NONE));
    run_for(&cluster, 30000);
    request = (Weft__V1__PutShareRequest *)cluster.held;
    assert_non_null(request);
    assert_int_equal(request->opening->scope, SCOPE(TOTAL));
    changed_basis = request->basis;
    sender = coordinator(&cluster, request->sender);
    up = roster_parent_coordinator(cluster.roster, sender);
    snprintf(parent, sizeof parent, "%s", cluster.roster->coordinators[up].wire->id);
    parent_key =
        ((const Weft__V1__KeySheet *)cluster_view(&cluster, up)->key_sheets[up].body)->public_key.data;

    changed = *request;
    changed.signature = NULL;
    assert_int_equal(call(&cluster, parent, cluster.roster->coordinators[sender].wire->tls_name,
                          CORE_PUT_SHARE, &changed.base),
                     ERR_DOCUMENT_SIGNATURE);
    changed = *request;
    changed.opening = NULL;
    assert_int_equal(resign_and_put(&cluster, parent, &changed), ERR_MESSAGE_MALFORMED);
    changed = *request;
    changed.share = NULL;
    assert_int_equal(resign_and_put(&cluster, parent, &changed), ERR_SHARE_UNREADABLE);
    changed = *request;
    changed.basis.len = 0;
    assert_int_equal(resign_and_put(&cluster, parent, &changed), ERR_PREDECESSOR_MISSING);
    request->opening->stage = STAGE(CONTRIBUTES); /* of blocks only */
    request->basis.data = (uint8_t *)(uintptr_t)cluster_top_view(&cluster)->order.digest;
    assert_int_equal(resign_and_put(&cluster, parent, request), ERR_NOT_LISTED);
    request->basis = changed_basis;
    request->opening->stage = STAGE(VALUES);
    request->opening->scope = (Weft__V1__Scope)77;
    assert_int_equal(resign_and_put(&cluster, parent, request), ERR_NOT_LISTED);
    request->opening->scope = SCOPE(TOTAL);
    request->share->payload.data[0] ^= 1;
    assert_int_equal(resign_and_put(&cluster, parent, request), ERR_SHARE_UNREADABLE);
    request->share->payload.data[0] ^= 1;
    /* well sealed, but not field elements */
    len = request->share->payload.len - HPKE_TAG_SIZE;
    junk = malloc(len);
    memset(junk, 0xff, len);
    assert_int_equal(share_seal(&sealed, parent_key, cluster.task, request->opening, request->sender,
                                cluster.roster->coordinators[sender].side, request->basis.data, junk, len,
                                (uint8_t[HPKE_IKM_SIZE]){3}, &err),
                     0);
    changed = *request;
    changed.share = sealed;
    assert_int_equal(resign_and_put(&cluster, parent, &changed), ERR_SHARE_UNREADABLE);
    assert_int_equal(resign_and_put(&cluster, parent, request), 0);
    share_free(&sealed);
    /* another share for the same opening */
    memset(junk, 0, len);
    assert_int_equal(share_seal(&sealed, parent_key, cluster.task, request->opening, request->sender,
                                cluster.roster->coordinators[sender].side, request->basis.data, junk, len,
                                (uint8_t[HPKE_IKM_SIZE]){4}, &err),
                     0);
    changed.share = sealed;
    assert_int_equal(resign_and_put(&cluster, parent, &changed), ERR_SHARE_CONFLICT);
    share_free(&sealed);
    free(junk);
    cluster_let_go(&cluster);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosign__freeze_must_be_the_helpers_own_list),
        cmocka_unit_test(test_cosign__freeze_does_not_come_before_the_close),
        cmocka_unit_test(test_cosign__a_document_says_about_when_it_was_made),
        cmocka_unit_test(test_cosign__order_plan_and_pattern_must_follow),
        cmocka_unit_test(test_cosign__contributes_and_release_must_hold_the_helpers_share),
        cmocka_unit_test(test_cosign__states_have_one_version),
        cmocka_unit_test(test_freeze__drops_by_name_what_cannot_be_settled),
        cmocka_unit_test(test_freeze__ends_what_still_waits),
        cmocka_unit_test(test_share__a_child_cannot_spoil_its_parents_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
