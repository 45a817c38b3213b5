/* core.h - the protocol of one coordinator, leader or helper: pure, so that a whole province runs inside one
 * test.
 *
 * State, event and time in; answers and calls out. The state is the store (through db.h) plus caches of it.
 * Sockets, clocks and threads are at the edge (daemon.c, the cluster test). The edge does three things, each
 * inside a store transaction that it commits before anything leaves:
 *
 *     core_serve   a peer asks: the answer, or the error that the peer gets
 *     core_due     what this coordinator should ask of others now
 *     core_answer  what came of such a call: a response or a failure
 *
 * What is due is derived from the state each time ("what do I still owe?"), never queued: after a crash, a
 * lost or repeated message, the same question is asked again, and all requests are idempotent. So the steps
 * of a task need no script; each follows when its predecessors are there:
 *
 *     reports verified -> freeze -> order -> contributes -> plan -> states -> pattern -> release
 *
 * Randomness (HPKE keys of key sheets) comes through the options. Not thread-safe: one thread owns a core. */
#ifndef COORDINATOR_CORE_H
#define COORDINATOR_CORE_H

#include "coordinator/signed.h"
#include "base/roster.h"
#include "coordinator/db.h"
#include "audit/view.h"

enum core_method {
    CORE_GET_DOCUMENTS,
    CORE_PUT_DOCUMENTS,
    CORE_SUBMIT,
    CORE_VERIFY,
    CORE_CO_SIGN,
    CORE_PUT_SHARE,
    CORE_GET_SITE_STATE,
    CORE_JOIN,
    CORE_RENEW,
    CORE_INVITE, /* from here on of the service weft.v1.Console */
    CORE_LIST_JOINS,
    CORE_ADMIT,
    CORE_NOTE,
    CORE_NUM_METHODS,
};
/* "GetDocuments", as in its service. */
const char *core_method_name(enum core_method method);

struct core_collector {
    char area[ID_MAX + 1];
    uint8_t key[KEY_SIZE]; /* X25519 private */
};

struct core_options {
    const char *id;            /* in the roster */
    const char *endpoint;      /* advertised host:port, for key sheets */
    const char *parent;        /* coordinator id to pull from before a roster is known; "" at the top */
    struct roster_roots roots; /* pinned */
    uint8_t sign_key[KEY_SIZE], static_key[KEY_SIZE], at_rest_key[32];
    const struct core_collector *collectors; /* of the areas that it leads */
    size_t num_collectors;
    void (*random)(void *user, void *out, size_t len);
    void *random_user;
    const uint8_t *incarnation; /* of the store */
    struct signed_log *signed_log; /* borrowed; the caller keeps it after each commit. NULL: signatures are in the store alone */
    int64_t poll_ms;            /* how often to look for new documents above */
    const char *tls_name;       /* its own */
    /* Sign a certificate for `tls_name`, after every check of the request (cert_sign): *chain_pem is malloc'd. NULL: this
     * coordinator certifies nobody. */
    int (*certify)(void *user, char **chain_pem, const char *request_pem, const char *tls_name, int64_t now_ms,
                   struct err *err);
    void *certify_user;
};

struct core;

WEFT_MUST_USE int core_new(struct core **core, const struct core_options *options, struct err *err);
void core_free(struct core **core);

/* Forget everything that is cached from the store; the next call loads it again. After a failed commit. */
void core_forget(struct core *core);

/* Take in documents of the authority's publication (rosters, catalogues, tasks); known ones are fine. */
WEFT_MUST_USE int core_publish(struct core *core, struct store_txn *txn, const Weft__V1__Document *document,
                               struct err *err);

/* Serve one request of the peer with this TLS name. That a peer with the coordinator's own name is its own operator, and
 * nobody else to whom somebody issued such a certificate, the caller has checked. On success the caller ends *response with wire_free. On
 * failure nothing may be committed of this request. */
WEFT_MUST_USE int core_serve(struct core *core, struct store_txn *txn, const char *peer,
                             enum core_method method, const ProtobufCMessage *request, int64_t now_ms,
                             ProtobufCMessage **response, struct err *err);

/* A call that should be made now. Ended by core_answer or core_call_free. */
struct core_call {
    char destination[ID_MAX + 1]; /* coordinator id */
    enum core_method method;
    ProtobufCMessage *request;
    struct core_context *context; /* the core's own */
};

/* Do what can be done alone, and list the calls that are due; at most `max`. A call counts as under way until
 * core_answer. The caller frees each with core_call_free. */
WEFT_MUST_USE int core_due(struct core *core, struct store_txn *txn, int64_t now_ms, struct core_call *calls,
                           size_t max, size_t *num, struct err *err);

/* The outcome of a call: `response`, or NULL with `failure`. */
WEFT_MUST_USE int core_answer(struct core *core, struct store_txn *txn, struct core_call *call,
                              const ProtobufCMessage *response, const struct err *failure, int64_t now_ms,
                              struct err *err);
void core_call_free(struct core_call *call);
/* A message on the stack, copied into memory of its own. */
WEFT_MUST_USE int core_own_message(ProtobufCMessage **out, const ProtobufCMessage *message, struct err *err);

/* The advertised endpoint and TLS name of a coordinator, as far as rosters and key sheets tell; NULL if
 * unknown. */
const char *core_endpoint(const struct core *core, const char *coordinator);
const char *core_tls_name(const struct core *core, const char *coordinator);

/* The coordinator that renews this one's certificate, by the newest roster: the leader above a leader, the leader of a
 * helper's own area; itself at the top. NULL while no roster tells. */
const char *core_certifier(const struct core *core);
const struct roster *core_roster(const struct core *core);

/* ---- for status and results ---- */

size_t core_num_tasks(const struct core *core);
const struct view *core_task_view(const struct core *core, size_t index);
/* Load whatever the store holds, as every other function does by itself. */
WEFT_MUST_USE int core_load(struct core *core, struct store_txn *txn, struct err *err);

/* What the area's collector opened (totals by slot, task->num_slots; slots not opened are left 0 and false):
 * the collector's own view, before suppression. *totals is NULL while there is none; end with secret_free. */
WEFT_MUST_USE int core_opened_totals(struct core *core, struct store_txn *txn, size_t index,
                                     const struct opening *opening, uint64_t **totals, bool **is_opened,
                                     struct err *err);

#endif
