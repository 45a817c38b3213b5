/* test_malicious.c - one party of a whole province is modified, all others are honest: what is prevented, what is seen, by
 * whom (docs/malicious-parties.md names these tests). Of wrong sums see test_wrong_sums.c. */
#include "tests/cluster/malicious.h"

static const char *site_of(const Weft__V1__Document *report)
{
    static char site[ID_MAX + 1];
    Weft__V1__ReportHeader *header = NULL;

    assert_int_equal(document_body((ProtobufCMessage **)&header, report, DOC(REPORT), NULL), 0);
    snprintf(site, sizeof site, "%s", header->site);
    wire_free(&header);
    return site;
}

/* ---- sites ---- */

/* Two machines hold one hospital's key: at one revision the first bytes stay, and a higher one replaces them; the hospital
 * is never counted twice. */
static void test_site__with_two_machines_counts_once(void **state)
{
    static const struct by_hand first = {.revision = 1}, second = {.revision = 1}, third = {.revision = 2};
    struct cluster cluster;

    (void)state;
    begin(&cluster, &patient);
    assert_int_equal(submit_by_hand(&cluster, &first), 0);
    assert_int_equal(submit_by_hand(&cluster, &second), ERR_REPORT_REVISION);
    cluster.sites[0].vector[0] += 10;
    assert_int_equal(submit_by_hand(&cluster, &third), 0);
    set_silent(&cluster, false);
    cluster.sites[0].is_silent = true;
    run_out(&cluster);
    assert_int_equal(freeze_of(&cluster, "990101")->n_reports, 3);
    assert_int_equal(freeze_of(&cluster, "990101")->reports[0]->revision, 2);
    assert_released(&cluster, "990101");
    end(&cluster);
}

/* It cannot be another hospital, nor report where it does not belong. */
static void test_site__speaks_for_itself_alone(void **state)
{
    Weft__V1__SubmitRequest *request;
    struct cluster cluster;

    (void)state;
    begin(&cluster, &patient);
    request = report_by_hand(&cluster, &(struct by_hand){.revision = 1, .site_id = "h0001"});
    assert_int_equal(submit(&cluster, 0, request), ERR_REPORT_SITE_UNKNOWN);
    assert_int_equal(submit(&cluster, 1, request),
                     ERR_REPORT_SIGNATURE); /* the other one's connection, its own key */
    report_free(&request);
    request = report_by_hand(&cluster, &(struct by_hand){.revision = 1});
    assert_int_equal(call(&cluster, "lead-990102", site_name(&cluster, 0), CORE_SUBMIT, &request->base),
                     ERR_NOT_ALLOWED);
    assert_int_equal(call(&cluster, "lead-990102", site_name(&cluster, 3), CORE_SUBMIT, &request->base),
                     ERR_REPORT_SITE_UNKNOWN);
    report_free(&request);
    end(&cluster);
}

/* Last month's bytes are nothing this month: not as they are, and not under a new signature. */
static void test_site__cannot_replay_last_month(void **state)
{
    uint8_t last_month[TASK_ID_SIZE];
    Weft__V1__SubmitRequest *old;
    struct cluster cluster;

    (void)state;
    begin(&cluster, &patient);
    old = cluster_build_report(&cluster, 0, 1);
    memcpy(last_month, cluster.task->id, sizeof last_month);
    all_report(&cluster);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    cluster_draw_next(&cluster, cluster.task->wire->period->end_ms, cluster.task->wire->period->end_ms + 1000,
                      NULL, 0);
    assert_int_equal(cluster_publish(&cluster), 0);
    set_silent(&cluster, true);
    assert_true(cluster_run(&cluster, keys_are_known, 60000));
    assert_int_equal(submit(&cluster, 0, old),
                     0); /* the receipt of last month once more, no report of this one */
    cluster.sites[0].report =
        report_by_hand(&cluster, &(struct by_hand){.revision = 1, .sealed_for = last_month});
    cluster.sites[0].revision = 1;
    all_report(&cluster);
    assert_receipt(&cluster, 0, REPORT(REJECTED), REJECT(LEADER_DECRYPT));
    assert_receipt(&cluster, 1, REPORT(ACCEPTED), REJECT(NONE));
    run_out(&cluster);
    assert_int_equal(freeze_of(&cluster, "990101")->n_reports, 2);
    assert_released(&cluster, "99");
    report_free(&old);
    end(&cluster);
}

