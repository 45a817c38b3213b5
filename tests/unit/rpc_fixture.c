/* rpc_fixture.c - certificates, a server of the test service, and channels to it. */
#include "tests/unit/rpc_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cert.h"
#include "base/file.h"
#include "base/wire.h"
#include "crypto/secret.h"

char fixture_ca[96], fixture_foreign_ca[96];
struct party fixture_server, fixture_site, fixture_other, fixture_stranger, fixture_expired;

static char directory[] = "/tmp/weft-rpc-XXXXXX";

/* ---- Certificates ----------------------------------------------------------------------------------------
 */

static int64_t wall_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static void write_text(char path[96], const char *name, const char *text, mode_t mode)
{
    snprintf(path, 96, "%s/%s", directory, name);
    assert_int_equal(file_write(path, text, strlen(text), mode, NULL), 0);
}

struct authority {
    char *key, *cert;
};

static void authority_make(struct authority *authority, char path[96], const char *name, int64_t now_ms)
{
    assert_int_equal(cert_make_authority(&authority->key, &authority->cert, name, now_ms, NULL), 0);
    write_text(path, name, authority->cert, 0644);
}

static void authority_free(struct authority *authority)
{
    secret_free(authority->key, strlen(authority->key));
    free(authority->cert);
}

static void party_make(struct party *party, const struct authority *authority, const char *name,
                       const char *file, unsigned days, int64_t now_ms)
{
    char *key = NULL, *request = NULL, *cert = NULL, file_name[64];

    assert_int_equal(cert_make_request(&key, &request, name, NULL), 0);
    assert_int_equal(cert_sign(&cert, authority->key, authority->cert, request, name, days * CERT_MS_PER_DAY, now_ms,
                               NULL),
                     0);
    snprintf(file_name, sizeof(file_name), "%s.crt", file);
    write_text(party->cert, file_name, cert, 0644);
    snprintf(file_name, sizeof(file_name), "%s.key", file);
    write_text(party->key, file_name, key, 0600);
    secret_free(key, strlen(key));
    free(request);
    free(cert);
}

int fixture_begin(void **state)
{
    const int64_t now = wall_ms(), year_ago = now - INT64_C(365) * 86400000;
    struct authority authority, foreign;
    struct err err = {0};

    (void)state;
    alarm(250); /* a test that hangs ends, and says where */
    if (mkdtemp(directory) == NULL)
        return -1;
    authority_make(&authority, fixture_ca, "ca.crt", year_ago);
    authority_make(&foreign, fixture_foreign_ca, "foreign.crt", year_ago);
    party_make(&fixture_server, &authority, SERVER_NAME, "server", 30, now);
    party_make(&fixture_site, &authority, "Site1.test", "site", 30, now);
    party_make(&fixture_other, &authority, "other.test", "other", 30, now);
    party_make(&fixture_stranger, &foreign, "site1.test", "stranger", 30, now);
    party_make(&fixture_expired, &authority, "site1.test", "expired", 30, year_ago);
    authority_free(&authority);
    authority_free(&foreign);
    return rpc_init(&err);
}

int fixture_end(void **state)
{
    char command[64];

    (void)state;
    rpc_shutdown();
    snprintf(command, sizeof(command), "rm -r %s", directory);
    return system(command);
}

/* ---- Service ---------------------------------------------------------------------------------------------
 */

static pthread_mutex_t parked_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t parked_changed = PTHREAD_COND_INITIALIZER;
static struct rpc_call *parked;

static void say(struct rpc_call *call, const ProtobufCMessage *message, void *user)
{
    const Weft__Rpctest__EchoRequest *request = (const void *)message;
    Weft__Rpctest__EchoReply reply = WEFT__RPCTEST__ECHO_REPLY__INIT;
    const struct rpc_peer *peer = rpc_call_peer(call);
    uint8_t *blob = calloc(1, request->reply_size + 1u);

    (void)user;
    reply.text = request->text;
    reply.peer = (char *)(uintptr_t)peer->name;
    reply.cert_digest = (ProtobufCBinaryData){RPC_DIGEST_SIZE, (uint8_t *)(uintptr_t)peer->cert_digest};
    reply.blob = (ProtobufCBinaryData){request->reply_size, blob};
    rpc_reply(call, &reply.base);
    free(blob);
}

