/* core.c - loading, authorisation, dispatch and the bookkeeping of calls. */
#include "coordinator/core_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/wire.h"
#include "coordinator/contacts.h"
#include "crypto/secret.h"

#define MAX_BACKOFF_MS 30000
#define AFTERLIFE_MS   (30 * INT64_C(86400000)) /* documents of a task that is over are still exchanged */
#define LOOK_MS        1000 /* how often to look at an unchanged task */

const char *core_method_name(enum core_method method)
{
    static const char *const names[CORE_NUM_METHODS] = {
        "GetDocuments", "PutDocuments", "Submit", "Verify", "CoSign",    "PutShare",
        "GetSiteState", "Join",         "Renew",  "Invite", "ListJoins", "Admit",
        "Note"};
    return names[method];
}

/* ---- life ---- */

int core_new(struct core **out, const struct core_options *options, struct err *err)
{
    struct core *core = calloc(1, sizeof *core);

    if (core == NULL) {
        return err_set(err, ERR_NO_MEMORY, "core");
    }
    core->options = *options;
    core->history.pinned = options->roots;
    snprintf(core->id, sizeof core->id, "%s", options->id);
    snprintf(core->endpoint, sizeof core->endpoint, "%s", options->endpoint);
    snprintf(core->tls_name, sizeof core->tls_name, "%s", options->tls_name == NULL ? "" : options->tls_name);
    snprintf(core->parent, sizeof core->parent, "%s", options->parent == NULL ? "" : options->parent);
    core->collectors = calloc(options->num_collectors + 1, sizeof *core->collectors);
    if (core->collectors == NULL) {
        core_free(&core);
        return err_set(err, ERR_NO_MEMORY, "core");
    }
    if (options->num_collectors > 0) {
        memcpy(core->collectors, options->collectors, options->num_collectors * sizeof *core->collectors);
    }
    *out = core;
    return 0;
}

static void task_clear(struct core_task *task)
{
    secret_wipe(task->hpke_key, sizeof task->hpke_key);
    if (task->pair_keys != NULL) {
        secret_free(task->pair_keys, (size_t)task->roster->num_coordinators * sizeof *task->pair_keys);
    }
    view_free(&task->view);
    task_free(&task->task);
    free(task->waiting);
    free(task->missing);
    free(task->dropped);
    free(task->sent);
}

void core_forget(struct core *core)
{
    for (size_t i = 0; i < core->num_tasks; i++) {
        task_clear(&core->tasks[i]);
    }
    roster_history_clear(&core->history);
    free(core->tasks);
    core->tasks = NULL;
    core->num_tasks = 0;
    core->global_number = 0;
    core->num_catalogues = 0;
}

void core_free(struct core **out)
{
    struct core *core = *out;

    if (core == NULL) {
        return;
    }
    core_forget(core);
    free(core->pending);
    free(core->pushed);
    if (core->collectors != NULL) {
        secret_wipe(core->collectors, core->options.num_collectors * sizeof *core->collectors);
    }
    free(core->collectors);
    secret_wipe(core, sizeof *core);
    free(core);
    *out = NULL;
}

/* ---- lookups ---- */

struct db core_db(struct core *core, struct store_txn *txn)
{
    return (struct db){txn, core->options.at_rest_key};
}

const struct roster *core_newest_roster(const struct core *core)
{
    return roster_history_newest(&core->history);
}

struct core_task *core_find_task(const struct core *core, const ProtobufCBinaryData *task_id)
{
    for (size_t i = 0; i < core->num_tasks; i++) {
        if (task_id->len == TASK_ID_SIZE &&
            memcmp(core->tasks[i].task->id, task_id->data, TASK_ID_SIZE) == 0) {
            return &core->tasks[i];
        }
    }
    return NULL;
}

/* For struct family: what was voided stands in nobody's way. */
static const struct task *live_task(const void *holder, size_t index)
{
    const struct core_task *task = &((const struct core *)holder)->tasks[index];

    return task->view->voided.document != NULL ? NULL : task->task;
}

int core_check_alone(const struct core *core, const struct core_task *task, struct err *err)
{
    return family_check(&(struct family){live_task, core, (size_t)(task - core->tasks)}, task->task, err);
}

int core_check_offered(const struct core *core, const struct task *task, struct err *err)
{
    return family_check(&(struct family){live_task, core, core->num_tasks}, task, err);
}

