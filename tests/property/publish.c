/* publish.c - let the real rules decide over a sample: signed roster and task, then each step's own builder.
 *
 * The documents that coordinators sign between the steps are put into the view unsigned: signatures are the
 * business of other tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/view_internal.h"
#include "base/wire.h"
#include "tests/property/sample.h"
#include "tests/unit/party.h"

#define ROLE(name)   WEFT__V1__ROLE__ROLE_##name
#define SLOTS_MAX    (SERIES_MAX * (BINS + 2))
#define NAME_MAX_LEN 16

struct province {
    const struct sample *sample;
    struct party party; /* roots, operators, keys */
    char area_names[AREAS_MAX][NAME_MAX_LEN], site_names[SITES_MAX][NAME_MAX_LEN];
    char owner_names[SITES_MAX + 1][NAME_MAX_LEN], series_names[SERIES_MAX][2][NAME_MAX_LEN];
    Weft__V1__Coordinator coordinators[2], *coordinator_list[2];
    Weft__V1__Area areas[AREAS_MAX], *area_list[AREAS_MAX];
    Weft__V1__Site sites[SITES_MAX], *site_list[SITES_MAX];
    Weft__V1__Series series[SERIES_MAX], *series_list[SERIES_MAX];
    Weft__V1__Slot slots[SLOTS_MAX], *slot_list[SLOTS_MAX];
    int64_t bins[BINS];
    char *release[AREAS_MAX];
    ProtobufCBinaryData parts[MONTHS_MAX];
    uint8_t site_keys[SITES_MAX][KEY_SIZE];
    struct roster *roster;
    struct task *task;
    struct view *view;
    uint64_t totals[SLOTS_MAX];
};

static struct err err;

static void must(int rc)
{
    if (rc != 0) {
        fprintf(stderr, "the sample is refused: %d %s\n", rc, err.detail);
        abort();
    }
}

static void make_roster(struct province *p)
{
    const struct sample *sample = p->sample;
    Weft__V1__Document *document;
    struct roster_roots roots = {(const Weft__V1__Root *const *)p->party.root_list, 2};

    party_roster(&p->party);
    for (int i = 0; i < sample->num_areas; i++) {
        snprintf(p->area_names[i], NAME_MAX_LEN, "%02d", i);
        p->areas[i] = p->party.areas[0];
        p->areas[i].code = p->area_names[i];
        p->areas[i].parent = i == 0 ? TEXT("") : p->area_names[sample->parents[i]];
        p->area_list[i] = &p->areas[i];
    }
    for (int i = 0; i < sample->num_sites; i++) {
        const struct sample_site *site = &sample->sites[i];
        snprintf(p->site_names[i], NAME_MAX_LEN, "s%02d", i);
        snprintf(p->owner_names[site->owner], NAME_MAX_LEN, "o%02d", site->owner);
        p->sites[i] = p->party.sites[0];
        p->sites[i].id = p->sites[i].tls_name = p->site_names[i];
        memset(p->site_keys[i], 128 + i, KEY_SIZE);
        p->sites[i].sign_key = BYTES(p->site_keys[i], KEY_SIZE);
        p->sites[i].owner = site->owner == 0 ? TEXT(OPERATOR_ID) : p->owner_names[site->owner];
        p->sites[i].area = p->area_names[site->area];
        p->sites[i].supervisor = p->area_names[site->supervisor];
        p->site_list[i] = &p->sites[i];
    }
    p->party.roster.n_coordinators = 2;
    p->party.roster.areas = p->area_list;
    p->party.roster.n_areas = (size_t)sample->num_areas;
    p->party.roster.sites = p->site_list;
    p->party.roster.n_sites = (size_t)sample->num_sites;
    document = party_sign(&p->party, DOC(ROSTER), &p->party.roster.base, 2);
    must(roster_open(&p->roster, document, &roots, 1, &err));
    document_free(&document);
}

static void add_slot(struct province *p, int series, Weft__V1__Role role, int bin)
{
    Weft__V1__Slot *slot = &p->slots[p->party.task.n_slots];

    weft__v1__slot__init(slot);
    slot->series = (uint32_t)series;
    slot->role = role;
    slot->bin = (uint32_t)bin;
    slot->maximum = role == ROLE(CONTRIBUTES) ? 1 : 100000;
    p->slot_list[p->party.task.n_slots++] = slot;
}

