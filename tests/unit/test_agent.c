/* test_agent.c - a site believes what both sides signed and nothing else, and its bytes never change. */
#include <stdlib.h>
#include <string.h>

#include "node/outbox.h"
#include "tests/unit/agent_fixture.h"

#define ACCEPTED WEFT__V1__REPORT_STATE__REPORT_ACCEPTED
#define REJECTED WEFT__V1__REPORT_STATE__REPORT_REJECTED
#define WAITING  WEFT__V1__REPORT_STATE__REPORT_WAITING

#define FIRST_QUESTION_MS 100 /* after the report was delivered */

static const struct roster *newest(struct fixture *f)
{
    (void)fixture_num_tasks(f); /* loads */
    return agent_newest_roster(f->agent);
}

/* Prepared, evaluated, approved: the call that submits. */
static struct agent_call *first_submit(struct fixture *f)
{
    struct agent_call *call;

    fixture_prepare(f);
    fixture_set_vector(f, 3, 7);
    fixture_approve(f, "doctor");
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    return call;
}

static void accept(struct fixture *f, struct agent_call **call)
{
    uint32_t revision = (*call)->revision;

    fixture_reply(f, call, ACCEPTED,
                  fixture_receipt(f, fixture_request(*call), ACCEPTED, revision, BOTH_SIDES));
}

/* ---- rosters and tasks ---- */

static void test_agent__takes_only_rosters_that_both_sides_signed(void **state)
{
    struct fixture *f = *state;

    fixture_give(f, false, 3, fixture_roster(f, "weft v1", 1, INT64_MAX, LEADER_SIDE),
                 fixture_roster(f, "weft v1", 2, INT64_MAX, HELPER_SIDE),
                 fixture_roster(f, "weft v1", 3, INT64_MAX, NO_SIDE));
    assert_null(newest(f));
    fixture_give(f, false, 1, fixture_roster(f, "weft v1", 4, INT64_MAX, BOTH_SIDES));
    assert_non_null(newest(f));
    assert_int_equal(newest(f)->wire->version, 4);
}

static void test_agent__refuses_a_demo_roster_after_a_real_one(void **state)
{
    struct fixture *f = *state;

    fixture_give(f, false, 1, fixture_roster(f, "weft v1", 1, INT64_MAX, BOTH_SIDES));
    fixture_give(f, false, 1, fixture_roster(f, "weft demo v1", 2, INT64_MAX, BOTH_SIDES));
    assert_int_equal(newest(f)->wire->version, 1);
    fixture_restart(f);
    fixture_give(f, false, 1, fixture_roster(f, "weft demo v1", 3, INT64_MAX, BOTH_SIDES));
    assert_string_equal(newest(f)->wire->context, "weft v1");
}

static void test_agent__takes_a_real_roster_after_a_demo_one(void **state)
{
    struct fixture *f = *state;

    fixture_give(f, false, 1, fixture_roster(f, "weft demo v1", 1, INT64_MAX, BOTH_SIDES));
    fixture_give(f, false, 1, fixture_roster(f, "weft v1", 2, INT64_MAX, BOTH_SIDES));
    assert_string_equal(newest(f)->wire->context, "weft v1");
}

static void test_agent__roster_versions_only_rise(void **state)
{
    struct fixture *f = *state;

    fixture_give(f, false, 1, fixture_roster(f, "weft v1", 5, INT64_MAX, BOTH_SIDES));
    fixture_give(f, false, 2, fixture_roster(f, "weft v1", 4, INT64_MAX, BOTH_SIDES),
                 fixture_roster(f, "weft v1", 5, INT64_MAX - 1, BOTH_SIDES));
    assert_int_equal(newest(f)->wire->version, 5);
    assert_true(newest(f)->wire->expires_ms == INT64_MAX);
}

static void test_agent__takes_only_tasks_that_both_sides_signed(void **state)
{
    struct fixture *f = *state;

    fixture_give(f, false, 4, fixture_roster(f, "weft v1", 1, INT64_MAX, BOTH_SIDES),
                 fixture_task(f, f->roster, "a", LEADER_SIDE), fixture_task(f, f->roster, "b", HELPER_SIDE),
                 fixture_task(f, f->roster, "c", NO_SIDE));
    assert_int_equal(fixture_num_tasks(f), 0);
    fixture_give(f, false, 1, fixture_task(f, f->roster, "d", BOTH_SIDES));
    assert_int_equal(fixture_num_tasks(f), 1);
}

static void test_agent__refused_documents_do_not_hold_up_later_ones(void **state)
{
    struct fixture *f = *state;
    Weft__V1__Document *other = fixture_roster(f, "weft v1", 9, INT64_MAX, LEADER_SIDE);
    Weft__V1__Document *orphan = fixture_task(f, other, "orphan", BOTH_SIDES);

    fixture_give(f, false, 2, other, orphan); /* the roster is refused, so its task has none */
    fixture_give(f, false, 2, fixture_roster(f, "weft v1", 1, INT64_MAX, BOTH_SIDES),
                 fixture_task(f, f->roster, "first", BOTH_SIDES));
    assert_int_equal(fixture_num_tasks(f), 1);
}

