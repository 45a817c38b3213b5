/* test_totals.c - results from a view made by hand: each state and kind, as figures, table and JSON; progress.
 *
 *     9 province: 91 city with sites a b c, 92 city with site d (too few), 93 city with site e (no report) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/wire.h"
#include "coordinator/totals.h"

#define DOC(name)    WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define ROLE(name)   WEFT__V1__ROLE__ROLE_##name
#define KIND(name)   WEFT__V1__KIND__KIND_##name
#define REASON(name) WEFT__V1__WITHHELD_REASON__WITHHELD_##name
#define NUM_AREAS    4
#define NUM_SITES    5
#define MAX_SLOTS    64
#define NUM(array)   (sizeof(array) / sizeof(array)[0])

enum { PROVINCE, CITY, SMALL, SILENT };

static const char yaml[] =
    "catalogue: 1\nid: test\nversion: \"1\"\nname: {en: Test, zh: 测试}\n"
    "populations:\n"
    "  stays: {name: {en: stays, zh: 住院}, table: discharge}\n"
    "  scored: {name: {en: scored, zh: 评分}, table: risk_score}\n"
    "  facts: {name: {en: facts, zh: 事实}, table: site_fact}\n"
    "strata:\n"
    "  age:\n    name: {en: age, zh: 年龄}\n    table: discharge\n    values:\n"
    "      - {id: old, name: {en: 75 and over, zh: 75岁及以上}, where: age >= 75}\n"
    "      - {id: rest, name: {en: others, zh: 其他}}\n"
    "indicators:\n"
    "  - {id: mort, name: {en: mortality, zh: 死亡率}, kind: proportion, population: stays,\n"
    "     numerator: outcome = \"dead\", strata: age,\n"
    "     bounds: {numerator: 250, complement: 250, missing: 250}, unit: \"%\", direction: lower,\n"
    "     target: {at_most: \"10\", from: \"1970-01-01\", source: test}, source: test}\n"
    "  - {id: rate, name: {en: a rate, zh: 某率}, kind: rate, population: stays,\n"
    "     numerator: age, denominator: age,\n"
    "     bounds: {numerator: 250, denominator: 250, missing: 250}, unit: per case, direction: none, source: "
    "t}\n"
    "  - {id: stay, name: {en: mean stay, zh: 平均住院日}, kind: mean, population: stays, value: stay,\n"
    "     bounds: {count: 250, sum: 25000, sum_of_squares: 2500000, missing: 250}, unit: min,\n"
    "     direction: lower, source: test}\n"
    "  - {id: days, name: {en: days, zh: 住院日}, kind: distribution, population: stays, value: stay,\n"
    "     bins: {from: 0, width: 1, number: 4, unit: d}, bounds: {bin: 100, missing: 250}, unit: d,\n"
    "     direction: none, source: test}\n"
    "  - {id: ratio, name: {en: observed to expected, zh: 标化比}, kind: observed_expected, population: "
    "scored,\n"
    "     observed: died, expected: predicted_mortality,\n"
    "     bounds: {numerator: 250, complement: 250, expected: 250000000, missing: 250}, unit: ratio,\n"
    "     direction: lower, source: test}\n"
    "  - {id: teaching, name: {en: teaching, zh: 教学医院}, kind: fact, population: facts, numerator: value "
    "= 1,\n"
    "     unit: \"%\", direction: none, source: test}\n";

struct world {
    struct catalogue *catalogue;
    struct catalogue_layout layout;
    Weft__V1__Area area_wires[NUM_AREAS];
    Weft__V1__Site site_wires[NUM_SITES];
    struct roster_area areas[NUM_AREAS];
    struct roster_site sites[NUM_SITES];
    struct roster roster;
    Weft__V1__Period period;
    Weft__V1__Task wire;
    struct task_series series[16];
    struct task_cell cells[MAX_SLOTS];
    struct task task;
    struct view *view;
    Weft__V1__SlotTotal totals[NUM_AREAS][MAX_SLOTS], *lists[NUM_AREAS][MAX_SLOTS];
    size_t num_totals[NUM_AREAS];
    struct totals *result;
};

/* ---- making it ---- */

