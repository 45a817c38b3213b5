/* test_callers.c - own calls to others: outcomes, a peer that hangs, stopping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "coordinator/callers.h"
#include "tests/unit/rpc_fixture.h"

#define NUM_THREADS 4
#define MAX_JOBS    32
#define SOON_MS     5000

/* A server of the Exchange service: GetDocuments is answered, PutDocuments fails, Verify is parked. */
struct peer {
    struct rpc_server *server;
    uint16_t port;
    pthread_mutex_t lock;
    struct rpc_call *parked[MAX_JOBS];
    size_t num_parked;
};

struct world {
    struct peer quick, slow;
    struct callers *callers;
    struct callers_job jobs[MAX_JOBS];
    Weft__V1__GetDocumentsRequest get;
    Weft__V1__PutDocumentsRequest put;
    Weft__V1__VerifyRequest verify;
    size_t num_jobs;
    pthread_mutex_t lock;
    bool is_done[MAX_JOBS];
    size_t num_done;
};

/* ---- peers ---- */

static int allow_all(const struct rpc_peer *peer, const char *method, void *user, struct err *err)
{
    (void)peer, (void)method, (void)user, (void)err;
    return 0;
}

static void on_get(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    Weft__V1__GetDocumentsReply reply = WEFT__V1__GET_DOCUMENTS_REPLY__INIT;

    (void)user;
    reply.version = 7 + ((const Weft__V1__GetDocumentsRequest *)request)->version_min;
    rpc_reply(call, &reply.base);
}

static void on_put(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    struct err err = {0};

    (void)request, (void)user;
    err_set(&err, ERR_DOCUMENT_CONFLICT, "as asked");
    rpc_fail(call, &err);
}

static void on_verify(struct rpc_call *call, const ProtobufCMessage *request, void *user)
{
    struct peer *peer = user;

    (void)request;
    pthread_mutex_lock(&peer->lock);
    peer->parked[peer->num_parked++] = call;
    pthread_mutex_unlock(&peer->lock);
}

static void peer_start(struct peer *peer)
{
    static const struct rpc_method methods[] = {
        {"GetDocuments", on_get}, {"PutDocuments", on_put}, {"Verify", on_verify}};
    struct rpc_server_options options = fixture_options();

    options.allow = allow_all;
    pthread_mutex_init(&peer->lock, NULL);
    assert_int_equal(rpc_server_new(&peer->server, &options, NULL), 0);
    assert_int_equal(rpc_server_add(peer->server, &weft__v1__exchange__descriptor, methods, 3, peer, NULL),
                     0);
    assert_int_equal(rpc_server_start(peer->server, &peer->port, NULL), 0);
}

static size_t num_parked(struct peer *peer)
{
    size_t num;

    pthread_mutex_lock(&peer->lock);
    num = peer->num_parked;
    pthread_mutex_unlock(&peer->lock);
    return num;
}

static void answer_parked(struct peer *peer)
{
    Weft__V1__VerifyReply reply = WEFT__V1__VERIFY_REPLY__INIT;

    pthread_mutex_lock(&peer->lock);
    while (peer->num_parked > 0) {
        rpc_reply(peer->parked[--peer->num_parked], &reply.base);
    }
    pthread_mutex_unlock(&peer->lock);
}

/* ---- jobs ---- */

static void on_done(void *user, struct callers_job *job)
{
    struct world *w = user;

    pthread_mutex_lock(&w->lock);
    w->is_done[job - w->jobs] = true;
    w->num_done++;
    pthread_mutex_unlock(&w->lock);
}

static struct callers_job *submit(struct world *w, uint16_t port, enum core_method method)
{
    struct callers_job *job = &w->jobs[w->num_jobs++];

    job->call.method = method;
    job->call.request = method == CORE_GET_DOCUMENTS   ? &w->get.base
                        : method == CORE_PUT_DOCUMENTS ? &w->put.base
                                                       : &w->verify.base;
    snprintf(job->call.destination, sizeof job->call.destination, "peer");
    snprintf(job->endpoint, sizeof job->endpoint, "127.0.0.1:%u", (unsigned)port);
    snprintf(job->tls_name, sizeof job->tls_name, SERVER_NAME);
    callers_submit(w->callers, job);
    return job;
}

static bool is_done(struct world *w, const struct callers_job *job)
{
    bool done;

    pthread_mutex_lock(&w->lock);
    done = w->is_done[job - w->jobs];
    pthread_mutex_unlock(&w->lock);
    return done;
}

static bool done_within(struct world *w, const struct callers_job *job, int timeout_ms)
{
    int64_t until = fixture_now_ms() + timeout_ms;

    while (!is_done(w, job) && fixture_now_ms() < until) {
        fixture_sleep_ms(5);
    }
    return is_done(w, job);
}

static bool parked_within(struct peer *peer, size_t num, int timeout_ms)
{
    int64_t until = fixture_now_ms() + timeout_ms;

    while (num_parked(peer) < num && fixture_now_ms() < until) {
        fixture_sleep_ms(5);
    }
    return num_parked(peer) >= num;
}

