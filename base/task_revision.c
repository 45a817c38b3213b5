/* task_revision.c - which task may follow another one as its revision, and where its numbers stand in it. */
#include <inttypes.h>
#include <string.h>

#include "base/task.h"

static Weft__V1__Role role_of(const struct task *task, int slot)
{
    return task->wire->slots[slot]->role;
}

int task_slot_before(const struct task *task, const struct task *before, int slot)
{
    const struct task_series *series = &task->series[task->wire->slots[slot]->series];
    const struct task_series *old = &before->series[task->wire->slots[slot]->series];

    return slot == series->changed ? old->changed : slot - series->first_slot + old->first_slot;
}

static bool same_bytes(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static bool same_series(const Weft__V1__Series *a, const Weft__V1__Series *b)
{
    return strcmp(a->indicator, b->indicator) == 0 && strcmp(a->stratum, b->stratum) == 0 &&
           a->kind == b->kind && strcmp(a->population, b->population) == 0 && a->scale == b->scale &&
           a->n_bin_lower == b->n_bin_lower &&
           (a->n_bin_lower == 0 ||
            memcmp(a->bin_lower, b->bin_lower, a->n_bin_lower * sizeof *a->bin_lower) == 0);
}

bool task_same_vector(const struct task *task, const struct task *before)
{
    if (task->num_series != before->num_series || task->num_cells != before->num_cells) {
        return false;
    }
    for (int i = 0; i < task->num_series; i++) {
        if (!same_series(task->series[i].wire, before->series[i].wire) ||
            task->series[i].num_slots - (task->series[i].changed != NONE) !=
                before->series[i].num_slots - (before->series[i].changed != NONE)) {
            return false;
        }
    }
    for (int slot = 0; slot < task->num_slots; slot++) {
        int old = task_slot_before(task, before, slot);
        if (old != NONE && (role_of(task, slot) != role_of(before, old) ||
                            task->wire->slots[slot]->maximum != before->wire->slots[old]->maximum)) {
            return false;
        }
    }
    return true;
}

static bool same_areas(const Weft__V1__Task *a, const Weft__V1__Task *b)
{
    for (size_t i = 0; a->n_release_areas == b->n_release_areas && i < a->n_release_areas; i++) {
        if (strcmp(a->release_areas[i], b->release_areas[i]) != 0) {
            return false;
        }
    }
    return a->n_release_areas == b->n_release_areas;
}

static bool same_rules(const Weft__V1__Task *a, const Weft__V1__Task *b)
{
    return strcmp(a->context, b->context) == 0 && same_bytes(&a->roster_digest, &b->roster_digest) &&
           same_bytes(&a->catalogue_digest, &b->catalogue_digest) &&
           a->period->start_ms == b->period->start_ms && a->period->end_ms == b->period->end_ms &&
           strcmp(a->period->id, b->period->id) == 0 && strcmp(a->period->zone, b->period->zone) == 0 &&
           strcmp(a->breakdown, b->breakdown) == 0 && a->vdaf == b->vdaf && a->min_sites == b->min_sites && a->min_cell == b->min_cell &&
           a->min_coverage_percent == b->min_coverage_percent && same_areas(a, b);
}

int task_check_revision(const struct task *task, const struct task *before, struct err *err)
{
    if (task->wire->revision != before->wire->revision + 1 || task->wire->supersedes.len != TASK_ID_SIZE ||
        memcmp(task->wire->supersedes.data, before->id, TASK_ID_SIZE) != 0) {
        return err_set(err, ERR_REVISION_UNSOUND, "revision %" PRIu32 " after %" PRIu32,
                       task->wire->revision, before->wire->revision);
    }
    if (!same_rules(task->wire, before->wire) || !task_same_vector(task, before)) {
        return err_set(err, ERR_REVISION_UNSOUND,
                       "period, roster, series, bounds, areas or rules are not those of the task before");
    }
    return task->wire->retention_ms <= before->wire->retention_ms
               ? 0
               : err_set(err, ERR_REVISION_UNSOUND, "it would end after the shares of the task before are erased");
}
