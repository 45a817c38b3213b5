/* state.c - documents, cursors and decisions of a site over its store.
 *
 *     TABLE_DOCUMENTS  task | u64 number                      the document
 *     TABLE_STATE      task | "last" NUL                      u64: number of the last document
 *                      task | "name" NUL | u64 type | name    u64: its number
 *                      task | "cursor" NUL                    incarnation | u64 after | digest
 *                      task | "task" NUL | u64 0              SiteTask
 *                      catalogue digest | "standing" NUL | u64 0   StandingApproval
 *                      0 | "leader" NUL | u64 0                    StoredContact
 * All integers big-endian. */
#include "node/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/store_key.h"
#include "base/wire.h"
#include "crypto/secret.h"
#include "node/store_tables.h"

#define AT_REST_KEY_ID 1
#define VECTOR_LABEL   "weft-node vector"

const uint8_t STATE_NO_TASK[TASK_ID_SIZE] = {0};

int state_open_store(struct store **store, const char *path, bool read_only, bool no_sync, struct err *err)
{
    static const char *const names[NODE_NUM_TABLES] = NODE_TABLE_NAMES;
    struct store_options options = {
        .path = path,
        .application = NODE_APPLICATION,
        .format_version = NODE_FORMAT_VERSION,
        .tables = names,
        .num_tables = NODE_NUM_TABLES,
        .read_only = read_only,
        .no_sync = no_sync,
    };

    return store_open(store, &options, err);
}

/* ---- keys ---- */

static struct store_key key_of(const uint8_t task[TASK_ID_SIZE], const char *name)
{
    struct store_key key = {.len = 0};

    store_key_bytes(&key, task, TASK_ID_SIZE);
    if (name != NULL) {
        store_key_bytes(&key, name, strlen(name) + 1);
    }
    return key;
}

static struct store_key name_key(const uint8_t task[TASK_ID_SIZE], Weft__V1__DocumentType type, const char *name)
{
    struct store_key key = key_of(task, "name");

    store_key_number(&key, (uint64_t)type, 8);
    store_key_bytes(&key, name, strlen(name));
    return key;
}

/* 0 when there is none. */
static int get_number(struct state *state, const struct store_key *key, uint64_t *number, struct err *err)
{
    const uint8_t *value;
    size_t len;
    int rc;

    if ((rc = store_get(state->txn, TABLE_STATE, key->data, key->len, &value, &len, err)) != 0) {
        return rc;
    }
    if (value != NULL && len != 8) {
        return err_set(err, ERR_STORE_CORRUPT, "a number of %zu bytes", len);
    }
    *number = value == NULL ? 0 : store_number_read(value, 8);
    return 0;
}

static int put_number(struct state *state, const struct store_key *key, uint64_t number, struct err *err)
{
    uint8_t be[8];

    store_number_write(be, number, 8);
    return store_put(state->txn, TABLE_STATE, key->data, key->len, be, sizeof be, err);
}

/* ---- messages ---- */

int state_get_message(struct state *state, int table, const uint8_t task[TASK_ID_SIZE], const char *name,
                      uint64_t number, const ProtobufCMessageDescriptor *type, ProtobufCMessage **out,
                      struct err *err)
{
    struct store_key key = key_of(task, name);
    const uint8_t *value;
    size_t len;
    int rc;

    store_key_number(&key, number, 8);
    if ((rc = store_get(state->txn, table, key.data, key.len, &value, &len, err)) != 0) {
        return rc;
    }
    if (value == NULL) {
        *out = NULL;
        return 0;
    }
    if (wire_unpack(out, type, value, len, WIRE_LENIENT, err) != 0) {
        return err_set(err, ERR_STORE_CORRUPT, "%s", type->short_name);
    }
    return 0;
}

int state_put_message(struct state *state, int table, const uint8_t task[TASK_ID_SIZE], const char *name,
                      uint64_t number, const ProtobufCMessage *message, struct err *err)
{
    struct store_key key = key_of(task, name);
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    store_key_number(&key, number, 8);
    if ((rc = wire_pack(&packed, &len, message, err)) == 0) {
        rc = store_put(state->txn, table, key.data, key.len, packed, len, err);
    }
    free(packed);
    return rc;
}

/* ---- documents ---- */

int state_num_documents(struct state *state, const uint8_t task[TASK_ID_SIZE], uint64_t *num, struct err *err)
{
    struct store_key key = key_of(task, "last");

    return get_number(state, &key, num, err);
}

