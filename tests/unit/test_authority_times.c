/* test_authority_times.c - the times of a draft task: said, or by default, in the zone of its period. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "coordinator/authority_times.h"

static int set(Weft__V1__Task *task, const char *period_id, const char *now, const char *due, const char *close,
               const char *fallback, struct err *err)
{
    char *texts[TIME_NUM] = {NULL,  (char *)(uintptr_t)due, (char *)(uintptr_t)close, "+3d", "+2d", "+2d", "+365d",
                             "+1d", (char *)(uintptr_t)fallback};
    struct calendar_period period;
    struct calendar_zone zone;
    int64_t now_ms = 0;

    weft__v1__task__init(task);
    assert_int_equal(calendar_zone(&zone, "Asia/Shanghai", NULL), 0);
    assert_int_equal(calendar_period(&period, period_id, &zone, NULL), 0);
    assert_int_equal(calendar_parse(&now_ms, now, &zone, NULL), 0);
    return authority_set_times(task, texts, &period, false, now_ms, err);
}

static void assert_at(int64_t ms, const char *expected)
{
    struct calendar_zone zone;
    char text[CALENDAR_TEXT_SIZE];

    assert_int_equal(calendar_zone(&zone, "Asia/Shanghai", NULL), 0);
    assert_string_equal(calendar_format(ms, &zone, text), expected);
}

static void test_times__by_default_follow_the_end_of_the_period_in_local_days(void **state)
{
    static const struct {
        const char *period, *open, *due, *close;
    } cases[] = {
        {"2026-02", "2026-03-01T00:00:00.000+08:00", "2026-03-11T00:00:00.000+08:00",
         "2026-03-16T00:00:00.000+08:00"},
        {"2026Q1", "2026-04-01T00:00:00.000+08:00", "2026-04-16T00:00:00.000+08:00",
         "2026-04-21T00:00:00.000+08:00"},
        {"2026H1", "2026-07-01T00:00:00.000+08:00", "2026-07-21T00:00:00.000+08:00",
         "2026-07-31T00:00:00.000+08:00"},
        {"2028", "2029-01-01T00:00:00.000+08:00", "2029-01-31T00:00:00.000+08:00", "2029-02-15T00:00:00.000+08:00"},
        {"2026-01..2027-06", "2027-07-01T00:00:00.000+08:00", "2027-07-31T00:00:00.000+08:00",
         "2027-08-15T00:00:00.000+08:00"},
    };
    Weft__V1__Task task;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(set(&task, cases[i].period, "2026-01-05", NULL, NULL, NULL, NULL), 0);
        assert_at(task.open_ms, cases[i].open);
        assert_at(task.due_ms, cases[i].due);
        assert_at(task.close_ms, cases[i].close);
        assert_int_equal(task.order_ms, task.close_ms + 3 * CALENDAR_MS_PER_DAY);
        assert_int_equal(task.fallback_ms, 0);
        assert_int_equal(task.order_deadline_ms, 0);
    }
}

static void test_times__what_is_said_counts(void **state)
{
    Weft__V1__Task task;

    (void)state;
    assert_int_equal(set(&task, "2025Q3", "2025-10-05", "2025-10-20T18:00", "+36h", "+1d", NULL), 0);
    assert_at(task.open_ms, "2025-10-05T00:00:00.000+08:00"); /* the period has ended: at once */
    assert_at(task.due_ms, "2025-10-20T18:00:00.000+08:00");
    assert_at(task.close_ms, "2025-10-22T06:00:00.000+08:00");
    assert_int_equal(task.order_deadline_ms, task.order_ms + CALENDAR_MS_PER_DAY);
    assert_int_equal(task.fallback_ms, task.order_ms + 2 * CALENDAR_MS_PER_DAY);
    assert_int_equal(set(&task, "2025Q3", "2025-10-05", NULL, "end+25d", NULL, NULL), 0);
    assert_at(task.close_ms, "2025-10-26T00:00:00.000+08:00");
    assert_int_equal(task.due_ms, 0); /* no grace */
}

static void test_times__a_default_that_has_passed_is_refused(void **state)
{
    Weft__V1__Task task;
    struct err err = {0};

    (void)state;
    assert_int_equal(set(&task, "2014", "2026-01-05", NULL, NULL, NULL, &err), ERR_BAD_TIME);
    assert_string_equal(err.field, "due");
    assert_int_equal(set(&task, "2014", "2026-01-05", "+2d", NULL, NULL, &err), ERR_BAD_TIME);
    assert_string_equal(err.field, "close");
    assert_int_equal(set(&task, "2014", "2026-01-05", "end", NULL, NULL, &err), ERR_BAD_TIME);
    assert_int_equal(set(&task, "2014", "2026-01-05", "end+1w", NULL, NULL, &err), ERR_BAD_TIME);
    assert_int_equal(set(&task, "2014", "2026-01-05", NULL, "+2h", NULL, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times__by_default_follow_the_end_of_the_period_in_local_days),
        cmocka_unit_test(test_times__what_is_said_counts),
        cmocka_unit_test(test_times__a_default_that_has_passed_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
