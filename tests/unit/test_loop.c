/* test_loop.c - the event loop: posts from other threads, timers, signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"

#define THREADS 4
#define POSTS   500

struct state {
    struct loop *loop;
    int count, last[THREADS], out_of_order, signal;
};

struct posted {
    struct state *state;
    int thread, number;
};

static struct posted posted[THREADS][POSTS];

static int setup(void **out)
{
    static struct state state;

    state = (struct state){0};
    *out = &state;
    return loop_new(&state.loop, NULL);
}

static int teardown(void **out)
{
    struct state *state = *out;

    loop_free(&state->loop);
    loop_free(&state->loop);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- posts ---- */

static void on_post(void *arg)
{
    const struct posted *mine = arg;
    struct state *state = mine->state;

    state->out_of_order += mine->number != state->last[mine->thread]++;
    if (++state->count == THREADS * POSTS) {
        loop_stop(state->loop);
    }
}

static void *post_all(void *arg)
{
    struct posted *mine = arg;

    for (int i = 0; i < POSTS; i++) {
        if (loop_post(mine->state->loop, on_post, &mine[i], NULL) != 0) {
            return mine;
        }
    }
    return NULL;
}

static void test_loop__runs_every_post_once_and_in_order(void **arg)
{
    struct state *state = *arg;
    pthread_t threads[THREADS];

    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < POSTS; i++) {
            posted[t][i] = (struct posted){state, t, i};
        }
        assert_int_equal(pthread_create(&threads[t], NULL, post_all, posted[t]), 0);
    }
    loop_run(state->loop);
    for (int t = 0; t < THREADS; t++) {
        void *failed;
        pthread_join(threads[t], &failed);
        assert_null(failed);
    }
    assert_int_equal(state->count, THREADS * POSTS);
    assert_int_equal(state->out_of_order, 0);
}

static void test_loop__stopped_before_it_runs_returns_at_once(void **arg)
{
    struct state *state = *arg;

    loop_stop(state->loop);
    alarm(10);
    loop_run(state->loop);
    alarm(0);
}

static void test_loop__forgets_posts_when_freed(void **arg)
{
    struct state *state = *arg;
    struct posted one = {state, 0, 0};

    assert_int_equal(loop_post(state->loop, on_post, &one, NULL), 0);
    loop_free(&state->loop);
    assert_int_equal(state->count, 0);
}

/* ---- timers ---- */

static void on_tick(void *arg)
{
    struct state *state = arg;

    if (++state->count == 3) {
        loop_stop(state->loop);
    }
}

static void on_once(void *arg)
{
    ((struct state *)arg)->count += 100;
}

static void test_loop__timers_once_repeated_and_stopped(void **arg)
{
    struct state *state = *arg;
    struct loop_timer *every = NULL, *stopped = NULL;
    int64_t before = now_ms();

    assert_int_equal(loop_timer_new(&every, state->loop, on_tick, state, NULL), 0);
    assert_int_equal(loop_timer_new(&stopped, state->loop, on_once, state, NULL), 0);
    loop_timer_after(stopped, 1);
    loop_timer_stop(stopped);
    loop_timer_every(every, 20);
    loop_run(state->loop);
    assert_int_equal(state->count, 3);
    assert_true(now_ms() - before >= 55);

    loop_timer_after(every, 0); /* replaces the repetition */
    state->count = 2;
    loop_run(state->loop);
    assert_int_equal(state->count, 3);
    loop_timer_free(&every);
    loop_timer_free(&every);
    loop_timer_free(&stopped);
}

/* ---- signals ---- */

static void on_signal(void *arg, int signal)
{
    struct state *state = arg;

    state->signal = signal;
    loop_stop(state->loop);
}

static void test_loop__hears_signals_sent_to_the_process(void **arg)
{
    static const int signals[] = {SIGHUP, SIGUSR1, SIGINT, SIGTERM};
    struct state *state = *arg;

    loop_on_signal(state->loop, on_signal, state);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        kill(getpid(), signals[i]);
        loop_run(state->loop);
        assert_int_equal(state->signal, signals[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_loop__runs_every_post_once_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loop__stopped_before_it_runs_returns_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loop__forgets_posts_when_freed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loop__timers_once_repeated_and_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loop__hears_signals_sent_to_the_process, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
