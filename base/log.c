/* log.c - one line per event: text for people or JSON for machines, built in a bounded buffer. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/log.h"

/* Kept free for the end of a line: `…"`, `,"cut":true`, `}` and the newline. */
#define TAIL_MAX 24

/* A longer word is quoted, so that it can be cut. */
#define PLAIN_MAX 128

const char *const log_level_names[] = {"debug", "info", "warn", "error", "none", NULL};
const char *const log_format_names[] = {"auto", "text", "json", NULL};

static struct {
    const char *program;
    enum log_level level;
    enum log_format format;
    int fd;
} state = {"weft", LOG_LEVEL_INFO, LOG_FORMAT_AUTO, STDERR_FILENO};

struct line {
    char text[LOG_LINE_MAX];
    size_t used;
    size_t safe;    /* up to here the line is whole */
    bool full;      /* something did not fit: nothing more is added but the tail */
    bool in_quotes; /* of a value: may be cut right here */
    bool json;
};

void log_start(const char *program, enum log_level level, enum log_format format, int fd)
{
    state.program = program;
    state.level = level;
    state.format = format;
    state.fd = fd;
    if (format == LOG_FORMAT_AUTO)
        state.format = isatty(fd) != 0 ? LOG_FORMAT_TEXT : LOG_FORMAT_JSON;
}

static void put(struct line *line, const char *bytes, size_t len)
{
    if (line->full || line->used + len > sizeof(line->text) - TAIL_MAX) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->used, bytes, len);
    line->used += len;
}

