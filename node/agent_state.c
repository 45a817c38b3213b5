/* agent_state.c - what the leader holds of this site: asked before a report is built, so that a store restored from
 * a backup neither uses a revision twice nor lets old numbers replace newer ones; and after one was delivered, for its receipt.
 *
 * The leader gives back reports that this site signed itself. One that the store does not know is taken into the
 * outbox (its header; its bytes are not needed any more) with its receipt. If an approved vector waits and is what
 * that report holds, it is reported already; if it is another one, its approval ends: which of them is newer only a
 * person knows, and until one has approved, standing approvals do not count for the task. */
#include "node/agent_internal.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "base/report.h"
#include "base/wire.h"

#define ASK_FIRST_MS     500
#define ASK_MAX_MS       30000
#define RECEIPT_FIRST_MS 100 /* a verification takes a round trip to the helper, or as long as it is away */
#define RECEIPT_MAX_MS   5000

/* ---- asking ---- */

/* Does the freeze, or the leader's refusal, speak of a report that is not known here? */
static bool has_riddle(const struct agent_entry *entry, const OutboxReport *last, const OutboxReport *accepted)
{
    const OutboxReport *mine = accepted != NULL ? accepted : last;

    return (last != NULL && last->given_up &&
            (last->failure == ERR_REPORT_REVISION || last->failure == ERR_REPORT_REPLAYED)) ||
           agent_look_in_freeze(&entry->task, mine == NULL ? NULL : mine->report_digest.data) == FREEZE_OTHER;
}

int site_state_due(struct agent_round *round, struct agent_entry *entry, bool builds, struct err *err)
{
    Weft__V1__GetSiteStateRequest request = WEFT__V1__GET_SITE_STATE_REQUEST__INIT;
    struct agent_call call = {.method = AGENT_GET_SITE_STATE, .has_task = true};
    OutboxReport *last = NULL, *accepted = NULL;
    const uint8_t *id = entry->task.task->id;
    bool asks;
    int rc;

    if (entry->has_asked) {
        return 0;
    }
    if ((rc = outbox_get(&round->state, id, 0, &last, err)) == 0) {
        rc = outbox_get_accepted(&round->state, id, &accepted, err);
    }
    asks = rc == 0 && (builds || has_riddle(entry, last, accepted));
    wire_free(&last);
    wire_free(&accepted);
    if (!asks || !wait_is_due(&entry->ask, round->now_ms)) {
        return rc;
    }
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = agent_bytes(id, TASK_ID_SIZE);
    memcpy(call.task, id, TASK_ID_SIZE);
    if ((rc = agent_own_message(&call.request, &request.base, err)) == 0) {
        agent_round_add(round, &entry->ask, call);
    }
    return rc;
}

void site_state_delivered(struct agent_entry *entry, int64_t now_ms)
{
    entry->is_delivered = true;
    entry->has_asked = false;
    entry->ask.num_tries = 0;
    wait_back_off(&entry->ask, now_ms, RECEIPT_FIRST_MS, RECEIPT_MAX_MS);
}

/* ---- taking in ---- */

/* One report that the leader holds. */
struct held {
    const Weft__V1__SiteReport *wire;
    Weft__V1__ReportHeader *header;
    OutboxReport *known; /* under its revision */
    OutboxReport report; /* as it is kept; borrows from the above */
    uint8_t digest[DIGEST_SIZE];
};

static void held_clear(struct held *held)
{
    wire_free(&held->header);
    wire_free(&held->known);
}

static bool is_known(const struct held *held)
{
    return held->known != NULL && held->known->report_digest.len == DIGEST_SIZE &&
           memcmp(held->known->report_digest.data, held->digest, DIGEST_SIZE) == 0;
}

static int open_held(struct held *held, const struct agent_entry *entry, struct state *state,
                     const Weft__V1__SiteReport *wire, int64_t now_ms, struct err *err)
{
    const struct agent_task *task = &entry->task;
    int rc;

    *held = (struct held){.wire = wire};
    weft__store__v1__outbox_report__init(&held->report);
    if (wire->report == NULL) {
        return err_set(err, ERR_MESSAGE_MALFORMED, "no report");
    }
    if ((rc = report_check(&held->header, wire->report, task->task, task->roster, task->area, err)) != 0) {
        return rc;
    }
    if (strcmp(held->header->site, task->roster->sites[task->site].wire->id) != 0) {
        return err_set(err, ERR_REPORT_SITE_UNKNOWN, "another site's report");
    }
    document_digest(held->digest, wire->report);
    held->report.revision = held->header->revision;
    held->report.state = REPORT(WAITING);
    held->report.report_id = held->header->report_id;
    held->report.report_digest = agent_bytes(held->digest, DIGEST_SIZE);
    held->report.built_ms = now_ms;
    return outbox_get(state, task->task->id, held->header->revision, &held->known, err);
}

/* What the receipt says of it, if there is one that holds. */
static int judge(struct agent *agent, const struct agent_entry *entry, struct held *held, int64_t now_ms,
                 struct err *err)
{
    Weft__V1__Receipt *receipt = NULL;
    int rc;

    if (held->wire->receipt == NULL) {
        held->report.given_up = true;
        held->report.failure = held->wire->state == REPORT(LATE) ? ERR_TASK_CLOSED : ERR_STORE_RESTORED;
        held->report.state = held->wire->state == REPORT(LATE) ? REPORT(LATE) : REPORT(WAITING);
        return 0;
    }
    if ((rc = report_check_receipt(agent, &entry->task, &held->report, held->wire->receipt, &receipt, err)) != 0) {
        return rc;
    }
    held->report.state = receipt->state;
    held->report.reason = receipt->reason;
    held->report.receipt = held->wire->receipt;
    held->report.answered_ms = now_ms;
    wire_free(&receipt);
    return 0;
}

