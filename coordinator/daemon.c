/* daemon.c - the core's thread: batches of events, timers, start and stop. */
#include "coordinator/daemon.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/cost.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/rpc.h"
#include "base/wire.h"
#include "coordinator/callers.h"
#include "coordinator/publication.h"
#include "crypto/secret.h"

#define MAX_BATCH       64    /* events that share one commit */
#define MAX_DUE         64    /* calls begun after one look at what is due */
#define MIN_LOOK_MS     5     /* between two such looks */
#define IDLE_LOOK_MS    200   /* the same while nothing happens; or the poll interval if that is shorter */
#define RETRY_LOOK_MS   1000  /* after a look that failed */
#define SCAN_MS         5000  /* between looks into the publication directory */
#define NUM_CALLERS     8     /* threads */
#define CALL_TIMEOUT_MS 30000 /* of a call to another coordinator */
#define LOCK_WAIT_MS    3000  /* for the one before to end */
#define STOP_GRACE_MS   5000  /* for requests, and again for calls */
#define WARN_DAYS       30    /* before the certificate ends */

/* A request of a peer, or the answer to an own call (then `request` is NULL). */
struct event {
    struct callers_job job; /* first: an event is found from its job */
    struct event *next;
    struct rpc_call *request;
    enum core_method method;
    const ProtobufCMessage *body;
    int rc; /* of the request */
    ProtobufCMessage *reply;
    struct err failure;
};

struct events {
    struct event *first, **last;
};

struct daemon;

/* What a handler knows of its method. */
struct served {
    struct daemon *daemon;
    enum core_method method;
};

/* A coordinator that was called, and the failure that was logged and is not over. */
struct called {
    char id[ID_MAX + 1];
    int trouble;
};

struct daemon {
    struct setup setup;
    char endpoint[SETUP_ENDPOINT_SIZE];
    struct loop *loop;
    struct loop_timer *tick, *scan;
    int lock_fd; /* of the store; held until the process ends */
    struct store *store;
    struct core *core;
    struct rpc_server *server;
    struct callers *callers;
    struct publication *publication; /* NULL: none */
    struct served served[CORE_NUM_METHODS];
    struct called *called;
    size_t num_called;
    struct event *spare[MAX_DUE]; /* made beforehand, so that a call that is due cannot get lost */

    pthread_mutex_t lock; /* of the next three */
    struct events queue;
    bool is_woken;
    bool is_closed; /* nobody will look into the queue any more */

    int64_t next_look_ms;      /* by the monotonic clock */
    bool is_dirty;             /* something happened since the last look */
    int trouble, look_trouble; /* error codes that were logged and are not over */
    bool is_stopping, has_stopper;
    pthread_t stopper;
};

/* ---- the queue ---- */

static void events_init(struct events *events)
{
    events->first = NULL;
    events->last = &events->first;
}

static void events_add(struct events *events, struct event *event)
{
    event->next = NULL;
    *events->last = event;
    events->last = &event->next;
}

static struct event *events_take(struct events *events)
{
    struct event *event = events->first;

    if (event != NULL && (events->first = event->next) == NULL) {
        events->last = &events->first;
    }
    return event;
}

static void event_free(struct event *event)
{
    core_call_free(&event->job.call);
    wire_free(&event->job.response);
    wire_free(&event->reply);
    free(event);
}

static void on_wake(void *arg);

static void refuse_to_work(struct event *event)
{
    struct err err = {0};

    if (event->request != NULL) {
        err_set(&err, ERR_UNREACHABLE, "this coordinator is stopping");
        rpc_fail(event->request, &err);
    }
    event_free(event);
}

/* With the lock held. If waking fails for lack of memory, the next tick finds the event. */
static void wake(struct daemon *daemon)
{
    if (!daemon->is_woken) {
        daemon->is_woken = loop_post(daemon->loop, on_wake, daemon, NULL) == 0;
    }
}

/* From any thread. */
static void enqueue(struct daemon *daemon, struct event *event)
{
    bool is_closed;

    pthread_mutex_lock(&daemon->lock);
    is_closed = daemon->is_closed;
    if (!is_closed) {
        events_add(&daemon->queue, event);
        wake(daemon);
    }
    pthread_mutex_unlock(&daemon->lock);
    if (is_closed) {
        refuse_to_work(event);
    }
}

