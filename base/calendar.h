/* calendar.h - civil dates, instants and reporting periods, without the C library's time zones.
 *
 * An instant is a count of milliseconds since 1970-01-01T00:00:00Z, without leap seconds. Civil dates are
 * proleptic Gregorian, years 0001 to 9999. A zone is a fixed offset: "Asia/Shanghai" (+08:00; the summer time
 * of 1986-1991 is not applied), "UTC", or "+hh:mm" / "-hh:mm".
 *
 * A period is an identifier in a zone: "2014", "2014H1", "2014Q3", "2014-07", or two of the same kind joined
 * as "2014-01..2015-12", the first before the second. It is half-open: it begins with the first instant of
 * its first civil day and ends with the first instant after its last, so 2014-12-31T23:59:59.999+08:00 is the
 * last of 2014. */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include <stdbool.h>

#include "base/err.h"

#define CALENDAR_DEFAULT_ZONE "Asia/Shanghai"
#define CALENDAR_ZONE_SIZE    16 /* with NUL */
#define CALENDAR_PERIOD_SIZE  24 /* with NUL */
#define CALENDAR_TEXT_SIZE    32 /* of calendar_format, with NUL */
#define CALENDAR_MS_PER_DAY    INT64_C(86400000)
#define CALENDAR_MS_PER_MINUTE INT64_C(60000)

struct calendar_zone {
    char name[CALENDAR_ZONE_SIZE];
    int32_t offset_minutes; /* east of UTC: civil time minus UTC */
};

struct calendar_time {
    int year;       /* 1 to 9999 */
    int month, day; /* from 1 */
    int hour, minute, second, ms;
};

struct calendar_period {
    char id[CALENDAR_PERIOD_SIZE];
    struct calendar_zone zone;
    int64_t begin_ms, end_ms; /* half-open */
};

/* The clock. */
int64_t calendar_now_ms(void);

bool calendar_is_leap(int year);
int calendar_days_in_month(int year, int month);
bool calendar_is_valid(const struct calendar_time *civil);

/* Days from 1970-01-01 to a valid civil date, and back. */
int64_t calendar_days(int year, int month, int day);
void calendar_date(int64_t days, int *year, int *month, int *day);

/* `civil` must be valid; `ms` must lie within the years 1 to 9999 of the zone. */
int64_t calendar_to_ms(const struct calendar_time *civil, const struct calendar_zone *zone);
void calendar_from_ms(struct calendar_time *civil, int64_t ms, const struct calendar_zone *zone);

/* NULL or "" is the default zone. ERR_BAD_TIME. */
WEFT_MUST_USE int calendar_zone(struct calendar_zone *zone, const char *text, struct err *err);

/* ERR_BAD_PERIOD. */
WEFT_MUST_USE int calendar_period(struct calendar_period *period, const char *id,
                                  const struct calendar_zone *zone, struct err *err);
bool calendar_period_holds(const struct calendar_period *period, int64_t ms);
bool calendar_periods_overlap(const struct calendar_period *a, const struct calendar_period *b);

/* ISO 8601: "2014-07-01", "2014-07-01T08:30", "...:59", "...:59.123", 'T' or a space, then "Z", "+08:00" or
 * nothing (civil time of `zone`). ERR_BAD_TIME, whose detail never repeats the text. The format always has
 * milliseconds and the offset ("Z" when 0): "2014-07-01T08:30:00.000+08:00"; instants outside the years 1 to
 * 9999 give "-". Returns `out`. */
WEFT_MUST_USE int calendar_parse(int64_t *ms, const char *text, const struct calendar_zone *zone,
                                 struct err *err);
char *calendar_format(int64_t ms, const struct calendar_zone *zone, char out[CALENDAR_TEXT_SIZE]);

/* Rounded down, below zero too. */
int64_t calendar_floor_div(int64_t value, int64_t divisor);
/* The civil day of an instant, counted from 1970-01-01, `offset_minutes` east of UTC. */
int64_t calendar_day(int64_t ms, int32_t offset_minutes);
/* Completed months from one civil day to another, negative if it is earlier: Feb 28 completes the month that began on Jan
 * 31. */
int64_t calendar_months_between(int64_t from_day, int64_t to_day);

#endif
