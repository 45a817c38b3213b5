/* contradictions.c - compare each released total with the released totals that it holds. */
#include "audit/contradictions.h"

#include <inttypes.h>
#include <stdlib.h>

#include "audit/view_internal.h"

/* What is shown of an area's slot, and what of it the totals that it holds show. */
struct shown {
    bool is_shown;
    uint64_t total, parts;
    int num_reports; /* in `parts` */
};

/* The total of a slot in a release; false: it does not show it. */
static bool find_total(const struct view *view, int area, int slot, uint64_t *total)
{
    const Weft__V1__Release *release = (const Weft__V1__Release *)view->releases[area].body;
    size_t low = 0, high = release == NULL ? 0 : release->n_slots;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (release->slots[middle]->slot < (uint32_t)slot) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (release == NULL || low == release->n_slots || release->slots[low]->slot != (uint32_t)slot) {
        return false;
    }
    *total = release->slots[low]->total;
    return true;
}

/* Add the totals of one area to those of the nearest area above that shows the slot. */
static void add_to_above(const struct view *view, struct shown *table, int area)
{
    size_t num_slots = (size_t)view->task->num_slots;
    int num_reports = view_num_reports(view, area);

    for (size_t slot = 0; slot < num_slots; slot++) {
        const struct shown *own = &table[(size_t)area * num_slots + slot];
        int above = own->is_shown ? view_parent(view, area) : NONE;
        while (above != NONE && !table[(size_t)above * num_slots + slot].is_shown) {
            above = view_parent(view, above);
        }
        if (above != NONE) {
            table[(size_t)above * num_slots + slot].parts += own->total;
            table[(size_t)above * num_slots + slot].num_reports += num_reports;
        }
    }
}

/* The same of what one part of a sum shows. */
static void add_part(const struct view *sum, struct shown *table, size_t part, int area)
{
    size_t num_slots = (size_t)sum->task->num_slots;
    int there = sum->parts[part] == NULL ? NONE : view_area_in_part(sum, part, area);
    const struct view *from = there == NONE ? NULL : view_opened_in(sum->parts[part], there);

    for (size_t slot = 0; from != NULL && slot < num_slots; slot++) {
        struct shown *own = &table[(size_t)area * num_slots + slot];
        int old = task_slot_before(sum->task, from->task, (int)slot);
        uint64_t total;
        if (old != NONE && find_total(from, there, old, &total)) {
            own->parts += total;
            own->num_reports += view_num_reports(from, there);
        }
    }
}

static void fill(const struct view *view, struct shown *table)
{
    for (int area = 0; area < view->roster->num_areas; area++) {
        for (int slot = 0; slot < view->task->num_slots; slot++) {
            struct shown *own = &table[(size_t)area * (size_t)view->task->num_slots + (size_t)slot];
            own->is_shown = find_total(view, area, slot, &own->total);
        }
    }
    for (int area = 0; area < view->roster->num_areas; area++) {
        if (view->releases[area].body != NULL && view->num_parts == 0) {
            add_to_above(view, table, area);
        }
        for (size_t i = 0; view->releases[area].body != NULL && i < view->num_parts; i++) {
            add_part(view, table, i, area);
        }
    }
}

static bool contradicts(const struct shown *own, uint64_t maximum, int num_others)
{
    return own->is_shown &&
           (own->total < own->parts || own->total - own->parts > maximum * (uint64_t)num_others);
}

int contradictions_find(struct contradiction **found, size_t *num, const struct view *view, struct err *err)
{
    size_t num_areas = (size_t)view->roster->num_areas, num_slots = (size_t)view->task->num_slots, n = 0;
    struct shown *table = calloc(num_areas * num_slots, sizeof *table);
    struct contradiction *list = calloc(num_areas * num_slots, sizeof *list);

    if (table == NULL || list == NULL) {
        free(table);
        free(list);
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    fill(view, table);
    for (size_t area = 0; area < num_areas; area++) {
        int num_reports = view_num_reports(view, (int)area);
        for (size_t slot = 0; slot < num_slots; slot++) {
            const struct shown *own = &table[area * num_slots + slot];
            int num_others = num_reports - own->num_reports;
            if (contradicts(own, view->task->wire->slots[slot]->maximum, num_others)) {
                list[n++] = (struct contradiction){(int)area, (int)slot, own->total, own->parts, num_others};
            }
        }
    }
    free(table);
    *found = list;
    *num = n;
    return 0;
}

int contradictions_check(const struct view *view, struct err *err)
{
    struct contradiction *found = NULL;
    size_t num = 0;
    int rc = contradictions_find(&found, &num, view, err);

    if (rc == 0 && num > 0) {
        rc = err_set(
            err, ERR_TOTALS_CONTRADICT, "%s slot %d: total %" PRIu64 ", totals that it holds %" PRIu64,
            view->roster->areas[found[0].area].wire->code, found[0].slot, found[0].total, found[0].parts);
    }
    free(found);
    return rc;
}
