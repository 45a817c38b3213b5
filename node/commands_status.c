/* commands_status.c - where each task stands; and the list of settings. */
#include "node/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/expiry.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/wire.h"

int command_settings(const struct args *args, struct err *err)
{
    (void)err;
    node_settings_print(stdout, args_lang(args));
    return 0;
}

/* Whole days until the certificate ends; false when it cannot be read. */
static bool certificate_days(const struct session *session, int64_t *days)
{
    struct cert_info info;
    uint8_t *pem = NULL;
    size_t len;
    bool read = file_read(&pem, &len, session->settings.certificate, CERT_PEM_MAX, NULL) == 0 &&
                cert_read(&info, (const char *)pem, NULL) == 0;

    if (read) {
        *days = (info.not_after_ms - calendar_now_ms()) / CALENDAR_MS_PER_DAY;
    }
    free(pem);
    return read;
}

/* ---- for people ---- */

static const char *state_text(const struct args *args, enum agent_state state)
{
    static const char *const texts[][2] = {
        [AGENT_NEW] = {"nothing evaluated yet: run evaluate", "尚未计算：请运行 evaluate"},
        [AGENT_EVALUATED] = {"evaluated, needs an approval: run preview, then approve",
                             "已计算，待批准：请运行 preview 后 approve"},
        [AGENT_APPROVED] = {"approved, not sent yet: run report", "已批准，尚未发送：请运行 report"},
        [AGENT_SENDING] = {"sent, no receipt yet: run report again", "已发送，尚无回执：请再次运行 report"},
        [AGENT_ACCEPTED] = {"accepted by leader and helper", "主方与辅方均已接收"},
        [AGENT_REJECTED] = {"rejected: correct the data, evaluate and approve again",
                            "被拒绝：请更正数据后重新计算并批准"},
        [AGENT_CLOSED] = {"closed without an accepted report of this hospital",
                          "已截止，本院没有被接收的报告"},
        [AGENT_FROZEN] = {"in the frozen list; totals are being made", "已列入冻结清单，正在汇总"},
        [AGENT_FREEZE_DIFFERS] = {"THE FROZEN LIST DOES NOT HOLD WHAT THIS NODE HAS A RECEIPT FOR",
                                  "冻结清单与本机所持回执不符"},
        [AGENT_RELEASED] = {"released", "已发布"},
        [AGENT_VOIDED] = {"ended by the authorities without result", "任务已被管理机构作废"},
        [AGENT_SUM] = {"a longer period: nothing to report, its totals are sums of shorter periods'",
                       "较长周期：无需上报，其合计由较短周期累加得出"},
        [AGENT_OVERLAPS] = {"conflicts with another task: nothing is reported", "与另一任务冲突，不予上报"},
    };

    return texts[state][args_lang(args) == LANG_ZH];
}

static void print_decision(const struct args *args, const struct agent_status *status)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE], time_text[COMMAND_TIME_SIZE];

    if (status->has_vector) {
        printf(SAY(args, "  evaluated %s, fingerprint %s\n", "  计算于 %s，指纹 %s\n"),
               command_time(time_text, status->evaluated_ms),
               join_digest_text(fingerprint, status->vector_digest));
    }
    if (status->is_approved) {
        printf(SAY(args, "  approved by %s, %s%s\n", "  由 %s 批准于 %s%s\n"), status->approved_by,
               command_time(time_text, status->approved_ms),
               status->approval_is_standing ? SAY(args, " (standing approval)", "（长期批准）") : "");
    }
}

static void print_report(const struct args *args, const struct agent_report *report)
{
    char hex[HEX_SIZE(DIGEST_SIZE)], time_text[COMMAND_TIME_SIZE];

    if (report->revision == 0) {
        return;
    }
    printf(SAY(args, "  report revision %" PRIu32 " of %s: %" PRIu32 " bytes, sha256 %s\n",
               "  报告修订版本 %" PRIu32 "（%s）：%" PRIu32 " 字节，sha256 %s\n"),
           report->revision, command_time(time_text, report->built_ms), report->request_len,
           hex_encode(hex, report->request_digest, DIGEST_SIZE));
    if (report->failure.code != 0) {
        command_warn(args, &report->failure);
    }
}

