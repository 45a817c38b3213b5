/* view_revision.c - a revision between what was opened before and what it opens.
 *
 * A revision counts the same period at the same sites again; only sites with corrections, and sites that come late,
 * report to it. Its totals are sums of each site's newest report, and stand beside the totals of before, so whoever
 * sees both can subtract them. Think of a site's first numbers and of each later change as *pieces*. All totals ever
 * opened must be unions of blocks of one partition of the pieces, as in a first task of the sites (blocks.h), with
 * enough owners in each block. The rules that follow, for an area:
 *
 *     it stands   if nothing in it is new, or what is new waits (no total at or above it can be opened): its total of
 *                 before holds still
 *     candidate   if something in it is new, and either it has a total that holds still, or nobody in it is in any
 *                 total yet (a county that was late): then no opened block reaches across its border
 *     block rule  of each listed area's block: new sites (in no total yet) and corrected ones are counted apart, each
 *                 0 or at least min_sites owners
 *     otherwise   what is new in it is opened in the total of an area above, and its own total is never opened again
 *
 * A site *waits* (is_pending) while no listed total holds what is new of it; its changed flags then count in the next
 * revision. Per series the plan goes by the same rules, with the opened counts of changed sites. */
#include "audit/view_internal.h"

#include <stdlib.h>
#include <string.h>

#include "audit/blocks.h"

bool view_has_total(const struct view *view, int area)
{
    return view->is_listed[area] || view->stands[area];
}

bool view_is_unreleased(const struct view *view, int site)
{
    return view->reports_here[site] || (view->base != NULL && view->base->is_pending[site]);
}

const struct view *view_opened_in(const struct view *view, int area)
{
    while (view != NULL && !view->is_listed[area]) {
        view = view->stands[area] ? view->base : NULL;
    }
    return view;
}

const struct view *view_reported_in(const struct view *view, int site)
{
    while (view != NULL && !view->reports_here[site]) {
        view = view->base;
    }
    return view;
}

const struct view *view_revised_by(const struct view *view)
{
    const struct view *by = NULL;

    for (size_t i = 0; i < view->num_links; i++) {
        if (view->links[i]->base == view && view->links[i]->voided.document == NULL) {
            const struct view *later = view_revised_by(view->links[i]);
            by = later != NULL ? later : view->links[i];
        }
    }
    return by;
}

bool view_base_is_ready(const struct view *view)
{
    return view->base == NULL || view->base->pattern.document != NULL;
}

/* ---- from freezes ---- */

void view_freeze_sites(const struct view *view, const bool *use_freeze, bool *reports_here)
{
    memset(reports_here, 0, (size_t)view->roster->num_sites * sizeof *reports_here);
    for (int area = 0; area < view->roster->num_areas; area++) {
        const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)view->freezes[area].body;
        for (size_t i = 0; freeze != NULL && use_freeze[area] && i < freeze->n_reports; i++) {
            reports_here[roster_find_site(view->roster, freeze->reports[i]->site)] = true;
        }
    }
}

void view_with_base(const struct view *view, const bool *reports_here, bool *site_is_frozen)
{
    memcpy(site_is_frozen, reports_here, (size_t)view->roster->num_sites * sizeof *site_is_frozen);
    for (int i = 0; view->base != NULL && i < view->roster->num_sites; i++) {
        site_is_frozen[i] |= view->base->site_is_frozen[i];
    }
}

static bool in_area(const struct view *view, int site, int area)
{
    return roster_is_within(view->roster, view->roster->sites[site].area, area);
}

bool view_may_open(const struct view *view, int area)
{
    if (view->base == NULL || view_has_total(view->base, area)) {
        return true;
    }
    for (int i = 0; i < view->roster->num_sites; i++) {
        if (view->base->is_in_total[i] && in_area(view, i, area)) {
            return false;
        }
    }
    return true;
}

