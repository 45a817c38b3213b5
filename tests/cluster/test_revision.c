/* test_revision.c - corrections after close: what a revision opens, what stands, and what the difference of two totals
 * must not tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/events.h"
#include "coordinator/totals.h"
#include "tests/cluster/hospitals.h"
#include "tests/cluster/revising.h"

#define REASON(name) WEFT__V1__WITHHELD_REASON__WITHHELD_##name

static const struct cluster_faults no_faults = {.max_delay_ms = 20};
static const struct cluster_faults bad_network = {
    .drop_request = 10, .drop_response = 10, .repeat = 10, .max_delay_ms = 500, .crash = 5};
static const struct cluster_shape small = {
    .num_cities = 2, .counties_per_city = 2, .min_sites = 4, .max_sites = 5};
static const struct cluster_shape patient = {
    .num_cities = 2, .counties_per_city = 2, .min_sites = 4, .max_sites = 5, .waits_for_close = true};

static int area_of(const struct cluster *cluster, const char *code)
{
    int area = roster_find_area(cluster->roster, code);

    assert_int_not_equal(area, NONE);
    return area;
}

/* The n-th site of an area. */
static int site_of(const struct cluster *cluster, const char *code, int n)
{
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        if (roster_is_within(cluster->roster, cluster->roster->sites[i].area, area_of(cluster, code)) &&
            n-- == 0) {
            return i;
        }
    }
    fail_msg("%s has no such site", code);
    return NONE;
}

static const struct task *first_task(const struct cluster *cluster)
{
    return cluster->num_past == 0 ? cluster->task : cluster->past[0];
}

/* Slots of the first task. */
static int survivors(const struct cluster *cluster)
{
    return first_task(cluster)->series[0].first_slot + 1;
}

static int days(const struct cluster *cluster)
{
    return first_task(cluster)->series[3].first_slot + 1;
}

/* Hospitals large enough that suppression hides nothing. */
static void start(struct cluster *cluster, struct revising *revising, uint64_t seed,
                  const struct cluster_shape *shape, const struct cluster_faults *faults)
{
    cluster_start(cluster, seed, shape, faults);
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        uint64_t *vector = cluster->sites[i].vector;
        for (int slot = 0; slot < cluster->task->num_slots; slot++) {
            vector[slot] += cluster->task->wire->slots[slot]->maximum > 1 ? 40 : 0;
        }
        for (int s = 0; s < 5; s++) {
            vector[cluster->task->series[s].contributes] = 1;
        }
    }
    revising_start(revising, cluster);
}

/* The site is silent in the first task; its numbers, which the caller frees. */
static uint64_t *hold_back(struct cluster *cluster, int site)
{
    size_t size = (size_t)cluster->task->num_slots * sizeof(uint64_t);
    uint64_t *vector = malloc(size);

    memcpy(vector, cluster->sites[site].vector, size);
    cluster->sites[site].is_silent = true;
    return vector;
}

/* Everybody has reported; nothing happens until the close. */
static void skip_to_close(struct cluster *cluster)
{
    assert_false(cluster_run(cluster, cluster_never, 10000));
    cluster->now_ms = cluster->task->wire->close_ms;
}

static void run_task(struct revising *revising)
{
    if (!revising->cluster->task->wire->close_when_complete) {
        skip_to_close(revising->cluster);
    }
    assert_true(cluster_run(revising->cluster, cluster_is_released, 600000));
    revising_check(revising);
}

static void stop(struct cluster *cluster, struct revising *revising)
{
    revising_stop(revising);
    cluster_stop(cluster);
}

static bool is_listed(const struct cluster *cluster, const char *code)
{
    return cluster_top_view(cluster)->is_listed[area_of(cluster, code)];
}

static Weft__V1__WithheldReason reason(const struct revising *revising, const char *code)
{
    return revising_reason(revising, area_of(revising->cluster, code));
}

static enum progress_phase phase_of(const struct cluster *cluster, const struct task *task)
{
    const struct view *view = cluster_view_of(cluster, cluster->roster->areas[cluster->roster->top].leader, task);
    struct progress progress;
    struct err err = {0};
    enum progress_phase phase;

    assert_int_equal(progress_of(&progress, view, view->roster->top, cluster->now_ms, &err), 0);
    phase = progress.phase;
    progress_clear(&progress);
    return phase;
}

