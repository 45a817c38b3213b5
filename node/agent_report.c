/* agent_report.c - an approved vector becomes a report, built once, sent until both have signed for it. */
#include "node/agent_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/report.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define RETRY_FIRST_MS 500 /* after a failure */
#define RETRY_MAX_MS   30000

/* ---- approvals ---- */

static bool is_approved(const SiteTask *known)
{
    return known != NULL && known->vector.len > 0 && known->approval != NULL &&
           known->vector_digest.len == DIGEST_SIZE && known->approval->vector_digest.len == DIGEST_SIZE &&
           memcmp(known->approval->vector_digest.data, known->vector_digest.data, DIGEST_SIZE) == 0;
}

int report_apply_standing(struct state *state, struct agent_entry *entry, int64_t now_ms, struct err *err)
{
    const struct task *task = entry->task.task;
    StandingApproval *standing = NULL;
    Approval approval = WEFT__STORE__V1__APPROVAL__INIT;
    SiteTask *known = NULL, changed;
    int rc;

    if ((rc = state_get_standing(state, task->wire->catalogue_digest.data, &standing, err)) != 0 ||
        (rc = state_get_task(state, task->id, &known, err)) != 0) {
        goto done;
    }
    if (task->wire->revision == 0 && standing != NULL && known != NULL && known->vector.len > 0 &&
        !known->needs_person && !is_approved(known)) {
        changed = *known;
        approval.by = standing->by;
        approval.time_ms = now_ms;
        approval.vector_digest = known->vector_digest;
        approval.standing = true;
        changed.approval = &approval;
        rc = state_put_task(state, task->id, &changed, err);
    }
done:
    wire_free(&known);
    wire_free(&standing);
    return rc;
}

/* ---- may it be built? ---- */

static const Weft__V1__KeySheet *key_sheet(const struct agent_task *task, int coordinator)
{
    return (const Weft__V1__KeySheet *)task->view->key_sheets[coordinator].body;
}

static int check_key_sheets(const struct agent_task *task, struct err *err)
{
    const struct roster_area *area = &task->roster->areas[task->area];

    if (key_sheet(task, area->leader) == NULL || key_sheet(task, area->helper) == NULL) {
        return err_set(
            err, ERR_KEY_SHEET_MISSING, "of %s",
            task->roster->coordinators[key_sheet(task, area->leader) == NULL ? area->leader : area->helper]
                .wire->id);
    }
    return 0;
}

/* Sites, leaders and helpers must still be parties by the newest roster, and the key the one that we hold. */
static int check_parties(const struct agent *agent, const struct agent_task *task, int64_t now_ms,
                         struct err *err)
{
    const struct roster *newest = agent_newest_roster(agent);
    const struct roster_area *area = &task->roster->areas[task->area];
    const char *names[] = {task->roster->sites[task->site].wire->tls_name,
                           task->roster->coordinators[area->leader].wire->tls_name,
                           task->roster->coordinators[area->helper].wire->tls_name};
    uint8_t public_key[KEY_SIZE];

    if (newest->wire->expires_ms <= now_ms) {
        return err_set(err, ERR_ROSTER_EXPIRED, "version %" PRIu32, newest->wire->version);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const Weft__V1__Revocation *revoked = roster_revocation(newest, names[i], now_ms);
        if (revoked != NULL) {
            return err_set(err, ERR_PEER_REVOKED, "%s: %s", names[i], revoked->reason);
        }
    }
    sign_public(public_key, agent->options.sign_key);
    if (memcmp(public_key, task->roster->sites[task->site].wire->sign_key.data, KEY_SIZE) != 0) {
        return err_set(err, ERR_REPORT_SIGNATURE, "the roster holds another key of %s", agent->site);
    }
    return 0;
}

static int check_task(const struct agent *agent, const struct agent_task *task, int64_t now_ms,
                      struct err *err)
{
    int rc = agent_check_alone(agent, task, err);

    if (rc != 0) {
        return rc;
    }
    if (task->site == NONE) {
        return err_set(err, ERR_REPORT_SITE_UNKNOWN, "not in the task's roster");
    }
    if (now_ms < task->task->wire->open_ms) {
        return err_set(err, ERR_TASK_NOT_OPEN, "task %.16s", task->task->hex);
    }
    if (now_ms >= view_times(task->view).close_ms || task->view->voided.document != NULL ||
        task->view->freezes[task->area].document != NULL) {
        return err_set(err, ERR_TASK_CLOSED, "task %.16s", task->task->hex);
    }
    return 0;
}

