/* totals.c - states and figures from a task's documents. */
#include "coordinator/totals.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"

#define KIND(name)   WEFT__V1__KIND__KIND_##name
#define ROLE(name)   WEFT__V1__ROLE__ROLE_##name
#define REASON(name) WEFT__V1__WITHHELD_REASON__WITHHELD_##name

/* ---- names ---- */

static const struct {
    const char *name, *en, *zh;
} states[TOTALS(VOID) + 1] = {
    [TOTALS(RELEASED)] = {"released", "released", "已公布"},
    [TOTALS(WITHHELD)] = {"withheld", "withheld", "不公布"},
    [TOTALS(SUPPRESSED)] = {"suppressed", "suppressed", "已抑制"},
    [TOTALS(NO_DENOMINATOR)] = {"no_denominator", "no denominator", "无分母"},
    [TOTALS(NOT_REPORTED)] = {"not_reported", "not reported", "未上报"},
    [TOTALS(PENDING)] = {"pending", "pending", "待公布"},
    [TOTALS(VOID)] = {"void", "void", "已作废"},
};

static const struct {
    const char *name, *en, *zh;
} reasons[TOTALS_NUM_REASONS] = {
    [TOTALS_REASON_NONE] = {NULL, "", ""},
    [TOTALS_TOO_FEW_SITES] = {"too_few_sites", "too few owners", "举办主体过少"},
    [TOTALS_COVERAGE] = {"coverage", "coverage too low", "上报率不足"},
    [TOTALS_NO_REPORTS] = {"no_reports", "no reports", "无报告"},
    [TOTALS_NOT_PLANNED] = {"not_planned", "not planned", "未列入计划"},
    [TOTALS_TOO_FEW_CONTRIBUTING] = {"too_few_contributing", "too few sites contribute", "贡献机构过少"},
    [TOTALS_PARTS] = {"parts", "not opened in all shorter periods", "较短周期未全部开放"},
    [TOTALS_UNCHANGED] = {"unchanged", "nothing was corrected", "无更正"},
    [TOTALS_DELTA] = {"delta", "the change would speak of too few", "变化涉及的机构过少"},
};

const char *totals_state_name(Weft__V1__TotalState state)
{
    return states[state].name;
}

const char *totals_state_text(Weft__V1__TotalState state, enum err_lang lang)
{
    return lang == LANG_ZH ? states[state].zh : states[state].en;
}

const char *totals_reason_name(enum totals_reason reason)
{
    return reasons[reason].name;
}

const char *totals_reason_text(enum totals_reason reason, enum err_lang lang)
{
    return lang == LANG_ZH ? reasons[reason].zh : reasons[reason].en;
}

const char *totals_kind_name(Weft__V1__Kind kind)
{
    switch (kind) {
    case KIND(PROPORTION):
        return "proportion";
    case KIND(RATE):
        return "rate";
    case KIND(MEAN):
        return "mean";
    case KIND(DISTRIBUTION):
        return "distribution";
    case KIND(OBSERVED_EXPECTED):
        return "observed_expected";
    case KIND(FACT):
        return "fact";
    default:
        return "unknown";
    }
}

/* ---- gathering ---- */

static void order_below(const struct totals *totals, int area, int *num)
{
    totals->order[(*num)++] = area;
    for (int child = 0; child < totals->view->roster->num_areas; child++) {
        if (totals->view->roster->areas[child].parent == area) {
            order_below(totals, child, num);
        }
    }
}

static void find_indicators(struct totals *totals)
{
    const struct task *task = totals->view->task;

    for (int s = 0; s < task->num_series; s++) {
        totals->indicators[s] = NONE;
        for (size_t i = 0; totals->catalogue != NULL && i < totals->catalogue->num_indicators; i++) {
            if (strcmp(totals->catalogue->indicators[i].id, task->series[s].wire->indicator) == 0) {
                totals->indicators[s] = (int)i;
            }
        }
    }
}

