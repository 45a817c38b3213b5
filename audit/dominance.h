/* dominance.h - blocks in which one owner has most of the beds: a warning, never a refusal.
 *
 * A block of three owners hides each from the public by the numbers of the other two. Where one is far larger than the
 * others together, the block's total is nearly its own. Beds are public, so this can be told from the roster alone; of
 * blocks in which a site's beds are not known nothing is told. */
#ifndef AUDIT_DOMINANCE_H
#define AUDIT_DOMINANCE_H

#include "base/roster.h"

#define DOMINANCE_PERCENT 50 /* of a block's beds: above it one owner is told of */

struct dominance {
    int area;          /* whose block it is */
    const char *owner; /* borrowed from the roster */
    unsigned percent;  /* rounded down */
};

/* `block` is by site: the area whose block it is in; NONE if in none. In order of area; the caller frees *found. */
WEFT_MUST_USE int dominance_find(struct dominance **found, size_t *num, const struct roster *roster,
                                 const int *block, struct err *err);
/* The same for totals that may be released (codes in `areas`, others are ignored) if every site reports. */
WEFT_MUST_USE int dominance_find_planned(struct dominance **found, size_t *num, const struct roster *roster,
                                         char *const *areas, size_t num_areas, struct err *err);

#endif
