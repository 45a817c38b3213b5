/* test_cluster.c - whole provinces, with and without faults: every released number is right, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/contradictions.h"
#include "base/wire.h"
#include "tests/cluster/cluster.h"
#include "coordinator/totals.h"
#include "tests/cluster/hospitals.h"

static const struct cluster_faults no_faults = {.max_delay_ms = 20};
static const struct cluster_faults bad_network = {
    .drop_request = 15, .drop_response = 15, .repeat = 15, .max_delay_ms = 800};
static const struct cluster_shape small = {
    .num_cities = 2, .counties_per_city = 2, .min_sites = 3, .max_sites = 5};
static const struct cluster_shape mixed = {.num_cities = 3,
                                           .counties_per_city = 3,
                                           .min_sites = 1,
                                           .max_sites = 6,
                                           .city_supervised = 30,
                                           .shared_owner = 25};

/* The plain sum of a slot over all reporting sites of an area: the oracle. */
static uint64_t plain_sum(const struct cluster *cluster, int area, int slot)
{
    uint64_t sum = 0;

    for (int i = 0; i < cluster->roster->num_sites; i++) {
        if (!cluster->sites[i].is_silent &&
            roster_is_within(cluster->roster, cluster->roster->sites[i].area, area)) {
            sum += cluster->sites[i].vector[slot];
        }
    }
    return sum;
}

static size_t check_releases(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);
    size_t num_shown = 0;

    for (int area = 0; area < cluster->roster->num_areas; area++) {
        const Weft__V1__Release *release = (const Weft__V1__Release *)view->releases[area].body;
        for (size_t i = 0; release != NULL && i < release->n_slots; i++) {
            assert_int_equal(release->slots[i]->total,
                             plain_sum(cluster, area, (int)release->slots[i]->slot));
            num_shown++;
        }
    }
    return num_shown;
}

/* No shown cell is small, and what collectors opened is right too. */
static void check_suppression(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);
    const struct task *task = cluster->task;
    uint64_t *totals = calloc((size_t)task->num_slots, sizeof *totals);

    for (int area = 0; area < cluster->roster->num_areas; area++) {
        for (int slot = 0; slot < task->num_slots; slot++) {
            totals[slot] = plain_sum(cluster, area, slot);
        }
        for (int c = 0; c < task->num_cells; c++) {
            bool open = view->is_open[area * task->num_series + task->cells[c].series];
            uint8_t state = task_cell_state(task, c, totals);
            if (!open || task->cells[c].is_exempt ||
                view->suppressed[(size_t)area * (size_t)task->num_cells + (size_t)c]) {
                continue;
            }
            for (int k = 0; k < CELL_COMPONENTS; k++) {
                assert_int_not_equal(cell_component_state(state, k), WEFT__V1__CELL_STATE__CELL_SMALL);
            }
        }
    }
    free(totals);
}

static void check_opened(struct cluster *cluster)
{
    for (int area = 0; area < cluster->roster->num_areas; area++) {
        struct cluster_coordinator *c = &cluster->coordinators[cluster->roster->areas[area].leader];
        struct opening total = {area, WEFT__V1__SCOPE__SCOPE_TOTAL, WEFT__V1__STAGE__STAGE_VALUES};
        struct store_txn *txn = NULL;
        uint64_t *totals = NULL;
        bool *is_opened = NULL;
        struct err err = {0};

        assert_int_equal(store_begin(c->store, &txn, false, &err), 0);
        assert_int_equal(core_opened_totals(c->core, txn, 0, &total, &totals, &is_opened, &err), 0);
        for (int slot = 0; totals != NULL && slot < cluster->task->num_slots; slot++) {
            if (is_opened[slot]) {
                assert_int_equal(totals[slot], plain_sum(cluster, area, slot));
            }
        }
        free(totals);
        free(is_opened);
        store_abort(&txn);
    }
}

static void run_and_check(uint64_t seed, const struct cluster_shape *shape,
                          const struct cluster_faults *faults)
{
    struct cluster cluster;

    cluster_start(&cluster, seed, shape, faults);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_true(check_releases(&cluster) > 0);
    check_suppression(&cluster);
    check_opened(&cluster);
    assert_int_equal(contradictions_check(cluster_top_view(&cluster), NULL), 0);
    cluster_stop(&cluster);
}