static bool has_opened(const struct view *view, int area, int series)
{
    enum totals_reason reason;
    Weft__V1__TotalState state = totals_public_state(view, area, series, &reason);

    return state == TOTALS(RELEASED) || state == TOTALS(SUPPRESSED);
}

/* The newest of the task and those before it that opened a total; the task itself if none did. */
static const struct view *newest_opened(const struct view *view, int area, int series)
{
    const struct view *opened = view;

    while (opened != NULL && !has_opened(opened, area, series)) {
        opened = opened->base;
    }
    return opened == NULL ? view : opened;
}

static const struct view *opened_of(const struct totals *totals, int area, int series)
{
    return totals->opened[(size_t)area * (size_t)totals->view->task->num_series + (size_t)series];
}

/* From the release in which it was opened; slots are found again, since only changed flags come and go. */
static void take_series(struct totals *totals, int area, int series)
{
    const struct view *opened = opened_of(totals, area, series);
    const Weft__V1__Release *release = (const Weft__V1__Release *)opened->releases[area].body;
    const struct task_series *s = &totals->view->task->series[series];
    size_t first = (size_t)area * (size_t)totals->view->task->num_slots;

    for (int slot = s->first_slot; release != NULL && slot < s->first_slot + s->num_slots; slot++) {
        int there = task_slot_before(totals->view->task, opened->task, slot);
        for (size_t i = 0; there != NONE && i < release->n_slots; i++) {
            if (release->slots[i]->slot == (uint32_t)there) {
                totals->slots[first + (size_t)slot] = release->slots[i]->total;
                totals->known[first + (size_t)slot] = true;
            }
        }
    }
}

static void take_releases(struct totals *totals, int area)
{
    size_t num_series = (size_t)totals->view->task->num_series;

    for (int s = 0; s < totals->view->task->num_series; s++) {
        totals->opened[(size_t)area * num_series + (size_t)s] =
            totals->alone ? totals->view : newest_opened(totals->view, area, s);
        take_series(totals, area, s);
    }
}

