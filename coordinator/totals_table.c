/* totals_table.c - results as a table for people: one block an area, one line an indicator or stratum. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "coordinator/totals.h"

#define KIND(name)     WEFT__V1__KIND__KIND_##name
#define CELL_MAX       160
#define REVISION_MAX   80
#define NAME_WIDTH_MAX 60

enum column {
    INDICATOR,
    STATE,
    NUMERATOR,
    DENOMINATOR,
    VALUE,
    INTERVAL,
    MISSING,
    SITES,
    TARGET,
    NUM_COLUMNS
};

static const struct {
    const char *en, *zh;
    int width; /* at least */
    bool is_left;
} columns[NUM_COLUMNS] = {
    [INDICATOR] = {"indicator", "指标", 20, true},  [STATE] = {"state", "状态", 16, true},
    [NUMERATOR] = {"numerator", "分子", 10, false}, [DENOMINATOR] = {"denominator", "分母", 11, false},
    [VALUE] = {"value", "数值", 22, false},         [INTERVAL] = {"95 % interval", "95% 区间", 17, false},
    [MISSING] = {"missing", "缺失", 8, false},      [SITES] = {"sites", "贡献机构", 8, false},
    [TARGET] = {"target", "目标", 10, false},
};

struct line {
    char cells[NUM_COLUMNS][CELL_MAX];
};

/* ---- width on the screen ---- */

static uint32_t code_point(const char *at, size_t len)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = (unsigned char)at[0] & masks[len];

    for (size_t i = 1; i < len; i++) {
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    }
    return code;
}

