/* err.c - the registry of errors and the texts made from it. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static const struct err_entry entries[] = {
#define ERR(number, name, status, who, en, zh) {number, #name, STATUS_##status, WHO_##who, en, zh},
#include "base/errors.def"
#undef ERR
};

#define NUM_ENTRIES (sizeof(entries) / sizeof(entries[0]))

/* Append to a text of `*used` bytes, cutting what does not fit. */
static void append(char *out, size_t out_len, size_t *used, const char *format, ...) WEFT_PRINTF(4, 5);

static void append(char *out, size_t out_len, size_t *used, const char *format, ...)
{
    va_list args;
    int added;

    va_start(args, format);
    added = vsnprintf(out + *used, out_len - *used, format, args);
    va_end(args);
    if (added > 0)
        *used = (size_t)added < out_len - *used ? *used + (size_t)added : out_len - 1;
}

static int set(struct err *err, int code, const char *format, va_list args)
{
    if (code == ERR_OK) /* a failure never looks like success */
        code = ERR_INTERNAL;
    if (err != NULL) {
        struct err fresh = {.code = code};

        /* Into a fresh one: an argument may point into *err. */
        if (vsnprintf(fresh.detail, sizeof(fresh.detail), format, args) < 0)
            fresh.detail[0] = '\0';
        *err = fresh;
    }
    return code;
}

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    code = set(err, code, format, args);
    va_end(args);
    return code;
}

int err_set_errno(struct err *err, int code, int error, const char *format, ...)
{
    char reason[96];
    va_list args;

    va_start(args, format);
    code = set(err, code, format, args);
    va_end(args);
    if (err != NULL) {
        size_t used = strlen(err->detail);

        append(err->detail, sizeof(err->detail), &used, ": %s", strerror_r(error, reason, sizeof(reason)));
    }
    return code;
}

int err_at(struct err *err, const char *file, unsigned line, unsigned column)
{
    if (err == NULL)
        return ERR_INTERNAL;
    if (err->file[0] == '\0') {
        snprintf(err->file, sizeof(err->file), "%s", file);
        /* A line without its file belongs to this one. */
        if (err->line == 0) {
            err->line = line;
            err->column = column;
        }
    }
    return err->code;
}

int err_field(struct err *err, const char *field)
{
    if (err == NULL)
        return ERR_INTERNAL;
    if (err->field[0] == '\0')
        snprintf(err->field, sizeof(err->field), "%s", field);
    return err->code;
}

int err_prefix(struct err *err, const char *format, ...)
{
    char detail[sizeof(err->detail)];
    size_t used;
    va_list args;

    if (err == NULL)
        return ERR_INTERNAL;
    va_start(args, format);
    if (vsnprintf(detail, sizeof(detail), format, args) < 0)
        detail[0] = '\0';
    va_end(args);
    used = strlen(detail);
    append(detail, sizeof(detail), &used, ": %s", err->detail);
    memcpy(err->detail, detail, sizeof(detail));
    return err->code;
}

const struct err_entry *err_entry(int code)
{
    for (size_t i = 0; i < NUM_ENTRIES; i++) {
        if (entries[i].code == code)
            return &entries[i];
    }
    return &entries[0]; /* ERR_INTERNAL has the lowest number */
}

const struct err_entry *err_entries(size_t *num)
{
    *num = NUM_ENTRIES;
    return entries;
}

const char *err_who_text(enum err_who who, enum err_lang lang)
{
    static const char *const texts[][2] = {
        [WHO_OPERATOR] = {"whoever runs this program", "本程序的使用者"},
        [WHO_HOSPITAL_IT] = {"hospital IT", "医院信息科"},
        [WHO_COORDINATOR] = {"coordinator operator", "协调方运维人员"},
        [WHO_AUTHORITY] = {"authority", "管理机构"},
        [WHO_VENDOR] = {"vendor", "软件供应商"},
    };

    return texts[who][lang == LANG_ZH];
}

char *err_text(const struct err *err, enum err_lang lang, char *out, size_t out_len)
{
    const struct err_entry *entry = err_entry(err->code);
    bool zh = lang == LANG_ZH;
    size_t used = 0;

    if (out_len == 0)
        return out;
    out[0] = '\0';
    append(out, out_len, &used, "%s W%d %s", zh ? "错误" : "error", entry->code, entry->name);
    if (err->file[0] != '\0')
        append(out, out_len, &used, ": %s", err->file);
    if (err->line != 0)
        append(out, out_len, &used, err->file[0] != '\0' ? ":%u" : (zh ? "：第 %u 行" : ": line %u"),
               err->line);
    if (err->line != 0 && err->column != 0)
        append(out, out_len, &used, ":%u", err->column);
    if (err->field[0] != '\0')
        append(out, out_len, &used, zh ? "：字段 %s" : ": field %s", err->field);
    if (err->detail[0] != '\0')
        append(out, out_len, &used, ": %s", err->detail);
    append(out, out_len, &used, zh ? "\n  %s（%s）" : "\n  %s (%s)", zh ? entry->zh : entry->en,
           err_who_text(entry->who, lang));
    return out;
}

enum err_lang err_lang_from_env(void)
{
    static const char *const names[] = {"WEFT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
    }
    return LANG_EN;
}
