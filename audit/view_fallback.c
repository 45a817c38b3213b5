/* view_fallback.c - subtrees that went on without the top.
 *
 * Order, plan and pattern are signed by the top pair for the whole tree. If it cannot be reached, a child of the top may
 * sign its own for its subtree, by the same rules over the subtree alone (Task.fallback_ms; body field `area`):
 *
 *     order_ms              the top's order, the usual case
 *     order_deadline_ms     the top signs no order from here on
 *     fallback_ms           a subtree that holds no order signs its own
 *     later                 the top's *late* order: of each subtree it takes in what the subtree's own order counted,
 *                           as it stands, if the subtree's pattern is there; else nothing. It adds the top's own total
 *
 * Each site's shares enter sums of one order alone, or of a subtree's and the late one that rests on it: a coordinator
 * holds one order for each area and refuses another one. So all that is opened is a union of blocks of one partition,
 * whoever was cut off from whom. Sites of a subtree that its own order left out stay out; a revision brings them in.
 *
 * A subtree is *apart* if its own order holds and the top's does not take it in: the two have no site in common. */
#include "audit/view_internal.h"

#include <stdlib.h>
#include <string.h>

int view_subtree(const struct view *view, int area)
{
    const struct roster *roster = view->roster;

    while (area != NONE && area != roster->top && roster->areas[area].parent != roster->top) {
        area = roster->areas[area].parent;
    }
    return area == roster->top ? NONE : area;
}

static bool has_own_order(const struct view *view, int subtree)
{
    return subtree != NONE && view->orders[subtree].document != NULL;
}

int view_root_of(const struct view *view, int area)
{
    int subtree = view_subtree(view, area);

    return has_own_order(view, subtree) ? subtree : view->roster->top;
}

int view_root_named(const struct view *view, const char *code, bool *is_late)
{
    int root = *code == '\0' ? view->roster->top : roster_find_area(view->roster, code);

    *is_late = *code != '\0' && root == view->roster->top;
    return root != NONE && (root == view->roster->top || view->roster->areas[root].parent == view->roster->top)
               ? root
               : NONE;
}

const struct view_document *view_order_of(const struct view *view, int area)
{
    return view_held(view, DOC(ORDER), view_root_of(view, area));
}

const struct view_document *view_plan_of(const struct view *view, int area)
{
    return view_held(view, DOC(PLAN), view_root_of(view, area));
}

const struct view_document *view_pattern_of(const struct view *view, int area)
{
    return view_held(view, DOC(PATTERN), view_root_of(view, area));
}

bool view_is_late(const struct view *view)
{
    return view->order.body != NULL && ((const Weft__V1__Order *)view->order.body)->area[0] != '\0';
}

static bool is_apart(const struct view *view, int area)
{
    int subtree = view_subtree(view, area);

    return subtree != NONE && !view->takes_in[subtree] &&
           (has_own_order(view, subtree) || view_is_late(view));
}

int view_parent(const struct view *view, int area)
{
    int parent = view->roster->areas[area].parent;

    return parent == view->roster->top && is_apart(view, area) ? NONE : parent;
}

bool view_is_in(const struct view *view, int site, int area)
{
    int own = view->roster->sites[site].area;

    return roster_is_within(view->roster, own, area) && !(area == view->roster->top && is_apart(view, own));
}

bool view_takes_part(const struct view *view, int root, int area)
{
    return root == view->roster->top ? !is_apart(view, area) : roster_is_within(view->roster, area, root);
}

bool view_is_settled(const struct view *view, int root, int area)
{
    return root == view->roster->top && has_own_order(view, view_subtree(view, area));
}

/* ---- which sites are frozen ---- */

static bool is_named(const Weft__V1__Order *order, const char *area)
{
    for (size_t i = 0; i < order->n_freezes; i++) {
        if (strcmp(order->freezes[i]->area, area) == 0) {
            return true;
        }
    }
    return false;
}

/* Does a report of the site in the freeze of `area` count? While there is no order, all do. */
static bool counts(const struct view *view, int area, int site)
{
    int subtree = view_subtree(view, view->roster->sites[site].area);
    const Weft__V1__Order *order =
        (const Weft__V1__Order *)(has_own_order(view, subtree) ? &view->orders[subtree] : &view->order)->body;

    if (order == NULL) {
        return true;
    }
    if (order->area[0] != '\0' && subtree != NONE && !has_own_order(view, subtree)) {
        return false; /* a late order counts no subtree by itself */
    }
    return is_named(order, view->roster->areas[area].wire->code);
}

