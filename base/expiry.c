/* expiry.c - ends read from files, compared with the clock. */
#include "base/expiry.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/file.h"
#include "base/log.h"

static const struct {
    const char *name, *en, *zh;
} names[EXPIRY_NUM] = {
    [EXPIRY_CERTIFICATE] = {"certificate", "this party's certificate", "本方证书"},
    [EXPIRY_ISSUER] = {"issuer", "the issuing certificate", "签发证书"},
    [EXPIRY_AUTHORITY] = {"authority", "the TLS authority", "TLS 证书机构"},
    [EXPIRY_ROSTER] = {"roster", "the roster", "名册"},
};

/* ---- reading ---- */

/* Of the first certificate of a chain, or the latest of a bundle. */
static int64_t end_of(const char *path, bool is_bundle)
{
    struct cert_info info;
    uint8_t *pem = NULL;
    size_t len;
    int64_t end_ms = 0;

    if (path != NULL && file_read(&pem, &len, path, CERT_PEM_MAX, NULL) == 0) {
        for (size_t i = 0; i < (is_bundle ? CERT_MAX_CHAIN : 1); i++) {
            if (cert_read_at(&info, (const char *)pem, i) && info.not_after_ms > end_ms) {
                end_ms = info.not_after_ms;
            }
        }
    }
    free(pem);
    return end_ms;
}

struct expiry expiry_read(const char *certificate, const char *issuer, const char *authorities,
                          const struct roster *roster)
{
    return (struct expiry){.end_ms = {
                               [EXPIRY_CERTIFICATE] = end_of(certificate, false),
                               [EXPIRY_ISSUER] = end_of(issuer, false),
                               [EXPIRY_AUTHORITY] = end_of(authorities, true),
                               [EXPIRY_ROSTER] = roster == NULL ? 0 : roster->wire->expires_ms,
                           }};
}

/* ---- warning ---- */

static int64_t days_left(int64_t end_ms, int64_t now_ms)
{
    return (end_ms - now_ms) / CALENDAR_MS_PER_DAY;
}

int expiry_warning(int64_t end_ms, int64_t now_ms)
{
    static const int thresholds[] = {1, 7, 30};

    if (end_ms == 0) {
        return EXPIRY_NONE;
    }
    if (end_ms <= now_ms) {
        return EXPIRY_OVER;
    }
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        if (end_ms - now_ms <= thresholds[i] * CALENDAR_MS_PER_DAY) {
            return thresholds[i];
        }
    }
    return EXPIRY_NONE;
}

void expiry_log(const struct expiry *expiry, int logged[EXPIRY_NUM], int64_t now_ms)
{
    for (int i = 0; i < EXPIRY_NUM; i++) {
        int warning = expiry_warning(expiry->end_ms[i], now_ms);

        if (warning < logged[i]) {
            log_warn(warning == EXPIRY_OVER ? "has ended" : "ends soon", LOG_TEXT("what", names[i].name),
                     LOG_INT("days", days_left(expiry->end_ms[i], now_ms)));
        }
        logged[i] = warning; /* what was renewed is warned of again */
    }
}

void expiry_print(FILE *out, const struct expiry *expiry, int64_t now_ms, enum err_lang lang)
{
    bool zh = lang == LANG_ZH;

    for (int i = 0; i < EXPIRY_NUM; i++) {
        int warning = expiry_warning(expiry->end_ms[i], now_ms);
        const char *name = zh ? names[i].zh : names[i].en;

        if (warning == EXPIRY_OVER) {
            fprintf(out, zh ? "警告：%s已过期\n" : "WARNING: %s has ended\n", name);
        } else if (warning != EXPIRY_NONE) {
            fprintf(out, zh ? "警告：%s将在 %" PRId64 " 天后到期\n" : "WARNING: %s ends in %" PRId64 " days\n",
                    name, days_left(expiry->end_ms[i], now_ms));
        }
    }
}

void expiry_write(struct json *json, const struct expiry *expiry, int64_t now_ms)
{
    json_array(json, "expiries");
    for (int i = 0; i < EXPIRY_NUM; i++) {
        int warning = expiry_warning(expiry->end_ms[i], now_ms);

        if (expiry->end_ms[i] == 0) {
            continue;
        }
        json_object(json, NULL);
        json_text(json, "what", names[i].name);
        json_int(json, "expires_ms", expiry->end_ms[i]);
        json_int(json, "days_left", days_left(expiry->end_ms[i], now_ms));
        if (warning == EXPIRY_NONE) {
            json_null(json, "warning");
        } else {
            json_int(json, "warning", warning == EXPIRY_OVER ? 0 : warning);
        }
        json_end(json);
    }
    json_end(json);
}