static void make_roster(struct world *w)
{
    static const char *const codes[] = {"9", "91", "92", "93"}, *const sites[] = {"a", "b", "c", "d", "e"};
    static const char *const names[] = {"Province", "City", "Small", "Silent"};
    static const int site_areas[] = {CITY, CITY, CITY, SMALL, SILENT};

    for (int i = 0; i < NUM_AREAS; i++) {
        weft__v1__area__init(&w->area_wires[i]);
        w->area_wires[i].code = (char *)(uintptr_t)codes[i];
        w->area_wires[i].tier = (char *)(uintptr_t)(i == 0 ? "province" : "city");
        w->area_wires[i].name_en = (char *)(uintptr_t)names[i];
        w->areas[i] = (struct roster_area){&w->area_wires[i], i == 0 ? NONE : 0, i > 0, NONE, NONE, NONE};
    }
    for (int i = 0; i < NUM_SITES; i++) {
        weft__v1__site__init(&w->site_wires[i]);
        w->site_wires[i].id = (char *)(uintptr_t)sites[i];
        w->sites[i] = (struct roster_site){&w->site_wires[i], site_areas[i], site_areas[i], i, false};
    }
    w->roster =
        (struct roster){.areas = w->areas, .num_areas = NUM_AREAS, .sites = w->sites, .num_sites = NUM_SITES};
}

static void add_cell(struct world *w, int series, bool is_missing, int bin)
{
    w->cells[w->task.num_cells++] =
        (struct task_cell){.series = series, .is_missing = is_missing, .bin = bin};
    w->series[series].num_cells++;
}

static void make_task(struct world *w)
{
    weft__v1__task__init(&w->wire);
    weft__v1__period__init(&w->period);
    w->period =
        (Weft__V1__Period){w->period.base, (char *)(uintptr_t) "2014", (char *)(uintptr_t) "UTC", 1, 2};
    w->wire.period = &w->period;
    w->wire.name = (char *)(uintptr_t) "a \"quoted\" name\n";
    w->wire.series = w->layout.series_list;
    w->wire.n_series = w->layout.num_series;
    w->wire.slots = w->layout.slot_list;
    w->wire.n_slots = w->layout.num_slots;
    w->wire.open_ms = 1000;
    w->wire.close_ms = 2000;
    w->wire.order_ms = 3000;
    w->wire.plan_ms = 4000;
    w->wire.pattern_ms = 5000;
    w->wire.retention_ms = 6000;
    w->task = (struct task){.wire = &w->wire,
                            .series = w->series,
                            .num_series = (int)w->layout.num_series,
                            .cells = w->cells,
                            .num_slots = (int)w->layout.num_slots};
    memset(w->task.hex, 'a', sizeof w->task.hex - 1);
    for (int s = 0; s < w->task.num_series; s++) {
        const struct catalogue_place *place = &w->layout.places[s];
        w->series[s] = (struct task_series){.wire = w->layout.series_list[s],
                                            .first_slot = (int)place->first_slot,
                                            .num_slots = (int)place->num_slots,
                                            .contributes = (int)(place->first_slot + place->num_slots - 2),
                                            .first_cell = w->task.num_cells};
        for (int bin = 0; bin < 1 || bin < (int)w->series[s].wire->n_bin_lower; bin++) {
            add_cell(w, s, false, bin);
        }
        add_cell(w, s, true, 0);
    }
}

static int find_series(const struct world *w, const char *indicator, const char *stratum)
{
    for (int s = 0; s < w->task.num_series; s++) {
        if (strcmp(w->series[s].wire->indicator, indicator) == 0 &&
            strcmp(w->series[s].wire->stratum, stratum) == 0) {
            return s;
        }
    }
    fail_msg("no series %s/%s", indicator, stratum);
    return NONE;
}

static int find_slot(const struct world *w, int series, Weft__V1__Role role, unsigned bin)
{
    for (int i = w->series[series].first_slot;; i++) {
        if (w->wire.slots[i]->role == role && w->wire.slots[i]->bin == bin) {
            return i;
        }
    }
}

static void release(struct world *w, int area, int series, Weft__V1__Role role, unsigned bin, uint64_t total)
{
    size_t i = w->num_totals[area]++;
    Weft__V1__SlotTotal *entry = &w->totals[area][i];

    weft__v1__slot_total__init(entry);
    entry->slot = (uint32_t)find_slot(w, series, role, bin);
    entry->total = total;
    w->lists[area][i] = entry;
}

static void hold(struct view_document *held, Weft__V1__DocumentType type, const ProtobufCMessage *body)
{
    assert_int_equal(document_new(&held->document, type, body, NULL), 0);
    assert_int_equal(document_body(&held->body, held->document, type, NULL), 0);
}

static void drop(struct view_document *held)
{
    document_free(&held->document);
    wire_free(&held->body);
}

