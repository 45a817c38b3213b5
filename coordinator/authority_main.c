/* authority_main.c - weft-authority: the offline program that makes, signs and publishes rosters and tasks.
 *
 * Works on files alone and opens no network connection. One run on each side's own machine, files carried
 * between them; see coordinator/authority.h for what a side's directory holds. */
#include "coordinator/authority.h"

#ifndef WEFT_VERSION
#define WEFT_VERSION "0.1.0"
#endif

/* Options: needed, possible, repeatable, and flags. */
#define NEEDS(name, value, en, zh)                                                                           \
    {                                                                                                        \
        name, value, true, false, en, zh                                                                     \
    }
#define NEEDS_SOME(name, value, en, zh)                                                                      \
    {                                                                                                        \
        name, value, true, true, en, zh                                                                      \
    }
#define MAY(name, value, en, zh)                                                                             \
    {                                                                                                        \
        name, value, false, false, en, zh                                                                    \
    }
#define MAY_REPEAT(name, value, en, zh)                                                                      \
    {                                                                                                        \
        name, value, false, true, en, zh                                                                     \
    }
#define FLAG(name, en, zh)                                                                                   \
    {                                                                                                        \
        name, NULL, false, false, en, zh                                                                     \
    }

#define OPT_DIR NEEDS("dir", "DIR", "this side's directory", "本方目录")
#define OPT_CA_DIR                                                                                           \
    NEEDS("dir", "DIR", "the leader side's directory (TLS authority)", "主方目录（含 TLS 证书机构）")
#define OPT_DRAFT    NEEDS("roster", "FILE", "the draft roster, which is changed", "名册草稿（将被修改）")
#define OPT_NAME_ZH  NEEDS("name-zh", "TEXT", "name in Chinese", "中文名称")
#define OPT_NAME_EN  NEEDS("name-en", "TEXT", "name in English", "英文名称")
#define OPT_SIDE     NEEDS("side", "leader|helper", "side", "所属方")
#define OPT_CERT_OUT NEEDS("cert-out", "FILE", "where the TLS certificate is written", "TLS 证书输出文件")
#define OPT_MAY_CERT                                                                                         \
    MAY("cert-out", "FILE", "also sign its TLS certificate, into this file; without: its leader certified it",   \
        "同时签发 TLS 证书并写入此文件；不填表示已由其主方签发")
#define OPT_MAY_CA_DIR                                                                                       \
    MAY("dir", "DIR", "with cert-out: the directory of the TLS authority", "与 cert-out 同用：TLS 证书机构目录")
#define OPT_DAYS     MAY("days", "N", "validity of the certificate (825)", "证书有效天数（825）")
#define NUM(array)   (sizeof(array) / sizeof(array)[0])

static const struct args_option init_options[] = {
    OPT_SIDE,
    NEEDS("name", "NAME", "name of the root key, as it stands in rosters", "根密钥名称（写入名册）"),
    NEEDS("dir", "DIR", "the new directory", "新建目录"),
};

static const struct args_option new_roster_options[] = {
    OPT_DIR,
    NEEDS_SOME("root", "FILE", "root.yaml of the other side (of further roots)",
               "另一方（及其他根）的 root.yaml"),
    MAY("context", "TEXT", "\"weft v1\", or \"weft demo v1\" for trying things out",
        "\"weft v1\"；试用环境为 \"weft demo v1\""),
    MAY("from", "FILE", "the roster before: its parties are taken over, the version rises",
        "上一版名册：沿用其成员，版本号加一"),
    NEEDS("expires", "DATE", "when it ends, e.g. 2030-01-01", "到期日，如 2030-01-01"),
    NEEDS("roster", "FILE", "the new draft", "新草稿文件"),
    MAY_REPEAT("tls-authority", "FILE",
               "certificate of a TLS authority that all trust, the one in use first (default: of the roster before, "
               "else ca.crt of dir)",
               "各方信任的 TLS 证书机构证书，在用者居首（默认沿用上一版，否则为 dir 下的 ca.crt）"),
};

static const struct args_option operator_options[] = {
    OPT_DRAFT,
    NEEDS("id", "ID", "identifier", "编号"),
    OPT_SIDE,
    NEEDS("body", "TEXT", "the legal body that controls it: never on both sides",
          "主管法人单位，不得同时位于双方"),
    OPT_NAME_ZH,
    OPT_NAME_EN,
};

