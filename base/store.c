/* store.c - tables and durable transactions over one LMDB environment.
 *
 * LMDB runs with its default flags (fsync per commit, no writable map) and MDB_NOTLS, so that a reader is not
 * bound to a thread. A write transaction starts with a budget of bytes: what the map (to 90 %) and the disk
 * (to its reserve) still have, and what is free inside the file. Puts spend it, deletes do not, so deleting
 * always works. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/cost.h"
#include "base/file.h"
#include "base/log.h"
#include "base/store.h"
#include "crypto/secret.h"

#define DEFAULT_MAP_SIZE      (UINT64_C(64) << 30)
#define DEFAULT_MIN_FREE_DISK (UINT64_C(64) << 20)
#define MAX_READERS           510
#define READER_CHECK_MS       60000
/* With less room than this the free pages inside the file are counted, which walks its free list. */
#define NEAR_FULL (INT64_C(256) << 20)
/* What one entry takes beyond key and value, with its share of the pages above. */
#define PUT_OVERHEAD   64
#define LAYOUT_VERSION 1 /* of the meta table itself */

struct store {
    struct store *next; /* in the list of open ones */
    pid_t pid;
    dev_t device;
    ino_t inode;

    char *path;
    MDB_env *env;
    MDB_dbi meta, tables[STORE_TABLES_MAX];
    size_t num_tables;
    uint64_t map_size, min_free_disk, page_size;
    bool read_only;
    uint8_t incarnation[STORE_INCARNATION_SIZE];
    uint64_t openings;

    pthread_mutex_t lock;
    size_t num_active;    /* transactions begun or beginning; under lock */
    _Atomic pid_t writer; /* thread of the write transaction, or 0 */
    bool warned;          /* these two belong to the write transaction */
    int64_t readers_checked_ms;
};

struct store_txn {
    struct store *store;
    struct store_txn *parent;
    MDB_txn *txn;
    bool write;
    int64_t room; /* bytes that may still be put */
    int failed;   /* code of the first write that broke the transaction */
};

static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct store *open_stores;

/* ---- errors ---- */

static int code_of(int result)
{
    switch (result) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_STORE_FULL;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return ERR_STORE_CORRUPT;
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
        return ERR_STORE_FORMAT;
    case ENOMEM:
        return ERR_NO_MEMORY;
    case EINVAL:
    case EACCES:
    case MDB_BAD_VALSIZE:
    case MDB_BAD_DBI:
    case MDB_BAD_TXN:
        return ERR_INTERNAL;
    default:
        return ERR_STORE_IO;
    }
}

static int fail(const struct store *store, struct err *err, int result, const char *what)
{
    return err_set(err, code_of(result), "%s: %s: %s", store->path, what, mdb_strerror(result));
}

/* ---- opening ---- */

/* LMDB must not be opened twice in a process: closing one would drop the other's locks. */
static int enlist(struct store *store, struct err *err)
{
    struct stat status;
    int rc = 0;

    if (stat(store->path, &status) != 0)
        return err_set_errno(err, ERR_STORE_OPEN, errno, "%s", store->path);
    store->pid = getpid();
    store->device = status.st_dev;
    store->inode = status.st_ino;
    pthread_mutex_lock(&open_lock);
    for (const struct store *other = open_stores; other != NULL; other = other->next) {
        if (other->pid == store->pid && other->device == store->device && other->inode == store->inode)
            rc = err_set(err, ERR_STORE_OPEN, "%s is already open in this program", store->path);
    }
    if (rc == 0) {
        store->next = open_stores;
        open_stores = store;
    } else {
        store->pid = 0; /* not in the list */
    }
    pthread_mutex_unlock(&open_lock);
    return rc;
}

static void delist(struct store *store)
{
    struct store **at = &open_stores;

    pthread_mutex_lock(&open_lock);
    while (*at != NULL && *at != store)
        at = &(*at)->next;
    if (*at != NULL)
        *at = store->next;
    pthread_mutex_unlock(&open_lock);
}

