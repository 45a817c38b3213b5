/* db.h - what a coordinator remembers: the one place that knows keys and encodings of its store.
 *
 * A small interface in the protocol's own terms, over base/store.h (LMDB). Another store, say PostgreSQL for
 * several replicas of one coordinator, would implement these functions again and nothing else would change.
 * All keys begin with the task; shares and keys are encrypted at rest with the coordinator's key, bound to
 * their place.
 *
 * Everything returned is a copy that the caller ends. */
#ifndef COORDINATOR_DB_H
#define COORDINATOR_DB_H

#include "base/cert.h"
#include "base/contact.h"
#include "base/store.h"
#include "base/task.h"
#include "proto/store.pb-c.h"

#define DB_FORMAT_VERSION 1
#define DB_APPLICATION    "weft-coordinator"

typedef Weft__Store__V1__StoredReport StoredReport;
typedef Weft__Store__V1__StoredInvitation StoredInvitation;

/* A transaction with the key that encrypts at rest. */
struct db {
    struct store_txn *txn;
    const uint8_t *at_rest_key; /* 32 bytes */
};

/* What the store is opened with; a test may set other limits. */
struct store_options db_store_options(const char *path, bool read_only, bool no_sync);
WEFT_MUST_USE int db_open_store(struct store **store, const char *path, bool read_only, bool no_sync,
                                struct err *err);

/* The place of documents that belong to no task. */
extern const uint8_t DB_NO_TASK[TASK_ID_SIZE];

/* ---- documents: stored once under (task, type, key), numbered from 1 in order of arrival ---- */

struct db_document {
    uint64_t number; /* 0: none */
    Weft__V1__Document *document;
};

/* Stores it unless there is one under the key: the same body is fine (*number is the old one), another body
 * is ERR_DOCUMENT_CONFLICT. */
WEFT_MUST_USE int db_put_document(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *key,
                                  const Weft__V1__Document *document, uint64_t *number, bool *is_new,
                                  struct err *err);
/* The first document numbered above `after`; out->document NULL when there is none. */
WEFT_MUST_USE int db_next_document(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t after,
                                   struct db_document *out, struct err *err);
WEFT_MUST_USE int db_last_number(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t *number,
                                 struct err *err);

/* ---- reports ---- */

/* revision 0: the highest. *report is NULL when there is none; end with wire_free. */
WEFT_MUST_USE int db_get_report(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                                uint32_t revision, StoredReport **report, struct err *err);
WEFT_MUST_USE int db_put_report(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                                uint32_t revision, const StoredReport *report, struct err *err);
/* The lowest stored revision above `after`; *report is NULL when there is none. */
WEFT_MUST_USE int db_next_report(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                                 uint32_t after, StoredReport **report, uint32_t *revision, struct err *err);
/* The highest accepted revision. */
WEFT_MUST_USE int db_get_accepted(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                                  StoredReport **report, uint32_t *revision, struct err *err);
/* Was this report id used by the site in any revision? */
WEFT_MUST_USE int db_report_id_is_used(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                                       const uint8_t report_id[PRIO3_NONCE_SIZE], bool *used,
                                       struct err *err);

/* Encrypt and decrypt the out_share field; `aad` binds task and site. */
WEFT_MUST_USE int db_seal_out_share(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                                    const uint8_t *share, size_t len, ProtobufCBinaryData *sealed,
                                    struct err *err);
WEFT_MUST_USE int db_open_out_share(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                                    const ProtobufCBinaryData *sealed, uint8_t *share, size_t len,
                                    struct err *err);

/* ---- secret values under (task, name): shares received or summed, opened totals, HPKE keys ---- */

#define DB_HPKE_KEY "hpke key" /* the name of the task's own */
/* *value is NULL when there is none; end with secret_free. */
WEFT_MUST_USE int db_get_secret(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name,
                                uint8_t **value, size_t *len, struct err *err);
/* Stores once: the same value again is fine, another one is ERR_SHARE_CONFLICT. */
WEFT_MUST_USE int db_put_secret(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name,
                                const uint8_t *value, size_t len, struct err *err);

/* ---- the end of a task ---- */

struct db_erased {
    uint32_t keys;
    uint64_t reports, shares;
};
/* Destroy what is secret of a task: the shares of its reports, sealed and opened, and all its secret values. Headers,
 * receipts, states and times of reports stay, as do documents: they are public. */
WEFT_MUST_USE int db_erase_task(struct db *db, const uint8_t task[TASK_ID_SIZE], struct db_erased *erased,
                                struct err *err);

/* ---- how far each peer's documents were read ---- */

struct db_cursor {
    uint8_t incarnation[STORE_INCARNATION_SIZE];
    uint64_t after;
    uint8_t digest[DIGEST_SIZE]; /* of document `after` */
};
WEFT_MUST_USE int db_get_cursor(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *peer,
                                struct db_cursor *cursor, struct err *err); /* zeros when there is none */
WEFT_MUST_USE int db_put_cursor(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *peer,
                                const struct db_cursor *cursor, struct err *err);

/* ---- invitations, by their one-time TLS name ---- */

WEFT_MUST_USE int db_put_invitation(struct db *db, const char *name, const StoredInvitation *invitation,
                                    struct err *err);
/* *invitation is NULL when there is none; end with wire_free. */
WEFT_MUST_USE int db_get_invitation(struct db *db, const char *name, StoredInvitation **invitation,
                                    struct err *err);
/* No error when there is none. */
WEFT_MUST_USE int db_delete_invitation(struct db *db, const char *name, struct err *err);
/* The first whose name sorts behind `name` ("": the first of all); *invitation is NULL when there is none. */
WEFT_MUST_USE int db_next_invitation(struct db *db, char name[CERT_NAME_SIZE], StoredInvitation **invitation,
                                     struct err *err);

/* ---- notes that are not signed yet, by the key of the document (view_document_key) ---- */

WEFT_MUST_USE int db_put_note(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name,
                              const Weft__V1__Document *document, struct err *err);
/* No error when there is none. */
WEFT_MUST_USE int db_delete_note(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name, struct err *err);
/* The first of the task whose name sorts behind `name` ("": the first of all), which receives it; *document is NULL when
 * there is none. `name` has room for DB_NOTE_NAME_MAX bytes. */
#define DB_NOTE_NAME_MAX (3 * ID_MAX)
WEFT_MUST_USE int db_next_note(struct db *db, const uint8_t task[TASK_ID_SIZE], char *name,
                               Weft__V1__Document **document, struct err *err);

/* ---- how it goes with peers, by name (see contacts.h) ---- */

WEFT_MUST_USE int db_put_contact(struct db *db, const char *name, const StoredContact *contact, struct err *err);
/* *contact is NULL when there is none; end with wire_free. */
WEFT_MUST_USE int db_get_contact(struct db *db, const char *name, StoredContact **contact, struct err *err);
/* No error when there is none. */
WEFT_MUST_USE int db_delete_contact(struct db *db, const char *name, struct err *err);

#endif