static void test_cluster__releases_the_plain_sums(void **state)
{
    (void)state;
    run_and_check(1, &small, &no_faults);
}

static void test_cluster__survives_a_bad_network(void **state)
{
    (void)state;
    run_and_check(2, &small, &bad_network);
    run_and_check(3, &mixed, &bad_network);
}

static void test_cluster__survives_crashes(void **state)
{
    struct cluster_faults crashing = bad_network;

    (void)state;
    crashing.crash = 50;
    run_and_check(4, &small, &crashing);
    run_and_check(5, &mixed, &crashing);
}

static void test_cluster__sites_may_report_to_their_city(void **state)
{
    struct cluster_shape all_to_the_city = small;

    (void)state;
    all_to_the_city.city_supervised = 60;
    run_and_check(6, &all_to_the_city, &no_faults);
}

/* Hospitals moved between counties and closed: everyone counts where it stood when the period began. */
static void test_cluster__places_sites_as_of_the_period(void **state)
{
    struct cluster_shape moving = mixed;

    (void)state;
    moving.moved = 30;
    moving.closed = 50;
    run_and_check(8, &moving, &no_faults);
}

static bool is_class_total(const struct cluster *cluster, int area)
{
    return cluster->roster->areas[area].whole != NONE;
}

/* The plain sum of a slot over the sites of one class at or below an area. */
static uint64_t plain_class_sum(const struct cluster *cluster, const struct totals_class *class, int slot)
{
    uint64_t sum = 0;

    for (int i = 0; i < cluster->roster->num_sites; i++) {
        const struct roster_site *site = &cluster->roster->sites[i];
        if (strcmp(roster_class(site->wire, "grade"), class->value) == 0 &&
            roster_is_within(cluster->roster, site->area, class->area)) {
            sum += cluster->sites[i].vector[slot];
        }
    }
    return sum;
}

/* Sums of the upper areas by class: exact, or a stated reason. */
static int check_class_sums(const struct cluster *cluster)
{
    struct totals *totals = NULL;
    int num_released = 0;

    assert_int_equal(totals_new(&totals, cluster_top_view(cluster), false, NULL, cluster->now_ms, NULL), 0);
    assert_true(totals->num_classes >= 4); /* two classes of each city and the province */
    for (size_t k = 0; k < totals->num_classes; k++) {
        for (int s = 0; s < cluster->task->num_series; s++) {
            struct totals_row row = totals_class_row(totals, k, s);
            if (row.state != TOTALS(RELEASED)) {
                assert_false(row.numerator.known && row.wire->kind == WEFT__V1__KIND__KIND_PROPORTION);
                continue;
            }
            num_released++;
            if (row.wire->kind == WEFT__V1__KIND__KIND_PROPORTION) {
                assert_true(row.numerator.known);
                assert_int_equal(row.numerator.value, plain_class_sum(cluster, &totals->classes[k],
                                                                      cluster->task->series[s].first_slot));
            }
        }
    }
    totals_free(&totals);
    return num_released;
}

/* Totals by class are plain sums over that class, and those of small classes are withheld: what run_and_check tells of
 * every area holds of these too. */
static void test_cluster__releases_totals_by_class(void **state)
{
    struct cluster_shape classes = {.num_cities = 2, .counties_per_city = 2, .min_sites = 7, .max_sites = 9};
    int num_released = 0, num_withheld = 0;
    struct cluster cluster;

    (void)state;
    classes.tertiary = 40;
    cluster_start(&cluster, 9, &classes, &no_faults);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_true(check_releases(&cluster) > 0);
    check_suppression(&cluster);
    for (int area = 0; area < cluster.roster->num_areas; area++) {
        bool is_listed = cluster_top_view(&cluster)->is_listed[area];
        num_released += is_class_total(&cluster, area) && is_listed &&
                        cluster_top_view(&cluster)->releases[area].document != NULL;
        num_withheld += is_class_total(&cluster, area) && !is_listed;
        if (is_class_total(&cluster, area) && is_listed) {
            assert_true(view_num_frozen(cluster_top_view(&cluster), area) >= 3);
        }
    }
    assert_true(num_released > 0);
    assert_true(num_withheld > 0);
    check_class_sums(&cluster);
    cluster_stop(&cluster);
}