static int open_env(struct store *store, const struct store_options *options, struct err *err)
{
    uint64_t map_size = options->map_size != 0 ? options->map_size : DEFAULT_MAP_SIZE;
    unsigned flags = MDB_NOTLS | (options->read_only ? MDB_RDONLY : 0) | (options->no_sync ? MDB_NOSYNC : 0);
    MDB_envinfo info;
    MDB_stat stat;
    int result, dead = 0;

    if ((result = mdb_env_create(&store->env)) != 0 ||
        (result = mdb_env_set_mapsize(store->env, map_size)) != 0 ||
        (result = mdb_env_set_maxdbs(store->env, (MDB_dbi)store->num_tables + 1)) != 0 ||
        (result = mdb_env_set_maxreaders(store->env, MAX_READERS)) != 0)
        return fail(store, err, result, "prepare");
    result = mdb_env_open(store->env, store->path, flags, 0600);
    if (result == MDB_VERSION_MISMATCH || result == MDB_INVALID || result == MDB_CORRUPTED)
        return fail(store, err, result, "open");
    if (result != 0)
        return err_set(err, ERR_STORE_OPEN, "%s: %s", store->path, mdb_strerror(result));
    if ((result = mdb_reader_check(store->env, &dead)) != 0 ||
        (result = mdb_env_info(store->env, &info)) != 0 || (result = mdb_env_stat(store->env, &stat)) != 0)
        return fail(store, err, result, "open");
    if (dead > 0)
        log_warn("store: readers that had died were removed", LOG_TEXT("path", store->path),
                 LOG_INT("num", dead));
    store->map_size = info.me_mapsize;
    store->page_size = stat.ms_psize;
    return 0;
}

static int get_meta(struct store *store, MDB_txn *txn, const char *name, MDB_val *value, struct err *err)
{
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    int result = mdb_get(txn, store->meta, &key, value);

    if (result == MDB_NOTFOUND)
        return err_set(err, ERR_STORE_FORMAT, "%s: no %s in the meta table", store->path, name);
    return result == 0 ? 0 : fail(store, err, result, "read meta");
}

static int put_meta(struct store *store, MDB_txn *txn, const char *name, const void *data, size_t data_len,
                    struct err *err)
{
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    MDB_val value = {data_len, (void *)(uintptr_t)data};
    int result = mdb_put(txn, store->meta, &key, &value, 0);

    return result == 0 ? 0 : fail(store, err, result, "write meta");
}

/* Numbers in the meta table are 8 bytes, little-endian. */
static int get_meta_number(struct store *store, MDB_txn *txn, const char *name, uint64_t *number,
                           struct err *err)
{
    MDB_val value;
    uint64_t result = 0;
    int rc = get_meta(store, txn, name, &value, err);

    if (rc != 0)
        return rc;
    if (value.mv_size != 8)
        return err_set(err, ERR_STORE_FORMAT, "%s: %s in the meta table has %zu bytes", store->path, name,
                       value.mv_size);
    for (size_t i = 8; i-- > 0;)
        result = result << 8 | ((const uint8_t *)value.mv_data)[i];
    *number = result;
    return 0;
}

static int put_meta_number(struct store *store, MDB_txn *txn, const char *name, uint64_t number,
                           struct err *err)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
    return put_meta(store, txn, name, bytes, sizeof(bytes), err);
}

static int write_meta(struct store *store, MDB_txn *txn, const struct store_options *options, struct err *err)
{
    uint8_t incarnation[STORE_INCARNATION_SIZE];
    int rc;

    secret_random(incarnation, sizeof(incarnation));
    if ((rc = put_meta_number(store, txn, "layout", LAYOUT_VERSION, err)) != 0 ||
        (rc = put_meta(store, txn, "application", options->application, strlen(options->application), err)) !=
            0 ||
        (rc = put_meta_number(store, txn, "format", options->format_version, err)) != 0 ||
        (rc = put_meta(store, txn, "incarnation", incarnation, sizeof(incarnation), err)) != 0)
        return rc;
    return put_meta_number(store, txn, "openings", 0, err);
}