/* a, b, c and d have reported; 9 and 91 are listed, d's block is the province's own. */
static void make_order(struct world *w)
{
    static const struct {
        int area;
        Weft__V1__WithheldReason reason;
    } unlisted[] = {{SMALL, REASON(TOO_FEW_SITES)}, {SILENT, REASON(NO_REPORTS)}};
    Weft__V1__Withheld withheld[2], *list[] = {&withheld[0], &withheld[1]};
    Weft__V1__Order order = WEFT__V1__ORDER__INIT;
    Weft__V1__Freeze freeze = WEFT__V1__FREEZE__INIT;

    for (int area = CITY; area <= SILENT; area++) {
        hold(&w->view->freezes[area], DOC(FREEZE), &freeze.base);
    }
    for (size_t i = 0; i < NUM(unlisted); i++) {
        weft__v1__withheld__init(&withheld[i]);
        withheld[i].area = w->area_wires[unlisted[i].area].code;
        withheld[i].reason = unlisted[i].reason;
    }
    order.withheld = list;
    order.n_withheld = 2;
    hold(&w->view->order, DOC(ORDER), &order.base);
    w->view->is_listed[PROVINCE] = w->view->is_listed[CITY] = true;
    for (int site = 0; site < NUM_SITES - 1; site++) {
        w->view->site_is_frozen[site] = true;
        w->view->block[site] = site < 3 ? CITY : PROVINCE;
    }
}

static void add_contributes(struct world *w, int area, uint64_t count)
{
    Weft__V1__Contributes body = WEFT__V1__CONTRIBUTES__INIT;
    uint64_t counts[16];

    for (size_t i = 0; i < w->wire.n_series; i++) {
        counts[i] = count;
    }
    body.counts = counts;
    body.n_counts = w->wire.n_series;
    hold(&w->view->contributes[area], DOC(CONTRIBUTES), &body.base);
}

/* All is open in 9 and 91 but the fact in 91. */
static void make_plan(struct world *w)
{
    Weft__V1__Plan plan = WEFT__V1__PLAN__INIT;

    add_contributes(w, CITY, 3);
    add_contributes(w, PROVINCE, 1);
    hold(&w->view->plan, DOC(PLAN), &plan.base);
    for (int s = 0; s < w->task.num_series; s++) {
        w->view->is_open[PROVINCE * w->task.num_series + s] = true;
        w->view->is_open[CITY * w->task.num_series + s] = s != find_series(w, "teaching", "");
    }
}

static void suppress(struct world *w, int area, int cell)
{
    w->view->suppressed[area * w->task.num_cells + cell] = 1;
}

static void make_pattern(struct world *w)
{
    Weft__V1__Pattern pattern = WEFT__V1__PATTERN__INIT;
    Weft__V1__AreaDigest states[2], *list[] = {&states[0], &states[1]};
    int stay = find_series(w, "stay", "");

    for (int area = PROVINCE; area <= CITY; area++) {
        weft__v1__area_digest__init(&states[area]);
        states[area].area = w->area_wires[area].code;
    }
    pattern.states = list;
    pattern.n_states = 2;
    hold(&w->view->pattern, DOC(PATTERN), &pattern.base);
    suppress(w, CITY, w->series[find_series(w, "mort", "old")].first_cell);
    suppress(w, CITY, w->series[find_series(w, "days", "")].first_cell); /* the first bin */
    suppress(w, CITY, w->series[stay].first_cell + w->series[stay].num_cells - 1);
}

static void make_releases(struct world *w)
{
    int mort = find_series(w, "mort", ""), rest = find_series(w, "mort", "rest"),
        rate = find_series(w, "rate", ""), stay = find_series(w, "stay", ""),
        days = find_series(w, "days", ""), ratio = find_series(w, "ratio", ""),
        teaching = find_series(w, "teaching", "");

    release(w, CITY, mort, ROLE(NUMERATOR), 0, 8);
    release(w, CITY, mort, ROLE(COMPLEMENT), 0, 92);
    release(w, CITY, mort, ROLE(MISSING), 0, 2);
    release(w, CITY, find_series(w, "mort", "old"), ROLE(MISSING), 0, 0);
    release(w, CITY, rest, ROLE(NUMERATOR), 0, 0);
    release(w, CITY, rest, ROLE(COMPLEMENT), 0, 60);
    release(w, CITY, rate, ROLE(NUMERATOR), 0, 0);
    release(w, CITY, rate, ROLE(DENOMINATOR), 0, 0);
    release(w, CITY, rate, ROLE(MISSING), 0, 0);
    release(w, CITY, stay, ROLE(COUNT), 0, 100);
    release(w, CITY, stay, ROLE(SUM), 0, 5000);
    release(w, CITY, stay, ROLE(SUM_OF_SQUARES), 0, 260000);
    release(w, CITY, days, ROLE(BIN), 1, 40);
    release(w, CITY, days, ROLE(BIN), 2, 30);
    release(w, CITY, days, ROLE(BIN), 3, 10);
    release(w, CITY, days, ROLE(MISSING), 0, 3);
    release(w, CITY, ratio, ROLE(NUMERATOR), 0, 4);
    release(w, CITY, ratio, ROLE(COMPLEMENT), 0, 46);
    release(w, CITY, ratio, ROLE(EXPECTED), 0, 5000000);
    release(w, PROVINCE, rate, ROLE(NUMERATOR), 0, 10);
    release(w, PROVINCE, rate, ROLE(DENOMINATOR), 0, 1000);
    release(w, PROVINCE, teaching, ROLE(NUMERATOR), 0, 1);
    release(w, PROVINCE, teaching, ROLE(COMPLEMENT), 0, 3);
    for (int area = PROVINCE; area <= CITY; area++) {
        Weft__V1__Release body = WEFT__V1__RELEASE__INIT;
        body.slots = w->lists[area];
        body.n_slots = w->num_totals[area];
        hold(&w->view->releases[area], DOC(RELEASE), &body.base);
    }
}