static int check_ready(const struct agent *agent, const struct agent_task *task, const SiteTask *known,
                       int64_t now_ms, struct err *err)
{
    int rc;

    if ((rc = check_task(agent, task, now_ms, err)) != 0) {
        return rc;
    }
    if (known == NULL || known->vector.len == 0) {
        return err_set(err, ERR_NOT_EVALUATED, "task %.16s", task->task->hex);
    }
    if (!is_approved(known)) {
        return err_set(err, ERR_NOT_APPROVED, "task %.16s", task->task->hex);
    }
    if ((rc = check_parties(agent, task, now_ms, err)) != 0) {
        return rc;
    }
    return check_key_sheets(task, err);
}

int agent_check_ready(struct agent *agent, struct store_txn *txn, size_t index, int64_t now_ms,
                      struct err *err)
{
    struct state state = agent_store(agent, txn);
    SiteTask *known = NULL;
    int rc = agent_load(agent, txn, err);

    if (rc == 0 && index >= agent->num_tasks) {
        rc = err_set(err, ERR_TASK_UNKNOWN, "number %zu", index);
    }
    if (rc == 0 && (rc = state_get_task(&state, agent->tasks[index].task.task->id, &known, err)) == 0) {
        rc = check_ready(agent, &agent->tasks[index].task, known, now_ms, err);
    }
    wire_free(&known);
    return rc;
}

/* ---- building ---- */

struct build {
    struct agent *agent;
    struct state *state;
    const struct agent_task *task;
    uint32_t revision;
    const uint8_t *supersedes;
    uint64_t log_size;
    uint8_t log_root[DIGEST_SIZE];
};

static int build_request(const struct build *build, const SiteTask *known, Weft__V1__SubmitRequest **request,
                         struct err *err)
{
    const struct agent_task *task = build->task;
    const struct roster_area *area = &task->roster->areas[task->area];
    uint64_t *vector = NULL;
    size_t num = (size_t)task->task->num_slots;
    struct report_input input = {
        .task = task->task,
        .site = build->agent->site,
        .revision = build->revision,
        .supersedes = build->supersedes,
        .site_secret = build->agent->options.site_secret,
        .sign_key = build->agent->options.sign_key,
        .leader_hpke_key = key_sheet(task, area->leader)->public_key.data,
        .helper_hpke_key = key_sheet(task, area->helper)->public_key.data,
        .leader_static_key = task->roster->coordinators[area->leader].wire->static_key.data,
        .helper_static_key = task->roster->coordinators[area->helper].wire->static_key.data,
        .rule_set = AGENT_RULE_SET,
        .log_size = build->log_size,
        .log_root = build->log_root,
    };
    int rc = state_open_vector(build->state, task->task->id, &known->vector, num, &vector, err);

    if (rc == 0) {
        input.vector = vector;
        rc = report_build(request, &input, err);
    }
    secret_free(vector, num * sizeof *vector);
    return rc;
}

/* The log's place before this report; the commitment goes in first when it is the task's first. */
static int find_place(struct build *build, bool is_first, int64_t now_ms, struct err *err)
{
    const struct agent_options *options = &build->agent->options;
    uint8_t commitment[DIGEST_SIZE];

    if (options->log == NULL) {
        build->log_size = 0;
        digest(build->log_root, NULL, 0);
        return 0;
    }
    report_commitment(commitment, options->site_secret, build->task->task->id);
    return options->log(options->log_user, build->task->task, is_first ? commitment : NULL, now_ms,
                        &build->log_size, build->log_root, err);
}

static int keep_request(const struct build *build, const Weft__V1__SubmitRequest *request,
                        const SiteTask *known, int64_t now_ms, struct err *err)
{
    OutboxReport report = WEFT__STORE__V1__OUTBOX_REPORT__INIT;
    Weft__V1__ReportHeader *header = NULL;
    uint8_t report_digest[DIGEST_SIZE], request_digest[DIGEST_SIZE];
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    if ((rc = document_body((ProtobufCMessage **)&header, request->report, DOC(REPORT), err)) != 0 ||
        (rc = wire_pack(&packed, &len, &request->base, err)) != 0) {
        goto done;
    }
    document_digest(report_digest, request->report);
    digest(request_digest, packed, len);
    report.revision = build->revision;
    report.state = REPORT(WAITING);
    report.report_id = header->report_id;
    report.report_digest = agent_bytes(report_digest, DIGEST_SIZE);
    report.vector_digest = known->vector_digest;
    report.vector = known->vector;
    report.request = agent_bytes(packed, len);
    report.request_len = (uint32_t)len;
    report.request_digest = agent_bytes(request_digest, DIGEST_SIZE);
    report.built_ms = now_ms;
    rc = outbox_add(build->state, build->task->task->id, &report, err);
done:
    free(packed);
    wire_free(&header);
    return rc;
}

