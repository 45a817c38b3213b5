/* session.c - open what a command needs, and carry the agent's calls to the leader. */
#include "node/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/renewal.h"
#include "base/log.h"
#include "base/wire.h"
#include "crypto/secret.h"
#include "node/state.h"

#define CALL_TIMEOUT_MS 15000
#define MAX_CALLS       64 /* of one pass */
#define MAX_PASSES      10000

/* ---- lock ---- */

int session_lock(struct session *session, int wait_ms, struct err *err)
{
    int rc = file_lock(session->lock_fd, session->settings.store, wait_ms, err);

    if (rc != 0) {
        return rc;
    }
    session->is_locked = true;
    return session->egress == NULL ? 0 : egress_refresh(session->egress, err);
}

void session_unlock(struct session *session)
{
    if (session->is_locked) {
        file_unlock(session->lock_fd);
        session->is_locked = false;
    }
}

/* ---- egress log ---- */

/* The agent wants to know the log's place, and to log a commitment first. */
static int log_place(void *user, const struct task *task, const uint8_t *commitment, int64_t now_ms,
                     uint64_t *size, uint8_t root[DIGEST_SIZE], struct err *err)
{
    struct session *session = user;
    struct egress_entry entry = {
        .time_ms = now_ms, .kind = "commitment", .task = task->hex, .destination = "", .method = ""};
    int rc;

    if (commitment != NULL) {
        memcpy(entry.sha256, commitment, DIGEST_SIZE);
        if ((rc = egress_add(session->egress, &entry, err)) != 0) {
            return rc;
        }
    }
    *size = egress_size(session->egress);
    egress_root(session->egress, root);
    return 0;
}

static const char *kind_of(enum agent_method method)
{
    static const char *const kinds[] = {"documents", "report", "state", "consent"};

    return kinds[method];
}

/* Bytes are about to leave. */
static int log_sent(void *user, const char *destination, const char *method, const uint8_t *bytes, size_t len,
                    struct err *err)
{
    struct session *session = user;
    const struct agent_call *call = session->sending;
    char hex[HEX_SIZE(TASK_ID_SIZE)] = "";
    struct egress_entry entry = {.time_ms = calendar_now_ms(),
                                 .kind = call == NULL ? "certificate" : kind_of(call->method),
                                 .task = hex,
                                 .destination = destination,
                                 .method = call == NULL ? "Renew" : agent_method_name(call->method),
                                 .length = len};

    (void)method;
    if (call != NULL && call->has_task) {
        hex_encode(hex, call->task, TASK_ID_SIZE);
    }
    digest(entry.sha256, bytes, len);
    return egress_add(session->egress, &entry, err);
}

int session_log_file(struct session *session, const struct task *task, const uint8_t *bytes, size_t len,
                     struct err *err)
{
    struct egress_entry entry = {.time_ms = calendar_now_ms(),
                                 .kind = "report",
                                 .task = task->hex,
                                 .destination = "file",
                                 .method = agent_method_name(AGENT_SUBMIT),
                                 .length = len};

    digest(entry.sha256, bytes, len);
    return egress_add(session->egress, &entry, err);
}

/* ---- opening ---- */

static int load_roots(struct session *session, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < session->settings.roots.num; i++) {
        rc = join_roots_add(&session->roots, session->settings.roots.items[i], err);
    }
    return rc;
}

static int make_agent(struct session *session, struct err *err)
{
    const struct identity *identity = &session->identity;
    struct agent_options options = {
        .site = identity->id,
        .roots = session->roots.roots,
        .poll_ms = session->settings.poll_ms,
        .log = log_place,
        .log_user = session,
    };
    int rc;

    memcpy(options.sign_key, identity->sign_key, sizeof options.sign_key);
    memcpy(options.site_secret, identity->site_secret, sizeof options.site_secret);
    memcpy(options.at_rest_key, identity->at_rest_key, sizeof options.at_rest_key);
    rc = agent_new(&session->agent, &options, err);
    secret_wipe(&options, sizeof options);
    return rc;
}

