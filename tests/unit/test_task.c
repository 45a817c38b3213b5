/* test_task.c - each rule of a sound task, broken alone; cells and their states; the pair's key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"
#include "tests/unit/party.h"

#define DOC(name)   WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define ROLE(name)  WEFT__V1__ROLE__ROLE_##name
#define KIND(name)  WEFT__V1__KIND__KIND_##name
#define STATE(name) ((unsigned)WEFT__V1__CELL_STATE__CELL_##name)

static struct roster *roster;
static struct roster_roots roots;
static struct party drawn;

static int open_roster(void **state)
{
    Weft__V1__Document *document;

    (void)state;
    party_roster(&drawn);
    roots = (struct roster_roots){(const Weft__V1__Root *const *)drawn.root_list, 2};
    document = party_sign(&drawn, DOC(ROSTER), &drawn.roster.base, 2);
    if (roster_open(&roster, document, &roots, 1, NULL) != 0) {
        return -1;
    }
    document_free(&document);
    return 0;
}

static int close_roster(void **state)
{
    (void)state;
    roster_free(&roster);
    return 0;
}

static void assert_unsound(const struct party *p, int code, const char *detail)
{
    struct err err = {0};

    assert_int_equal(task_check(&p->task, roster, &err), code);
    if (strstr(err.detail, detail) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.detail, detail);
    }
}

#define BREAKS(code, says, ...)                                                                              \
    do {                                                                                                     \
        struct party p;                                                                                      \
        party_roster(&p);                                                                                    \
        party_task(&p, roster);                                                                              \
        __VA_ARGS__;                                                                                         \
        assert_unsound(&p, (code), (says));                                                                  \
    } while (0)
#define UNSOUND(says, ...) BREAKS(ERR_TASK_UNSOUND, says, __VA_ARGS__)

static void test_task__is_sound_as_drawn(void **state)
{
    struct party p;
    struct err err = {0};

    (void)state;
    party_roster(&p);
    party_task(&p, roster);
    assert_int_equal(task_check(&p.task, roster, &err), 0);
    p.task.min_coverage_percent = 100;
    p.task.order_ms = p.task.plan_ms = p.task.pattern_ms = p.task.close_ms;
    assert_int_equal(task_check(&p.task, roster, &err), 0);
}

static void test_task__pins_its_roster(void **state)
{
    (void)state;
    BREAKS(ERR_TASK_ROSTER_MISMATCH, "version", p.task.context = TEXT("weft demo v1"));
    BREAKS(ERR_TASK_ROSTER_MISMATCH, "version", p.task.roster_version = 2);
    BREAKS(ERR_TASK_ROSTER_MISMATCH, "version", p.task.roster_digest = BYTES(p.catalogue, DIGEST_SIZE));
    BREAKS(ERR_TASK_ROSTER_MISMATCH, "version", p.task.roster_digest.len = 0);
}

static void test_task__head(void **state)
{
    (void)state;
    UNSOUND("name, nonce", p.task.name = TEXT(""));
    UNSOUND("name, nonce", p.task.nonce.len = 15);
    UNSOUND("name, nonce", p.task.catalogue_digest.len = 0);
    UNSOUND("min_coverage_percent", p.task.min_coverage_percent = 101);
    UNSOUND("vdaf", p.task.vdaf = 3);
    UNSOUND("vdaf", p.task.vdaf = 0);
    UNSOUND("unknown area in the release plan", p.release[1] = TEXT("nowhere"));
    UNSOUND("release plan", p.task.n_release_areas = 0);
    UNSOUND("VDAF parameters", p.task.chunk_length = 0);
}

static void test_task__floors_are_compiled_in(void **state)
{
    (void)state;
    BREAKS(ERR_TASK_FLOOR, "min_sites 2", p.task.min_sites = 2);
    BREAKS(ERR_TASK_FLOOR, "min_sites 0", p.task.min_sites = 0);
    BREAKS(ERR_TASK_FLOOR, "min_cell 2", p.task.min_cell = 2);
}

static void test_task__times_come_in_order(void **state)
{
    (void)state;
    UNSOUND("period", p.task.period = NULL);
    UNSOUND("period", p.period.id = TEXT(""));
    UNSOUND("period", p.period.end_ms = p.period.start_ms);
    UNSOUND("times", p.task.open_ms = p.task.close_ms);
    UNSOUND("times", p.task.order_ms = p.task.close_ms - 1);
    UNSOUND("times", p.task.plan_ms = p.task.order_ms - 1);
    UNSOUND("times", p.task.pattern_ms = p.task.plan_ms - 1);
    UNSOUND("times", p.task.retention_ms = p.task.pattern_ms);
}

/* What six sites may report in sixty months must stay below the prime. */
static void test_task__bounds_cannot_reach_the_prime(void **state)
{
    const uint64_t limit = UINT64_C(0xFFFFFFFF00000001) / (6 * 60);

    (void)state;
    UNSOUND("bound below 1", p.slots[0].maximum = 0);
    BREAKS(ERR_TASK_OVERFLOW, "mortality numerator", p.slots[0].maximum = limit);
    BREAKS(ERR_TASK_OVERFLOW, "mortality numerator", p.slots[0].maximum = UINT64_MAX);
}

