/* prio3.c - Prio3 (draft-irtf-cfrg-vdaf-20, section "Prio3") for two aggregators: what is derived from which
 * seed, what is sent to whom, and the checks of everything that arrives. The arithmetic is behind flp.h.
 *
 *     rand           helper's share seed | helper's blind | leader's blind | prover's seed
 *     public share   leader's and helper's joint randomness part
 *     leader share   measurement share | proof shares | blind
 *     helper share   seed of both shares | blind
 *     verifier share verifiers | own joint randomness part
 *     message        seed of the joint randomness
 *
 * A joint randomness part binds a blind, the nonce and the encoded measurement share; the shares are hashed
 * as they lie in memory, since that is their encoding. */
#include "crypto/prio3.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/flp.h"
#include "crypto/secret.h"
#include "crypto/xof.h"

#define VDAF_VERSION     18 /* the VERSION byte of draft-20 */
#define TAG_PREFIX_SIZE  8
#define SEED             XOF_SEED_SIZE
#define MAX_PROOFS       3
#define MAX_ELEMENT_SIZE 16

enum usage {
    USAGE_MEASUREMENT_SHARE = 1,
    USAGE_PROOF_SHARE = 2,
    USAGE_JOINT_RANDOMNESS = 3,
    USAGE_PROVE_RANDOMNESS = 4,
    USAGE_QUERY_RANDOMNESS = 5,
    USAGE_JOINT_RAND_SEED = 6,
    USAGE_JOINT_RAND_PART = 7,
};

struct prio3 {
    uint32_t algorithm;
    uint8_t num_proofs;
    const struct flp_field *field;
    struct flp flp;
    struct prio3_sizes sizes;
};

struct prio3_state {
    size_t out_share_len;
    uint8_t joint_seed[SEED];
    uint8_t out_share[];
};

/* The application context, passed about as one. */
struct context {
    const uint8_t *ctx;
    size_t ctx_len;
};

/* ---- instances ---- */

static unsigned width_of(uint64_t maximum)
{
    unsigned width = 0;

    while (maximum > 0) {
        maximum >>= 1;
        width++;
    }
    return width;
}

size_t prio3_num_bits(const uint64_t *maxima, size_t num_elements)
{
    size_t num_bits = 0;

    for (size_t i = 0; i < num_elements; i++) {
        num_bits += width_of(maxima[i]);
    }
    return num_bits;
}

size_t prio3_best_chunk_length(size_t num_bits)
{
    size_t best = num_bits, best_len = SIZE_MAX;

    for (unsigned k = 1; k <= 21; k++) {
        size_t calls = ((size_t)1 << k) - 1, chunk = (num_bits + calls - 1) / calls;
        size_t proof_len = 2 * chunk + 2 * calls + 1;
        if (proof_len < best_len) {
            best_len = proof_len;
            best = chunk;
        }
    }
    return best;
}

/* Field and number of proofs; false if the algorithm is not known. */
static bool choose_algorithm(struct prio3 *prio3, enum prio3_algorithm algorithm)
{
    prio3->algorithm = (uint32_t)algorithm;
    switch (algorithm) {
    case PRIO3_SUMVEC:
    case PRIO3_MIXED_SUMVEC_128:
        prio3->field = &flp_field128;
        prio3->num_proofs = 1;
        return true;
    case PRIO3_SUMVEC_MULTIPROOF:
    case PRIO3_MIXED_SUMVEC_64:
        prio3->field = &flp_field64;
        prio3->num_proofs = 3;
        return true;
    }
    return false;
}

static bool is_mixed(enum prio3_algorithm algorithm)
{
    return algorithm == PRIO3_MIXED_SUMVEC_64 || algorithm == PRIO3_MIXED_SUMVEC_128;
}

static bool parameters_are_good(const struct prio3_parameters *parameters, unsigned max_width)
{
    size_t num = parameters->num_elements;

    if (num < 1 || num > PRIO3_MAX_ELEMENTS || parameters->maxima == NULL) {
        return false;
    }
    for (size_t i = 0; i < num; i++) {
        if (parameters->maxima[i] < 1 || width_of(parameters->maxima[i]) > max_width ||
            (!is_mixed(parameters->algorithm) && parameters->maxima[i] != parameters->maxima[0])) {
            return false;
        }
    }
    return prio3_num_bits(parameters->maxima, num) <= PRIO3_MAX_BITS && parameters->chunk_length >= 1 &&
           parameters->chunk_length <= PRIO3_MAX_BITS;
}

