/* state.h - what a site remembers of its part in the net: signed documents, how far its leader's were read,
 * vectors, approvals. The reports themselves are in outbox.h.
 *
 * The one place that knows keys and encodings of these tables. Keys begin with the task; vectors are
 * encrypted at rest. Everything returned is a copy that the caller ends. */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include "base/contact.h"
#include "base/store.h"
#include "base/task.h"
#include "proto/store.pb-c.h"

typedef Weft__Store__V1__SiteTask SiteTask;
typedef Weft__Store__V1__Approval Approval;
typedef Weft__Store__V1__StandingApproval StandingApproval;

/* A transaction with the key that encrypts at rest. */
struct state {
    struct store_txn *txn;
    const uint8_t *at_rest_key; /* 32 bytes */
};

WEFT_MUST_USE int state_open_store(struct store **store, const char *path, bool read_only, bool no_sync,
                                   struct err *err);

/* The place of documents that belong to no task. */
extern const uint8_t STATE_NO_TASK[TASK_ID_SIZE];

/* ---- documents: stored once under (task, type, name), numbered from 1 in order of arrival ---- */

/* Stores it unless there is one under the name: the same body is fine, another one is ERR_DOCUMENT_CONFLICT.
 */
WEFT_MUST_USE int state_put_document(struct state *state, const uint8_t task[TASK_ID_SIZE], const char *name,
                                     const Weft__V1__Document *document, bool *is_new, struct err *err);
/* *document is NULL when there is none with this number. */
WEFT_MUST_USE int state_get_document(struct state *state, const uint8_t task[TASK_ID_SIZE], uint64_t number,
                                     Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int state_find_document(struct state *state, const uint8_t task[TASK_ID_SIZE],
                                      Weft__V1__DocumentType type, const char *name,
                                      Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int state_num_documents(struct state *state, const uint8_t task[TASK_ID_SIZE], uint64_t *num,
                                      struct err *err);

/* ---- how far the leader's documents were read ---- */

struct state_cursor {
    uint8_t incarnation[STORE_INCARNATION_SIZE];
    uint64_t after;
    uint8_t digest[DIGEST_SIZE]; /* of document `after` */
};
WEFT_MUST_USE int state_get_cursor(struct state *state, const uint8_t task[TASK_ID_SIZE],
                                   struct state_cursor *cursor, struct err *err); /* zeros: none */
WEFT_MUST_USE int state_put_cursor(struct state *state, const uint8_t task[TASK_ID_SIZE],
                                   const struct state_cursor *cursor, struct err *err);

/* ---- decisions; *out is NULL when there is none; end with wire_free ---- */

WEFT_MUST_USE int state_get_task(struct state *state, const uint8_t task[TASK_ID_SIZE], SiteTask **out,
                                 struct err *err);
WEFT_MUST_USE int state_put_task(struct state *state, const uint8_t task[TASK_ID_SIZE], const SiteTask *value,
                                 struct err *err);
/* One that is in force. */
WEFT_MUST_USE int state_get_standing(struct state *state, const uint8_t catalogue_digest[DIGEST_SIZE],
                                     StandingApproval **out, struct err *err);
/* Revoked ones too: the first whose catalogue's digest is above `after`, which receives it; zeros: the first of all. */
WEFT_MUST_USE int state_next_standing(struct state *state, uint8_t after[DIGEST_SIZE], StandingApproval **out,
                                      struct err *err);
WEFT_MUST_USE int state_put_standing(struct state *state, const uint8_t catalogue_digest[DIGEST_SIZE],
                                     const StandingApproval *value, struct err *err);

/* How it goes with the leader. */
WEFT_MUST_USE int state_get_leader(struct state *state, StoredContact **out, struct err *err);
WEFT_MUST_USE int state_put_leader(struct state *state, const StoredContact *value, struct err *err);

/* Encrypt a vector of `num` numbers for SiteTask.vector, and back; secret_free(sealed->data, sealed->len) or
 * secret_free(vector, num * 8). */
WEFT_MUST_USE int state_seal_vector(const struct state *state, const uint8_t task[TASK_ID_SIZE],
                                    const uint64_t *vector, size_t num, ProtobufCBinaryData *sealed,
                                    struct err *err);
WEFT_MUST_USE int state_open_vector(const struct state *state, const uint8_t task[TASK_ID_SIZE],
                                    const ProtobufCBinaryData *sealed, size_t num, uint64_t **vector,
                                    struct err *err);

/* ---- for outbox.c: one message under (task, name, number) of a table ---- */

WEFT_MUST_USE int state_get_message(struct state *state, int table, const uint8_t task[TASK_ID_SIZE],
                                    const char *name, uint64_t number, const ProtobufCMessageDescriptor *type,
                                    ProtobufCMessage **out, struct err *err);
WEFT_MUST_USE int state_put_message(struct state *state, int table, const uint8_t task[TASK_ID_SIZE],
                                    const char *name, uint64_t number, const ProtobufCMessage *message,
                                    struct err *err);

#endif