static int check_meta(struct store *store, MDB_txn *txn, const struct store_options *options, struct err *err)
{
    uint64_t layout, format;
    MDB_val application, incarnation;
    int rc;

    if ((rc = get_meta_number(store, txn, "layout", &layout, err)) != 0 ||
        (rc = get_meta(store, txn, "application", &application, err)) != 0 ||
        (rc = get_meta_number(store, txn, "format", &format, err)) != 0 ||
        (rc = get_meta_number(store, txn, "openings", &store->openings, err)) != 0 ||
        (rc = get_meta(store, txn, "incarnation", &incarnation, err)) != 0)
        return rc;
    if (layout != LAYOUT_VERSION)
        return err_set(err, ERR_STORE_FORMAT, "%s: layout %" PRIu64 ", not %d", store->path, layout,
                       LAYOUT_VERSION);
    if (application.mv_size != strlen(options->application) ||
        memcmp(application.mv_data, options->application, application.mv_size) != 0)
        return err_set(err, ERR_STORE_FORMAT, "%s: written by %.*s, not %s", store->path,
                       (int)(application.mv_size < 32 ? application.mv_size : 32),
                       (const char *)application.mv_data, options->application);
    if (format != options->format_version)
        return err_set(err, ERR_STORE_FORMAT, "%s: format %" PRIu64 ", not %" PRIu32, store->path, format,
                       options->format_version);
    if (incarnation.mv_size != sizeof(store->incarnation))
        return err_set(err, ERR_STORE_FORMAT, "%s: bad incarnation", store->path);
    memcpy(store->incarnation, incarnation.mv_data, sizeof(store->incarnation));
    return 0;
}

static int open_table(struct store *store, MDB_txn *txn, const char *name, bool create, MDB_dbi *table,
                      struct err *err)
{
    int result = mdb_dbi_open(txn, name, create ? MDB_CREATE : 0, table);

    if (result == MDB_NOTFOUND)
        return err_set(err, ERR_STORE_FORMAT, "%s: no table %s", store->path, name);
    return result == 0 ? 0 : fail(store, err, result, name);
}

/* Check what wrote the store, or set up an empty one; open the tables and count this opening. */
static int open_tables(struct store *store, MDB_txn *txn, const struct store_options *options,
                       struct err *err)
{
    MDB_stat stat;
    MDB_dbi root;
    bool write = !options->read_only, is_new;
    int result, rc;

    if ((result = mdb_dbi_open(txn, NULL, 0, &root)) != 0 || (result = mdb_stat(txn, root, &stat)) != 0)
        return fail(store, err, result, "open");
    is_new = write && stat.ms_entries == 0;
    if ((rc = open_table(store, txn, "meta", is_new, &store->meta, err)) != 0 ||
        (is_new && (rc = write_meta(store, txn, options, err)) != 0) ||
        (rc = check_meta(store, txn, options, err)) != 0)
        return rc;
    for (size_t i = 0; i < store->num_tables; i++) {
        if ((rc = open_table(store, txn, options->tables[i], write, &store->tables[i], err)) != 0)
            return rc;
    }
    return write ? put_meta_number(store, txn, "openings", ++store->openings, err) : 0;
}

static int prepare(struct store *store, const struct store_options *options, struct err *err)
{
    MDB_txn *txn = NULL;
    int result, rc;

    if ((result = mdb_txn_begin(store->env, NULL, options->read_only ? MDB_RDONLY : 0, &txn)) != 0)
        return fail(store, err, result, "open");
    rc = open_tables(store, txn, options, err);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    result = mdb_txn_commit(txn); /* a reader too: this keeps the table handles */
    return result == 0 ? 0 : fail(store, err, result, "open");
}

static bool names_are_sound(const struct store_options *options)
{
    if (options->num_tables > STORE_TABLES_MAX)
        return false;
    for (size_t i = 0; i < options->num_tables; i++) {
        if (strcmp(options->tables[i], "meta") == 0)
            return false;
    }
    return true;
}

