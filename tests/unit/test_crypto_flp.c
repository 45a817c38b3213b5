/* test_crypto_flp.c - the proof system against the specification read naively: wires are stored, polynomials
 * interpolated in quadratic time, inverses taken with Fermat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/flp.h"

#include "crypto_naive.h"

struct subject {
    const struct flp_field *field;
    number p;
};

static const struct subject subjects[] = {{&flp_field64, NAIVE_P64}, {&flp_field128, NAIVE_P128}};

/* One random instance with random inputs, all vectors both as bytes and in use as numbers. */
struct example {
    const struct flp_field *field;
    number p;
    size_t size;
    struct flp flp;
    uint8_t *bits, *measurement, *proof, *prove_rand, *joint_rand, *query_rand;
    void *scratch;
};

static uint8_t *random_vector(const struct example *example, uint64_t *seed, size_t num)
{
    uint8_t *vector = calloc(num, example->size);

    for (size_t i = 0; i < num; i++) {
        number_put(vector, i, example->size, random_element(seed, example->p));
    }
    return vector;
}

static void example_make(struct example *example, const struct subject *subject, uint64_t *seed,
                         size_t num_bits, size_t chunk)
{
    *example =
        (struct example){.field = subject->field, .p = subject->p, .size = subject->field->element_size};
    struct flp *flp = &example->flp;

    flp->num_elements = flp->num_bits = num_bits; /* each element one bit wide */
    flp->chunk = chunk;
    flp->calls = (num_bits + chunk - 1) / chunk;
    for (flp->points = 2; flp->points < flp->calls + 1; flp->points *= 2) {
    }
    flp->maxima = calloc(num_bits, sizeof *flp->maxima);
    flp->widths = calloc(num_bits, 1);
    example->bits = calloc(num_bits, 1);
    for (size_t i = 0; i < num_bits; i++) {
        flp->maxima[i] = flp->widths[i] = 1;
        example->bits[i] = (uint8_t)(random_word(seed) & 1);
    }
    assert_true(example->field->tables_new(flp));
    example->measurement = random_vector(example, seed, num_bits);
    example->proof = random_vector(example, seed, flp_proof_num(flp));
    example->prove_rand = random_vector(example, seed, flp_prove_rand_num(flp));
    example->joint_rand = random_vector(example, seed, flp->calls);
    example->query_rand = random_vector(example, seed, 1);
    number_put(example->query_rand, 0, example->size, 5 + (random_word(seed) >> 8)); /* not a root of unity */
    example->scratch = malloc(example->field->scratch_len(flp));
}

static void example_clear(struct example *example)
{
    void *all[] = {example->bits,       example->measurement, example->proof,
                   example->prove_rand, example->joint_rand,  example->query_rand,
                   example->scratch,    example->flp.maxima,  example->flp.widths};

    example->field->tables_free(&example->flp);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]);
    }
}

static unsigned log2_of(size_t n)
{
    unsigned log = 0;

    while ((size_t)1 << log < n) {
        log++;
    }
    return log;
}

/* The polynomial of degree < n with the values `y` on the powers of the root of order n, at x. */
static number interpolate_at(const number *y, size_t n, number x, number p)
{
    number root = naive_root(log2_of(n), p), total = 0;

    for (size_t k = 0; k < n; k++) {
        number xk = naive_pow(root, k, p), above = y[k], below = 1;
        for (size_t i = 0; i < n; i++) {
            number xi = naive_pow(root, i, p);
            if (i != k) {
                above = naive_mul(above, naive_sub(x, xi, p), p);
                below = naive_mul(below, naive_sub(xk, xi, p), p);
            }
        }
        total = naive_add(total, naive_mul(above, naive_inverse(below, p), p), p);
    }
    return total;
}

/* Wires 2j and 2j + 1 as the circuit fills them: x[] are the bits or their shares, `num_shares` as in the
 * text. */
static void fill_wires(const struct example *example, number *left, number *right, const number *x,
                       const uint8_t *seeds, size_t j, number num_shares)
{
    const struct flp *flp = &example->flp;
    number p = example->p, part = naive_inverse(num_shares, p);

    memset(left, 0, flp->points * sizeof *left);
    memset(right, 0, flp->points * sizeof *right);
    left[0] = number_at(seeds, 2 * j, example->size);
    right[0] = number_at(seeds, 2 * j + 1, example->size);
    for (size_t k = 0; k < flp->calls; k++) {
        size_t index = k * flp->chunk + j;
        number value = index < flp->num_bits ? x[index] : 0;
        number r = naive_pow(number_at(example->joint_rand, k, example->size), j + 1, p);
        left[k + 1] = naive_mul(r, value, p);
        right[k + 1] = naive_sub(value, part, p);
    }
}