/* The first task's history tells of its revision. */
static size_t num_events(const struct cluster *cluster, const struct task *task, enum event_kind kind)
{
    const struct view *view = cluster_view_of(cluster, cluster->roster->areas[cluster->roster->top].leader, task);
    struct event *events = NULL;
    struct err err = {0};
    size_t num, found = 0;

    assert_int_equal(events_of(&events, &num, view, cluster->now_ms, &err), 0);
    for (size_t i = 0; i < num; i++) {
        found += events[i].kind == kind;
    }
    free(events);
    return found;
}

/* Every number that is shown is the sum of what its revision counts: the newest reports, or those before. Returns how
 * many areas' first series were opened by `revision` and why the newest left the others. */
static int num_rows(const struct revising *revising, uint32_t revision, enum totals_reason not_revised)
{
    const struct cluster *cluster = revising->cluster;
    struct totals *totals = NULL;
    struct err err = {0};
    int num = 0;

    assert_int_equal(totals_new(&totals, cluster_top_view(cluster), false, NULL, cluster->now_ms, &err), 0);
    for (int area = 0; area < cluster->roster->num_areas; area++) {
        struct totals_row row = totals_row(totals, area, 0);
        num += row.state == TOTALS(RELEASED) && row.revision == revision && row.not_revised == not_revised;
        if (row.revision == cluster->task->wire->revision) {
            int slot = cluster->task->series[0].first_slot;
            assert_int_equal(totals->slots[area * cluster->task->num_slots + slot], revising_sum(revising, area, slot));
        }
    }
    totals_free(&totals);
    return num;
}

static void test_revision__several_corrections_enter_the_totals(void **state)
{
    struct revising revising;
    struct cluster cluster;

    (void)state;
    for (int round = 0; round < 2; round++) {
        start(&cluster, &revising, 30 + (uint64_t)round, &small, round == 0 ? &no_faults : &bad_network);
        run_task(&revising);
        assert_int_equal(phase_of(&cluster, cluster.task), PHASE_RELEASED);
        revising_publish(&revising);
        for (int i = 0; i < 3; i++) {
            revising_correct(&revising, site_of(&cluster, "990101", i), survivors(&cluster), 10 + i);
        }
        run_task(&revising);
        assert_true(is_listed(&cluster, "990101") && is_listed(&cluster, "9901") && is_listed(&cluster, "99"));
        assert_true(revising_check(&revising) > 0);
        assert_int_equal(reason(&revising, "990102"), REASON(UNCHANGED)); /* nobody corrected anything there */
        assert_int_equal(reason(&revising, "9902"), REASON(UNCHANGED));
        assert_int_equal(num_rows(&revising, 1, TOTALS_REASON_NONE), 3);
        assert_int_equal(num_rows(&revising, 0, TOTALS_UNCHANGED), 4);
        assert_int_equal(phase_of(&cluster, cluster.past[0]), PHASE_REVISED);
        assert_int_equal(phase_of(&cluster, cluster.task), PHASE_RELEASED);
        assert_int_equal(num_events(&cluster, cluster.past[0], EVENT_REVISED), 1);
        assert_int_equal(num_events(&cluster, cluster.task, EVENT_REVISED), 0);
        stop(&cluster, &revising);
    }
}

/* Hospitals' own programs find what changed from what the totals hold of them. */
static void test_revision__hospitals_flag_what_differs(void **state)
{
    struct revising revising;
    struct cluster cluster;
    const struct view *view;
    size_t county;

    (void)state;
    start(&cluster, &revising, 40, &small, &no_faults);
    hospitals_start(&cluster);
    run_task(&revising);
    revising_publish(&revising); /* one alone: it waits */
    revising_correct(&revising, site_of(&cluster, "990101", 0), survivors(&cluster), 10);
    run_task(&revising);
    assert_int_equal(reason(&revising, "990101"), REASON(DELTA));
    revising_publish(&revising);
    revising_correct(&revising, site_of(&cluster, "990101", 0), survivors(&cluster), 1); /* and corrects again */
    revising_correct(&revising, site_of(&cluster, "990101", 1), survivors(&cluster), 10);
    revising_correct(&revising, site_of(&cluster, "990101", 2), survivors(&cluster), 10);
    run_task(&revising);
    view = cluster_top_view(&cluster);
    county = (size_t)area_of(&cluster, "990101") * (size_t)view->task->num_series;
    assert_true(view->is_open[county] && !view->is_same[county]);
    assert_true(view->is_open[county + 3] && view->is_same[county + 3]);
    assert_true(revising_check(&revising) > 0);
    hospitals_stop(&cluster);
    stop(&cluster, &revising);
}

