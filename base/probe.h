/* probe.h - one TLS handshake made to find out why a connection does not work; the only use of libssl.
 *
 * gRPC says "failed to connect"; this says at which step and why: the name does not resolve, nobody answers, a proxy
 * refuses, something else than the server speaks TLS there (an antivirus, a firewall), the server bears another name, or
 * it does not accept our certificate. Nothing is sent beyond the handshake. Blocks, at most about `timeout_ms` a step.
 * SIGPIPE is ignored from then on. */
#ifndef BASE_PROBE_H
#define BASE_PROBE_H

#include <stdint.h>

#include "base/proxy.h"

struct probe_options {
    const char *target;   /* "host:port" */
    const char *tls_name; /* the DNS name that the server must bear */
    const char *ca_file, *cert_file, *key_file;
    const struct proxy *proxy; /* may be NULL */
    int timeout_ms;
};

enum probe_outcome {
    PROBE_OK,
    PROBE_BAD_ADDRESS,    /* not "host:port" */
    PROBE_NO_NAME,        /* the host's name (the proxy's, if there is one) does not resolve */
    PROBE_REFUSED,        /* the machine answers: nobody listens on the port */
    PROBE_SILENT,         /* no answer: filtered, or no such machine */
    PROBE_NO_ROUTE,       /* the network says that it cannot get there */
    PROBE_PROXY_REFUSED,  /* `status` is what it answered; 0: no HTTP answer */
    PROBE_PROXY_SILENT,
    PROBE_NO_TLS,         /* something listens there that does not speak TLS, or hangs up */
    PROBE_OLD_TLS,        /* older than 1.3: no program of weft's */
    PROBE_FOREIGN_ISSUER, /* the certificate is not from our authority: interception, or a wrong host */
    PROBE_EXPIRED,        /* by our clock, it has ended or has not begun */
    PROBE_WRONG_NAME,     /* ours, and for another name */
    PROBE_OWN_REFUSED,    /* the server does not accept our certificate */
    PROBE_OWN_FILES,      /* our own files cannot be used */
};

struct probe {
    enum probe_outcome outcome;
    char address[64]; /* connected to, numeric; empty: never */
    int error;        /* errno of the connection */
    int status;       /* of the proxy's answer */
    char tls_version[16];
    char subject[256], issuer[256]; /* met; control characters replaced */
    char names[512];                /* DNS names in the server's certificate, with commas */
    int64_t not_after_ms;
    char words[160]; /* of the TLS library */
};

void probe_run(struct probe *probe, const struct probe_options *options);

#endif
