/* log.h - what a running program tells its operator: one line per event.
 *
 *     log_info("report accepted", LOG_TEXT("site", id), LOG_INT("revision", revision));
 *     log_error("report not stored", LOG_ERR(&err));
 *
 * On a terminal a line is for people; elsewhere it is one JSON object:
 *     2025-01-31T08:15:02.123Z INFO  report accepted site=h042 revision=3
 *     {"time":"2025-01-31T08:15:02.123Z","level":"info","program":"weft-node","event":"report accepted",...}
 * A line is at most LOG_LINE_MAX bytes (values are cut, the JSON stays whole), holds no raw control
 * characters or bad UTF-8, and is written with one write(2). Any thread may log at any time.
 *
 * The event is a constant sentence. Never log a secret, a share, a key, a vector or a patient's value, and no
 * hash of one either. Logging changes neither errno nor the caller's err. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

#define LOG_LINE_MAX 4096

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_NONE };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Names of the above for settings tables, NULL-ended and in the order of the enums. */
extern const char *const log_level_names[];
extern const char *const log_format_names[];

/* Before this, lines from INFO up go to standard error in the AUTO format. `program` must outlive the log.
 * Not to be called while other threads log. */
void log_start(const char *program, enum log_level level, enum log_format format, int fd);

struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_UINT, LOG_FIELD_HEX, LOG_FIELD_ERR } type;
    union {
        const char *text;
        int64_t i;
        uint64_t u;
        const void *bytes;
        const struct err *err;
    };
    size_t len; /* of a HEX */
};

/* NULL is logged as null. */
#define LOG_TEXT(k, v)   ((struct log_field){.key = (k), .type = LOG_FIELD_TEXT, .text = (v)})
#define LOG_INT(k, v)    ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .i = (v)})
#define LOG_UINT(k, v)   ((struct log_field){.key = (k), .type = LOG_FIELD_UINT, .u = (v)})
#define LOG_HEX(k, v, n) ((struct log_field){.key = (k), .type = LOG_FIELD_HEX, .bytes = (v), .len = (n)})
/* Code, name, place and detail of an error. */
#define LOG_ERR(e) ((struct log_field){.key = "error", .type = LOG_FIELD_ERR, .err = (e)})

#define log_debug(event, ...) LOG_WRITE(LOG_LEVEL_DEBUG, event, ##__VA_ARGS__)
#define log_info(event, ...)  LOG_WRITE(LOG_LEVEL_INFO, event, ##__VA_ARGS__)
#define log_warn(event, ...)  LOG_WRITE(LOG_LEVEL_WARN, event, ##__VA_ARGS__)
#define log_error(event, ...) LOG_WRITE(LOG_LEVEL_ERROR, event, ##__VA_ARGS__)

/* The first field is a placeholder, so that the list may be empty. */
#define LOG_WRITE(level, event, ...)                                                                         \
    log_write(level, event, (const struct log_field[]){{0}, ##__VA_ARGS__},                                  \
              sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field))

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t num_fields);

#endif
