/* commands_report.c - from records to a receipt: evaluate, preview, approve, report. */
#include "node/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/calendar.h"
#include "base/hex.h"
#include "base/report.h"
#include "base/wire.h"
#include "base/yaml.h"
#include "crypto/secret.h"
#include "node/preview.h"
#include "node/task_vector.h"

/* ---- shared ---- */

char *command_time(char out[COMMAND_TIME_SIZE], int64_t ms)
{
    struct calendar_zone zone = {0};
    char text[CALENDAR_TEXT_SIZE];

    if (calendar_zone(&zone, NULL, NULL) != 0) {
        abort(); /* the default is always there */
    }
    calendar_format(ms, &zone, text);
    snprintf(out, COMMAND_TIME_SIZE, "%s", text);
    return out;
}

void command_warn(const struct args *args, const struct err *why)
{
    char text[1024];

    fprintf(stderr, "%s\n", err_text(why, args_lang(args), text, sizeof text));
}

void command_print_task(const struct args *args, const struct task *task)
{
    printf(SAY(args, "Task %s, period %s, %.16s\n", "任务 %s，统计周期 %s，%.16s\n"), task->wire->name,
           task->wire->period->id, task->hex);
}

static const struct task *task_of(const struct session *session, size_t index)
{
    return agent_task_at(session->agent, index)->task;
}

/* ---- evaluate ---- */

/* News from the leader; when it cannot be reached, what is here must do. */
static int fetch(const struct args *args, struct session *session, struct err *err)
{
    struct err why = {0};
    int rc = session_pull(session, &why);

    if (rc == ERR_UNREACHABLE || rc == ERR_DEADLINE || rc == ERR_BUSY) {
        if (agent_num_tasks(session->agent) > 0) {
            command_warn(args, &why);
            return 0;
        }
    }
    if (rc != 0 && err != NULL) {
        *err = why;
    }
    return rc;
}

static int keep_vector(struct session *session, size_t index, const struct task_vector *vector,
                       struct err *err)
{
    struct store_txn *txn = NULL;
    int rc = session_begin(session, &txn, err);

    if (rc == 0) {
        rc = agent_set_vector(session->agent, txn, index, vector->evaluation.values, calendar_now_ms(), err);
    }
    return session_end(session, &txn, rc, err);
}

/* Of a revision: what differs from the numbers that the totals hold, before anyone approves it. */
static int print_corrections(const struct args *args, struct session *session, size_t index,
                             const struct task_vector *vector, struct err *err)
{
    size_t num = vector->evaluation.num_values;
    struct store_txn *txn = NULL;
    uint64_t *before = NULL;
    char name[192];
    int rc;

    if (task_of(session, index)->wire->revision == 0) {
        return 0;
    }
    if ((rc = session_begin(session, &txn, err)) != 0 ||
        (rc = agent_numbers_before(session->agent, txn, index, &before, err)) != 0) {
        goto done;
    }
    printf(before == NULL
               ? SAY(args, "Revision %" PRIu32 ": no total holds numbers of this hospital yet; all are new.\n",
                     "第 %" PRIu32 " 次修订：尚无合计包含本院数值，全部为新增。\n")
               : SAY(args, "Revision %" PRIu32 ": what differs from the numbers in the totals (before, now):\n",
                     "第 %" PRIu32 " 次修订：与合计中本院数值的差异（原值、现值）：\n"),
           task_of(session, index)->wire->revision);
    for (size_t i = 0; before != NULL && i < num; i++) {
        if (before[i] != vector->evaluation.values[i]) {
            printf("  %12" PRIu64 "  %12" PRIu64 "  %s\n", before[i], vector->evaluation.values[i],
                   evaluate_slot_name(&vector->layout, i, name, sizeof name));
        }
    }
done:
    store_abort(&txn);
    secret_free(before, num * sizeof *before);
    return rc;
}

