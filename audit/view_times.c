/* view_times.c - the times that documents carry, and what they may not be earlier than.
 *
 * A document's leader writes down when it proposed it; its helper signs only what is near its own clock. Nothing
 * is earlier than what it rests on, so the times of a task read as one history, whatever the clocks of its
 * pairs. */
#include "audit/view_internal.h"

#include <inttypes.h>

#include "base/wire.h"

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

/* The earliest time that a body may carry. A pattern's states carry none: they lie between it and the plan. */
static int64_t earliest(const struct view *view, Weft__V1__DocumentType type, const ProtobufCMessage *body)
{
    const Weft__V1__Task *task = view->task->wire;

    switch (type) {
    case DOC(FREEZE):
        return task->close_when_complete ? task->open_ms : task->close_ms;
    case DOC(ORDER): {
        const Weft__V1__Order *order = (const Weft__V1__Order *)body;
        return later(task->open_ms, latest_named(view, order->n_freezes, order->freezes, view->freezes));
    }
    case DOC(CONTRIBUTES):
        return view_time_of(&view->order);
    case DOC(PLAN): {
        const Weft__V1__Plan *plan = (const Weft__V1__Plan *)body;
        return later(view_time_of(&view->order),
                     latest_named(view, plan->n_contributes, plan->contributes, view->contributes));
    }
    case DOC(PATTERN):
        return view_time_of(&view->plan);
    case DOC(RELEASE):
        return view_time_of(&view->pattern);
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
