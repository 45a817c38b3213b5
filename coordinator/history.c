/* history.c - the commands `events`, `completeness` and `record`. */
#include "coordinator/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/completeness.h"
#include "audit/events.h"
#include "base/calendar.h"
#include "base/json.h"
#include "coordinator/progress.h"
#include "coordinator/reported.h"
#include "coordinator/setup.h"

#define SIGNERS_MAX (4 * ID_MAX)

struct history {
    struct setup setup;
    struct setup_reading reading;
    const struct history_request *request;
    int64_t now_ms;
    struct json *json; /* NULL: as text */
};

typedef int (*printer)(struct history *history, struct err *err);

static int finish(const struct history *history, struct err *err)
{
    bool written = history->json != NULL ? json_finish(history->json) : fflush(stdout) == 0;

    return written ? 0 : err_set(err, ERR_FILE_WRITE, "standard output");
}

/* Open the store, print by `print` inside one JSON object or as text. */
static int with_store(const char *settings_path, const struct history_request *request, printer print,
                      struct err *err)
{
    struct history *history = calloc(1, sizeof *history);
    struct json json;
    int rc;

    if (history == NULL) {
        return err_set(err, ERR_NO_MEMORY, "history");
    }
    history->request = request;
    history->now_ms = calendar_now_ms();
    if ((rc = setup_read(&history->setup, settings_path, err)) != 0 ||
        (rc = setup_load_keys(&history->setup, err)) != 0 ||
        (rc = setup_begin_reading(&history->reading, &history->setup, err)) != 0) {
        goto done;
    }
    if (request->json) {
        json = json_begin(stdout);
        history->json = &json;
        json_object(&json, NULL);
    }
    if ((rc = print(history, err)) == 0) {
        if (request->json) {
            json_end(&json);
        }
        rc = finish(history, err);
    }
done:
    setup_end_reading(&history->reading);
    setup_clear(&history->setup);
    free(history);
    return rc;
}

static struct calendar_zone zone_of(const struct view *view)
{
    struct calendar_zone zone = {0};

    if (calendar_zone(&zone, view->task->wire->period->zone, NULL) != 0) {
        (void)!calendar_zone(&zone, "UTC", NULL);
    }
    return zone;
}

static const char *time_text(int64_t ms, const struct calendar_zone *zone, char out[CALENDAR_TEXT_SIZE])
{
    return ms == 0 ? "-" : calendar_format(ms, zone, out);
}

static void write_time(struct json *json, const char *key, int64_t ms)
{
    if (ms == 0) {
        json_null(json, key);
    } else {
        json_int(json, key, ms);
    }
}

static void head(struct history *history, const struct view *view)
{
    const Weft__V1__Task *task = view->task->wire;

    if (history->json != NULL) {
        json_text(history->json, "task", view->task->hex);
        json_text(history->json, "name", task->name);
        json_text(history->json, "period", task->period->id);
    } else {
        printf(history->request->lang == LANG_ZH ? "任务 %.16s  %s，周期 %s\n"
                                                 : "task %.16s  %s, period %s\n",
               view->task->hex, task->name, task->period->id);
    }
}

static int find_view(struct history *history, const struct view **view, struct err *err)
{
    size_t index;
    int rc = setup_find_task(&history->reading, history->request->task, &index, err);

    if (rc == 0) {
        *view = core_task_view(history->reading.core, index);
        head(history, *view);
    }
    return rc;
}

/* ---- events ---- */

static void print_event(const struct view *view, const struct event *event, enum err_lang lang)
{
    struct calendar_zone zone = zone_of(view);
    char time[CALENDAR_TEXT_SIZE], signers[SIGNERS_MAX];

    printf("  %-25s  %s", time_text(event->time_ms, &zone, time), event_text(event->kind, lang));
    if (event->area != NONE) {
        printf("  %s (%s)", progress_area_name(view->roster, event->area, lang),
               view->roster->areas[event->area].wire->code);
    }
    if (event->document != NULL) {
        printf("  [%s]", event_signers(event, signers, sizeof signers));
    }
    putchar('\n');
}

