/* json.h - writes JSON to a stream: escaped, indented, with the commas in place.
 *
 *     struct json json = json_begin(stdout);
 *     json_object(&json, NULL);
 *     json_text(&json, "name", name);
 *     json_array(&json, "bins");
 *     json_uint(&json, NULL, 7);             no keys inside an array
 *     json_end(&json); json_end(&json);
 *     if (!json_finish(&json)) ...           a write failed, or something was left open
 *
 * Containers nested deeper than JSON_LINES_DEPTH stand on one line. Texts must be UTF-8. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH   16
#define JSON_LINES_DEPTH 2

struct json {
    FILE *out;
    int depth;
    char close[JSON_MAX_DEPTH];   /* of what is open */
    bool has_any[JSON_MAX_DEPTH]; /* an element stands in it already */
};

struct json json_begin(FILE *out);
bool json_finish(struct json *json);

/* `key` NULL inside an array and for the outermost value. */
void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_end(struct json *json);

void json_text(struct json *json, const char *key, const char *text); /* NULL: null */
void json_int(struct json *json, const char *key, int64_t value);
void json_uint(struct json *json, const char *key, uint64_t value);
void json_real(struct json *json, const char *key, double value); /* not finite: null */
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
