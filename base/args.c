/* args.c - parses a command line against tables, dispatches, and prints --help from them. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"
#include "base/suggest.h"

struct args {
    const struct args_program *program;
    const struct args_command *command; /* NULL until it was met */
    enum err_lang lang;
    bool help, version;
    /* what was given, in order */
    struct {
        const struct args_option *option;
        const char *value;
    } given[ARGS_MAX_GIVEN];
    size_t num_given;
    const char *operands[ARGS_MAX_OPERANDS];
    size_t num_operands;
};

static const struct args_option standard[] = {
    {.name = "help", .en = "print this help", .zh = "显示帮助"},
    {.name = "version", .en = "print the version", .zh = "显示版本"},
    {.name = "lang", .value = "en|zh", .en = "language of messages", .zh = "消息语言"},
};

#define NUM_STANDARD (sizeof(standard) / sizeof(standard[0]))

/* ---- looking up ---- */

/* All options that may stand now: the command's (once it is known), the common and the standard ones. */
static size_t list_options(const struct args *args, const struct args_option **options)
{
    size_t num = 0;

    for (size_t i = 0; args->command != NULL && i < args->command->num_options && num < ARGS_MAX_OPTIONS; i++)
        options[num++] = &args->command->options[i];
    for (size_t i = 0; i < args->program->num_options && num < ARGS_MAX_OPTIONS; i++)
        options[num++] = &args->program->options[i];
    for (size_t i = 0; i < NUM_STANDARD; i++)
        options[num++] = &standard[i];
    return num;
}

static const struct args_option *find_option(const struct args *args, const char *name, size_t name_len)
{
    const struct args_option *options[ARGS_MAX_OPTIONS + NUM_STANDARD];
    size_t num = list_options(args, options);

    for (size_t i = 0; i < num; i++) {
        if (strlen(options[i]->name) == name_len && memcmp(options[i]->name, name, name_len) == 0)
            return options[i];
    }
    return NULL;
}

static int unknown(const char *what, const char *word, const char *const *known, size_t num_known,
                   const char *dashes, struct err *err)
{
    const char *nearest = suggest_nearest(word, known, num_known);

    if (nearest == NULL)
        return err_set(err, ERR_USAGE, "unknown %s %s%.64s", what, dashes, word);
    return err_set(err, ERR_USAGE, "unknown %s %s%.64s (did you mean %s%s?)", what, dashes, word, dashes,
                   nearest);
}

static int unknown_option(const struct args *args, const char *name, size_t name_len, struct err *err)
{
    const struct args_option *options[ARGS_MAX_OPTIONS + NUM_STANDARD];
    const char *names[ARGS_MAX_OPTIONS + NUM_STANDARD];
    size_t num = list_options(args, options);
    char word[65];

    for (size_t i = 0; i < num; i++)
        names[i] = options[i]->name;
    snprintf(word, sizeof(word), "%.*s", (int)(name_len < 64 ? name_len : 64), name);
    return unknown("option", word, names, num, "--", err);
}

static int set_command(struct args *args, const char *name, struct err *err)
{
    const struct args_program *program = args->program;
    const char *names[ARGS_MAX_COMMANDS];
    size_t num = program->num_commands < ARGS_MAX_COMMANDS ? program->num_commands : ARGS_MAX_COMMANDS;

    for (size_t i = 0; i < num; i++) {
        names[i] = program->commands[i].name;
        if (strcmp(names[i], name) == 0) {
            args->command = &program->commands[i];
            return 0;
        }
    }
    return unknown("command", name, names, num, "", err);
}

static bool is_given(const struct args *args, const struct args_option *option)
{
    for (size_t i = 0; i < args->num_given; i++) {
        if (args->given[i].option == option)
            return true;
    }
    return false;
}

/* ---- parsing ---- */

static int set_lang(struct args *args, const char *value, struct err *err)
{
    if (strcmp(value, "en") != 0 && strcmp(value, "zh") != 0)
        return err_set(err, ERR_USAGE, "--lang is en or zh, not %.64s", value);
    args->lang = value[0] == 'z' ? LANG_ZH : LANG_EN;
    return 0;
}

