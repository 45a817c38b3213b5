/* main.c - weft-coordinator: the command line. */
#include <stdio.h>

#include "base/args.h"
#include "base/join.h"
#include "coordinator/check.h"
#include "coordinator/console.h"
#include "coordinator/daemon.h"
#include "coordinator/history.h"
#include "coordinator/parcels.h"
#include "coordinator/show.h"
#include "coordinator/status.h"
#include "coordinator/totals.h"

#ifndef WEFT_VERSION
#define WEFT_VERSION "0.1.0"
#endif
#define NUM(array) (sizeof(array) / sizeof(array)[0])

/* ---- init ---- */

static int run_init(const struct args *args, struct err *err)
{
    const char *dir = args_value(args, "dir"), *areas[ARGS_MAX_GIVEN];
    size_t num_areas = args_values(args, "area", areas, NUM(areas));
    char fingerprint[JOIN_FINGERPRINT_SIZE], path[4096];
    struct join join = {0};
    int rc;

    if ((rc = identity_create(dir, JOIN_COORDINATOR, args_value(args, "id"), args_value(args, "tls-name"),
                              areas, num_areas, err)) != 0) {
        return rc;
    }
    snprintf(path, sizeof path, "%s/%s", dir, IDENTITY_JOIN_FILE);
    if ((rc = join_read(&join, path, err)) == 0) {
        printf(args_lang(args) == LANG_ZH ? "加入文件（交给管理机构）：%s\n指纹（请与管理机构核对）：%s\n"
                                          : "join file, for the authority: %s\n"
                                            "fingerprint, to compare with it: %s\n",
               path, join_fingerprint(fingerprint, &join));
    }
    join_clear(&join);
    return rc;
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
    {.name = "area",
     .value = "CODE",
     .repeated = true,
     .en = "an area that it leads; gets a collector key (helpers: none)",
     .zh = "所主管的地区，将生成其汇总密钥（辅方不填）"},
};

/* ---- run ---- */

#define OPT_SETTINGS                                                                                         \
    {                                                                                                        \
        .name = "settings", .value = "FILE", .required = true,                                               \
        .en = "settings file; see the command settings", .zh = "设置文件，详见 settings 命令"       \
    }

static int run_daemon(const struct args *args, struct err *err)
{
    return daemon_run(args_value(args, "settings"), err);
}

static const struct args_option run_options[] = {OPT_SETTINGS};

static int run_settings(const struct args *args, struct err *err)
{
    (void)err;
    setup_print_settings(stdout, args_lang(args));
    return 0;
}

/* ---- check, status and totals ---- */

static int run_check(const struct args *args, struct err *err)
{
    return check_print(args_value(args, "settings"), args_flag(args, "json"), args_lang(args), err);
}

static int run_status(const struct args *args, struct err *err)
{
    return status_print(args_value(args, "settings"), args_flag(args, "json"), args_lang(args), err);
}