static bool fill_flp(struct flp *flp, const struct prio3_parameters *parameters)
{
    flp->num_elements = parameters->num_elements;
    flp->num_bits = prio3_num_bits(parameters->maxima, flp->num_elements);
    flp->chunk = parameters->chunk_length;
    flp->calls = (flp->num_bits + flp->chunk - 1) / flp->chunk;
    flp->points = 2;
    while (flp->points < 1 + flp->calls) {
        flp->points *= 2;
    }
    flp->maxima = calloc(flp->num_elements, sizeof *flp->maxima);
    flp->widths = calloc(flp->num_elements, 1);
    if (flp->maxima == NULL || flp->widths == NULL) {
        return false;
    }
    for (size_t i = 0; i < flp->num_elements; i++) {
        flp->maxima[i] = parameters->maxima[i];
        flp->widths[i] = (uint8_t)width_of(parameters->maxima[i]);
    }
    return true;
}

static void fill_sizes(struct prio3 *prio3)
{
    const struct flp *flp = &prio3->flp;
    size_t element = prio3->field->element_size;

    prio3->sizes = (struct prio3_sizes){
        .element = element,
        .rand = 2 * PRIO3_SHARES * SEED,
        .public_share = PRIO3_SHARES * SEED,
        .input_share = {(flp->num_bits + prio3->num_proofs * flp_proof_num(flp)) * element + SEED, 2 * SEED},
        .verifier_share = prio3->num_proofs * flp_verifier_num(flp) * element + SEED,
        .out_share = flp->num_elements * element,
    };
}

enum prio3_result prio3_new(struct prio3 **prio3, const struct prio3_parameters *parameters)
{
    struct prio3 *made = calloc(1, sizeof *made);
    enum prio3_result result = PRIO3_NO_MEMORY;

    if (made == NULL) {
        return PRIO3_NO_MEMORY;
    }
    if (!choose_algorithm(made, parameters->algorithm) ||
        !parameters_are_good(parameters, made->field->max_width)) {
        result = PRIO3_BAD_PARAMETERS;
        goto done;
    }
    if (!fill_flp(&made->flp, parameters) || !made->field->tables_new(&made->flp)) {
        goto done;
    }
    fill_sizes(made);
    *prio3 = made;
    made = NULL;
    result = PRIO3_OK;

done:
    prio3_free(&made);
    return result;
}

void prio3_free(struct prio3 **prio3)
{
    struct prio3 *old = *prio3;

    if (old != NULL) {
        if (old->field != NULL) {
            old->field->tables_free(&old->flp);
        }
        free(old->flp.maxima);
        free(old->flp.widths);
        free(old);
        *prio3 = NULL;
    }
}

const struct prio3_sizes *prio3_sizes(const struct prio3 *prio3)
{
    return &prio3->sizes;
}

size_t prio3_num_elements(const struct prio3 *prio3)
{
    return prio3->flp.num_elements;
}

/* ---- working memory: one allocation for each call, wiped at its end ---- */

struct arena {
    uint8_t *memory;
    size_t len, used;
};

#define ARENA_ALIGNMENT 16

