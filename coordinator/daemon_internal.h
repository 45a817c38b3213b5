/* daemon_internal.h - what the files of the daemon share.
 *
 *     daemon.c        the core's thread: batches of events, timers, stopping
 *     daemon_hold.c   answers that are held back until there is something to tell
 *     daemon_start.c  opening all parts, in order
 *     daemon_certificates.c  the own certificate, kept fresh */
#ifndef COORDINATOR_DAEMON_INTERNAL_H
#define COORDINATOR_DAEMON_INTERNAL_H

#include <pthread.h>

#include "base/expiry.h"
#include "base/loop.h"
#include "base/rpc.h"
#include "coordinator/callers.h"
#include "coordinator/publication.h"

#define MAX_DUE         64    /* calls begun after one look at what is due */

/* A request of a peer, or the answer to an own call (then `request` is NULL). */
struct event {
    struct callers_job job; /* first: an event is found from its job */
    struct event *next;
    struct rpc_call *request;
    enum core_method method;
    const ProtobufCMessage *body;
    int rc; /* of the request */
    ProtobufCMessage *reply;
    struct err failure;
    int64_t held_ms; /* since when its answer is held back, by the monotonic clock; 0: it was not */
};

struct events {
    struct event *first, **last;
};

struct daemon;

/* What a handler knows of its method. */
struct served {
    struct daemon *daemon;
    enum core_method method;
};

/* A coordinator that was called, and the failure that was logged and is not over. */
struct called {
    char id[ID_MAX + 1];
    int trouble;
};

struct daemon {
    struct setup setup;
    char endpoint[SETUP_ENDPOINT_SIZE];
    struct loop *loop;
    struct loop_timer *tick, *scan, *certificates;
    int lock_fd; /* of the store; held until the process ends */
    struct store *store;
    struct core *core;
    struct signed_log *signed_log;
    struct rpc_server *server;
    struct callers *callers;
    struct publication *publication; /* NULL: none */
    struct served served[CORE_NUM_METHODS];
    struct called *called;
    size_t num_called;
    struct events held; /* answers to submitted reports that are being verified */
    size_t num_held;
    struct event *spare[MAX_DUE]; /* made beforehand, so that a call that is due cannot get lost */

    pthread_mutex_t lock; /* of the next three */
    struct events queue;
    bool is_woken;
    bool is_closed; /* nobody will look into the queue any more */

    int64_t next_look_ms;      /* by the monotonic clock */
    bool is_dirty;             /* something happened since the last look */
    int trouble, look_trouble; /* error codes that were logged and are not over */
    bool is_stopping, has_stopper;
    bool is_renewing;          /* a call is under way */
    unsigned renewal_failures; /* in a row */
    uint32_t kept_version;     /* of the roster that the certificate was last compared with */
    int warned[EXPIRY_NUM]; /* of what ends soon, as logged */
    pthread_t stopper;
};

/* ---- daemon.c; each `user` or `arg` is the daemon, of daemon_on_request a struct served ---- */

void daemon_on_request(struct rpc_call *call, const ProtobufCMessage *request, void *user);
void daemon_on_call_done(void *user, struct callers_job *job);
void daemon_on_tick(void *arg);
void daemon_on_scan(void *arg);
void daemon_on_signal(void *arg, int signal);

/* ---- daemon_hold.c; on the core's thread ---- */

/* A report that was taken and is being verified: shall its answer be held back? Then the event is kept. */
bool daemon_hold(struct daemon *daemon, struct event *event, int64_t now_ms);
/* The event whose report the answered call was about, to be served once more; NULL: none. */
struct event *daemon_held_for(struct daemon *daemon, const struct callers_job *job);
/* The next one that was held long enough (`all`: whichever), to be answered as things stand; NULL: none. */
struct event *daemon_held_until(struct daemon *daemon, int64_t now_ms, bool all);
/* Make the call of a new event, which comes back as an answer; takes it. */
void daemon_submit(struct daemon *daemon, struct event *event);

/* ---- daemon_certificates.c ---- */

void daemon_on_certificates(void *arg);
/* At once if a new roster has come. */
void daemon_follow_roster(struct daemon *daemon);
/* The answer to the call that it made. */
void daemon_take_renewal(struct daemon *daemon, const struct event *event);

/* ---- daemon_start.c ---- */

/* Everything behind settings, loop and rpc_init. On failure what was opened stays, to be closed. */
WEFT_MUST_USE int daemon_start_all(struct daemon *daemon, struct err *err);

#endif