const struct core_collector *core_find_collector(const struct core *core, const char *area)
{
    for (size_t i = 0; i < core->options.num_collectors; i++) {
        if (strcmp(core->collectors[i].area, area) == 0) {
            return &core->collectors[i];
        }
    }
    return NULL;
}

const char *core_tls_name(const struct core *core, const char *coordinator)
{
    const struct roster *roster = core_newest_roster(core);
    int index = roster == NULL ? NONE : roster_find_coordinator(roster, coordinator);

    return index == NONE ? NULL : roster->coordinators[index].wire->tls_name;
}

const char *core_endpoint(const struct core *core, const char *coordinator)
{
    for (size_t i = core->num_tasks; i-- > 0;) {
        const struct core_task *task = &core->tasks[i];
        int index = roster_find_coordinator(task->roster, coordinator);
        if (index != NONE && task->view->key_sheets[index].document != NULL) {
            return ((const Weft__V1__KeySheet *)task->view->key_sheets[index].body)->endpoint;
        }
    }
    return NULL;
}

ProtobufCBinaryData core_bytes(const void *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

int core_own_message(ProtobufCMessage **out, const ProtobufCMessage *message, struct err *err)
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

static const void *body_field(const ProtobufCMessage *body, const char *name, ProtobufCType type)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(body->descriptor, name);

    return field == NULL || field->type != type ? NULL : (const char *)body + field->offset;
}

const ProtobufCBinaryData *core_body_task_id(const ProtobufCMessage *body)
{
    return body_field(body, "task_id", PROTOBUF_C_TYPE_BYTES);
}

const char *core_body_area(const ProtobufCMessage *body)
{
    const char *const *area = body_field(body, "area", PROTOBUF_C_TYPE_STRING);

    return area == NULL ? "" : *area;
}

/* ---- loading ---- */

/* A pattern may name that of a task which came later: whoever waits is asked again once others have gone on. */
static int refresh_all(struct core *core, struct db *db, struct err *err)
{
    bool has_moved = true;
    int rc, waiting = ERR_PREDECESSOR_MISSING;

    while (has_moved && waiting != 0) {
        has_moved = false;
        waiting = 0;
        for (size_t i = 0; i < core->num_tasks; i++) {
            uint64_t before = core->tasks[i].view_number;
            rc = exchange_refresh(db, &core->tasks[i], err);
            if (rc != 0 && rc != ERR_PREDECESSOR_MISSING) {
                return rc;
            }
            waiting = rc != 0 ? rc : waiting;
            has_moved |= core->tasks[i].view_number != before;
        }
    }
    return waiting;
}

int core_load(struct core *core, struct store_txn *txn, struct err *err)
{
    struct db db = core_db(core, txn);
    int rc = exchange_load(core, &db, err);

    return rc != 0 ? rc : refresh_all(core, &db, err);
}

int core_publish(struct core *core, struct store_txn *txn, const Weft__V1__Document *document,
                 struct err *err)
{
    struct db db = core_db(core, txn);
    bool is_new;
    int rc;

    if ((rc = core_load(core, txn, err)) != 0 ||
        (document->type == DOC(TASK) && (rc = exchange_check_offered(core, document, err)) != 0)) {
        return rc;
    }
    return exchange_take(core, &db, document, &is_new, err);
}

/* ---- who may call what ---- */

enum role {
    ROLE_SITE = 1,   /* of one of the areas that this coordinator leads */
    ROLE_CHILD = 2,  /* passes its shares to this coordinator */
    ROLE_LEADER = 4, /* leads an area that this coordinator helps */
    ROLE_SELF = 8,   /* this coordinator's own command line, with reports that came as files */
};

static const unsigned access_table[CORE_NUM_METHODS] = {
    [CORE_GET_DOCUMENTS] = ROLE_SITE | ROLE_CHILD | ROLE_LEADER,
    [CORE_PUT_DOCUMENTS] = ROLE_SITE | ROLE_CHILD | ROLE_LEADER,
    [CORE_SUBMIT] = ROLE_SITE | ROLE_SELF,
    [CORE_VERIFY] = ROLE_LEADER,
    [CORE_CO_SIGN] = ROLE_LEADER,
    [CORE_PUT_SHARE] = ROLE_CHILD,
    [CORE_GET_SITE_STATE] = ROLE_SITE,
};