static void on_request(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const struct served *served = user;
    struct event *event = calloc(1, sizeof *event);
    struct err err = {0};

    if (event == NULL) {
        err_set(&err, ERR_NO_MEMORY, "request");
        rpc_fail(call, &err);
        return;
    }
    event->request = call;
    event->method = served->method;
    event->body = request;
    enqueue(served->daemon, event);
}

static void on_call_done(void *user, struct callers_job *job)
{
    enqueue(user, (struct event *)(void *)job);
}

/* ---- one batch ---- */

struct batch {
    struct events events; /* in work */
    struct events due;    /* calls to be made once all is committed */
    struct events kept;   /* answers that could not be looked at: they stay in the queue */
    size_t num_events;
    bool looks; /* at what is due, too */
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Log a lasting trouble once, and its end. */
static void note(int *trouble, const char *what, const struct err *failure)
{
    if (failure != NULL && *trouble != failure->code) {
        log_error(what, LOG_ERR(failure));
    } else if (failure == NULL && *trouble != 0) {
        log_info("recovered", LOG_TEXT("from", what));
    }
    *trouble = failure == NULL ? 0 : failure->code;
}

static struct called *find_called(struct daemon *daemon, const char *id)
{
    struct called *grown;

    for (size_t i = 0; i < daemon->num_called; i++) {
        if (strcmp(daemon->called[i].id, id) == 0) {
            return &daemon->called[i];
        }
    }
    if ((grown = realloc(daemon->called, (daemon->num_called + 1) * sizeof *grown)) == NULL) {
        return NULL;
    }
    daemon->called = grown;
    grown = &grown[daemon->num_called++];
    *grown = (struct called){0};
    snprintf(grown->id, sizeof grown->id, "%s", id);
    return grown;
}

/* Not to reach a peer, or not to be known to it, is logged once; other refusals belong to the protocol's
 * steps, and the core logs those that matter. */
static void note_outcome(struct daemon *daemon, const struct callers_job *job)
{
    int code = job->response != NULL ? 0 : job->failure.code;
    bool is_lasting = code == ERR_UNREACHABLE || code == ERR_DEADLINE || code == ERR_CERTIFICATE ||
                      code == ERR_PEER_UNKNOWN || code == ERR_NOT_ALLOWED;
    struct called *called = find_called(daemon, job->call.destination);

    if (called != NULL && is_lasting && called->trouble != code) {
        log_warn("peer not reached", LOG_TEXT("peer", job->call.destination), LOG_ERR(&job->failure));
        called->trouble = code;
    } else if (called != NULL && code == 0 && called->trouble != 0) {
        log_info("peer reached again", LOG_TEXT("peer", job->call.destination));
        called->trouble = 0;
    } else if (code != 0) {
        log_debug("call failed", LOG_TEXT("peer", job->call.destination), LOG_ERR(&job->failure));
    }
}

/* End a nested transaction by `rc`. When its commit fails, the core has seen what the store has not. */
static int end_nested(struct daemon *daemon, struct store_txn **txn, int rc, struct err *err)
{
    if (rc != 0) {
        store_abort(txn);
    } else if ((rc = store_commit(txn, err)) != 0) {
        core_forget(daemon->core);
    }
    return rc;
}

static void serve_request(struct daemon *daemon, struct store_txn *outer, struct event *event)
{
    struct store_txn *txn = NULL;

    if (rpc_call_is_cancelled(event->request)) {
        event->rc = err_set(&event->failure, ERR_DEADLINE, "nobody waits for the answer any more");
        return;
    }
    if ((event->rc = store_begin_nested(outer, &txn, &event->failure)) != 0) {
        return;
    }
    event->rc = core_serve(daemon->core, txn, rpc_call_peer(event->request)->name, event->method, event->body,
                           calendar_now_ms(), &event->reply, &event->failure);
    event->rc = end_nested(daemon, &txn, event->rc, &event->failure);
}

/* False when there was no transaction for it: then the core does not know yet. */
static bool take_answer(struct daemon *daemon, struct store_txn *outer, struct event *event)
{
    struct store_txn *txn = NULL;
    struct err err = {0};
    int rc;

    if (store_begin_nested(outer, &txn, &err) != 0) {
        return false;
    }
    note_outcome(daemon, &event->job);
    rc = core_answer(daemon->core, txn, &event->job.call, event->job.response, &event->job.failure,
                     calendar_now_ms(), &err);
    if (end_nested(daemon, &txn, rc, &err) != 0) {
        log_error("answer not taken", LOG_TEXT("peer", event->job.call.destination),
                  LOG_TEXT("method", core_method_name(event->job.call.method)), LOG_ERR(&err));
    }
    return true;
}

static void take_publication(struct daemon *daemon, struct store_txn *outer)
{
    const Weft__V1__Document *document;

    while (daemon->publication != NULL && (document = publication_next(daemon->publication)) != NULL) {
        struct store_txn *txn = NULL;
        struct err err = {0};
        int rc = store_begin_nested(outer, &txn, &err);
        if (rc == 0) {
            rc = core_publish(daemon->core, txn, document, &err);
            rc = end_nested(daemon, &txn, rc, &err);
        }
        publication_done(daemon->publication, rc == 0 ? NULL : &err);
    }
}

static bool fill_spare(struct daemon *daemon)
{
    for (size_t i = 0; i < MAX_DUE; i++) {
        if (daemon->spare[i] == NULL && (daemon->spare[i] = calloc(1, sizeof(struct event))) == NULL) {
            return false;
        }
    }
    return true;
}

/* Ask the core what is due. Its failure harms neither the batch nor the daemon: it is asked again. */
static void look(struct daemon *daemon, struct store_txn *outer, struct batch *batch)
{
    struct core_call calls[MAX_DUE];
    struct store_txn *txn = NULL;
    struct err err = {0};
    size_t num = 0;
    int rc = fill_spare(daemon) ? 0 : err_set(&err, ERR_NO_MEMORY, "calls");

    if (rc == 0 && (rc = store_begin_nested(outer, &txn, &err)) == 0) {
        rc = core_due(daemon->core, txn, calendar_now_ms(), calls, MAX_DUE, &num, &err);
        if (rc != 0) {
            num = 0;
        }
        rc = end_nested(daemon, &txn, rc, &err);
    }
    for (size_t i = 0; i < num; i++) {
        struct event *event = daemon->spare[i];
        daemon->spare[i] = NULL;
        event->job.call = calls[i];
        if (rc != 0) { /* the look was not stored: the call fails without being made */
            event->job.failure = err;
            enqueue(daemon, event);
        } else {
            events_add(&batch->due, event);
        }
    }
    if (rc != 0) {
        core_forget(daemon->core); /* it may have made keys or documents that were not stored */
    }
    note(&daemon->look_trouble, "work that is due failed", rc == 0 ? NULL : &err);
    daemon->is_dirty = num == MAX_DUE;
}

static int run_in(struct daemon *daemon, struct store_txn *txn, struct batch *batch)
{
    struct events done;
    struct event *event;

    events_init(&done);
    while ((event = events_take(&batch->events)) != NULL) {
        if (event->request != NULL) {
            serve_request(daemon, txn, event);
            events_add(&done, event);
        } else if (take_answer(daemon, txn, event)) {
            events_add(&done, event);
        } else {
            events_add(&batch->kept, event);
        }
    }
    while ((event = events_take(&done)) != NULL) {
        events_add(&batch->events, event);
    }
    take_publication(daemon, txn);
    if (batch->looks) {
        look(daemon, txn, batch);
    }
    return 0;
}

static int run_batch(struct daemon *daemon, struct batch *batch, bool *is_begun, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc;

    *is_begun = false;
    if ((rc = store_begin(daemon->store, &txn, true, err)) != 0) {
        return rc;
    }
    *is_begun = true;
    if ((rc = run_in(daemon, txn, batch)) == 0 && (rc = store_commit(&txn, err)) != 0) {
        core_forget(daemon->core);
        if (daemon->publication != NULL) {
            publication_undo(daemon->publication);
        }
    }
    store_abort(&txn);
    return rc;
}

/* ---- after the commit ---- */

static void reply(struct event *event)
{
    if (event->rc == 0) {
        rpc_reply(event->request, event->reply);
    } else {
        rpc_fail(event->request, &event->failure);
    }
}

/* Where to call; the settings win over what rosters and key sheets say. */
static bool find_way(const struct daemon *daemon, struct callers_job *job)
{
    const struct setup_peer *peer = setup_find_peer(&daemon->setup, job->call.destination);
    const char *endpoint = peer != NULL ? peer->endpoint : core_endpoint(daemon->core, job->call.destination);
    const char *tls_name = peer != NULL ? peer->tls_name : core_tls_name(daemon->core, job->call.destination);

    if (endpoint == NULL || tls_name == NULL || strlen(endpoint) >= sizeof job->endpoint ||
        strlen(tls_name) >= sizeof job->tls_name) {
        err_set(&job->failure, ERR_UNREACHABLE,
                "%s: address not known yet; peers in the settings may name it", job->call.destination);
        return false;
    }
    snprintf(job->endpoint, sizeof job->endpoint, "%s", endpoint);
    snprintf(job->tls_name, sizeof job->tls_name, "%s", tls_name);
    return true;
}

static void finish_batch(struct daemon *daemon, struct batch *batch, int rc, const struct err *err)
{
    struct event *event;

    while ((event = events_take(&batch->events)) != NULL) {
        if (rc != 0 && event->request != NULL) {
            event->rc = rc;
            event->failure = *err;
        }
        if (event->request != NULL) {
            reply(event);
        }
        event_free(event);
    }
    while ((event = events_take(&batch->due)) != NULL) {
        if (rc != 0) { /* what it rests on is not stored */
            event->job.failure = *err;
            enqueue(daemon, event);
        } else if (find_way(daemon, &event->job)) {
            callers_submit(daemon->callers, &event->job);
        } else {
            enqueue(daemon, event);
        }
    }
}

/* Without a transaction, requests are refused and answers wait in the queue. */
static void refuse_batch(struct batch *batch, int rc, const struct err *err)
{
    struct event *event;

    while ((event = events_take(&batch->events)) != NULL) {
        if (event->request == NULL) {
            events_add(&batch->kept, event);
            continue;
        }
        event->rc = rc;
        event->failure = *err;
        reply(event);
        event_free(event);
    }
}

/* Back to where they came from, in front; the next tick looks at them again. */
static void put_back(struct daemon *daemon, struct batch *batch)
{
    if (batch->kept.first == NULL) {
        return;
    }
    pthread_mutex_lock(&daemon->lock);
    *batch->kept.last = daemon->queue.first;
    if (daemon->queue.first == NULL) {
        daemon->queue.last = batch->kept.last;
    }
    daemon->queue.first = batch->kept.first;
    pthread_mutex_unlock(&daemon->lock);
}

static void take_batch(struct daemon *daemon, struct batch *batch)
{
    struct event *event;

    *batch = (struct batch){0};
    events_init(&batch->events);
    events_init(&batch->due);
    events_init(&batch->kept);
    pthread_mutex_lock(&daemon->lock);
    while (batch->num_events < MAX_BATCH && (event = events_take(&daemon->queue)) != NULL) {
        events_add(&batch->events, event);
        batch->num_events++;
    }
    if (daemon->queue.first != NULL) { /* the rest after timers and signals */
        wake(daemon);
    }
    pthread_mutex_unlock(&daemon->lock);
    daemon->is_dirty |= batch->num_events > 0;
    batch->looks = !daemon->is_stopping && monotonic_ms() >= daemon->next_look_ms;
}

/* A look takes longer the more tasks there are: at most half of the time goes into looking. */
static void set_next_look(struct daemon *daemon, int64_t began_ms)
{
    int64_t now = monotonic_ms(), pause = now - began_ms;

    pause = pause < MIN_LOOK_MS ? MIN_LOOK_MS : pause;
    daemon->next_look_ms = now + (daemon->look_trouble != 0 || daemon->trouble != 0 ? RETRY_LOOK_MS : pause);
}

static void set_tick(struct daemon *daemon)
{
    int64_t idle =
        daemon->setup.settings.poll_ms < IDLE_LOOK_MS ? daemon->setup.settings.poll_ms : IDLE_LOOK_MS;
    int64_t until = daemon->next_look_ms - monotonic_ms();

    loop_timer_after(daemon->tick, !daemon->is_dirty || daemon->is_stopping ? idle : until < 1 ? 1 : until);
}

/* Everything that happens in the core happens here. */
static void work(struct daemon *daemon)
{
    int64_t began = monotonic_ms();
    struct batch batch;
    struct err err = {0};
    bool is_begun;
    int rc;

    take_batch(daemon, &batch);
    if (batch.num_events > 0 || batch.looks) {
        rc = run_batch(daemon, &batch, &is_begun, &err);
        note(&daemon->trouble, "store not written", rc == 0 ? NULL : &err);
        if (is_begun) {
            finish_batch(daemon, &batch, rc, &err);
        } else {
            refuse_batch(&batch, rc, &err);
        }
        put_back(daemon, &batch);
        if (batch.looks) {
            set_next_look(daemon, began);
        }
    }
    set_tick(daemon);
}

static void on_wake(void *arg)
{
    struct daemon *daemon = arg;

    pthread_mutex_lock(&daemon->lock);
    daemon->is_woken = false;
    pthread_mutex_unlock(&daemon->lock);
    work(daemon);
}

static void on_tick(void *arg)
{
    work(arg);
}

static void on_scan(void *arg)
{
    struct daemon *daemon = arg;

    if (!daemon->is_stopping) {
        publication_look(daemon->publication);
        work(daemon);
    }
}

/* ---- stopping ---- */

/* The server waits for its calls, which the core's thread must answer meanwhile. */
static void *stop_server(void *arg)
{
    struct daemon *daemon = arg;

    rpc_server_stop(daemon->server, STOP_GRACE_MS);
    loop_stop(daemon->loop);
    return NULL;
}

static void on_signal(void *arg, int signal)
{
    struct daemon *daemon = arg;

    if (signal == SIGUSR1) {
        cost_log();
        return;
    }
    if (signal == SIGHUP) {
        log_info("connections and documents are renewed");
        callers_renew(daemon->callers);
        if (daemon->publication != NULL) {
            on_scan(daemon);
        }
        return;
    }
    if (daemon->is_stopping) {
        return;
    }
    daemon->is_stopping = true;
    log_info("stopping");
    rpc_server_set_serving(daemon->server, false);
    daemon->has_stopper = pthread_create(&daemon->stopper, NULL, stop_server, daemon) == 0;
    if (!daemon->has_stopper) {
        loop_stop(daemon->loop); /* without grace then, in close_all */
    }
}

/* From here on what comes is turned away at once. */
static void close_queue(struct daemon *daemon)
{
    struct events left;
    struct event *event;

    pthread_mutex_lock(&daemon->lock);
    daemon->is_closed = true;
    left = daemon->queue;
    pthread_mutex_unlock(&daemon->lock);
    while ((event = events_take(&left)) != NULL) {
        refuse_to_work(event);
    }
}

/* In the reverse order of opening; each part may be missing. */
static void close_all(struct daemon *daemon)
{
    if (daemon->has_stopper) {
        pthread_join(daemon->stopper, NULL);
    }
    close_queue(daemon);
    rpc_server_free(&daemon->server);
    if (daemon->callers != NULL && !callers_stop(daemon->callers, STOP_GRACE_MS)) {
        /* Calls hang in the network and cannot be called off. The store holds everything that counts. */
        log_warn("calls under way are given up");
        store_close(&daemon->store);
        _exit(0);
    }
    callers_free(&daemon->callers);
    for (size_t i = 0; i < MAX_DUE; i++) {
        free(daemon->spare[i]);
    }
    free(daemon->called);
    publication_free(&daemon->publication);
    core_free(&daemon->core);
    store_close(&daemon->store);
    if (daemon->tick != NULL) {
        loop_timer_free(&daemon->tick);
        loop_timer_free(&daemon->scan);
    }
    loop_free(&daemon->loop);
    if (daemon->lock_fd > 0) {
        close(daemon->lock_fd);
    }
    setup_clear(&daemon->setup);
    pthread_mutex_destroy(&daemon->lock);
}

/* ---- starting ---- */

/* Who may do what depends on the roster, which the core's thread owns: core_serve decides. Here those are turned away
 * who have no name at all, and who bear this coordinator's own name by another certificate than its own: only its
 * operator, on its machine, has the key of that one. */
static int allow(const struct rpc_peer *peer, const char *method, void *user, struct err *err)
{
    const struct daemon *daemon = user;
    struct cert_info own = {0};

    (void)method;
    if (peer->name[0] == '\0') {
        return err_set(err, ERR_PEER_UNKNOWN, "a certificate without a name");
    }
    if (strcmp(peer->name, daemon->setup.identity.tls_name) == 0 &&
        (setup_read_certificate(&daemon->setup, &own, err) != 0 ||
         memcmp(own.digest, peer->cert_digest, sizeof own.digest) != 0)) {
        return err_set(err, ERR_NOT_ALLOWED, "%s is this coordinator itself", peer->name);
    }
    return 0;
}

static int check_certificate(const struct daemon *daemon, struct err *err)
{
    int64_t now = calendar_now_ms(), days;
    struct cert_info info;
    int rc;

    if ((rc = setup_check_certificate(&daemon->setup, &info, now, err)) != 0) {
        return rc;
    }
    days = (info.not_after_ms - now) / CALENDAR_MS_PER_DAY;
    if (days < WARN_DAYS) {
        log_warn("the certificate ends soon", LOG_INT("days", days));
    }
    return 0;
}

static int make_server(struct daemon *daemon, const char *address, struct err *err)
{
    struct rpc_server_options options = {
        .address = address,
        .ca_file = daemon->setup.settings.ca,
        .cert_file = daemon->setup.settings.certificate,
        .key_file = daemon->setup.tls_key_path,
        .allow = allow,
        .allow_user = daemon,
    };
    int rc = rpc_server_new(&daemon->server, &options, err);

    for (int i = 0; rc == 0 && i < CORE_NUM_METHODS; i++) {
        struct rpc_method method = {core_method_name((enum core_method)i), on_request};
        daemon->served[i] = (struct served){daemon, (enum core_method)i};
        rc = rpc_server_add(daemon->server,
                            i < CORE_INVITE ? &weft__v1__exchange__descriptor : &weft__v1__console__descriptor,
                            &method, 1, &daemon->served[i], err);
    }
    return rc;
}

static int start_on(struct daemon *daemon, const char *address, uint16_t *port, struct err *err)
{
    int rc;

    if ((rc = make_server(daemon, address, err)) != 0 ||
        (rc = rpc_server_start(daemon->server, port, err)) != 0) {
        rpc_server_free(&daemon->server);
    }
    return rc;
}

/* The port of the last run, 0 if unknown. Signed key sheets name it, so it should stay. */
static unsigned last_port(const struct daemon *daemon)
{
    uint8_t *data = NULL;
    unsigned long port = 0;
    size_t len;

    if (daemon->setup.settings.port_file != NULL &&
        file_read(&data, &len, daemon->setup.settings.port_file, 16, NULL) == 0) {
        port = strtoul((const char *)data, NULL, 10);
    }
    free(data);
    return port > 65535 ? 0 : (unsigned)port;
}

static int start_server(struct daemon *daemon, struct err *err)
{
    const struct setup_settings *settings = &daemon->setup.settings;
    int host_len = (int)(strrchr(settings->listen, ':') - settings->listen);
    unsigned previous = strcmp(settings->listen + host_len, ":0") == 0 ? last_port(daemon) : 0;
    char address[SETUP_ENDPOINT_SIZE];
    uint16_t port = 0;
    int rc = ERR_PORT_TAKEN;

    if (previous != 0) {
        snprintf(address, sizeof address, "%.*s:%u", host_len, settings->listen, previous);
        rc = start_on(daemon, address, &port, err);
    }
    if (rc == ERR_PORT_TAKEN) {
        rc = start_on(daemon, settings->listen, &port, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (settings->advertise != NULL) {
        snprintf(daemon->endpoint, sizeof daemon->endpoint, "%s", settings->advertise);
    } else {
        snprintf(daemon->endpoint, sizeof daemon->endpoint, "%.*s:%u", host_len, settings->listen,
                 (unsigned)port);
    }
    snprintf(address, sizeof address, "%.*s:%u", host_len, settings->listen, (unsigned)port);
    log_info("serving", LOG_TEXT("id", daemon->setup.identity.id), LOG_TEXT("address", address),
             LOG_TEXT("advertised", daemon->endpoint));
    snprintf(address, sizeof address, "%u\n", (unsigned)port);
    return settings->port_file == NULL
               ? 0
               : file_write(settings->port_file, address, strlen(address), FILE_MODE_PUBLIC, err);
}

static int start_core(struct daemon *daemon, struct err *err)
{
    struct core_options options =
        setup_core_options(&daemon->setup, daemon->endpoint, store_incarnation(daemon->store));
    int rc = core_new(&daemon->core, &options, err);

    secret_wipe(&options, sizeof options);
    return rc;
}

static int start_callers(struct daemon *daemon, struct err *err)
{
    struct callers_options options = {
        .ca_file = daemon->setup.settings.ca,
        .cert_file = daemon->setup.settings.certificate,
        .key_file = daemon->setup.tls_key_path,
        .proxy = {daemon->setup.settings.proxy, daemon->setup.settings.proxy_credentials,
                  daemon->setup.settings.no_proxy},
        .num_threads = NUM_CALLERS,
        .timeout_ms = CALL_TIMEOUT_MS,
        .done = on_call_done,
        .user = daemon,
    };
    return callers_new(&daemon->callers, &options, err);
}

static int start_timers(struct daemon *daemon, struct err *err)
{
    int rc;

    if ((rc = loop_timer_new(&daemon->tick, daemon->loop, on_tick, daemon, err)) != 0) {
        return rc;
    }
    if ((rc = loop_timer_new(&daemon->scan, daemon->loop, on_scan, daemon, err)) != 0) {
        return rc;
    }
    if (daemon->setup.settings.publication != NULL) {
        if ((rc = publication_new(&daemon->publication, daemon->setup.settings.publication, err)) != 0) {
            return rc;
        }
        loop_timer_every(daemon->scan, SCAN_MS);
        publication_look(daemon->publication);
    }
    loop_timer_after(daemon->tick, 0);
    return 0;
}

static int start_all(struct daemon *daemon, struct err *err)
{
    int rc;

    if ((rc = setup_load_keys(&daemon->setup, err)) != 0 || (rc = check_certificate(daemon, err)) != 0 ||
        (rc = file_lock_open(&daemon->lock_fd, daemon->setup.store_path, err)) != 0 ||
        (rc = file_lock(daemon->lock_fd, daemon->setup.store_path, LOCK_WAIT_MS, err)) != 0 ||
        (rc = db_open_store(&daemon->store, daemon->setup.store_path, false, false, err)) != 0) {
        return rc;
    }
    /* Requests that come before the core is there wait in the queue. */
    if ((rc = start_callers(daemon, err)) != 0 || (rc = start_server(daemon, err)) != 0 ||
        (rc = start_core(daemon, err)) != 0) {
        return rc;
    }
    loop_on_signal(daemon->loop, on_signal, daemon);
    return start_timers(daemon, err);
}

int daemon_run(const char *settings_path, struct err *err)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    bool has_rpc = false;
    int rc;

    if (daemon == NULL) {
        return err_set(err, ERR_NO_MEMORY, "coordinator");
    }
    pthread_mutex_init(&daemon->lock, NULL);
    events_init(&daemon->queue);
    if ((rc = setup_read(&daemon->setup, settings_path, err)) != 0) {
        goto done;
    }
    log_start("weft-coordinator", (enum log_level)daemon->setup.settings.log_level,
              (enum log_format)daemon->setup.settings.log_format, STDERR_FILENO);
    if ((rc = loop_new(&daemon->loop, err)) != 0 || (rc = rpc_init(err)) != 0) {
        goto done;
    }
    has_rpc = true;
    if ((rc = start_all(daemon, err)) == 0) {
        loop_run(daemon->loop);
        log_info("stopped");
    }
done:
    close_all(daemon);
    if (has_rpc) {
        rpc_shutdown();
    }
    free(daemon);
    return rc;
}