static void check_proof(struct example *example)
{
    const struct flp *flp = &example->flp;
    number p = example->p, odd_root = naive_root(log2_of(2 * flp->points), p);
    number *left = calloc(flp->points, sizeof *left), *right = calloc(flp->points, sizeof *right);
    number *x = calloc(flp->num_bits, sizeof *x), *gadget = calloc(2 * flp->points, sizeof *gadget);
    uint8_t *proof = calloc(flp_proof_num(flp), example->size);

    for (size_t i = 0; i < flp->num_bits; i++) {
        x[i] = example->bits[i];
    }
    for (size_t j = 0; j < flp->chunk; j++) {
        fill_wires(example, left, right, x, example->prove_rand, j, 1);
        for (size_t m = 0; m < 2 * flp->points - 1; m++) {
            number at = naive_pow(odd_root, m, p);
            number product = naive_mul(interpolate_at(left, flp->points, at, p),
                                       interpolate_at(right, flp->points, at, p), p);
            gadget[m] = naive_add(gadget[m], product, p);
        }
    }
    example->field->prove(flp, proof, example->bits, example->prove_rand, example->joint_rand,
                          example->scratch);
    assert_memory_equal(proof, example->prove_rand, 2 * flp->chunk * example->size);
    for (size_t m = 0; m < 2 * flp->points - 1; m++) {
        assert_true(number_at(proof, 2 * flp->chunk + m, example->size) == gadget[m]);
    }
    free(left);
    free(right);
    free(x);
    free(gadget);
    free(proof);
}

/* The value left out is the one that makes the polynomial's top coefficient zero. */
static number missing_value(const number *y, size_t n, number p)
{
    number root = naive_root(log2_of(n), p), sum = 0;

    for (size_t i = 0; i + 1 < n;
         i++) { /* n times that coefficient: the sum of y_i root^(-i (n - 1)) = y_i root^i */
        sum = naive_add(sum, naive_mul(y[i], naive_pow(root, i, p), p), p);
    }
    return naive_mul(naive_sub(0, sum, p), naive_inverse(naive_pow(root, n - 1, p), p), p);
}

static void check_query(struct example *example)
{
    const struct flp *flp = &example->flp;
    number p = example->p, t = number_at(example->query_rand, 0, example->size), output = 0;
    number *left = calloc(flp->points, sizeof *left), *right = calloc(flp->points, sizeof *right);
    number *x = calloc(flp->num_bits, sizeof *x), *gadget = calloc(2 * flp->points, sizeof *gadget);
    uint8_t *verifier = calloc(flp_verifier_num(flp), example->size);

    for (size_t i = 0; i < flp->num_bits; i++) {
        x[i] = number_at(example->measurement, i, example->size);
    }
    for (size_t m = 0; m + 1 < 2 * flp->points; m++) {
        gadget[m] = number_at(example->proof, 2 * flp->chunk + m, example->size);
    }
    gadget[2 * flp->points - 1] = missing_value(gadget, 2 * flp->points, p);
    for (size_t k = 1; k <= flp->calls; k++) {
        output = naive_add(output, gadget[2 * k], p);
    }
    assert_true(example->field->query(flp, verifier, example->measurement, example->proof,
                                      example->query_rand, example->joint_rand, example->scratch));
    assert_true(number_at(verifier, 0, example->size) == output);
    for (size_t j = 0; j < flp->chunk; j++) {
        fill_wires(example, left, right, x, example->proof, j, 2);
        assert_true(number_at(verifier, 1 + 2 * j, example->size) == interpolate_at(left, flp->points, t, p));
        assert_true(number_at(verifier, 2 + 2 * j, example->size) ==
                    interpolate_at(right, flp->points, t, p));
    }
    assert_true(number_at(verifier, 1 + 2 * flp->chunk, example->size) ==
                interpolate_at(gadget, 2 * flp->points, t, p));
    free(left);
    free(right);
    free(x);
    free(gadget);
    free(verifier);
}