static int setup(void **arg)
{
    struct world *w = calloc(1, sizeof *w);
    struct callers_options options = {
        .ca_file = fixture_ca,
        .cert_file = fixture_site.cert,
        .key_file = fixture_site.key,
        .num_threads = NUM_THREADS,
        .timeout_ms = 20000,
        .done = on_done,
        .user = w,
    };

    *arg = w;
    weft__v1__get_documents_request__init(&w->get);
    weft__v1__put_documents_request__init(&w->put);
    weft__v1__verify_request__init(&w->verify);
    pthread_mutex_init(&w->lock, NULL);
    peer_start(&w->quick);
    peer_start(&w->slow);
    return callers_new(&w->callers, &options, NULL);
}

static int teardown(void **arg)
{
    struct world *w = *arg;

    answer_parked(&w->slow);
    assert_true(callers_stop(w->callers, SOON_MS));
    callers_free(&w->callers);
    callers_free(&w->callers);
    for (size_t i = 0; i < MAX_JOBS; i++) {
        wire_free(&w->jobs[i].response);
    }
    rpc_server_free(&w->quick.server);
    rpc_server_free(&w->slow.server);
    free(w);
    return 0;
}

/* ---- tests ---- */

static void test_callers__bring_back_answers_and_errors(void **arg)
{
    struct world *w = *arg;
    struct callers_job *job = submit(w, w->quick.port, CORE_GET_DOCUMENTS);

    assert_true(done_within(w, job, SOON_MS));
    assert_non_null(job->response);
    assert_int_equal(((Weft__V1__GetDocumentsReply *)job->response)->version, 7);
    job = submit(w, w->quick.port, CORE_PUT_DOCUMENTS);
    assert_true(done_within(w, job, SOON_MS));
    assert_null(job->response);
    assert_int_equal(job->failure.code, ERR_DOCUMENT_CONFLICT);
    callers_renew(w->callers); /* the next one connects anew */
    job = submit(w, w->quick.port, CORE_GET_DOCUMENTS);
    assert_true(done_within(w, job, SOON_MS));
    assert_non_null(job->response);
}

static void test_callers__say_when_nobody_is_there(void **arg)
{
    struct world *w = *arg;
    struct callers_job *job;

    rpc_server_stop(w->quick.server, 0);
    job = submit(w, w->quick.port, CORE_GET_DOCUMENTS);
    assert_true(done_within(w, job, SOON_MS));
    assert_null(job->response);
    assert_int_equal(job->failure.code, ERR_UNREACHABLE);
}

static void test_callers__a_peer_that_hangs_does_not_stop_the_others(void **arg)
{
    struct world *w = *arg;
    struct callers_job *slow[2 * NUM_THREADS], *quick;

    for (size_t i = 0; i < 2 * NUM_THREADS; i++) {
        slow[i] = submit(w, w->slow.port, CORE_VERIFY);
    }
    assert_true(parked_within(&w->slow, NUM_THREADS / 2 + 1, SOON_MS));
    quick = submit(w, w->quick.port, CORE_GET_DOCUMENTS);
    assert_true(done_within(w, quick, SOON_MS));
    assert_non_null(quick->response);
    assert_int_equal(num_parked(&w->slow), NUM_THREADS / 2 + 1);
    for (size_t i = 0; i < 2 * NUM_THREADS; i++) { /* and nothing of what waited is lost */
        while (!done_within(w, slow[i], 20)) {
            answer_parked(&w->slow);
        }
        assert_non_null(slow[i]->response);
    }
}

static void test_callers__stop_gives_back_what_was_not_begun(void **arg)
{
    struct world *w = *arg;
    struct callers_job *jobs[2 * NUM_THREADS];
    size_t refused = 0;

    for (size_t i = 0; i < 2 * NUM_THREADS; i++) {
        jobs[i] = submit(w, w->slow.port, CORE_VERIFY);
    }
    assert_true(parked_within(&w->slow, NUM_THREADS / 2 + 1, SOON_MS));
    assert_false(callers_stop(w->callers, 0)); /* calls are under way and cannot be called off */
    for (size_t i = 0; i < 2 * NUM_THREADS; i++) {
        refused += is_done(w, jobs[i]) && jobs[i]->failure.code == ERR_UNREACHABLE;
    }
    assert_int_equal(refused, 2 * NUM_THREADS - (NUM_THREADS / 2 + 1));
    answer_parked(&w->slow);
    assert_true(callers_stop(w->callers, SOON_MS));
    assert_int_equal(w->num_done, 2 * NUM_THREADS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_callers__bring_back_answers_and_errors),
        TEST(test_callers__say_when_nobody_is_there),
        TEST(test_callers__a_peer_that_hangs_does_not_stop_the_others),
        TEST(test_callers__stop_gives_back_what_was_not_begun),
    };
    return cmocka_run_group_tests(tests, fixture_begin, fixture_end);
}
