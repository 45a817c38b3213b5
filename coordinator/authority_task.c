/* authority_task.c - the draft of a task, from its settings, a catalogue and a signed roster; and of a void.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/dominance.h"
#include "base/calendar.h"
#include "base/hex.h"
#include "base/settings.h"
#include "base/task.h"
#include "base/wire.h"
#include "catalogue/catalogue.h"
#include "coordinator/authority.h"
#include "coordinator/authority_times.h"
#include "crypto/secret.h"

#define TEXT(text)       ((char *)(uintptr_t)(text)) /* protobuf-c's structs are not const */
#define NONCE_SIZE       16
#define MAX_REASON_BYTES 1024

/* ---------------------------------------------------------------- settings */

struct task_settings {
    char *name, *period, *zone;
    char *times[TIME_NUM]; /* each up to the retention not before the one before it */
    bool close_when_complete;
    int64_t min_sites, min_cell, min_coverage_percent;
    struct setting_list release_areas;
    char *breakdown;
    int vdaf;
};

static const char *const vdaf_names[] = {"mixed_sumvec_64", "mixed_sumvec_128", NULL};
static const enum prio3_algorithm vdaf_ids[] = {PRIO3_MIXED_SUMVEC_64, PRIO3_MIXED_SUMVEC_128};

#define AT(member) offsetof(struct task_settings, member)

static const struct setting table[] = {
    {.name = "name",
     .type = SETTING_STRING,
     .offset = AT(name),
     .min = 1,
     .max = 200,
     .en = "What people call this task.",
     .zh = "任务名称。"},
    {.name = "period",
     .type = SETTING_STRING,
     .offset = AT(period),
     .en = "The period counted: 2014, 2014H1, 2014Q3, 2014-07 or 2014-01..2015-12.",
     .zh = "统计周期：2014、2014H1、2014Q3、2014-07 或 2014-01..2015-12。"},
    {.name = "zone",
     .type = SETTING_STRING,
     .offset = AT(zone),
     .fallback = CALENDAR_DEFAULT_ZONE,
     .en = "The zone of the period and of times without an offset.",
     .zh = "周期以及未注明时差的时间所在时区。"},
    {.name = "open",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_OPEN]),
     .fallback = "",
     .en = "When reports are taken from: a time such as 2025-10-08T00:00; end+2d: that day after the period; or +30s, "
           "+5m, +2h, +3d after the draft. Empty: the end of the period, or the draft if that is later.",
     .zh = "开始接收报告的时间：具体时间（如 2025-10-08T00:00）；end+2d 表示周期结束后第 2 天；或自起草时起 "
           "+30s、+5m、+2h、+3d。留空为周期结束时，若已过则为起草时。"},
    {.name = "due",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_DUE]),
     .fallback = "",
     .en = "Until when a report is on time; then follows the grace, until close. A time, end+10d, or + after open. Empty: "
           "by the period's length, or the close if that is said.",
     .zh = "应报时间，此后至 close 为宽限期：具体时间、end+10d，或自 open 起。留空则按周期长短取默认值；已写明 close "
           "时即为 close。"},
    {.name = "close",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_CLOSE]),
     .fallback = "",
     .en = "When no report counts any more: a time, end+15d, or + after due. Empty: by the period's length.",
     .zh = "截止时间：具体时间、end+15d，或自 due 起。留空则按周期长短取默认值。"},
    {.name = "order",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_ORDER]),
     .fallback = AUTHORITY_DEFAULT_ORDER,
     .en = "When the release order is made without the freezes that are missing then: a time, or + after "
           "close.",
     .zh = "缺少冻结清单时仍制定开放令的时间：具体时间，或自 close 起。"},
    {.name = "plan",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_PLAN]),
     .fallback = AUTHORITY_DEFAULT_PLAN,
     .en = "When the plan is made without the contributes that are missing then: a time, or + after order.",
     .zh = "缺少贡献计数时仍制定计划的时间：具体时间，或自 order 起。"},
    {.name = "pattern",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_PATTERN]),
     .fallback = AUTHORITY_DEFAULT_PATTERN,
     .en = "When the suppression pattern is made without the states that are missing then: a time, or + "
           "after plan.",
     .zh = "缺少单元状态时仍制定抑制表的时间：具体时间，或自 plan 起。"},
    {.name = "retention",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_RETENTION]),
     .fallback = AUTHORITY_DEFAULT_RETENTION,
     .en = "When keys and shares are destroyed: a time, or + after pattern.",
     .zh = "销毁密钥与份额的时间：具体时间，或自 pattern 起。"},
    {.name = "order_deadline",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_ORDER_DEADLINE]),
     .fallback = AUTHORITY_DEFAULT_ORDER_DEADLINE,
     .en = "With fallback: when the top stops signing an order: a time, or + after order.",
     .zh = "设置 fallback 时：顶级不再签署开放令的时间：具体时间，或自 order 起。"},
    {.name = "fallback",
     .type = SETTING_STRING,
     .offset = AT(times[TIME_FALLBACK]),
     .fallback = "",
     .en = "When areas below the top that hold no order sign their own: a time, or + after order_deadline, "
           "15 minutes at least; empty: never.",
     .zh = "未收到开放令的下级地区自行签署的时间：具体时间，或自 order_deadline 起，至少 15 分钟；留空则不启用。"},
    {.name = "close_when_complete",
     .type = SETTING_BOOL,
     .offset = AT(close_when_complete),
     .fallback = "false",
     .en = "Close as soon as every expected site has reported.",
     .zh = "所有应报机构均已上报后立即截止。"},
    {.name = "min_sites",
     .type = SETTING_INT,
     .offset = AT(min_sites),
     .fallback = "3",
     .min = 1,
     .max = 100000,
     .unit = "owners",
     .en = "Fewest distinct owners in any released block; at least 3.",
     .zh = "任一发布区块中不同举办主体的最少数目，至少为 3。"},
    {.name = "min_cell",
     .type = SETTING_INT,
     .offset = AT(min_cell),
     .fallback = "10",
     .min = 1,
     .max = 1000000,
     .unit = "patients",
     .en = "Smaller counts of patients are never shown; at least 3.",
     .zh = "小于此数的患者计数不予展示，至少为 3。"},
    {.name = "min_coverage_percent",
     .type = SETTING_INT,
     .offset = AT(min_coverage_percent),
     .fallback = "50",
     .min = 0,
     .max = 100,
     .unit = "percent",
     .en = "Share of an area's sites that must have reported for its total.",
     .zh = "发布某地区合计所需的最低上报机构比例。"},
    {.name = "release_areas",
     .type = SETTING_LIST,
     .offset = AT(release_areas),
     .fallback = "",
     .min = 1,
     .max = ID_MAX,
     .en = "Codes of the areas whose totals may be opened; none: all of the roster.",
     .zh = "允许开放合计的地区代码；留空表示名册中的全部地区。"},
    {.name = "breakdown",
     .type = SETTING_STRING,
     .offset = AT(breakdown),
     .fallback = "",
     .max = ID_MAX,
     .en = "A dimension of the hospitals' classes, such as grade: totals of each class too, under the same "
           "rules.",
     .zh = "机构分类的维度，如 grade：按相同规则另行发布各类合计。"},
    {.name = "vdaf",
     .type = SETTING_CHOICE,
     .offset = AT(vdaf),
     .fallback = "mixed_sumvec_64",
     .choices = vdaf_names,
     .en = "The VDAF: Prio3MixedSumVec over a 64-bit field, or a 128-bit one.",
     .zh = "VDAF：64 位或 128 位有限域上的 Prio3MixedSumVec。"},
};

