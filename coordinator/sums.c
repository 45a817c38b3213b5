/* sums.c - the shares of longer periods: what a coordinator holds of the parts, added up.
 *
 * The collector of an area keeps both aggregate shares that it opened of each part's total ("opened ..."), and the
 * coordinators that sealed them keep their own ("share ... from own"), until retention ends. A sum's shares are the
 * sums of these, over the slots that it opens. */
#include "coordinator/core_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

/* Where the newest total of a part's area was opened: in the part or a task that it revises. NULL: nowhere. */
static const struct view *opened_in(const struct view *sum, size_t part, int area, struct opening *there)
{
    int index = view_area_in_part(sum, part, area);

    *there = (struct opening){index, SCOPE(TOTAL), STAGE(VALUES)};
    return index == NONE ? NULL : view_opened_in(sum->parts[part], index);
}

/* Add to `sum` the elements of its slots, out of a share of `from_slots` (both ascending). */
static int add_picked(const struct view *view, const int *slots, int num, uint8_t *sum,
                      const struct view *from, const int *from_slots, int num_from, const uint8_t *share,
                      struct err *err)
{
    size_t element = prio3_sizes(view->task->prio3)->element;
    uint8_t *picked = calloc((size_t)num + 1, element);
    int at = 0, rc = 0;

    if (picked == NULL) {
        return err_set(err, ERR_NO_MEMORY, "shares");
    }
    for (int i = 0; i < num && rc == 0; i++) {
        int wanted = task_slot_before(view->task, from->task, slots[i]);
        while (at < num_from && from_slots[at] < wanted) {
            at++;
        }
        if (at == num_from || from_slots[at] != wanted) {
            rc = err_set(err, ERR_INTERNAL, "a part did not open what its sum opens");
        } else {
            memcpy(picked + (size_t)i * element, share + (size_t)at * element, element);
        }
    }
    if (rc == 0 && prio3_accumulate(view->task->prio3, sum, picked, (size_t)num) != PRIO3_OK) {
        rc = err_set(err, ERR_STORE_CORRUPT, "share of a part");
    }
    secret_free(picked, (size_t)num * element);
    return rc;
}

/* A part's stored shares: `num_shares` after each other, of the same slots. */
struct stored {
    const struct view *from;
    uint8_t *shares;
    size_t len;
    int *slots;
    int num;
};

static void stored_clear(struct stored *stored)
{
    secret_free(stored->shares, stored->len);
    free(stored->slots);
    *stored = (struct stored){0};
}

/* stored->shares stays NULL when they are not here. */
static int fetch(struct stored *stored, struct db *db, const struct view *sum, size_t part, int area,
                 int num_shares, struct err *err)
{
    char name[OPENING_NAME_MAX + 16], opening_name[OPENING_NAME_MAX];
    struct opening there;
    int rc;

    if ((stored->from = opened_in(sum, part, area, &there)) == NULL) {
        return 0;
    }
    if ((stored->slots = calloc((size_t)stored->from->task->num_slots, sizeof *stored->slots)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "shares");
    }
    stored->num = view_opening_slots(stored->from, &there, stored->slots);
    if (num_shares == 1) {
        rc = rollup_own_share(db, stored->from, &there, &stored->shares, &stored->len, err);
    } else {
        snprintf(name, sizeof name, "opened %s", view_opening_name(stored->from, &there, opening_name));
        rc = db_get_secret(db, stored->from->task->id, name, &stored->shares, &stored->len, err);
    }
    if (rc == 0 && stored->shares != NULL &&
        stored->len != (size_t)num_shares * (size_t)stored->num * prio3_sizes(sum->task->prio3)->element) {
        rc = err_set(err, ERR_STORE_CORRUPT, "share of a part");
    }
    return rc;
}

/* Add one part's shares to `num_shares` sums after each other; *complete is cleared if they are not here. */
static int add_part(struct db *db, const struct view *sum, size_t part, int area, int num_shares,
                    const int *slots, int num, uint8_t *sums, bool *complete, struct err *err)
{
    size_t element = prio3_sizes(sum->task->prio3)->element;
    struct stored stored = {0};
    int rc = fetch(&stored, db, sum, part, area, num_shares, err);

    if (rc == 0 && stored.shares == NULL) {
        *complete = false;
    }
    for (int i = 0; rc == 0 && stored.shares != NULL && i < num_shares; i++) {
        rc = add_picked(sum, slots, num, sums + (size_t)i * (size_t)num * element, stored.from, stored.slots,
                        stored.num, stored.shares + (size_t)i * (size_t)stored.num * element, err);
    }
    stored_clear(&stored);
    return rc;
}

int sums_shares(struct db *db, const struct view *view, const struct opening *opening, int num_shares,
                const int *slots, int num, uint8_t **shares, struct err *err)
{
    size_t len = (size_t)num_shares * (size_t)num * prio3_sizes(view->task->prio3)->element;
    uint8_t *sums = calloc(1, len + 1);
    bool complete = true;
    int rc = sums == NULL ? err_set(err, ERR_NO_MEMORY, "shares") : 0;

    *shares = NULL;
    for (size_t i = 0; rc == 0 && complete && i < view->num_parts; i++) {
        rc = add_part(db, view, i, opening->area, num_shares, slots, num, sums, &complete, err);
    }
    if (rc == 0 && complete) {
        *shares = sums;
        return 0;
    }
    secret_free(sums, len);
    return rc;
}

bool sums_are_sealed_by(const struct view *view, const struct opening *opening, const char *coordinator,
                        Weft__V1__Side side)
{
    for (size_t i = 0; i < view->num_parts; i++) {
        struct opening there;
        const struct view *from = opened_in(view, i, opening->area, &there);
        int sealer =
            from == NULL ? NONE : roster_station(from->roster, view_opening_sealer(from, &there), side);
        if (sealer == NONE || strcmp(from->roster->coordinators[sealer].wire->id, coordinator) != 0) {
            return false;
        }
    }
    return true;
}
