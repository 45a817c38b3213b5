/* rpc_server.c - setting a server up, keeping it reachable, and stopping it in the order that gRPC needs. */
#include "base/rpc_server_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "proto/health.pb-c.h"

#define RETIRE_GRACE_MS    30000 /* for the calls of a retired listener */
#define ASK_TIMEOUT_MS     3000
#define SUSPECT_TIMEOUT_MS 1000
#define TICK_MS            500 /* of the supervisor, while something is amiss */
#define MAX_WORKERS        256u

/* ---- Listeners -------------------------------------------------------------------------------------------
 */

static grpc_server *grpc_server_with_options(const struct rpc_server *server)
{
    grpc_arg args[] = {
        rpc_arg_int(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)server->max_message),
        rpc_arg_int(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, (int)server->max_message),
        RPC_ARGS_NO_COMPRESSION,
        rpc_arg_int(GRPC_ARG_MAX_CONCURRENT_STREAMS, 128),
        rpc_arg_int(GRPC_ARG_ALLOW_REUSEPORT, 0), /* else a second server shares the port in silence */
        rpc_arg_int(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10000),
        rpc_arg_int(GRPC_ARG_MAX_METADATA_SIZE, 8192),
        rpc_arg_int(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 1 << 20),
        rpc_arg_int(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                    5000), /* clients ping every 10 s */
        rpc_arg_int(GRPC_ARG_KEEPALIVE_TIME_MS, 60000),
        rpc_arg_int(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000),
        rpc_arg_int(GRPC_ARG_MAX_CONNECTION_AGE_MS, server->max_connection_age_ms),
        rpc_arg_int(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 60000),
        rpc_arg_int(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 15 * 60000),
        rpc_arg_int(GRPC_ARG_ENABLE_CHANNELZ, 0),
    };
    const grpc_channel_args list = {sizeof(args) / sizeof(*args), args};

    return grpc_server_create(&list, NULL);
}

/* gRPC gives 0 for every reason. */
static int bind_failure(const char *address, struct err *err)
{
    int error = rpc_port_bind_error(address);

    if (error != 0)
        return err_set_errno(err, ERR_PORT_TAKEN, error, "%s", address);
    return err_set(err, ERR_CERTIFICATE, "certificate, key and authority do not fit together");
}

static int listener_bind(struct rpc_server *server, struct listener *listener, struct err *err)
{
    grpc_server_credentials *credentials = rpc_server_credentials(&listener->reload, &server->files, err);
    char address[sizeof(server->address)];
    int port;

    if (credentials == NULL)
        return err == NULL || err->code == 0 ? ERR_CERTIFICATE : err->code;
    port = grpc_server_add_http2_port(listener->grpc, server->address, credentials);
    grpc_server_credentials_release(credentials);
    if (port <= 0)
        return bind_failure(server->address, err);
    if (rpc_port_replace(address, sizeof(address), server->address, (uint16_t)port))
        memcpy(server->address, address, sizeof(address));
    return 0;
}

static void listener_free(struct listener *listener)
{
    if (listener->grpc != NULL)
        grpc_server_destroy(listener->grpc);
    free(listener->registered);
    free(listener);
}

/* A grpc_server that was never started must be shut down all the same before it is destroyed. */
static void listener_shut(struct listener *listener)
{
    HAND_OVER(&listener->on_shutdown);
    grpc_server_shutdown_and_notify(listener->grpc, listener->server->queue, &listener->on_shutdown);
}

static void listener_await(struct listener *listener)
{
    struct rpc_server *server = listener->server;

    pthread_mutex_lock(&server->lock);
    while (!listener->is_shut || listener->pending > 0)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

static struct listener *listener_new(struct rpc_server *server)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (listener == NULL)
        return NULL;
    listener->server = server;
    listener->on_shutdown = (struct tag){TAG_SHUTDOWN, listener};
    listener->registered = calloc(server->num_served + 1, sizeof(void *));
    if (listener->registered == NULL) {
        free(listener);
        return NULL;
    }
    listener->grpc = grpc_server_with_options(server);
    grpc_server_register_completion_queue(listener->grpc, server->queue, NULL);
    for (const struct served *each = server->served; each != NULL; each = each->next)
        listener->registered[each->index] = grpc_server_register_method(
            listener->grpc, each->path, NULL, GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER, 0);
    return listener;
}

