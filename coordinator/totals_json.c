/* totals_json.c - results as JSON; docs/totals-json.md describes them. */
#include "base/json.h"
#include "coordinator/totals.h"

#define KIND(name) WEFT__V1__KIND__KIND_##name

static void write_number(struct json *json, const char *key, struct totals_number number)
{
    if (number.known) {
        json_uint(json, key, number.value);
    } else {
        json_null(json, key);
    }
}

static void write_real(struct json *json, const char *key, struct totals_real real)
{
    if (real.known) {
        json_real(json, key, real.value);
    } else {
        json_null(json, key);
    }
}

static void write_interval(struct json *json, const struct totals_row *row)
{
    if (!row->has_interval) {
        json_null(json, "interval");
        return;
    }
    json_array(json, "interval");
    json_real(json, NULL, row->interval.low);
    json_real(json, NULL, row->interval.high);
    json_end(json);
}

static void write_bins(struct json *json, const struct totals *totals, const struct totals_row *row)
{
    json_array(json, "bins");
    for (size_t i = 0; i < row->wire->n_bin_lower; i++) {
        struct totals_bin bin = totals_bin(totals, row, (int)i);
        json_object(json, NULL);
        json_int(json, "from", bin.from);
        if (bin.has_to) {
            json_int(json, "to", bin.to);
        } else {
            json_null(json, "to");
        }
        json_text(json, "state", totals_state_name(bin.state));
        write_number(json, "count", bin.count);
        json_end(json);
    }
    json_end(json);
}

/* What the kinds do not share. */
static void write_kind(struct json *json, const struct totals_row *row)
{
    switch (row->wire->kind) {
    case KIND(MEAN):
        write_number(json, "count", row->denominator);
        write_number(json, "sum", row->sum);
        write_number(json, "sum_of_squares", row->sum_of_squares);
        json_uint(json, "scale", row->wire->scale);
        write_real(json, "standard_deviation", row->deviation);
        break;
    case KIND(OBSERVED_EXPECTED):
        write_number(json, "observed", row->numerator);
        write_number(json, "denominator", row->denominator);
        write_number(json, "expected_scaled", row->expected);
        json_uint(json, "scale", row->wire->scale);
        break;
    case KIND(DISTRIBUTION):
        write_number(json, "count", row->denominator);
        write_real(json, "median", row->value);
        break;
    case KIND(RATE):
        json_uint(json, "scale", row->wire->scale);
        /* fall through */
    default:
        write_number(json, "numerator", row->numerator);
        write_number(json, "denominator", row->denominator);
        break;
    }
}

static void write_target(struct json *json, const struct totals *totals, const struct totals_row *row)
{
    struct totals_target target = totals_target(totals, row);

    if (!target.known) {
        json_null(json, "target");
        return;
    }
    json_object(json, "target");
    json_real(json, target.at_most ? "at_most" : "at_least", target.value);
    if (target.is_judged) {
        json_bool(json, "met", target.met);
    } else {
        json_null(json, "met");
    }
    json_end(json);
}

/* All but where it is from. */
static void write_figures(struct json *json, const struct totals *totals, const struct totals_row *row)
{
    json_text(json, "indicator", row->wire->indicator);
    json_text(json, "stratum", row->wire->stratum[0] == '\0' ? NULL : row->wire->stratum);
    json_text(json, "kind", totals_kind_name(row->wire->kind));
    json_text(json, "state", totals_state_name(row->state));
    json_text(json, "reason", totals_reason_name(row->reason));
    json_uint(json, "revision", row->revision);
    json_text(json, "not_revised", totals_reason_name(row->not_revised));
    json_int(json, "sites_expected", row->sites_expected);
    json_int(json, "sites", row->sites);
    write_number(json, "contributing", row->contributing);
    write_kind(json, row);
    write_number(json, "missing", row->missing);
    write_real(json, "value", row->value);
    write_interval(json, row);
    json_text(json, "unit", row->indicator == NULL ? NULL : row->indicator->unit);
    write_target(json, totals, row);
}

static void write_row(struct json *json, const struct totals *totals, const struct totals_row *row)
{
    const Weft__V1__Area *area = totals->view->roster->areas[row->area].wire;

    json_object(json, NULL);
    json_text(json, "area", area->code);
    json_text(json, "tier", area->tier);
    write_figures(json, totals, row);
    if (row->wire->kind == KIND(DISTRIBUTION)) {
        write_bins(json, totals, row);
    }
    if (row->is_collectors) {
        json_bool(json, "collector_view", true);
    }
    json_end(json);
}

static void write_task(struct json *json, const struct totals *totals)
{
    const struct task *task = totals->view->task;

    json_object(json, "task");
    json_text(json, "id", task->hex);
    json_text(json, "name", task->wire->name);
    json_text(json, "context", task->wire->context);
    json_text(json, "period", task->wire->period->id);
    json_text(json, "zone", task->wire->period->zone);
    json_int(json, "start_ms", task->wire->period->start_ms);
    json_int(json, "end_ms", task->wire->period->end_ms);
    json_uint(json, "revision", task->wire->revision);
    json_uint(json, "roster_version", task->wire->roster_version);
    json_text(json, "catalogue_version", task->wire->catalogue_version);
    json_uint(json, "min_sites", task->wire->min_sites);
    json_uint(json, "min_cell", task->wire->min_cell);
    json_text(json, "phase", progress_phase_name(totals->progress.phase));
    json_text(json, "waiting_for",
              totals->progress.wait == WAIT_NOTHING ? NULL : progress_wait_name(totals->progress.wait));
    json_end(json);
}

