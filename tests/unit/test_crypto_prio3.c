/* test_crypto_prio3.c - honest use of prio3.h: what is shared comes back as the sum, for any shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto_report.h"

#define NUM_REPORTS  3
#define MAX_ELEMENTS 40

static uint64_t random_below(uint64_t *seed, uint64_t bound)
{
    return bound == 0 ? 0 : random_word(seed) % bound;
}

/* Random maxima of 1 to 40 bits; all equal where the type wants that. */
static size_t random_maxima(uint64_t *seed, uint64_t *maxima, enum prio3_algorithm algorithm)
{
    size_t num = 1 + random_below(seed, MAX_ELEMENTS);
    bool mixed = algorithm == PRIO3_MIXED_SUMVEC_64 || algorithm == PRIO3_MIXED_SUMVEC_128;

    for (size_t i = 0; i < num; i++) {
        uint64_t width = 1 + random_below(seed, 40), top = (uint64_t)1 << (width - 1);
        maxima[i] = mixed || i == 0 ? top + random_below(seed, top) : maxima[0];
    }
    return num;
}

static void add_report(struct prio3 *prio3, uint64_t *seed, const uint64_t *measurement,
                       uint8_t *const sums[PRIO3_SHARES])
{
    struct report report;

    report_init(&report, prio3, seed);
    assert_int_equal(report_shard(&report, prio3, measurement), PRIO3_OK);
    assert_int_equal(report_verify(&report, prio3), PRIO3_OK);
    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        assert_int_equal(prio3_accumulate(prio3, sums[i], report.out_shares[i], prio3_num_elements(prio3)),
                         PRIO3_OK);
    }
    report_clear(&report);
}

static void check_round_trip(enum prio3_algorithm algorithm, uint64_t *seed)
{
    uint64_t maxima[MAX_ELEMENTS], measurement[MAX_ELEMENTS], totals[MAX_ELEMENTS] = {0},
                                                              opened[MAX_ELEMENTS];
    uint64_t limits[MAX_ELEMENTS];
    size_t num = random_maxima(seed, maxima, algorithm), num_bits = prio3_num_bits(maxima, num);
    bool best = random_below(seed, 2) == 0;
    size_t chunk = best ? prio3_best_chunk_length(num_bits) : 1 + random_below(seed, num_bits + 3);
    struct prio3 *prio3 = make_prio3(algorithm, maxima, num, chunk);
    uint8_t *sums[PRIO3_SHARES];

    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        sums[i] = calloc(1, prio3_sizes(prio3)->out_share);
    }
    for (size_t r = 0; r < NUM_REPORTS; r++) {
        for (size_t i = 0; i < num; i++) {
            measurement[i] = r == 0 ? maxima[i] : random_below(seed, maxima[i] + 1);
            totals[i] += measurement[i];
            limits[i] = NUM_REPORTS * maxima[i];
        }
        add_report(prio3, seed, measurement, sums);
    }
    assert_int_equal(prio3_unshard(prio3, opened, (const uint8_t *const *)sums, num, limits), PRIO3_OK);
    assert_memory_equal(opened, totals, num * sizeof *totals);
    free(sums[0]);
    free(sums[1]);
    prio3_free(&prio3);
}

static void test_prio3__gives_back_the_sum_for_any_shape(void **state)
{
    uint64_t seed = 11;

    (void)state;
    for (size_t i = 0; i < 160; i++) {
        check_round_trip(all_algorithms[i % NUM_ALGORITHMS], &seed);
    }
}

static void test_prio3__carries_the_widest_elements(void **state)
{
    const uint64_t widest[] = {UINT64_MAX, (uint64_t)1 << 63, 1}, wide[] = {INT64_MAX, (uint64_t)1 << 62, 1};
    const uint64_t too_wide[] = {(uint64_t)1 << 63, 1};
    struct {
        enum prio3_algorithm algorithm;
        const uint64_t *maxima;
    } cases[] = {{PRIO3_MIXED_SUMVEC_128, widest}, {PRIO3_MIXED_SUMVEC_64, wide}};
    struct prio3_parameters parameters = {PRIO3_MIXED_SUMVEC_64, 3, 2, too_wide};
    uint64_t seed = 12, opened[3];
    struct prio3 *prio3 = NULL;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        prio3 = make_prio3(cases[i].algorithm, cases[i].maxima, 3, 11);
        struct report report;
        report_init(&report, prio3, &seed);
        assert_int_equal(report_shard(&report, prio3, cases[i].maxima), PRIO3_OK);
        assert_int_equal(report_verify(&report, prio3), PRIO3_OK);
        assert_int_equal(
            prio3_unshard(prio3, opened, (const uint8_t *const *)report.out_shares, 3, cases[i].maxima),
            PRIO3_OK);
        assert_memory_equal(opened, cases[i].maxima, sizeof opened);
        report_clear(&report);
        prio3_free(&prio3);
    }
    assert_int_equal(prio3_new(&prio3, &parameters), PRIO3_BAD_PARAMETERS);
}

static void test_prio3__gives_the_same_bytes_for_the_same_input(void **state)
{
    const uint64_t maxima[] = {7, 100}, measurement[] = {3, 99}, other[] = {3, 98};
    struct prio3 *prio3 = make_prio3(PRIO3_MIXED_SUMVEC_64, maxima, 2, 4);
    uint64_t seeds[] = {13, 13, 13};
    struct report reports[3];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        report_init(&reports[i], prio3, &seeds[i]);
        assert_int_equal(report_shard(&reports[i], prio3, i < 2 ? measurement : other), PRIO3_OK);
    }
    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        assert_memory_equal(reports[0].input_shares[i], reports[1].input_shares[i],
                            reports[0].input_share_lens[i]);
    }
    assert_memory_equal(reports[0].public_share, reports[1].public_share, reports[0].public_share_len);
    assert_memory_not_equal(reports[0].public_share, reports[2].public_share, reports[0].public_share_len);
    for (size_t i = 0; i < 3; i++) {
        report_clear(&reports[i]);
    }
    prio3_free(&prio3);
}

