/* commands_parcel.c - a hospital without a network: reports leave and answers come as files. */
#include "node/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/file.h"
#include "base/parcel.h"
#include "base/wire.h"

/* ---- take ---- */

int command_take(const struct args *args, struct err *err)
{
    struct session session = {0};
    struct store_txn *txn = NULL;
    Weft__V1__Parcel *parcel = NULL;
    int rc;

    if ((rc = parcel_read(&parcel, args_operand(args, 0), err)) != 0) {
        return rc;
    }
    if ((rc = session_open(&session, args_value(args, "settings"), SESSION_DECIDE, err)) == 0 &&
        (rc = session_begin(&session, &txn, err)) == 0) {
        rc = agent_take(session.agent, txn, parcel, calendar_now_ms(), err);
        rc = session_end(&session, &txn, rc, err);
    }
    if (rc == 0) {
        printf(SAY(args, "Taken: %zu tasks. Next: weft-node status\n", "已接收：任务 %zu 个。下一步：weft-node status\n"),
               parcel->n_tasks);
    }
    session_close(&session);
    wire_free(&parcel);
    return rc;
}

/* ---- report --to-file ---- */

static int build(struct session *session, size_t index, Weft__V1__SubmitRequest **request, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc = session_begin(session, &txn, err);

    if (rc == 0) {
        rc = agent_report_for_file(session->agent, txn, index, calendar_now_ms(), request, err);
    }
    return session_end(session, &txn, rc, err);
}

static int log_and_write(struct session *session, size_t index, Weft__V1__SubmitRequest *request, const char *file,
                         size_t *len, struct err *err)
{
    Weft__V1__Parcel parcel = WEFT__V1__PARCEL__INIT;
    uint8_t *bytes = NULL;
    int rc;

    parcel.site = session->identity.id;
    parcel.report = request;
    if ((rc = wire_pack(&bytes, len, &request->base, err)) == 0 &&
        (rc = session_log_file(session, agent_task_at(session->agent, index)->task, bytes, *len, err)) == 0) {
        rc = parcel_write(file, &parcel, err);
    }
    free(bytes);
    return rc;
}

int command_report_to_file(const struct args *args, const char *file, struct err *err)
{
    struct session session = {0};
    Weft__V1__SubmitRequest *request = NULL;
    size_t index = 0, len = 0;
    int rc;

    if (file_exists(file)) {
        return err_set(err, ERR_FILE_EXISTS, "%s", file);
    }
    if ((rc = session_open(&session, args_value(args, "settings"), SESSION_DECIDE, err)) == 0 &&
        (rc = session_pick_task(&session, args_value(args, "task"), &index, err)) == 0 &&
        (rc = build(&session, index, &request, err)) == 0 &&
        (rc = log_and_write(&session, index, request, file, &len, err)) == 0) {
        command_print_task(args, agent_task_at(session.agent, index)->task);
        printf(SAY(args,
                   "The sealed report, %zu bytes, is in %s and listed in %s\n"
                   "Take it to the leader (weft-coordinator accept); its receipt comes back as a file (weft-node take).\n",
                   "密封的报告（%zu 字节）已写入 %s，并列于 %s\n"
                   "请送交主方（weft-coordinator accept）；回执以文件返回（weft-node take）。\n"),
               len, file, egress_path(session.egress));
    }
    wire_free(&request);
    session_close(&session);
    return rc;
}
