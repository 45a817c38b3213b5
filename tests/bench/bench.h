/* bench.h - what the benchmarks share: measure, print for people, write for machines.
 *
 * A result is a line of text on stdout and, with --json FILE, a line of JSON in FILE:
 *
 *     {"bench":"crypto","case":"...","path":"...","value":1.5,"unit":"us","ratio":2.1,"against":"peer 3.2
 * us"}
 *
 * `ratio` is how many times better than the figure named in `against` (above 1: better); both are null where
 * there is nothing to compare with. Figures of peers were taken elsewhere at another time: below 15 % is
 * noise. */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stddef.h>

struct bench;

/* Reads --json FILE; exits on anything else. `name` is the "bench" of every line. */
struct bench *bench_open(const char *name, int argc, char **argv);
void bench_close(struct bench *bench);

/* Seconds that one call of `run` takes: the median of many calls, over about half a second. */
double bench_time(void (*run)(void *data), void *data);

/* `path` names the code that ran where there is a choice ("scalar"). `peer_value` is in the same unit; 0:
 * none. */
void bench_report(struct bench *bench, const char *name, const char *path, double value, const char *unit,
                  double peer_value, const char *peer);

#endif
