/* exchange.c - documents on their way: taken in, given out, pulled from above, pushed up and sideways.
 *
 * Every document is checked on arrival, stored once and numbered; peers read on from the last number they
 * have. A coordinator pulls everything from its parent, key sheets and sealed shares from its helpers; it
 * pushes everything to its helpers and what its own part of the tree made to its parent. */
#include "coordinator/core_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/contradictions.h"
#include "base/hex.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define BATCH_BYTES      (1u << 20)
#define BATCH_DOCUMENTS  256
#define COMPARE_MS       10000 /* between comparisons of all totals with each other, as releases come in */
#define LOOSE_CATALOGUES 16 /* that may be held beside one for each task */

/* ---- global documents: rosters, catalogues, tasks ---- */

bool exchange_is_global(Weft__V1__DocumentType type)
{
    return type == DOC(ROSTER) || type == DOC(CATALOGUE) || type == DOC(TASK);
}

static int open_task(const struct core *core, const Weft__V1__Document *document, struct core_task *out,
                     struct err *err)
{
    const struct roster *pinned;
    int rc;

    *out = (struct core_task){.is_dirty = true, .self = NONE, .history = &core->history};
    if ((rc = roster_history_pinned_by(&pinned, &core->history, document, err)) != 0 ||
        (rc = task_open(&out->task, document, pinned, err)) != 0) {
        return rc;
    }
    out->roster = out->task->roster;
    out->self = roster_find_coordinator(out->roster, core->id);
    out->side = out->self == NONE ? SIDE(NONE) : out->roster->coordinators[out->self].side;
    return 0;
}

/* The task that this one revises; it must be held, and the revision fit it. */
static int find_base(const struct core *core, const struct task *task, const struct core_task **base,
                     struct err *err)
{
    *base = NULL;
    if (task->wire->revision == 0) {
        return 0;
    }
    *base = core_find_task(core, &task->wire->supersedes);
    return *base == NULL ? err_set(err, ERR_PREDECESSOR_MISSING, "revision %" PRIu32 " needs the one before",
                                   task->wire->revision)
                         : task_check_revision(task, (*base)->task, err);
}

static const struct task *held_task(const void *holder, size_t index)
{
    return ((const struct core *)holder)->tasks[index].task;
}

/* What a sum adds up must be held, and fit it. */
static int check_parts(const struct core *core, const struct task *task, struct err *err)
{
    return family_check_parts(&(struct family){held_task, core, core->num_tasks}, task, err);
}

/* All views that are held meet each other. */
static int meet_all(const struct core *core, struct view *view, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < core->num_tasks; i++) {
        rc = view_meet(view, core->tasks[i].view, err);
    }
    return rc;
}

static int have_view(const struct core *core, struct core_task *task, struct err *err)
{
    const struct core_task *base;
    int rc;

    if ((rc = find_base(core, task->task, &base, err)) == 0 &&
        (rc = check_parts(core, task->task, err)) == 0 &&
        (rc = view_new(&task->view, task->roster, task->task, err)) == 0) {
        task->view->history = task->history;
        task->view->base = base == NULL ? NULL : base->view;
        rc = meet_all(core, task->view, err);
    }
    return rc;
}

static int load_task(struct core *core, struct db *db, const Weft__V1__Document *document, struct err *err)
{
    struct core_task task, *grown;
    int rc;

    if ((rc = open_task(core, document, &task, err)) != 0) {
        return rc;
    }
    task.dropped = calloc((size_t)task.roster->num_sites + 1, sizeof *task.dropped);
    task.missing = calloc((size_t)task.roster->num_areas, sizeof *task.missing);
    grown = realloc(core->tasks, (core->num_tasks + 1) * sizeof *grown);
    core->tasks = grown != NULL ? grown : core->tasks;
    if (grown == NULL || task.dropped == NULL || task.missing == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "task");
    } else if ((rc = have_view(core, &task, err)) == 0) {
        rc = intake_load(db, &task, err);
    }
    if (rc != 0) {
        view_free(&task.view);
        task_free(&task.task);
        free(task.dropped);
        free(task.missing);
        free(task.waiting);
        return rc;
    }
    core->tasks[core->num_tasks++] = task;
    return 0;
}