static void add_series(struct province *p, int index)
{
    static const Weft__V1__Kind kinds[] = {WEFT__V1__KIND__KIND_PROPORTION, WEFT__V1__KIND__KIND_RATE,
                                           WEFT__V1__KIND__KIND_DISTRIBUTION};
    const struct sample_series *series = &p->sample->series[index];
    Weft__V1__Series *wire = &p->series[index];

    snprintf(p->series_names[index][0], NAME_MAX_LEN, "i%d", series->indicator);
    snprintf(p->series_names[index][1], NAME_MAX_LEN, series->is_whole ? "" : "s%d", index);
    *wire = p->party.series[0];
    wire->indicator = p->series_names[index][0];
    wire->stratum = p->series_names[index][1];
    wire->kind = kinds[series->kind];
    p->series_list[index] = wire;
    if (series->kind == SAMPLE_DISTRIBUTION) {
        wire->bin_lower = p->bins;
        wire->n_bin_lower = BINS;
        for (int i = 0; i < BINS; i++) {
            add_slot(p, index, ROLE(BIN), i);
        }
    } else {
        add_slot(p, index, ROLE(NUMERATOR), 0);
        add_slot(p, index, series->kind == SAMPLE_RATE ? ROLE(DENOMINATOR) : ROLE(COMPLEMENT), 0);
    }
    add_slot(p, index, ROLE(CONTRIBUTES), 0);
    add_slot(p, index, ROLE(MISSING), 0);
}

/* `number` tells the tasks of a year apart. */
static void make_task(struct province *p, uint8_t number, const struct province *const *parts, size_t num_parts)
{
    const struct sample *sample = p->sample;
    Weft__V1__Task *task = &p->party.task;
    Weft__V1__Document *document;

    party_task(&p->party, p->roster);
    task->n_slots = 0;
    task->slots = p->slot_list;
    task->series = p->series_list;
    task->n_series = (size_t)sample->num_series;
    for (int i = 0; i < BINS; i++) {
        p->bins[i] = i;
    }
    for (int i = 0; i < sample->num_series; i++) {
        add_series(p, i);
    }
    task->n_release_areas = 0;
    task->release_areas = p->release;
    for (int i = 0; i < sample->num_areas; i++) {
        if (sample->is_planned[i]) {
            p->release[task->n_release_areas++] = p->area_names[i];
        }
    }
    task->min_sites = (uint32_t)sample->min_sites;
    task->min_cell = (uint32_t)sample->min_cell;
    task->min_coverage_percent = (uint32_t)sample->min_coverage;
    p->party.nonce[0] = number;
    for (size_t i = 0; i < num_parts; i++) {
        p->parts[i] = (ProtobufCBinaryData){TASK_ID_SIZE, parts[i]->task->id};
        task->open_ms = task->close_ms = 0;
    }
    task->parts = p->parts;
    task->n_parts = num_parts;
    document = party_sign(&p->party, DOC(TASK), &task->base, 2);
    must(task_open(&p->task, document, p->roster, &err));
    document_free(&document);
}

/* ---- documents ---- */

static void hold(struct province *p, Weft__V1__DocumentType type, int index, Weft__V1__Document *document)
{
    struct view_document *held = (struct view_document *)(uintptr_t)view_held(p->view, type, index);

    held->document = document;
    must(document_body(&held->body, document, type, &err));
    document_digest(held->digest, document);
    must(view_derive(p->view, type, index, &err));
}

static void hold_new(struct province *p, Weft__V1__DocumentType type, int index, const ProtobufCMessage *body)
{
    Weft__V1__Document *document = NULL;

    must(document_new(&document, type, body, &err));
    hold(p, type, index, document);
}

static void freeze(struct province *p, int area)
{
    Weft__V1__Freeze body = WEFT__V1__FREEZE__INIT;
    Weft__V1__FrozenReport reports[SITES_MAX], *list[SITES_MAX];

    body.area = p->area_names[area];
    body.reports = list;
    for (int i = 0; i < p->sample->num_sites; i++) {
        if (p->sample->sites[i].supervisor == area && sample_is_in_freeze(p->sample, i)) {
            weft__v1__frozen_report__init(&reports[body.n_reports]);
            reports[body.n_reports].site = p->site_names[i];
            reports[body.n_reports].revision = 1;
            list[body.n_reports] = &reports[body.n_reports];
            body.n_reports++;
        }
    }
    hold_new(p, DOC(FREEZE), area, &body.base);
}

