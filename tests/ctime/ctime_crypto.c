/* ctime_crypto.c - Prio3's secret paths, to be run under valgrind: measurement, randomness and shares are
 * marked undefined, so that valgrind reports each jump and each address that depends on them. With the
 * argument `control` it makes such a jump itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "crypto/prio3.h"
#include "crypto/secret.h"

#define NUM 5
#define CTX (const uint8_t *)"ctime", 5

static void need(int good)
{
    if (!good) {
        exit(2);
    }
}

static uint8_t *need_memory(size_t len)
{
    uint8_t *memory = calloc(1, len);

    need(memory != NULL);
    return memory;
}

/* One report: its outcome is public, everything inside is not. */
static void check_report(enum prio3_algorithm algorithm, const uint64_t *maxima, size_t chunk)
{
    struct prio3_parameters parameters = {algorithm, chunk, NUM, maxima};
    uint64_t measurement[NUM] = {1, 3, 0, 77, 100};
    const uint8_t nonce[PRIO3_NONCE_SIZE] = {1}, key[PRIO3_VERIFY_KEY_SIZE] = {2};
    struct prio3 *prio3 = NULL;

    need(prio3_new(&prio3, &parameters) == PRIO3_OK);
    const struct prio3_sizes *sizes = prio3_sizes(prio3);
    uint8_t *rand = need_memory(sizes->rand), *public_share = need_memory(sizes->public_share);
    uint8_t *shares[2] = {need_memory(sizes->input_share[0]), need_memory(sizes->input_share[1])};
    uint8_t *verifier_share = need_memory(sizes->verifier_share);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(measurement, sizeof measurement);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(rand, sizes->rand);
    enum prio3_result result =
        prio3_shard(prio3, public_share, shares, measurement, CTX, nonce, rand, sizes->rand);
    (void)VALGRIND_MAKE_MEM_DEFINED(&result, sizeof result);
    need(result == PRIO3_OK);
    for (unsigned id = 0; id < 2; id++) {
        struct prio3_state *state = NULL;
        (void)VALGRIND_MAKE_MEM_UNDEFINED(shares[id], sizes->input_share[id]);
        result = prio3_verify_init(prio3, &state, verifier_share, key, CTX, id, nonce, public_share,
                                   sizes->public_share, shares[id], sizes->input_share[id]);
        (void)VALGRIND_MAKE_MEM_DEFINED(&result, sizeof result);
        need(result == PRIO3_OK);
        prio3_state_free(&state);
        secret_free(shares[id], sizes->input_share[id]);
    }
    free(rand);
    free(public_share);
    free(verifier_share);
    prio3_free(&prio3);
}

int main(int argc, char **argv)
{
    static const uint64_t mixed[NUM] = {1, 7, 1, 1000, 100}, equal[NUM] = {100, 100, 100, 100, 100};

    check_report(PRIO3_MIXED_SUMVEC_64, mixed, 4);
    check_report(PRIO3_MIXED_SUMVEC_128, mixed, 5);
    check_report(PRIO3_SUMVEC, equal, 3);
    check_report(PRIO3_SUMVEC_MULTIPROOF, equal, 7);
    if (argc > 1 && strcmp(argv[1], "control") == 0) {
        uint8_t secret = 1;
        (void)VALGRIND_MAKE_MEM_UNDEFINED(&secret, 1);
        printf("%s\n", secret > 3 ? "large" : "small");
    }
    return 0;
}
