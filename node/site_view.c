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

/* It speaks of every area that the root's plan opens, once, and of no other. */
static int check_areas(const struct view *view, int root, const Weft__V1__Pattern *pattern, struct err *err)
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
        bool is_of_root = view_root_of(view, area) == root;
        if (seen[area] != (is_of_root && view_opening_is_allowed(view, &total))) {
            rc = malformed("its areas are not those of the plan", err);
        }
    }
    free(seen);
    return rc;
}

static int check_pattern(const struct view *view, const Weft__V1__Document *document,
                         const Weft__V1__Pattern *pattern, int root, struct err *err)
{
    const struct roster_area *area = &view->roster->areas[root];
    const struct view_document *plan = view_held(view, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_PLAN, root);

    if (!signed_by(view, document, area->leader) || !signed_by(view, document, area->helper)) {
        return err_set(err, ERR_DOCUMENT_SIGNATURE, "pattern");
    }
    if (plan->document == NULL) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "pattern needs the plan");
    }
    if (!is_digest(&pattern->task_id, view->task->id) ||
        !is_digest(&pattern->plan_digest, plan->digest)) {
        return malformed("task or plan", err);
    }
    return check_areas(view, root, pattern, err);
}

/* Takes *body. */
static int hold_pattern(struct view *view, const Weft__V1__Document *document, int root, ProtobufCMessage **body,
                        struct err *err)
{
    struct view_document *held = (struct view_document *)(uintptr_t)view_held(view, PATTERN, root);
    const Weft__V1__Pattern *pattern = (const Weft__V1__Pattern *)*body;
    size_t num = (size_t)view->task->num_cells;
    int rc;

    if (held->document != NULL) {
        return document_same_body(held->document, document)
                   ? 0
                   : err_set(err, ERR_DOCUMENT_CONFLICT, "pattern");
    }
    if ((rc = document_copy(&held->document, document, err)) != 0) {
        return rc;
    }
    document_digest(held->digest, document);
    for (size_t i = 0; i < pattern->n_areas; i++) {
        size_t area = (size_t)roster_find_area(view->roster, pattern->areas[i]->area);
        memcpy(view->suppressed + area * num, pattern->areas[i]->suppressed.data, num);
    }
    view_keep_standing(view);
    held->body = *body;
    *body = NULL;
    return 0;
}

int site_view_add(struct view *view, const Weft__V1__Document *document, struct err *err)
{
    ProtobufCMessage *body = NULL;
    bool is_late;
    int root, rc;

    if (document->type != PATTERN) {
        return view_add(view, document, err);
    }
    if ((rc = document_body(&body, document, PATTERN, err)) != 0) {
        return rc;
    }
    root = view_root_named(view, ((const Weft__V1__Pattern *)body)->area, &is_late);
    if (root == NONE) {
        rc = malformed("area", err);
    } else if ((rc = check_pattern(view, document, (const Weft__V1__Pattern *)body, root, err)) == 0 &&
        (rc = view_check_time(view, document, body, err)) == 0) {
        rc = hold_pattern(view, document, root, &body, err);
    }
    wire_free(&body);
    return rc;
}
