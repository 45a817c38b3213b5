/* test_random.c - a small province under faults drawn at random: every run ends with exact totals or a stated reason.
 *
 * A run draws a province and a network, and a script of faults: coordinators that stop for a while or for good, links
 * that are cut and heal, clocks that are minutes wrong, disks that are full for a while, databases put back to an older
 * copy, sites that never report. What must hold at the end:
 *   - each released number is the plain sum over the sites that the signed freezes name, whoever shows it;
 *   - each total that is not released says why: the order withholds it, or someone whom it needs is gone for good or was
 *     put back to a time before what it needs;
 *   - each accepted report is counted, or its freeze names it as dropped, or its area's freeze is missing by a deadline;
 *   - all coordinators that are alive hold the same documents: nobody signed twice.
 *
 *     test_random [--runs N] [--seed S]     (or WEFT_RANDOM_RUNS) WEFT_CLUSTER_TRACE=1 tells of each refused request
 *
 * Seeds are printed when a run fails; the same seed gives the same run. */
#include <inttypes.h>

#include "tests/cluster/hostile.h"

#define MINUTE     INT64_C(60000)
#define MAX_FAULTS 6
#define MAX_COORDINATORS 64

enum fault { FAULT_STOP, FAULT_CUT, FAULT_SKEW, FAULT_DISK, FAULT_RESTORE, FAULT_NUM };

struct drawn_fault {
    enum fault kind;
    int who, other;
    int64_t from_ms, until_ms; /* INT64_MAX: for good */
    int64_t skew_ms;
};

struct run {
    struct cluster cluster;
    struct drawn_fault faults[MAX_FAULTS];
    int num_faults;
    bool has_copy[MAX_COORDINATORS], is_restored[MAX_COORDINATORS];
};

static int64_t between(struct cluster *cluster, int64_t low, int64_t high)
{
    return low + (int64_t)cluster_random(cluster, (uint64_t)(high - low + 1));
}

/* ---- drawing ---- */

static void draw_fault(struct run *run, struct drawn_fault *fault)
{
    struct cluster *cluster = &run->cluster;
    int num = cluster->roster->num_coordinators;
    int64_t lengths[] = {MINUTE / 2, 3 * MINUTE, 12 * MINUTE};

    fault->kind = (enum fault)cluster_random(cluster, FAULT_NUM);
    fault->who = (int)cluster_random(cluster, (uint64_t)num);
    fault->other = (int)cluster_random(cluster, (uint64_t)num + 1) - 1; /* or all sites */
    fault->from_ms = cluster->now_ms + between(cluster, 0, 28 * MINUTE);
    fault->until_ms = fault->from_ms + between(cluster, 1000, lengths[cluster_random(cluster, 3)]);
    fault->skew_ms = between(cluster, -4 * MINUTE, 4 * MINUTE);
    if (fault->kind == FAULT_STOP && cluster_random(cluster, 5) == 0) {
        fault->until_ms = INT64_MAX;
    }
}

static void draw_run(struct run *run, uint64_t seed)
{
    struct cluster_faults network = {.max_delay_ms = 20};
    struct cluster_shape shape = {.num_cities = 1 + (int)(seed % 2),
                                  .counties_per_city = 1 + (int)(seed / 2 % 2),
                                  .min_sites = 2,
                                  .max_sites = 4,
                                  .poll_ms = 5000,
                                  .city_supervised = seed % 3 == 0 ? 30 : 0,
                                  .shared_owner = seed % 5 == 0 ? 25 : 0,
                                  .min_coverage = seed % 7 == 0 ? 60 : 0,
                                  .waits_for_close = seed % 2 == 1};

    if (seed % 4 == 1) {
        network = (struct cluster_faults){
            .drop_request = 10, .drop_response = 10, .repeat = 10, .max_delay_ms = 800, .crash = (int)(seed % 3) * 5};
    }
    cluster_start(&run->cluster, seed, &shape, &network);
    run->num_faults = (int)cluster_random(&run->cluster, MAX_FAULTS + 1);
    for (int i = 0; i < run->num_faults; i++) {
        draw_fault(run, &run->faults[i]);
    }
    for (int i = 0; i < run->cluster.roster->num_sites; i++) {
        run->cluster.sites[i].is_silent = cluster_random(&run->cluster, 10) == 0;
    }
}

/* ---- faults come and go ---- */

/* Once for each; a copy now, put back later. Not beside a stop or a full disk. */
static void restore(struct run *run, int who, bool copies)
{
    struct cluster_coordinator *c = &run->cluster.coordinators[who];

    if (c->is_down || c->min_free_disk != 0 || run->is_restored[who] || copies == run->has_copy[who]) {
        return;
    }
    if (copies) {
        cluster_back_up(&run->cluster, who);
    } else {
        cluster_restore(&run->cluster, who);
        run->is_restored[who] = true;
    }
    run->has_copy[who] = copies;
}