int store_open(struct store **store, const struct store_options *options, struct err *err)
{
    struct store *opened = NULL;
    int rc;

    if (!names_are_sound(options))
        return err_set(err, ERR_INTERNAL, "store %s: bad table names", options->path);
    if (!options->read_only && (rc = file_make_dir(options->path, 0700, err)) != 0) {
        err_prefix(err, "store");
        return rc;
    }
    opened = calloc(1, sizeof(*opened));
    if (opened == NULL || (opened->path = strdup(options->path)) == NULL) {
        free(opened);
        return err_set(err, ERR_NO_MEMORY, "store %s", options->path);
    }
    pthread_mutex_init(&opened->lock, NULL);
    opened->num_tables = options->num_tables;
    opened->read_only = options->read_only;
    opened->min_free_disk = options->min_free_disk != 0 ? options->min_free_disk : DEFAULT_MIN_FREE_DISK;
    if ((rc = enlist(opened, err)) != 0 || (rc = open_env(opened, options, err)) != 0 ||
        (rc = prepare(opened, options, err)) != 0) {
        store_close(&opened);
        return rc;
    }
    *store = opened;
    return 0;
}

void store_close(struct store **store)
{
    struct store *closed = *store;

    if (closed == NULL)
        return;
    if (closed->env != NULL)
        mdb_env_close(closed->env);
    if (closed->pid != 0) /* only now may another opening of the directory follow */
        delist(closed);
    pthread_mutex_destroy(&closed->lock);
    free(closed->path);
    free(closed);
    *store = NULL;
}

const uint8_t *store_incarnation(const struct store *store)
{
    return store->incarnation;
}

uint64_t store_openings(const struct store *store)
{
    return store->openings;
}

int store_renew(struct store *store, struct err *err)
{
    uint8_t incarnation[STORE_INCARNATION_SIZE];
    struct store_txn *txn = NULL;
    int rc;

    secret_random(incarnation, sizeof(incarnation));
    if ((rc = store_begin(store, &txn, true, err)) == 0 &&
        (rc = put_meta(store, txn->txn, "incarnation", incarnation, sizeof(incarnation), err)) == 0 &&
        (rc = store_commit(&txn, err)) == 0)
        memcpy(store->incarnation, incarnation, sizeof(incarnation));
    store_abort(&txn);
    return rc;
}

/* ---- room ---- */

/* Bytes of free pages inside the file, as of the last commit. */
static int64_t free_inside(struct store *store)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_val key, value;
    uint64_t num_pages = 0;

    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0)
        return 0;
    if (mdb_cursor_open(txn, 0, &cursor) == 0) { /* table 0 is LMDB's list of free pages */
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            size_t count;

            memcpy(&count, value.mv_data, sizeof(count)); /* the list begins with its length */
            num_pages += count;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return (int64_t)(num_pages * store->page_size);
}

/* Signed: below its reserve the disk has less than nothing. */
static int64_t free_on_disk(const struct store *store)
{
    const uint64_t limit = UINT64_C(1) << 60; /* keeps the difference in range whatever the settings are */
    uint64_t reserve = store->min_free_disk < limit ? store->min_free_disk : limit;
    struct statvfs status;
    uint64_t available;

    if (statvfs(store->path, &status) != 0)
        return INT64_MAX; /* unknown: the write itself will tell */
    available = (uint64_t)status.f_bavail * status.f_frsize;
    return (int64_t)(available < limit ? available : limit) - (int64_t)reserve;
}

static int64_t measure_room(struct store *store)
{
    int64_t usable = (int64_t)(store->map_size / 10 * 9);
    int64_t disk = free_on_disk(store), room;
    MDB_envinfo info;

    if (mdb_env_info(store->env, &info) != 0)
        return 0;
    room = usable - (int64_t)((info.me_last_pgno + 1) * store->page_size);
    if (disk < room)
        room = disk;
    if (room < NEAR_FULL || room < usable / 8)
        room += free_inside(store);
    if (room < usable / 8 || disk < NEAR_FULL) {
        if (!store->warned)
            log_warn("store is nearly full", LOG_TEXT("path", store->path),
                     LOG_INT("bytes_left", room > 0 ? room : 0));
        store->warned = true;
    } else {
        store->warned = false;
    }
    return room;
}

