/* reported.c - what has come in so far. */
#include "coordinator/reported.h"

#include <stdlib.h>

#include "base/wire.h"

#define REPORT(name) WEFT__V1__REPORT_STATE__REPORT_##name

static int count_site(struct reported *reported, struct db *db, const struct view *view, int site, struct err *err)
{
    const char *id = view->roster->sites[site].wire->id;
    StoredReport *newest = NULL, *accepted = NULL;
    uint32_t revision;
    int rc;

    if ((rc = db_get_report(db, view->task->id, id, 0, &newest, err)) == 0 &&
        (rc = db_get_accepted(db, view->task->id, id, &accepted, &revision, err)) == 0) {
        reported->expected++;
        reported->accepted += accepted != NULL;
        reported->waiting += newest != NULL && newest->state == REPORT(WAITING);
        reported->rejected += accepted == NULL && newest != NULL && newest->state == REPORT(REJECTED);
        if (accepted == NULL) {
            reported->missing[reported->num_missing++] = site;
        }
    }
    wire_free(&newest);
    wire_free(&accepted);
    return rc;
}

int reported_count(struct reported *reported, struct db *db, const struct view *view, int self, int area,
                   struct err *err)
{
    const struct roster *roster = view->roster;
    int rc = 0;

    *reported = (struct reported){.missing = calloc((size_t)roster->num_sites + 1, sizeof(int))};
    if (reported->missing == NULL) {
        return err_set(err, ERR_NO_MEMORY, "reports");
    }
    for (int site = 0; view->num_parts == 0 && self != NONE && site < roster->num_sites && rc == 0; site++) {
        if (roster_serves(roster, self, roster->sites[site].supervisor) &&
            roster_is_within(roster, roster->sites[site].area, area)) {
            rc = count_site(reported, db, view, site, err);
        }
    }
    return rc;
}

void reported_clear(struct reported *reported)
{
    free(reported->missing);
    *reported = (struct reported){0};
}