/* Known errors that pairs say of totals. */
static void print_notes(const struct args *args, const struct view *view)
{
    for (size_t i = 0; i < view->num_notes; i++) {
        const Weft__V1__Note *note = view->notes[i].body;
        printf(SAY(args, "  known error of %s in %s: %s\n", "  已知误差（指标 %s，地区 %s）：%s\n"), note->indicator,
               note->area, SAY(args, note->text_en, note->text_zh));
    }
}

static void print_task(const struct args *args, const struct agent_task *task,
                       const struct agent_status *status)
{
    command_print_task(args, task->task);
    printf("  %s\n", state_text(args, status->state));
    if (status->overlap.code != 0) {
        command_warn(args, &status->overlap);
    }
    print_decision(args, status);
    print_report(args, &status->last);
    if (status->accepted.revision != 0 && status->accepted.revision != status->last.revision) {
        print_report(args, &status->accepted);
    }
    if (status->revised_by != NULL) {
        printf(SAY(args, "  superseded by revision %" PRIu32 ", task %.16s\n", "  已由第 %" PRIu32 " 次修订取代，任务 %.16s\n"),
               status->revised_by->wire->revision, status->revised_by->hex);
    }
    if (status->num_releases > 0) {
        printf(SAY(args, "  totals received: %d of %d\n", "  已收到汇总结果：%d / %d\n"),
               status->num_releases, status->num_releases_expected);
    }
    print_notes(args, task->view);
}

/* How it goes with the leader; *contact is NULL while nothing is known. */
static int leader_contact(struct session *session, StoredContact **contact, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc = session_begin(session, &txn, err);

    *contact = NULL;
    if (rc == 0) {
        rc = agent_leader_contact(session->agent, txn, contact, err);
    }
    store_abort(&txn);
    return rc;
}

static int print_leader(const struct args *args, struct session *session, struct err *err)
{
    StoredContact *contact = NULL;
    char last[COMMAND_TIME_SIZE], since[COMMAND_TIME_SIZE];
    struct err failure = {0};
    int rc = leader_contact(session, &contact, err);

    if (contact != NULL) {
        printf(SAY(args, "Last contact with the leader: %s\n", "最近一次联系主方：%s\n"),
               contact->reached_ms == 0 ? "-" : command_time(last, contact->reached_ms));
    }
    if (contact != NULL && contact->failing_ms != 0) {
        printf(SAY(args, "The leader is not reached since %s\n", "自 %s 起无法连接主方\n"),
               command_time(since, contact->failing_ms));
        err_set(&failure, (int)contact->failure, "%s", contact->detail);
        command_warn(args, &failure);
    }
    wire_free(&contact);
    return rc;
}

static struct expiry expiry_of(struct session *session)
{
    struct store_txn *txn = NULL;

    if (session_begin(session, &txn, NULL) == 0) { /* loads the roster */
        store_abort(&txn);
    }
    return expiry_read(session->settings.certificate, NULL, session->settings.ca,
                       agent_newest_roster(session->agent));
}

static void print_head(const struct args *args, struct session *session)
{
    const struct expiry expiry = expiry_of(session);
    struct err why = {0};
    int64_t days;

    printf(SAY(args, "Hospital %s, reports to %s\n", "机构 %s，上报至 %s\n"), session->identity.id,
           session->settings.leader);
    if (certificate_days(session, &days)) {
        printf(SAY(args, "Certificate: %" PRId64 " days left\n", "证书：剩余 %" PRId64 " 天\n"), days);
    }
    if (session_check_certificate(session, &why) != 0) {
        command_warn(args, &why);
    }
    expiry_print(stdout, &expiry, calendar_now_ms(), args_lang(args));
}

static void print_egress(const struct args *args, const struct session *session)
{
    char hex[HEX_SIZE(DIGEST_SIZE)];
    uint8_t root[DIGEST_SIZE];

    egress_root(session->egress, root);
    printf(SAY(args, "Egress log %s: %" PRIu64 " lines, Merkle root %s\n",
               "出口日志 %s：%" PRIu64 " 行，Merkle 根 %s\n"),
           egress_path(session->egress), egress_size(session->egress), hex_encode(hex, root, DIGEST_SIZE));
}

/* ---- for programs ---- */