static int setup(void **arg)
{
    struct world *w = calloc(1, sizeof *w);
    struct err err = {0};
    char text[1024];

    *arg = w;
    if (catalogue_parse(&w->catalogue, "test", yaml, sizeof yaml - 1, &err) != 0 ||
        catalogue_layout(&w->layout, w->catalogue, &err) != 0) {
        fprintf(stderr, "%s\n", err_text(&err, LANG_EN, text, sizeof text));
        return -1;
    }
    assert_true(w->layout.num_slots <= MAX_SLOTS && w->layout.num_series <= NUM(w->series));
    make_roster(w);
    make_task(w);
    return view_new(&w->view, &w->roster, &w->task, NULL);
}

static int setup_released(void **arg)
{
    struct world *w;

    if (setup(arg) != 0) {
        return -1;
    }
    w = *arg;
    make_order(w);
    make_plan(w);
    make_pattern(w);
    make_releases(w);
    return totals_new(&w->result, w->view, false, w->catalogue, 5500, NULL);
}

static int teardown(void **arg)
{
    struct world *w = *arg;

    totals_free(&w->result);
    w->roster.num_coordinators = 0;
    view_free(&w->view);
    catalogue_layout_clear(&w->layout);
    catalogue_free(&w->catalogue);
    free(w);
    return 0;
}

static struct totals_row row_of(const struct world *w, int area, const char *indicator, const char *stratum)
{
    return totals_row(w->result, area, find_series(w, indicator, stratum));
}

static void assert_near(double value, double expected)
{
    if (!(value > expected - 5e-4 && value < expected + 5e-4)) {
        fail_msg("%.6f is not %.6f", value, expected);
    }
}

/* ---- states ---- */

static void test_totals__states_of_each_area_and_series(void **arg)
{
    const struct world *w = *arg;
    static const struct {
        int area;
        const char *indicator, *stratum;
        Weft__V1__TotalState state;
        enum totals_reason reason;
    } cases[] = {
        {CITY, "mort", "", TOTALS(RELEASED), TOTALS_REASON_NONE},
        {CITY, "mort", "old", TOTALS(SUPPRESSED), TOTALS_REASON_NONE},
        {CITY, "rate", "", TOTALS(NO_DENOMINATOR), TOTALS_REASON_NONE},
        {CITY, "days", "", TOTALS(RELEASED), TOTALS_REASON_NONE},
        {CITY, "teaching", "", TOTALS(WITHHELD), TOTALS_TOO_FEW_CONTRIBUTING},
        {SMALL, "mort", "", TOTALS(WITHHELD), TOTALS_TOO_FEW_SITES},
        {SILENT, "mort", "", TOTALS(NOT_REPORTED), TOTALS_NO_REPORTS},
        {PROVINCE, "teaching", "", TOTALS(RELEASED), TOTALS_REASON_NONE},
    };

    for (size_t i = 0; i < NUM(cases); i++) {
        struct totals_row row = row_of(w, cases[i].area, cases[i].indicator, cases[i].stratum);
        if (row.state != cases[i].state || row.reason != cases[i].reason) {
            fail_msg("%s %s/%s is %s", w->area_wires[cases[i].area].code, cases[i].indicator,
                     cases[i].stratum, totals_state_name(row.state));
        }
    }
}

