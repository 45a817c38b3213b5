/* db.c - the coordinator's store over LMDB. */
#include "coordinator/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cost.h"
#include "base/store_key.h"
#include "base/wire.h"
#include "crypto/secret.h"

enum { DOCUMENTS, DOCUMENT_KEYS, REPORTS, REPORT_IDS, SECRETS, CURSORS, INVITATIONS, CONTACTS, NOTES, NUM_TABLES };
static const char *const table_names[NUM_TABLES] = {"documents",  "document_keys", "reports",
                                                    "report_ids", "secrets",       "cursors",
                                                    "invitations", "contacts", "notes"};
#define AT_REST_KEY_ID 1

const uint8_t DB_NO_TASK[TASK_ID_SIZE] = {0};

struct store_options db_store_options(const char *path, bool read_only, bool no_sync)
{
    return (struct store_options){
        .path = path,
        .application = DB_APPLICATION,
        .format_version = DB_FORMAT_VERSION,
        .tables = table_names,
        .num_tables = NUM_TABLES,
        .read_only = read_only,
        .no_sync = no_sync,
    };
}

int db_open_store(struct store **store, const char *path, bool read_only, bool no_sync, struct err *err)
{
    struct store_options options = db_store_options(path, read_only, no_sync);

    return store_open(store, &options, err);
}

/* ---- keys: task || parts; texts end with a NUL so that none is another's prefix ---- */

static struct store_key key_of(const uint8_t task[TASK_ID_SIZE])
{
    struct store_key key = {.len = 0};

    store_key_bytes(&key, task, TASK_ID_SIZE);
    return key;
}

/* ---- documents ---- */

int db_last_number(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t *number, struct err *err)
{
    struct store_key key = key_of(task);
    const uint8_t *value;
    size_t len;
    int rc;

    store_key_text(&key, "last"); /* beside the keys of documents, which begin with a type number */
    if ((rc = store_get(db->txn, DOCUMENT_KEYS, key.data, key.len, &value, &len, err)) != 0) {
        return rc;
    }
    *number = value == NULL ? 0 : store_number_read(value, len);
    return 0;
}

static int set_last_number(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t number, struct err *err)
{
    struct store_key key = key_of(task), value = {.len = 0};

    store_key_text(&key, "last");
    store_key_number(&value, number, 8);
    return store_put(db->txn, DOCUMENT_KEYS, key.data, key.len, value.data, value.len, err);
}

static int get_numbered(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t number,
                        Weft__V1__Document **document, struct err *err)
{
    struct store_key key = key_of(task);
    const uint8_t *value;
    size_t len;
    int rc;

    store_key_number(&key, number, 8);
    if ((rc = store_get(db->txn, DOCUMENTS, key.data, key.len, &value, &len, err)) != 0) {
        return rc;
    }
    if (value == NULL) {
        *document = NULL;
        return 0;
    }
    return document_unpack(document, value, len, err);
}

static int put_numbered(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t number,
                        const Weft__V1__Document *document, struct err *err)
{
    struct store_key key = key_of(task);
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    store_key_number(&key, number, 8);
    if ((rc = wire_pack(&packed, &len, &document->base, err)) == 0) {
        rc = store_put(db->txn, DOCUMENTS, key.data, key.len, packed, len, err);
    }
    free(packed);
    return rc;
}

static int compare_stored(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t number,
                          const Weft__V1__Document *document, const char *key, struct err *err)
{
    Weft__V1__Document *stored = NULL;
    int rc = get_numbered(db, task, number, &stored, err);

    if (rc == 0 && (stored == NULL || !document_same_body(stored, document))) {
        rc = err_set(err, ERR_DOCUMENT_CONFLICT, "%s %s", document_type_name(document->type), key);
    }
    document_free(&stored);
    return rc;
}

int db_put_document(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name,
                    const Weft__V1__Document *document, uint64_t *number, bool *is_new, struct err *err)
{
    struct store_key key = key_of(task), value = {.len = 0};
    const uint8_t *stored;
    uint64_t last;
    size_t len;
    int rc;

    store_key_number(&key, (uint64_t)document->type, 1);
    store_key_text(&key, name);
    if ((rc = store_get(db->txn, DOCUMENT_KEYS, key.data, key.len, &stored, &len, err)) != 0) {
        return rc;
    }
    if (stored != NULL) {
        *number = store_number_read(stored, len);
        *is_new = false;
        return compare_stored(db, task, *number, document, name, err);
    }
    if ((rc = db_last_number(db, task, &last, err)) != 0) {
        return rc;
    }
    store_key_number(&value, last + 1, 8);
    if ((rc = store_put(db->txn, DOCUMENT_KEYS, key.data, key.len, value.data, value.len, err)) != 0 ||
        (rc = put_numbered(db, task, last + 1, document, err)) != 0 ||
        (rc = set_last_number(db, task, last + 1, err)) != 0) {
        return rc;
    }
    *number = last + 1;
    *is_new = true;
    return 0;
}