static void count_freeze(struct view *view, int area)
{
    const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)view->freezes[area].body;

    for (size_t i = 0; freeze != NULL && i < freeze->n_reports; i++) {
        int site = roster_find_site(view->roster, freeze->reports[i]->site);
        view->reports_here[site] |= counts(view, area, site);
    }
}

void view_derive_freeze(struct view *view, int area)
{
    count_freeze(view, area);
    view_with_base(view, view->reports_here, view->site_is_frozen);
}

void view_derive_frozen(struct view *view)
{
    memset(view->reports_here, 0, (size_t)view->roster->num_sites * sizeof *view->reports_here);
    for (int area = 0; area < view->roster->num_areas; area++) {
        count_freeze(view, area);
    }
    view_with_base(view, view->reports_here, view->site_is_frozen);
}

/* ---- judging an order's place ---- */

/* Does the order of a subtree and that of the top, as named by `freezes`, count a site twice? */
static bool counts_in_subtree(const struct view *view, const bool *use_freeze, int subtree)
{
    for (int area = 0; area < view->roster->num_areas; area++) {
        const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)view->freezes[area].body;
        for (size_t i = 0; freeze != NULL && use_freeze[area] && i < freeze->n_reports; i++) {
            int site = roster_find_site(view->roster, freeze->reports[i]->site);
            if (roster_is_within(view->roster, view->roster->sites[site].area, subtree)) {
                return true;
            }
        }
    }
    return false;
}

static bool frozen_in_subtree(const struct view *view, int subtree)
{
    for (int i = 0; i < view->roster->num_sites; i++) {
        if (view->site_is_frozen[i] && roster_is_within(view->roster, view->roster->sites[i].area, subtree)) {
            return true;
        }
    }
    return false;
}

static int check_time(const struct view *view, const Weft__V1__Order *order, struct err *err)
{
    const Weft__V1__Task *task = view->task->wire; /* a subtree that is cut off may not know of an amendment */
    bool is_usual = order->area[0] == '\0';

    if (task->fallback_ms == 0) {
        return is_usual ? 0 : err_set(err, ERR_DOCUMENT_MALFORMED, "order of %s: the task has no fallback", order->area);
    }
    return is_usual ? (order->time_ms <= view_times(view).order_deadline_ms
                           ? 0
                           : err_set(err, ERR_ORDER_TOO_LATE, "the top signs none between its deadline and the fallback"))
                    : (order->time_ms >= task->fallback_ms
                           ? 0
                           : err_set(err, ERR_PREDECESSOR_MISSING, "order of %s: not time yet", order->area));
}

int view_check_order_place(const struct view *view, const Weft__V1__Order *order, const bool *use_freeze,
                           struct err *err)
{
    bool is_late;
    int root = view_root_named(view, order->area, &is_late), rc;

    if (root == NONE) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "order of no subtree of the top");
    }
    if ((rc = check_time(view, order, err)) != 0) {
        return rc;
    }
    if (root != view->roster->top) {
        return view->order.document != NULL && !view_is_late(view) && frozen_in_subtree(view, root)
                   ? err_set(err, ERR_DOCUMENT_CONFLICT, "the top's order counts sites of %s", order->area)
                   : 0;
    }
    for (int i = 0; !is_late && i < view->roster->num_areas; i++) {
        if (view->orders[i].document != NULL && counts_in_subtree(view, use_freeze, i)) {
            return err_set(err, ERR_DOCUMENT_CONFLICT, "%s has an order of its own",
                           view->roster->areas[i].wire->code);
        }
    }
    return 0;
}

/* ---- when ---- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t view_late_order_ms(const struct view *view)
{
    struct view_times times = view_times(view);

    return times.fallback_ms + times.pattern_ms - times.order_ms;
}

int64_t view_deadline(const struct view *view, Weft__V1__DocumentType type, int root)
{
    struct view_times times = view_times(view);

    return type == DOC(PLAN) ? later(times.plan_ms, view_time_of(view_held(view, DOC(ORDER), root)) +
                                                        times.plan_ms - times.order_ms)
                             : later(times.pattern_ms, view_time_of(view_held(view, DOC(PLAN), root)) +
                                                           times.pattern_ms - times.plan_ms);
}