/* ---- leaders and reports ---- */

static bool keeps_a_report(struct cluster *cluster, int sender, int receiver, enum core_method method,
                           ProtobufCMessage *request)
{
    struct lie *lie = cluster->liar.user;
    bool is_it = sender == lie->who && method == CORE_VERIFY &&
                 strcmp(site_of(((Weft__V1__VerifyRequest *)request)->report), lie->site) == 0;

    (void)receiver;
    lie->count += is_it;
    return !is_it;
}

/* What never reaches the helper gets no receipt: the hospital sees it at once, and everyone that it is missing. */
static void test_leader__that_keeps_a_report_back_gives_no_receipt(void **state)
{
    struct lie lie = {.site = "h0000"};
    struct cluster cluster;

    (void)state;
    begin_lie(&cluster, &wide, &lie, "lead-990101");
    cluster.liar.asks = keeps_a_report;
    set_silent(&cluster, false);
    run_out(&cluster);
    assert_true(lie.count > 0);
    assert_null(cluster.sites[0].receipt);
    assert_int_equal(cluster.sites[0].failure, ERR_TASK_CLOSED);
    assert_int_equal(freeze_of(&cluster, "990101")->n_reports, 4);
    assert_int_equal(view_num_expected(cluster_top_view(&cluster), area(&cluster, "990101")), 5);
    assert_released(&cluster, "990101");
    assert_released(&cluster, "99");
    end(&cluster);
}

/* Leave the first report out of every list; say that it was dropped once that may be said. */
static bool leaves_out(struct cluster *cluster, int sender, int receiver, enum core_method method,
                       ProtobufCMessage *request)
{
    Weft__V1__CoSignRequest *cosign = (Weft__V1__CoSignRequest *)request;
    const Weft__V1__Task *task = cluster->task->wire;
    struct lie *lie = cluster->liar.user;
    ProtobufCMessage *body = NULL;
    Weft__V1__FrozenReport **all;
    Weft__V1__Freeze *freeze;
    char *dropped[1];

    (void)receiver;
    if (sender != lie->who || method != CORE_CO_SIGN || cosign->document->type != DOC(FREEZE)) {
        return true;
    }
    assert_int_equal(document_body(&body, cosign->document, DOC(FREEZE), NULL), 0);
    freeze = (Weft__V1__Freeze *)body;
    all = freeze->reports;
    dropped[0] = all[0]->site;
    freeze->reports++;
    freeze->n_reports--;
    if (cluster->now_ms > task->close_ms + (task->order_ms - task->close_ms) / 2) {
        freeze->dropped = dropped;
        freeze->n_dropped = 1;
    }
    sign_anew(cluster, &cosign->document, sender, body);
    freeze->reports = all;
    freeze->n_reports++;
    freeze->dropped = NULL;
    freeze->n_dropped = 0;
    wire_free(&body);
    lie->count++;
    return true;
}

/* The helper signs no shorter list. Halfway to the order it lets the report go, by name; then the hospital's receipt, which
 * both have signed, and the list, which both have signed, stand against each other. */
static void test_leader__that_drops_a_receipted_report_is_shown_by_the_receipt(void **state)
{
    struct lie lie = {0};
    struct cluster cluster;

    (void)state;
    begin_lie(&cluster, &wide, &lie, "lead-990101");
    cluster.liar.asks = leaves_out;
    all_report(&cluster);
    run_for(&cluster, cluster.task->wire->close_ms + 100000 - cluster.now_ms);
    assert_true(lie.count > 1);
    assert_null(cluster_view(&cluster, lie.who)->freezes[area(&cluster, "990101")].document);
    run_out(&cluster);
    assert_receipt(&cluster, 0, REPORT(ACCEPTED), REJECT(NONE));
    assert_int_equal(freeze_of(&cluster, "990101")->n_reports, 4);
    assert_int_equal(freeze_of(&cluster, "990101")->n_dropped, 1);
    assert_string_equal(freeze_of(&cluster, "990101")->dropped[0], "h0000");
    assert_released(&cluster, "99");
    end(&cluster);
}