static int print_evaluated(const struct args *args, struct session *session, size_t index, struct err *err)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    struct agent_status status;
    int rc = session_status(session, index, &status, err);

    if (rc != 0) {
        return rc;
    }
    command_print_task(args, task_of(session, index));
    printf(SAY(args, "%d numbers evaluated, fingerprint %s\n", "已计算 %d 个数值，指纹 %s\n"),
           task_of(session, index)->num_slots, join_digest_text(fingerprint, status.vector_digest));
    if (status.state == AGENT_APPROVED) {
        printf(
            SAY(args, "Approved by %s. Next: weft-node report\n", "已由 %s 批准。下一步：weft-node report\n"),
            status.approved_by);
    } else if (status.state == AGENT_EVALUATED) {
        puts(SAY(args, "Nothing has left. Next: weft-node preview, then weft-node approve",
                 "尚未发送任何内容。下一步：weft-node preview，然后 weft-node approve"));
    } else if (status.state == AGENT_ACCEPTED) {
        puts(SAY(args, "These numbers are reported already.", "这些数值已经上报。"));
    }
    return 0;
}

int command_evaluate(const struct args *args, struct err *err)
{
    bool offline = args_flag(args, "offline");
    struct session session = {0};
    struct task_vector vector = {0};
    struct store_txn *txn = NULL;
    size_t index = 0;
    int rc;

    if ((rc = session_open(&session, args_value(args, "settings"), offline ? SESSION_DECIDE : SESSION_TALK,
                           err)) != 0 ||
        (!offline && (rc = fetch(args, &session, err)) != 0) ||
        (rc = session_pick_task(&session, args_value(args, "task"), &index, err)) != 0 ||
        (rc = session_begin(&session, &txn, err)) != 0) {
        goto done;
    }
    if ((rc = task_vector_make(&vector, session.agent, &txn, session.store, index, err)) == 0 &&
        (rc = print_corrections(args, &session, index, &vector, err)) == 0 &&
        (rc = keep_vector(&session, index, &vector, err)) == 0) {
        rc = print_evaluated(args, &session, index, err);
    }
done:
    store_abort(&txn);
    task_vector_clear(&vector);
    session_close(&session);
    return rc;
}

/* ---- preview ---- */

static void print_ciphertext(const struct args *args, const char *who, const Weft__V1__HpkeCiphertext *sealed)
{
    char hex[HEX_SIZE(DIGEST_SIZE)];
    uint8_t hash[DIGEST_SIZE];

    digest(hash, sealed->payload.data, sealed->payload.len);
    printf(SAY(args, "  sealed for %s: %zu bytes, sha256 %s\n", "  密封给%s：%zu 字节，sha256 %s\n"), who,
           sealed->payload.len, hex_encode(hex, hash, sizeof hash));
}

/* The bytes that would leave. The header still changes with the egress log's place; sizes and ciphertexts do
 * not. */
static int print_draft(const struct args *args, struct session *session, struct store_txn *txn, size_t index,
                       struct err *err)
{
    Weft__V1__SubmitRequest *request = NULL;
    struct err why = {0};
    uint8_t *packed = NULL;
    size_t len = 0;
    int rc = agent_draft(session->agent, txn, index, &request, &why);

    if (rc == ERR_KEY_SHEET_MISSING || rc == ERR_NOT_EVALUATED || rc == ERR_REPORT_SITE_UNKNOWN) {
        command_warn(args, &why);
        return 0;
    }
    if (rc != 0) {
        if (err != NULL) {
            *err = why;
        }
        return rc;
    }
    if ((rc = wire_pack(&packed, &len, &request->base, err)) == 0) {
        printf(SAY(args, "What would leave: about %zu bytes, of which readable by one recipient each:\n",
                   "将要发送：约 %zu 字节，其中仅对应接收方可解密的部分：\n"),
               len);
        print_ciphertext(args, SAY(args, "the leader", "主方"), request->leader);
        print_ciphertext(args, SAY(args, "the helper", "辅方"), request->helper);
    }
    free(packed);
    report_free(&request);
    return rc;
}

