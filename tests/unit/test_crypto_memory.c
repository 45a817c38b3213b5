/* test_crypto_memory.c - each allocation of Prio3 fails once: the result says so and nothing leaks (the
 * address sanitizer looks). malloc and calloc are replaced by the linker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto_report.h"

static long allocations_left = -1; /* -1: any number */

void *__real_malloc(size_t len);
void *__real_calloc(size_t num, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t num, size_t len);

static bool may_allocate(void)
{
    if (allocations_left < 0) {
        return true;
    }
    return allocations_left-- > 0;
}

void *__wrap_malloc(size_t len)
{
    return may_allocate() ? __real_malloc(len) : NULL;
}

void *__wrap_calloc(size_t num, size_t len)
{
    return may_allocate() ? __real_calloc(num, len) : NULL;
}

static const uint64_t maxima[] = {1, 7, 100}, measurement[] = {1, 3, 99};

/* Let the first, then the second, ... allocation fail until `try` succeeds; at least one must have failed. */
static void expect_each_failure(enum prio3_result (*try)(void *data), void *data)
{
    long failures = 0;

    for (;; failures++) {
        allocations_left = failures;
        enum prio3_result result = try(data);
        allocations_left = -1;
        if (result == PRIO3_OK) {
            break;
        }
        assert_int_equal(result, PRIO3_NO_MEMORY);
        assert_true(failures < 100);
    }
    assert_true(failures > 0);
}

static enum prio3_result try_new(void *data)
{
    struct prio3_parameters parameters = {*(enum prio3_algorithm *)data, 3, 3, maxima};
    struct prio3 *prio3 = NULL;
    enum prio3_result result = prio3_new(&prio3, &parameters);

    prio3_free(&prio3);
    return result;
}

static void test_memory__prio3_new_fails_cleanly(void **state)
{
    enum prio3_algorithm algorithms[] = {PRIO3_MIXED_SUMVEC_64, PRIO3_MIXED_SUMVEC_128};

    (void)state;
    expect_each_failure(try_new, &algorithms[0]);
    expect_each_failure(try_new, &algorithms[1]);
}

struct fixture {
    struct prio3 *prio3;
    struct report report;
};

static enum prio3_result try_shard(void *data)
{
    struct fixture *fixture = data;

    return report_shard(&fixture->report, fixture->prio3, measurement);
}

static enum prio3_result try_verify(void *data)
{
    struct fixture *fixture = data;

    return report_verify(&fixture->report, fixture->prio3);
}

static void test_memory__sharding_and_verifying_fail_cleanly(void **state)
{
    uint64_t seed = 31;
    struct fixture fixture = {.prio3 = make_prio3(PRIO3_MIXED_SUMVEC_64, maxima, 3, 3)};

    (void)state;
    report_init(&fixture.report, fixture.prio3, &seed);
    expect_each_failure(try_shard, &fixture);
    expect_each_failure(try_verify, &fixture);
    report_clear(&fixture.report);
    prio3_free(&fixture.prio3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory__prio3_new_fails_cleanly),
        cmocka_unit_test(test_memory__sharding_and_verifying_fail_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
