/* loop.c - the event loop over libevent; signals arrive through a signalfd, so no handler ever runs. */
#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/thread.h>

struct post {
    struct post *next;
    void (*function)(void *arg);
    void *arg;
};

struct loop {
    struct event_base *base;
    struct event *wake;
    struct event *signals;
    int signal_fd;
    void (*on_signal)(void *arg, int signal);
    void *signal_arg;
    pthread_mutex_t lock; /* of the posts and is_stopped */
    struct post *posts, **last;
    bool is_stopped;
};

struct loop_timer {
    struct event *event;
    void (*function)(void *arg);
    void *arg;
    struct timeval period; /* zero: once */
};

/* ---- what was posted ---- */

static struct post *take_posts(struct loop *loop, bool *is_stopped)
{
    struct post *posts;

    pthread_mutex_lock(&loop->lock);
    posts = loop->posts;
    loop->posts = NULL;
    loop->last = &loop->posts;
    *is_stopped = loop->is_stopped;
    pthread_mutex_unlock(&loop->lock);
    return posts;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = arg;
    bool is_stopped;
    struct post *post = take_posts(loop, &is_stopped);

    (void)fd, (void)what;
    while (post != NULL) {
        struct post *next = post->next;
        post->function(post->arg);
        free(post);
        post = next;
    }
    if (is_stopped) {
        event_base_loopbreak(loop->base);
    }
}

int loop_post(struct loop *loop, void (*function)(void *arg), void *arg, struct err *err)
{
    struct post *post = malloc(sizeof *post);

    if (post == NULL) {
        return err_set(err, ERR_NO_MEMORY, "event");
    }
    *post = (struct post){.function = function, .arg = arg};
    pthread_mutex_lock(&loop->lock);
    *loop->last = post;
    loop->last = &post->next;
    pthread_mutex_unlock(&loop->lock);
    event_active(loop->wake, EV_TIMEOUT, 0);
    return 0;
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->is_stopped = true;
    pthread_mutex_unlock(&loop->lock);
    event_active(loop->wake, EV_TIMEOUT, 0);
}

void loop_run(struct loop *loop)
{
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    pthread_mutex_lock(&loop->lock);
    loop->is_stopped = false;
    pthread_mutex_unlock(&loop->lock);
}

/* ---- signals ---- */

static void on_signals(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = arg;
    struct signalfd_siginfo info;

    (void)what;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (loop->on_signal != NULL) {
            loop->on_signal(loop->signal_arg, (int)info.ssi_signo);
        }
    }
}

void loop_on_signal(struct loop *loop, void (*function)(void *arg, int signal), void *arg)
{
    loop->on_signal = function;
    loop->signal_arg = arg;
}

static int open_signals(struct loop *loop)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    signal(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) == 0) {
        loop->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    }
    return loop->signal_fd;
}

/* ---- life ---- */

static pthread_once_t threads_once = PTHREAD_ONCE_INIT;

static void use_threads(void)
{
    if (evthread_use_pthreads() != 0) {
        abort(); /* no memory at the very start */
    }
}

int loop_new(struct loop **out, struct err *err)
{
    struct loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL) {
        return err_set(err, ERR_NO_MEMORY, "event loop");
    }
    pthread_once(&threads_once, use_threads);
    pthread_mutex_init(&loop->lock, NULL);
    loop->last = &loop->posts;
    loop->signal_fd = -1;
    if ((loop->base = event_base_new()) == NULL ||
        (loop->wake = event_new(loop->base, -1, EV_PERSIST, on_wake, loop)) == NULL ||
        open_signals(loop) < 0 ||
        (loop->signals = event_new(loop->base, loop->signal_fd, EV_READ | EV_PERSIST, on_signals, loop)) ==
            NULL ||
        event_add(loop->signals, NULL) != 0) {
        int rc = err_set_errno(err, ERR_INTERNAL, errno, "event loop");
        loop_free(&loop);
        return rc;
    }
    *out = loop;
    return 0;
}

void loop_free(struct loop **out)
{
    struct loop *loop = *out;
    bool is_stopped;

    if (loop == NULL) {
        return;
    }
    for (struct post *post = take_posts(loop, &is_stopped), *next; post != NULL; post = next) {
        next = post->next;
        free(post);
    }
    if (loop->signals != NULL) {
        event_free(loop->signals);
    }
    if (loop->wake != NULL) {
        event_free(loop->wake);
    }
    if (loop->base != NULL) {
        event_base_free(loop->base);
    }
    if (loop->signal_fd >= 0) {
        close(loop->signal_fd);
    }
    pthread_mutex_destroy(&loop->lock);
    free(loop);
    *out = NULL;
}

/* ---- timers ---- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;

    (void)fd, (void)what;
    if (timer->period.tv_sec != 0 || timer->period.tv_usec != 0) {
        event_add(timer->event, &timer->period); /* before the call, which may set it otherwise */
    }
    timer->function(timer->arg);
}

int loop_timer_new(struct loop_timer **out, struct loop *loop, void (*function)(void *arg), void *arg,
                   struct err *err)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);

    if (timer == NULL || (timer->event = event_new(loop->base, -1, 0, on_timer, timer)) == NULL) {
        free(timer);
        return err_set(err, ERR_NO_MEMORY, "timer");
    }
    timer->function = function;
    timer->arg = arg;
    *out = timer;
    return 0;
}

static struct timeval interval(int64_t ms)
{
    return ms < 0 ? (struct timeval){0, 0} : (struct timeval){ms / 1000, ms % 1000 * 1000};
}

void loop_timer_after(struct loop_timer *timer, int64_t ms)
{
    struct timeval delay = interval(ms);

    timer->period = (struct timeval){0, 0};
    event_add(timer->event, &delay);
}

void loop_timer_every(struct loop_timer *timer, int64_t ms)
{
    timer->period = interval(ms < 1 ? 1 : ms);
    event_add(timer->event, &timer->period);
}

void loop_timer_stop(struct loop_timer *timer)
{
    event_del(timer->event);
}

void loop_timer_free(struct loop_timer **timer)
{
    if (*timer != NULL) {
        event_free((*timer)->event);
        free(*timer);
        *timer = NULL;
    }
}