int db_next_document(struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t after, struct db_document *out,
                     struct err *err)
{
    *out = (struct db_document){0};
    if (after == UINT64_MAX) {
        return 0;
    }
    out->number = after + 1; /* numbers have no gaps */
    return get_numbered(db, task, after + 1, &out->document, err);
}

/* ---- reports ---- */

static struct store_key report_key(const uint8_t task[TASK_ID_SIZE], const char *site)
{
    struct store_key key = key_of(task);

    store_key_text(&key, site);
    return key;
}

static int unpack_report(const uint8_t *value, size_t len, StoredReport **report, struct err *err)
{
    return wire_unpack((ProtobufCMessage **)report, &weft__store__v1__stored_report__descriptor, value, len,
                       WIRE_LENIENT, err);
}

/* Walk the revisions upwards and keep the last one that is wanted. */
static int find_report(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site, bool accepted_only,
                       StoredReport **report, uint32_t *revision, struct err *err)
{
    struct store_key key = report_key(task, site);
    struct store_cursor cursor = {0};
    int rc;

    *report = NULL;
    for (rc = store_first(db->txn, &cursor, REPORTS, key.data, key.len, err); rc == 0 && cursor.key != NULL;
         rc = store_next(&cursor, err)) {
        StoredReport *candidate = NULL;
        if ((rc = unpack_report(cursor.value, cursor.value_len, &candidate, err)) != 0) {
            break;
        }
        if (accepted_only && candidate->state != WEFT__V1__REPORT_STATE__REPORT_ACCEPTED) {
            wire_free(&candidate);
            continue;
        }
        wire_free(report);
        *report = candidate;
        *revision = (uint32_t)store_number_read(cursor.key + key.len, 4);
    }
    store_cursor_end(&cursor);
    if (rc != 0) {
        wire_free(report);
    }
    return rc;
}

int db_next_report(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site, uint32_t after,
                   StoredReport **report, uint32_t *revision, struct err *err)
{
    struct store_key key = report_key(task, site);
    struct store_cursor cursor = {0};
    int rc;

    *report = NULL;
    for (rc = store_first(db->txn, &cursor, REPORTS, key.data, key.len, err);
         rc == 0 && cursor.key != NULL && *report == NULL; rc = store_next(&cursor, err)) {
        *revision = (uint32_t)store_number_read(cursor.key + key.len, 4);
        if (*revision > after && (rc = unpack_report(cursor.value, cursor.value_len, report, err)) != 0) {
            break;
        }
    }
    store_cursor_end(&cursor);
    if (rc != 0) {
        wire_free(report);
    }
    return rc;
}

int db_get_accepted(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site, StoredReport **report,
                    uint32_t *revision, struct err *err)
{
    return find_report(db, task, site, true, report, revision, err);
}

int db_get_report(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site, uint32_t revision,
                  StoredReport **report, struct err *err)
{
    struct store_key key = report_key(task, site);
    const uint8_t *value;
    uint32_t found;
    size_t len;
    int rc;

    *report = NULL;
    if (revision == 0) {
        return find_report(db, task, site, false, report, &found, err);
    }
    store_key_number(&key, revision, 4);
    if ((rc = store_get(db->txn, REPORTS, key.data, key.len, &value, &len, err)) != 0 || value == NULL) {
        return rc;
    }
    return unpack_report(value, len, report, err);
}

static struct store_key report_id_key(const uint8_t task[TASK_ID_SIZE], const char *site,
                                const uint8_t report_id[PRIO3_NONCE_SIZE])
{
    struct store_key key = report_key(task, site);

    store_key_bytes(&key, report_id, PRIO3_NONCE_SIZE);
    return key;
}

int db_put_report(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site, uint32_t revision,
                  const StoredReport *report, struct err *err)
{
    struct store_key key = report_key(task, site), id_key;
    Weft__V1__ReportHeader *header = NULL;
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    store_key_number(&key, revision, 4);
    if ((rc = document_body((ProtobufCMessage **)&header, report->report,
                            WEFT__V1__DOCUMENT_TYPE__DOCUMENT_REPORT, err)) != 0) {
        return rc;
    }
    id_key = report_id_key(task, site, header->report_id.data);
    if ((rc = wire_pack(&packed, &len, &report->base, err)) == 0 &&
        (rc = store_put(db->txn, REPORTS, key.data, key.len, packed, len, err)) == 0) {
        rc = store_put(db->txn, REPORT_IDS, id_key.data, id_key.len, "", 0, err);
    }
    free(packed);
    wire_free(&header);
    return rc;
}

