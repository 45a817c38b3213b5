/* nullspace.h - which unknowns do homogeneous linear equations determine?
 *
 * An outsider who knows every published number is left with linear equations among the hidden ones. An
 * unknown is determined exactly when it is 0 in every solution of the homogeneous system. So one random
 * solution, drawn over a large prime field, tells for all unknowns at once: a determined one is always 0 in
 * it, any other is 0 only by an accident of probability 2^-64, and then errs on the safe side. The same
 * goes for sums of unknowns. The draw is pseudo-random from a fixed seed, so that every coordinator gets
 * the same answer. (Working modulo a prime could in principle lose rank that the integers have; the
 * coefficients are 1 and -1, for which no minor that can occur comes near a multiple of the prime.)
 *
 * Sparse elimination in order of least column degree: for the trees and tables met here nearly all of it is
 * peeling (an unknown in one equation only, or an equation with one unknown), without fill-in. */
#ifndef AUDIT_NULLSPACE_H
#define AUDIT_NULLSPACE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct linear_term {
    int unknown;
    int sign; /* 1 or -1; terms of the same unknown add up */
};

/* Equations: the terms of equation i are terms[starts[i]] to terms[starts[i + 1] - 1], and their sum is 0. */
struct linear_system {
    const struct linear_term *terms;
    const size_t *starts; /* num_equations + 1 */
    int num_equations;
    int num_unknowns;
};

/* Write one pseudo-random solution, `num_unknowns` field elements; 0 where the unknown is determined. */
WEFT_MUST_USE int nullspace_sample(uint64_t *solution, const struct linear_system *system, struct err *err);

#endif
