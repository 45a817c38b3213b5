/* bench_coordination.c - what coordination costs: one pair with many hospitals over real TLS, and a whole province.
 *
 *     cpu_per_report_leader, cpu_per_report_helper   ms of processor time; path: all, or the part
 *     reports_per_second, bytes_per_report
 *     questions_per_report    for the receipt, by the agents' schedule while all report at once
 *     idle_cpu_leader, cpu_per_poll_leader   ms a second while all are connected; ms a question for documents
 *     peak_memory_leader, peak_memory_helper, idle_1000_sites   MB
 *     province_AxS    s of processor time for A areas with S sites each, from the first report to the last release:
 *                     all coordinators and sites in one process, without TLS. Every coordinator checks every document
 *                     of the task, so a coordinator's part grows with the areas, and that of all with their square
 *
 * WEFT_BENCH_SITES and WEFT_BENCH_AREAS make it smaller; 0 leaves the part out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/bench/bench.h"
#include "tests/bench/pair.h"
#include "tests/cluster/cluster.h"

#define NUM_SLOTS 500
#define MEAN_BITS 24
#define IDLE_MS   2000

static int number_from(const char *name, int fallback)
{
    const char *text = getenv(name);

    return text == NULL ? fallback : atoi(text);
}

/* ---- one pair ---- */