/* The task and those before it that it revises, the newest first. */
static void write_revisions(struct json *json, const struct totals *totals)
{
    json_array(json, "revisions");
    for (const struct view *view = totals->view; view != NULL; view = view->base) {
        json_object(json, NULL);
        json_text(json, "task", view->task->hex);
        json_uint(json, "revision", view->task->wire->revision);
        json_int(json, "close_ms", view_times(view).close_ms);
        json_end(json);
    }
    json_end(json);
}

/* Sums of the upper areas by class; what areas in which sites stand release by class is among the totals. */
static void write_classes(struct json *json, const struct totals *totals)
{
    json_array(json, "by_class");
    for (size_t k = 0; k < totals->num_classes; k++) {
        for (int s = 0; s < totals->view->task->num_series; s++) {
            struct totals_row row = totals_class_row(totals, k, s);
            json_object(json, NULL);
            json_text(json, "area", totals->view->roster->areas[row.area].wire->code);
            json_text(json, "class", totals->classes[k].value);
            write_figures(json, totals, &row);
            json_end(json);
        }
    }
    json_end(json);
}

static void write_counts(struct json *json, const struct totals *totals)
{
    struct totals_counts counts = totals_count_cells(totals);

    json_object(json, "cells");
    json_int(json, "released", counts.released);
    json_int(json, "suppressed", counts.suppressed);
    json_int(json, "pending", counts.pending);
    json_object(json, "withheld");
    for (int i = TOTALS_REASON_NONE + 1; i < TOTALS_NUM_REASONS; i++) {
        json_int(json, totals_reason_name((enum totals_reason)i), counts.withheld[i]);
    }
    json_end(json);
    json_end(json);
}

/* Known errors, of the task and those that it revises. */
static void write_notes(struct json *json, const struct totals *totals)
{
    json_array(json, "notes");
    for (const struct view *view = totals->view; view != NULL; view = totals->alone ? NULL : view->base) {
        for (size_t i = 0; i < view->num_notes; i++) {
            const Weft__V1__Note *note = view->notes[i].body;
            json_object(json, NULL);
            json_text(json, "area", note->area);
            json_text(json, "indicator", note->indicator);
            json_uint(json, "revision", view->task->wire->revision);
            json_uint(json, "number", note->number);
            json_text(json, "zh", note->text_zh);
            json_text(json, "en", note->text_en);
            json_int(json, "time_ms", note->time_ms);
            json_end(json);
        }
    }
    json_end(json);
}

static void write_dominances(struct json *json, const struct totals *totals)
{
    json_array(json, "dominance");
    for (size_t i = 0; i < totals->num_dominances; i++) {
        const struct dominance *found = &totals->dominances[i];
        json_object(json, NULL);
        json_text(json, "block", totals->view->roster->areas[found->area].wire->code);
        json_text(json, "owner", found->owner);
        json_uint(json, "percent_of_beds", found->percent);
        json_end(json);
    }
    json_end(json);
}

static void write_contradictions(struct json *json, const struct totals *totals)
{
    json_array(json, "contradictions");
    for (size_t i = 0; i < totals->num_contradictions; i++) {
        const struct contradiction *found = &totals->contradictions[i];
        const Weft__V1__Series *series =
            totals->view->task->series[totals->view->task->wire->slots[found->slot]->series].wire;
        json_object(json, NULL);
        json_text(json, "area", totals->view->roster->areas[found->area].wire->code);
        json_text(json, "indicator", series->indicator);
        json_text(json, "stratum", series->stratum);
        json_uint(json, "slot", (uint64_t)found->slot);
        json_uint(json, "total", found->total);
        json_uint(json, "parts", found->parts);
        json_end(json);
    }
    json_end(json);
}

int totals_write_json(const struct totals *totals, FILE *out, struct err *err)
{
    struct json json = json_begin(out);

    json_object(&json, NULL);
    write_task(&json, totals);
    write_revisions(&json, totals);
    json_array(&json, "totals");
    for (int i = 0; i < totals->view->roster->num_areas; i++) {
        for (int s = 0; s < totals->view->task->num_series; s++) {
            struct totals_row row = totals_row(totals, totals->order[i], s);
            write_row(&json, totals, &row);
        }
    }
    json_end(&json);
    if (totals->num_classes > 0) {
        write_classes(&json, totals);
    }
    write_notes(&json, totals);
    write_counts(&json, totals);
    write_dominances(&json, totals);
    write_contradictions(&json, totals);
    json_end(&json);
    return json_finish(&json) ? 0 : err_set(err, ERR_FILE_WRITE, "totals as JSON");
}