static int take_option(struct args *args, const struct args_option *option, const char *value,
                       struct err *err)
{
    if (option == &standard[0])
        args->help = true;
    else if (option == &standard[1])
        args->version = true;
    else if (option == &standard[2])
        return set_lang(args, value, err);
    else if (!option->repeated && is_given(args, option))
        return err_set(err, ERR_USAGE, "--%s stands twice", option->name);
    else if (args->num_given == ARGS_MAX_GIVEN)
        return err_set(err, ERR_USAGE, "more than %d options", ARGS_MAX_GIVEN);
    else {
        args->given[args->num_given].option = option;
        args->given[args->num_given++].value = value;
    }
    return 0;
}

/* "--name", "--name=value" or "--name" "value"; *at moves over a separate value. */
static int parse_option(struct args *args, int argc, char **argv, int *at, struct err *err)
{
    const char *name = argv[*at] + 2;
    size_t name_len = strcspn(name, "=");
    const char *value = name[name_len] == '=' ? name + name_len + 1 : NULL;
    const struct args_option *option = find_option(args, name, name_len);

    if (option == NULL)
        return unknown_option(args, name, name_len, err);
    if (option->value == NULL && value != NULL)
        return err_set(err, ERR_USAGE, "--%s takes no value", option->name);
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= argc)
            return err_set(err, ERR_USAGE, "--%s needs a value %s", option->name, option->value);
        value = argv[++*at];
    }
    return take_option(args, option, value, err);
}

static int take_word(struct args *args, const char *word, struct err *err)
{
    if (args->command == NULL)
        return set_command(args, word, err);
    if (args->num_operands == args->command->max_operands || args->num_operands == ARGS_MAX_OPERANDS)
        return err_set(err, ERR_USAGE, "%s: too many operands, from %.64s on", args->command->name, word);
    args->operands[args->num_operands++] = word;
    return 0;
}

static int parse(struct args *args, int argc, char **argv, struct err *err)
{
    bool options_ended = false;
    int rc = 0;

    for (int i = 1; i < argc && rc == 0; i++) {
        const char *word = argv[i];

        if (!options_ended && strcmp(word, "--") == 0)
            options_ended = true;
        else if (!options_ended && strncmp(word, "--", 2) == 0)
            rc = parse_option(args, argc, argv, &i, err);
        else if (!options_ended && word[0] == '-' && word[1] != '\0')
            rc = err_set(err, ERR_USAGE, "unknown option %.64s: options begin with --", word);
        else
            rc = take_word(args, word, err);
    }
    return rc;
}

/* What a command needs before it may run. */
static int check_complete(const struct args *args, struct err *err)
{
    const struct args_option *options[ARGS_MAX_OPTIONS + NUM_STANDARD];
    size_t num = list_options(args, options);

    if (args->command == NULL)
        return err_set(err, ERR_USAGE, "no command");
    for (size_t i = 0; i < num; i++) {
        if (options[i]->required && !is_given(args, options[i]))
            return err_set(err, ERR_USAGE, "%s: --%s is required", args->command->name, options[i]->name);
    }
    if (args->num_operands < args->command->min_operands)
        return err_set(err, ERR_USAGE, "%s: needs %s", args->command->name, args->command->operands);
    return 0;
}

/* ---- help ---- */