static void test_task__slots_follow_their_series(void **state)
{
    (void)state;
    UNSOUND("series or slots out of range", p.task.n_series = 0);
    UNSOUND("series or slots out of range", p.task.n_slots = 0);
    UNSOUND("series: ", p.series[0].indicator = TEXT("not an id"));
    UNSOUND("series: ", p.series[1].stratum = TEXT("not an id"));
    UNSOUND("series: ", p.series[0].scale = 0);
    UNSOUND("stratum without its whole", p.series[0].stratum = TEXT("old"));
    UNSOUND("stratum without its whole", p.series[1].indicator = TEXT("other"));
    UNSOUND("contributes, missing", p.slots[2].maximum = 2);
    UNSOUND("contributes, missing", p.slots[2].role = ROLE(MISSING));
    UNSOUND("contributes, missing", p.slots[3].role = ROLE(CONTRIBUTES));
    UNSOUND("contributes, missing", p.slots[3].series = 1);
    UNSOUND("slots out of order", p.slots[0].role = ROLE(COMPLEMENT));
    UNSOUND("slots out of order", p.slots[1].role = ROLE(NUMERATOR));
    UNSOUND("some belong to no series", p.task.n_slots = 14; p.slots[13].series = 7);
    UNSOUND("slots: mortality", p.series[1].n_bin_lower = 3; p.series[1].bin_lower = p.bins);
    UNSOUND("slots: mortality", p.series[1].kind = KIND(OBSERVED_EXPECTED));
    UNSOUND("kind", p.series[1].kind = KIND(NONE));
    UNSOUND("kind", p.series[1].kind = (Weft__V1__Kind)77);
}

static void test_task__bins_rise(void **state)
{
    (void)state;
    UNSOUND("bins: stay", p.series[2].n_bin_lower = 2);
    UNSOUND("bins: stay", p.series[2].n_bin_lower = 0);
    UNSOUND("bins out of order", p.slots[9].bin = 0);
    UNSOUND("bins out of order", p.slots[9].role = ROLE(COUNT));
    UNSOUND("bins out of order", p.bins[1] = p.bins[0]);
    UNSOUND("bins out of order", p.bins[2] = p.bins[1] - 1);
}

/* ---- opening ---- */

static struct task *open_task(struct party *p, int num_roots, int code)
{
    Weft__V1__Document *document;
    struct task *task = NULL;
    struct err err = {0};

    party_roster(p);
    party_task(p, roster);
    document = party_sign(p, DOC(TASK), &p->task.base, num_roots);
    assert_int_equal(task_open(&task, document, roster, &err), code);
    document_free(&document);
    return task;
}

static void test_task__needs_a_root_of_each_side(void **state)
{
    struct party p;
    struct task *task;

    (void)state;
    assert_null(open_task(&p, 0, ERR_TASK_SIGNATURE));
    assert_null(open_task(&p, 1, ERR_TASK_SIGNATURE));
    task = open_task(&p, 2, 0);
    assert_non_null(task);
    task_free(&task);
    assert_null(task);
}

