/* release.c - the collector of an area: opens what both sides sealed to it, says how many sites contribute,
 * marks small cells, and publishes what the pattern shows. */
#include "coordinator/core_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "crypto/secret.h"

/* ---- opening ---- */

/* Both aggregate shares of an opening, leader's first, each of num slots; kept under "opened <name>". */
struct opened {
    uint8_t *shares; /* 2 * len; secret */
    size_t len;      /* of one */
    int *slots;
    int num;
};

static void opened_clear(struct opened *opened)
{
    secret_free(opened->shares, 2 * opened->len);
    free(opened->slots);
    *opened = (struct opened){0};
}

static char *opened_name(char out[OPENING_NAME_MAX + 16], const struct view *view,
                         const struct opening *opening)
{
    char name[OPENING_NAME_MAX];

    snprintf(out, OPENING_NAME_MAX + 16, "opened %s", view_opening_name(view, opening, name));
    return out;
}

static int opened_begin(struct opened *opened, const struct core_task *task, const struct opening *opening,
                        struct err *err)
{
    *opened = (struct opened){.slots = calloc((size_t)task->task->num_slots, sizeof *opened->slots)};
    if (opened->slots == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    opened->num = view_opening_slots(task->view, opening, opened->slots);
    opened->len = (size_t)opened->num * prio3_sizes(task->task->prio3)->element;
    return 0;
}

static bool open_side(const struct core *core, const struct core_task *task, const struct opening *opening,
                      Weft__V1__Side side, uint8_t *share, size_t len)
{
    const struct core_collector *collector =
        core_find_collector(core, roster_signed_code(task->roster, opening->area));
    const Weft__V1__SealedShare *sealed = view_sealed_share(task->view, opening, side);

    return collector != NULL && sealed != NULL &&
           share_open(share, len, sealed->share, collector->key, task->task, sealed->opening,
                      sealed->coordinator, side, sealed->basis.data);
}

/* From the store, or from the two sealed shares if both are here; opened->shares stays NULL while they are
 * not. */
static int open_shares(struct opened *opened, const struct core *core, struct db *db,
                       const struct core_task *task, const struct opening *opening, struct err *err)
{
    char name[OPENING_NAME_MAX + 16];
    size_t stored_len;
    int rc;

    if ((rc = opened_begin(opened, task, opening, err)) != 0) {
        return rc;
    }
    if (task->view->num_parts > 0) {
        return sums_shares(db, task->view, opening, PRIO3_SHARES, opened->slots, opened->num, &opened->shares, err);
    }
    opened_name(name, task->view, opening);
    if ((rc = db_get_secret(db, task->task->id, name, &opened->shares, &stored_len, err)) != 0 ||
        opened->shares != NULL) {
        return rc;
    }
    if (view_sealed_share(task->view, opening, SIDE(LEADER)) == NULL ||
        view_sealed_share(task->view, opening, SIDE(HELPER)) == NULL) {
        return 0;
    }
    if ((opened->shares = malloc(2 * opened->len + 1)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    if (!open_side(core, task, opening, SIDE(LEADER), opened->shares, opened->len) ||
        !open_side(core, task, opening, SIDE(HELPER), opened->shares + opened->len, opened->len)) {
        return err_set(err, ERR_SHARE_UNREADABLE, "%s", name);
    }
    return db_put_secret(db, task->task->id, name, opened->shares, 2 * opened->len, err);
}

/* The totals of all slots that the opening opens, by slot; the bound of each is checked. */
static int totals_of(const struct opened *opened, const struct core_task *task, const struct opening *opening,
                     uint64_t *by_slot, struct err *err)
{
    const uint8_t *const shares[PRIO3_SHARES] = {opened->shares, opened->shares + opened->len};
    uint64_t *sums = calloc((size_t)opened->num + 1, sizeof *sums);
    uint64_t *limits = calloc((size_t)opened->num + 1, sizeof *limits);
    char name[OPENING_NAME_MAX];
    uint64_t num_sites = 0;
    int rc = 0;

    if (sums == NULL || limits == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "totals");
        goto done;
    }
    for (int i = 0; i < task->roster->num_sites; i++) {
        num_sites += view_opening_has_any(task->view, opening, i);
    }
    if (task->view->num_parts > 0) {
        num_sites = (uint64_t)view_num_reports(task->view, opening->area);
    }
    for (int i = 0; i < opened->num; i++) {
        limits[i] = task->task->wire->slots[opened->slots[i]]->maximum * num_sites;
    }
    if (opened->num > 0 &&
        prio3_unshard(task->task->prio3, sums, shares, (size_t)opened->num, limits) != PRIO3_OK) {
        rc = err_set(err, ERR_RELEASE_DIFFERS, "%s exceeds its bounds",
                     view_opening_name(task->view, opening, name));
        goto done;
    }
    for (int i = 0; i < opened->num; i++) {
        by_slot[opened->slots[i]] = sums[i];
    }
done:
    free(sums);
    free(limits);
    return rc;
}

/* Open and decode; *totals is NULL while the shares are not all here. secret_free. */
static int open_totals(const struct core *core, struct db *db, const struct core_task *task,
                       const struct opening *opening, struct opened *opened, uint64_t **totals,
                       struct err *err)
{
    size_t size = (size_t)task->task->num_slots * sizeof **totals;
    int rc;

    *totals = NULL;
    if ((rc = open_shares(opened, core, db, task, opening, err)) != 0 || opened->shares == NULL) {
        return rc;
    }
    if ((*totals = calloc(1, size)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    if ((rc = totals_of(opened, task, opening, *totals, err)) != 0) {
        secret_free(*totals, size);
        *totals = NULL;
    }
    return rc;
}

int core_opened_totals(struct core *core, struct store_txn *txn, size_t index, const struct opening *opening,
                       uint64_t **totals, bool **is_opened, struct err *err)
{
    const struct core_task *task = &core->tasks[index];
    struct db db = core_db(core, txn);
    struct opened opened = {0};
    char name[OPENING_NAME_MAX + 16];
    uint8_t *stored = NULL;
    size_t len;
    int rc;

    *totals = NULL;
    *is_opened = NULL;
    if (!view_opening_is_allowed(task->view, opening)) {
        return 0;
    }
    /* look before opening anew: a reader's transaction cannot store */
    if ((rc = db_get_secret(&db, task->task->id, opened_name(name, task->view, opening), &stored, &len,
                            err)) != 0 ||
        (stored == NULL && task->view->num_parts == 0)) {
        return rc;
    }
    secret_free(stored, len);
    if ((rc = open_totals(core, &db, task, opening, &opened, totals, err)) == 0 && *totals != NULL) {
        if ((*is_opened = calloc((size_t)task->task->num_slots + 1, sizeof **is_opened)) == NULL) {
            secret_free(*totals, (size_t)task->task->num_slots * sizeof **totals);
            *totals = NULL;
            rc = err_set(err, ERR_NO_MEMORY, "totals");
        }
        for (int i = 0; rc == 0 && i < opened.num; i++) {
            (*is_opened)[opened.slots[i]] = true;
        }
    }
    opened_clear(&opened);
    return rc;
}

/* ---- contributes ---- */

int release_build_contributes(struct core *core, struct db *db, struct core_task *task, int area,
                              Weft__V1__Document **document, struct err *err)
{
    struct opening opening = {area, SCOPE(BLOCK), STAGE(CONTRIBUTES)};
    Weft__V1__Contributes body = WEFT__V1__CONTRIBUTES__INIT;
    size_t num_series = (size_t)task->task->num_series;
    uint64_t *totals = NULL, *counts = NULL;
    struct opened opened = {0};
    int rc = 0;

    *document = NULL;
    if (!view_opening_is_allowed(task->view, &opening) ||
        (rc = open_totals(core, db, task, &opening, &opened, &totals, err)) != 0 || totals == NULL) {
        goto done;
    }
    if ((counts = calloc(2 * num_series, sizeof *counts)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "contributes");
        goto done;
    }
    for (size_t s = 0; s < num_series; s++) {
        const struct task_series *series = &task->task->series[s];
        counts[s] = totals[series->contributes];
        counts[num_series + s] = series->changed == NONE ? 0 : totals[series->changed];
    }
    body.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    body.area = task->roster->areas[area].wire->code;
    body.order_digest = core_bytes(view_order_of(task->view, area)->digest, DIGEST_SIZE);
    body.counts = counts;
    body.n_counts = num_series;
    body.changed = counts + num_series;
    body.n_changed = task->view->base == NULL ? 0 : num_series;
    body.leader_share = core_bytes(opened.shares, opened.len);
    body.helper_share = core_bytes(opened.shares + opened.len, opened.len);
    rc = document_new(document, DOC(CONTRIBUTES), &body.base, err);
done:
    free(counts);
    secret_free(totals, (size_t)task->task->num_slots * sizeof *totals);
    opened_clear(&opened);
    return rc;
}

/* ---- states ---- */

static int states_of(const struct core *core, struct db *db, const struct core_task *task,
                     const struct opening *opening, uint8_t *states, bool *complete, struct err *err)
{
    struct opened opened = {0};
    uint64_t *totals = NULL;
    int rc;

    if ((rc = open_totals(core, db, task, opening, &opened, &totals, err)) != 0 || totals == NULL) {
        *complete = false;
        goto done;
    }
    for (int i = 0; i < opened.num; i++) {
        int series = (int)task->task->wire->slots[opened.slots[i]]->series;
        const struct task_series *s = &task->task->series[series];
        for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
            states[c] = task_cell_state(task->task, c, totals);
        }
    }
done:
    secret_free(totals, (size_t)task->task->num_slots * sizeof *totals);
    opened_clear(&opened);
    return rc;
}

/* What the area's own block of a series holds, among the opened totals of its total and of its rest block. */
static const uint64_t *block_totals(const struct view *view, int area, int series, uint64_t *const totals[2])
{
    bool has_rest = view->has_own_block[(size_t)area * (size_t)view->task->num_series + (size_t)series];

    return totals[has_rest];
}

/* Both openings of an area; *complete says whether all that is allowed was there. */
static int open_both(const struct core *core, struct db *db, const struct core_task *task, int area,
                     uint64_t *totals[2], bool *complete, struct err *err)
{
    static const Weft__V1__Scope scopes[2] = {SCOPE(TOTAL), SCOPE(BLOCK)};
    int rc;

    for (int i = 0; i < 2; i++) {
        struct opening opening = {area, scopes[i], STAGE(VALUES)};
        struct opened opened = {0};

        if (!view_opening_is_allowed(task->view, &opening)) {
            continue;
        }
        rc = open_totals(core, db, task, &opening, &opened, &totals[i], err);
        opened_clear(&opened);
        if (rc != 0) {
            return rc;
        }
        *complete &= totals[i] != NULL;
    }
    return 0;
}

/* The states of how much the cells of a series' block differ from what they were. */
static void compare_blocks(const struct core_task *task, const struct core_task *before, int series,
                           const uint64_t *now, const uint64_t *then, uint64_t *differences, uint8_t *states)
{
    const struct task_series *s = &task->task->series[series];

    for (int slot = s->first_slot; slot < s->first_slot + s->num_slots; slot++) {
        int old = task_slot_before(task->task, before->task, slot);
        uint64_t was = old == NONE ? now[slot] : then[old];
        differences[slot] = now[slot] > was ? now[slot] - was : was - now[slot];
    }
    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        states[c] = task_cell_state(task->task, c, differences);
    }
}

/* Of a revision: what new sites bring into the area's blocks. The numbers before are the collector's own, opened in
 * an earlier task. */
static int delta_of(const struct core *core, struct db *db, const struct core_task *task, int area,
                    uint8_t *states, bool *complete, struct err *err)
{
    const struct view *view = task->view, *opened_in = view->base == NULL ? NULL : view_opened_in(view->base, area);
    size_t size = (size_t)task->task->num_slots * sizeof(uint64_t);
    uint64_t *now[2] = {NULL, NULL}, *then[2] = {NULL, NULL}, *differences = NULL;
    const struct core_task *before;
    ProtobufCBinaryData id;
    int rc = 0;

    if (opened_in == NULL) {
        return 0;
    }
    id = core_bytes(opened_in->task->id, TASK_ID_SIZE);
    before = core_find_task(core, &id);
    if ((differences = calloc(1, size)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "states");
    }
    if ((rc = open_both(core, db, task, area, now, complete, err)) != 0 ||
        (rc = open_both(core, db, before, area, then, complete, err)) != 0 || !*complete) {
        goto done;
    }
    for (int s = 0; s < task->task->num_series; s++) {
        if (view_block_has_joined(view, area, s) && view_block_kept_border(view, area, s)) {
            compare_blocks(task, before, s, block_totals(view, area, s, now),
                           block_totals(opened_in, area, s, then), differences, states);
        }
    }
done:
    for (int i = 0; i < 2; i++) {
        secret_free(now[i], size);
        secret_free(then[i], (size_t)before->task->num_slots * sizeof(uint64_t));
    }
    secret_free(differences, size);
    return rc;
}

int release_build_states(struct core *core, struct db *db, struct core_task *task, int area,
                         Weft__V1__Document **document, struct err *err)
{
    struct opening total = {area, SCOPE(TOTAL), STAGE(VALUES)}, block = {area, SCOPE(BLOCK), STAGE(VALUES)};
    Weft__V1__States body = WEFT__V1__STATES__INIT;
    size_t num = (size_t)task->task->num_cells;
    uint8_t *states = calloc(3, num);
    bool complete = true;
    int rc;

    *document = NULL;
    if (states == NULL) {
        return err_set(err, ERR_NO_MEMORY, "states");
    }
    if ((rc = states_of(core, db, task, &total, states, &complete, err)) != 0 || !complete ||
        (view_opening_is_allowed(task->view, &block) &&
         ((rc = states_of(core, db, task, &block, states + num, &complete, err)) != 0 || !complete)) ||
        (rc = delta_of(core, db, task, area, states + 2 * num, &complete, err)) != 0 || !complete) {
        goto done;
    }
    body.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    body.area = task->roster->areas[area].wire->code;
    body.plan_digest = core_bytes(view_plan_of(task->view, area)->digest, DIGEST_SIZE);
    body.total = core_bytes(states, num);
    body.block = core_bytes(states + num, num);
    body.delta = core_bytes(states + 2 * num, task->view->base == NULL ? 0 : num);
    rc = document_new(document, DOC(STATES), &body.base, err);
done:
    secret_free(states, 3 * num);
    return rc;
}

/* ---- release ---- */

/* Copy the elements of `slots` out of a share over opened->slots (both ascending). */
static void pick(const struct opened *opened, size_t element, const uint8_t *share, const int *slots, int num,
                 uint8_t *out)
{
    int at = 0;

    for (int i = 0; i < num; i++) {
        while (opened->slots[at] != slots[i]) {
            at++;
        }
        memcpy(out + (size_t)i * element, share + (size_t)at * element, element);
    }
}

struct shown {
    int *slots;
    int num;
    uint8_t *shares; /* 2 * len */
    size_t len;
    Weft__V1__SlotTotal *entries, **list;
};

static void shown_clear(struct shown *shown)
{
    free(shown->slots);
    free(shown->shares);
    free(shown->entries);
    free(shown->list);
}

static int shown_begin(struct shown *shown, const struct core_task *task, int area, struct err *err)
{
    size_t max = (size_t)task->task->num_slots + 1, element = prio3_sizes(task->task->prio3)->element;

    shown->slots = calloc(max, sizeof *shown->slots);
    shown->shares = calloc(2 * max, element);
    shown->entries = calloc(max, sizeof *shown->entries);
    shown->list = calloc(max, sizeof(Weft__V1__SlotTotal *));
    if (shown->slots == NULL || shown->shares == NULL || shown->entries == NULL || shown->list == NULL) {
        return err_set(err, ERR_NO_MEMORY, "release");
    }
    shown->num = view_shown_slots(task->view, area, shown->slots);
    shown->len = (size_t)shown->num * element;
    return 0;
}

int release_build(struct core *core, struct db *db, struct core_task *task, int area,
                  Weft__V1__Document **document, struct err *err)
{
    struct opening opening = {area, SCOPE(TOTAL), STAGE(VALUES)};
    size_t element = prio3_sizes(task->task->prio3)->element;
    Weft__V1__Release body = WEFT__V1__RELEASE__INIT;
    struct opened opened = {0};
    struct shown shown = {0};
    uint64_t *totals = NULL;
    int rc;

    *document = NULL;
    if ((rc = open_totals(core, db, task, &opening, &opened, &totals, err)) != 0 || totals == NULL ||
        (rc = shown_begin(&shown, task, area, err)) != 0) {
        goto done;
    }
    for (int i = 0; i < shown.num; i++) {
        weft__v1__slot_total__init(&shown.entries[i]);
        shown.entries[i].slot = (uint32_t)shown.slots[i];
        shown.entries[i].total = totals[shown.slots[i]];
        shown.list[i] = &shown.entries[i];
    }
    pick(&opened, element, opened.shares, shown.slots, shown.num, shown.shares);
    pick(&opened, element, opened.shares + opened.len, shown.slots, shown.num, shown.shares + shown.len);
    body.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    body.area = task->roster->areas[area].wire->code;
    body.pattern_digest = core_bytes(view_pattern_of(task->view, area)->digest, DIGEST_SIZE);
    body.revision = task->task->wire->revision;
    body.sites_expected = (uint32_t)view_num_expected(task->view, area);
    body.sites = (uint32_t)view_num_frozen(task->view, area);
    body.slots = shown.list;
    body.n_slots = (size_t)shown.num;
    body.leader_share = core_bytes(shown.shares, shown.len);
    body.helper_share = core_bytes(shown.shares + shown.len, shown.len);
    rc = document_new(document, DOC(RELEASE), &body.base, err);
done:
    shown_clear(&shown);
    secret_free(totals, (size_t)task->task->num_slots * sizeof *totals);
    opened_clear(&opened);
    return rc;
}

/* ---- the helper's check ---- */

static int own_share(struct db *db, const struct core_task *task, const struct opening *opening,
                     struct opened *own, size_t *len, struct err *err)
{
    if (task->view->num_parts == 0) {
        return rollup_own_share(db, task->view, opening, &own->shares, len, err);
    }
    *len = own->len;
    return sums_shares(db, task->view, opening, 1, own->slots, own->num, &own->shares, err);
}

/* Did this coordinator seal its side's share, so that it can compare? */
static bool is_own_seal(const struct core_task *task, const struct opening *opening)
{
    const struct roster *roster = task->roster;

    return task->view->num_parts > 0
               ? sums_are_sealed_by(task->view, opening, roster->coordinators[task->self].wire->id, task->side)
               : roster_station(roster, view_opening_sealer(task->view, opening), task->side) == task->self;
}

static int compare_own(struct db *db, const struct core_task *task, const struct opening *opening,
                       const int *slots, int num, const ProtobufCBinaryData *claimed, struct err *err)
{
    size_t element = prio3_sizes(task->task->prio3)->element, own_len = 0;
    struct opened own = {0};
    uint8_t *picked = NULL;
    char name[OPENING_NAME_MAX];
    int rc;

    if ((rc = opened_begin(&own, task, opening, err)) != 0 ||
        (rc = own_share(db, task, opening, &own, &own_len, err)) != 0) {
        goto done;
    }
    if (own.shares == NULL) {
        /* where another pair sealed it, the shares' sum and the pattern were checked, and this cannot be */
        if (is_own_seal(task, opening)) {
            rc = err_set(err, ERR_PREDECESSOR_MISSING, "the helper's own share of %s",
                         view_opening_name(task->view, opening, name));
        }
        goto done;
    }
    if (own_len != own.len) {
        rc = err_set(err, ERR_STORE_CORRUPT, "own share");
        goto done;
    }
    if ((picked = calloc((size_t)num + 1, element)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "release");
        goto done;
    }
    pick(&own, element, own.shares, slots, num, picked);
    if (claimed->len != (size_t)num * element || !secret_equal(picked, claimed->data, claimed->len)) {
        rc = err_set(err, ERR_RELEASE_DIFFERS, "%s: the helper's share was altered",
                     view_opening_name(task->view, opening, name));
    }
done:
    secret_free(own.shares, own_len);
    own.shares = NULL;
    opened_clear(&own);
    secret_free(picked, (size_t)num * element);
    return rc;
}

int release_check_own_share(struct db *db, const struct core_task *task, const Weft__V1__Document *document,
                            struct err *err)
{
    bool is_release = document->type == DOC(RELEASE);
    const ProtobufCBinaryData *claimed;
    struct opening opening;
    ProtobufCMessage *body = NULL;
    int *slots = NULL, num, rc;

    if ((rc = document_body(&body, document, document->type, err)) != 0) {
        return rc;
    }
    if ((slots = calloc((size_t)task->task->num_slots + 1, sizeof *slots)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "release");
        goto done;
    }
    if (is_release) {
        const Weft__V1__Release *release = (const Weft__V1__Release *)body;
        opening =
            (struct opening){roster_find_area(task->roster, release->area), SCOPE(TOTAL), STAGE(VALUES)};
        num = view_shown_slots(task->view, opening.area, slots);
        claimed = &release->helper_share;
    } else {
        const Weft__V1__Contributes *contributes = (const Weft__V1__Contributes *)body;
        opening = (struct opening){roster_find_area(task->roster, contributes->area), SCOPE(BLOCK),
                                   STAGE(CONTRIBUTES)};
        num = view_opening_slots(task->view, &opening, slots);
        claimed = &contributes->helper_share;
    }
    rc = compare_own(db, task, &opening, slots, num, claimed, err);
done:
    free(slots);
    wire_free(&body);
    return rc;
}
