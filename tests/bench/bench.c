/* bench.c - timing and output of the benchmarks. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_SAMPLES    2001
#define MIN_SAMPLES    7
#define BUDGET_SECONDS 0.5

struct bench {
    const char *name;
    FILE *json;
};

struct bench *bench_open(const char *name, int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof *bench);

    if (bench == NULL || (argc != 1 && (argc != 3 || strcmp(argv[1], "--json") != 0))) {
        fprintf(stderr, "usage: bench_%s [--json FILE]\n", name);
        exit(2);
    }
    bench->name = name;
    if (argc == 3 && (bench->json = fopen(argv[2], "w")) == NULL) {
        perror(argv[2]);
        exit(2);
    }
    return bench;
}

void bench_close(struct bench *bench)
{
    if (bench->json != NULL && fclose(bench->json) != 0) {
        perror("json");
        exit(2);
    }
    free(bench);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Calls per sample, so that the clock's own cost does not show. */
static size_t calls_per_sample(void (*run)(void *data), void *data)
{
    for (size_t calls = 1;; calls *= 2) {
        double start = now();
        for (size_t i = 0; i < calls; i++) {
            run(data);
        }
        if (now() - start > 20e-6) {
            return calls;
        }
    }
}

double bench_time(void (*run)(void *data), void *data)
{
    static double samples[MAX_SAMPLES];
    size_t calls = calls_per_sample(run, data), num = 0;
    double begin = now();

    while (num < MIN_SAMPLES || (num < MAX_SAMPLES && now() - begin < BUDGET_SECONDS)) {
        double start = now();
        for (size_t i = 0; i < calls; i++) {
            run(data);
        }
        samples[num++] = (now() - start) / (double)calls;
    }
    qsort(samples, num, sizeof samples[0], compare);
    return samples[num / 2];
}

void bench_report(struct bench *bench, const char *name, const char *path, double value, const char *unit,
                  double peer_value, const char *peer)
{
    printf("%-42s %-8s %12.3f %-5s", name, path, value, unit);
    if (peer_value > 0) {
        printf(" %6.2fx of %s", peer_value / value, peer);
    }
    printf("\n");
    fflush(stdout);
    if (bench->json == NULL) {
        return;
    }
    fprintf(bench->json, "{\"bench\":\"%s\",\"case\":\"%s\",\"path\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",",
            bench->name, name, path, value, unit);
    if (peer_value > 0) {
        fprintf(bench->json, "\"ratio\":%.4g,\"against\":\"%s: %g %s\"}\n", peer_value / value, peer,
                peer_value, unit);
    } else {
        fprintf(bench->json, "\"ratio\":null,\"against\":null}\n");
    }
}
