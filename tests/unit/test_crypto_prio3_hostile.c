/* test_crypto_prio3_hostile.c - what prio3.h does with everything that is not as it should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto_report.h"

#define NUM_ELEMENTS 4

static const uint64_t equal_maxima[NUM_ELEMENTS] = {100, 100, 100, 100};
static const uint64_t mixed_maxima[NUM_ELEMENTS] = {1, 7, 100, 1000};
static const uint64_t measurement[NUM_ELEMENTS] = {1, 5, 66, 99};

/* An instance of each type with a good report; each test spoils something. */
struct fixture {
    struct prio3 *prio3;
    struct report report;
};

static void fixture_make(struct fixture *fixture, size_t algorithm, uint64_t *seed)
{
    fixture->prio3 =
        make_prio3(all_algorithms[algorithm], algorithm < 2 ? equal_maxima : mixed_maxima, NUM_ELEMENTS, 5);
    report_init(&fixture->report, fixture->prio3, seed);
    assert_int_equal(report_shard(&fixture->report, fixture->prio3, measurement), PRIO3_OK);
    assert_int_equal(report_verify(&fixture->report, fixture->prio3), PRIO3_OK);
}

static void fixture_clear(struct fixture *fixture)
{
    report_clear(&fixture->report);
    prio3_free(&fixture->prio3);
}

/* Make element number `i` of `vector` the prime itself, then the largest bit pattern; call `expect` each
 * time. */
static void with_bad_element(const struct fixture *fixture, uint8_t *vector, size_t i,
                             void (*expect)(const struct fixture *fixture))
{
    size_t element = prio3_sizes(fixture->prio3)->element;
    number kept = number_at(vector, i, element);

    number_put(vector, i, element, element == 8 ? NAIVE_P64 : NAIVE_P128);
    expect(fixture);
    number_put(vector, i, element, ~(number)0);
    expect(fixture);
    number_put(vector, i, element, kept);
}

static void test_prio3__refuses_bad_parameters(void **state)
{
    static uint64_t many[PRIO3_MAX_ELEMENTS + 1];
    const uint64_t zero[] = {3, 0}, unequal[] = {3, 4};
    const struct prio3_parameters bad[] = {
        {(enum prio3_algorithm)4, 1, 1, equal_maxima},
        {(enum prio3_algorithm)0, 1, 1, equal_maxima},
        {PRIO3_SUMVEC, 0, 1, equal_maxima},
        {PRIO3_SUMVEC, PRIO3_MAX_BITS + 1, 1, equal_maxima},
        {PRIO3_SUMVEC, 1, 0, equal_maxima},
        {PRIO3_SUMVEC, 1, 1, NULL},
        {PRIO3_MIXED_SUMVEC_64, 1, 2, zero},
        {PRIO3_SUMVEC, 1, 2, unequal},
        {PRIO3_SUMVEC_MULTIPROOF, 1, 2, unequal},
        {PRIO3_SUMVEC, 9, PRIO3_MAX_ELEMENTS + 1, many},
        {PRIO3_SUMVEC, 9, PRIO3_MAX_ELEMENTS, many},
    };
    struct prio3 *prio3 = NULL;

    (void)state;
    for (size_t i = 0; i <= PRIO3_MAX_ELEMENTS; i++) {
        many[i] = UINT32_MAX; /* together more than PRIO3_MAX_BITS */
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(prio3_new(&prio3, &bad[i]), PRIO3_BAD_PARAMETERS);
        assert_null(prio3);
    }
    prio3_free(&prio3);
}

static void test_prio3__refuses_a_measurement_above_its_maximum(void **state)
{
    uint64_t seed = 21;

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct fixture fixture;
        fixture_make(&fixture, a, &seed);
        for (size_t i = 0; i < NUM_ELEMENTS; i++) {
            uint64_t spoilt[NUM_ELEMENTS], maximum = a < 2 ? equal_maxima[i] : mixed_maxima[i];
            memcpy(spoilt, measurement, sizeof spoilt);
            spoilt[i] = maximum + 1;
            assert_int_equal(report_shard(&fixture.report, fixture.prio3, spoilt), PRIO3_OUT_OF_RANGE);
            spoilt[i] = UINT64_MAX;
            assert_int_equal(report_shard(&fixture.report, fixture.prio3, spoilt), PRIO3_OUT_OF_RANGE);
            spoilt[i] = maximum;
            assert_int_equal(report_shard(&fixture.report, fixture.prio3, spoilt), PRIO3_OK);
        }
        fixture_clear(&fixture);
    }
}