static void test_totals__what_is_not_released_has_no_number(void **arg)
{
    const struct world *w = *arg;
    static const struct {
        int area;
        const char *indicator, *stratum;
    } cases[] = {{CITY, "mort", "old"}, {CITY, "teaching", ""}, {SMALL, "stay", ""}, {SILENT, "ratio", ""}};

    for (size_t i = 0; i < NUM(cases); i++) {
        struct totals_row row = row_of(w, cases[i].area, cases[i].indicator, cases[i].stratum);
        assert_false(row.numerator.known || row.denominator.known || row.sum.known || row.expected.known ||
                     row.value.known || row.has_interval || row.deviation.known);
    }
    assert_false(row_of(w, CITY, "stay", "").missing.known);   /* its missing cell alone is suppressed */
    assert_true(row_of(w, CITY, "mort", "old").missing.known); /* and here all but that */
    assert_int_equal(row_of(w, CITY, "mort", "old").missing.value, 0);
}

static void test_totals__counts_sites_and_contributing_ones(void **arg)
{
    const struct world *w = *arg;
    struct totals_row province = row_of(w, PROVINCE, "mort", ""), city = row_of(w, CITY, "mort", ""),
                      silent = row_of(w, SILENT, "mort", "");

    assert_int_equal(province.sites_expected, 5);
    assert_int_equal(province.sites, 4);
    assert_true(province.contributing.known);
    assert_int_equal(province.contributing.value, 4); /* its own block and the city's */
    assert_int_equal(city.contributing.value, 3);
    assert_int_equal(silent.sites_expected, 1);
    assert_int_equal(silent.sites, 0);
    assert_false(silent.contributing.known);
    drop(&w->view->contributes[PROVINCE]);
    assert_false(row_of(w, PROVINCE, "mort", "").contributing.known); /* one block's is not known */
    assert_true(row_of(w, CITY, "mort", "").contributing.known);
}

/* ---- figures ---- */

static void test_totals__figures_of_each_kind(void **arg)
{
    const struct world *w = *arg;
    struct totals_row row = row_of(w, CITY, "mort", "");

    assert_int_equal(row.denominator.value, 100);
    assert_near(row.value.value, 0.08);
    assert_near(row.interval.low, 0.0411);
    assert_near(row.interval.high, 0.1500);
    row = row_of(w, CITY, "mort", "rest"); /* a true zero is a number */
    assert_true(row.state == TOTALS(RELEASED) && row.value.known && row.value.value == 0);
    row = row_of(w, PROVINCE, "rate", "");
    assert_near(row.value.value, 0.01);
    assert_near(row.interval.low, 0.004795);
    assert_near(row.interval.high, 0.01839);
    row = row_of(w, CITY, "stay", "");
    assert_near(row.value.value, 50);
    assert_near(row.deviation.value, 10.0504);
    assert_near(row.interval.low, 48.0302);
    row = row_of(w, CITY, "ratio", "");
    assert_near(row.value.value, 0.8);
    assert_near(row.interval.low, 0.21797);
    assert_near(row.interval.high, 2.04832);
    row = row_of(w, PROVINCE, "teaching", "");
    assert_near(row.value.value, 0.25);
}

static void test_totals__median_beside_a_hidden_bin(void **arg)
{
    const struct world *w = *arg;
    struct totals_row row = row_of(w, CITY, "days", "");
    struct totals_bin first = totals_bin(w->result, &row, 0), last = totals_bin(w->result, &row, 3);

    assert_true(row.denominator.known); /* 102 stays, as the mortality says, without the 3 missing */
    assert_int_equal(row.denominator.value, 99);
    assert_true(row.value.known && row.value.value == 1);
    assert_true(first.state == TOTALS(SUPPRESSED) && !first.count.known && first.from == 0 && first.to == 1);
    assert_true(last.state == TOTALS(RELEASED) && last.count.value == 10 && !last.has_to);
}

static void test_totals__target_in_the_indicators_unit(void **arg)
{
    const struct world *w = *arg;
    struct totals_row row = row_of(w, CITY, "mort", "");
    struct totals_target target = totals_target(w->result, &row);

    assert_true(target.known && target.at_most && target.is_judged && target.met && target.value == 10);
    row = row_of(w, CITY, "mort", "old");
    target = totals_target(w->result, &row);
    assert_true(target.known && !target.is_judged && !target.met);
    row = row_of(w, CITY, "stay", "");
    assert_false(totals_target(w->result, &row).known);
    w->catalogue->indicators[0].targets[0].applies_to = "tertiary";
    row = row_of(w, CITY, "mort", "");
    assert_false(totals_target(w->result, &row).known); /* a city's total is not one of tertiary hospitals */
    w->catalogue->indicators[0].targets[0].applies_to = NULL;
    w->catalogue->indicators[0].targets[0].until = "1969-12-31";
    assert_false(totals_target(w->result, &row).known); /* no longer in force in the task's period */
    w->catalogue->indicators[0].targets[0].until = NULL;
    w->catalogue->indicators[0].targets[0].from = "2100-01-01";
    assert_false(totals_target(w->result, &row).known); /* not yet */
}

