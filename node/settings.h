/* settings.h - the settings file of weft-node. */
#ifndef NODE_SETTINGS_H
#define NODE_SETTINGS_H

#include "base/cert.h"
#include "base/settings.h"

struct node_settings {
    char *dir, *ca, *certificate;
    struct setting_list roots;
    char *leader; /* "TLS-NAME HOST:PORT" */
    char *store, *egress_log;
    int64_t poll_ms;
    char *proxy, *proxy_credentials, *no_proxy;
    int log_level, log_format;

    /* from the above */
    char leader_name[CERT_NAME_SIZE];
    const char *leader_address;
};

/* Fills `settings`, which starts as {0}; places not given get their defaults under dir. */
WEFT_MUST_USE int node_settings_load(struct node_settings *settings, const char *path, struct err *err);
/* Harmless on {0}. */
void node_settings_clear(struct node_settings *settings);
void node_settings_print(FILE *out, enum err_lang lang);

#endif