static void json_hex(struct json *json, const char *key, const uint8_t *data, size_t len)
{
    char hex[HEX_SIZE(DIGEST_SIZE)];

    json_text(json, key, hex_encode(hex, data, len));
}

static const char *report_state_name(const struct agent_report *report)
{
    switch (report->state) {
    case WEFT__V1__REPORT_STATE__REPORT_ACCEPTED:
        return "accepted";
    case WEFT__V1__REPORT_STATE__REPORT_REJECTED:
        return "rejected";
    case WEFT__V1__REPORT_STATE__REPORT_LATE:
        return "late";
    default:
        return report->given_up ? "refused" : "waiting";
    }
}

static void json_report(struct json *json, const char *key, const struct agent_report *report)
{
    if (report->revision == 0) {
        json_null(json, key);
        return;
    }
    json_object(json, key);
    json_uint(json, "revision", report->revision);
    json_text(json, "state", report_state_name(report));
    json_int(json, "reason", report->reason);
    json_hex(json, "report_id", report->report_id, sizeof report->report_id);
    json_hex(json, "report_digest", report->report_digest, DIGEST_SIZE);
    json_uint(json, "bytes", report->request_len);
    json_hex(json, "sha256", report->request_digest, DIGEST_SIZE);
    json_int(json, "built_ms", report->built_ms);
    json_int(json, "answered_ms", report->answered_ms);
    json_text(json, "failure", report->failure.code == 0 ? NULL : err_entry(report->failure.code)->name);
    json_end(json);
}

static void json_releases(struct json *json, const struct agent_task *task, const struct agent_status *status)
{
    json_int(json, "releases_expected", status->num_releases_expected);
    json_array(json, "releases");
    for (int area = 0; area < task->roster->num_areas; area++) {
        if (task->view->releases[area].document != NULL) {
            json_text(json, NULL, task->roster->areas[area].wire->code);
        }
    }
    json_end(json);
}

static void json_notes(struct json *json, const struct view *view)
{
    json_array(json, "notes");
    for (size_t i = 0; i < view->num_notes; i++) {
        const Weft__V1__Note *note = view->notes[i].body;
        json_object(json, NULL);
        json_text(json, "area", note->area);
        json_text(json, "indicator", note->indicator);
        json_text(json, "zh", note->text_zh);
        json_text(json, "en", note->text_en);
        json_int(json, "time_ms", note->time_ms);
        json_end(json);
    }
    json_end(json);
}

static void json_task(struct json *json, const struct agent_task *task, const struct agent_status *status)
{
    json_object(json, NULL);
    json_text(json, "task", task->task->hex);
    json_text(json, "name", task->task->wire->name);
    json_text(json, "period", task->task->wire->period->id);
    json_int(json, "due_ms", view_times(task->view).due_ms);
    json_int(json, "close_ms", view_times(task->view).close_ms);
    json_text(json, "state", agent_state_name(status->state));
    if (status->has_vector) {
        json_hex(json, "vector_fingerprint", status->vector_digest, DIGEST_SIZE);
        json_int(json, "evaluated_ms", status->evaluated_ms);
    }
    if (status->is_approved) {
        json_text(json, "approved_by", status->approved_by);
        json_int(json, "approved_ms", status->approved_ms);
        json_bool(json, "standing", status->approval_is_standing);
    }
    json_report(json, "last_report", &status->last);
    json_report(json, "accepted_report", &status->accepted);
    json_releases(json, task, status);
    json_notes(json, task->view);
    json_text(json, "superseded_by", status->revised_by == NULL ? NULL : status->revised_by->hex);
    json_end(json);
}

static void json_head(struct json *json, struct session *session)
{
    const struct expiry expiry = expiry_of(session);
    uint8_t root[DIGEST_SIZE];
    int64_t days;
    int rc;

    json_text(json, "site", session->identity.id);
    json_text(json, "leader", session->settings.leader);
    if (certificate_days(session, &days)) {
        json_int(json, "certificate_days", days);
    } else {
        json_null(json, "certificate_days");
    }
    rc = session_check_certificate(session, NULL);
    json_text(json, "certificate_error", rc == 0 ? NULL : err_entry(rc)->name);
    expiry_write(json, &expiry, calendar_now_ms());
    egress_root(session->egress, root);
    json_object(json, "egress");
    json_text(json, "path", egress_path(session->egress));
    json_uint(json, "lines", egress_size(session->egress));
    json_hex(json, "root", root, DIGEST_SIZE);
    json_end(json);
}