int exchange_load(struct core *core, struct db *db, struct err *err)
{
    struct db_document next;
    uint64_t last;
    int rc;

    if ((rc = db_last_number(db, DB_NO_TASK, &last, err)) != 0) {
        return rc;
    }
    if (last < core->global_number) {
        core_forget(core); /* what was loaded last was not committed after all */
    }
    while (core->global_number < last) {
        if ((rc = db_next_document(db, DB_NO_TASK, core->global_number, &next, err)) != 0) {
            return rc;
        }
        if (next.document != NULL && next.document->type == DOC(ROSTER)) {
            rc = roster_history_add(&core->history, next.document, err);
        } else if (next.document != NULL && next.document->type == DOC(TASK)) {
            rc = load_task(core, db, next.document, err);
        } else {
            core->num_catalogues++;
        }
        document_free(&next.document);
        if (rc != 0) {
            return rc;
        }
        core->global_number = next.number;
    }
    return roster_history_verify(&core->history, err);
}

int exchange_check_offered(struct core *core, const Weft__V1__Document *document, struct err *err)
{
    uint8_t id[TASK_ID_SIZE];
    struct core_task task;
    int rc;

    document_digest(id, document);
    if (core_find_task(core, &(ProtobufCBinaryData){sizeof id, id}) != NULL) {
        return 0;
    }
    if ((rc = open_task(core, document, &task, err)) == 0) {
        rc = core_check_offered(core, task.task, err);
    }
    task_free(&task.task);
    return rc;
}

/* Catalogues are not signed, so their number is bounded: those that tasks pin, and a few whose task is still to
 * come. */
static int check_catalogue(const struct core *core, const Weft__V1__Document *document,
                           const uint8_t digest_of_it[DIGEST_SIZE], struct err *err)
{
    int rc;

    if ((rc = document_check_wrapping(document, err)) != 0) {
        return rc;
    }
    if (document->version != DOCUMENT_VERSION || document->n_signatures != 0) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "catalogue version %" PRIu32, document->version);
    }
    for (size_t i = 0; i < core->num_tasks; i++) {
        if (memcmp(core->tasks[i].task->wire->catalogue_digest.data, digest_of_it, DIGEST_SIZE) == 0) {
            return 0;
        }
    }
    return core->num_catalogues < core->num_tasks + LOOSE_CATALOGUES
               ? 0
               : err_set(err, ERR_DOCUMENT_NOT_NEEDED, "a catalogue that no task pins");
}

static int check_roster(const struct core *core, const Weft__V1__Document *document, char key[VIEW_KEY_MAX],
                        struct err *err)
{
    Weft__V1__Roster *wire = NULL;
    int rc;

    if ((rc = roster_history_check(&core->history, document, err)) != 0 ||
        (rc = document_body((ProtobufCMessage **)&wire, document, DOC(ROSTER), err)) != 0) {
        return rc;
    }
    snprintf(key, VIEW_KEY_MAX, "%010" PRIu32, wire->version);
    wire_free(&wire);
    return 0;
}

/* Judge a global document and find the key under which it is stored. */
static int check_global(struct core *core, const Weft__V1__Document *document, char key[VIEW_KEY_MAX],
                        struct err *err)
{
    uint8_t digest[DIGEST_SIZE];
    const struct core_task *base;
    struct core_task task;
    ProtobufCBinaryData id;
    int rc;

    document_digest(digest, document);
    id = core_bytes(digest, sizeof digest);
    hex_encode(key, digest, sizeof digest);
    if (document->type == DOC(CATALOGUE)) {
        return check_catalogue(core, document, digest, err);
    }
    if (document->type == DOC(ROSTER)) {
        return check_roster(core, document, key, err);
    }
    if (core_find_task(core, &id) != NULL) {
        return 0; /* held: its signatures were judged when it came */
    }
    if ((rc = open_task(core, document, &task, err)) == 0) {
        rc = find_base(core, task.task, &base, err);
        rc = rc == 0 ? check_parts(core, task.task, err) : rc;
    }
    task_free(&task.task);
    return rc;
}