static void print_option(const struct args_option *option, bool zh)
{
    char left[64];

    snprintf(left, sizeof(left), "--%s%s%s", option->name, option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    printf("  %-26s %s%s\n", left, zh ? option->zh : option->en,
           option->required ? (zh ? "（必填）" : " (required)") : "");
}

static void print_program_help(const struct args *args, bool zh)
{
    const struct args_program *program = args->program;

    printf("%s - %s\n\n%s: %s %s\n\n%s:\n", program->name, zh ? program->zh : program->en,
           zh ? "用法" : "usage", program->name, zh ? "命令 [选项]" : "COMMAND [OPTION]...",
           zh ? "命令" : "commands");
    for (size_t i = 0; i < program->num_commands; i++)
        printf("  %-18s %s\n", program->commands[i].name,
               zh ? program->commands[i].zh : program->commands[i].en);
}

static void print_command_help(const struct args *args, bool zh)
{
    const struct args_command *command = args->command;

    printf("%s %s - %s\n\n%s: %s %s %s%s%s\n", args->program->name, command->name,
           zh ? command->zh : command->en, zh ? "用法" : "usage", args->program->name, command->name,
           zh ? "[选项]" : "[OPTION]...", command->operands != NULL ? " " : "",
           command->operands != NULL ? command->operands : "");
}

static void print_help(const struct args *args)
{
    const struct args_option *options[ARGS_MAX_OPTIONS + NUM_STANDARD];
    size_t num = list_options(args, options);
    bool zh = args->lang == LANG_ZH;

    if (args->command == NULL)
        print_program_help(args, zh);
    else
        print_command_help(args, zh);
    printf("\n%s:\n", zh ? "选项" : "options");
    for (size_t i = 0; i < num; i++)
        print_option(options[i], zh);
    printf("\n%s\n", zh ? "退出码：0 成功，1 失败，2 命令行错误。"
                        : "exit code: 0 done, 1 failed, 2 wrong command line.");
}

/* ---- running ---- */

static int report(const struct args *args, const struct err *err, int code)
{
    char text[2048];

    fprintf(stderr, "%s: %s\n", args->program->name, err_text(err, args->lang, text, sizeof(text)));
    return code == ERR_USAGE ? ARGS_EXIT_USAGE : ARGS_EXIT_FAILED;
}

/* The database is a mapped file: when it was cut off, or the disk fails, reading it ends the program. A signal handler can
 * write only what was made ready before. */
static char unreadable[512];

static void on_unreadable(int signal)
{
    ssize_t written = write(STDERR_FILENO, unreadable, strlen(unreadable));

    (void)signal, (void)written;
    _exit(ARGS_EXIT_FAILED);
}

static void watch_mapped_files(const struct args *args)
{
    struct sigaction action = {.sa_handler = on_unreadable};
    struct err err = {0};
    char text[400];

    err_set(&err, ERR_STORE_IO, "a part of the file is missing or unreadable");
    snprintf(unreadable, sizeof(unreadable), "%s: %s\n", args->program->name,
             err_text(&err, args->lang, text, sizeof(text)));
    sigaction(SIGBUS, &action, NULL);
}

int args_main(const struct args_program *program, int argc, char **argv)
{
    struct args args = {.program = program, .lang = err_lang_from_env()};
    struct err err = {0};
    int rc = parse(&args, argc, argv, &err);

    if (rc == 0 && args.help) {
        print_help(&args);
    } else if (rc == 0 && args.version) {
        printf("%s %s\n", program->name, program->version);
    } else if (rc == 0 && (rc = check_complete(&args, &err)) == 0) {
        watch_mapped_files(&args);
        rc = args.command->run(&args, &err);
    }
    if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout) != 0)) /* a full disk behind a pipe */
        rc = err_set_errno(&err, ERR_FILE_WRITE, errno, "standard output");
    return rc == 0 ? ARGS_EXIT_OK : report(&args, &err, rc);
}

/* ---- asking ---- */

static const struct args_option *must_find(const struct args *args, const char *name)
{
    const struct args_option *option = find_option(args, name, strlen(name));

    if (option == NULL) {
        fprintf(stderr, "bug: command %s has no option --%s\n", args->command->name, name);
        abort();
    }
    return option;
}

size_t args_values(const struct args *args, const char *option, const char **values, size_t max_values)
{
    const struct args_option *wanted = must_find(args, option);
    size_t num = 0;

    for (size_t i = 0; i < args->num_given && num < max_values; i++) {
        if (args->given[i].option == wanted)
            values[num++] = args->given[i].value;
    }
    return num;
}

const char *args_value(const struct args *args, const char *option)
{
    const char *value = NULL;

    args_values(args, option, &value, 1);
    return value;
}

bool args_flag(const struct args *args, const char *option)
{
    return is_given(args, must_find(args, option));
}

int args_int(const struct args *args, const char *option, int64_t *value, int64_t fallback, int64_t min,
             int64_t max, struct err *err)
{
    const char *text = args_value(args, option);
    const char *digits = text != NULL && text[0] == '-' ? text + 1 : text;
    long long number;

    if (text == NULL) {
        *value = fallback;
        return 0;
    }
    errno = 0;
    number = strtoll(text, NULL, 10);
    if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0' || errno == ERANGE ||
        number < min || number > max)
        return err_set(err, ERR_USAGE, "--%s is a number from %" PRId64 " to %" PRId64 ", not %.64s", option,
                       min, max, text);
    *value = number;
    return 0;
}

size_t args_num_operands(const struct args *args)
{
    return args->num_operands;
}

const char *args_operand(const struct args *args, size_t index)
{
    return index < args->num_operands ? args->operands[index] : NULL;
}

enum err_lang args_lang(const struct args *args)
{
    return args->lang;
}
