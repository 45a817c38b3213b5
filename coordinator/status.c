/* status.c - the command `status`. */
#include "coordinator/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/expiry.h"
#include "base/json.h"
#include "base/wire.h"
#include "coordinator/progress.h"
#include "coordinator/reported.h"
#include "coordinator/setup.h"
#include "coordinator/status_peers.h"

/* ---- gathering ---- */

struct status {
    struct setup setup;
    struct setup_reading reading; /* {0} while there is no store */
    struct cert_info certificate;
    struct err certificate_error; /* code 0: fine */
    struct expiry expiry;
    int64_t now_ms;
};

static const char *role_of(const struct status *status, const struct view *view)
{
    int self = roster_find_coordinator(view->roster, status->setup.identity.id);

    if (self == NONE) {
        return "none";
    }
    return view->roster->coordinators[self].side == WEFT__V1__SIDE__SIDE_HELPER ? "helper" : "leader";
}

/* While reports are awaited, it is known here which of the own sites' are. */
static void add_missing_sites(struct progress *progress, struct reported *counts)
{
    int *missing = progress->missing;

    if (progress->wait == WAIT_REPORTS && counts->num_missing > 0) {
        progress->missing = counts->missing;
        progress->num_missing = counts->num_missing;
        progress->num_expected = counts->expected;
        counts->missing = missing;
    }
}

/* The highest area that this coordinator serves in the task: its part of the tree; NONE if it has none. */
static int own_area(const struct status *status, const struct view *view)
{
    int self = roster_find_coordinator(view->roster, status->setup.identity.id);

    return self == NONE ? NONE : view->roster->coordinators[self].top_area;
}

/* ---- text ---- */

struct wording {
    const char *coordinator, *certificate, *expired, *no_store, *no_task, *task, *role, *reports, *sites,
        *waits, *until, *opening, *deadlines, *superseded;
};

static const struct wording wordings[] = {
    [LANG_EN] = {"coordinator %s\n", "certificate of %s: %" PRId64 " days left, until %s\n",
                 "certificate: not usable (see below)\n", "no store yet: the daemon has not run\n",
                 "no task yet\n", "\ntask %.16s  %s, period %s, revision %" PRIu32 ": %s\n",
                 "  role here: %s\n",
                 "  reports: %d accepted, %d waiting for verification, %d rejected, of %d expected here\n",
                 "  in %s and below: %d of %d hospitals frozen\n", "  waiting for %s\n", "    until %s%s\n",
                 "  opens %s, due %s, closes %s\n", "  deadlines: order %s, plan %s, pattern %s; kept until %s\n",
                 "  superseded by revision %" PRIu32 ", task %.16s\n"},
    [LANG_ZH] = {"协调方 %s\n", "%s 的证书：剩余 %" PRId64 " 天，有效至 %s\n", "证书不可用（见下）\n",
                 "尚无数据库：服务还未运行过\n", "尚无任务\n",
                 "\n任务 %.16s  %s，周期 %s，修订 %" PRIu32 "：%s\n", "  本方角色：%s\n",
                 "  报告：已接受 %d，待验证 %d，已拒绝 %d，本方应收 %d\n",
                 "  %s 及以下：已冻结 %d 家，共 %d 家机构\n", "  正在等待：%s\n", "    至 %s%s\n",
                 "  开放 %s，应报 %s，截止 %s\n", "  期限：开放令 %s，计划 %s，抑制表 %s；保存至 %s\n",
                 "  已由第 %" PRIu32 " 次修订取代，任务 %.16s\n"},
};

struct time_text {
    char text[CALENDAR_TEXT_SIZE];
};

static struct time_text time_text(int64_t ms, const struct calendar_zone *zone)
{
    struct time_text out;

    calendar_format(ms, zone, out.text);
    return out;
}

static void print_times(const struct wording *words, const struct view_times *task,
                        const struct calendar_zone *zone)
{
    struct time_text open = time_text(task->open_ms, zone), due = time_text(task->due_ms, zone),
                     close = time_text(task->close_ms, zone),
                     order = time_text(task->order_ms, zone), plan = time_text(task->plan_ms, zone),
                     pattern = time_text(task->pattern_ms, zone),
                     retention = time_text(task->retention_ms, zone);

    if (task->close_ms != 0) { /* a sum takes no reports */
        printf(words->opening, open.text, due.text, close.text);
    }
    printf(words->deadlines, order.text, plan.text, pattern.text, retention.text);
}

static const char *role_text(const struct status *status, const struct view *view, enum err_lang lang)
{
    const char *role = role_of(status, view);

    return lang != LANG_ZH               ? role
           : strcmp(role, "leader") == 0 ? "主方"
           : strcmp(role, "helper") == 0 ? "辅方"
                                         : "无";
}

