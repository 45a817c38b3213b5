/* calendar.c - civil dates, instants and periods by integer arithmetic. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"

#define MS_PER_MINUTE INT64_C(60000)
#define DAYS_PER_ERA  146097
#define YEAR_MAX      9999

int64_t calendar_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool calendar_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int calendar_days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && calendar_is_leap(year) ? 29 : days[month - 1];
}

bool calendar_is_valid(const struct calendar_time *civil)
{
    return civil->year >= 1 && civil->year <= YEAR_MAX && civil->month >= 1 && civil->month <= 12 &&
           civil->day >= 1 && civil->day <= calendar_days_in_month(civil->year, civil->month) &&
           civil->hour >= 0 && civil->hour <= 23 && civil->minute >= 0 && civil->minute <= 59 &&
           civil->second >= 0 && civil->second <= 59 && civil->ms >= 0 && civil->ms <= 999;
}

/* Years are counted from March, so that the leap day is the last of a year; era 0 begins on 0000-03-01, which
 * is 719468 days before 1970-01-01. */
int64_t calendar_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - 719468;
}

void calendar_date(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

int64_t calendar_to_ms(const struct calendar_time *civil, const struct calendar_zone *zone)
{
    int64_t minutes = (int64_t)civil->hour * 60 + civil->minute - zone->offset_minutes;

    return calendar_days(civil->year, civil->month, civil->day) * CALENDAR_MS_PER_DAY +
           minutes * MS_PER_MINUTE + (int64_t)civil->second * 1000 + civil->ms;
}

void calendar_from_ms(struct calendar_time *civil, int64_t ms, const struct calendar_zone *zone)
{
    int64_t local = ms + zone->offset_minutes * MS_PER_MINUTE;
    int64_t days = local / CALENDAR_MS_PER_DAY;
    int64_t rest = local % CALENDAR_MS_PER_DAY;

    if (rest < 0) {
        rest += CALENDAR_MS_PER_DAY;
        days--;
    }
    calendar_date(days, &civil->year, &civil->month, &civil->day);
    civil->hour = (int)(rest / (60 * MS_PER_MINUTE));
    civil->minute = (int)(rest / MS_PER_MINUTE % 60);
    civil->second = (int)(rest / 1000 % 60);
    civil->ms = (int)(rest % 1000);
}

/* Exactly `count` digits at *text, which moves past them. */
static bool take_digits(const char **text, int count, int *value)
{
    int number = 0;

    for (int i = 0; i < count; i++) {
        char c = (*text)[i];

        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    *text += count;
    *value = number;
    return true;
}

static bool take(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

/* "+08:00" */
static bool take_offset(const char **text, int32_t *minutes)
{
    bool west = **text == '-';
    int hour, minute;

    if (!take(text, west ? '-' : '+') || !take_digits(text, 2, &hour) || !take(text, ':') ||
        !take_digits(text, 2, &minute) || hour > 14 || minute > 59 || (hour == 14 && minute > 0))
        return false;
    *minutes = (west ? -1 : 1) * (hour * 60 + minute);
    return true;
}

int calendar_zone(struct calendar_zone *zone, const char *text, struct err *err)
{
    struct calendar_zone parsed = {0};
    const char *at;

    if (text == NULL || text[0] == '\0')
        text = CALENDAR_DEFAULT_ZONE;
    at = text;
    if (strcmp(text, CALENDAR_DEFAULT_ZONE) == 0)
        parsed.offset_minutes = 8 * 60;
    else if (strcmp(text, "UTC") != 0 && (!take_offset(&at, &parsed.offset_minutes) || *at != '\0'))
        return err_set(err, ERR_BAD_TIME, "zone %.40s: not " CALENDAR_DEFAULT_ZONE ", UTC or +hh:mm", text);
    snprintf(parsed.name, sizeof(parsed.name), "%s", text);
    *zone = parsed;
    return 0;
}

/* One period identifier as the months from its first to before its last, counted from year 0. */
struct months {
    char kind; /* 'Y', 'H', 'Q' or 'M' */
    int first, end;
};

static bool take_months(const char **text, struct months *months)
{
    int year, part = 1, num_parts = 1, length;

    if (!take_digits(text, 4, &year) || year < 1)
        return false;
    months->kind = 'Y';
    if (**text == 'H' || **text == 'Q') {
        months->kind = **text;
        num_parts = **text == 'H' ? 2 : 4;
        (*text)++;
        if (!take_digits(text, 1, &part))
            return false;
    } else if (**text == '-') {
        months->kind = 'M';
        num_parts = 12;
        (*text)++;
        if (!take_digits(text, 2, &part))
            return false;
    }
    if (part < 1 || part > num_parts)
        return false;
    length = 12 / num_parts;
    months->first = year * 12 + (part - 1) * length;
    months->end = months->first + length;
    return true;
}

/* The first instant of a month counted from year 0. */
static int64_t month_begin_ms(int month, const struct calendar_zone *zone)
{
    return calendar_days(month / 12, month % 12 + 1, 1) * CALENDAR_MS_PER_DAY -
           zone->offset_minutes * MS_PER_MINUTE;
}

int calendar_period(struct calendar_period *period, const char *id, const struct calendar_zone *zone,
                    struct err *err)
{
    const char *at = id;
    struct months first, last;

    if (!take_months(&at, &first))
        return err_set(err, ERR_BAD_PERIOD, "%.40s", id);
    last = first;
    if (*at == '.') {
        if (!take(&at, '.') || !take(&at, '.') || !take_months(&at, &last) || last.kind != first.kind)
            return err_set(err, ERR_BAD_PERIOD, "%.40s", id);
        if (last.first <= first.first)
            return err_set(err, ERR_BAD_PERIOD, "%.40s: the first must be before the second", id);
    }
    if (*at != '\0')
        return err_set(err, ERR_BAD_PERIOD, "%.40s", id);
    *period = (struct calendar_period){.zone = *zone,
                                       .begin_ms = month_begin_ms(first.first, zone),
                                       .end_ms = month_begin_ms(last.end, zone)};
    snprintf(period->id, sizeof(period->id), "%s", id);
    return 0;
}

bool calendar_period_holds(const struct calendar_period *period, int64_t ms)
{
    return ms >= period->begin_ms && ms < period->end_ms;
}

bool calendar_periods_overlap(const struct calendar_period *a, const struct calendar_period *b)
{
    return a->begin_ms < b->end_ms && b->begin_ms < a->end_ms;
}

/* ":59" and ":59.123", both optional; fewer than three digits of the fraction count as tenths, hundredths. */
static bool take_seconds(const char **text, struct calendar_time *civil)
{
    int scale = 100;

    if (!take(text, ':'))
        return true;
    if (!take_digits(text, 2, &civil->second))
        return false;
    if (!take(text, '.'))
        return true;
    for (; scale > 0; scale /= 10) {
        int one;

        if (!take_digits(text, 1, &one))
            break;
        civil->ms += one * scale;
    }
    return scale < 100;
}

static bool take_time(const char **text, struct calendar_time *civil)
{
    return take_digits(text, 2, &civil->hour) && take(text, ':') && take_digits(text, 2, &civil->minute) &&
           take_seconds(text, civil);
}

static bool take_zone(const char **text, struct calendar_zone *zone)
{
    if (**text == '\0')
        return true;
    if (take(text, 'Z')) {
        zone->offset_minutes = 0;
        return true;
    }
    return take_offset(text, &zone->offset_minutes);
}

int calendar_parse(int64_t *ms, const char *text, const struct calendar_zone *zone, struct err *err)
{
    struct calendar_time civil = {0};
    struct calendar_zone own = *zone;
    const char *at = text;
    bool ok;

    ok = take_digits(&at, 4, &civil.year) && take(&at, '-') && take_digits(&at, 2, &civil.month) &&
         take(&at, '-') && take_digits(&at, 2, &civil.day);
    if (ok && (take(&at, 'T') || take(&at, ' ')))
        ok = take_time(&at, &civil) && take_zone(&at, &own);
    if (!ok || *at != '\0') /* the text itself may be a patient's: it is not repeated */
        return err_set(err, ERR_BAD_TIME, "not written as a date or time");
    if (!calendar_is_valid(&civil))
        return err_set(err, ERR_BAD_TIME, "no such day or time of day");
    *ms = calendar_to_ms(&civil, &own);
    return 0;
}

char *calendar_format(int64_t ms, const struct calendar_zone *zone, char out[CALENDAR_TEXT_SIZE])
{
    const int64_t limit =
        INT64_C(400000000) * 1000000; /* far beyond the year 9999; keeps the sums below exact */
    struct calendar_time civil = {0};
    int minutes = zone->offset_minutes < 0 ? -zone->offset_minutes : zone->offset_minutes;
    int used;

    if (ms > -limit && ms < limit)
        calendar_from_ms(&civil, ms, zone);
    if (!calendar_is_valid(&civil)) {
        snprintf(out, CALENDAR_TEXT_SIZE, "-");
        return out;
    }
    used = snprintf(out, CALENDAR_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03d", civil.year, civil.month,
                    civil.day, civil.hour, civil.minute, civil.second, civil.ms);
    snprintf(out + used, CALENDAR_TEXT_SIZE - (size_t)used, minutes == 0 ? "Z" : "%c%02d:%02d",
             zone->offset_minutes < 0 ? '-' : '+', minutes / 60, minutes % 60);
    return out;
}

int64_t calendar_floor_div(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0);
}

int64_t calendar_day(int64_t ms, int32_t offset_minutes)
{
    return calendar_floor_div(ms + offset_minutes * CALENDAR_MS_PER_MINUTE, CALENDAR_MS_PER_DAY);
}

int64_t calendar_months_between(int64_t from_day, int64_t to_day)
{
    int from_year, from_month, from, year, month, day;
    int64_t months;

    if (to_day < from_day)
        return -calendar_months_between(to_day, from_day);
    calendar_date(from_day, &from_year, &from_month, &from);
    calendar_date(to_day, &year, &month, &day);
    months = (int64_t)(year - from_year) * 12 + month - from_month;
    return day < from && day < calendar_days_in_month(year, month) ? months - 1 : months;
}
