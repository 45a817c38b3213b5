/* renewal.c - when to renew, and files replaced as a whole. */
#include "base/renewal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define LOOK_MS     INT64_C(3600000)
#define MIN_LOOK_MS INT64_C(1000)
#define LIFE_PARTS  20 /* looks in the life of a short certificate */
#define RETRY_MS    INT64_C(1000) /* doubled with each failure */
#define MAX_DOUBLINGS 12

static int read_pem(char **pem, const char *path, struct err *err)
{
    uint8_t *data = NULL;
    size_t len;
    int rc = file_read(&data, &len, path, CERT_PEM_MAX, err);

    if (rc == 0) {
        *pem = (char *)data; /* file_read puts a NUL behind */
    }
    return rc;
}

/* ---- when ---- */

/* Does the chain hold under the first authority of the roster alone? True while the roster names none. */
static bool leads_to_first(const struct renewal *renewal, const char *chain, const struct roster *roster,
                           int64_t now_ms)
{
    char *first;
    bool leads;

    if (roster == NULL || roster->wire->n_tls_authorities == 0) {
        return true;
    }
    first = strndup((const char *)roster->wire->tls_authorities[0].data, roster->wire->tls_authorities[0].len);
    leads = first == NULL || cert_check(chain, first, NULL, renewal->tls_name, now_ms, NULL) == 0;
    free(first);
    return leads;
}

int renewal_is_due(bool *due, const struct renewal *renewal, const struct roster *roster, int64_t now_ms,
                   struct err *err)
{
    struct cert_info info;
    char *chain = NULL;
    int rc;

    *due = false;
    if ((rc = read_pem(&chain, renewal->certificate, err)) == 0 && (rc = cert_read(&info, chain, err)) == 0) {
        *due = now_ms >= cert_half_life_ms(&info) || !leads_to_first(renewal, chain, roster, now_ms);
    }
    free(chain);
    return rc;
}

int64_t renewal_pause_ms(const struct renewal *renewal, unsigned failures)
{
    struct cert_info info;
    char *chain = NULL;
    int64_t pause = LOOK_MS;

    if (read_pem(&chain, renewal->certificate, NULL) == 0 && cert_read(&info, chain, NULL) == 0) {
        pause = (info.not_after_ms - info.not_before_ms - CERT_BACKDATE_MS) / LIFE_PARTS;
    }
    free(chain);
    if (failures > 0 && failures < MAX_DOUBLINGS && pause > RETRY_MS << failures) {
        pause = RETRY_MS << failures;
    }
    return pause < MIN_LOOK_MS ? MIN_LOOK_MS : pause > LOOK_MS ? LOOK_MS : pause;
}

/* ---- the certificate ---- */

int renewal_request(char **request_pem, const struct renewal *renewal, struct err *err)
{
    return cert_request(request_pem, renewal->tls_key_pem, renewal->tls_name, err);
}

/* So that no old one comes back. (It may end earlier: authorities sign for longer than leaders.) */
static int check_is_newer(const char *chain, const char *held, struct err *err)
{
    struct cert_info next, old;
    int rc;

    if ((rc = cert_read(&next, chain, err)) != 0 || cert_read(&old, held, NULL) != 0) {
        return rc; /* what is there cannot be read: anything is better */
    }
    return next.not_before_ms > old.not_before_ms
               ? 0
               : err_set(err, ERR_CERTIFICATE, "the certificate that was offered is no newer than the one held");
}

int renewal_take(const struct renewal *renewal, const char *chain_pem, int64_t now_ms, struct err *err)
{
    char *authorities = NULL, *held = NULL;
    int rc;

    if ((rc = read_pem(&authorities, renewal->authorities, err)) == 0 &&
        (rc = read_pem(&held, renewal->certificate, err)) == 0 &&
        (rc = cert_check(chain_pem, authorities, renewal->tls_key_pem, renewal->tls_name, now_ms, err)) == 0 &&
        (rc = check_is_newer(chain_pem, held, err)) == 0) {
        rc = file_write(renewal->certificate, chain_pem, strlen(chain_pem), FILE_MODE_PUBLIC, err);
    }
    free(authorities);
    free(held);
    return rc;
}

/* ---- the authorities ---- */

static char *roster_bundle(const struct roster *roster)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < roster->wire->n_tls_authorities; i++) {
        fwrite(roster->wire->tls_authorities[i].data, 1, roster->wire->tls_authorities[i].len, out);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* What is to stand in the file: `bundle`, and behind it `held` while the own certificate needs that. NULL without
 * memory. */
static char *wanted_bundle(const struct renewal *renewal, const char *bundle, const char *held, int64_t now_ms)
{
    char *chain = NULL, *both = NULL;
    bool enough = read_pem(&chain, renewal->certificate, NULL) == 0 &&
                  cert_check(chain, bundle, NULL, NULL, now_ms, NULL) == 0;

    free(chain);
    if (enough || strstr(held, bundle) != NULL) {
        return strdup(enough ? bundle : held); /* or both stand there already */
    }
    return asprintf(&both, "%s%s", bundle, held) < 0 ? NULL : both;
}

int renewal_take_authorities(bool *changed, const struct renewal *renewal, const struct roster *roster,
                             int64_t now_ms, struct err *err)
{
    char *held = NULL, *bundle = NULL, *wanted = NULL;
    int rc = 0;

    *changed = false;
    if (roster == NULL || roster->wire->n_tls_authorities == 0) {
        return 0;
    }
    if ((rc = read_pem(&held, renewal->authorities, err)) != 0) {
        return rc;
    }
    if ((bundle = roster_bundle(roster)) == NULL ||
        (wanted = wanted_bundle(renewal, bundle, held, now_ms)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "TLS authorities");
    } else if (strcmp(wanted, held) != 0) {
        rc = file_write(renewal->authorities, wanted, strlen(wanted), FILE_MODE_PUBLIC, err);
        *changed = rc == 0;
    }
    free(held);
    free(bundle);
    free(wanted);
    return rc;
}
