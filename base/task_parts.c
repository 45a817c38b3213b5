/* task_parts.c - which tasks another one may add up to a longer period. */
#include <inttypes.h>
#include <string.h>

#include "base/task.h"

static int unsound(const struct task *task, const char *what, struct err *err)
{
    return err_set(err, ERR_TASK_PARTS, "%s: %s", task->wire->name, what);
}

static bool same_rules(const Weft__V1__Task *a, const Weft__V1__Task *b)
{
    return strcmp(a->context, b->context) == 0 && a->catalogue_digest.len == b->catalogue_digest.len &&
           memcmp(a->catalogue_digest.data, b->catalogue_digest.data, a->catalogue_digest.len) == 0 &&
           strcmp(a->breakdown, b->breakdown) == 0 && a->vdaf == b->vdaf && a->min_sites == b->min_sites &&
           a->min_cell == b->min_cell;
}

int task_check_parts(const struct task *task, const struct task *const *parts, struct err *err)
{
    int64_t next_ms = task->wire->period->start_ms;

    for (size_t i = 0; i < task->wire->n_parts; i++) {
        const struct task *part = parts[i];
        if (part->wire->n_parts > 0) {
            return unsound(part, "is a sum itself; its own parts are to be named", err);
        }
        if (part->wire->period->start_ms != next_ms) {
            return unsound(part, "its period does not begin where the one before ends", err);
        }
        if (!same_rules(task->wire, part->wire) || !task_same_vector(task, part)) {
            return unsound(part, "catalogue, series, bounds or rules are not those of the sum", err);
        }
        if (task->wire->retention_ms > part->wire->retention_ms) {
            return unsound(part, "its shares are erased before the sum's", err);
        }
        next_ms = part->wire->period->end_ms;
    }
    return next_ms == task->wire->period->end_ms ? 0
                                                 : unsound(task, "its parts do not end where it ends", err);
}
