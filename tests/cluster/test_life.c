/* test_life.c - a task's times: extended by amendment, jumped over, and what is destroyed at the end. */
#include "tests/cluster/hostile.h"

#include "audit/completeness.h"
#include "audit/events.h"
#include "base/wire.h"
#include "coordinator/contacts.h"

static Weft__V1__Amendment later(const struct cluster *cluster, uint32_t number, int64_t by_ms)
{
    const Weft__V1__Task *task = cluster->task->wire;
    Weft__V1__Amendment body = WEFT__V1__AMENDMENT__INIT;

    body.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster->task->id};
    body.number = number;
    body.due_ms = task->close_ms;
    body.close_ms = task->close_ms + by_ms;
    body.order_ms = task->order_ms + by_ms;
    body.plan_ms = task->plan_ms + by_ms;
    body.pattern_ms = task->pattern_ms + by_ms;
    body.retention_ms = task->retention_ms + by_ms;
    body.reason = (char *)(uintptr_t) "the network was down";
    return body;
}

/* Site 0 came in the time that the amendment gave, after the due time; all others before it. */
static void assert_tells_who_was_late(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);
    struct completeness sum = completeness_of_area(view, view->roster->top);

    assert_int_equal(completeness_of_site(view, 0).outcome, OUTCOME_LATE);
    assert_int_equal(completeness_of_site(view, 1).outcome, OUTCOME_ON_TIME);
    assert_int_equal(sum.expected, 6);
    assert_int_equal(sum.by_outcome[OUTCOME_ON_TIME], 5);
    assert_int_equal(completeness_verified(&sum), 6);
    assert_int_equal(completeness_received(&sum), 6);
    assert_int_equal(sum.last_ms, completeness_of_site(view, 0).last_ms);
    assert_true(sum.first_ms < view_times(view).due_ms);
}

/* Each step once, in order; of the areas' steps as many as there are. */
static void assert_tells_the_history(const struct cluster *cluster)
{
    int counts[EVENT_NUM] = {0};
    struct event *events = NULL;
    struct err err = {0};
    size_t num;

    assert_int_equal(events_of(&events, &num, cluster_top_view(cluster), cluster->now_ms, &err), 0);
    for (size_t i = 0; i < num; i++) {
        counts[events[i].kind]++;
        assert_true(i == 0 || events[i].time_ms >= events[i - 1].time_ms);
    }
    free(events);
    assert_int_equal(counts[EVENT_AMENDED], 1);
    assert_int_equal(counts[EVENT_DUE], 1);
    assert_int_equal(counts[EVENT_CLOSED], 2);
    assert_int_equal(counts[EVENT_ORDERED], 1);
    assert_int_equal(counts[EVENT_RELEASED], 4);
    assert_int_equal(counts[EVENT_ERASED], 0);
}

static void test_amendment__lets_a_late_hospital_in(void **state)
{
    struct cluster cluster;
    Weft__V1__Amendment body;
    int64_t close_ms;

    (void)state;
    cluster_start(&cluster, 31, &tiny_and_patient, &no_faults);
    close_ms = cluster.task->wire->close_ms;
    cluster.sites[0].is_silent = true;
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    body = later(&cluster, 1, 600000);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), 0);
    run_for(&cluster, 5000);
    for (int i = 0; i < cluster.roster->num_coordinators; i++) { /* helpers hold it too */
        assert_int_equal(view_times(cluster_view(&cluster, i)).close_ms, close_ms + 600000);
    }
    cluster.now_ms = close_ms + 60000;
    run_for(&cluster, 5000);
    assert_null(cluster_top_view(&cluster)->freezes[area(&cluster, "990101")].document);
    cluster.sites[0].is_silent = false;
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    cluster.now_ms = close_ms + 600000;
    assert_true(cluster_run(&cluster, cluster_is_released, 600000));
    assert_int_equal(view_num_frozen(cluster_top_view(&cluster), area(&cluster, "990101")), 3);
    assert_released(&cluster, "99");
    assert_tells_who_was_late(&cluster);
    assert_tells_the_history(&cluster);
    cluster_stop(&cluster);
}

