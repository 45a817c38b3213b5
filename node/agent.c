/* agent.c - life, loading, waiting, and what people decide. */
#include "node/agent_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/family.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/wire.h"
#include "crypto/secret.h"

const char *agent_method_name(enum agent_method method)
{
    static const char *const names[] = {"GetDocuments", "Submit", "GetSiteState", "PutDocuments"};

    return names[method];
}

/* ---- life ---- */

int agent_new(struct agent **out, const struct agent_options *options, struct err *err)
{
    struct agent *agent = calloc(1, sizeof *agent);

    if (agent == NULL) {
        return err_set(err, ERR_NO_MEMORY, "agent");
    }
    agent->options = *options;
    agent->history.pinned = options->roots;
    snprintf(agent->site, sizeof agent->site, "%s", options->site);
    agent->options.site = agent->site;
    *out = agent;
    return 0;
}

void agent_forget(struct agent *agent)
{
    for (size_t i = 0; i < agent->num_tasks; i++) {
        agent_entry_clear(&agent->tasks[i]);
    }
    roster_history_clear(&agent->history);
    free(agent->tasks);
    agent->tasks = NULL;
    agent->num_tasks = 0;
    agent->global_number = 0;
    agent->is_stale = false;
}

void agent_free(struct agent **agent)
{
    if (*agent != NULL) {
        agent_forget(*agent);
        secret_free(*agent, sizeof **agent);
        *agent = NULL;
    }
}

struct state agent_store(struct agent *agent, struct store_txn *txn)
{
    return (struct state){txn, agent->options.at_rest_key};
}

/* What failed half-way may have left caches that the store does not confirm. */
static int end_with(struct agent *agent, int rc)
{
    agent->is_stale |= rc != 0;
    return rc;
}

int agent_load(struct agent *agent, struct store_txn *txn, struct err *err)
{
    struct state state = agent_store(agent, txn);

    if (agent->is_stale) {
        agent_forget(agent);
    }
    return end_with(agent, documents_load(agent, &state, err));
}

/* Load, and see whether there is such a task. */
static int enter(struct agent *agent, struct store_txn *txn, size_t index, struct err *err)
{
    int rc = agent_load(agent, txn, err);

    return rc == 0 && index >= agent->num_tasks ? err_set(err, ERR_TASK_UNKNOWN, "number %zu", index) : rc;
}

/* ---- lookups ---- */

size_t agent_num_tasks(const struct agent *agent)
{
    return agent->num_tasks;
}

const struct agent_task *agent_task_at(const struct agent *agent, size_t index)
{
    return &agent->tasks[index].task;
}

struct agent_entry *agent_find_entry(struct agent *agent, const uint8_t task_id[TASK_ID_SIZE])
{
    for (size_t i = 0; i < agent->num_tasks; i++) {
        if (memcmp(agent->tasks[i].task.task->id, task_id, TASK_ID_SIZE) == 0) {
            return &agent->tasks[i];
        }
    }
    return NULL;
}

const struct roster *agent_newest_roster(const struct agent *agent)
{
    return roster_history_newest(&agent->history);
}

/* For struct family: what was voided stands in nobody's way. */
static const struct task *live_task(const void *holder, size_t index)
{
    const struct agent_task *task = &((const struct agent *)holder)->tasks[index].task;

    return task->view->voided.document != NULL ? NULL : task->task;
}

int agent_check_alone(const struct agent *agent, const struct agent_task *task, struct err *err)
{
    struct family before = {live_task, agent, 0};

    while (before.num < agent->num_tasks && &agent->tasks[before.num].task != task) {
        before.num++;
    }
    return family_check(&before, task->task, err);
}