static void contributes(struct province *p, int area)
{
    Weft__V1__Contributes body = WEFT__V1__CONTRIBUTES__INIT;
    struct opening opening = {area, SCOPE(BLOCK), STAGE(CONTRIBUTES)};
    uint64_t counts[SERIES_MAX] = {0};

    if (p->sample->contributes_fail[area] || !view_opening_is_allowed(p->view, &opening)) {
        return;
    }
    for (int i = 0; i < p->sample->num_sites; i++) {
        for (int s = 0; s < p->sample->num_series && p->view->block[i] == area; s++) {
            counts[s] += sample_contributes(p->sample, i, s);
        }
    }
    body.area = p->area_names[area];
    body.counts = counts;
    body.n_counts = (size_t)p->sample->num_series;
    hold_new(p, DOC(CONTRIBUTES), area, &body.base);
}

static void add_site(struct province *p, int series, int site)
{
    const struct sample_series *s = &p->sample->series[series];
    uint64_t *totals = p->totals + p->task->series[series].first_slot;

    if (s->kind == SAMPLE_DISTRIBUTION) {
        for (int i = 0; i < BINS; i++) {
            totals[i] += (uint64_t)p->sample->values[site][s->first_cell + i][2];
        }
    } else {
        totals[0] += (uint64_t)p->sample->values[site][s->first_cell][0];
        totals[1] += (uint64_t)p->sample->values[site][s->first_cell][s->kind == SAMPLE_RATE ? 2 : 1];
    }
    totals[p->task->series[series].num_slots - 1] +=
        (uint64_t)p->sample->values[site][s->first_cell + s->num_cells - 1][2];
}

static void judge_totals(const struct province *p, uint8_t *states)
{
    for (int c = 0; c < p->task->num_cells; c++) {
        states[c] = task_cell_state(p->task, c, p->totals);
    }
}

static void judge(struct province *p, const struct opening *opening, uint8_t *states)
{
    memset(p->totals, 0, sizeof p->totals);
    for (int s = 0; s < p->sample->num_series; s++) {
        for (int i = 0; i < p->sample->num_sites; i++) {
            if (view_opening_has(p->view, opening, s, i)) {
                add_site(p, s, i);
            }
        }
    }
    judge_totals(p, states);
}

static void states(struct province *p, int area)
{
    Weft__V1__States body = WEFT__V1__STATES__INIT;
    struct opening total = {area, SCOPE(TOTAL), STAGE(VALUES)}, block = {area, SCOPE(BLOCK), STAGE(VALUES)};
    uint8_t of_total[CELLS_MAX], of_block[CELLS_MAX];

    if (p->sample->states_fail[area] || !view_opening_is_allowed(p->view, &total)) {
        return;
    }
    judge(p, &total, of_total);
    judge(p, &block, of_block);
    body.area = p->area_names[area];
    body.total = BYTES(of_total, (size_t)p->task->num_cells);
    body.block = BYTES(of_block, (size_t)p->task->num_cells);
    hold_new(p, DOC(STATES), area, &body.base);
}

static void sign(struct province *p, Weft__V1__DocumentType type, int root, bool is_late)
{
    Weft__V1__Document *document = NULL;

    must(view_build(p->view, type, root, is_late, &document, &err));
    hold(p, type, root, document);
}

static bool is_at_or_below(const struct province *p, int area, int root)
{
    return roster_is_within(p->view->roster, area, root);
}

/* Order, plan and states of a root. What a late order takes in has its contributes and states already. */
static void run_to_states(struct province *p, int root, bool is_late)
{
    int num = is_late ? 1 : p->sample->num_areas;

    sign(p, DOC(ORDER), root, is_late);
    for (int i = root; i < num; i++) {
        if (is_at_or_below(p, i, root)) {
            contributes(p, i);
        }
    }
    sign(p, DOC(PLAN), root, is_late);
    for (int i = root; i < num; i++) {
        if (is_at_or_below(p, i, root)) {
            states(p, i);
        }
    }
}

static void run_subtrees(struct province *p)
{
    for (int i = 1; i < p->sample->num_areas; i++) {
        if (p->sample->has_own_order[i]) {
            run_to_states(p, i, false);
        }
    }
}

static void sign_patterns_of_subtrees(struct province *p, bool slow)
{
    for (int i = 1; i < p->sample->num_areas; i++) {
        if (p->sample->has_own_order[i] && p->sample->is_slow[i] == slow) {
            sign(p, DOC(PATTERN), i, false);
        }
    }
}