static void check_readers(struct store *store)
{
    int64_t now_ms = calendar_now_ms();
    int dead;

    if (now_ms - store->readers_checked_ms < READER_CHECK_MS && now_ms >= store->readers_checked_ms)
        return;
    store->readers_checked_ms = now_ms;
    (void)mdb_reader_check(store->env, &dead); /* what it cannot free now it frees next time */
}

/* ---- transactions ---- */

static void count_active(struct store *store, bool more)
{
    pthread_mutex_lock(&store->lock);
    store->num_active += more ? 1 : (size_t)-1;
    pthread_mutex_unlock(&store->lock);
}

/* Another process has enlarged the map. LMDB can follow only while this process has no transaction. */
static int follow_map(struct store *store)
{
    int result = MDB_MAP_RESIZED;
    MDB_envinfo info;

    pthread_mutex_lock(&store->lock);
    if (store->num_active == 1) /* the one that is beginning; no other can begin while we hold the lock */
        result = mdb_env_set_mapsize(store->env, 0);
    if (result == 0 && (result = mdb_env_info(store->env, &info)) == 0)
        store->map_size = info.me_mapsize;
    pthread_mutex_unlock(&store->lock);
    return result;
}

int store_begin(struct store *store, struct store_txn **txn, bool write, struct err *err)
{
    COST_SCOPE(COST_STORE);
    struct store_txn *begun;
    unsigned flags = write ? 0 : MDB_RDONLY;
    int result;

    if (write && (store->read_only || store->writer == gettid()))
        return err_set(err, ERR_INTERNAL, "%s: %s", store->path,
                       store->read_only ? "opened for reading only" : "this thread is already writing");
    begun = calloc(1, sizeof(*begun));
    if (begun == NULL)
        return err_set(err, ERR_NO_MEMORY, "%s: begin", store->path);
    *begun = (struct store_txn){.store = store, .write = write};
    count_active(store, true);
    result = mdb_txn_begin(store->env, NULL, flags, &begun->txn);
    if (result == MDB_MAP_RESIZED && (result = follow_map(store)) == 0)
        result = mdb_txn_begin(store->env, NULL, flags, &begun->txn);
    if (result != 0) {
        count_active(store, false);
        free(begun);
        return fail(store, err, result, "begin");
    }
    if (write) {
        store->writer = gettid();
        check_readers(store);
        begun->room = measure_room(store);
    }
    *txn = begun;
    return 0;
}

int store_begin_nested(struct store_txn *parent, struct store_txn **txn, struct err *err)
{
    COST_SCOPE(COST_STORE);
    struct store *store = parent->store;
    struct store_txn *begun = calloc(1, sizeof(*begun));
    int result;

    if (begun == NULL)
        return err_set(err, ERR_NO_MEMORY, "%s: begin", store->path);
    *begun = (struct store_txn){.store = store, .parent = parent, .write = true, .room = parent->room};
    result = mdb_txn_begin(store->env, parent->txn, 0, &begun->txn);
    if (result != 0) {
        free(begun);
        return fail(store, err, result, "begin nested");
    }
    *txn = begun;
    return 0;
}

/* After LMDB's transaction has ended. */
static void end(struct store_txn *txn)
{
    if (txn->parent == NULL)
        count_active(txn->store, false);
    free(txn);
}

int store_commit(struct store_txn **txn, struct err *err)
{
    COST_SCOPE(COST_STORE);
    struct store_txn *ended = *txn;
    struct store *store = ended->store;
    int failed = ended->failed;
    int result;

    *txn = NULL;
    if (ended->write && ended->parent == NULL)
        store->writer = 0;               /* before LMDB lets the next writer in */
    result = mdb_txn_commit(ended->txn); /* frees it in any case */
    if (result == 0 && ended->parent != NULL)
        ended->parent->room = ended->room;
    end(ended);
    if (result == 0)
        return 0;
    if (result == EIO && free_on_disk(store) <= 0) /* LMDB's word for a write cut short, as by a full disk */
        result = ENOSPC;
    if (result == MDB_BAD_TXN && failed != 0)
        return err_set(err, failed, "%s: commit after a failed write", store->path);
    return fail(store, err, result, "commit");
}

