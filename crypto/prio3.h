/* prio3.h - split a vector of bounded counts into two shares that mean nothing alone, and prove that each
 * count is within its bound (draft-irtf-cfrg-vdaf-20, Prio3 with the SumVec circuit).
 *
 * Types: Prio3SumVec (Field128, one proof), Prio3SumVecWithMultiproof (Field64, three proofs) and
 * Prio3MixedSumVec, the same circuit where every element has its own maximum (private algorithm ids). Steps,
 * names and encodings follow the specification. All elements are encoded little-endian with
 * prio3_sizes().element bytes.
 *
 * Shares and the measurement are secret: nothing here branches on, indexes by, or prints one, unless its name
 * ends in _var. Whatever comes from outside is checked for its exact length before use. */
#ifndef CRYPTO_PRIO3_H
#define CRYPTO_PRIO3_H

#include <stddef.h>
#include <stdint.h>

#define PRIO3_NONCE_SIZE      16 /* the report id */
#define PRIO3_VERIFY_KEY_SIZE 32
#define PRIO3_MESSAGE_SIZE    32 /* verifier message: the joint randomness seed */
#define PRIO3_SHARES          2
#define PRIO3_MAX_ELEMENTS    65536      /* of a measurement */
#define PRIO3_MAX_BITS        (1u << 20) /* of an encoded measurement */

enum prio3_result {
    PRIO3_OK = 0,
    PRIO3_BAD_PARAMETERS, /* unsupported, or sizes out of range */
    PRIO3_BAD_LENGTH,     /* a share, key or message of the wrong length */
    PRIO3_BAD_ELEMENT,    /* an encoded field element is not below the prime */
    PRIO3_OUT_OF_RANGE,   /* a measurement exceeds its maximum */
    PRIO3_INVALID,        /* the proof does not hold, or joint randomness differs */
    PRIO3_OVERFLOW,       /* an aggregate exceeds its possible maximum */
    PRIO3_NO_MEMORY,
};

enum prio3_algorithm {
    PRIO3_SUMVEC = 0x00000003,                  /* Prio3SumVec */
    PRIO3_SUMVEC_MULTIPROOF = (int)0xFFFFFFFFu, /* Prio3SumVecWithMultiproof: Field64, 3 proofs */
    PRIO3_MIXED_SUMVEC_64 = (int)0xFFFF1064u,   /* Prio3MixedSumVec over Field64, 3 proofs */
    PRIO3_MIXED_SUMVEC_128 = (int)0xFFFF1128u,  /* Prio3MixedSumVec over Field128, 1 proof */
};

struct prio3_parameters {
    enum prio3_algorithm algorithm;
    size_t chunk_length;
    size_t num_elements;
    const uint64_t *maxima; /* num_elements of them, each >= 1; all equal for the SumVec types */
};

/* Byte lengths of everything that travels; they depend on the parameters alone. */
struct prio3_sizes {
    size_t element; /* one encoded field element: 8 or 16 */
    size_t rand;    /* randomness of prio3_shard */
    size_t public_share;
    size_t input_share[PRIO3_SHARES]; /* leader, helper */
    size_t verifier_share;
    size_t out_share; /* num_elements * element; an aggregate share has the same size */
};

/* An instance: parameters and precomputed tables; immutable after prio3_new, usable from any thread. */
struct prio3;
struct prio3_state; /* between verify_init and verify_next; secret */

__attribute__((warn_unused_result)) enum prio3_result prio3_new(struct prio3 **prio3,
                                                                const struct prio3_parameters *parameters);
void prio3_free(struct prio3 **prio3); /* harmless on NULL content */

const struct prio3_sizes *prio3_sizes(const struct prio3 *prio3);
size_t prio3_num_elements(const struct prio3 *prio3);

/* The chunk length that gives the smallest proof with 2^k - 1 gadget calls, for `num_bits` encoded bits. */
size_t prio3_best_chunk_length(size_t num_bits);
/* The encoded bits of a measurement with these maxima. */
size_t prio3_num_bits(const uint64_t *maxima, size_t num_elements);

/* Every buffer below has exactly the length that prio3_sizes() says; a length that is passed is checked. */
__attribute__((warn_unused_result)) enum prio3_result
prio3_shard(const struct prio3 *prio3, uint8_t *public_share, uint8_t *const input_shares[PRIO3_SHARES],
            const uint64_t *measurement, const uint8_t *ctx, size_t ctx_len,
            const uint8_t nonce[PRIO3_NONCE_SIZE], const uint8_t *rand, size_t rand_len);

/* `aggregator_id`: 0 leader, 1 helper. On success the caller owns *state. */
__attribute__((warn_unused_result)) enum prio3_result
prio3_verify_init(const struct prio3 *prio3, struct prio3_state **state, uint8_t *verifier_share,
                  const uint8_t verify_key[PRIO3_VERIFY_KEY_SIZE], const uint8_t *ctx, size_t ctx_len,
                  unsigned aggregator_id, const uint8_t nonce[PRIO3_NONCE_SIZE], const uint8_t *public_share,
                  size_t public_share_len, const uint8_t *input_share, size_t input_share_len);

/* Combine both verifier shares, [0] the leader's. PRIO3_INVALID when the proof fails. */
__attribute__((warn_unused_result)) enum prio3_result prio3_verifier_shares_to_message(
    const struct prio3 *prio3, uint8_t message[PRIO3_MESSAGE_SIZE], const uint8_t *ctx, size_t ctx_len,
    const uint8_t *const shares[PRIO3_SHARES], const size_t share_lens[PRIO3_SHARES]);

/* Check the message against the state and give this aggregator's output share (encoded). */
__attribute__((warn_unused_result)) enum prio3_result
prio3_verify_next(const struct prio3 *prio3, uint8_t *out_share, const struct prio3_state *state,
                  const uint8_t *message, size_t message_len);
void prio3_state_free(struct prio3_state **state); /* wipes */

/* sum[i] += share[i] over `num` encoded elements; both must hold valid elements. `num` may be fewer than the
 * instance has, for sums over chosen slots. */
__attribute__((warn_unused_result)) enum prio3_result
prio3_accumulate(const struct prio3 *prio3, uint8_t *sum, const uint8_t *share, size_t num);

/* Add the two aggregate shares and decode `num` totals. `limits[i]` is the largest possible total (maximum
 * times reports): PRIO3_OVERFLOW beyond it. */
__attribute__((warn_unused_result)) enum prio3_result prio3_unshard(const struct prio3 *prio3,
                                                                    uint64_t *totals,
                                                                    const uint8_t *const shares[PRIO3_SHARES],
                                                                    size_t num, const uint64_t *limits);

const char *prio3_result_text(enum prio3_result result);

#endif
