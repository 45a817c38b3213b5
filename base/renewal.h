/* renewal.h - a party keeps its own certificate and its TLS authorities fresh.
 *
 * A certificate is renewed when half of its life is over, or when it does not lead to the authority of new certificates,
 * which the newest roster names first: so both an ordinary end and a new authority are met while the old still holds.
 * The key stays: then a renewal is the replacement of one file, and no crash leaves a key beside a certificate of
 * another. (Who may know the key joins anew and revokes the old name.) The authorities' file is made what the newest
 * roster says, old and new side by side for as long as it names both; a roster that names none leaves the file alone. */
#ifndef BASE_RENEWAL_H
#define BASE_RENEWAL_H

#include "base/cert.h"
#include "base/roster.h"

/* A party's files, and what does not change; all borrowed. */
struct renewal {
    const char *certificate, *authorities; /* paths */
    const char *tls_key_pem, *tls_name;
};

/* Is a new certificate wanted at `now_ms`? `roster` NULL: none is known yet. */
WEFT_MUST_USE int renewal_is_due(bool *due, const struct renewal *renewal, const struct roster *roster,
                                 int64_t now_ms, struct err *err);
/* How long until one should look again (and whenever a new roster has come): an hour, less while the certificate is one
 * of a short life, and less after the first failures in a row. */
int64_t renewal_pause_ms(const struct renewal *renewal, unsigned failures);

/* The request for the next one, PEM, malloc'd. */
WEFT_MUST_USE int renewal_request(char **request_pem, const struct renewal *renewal, struct err *err);
/* Put `chain_pem` in the place of the certificate if it is this party's, holds now, and is newer than the one that is there.
 * ERR_CERTIFICATE, with nothing changed. */
WEFT_MUST_USE int renewal_take(const struct renewal *renewal, const char *chain_pem, int64_t now_ms,
                               struct err *err);

/* Write the roster's TLS authorities if the file says something else. As long as the own certificate leads to none of
 * them, what the file says stays beside them: the certificate is renewed first. */
WEFT_MUST_USE int renewal_take_authorities(bool *changed, const struct renewal *renewal,
                                           const struct roster *roster, int64_t now_ms, struct err *err);

#endif