static const struct args_option status_options[] = {
    OPT_SETTINGS,
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static int run_export(const struct args *args, struct err *err)
{
    return parcels_export(args_value(args, "settings"), args_operand(args, 0), args_operand(args, 1), args_lang(args),
                          err);
}

static int run_accept(const struct args *args, struct err *err)
{
    return parcels_accept(args_value(args, "settings"), args_operand(args, 0), args_lang(args), err);
}

static int run_show(const struct args *args, struct err *err)
{
    return show_print(args_value(args, "settings"), args_operand(args, 0), args_value(args, "task"),
                      args_flag(args, "json"), args_lang(args), err);
}

static const struct args_option show_options[] = {
    OPT_SETTINGS,
    {.name = "task",
     .value = "HEX",
     .en = "beginning of the task's id; none: the newest task",
     .zh = "任务编号的开头；不填则为最新任务"},
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static int run_totals(const struct args *args, struct err *err)
{
    const struct totals_request request = {
        .task = args_value(args, "task"),
        .json_path = args_value(args, "json"),
        .collector_view = args_flag(args, "collector-view"),
        .alone = args_flag(args, "alone"),
        .lang = args_lang(args),
    };
    return totals_print(args_value(args, "settings"), &request, err);
}

static const struct args_option totals_options[] = {
    OPT_SETTINGS,
    {.name = "task",
     .value = "HEX",
     .en = "beginning of the task's id; none: the newest task",
     .zh = "任务编号的开头；不填则为最新任务"},
    {.name = "json",
     .value = "FILE",
     .en = "write them as JSON too; -: to standard output, and nothing else",
     .zh = "另存为 JSON 文件；- 表示仅向标准输出写 JSON"},
    {.name = "alone",
     .en = "what this very task opened; without: what holds now, after its revisions",
     .zh = "仅该任务本身开放的合计；不填则为历次修订后的现行合计"},
    {.name = "collector-view",
     .en = "also what is suppressed in the areas led here: not for publication",
     .zh = "同时给出本方主管地区被抑制的数值：不得公开"},
};

/* ---- joining ---- */

static const struct args_option invite_options[] = {
    OPT_SETTINGS,
    {.name = "coordinator", .en = "a coordinator, not a hospital", .zh = "受邀方为协调方而非机构"},
    {.name = "tls-name",
     .value = "NAME",
     .en = "DNS name in its certificate (default: ID.OWN-TLS-NAME)",
     .zh = "其证书中的 DNS 名称（默认为 ID.本方TLS名称）"},
    {.name = "valid", .value = "DAYS", .en = "how long the token is valid (7)", .zh = "令牌有效天数（7）"},
    {.name = "out", .value = "FILE", .en = "the token file (default: ID.token)", .zh = "令牌文件（默认 ID.token）"},
};

static const struct args_option joins_options[] = {
    OPT_SETTINGS,
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static const struct args_option admit_options[] = {
    OPT_SETTINGS,
    {.name = "out",
     .value = "FILE",
     .en = "its join file, for the authority (default: ID.join.yaml)",
     .zh = "供管理机构使用的加入文件（默认 ID.join.yaml）"},
};

static const struct args_option join_options[] = {
    {.name = "area",
     .value = "CODE",
     .repeated = true,
     .en = "an area that it leads; gets a collector key (helpers: none)",
     .zh = "所主管的地区，将生成其汇总密钥（辅方不填）"},
    {.name = "wait", .value = "MINUTES", .en = "for the other operator (10)", .zh = "等待对方操作员的分钟数（10）"},
};

static const struct args_option note_options[] = {
    OPT_SETTINGS,
    {.name = "task",
     .value = "HEX",
     .en = "beginning of the task's id; none: the newest task",
     .zh = "任务编号的开头；不填则为最新任务"},
    {.name = "area", .value = "CODE", .required = true, .en = "of the total, led here", .zh = "合计所属地区（由本方主管）"},
    {.name = "indicator", .value = "ID", .required = true, .en = "as in the catalogue", .zh = "指标编号"},
    {.name = "zh", .value = "TEXT", .required = true, .en = "what is wrong, in Chinese, without digits",
     .zh = "中文说明，不得含数字"},
    {.name = "en", .value = "TEXT", .required = true, .en = "the same in English", .zh = "英文说明，不得含数字"},
};

/* ---- history ---- */

static struct history_request history_request(const struct args *args)
{
    return (struct history_request){
        .task = args_num_operands(args) > 0 ? args_operand(args, 0) : NULL,
        .json = args_flag(args, "json"),
        .lang = args_lang(args),
    };
}

static int run_events(const struct args *args, struct err *err)
{
    struct history_request request = history_request(args);

    return history_events(args_value(args, "settings"), &request, err);
}

static int run_completeness(const struct args *args, struct err *err)
{
    struct history_request request = history_request(args);

    request.all = args_flag(args, "all");
    return history_completeness(args_value(args, "settings"), &request, err);
}

static int run_record(const struct args *args, struct err *err)
{
    struct history_request request = history_request(args);

    request.from = args_value(args, "from");
    request.to = args_value(args, "to");
    return history_record(args_value(args, "settings"), &request, err);
}

static const struct args_option completeness_options[] = {
    OPT_SETTINGS,
    {.name = "all", .en = "of all tasks", .zh = "全部任务"},
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static const struct args_option record_options[] = {
    OPT_SETTINGS,
    {.name = "from", .value = "PERIOD", .en = "the first period, like 2026-01", .zh = "起始周期，如 2026-01"},
    {.name = "to", .value = "PERIOD", .en = "the last period", .zh = "截止周期"},
    {.name = "json", .en = "as JSON", .zh = "以 JSON 输出"},
};

static const struct args_command commands[] = {
    {"init", init_options, NUM(init_options), NULL, 0, 0, "make this coordinator's keys and its join file",
     "生成本协调方的密钥与加入文件", run_init},
    {"run", run_options, NUM(run_options), NULL, 0, 0, "serve until stopped by SIGTERM",
     "运行服务，直至收到 SIGTERM", run_daemon},
    {"export", run_options, NUM(run_options), "SITE FILE", 2, 2,
     "write what a hospital without network needs: tasks, keys, receipts, results",
     "为无网络的医院写出文件：任务、密钥、回执与结果", run_export},
    {"accept", run_options, NUM(run_options), "FILE", 1, 1, "take a hospital's report from a file",
     "从文件接收医院的报告", run_accept},
    {"check", status_options, NUM(status_options), NULL, 0, 0,
     "before going live: keys, certificate, address, peers, proxy, clocks", "上线前检查：密钥、证书、地址、对方、代理、时钟",
     run_check},
    {"status", status_options, NUM(status_options), NULL, 0, 0,
     "print what each task waits for, deadlines, and the certificate's days",
     "显示各任务的等待事项、期限以及证书剩余天数", run_status},
    {"show", show_options, NUM(show_options), "receipts|freezes", 1, 1,
     "print signed receipts of the hospitals that report here, or frozen lists, for auditors",
     "显示本方所管医院的签名回执，或冻结清单（供审计）", run_show},
    {"totals", totals_options, NUM(totals_options), NULL, 0, 0, "print a task's results", "显示任务结果",
     run_totals},
    {"invite", invite_options, NUM(invite_options), "ID", 1, 1, "make a one-time token with which a party joins",
     "为某方生成一次性加入令牌", console_invite},
    {"joins", joins_options, NUM(joins_options), NULL, 0, 0, "list who is invited, waits or is admitted",
     "列出已邀请、待准入与已准入的各方", console_joins},
    {"admit", admit_options, NUM(admit_options), "ID FINGERPRINT", 2, 9,
     "certify a newcomer whose fingerprint was compared", "核对指纹后准入并签发证书", console_admit},
    {"join", join_options, NUM(join_options), "TOKEN DIR", 2, 2,
     "make this coordinator's keys and join by a token of the leader above", "凭上级主方的令牌生成密钥并加入",
     console_join},
    {"note", note_options, NUM(note_options), NULL, 0, 0,
     "say publicly that a released total has a known error; leader and helper sign it",
     "公开注明某项已公布合计存在已知误差（主辅双方签署）", console_note},
    {"events", status_options, NUM(status_options), "TASK", 0, 1,
     "print what happened in a task, when, and who signed it", "列出任务的各项事件、时间与签署方", run_events},
    {"completeness", completeness_options, NUM(completeness_options), "TASK", 0, 1,
     "print how many reports were expected, received, on time and verified, by area",
     "按地区显示应报、收到、按时与验证通过的报告数", run_completeness},
    {"record", record_options, NUM(record_options), NULL, 0, 0,
     "print each hospital's reporting over the periods, with yellow and red cards",
     "显示各机构历次上报记录及黄牌、红牌", run_record},
    {"settings", NULL, 0, NULL, 0, 0, "print what the settings file may say", "列出设置文件的全部选项",
     run_settings},
};

static const struct args_program program = {
    .name = "weft-coordinator",
    .version = WEFT_VERSION,
    .en = "Coordinate an area, as its leader or helper: take reports, add them up, release totals.",
    .zh = "协调一个地区（主方或辅方）：接收报告、汇总并发布合计。",
    .commands = commands,
    .num_commands = NUM(commands),
};

int main(int argc, char **argv)
{
    return args_main(&program, argc, argv);
}