/* The approval is used up by the revision that was built on it. */
static int mark_used(struct state *state, const struct task *task, const SiteTask *known, uint32_t revision,
                     struct err *err)
{
    Approval approval = *known->approval;
    SiteTask changed = *known;

    approval.revision = revision;
    changed.approval = &approval;
    return state_put_task(state, task->id, &changed, err);
}

static int build_next(struct agent *agent, struct state *state, const struct agent_task *task,
                      const SiteTask *known, const OutboxReport *last, const OutboxReport *accepted,
                      int64_t now_ms, struct err *err)
{
    struct build build = {
        .agent = agent,
        .state = state,
        .task = task,
        .revision = last == NULL ? 1 : last->revision + 1,
        .supersedes = accepted == NULL ? NULL : accepted->report_id.data,
    };
    Weft__V1__SubmitRequest *request = NULL;
    int rc;

    if ((rc = find_place(&build, last == NULL, now_ms, err)) == 0 &&
        (rc = build_request(&build, known, &request, err)) == 0 &&
        (rc = keep_request(&build, request, known, now_ms, err)) == 0) {
        rc = mark_used(state, task->task, known, build.revision, err);
        log_info("report built", LOG_TEXT("task", task->task->hex), LOG_UINT("revision", build.revision));
    }
    report_free(&request);
    return rc;
}

int agent_draft(struct agent *agent, struct store_txn *txn, size_t index, Weft__V1__SubmitRequest **request,
                struct err *err)
{
    struct state state = agent_store(agent, txn);
    struct build build = {.agent = agent, .state = &state};
    OutboxReport *last = NULL, *accepted = NULL;
    SiteTask *known = NULL;
    int rc = agent_load(agent, txn, err);

    if (rc == 0 && (index >= agent->num_tasks || agent->tasks[index].task.site == NONE)) {
        rc = err_set(err, ERR_REPORT_SITE_UNKNOWN, "not in the task's roster");
    }
    if (rc != 0) {
        return rc;
    }
    build.task = &agent->tasks[index].task;
    if ((rc = check_key_sheets(build.task, err)) != 0 ||
        (rc = state_get_task(&state, build.task->task->id, &known, err)) != 0 ||
        (rc = outbox_get(&state, build.task->task->id, 0, &last, err)) != 0 ||
        (rc = outbox_get_accepted(&state, build.task->task->id, &accepted, err)) != 0) {
        goto done;
    }
    if (known == NULL || known->vector.len == 0) {
        rc = err_set(err, ERR_NOT_EVALUATED, "task %.16s", build.task->task->hex);
        goto done;
    }
    build.revision = last == NULL ? 1 : last->revision + 1;
    build.supersedes = accepted == NULL ? NULL : accepted->report_id.data;
    digest(build.log_root, NULL, 0);
    rc = build_request(&build, known, request, err);
done:
    wire_free(&accepted);
    wire_free(&last);
    wire_free(&known);
    return rc;
}

static int read_mark(const OutboxReport *report, bool *has, uint64_t *size, uint8_t root[DIGEST_SIZE],
                     struct err *err)
{
    Weft__V1__SubmitRequest *request = NULL;
    Weft__V1__ReportHeader *header = NULL;
    int rc;

    if ((rc = wire_unpack((ProtobufCMessage **)&request, &weft__v1__submit_request__descriptor, report->request.data,
                          report->request.len, WIRE_LENIENT, err)) == 0 &&
        (rc = document_body((ProtobufCMessage **)&header, request->report, DOC(REPORT), err)) == 0 &&
        header->log_root.len == DIGEST_SIZE && (!*has || header->log_size > *size)) {
        *has = true;
        *size = header->log_size;
        memcpy(root, header->log_root.data, DIGEST_SIZE);
    }
    wire_free(&header);
    wire_free(&request);
    return rc;
}

int agent_log_mark(struct agent *agent, struct store_txn *txn, bool *has, uint64_t *size, uint8_t root[DIGEST_SIZE],
                   struct err *err)
{
    struct state state = agent_store(agent, txn);
    int rc = agent_load(agent, txn, err);

