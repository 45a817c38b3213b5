/* setup.h - what a coordinator starts from: its settings file, its own keys, the roots it pins.
 *
 * Shared by `run`, `status` and `totals`. The settings are read first (they hold no secret), the keys only
 * after the process has set up its memory (rpc_init). */
#ifndef COORDINATOR_SETUP_H
#define COORDINATOR_SETUP_H

#include <stdio.h>

#include "base/cert.h"
#include "base/join.h"
#include "base/settings.h"
#include "coordinator/core.h"

#define SETUP_ENDPOINT_SIZE 320 /* "host:port" and its NUL */

/* As the settings table fills it; NULL for what is not given. */
struct setup_settings {
    char *dir, *ca, *certificate;
    struct setting_list roots;
    char *listen, *advertise, *port_file, *store, *publication, *parent, *issuer;
    struct setting_list peers;
    char *proxy, *proxy_credentials, *no_proxy;
    int64_t poll_ms, certificate_life_ms;
    int64_t card_window, yellow_missing, yellow_late, red_missing, red_late; /* of a site's record */
    int log_level, log_format;
};

/* How to reach a coordinator before rosters and key sheets tell. */
struct setup_peer {
    char id[ID_MAX + 1], tls_name[CERT_NAME_SIZE], endpoint[SETUP_ENDPOINT_SIZE];
};

struct setup {
    struct setup_settings settings;
    char *path; /* of the settings file */
    char *store_path, *tls_key_path, *issuer_key_path;
    struct setup_peer *peers;
    size_t num_peers;
    struct identity identity;
    struct join_roots roots; /* do not move */
    struct core_collector *collectors;
};

/* Read and check the settings file. `setup` starts as {0}; end it with setup_clear, also after a failure. */
WEFT_MUST_USE int setup_read(struct setup *setup, const char *path, struct err *err);
/* Load keys and roots: at least one root of each side. */
WEFT_MUST_USE int setup_load_keys(struct setup *setup, struct err *err);
/* Wipes. Harmless on {0}. */
void setup_clear(struct setup *setup);

/* Is the certificate one of the authority's, valid now, and this coordinator's? `info` is filled whenever the
 * file can be read at all. */
WEFT_MUST_USE int setup_check_certificate(const struct setup *setup, struct cert_info *info, int64_t now_ms,
                                          struct err *err);

/* This coordinator's certificate, unchecked. */
WEFT_MUST_USE int setup_read_certificate(const struct setup *setup, struct cert_info *info, struct err *err);

/* Sign a certificate with the issuing certificate of the settings, which is read anew each time. ERR_NO_ISSUER. */
WEFT_MUST_USE int setup_certify(const struct setup *setup, char **chain_pem, const char *request_pem,
                                const char *tls_name, int64_t life_ms, int64_t now_ms, struct err *err);

/* The address that others are given, and the one on which this machine reaches the daemon; false while the port is not
 * known (chosen at the start, and not written to port_file). */
bool setup_advertised_endpoint(const struct setup *setup, char out[SETUP_ENDPOINT_SIZE]);
bool setup_local_endpoint(const struct setup *setup, char out[SETUP_ENDPOINT_SIZE]);

/* NULL when the settings do not name it. */
const struct setup_peer *setup_find_peer(const struct setup *setup, const char *coordinator);

/* Borrowing from `setup`; holds secrets: wipe it after core_new. */
struct core_options setup_core_options(const struct setup *setup, const char *endpoint,
                                       const uint8_t *incarnation);

/* The settings as documentation. */
void setup_print_settings(FILE *out, enum err_lang lang);

/* ---- looking into the store beside a running daemon ---- */

struct setup_reading {
    struct store *store;
    struct store_txn *txn; /* a reader's: one consistent moment */
    struct core *core;     /* loaded */
};

/* Does the store exist yet? */
bool setup_has_store(const struct setup *setup);
WEFT_MUST_USE int setup_begin_reading(struct setup_reading *reading, const struct setup *setup,
                                      struct err *err);
/* Harmless on {0}. */
void setup_end_reading(struct setup_reading *reading);

/* The loaded task whose id begins with `prefix` (hexadecimal, either case); NULL: the one with the latest
 * period, then the latest revision. ERR_TASK_UNKNOWN; ERR_USAGE when several fit. */
WEFT_MUST_USE int setup_find_task(const struct setup_reading *reading, const char *prefix, size_t *index,
                                  struct err *err);

#endif
