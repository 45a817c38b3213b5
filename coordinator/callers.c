/* callers.c - a pool of threads over blocking calls, and the connections that they share. */
#include "coordinator/callers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rpc.h"

struct link {
    struct link *next;
    char endpoint[SETUP_ENDPOINT_SIZE], tls_name[CERT_NAME_SIZE];
    unsigned generation; /* an older one is closed once nobody uses it */
    struct rpc_channel *channel;
    unsigned users;
};

struct callers {
    struct callers_options options;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    pthread_t *threads;
    unsigned num_threads, num_ended;
    struct callers_job *first, **last;
    struct link *links;
    unsigned generation;
    bool is_stopping;
};

/* ---- connections; all with the lock held ---- */

static bool leads_to(const struct link *link, const struct callers_job *job)
{
    return strcmp(link->endpoint, job->endpoint) == 0 && strcmp(link->tls_name, job->tls_name) == 0;
}

static unsigned users_of(const struct callers *callers, const struct callers_job *job)
{
    unsigned users = 0;

    for (const struct link *link = callers->links; link != NULL; link = link->next) {
        users += leads_to(link, job) ? link->users : 0;
    }
    return users;
}

/* Close what is out of date and unused. */
static void close_links(struct callers *callers)
{
    for (struct link **at = &callers->links; *at != NULL;) {
        struct link *link = *at;
        if (link->users > 0 || link->generation == callers->generation) {
            at = &link->next;
            continue;
        }
        *at = link->next;
        rpc_channel_close(&link->channel);
        free(link);
    }
}

static int open_link(const struct callers *callers, struct link *link, const struct callers_job *job, struct err *err)
{
    struct proxy proxy = {0};
    struct rpc_channel_options options = {
        .target = job->endpoint,
        .tls_name = job->tls_name,
        .ca_file = callers->options.ca_file,
        .cert_file = callers->options.cert_file,
        .key_file = callers->options.key_file,
        .proxy = &proxy,
    };
    int rc = proxy_choose(&proxy, &callers->options.proxy, job->endpoint, err);

    if (rc == 0) {
        rc = rpc_channel_open(&link->channel, &options, err);
    }
    proxy_clear(&proxy);
    return rc;
}

static struct link *get_link(struct callers *callers, const struct callers_job *job, struct err *err)
{
    struct link *link;

    for (link = callers->links; link != NULL; link = link->next) {
        if (link->generation == callers->generation && leads_to(link, job)) {
            link->users++;
            return link;
        }
    }
    if ((link = calloc(1, sizeof *link)) == NULL) {
        err_set(err, ERR_NO_MEMORY, "connection");
        return NULL;
    }
    if (open_link(callers, link, job, err) != 0) {
        free(link);
        return NULL;
    }
    memcpy(link->endpoint, job->endpoint, sizeof link->endpoint);
    memcpy(link->tls_name, job->tls_name, sizeof link->tls_name);
    link->generation = callers->generation;
    link->users = 1;
    link->next = callers->links;
    callers->links = link;
    return link;
}

static void put_link(struct callers *callers, struct link *link)
{
    link->users--;
    close_links(callers);
}

void callers_renew(struct callers *callers)
{
    pthread_mutex_lock(&callers->lock);
    callers->generation++;
    close_links(callers);
    pthread_mutex_unlock(&callers->lock);
}

/* ---- jobs ---- */

void callers_submit(struct callers *callers, struct callers_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&callers->lock);
    *callers->last = job;
    callers->last = &job->next;
    pthread_cond_signal(&callers->changed);
    pthread_mutex_unlock(&callers->lock);
}

/* The first job whose destination is not busy enough already; the lock is held. */
static struct callers_job *take_job(struct callers *callers)
{
    unsigned most = callers->num_threads / 2 + 1;

    for (struct callers_job **at = &callers->first; *at != NULL; at = &(*at)->next) {
        struct callers_job *job = *at;
        if (!callers->is_stopping && users_of(callers, job) >= most) {
            continue;
        }
        *at = job->next;
        if (callers->last == &job->next) {
            callers->last = at;
        }
        return job;
    }
    return NULL;
}

