/* cluster.c - run the drawn province: messages, faults, crashes, virtual time. */
#include "tests/cluster/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/report.h"
#include "base/wire.h"

#define STEP_MS    50   /* how often each party looks at what is due */
#define REST_MS    1000 /* the same while no message is under way */
#define TIMEOUT_MS 2000 /* after which a lost call fails */
#define MAX_CALLS  64

enum message_kind { REQUEST, ANSWER, FAILURE };

struct message {
    enum message_kind kind;
    int64_t at_ms;
    int sender; /* coordinator index; NONE: the site below */
    int site;
    int receiver;        /* of a request */
    unsigned generation; /* of the sender when it called */
    enum core_method method;
    struct core_call call;     /* the sender's, carried along */
    ProtobufCMessage *request; /* of sites */
    void *tag;                 /* of the sites' player */
    ProtobufCMessage *response;
    struct err failure;
    bool is_copy; /* a repeated request: its answer goes nowhere */
};

static void must(int rc, const struct err *err)
{
    if (rc != 0) {
        char text[1024];
        fprintf(stderr, "%s\n", err_text(err, LANG_EN, text, sizeof text));
        abort();
    }
}

uint64_t cluster_random(struct cluster *cluster, uint64_t below)
{
    uint64_t x = (cluster->random_state += UINT64_C(0x9E3779B97F4A7C15)); /* splitmix64 */

    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (x ^ (x >> 31)) % below;
}

static bool chance(struct cluster *cluster, int percent)
{
    return percent > 0 && (int)cluster_random(cluster, 100) < percent;
}

static void draw_bytes(void *user, void *out, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)out)[i] = (uint8_t)cluster_random(user, 256);
    }
}

/* ---- coordinators ---- */

static void open_coordinator(struct cluster *cluster, int index, bool is_restored)
{
    struct cluster_coordinator *c = &cluster->coordinators[index];
    int parent = roster_parent_coordinator(cluster->roster, index);
    char path[300];
    struct err err = {0};
    struct core_options options = {
        .id = cluster->roster->coordinators[index].wire->id,
        .endpoint = "127.0.0.1:1",
        .parent = parent == NONE ? "" : cluster->roster->coordinators[parent].wire->id,
        .roots = {cluster->root_list, c->has_wrong_roots ? 1 : 2},
        .collectors = c->collectors,
        .num_collectors = c->num_collectors,
        .random = draw_bytes,
        .random_user = cluster,
        .poll_ms = cluster->shape.poll_ms == 0 ? 200 : cluster->shape.poll_ms,
        .tls_name = cluster->roster->coordinators[index].wire->tls_name,
    };

    struct store_options store = db_store_options(c->path, false, true);

    store.min_free_disk = c->min_free_disk;
    must(store_open(&c->store, &store, &err), &err);
    if (is_restored) {
        must(store_renew(c->store, &err), &err);
    }
    memcpy(options.sign_key, c->sign_key, KEY_SIZE);
    memcpy(options.static_key, c->static_key, KEY_SIZE);
    memcpy(options.at_rest_key, c->at_rest_key, 32);
    options.incarnation = store_incarnation(c->store);
    snprintf(path, sizeof path, "%s.signed", c->path);
    must(signed_open(&c->signed_log, path, true, &err), &err);
    options.signed_log = c->signed_log;
    must(core_new(&c->core, &options, &err), &err);
}

static void close_coordinator(struct cluster_coordinator *c)
{
    core_free(&c->core);
    store_close(&c->store);
    signed_close(&c->signed_log);
}

void cluster_restart(struct cluster *cluster, int index)
{
    cluster->coordinators[index].generation++;
    cluster->num_crashes++;
    close_coordinator(&cluster->coordinators[index]);
    open_coordinator(cluster, index, false);
}

void cluster_back_up(struct cluster *cluster, int index)
{
    char path[300];
    struct err err = {0};

    snprintf(path, sizeof path, "%s.backup", cluster->coordinators[index].path);
    must(store_backup(cluster->coordinators[index].store, path, &err), &err);
}

