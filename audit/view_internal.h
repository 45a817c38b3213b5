/* view_internal.h - what the files behind view.h share. */
#ifndef AUDIT_VIEW_INTERNAL_H
#define AUDIT_VIEW_INTERNAL_H

#include "audit/view.h"
#include "crypto/hpke.h"

#define DOC(name)   WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define SCOPE(name) WEFT__V1__SCOPE__SCOPE_##name
#define STAGE(name) WEFT__V1__STAGE__STAGE_##name
#define SIDE(name)  WEFT__V1__SIDE__SIDE_##name

/* Check a body's content against what the view holds (view_check.c). */
WEFT_MUST_USE int view_check_body(const struct view *view, const Weft__V1__Document *document,
                                  const ProtobufCMessage *body, struct err *err);

/* Recompute what follows from documents of `type` (view_check.c). */
WEFT_MUST_USE int view_derive(struct view *view, Weft__V1__DocumentType type, struct err *err);

/* The builders, over the predecessors named: `use` is by area (view_build.c). */
WEFT_MUST_USE int view_build_order_from(const struct view *view, const bool *use_freeze,
                                        Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int view_build_plan_from(const struct view *view, const bool *use_contributes,
                                       Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int view_build_pattern_from(const struct view *view, const bool *use_states,
                                          Weft__V1__Document **document, struct err *err);

/* The slots of an area's shown cells, ascending; returns their number. */
int view_shown_slots(const struct view *view, int area, int *slots);

#endif
