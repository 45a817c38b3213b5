/* agent_documents.c - documents pulled from the leader: judged, stored once, loaded. */
#include "node/agent_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/contradictions.h"
#include "audit/family.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/wire.h"
#include "node/site_view.h"

#define CATALOGUE_MAX_SIZE (4u << 20)

/* ---- loading ---- */

void agent_entry_clear(struct agent_entry *entry)
{
    view_free(&entry->task.view);
    task_free(&entry->task.task);
    *entry = (struct agent_entry){0};
}

static int open_task(const struct agent *agent, const Weft__V1__Document *document, struct agent_entry *entry,
                     struct err *err)
{
    struct agent_task *task = &entry->task;
    const struct roster *pinned;
    int rc;

    *entry = (struct agent_entry){0};
    if ((rc = roster_history_pinned_by(&pinned, &agent->history, document, err)) != 0 ||
        (rc = task_open(&task->task, document, pinned, err)) != 0) {
        return rc;
    }
    task->roster = task->task->roster;
    task->site = roster_find_site(task->roster, agent->site);
    task->area = task->site == NONE ? NONE : task->roster->sites[task->site].supervisor;
    return 0;
}

/* The task that this one revises; it must be held, and the revision fit it. */
static int find_base(const struct agent *agent, const struct task *task, const struct view **base,
                     struct err *err)
{
    *base = NULL;
    for (size_t i = 0; task->wire->revision > 0 && i < agent->num_tasks; i++) {
        if (memcmp(agent->tasks[i].task.task->id, task->wire->supersedes.data, TASK_ID_SIZE) == 0) {
            *base = agent->tasks[i].task.view;
            return task_check_revision(task, (*base)->task, err);
        }
    }
    return task->wire->revision == 0 ? 0
                                     : err_set(err, ERR_PREDECESSOR_MISSING,
                                               "revision %" PRIu32 " needs the one before",
                                               task->wire->revision);
}

static const struct task *held_task(const void *holder, size_t index)
{
    return ((const struct agent *)holder)->tasks[index].task.task;
}

/* What a sum adds up must be held, and fit it. */
static int check_parts(const struct agent *agent, const struct task *task, struct err *err)
{
    return family_check_parts(&(struct family){held_task, agent, agent->num_tasks}, task, err);
}

/* All views that are held meet each other. */
static int meet_all(const struct agent *agent, struct view *view, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < agent->num_tasks; i++) {
        rc = view_meet(view, agent->tasks[i].task.view, err);
    }
    return rc;
}

static int have_view(const struct agent *agent, struct agent_task *task, struct err *err)
{
    const struct view *base;
    int rc;

    if ((rc = find_base(agent, task->task, &base, err)) == 0 &&
        (rc = check_parts(agent, task->task, err)) == 0 &&
        (rc = view_new(&task->view, task->roster, task->task, err)) == 0) {
        task->view->history = &agent->history;
        task->view->base = base;
        rc = meet_all(agent, task->view, err);
    }
    return rc;
}

static int load_task(struct agent *agent, const Weft__V1__Document *document, struct err *err)
{
    struct agent_entry *grown = realloc(agent->tasks, (agent->num_tasks + 1) * sizeof *grown);
    struct agent_entry *entry;
    int rc;

    if (grown == NULL) {
        return err_set(err, ERR_NO_MEMORY, "task");
    }
    agent->tasks = grown;
    entry = &grown[agent->num_tasks];
    if ((rc = open_task(agent, document, entry, err)) != 0) {
        return rc;
    }
    if ((rc = have_view(agent, &entry->task, err)) != 0) {
        agent_entry_clear(entry);
        return rc;
    }
    agent->num_tasks++;
    return 0;
}

static int load_view(struct state *state, struct agent_entry *entry,
                     struct err *err)
{
    const uint8_t *id = entry->task.task->id;
    Weft__V1__Document *document = NULL;
    uint64_t num;
    int rc;

