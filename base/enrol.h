/* enrol.h - a newcomer's side of joining by a token: its keys, its request, and what it gets.
 *
 * enrol_run makes the directory with the newcomer's keys, unless it is there already, asks the leader until its operator
 * has admitted the newcomer, and then writes beside the keys
 *     root-NAME.yaml   the root keys that the token pins, as far as the newest roster still names them
 *     ca.crt           the TLS authorities
 *     tls.crt          the own certificate with its chain: last, so that where it is all else is
 * The keys never leave; what leaves is the join file. All of it can be done again after any interruption, with the same
 * token: the leader binds an invitation to the first join file that it gets, and answers the same one again. */
#ifndef BASE_ENROL_H
#define BASE_ENROL_H

#include <stdio.h>

#include "base/join.h"
#include "base/rpc.h"
#include "base/token.h"

#define ENROL_CERTIFICATE "tls.crt"
#define ENROL_AUTHORITIES "ca.crt"

struct enrol_options {
    const char *token_path, *dir;
    enum join_kind kind;
    const char *const *areas; /* that a coordinator leads; used when its keys are made */
    size_t num_areas;
    int64_t wait_ms; /* for the operator; 0: ask once */
    rpc_sent sent;   /* may be NULL; the directory is there when it is called */
    void (*asks)(void *user, const Weft__V1__JoinToken *token, const char *fingerprint); /* once, before asking */
    void *user;
};

struct enrol {
    Weft__V1__JoinToken *token;
    char (*roots)[ID_MAX + 16]; /* "root-NAME.yaml" */
    size_t num_roots;
};

/* 0: joined. ERR_JOIN_WAITING: not admitted within the time; run it again. `enrol` starts as {0}. */
WEFT_MUST_USE int enrol_run(struct enrol *enrol, const struct enrol_options *options, struct err *err);
/* Harmless on {0}. */
void enrol_clear(struct enrol *enrol);

/* Begin the text of a settings file for what enrol_run wrote: dir, ca, certificate, roots, all beside the file. */
void enrol_print_settings(FILE *out, const struct enrol *enrol);

#endif