/* As after wrong roots in the settings were put right. */
static void test_agent__without_a_roster_reads_anew_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call;

    fixture_give(f, false, 1, fixture_roster(f, "weft v1", 1, INT64_MAX, LEADER_SIDE));
    f->now_ms += FIXTURE_POLL;
    call = fixture_due(f, AGENT_GET_DOCUMENTS);
    assert_int_equal(((Weft__V1__GetDocumentsRequest *)call->request)->after, 1); /* not twice in one run */
    fixture_call_free(&call);
    fixture_restart(f);
    call = fixture_due(f, AGENT_GET_DOCUMENTS);
    assert_int_equal(((Weft__V1__GetDocumentsRequest *)call->request)->after, 0);
    fixture_call_free(&call);
    fixture_restart(f);
    f->number = 0;
    fixture_give(f, false, 2, fixture_roster(f, "weft v1", 1, INT64_MAX, BOTH_SIDES),
                 fixture_task(f, f->roster, "first", BOTH_SIDES));
    assert_int_equal(fixture_num_tasks(f), 1);
}

static void test_agent__reads_on_where_it_stopped(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call;

    fixture_prepare(f);
    fixture_restart(f);
    call = fixture_due(f, AGENT_GET_DOCUMENTS);
    assert_non_null(call);
    assert_false(call->has_task);
    assert_int_equal(((Weft__V1__GetDocumentsRequest *)call->request)->after, 2);
    fixture_call_free(&call);
    assert_int_equal(fixture_num_tasks(f), 1);
}

static void test_agent__reads_all_again_from_a_restored_leader(void **state)
{
    struct fixture *f = *state;

    fixture_prepare(f);
    f->incarnation[0]++;
    f->number = 0;
    fixture_give(f, false, 2, fixture_roster(f, "weft v1", 1, INT64_MAX, BOTH_SIDES),
                 fixture_task(f, f->roster, "first", BOTH_SIDES));
    fixture_give(f, false, 1, fixture_task(f, f->roster, "second", BOTH_SIDES));
    assert_int_equal(fixture_num_tasks(f), 2);
}

static void test_agent__an_incomplete_answer_is_a_failure_and_is_asked_again(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = fixture_due(f, AGENT_GET_DOCUMENTS);

    f->now_ms += 1;
    fixture_fail(f, &call, ERR_UNREACHABLE);
    assert_null(fixture_due(f, AGENT_GET_DOCUMENTS));
    assert_true(agent_next_ms(f->agent) > f->now_ms);
    f->now_ms = agent_next_ms(f->agent);
    call = fixture_due(f, AGENT_GET_DOCUMENTS);
    assert_non_null(call);
    fixture_call_free(&call);
}

/* ---- building ---- */

static void test_agent__builds_nothing_without_an_approval(void **state)
{
    struct fixture *f = *state;

    fixture_prepare(f);
    assert_int_equal(fixture_status(f).state, AGENT_NEW);
    fixture_set_vector(f, 3, 7);
    assert_int_equal(fixture_status(f).state, AGENT_EVALUATED);
    assert_null(fixture_due(f, AGENT_SUBMIT));
    fixture_approve(f, "doctor");
    assert_int_equal(fixture_status(f).state, AGENT_APPROVED);
    assert_string_equal(fixture_status(f).approved_by, "doctor");
    fixture_set_vector(f, 4, 7); /* not what was approved */
    assert_int_equal(fixture_status(f).state, AGENT_EVALUATED);
    assert_null(fixture_due(f, AGENT_SUBMIT));
}

static void test_agent__cannot_approve_what_is_not_evaluated(void **state)
{
    struct fixture *f = *state;
    struct store_txn *txn = NULL;
    struct err err = {0};

    fixture_prepare(f);
    assert_int_equal(store_begin(f->store, &txn, true, &err), 0);
    assert_int_equal(agent_approve(f->agent, txn, 0, "doctor", f->now_ms, &err), ERR_NOT_EVALUATED);
    store_abort(&txn);
}

static void test_agent__refuses_a_vector_beyond_its_bounds(void **state)
{
    struct fixture *f = *state;
    uint64_t vector[FIXTURE_SLOTS] = {FIXTURE_MAXIMUM + 1, 0, 1, 0};
    struct store_txn *txn = NULL;
    struct err err = {0};

    fixture_prepare(f);
    assert_int_equal(store_begin(f->store, &txn, true, &err), 0);
    assert_int_equal(agent_set_vector(f->agent, txn, 0, vector, f->now_ms, &err), ERR_BOUND_TOO_SMALL);
    assert_non_null(strstr(err.detail, "mortality numerator"));
    store_abort(&txn);
    assert_int_equal(fixture_status(f).state, AGENT_NEW);
}

