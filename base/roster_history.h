/* roster_history.h - the rosters that a party holds: one chain, each signed under the rule of the one before.
 *
 * The first is signed by a root of each side that the party pinned when it joined. Each next one is the next version,
 * names the digest of the one before, is no demo after a real one, and is signed by a root of each side of the one before and of
 * its own. So root keys roll over without anyone pinning anew: version n adds a root, n + 1 leaves the old one out. A
 * party that pins later keys begins the chain at the first roster that these sign; a chain stays trusted while any of
 * its rosters is signed by the pinned roots, since digests bind all the others to it.
 *
 * Expired rosters are taken, because tasks pin them: whether a roster still admits anyone is the caller's question. */
#ifndef BASE_ROSTER_HISTORY_H
#define BASE_ROSTER_HISTORY_H

#include "base/roster.h"

/* Starts with `pinned` set and all else 0; ended by roster_history_clear, which leaves `pinned`. */
struct roster_history {
    struct roster_roots pinned; /* borrowed */
    struct roster **rosters;    /* each the version after the one before it */
    size_t num;
    bool is_anchored; /* one of them is signed by the pinned roots */
};

void roster_history_clear(struct roster_history *history);

/* May this roster document be taken in? One that is held already may. ERR_ROSTER_SIGNATURE, ERR_ROSTER_OLDER,
 * ERR_ROSTER_SUCCESSION, ERR_ROSTER_DEMO, or what is unsound about it. */
WEFT_MUST_USE int roster_history_check(const struct roster_history *history,
                                       const Weft__V1__Document *document, struct err *err);
/* Add what was taken in before, from one's own store: the pinned roots are asked for by roster_history_verify, when all
 * are there. */
WEFT_MUST_USE int roster_history_add(struct roster_history *history, const Weft__V1__Document *document,
                                     struct err *err);
/* ERR_ROSTER_SIGNATURE when there are rosters and none of them is signed by the pinned roots. */
WEFT_MUST_USE int roster_history_verify(const struct roster_history *history, struct err *err);

/* NULL when it is not held. */
const struct roster *roster_history_newest(const struct roster_history *history);
const struct roster *roster_history_version(const struct roster_history *history, uint32_t version);

/* The roster that a task pins, whose rule and whose successors' rule up to the newest must have signed it: a root that
 * was left out signs no new tasks. ERR_PREDECESSOR_MISSING, ERR_TASK_TOO_OLD, ERR_TASK_SIGNATURE. */
WEFT_MUST_USE int roster_history_pinned_by(const struct roster **roster, const struct roster_history *history,
                                           const Weft__V1__Document *task, struct err *err);
/* Is `document` signed under the rule of this version or a later one? (What ends or changes a task that pins it.) */
bool roster_history_has_signed(const struct roster_history *history, uint32_t version,
                               const Weft__V1__Document *document);

#endif
