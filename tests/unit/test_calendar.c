/* test_calendar.c - dates, instants and periods, judged by a naive day counter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/calendar.h"

static const struct calendar_zone utc = {"UTC", 0};

static struct calendar_zone zone_of(const char *text)
{
    struct calendar_zone zone;

    assert_int_equal(calendar_zone(&zone, text, NULL), 0);
    return zone;
}

static int64_t ms_of(const char *text)
{
    int64_t ms = 0;

    assert_int_equal(calendar_parse(&ms, text, &utc, NULL), 0);
    return ms;
}

static void test_calendar__every_day_agrees_with_counting_one_by_one(void **state)
{
    int64_t days = -719162; /* 0001-01-01, by the published day number */

    (void)state;
    for (int year = 1; year <= 9999; year++) {
        int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        const int lengths[] = {31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

        for (int month = 1; month <= 12; month++) {
            if (calendar_days_in_month(year, month) != lengths[month - 1])
                fail_msg("length of %d-%d", year, month);
            for (int day = 1; day <= lengths[month - 1]; day++, days++) {
                int y, m, d;

                calendar_date(days, &y, &m, &d);
                if (calendar_days(year, month, day) != days || y != year || m != month || d != day)
                    fail_msg("%04d-%02d-%02d", year, month, day);
            }
        }
    }
    assert_int_equal(calendar_days(1970, 1, 1), 0);
    assert_int_equal(days, 2932897); /* 10000-01-01 */
}

static void test_calendar__known_instants(void **state)
{
    struct calendar_zone shanghai = zone_of(NULL);
    char text[CALENDAR_TEXT_SIZE];

    (void)state;
    assert_int_equal(ms_of("1970-01-01"), 0);
    assert_int_equal(ms_of("2000-02-29T23:59:59Z"), INT64_C(951868799000));
    assert_int_equal(ms_of("2014-07-01T08:30:00.123+08:00"), INT64_C(1404174600123));
    assert_int_equal(ms_of("1969-12-31 23:59:59.999"), -1);
    assert_string_equal(calendar_format(-1, &utc, text), "1969-12-31T23:59:59.999Z");
    assert_string_equal(calendar_format(INT64_C(1404174600123), &shanghai, text),
                        "2014-07-01T08:30:00.123+08:00");
    assert_string_equal(calendar_format(ms_of("0001-01-01"), &utc, text), "0001-01-01T00:00:00.000Z");
    assert_string_equal(calendar_format(ms_of("0001-01-01") - 1, &utc, text), "-");
    assert_string_equal(calendar_format(INT64_MAX, &shanghai, text), "-");
    assert_string_equal(calendar_format(INT64_MIN, &shanghai, text), "-");
}

static void test_calendar__fractions_of_a_second(void **state)
{
    (void)state;
    assert_int_equal(ms_of("1970-01-01T00:00:00.5"), 500);
    assert_int_equal(ms_of("1970-01-01T00:00:00.05"), 50);
    assert_int_equal(ms_of("1970-01-01T00:00:00.005"), 5);
}

static void test_calendar__refuses_what_is_no_time(void **state)
{
    static const char *const bad[] = {"",
                                      "2014",
                                      "2014-7-01",
                                      "2014-02-29",
                                      "1900-02-29",
                                      "2014-13-01",
                                      "2014-00-01",
                                      "2014-04-31",
                                      "0000-01-01",
                                      "2014-01-01T",
                                      "2014-01-01T24:00",
                                      "2014-01-01T12:60",
                                      "2014-01-01T12:00:60",
                                      "2014-01-01T12:00:00.",
                                      "2014-01-01T12:00:00.1234",
                                      "2014-01-01T12:00+8:00",
                                      "2014-01-01T12:00+08",
                                      "2014-01-01T12:00ZZ",
                                      "2014-01-01Z",
                                      " 2014-01-01",
                                      "2014-01-01 ",
                                      "20140101"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = {0};
        int64_t ms = 7;

        if (calendar_parse(&ms, bad[i], &utc, &err) != ERR_BAD_TIME || ms != 7)
            fail_msg("%s was taken", bad[i]);
        if (strlen(bad[i]) > 4)
            assert_null(strstr(err.detail, bad[i])); /* it may be a patient's */
    }
}

static void test_calendar__zones(void **state)
{
    static const char *const bad[] = {"Europe/Berlin", "8",      "+8",  "+08",     "+0800",         "+15:00",
                                      "+14:01",        "+08:60", "utc", "+08:00 ", "Asia/Shanghai2"};
    struct calendar_zone zone;

    (void)state;
    assert_int_equal(zone_of(NULL).offset_minutes, 480);
    assert_string_equal(zone_of("").name, "Asia/Shanghai");
    assert_int_equal(zone_of("UTC").offset_minutes, 0);
    assert_int_equal(zone_of("+08:00").offset_minutes, 480);
    assert_int_equal(zone_of("-03:30").offset_minutes, -210);
    assert_int_equal(zone_of("+14:00").offset_minutes, 840);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (calendar_zone(&zone, bad[i], NULL) != ERR_BAD_TIME)
            fail_msg("%s was taken", bad[i]);
    }
}