/* Called and returns with the lock held; the call itself is made without it. */
static void run_job(struct callers *callers, struct callers_job *job)
{
    struct link *link = NULL;

    job->response = NULL;
    job->failure = (struct err){0};
    if (callers->is_stopping) {
        err_set(&job->failure, ERR_UNREACHABLE, "%s: this program is stopping", job->call.destination);
    } else {
        link = get_link(callers, job, &job->failure);
    }
    pthread_mutex_unlock(&callers->lock);
    if (link != NULL &&
        rpc_call_unary(link->channel, &weft__v1__exchange__descriptor, core_method_name(job->call.method),
                       job->call.request, &job->response, callers->options.timeout_ms, &job->failure) != 0) {
        job->response = NULL;
    }
    callers->options.done(callers->options.user, job);
    pthread_mutex_lock(&callers->lock);
    if (link != NULL) {
        put_link(callers, link);
        pthread_cond_signal(&callers->changed); /* a job may have waited for this destination */
    }
}

static void *run_thread(void *arg)
{
    struct callers *callers = arg;

    pthread_mutex_lock(&callers->lock);
    for (;;) {
        struct callers_job *job = take_job(callers);
        if (job != NULL) {
            run_job(callers, job);
        } else if (callers->is_stopping) {
            break;
        } else {
            pthread_cond_wait(&callers->changed, &callers->lock);
        }
    }
    callers->num_ended++;
    pthread_cond_broadcast(&callers->changed);
    pthread_mutex_unlock(&callers->lock);
    return NULL;
}

/* ---- life ---- */

int callers_new(struct callers **out, const struct callers_options *options, struct err *err)
{
    struct callers *callers = calloc(1, sizeof *callers);

    if (callers == NULL || (callers->threads = calloc(options->num_threads, sizeof(pthread_t))) == NULL) {
        free(callers);
        return err_set(err, ERR_NO_MEMORY, "callers");
    }
    callers->options = *options;
    callers->last = &callers->first;
    pthread_mutex_init(&callers->lock, NULL);
    pthread_cond_init(&callers->changed, NULL);
    for (unsigned i = 0; i < options->num_threads; i++) {
        int error = pthread_create(&callers->threads[i], NULL, run_thread, callers);
        if (error != 0) {
            callers_stop(callers, -1);
            callers_free(&callers);
            return err_set_errno(err, ERR_NO_MEMORY, error, "callers");
        }
        pthread_mutex_lock(&callers->lock);
        callers->num_threads++;
        pthread_mutex_unlock(&callers->lock);
    }
    *out = callers;
    return 0;
}

bool callers_stop(struct callers *callers, int grace_ms)
{
    struct timespec until;
    bool ended;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += grace_ms / 1000 + 1;
    pthread_mutex_lock(&callers->lock);
    callers->is_stopping = true;
    pthread_cond_broadcast(&callers->changed);
    while (callers->num_ended < callers->num_threads) {
        if (grace_ms < 0) {
            pthread_cond_wait(&callers->changed, &callers->lock);
        } else if (pthread_cond_clockwait(&callers->changed, &callers->lock, CLOCK_MONOTONIC, &until) ==
                   ETIMEDOUT) {
            break;
        }
    }
    ended = callers->num_ended == callers->num_threads;
    pthread_mutex_unlock(&callers->lock);
    return ended;
}

void callers_free(struct callers **out)
{
    struct callers *callers = *out;

    if (callers == NULL) {
        return;
    }
    for (unsigned i = 0; i < callers->num_threads; i++) {
        pthread_join(callers->threads[i], NULL);
    }
    callers->generation++;
    close_links(callers);
    pthread_mutex_destroy(&callers->lock);
    pthread_cond_destroy(&callers->changed);
    free(callers->threads);
    free(callers);
    *out = NULL;
}
