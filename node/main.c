/* main.c - weft-node: the command line of one hospital's program. */
#include "base/log.h"
#include "node/commands.h"
#include "node/daemon.h"

#ifndef WEFT_VERSION
#define WEFT_VERSION "0.1.0"
#endif
#define NUM(array) (sizeof(array) / sizeof(array)[0])

#define OPT_SETTINGS                                                                                         \
    {                                                                                                        \
        .name = "settings", .value = "FILE", .required = true,                                               \
        .en = "settings file; see the command settings", .zh = "设置文件，详见 settings 命令"       \
    }
#define OPT_TASK                                                                                             \
    {                                                                                                        \
        .name = "task", .value = "HEX", .en = "first digits of the task's id; not needed while one is open", \
        .zh = "任务编号的前几位；只有一个未结束任务时可省略"                           \
    }

int command_run(const struct args *args, struct err *err)
{
    return node_daemon_run(args_value(args, "settings"), args_flag(args, "once"), err);
}

static const struct args_option init_options[] = {
    {.name = "dir", .value = "DIR", .required = true, .en = "the new directory", .zh = "新建目录"},
    {.name = "id",
     .value = "ID",
     .required = true,
     .en = "identifier, as in the roster",
     .zh = "编号（与名册一致）"},
    {.name = "tls-name",
     .value = "NAME",
     .required = true,
     .en = "DNS name in its certificate",
     .zh = "证书中的 DNS 名称"},
};

static const struct args_option join_options[] = {
    {.name = "wait",
     .value = "MINUTES",
     .en = "for the leader's operator (10)",
     .zh = "等待主方操作员的分钟数（10）"},
};

static const struct args_option import_options[] = {
    OPT_SETTINGS,
    {.name = "mapping",
     .value = "MAPPING",
     .required = true,
     .en = "how the file's columns become those of a record table",
     .zh = "文件各列与记录表各列的对应关系"},
    {.name = "rejects",
     .value = "OUT.csv",
     .en = "where rejected rows are written with their reasons",
     .zh = "被拒绝的行及原因的输出文件"},
};

static const struct args_option evaluate_options[] = {
    OPT_SETTINGS,
    OPT_TASK,
    {.name = "offline", .en = "do not ask the leader for news", .zh = "不向主方查询新内容"},
};

static const struct args_option preview_options[] = {
    OPT_SETTINGS,
    OPT_TASK,
    {.name = "vector", .en = "also every single number", .zh = "同时列出每个数值"},
};

static const struct args_option approve_options[] = {
    OPT_SETTINGS,
    OPT_TASK,
    {.name = "by",
     .value = "NAME",
     .required = true,
     .en = "the person who takes responsibility",
     .zh = "批准人姓名"},
    {.name = "standing",
     .en = "approve whatever this version of the catalogue gives, now and later",
     .zh = "长期批准：此版本指标库的所有计算结果（含今后）"},
};

