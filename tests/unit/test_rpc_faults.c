/* test_rpc_faults.c - what must not bring a server or a channel down: each test fails without its cure.
 *
 * Where a peer must misbehave, it is made of gRPC itself. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <grpc/byte_buffer.h>
#include <grpc/compression.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/time.h>

#include "base/file.h"
#include "base/rpc_internal.h"
#include "base/wire.h"
#include "tests/unit/rpc_fixture.h"

#define TIMEOUT_MS 10000

static struct rpc_server *server;
static struct rpc_channel *channel;
static uint16_t port;

static int begin(void **state)
{
    struct rpc_server_options options = fixture_options();

    (void)state;
    server = fixture_start(&options, &port);
    channel = fixture_open(port, &fixture_site);
    return 0;
}

static int end(void **state)
{
    (void)state;
    rpc_channel_close(&channel);
    rpc_server_free(&server);
    return 0;
}

/* ---- A client made of gRPC alone -------------------------------------------------------------------------
 */

static char *read_text(const char *path)
{
    uint8_t *data = NULL;
    size_t len;

    assert_int_equal(file_read(&data, &len, path, 1 << 16, NULL), 0);
    return (char *)data;
}

static grpc_channel *raw_channel(const struct party *party, int compression)
{
    char *ca = read_text(fixture_ca), *cert = NULL, *key = NULL, target[32];
    grpc_arg args[] = {rpc_arg_text(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, SERVER_NAME),
                       rpc_arg_int(GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM, compression)};
    const grpc_channel_args list = {2, args};
    grpc_ssl_pem_key_cert_pair pair;
    grpc_channel_credentials *credentials;
    grpc_channel *raw;

    if (party != NULL) {
        cert = read_text(party->cert);
        key = read_text(party->key);
        pair = (grpc_ssl_pem_key_cert_pair){key, cert};
    }
    credentials = grpc_ssl_credentials_create(ca, party != NULL ? &pair : NULL, NULL, NULL);
    snprintf(target, sizeof(target), "127.0.0.1:%u", port);
    raw = grpc_channel_create(target, credentials, &list);
    grpc_channel_credentials_release(credentials);
    free(ca);
    free(cert);
    free(key);
    return raw;
}