int core_check_revoked(const struct core *core, const char *tls_name, int64_t at_ms, struct err *err)
{
    const struct roster *newest = core_newest_roster(core);
    const Weft__V1__Revocation *entry = newest == NULL ? NULL : roster_revocation(newest, tls_name, at_ms);
    char from[CALENDAR_TEXT_SIZE];
    struct calendar_zone zone;
    int rc;

    if (entry == NULL) {
        return 0;
    }
    if ((rc = calendar_zone(&zone, NULL, err)) != 0) {
        return rc;
    }
    return err_set(err, ERR_PEER_REVOKED, "%s, from %s: %s", tls_name,
                   calendar_format(entry->from_ms, &zone, from), entry->reason);
}

static bool find_peer(const struct roster *roster, const char *tls_name, struct core_peer *peer)
{
    int site = roster_find_site_by_tls_name(roster, tls_name);
    int coordinator = roster_find_coordinator_by_tls_name(roster, tls_name);

    peer->site = site == NONE ? NULL : roster->sites[site].wire->id;
    peer->coordinator = coordinator == NONE ? NULL : roster->coordinators[coordinator].wire->id;
    return site != NONE || coordinator != NONE;
}

/* By the newest roster, else by an older one that a task may pin: a later roster shuts nobody out but by revoking. */
static int identify(const struct core *core, const char *tls_name, int64_t now_ms, struct core_peer *peer,
                    struct err *err)
{
    int rc;

    *peer = (struct core_peer){.now_ms = now_ms};
    if (core->history.num == 0) {
        return err_set(err, ERR_PEER_UNKNOWN, "%s: there is no roster yet", tls_name);
    }
    if ((rc = core_check_revoked(core, tls_name, now_ms, err)) != 0) {
        return rc;
    }
    for (size_t i = core->history.num; i-- > 0;) {
        if (find_peer(core->history.rosters[i], tls_name, peer)) {
            return 0;
        }
    }
    return err_set(err, ERR_PEER_UNKNOWN, "%s", tls_name);
}

static unsigned roles_in(const struct core *core, const struct roster *roster, const struct core_peer *peer)
{
    int self = roster_find_coordinator(roster, core->id);
    int site = peer->site == NULL ? NONE : roster_find_site(roster, peer->site);
    int coordinator = peer->coordinator == NULL ? NONE : roster_find_coordinator(roster, peer->coordinator);
    unsigned roles = 0;

    if (self == NONE) {
        return 0;
    }
    if (site != NONE && roster->areas[roster->sites[site].supervisor].leader == self) {
        roles |= ROLE_SITE;
    }
    if (coordinator == NONE) {
        return roles;
    }
    if (coordinator == self) {
        roles |= ROLE_SELF;
    }
    if (roster_parent_coordinator(roster, coordinator) == self) {
        roles |= ROLE_CHILD;
    }
    for (int i = 0; i < roster->num_areas; i++) {
        if (roster->areas[i].helper == self && roster->areas[i].leader == coordinator) {
            roles |= ROLE_LEADER;
        }
    }
    return roles;
}

/* Has the peer one of these roles, by the newest roster or for a task that still runs? */
static bool has_role(const struct core *core, const struct core_peer *peer, unsigned wanted)
{
    if ((roles_in(core, core_newest_roster(core), peer) & wanted) != 0) {
        return true;
    }
    for (size_t i = 0; i < core->num_tasks; i++) {
        if (peer->now_ms < view_times(core->tasks[i].view).retention_ms + AFTERLIFE_MS &&
            (roles_in(core, core->tasks[i].roster, peer) & wanted) != 0) {
            return true;
        }
    }
    return false;
}

bool core_may_give(const struct core *core, const char *tls_name, Weft__V1__DocumentType type, int64_t now_ms)
{
    struct core_peer peer;

    return identify(core, tls_name, now_ms, &peer, NULL) == 0 &&
           has_role(core, &peer,
                    exchange_is_global(type) ? ROLE_LEADER
                    : type == DOC(CONSENT)   ? ROLE_LEADER | ROLE_CHILD | ROLE_SITE
                                             : ROLE_LEADER | ROLE_CHILD);
}

/* Every request says which versions of the protocol its sender speaks: N and N-1 work together. */
static int check_versions(const ProtobufCMessage *request, struct err *err)
{
    const uint32_t *min = body_field(request, "version_min", PROTOBUF_C_TYPE_UINT32);
    const uint32_t *max = body_field(request, "version_max", PROTOBUF_C_TYPE_UINT32);

    if (min == NULL || max == NULL || *min > PROTOCOL_VERSION || *max < PROTOCOL_VERSION) {
        return err_set(err, ERR_VERSION_UNSUPPORTED,
                       "peer speaks %" PRIu32 " to %" PRIu32 ", this program %d", min == NULL ? 0 : *min,
                       max == NULL ? 0 : *max, PROTOCOL_VERSION);
    }
    return 0;
}