static void expect_init(struct fixture *fixture, unsigned id, enum prio3_result expected)
{
    struct prio3_state *state = NULL;

    assert_int_equal(report_init_share(&fixture->report, fixture->prio3, &state, id), expected);
    assert_true((state != NULL) == (expected == PRIO3_OK));
    prio3_state_free(&state);
}

static void test_prio3__refuses_every_wrong_length(void **state)
{
    const size_t changes[] = {(size_t)-1, 1, 16, (size_t)-16};
    uint64_t seed = 22;

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct fixture fixture;
        fixture_make(&fixture, a, &seed);
        struct report *report = &fixture.report;
        for (size_t c = 0; c < 4; c++) {
            report->public_share_len += changes[c];
            expect_init(&fixture, 0, PRIO3_BAD_LENGTH);
            report->public_share_len -= changes[c];
            for (unsigned id = 0; id < PRIO3_SHARES; id++) {
                report->input_share_lens[id] += changes[c];
                expect_init(&fixture, id, PRIO3_BAD_LENGTH);
                report->input_share_lens[id] -= changes[c];
                report->verifier_share_lens[id] += changes[c];
                assert_int_equal(report_combine(report, fixture.prio3), PRIO3_BAD_LENGTH);
                report->verifier_share_lens[id] -= changes[c];
            }
        }
        report->input_share_lens[0] = 0;
        expect_init(&fixture, 0, PRIO3_BAD_LENGTH);
        fixture_clear(&fixture);
    }
}

static void test_prio3__knows_two_aggregators(void **state)
{
    uint64_t seed = 32;
    struct fixture fixture;
    struct prio3_state *verifying = NULL;

    (void)state;
    fixture_make(&fixture, 0, &seed);
    struct report *r = &fixture.report;
    assert_int_equal(prio3_verify_init(fixture.prio3, &verifying, r->verifier_shares[0], r->verify_key, NULL,
                                       0, 2, r->nonce, r->public_share, r->public_share_len,
                                       r->input_shares[1], r->input_share_lens[1]),
                     PRIO3_BAD_PARAMETERS);
    assert_null(verifying);
    fixture_clear(&fixture);
}

static void test_prio3__refuses_wrong_lengths_of_randomness_message_and_context(void **state)
{
    static uint8_t long_context[70000];
    uint64_t seed = 23;
    struct fixture fixture;
    struct prio3_state *verifying = NULL;

    (void)state;
    fixture_make(&fixture, 3, &seed);
    struct report *r = &fixture.report;
    assert_int_equal(prio3_shard(fixture.prio3, r->public_share, r->input_shares, measurement, long_context,
                                 9, r->nonce, r->rand, sizeof r->rand - 1),
                     PRIO3_BAD_LENGTH);
    assert_int_equal(prio3_shard(fixture.prio3, r->public_share, r->input_shares, measurement, long_context,
                                 sizeof long_context, r->nonce, r->rand, sizeof r->rand),
                     PRIO3_BAD_LENGTH);
    assert_int_equal(report_init_share(r, fixture.prio3, &verifying, 0), PRIO3_OK);
    assert_int_equal(prio3_verify_next(fixture.prio3, r->out_shares[0], verifying, r->message, 31),
                     PRIO3_BAD_LENGTH);
    assert_int_equal(prio3_verify_next(fixture.prio3, r->out_shares[0], verifying, r->message, 0),
                     PRIO3_BAD_LENGTH);
    assert_int_equal(prio3_verify_next(fixture.prio3, r->out_shares[0], verifying, r->message, 32), PRIO3_OK);
    prio3_state_free(&verifying);
    fixture_clear(&fixture);
}

static void leader_share_is_refused(const struct fixture *fixture)
{
    struct fixture copy = *fixture;

    expect_init(&copy, 0, PRIO3_BAD_ELEMENT);
}

static void combination_is_refused(const struct fixture *fixture)
{
    struct fixture copy = *fixture;

    assert_int_equal(report_combine(&copy.report, copy.prio3), PRIO3_BAD_ELEMENT);
}

static void test_prio3__refuses_elements_out_of_range(void **state)
{
    uint64_t seed = 24;

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct fixture fixture;
        fixture_make(&fixture, a, &seed);
        const struct prio3_sizes *sizes = prio3_sizes(fixture.prio3);
        for (size_t i = 0; i < (sizes->input_share[0] - 32) / sizes->element; i++) {
            with_bad_element(&fixture, fixture.report.input_shares[0], i, leader_share_is_refused);
        }
        for (size_t i = 0; i < (sizes->verifier_share - 32) / sizes->element; i++) {
            with_bad_element(&fixture, fixture.report.verifier_shares[i % 2], i, combination_is_refused);
        }
        assert_int_equal(report_verify(&fixture.report, fixture.prio3), PRIO3_OK);
        fixture_clear(&fixture);
    }
}

