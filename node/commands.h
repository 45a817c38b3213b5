/* commands.h - the commands of weft-node, one function each. */
#ifndef NODE_COMMANDS_H
#define NODE_COMMANDS_H

#include "base/args.h"
#include "node/session.h"

#define SAY(args, en, zh) (args_lang(args) == LANG_ZH ? (zh) : (en))

#define COMMAND_TIME_SIZE 32

int command_init(const struct args *args, struct err *err);
int command_join(const struct args *args, struct err *err);
int command_import(const struct args *args, struct err *err);
int command_evaluate(const struct args *args, struct err *err);
int command_preview(const struct args *args, struct err *err);
int command_consent(const struct args *args, struct err *err);
int command_approve(const struct args *args, struct err *err);
int command_approvals(const struct args *args, struct err *err);
int command_report(const struct args *args, struct err *err);
int command_take(const struct args *args, struct err *err);
int command_report_to_file(const struct args *args, const char *file, struct err *err);
int command_check(const struct args *args, struct err *err);
int command_status(const struct args *args, struct err *err);
int command_events(const struct args *args, struct err *err);
int command_settings(const struct args *args, struct err *err);
int command_run(const struct args *args, struct err *err);

/* A time for people, in China's zone. Returns `out`. */
char *command_time(char out[COMMAND_TIME_SIZE], int64_t ms);
/* Print an error that does not end the command. */
void command_warn(const struct args *args, const struct err *why);
/* "Task NAME, period 2014, 1a2b3c4d5e6f7890". */
void command_print_task(const struct args *args, const struct task *task);

#endif
