/* view_sum.c - a longer period: a task whose totals are the sums of its parts' totals.
 *
 * Nobody reports to a *sum*. What may be opened follows from what its parts opened:
 *
 *     order    (area, by code) is listed if some series of it is open in every part, and every part has its pattern. A
 *              part that has none at order_ms, or was ended by a void, leaves all areas withheld
 *     plan     (area, series) is open if it is open in every part
 *
 * So a sum opens nothing new: whoever knows the totals of the parts can add them up. It takes no key sheets, freezes,
 * contributes and sealed shares; each coordinator adds up the shares that it holds of the parts. Where rosters differ,
 * each part counts as it was: areas are matched by code, and a site that moved is in each part where it stood then. */
#include "audit/view_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

#define REASON(name) WEFT__V1__WITHHELD_REASON__WITHHELD_##name

/* ---- who knows whom ---- */

static int link_to(struct view *view, struct view *other, struct err *err)
{
    struct view **grown = realloc(view->links, (view->num_links + 1) * sizeof(struct view *));

    if (grown == NULL) {
        return err_set(err, ERR_NO_MEMORY, "task");
    }
    view->links = grown;
    grown[view->num_links++] = other;
    return 0;
}

static void unlink_from(struct view *view, const struct view *other)
{
    size_t num = 0;

    for (size_t i = 0; i < view->num_links; i++) {
        if (view->links[i] != other) {
            view->links[num++] = view->links[i];
        }
    }
    view->num_links = num;
}

void view_leave_links(struct view *view)
{
    for (size_t i = 0; i < view->num_links; i++) {
        unlink_from(view->links[i], view);
    }
    view->num_links = 0;
}

/* Take `part` in as a part; false if it is none. */
static bool adopt(struct view *sum, const struct view *part)
{
    for (size_t i = 0; i < sum->num_parts; i++) {
        const ProtobufCBinaryData *id = &sum->task->wire->parts[i];
        if (id->len == TASK_ID_SIZE && memcmp(id->data, part->task->id, TASK_ID_SIZE) == 0) {
            sum->parts[i] = part;
            return true;
        }
    }
    return false;
}

int view_meet(struct view *view, struct view *other, struct err *err)
{
    int rc;

    if (!adopt(view, other) && view->base != other) {
        return 0;
    }
    if ((rc = link_to(view, other, err)) == 0 && (rc = link_to(other, view, err)) != 0) {
        view->num_links--;
    }
    return rc;
}

/* ---- parts ---- */

bool view_is_ready_as_part(const struct view *part)
{
    return part != NULL && part->plan.document != NULL && part->pattern.document != NULL;
}

bool view_parts_are_decided(const struct view *view)
{
    for (size_t i = 0; i < view->num_parts; i++) {
        const struct view *part = view->parts[i];
        if (!view_is_ready_as_part(part) && (part == NULL || part->voided.document == NULL)) {
            return false;
        }
    }
    return true;
}

int view_area_in_part(const struct view *view, size_t part, int area)
{
    return roster_find_area(view->parts[part]->roster, view->roster->areas[area].wire->code);
}

static bool is_open_in_all(const struct view *view, int area, int series)
{
    for (size_t i = 0; i < view->num_parts; i++) {
        const struct view *part = view->parts[i];
        int there = part == NULL ? NONE : view_area_in_part(view, i, area);
        if (there == NONE || !view_takes_part(part, part->roster->top, there) ||
            !part->is_open[(size_t)there * (size_t)part->task->num_series + (size_t)series]) {
            return false;
        }
    }
    return true;
}

static bool is_open_in_any_series(const struct view *view, int area)
{
    for (int s = 0; s < view->task->num_series; s++) {
        if (is_open_in_all(view, area, s)) {
            return true;
        }
    }
    return false;
}

static bool is_planned(const struct view *view, int area)
{
    for (size_t i = 0; i < view->task->wire->n_release_areas; i++) {
        if (roster_find_area(view->roster, view->task->wire->release_areas[i]) == area) {
            return true;
        }
    }
    return false;
}

/* ---- counts ---- */

int view_num_reports(const struct view *view, int area)
{
    int num = 0;

    if (view->num_parts == 0) {
        return view_num_frozen(view, area);
    }
    for (size_t i = 0; i < view->num_parts; i++) {
        int there = view->parts[i] == NULL ? NONE : view_area_in_part(view, i, area);
        num += there == NONE ? 0 : view_num_frozen(view->parts[i], there);
    }
    return num;
}

/* The site with this id in a part, if it stands in the area there; NONE. */
static int site_in_part(const struct view *view, size_t part, int area, const char *id)
{
    const struct roster *roster = view->parts[part]->roster;
    int there = view_area_in_part(view, part, area), site = roster_find_site(roster, id);

    return there != NONE && site != NONE && roster_is_within(roster, roster->sites[site].area, there) ? site
                                                                                                      : NONE;
}

