/* contacts.h - how it goes with peers: when each was reached or called last, since when it cannot be reached, and what a
 * helper refuses to sign and why. For people, who look into the store beside the daemon; nothing else rests on it. */
#ifndef COORDINATOR_CONTACTS_H
#define COORDINATOR_CONTACTS_H

#include "base/contact.h"
#include "coordinator/db.h"

/* `peer` answered, or called here. */
WEFT_MUST_USE int contacts_reached(struct db *db, const char *peer, int64_t now_ms, struct err *err);
WEFT_MUST_USE int contacts_heard(struct db *db, const char *peer, int64_t now_ms, struct err *err);
/* It was not reached; of other failures nothing is kept. */
WEFT_MUST_USE int contacts_failed(struct db *db, const char *peer, const struct err *failure, int64_t now_ms,
                                  struct err *err);
/* *contact is NULL when there was none; end with wire_free. */
WEFT_MUST_USE int contacts_get(struct db *db, const char *peer, StoredContact **contact, struct err *err);

/* ---- a document that `peer`, a helper, refuses to sign ---- */

struct contacts_document {
    const uint8_t *task; /* TASK_ID_SIZE bytes */
    Weft__V1__DocumentType type;
    const char *area;
};
WEFT_MUST_USE int contacts_refused(struct db *db, const struct contacts_document *document, const char *peer,
                                   const struct err *failure, int64_t now_ms, struct err *err);
WEFT_MUST_USE int contacts_signed(struct db *db, const struct contacts_document *document, struct err *err);
/* As contacts_get. */
WEFT_MUST_USE int contacts_get_refusal(struct db *db, const struct contacts_document *document,
                                       StoredContact **contact, struct err *err);

#endif
