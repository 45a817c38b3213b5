/* openings.c - which sums may leave the two shares' hiding, what they hold, and who seals them. */
#include "audit/view_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

static bool is_open(const struct view *view, int area, int series)
{
    return view->is_open[(size_t)area * (size_t)view->task->num_series + (size_t)series];
}

static bool has_own_block(const struct view *view, int area, int series)
{
    return view->has_own_block[(size_t)area * (size_t)view->task->num_series + (size_t)series];
}

static bool is_open_for_any(const struct view *view, int area)
{
    for (int s = 0; view->is_listed[area] && s < view->task->num_series; s++) {
        if (is_open(view, area, s)) {
            return true;
        }
    }
    return false;
}

int view_series_block(const struct view *view, int series, int site)
{
    int area = view->roster->sites[site].area;

    if (!view->site_is_frozen[site] || view->is_pending[site]) {
        return NONE;
    }
    while (area != NONE && !is_open(view, area, series)) {
        area = view_parent(view, area);
    }
    return area;
}

static bool has_any_own_block(const struct view *view, int area)
{
    for (int s = 0; view->is_listed[area] && s < view->task->num_series; s++) {
        if (has_own_block(view, area, s)) {
            return true;
        }
    }
    return false;
}

static bool has_order_block(const struct view *view, int area)
{
    for (int i = 0; view->is_listed[area] && i < view->roster->num_sites; i++) {
        if (view->block[i] == area) {
            return true;
        }
    }
    return false;
}

bool view_opening_is_allowed(const struct view *view, const struct opening *opening)
{
    if (opening->area < 0 || opening->area >= view->roster->num_areas) {
        return false;
    }
    if (opening->stage == STAGE(CONTRIBUTES)) {
        return view_order_of(view, opening->area)->document != NULL && opening->scope == SCOPE(BLOCK) &&
               has_order_block(view, opening->area);
    }
    if (opening->stage != STAGE(VALUES) || view_plan_of(view, opening->area)->document == NULL) {
        return false;
    }
    return opening->scope == SCOPE(TOTAL)   ? is_open_for_any(view, opening->area)
           : opening->scope == SCOPE(BLOCK) ? has_any_own_block(view, opening->area)
                                            : false;
}

int view_openings(const struct view *view, Weft__V1__Stage stage, struct opening **out, size_t *num,
                  struct err *err)
{
    struct opening *openings = calloc((size_t)view->roster->num_areas * 2, sizeof *openings);
    size_t n = 0;

    if (openings == NULL) {
        return err_set(err, ERR_NO_MEMORY, "openings");
    }
    for (int area = 0; area < view->roster->num_areas; area++) {
        for (int scope = SCOPE(TOTAL); scope <= SCOPE(BLOCK); scope++) {
            struct opening opening = {area, (Weft__V1__Scope)scope, stage};
            if (view_opening_is_allowed(view, &opening)) {
                openings[n++] = opening;
            }
        }
    }
    *out = openings;
    *num = n;
    return 0;
}

struct opening view_opening_from(const struct view *view, const Weft__V1__Opening *wire)
{
    struct opening opening = {NONE, SCOPE(NONE), STAGE(NONE)};

    if (wire != NULL && id_is_valid(wire->area)) {
        opening = (struct opening){roster_find_area(view->roster, wire->area), wire->scope, wire->stage};
    }
    return opening;
}

Weft__V1__Opening view_opening_to(const struct view *view, const struct opening *opening)
{
    Weft__V1__Opening wire = WEFT__V1__OPENING__INIT;

    wire.area = view->roster->areas[opening->area].wire->code;
    wire.scope = opening->scope;
    wire.stage = opening->stage;
    return wire;
}

char *view_opening_name(const struct view *view, const struct opening *opening, char out[OPENING_NAME_MAX])
{
    snprintf(out, OPENING_NAME_MAX, "%s %s %s", view->roster->areas[opening->area].wire->code,
             opening->scope == SCOPE(TOTAL) ? "total" : "block",
             opening->stage == STAGE(VALUES) ? "values" : "contributes");
    return out;
}

/* Does the opening open the data slots of the series? */
static bool opens_series(const struct view *view, const struct opening *opening, int series)
{
    if (opening->stage == STAGE(CONTRIBUTES)) {
        return true;
    }
    return opening->scope == SCOPE(TOTAL) ? is_open(view, opening->area, series)
                                          : has_own_block(view, opening->area, series);
}

int view_opening_slots(const struct view *view, const struct opening *opening, int *slots)
{
    int num = 0;

    for (int s = 0; s < view->task->num_series; s++) {
        const struct task_series *series = &view->task->series[s];
        if (!opens_series(view, opening, s)) {
            continue;
        }
        for (int slot = series->first_slot; slot < series->first_slot + series->num_slots; slot++) {
            bool is_flag = slot == series->contributes || slot == series->changed;
            if (is_flag == (opening->stage == STAGE(CONTRIBUTES))) {
                slots[num++] = slot;
            }
        }
    }
    return num;
}

bool view_opening_has(const struct view *view, const struct opening *opening, int series, int site)
{
    if (!view->site_is_frozen[site] || !opens_series(view, opening, series)) {
        return false;
    }
    if (opening->stage == STAGE(CONTRIBUTES)) {
        return view->block[site] == opening->area;
    }
    if (opening->scope == SCOPE(TOTAL)) {
        return view_is_in(view, site, opening->area);
    }
    return view_series_block(view, series, site) == opening->area;
}

/* Every total and every block holds sites of its own area alone: most sites are told apart by that. */
bool view_opening_has_any(const struct view *view, const struct opening *opening, int site)
{
    bool is_inside = roster_is_within(view->roster, view->roster->sites[site].area, opening->area);

    for (int s = 0; is_inside && s < view->task->num_series; s++) {
        if (view_opening_has(view, opening, s, site)) {
            return true;
        }
    }
    return false;
}

int view_opening_sealer(const struct view *view, const struct opening *opening)
{
    const struct roster *roster = view->roster;
    int sealer = opening->area;

    for (int i = 0; i < roster->num_sites; i++) {
        int supervisor = roster->sites[i].supervisor;
        if (roster->areas[supervisor].depth < roster->areas[sealer].depth &&
            view_opening_has_any(view, opening, i)) {
            sealer = supervisor; /* supervisors of sites below lie on one path upwards */
        }
    }
    return sealer;
}

const uint8_t *view_opening_basis(const struct view *view, const struct opening *opening)
{
    return opening->stage == STAGE(CONTRIBUTES) ? view_order_of(view, opening->area)->digest
                                                : view_plan_of(view, opening->area)->digest;
}

const Weft__V1__SealedShare *view_sealed_share(const struct view *view, const struct opening *opening,
                                               Weft__V1__Side side)
{
    for (size_t i = 0; i < view->num_sealed; i++) {
        const Weft__V1__SealedShare *share = view->sealed[i].body;
        struct opening seen;
        if (share == NULL || share->side != side) {
            continue;
        }
        seen = view_opening_from(view, share->opening);
        if (seen.area == opening->area && seen.scope == opening->scope && seen.stage == opening->stage) {
            return share;
        }
    }
    return NULL;
}