static void fail_call(struct rpc_call *call, const ProtobufCMessage *message, void *user)
{
    const Weft__Rpctest__EchoRequest *request = (const void *)message;
    struct err err = {0};

    (void)user;
    if (request->code != 0)
        err_set(&err, (int)request->code, "%s", request->text);
    rpc_fail(call, &err);
}

static void park(struct rpc_call *call, const ProtobufCMessage *message, void *user)
{
    (void)message;
    (void)user;
    pthread_mutex_lock(&parked_lock);
    parked = call;
    pthread_cond_signal(&parked_changed);
    pthread_mutex_unlock(&parked_lock);
}

struct rpc_call *fixture_take_parked(int timeout_ms)
{
    int64_t until = fixture_now_ms() + timeout_ms;
    struct timespec deadline = {until / 1000, until % 1000 * 1000000};
    struct rpc_call *call;

    pthread_mutex_lock(&parked_lock);
    while (parked == NULL &&
           pthread_cond_clockwait(&parked_changed, &parked_lock, CLOCK_MONOTONIC, &deadline) == 0) {
    }
    call = parked;
    parked = NULL;
    pthread_mutex_unlock(&parked_lock);
    return call;
}

static int allow(const struct rpc_peer *peer, const char *method, void *user, struct err *err)
{
    (void)user;
    if (strcmp(peer->name, "site1.test") != 0 && strcmp(peer->name, SERVER_NAME) != 0)
        return err_set(err, ERR_PEER_UNKNOWN, "%s", peer->name);
    if (strcmp(method, "weft.rpctest.Echo/Hidden") == 0)
        return err_set(err, ERR_NOT_ALLOWED, "%s by %s", method, peer->name);
    return 0;
}

struct rpc_server_options fixture_options(void)
{
    return (struct rpc_server_options){.ca_file = fixture_ca,
                                       .cert_file = fixture_server.cert,
                                       .key_file = fixture_server.key,
                                       .allow = allow};
}

struct rpc_server *fixture_start(const struct rpc_server_options *options, uint16_t *port)
{
    static const struct rpc_method methods[] = {
        {"Say", say}, {"Fail", fail_call}, {"Park", park}, {"Hidden", say}};
    struct rpc_server *server = NULL;
    struct err err = {0};

    assert_int_equal(rpc_server_new(&server, options, &err), 0);
    assert_int_equal(rpc_server_add(server, ECHO_SERVICE, methods, 4, NULL, &err), 0);
    if (rpc_server_start(server, port, &err) != 0)
        fail_msg("%d %s", err.code, err.detail);
    return server;
}

/* ---- Client ----------------------------------------------------------------------------------------------
 */

struct rpc_channel_options fixture_channel_options(char target[32], uint16_t port, const struct party *party)
{
    snprintf(target, 32, "127.0.0.1:%u", port);
    return (struct rpc_channel_options){.target = target,
                                        .tls_name = SERVER_NAME,
                                        .ca_file = fixture_ca,
                                        .cert_file = party->cert,
                                        .key_file = party->key};
}

struct rpc_channel *fixture_open(uint16_t port, const struct party *party)
{
    char target[32];
    struct rpc_channel_options options = fixture_channel_options(target, port, party);
    struct rpc_channel *channel = NULL;
    struct err err = {0};

    assert_int_equal(rpc_channel_open(&channel, &options, &err), 0);
    return channel;
}

int fixture_say(struct rpc_channel *channel, const char *method, const char *text, int timeout_ms,
                struct err *err)
{
    Weft__Rpctest__EchoRequest request = WEFT__RPCTEST__ECHO_REQUEST__INIT;
    Weft__Rpctest__EchoReply *reply = NULL;
    int rc;

    request.text = (char *)(uintptr_t)text;
    rc = rpc_call_unary(channel, ECHO_SERVICE, method, &request.base, (ProtobufCMessage **)&reply, timeout_ms,
                        err);
    if (rc == 0)
        assert_string_equal(reply->text, text);
    wire_free(&reply);
    return rc;
}

int64_t fixture_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fixture_sleep_ms(int ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&time, NULL);
}
