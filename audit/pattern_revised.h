/* pattern_revised.h - what a revision's pattern must not give away together with the releases before it.
 *
 * Every task that the revision supersedes, directly or not, is a layer of the pattern whose cells are fixed
 * (pattern_context.h). Lines between a revision and the task before it say what everyone can compute:
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

/* Add the cells and lines between two layers of the pattern, the revisions of one chain in ascending order. `is_past`:
 * the newer one was published too. */
WEFT_MUST_USE int pattern_add_revision(struct pattern *pattern, const struct pattern_layer *newer,
                                       const struct pattern_layer *older, bool is_past, struct err *err);

#endif
