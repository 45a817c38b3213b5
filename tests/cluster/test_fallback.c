/* test_fallback.c - the top is gone, or a city is cut off from it: subtrees go on by themselves, and what is opened later
 * rests on what they opened. */
#include "audit/contradictions.h"
#include "tests/cluster/hostile.h"

#include "coordinator/progress.h"

static const struct cluster_shape cities = {.num_cities = 2,
                                            .counties_per_city = 2,
                                            .min_sites = 4,
                                            .max_sites = 5,
                                            .has_fallback = true,
                                            .waits_for_close = true};

static const struct view *view_of(const struct cluster *cluster, const char *leader)
{
    return cluster_view(cluster, coordinator(cluster, leader));
}

/* The release of an area, as this leader holds it, adds up to what its sites reported that are frozen there. */
static void assert_sums(const struct cluster *cluster, const char *leader, const char *code)
{
    const struct view *view = view_of(cluster, leader);
    int index = area(cluster, code);
    const Weft__V1__Release *release = (const Weft__V1__Release *)view->releases[index].body;

    assert_int_equal(contradictions_check(view, NULL), 0);
    assert_non_null(release);
    assert_true(release->n_slots > 0);
    for (size_t i = 0; i < release->n_slots; i++) {
        uint64_t sum = 0;
        for (int site = 0; site < cluster->roster->num_sites; site++) {
            sum += view->site_is_frozen[site] && view_is_in(view, site, index)
                       ? cluster->sites[site].vector[release->slots[i]->slot]
                       : 0;
        }
        assert_int_equal(release->slots[i]->total, sum);
    }
}

static bool has_releases_within(const struct view *view, int root)
{
    if (view == NULL || view->patterns[root].document == NULL) {
        return false;
    }
    for (int i = 0; i < view->roster->num_areas; i++) {
        struct opening total = {i, SCOPE(TOTAL), STAGE(VALUES)};
        if (roster_is_within(view->roster, i, root) && view->releases[i].document == NULL &&
            view_opening_is_allowed(view, &total)) {
            return false;
        }
    }
    return true;
}

static bool city_has_released(const struct cluster *cluster, const char *code)
{
    char leader[ID_MAX + 1];

    snprintf(leader, sizeof leader, "lead-%s", code);
    return has_releases_within(view_of(cluster, leader), area(cluster, code));
}

static bool cities_have_released(const struct cluster *cluster)
{
    return city_has_released(cluster, "9901") && city_has_released(cluster, "9902");
}

static bool second_city_has_released(const struct cluster *cluster)
{
    return city_has_released(cluster, "9902");
}

static bool top_has_released(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);

    return view != NULL && view->releases[cluster->roster->top].document != NULL;
}

/* All of the second city's releases are known at the top. */
static bool top_knows_second_city(const struct cluster *cluster)
{
    return has_releases_within(cluster_top_view(cluster), area(cluster, "9902"));
}

static void stop(struct cluster *cluster, const char *id)
{
    cluster->coordinators[coordinator(cluster, id)].is_down = true;
}

static void start(struct cluster *cluster, const char *id)
{
    cluster->coordinators[coordinator(cluster, id)].is_down = false;
    cluster_restart(cluster, coordinator(cluster, id));
}

static void stop_top(struct cluster *cluster)
{
    stop(cluster, "lead-99");
    stop(cluster, "help-99");
}

static void start_top(struct cluster *cluster)
{
    start(cluster, "lead-99");
    start(cluster, "help-99");
}

static void begin_reported(struct cluster *cluster, const struct cluster_shape *shape)
{
    begin(cluster, shape);
    set_silent(cluster, false);
    assert_true(cluster_run(cluster, all_have_receipts, 120000));
}

/* Every block of what the view lists has enough owners, over all orders together: the partition is one. */
static void assert_blocks_are_large(const struct cluster *cluster, const struct view *view)
{
    for (int i = 0; i < cluster->roster->num_areas; i++) {
        int num = 0;
        for (int site = 0; site < cluster->roster->num_sites; site++) {
            num += view->block[site] == i;
        }
        assert_true(num == 0 || num >= 3);
    }
}

/* As status tells it to one who stands in that area. */
static enum progress_phase phase_of(const struct cluster *cluster, const char *leader, const char *code)
{
    struct progress progress;
    struct err err = {0};
    enum progress_phase phase;

    assert_int_equal(
        progress_of(&progress, view_of(cluster, leader), area(cluster, code), cluster->now_ms, &err), 0);
    phase = progress.phase;
    progress_clear(&progress);
    return phase;
}

static void test_fallback__cities_release_when_the_top_is_gone(void **state)
{
    struct cluster cluster;

    (void)state;
    begin_reported(&cluster, &cities);
    stop_top(&cluster);
    run_for(&cluster, cluster.task->wire->fallback_ms - 1000 - cluster.now_ms);
    assert_null(view_of(&cluster, "lead-9901")->orders[area(&cluster, "9901")].document);
    assert_true(cluster_run(&cluster, cities_have_released, 3600000));
    assert_sums(&cluster, "lead-9901", "9901");
    assert_sums(&cluster, "lead-9902", "9902");
    assert_sums(&cluster, "lead-990101", "990101"); /* its own and, from above, its city's */
    run_for(&cluster, 5000);
    assert_sums(&cluster, "lead-990101", "9901");
    assert_null(view_of(&cluster, "lead-9901")->order.document);
    assert_int_equal(phase_of(&cluster, "lead-9901", "9901"), PHASE_RELEASED);
    assert_int_equal(phase_of(&cluster, "lead-990101", "990101"), PHASE_RELEASED);
    assert_int_not_equal(phase_of(&cluster, "lead-9901", "99"), PHASE_RELEASED);
    cluster_stop(&cluster);
}