static const struct args_option coordinator_options[] = {
    OPT_MAY_CA_DIR, OPT_DRAFT, NEEDS("operator", "ID", "who runs it", "运营方编号"), OPT_MAY_CERT, OPT_DAYS,
};

static const struct args_option area_options[] = {
    OPT_DRAFT,
    NEEDS("code", "CODE", "code of the area (GB/T 2260)", "地区代码（GB/T 2260）"),
    MAY("parent", "CODE", "the area above; none: the top", "上级地区；不填即为最高级"),
    NEEDS("tier", "TEXT", "province, city, county or township", "层级：province、city、county 或 township"),
    NEEDS("leader-join", "FILE", "join file of its leader, which holds the area's collector key",
          "主方协调方的加入文件（含该地区的汇总密钥）"),
    NEEDS("helper", "ID", "its helper", "辅方协调方编号"),
    OPT_NAME_ZH,
    OPT_NAME_EN,
};

static const struct args_option site_options[] = {
    OPT_MAY_CA_DIR,
    OPT_DRAFT,
    NEEDS("area", "CODE", "its own area", "所在地区"),
    MAY("supervisor", "CODE",
        "the area whose leader it reports to, its own or one above (default: by the rules of supervision, "
        "else its own)",
        "上报对象所在地区：本地区或其上级（默认按管辖规则，否则为本地区）"),
    NEEDS("owner", "ID", "who owns it", "举办主体编号"),
    MAY_REPEAT("class", "TEXT", "public class, e.g. grade:tertiary", "公开分类，如 grade:tertiary"),
    MAY("beds", "N", "beds, public", "床位数（公开）"),
    MAY("valid-from", "TIME", "since when it takes part (default: always)",
        "开始参与的时间（默认为一直参与）"),
    OPT_NAME_ZH,
    OPT_NAME_EN,
    OPT_MAY_CERT,
    OPT_DAYS,
};

static const struct args_option supervision_options[] = {
    OPT_DRAFT,
    NEEDS_SOME("rule", "CLASS=TIER",
               "the first that fits says where sites report: grade:tertiary=city, rest=county",
               "首条符合的规则决定上报层级：grade:tertiary=city、rest=county"),
    FLAG("keep", "hospitals that report elsewhere keep to it, by the class supervision:individual",
         "与规则不符的机构维持现有上报对象，并标注 supervision:individual"),
};

static const struct args_option close_options[] = {
    OPT_DRAFT,
    NEEDS("from", "TIME", "from when on it takes part no more", "自何时起不再参与"),
};

static const struct args_option merge_options[] = {
    OPT_DRAFT,
    NEEDS("from", "TIME", "from when on it takes part no more", "自何时起不再参与"),
    NEEDS("into", "ID", "the hospital that takes it over", "并入的机构编号"),
};

static const struct args_option move_options[] = {
    OPT_DRAFT,
    NEEDS("from", "TIME", "from when on it stands in its new place", "新归属的生效时间"),
    MAY("area", "CODE", "its new area", "新的所在地区"),
    MAY("supervisor", "CODE", "to whom it reports (default: by the rules of supervision, else its own area)",
        "上报对象所在地区（默认按管辖规则，否则为本地区）"),
    MAY("owner", "ID", "its new owner", "新的举办主体编号"),
};

static const struct args_option import_options[] = {
    OPT_DRAFT,
    MAY("joins", "DIR", "where join files lie, as ID.yaml or ID/join.yaml; else keys are columns",
        "加入文件所在目录（ID.yaml 或 ID/join.yaml）；否则密钥须为文件中的列"),
};

static const struct args_option revoke_options[] = {
    OPT_DRAFT,
    MAY("from", "TIME", "since when (default: now); reports received later do not count",
        "起始时间（默认为当前）；此后收到的报告不计入"),
    NEEDS("reason", "TEXT", "why; everyone reads it", "原因（公开）"),
};

static const struct args_option remove_options[] = {OPT_DRAFT};

static const struct args_option certify_options[] = {OPT_CA_DIR, OPT_CERT_OUT, OPT_DAYS};

static const struct args_option issue_ca_options[] = {
    OPT_CA_DIR,
    OPT_CERT_OUT,
    MAY_REPEAT("permit", "NAME", "a DNS name that it may certify, and all beneath (default: the leader's own)",
               "允许签发的 DNS 名称（含其下级名称；默认为该主方自身的名称）"),
    MAY("days", "N", "validity (1826)", "有效天数（1826）"),
};

