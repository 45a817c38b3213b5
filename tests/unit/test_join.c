/* test_join.c - key directories, join files and root files. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/join.h"
#include "base/newdir.h"

static char top[] = "/tmp/weft-join-XXXXXX";
static const char *const areas[] = {"330300", "330302"};

/* A path in the test's directory; each call may use the text until four more calls. */
static const char *at(const char *name)
{
    static char paths[4][256];
    static size_t next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", top, name);
    return path;
}

static int make_top(void **state)
{
    (void)state;
    strcpy(top, "/tmp/weft-join-XXXXXX");
    return mkdtemp(top) == NULL;
}

static int remove_top(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", top);
    return system(command);
}

static void make(const char *name, enum join_kind kind)
{
    struct err err = {0};

    assert_int_equal(
        identity_create(at(name), kind, name, "a.weft.test", areas, kind == JOIN_SITE ? 0 : 2, &err), 0);
}

static unsigned mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return (unsigned)status.st_mode & 07777;
}

/* Replace the first `from` in the file by `to`. */
static void edit(const char *path, const char *from, const char *to)
{
    uint8_t *data;
    size_t len;
    char *found, *text;
    struct err err = {0};

    assert_int_equal(file_read(&data, &len, path, 65536, &err), 0);
    found = strstr((char *)data, from);
    assert_non_null(found);
    assert_true(
        asprintf(&text, "%.*s%s%s", (int)(found - (char *)data), (char *)data, to, found + strlen(from)) > 0);
    assert_int_equal(file_write(path, text, strlen(text), FILE_MODE_PUBLIC, &err), 0);
    free(text);
    free(data);
}

static void test_identity__what_is_created_is_loaded(void **state)
{
    struct identity identity = {0};
    struct join join = {0};
    uint8_t key[KEY_SIZE];
    struct err err = {0};

    (void)state;
    make("lead", JOIN_COORDINATOR);
    assert_int_equal(identity_load(&identity, at("lead"), &err), 0);
    assert_int_equal(join_read(&join, at("lead/join.yaml"), &err), 0);
    assert_int_equal(identity.kind, JOIN_COORDINATOR);
    assert_string_equal(identity.id, "lead");
    assert_string_equal(identity.tls_name, "a.weft.test");
    sign_public(key, identity.sign_key);
    assert_memory_equal(key, join.sign_key, KEY_SIZE);
    agree_public(key, identity.static_key);
    assert_memory_equal(key, join.static_key, KEY_SIZE);
    agree_public(key, identity_collector(&identity, "330302"));
    assert_memory_equal(key, join_collector(&join, "330302"), KEY_SIZE);
    assert_memory_not_equal(join_collector(&join, "330302"), join_collector(&join, "330300"), KEY_SIZE);
    assert_null(identity_collector(&identity, "330303"));
    assert_non_null(strstr(identity.tls_key_pem, "PRIVATE KEY"));
    join_clear(&join);
    identity_clear(&identity);
}

static void test_identity__a_site_has_a_secret_and_no_static_key(void **state)
{
    static const uint8_t zero[KEY_SIZE];
    struct identity identity = {0};
    struct err err = {0};

    (void)state;
    make("h1", JOIN_SITE);
    assert_int_equal(identity_load(&identity, at("h1"), &err), 0);
    assert_int_equal(identity.kind, JOIN_SITE);
    assert_memory_not_equal(identity.site_secret, zero, KEY_SIZE);
    assert_memory_not_equal(identity.at_rest_key, identity.site_secret, KEY_SIZE);
    assert_memory_equal(identity.static_key, zero, KEY_SIZE);
    assert_false(file_exists(at("h1/static.key")));
    identity_clear(&identity);
}

static void test_identity__secrets_are_closed_to_others(void **state)
{
    static const char *const secrets[] = {"lead/sign.key", "lead/static.key", "lead/at-rest.key",
                                          "lead/collector-330300.key", "lead/tls.key"};

    (void)state;
    umask(0);
    make("lead", JOIN_COORDINATOR);
    assert_int_equal(mode_of(at("lead")), 0700);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        assert_int_equal(mode_of(at(secrets[i])), 0600);
    assert_int_equal(mode_of(at("lead/join.yaml")), 0644);
    umask(022);
}