/* A certificate that cannot work is better named here than guessed from a failed handshake. */
int session_check_certificate(const struct session *session, struct err *err)
{
    uint8_t *own = NULL, *ca = NULL;
    size_t own_len, ca_len;
    int rc;

    if ((rc = file_read(&own, &own_len, session->settings.certificate, CERT_PEM_MAX, err)) == 0 &&
        (rc = file_read(&ca, &ca_len, session->settings.ca, CERT_PEM_MAX, err)) == 0 &&
        (rc = cert_check((const char *)own, (const char *)ca, session->identity.tls_key_pem,
                         session->identity.tls_name, calendar_now_ms(), err)) != 0) {
        err_at(err, session->settings.certificate, 0, 0);
    }
    free(own);
    free(ca);
    return rc;
}

static int open_channel(struct session *session, struct err *err)
{
    const struct node_settings *settings = &session->settings;
    const struct proxy_settings ways = {settings->proxy, settings->proxy_credentials, settings->no_proxy};
    char *key = file_join(session->settings.dir, IDENTITY_TLS_KEY_FILE);
    struct proxy proxy = {0};
    struct rpc_channel_options options = {
        .proxy = &proxy,
        .target = session->settings.leader_address,
        .tls_name = session->settings.leader_name,
        .ca_file = session->settings.ca,
        .cert_file = session->settings.certificate,
        .key_file = key,
        .sent = log_sent,
        .sent_user = session,
    };
    int rc = key == NULL ? err_set(err, ERR_NO_MEMORY, "connection")
                         : proxy_choose(&proxy, &ways, settings->leader_address, err);

    if (rc == 0) {
        rc = rpc_channel_open(&session->channel, &options, err);
    }
    proxy_clear(&proxy);
    free(key);
    return rc;
}

/* ---- the certificate ---- */

/* Certificates are read when a channel opens. The old one stays if there can be no other. */
static int reopen_channel(struct session *session, struct err *err)
{
    struct rpc_channel *old = session->channel;
    int rc;

    session->channel = NULL;
    if ((rc = open_channel(session, err)) != 0) {
        session->channel = old;
        return rc;
    }
    rpc_channel_close(&old);
    return 0;
}

static int renew(struct session *session, const struct renewal *files, struct err *err)
{
    Weft__V1__RenewRequest request = WEFT__V1__RENEW_REQUEST__INIT;
    Weft__V1__RenewReply *reply = NULL;
    int rc;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.certificate_request = NULL;
    if ((rc = renewal_request(&request.certificate_request, files, err)) == 0 &&
        (rc = rpc_call_unary(session->channel, &weft__v1__exchange__descriptor, "Renew", &request.base,
                             (ProtobufCMessage **)&reply, CALL_TIMEOUT_MS, err)) == 0) {
        rc = renewal_take(files, reply->certificate, calendar_now_ms(), err);
    }
    wire_free(&reply);
    free(request.certificate_request);
    return rc;
}

bool session_must_keep(const struct session *session, int64_t now_ms)
{
    const struct roster *roster = agent_newest_roster(session->agent);

    return now_ms >= session->keep_ms || (roster != NULL && roster->wire->version != session->kept_version);
}

static int keep(struct session *session, const struct renewal *files, const struct roster *roster, bool *changed,
                struct err *err)
{
    int64_t now_ms = calendar_now_ms();
    bool due = false;
    int rc;

    if ((rc = renewal_take_authorities(changed, files, roster, now_ms, err)) == 0 && roster != NULL &&
        (rc = renewal_is_due(&due, files, roster, now_ms, err)) == 0 && due &&
        (rc = renew(session, files, err)) == 0) {
        *changed = true;
    }
    return rc;
}

int session_keep_certificate(struct session *session, bool *changed, struct err *err)
{
    const struct renewal files = {session->settings.certificate, session->settings.ca,
                                  session->identity.tls_key_pem, session->identity.tls_name};
    const struct roster *roster = agent_newest_roster(session->agent);
    int rc;

    *changed = false;
    rc = keep(session, &files, roster, changed, err);
    session->keep_failures = rc == 0 ? 0 : session->keep_failures + 1;
    session->kept_version = roster == NULL ? 0 : roster->wire->version;
    session->keep_ms = calendar_now_ms() + renewal_pause_ms(&files, session->keep_failures);
    if (*changed) {
        int opened = reopen_channel(session, rc == 0 ? err : NULL);
        rc = rc != 0 ? rc : opened;
    }
    return rc;
}

