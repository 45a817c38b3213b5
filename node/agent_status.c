/* agent_status.c - where a task stands, from what the store and the view hold. */
#include "node/agent_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/wire.h"

const char *agent_state_name(enum agent_state state)
{
    static const char *const names[] = {"new",      "evaluated", "approved", "sending",        "accepted",
                                        "rejected", "closed",    "frozen",   "freeze_differs", "released",
                                        "voided",   "sum",       "overlaps"};

    return names[state];
}

enum freeze_finding agent_look_in_freeze(const struct agent_task *task, const uint8_t *report_digest)
{
    const Weft__V1__Freeze *freeze =
        task->site == NONE ? NULL : (const Weft__V1__Freeze *)task->view->freezes[task->area].body;
    const char *id = task->site == NONE ? "" : task->roster->sites[task->site].wire->id;

    if (freeze == NULL) {
        return FREEZE_NONE;
    }
    for (size_t i = 0; i < freeze->n_reports; i++) {
        if (strcmp(freeze->reports[i]->site, id) == 0) {
            return report_digest != NULL &&
                           memcmp(freeze->reports[i]->report_digest.data, report_digest, DIGEST_SIZE) == 0
                       ? FREEZE_HOLDS
                       : FREEZE_OTHER;
        }
    }
    return FREEZE_LACKS;
}

static void describe(struct agent_report *out, const OutboxReport *report)
{
    *out = (struct agent_report){0};
    if (report == NULL) {
        return;
    }
    out->revision = report->revision;
    out->state = report->state;
    out->reason = report->reason;
    if (report->report_id.len == sizeof out->report_id) {
        memcpy(out->report_id, report->report_id.data, sizeof out->report_id);
    }
    if (report->report_digest.len == DIGEST_SIZE) {
        memcpy(out->report_digest, report->report_digest.data, DIGEST_SIZE);
    }
    if (report->request_digest.len == DIGEST_SIZE) { /* none of an adopted report */
        memcpy(out->request_digest, report->request_digest.data, DIGEST_SIZE);
    }
    out->request_len = report->request_len;
    out->built_ms = report->built_ms;
    out->answered_ms = report->answered_ms;
    out->given_up = report->given_up;
    if (report->failure != 0) {
        err_set(&out->failure, (int)report->failure, "%s", report->failure_detail);
    }
}

static void describe_decision(struct agent_status *status, const SiteTask *known)
{
    if (known == NULL || known->vector_digest.len != DIGEST_SIZE) {
        return;
    }
    status->has_vector = true;
    status->evaluated_ms = known->evaluated_ms;
    memcpy(status->vector_digest, known->vector_digest.data, DIGEST_SIZE);
    if (known->approval != NULL && known->approval->vector_digest.len == DIGEST_SIZE &&
        memcmp(known->approval->vector_digest.data, status->vector_digest, DIGEST_SIZE) == 0) {
        status->is_approved = true;
        status->approval_is_standing = known->approval->standing;
        status->approved_ms = known->approval->time_ms;
        snprintf(status->approved_by, sizeof status->approved_by, "%s", known->approval->by);
    }
}

/* Of the order that counts this site's report: the top's, or its subtree's own. */
static void count_releases(struct agent_status *status, const struct agent_task *task)
{
    const struct view *view = task->view;
    int root = task->site == NONE ? view->roster->top : view_root_of(view, task->area);

    for (int area = 0; area < view->roster->num_areas; area++) {
        struct opening total = {area, WEFT__V1__SCOPE__SCOPE_TOTAL, WEFT__V1__STAGE__STAGE_VALUES};
        if (view_takes_part(view, root, area)) {
            status->num_releases += view->releases[area].document != NULL;
            status->num_releases_expected += view_opening_is_allowed(view, &total);
        }
    }
    status->has_pattern = view_held(view, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_PATTERN, root)->document != NULL;
    status->revised_by = view_revised_by(view) == NULL ? NULL : view_revised_by(view)->task;
}

static bool has_all_releases(const struct agent_status *status)
{
    return status->has_pattern && status->num_releases >= status->num_releases_expected;
}

