/* task.c - open and check tasks; slots, cells and the pair's verify key. */
#include "base/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cost.h"
#include "base/hex.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define TOTAL_LIMIT                                                                                          \
    UINT64_C(0xFFFFFFFF00000001) /* Field64's prime; totals are 64 bits wide over Field128 too */
#define ROLLUP_PERIODS 60 /* months that a roll-up may add: a total must stay below the prime even then */
#define NONCE_SIZE     16
#define ROLE(name)     WEFT__V1__ROLE__ROLE_##name
#define KIND(name)     WEFT__V1__KIND__KIND_##name

static int unsound(struct err *err, const char *what, const char *detail)
{
    return err_set(err, ERR_TASK_UNSOUND, "%s: %s", what, detail);
}

/* ---- slots and cells ---- */

/* The data slots of each kind, in order; a distribution repeats its one. */
static const struct {
    Weft__V1__Kind kind;
    Weft__V1__Role roles[CELL_SLOTS_MAX];
    int num_required, num_allowed;
} kinds[] = {
    {KIND(PROPORTION), {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2, 2},
    {KIND(RATE), {ROLE(NUMERATOR), ROLE(DENOMINATOR)}, 2, 2},
    {KIND(MEAN), {ROLE(COUNT), ROLE(SUM), ROLE(SUM_OF_SQUARES)}, 2, 3},
    {KIND(OBSERVED_EXPECTED), {ROLE(NUMERATOR), ROLE(COMPLEMENT), ROLE(EXPECTED)}, 3, 3},
    {KIND(FACT), {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2, 2},
};

static Weft__V1__Role role_of(const struct task *task, int slot)
{
    return task->wire->slots[slot]->role;
}

static void add_cell(struct task *task, int series, int first_slot, int num_slots, int bin, bool is_missing)
{
    struct task_cell *cell = &task->cells[task->num_cells++];

    *cell =
        (struct task_cell){.series = series, .is_missing = is_missing, .bin = bin, .num_slots = num_slots};
    cell->is_exempt = task->wire->series[series]->kind == KIND(FACT);
    for (int i = 0; i < num_slots; i++) {
        cell->slots[i] = first_slot + i;
    }
    task->series[series].num_cells++;
}

/* Do the data slots [first, end) have the shape of the series' kind? Adds their cells. */
static int add_data_cells(struct task *task, int series, int first, int end, struct err *err)
{
    const Weft__V1__Series *wire = task->series[series].wire;
    int num = end - first;

    if (wire->kind == KIND(DISTRIBUTION)) {
        if (num < 2 || (size_t)num != wire->n_bin_lower) {
            return unsound(err, "bins", wire->indicator);
        }
        for (int i = 0; i < num; i++) {
            if (role_of(task, first + i) != ROLE(BIN) || task->wire->slots[first + i]->bin != (uint32_t)i ||
                (i > 0 && wire->bin_lower[i] <= wire->bin_lower[i - 1])) {
                return unsound(err, "bins out of order", wire->indicator);
            }
            add_cell(task, series, first + i, 1, i, false);
        }
        return 0;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (kinds[k].kind != wire->kind) {
            continue;
        }
        if (num < kinds[k].num_required || num > kinds[k].num_allowed || wire->n_bin_lower != 0) {
            return unsound(err, "slots", wire->indicator);
        }
        for (int i = 0; i < num; i++) {
            if (role_of(task, first + i) != kinds[k].roles[i]) {
                return unsound(err, "slots out of order", wire->indicator);
            }
        }
        add_cell(task, series, first, num, 0, false);
        return 0;
    }
    return unsound(err, "kind", wire->indicator);
}

static bool is_flag(const struct task *task, int slot, Weft__V1__Role role)
{
    return role_of(task, slot) == role && task->wire->slots[slot]->maximum == 1;
}

static int add_series(struct task *task, int series, int *slot, struct err *err)
{
    struct task_series *s = &task->series[series];
    int end = *slot, rc;

    s->wire = task->wire->series[series];
    s->first_slot = *slot;
    s->first_cell = task->num_cells;
    if (!id_is_valid(s->wire->indicator) || (s->wire->stratum[0] != '\0' && !id_is_valid(s->wire->stratum)) ||
        s->wire->scale < 1) {
        return unsound(err, "series", s->wire->indicator);
    }
    if (s->wire->stratum[0] != '\0' &&
        (series == 0 || strcmp(s->wire->indicator, s[-1].wire->indicator) != 0)) {
        return unsound(err, "stratum without its whole series", s->wire->indicator);
    }
    while (end < task->num_slots && task->wire->slots[end]->series == (uint32_t)series) {
        end++;
    }
    s->num_slots = end - s->first_slot;
    s->changed = task->wire->revision > 0 ? end - 1 : NONE;
    s->contributes = end - (s->changed == NONE ? 2 : 3);
    if (s->contributes <= s->first_slot || !is_flag(task, s->contributes, ROLE(CONTRIBUTES)) ||
        role_of(task, s->contributes + 1) != ROLE(MISSING) ||
        (s->changed != NONE && !is_flag(task, s->changed, ROLE(CHANGED)))) {
        return unsound(err, "contributes, missing and changed slots", s->wire->indicator);
    }
    if ((rc = add_data_cells(task, series, s->first_slot, s->contributes, err)) != 0) {
        return rc;
    }
    add_cell(task, series, s->contributes + 1, 1, 0, true);
    *slot = end;
    return 0;
}

static int build_cells(struct task *task, struct err *err)
{
    int slot = 0, rc;

    task->num_series = (int)task->wire->n_series;
    task->num_slots = (int)task->wire->n_slots;
    if (task->num_series <= 0 || task->num_slots <= 0 || task->wire->n_slots > PRIO3_MAX_ELEMENTS) {
        return unsound(err, "size", "series or slots out of range");
    }
    task->series = calloc((size_t)task->num_series, sizeof *task->series);
    task->cells = calloc((size_t)task->num_slots + 1, sizeof *task->cells);
    if (task->series == NULL || task->cells == NULL) {
        return err_set(err, ERR_NO_MEMORY, "task");
    }
    for (int i = 0; i < task->num_series; i++) {
        if ((rc = add_series(task, i, &slot, err)) != 0) {
            return rc;
        }
    }
    return slot == task->num_slots ? 0 : unsound(err, "slots", "some belong to no series");
}

/* ---- checks of the rest ---- */

static int check_bounds(const struct task *task, struct err *err)
{
    const struct roster *roster = task->roster;
    uint64_t factor = (uint64_t)(roster->num_sites > 0 ? roster->num_sites : 1) * ROLLUP_PERIODS;
    char name[160];

    for (int i = 0; i < task->num_slots; i++) {
        uint64_t maximum = task->wire->slots[i]->maximum;
        if (maximum < 1) {
            return unsound(err, "bound below 1", task_slot_name(task, i, name, sizeof name));
        }
        if (maximum >= TOTAL_LIMIT / factor) {
            return err_set(err, ERR_TASK_OVERFLOW, "slot %s: %" PRIu64 " x %d sites x %d periods",
                           task_slot_name(task, i, name, sizeof name), maximum, roster->num_sites,
                           ROLLUP_PERIODS);
        }
    }
    return 0;
}

/* None, or late enough that an order of the top signed last of all has reached every subtree before one signs its own. A
 * revision or a longer period has none: it waits for the patterns of other tasks anyway. */
static bool fallback_is_sound(const Weft__V1__Task *wire)
{
    if (wire->fallback_ms == 0) {
        return wire->order_deadline_ms == 0;
    }
    return wire->revision == 0 && wire->n_parts == 0 && wire->order_deadline_ms >= wire->order_ms &&
           wire->order_deadline_ms <= wire->fallback_ms - TASK_FALLBACK_GAP_MS &&
           wire->fallback_ms < wire->retention_ms;
}

static int check_times(const Weft__V1__Task *wire, struct err *err)
{
    const Weft__V1__Period *period = wire->period;
    bool is_sum = wire->n_parts > 0; /* nobody reports to it */

    if (period == NULL || period->id[0] == '\0' || period->end_ms <= period->start_ms) {
        return unsound(err, "period", "missing or empty");
    }
    if ((is_sum ? wire->open_ms != 0 || wire->close_ms != 0 : wire->open_ms >= wire->close_ms) || wire->close_ms > wire->order_ms ||
        wire->order_ms > wire->plan_ms || wire->plan_ms > wire->pattern_ms ||
        wire->pattern_ms >= wire->retention_ms) {
        return unsound(err, "times", "open < close <= order <= plan <= pattern < retention must hold");
    }
    if (wire->due_ms != 0 && (is_sum || wire->due_ms <= wire->open_ms || wire->due_ms > wire->close_ms)) {
        return unsound(err, "times", "open < due <= close must hold");
    }
    if (!fallback_is_sound(wire)) {
        return unsound(err, "times", "order <= order deadline, 15 minutes at least to fallback < retention must hold");
    }
    return 0;
}

/* A revision is a task of its own that names the one before it. Who reports to it cannot be known beforehand, so it
 * is never complete before its close. */
static int check_revision(const Weft__V1__Task *wire, struct err *err)
{
    if (wire->supersedes.len != (wire->revision == 0 ? 0 : TASK_ID_SIZE)) {
        return unsound(err, "revision", "a revision, and only a revision, names what it supersedes");
    }
    return wire->revision > 0 && wire->close_when_complete
               ? unsound(err, "revision", "cannot close when complete")
               : 0;
}

static int check_sum(const Weft__V1__Task *wire, struct err *err)
{
    if (wire->n_parts == 1 || wire->n_parts > ROLLUP_PERIODS ||
        (wire->n_parts > 0 && (wire->revision > 0 || wire->close_when_complete))) {
        return unsound(err, "parts", "too few or too many, or of a revision, or with a close");
    }
    for (size_t i = 0; i < wire->n_parts; i++) {
        if (wire->parts[i].len != TASK_ID_SIZE) {
            return unsound(err, "parts", "not the id of a task");
        }
    }
    return 0;
}

static int check_head(const Weft__V1__Task *wire, const struct roster *roster, struct err *err)
{
    if (strcmp(wire->context, roster->wire->context) != 0 || wire->roster_version != roster->wire->version ||
        wire->roster_digest.len != DIGEST_SIZE ||
        memcmp(wire->roster_digest.data, roster->digest, DIGEST_SIZE) != 0) {
        return err_set(err, ERR_TASK_ROSTER_MISMATCH, "the task pins roster version %u, this is version %u",
                       wire->roster_version, roster->wire->version);
    }
    if (wire->name[0] == '\0' || wire->nonce.len != NONCE_SIZE || wire->catalogue_digest.len != DIGEST_SIZE) {
        return unsound(err, "name, nonce or catalogue digest", wire->name);
    }
    if (wire->min_sites < TASK_MIN_SITES_FLOOR || wire->min_cell < TASK_MIN_CELL_FLOOR) {
        return err_set(err, ERR_TASK_FLOOR, "min_sites %u (at least %d), min_cell %u (at least %d)",
                       wire->min_sites, TASK_MIN_SITES_FLOOR, wire->min_cell, TASK_MIN_CELL_FLOOR);
    }
    if (wire->min_coverage_percent > 100) {
        return unsound(err, "min_coverage_percent", "above 100");
    }
    if (wire->vdaf != (uint32_t)PRIO3_MIXED_SUMVEC_64 && wire->vdaf != (uint32_t)PRIO3_MIXED_SUMVEC_128) {
        return unsound(err, "vdaf", "unknown algorithm id");
    }
    return check_times(wire, err);
}

static bool has_classes(const struct roster *roster, const char *dimension)
{
    for (int i = 0; i < roster->num_sites; i++) {
        if (strcmp(roster_class(roster->sites[i].wire, dimension), ROSTER_UNCLASSIFIED) != 0) {
            return true;
        }
    }
    return false;
}

/* Who takes part in the period, and which of its areas may be released. */
static int place(struct task *task, const struct roster *roster, struct err *err)
{
    const Weft__V1__Task *wire = task->wire;
    int rc = roster_as_of(&task->roster, roster, wire->period->start_ms, wire->period->end_ms, wire->breakdown,
                          err);

    if (rc != 0) {
        return rc;
    }
    if (task->roster->num_sites == 0) {
        return unsound(err, "period", "no site of the roster takes part in it");
    }
    if (wire->breakdown[0] != '\0' && !has_classes(task->roster, wire->breakdown)) {
        return unsound(err, "breakdown: no site has such a class", wire->breakdown);
    }
    for (size_t i = 0; i < wire->n_release_areas; i++) {
        if (roster_find_area(task->roster, wire->release_areas[i]) == NONE) {
            return unsound(err, "unknown area in the release plan", wire->release_areas[i]);
        }
    }
    return wire->n_release_areas > 0 ? 0 : unsound(err, "release plan", "empty");
}

static int build_prio3(struct task *task, struct err *err)
{
    struct prio3_parameters parameters = {
        .algorithm = (enum prio3_algorithm)(int32_t)task->wire->vdaf,
        .chunk_length = task->wire->chunk_length,
        .num_elements = (size_t)task->num_slots,
    };
    uint64_t *maxima = calloc(task->wire->n_slots, sizeof *maxima);
    enum prio3_result result;

    if (maxima == NULL) {
        return err_set(err, ERR_NO_MEMORY, "task");
    }
    for (int i = 0; i < task->num_slots; i++) {
        maxima[i] = task->wire->slots[i]->maximum;
    }
    parameters.maxima = maxima;
    result = prio3_new(&task->prio3, &parameters);
    free(maxima);
    return result == PRIO3_OK ? 0 : unsound(err, "VDAF parameters", prio3_result_text(result));
}

static int build(struct task *task, const struct roster *roster, struct err *err)
{
    int rc;

    if ((rc = check_head(task->wire, roster, err)) != 0 || (rc = check_revision(task->wire, err)) != 0 ||
        (rc = check_sum(task->wire, err)) != 0 ||
        (rc = place(task, roster, err)) != 0 || (rc = build_cells(task, err)) != 0 ||
        (rc = check_bounds(task, err)) != 0) {
        return rc;
    }
    return build_prio3(task, err);
}

static void clear_parts(struct task *task)
{
    free(task->series);
    free(task->cells);
    roster_free(&task->roster);
    prio3_free(&task->prio3);
}

int task_check(const Weft__V1__Task *wire, const struct roster *roster, struct err *err)
{
    struct task task = {.wire = (Weft__V1__Task *)(uintptr_t)wire};
    int rc = build(&task, roster, err);

    clear_parts(&task);
    return rc;
}

void task_free(struct task **task)
{
    if (*task != NULL) {
        clear_parts(*task);
        wire_free(&(*task)->wire);
        free(*task);
        *task = NULL;
    }
}

int task_open(struct task **out, const Weft__V1__Document *document, const struct roster *roster,
              struct err *err)
{
    struct roster_roots roots = roster_own_roots(roster);
    struct task *task = calloc(1, sizeof *task);
    int rc;

    if (task == NULL) {
        return err_set(err, ERR_NO_MEMORY, "task");
    }
    if ((rc = document_body((ProtobufCMessage **)&task->wire, document,
                            WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, err)) != 0 ||
        (rc = roster_check_root_signatures(&roots, document, err)) != 0 ||
        (rc = build(task, roster, err)) != 0) {
        goto done;
    }
    document_digest(task->id, document);
    hex_encode(task->hex, task->id, TASK_ID_SIZE);
    *out = task;
    task = NULL;
done:
    task_free(&task);
    return rc;
}

/* ---- derived values ---- */

size_t task_ctx(const struct task *task, uint8_t out[TASK_CTX_MAX])
{
    size_t len = strlen(task->wire->context);

    memcpy(out, task->wire->context, len); /* one of two short constants, see check_head */
    memcpy(out + len, task->id, TASK_ID_SIZE);
    return len + TASK_ID_SIZE;
}

int task_verify_key(uint8_t key[PRIO3_VERIFY_KEY_SIZE], const struct task *task,
                    const uint8_t own_static_private[KEY_SIZE], const uint8_t peer_static_public[KEY_SIZE],
                    struct err *err)
{
    COST_SCOPE(COST_SIGN);
    static const char label[] = "weft verify key";
    uint8_t shared[KEY_SIZE];
    bool agreed = agree(shared, own_static_private, peer_static_public);

    if (agreed) {
        derive(key, PRIO3_VERIFY_KEY_SIZE, shared, sizeof shared, label, sizeof label - 1, task->id,
               TASK_ID_SIZE);
    }
    secret_wipe(shared, sizeof shared);
    return agreed ? 0 : err_set(err, ERR_ROSTER_UNSOUND, "a coordinator's static key is unusable");
}

static Weft__V1__CellState judge(uint64_t count, uint32_t min_cell)
{
    if (count == 0) {
        return WEFT__V1__CELL_STATE__CELL_ZERO;
    }
    return count < min_cell ? WEFT__V1__CELL_STATE__CELL_SMALL : WEFT__V1__CELL_STATE__CELL_LARGE;
}

uint8_t task_cell_state(const struct task *task, int index, const uint64_t *totals)
{
    const struct task_cell *cell = &task->cells[index];
    uint64_t counts[CELL_COMPONENTS] = {0};
    bool applies[CELL_COMPONENTS] = {false};
    uint8_t state = 0;

    for (int i = 0; i < cell->num_slots; i++) {
        uint64_t total = totals[cell->slots[i]];
        switch (role_of(task, cell->slots[i])) {
        case ROLE(NUMERATOR):
            counts[CELL_NUMERATOR] = total;
            applies[CELL_NUMERATOR] = true;
            break;
        case ROLE(COMPLEMENT):
            counts[CELL_COMPLEMENT] = total;
            counts[CELL_COUNT] = counts[CELL_NUMERATOR] + total;
            applies[CELL_COMPLEMENT] = applies[CELL_COUNT] = true;
            break;
        case ROLE(DENOMINATOR):
        case ROLE(COUNT):
        case ROLE(BIN):
        case ROLE(MISSING):
            counts[CELL_COUNT] = total;
            applies[CELL_COUNT] = true;
            break;
        default:
            break;
        }
    }
    for (int i = 0; i < CELL_COMPONENTS; i++) {
        if (applies[i]) {
            state = (uint8_t)(state | judge(counts[i], task->wire->min_cell) << (2 * i));
        }
    }
    return state;
}

char *task_slot_name(const struct task *task, int slot, char *out, size_t out_len)
{
    static const char *const roles[] = {"?",     "numerator",   "complement",     "denominator",
                                        "count", "sum",         "sum of squares", "expected",
                                        "bin",   "contributes", "missing",        "changed"};
    const Weft__V1__Slot *wire = task->wire->slots[slot];
    const Weft__V1__Series *series =
        wire->series < task->wire->n_series ? task->wire->series[wire->series] : NULL;
    size_t role = (size_t)wire->role < sizeof roles / sizeof roles[0] ? (size_t)wire->role : 0;

    snprintf(out, out_len, "%s%s%s %s", series == NULL ? "?" : series->indicator,
             series == NULL || series->stratum[0] == '\0' ? "" : "/", series == NULL ? "" : series->stratum,
             roles[role]);
    return out;
}