void store_abort(struct store_txn **txn)
{
    COST_SCOPE(COST_STORE);
    if (*txn == NULL)
        return;
    if ((*txn)->write && (*txn)->parent == NULL)
        (*txn)->store->writer = 0;
    mdb_txn_abort((*txn)->txn);
    end(*txn);
    *txn = NULL;
}

/* ---- keys and values ---- */

static int check_table(const struct store_txn *txn, int table, struct err *err)
{
    if (table < 0 || (size_t)table >= txn->store->num_tables)
        return err_set(err, ERR_INTERNAL, "%s: no table %d", txn->store->path, table);
    return 0;
}

static int check_key(const struct store_txn *txn, int table, size_t key_len, struct err *err)
{
    if (key_len == 0 || key_len > STORE_KEY_MAX)
        return err_set(err, ERR_INTERNAL, "%s: table %d: key of %zu bytes", txn->store->path, table, key_len);
    return check_table(txn, table, err);
}

static MDB_val as_val(const void *data, size_t data_len)
{
    return (MDB_val){data_len, (void *)(uintptr_t)data}; /* LMDB only reads it */
}

/* A present value is never NULL. */
static const uint8_t *as_bytes(const MDB_val *val)
{
    static const uint8_t nothing[1];

    return val->mv_data != NULL ? val->mv_data : nothing;
}

int store_get(struct store_txn *txn, int table, const void *key, size_t key_len, const uint8_t **value,
              size_t *value_len, struct err *err)
{
    COST_SCOPE(COST_STORE);
    MDB_val name = as_val(key, key_len), found;
    int result, rc = check_key(txn, table, key_len, err);

    if (rc != 0)
        return rc;
    result = mdb_get(txn->txn, txn->store->tables[table], &name, &found);
    if (result != 0 && result != MDB_NOTFOUND)
        return fail(txn->store, err, result, "get");
    *value = result == 0 ? as_bytes(&found) : NULL;
    *value_len = result == 0 ? found.mv_size : 0;
    return 0;
}

/* The bytes that a put may take, rather too many: large values fill whole pages of their own, the pages of
 * small ones are half full at worst. */
static int64_t cost_of(const struct store *store, size_t key_len, size_t value_len)
{
    uint64_t page = store->page_size, bytes = key_len + value_len + PUT_OVERHEAD;

    return (int64_t)(bytes < page / 2 ? 2 * bytes
                                      : (bytes + page - 1) / page * page + 2 * (key_len + PUT_OVERHEAD));
}

int store_put(struct store_txn *txn, int table, const void *key, size_t key_len, const void *value,
              size_t value_len, struct err *err)
{
    COST_SCOPE(COST_STORE);
    MDB_val name = as_val(key, key_len), content = as_val(value_len > 0 ? value : "", value_len);
    int result, rc = check_key(txn, table, key_len, err);
    int64_t cost;

    if (rc != 0)
        return rc;
    if (value_len > UINT32_MAX)
        return err_set(err, ERR_INTERNAL, "%s: value of %zu bytes", txn->store->path, value_len);
    cost = cost_of(txn->store, key_len, value_len);
    if (txn->write && cost > txn->room)
        return err_set(err, ERR_STORE_FULL, "%s: %zu bytes are too many for what is left", txn->store->path,
                       value_len);
    result = mdb_put(txn->txn, txn->store->tables[table], &name, &content, 0);
    if (result != 0) {
        rc = fail(txn->store, err, result, "put");
        txn->failed = txn->failed != 0 ? txn->failed : rc;
        return rc;
    }
    txn->room -= cost;
    return 0;
}

int store_delete(struct store_txn *txn, int table, const void *key, size_t key_len, struct err *err)
{
    COST_SCOPE(COST_STORE);
    MDB_val name = as_val(key, key_len);
    int result, rc = check_key(txn, table, key_len, err);

    if (rc != 0)
        return rc;
    result = mdb_del(txn->txn, txn->store->tables[table], &name, NULL);
    if (result != 0 && result != MDB_NOTFOUND) {
        rc = fail(txn->store, err, result, "delete");
        txn->failed = txn->failed != 0 ? txn->failed : rc;
    }
    return rc;
}