static int print_leaving(const struct args *args, struct session *session, size_t index, bool is_kept,
                         struct err *err)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE], hex[HEX_SIZE(DIGEST_SIZE)];
    struct store_txn *txn = NULL;
    struct agent_status status;
    int rc = session_begin(session, &txn, err);

    if (rc != 0 || (rc = agent_status(session->agent, txn, index, calendar_now_ms(), &status, err)) != 0) {
        goto done;
    }
    if (status.has_vector) {
        printf(SAY(args, "Evaluated %d numbers, fingerprint %s\n", "已计算 %d 个数值，指纹 %s\n"),
               task_of(session, index)->num_slots, join_digest_text(fingerprint, status.vector_digest));
    }
    if (!is_kept) {
        puts(SAY(args, "The records differ from what was last evaluated: run evaluate before approving.",
                 "记录与上次计算时不同，批准前请先运行 evaluate。"));
    } else if (status.last.revision != 0 && status.state != AGENT_EVALUATED) {
        printf(SAY(args, "Report revision %" PRIu32 ": %" PRIu32 " bytes, sha256 %s\n",
                   "报告修订版本 %" PRIu32 "：%" PRIu32 " 字节，sha256 %s\n"),
               status.last.revision, status.last.request_len,
               hex_encode(hex, status.last.request_digest, DIGEST_SIZE));
    } else {
        rc = print_draft(args, session, txn, index, err);
    }
done:
    store_abort(&txn);
    return rc;
}

/* Is the vector just made the one that is kept? */
static int compare_kept(struct session *session, size_t index, const struct task_vector *vector,
                        bool *is_kept, struct err *err)
{
    const struct task *task = task_of(session, index);
    struct store_txn *txn = NULL;
    uint64_t *kept = NULL;
    size_t num = 0;
    int rc = session_begin(session, &txn, err);

    if (rc == 0 && (rc = agent_vector(session->agent, txn, index, &kept, err)) == 0) {
        *is_kept = kept != NULL;
        for (int i = 0; kept != NULL && i < task->num_slots; i++) {
            if (task->wire->slots[i]->role != WEFT__V1__ROLE__ROLE_CHANGED) {
                *is_kept &= kept[i] == vector->evaluation.values[num++];
            }
        }
    }
    store_abort(&txn);
    secret_free(kept, (size_t)task->num_slots * sizeof *kept);
    return rc;
}

static void print_vector(const struct task_vector *vector)
{
    char name[192];

    for (size_t i = 0; i < vector->evaluation.num_values; i++) {
        printf("%6zu  %12" PRIu64 "  %s\n", i, vector->evaluation.values[i],
               evaluate_slot_name(&vector->layout, i, name, sizeof name));
    }
}

static int print_preview(const struct args *args, const struct task_vector *vector, struct err *err)
{
    char *text = NULL;
    int rc =
        preview_text(&text, vector->catalogue, &vector->layout, &vector->evaluation, args_lang(args), err);

    if (rc == 0) {
        fputs(text, stdout);
        if (args_flag(args, "vector")) {
            print_vector(vector);
        }
    }
    free(text);
    return rc;
}

int command_preview(const struct args *args, struct err *err)
{
    struct session session = {0};
    struct task_vector vector = {0};
    struct store_txn *txn = NULL;
    bool is_kept = false;
    size_t index = 0;
    int rc;

    if ((rc = session_open(&session, args_value(args, "settings"), SESSION_LOOK, err)) != 0 ||
        (rc = session_pick_task(&session, args_value(args, "task"), &index, err)) != 0 ||
        (rc = session_begin(&session, &txn, err)) != 0 ||
        (rc = task_vector_make(&vector, session.agent, &txn, session.store, index, err)) != 0 ||
        (rc = compare_kept(&session, index, &vector, &is_kept, err)) != 0) {
        goto done;
    }
    command_print_task(args, task_of(&session, index));
    if ((rc = print_preview(args, &vector, err)) == 0 &&
        (rc = print_corrections(args, &session, index, &vector, err)) == 0) {
        rc = print_leaving(args, &session, index, is_kept, err);
    }
done:
    store_abort(&txn);
    task_vector_clear(&vector);
    session_close(&session);
    return rc;
}

/* ---- approve ---- */

/* An approval that can lead to nothing any more would only raise hopes. */
static int check_open(struct session *session, size_t index, struct err *err)
{
    struct agent_status status;
    int rc = session_status(session, index, &status, err);

    if (rc != 0) {
        return rc;
    }
    switch (status.state) {
    case AGENT_CLOSED:
    case AGENT_FROZEN:
    case AGENT_FREEZE_DIFFERS:
    case AGENT_RELEASED:
    case AGENT_VOIDED:
    case AGENT_SUM:
        return err_set(err, ERR_TASK_CLOSED, "task %.16s", task_of(session, index)->hex);
    case AGENT_OVERLAPS:
        return agent_check_alone(session->agent, agent_task_at(session->agent, index), err);
    default:
        return 0;
    }
}

