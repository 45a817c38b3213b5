/* flp.h - the fully linear proof of Prio3 (draft-irtf-cfrg-vdaf-20, section "FLP Specification") for one
 * circuit: each element of a vector is in range. Internal to crypto/; prio3.c drives it.
 *
 * The measurement is encoded as `num_bits` zeros and ones x. The circuit takes them in `calls` chunks of
 * `chunk` (the last one filled up with zeros) and feeds chunk k to the gadget, a sum of `chunk` products:
 *
 *     gadget(k) = sum over j of  (r_k^(j+1) x) (x - 1),   x = bit number (k - 1) chunk + j,   k = 1 .. calls
 *
 * with joint randomness r_k; the circuit's output is the sum over k and is zero for honest bits. A proof is
 * the seeds of the 2 chunk wire polynomials, then 2 points - 1 values of the gadget polynomial on the powers
 * of the root of unity of order 2 points, where `points` is the smallest power of two above `calls`. Wires 2j
 * and 2j + 1 are the left and right factor of product j; wire polynomials are given by their values on the
 * powers of the root of order `points`: seed, calls 1 .. `calls`, zeros.
 *
 * Vectors of field elements cross this interface as bytes in the wire encoding, at any alignment. flp.inc
 * implements it once for every field; struct flp_field lists the result. */
#ifndef CRYPTO_FLP_H
#define CRYPTO_FLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/xof.h"

struct flp_tables; /* roots of unity, weights: each field's own */

struct flp {
    size_t num_elements;
    size_t num_bits;
    size_t chunk;
    size_t calls;
    size_t points;
    uint64_t *maxima; /* num_elements of them */
    uint8_t *widths;  /* bits of each element's encoding */
    struct flp_tables *tables;
};

struct flp_field {
    size_t element_size;
    unsigned max_width; /* of an element of a measurement */

    /* Build and free flp->tables; everything else in `flp` is set. False: no memory. */
    bool (*tables_new)(struct flp *flp);
    void (*tables_free)(struct flp *flp);

    /* Bytes of scratch memory that prove and query want, aligned as malloc does. */
    size_t (*scratch_len)(const struct flp *flp);

    /* The next `num` elements of the finished `xof`. */
    void (*expand)(uint8_t *out, size_t num, struct xof *xof);
    bool (*in_range)(const uint8_t *vector, size_t num);
    /* Of decoded vectors: sum += share; share = value - share; share = bits - share. */
    void (*add)(uint8_t *sum, const uint8_t *share, size_t num);
    void (*subtract_from)(uint8_t *share, const uint8_t *value, size_t num);
    void (*subtract_from_bits)(uint8_t *share, const uint8_t *bits, size_t num);
    /* a + b as integers, each at most its limit; false if one is not. May branch: totals are about to be
     * shown. */
    bool (*open_var)(uint64_t *totals, const uint8_t *a, const uint8_t *b, const uint64_t *limits,
                     size_t num);

    /* A proof about `bits` (one byte each). prove_rand: 2 chunk elements; joint_rand: `calls` elements. */
    void (*prove)(const struct flp *flp, uint8_t *proof, const uint8_t *bits, const uint8_t *prove_rand,
                  const uint8_t *joint_rand, void *scratch);
    /* One aggregator's share of the verifier from its shares of measurement and proof. query_rand: one
     * element. False if that is a root of unity, where the test would give the proof away. */
    bool (*query)(const struct flp *flp, uint8_t *verifier, const uint8_t *measurement, const uint8_t *proof,
                  const uint8_t *query_rand, const uint8_t *joint_rand, void *scratch);
    /* Whether the verifier, given as two shares, accepts. */
    bool (*decide)(const struct flp *flp, const uint8_t *verifier_a, const uint8_t *verifier_b);
    /* The share of each element from the shares of its bits. */
    void (*truncate)(const struct flp *flp, uint8_t *out_share, const uint8_t *measurement);
};

extern const struct flp_field flp_field64, flp_field128;

/* Lengths in elements. */
static inline size_t flp_prove_rand_num(const struct flp *flp)
{
    return 2 * flp->chunk;
}

static inline size_t flp_proof_num(const struct flp *flp)
{
    return 2 * flp->chunk + 2 * flp->points - 1;
}

static inline size_t flp_verifier_num(const struct flp *flp)
{
    return 2 * flp->chunk + 2; /* circuit output, wires, gadget */
}

/* Encode into num_bits bytes of 0 or 1 (section "Prio3Sum", range-checked integers). False, with nothing of
 * use in `bits`, if an element exceeds its maximum. */
bool flp_encode(const struct flp *flp, uint8_t *bits, const uint64_t *measurement);

#endif