int state_get_document(struct state *state, const uint8_t task[TASK_ID_SIZE], uint64_t number,
                       Weft__V1__Document **document, struct err *err)
{
    return state_get_message(state, TABLE_DOCUMENTS, task, NULL, number, &weft__v1__document__descriptor,
                             (ProtobufCMessage **)document, err);
}

int state_find_document(struct state *state, const uint8_t task[TASK_ID_SIZE], Weft__V1__DocumentType type,
                        const char *name, Weft__V1__Document **document, struct err *err)
{
    struct store_key key = name_key(task, type, name);
    uint64_t number = 0;
    int rc;

    if ((rc = get_number(state, &key, &number, err)) != 0) {
        return rc;
    }
    if (number == 0) {
        *document = NULL;
        return 0;
    }
    return state_get_document(state, task, number, document, err);
}

int state_put_document(struct state *state, const uint8_t task[TASK_ID_SIZE], const char *name,
                       const Weft__V1__Document *document, bool *is_new, struct err *err)
{
    struct store_key key = name_key(task, document->type, name), last_key = key_of(task, "last");
    Weft__V1__Document *stored = NULL;
    uint64_t last = 0;
    int rc;

    if ((rc = state_find_document(state, task, document->type, name, &stored, err)) != 0) {
        return rc;
    }
    if (stored != NULL) {
        rc = document_same_body(stored, document)
                 ? 0
                 : err_set(err, ERR_DOCUMENT_CONFLICT, "%s %s", document_type_name(document->type), name);
        document_free(&stored);
        *is_new = false;
        return rc;
    }
    if ((rc = state_num_documents(state, task, &last, err)) != 0 ||
        (rc = state_put_message(state, TABLE_DOCUMENTS, task, NULL, last + 1, &document->base, err)) != 0 ||
        (rc = put_number(state, &key, last + 1, err)) != 0) {
        return rc;
    }
    *is_new = true;
    return put_number(state, &last_key, last + 1, err);
}

/* ---- cursors ---- */

int state_get_cursor(struct state *state, const uint8_t task[TASK_ID_SIZE], struct state_cursor *cursor,
                     struct err *err)
{
    struct store_key key = key_of(task, "cursor");
    const uint8_t *value;
    size_t len;
    int rc;

    *cursor = (struct state_cursor){0};
    if ((rc = store_get(state->txn, TABLE_STATE, key.data, key.len, &value, &len, err)) != 0 ||
        value == NULL) {
        return rc;
    }
    if (len != STORE_INCARNATION_SIZE + 8 + DIGEST_SIZE) {
        return err_set(err, ERR_STORE_CORRUPT, "cursor");
    }
    memcpy(cursor->incarnation, value, STORE_INCARNATION_SIZE);
    cursor->after = store_number_read(value + STORE_INCARNATION_SIZE, 8);
    memcpy(cursor->digest, value + STORE_INCARNATION_SIZE + 8, DIGEST_SIZE);
    return 0;
}

int state_put_cursor(struct state *state, const uint8_t task[TASK_ID_SIZE], const struct state_cursor *cursor,
                     struct err *err)
{
    struct store_key key = key_of(task, "cursor");
    uint8_t value[STORE_INCARNATION_SIZE + 8 + DIGEST_SIZE];

    memcpy(value, cursor->incarnation, STORE_INCARNATION_SIZE);
    store_number_write(value + STORE_INCARNATION_SIZE, cursor->after, 8);
    memcpy(value + STORE_INCARNATION_SIZE + 8, cursor->digest, DIGEST_SIZE);
    return store_put(state->txn, TABLE_STATE, key.data, key.len, value, sizeof value, err);
}

/* ---- decisions ---- */

int state_get_task(struct state *state, const uint8_t task[TASK_ID_SIZE], SiteTask **out, struct err *err)
{
    return state_get_message(state, TABLE_STATE, task, "task", 0, &weft__store__v1__site_task__descriptor,
                             (ProtobufCMessage **)out, err);
}

int state_put_task(struct state *state, const uint8_t task[TASK_ID_SIZE], const SiteTask *value,
                   struct err *err)
{
    return state_put_message(state, TABLE_STATE, task, "task", 0, &value->base, err);
}

int state_get_standing(struct state *state, const uint8_t catalogue_digest[DIGEST_SIZE],
                       StandingApproval **out, struct err *err)
{
    int rc = state_get_message(state, TABLE_STATE, catalogue_digest, "standing", 0,
                               &weft__store__v1__standing_approval__descriptor, (ProtobufCMessage **)out, err);

    if (rc == 0 && *out != NULL && (*out)->revoked_ms != 0) {
        wire_free(out);
    }
    return rc;
}

