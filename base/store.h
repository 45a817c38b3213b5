/* store.h - the one home of LMDB: a few tables of byte keys and values, with transactions that are durable.
 *
 * A store is a directory with one LMDB environment. It holds named tables, fixed by the program that opens it.
 * Keys are at most STORE_KEY_MAX bytes and sort bytewise; keys that belong to a task begin with its 32-byte id.
 * One write transaction exists at a time; readers see the last commit and never wait. A commit returns only when
 * the data are on disk (fsync), so many requests should share one commit: run each in a nested transaction, abort
 * the nested ones that fail, commit the outer one once, then answer them all.
 *
 * On opening, the store checks what wrote it (application name and format version: anything unknown is refused)
 * and gives its incarnation: 16 random bytes drawn when the directory was created, and a counter that every
 * opening for writing raises. A peer that has seen a higher counter knows that a backup was restored.
 *
 * The map is one large sparse file. Writing is refused (ERR_STORE_FULL) before the map or the disk is full, so that
 * deletions, which need pages too, still work; a warning is logged before that.
 *
 * Values returned by store_get and the cursor are borrowed: they die with the transaction or its next write. Hold
 * no transaction across a network wait. */
#ifndef BASE_STORE_H
#define BASE_STORE_H

#include <stdbool.h>

#include "base/err.h"

#define STORE_KEY_MAX 511
#define STORE_TABLES_MAX 32
#define STORE_INCARNATION_SIZE 16

struct store;
struct store_txn;

struct store_options {
    const char *path;          /* directory; made (0700) unless read_only */
    const char *application;   /* "weft-node", "weft-coordinator" */
    uint32_t format_version;   /* of the application's values */
    const char *const *tables; /* names, in the order of the application's table enum */
    size_t num_tables;
    uint64_t map_size;         /* bytes of address space; 0: 64 GiB */
    uint64_t min_free_disk;    /* refuse writing below this many free bytes on the disk; 0: 64 MiB */
    bool read_only;
    bool no_sync;              /* tests only: commits survive the process, not the machine */
};

WEFT_MUST_USE int store_open(struct store **store, const struct store_options *options, struct err *err);
/* Harmless on NULL; sets *store to NULL. No transaction may be open. */
void store_close(struct store **store);

const uint8_t *store_incarnation(const struct store *store); /* STORE_INCARNATION_SIZE bytes */
uint64_t store_openings(const struct store *store);          /* the counter described above */
/* This is an older copy of what it was: a new incarnation, so that everyone who reads from it begins anew. */
WEFT_MUST_USE int store_renew(struct store *store, struct err *err);

WEFT_MUST_USE int store_begin(struct store *store, struct store_txn **txn, bool write, struct err *err);
/* A transaction inside the write transaction `parent`, which may not be used until this one ends. */
WEFT_MUST_USE int store_begin_nested(struct store_txn *parent, struct store_txn **txn, struct err *err);
/* Commit and end; *txn becomes NULL in any case. */
WEFT_MUST_USE int store_commit(struct store_txn **txn, struct err *err);
/* Abort and end; harmless on NULL (and so after a commit). */
void store_abort(struct store_txn **txn);

/* *value is NULL (and *value_len 0) when there is no such key; a present but empty value is not NULL. */
WEFT_MUST_USE int store_get(struct store_txn *txn, int table, const void *key, size_t key_len,
                            const uint8_t **value, size_t *value_len, struct err *err);
WEFT_MUST_USE int store_put(struct store_txn *txn, int table, const void *key, size_t key_len, const void *value,
                            size_t value_len, struct err *err);
/* Deleting what is not there is no error. */
WEFT_MUST_USE int store_delete(struct store_txn *txn, int table, const void *key, size_t key_len, struct err *err);

/* Walk the keys that begin with `prefix` (prefix_len may be 0), in order:
 *     struct store_cursor cursor = {0};
 *     for (rc = store_first(txn, &cursor, table, prefix, n, &err); rc == 0 && cursor.key != NULL;
 *          rc = store_next(&cursor, &err)) { ... }
 *     store_cursor_end(&cursor);
 * Do not write to the table while walking it. */
struct store_cursor {
    const uint8_t *key, *value; /* borrowed; key is NULL past the end */
    size_t key_len, value_len;
    void *internal;
    uint8_t prefix[STORE_KEY_MAX];
    size_t prefix_len;
};
WEFT_MUST_USE int store_first(struct store_txn *txn, struct store_cursor *cursor, int table, const void *prefix,
                              size_t prefix_len, struct err *err);
WEFT_MUST_USE int store_next(struct store_cursor *cursor, struct err *err);
void store_cursor_end(struct store_cursor *cursor);

/* A consistent copy of a live store into the new directory `path`. */
WEFT_MUST_USE int store_backup(struct store *store, const char *path, struct err *err);

#endif