static void print_task(const struct status *status, const struct view *view, const struct progress *progress,
                       const struct reported *counts, enum err_lang lang)
{
    const struct wording *words = &wordings[lang];
    const Weft__V1__Task *task = view->task->wire;
    const struct view_times times = view_times(view);
    struct calendar_zone zone = {0};
    int area = own_area(status, view);
    char text[2048];

    if (calendar_zone(&zone, task->period->zone, NULL) != 0) {
        (void)!calendar_zone(&zone, "UTC", NULL);
    }
    printf(words->task, view->task->hex, task->name, task->period->id, task->revision,
           progress_phase_text(progress->phase, lang));
    printf(words->role, role_text(status, view, lang));
    if (counts->expected > 0) {
        printf(words->reports, counts->accepted, counts->waiting, counts->rejected, counts->expected);
    }
    if (area != NONE) {
        printf(words->sites, view->roster->areas[area].wire->code, view_num_frozen(view, area),
               view_num_expected(view, area));
    }
    if (progress->wait != WAIT_NOTHING) {
        printf(words->waits, progress_wait_text(progress, view, lang, text, sizeof text));
    }
    if (progress->until_ms != 0) {
        printf(words->until, time_text(progress->until_ms, &zone).text,
               progress->until_ms > status->now_ms ? ""
               : lang == LANG_ZH                   ? "（已逾期）"
                                                   : " (overdue)");
    }
    if (view_revised_by(view) != NULL) {
        const struct task *by = view_revised_by(view)->task;
        printf(words->superseded, by->wire->revision, by->hex);
    }
    print_times(words, &times, &zone);
}

static int64_t days_left(const struct status *status)
{
    return (status->certificate.not_after_ms - status->now_ms) / CALENDAR_MS_PER_DAY;
}

static void print_head(const struct status *status, enum err_lang lang)
{
    const struct wording *words = &wordings[lang];
    struct calendar_zone zone = {0};
    char text[1024];

    (void)!calendar_zone(&zone, NULL, NULL);
    printf(words->coordinator, status->setup.identity.id);
    if (status->certificate.not_after_ms != 0) {
        printf(words->certificate, status->certificate.dns_name, days_left(status),
               time_text(status->certificate.not_after_ms, &zone).text);
    }
    if (status->certificate_error.code != 0) {
        fputs(words->expired, stdout);
        printf("%s\n", err_text(&status->certificate_error, lang, text, sizeof text));
    }
    expiry_print(stdout, &status->expiry, status->now_ms, lang);
    if (status->reading.core == NULL) {
        fputs(words->no_store, stdout);
    } else if (core_num_tasks(status->reading.core) == 0) {
        fputs(words->no_task, stdout);
    }
}

/* ---- JSON ---- */

static void write_head(struct json *json, const struct status *status)
{
    json_text(json, "coordinator", status->setup.identity.id);
    json_object(json, "certificate");
    json_text(json, "tls_name", status->certificate.dns_name);
    json_int(json, "expires_ms", status->certificate.not_after_ms);
    json_int(json, "days_left", days_left(status));
    json_text(json, "error",
              status->certificate_error.code == 0 ? NULL : err_entry(status->certificate_error.code)->name);
    json_end(json);
    expiry_write(json, &status->expiry, status->now_ms);
}

static void write_waiting(struct json *json, const struct status *status, const struct view *view,
                          const struct progress *progress)
{
    json_object(json, "waiting_for");
    json_text(json, "what", progress_wait_name(progress->wait));
    json_int(json, "missing", progress->num_missing);
    json_int(json, "expected", progress->num_expected);
    json_array(json, "names");
    for (int i = 0; i < progress->num_missing; i++) {
        int index = progress->missing[i];
        json_text(json, NULL,
                  progress->wait == WAIT_REPORTS ? view->roster->sites[index].wire->id
                  : progress->wait == WAIT_PARTS ? view->parts[index]->task->hex
                                                 : view->roster->areas[index].wire->code);
    }
    json_end(json);
    if (progress->until_ms != 0) {
        json_int(json, "until_ms", progress->until_ms);
    } else {
        json_null(json, "until_ms");
    }
    json_bool(json, "overdue", progress->until_ms != 0 && progress->until_ms <= status->now_ms);
    json_end(json);
}

static void write_task(struct json *json, const struct status *status, const struct view *view,
                       const struct progress *progress, const struct reported *counts)
{
    const Weft__V1__Task *task = view->task->wire;
    const struct view_times times = view_times(view);
    int area = own_area(status, view);

    json_object(json, NULL);
    json_text(json, "id", view->task->hex);
    json_text(json, "name", task->name);
    json_text(json, "period", task->period->id);
    json_uint(json, "revision", task->revision);
    json_text(json, "role", role_of(status, view));
    json_text(json, "phase", progress_phase_name(progress->phase));
    json_object(json, "reports");
    json_int(json, "expected", counts->expected);
    json_int(json, "accepted", counts->accepted);
    json_int(json, "waiting", counts->waiting);
    json_int(json, "rejected", counts->rejected);
    json_end(json);
    if (area != NONE) {
        json_object(json, "sites");
        json_text(json, "area", view->roster->areas[area].wire->code);
        json_int(json, "expected", view_num_expected(view, area));
        json_int(json, "frozen", view_num_frozen(view, area));
        json_end(json);
    }
    write_waiting(json, status, view, progress);
    json_int(json, "open_ms", times.open_ms);
    json_int(json, "due_ms", times.due_ms);
    json_int(json, "close_ms", times.close_ms);
    json_int(json, "order_ms", times.order_ms);
    json_int(json, "plan_ms", times.plan_ms);
    json_int(json, "pattern_ms", times.pattern_ms);
    json_int(json, "retention_ms", times.retention_ms);
    json_uint(json, "amendments", view->num_amendments);
    json_text(json, "superseded_by", view_revised_by(view) == NULL ? NULL : view_revised_by(view)->task->hex);
}