/* Under an expired roster only documents are exchanged, so that a newer one may arrive, and certificates renewed. */
static int check_roster_is_valid(const struct roster *roster, enum core_method method, int64_t now_ms,
                                 struct err *err)
{
    bool is_exchange = method == CORE_GET_DOCUMENTS || method == CORE_PUT_DOCUMENTS || method == CORE_RENEW;

    return is_exchange || now_ms < roster->wire->expires_ms
               ? 0
               : err_set(err, ERR_ROSTER_EXPIRED, "version %" PRIu32, roster->wire->version);
}

/* Anyone with a certificate of the authority may bring a roster, since it is judged by its signatures alone: before there
 * is one nobody can be known, and a leader that a later one names is not known by the one that is held. */
static bool brings_roster(const struct core *core, enum core_method method, const ProtobufCMessage *request)
{
    const Weft__V1__PutDocumentsRequest *put = (const Weft__V1__PutDocumentsRequest *)request;

    return method == CORE_PUT_DOCUMENTS &&
           (core_newest_roster(core) == NULL || (put->n_documents > 0 && put->documents[0]->type == DOC(ROSTER)));
}

/* A request of a peer that is known and may make it. */
static int serve_peer(struct core *core, struct db *db, const struct core_peer *peer, const char *tls_name,
                      enum core_method method, const ProtobufCMessage *request, ProtobufCMessage **response,
                      struct err *err)
{
    switch (method) {
    case CORE_GET_DOCUMENTS:
        return exchange_serve_get(core, db, peer->coordinator, (const Weft__V1__GetDocumentsRequest *)request,
                                  response, err);
    case CORE_PUT_DOCUMENTS:
        return exchange_serve_put(core, db, tls_name, (const Weft__V1__PutDocumentsRequest *)request, peer->now_ms,
                                  response, err);
    case CORE_SUBMIT:
        return intake_serve_submit(core, db, peer->site, (const Weft__V1__SubmitRequest *)request, peer->now_ms,
                                   response, err);
    case CORE_VERIFY:
        return intake_serve_verify(core, db, peer->coordinator, (const Weft__V1__VerifyRequest *)request,
                                   peer->now_ms, response, err);
    case CORE_CO_SIGN:
        return cosign_serve(core, db, peer->coordinator, (const Weft__V1__CoSignRequest *)request, peer->now_ms,
                            response, err);
    case CORE_PUT_SHARE:
        return rollup_serve_share(core, db, peer->coordinator, (const Weft__V1__PutShareRequest *)request,
                                  response, err);
    case CORE_GET_SITE_STATE:
        return site_state_serve(core, db, peer->site, (const Weft__V1__GetSiteStateRequest *)request, response, err);
    case CORE_RENEW:
        return joining_serve_renew(core, tls_name, (const Weft__V1__RenewRequest *)request, peer->now_ms, response, err);
    default:
        return err_set(err, ERR_METHOD_UNKNOWN, "%d", (int)method);
    }
}

int core_serve(struct core *core, struct store_txn *txn, const char *tls_name, enum core_method method,
               const ProtobufCMessage *request, int64_t now_ms, ProtobufCMessage **response, struct err *err)
{
    struct db db = core_db(core, txn);
    struct core_peer peer;
    struct err why = {0};
    int rc;

    if ((rc = core_load(core, txn, err)) != 0) {
        return rc;
    }
    if (joining_concerns(core, tls_name, method)) {
        return (rc = check_versions(request, err)) != 0
                   ? rc
                   : joining_serve(core, &db, tls_name, method, request, now_ms, response, err);
    }
    rc = identify(core, tls_name, now_ms, &peer, &why);
    if (rc == ERR_PEER_UNKNOWN && brings_roster(core, method, request)) {
        return (rc = check_versions(request, err)) != 0
                   ? rc
                   : exchange_serve_put(core, &db, tls_name, (const Weft__V1__PutDocumentsRequest *)request,
                                        now_ms, response, err);
    }
    if (rc != 0) {
        if (err != NULL) {
            *err = why;
        }
        return rc;
    }
    if (method == CORE_RENEW ? !joining_certifies(core, tls_name) : !has_role(core, &peer, access_table[method])) {
        return err_set(err, ERR_NOT_ALLOWED, "%s by %s", core_method_name(method), tls_name);
    }
    if ((rc = check_versions(request, err)) != 0 ||
        (rc = check_roster_is_valid(core_newest_roster(core), method, now_ms, err)) != 0) {
        return rc;
    }
    if (peer.coordinator != NULL && (rc = contacts_heard(&db, peer.coordinator, now_ms, err)) != 0) {
        return rc;
    }
    return serve_peer(core, &db, &peer, tls_name, method, request, response, err);
}