static bool is_wide(uint32_t code)
{
    return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
           (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
           (code >= 0xfe30 && code <= 0xfe4f) || (code >= 0xff00 && code <= 0xff60) ||
           (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x20000 && code <= 0x3fffd);
}

/* Write a text without its control characters; returns its width in columns. `out` NULL: measure alone. */
static int put_text(FILE *out, const char *text)
{
    const char *end = text + strlen(text);
    int width = 0;

    while (text < end) {
        size_t len = utf8_char_len(text, end);
        uint32_t code;
        if (len == 0) {
            break;
        }
        code = code_point(text, len);
        if (code >= 0x20 && !(code >= 0x7f && code < 0xa0)) {
            width += is_wide(code) ? 2 : 1;
            if (out != NULL) {
                fwrite(text, 1, len, out);
            }
        }
        text += len;
    }
    return width;
}

/* `name_width`: of the first column. */
static void put_line(FILE *out, const struct line *line, int name_width)
{
    int pending = 0; /* spaces that are written only if something follows */

    for (int c = 0; c < NUM_COLUMNS; c++) {
        int least = c == INDICATOR ? name_width : columns[c].width;
        int width = put_text(NULL, line->cells[c]), space = least - width;
        space = space < 0 ? 0 : space;
        if (width > 0) {
            fprintf(out, "%*s", pending + (columns[c].is_left ? 0 : space), "");
            put_text(out, line->cells[c]);
            pending = columns[c].is_left ? space : 0;
        } else {
            pending += least;
        }
        pending += 2;
    }
    fputc('\n', out);
}

/* ---- figures ---- */

static void set_number(char cell[CELL_MAX], struct totals_number number)
{
    if (number.known) {
        snprintf(cell, CELL_MAX, "%" PRIu64, number.value);
    }
}

/* As many digits as a reader can use. */
static const char *format_real(char *out, size_t out_len, double value)
{
    double size = fabs(value);
    int places = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 0.1 || size == 0 ? 2 : 4;

    snprintf(out, out_len, "%.*f", places, value);
    return out;
}

static const char *unit_text(const struct totals_row *row)
{
    const char *unit = row->indicator == NULL || row->indicator->unit == NULL ? "" : row->indicator->unit;

    return strcmp(unit, "ratio") == 0 ? "" : unit;
}

static void set_value(char cell[CELL_MAX], const struct totals_row *row, enum err_lang lang)
{
    double factor = totals_unit_factor(row->indicator);
    char value[64], deviation[64];
    const char *unit = unit_text(row), *space = unit[0] == '\0' ? "" : " ";

    if (!row->value.known) {
        return;
    }
    if (row->wire->kind == KIND(DISTRIBUTION)) {
        snprintf(cell, CELL_MAX, "%s %.0f%s%s", lang == LANG_ZH ? "中位数" : "median", row->value.value,
                 space, unit);
        return;
    }
    format_real(value, sizeof value, row->value.value * factor);
    if (row->deviation.known) {
        snprintf(cell, CELL_MAX, "%s (%s %s)%s%s", value, lang == LANG_ZH ? "标准差" : "SD",
                 format_real(deviation, sizeof deviation, row->deviation.value * factor), space, unit);
    } else {
        snprintf(cell, CELL_MAX, "%s%s%s", value, space, unit);
    }
}

static void set_interval(char cell[CELL_MAX], const struct totals_row *row)
{
    double factor = totals_unit_factor(row->indicator);
    char low[64], high[64];

    if (row->has_interval) {
        snprintf(cell, CELL_MAX, "%s–%s", format_real(low, sizeof low, row->interval.low * factor),
                 format_real(high, sizeof high, row->interval.high * factor));
    }
}

static void set_counts(struct line *line, const struct totals_row *row)
{
    double scale = (double)row->wire->scale;

    switch (row->wire->kind) {
    case KIND(MEAN):
        if (row->sum.known) {
            snprintf(line->cells[NUMERATOR], CELL_MAX, "%.*f", scale > 1 ? 2 : 0,
                     (double)row->sum.value / scale);
        }
        set_number(line->cells[DENOMINATOR], row->denominator);
        break;
    case KIND(OBSERVED_EXPECTED):
        set_number(line->cells[NUMERATOR], row->numerator);
        if (row->expected.known) {
            snprintf(line->cells[DENOMINATOR], CELL_MAX, "%.2f", (double)row->expected.value / scale);
        }
        break;
    case KIND(RATE):
        if (row->numerator.known && row->denominator.known) {
            snprintf(line->cells[NUMERATOR], CELL_MAX, "%.*f", scale > 1 ? 2 : 0,
                     (double)row->numerator.value / scale);
            snprintf(line->cells[DENOMINATOR], CELL_MAX, "%.*f", scale > 1 ? 2 : 0,
                     (double)row->denominator.value / scale);
        }
        break;
    default:
        set_number(line->cells[NUMERATOR], row->numerator);
        set_number(line->cells[DENOMINATOR], row->denominator);
        break;
    }
}

static void set_target(char cell[CELL_MAX], const struct totals *totals, const struct totals_row *row)
{
    struct totals_target target = totals_target(totals, row);

    if (target.known) {
        snprintf(cell, CELL_MAX, "%s %g %s%s", target.at_most ? "≤" : "≥", target.value, unit_text(row),
                 !target.is_judged ? ""
                 : target.met      ? " ✓"
                                   : " ✗");
    }
}

/* ---- names ---- */

static const char *localized(struct catalogue_name name, enum err_lang lang, const char *id)
{
    const char *text = lang == LANG_ZH ? name.zh : name.en;

    return text == NULL || text[0] == '\0' ? id : text;
}

static void set_name(char cell[CELL_MAX], const struct totals_row *row, enum err_lang lang)
{
    const char *stratum = row->wire->stratum;

    if (stratum[0] == '\0') {
        snprintf(cell, CELL_MAX, "%s",
                 row->indicator == NULL ? row->wire->indicator
                                        : localized(row->indicator->name, lang, row->wire->indicator));
        return;
    }
    for (size_t i = 0;
         row->indicator != NULL && row->indicator->strata != NULL && i < row->indicator->strata->num_values;
         i++) {
        const struct catalogue_stratum *value = &row->indicator->strata->values[i];
        if (strcmp(value->id, row->wire->stratum) == 0) {
            stratum = localized(value->name, lang, value->id);
        }
    }
    snprintf(cell, CELL_MAX, "  %s", stratum);
}

static const char *tier_text(const char *tier, enum err_lang lang)
{
    static const char *const tiers[][2] = {
        {"province", "省"}, {"city", "市"}, {"county", "县"}, {"class", "类别"}};

    for (size_t i = 0; lang == LANG_ZH && i < sizeof tiers / sizeof tiers[0]; i++) {
        if (strcmp(tiers[i][0], tier) == 0) {
            return tiers[i][1];
        }
    }
    return tier;
}

/* ---- the table ---- */

/* " r1", and why the newest revision did not open it anew. */
static const char *revision_text(char out[REVISION_MAX], const struct totals_row *row, enum err_lang lang)
{
    bool has_reason = row->not_revised != TOTALS_REASON_NONE;

    snprintf(out, REVISION_MAX, " r%" PRIu32 "%s%s%s", row->revision,
             has_reason ? " (" : "", has_reason ? totals_reason_text(row->not_revised, lang) : "",
             has_reason ? ")" : "");
    return out;
}

/* The state; in the collector's view a mark that the numbers are not public; of a revision which one opened it. */
static void set_state(char cell[CELL_MAX], const struct totals *totals, const struct totals_row *row,
                      enum err_lang lang)
{
    char revision[REVISION_MAX];
    int hidden = 0;

    for (size_t i = 0; row->state == TOTALS(RELEASED) && !row->is_sum && i < row->wire->n_bin_lower; i++) {
        hidden += totals_bin(totals, row, (int)i).state == TOTALS(SUPPRESSED);
    }
    snprintf(cell, CELL_MAX, "%s%s%s", totals_state_text(row->state, lang),
             row->is_collectors && row->state != TOTALS(RELEASED) ? " *"
             : hidden > 0 ? (lang == LANG_ZH ? "（部分）" : " in part")
                          : "",
             totals->view->base == NULL || totals->alone || row->is_sum ? "" : revision_text(revision, row, lang));
}

/* That of the longest name, so that the other columns stand below each other. */
static int name_width(const struct totals *totals, enum err_lang lang)
{
    int widest = columns[INDICATOR].width;

    for (int s = 0; s < totals->view->task->num_series; s++) {
        struct totals_row row = totals_row(totals, 0, s);
        char name[CELL_MAX];
        int width;
        set_name(name, &row, lang);
        width = put_text(NULL, name);
        widest = width > widest ? width : widest;
    }
    return widest < NAME_WIDTH_MAX ? widest : NAME_WIDTH_MAX;
}

static void write_row(const struct totals *totals, const struct totals_row *row, FILE *out,
                      enum err_lang lang, int width)
{
    struct line line = {0};

    set_name(line.cells[INDICATOR], row, lang);
    set_state(line.cells[STATE], totals, row, lang);
    set_counts(&line, row);
    set_value(line.cells[VALUE], row, lang);
    set_interval(line.cells[INTERVAL], row);
    set_number(line.cells[MISSING], row->missing);
    set_number(line.cells[SITES], row->contributing);
    set_target(line.cells[TARGET], totals, row);
    put_line(out, &line, width);
}

static void put_headings(FILE *out, enum err_lang lang, int width)
{
    struct line heading = {0};

    for (int c = 0; c < NUM_COLUMNS; c++) {
        snprintf(heading.cells[c], CELL_MAX, "%s", lang == LANG_ZH ? columns[c].zh : columns[c].en);
    }
    put_line(out, &heading, width);
}

/* What its pair says is wrong with totals of the area, of this task and those that it revises. */
static void write_notes(const struct totals *totals, int area, FILE *out, enum err_lang lang)
{
    const char *code = totals->view->roster->areas[area].wire->code;

    for (const struct view *view = totals->view; view != NULL; view = totals->alone ? NULL : view->base) {
        for (size_t i = 0; i < view->num_notes; i++) {
            const Weft__V1__Note *note = view->notes[i].body;
            if (strcmp(note->area, code) == 0) {
                fprintf(out, lang == LANG_ZH ? "已知误差（%s，r%" PRIu32 "）：" : "known error (%s, r%" PRIu32 "): ",
                        note->indicator, view->task->wire->revision);
                put_text(out, lang == LANG_ZH ? note->text_zh : note->text_en);
                fputc('\n', out);
            }
        }
    }
}

static void write_area(const struct totals *totals, int area, FILE *out, enum err_lang lang)
{
    const struct roster *roster = totals->view->roster;
    const struct totals_area *sites = &totals->areas[area];
    int width = name_width(totals, lang);

    fprintf(out, "\n%s ", roster->areas[area].wire->code);
    put_text(out, progress_area_name(roster, area, lang));
    if (lang == LANG_ZH) {
        fprintf(out, "（%s）：应报 %d 家机构，已报 %d 家%s\n",
                tier_text(roster->areas[area].wire->tier, lang), sites->sites_expected, sites->sites,
                sites->is_collectors ? "；* 汇总方视图，不得公开" : "");
    } else {
        fprintf(out, " (%s): %d of %d sites reported%s\n", tier_text(roster->areas[area].wire->tier, lang),
                sites->sites, sites->sites_expected,
                sites->is_collectors ? "; * the collector's view, not for publication" : "");
    }
    put_headings(out, lang, width);
    for (int s = 0; s < totals->view->task->num_series; s++) {
        struct totals_row row = totals_row(totals, area, s);
        write_row(totals, &row, out, lang, width);
    }
    write_notes(totals, area, out, lang);
}

/* The sums by class of an upper area. */
static void write_classes(const struct totals *totals, int area, FILE *out, enum err_lang lang)
{
    int width = name_width(totals, lang);

    for (size_t k = 0; k < totals->num_classes; k++) {
        const struct totals_class *class = &totals->classes[k];
        if (class->area != area) {
            continue;
        }
        fprintf(out,
                lang == LANG_ZH ? "\n%s，%s 类，各地区已发布合计之和：应报 %d 家机构，已报 %d 家\n"
                                : "\n%s, class %s, sum of what is released below: of %d sites %d reported\n",
                totals->view->roster->areas[area].wire->code, class->value, class->sites_expected,
                class->sites);
        put_headings(out, lang, width);
        for (int s = 0; s < totals->view->task->num_series; s++) {
            struct totals_row row = totals_class_row(totals, k, s);
            write_row(totals, &row, out, lang, width);
        }
    }
}

static void write_dominances(const struct totals *totals, FILE *out, enum err_lang lang)
{
    for (size_t i = 0; i < totals->num_dominances; i++) {
        const struct dominance *found = &totals->dominances[i];
        fprintf(out, lang == LANG_ZH ? "提醒：区块 %s 中，" : "warning: in the block of %s, ",
                totals->view->roster->areas[found->area].wire->code);
        fprintf(out,
                lang == LANG_ZH ? "举办主体 %s 拥有 %u%% 的床位，其数值可由合计大致推算\n"
                                : "owner %s has %u %% of the beds: the total tells roughly its numbers\n",
                found->owner, found->percent);
    }
}

static void write_contradictions(const struct totals *totals, FILE *out, enum err_lang lang)
{
    for (size_t i = 0; i < totals->num_contradictions; i++) {
        const struct contradiction *found = &totals->contradictions[i];
        const Weft__V1__Series *series =
            totals->view->task->series[totals->view->task->wire->slots[found->slot]->series].wire;
        fprintf(out,
                lang == LANG_ZH ? "错误 W%d：%s 的指标 %s%s%s 与下级合计矛盾（%" PRIu64 " 与 %" PRIu64 "），均不可信\n"
                                : "error W%d: the total of %s in %s%s%s contradicts those that it holds (%" PRIu64
                                  " and %" PRIu64 "): trust neither\n",
                ERR_TOTALS_CONTRADICT, totals->view->roster->areas[found->area].wire->code, series->indicator,
                series->stratum[0] == '\0' ? "" : " ", series->stratum, found->total, found->parts);
    }
}

static void write_counts(const struct totals *totals, FILE *out, enum err_lang lang)
{
    struct totals_counts counts = totals_count_cells(totals);

    fprintf(out, lang == LANG_ZH ? "单元：公布 %d，抑制 %d，等待 %d" : "cells: %d released, %d suppressed, %d pending",
            counts.released, counts.suppressed, counts.pending);
    for (int i = TOTALS_REASON_NONE + 1; i < TOTALS_NUM_REASONS; i++) {
        if (counts.withheld[i] > 0) {
            fprintf(out, lang == LANG_ZH ? "，不公布 %d（%s）" : ", %d withheld (%s)", counts.withheld[i],
                    totals_reason_name((enum totals_reason)i));
        }
    }
    fputc('\n', out);
}

/* The task and those that it revises: where to look for what was before. */
static void write_revisions(const struct totals *totals, FILE *out, enum err_lang lang)
{
    if (totals->view->base == NULL || totals->alone) {
        return;
    }
    fputs(lang == LANG_ZH ? "现行合计；r 后为开放该合计的修订次数。历次（totals --task … --alone）："
                          : "what holds now; r: the revision that opened it. History (totals --task ... --alone):",
          out);
    for (const struct view *view = totals->view; view != NULL; view = view->base) {
        fprintf(out, " r%" PRIu32 " %.16s", view->task->wire->revision, view->task->hex);
    }
    fputc('\n', out);
}

void totals_write_table(const struct totals *totals, FILE *out, enum err_lang lang)
{
    const struct task *task = totals->view->task;
    char waits[2048];

    fprintf(out, lang == LANG_ZH ? "任务 %.16s  " : "task %.16s  ", task->hex);
    put_text(out, task->wire->name);
    fprintf(out, lang == LANG_ZH ? "，周期 %s：%s\n" : ", period %s: %s\n", task->wire->period->id,
            progress_phase_text(totals->progress.phase, lang));
    if (totals->progress.wait != WAIT_NOTHING) {
        fputs(lang == LANG_ZH ? "正在等待：" : "waiting for ", out);
        put_text(out, progress_wait_text(&totals->progress, totals->view, lang, waits, sizeof waits));
        fputc('\n', out);
    }
    write_revisions(totals, out, lang);
    write_counts(totals, out, lang);
    write_dominances(totals, out, lang);
    write_contradictions(totals, out, lang);
    for (int i = 0; i < totals->view->roster->num_areas; i++) {
        write_area(totals, totals->order[i], out, lang);
        write_classes(totals, totals->order[i], out, lang);
    }
}