/* A way out: the one hospital signs that its change may be seen, in the one indicator that it corrected. */
static void test_revision__consent_opens_a_change_alone(void **state)
{
    struct revising revising;
    struct cluster cluster;
    const struct view *view;
    size_t county;
    int site;

    (void)state;
    start(&cluster, &revising, 41, &small, &no_faults);
    hospitals_start(&cluster);
    run_task(&revising);
    revising_publish(&revising);
    site = site_of(&cluster, "990101", 0);
    assert_false(cluster_run(&cluster, cluster_never, 5000)); /* the task is everywhere */
    revising_correct(&revising, site, survivors(&cluster), 10);
    revising_correct(&revising, site, days(&cluster), 10);
    hospitals_consent(&cluster, site, "mortality");
    run_task(&revising);
    view = cluster_top_view(&cluster);
    county = (size_t)area_of(&cluster, "990101") * (size_t)view->task->num_series;
    assert_true(view->is_listed[area_of(&cluster, "990101")] && view->is_listed[area_of(&cluster, "99")]);
    assert_true(view->is_open[county]);      /* mortality: consented */
    assert_false(view->is_open[county + 3]); /* days: not */
    assert_true(revising_check(&revising) > 0);
    hospitals_stop(&cluster);
    stop(&cluster, &revising);
}

/* Guard: the county's total before and after would give the correcting hospital's change exactly. */
static void test_revision__one_correction_alone_opens_nothing(void **state)
{
    struct revising revising;
    struct cluster cluster;

    (void)state;
    start(&cluster, &revising, 32, &small, &no_faults);
    run_task(&revising);
    revising_publish(&revising);
    revising_correct(&revising, site_of(&cluster, "990101", 0), survivors(&cluster), 7);
    run_task(&revising);
    assert_int_equal(reason(&revising, "990101"), REASON(DELTA));
    assert_int_equal(reason(&revising, "9901"), REASON(DELTA));
    assert_int_equal(reason(&revising, "99"), REASON(DELTA));
    assert_int_equal(reason(&revising, "990102"), REASON(UNCHANGED));
    assert_true(cluster_top_view(&cluster)->is_pending[site_of(&cluster, "990101", 0)]);

    revising_publish(&revising); /* it waits, and enters with two others */
    revising_correct(&revising, site_of(&cluster, "990101", 1), survivors(&cluster), 8);
    revising_correct(&revising, site_of(&cluster, "990101", 2), survivors(&cluster), 9);
    run_task(&revising);
    assert_true(is_listed(&cluster, "990101") && is_listed(&cluster, "99"));
    assert_true(revising_check(&revising) > 0);
    stop(&cluster, &revising);
}

/* One in each of three counties: only the total that holds all three is opened, and theirs never again. */
static void test_revision__corrections_apart_join_in_the_area_above(void **state)
{
    struct revising revising;
    struct cluster cluster;

    (void)state;
    start(&cluster, &revising, 33, &small, &no_faults);
    run_task(&revising);
    revising_publish(&revising);
    revising_correct(&revising, site_of(&cluster, "990101", 0), survivors(&cluster), 7);
    revising_correct(&revising, site_of(&cluster, "990102", 0), survivors(&cluster), 8);
    revising_correct(&revising, site_of(&cluster, "990201", 0), survivors(&cluster), 9);
    run_task(&revising);
    assert_true(is_listed(&cluster, "99"));
    assert_false(is_listed(&cluster, "9901") || is_listed(&cluster, "9902") || is_listed(&cluster, "990101"));
    assert_true(revising_check(&revising) > 0);
    assert_int_equal(num_rows(&revising, 1, TOTALS_REASON_NONE), 1);
    assert_int_equal(num_rows(&revising, 0, TOTALS_DELTA), 5); /* without what was corrected */
    assert_int_equal(num_rows(&revising, 0, TOTALS_UNCHANGED), 1);

    /* the county's first change is in the province's total: with the county's own it would stand alone */
    revising_publish(&revising);
    for (int i = 1; i < 4; i++) {
        revising_correct(&revising, site_of(&cluster, "990101", i), survivors(&cluster), 5);
    }
    run_task(&revising);
    assert_true(is_listed(&cluster, "99"));
    assert_int_equal(reason(&revising, "990101"), REASON(DELTA));
    assert_int_equal(reason(&revising, "9901"), REASON(DELTA));
    stop(&cluster, &revising);
}