static void expect_not_ready(struct fixture *f, int code)
{
    struct store_txn *txn = NULL;
    struct err err = {0};

    assert_int_equal(store_begin(f->store, &txn, false, &err), 0);
    assert_int_equal(agent_check_ready(f->agent, txn, 0, f->now_ms, &err), code);
    store_abort(&txn);
    assert_null(fixture_due(f, AGENT_SUBMIT));
}

static void test_agent__waits_for_both_key_sheets(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call;

    fixture_give(f, false, 2, fixture_roster(f, "weft v1", 1, INT64_MAX, BOTH_SIDES),
                 fixture_task(f, f->roster, "first", BOTH_SIDES));
    fixture_set_vector(f, 3, 7);
    fixture_approve(f, "doctor");
    expect_not_ready(f, ERR_KEY_SHEET_MISSING);
    fixture_give(f, true, 1, fixture_key_sheet(f, 0));
    expect_not_ready(f, ERR_KEY_SHEET_MISSING);
    fixture_give(f, true, 1, fixture_key_sheet(f, 1));
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    fixture_call_free(&call);
}

static void test_agent__builds_only_while_the_task_is_open(void **state)
{
    struct fixture *f = *state;

    fixture_prepare(f);
    fixture_set_vector(f, 3, 7);
    fixture_approve(f, "doctor");
    f->now_ms = FIXTURE_NOW - 1;
    expect_not_ready(f, ERR_TASK_NOT_OPEN);
    f->now_ms = FIXTURE_NOW + 600000;
    expect_not_ready(f, ERR_TASK_CLOSED);
    assert_int_equal(fixture_status(f).state, AGENT_CLOSED);
}

static void test_agent__builds_nothing_under_an_expired_roster(void **state)
{
    struct fixture *f = *state;

    fixture_prepare(f);
    fixture_give(f, false, 1, fixture_roster(f, "weft v1", 2, f->now_ms, BOTH_SIDES));
    fixture_set_vector(f, 3, 7);
    fixture_approve(f, "doctor");
    expect_not_ready(f, ERR_ROSTER_EXPIRED);
    fixture_give(f, false, 1, fixture_roster(f, "weft v1", 3, INT64_MAX, BOTH_SIDES));
    f->now_ms = FIXTURE_NOW + 1;
    fixture_call_free(&(struct agent_call *){fixture_due(f, AGENT_SUBMIT)});
    assert_int_equal(fixture_status(f).last.revision, 1);
}

static void test_agent__logs_the_commitment_before_the_first_report_only(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    Weft__V1__ReportHeader *header = NULL;
    struct err err = {0};

    assert_int_equal(f->num_logged, 1);
    assert_int_equal(
        document_body((ProtobufCMessage **)&header, fixture_request(call)->report, DOC(REPORT), &err), 0);
    assert_int_equal(header->log_size, 7);
    assert_int_equal(header->supersedes.len, 0);
    wire_free(&header);
    accept(f, &call);
    fixture_set_vector(f, 4, 7);
    fixture_approve(f, "doctor");
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    assert_int_equal(f->num_logged, 1);
    fixture_call_free(&call);
}

static void test_agent__standing_approval_holds_only_for_its_catalogue(void **state)
{
    struct fixture *f = *state;
    uint64_t vector[FIXTURE_SLOTS] = {1, 2, 1, 0};
    struct agent_status status;
    struct store_txn *txn = NULL;
    struct err err = {0};

    fixture_prepare(f);
    fixture_approve_standing(f, 0);
    fixture_give(f, false, 2, fixture_task(f, f->roster, "further", BOTH_SIDES), /* the same catalogue */
                 fixture_task(f, f->roster, "other", BOTH_SIDES));
    assert_int_equal(fixture_num_tasks(f), 3);
    assert_int_equal(store_begin(f->store, &txn, true, &err), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(agent_set_vector(f->agent, txn, i, vector, f->now_ms, &err), 0);
        assert_int_equal(agent_status(f->agent, txn, i, f->now_ms, &status, &err), 0);
        assert_int_equal(status.state, i < 2 ? AGENT_APPROVED : AGENT_EVALUATED);
        assert_int_equal(status.approval_is_standing, i < 2);
    }
    store_abort(&txn);
}