/* As the daemon does that finds its store older than it was. */
void cluster_restore(struct cluster *cluster, int index)
{
    struct cluster_coordinator *c = &cluster->coordinators[index];
    char command[1024];

    c->generation++;
    close_coordinator(c);
    snprintf(command, sizeof command, "rm -r %s && mv %s.backup %s", c->path, c->path, c->path);
    if (system(command) != 0) {
        abort();
    }
    open_coordinator(cluster, index, true);
}

void cluster_start(struct cluster *cluster, uint64_t seed, const struct cluster_shape *shape,
                   const struct cluster_faults *faults)
{
    struct cluster_coordinator *top;
    struct store_txn *txn = NULL;
    struct err err = {0};

    *cluster = (struct cluster){.random_state = seed, .now_ms = 1000000, .start_ms = 1000000, .shape = *shape, .faults = *faults};
    log_start("cluster", LOG_LEVEL_NONE, LOG_FORMAT_TEXT, 2);
    snprintf(cluster->directory, sizeof cluster->directory, "/tmp/weft-cluster-XXXXXX");
    if (mkdtemp(cluster->directory) == NULL) {
        abort();
    }
    province_draw(cluster);
    for (int i = 0; i < cluster->roster->num_coordinators; i++) {
        snprintf(cluster->coordinators[i].path, sizeof cluster->coordinators[i].path, "%.200s/%d",
                 cluster->directory, i);
        open_coordinator(cluster, i, false);
    }
    top = &cluster->coordinators[cluster->roster->areas[cluster->roster->top].leader];
    must(store_begin(top->store, &txn, true, &err), &err);
    must(core_publish(top->core, txn, cluster->roster_document, &err), &err);
    must(core_publish(top->core, txn, cluster->task_document, &err), &err);
    must(store_commit(&txn, &err), &err);
}

int cluster_publish(struct cluster *cluster)
{
    struct cluster_coordinator *top =
        &cluster->coordinators[cluster->roster->areas[cluster->roster->top].leader];
    struct store_txn *txn = NULL;
    struct err err = {0};

    must(store_begin(top->store, &txn, true, &err), &err);
    if (core_publish(top->core, txn, cluster->task_document, &err) == 0) {
        must(store_commit(&txn, &err), &err);
    }
    store_abort(&txn);
    return err.code;
}

void cluster_draw_next(struct cluster *cluster, int64_t start_ms, int64_t end_ms,
                       const struct task *const *parts, size_t num_parts)
{
    int num_sites = cluster->roster->num_sites;
    uint64_t **vectors = calloc((size_t)num_sites, sizeof *vectors);

    cluster->past[cluster->num_past] = cluster->task;
    cluster->past_vectors[cluster->num_past++] = vectors;
    cluster->task = NULL;
    document_free(&cluster->task_document);
    province_draw_task(cluster, start_ms, end_ms, parts, num_parts);
    for (int i = 0; i < num_sites; i++) {
        vectors[i] = cluster->sites[i].vector;
        cluster->sites[i].vector = NULL;
        cluster->sites[i].revision = 0;
        cluster_report_again(cluster, i);
    }
    if (num_parts == 0) {
        province_draw_vectors(cluster);
    }
}

static void message_clear(struct message *message)
{
    if (!message->is_copy) {
        core_call_free(&message->call);
    }
    wire_free(&message->request);
    wire_free(&message->response);
}