static void test_identity__join_file_holds_no_secret(void **state)
{
    struct identity identity = {0};
    struct err err = {0};
    uint8_t *text;
    size_t len;
    char hex[2 * KEY_SIZE + 1];

    (void)state;
    make("lead", JOIN_COORDINATOR);
    assert_int_equal(identity_load(&identity, at("lead"), &err), 0);
    assert_int_equal(file_read(&text, &len, at("lead/join.yaml"), 65536, &err), 0);
    assert_null(strstr((char *)text, "PRIVATE"));
    for (size_t i = 0; i < KEY_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", identity.sign_key[i]);
    assert_null(strstr((char *)text, hex));
    for (size_t i = 0; i < KEY_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", identity.collectors[0].key[i]);
    assert_null(strstr((char *)text, hex));
    free(text);
    identity_clear(&identity);
}

static void test_identity__refuses_an_existing_directory(void **state)
{
    struct err err = {0};
    uint8_t *before, *after;
    size_t before_len, after_len;

    (void)state;
    make("h1", JOIN_SITE);
    assert_int_equal(file_read(&before, &before_len, at("h1/sign.key"), 64, &err), 0);
    assert_int_equal(identity_create(at("h1/"), JOIN_SITE, "h1", "a.weft.test", NULL, 0, &err),
                     ERR_ALREADY_INITIALISED);
    assert_int_equal(file_read(&after, &after_len, at("h1/sign.key"), 64, &err), 0);
    assert_int_equal(before_len, KEY_SIZE);
    assert_int_equal(after_len, KEY_SIZE);
    assert_memory_equal(before, after, KEY_SIZE);
    free(before);
    free(after);
    assert_int_equal(mkdir(at("empty"), 0700), 0);
    assert_int_equal(identity_create(at("empty"), JOIN_SITE, "h1", "a.weft.test", NULL, 0, &err),
                     ERR_ALREADY_INITIALISED);
}

static void test_identity__refuses_names_that_cannot_be(void **state)
{
    static const char *const twice[] = {"330300", "330300"}, *const outside[] = {"../x"};
    struct err err = {0};

    (void)state;
    assert_int_equal(identity_create(at("x"), JOIN_SITE, "a b", "a.weft.test", NULL, 0, &err), ERR_USAGE);
    assert_int_equal(identity_create(at("x"), JOIN_SITE, "a", "A.weft.test", NULL, 0, &err), ERR_USAGE);
    assert_int_equal(identity_create(at("x"), JOIN_SITE, "a", "", NULL, 0, &err), ERR_USAGE);
    assert_int_equal(identity_create(at("x"), JOIN_SITE, "a", "a.weft.test", areas, 1, &err), ERR_USAGE);
    assert_int_equal(identity_create(at("x"), JOIN_COORDINATOR, "a", "a.weft.test", twice, 2, &err),
                     ERR_USAGE);
    assert_int_equal(identity_create(at("x"), JOIN_COORDINATOR, "a", "a.weft.test", outside, 1, &err),
                     ERR_USAGE);
    assert_false(file_exists(at("x")));
}

static void test_identity__load_names_what_is_missing_open_or_mixed_up(void **state)
{
    struct identity identity = {0};
    struct err err = {0};

    (void)state;
    make("lead", JOIN_COORDINATOR);
    make("other", JOIN_COORDINATOR);
    assert_int_equal(chmod(at("lead/static.key"), 0640), 0);
    assert_int_equal(identity_load(&identity, at("lead"), &err), ERR_SECRET_PERMISSIONS);
    assert_non_null(strstr(err.detail, "static.key"));
    assert_int_equal(rename(at("other/static.key"), at("lead/static.key")), 0);
    assert_int_equal(identity_load(&identity, at("lead"), &err), ERR_FILE_READ);
    assert_non_null(strstr(err.detail, "static.key does not belong"));
    assert_int_equal(identity_load(&identity, at("other"), &err), ERR_FILE_READ);
    assert_non_null(strstr(err.detail, "static.key"));
    make("third", JOIN_COORDINATOR);
    assert_int_equal(unlink(at("third/collector-330302.key")), 0);
    assert_int_equal(identity_load(&identity, at("third"), &err), ERR_FILE_READ);
    assert_non_null(strstr(err.detail, "collector-330302.key"));
    make("fourth", JOIN_COORDINATOR);
    assert_int_equal(truncate(at("fourth/sign.key"), 31), 0);
    assert_int_equal(identity_load(&identity, at("fourth"), &err), ERR_FILE_READ);
    assert_null(identity.tls_key_pem);
}

static void test_join__refuses_a_changed_or_foreign_file(void **state)
{
    static const struct {
        const char *from, *to;
        int code;
    } edits[] = {
        {"a.weft.test", "b.weft.test", ERR_YAML_BAD_VALUE}, /* its fingerprint no longer follows */
        {"a.weft.test", "a weft test", ERR_YAML_BAD_VALUE},
        {"id: \"", "id: \"../", ERR_YAML_BAD_VALUE},
        {"kind: coordinator", "kind: site", ERR_YAML_UNKNOWN_KEY},
        {"kind: coordinator", "kind: root", ERR_YAML_BAD_VALUE},
        {"weft-join-1", "weft-join-2", ERR_YAML_BAD_VALUE},
        {"sign_key: \"", "sign_key: \"0", ERR_YAML_BAD_VALUE},
        {"static_key:", "extra: 1\nstatic_key:", ERR_YAML_UNKNOWN_KEY},
        {"static_key:", "#", ERR_YAML_MISSING_KEY},
        {"fingerprint:", "#", ERR_YAML_MISSING_KEY},
        {"\"330302\"", "\"330300\"", ERR_YAML_DUPLICATE_KEY},
        {"\"330302\"", "\"330303\"", ERR_YAML_BAD_VALUE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        char name[16];
        struct join join = {0};
        struct err err = {0};

        snprintf(name, sizeof name, "c%zu", i);
        make(name, JOIN_COORDINATOR);
        strcat(name, "/join.yaml");
        edit(at(name), edits[i].from, edits[i].to);
        assert_int_equal(join_read(&join, at(name), &err), edits[i].code);
        assert_null(join.request_pem);
    }
}

static void test_join__every_field_changes_the_fingerprint(void **state)
{
    struct join_area_key key = {.area = "330300"};
    struct join join = {.kind = JOIN_COORDINATOR, .id = "a", .tls_name = "b", .collectors = &key};
    char pem[] = "request", first[JOIN_FINGERPRINT_SIZE], now[JOIN_FINGERPRINT_SIZE];

    (void)state;
    join.request_pem = pem;
    join_fingerprint(first, &join);
    assert_int_equal(strlen(first), JOIN_FINGERPRINT_SIZE - 1);
    join.static_key[31] ^= 1;
    assert_string_not_equal(join_fingerprint(now, &join), first);
    join.static_key[31] ^= 1;
    join.sign_key[0] ^= 1;
    assert_string_not_equal(join_fingerprint(now, &join), first);
    join.sign_key[0] ^= 1;
    join.num_collectors = 1;
    assert_string_not_equal(join_fingerprint(now, &join), first);
    join.num_collectors = 0;
    strcpy(join.id, "ab");
    strcpy(join.tls_name, "");
    assert_string_not_equal(join_fingerprint(now, &join), first);
    strcpy(join.id, "a");
    strcpy(join.tls_name, "b");
    pem[0] = 'R';
    assert_string_not_equal(join_fingerprint(now, &join), first);
    pem[0] = 'r';
    assert_string_equal(join_fingerprint(now, &join), first);
}

static void write_root(const char *name, const char *root_name, Weft__V1__Side side, uint8_t first_byte)
{
    uint8_t key[KEY_SIZE] = {first_byte};
    Weft__V1__Root root = WEFT__V1__ROOT__INIT;
    struct err err = {0};
    char *text;

    root.name = (char *)(uintptr_t)root_name;
    root.side = side;
    root.public_key = (ProtobufCBinaryData){.len = KEY_SIZE, .data = key};
    assert_int_equal(join_root_format(&text, &root, &err), 0);
    assert_int_equal(file_write(at(name), text, strlen(text), FILE_MODE_PUBLIC, &err), 0);
    free(text);
}

static void test_roots__are_pinned_once_each(void **state)
{
    struct join_roots roots = {0};
    struct err err = {0};

    (void)state;
    write_root("a", "commission", WEFT__V1__SIDE__SIDE_LEADER, 1);
    write_root("b", "university", WEFT__V1__SIDE__SIDE_HELPER, 2);
    write_root("same-name", "university", WEFT__V1__SIDE__SIDE_HELPER, 3);
    write_root("same-key", "institute", WEFT__V1__SIDE__SIDE_HELPER, 1);
    assert_int_equal(join_roots_add(&roots, at("a"), &err), 0);
    assert_int_equal(join_roots_add(&roots, at("b"), &err), 0);
    assert_int_equal(join_roots_add(&roots, at("same-name"), &err), ERR_ROSTER_UNSOUND);
    assert_int_equal(join_roots_add(&roots, at("same-key"), &err), ERR_ROSTER_UNSOUND);
    assert_int_equal(join_roots_add(&roots, at("none"), &err), ERR_FILE_READ);
    assert_int_equal(roots.roots.num_roots, 2);
    assert_string_equal(roots.roots.roots[1]->name, "university");
    assert_int_equal(roots.roots.roots[1]->side, WEFT__V1__SIDE__SIDE_HELPER);
    assert_int_equal(roots.roots.roots[1]->public_key.data[0], 2);
}

static void test_roots__refuses_a_changed_file(void **state)
{
    struct join_roots roots = {0};
    struct err err = {0};

    (void)state;
    write_root("a", "commission", WEFT__V1__SIDE__SIDE_LEADER, 1);
    edit(at("a"), "public_key: \"01", "public_key: \"02");
    assert_int_equal(join_roots_add(&roots, at("a"), &err), ERR_YAML_BAD_VALUE);
    write_root("b", "commission", WEFT__V1__SIDE__SIDE_LEADER, 1);
    edit(at("b"), "side: leader", "side: helper");
    assert_int_equal(join_roots_add(&roots, at("b"), &err), ERR_YAML_BAD_VALUE);
    assert_int_equal(roots.roots.num_roots, 0);
}

static void test_newdir__leaves_nothing_behind_on_failure(void **state)
{
    const struct newdir_file files[] = {{"one", "1", 1, 0600}, {"no/such/place", "2", 1, 0600}};
    struct err err = {0};

    (void)state;
    assert_int_equal(newdir_create(at("d"), files, 2, &err), ERR_FILE_WRITE);
    assert_int_equal(newdir_create(at("no/such/d"), files, 1, &err), ERR_FILE_WRITE);
    assert_int_equal(newdir_create("", files, 1, &err), ERR_FILE_WRITE);
    assert_int_equal(rmdir(top), 0); /* only an empty directory can be removed */
    assert_int_equal(mkdir(top, 0700), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_top, remove_top)
    const struct CMUnitTest tests[] = {
        TEST(test_identity__what_is_created_is_loaded),
        TEST(test_identity__a_site_has_a_secret_and_no_static_key),
        TEST(test_identity__secrets_are_closed_to_others),
        TEST(test_identity__join_file_holds_no_secret),
        TEST(test_identity__refuses_an_existing_directory),
        TEST(test_identity__refuses_names_that_cannot_be),
        TEST(test_identity__load_names_what_is_missing_open_or_mixed_up),
        TEST(test_join__refuses_a_changed_or_foreign_file),
        TEST(test_join__every_field_changes_the_fingerprint),
        TEST(test_roots__are_pinned_once_each),
        TEST(test_roots__refuses_a_changed_file),
        TEST(test_newdir__leaves_nothing_behind_on_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
