/* contradictions.h - released totals that cannot all be right.
 *
 * A coordinator's signature says whose aggregate share it is, not that it is the true sum. But the same hospitals'
 * numbers reach several totals, by different coordinators, and no hospital's number is below 0 or above its maximum. So
 * for each slot that a total shows
 *
 *     rest = total - totals of its maximal descendants that show the slot      (of a longer period: of its parts)
 *     0 <= rest <= maximum * reports in none of these
 *
 * and where there is no such report both sides are equal. What fails proves that some coordinator altered a share: a
 * child that passed another sum up than it published, or left one of its own children out, or a collector that
 * published another sum than it passed up. It does not prove which. What alters all totals alike, within the bounds,
 * is not found (docs/malicious-parties.md).
 *
 * Only totals that one task opened are compared, and parts with their sum. Depends on public documents alone. */
#ifndef AUDIT_CONTRADICTIONS_H
#define AUDIT_CONTRADICTIONS_H

#include "audit/view.h"

struct contradiction {
    int area, slot;
    uint64_t total, parts; /* the area's own, and the sum of those that it holds */
    int num_others;        /* reports in none of these */
};

/* In order of area and slot, among the releases that are held. The caller frees *found. */
WEFT_MUST_USE int contradictions_find(struct contradiction **found, size_t *num, const struct view *view,
                                      struct err *err);
/* ERR_TOTALS_CONTRADICT, which tells the first, if there are any. */
WEFT_MUST_USE int contradictions_check(const struct view *view, struct err *err);

#endif