/* ---- taking in ---- */

static int find_document_task(struct core *core, const Weft__V1__Document *document, struct core_task **task,
                              struct err *err)
{
    ProtobufCMessage *body = NULL;
    const ProtobufCBinaryData *task_id;
    int rc;

    if ((rc = document_body(&body, document, document->type, err)) != 0) {
        return rc;
    }
    task_id = core_body_task_id(body);
    *task = task_id == NULL ? NULL : core_find_task(core, task_id);
    wire_free(&body);
    return *task != NULL ? 0 : err_set(err, ERR_TASK_UNKNOWN, "%s", document_type_name(document->type));
}

/* Stored only if it can be loaded: one that cannot would stop this coordinator for good. */
static int take_global(struct core *core, struct db *db, const Weft__V1__Document *document, bool *is_new,
                       struct err *err)
{
    struct db nested = *db;
    char key[VIEW_KEY_MAX];
    uint64_t number;
    int rc;

    if ((rc = check_global(core, document, key, err)) != 0 ||
        (rc = store_begin_nested(db->txn, &nested.txn, err)) != 0) {
        return rc;
    }
    if ((rc = db_put_document(&nested, DB_NO_TASK, key, document, &number, is_new, err)) == 0 &&
        (rc = exchange_load(core, &nested, err)) == 0) {
        return store_commit(&nested.txn, err);
    }
    store_abort(&nested.txn);
    return rc;
}

int exchange_take(struct core *core, struct db *db, const Weft__V1__Document *document, bool *is_new,
                  struct err *err)
{
    struct core_task *task = NULL;
    char key[VIEW_KEY_MAX];
    uint64_t number;
    int rc;

    if (exchange_is_global(document->type)) {
        return take_global(core, db, document, is_new, err);
    }
    if ((rc = view_document_key(key, document, err)) != 0 ||
        (rc = find_document_task(core, document, &task, err)) != 0 ||
        (rc = exchange_refresh(db, task, err)) != 0) {
        return rc;
    }
    if ((rc = view_add(task->view, document, err)) != 0) {
        return rc;
    }
    if ((rc = db_put_document(db, task->task->id, key, document, &number, is_new, err)) != 0) {
        task->view_number = UINT64_MAX; /* the view holds what the store does not: build it anew */
        return rc;
    }
    if (*is_new) {
        task->view_number = number;
        task->is_dirty = true;
    }
    task->has_new_release |= *is_new && document->type == DOC(RELEASE);
    return 0;
}

int exchange_refresh(struct db *db, struct core_task *task, struct err *err)
{
    struct db_document next;
    uint64_t last;
    int rc;

    if ((rc = db_last_number(db, task->task->id, &last, err)) != 0) {
        return rc;
    }
    if (last < task->view_number) { /* the view holds what was not committed after all */
        task->view_number = 0;
        if ((rc = view_reset(task->view, err)) != 0) {
            return rc;
        }
    }
    while (task->view_number < last) {
        if ((rc = db_next_document(db, task->task->id, task->view_number, &next, err)) != 0) {
            return rc;
        }
        rc = next.document == NULL ? err_set(err, ERR_STORE_CORRUPT, "document %" PRIu64, next.number)
                                   : view_load(task->view, next.document, err);
        document_free(&next.document);
        if (rc != 0) {
            return rc;
        }
        task->view_number = next.number;
        task->is_dirty = true;
    }
    return 0;
}

/* ---- giving out ---- */

/* Sealed shares go towards their collector only; states to coordinators; all else is public to the task's
 * parties. */