static void test_completeness__names_the_rejected_and_the_missing(void **state)
{
    struct by_hand broken = {.site = 0, .revision = 1, .breaks_proof = true};
    Weft__V1__SubmitRequest *report;
    struct cluster cluster;
    struct completeness sum;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    set_silent(&cluster, false);
    cluster.sites[0].is_silent = cluster.sites[1].is_silent = true;
    report = report_by_hand(&cluster, &broken);
    assert_int_equal(call(&cluster, cluster.roster->coordinators[leader_of(&cluster, 0)].wire->id,
                          site_name(&cluster, 0), CORE_SUBMIT, &report->base),
                     0);
    report_free(&report);
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    run_for(&cluster, 5000);
    assert_int_equal(completeness_of_site(cluster_top_view(&cluster), 0).outcome, OUTCOME_PENDING);
    cluster.now_ms = cluster.task->wire->close_ms;
    assert_true(cluster_run(&cluster, order_is_there, 600000));
    assert_int_equal(completeness_of_site(cluster_top_view(&cluster), 0).outcome, OUTCOME_REJECTED);
    assert_int_equal(completeness_of_site(cluster_top_view(&cluster), 0).reason, REJECT(PROOF));
    assert_int_equal(completeness_of_site(cluster_top_view(&cluster), 1).outcome, OUTCOME_MISSING);
    sum = completeness_of_area(cluster_top_view(&cluster), area(&cluster, "990101"));
    assert_int_equal(sum.expected, 3);
    assert_int_equal(completeness_received(&sum), 2);
    assert_int_equal(completeness_verified(&sum), 1);
    cluster_stop(&cluster);
}

static void test_cards__follow_the_rule(void **state)
{
    static const struct card_rule rule = {
        .window = 4, .yellow_missing = 1, .yellow_late = 2, .red_missing = 3, .red_late = 4};
    enum outcome outcomes[8] = {OUTCOME_MISSING, OUTCOME_MISSING, OUTCOME_MISSING, OUTCOME_ON_TIME,
                                OUTCOME_ON_TIME, OUTCOME_LATE,    OUTCOME_ON_TIME, OUTCOME_PENDING};

    (void)state;
    assert_int_equal(card_of(&rule, outcomes, 0), CARD_NONE);
    assert_int_equal(card_of(&rule, outcomes, 1), CARD_YELLOW);
    assert_int_equal(card_of(&rule, outcomes, 4), CARD_RED);
    assert_int_equal(card_of(&rule, outcomes, 8), CARD_NONE); /* out of the window; pending does not count */
    outcomes[6] = OUTCOME_LATE;
    assert_int_equal(card_of(&rule, outcomes, 8), CARD_YELLOW);
    outcomes[5] = outcomes[4] = OUTCOME_REJECTED;
    assert_int_equal(card_of(&rule, outcomes, 8), CARD_YELLOW);
    outcomes[6] = OUTCOME_DROPPED;
    assert_int_equal(card_of(&rule, outcomes, 8), CARD_RED);
}

static void test_amendment__only_extends_and_only_by_both_sides(void **state)
{
    struct cluster cluster;
    Weft__V1__Amendment body;

    (void)state;
    begin(&cluster, &tiny_and_patient);
    body = later(&cluster, 1, 1000);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 1), ERR_DOCUMENT_SIGNATURE);
    body.close_ms = cluster.task->wire->close_ms - 1;
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), ERR_AMENDMENT);
    body = later(&cluster, 1, 1000);
    body.order_ms = body.close_ms - 1;
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), ERR_AMENDMENT);
    body = later(&cluster, 1, 1000);
    body.reason = (char *)(uintptr_t) "";
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), ERR_AMENDMENT);
    body = later(&cluster, 0, 1000);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), ERR_AMENDMENT);
    body = later(&cluster, 2, 1000);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), ERR_PREDECESSOR_MISSING);
    body = later(&cluster, 1, 1000);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), 0);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), 0);
    body = later(&cluster, 1, 2000);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), ERR_DOCUMENT_CONFLICT);
    body = later(&cluster, 2, 500); /* earlier than the first */
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), ERR_AMENDMENT);
    cluster_stop(&cluster);
}