/* A list names each hospital once, of its own area; a report needs its hospital's signature. */
static void test_leader__cannot_duplicate_invent_or_reassign_a_report(void **state)
{
    static const uint8_t own_key[KEY_SIZE] = {7};
    Weft__V1__SubmitRequest *invented;
    Weft__V1__Document *report;
    Weft__V1__FrozenReport *swapped;
    Weft__V1__VerifyRequest *verify;
    Weft__V1__Freeze *freeze;
    char leader[ID_MAX + 8], *site;
    struct cluster cluster;
    int other;

    (void)state;
    begin(&cluster, &patient);
    cluster_hold(&cluster, CORE_VERIFY, DOC(NONE));
    assert_int_equal(submit_by_hand(&cluster, &(struct by_hand){.revision = 1}), 0);
    run_for(&cluster, 1000);
    verify = (Weft__V1__VerifyRequest *)cluster.held;
    assert_int_equal(call(&cluster, "help-9901", "lead-990102.test", CORE_VERIFY, &verify->base),
                     ERR_NOT_ALLOWED);
    invented = report_by_hand(&cluster, &(struct by_hand){.site = 1, .revision = 1, .sign_key = own_key});
    report = verify->report;
    verify->report = invented->report;
    assert_int_equal(call(&cluster, "help-9901", "lead-990101.test", CORE_VERIFY, &verify->base),
                     ERR_REPORT_SIGNATURE);
    verify->report = report;
    report_free(&invented);
    cluster_let_go(&cluster);
    set_silent(&cluster, false);
    cluster.sites[0].is_silent = true; /* it has reported by hand */
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    freeze = run_to(&cluster, DOC(FREEZE), cluster.task->wire->close_ms + 5000 - cluster.now_ms);
    snprintf(leader, sizeof leader, "lead-%s", freeze->area);
    other = strcmp(freeze->area, "990101") == 0 ? 3 : 0;
    swapped = freeze->reports[1];
    freeze->reports[1] = freeze->reports[0]; /* twice */
    assert_int_equal(propose(&cluster, leader, "help-9901", DOC(FREEZE), &freeze->base),
                     ERR_DOCUMENT_MALFORMED);
    freeze->reports[1] = swapped;
    site = freeze->reports[0]->site;
    freeze->reports[0]->site = cluster.roster->sites[other].wire->id; /* of the other county */
    assert_int_equal(propose(&cluster, leader, "help-9901", DOC(FREEZE), &freeze->base),
                     ERR_DOCUMENT_MALFORMED);
    freeze->reports[0]->site = site;
    assert_unaltered_is_signed(&cluster, leader, "help-9901");
    wire_free(&freeze);
    run_out(&cluster);
    assert_released(&cluster, "99");
    end(&cluster);
}

static bool alters_verifier_shares(struct cluster *cluster, int sender, int receiver, enum core_method method,
                                   ProtobufCMessage *request)
{
    struct lie *lie = cluster->liar.user;
    Weft__V1__VerifyRequest *verify = (Weft__V1__VerifyRequest *)request;

    (void)receiver;
    if (sender == lie->who && method == CORE_VERIFY && strcmp(site_of(verify->report), lie->site) == 0 &&
        verify->verifier_share.len > 0) {
        verify->verifier_share.data[0] ^= 1;
        lie->count++;
    }
    return true;
}

/* The helper rejects a good report, no bad one is accepted, and all others count. The hospital, which knows that its report
 * was good, has no receipt, or one that rejects if the leader signs that too. */
static void test_leader__that_alters_a_verifier_share_spoils_that_report_alone(void **state)
{
    struct lie lie = {.site = "h0000"};
    struct cluster cluster;

    (void)state;
    begin_lie(&cluster, &wide, &lie, "lead-990101");
    cluster.liar.asks = alters_verifier_shares;
    set_silent(&cluster, false);
    run_out(&cluster);
    assert_true(lie.count > 0);
    assert_null(cluster.sites[0].receipt);
    assert_receipt(&cluster, 1, REPORT(ACCEPTED), REJECT(NONE));
    assert_int_equal(freeze_of(&cluster, "990101")->n_reports, 4);
    assert_released(&cluster, "990101");
    assert_released(&cluster, "99");
    end(&cluster);
}

/* ---- leaders and orders ---- */

static size_t num_sealed_by(const struct view *view, const char *coordinator_id)
{
    size_t num = 0;

    for (size_t i = 0; i < view->num_sealed; i++) {
        num += strcmp(view->sealed[i].body->coordinator, coordinator_id) == 0;
    }
    return num;
}