/* ---- steps before the release ---- */

static void expect_all(struct world *w, int64_t now_ms, Weft__V1__TotalState state, enum progress_phase phase,
                       enum progress_wait wait)
{
    totals_free(&w->result);
    assert_int_equal(totals_new(&w->result, w->view, false, w->catalogue, now_ms, NULL), 0);
    assert_int_equal(w->result->progress.phase, phase);
    assert_int_equal(w->result->progress.wait, wait);
    for (int s = 0; s < w->task.num_series; s++) {
        struct totals_row row = totals_row(w->result, PROVINCE, s);
        assert_int_equal(row.state, state);
        assert_false(row.numerator.known || row.value.known);
    }
}

static void test_totals__pending_until_released_and_why(void **arg)
{
    struct world *w = *arg;
    Weft__V1__Freeze freeze = WEFT__V1__FREEZE__INIT;
    char text[256];

    expect_all(w, 500, TOTALS(PENDING), PHASE_PUBLISHED, WAIT_OPENING);
    expect_all(w, 1500, TOTALS(PENDING), PHASE_OPEN, WAIT_REPORTS);
    expect_all(w, 2500, TOTALS(PENDING), PHASE_CLOSING, WAIT_FREEZES);
    assert_int_equal(w->result->progress.num_missing, 3);
    hold(&w->view->freezes[SMALL], DOC(FREEZE), &freeze.base);
    expect_all(w, 2500, TOTALS(PENDING), PHASE_CLOSING, WAIT_FREEZES);
    assert_string_equal(progress_wait_text(&w->result->progress, w->view, LANG_EN, text, sizeof text),
                        "2 of 3 freezes: City (91), Silent (93)");
    drop(&w->view->freezes[SMALL]);
    make_order(w);
    expect_all(w, 2500, TOTALS(PENDING), PHASE_CLOSED, WAIT_CONTRIBUTES);
    add_contributes(w, CITY, 3);
    drop(&w->view->contributes[CITY]);
    make_plan(w);
    expect_all(w, 2500, TOTALS(PENDING), PHASE_CLOSED, WAIT_STATES);
    make_pattern(w);
    expect_all(w, 2500, TOTALS(PENDING), PHASE_ROLLED_UP, WAIT_RELEASES);
    assert_int_equal(totals_row(w->result, SILENT, 0).state, TOTALS(NOT_REPORTED));
    assert_int_equal(totals_row(w->result, CITY, find_series(w, "mort", "old")).state, TOTALS(SUPPRESSED));
}

static void test_totals__void_has_no_results(void **arg)
{
    struct world *w = *arg;
    Weft__V1__Void body = WEFT__V1__VOID__INIT;

    make_order(w);
    hold(&w->view->voided, DOC(VOID), &body.base);
    expect_all(w, 2500, TOTALS(VOID), PHASE_VOID, WAIT_NOTHING);
}

/* ---- the collector's view ---- */

static void test_totals__collectors_view_gives_numbers_and_keeps_the_state(void **arg)
{
    const struct world *w = *arg;
    int old = find_series(w, "mort", "old");
    uint64_t opened[MAX_SLOTS] = {0};
    bool is_opened[MAX_SLOTS] = {false};
    struct totals_row row;

    opened[find_slot(w, old, ROLE(NUMERATOR), 0)] = 2;
    opened[find_slot(w, old, ROLE(COMPLEMENT), 0)] = 33;
    is_opened[find_slot(w, old, ROLE(NUMERATOR), 0)] = true;
    is_opened[find_slot(w, old, ROLE(COMPLEMENT), 0)] = true;
    totals_add_opened(w->result, CITY, opened, is_opened);
    row = row_of(w, CITY, "mort", "old");
    assert_true(row.state == TOTALS(SUPPRESSED) && row.is_collectors);
    assert_int_equal(row.numerator.value, 2);
    assert_int_equal(row.denominator.value, 35);
    assert_false(row_of(w, PROVINCE, "mort", "old").is_collectors);
}

/* ---- JSON and table ---- */

static char *written(const struct world *w, bool json, enum err_lang lang)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_non_null(out);
    if (json) {
        assert_int_equal(totals_write_json(w->result, out, NULL), 0);
    } else {
        totals_write_table(w->result, out, lang);
    }
    fclose(out);
    return text;
}

