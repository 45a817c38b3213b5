/* test_settings.c - a settings table against files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/settings.h"
#include "scratch.h"

struct sample {
    char *address, *data, *note;
    bool verbose;
    int64_t port, wait_ms, room;
    int level;
    struct setting_list peers, files;
};

static const char *const levels[] = {"debug", "info", "warn", NULL};

#define AT(member) offsetof(struct sample, member)
static const struct setting table[] = {
    {.name = "listen.address",
     .type = SETTING_STRING,
     .offset = AT(address),
     .max = 20,
     .en = "Where.",
     .zh = "地址。"},
    {.name = "listen.port",
     .type = SETTING_INT,
     .offset = AT(port),
     .fallback = "7100",
     .min = 1,
     .max = 65535,
     .en = "Port.",
     .zh = "端口。"},
    {.name = "listen.tls.wait",
     .type = SETTING_DURATION,
     .offset = AT(wait_ms),
     .fallback = "90s",
     .min = 1000,
     .max = 3600000,
     .en = "Wait.",
     .zh = "等待。"},
    {.name = "data",
     .type = SETTING_PATH,
     .offset = AT(data),
     .fallback = "store",
     .en = "Data.",
     .zh = "数据。"},
    {.name = "note",
     .type = SETTING_STRING,
     .offset = AT(note),
     .fallback = "",
     .en = "Note.",
     .zh = "备注。"},
    {.name = "verbose",
     .type = SETTING_BOOL,
     .offset = AT(verbose),
     .fallback = "false",
     .en = "Talk.",
     .zh = "详细。"},
    {.name = "room",
     .type = SETTING_SIZE,
     .offset = AT(room),
     .fallback = "64MiB",
     .max = INT64_C(1) << 40,
     .unit = "of disk",
     .en = "Room.",
     .zh = "空间。"},
    {.name = "level",
     .type = SETTING_CHOICE,
     .offset = AT(level),
     .fallback = "info",
     .choices = levels,
     .en = "Level.",
     .zh = "级别。"},
    {.name = "peers",
     .type = SETTING_LIST,
     .offset = AT(peers),
     .fallback = "",
     .min = 2,
     .max = 10,
     .en = "Peers.",
     .zh = "对端。"},
    {.name = "files",
     .type = SETTING_PATH_LIST,
     .offset = AT(files),
     .fallback = "",
     .min = 1,
     .max = 100,
     .en = "Files.",
     .zh = "文件。"},
};
#define NUM_SETTINGS (sizeof(table) / sizeof(table[0]))

static struct scratch scratch;

static int make(void **state)
{
    (void)state;
    return scratch_make(&scratch);
}

static int unmake(void **state)
{
    (void)state;
    scratch_remove(&scratch);
    return 0;
}

static int load(struct sample *sample, const char *text, struct err *err)
{
    return settings_load(sample, table, NUM_SETTINGS, scratch_file(&scratch, "s.yaml", text), err);
}

static void test_settings__values_and_defaults(void **state)
{
    struct sample sample = {0};
    char path[128];

    (void)state;
    assert_int_equal(load(&sample,
                          "listen:\n  address: 0.0.0.0\n  tls: {wait: 2m}\n"
                          "verbose: true\nlevel: warn\npeers: [aa, bb]\ndata: /var/lib/x\n",
                          NULL),
                     0);
    assert_string_equal(sample.address, "0.0.0.0");
    assert_int_equal(sample.port, 7100);
    assert_int_equal(sample.wait_ms, 120000);
    assert_string_equal(sample.data, "/var/lib/x");
    assert_null(sample.note);
    assert_true(sample.verbose);
    assert_int_equal(sample.room, 64 << 20);
    assert_int_equal(sample.level, 2);
    assert_int_equal(sample.peers.num, 2);
    assert_string_equal(sample.peers.items[1], "bb");
    settings_clear(&sample, table, NUM_SETTINGS);
    assert_null(sample.address);
    assert_int_equal(sample.peers.num, 0);
    settings_clear(&sample, table, NUM_SETTINGS);

    assert_int_equal(load(&sample, "listen: {address: x}\nfiles: [/etc/a, b/c]\n", NULL), 0);
    assert_int_equal(sample.files.num, 2);
    assert_string_equal(sample.files.items[0], "/etc/a");
    snprintf(path, sizeof(path), "%s/b/c", scratch.directory);
    assert_string_equal(sample.files.items[1], path);
    snprintf(path, sizeof(path), "%s/store", scratch.directory); /* beside the settings file */
    assert_string_equal(sample.data, path);
    settings_clear(&sample, table, NUM_SETTINGS);
}

static void refuse(const char *text, int code, unsigned line, const char *field)
{
    struct sample sample = {0};
    struct err err = {0};

    if (load(&sample, text, &err) != code)
        fail_msg("%d, not %d: %s", err.code, code, err.detail);
    assert_string_equal(err.file, scratch.path);
    assert_int_equal(err.line, line);
    assert_string_equal(err.field, field);
    assert_null(sample.address);
    assert_null(sample.data);
    assert_null(sample.peers.items);
}