static void report_cost(struct bench *bench, const char *name, const struct pair_cost *from,
                        const struct pair_cost *to, int num_reports)
{
    double per = 1e-3 / num_reports;
    double all = (double)(to->process_us - from->process_us) * per;
    double core = (double)(to->thread_us - from->thread_us) * per;
    double hpke = (double)(to->hpke_us - from->hpke_us) * per,
           sign = (double)(to->sign_us - from->sign_us) * per;
    double prio3 = (double)(to->prio3_us - from->prio3_us) * per;
    double store = (double)(to->store_us - from->store_us) * per;

    bench_report(bench, name, "all", all, "ms", 0, NULL);
    bench_report(bench, name, "tls", all - core, "ms", 0, NULL);
    bench_report(bench, name, "hpke", hpke, "ms", 0, NULL);
    bench_report(bench, name, "sign", sign, "ms", 0, NULL);
    bench_report(bench, name, "prio3", prio3, "ms", 0, NULL);
    bench_report(bench, name, "store", store, "ms", 0, NULL);
    bench_report(bench, name, "rest", core - hpke - sign - prio3 - store, "ms", 0, NULL);
    bench_report(bench, name, "all but prio3", all - prio3, "ms", 1, "goal");
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void open_channels(struct bench *bench, struct pair *pair)
{
    struct pair_cost before, after;

    before = pair_cost(pair, &pair->leader);
    pair_connect(pair);
    after = pair_cost(pair, &pair->leader);
    bench_report(bench, "cpu_per_connection_leader", "all",
                 (double)(after.process_us - before.process_us) * 1e-3 / pair->num_sites, "ms", 0, NULL);
}

static double processor_ms(const struct pair_cost *from, const struct pair_cost *to)
{
    return (double)(to->process_us - from->process_us) * 1e-3;
}

/* All are connected: what the leader costs while nobody says anything, and what one of a site's regular questions does. */
static void bench_idle(struct bench *bench, struct pair *pair)
{
    struct pair_cost before = pair_cost(pair, &pair->leader), quiet, asked;
    char name[64];

    pause_ms(IDLE_MS);
    quiet = pair_cost(pair, &pair->leader);
    pair_ask_all(pair);
    asked = pair_cost(pair, &pair->leader);
    bench_report(bench, "idle_cpu_leader", "all", processor_ms(&before, &quiet) * 1000 / IDLE_MS, "ms/s", 0, NULL);
    bench_report(bench, "cpu_per_poll_leader", "all", processor_ms(&quiet, &asked) / pair->num_sites, "ms", 0, NULL);
    snprintf(name, sizeof name, "idle_%d_sites", pair->num_sites);
    bench_report(bench, name, "leader", (double)pair_memory_kb(&pair->leader, "VmRSS") / 1e3, "MB", 200, "goal");
}

static void bench_pair(struct bench *bench, const char *programs)
{
    struct pair pair;
    struct pair_cost before[2], after[2];
    int num_sites = number_from("WEFT_BENCH_SITES", 1000), num_questions;
    double seconds;

    pair_start(&pair, programs, num_sites, NUM_SLOTS, MEAN_BITS);
    open_channels(bench, &pair);
    bench_idle(bench, &pair);
    pair_build_reports(&pair);
    before[0] = pair_cost(&pair, &pair.leader);
    before[1] = pair_cost(&pair, &pair.helper);
    seconds = pair_submit_all(&pair, &num_questions);
    after[0] = pair_cost(&pair, &pair.leader);
    after[1] = pair_cost(&pair, &pair.helper);
    report_cost(bench, "cpu_per_report_leader", &before[0], &after[0], num_sites);
    report_cost(bench, "cpu_per_report_helper", &before[1], &after[1], num_sites);
    bench_report(bench, "reports_per_second", "all on one machine", num_sites / seconds, "1/s", 0, NULL);
    bench_report(bench, "questions_per_report", "for the receipt", (double)num_questions / num_sites, "", 0, NULL);
    bench_report(bench, "bytes_per_report", "Field64x3",
                 (double)protobuf_c_message_get_packed_size(&pair.sites[0].report->base), "B", 0, NULL);
    bench_report(bench, "peak_memory_leader", "all", (double)pair_memory_kb(&pair.leader, "VmHWM") / 1e3, "MB", 300,
                 "goal");
    bench_report(bench, "peak_memory_helper", "all", (double)pair_memory_kb(&pair.helper, "VmHWM") / 1e3, "MB", 300,
                 "goal");
    bench_report(bench, "peak_memory_leader", "without the store's mapped file",
                 (double)pair_memory_kb(&pair.leader, "RssAnon") / 1e3, "MB", 0, NULL);
    pair_stop(&pair);
}

/* ---- a province ---- */

static double processor_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* *each: for one coordinator. */
static double province(int num_areas, int sites_each, double *each)
{
    struct cluster_shape shape = {.num_cities = num_areas / 10,
                                  .counties_per_city = 9,
                                  .min_sites = sites_each * 10 / 9,
                                  .max_sites = sites_each * 10 / 9};
    struct cluster_faults faults = {.max_delay_ms = 20};
    struct cluster *cluster = calloc(1, sizeof *cluster);
    double start;

    if (cluster == NULL) {
        abort();
    }
    cluster_start(cluster, 1, &shape, &faults);
    start = processor_seconds();
    if (!cluster_run(cluster, cluster_is_released, 4 * 3600000)) {
        fprintf(stderr, "a province of %d areas was not released\n", num_areas);
        exit(1);
    }
    start = processor_seconds() - start;
    *each = start / cluster->roster->num_coordinators;
    cluster_stop(cluster);
    free(cluster);
    return start;
}

/* Of the whole province so far. */
static double peak_memory_mb(void)
{
    struct rusage usage = {0};

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1e3;
}

static void bench_province(struct bench *bench)
{
    int most = number_from("WEFT_BENCH_AREAS", 100);

    for (int quarters = 1; quarters <= 4; quarters *= 2) {
        char name[64];
        int num = most * quarters / 40 * 10;
        double each, seconds = province(num, 20, &each);
        snprintf(name, sizeof name, "province_%dx20", num);
        bench_report(bench, name, "all", seconds, "s", 0, NULL);
        bench_report(bench, name, "a coordinator", each * 1e3, "ms", 0, NULL);
        bench_report(bench, name, "a coordinator and area", each * 1e3 / num, "ms", 0, NULL);
        bench_report(bench, name, "peak memory", peak_memory_mb(), "MB", 0, NULL);
    }
}

int main(int argc, char **argv)
{
    struct bench *bench = bench_open("coordination", argc, argv);
    const char *programs = getenv("WEFT_BENCH_BUILD");

    if (number_from("WEFT_BENCH_AREAS", 1) > 0) {
        bench_province(bench);
    }
    if (number_from("WEFT_BENCH_SITES", 1) > 0) {
        bench_pair(bench, programs == NULL ? "build/release" : programs);
    }
    bench_close(bench);
    return 0;
}