/* ---- calls ---- */

static struct core_pending *find_pending(struct core *core, const char *key)
{
    for (size_t i = 0; i < core->num_pending; i++) {
        if (strcmp(core->pending[i].key, key) == 0) {
            return &core->pending[i];
        }
    }
    return NULL;
}

static struct core_pending *get_pending(struct core *core, const char *key)
{
    struct core_pending *pending = find_pending(core, key), *grown;

    if (pending != NULL) {
        return pending;
    }
    if ((grown = realloc(core->pending, (core->num_pending + 1) * sizeof *grown)) == NULL) {
        return NULL;
    }
    core->pending = grown;
    pending = &grown[core->num_pending++];
    *pending = (struct core_pending){0};
    snprintf(pending->key, sizeof pending->key, "%s", key);
    return pending;
}

static void drop_pending(struct core *core, struct core_pending *pending)
{
    *pending = core->pending[--core->num_pending];
}

void core_set_next(struct core *core, const char *key, int64_t next_ms)
{
    struct core_pending *pending = get_pending(core, key);

    if (pending != NULL) {
        pending->next_ms = next_ms;
    }
}

bool round_wants(struct core_round *round, const char *key)
{
    const struct core_pending *pending = find_pending(round->core, key);

    return round->num < round->max &&
           (pending == NULL || (!pending->in_flight && pending->next_ms <= round->now_ms));
}

struct core_context *context_new(enum core_kind kind, const uint8_t task[TASK_ID_SIZE], const char *key)
{
    struct core_context *context = calloc(1, sizeof *context);

    if (context != NULL) {
        context->kind = kind;
        memcpy(context->task, task, TASK_ID_SIZE);
        snprintf(context->key, sizeof context->key, "%s", key);
    }
    return context;
}

void context_free(struct core_context **context)
{
    if (*context != NULL) {
        prio3_state_free(&(*context)->state);
        free((*context)->verifier_share);
        free(*context);
        *context = NULL;
    }
}

int round_add(struct core_round *round, const char *destination, enum core_method method,
              const ProtobufCMessage *request, struct core_context *context, struct err *err)
{
    struct core_call *call = &round->calls[round->num];
    struct core_pending *pending = context == NULL ? NULL : get_pending(round->core, context->key);
    int rc;

    if (pending == NULL) {
        context_free(&context);
        return err_set(err, ERR_NO_MEMORY, "call");
    }
    *call = (struct core_call){.method = method, .context = context};
    snprintf(call->destination, sizeof call->destination, "%s", destination);
    if ((rc = core_own_message(&call->request, request, err)) != 0) {
        context_free(&call->context);
        return rc;
    }
    pending->in_flight = true;
    round->num++;
    return 0;
}

void core_call_free(struct core_call *call)
{
    wire_free(&call->request);
    context_free(&call->context);
}

/* What is left to do for a task that is over: destroy what is secret of it, and tell the others. */
static int end_task(struct core_round *round, struct core_task *task, struct err *err)
{
    int64_t erased_ms;
    int rc;

    if ((rc = erasure_step(round, task, err)) != 0) {
        return rc;
    }
    erased_ms = view_time_of(&task->view->erasures[task->self]);
    return round->now_ms < erased_ms + AFTERLIFE_MS ? exchange_due(round, task, err) : 0;
}

/* Everything that may be due for one task. */
static int task_due(struct core_round *round, struct core_task *task, struct err *err)
{
    int rc;

    if (task->self == NONE) {
        return 0;
    }
    if (erasure_is_due(task, round->now_ms)) {
        return end_task(round, task, err);
    }
    if ((rc = core_check_alone(round->core, task, err)) != 0) {
        return rc;
    }
    if ((rc = exchange_due(round, task, err)) != 0 || (rc = intake_due(round, task, err)) != 0) {
        return rc;
    }
    if (!task->is_dirty && round->now_ms < task->looked_ms + LOOK_MS) {
        return 0; /* nothing new: what depends on time alone can wait a moment */
    }
    task->looked_ms = round->now_ms;
    task->began_ms = task->began_ms == 0 ? round->now_ms : task->began_ms;
    task->is_dirty = round->num == round->max; /* no room for more calls: look again at once */
    if ((rc = rollup_due(round, task, err)) != 0) {
        return rc;
    }
    return (rc = cosign_due(round, task, err)) != 0 ? rc : notes_due(round, task, err);
}

