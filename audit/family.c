/* family.c - do two tasks conflict? */
#include "audit/family.h"

#include <stdlib.h>
#include <string.h>

static bool is_task(const struct task *task, const ProtobufCBinaryData *id)
{
    return id->len == TASK_ID_SIZE && memcmp(task->id, id->data, TASK_ID_SIZE) == 0;
}

static const struct task *find(const struct family *held, const ProtobufCBinaryData *id)
{
    for (size_t i = 0; i < held->num; i++) {
        const struct task *task = held->at(held->holder, i);
        if (task != NULL && is_task(task, id)) {
            return task;
        }
    }
    return NULL;
}

/* ---- tasks with reports ---- */

static bool overlap(const Weft__V1__Period *a, const Weft__V1__Period *b)
{
    return a->start_ms < b->end_ms && b->start_ms < a->end_ms;
}

static bool share_an_indicator(const Weft__V1__Task *a, const Weft__V1__Task *b)
{
    for (size_t i = 0; i < a->n_series; i++) {
        for (size_t k = 0; k < b->n_series; k++) {
            if (strcmp(a->series[i]->indicator, b->series[k]->indicator) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Does `task` go back to `first` by what each revision supersedes? All count the same period. */
static bool is_revision_of(const struct family *held, const struct task *task, const struct task *first)
{
    for (size_t i = 0; i <= held->num && task != NULL && task->wire->revision > 0; i++) {
        if (is_task(first, &task->wire->supersedes)) {
            return task->wire->period->start_ms == first->wire->period->start_ms &&
                   task->wire->period->end_ms == first->wire->period->end_ms;
        }
        task = find(held, &task->wire->supersedes);
    }
    return false;
}

static bool reports_conflict(const struct family *held, const struct task *a, const struct task *b)
{
    return overlap(a->wire->period, b->wire->period) && share_an_indicator(a->wire, b->wire) &&
           !is_revision_of(held, a, b) && !is_revision_of(held, b, a);
}

/* ---- sums ---- */

static size_t num_shared(const Weft__V1__Task *a, const Weft__V1__Task *b)
{
    size_t num = 0;

    for (size_t i = 0; i < a->n_parts; i++) {
        for (size_t k = 0; k < b->n_parts; k++) {
            num += a->parts[i].len == b->parts[k].len &&
                   memcmp(a->parts[i].data, b->parts[k].data, a->parts[i].len) == 0;
        }
    }
    return num;
}

static bool sums_conflict(const Weft__V1__Task *a, const Weft__V1__Task *b)
{
    size_t num = num_shared(a, b);

    return num > 0 && num < a->n_parts && num < b->n_parts;
}

/* ---- both ---- */

static bool conflict(const struct family *held, const struct task *a, const struct task *b)
{
    if (a->wire->n_parts == 0 && b->wire->n_parts == 0) {
        return reports_conflict(held, a, b);
    }
    return sums_conflict(a->wire, b->wire);
}

const struct task *family_conflict(const struct family *held, const struct task *task)
{
    for (size_t i = 0; i < held->num; i++) {
        const struct task *other = held->at(held->holder, i);
        if (other != NULL && memcmp(other->id, task->id, TASK_ID_SIZE) != 0 && conflict(held, task, other)) {
            return other;
        }
    }
    return NULL;
}

int family_check(const struct family *held, const struct task *task, struct err *err)
{
    const struct task *other = family_conflict(held, task);

    return other == NULL ? 0
                         : err_set(err, ERR_TASK_OVERLAPS, "%s (%.16s, %s) conflicts with %s (%.16s, %s)",
                                   task->wire->name, task->hex, task->wire->period->id, other->wire->name,
                                   other->hex, other->wire->period->id);
}

int family_check_parts(const struct family *held, const struct task *task, struct err *err)
{
    const struct task **parts = calloc(task->wire->n_parts + 1, sizeof(const struct task *));
    int rc = parts == NULL ? err_set(err, ERR_NO_MEMORY, "parts") : 0;

    for (size_t i = 0; rc == 0 && i < task->wire->n_parts; i++) {
        if ((parts[i] = find(held, &task->wire->parts[i])) == NULL) {
            rc = err_set(err, ERR_PREDECESSOR_MISSING, "%s: a part is not known here", task->wire->name);
        }
    }
    if (rc == 0 && task->wire->n_parts > 0) {
        rc = task_check_parts(task, parts, err);
    }
    free((void *)parts);
    return rc;
}