    *has = false;
    for (size_t i = 0; rc == 0 && i < agent->num_tasks; i++) {
        OutboxReport *last = NULL;
        if ((rc = outbox_get(&state, agent->tasks[i].task.task->id, 0, &last, err)) == 0 && last != NULL &&
            last->request.len > 0) {
            rc = read_mark(last, has, size, root, err);
        }
        wire_free(&last);
    }
    return rc;
}

static bool same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

int report_is_of_vector(struct agent *agent, struct state *state, const struct agent_task *task,
                        const Weft__V1__ReportHeader *header, const SiteTask *known, bool *is_same, struct err *err)
{
    struct build build = {.agent = agent, .state = state, .task = task, .revision = header->revision};
    Weft__V1__SubmitRequest *request = NULL;
    Weft__V1__ReportHeader *built = NULL;
    int rc;

    *is_same = false;
    if (known == NULL || known->vector.len == 0 || check_key_sheets(task, NULL) != 0) {
        return 0;
    }
    digest(build.log_root, NULL, 0);
    if ((rc = build_request(&build, known, &request, err)) == 0 &&
        (rc = document_body((ProtobufCMessage **)&built, request->report, DOC(REPORT), err)) == 0) {
        *is_same = same_bytes(&built->leader_digest, &header->leader_digest) &&
                   same_bytes(&built->helper_digest, &header->helper_digest);
    }
    wire_free(&built);
    report_free(&request);
    return rc;
}

/* ---- sending ---- */

static bool is_on_its_way(const OutboxReport *report)
{
    return report != NULL && report->state == REPORT(WAITING) && !report->given_up;
}

static bool same_vector(const OutboxReport *report, const SiteTask *known)
{
    return report->vector_digest.len == known->vector_digest.len &&
           memcmp(report->vector_digest.data, known->vector_digest.data, known->vector_digest.len) == 0;
}

/* The report, or once the leader has it the question what became of it. */
static int send_report(struct agent_round *round, struct agent_entry *entry, const OutboxReport *report,
                       struct err *err)
{
    struct agent_call call = {.method = AGENT_SUBMIT, .has_task = true, .revision = report->revision};
    int rc;

    if (entry->is_delivered) {
        return site_state_due(round, entry, true, err);
    }
    if (entry->task.view->voided.document != NULL || report->request.len == 0 ||
        !wait_is_due(&entry->submit, round->now_ms)) {
        return 0;
    }
    memcpy(call.task, entry->task.task->id, TASK_ID_SIZE);
    if ((rc = wire_unpack(&call.request, &weft__v1__submit_request__descriptor, report->request.data,
                          report->request.len, WIRE_LENIENT, err)) == 0) {
        agent_round_add(round, &entry->submit, call);
    }
    return rc;
}

static int build_if_ready(struct agent_round *round, struct agent_entry *entry, const OutboxReport *last,
                          struct err *err)
{
    const struct task *task = entry->task.task;
    OutboxReport *accepted = NULL, *built = NULL;
    SiteTask *known = NULL;
    int rc;

    if ((rc = state_get_task(&round->state, task->id, &known, err)) != 0 ||
        check_ready(round->agent, &entry->task, known, round->now_ms, NULL) != 0 ||
        known->approval->revision != 0 ||
        (rc = outbox_get_accepted(&round->state, task->id, &accepted, err)) != 0) {
        goto done;
    }
    if (accepted != NULL && same_vector(accepted, known)) { /* it is reported already */
        rc = mark_used(&round->state, task, known, accepted->revision, err);
        goto done;
    }
    if (!entry->has_asked) {
        rc = site_state_due(round, entry, true, err);
        goto done;
    }
    if ((rc = build_next(round->agent, &round->state, &entry->task, known, last, accepted, round->now_ms,
                         err)) != 0 ||
        (rc = outbox_get(&round->state, task->id, 0, &built, err)) != 0) {
        goto done;
    }
    entry->submit = (struct agent_wait){0};
    entry->is_delivered = false;
    rc = send_report(round, entry, built, err);
done:
    wire_free(&built);
    wire_free(&accepted);
    wire_free(&known);
    return rc;
}

/* Refused as late, and since then the close has moved behind now: it may still count. Once for each amendment. */
static bool may_still_count(const struct agent_round *round, const struct agent_entry *entry,
                            const OutboxReport *report)
{
    const struct view *view = entry->task.view;

    return report != NULL && report->state == REPORT(LATE) && report->given_up && report->request.len > 0 &&
           report->amendments < view->num_amendments && round->now_ms < view_times(view).close_ms &&
           view->freezes[entry->task.area].document == NULL && view->voided.document == NULL;
}