int totals_new(struct totals **out, const struct view *view, bool alone, const struct catalogue *catalogue,
               int64_t now_ms, struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas, slots = (size_t)view->task->num_slots;
    struct totals *totals = calloc(1, sizeof *totals);
    int num = 0, rc;

    if (totals == NULL) {
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    totals->view = view;
    totals->alone = alone;
    totals->catalogue = catalogue;
    totals->order = calloc(areas, sizeof *totals->order);
    totals->indicators = calloc((size_t)view->task->num_series, sizeof *totals->indicators);
    totals->opened = calloc(areas * (size_t)view->task->num_series, sizeof(const struct view *));
    totals->slots = calloc(areas * slots, sizeof *totals->slots);
    totals->known = calloc(areas * slots, sizeof *totals->known);
    totals->areas = calloc(areas, sizeof *totals->areas);
    if (totals->order == NULL || totals->indicators == NULL || totals->opened == NULL || totals->slots == NULL ||
        totals->known == NULL || totals->areas == NULL) {
        totals_free(&totals);
        return err_set(err, ERR_NO_MEMORY, "totals");
    }
    if ((rc = progress_of(&totals->progress, view, view->roster->top, now_ms, err)) != 0) {
        totals_free(&totals);
        return rc;
    }
    order_below(totals, view->roster->top, &num);
    find_indicators(totals);
    for (int area = 0; area < view->roster->num_areas; area++) {
        totals->areas[area].sites_expected = view_num_expected(view, area);
        totals->areas[area].sites = view_num_frozen(view, area);
        take_releases(totals, area);
    }
    if ((rc = totals_add_classes(totals, err)) != 0 ||
        (rc = dominance_find(&totals->dominances, &totals->num_dominances, view->roster, view->block, err)) != 0 ||
        (rc = contradictions_find(&totals->contradictions, &totals->num_contradictions, view, err)) != 0) {
        totals_free(&totals);
        return rc;
    }
    *out = totals;
    return 0;
}

void totals_free(struct totals **out)
{
    struct totals *totals = *out;

    if (totals == NULL) {
        return;
    }
    progress_clear(&totals->progress);
    totals_free_classes(totals);
    free(totals->dominances);
    free(totals->contradictions);
    free(totals->order);
    free(totals->indicators);
    free(totals->opened);
    free(totals->slots);
    free(totals->known);
    free(totals->areas);
    free(totals);
    *out = NULL;
}

void totals_add_opened(struct totals *totals, int area, const uint64_t *by_slot, const bool *is_opened)
{
    size_t num_slots = (size_t)totals->view->task->num_slots, first = (size_t)area * num_slots;

    totals->areas[area].is_collectors = true;
    for (size_t slot = 0; slot < num_slots; slot++) {
        if (is_opened[slot]) {
            totals->slots[first + slot] = by_slot[slot];
            totals->known[first + slot] = true;
        }
    }
}

/* ---- states ---- */

static bool is_suppressed(const struct view *view, int area, int cell)
{
    return view->suppressed[(size_t)area * (size_t)view->task->num_cells + (size_t)cell] != 0;
}

static enum totals_reason why_unlisted(const struct view *view, int area)
{
    const Weft__V1__Order *order = (const Weft__V1__Order *)view_order_of(view, area)->body;

    for (size_t i = 0; i < order->n_withheld; i++) {
        if (strcmp(order->withheld[i]->area, view->roster->areas[area].wire->code) != 0) {
            continue;
        }
        switch (order->withheld[i]->reason) {
        case REASON(NO_REPORTS):
            return TOTALS_NO_REPORTS;
        case REASON(COVERAGE):
            return TOTALS_COVERAGE;
        case REASON(NOT_PLANNED):
            return TOTALS_NOT_PLANNED;
        case REASON(PARTS):
            return TOTALS_PARTS;
        case REASON(UNCHANGED):
            return TOTALS_UNCHANGED;
        case REASON(DELTA):
            return TOTALS_DELTA;
        default:
            return TOTALS_TOO_FEW_SITES;
        }
    }
    return TOTALS_NOT_PLANNED;
}

/* Hidden altogether: the data cell, or every bin. */
static bool is_all_suppressed(const struct view *view, int area, int series)
{
    const struct task_series *s = &view->task->series[series];

    for (int c = s->first_cell; c < s->first_cell + s->num_cells - 1; c++) {
        if (!is_suppressed(view, area, c)) {
            return false;
        }
    }
    return true;
}

Weft__V1__TotalState totals_public_state(const struct view *view, int area, int series,
                                         enum totals_reason *reason)
{
    *reason = TOTALS_REASON_NONE;
    if (view->voided.document != NULL) {
        return TOTALS(VOID);
    }
    if (view_order_of(view, area)->document == NULL) {
        return TOTALS(PENDING);
    }
    if (!view->is_listed[area]) {
        *reason = why_unlisted(view, area);
        return *reason == TOTALS_NO_REPORTS ? TOTALS(NOT_REPORTED) : TOTALS(WITHHELD);
    }
    if (view_plan_of(view, area)->document == NULL) {
        return TOTALS(PENDING);
    }
    if (!view->is_open[(size_t)area * (size_t)view->task->num_series + (size_t)series]) {
        *reason = view->num_parts > 0 ? TOTALS_PARTS : TOTALS_TOO_FEW_CONTRIBUTING;
        return TOTALS(WITHHELD);
    }
    if (view_pattern_of(view, area)->document == NULL) {
        return TOTALS(PENDING);
    }
    if (is_all_suppressed(view, area, series)) {
        return TOTALS(SUPPRESSED);
    }
    return view->releases[area].document == NULL ? TOTALS(PENDING) : TOTALS(RELEASED);
}

/* ---- numbers ---- */

static struct totals_number slot_total(const struct totals *totals, int area, int slot)
{
    size_t at = (size_t)area * (size_t)totals->view->task->num_slots + (size_t)slot;

    return totals->known[at] ? (struct totals_number){true, totals->slots[at]} : (struct totals_number){0};
}

/* The slot of a role in a series; unknown when the series has none. */
static struct totals_number role_total(const struct totals *totals, int area, int series, Weft__V1__Role role)
{
    const struct task_series *s = &totals->view->task->series[series];

    for (int slot = s->first_slot; slot < s->first_slot + s->num_slots; slot++) {
        if (totals->view->task->wire->slots[slot]->role == role) {
            return slot_total(totals, area, slot);
        }
    }
    return (struct totals_number){0};
}

static struct totals_number add(struct totals_number a, struct totals_number b)
{
    return a.known && b.known ? (struct totals_number){true, a.value + b.value} : (struct totals_number){0};
}

/* Sites that have such cases: the sum over the blocks that make up the area, if all are known in the task that opened
 * it. Of a longer period they are not, nor where blocks of a revised area were opened before. */
static struct totals_number contributing(const struct totals *totals, int area, int series)
{
    const struct view *view = opened_of(totals, area, series);
    struct totals_number sum = {.known = view->num_parts == 0 && view->is_listed[area]};

    for (int block = 0; sum.known && block < view->roster->num_areas; block++) {
        struct opening opening = {block, WEFT__V1__SCOPE__SCOPE_BLOCK, WEFT__V1__STAGE__STAGE_CONTRIBUTES};
        const Weft__V1__Contributes *body = (const Weft__V1__Contributes *)view->contributes[block].body;
        if (!roster_is_within(view->roster, block, area)) {
            continue;
        }
        if (view->stands[block]) {
            return (struct totals_number){0};
        }
        if (!view_opening_is_allowed(view, &opening)) {
            continue;
        }
        if (body == NULL || (size_t)series >= body->n_counts) {
            return (struct totals_number){0};
        }
        sum.value += body->counts[series];
    }
    return sum;
}

/* All cases of the population of `series`, from a series that counts it and is released by the same task. */
static struct totals_number population_size(const struct totals *totals, int area, int series)
{
    const struct task *task = totals->view->task;
    const Weft__V1__Series *wire = task->series[series].wire;

    for (int s = 0; s < task->num_series; s++) {
        const Weft__V1__Series *other = task->series[s].wire;
        struct totals_number cases = {0};
        if (strcmp(other->population, wire->population) != 0 || strcmp(other->stratum, wire->stratum) != 0 ||
            opened_of(totals, area, s) != opened_of(totals, area, series)) {
            continue;
        }
        if (other->kind == KIND(PROPORTION) || other->kind == KIND(OBSERVED_EXPECTED)) {
            cases = add(role_total(totals, area, s, ROLE(NUMERATOR)),
                        role_total(totals, area, s, ROLE(COMPLEMENT)));
        } else if (other->kind == KIND(MEAN)) {
            cases = role_total(totals, area, s, ROLE(COUNT));
        }
        cases = add(cases, role_total(totals, area, s, ROLE(MISSING)));
        if (cases.known) {
            return cases;
        }
    }
    return (struct totals_number){0};
}

/* ---- figures of each kind ---- */

static void set_quotient(struct totals_row *row, double numerator, double denominator)
{
    if (denominator > 0) {
        row->value = (struct totals_real){true, numerator / denominator};
    }
}

static void fill_proportion(const struct totals *totals, struct totals_row *row)
{
    row->numerator = role_total(totals, row->area, row->series, ROLE(NUMERATOR));
    row->denominator = add(row->numerator, role_total(totals, row->area, row->series, ROLE(COMPLEMENT)));
    if (row->denominator.known) {
        set_quotient(row, (double)row->numerator.value, (double)row->denominator.value);
        row->has_interval = interval_proportion(&row->interval, row->numerator.value, row->denominator.value);
    }
}

/* The exact interval is one of counts: there is none for decimal numerators. */
static void fill_rate(const struct totals *totals, struct totals_row *row)
{
    row->numerator = role_total(totals, row->area, row->series, ROLE(NUMERATOR));
    row->denominator = role_total(totals, row->area, row->series, ROLE(DENOMINATOR));
    if (row->numerator.known && row->denominator.known) {
        set_quotient(row, (double)row->numerator.value, (double)row->denominator.value);
        row->has_interval = row->wire->scale == 1 && interval_ratio(&row->interval, row->numerator.value,
                                                                    (double)row->denominator.value);
    }
}

static void fill_mean(const struct totals *totals, struct totals_row *row)
{
    double scale = (double)row->wire->scale, sum, squares;

    row->denominator = role_total(totals, row->area, row->series, ROLE(COUNT));
    row->sum = role_total(totals, row->area, row->series, ROLE(SUM));
    row->sum_of_squares = role_total(totals, row->area, row->series, ROLE(SUM_OF_SQUARES));
    if (!row->denominator.known || !row->sum.known) {
        return;
    }
    sum = (double)row->sum.value / scale;
    row->value.known = mean_of(&row->value.value, row->denominator.value, sum);
    if (row->sum_of_squares.known) {
        squares = (double)row->sum_of_squares.value / scale / scale;
        row->deviation.known =
            standard_deviation(&row->deviation.value, row->denominator.value, sum, squares);
        row->has_interval = interval_mean(&row->interval, row->denominator.value, sum, squares);
    }
}

static void fill_observed_expected(const struct totals *totals, struct totals_row *row)
{
    double expected;

    row->numerator = role_total(totals, row->area, row->series, ROLE(NUMERATOR));
    row->denominator = add(row->numerator, role_total(totals, row->area, row->series, ROLE(COMPLEMENT)));
    row->expected = role_total(totals, row->area, row->series, ROLE(EXPECTED));
    if (row->denominator.known && row->expected.known) {
        expected = (double)row->expected.value / (double)row->wire->scale;
        set_quotient(row, (double)row->numerator.value, expected);
        row->has_interval = interval_ratio(&row->interval, row->numerator.value, expected);
    }
}

/* The number of cases is the sum of all bins; with hidden bins it may follow from the population's size. */
static struct totals_number distribution_size(const struct totals *totals, const struct totals_row *row)
{
    const struct task_series *s = &totals->view->task->series[row->series];
    struct totals_number sum = {true, 0}, all;

    for (int slot = s->first_slot; slot < s->contributes; slot++) {
        sum = add(sum, slot_total(totals, row->area, slot));
    }
    all = population_size(totals, row->area, row->series);
    if (!sum.known && all.known && row->missing.known && row->missing.value <= all.value) {
        sum = (struct totals_number){true, all.value - row->missing.value};
    }
    return sum;
}

static void fill_distribution(const struct totals *totals, struct totals_row *row)
{
    const struct task *task = totals->view->task;
    const struct task_series *s = &task->series[row->series];
    size_t first = (size_t)row->area * (size_t)task->num_slots + (size_t)s->first_slot, bin;

    row->denominator = distribution_size(totals, row);
    if (row->denominator.known && row->denominator.value > 0 &&
        quantile_bin(&bin, totals->slots + first, totals->known + first,
                     (size_t)(s->contributes - s->first_slot), row->denominator.value, 50)) {
        row->value = (struct totals_real){true, (double)row->wire->bin_lower[bin]};
    }
}

void totals_fill_figures(const struct totals *totals, struct totals_row *row)
{
    row->missing = role_total(totals, row->area, row->series, ROLE(MISSING));
    switch (row->wire->kind) {
    case KIND(PROPORTION):
    case KIND(FACT):
        fill_proportion(totals, row);
        break;
    case KIND(RATE):
        fill_rate(totals, row);
        break;
    case KIND(MEAN):
        fill_mean(totals, row);
        break;
    case KIND(DISTRIBUTION):
        fill_distribution(totals, row);
        break;
    case KIND(OBSERVED_EXPECTED):
        fill_observed_expected(totals, row);
        break;
    default:
        break;
    }
    if (row->state == TOTALS(RELEASED) && row->denominator.known &&
        (row->denominator.value == 0 || (row->expected.known && row->expected.value == 0))) {
        row->state = TOTALS(NO_DENOMINATOR);
    }
}

struct totals_row totals_row(const struct totals *totals, int area, int series)
{
    const struct view *view = totals->view, *opened = opened_of(totals, area, series);
    enum totals_reason reason;
    int indicator = totals->indicators[series];
    struct totals_row row = {
        .area = area,
        .series = series,
        .wire = view->task->series[series].wire,
        .indicator = indicator == NONE ? NULL : &totals->catalogue->indicators[indicator],
        .sites_expected = totals->areas[area].sites_expected,
        .sites = view_num_frozen(opened, area),
        .revision = opened->task->wire->revision,
        .is_collectors = totals->areas[area].is_collectors,
        .contributing = contributing(totals, area, series),
    };

    row.state = totals_public_state(opened, area, series, &row.reason);
    if (opened != view) {
        totals_public_state(view, area, series, &reason);
        row.not_revised = reason;
    }
    totals_fill_figures(totals, &row);
    return row;
}

struct totals_bin totals_bin(const struct totals *totals, const struct totals_row *row, int index)
{
    const struct task_series *s = &totals->view->task->series[row->series];
    bool is_last = (size_t)index + 1 == row->wire->n_bin_lower;
    struct totals_bin bin = {
        .state = row->state,
        .from = row->wire->bin_lower[index],
        .has_to = !is_last,
        .to = is_last ? 0 : row->wire->bin_lower[index + 1],
        .count = slot_total(totals, row->area, s->first_slot + index),
    };

    if (row->state == TOTALS(RELEASED) && is_suppressed(opened_of(totals, row->area, row->series), row->area, s->first_cell + index)) {
        bin.state = TOTALS(SUPPRESSED);
    }
    return bin;
}

/* ---- targets ---- */

double totals_unit_factor(const struct catalogue_indicator *indicator)
{
    return indicator == NULL ? 1 : (double)indicator->per;
}

/* Whether a date is there and its day begins before the instant. */
static bool begins_before(const char *date, const struct calendar_zone *zone, int64_t ms)
{
    int64_t begin_ms;

    return calendar_parse(&begin_ms, date, zone, NULL) == 0 && begin_ms < ms;
}

static bool is_in_force(const struct totals *totals, const struct catalogue_target *target)
{
    const Weft__V1__Period *period = totals->view->task->wire->period;
    struct calendar_zone zone;

    if (calendar_zone(&zone, period->zone, NULL) != 0) {
        return false;
    }
    return (target->from == NULL || target->from[0] == '\0' ||
            begins_before(target->from, &zone, period->end_ms)) &&
           (target->until == NULL || !begins_before(target->until, &zone, period->start_ms));
}

/* The last one in force that is meant for all hospitals: a total is not one of tertiary hospitals only. */
static const struct catalogue_target *find_target(const struct totals *totals,
                                                  const struct catalogue_indicator *indicator)
{
    const struct catalogue_target *found = NULL;

    for (size_t i = 0; i < indicator->num_targets; i++) {
        if (indicator->targets[i].applies_to == NULL && is_in_force(totals, &indicator->targets[i])) {
            found = &indicator->targets[i];
        }
    }
    return found;
}

struct totals_target totals_target(const struct totals *totals, const struct totals_row *row)
{
    const struct catalogue_target *found = row->indicator != NULL ? find_target(totals, row->indicator) : NULL;
    struct totals_target target = {0};
    double value;

    if (found == NULL) {
        return target;
    }
    target.known = true;
    target.at_most = found->at_most;
    target.value = strtod(found->value, NULL);
    target.is_judged = row->value.known;
    value = row->value.value * totals_unit_factor(row->indicator);
    target.met = target.is_judged && (target.at_most ? value <= target.value : value >= target.value);
    return target;
}
