/* checklist.h - what the command check of both programs prints: one line a check, for people or as JSON.
 *
 *     ok    certificate   88 days left
 *     FAIL  connection    10.20.0.5:7443 refuses: ...
 *
 * and the checks that both make: a link to a coordinator, a disk. */
#ifndef BASE_CHECKLIST_H
#define BASE_CHECKLIST_H

#include "base/err.h"
#include "base/json.h"
#include "base/proxy.h"

enum check_level { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct checklist {
    enum err_lang lang;
    bool as_json;
    struct json json;
    int num_warn, num_fail;
};

#define CHECK_TEXT(list, en, zh) ((list)->lang == LANG_ZH ? (zh) : (en))

/* Begins the output. */
struct checklist checklist_begin(enum err_lang lang, bool as_json);
void checklist_say(struct checklist *list, enum check_level level, const char *name, const char *format, ...)
    WEFT_PRINTF(4, 5);
/* A failure, with its sentence and who can mend it. */
void checklist_err(struct checklist *list, enum check_level level, const char *name, const struct err *err);
/* The last line. ERR_CHECK_FAILED if any check failed. */
WEFT_MUST_USE int checklist_end(struct checklist *list, struct err *err);

/* Free space where `path` (or the directory that will hold it) lies. */
void checklist_disk(struct checklist *list, const char *path);

struct checklist_link {
    const char *who; /* whose server it is, for the lines */
    const char *target, *tls_name;
    const char *ca_file, *cert_file, *key_file;
    struct proxy_settings proxy;
};

/* The way to a coordinator's server: proxy, name, connection, TLS, service, clock. True when it serves. After
 * rpc_init. */
bool checklist_link(struct checklist *list, const struct checklist_link *link);

#endif