int db_report_id_is_used(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                         const uint8_t report_id[PRIO3_NONCE_SIZE], bool *used, struct err *err)
{
    struct store_key key = report_id_key(task, site, report_id);
    const uint8_t *value;
    size_t len;
    int rc = store_get(db->txn, REPORT_IDS, key.data, key.len, &value, &len, err);

    *used = rc == 0 && value != NULL;
    return rc;
}

/* ---- encryption at rest ---- */

static uint8_t *seal(struct db *db, const struct store_key *place, const uint8_t *data, size_t len)
{
    uint8_t *sealed = malloc(len + AT_REST_OVERHEAD);

    if (sealed != NULL) {
        at_rest_seal(sealed, db->at_rest_key, AT_REST_KEY_ID, place->data, place->len, data, len);
    }
    return sealed;
}

int db_seal_out_share(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site, const uint8_t *share,
                      size_t len, ProtobufCBinaryData *sealed, struct err *err)
{
    COST_SCOPE(COST_STORE);
    struct store_key place = report_key(task, site);

    sealed->data = seal(db, &place, share, len);
    sealed->len = len + AT_REST_OVERHEAD;
    return sealed->data != NULL ? 0 : err_set(err, ERR_NO_MEMORY, "output share");
}

int db_open_out_share(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *site,
                      const ProtobufCBinaryData *sealed, uint8_t *share, size_t len, struct err *err)
{
    COST_SCOPE(COST_STORE);
    struct store_key place = report_key(task, site);

    if (sealed->len != len + AT_REST_OVERHEAD ||
        !at_rest_open(share, db->at_rest_key, AT_REST_KEY_ID, place.data, place.len, sealed->data,
                      sealed->len)) {
        return err_set(err, ERR_STORE_CORRUPT, "output share of %s", site);
    }
    return 0;
}

static struct store_key secret_key(const uint8_t task[TASK_ID_SIZE], const char *name)
{
    struct store_key key = key_of(task);

    store_key_text(&key, name);
    return key;
}

int db_get_secret(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name, uint8_t **value,
                  size_t *len, struct err *err)
{
    struct store_key key = secret_key(task, name);
    const uint8_t *sealed;
    size_t sealed_len;
    int rc;

    *value = NULL;
    *len = 0;
    if ((rc = store_get(db->txn, SECRETS, key.data, key.len, &sealed, &sealed_len, err)) != 0 ||
        sealed == NULL) {
        return rc;
    }
    if (sealed_len < AT_REST_OVERHEAD) {
        return err_set(err, ERR_STORE_CORRUPT, "%s", name);
    }
    *len = sealed_len - AT_REST_OVERHEAD;
    if ((*value = malloc(*len + 1)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "%s", name);
    }
    if (!at_rest_open(*value, db->at_rest_key, AT_REST_KEY_ID, key.data, key.len, sealed, sealed_len)) {
        secret_free(*value, *len);
        *value = NULL;
        return err_set(err, ERR_STORE_CORRUPT, "%s", name);
    }
    return 0;
}

int db_put_secret(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name, const uint8_t *value,
                  size_t len, struct err *err)
{
    struct store_key key = secret_key(task, name);
    uint8_t *stored = NULL, *sealed;
    size_t stored_len;
    int rc;

    if ((rc = db_get_secret(db, task, name, &stored, &stored_len, err)) != 0) {
        return rc;
    }
    if (stored != NULL) {
        bool same = stored_len == len && secret_equal(stored, value, len);
        secret_free(stored, stored_len);
        return same ? 0 : err_set(err, ERR_SHARE_CONFLICT, "%s", name);
    }
    if ((sealed = seal(db, &key, value, len)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "%s", name);
    }
    rc = store_put(db->txn, SECRETS, key.data, key.len, sealed, len + AT_REST_OVERHEAD, err);
    free(sealed);
    return rc;
}

/* ---- the end of a task ---- */

