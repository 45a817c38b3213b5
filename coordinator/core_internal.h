/* core_internal.h - what the files of the core share.
 *
 *     core.c      loading, authorisation, dispatch, pending calls
 *     exchange.c  documents: taking in, giving out, pulling, pushing
 *     key_sheet.c the own key of each task
 *     intake.c    reports: submission, verification, receipts
 *     site_state.c  what is held of a site's reports, for that site
 *     cosign.c    documents of a pair: proposing, checking, signing
 *     notes.c     notes of known errors
 *     contacts.c  how it goes with peers, for people
 *     rollup.c    shares: summing, passing up, sealing to the collector
 *     joining.c   newcomers, and certificates that are renewed
 *     release.c   the collector: opening, contributes, states, release
 *     sums.c      shares of longer periods
 *     erasure.c   the end: keys and shares destroyed */
#ifndef COORDINATOR_CORE_INTERNAL_H
#define COORDINATOR_CORE_INTERNAL_H

#include "base/log.h"
#include "base/report.h"
#include "base/roster_history.h"
#include "coordinator/core.h"
#include "audit/family.h"
#include "audit/view_internal.h"

#define REPORT(name) WEFT__V1__REPORT_STATE__REPORT_##name
#define REJECT(name) WEFT__V1__REJECT_REASON__REJECT_##name
#define MAX_SKEW_MS  (5 * 60 * 1000) /* between a pair's clocks */

/* A report that waits for its verification. */
struct core_waiting {
    int site;
    uint32_t revision;
};

struct core_pair_key {
    bool is_agreed;
    uint8_t key[PRIO3_VERIFY_KEY_SIZE];
};

/* A share that the parent took. It may lose it again (a restored backup), so it is given anew until the opening's
 * outcome is there. */
struct core_sent {
    char opening[OPENING_NAME_MAX];
    int64_t at_ms;
};

struct core_task {
    struct task *task;
    const struct roster *roster;          /* the pinned one as of the period */
    const struct roster_history *history; /* the core's */
    int self; /* own coordinator index in this roster; NONE: not a party */
    Weft__V1__Side side;
    struct view *view;
    uint64_t view_number; /* documents up to here are in the view */
    uint8_t hpke_key[HPKE_KEY_SIZE];
    bool has_hpke_key;
    struct core_pair_key *pair_keys; /* by coordinator: of the pair with it */
    bool is_dirty; /* something changed since the last look at what is to be done */
    bool has_new_release; /* since totals were compared */
    int64_t compared_ms;
    int64_t looked_ms;
    int64_t began_ms; /* when this program first looked at the task; 0: not yet */
    int trouble; /* the error that its last look met, so that it is logged once */
    struct core_waiting *waiting;
    size_t num_waiting;
    int *missing;                   /* by area: the site that has_all_reports found without a report last */
    bool *dropped;                  /* by site: leader and helper could not agree on it */
    struct core_sent *sent; /* shares that the parent took */
    size_t num_sent;
};

/* A call under way or to be tried again. */
struct core_pending {
    char key[256];
    bool in_flight;
    unsigned failures;
    int64_t next_ms;
};

struct core {
    struct core_options options;
    char id[ID_MAX + 1], endpoint[320], parent[ID_MAX + 1], tls_name[CERT_NAME_SIZE];
    struct core_collector *collectors;
    struct roster_history history;
    char newer_at[ID_MAX + 1]; /* a helper that holds a newer roster than this leader; "": none known */
    struct core_task *tasks;
    size_t num_tasks;
    uint64_t global_number; /* global documents up to here are loaded */
    size_t num_catalogues;  /* among them */
    struct core_pending *pending;
    size_t num_pending;
    struct pushed *pushed; /* how far each peer was given documents; forgotten on restart */
    size_t num_pushed;
};

struct pushed {
    char peer[ID_MAX + 1];
    uint8_t task[TASK_ID_SIZE];
    uint64_t up_to;
};

enum core_kind { CALL_PULL, CALL_PUSH, CALL_VERIFY, CALL_COSIGN, CALL_SHARE };

struct core_context {
    enum core_kind kind;
    char key[256];
    uint8_t task[TASK_ID_SIZE]; /* DB_NO_TASK for global documents */
    uint64_t up_to;             /* push */
    int area;                   /* co-sign: whose document */
    int site;                   /* verify */
    uint32_t revision;
    struct prio3_state *state;
    uint8_t *verifier_share;
    Weft__V1__RejectReason leader_reject;
    struct opening opening; /* share */
};

/* One pass of core_due: where calls are collected. */
struct core_round {
    struct core *core;
    struct db db;
    int64_t now_ms;
    struct core_call *calls;
    size_t num, max;
};

/* ---- core.c ---- */