static void test_agent__a_revoked_standing_approval_approves_nothing_more(void **state)
{
    struct fixture *f = *state;
    StandingApproval *standing = NULL;
    uint8_t digest[DIGEST_SIZE] = {0}, none[DIGEST_SIZE] = {1};
    struct store_txn *txn = NULL;
    struct err err = {0};
    bool has;

    fixture_prepare(f);
    fixture_approve_standing(f, 0);
    fixture_set_vector(f, 1, 2);
    assert_int_equal(fixture_status(f).state, AGENT_APPROVED);
    assert_int_equal(store_begin(f->store, &txn, true, &err), 0);
    assert_int_equal(agent_next_standing(f->agent, txn, digest, &standing, &err), 0);
    assert_non_null(standing);
    assert_int_equal(standing->revoked_ms, 0);
    wire_free((ProtobufCMessage **)&standing);
    assert_int_equal(agent_revoke_standing(f->agent, txn, none, "chief", f->now_ms, &err), ERR_APPROVAL_UNKNOWN);
    assert_int_equal(agent_revoke_standing(f->agent, txn, digest, "chief", f->now_ms, &err), 0);
    assert_int_equal(agent_revoke_standing(f->agent, txn, digest, "chief", f->now_ms, &err), ERR_APPROVAL_UNKNOWN);
    assert_int_equal(agent_has_standing(f->agent, txn, 0, &has, &err), 0);
    assert_false(has);
    assert_int_equal(store_commit(&txn, &err), 0);
    fixture_restart(f);
    assert_int_equal(fixture_status(f).state, AGENT_EVALUATED); /* what had not left does not leave */
    assert_null(fixture_due(f, AGENT_SUBMIT));
    fixture_set_vector(f, 3, 4);
    assert_int_equal(fixture_status(f).state, AGENT_EVALUATED);

    memset(digest, 0, sizeof digest); /* who gave it and who ended it stays on record */
    assert_int_equal(store_begin(f->store, &txn, false, &err), 0);
    assert_int_equal(agent_next_standing(f->agent, txn, digest, &standing, &err), 0);
    assert_string_equal(standing->revoked_by, "chief");
    wire_free((ProtobufCMessage **)&standing);
    assert_int_equal(agent_next_standing(f->agent, txn, digest, &standing, &err), 0);
    assert_null(standing);
    store_abort(&txn);
    fixture_approve_standing(f, 0); /* given again */
    assert_int_equal(fixture_status(f).state, AGENT_APPROVED);
}

/* Two totals over the same time could be subtracted: what came second gets nothing, until the first is void. */
static void test_agent__reports_to_no_task_that_overlaps_another(void **state)
{
    struct fixture *f = *state;
    Weft__V1__Void body = WEFT__V1__VOID__INIT;
    Weft__V1__Document *ended = NULL;
    struct agent_status status;
    struct store_txn *txn = NULL;
    struct err err = {0};

    fixture_prepare(f);
    fixture_give(f, false, 1, fixture_task(f, f->roster, "first again", BOTH_SIDES));
    assert_int_equal(fixture_num_tasks(f), 2);
    assert_int_equal(store_begin(f->store, &txn, true, &err), 0);
    assert_int_equal(agent_status(f->agent, txn, 0, f->now_ms, &status, &err), 0);
    assert_int_equal(status.state, AGENT_NEW);
    assert_int_equal(agent_status(f->agent, txn, 1, f->now_ms, &status, &err), 0);
    assert_int_equal(status.state, AGENT_OVERLAPS);
    assert_int_equal(status.overlap.code, ERR_TASK_OVERLAPS);
    assert_int_equal(agent_check_ready(f->agent, txn, 1, f->now_ms, &err), ERR_TASK_OVERLAPS);
    store_abort(&txn);

    body.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, f->task_id};
    body.reason = (char *)(uintptr_t) "wrong bound";
    assert_int_equal(document_new(&ended, DOC(VOID), &body.base, &err), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(document_sign(&ended, f->roots[i].name, f->root_keys[i], &err), 0);
    }
    fixture_give(f, true, 1, ended);
    assert_int_equal(store_begin(f->store, &txn, true, &err), 0);
    assert_int_equal(agent_status(f->agent, txn, 1, f->now_ms, &status, &err), 0);
    assert_int_equal(status.state, AGENT_NEW);
    store_abort(&txn);
}

/* ---- sending ---- */

static uint8_t *pack(const struct agent_call *call, size_t *len)
{
    uint8_t *bytes = NULL;
    struct err err = {0};

    assert_int_equal(wire_pack(&bytes, len, call->request, &err), 0);
    return bytes;
}

static void test_agent__sends_the_same_bytes_until_both_have_signed(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    size_t len, again_len;
    uint8_t *first = pack(call, &len), *again, hash[DIGEST_SIZE];

    fixture_fail(f, &call, ERR_UNREACHABLE);
    assert_int_equal(fixture_status(f).state, AGENT_SENDING);
    assert_int_equal(fixture_status(f).last.failure.code, ERR_UNREACHABLE);
    fixture_set_vector(f, 9, 9); /* approved or not, revision 1 is what it is */
    fixture_approve(f, "doctor");
    fixture_restart(f);
    f->now_ms += 60000;
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    assert_int_equal(call->revision, 1);
    again = pack(call, &again_len);
    assert_int_equal(again_len, len);
    assert_memory_equal(again, first, len);
    digest(hash, first, len);
    assert_memory_equal(fixture_status(f).last.request_digest, hash, DIGEST_SIZE);
    free(first);
    free(again);
    accept(f, &call);
    assert_int_equal(fixture_status(f).accepted.revision, 1);
}