/* Guard: new sites and corrected ones are counted apart, since a correction is small and a new site is not. */
static void test_revision__a_new_site_does_not_hide_among_corrections(void **state)
{
    struct revising revising;
    struct cluster cluster;
    uint64_t *vector;
    int late;

    (void)state;
    cluster_start(&cluster, 34, &(struct cluster_shape){2, 2, 5, 5, .waits_for_close = true}, &no_faults);
    late = site_of(&cluster, "990101", 0);
    vector = hold_back(&cluster, late);
    revising_start(&revising, &cluster);
    run_task(&revising);
    revising_publish(&revising);
    revising_report_first(&revising, late, vector);
    for (int i = 1; i < 4; i++) {
        revising_correct(&revising, site_of(&cluster, "990101", i), survivors(&cluster), 10);
    }
    run_task(&revising);
    assert_int_equal(reason(&revising, "990101"), REASON(DELTA));
    assert_int_equal(reason(&revising, "99"), REASON(DELTA));
    free(vector);
    stop(&cluster, &revising);
}

/* Deadlock: a county that came after the order enters by a revision. */
static void test_revision__a_late_county_enters(void **state)
{
    uint64_t *vectors[8];
    struct revising revising;
    struct cluster cluster;
    int county, num = 0;

    (void)state;
    cluster_start(&cluster, 35, &patient, &no_faults);
    county = area_of(&cluster, "990102");
    for (int i = 0; i < cluster.roster->num_sites; i++) {
        if (cluster.roster->sites[i].area == county) {
            vectors[num++] = hold_back(&cluster, i);
        }
    }
    revising_start(&revising, &cluster);
    run_task(&revising);
    assert_false(is_listed(&cluster, "990102"));
    revising_publish(&revising);
    for (int i = 0; i < num; i++) {
        revising_report_first(&revising, site_of(&cluster, "990102", i), vectors[i]);
        free(vectors[i]);
    }
    run_task(&revising);
    assert_true(is_listed(&cluster, "990102") && is_listed(&cluster, "9901") && is_listed(&cluster, "99"));
    assert_int_equal(reason(&revising, "990101"), REASON(UNCHANGED));
    assert_true(revising_check(&revising) > 0);
    stop(&cluster, &revising);
}

/* Guard: the county's total before and after would give the few deaths of the hospitals that joined. */
static void test_revision__small_numbers_of_sites_that_join_are_hidden(void **state)
{
    struct revising revising;
    struct cluster cluster;
    const struct view *view;
    uint64_t *vectors[3];
    int county, deaths, stays;

    (void)state;
    start(&cluster, &revising, 38, &(struct cluster_shape){2, 2, 7, 7, .waits_for_close = true}, &no_faults);
    revising_stop(&revising);
    deaths = survivors(&cluster) - 1;
    stays = first_task(&cluster)->series[3].first_slot;
    for (int i = 0; i < 3; i++) {
        vectors[i] = hold_back(&cluster, site_of(&cluster, "990101", i));
        vectors[i][deaths] = i == 0;
    }
    revising_start(&revising, &cluster);
    run_task(&revising);
    revising_publish(&revising);
    for (int i = 0; i < 3; i++) {
        revising_report_first(&revising, site_of(&cluster, "990101", i), vectors[i]);
        free(vectors[i]);
    }
    run_task(&revising);
    view = cluster_top_view(&cluster);
    county = area_of(&cluster, "990101");
    assert_true(view->is_listed[county]);
    assert_false(view->base->suppressed[(size_t)county * (size_t)view->task->num_cells]); /* mortality */
    assert_true(view->suppressed[(size_t)county * (size_t)view->task->num_cells]);
    assert_false(view->suppressed[county * view->task->num_cells + view->task->series[3].first_cell]);
    assert_true(revising_sum(&revising, county, stays) > 0);
    stop(&cluster, &revising);
}

