/* crypto_report.h - one Prio3 instance and one report with all its messages, for the tests of prio3.h. */
#ifndef TESTS_CRYPTO_REPORT_H
#define TESTS_CRYPTO_REPORT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/prio3.h"

#include "crypto_naive.h"

#define REPORT_CTX       "weft test"
#define REPORT_RAND_SIZE 128

static const enum prio3_algorithm all_algorithms[] = {PRIO3_SUMVEC, PRIO3_SUMVEC_MULTIPROOF,
                                                      PRIO3_MIXED_SUMVEC_64, PRIO3_MIXED_SUMVEC_128};
#define NUM_ALGORITHMS 4

static inline struct prio3 *make_prio3(enum prio3_algorithm algorithm, const uint64_t *maxima, size_t num,
                                       size_t chunk)
{
    struct prio3_parameters parameters = {algorithm, chunk, num, maxima};
    struct prio3 *prio3 = NULL;

    assert_int_equal(prio3_new(&prio3, &parameters), PRIO3_OK);
    return prio3;
}

/* Buffers have exactly the promised sizes, so that the sanitizer sees every overrun. */
struct report {
    uint8_t verify_key[PRIO3_VERIFY_KEY_SIZE], nonce[PRIO3_NONCE_SIZE], rand[REPORT_RAND_SIZE];
    uint8_t *public_share, *input_shares[PRIO3_SHARES], *verifier_shares[PRIO3_SHARES],
        *out_shares[PRIO3_SHARES];
    uint8_t message[PRIO3_MESSAGE_SIZE];
    size_t public_share_len, input_share_lens[PRIO3_SHARES], verifier_share_lens[PRIO3_SHARES];
};

static inline void report_init(struct report *report, const struct prio3 *prio3, uint64_t *seed)
{
    const struct prio3_sizes *sizes = prio3_sizes(prio3);

    *report = (struct report){.public_share_len = sizes->public_share};
    random_fill(seed, report->verify_key, sizeof report->verify_key);
    random_fill(seed, report->nonce, sizeof report->nonce);
    random_fill(seed, report->rand, sizeof report->rand);
    report->public_share = malloc(sizes->public_share);
    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        report->input_share_lens[i] = sizes->input_share[i];
        report->verifier_share_lens[i] = sizes->verifier_share;
        report->input_shares[i] = malloc(sizes->input_share[i]);
        report->verifier_shares[i] = malloc(sizes->verifier_share);
        report->out_shares[i] = malloc(sizes->out_share);
    }
}

static inline void report_clear(struct report *report)
{
    free(report->public_share);
    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        free(report->input_shares[i]);
        free(report->verifier_shares[i]);
        free(report->out_shares[i]);
    }
}

static inline enum prio3_result report_shard(struct report *report, const struct prio3 *prio3,
                                             const uint64_t *measurement)
{
    return prio3_shard(prio3, report->public_share, report->input_shares, measurement,
                       (const uint8_t *)REPORT_CTX, strlen(REPORT_CTX), report->nonce, report->rand,
                       sizeof report->rand);
}

static inline enum prio3_result report_init_share(struct report *report, const struct prio3 *prio3,
                                                  struct prio3_state **state, unsigned id)
{
    return prio3_verify_init(prio3, state, report->verifier_shares[id], report->verify_key,
                             (const uint8_t *)REPORT_CTX, strlen(REPORT_CTX), id, report->nonce,
                             report->public_share, report->public_share_len, report->input_shares[id],
                             report->input_share_lens[id]);
}

static inline enum prio3_result report_combine(struct report *report, const struct prio3 *prio3)
{
    const uint8_t *const shares[PRIO3_SHARES] = {report->verifier_shares[0], report->verifier_shares[1]};

    return prio3_verifier_shares_to_message(prio3, report->message, (const uint8_t *)REPORT_CTX,
                                            strlen(REPORT_CTX), shares, report->verifier_share_lens);
}

/* All of verification, up to the first failure. */
static inline enum prio3_result report_verify(struct report *report, const struct prio3 *prio3)
{
    struct prio3_state *states[PRIO3_SHARES] = {NULL, NULL};
    enum prio3_result result = PRIO3_OK;

    for (unsigned id = 0; id < PRIO3_SHARES && result == PRIO3_OK; id++) {
        result = report_init_share(report, prio3, &states[id], id);
    }
    if (result == PRIO3_OK) {
        result = report_combine(report, prio3);
    }
    for (unsigned id = 0; id < PRIO3_SHARES && result == PRIO3_OK; id++) {
        result = prio3_verify_next(prio3, report->out_shares[id], states[id], report->message,
                                   sizeof report->message);
    }
    prio3_state_free(&states[0]);
    prio3_state_free(&states[1]);
    return result;
}

#endif