struct core_task *core_find_task(const struct core *core, const ProtobufCBinaryData *task_id);
/* ERR_TASK_OVERLAPS: it conflicts with a task that was there before it, so nothing is done for it. */
WEFT_MUST_USE int core_check_alone(const struct core *core, const struct core_task *task, struct err *err);
/* The same of a task that is offered, against all that are held. */
WEFT_MUST_USE int core_check_offered(const struct core *core, const struct task *task, struct err *err);
const struct roster *core_newest_roster(const struct core *core);
struct db core_db(struct core *core, struct store_txn *txn);
ProtobufCBinaryData core_bytes(const void *data, size_t len); /* borrows */
/* Who calls: a party of the newest roster or of one that a task pins. */
struct core_peer {
    const char *site, *coordinator; /* its id; one of them, the other NULL */
    int64_t now_ms;
};
/* May the peer with this TLS name give this kind of document? Rosters and tasks come from above, not from below. */
bool core_may_give(const struct core *core, const char *tls_name, Weft__V1__DocumentType type, int64_t now_ms);
/* ERR_PEER_REVOKED if the newest roster ended the admission of this TLS name at or before `at_ms`. */
WEFT_MUST_USE int core_check_revoked(const struct core *core, const char *tls_name, int64_t at_ms,
                                     struct err *err);
/* The task_id and area of any document's body; NULL and "" when the kind has none. */
const ProtobufCBinaryData *core_body_task_id(const ProtobufCMessage *body);
const char *core_body_area(const ProtobufCMessage *body);
/* Is a call with this key neither under way nor to be tried later only? Then `round_add` may add it. */
bool round_wants(struct core_round *round, const char *key);
/* Takes the context and the request (also on failure). */
WEFT_MUST_USE int round_add(struct core_round *round, const char *destination, enum core_method method,
                            const ProtobufCMessage *request, struct core_context *context, struct err *err);
struct core_context *context_new(enum core_kind kind, const uint8_t task[TASK_ID_SIZE], const char *key);
void context_free(struct core_context **context);
/* Try `key` again at `next_ms`, e.g. the next poll. */
void core_set_next(struct core *core, const char *key, int64_t next_ms);
const struct core_collector *core_find_collector(const struct core *core, const char *area);
/* Does the error concern the whole coordinator (disk, memory), not one document, share or task? */
bool core_stops_all(int code);

/* ---- exchange.c ---- */

/* Check, store and load one document, from wherever it came. */
WEFT_MUST_USE int exchange_take(struct core *core, struct db *db, const Weft__V1__Document *document,
                                bool *is_new, struct err *err);
/* Would this task, which the authority publishes, conflict with one that is held? What is held already would not. */
WEFT_MUST_USE int exchange_check_offered(struct core *core, const Weft__V1__Document *document,
                                         struct err *err);
/* A task's documents into its view, as far as not there yet. */
WEFT_MUST_USE int exchange_refresh(struct db *db, struct core_task *task, struct err *err);
/* Documents of no one task: rosters, catalogues and tasks. */
bool exchange_is_global(Weft__V1__DocumentType type);
/* Load them. */
WEFT_MUST_USE int exchange_load(struct core *core, struct db *db, struct err *err);
WEFT_MUST_USE int exchange_serve_get(struct core *core, struct db *db, const char *coordinator,
                                     const Weft__V1__GetDocumentsRequest *request,
                                     ProtobufCMessage **response, struct err *err);
WEFT_MUST_USE int exchange_serve_put(struct core *core, struct db *db, const char *tls_name,
                                     const Weft__V1__PutDocumentsRequest *request, int64_t now_ms,
                                     ProtobufCMessage **response, struct err *err);
WEFT_MUST_USE int exchange_due(struct core_round *round, struct core_task *task,
                               struct err *err); /* NULL: global */
WEFT_MUST_USE int exchange_answer(struct core *core, struct db *db, struct core_call *call,
                                  const ProtobufCMessage *response, int64_t now_ms, struct err *err);
/* A call to a peer failed with this error. */
void exchange_failed(struct core *core, const struct core_call *call, int code);

/* ---- key_sheet.c ---- */

/* Have this task's key in memory and its sheet among the documents; both are made at the first call. */
WEFT_MUST_USE int key_sheet_due(struct core_round *round, struct core_task *task, struct err *err);

/* ---- intake.c ---- */

/* Find the reports that wait, anew. */
WEFT_MUST_USE int intake_load(struct db *db, struct core_task *task, struct err *err);
/* Does a report of a site supervised by `area` wait for its verification here? */
bool intake_has_waiting(const struct core_task *task, int area);
/* Can no report of sites supervised by `area` come any more? */
WEFT_MUST_USE int intake_is_closed(const struct core *core, struct db *db, struct core_task *task, int area,
                                   int64_t now_ms, bool *closed, struct err *err);
/* `site_id` is the caller; NULL: the report came as a file, and its signature alone says whose it is. */
WEFT_MUST_USE int intake_serve_submit(struct core *core, struct db *db, const char *site_id,
                                      const Weft__V1__SubmitRequest *request, int64_t now_ms,
                                      ProtobufCMessage **response, struct err *err);
WEFT_MUST_USE int intake_serve_verify(struct core *core, struct db *db, const char *leader,
                                      const Weft__V1__VerifyRequest *request, int64_t now_ms,
                                      ProtobufCMessage **response, struct err *err);
