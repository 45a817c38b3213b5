/* notes.c - "known error" beside a released total: what the operator of its leader says, signed by its pair.
 *
 *     operator   Note     the text, kept until it is signed; again before that: another text instead
 *     leader     CoSign   proposes it (cosign.c); the helper's program signs what keeps the rules of view_check.c:
 *                         the total is released, the text holds no digits
 *
 * Notes of one total are numbered; a later one follows on the one before. */
#include "coordinator/core_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/wire.h"

#define DOC(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

static int find_total(const struct core *core, const Weft__V1__NoteRequest *request, struct core_task **task,
                      struct err *err)
{
    int area;

    *task = core_find_task(core, &request->task_id);
    if (*task == NULL || (*task)->self == NONE) {
        return err_set(err, ERR_TASK_UNKNOWN, "for a note");
    }
    area = roster_find_area((*task)->roster, request->area);
    return area != NONE && (*task)->roster->areas[area].leader == (*task)->self
               ? 0
               : err_set(err, ERR_NOT_ALLOWED, "area %s is not led here", request->area);
}

static uint32_t next_number(const struct view *view, const char *area, const char *indicator)
{
    uint32_t number = 1;

    while (view_note(view, area, indicator, number) != NULL) {
        number++;
    }
    return number;
}

int notes_serve(struct core *core, struct db *db, const Weft__V1__NoteRequest *request, int64_t now_ms,
                ProtobufCMessage **response, struct err *err)
{
    Weft__V1__NoteReply reply = WEFT__V1__NOTE_REPLY__INIT;
    Weft__V1__Note note = WEFT__V1__NOTE__INIT;
    Weft__V1__Document *document = NULL;
    struct core_task *task;
    char name[VIEW_KEY_MAX];
    int rc;

    if ((rc = find_total(core, request, &task, err)) != 0) {
        return rc;
    }
    note.task_id = request->task_id;
    note.area = request->area;
    note.indicator = request->indicator;
    note.text_zh = request->text_zh;
    note.text_en = request->text_en;
    note.number = reply.number = next_number(task->view, request->area, request->indicator);
    if ((rc = document_new(&document, DOC(NOTE), &note.base, err)) == 0 &&
        (rc = view_stamp(task->view, &document, now_ms, err)) == 0 &&
        (rc = view_check(task->view, document, err)) == 0 &&
        (rc = view_document_key(name, document, err)) == 0 &&
        (rc = db_put_note(db, task->task->id, name, document, err)) == 0) {
        task->is_dirty = true;
        rc = core_own_message(response, &reply.base, err);
    }
    document_free(&document);
    return rc;
}

/* Of one that is kept: ask the helper, or forget it once it is signed. */
static int propose(struct core_round *round, struct core_task *task, const char *name,
                   Weft__V1__Document **document, bool *is_done, struct err *err)
{
    Weft__V1__Note *note = NULL;
    char key[256], hex[HEX_SIZE(8)];
    int rc;

    if ((rc = document_body((ProtobufCMessage **)&note, *document, DOC(NOTE), err)) != 0) {
        return rc;
    }
    snprintf(key, sizeof key, "cosign %s note %s", hex_encode(hex, task->task->id, 8), name);
    *is_done = view_note(task->view, note->area, note->indicator, note->number) != NULL;
    if (!*is_done && round_wants(round, key)) {
        rc = cosign_ask(round, task, roster_find_area(task->roster, note->area), key, document, err);
    }
    wire_free(&note);
    return rc;
}

int notes_due(struct core_round *round, struct core_task *task, struct err *err)
{
    char name[VIEW_KEY_MAX] = "";
    Weft__V1__Document *document = NULL;
    bool is_done = false;
    int rc;

    while ((rc = db_next_note(&round->db, task->task->id, name, &document, err)) == 0 && document != NULL) {
        rc = propose(round, task, name, &document, &is_done, err);
        document_free(&document);
        if (rc != 0 || (is_done && (rc = db_delete_note(&round->db, task->task->id, name, err)) != 0)) {
            return rc;
        }
    }
    return rc;
}
