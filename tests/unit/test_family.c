/* test_family.c - which tasks may live side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit/family.h"

#define MAX_TASKS 4

/* Tasks made by hand: of [start, end), with up to two indicators. */
struct one {
    struct task task;
    Weft__V1__Task wire;
    Weft__V1__Period period;
    Weft__V1__Series series[2], *list[2];
    ProtobufCBinaryData parts[MAX_TASKS];
    bool is_void;
};

struct many {
    struct one one[MAX_TASKS];
    size_t num;
};

static struct one *add(struct many *many, const char *indicator, const char *second, int64_t start,
                       int64_t end)
{
    const char *const names[] = {indicator, second};
    struct one *one = &many->one[many->num++];

    weft__v1__task__init(&one->wire);
    weft__v1__period__init(&one->period);
    one->period.start_ms = start;
    one->period.end_ms = end;
    one->wire.period = &one->period;
    one->wire.name = (char *)(uintptr_t) "t";
    one->wire.series = one->list;
    for (size_t i = 0; i < 2 && names[i] != NULL; i++) {
        weft__v1__series__init(&one->series[i]);
        one->series[i].indicator = (char *)(uintptr_t)names[i];
        one->list[one->wire.n_series++] = &one->series[i];
    }
    one->task.wire = &one->wire;
    memset(one->task.id, (int)many->num, TASK_ID_SIZE);
    return one;
}

static void add_part(struct one *sum, struct one *part)
{
    sum->wire.parts = sum->parts;
    sum->parts[sum->wire.n_parts++] = (ProtobufCBinaryData){TASK_ID_SIZE, part->task.id};
}

static void revises(struct one *later, struct one *former, uint32_t revision)
{
    later->wire.revision = revision;
    later->wire.supersedes = (ProtobufCBinaryData){TASK_ID_SIZE, former->task.id};
}

static const struct task *at(const void *holder, size_t index)
{
    const struct one *one = &((const struct many *)holder)->one[index];

    return one->is_void ? NULL : &one->task;
}

static const struct task *conflict(const struct many *many, const struct one *one)
{
    return family_conflict(&(struct family){at, many, many->num}, &one->task);
}

static void test_family__refuses_a_common_indicator_over_common_time(void **state)
{
    struct many many = {0};
    struct one *month = add(&many, "mortality", "pneumonia", 0, 31),
               *quarter = add(&many, "stroke", "pneumonia", 30, 90);
    struct err err = {0};

    (void)state;
    assert_ptr_equal(conflict(&many, quarter), &month->task);
    assert_ptr_equal(conflict(&many, month), &quarter->task);
    assert_int_equal(family_check(&(struct family){at, &many, 2}, &quarter->task, &err), ERR_TASK_OVERLAPS);
    assert_int_equal(family_check(&(struct family){at, &many, 0}, &quarter->task, &err), 0);
    quarter->period.start_ms = 31; /* half-open: they only touch */
    assert_null(conflict(&many, quarter));
}

static void test_family__lets_other_indicators_be(void **state)
{
    struct many many = {0};

    (void)state;
    add(&many, "mortality", NULL, 0, 31);
    assert_null(conflict(&many, add(&many, "pneumonia", "stroke", 0, 31)));
}

static void test_family__a_voided_task_stands_in_nobodys_way(void **state)
{
    struct many many = {0};
    struct one *first = add(&many, "mortality", NULL, 0, 31), *second = add(&many, "mortality", NULL, 0, 31);

    (void)state;
    assert_ptr_equal(conflict(&many, second), &first->task);
    first->is_void = true;
    assert_null(conflict(&many, second));
}

static void test_family__revisions_are_of_one_chain(void **state)
{
    struct many many = {0};
    struct one *first = add(&many, "mortality", NULL, 0, 31), *again = add(&many, "mortality", NULL, 0, 31),
               *third = add(&many, "mortality", NULL, 0, 31);

    (void)state;
    revises(again, first, 1);
    revises(third, again, 2);
    assert_null(conflict(&many, third));
    assert_null(conflict(&many, first));
    again->period.end_ms = 30; /* a revision of another time is none */
    assert_non_null(conflict(&many, again));
    again->period.end_ms = 31;
    memset(again->task.id, 99, TASK_ID_SIZE); /* the chain is broken: what it goes back to is not known */
    again->wire.supersedes = (ProtobufCBinaryData){TASK_ID_SIZE, third->task.id};
    assert_non_null(conflict(&many, first));
}

static void test_family__sums_are_nested(void **state)
{
    struct many many = {0};
    struct one *may = add(&many, "m", NULL, 0, 1), *june = add(&many, "m", NULL, 1, 2);
    struct one *sum = add(&many, "m", NULL, 0, 2), *other = add(&many, "m", NULL, 0, 2);
    struct one july = {0};

    (void)state;
    add_part(sum, may);
    add_part(sum, june);
    add_part(other, may);
    assert_null(conflict(&many, may)); /* a sum is in no part's way */
    assert_null(conflict(&many, sum));
    assert_null(conflict(&many, other)); /* one within the other */
    memset(july.task.id, 7, TASK_ID_SIZE);
    add_part(other, &july);
    assert_ptr_equal(conflict(&many, other), &sum->task); /* may is common, june and july are not */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_family__refuses_a_common_indicator_over_common_time),
        cmocka_unit_test(test_family__lets_other_indicators_be),
        cmocka_unit_test(test_family__a_voided_task_stands_in_nobodys_way),
        cmocka_unit_test(test_family__revisions_are_of_one_chain),
        cmocka_unit_test(test_family__sums_are_nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