static void test_task__has_its_cells(void **state)
{
    struct party p;
    struct task *task = open_task(&p, 2, 0);
    char name[64];

    (void)state;
    assert_int_equal(task->num_series, 3);
    assert_int_equal(task->num_cells, 2 + 2 + 4);
    assert_int_equal(task->series[2].first_cell, 4);
    assert_int_equal(task->series[2].contributes, 11);
    assert_true(task->cells[7].is_missing);
    assert_int_equal(task->cells[7].slots[0], 12);
    assert_int_equal(task->cells[5].bin, 1);
    for (int i = 0; i < task->num_cells; i++) {
        assert_false(task->cells[i].is_exempt);
    }
    assert_string_equal(task_slot_name(task, 5, name, sizeof name), "mortality/old complement");
    assert_string_equal(task_slot_name(task, 11, name, 8), "stay co");
    task_free(&task);
}

static void assert_state(const struct task *task, int cell, const uint64_t *totals, unsigned numerator,
                         unsigned complement, unsigned count)
{
    uint8_t state = task_cell_state(task, cell, totals);

    assert_int_equal(cell_component_state(state, CELL_NUMERATOR), numerator);
    assert_int_equal(cell_component_state(state, CELL_COMPLEMENT), complement);
    assert_int_equal(cell_component_state(state, CELL_COUNT), count);
}

static void test_task__small_is_below_min_cell_and_above_none(void **state)
{
    struct party p;
    struct task *task = open_task(&p, 2, 0);
    uint64_t totals[PARTY_SLOTS] = {0};

    (void)state;
    assert_state(task, 0, totals, STATE(ZERO), STATE(ZERO), STATE(ZERO));
    totals[0] = 1;
    totals[1] = 1;
    assert_state(task, 0, totals, STATE(SMALL), STATE(SMALL), STATE(SMALL));
    totals[1] = 2; /* together they are 3 */
    assert_state(task, 0, totals, STATE(SMALL), STATE(SMALL), STATE(LARGE));
    totals[0] = 3;
    totals[1] = 0;
    assert_state(task, 0, totals, STATE(LARGE), STATE(ZERO), STATE(LARGE));
    totals[9] = 2;
    totals[12] = 3;
    assert_state(task, 5, totals, STATE(ABSENT), STATE(ABSENT), STATE(SMALL));
    assert_state(task, 7, totals, STATE(ABSENT), STATE(ABSENT), STATE(LARGE));
    task_free(&task);
}

static void test_task__both_of_a_pair_derive_one_key_and_others_another(void **state)
{
    uint8_t a[KEY_SIZE] = {8}, b[KEY_SIZE] = {16}, c[KEY_SIZE] = {24}, pa[KEY_SIZE], pb[KEY_SIZE],
            pc[KEY_SIZE];
    uint8_t first[PRIO3_VERIFY_KEY_SIZE], second[PRIO3_VERIFY_KEY_SIZE], zero[KEY_SIZE] = {0};
    struct party p;
    struct task *task = open_task(&p, 2, 0);
    struct err err = {0};

    (void)state;
    agree_public(pa, a);
    agree_public(pb, b);
    agree_public(pc, c);
    assert_int_equal(task_verify_key(first, task, a, pb, &err), 0);
    assert_int_equal(task_verify_key(second, task, b, pa, &err), 0);
    assert_memory_equal(first, second, sizeof first);
    assert_int_equal(task_verify_key(second, task, c, pa, &err), 0);
    assert_memory_not_equal(first, second, sizeof first);
    task->id[0] ^= 1; /* another task */
    assert_int_equal(task_verify_key(second, task, a, pb, &err), 0);
    assert_memory_not_equal(first, second, sizeof first);
    assert_int_equal(task_verify_key(second, task, a, zero, &err), ERR_ROSTER_UNSOUND);
    task_free(&task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_task__is_sound_as_drawn),
        cmocka_unit_test(test_task__pins_its_roster),
        cmocka_unit_test(test_task__head),
        cmocka_unit_test(test_task__floors_are_compiled_in),
        cmocka_unit_test(test_task__times_come_in_order),
        cmocka_unit_test(test_task__bounds_cannot_reach_the_prime),
        cmocka_unit_test(test_task__slots_follow_their_series),
        cmocka_unit_test(test_task__bins_rise),
        cmocka_unit_test(test_task__needs_a_root_of_each_side),
        cmocka_unit_test(test_task__has_its_cells),
        cmocka_unit_test(test_task__small_is_below_min_cell_and_above_none),
        cmocka_unit_test(test_task__both_of_a_pair_derive_one_key_and_others_another),
    };
    return cmocka_run_group_tests(tests, open_roster, close_roster);
}
