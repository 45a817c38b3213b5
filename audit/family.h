/* family.h - which tasks may live side by side, so that their totals cannot be played off against each other.
 *
 * Two tasks that count one indicator over a common span of time can be subtracted: a month from its quarter, or a
 * period from the same one with one more hospital. So each party holds to the task that it took in first and has no
 * part in another one that *conflicts* with it:
 *
 *     two tasks with reports     if they name a common indicator, their periods overlap, and neither is a revision
 *                                of the other (a revision has its own rules)
 *     two sums of other tasks    if they share a part and neither holds all parts of the other: months in quarters
 *                                in years are nested, rolling windows are not
 *
 * A sum conflicts with no task with reports: it tells nothing but what its parts allow (audit/parts.h). Whether two
 * indicators of different names count the same patients, nobody can tell from a task; the authority has to look. */
#ifndef AUDIT_FAMILY_H
#define AUDIT_FAMILY_H

#include "base/task.h"

/* The tasks that a party holds, in the order in which it took them in. `at` gives NULL for one that was ended by a
 * void before anything of it was opened: it stands in nobody's way. */
struct family {
    const struct task *(*at)(const void *holder, size_t index);
    const void *holder;
    size_t num;
};

/* The first of them that conflicts with `task`; NULL: none. `task` may be among them. */
const struct task *family_conflict(const struct family *held, const struct task *task);

/* family_conflict as an error that names the other task: ERR_TASK_OVERLAPS. */
WEFT_MUST_USE int family_check(const struct family *held, const struct task *task, struct err *err);

/* Are all parts of a sum held, and may it add them up? ERR_PREDECESSOR_MISSING, ERR_TASK_PARTS. True of a task without
 * parts. Here `at` gives every task, voided or not. */
WEFT_MUST_USE int family_check_parts(const struct family *held, const struct task *task, struct err *err);

#endif