/* Open the current listener, in front of the retired ones. */
static int listener_open(struct rpc_server *server, struct err *err)
{
    struct listener *listener = listener_new(server);
    int rc;

    if (listener == NULL)
        return err_set(err, ERR_NO_MEMORY, "listener");
    if ((rc = listener_bind(server, listener, err)) != 0) {
        listener_shut(listener);
        listener_await(listener);
        listener_free(listener);
        return rc;
    }
    grpc_server_start(listener->grpc);
    if (!rpc_listener_arm(listener))
        log_error("no memory for all slots of a listener");
    listener->next = server->listeners;
    server->listeners = listener;
    return 0;
}

/* ---- Supervisor ------------------------------------------------------------------------------------------
 */

/* Destroy the retired listeners that are done; cancel what overstays. */
static void tend_retired(struct rpc_server *server)
{
    struct listener **place = &server->listeners;

    while (*place != NULL) {
        struct listener *listener = *place;
        bool done;

        pthread_mutex_lock(&server->lock);
        done = listener->is_shut && listener->pending == 0;
        pthread_mutex_unlock(&server->lock);
        if (done) {
            *place = listener->next;
            listener_free(listener);
            continue;
        }
        if (listener->retired_at_ms != 0 && !listener->is_cancelled &&
            rpc_now_ms() - listener->retired_at_ms > RETIRE_GRACE_MS) {
            listener->is_cancelled = true;
            grpc_server_cancel_all_calls(listener->grpc);
        }
        place = &listener->next;
    }
}

static bool has_current(const struct rpc_server *server)
{
    return server->listeners != NULL && server->listeners->retired_at_ms == 0;
}

static void retire_current(struct rpc_server *server)
{
    struct listener *listener = server->listeners;

    log_warn("a listener died and is replaced", LOG_TEXT("address", server->address));
    listener->retired_at_ms = rpc_now_ms();
    listener_shut(listener);
}

/* Whether the current listener has died. Unless an accept() is known to have failed, it is asked twice. */
static bool is_dead(const struct rpc_server *server, bool suspected, enum rpc_port_state *state)
{
    *state = rpc_port_ask(server->address, suspected ? SUSPECT_TIMEOUT_MS : ASK_TIMEOUT_MS);
    if (*state == RPC_PORT_SILENT && !suspected && !atomic_load(&server->is_stopping))
        *state = rpc_port_ask(server->address, ASK_TIMEOUT_MS);
    return *state == RPC_PORT_SILENT;
}

static void *supervise(void *argument)
{
    struct rpc_server *server = argument;
    enum rpc_port_state state = RPC_PORT_ANSWERS;
    uint64_t seen = 0, answered = 0; /* failed accepts: so far, and when the listener last answered */
    int64_t asked_ms = rpc_now_ms();
    struct err err = {0};

    for (;;) {
        bool amiss = state == RPC_PORT_UNKNOWN || !has_current(server) || server->listeners->next != NULL;

        if (!rpc_watch(&seen, &server->is_stopping, amiss ? TICK_MS : server->check_interval_ms))
            return NULL;
        tend_retired(server);
        if (has_current(server) && (seen != answered || state == RPC_PORT_UNKNOWN ||
                                    rpc_now_ms() - asked_ms >= server->check_interval_ms)) {
            if (is_dead(server, seen != answered, &state))
                retire_current(server);
            if (state != RPC_PORT_UNKNOWN)
                answered = seen;
            asked_ms = rpc_now_ms();
        }
        if (!has_current(server) && !atomic_load(&server->is_stopping) && listener_open(server, &err) != 0)
            log_warn("no new listener yet", LOG_ERR(&err));
    }
}

