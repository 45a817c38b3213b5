/* daemon_start.c - what the daemon opens when it starts: keys, store, server, core, callers, timers. */
#include "coordinator/daemon_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/secret.h"

#define SCAN_MS         5000  /* between looks into the publication directory */
#define NUM_CALLERS     8     /* threads */
#define CALL_TIMEOUT_MS 30000 /* of a call to another coordinator */
#define LOCK_WAIT_MS    3000  /* for the one before to end */

/* Who may do what depends on the roster, which the core's thread owns: core_serve decides. Here those are turned away
 * who have no name at all, and who bear this coordinator's own name by another certificate than its own: only its
 * operator, on its machine, has the key of that one. */
static int allow(const struct rpc_peer *peer, const char *method, void *user, struct err *err)
{
    const struct daemon *daemon = user;
    struct cert_info own = {0};

    (void)method;
    if (peer->name[0] == '\0') {
        return err_set(err, ERR_PEER_UNKNOWN, "a certificate without a name");
    }
    if (strcmp(peer->name, daemon->setup.identity.tls_name) == 0 &&
        (setup_read_certificate(&daemon->setup, &own, err) != 0 ||
         memcmp(own.digest, peer->cert_digest, sizeof own.digest) != 0)) {
        return err_set(err, ERR_NOT_ALLOWED, "%s is this coordinator itself", peer->name);
    }
    return 0;
}

static int make_server(struct daemon *daemon, const char *address, struct err *err)
{
    struct rpc_server_options options = {
        .address = address,
        .ca_file = daemon->setup.settings.ca,
        .cert_file = daemon->setup.settings.certificate,
        .key_file = daemon->setup.tls_key_path,
        .allow = allow,
        .allow_user = daemon,
    };
    int rc = rpc_server_new(&daemon->server, &options, err);

    for (int i = 0; rc == 0 && i < CORE_NUM_METHODS; i++) {
        struct rpc_method method = {core_method_name((enum core_method)i), daemon_on_request};
        daemon->served[i] = (struct served){daemon, (enum core_method)i};
        rc = rpc_server_add(daemon->server,
                            i < CORE_INVITE ? &weft__v1__exchange__descriptor : &weft__v1__console__descriptor,
                            &method, 1, &daemon->served[i], err);
    }
    return rc;
}

static int start_on(struct daemon *daemon, const char *address, uint16_t *port, struct err *err)
{
    int rc;

    if ((rc = make_server(daemon, address, err)) != 0 ||
        (rc = rpc_server_start(daemon->server, port, err)) != 0) {
        rpc_server_free(&daemon->server);
    }
    return rc;
}

/* The port of the last run, 0 if unknown. Signed key sheets name it, so it should stay. */
static unsigned last_port(const struct daemon *daemon)
{
    uint8_t *data = NULL;
    unsigned long port = 0;
    size_t len;

    if (daemon->setup.settings.port_file != NULL &&
        file_read(&data, &len, daemon->setup.settings.port_file, 16, NULL) == 0) {
        port = strtoul((const char *)data, NULL, 10);
    }
    free(data);
    return port > 65535 ? 0 : (unsigned)port;
}