static bool may_see(const struct core_task *task, const char *coordinator, const Weft__V1__Document *document)
{
    const struct roster *roster = task == NULL ? NULL : task->roster;
    int self = roster == NULL || coordinator == NULL ? NONE : roster_find_coordinator(roster, coordinator);
    Weft__V1__SealedShare *share = NULL;
    bool may = false;
    int area;

    if (document->type == DOC(STATES)) {
        return coordinator != NULL;
    }
    if (document->type != DOC(SEALED_SHARE)) {
        return true;
    }
    if (self == NONE || roster->coordinators[self].side != SIDE(LEADER) ||
        document_body((ProtobufCMessage **)&share, document, DOC(SEALED_SHARE), NULL) != 0) {
        return false;
    }
    area = share->opening == NULL ? NONE : roster_find_area(roster, share->opening->area);
    for (; area != NONE && !may; area = roster->areas[area].parent) {
        may = roster->areas[area].leader == self;
    }
    wire_free(&share);
    return may;
}

struct batch {
    struct db_document documents[BATCH_DOCUMENTS];
    size_t num, bytes;
    uint64_t up_to; /* numbers looked at, whether included or not */
    bool more;
};

typedef bool (*batch_filter)(const void *user, const Weft__V1__Document *document);

static void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->num; i++) {
        document_free(&batch->documents[i].document);
    }
    batch->num = 0;
}

static int batch_fill(struct batch *batch, struct db *db, const uint8_t task[TASK_ID_SIZE], uint64_t after,
                      batch_filter filter, const void *user, struct err *err)
{
    struct db_document next;
    int rc;

    *batch = (struct batch){.up_to = after};
    for (;;) {
        if ((rc = db_next_document(db, task, batch->up_to, &next, err)) != 0) {
            batch_clear(batch);
            return rc;
        }
        if (next.document == NULL) {
            return 0;
        }
        if (batch->num == BATCH_DOCUMENTS || batch->bytes > BATCH_BYTES) {
            document_free(&next.document);
            batch->more = true;
            return 0;
        }
        batch->up_to = next.number;
        if (filter(user, next.document)) {
            batch->bytes += protobuf_c_message_get_packed_size(&next.document->base) + 16;
            batch->documents[batch->num++] = next;
        } else {
            document_free(&next.document);
        }
    }
}

/* Is document `after` the one that the caller read? If not, this store or what the caller remembers is of another
 * time: one of them was restored from a backup, and reading begins anew. */
static int has_read_here(struct db *db, const uint8_t *task, const Weft__V1__GetDocumentsRequest *request, bool *has,
                         struct err *err)
{
    struct db_document last = {0};
    uint8_t digest_bytes[DIGEST_SIZE];
    int rc;

    if ((rc = db_next_document(db, task, request->after - 1, &last, err)) != 0) {
        return rc;
    }
    *has = last.document != NULL && request->after_digest.len == DIGEST_SIZE;
    if (*has) {
        document_digest(digest_bytes, last.document);
        *has = memcmp(digest_bytes, request->after_digest.data, DIGEST_SIZE) == 0;
    }
    document_free(&last.document);
    return 0;
}

struct reader {
    const struct core_task *task; /* NULL: global documents */
    const char *coordinator;      /* NULL: a site */
};

static bool reader_may_see(const void *user, const Weft__V1__Document *document)
{
    const struct reader *reader = user;

    return may_see(reader->task, reader->coordinator, document);
}

int exchange_serve_get(struct core *core, struct db *db, const char *coordinator,
                       const Weft__V1__GetDocumentsRequest *request, ProtobufCMessage **response,
                       struct err *err)
{
    Weft__V1__GetDocumentsReply reply = WEFT__V1__GET_DOCUMENTS_REPLY__INIT;
    Weft__V1__NumberedDocument numbered[BATCH_DOCUMENTS], *list[BATCH_DOCUMENTS];
    struct reader reader = {NULL, coordinator};
    struct batch *batch = NULL;
    const uint8_t *task = DB_NO_TASK;
    uint64_t after = request->after;
    bool has_read = true;
    int rc;