/* ---- Server: set-up --------------------------------------------------------------------------------------
 */

static void server_init(struct rpc_server *server, const struct rpc_server_options *options)
{
    snprintf(server->address, sizeof(server->address), "%s",
             options->address != NULL ? options->address : "127.0.0.1:0");
    server->allow = options->allow;
    server->allow_user = options->allow_user;
    server->max_message = options->max_message != 0 ? options->max_message : RPC_MAX_MESSAGE;
    server->num_workers = options->num_workers != 0 ? options->num_workers : 4;
    server->max_live = options->max_live != 0 ? options->max_live : 256;
    server->max_live_bytes =
        options->max_live_bytes != 0 ? options->max_live_bytes : 16 * server->max_message;
    server->max_connection_age_ms =
        options->max_connection_age_ms != 0 ? options->max_connection_age_ms : 10 * 60000;
    server->check_interval_ms = options->check_interval_ms != 0 ? options->check_interval_ms : 10000;
    server->last = &server->first;
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    pthread_cond_init(&server->work, NULL);
    server->queue = grpc_completion_queue_create_for_next(NULL);
}

int rpc_server_new(struct rpc_server **out, const struct rpc_server_options *options, struct err *err)
{
    static const struct rpc_method check = {"Check", rpc_check};
    struct rpc_server *server = calloc(1, sizeof(*server));
    int rc;

    if (server == NULL)
        return err_set(err, ERR_NO_MEMORY, "server");
    server_init(server, options);
    if (server->allow == NULL || server->max_message > INT_MAX || server->num_workers > MAX_WORKERS)
        rc = err_set(err, ERR_INTERNAL, "server options");
    else if ((rc = rpc_files_init(&server->files, options->ca_file, options->cert_file, options->key_file,
                                  err)) == 0)
        rc = rpc_server_add(server, &grpc__health__v1__health__descriptor, &check, 1, server, err);
    if (rc != 0) {
        rpc_server_free(&server);
        return rc;
    }
    server->served->is_open = true;
    *out = server;
    return 0;
}

static int add_method(struct rpc_server *server, const ProtobufCServiceDescriptor *service,
                      const struct rpc_method *method, void *user, struct err *err)
{
    const ProtobufCMethodDescriptor *found =
        protobuf_c_service_descriptor_get_method_by_name(service, method->name);
    size_t path_size = strlen(service->name) + strlen(method->name) + 3;
    struct served *served;

    if (found == NULL || server->is_started)
        return err_set(err, ERR_INTERNAL, "%s cannot serve %s", service->name, method->name);
    if ((served = calloc(1, sizeof(*served) + path_size)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "%s", service->name);
    *served = (struct served){.next = server->served,
                              .index = server->num_served++,
                              .service = service,
                              .method = found,
                              .handler = method->handler,
                              .user = user};
    snprintf(served->path, path_size, "/%s/%s", service->name, method->name);
    server->served = served;
    return 0;
}

int rpc_server_add(struct rpc_server *server, const ProtobufCServiceDescriptor *service,
                   const struct rpc_method *methods, size_t num_methods, void *user, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < num_methods && rc == 0; i++)
        rc = add_method(server, service, &methods[i], user, err);
    return rc;
}

static void start_thread(pthread_t *thread, void *(*function)(void *), void *argument)
{
    if (pthread_create(thread, NULL, function, argument) != 0) {
        log_error("no thread for a server");
        abort(); /* a server without its threads would hang */
    }
}

static uint16_t port_of(const char *address)
{
    return (uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10);
}