/* What stands now is whole. */
static void keep(struct line *line)
{
    if (!line->full)
        line->safe = line->used;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_format(struct line *line, const char *format, ...) WEFT_PRINTF(2, 3);

static void put_format(struct line *line, const char *format, ...)
{
    char text[96];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    put_text(line, text);
}

/* The length of the valid UTF-8 sequence at `text` (which ends with NUL), or 0. */
static size_t utf8_len(const unsigned char *text)
{
    static const struct {
        unsigned char first_min, first_max, second_min, second_max;
        size_t len;
    } ranges[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
                  {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                  {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

    if (text[0] < 0x80)
        return 1;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (text[0] < ranges[i].first_min || text[0] > ranges[i].first_max)
            continue;
        if (text[1] < ranges[i].second_min || text[1] > ranges[i].second_max)
            return 0;
        for (size_t j = 2; j < ranges[i].len; j++) {
            if ((text[j] & 0xC0) != 0x80)
                return 0;
        }
        return ranges[i].len;
    }
    return 0;
}

/* The inside of a quoted string: JSON escapes, U+FFFD for bytes that are not UTF-8. */
static void put_escaped(struct line *line, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0' && !line->full;) {
        size_t len = utf8_len(at);

        if (*at == '"' || *at == '\\')
            put_format(line, "\\%c", *at);
        else if (*at == '\n')
            put_text(line, "\\n");
        else if (*at < 0x20 || *at == 0x7F)
            put_format(line, "\\u%04x", *at);
        else if (len == 0)
            put_text(line, "\xEF\xBF\xBD");
        else if (len == 2 && at[0] == 0xC2 && at[1] < 0xA0) /* C1 controls drive some terminals */
            put_format(line, "\\u%04x", at[1]);
        else
            put(line, (const char *)at, len);
        at += len == 0 ? 1 : len;
    }
}

static void put_quoted(struct line *line, const char *text)
{
    put_text(line, "\"");
    if (line->full)
        return;
    line->in_quotes = true;
    put_escaped(line, text);
    put_text(line, "\"");
    if (!line->full)
        line->in_quotes = false;
}

/* In text a plain word stands without quotes. */
static bool is_plain(const char *text)
{
    size_t len = 0;

    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++, len++) {
        if (*at <= 0x20 || *at >= 0x7F || *at == '"' || *at == '\\' || *at == '=' || len == PLAIN_MAX)
            return false;
    }
    return len > 0;
}

static void put_key(struct line *line, const char *key)
{
    put_text(line, line->json ? ",\"" : " ");
    put_escaped(line, key);
    put_text(line, line->json ? "\":" : "=");
}

static void put_string(struct line *line, const char *key, const char *text)
{
    put_key(line, key);
    if (text == NULL)
        put_text(line, "null");
    else if (!line->json && is_plain(text))
        put_text(line, text);
    else
        put_quoted(line, text);
    keep(line);
}

static void put_unsigned(struct line *line, const char *key, uint64_t value)
{
    put_key(line, key);
    put_format(line, "%" PRIu64, value);
    keep(line);
}

static void put_hex(struct line *line, const struct log_field *field)
{
    const uint8_t *bytes = field->bytes;

    put_key(line, field->key);
    put_text(line, line->json ? "\"" : "");
    for (size_t i = 0; i < field->len && !line->full; i++)
        put_format(line, "%02x", bytes[i]);
    put_text(line, line->json ? "\"" : "");
    keep(line);
}

static void put_err(struct line *line, const struct err *err)
{
    const struct err_entry *entry = err_entry(err->code);
    char code[16];

    snprintf(code, sizeof(code), "W%d", entry->code);
    put_string(line, "code", code);
    put_string(line, "error", entry->name);
    if (err->file[0] != '\0')
        put_string(line, "file", err->file);
    if (err->line != 0)
        put_unsigned(line, "line", err->line);
    if (err->line != 0 && err->column != 0)
        put_unsigned(line, "column", err->column);
    if (err->field[0] != '\0')
        put_string(line, "field", err->field);
    put_string(line, "detail", err->detail);
}

static void put_field(struct line *line, const struct log_field *field)
{
    switch (field->type) {
    case LOG_FIELD_TEXT:
        put_string(line, field->key, field->text);
        break;
    case LOG_FIELD_INT:
        put_key(line, field->key);
        put_format(line, "%" PRId64, field->i);
        keep(line);
        break;
    case LOG_FIELD_UINT:
        put_unsigned(line, field->key, field->u);
        break;
    case LOG_FIELD_HEX:
        put_hex(line, field);
        break;
    case LOG_FIELD_ERR:
        put_err(line, field->err);
        break;
    }
}

static void put_head(struct line *line, enum log_level level, const char *event)
{
    static const char *const labels[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
    static const struct calendar_zone utc = {"UTC", 0};
    char time[CALENDAR_TEXT_SIZE];

    calendar_format(calendar_now_ms(), &utc, time);
    if (line->json) {
        put_format(line, "{\"time\":\"%s\",\"level\":\"%s\"", time, log_level_names[level]);
        put_string(line, "program", state.program);
        put_string(line, "event", event);
    } else {
        put_format(line, "%s %s ", time, labels[level]);
        put_escaped(line, event);
        keep(line);
    }
}

/* Close the line whatever state it is in; the reserve makes everything here fit. */
static void put_tail(struct line *line)
{
    bool cut = line->full;

    line->used = cut && !line->in_quotes ? line->safe : line->used;
    line->used +=
        (size_t)snprintf(line->text + line->used, sizeof(line->text) - line->used, "%s%s%s\n",
                         cut && line->in_quotes ? "…\"" : "",
                         !cut ? "" : (line->json ? ",\"cut\":true" : " cut=true"), line->json ? "}" : "");
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t num_fields)
{
    int saved = errno;
    struct line line;

    if (level < state.level || level >= LOG_LEVEL_NONE)
        return;
    line.used = line.safe = 0;
    line.full = line.in_quotes = false;
    line.json = state.format == LOG_FORMAT_JSON || (state.format == LOG_FORMAT_AUTO && isatty(state.fd) == 0);
    put_head(&line, level, event);
    for (size_t i = 1; i < num_fields && !line.full; i++) /* 0 is the placeholder */
        put_field(&line, &fields[i]);
    put_tail(&line);
    /* One write of at most PIPE_BUF bytes: lines of several threads do not mix. There is nowhere to report
     * to. */
    while (write(state.fd, line.text, line.used) < 0 && errno == EINTR) {
    }
    errno = saved;
}
