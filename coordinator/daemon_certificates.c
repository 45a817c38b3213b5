/* daemon_certificates.c - the daemon renews its certificate, follows the roster's TLS authorities, and warns in time. */
#include "coordinator/daemon_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/log.h"
#include "base/renewal.h"

static struct renewal files_of(const struct daemon *daemon)
{
    return (struct renewal){
        .certificate = daemon->setup.settings.certificate,
        .authorities = daemon->setup.settings.ca,
        .tls_key_pem = daemon->setup.identity.tls_key_pem,
        .tls_name = daemon->setup.identity.tls_name,
    };
}

static void look_again(struct daemon *daemon)
{
    struct renewal files = files_of(daemon);

    loop_timer_after(daemon->certificates, renewal_pause_ms(&files, daemon->renewal_failures));
}

/* What came of trying; `chain` NULL: `failure` says why not. The server follows its files by itself; the own
 * connections are made anew. */
static void take(struct daemon *daemon, const char *chain, const struct err *failure)
{
    struct renewal files = files_of(daemon);
    struct err err = {0};

    if (chain == NULL || renewal_take(&files, chain, calendar_now_ms(), &err) != 0) {
        daemon->renewal_failures++;
        log_warn("certificate not renewed", LOG_ERR(chain == NULL ? failure : &err));
    } else {
        daemon->renewal_failures = 0;
        log_info("certificate renewed", LOG_TEXT("tls_name", files.tls_name));
        callers_renew(daemon->callers);
    }
    look_again(daemon);
}

void daemon_take_renewal(struct daemon *daemon, const struct event *event)
{
    const Weft__V1__RenewReply *reply = (const Weft__V1__RenewReply *)event->job.response;

    daemon->is_renewing = false;
    take(daemon, reply == NULL ? NULL : reply->certificate, &event->job.failure);
}

/* Nobody is above the top leader: it certifies itself. */
static void renew_alone(struct daemon *daemon, const char *request_pem)
{
    struct err err = {0};
    char *chain = NULL;

    if (setup_certify(&daemon->setup, &chain, request_pem, daemon->setup.identity.tls_name,
                      daemon->setup.settings.certificate_life_ms, calendar_now_ms(), &err) != 0) {
        chain = NULL;
    }
    take(daemon, chain, &err);
    free(chain);
}

static int ask(struct daemon *daemon, const char *certifier, char *request_pem, struct err *err)
{
    Weft__V1__RenewRequest request = WEFT__V1__RENEW_REQUEST__INIT;
    struct event *event = calloc(1, sizeof *event);
    int rc;

    if (event == NULL) {
        return err_set(err, ERR_NO_MEMORY, "renewal");
    }
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.certificate_request = request_pem;
    event->job.call.method = CORE_RENEW;
    snprintf(event->job.call.destination, sizeof event->job.call.destination, "%s", certifier);
    if ((rc = core_own_message(&event->job.call.request, &request.base, err)) != 0) {
        free(event);
        return rc;
    }
    daemon->is_renewing = true;
    daemon_submit(daemon, event);
    return 0;
}

static int renew(struct daemon *daemon, const struct renewal *files, struct err *err)
{
    const char *certifier = core_certifier(daemon->core);
    char *request_pem = NULL;
    int rc;

    if (certifier == NULL || daemon->is_renewing) {
        return 0; /* no roster yet, or it is under way */
    }
    if ((rc = renewal_request(&request_pem, files, err)) != 0) {
        return rc;
    }
    if (strcmp(certifier, daemon->setup.identity.id) != 0) {
        rc = ask(daemon, certifier, request_pem, err);
    } else if (daemon->setup.settings.issuer != NULL) { /* without one, weft-authority certify renews it */
        renew_alone(daemon, request_pem);
    }
    free(request_pem);
    return rc;
}

void daemon_on_certificates(void *arg)
{
    struct daemon *daemon = arg;
    const struct roster *roster = core_roster(daemon->core);
    const struct renewal files = files_of(daemon);
    const struct expiry expiry =
        expiry_read(files.certificate, daemon->setup.settings.issuer, files.authorities, roster);
    int64_t now_ms = calendar_now_ms();
    struct err err = {0};
    bool changed = false, due = false;
    int rc;

    if (daemon->is_stopping) {
        return;
    }
    daemon->kept_version = roster == NULL ? 0 : roster->wire->version;
    look_again(daemon); /* unless what follows says another time */
    expiry_log(&expiry, daemon->warned, now_ms);
    if ((rc = renewal_take_authorities(&changed, &files, roster, now_ms, &err)) == 0 && changed) {
        log_info("TLS authorities are those of the newest roster");
        callers_renew(daemon->callers);
    }
    if (rc == 0 && (rc = renewal_is_due(&due, &files, roster, now_ms, &err)) == 0 && due) {
        rc = renew(daemon, &files, &err);
    }
    if (rc != 0) {
        log_warn("certificate not looked after", LOG_ERR(&err));
    }
}

void daemon_follow_roster(struct daemon *daemon)
{
    const struct roster *roster = core_roster(daemon->core);

    if (roster != NULL && roster->wire->version != daemon->kept_version) {
        loop_timer_after(daemon->certificates, 0);
    }
}
