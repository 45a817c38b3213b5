/* commands_events.c - weft-node events: what happened in a task, from its public documents. */
#include "node/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/events.h"
#include "base/calendar.h"
#include "base/json.h"

#define SIGNERS_MAX (4 * ID_MAX)

static void print_event(const struct args *args, const struct view *view, const struct event *event)
{
    char time[COMMAND_TIME_SIZE], signers[SIGNERS_MAX];

    printf("  %-25s  %s", event->time_ms == 0 ? "-" : command_time(time, event->time_ms),
           event_text(event->kind, args_lang(args)));
    if (event->area != NONE) {
        printf("  %s", view->roster->areas[event->area].wire->code);
    }
    if (event->document != NULL) {
        printf("  [%s]", event_signers(event, signers, sizeof signers));
    }
    putchar('\n');
}

static int print_events(const struct args *args, const struct agent_task *task, struct err *err)
{
    struct event *events = NULL;
    struct json json;
    size_t num = 0;
    int rc = events_of(&events, &num, task->view, calendar_now_ms(), err);

    if (rc != 0) {
        return rc;
    }
    if (args_flag(args, "json")) {
        json = json_begin(stdout);
        json_object(&json, NULL);
        json_text(&json, "task", task->task->hex);
        json_array(&json, "events");
        for (size_t i = 0; i < num; i++) {
            event_write(&json, task->view, &events[i]);
        }
        json_end(&json);
        json_end(&json);
        rc = json_finish(&json) ? 0 : err_set(err, ERR_FILE_WRITE, "standard output");
    } else {
        command_print_task(args, task->task);
        for (size_t i = 0; i < num; i++) {
            print_event(args, task->view, &events[i]);
        }
    }
    free(events);
    return rc;
}

int command_events(const struct args *args, struct err *err)
{
    struct session session = {0};
    size_t index = 0;
    int rc;

    if ((rc = session_open(&session, args_value(args, "settings"), SESSION_LOOK, err)) == 0 &&
        (rc = session_pick_task(&session, args_operand(args, 0), &index, err)) == 0) {
        rc = print_events(args, agent_task_at(session.agent, index), err);
    }
    session_close(&session);
    return rc;
}