#define NUM_SETTINGS (sizeof table / sizeof table[0])

int authority_task_settings(const struct args *args, struct err *err)
{
    bool zh = args_lang(args) == LANG_ZH;

    (void)err;
    settings_print(stdout, table, NUM_SETTINGS, args_lang(args));
    printf(zh ? "\n未写明时，按周期长短：\n" : "\nWhere nothing is said, by the length of the period:\n");
    for (size_t i = 0; i < authority_num_defaults; i++)
        printf("  %-10s due %s, close %s\n", authority_defaults[i].period, authority_defaults[i].due,
               authority_defaults[i].close);
    return 0;
}

/* ---------------------------------------------------------------- the draft */

/* Everything that a draft task borrows from until it is packed. */
struct parts {
    struct task_settings settings;
    struct roster *roster, *as_of; /* as of the period, with the breakdown */
    struct catalogue *catalogue;
    struct catalogue_layout layout;
    struct calendar_period period;
    Weft__V1__Period wire_period;
    uint8_t nonce[NONCE_SIZE];
    char **areas;
    const char *paths[AUTHORITY_PARTS_MAX]; /* of a sum */
    size_t num_paths;
    struct authority_sum sum;
};

static void parts_clear(struct parts *parts)
{
    free(parts->areas);
    catalogue_layout_clear(&parts->layout);
    catalogue_free(&parts->catalogue);
    roster_free(&parts->as_of);
    roster_free(&parts->roster);
    settings_clear(&parts->settings, table, NUM_SETTINGS);
}