static void test_cluster__adds_up_classes_from_what_is_released(void **state)
{
    struct cluster_shape classes = {
        .num_cities = 1, .counties_per_city = 2, .min_sites = 12, .max_sites = 12};
    struct cluster cluster;

    (void)state;
    classes.tertiary = 50;
    cluster_start(&cluster, 10, &classes, &no_faults);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_true(check_class_sums(&cluster) > 0);
    cluster_stop(&cluster);
}

/* The whole of it: hospitals' own programs take part, are cut off and restart like everyone else; each ends with its
 * receipt in the freeze and all releases in hand. */
static void test_cluster__serves_every_hospital(void **state)
{
    struct cluster_faults crashing = bad_network;
    struct cluster cluster;

    (void)state;
    crashing.crash = 20;
    for (uint64_t seed = 20; seed < 22; seed++) {
        cluster_start(&cluster, seed, &mixed, seed % 2 == 0 ? &no_faults : &crashing);
        hospitals_start(&cluster);
        assert_true(cluster_run(&cluster, hospitals_are_served, 3600000));
        assert_true(check_releases(&cluster) > 0);
        check_suppression(&cluster);
        assert_true(seed % 2 == 0 || hospitals_num_crashes(&cluster) > 0);
        hospitals_stop(&cluster);
        cluster_stop(&cluster);
    }
}

static bool both_are_accepted(const struct cluster *cluster)
{
    return hospitals_status(cluster, 0).state == AGENT_ACCEPTED && hospitals_status(cluster, 1).state == AGENT_ACCEPTED;
}

static bool is_asked(const struct cluster *cluster)
{
    return hospitals_status(cluster, 0).accepted.revision > 0 && hospitals_status(cluster, 1).accepted.revision > 0;
}

static uint32_t highest_revision(struct cluster *cluster, int site)
{
    Weft__V1__GetSiteStateRequest request = WEFT__V1__GET_SITE_STATE_REQUEST__INIT;
    const struct roster_site *who = &cluster->roster->sites[site];
    Weft__V1__ReportHeader *header = NULL;
    ProtobufCMessage *reply = NULL;
    struct err err = {0};
    uint32_t revision;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster->task->id};
    assert_int_equal(cluster_call(cluster, cluster->roster->areas[who->supervisor].leader, who->wire->tls_name,
                                  CORE_GET_SITE_STATE, &request.base, &reply, &err),
                     0);
    assert_int_equal(document_body((ProtobufCMessage **)&header, ((Weft__V1__GetSiteStateReply *)reply)->newest->report,
                                   WEFT__V1__DOCUMENT_TYPE__DOCUMENT_REPORT, &err),
                     0);
    revision = header->revision;
    wire_free(&header);
    wire_free(&reply);
    return revision;
}

/* Hospitals whose stores are those of before their reports: the same numbers are not sent again; other numbers need a
 * person, and then follow as the next revision. */
static void test_cluster__a_hospital_restored_from_a_backup_goes_on_above_its_reports(void **state)
{
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 30, &small, &no_faults);
    hospitals_start(&cluster);
    cluster.sites[2].is_silent = true; /* so long their area does not close */
    hospitals_back_up(&cluster, 0);
    hospitals_back_up(&cluster, 1);
    assert_true(cluster_run(&cluster, both_are_accepted, 60000));
    hospitals_restore(&cluster, 0);
    hospitals_restore(&cluster, 1);
    cluster.sites[1].vector[0] = cluster.sites[1].vector[0] == 0;
    assert_true(cluster_run(&cluster, is_asked, 60000));
    assert_int_equal(hospitals_status(&cluster, 0).state, AGENT_ACCEPTED);
    assert_int_equal(hospitals_status(&cluster, 1).state, AGENT_EVALUATED);
    assert_int_equal(highest_revision(&cluster, 1), 1);
    hospitals_approve(&cluster, 1);
    assert_true(cluster_run(&cluster, both_are_accepted, 60000));
    assert_int_equal(highest_revision(&cluster, 0), 1);
    assert_int_equal(highest_revision(&cluster, 1), 2);
    cluster.sites[2].is_silent = false;
    assert_true(cluster_run(&cluster, hospitals_are_served, 3600000));
    assert_true(check_releases(&cluster) > 0);
    hospitals_stop(&cluster);
    cluster_stop(&cluster);
}

