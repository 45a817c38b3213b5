/* totals_classes.c - totals by class of the upper areas: sums of what is published below them.
 *
 * A task with a breakdown releases class totals of the areas in which sites stand. Those of a city or province are added
 * up here, from released numbers alone; where a part is not released, neither is the sum. */
#include <stdlib.h>
#include <string.h>

#include "coordinator/totals.h"

/* By area: the class of the sites that stand in it; NULL where none do. (With a breakdown they are of one class.) */
static const char **class_of_areas(const struct totals *totals)
{
    const struct roster *roster = totals->view->roster;
    const char **values = calloc((size_t)roster->num_areas, sizeof *values);

    for (int i = 0; values != NULL && i < roster->num_sites; i++) {
        values[roster->sites[i].area] =
            roster_class(roster->sites[i].wire, totals->view->task->wire->breakdown);
    }
    return values;
}

/* Is there an area of the document below it? Class totals of the others are areas of their own. */
static bool is_upper(const struct roster *roster, int area)
{
    for (int i = 0; i < roster->num_areas; i++) {
        if (roster->areas[i].parent == area && roster->areas[i].whole == NONE) {
            return true;
        }
    }
    return false;
}

static int add_class(struct totals *totals, int area, const char *value, const char *const *values,
                     struct err *err)
{
    size_t areas = (size_t)totals->view->roster->num_areas, slots = (size_t)totals->view->task->num_slots;
    struct totals_class *grown = realloc(totals->classes, (totals->num_classes + 1) * sizeof *grown), *added;

    if (grown == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    totals->classes = grown;
    added = &grown[totals->num_classes++];
    *added = (struct totals_class){area,
                                   value,
                                   calloc(areas, sizeof *added->is_part),
                                   0,
                                   0,
                                   calloc(slots, sizeof *added->slots),
                                   calloc(slots, sizeof *added->known)};
    if (added->is_part == NULL || added->slots == NULL || added->known == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    for (size_t i = 0; i < areas; i++) {
        added->is_part[i] = values[i] != NULL && strcmp(values[i], value) == 0 &&
                            roster_is_within(totals->view->roster, (int)i, area);
        added->sites_expected += added->is_part[i] ? totals->areas[i].sites_expected : 0;
        added->sites += added->is_part[i] ? totals->areas[i].sites : 0;
    }
    return 0;
}

static bool has_class(const struct totals *totals, int area, const char *value)
{
    for (size_t k = 0; k < totals->num_classes; k++) {
        if (totals->classes[k].area == area && strcmp(totals->classes[k].value, value) == 0) {
            return true;
        }
    }
    return false;
}

/* Known where it is for each part that has reports. */
static void add_up(const struct totals *totals, struct totals_class *class)
{
    size_t slots = (size_t)totals->view->task->num_slots;

    for (size_t slot = 0; slot < slots; slot++) {
        class->known[slot] = class->sites > 0;
        for (int i = 0; i < totals->view->roster->num_areas; i++) {
            if (class->is_part[i] && totals->areas[i].sites > 0) {
                class->known[slot] &= totals->known[(size_t)i * slots + slot];
                class->slots[slot] += totals->slots[(size_t)i * slots + slot];
            }
        }
    }
}

int totals_add_classes(struct totals *totals, struct err *err)
{
    const struct roster *roster = totals->view->roster;
    const char **values;
    int rc = 0;

    if (totals->view->task->wire->breakdown[0] == '\0') {
        return 0;
    }
    if ((values = class_of_areas(totals)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    for (int area = 0; area < roster->num_areas; area++) {
        for (int i = 0; rc == 0 && is_upper(roster, area) && i < roster->num_areas; i++) {
            if (values[i] != NULL && roster_is_within(roster, i, area) &&
                !has_class(totals, area, values[i])) {
                rc = add_class(totals, area, values[i], values, err);
            }
        }
    }
    free(values);
    for (size_t k = 0; rc == 0 && k < totals->num_classes; k++) {
        add_up(totals, &totals->classes[k]);
    }
    return rc;
}

void totals_free_classes(struct totals *totals)
{
    for (size_t k = 0; k < totals->num_classes; k++) {
        free(totals->classes[k].is_part);
        free(totals->classes[k].slots);
        free(totals->classes[k].known);
    }
    free(totals->classes);
}

/* As the least released of its parts: void, pending, withheld, suppressed, then released; parts without reports are none. */
static Weft__V1__TotalState class_state(const struct totals *totals, const struct totals_class *class,
                                        int series, enum totals_reason *reason)
{
    static const Weft__V1__TotalState least_first[] = {TOTALS(VOID), TOTALS(PENDING), TOTALS(WITHHELD),
                                                       TOTALS(SUPPRESSED), TOTALS(RELEASED)};
    size_t least = sizeof least_first / sizeof least_first[0];

    *reason = TOTALS_REASON_NONE;
    for (int i = 0; i < totals->view->roster->num_areas; i++) {
        enum totals_reason why;
        Weft__V1__TotalState state;
        if (!class->is_part[i] || (totals->areas[i].sites == 0 && totals->view->order.document != NULL)) {
            continue;
        }
        state = totals_public_state(totals->opened[(size_t)i * (size_t)totals->view->task->num_series + (size_t)series],
                                    i, series, &why);
        for (size_t k = 0; k < least; k++) {
            if (least_first[k] == state) {
                least = k;
                *reason = why;
            }
        }
    }
    if (least == sizeof least_first / sizeof least_first[0]) {
        *reason = TOTALS_NO_REPORTS;
        return TOTALS(NOT_REPORTED);
    }
    return least_first[least];
}

static struct totals_number contributing(const struct totals *totals, const struct totals_class *class,
                                         int series)
{
    struct totals_number sum = {.known = class->sites > 0};

    for (int i = 0; i < totals->view->roster->num_areas; i++) {
        if (sum.known && class->is_part[i] && totals->areas[i].sites > 0) {
            struct totals_number part = totals_row(totals, i, series).contributing;
            sum = (struct totals_number){part.known, sum.value + part.value};
        }
    }
    return sum;
}

struct totals_row totals_class_row(const struct totals *totals, size_t index, int series)
{
    const struct totals_class *class = &totals->classes[index];
    struct totals_row row = totals_row(totals, class->area, series), out = {0};
    struct totals of_class = *totals; /* whose area 0 holds the sums */

    of_class.slots = class->slots;
    of_class.known = class->known;
    out.is_sum = true;
    out.series = series;
    out.wire = row.wire;
    out.indicator = row.indicator;
    out.revision = totals->view->task->wire->revision;
    out.sites_expected = class->sites_expected;
    out.sites = class->sites;
    out.state = class_state(totals, class, series, &out.reason);
    out.contributing = contributing(totals, class, series);
    totals_fill_figures(&of_class, &out);
    out.area = class->area;
    return out;
}