static size_t arena_round(size_t len)
{
    return (len + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
}

static bool arena_open(struct arena *arena, size_t len)
{
    arena->memory = malloc(len);
    arena->len = len;
    return arena->memory != NULL;
}

static void *arena_take(struct arena *arena, size_t len)
{
    void *taken = arena->memory + arena->used;

    arena->used += arena_round(len);
    return taken;
}

static void arena_close(struct arena *arena)
{
    secret_free(arena->memory, arena->len);
    *arena = (struct arena){0};
}

/* ---- derivations ---- */

static void start_xof(struct xof *xof, const struct prio3 *prio3, enum usage usage,
                      const struct context *context, const uint8_t seed[SEED])
{
    uint32_t algorithm = prio3->algorithm;
    const uint8_t prefix[TAG_PREFIX_SIZE] = {
        VDAF_VERSION,
        0 /* a VDAF */,
        (uint8_t)(algorithm >> 24),
        (uint8_t)(algorithm >> 16),
        (uint8_t)(algorithm >> 8),
        (uint8_t)algorithm,
        0,
        (uint8_t)usage,
    };

    xof_init(xof, seed, prefix, sizeof prefix, context->ctx, context->ctx_len);
}

/* The helper's share of the measurement. */
static void expand_measurement_share(const struct prio3 *prio3, uint8_t *out, const struct context *context,
                                     const uint8_t seed[SEED])
{
    const uint8_t binder[1] = {1};
    struct xof xof;

    start_xof(&xof, prio3, USAGE_MEASUREMENT_SHARE, context, seed);
    xof_bind(&xof, binder, sizeof binder);
    xof_finish(&xof);
    prio3->field->expand(out, prio3->flp.num_bits, &xof);
    xof_clear(&xof);
}

/* `num` elements for each proof, bound to the number of proofs and `binder`. */
static void expand_for_proofs(const struct prio3 *prio3, uint8_t *out, size_t num, enum usage usage,
                              const struct context *context, const uint8_t seed[SEED], const uint8_t *binder,
                              size_t binder_len)
{
    struct xof xof;

    start_xof(&xof, prio3, usage, context, seed);
    xof_bind(&xof, &prio3->num_proofs, 1);
    xof_bind(&xof, binder, binder_len);
    xof_finish(&xof);
    prio3->field->expand(out, num * prio3->num_proofs, &xof);
    xof_clear(&xof);
}

static void expand_proof_shares(const struct prio3 *prio3, uint8_t *out, const struct context *context,
                                const uint8_t seed[SEED])
{
    const uint8_t binder[1] = {1};

    expand_for_proofs(prio3, out, flp_proof_num(&prio3->flp), USAGE_PROOF_SHARE, context, seed, binder,
                      sizeof binder);
}

static void derive_joint_part(const struct prio3 *prio3, uint8_t part[SEED], const struct context *context,
                              unsigned aggregator_id, const uint8_t blind[SEED],
                              const uint8_t nonce[PRIO3_NONCE_SIZE], const uint8_t *measurement_share)
{
    uint8_t id = (uint8_t)aggregator_id;
    struct xof xof;

    start_xof(&xof, prio3, USAGE_JOINT_RAND_PART, context, blind);
    xof_bind(&xof, &id, 1);
    xof_bind(&xof, nonce, PRIO3_NONCE_SIZE);
    xof_bind(&xof, measurement_share, prio3->flp.num_bits * prio3->field->element_size);
    xof_finish(&xof);
    xof_next(&xof, part, SEED);
    xof_clear(&xof);
}

static void derive_joint_seed(const struct prio3 *prio3, uint8_t seed[SEED], const struct context *context,
                              const uint8_t *leader_part, const uint8_t *helper_part)
{
    const uint8_t no_seed[SEED] = {0};
    struct xof xof;

    start_xof(&xof, prio3, USAGE_JOINT_RAND_SEED, context, no_seed);
    xof_bind(&xof, leader_part, SEED);
    xof_bind(&xof, helper_part, SEED);
    xof_finish(&xof);
    xof_next(&xof, seed, SEED);
    xof_clear(&xof);
}

static bool context_is_good(size_t ctx_len)
{
    return ctx_len <= XOF_MAX_TAG - TAG_PREFIX_SIZE;
}

/* ---- sharding ---- */

/* `proof_shares` holds the helper's shares on entry and the leader's on return. */
static void share_proofs(const struct prio3 *prio3, uint8_t *proof_shares, const struct context *context,
                         const uint8_t *bits, const uint8_t prover_seed[SEED], const uint8_t *joint_seed,
                         struct arena *arena)
{
    const struct flp_field *field = prio3->field;
    const struct flp *flp = &prio3->flp;
    size_t element = field->element_size, proof_len = flp_proof_num(flp) * element;
    size_t prove_rand_len = flp_prove_rand_num(flp) * element, joint_rand_len = flp->calls * element;
    uint8_t *prove_rand = arena_take(arena, prio3->num_proofs * prove_rand_len);
    uint8_t *joint_rand = arena_take(arena, prio3->num_proofs * joint_rand_len);
    uint8_t *proof = arena_take(arena, proof_len);
    void *scratch = arena_take(arena, field->scratch_len(flp));

    expand_for_proofs(prio3, prove_rand, flp_prove_rand_num(flp), USAGE_PROVE_RANDOMNESS, context,
                      prover_seed, NULL, 0);
    expand_for_proofs(prio3, joint_rand, flp->calls, USAGE_JOINT_RANDOMNESS, context, joint_seed, NULL, 0);
    for (size_t i = 0; i < prio3->num_proofs; i++) {
        field->prove(flp, proof, bits, prove_rand + i * prove_rand_len, joint_rand + i * joint_rand_len,
                     scratch);
        field->subtract_from(proof_shares + i * proof_len, proof, flp_proof_num(flp));
    }
}

static size_t shard_arena_len(const struct prio3 *prio3)
{
    const struct flp *flp = &prio3->flp;
    size_t element = prio3->field->element_size;

    return arena_round(flp->num_bits) + arena_round(prio3->num_proofs * flp_prove_rand_num(flp) * element) +
           arena_round(prio3->num_proofs * flp->calls * element) + arena_round(flp_proof_num(flp) * element) +
           arena_round(prio3->field->scratch_len(flp));
}

enum prio3_result prio3_shard(const struct prio3 *prio3, uint8_t *public_share,
                              uint8_t *const input_shares[PRIO3_SHARES], const uint64_t *measurement,
                              const uint8_t *ctx, size_t ctx_len, const uint8_t nonce[PRIO3_NONCE_SIZE],
                              const uint8_t *rand, size_t rand_len)
{
    const struct context context = {ctx, ctx_len};
    const struct flp *flp = &prio3->flp;
    const uint8_t *helper_seed = rand, *helper_blind = rand + SEED, *leader_blind = rand + 2 * SEED;
    uint8_t *leader = input_shares[0], *helper = input_shares[1], *bits, joint_seed[SEED];
    struct arena arena = {0};
    enum prio3_result result = PRIO3_OK;

    if (rand_len != prio3->sizes.rand || !context_is_good(ctx_len)) {
        return PRIO3_BAD_LENGTH;
    }
    if (!arena_open(&arena, shard_arena_len(prio3))) {
        return PRIO3_NO_MEMORY;
    }
    bits = arena_take(&arena, flp->num_bits);
    if (!flp_encode(flp, bits, measurement)) {
        result = PRIO3_OUT_OF_RANGE;
        goto done;
    }
    /* The leader's share holds the helper's until that is hashed; then it is subtracted in place. */
    uint8_t *proof_shares = leader + flp->num_bits * prio3->field->element_size;
    expand_measurement_share(prio3, leader, &context, helper_seed);
    derive_joint_part(prio3, public_share + SEED, &context, 1, helper_blind, nonce, leader);
    prio3->field->subtract_from_bits(leader, bits, flp->num_bits);
    derive_joint_part(prio3, public_share, &context, 0, leader_blind, nonce, leader);
    derive_joint_seed(prio3, joint_seed, &context, public_share, public_share + SEED);

    expand_proof_shares(prio3, proof_shares, &context, helper_seed);
    share_proofs(prio3, proof_shares, &context, bits, rand + 3 * SEED, joint_seed, &arena);
    memcpy(leader + prio3->sizes.input_share[0] - SEED, leader_blind, SEED);
    memcpy(helper, helper_seed, SEED);
    memcpy(helper + SEED, helper_blind, SEED);

done:
    secret_wipe(joint_seed, sizeof joint_seed);
    arena_close(&arena);
    return result;
}

/* ---- verifying ---- */

/* An input share, taken apart. */
struct parts {
    const uint8_t *measurement, *proofs, *blind;
};

static void take_apart(const struct prio3 *prio3, struct parts *parts, const struct context *context,
                       unsigned aggregator_id, const uint8_t *input_share, struct arena *arena)
{
    size_t element = prio3->field->element_size, measurement_len = prio3->flp.num_bits * element;

    if (aggregator_id == 0) {
        *parts = (struct parts){input_share, input_share + measurement_len,
                                input_share + prio3->sizes.input_share[0] - SEED};
        return;
    }
    uint8_t *measurement = arena_take(arena, measurement_len);
    uint8_t *proofs = arena_take(arena, prio3->num_proofs * flp_proof_num(&prio3->flp) * element);
    expand_measurement_share(prio3, measurement, context, input_share);
    expand_proof_shares(prio3, proofs, context, input_share);
    *parts = (struct parts){measurement, proofs, input_share + SEED};
}

static bool query_proofs(const struct prio3 *prio3, uint8_t *verifiers, const struct context *context,
                         const struct parts *parts, const uint8_t *verify_key, const uint8_t *nonce,
                         const uint8_t *joint_seed, struct arena *arena)
{
    const struct flp_field *field = prio3->field;
    const struct flp *flp = &prio3->flp;
    size_t element = field->element_size, proof_len = flp_proof_num(flp) * element;
    size_t verifier_len = flp_verifier_num(flp) * element, joint_rand_len = flp->calls * element;
    uint8_t *joint_rand = arena_take(arena, prio3->num_proofs * joint_rand_len);
    void *scratch = arena_take(arena, field->scratch_len(flp));
    uint8_t query_rand[MAX_PROOFS * MAX_ELEMENT_SIZE];
    bool good = true;

    expand_for_proofs(prio3, joint_rand, flp->calls, USAGE_JOINT_RANDOMNESS, context, joint_seed, NULL, 0);
    expand_for_proofs(prio3, query_rand, 1, USAGE_QUERY_RANDOMNESS, context, verify_key, nonce,
                      PRIO3_NONCE_SIZE);
    for (size_t i = 0; i < prio3->num_proofs && good; i++) {
        good =
            field->query(flp, verifiers + i * verifier_len, parts->measurement, parts->proofs + i * proof_len,
                         query_rand + i * element, joint_rand + i * joint_rand_len, scratch);
    }
    secret_wipe(query_rand, sizeof query_rand);
    return good;
}

static size_t verify_arena_len(const struct prio3 *prio3, unsigned aggregator_id)
{
    const struct flp *flp = &prio3->flp;
    size_t element = prio3->field->element_size;
    size_t len =
        arena_round(prio3->num_proofs * flp->calls * element) + arena_round(prio3->field->scratch_len(flp));

    if (aggregator_id != 0) {
        len += arena_round(flp->num_bits * element) +
               arena_round(prio3->num_proofs * flp_proof_num(flp) * element);
    }
    return len;
}

/* Lengths, and that the leader's elements are elements; the helper's come out of the XOF. */
static enum prio3_result check_shares(const struct prio3 *prio3, unsigned aggregator_id, size_t ctx_len,
                                      size_t public_share_len, const uint8_t *input_share,
                                      size_t input_share_len)
{
    if (aggregator_id >= PRIO3_SHARES) {
        return PRIO3_BAD_PARAMETERS;
    }
    if (public_share_len != prio3->sizes.public_share ||
        input_share_len != prio3->sizes.input_share[aggregator_id] || !context_is_good(ctx_len)) {
        return PRIO3_BAD_LENGTH;
    }
    if (aggregator_id == 0 &&
        !prio3->field->in_range(input_share, (input_share_len - SEED) / prio3->field->element_size)) {
        return PRIO3_BAD_ELEMENT;
    }
    return PRIO3_OK;
}

enum prio3_result prio3_verify_init(const struct prio3 *prio3, struct prio3_state **state,
                                    uint8_t *verifier_share, const uint8_t verify_key[PRIO3_VERIFY_KEY_SIZE],
                                    const uint8_t *ctx, size_t ctx_len, unsigned aggregator_id,
                                    const uint8_t nonce[PRIO3_NONCE_SIZE], const uint8_t *public_share,
                                    size_t public_share_len, const uint8_t *input_share,
                                    size_t input_share_len)
{
    const struct context context = {ctx, ctx_len};
    struct prio3_state *made = NULL;
    struct arena arena = {0};
    struct parts parts;
    enum prio3_result result =
        check_shares(prio3, aggregator_id, ctx_len, public_share_len, input_share, input_share_len);

    if (result != PRIO3_OK) {
        return result;
    }
    made = calloc(1, sizeof *made + prio3->sizes.out_share);
    if (made == NULL || !arena_open(&arena, verify_arena_len(prio3, aggregator_id))) {
        result = PRIO3_NO_MEMORY;
        goto done;
    }
    made->out_share_len = prio3->sizes.out_share;
    take_apart(prio3, &parts, &context, aggregator_id, input_share, &arena);

    /* The own part replaces what the client claims that it is; verify_next compares the outcome. */
    uint8_t *own_part = verifier_share + prio3->sizes.verifier_share - SEED;
    derive_joint_part(prio3, own_part, &context, aggregator_id, parts.blind, nonce, parts.measurement);
    derive_joint_seed(prio3, made->joint_seed, &context, aggregator_id == 0 ? own_part : public_share,
                      aggregator_id == 1 ? own_part : public_share + SEED);
    if (!query_proofs(prio3, verifier_share, &context, &parts, verify_key, nonce, made->joint_seed, &arena)) {
        result = PRIO3_INVALID;
        goto done;
    }
    prio3->field->truncate(&prio3->flp, made->out_share, parts.measurement);
    *state = made;
    made = NULL;

done:
    prio3_state_free(&made);
    arena_close(&arena);
    return result;
}

enum prio3_result prio3_verifier_shares_to_message(const struct prio3 *prio3,
                                                   uint8_t message[PRIO3_MESSAGE_SIZE], const uint8_t *ctx,
                                                   size_t ctx_len, const uint8_t *const shares[PRIO3_SHARES],
                                                   const size_t share_lens[PRIO3_SHARES])
{
    const struct context context = {ctx, ctx_len};
    size_t verifier_num = flp_verifier_num(&prio3->flp), verifiers_len = prio3->sizes.verifier_share - SEED;

    if (!context_is_good(ctx_len)) {
        return PRIO3_BAD_LENGTH;
    }
    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        if (share_lens[i] != prio3->sizes.verifier_share) {
            return PRIO3_BAD_LENGTH;
        }
        if (!prio3->field->in_range(shares[i], prio3->num_proofs * verifier_num)) {
            return PRIO3_BAD_ELEMENT;
        }
    }
    for (size_t i = 0; i < prio3->num_proofs; i++) {
        size_t at = i * verifier_num * prio3->field->element_size;
        if (!prio3->field->decide(&prio3->flp, shares[0] + at, shares[1] + at)) {
            return PRIO3_INVALID;
        }
    }
    derive_joint_seed(prio3, message, &context, shares[0] + verifiers_len, shares[1] + verifiers_len);
    return PRIO3_OK;
}

