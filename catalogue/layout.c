/* layout.c - from a catalogue to the series and slots of a task. */
#include <stdlib.h>
#include <string.h>

#include "catalogue/kind.h"

static size_t data_slots(const struct catalogue_indicator *indicator)
{
    return indicator->kind == KIND(DISTRIBUTION) ? indicator->num_bins
                                                 : catalogue_kind(indicator->kind)->num_roles;
}

static size_t num_series(const struct catalogue_indicator *indicator)
{
    if (!indicator->is_enabled)
        return 0;
    return 1 + (indicator->strata != NULL ? indicator->strata->num_values : 0);
}

static void add_slot(struct catalogue_layout *layout, const struct catalogue_indicator *indicator,
                     Weft__V1__Role role, size_t bin)
{
    Weft__V1__Slot *slot = &layout->slots[layout->num_slots];

    weft__v1__slot__init(slot);
    slot->series = (uint32_t)layout->num_series;
    slot->role = role;
    slot->bin = (uint32_t)bin;
    slot->maximum = indicator->bounds[role];
    layout->slot_list[layout->num_slots++] = slot;
}

static void add_series(struct catalogue_layout *layout, const struct catalogue *catalogue, size_t index,
                       size_t stratum)
{
    const struct catalogue_indicator *indicator = &catalogue->indicators[index];
    const struct kind *kind = catalogue_kind(indicator->kind);
    Weft__V1__Series *series = &layout->series[layout->num_series];
    struct catalogue_place *place = &layout->places[layout->num_series];

    weft__v1__series__init(series);
    series->indicator = (char *)indicator->id; /* protobuf-c knows no const; never written */
    if (stratum > 0)
        series->stratum = (char *)indicator->strata->values[stratum - 1].id;
    series->kind = indicator->kind;
    series->population = (char *)catalogue->populations[indicator->population].id;
    series->scale = indicator->scale;
    series->n_bin_lower = indicator->num_bins;
    series->bin_lower = indicator->bin_lower;
    layout->series_list[layout->num_series] = series;
    *place =
        (struct catalogue_place){.indicator = index, .stratum = stratum, .first_slot = layout->num_slots};
    for (size_t i = 0; i < data_slots(indicator); i++) {
        if (indicator->kind == KIND(DISTRIBUTION))
            add_slot(layout, indicator, ROLE(BIN), i);
        else
            add_slot(layout, indicator, kind->roles[i], 0);
    }
    add_slot(layout, indicator, ROLE(CONTRIBUTES), 0);
    add_slot(layout, indicator, ROLE(MISSING), 0);
    place->num_slots = layout->num_slots - place->first_slot;
    layout->num_series++;
}

int catalogue_layout(struct catalogue_layout *out, const struct catalogue *catalogue, struct err *err)
{
    struct catalogue_layout layout = {0};
    size_t all_series = 0, all_slots = 0;

    for (size_t i = 0; i < catalogue->num_indicators; i++) {
        all_series += num_series(&catalogue->indicators[i]);
        all_slots += num_series(&catalogue->indicators[i]) * (data_slots(&catalogue->indicators[i]) + 2);
    }
    if (all_slots > CATALOGUE_MAX_SLOTS)
        return err_set(err, ERR_CATALOGUE_BAD_VALUE, "%zu slots, at most %d", all_slots, CATALOGUE_MAX_SLOTS);
    layout.series = calloc(all_series, sizeof(*layout.series));
    layout.series_list = calloc(all_series, sizeof(Weft__V1__Series *));
    layout.places = calloc(all_series, sizeof(*layout.places));
    layout.slots = calloc(all_slots, sizeof(*layout.slots));
    layout.slot_list = calloc(all_slots, sizeof(Weft__V1__Slot *));
    if (layout.series == NULL || layout.series_list == NULL || layout.places == NULL ||
        layout.slots == NULL || layout.slot_list == NULL) {
        catalogue_layout_clear(&layout);
        return err_set(err, ERR_NO_MEMORY, "layout");
    }
    for (size_t i = 0; i < catalogue->num_indicators; i++) {
        for (size_t stratum = 0; stratum < num_series(&catalogue->indicators[i]); stratum++)
            add_series(&layout, catalogue, i, stratum);
    }
    *out = layout;
    return ERR_OK;
}

void catalogue_layout_clear(struct catalogue_layout *layout)
{
    free(layout->series);
    free(layout->series_list);
    free(layout->slots);
    free(layout->slot_list);
    free(layout->places);
    *layout = (struct catalogue_layout){0};
}

static bool same_series(const Weft__V1__Series *a, const Weft__V1__Series *b)
{
    return strcmp(a->indicator, b->indicator) == 0 && strcmp(a->stratum, b->stratum) == 0 &&
           a->kind == b->kind && strcmp(a->population, b->population) == 0 && a->scale == b->scale &&
           a->n_bin_lower == b->n_bin_lower &&
           (a->n_bin_lower == 0 ||
            memcmp(a->bin_lower, b->bin_lower, a->n_bin_lower * sizeof(*a->bin_lower)) == 0);
}

static bool same_slot(const Weft__V1__Slot *a, const Weft__V1__Slot *b)
{
    return a->series == b->series && a->role == b->role && a->bin == b->bin && a->maximum == b->maximum;
}

bool catalogue_layout_equals(const struct catalogue_layout *layout, const Weft__V1__Task *task)
{
    size_t num = 0;

    if (layout->num_series != task->n_series)
        return false;
    for (size_t i = 0; i < layout->num_series; i++) {
        if (!same_series(&layout->series[i], task->series[i]))
            return false;
    }
    for (size_t i = 0; i < task->n_slots; i++) {
        if (task->slots[i]->role == WEFT__V1__ROLE__ROLE_CHANGED)
            continue;
        if (num == layout->num_slots || !same_slot(&layout->slots[num], task->slots[i]))
            return false;
        num++;
    }
    return num == layout->num_slots;
}