void cluster_stop(struct cluster *cluster)
{
    char command[320];

    for (size_t i = 0; i < cluster->num_messages; i++) {
        if (cluster->messages[i].tag != NULL) {
            cluster->players.drop(cluster->messages[i].tag);
        }
        message_clear(&cluster->messages[i]);
    }
    free(cluster->messages);
    wire_free(&cluster->held);
    for (int i = 0; i < cluster->roster->num_coordinators; i++) {
        close_coordinator(&cluster->coordinators[i]);
        free(cluster->coordinators[i].collectors);
    }
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        free(cluster->sites[i].vector);
        report_free(&cluster->sites[i].report);
        document_free(&cluster->sites[i].receipt);
    }
    for (size_t p = 0; p < cluster->num_past; p++) {
        for (int i = 0; cluster->past_vectors[p] != NULL && i < cluster->roster->num_sites; i++) {
            free(cluster->past_vectors[p][i]);
        }
        free(cluster->past_vectors[p]);
    }
    free(cluster->coordinators);
    free(cluster->sites);
    task_free(&cluster->task);
    for (size_t i = 0; i < cluster->num_past; i++) {
        task_free(&cluster->past[i]);
    }
    roster_free(&cluster->signed_roster);
    document_free(&cluster->roster_document);
    document_free(&cluster->task_document);
    snprintf(command, sizeof command, "rm -rf %s", cluster->directory);
    if (system(command) != 0) {
        abort();
    }
}

/* ---- messages ---- */

static int64_t clock_of(const struct cluster *cluster, const struct cluster_coordinator *c)
{
    return cluster->now_ms + c->skew_ms;
}

static struct message *send_message(struct cluster *cluster, struct message message)
{
    cluster->messages = realloc(cluster->messages, (cluster->num_messages + 1) * sizeof *cluster->messages);
    if (cluster->messages == NULL) {
        abort();
    }
    cluster->messages[cluster->num_messages] = message;
    return &cluster->messages[cluster->num_messages++];
}

static int64_t delay(struct cluster *cluster)
{
    return cluster->now_ms + 1 + (int64_t)cluster_random(cluster, (uint64_t)cluster->faults.max_delay_ms + 1);
}

static ProtobufCMessage *copy_message(const ProtobufCMessage *message)
{
    ProtobufCMessage *copy = NULL;
    uint8_t *packed = NULL;
    struct err err = {0};
    size_t len;

    must(wire_pack(&packed, &len, message, &err), &err);
    must(wire_unpack(&copy, message->descriptor, packed, len, WIRE_LENIENT, &err), &err);
    free(packed);
    return copy;
}

void cluster_hold(struct cluster *cluster, enum core_method method, Weft__V1__DocumentType type)
{
    cluster->holds = true;
    cluster->hold_method = method;
    cluster->hold_type = type;
}

void cluster_let_go(struct cluster *cluster)
{
    cluster->holds = false;
    wire_free(&cluster->held);
}

static bool is_held(struct cluster *cluster, enum core_method method, const ProtobufCMessage *request)
{
    if (!cluster->holds || method != cluster->hold_method ||
        (method == CORE_CO_SIGN &&
         ((const Weft__V1__CoSignRequest *)request)->document->type != cluster->hold_type)) {
        return false;
    }
    wire_free(&cluster->held);
    cluster->held = copy_message(request);
    return true;
}

static bool is_cut(const struct cluster *cluster, int a, int b)
{
    for (size_t i = 0; i < cluster->num_cuts; i++) {
        const struct cluster_cut *cut = &cluster->cuts[i];
        if (cut->until_ms > cluster->now_ms &&
            ((cut->a == a && cut->b == b) || (cut->a == b && cut->b == a))) {
            return true;
        }
    }
    return false;
}

static bool is_kept_back(struct cluster *cluster, const struct message *message)
{
    return message->sender != NONE && cluster->liar.asks != NULL &&
           !cluster->liar.asks(cluster, message->sender, message->receiver, message->method, message->call.request);
}

/* A request on its way: perhaps lost, perhaps delivered twice. */
static void send_request(struct cluster *cluster, struct message message)
{
    const ProtobufCMessage *request = message.sender == NONE ? message.request : message.call.request;

    if (chance(cluster, cluster->faults.drop_request) || is_held(cluster, message.method, request) ||
        is_kept_back(cluster, &message) ||
        cluster->coordinators[message.receiver].is_down ||
        is_cut(cluster, message.sender, message.receiver)) {
        cluster->num_dropped++;
        message.kind = FAILURE;
        message.failure.code = ERR_UNREACHABLE;
        message.at_ms = cluster->now_ms + TIMEOUT_MS;
        send_message(cluster, message);
        return;
    }
    if (chance(cluster, cluster->faults.repeat)) {
        struct message again = message;
        again.is_copy = true;
        again.request = copy_message(request);
        again.call = (struct core_call){0};
        again.tag = NULL;
        again.at_ms = delay(cluster);
        send_message(cluster, again);
    }
    message.at_ms = delay(cluster);
    send_message(cluster, message);
}