static void json_time(struct json *json, const char *key, int64_t ms)
{
    if (ms == 0) {
        json_null(json, key);
    } else {
        json_int(json, key, ms);
    }
}

static int json_leader(struct json *json, struct session *session, struct err *err)
{
    StoredContact *contact = NULL;
    int rc = leader_contact(session, &contact, err);
    bool failing = contact != NULL && contact->failure != 0;

    json_object(json, "leader_contact");
    json_time(json, "reached_ms", contact == NULL ? 0 : contact->reached_ms);
    json_time(json, "unreachable_since_ms", contact == NULL ? 0 : contact->failing_ms);
    json_text(json, "error", failing ? err_entry((int)contact->failure)->name : NULL);
    json_text(json, "detail", failing ? contact->detail : NULL);
    json_end(json);
    wire_free(&contact);
    return rc;
}

/* ---- the command ---- */

typedef void (*each_task)(void *user, const struct agent_task *task, const struct agent_status *status);

/* Every task of this site; *bad receives the last one that someone must act on. */
static int walk(struct session *session, each_task each, void *user, struct err *bad, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc = session_begin(session, &txn, err);

    for (size_t i = 0; rc == 0 && i < agent_num_tasks(session->agent); i++) {
        const struct agent_task *task = agent_task_at(session->agent, i);
        struct agent_status status;
        if (task->site == NONE) {
            continue;
        }
        if ((rc = agent_status(session->agent, txn, i, calendar_now_ms(), &status, err)) == 0) {
            each(user, task, &status);
            if (status.state == AGENT_FREEZE_DIFFERS) {
                err_set(bad, status.accepted.revision == 0 ? ERR_STORE_RESTORED : ERR_NOT_IN_FREEZE,
                        "task %.16s", task->task->hex);
            }
        }
    }
    store_abort(&txn);
    return rc;
}

static void each_as_text(void *user, const struct agent_task *task, const struct agent_status *status)
{
    print_task(user, task, status);
}

static void each_as_json(void *user, const struct agent_task *task, const struct agent_status *status)
{
    json_task(user, task, status);
}

static int print_json(struct session *session, struct err *bad, struct err *err)
{
    struct json json = json_begin(stdout);
    int rc;

    json_object(&json, NULL);
    json_head(&json, session);
    if ((rc = json_leader(&json, session, err)) != 0) {
        return rc;
    }
    json_array(&json, "tasks");
    if ((rc = walk(session, each_as_json, &json, bad, err)) != 0) {
        return rc;
    }
    json_end(&json);
    json_end(&json);
    return json_finish(&json) ? 0 : err_set(err, ERR_FILE_WRITE, "standard output");
}

static int print_text(const struct args *args, struct session *session, struct err *bad, struct err *err)
{
    struct args *user = (struct args *)(uintptr_t)args;
    int rc;

    print_head(args, session);
    if ((rc = print_leader(args, session, err)) != 0) {
        return rc;
    }
    print_egress(args, session);
    rc = walk(session, each_as_text, user, bad, err);
    if (rc == 0 && agent_num_tasks(session->agent) == 0) {
        puts(SAY(args, "No task has been received yet.", "尚未收到任务。"));
    }
    return rc;
}

int command_status(const struct args *args, struct err *err)
{
    struct session session = {0};
    struct err bad = {0};
    int rc = session_open(&session, args_value(args, "settings"), SESSION_LOOK, err);

    if (rc != 0) {
        return rc;
    }
    if (!egress_is_as_marked(session.egress)) {
        err_set(&bad, ERR_EGRESS_CHANGED, "size %" PRIu64, egress_size(session.egress));
        err_at(&bad, egress_path(session.egress), 0, 0);
    }
    if (args_flag(args, "egress")) {
        print_egress(args, &session);
    } else {
        rc =
            args_flag(args, "json") ? print_json(&session, &bad, err) : print_text(args, &session, &bad, err);
    }
    if (rc == 0 && bad.code != 0) {
        *err = bad;
        rc = bad.code;
    }
    session_close(&session);
    return rc;
}
