/* test_token.c - tokens as text, hostile ones, and the base64url that carries them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64url.h"
#include "base/file.h"
#include "base/token.h"
#include "crypto/secret.h"
#include "tests/unit/scratch.h"

#define TEXT(text) ((char *)(uintptr_t)(text))

static uint8_t digests[2][32] = {{1}, {2}};
static ProtobufCBinaryData roots[2] = {{32, digests[0]}, {32, digests[1]}};

static Weft__V1__JoinToken sound_token(void)
{
    Weft__V1__JoinToken token = WEFT__V1__JOIN_TOKEN__INIT;

    token.version = TOKEN_VERSION;
    token.endpoint = TEXT("wz.weft.example:7443");
    token.leader = TEXT("wz-lead");
    token.leader_tls_name = TEXT("wz.weft.example");
    token.id = TEXT("h042");
    token.tls_name = TEXT("h042.wz.weft.example");
    token.expires_ms = 1;
    token.roots = roots;
    token.n_roots = 2;
    token.authorities = token.certificate = token.key = TEXT("-----BEGIN NOTHING-----");
    return token;
}

static char *encode(const Weft__V1__JoinToken *token)
{
    char *text = NULL;

    assert_int_equal(token_encode(&text, token, NULL), 0);
    return text;
}

static void test_base64url__round_trips_every_length_and_refuses_all_else(void **state)
{
    static const char *const bad[] = {"A", "AAAAA", "AB", "AAB", "AA==", "A A", "+/AA", "AA\n"};
    uint8_t data[40], back[64];
    char text[BASE64URL_SIZE(40)];
    size_t len;

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 251);
    for (size_t n = 0; n <= sizeof data; n++) {
        base64url_encode(text, data, n);
        assert_true(base64url_decode(back, &len, text, strlen(text)));
        assert_int_equal(len, n);
        assert_memory_equal(back, data, n);
    }
    assert_string_equal(base64url_encode(text, "\xfb\xff", 2), "-_8");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(base64url_decode(back, &len, bad[i], strlen(bad[i])));
    assert_false(base64url_decode(back, &len, "AA\0A", 4));
}

static void test_token__is_one_line_that_says_what_was_put_in(void **state)
{
    Weft__V1__JoinToken token = sound_token(), *back = NULL;
    char *text = encode(&token);

    (void)state;
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_int_equal(token_decode(&back, text, strlen(text), NULL), 0);
    assert_string_equal(back->tls_name, token.tls_name);
    assert_string_equal(back->endpoint, token.endpoint);
    assert_int_equal(back->n_roots, 2);
    token_free(&back);
    secret_free(text, strlen(text));
}

static void refuse(const Weft__V1__JoinToken *token)
{
    Weft__V1__JoinToken *back = NULL;
    char *text = encode(token);

    assert_int_equal(token_decode(&back, text, strlen(text), NULL), ERR_JOIN_TOKEN);
    assert_null(back);
    secret_free(text, strlen(text));
}

/* A sound token with one field changed. */
#define REFUSE_WITH(field, value)                                                                            \
    do {                                                                                                     \
        Weft__V1__JoinToken changed = sound_token();                                                         \
        changed.field = value;                                                                               \
        refuse(&changed);                                                                                    \
    } while (0)

static void test_token__names_addresses_and_sizes_are_checked(void **state)
{
    char *large = calloc(1, 20000);

    (void)state;
    memset(large, 'a', 19999);
    REFUSE_WITH(version, 2);
    REFUSE_WITH(endpoint, TEXT("wz.weft.example"));
    REFUSE_WITH(endpoint, TEXT(":7443"));
    REFUSE_WITH(endpoint, TEXT("a:1\nparent: x:1"));
    REFUSE_WITH(endpoint, TEXT("a\":1"));
    REFUSE_WITH(endpoint, TEXT("a:http"));
    REFUSE_WITH(leader, TEXT("../x"));
    REFUSE_WITH(leader_tls_name, TEXT("wz weft"));
    REFUSE_WITH(id, TEXT(""));
    REFUSE_WITH(id, TEXT("a/b"));
    REFUSE_WITH(tls_name, TEXT("*.weft.example"));
    REFUSE_WITH(n_roots, 1);
    REFUSE_WITH(key, large);
    REFUSE_WITH(certificate, large);
    REFUSE_WITH(authorities, large);
    free(large);
}

static void test_token__a_damaged_one_is_refused_or_says_something_sound(void **state)
{
    Weft__V1__JoinToken token = sound_token(), *back = NULL;
    char *text = encode(&token);
    size_t len = strlen(text);

    (void)state;
    for (size_t i = 0; i + 1 < len; i++) {
        char old = text[i];

        text[i] = old == 'A' ? 'B' : 'A';
        if (token_decode(&back, text, len, NULL) == 0) {
            assert_int_equal(back->version, TOKEN_VERSION);
            token_free(&back);
        }
        text[i] = old;
        assert_int_equal(token_decode(&back, text, i, NULL), ERR_JOIN_TOKEN); /* cut off */
    }
    secret_free(text, len);
}

static void test_token__a_file_that_others_can_read_is_refused(void **state)
{
    Weft__V1__JoinToken token = sound_token(), *back = NULL;
    char *text = encode(&token);
    struct scratch scratch;
    const char *path;

    (void)state;
    assert_int_equal(scratch_make(&scratch), 0);
    path = scratch_path(&scratch, "token");
    assert_int_equal(file_write(path, text, strlen(text), FILE_MODE_PUBLIC, NULL), 0);
    assert_int_equal(token_read(&back, path, NULL), ERR_SECRET_PERMISSIONS);
    assert_int_equal(file_write(path, text, strlen(text), FILE_MODE_SECRET, NULL), 0);
    assert_int_equal(token_read(&back, path, NULL), 0);
    token_free(&back);
    secret_free(text, strlen(text));
    scratch_remove(&scratch);
}

static void test_one_time_name__belongs_to_one_leader(void **state)
{
    (void)state;
    assert_true(token_is_one_time_name("ab12.join.wz.weft.example", "wz.weft.example"));
    assert_false(token_is_one_time_name(".join.wz.weft.example", "wz.weft.example"));
    assert_false(token_is_one_time_name("ab12.join.hz.weft.example", "wz.weft.example"));
    assert_false(token_is_one_time_name("ab12.wz.weft.example", "wz.weft.example"));
    assert_false(token_is_one_time_name("a.join.x.join.wz.weft.example", "wz.weft.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64url__round_trips_every_length_and_refuses_all_else),
        cmocka_unit_test(test_token__is_one_line_that_says_what_was_put_in),
        cmocka_unit_test(test_token__names_addresses_and_sizes_are_checked),
        cmocka_unit_test(test_token__a_damaged_one_is_refused_or_says_something_sound),
        cmocka_unit_test(test_token__a_file_that_others_can_read_is_refused),
        cmocka_unit_test(test_one_time_name__belongs_to_one_leader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
