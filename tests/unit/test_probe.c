/* test_probe.c - each way in which a connection fails is told apart; and what is printed of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/probe.h"
#include "tests/unit/connect_proxy.h"
#include "tests/unit/rpc_fixture.h"

#define TIMEOUT_MS 3000

static struct probe_options options_for(char target[32], uint16_t port)
{
    snprintf(target, 32, "127.0.0.1:%u", (unsigned)port);
    return (struct probe_options){.target = target,
                                  .tls_name = SERVER_NAME,
                                  .ca_file = fixture_ca,
                                  .cert_file = fixture_site.cert,
                                  .key_file = fixture_site.key,
                                  .timeout_ms = TIMEOUT_MS};
}

static struct probe probe(const struct probe_options *options)
{
    struct probe out;

    probe_run(&out, options);
    return out;
}

static void test_probe__finds_nothing_wrong_with_what_is_right(void **state)
{
    struct rpc_server_options server_options = fixture_options();
    struct probe_options options;
    struct rpc_server *server;
    struct probe met;
    uint16_t port;
    char target[32];

    (void)state;
    server = fixture_start(&server_options, &port);
    options = options_for(target, port);
    met = probe(&options);
    assert_int_equal(met.outcome, PROBE_OK);
    assert_string_equal(met.tls_version, "TLSv1.3");
    assert_string_equal(met.names, SERVER_NAME);
    rpc_server_free(&server);
}

static void test_probe__tells_interception_wrong_name_and_own_certificate_apart(void **state)
{
    struct rpc_server_options server_options = fixture_options();
    struct probe_options options;
    struct rpc_server *server;
    struct probe met;
    uint16_t port;
    char target[32];

    (void)state;
    server = fixture_start(&server_options, &port);
    options = options_for(target, port);
    options.ca_file = fixture_foreign_ca;
    met = probe(&options);
    assert_int_equal(met.outcome, PROBE_FOREIGN_ISSUER);
    assert_true(strlen(met.issuer) > 0);
    options.ca_file = fixture_ca;
    options.tls_name = "other.test";
    met = probe(&options);
    assert_int_equal(met.outcome, PROBE_WRONG_NAME);
    assert_string_equal(met.names, SERVER_NAME);
    options = options_for(target, port);
    options.cert_file = fixture_stranger.cert;
    options.key_file = fixture_stranger.key;
    assert_int_equal(probe(&options).outcome, PROBE_OWN_REFUSED);
    options.cert_file = fixture_site.cert; /* and the stranger's key */
    assert_int_equal(probe(&options).outcome, PROBE_OWN_FILES);
    rpc_server_free(&server);
}

/* A port on which nobody listens (any more). */
static uint16_t closed_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void test_probe__tells_where_on_the_way_it_ends(void **state)
{
    char target[32];
    struct probe_options options = options_for(target, closed_port());

    (void)state;
    assert_int_equal(probe(&options).outcome, PROBE_REFUSED);
    options.target = "no-such-host.invalid:7443";
    assert_int_equal(probe(&options).outcome, PROBE_NO_NAME);
    options.target = "127.0.0.1";
    assert_int_equal(probe(&options).outcome, PROBE_BAD_ADDRESS);
}

static enum probe_outcome through(enum connect_proxy_kind kind, const char *user, int *status)
{
    struct rpc_server_options server_options = fixture_options();
    struct connect_proxy *through;
    struct probe_options options;
    struct rpc_server *server;
    struct proxy proxy = {0};
    struct probe met;
    uint16_t port, proxy_port;
    char target[32];

    server = fixture_start(&server_options, &port);
    through = connect_proxy_start(kind, "Basic dTpw", &proxy_port);
    options = options_for(target, port);
    options.timeout_ms = kind == PROXY_HANGS ? 300 : TIMEOUT_MS;
    snprintf(proxy.address, sizeof proxy.address, "127.0.0.1:%u", (unsigned)proxy_port);
    if (user != NULL) {
        snprintf(proxy.header, sizeof proxy.header, "Proxy-Authorization: Basic %s", user);
    }
    options.proxy = &proxy;
    met = probe(&options);
    *status = met.status;
    rpc_server_free(&server);
    connect_proxy_stop(&through);
    return met.outcome;
}

static void test_probe__tells_what_a_proxy_does(void **state)
{
    int status;

    (void)state;
    assert_int_equal(through(PROXY_CONNECTS, NULL, &status), PROBE_OK);
    assert_int_equal(through(PROXY_WANTS_USER, "dTpw", &status), PROBE_OK);
    assert_int_equal(through(PROXY_WANTS_USER, NULL, &status), PROBE_PROXY_REFUSED);
    assert_int_equal(status, 407);
    assert_int_equal(through(PROXY_REFUSES, NULL, &status), PROBE_PROXY_REFUSED);
    assert_int_equal(status, 403);
    assert_int_equal(through(PROXY_HANGS, NULL, &status), PROBE_PROXY_SILENT);
}

/* A proxy is no coordinator: it answers our first bytes of TLS with HTTP, or not at all. */
static void test_probe__tells_what_does_not_speak_tls(void **state)
{
    struct connect_proxy *plain;
    struct probe_options options;
    uint16_t port;
    char target[32];

    (void)state;
    plain = connect_proxy_start(PROXY_REFUSES, NULL, &port);
    options = options_for(target, port);
    options.timeout_ms = 300;
    assert_int_equal(probe(&options).outcome, PROBE_NO_TLS);
    connect_proxy_stop(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe__finds_nothing_wrong_with_what_is_right),
        cmocka_unit_test(test_probe__tells_interception_wrong_name_and_own_certificate_apart),
        cmocka_unit_test(test_probe__tells_where_on_the_way_it_ends),
        cmocka_unit_test(test_probe__tells_what_a_proxy_does),
        cmocka_unit_test(test_probe__tells_what_does_not_speak_tls),
    };

    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
