/* pattern_context.c - the tasks that add up with one, and the lines between their cells. */
#include "audit/pattern_context.h"

#include <stdlib.h>
#include <string.h>

#include "audit/pattern_revised.h"
#include "audit/view_internal.h"

/* ---- which ones ---- */

static bool holds(const struct pattern_context *context, const struct view *view)
{
    for (size_t i = 0; i < context->num; i++) {
        if (context->views[i] == view) {
            return true;
        }
    }
    return false;
}

static const Weft__V1__PartDigest *name_of(const Weft__V1__Pattern *pattern, const struct view *view)
{
    for (size_t i = 0; i < pattern->n_others; i++) {
        const Weft__V1__PartDigest *other = pattern->others[i];
        if (other->task_id.len == TASK_ID_SIZE &&
            memcmp(other->task_id.data, view->task->id, TASK_ID_SIZE) == 0) {
            return other;
        }
    }
    return NULL;
}

static int add(struct pattern_context *context, const struct view *view, struct err *err)
{
    const struct view **grown =
        realloc((void *)context->views, (context->num + 1) * sizeof(const struct view *));

    if (grown == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    context->views = grown;
    grown[context->num++] = view;
    return 0;
}

static int by_id(const void *a, const void *b)
{
    const struct view *const *x = a, *const *y = b;

    return memcmp((*x)->task->id, (*y)->task->id, TASK_ID_SIZE);
}

/* From the view over all links; `named` NULL: all that have a pattern. */
static int collect(struct pattern_context *context, const struct view *view, const Weft__V1__Pattern *named,
                   struct err *err)
{
    const struct view *at = view;

    for (size_t next = 0;; at = context->views[next++]) {
        for (size_t i = 0; i < at->num_links; i++) {
            const struct view *other = at->links[i];
            int rc;
            if (other == view || other->pattern.document == NULL || holds(context, other) ||
                (named != NULL && name_of(named, other) == NULL)) {
                continue;
            }
            if ((rc = add(context, other, err)) != 0) {
                return rc;
            }
        }
        if (next == context->num) {
            break;
        }
    }
    if (context->num > 1) {
        qsort((void *)context->views, context->num, sizeof(const struct view *), by_id);
    }
    return 0;
}

int pattern_context_held(struct pattern_context *context, const struct view *view, struct err *err)
{
    return collect(context, view, NULL, err);
}

int pattern_context_named(struct pattern_context *context, const struct view *view,
                          const Weft__V1__Pattern *pattern, struct err *err)
{
    int rc = collect(context, view, pattern, err);

    if (rc == 0 && context->num < pattern->n_others) {
        rc = err_set(err, ERR_PREDECESSOR_MISSING, "pattern needs that of a task that adds up with it");
    }
    return rc;
}

void pattern_context_clear(struct pattern_context *context)
{
    free((void *)context->views);
    *context = (struct pattern_context){0};
}

int view_num_context(const struct view *view, size_t *num, struct err *err)
{
    struct pattern_context context = {0};
    int rc = pattern_context_held(&context, view, err);

    *num = context.num;
    pattern_context_clear(&context);
    return rc;
}

/* ---- layers ---- */

static int layers_begin(struct pattern_layers *layers, const struct pattern_context *context, struct err *err)
{
    size_t areas = 1;

    for (size_t i = 0; i < context->num; i++) {
        size_t num = (size_t)context->views[i]->roster->num_areas;
        areas = num > areas ? num : areas;
    }
    layers->layers = calloc(context->num + 1, sizeof *layers->layers);
    layers->all = malloc(areas * sizeof *layers->all);
    if (layers->layers == NULL || layers->all == NULL) {
        return err_set(err, ERR_NO_MEMORY, "pattern");
    }
    memset(layers->all, true, areas * sizeof *layers->all);
    for (size_t i = 0; i < context->num; i++) {
        const struct view *view = context->views[i];
        layers->layers[layers->num++] = (struct pattern_layer){.view = view,
                                                               .use_states = view->uses_states,
                                                               .is_fixed = layers->all,
                                                               .suppressed = view->suppressed};
    }
    return 0;
}

void pattern_layers_clear(struct pattern_layers *layers)
{
    free(layers->layers);
    free(layers->all);
    *layers = (struct pattern_layers){0};
}

static struct pattern_layer *layer_of(struct pattern_layers *layers, const struct view *view)
{
    for (size_t i = 0; i < layers->num; i++) {
        if (layers->layers[i].view == view) {
            return &layers->layers[i];
        }
    }
    return NULL;
}

/* ---- lines ---- */

static void add_sum_line(struct pattern *pattern, const struct pattern_layer *sum,
                         struct pattern_layers *layers, int area, int cell)
{
    const struct view *view = sum->view;

    pattern_begin_line(pattern, pattern_total(sum, area, cell), PATTERN_ALL);
    for (size_t i = 0; i < view->num_parts; i++) {
        const struct pattern_layer *part = layer_of(layers, view->parts[i]);
        pattern_add_child(pattern, pattern_total(part, view_area_in_part(view, i, area), cell));
    }
}

/* Where a series is open in the sum, all parts have a pattern and the area. */
static void add_sum_lines(struct pattern *pattern, const struct pattern_layer *sum,
                          struct pattern_layers *layers)
{
    const struct task *task = sum->view->task;

    for (int area = 0; sum->view->num_parts > 0 && area < sum->view->roster->num_areas; area++) {
        for (int c = 0; c < task->num_cells; c++) {
            if (sum->view->is_open[area * task->num_series + task->cells[c].series]) {
                add_sum_line(pattern, sum, layers, area, c);
            }
        }
    }
}

/* The revisions of one number, over all chains: what stands is copied from step to step, so lower ones come first. */
static int add_steps(struct pattern *pattern, const struct pattern_layer *own, struct pattern_layers *layers,
                     uint32_t revision, struct err *err)
{
    int rc;

    for (size_t i = 0; i <= layers->num; i++) {
        const struct pattern_layer *newer = i == layers->num ? own : &layers->layers[i];
        const struct view *base = newer->view->base;
        if (base != NULL && newer->view->task->wire->revision == revision &&
            (rc = pattern_add_revision(pattern, newer, layer_of(layers, base), newer != own, err)) != 0) {
            return rc;
        }
    }
    return 0;
}

static uint32_t last_revision(const struct pattern_layer *own, const struct pattern_layers *layers)
{
    uint32_t last = own->view->task->wire->revision;

    for (size_t i = 0; i < layers->num; i++) {
        uint32_t revision = layers->layers[i].view->task->wire->revision;
        last = revision > last ? revision : last;
    }
    return last;
}

/* What a revision and a sum are made from must take part, or their lines would be missing. */
static int check_origin(struct pattern_layers *layers, const struct view *view, struct err *err)
{
    const Weft__V1__Order *order = (const Weft__V1__Order *)view->order.body;
    bool all = view->base == NULL || layer_of(layers, view->base) != NULL;

    for (size_t i = 0; i < view->num_parts && order->n_listed > 0; i++) {
        all = all && layer_of(layers, view->parts[i]) != NULL;
    }
    return all ? 0 : err_set(err, ERR_ORDER_DIFFERS, "pattern leaves out what the task is made from");
}

static int check_origins(const struct pattern_layer *own, struct pattern_layers *layers, struct err *err)
{
    int rc = check_origin(layers, own->view, err);

    for (size_t i = 0; rc == 0 && i < layers->num; i++) {
        rc = check_origin(layers, layers->layers[i].view, err);
    }
    return rc;
}

int pattern_add_context(struct pattern *pattern, struct pattern_layer *own,
                        const struct pattern_context *context, struct pattern_layers *layers, struct err *err)
{
    int rc;

    if ((rc = layers_begin(layers, context, err)) != 0 || (rc = check_origins(own, layers, err)) != 0) {
        return rc;
    }
    for (size_t i = 0; i < layers->num; i++) {
        if ((rc = pattern_add_layer(pattern, &layers->layers[i], err)) != 0) {
            return rc;
        }
    }
    for (uint32_t revision = 1; revision <= last_revision(own, layers); revision++) {
        if ((rc = add_steps(pattern, own, layers, revision, err)) != 0) {
            return rc;
        }
    }
    add_sum_lines(pattern, own, layers);
    for (size_t i = 0; i < layers->num; i++) {
        add_sum_lines(pattern, &layers->layers[i], layers);
    }
    return 0;
}