static int print_events(struct history *history, struct err *err)
{
    const struct view *view;
    struct event *events = NULL;
    size_t num = 0;
    int rc;

    if ((rc = find_view(history, &view, err)) != 0 ||
        (rc = events_of(&events, &num, view, history->now_ms, err)) != 0) {
        return rc;
    }
    if (history->json != NULL) {
        json_array(history->json, "events");
    }
    for (size_t i = 0; i < num; i++) {
        if (history->json != NULL) {
            event_write(history->json, view, &events[i]);
        } else {
            print_event(view, &events[i], history->request->lang);
        }
    }
    if (history->json != NULL) {
        json_end(history->json);
    }
    free(events);
    return 0;
}

int history_events(const char *settings_path, const struct history_request *request, struct err *err)
{
    return with_store(settings_path, request, print_events, err);
}

/* ---- completeness ---- */

static void write_completeness(struct json *json, const struct view *view, int area,
                               const struct completeness *sum)
{
    json_object(json, NULL);
    json_text(json, "area", view->roster->areas[area].wire->code);
    json_text(json, "tier", view->roster->areas[area].wire->tier);
    json_int(json, "expected", sum->expected);
    json_int(json, "received", completeness_received(sum));
    json_int(json, "verified", completeness_verified(sum));
    for (int k = 0; k < OUTCOME_NUM; k++) {
        json_int(json, outcome_name((enum outcome)k), sum->by_outcome[k]);
    }
    write_time(json, "first_ms", sum->first_ms);
    write_time(json, "last_ms", sum->last_ms);
}

static double percent(int part, int of)
{
    return of == 0 ? 0 : 100.0 * part / of;
}

static void print_completeness_line(const struct view *view, int area, const struct completeness *sum,
                                    enum err_lang lang)
{
    struct calendar_zone zone = zone_of(view);
    char first[CALENDAR_TEXT_SIZE], last[CALENDAR_TEXT_SIZE];
    int verified = completeness_verified(sum);

    printf(lang == LANG_ZH
               ? "  %s（%s）：应报 %d，收到 %d，验证通过 %d（%.0f%%），按时 %d（%.0f%%）"
               : "  %s (%s): %d expected, %d received, %d verified (%.0f %%), %d on time (%.0f %%)",
           progress_area_name(view->roster, area, lang), view->roster->areas[area].wire->code, sum->expected,
           completeness_received(sum), verified, percent(verified, sum->expected),
           sum->by_outcome[OUTCOME_ON_TIME], percent(sum->by_outcome[OUTCOME_ON_TIME], sum->expected));
    for (int k = OUTCOME_LATE; k < OUTCOME_NUM; k++) {
        if (sum->by_outcome[k] > 0) {
            printf(lang == LANG_ZH ? "，%2$s %1$d" : ", %d %s", sum->by_outcome[k],
                   outcome_text((enum outcome)k, lang));
        }
    }
    if (sum->by_outcome[OUTCOME_PENDING] > 0) {
        printf(lang == LANG_ZH ? "，%2$s %1$d" : ", %d %s", sum->by_outcome[OUTCOME_PENDING],
               outcome_text(OUTCOME_PENDING, lang));
    }
    printf(lang == LANG_ZH ? "；最早 %s，最晚 %s\n" : "; first %s, last %s\n",
           time_text(sum->first_ms, &zone, first), time_text(sum->last_ms, &zone, last));
}

/* Of an area whose list is not signed yet: what this coordinator has so far, of the sites that it serves. */
static int so_far(struct history *history, const struct view *view, int area, struct err *err)
{
    struct db db = {history->reading.txn, history->setup.identity.at_rest_key};
    int self = roster_find_coordinator(view->roster, history->setup.identity.id);
    struct reported reported = {0};
    int rc = reported_count(&reported, &db, view, self, area, err);

    if (rc == 0 && history->json != NULL) {
        json_object(history->json, "so_far");
        json_int(history->json, "expected", reported.expected);
        json_int(history->json, "accepted", reported.accepted);
        json_int(history->json, "waiting", reported.waiting);
        json_int(history->json, "rejected", reported.rejected);
        json_end(history->json);
    } else if (rc == 0 && reported.expected > 0) {
        printf(history->request->lang == LANG_ZH
                   ? "    尚未冻结，截至目前：本方应收 %d，已接受 %d，待验证 %d，已拒绝 %d\n"
                   : "    NOT YET FROZEN, so far: of %d expected here %d accepted, %d waiting, %d rejected\n",
               reported.expected, reported.accepted, reported.waiting, reported.rejected);
    }
    reported_clear(&reported);
    return rc;
}