/* The egress log, compared with what the last report said of it. */
static int open_egress(struct session *session, bool looks, struct err *err)
{
    struct egress_mark mark = {0};
    struct store_txn *txn = NULL;
    bool has_mark = false;
    int rc;

    if ((rc = store_begin(session->store, &txn, false, err)) == 0) {
        rc = agent_log_mark(session->agent, txn, &has_mark, &mark.size, mark.root, err);
    }
    store_abort(&txn);
    if (rc != 0 || (rc = egress_open(&session->egress, session->settings.egress_log, looks, has_mark ? &mark : NULL,
                                     err)) != 0) {
        return rc;
    }
    if (!egress_is_as_marked(session->egress)) {
        struct err why = {0};
        err_set(&why, ERR_EGRESS_CHANGED, "%s", session->settings.egress_log);
        log_error("the egress log was changed", LOG_ERR(&why));
    }
    return 0;
}

static int load_identity(struct session *session, struct err *err)
{
    int rc = identity_load(&session->identity, session->settings.dir, err);

    if (rc == 0 && session->identity.kind != JOIN_SITE) {
        rc = err_set(err, ERR_YAML_BAD_VALUE, "%s belongs to a coordinator, not to a hospital",
                     session->settings.dir);
        err_field(err, "dir");
    }
    return rc;
}

static int check_store_exists(const struct session *session, struct err *err)
{
    return file_exists(session->settings.store)
               ? 0
               : err_set(err, ERR_STORE_OPEN, "%s is not there yet; the first import makes it",
                         session->settings.store);
}

int session_open(struct session *session, const char *settings_path, enum session_use use, struct err *err)
{
    bool looks = use == SESSION_LOOK;
    int rc;

    session->lock_fd = -1;
    if (use == SESSION_TALK) { /* before secrets are read */
        if ((rc = rpc_init(err)) != 0) {
            return rc;
        }
        session->has_rpc = true;
    }
    if ((rc = node_settings_load(&session->settings, settings_path, err)) != 0 ||
        (rc = load_identity(session, err)) != 0 ||
        (!looks && (rc = file_lock_open(&session->lock_fd, session->settings.store, err)) != 0) ||
        (!looks && (rc = session_lock(session, SESSION_LOCK_WAIT_MS, err)) != 0) ||
        (looks && (rc = check_store_exists(session, err)) != 0) ||
        (rc = state_open_store(&session->store, session->settings.store, looks, false, err)) != 0) {
        goto done;
    }
    if (use != SESSION_RECORDS &&
        ((rc = load_roots(session, err)) != 0 || (rc = make_agent(session, err)) != 0 ||
         (rc = open_egress(session, looks, err)) != 0)) {
        goto done;
    }
    if (use == SESSION_TALK && (rc = session_check_certificate(session, err)) == 0) {
        rc = open_channel(session, err);
    }
done:
    if (rc != 0) {
        session_close(session);
    }
    return rc;
}

void session_close(struct session *session)
{
    rpc_channel_close(&session->channel);
    agent_free(&session->agent);
    egress_close(&session->egress);
    store_close(&session->store);
    session_unlock(session);
    if (session->lock_fd > 0) {
        close(session->lock_fd);
    }
    identity_clear(&session->identity);
    node_settings_clear(&session->settings);
    if (session->has_rpc) {
        rpc_shutdown();
    }
    *session = (struct session){.lock_fd = -1};
}

/* ---- transactions ---- */

int session_begin(struct session *session, struct store_txn **txn, struct err *err)
{
    int rc = store_begin(session->store, txn, session->is_locked, err);

    if (rc == 0 && (rc = agent_load(session->agent, *txn, err)) != 0) {
        store_abort(txn);
    }
    return rc;
}

int session_end(struct session *session, struct store_txn **txn, int rc, struct err *err)
{
    if (rc == 0 && session->is_locked) {
        rc = store_commit(txn, err);
    }
    store_abort(txn);
    if (rc != 0) {
        agent_forget(session->agent);
    }
    return rc;
}

/* ---- calls ---- */

struct outcome {
    ProtobufCMessage *response;
    struct err failure;
};

static void make_call(struct session *session, const struct agent_call *call, struct outcome *outcome)
{
    session->sending = call;
    if (rpc_call_unary(session->channel, &weft__v1__exchange__descriptor, agent_method_name(call->method),
                       call->request, &outcome->response, CALL_TIMEOUT_MS, &outcome->failure) != 0) {
        outcome->response = NULL;
        if (session->failure.code == 0) {
            session->failure = outcome->failure;
        }
    }
    session->sending = NULL;
}

