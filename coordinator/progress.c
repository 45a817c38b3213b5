/* progress.c - the phase of a task. */
#include "coordinator/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCOPE(name) WEFT__V1__SCOPE__SCOPE_##name
#define STAGE(name) WEFT__V1__STAGE__STAGE_##name
#define DOC(name)   WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define NAMES_MAX   8 /* in a text */

/* ---- what is missing ---- */

/* Note `area` as expected, and as missing unless there is a document. */
static void expect(struct progress *progress, const struct view_document *held, int area)
{
    progress->num_expected++;
    if (held[area].document == NULL) {
        progress->missing[progress->num_missing++] = area;
    }
}

static void expect_openings(struct progress *progress, const struct view *view, int root,
                            const struct view_document *held, Weft__V1__Scope scope, Weft__V1__Stage stage)
{
    for (int area = 0; area < view->roster->num_areas; area++) {
        struct opening opening = {area, scope, stage};
        if (view_takes_part(view, root, area) && view_opening_is_allowed(view, &opening)) {
            expect(progress, held, area);
        }
    }
}

/* An area whose states came too late for the pattern has nothing to release. */
static bool is_in_pattern(const struct view *view, int area)
{
    const Weft__V1__Pattern *pattern = (const Weft__V1__Pattern *)view_pattern_of(view, area)->body;

    for (size_t i = 0; pattern != NULL && i < pattern->n_states; i++) {
        if (strcmp(pattern->states[i]->area, view->roster->areas[area].wire->code) == 0) {
            return true;
        }
    }
    return false;
}

static void wait_for(struct progress *progress, enum progress_phase phase, enum progress_wait several,
                     int64_t until_ms, enum progress_wait then)
{
    progress->phase = phase;
    progress->wait = progress->num_missing > 0 ? several : then;
    progress->until_ms = progress->num_missing > 0 ? until_ms : 0;
}

/* Nobody but the top signs an order, until subtrees may go on without it. */
static void wait_for_order(struct progress *progress, const struct view *view, enum progress_phase phase,
                           enum progress_wait several)
{
    const struct view_times times = view_times(view);

    wait_for(progress, phase, several, times.order_ms, WAIT_ORDER);
    if (progress->num_missing == 0) {
        progress->until_ms = times.fallback_ms;
    }
}

static void await_parts(struct progress *progress, const struct view *view)
{
    for (size_t i = 0; i < view->num_parts; i++) {
        progress->num_expected++;
        if (!view_is_ready_as_part(view->parts[i])) {
            progress->missing[progress->num_missing++] = (int)i;
        }
    }
    wait_for_order(progress, view, PHASE_CLOSED, WAIT_PARTS);
}

static void before_order(struct progress *progress, const struct view *view, int64_t now_ms)
{
    const struct view_times times = view_times(view);

    if (view->num_parts > 0) {
        await_parts(progress, view);
        return;
    }

    for (int area = 0; area < view->roster->num_areas; area++) {
        if (view_num_supervised(view, area) > 0) {
            expect(progress, view->freezes, area);
        }
    }
    if (progress->num_missing == 0 || now_ms >= times.close_ms) {
        wait_for_order(progress, view, progress->num_missing == 0 ? PHASE_CLOSED : PHASE_CLOSING, WAIT_FREEZES);
    } else if (now_ms < times.open_ms) {
        progress->phase = PHASE_PUBLISHED;
        progress->wait = WAIT_OPENING;
        progress->until_ms = times.open_ms;
        progress->num_missing = progress->num_expected = 0;
    } else if (progress->num_missing == progress->num_expected) {
        progress->phase = PHASE_OPEN;
        progress->wait = WAIT_REPORTS;
        progress->until_ms = times.close_ms;
        progress->num_missing = progress->num_expected = 0;
    } else { /* some areas were complete and closed early */
        wait_for_order(progress, view, PHASE_OPEN, WAIT_FREEZES);
    }
}

static bool is_revised(const struct view *view)
{
    const struct view *by = view_revised_by(view);

    return by != NULL && by->pattern.document != NULL;
}

static void after_pattern(struct progress *progress, const struct view *view, int root)
{
    for (int area = 0; area < view->roster->num_areas; area++) {
        struct opening total = {area, SCOPE(TOTAL), STAGE(VALUES)};
        if (view_takes_part(view, root, area) && view_opening_is_allowed(view, &total) && is_in_pattern(view, area)) {
            expect(progress, view->releases, area);
        }
    }
    wait_for(progress,
             progress->num_missing > 0 ? PHASE_ROLLED_UP
             : is_revised(view)        ? PHASE_REVISED
                                       : PHASE_RELEASED,
             WAIT_RELEASES, 0, WAIT_NOTHING);
}

int progress_of(struct progress *progress, const struct view *view, int area, int64_t now_ms, struct err *err)
{
    const struct view_times times = view_times(view);
    int root = view_root_of(view, area);

    *progress = (struct progress){.missing = calloc((size_t)view->roster->num_areas + view->num_parts, sizeof(int))};
    if (progress->missing == NULL) {
        return err_set(err, ERR_NO_MEMORY, "progress");
    }
    if (view->voided.document != NULL) {
        progress->phase = PHASE_VOID;
    } else if (view_held(view, DOC(ORDER), root)->document == NULL && now_ms < times.retention_ms) {
        before_order(progress, view, now_ms);
    } else if (view_held(view, DOC(PATTERN), root)->document != NULL) {
        after_pattern(progress, view, root);
    } else if (now_ms >= times.retention_ms) {
        progress->phase = PHASE_EXPIRED;
    } else if (view_held(view, DOC(PLAN), root)->document == NULL) {
        expect_openings(progress, view, root, view->contributes, SCOPE(BLOCK), STAGE(CONTRIBUTES));
        wait_for(progress, PHASE_CLOSED, WAIT_CONTRIBUTES, view_deadline(view, DOC(PLAN), root), WAIT_PLAN);
    } else {
        expect_openings(progress, view, root, view->states, SCOPE(TOTAL), STAGE(VALUES));
        wait_for(progress, PHASE_CLOSED, WAIT_STATES, view_deadline(view, DOC(PATTERN), root), WAIT_PATTERN);
    }
    return 0;
}

