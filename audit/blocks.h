/* blocks.h - which totals may be opened: the partition of sites that all released totals are unions of.
 *
 * Areas form a tree; some are *listed* (their totals may be opened). The *block* of a listed area is what
 * its total holds beyond its maximal listed descendants: the sites whose nearest listed ancestor-or-self it
 * is. Whoever sees all released totals can compute exactly the blocks and their unions, so every block must
 * be large enough. Where one is not, listed areas are withheld, so that blocks join:
 *
 *     take the deepest block that fails (ties: lowest index)
 *         if other listed areas lie below it: withhold the smallest maximal one (by its total; ties: lowest
 *             index), whose block then joins this one
 *         else withhold the area itself: its block joins that of its nearest listed ancestor, if there is one
 *     until none fails
 *
 * Areas are numbered by code, so that ties break the same way at every coordinator. All inputs are public
 * counts, so the outcome tells nothing new. Pure functions: they allocate, and touch nothing else. */
#ifndef AUDIT_BLOCKS_H
#define AUDIT_BLOCKS_H

#include <stdbool.h>

#include "base/err.h"

/* `parents` holds each area's parent, -1 for a top. The caller has checked that it has no cycle (roster_open
 * does). */
struct block_tree {
    const int *parents;
    int num_areas;
    const bool *fixed; /* by area; NULL: none. Listed for good: such an area is never withheld */
};

struct block_site {
    int area;    /* its own */
    int owner;   /* >= 0; sites of one owner count once */
    bool counts; /* false: owned by an operator; there, but not counted */
    int group;   /* 0 or 1: a block's sites of each group are counted by themselves */
    bool consents; /* a group whose sites all consent is never too small */
};

/* The listed area whose block holds what belongs to `area`: itself or its nearest listed ancestor; -1 if
 * none. */
int blocks_area_of(const struct block_tree *tree, const bool *listed, int area);

/* The release order's rule: of each group a block has no site or at least `min` distinct owners among its counted ones.
 * Clears entries of `listed` until every block obeys; sets none. */
WEFT_MUST_USE int blocks_withhold_few_owners(const struct block_tree *tree, bool *listed,
                                             const struct block_site *sites, int num_sites, unsigned min,
                                             struct err *err);

/* The plan's rule, for one series: a block has 0 or at least `min` contributing sites. `counts` and `known`
 * are per area and speak of the blocks as listed on entry (entries of areas not listed are ignored). A block
 * of which not all counts are known can never be shown large enough: its area and all listed above it are
 * withheld. */
WEFT_MUST_USE int blocks_withhold_few_contributors(const struct block_tree *tree, bool *listed,
                                                   const uint64_t *counts, const bool *known, unsigned min,
                                                   struct err *err);

/* The plan's rule for one series of a revision. `sites` are those whose numbers enter the totals now; `contributes`
 * and `changed` are counts of blocks, as above. A block passes if 0 or at least `min` sites contribute and, of those
 * that changed, there are 0, or all sites of the block consent, or at least `min` that stand the order's rule. */
struct block_changes {
    const struct block_site *sites;
    int num_sites;
    const bool *has_block; /* the areas whose blocks are counted: those of the order */
    const uint64_t *contributes, *changed;
    const bool *known;
};
WEFT_MUST_USE int blocks_withhold_few_changes(const struct block_tree *tree, bool *listed,
                                              const struct block_changes *changes, unsigned min,
                                              struct err *err);

#endif