/* All keys of a task in a table, since a table is not written while it is walked. The caller frees *keys. */
static int keys_of_task(struct db *db, int table, const uint8_t task[TASK_ID_SIZE], struct store_key **keys,
                        size_t *num, struct err *err)
{
    struct store_cursor cursor = {0};
    struct store_key *grown;
    size_t room = 0;
    int rc;

    *keys = NULL;
    *num = 0;
    for (rc = store_first(db->txn, &cursor, table, task, TASK_ID_SIZE, err); rc == 0 && cursor.key != NULL;
         rc = store_next(&cursor, err)) {
        if (*num == room) {
            room = room * 2 + 16;
            if ((grown = realloc(*keys, room * sizeof *grown)) == NULL) {
                rc = err_set(err, ERR_NO_MEMORY, "keys of a task");
                break;
            }
            *keys = grown;
        }
        (*keys)[*num].len = 0;
        store_key_bytes(&(*keys)[(*num)++], cursor.key, cursor.key_len);
    }
    store_cursor_end(&cursor);
    return rc;
}

/* A report without its shares; what it was and what became of it stays. */
static int strip_report(struct db *db, const struct store_key *key, uint64_t *num, struct err *err)
{
    StoredReport *report = NULL;
    uint8_t *packed = NULL;
    const uint8_t *value;
    size_t len;
    int rc;

    if ((rc = store_get(db->txn, REPORTS, key->data, key->len, &value, &len, err)) != 0 || value == NULL ||
        (rc = unpack_report(value, len, &report, err)) != 0) {
        return rc;
    }
    *num += report->leader != NULL || report->helper != NULL || report->out_share.len > 0;
    report->leader = report->helper = NULL;
    report->out_share = report->verifier_share = (ProtobufCBinaryData){0, NULL};
    if ((rc = wire_pack(&packed, &len, &report->base, err)) == 0) {
        rc = store_put(db->txn, REPORTS, key->data, key->len, packed, len, err);
    }
    free(packed);
    wire_free(&report);
    return rc;
}

int db_erase_task(struct db *db, const uint8_t task[TASK_ID_SIZE], struct db_erased *out, struct err *err)
{
    struct store_key hpke_key = secret_key(task, DB_HPKE_KEY), *keys = NULL;
    struct db_erased erased = {0};
    size_t num;
    int rc = keys_of_task(db, REPORTS, task, &keys, &num, err);

    for (size_t i = 0; i < num && rc == 0; i++) {
        rc = strip_report(db, &keys[i], &erased.reports, err);
    }
    free(keys);
    if (rc != 0 || (rc = keys_of_task(db, SECRETS, task, &keys, &num, err)) != 0) {
        return rc;
    }
    for (size_t i = 0; i < num && rc == 0; i++) {
        bool is_key = keys[i].len == hpke_key.len && memcmp(keys[i].data, hpke_key.data, hpke_key.len) == 0;
        erased.keys += is_key;
        erased.shares += !is_key;
        rc = store_delete(db->txn, SECRETS, keys[i].data, keys[i].len, err);
    }
    free(keys);
    if (rc == 0) {
        *out = erased;
    }
    return rc;
}

/* ---- cursors ---- */

int db_get_cursor(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *peer, struct db_cursor *cursor,
                  struct err *err)
{
    struct store_key key = secret_key(task, peer);
    const uint8_t *value;
    size_t len;
    int rc;

    *cursor = (struct db_cursor){0};
    if ((rc = store_get(db->txn, CURSORS, key.data, key.len, &value, &len, err)) != 0 || value == NULL) {
        return rc;
    }
    if (len != STORE_INCARNATION_SIZE + 8 + DIGEST_SIZE) {
        return err_set(err, ERR_STORE_CORRUPT, "cursor of %s", peer);
    }
    memcpy(cursor->incarnation, value, STORE_INCARNATION_SIZE);
    cursor->after = store_number_read(value + STORE_INCARNATION_SIZE, 8);
    memcpy(cursor->digest, value + STORE_INCARNATION_SIZE + 8, DIGEST_SIZE);
    return 0;
}

int db_put_cursor(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *peer,
                  const struct db_cursor *cursor, struct err *err)
{
    struct store_key key = secret_key(task, peer), value = {.len = 0};

    store_key_bytes(&value, cursor->incarnation, STORE_INCARNATION_SIZE);
    store_key_number(&value, cursor->after, 8);
    store_key_bytes(&value, cursor->digest, DIGEST_SIZE);
    return store_put(db->txn, CURSORS, key.data, key.len, value.data, value.len, err);
}

/* ---- messages by name ---- */

static int put_named(struct db *db, int table, const char *name, const ProtobufCMessage *message, struct err *err)
{
    uint8_t *packed = NULL;
    size_t len;
    int rc = wire_pack(&packed, &len, message, err);

    if (rc == 0) {
        rc = store_put(db->txn, table, name, strlen(name), packed, len, err);
    }
    free(packed);
    return rc;
}