static void test_agent__outbox_refuses_other_bytes_for_a_revision(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    uint8_t key[32] = {6};
    struct state st = {.at_rest_key = key};
    OutboxReport *report = NULL, changed;
    struct err err = {0};

    fixture_call_free(&call);
    assert_int_equal(store_begin(f->store, &st.txn, true, &err), 0);
    assert_int_equal(outbox_get(&st, f->task_id, 1, &report, &err), 0);
    changed = *report;
    assert_int_equal(outbox_add(&st, f->task_id, &changed, &err), ERR_INTERNAL);
    changed.request.data[changed.request.len - 1] ^= 1;
    assert_int_equal(outbox_update(&st, f->task_id, &changed, &err), ERR_INTERNAL);
    changed.request.data[changed.request.len - 1] ^= 1;
    assert_int_equal(outbox_update(&st, f->task_id, &changed, &err), 0);
    changed.revision = 3;
    assert_int_equal(outbox_add(&st, f->task_id, &changed, &err), ERR_INTERNAL);
    wire_free(&report);
    store_abort(&st.txn);
}

/* Submit, hear that it is being verified, and wait as long as the agent does. */
static Weft__V1__SubmitRequest *delivered(struct fixture *f)
{
    struct agent_call *call = first_submit(f);
    ProtobufCMessage *kept = NULL;
    uint8_t *packed = NULL;
    size_t len;

    assert_int_equal(wire_pack(&packed, &len, call->request, NULL), 0);
    assert_int_equal(wire_unpack(&kept, call->request->descriptor, packed, len, WIRE_LENIENT, NULL), 0);
    free(packed);
    fixture_reply(f, &call, WAITING, NULL);
    assert_null(fixture_due(f, AGENT_SUBMIT));
    assert_in_range(agent_next_ms(f->agent), f->now_ms + 1, f->now_ms + FIRST_QUESTION_MS);
    f->now_ms = agent_next_ms(f->agent);
    return (Weft__V1__SubmitRequest *)kept;
}

static void test_agent__asks_for_the_receipt_soon_and_sends_the_report_once(void **state)
{
    struct fixture *f = *state;
    Weft__V1__SubmitRequest *request = delivered(f);
    struct agent_call *call = fixture_due(f, AGENT_GET_SITE_STATE);

    assert_non_null(call);
    fixture_tell(f, &call, request->report, WAITING, NULL);
    assert_null(fixture_due(f, AGENT_SUBMIT));
    assert_true(agent_next_ms(f->agent) > f->now_ms);
    f->now_ms = agent_next_ms(f->agent);
    call = fixture_due(f, AGENT_GET_SITE_STATE);
    fixture_tell(f, &call, request->report, ACCEPTED, fixture_receipt(f, request, ACCEPTED, 1, BOTH_SIDES));
    assert_int_equal(fixture_status(f).state, AGENT_ACCEPTED);
    f->now_ms += 60000;
    assert_null(fixture_due(f, AGENT_SUBMIT));
    assert_null(fixture_due(f, AGENT_GET_SITE_STATE));
    wire_free((ProtobufCMessage **)&request);
}

static void test_agent__sends_the_report_again_when_the_leader_lost_it(void **state)
{
    struct fixture *f = *state;
    Weft__V1__SubmitRequest *request = delivered(f);
    struct agent_call *call = fixture_due(f, AGENT_GET_SITE_STATE);

    fixture_tell(f, &call, NULL, WAITING, NULL);
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    assert_true(document_is_same(fixture_request(call)->report, request->report));
    accept(f, &call);
    assert_int_equal(fixture_status(f).state, AGENT_ACCEPTED);
    wire_free((ProtobufCMessage **)&request);
}

static void test_agent__sends_the_report_again_to_hear_that_it_is_late(void **state)
{
    struct fixture *f = *state;
    Weft__V1__SubmitRequest *request = delivered(f);
    struct agent_call *call = fixture_due(f, AGENT_GET_SITE_STATE);

    fixture_tell(f, &call, request->report, WEFT__V1__REPORT_STATE__REPORT_LATE, NULL);
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    fixture_fail(f, &call, ERR_TASK_CLOSED);
    assert_int_equal(fixture_status(f).last.failure.code, ERR_TASK_CLOSED);
    assert_null(fixture_due(f, AGENT_SUBMIT));
    wire_free((ProtobufCMessage **)&request);
}

/* ---- receipts ---- */