/* Of a report that is here: its receipt, if that is what it still waits for. */
static int take_receipt(struct agent *agent, struct state *state, struct agent_entry *entry, const struct held *held,
                        int64_t now_ms, struct err *err)
{
    Weft__V1__Receipt *receipt = NULL;
    int rc;

    if (held->known->state != REPORT(WAITING) || held->wire->receipt == NULL) {
        return 0;
    }
    if ((rc = report_check_receipt(agent, &entry->task, held->known, held->wire->receipt, &receipt, err)) == 0) {
        rc = report_keep_receipt(state, &entry->task, held->known, held->wire->receipt, receipt, now_ms, err);
    }
    wire_free(&receipt);
    return rc;
}

/* Take in what the store does not know. */
static int take_held(struct agent *agent, struct state *state, struct agent_entry *entry, struct held *held,
                     const SiteTask *known, bool *is_same, struct err *err)
{
    int rc;

    if ((rc = report_is_of_vector(agent, state, &entry->task, held->header, known, is_same, err)) != 0) {
        return rc;
    }
    if (*is_same) {
        held->report.vector_digest = known->vector_digest;
    }
    log_warn("a report that the leader holds was not known here: restored from a backup",
             LOG_TEXT("task", entry->task.task->hex), LOG_UINT("revision", held->report.revision));
    return outbox_adopt(state, entry->task.task->id, &held->report, err);
}

/* An approval that was given without knowing of the report of `revision`. */
static int settle_approval(struct state *state, const struct agent_entry *entry, const SiteTask *known, bool is_same,
                           uint32_t revision, struct err *err)
{
    SiteTask changed = WEFT__STORE__V1__SITE_TASK__INIT;
    Approval approval;

    if (known != NULL) {
        changed = *known;
    }
    if (is_same && known->approval != NULL) {
        approval = *known->approval;
        approval.revision = revision;
        changed.approval = &approval;
    } else if (!is_same) {
        changed.approval = NULL;
        changed.needs_person = true;
    }
    return state_put_task(state, entry->task.task->id, &changed, err);
}

/* One of the leader's two; *is_open when its receipt is still to come and its bytes are not here. */
static int take_one(struct agent *agent, struct state *state, struct agent_entry *entry,
                    const Weft__V1__SiteReport *wire, bool is_newest, int64_t now_ms, bool *is_open, struct err *err)
{
    SiteTask *known = NULL;
    struct held held;
    bool is_same = false;
    int rc;

    if ((rc = open_held(&held, entry, state, wire, now_ms, err)) != 0) {
        goto done;
    }
    if (is_known(&held)) {
        *is_open |= wire->state == REPORT(WAITING) && held.known->state == REPORT(WAITING) && !held.known->given_up;
        rc = take_receipt(agent, state, entry, &held, now_ms, err);
        goto done;
    }
    if (wire->receipt == NULL && wire->state == REPORT(WAITING)) {
        *is_open = true;
        goto done;
    }
    if ((rc = judge(agent, entry, &held, now_ms, err)) != 0 ||
        (rc = state_get_task(state, entry->task.task->id, &known, err)) != 0 ||
        (rc = take_held(agent, state, entry, &held, known, &is_same, err)) != 0) {
        goto done;
    }
    if (is_newest) {
        rc = settle_approval(state, entry, known, is_same, held.report.revision, err);
    }
done:
    wire_free(&known);
    held_clear(&held);
    return rc;
}

int site_state_take(struct agent *agent, struct state *state, struct agent_entry *entry,
                    const Weft__V1__GetSiteStateReply *reply, int64_t now_ms, bool *is_open, struct err *err)
{
    int rc = 0;

    *is_open = false;
    if (reply->newest != NULL) {
        rc = take_one(agent, state, entry, reply->newest, true, now_ms, is_open, err);
    }
    if (rc == 0 && reply->accepted != NULL) {
        rc = take_one(agent, state, entry, reply->accepted, false, now_ms, is_open, err);
    }
    return rc;
}

int site_state_answer(struct agent *agent, struct state *state, const struct agent_call *call,
                      const Weft__V1__GetSiteStateReply *reply, const struct err *failure, int64_t now_ms,
                      struct err *err)
{
    struct agent_entry *entry = agent_find_entry(agent, call->task);
    struct err why = {0};
    bool is_open = false;
    int rc;

    if (entry == NULL) {
        return 0; /* forgotten meanwhile */
    }
    entry->ask.in_flight = false;
    if (reply == NULL) {
        log_warn("the leader was not asked for this hospital's reports", LOG_ERR(failure));
        entry->is_delivered = false;
        wait_back_off(&entry->ask, now_ms, ASK_FIRST_MS, ASK_MAX_MS);
        return 0;
    }
    rc = site_state_take(agent, state, entry, reply, now_ms, &is_open, &why);
    if (rc != 0 && !agent_is_own_failure(rc)) { /* not to be believed */
        log_error("the leader's answer about this hospital's reports is refused", LOG_ERR(&why));
        rc = 0;
        is_open = true;
        entry->is_delivered = false;
    }
    entry->is_delivered &= is_open; /* decided, or the leader lost it: then sending it once more brings the answer */
    if (entry->is_delivered) {
        wait_back_off(&entry->ask, now_ms, RECEIPT_FIRST_MS, RECEIPT_MAX_MS);
    } else if (is_open) {
        wait_back_off(&entry->ask, now_ms, ASK_FIRST_MS, ASK_MAX_MS);
    }
    entry->has_asked = rc == 0 && !is_open;
    if (rc != 0 && err != NULL) {
        *err = why;
    }
    return rc;
}