    if ((rc = state_num_documents(state, id, &num, err)) != 0) {
        return rc;
    }
    if (num < entry->view_number) { /* the view holds what was not committed after all */
        entry->view_number = 0;
        if ((rc = view_reset(entry->task.view, err)) != 0) {
            return rc;
        }
    }
    while (rc == 0 && entry->view_number < num) {
        if ((rc = state_get_document(state, id, entry->view_number + 1, &document, err)) == 0) {
            rc = document == NULL ? err_set(err, ERR_STORE_CORRUPT, "document %" PRIu64 " is not there",
                                            entry->view_number + 1)
                                  : site_view_add(entry->task.view, document, err);
        }
        document_free(&document);
        entry->view_number += rc == 0;
    }
    return rc;
}

static int load_global(struct agent *agent, struct state *state, struct err *err)
{
    Weft__V1__Document *document = NULL;
    int rc = state_get_document(state, STATE_NO_TASK, agent->global_number + 1, &document, err);

    if (rc == 0 && document == NULL) {
        rc = err_set(err, ERR_STORE_CORRUPT, "document %" PRIu64 " is not there", agent->global_number + 1);
    } else if (rc == 0 && document->type == DOC(ROSTER)) {
        rc = roster_history_add(&agent->history, document, err);
    } else if (rc == 0 && document->type == DOC(TASK)) {
        rc = load_task(agent, document, err);
    }
    document_free(&document);
    agent->global_number += rc == 0;
    return rc;
}

int documents_load(struct agent *agent, struct state *state, struct err *err)
{
    uint64_t num;
    int rc;

    if ((rc = state_num_documents(state, STATE_NO_TASK, &num, err)) != 0) {
        return rc;
    }
    if (num < agent->global_number) {
        agent_forget(agent);
    }
    while (rc == 0 && agent->global_number < num) {
        rc = load_global(agent, state, err);
    }
    if (rc == 0) {
        rc = roster_history_verify(&agent->history, err);
    }
    for (size_t i = 0; rc == 0 && i < agent->num_tasks; i++) {
        rc = load_view(state, &agent->tasks[i], err);
    }
    return rc;
}

/* ---- judging ---- */

