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

/* Amendments (view_times.c). */
WEFT_MUST_USE int view_check_amendment(const struct view *view, const Weft__V1__Amendment *amendment,
                                       struct err *err);
/* Where the amendment of this number stands or would stand; NULL: no memory. */
struct view_document *view_place_amendment(struct view *view, uint32_t number);

/* Recompute what follows from documents of `type`, one of which is new, a freeze in `area` (view_check.c). */
WEFT_MUST_USE int view_derive(struct view *view, Weft__V1__DocumentType type, int area, struct err *err);

/* What an order rests on: `use_freeze` and `use_subtree` by area, `use_consent` by site; NULL: nothing. */
struct view_basis {
    int root;
    bool is_late;
    const bool *use_freeze, *use_consent, *use_subtree;
};
/* The builders, over the predecessors named: `use` is by area (view_build.c). */
WEFT_MUST_USE int view_build_order_from(const struct view *view, const struct view_basis *basis,
                                        Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int view_build_plan_from(const struct view *view, int root, const bool *use_contributes,
                                       Weft__V1__Document **document, struct err *err);
/* `others` are the tasks that it takes into account (pattern_context.h). */
struct pattern_context;
WEFT_MUST_USE int view_build_pattern_from(const struct view *view, int root, const bool *use_states,
                                          const struct pattern_context *others,
                                          Weft__V1__Document **document, struct err *err);

/* Over all that is held. */
WEFT_MUST_USE int view_build_pattern(const struct view *view, int root, Weft__V1__Document **document,
                                     struct err *err);

/* ---- view_sum.c ---- */

/* The order and the plan of a sum. `use_part` is by part: those that are ready. */
WEFT_MUST_USE int view_build_sum_order(const struct view *view, const bool *use_part,
                                       Weft__V1__Document **document, struct err *err);
WEFT_MUST_USE int view_build_sum_plan(const struct view *view, Weft__V1__Document **document,
                                      struct err *err);
int view_count_sites_of_sum(const struct view *view, int area, bool frozen_only);
void view_leave_links(struct view *view);

/* ---- view_fallback.c ---- */

/* Is the top's order that is held a late one? */
bool view_is_late(const struct view *view);
/* The area above, unless the area is the head of a subtree that is apart: then NONE. */
int view_parent(const struct view *view, int area);
/* Does the total of the area hold the site, if it is frozen? */
bool view_is_in(const struct view *view, int site, int area);
/* Is all about the area decided already, by its subtree's own documents, when `root` signs? */
bool view_is_settled(const struct view *view, int root, int area);
/* Which sites are frozen by the freezes that the orders name; while there is no order, by all. */
void view_derive_frozen(struct view *view);
/* The same after the freeze of `area` came to them. */
void view_derive_freeze(struct view *view, int area);
/* May there be such an order at all, at its time and beside those that are held? */
WEFT_MUST_USE int view_check_order_place(const struct view *view, const Weft__V1__Order *order,
                                         const bool *use_freeze, struct err *err);

/* ---- view_revision.c ---- */

/* The sites frozen by the freezes in `use`, in this task alone. */
void view_freeze_sites(const struct view *view, const bool *use_freeze, bool *reports_here);
/* Those, and the ones of the tasks before. */
void view_with_base(const struct view *view, const bool *reports_here, bool *site_is_frozen);
/* What an order means: which totals stand, who is in one, who waits. reports_here, site_is_frozen and is_listed are
 * set. */
WEFT_MUST_USE int view_derive_blocks(struct view *view, struct err *err);
/* After is_open of what the plan opens: what stands and what is the same. */
void view_derive_unchanged(struct view *view);
/* Is the area's total before to be kept whole, or nobody in it in any total, so that it may be opened (again)? */
bool view_may_open(const struct view *view, int area);
/* Sites that changed in a block of the order; 0 of what stands. */
uint64_t view_block_changed(const struct view *view, int area, int series);
/* How many sites contribute to a series in a block of the order, now or when it was opened before. False: unknown. */
bool view_block_contributes(const struct view *view, int area, int series, const bool *use_contributes,
                            uint64_t *count);
/* Has the series block of an open area of a revision new sites, while its total was open before too? What they bring
 * is then the difference of two numbers. */
bool view_block_has_joined(const struct view *view, int area, int series);
/* Was its block before, of the same area, all else that it holds? */
bool view_block_kept_border(const struct view *view, int area, int series);
/* Is an area below it open in the series? Then its block is not its total. */
bool view_has_open_below(const struct view *view, int area, int series);
/* Sites that changed in the series block of an open area. */
uint64_t view_series_changed(const struct view *view, int area, int series);
/* Does the site consent that its change in this indicator may be seen (NULL: in any)? */
bool view_consents(const struct view *view, int site, const char *indicator);

/* The slots of an area's shown cells, ascending; returns their number. */
int view_shown_slots(const struct view *view, int area, int *slots);

#endif
