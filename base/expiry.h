/* expiry.h - what ends, and how soon: a party's certificate, the issuing certificate, the TLS authority, the roster.
 *
 * People are warned 30, 7 and 1 days before, and when it is over. */
#ifndef BASE_EXPIRY_H
#define BASE_EXPIRY_H

#include "base/cert.h"
#include "base/json.h"
#include "base/roster.h"

#define EXPIRY_OVER (-1) /* as a warning */
#define EXPIRY_NONE 99

enum expiry_what { EXPIRY_CERTIFICATE, EXPIRY_ISSUER, EXPIRY_AUTHORITY, EXPIRY_ROSTER, EXPIRY_NUM };

struct expiry {
    int64_t end_ms[EXPIRY_NUM]; /* 0: there is none, or it cannot be read */
};

/* From the party's files; `issuer` may be NULL, as may `roster`. */
struct expiry expiry_read(const char *certificate, const char *issuer, const char *authorities,
                          const struct roster *roster);

/* 30, 7 or 1: within so many days; EXPIRY_OVER; EXPIRY_NONE. */
int expiry_warning(int64_t end_ms, int64_t now_ms);

/* Log each warning when its threshold is passed. `logged` keeps what was logged; begins as all EXPIRY_NONE. */
void expiry_log(const struct expiry *expiry, int logged[EXPIRY_NUM], int64_t now_ms);

/* A line of text for each that needs a warning. */
void expiry_print(FILE *out, const struct expiry *expiry, int64_t now_ms, enum err_lang lang);
/* An array "expiries" of what there is: what, expires_ms, days_left, warning (30, 7, 1, 0: over, or null). */
void expiry_write(struct json *json, const struct expiry *expiry, int64_t now_ms);

#endif