static const char *sender_name(const struct cluster *cluster, const struct message *message)
{
    return message->sender == NONE ? cluster->roster->sites[message->site].wire->tls_name
                                   : cluster->roster->coordinators[message->sender].wire->tls_name;
}

int cluster_call(struct cluster *cluster, int receiver, const char *peer, enum core_method method,
                 const ProtobufCMessage *request, ProtobufCMessage **response, struct err *err)
{
    struct cluster_coordinator *c = &cluster->coordinators[receiver];
    struct store_txn *txn = NULL;
    int rc;

    must(store_begin(c->store, &txn, true, err), err);
    if ((rc = core_serve(c->core, txn, peer, method, request, clock_of(cluster, c), response, err)) == 0) {
        must(store_commit(&txn, err), err);
        must(signed_keep(c->signed_log, err), err);
    } else {
        signed_drop(c->signed_log);
    }
    store_abort(&txn);
    return rc;
}

/* Deliver a request: serve it and send the answer back. */
static void deliver_request(struct cluster *cluster, struct message *message)
{
    const ProtobufCMessage *request = message->request != NULL ? message->request : message->call.request;
    ProtobufCMessage *response = NULL;
    struct err failure = {0};
    int rc;

    if (cluster->coordinators[message->receiver].is_down) { /* since it was sent */
        rc = err_set(&failure, ERR_UNREACHABLE, "down");
    } else {
        rc = cluster_call(cluster, message->receiver, sender_name(cluster, message), message->method, request,
                          &response, &failure);
    }
    cluster->num_delivered++;
    if (message->is_copy) {
        wire_free(&response);
        message_clear(message);
        return;
    }
    message->kind = rc == 0 && !chance(cluster, cluster->faults.drop_response) &&
                            !is_cut(cluster, message->sender, message->receiver)
                        ? ANSWER
                        : FAILURE;
    message->at_ms = message->kind == ANSWER || rc != 0 ? delay(cluster) : cluster->now_ms + TIMEOUT_MS;
    if (message->kind == ANSWER) {
        if (message->sender != NONE && cluster->liar.answers != NULL) {
            cluster->liar.answers(cluster, message->receiver, message->sender, message->method, response);
        }
        message->response = response;
    } else {
        wire_free(&response);
        message->failure = failure;
        message->failure.code = rc != 0 ? rc : ERR_DEADLINE;
    }
    send_message(cluster, *message);
    if (getenv("WEFT_CLUSTER_TRACE") != NULL && rc != 0) {
        char text[1024];
        fprintf(stderr, "%ld %s -> %d %s: %s\n", (long)cluster->now_ms, sender_name(cluster, message),
                message->receiver, core_method_name(message->method),
                err_text(&failure, LANG_EN, text, sizeof text));
    }
    if ((int)cluster_random(cluster, 1000) < cluster->faults.crash &&
        !cluster->coordinators[message->receiver].is_down) {
        cluster_restart(cluster, message->receiver);
    }
}

static void deliver_to_coordinator(struct cluster *cluster, struct message *message)
{
    struct cluster_coordinator *c = &cluster->coordinators[message->sender];
    struct store_txn *txn = NULL;
    struct err err = {0};

    if (c->generation == message->generation && !c->is_down) {
        must(store_begin(c->store, &txn, true, &err), &err);
        if (core_answer(c->core, txn, &message->call, message->response,
                        message->response == NULL ? &message->failure : NULL, clock_of(cluster, c),
                        &err) == 0) {
            must(store_commit(&txn, &err), &err);
            must(signed_keep(c->signed_log, &err), &err);
        } else {
            signed_drop(c->signed_log);
            if (getenv("WEFT_CLUSTER_TRACE") != NULL) {
                char text[1024];
                fprintf(stderr, "answer: %s\n", err_text(&err, LANG_EN, text, sizeof text));
            }
            store_abort(&txn);
        }
    }
    message_clear(message);
}