static int answer_all(struct session *session, const struct agent_call *calls, const struct outcome *outcomes,
                      size_t num, int64_t now_ms, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc;

    if (num == 0) {
        return 0;
    }
    rc = session_begin(session, &txn, err);
    for (size_t i = 0; rc == 0 && i < num; i++) {
        rc = agent_answer(session->agent, txn, &calls[i], outcomes[i].response, &outcomes[i].failure, now_ms,
                          err);
    }
    return session_end(session, &txn, rc, err);
}

int session_pass(struct session *session, int64_t now_ms, size_t *num_calls, struct err *err)
{
    struct agent_call calls[MAX_CALLS];
    struct outcome outcomes[MAX_CALLS] = {0};
    struct store_txn *txn = NULL;
    size_t num = 0;
    int rc;

    session->failure = (struct err){0};
    if ((rc = session_begin(session, &txn, err)) != 0) {
        return rc;
    }
    rc = agent_due(session->agent, txn, now_ms, calls, MAX_CALLS, &num, err);
    rc = session_end(session, &txn, rc, err);
    for (size_t i = 0; rc == 0 && i < num; i++) {
        make_call(session, &calls[i], &outcomes[i]);
    }
    if (rc == 0) {
        rc = answer_all(session, calls, outcomes, num, now_ms, err);
    }
    for (size_t i = 0; i < num; i++) {
        agent_call_free(&calls[i]);
        wire_free(&outcomes[i].response);
    }
    *num_calls = rc == 0 ? num : 0;
    return rc;
}

int session_pull(struct session *session, struct err *err)
{
    int64_t now_ms = calendar_now_ms(); /* of all passes: on a slow line the next poll would always be due */
    size_t num = 1;
    int rc = 0;

    for (int i = 0; rc == 0 && num > 0 && i < MAX_PASSES; i++) {
        rc = session_pass(session, now_ms, &num, err);
        if (rc == 0 && session->failure.code != 0) {
            if (err != NULL) {
                *err = session->failure;
            }
            return session->failure.code;
        }
    }
    return rc;
}

/* ---- tasks ---- */

int session_status(struct session *session, size_t index, struct agent_status *status, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc = session_begin(session, &txn, err);

    if (rc == 0) {
        rc = agent_status(session->agent, txn, index, calendar_now_ms(), status, err);
    }
    store_abort(&txn);
    return rc;
}

static bool is_over(const struct agent_status *status)
{
    return status->state == AGENT_VOIDED || status->state == AGENT_RELEASED || status->state == AGENT_OVERLAPS ||
           status->state == AGENT_SUM;
}

static int pick(struct session *session, struct store_txn *txn, const char *prefix, size_t *index,
                struct err *err)
{
    size_t found = 0, seen = 0, finished = 0, num = agent_num_tasks(session->agent);
    char list[200] = "";
    int rc;

    for (size_t i = 0; i < num; i++) {
        const struct agent_task *task = agent_task_at(session->agent, i);
        struct agent_status status;
        if (task->site == NONE ||
            (prefix != NULL && strncasecmp(task->task->hex, prefix, strlen(prefix)) != 0)) {
            continue;
        }
        if ((rc = agent_status(session->agent, txn, i, calendar_now_ms(), &status, err)) != 0) {
            return rc;
        }
        seen++;
        if (prefix == NULL && is_over(&status)) {
            finished = i;
            continue;
        }
        found++;
        *index = i;
        snprintf(list + strlen(list), sizeof list - strlen(list), " %.16s", task->task->hex);
    }
    if (found == 0 && seen == 1) { /* the only one there is */
        *index = finished;
        found = 1;
    }
    if (found > 1) {
        return err_set(err, ERR_USAGE, "--task must name one of:%s", list);
    }
    return found == 1       ? 0
           : num == 0       ? err_set(err, ERR_TASK_UNKNOWN, "the leader has given no task yet")
           : prefix == NULL ? err_set(err, ERR_TASK_UNKNOWN,
                                      "%zu tasks, none open for this hospital; --task names one", num)
                            : err_set(err, ERR_TASK_UNKNOWN, "no task begins with %.64s", prefix);
}

int session_pick_task(struct session *session, const char *prefix, size_t *index, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc = session_begin(session, &txn, err);

    if (rc == 0) {
        rc = pick(session, txn, prefix, index, err);
    }
    store_abort(&txn);
    return rc;
}