static void test_agent__refuses_a_receipt_by_one_side_only(void **state)
{
    struct fixture *f = *state;
    static const enum signer sides[] = {LEADER_SIDE, HELPER_SIDE, NO_SIDE};
    struct agent_call *call = first_submit(f);

    for (size_t i = 0; i < 3; i++) {
        const Weft__V1__SubmitRequest *request = fixture_request(call);
        fixture_reply(f, &call, ACCEPTED, fixture_receipt(f, request, ACCEPTED, 1, sides[i]));
        assert_int_equal(fixture_status(f).state, AGENT_SENDING);
        assert_int_equal(fixture_status(f).last.failure.code, ERR_RECEIPT_INVALID);
        f->now_ms += 60000;
        call = fixture_due(f, AGENT_SUBMIT);
        assert_non_null(call);
    }
    accept(f, &call);
    assert_int_equal(fixture_status(f).state, AGENT_ACCEPTED);
    assert_int_equal(fixture_status(f).last.failure.code, 0);
    assert_null(fixture_due(f, AGENT_SUBMIT));
}

static void test_agent__refuses_a_receipt_for_another_report(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    const Weft__V1__SubmitRequest *request = fixture_request(call);

    fixture_reply(f, &call, ACCEPTED, fixture_receipt(f, request, ACCEPTED, 2, BOTH_SIDES));
    assert_int_equal(fixture_status(f).state, AGENT_SENDING);
    f->now_ms += 60000;
    call = fixture_due(f, AGENT_SUBMIT);
    request = fixture_request(call);
    f->task_id[0] ^= 1; /* of another task */
    fixture_reply(f, &call, ACCEPTED, fixture_receipt(f, request, ACCEPTED, 1, BOTH_SIDES));
    f->task_id[0] ^= 1;
    assert_int_equal(fixture_status(f).state, AGENT_SENDING);
}

static void test_agent__refuses_a_receipt_that_does_not_decide(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    const Weft__V1__SubmitRequest *request = fixture_request(call);

    fixture_reply(f, &call, ACCEPTED, fixture_receipt(f, request, WAITING, 1, BOTH_SIDES));
    assert_int_equal(fixture_status(f).state, AGENT_SENDING);
    f->now_ms += 60000;
    call = fixture_due(f, AGENT_SUBMIT);
    fixture_reply(f, &call, ACCEPTED, NULL); /* "accepted", says the leader alone */
    assert_int_equal(fixture_status(f).state, AGENT_SENDING);
}

static void test_agent__a_changed_vector_makes_the_next_revision_after_a_new_approval(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    Weft__V1__ReportHeader *first = NULL, *second = NULL;
    struct err err = {0};

    assert_int_equal(
        document_body((ProtobufCMessage **)&first, fixture_request(call)->report, DOC(REPORT), &err), 0);
    accept(f, &call);
    fixture_approve(f, "doctor"); /* the same numbers again: nothing to do */
    assert_null(fixture_due(f, AGENT_SUBMIT));
    assert_int_equal(fixture_status(f).state, AGENT_ACCEPTED);
    fixture_set_vector(f, 4, 7);
    assert_int_equal(fixture_status(f).state, AGENT_EVALUATED);
    assert_null(fixture_due(f, AGENT_SUBMIT));
    fixture_approve(f, "doctor");
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    assert_int_equal(call->revision, 2);
    assert_int_equal(
        document_body((ProtobufCMessage **)&second, fixture_request(call)->report, DOC(REPORT), &err), 0);
    assert_int_equal(second->supersedes.len, PRIO3_NONCE_SIZE);
    assert_memory_equal(second->supersedes.data, first->report_id.data, PRIO3_NONCE_SIZE);
    assert_memory_not_equal(second->report_id.data, first->report_id.data, PRIO3_NONCE_SIZE);
    wire_free(&first);
    wire_free(&second);
    accept(f, &call);
    assert_int_equal(fixture_status(f).accepted.revision, 2);
}

static void test_agent__a_rejected_report_needs_a_new_approval(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    const Weft__V1__SubmitRequest *request = fixture_request(call);

    fixture_reply(f, &call, REJECTED, fixture_receipt(f, request, REJECTED, 1, BOTH_SIDES));
    assert_int_equal(fixture_status(f).state, AGENT_REJECTED);
    assert_null(fixture_due(f, AGENT_SUBMIT));
    fixture_approve(f, "doctor");
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    assert_int_equal(call->revision, 2);
    accept(f, &call);
    assert_int_equal(fixture_status(f).state, AGENT_ACCEPTED);
}

static void test_agent__gives_up_what_is_refused_for_good(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);

    fixture_fail(f, &call, ERR_REPORT_REPLAYED);
    assert_int_equal(fixture_status(f).state, AGENT_REJECTED);
    f->now_ms += 60000;
    assert_null(fixture_due(f, AGENT_SUBMIT));
    fixture_approve(f, "doctor");
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    assert_int_equal(call->revision, 2);
    fixture_fail(f, &call, ERR_TASK_CLOSED);
    assert_int_equal(fixture_status(f).state, AGENT_CLOSED);
}

