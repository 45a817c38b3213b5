/* rpc_client.c - channels, and the blocking unary call.
 *
 * A channel of gRPC moves only while somebody polls a completion queue. After an outage, calls that fail at
 * once poll too little for it ever to reconnect; so each call on a channel that is not ready first waits for
 * it, polling, for at most READY_WAIT_MS, and has it try anew at once instead of sitting out its back-off.
 *
 * Through a proxy the channel leads to the proxy, and gRPC's own handshaker asks that to CONNECT to the target, before
 * TLS. It is told so by the same arguments that gRPC makes from environment variables; we make them, because it cannot
 * read a password with '@' and logs what it cannot read. */
#include "base/rpc_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <grpc/byte_buffer.h>
#include <grpc/support/alloc.h>
#include <grpc/support/time.h>

#include "base/wire.h"
#include "proto/health.pb-c.h"

#define READY_WAIT_MS 500
#define PATH_MAX_LEN  256
#define MAX_ARGS      24

/* As in gRPC's http_connect_handshaker.h. */
#define ARG_HTTP_CONNECT_SERVER  "grpc.http_connect_server"
#define ARG_HTTP_CONNECT_HEADERS "grpc.http_connect_headers"

struct rpc_channel {
    grpc_channel *grpc;
    char *destination; /* tls_name */
    char proxy[PROXY_ADDRESS_SIZE]; /* empty: none */
    size_t max_message;
    rpc_sent sent;
    void *sent_user;
    _Atomic int64_t last_retry_ms; /* when the back-off was last cut short */
};

/* ---- Channel ---------------------------------------------------------------------------------------------
 */

/* The host of "host:port", or tls_name, as a copy. */
static char *destination_of(const struct rpc_channel_options *options)
{
    const char *target = options->target, *colon = strrchr(target, ':');
    size_t len = colon == NULL ? strlen(target) : (size_t)(colon - target);

    return options->tls_name != NULL ? strdup(options->tls_name) : strndup(target, len);
}

