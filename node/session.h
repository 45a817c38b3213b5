/* session.h - what a command of weft-node works with: settings, keys, store, egress log, agent, connection.
 *
 * Several commands and the daemon may be started at once; a lock beside the store lets one at a time work. The
 * daemon holds it only while it does something. Commands that only look (status, preview) need no lock. */
#ifndef NODE_SESSION_H
#define NODE_SESSION_H

#include "base/join.h"
#include "base/rpc.h"
#include "node/agent.h"
#include "node/egress.h"
#include "node/settings.h"

#define SESSION_LOCK_WAIT_MS 3000

enum session_use {
    SESSION_RECORDS, /* store for writing, keys; no agent: import */
    SESSION_LOOK,    /* everything for reading, without lock: status, preview */
    SESSION_DECIDE,  /* agent for writing, no network: approve, evaluate --offline */
    SESSION_TALK,    /* all of it */
};

struct session {
    struct node_settings settings;
    struct identity identity;
    struct join_roots roots;
    struct store *store;
    struct egress *egress;
    struct agent *agent;
    struct rpc_channel *channel;
    bool has_rpc;
    int lock_fd; /* -1: none */
    bool is_locked;
    const struct agent_call *sending; /* what the egress log is to say of the bytes that leave now */
    int64_t keep_ms;                  /* when to look after the certificate next, unless a new roster comes */
    uint32_t kept_version;            /* of the roster by which it was looked after */
    unsigned keep_failures;           /* in a row */
    struct err failure;               /* the first of the last pass; code 0: none */
};

/* Locked on success (but for SESSION_LOOK). `session` starts as {0}. */
WEFT_MUST_USE int session_open(struct session *session, const char *settings_path, enum session_use use,
                               struct err *err);
/* Harmless on {0}. */
void session_close(struct session *session);

/* ERR_CERTIFICATE and why, if no connection can be made with the certificate. */
WEFT_MUST_USE int session_check_certificate(const struct session *session, struct err *err);

/* Renew the certificate at its half life from the leader, and follow the roster's TLS authorities; the connection is made
 * anew when anything changed. Wanted when session_must_keep. */
WEFT_MUST_USE int session_keep_certificate(struct session *session, bool *changed, struct err *err);
bool session_must_keep(const struct session *session, int64_t now_ms);

/* Again after session_unlock: takes in what others did meanwhile. ERR_STORE_LOCKED after waiting. */
WEFT_MUST_USE int session_lock(struct session *session, int wait_ms, struct err *err);
void session_unlock(struct session *session);

/* Make all calls that are due at `now_ms` and take in their answers; *num_calls tells how many. That a call failed is
 * no failure of the pass: see session->failure. */
WEFT_MUST_USE int session_pass(struct session *session, int64_t now_ms, size_t *num_calls, struct err *err);
/* Passes until nothing is due that was when it began. Fails with the first failure of a call. */
WEFT_MUST_USE int session_pull(struct session *session, struct err *err);

/* A transaction around one function of the agent. */
WEFT_MUST_USE int session_begin(struct session *session, struct store_txn **txn, struct err *err);
/* Commit if `rc` is 0, else abort and forget; returns what came of it. */
WEFT_MUST_USE int session_end(struct session *session, struct store_txn **txn, int rc, struct err *err);

/* Bytes leave in a file: list them first, as those that leave by the line. */
WEFT_MUST_USE int session_log_file(struct session *session, const struct task *task, const uint8_t *bytes, size_t len,
                                   struct err *err);

/* The task whose hexadecimal id begins with `prefix`; without one the only task of this site that is not over.
 */
WEFT_MUST_USE int session_pick_task(struct session *session, const char *prefix, size_t *index,
                                    struct err *err);
WEFT_MUST_USE int session_status(struct session *session, size_t index, struct agent_status *status,
                                 struct err *err);

#endif
