/* test_args.c - command lines: what reaches the command, what is refused, what is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"

static struct {
    int runs;
    char settings[32], tags[64], operands[64];
    bool dry;
    int64_t limit;
    enum err_lang lang;
} seen;

static int run_import(const struct args *args, struct err *err)
{
    const char *values[8];
    size_t num = args_values(args, "tag", values, 8);
    int rc = args_int(args, "limit", &seen.limit, 7, -5, 100, err);

    if (rc != 0)
        return rc;
    seen.runs++;
    seen.dry = args_flag(args, "dry-run");
    seen.lang = args_lang(args);
    snprintf(seen.settings, sizeof(seen.settings), "%s", args_value(args, "settings"));
    for (size_t i = 0; i < num; i++)
        strcat(strcat(seen.tags, values[i]), ",");
    for (size_t i = 0; i < args_num_operands(args); i++)
        strcat(strcat(seen.operands, args_operand(args, i)), ",");
    assert_null(args_operand(args, args_num_operands(args)));
    return 0;
}

static int run_status(const struct args *args, struct err *err)
{
    (void)args;
    seen.runs++;
    return err_set(err, ERR_STORE_OPEN, "it is away");
}

static const struct args_option common[] = {
    {.name = "settings", .value = "FILE", .required = true, .en = "the settings file", .zh = "设置文件"}};
static const struct args_option import_options[] = {
    {.name = "dry-run", .en = "change nothing", .zh = "不做更改"},
    {.name = "limit", .value = "N", .en = "at most N", .zh = "最多 N"},
    {.name = "tag", .value = "TAG", .repeated = true, .en = "a tag", .zh = "标签"}};
static const struct args_command commands[] = {
    {.name = "import",
     .options = import_options,
     .num_options = 3,
     .operands = "FILE...",
     .min_operands = 1,
     .max_operands = 3,
     .en = "take records in",
     .zh = "导入记录",
     .run = run_import},
    {.name = "status", .en = "say how it stands", .zh = "显示状态", .run = run_status}};
static const struct args_program program = {.name = "weft-test",
                                            .version = "1.2.3",
                                            .en = "A program.",
                                            .zh = "程序。",
                                            .commands = commands,
                                            .num_commands = 2,
                                            .options = common,
                                            .num_options = 1};

static char output[8192]; /* of the last run, both streams */

