/* view_pattern.c - the suppression pattern of a task: which cells of which areas are hidden, computed for the whole
 * tree from the states that collectors signed (pattern.h says how). */
#include "audit/view_internal.h"

#include <stdlib.h>

#include "base/wire.h"
#include "audit/pattern_context.h"

static ProtobufCBinaryData borrow(const uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

static void name_context(Weft__V1__Pattern *pattern, const struct pattern_context *context,
                         Weft__V1__PartDigest *others, Weft__V1__PartDigest **list)
{
    for (size_t i = 0; i < context->num; i++) {
        const struct view *view = context->views[i];
        weft__v1__part_digest__init(&others[i]);
        others[i].task_id = borrow(view->task->id, TASK_ID_SIZE);
        others[i].plan_digest = borrow(view->plan.digest, DIGEST_SIZE);
        others[i].pattern_digest = borrow(view->pattern.digest, DIGEST_SIZE);
        list[i] = &others[i];
    }
    pattern->others = list;
    pattern->n_others = context->num;
}

static int write_pattern(const struct pattern *table, const struct pattern_layer *own, int root,
                         const struct pattern_context *context, Weft__V1__Document **document,
                         struct err *err)
{
    const struct view *view = own->view;
    size_t num_areas = (size_t)view->roster->num_areas, num_cells = (size_t)view->task->num_cells;
    Weft__V1__Pattern pattern = WEFT__V1__PATTERN__INIT;
    Weft__V1__AreaPattern *areas = calloc(num_areas, sizeof *areas);
    Weft__V1__AreaPattern **area_list = calloc(num_areas, sizeof *area_list);
    Weft__V1__AreaDigest *digests = calloc(num_areas, sizeof *digests);
    Weft__V1__AreaDigest **digest_list = calloc(num_areas, sizeof *digest_list);
    Weft__V1__PartDigest *others = calloc(context->num + 1, sizeof *others);
    Weft__V1__PartDigest **other_list = calloc(context->num + 1, sizeof(Weft__V1__PartDigest *));
    uint8_t *suppressed = calloc(num_areas, num_cells);
    int rc = 0;

    if (others == NULL || other_list == NULL || areas == NULL || area_list == NULL || digests == NULL || digest_list == NULL || suppressed == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "pattern");
        goto done;
    }
    for (size_t area = 0; area < num_areas; area++) {
        struct opening opening = {(int)area, SCOPE(TOTAL), STAGE(VALUES)};
        char *code = view->roster->areas[area].wire->code;
        uint8_t *bytes = suppressed + area * num_cells;

        if (!view_opening_is_allowed(view, &opening) || !view_takes_part(view, root, (int)area)) {
            continue;
        }
        for (size_t c = 0; c < num_cells; c++) {
            bytes[c] = pattern_is_hidden(table, own, (int)area, (int)c);
        }
        if (!view_is_settled(view, root, (int)area)) {
            weft__v1__area_pattern__init(&areas[pattern.n_areas]);
            areas[pattern.n_areas].area = code;
            areas[pattern.n_areas].suppressed = (ProtobufCBinaryData){num_cells, bytes};
            area_list[pattern.n_areas] = &areas[pattern.n_areas];
            pattern.n_areas++;
        }
        if (own->use_states[area] && view->states[area].document != NULL) {
            weft__v1__area_digest__init(&digests[pattern.n_states]);
            digests[pattern.n_states].area = code;
            digests[pattern.n_states].digest =
                (ProtobufCBinaryData){DIGEST_SIZE, (uint8_t *)(uintptr_t)view->states[area].digest};
            digest_list[pattern.n_states] = &digests[pattern.n_states];
            pattern.n_states++;
        }
    }
    pattern.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, (uint8_t *)(uintptr_t)view->task->id};
    pattern.plan_digest =
        (ProtobufCBinaryData){DIGEST_SIZE, (uint8_t *)(uintptr_t)view_held(view, DOC(PLAN), root)->digest};
    pattern.area = ((const Weft__V1__Plan *)view_held(view, DOC(PLAN), root)->body)->area;
    name_context(&pattern, context, others, other_list);
    pattern.states = digest_list;
    pattern.areas = area_list;
    rc = document_new(document, DOC(PATTERN), &pattern.base, err);
done:
    free(others);
    free(other_list);
    free(areas);
    free(area_list);
    free(digests);
    free(digest_list);
    free(suppressed);
    return rc;
}

int view_build_pattern_from(const struct view *view, int root, const bool *use_states,
                            const struct pattern_context *others, Weft__V1__Document **document,
                            struct err *err)
{
    size_t num_areas = (size_t)view->roster->num_areas;
    bool *takes_part = calloc(2 * num_areas, sizeof *takes_part), *settled = takes_part + num_areas;
    struct pattern_layer own = {.view = view,
                                .use_states = use_states,
                                .takes_part = takes_part,
                                .is_fixed = settled,
                                .suppressed = view->suppressed};
    struct pattern_layers layers = {0};
    struct pattern table = {0};
    int rc;

    if (takes_part == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    for (size_t area = 0; area < num_areas; area++) {
        takes_part[area] = view_takes_part(view, root, (int)area);
        settled[area] = view_is_settled(view, root, (int)area);
    }
    if ((rc = pattern_add_layer(&table, &own, err)) == 0 &&
        (rc = pattern_add_context(&table, &own, others, &layers, err)) == 0 &&
        (rc = pattern_run(&table, err)) == 0) {
        rc = write_pattern(&table, &own, root, others, document, err);
    }
    pattern_clear(&table);
    pattern_layers_clear(&layers);
    free(takes_part);
    return rc;
}

int view_build_pattern(const struct view *view, int root, Weft__V1__Document **document, struct err *err)
{
    bool *use = calloc((size_t)view->roster->num_areas, sizeof *use);
    struct pattern_context others = {0};
    int rc = use == NULL ? err_set(err, ERR_NO_MEMORY, "pattern") : pattern_context_held(&others, view, err);

    for (int area = 0; rc == 0 && area < view->roster->num_areas; area++) {
        use[area] = view->states[area].document != NULL && view_takes_part(view, root, area);
    }
    if (rc == 0) {
        rc = view_build_pattern_from(view, root, use, &others, document, err);
    }
    pattern_context_clear(&others);
    free(use);
    return rc;
}