int rpc_server_start(struct rpc_server *server, uint16_t *port, struct err *err)
{
    char unused[sizeof(server->address)];
    int rc;

    if (!rpc_port_replace(unused, sizeof(unused), server->address, 0))
        return err_set(err, ERR_PORT_TAKEN, "%s: not host:port", server->address);
    if ((server->workers = calloc(server->num_workers, sizeof(pthread_t))) == NULL)
        return err_set(err, ERR_NO_MEMORY, "server");
    server->is_started = true;
    atomic_store(&server->is_serving, true);
    for (size_t i = 0; i < server->num_workers; i++)
        start_thread(&server->workers[i], rpc_work, server);
    for (size_t i = 0; i < NUM_POLLERS; i++)
        start_thread(&server->pollers[i], rpc_poll_events, server);
    rc = listener_open(server, err);
    start_thread(&server->supervisor, supervise, server);
    if (rc != 0)
        rpc_server_stop(server, 0);
    else if (port != NULL)
        *port = port_of(server->address);
    return rc;
}

void rpc_server_set_serving(struct rpc_server *server, bool serving)
{
    atomic_store(&server->is_serving, serving);
}

/* ---- Server: end -----------------------------------------------------------------------------------------
 */

static bool all_shut(const struct rpc_server *server)
{
    for (const struct listener *each = server->listeners; each != NULL; each = each->next)
        if (!each->is_shut || each->pending > 0)
            return false;
    return true;
}

/* Wait until every listener is shut and empty; false when that takes longer than `timeout_ms` (-1: for ever).
 */
static bool await_all(struct rpc_server *server, int timeout_ms)
{
    int64_t until = rpc_now_ms() + timeout_ms;
    struct timespec deadline = {until / 1000, until % 1000 * 1000000};
    bool done;

    pthread_mutex_lock(&server->lock);
    while (!(done = all_shut(server))) {
        if (timeout_ms < 0)
            pthread_cond_wait(&server->changed, &server->lock);
        else if (pthread_cond_clockwait(&server->changed, &server->lock, CLOCK_MONOTONIC, &deadline) ==
                 ETIMEDOUT)
            break;
    }
    done = all_shut(server);
    pthread_mutex_unlock(&server->lock);
    return done;
}

/* Every call has come back. */
static void end_threads(struct rpc_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->workers_end = true;
    pthread_cond_broadcast(&server->work);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < server->num_workers; i++)
        pthread_join(server->workers[i], NULL);
    grpc_completion_queue_shutdown(server->queue);
    for (size_t i = 0; i < NUM_POLLERS; i++)
        pthread_join(server->pollers[i], NULL);
}

void rpc_server_stop(struct rpc_server *server, int grace_ms)
{
    struct listener *next;

    if (!server->is_started || atomic_exchange(&server->is_stopping, true))
        return;
    atomic_store(&server->is_serving, false);
    rpc_watch_wake();
    pthread_join(server->supervisor, NULL);
    if (has_current(server))
        listener_shut(server->listeners);
    if (!await_all(server, grace_ms < 0 ? 0 : grace_ms)) {
        atomic_store(&server->is_cancelling, true);
        for (struct listener *each = server->listeners; each != NULL; each = each->next)
            grpc_server_cancel_all_calls(each->grpc);
        await_all(server, -1);
    }
    end_threads(server);
    for (struct listener *each = server->listeners; each != NULL; each = next) {
        next = each->next;
        listener_free(each);
    }
    server->listeners = NULL;
}

void rpc_server_free(struct rpc_server **server)
{
    struct rpc_server *old = *server;

    if (old == NULL)
        return;
    rpc_server_stop(old, 0);
    if (!old->is_started)
        grpc_completion_queue_shutdown(old->queue);
    while (grpc_completion_queue_next(old->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(old->queue);
    while (old->served != NULL) {
        struct served *next = old->served->next;

        free(old->served);
        old->served = next;
    }
    rpc_files_clear(&old->files);
    free(old->workers);
    pthread_mutex_destroy(&old->lock);
    pthread_cond_destroy(&old->changed);
    pthread_cond_destroy(&old->work);
    free(old);
    *server = NULL;
}