/* ---- the command ---- */

static struct status_out out_of(struct json *json, enum err_lang lang)
{
    struct status_out out = {.json = json, .lang = lang};

    (void)!calendar_zone(&out.zone, NULL, NULL);
    return out;
}

static int refusals(const struct status *status, const struct view *view, struct json *json, enum err_lang lang,
                    struct err *err)
{
    const struct status_out out = out_of(json, lang);
    struct db db = {status->reading.txn, status->setup.identity.at_rest_key};
    int self = roster_find_coordinator(view->roster, status->setup.identity.id), rc;

    if (json == NULL) {
        return self == NONE ? 0 : status_refusals(&out, &db, view, self, err);
    }
    json_array(json, "refusals");
    rc = self == NONE ? 0 : status_refusals(&out, &db, view, self, err);
    json_end(json);
    return rc;
}

static int peers(const struct status *status, struct json *json, enum err_lang lang, struct err *err)
{
    const struct roster *roster = status->reading.core == NULL ? NULL : core_roster(status->reading.core);
    int self = roster == NULL ? NONE : roster_find_coordinator(roster, status->setup.identity.id);
    const struct status_out out = out_of(json, lang);
    struct db db = {status->reading.txn, status->setup.identity.at_rest_key};

    return self == NONE ? 0 : status_peers(&out, &db, roster, self, err);
}

static int each_task(const struct status *status, struct json *json, enum err_lang lang, struct err *err)
{
    size_t num = status->reading.core == NULL ? 0 : core_num_tasks(status->reading.core);
    struct db db = {status->reading.txn, status->setup.identity.at_rest_key};
    int rc = 0;

    for (size_t i = 0; i < num && rc == 0; i++) {
        const struct view *view = core_task_view(status->reading.core, i);
        struct progress progress = {0};
        struct reported counts = {0};
        int area = own_area(status, view);
        if ((rc = progress_of(&progress, view, area == NONE ? view->roster->top : area, status->now_ms, err)) == 0 &&
            (rc = reported_count(&counts, &db, view, roster_find_coordinator(view->roster, status->setup.identity.id),
                                  view->roster->top, err)) == 0) {
            add_missing_sites(&progress, &counts);
            if (json != NULL) {
                write_task(json, status, view, &progress, &counts);
            } else {
                print_task(status, view, &progress, &counts, lang);
            }
            rc = refusals(status, view, json, lang, err);
            if (json != NULL) {
                json_end(json);
            }
        }
        reported_clear(&counts);
        progress_clear(&progress);
    }
    return rc;
}

static int print(const struct status *status, bool as_json, enum err_lang lang, struct err *err)
{
    struct json json;
    int rc;

    if (!as_json) {
        print_head(status, lang);
        rc = peers(status, NULL, lang, err);
        return rc != 0 ? rc : each_task(status, NULL, lang, err);
    }
    json = json_begin(stdout);
    json_object(&json, NULL);
    write_head(&json, status);
    json_array(&json, "peers");
    rc = peers(status, &json, lang, err);
    json_end(&json);
    json_array(&json, "tasks");
    rc = rc != 0 ? rc : each_task(status, &json, lang, err);
    json_end(&json);
    json_end(&json);
    return json_finish(&json) || rc != 0 ? rc : err_set(err, ERR_FILE_WRITE, "standard output");
}

int status_print(const char *settings_path, bool json, enum err_lang lang, struct err *err)
{
    struct status *status = calloc(1, sizeof *status);
    int rc;

    if (status == NULL) {
        return err_set(err, ERR_NO_MEMORY, "status");
    }
    status->now_ms = calendar_now_ms();
    if ((rc = setup_read(&status->setup, settings_path, err)) != 0 ||
        (rc = setup_load_keys(&status->setup, err)) != 0) {
        goto done;
    }
    /* a bad certificate is something to report, not a reason to report nothing */
    (void)!setup_check_certificate(&status->setup, &status->certificate, status->now_ms,
                                   &status->certificate_error);
    if (!setup_has_store(&status->setup) ||
        (rc = setup_begin_reading(&status->reading, &status->setup, err)) == 0) {
        status->expiry = expiry_read(status->setup.settings.certificate, status->setup.settings.issuer,
                                     status->setup.settings.ca,
                                     status->reading.core == NULL ? NULL : core_roster(status->reading.core));
        rc = print(status, json, lang, err);
    }
done:
    setup_end_reading(&status->reading);
    setup_clear(&status->setup);
    free(status);
    return rc;
}
