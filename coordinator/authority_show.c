/* authority_show.c - documents, join files and root files for people to read before they sign or trust them.
 */
#include <inttypes.h>
#include <string.h>

#include "base/calendar.h"
#include "base/hex.h"
#include "base/wire.h"
#include "coordinator/authority.h"
#include "crypto/prio3.h"

#define TYPE(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

/* One line "label: " in the reader's language. */
static void label(FILE *out, enum err_lang lang, const char *en, const char *zh)
{
    fprintf(out, "  %s: ", lang == LANG_ZH ? zh : en);
}

static void line(FILE *out, enum err_lang lang, const char *en, const char *zh, const char *text)
{
    label(out, lang, en, zh);
    authority_print_text(out, text);
    fputc('\n', out);
}

static void local_line(FILE *out, enum err_lang lang, const char *en, const char *zh, int64_t ms, const char *zone_name)
{
    char text[CALENDAR_TEXT_SIZE];
    struct calendar_zone zone;

    if (calendar_zone(&zone, zone_name, NULL) == 0 || calendar_zone(&zone, NULL, NULL) == 0)
        line(out, lang, en, zh, calendar_format(ms, &zone, text));
}

static void time_line(FILE *out, enum err_lang lang, const char *en, const char *zh, int64_t ms)
{
    local_line(out, lang, en, zh, ms, NULL);
}

static const char *side_text(Weft__V1__Side side, enum err_lang lang)
{
    if (lang == LANG_ZH)
        return side == WEFT__V1__SIDE__SIDE_LEADER ? "主方" : "辅方";
    return side == WEFT__V1__SIDE__SIDE_LEADER ? "leader side" : "helper side";
}

static void head(FILE *out, const Weft__V1__Document *document, enum err_lang lang)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE], hex[HEX_SIZE(DIGEST_SIZE)];
    uint8_t hash[DIGEST_SIZE];

    document_digest(hash, document);
    fprintf(out, "%s\n", document_type_name(document->type));
    line(out, lang, "digest (SHA-256)", "摘要 (SHA-256)", hex_encode(hex, hash, sizeof hash));
    line(out, lang, "fingerprint", "指纹", join_digest_text(fingerprint, hash));
    label(out, lang, "signatures", "签名");
    for (size_t i = 0; i < document->n_signatures; i++) {
        fputs(i > 0 ? ", " : "", out);
        authority_print_text(out, document->signatures[i]->signer);
    }
    if (document->n_signatures > 0) {
        fputs("\n", out);
    } else if (document->type == WEFT__V1__DOCUMENT_TYPE__DOCUMENT_CATALOGUE) {
        fputs(lang == LANG_ZH ? "无（指标库由任务的摘要绑定）\n" : "none (a task pins it by its digest)\n",
              out);
    } else {
        fputs(lang == LANG_ZH ? "无（草稿）\n" : "none (a draft)\n", out);
    }
}