int state_next_standing(struct state *state, uint8_t after[DIGEST_SIZE], StandingApproval **out, struct err *err)
{
    static const char name[] = "standing";
    struct store_cursor cursor = {0};
    int rc;

    *out = NULL;
    for (rc = store_first(state->txn, &cursor, TABLE_STATE, "", 0, err); rc == 0 && cursor.key != NULL;
         rc = store_next(&cursor, err)) {
        if (cursor.key_len != DIGEST_SIZE + sizeof name + 8 || memcmp(cursor.key, after, DIGEST_SIZE) <= 0 ||
            memcmp(cursor.key + DIGEST_SIZE, name, sizeof name) != 0) {
            continue;
        }
        memcpy(after, cursor.key, DIGEST_SIZE);
        rc = wire_unpack((ProtobufCMessage **)out, &weft__store__v1__standing_approval__descriptor, cursor.value,
                         cursor.value_len, WIRE_LENIENT, err);
        break;
    }
    store_cursor_end(&cursor);
    return rc;
}

int state_put_standing(struct state *state, const uint8_t catalogue_digest[DIGEST_SIZE],
                       const StandingApproval *value, struct err *err)
{
    return state_put_message(state, TABLE_STATE, catalogue_digest, "standing", 0, &value->base, err);
}

int state_get_leader(struct state *state, StoredContact **out, struct err *err)
{
    return state_get_message(state, TABLE_STATE, STATE_NO_TASK, "leader", 0,
                             &weft__store__v1__stored_contact__descriptor, (ProtobufCMessage **)out, err);
}

int state_put_leader(struct state *state, const StoredContact *value, struct err *err)
{
    return state_put_message(state, TABLE_STATE, STATE_NO_TASK, "leader", 0, &value->base, err);
}

/* ---- vectors ---- */

static size_t vector_aad(uint8_t out[sizeof VECTOR_LABEL + TASK_ID_SIZE], const uint8_t task[TASK_ID_SIZE])
{
    memcpy(out, VECTOR_LABEL, sizeof VECTOR_LABEL);
    memcpy(out + sizeof VECTOR_LABEL, task, TASK_ID_SIZE);
    return sizeof VECTOR_LABEL + TASK_ID_SIZE;
}

int state_seal_vector(const struct state *state, const uint8_t task[TASK_ID_SIZE], const uint64_t *vector,
                      size_t num, ProtobufCBinaryData *sealed, struct err *err)
{
    uint8_t aad[sizeof VECTOR_LABEL + TASK_ID_SIZE];
    uint8_t *plain = malloc(8 * num + 1), *out = malloc(8 * num + AT_REST_OVERHEAD);

    if (plain == NULL || out == NULL) {
        free(plain);
        free(out);
        return err_set(err, ERR_NO_MEMORY, "vector");
    }
    for (size_t i = 0; i < num; i++) {
        store_number_write(plain + 8 * i, vector[i], 8);
    }
    at_rest_seal(out, state->at_rest_key, AT_REST_KEY_ID, aad, vector_aad(aad, task), plain, 8 * num);
    secret_free(plain, 8 * num);
    *sealed = (ProtobufCBinaryData){8 * num + AT_REST_OVERHEAD, out};
    return 0;
}

int state_open_vector(const struct state *state, const uint8_t task[TASK_ID_SIZE],
                      const ProtobufCBinaryData *sealed, size_t num, uint64_t **vector, struct err *err)
{
    uint8_t aad[sizeof VECTOR_LABEL + TASK_ID_SIZE];
    uint8_t *plain = malloc(8 * num + 1);
    uint64_t *out = malloc((num + 1) * sizeof *out);
    int rc = 0;

    if (plain == NULL || out == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "vector");
    } else if (sealed->len != 8 * num + AT_REST_OVERHEAD ||
               !at_rest_open(plain, state->at_rest_key, AT_REST_KEY_ID, aad, vector_aad(aad, task),
                             sealed->data, sealed->len)) {
        rc = err_set(err, ERR_STORE_CORRUPT, "the evaluated vector cannot be decrypted");
    } else {
        for (size_t i = 0; i < num; i++) {
            out[i] = store_number_read(plain + 8 * i, 8);
        }
        *vector = out;
        out = NULL;
    }
    secret_free(plain, plain == NULL ? 0 : 8 * num);
    free(out);
    return rc;
}
