/* strata.h - where the strata of an indicator may be opened beside its whole series.
 *
 * Whole and strata add up, so a stratum that is not opened follows where all others are, and one stratum of a block
 * may follow from the whole series of that block and the stratum of a larger one. So:
 *
 *     all strata of an indicator have one set of open areas, a part of the whole series' set, in which every block has
 *         0 or at least `min` contributing sites in each stratum
 *     no combination of the opened sums speaks of fewer: within a block of the strata, let n(P, s) be the contributing
 *         sites of the whole series' block P in stratum s; then for each division of the strata in two, the sum over P
 *         of the smaller side (a side counts as its largest n, at least so many sites are there) is 0 or at least `min`
 *
 * Why the second is enough: a combination gives each site of P with stratum s the weight w(P) + v(s). For it to spare
 * many sites, w(P) must undo v(s) for the strata of one v, for each P; that spares most if there are two v. Areas are
 * withheld until both hold. Pure functions. */
#ifndef AUDIT_STRATA_H
#define AUDIT_STRATA_H

#include "audit/blocks.h"

/* `whole` is the whole series' set of open areas. `counts[s * num_areas + area]` is the number of contributing sites
 * of stratum s in the block that `area` has under `listed` (the order's areas, a superset of `whole`), all known for
 * what lies within `whole`. Sets `open`. */
WEFT_MUST_USE int strata_open(bool *open, const struct block_tree *tree, const bool *listed, const bool *whole,
                              const uint64_t *counts, int num_strata, unsigned min, struct err *err);

#endif
