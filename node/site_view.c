/* site_view.c - view_add, with a pattern that is believed instead of recomputed. */
#include "node/site_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

#define PATTERN WEFT__V1__DOCUMENT_TYPE__DOCUMENT_PATTERN

static int malformed(const char *what, struct err *err)
{
    return err_set(err, ERR_DOCUMENT_MALFORMED, "pattern: %s", what);
}

static bool is_digest(const ProtobufCBinaryData *data, const uint8_t digest_bytes[DIGEST_SIZE])
{
    return data->len == DIGEST_SIZE && memcmp(data->data, digest_bytes, DIGEST_SIZE) == 0;
}

static bool signed_by(const struct view *view, const Weft__V1__Document *document, int coordinator)
{
    const Weft__V1__Coordinator *wire = view->roster->coordinators[coordinator].wire;

    return document_is_signed(document, wire->id, wire->sign_key.data);
}

static bool is_cells(const ProtobufCBinaryData *cells, const struct task *task)
{
    for (size_t i = 0; i < cells->len; i++) {
        if (cells->data[i] > 1) {
            return false;
        }
    }
    return cells->len == (size_t)task->num_cells;
}

/* It speaks of every area that the plan opens, once, and of no other. */
static int check_areas(const struct view *view, const Weft__V1__Pattern *pattern, struct err *err)
{
    bool *seen = calloc((size_t)view->roster->num_areas, sizeof *seen);
    int rc = seen == NULL ? err_set(err, ERR_NO_MEMORY, "pattern") : 0;

    for (size_t i = 0; rc == 0 && i < pattern->n_areas; i++) {
        int area = roster_find_area(view->roster, pattern->areas[i]->area);
        if (area == NONE || seen[area] || !is_cells(&pattern->areas[i]->suppressed, view->task)) {
            rc = malformed("an area", err);
        } else {
            seen[area] = true;
        }
    }
    for (int area = 0; rc == 0 && area < view->roster->num_areas; area++) {
        struct opening total = {area, WEFT__V1__SCOPE__SCOPE_TOTAL, WEFT__V1__STAGE__STAGE_VALUES};
        if (seen[area] != view_opening_is_allowed(view, &total)) {
            rc = malformed("its areas are not those of the plan", err);
        }
    }
    free(seen);
    return rc;
}

static int check_pattern(const struct view *view, const Weft__V1__Document *document,
                         const Weft__V1__Pattern *pattern, struct err *err)
{
    const struct roster_area *top = &view->roster->areas[view->roster->top];

    if (!signed_by(view, document, top->leader) || !signed_by(view, document, top->helper)) {
        return err_set(err, ERR_DOCUMENT_SIGNATURE, "pattern");
    }
    if (view->plan.document == NULL) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "pattern needs the plan");
    }
    if (!is_digest(&pattern->task_id, view->task->id) ||
        !is_digest(&pattern->plan_digest, view->plan.digest)) {
        return malformed("task or plan", err);
    }
    return check_areas(view, pattern, err);
}

/* Takes *body. */
static int hold_pattern(struct view *view, const Weft__V1__Document *document, ProtobufCMessage **body,
                        struct err *err)
{
    const Weft__V1__Pattern *pattern = (const Weft__V1__Pattern *)*body;
    size_t num = (size_t)view->task->num_cells;
    int rc;

    if (view->pattern.document != NULL) {
        return document_same_body(view->pattern.document, document)
                   ? 0
                   : err_set(err, ERR_DOCUMENT_CONFLICT, "pattern");
    }
    if ((rc = document_copy(&view->pattern.document, document, err)) != 0) {
        return rc;
    }
    document_digest(view->pattern.digest, document);
    for (size_t i = 0; i < pattern->n_areas; i++) {
        size_t area = (size_t)roster_find_area(view->roster, pattern->areas[i]->area);
        memcpy(view->suppressed + area * num, pattern->areas[i]->suppressed.data, num);
    }
    view_keep_standing(view);
    view->pattern.body = *body;
    *body = NULL;
    return 0;
}

int site_view_add(struct view *view, const Weft__V1__Document *document, struct err *err)
{
    ProtobufCMessage *body = NULL;
    int rc;

    if (document->type != PATTERN) {
        return view_add(view, document, err);
    }
    if ((rc = document_body(&body, document, PATTERN, err)) == 0 &&
        (rc = check_pattern(view, document, (const Weft__V1__Pattern *)body, err)) == 0 &&
        (rc = view_check_time(view, document, body, err)) == 0) {
        rc = hold_pattern(view, document, &body, err);
    }
    wire_free(&body);
    return rc;
}
