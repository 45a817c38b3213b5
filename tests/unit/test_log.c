/* test_log.c - log lines: whole JSON whatever the values are, bounded, unmixed. JSON is read back as YAML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/yaml.h"

#define NUM_THREADS 4
#define NUM_LINES   200

static int ends[2];
static char output[1 << 20];

static void start(enum log_level level, enum log_format format)
{
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20) > 0);
    log_start("weft-test", level, format, ends[1]);
}

/* All that was logged since start. */
static char *finish(void)
{
    size_t used = 0;
    ssize_t got;

    close(ends[1]);
    while ((got = read(ends[0], output + used, sizeof(output) - 1 - used)) > 0)
        used += (size_t)got;
    output[used] = '\0';
    close(ends[0]);
    log_start("weft-test", LOG_LEVEL_INFO, LOG_FORMAT_AUTO, STDERR_FILENO);
    return output;
}

static struct yaml *parse(const char *line)
{
    struct yaml *yaml = NULL;
    struct err err = {0};

    if (yaml_load(&yaml, "line", line, strlen(line), &err) != 0)
        fail_msg("not JSON: %s\n%s", err.detail, line);
    return yaml;
}

static const char *text_of(const struct yaml *yaml, const char *key)
{
    const struct yaml_node *node = yaml_find(yaml_root(yaml), key);

    return node != NULL ? yaml_text(node) : NULL;
}

static void test_log__json_lines_hold_all_fields(void **state)
{
    struct err problem = {0};
    struct yaml *yaml;
    char *line;

    (void)state;
    start(LOG_LEVEL_INFO, LOG_FORMAT_AUTO); /* a pipe is no terminal */
    err_set(&problem, ERR_STORE_FULL, "disk");
    err_at(&problem, "a.yaml", 3, 4);
    log_warn("it happened", LOG_TEXT("site", "h\"042\\\n\t\x01\x7f"), LOG_INT("low", INT64_MIN),
             LOG_UINT("high", UINT64_MAX), LOG_HEX("id", "\x00\xff\x10", 3), LOG_TEXT("none", NULL),
             LOG_ERR(&problem));
    line = finish();
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    yaml = parse(line);
    assert_string_equal(text_of(yaml, "level"), "warn");
    assert_string_equal(text_of(yaml, "program"), "weft-test");
    assert_string_equal(text_of(yaml, "event"), "it happened");
    assert_string_equal(text_of(yaml, "site"), "h\"042\\\n\t\x01\x7f");
    assert_string_equal(text_of(yaml, "low"), "-9223372036854775808");
    assert_string_equal(text_of(yaml, "high"), "18446744073709551615");
    assert_string_equal(text_of(yaml, "id"), "00ff10");
    assert_true(yaml_is_null(yaml_find(yaml_root(yaml), "none")));
    assert_string_equal(text_of(yaml, "code"), "W1203");
    assert_string_equal(text_of(yaml, "error"), "STORE_FULL");
    assert_string_equal(text_of(yaml, "file"), "a.yaml");
    assert_string_equal(text_of(yaml, "line"), "3");
    assert_string_equal(text_of(yaml, "detail"), "disk");
    assert_int_equal(strlen(text_of(yaml, "time")), strlen("2025-01-31T08:15:02.123Z"));
    yaml_unload(&yaml);
}