static void set_fault(struct run *run, const struct drawn_fault *fault, bool is_on)
{
    struct cluster *cluster = &run->cluster;
    struct cluster_coordinator *c = &cluster->coordinators[fault->who];

    switch (fault->kind) {
    case FAULT_STOP:
        if (c->is_down && !is_on) {
            c->is_down = false;
            cluster_restart(cluster, fault->who);
        }
        c->is_down = is_on;
        break;
    case FAULT_CUT:
        if (is_on && fault->other != fault->who && cluster->num_cuts < CLUSTER_MAX_CUTS) {
            cluster->cuts[cluster->num_cuts++] =
                (struct cluster_cut){fault->who, fault->other, fault->until_ms};
        }
        break;
    case FAULT_SKEW:
        c->skew_ms = is_on ? fault->skew_ms : 0;
        break;
    case FAULT_DISK:
        c->min_free_disk = is_on ? UINT64_MAX : 0;
        if (!c->is_down) {
            cluster_restart(cluster, fault->who);
        }
        break;
    case FAULT_RESTORE:
        restore(run, fault->who, is_on);
        break;
    default:
        abort();
    }
}

static bool is_gone_for_good(const struct run *run, int coordinator)
{
    return run->cluster.coordinators[coordinator].is_down;
}

/* Minute by minute, until all deadlines are long past. */
static void play(struct run *run)
{
    struct cluster *cluster = &run->cluster;
    int64_t end_ms = cluster->task->wire->pattern_ms + 60 * MINUTE;

    while (cluster->now_ms < end_ms) {
        int64_t from_ms = cluster->now_ms, step_ms = from_ms < end_ms - 50 * MINUTE ? MINUTE / 4 : MINUTE;
        cluster_run(cluster, cluster_never, step_ms);
        for (int i = 0; i < run->num_faults; i++) {
            const struct drawn_fault *fault = &run->faults[i];
            if (fault->from_ms >= from_ms && fault->from_ms < cluster->now_ms) {
                set_fault(run, fault, true);
            }
            if (fault->until_ms >= from_ms && fault->until_ms < cluster->now_ms) {
                set_fault(run, fault, false);
            }
        }
        if (cluster->now_ms > cluster->task->wire->pattern_ms + 5 * MINUTE && cluster_is_released(cluster)) {
            return;
        }
    }
}

/* ---- what must hold ---- */

static const struct view *view_of_someone_alive(const struct run *run)
{
    const struct cluster *cluster = &run->cluster;
    const struct roster_area *top = &cluster->roster->areas[cluster->roster->top];

    return is_gone_for_good(run, top->leader) ? NULL : cluster_view(cluster, top->leader);
}

static uint64_t frozen_sum(const struct cluster *cluster, const struct view *view, int area, int slot)
{
    uint64_t sum = 0;

    for (int i = 0; i < cluster->roster->num_sites; i++) {
        if (view->site_is_frozen[i] && roster_is_within(cluster->roster, cluster->roster->sites[i].area, area)) {
            sum += cluster->sites[i].vector[slot];
        }
    }
    return sum;
}

static int check_release(const struct cluster *cluster, const struct view *view, int area)
{
    const Weft__V1__Release *release = (const Weft__V1__Release *)view->releases[area].body;

    for (size_t i = 0; i < release->n_slots; i++) {
        if (release->slots[i]->total != frozen_sum(cluster, view, area, (int)release->slots[i]->slot)) {
            return -1;
        }
    }
    return 0;
}

static bool is_impaired(const struct run *run, int coordinator)
{
    return is_gone_for_good(run, coordinator) || run->is_restored[coordinator];
}

/* Does the area's total need someone who is gone for good or lost something, at its own pair, a pair below or the top? */
static bool needs_someone_gone(const struct run *run, int area)
{
    const struct roster *roster = run->cluster.roster;

    for (int other = 0; other < roster->num_areas; other++) {
        bool concerned = other == roster->top || roster_is_within(roster, other, area) ||
                         roster_is_within(roster, area, other);
        if (concerned &&
            (is_impaired(run, roster->areas[other].leader) || is_impaired(run, roster->areas[other].helper))) {
            return true;
        }
    }
    return false;
}

static bool order_withholds(const struct view *view, int area)
{
    const Weft__V1__Order *order = (const Weft__V1__Order *)view->order.body;

    for (size_t i = 0; order != NULL && i < order->n_withheld; i++) {
        if (roster_find_area(view->roster, order->withheld[i]->area) == area) {
            return true;
        }
    }
    return false;
}

/* The plan or the pattern names what it rests on; what came too late for it is not opened. */
static bool plan_opens(const struct view *view, int area)
{
    struct opening total = {area, WEFT__V1__SCOPE__SCOPE_TOTAL, WEFT__V1__STAGE__STAGE_VALUES};

    return view_opening_is_allowed(view, &total);
}

