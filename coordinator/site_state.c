/* site_state.c - what this leader holds of one site's reports in a task, told to that site alone.
 *
 * A site asks before it builds a report: its own store may be a restored backup that does not know what was
 * reported since. It gets its own signed documents back, so that nothing need be believed. */
#include "coordinator/core_internal.h"

#include "base/wire.h"

/* Borrows from `stored`. */
static Weft__V1__SiteReport *held(Weft__V1__SiteReport *out, const StoredReport *stored)
{
    if (stored == NULL) {
        return NULL;
    }
    weft__v1__site_report__init(out);
    out->report = stored->report;
    out->state = stored->state;
    out->receipt = stored->state == REPORT(WAITING) ? NULL : stored->receipt;
    return out;
}

int site_state_serve(struct core *core, struct db *db, const char *site,
                     const Weft__V1__GetSiteStateRequest *request, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__GetSiteStateReply reply = WEFT__V1__GET_SITE_STATE_REPLY__INIT;
    struct core_task *task = core_find_task(core, &request->task_id);
    StoredReport *newest = NULL, *accepted = NULL;
    Weft__V1__SiteReport parts[2];
    uint32_t revision;
    int index, rc;

    if (task == NULL) {
        return err_set(err, ERR_TASK_UNKNOWN, "asked for by %s", site);
    }
    index = roster_find_site(task->roster, site);
    if (index == NONE || task->self == NONE ||
        task->roster->areas[task->roster->sites[index].supervisor].leader != task->self) {
        return err_set(err, ERR_REPORT_SITE_UNKNOWN, "%s", site);
    }
    if ((rc = db_get_report(db, task->task->id, site, 0, &newest, err)) == 0 && newest != NULL &&
        newest->state != REPORT(ACCEPTED)) {
        rc = db_get_accepted(db, task->task->id, site, &accepted, &revision, err);
    }
    if (rc == 0) {
        reply.newest = held(&parts[0], newest);
        reply.accepted = newest != NULL && newest->state == REPORT(ACCEPTED) ? reply.newest : held(&parts[1], accepted);
        rc = core_own_message(response, &reply.base, err);
    }
    wire_free(&newest);
    wire_free(&accepted);
    return rc;
}