/* Of a series that only one or two corrected nothing is opened, while others of the same hospitals are. */
static void test_revision__few_changes_of_a_series_join_or_stay(void **state)
{
    struct revising revising;
    struct cluster cluster;
    const struct view *view;
    size_t county;

    (void)state;
    start(&cluster, &revising, 39, &small, &no_faults);
    run_task(&revising);
    revising_publish(&revising);
    for (int i = 0; i < 3; i++) {
        revising_correct(&revising, site_of(&cluster, "990101", i), i == 0 ? days(&cluster) : survivors(&cluster),
                         5);
        revising_correct(&revising, site_of(&cluster, "990102", i), survivors(&cluster), 5);
    }
    run_task(&revising);
    view = cluster_top_view(&cluster);
    county = (size_t)area_of(&cluster, "990101") * (size_t)view->task->num_series;
    assert_true(view->is_listed[area_of(&cluster, "990101")]);
    assert_false(view->is_open[county]);    /* mortality: two changed; they join the city's block */
    assert_false(view->is_open[county + 3]); /* days: one */
    assert_true(view->is_open[county + 4] && view->is_same[county + 4]);
    assert_true(view->is_open[(size_t)area_of(&cluster, "9901") * (size_t)view->task->num_series]);
    assert_false(view->is_open[(size_t)area_of(&cluster, "99") * (size_t)view->task->num_series + 3]);
    stop(&cluster, &revising);
}

static bool first_is_planned(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);

    return view != NULL && view_base_is_ready(view);
}

/* Deadlock: a revision that is published before its task is finished waits for it, and takes no report before. */
static void test_revision__racing_the_close_waits(void **state)
{
    struct revising revising;
    struct cluster cluster;
    int site;

    (void)state;
    cluster_start(&cluster, 36, &patient, &no_faults);
    revising_start(&revising, &cluster);
    site = site_of(&cluster, "990101", 0);
    assert_false(cluster_run(&cluster, cluster_never, 20000)); /* all have their receipts; nothing is closed */
    assert_non_null(cluster.sites[site].receipt);
    revising_publish(&revising);
    for (int i = 0; i < 3; i++) {
        revising_correct(&revising, site_of(&cluster, "990101", i), survivors(&cluster), 3);
    }
    assert_false(cluster_run(&cluster, cluster_never, 15000));
    assert_null(cluster.sites[site].receipt);
    assert_int_equal(cluster.sites[site].failure, ERR_TASK_NOT_OPEN);
    cluster.now_ms = cluster.past[0]->wire->close_ms;
    assert_true(cluster_run(&cluster, first_is_planned, 3600000));
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000)); /* too late for its own close: nothing new */
    assert_int_equal(reason(&revising, "990101"), REASON(UNCHANGED));
    stop(&cluster, &revising);
}

/* A site that changed and says that it did not shows its own change to whoever subtracts, and no one else's. */
static void test_revision__lying_about_a_change_shows_ones_own(void **state)
{
    struct revising revising;
    struct cluster cluster;
    const struct view *view;
    size_t county;
    int liar;

    (void)state;
    start(&cluster, &revising, 37, &small, &no_faults);
    run_task(&revising);
    revising_publish(&revising);
    liar = site_of(&cluster, "990101", 0);
    revising.claims_no_change[liar] = true;
    revising_correct(&revising, liar, survivors(&cluster), 7);
    for (int i = 1; i < 4; i++) { /* these correct another series */
        revising_correct(&revising, site_of(&cluster, "990101", i), days(&cluster), 7);
    }
    run_task(&revising);
    view = cluster_top_view(&cluster);
    county = (size_t)area_of(&cluster, "990101") * (size_t)view->task->num_series;
    assert_true(view->is_open[county] && view->is_same[county]); /* by its flags */
    assert_true(view->is_open[county + 3] && !view->is_same[county + 3]);
    stop(&cluster, &revising);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_revision__several_corrections_enter_the_totals),
        cmocka_unit_test(test_revision__hospitals_flag_what_differs),
        cmocka_unit_test(test_revision__consent_opens_a_change_alone),
        cmocka_unit_test(test_revision__one_correction_alone_opens_nothing),
        cmocka_unit_test(test_revision__corrections_apart_join_in_the_area_above),
        cmocka_unit_test(test_revision__a_new_site_does_not_hide_among_corrections),
        cmocka_unit_test(test_revision__a_late_county_enters),
        cmocka_unit_test(test_revision__small_numbers_of_sites_that_join_are_hidden),
        cmocka_unit_test(test_revision__few_changes_of_a_series_join_or_stay),
        cmocka_unit_test(test_revision__racing_the_close_waits),
        cmocka_unit_test(test_revision__lying_about_a_change_shows_ones_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
