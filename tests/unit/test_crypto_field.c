/* test_crypto_field.c - both fields against naive arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/field128.h"
#include "crypto/field64.h"

#include "crypto_naive.h"

#define ROUNDS 20000

/* One field with numbers instead of elements. */
struct subject {
    number p;
    unsigned log_order;
    number (*add)(number a, number b);
    number (*sub)(number a, number b);
    number (*mul)(number a, number b);
    number (*sum)(const number *a, const number *b, size_t num, size_t times);
    number (*root)(void);
    number (*half)(void);
    uint64_t (*in_range)(number a);
};

#define SUBJECT(bits)                                                                                        \
    static field##bits element##bits(number a)                                                               \
    {                                                                                                        \
        return field##bits##_load(&a);                                                                       \
    }                                                                                                        \
    static number number##bits(field##bits a)                                                                \
    {                                                                                                        \
        number n = 0;                                                                                        \
        field##bits##_store(&n, a);                                                                          \
        return n;                                                                                            \
    }                                                                                                        \
    static number add##bits(number a, number b)                                                              \
    {                                                                                                        \
        return number##bits(field##bits##_add(element##bits(a), element##bits(b)));                          \
    }                                                                                                        \
    static number sub##bits(number a, number b)                                                              \
    {                                                                                                        \
        return number##bits(field##bits##_sub(element##bits(a), element##bits(b)));                          \
    }                                                                                                        \
    static number mul##bits(number a, number b)                                                              \
    {                                                                                                        \
        return number##bits(field##bits##_mul(element##bits(a), field##bits##_prepare(element##bits(b))));   \
    }                                                                                                        \
    static number sum##bits(const number *a, const number *b, size_t num, size_t times)                      \
    {                                                                                                        \
        struct field##bits##_sum sum = {{0}};                                                                \
        while (times-- > 0) {                                                                                \
            for (size_t i = 0; i < num; i++) {                                                               \
                field##bits##_sum_add(&sum, element##bits(a[i]), element##bits(b[i]));                       \
            }                                                                                                \
        }                                                                                                    \
        field##bits one_m = field##bits##_prepare(field##bits##_from(1));                                    \
        return number##bits(                                                                                 \
            field##bits##_mul(field##bits##_sum_reduce(&sum), field##bits##_prepare(one_m)));                \
    }                                                                                                        \
    static number root##bits(void)                                                                           \
    {                                                                                                        \
        return naive_pow(FIELD##bits##_ROOT_BASE, FIELD##bits##_ROOT_EXPONENT, NAIVE_P##bits);               \
    }                                                                                                        \
    static number half##bits(void)                                                                           \
    {                                                                                                        \
        return number##bits(field##bits##_half());                                                           \
    }                                                                                                        \
    static uint64_t in_range##bits(number a)                                                                 \
    {                                                                                                        \
        return field##bits##_in_range(element##bits(a));                                                     \
    }                                                                                                        \
    static const struct subject subject##bits = {                                                            \
        NAIVE_P##bits, FIELD##bits##_LOG_ORDER, add##bits, sub##bits, mul##bits, sum##bits, root##bits,      \
        half##bits,    in_range##bits};

SUBJECT(64)
SUBJECT(128)

static const struct subject *const subjects[] = {&subject64, &subject128};

static void test_field__agrees_with_naive_arithmetic(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        const struct subject *f = subjects[s];
        for (int i = 0; i < ROUNDS; i++) {
            number a = random_element(&seed, f->p), b = random_element(&seed, f->p);
            assert_true(f->add(a, b) == naive_add(a, b, f->p));
            assert_true(f->sub(a, b) == naive_sub(a, b, f->p));
            assert_true(f->mul(a, b) == naive_mul(a, b, f->p));
        }
    }
}