/* A strict reader of JSON, to judge the writer. Returns the place after the value; NULL when it is none. */
static const char *skip_space(const char *at)
{
    return at + strspn(at, " \n\t\r");
}

static const char *read_string(const char *at)
{
    if (*at++ != '"') {
        return NULL;
    }
    for (; *at != '"'; at++) {
        if ((unsigned char)*at < 0x20 || (*at == '\\' && strchr("\"\\/bfnrtu", *++at) == NULL)) {
            return NULL;
        }
        if (*at == 'u' && at[-1] == '\\') {
            if (strspn(at + 1, "0123456789abcdefABCDEF") < 4) {
                return NULL;
            }
            at += 4;
        }
    }
    return at + 1;
}

static const char *read_value(const char *at);

static const char *read_members(const char *at, char close, bool has_keys)
{
    at = skip_space(at);
    if (*at == close) {
        return at + 1;
    }
    for (;;) {
        if (has_keys && ((at = read_string(skip_space(at))) == NULL || *(at = skip_space(at)) != ':')) {
            return NULL;
        }
        if ((at = read_value(skip_space(at + has_keys))) == NULL) {
            return NULL;
        }
        at = skip_space(at);
        if (*at == close) {
            return at + 1;
        }
        if (*at++ != ',') {
            return NULL;
        }
    }
}

static const char *read_value(const char *at)
{
    static const char *const words[] = {"true", "false", "null"};
    char *end;

    if (*at == '{' || *at == '[') {
        return read_members(at + 1, *at == '{' ? '}' : ']', *at == '{');
    }
    if (*at == '"') {
        return read_string(at);
    }
    for (size_t i = 0; i < NUM(words); i++) {
        if (strncmp(at, words[i], strlen(words[i])) == 0) {
            return at + strlen(words[i]);
        }
    }
    if (strspn(at, "-0123456789") == 0) {
        return NULL;
    }
    strtod(at, &end);
    return end;
}

static void assert_json(const char *text)
{
    const char *end = read_value(text);

    if (end == NULL || *skip_space(end) != '\0') {
        fail_msg("not JSON: %s", text);
    }
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fputs(text, stderr);
        print_error("no %s in this\n", part);
        fail();
    }
}

static void test_totals__json_of_each_kind_and_state(void **arg)
{
    const struct world *w = *arg;
    char *text = written(w, true, LANG_EN);

    assert_json(text);
    assert_has(text, "\"name\": \"a \\\"quoted\\\" name\\u000a\"");
    assert_has(text, "{\"area\": \"91\", \"tier\": \"city\", \"indicator\": \"mort\", \"stratum\": null, "
                     "\"kind\": \"proportion\", \"state\": \"released\", \"reason\": null, \"revision\": 0, "
                     "\"not_revised\": null, "
                     "\"sites_expected\": 3, \"sites\": 3, \"contributing\": 3, \"numerator\": 8, "
                     "\"denominator\": 100, \"missing\": 2, \"value\": 0.08, \"interval\": [0.041");
    assert_has(text, "\"unit\": \"%\", \"target\": {\"at_most\": 10, \"met\": true}}");
    assert_has(text, "\"stratum\": \"old\", \"kind\": \"proportion\", \"state\": \"suppressed\", "
                     "\"reason\": null, \"revision\": 0, \"not_revised\": null, \"sites_expected\": 3, "
                     "\"sites\": 3, \"contributing\": 3, "
                     "\"numerator\": null, \"denominator\": null, \"missing\": 0, \"value\": null, "
                     "\"interval\": null");
    assert_has(text, "\"kind\": \"rate\", \"state\": \"no_denominator\"");
    assert_has(text, "\"count\": 100, \"sum\": 5000, \"sum_of_squares\": 260000, \"scale\": 1, "
                     "\"standard_deviation\": 10.05");
    assert_has(text, "\"count\": 99, \"median\": 1, \"missing\": 3, \"value\": 1, \"interval\": null");
    assert_has(text, "\"bins\": [{\"from\": 0, \"to\": 1, \"state\": \"suppressed\", \"count\": null}, "
                     "{\"from\": 1, \"to\": 2, \"state\": \"released\", \"count\": 40}, "
                     "{\"from\": 2, \"to\": 3, \"state\": \"released\", \"count\": 30}, "
                     "{\"from\": 3, \"to\": null, \"state\": \"released\", \"count\": 10}]");
    assert_has(text,
               "\"observed\": 4, \"denominator\": 50, \"expected_scaled\": 5000000, \"scale\": 1000000");
    assert_has(text, "\"state\": \"withheld\", \"reason\": \"too_few_contributing\"");
    assert_has(text, "\"state\": \"not_reported\", \"reason\": \"no_reports\", \"revision\": 0, "
                     "\"not_revised\": null, \"sites_expected\": 1, "
                     "\"sites\": 0, \"contributing\": null, \"numerator\": null");
    assert_null(strstr(text, "collector_view"));
    free(text);
}