    if (request->task_id.len != 0) {
        struct core_task *found = core_find_task(core, &request->task_id);
        if (found == NULL) {
            return err_set(err, ERR_TASK_UNKNOWN, "asked for by a peer");
        }
        task = found->task->id;
        reader.task = found;
    }
    if (request->incarnation.len != STORE_INCARNATION_SIZE ||
        memcmp(request->incarnation.data, core->options.incarnation, STORE_INCARNATION_SIZE) != 0) {
        after = 0;
    }
    if (after > 0 && (rc = has_read_here(db, task, request, &has_read, err)) != 0) {
        return rc;
    }
    if (!has_read) {
        reply.restarted = true;
        after = 0;
    }
    if ((batch = malloc(sizeof *batch)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "documents");
    }
    if ((rc = batch_fill(batch, db, task, after, reader_may_see, &reader, err)) == 0) {
        for (size_t i = 0; i < batch->num; i++) {
            weft__v1__numbered_document__init(&numbered[i]);
            numbered[i].number = batch->documents[i].number;
            numbered[i].document = batch->documents[i].document;
            list[i] = &numbered[i];
        }
        reply.version = PROTOCOL_VERSION;
        reply.incarnation = core_bytes(core->options.incarnation, STORE_INCARNATION_SIZE);
        reply.documents = list;
        reply.n_documents = batch->num;
        reply.more = batch->more;
        rc = core_own_message(response, &reply.base, err);
        batch_clear(batch);
    }
    free(batch);
    return rc;
}

/* May what follows a refused document still be taken? Not when it only came too early, and the sender should
 * send it again; nor when the store is in trouble. But a document that can never be taken (another one of its
 * name is held, a root that was left out signed it) must not hold up what others made, which the sender cannot help
 * passing on. A loose catalogue may be wanted later. */
static bool is_refused_for_good(int code, const Weft__V1__Document *document)
{
    return code != ERR_PREDECESSOR_MISSING && code != ERR_TASK_UNKNOWN && !core_stops_all(code) &&
           err_entry(code)->status != STATUS_DATA_LOSS && document->type != DOC(CATALOGUE);
}

int exchange_serve_put(struct core *core, struct db *db, const char *tls_name,
                       const Weft__V1__PutDocumentsRequest *request, int64_t now_ms,
                       ProtobufCMessage **response, struct err *err)
{
    Weft__V1__PutDocumentsReply reply = WEFT__V1__PUT_DOCUMENTS_REPLY__INIT;
    struct err why = {0};
    bool is_new;
    int rc;

    for (size_t i = 0; i < request->n_documents; i++) {
        const Weft__V1__Document *document = request->documents[i];
        why = (struct err){0};
        if (document->type != DOC(ROSTER) && !core_may_give(core, tls_name, document->type, now_ms)) {
            return err_set(err, ERR_NOT_ALLOWED, "%s by %s", document_type_name(document->type), tls_name);
        }
        if ((rc = exchange_take(core, db, document, &is_new, &why)) == 0) {
            reply.stored += is_new;
            reply.known += !is_new;
        } else if (is_refused_for_good(rc, document) && request->n_documents > 1) {
            log_error("document refused", LOG_TEXT("peer", tls_name), LOG_ERR(&why));
        } else {
            goto refused;
        }
    }
    if (core->history.num > 0 || why.code == 0) {
        return core_own_message(response, &reply.base, err);
    }
refused: /* and while there is no roster: perhaps the pinned roots are wrong, so all is wanted again */
    if (err != NULL) {
        *err = why;
    }
    return why.code;
}

/* ---- pulling and pushing ---- */

static const uint8_t *task_id_of(const struct core_task *task)
{
    return task == NULL ? DB_NO_TASK : task->task->id;
}

static void call_key(char key[256], const char *what, const uint8_t *task, const char *peer)
{
    char hex[HEX_SIZE(8)];

    snprintf(key, 256, "%s %s %s", what, hex_encode(hex, task, 8), peer);
}