static int set_period(Weft__V1__Task *task, struct parts *parts, const char *path, struct err *err)
{
    struct calendar_zone zone;
    int rc;

    if ((rc = calendar_zone(&zone, parts->settings.zone, err)) != 0) {
        err_field(err, "zone");
        return err_at(err, path, 0, 0);
    }
    if ((rc = calendar_period(&parts->period, parts->settings.period, &zone, err)) != 0) {
        err_field(err, "period");
        return err_at(err, path, 0, 0);
    }
    weft__v1__period__init(&parts->wire_period);
    parts->wire_period.id = parts->period.id;
    parts->wire_period.zone = parts->period.zone.name;
    parts->wire_period.start_ms = parts->period.begin_ms;
    parts->wire_period.end_ms = parts->period.end_ms;
    task->period = &parts->wire_period;
    rc = authority_set_times(task, parts->settings.times, &parts->period, parts->num_paths > 0, task->issued_ms, err);
    return rc == 0 ? 0 : err_at(err, path, 0, 0);
}

static int set_release_areas(Weft__V1__Task *task, struct parts *parts, struct err *err)
{
    const struct setting_list *chosen = &parts->settings.release_areas;
    size_t num_all;
    int rc = roster_as_of(&parts->as_of, parts->roster, task->period->start_ms, task->period->end_ms,
                          task->breakdown, err);

    if (rc != 0)
        return rc;
    num_all = (size_t)parts->as_of->num_areas;
    task->release_areas = chosen->items;
    task->n_release_areas = chosen->num;
    if (chosen->num > 0)
        return 0;
    parts->areas = calloc(num_all, sizeof *parts->areas);
    if (parts->areas == NULL)
        return err_set(err, ERR_NO_MEMORY, "%zu areas", num_all);
    for (size_t i = 0; i < num_all; i++)
        parts->areas[i] = parts->as_of->areas[i].wire->code;
    task->release_areas = parts->areas;
    task->n_release_areas = num_all;
    return 0;
}

static int set_vector(Weft__V1__Task *task, struct parts *parts, struct err *err)
{
    const struct catalogue_layout *layout = &parts->layout;
    uint64_t *maxima = calloc(layout->num_slots + 1, sizeof *maxima);

    if (maxima == NULL)
        return err_set(err, ERR_NO_MEMORY, "%zu slots", layout->num_slots);
    for (size_t i = 0; i < layout->num_slots; i++)
        maxima[i] = layout->slots[i].maximum;
    task->series = layout->series_list;
    task->n_series = layout->num_series;
    task->slots = layout->slot_list;
    task->n_slots = layout->num_slots;
    task->catalogue_version = TEXT(parts->catalogue->version);
    task->catalogue_digest = (ProtobufCBinaryData){.len = DIGEST_SIZE, .data = parts->catalogue->digest};
    task->vdaf = (uint32_t)vdaf_ids[parts->settings.vdaf];
    task->chunk_length = (uint32_t)prio3_best_chunk_length(prio3_num_bits(maxima, layout->num_slots));
    free(maxima);
    return 0;
}

static int fill(Weft__V1__Task *task, struct parts *parts, const char *path, struct err *err)
{
    int rc;

    task->context = parts->roster->wire->context;
    task->issued_ms = calendar_now_ms();
    task->name = parts->settings.name;
    secret_random(parts->nonce, sizeof parts->nonce);
    task->nonce = (ProtobufCBinaryData){.len = sizeof parts->nonce, .data = parts->nonce};
    task->roster_version = parts->roster->wire->version;
    task->roster_digest = (ProtobufCBinaryData){.len = DIGEST_SIZE, .data = parts->roster->digest};
    task->close_when_complete = parts->num_paths == 0 && parts->settings.close_when_complete;
    task->min_sites = (uint32_t)parts->settings.min_sites;
    task->min_cell = (uint32_t)parts->settings.min_cell;
    task->min_coverage_percent = (uint32_t)parts->settings.min_coverage_percent;
    task->breakdown = parts->settings.breakdown == NULL ? TEXT("") : parts->settings.breakdown;
    if ((rc = set_period(task, parts, path, err)) != 0 || (rc = set_release_areas(task, parts, err)) != 0 ||
        (parts->num_paths > 0 &&
         (rc = authority_sum_of(&parts->sum, parts->paths, parts->num_paths, task->period, err)) != 0))
        return rc;
    task->parts = parts->sum.parts;
    task->n_parts = parts->sum.num;
    return set_vector(task, parts, err);
}