void progress_clear(struct progress *progress)
{
    free(progress->missing);
    *progress = (struct progress){0};
}

/* ---- in words ---- */

static const struct {
    const char *name, *en, *zh;
} phases[PHASE_NUM] = {
    [PHASE_PUBLISHED] = {"published", "published", "已发布"},
    [PHASE_OPEN] = {"open", "open", "开放上报"},
    [PHASE_CLOSING] = {"closing", "closing", "截止处理中"},
    [PHASE_CLOSED] = {"closed", "closed", "已截止"},
    [PHASE_ROLLED_UP] = {"rolled_up", "rolled up", "已汇总"},
    [PHASE_RELEASED] = {"released", "released", "已公布"},
    [PHASE_REVISED] = {"revised", "released, and revised since", "已公布，其后已修订"},
    [PHASE_VOID] = {"void", "void", "已作废"},
    [PHASE_EXPIRED] = {"expired", "expired", "已过保存期"},
};

static const struct {
    const char *name, *en, *zh;
} waits[WAIT_NUM] = {
    [WAIT_NOTHING] = {"nothing", "", ""},
    [WAIT_OPENING] = {"opening", "its opening", "开放时间"},
    [WAIT_REPORTS] = {"reports", "reports", "报告"},
    [WAIT_PARTS] = {"parts", "shorter periods", "较短周期"},
    [WAIT_FREEZES] = {"freezes", "freezes", "冻结清单"},
    [WAIT_ORDER] = {"order", "the order", "开放令"},
    [WAIT_CONTRIBUTES] = {"contributes", "counts of contributing sites", "贡献机构数"},
    [WAIT_PLAN] = {"plan", "the plan", "开放计划"},
    [WAIT_STATES] = {"states", "states of cells", "单元状态"},
    [WAIT_PATTERN] = {"pattern", "the suppression pattern", "抑制表"},
    [WAIT_RELEASES] = {"releases", "releases", "公布文件"},
};

const char *progress_phase_name(enum progress_phase phase)
{
    return phases[phase].name;
}

const char *progress_phase_text(enum progress_phase phase, enum err_lang lang)
{
    return lang == LANG_ZH ? phases[phase].zh : phases[phase].en;
}

const char *progress_wait_name(enum progress_wait wait)
{
    return waits[wait].name;
}

static const char *choose(const char *zh, const char *en, const char *code, enum err_lang lang)
{
    const char *first = lang == LANG_ZH ? zh : en, *second = lang == LANG_ZH ? en : zh;

    return first[0] != '\0' ? first : second[0] != '\0' ? second : code;
}

const char *progress_area_name(const struct roster *roster, int area, enum err_lang lang)
{
    const Weft__V1__Area *wire = roster->areas[area].wire;

    return choose(wire->name_zh, wire->name_en, wire->code, lang);
}

const char *progress_site_name(const struct roster *roster, int site, enum err_lang lang)
{
    const Weft__V1__Site *wire = roster->sites[site].wire;

    return choose(wire->name_zh, wire->name_en, wire->id, lang);
}

static void append(char *out, size_t out_len, const char *format, ...) WEFT_PRINTF(3, 4);
static void append(char *out, size_t out_len, const char *format, ...)
{
    size_t used = strlen(out);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(out + used, out_len - used, format, arguments);
    va_end(arguments);
}

/* "Hangzhou (330100)": a site, an area, or a part by its period. */
static void append_missing(char *out, size_t out_len, const struct progress *progress, const struct view *view,
                           int index, enum err_lang lang)
{
    if (progress->wait == WAIT_PARTS) {
        const struct task *part = view->parts[index]->task;
        append(out, out_len, "%s (%.16s)", part->wire->period->id, part->hex);
    } else if (progress->wait == WAIT_REPORTS) {
        append(out, out_len, "%s (%s)", progress_site_name(view->roster, index, lang),
               view->roster->sites[index].wire->id);
    } else {
        append(out, out_len, "%s (%s)", progress_area_name(view->roster, index, lang),
               view->roster->areas[index].wire->code);
    }
}

char *progress_wait_text(const struct progress *progress, const struct view *view, enum err_lang lang,
                         char *out, size_t out_len)
{
    bool zh = lang == LANG_ZH;
    const char *what = zh ? waits[progress->wait].zh : waits[progress->wait].en;

    out[0] = '\0';
    if (progress->num_missing == 0) {
        append(out, out_len, "%s", what);
        return out;
    }
    append(out, out_len, zh ? "%2$d 份%3$s中的 %1$d 份：" : "%1$d of %2$d %3$s: ", progress->num_missing,
           progress->num_expected, what);
    for (int i = 0; i < progress->num_missing && i < NAMES_MAX; i++) {
        append(out, out_len, "%s",
               i == 0 ? ""
               : zh   ? "、"
                      : ", ");
        append_missing(out, out_len, progress, view, progress->missing[i], lang);
    }
    if (progress->num_missing > NAMES_MAX) {
        append(out, out_len, zh ? "，另有 %d 个" : " and %d more", progress->num_missing - NAMES_MAX);
    }
    return out;
}
