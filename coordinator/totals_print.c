/* totals_print.c - the command `totals`: from the store to the table and the JSON file. */
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/file.h"
#include "coordinator/setup.h"
#include "coordinator/totals.h"
#include "crypto/secret.h"

#define DOC(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

/* The catalogue that the task pins; *catalogue stays NULL if it is not in the store. */
static int find_catalogue(struct catalogue **catalogue, const struct setup_reading *reading,
                          const struct task *task, struct err *err)
{
    struct db db = {reading->txn, NULL};
    struct db_document next = {0};
    uint8_t digest[DIGEST_SIZE];
    int rc;

    while ((rc = db_next_document(&db, DB_NO_TASK, next.number, &next, err)) == 0 && next.document != NULL) {
        bool found = false;
        document_digest(digest, next.document);
        if (next.document->type == DOC(CATALOGUE) &&
            memcmp(digest, task->wire->catalogue_digest.data, DIGEST_SIZE) == 0) {
            found = true;
            rc = catalogue_parse(catalogue, "catalogue", next.document->body.data, next.document->body.len,
                                 err);
        }
        document_free(&next.document);
        if (found || rc != 0) {
            break;
        }
    }
    return rc;
}

/* What this coordinator opened as the collector of `area`, if it leads it. */
static int add_opened(struct totals *totals, const struct setup_reading *reading, size_t index, int area,
                      struct err *err)
{
    struct opening total = {area, WEFT__V1__SCOPE__SCOPE_TOTAL, WEFT__V1__STAGE__STAGE_VALUES};
    size_t num_slots = (size_t)totals->view->task->num_slots;
    uint64_t *by_slot = NULL;
    bool *is_opened = NULL;
    int rc = core_opened_totals(reading->core, reading->txn, index, &total, &by_slot, &is_opened, err);

    if (rc == 0 && by_slot != NULL) {
        totals_add_opened(totals, area, by_slot, is_opened);
    }
    secret_free(by_slot, num_slots * sizeof *by_slot);
    free(is_opened);
    return rc;
}

static int add_collector_view(struct totals *totals, const struct setup *setup,
                              const struct setup_reading *reading, size_t index, struct err *err)
{
    const struct roster *roster = totals->view->roster;
    int self = roster_find_coordinator(roster, setup->identity.id), rc = 0;

    for (int area = 0; area < roster->num_areas && rc == 0; area++) {
        if (roster->areas[area].leader == self) {
            rc = add_opened(totals, reading, index, area, err);
        }
    }
    return rc;
}

/* Secret numbers are for the owner of the file alone. */
static int write_file(const struct totals *totals, const struct totals_request *request, struct err *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int rc;

    if (out == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    rc = totals_write_json(totals, out, err);
    if (fclose(out) != 0 && rc == 0) {
        rc = err_set(err, ERR_NO_MEMORY, "totals");
    }
    if (rc == 0) {
        rc = file_write(request->json_path, text, len,
                        request->collector_view ? FILE_MODE_SECRET : FILE_MODE_PUBLIC, err);
    }
    secret_free(text, len);
    return rc;
}

static int print(const struct totals *totals, const struct totals_request *request, struct err *err)
{
    int rc;

    if (request->json_path != NULL && strcmp(request->json_path, "-") == 0) {
        return totals_write_json(totals, stdout, err);
    }
    if (request->json_path != NULL && (rc = write_file(totals, request, err)) != 0) {
        return rc;
    }
    totals_write_table(totals, stdout, request->lang);
    return fflush(stdout) == 0 ? 0 : err_set(err, ERR_FILE_WRITE, "standard output");
}

/* The last revision of a task, whatever of the chain was asked for. */
static size_t newest_revision(const struct setup_reading *reading, size_t index)
{
    const struct view *by = view_revised_by(core_task_view(reading->core, index));

    for (size_t i = 0; by != NULL && i < core_num_tasks(reading->core); i++) {
        if (core_task_view(reading->core, i) == by) {
            return i;
        }
    }
    return index;
}

int totals_print(const char *settings_path, const struct totals_request *request, struct err *err)
{
    struct setup *setup = calloc(1, sizeof *setup);
    struct setup_reading reading = {0};
    struct catalogue *catalogue = NULL;
    struct totals *totals = NULL;
    int64_t now_ms = calendar_now_ms();
    const struct view *view;
    size_t index;
    int rc;

    if (setup == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    if ((rc = setup_read(setup, settings_path, err)) != 0 || (rc = setup_load_keys(setup, err)) != 0 ||
        (rc = setup_begin_reading(&reading, setup, err)) != 0 ||
        (rc = setup_find_task(&reading, request->task, &index, err)) != 0) {
        goto done;
    }
    view = core_task_view(reading.core, index = request->alone ? index : newest_revision(&reading, index));
    if ((rc = find_catalogue(&catalogue, &reading, view->task, err)) == 0 &&
        (rc = totals_new(&totals, view, request->alone, catalogue, now_ms, err)) == 0 &&
        (!request->collector_view || (rc = add_collector_view(totals, setup, &reading, index, err)) == 0)) {
        rc = print(totals, request, err);
    }
done:
    totals_free(&totals);
    catalogue_free(&catalogue);
    setup_end_reading(&reading);
    setup_clear(setup);
    free(setup);
    return rc;
}