static void test_amendment__leaves_what_is_frozen(void **state)
{
    struct cluster cluster;
    Weft__V1__Amendment body;

    (void)state;
    cluster_start(&cluster, 32, &tiny, &no_faults);
    assert_true(cluster_run(&cluster, order_is_there, 600000));
    body = later(&cluster, 1, 600000);
    assert_int_equal(publish_by_roots(&cluster, DOC(AMENDMENT), &body.base, 2), 0);
    assert_true(cluster_run(&cluster, cluster_is_released, 600000));
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

/* ---- jumps of the clock, restarts ---- */

/* Everyone restarts at each step, and the clock jumps to each deadline: what is due is found again. */
static void test_scheduler__finds_what_is_due_after_restarts_and_jumps(void **state)
{
    const Weft__V1__Task *task;
    struct cluster cluster;
    int64_t stops[5];

    (void)state;
    cluster_start(&cluster, 33, &tiny_and_patient, &no_faults);
    task = cluster.task->wire;
    memcpy(stops,
           (int64_t[]){task->close_ms, task->order_ms, task->plan_ms, task->pattern_ms,
                       task->retention_ms - 3600000},
           sizeof stops);
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        cluster.now_ms = stops[i];
        for (int k = 0; k < cluster.roster->num_coordinators; k++) {
            cluster_restart(&cluster, k);
        }
        run_for(&cluster, 10000);
    }
    assert_true(cluster_is_released(&cluster));
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

/* ---- the end ---- */

/* What a coordinator still holds of reports and secrets. */
static void assert_nothing_secret(struct cluster *cluster, int index)
{
    struct cluster_coordinator *c = &cluster->coordinators[index];
    struct store_txn *txn = NULL;
    struct err err = {0};
    struct db db = {.at_rest_key = c->at_rest_key};
    uint8_t *key = NULL;
    size_t len;

    assert_int_equal(store_begin(c->store, &txn, false, &err), 0);
    db.txn = txn;
    assert_int_equal(db_get_secret(&db, cluster->task->id, DB_HPKE_KEY, &key, &len, &err), 0);
    assert_null(key);
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        StoredReport *report = NULL;
        assert_int_equal(
            db_get_report(&db, cluster->task->id, cluster->roster->sites[i].wire->id, 0, &report, &err), 0);
        if (report != NULL) {
            assert_null(report->leader);
            assert_null(report->helper);
            assert_int_equal(report->out_share.len, 0);
            assert_int_equal(report->verifier_share.len, 0);
            assert_non_null(report->receipt); /* which is public, and the site's proof */
        }
        wire_free(&report);
    }
    store_abort(&txn);
}

static bool top_knows_all_erasures(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);

    for (int i = 0; i < cluster->roster->num_coordinators; i++) {
        if (view->erasures[i].document == NULL) {
            return false;
        }
    }
    return true;
}

static void test_erasure__destroys_all_shares_when_retention_ends(void **state)
{
    struct cluster cluster;
    const Weft__V1__Erasure *erasure;

    (void)state;
    cluster_start(&cluster, 34, &tiny, &no_faults);
    assert_true(cluster_run(&cluster, cluster_is_released, 600000));
    run_for(&cluster, 5000);
    assert_null(cluster_top_view(&cluster)->erasures[0].document);
    cluster.now_ms = cluster.task->wire->retention_ms;
    run_for(&cluster, 60);
    cluster_restart(&cluster, 0);
    assert_true(cluster_run(&cluster, top_knows_all_erasures, 60000));
    for (int i = 0; i < cluster.roster->num_coordinators; i++) {
        assert_nothing_secret(&cluster, i);
        erasure = (const Weft__V1__Erasure *)cluster_top_view(&cluster)->erasures[i].body;
        assert_int_equal(erasure->keys, 1);
        assert_true(erasure->time_ms >= cluster.task->wire->retention_ms);
    }
    erasure = (const Weft__V1__Erasure *)cluster_top_view(&cluster)
                  ->erasures[coordinator(&cluster, "lead-990101")]
                  .body;
    assert_int_equal(erasure->reports, 3);
    assert_true(erasure->shares > 0);
    for (int i = 0; i < cluster.roster->num_coordinators; i++) { /* and nothing grows again */
        cluster_restart(&cluster, i);
    }
    run_for(&cluster, 5000);
    assert_nothing_secret(&cluster, 0);
    assert_released(&cluster, "99"); /* what is public stays */
    cluster_stop(&cluster);
}

static void test_erasure__follows_a_void_at_once_and_everywhere(void **state)
{
    Weft__V1__Void body = WEFT__V1__VOID__INIT;
    Weft__V1__SubmitRequest *report;
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 35, &tiny_and_patient, &no_faults);
    cluster.sites[0].is_silent = true;
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    report = cluster_build_report(&cluster, 0, 1);
    body.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster.task->id};
    body.reason = (char *)(uintptr_t) "wrong catalogue";
    assert_int_equal(publish_by_roots(&cluster, DOC(VOID), &body.base, 2), 0);
    assert_true(cluster_run(&cluster, top_knows_all_erasures, 60000));
    for (int i = 0; i < cluster.roster->num_coordinators; i++) {
        assert_non_null(cluster_view(&cluster, i)->voided.document);
        assert_nothing_secret(&cluster, i);
    }
    assert_int_equal(call(&cluster, cluster.roster->coordinators[leader_of(&cluster, 0)].wire->id,
                          site_name(&cluster, 0), CORE_SUBMIT, &report->base),
                     ERR_TASK_CLOSED);
    report_free(&report);
    cluster_stop(&cluster);
}