static int send_late_again(struct agent_round *round, struct agent_entry *entry, OutboxReport *report, struct err *err)
{
    int rc;

    report->state = REPORT(WAITING);
    report->given_up = false;
    report->failure = 0;
    log_info("sent again: the close was extended", LOG_TEXT("task", entry->task.task->hex),
             LOG_UINT("revision", report->revision));
    if ((rc = outbox_update(&round->state, entry->task.task->id, report, err)) != 0) {
        return rc;
    }
    entry->submit = (struct agent_wait){0};
    entry->is_delivered = false;
    return send_report(round, entry, report, err);
}

/* Submit again what has a receipt, as long as it can be frozen: whoever has it still gives the same receipt. */
static int give_again(struct agent_round *round, struct agent_entry *entry, struct err *err)
{
    const struct view *view = entry->task.view;
    OutboxReport *accepted = NULL;
    int rc = 0;

    if (!entry->gives_again || entry->submit.in_flight) {
        return 0;
    }
    if (view->freezes[entry->task.area].document != NULL || round->now_ms >= view_times(view).close_ms) {
        entry->gives_again = false;
        return 0;
    }
    if ((rc = outbox_get_accepted(&round->state, entry->task.task->id, &accepted, err)) == 0 && accepted != NULL) {
        bool is_delivered = entry->is_delivered;
        entry->is_delivered = false;
        rc = send_report(round, entry, accepted, err);
        entry->is_delivered = is_delivered;
    }
    entry->gives_again = rc == 0 && accepted != NULL && accepted->request.len > 0 && !entry->submit.in_flight;
    wire_free(&accepted);
    return rc;
}

int report_due(struct agent_round *round, struct agent_entry *entry, struct err *err)
{
    OutboxReport *last = NULL;
    int rc = outbox_get(&round->state, entry->task.task->id, 0, &last, err);

    if (rc == 0 && !is_on_its_way(last)) {
        rc = give_again(round, entry, err);
    }

    if (rc == 0 && may_still_count(round, entry, last)) {
        rc = send_late_again(round, entry, last, err);
        wire_free(&last);
        return rc;
    }
    if (rc == 0) {
        rc = is_on_its_way(last) ? send_report(round, entry, last, err)
                                 : build_if_ready(round, entry, last, err);
    }
    if (rc == 0 && !entry->ask.in_flight) {
        rc = site_state_due(round, entry, false, err);
    }
    wire_free(&last);
    return rc;
}

/* ---- receipts ---- */

static bool bytes_equal(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && a->len > 0 && memcmp(a->data, b->data, a->len) == 0;
}

static bool signed_by(const struct roster *roster, const Weft__V1__Document *document, int coordinator)
{
    const Weft__V1__Coordinator *wire = roster->coordinators[coordinator].wire;

    return document_is_signed(document, wire->id, wire->sign_key.data);
}

int report_check_receipt(const struct agent *agent, const struct agent_task *task, const OutboxReport *report,
                         const Weft__V1__Document *document, Weft__V1__Receipt **receipt, struct err *err)
{
    const struct roster_area *area = &task->roster->areas[task->area];
    ProtobufCBinaryData task_id = agent_bytes(task->task->id, TASK_ID_SIZE);
    Weft__V1__Receipt *body = NULL;
    int rc;

    if (!signed_by(task->roster, document, area->leader) ||
        !signed_by(task->roster, document, area->helper)) {
        return err_set(err, ERR_RECEIPT_INVALID, "revision %" PRIu32 ": a signature is missing",
                       report->revision);
    }
    if ((rc = document_body((ProtobufCMessage **)&body, document, DOC(RECEIPT), err)) != 0) {
        return rc;
    }
    if (!bytes_equal(&body->task_id, &task_id) || strcmp(body->site, agent->site) != 0 ||
        body->revision != report->revision || !bytes_equal(&body->report_id, &report->report_id) ||
        !bytes_equal(&body->report_digest, &report->report_digest)) {
        rc = err_set(err, ERR_RECEIPT_INVALID, "revision %" PRIu32 ": it is for another report",
                     report->revision);
    } else if (body->state != REPORT(ACCEPTED) && body->state != REPORT(REJECTED)) {
        rc = err_set(err, ERR_RECEIPT_INVALID, "revision %" PRIu32 ": it says neither accepted nor rejected",
                     report->revision);
    } else {
        *receipt = body;
        return 0;
    }
    wire_free(&body);
    return rc;
}

