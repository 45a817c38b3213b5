/* test_nullspace.c - what linear equations determine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "audit/nullspace.h"
#include "crypto/field64.h"
#include "release_random.h"

#define MAX_UNKNOWNS  60
#define MAX_EQUATIONS 60

static void sample(uint64_t *solution, const struct linear_system *system)
{
    assert_int_equal(nullspace_sample(solution, system, NULL), 0);
}

static void test_nullspace__an_odd_cycle_is_determined_and_an_even_one_is_not(void **state)
{
    static const struct linear_term odd[] = {{0, 1}, {1, 1}, {1, 1}, {2, 1}, {2, 1}, {0, 1}};
    static const struct linear_term even[] = {{0, 1}, {1, 1}, {1, 1}, {2, 1}, {2, 1}, {3, 1}, {3, 1}, {0, 1}};
    static const size_t starts[] = {0, 2, 4, 6, 8};
    uint64_t solution[4];
    (void)state;

    sample(solution, &(struct linear_system){odd, starts, 3, 3});
    for (int i = 0; i < 3; i++)
        assert_true(solution[i] == 0);
    sample(solution, &(struct linear_system){even, starts, 4, 4});
    for (int i = 0; i < 4; i++)
        assert_true(solution[i] != 0);
}

static void test_nullspace__terms_of_one_unknown_add_up(void **state)
{
    static const struct linear_term terms[] = {{0, 1}, {1, 1}, {0, -1}, {2, 1}, {2, -1}};
    static const size_t starts[] = {0, 3, 5};
    uint64_t solution[3];
    (void)state;

    sample(solution, &(struct linear_system){terms, starts, 2, 3});
    assert_true(solution[0] != 0);
    assert_true(solution[1] == 0);
    assert_true(solution[2] != 0);
}

static void test_nullspace__without_equations_all_is_free(void **state)
{
    static const size_t starts[] = {0};
    uint64_t solution[2];
    (void)state;

    sample(solution, &(struct linear_system){NULL, starts, 0, 2});
    assert_true(solution[0] != 0 && solution[1] != 0);
    sample(solution, &(struct linear_system){NULL, starts, 0, 0});
}

/* That nothing more is 0 than must be is judged in test_suppress.c, by a dense elimination. */
static void test_nullspace__a_sample_solves_random_equations(void **state)
{
    struct random random = {3};
    (void)state;

    for (int round = 0; round < 300; round++) {
        struct linear_term terms[MAX_EQUATIONS * 5];
        size_t starts[MAX_EQUATIONS + 1] = {0};
        uint64_t solution[MAX_UNKNOWNS];
        int num_unknowns = 1 + random_below(&random, MAX_UNKNOWNS);
        int num_equations = random_below(&random, MAX_EQUATIONS + 1);
        size_t num = 0;

        for (int i = 0; i < num_equations; i++) {
            for (int j = random_below(&random, 6); j > 0; j--) {
                terms[num++] = (struct linear_term){.unknown = random_below(&random, num_unknowns),
                                                    .sign = random_below(&random, 2) ? 1 : -1};
            }
            starts[i + 1] = num;
        }
        sample(solution, &(struct linear_system){terms, starts, num_equations, num_unknowns});
        for (int i = 0; i < num_equations; i++) {
            field64 sum = 0;

            for (size_t j = starts[i]; j < starts[i + 1]; j++) {
                uint64_t value = solution[terms[j].unknown];

                sum = terms[j].sign > 0 ? field64_add(sum, value) : field64_sub(sum, value);
            }
            assert_true(sum == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nullspace__an_odd_cycle_is_determined_and_an_even_one_is_not),
        cmocka_unit_test(test_nullspace__terms_of_one_unknown_add_up),
        cmocka_unit_test(test_nullspace__without_equations_all_is_free),
        cmocka_unit_test(test_nullspace__a_sample_solves_random_equations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
