/* authority_times.h - the instants of a task: what its settings say, or defaults by the length of its period.
 *
 * A setting is an ISO 8601 time, of the task's zone unless it says another; "end+10d", the first instant of that day after
 * the period; or "+2h", so much after the step before it. */
#ifndef COORDINATOR_AUTHORITY_TIMES_H
#define COORDINATOR_AUTHORITY_TIMES_H

#include "base/calendar.h"
#include "proto/weft.pb-c.h"

enum authority_time {
    TIME_OPEN,
    TIME_DUE,
    TIME_CLOSE,
    TIME_ORDER,
    TIME_PLAN,
    TIME_PATTERN,
    TIME_RETENTION,
    TIME_ORDER_DEADLINE, /* after the order */
    TIME_FALLBACK,
    TIME_NUM,
};

/* What holds where nothing is said, as texts of settings: this and the macros below are the one place for it. */
struct authority_defaults {
    const char *period; /* "month": periods up to that long */
    int max_days;
    const char *due, *close;
};
/* The last one holds for all longer periods. */
extern const struct authority_defaults authority_defaults[];
extern const size_t authority_num_defaults;

#define AUTHORITY_DEFAULT_ORDER          "+3d"
#define AUTHORITY_DEFAULT_PLAN           "+2d"
#define AUTHORITY_DEFAULT_PATTERN        "+2d"
#define AUTHORITY_DEFAULT_RETENTION      "+365d"
#define AUTHORITY_DEFAULT_ORDER_DEADLINE "+1d"

/* "+3d", "+12h": a duration in s, m, h or d. */
bool authority_duration(int64_t *ms, const char *text);

/* Into the task. Texts by authority_time; NULL or "": not set, but for open, due and close the default. A sum takes no
 * reports: its order counts from `now_ms`. ERR_BAD_TIME names the setting. */
WEFT_MUST_USE int authority_set_times(Weft__V1__Task *task, char *const texts[TIME_NUM],
                                      const struct calendar_period *period, bool is_sum, int64_t now_ms,
                                      struct err *err);

#endif