static int approve(const struct args *args, struct session *session, size_t index, struct err *err)
{
    const char *by = args_value(args, "by");
    struct store_txn *txn = NULL;
    int rc = session_begin(session, &txn, err);

    if (rc == 0) {
        rc = args_flag(args, "standing")
                 ? agent_approve_standing(session->agent, txn, index, by, calendar_now_ms(), err)
                 : agent_approve(session->agent, txn, index, by, calendar_now_ms(), err);
    }
    return session_end(session, &txn, rc, err);
}

static int print_approved(const struct args *args, struct session *session, size_t index, struct err *err)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    const struct task *task = task_of(session, index);
    struct agent_status status;
    int rc = session_status(session, index, &status, err);

    if (rc != 0) {
        return rc;
    }
    command_print_task(args, task);
    if (args_flag(args, "standing")) {
        printf(SAY(args, "%s approves whatever is evaluated by catalogue version %s, now and later.\n",
                   "%s 批准按指标库版本 %s 计算的数值（含今后）。\n"),
               args_value(args, "by"), task->wire->catalogue_version);
    }
    if (status.is_approved) {
        printf(SAY(args, "Approved by %s: the numbers with fingerprint %s. Next: weft-node report\n",
                   "已由 %s 批准：指纹为 %s 的数值。下一步：weft-node report\n"),
               status.approved_by, join_digest_text(fingerprint, status.vector_digest));
    }
    return 0;
}

int command_approve(const struct args *args, struct err *err)
{
    struct session session = {0};
    size_t index = 0;
    int rc;

    if ((rc = session_open(&session, args_value(args, "settings"), SESSION_DECIDE, err)) == 0 &&
        (rc = session_pick_task(&session, args_value(args, "task"), &index, err)) == 0 &&
        (args_flag(args, "standing") || (rc = check_open(&session, index, err)) == 0) &&
        (rc = approve(args, &session, index, err)) == 0) {
        rc = print_approved(args, &session, index, err);
    }
    session_close(&session);
    return rc;
}

/* ---- report ---- */

/* May it be different a little later? */
static bool is_passing(int code)
{
    enum err_status status = err_entry(code)->status;

    return status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE_EXCEEDED || code == ERR_BUSY ||
           code == ERR_TASK_NOT_OPEN || code == ERR_TASK_UNKNOWN;
}

/* 0: the receipt is there. -1: go on waiting. Else what stands in the way; not what stood there before `since_ms`. */
static int judge(struct session *session, size_t index, const struct agent_status *status, int64_t since_ms,
                 struct err *err)
{
    struct store_txn *txn = NULL;
    int rc;

    switch (status->state) {
    case AGENT_ACCEPTED:
    case AGENT_FROZEN:
    case AGENT_RELEASED:
        return 0;
    case AGENT_FREEZE_DIFFERS:
        return status->accepted.revision == 0
                   ? err_set(err, ERR_STORE_RESTORED, "the frozen list holds a report unknown here")
                   : err_set(err, ERR_NOT_IN_FREEZE, "revision %" PRIu32, status->accepted.revision);
    case AGENT_REJECTED:
        *err = status->last.failure;
        return err->code != 0 ? err->code
                              : err_set(err, ERR_REPORT_REJECTED, "revision %" PRIu32 ", reason %d",
                                        status->last.revision, (int)status->last.reason);
    case AGENT_SENDING:
        *err = status->last.failure;
        if (err->code == 0) {
            err_set(err, ERR_REPORT_WAITING, "revision %" PRIu32, status->last.revision);
        }
        return is_passing(err->code) || err->code == ERR_RECEIPT_INVALID || status->last.answered_ms < since_ms
                   ? -1
                   : err->code;
    default:
        break;
    }
    if ((rc = session_begin(session, &txn, err)) == 0) {
        rc = agent_check_ready(session->agent, txn, index, calendar_now_ms(), err);
    }
    store_abort(&txn);
    return rc == 0 || is_passing(rc) ? -1 : rc;
}

