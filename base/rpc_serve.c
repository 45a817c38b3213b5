/* rpc_serve.c - one call on the server, from the slot that waits for it to the status that ends it.
 *
 *     slot --NEW--> call: accepted? --> queue --> worker: decode, handler ... rpc_reply / rpc_fail
 *       |             batch RECV_CLOSE --CLOSE--> cancelled?      batch SEND_STATUS --DONE-->
 *       +--> a fresh slot is armed
 *
 * A call has three references: CLOSE, DONE, and whoever finishes it. The queue is shut down only once every
 * call and every slot has come back: a batch started on a queue that is shut down aborts the process. */
#include "base/rpc_server_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

#include "base/log.h"
#include "base/wire.h"
#include "base/calendar.h"
#include "proto/health.pb-c.h"

#define SLOTS_PER_METHOD 2
#define SLOTS_UNKNOWN    4

/* ---- Calls: life -----------------------------------------------------------------------------------------
 */

static void call_reset(struct rpc_call *call)
{
    call->on_new = (struct tag){TAG_NEW, call};
    call->on_close = (struct tag){TAG_CLOSE, call};
    call->on_done = (struct tag){TAG_DONE, call};
    call->text = grpc_empty_slice();
    grpc_metadata_array_init(&call->metadata);
    grpc_call_details_init(&call->details);
}

static void call_clear(struct rpc_call *call)
{
    wire_free(&call->request);
    grpc_byte_buffer_destroy(call->payload);
    grpc_byte_buffer_destroy(call->response);
    grpc_slice_unref(call->text);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    if (call->grpc != NULL)
        grpc_call_unref(call->grpc);
}

static struct rpc_call *call_new(struct listener *listener, const struct served *served)
{
    struct rpc_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    call->listener = listener;
    call->served = served;
    call_reset(call);
    return call;
}

/* A slot or call of `listener` has come back. Nothing of the server may be touched after. */
static void listener_release(struct listener *listener)
{
    struct rpc_server *server = listener->server;

    pthread_mutex_lock(&server->lock);
    listener->pending--;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

/* Wait for the next call of its method in `call`. */
static void call_arm(struct rpc_call *call)
{
    struct listener *listener = call->listener;
    grpc_completion_queue *queue = listener->server->queue;
    grpc_call_error error;

    HAND_OVER(&call->on_new);
    if (call->served != NULL)
        error = grpc_server_request_registered_call(listener->grpc, listener->registered[call->served->index],
                                                    &call->grpc, &call->deadline, &call->metadata,
                                                    &call->payload, queue, queue, &call->on_new);
    else
        error = grpc_server_request_call(listener->grpc, &call->grpc, &call->details, &call->metadata, queue,
                                         queue, &call->on_new);
    if (error != GRPC_CALL_OK)
        abort(); /* our bug: a peer cannot cause it */
}

/* Arm a new slot; false without memory. */
static bool slot_arm(struct listener *listener, const struct served *served)
{
    struct rpc_call *call = call_new(listener, served);

    if (call == NULL)
        return false;
    pthread_mutex_lock(&listener->server->lock);
    listener->pending++;
    pthread_mutex_unlock(&listener->server->lock);
    call_arm(call);
    return true;
}

static void call_unref(struct rpc_call *call)
{
    struct rpc_server *server;
    struct listener *listener;

    if (atomic_fetch_sub(&call->references, 1) != 1)
        return;
    listener = call->listener;
    server = listener->server;
    call_clear(call);
    pthread_mutex_lock(&server->lock);
    server->live--;
    server->live_bytes -= call->payload_len;
    pthread_mutex_unlock(&server->lock);
    if (call->arm_again) {
        *call = (struct rpc_call){.listener = listener, .served = call->served};
        call_reset(call);
        call_arm(call); /* keeps its place among the pending */
        return;
    }
    free(call);
    listener_release(listener);
}

/* ---- Calls: finishing ------------------------------------------------------------------------------------
 */

static void start_batch(struct rpc_call *call, const grpc_op *ops, size_t num_ops, struct tag *tag)
{
    HAND_OVER(tag);
    if (grpc_call_start_batch(call->grpc, ops, num_ops, tag, NULL) != GRPC_CALL_OK)
        abort(); /* our bug: a peer cannot cause it */
}

/* Send the status (and response, which is taken over), whoever the thread. */
static void finish(struct rpc_call *call, grpc_status_code status, const char *text,
                   grpc_byte_buffer *response)
{
    grpc_op ops[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA}, {.op = GRPC_OP_SEND_STATUS_FROM_SERVER}};

    if (atomic_exchange(&call->is_finished, true))
        abort(); /* our bug, and the call may be gone already */
    call->response = response;
    call->text = grpc_slice_from_copied_string(text);
    ops[1].data.send_status_from_server.status = status;
    ops[1].data.send_status_from_server.status_details = &call->text;
    ops[2].op = GRPC_OP_SEND_MESSAGE;
    ops[2].data.send_message.send_message = response;
    wire_free(&call->request);
    start_batch(call, ops, response == NULL ? 2 : 3, &call->on_done);
    call_unref(call);
}