/* Does the site count, which is seen in `first` for the first time? */
static bool counts(const struct view *view, size_t first, int area, const char *id, bool frozen_only)
{
    for (size_t i = 0; i < view->num_parts; i++) {
        int site = site_in_part(view, i, area, id);
        if ((i < first && site != NONE) ||
            (frozen_only && site != NONE && !view->parts[i]->site_is_frozen[site])) {
            return false;
        }
    }
    return true;
}

int view_count_sites_of_sum(const struct view *view, int area, bool frozen_only)
{
    int num = 0;

    for (size_t i = 0; i < view->num_parts; i++) {
        const struct roster *roster = view->parts[i]->roster;
        for (int site = 0; site < roster->num_sites; site++) {
            const char *id = roster->sites[site].wire->id;
            num += site_in_part(view, i, area, id) != NONE && counts(view, i, area, id, frozen_only);
        }
    }
    return num;
}

/* ---- order ---- */

static ProtobufCBinaryData borrow(const uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

/* Names the parts in use; false if one is missing. */
static bool name_parts(const struct view *view, const bool *use_part, Weft__V1__PartDigest *parts,
                       Weft__V1__PartDigest **list, size_t *num)
{
    for (size_t i = 0; i < view->num_parts; i++) {
        Weft__V1__PartDigest *entry = &parts[*num];
        if (!use_part[i]) {
            continue;
        }
        weft__v1__part_digest__init(entry);
        entry->task_id = borrow(view->parts[i]->task->id, TASK_ID_SIZE);
        entry->plan_digest = borrow(view->parts[i]->plan.digest, DIGEST_SIZE);
        entry->pattern_digest = borrow(view->parts[i]->pattern.digest, DIGEST_SIZE);
        list[(*num)++] = entry;
    }
    return *num == view->num_parts;
}

int view_build_sum_order(const struct view *view, const bool *use_part, Weft__V1__Document **document,
                         struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas;
    Weft__V1__Order order = WEFT__V1__ORDER__INIT;
    Weft__V1__PartDigest *parts = calloc(view->num_parts, sizeof *parts);
    Weft__V1__PartDigest **part_list = calloc(view->num_parts, sizeof(Weft__V1__PartDigest *));
    Weft__V1__Withheld *withheld = calloc(areas, sizeof *withheld);
    Weft__V1__Withheld **withheld_list = calloc(areas, sizeof(Weft__V1__Withheld *));
    char **listed = calloc(areas, sizeof *listed);
    bool is_whole;
    int rc;

    if (parts == NULL || part_list == NULL || withheld == NULL || withheld_list == NULL || listed == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "order");
        goto done;
    }
    is_whole = name_parts(view, use_part, parts, part_list, &order.n_parts);
    for (int area = 0; area < view->roster->num_areas; area++) {
        Weft__V1__Withheld *entry = &withheld[order.n_withheld];
        if (is_whole && is_planned(view, area) && is_open_in_any_series(view, area)) {
            listed[order.n_listed++] = view->roster->areas[area].wire->code;
            continue;
        }
        weft__v1__withheld__init(entry);
        entry->area = view->roster->areas[area].wire->code;
        entry->reason = is_planned(view, area) ? REASON(PARTS) : REASON(NOT_PLANNED);
        withheld_list[order.n_withheld++] = entry;
    }
    order.task_id = borrow(view->task->id, TASK_ID_SIZE);
    order.parts = part_list;
    order.listed = listed;
    order.withheld = withheld_list;
    rc = document_new(document, DOC(ORDER), &order.base, err);
done:
    free(parts);
    free(part_list);
    free(withheld);
    free(withheld_list);
    free(listed);
    return rc;
}

/* ---- plan ---- */

int view_build_sum_plan(const struct view *view, Weft__V1__Document **document, struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas, num_series = (size_t)view->task->num_series;
    Weft__V1__Plan plan = WEFT__V1__PLAN__INIT;
    Weft__V1__AreaSeries *entries = calloc(areas, sizeof *entries);
    Weft__V1__AreaSeries **list = calloc(areas, sizeof(Weft__V1__AreaSeries *));
    uint32_t *series = calloc(areas * num_series, sizeof *series);
    int rc;

    if (entries == NULL || list == NULL || series == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "plan");
        goto done;
    }
    for (size_t area = 0; area < areas; area++) {
        Weft__V1__AreaSeries *entry = &entries[area];

        weft__v1__area_series__init(entry);
        entry->area = view->roster->areas[area].wire->code;
        entry->series = series + area * num_series;
        for (size_t s = 0; view->is_listed[area] && s < num_series; s++) {
            if (is_open_in_all(view, (int)area, (int)s)) {
                entry->series[entry->n_series++] = (uint32_t)s;
            }
        }
        if (entry->n_series > 0) {
            list[plan.n_open++] = entry;
        }
    }
    plan.task_id = borrow(view->task->id, TASK_ID_SIZE);
    plan.order_digest = borrow(view->order.digest, DIGEST_SIZE);
    plan.open = list;
    rc = document_new(document, DOC(PLAN), &plan.base, err);
done:
    free(entries);
    free(list);
    free(series);
    return rc;
}
