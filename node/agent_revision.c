/* agent_revision.c - what a revision corrects: the numbers of this site that the totals hold, and what differs.
 *
 * The numbers that the totals hold are those of the newest report that a listed total took in. A report that waits (no
 * total at or above its site could be opened) was taken in by none, so it is not what a correction is compared with. */
#include "node/agent_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/wire.h"
#include "crypto/secret.h"

size_t agent_num_numbers(const struct task *task)
{
    return (size_t)(task->num_slots - (task->wire->revision > 0 ? task->num_series : 0));
}

/* The task whose freeze holds the report that the totals took in; NULL: none did. */
static const struct view *taken_in(const struct view *view, int site)
{
    const struct view *before = view->base;

    while (before != NULL && before->is_pending[site]) {
        before = before->base;
    }
    return before == NULL ? NULL : view_reported_in(before, site);
}

static const Weft__V1__FrozenReport *find_frozen(const struct view *view, int site)
{
    const struct roster_site *where = &view->roster->sites[site];
    const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)view->freezes[where->supervisor].body;

    for (size_t i = 0; freeze != NULL && i < freeze->n_reports; i++) {
        if (strcmp(freeze->reports[i]->site, where->wire->id) == 0) {
            return freeze->reports[i];
        }
    }
    return NULL;
}

/* Leave out the flags. */
static int strip_flags(const struct task *task, const uint64_t *vector, uint64_t **numbers, struct err *err)
{
    uint64_t *out = calloc(agent_num_numbers(task) + 1, sizeof *out);
    size_t num = 0;

    if (out == NULL) {
        return err_set(err, ERR_NO_MEMORY, "numbers");
    }
    for (int i = 0; i < task->num_slots; i++) {
        if (task->wire->slots[i]->role != WEFT__V1__ROLE__ROLE_CHANGED) {
            out[num++] = vector[i];
        }
    }
    *numbers = out;
    return 0;
}

static int numbers_of(struct state *state, const struct view *view, int site, uint64_t **numbers,
                      struct err *err)
{
    const Weft__V1__FrozenReport *frozen = find_frozen(view, site);
    size_t num = (size_t)view->task->num_slots;
    OutboxReport *report = NULL;
    uint64_t *vector = NULL;
    int rc;

    if (frozen == NULL) {
        return err_set(err, ERR_INTERNAL, "a report is not in its freeze");
    }
    if ((rc = outbox_get(state, view->task->id, frozen->revision, &report, err)) != 0) {
        return rc;
    }
    if (report == NULL || report->vector.len == 0 || report->report_digest.len != DIGEST_SIZE ||
        memcmp(report->report_digest.data, frozen->report_digest.data, DIGEST_SIZE) != 0) {
        rc = err_set(err, ERR_STORE_RESTORED, "the numbers of the frozen report are not here");
    } else if ((rc = state_open_vector(state, view->task->id, &report->vector, num, &vector, err)) == 0) {
        rc = strip_flags(view->task, vector, numbers, err);
    }
    secret_free(vector, num * sizeof *vector);
    wire_free(&report);
    return rc;
}

static int numbers_before(struct state *state, const struct agent_task *task, uint64_t **numbers,
                          struct err *err)
{
    const struct view *view;

    *numbers = NULL;
    if (task->task->wire->revision == 0) {
        return 0;
    }
    if (task->site == NONE) {
        return err_set(err, ERR_REPORT_SITE_UNKNOWN, "not in the task's roster");
    }
    if (!view_base_is_ready(task->view)) {
        return err_set(err, ERR_TASK_NOT_OPEN, "the task that it revises is not finished");
    }
    view = taken_in(task->view, task->site);
    return view == NULL ? 0 : numbers_of(state, view, task->site, numbers, err);
}

int agent_numbers_before(struct agent *agent, struct store_txn *txn, size_t index, uint64_t **numbers,
                         struct err *err)
{
    struct state state = agent_store(agent, txn);
    int rc = agent_load(agent, txn, err);

    if (rc == 0 && index >= agent->num_tasks) {
        rc = err_set(err, ERR_TASK_UNKNOWN, "number %zu", index);
    }
    return rc != 0 ? rc : numbers_before(&state, &agent->tasks[index].task, numbers, err);
}