/* Blocks that one owner makes up almost alone, as the release plan would have them: said, not refused. */
static int warn_of_dominance(const Weft__V1__Task *task, const struct parts *parts, enum err_lang lang,
                             struct err *err)
{
    struct dominance *found = NULL;
    size_t num = 0;
    int rc =
        dominance_find_planned(&found, &num, parts->as_of, task->release_areas, task->n_release_areas, err);

    for (size_t i = 0; rc == 0 && i < num; i++)
        printf(lang == LANG_ZH ? "  提醒：区块 %s 中，举办主体 %s 拥有 %u%% 的床位，其数值可由合计大致推算\n"
                               : "  warning: in the block of %s, owner %s has %u %% of the beds: the total "
                                 "tells roughly its "
                                 "numbers\n",
               parts->as_of->areas[found[i].area].wire->code, found[i].owner, found[i].percent);
    free(found);
    return rc;
}

/* Does the draft conflict with what is published? */
static int check_beside(const char *dir, const Weft__V1__Document *document, Weft__V1__Task *wire,
                        struct err *err)
{
    struct task draft = {.wire = wire};

    document_digest(draft.id, document);
    hex_encode(draft.hex, draft.id, TASK_ID_SIZE);
    return dir == NULL ? 0 : authority_check_beside(dir, &draft, err);
}

int authority_task(const struct args *args, struct err *err)
{
    const char *settings_path = args_value(args, "settings"), *out = args_value(args, "out");
    Weft__V1__Document *document = NULL;
    Weft__V1__Task task = WEFT__V1__TASK__INIT;
    ProtobufCMessage *body = NULL;
    struct parts parts = {0};
    int rc;

    parts.num_paths = args_values(args, "sum-of", parts.paths, AUTHORITY_PARTS_MAX);
    if ((rc = settings_load(&parts.settings, table, NUM_SETTINGS, settings_path, err)) != 0 ||
        (rc = authority_load_roster(&parts.roster, args_value(args, "roster"), calendar_now_ms(), err)) !=
            0 ||
        (rc = catalogue_load(&parts.catalogue, args_value(args, "catalogue"), err)) != 0 ||
        (rc = catalogue_layout(&parts.layout, parts.catalogue, err)) != 0 ||
        (rc = fill(&task, &parts, settings_path, err)) != 0 ||
        (rc = task_check(&task, parts.roster, err)) != 0 ||
        (rc = document_new(&document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, &task.base, err)) != 0 ||
        (rc = document_body(&body, document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, err)) != 0 ||
        (rc = check_beside(args_value(args, "published"), document, &task, err)) != 0 ||
        (rc = authority_save_new(document, out, err)) != 0)
        goto done;
    if ((rc = authority_summary(stdout, document, args_lang(args), err)) == 0)
        rc = warn_of_dominance(&task, &parts, args_lang(args), err);

done:
    wire_free(&body);
    document_free(&document);
    parts_clear(&parts);
    return rc;
}

/* ---------------------------------------------------------------- voids */

int authority_void(const struct args *args, struct err *err)
{
    const char *reason = args_value(args, "reason"), *path = args_value(args, "task");
    Weft__V1__Document *task = NULL, *document = NULL;
    Weft__V1__Void wire = WEFT__V1__VOID__INIT;
    ProtobufCMessage *body = NULL;
    uint8_t id[DIGEST_SIZE];
    int rc;

    if (reason[0] == '\0' || strlen(reason) > MAX_REASON_BYTES)
        return err_set(err, ERR_USAGE, "--reason: 1 to %d bytes", MAX_REASON_BYTES);
    if ((rc = authority_load(&task, path, err)) != 0)
        return rc;
    if (task->type != WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK) {
        rc = err_set(err, ERR_USAGE, "%s is a %s, not a task", path, document_type_name(task->type));
        goto done;
    }
    document_digest(id, task);
    wire.task_id = (ProtobufCBinaryData){.len = sizeof id, .data = id};
    wire.reason = TEXT(reason);
    wire.issued_ms = calendar_now_ms();
    if ((rc = document_new(&document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_VOID, &wire.base, err)) == 0 &&
        (rc = document_body(&body, document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_VOID, err)) == 0)
        rc = authority_save_new(document, args_value(args, "out"), err);

done:
    wire_free(&body);
    document_free(&document);
    document_free(&task);
    return rc;
}
