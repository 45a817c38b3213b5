/* view_times.c - the times of a task, its amendments, and the times that documents carry.
 *
 * A document's leader writes down when it proposed it; its helper signs only what is near its own clock. Nothing
 * is earlier than what it rests on, so the times of a task read as one history, whatever the clocks of its
 * pairs.
 *
 * An amendment moves a task's times later, for everyone who holds it. A pair that had frozen before it heard of one
 * stays frozen: what was signed stands, and the freeze is measured by the task's first close. */
#include "audit/view_internal.h"

#include <inttypes.h>

#include <stdlib.h>

#include "base/wire.h"

/* ---- the task's own times, and amendments of them ---- */

struct view_times view_times(const struct view *view)
{
    const Weft__V1__Task *task = view->task->wire;
    struct view_times times = {
        .open_ms = task->open_ms,
        .due_ms = task->due_ms != 0 ? task->due_ms : task->close_ms,
        .close_ms = task->close_ms,
        .order_ms = task->order_ms,
        .plan_ms = task->plan_ms,
        .pattern_ms = task->pattern_ms,
        .retention_ms = task->retention_ms,
        .order_deadline_ms = task->order_deadline_ms,
        .fallback_ms = task->fallback_ms,
    };

    if (view->num_amendments > 0) {
        const Weft__V1__Amendment *last =
            (const Weft__V1__Amendment *)view->amendments[view->num_amendments - 1].body;
        times.due_ms = last->due_ms;
        times.close_ms = last->close_ms;
        times.order_ms = last->order_ms;
        times.plan_ms = last->plan_ms;
        times.pattern_ms = last->pattern_ms;
        times.retention_ms = last->retention_ms;
        if (task->fallback_ms != 0) {
            times.order_deadline_ms += last->order_ms - task->order_ms;
            times.fallback_ms += last->order_ms - task->order_ms;
        }
    }
    return times;
}

/* Later only, and in the order in which a task's times stand. */
static bool only_extends(const struct view_times *before, const Weft__V1__Amendment *a)
{
    return a->due_ms >= before->due_ms && a->close_ms >= before->close_ms &&
           a->order_ms >= before->order_ms && a->plan_ms >= before->plan_ms &&
           a->pattern_ms >= before->pattern_ms && a->retention_ms >= before->retention_ms &&
           a->due_ms <= a->close_ms && a->close_ms <= a->order_ms && a->order_ms <= a->plan_ms &&
           a->plan_ms <= a->pattern_ms && a->pattern_ms < a->retention_ms;
}

int view_check_amendment(const struct view *view, const Weft__V1__Amendment *amendment, struct err *err)
{
    struct view_times before = view_times(view);

    if (amendment->number >= 1 && amendment->number <= view->num_amendments) {
        return 0; /* held already: compared with that one when it is added */
    }
    if (amendment->number > view->num_amendments + 1) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "amendment %" PRIu32 " needs the one before",
                       amendment->number);
    }
    if (view->num_parts > 0 && (amendment->due_ms != 0 || amendment->close_ms != 0)) {
        return err_set(err, ERR_AMENDMENT, "amendment %" PRIu32 ": nobody reports to a sum", amendment->number);
    }
    return amendment->number == 0 || amendment->reason[0] == '\0' || !only_extends(&before, amendment)
               ? err_set(err, ERR_AMENDMENT, "amendment %" PRIu32, amendment->number)
               : 0;
}

struct view_document *view_place_amendment(struct view *view, uint32_t number)
{
    struct view_document *grown;

    if (number >= 1 && number <= view->num_amendments) {
        return &view->amendments[number - 1];
    }
    if ((grown = realloc(view->amendments, (view->num_amendments + 1) * sizeof *grown)) == NULL) {
        return NULL;
    }
    view->amendments = grown;
    grown[view->num_amendments] = (struct view_document){0};
    return &grown[view->num_amendments++];
}

/* ---- the times of documents ---- */