/* Run with the words, ended by NULL. */
static int run(const char *first, ...)
{
    char *argv[32] = {(char *)(uintptr_t) "weft-test"};
    int argc = 1, ends[2], saved_out = dup(1), saved_err = dup(2), rc;
    ssize_t got;
    va_list args;

    va_start(args, first);
    for (const char *word = first; word != NULL; word = va_arg(args, const char *))
        argv[argc++] = (char *)(uintptr_t)word;
    va_end(args);
    memset(&seen, 0, sizeof(seen));
    fflush(stdout);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    rc = args_main(&program, argc, argv);
    fflush(stdout);
    dup2(saved_out, 1);
    dup2(saved_err, 2);
    close(ends[1]);
    got = read(ends[0], output, sizeof(output) - 1);
    output[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    close(saved_out);
    close(saved_err);
    return rc;
}

static void expect_usage(const char *why)
{
    assert_int_equal(seen.runs, 0);
    assert_non_null(strstr(output, "W1003 USAGE"));
    if (strstr(output, why) == NULL)
        fail_msg("%s, not: %s", output, why);
}

static void test_args__options_stand_anywhere_in_both_forms(void **state)
{
    (void)state;
    assert_int_equal(run("--settings", "a.yaml", "import", "x", "--tag=1", "--dry-run", "y", "--limit", "-5",
                         "--tag", "--odd", "--lang", "zh", "--", "--z", NULL),
                     ARGS_EXIT_OK);
    assert_int_equal(seen.runs, 1);
    assert_string_equal(seen.settings, "a.yaml");
    assert_string_equal(seen.tags, "1,--odd,");
    assert_string_equal(seen.operands, "x,y,--z,");
    assert_true(seen.dry);
    assert_int_equal(seen.limit, -5);
    assert_int_equal(seen.lang, LANG_ZH);
    assert_int_equal(run("import", "-", "--settings=", NULL), ARGS_EXIT_OK);
    assert_string_equal(seen.settings, "");
    assert_string_equal(seen.operands, "-,");
    assert_false(seen.dry);
    assert_int_equal(seen.limit, 7);
    assert_int_equal(seen.lang, LANG_EN);
}

static void test_args__a_wrong_command_line_is_refused_with_a_hint(void **state)
{
    (void)state;
    assert_int_equal(run(NULL), ARGS_EXIT_USAGE);
    expect_usage("no command");
    assert_int_equal(run("imprt", NULL), ARGS_EXIT_USAGE);
    expect_usage("did you mean import?");
    assert_int_equal(run("import", "--setings", "x", "f", NULL), ARGS_EXIT_USAGE);
    expect_usage("--setings (did you mean --settings?)");
    assert_int_equal(run("status", "--settings=x", "--dry-run", NULL),
                     ARGS_EXIT_USAGE); /* another command's */
    expect_usage("unknown option --dry-run");
    assert_int_equal(run("import", "-h", NULL), ARGS_EXIT_USAGE);
    expect_usage("options begin with --");
    assert_int_equal(run("import", "f", NULL), ARGS_EXIT_USAGE);
    expect_usage("--settings is required");
    assert_int_equal(run("import", "--settings", NULL), ARGS_EXIT_USAGE);
    expect_usage("needs a value FILE");
    assert_int_equal(run("import", "--settings=a", "--settings=b", "f", NULL), ARGS_EXIT_USAGE);
    expect_usage("twice");
    assert_int_equal(run("import", "--settings=a", "--dry-run=yes", "f", NULL), ARGS_EXIT_USAGE);
    expect_usage("takes no value");
    assert_int_equal(run("import", "--settings=a", NULL), ARGS_EXIT_USAGE);
    expect_usage("needs FILE...");
    assert_int_equal(run("import", "--settings=a", "1", "2", "3", "4", NULL), ARGS_EXIT_USAGE);
    expect_usage("too many operands, from 4 on");
    assert_int_equal(run("status", "--settings=a", "1", NULL), ARGS_EXIT_USAGE);
    expect_usage("too many operands");
    assert_int_equal(run("import", "--lang", "de", "f", NULL), ARGS_EXIT_USAGE);
    expect_usage("en or zh");
}

static void test_args__numbers_are_checked(void **state)
{
    static const char *const bad[] = {
        "--limit=",    "--limit=-",  "--limit=1x", "--limit= 1",
        "--limit=101", "--limit=-6", "--limit=+1", "--limit=99999999999999999999",
        "--limit=0x10"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(run("import", "--settings=a", "f", bad[i], NULL), ARGS_EXIT_USAGE);
        expect_usage("--limit is a number from -5 to 100");
    }
}

static void test_args__a_failing_command_exits_with_1_and_says_why(void **state)
{
    (void)state;
    assert_int_equal(run("status", "--settings=a", NULL), ARGS_EXIT_FAILED);
    assert_int_equal(seen.runs, 1);
    assert_non_null(strstr(output, "weft-test: error W1201 STORE_OPEN: it is away\n"));
    assert_int_equal(run("status", "--settings=a", "--lang=zh", NULL), ARGS_EXIT_FAILED);
    assert_non_null(strstr(output, "错误 W1201"));
}

static void test_args__help_and_version(void **state)
{
    (void)state;
    assert_int_equal(run("--help", NULL), ARGS_EXIT_OK);
    assert_non_null(strstr(output, "take records in"));
    assert_non_null(strstr(output, "exit code: 0 done, 1 failed, 2 wrong command line."));
    assert_int_equal(run("import", "--help", NULL), ARGS_EXIT_OK); /* although --settings is missing */
    assert_int_equal(seen.runs, 0);
    assert_non_null(strstr(output, "usage: weft-test import [OPTION]... FILE..."));
    assert_non_null(strstr(output, "--limit N"));
    assert_non_null(strstr(output, "the settings file (required)"));
    assert_int_equal(run("import", "--help", "--lang=zh", NULL), ARGS_EXIT_OK);
    assert_non_null(strstr(output, "导入记录"));
    assert_non_null(strstr(output, "设置文件（必填）"));
    assert_int_equal(run("--version", NULL), ARGS_EXIT_OK);
    assert_string_equal(output, "weft-test 1.2.3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args__options_stand_anywhere_in_both_forms),
        cmocka_unit_test(test_args__a_wrong_command_line_is_refused_with_a_hint),
        cmocka_unit_test(test_args__numbers_are_checked),
        cmocka_unit_test(test_args__a_failing_command_exits_with_1_and_says_why),
        cmocka_unit_test(test_args__help_and_version),
    };

    unsetenv("LC_ALL");
    setenv("WEFT_LANG", "en", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
