/* daemon_hold.c - answers that are held back until there is something to tell.
 *
 * A report is verified together with the helper after the leader has stored it. Whoever hands it in is answered when that
 * is done, so that most sites get their receipt at once and need not ask for it; but after HOLD_MS in any case, and
 * at once when many wait already. The report itself was stored before: what happens to the answer loses nothing. */
#include "coordinator/daemon_internal.h"

#include "base/wire.h"

#define HOLD_MS  2000
#define MAX_HELD 64

static bool is_waiting(const struct event *event)
{
    return event->method == CORE_SUBMIT && event->rc == 0 &&
           ((const Weft__V1__SubmitReply *)event->reply)->state == WEFT__V1__REPORT_STATE__REPORT_WAITING;
}

bool daemon_hold(struct daemon *daemon, struct event *event, int64_t now_ms)
{
    if (!is_waiting(event) || event->held_ms != 0 || daemon->is_stopping || daemon->num_held == MAX_HELD ||
        rpc_call_time_left_ms(event->request) < 2 * HOLD_MS) {
        return false;
    }
    event->held_ms = now_ms;
    event->next = NULL;
    *daemon->held.last = event;
    daemon->held.last = &event->next;
    daemon->num_held++;
    return true;
}

static struct event *take(struct daemon *daemon, struct event **at)
{
    struct event *event = *at;

    if ((*at = event->next) == NULL) {
        daemon->held.last = at;
    }
    daemon->num_held--;
    return event;
}

struct event *daemon_held_for(struct daemon *daemon, const struct callers_job *job)
{
    const Weft__V1__VerifyRequest *verified = (const Weft__V1__VerifyRequest *)job->call.request;

    for (struct event **at = &daemon->held.first; job->call.method == CORE_VERIFY && *at != NULL; at = &(*at)->next) {
        if (document_same_body(((const Weft__V1__SubmitRequest *)(*at)->body)->report, verified->report)) {
            struct event *event = take(daemon, at);
            wire_free(&event->reply);
            return event;
        }
    }
    return NULL;
}

struct event *daemon_held_until(struct daemon *daemon, int64_t now_ms, bool all)
{
    struct event *first = daemon->held.first;

    return first != NULL && (all || now_ms >= first->held_ms + HOLD_MS) ? take(daemon, &daemon->held.first) : NULL;
}
