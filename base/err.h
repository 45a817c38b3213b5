/* err.h - what went wrong, where, and who can mend it.
 *
 * Every failure that a person may see has a stable number and name, registered once in errors.def together with
 * its sentence in English and Chinese, its gRPC status and the party that can mend it. A `struct err` carries one
 * such code, the place (file, line, column, field) where it is known, and a detail: bare facts such as names and
 * values, in no particular language. Functions that can fail take a `struct err *` last, return 0 or the code
 * (never 0 on failure), and write their outputs only on success.
 *
 *     if (count > bound)
 *         return err_set(err, ERR_BOUND_TOO_SMALL, "slot %s: %" PRIu64 " > %" PRIu64, name, count, bound);
 *
 * A secret or a patient's value never goes into a detail. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>
#include <stdint.h>

#define WEFT_PRINTF(string, args) __attribute__((format(printf, string, args)))
#define WEFT_MUST_USE             __attribute__((warn_unused_result))

enum err_code {
    ERR_OK = 0,
#define ERR(number, name, status, who, en, zh) ERR_##name = number,
#include "base/errors.def"
#undef ERR
};

/* Who can mend it. */
enum err_who { WHO_OPERATOR, WHO_HOSPITAL_IT, WHO_COORDINATOR, WHO_AUTHORITY, WHO_VENDOR };

/* The gRPC status codes in use (values fixed by gRPC). */
enum err_status {
    STATUS_OK = 0,
    STATUS_INVALID_ARGUMENT = 3,
    STATUS_DEADLINE_EXCEEDED = 4,
    STATUS_NOT_FOUND = 5,
    STATUS_ALREADY_EXISTS = 6,
    STATUS_PERMISSION_DENIED = 7,
    STATUS_RESOURCE_EXHAUSTED = 8,
    STATUS_FAILED_PRECONDITION = 9,
    STATUS_UNIMPLEMENTED = 12,
    STATUS_INTERNAL = 13,
    STATUS_UNAVAILABLE = 14,
    STATUS_DATA_LOSS = 15,
    STATUS_UNAUTHENTICATED = 16,
};

enum err_lang { LANG_EN, LANG_ZH };

struct err {
    int code;        /* enum err_code; 0: none */
    char file[192];  /* empty: not about a file */
    unsigned line;   /* from 1; 0: unknown */
    unsigned column; /* from 1; 0: unknown */
    char field[96];  /* empty: not about one field */
    char detail[384];
};

struct err_entry {
    int code;
    const char *name; /* "BOUND_TOO_SMALL" */
    enum err_status status;
    enum err_who who;
    const char *en, *zh; /* one sentence: what it means and what to do */
};

/* Set `err` (which may be NULL), forgetting what it held. Returns `code`. */
int err_set(struct err *err, int code, const char *format, ...) WEFT_PRINTF(3, 4);

/* As err_set, from errno-style number `error` ("open x: No such file or directory"). */
int err_set_errno(struct err *err, int code, int error, const char *format, ...) WEFT_PRINTF(4, 5);

/* Say where: fills only what is still unknown, so that the innermost place wins. Return err->code. */
int err_at(struct err *err, const char *file, unsigned line, unsigned column);
int err_field(struct err *err, const char *field);

/* Put context before the detail ("task 2014: ..."). Returns err->code. */
int err_prefix(struct err *err, const char *format, ...) WEFT_PRINTF(2, 3);

/* The registry entry of `code`; the entry of ERR_INTERNAL when unknown. Never NULL. */
const struct err_entry *err_entry(int code);

/* All entries, ordered by number; *num receives how many. */
const struct err_entry *err_entries(size_t *num);

/* "hospital IT" / "医院信息科"; "whoever runs this program" for what every party can meet. */
const char *err_who_text(enum err_who who, enum err_lang lang);

/* The full text for people, in one or two lines:
 *     error W2101 CSV_UNKNOWN_COLUMN: patient.csv:1:14: field agee: <detail>
 *       <sentence> (hospital IT)
 * Always NUL-terminated; returns `out`. */
char *err_text(const struct err *err, enum err_lang lang, char *out, size_t out_len);

/* From WEFT_LANG, LC_ALL, LC_MESSAGES, LANG: zh* is LANG_ZH, all else LANG_EN. */
enum err_lang err_lang_from_env(void);

#endif