static void test_void__comes_too_late_once_something_may_be_opened(void **state)
{
    Weft__V1__Void body = WEFT__V1__VOID__INIT;
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 36, &tiny, &no_faults);
    assert_true(cluster_run(&cluster, order_is_there, 600000));
    body.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster.task->id};
    body.reason = (char *)(uintptr_t) "too late";
    assert_int_equal(publish_by_roots(&cluster, DOC(VOID), &body.base, 2), ERR_DOCUMENT_CONFLICT);
    assert_true(cluster_run(&cluster, cluster_is_released, 600000));
    cluster_stop(&cluster);
}

/* ---- known errors ---- */

/* As the operator of the leader says it; the code of the refusal. */
static int say(struct cluster *cluster, const char *leader, const char *code, const char *text)
{
    Weft__V1__NoteRequest request = WEFT__V1__NOTE_REQUEST__INIT;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster->task->id};
    request.area = (char *)(uintptr_t)code;
    request.indicator = cluster->task->series[0].wire->indicator;
    request.text_zh = (char *)(uintptr_t) "县医院漏报重症患者";
    request.text_en = (char *)(uintptr_t)text;
    return call(cluster, leader, cluster->roster->coordinators[coordinator(cluster, leader)].wire->tls_name, CORE_NOTE,
                &request.base);
}

static bool all_know_a_note(const struct cluster *cluster)
{
    for (int i = 0; i < cluster->roster->num_coordinators; i++) {
        if (cluster_view(cluster, i)->num_notes == 0) {
            return false;
        }
    }
    return true;
}

static void test_note__is_signed_by_both_and_reaches_everyone(void **state)
{
    struct cluster cluster;
    const struct view *view;
    const char *indicator;

    (void)state;
    cluster_start(&cluster, 38, &tiny, &no_faults);
    assert_true(cluster_run(&cluster, order_is_there, 600000));
    assert_int_equal(say(&cluster, "lead-990101", "990101", "too early"), ERR_PREDECESSOR_MISSING);
    assert_true(cluster_run(&cluster, cluster_is_released, 600000));
    run_for(&cluster, 5000);
    assert_int_equal(say(&cluster, "lead-990101", "990101", "7 patients too few"), ERR_NOTE_REFUSED);
    assert_int_equal(say(&cluster, "lead-990101", "990101", "red \033[31m text"), ERR_NOTE_REFUSED);
    assert_int_equal(say(&cluster, "lead-990101", "990102", "not its area"), ERR_NOT_ALLOWED);
    assert_int_equal(say(&cluster, "lead-990101", "990101", "ward left out"), 0);
    assert_int_equal(say(&cluster, "lead-990101", "990101", "intensive care was left out"), 0); /* another text instead */
    cluster_restart(&cluster, coordinator(&cluster, "lead-990101"));                             /* it is kept */
    assert_true(cluster_run(&cluster, all_know_a_note, 60000));

    view = cluster_top_view(&cluster);
    indicator = cluster.task->series[0].wire->indicator;
    assert_int_equal(view->num_notes, 1);
    assert_string_equal(view->notes[0].body->text_en, "intensive care was left out");
    assert_int_equal(view->notes[0].held.document->n_signatures, 2);
    assert_true(view->notes[0].body->time_ms >= view_time_of(&view->releases[area(&cluster, "990101")]));
    assert_int_equal(say(&cluster, "lead-990101", "990101", "and the other ward"), 0); /* a second one */
    run_for(&cluster, 10000);
    assert_int_equal(view->num_notes, 2);
    assert_non_null(view_note(view, "990101", indicator, 2));
    cluster_stop(&cluster);
}

/* One that cannot be reached signs later. */
static void test_note__needs_its_helper(void **state)
{
    struct cluster cluster;
    int helper;

    (void)state;
    cluster_start(&cluster, 39, &tiny, &no_faults);
    assert_true(cluster_run(&cluster, cluster_is_released, 600000));
    helper = cluster.roster->areas[area(&cluster, "990101")].helper;
    cluster.cuts[cluster.num_cuts++] =
        (struct cluster_cut){coordinator(&cluster, "lead-990101"), helper, cluster.now_ms + 60000};
    assert_int_equal(say(&cluster, "lead-990101", "990101", "a ward was left out"), 0);
    run_for(&cluster, 50000);
    assert_int_equal(cluster_top_view(&cluster)->num_notes, 0);
    assert_true(cluster_run(&cluster, all_know_a_note, 120000));
    cluster_stop(&cluster);
}

