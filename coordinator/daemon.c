/* daemon.c - the core's thread: batches of events, timers, and how it ends. */
#include "coordinator/daemon.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/contact.h"
#include "base/cost.h"
#include "base/log.h"
#include "base/wire.h"
#include "coordinator/daemon_internal.h"

#define MAX_BATCH       64    /* events that share one commit */
#define MIN_LOOK_MS     5     /* between two such looks */
#define IDLE_LOOK_MS    200   /* the same while nothing happens; or the poll interval if that is shorter */
#define RETRY_LOOK_MS   1000  /* after a look that failed */
#define STOP_GRACE_MS   5000  /* for requests, and again for calls */

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

void daemon_on_request(struct rpc_call *call, const ProtobufCMessage *request, void *user)
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

void daemon_on_call_done(void *user, struct callers_job *job)
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

/* Not to reach a peer is logged once; other refusals belong to the protocol's steps, and the core logs those that
 * matter. */
static void note_outcome(struct daemon *daemon, const struct callers_job *job)
{
    int code = job->response != NULL ? 0 : job->failure.code;
    struct called *called = find_called(daemon, job->call.destination);

    if (called != NULL && contact_is_unreachable(code) && called->trouble != code) {
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

    if (event->job.call.method == CORE_RENEW) { /* the daemon's own, not the core's */
        daemon_take_renewal(daemon, event);
        return true;
    }
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
    if (rc != 0) {
        signed_drop(daemon->signed_log);
        return rc;
    }
    return signed_keep(daemon->signed_log, err); /* before an answer leaves */
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

void daemon_submit(struct daemon *daemon, struct event *event)
{
    if (find_way(daemon, &event->job)) {
        callers_submit(daemon->callers, &event->job);
    } else {
        enqueue(daemon, event);
    }
}

/* What a call brought may be what the answer to a request is held back for. */
static void serve_again(struct daemon *daemon, const struct event *called)
{
    struct event *event = daemon_held_for(daemon, &called->job);

    if (event != NULL) {
        enqueue(daemon, event);
    }
}

static void answer_held(struct daemon *daemon, bool all)
{
    struct event *event;

    while ((event = daemon_held_until(daemon, monotonic_ms(), all)) != NULL) {
        reply(event);
        event_free(event);
    }
}

static void finish_event(struct daemon *daemon, struct event *event)
{
    if (event->request == NULL) {
        serve_again(daemon, event);
    } else if (daemon_hold(daemon, event, monotonic_ms())) {
        return;
    } else {
        reply(event);
    }
    event_free(event);
}

static void finish_batch(struct daemon *daemon, struct batch *batch, int rc, const struct err *err)
{
    struct event *event;

    while ((event = events_take(&batch->events)) != NULL) {
        if (rc != 0 && event->request != NULL) {
            event->rc = rc;
            event->failure = *err;
        }
        finish_event(daemon, event);
    }
    while ((event = events_take(&batch->due)) != NULL) {
        if (rc != 0) { /* what it rests on is not stored */
            event->job.failure = *err;
            enqueue(daemon, event);
        } else {
            daemon_submit(daemon, event);
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
    answer_held(daemon, daemon->is_stopping);
    daemon_follow_roster(daemon);
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

void daemon_on_tick(void *arg)
{
    work(arg);
}

void daemon_on_scan(void *arg)
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

void daemon_on_signal(void *arg, int signal)
{
    struct daemon *daemon = arg;

    if (signal == SIGUSR1) {
        cost_log();
        return;
    }
    if (signal == SIGHUP) {
        log_info("connections and documents are renewed");
        callers_renew(daemon->callers);
        loop_timer_after(daemon->certificates, 0);
        if (daemon->publication != NULL) {
            daemon_on_scan(daemon);
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
    answer_held(daemon, true);
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
        loop_timer_free(&daemon->certificates);
    }
    loop_free(&daemon->loop);
    signed_close(&daemon->signed_log);
    if (daemon->lock_fd > 0) {
        close(daemon->lock_fd);
    }
    setup_clear(&daemon->setup);
    pthread_mutex_destroy(&daemon->lock);
}

/* ---- all of it ---- */

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
    events_init(&daemon->held);
    if ((rc = setup_read(&daemon->setup, settings_path, err)) != 0) {
        goto done;
    }
    log_start("weft-coordinator", (enum log_level)daemon->setup.settings.log_level,
              (enum log_format)daemon->setup.settings.log_format, STDERR_FILENO);
    if ((rc = loop_new(&daemon->loop, err)) != 0 || (rc = rpc_init(err)) != 0) {
        goto done;
    }
    has_rpc = true;
    if ((rc = daemon_start_all(daemon, err)) == 0) {
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