static int pull(struct core_round *round, struct core_task *task, const char *peer, struct err *err)
{
    Weft__V1__GetDocumentsRequest request = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    struct db_cursor cursor;
    char key[256];
    int rc;

    call_key(key, "pull", task_id_of(task), peer);
    if (!round_wants(round, key)) {
        return 0;
    }
    if ((rc = db_get_cursor(&round->db, task_id_of(task), peer, &cursor, err)) != 0) {
        return rc;
    }
    request.version_min = request.version_max = PROTOCOL_VERSION;
    if (task != NULL) {
        request.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    }
    request.incarnation = core_bytes(cursor.incarnation, sizeof cursor.incarnation);
    request.after = cursor.after;
    request.after_digest = core_bytes(cursor.digest, sizeof cursor.digest);
    return round_add(round, peer, CORE_GET_DOCUMENTS, &request.base,
                     context_new(CALL_PULL, task_id_of(task), key), err);
}

static struct pushed *pushed_of(struct core *core, const uint8_t task[TASK_ID_SIZE], const char *peer)
{
    struct pushed *grown;

    for (size_t i = 0; i < core->num_pushed; i++) {
        if (strcmp(core->pushed[i].peer, peer) == 0 &&
            memcmp(core->pushed[i].task, task, TASK_ID_SIZE) == 0) {
            return &core->pushed[i];
        }
    }
    if ((grown = realloc(core->pushed, (core->num_pushed + 1) * sizeof *grown)) == NULL) {
        return NULL;
    }
    core->pushed = grown;
    grown = &grown[core->num_pushed++];
    *grown = (struct pushed){0};
    snprintf(grown->peer, sizeof grown->peer, "%s", peer);
    memcpy(grown->task, task, TASK_ID_SIZE);
    return grown;
}

/* What a helper needs: all but what is for collectors. */
static bool is_for_helper(const void *user, const Weft__V1__Document *document)
{
    (void)user;
    return document->type != DOC(SEALED_SHARE);
}

/* An order, plan or pattern that is not the top's usual one. */
static bool is_of_a_subtree(const Weft__V1__Document *document)
{
    ProtobufCMessage *body = NULL;
    bool is = false;

    if ((document->type == DOC(ORDER) || document->type == DOC(PLAN) || document->type == DOC(PATTERN)) &&
        document_body(&body, document, document->type, NULL) == 0) {
        is = core_body_area(body)[0] != '\0';
    }
    wire_free(&body);
    return is;
}

/* What a parent needs: what this part of the tree made. It knows the rest already, so no more is filtered. */
static bool is_for_parent(const void *user, const Weft__V1__Document *document)
{
    (void)user;
    return is_of_a_subtree(document) || document->type == DOC(FREEZE) ||
           document->type == DOC(CONTRIBUTES) || document->type == DOC(STATES) ||
           document->type == DOC(RELEASE) ||
           document->type == DOC(ERASURE) || document->type == DOC(CONSENT) || document->type == DOC(NOTE);
}

static int push(struct core_round *round, struct core_task *task, const char *peer, batch_filter filter,
                struct err *err)
{
    Weft__V1__PutDocumentsRequest request = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;
    Weft__V1__Document *list[BATCH_DOCUMENTS];
    struct core_context *context;
    struct pushed *pushed = pushed_of(round->core, task_id_of(task), peer);
    struct batch *batch = malloc(sizeof *batch);
    char key[256];
    int rc = 0;

    call_key(key, "push", task_id_of(task), peer);
    if (batch == NULL || pushed == NULL) {
        free(batch);
        return err_set(err, ERR_NO_MEMORY, "documents");
    }
    if (!round_wants(round, key) ||
        (rc = batch_fill(batch, &round->db, task_id_of(task), pushed->up_to, filter, NULL, err)) != 0) {
        free(batch);
        return rc;
    }
    if (batch->num == 0) {
        pushed->up_to = batch->up_to;
        free(batch);
        return 0;
    }
    for (size_t i = 0; i < batch->num; i++) {
        list[i] = batch->documents[i].document;
    }
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.documents = list;
    request.n_documents = batch->num;
    if ((context = context_new(CALL_PUSH, task_id_of(task), key)) != NULL) {
        context->up_to = batch->up_to;
    }
    rc = round_add(round, peer, CORE_PUT_DOCUMENTS, &request.base, context, err);
    batch_clear(batch);
    free(batch);
    return rc;
}