ProtobufCBinaryData agent_bytes(const void *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

/* ---- waiting ---- */

bool wait_is_due(struct agent_wait *wait, int64_t now_ms)
{
    wait->is_wanted = true;
    return !wait->in_flight && wait->next_ms <= now_ms;
}

void wait_back_off(struct agent_wait *wait, int64_t now_ms, int64_t first_ms, int64_t max_ms)
{
    int64_t delay = first_ms;

    for (unsigned i = 0; i < wait->num_tries && delay < max_ms; i++) {
        delay *= 2;
    }
    wait->num_tries++;
    wait->next_ms = now_ms + (delay < max_ms ? delay : max_ms);
}

bool agent_round_add(struct agent_round *round, struct agent_wait *wait, struct agent_call call)
{
    if (round->num == round->max) {
        agent_call_free(&call);
        return false;
    }
    wait->in_flight = true;
    round->calls[round->num++] = call;
    return true;
}

int agent_own_message(ProtobufCMessage **out, const ProtobufCMessage *message, struct err *err)
{
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    if ((rc = wire_pack(&packed, &len, message, err)) == 0) {
        rc = wire_unpack(out, message->descriptor, packed, len, WIRE_LENIENT, err);
    }
    free(packed);
    return rc;
}

bool agent_is_own_failure(int code)
{
    return err_entry(code)->status == STATUS_DATA_LOSS || err_entry(code)->status == STATUS_RESOURCE_EXHAUSTED ||
           code == ERR_INTERNAL;
}

static int64_t earlier(int64_t next_ms, const struct agent_wait *wait)
{
    return !wait->in_flight && wait->is_wanted && wait->next_ms < next_ms ? wait->next_ms : next_ms;
}

int64_t agent_next_ms(const struct agent *agent)
{
    int64_t next = earlier(INT64_MAX, &agent->pull);

    for (size_t i = 0; i < agent->num_tasks; i++) {
        next = earlier(earlier(next, &agent->tasks[i].pull), &agent->tasks[i].submit);
        next = earlier(next, &agent->tasks[i].ask);
        next = earlier(next, &agent->tasks[i].consent);
    }
    return next;
}

void agent_call_free(struct agent_call *call)
{
    wire_free(&call->request);
    *call = (struct agent_call){0};
}

/* ---- calls ---- */

/* When retention has ended, the numbers and the reports' bytes go. */
static int erase(struct agent_round *round, struct agent_entry *entry, struct err *err)
{
    const uint8_t *id = entry->task.task->id;
    SiteTask *known = NULL;
    int rc = state_get_task(&round->state, id, &known, err);

    if (rc == 0 && known != NULL && known->vector.len > 0) {
        SiteTask erased = *known;
        erased.vector = agent_bytes(NULL, 0);
        rc = state_put_task(&round->state, id, &erased, err);
        log_info("retention has ended, numbers erased", LOG_HEX("task", id, TASK_ID_SIZE));
    }
    wire_free(&known);
    if (rc == 0 && (rc = outbox_erase(&round->state, id, err)) == 0) {
        entry->is_erased = true;
    }
    return rc;
}

static int task_due(struct agent_round *round, struct agent_entry *entry, struct err *err)
{
    int rc;

    entry->pull.is_wanted = entry->submit.is_wanted = entry->ask.is_wanted = entry->consent.is_wanted = false;
    if (entry->task.site == NONE || entry->is_erased) {
        return 0;
    }
    if (round->now_ms >= view_times(entry->task.view).retention_ms) {
        return erase(round, entry, err);
    }
    if ((rc = documents_due(round, entry, err)) != 0 || (rc = consent_due(round, entry, err)) != 0) {
        return rc;
    }
    return report_due(round, entry, err);
}

int agent_due(struct agent *agent, struct store_txn *txn, int64_t now_ms, struct agent_call *calls,
              size_t max, size_t *num, struct err *err)
{
    struct agent_round round = {agent, agent_store(agent, txn), now_ms, calls, 0, max};
    int rc;

    if ((rc = agent_load(agent, txn, err)) != 0) {
        return rc;
    }
    rc = documents_due(&round, NULL, err);
    for (size_t i = 0; rc == 0 && i < agent->num_tasks; i++) {
        rc = task_due(&round, &agent->tasks[i], err);
    }
    if (rc != 0) {
        for (size_t i = 0; i < round.num; i++) {
            agent_call_free(&calls[i]);
        }
        agent->pull.in_flight = false;
        return end_with(agent, rc);
    }
    *num = round.num;
    return 0;
}

/* A failure to pull: try again, the less often the longer it lasts. */
static void pull_failed(struct agent *agent, const struct agent_call *call, const struct err *failure,
                        int64_t now_ms)
{
    struct agent_entry *entry = call->has_task ? agent_find_entry(agent, call->task) : NULL;
    struct agent_wait *wait = entry != NULL ? &entry->pull : &agent->pull;

    log_warn("documents not read", LOG_ERR(failure));
    wait->in_flight = false;
    wait_back_off(wait, now_ms, 1000, 30000);
}

/* What its leader was heard of last, for people. */
static int note_contact(struct state *state, bool answered, const struct err *failure, int64_t now_ms, struct err *err)
{
    StoredContact *known = NULL, contact = WEFT__STORE__V1__STORED_CONTACT__INIT;
    int rc = state_get_leader(state, &known, err);
    bool is_changed;

    if (rc != 0) {
        return rc;
    }
    contact = known != NULL ? *known : contact;
    is_changed = answered ? contact_reached(&contact, now_ms)
                          : contact_is_unreachable(failure->code) && contact_failed(&contact, failure, now_ms);
    rc = is_changed ? state_put_leader(state, &contact, err) : 0;
    wire_free(&known);
    return rc;
}

int agent_leader_contact(struct agent *agent, struct store_txn *txn, StoredContact **contact, struct err *err)
{
    struct state state = agent_store(agent, txn);

    return state_get_leader(&state, contact, err);
}

int agent_answer(struct agent *agent, struct store_txn *txn, const struct agent_call *call,
                 const ProtobufCMessage *response, const struct err *failure, int64_t now_ms, struct err *err)
{
    struct state state = agent_store(agent, txn);
    int rc = agent_load(agent, txn, err);

    if (rc != 0 || (rc = note_contact(&state, response != NULL, failure, now_ms, err)) != 0) {
        return rc;
    }
    if (call->method == AGENT_SUBMIT) {
        rc =
            report_answer(agent, &state, call, (const Weft__V1__SubmitReply *)response, failure, now_ms, err);
    } else if (call->method == AGENT_GET_SITE_STATE) {
        rc = site_state_answer(agent, &state, call, (const Weft__V1__GetSiteStateReply *)response, failure, now_ms,
                               err);
    } else if (call->method == AGENT_PUT_DOCUMENTS) {
        consent_answer(agent, call, response, failure, now_ms);
    } else if (response == NULL) {
        pull_failed(agent, call, failure, now_ms);
    } else {
        struct err why = {0};
        rc = documents_answer(agent, &state, call, (const Weft__V1__GetDocumentsReply *)response, now_ms,
                              &why);
        if (rc == ERR_MESSAGE_MALFORMED || rc == ERR_DOCUMENT_MALFORMED) {
            pull_failed(agent, call, &why, now_ms);
            rc = 0;
        } else if (rc != 0 && err != NULL) {
            *err = why;
        }
    }
    if (rc != 0 && !call->has_task) {
        agent->pull.in_flight = false; /* the others are forgotten */
    }
    return end_with(agent, rc);
}

/* ---- decisions ---- */

int agent_catalogue(struct agent *agent, struct store_txn *txn, size_t index, Weft__V1__Document **document,
                    struct err *err)
{
    struct state state = agent_store(agent, txn);
    char name[HEX_SIZE(DIGEST_SIZE)];
    int rc = enter(agent, txn, index, err);

    if (rc != 0) {
        return rc;
    }
    hex_encode(name, agent->tasks[index].task.task->wire->catalogue_digest.data, DIGEST_SIZE);
    return state_find_document(&state, STATE_NO_TASK, DOC(CATALOGUE), name, document, err);
}

/* Keyed, because a plain hash of small numbers is as good as the numbers. */
static void digest_vector(uint8_t out[DIGEST_SIZE], const struct agent *agent, const struct task *task,
                          const uint64_t *vector)
{
    static const char label[] = "weft node vector digest";
    size_t len = TASK_ID_SIZE + 8 * (size_t)task->num_slots;
    uint8_t *info = malloc(len);

    if (info == NULL) {
        abort();
    }
    memcpy(info, task->id, TASK_ID_SIZE);
    for (size_t i = TASK_ID_SIZE; i < len; i++) { /* big-endian */
        info[i] = (uint8_t)(vector[(i - TASK_ID_SIZE) / 8] >> (56 - 8 * ((i - TASK_ID_SIZE) % 8)));
    }
    derive(out, DIGEST_SIZE, agent->options.site_secret, sizeof agent->options.site_secret, label,
           sizeof label - 1, info, len);
    secret_free(info, len);
}

static int check_bounds(const struct task *task, const uint64_t *vector, struct err *err)
{
    char name[160];

    for (int i = 0; i < task->num_slots; i++) {
        if (vector[i] > task->wire->slots[i]->maximum) {
            return err_set(err, ERR_BOUND_TOO_SMALL, "slot %s", task_slot_name(task, i, name, sizeof name));
        }
    }
    return 0;
}

int agent_set_vector(struct agent *agent, struct store_txn *txn, size_t index, const uint64_t *numbers,
                     int64_t now_ms, struct err *err)
{
    struct state state = agent_store(agent, txn);
    SiteTask *known = NULL, changed = WEFT__STORE__V1__SITE_TASK__INIT;
    ProtobufCBinaryData sealed = {0};
    uint8_t vector_digest[DIGEST_SIZE];
    struct agent_entry *entry;
    const struct task *task;
    uint64_t *vector = NULL;
    size_t num = 0;
    int rc;

    if ((rc = enter(agent, txn, index, err)) != 0) {
        return rc;
    }
    entry = &agent->tasks[index];
    task = entry->task.task;
    num = (size_t)task->num_slots;
    if ((rc = revision_vector(&state, &entry->task, numbers, &vector, err)) != 0 ||
        (rc = check_bounds(task, vector, err)) != 0 ||
        (rc = state_get_task(&state, task->id, &known, err)) != 0 ||
        (rc = state_seal_vector(&state, task->id, vector, num, &sealed, err)) != 0) {
        goto done;
    }
    if (known != NULL) {
        changed = *known;
    }
    digest_vector(vector_digest, agent, task, vector);
    changed.vector = sealed;
    changed.vector_digest = agent_bytes(vector_digest, DIGEST_SIZE);
    changed.evaluated_ms = now_ms;
    if ((rc = state_put_task(&state, task->id, &changed, err)) == 0) {
        rc = report_apply_standing(&state, entry, now_ms, err);
    }
done:
    free(sealed.data);
    secret_free(vector, num * sizeof *vector);
    wire_free(&known);
    return end_with(agent, rc);
}

int agent_vector(struct agent *agent, struct store_txn *txn, size_t index, uint64_t **vector, struct err *err)
{
    struct state state = agent_store(agent, txn);
    const struct task *task;
    SiteTask *known = NULL;
    int rc = enter(agent, txn, index, err);

    if (rc != 0) {
        return rc;
    }
    task = agent->tasks[index].task.task;
    rc = state_get_task(&state, task->id, &known, err);
    if (rc == 0 && (known == NULL || known->vector.len == 0)) {
        *vector = NULL;
    } else if (rc == 0) {
        rc = state_open_vector(&state, task->id, &known->vector, (size_t)task->num_slots, vector, err);
    }
    wire_free(&known);
    return rc;
}

static int check_by(const char *by, struct err *err)
{
    if (by[0] == '\0' || strlen(by) > AGENT_BY_MAX) {
        return err_set(err, ERR_USAGE, "the approver's name has 1 to %d bytes", AGENT_BY_MAX);
    }
    return 0;
}

int agent_approve(struct agent *agent, struct store_txn *txn, size_t index, const char *by, int64_t now_ms,
                  struct err *err)
{
    struct state state = agent_store(agent, txn);
    Approval approval = WEFT__STORE__V1__APPROVAL__INIT;
    SiteTask *known = NULL, changed;
    const struct task *task;
    int rc;

    if ((rc = check_by(by, err)) != 0 || (rc = enter(agent, txn, index, err)) != 0) {
        return rc;
    }
    task = agent->tasks[index].task.task;
    if ((rc = state_get_task(&state, task->id, &known, err)) != 0) {
        return end_with(agent, rc);
    }
    if (known == NULL || known->vector.len == 0) {
        rc = err_set(err, ERR_NOT_EVALUATED, "task %.16s", task->hex);
    } else {
        changed = *known;
        approval.by = (char *)(uintptr_t)by;
        approval.time_ms = now_ms;
        approval.vector_digest = known->vector_digest;
        changed.approval = &approval;
        changed.needs_person = false;
        rc = state_put_task(&state, task->id, &changed, err);
    }
    wire_free(&known);
    return end_with(agent, rc);
}

int agent_approve_standing(struct agent *agent, struct store_txn *txn, size_t index, const char *by,
                           int64_t now_ms, struct err *err)
{
    struct state state = agent_store(agent, txn);
    StandingApproval standing = WEFT__STORE__V1__STANDING_APPROVAL__INIT;
    const Weft__V1__Task *wire;
    int rc;

    if ((rc = check_by(by, err)) != 0 || (rc = enter(agent, txn, index, err)) != 0) {
        return rc;
    }
    wire = agent->tasks[index].task.task->wire;
    standing.by = (char *)(uintptr_t)by;
    standing.time_ms = now_ms;
    standing.catalogue_version = wire->catalogue_version;
    rc = state_put_standing(&state, wire->catalogue_digest.data, &standing, err);
    for (size_t i = 0; rc == 0 && i < agent->num_tasks; i++) {
        rc = report_apply_standing(&state, &agent->tasks[i], now_ms, err);
    }
    return end_with(agent, rc);
}

int agent_next_standing(struct agent *agent, struct store_txn *txn, uint8_t after[DIGEST_SIZE],
                        StandingApproval **standing, struct err *err)
{
    struct state state = agent_store(agent, txn);

    return state_next_standing(&state, after, standing, err);
}

/* Take back what a standing approval said of numbers that have not left. */
static int withdraw(struct state *state, const struct task *task, const uint8_t catalogue_digest[DIGEST_SIZE],
                    struct err *err)
{
    SiteTask *known = NULL, changed;
    int rc;

    if (task->wire->catalogue_digest.len != DIGEST_SIZE ||
        memcmp(task->wire->catalogue_digest.data, catalogue_digest, DIGEST_SIZE) != 0) {
        return 0;
    }
    if ((rc = state_get_task(state, task->id, &known, err)) == 0 && known != NULL && known->approval != NULL &&
        known->approval->standing && known->approval->revision == 0) {
        changed = *known;
        changed.approval = NULL;
        rc = state_put_task(state, task->id, &changed, err);
    }
    wire_free(&known);
    return rc;
}

int agent_revoke_standing(struct agent *agent, struct store_txn *txn, const uint8_t catalogue_digest[DIGEST_SIZE],
                          const char *by, int64_t now_ms, struct err *err)
{
    struct state state = agent_store(agent, txn);
    StandingApproval *standing = NULL, changed;
    int rc;

    if ((rc = check_by(by, err)) != 0 || (rc = agent_load(agent, txn, err)) != 0 ||
        (rc = state_get_standing(&state, catalogue_digest, &standing, err)) != 0) {
        return rc;
    }
    if (standing == NULL) {
        return err_set(err, ERR_APPROVAL_UNKNOWN, "to revoke");
    }
    changed = *standing;
    changed.revoked_by = (char *)(uintptr_t)by;
    changed.revoked_ms = now_ms;
    rc = state_put_standing(&state, catalogue_digest, &changed, err);
    for (size_t i = 0; rc == 0 && i < agent->num_tasks; i++) {
        rc = withdraw(&state, agent->tasks[i].task.task, catalogue_digest, err);
    }
    wire_free(&standing);
    return end_with(agent, rc);
}

int agent_has_standing(struct agent *agent, struct store_txn *txn, size_t index, bool *has, struct err *err)
{
    struct state state = agent_store(agent, txn);
    StandingApproval *standing = NULL;
    int rc = enter(agent, txn, index, err);

    if (rc == 0) {
        rc = state_get_standing(&state, agent->tasks[index].task.task->wire->catalogue_digest.data, &standing,
                                err);
    }
    *has = rc == 0 && standing != NULL;
    wire_free(&standing);
    return rc;
}