/* Write the numbers into the slots; *differs says whether any flag is set. */
static void write_vector(const struct task *task, const uint64_t *numbers, const uint64_t *before,
                         uint64_t *vector, bool *differs)
{
    size_t n = 0;

    *differs = before == NULL;
    for (int s = 0; s < task->num_series; s++) {
        const struct task_series *series = &task->series[s];
        bool changed = false;
        for (int slot = series->first_slot; slot < series->first_slot + series->num_slots; slot++) {
            if (slot != series->changed) {
                vector[slot] = numbers[n];
                changed |= before != NULL && before[n] != numbers[n];
                n++;
            }
        }
        if (series->changed != NONE) {
            vector[series->changed] = before == NULL ? vector[series->contributes] : changed;
        }
        *differs |= changed;
    }
}

int revision_vector(struct state *state, const struct agent_task *task,
                    const uint64_t *numbers, uint64_t **vector, struct err *err)
{
    size_t num = (size_t)task->task->num_slots;
    uint64_t *before = NULL, *out = NULL;
    bool differs;
    int rc;

    if ((rc = numbers_before(state, task, &before, err)) != 0) {
        return rc;
    }
    if ((out = calloc(num, sizeof *out)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "vector");
        goto done;
    }
    write_vector(task->task, numbers, before, out, &differs);
    if (!differs) {
        rc = err_set(err, ERR_NOTHING_CHANGED, "task %.16s", task->task->hex);
        goto done;
    }
    *vector = out;
    out = NULL;
done:
    secret_free(before, agent_num_numbers(task->task) * sizeof *before);
    secret_free(out, num * sizeof *out);
    return rc;
}

/* ---- consent ---- */

static int sign_consent(struct agent *agent, struct state *state, struct agent_entry *entry,
                        Weft__V1__Consent *consent, struct err *err)
{
    Weft__V1__Document *document = NULL;
    int rc;

    if ((rc = document_new(&document, DOC(CONSENT), &consent->base, err)) == 0 &&
        (rc = document_sign(&document, agent->site, agent->options.sign_key, err)) == 0) {
        rc = documents_take_own(state, entry, document, err);
    }
    document_free(&document);
    return rc;
}

int agent_consent(struct agent *agent, struct store_txn *txn, size_t index, char *const *indicators,
                  size_t num, const char *text, int64_t now_ms, struct err *err)
{
    struct state state = agent_store(agent, txn);
    Weft__V1__Consent consent = WEFT__V1__CONSENT__INIT;
    const struct agent_task *task;
    int rc = agent_load(agent, txn, err);

    if (rc == 0 && index >= agent->num_tasks) {
        rc = err_set(err, ERR_TASK_UNKNOWN, "number %zu", index);
    }
    if (rc != 0) {
        return rc;
    }
    task = &agent->tasks[index].task;
    if (task->site == NONE || task->task->wire->revision == 0 || task->view->order.document != NULL ||
        task->view->consents[task->site].document != NULL) {
        return err_set(err, ERR_CONSENT_REFUSED, "task %.16s", task->task->hex);
    }
    consent.task_id = agent_bytes(task->task->id, TASK_ID_SIZE);
    consent.site = agent->site;
    consent.indicators = (char **)(uintptr_t)indicators;
    consent.n_indicators = num;
    consent.text = (char *)(uintptr_t)text;
    consent.time_ms = now_ms;
    return sign_consent(agent, &state, &agent->tasks[index], &consent, err);
}

int consent_due(struct agent_round *round, struct agent_entry *entry, struct err *err)
{
    const struct agent_task *task = &entry->task;
    struct agent_call call = {.method = AGENT_PUT_DOCUMENTS, .has_task = true};
    Weft__V1__PutDocumentsRequest request = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;
    Weft__V1__Document *list[1];
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    if (task->site == NONE || task->view->consents[task->site].document == NULL || entry->is_consent_given ||
        task->view->order.document != NULL || !wait_is_due(&entry->consent, round->now_ms)) {
        return 0;
    }
    list[0] = task->view->consents[task->site].document;
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.documents = list;
    request.n_documents = 1;
    memcpy(call.task, task->task->id, TASK_ID_SIZE);
    if ((rc = wire_pack(&packed, &len, &request.base, err)) == 0 &&
        (rc = wire_unpack(&call.request, request.base.descriptor, packed, len, WIRE_LENIENT, err)) == 0) {
        agent_round_add(round, &entry->consent, call);
    }
    free(packed);
    return rc;
}

void consent_answer(struct agent *agent, const struct agent_call *call, const ProtobufCMessage *response,
                    const struct err *failure, int64_t now_ms)
{
    struct agent_entry *entry = agent_find_entry(agent, call->task);

    if (entry == NULL) {
        return;
    }
    entry->consent.in_flight = false;
    entry->is_consent_given = response != NULL;
    if (response == NULL) {
        log_warn("consent not given yet", LOG_ERR(failure));
        wait_back_off(&entry->consent, now_ms, 1000, 30000);
    }
}