static int each_area(struct history *history, const struct view *view, struct err *err)
{
    int rc = 0;

    if (history->json != NULL) {
        json_array(history->json, "areas");
    }
    for (int area = 0; rc == 0 && area < view->roster->num_areas; area++) {
        struct completeness sum = completeness_of_area(view, area);
        if (history->json != NULL) {
            write_completeness(history->json, view, area, &sum);
        } else {
            print_completeness_line(view, area, &sum, history->request->lang);
        }
        if (sum.by_outcome[OUTCOME_PENDING] > 0) {
            rc = so_far(history, view, area, err);
        } else if (history->json != NULL) {
            json_null(history->json, "so_far");
        }
        if (history->json != NULL) {
            json_end(history->json);
        }
    }
    if (history->json != NULL) {
        json_end(history->json);
    }
    return rc;
}

static void write_site(struct json *json, const struct view *view, int site,
                       const struct outcome_of_site *result)
{
    json_object(json, NULL);
    json_text(json, "site", view->roster->sites[site].wire->id);
    json_text(json, "outcome", outcome_name(result->outcome));
    write_time(json, "first_ms", result->first_ms);
    write_time(json, "last_ms", result->last_ms);
    json_int(json, "reason", (int)result->reason);
    json_end(json);
}

/* In text only those of whom there is something to say. */
static void each_site(struct history *history, const struct view *view)
{
    if (history->json != NULL) {
        json_array(history->json, "sites");
    }
    for (int site = 0; site < view->roster->num_sites; site++) {
        struct outcome_of_site result = completeness_of_site(view, site);
        if (history->json != NULL) {
            write_site(history->json, view, site, &result);
        } else if (result.outcome != OUTCOME_ON_TIME && result.outcome != OUTCOME_PENDING) {
            printf("    %s (%s): %s\n", progress_site_name(view->roster, site, history->request->lang),
                   view->roster->sites[site].wire->id, outcome_text(result.outcome, history->request->lang));
        }
    }
    if (history->json != NULL) {
        json_end(history->json);
    }
}

static int print_one(struct history *history, const struct view *view, struct err *err)
{
    int rc = each_area(history, view, err);

    if (rc == 0) {
        each_site(history, view);
    }
    return rc;
}

static int print_all(struct history *history, struct err *err)
{
    int rc = 0;

    if (history->json != NULL) {
        json_array(history->json, "tasks");
    }
    for (size_t i = 0; rc == 0 && i < core_num_tasks(history->reading.core); i++) {
        const struct view *view = core_task_view(history->reading.core, i);
        if (history->json != NULL) {
            json_object(history->json, NULL);
        }
        head(history, view);
        rc = print_one(history, view, err);
        if (history->json != NULL) {
            json_end(history->json);
        }
    }
    if (history->json != NULL) {
        json_end(history->json);
    }
    return rc;
}

static int print_completeness(struct history *history, struct err *err)
{
    const struct view *view;
    int rc;

    if (history->request->all) {
        return print_all(history, err);
    }
    rc = find_view(history, &view, err);
    return rc != 0 ? rc : print_one(history, view, err);
}

int history_completeness(const char *settings_path, const struct history_request *request, struct err *err)
{
    return with_store(settings_path, request, print_completeness, err);
}

/* ---- the record over periods ---- */

struct record {
    const struct view **views; /* by period */
    size_t num;
};

/* Tasks that take reports of their own: no sums of others, no revisions, none that was ended. */
static bool is_of_record(const struct view *view, const struct history_request *request)
{
    const Weft__V1__Task *task = view->task->wire;

    return task->n_parts == 0 && task->revision == 0 && view->voided.document == NULL &&
           (request->from == NULL || strcmp(task->period->id, request->from) >= 0) &&
           (request->to == NULL || strcmp(task->period->id, request->to) <= 0);
}