static void test_fallback__the_top_comes_back_and_adds_its_total(void **state)
{
    const Weft__V1__Order *late;
    struct cluster cluster;
    const struct view *view;

    (void)state;
    begin_reported(&cluster, &cities);
    stop_top(&cluster);
    assert_true(cluster_run(&cluster, cities_have_released, 7200000));
    run_for(&cluster, 1800000); /* after every deadline */
    start_top(&cluster);
    assert_true(cluster_run(&cluster, top_has_released, 3600000));
    view = cluster_top_view(&cluster);
    late = (const Weft__V1__Order *)view->order.body;
    assert_string_equal(late->area, "99");
    assert_int_equal(late->n_subtrees, 2);
    assert_int_equal(late->n_listed, 1);
    assert_sums(&cluster, "lead-99", "99");
    assert_sums(&cluster, "lead-99", "9901");
    assert_int_equal(view_num_frozen(view, cluster.roster->top), cluster.roster->num_sites);
    assert_blocks_are_large(&cluster, view);
    run_for(&cluster, 10000);
    assert_sums(&cluster, "lead-990201", "99"); /* everyone recomputed it */
    cluster_stop(&cluster);
}

/* The city cannot be reached from before its freezes until long after: the province goes on without it, and it without
 * the province. */
static void test_fallback__a_city_that_is_cut_off_goes_on_alone(void **state)
{
    struct cluster cluster;
    const struct view *view;
    int64_t until_ms;

    (void)state;
    begin_reported(&cluster, &cities);
    until_ms = cluster.task->wire->fallback_ms + 3600000;
    cluster.cuts[cluster.num_cuts++] = (struct cluster_cut){
        coordinator(&cluster, "lead-99"), coordinator(&cluster, "lead-9902"), .until_ms = until_ms};
    cluster.cuts[cluster.num_cuts++] = (struct cluster_cut){
        coordinator(&cluster, "help-99"), coordinator(&cluster, "help-9902"), .until_ms = until_ms};
    assert_true(cluster_run(&cluster, top_has_released, 3600000));
    assert_true(cluster.now_ms < cluster.task->wire->fallback_ms);
    assert_sums(&cluster, "lead-99", "99");
    assert_true(cluster_run(&cluster, second_city_has_released, 7200000));
    assert_sums(&cluster, "lead-9902", "9902");
    run_for(&cluster, until_ms - cluster.now_ms);
    assert_true(cluster_run(&cluster, top_knows_second_city, 120000));
    view = cluster_top_view(&cluster);
    assert_sums(&cluster, "lead-99", "99"); /* still without the city, as was said when it was released */
    assert_sums(&cluster, "lead-99", "9902");
    assert_int_equal(view_num_frozen(view, cluster.roster->top), view_num_frozen(view, area(&cluster, "9901")));
    assert_blocks_are_large(&cluster, view);
    cluster_stop(&cluster);
}

/* A top that comes back finds one city only: the other one's pair is gone before it signed anything. */
static void test_fallback__a_late_order_leaves_out_who_did_not_come(void **state)
{
    struct cluster cluster;
    const struct view *view;

    (void)state;
    begin_reported(&cluster, &cities);
    stop_top(&cluster);
    stop(&cluster, "lead-9902");
    run_for(&cluster, cluster.task->wire->fallback_ms + 600000 - cluster.now_ms);
    start_top(&cluster);
    assert_true(cluster_run(&cluster, top_has_released, 7200000));
    view = cluster_top_view(&cluster);
    assert_int_equal(((const Weft__V1__Order *)view->order.body)->n_subtrees, 1);
    assert_sums(&cluster, "lead-99", "99");
    assert_int_equal(view_num_frozen(view, cluster.roster->top), view_num_frozen(view, area(&cluster, "9901")));
    start(&cluster, "lead-9902"); /* it has its own totals all the same */
    assert_true(cluster_run(&cluster, top_knows_second_city, 3600000));
    assert_sums(&cluster, "lead-99", "9902");
    assert_sums(&cluster, "lead-99", "99");
    cluster_stop(&cluster);
}

/* Between its deadline and the fallback time the top's helper signs no order, whatever its leader proposes. */
static void test_fallback__the_top_signs_nothing_in_between(void **state)
{
    struct cluster cluster;

    (void)state;
    begin_reported(&cluster, &cities);
    stop(&cluster, "help-99");
    run_for(&cluster, cluster.task->wire->order_deadline_ms + 60000 - cluster.now_ms);
    start(&cluster, "help-99");
    run_for(&cluster, cluster.task->wire->fallback_ms - 1000 - cluster.now_ms);
    assert_null(cluster_top_view(&cluster)->order.document);
    assert_true(cluster_run(&cluster, top_has_released, 7200000));
    assert_int_equal(((const Weft__V1__Order *)cluster_top_view(&cluster)->order.body)->n_subtrees, 2);
    assert_sums(&cluster, "lead-99", "99");
    cluster_stop(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fallback__cities_release_when_the_top_is_gone),
        cmocka_unit_test(test_fallback__the_top_comes_back_and_adds_its_total),
        cmocka_unit_test(test_fallback__a_city_that_is_cut_off_goes_on_alone),
        cmocka_unit_test(test_fallback__a_late_order_leaves_out_who_did_not_come),
        cmocka_unit_test(test_fallback__the_top_signs_nothing_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
