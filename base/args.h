/* args.h - the command line of a program: sub-commands, options from tables, and the --help made from them.
 *
 *     weft-node import --settings node.yaml --period=2014 patient.csv visit.csv
 *
 * Options stand as `--name value` or `--name=value`, flags as `--name`, anywhere after the sub-command (the
 * common ones also before it); `--` ends them. Every program has --help, --version and --lang en|zh. Unknown
 * commands and options are refused with the nearest known one. Secrets are never arguments.
 *
 * Exit codes: 0 done; 1 failed, with the error on standard error; 2 the command line is wrong (ERR_USAGE). */
#ifndef BASE_ARGS_H
#define BASE_ARGS_H

#include <stdbool.h>

#include "base/err.h"

#define ARGS_EXIT_OK      0
#define ARGS_EXIT_FAILED  1
#define ARGS_EXIT_USAGE   2
#define ARGS_MAX_OPTIONS  24 /* of one command with the common ones */
#define ARGS_MAX_COMMANDS 64
#define ARGS_MAX_GIVEN    64 /* options on one command line */
#define ARGS_MAX_OPERANDS 64

struct args;

struct args_option {
    const char *name;  /* without dashes */
    const char *value; /* what its value is, e.g. "FILE"; NULL: a flag */
    bool required;
    bool repeated; /* may stand more than once; see args_values */
    const char *en, *zh;
};

struct args_command {
    const char *name;
    const struct args_option *options;
    size_t num_options;
    const char *operands; /* for the help, e.g. "FILE..."; NULL: none */
    size_t min_operands, max_operands;
    const char *en, *zh;
    /* Returns 0 or an error code with `err` set. */
    int (*run)(const struct args *args, struct err *err);
};

struct args_program {
    const char *name, *version;
    const char *en, *zh; /* one sentence */
    const struct args_command *commands;
    size_t num_commands;
    const struct args_option *options; /* common to all commands */
    size_t num_options;
};

/* Parse, run the command and print its error. Returns the exit code. */
WEFT_MUST_USE int args_main(const struct args_program *program, int argc, char **argv);

/* What the command line says; NULL, false or 0 when not given. Texts live as long as argv. Asking for an
 * option that the command does not have is a bug and aborts. */
const char *args_value(const struct args *args, const char *option);
size_t args_values(const struct args *args, const char *option, const char **values, size_t max_values);
bool args_flag(const struct args *args, const char *option);
/* `fallback` when not given; ERR_USAGE unless a decimal number within [min, max]. */
WEFT_MUST_USE int args_int(const struct args *args, const char *option, int64_t *value, int64_t fallback,
                           int64_t min, int64_t max, struct err *err);
size_t args_num_operands(const struct args *args);
const char *args_operand(const struct args *args, size_t index); /* NULL beyond the last */
enum err_lang args_lang(const struct args *args);

#endif