static int by_period(const void *a, const void *b)
{
    const Weft__V1__Period *x = (*(const struct view *const *)a)->task->wire->period,
                           *y = (*(const struct view *const *)b)->task->wire->period;

    return x->start_ms != y->start_ms ? (x->start_ms < y->start_ms ? -1 : 1) : strcmp(x->id, y->id);
}

static int record_new(struct record *record, const struct history *history, struct err *err)
{
    size_t num = core_num_tasks(history->reading.core);

    *record = (struct record){calloc(num + 1, sizeof *record->views), 0};
    if (record->views == NULL) {
        return err_set(err, ERR_NO_MEMORY, "record");
    }
    for (size_t i = 0; i < num; i++) {
        const struct view *view = core_task_view(history->reading.core, i);
        if (is_of_record(view, history->request)) {
            record->views[record->num++] = view;
        }
    }
    qsort(record->views, record->num, sizeof *record->views, by_period);
    return 0;
}

static struct card_rule rule_of(const struct history *history)
{
    const struct setup_settings *settings = &history->setup.settings;

    return (struct card_rule){(int)settings->card_window, (int)settings->yellow_missing,
                              (int)settings->yellow_late, (int)settings->red_missing,
                              (int)settings->red_late};
}

static void write_record(struct json *json, const struct record *record, const char *id,
                         const enum outcome *outcomes, const size_t *at, int num, enum card card)
{
    json_object(json, NULL);
    json_text(json, "site", id);
    json_text(json, "card", card_name(card));
    json_array(json, "periods");
    for (int i = 0; i < num; i++) {
        json_object(json, NULL);
        json_text(json, "period", record->views[at[i]]->task->wire->period->id);
        json_text(json, "outcome", outcome_name(outcomes[i]));
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

static void print_record_line(const struct record *record, const char *name, const char *id,
                              const enum outcome *outcomes, const size_t *at, int num, enum card card,
                              enum err_lang lang)
{
    printf("%s (%s)%s%s\n", name, id, card == CARD_NONE ? "" : "  ", card_text(card, lang));
    for (int i = 0; i < num; i++) {
        printf("  %s  %s\n", record->views[at[i]]->task->wire->period->id, outcome_text(outcomes[i], lang));
    }
}

/* The periods in which the site of the newest view's roster was expected. */
static void record_of_site(struct history *history, const struct record *record, const struct roster *roster,
                           int site, enum outcome *outcomes, size_t *at)
{
    const char *id = roster->sites[site].wire->id;
    struct card_rule rule = rule_of(history);
    enum card card;
    int num = 0;

    for (size_t i = 0; i < record->num; i++) {
        int index = roster_find_site(record->views[i]->roster, id);
        if (index != NONE) {
            at[num] = i;
            outcomes[num++] = completeness_of_site(record->views[i], index).outcome;
        }
    }
    card = card_of(&rule, outcomes, num);
    if (history->json != NULL) {
        write_record(history->json, record, id, outcomes, at, num, card);
    } else {
        print_record_line(record, progress_site_name(roster, site, history->request->lang), id, outcomes, at,
                          num, card, history->request->lang);
    }
}

static int print_record(struct history *history, struct err *err)
{
    struct record record = {0};
    enum outcome *outcomes = NULL;
    size_t *at = NULL;
    int rc;

    if ((rc = record_new(&record, history, err)) != 0) {
        return rc;
    }
    outcomes = calloc(record.num + 1, sizeof *outcomes);
    at = calloc(record.num + 1, sizeof *at);
    if (outcomes == NULL || at == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "record");
        goto done;
    }
    if (history->json != NULL) {
        json_array(history->json, "sites");
    }
    for (int i = 0; record.num > 0 && i < record.views[record.num - 1]->roster->num_sites; i++) {
        record_of_site(history, &record, record.views[record.num - 1]->roster, i, outcomes, at);
    }
    if (history->json != NULL) {
        json_end(history->json);
    }
done:
    free(outcomes);
    free(at);
    free(record.views);
    return rc;
}

int history_record(const char *settings_path, const struct history_request *request, struct err *err)
{
    return with_store(settings_path, request, print_record, err);
}
