/* callers.h - the threads that make a coordinator's own calls to others.
 *
 * A job goes in, its outcome comes back through `done` on one of the threads. Connections are kept per
 * destination. One destination holds only part of the threads, so that a peer that hangs does not stop the
 * calls to all others. */
#ifndef COORDINATOR_CALLERS_H
#define COORDINATOR_CALLERS_H

#include <stdbool.h>

#include "base/proxy.h"
#include "coordinator/core.h"
#include "coordinator/setup.h"

struct callers;

/* The submitter's memory, in the hands of the callers until `done`. */
struct callers_job {
    struct callers_job *next;
    struct core_call call;
    char endpoint[SETUP_ENDPOINT_SIZE], tls_name[CERT_NAME_SIZE];
    ProtobufCMessage *response; /* or NULL with `failure` */
    struct err failure;
};

struct callers_options {
    const char *ca_file, *cert_file, *key_file;
    struct proxy_settings proxy;
    unsigned num_threads;
    int timeout_ms; /* of one call */
    void (*done)(void *user, struct callers_job *job);
    void *user;
};

/* Strings are borrowed for as long as the callers live. */
WEFT_MUST_USE int callers_new(struct callers **callers, const struct callers_options *options,
                              struct err *err);
void callers_submit(struct callers *callers, struct callers_job *job);
/* Connect anew from now on, with the certificate files as they are then. */
void callers_renew(struct callers *callers);
/* Make no more calls and wait for those under way, at most `grace_ms`. Jobs not begun are given to `done` with
 * ERR_UNREACHABLE. True once every thread has ended; if false, the callers must not be freed. */
bool callers_stop(struct callers *callers, int grace_ms);
/* After callers_stop was true. Harmless on NULL. */
void callers_free(struct callers **callers);

#endif