static grpc_channel *channel_create(const struct rpc_channel *channel,
                                    const struct rpc_channel_options *options,
                                    grpc_channel_credentials *credentials)
{
    bool has_proxy = options->proxy != NULL && options->proxy->address[0] != '\0';
    grpc_arg args[MAX_ARGS] = {
        rpc_arg_text(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, channel->destination),
        rpc_arg_int(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, (int)channel->max_message),
        rpc_arg_int(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, (int)channel->max_message),
        RPC_ARGS_NO_COMPRESSION,
        rpc_arg_int(GRPC_ARG_MAX_METADATA_SIZE, 8192),
        rpc_arg_int(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, 1 << 20),
        rpc_arg_int(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200),
        rpc_arg_int(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000), /* also bounds one attempt to connect */
        rpc_arg_int(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000),
        rpc_arg_int(GRPC_ARG_KEEPALIVE_TIME_MS, 10000),
        rpc_arg_int(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000), /* a ping queues behind an upload on a slow line */
        rpc_arg_int(GRPC_ARG_ENABLE_RETRIES, 0),
        rpc_arg_int(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        rpc_arg_int(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1), /* its own connection, gone when it closes */
        rpc_arg_int(GRPC_ARG_ENABLE_HTTP_PROXY, 0), /* of the environment */
    };
    grpc_channel_args list = {0, args};

    while (args[list.num_args].key != NULL)
        list.num_args++;
    if (has_proxy)
        args[list.num_args++] = rpc_arg_text(ARG_HTTP_CONNECT_SERVER, options->target);
    if (has_proxy && options->proxy->header[0] != '\0')
        args[list.num_args++] = rpc_arg_text(ARG_HTTP_CONNECT_HEADERS, options->proxy->header);
    return grpc_channel_create(has_proxy ? options->proxy->address : options->target, credentials, &list);
}

static int fill_channel(struct rpc_channel *channel, const struct rpc_channel_options *options,
                        struct err *err)
{
    grpc_channel_credentials *credentials = NULL;
    struct rpc_files files = {0};
    int rc;

    channel->max_message = options->max_message != 0 ? options->max_message : RPC_MAX_MESSAGE;
    channel->sent = options->sent;
    channel->sent_user = options->sent_user;
    if (options->proxy != NULL)
        memcpy(channel->proxy, options->proxy->address, sizeof(channel->proxy));
    if ((channel->destination = destination_of(options)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "channel");
    if ((rc = rpc_files_init(&files, options->ca_file, options->cert_file, options->key_file, err)) != 0 ||
        (rc = rpc_channel_credentials(&credentials, &files, err)) != 0)
        goto done;
    channel->grpc = channel_create(channel, options, credentials);
    if (channel->grpc == NULL)
        rc = err_set(err, ERR_UNREACHABLE, "%s", options->target);
    grpc_channel_credentials_release(credentials);

done:
    rpc_files_clear(&files);
    return rc;
}

int rpc_channel_open(struct rpc_channel **out, const struct rpc_channel_options *options, struct err *err)
{
    struct rpc_channel *channel = calloc(1, sizeof(*channel));
    int rc = channel == NULL ? err_set(err, ERR_NO_MEMORY, "channel") : fill_channel(channel, options, err);

    if (rc != 0)
        rpc_channel_close(&channel);
    else
        *out = channel;
    return rc;
}

void rpc_channel_close(struct rpc_channel **channel)
{
    if (*channel == NULL)
        return;
    if ((*channel)->grpc != NULL)
        grpc_channel_destroy((*channel)->grpc);
    free((*channel)->destination);
    free(*channel);
    *channel = NULL;
}

/* ---- Call ------------------------------------------------------------------------------------------------
 */

static gpr_timespec in_ms(int64_t ms)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

/* Cut the back-off of a channel that failed to connect, though not more often than every READY_WAIT_MS. */
static void retry_now(struct rpc_channel *channel)
{
    int64_t now = rpc_now_ms(), last = atomic_load(&channel->last_retry_ms);

    if (now - last >= READY_WAIT_MS && atomic_compare_exchange_strong(&channel->last_retry_ms, &last, now))
        grpc_channel_reset_connect_backoff(channel->grpc);
}

static void wait_until_ready(struct rpc_channel *channel, grpc_completion_queue *queue, int timeout_ms)
{
    gpr_timespec deadline = in_ms(timeout_ms < READY_WAIT_MS ? timeout_ms : READY_WAIT_MS);
    grpc_connectivity_state state;
    char tag;

    while ((state = grpc_channel_check_connectivity_state(channel->grpc, 1)) != GRPC_CHANNEL_READY &&
           gpr_time_cmp(gpr_now(GPR_CLOCK_MONOTONIC), deadline) < 0) {
        if (state == GRPC_CHANNEL_TRANSIENT_FAILURE)
            retry_now(channel);
        HAND_OVER(&tag);
        grpc_channel_watch_connectivity_state(channel->grpc, state, deadline, queue, &tag);
        (void)grpc_completion_queue_pluck(queue, &tag, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
        TAKE_OVER(&tag);
    }
}

/* What comes back. */
struct outcome {
    grpc_metadata_array initial, trailing;
    grpc_byte_buffer *message;
    grpc_status_code status;
    grpc_slice text;
    const char *core_text; /* gRPC's own words when the status was made here; may be NULL */
};

static void run_batch(grpc_call *call, grpc_completion_queue *queue, grpc_byte_buffer *request,
                      struct outcome *outcome)
{
    grpc_op ops[6] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},  {.op = GRPC_OP_SEND_MESSAGE},
                      {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
                      {.op = GRPC_OP_RECV_MESSAGE},           {.op = GRPC_OP_RECV_STATUS_ON_CLIENT}};

    ops[1].data.send_message.send_message = request;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &outcome->initial;
    ops[4].data.recv_message.recv_message = &outcome->message;
    ops[5].data.recv_status_on_client.trailing_metadata = &outcome->trailing;
    ops[5].data.recv_status_on_client.status = &outcome->status;
    ops[5].data.recv_status_on_client.status_details = &outcome->text;
    ops[5].data.recv_status_on_client.error_string = &outcome->core_text;
    HAND_OVER(outcome);
    if (grpc_call_start_batch(call, ops, 6, outcome, NULL) != GRPC_CALL_OK)
        abort(); /* a batch that is wrong is our bug */
    (void)grpc_completion_queue_pluck(queue, outcome, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    TAKE_OVER(outcome);
}

static int read_outcome(struct rpc_channel *channel, const struct outcome *outcome,
                        const ProtobufCMessageDescriptor *type, ProtobufCMessage **response, struct err *err)
{
    grpc_slice bytes;
    int rc;

    if (outcome->status != GRPC_STATUS_OK)
        return rpc_status_parse(err, outcome->status, (const char *)GRPC_SLICE_START_PTR(outcome->text),
                                GRPC_SLICE_LENGTH(outcome->text));
    if ((rc = rpc_buffer_slice(&bytes, outcome->message, channel->max_message, err)) != 0)
        return rc;
    rc =
        wire_unpack(response, type, GRPC_SLICE_START_PTR(bytes), GRPC_SLICE_LENGTH(bytes), WIRE_LENIENT, err);
    grpc_slice_unref(bytes);
    return rc;
}

static void drain(grpc_completion_queue *queue)
{
    grpc_completion_queue_shutdown(queue);
    while (grpc_completion_queue_pluck(queue, NULL, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(queue);
}

/* Send `request` (taken over) and wait for what comes back. */
static int exchange(struct rpc_channel *channel, const char *path, grpc_slice request,
                    const ProtobufCMessageDescriptor *type, ProtobufCMessage **response, int timeout_ms,
                    struct err *err)
{
    gpr_timespec deadline = in_ms(timeout_ms);
    grpc_completion_queue *queue = grpc_completion_queue_create_for_pluck(NULL);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&request, 1);
    struct outcome outcome = {.text = grpc_empty_slice()};
    grpc_slice path_slice = grpc_slice_from_copied_string(path);
    grpc_call *call;
    int rc;

    grpc_slice_unref(request);
    grpc_metadata_array_init(&outcome.initial);
    grpc_metadata_array_init(&outcome.trailing);
    wait_until_ready(channel, queue, timeout_ms);
    call = grpc_channel_create_call(channel->grpc, NULL, 0, queue, path_slice, NULL, deadline, NULL);
    grpc_slice_unref(path_slice);
    run_batch(call, queue, buffer, &outcome);
    rc = read_outcome(channel, &outcome, type, response, err);

    grpc_call_unref(call);
    grpc_byte_buffer_destroy(buffer);
    grpc_byte_buffer_destroy(outcome.message);
    grpc_metadata_array_destroy(&outcome.initial);
    grpc_metadata_array_destroy(&outcome.trailing);
    grpc_slice_unref(outcome.text);
    gpr_free((void *)(uintptr_t)outcome.core_text);
    drain(queue);
    return rc;
}

static int check_and_send(struct rpc_channel *channel, const char *name, uint8_t *bytes, size_t len,
                          const ProtobufCMethodDescriptor *method, ProtobufCMessage **response,
                          int timeout_ms, struct err *err)
{
    char path[PATH_MAX_LEN + 1] = "/";
    int rc = 0;

    if (len > channel->max_message)
        rc = err_set(err, ERR_MESSAGE_TOO_LARGE, "%zu bytes, at most %zu", len, channel->max_message);
    else if (channel->sent != NULL)
        rc = channel->sent(channel->sent_user, channel->destination, name, bytes, len, err);
    if (rc != 0) {
        free(bytes);
        return rc;
    }
    snprintf(path + 1, PATH_MAX_LEN, "%s", name);
    return exchange(channel, path, grpc_slice_new(bytes, len, free), method->output, response, timeout_ms,
                    err);
}

int rpc_call_unary(struct rpc_channel *channel, const ProtobufCServiceDescriptor *service, const char *method,
                   const ProtobufCMessage *request, ProtobufCMessage **response, int timeout_ms,
                   struct err *err)
{
    const ProtobufCMethodDescriptor *found =
        protobuf_c_service_descriptor_get_method_by_name(service, method);
    char name[PATH_MAX_LEN];
    uint8_t *bytes = NULL;
    size_t len = 0;
    int rc;

    if (found == NULL || found->input != request->descriptor || timeout_ms <= 0 ||
        (size_t)snprintf(name, sizeof(name), "%s/%s", service->name, method) >= sizeof(name))
        return err_set(err, ERR_INTERNAL, "%s/%s: not such a call", service->name, method);
    if ((rc = wire_pack(&bytes, &len, request, err)) == 0)
        rc = check_and_send(channel, name, bytes, len, found, response, timeout_ms, err);
    if (rc != 0 && channel->proxy[0] != '\0')
        err_prefix(err, "%s %s through proxy %s", channel->destination, name, channel->proxy);
    else if (rc != 0)
        err_prefix(err, "%s %s", channel->destination, name);
    return rc;
}

int rpc_check_health(struct rpc_channel *channel, const char *service, int timeout_ms, int64_t *time_ms,
                     struct err *err)
{
    Grpc__Health__V1__HealthCheckRequest request = GRPC__HEALTH__V1__HEALTH_CHECK_REQUEST__INIT;
    Grpc__Health__V1__HealthCheckResponse *response = NULL;
    int rc;

    request.service = (char *)(uintptr_t)service;
    rc = rpc_call_unary(channel, &grpc__health__v1__health__descriptor, "Check", &request.base,
                        (ProtobufCMessage **)&response, timeout_ms, err);
    if (rc == 0 && response->status != GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING)
        rc = err_set(err, ERR_UNREACHABLE, "%s does not serve now", channel->destination);
    if (rc == 0 && time_ms != NULL)
        *time_ms = response->weft_time_ms;
    wire_free(&response);
    return rc;
}