static void test_log__text_lines_are_for_people(void **state)
{
    char *line;

    (void)state;
    start(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    log_info("report accepted", LOG_TEXT("site", "h042"), LOG_INT("revision", 3),
             LOG_TEXT("name", "a b=\x1b[31m"), LOG_TEXT("empty", ""));
    line = finish();
    assert_string_equal(line + strlen("2025-01-31T08:15:02.123Z"),
                        " INFO  report accepted site=h042 revision=3 name=\"a b=\\u001b[31m\" empty=\"\"\n");
}

static void test_log__levels_below_the_chosen_one_are_silent(void **state)
{
    (void)state;
    start(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    log_debug("a");
    log_info("b");
    assert_string_equal(finish(), "");
    start(LOG_LEVEL_NONE, LOG_FORMAT_TEXT);
    log_error("c");
    assert_string_equal(finish(), "");
}

static void test_log__a_line_is_bounded_and_stays_whole_json(void **state)
{
    static const char *const fills[] = {"x", "\"", "\n", "中", "\xff", "a b"};
    static char value[3 * LOG_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(fills) / sizeof(fills[0]); i++) {
        /* All lengths around the limit, so that the cut falls on every kind of place. */
        for (size_t count = 600; count < LOG_LINE_MAX; count += count < 3900 && count > 1400 ? 97 : 1) {
            struct yaml *yaml;
            char *line;

            value[0] = '\0';
            for (size_t j = 0; j < count && j < sizeof(value) / 4; j++)
                memcpy(value + j * strlen(fills[i]), fills[i], strlen(fills[i]) + 1);
            start(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
            log_info("long", LOG_TEXT("value", value), LOG_INT("number", 42), LOG_TEXT("after", "last"),
                     LOG_HEX("hex", "abc", 3));
            line = finish();
            if (strlen(line) > LOG_LINE_MAX)
                fail_msg("%zu bytes", strlen(line));
            yaml = parse(line);
            assert_int_equal(yaml_find(yaml_root(yaml), "cut") != NULL,
                             yaml_find(yaml_root(yaml), "hex") == NULL);
            if (strlen(text_of(yaml, "value")) < strlen(value))
                assert_non_null(strstr(line, "…\",\"cut\":true}\n"));
            yaml_unload(&yaml);
        }
    }
}

static void test_log__bytes_that_are_not_utf8_are_replaced(void **state)
{
    static const char *const bad[] = {
        "\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",        "\xf4\x90\x80\x80",
        "\xc3", "\xe4\xb8", "\x80",         "\xf8\x88\x80\x80\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct yaml *yaml;

        start(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
        log_info("bytes", LOG_TEXT("value", bad[i]));
        yaml = parse(finish());
        assert_memory_equal(text_of(yaml, "value"), "\xEF\xBF\xBD", 3);
        yaml_unload(&yaml);
    }
    start(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_info("text", LOG_TEXT("value", "温州 é 𠀀"));
    assert_non_null(strstr(finish(), "\"温州 é 𠀀\""));
}

static void test_log__leaves_errno_alone(void **state)
{
    (void)state;
    start(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    close(ends[1]);
    errno = ENOTDIR;
    log_info("nowhere");
    assert_int_equal(errno, ENOTDIR);
    ends[1] = dup(ends[0]);
    finish();
}

static void *log_many(void *name)
{
    for (int i = 0; i < NUM_LINES; i++)
        log_info("thread", LOG_TEXT("name", name), LOG_INT("i", i),
                 LOG_TEXT("fill", "0123456789012345678901234567"));
    return NULL;
}

static void test_log__lines_of_several_threads_do_not_mix(void **state)
{
    static char names[NUM_THREADS][4] = {"t0", "t1", "t2", "t3"};
    pthread_t threads[NUM_THREADS];
    size_t num_lines = 0;

    (void)state;
    start(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    for (size_t i = 0; i < NUM_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    for (size_t i = 0; i < NUM_THREADS; i++)
        pthread_join(threads[i], NULL);
    for (char *line = strtok(finish(), "\n"); line != NULL; line = strtok(NULL, "\n"), num_lines++) {
        struct yaml *yaml = parse(line);

        assert_string_equal(text_of(yaml, "fill"), "0123456789012345678901234567");
        yaml_unload(&yaml);
    }
    assert_int_equal(num_lines, NUM_THREADS * NUM_LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log__json_lines_hold_all_fields),
        cmocka_unit_test(test_log__text_lines_are_for_people),
        cmocka_unit_test(test_log__levels_below_the_chosen_one_are_silent),
        cmocka_unit_test(test_log__a_line_is_bounded_and_stays_whole_json),
        cmocka_unit_test(test_log__bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(test_log__leaves_errno_alone),
        cmocka_unit_test(test_log__lines_of_several_threads_do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