enum prio3_result prio3_verify_next(const struct prio3 *prio3, uint8_t *out_share,
                                    const struct prio3_state *state, const uint8_t *message,
                                    size_t message_len)
{
    if (message_len != PRIO3_MESSAGE_SIZE || state->out_share_len != prio3->sizes.out_share) {
        return PRIO3_BAD_LENGTH;
    }
    if (!secret_equal(message, state->joint_seed, SEED)) {
        return PRIO3_INVALID;
    }
    memcpy(out_share, state->out_share, state->out_share_len);
    return PRIO3_OK;
}

void prio3_state_free(struct prio3_state **state)
{
    if (*state != NULL) {
        secret_free(*state, sizeof **state + (*state)->out_share_len);
        *state = NULL;
    }
}

/* ---- aggregating ---- */

enum prio3_result prio3_accumulate(const struct prio3 *prio3, uint8_t *sum, const uint8_t *share, size_t num)
{
    if (num > prio3->flp.num_elements) {
        return PRIO3_BAD_LENGTH;
    }
    if (!prio3->field->in_range(sum, num) || !prio3->field->in_range(share, num)) {
        return PRIO3_BAD_ELEMENT;
    }
    prio3->field->add(sum, share, num);
    return PRIO3_OK;
}

enum prio3_result prio3_unshard(const struct prio3 *prio3, uint64_t *totals,
                                const uint8_t *const shares[PRIO3_SHARES], size_t num, const uint64_t *limits)
{
    if (num > prio3->flp.num_elements) {
        return PRIO3_BAD_LENGTH;
    }
    if (!prio3->field->in_range(shares[0], num) || !prio3->field->in_range(shares[1], num)) {
        return PRIO3_BAD_ELEMENT;
    }
    if (!prio3->field->open_var(totals, shares[0], shares[1], limits, num)) {
        secret_wipe(totals, num * sizeof *totals);
        return PRIO3_OVERFLOW;
    }
    return PRIO3_OK;
}

const char *prio3_result_text(enum prio3_result result)
{
    switch (result) {
    case PRIO3_OK:
        return "ok";
    case PRIO3_BAD_PARAMETERS:
        return "unsupported parameters";
    case PRIO3_BAD_LENGTH:
        return "wrong length";
    case PRIO3_BAD_ELEMENT:
        return "not a field element";
    case PRIO3_OUT_OF_RANGE:
        return "measurement above its maximum";
    case PRIO3_INVALID:
        return "proof does not hold";
    case PRIO3_OVERFLOW:
        return "total above its possible maximum";
    case PRIO3_NO_MEMORY:
        return "not enough memory";
    }
    return "unknown result";
}
