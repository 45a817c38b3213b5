/* json.c - a JSON writer. */
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

struct json json_begin(FILE *out)
{
    return (struct json){.out = out};
}

bool json_finish(struct json *json)
{
    fputc('\n', json->out);
    return fflush(json->out) == 0 && !ferror(json->out) && json->depth == 0;
}

static void put_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < 0x20 || c == 0x7f) {
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

static void new_line(const struct json *json)
{
    if (json->depth <= JSON_LINES_DEPTH) {
        fprintf(json->out, "\n%*s", 2 * json->depth, "");
    }
}

/* Comma, place and key of the next element. */
static void begin_element(struct json *json, const char *key)
{
    if (json->depth > 0) {
        bool *has_any = &json->has_any[json->depth - 1];
        if (*has_any) {
            fputc(',', json->out);
        }
        if (*has_any && json->depth > JSON_LINES_DEPTH) {
            fputc(' ', json->out);
        }
        *has_any = true;
        new_line(json);
    }
    if (key != NULL) {
        put_text(json->out, key);
        fputs(": ", json->out);
    }
}

static void begin_container(struct json *json, const char *key, char open, char close)
{
    begin_element(json, key);
    if (json->depth == JSON_MAX_DEPTH) {
        abort(); /* our own nesting is a constant */
    }
    fputc(open, json->out);
    json->close[json->depth] = close;
    json->has_any[json->depth++] = false;
}

void json_object(struct json *json, const char *key)
{
    begin_container(json, key, '{', '}');
}

void json_array(struct json *json, const char *key)
{
    begin_container(json, key, '[', ']');
}

void json_end(struct json *json)
{
    bool had_any = json->has_any[--json->depth];

    if (had_any && json->depth < JSON_LINES_DEPTH) {
        new_line(json);
    }
    fputc(json->close[json->depth], json->out);
}

void json_text(struct json *json, const char *key, const char *text)
{
    begin_element(json, key);
    if (text == NULL) {
        fputs("null", json->out);
    } else {
        put_text(json->out, text);
    }
}

void json_int(struct json *json, const char *key, int64_t value)
{
    begin_element(json, key);
    fprintf(json->out, "%" PRId64, value);
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
    begin_element(json, key);
    fprintf(json->out, "%" PRIu64, value);
}

void json_real(struct json *json, const char *key, double value)
{
    begin_element(json, key);
    if (isfinite(value)) {
        fprintf(json->out, "%.15g", value);
    } else {
        fputs("null", json->out);
    }
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin_element(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
    begin_element(json, key);
    fputs("null", json->out);
}
