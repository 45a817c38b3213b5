/* daemon.c - passes of the agent on a timer. */
#include "node/daemon.h"

#include <signal.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/expiry.h"
#include "base/cost.h"
#include "base/log.h"
#include "base/loop.h"
#include "node/session.h"
#include "node/task_vector.h"

#define REEVALUATE_MS (60 * 60 * 1000) /* records may have changed */
#define RETRY_MS      5000             /* after a pass that failed */
#define MIN_REST_MS   10
#define MAX_REST_MS   60000
#define LOCK_WAIT_MS  30000 /* a person's command may take a while */
#define ONCE_WAIT_MS  15000 /* for receipts that are on their way */
#define MAX_PASSES    64    /* under one lock */

struct daemon {
    struct session session;
    struct loop *loop;
    struct loop_timer *timer;
    int64_t evaluated_ms; /* 0: not yet */
    int64_t give_up_ms;   /* once */
    bool once;
    int warned[EXPIRY_NUM]; /* of what ends soon, as logged */
    struct err failure;
};

/* ---- standing approvals ---- */

static bool may_evaluate(enum agent_state state)
{
    return state == AGENT_NEW || state == AGENT_EVALUATED || state == AGENT_APPROVED ||
           state == AGENT_ACCEPTED || state == AGENT_REJECTED;
}

static int wants_evaluation(struct session *session, struct store_txn *txn, size_t index, bool *wanted,
                            struct err *err)
{
    const struct agent_task *task = agent_task_at(session->agent, index);
    int64_t now = calendar_now_ms();
    struct agent_status status;
    int rc;

    *wanted = false;
    if (task->site == NONE || now >= view_times(task->view).close_ms ||
        task->task->wire->revision > 0) { /* a correction is a person's decision */
        return 0;
    }
    if ((rc = agent_status(session->agent, txn, index, now, &status, err)) != 0 ||
        !may_evaluate(status.state)) {
        return rc;
    }
    return agent_has_standing(session->agent, txn, index, wanted, err);
}

static int evaluate_task(struct session *session, size_t index, struct err *err)
{
    struct task_vector vector = {0};
    struct store_txn *txn = NULL;
    bool wanted = false;
    int rc = session_begin(session, &txn, err);

    if (rc != 0 || (rc = wants_evaluation(session, txn, index, &wanted, err)) != 0 || !wanted ||
        (rc = task_vector_make(&vector, session->agent, &txn, session->store, index, err)) != 0) {
        goto done;
    }
    store_abort(&txn);
    if ((rc = session_begin(session, &txn, err)) == 0) {
        rc = agent_set_vector(session->agent, txn, index, vector.evaluation.values, calendar_now_ms(), err);
        rc = session_end(session, &txn, rc, err);
    }
done:
    store_abort(&txn);
    task_vector_clear(&vector);
    return rc;
}

static void evaluate_all(struct daemon *daemon)
{
    struct session *session = &daemon->session;

    for (size_t i = 0; i < agent_num_tasks(session->agent); i++) {
        struct err err = {0};
        if (evaluate_task(session, i, &err) != 0) {
            log_error("not evaluated", LOG_ERR(&err));
        }
    }
    daemon->evaluated_ms = calendar_now_ms();
}

/* ---- passes ---- */

static void warn_of_ends(struct daemon *daemon)
{
    const struct session *session = &daemon->session;
    const struct expiry expiry = expiry_read(session->settings.certificate, NULL, session->settings.ca,
                                             agent_newest_roster(session->agent));

    expiry_log(&expiry, daemon->warned, calendar_now_ms());
}

/* A failure here is no failure of the pass: the certificate still holds, and it is tried again. */
static void keep_certificate(struct daemon *daemon)
{
    struct err err = {0};
    bool changed = false;

    if (!session_must_keep(&daemon->session, calendar_now_ms())) {
        return;
    }
    if (session_keep_certificate(&daemon->session, &changed, &err) != 0) {
        log_warn("certificate not renewed", LOG_ERR(&err));
    } else if (changed) {
        log_info("certificate renewed", LOG_TEXT("tls_name", daemon->session.identity.tls_name));
    }
    warn_of_ends(daemon);
}