static void test_field__agrees_at_every_pair_of_corners(void **state)
{
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        const struct subject *f = subjects[s];
        number corners[] = {0,
                            1,
                            2,
                            27,
                            28,
                            29,
                            0xffffffffu,
                            (number)1 << 32,
                            UINT64_MAX % f->p,
                            ((number)1 << 64) % f->p,
                            f->p / 2,
                            f->p / 2 + 1,
                            f->p - 2,
                            f->p - 1,
                            (f->p - 1) & ~(number)UINT64_MAX,
                            f->p - 28,
                            f->p - ((number)1 << 32)};
        size_t num = sizeof corners / sizeof corners[0];
        for (size_t i = 0; i < num * num; i++) {
            number a = corners[i / num] % f->p, b = corners[i % num] % f->p;
            assert_true(f->add(a, b) == naive_add(a, b, f->p));
            assert_true(f->sub(a, b) == naive_sub(a, b, f->p));
            assert_true(f->mul(a, b) == naive_mul(a, b, f->p));
            assert_true(f->sum(&a, &b, 1, 1) == naive_mul(a, b, f->p));
        }
    }
}

static void test_field__sums_of_products_do_not_overflow(void **state)
{
    enum { NUM = 50, TIMES = 20000 }; /* a million terms */
    number a[NUM], b[NUM];
    uint64_t seed = 2;

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        const struct subject *f = subjects[s];
        for (int largest = 0; largest < 2; largest++) {
            number expected = 0;
            for (size_t i = 0; i < NUM; i++) {
                a[i] = largest ? f->p - 1 : random_element(&seed, f->p);
                b[i] = largest ? f->p - 1 : random_element(&seed, f->p);
                expected = naive_add(expected, naive_mul(a[i], b[i], f->p), f->p);
            }
            assert_true(f->sum(a, b, NUM, 1) == expected);
            assert_true(f->sum(a, b, NUM, TIMES) == naive_mul(expected, TIMES, f->p));
        }
    }
}

static void test_field__knows_its_own_range(void **state)
{
    (void)state;
    assert_int_equal(in_range64(NAIVE_P64 - 1), 1);
    assert_int_equal(in_range64(NAIVE_P64), 0);
    assert_int_equal(in_range64(UINT64_MAX), 0);
    assert_int_equal(in_range128(NAIVE_P128 - 1), 1);
    assert_int_equal(in_range128(NAIVE_P128), 0);
    assert_int_equal(in_range128(NAIVE_P128 + 1), 0);
    assert_int_equal(in_range128(~(number)0), 0);
    for (size_t s = 0; s < 2; s++) {
        assert_int_equal(subjects[s]->in_range(0), 1);
    }
}

static void test_field__has_its_root_of_unity_and_half(void **state)
{
    (void)state;
    for (size_t s = 0; s < 2; s++) {
        const struct subject *f = subjects[s];
        number root = f->root();
        assert_true(root == naive_root(f->log_order, f->p));
        assert_true(naive_pow(root, (number)1 << (f->log_order - 1), f->p) == f->p - 1);
        assert_true(naive_add(f->half(), f->half(), f->p) == 1);
    }
}

static void test_field__opens_small_numbers_only(void **state)
{
    uint64_t value;

    (void)state;
    assert_true(field64_to_uint_var(&value, element64(7), 7));
    assert_int_equal(value, 7);
    assert_false(field64_to_uint_var(&value, element64(8), 7));
    assert_true(field128_to_uint_var(&value, element128(UINT64_MAX), UINT64_MAX));
    assert_true(value == UINT64_MAX);
    assert_false(field128_to_uint_var(&value, element128((number)1 << 64), UINT64_MAX));
    assert_false(field128_to_uint_var(&value, element128(NAIVE_P128 - 1), UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field__agrees_with_naive_arithmetic),
        cmocka_unit_test(test_field__agrees_at_every_pair_of_corners),
        cmocka_unit_test(test_field__sums_of_products_do_not_overflow),
        cmocka_unit_test(test_field__knows_its_own_range),
        cmocka_unit_test(test_field__has_its_root_of_unity_and_half),
        cmocka_unit_test(test_field__opens_small_numbers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
