/* agent.h - the protocol of one site: pure, like coordinator/core.h, so that a whole province runs inside one
 * test.
 *
 * State, event and time in; calls out. The state is the store (state.h, outbox.h) plus caches of it. The edge
 * does two things, each inside a store transaction that it commits before anything leaves:
 *
 *     agent_due      what this site should ask of its leader now
 *     agent_answer   what came of such a call: a response or a failure
 *
 * and passes on what people decide (agent_set_vector, agent_approve). All calls go to the one leader that
 * supervises the site. What is due is derived from the state each time; all requests are idempotent.
 *
 * The life of a report: a vector is *evaluated*; a person *approves* exactly it, or approved its catalogue
 * beforehand; the report is *built* once and its bytes kept; it is *sent* until leader and helper have both
 * signed a *receipt*; after the close the receipt must be *in the freeze*; then come the *releases*. A new
 * vector needs a new approval and makes the next revision, as long as the task is open. Bytes once built for a
 * revision never change. Before the first report that a program builds for a task it asks the leader what that holds of
 * this site: after a restored backup the next revision follows what was reported, not what the store remembers.
 *
 * Of what the leader gives, nothing is believed: rosters and tasks are signed by pinned roots of both sides, a
 * roster's version only rises, a demo roster is refused once there was a real one, catalogues are those that
 * tasks pin, task documents are checked in a view (node/site_view.h).
 *
 * Not thread-safe. After any failure the caches are loaded anew by the next call. */
#ifndef NODE_AGENT_H
#define NODE_AGENT_H

#include "audit/view.h"
#include "base/contact.h"
#include "base/store.h"

#define AGENT_RULE_SET "weft-0.1"
#define AGENT_BY_MAX   200 /* bytes of an approver's name */

enum agent_method { AGENT_GET_DOCUMENTS, AGENT_SUBMIT, AGENT_GET_SITE_STATE, AGENT_PUT_DOCUMENTS };
/* "GetDocuments", as in the service weft.v1.Exchange. */
const char *agent_method_name(enum agent_method method);

struct agent_options {
    const char *site;          /* id in the roster */
    struct roster_roots roots; /* pinned; borrowed */
    uint8_t sign_key[KEY_SIZE], site_secret[32], at_rest_key[32];
    int64_t poll_ms; /* how often to look for new documents */

    /* The egress log's place before the next byte string, for the report's header. `commitment` is not NULL
     * before a task's first report: log it first. NULL: no log (an empty one is reported). */
    int (*log)(void *user, const struct task *task, const uint8_t *commitment, int64_t now_ms, uint64_t *size,
               uint8_t root[DIGEST_SIZE], struct err *err);
    void *log_user;
};

struct agent;

WEFT_MUST_USE int agent_new(struct agent **agent, const struct agent_options *options, struct err *err);
void agent_free(struct agent **agent);

/* Forget everything that is cached from the store. After a failed commit. */
void agent_forget(struct agent *agent);
/* Load whatever the store holds, as every other function does by itself. */
WEFT_MUST_USE int agent_load(struct agent *agent, struct store_txn *txn, struct err *err);

/* ---- calls ---- */

struct agent_call {
    enum agent_method method;
    ProtobufCMessage *request;
    bool has_task;
    uint8_t task[TASK_ID_SIZE];
    uint32_t revision; /* submit */
};

/* Build what may be built, and list the calls that are due; at most `max`. A call counts as under way until
 * agent_answer. The caller ends each with agent_call_free. */
WEFT_MUST_USE int agent_due(struct agent *agent, struct store_txn *txn, int64_t now_ms,
                            struct agent_call *calls, size_t max, size_t *num, struct err *err);
/* The outcome of a call: `response`, or NULL with `failure`. A response that cannot be believed is logged and
 * counts as a failure. */
WEFT_MUST_USE int agent_answer(struct agent *agent, struct store_txn *txn, const struct agent_call *call,
                               const ProtobufCMessage *response, const struct err *failure, int64_t now_ms,
                               struct err *err);
void agent_call_free(struct agent_call *call);

/* When the next call will be due; INT64_MAX while all are under way. */
int64_t agent_next_ms(const struct agent *agent);

