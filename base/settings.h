/* settings.h - a program's settings as one table, from which the file is checked, the struct is filled and
 * the documentation is printed.
 *
 * A settings file is YAML; a dot in a setting's name is nesting ("listen.address" is address under listen).
 * Unknown keys are errors. Secrets do not belong here: a setting may only name the file that holds one. The
 * caller's struct holds, at `offset`:
 *     SETTING_STRING, _PATH          char *, owned; a relative PATH is taken from the file's directory
 *     SETTING_BOOL                   bool
 *     SETTING_INT, _DURATION, _SIZE  int64_t; the number, milliseconds, bytes
 *     SETTING_CHOICE                 int, the index into `choices`
 *     SETTING_LIST, _PATH_LIST       struct setting_list of strings or paths, owned */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

enum setting_type {
    SETTING_STRING,
    SETTING_PATH,
    SETTING_BOOL,
    SETTING_INT,
    SETTING_DURATION,
    SETTING_SIZE,
    SETTING_CHOICE,
    SETTING_LIST,
    SETTING_PATH_LIST,
};

struct setting_list {
    char **items;
    size_t num;
};

struct setting {
    const char *name;
    enum setting_type type;
    size_t offset;
    const char *fallback; /* as it would stand in the file; NULL: the setting is required. For STRING and PATH
                             "" gives NULL, for LIST "" gives none */
    int64_t min, max;     /* of the value; of the byte length of a STRING, PATH or LIST item; both 0: any */
    const char *unit;     /* for people, e.g. "connections"; may be NULL */
    const char *const *choices; /* NULL-ended; SETTING_CHOICE only */
    const char *en, *zh;        /* one sentence */
};

/* Fill `out`, which starts as {0}, from the file, or from the defaults alone when `path` is NULL. On failure
 * nothing is left allocated. Errors name file, line, column and field. */
WEFT_MUST_USE int settings_load(void *out, const struct setting *table, size_t num_settings, const char *path,
                                struct err *err);

/* Free what settings_load allocated in `out`, leaving NULL. Harmless on {0}. */
void settings_clear(void *out, const struct setting *table, size_t num_settings);

/* Print all settings as a Markdown table: name, type and range, default, meaning. */
void settings_print(FILE *out, const struct setting *table, size_t num_settings, enum err_lang lang);

#endif
