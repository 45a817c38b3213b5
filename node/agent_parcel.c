/* agent_parcel.c - by file what the line would bring and take. */
#include "node/agent_internal.h"

#include <string.h>

#include "base/wire.h"

/* ---- taking ---- */

static int take_documents(struct agent *agent, struct state *state, const uint8_t *task_id,
                          Weft__V1__GetDocumentsReply *const *replies, size_t num, int64_t now_ms, struct err *err)
{
    struct agent_call call = {.method = AGENT_GET_DOCUMENTS, .has_task = task_id != NULL};
    int rc = 0;

    if (task_id != NULL) {
        memcpy(call.task, task_id, TASK_ID_SIZE);
    }
    for (size_t i = 0; rc == 0 && i < num; i++) {
        rc = documents_answer(agent, state, &call, replies[i], now_ms, err);
    }
    return rc;
}

static int take_task(struct agent *agent, struct state *state, const Weft__V1__ParcelTask *task, int64_t now_ms,
                     struct err *err)
{
    struct agent_entry *entry;
    bool is_open;
    int rc;

    if (task->task_id.len != TASK_ID_SIZE || (entry = agent_find_entry(agent, task->task_id.data)) == NULL) {
        return err_set(err, ERR_TASK_UNKNOWN, "a task of the parcel was refused or is missing in it");
    }
    if ((rc = take_documents(agent, state, task->task_id.data, task->documents, task->n_documents, now_ms, err)) != 0 ||
        task->held == NULL || entry->task.site == NONE) {
        return rc;
    }
    entry = agent_find_entry(agent, task->task_id.data); /* tasks may have moved */
    return site_state_take(agent, state, entry, task->held, now_ms, &is_open, err);
}

int agent_take(struct agent *agent, struct store_txn *txn, const Weft__V1__Parcel *parcel, int64_t now_ms,
               struct err *err)
{
    struct state state = agent_store(agent, txn);
    int rc = agent_load(agent, txn, err);

    if (rc != 0) {
        return rc;
    }
    if (strcmp(parcel->site, agent->site) != 0) {
        return err_set(err, ERR_PARCEL, "it is for %.64s, not for %s", parcel->site, agent->site);
    }
    if (parcel->n_documents == 0) {
        return err_set(err, ERR_PARCEL, "it holds nothing for a hospital: it is for the leader (weft-coordinator accept)");
    }
    rc = take_documents(agent, &state, NULL, parcel->documents, parcel->n_documents, now_ms, err);
    for (size_t i = 0; rc == 0 && i < parcel->n_tasks; i++) {
        rc = take_task(agent, &state, parcel->tasks[i], now_ms, err);
    }
    agent->is_stale |= rc != 0;
    return rc;
}

/* ---- reporting ---- */

int agent_report_for_file(struct agent *agent, struct store_txn *txn, size_t index, int64_t now_ms,
                          Weft__V1__SubmitRequest **request, struct err *err)
{
    struct agent_call call = {0};
    struct agent_round round = {agent, agent_store(agent, txn), now_ms, &call, 0, 1};
    struct agent_entry *entry;
    int rc = agent_load(agent, txn, err);

    if (rc != 0) {
        return rc;
    }
    if (index >= agent->num_tasks) {
        return err_set(err, ERR_TASK_UNKNOWN, "number %zu", index);
    }
    entry = &agent->tasks[index];
    entry->has_asked = true; /* nobody can be asked */
    entry->submit = (struct agent_wait){0};
    rc = report_due(&round, entry, err);
    agent->is_stale |= rc != 0;
    if (rc != 0) {
        return rc;
    }
    entry->submit.in_flight = false;
    if (round.num == 0) {
        rc = agent_check_ready(agent, txn, index, now_ms, err);
        return rc != 0 ? rc : err_set(err, ERR_NOT_APPROVED, "these numbers are reported already");
    }
    *request = (Weft__V1__SubmitRequest *)(void *)call.request;
    return 0;
}