static bool is_held(const struct agent *agent, const Weft__V1__Document *task)
{
    uint8_t id[TASK_ID_SIZE];

    document_digest(id, task);
    for (size_t i = 0; i < agent->num_tasks; i++) {
        if (memcmp(agent->tasks[i].task.task->id, id, TASK_ID_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static int check_global(const struct agent *agent, const Weft__V1__Document *document, struct err *err)
{
    const struct view *base;
    struct agent_entry entry;
    int rc;

    switch (document->type) {
    case DOC(ROSTER):
        return roster_history_check(&agent->history, document, err);
    case DOC(CATALOGUE): /* unsigned: it counts only for the tasks that pin its digest */
        return document->version == DOCUMENT_VERSION && document->body.len <= CATALOGUE_MAX_SIZE
                   ? 0
                   : err_set(err, ERR_DOCUMENT_MALFORMED, "catalogue");
    case DOC(TASK):
        if (is_held(agent, document)) {
            return 0; /* its signatures were judged when it came */
        }
        if ((rc = open_task(agent, document, &entry, err)) == 0) {
            rc = find_base(agent, entry.task.task, &base, err);
            rc = rc == 0 ? check_parts(agent, entry.task.task, err) : rc;
            agent_entry_clear(&entry);
        }
        return rc;
    default:
        return err_set(err, ERR_DOCUMENT_NOT_NEEDED, "%s", document_type_name(document->type));
    }
}

static int take_global(struct agent *agent, struct state *state, const Weft__V1__Document *document,
                       struct err *err)
{
    uint8_t digest_bytes[DIGEST_SIZE];
    char name[HEX_SIZE(DIGEST_SIZE)];
    bool is_new;
    int rc;

    document_digest(digest_bytes, document);
    hex_encode(name, digest_bytes, DIGEST_SIZE);
    if ((rc = check_global(agent, document, err)) != 0 ||
        (rc = state_put_document(state, STATE_NO_TASK, name, document, &is_new, err)) != 0) {
        return rc;
    }
    return documents_load(agent, state, err);
}

/* The freeze of the supervising area, the only one that must hold this site's report. */
static bool has_own_freeze(const struct agent_task *task)
{
    return task->site != NONE && task->view->freezes[task->area].body != NULL;
}

/* Told once, when the freeze arrives; status tells it again. */
static int look_at_freeze(struct state *state, const struct agent_entry *entry, struct err *err)
{
    OutboxReport *accepted = NULL;
    enum freeze_finding found;
    int rc = outbox_get_accepted(state, entry->task.task->id, &accepted, err);

    if (rc != 0) {
        return rc;
    }
    found = agent_look_in_freeze(&entry->task, accepted == NULL ? NULL : accepted->report_digest.data);
    if (accepted != NULL && found != FREEZE_HOLDS) {
        struct err why = {0};
        err_set(&why, ERR_NOT_IN_FREEZE, "task %.16s, revision %" PRIu32, entry->task.task->hex,
                accepted->revision);
        log_error("own report is missing from the freeze", LOG_ERR(&why));
    }
    wire_free(&accepted);
    return 0;
}

/* Totals that contradict each other are kept as they are signed, and said aloud. */
static int look_for_contradictions(const struct agent_entry *entry, struct err *err)
{
    struct err why = {0};
    int rc = contradictions_check(entry->task.view, &why);

    if (rc == ERR_TOTALS_CONTRADICT) {
        log_error("totals contradict each other", LOG_TEXT("task", entry->task.task->hex), LOG_ERR(&why));
        return 0;
    }
    *err = rc != 0 ? why : *err;
    return rc;
}

static int take_of_task(struct state *state, struct agent_entry *entry, const Weft__V1__Document *document,
                        struct err *err)
{
    char name[VIEW_KEY_MAX];
    bool is_new, was_frozen = has_own_freeze(&entry->task);
    int rc;

    if ((rc = view_document_key(name, document, err)) != 0 ||
        (rc = site_view_add(entry->task.view, document, err)) != 0) {
        return rc;
    }
    if ((rc = state_put_document(state, entry->task.task->id, name, document, &is_new, err)) != 0) {
        entry->view_number = UINT64_MAX; /* the view holds what the store does not: build it anew */
        return rc;
    }
    entry->view_number += is_new;
    if (is_new && document->type == WEFT__V1__DOCUMENT_TYPE__DOCUMENT_RELEASE &&
        (rc = look_for_contradictions(entry, err)) != 0) {
        return rc;
    }
    return !was_frozen && has_own_freeze(&entry->task) ? look_at_freeze(state, entry, err) : 0;
}

int documents_take_own(struct state *state, struct agent_entry *entry, const Weft__V1__Document *document,
                       struct err *err)
{
    return take_of_task(state, entry, document, err);
}

/* ---- pulling ---- */

/* Nothing more can come that this site needs. */
static bool has_everything(const struct agent_entry *entry)
{
    const struct view *view = entry->task.view;

    if (view->voided.document != NULL) {
        return true;
    }
    for (int area = 0; view->pattern.document != NULL && area < view->roster->num_areas; area++) {
        struct opening total = {area, WEFT__V1__SCOPE__SCOPE_TOTAL, WEFT__V1__STAGE__STAGE_VALUES};
        if (view_opening_is_allowed(view, &total) && view->releases[area].document == NULL) {
            return false;
        }
    }
    return view->pattern.document != NULL;
}

/* A site without a roster has refused what it read, perhaps because its settings named wrong roots: each start of
 * the program reads from the beginning until one is taken. */
static bool reads_anew(const struct agent *agent, const struct agent_entry *entry)
{
    return entry == NULL && agent->history.num == 0 && !agent->has_read;
}

int documents_due(struct agent_round *round, struct agent_entry *entry, struct err *err)
{
    Weft__V1__GetDocumentsRequest request = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    const uint8_t *id = entry == NULL ? STATE_NO_TASK : entry->task.task->id;
    struct agent_wait *wait = entry == NULL ? &round->agent->pull : &entry->pull;
    struct agent_call call = {.method = AGENT_GET_DOCUMENTS, .has_task = entry != NULL};
    struct state_cursor cursor;
    int rc;

    if ((entry != NULL && has_everything(entry)) || !wait_is_due(wait, round->now_ms)) {
        return 0;
    }
    if ((rc = state_get_cursor(&round->state, id, &cursor, err)) != 0) {
        return rc;
    }
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = agent_bytes(id, entry == NULL ? 0 : TASK_ID_SIZE);
    request.incarnation = agent_bytes(cursor.incarnation, sizeof cursor.incarnation);
    request.after = reads_anew(round->agent, entry) ? 0 : cursor.after;
    request.after_digest = agent_bytes(cursor.digest, sizeof cursor.digest);
    memcpy(call.task, id, TASK_ID_SIZE);
    if ((rc = agent_own_message(&call.request, &request.base, err)) == 0) {
        agent_round_add(round, wait, call);
    }
    return rc;
}

/* A document that cannot be taken is left out and named in the log, except a task's whose predecessor is still
 * on the way: then reading stops there and goes on from there next time. (Global documents stand in the
 * leader's order, so a roster that is missing there was refused.) */
static int take(struct agent *agent, struct state *state, const struct agent_call *call,
                const Weft__V1__Document *document, bool *stop, struct err *err)
{
    struct agent_entry *entry = call->has_task ? agent_find_entry(agent, call->task) : NULL;
    struct err why = {0};
    int rc;

    if (document == NULL) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "an empty entry");
    }
    rc = entry == NULL ? take_global(agent, state, document, &why)
                       : take_of_task(state, entry, document, &why);
    if (rc == ERR_PREDECESSOR_MISSING && entry != NULL) {
        *stop = true;
        return 0;
    }
    if (rc != 0 && !agent_is_own_failure(rc)) {
        log_error("document refused", LOG_TEXT("document", document_type_name(document->type)),
                  LOG_ERR(&why));
        return 0;
    }
    if (rc != 0 && err != NULL) {
        *err = why;
    }
    return rc;
}

static int take_all(struct agent *agent, struct state *state, const struct agent_call *call,
                    const Weft__V1__GetDocumentsReply *reply, struct state_cursor *cursor, bool *stop,
                    struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && !*stop && i < reply->n_documents; i++) {
        const Weft__V1__NumberedDocument *numbered = reply->documents[i];
        rc = take(agent, state, call, numbered->document, stop, err);
        if (rc == 0 && !*stop && numbered->number > cursor->after) {
            cursor->after = numbered->number;
            document_digest(cursor->digest, numbered->document);
        }
    }
    return rc;
}

int documents_answer(struct agent *agent, struct state *state, const struct agent_call *call,
                     const Weft__V1__GetDocumentsReply *reply, int64_t now_ms, struct err *err)
{
    struct agent_entry *entry = call->has_task ? agent_find_entry(agent, call->task) : NULL;
    struct agent_wait *wait;
    struct state_cursor cursor;
    bool stop = false, is_changed = false;
    int rc;

    if (call->has_task && entry == NULL) {
        return 0; /* forgotten meanwhile */
    }
    if (reply->incarnation.len != STORE_INCARNATION_SIZE) {
        return err_set(err, ERR_MESSAGE_MALFORMED, "incarnation");
    }
    if ((rc = state_get_cursor(state, call->task, &cursor, err)) != 0) {
        return rc;
    }
    if (reads_anew(agent, entry) || reply->restarted ||
        memcmp(cursor.incarnation, reply->incarnation.data, STORE_INCARNATION_SIZE) != 0) {
        memcpy(cursor.incarnation, reply->incarnation.data, STORE_INCARNATION_SIZE);
        cursor.after = 0;
        is_changed = true;
        if (entry != NULL) {
            entry->gives_again = true;
        }
    }
    if ((rc = take_all(agent, state, call, reply, &cursor, &stop, err)) != 0) {
        return rc;
    }
    agent->has_read |= !call->has_task;
    entry = call->has_task ? agent_find_entry(agent, call->task) : NULL; /* tasks may have moved */
    wait = entry == NULL ? &agent->pull : &entry->pull;
    wait->in_flight = false;
    wait->num_tries = 0;
    wait->next_ms = reply->more && !stop && reply->n_documents > 0 ? now_ms : now_ms + agent->options.poll_ms;
    return reply->n_documents == 0 && !is_changed ? 0 : state_put_cursor(state, call->task, &cursor, err);
}