/* Asked again for other totals (one county fewer), the helper refuses: it holds one order, and seals each opening once. */
static void test_leader__gets_the_totals_of_one_order_alone(void **state)
{
    const bool none[64] = {false};
    bool use[64] = {false};
    Weft__V1__Document *other = NULL;
    ProtobufCMessage *body = NULL;
    struct view_basis basis;
    struct cluster cluster;
    const struct view *view;
    size_t num_sealed;

    (void)state;
    begin(&cluster, &two_cities);
    set_silent(&cluster, false);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    view = cluster_top_view(&cluster);
    num_sealed = num_sealed_by(cluster_view(&cluster, coordinator(&cluster, "help-9901")), "help-9901");
    for (int i = 0; i < view->roster->num_areas; i++) {
        use[i] = view->freezes[i].document != NULL && i != area(&cluster, "990101");
    }
    basis = (struct view_basis){view->roster->top, false, use, none, none};
    assert_int_equal(view_build_order_from(view, &basis, &other, NULL), 0);
    assert_int_equal(view_stamp(view, &other, cluster.now_ms, NULL), 0);
    assert_int_equal(document_body(&body, other, DOC(ORDER), NULL), 0);
    assert_int_equal(propose(&cluster, "lead-99", "help-99", DOC(ORDER), body), ERR_DOCUMENT_CONFLICT);
    run_for(&cluster, 5000);
    assert_int_equal(num_sealed_by(cluster_view(&cluster, coordinator(&cluster, "help-9901")), "help-9901"),
                     num_sealed);
    wire_free(&body);
    document_free(&other);
    end(&cluster);
}

/* To one child another order than to all: one area more is listed, and the leader alone has signed it. */
static void shows_another_order(struct cluster *cluster, int sender, int receiver, enum core_method method,
                                ProtobufCMessage *response)
{
    Weft__V1__GetDocumentsReply *reply = (Weft__V1__GetDocumentsReply *)response;
    struct lie *lie = cluster->liar.user;

    if (sender != lie->who || receiver != lie->to || method != CORE_GET_DOCUMENTS) {
        return;
    }
    for (size_t i = 0; i < reply->n_documents; i++) {
        Weft__V1__Document **document = &reply->documents[i]->document;
        ProtobufCMessage *body = NULL;
        if ((*document)->type != DOC(ORDER)) {
            continue;
        }
        assert_int_equal(document_body(&body, *document, DOC(ORDER), NULL), 0);
        ((Weft__V1__Order *)body)->n_listed--;
        sign_anew(cluster, document, sender, body);
        ((Weft__V1__Order *)body)->n_listed++;
        wire_free(&body);
        lie->count++;
    }
}

/* The child does not believe it and seals nothing; when it is shown the true one, all goes on. */
static void test_leader__cannot_show_two_faces(void **state)
{
    struct lie lie = {0};
    struct cluster cluster;
    const struct view *child;

    (void)state;
    begin_lie(&cluster, &quick, &lie, "lead-99");
    lie.to = coordinator(&cluster, "lead-9901");
    cluster.liar.answers = shows_another_order;
    set_silent(&cluster, false);
    run_for(&cluster, 60000);
    assert_true(lie.count > 0);
    child = cluster_view(&cluster, lie.to);
    assert_null(child->order.document);
    assert_int_equal(num_sealed_by(child, "lead-9901"), 0);
    assert_false(is_released(&cluster, "990101"));
    cluster.liar = (struct cluster_liar){0};
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "99");
    end(&cluster);
}

/* ---- helpers ---- */

/* What it changes of its answer: the four ways to answer wrongly. */
enum wrong_answer { WRONG_SHARE, WRONG_STATE, WRONG_TASK, WRONG_SITE, NUM_WRONG_ANSWERS };

static void answers_wrongly(struct cluster *cluster, int sender, int receiver, enum core_method method,
                            ProtobufCMessage *response)
{
    static uint8_t other_task[TASK_ID_SIZE] = {9};
    Weft__V1__VerifyReply *reply = (Weft__V1__VerifyReply *)response;
    struct lie *lie = cluster->liar.user;
    Weft__V1__Receipt *receipt = NULL, changed;

    (void)receiver;
    if (sender != lie->who || method != CORE_VERIFY) {
        return;
    }
    lie->count++;
    if (lie->slot == WRONG_SHARE) {
        reply->verifier_share.data[0] ^= 1;
        return;
    }
    assert_int_equal(document_body((ProtobufCMessage **)&receipt, reply->receipt, DOC(RECEIPT), NULL), 0);
    changed = *receipt;
    if (lie->slot == WRONG_STATE) {
        changed.state = REPORT(REJECTED);
        changed.reason = REJECT(PROOF);
    } else if (lie->slot == WRONG_TASK) {
        changed.task_id.data = other_task;
    } else {
        changed.site = (char *)(uintptr_t) "h0001";
    }
    sign_anew(cluster, &reply->receipt, sender, &changed.base);
    wire_free(&receipt);
}

