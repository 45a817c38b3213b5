/* cost.h - where a program's processor time goes, by kind of work.
 *
 *     COST_SCOPE(COST_STORE);    until the end of the block, time is charged to the store
 *
 * Scopes nest: time inside an inner one is charged to the inner kind alone, so the kinds add up. Time is that of the
 * calling thread's processor, never of waiting. A scope costs two readings of a clock, half a microsecond in all. Any
 * thread may use scopes; the sums are the process's. */
#ifndef BASE_COST_H
#define BASE_COST_H

#include <stdint.h>

enum cost_kind {
    COST_OTHER, /* inside no scope */
    COST_HPKE,
    COST_SIGN, /* signing and checking signatures, key agreement */
    COST_PRIO3,
    COST_STORE, /* LMDB and encryption at rest */
    COST_NUM_KINDS,
};

/* "hpke", for logs. */
const char *cost_name(enum cost_kind kind);

#define COST_SCOPE(kind)                                                                                     \
    __attribute__((cleanup(cost_end), unused)) enum cost_kind cost_outer = cost_begin(kind)

/* What COST_SCOPE uses: begin charging to `kind`, return what was charged before; and go back to that. */
enum cost_kind cost_begin(enum cost_kind kind);
void cost_end(const enum cost_kind *outer);

/* Nanoseconds so far. COST_OTHER: of threads that use scopes, what lay outside of any since their first. */
uint64_t cost_ns(enum cost_kind kind);

/* Log the sums, the processor time of the whole process and of the calling thread, and its largest memory. */
void cost_log(void);

#endif