static enum agent_state state_after_freeze(const struct agent_task *task, const struct agent_status *status)
{
    const struct agent_report *mine = status->accepted.revision != 0 ? &status->accepted : &status->last;
    enum freeze_finding found = agent_look_in_freeze(task, mine->revision == 0 ? NULL : mine->report_digest);

    if (found == FREEZE_HOLDS && status->accepted.revision == 0) {
        return AGENT_SENDING; /* it counts; the receipt is still to come */
    }
    if (found == FREEZE_HOLDS) {
        return has_all_releases(status) ? AGENT_RELEASED : AGENT_FROZEN;
    }
    return status->accepted.revision != 0 || found == FREEZE_OTHER ? AGENT_FREEZE_DIFFERS : AGENT_CLOSED;
}

/* Before the freeze. `is_reported`: the kept vector is the one of the last report; `is_pending`: its approval
 * has not led to a report yet. */
static enum agent_state state_while_open(const struct agent_task *task, const struct agent_status *status,
                                         bool is_reported, bool is_pending, int64_t now_ms)
{
    const struct agent_report *last = &status->last;

    if (last->revision != 0 && last->state == REPORT(WAITING) && !last->given_up) {
        return AGENT_SENDING;
    }
    if (now_ms >= view_times(task->view).close_ms || last->state == REPORT(LATE)) {
        return status->accepted.revision != 0 ? AGENT_ACCEPTED : AGENT_CLOSED;
    }
    if (last->state == REPORT(ACCEPTED) && is_reported) {
        return AGENT_ACCEPTED;
    }
    if (status->is_approved && is_pending) {
        return AGENT_APPROVED;
    }
    if (last->revision != 0 && last->state != REPORT(ACCEPTED) && is_reported) {
        return AGENT_REJECTED;
    }
    return status->has_vector ? AGENT_EVALUATED : AGENT_NEW;
}

static bool is_reported(const SiteTask *known, const OutboxReport *last)
{
    return last != NULL && (known == NULL || (last->vector_digest.len == known->vector_digest.len &&
                                              memcmp(last->vector_digest.data, known->vector_digest.data,
                                                     known->vector_digest.len) == 0));
}

int agent_status(struct agent *agent, struct store_txn *txn, size_t index, int64_t now_ms,
                 struct agent_status *out, struct err *err)
{
    struct state state = agent_store(agent, txn);
    struct agent_status status = {0};
    OutboxReport *last = NULL, *accepted = NULL;
    SiteTask *known = NULL;
    const struct agent_task *task;
    bool is_pending;
    int rc = agent_load(agent, txn, err);

    if (rc != 0 || index >= agent->num_tasks) {
        return rc != 0 ? rc : err_set(err, ERR_TASK_UNKNOWN, "number %zu", index);
    }
    task = &agent->tasks[index].task;
    if ((rc = state_get_task(&state, task->task->id, &known, err)) != 0 ||
        (rc = outbox_get(&state, task->task->id, 0, &last, err)) != 0 ||
        (rc = outbox_get_accepted(&state, task->task->id, &accepted, err)) != 0) {
        goto done;
    }
    describe_decision(&status, known);
    describe(&status.last, last);
    describe(&status.accepted, accepted);
    count_releases(&status, task);
    is_pending = known != NULL && known->approval != NULL && known->approval->revision == 0;
    if (task->view->voided.document != NULL) {
        status.state = AGENT_VOIDED;
    } else if (agent_check_alone(agent, task, &status.overlap) != 0) {
        status.state = AGENT_OVERLAPS;
    } else if (task->view->num_parts > 0) {
        status.state = has_all_releases(&status) ? AGENT_RELEASED : AGENT_SUM;
    } else if (agent_look_in_freeze(task, NULL) != FREEZE_NONE) {
        status.state = state_after_freeze(task, &status);
    } else {
        status.state = state_while_open(task, &status, is_reported(known, last), is_pending, now_ms);
    }
    *out = status;
done:
    wire_free(&accepted);
    wire_free(&last);
    wire_free(&known);
    return rc;
}