/* Few bits to a chunk and many, whole and broken last chunks, one call to several. */
static const struct {
    size_t num_bits, chunk;
} shapes[] = {{1, 1}, {2, 1}, {3, 1}, {3, 2}, {5, 5}, {5, 9}, {7, 1}, {8, 3}, {12, 4}, {15, 1}};

static void test_flp__proves_what_the_text_says(void **state)
{
    uint64_t seed = 3;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (size_t s = 0; s < 2; s++) {
            struct example example;
            example_make(&example, &subjects[s], &seed, shapes[i].num_bits, shapes[i].chunk);
            check_proof(&example);
            example_clear(&example);
        }
    }
}

static void test_flp__queries_what_the_text_says(void **state)
{
    uint64_t seed = 4;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        for (size_t s = 0; s < 2; s++) {
            struct example example;
            example_make(&example, &subjects[s], &seed, shapes[i].num_bits, shapes[i].chunk);
            check_query(&example);
            example_clear(&example);
        }
    }
}

static void test_flp__refuses_to_query_at_a_root_of_unity(void **state)
{
    uint64_t seed = 5;

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        struct example example;
        example_make(&example, &subjects[s], &seed, 15, 2);
        uint8_t *verifier = calloc(flp_verifier_num(&example.flp), example.size);
        for (size_t k = 0; k < example.flp.points; k++) {
            number root = naive_root(log2_of(example.flp.points), example.p);
            number_put(example.query_rand, 0, example.size, naive_pow(root, k, example.p));
            assert_false(example.field->query(&example.flp, verifier, example.measurement, example.proof,
                                              example.query_rand, example.joint_rand, example.scratch));
        }
        free(verifier);
        example_clear(&example);
    }
}

/* Known answer of the draft's reference (test_xof.py): one 64-bit word is rejected on the way. */
static void test_flp__drops_words_that_are_not_elements(void **state)
{
    static const uint8_t seed[XOF_SEED_SIZE] = {
        0x44, 0x34, 0x1d, 0xc5, 0x2d, 0x71, 0xa2, 0xff, 0x2e, 0x4c, 0x30, 0x5e, 0x93, 0x35, 0xda, 0x9b,
        0x19, 0xaf, 0xc6, 0x8e, 0x10, 0xb8, 0xb5, 0x43, 0x69, 0x0d, 0xad, 0x9d, 0x3b, 0xbb, 0x46, 0xba};
    enum { NUM = 13883 };
    uint8_t *plain = malloc((NUM + 1) * 8), *expanded = malloc(NUM * 8);
    struct xof xof;

    (void)state;
    xof_init(&xof, seed, NULL, 0, NULL, 0);
    xof_finish(&xof);
    flp_field64.expand(expanded, NUM, &xof);
    assert_true(number_at(expanded, NUM - 1, 8) == 4857131209231097247u);

    xof_init(&xof, seed, NULL, 0, NULL, 0);
    xof_finish(&xof);
    xof_next(&xof, plain, (NUM + 1) * 8);
    assert_false(flp_field64.in_range(plain, NUM));
    assert_true(flp_field64.in_range(expanded, NUM));
    assert_memory_equal(expanded + (NUM - 1) * 8, plain + NUM * 8, 8);
    free(plain);
    free(expanded);
}

static void test_flp__writes_no_value_above_the_maximum(void **state)
{
    (void)state;
    for (uint64_t maximum = 1; maximum < 300; maximum++) {
        uint8_t width = (uint8_t)(64 - __builtin_clzll(maximum)), bits[64];
        struct flp flp = {.num_elements = 1, .num_bits = width, .maxima = &maximum, .widths = &width};
        for (uint64_t value = 0; value < 2 * maximum + 2; value++) {
            uint64_t total = 0, ones = ((uint64_t)1 << (width - 1)) - 1;
            assert_int_equal(flp_encode(&flp, bits, &value), value <= maximum);
            if (value <= maximum) {
                for (unsigned i = 0; i < width; i++) {
                    assert_true(bits[i] <= 1);
                    total += bits[i] * (i + 1 < width ? (uint64_t)1 << i : maximum - ones);
                }
                assert_int_equal(total, value);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flp__proves_what_the_text_says),
        cmocka_unit_test(test_flp__queries_what_the_text_says),
        cmocka_unit_test(test_flp__refuses_to_query_at_a_root_of_unity),
        cmocka_unit_test(test_flp__drops_words_that_are_not_elements),
        cmocka_unit_test(test_flp__writes_no_value_above_the_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
