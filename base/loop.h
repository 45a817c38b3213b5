/* loop.h - the one home of libevent: one thread that runs what is due, one thing at a time.
 *
 *     loop_new(&loop, &err);                     before any other thread is started: it blocks the signals
 *     loop_on_signal(loop, stop_it, state);
 *     loop_timer_new(&timer, loop, look, state, &err);
 *     loop_timer_every(timer, 200);
 *     loop_run(loop);                            until loop_stop
 *
 * Everything runs on the thread that is inside loop_run. Only loop_post and loop_stop may be called from
 * other threads; the rest belongs to the loop's thread. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/err.h"

struct loop;
struct loop_timer;

/* Blocks SIGINT, SIGTERM, SIGHUP and SIGUSR1 in the calling thread, so that threads started later inherit it and the
 * loop alone hears of them; SIGPIPE is ignored. */
WEFT_MUST_USE int loop_new(struct loop **loop, struct err *err);
/* What was posted and not yet run is forgotten; timers must be freed before. Harmless on NULL. */
void loop_free(struct loop **loop);

/* Returns after loop_stop, at once if that was called before. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Run function(arg) on the loop's thread; in the order of the posts. From any thread, before loop_run too. */
WEFT_MUST_USE int loop_post(struct loop *loop, void (*function)(void *arg), void *arg, struct err *err);

/* function(arg, signal) for each SIGINT, SIGTERM, SIGHUP and SIGUSR1 from now on. */
void loop_on_signal(struct loop *loop, void (*function)(void *arg, int signal), void *arg);

/* A timer that is not set yet. */
WEFT_MUST_USE int loop_timer_new(struct loop_timer **timer, struct loop *loop, void (*function)(void *arg),
                                 void *arg, struct err *err);
/* Once after, or again and again every `ms`; replaces what was set before. */
void loop_timer_after(struct loop_timer *timer, int64_t ms);
void loop_timer_every(struct loop_timer *timer, int64_t ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer **timer);

#endif