WEFT_MUST_USE int intake_due(struct core_round *round, struct core_task *task, struct err *err);
WEFT_MUST_USE int intake_answer(struct core *core, struct db *db, struct core_call *call,
                                const Weft__V1__VerifyReply *reply, struct err *err);

/* ---- site_state.c ---- */

WEFT_MUST_USE int site_state_serve(struct core *core, struct db *db, const char *site,
                                   const Weft__V1__GetSiteStateRequest *request, ProtobufCMessage **response,
                                   struct err *err);

/* ---- cosign.c ---- */

WEFT_MUST_USE int cosign_serve(struct core *core, struct db *db, const char *leader,
                               const Weft__V1__CoSignRequest *request, int64_t now_ms,
                               ProtobufCMessage **response, struct err *err);
WEFT_MUST_USE int cosign_due(struct core_round *round, struct core_task *task, struct err *err);
WEFT_MUST_USE int cosign_answer(struct core *core, struct db *db, struct core_call *call,
                                const Weft__V1__CoSignReply *reply, const struct err *failure, int64_t now_ms,
                                struct err *err);

/* Stamp, sign and send a document to the helper of the area that it speaks of. */
WEFT_MUST_USE int cosign_ask(struct core_round *round, struct core_task *task, int area, const char *key,
                             Weft__V1__Document **document, struct err *err);

/* ---- notes.c ---- */

WEFT_MUST_USE int notes_serve(struct core *core, struct db *db, const Weft__V1__NoteRequest *request, int64_t now_ms,
                              ProtobufCMessage **response, struct err *err);
WEFT_MUST_USE int notes_due(struct core_round *round, struct core_task *task, struct err *err);

/* ---- rollup.c ---- */

/* Both stages: sum what is complete, seal to the collector or pass up. */
WEFT_MUST_USE int rollup_due(struct core_round *round, struct core_task *task, struct err *err);
WEFT_MUST_USE int rollup_serve_share(struct core *core, struct db *db, const char *sender,
                                     const Weft__V1__PutShareRequest *request, ProtobufCMessage **response,
                                     struct err *err);
void rollup_answer(struct core *core, struct core_call *call, int64_t now_ms);
/* The share of an opening that this coordinator sealed to the collector; NULL if it did not. secret_free. */
WEFT_MUST_USE int rollup_own_share(struct db *db, const struct view *view, const struct opening *opening,
                                   uint8_t **share, size_t *len, struct err *err);

/* ---- sums.c ---- */

/* Of a sum's opening, over `num` slots: both shares that its collector opened of the parts (num_shares 2, leader's first),
 * or the own ones that a coordinator sealed (1), added up. NULL: those of some part are not here. secret_free. */
WEFT_MUST_USE int sums_shares(struct db *db, const struct view *view, const struct opening *opening,
                              int num_shares, const int *slots, int num, uint8_t **shares, struct err *err);
/* Did this coordinator seal its side's share of that total in every part? */
bool sums_are_sealed_by(const struct view *view, const struct opening *opening, const char *coordinator,
                        Weft__V1__Side side);

/* ---- release.c ---- */

/* The unsigned contributes, states or release of an area, from what is sealed to this collector; *document is NULL
 * while it cannot be made yet. */
WEFT_MUST_USE int release_build_contributes(struct core *core, struct db *db, struct core_task *task,
                                            int area, Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int release_build_states(struct core *core, struct db *db, struct core_task *task, int area,
                                       Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int release_build(struct core *core, struct db *db, struct core_task *task, int area,
                                Weft__V1__Document **document, struct err *err);
/* The helper's check: is its own share in there unaltered? */
WEFT_MUST_USE int release_check_own_share(struct db *db, const struct core_task *task,
                                          const Weft__V1__Document *document, struct err *err);

/* ---- erasure.c ---- */

/* Is the task over: void, or its retention ended? Then nothing more is done with its secrets. */
bool erasure_is_due(const struct core_task *task, int64_t now_ms);
/* Destroy them, once, and say so in a signed document. */
WEFT_MUST_USE int erasure_step(struct core_round *round, struct core_task *task, struct err *err);

/* ---- joining.c ---- */

/* Newcomers, and the own operator: peers that the roster does not tell of. Is `tls_name` one of them, or `method` theirs?
 * Then it is served here, or refused. */
bool joining_concerns(const struct core *core, const char *tls_name, enum core_method method);
WEFT_MUST_USE int joining_serve(struct core *core, struct db *db, const char *tls_name, enum core_method method,
                                const ProtobufCMessage *request, int64_t now_ms, ProtobufCMessage **response,
                                struct err *err);
/* Does this coordinator certify the party with this TLS name, by the newest roster? */
bool joining_certifies(const struct core *core, const char *tls_name);
WEFT_MUST_USE int joining_serve_renew(struct core *core, const char *tls_name,
                                      const Weft__V1__RenewRequest *request, int64_t now_ms,
                                      ProtobufCMessage **response, struct err *err);

#endif