/* ---- tasks, and what people decide ---- */

struct agent_task {
    struct task *task;
    const struct roster *roster;
    int site; /* own index; NONE: the task is not for this site */
    int area; /* supervising */
    struct view *view;
};

size_t agent_num_tasks(const struct agent *agent);
const struct agent_task *agent_task_at(const struct agent *agent, size_t index);
/* NULL while there is none. */
const struct roster *agent_newest_roster(const struct agent *agent);

/* The catalogue's bytes that a task pins, by its digest; *document is NULL while it has not come. */
WEFT_MUST_USE int agent_catalogue(struct agent *agent, struct store_txn *txn, size_t index,
                                  Weft__V1__Document **document, struct err *err);

/* ERR_TASK_OVERLAPS: it conflicts with a task that came before it (audit/family.h), so nothing is reported to it. */
WEFT_MUST_USE int agent_check_alone(const struct agent *agent, const struct agent_task *task,
                                    struct err *err);

/* How many numbers are evaluated for a task: one a slot, but for the changed flags of a revision. */
size_t agent_num_numbers(const struct task *task);
/* Keep the evaluated numbers, each within its bound. The agent adds a revision's flags: ERR_TASK_NOT_OPEN while the
 * task before is not finished, ERR_NOTHING_CHANGED when there is nothing to correct. */
WEFT_MUST_USE int agent_set_vector(struct agent *agent, struct store_txn *txn, size_t index,
                                   const uint64_t *numbers, int64_t now_ms, struct err *err);
/* Of a revision: the numbers of this site that the totals hold; *numbers is NULL when they hold none (or it is no
 * revision). secret_free with agent_num_numbers * 8. */
WEFT_MUST_USE int agent_numbers_before(struct agent *agent, struct store_txn *txn, size_t index,
                                       uint64_t **numbers, struct err *err);
/* The kept vector; NULL: none. secret_free(*vector, num_slots * 8). */
WEFT_MUST_USE int agent_vector(struct agent *agent, struct store_txn *txn, size_t index, uint64_t **vector,
                               struct err *err);

/* `by` approves the kept vector. ERR_NOT_EVALUATED. */
WEFT_MUST_USE int agent_approve(struct agent *agent, struct store_txn *txn, size_t index, const char *by,
                                int64_t now_ms, struct err *err);
/* `by` approves whatever is evaluated by the catalogue of this task, now and in later tasks. */
WEFT_MUST_USE int agent_approve_standing(struct agent *agent, struct store_txn *txn, size_t index,
                                         const char *by, int64_t now_ms, struct err *err);
/* Of standing approvals, given and revoked, the next above `after` (state_next_standing). End with wire_free. */
WEFT_MUST_USE int agent_next_standing(struct agent *agent, struct store_txn *txn, uint8_t after[DIGEST_SIZE],
                                      Weft__Store__V1__StandingApproval **standing, struct err *err);
/* `by` revokes the one for this catalogue: nothing is evaluated by it any more, and what it approved and did not leave
 * needs a person's approval. ERR_APPROVAL_UNKNOWN if none is in force. */
WEFT_MUST_USE int agent_revoke_standing(struct agent *agent, struct store_txn *txn,
                                        const uint8_t catalogue_digest[DIGEST_SIZE], const char *by,
                                        int64_t now_ms, struct err *err);
WEFT_MUST_USE int agent_has_standing(struct agent *agent, struct store_txn *txn, size_t index, bool *has,
                                     struct err *err);

/* Consent, for this site, that its change in a revision may be seen as the difference of two totals: in these
 * indicators (ascending; none: in all). `text` is what the person confirmed. Once a revision, and before its order is
 * known here: ERR_CONSENT_REFUSED. Sent with the next calls. */
WEFT_MUST_USE int agent_consent(struct agent *agent, struct store_txn *txn, size_t index,
                                char *const *indicators, size_t num, const char *text, int64_t now_ms,
                                struct err *err);

/* Would a report be built now? 0, or what stands in the way: ERR_NOT_EVALUATED, ERR_NOT_APPROVED,
 * ERR_TASK_NOT_OPEN, ERR_TASK_CLOSED, ERR_KEY_SHEET_MISSING, ERR_ROSTER_EXPIRED, ... */
