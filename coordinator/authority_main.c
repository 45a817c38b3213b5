/* authority_main.c - weft-authority: the offline program that makes, signs and publishes rosters and tasks.
 *
 * Works on files alone and opens no network connection. One run on each side's own machine, files carried
 * between them; see coordinator/authority.h for what a side's directory holds. */
#include "coordinator/authority.h"

#ifndef WEFT_VERSION
#define WEFT_VERSION "0.1.0"
#endif

#define OPT_DIR                                                                                              \
    {                                                                                                        \
        .name = "dir", .value = "DIR", .required = true, .en = "this side's directory", .zh = "本方目录" \
    }
#define OPT_CA_DIR                                                                                           \
    {                                                                                                        \
        .name = "dir", .value = "DIR", .required = true,                                                     \
        .en = "the leader side's directory (TLS authority)", .zh = "主方目录（含 TLS 证书机构）"  \
    }
#define OPT_DRAFT                                                                                            \
    {                                                                                                        \
        .name = "roster", .value = "FILE", .required = true, .en = "the draft roster, which is changed",     \
        .zh = "名册草稿（将被修改）"                                                               \
    }
#define OPT_NAME_ZH                                                                                          \
    {                                                                                                        \
        .name = "name-zh", .value = "TEXT", .required = true, .en = "name in Chinese", .zh = "中文名称"  \
    }
#define OPT_NAME_EN                                                                                          \
    {                                                                                                        \
        .name = "name-en", .value = "TEXT", .required = true, .en = "name in English", .zh = "英文名称"  \
    }
#define OPT_SIDE                                                                                             \
    {                                                                                                        \
        .name = "side", .value = "leader|helper", .required = true, .en = "side", .zh = "所属方"          \
    }
#define OPT_CERT_OUT                                                                                         \
    {                                                                                                        \
        .name = "cert-out", .value = "FILE", .required = true, .en = "where the TLS certificate is written", \
        .zh = "TLS 证书输出文件"                                                                       \
    }
#define OPT_DAYS                                                                                                     \
    {                                                                                                                \
        .name = "days", .value = "N", .en = "validity of the certificate (825)", .zh = "证书有效天数（825）" \
    }
#define NUM(array) (sizeof(array) / sizeof(array)[0])

static const struct args_option init_options[] = {
    OPT_SIDE,
    {.name = "name",
     .value = "NAME",
     .required = true,
     .en = "name of the root key, as it stands in rosters",
     .zh = "根密钥名称（写入名册）"},
    {.name = "dir", .value = "DIR", .required = true, .en = "the new directory", .zh = "新建目录"},
};

static const struct args_option new_roster_options[] = {
    OPT_DIR,
    {.name = "root",
     .value = "FILE",
     .required = true,
     .repeated = true,
     .en = "root.yaml of the other side (of further roots)",
     .zh = "另一方（及其他根）的 root.yaml"},
    {.name = "context",
     .value = "TEXT",
     .en = "\"weft v1\", or \"weft demo v1\" for trying things out",
     .zh = "\"weft v1\"；试用环境为 \"weft demo v1\""},
    {.name = "from",
     .value = "FILE",
     .en = "the roster before: its parties are taken over, the version rises",
     .zh = "上一版名册：沿用其成员，版本号加一"},
    {.name = "expires",
     .value = "DATE",
     .required = true,
     .en = "when it ends, e.g. 2030-01-01",
     .zh = "到期日，如 2030-01-01"},
    {.name = "roster", .value = "FILE", .required = true, .en = "the new draft", .zh = "新草稿文件"},
};

static const struct args_option operator_options[] = {
    OPT_DRAFT,
    {.name = "id", .value = "ID", .required = true, .en = "identifier", .zh = "编号"},
    OPT_SIDE,
    {.name = "body",
     .value = "TEXT",
     .required = true,
     .en = "the legal body that controls it: never on both sides",
     .zh = "主管法人单位，不得同时位于双方"},
    OPT_NAME_ZH,
    OPT_NAME_EN,
};