/* Until nothing is due. A task that just came is evaluated at once. */
static int work(struct daemon *daemon, struct err *err)
{
    struct session *session = &daemon->session;
    size_t num = 1, num_tasks = agent_num_tasks(session->agent);
    int rc = session_lock(session, LOCK_WAIT_MS, err);

    for (int i = 0; rc == 0 && num > 0 && i < MAX_PASSES; i++) {
        rc = session_pass(session, calendar_now_ms(), &num, err);
        if (rc == 0 && session->failure.code != 0) {
            daemon->failure = session->failure;
        }
        if (rc == 0 && num == 0 &&
            (daemon->evaluated_ms == 0 || agent_num_tasks(session->agent) != num_tasks ||
             calendar_now_ms() >= daemon->evaluated_ms + REEVALUATE_MS)) {
            num_tasks = agent_num_tasks(session->agent);
            evaluate_all(daemon);
            num = 1; /* what was evaluated may be due to be sent */
        }
    }
    if (rc == 0) {
        keep_certificate(daemon);
    }
    session_unlock(session);
    return rc;
}

/* Is a report on its way, without a failure? */
static int has_sending(struct session *session, bool *has, struct err *err)
{
    int rc = 0;

    *has = false;
    for (size_t i = 0; rc == 0 && i < agent_num_tasks(session->agent); i++) {
        struct agent_status status;
        if (agent_task_at(session->agent, i)->site != NONE &&
            (rc = session_status(session, i, &status, err)) == 0) {
            *has |= status.state == AGENT_SENDING && status.last.failure.code == 0;
        }
    }
    return rc;
}

/* With `once`: is everything done that can be done now? */
static bool is_done(struct daemon *daemon, int rc)
{
    bool sending = false;

    if (rc == 0 && daemon->failure.code == 0 && calendar_now_ms() < daemon->give_up_ms) {
        rc = has_sending(&daemon->session, &sending, &daemon->failure);
    }
    return rc != 0 || !sending;
}

static void look(void *arg)
{
    struct daemon *daemon = arg;
    struct err err = {0};
    int64_t rest;
    int rc;

    daemon->failure = (struct err){0};
    if ((rc = work(daemon, &err)) != 0) {
        log_error("pass failed", LOG_ERR(&err));
        daemon->failure = err;
    }
    if (daemon->once && is_done(daemon, rc)) {
        loop_stop(daemon->loop);
        return;
    }
    rest = rc != 0 ? RETRY_MS : agent_next_ms(daemon->session.agent) - calendar_now_ms();
    if (rc == 0 && daemon->session.keep_ms - calendar_now_ms() < rest) {
        rest = daemon->session.keep_ms - calendar_now_ms();
    }
    loop_timer_after(daemon->timer, rest < MIN_REST_MS   ? MIN_REST_MS
                                    : rest > MAX_REST_MS ? MAX_REST_MS
                                                         : rest);
}

static void stop(void *arg, int signal)
{
    struct daemon *daemon = arg;

    if (signal == SIGUSR1) {
        cost_log();
    } else if (signal != SIGHUP) {
        loop_stop(daemon->loop);
    }
}

int node_daemon_run(const char *settings_path, bool once, struct err *err)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    const struct node_settings *settings;
    int rc;

    if (daemon == NULL) {
        return err_set(err, ERR_NO_MEMORY, "daemon");
    }
    daemon->once = once;
    for (int i = 0; i < EXPIRY_NUM; i++) {
        daemon->warned[i] = EXPIRY_NONE;
    }
    settings = &daemon->session.settings;
    if ((rc = loop_new(&daemon->loop, err)) != 0 ||
        (rc = session_open(&daemon->session, settings_path, SESSION_TALK, err)) != 0 ||
        (rc = loop_timer_new(&daemon->timer, daemon->loop, look, daemon, err)) != 0) {
        goto done;
    }
    session_unlock(&daemon->session);
    log_start("weft-node", (enum log_level)settings->log_level, (enum log_format)settings->log_format, 2);
    log_info("started", LOG_TEXT("site", daemon->session.identity.id), LOG_TEXT("leader", settings->leader));
    daemon->give_up_ms = calendar_now_ms() + ONCE_WAIT_MS;
    loop_on_signal(daemon->loop, stop, daemon);
    loop_timer_after(daemon->timer, 0);
    loop_run(daemon->loop);
    log_info("stopped");
    if (once && daemon->failure.code != 0) {
        if (err != NULL) {
            *err = daemon->failure;
        }
        rc = daemon->failure.code;
    }
done:
    loop_timer_free(&daemon->timer);
    session_close(&daemon->session);
    loop_free(&daemon->loop);
    free(daemon);
    return rc;
}
