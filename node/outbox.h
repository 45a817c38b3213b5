/* outbox.h - the reports of a site, kept from before they leave: one record per task and revision, whose bytes
 * are written once. */
#ifndef NODE_OUTBOX_H
#define NODE_OUTBOX_H

#include "node/state.h"

typedef Weft__Store__V1__OutboxReport OutboxReport;

/* revision 0: the highest. *report is NULL when there is none; end with wire_free. */
WEFT_MUST_USE int outbox_get(struct state *state, const uint8_t task[TASK_ID_SIZE], uint32_t revision,
                             OutboxReport **report, struct err *err);
/* The highest accepted revision. */
WEFT_MUST_USE int outbox_get_accepted(struct state *state, const uint8_t task[TASK_ID_SIZE],
                                      OutboxReport **report, struct err *err);
/* A new revision, which must be the next one. */
WEFT_MUST_USE int outbox_add(struct state *state, const uint8_t task[TASK_ID_SIZE],
                             const OutboxReport *report, struct err *err);
/* A report that is known from the leader alone: its names and receipt, no bytes. ERR_RECEIPT_INVALID when another
 * report of its revision has been accepted. */
WEFT_MUST_USE int outbox_adopt(struct state *state, const uint8_t task[TASK_ID_SIZE], const OutboxReport *report,
                               struct err *err);
/* What became of a report. ERR_INTERNAL if its bytes or names differ from what was added. */
WEFT_MUST_USE int outbox_update(struct state *state, const uint8_t task[TASK_ID_SIZE],
                                const OutboxReport *report, struct err *err);
/* Retention has ended: forget the bytes, keep what became of them. */
WEFT_MUST_USE int outbox_erase(struct state *state, const uint8_t task[TASK_ID_SIZE], struct err *err);

#endif