static const struct args_option new_ca_options[] = {
    NEEDS("name", "NAME", "of the new TLS authority", "新 TLS 证书机构名称"),
    NEEDS("dir", "DIR", "the new directory", "新建目录"),
    MAY("after", "DIR", "the directory of the one that it replaces, which certifies it: so who trusts only the old one "
                        "is not cut off",
        "被替换机构的目录，由其交叉签发：仅信任旧机构的各方不会断开"),
};

static const struct args_option task_options[] = {
    NEEDS("settings", "FILE", "what the task says; see task-settings", "任务设置，见 task-settings"),
    NEEDS("catalogue", "FILE", "the indicator catalogue", "指标库文件"),
    NEEDS("roster", "FILE", "the signed roster that it pins", "所绑定的已签署名册"),
    MAY_REPEAT("sum-of", "FILE", "a longer period: a signed task whose totals it adds up; once for each",
               "较长周期：累加其合计的已签署任务，每个任务写一次"),
    MAY("published", "DIR", "what is published: no task there may count the same over a common time",
        "发布目录：其中的任务不得在重叠时间内统计同一指标"),
    NEEDS("out", "FILE", "the new draft", "新草稿文件"),
};

static const struct args_option revise_options[] = {
    NEEDS("task", "FILE", "the signed task, or its last revision, that is revised", "要修订的已签署任务（或其最近一次修订）"),
    NEEDS("roster", "FILE", "the signed roster that it pins", "所绑定的已签署名册"),
    MAY("for", "DURATION", "how long corrections are taken (+14d)", "接收更正的时长（+14d）"),
    NEEDS("out", "FILE", "the new draft", "新草稿文件"),
};

static const struct args_option void_options[] = {
    NEEDS("task", "FILE", "the task to end", "要作废的任务"),
    NEEDS("reason", "TEXT", "why; everyone reads it", "原因（公开）"),
    NEEDS("out", "FILE", "the new draft", "新草稿文件"),
};

static const struct args_option amend_options[] = {
    NEEDS("task", "FILE", "the task whose times move", "要延期的任务"),
    MAY("previous", "FILE", "the amendment before this one", "上一份修订声明"),
    NEEDS("by", "DURATION", "how much later: +3d, +12h", "推迟多久：+3d、+12h"),
    FLAG("keep-due", "reports are due as before; only the grace is longer", "应报时间不变，仅延长宽限期"),
    NEEDS("reason", "TEXT", "why; everyone reads it", "原因（公开）"),
    NEEDS("out", "FILE", "the new draft", "新草稿文件"),
};

static const struct args_option sign_options[] = {
    OPT_DIR,
    MAY("previous", "FILE", "the roster before this one: a root of that one signs too when keys change",
        "上一版名册：更换根密钥时，其根亦可签署本版"),
    MAY("roster", "FILE", "the signed roster, to check a task, void or amendment", "已签署的名册，用于核验任务、作废或延期"),
    MAY("catalogue", "FILE", "the catalogue, to check a task", "指标库，用于核验任务"),
};

static const struct args_option show_options[] = {
    FLAG("full", "every field", "显示全部字段"),
};

static const struct args_option publish_options[] = {
    NEEDS("dir", "DIR", "the publication directory of the top leader", "最高级主方的发布目录"),
};