/* Flip a bit of every byte of `data` in turn: verification must fail. */
static void expect_flips_to_fail(struct fixture *fixture, uint8_t *data, size_t len, size_t step)
{
    for (size_t i = 0; i < len; i += step) {
        uint8_t bit = (uint8_t)(1 << i % 8);
        data[i] ^= bit;
        assert_int_not_equal(report_verify(&fixture->report, fixture->prio3), PRIO3_OK);
        data[i] ^= bit;
    }
}

static void test_prio3__rejects_a_report_with_any_byte_changed(void **state)
{
    uint64_t seed = 25;

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct fixture fixture;
        fixture_make(&fixture, a, &seed);
        struct report *report = &fixture.report;
        expect_flips_to_fail(&fixture, report->public_share, report->public_share_len, 1);
        expect_flips_to_fail(&fixture, report->input_shares[0], report->input_share_lens[0], 3);
        expect_flips_to_fail(&fixture, report->input_shares[1], report->input_share_lens[1], 1);
        expect_flips_to_fail(&fixture, report->nonce, sizeof report->nonce, 1);
        assert_int_equal(report_verify(report, fixture.prio3), PRIO3_OK);
        fixture_clear(&fixture);
    }
}

static void test_prio3__rejects_shares_of_another_type_or_context(void **state)
{
    uint64_t seed = 26;
    struct fixture fixture;

    (void)state;
    fixture_make(&fixture, 0, &seed);
    struct prio3 *other = make_prio3(PRIO3_MIXED_SUMVEC_128, equal_maxima, NUM_ELEMENTS, 5);
    struct report *r = &fixture.report;
    uint8_t *const shares[] = {r->input_shares[0], r->input_shares[1]};
    assert_int_equal(report_verify(r, other), PRIO3_INVALID); /* same sizes, another algorithm id */
    assert_int_equal(prio3_shard(fixture.prio3, r->public_share, shares, measurement,
                                 (const uint8_t *)"weft tesT", 9, r->nonce, r->rand, sizeof r->rand),
                     PRIO3_OK);
    assert_int_equal(report_verify(r, fixture.prio3), PRIO3_INVALID);
    prio3_free(&other);
    fixture_clear(&fixture);
}

static void test_prio3__rejects_any_other_message(void **state)
{
    uint64_t seed = 27;
    struct fixture fixture;

    (void)state;
    fixture_make(&fixture, 2, &seed);
    struct report *report = &fixture.report;
    for (unsigned id = 0; id < PRIO3_SHARES; id++) {
        struct prio3_state *verifying = NULL;
        uint8_t untouched[16 * NUM_ELEMENTS];
        assert_int_equal(report_init_share(report, fixture.prio3, &verifying, id), PRIO3_OK);
        memset(report->out_shares[id], 0xaa, prio3_sizes(fixture.prio3)->out_share);
        memset(untouched, 0xaa, sizeof untouched);
        for (size_t i = 0; i < sizeof report->message; i++) {
            report->message[i] ^= 1;
            assert_int_equal(
                prio3_verify_next(fixture.prio3, report->out_shares[id], verifying, report->message, 32),
                PRIO3_INVALID);
            report->message[i] ^= 1;
        }
        assert_memory_equal(report->out_shares[id], untouched, prio3_sizes(fixture.prio3)->out_share);
        prio3_state_free(&verifying);
    }
    fixture_clear(&fixture);
}

static void test_prio3__rejects_any_change_of_a_verifier_share(void **state)
{
    uint64_t seed = 28;

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct fixture fixture;
        fixture_make(&fixture, a, &seed);
        struct report *report = &fixture.report;
        uint8_t message[PRIO3_MESSAGE_SIZE];
        memcpy(message, report->message, sizeof message);
        for (size_t i = 0; i < report->verifier_share_lens[1]; i++) {
            report->verifier_shares[1][i] ^= 4;
            if (report_combine(report, fixture.prio3) ==
                PRIO3_OK) { /* only the joint randomness part changed */
                assert_true(i >= report->verifier_share_lens[1] - 32);
                assert_memory_not_equal(message, report->message, sizeof message);
            }
            report->verifier_shares[1][i] ^= 4;
        }
        fixture_clear(&fixture);
    }
}