static void rest(const struct session *session, int64_t deadline_ms)
{
    int64_t now = calendar_now_ms(), until = agent_next_ms(session->agent);
    struct timespec time;

    if (until > deadline_ms) {
        until = deadline_ms;
    }
    if (until > now + 500) {
        until = now + 500;
    }
    if (until < now + 5) {
        until = now + 5;
    }
    time = (struct timespec){(until - now) / 1000, (long)((until - now) % 1000) * 1000000};
    nanosleep(&time, NULL);
}

static int wait_for_receipt(struct session *session, size_t index, int64_t deadline_ms,
                            struct agent_status *status, struct err *err)
{
    struct err why = {0}, unreachable = {0};
    int64_t began_ms = calendar_now_ms();
    size_t num;
    int rc;

    for (;;) {
        if ((rc = session_status(session, index, status, &why)) != 0 ||
            (rc = judge(session, index, status, began_ms, &why)) >= 0) {
            break;
        }
        if (calendar_now_ms() >= deadline_ms) {
            why = why.code == 0 || why.code == ERR_KEY_SHEET_MISSING
                      ? (unreachable.code != 0 ? unreachable : why)
                      : why;
            rc = why.code != 0 ? why.code : err_set(&why, ERR_DEADLINE, "no receipt yet");
            break;
        }
        if ((rc = session_pass(session, calendar_now_ms(), &num, &why)) != 0) {
            break;
        }
        unreachable = session->failure;
        if (unreachable.code != 0 && !is_passing(unreachable.code) && status->state != AGENT_SENDING &&
            status->state != AGENT_APPROVED) {
            why = unreachable;
            rc = why.code;
            break;
        }
        if (num == 0) {
            rest(session, deadline_ms);
        }
    }
    if (rc != 0 && err != NULL) {
        *err = why;
    }
    return rc;
}

static void print_receipt(const struct args *args, const struct session *session, size_t index,
                          const struct agent_report *report)
{
    char hex[HEX_SIZE(DIGEST_SIZE)], time_text[COMMAND_TIME_SIZE];

    command_print_task(args, task_of(session, index));
    printf(SAY(args,
               "Accepted by leader and helper: revision %" PRIu32 ", %" PRIu32 " bytes, sha256 %s\n"
               "Receipt signed by both, received %s. Every byte string that left is listed in %s\n",
               "主方与辅方均已接收：修订版本 %" PRIu32 "，%" PRIu32 " 字节，sha256 %s\n"
               "双方签名的回执已于 %s 收到。离开本院的每段字节均列于 %s\n"),
           report->revision, report->request_len, hex_encode(hex, report->request_digest, DIGEST_SIZE),
           command_time(time_text, report->answered_ms), egress_path(session->egress));
}

static int timeout_of(const struct args *args, int64_t *timeout_ms, struct err *err)
{
    const char *text = args_value(args, "timeout");
    struct yaml *yaml = NULL;
    int rc;

    *timeout_ms = 30000;
    if (text == NULL) {
        return 0;
    }
    if ((rc = yaml_load(&yaml, "--timeout", text, strlen(text), NULL)) == 0) {
        rc = yaml_as_duration(yaml_root(yaml), timeout_ms, 0, 3600000, NULL);
    }
    yaml_unload(&yaml);
    return rc == 0 ? 0
                   : err_set(err, ERR_USAGE, "--timeout is a duration up to 1h such as 30s, not %.32s", text);
}

int command_report(const struct args *args, struct err *err)
{
    struct session session = {0};
    struct agent_status status;
    const char *prefix = args_value(args, "task");
    int64_t timeout_ms;
    size_t index = 0;
    int rc;

    if (args_value(args, "to-file") != NULL) {
        return command_report_to_file(args, args_value(args, "to-file"), err);
    }
    if ((rc = timeout_of(args, &timeout_ms, err)) != 0 ||
        (rc = session_open(&session, args_value(args, "settings"), SESSION_TALK, err)) != 0) {
        return rc;
    }
    rc = session_pick_task(&session, prefix, &index, err);
    if (rc == ERR_TASK_UNKNOWN && (rc = session_pull(&session, err)) == 0) {
        rc = session_pick_task(&session, prefix, &index, err);
    }
    if (rc == 0 &&
        (rc = wait_for_receipt(&session, index, calendar_now_ms() + timeout_ms, &status, err)) == 0) {
        print_receipt(args, &session, index, &status.accepted);
    }
    session_close(&session);
    return rc;
}