static const struct args_option coordinator_options[] = {
    OPT_CA_DIR,
    OPT_DRAFT,
    {.name = "operator", .value = "ID", .required = true, .en = "who runs it", .zh = "运营方编号"},
    OPT_CERT_OUT,
    OPT_DAYS,
};

static const struct args_option area_options[] = {
    OPT_DRAFT,
    {.name = "code",
     .value = "CODE",
     .required = true,
     .en = "code of the area (GB/T 2260)",
     .zh = "地区代码（GB/T 2260）"},
    {.name = "parent",
     .value = "CODE",
     .en = "the area above; none: the top",
     .zh = "上级地区；不填即为最高级"},
    {.name = "tier",
     .value = "TEXT",
     .required = true,
     .en = "province, city or county",
     .zh = "层级：province、city 或 county"},
    {.name = "leader-join",
     .value = "FILE",
     .required = true,
     .en = "join file of its leader, which holds the area's collector key",
     .zh = "主方协调方的加入文件（含该地区的汇总密钥）"},
    {.name = "helper", .value = "ID", .required = true, .en = "its helper", .zh = "辅方协调方编号"},
    OPT_NAME_ZH,
    OPT_NAME_EN,
};

static const struct args_option site_options[] = {
    OPT_CA_DIR,
    OPT_DRAFT,
    {.name = "area", .value = "CODE", .required = true, .en = "its own area", .zh = "所在地区"},
    {.name = "supervisor",
     .value = "CODE",
     .en = "the area whose leader it reports to: its own (default) or one above",
     .zh = "上报对象所在地区：本地区（默认）或其上级"},
    {.name = "owner", .value = "ID", .required = true, .en = "who owns it", .zh = "举办主体编号"},
    {.name = "class",
     .value = "TEXT",
     .repeated = true,
     .en = "public class, e.g. grade.tertiary",
     .zh = "公开分类，如 grade.tertiary"},
    {.name = "valid-from",
     .value = "TIME",
     .en = "since when (default: the roster's issue)",
     .zh = "生效时间（默认为名册签发时间）"},
    OPT_NAME_ZH,
    OPT_NAME_EN,
    OPT_CERT_OUT,
    OPT_DAYS,
};

static const struct args_option revoke_options[] = {OPT_DRAFT};

static const struct args_option certify_options[] = {OPT_CA_DIR, OPT_CERT_OUT, OPT_DAYS};

static const struct args_option task_options[] = {
    {.name = "settings",
     .value = "FILE",
     .required = true,
     .en = "what the task says; see task-settings",
     .zh = "任务设置，见 task-settings"},
    {.name = "catalogue",
     .value = "FILE",
     .required = true,
     .en = "the indicator catalogue",
     .zh = "指标库文件"},
    {.name = "roster",
     .value = "FILE",
     .required = true,
     .en = "the signed roster that it pins",
     .zh = "所绑定的已签署名册"},
    {.name = "out", .value = "FILE", .required = true, .en = "the new draft", .zh = "新草稿文件"},
};

static const struct args_option void_options[] = {
    {.name = "task", .value = "FILE", .required = true, .en = "the task to end", .zh = "要作废的任务"},
    {.name = "reason",
     .value = "TEXT",
     .required = true,
     .en = "why; everyone reads it",
     .zh = "原因（公开）"},
    {.name = "out", .value = "FILE", .required = true, .en = "the new draft", .zh = "新草稿文件"},
};

static const struct args_option sign_options[] = {
    OPT_DIR,
    {.name = "roster",
     .value = "FILE",
     .en = "the signed roster, to check a task or void",
     .zh = "已签署的名册，用于核验任务或作废"},
    {.name = "catalogue",
     .value = "FILE",
     .en = "the catalogue, to check a task",
     .zh = "指标库，用于核验任务"},
};

static const struct args_option show_options[] = {
    {.name = "full", .en = "every field", .zh = "显示全部字段"},
};

static const struct args_option publish_options[] = {
    {.name = "dir",
     .value = "DIR",
     .required = true,
     .en = "the publication directory of the top leader",
     .zh = "最高级主方的发布目录"},
};

