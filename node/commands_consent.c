/* commands_consent.c - the hospital's word that its correction may be seen. */
#include "node/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"

#define MAX_INDICATORS 1000

static const char text_en[] = "The change of this hospital's numbers in these indicators may be seen by everyone as "
                              "the difference of two published totals.";
static const char text_zh[] = "本院同意：所列指标中本院数值的变化，可由两次公布的合计之差看出。";

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int keep_consent(const struct args *args, struct session *session, size_t index, struct err *err)
{
    const char *indicators[MAX_INDICATORS];
    size_t num = args_values(args, "indicator", indicators, MAX_INDICATORS);
    struct store_txn *txn = NULL;
    int rc;

    qsort(indicators, num, sizeof indicators[0], by_text);
    if ((rc = session_begin(session, &txn, err)) == 0) {
        rc = agent_consent(session->agent, txn, index, (char *const *)(uintptr_t)indicators, num, SAY(args, text_en, text_zh),
                           calendar_now_ms(), err);
        rc = session_end(session, &txn, rc, err);
    }
    return rc;
}

int command_consent(const struct args *args, struct err *err)
{
    struct session session = {0};
    size_t index = 0;
    int rc;

    if ((rc = session_open(&session, args_value(args, "settings"), SESSION_DECIDE, err)) != 0 ||
        (rc = session_pick_task(&session, args_value(args, "task"), &index, err)) != 0) {
        goto done;
    }
    command_print_task(args, agent_task_at(session.agent, index)->task);
    puts(SAY(args, text_en, text_zh));
    if (strcmp(args_value(args, "confirm"), session.identity.id) != 0) {
        rc = err_set(err, ERR_USAGE, "--confirm must be this hospital's id; nothing was signed");
        goto done;
    }
    if ((rc = keep_consent(args, &session, index, err)) == 0) {
        puts(SAY(args, "Signed. It goes to the leader with the next calls (report or run).",
                 "已签署，将随下一次通信（report 或 run）送达主方。"));
    }
done:
    session_close(&session);
    return rc;
}
