/* status_peers.h - of the command `status`: how it goes with peers, and what helpers refuse to sign. */
#ifndef COORDINATOR_STATUS_PEERS_H
#define COORDINATOR_STATUS_PEERS_H

#include "audit/view.h"
#include "base/calendar.h"
#include "base/json.h"
#include "coordinator/contacts.h"

/* Where it goes: `json`, or NULL for text on standard output. */
struct status_out {
    struct json *json;
    enum err_lang lang;
    struct calendar_zone zone; /* of texts */
};

/* Parent, children, helpers or leaders of coordinator `self` in the roster. */
WEFT_MUST_USE int status_peers(const struct status_out *out, struct db *db, const struct roster *roster, int self,
                               struct err *err);
/* Documents of the task that `self` leads, still unsigned because its helper refused. */
WEFT_MUST_USE int status_refusals(const struct status_out *out, struct db *db, const struct view *view, int self,
                                  struct err *err);

#endif
