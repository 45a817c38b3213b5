/* moves.h - how a hidden count could be another, and nobody would see the difference.
 *
 * A *move* for a component is a way to change hidden components by whole numbers so that every equation still
 * holds, the component itself grows, nothing that is zero changes, small components do not shrink, and large
 * ones shrink by at most half of min_cell - 1. So:
 *
 *     Theorem. If v are the true values and d is a move for component c, then v, v + d and v + 2d agree in all
 *     that is published, none of them has a negative count, and each has its zeros where v has them. They
 *     differ in c. So whoever knows everything published, all lines and which hidden counts are zero is left
 *     with at least three possible values of c, and likewise of any sum of small components c is in.
 *
 *     Proof. The equations are linear and hold for v, and d is in their null space. A component that shrinks is
 *     at least min_cell and loses at most min_cell - 1 in two steps, so at least 1 is left; small ones only
 *     grow, zeros stay. In a sum of small components no term shrinks and c grows.
 *
 * It needs states, not values. It is sufficient, not necessary: hidden counts of 3 and 4 under a shown 7 leave
 * six possible values each, and still have no move.
 *
 * A move is found by search: the component grows by one, which upsets its equations; take one that is upset and
 * set it right with another of its unknowns, which may upset others; until none is. Best first: by what must be
 * hidden for it, then by length. In tables whose unknowns are each in two equations (areas by strata) moves are
 * cycles, and the search finds one if there is one; in others it may give up, which errs on the safe side (the
 * sums above are hidden). */
#ifndef AUDIT_MOVES_H
#define AUDIT_MOVES_H

#include "audit/equations.h"

#define MOVE_STEPS_MAX 64

struct move {
    int unknowns[MOVE_STEPS_MAX]; /* the component itself first; one may occur several times */
    int num_steps;
    bool grows[MOVE_STEPS_MAX];
};

struct move_search;

WEFT_MUST_USE int move_search_new(struct move_search **search, const struct suppress_table *table,
                                  const struct equations *equations, struct err *err);
void move_search_free(struct move_search **search);

/* The cheapest move for `unknown` as the table stands; with `may_hide`, one that takes cells along which are
 * still shown and may be hidden. `*found` is false if there is none, or none was found. */
WEFT_MUST_USE int move_find(bool *found, struct move *move, struct move_search *search, int unknown,
                            bool may_hide, struct err *err);

#endif