static void test_prio3__accumulates_nothing_bad(void **state)
{
    uint64_t seed = 29;

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct fixture fixture;
        fixture_make(&fixture, a, &seed);
        size_t element = prio3_sizes(fixture.prio3)->element, len = prio3_sizes(fixture.prio3)->out_share;
        uint8_t *sum = calloc(2, len), *zeros = sum + len, *share = fixture.report.out_shares[0];
        number_put(share, NUM_ELEMENTS - 1, element, element == 8 ? NAIVE_P64 : NAIVE_P128);
        assert_int_equal(prio3_accumulate(fixture.prio3, sum, share, NUM_ELEMENTS), PRIO3_BAD_ELEMENT);
        assert_memory_equal(sum, zeros, len);
        assert_int_equal(prio3_accumulate(fixture.prio3, share, sum, NUM_ELEMENTS), PRIO3_BAD_ELEMENT);
        assert_int_equal(prio3_accumulate(fixture.prio3, sum, share, NUM_ELEMENTS + 1), PRIO3_BAD_LENGTH);
        assert_int_equal(prio3_accumulate(fixture.prio3, sum, share, NUM_ELEMENTS - 1), PRIO3_OK);
        free(sum);
        fixture_clear(&fixture);
    }
}

static void test_prio3__opens_no_total_above_its_limit(void **state)
{
    uint64_t seed = 30, totals[NUM_ELEMENTS], limits[NUM_ELEMENTS];

    (void)state;
    for (size_t a = 0; a < NUM_ALGORITHMS; a++) {
        struct fixture fixture;
        fixture_make(&fixture, a, &seed);
        size_t element = prio3_sizes(fixture.prio3)->element;
        const uint8_t *const shares[] = {fixture.report.out_shares[0], fixture.report.out_shares[1]};
        memcpy(limits, measurement, sizeof limits);
        assert_int_equal(prio3_unshard(fixture.prio3, totals, shares, NUM_ELEMENTS, limits), PRIO3_OK);
        assert_memory_equal(totals, measurement, sizeof totals);
        for (size_t i = 0; i < NUM_ELEMENTS; i++) {
            const uint64_t zeros[NUM_ELEMENTS] = {0};
            limits[i]--;
            assert_int_equal(prio3_unshard(fixture.prio3, totals, shares, NUM_ELEMENTS, limits),
                             PRIO3_OVERFLOW);
            assert_memory_equal(totals, zeros, sizeof totals); /* no part of a spoilt result is left */
            limits[i]++;
        }
        /* A sum that wraps around the prime is no small number. */
        number_put(fixture.report.out_shares[0], 0, element, (element == 8 ? NAIVE_P64 : NAIVE_P128) - 1);
        number_put(fixture.report.out_shares[1], 0, element, 0);
        assert_int_equal(prio3_unshard(fixture.prio3, totals, shares, NUM_ELEMENTS, limits), PRIO3_OVERFLOW);
        number_put(fixture.report.out_shares[1], 0, element, ~(number)0);
        assert_int_equal(prio3_unshard(fixture.prio3, totals, shares, NUM_ELEMENTS, limits),
                         PRIO3_BAD_ELEMENT);
        assert_int_equal(prio3_unshard(fixture.prio3, totals, shares, NUM_ELEMENTS + 1, limits),
                         PRIO3_BAD_LENGTH);
        fixture_clear(&fixture);
    }
}

static void test_prio3__ends_empty_things_harmlessly(void **state)
{
    struct prio3 *prio3 = NULL;
    struct prio3_state *verifying = NULL;

    (void)state;
    prio3_free(&prio3);
    prio3_state_free(&verifying);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prio3__refuses_bad_parameters),
        cmocka_unit_test(test_prio3__refuses_a_measurement_above_its_maximum),
        cmocka_unit_test(test_prio3__refuses_every_wrong_length),
        cmocka_unit_test(test_prio3__knows_two_aggregators),
        cmocka_unit_test(test_prio3__refuses_wrong_lengths_of_randomness_message_and_context),
        cmocka_unit_test(test_prio3__refuses_elements_out_of_range),
        cmocka_unit_test(test_prio3__rejects_a_report_with_any_byte_changed),
        cmocka_unit_test(test_prio3__rejects_shares_of_another_type_or_context),
        cmocka_unit_test(test_prio3__rejects_any_other_message),
        cmocka_unit_test(test_prio3__rejects_any_change_of_a_verifier_share),
        cmocka_unit_test(test_prio3__accumulates_nothing_bad),
        cmocka_unit_test(test_prio3__opens_no_total_above_its_limit),
        cmocka_unit_test(test_prio3__ends_empty_things_harmlessly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