/* ---- walking ---- */

static int step(struct store_cursor *cursor, MDB_cursor_op op, struct err *err)
{
    MDB_val key = as_val(cursor->prefix, cursor->prefix_len), value;
    int result = mdb_cursor_get(cursor->internal, &key, &value, op);

    if (result != 0 && result != MDB_NOTFOUND)
        return err_set(err, code_of(result), "walk: %s", mdb_strerror(result));
    cursor->key = cursor->value = NULL;
    cursor->key_len = cursor->value_len = 0;
    if (result == MDB_NOTFOUND || key.mv_size < cursor->prefix_len ||
        memcmp(key.mv_data, cursor->prefix, cursor->prefix_len) != 0)
        return 0; /* past the end */
    cursor->key = key.mv_data;
    cursor->key_len = key.mv_size;
    cursor->value = as_bytes(&value);
    cursor->value_len = value.mv_size;
    return 0;
}

int store_first(struct store_txn *txn, struct store_cursor *cursor, int table, const void *prefix,
                size_t prefix_len, struct err *err)
{
    COST_SCOPE(COST_STORE);
    MDB_cursor *internal;
    int result, rc = check_table(txn, table, err);

    if (rc != 0)
        return rc;
    if (prefix_len > STORE_KEY_MAX)
        return err_set(err, ERR_INTERNAL, "%s: prefix of %zu bytes", txn->store->path, prefix_len);
    if ((result = mdb_cursor_open(txn->txn, txn->store->tables[table], &internal)) != 0)
        return fail(txn->store, err, result, "walk");
    store_cursor_end(cursor);
    cursor->internal = internal;
    cursor->prefix_len = prefix_len;
    if (prefix_len > 0)
        memcpy(cursor->prefix, prefix, prefix_len);
    return step(cursor, prefix_len > 0 ? MDB_SET_RANGE : MDB_FIRST, err);
}

int store_next(struct store_cursor *cursor, struct err *err)
{
    COST_SCOPE(COST_STORE);
    return cursor->key == NULL ? 0 : step(cursor, MDB_NEXT, err);
}

void store_cursor_end(struct store_cursor *cursor)
{
    if (cursor->internal != NULL)
        mdb_cursor_close(cursor->internal);
    cursor->internal = NULL;
    cursor->key = cursor->value = NULL;
    cursor->key_len = cursor->value_len = 0;
}

/* ---- backup ---- */

/* LMDB does not sync what it copies. */
static bool sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return ok;
}

static int copy_to(struct store *store, const char *path, const char *data_path, struct err *err)
{
    int result = mdb_env_copy2(store->env, path, MDB_CP_COMPACT);

    if (result ==
        MDB_INCOMPATIBLE) { /* LMDB 0.9 says so when a page has leaked: harmless, but not compactable */
        unlink(data_path);
        result = mdb_env_copy2(store->env, path, 0);
    }
    if (result != 0)
        return fail(store, err, result, path);
    if (!sync_path(data_path) || !sync_path(path))
        return err_set_errno(err, ERR_FILE_WRITE, errno, "%s", path);
    return 0;
}

int store_backup(struct store *store, const char *path, struct err *err)
{
    char *data_path;
    int rc;

    if (mkdir(path, 0700) != 0)
        return err_set_errno(err, errno == EEXIST ? ERR_FILE_EXISTS : ERR_FILE_WRITE, errno, "%s", path);
    data_path = file_join(path, "data.mdb");
    if (data_path == NULL)
        rc = err_set(err, ERR_NO_MEMORY, "%s", path);
    else
        rc = copy_to(store, path, data_path, err);
    if (rc != 0) { /* leave nothing that looks like a backup */
        if (data_path != NULL)
            unlink(data_path);
        rmdir(path);
    }
    free(data_path);
    return rc;
}