static int get_named(struct db *db, int table, const char *name, const ProtobufCMessageDescriptor *type,
                     ProtobufCMessage **message, struct err *err)
{
    const uint8_t *value;
    size_t len;
    int rc;

    *message = NULL;
    if ((rc = store_get(db->txn, table, name, strlen(name), &value, &len, err)) != 0 || value == NULL) {
        return rc;
    }
    return wire_unpack(message, type, value, len, WIRE_LENIENT, err);
}

int db_put_contact(struct db *db, const char *name, const StoredContact *contact, struct err *err)
{
    return put_named(db, CONTACTS, name, &contact->base, err);
}

int db_get_contact(struct db *db, const char *name, StoredContact **contact, struct err *err)
{
    return get_named(db, CONTACTS, name, &weft__store__v1__stored_contact__descriptor, (ProtobufCMessage **)contact, err);
}

int db_delete_contact(struct db *db, const char *name, struct err *err)
{
    return store_delete(db->txn, CONTACTS, name, strlen(name), err);
}

/* ---- notes ---- */

static struct store_key note_key(const uint8_t task[TASK_ID_SIZE], const char *name)
{
    struct store_key key = key_of(task);

    store_key_text(&key, name);
    return key;
}

int db_put_note(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name,
                const Weft__V1__Document *document, struct err *err)
{
    struct store_key key = note_key(task, name);
    uint8_t *packed = NULL;
    size_t len;
    int rc = wire_pack(&packed, &len, &document->base, err);

    if (rc == 0) {
        rc = store_put(db->txn, NOTES, key.data, key.len, packed, len, err);
    }
    free(packed);
    return rc;
}

int db_delete_note(struct db *db, const uint8_t task[TASK_ID_SIZE], const char *name, struct err *err)
{
    struct store_key key = note_key(task, name);

    return store_delete(db->txn, NOTES, key.data, key.len, err);
}

int db_next_note(struct db *db, const uint8_t task[TASK_ID_SIZE], char *name, Weft__V1__Document **document,
                 struct err *err)
{
    struct store_cursor cursor = {0};
    int rc;

    *document = NULL;
    for (rc = store_first(db->txn, &cursor, NOTES, task, TASK_ID_SIZE, err); rc == 0 && cursor.key != NULL;
         rc = store_next(&cursor, err)) {
        const char *found = (const char *)cursor.key + TASK_ID_SIZE; /* with its NUL */

        if (cursor.key_len > TASK_ID_SIZE + DB_NOTE_NAME_MAX || strcmp(found, name) <= 0) {
            continue;
        }
        memcpy(name, found, cursor.key_len - TASK_ID_SIZE);
        rc = wire_unpack((ProtobufCMessage **)document, &weft__v1__document__descriptor, cursor.value,
                         cursor.value_len, WIRE_LENIENT, err);
        break;
    }
    store_cursor_end(&cursor);
    return rc;
}

/* ---- invitations ---- */

int db_put_invitation(struct db *db, const char *name, const StoredInvitation *invitation, struct err *err)
{
    return put_named(db, INVITATIONS, name, &invitation->base, err);
}

int db_get_invitation(struct db *db, const char *name, StoredInvitation **invitation, struct err *err)
{
    return get_named(db, INVITATIONS, name, &weft__store__v1__stored_invitation__descriptor,
                     (ProtobufCMessage **)invitation, err);
}

int db_delete_invitation(struct db *db, const char *name, struct err *err)
{
    return store_delete(db->txn, INVITATIONS, name, strlen(name), err);
}

int db_next_invitation(struct db *db, char name[CERT_NAME_SIZE], StoredInvitation **invitation, struct err *err)
{
    struct store_cursor cursor = {0};
    int rc;

    *invitation = NULL;
    for (rc = store_first(db->txn, &cursor, INVITATIONS, "", 0, err); rc == 0 && cursor.key != NULL;
         rc = store_next(&cursor, err)) {
        size_t len = strlen(name);

        if (cursor.key_len >= CERT_NAME_SIZE ||
            (len > 0 && memcmp(cursor.key, name, len < cursor.key_len ? len : cursor.key_len) <= 0)) {
            continue;
        }
        memcpy(name, cursor.key, cursor.key_len);
        name[cursor.key_len] = '\0';
        rc = wire_unpack((ProtobufCMessage **)invitation, &weft__store__v1__stored_invitation__descriptor, cursor.value,
                         cursor.value_len, WIRE_LENIENT, err);
        break;
    }
    store_cursor_end(&cursor);
    return rc;
}