bool view_consents(const struct view *view, int site, const char *indicator)
{
    const Weft__V1__Consent *consent =
        view->consent_counts[site] ? (const Weft__V1__Consent *)view->consents[site].body : NULL;

    if (consent == NULL || consent->n_indicators == 0 || indicator == NULL) {
        return consent != NULL;
    }
    for (size_t i = 0; i < consent->n_indicators; i++) {
        if (strcmp(consent->indicators[i], indicator) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- from the order ---- */

/* Before an area above is opened with what is new of them, all sites in the area keep what they had. */
static bool holds_still(const struct view *view, int area, const int *opened_above)
{
    for (int i = 0; i < view->roster->num_sites; i++) {
        if (view_is_unreleased(view, i) && opened_above[i] != NONE && in_area(view, i, area)) {
            return false;
        }
    }
    return true;
}

static void derive_sites(struct view *view, const struct block_tree *tree, const bool *has_total,
                         const int *opened_above)
{
    for (int i = 0; i < view->roster->num_sites; i++) {
        bool is_new = view_is_unreleased(view, i);

        view->block[i] = !view->site_is_frozen[i] ? NONE
                         : is_new                 ? opened_above[i]
                                  : blocks_area_of(tree, has_total, view->roster->sites[i].area);
        view->is_pending[i] = is_new && view->block[i] == NONE;
        view->is_in_total[i] =
            view->block[i] != NONE || (view->base != NULL && view->base->is_in_total[i]);
    }
}

int view_derive_blocks(struct view *view, struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas, sites = (size_t)view->roster->num_sites;
    int *parents = calloc(areas, sizeof *parents), *opened_above = calloc(sites + 1, sizeof *opened_above);
    bool *has_total = calloc(areas, sizeof *has_total);
    struct block_tree tree = {.parents = parents, .num_areas = (int)areas};

    if (parents == NULL || opened_above == NULL || has_total == NULL) {
        free(parents);
        free(opened_above);
        free(has_total);
        return err_set(err, ERR_NO_MEMORY, "order");
    }
    for (size_t i = 0; i < areas; i++) {
        parents[i] = view_parent(view, (int)i);
    }
    for (size_t i = 0; i < sites; i++) {
        opened_above[i] = blocks_area_of(&tree, view->is_listed, view->roster->sites[i].area);
    }
    for (int i = 0; i < tree.num_areas; i++) {
        view->stands[i] = view->base != NULL && !view->is_listed[i] && view_has_total(view->base, i) &&
                          holds_still(view, i, opened_above);
        has_total[i] = view_has_total(view, i);
    }
    derive_sites(view, &tree, has_total, opened_above);
    free(parents);
    free(opened_above);
    free(has_total);
    return 0;
}

/* ---- counts ---- */

uint64_t view_block_changed(const struct view *view, int area, int series)
{
    const Weft__V1__Contributes *body = (const Weft__V1__Contributes *)view->contributes[area].body;

    return view->base != NULL && view->is_listed[area] && body != NULL ? body->changed[series] : 0;
}

bool view_block_contributes(const struct view *view, int area, int series, const bool *use_contributes,
                            uint64_t *count)
{
    const struct view *opened = view_opened_in(view, area);
    struct opening opening = {area, SCOPE(BLOCK), STAGE(CONTRIBUTES)};
    const Weft__V1__Contributes *body;

    *count = 0;
    if (opened == NULL || !view_opening_is_allowed(opened, &opening)) {
        return opened != NULL; /* an empty block: nothing to know */
    }
    body = (const Weft__V1__Contributes *)opened->contributes[area].body;
    if (body == NULL || !(opened == view ? use_contributes : opened->uses_contributes)[area]) {
        return false;
    }
    *count = body->counts[series];
    return true;
}

/* ---- per series ---- */

static bool is_open(const struct view *view, int area, int series)
{
    return view->is_open[(size_t)area * (size_t)view->task->num_series + (size_t)series];
}

/* The nearest area at or above `area` that is open in the series. */
static int open_above(const struct view *view, int area, int series)
{
    while (area != NONE && !is_open(view, area, series)) {
        area = view_parent(view, area);
    }
    return area;
}

bool view_has_open_below(const struct view *view, int area, int series)
{
    for (int below = 0; below < view->roster->num_areas; below++) {
        if (below != area && is_open(view, below, series) && roster_is_within(view->roster, below, area)) {
            return true;
        }
    }
    return false;
}

uint64_t view_series_changed(const struct view *view, int area, int series)
{
    uint64_t sum = 0;

    for (int below = 0; below < view->roster->num_areas; below++) {
        if (open_above(view, below, series) == area) {
            sum += view_block_changed(view, below, series);
        }
    }
    return sum;
}

bool view_block_has_joined(const struct view *view, int area, int series)
{
    if (view->base == NULL || !view->is_listed[area] || !is_open(view, area, series) ||
        !is_open(view->base, area, series)) {
        return false;
    }
    for (int i = 0; i < view->roster->num_sites; i++) {
        if (view_is_unreleased(view, i) && !view->base->is_in_total[i] &&
            view_series_block(view, series, i) == area) {
            return view_series_changed(view, area, series) > 0;
        }
    }
    return false;
}

bool view_block_kept_border(const struct view *view, int area, int series)
{
    for (int below = 0; below < view->roster->num_areas; below++) {
        if (below != area && is_open(view->base, below, series) &&
            open_above(view, below, series) == area) {
            return false;
        }
    }
    return true;
}

/* ---- from the plan and the pattern ---- */

void view_derive_unchanged(struct view *view)
{
    size_t num_series = (size_t)view->task->num_series;

    for (int area = 0; view->base != NULL && area < view->roster->num_areas; area++) {
        for (size_t s = 0; s < num_series; s++) {
            size_t at = (size_t)area * num_series + s;
            uint64_t changed = 0;

            if (view->stands[area]) {
                view->is_open[at] = view->is_same[at] = view->base->is_open[at];
                continue;
            }
            for (int below = 0; below < view->roster->num_areas; below++) {
                if (roster_is_within(view->roster, below, area)) {
                    changed += view_block_changed(view, below, (int)s);
                }
            }
            view->is_same[at] = view->is_open[at] && view->base->is_open[at] && changed == 0;
        }
    }
}

void view_keep_standing(struct view *view)
{
    size_t num = (size_t)view->task->num_cells;

    for (int area = 0; area < view->roster->num_areas; area++) {
        if (view->stands[area]) {
            memcpy(view->suppressed + (size_t)area * num, view->base->suppressed + (size_t)area * num, num);
        }
    }
}