static Weft__V1__Document *amendment(struct fixture *f, uint32_t number, int64_t by_ms)
{
    Weft__V1__Amendment body = WEFT__V1__AMENDMENT__INIT;
    Weft__V1__Document *document = NULL;
    Weft__V1__Task *task = NULL;

    assert_int_equal(document_body((ProtobufCMessage **)&task, f->task, DOC(TASK), NULL), 0);
    body.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, f->task_id};
    body.number = number;
    body.due_ms = task->close_ms + by_ms;
    body.close_ms = task->close_ms + by_ms;
    body.order_ms = task->order_ms + by_ms;
    body.plan_ms = task->plan_ms + by_ms;
    body.pattern_ms = task->pattern_ms + by_ms;
    body.retention_ms = task->retention_ms + by_ms;
    body.reason = (char *)(uintptr_t) "the network was down";
    wire_free((ProtobufCMessage **)&task);
    assert_int_equal(document_new(&document, DOC(AMENDMENT), &body.base, NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(document_sign(&document, f->roots[i].name, f->root_keys[i], NULL), 0);
    }
    return document;
}

/* An amendment lets in what was late: the very same report, once for each. */
static void test_agent__sends_a_late_report_again_when_the_close_is_extended(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    Weft__V1__Document *report = NULL;

    assert_int_equal(document_copy(&report, fixture_request(call)->report, NULL), 0);
    fixture_fail(f, &call, ERR_TASK_CLOSED);
    f->now_ms += 60000;
    assert_null(fixture_due(f, AGENT_SUBMIT));
    fixture_give(f, true, 1, amendment(f, 1, 3600000));
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    assert_int_equal(call->revision, 1);
    assert_true(document_is_same(fixture_request(call)->report, report));
    fixture_fail(f, &call, ERR_TASK_CLOSED); /* the leader has closed all the same */
    f->now_ms += 60000;
    assert_null(fixture_due(f, AGENT_SUBMIT));
    fixture_give(f, true, 1, amendment(f, 2, 7200000));
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    accept(f, &call);
    assert_int_equal(fixture_status(f).state, AGENT_ACCEPTED);
    document_free(&report);
}

/* ---- freeze ---- */

static void test_agent__finds_its_receipt_in_the_freeze(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    Weft__V1__Document *freeze = fixture_freeze(f, fixture_request(call));

    accept(f, &call);
    fixture_give(f, true, 1, freeze);
    assert_int_equal(fixture_status(f).state, AGENT_FROZEN);
}

static void test_agent__notices_that_its_receipt_is_missing_from_the_freeze(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);

    accept(f, &call);
    fixture_give(f, true, 1, fixture_freeze(f, NULL));
    assert_int_equal(fixture_status(f).state, AGENT_FREEZE_DIFFERS);
}

static void test_agent__notices_that_the_freeze_holds_an_older_revision(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    Weft__V1__Document *freeze = fixture_freeze(f, fixture_request(call));

    accept(f, &call);
    fixture_set_vector(f, 4, 7);
    fixture_approve(f, "doctor");
    call = fixture_due(f, AGENT_SUBMIT);
    accept(f, &call);
    fixture_give(f, true, 1, freeze);
    assert_int_equal(fixture_status(f).state, AGENT_FREEZE_DIFFERS);
}

static void test_agent__asks_for_the_receipt_of_a_frozen_report(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    Weft__V1__Document *freeze = fixture_freeze(f, fixture_request(call));

    fixture_fail(f, &call, ERR_UNREACHABLE); /* the answer was lost */
    fixture_give(f, true, 1, freeze);
    assert_int_equal(fixture_status(f).state, AGENT_SENDING);
    f->now_ms += 60000;
    call = fixture_due(f, AGENT_SUBMIT);
    assert_non_null(call);
    accept(f, &call);
    assert_int_equal(fixture_status(f).state, AGENT_FROZEN);
}

/* ---- the rest ---- */

static void test_agent__erases_numbers_when_retention_ends(void **state)
{
    struct fixture *f = *state;
    struct agent_call *call = first_submit(f);
    uint64_t *vector = NULL;
    struct store_txn *txn = NULL;
    struct err err = {0};

    accept(f, &call);
    f->now_ms += 2 * INT64_C(86400000);
    assert_null(fixture_due(f, AGENT_SUBMIT));
    assert_int_equal(store_begin(f->store, &txn, false, &err), 0);
    assert_int_equal(agent_vector(f->agent, txn, 0, &vector, &err), 0);
    assert_null(vector);
    store_abort(&txn);
    assert_int_equal(fixture_status(f).accepted.revision, 1); /* what became of it stays */
}