/* ---- what people are told while it does not go on ---- */

static struct db db_of(struct cluster *cluster, int index, struct store_txn **txn)
{
    struct cluster_coordinator *c = &cluster->coordinators[index];
    struct err err = {0};

    assert_int_equal(store_begin(c->store, txn, false, &err), 0);
    return (struct db){*txn, c->at_rest_key};
}

static StoredContact contact_with(struct cluster *cluster, int index, const char *peer)
{
    struct store_txn *txn = NULL;
    struct db db = db_of(cluster, index, &txn);
    StoredContact *found = NULL, copy;
    struct err err = {0};

    assert_int_equal(contacts_get(&db, peer, &found, &err), 0);
    assert_non_null(found);
    copy = *found;
    wire_free(&found);
    store_abort(&txn);
    return copy; /* its numbers */
}

/* The code for which the helper does not sign the area's list; 0: it does. */
static int freeze_refusal(struct cluster *cluster, int index, const char *code)
{
    struct contacts_document freeze = {cluster->task->id, DOC(FREEZE), code};
    struct store_txn *txn = NULL;
    struct db db = db_of(cluster, index, &txn);
    StoredContact *found = NULL;
    struct err err = {0};
    int refused;

    assert_int_equal(contacts_get_refusal(&db, &freeze, &found, &err), 0);
    refused = found == NULL ? 0 : (int)found->failure;
    wire_free(&found);
    store_abort(&txn);
    return refused;
}

static void test_status__says_who_is_not_reached_and_who_does_not_sign(void **state)
{
    struct cluster cluster;
    int leader, helper;
    const char *name;
    int64_t cut_ms;

    (void)state;
    cluster_start(&cluster, 37, &tiny_and_patient, &no_faults);
    leader = coordinator(&cluster, "lead-990101");
    helper = cluster.roster->areas[area(&cluster, "990101")].helper;
    name = cluster.roster->coordinators[helper].wire->id;
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    assert_int_equal(contact_with(&cluster, leader, name).failing_ms, 0);
    assert_true(contact_with(&cluster, leader, name).reached_ms > 0);
    assert_true(contact_with(&cluster, helper, "lead-990101").heard_ms > 0);

    cut_ms = cluster.now_ms;
    cluster.cuts[cluster.num_cuts++] = (struct cluster_cut){leader, helper, cluster.now_ms + 120000};
    run_for(&cluster, 100000);
    assert_true(contact_with(&cluster, leader, name).failing_ms >= cut_ms);
    assert_true(contact_with(&cluster, leader, name).failing_ms < cut_ms + 60000);
    run_for(&cluster, 120000);
    assert_int_equal(contact_with(&cluster, leader, name).failing_ms, 0);

    cluster.coordinators[helper].skew_ms = 20 * 60000;
    cluster.now_ms = cluster.task->wire->close_ms;
    run_for(&cluster, 5000);
    assert_int_equal(freeze_refusal(&cluster, leader, "990101"), ERR_CLOCKS_DIFFER);
    cluster.coordinators[helper].skew_ms = 0;
    assert_true(cluster_run(&cluster, cluster_is_released, 600000));
    assert_int_equal(freeze_refusal(&cluster, leader, "990101"), 0);
    cluster_stop(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amendment__lets_a_late_hospital_in),
        cmocka_unit_test(test_completeness__names_the_rejected_and_the_missing),
        cmocka_unit_test(test_cards__follow_the_rule),
        cmocka_unit_test(test_amendment__only_extends_and_only_by_both_sides),
        cmocka_unit_test(test_amendment__leaves_what_is_frozen),
        cmocka_unit_test(test_scheduler__finds_what_is_due_after_restarts_and_jumps),
        cmocka_unit_test(test_erasure__destroys_all_shares_when_retention_ends),
        cmocka_unit_test(test_erasure__follows_a_void_at_once_and_everywhere),
        cmocka_unit_test(test_void__comes_too_late_once_something_may_be_opened),
        cmocka_unit_test(test_note__is_signed_by_both_and_reaches_everyone),
        cmocka_unit_test(test_note__needs_its_helper),
        cmocka_unit_test(test_status__says_who_is_not_reached_and_who_does_not_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