static bool ended_rightly(const struct run *run, const struct view *view, int area, const char **why)
{
    *why = "numbers differ from the plain sums";
    if (view->releases[area].document != NULL) {
        return check_release(&run->cluster, view, area) == 0;
    }
    *why = "not released, and nothing says why";
    if (view->plan.document != NULL) {
        return order_withholds(view, area) || !plan_opens(view, area) || needs_someone_gone(run, area);
    }
    return needs_someone_gone(run, area);
}

/* An accepted report is in its freeze, or dropped there by name, or there is no freeze of its area. (A freeze that came
 * after the order is not counted: the order's coverage tells.) */
static bool is_accounted_for(const struct run *run, const struct view *view, int site)
{
    const struct roster_site *where = &run->cluster.roster->sites[site];
    const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)view->freezes[where->supervisor].body;
    bool found = run->cluster.sites[site].receipt == NULL || freeze == NULL;

    for (size_t i = 0; !found && i < freeze->n_reports; i++) {
        found = strcmp(freeze->reports[i]->site, where->wire->id) == 0;
    }
    for (size_t i = 0; !found && i < freeze->n_dropped; i++) {
        found = strcmp(freeze->dropped[i], where->wire->id) == 0;
    }
    return found;
}

/* Do all that are alive hold the same document in each place? */
static bool nobody_signed_twice(const struct run *run, int *where)
{
    static const Weft__V1__DocumentType types[] = {DOC(FREEZE), DOC(ORDER),   DOC(CONTRIBUTES), DOC(PLAN),
                                                   DOC(STATES), DOC(PATTERN), DOC(RELEASE)};
    const struct cluster *cluster = &run->cluster;

    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        for (*where = 0; *where < cluster->roster->num_areas; (*where)++) {
            const Weft__V1__Document *first = NULL;
            for (int i = 0; i < cluster->roster->num_coordinators; i++) {
                const struct view *view = is_gone_for_good(run, i) ? NULL : cluster_view(cluster, i);
                const Weft__V1__Document *held = view == NULL ? NULL : view_held(view, types[t], *where)->document;
                if (held != NULL && first != NULL && !document_same_body(held, first)) {
                    return false;
                }
                first = first == NULL ? held : first;
            }
        }
    }
    return true;
}

static bool check(const struct run *run, const char **why, int *where)
{
    const struct view *view = view_of_someone_alive(run);

    *why = "two documents in one place";
    if (!nobody_signed_twice(run, where)) {
        return false;
    }
    for (int area = 0; view != NULL && area < run->cluster.roster->num_areas; area++) {
        *where = area;
        if (!ended_rightly(run, view, area, why)) {
            return false;
        }
    }
    for (int site = 0; view != NULL && site < run->cluster.roster->num_sites; site++) {
        *where = site;
        *why = "an accepted report is neither counted nor dropped by name";
        if (!is_accounted_for(run, view, site)) {
            return false;
        }
    }
    return true;
}

/* ---- runs ---- */

static void describe(const struct run *run)
{
    static const char *const names[] = {"stop", "cut", "skew", "full disk", "older copy"};
    const struct roster *roster = run->cluster.roster;

    for (int i = 0; i < run->num_faults; i++) {
        const struct drawn_fault *fault = &run->faults[i];
        fprintf(stderr, "  %s of %s (%s), %.1f to %.1f min\n", names[fault->kind],
                roster->coordinators[fault->who].wire->id,
                fault->other == NONE ? "sites" : roster->coordinators[fault->other].wire->id,
                (double)(fault->from_ms - 1000000) / MINUTE,
                fault->until_ms == INT64_MAX ? -1.0 : (double)(fault->until_ms - 1000000) / MINUTE);
    }
}

static int number_released(const struct run *run)
{
    const struct view *view = view_of_someone_alive(run);
    int num = 0;

    for (int area = 0; view != NULL && area < run->cluster.roster->num_areas; area++) {
        num += view->releases[area].document != NULL;
    }
    return num;
}

int main(int argc, char **argv)
{
    const char *wanted = getenv("WEFT_RANDOM_RUNS");
    uint64_t num_runs = wanted == NULL ? 40 : strtoull(wanted, NULL, 10), seed = 1;
    int failures = 0, released = 0, areas = 0, restored = 0;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--runs") == 0) {
            num_runs = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        }
    }
    for (uint64_t i = 0; i < num_runs; i++) {
        static struct run run;
        const char *why = "";
        int where = 0;
        run = (struct run){0};
        draw_run(&run, seed + i);
        play(&run);
        if (!check(&run, &why, &where)) {
            fprintf(stderr, "seed %" PRIu64 ": %s (%d)\n", seed + i, why, where);
            describe(&run);
            failures++;
        }
        released += number_released(&run);
        areas += run.cluster.roster->num_areas;
        for (int j = 0; j < MAX_COORDINATORS; j++) {
            restored += run.is_restored[j];
        }
        cluster_stop(&run.cluster);
    }
    printf("%" PRIu64 " runs from seed %" PRIu64 ": %d databases put back, %d of %d areas released, %d runs ended wrongly\n",
           num_runs, seed, restored, released, areas, failures);
    return failures == 0 && released > 0 ? 0 : 1;
}