static void test_settings__refuses_what_the_table_does_not_allow(void **state)
{
    (void)state;
    refuse("", ERR_YAML_MISSING_KEY, 0, "listen.address");
    refuse("# nothing\n", ERR_YAML_MISSING_KEY, 0, "listen.address");
    refuse("listen: {address: x}\nprot: 1\n", ERR_YAML_UNKNOWN_KEY, 2, "prot");
    refuse("listen:\n  address: x\n  tls: {wiat: 1s}\n", ERR_YAML_UNKNOWN_KEY, 3, "listen.tls.wiat");
    refuse("listen:\n  address: x\n  port: 65536\n", ERR_YAML_BAD_VALUE, 3, "listen.port");
    refuse("listen:\n  address: x\n  port: 07100\n", ERR_YAML_AMBIGUOUS_NUMBER, 3, "listen.port");
    refuse("listen:\n  address: 012345678901234567890\n", ERR_YAML_AMBIGUOUS_NUMBER, 2, "listen.address");
    refuse("listen:\n  address: x12345678901234567890\n", ERR_YAML_BAD_VALUE, 2, "listen.address");
    refuse("listen: x\n", ERR_YAML_BAD_VALUE, 1, "listen");
    refuse("listen: {address: x, tls: {wait: 999ms}}\n", ERR_YAML_BAD_VALUE, 1, "listen.tls.wait");
    refuse("listen: {address: x}\nlevel: wran\n", ERR_YAML_BAD_VALUE, 2, "level");
    refuse("listen: {address: x}\npeers: [aa, b]\n", ERR_YAML_BAD_VALUE, 2, "peers[1]");
    refuse("listen: {address: x}\npeers: aa\n", ERR_YAML_BAD_VALUE, 2, "peers");
    refuse("listen: {address: x}\nnote:\n", ERR_YAML_BAD_VALUE, 2, "note");
    refuse("[listen]\n", ERR_YAML_BAD_VALUE, 1, "");
}

static void test_settings__a_missing_file_is_told(void **state)
{
    struct sample sample = {0};

    (void)state;
    assert_int_equal(settings_load(&sample, table, NUM_SETTINGS, "/nonexistent/s.yaml", NULL), ERR_FILE_READ);
}

static void test_settings__without_a_file_the_defaults_hold(void **state)
{
    struct sample sample = {0};

    (void)state;
    assert_int_equal(settings_load(&sample, table + 1, NUM_SETTINGS - 1, NULL, NULL), 0);
    assert_string_equal(sample.data, "store");
    assert_int_equal(sample.level, 1);
    settings_clear(&sample, table + 1, NUM_SETTINGS - 1);
}

static void test_settings__a_bad_default_is_our_bug(void **state)
{
    static const struct setting bad[] = {{.name = "port",
                                          .type = SETTING_INT,
                                          .offset = AT(port),
                                          .fallback = "70000",
                                          .min = 1,
                                          .max = 65535}};
    struct sample sample = {0};

    (void)state;
    assert_int_equal(settings_load(&sample, bad, 1, NULL, NULL), ERR_INTERNAL);
}

static char *print(enum err_lang lang)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    settings_print(out, table, NUM_SETTINGS, lang);
    fclose(out);
    return text;
}

static void test_settings__the_table_prints_its_documentation(void **state)
{
    char *text = print(LANG_EN);

    (void)state;
    assert_non_null(strstr(text, "| `listen.address` | text 0–20 B | required | Where. |\n"));
    assert_non_null(strstr(text, "| `listen.port` | number 1–65535 | `7100` | Port. |\n"));
    assert_non_null(strstr(text, "| `listen.tls.wait` | duration 1s–1h | `90s` | Wait. |\n"));
    assert_non_null(strstr(text, "| `room` | size 0–1TiB of disk | `64MiB` | Room. |\n"));
    assert_non_null(strstr(text, "| `level` | one of debug, info, warn | `info` | Level. |\n"));
    assert_non_null(strstr(text, "| `files` | list of paths 1–100 B | none | Files. |\n"));
    assert_non_null(strstr(text, "| `note` | text | none | Note. |\n"));
    free(text);
    text = print(LANG_ZH);
    assert_non_null(strstr(text, "| `listen.address` | 文本 0–20 B | 必填 | 地址。 |\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_settings__values_and_defaults, make, unmake),
        cmocka_unit_test_setup_teardown(test_settings__refuses_what_the_table_does_not_allow, make, unmake),
        cmocka_unit_test(test_settings__a_missing_file_is_told),
        cmocka_unit_test(test_settings__without_a_file_the_defaults_hold),
        cmocka_unit_test(test_settings__a_bad_default_is_our_bug),
        cmocka_unit_test(test_settings__the_table_prints_its_documentation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