static const struct args_command commands[] = {
    {.name = "init",
     .options = init_options,
     .num_options = NUM(init_options),
     .run = authority_init,
     .en = "make this side's root key (and, for the leader side, the TLS authority)",
     .zh = "生成本方根密钥（主方另含 TLS 证书机构）"},
    {.name = "new-roster",
     .options = new_roster_options,
     .num_options = NUM(new_roster_options),
     .run = authority_new_roster,
     .en = "begin a roster with the roots of both sides",
     .zh = "以双方根密钥新建名册草稿"},
    {.name = "add-operator",
     .options = operator_options,
     .num_options = NUM(operator_options),
     .run = authority_add_operator,
     .en = "add who runs coordinators",
     .zh = "添加运营方"},
    {.name = "add-coordinator",
     .options = coordinator_options,
     .num_options = NUM(coordinator_options),
     .operands = "JOINFILE",
     .min_operands = 1,
     .max_operands = 1,
     .run = authority_add_coordinator,
     .en = "add a coordinator and issue its certificate",
     .zh = "添加协调方并签发证书"},
    {.name = "add-area",
     .options = area_options,
     .num_options = NUM(area_options),
     .run = authority_add_area,
     .en = "add an area, its leader and its helper",
     .zh = "添加地区及其主方、辅方"},
    {.name = "add-site",
     .options = site_options,
     .num_options = NUM(site_options),
     .operands = "JOINFILE",
     .min_operands = 1,
     .max_operands = 1,
     .run = authority_add_site,
     .en = "add a hospital and issue its certificate",
     .zh = "添加机构并签发证书"},
    {.name = "revoke",
     .options = revoke_options,
     .num_options = NUM(revoke_options),
     .operands = "TLSNAME",
     .min_operands = 1,
     .max_operands = 1,
     .run = authority_revoke,
     .en = "admit a TLS name no longer",
     .zh = "吊销某个 TLS 名称"},
    {.name = "certify",
     .options = certify_options,
     .num_options = NUM(certify_options),
     .operands = "JOINFILE",
     .min_operands = 1,
     .max_operands = 1,
     .run = authority_certify,
     .en = "issue a party's certificate again",
     .zh = "为某方重新签发证书"},
    {.name = "task",
     .options = task_options,
     .num_options = NUM(task_options),
     .run = authority_task,
     .en = "draft a task",
     .zh = "起草任务"},
    {.name = "task-settings",
     .run = authority_task_settings,
     .en = "print what a task's settings file may say",
     .zh = "列出任务设置文件的全部选项"},
    {.name = "void",
     .options = void_options,
     .num_options = NUM(void_options),
     .run = authority_void,
     .en = "draft the end of a broken task",
     .zh = "起草任务作废声明"},
    {.name = "sign",
     .options = sign_options,
     .num_options = NUM(sign_options),
     .operands = "FILE",
     .min_operands = 1,
     .max_operands = 1,
     .run = authority_sign,
     .en = "check a draft and add this side's signature",
     .zh = "核验草稿并加上本方签名"},
    {.name = "show",
     .options = show_options,
     .num_options = NUM(show_options),
     .operands = "FILE",
     .min_operands = 1,
     .max_operands = 1,
     .run = authority_show,
     .en = "print a document, join file or root file",
     .zh = "显示文档、加入文件或根文件"},
    {.name = "publish",
     .options = publish_options,
     .num_options = NUM(publish_options),
     .operands = "FILE...",
     .min_operands = 1,
     .max_operands = ARGS_MAX_OPERANDS,
     .run = authority_publish,
     .en = "check signed documents and catalogues (*.yaml) together and lay them out",
     .zh = "一并核验已签署文档与指标库（*.yaml）并生成发布目录"},
};

static const struct args_program program = {
    .name = "weft-authority",
    .version = WEFT_VERSION,
    .en = "Make, sign and publish rosters and tasks, offline.",
    .zh = "离线制定、签署并发布名册与任务。",
    .commands = commands,
    .num_commands = NUM(commands),
};

int main(int argc, char **argv)
{
    return args_main(&program, argc, argv);
}