static const struct args_command commands[] = {
    {"init", init_options, NUM(init_options), NULL, 0, 0,
     "make this side's root key (and, for the leader side, the TLS authority)",
     "生成本方根密钥（主方另含 TLS 证书机构）", authority_init},
    {"new-roster", new_roster_options, NUM(new_roster_options), NULL, 0, 0,
     "begin a roster with the roots of both sides", "以双方根密钥新建名册草稿", authority_new_roster},
    {"add-operator", operator_options, NUM(operator_options), NULL, 0, 0, "add who runs coordinators",
     "添加运营方", authority_add_operator},
    {"add-coordinator", coordinator_options, NUM(coordinator_options), "JOINFILE", 1, 1,
     "add a coordinator and issue its certificate", "添加协调方并签发证书", authority_add_coordinator},
    {"add-area", area_options, NUM(area_options), NULL, 0, 0, "add an area, its leader and its helper",
     "添加地区及其主方、辅方", authority_add_area},
    {"add-site", site_options, NUM(site_options), "JOINFILE", 1, 1,
     "add a hospital and issue its certificate", "添加机构并签发证书", authority_add_site},
    {"import-areas", import_options, NUM(import_options), "FILE.csv", 1, 1,
     "add and change areas from a CSV file, all or nothing", "由 CSV 文件批量添加或更改地区（全有或全无）",
     authority_import_areas},
    {"import-sites", import_options, NUM(import_options), "FILE.csv", 1, 1,
     "add and change hospitals from a CSV file, all or nothing",
     "由 CSV 文件批量添加或更改机构（全有或全无）", authority_import_sites},
    {"set-supervision", supervision_options, NUM(supervision_options), NULL, 0, 0,
     "say by class to which tier hospitals report", "按分类规定机构的上报层级", authority_set_supervision},
    {"close-site", close_options, NUM(close_options), "ID", 1, 1, "a hospital closes", "机构关闭",
     authority_close_site},
    {"merge-site", merge_options, NUM(merge_options), "ID", 1, 1, "a hospital is merged into another",
     "机构并入另一机构", authority_merge_site},
    {"move-site", move_options, NUM(move_options), "ID", 1, 1, "a hospital changes area, supervisor or owner",
     "机构变更地区、上报对象或举办主体", authority_move_site},
    {"revoke", revoke_options, NUM(revoke_options), "TLSNAME", 1, 1, "admit a TLS name no longer",
     "吊销某个 TLS 名称", authority_revoke},
    {"remove-operator", remove_options, NUM(remove_options), "ID", 1, 1, "take an operator back from a draft",
     "从草稿中移除运营方", authority_remove_operator},
    {"remove-coordinator", remove_options, NUM(remove_options), "ID", 1, 1,
     "take a coordinator back from a draft", "从草稿中移除协调方", authority_remove_coordinator},
    {"remove-area", remove_options, NUM(remove_options), "CODE", 1, 1, "take an area back from a draft",
     "从草稿中移除地区", authority_remove_area},
    {"remove-site", remove_options, NUM(remove_options), "ID", 1, 1, "take a hospital back from a draft",
     "从草稿中移除机构", authority_remove_site},
    {"remove-revocation", remove_options, NUM(remove_options), "TLSNAME", 1, 1,
     "admit a revoked TLS name again", "撤销对某 TLS 名称的吊销", authority_remove_revocation},
    {"certify", certify_options, NUM(certify_options), "JOINFILE", 1, 1, "issue a party's certificate again",
     "为某方重新签发证书", authority_certify},
    {"issue-ca", issue_ca_options, NUM(issue_ca_options), "JOINFILE", 1, 1,
     "let a leader certify parties of its own names", "为主方签发限定名称的签发证书", authority_issue_ca},
    {"new-ca", new_ca_options, NUM(new_ca_options), NULL, 0, 0, "make another TLS authority, to replace the first",
     "新建 TLS 证书机构以替换旧机构", authority_new_ca},
    {"task", task_options, NUM(task_options), NULL, 0, 0, "draft a task", "起草任务", authority_task},
    {"task-settings", NULL, 0, NULL, 0, 0, "print what a task's settings file may say",
     "列出任务设置文件的全部选项", authority_task_settings},
    {"revise", revise_options, NUM(revise_options), NULL, 0, 0,
     "draft a revision: corrections and late reports after the close", "起草修订任务：截止后的更正与迟报",
     authority_revise},
    {"void", void_options, NUM(void_options), NULL, 0, 0, "draft the end of a broken task",
     "起草任务作废声明", authority_void},
    {"amend", amend_options, NUM(amend_options), NULL, 0, 0, "draft later times for a task",
     "起草任务延期声明", authority_amend},
    {"sign", sign_options, NUM(sign_options), "FILE", 1, 1, "check a draft and add this side's signature",
     "核验草稿并加上本方签名", authority_sign},
    {"show", show_options, NUM(show_options), "FILE", 1, 1, "print a document, join file or root file",
     "显示文档、加入文件或根文件", authority_show},
    {"publish", publish_options, NUM(publish_options), "FILE...", 1, ARGS_MAX_OPERANDS,
     "check signed documents and catalogues (*.yaml) together and lay them out",
     "一并核验已签署文档与指标库（*.yaml）并生成发布目录", authority_publish},
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