/* Each helper of the areas that this coordinator leads, once. */
static int with_helpers(struct core_round *round, struct core_task *task, const struct roster *roster,
                        int self, struct err *err)
{
    int rc;

    for (int area = 0; area < roster->num_areas; area++) {
        const char *helper = roster->coordinators[roster->areas[area].helper].wire->id;
        if (roster->areas[area].leader != self) {
            continue;
        }
        if ((rc = push(round, task, helper, is_for_helper, err)) != 0 ||
            (task != NULL && (rc = pull(round, task, helper, err)) != 0)) {
            return rc;
        }
    }
    return 0;
}

/* Once for all releases that came since the last time. One that contradicts others is kept as it is signed, and said
 * aloud. */
static int look_for_contradictions(struct core_task *task, struct err *err)
{
    struct err why = {0};
    int rc = contradictions_check(task->view, &why);

    task->has_new_release = rc != 0 && rc != ERR_TOTALS_CONTRADICT;
    if (rc == ERR_TOTALS_CONTRADICT) {
        log_error("totals contradict each other", LOG_TEXT("task", task->task->hex), LOG_ERR(&why));
        return 0;
    }
    if (rc != 0 && err != NULL) {
        *err = why;
    }
    return rc;
}

int exchange_due(struct core_round *round, struct core_task *task, struct err *err)
{
    struct core *core = round->core;
    const struct roster *roster = task == NULL ? core_newest_roster(core) : task->roster;
    int self = roster == NULL ? NONE : roster_find_coordinator(roster, core->id);
    int parent = self == NONE ? NONE : roster_parent_coordinator(roster, self);
    const char *parent_id = parent == NONE ? core->parent : roster->coordinators[parent].wire->id;
    bool is_helper = self != NONE && roster->coordinators[self].side == SIDE(HELPER);
    int rc;

    if (task != NULL && !erasure_is_due(task, round->now_ms) && (rc = key_sheet_due(round, task, err)) != 0) {
        return rc;
    }
    if (task != NULL && task->has_new_release && round->now_ms >= task->compared_ms + COMPARE_MS) {
        task->compared_ms = round->now_ms;
        if ((rc = look_for_contradictions(task, err)) != 0) {
            return rc;
        }
    }
    if (is_helper) {
        return 0; /* a helper's leaders bring and fetch everything */
    }
    if (*parent_id != '\0' && (rc = pull(round, task, parent_id, err)) != 0) {
        return rc;
    }
    if (*parent_id != '\0' && task != NULL && (rc = push(round, task, parent_id, is_for_parent, err)) != 0) {
        return rc;
    }
    if (task == NULL && core->newer_at[0] != '\0' && (rc = pull(round, task, core->newer_at, err)) != 0) {
        return rc;
    }
    return self == NONE ? 0 : with_helpers(round, task, roster, self, err);
}

/* ---- what came of it ---- */

/* A document that cannot be taken is left out and named in the log, except when its predecessor is still on
 * the way: then reading stops there and goes on from there next time. */
static int take_pulled(struct core *core, struct db *db, const char *peer,
                       const Weft__V1__NumberedDocument *numbered, bool *stop, struct err *err)
{
    struct err why = {0};
    bool is_new;
    int rc;

    if (numbered->document == NULL) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "an empty entry");
    }
    rc = exchange_take(core, db, numbered->document, &is_new, &why);
    if (rc == ERR_PREDECESSOR_MISSING) {
        *stop = true;
        return 0;
    }
    if (rc != 0 && err_entry(rc)->status != STATUS_DATA_LOSS &&
        err_entry(rc)->status != STATUS_RESOURCE_EXHAUSTED) {
        log_error("document refused", LOG_TEXT("peer", peer), LOG_ERR(&why));
        return 0;
    }
    if (rc != 0 && err != NULL) {
        *err = why;
    }
    return rc;
}