static void test_prio3__reads_shares_at_any_address(void **state)
{
    const uint64_t maxima[] = {7, 100, 1}, measurement[] = {3, 99, 1};
    uint64_t seed = 14;

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct prio3 *prio3 =
            make_prio3(all_algorithms[a], a < 2 ? (const uint64_t[]){100, 100, 100} : maxima, 3, 4);
        const struct prio3_sizes *sizes = prio3_sizes(prio3);
        struct report report;
        report_init(&report, prio3, &seed);
        free(report.input_shares[0]);
        uint8_t *memory = malloc(sizes->input_share[0] + 1);
        report.input_shares[0] = memory + 1;
        assert_int_equal(report_shard(&report, prio3, measurement), PRIO3_OK);
        assert_int_equal(report_verify(&report, prio3), PRIO3_OK);
        report.input_shares[0] = memory;
        report_clear(&report);
        prio3_free(&prio3);
    }
}

static void test_prio3__has_the_sizes_of_the_text(void **state)
{
    uint64_t maxima[1000];

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        maxima[i] = 65535;
    }
    struct prio3 *prio3 = make_prio3(PRIO3_SUMVEC, maxima, 1000, 126);
    const struct prio3_sizes *sizes = prio3_sizes(prio3);
    assert_int_equal(sizes->input_share[0], 264144);
    assert_int_equal(sizes->input_share[1], 64);
    assert_int_equal(sizes->public_share, 64);
    assert_int_equal(sizes->verifier_share, 4096);
    assert_int_equal(sizes->out_share, 16000);
    assert_int_equal(sizes->rand, REPORT_RAND_SIZE);
    assert_int_equal(prio3_num_elements(prio3), 1000);
    prio3_free(&prio3);
    prio3 = make_prio3(PRIO3_SUMVEC_MULTIPROOF, maxima, 1000, 126);
    assert_int_equal(prio3_sizes(prio3)->input_share[0], 140200);
    assert_int_equal(prio3_sizes(prio3)->verifier_share, 6128);
    prio3_free(&prio3);
}

static size_t proof_len(size_t num_bits, size_t chunk)
{
    size_t calls = (num_bits + chunk - 1) / chunk, points = 2;

    while (points < calls + 1) {
        points *= 2;
    }
    return 2 * chunk + 2 * points - 1;
}

static void test_prio3__chooses_the_chunk_with_the_smallest_proof(void **state)
{
    (void)state;
    assert_int_equal(prio3_best_chunk_length(16000), 126);
    assert_int_equal(prio3_best_chunk_length(32000), 252);
    assert_int_equal(prio3_best_chunk_length(1600), 52);
    assert_int_equal(prio3_best_chunk_length(1), 1);
    for (size_t num_bits = 1; num_bits <= 700; num_bits++) {
        size_t best = prio3_best_chunk_length(num_bits);
        for (size_t chunk = 1; chunk <= num_bits; chunk++) {
            assert_true(proof_len(num_bits, best) <= proof_len(num_bits, chunk));
        }
    }
}

static void test_prio3__sums_chosen_slots_only(void **state)
{
    const uint64_t maxima[] = {1, 7, 100, 1000}, measurement[] = {1, 5, 66, 999}, limits[] = {7, 100};
    uint64_t seed = 15, opened[2];

    (void)state;
    for (size_t a = 2; a < NUM_ALGORITHMS; a++) {
        struct prio3 *prio3 = make_prio3(all_algorithms[a], maxima, 4, 4);
        size_t element = prio3_sizes(prio3)->element;
        uint8_t sums[PRIO3_SHARES][2 * 16] = {{0}};
        struct report report;
        report_init(&report, prio3, &seed);
        assert_int_equal(report_shard(&report, prio3, measurement), PRIO3_OK);
        assert_int_equal(report_verify(&report, prio3), PRIO3_OK);
        for (size_t i = 0; i < PRIO3_SHARES; i++) {
            assert_int_equal(prio3_accumulate(prio3, sums[i], report.out_shares[i] + element, 2), PRIO3_OK);
        }
        const uint8_t *const shares[] = {sums[0], sums[1]};
        assert_int_equal(prio3_unshard(prio3, opened, shares, 2, limits), PRIO3_OK);
        assert_int_equal(opened[0], 5);
        assert_int_equal(opened[1], 66);
        report_clear(&report);
        prio3_free(&prio3);
    }
}

static void test_prio3__names_every_result(void **state)
{
    (void)state;
    for (int result = PRIO3_OK; result <= PRIO3_NO_MEMORY; result++) {
        assert_string_not_equal(prio3_result_text((enum prio3_result)result), "unknown result");
    }
    assert_string_equal(prio3_result_text((enum prio3_result)(PRIO3_NO_MEMORY + 1)), "unknown result");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prio3__gives_back_the_sum_for_any_shape),
        cmocka_unit_test(test_prio3__carries_the_widest_elements),
        cmocka_unit_test(test_prio3__gives_the_same_bytes_for_the_same_input),
        cmocka_unit_test(test_prio3__reads_shares_at_any_address),
        cmocka_unit_test(test_prio3__has_the_sizes_of_the_text),
        cmocka_unit_test(test_prio3__chooses_the_chunk_with_the_smallest_proof),
        cmocka_unit_test(test_prio3__sums_chosen_slots_only),
        cmocka_unit_test(test_prio3__names_every_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