void rpc_fail(struct rpc_call *call, const struct err *err)
{
    struct err none = {.code = ERR_INTERNAL};
    char text[RPC_STATUS_TEXT_MAX];

    if (err == NULL || err->code == 0)
        err = &none;
    rpc_status_text(text, err);
    finish(call, (grpc_status_code)err_entry(err->code)->status, text, NULL);
}

void rpc_reply(struct rpc_call *call, const ProtobufCMessage *response)
{
    struct err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;
    grpc_slice slice;

    if (response->descriptor != call->served->method->output)
        err_set(&err, ERR_INTERNAL, "%s answered with a %s", rpc_call_method(call),
                response->descriptor->name);
    else if (wire_pack(&bytes, &len, response, &err) == 0 && len > call->listener->server->max_message)
        err_set(&err, ERR_MESSAGE_TOO_LARGE, "an answer of %zu bytes", len);
    if (err.code != 0) {
        log_error("call answered with an error", LOG_TEXT("method", rpc_call_method(call)), LOG_ERR(&err));
        free(bytes);
        rpc_fail(call, &err);
        return;
    }
    slice = grpc_slice_new(bytes, len, free);
    finish(call, GRPC_STATUS_OK, "", grpc_raw_byte_buffer_create(&slice, 1));
    grpc_slice_unref(slice);
}

/* ---- Calls: asking ---------------------------------------------------------------------------------------
 */

const struct rpc_peer *rpc_call_peer(const struct rpc_call *call)
{
    return &call->peer;
}

const char *rpc_call_method(const struct rpc_call *call)
{
    return call->served == NULL ? "" : call->served->path + 1;
}

bool rpc_call_is_cancelled(const struct rpc_call *call)
{
    return atomic_load(&call->is_cancelled) || atomic_load(&call->listener->server->is_cancelling);
}

int rpc_call_time_left_ms(const struct rpc_call *call)
{
    gpr_timespec left = gpr_time_sub(call->deadline, gpr_now(call->deadline.clock_type));
    double ms = gpr_timespec_to_micros(left) / 1000;

    return ms <= 0 ? 0 : ms >= INT_MAX ? INT_MAX : (int)ms;
}

/* ---- Events and workers ----------------------------------------------------------------------------------
 */

/* Count `call` in; an error when there are too many. */
static int admit(struct rpc_server *server, struct rpc_call *call, struct err *err)
{
    size_t live, bytes;

    call->payload_len = call->payload == NULL ? 0 : grpc_byte_buffer_length(call->payload);
    pthread_mutex_lock(&server->lock);
    live = ++server->live;
    bytes = server->live_bytes += call->payload_len;
    pthread_mutex_unlock(&server->lock);
    if (live > server->max_live || bytes > server->max_live_bytes)
        return err_set(err, ERR_BUSY, "%zu calls with %zu bytes", live, bytes);
    return 0;
}

/* Whether the call may go to the workers. */
static int judge(struct rpc_server *server, struct rpc_call *call, struct err *err)
{
    char method[128];
    int rc = admit(server, call, err);

    if (rc != 0)
        return rc;
    if (call->served == NULL) {
        char *copy = grpc_slice_to_c_string(call->details.method);

        snprintf(method, sizeof(method), "%s", copy);
        gpr_free(copy);
        return err_set(err, ERR_METHOD_UNKNOWN, "%s", method);
    }
    rc = rpc_peer_read(&call->peer, call->grpc, err);
    if (call->served->is_open)
        return 0;
    return rc != 0 ? rc : server->allow(&call->peer, rpc_call_method(call), server->allow_user, err);
}

static void enqueue(struct rpc_server *server, struct rpc_call *call)
{
    pthread_mutex_lock(&server->lock);
    *server->last = call;
    server->last = &call->next;
    pthread_cond_signal(&server->work);
    pthread_mutex_unlock(&server->lock);
}

