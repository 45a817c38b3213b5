/* pattern_revised.h - what a revision's pattern must not give away together with the releases before it.
 *
 * Every task that the revision supersedes, directly or not, becomes a layer of the pattern whose cells are fixed.
 * Lines between a revision and the task before it say what everyone can compute:
 *
 *     a total in which nobody changed is the total before. It is shown or hidden as it was.
 *     a block in which nobody changed (the opened count is 0) is what the blocks before held of these areas
 *     a block that new sites joined is that, and what they bring: a cell of its own, with the state that the area's
 *         collector signed (States.delta), or unknown and so taken as small where the block's border moved
 *
 * Where sites of before corrected themselves, no line holds: what they changed may be anything, and is no count of
 * patients. */
#ifndef AUDIT_PATTERN_REVISED_H
#define AUDIT_PATTERN_REVISED_H

#include "audit/pattern.h"

struct pattern_chain {
    struct pattern_layer *layers; /* of the tasks before, the last one first */
    size_t num;
    bool *all; /* true, by area */
};

/* Starts as {0}. Does nothing for a first task. `own` is the pattern's first layer; the chain must outlive the
 * pattern. */
WEFT_MUST_USE int pattern_add_revised(struct pattern *pattern, const struct pattern_layer *own,
                                      struct pattern_chain *chain, struct err *err);
void pattern_chain_clear(struct pattern_chain *chain);

#endif
