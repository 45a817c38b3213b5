/* authority_times.c - when a task opens, is due, closes and so on. */
#include "coordinator/authority_times.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DURATION_MS (INT64_C(36600) * CALENDAR_MS_PER_DAY)

const struct authority_defaults authority_defaults[] = {
    {"month", 31, "end+10d", "end+15d"},
    {"quarter", 92, "end+15d", "end+20d"},
    {"half-year", 184, "end+20d", "end+30d"},
    {"year", 366, "end+30d", "end+45d"},
};
const size_t authority_num_defaults = sizeof authority_defaults / sizeof authority_defaults[0];

bool authority_duration(int64_t *ms, const char *text)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', CALENDAR_MS_PER_DAY}};
    char *end;
    long long number;

    if (text[0] != '+' || text[1] < '0' || text[1] > '9')
        return false;
    errno = 0;
    number = strtoll(text + 1, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (errno == 0 && end[0] == units[i].unit && end[1] == '\0' &&
            number <= MAX_DURATION_MS / units[i].ms) {
            *ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

static int set_time(int64_t *out, const char *text, int64_t before_ms, const struct calendar_period *period,
                    struct err *err)
{
    bool is_after_end = strncmp(text, "end+", 4) == 0;
    int64_t offset_ms;

    if (!is_after_end && text[0] != '+')
        return calendar_parse(out, text, &period->zone, err);
    if (!authority_duration(&offset_ms, is_after_end ? text + 3 : text))
        return err_set(err, ERR_BAD_TIME, "expected digits and s, m, h or d after +");
    *out = (is_after_end ? period->end_ms : before_ms) + offset_ms;
    return 0;
}

static const struct authority_defaults *defaults_of(const struct calendar_period *period)
{
    size_t i = 0;

    while (i + 1 < authority_num_defaults &&
           period->end_ms - period->begin_ms > authority_defaults[i].max_days * CALENDAR_MS_PER_DAY)
        i++;
    return &authority_defaults[i];
}

static bool is_said(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* Who says a close and nothing else gives no grace. */
static const char *default_of(enum authority_time which, char *const texts[TIME_NUM],
                              const struct calendar_period *period, int64_t now_ms)
{
    const struct authority_defaults *defaults = defaults_of(period);

    switch (which) {
    case TIME_OPEN:
        return now_ms < period->end_ms ? "end+0d" : "+0s";
    case TIME_DUE:
        return is_said(texts[TIME_CLOSE]) ? NULL : defaults->due;
    case TIME_CLOSE:
        return defaults->close;
    default: /* the table of settings has them */
        return NULL;
    }
}

/* A default that has passed already means an old period, whose times only people can know. */
static int check_default(enum authority_time which, int64_t ms, int64_t now_ms, struct err *err)
{
    bool is_of_reports = which == TIME_DUE || which == TIME_CLOSE;

    return is_of_reports && ms <= now_ms
               ? err_set(err, ERR_BAD_TIME, "by default it has passed: say when, for a period that ended long ago")
               : 0;
}

int authority_set_times(Weft__V1__Task *task, char *const texts[TIME_NUM], const struct calendar_period *period,
                        bool is_sum, int64_t now_ms, struct err *err)
{
    static const char *const names[TIME_NUM] = {"open",    "due",       "close",          "order",   "plan",
                                                "pattern", "retention", "order_deadline", "fallback"};
    int64_t *const out[TIME_NUM] = {&task->open_ms,      &task->due_ms,     &task->close_ms,
                                    &task->order_ms,     &task->plan_ms,    &task->pattern_ms,
                                    &task->retention_ms, &task->order_deadline_ms, &task->fallback_ms};
    int64_t before_ms = now_ms;
    int rc;

    for (int i = is_sum ? TIME_ORDER : TIME_OPEN; i < TIME_NUM; i++) {
        enum authority_time which = (enum authority_time)i;
        bool is_default = !is_said(texts[i]);
        const char *text = is_default ? default_of(which, texts, period, now_ms) : texts[i];

        before_ms = which == TIME_ORDER_DEADLINE ? task->order_ms : before_ms;
        if (text == NULL || (which == TIME_ORDER_DEADLINE && !is_said(texts[TIME_FALLBACK])))
            continue;
        if ((rc = set_time(out[i], text, before_ms, period, err)) != 0 ||
            (is_default && (rc = check_default(which, *out[i], now_ms, err)) != 0))
            return err_field(err, names[i]);
        before_ms = *out[i];
    }
    return 0;
}