static void show_roster(FILE *out, const Weft__V1__Roster *roster, enum err_lang lang)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];

    line(out, lang, "context", "语境", roster->context);
    label(out, lang, "version", "版本");
    fprintf(out, "%" PRIu32 "\n", roster->version);
    time_line(out, lang, "issued", "签发", roster->issued_ms);
    time_line(out, lang, "expires", "到期", roster->expires_ms);
    for (size_t i = 0; i < roster->n_roots; i++) {
        const Weft__V1__Root *root = roster->roots[i];

        label(out, lang, "root", "根密钥");
        authority_print_text(out, root->name);
        fprintf(out, ", %s, %s\n", side_text(root->side, lang), join_root_fingerprint(fingerprint, root));
    }
    for (size_t i = 0; i < roster->n_operators; i++) {
        const Weft__V1__Operator *operator= roster->operators[i];

        label(out, lang, "operator", "运营方");
        authority_print_text(out, operator->id);
        fprintf(out, ", %s, %s ", side_text(operator->side, lang), lang == LANG_ZH ? "主管单位" : "body");
        authority_print_text(out, operator->body);
        fputc('\n', out);
    }
    for (size_t i = 0; i < roster->n_supervision; i++) {
        const char *site_class = roster->supervision[i]->site_class;

        label(out, lang, "supervision", "管辖规则");
        authority_print_text(out, site_class[0] != '\0' ? site_class : lang == LANG_ZH ? "其余" : "rest");
        fputs(" -> ", out);
        authority_print_text(out, roster->supervision[i]->tier);
        fputc('\n', out);
    }
    for (size_t i = 0; i < roster->n_revoked; i++) {
        label(out, lang, "revoked", "已吊销");
        authority_print_text(out, roster->revoked[i]->tls_name);
        fputs(": ", out);
        authority_print_text(out, roster->revoked[i]->reason);
        fputc('\n', out);
        time_line(out, lang, "  from", "  自", roster->revoked[i]->from_ms);
    }
    label(out, lang, "counts", "数量");
    fprintf(out,
            lang == LANG_ZH ? "%zu 个运营方，%zu 个协调方，%zu 个地区，%zu 个机构，%zu 个已吊销\n"
                            : "%zu operators, %zu coordinators, %zu areas, %zu sites, %zu revoked\n",
            roster->n_operators, roster->n_coordinators, roster->n_areas, roster->n_sites, roster->n_revoked);
}

static const char *vdaf_text(uint32_t vdaf)
{
    if (vdaf == (uint32_t)PRIO3_MIXED_SUMVEC_64)
        return "Prio3MixedSumVec, 64 bit";
    return vdaf == (uint32_t)PRIO3_MIXED_SUMVEC_128 ? "Prio3MixedSumVec, 128 bit" : "?";
}

static void show_parts(FILE *out, const Weft__V1__Task *task, enum err_lang lang)
{
    char hex[HEX_SIZE(8)];

    for (size_t i = 0; i < task->n_parts; i++) {
        if (task->parts[i].len != TASK_ID_SIZE)
            continue;
        label(out, lang, "adds up", "累加");
        fprintf(out, "%s\n", hex_encode(hex, task->parts[i].data, 8));
    }
}

/* Every instant, in the zone of the period. */
static void show_times(FILE *out, const Weft__V1__Task *task, enum err_lang lang)
{
    const char *zone = task->period == NULL ? NULL : task->period->zone;
    const struct {
        const char *en, *zh;
        int64_t ms;
    } times[] = {
        {"period begins", "周期开始", task->period == NULL ? 0 : task->period->start_ms},
        {"period ends", "周期结束", task->period == NULL ? 0 : task->period->end_ms},
        {"open", "开放", task->open_ms},
        {"due", "应报", task->due_ms},
        {"close", "截止", task->close_ms},
        {"order", "开放令", task->order_ms},
        {"order until", "开放令签署止", task->order_deadline_ms},
        {"fallback", "下级自行签署", task->fallback_ms},
        {"plan", "计划", task->plan_ms},
        {"pattern", "抑制表", task->pattern_ms},
        {"retention", "保留期止", task->retention_ms},
    };

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i].ms != 0)
            local_line(out, lang, times[i].en, times[i].zh, times[i].ms, zone);
    }
}