static int num_frozen_here(const struct cluster *cluster, int area)
{
    const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)cluster_top_view(cluster)->freezes[area].body;

    return freeze == NULL ? 0 : (int)freeze->n_reports;
}

/* A leader whose store is that of before its reports is given them again by hospitals that have their receipts. */
static void test_cluster__a_leader_restored_from_a_backup_is_given_the_reports_again(void **state)
{
    int area, index, num = 0;
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 30, &small, &no_faults);
    hospitals_start(&cluster);
    area = cluster.roster->sites[0].supervisor;
    index = cluster.roster->areas[area].leader;
    assert_int_equal(cluster.roster->sites[1].supervisor, area);
    for (int i = 0; i < cluster.roster->num_sites; i++) {
        cluster.sites[i].is_silent = true;
    }
    (void)cluster_run(&cluster, cluster_never, 5000); /* all keys are known */
    cluster_back_up(&cluster, index);
    for (int i = 0; i < cluster.roster->num_sites; i++) {
        cluster.sites[i].is_silent = i == 2;
    }
    assert_true(cluster_run(&cluster, both_are_accepted, 60000));
    cluster_restore(&cluster, index);
    cluster.sites[2].is_silent = false;
    assert_true(cluster_run(&cluster, hospitals_are_served, 3600000));
    for (int i = 0; i < cluster.roster->num_sites; i++) {
        num += cluster.roster->sites[i].supervisor == area;
    }
    assert_int_equal(num_frozen_here(&cluster, area), num);
    assert_true(check_releases(&cluster) > 0);
    hospitals_stop(&cluster);
    cluster_stop(&cluster);
}

/* Same seed, same documents: byte for byte. */
static void test_cluster__is_deterministic(void **state)
{
    struct cluster a, b;

    (void)state;
    cluster_start(&a, 7, &small, &bad_network);
    cluster_start(&b, 7, &small, &bad_network);
    assert_true(cluster_run(&a, cluster_is_released, 3600000));
    assert_true(cluster_run(&b, cluster_is_released, 3600000));
    assert_int_equal(a.now_ms, b.now_ms);
    assert_int_equal(a.num_delivered, b.num_delivered);
    for (int area = 0; area < a.roster->num_areas; area++) {
        assert_memory_equal(cluster_top_view(&a)->releases[area].digest,
                            cluster_top_view(&b)->releases[area].digest, DIGEST_SIZE);
    }
    cluster_stop(&a);
    cluster_stop(&b);
}

/* More seeds than every run of the tests takes: WEFT_CLUSTER_SEEDS=200. */
static void test_cluster__more_seeds(void **state)
{
    const char *wanted = getenv("WEFT_CLUSTER_SEEDS");
    uint64_t num = wanted == NULL ? 4 : strtoull(wanted, NULL, 10);

    (void)state;
    for (uint64_t seed = 100; seed < 100 + num; seed++) {
        struct cluster_faults faults = bad_network;
        faults.crash = seed % 2 == 0 ? 20 : 0;
        print_message("seed %d\n", (int)seed);
        run_and_check(seed, &mixed, &faults);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cluster__releases_the_plain_sums),
        cmocka_unit_test(test_cluster__survives_a_bad_network),
        cmocka_unit_test(test_cluster__survives_crashes),
        cmocka_unit_test(test_cluster__sites_may_report_to_their_city),
        cmocka_unit_test(test_cluster__places_sites_as_of_the_period),
        cmocka_unit_test(test_cluster__releases_totals_by_class),
        cmocka_unit_test(test_cluster__adds_up_classes_from_what_is_released),
        cmocka_unit_test(test_cluster__serves_every_hospital),
        cmocka_unit_test(test_cluster__a_hospital_restored_from_a_backup_goes_on_above_its_reports),
        cmocka_unit_test(test_cluster__a_leader_restored_from_a_backup_is_given_the_reports_again),
        cmocka_unit_test(test_cluster__is_deterministic),
        cmocka_unit_test(test_cluster__more_seeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