WEFT_MUST_USE int agent_check_ready(struct agent *agent, struct store_txn *txn, size_t index, int64_t now_ms,
                                    struct err *err);

/* The egress log's place that the youngest report kept here names: the largest. *has is false when there is none. */
WEFT_MUST_USE int agent_log_mark(struct agent *agent, struct store_txn *txn, bool *has, uint64_t *size,
                                 uint8_t root[DIGEST_SIZE], struct err *err);

/* As agent_due would build it, without the log's place: what a preview shows. */
WEFT_MUST_USE int agent_draft(struct agent *agent, struct store_txn *txn, size_t index,
                              Weft__V1__SubmitRequest **request, struct err *err);

/* ---- without a network: the same by file (base/parcel.h) ---- */

/* Take in what the leader wrote for this site, all or nothing: documents, and what it holds of the site's reports.
 * ERR_PARCEL when it is for another site. */
WEFT_MUST_USE int agent_take(struct agent *agent, struct store_txn *txn, const Weft__V1__Parcel *parcel,
                             int64_t now_ms, struct err *err);
/* The report that is on its way, or is built now, as agent_due would send it, but without asking the leader first: a
 * store restored from a backup must take the leader's newest parcel before. The caller logs, then writes; wire_free. */
WEFT_MUST_USE int agent_report_for_file(struct agent *agent, struct store_txn *txn, size_t index, int64_t now_ms,
                                        Weft__V1__SubmitRequest **request, struct err *err);

/* ---- where a task stands ---- */

enum agent_state {
    AGENT_NEW,            /* nothing evaluated */
    AGENT_EVALUATED,      /* needs an approval */
    AGENT_APPROVED,       /* will be built and sent */
    AGENT_SENDING,        /* built; no receipt yet */
    AGENT_ACCEPTED,       /* receipt by both */
    AGENT_REJECTED,       /* receipt by both, or refused for good: the next revision may follow */
    AGENT_CLOSED,         /* the task closed without an accepted report of this site */
    AGENT_FROZEN,         /* the accepted report is in the freeze */
    AGENT_FREEZE_DIFFERS, /* it is not: someone must act */
    AGENT_RELEASED,       /* frozen, and all releases are here */
    AGENT_VOIDED,
    AGENT_SUM,      /* a longer period: its totals are those of shorter ones, added up */
    AGENT_OVERLAPS, /* it conflicts with another task: nothing is reported */
};
const char *agent_state_name(enum agent_state state); /* "evaluated" */

struct agent_report {
    uint32_t revision; /* 0: none */
    Weft__V1__ReportState state;
    Weft__V1__RejectReason reason;
    uint8_t report_id[PRIO3_NONCE_SIZE], report_digest[DIGEST_SIZE];
    uint32_t request_len;
    uint8_t request_digest[DIGEST_SIZE]; /* of the bytes that leave */
    int64_t built_ms, answered_ms;
    bool given_up;
    struct err failure; /* of the last try; code 0: none */
};

struct agent_status {
    enum agent_state state;
    bool has_vector, is_approved, approval_is_standing;
    uint8_t vector_digest[DIGEST_SIZE]; /* keyed with the site's secret: tells nothing to others */
    int64_t evaluated_ms, approved_ms;
    char approved_by[AGENT_BY_MAX + 1];
    struct agent_report last, accepted; /* highest revisions */
    int num_releases, num_releases_expected;
    bool has_pattern;              /* so that these are all */
    const struct task *revised_by; /* the last revision that is here; NULL: none */
    struct err overlap; /* AGENT_OVERLAPS: with which task */
};

WEFT_MUST_USE int agent_status(struct agent *agent, struct store_txn *txn, size_t index, int64_t now_ms,
                               struct agent_status *status, struct err *err);

/* How it goes with the leader; *contact is NULL while it was never called. End with wire_free. */
WEFT_MUST_USE int agent_leader_contact(struct agent *agent, struct store_txn *txn, StoredContact **contact,
                                       struct err *err);

#endif