static void check_period(const char *id, const char *begin, const char *end)
{
    struct calendar_zone shanghai = zone_of("Asia/Shanghai");
    struct calendar_period period;

    assert_int_equal(calendar_period(&period, id, &shanghai, NULL), 0);
    assert_string_equal(period.id, id);
    assert_string_equal(period.zone.name, "Asia/Shanghai");
    if (period.begin_ms != ms_of(begin) || period.end_ms != ms_of(end))
        fail_msg("%s has other bounds", id);
    assert_true(calendar_period_holds(&period, period.begin_ms));
    assert_false(calendar_period_holds(&period, period.begin_ms - 1));
    assert_true(calendar_period_holds(&period, period.end_ms - 1));
    assert_false(calendar_period_holds(&period, period.end_ms));
}

static void test_calendar__periods_are_half_open_in_civil_time(void **state)
{
    struct calendar_zone shanghai = zone_of(NULL);
    struct calendar_period year;

    (void)state;
    check_period("2014", "2013-12-31T16:00:00Z", "2014-12-31T16:00:00Z");
    check_period("2014H1", "2014-01-01T00:00+08:00", "2014-07-01T00:00+08:00");
    check_period("2014H2", "2014-07-01T00:00+08:00", "2015-01-01T00:00+08:00");
    check_period("2014Q3", "2014-07-01T00:00+08:00", "2014-10-01T00:00+08:00");
    check_period("2014Q4", "2014-10-01T00:00+08:00", "2015-01-01T00:00+08:00");
    check_period("2016-02", "2016-02-01T00:00+08:00", "2016-03-01T00:00+08:00");
    check_period("2014-12", "2014-12-01T00:00+08:00", "2015-01-01T00:00+08:00");
    check_period("2014-01..2015-12", "2014-01-01T00:00+08:00", "2016-01-01T00:00+08:00");
    check_period("2014..2015", "2014-01-01T00:00+08:00", "2016-01-01T00:00+08:00");
    check_period("2014Q4..2015Q1", "2014-10-01T00:00+08:00", "2015-04-01T00:00+08:00");

    assert_int_equal(calendar_period(&year, "2014", &shanghai, NULL), 0);
    assert_true(calendar_period_holds(&year, ms_of("2014-12-31T23:59:59.999+08:00")));
    assert_false(calendar_period_holds(&year, ms_of("2014-12-31T23:59:59.999Z")));
}

static void test_calendar__refuses_what_is_no_period(void **state)
{
    static const char *const bad[] = {"",
                                      "14",
                                      "20145",
                                      "0000",
                                      "2014H0",
                                      "2014H3",
                                      "2014Q0",
                                      "2014Q5",
                                      "2014-00",
                                      "2014-13",
                                      "2014-1",
                                      "2014-01-01",
                                      "2014.",
                                      "2014..",
                                      "2014...2015",
                                      "2014..2014",
                                      "2015..2014",
                                      "2014-01..2014Q2",
                                      "2014..2015..2016",
                                      "2014h1",
                                      "2014 ",
                                      "-2014"};
    struct calendar_period period;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (calendar_period(&period, bad[i], &utc, NULL) != ERR_BAD_PERIOD)
            fail_msg("%s was taken", bad[i]);
    }
}

static void test_calendar__periods_overlap_only_where_they_share_an_instant(void **state)
{
    struct calendar_zone shanghai = zone_of(NULL);
    struct calendar_period year, half, next, abroad;

    (void)state;
    assert_int_equal(calendar_period(&year, "2014", &shanghai, NULL), 0);
    assert_int_equal(calendar_period(&half, "2014H2", &shanghai, NULL), 0);
    assert_int_equal(calendar_period(&next, "2015", &shanghai, NULL), 0);
    assert_int_equal(calendar_period(&abroad, "2015", &utc, NULL), 0);
    assert_true(calendar_periods_overlap(&year, &half));
    assert_true(calendar_periods_overlap(&half, &year));
    assert_false(calendar_periods_overlap(&year, &next));
    assert_false(calendar_periods_overlap(&next, &half));
    assert_true(calendar_periods_overlap(&abroad, &next));
    assert_false(calendar_periods_overlap(&abroad, &year));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calendar__every_day_agrees_with_counting_one_by_one),
        cmocka_unit_test(test_calendar__known_instants),
        cmocka_unit_test(test_calendar__fractions_of_a_second),
        cmocka_unit_test(test_calendar__refuses_what_is_no_time),
        cmocka_unit_test(test_calendar__zones),
        cmocka_unit_test(test_calendar__periods_are_half_open_in_civil_time),
        cmocka_unit_test(test_calendar__refuses_what_is_no_period),
        cmocka_unit_test(test_calendar__periods_overlap_only_where_they_share_an_instant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
