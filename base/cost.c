/* cost.c - processor time by kind of work. */
#include "base/cost.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#include "base/log.h"

static _Atomic uint64_t sums[COST_NUM_KINDS];
static _Thread_local enum cost_kind current;
static _Thread_local uint64_t since_ns; /* when `current` began to be charged */

const char *cost_name(enum cost_kind kind)
{
    static const char *const names[COST_NUM_KINDS] = {"other", "hpke", "sign", "prio3", "store"};

    return names[kind];
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Charge the time until now to what went on, and begin `kind`. */
static void change_to(enum cost_kind kind)
{
    uint64_t now = clock_ns(CLOCK_THREAD_CPUTIME_ID);

    atomic_fetch_add_explicit(&sums[current], since_ns == 0 ? 0 : now - since_ns, memory_order_relaxed);
    since_ns = now;
    current = kind;
}

enum cost_kind cost_begin(enum cost_kind kind)
{
    enum cost_kind outer = current;

    change_to(kind);
    return outer;
}

void cost_end(const enum cost_kind *outer)
{
    change_to(*outer);
}

uint64_t cost_ns(enum cost_kind kind)
{
    return atomic_load_explicit(&sums[kind], memory_order_relaxed);
}

void cost_log(void)
{
    struct rusage usage = {0};

    getrusage(RUSAGE_SELF, &usage);
    log_info("processor time", LOG_UINT("process_us", clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1000),
             LOG_UINT("thread_us", clock_ns(CLOCK_THREAD_CPUTIME_ID) / 1000),
             LOG_UINT("hpke_us", cost_ns(COST_HPKE) / 1000), LOG_UINT("sign_us", cost_ns(COST_SIGN) / 1000),
             LOG_UINT("prio3_us", cost_ns(COST_PRIO3) / 1000),
             LOG_UINT("store_us", cost_ns(COST_STORE) / 1000),
             LOG_UINT("peak_memory_kb", (uint64_t)usage.ru_maxrss));
}