static const struct args_option approvals_options[] = {
    OPT_SETTINGS,
    {.name = "revoke",
     .value = "HEX",
     .en = "end the one for the catalogue whose digest begins so",
     .zh = "撤销指标库摘要以此开头的长期批准"},
    {.name = "by", .value = "NAME", .en = "with revoke: the person who decides", .zh = "与 revoke 同用：决定人姓名"},
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static const struct args_option consent_options[] = {
    OPT_SETTINGS,
    OPT_TASK,
    {.name = "indicator",
     .value = "ID",
     .repeated = true,
     .en = "the indicator whose change may be seen; none: all of the task",
     .zh = "允许公开变化的指标；省略则为任务的全部指标"},
    {.name = "confirm",
     .value = "TEXT",
     .required = true,
     .en = "the hospital's id, typed again by the person who decides",
     .zh = "决定者再次输入本院编号以确认"},
};

static const struct args_option report_options[] = {
    OPT_SETTINGS,
    OPT_TASK,
    {.name = "to-file",
     .value = "FILE",
     .en = "write the sealed report into a file instead of sending it",
     .zh = "将密封的报告写入文件，而不发送"},
    {.name = "timeout", .value = "30s", .en = "how long to wait for the receipt", .zh = "等待回执的最长时间"},
};

static const struct args_option status_options[] = {
    OPT_SETTINGS,
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
    {.name = "egress",
     .en = "only the egress log's place, size and root",
     .zh = "仅显示出口日志的位置、行数与根"},
};

static const struct args_option take_options[] = {OPT_SETTINGS};

static const struct args_option check_options[] = {
    OPT_SETTINGS,
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static const struct args_option events_options[] = {
    OPT_SETTINGS,
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static const struct args_option run_options[] = {
    OPT_SETTINGS,
    {.name = "once", .en = "do what is due, then end", .zh = "完成当前待办后退出"},
};

static const struct args_command commands[] = {
    {"init", init_options, NUM(init_options), NULL, 0, 0, "make this hospital's keys and its join file",
     "生成本院密钥与加入文件", command_init},
    {"join", join_options, NUM(join_options), "TOKEN DIR", 2, 2,
     "make this hospital's keys and join by the leader's token", "凭主方的令牌生成本院密钥并加入", command_join},
    {"import", import_options, NUM(import_options), "FILE...", 1, ARGS_MAX_OPERANDS,
     "take CSV files into the record tables", "将 CSV 文件导入记录表", command_import},
    {"evaluate", evaluate_options, NUM(evaluate_options), NULL, 0, 0,
     "compute the task's numbers from the records; nothing leaves", "按任务由记录计算数值（不发送）",
     command_evaluate},
    {"preview", preview_options, NUM(preview_options), NULL, 0, 0,
     "show the numbers, how they came about, and what would leave", "显示数值、计算过程与将要发送的内容",
     command_preview},
    {"approve", approve_options, NUM(approve_options), NULL, 0, 0,
     "allow exactly these numbers to be reported", "批准上报这些数值", command_approve},
    {"approvals", approvals_options, NUM(approvals_options), NULL, 0, 0,
     "list standing approvals, who gave them and when; revoke one", "列出长期批准、批准人与时间；或撤销其一",
     command_approvals},
    {"consent", consent_options, NUM(consent_options), NULL, 0, 0,
     "allow this hospital's correction to be seen as the difference of two totals",
     "同意他人可由两次合计之差看出本院的更正", command_consent},
    {"report", report_options, NUM(report_options), NULL, 0, 0,
     "split, seal, sign and send; wait for the receipt of both", "拆分、密封、签名并发送，等待双方回执",
     command_report},
    {"status", status_options, NUM(status_options), NULL, 0, 0, "where each task stands", "查看各任务状态",
     command_status},
    {"take", take_options, NUM(take_options), "FILE", 1, 1,
     "take in what the leader wrote into a file: tasks, keys, receipts, results",
     "接收主方写出的文件：任务、密钥、回执与结果", command_take},
    {"check", check_options, NUM(check_options), NULL, 0, 0,
     "before going live: keys, certificate, proxy, network, clock, roster", "上线前检查：密钥、证书、代理、网络、时钟、名册",
     command_check},
    {"events", events_options, NUM(events_options), "TASK", 0, 1,
     "what happened in a task, when, and who signed it", "列出任务的各项事件、时间与签署方", command_events},
    {"run", run_options, NUM(run_options), NULL, 0, 0, "the daemon: all that needs no person",
     "守护进程：自动完成无需人工的步骤", command_run},
    {"settings", NULL, 0, NULL, 0, 0, "print what the settings file may say", "列出设置文件的全部选项",
     command_settings},
};

static const struct args_program program = {
    .name = "weft-node",
    .version = WEFT_VERSION,
    .en = "One hospital: import records, evaluate indicators, report encrypted shares.",
    .zh = "医院节点：导入记录、计算指标、上报加密份额。",
    .commands = commands,
    .num_commands = NUM(commands),
};

int main(int argc, char **argv)
{
    log_start("weft-node", LOG_LEVEL_ERROR, LOG_FORMAT_AUTO, 2); /* commands speak for themselves */
    return args_main(&program, argc, argv);
}
