/* outbox.c - TABLE_OUTBOX: task | u64 revision: OutboxReport. */
#include "node/outbox.h"

#include <inttypes.h>
#include <string.h>

#include "base/store_key.h"
#include "base/wire.h"
#include "node/store_tables.h"

static int get(struct state *state, const uint8_t task[TASK_ID_SIZE], uint32_t revision,
               OutboxReport **report, struct err *err)
{
    return state_get_message(state, TABLE_OUTBOX, task, NULL, revision,
                             &weft__store__v1__outbox_report__descriptor, (ProtobufCMessage **)report, err);
}

static int put(struct state *state, const uint8_t task[TASK_ID_SIZE], const OutboxReport *report,
               struct err *err)
{
    return state_put_message(state, TABLE_OUTBOX, task, NULL, report->revision, &report->base, err);
}

/* Revisions rise, mostly by one: what was adopted may stand higher. */
static int highest(struct state *state, const uint8_t task[TASK_ID_SIZE], uint32_t *revision, struct err *err)
{
    struct store_cursor cursor = {0};
    uint32_t last = 0;
    int rc;

    for (rc = store_first(state->txn, &cursor, TABLE_OUTBOX, task, TASK_ID_SIZE, err);
         rc == 0 && cursor.key != NULL; rc = store_next(&cursor, err)) {
        last = (uint32_t)store_number_read(cursor.key + cursor.key_len - 8, 8);
    }
    store_cursor_end(&cursor);
    *revision = last;
    return rc;
}

int outbox_get(struct state *state, const uint8_t task[TASK_ID_SIZE], uint32_t revision,
               OutboxReport **report, struct err *err)
{
    int rc;

    if (revision == 0 && (rc = highest(state, task, &revision, err)) != 0) {
        return rc;
    }
    *report = NULL;
    return revision == 0 ? 0 : get(state, task, revision, report, err);
}

int outbox_get_accepted(struct state *state, const uint8_t task[TASK_ID_SIZE], OutboxReport **report,
                        struct err *err)
{
    uint32_t revision;
    int rc = highest(state, task, &revision, err);

    *report = NULL;
    for (; rc == 0 && *report == NULL && revision > 0; revision--) {
        if ((rc = get(state, task, revision, report, err)) == 0 && *report != NULL &&
            (*report)->state != WEFT__V1__REPORT_STATE__REPORT_ACCEPTED) {
            wire_free(report);
        }
    }
    return rc;
}

int outbox_add(struct state *state, const uint8_t task[TASK_ID_SIZE], const OutboxReport *report,
               struct err *err)
{
    uint32_t last;
    int rc = highest(state, task, &last, err);

    if (rc != 0) {
        return rc;
    }
    if (report->revision != last + 1) {
        return err_set(err, ERR_INTERNAL, "revision %" PRIu32 " after %" PRIu32, report->revision, last);
    }
    return put(state, task, report, err);
}

int outbox_adopt(struct state *state, const uint8_t task[TASK_ID_SIZE], const OutboxReport *report, struct err *err)
{
    OutboxReport *known = NULL;
    int rc = get(state, task, report->revision, &known, err);

    if (rc == 0 && known != NULL && known->state == WEFT__V1__REPORT_STATE__REPORT_ACCEPTED) {
        rc = err_set(err, ERR_RECEIPT_INVALID, "revision %" PRIu32 ": another report has one already",
                     report->revision);
    }
    wire_free(&known);
    return rc == 0 ? put(state, task, report, err) : rc;
}

static bool same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

int outbox_update(struct state *state, const uint8_t task[TASK_ID_SIZE], const OutboxReport *report,
                  struct err *err)
{
    OutboxReport *known = NULL;
    int rc = get(state, task, report->revision, &known, err);

    if (rc == 0 && (known == NULL || !same_bytes(&known->request, &report->request) ||
                    !same_bytes(&known->report_id, &report->report_id) ||
                    !same_bytes(&known->report_digest, &report->report_digest))) {
        rc = err_set(err, ERR_INTERNAL, "the bytes of revision %" PRIu32 " would change", report->revision);
    }
    wire_free(&known);
    return rc == 0 ? put(state, task, report, err) : rc;
}

int outbox_erase(struct state *state, const uint8_t task[TASK_ID_SIZE], struct err *err)
{
    uint32_t last;
    int rc = highest(state, task, &last, err);

    for (uint32_t revision = 1; rc == 0 && revision <= last; revision++) {
        OutboxReport *known = NULL;
        if ((rc = get(state, task, revision, &known, err)) == 0 && known != NULL &&
            (known->request.len > 0 || known->vector.len > 0)) {
            OutboxReport erased = *known;
            erased.request = erased.vector = (ProtobufCBinaryData){0, NULL};
            rc = put(state, task, &erased, err);
        }
        wire_free(&known);
    }
    return rc;
}
