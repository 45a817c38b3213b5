/* contact.h - how it goes with a peer, as its caller keeps it: reached last, called last, and since when and why it is not
 * reached. For people; nothing else rests on it. */
#ifndef BASE_CONTACT_H
#define BASE_CONTACT_H

#include <stdbool.h>

#include "base/err.h"
#include "proto/store.pb-c.h"

typedef Weft__Store__V1__StoredContact StoredContact;

/* Does this failure of a call mean that the peer is not reached, or not ready to talk to this party at all? Other
 * refusals belong to the protocol's steps. */
bool contact_is_unreachable(int code);

/* Change a (shallow) copy of what is kept. True if it is worth keeping: times are kept to the minute, and a failure
 * that lasts keeps its beginning, so that most calls write nothing. Borrows from `failure`. */
bool contact_reached(StoredContact *contact, int64_t now_ms);
bool contact_heard(StoredContact *contact, int64_t now_ms);
bool contact_failed(StoredContact *contact, const struct err *failure, int64_t now_ms);

#endif
