/* pattern_context.h - what was published already and adds up with what a pattern is to be made for.
 *
 * Tasks add up with each other where one is a part of a sum (view_sum.c) or a revision of another, over any number of
 * such steps: a month, its revision, its quarter, the quarter's other months, the year. All of these that have a
 * pattern take part in a new pattern as layers whose cells are fixed, with the lines between them, so that all that was
 * ever published is judged together:
 *
 *     a sum        each of its cells is the sum of its parts' cells of that area
 *     a revision   see pattern_revised.h
 *
 * Which ones had a pattern is a matter of time, so the pattern names them (Pattern.others); a helper signs none that
 * leaves out one which it holds. Of two patterns made at the same time one is signed first, and the other must then
 * name it. */
#ifndef AUDIT_PATTERN_CONTEXT_H
#define AUDIT_PATTERN_CONTEXT_H

#include "audit/pattern.h"

struct pattern_context {
    const struct view **views; /* by task id */
    size_t num;
};

/* Start as {0}; pattern_context_clear. All that the view's holder has. */
WEFT_MUST_USE int pattern_context_held(struct pattern_context *context, const struct view *view,
                                       struct err *err);
/* Those that a pattern names. ERR_PREDECESSOR_MISSING: one is not here yet. */
WEFT_MUST_USE int pattern_context_named(struct pattern_context *context, const struct view *view,
                                        const Weft__V1__Pattern *pattern, struct err *err);
void pattern_context_clear(struct pattern_context *context);

struct pattern_layers {
    struct pattern_layer *layers; /* of the context */
    size_t num;
    bool *all; /* true, by area of the largest roster */
};

/* Add the context's layers and all lines between the layers, `own` being the first. Starts as {0}; must outlive the
 * pattern. */
WEFT_MUST_USE int pattern_add_context(struct pattern *pattern, struct pattern_layer *own,
                                      const struct pattern_context *context, struct pattern_layers *layers,
                                      struct err *err);
void pattern_layers_clear(struct pattern_layers *layers);

#endif