static void run_without_top(struct province *p)
{
    run_subtrees(p);
    sign_patterns_of_subtrees(p, false);
    if (p->sample->top_returns) {
        run_to_states(p, p->view->roster->top, true);
        sign(p, DOC(PATTERN), p->view->roster->top, true);
    }
    sign_patterns_of_subtrees(p, true);
}

static void run(struct province *p)
{
    for (int i = 0; i < p->sample->num_areas; i++) {
        freeze(p, i);
    }
    if (p->sample->fell_back) {
        run_without_top(p);
        return;
    }
    run_to_states(p, p->view->roster->top, false);
    sign(p, DOC(PATTERN), p->view->roster->top, false);
}

static void read_outcome(struct sample *sample, const struct view *view)
{
    for (int area = 0; area < sample->num_areas; area++) {
        sample->is_listed[area] = view->is_listed[area];
        for (int s = 0; s < sample->num_series; s++) {
            sample->is_open[area][s] = view->is_open[area * sample->num_series + s];
        }
        for (int s = 0; s < sample->num_series; s++) {
            for (int c = 0; c < sample->series[s].num_cells; c++) {
                int cell = sample->series[s].first_cell + c;
                sample->is_shown[area][cell] =
                    sample->is_open[area][s] && !view->suppressed[area * sample->num_cells + cell];
            }
        }
    }
}

static struct province *province_new(const struct sample *sample, uint8_t number,
                                     const struct province *const *parts, size_t num_parts)
{
    struct province *p = calloc(1, sizeof *p);

    if (p == NULL) {
        abort();
    }
    p->sample = sample;
    make_roster(p);
    make_task(p, number, parts, num_parts);
    must(view_new(&p->view, p->roster, p->task, &err));
    for (size_t i = 0; i < num_parts; i++) {
        must(view_meet(p->view, parts[i]->view, &err));
    }
    return p;
}

static void province_free(struct province *p)
{
    view_free(&p->view);
    task_free(&p->task);
    roster_free(&p->roster);
    free(p);
}

/* ---- the longer period ---- */

static void states_of_year(struct province *p, const struct year *year, int area)
{
    Weft__V1__States body = WEFT__V1__STATES__INIT;
    struct opening total = {area, SCOPE(TOTAL), STAGE(VALUES)};
    uint8_t of_total[CELLS_MAX], of_block[CELLS_MAX];

    if (p->sample->states_fail[area] || !view_opening_is_allowed(p->view, &total)) {
        return;
    }
    memset(p->totals, 0, sizeof p->totals);
    judge_totals(p, of_block);
    for (int m = 0; m < year->num_months; m++) {
        p->sample = &year->months[m];
        for (int i = 0; i < p->sample->num_sites; i++) {
            for (int s = 0; s < p->sample->num_series && sample_is_frozen(p->sample, i) &&
                            sample_is_within(p->sample, p->sample->sites[i].area, area);
                 s++) {
                add_site(p, s, i);
            }
        }
    }
    p->sample = &year->months[0];
    judge_totals(p, of_total);
    body.area = p->area_names[area];
    body.total = BYTES(of_total, (size_t)p->task->num_cells);
    body.block = BYTES(of_block, (size_t)p->task->num_cells);
    hold_new(p, DOC(STATES), area, &body.base);
}

static void publish_sum(struct year *year, const struct province *const *months)
{
    struct province *p = province_new(&year->months[0], MONTHS_MAX, months, MONTHS_MAX);
    struct sample seen = year->months[0];

    sign(p, DOC(ORDER), p->view->roster->top, false);
    sign(p, DOC(PLAN), p->view->roster->top, false);
    for (int i = 0; i < p->sample->num_areas; i++) {
        states_of_year(p, year, i);
    }
    sign(p, DOC(PATTERN), p->view->roster->top, false);
    read_outcome(&seen, p->view);
    memcpy(year->is_open, seen.is_open, sizeof year->is_open);
    memcpy(year->is_shown, seen.is_shown, sizeof year->is_shown);
    province_free(p);
}

void year_publish(struct year *year)
{
    struct province *months[MONTHS_MAX];

    for (int m = 0; m < year->num_months; m++) {
        months[m] = province_new(&year->months[m], (uint8_t)m, NULL, 0);
        run(months[m]);
        read_outcome(&year->months[m], months[m]->view);
    }
    if (year->num_months == MONTHS_MAX) {
        publish_sum(year, (const struct province *const *)months);
    }
    for (int m = 0; m < year->num_months; m++) {
        province_free(months[m]);
    }
}
