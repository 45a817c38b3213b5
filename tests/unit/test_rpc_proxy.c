/* test_rpc_proxy.c - which proxy leads where; and calls with certificates on both ends through one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/proxy.h"
#include "tests/unit/connect_proxy.h"
#include "tests/unit/rpc_fixture.h"

#define TARGET "leader.weft.example:7443"

static void set_environment(const char *https_proxy, const char *no_proxy)
{
    unsetenv("HTTPS_PROXY");
    unsetenv("NO_PROXY");
    if (https_proxy == NULL) {
        unsetenv("https_proxy");
    } else {
        setenv("https_proxy", https_proxy, 1);
    }
    if (no_proxy == NULL) {
        unsetenv("no_proxy");
    } else {
        setenv("no_proxy", no_proxy, 1);
    }
}

static int choose(struct proxy *proxy, const char *setting, const char *target, struct err *err)
{
    const struct proxy_settings settings = {.proxy = setting};

    return proxy_choose(proxy, &settings, target, err);
}

/* ---- choosing ---- */

static void test_proxy__comes_from_the_setting_or_the_environment(void **state)
{
    struct proxy proxy;
    struct err err = {0};

    (void)state;
    set_environment(NULL, NULL);
    assert_int_equal(choose(&proxy, NULL, TARGET, &err), 0);
    assert_string_equal(proxy.address, "");
    set_environment("http://10.1.2.3:3128/", NULL);
    assert_int_equal(choose(&proxy, "environment", TARGET, &err), 0);
    assert_string_equal(proxy.address, "10.1.2.3:3128");
    assert_string_equal(proxy.header, "");
    assert_int_equal(choose(&proxy, "none", TARGET, &err), 0);
    assert_string_equal(proxy.address, "");
    assert_int_equal(choose(&proxy, "proxy.local:8080", TARGET, &err), 0);
    assert_string_equal(proxy.address, "proxy.local:8080");
    assert_int_equal(choose(&proxy, NULL, "127.0.0.1:7443", &err), 0);
    assert_string_equal(proxy.address, ""); /* not to this machine */
    set_environment(NULL, NULL);
}

static void test_proxy__credentials_are_decoded_and_never_told(void **state)
{
    static const char *const bad[] = {"http://u:se%cret@p:1",  "http://u:secret@p",       "http://u:secret@p:0",
                                      "http://u:secret@p:1/x", "https://u:secret@p:1",    "http://u:sec%0Aret@p:1",
                                      "http://u:secret@:1",    "http://u:secret@p:99999", "socks5://u:secret@p:1"};
    struct proxy proxy;
    struct err err = {0};

    (void)state;
    set_environment("http://user:p%40ss%3aword@proxy:3128", NULL);
    assert_int_equal(choose(&proxy, NULL, TARGET, &err), 0);
    assert_string_equal(proxy.address, "proxy:3128");
    assert_string_equal(proxy.header, "Proxy-Authorization:Basic dXNlcjpwQHNzOndvcmQ="); /* user:p@ss:word */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_environment(bad[i], NULL);
        assert_int_equal(choose(&proxy, NULL, TARGET, &err), ERR_PROXY_SETTING);
        assert_null(strstr(err.detail, "secret"));
        assert_string_equal(proxy.header, "");
    }
    set_environment(NULL, NULL);
    assert_int_equal(choose(&proxy, "http://u:secret@p:1", TARGET, &err), ERR_PROXY_SETTING);
    assert_non_null(strstr(err.detail, "proxy_credentials"));
}

static void test_proxy__credentials_come_from_a_file_of_ones_own(void **state)
{
    char path[] = "/tmp/weft-proxy-XXXXXX";
    const struct proxy_settings settings = {.proxy = "http://p:1", .credentials = path};
    struct proxy proxy;
    struct err err = {0};

    (void)state;
    close(mkstemp(path));
    assert_int_equal(file_write(path, "user:p@ss:word\n", 15, FILE_MODE_SECRET, &err), 0);
    assert_int_equal(proxy_choose(&proxy, &settings, TARGET, &err), 0);
    assert_string_equal(proxy.header, "Proxy-Authorization:Basic dXNlcjpwQHNzOndvcmQ=");
    assert_int_equal(file_write(path, "user\n", 5, FILE_MODE_SECRET, &err), 0);
    assert_int_equal(proxy_choose(&proxy, &settings, TARGET, &err), ERR_PROXY_SETTING);
    assert_int_equal(file_write(path, "u:p\n", 4, FILE_MODE_PUBLIC, &err), 0);
    assert_int_equal(proxy_choose(&proxy, &settings, TARGET, &err), ERR_SECRET_PERMISSIONS);
    unlink(path);
}