int64_t view_time_of(const struct view_document *held)
{
    const int64_t *time = held->document == NULL ? NULL : document_body_time(held->body);

    return time == NULL ? 0 : *time;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t latest_named(const struct view *view, size_t num, Weft__V1__AreaDigest *const *list,
                            const struct view_document *held)
{
    int64_t latest = 0;

    for (size_t i = 0; i < num; i++) {
        int area = roster_find_area(view->roster, list[i]->area);
        if (area != NONE) {
            latest = later(latest, view_time_of(&held[area]));
        }
    }
    return latest;
}

/* Of the order, plan or pattern of the root that a body names; 0: there is none. */
static int64_t time_of_root(const struct view *view, Weft__V1__DocumentType type, const char *code)
{
    bool is_late;
    int root = view_root_named(view, code, &is_late);

    return root == NONE ? 0 : view_time_of(view_held(view, type, root));
}

/* Of the one that holds for the area. */
static int64_t time_at(const struct view *view, Weft__V1__DocumentType type, const char *code)
{
    int area = roster_find_area(view->roster, code);

    return area == NONE ? 0 : view_time_of(view_held(view, type, view_root_of(view, area)));
}

/* The earliest time that a body may carry. A pattern's states carry none: they lie between it and the plan. */
static int64_t earliest(const struct view *view, Weft__V1__DocumentType type, const ProtobufCMessage *body)
{
    const Weft__V1__Task *task = view->task->wire;

    switch (type) {
    case DOC(FREEZE):
        return task->close_when_complete ? task->open_ms : task->close_ms;
    case DOC(ORDER): {
        const Weft__V1__Order *order = (const Weft__V1__Order *)body;
        int64_t basis = later(latest_named(view, order->n_freezes, order->freezes, view->freezes),
                              latest_named(view, order->n_subtrees, order->subtrees, view->patterns));
        return later(order->area[0] == '\0' ? task->open_ms : task->fallback_ms, basis);
    }
    case DOC(CONTRIBUTES):
        return time_at(view, DOC(ORDER), ((const Weft__V1__Contributes *)body)->area);
    case DOC(PLAN): {
        const Weft__V1__Plan *plan = (const Weft__V1__Plan *)body;
        return later(time_of_root(view, DOC(ORDER), plan->area),
                     latest_named(view, plan->n_contributes, plan->contributes, view->contributes));
    }
    case DOC(PATTERN):
        return time_of_root(view, DOC(PLAN), ((const Weft__V1__Pattern *)body)->area);
    case DOC(RELEASE):
        return time_at(view, DOC(PATTERN), ((const Weft__V1__Release *)body)->area);
    case DOC(NOTE): {
        int area = roster_find_area(view->roster, ((const Weft__V1__Note *)body)->area);
        return area == NONE ? INT64_MIN : view_time_of(&view->releases[area]);
    }
    case DOC(ERASURE):
        return view->voided.document != NULL ? INT64_MIN : view_times(view).retention_ms;
    default:
        return INT64_MIN;
    }
}

int view_check_time(const struct view *view, const Weft__V1__Document *document, ProtobufCMessage *body,
                    struct err *err)
{
    const int64_t *time = document_body_time(body);
    int64_t limit = earliest(view, document->type, body);

    return time == NULL || *time >= limit
               ? 0
               : err_set(err, ERR_DOCUMENT_MALFORMED,
                         "%s: its time %" PRId64 " is earlier than what it rests on (%" PRId64 ")",
                         document_type_name(document->type), *time, limit);
}

/* States carry no time. */
int view_stamp(const struct view *view, Weft__V1__Document **document, int64_t now_ms, struct err *err)
{
    ProtobufCMessage *body = NULL;
    int rc;

    if ((rc = document_body(&body, *document, (*document)->type, err)) == 0 && document_body_time(body) != NULL) {
        rc = document_set_time(document, later(now_ms, earliest(view, (*document)->type, body)), err);
    }
    wire_free(&body);
    return rc;
}
