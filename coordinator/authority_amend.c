/* authority_amend.c - the draft of an amendment: all times of a task moved later by one duration. */
#include <inttypes.h>
#include <string.h>

#include "base/calendar.h"
#include "base/wire.h"
#include "coordinator/authority.h"
#include "coordinator/authority_times.h"

#define TYPE(name)       WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define TEXT(text)       ((char *)(uintptr_t)(text)) /* protobuf-c's structs are not const */
#define MAX_REASON_BYTES 1024

static int load_as(ProtobufCMessage **body, Weft__V1__Document **document, Weft__V1__DocumentType type,
                   const char *path, struct err *err)
{
    int rc = authority_load(document, path, err);

    if (rc == 0 && (*document)->type != type)
        rc = err_set(err, ERR_USAGE, "%s is a %s, not a %s", path, document_type_name((*document)->type),
                     document_type_name(type));
    return rc != 0 ? rc : document_body(body, *document, type, err);
}

/* The times as they stand: the task's, or those of the amendment before. */
static void times_of_task(Weft__V1__Amendment *out, const Weft__V1__Task *task)
{
    out->due_ms = task->due_ms != 0 ? task->due_ms : task->close_ms;
    out->close_ms = task->close_ms;
    out->order_ms = task->order_ms;
    out->plan_ms = task->plan_ms;
    out->pattern_ms = task->pattern_ms;
    out->retention_ms = task->retention_ms;
}

static int times_of_previous(Weft__V1__Amendment *out, const Weft__V1__Amendment *previous, struct err *err)
{
    if (previous->task_id.len != DIGEST_SIZE ||
        memcmp(previous->task_id.data, out->task_id.data, DIGEST_SIZE) != 0)
        return err_set(err, ERR_USAGE, "--previous amends another task");
    out->number = previous->number;
    out->due_ms = previous->due_ms;
    out->close_ms = previous->close_ms;
    out->order_ms = previous->order_ms;
    out->plan_ms = previous->plan_ms;
    out->pattern_ms = previous->pattern_ms;
    out->retention_ms = previous->retention_ms;
    return 0;
}

static void shift(Weft__V1__Amendment *out, int64_t by_ms, bool keeps_due)
{
    out->number++;
    out->due_ms += keeps_due ? 0 : by_ms;
    out->close_ms += by_ms;
    out->order_ms += by_ms;
    out->plan_ms += by_ms;
    out->pattern_ms += by_ms;
    out->retention_ms += by_ms;
}

static int save(const Weft__V1__Amendment *wire, const struct args *args, struct err *err)
{
    Weft__V1__Document *document = NULL;
    int rc = document_new(&document, TYPE(AMENDMENT), &wire->base, err);

    if (rc == 0 && (rc = authority_save_new(document, args_value(args, "out"), err)) == 0)
        rc = authority_summary(stdout, document, args_lang(args), err);
    document_free(&document);
    return rc;
}

int authority_amend(const struct args *args, struct err *err)
{
    const char *reason = args_value(args, "reason"), *previous_path = args_value(args, "previous");
    Weft__V1__Document *task = NULL, *previous = NULL;
    ProtobufCMessage *task_body = NULL, *previous_body = NULL;
    Weft__V1__Amendment wire = WEFT__V1__AMENDMENT__INIT;
    uint8_t id[DIGEST_SIZE];
    int64_t by_ms;
    int rc;

    if (reason[0] == '\0' || strlen(reason) > MAX_REASON_BYTES)
        return err_set(err, ERR_USAGE, "--reason: 1 to %d bytes", MAX_REASON_BYTES);
    if (!authority_duration(&by_ms, args_value(args, "by")))
        return err_set(err, ERR_BAD_TIME, "--by: + and digits and s, m, h or d, like +3d");
    if ((rc = load_as(&task_body, &task, TYPE(TASK), args_value(args, "task"), err)) != 0)
        goto done;
    document_digest(id, task);
    wire.task_id = (ProtobufCBinaryData){.len = sizeof id, .data = id};
    wire.reason = TEXT(reason);
    wire.issued_ms = calendar_now_ms();
    times_of_task(&wire, (const Weft__V1__Task *)task_body);
    if (previous_path != NULL &&
        ((rc = load_as(&previous_body, &previous, TYPE(AMENDMENT), previous_path, err)) != 0 ||
         (rc = times_of_previous(&wire, (const Weft__V1__Amendment *)previous_body, err)) != 0))
        goto done;
    shift(&wire, by_ms, args_flag(args, "keep-due"));
    rc = save(&wire, args, err);

done:
    wire_free(&previous_body);
    wire_free(&task_body);
    document_free(&previous);
    document_free(&task);
    return rc;
}