static void drop_calls(struct core_round *round, size_t from)
{
    while (round->num > from) {
        struct core_call *call = &round->calls[--round->num];
        struct core_pending *pending = find_pending(round->core, call->context->key);
        if (pending != NULL) {
            drop_pending(round->core, pending);
        }
        core_call_free(call);
    }
}

bool core_stops_all(int code)
{
    return code == ERR_STORE_FULL || code == ERR_STORE_IO || code == ERR_NO_MEMORY;
}

/* What one task runs into must not stop the others. Whatever it did before stays: each step is whole in itself
 * and is found done the next time. */
static int task_due_alone(struct core_round *round, struct core_task *task, struct err *err)
{
    struct err why = {0};
    int rc = task_due(round, task, &why);

    if (rc != 0 && rc != task->trouble && !core_stops_all(rc)) {
        log_error("task not served", LOG_TEXT("task", task->task->hex), LOG_ERR(&why));
    }
    task->trouble = rc;
    if (!core_stops_all(rc)) {
        return 0;
    }
    if (err != NULL) {
        *err = why;
    }
    return rc;
}

int core_due(struct core *core, struct store_txn *txn, int64_t now_ms, struct core_call *calls, size_t max,
             size_t *num, struct err *err)
{
    struct core_round round = {core, core_db(core, txn), now_ms, calls, 0, max};
    int rc;

    if ((rc = core_load(core, txn, err)) != 0 || (rc = exchange_due(&round, NULL, err)) != 0) {
        goto done;
    }
    for (size_t i = 0; i < core->num_tasks; i++) {
        if ((rc = task_due_alone(&round, &core->tasks[i], err)) != 0) {
            goto done;
        }
    }
    *num = round.num;
done:
    if (rc != 0) {
        drop_calls(&round, 0);
    }
    return rc;
}

static int dispatch_answer(struct core *core, struct db *db, struct core_call *call,
                           const ProtobufCMessage *response, const struct err *failure, int64_t now_ms,
                           struct err *err)
{
    if (call->context->kind == CALL_COSIGN) {
        return cosign_answer(core, db, call, (const Weft__V1__CoSignReply *)response, failure, now_ms, err);
    }
    if (response == NULL) {
        exchange_failed(core, call, failure->code);
        return 0;
    }
    switch (call->context->kind) {
    case CALL_PULL:
    case CALL_PUSH:
        return exchange_answer(core, db, call, response, now_ms, err);
    case CALL_VERIFY:
        return intake_answer(core, db, call, (const Weft__V1__VerifyReply *)response, err);
    default:
        rollup_answer(core, call, now_ms);
        return 0;
    }
}

int core_answer(struct core *core, struct store_txn *txn, struct core_call *call,
                const ProtobufCMessage *response, const struct err *failure, int64_t now_ms, struct err *err)
{
    struct db db = core_db(core, txn);
    struct core_pending *pending;
    int64_t wait_ms;
    int rc;

    if ((rc = core_load(core, txn, err)) == 0 &&
        (rc = response != NULL ? contacts_reached(&db, call->destination, now_ms, err)
                               : contacts_failed(&db, call->destination, failure, now_ms, err)) == 0) {
        rc = dispatch_answer(core, &db, call, response, failure, now_ms, err);
    }
    if ((pending = find_pending(core, call->context->key)) == NULL) {
        return rc;
    }
    pending->in_flight = false;
    if (rc == 0 && response != NULL) {
        pending->failures = 0;
        if (pending->next_ms <= now_ms) {
            drop_pending(core, pending);
        }
        return 0;
    }
    /* failed: again later, doubling up to the bound, with the poll interval as the unit */
    wait_ms = core->options.poll_ms << (pending->failures < 6 ? pending->failures : 6);
    pending->failures++;
    pending->next_ms = now_ms + (wait_ms < MAX_BACKOFF_MS ? wait_ms : MAX_BACKOFF_MS);
    return rc;
}

/* ---- status ---- */

size_t core_num_tasks(const struct core *core)
{
    return core->num_tasks;
}

const struct view *core_task_view(const struct core *core, size_t index)
{
    return core->tasks[index].view;
}