/* The status of calling Say with `size` zero bytes as the message. */
static grpc_status_code raw_say(grpc_channel *raw, size_t size)
{
    grpc_completion_queue *queue = grpc_completion_queue_create_for_pluck(NULL);
    grpc_slice path = grpc_slice_from_copied_string("/weft.rpctest.Echo/Say");
    grpc_slice bytes = grpc_slice_malloc(size), text = grpc_empty_slice();
    gpr_timespec deadline =
        gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_seconds(20, GPR_TIMESPAN));
    grpc_call *call = grpc_channel_create_call(raw, NULL, 0, queue, path, NULL, deadline, NULL);
    grpc_byte_buffer *request, *reply = NULL;
    grpc_metadata_array initial, trailing;
    grpc_status_code status = GRPC_STATUS_UNKNOWN;
    grpc_op ops[6] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},  {.op = GRPC_OP_SEND_MESSAGE},
                      {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
                      {.op = GRPC_OP_RECV_MESSAGE},           {.op = GRPC_OP_RECV_STATUS_ON_CLIENT}};

    /* Field 2, bytes, as long as its length field of four bytes says; the rest zeros. */
    memset(GRPC_SLICE_START_PTR(bytes), 0, size);
    memcpy(GRPC_SLICE_START_PTR(bytes),
           (uint8_t[]){0x12, (uint8_t)((size - 5) | 0x80), (uint8_t)((size - 5) >> 7 | 0x80),
                       (uint8_t)((size - 5) >> 14 | 0x80), (uint8_t)((size - 5) >> 21)},
           5);
    request = grpc_raw_byte_buffer_create(&bytes, 1);
    grpc_metadata_array_init(&initial);
    grpc_metadata_array_init(&trailing);
    ops[1].data.send_message.send_message = request;
    ops[3].data.recv_initial_metadata.recv_initial_metadata = &initial;
    ops[4].data.recv_message.recv_message = &reply;
    ops[5].data.recv_status_on_client.trailing_metadata = &trailing;
    ops[5].data.recv_status_on_client.status = &status;
    ops[5].data.recv_status_on_client.status_details = &text;
    HAND_OVER(ops);
    assert_int_equal(grpc_call_start_batch(call, ops, 6, ops, NULL), GRPC_CALL_OK);
    (void)grpc_completion_queue_pluck(queue, ops, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    TAKE_OVER(ops);
    grpc_call_unref(call);
    grpc_byte_buffer_destroy(request);
    grpc_byte_buffer_destroy(reply);
    grpc_metadata_array_destroy(&initial);
    grpc_metadata_array_destroy(&trailing);
    grpc_slice_unref(text);
    grpc_slice_unref(path);
    grpc_slice_unref(bytes);
    grpc_completion_queue_shutdown(queue);
    while (grpc_completion_queue_pluck(queue, NULL, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_completion_queue_destroy(queue);
    return status;
}

static void test_rpc__refuses_a_client_without_a_certificate(void **state)
{
    grpc_channel *with = raw_channel(&fixture_site, GRPC_COMPRESS_NONE), *without = raw_channel(NULL, 0);

    (void)state;
    assert_int_equal(raw_say(with, 100), GRPC_STATUS_OK);
    assert_int_equal(raw_say(without, 100), GRPC_STATUS_UNAVAILABLE);
    grpc_channel_destroy(with);
    grpc_channel_destroy(without);
}

/* gRPC inflates before it looks at the size: 64 MB of zeros are 64 kB on the wire. */
static void test_rpc__refuses_compressed_requests(void **state)
{
    grpc_channel *raw = raw_channel(&fixture_site, GRPC_COMPRESS_GZIP);

    (void)state;
    assert_int_equal(raw_say(raw, 2000), GRPC_STATUS_UNIMPLEMENTED);
    assert_int_equal(raw_say(raw, 64 << 20), GRPC_STATUS_UNIMPLEMENTED);
    assert_int_equal(fixture_say(channel, "Say", "x", TIMEOUT_MS, NULL), 0);
    grpc_channel_destroy(raw);
}

/* A client may offer any version: 1.2 must fail and 1.3 succeed, whatever the suites. */
static int s_client(const char *version)
{
    char command[512];

    snprintf(command, sizeof(command),
             "openssl s_client %s -alpn h2 -connect 127.0.0.1:%u -cert %s -key %s -CAfile %s </dev/null "
             ">/dev/null 2>&1",
             version, port, fixture_site.cert, fixture_site.key, fixture_ca);
    return system(command);
}

static void test_rpc__speaks_tls_1_3_alone(void **state)
{
    (void)state;
    assert_int_equal(s_client("-tls1_3"), 0);
    assert_int_not_equal(s_client("-tls1_2"), 0);
    assert_int_not_equal(s_client("-tls1_2 -cipher ALL:@SECLEVEL=0"), 0);
}

/* ---- Stop ------------------------------------------------------------------------------------------------
 */

static void *park_one(void *argument)
{
    return (void *)(intptr_t)fixture_say(channel, "Park", argument, 60000, NULL);
}

static atomic_bool has_stopped;

static void *stop(void *argument)
{
    rpc_server_stop(server, (int)(intptr_t)argument);
    atomic_store(&has_stopped, true);
    return NULL;
}

/* Park a call, begin to stop, and give the call. */
static struct rpc_call *park_and_stop(pthread_t threads[2], intptr_t grace_ms)
{
    static char text[] = "parked";
    struct rpc_call *call;

    atomic_store(&has_stopped, false);
    assert_int_equal(pthread_create(&threads[0], NULL, park_one, text), 0);
    assert_non_null(call = fixture_take_parked(TIMEOUT_MS));
    assert_int_equal(pthread_create(&threads[1], NULL, stop, (void *)grace_ms), 0);
    return call;
}

static int join(pthread_t threads[2])
{
    void *rc;

    pthread_join(threads[0], &rc);
    pthread_join(threads[1], NULL);
    return (int)(intptr_t)rc;
}

/* Shutting the queue down while a handler holds a call aborts the process in gRPC. */
static void test_rpc__waits_for_a_call_that_outlives_the_grace(void **state)
{
    Weft__Rpctest__EchoReply reply = WEFT__RPCTEST__ECHO_REPLY__INIT;
    pthread_t threads[2];
    struct rpc_call *call = park_and_stop(threads, 200);

    (void)state;
    for (int i = 0; i < 300 && !rpc_call_is_cancelled(call); i++)
        fixture_sleep_ms(10);
    assert_true(rpc_call_is_cancelled(call));
    fixture_sleep_ms(500);
    assert_false(atomic_load(&has_stopped));
    rpc_reply(call, &reply.base);
    assert_int_equal(join(threads), ERR_UNREACHABLE);
    assert_true(atomic_load(&has_stopped));
}

static void test_rpc__lets_a_call_end_within_the_grace(void **state)
{
    Weft__Rpctest__EchoReply reply = WEFT__RPCTEST__ECHO_REPLY__INIT;
    pthread_t threads[2];
    struct rpc_call *call = park_and_stop(threads, 5000);

    (void)state;
    fixture_sleep_ms(300);
    assert_false(rpc_call_is_cancelled(call));
    assert_int_equal(fixture_say(channel, "Say", "new", 3000, NULL), ERR_UNREACHABLE);
    reply.text = (char *)"parked";
    rpc_reply(call, &reply.base);
    assert_int_equal(join(threads), 0);
}

/* ---- Reconnect ------------------------------------------------------------------------------------------
 */

/* The server must be another process: within one, its threads would poll for the client's channel too. */
struct child {
    pid_t pid;
    int out;
};

static int serve(char **arguments)
{
    struct rpc_server_options options = {0};
    struct err err = {0};

    alarm(250);
    snprintf(fixture_ca, sizeof(fixture_ca), "%s", arguments[2]);
    snprintf(fixture_server.cert, sizeof(fixture_server.cert), "%s", arguments[3]);
    snprintf(fixture_server.key, sizeof(fixture_server.key), "%s", arguments[4]);
    options = fixture_options();
    options.address = arguments[1];
    if (rpc_init(&err) != 0)
        return 1;
    server = fixture_start(&options, &port);
    if (write(STDOUT_FILENO, &port, sizeof(port)) != sizeof(port))
        return 1;
    for (;;)
        pause();
}

static struct child child_start(uint16_t on_port)
{
    char address[32], name[] = "serve";
    char *arguments[] = {name, address, fixture_ca, fixture_server.cert, fixture_server.key, NULL};
    posix_spawn_file_actions_t actions;
    struct child child;
    int ends[2];

    snprintf(address, sizeof(address), "127.0.0.1:%u", on_port);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&child.pid, "/proc/self/exe", &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    child.out = ends[0];
    assert_int_equal(read(child.out, &port, sizeof(port)), sizeof(port)); /* it serves now */
    return child;
}

static void child_kill(const struct child *child)
{
    kill(child->pid, SIGKILL);
    assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
    close(child->out);
}

/* With fail-fast calls and nobody polling, a channel of gRPC 1.51 stays away for ever; and by itself it would
 * sit out a back-off of 5 s. */
static void test_rpc__finds_a_server_that_came_back(void **state)
{
    struct child child;
    int64_t start;
    int rc;

    (void)end(state);
    child = child_start(0);
    channel = fixture_open(port, &fixture_site);
    assert_int_equal(fixture_say(channel, "Say", "x", TIMEOUT_MS, NULL), 0);
    child_kill(&child);
    start = fixture_now_ms();
    while (fixture_now_ms() - start < 10000) { /* long enough for the back-off to become long */
        assert_int_equal(fixture_say(channel, "Say", "x", TIMEOUT_MS, NULL), ERR_UNREACHABLE);
        fixture_sleep_ms(300);
    }
    child = child_start(port);
    start = fixture_now_ms();
    while ((rc = fixture_say(channel, "Say", "x", TIMEOUT_MS, NULL)) != 0 && fixture_now_ms() - start < 10000)
        fixture_sleep_ms(300);
    print_message("reconnected after %d ms\n", (int)(fixture_now_ms() - start));
    child_kill(&child);
    assert_int_equal(rc, 0);
    assert_in_range(fixture_now_ms() - start, 0, 2000);
}

/* ---- EMFILE ----------------------------------------------------------------------------------------------
 */

#define NUM_SOCKETS 4
#define FD_LIMIT    400

static int connect_to_port(int fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

/* Use up every descriptor, then connect: accept4() fails in the server. */
static void kill_listener(void)
{
    const struct rlimit low = {FD_LIMIT, FD_LIMIT};
    struct rlimit old;
    int sockets[NUM_SOCKETS], fillers[FD_LIMIT], num = 0;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (int i = 0; i < NUM_SOCKETS; i++)
        assert_true((sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){low.rlim_cur, old.rlim_max}), 0);
    while (num < FD_LIMIT && (fillers[num] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        num++;
    assert_int_equal(errno, EMFILE);
    for (int i = 0; i < NUM_SOCKETS; i++)
        (void)connect_to_port(sockets[i]);
    fixture_sleep_ms(700);
    for (int i = 0; i < num; i++)
        close(fillers[i]);
    for (int i = 0; i < NUM_SOCKETS; i++)
        close(sockets[i]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* Until a new connection succeeds: the time it took, at most about 15 s. */
static int time_until_accepted_ms(void)
{
    int64_t start = fixture_now_ms();
    int rc;

    do {
        struct rpc_channel *late = fixture_open(port, &fixture_site);

        rc = fixture_say(late, "Say", "x", 1000, NULL);
        rpc_channel_close(&late);
    } while (rc != 0 && fixture_now_ms() - start < 15000);
    return (int)(fixture_now_ms() - start);
}

static void test_rpc__accepts_again_after_running_out_of_descriptors(void **state)
{
    Weft__Rpctest__EchoReply reply = WEFT__RPCTEST__ECHO_REPLY__INIT;
    char text[] = "parked";
    struct rpc_call *call;
    pthread_t thread;
    int took_ms[2];
    void *rc;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, park_one, text), 0);
    assert_non_null(call = fixture_take_parked(TIMEOUT_MS));
    for (int round = 0; round < 2; round++) { /* the replacement can be replaced */
        kill_listener();
        took_ms[round] = time_until_accepted_ms();
        print_message("accepts again after %d ms\n", took_ms[round]);
    }
    reply.text = text;
    rpc_reply(call, &reply.base);
    pthread_join(thread, &rc);
    assert_in_range(took_ms[0], 0, 5000);
    assert_in_range(took_ms[1], 0, 5000);
    assert_null(rc); /* a call of the listener before last still ended well */
    assert_int_equal(fixture_say(channel, "Say", "x", TIMEOUT_MS, NULL), 0);
}

/* ---- A server made of gRPC alone -------------------------------------------------------------------------
 */

/* Answers every call with one gzipped message. */
struct zipper {
    grpc_server *grpc;
    grpc_completion_queue *queue;
    pthread_t thread;
};

static void zip_answer(struct zipper *zipper, grpc_call *call)
{
    static uint8_t zeros[4000] = "\x12\x9d\x1f"; /* field 2: 3997 bytes */
    grpc_slice bytes = grpc_slice_from_static_buffer(zeros, sizeof(zeros));
    grpc_byte_buffer *message;
    grpc_op ops[3] = {{.op = GRPC_OP_SEND_INITIAL_METADATA},
                      {.op = GRPC_OP_SEND_MESSAGE},
                      {.op = GRPC_OP_SEND_STATUS_FROM_SERVER}};

    message = grpc_raw_byte_buffer_create(&bytes, 1);
    ops[1].data.send_message.send_message = message;
    HAND_OVER(ops);
    assert_int_equal(grpc_call_start_batch(call, ops, 3, ops, NULL), GRPC_CALL_OK);
    (void)grpc_completion_queue_next(zipper->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    TAKE_OVER(ops);
    grpc_slice_unref(bytes);
    grpc_byte_buffer_destroy(message);
    grpc_call_unref(call);
}

static void *zip_once(void *argument)
{
    struct zipper *zipper = argument;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_call *call = NULL;
    grpc_event event;

    grpc_call_details_init(&details);
    grpc_metadata_array_init(&metadata);
    HAND_OVER(&call);
    assert_int_equal(grpc_server_request_call(zipper->grpc, &call, &details, &metadata, zipper->queue,
                                              zipper->queue, &call),
                     GRPC_CALL_OK);
    event = grpc_completion_queue_next(zipper->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    TAKE_OVER(&call);
    if (event.success)
        zip_answer(zipper, call);
    grpc_call_details_destroy(&details);
    grpc_metadata_array_destroy(&metadata);
    return NULL;
}

static void zipper_start(struct zipper *zipper)
{
    char *ca = read_text(fixture_ca), *cert = read_text(fixture_server.cert),
         *key = read_text(fixture_server.key);
    grpc_ssl_pem_key_cert_pair pair = {key, cert};
    grpc_arg arg = rpc_arg_int(GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM, GRPC_COMPRESS_GZIP);
    const grpc_channel_args list = {1, &arg};
    grpc_server_credentials *credentials =
        grpc_ssl_server_credentials_create_ex(ca, &pair, 1, GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, NULL);

    zipper->queue = grpc_completion_queue_create_for_next(NULL);
    zipper->grpc = grpc_server_create(&list, NULL);
    grpc_server_register_completion_queue(zipper->grpc, zipper->queue, NULL);
    port = (uint16_t)grpc_server_add_http2_port(zipper->grpc, "127.0.0.1:0", credentials);
    assert_int_not_equal(port, 0);
    grpc_server_start(zipper->grpc);
    grpc_server_credentials_release(credentials);
    assert_int_equal(pthread_create(&zipper->thread, NULL, zip_once, zipper), 0);
    free(ca);
    free(cert);
    free(key);
}

static void zipper_end(struct zipper *zipper)
{
    char tag;

    pthread_join(zipper->thread, NULL);
    HAND_OVER(&tag);
    grpc_server_shutdown_and_notify(zipper->grpc, zipper->queue, &tag);
    (void)grpc_completion_queue_next(zipper->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    grpc_completion_queue_shutdown(zipper->queue);
    while (grpc_completion_queue_next(zipper->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL).type !=
           GRPC_QUEUE_SHUTDOWN) {
    }
    grpc_server_destroy(zipper->grpc);
    grpc_completion_queue_destroy(zipper->queue);
}

static void test_rpc__refuses_compressed_answers(void **state)
{
    struct zipper zipper;
    struct err err = {0};
    int rc;

    (void)end(state);
    zipper_start(&zipper);
    channel = fixture_open(port, &fixture_site);
    rc = fixture_say(channel, "Say", "", TIMEOUT_MS, &err);
    zipper_end(&zipper);
    assert_int_not_equal(rc, 0);
    assert_non_null(strstr(err.detail, "compress"));
}

int main(int num_arguments, char **arguments)
{
    if (num_arguments == 5 && strcmp(arguments[0], "serve") == 0)
        return serve(arguments);
#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        test(test_rpc__refuses_a_client_without_a_certificate),
        test(test_rpc__refuses_compressed_requests),
        test(test_rpc__refuses_compressed_answers),
        test(test_rpc__speaks_tls_1_3_alone),
        test(test_rpc__waits_for_a_call_that_outlives_the_grace),
        test(test_rpc__lets_a_call_end_within_the_grace),
        test(test_rpc__finds_a_server_that_came_back),
        test(test_rpc__accepts_again_after_running_out_of_descriptors),
    };
#undef test

    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