static void on_new(struct rpc_call *call, bool success)
{
    struct listener *listener = call->listener;
    grpc_op op = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
    struct err err = {0};

    if (!success) { /* the listener shuts down */
        call_clear(call);
        free(call);
        listener_release(listener);
        return;
    }
    call->arm_again = !slot_arm(listener, call->served);
    atomic_store(&call->references, 3);
    op.data.recv_close_on_server.cancelled = &call->was_cancelled;
    start_batch(call, &op, 1, &call->on_close);
    if (judge(listener->server, call, &err) == 0)
        enqueue(listener->server, call);
    else
        rpc_fail(call, &err);
}

static void on_close(struct rpc_call *call)
{
    if (call->was_cancelled)
        atomic_store(&call->is_cancelled, true);
    call_unref(call);
}

static void on_shutdown(struct listener *listener)
{
    pthread_mutex_lock(&listener->server->lock);
    listener->is_shut = true;
    pthread_cond_broadcast(&listener->server->changed);
    pthread_mutex_unlock(&listener->server->lock);
}

void *rpc_poll_events(void *argument)
{
    struct rpc_server *server = argument;
    grpc_event event;

    while (
        (event = grpc_completion_queue_next(server->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL)).type !=
        GRPC_QUEUE_SHUTDOWN) {
        struct tag *tag = event.tag;

        TAKE_OVER(tag);
        switch (tag->kind) {
        case TAG_NEW:
            on_new(tag->subject, event.success != 0);
            break;
        case TAG_CLOSE:
            on_close(tag->subject);
            break;
        case TAG_DONE:
            call_unref(tag->subject);
            break;
        case TAG_SHUTDOWN:
            on_shutdown(tag->subject);
            break;
        }
    }
    return NULL;
}

/* Decode the request and run the handler. */
static void run(struct rpc_call *call)
{
    const struct served *served = call->served;
    struct err err = {0};
    grpc_slice bytes;
    int rc;

    if (rpc_call_is_cancelled(call)) {
        err_set(&err, ERR_UNREACHABLE, "cancelled before it began");
        rpc_fail(call, &err);
        return;
    }
    rc = rpc_buffer_slice(&bytes, call->payload, call->listener->server->max_message, &err);
    grpc_byte_buffer_destroy(call->payload);
    call->payload = NULL;
    if (rc == 0) {
        rc = wire_unpack(&call->request, served->method->input, GRPC_SLICE_START_PTR(bytes),
                         GRPC_SLICE_LENGTH(bytes), WIRE_LENIENT, &err);
        grpc_slice_unref(bytes);
    }
    if (rc != 0)
        rpc_fail(call, &err);
    else
        served->handler(call, call->request, served->user);
}

static struct rpc_call *dequeue(struct rpc_server *server)
{
    struct rpc_call *call;

    pthread_mutex_lock(&server->lock);
    while (server->first == NULL && !server->workers_end)
        pthread_cond_wait(&server->work, &server->lock);
    call = server->first;
    if (call != NULL && (server->first = call->next) == NULL)
        server->last = &server->first;
    pthread_mutex_unlock(&server->lock);
    return call;
}

void *rpc_work(void *argument)
{
    struct rpc_call *call;

    while ((call = dequeue(argument)) != NULL)
        run(call);
    return NULL;
}

bool rpc_listener_arm(struct listener *listener)
{
    bool ok = true;

    for (int i = 0; i < SLOTS_UNKNOWN; i++)
        ok &= slot_arm(listener, NULL);
    for (const struct served *each = listener->server->served; each != NULL; each = each->next)
        for (int i = 0; i < SLOTS_PER_METHOD; i++)
            ok &= slot_arm(listener, each);
    return ok;
}

/* ---- Health ----------------------------------------------------------------------------------------------
 */

void rpc_check(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    const char *name = ((const Grpc__Health__V1__HealthCheckRequest *)(const void *)request)->service;
    struct rpc_server *server = user;
    Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
    bool known = name[0] == '\0';

    for (const struct served *each = server->served; each != NULL && !known; each = each->next)
        known = strcmp(each->service->name, name) == 0;
    if (!known) { /* the status is part of the health protocol, and no error of weft has it */
        finish(call, GRPC_STATUS_NOT_FOUND, "no such service", NULL);
        return;
    }
    response.status = atomic_load(&server->is_serving)
                          ? GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING
                          : GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING;
    response.weft_time_ms = calendar_now_ms();
    rpc_reply(call, &response.base);
}