/* A peer lost what it was given: it was restored from a backup, or began anew. Everything once more. */
static void give_again(struct core *core, const char *peer)
{
    for (size_t i = 0; i < core->num_pushed; i++) {
        if (strcmp(core->pushed[i].peer, peer) == 0) {
            core->pushed[i].up_to = 0;
        }
    }
    for (size_t i = 0; i < core->num_tasks; i++) {
        struct core_task *task = &core->tasks[i];
        int parent = task->self == NONE ? NONE : roster_parent_coordinator(task->roster, task->self);
        if (parent != NONE && strcmp(task->roster->coordinators[parent].wire->id, peer) == 0) {
            task->num_sent = 0;
            task->is_dirty = true;
        }
    }
}

static int answer_pull(struct core *core, struct db *db, struct core_call *call,
                       const Weft__V1__GetDocumentsReply *reply, int64_t now_ms, struct err *err)
{
    const struct core_context *context = call->context;
    struct db_cursor cursor;
    uint64_t before;
    bool stop = false, is_restored;
    int rc;

    if (reply->incarnation.len != STORE_INCARNATION_SIZE) {
        return err_set(err, ERR_MESSAGE_MALFORMED, "incarnation");
    }
    if ((rc = db_get_cursor(db, context->task, call->destination, &cursor, err)) != 0) {
        return rc;
    }
    is_restored = memcmp(cursor.incarnation, reply->incarnation.data, STORE_INCARNATION_SIZE) != 0 || reply->restarted;
    if (is_restored) {
        memcpy(cursor.incarnation, reply->incarnation.data, STORE_INCARNATION_SIZE);
        cursor.after = 0;
        give_again(core, call->destination);
    }
    if (memcmp(context->task, DB_NO_TASK, TASK_ID_SIZE) == 0 &&
        strcmp(core->newer_at, call->destination) == 0) {
        core->newer_at[0] = '\0';
    }
    before = cursor.after;
    for (size_t i = 0; i < reply->n_documents && !stop; i++) {
        if ((rc = take_pulled(core, db, call->destination, reply->documents[i], &stop, err)) != 0) {
            return rc;
        }
        if (!stop && reply->documents[i]->number > cursor.after) {
            cursor.after = reply->documents[i]->number;
            document_digest(cursor.digest, reply->documents[i]->document);
        }
    }
    if (core_newest_roster(core) == NULL) {
        cursor.after = before = 0; /* perhaps the pinned roots were wrong: ask from the beginning again */
    }
    if (cursor.after == before || stop) {
        core_set_next(core, context->key, now_ms + core->options.poll_ms);
    }
    return reply->n_documents == 0 && !is_restored
               ? 0
               : db_put_cursor(db, context->task, call->destination, &cursor, err);
}

/* A peer that does not know what it was given before has lost it. */
void exchange_failed(struct core *core, const struct core_call *call, int code)
{
    if (code == ERR_PEER_UNKNOWN || code == ERR_TASK_UNKNOWN ||
        (code == ERR_PREDECESSOR_MISSING && call->context->kind == CALL_PUSH)) {
        give_again(core, call->destination);
    }
}

int exchange_answer(struct core *core, struct db *db, struct core_call *call,
                    const ProtobufCMessage *response, int64_t now_ms, struct err *err)
{
    struct pushed *pushed;

    if (call->context->kind == CALL_PULL) {
        return answer_pull(core, db, call, (const Weft__V1__GetDocumentsReply *)response, now_ms, err);
    }
    pushed = pushed_of(core, call->context->task, call->destination);
    if (pushed != NULL && pushed->up_to < call->context->up_to) {
        pushed->up_to = call->context->up_to;
    }
    return 0;
}