static int start_server(struct daemon *daemon, struct err *err)
{
    const struct setup_settings *settings = &daemon->setup.settings;
    int host_len = (int)(strrchr(settings->listen, ':') - settings->listen);
    unsigned previous = strcmp(settings->listen + host_len, ":0") == 0 ? last_port(daemon) : 0;
    char address[SETUP_ENDPOINT_SIZE];
    uint16_t port = 0;
    int rc = ERR_PORT_TAKEN;

    if (previous != 0) {
        snprintf(address, sizeof address, "%.*s:%u", host_len, settings->listen, previous);
        rc = start_on(daemon, address, &port, err);
    }
    if (rc == ERR_PORT_TAKEN) {
        rc = start_on(daemon, settings->listen, &port, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (settings->advertise != NULL) {
        snprintf(daemon->endpoint, sizeof daemon->endpoint, "%s", settings->advertise);
    } else {
        snprintf(daemon->endpoint, sizeof daemon->endpoint, "%.*s:%u", host_len, settings->listen,
                 (unsigned)port);
    }
    snprintf(address, sizeof address, "%.*s:%u", host_len, settings->listen, (unsigned)port);
    log_info("serving", LOG_TEXT("id", daemon->setup.identity.id), LOG_TEXT("address", address),
             LOG_TEXT("advertised", daemon->endpoint));
    snprintf(address, sizeof address, "%u\n", (unsigned)port);
    return settings->port_file == NULL
               ? 0
               : file_write(settings->port_file, address, strlen(address), FILE_MODE_PUBLIC, err);
}

/* How often the store was opened for serving stands in a file beside the keys, too: a store that was opened less often
 * than that is an older copy. Peers and hospitals learn it from its new incarnation, and bring again what they brought. */
static int notice_restored(struct daemon *daemon, struct err *err)
{
    char *path = file_join(daemon->setup.settings.dir, OPENINGS_FILE), text[32];
    uint64_t openings = store_openings(daemon->store);
    uint8_t *data = NULL;
    size_t len;
    int rc = path == NULL ? err_set(err, ERR_NO_MEMORY, "settings") : 0;

    if (rc == 0 && file_exists(path) && (rc = file_read(&data, &len, path, sizeof text, err)) == 0 &&
        strtoull((char *)data, NULL, 10) >= openings) {
        log_warn("the database was restored from a backup: what is missing is asked from the others",
                 LOG_TEXT("path", daemon->setup.store_path));
        openings = strtoull((char *)data, NULL, 10) + 1;
        rc = store_renew(daemon->store, err);
    }
    if (rc == 0) {
        snprintf(text, sizeof text, "%" PRIu64 "\n", openings);
        rc = file_write(path, text, strlen(text), FILE_MODE_SECRET, err);
    }
    free(data);
    free(path);
    return rc;
}

static int start_core(struct daemon *daemon, struct err *err)
{
    struct core_options options =
        setup_core_options(&daemon->setup, daemon->endpoint, store_incarnation(daemon->store));
    char *path = file_join(daemon->setup.settings.dir, SIGNED_FILE);
    int rc = path == NULL ? err_set(err, ERR_NO_MEMORY, "settings") : signed_open(&daemon->signed_log, path, false, err);

    options.signed_log = daemon->signed_log;
    if (rc == 0) {
        rc = core_new(&daemon->core, &options, err);
    }
    secret_wipe(&options, sizeof options);
    free(path);
    return rc;
}

static int start_callers(struct daemon *daemon, struct err *err)
{
    struct callers_options options = {
        .ca_file = daemon->setup.settings.ca,
        .cert_file = daemon->setup.settings.certificate,
        .key_file = daemon->setup.tls_key_path,
        .proxy = {daemon->setup.settings.proxy, daemon->setup.settings.proxy_credentials,
                  daemon->setup.settings.no_proxy},
        .num_threads = NUM_CALLERS,
        .timeout_ms = CALL_TIMEOUT_MS,
        .done = daemon_on_call_done,
        .user = daemon,
    };
    return callers_new(&daemon->callers, &options, err);
}

static int start_timers(struct daemon *daemon, struct err *err)
{
    int rc;

    if ((rc = loop_timer_new(&daemon->tick, daemon->loop, daemon_on_tick, daemon, err)) != 0) {
        return rc;
    }
    for (int i = 0; i < EXPIRY_NUM; i++) {
        daemon->warned[i] = EXPIRY_NONE;
    }
    if ((rc = loop_timer_new(&daemon->certificates, daemon->loop, daemon_on_certificates, daemon, err)) != 0) {
        return rc;
    }
    loop_timer_after(daemon->certificates, 0);
    if ((rc = loop_timer_new(&daemon->scan, daemon->loop, daemon_on_scan, daemon, err)) != 0) {
        return rc;
    }
    if (daemon->setup.settings.publication != NULL) {
        if ((rc = publication_new(&daemon->publication, daemon->setup.settings.publication, err)) != 0) {
            return rc;
        }
        loop_timer_every(daemon->scan, SCAN_MS);
        publication_look(daemon->publication);
    }
    loop_timer_after(daemon->tick, 0);
    return 0;
}

int daemon_start_all(struct daemon *daemon, struct err *err)
{
    struct cert_info certificate;
    int rc;

    if ((rc = setup_load_keys(&daemon->setup, err)) != 0 ||
        (rc = setup_check_certificate(&daemon->setup, &certificate, calendar_now_ms(), err)) != 0 ||
        (rc = file_lock_open(&daemon->lock_fd, daemon->setup.store_path, err)) != 0 ||
        (rc = file_lock(daemon->lock_fd, daemon->setup.store_path, LOCK_WAIT_MS, err)) != 0 ||
        (rc = db_open_store(&daemon->store, daemon->setup.store_path, false, false, err)) != 0 ||
        (rc = notice_restored(daemon, err)) != 0) {
        return rc;
    }
    /* Requests that come before the core is there wait in the queue. */
    if ((rc = start_callers(daemon, err)) != 0 || (rc = start_server(daemon, err)) != 0 ||
        (rc = start_core(daemon, err)) != 0) {
        return rc;
    }
    loop_on_signal(daemon->loop, daemon_on_signal, daemon);
    return start_timers(daemon, err);
}