static void show_task(FILE *out, const Weft__V1__Task *task, enum err_lang lang)
{
    line(out, lang, "name", "名称", task->name);
    line(out, lang, "context", "语境", task->context);
    if (task->period != NULL) {
        line(out, lang, "period", "周期", task->period->id);
        line(out, lang, "zone", "时区", task->period->zone);
    }
    label(out, lang, "rests on", "依据");
    fprintf(out,
            lang == LANG_ZH ? "名册版本 %" PRIu32 "，指标库版本 "
                            : "roster version %" PRIu32 ", catalogue version ",
            task->roster_version);
    authority_print_text(out, task->catalogue_version);
    fputc('\n', out);
    label(out, lang, "vector", "向量");
    fprintf(out,
            lang == LANG_ZH ? "%zu 个序列，%zu 个槽位，%s，块长 %" PRIu32 "\n"
                            : "%zu series, %zu slots, %s, chunk length %" PRIu32 "\n",
            task->n_series, task->n_slots, vdaf_text(task->vdaf), task->chunk_length);
    label(out, lang, "floors", "下限");
    fprintf(out, "min_sites %" PRIu32 ", min_cell %" PRIu32 ", min_coverage_percent %" PRIu32 "\n",
            task->min_sites, task->min_cell, task->min_coverage_percent);
    label(out, lang, "release plan", "发布计划");
    fprintf(out, lang == LANG_ZH ? "%zu 个地区\n" : "%zu areas\n", task->n_release_areas);
    if (task->breakdown[0] != '\0')
        line(out, lang, "breakdown", "分类维度", task->breakdown);
    if (task->n_parts > 0)
        show_parts(out, task, lang);
    show_times(out, task, lang);
    if (task->close_when_complete)
        line(out, lang, "closes", "提前截止", lang == LANG_ZH ? "全部上报后" : "when all have reported");
}

int authority_summary(FILE *out, const Weft__V1__Document *document, enum err_lang lang, struct err *err)
{
    ProtobufCMessage *body = NULL;
    int rc = 0;

    head(out, document, lang);
    if (document->type == TYPE(CATALOGUE)) {
        label(out, lang, "size", "大小");
        fprintf(out, "%zu\n", document->body.len);
        return 0;
    }
    if ((rc = document_body(&body, document, document->type, err)) != 0)
        return rc;
    if (document->type == TYPE(ROSTER))
        show_roster(out, (Weft__V1__Roster *)body, lang);
    else if (document->type == TYPE(TASK))
        show_task(out, (Weft__V1__Task *)body, lang);
    else
        authority_print_message(out, body);
    wire_free(&body);
    return 0;
}

static int show_full(const Weft__V1__Document *document, struct err *err)
{
    ProtobufCMessage *body = NULL;
    int rc;

    if (document->type == TYPE(CATALOGUE)) {
        fwrite(document->body.data, 1, document->body.len, stdout);
        return 0;
    }
    if ((rc = document_body(&body, document, document->type, err)) == 0)
        authority_print_message(stdout, body);
    wire_free(&body);
    return rc;
}

/* Join files and root files are readable as they are; what matters is that they are sound, and the
 * fingerprint. */
static int show_yaml(const char *path, enum err_lang lang, struct err *err)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    struct join_roots roots = {0};
    struct join join = {0};
    int rc;

    if (join_roots_add(&roots, path, NULL) == 0) {
        printf("root %s\n", roots.names[0]);
        line(stdout, lang, "side", "所属方", side_text(roots.root[0].side, lang));
        line(stdout, lang, "fingerprint", "指纹", join_root_fingerprint(fingerprint, &roots.root[0]));
        return 0;
    }
    if ((rc = join_read(&join, path, err)) != 0)
        return rc;
    printf("%s %s\n", join.kind == JOIN_SITE ? "site" : "coordinator", join.id);
    line(stdout, lang, "TLS name", "TLS 名称", join.tls_name);
    line(stdout, lang, "fingerprint", "指纹", join_fingerprint(fingerprint, &join));
    join_clear(&join);
    return 0;
}

int authority_show(const struct args *args, struct err *err)
{
    const char *path = args_operand(args, 0);
    size_t len = strlen(path);
    Weft__V1__Document *document = NULL;
    int rc;

    if (len > 5 && strcmp(path + len - 5, ".yaml") == 0)
        return show_yaml(path, args_lang(args), err);
    if ((rc = authority_load(&document, path, err)) != 0)
        return rc;
    if ((rc = authority_summary(stdout, document, args_lang(args), err)) == 0 && args_flag(args, "full"))
        rc = show_full(document, err);
    document_free(&document);
    return rc;
}
