/* pair.h - one area with a real leader and a real helper process, many sites with certificates, and a task: what the
 * coordination benchmark runs against. Everything lies in a temporary directory and goes away at the end. */
#ifndef TESTS_BENCH_PAIR_H
#define TESTS_BENCH_PAIR_H

#include <sys/types.h>

#include "base/rpc.h"
#include "base/roster.h"
#include "base/task.h"

struct pair_site {
    uint8_t sign_key[KEY_SIZE], secret[32];
    char cert_file[128], key_file[128];
    Weft__V1__SubmitRequest *report;
    struct rpc_channel *channel;
};

struct pair_coordinator {
    char id[8];
    pid_t pid;
    unsigned port;
    Weft__V1__KeySheet *key_sheet;
};

struct pair {
    char dir[64];
    struct roster *roster;
    struct task *task;
    struct pair_coordinator leader, helper;
    struct pair_site *sites;
    int num_sites;
};

/* Processor time so far, as the program itself logs it at SIGUSR1 (base/cost.h). */
struct pair_cost {
    uint64_t process_us, thread_us, hpke_us, sign_us, prio3_us, store_us;
};

/* Everything aborts with a message on trouble. `programs`: directory of a build. */
void pair_start(struct pair *pair, const char *programs, int num_sites, int num_slots, unsigned bits);
void pair_stop(struct pair *pair);

/* Connect every site, and ask one question each. */
void pair_connect(struct pair *pair);
/* Every site asks once more, over its connection. */
void pair_ask_all(struct pair *pair);
/* Make every site's report, once both key sheets are there. */
void pair_build_reports(struct pair *pair);
/* Send every report and ask for its receipt until it is there; seconds, and how often was asked. */
double pair_submit_all(struct pair *pair, int *num_questions);

struct pair_cost pair_cost(const struct pair *pair, const struct pair_coordinator *coordinator);
/* Memory now: "VmRSS", "RssAnon", ... of /proc/PID/status. */
uint64_t pair_memory_kb(const struct pair_coordinator *coordinator, const char *kind);

#endif
