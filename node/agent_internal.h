/* agent_internal.h - what the files of the agent share.
 *
 *     agent.c            life, loading, lookups, decisions
 *     agent_documents.c  pulling and judging documents
 *     agent_report.c     building, sending, receipts
 *     agent_state.c      what the leader holds of this site
 *     agent_revision.c   what a revision corrects
 *     agent_parcel.c     the same by file
 *     agent_status.c     where a task stands */
#ifndef NODE_AGENT_INTERNAL_H
#define NODE_AGENT_INTERNAL_H

#include "base/roster_history.h"
#include "node/agent.h"
#include "node/outbox.h"

#define DOC(name)    WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define REPORT(name) WEFT__V1__REPORT_STATE__REPORT_##name

/* One thing to ask again and again. */
struct agent_wait {
    bool in_flight, is_wanted;
    unsigned num_tries; /* without progress */
    int64_t next_ms;
};

struct agent_entry {
    struct agent_task task;
    uint64_t view_number; /* documents up to here are in the view */
    struct agent_wait pull, submit, ask, consent;
    bool has_asked;        /* what the leader holds of this site is known */
    bool is_delivered;     /* the leader has the report that waits: its receipt is asked for, the report not sent again */
    bool gives_again;      /* the leader was restored from a backup: it may have lost the report that it gave a receipt for */
    bool is_consent_given; /* the leader has it */
    bool is_erased;
};

struct agent {
    struct agent_options options;
    char site[ID_MAX + 1];
    struct roster_history history;
    struct agent_entry *tasks;
    size_t num_tasks;
    uint64_t global_number; /* global documents up to here are loaded */
    struct agent_wait pull;
    bool has_read; /* the leader's global documents were read since the program started */
    bool is_stale; /* caches may hold what was not committed */
};

struct agent_round {
    struct agent *agent;
    struct state state;
    int64_t now_ms;
    struct agent_call *calls;
    size_t num, max;
};

/* ---- agent.c ---- */

struct state agent_store(struct agent *agent, struct store_txn *txn);
struct agent_entry *agent_find_entry(struct agent *agent, const uint8_t task_id[TASK_ID_SIZE]);
/* Is it due? Marks it as wanted. */
bool wait_is_due(struct agent_wait *wait, int64_t now_ms);
/* Try again at now + first_ms doubled with each try, at most max_ms. */
void wait_back_off(struct agent_wait *wait, int64_t now_ms, int64_t first_ms, int64_t max_ms);
/* Takes the request, also on failure. False: the round is full. */
bool agent_round_add(struct agent_round *round, struct agent_wait *wait, struct agent_call call);
ProtobufCBinaryData agent_bytes(const void *data, size_t len); /* borrows */
/* A message on the stack, copied into memory of its own. */
WEFT_MUST_USE int agent_own_message(ProtobufCMessage **out, const ProtobufCMessage *message, struct err *err);
/* Does this failure concern this program's memory and disk, not what a peer gave? */
bool agent_is_own_failure(int code);

/* ---- agent_documents.c ---- */

WEFT_MUST_USE int documents_load(struct agent *agent, struct state *state, struct err *err);
WEFT_MUST_USE int documents_due(struct agent_round *round, struct agent_entry *entry, struct err *err);
WEFT_MUST_USE int documents_answer(struct agent *agent, struct state *state, const struct agent_call *call,
                                   const Weft__V1__GetDocumentsReply *reply, int64_t now_ms, struct err *err);
void agent_entry_clear(struct agent_entry *entry);

/* Check, store and load a document of a task that was made here. */
WEFT_MUST_USE int documents_take_own(struct state *state, struct agent_entry *entry,
                                     const Weft__V1__Document *document, struct err *err);

/* ---- agent_report.c ---- */

WEFT_MUST_USE int report_due(struct agent_round *round, struct agent_entry *entry, struct err *err);
WEFT_MUST_USE int report_answer(struct agent *agent, struct state *state, const struct agent_call *call,
                                const Weft__V1__SubmitReply *reply, const struct err *failure, int64_t now_ms,
                                struct err *err);
/* Give the kept vector its approval if its catalogue has a standing one. */
WEFT_MUST_USE int report_apply_standing(struct state *state, struct agent_entry *entry, int64_t now_ms,
                                        struct err *err);

/* Both must have signed for exactly this report. */
WEFT_MUST_USE int report_check_receipt(const struct agent *agent, const struct agent_task *task,
                                       const OutboxReport *report, const Weft__V1__Document *document,
                                       Weft__V1__Receipt **receipt, struct err *err);
WEFT_MUST_USE int report_keep_receipt(struct state *state, const struct agent_task *task, const OutboxReport *report,
                                      const Weft__V1__Document *document, const Weft__V1__Receipt *receipt,
                                      int64_t now_ms, struct err *err);
/* Does this report of the site hold the kept vector? Told by building its ciphertexts again. */
WEFT_MUST_USE int report_is_of_vector(struct agent *agent, struct state *state, const struct agent_task *task,
                                      const Weft__V1__ReportHeader *header, const SiteTask *known, bool *is_same,
                                      struct err *err);

/* ---- agent_state.c ---- */

/* Ask the leader, if that is needed: `builds` says that a report would be built now. */
WEFT_MUST_USE int site_state_due(struct agent_round *round, struct agent_entry *entry, bool builds, struct err *err);
/* The leader took a report and will verify it: ask for the receipt from now on. */
void site_state_delivered(struct agent_entry *entry, int64_t now_ms);
WEFT_MUST_USE int site_state_answer(struct agent *agent, struct state *state, const struct agent_call *call,
                                    const Weft__V1__GetSiteStateReply *reply, const struct err *failure,
                                    int64_t now_ms, struct err *err);
/* Take in what the leader says that it holds, however it came; *is_open when it has not decided yet. */
WEFT_MUST_USE int site_state_take(struct agent *agent, struct state *state, struct agent_entry *entry,
                                  const Weft__V1__GetSiteStateReply *reply, int64_t now_ms, bool *is_open,
                                  struct err *err);

/* ---- agent_revision.c ---- */

/* The task's vector from the numbers that were evaluated: of a revision with its changed flags. secret_free with
 * num_slots * 8. ERR_NOTHING_CHANGED, or as agent_numbers_before. */
WEFT_MUST_USE int revision_vector(struct state *state, const struct agent_task *task, const uint64_t *numbers,
                                  uint64_t **vector, struct err *err);

/* The consent that the leader has not yet. */
WEFT_MUST_USE int consent_due(struct agent_round *round, struct agent_entry *entry, struct err *err);
void consent_answer(struct agent *agent, const struct agent_call *call, const ProtobufCMessage *response,
                    const struct err *failure, int64_t now_ms);

/* ---- agent_status.c ---- */

enum freeze_finding { FREEZE_NONE, FREEZE_HOLDS, FREEZE_LACKS, FREEZE_OTHER };
/* What the freeze of the supervising area says of this site's report with this digest (NULL: of any). */
enum freeze_finding agent_look_in_freeze(const struct agent_task *task, const uint8_t *report_digest);

#endif