/* The leader decides by itself and believes no other answer: no receipt, the report waits, and the true answer, which an
 * honest helper repeats, ends that. */
static void test_helper__that_answers_wrongly_is_not_believed(void **state)
{
    struct cluster cluster;

    (void)state;
    for (int how = 0; how < NUM_WRONG_ANSWERS; how++) {
        struct lie lie = {.slot = how};
        begin_lie(&cluster, &patient, &lie, "help-9901");
        cluster.liar.answers = answers_wrongly;
        cluster.sites[0].is_silent = false;
        run_for(&cluster, 30000);
        assert_true(lie.count > 0);
        assert_null(cluster.sites[0].receipt);
        cluster.liar = (struct cluster_liar){0};
        all_report(&cluster);
        assert_receipt(&cluster, 0, REPORT(ACCEPTED), REJECT(NONE));
        run_out(&cluster);
        assert_released(&cluster, "99");
        end(&cluster);
    }
}

static void shorten(struct cluster *cluster, Weft__V1__Document **document, int signer)
{
    struct lie *lie = cluster->liar.user;
    ProtobufCMessage *body = NULL;

    if ((*document)->type != DOC(FREEZE)) {
        return;
    }
    assert_int_equal(document_body(&body, *document, DOC(FREEZE), NULL), 0);
    ((Weft__V1__Freeze *)body)->n_reports--;
    sign_anew(cluster, document, signer, body);
    ((Weft__V1__Freeze *)body)->n_reports++;
    wire_free(&body);
    lie->count++;
}

/* Instead of what it was asked to sign, as answer and as document. */
static void signs_another_list(struct cluster *cluster, int sender, int receiver, enum core_method method,
                               ProtobufCMessage *response)
{
    const struct lie *lie = cluster->liar.user;

    (void)receiver;
    if (sender == lie->who && method == CORE_CO_SIGN) {
        shorten(cluster, &((Weft__V1__CoSignReply *)response)->document, sender);
    } else if (sender == lie->who && method == CORE_GET_DOCUMENTS) {
        Weft__V1__GetDocumentsReply *reply = (Weft__V1__GetDocumentsReply *)response;
        for (size_t i = 0; i < reply->n_documents; i++) {
            shorten(cluster, &reply->documents[i]->document, sender);
        }
    }
}

static void test_helper__that_signs_another_list_freezes_nothing(void **state)
{
    struct lie lie = {0};
    struct cluster cluster;

    (void)state;
    begin_lie(&cluster, &quick, &lie, "help-9901");
    cluster.liar.answers = signs_another_list;
    all_report(&cluster);
    run_for(&cluster, 60000);
    assert_true(lie.count > 0);
    assert_null(cluster_view(&cluster, coordinator(&cluster, "lead-990101"))
                    ->freezes[area(&cluster, "990101")]
                    .document);
    cluster.liar = (struct cluster_liar){0};
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_released(&cluster, "99");
    end(&cluster);
}

/* ---- all of one side ---- */

/* Does the order or plan that allows the opening bear the signatures of both of the top pair? */
static bool is_doubly_signed(const struct view *view, const struct opening *opening)
{
    const Weft__V1__Document *basis =
        (opening->stage == STAGE(CONTRIBUTES) ? view_order_of(view, opening->area)
                                              : view_plan_of(view, opening->area))
            ->document;
    const struct roster_area *top = &view->roster->areas[view->roster->top];
    int pair[] = {top->leader, top->helper};

    for (int i = 0; i < 2; i++) {
        const Weft__V1__Coordinator *signer = view->roster->coordinators[pair[i]].wire;
        if (!document_is_signed(basis, signer->id, signer->sign_key.data)) {
            return false;
        }
    }
    return true;
}

