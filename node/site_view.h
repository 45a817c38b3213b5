/* site_view.h - a task's public documents at a site.
 *
 * Sites are not given the states of cells (they tell which cells are small), so a site cannot recompute the
 * suppression pattern: it takes it as the top pair signed it, checks that it fits task and plan, and from
 * there on checks everything as anyone else: each release must show exactly the cells that the pattern shows,
 * and its totals must be the sums of its two published shares. */
#ifndef NODE_SITE_VIEW_H
#define NODE_SITE_VIEW_H

#include "audit/view.h"

/* As view_add. */
WEFT_MUST_USE int site_view_add(struct view *view, const Weft__V1__Document *document, struct err *err);

#endif