int report_keep_receipt(struct state *state, const struct agent_task *task, const OutboxReport *report,
                        const Weft__V1__Document *document, const Weft__V1__Receipt *receipt, int64_t now_ms,
                        struct err *err)
{
    OutboxReport changed = *report;

    changed.state = receipt->state;
    changed.reason = receipt->reason;
    changed.receipt = (Weft__V1__Document *)(uintptr_t)document;
    changed.answered_ms = now_ms;
    changed.failure = 0;
    changed.failure_detail = (char *)(uintptr_t) "";
    if (receipt->state == REPORT(ACCEPTED)) {
        log_info("report accepted", LOG_TEXT("task", task->task->hex),
                 LOG_UINT("revision", report->revision));
    } else {
        log_error("report rejected", LOG_TEXT("task", task->task->hex),
                  LOG_UINT("revision", report->revision), LOG_INT("reason", receipt->reason));
    }
    return outbox_update(state, task->task->id, &changed, err);
}

/* Asking again with the same bytes cannot help. */
static bool is_final(int code)
{
    return code == ERR_TASK_CLOSED || code == ERR_REPORT_REPLAYED || code == ERR_REPORT_REVISION ||
           code == ERR_REPORT_MALFORMED;
}

static int keep_failure(struct state *state, const struct agent_task *task, const OutboxReport *report,
                        const struct err *failure, int64_t now_ms, struct err *err)
{
    OutboxReport changed = *report;

    log_warn("report not delivered", LOG_UINT("revision", report->revision), LOG_ERR(failure));
    changed.failure = (uint32_t)failure->code;
    changed.failure_detail = (char *)(uintptr_t)failure->detail;
    changed.answered_ms = now_ms;
    if (is_final(failure->code)) {
        changed.given_up = true;
        changed.state = failure->code == ERR_TASK_CLOSED ? REPORT(LATE) : report->state;
        changed.amendments = (uint32_t)task->view->num_amendments;
    }
    return outbox_update(state, task->task->id, &changed, err);
}

/* The answer about a report that still waits for its receipt. */
static int answer(struct agent *agent, struct state *state, struct agent_entry *entry,
                  const OutboxReport *report, const Weft__V1__SubmitReply *reply, const struct err *failure,
                  int64_t now_ms, struct err *err)
{
    Weft__V1__Receipt *receipt = NULL;
    struct err why = {0};
    int rc;

    if (reply != NULL && reply->receipt == NULL && reply->state == REPORT(WAITING)) {
        site_state_delivered(entry, now_ms);
        return 0;
    }
    if (reply != NULL && reply->receipt == NULL) {
        err_set(&why, ERR_RECEIPT_INVALID, "revision %" PRIu32 ": there is none", report->revision);
    } else if (reply != NULL &&
               report_check_receipt(agent, &entry->task, report, reply->receipt, &receipt, &why) == 0) {
        rc = report_keep_receipt(state, &entry->task, report, reply->receipt, receipt, now_ms, err);
        wire_free(&receipt);
        return rc;
    } else if (reply == NULL && failure != NULL) {
        why = *failure;
    }
    wait_back_off(&entry->submit, now_ms, RETRY_FIRST_MS, RETRY_MAX_MS);
    return keep_failure(state, &entry->task, report, &why, now_ms, err);
}

int report_answer(struct agent *agent, struct state *state, const struct agent_call *call,
                  const Weft__V1__SubmitReply *reply, const struct err *failure, int64_t now_ms,
                  struct err *err)
{
    struct agent_entry *entry = agent_find_entry(agent, call->task);
    OutboxReport *report = NULL;
    int rc;

    if (entry == NULL) {
        return 0; /* forgotten meanwhile */
    }
    entry->submit.in_flight = false;
    if ((rc = outbox_get(state, call->task, call->revision, &report, err)) == 0 && is_on_its_way(report)) {
        rc = answer(agent, state, entry, report, reply, failure, now_ms, err);
    } else if (rc == 0 && reply == NULL && failure != NULL && !is_final(failure->code)) { /* given again, in vain */
        entry->gives_again = true;
        wait_back_off(&entry->submit, now_ms, RETRY_FIRST_MS, RETRY_MAX_MS);
    }
    wire_free(&report);
    return rc;
}