static void deliver_to_site(struct cluster *cluster, struct message *message)
{
    struct cluster_site *site = &cluster->sites[message->site];
    const Weft__V1__SubmitReply *reply = (const Weft__V1__SubmitReply *)message->response;
    struct err err = {0};

    if (cluster->players.act != NULL) {
        cluster->players.answer(cluster, message->site, message->tag, message->response, &message->failure);
        message_clear(message);
        return;
    }
    site->next_ms = cluster->now_ms + 100;
    site->failure = reply == NULL ? message->failure.code : 0;
    if (reply != NULL && reply->receipt != NULL && site->receipt == NULL) {
        must(document_copy(&site->receipt, reply->receipt, &err), &err);
    }
    message_clear(message);
}

static void deliver(struct cluster *cluster, struct message message)
{
    if (message.kind == REQUEST) {
        deliver_request(cluster, &message);
    } else if (message.sender != NONE) {
        deliver_to_coordinator(cluster, &message);
    } else {
        deliver_to_site(cluster, &message);
    }
}

/* ---- parties act ---- */

static void act_coordinator(struct cluster *cluster, int index)
{
    struct cluster_coordinator *c = &cluster->coordinators[index];
    struct core_call calls[MAX_CALLS];
    struct store_txn *txn = NULL;
    struct err err = {0};
    size_t num = 0;

    if (c->is_down) {
        return;
    }
    must(store_begin(c->store, &txn, true, &err), &err);
    if (core_due(c->core, txn, clock_of(cluster, c), calls, MAX_CALLS, &num, &err) != 0) {
        if (err.code != ERR_STORE_FULL) {
            must(err.code, &err);
        }
        store_abort(&txn);
        core_forget(c->core); /* as the daemon does */
        return;
    }
    must(store_commit(&txn, &err), &err);
    for (size_t i = 0; i < num; i++) {
        send_request(cluster, (struct message){
                                  .kind = REQUEST,
                                  .sender = index,
                                  .receiver = roster_find_coordinator(cluster->roster, calls[i].destination),
                                  .generation = c->generation,
                                  .method = calls[i].method,
                                  .call = calls[i]});
    }
}

Weft__V1__SubmitRequest *cluster_build_report(struct cluster *cluster, int index, uint32_t revision)
{
    const struct roster_site *where = &cluster->roster->sites[index];
    const struct roster_area *area = &cluster->roster->areas[where->supervisor];
    const struct view *view = cluster_view(cluster, area->leader);
    struct cluster_site *site = &cluster->sites[index];
    Weft__V1__SubmitRequest *report = NULL;
    uint8_t log_root[DIGEST_SIZE] = {0};
    struct err err = {0};

    if (view == NULL || view->key_sheets[area->leader].document == NULL ||
        view->key_sheets[area->helper].document == NULL) {
        return NULL;
    }
    struct report_input input = {
        .task = cluster->task,
        .site = where->wire->id,
        .revision = revision,
        .vector = site->vector,
        .site_secret = site->secret,
        .sign_key = site->sign_key,
        .leader_hpke_key = ((const Weft__V1__KeySheet *)view->key_sheets[area->leader].body)->public_key.data,
        .helper_hpke_key = ((const Weft__V1__KeySheet *)view->key_sheets[area->helper].body)->public_key.data,
        .leader_static_key = cluster->roster->coordinators[area->leader].wire->static_key.data,
        .helper_static_key = cluster->roster->coordinators[area->helper].wire->static_key.data,
        .rule_set = "none",
        .log_root = log_root,
    };
    must(report_build(&report, &input, &err), &err);
    return report;
}