static void test_totals__json_marks_the_collectors_view(void **arg)
{
    const struct world *w = *arg;
    uint64_t opened[MAX_SLOTS] = {0};
    bool is_opened[MAX_SLOTS] = {false};
    char *text;

    totals_add_opened(w->result, CITY, opened, is_opened);
    text = written(w, true, LANG_EN);
    assert_json(text);
    assert_has(text, "\"collector_view\": true");
    free(text);
    text = written(w, false, LANG_EN);
    assert_has(text, "not for publication");
    assert_has(text, "suppressed *");
    free(text);
}

static void test_totals__table_says_states_in_words(void **arg)
{
    const struct world *w = *arg;
    char *en = written(w, false, LANG_EN), *zh = written(w, false, LANG_ZH);

    assert_has(en, "91 City (city): 3 of 3 sites reported\n");
    assert_has(en, "93 Silent (city): 0 of 1 sites reported\n");
    assert_has(en, "mortality             released                   8          100"
                   "                  8.00 %         4.11–15.00         2         3    ≤ 10 % ✓\n");
    assert_has(en, "  75 and over         suppressed");
    assert_has(en, "no denominator");
    assert_has(en, "not reported");
    assert_has(en, "withheld");
    assert_has(en, "released in part");
    assert_has(en, "50.00 (SD 10.05) min");
    assert_has(en, "median 1 d");
    assert_has(zh, "死亡率                已公布                     8          100");
    assert_has(zh, "  75岁及以上          已抑制");
    assert_has(zh, "未上报");
    assert_has(zh, "无分母");
    assert_has(zh, "不公布");
    assert_null(strstr(en, "a \"quoted\" name\n,")); /* control characters do not reach the terminal */
    free(en);
    free(zh);
}

static void test_totals__without_the_catalogue_ids_stand_for_names(void **arg)
{
    struct world *w = *arg;
    char *text;

    totals_free(&w->result);
    assert_int_equal(totals_new(&w->result, w->view, false, NULL, 5500, NULL), 0);
    text = written(w, false, LANG_EN);
    assert_has(text, "\nmort ");
    assert_has(text, "\n  old ");
    free(text);
    text = written(w, true, LANG_EN);
    assert_json(text);
    assert_has(text, "\"unit\": null, \"target\": null");
    free(text);
}

static void test_json__writes_odd_values_as_valid_json(void **arg)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct json json = json_begin(out);

    (void)arg;
    json_object(&json, NULL);
    json_text(&json, "\"\\\x01\x7f", "\t中文");
    json_real(&json, "nan", 0.0 / (double)(json.depth - 1));
    json_int(&json, "low", INT64_MIN);
    json_uint(&json, "high", UINT64_MAX);
    json_array(&json, "empty");
    json_end(&json);
    json_end(&json);
    assert_true(json_finish(&json));
    fclose(out);
    assert_json(text);
    assert_has(text, "\"\\\"\\\\\\u0001\\u007f\": \"\\u0009中文\"");
    assert_has(text, "\"nan\": null");
    assert_has(text, "-9223372036854775808");
    assert_has(text, "18446744073709551615");
    assert_has(text, "\"empty\": []");
    free(text);
}

#define RELEASED(test) cmocka_unit_test_setup_teardown(test, setup_released, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RELEASED(test_totals__states_of_each_area_and_series),
        RELEASED(test_totals__what_is_not_released_has_no_number),
        RELEASED(test_totals__counts_sites_and_contributing_ones),
        RELEASED(test_totals__figures_of_each_kind),
        RELEASED(test_totals__median_beside_a_hidden_bin),
        RELEASED(test_totals__target_in_the_indicators_unit),
        cmocka_unit_test_setup_teardown(test_totals__pending_until_released_and_why, setup, teardown),
        cmocka_unit_test_setup_teardown(test_totals__void_has_no_results, setup, teardown),
        RELEASED(test_totals__collectors_view_gives_numbers_and_keeps_the_state),
        RELEASED(test_totals__json_of_each_kind_and_state),
        RELEASED(test_totals__json_marks_the_collectors_view),
        RELEASED(test_totals__table_says_states_in_words),
        RELEASED(test_totals__without_the_catalogue_ids_stand_for_names),
        cmocka_unit_test(test_json__writes_odd_values_as_valid_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
