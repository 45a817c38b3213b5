/* view_pattern.c - the suppression pattern of a task: which cells of which areas are hidden, computed for the whole
 * tree from the states that collectors signed (pattern.h says how). */
#include "audit/view_internal.h"

#include <stdlib.h>

#include "base/wire.h"
#include "audit/pattern_revised.h"

static int write_pattern(const struct pattern *table, const struct pattern_layer *own,
                         Weft__V1__Document **document, struct err *err)
{
    const struct view *view = own->view;
    size_t num_areas = (size_t)view->roster->num_areas, num_cells = (size_t)view->task->num_cells;
    Weft__V1__Pattern pattern = WEFT__V1__PATTERN__INIT;
    Weft__V1__AreaPattern *areas = calloc(num_areas, sizeof *areas);
    Weft__V1__AreaPattern **area_list = calloc(num_areas, sizeof *area_list);
    Weft__V1__AreaDigest *digests = calloc(num_areas, sizeof *digests);
    Weft__V1__AreaDigest **digest_list = calloc(num_areas, sizeof *digest_list);
    uint8_t *suppressed = calloc(num_areas, num_cells);
    int rc = 0;

    if (areas == NULL || area_list == NULL || digests == NULL || digest_list == NULL || suppressed == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "pattern");
        goto done;
    }
    for (size_t area = 0; area < num_areas; area++) {
        struct opening opening = {(int)area, SCOPE(TOTAL), STAGE(VALUES)};
        char *code = view->roster->areas[area].wire->code;
        uint8_t *bytes = suppressed + area * num_cells;

        if (!view_opening_is_allowed(view, &opening)) {
            continue;
        }
        for (size_t c = 0; c < num_cells; c++) {
            bytes[c] = pattern_is_hidden(table, own, (int)area, (int)c);
        }
        weft__v1__area_pattern__init(&areas[pattern.n_areas]);
        areas[pattern.n_areas].area = code;
        areas[pattern.n_areas].suppressed = (ProtobufCBinaryData){num_cells, bytes};
        area_list[pattern.n_areas] = &areas[pattern.n_areas];
        pattern.n_areas++;
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
    pattern.plan_digest = (ProtobufCBinaryData){DIGEST_SIZE, (uint8_t *)(uintptr_t)view->plan.digest};
    pattern.states = digest_list;
    pattern.areas = area_list;
    rc = document_new(document, DOC(PATTERN), &pattern.base, err);
done:
    free(areas);
    free(area_list);
    free(digests);
    free(digest_list);
    free(suppressed);
    return rc;
}

int view_build_pattern_from(const struct view *view, const bool *use_states, Weft__V1__Document **document,
                            struct err *err)
{
    struct pattern_layer own = {.view = view, .use_states = use_states};
    struct pattern table = {0};
    struct pattern_chain chain = {0};
    int rc;

    if ((rc = pattern_add_layer(&table, &own, err)) == 0 &&
        (rc = pattern_add_revised(&table, &own, &chain, err)) == 0 && (rc = pattern_run(&table, err)) == 0) {
        rc = write_pattern(&table, &own, document, err);
    }
    pattern_clear(&table);
    pattern_chain_clear(&chain);
    return rc;
}