void cluster_report_again(struct cluster *cluster, int index)
{
    struct cluster_site *site = &cluster->sites[index];

    report_free(&site->report);
    document_free(&site->receipt);
    site->next_ms = cluster->now_ms;
}

void cluster_site_calls(struct cluster *cluster, int site, enum core_method method,
                        const ProtobufCMessage *request, void *tag)
{
    int area = cluster->roster->sites[site].supervisor;

    send_request(cluster, (struct message){.kind = REQUEST,
                                           .sender = NONE,
                                           .site = site,
                                           .receiver = cluster->roster->areas[area].leader,
                                           .method = method,
                                           .request = copy_message(request),
                                           .tag = tag});
}

/* A site reports once both key sheets are known, and asks until it has its receipt. */
static void act_site(struct cluster *cluster, int index)
{
    struct cluster_site *site = &cluster->sites[index];

    if (cluster->task->wire->n_parts > 0 || site->is_silent || site->receipt != NULL || site->next_ms > cluster->now_ms) {
        return;
    }
    if (site->report == NULL) {
        if ((site->report = cluster_build_report(cluster, index, site->revision + 1)) == NULL) {
            return;
        }
        site->revision++;
    }
    site->next_ms = INT64_MAX; /* until the answer */
    cluster_site_calls(cluster, index, CORE_SUBMIT, &site->report->base, NULL);
}

bool cluster_run(struct cluster *cluster, bool (*done)(const struct cluster *), int64_t limit_ms)
{
    int64_t end_ms = cluster->now_ms + limit_ms;

    while (cluster->now_ms < end_ms) {
        if (done(cluster)) {
            return true;
        }
        for (int i = 0; i < cluster->roster->num_coordinators; i++) {
            act_coordinator(cluster, i);
        }
        for (int i = 0; i < cluster->roster->num_sites; i++) {
            (cluster->players.act != NULL ? cluster->players.act : act_site)(cluster, i);
        }
        cluster->now_ms += cluster->num_messages == 0 ? REST_MS : STEP_MS;
        for (size_t i = 0; i < cluster->num_messages;) { /* in whatever order they lie: reordered */
            if (cluster->messages[i].at_ms > cluster->now_ms) {
                i++;
                continue;
            }
            struct message message = cluster->messages[i];
            cluster->messages[i] = cluster->messages[--cluster->num_messages];
            deliver(cluster, message);
        }
    }
    return done(cluster);
}

/* ---- looking ---- */

const struct view *cluster_view_of(const struct cluster *cluster, int coordinator, const struct task *task)
{
    const struct core *core = cluster->coordinators[coordinator].core;

    for (size_t i = 0; i < core_num_tasks(core); i++) {
        if (memcmp(core_task_view(core, i)->task->id, task->id, TASK_ID_SIZE) == 0) {
            return core_task_view(core, i);
        }
    }
    return NULL;
}

const struct view *cluster_view(const struct cluster *cluster, int coordinator)
{
    return cluster_view_of(cluster, coordinator, cluster->task);
}

const struct view *cluster_top_view(const struct cluster *cluster)
{
    return cluster_view(cluster, cluster->roster->areas[cluster->roster->top].leader);
}

static bool has_all_releases(const struct view *view)
{
    if (view == NULL || view->pattern.document == NULL) {
        return false;
    }
    for (int area = 0; area < view->roster->num_areas; area++) {
        struct opening total = {area, WEFT__V1__SCOPE__SCOPE_TOTAL, WEFT__V1__STAGE__STAGE_VALUES};
        if (view->releases[area].document == NULL && view_opening_is_allowed(view, &total)) {
            return false;
        }
    }
    return true;
}

bool cluster_never(const struct cluster *cluster)
{
    (void)cluster;
    return false;
}

bool cluster_is_released(const struct cluster *cluster)
{
    for (int i = 0; i < cluster->roster->num_areas; i++) {
        int leader = cluster->roster->areas[i].leader;
        if (!cluster->coordinators[leader].is_down && !has_all_releases(cluster_view(cluster, leader))) {
            return false;
        }
    }
    return true;
}