/* What helpers tell leaders, in a whole task. */
static void listen(struct cluster *cluster, int sender, int receiver, enum core_method method,
                   ProtobufCMessage *response)
{
    struct lie *heard = cluster->liar.user;
    const Weft__V1__GetDocumentsReply *reply = (const Weft__V1__GetDocumentsReply *)response;
    const struct view *view = cluster_view(cluster, sender);

    if (cluster->roster->coordinators[sender].side != SIDE(HELPER) ||
        cluster->roster->coordinators[receiver].side != SIDE(LEADER)) {
        return;
    }
    assert_true(method == CORE_VERIFY || method == CORE_CO_SIGN || method == CORE_GET_DOCUMENTS ||
                method == CORE_PUT_DOCUMENTS);
    for (size_t i = 0; method == CORE_GET_DOCUMENTS && i < reply->n_documents; i++) {
        const Weft__V1__Document *document = reply->documents[i]->document;
        Weft__V1__SealedShare *sealed = NULL;
        struct opening opening;
        if (document->type != DOC(SEALED_SHARE)) {
            continue;
        }
        assert_int_equal(document_body((ProtobufCMessage **)&sealed, document, DOC(SEALED_SHARE), NULL), 0);
        opening = view_opening_from(view, sealed->opening);
        assert_true(view_opening_is_allowed(view, &opening));
        assert_memory_equal(sealed->basis.data, view_opening_basis(view, &opening), DIGEST_SIZE);
        assert_true(is_doubly_signed(view, &opening));
        wire_free(&sealed);
        heard->count++;
    }
}

/* Helpers ask no leader anything, and shares go to one's own side. */
static bool overhears(struct cluster *cluster, int sender, int receiver, enum core_method method,
                      ProtobufCMessage *request)
{
    (void)request;
    assert_true(cluster->roster->coordinators[sender].side == SIDE(LEADER) ||
                cluster->roster->coordinators[receiver].side == SIDE(HELPER));
    assert_true(method != CORE_PUT_SHARE ||
                cluster->roster->coordinators[sender].side == cluster->roster->coordinators[receiver].side);
    return true;
}

static bool one_share_an_opening(const struct view *view, Weft__V1__Side side)
{
    for (size_t i = 0; i < view->num_sealed; i++) {
        struct opening opening = view_opening_from(view, view->sealed[i].body->opening);
        if (view->sealed[i].body->side == side &&
            view_sealed_share(view, &opening, side) != view->sealed[i].body) {
            return false;
        }
    }
    return true;
}

/* All leaders together get from all helpers: answers to verification, signatures, public documents, and one sealed share of
 * each opening that a doubly signed order or plan lists. Nothing of a county that is withheld. */
static void test_side__together_gets_shares_of_signed_openings_alone(void **state)
{
    struct cluster_shape shape = two_cities;
    struct lie heard = {0};
    struct cluster cluster;

    (void)state;
    shape.min_sites = 3;
    shape.poll_ms = 2000;
    shape.city_supervised = 30;
    begin(&cluster, &shape);
    cluster.liar = (struct cluster_liar){.user = &heard, .asks = overhears, .answers = listen};
    set_silent(&cluster, false);
    cluster.sites[0].is_silent = cluster.sites[1].is_silent = true; /* a county of few: withheld */
    run_out(&cluster);
    assert_true(heard.count > 0);
    for (int i = 0; i < cluster.roster->num_coordinators; i++) {
        assert_true(one_share_an_opening(cluster_view(&cluster, i), SIDE(HELPER)));
    }
    assert_released(&cluster, "99");
    end(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_site__with_two_machines_counts_once),
        cmocka_unit_test(test_site__speaks_for_itself_alone),
        cmocka_unit_test(test_site__cannot_replay_last_month),
        cmocka_unit_test(test_leader__that_keeps_a_report_back_gives_no_receipt),
        cmocka_unit_test(test_leader__that_drops_a_receipted_report_is_shown_by_the_receipt),
        cmocka_unit_test(test_leader__cannot_duplicate_invent_or_reassign_a_report),
        cmocka_unit_test(test_leader__that_alters_a_verifier_share_spoils_that_report_alone),
        cmocka_unit_test(test_leader__gets_the_totals_of_one_order_alone),
        cmocka_unit_test(test_leader__cannot_show_two_faces),
        cmocka_unit_test(test_helper__that_answers_wrongly_is_not_believed),
        cmocka_unit_test(test_helper__that_signs_another_list_freezes_nothing),
        cmocka_unit_test(test_side__together_gets_shares_of_signed_openings_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