static void test_proxy__exceptions_are_hosts_domains_and_networks(void **state)
{
    (void)state;
    assert_true(proxy_is_excepted("*", TARGET));
    assert_true(proxy_is_excepted("other, leader.weft.example", TARGET));
    assert_true(proxy_is_excepted(".weft.example", TARGET));
    assert_true(proxy_is_excepted("WEFT.example:7443", TARGET));
    assert_false(proxy_is_excepted("weft.example:443", TARGET));
    assert_false(proxy_is_excepted("eft.example", TARGET));
    assert_false(proxy_is_excepted("", TARGET));
    assert_false(proxy_is_excepted(NULL, TARGET));
    assert_true(proxy_is_excepted("10.0.0.0/8", "10.255.1.2:7443"));
    assert_false(proxy_is_excepted("10.0.0.0/8", "11.0.0.1:7443"));
    assert_true(proxy_is_excepted("10.1.2.3/32", "10.1.2.3:1"));
    assert_false(proxy_is_excepted("10.1.2.3/33", "10.1.2.3:1"));
    assert_true(proxy_is_excepted("::1", "[::1]:7443"));
    assert_true(proxy_is_excepted("[fd00::1]:7443", "[fd00::1]:7443"));
}

/* ---- calling through one ---- */

static int call_through(enum connect_proxy_kind kind, const char *user, int timeout_ms, struct err *err)
{
    struct rpc_server_options options = fixture_options();
    struct rpc_channel_options channel_options;
    struct rpc_channel *channel = NULL;
    struct connect_proxy *through;
    struct rpc_server *server;
    struct proxy proxy = {0};
    uint16_t port, proxy_port;
    char target[32];
    int rc, num;

    server = fixture_start(&options, &port);
    through = connect_proxy_start(kind, "Basic dXNlcjpwQHNzOndvcmQ=", &proxy_port);
    snprintf(proxy.address, sizeof proxy.address, "127.0.0.1:%u", (unsigned)proxy_port);
    if (user != NULL) {
        snprintf(proxy.header, sizeof proxy.header, "Proxy-Authorization:Basic %s", user);
    }
    channel_options = fixture_channel_options(target, port, &fixture_site);
    channel_options.proxy = &proxy;
    assert_int_equal(rpc_channel_open(&channel, &channel_options, err), 0);
    rc = fixture_say(channel, "Say", "through", timeout_ms, err);
    num = connect_proxy_num_asked(through);
    assert_true(num > 0);
    rpc_channel_close(&channel);
    rpc_server_free(&server);
    connect_proxy_stop(&through);
    return rc;
}

static void test_rpc_proxy__certificates_hold_through_it(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(call_through(PROXY_CONNECTS, NULL, 10000, &err), 0);
    assert_int_equal(call_through(PROXY_WANTS_USER, "dXNlcjpwQHNzOndvcmQ=", 10000, &err), 0);
}

static void test_rpc_proxy__refusals_are_told_from_failures(void **state)
{
    struct err err = {0};

    (void)state;
    assert_int_equal(call_through(PROXY_REFUSES, NULL, 5000, &err), ERR_PROXY_REFUSED);
    assert_non_null(strstr(err.detail, "403"));
    assert_non_null(strstr(err.detail, "through proxy 127.0.0.1:"));
    assert_int_equal(call_through(PROXY_WANTS_USER, NULL, 5000, &err), ERR_PROXY_REFUSED);
    assert_non_null(strstr(err.detail, "407"));
    assert_int_equal(call_through(PROXY_WANTS_USER, "d3Jvbmc6d3Jvbmc=", 5000, &err), ERR_PROXY_REFUSED);
    assert_null(strstr(err.detail, "d3Jvbmc6d3Jvbmc="));
}

static void test_rpc_proxy__one_that_hangs_ends_at_the_deadline(void **state)
{
    struct err err = {0};
    int64_t began = fixture_now_ms();
    int rc;

    (void)state;
    rc = call_through(PROXY_HANGS, NULL, 1000, &err);
    assert_true(rc == ERR_DEADLINE || rc == ERR_UNREACHABLE);
    assert_true(fixture_now_ms() - began < 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proxy__comes_from_the_setting_or_the_environment),
        cmocka_unit_test(test_proxy__credentials_are_decoded_and_never_told),
        cmocka_unit_test(test_proxy__credentials_come_from_a_file_of_ones_own),
        cmocka_unit_test(test_proxy__exceptions_are_hosts_domains_and_networks),
        cmocka_unit_test(test_rpc_proxy__certificates_hold_through_it),
        cmocka_unit_test(test_rpc_proxy__refusals_are_told_from_failures),
        cmocka_unit_test(test_rpc_proxy__one_that_hangs_ends_at_the_deadline),
    };

    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