static void test_agent__keeps_the_vector_encrypted(void **state)
{
    struct fixture *f = *state;
    uint64_t *vector = NULL;
    struct store_txn *txn = NULL;
    struct err err = {0};
    uint8_t other[32] = {7};
    struct state st = {.at_rest_key = other};
    SiteTask *known = NULL;

    fixture_prepare(f);
    fixture_set_vector(f, 3, 7);
    assert_int_equal(store_begin(f->store, &txn, false, &err), 0);
    assert_int_equal(agent_vector(f->agent, txn, 0, &vector, &err), 0);
    assert_int_equal(vector[0], 3);
    assert_int_equal(vector[1], 7);
    free(vector);
    st.txn = txn;
    assert_int_equal(state_get_task(&st, f->task_id, &known, &err), 0);
    assert_int_equal(state_open_vector(&st, f->task_id, &known->vector, FIXTURE_SLOTS, &vector, &err),
                     ERR_STORE_CORRUPT);
    wire_free(&known);
    store_abort(&txn);
}

static void test_agent__forgets_what_was_not_committed(void **state)
{
    struct fixture *f = *state;
    Weft__V1__GetDocumentsReply reply = WEFT__V1__GET_DOCUMENTS_REPLY__INIT;
    Weft__V1__NumberedDocument numbered = WEFT__V1__NUMBERED_DOCUMENT__INIT, *list[1] = {&numbered};
    struct agent_call *call = fixture_due(f, AGENT_GET_DOCUMENTS);
    struct store_txn *txn = NULL;
    struct err err = {0};

    numbered.number = 1;
    numbered.document = f->roster;
    reply.incarnation = (ProtobufCBinaryData){sizeof f->incarnation, f->incarnation};
    reply.documents = list;
    reply.n_documents = 1;
    assert_int_equal(store_begin(f->store, &txn, true, &err), 0);
    assert_int_equal(agent_answer(f->agent, txn, call, &reply.base, NULL, f->now_ms, &err), 0);
    assert_non_null(agent_newest_roster(f->agent));
    store_abort(&txn);
    fixture_call_free(&call);
    assert_null(newest(f));
    fixture_prepare(f); /* and takes it again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_agent__takes_only_rosters_that_both_sides_signed),
        TEST(test_agent__refuses_a_demo_roster_after_a_real_one),
        TEST(test_agent__takes_a_real_roster_after_a_demo_one),
        TEST(test_agent__roster_versions_only_rise),
        TEST(test_agent__takes_only_tasks_that_both_sides_signed),
        TEST(test_agent__refused_documents_do_not_hold_up_later_ones),
        TEST(test_agent__without_a_roster_reads_anew_after_a_restart),
        TEST(test_agent__reads_on_where_it_stopped),
        TEST(test_agent__reads_all_again_from_a_restored_leader),
        TEST(test_agent__an_incomplete_answer_is_a_failure_and_is_asked_again),
        TEST(test_agent__builds_nothing_without_an_approval),
        TEST(test_agent__cannot_approve_what_is_not_evaluated),
        TEST(test_agent__refuses_a_vector_beyond_its_bounds),
        TEST(test_agent__waits_for_both_key_sheets),
        TEST(test_agent__builds_only_while_the_task_is_open),
        TEST(test_agent__builds_nothing_under_an_expired_roster),
        TEST(test_agent__logs_the_commitment_before_the_first_report_only),
        TEST(test_agent__standing_approval_holds_only_for_its_catalogue),
        TEST(test_agent__reports_to_no_task_that_overlaps_another),
        TEST(test_agent__sends_the_same_bytes_until_both_have_signed),
        TEST(test_agent__outbox_refuses_other_bytes_for_a_revision),
        TEST(test_agent__asks_for_the_receipt_soon_and_sends_the_report_once),
        TEST(test_agent__sends_the_report_again_when_the_leader_lost_it),
        TEST(test_agent__sends_the_report_again_to_hear_that_it_is_late),
        TEST(test_agent__sends_a_late_report_again_when_the_close_is_extended),
        TEST(test_agent__a_revoked_standing_approval_approves_nothing_more),
        TEST(test_agent__refuses_a_receipt_by_one_side_only),
        TEST(test_agent__refuses_a_receipt_for_another_report),
        TEST(test_agent__refuses_a_receipt_that_does_not_decide),
        TEST(test_agent__a_changed_vector_makes_the_next_revision_after_a_new_approval),
        TEST(test_agent__a_rejected_report_needs_a_new_approval),
        TEST(test_agent__gives_up_what_is_refused_for_good),
        TEST(test_agent__finds_its_receipt_in_the_freeze),
        TEST(test_agent__notices_that_its_receipt_is_missing_from_the_freeze),
        TEST(test_agent__notices_that_the_freeze_holds_an_older_revision),
        TEST(test_agent__asks_for_the_receipt_of_a_frozen_report),
        TEST(test_agent__erases_numbers_when_retention_ends),
        TEST(test_agent__keeps_the_vector_encrypted),
        TEST(test_agent__forgets_what_was_not_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
