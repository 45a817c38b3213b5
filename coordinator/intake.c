/* intake.c - reports: taken from sites, verified by leader and helper together, answered with a receipt.
 *
 *   site -> leader    Submit: the leader checks signature and sizes and stores the sealed report as *waiting*
 *   leader -> helper  Verify, with the leader's verifier share: the helper decides, stores its output share and
 *                     the receipt, answers with its own verifier share
 *   leader            decides by itself from both verifier shares, stores its output share, signs too
 *   site -> leader    GetSiteState brings the receipt that both signed, as does Submit again; daemon_hold.c sees to it
 *                     that mostly neither is needed
 *
 * Whatever is answered is durable first. A report counts only when both have it: the leader still holds it as
 * waiting until the helper has it, so either may be killed at any point and the question is simply asked
 * again.
 *
 * A site's revisions are verified one after the other, so that leader and helper see them in the same order and
 * an older one never replaces a newer. What still waits when its area is frozen is late: the site is told that
 * the task is closed. */
#include "coordinator/core_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cost.h"
#include "base/hex.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define MAX_VERIFY_CALLS 8 /* under way at once for one task */

/* ---- the waiting list ---- */

static int add_waiting(struct core_task *task, int site, uint32_t revision, struct err *err)
{
    struct core_waiting *grown = realloc(task->waiting, (task->num_waiting + 1) * sizeof *grown);

    if (grown == NULL) {
        return err_set(err, ERR_NO_MEMORY, "waiting reports");
    }
    task->waiting = grown;
    grown[task->num_waiting++] = (struct core_waiting){site, revision};
    return 0;
}

static void drop_waiting(struct core_task *task, int site, uint32_t revision)
{
    for (size_t i = 0; i < task->num_waiting; i++) {
        if (task->waiting[i].site == site && task->waiting[i].revision == revision) {
            task->waiting[i] = task->waiting[--task->num_waiting];
            return;
        }
    }
}

static int load_site(struct db *db, struct core_task *task, int site, struct err *err)
{
    StoredReport *report = NULL;
    uint32_t revision = 0;
    int rc;

    while ((rc = db_next_report(db, task->task->id, task->roster->sites[site].wire->id, revision, &report,
                                &revision, err)) == 0 &&
           report != NULL) {
        bool waits = report->state == REPORT(WAITING);
        wire_free(&report);
        if (waits && (rc = add_waiting(task, site, revision, err)) != 0) {
            break;
        }
    }
    return rc;
}

/* Does an older revision of the same site wait too? */
static bool waits_for_older(const struct core_task *task, const struct core_waiting *waiting)
{
    for (size_t i = 0; i < task->num_waiting; i++) {
        if (task->waiting[i].site == waiting->site && task->waiting[i].revision < waiting->revision) {
            return true;
        }
    }
    return false;
}

bool intake_has_waiting(const struct core_task *task, int area)
{
    for (size_t i = 0; i < task->num_waiting; i++) {
        if (task->roster->sites[task->waiting[i].site].supervisor == area) {
            return true;
        }
    }
    return false;
}

int intake_load(struct db *db, struct core_task *task, struct err *err)
{
    int rc;

    task->num_waiting = 0;
    for (int i = 0; task->self != NONE && i < task->roster->num_sites; i++) {
        const struct roster_site *site = &task->roster->sites[i];
        if (task->roster->areas[site->supervisor].leader == task->self &&
            (rc = load_site(db, task, i, err)) != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- closing ---- */

/* Those of revoked sites cannot come any more. */
static int has_report(const struct core *core, struct db *db, const struct core_task *task, int site, int64_t now_ms,
                      bool *has, struct err *err)
{
    const Weft__V1__Site *wire = task->roster->sites[site].wire;
    StoredReport *accepted = NULL;
    uint32_t revision;
    int rc;

    if (core_check_revoked(core, wire->tls_name, now_ms, NULL) != 0) {
        *has = true;
        return 0;
    }
    if ((rc = db_get_accepted(db, task->task->id, wire->id, &accepted, &revision, err)) == 0) {
        *has = accepted != NULL;
    }
    wire_free(&accepted);
    return rc;
}

/* Asked for each report: begins with the site that was missing last, so that it need not look at all of them each time. */
static int has_all_reports(const struct core *core, struct db *db, struct core_task *task, int area, int64_t now_ms,
                           bool *all, struct err *err)
{
    int num = task->roster->num_sites, first = task->missing[area], rc;

    *all = true;
    for (int i = 0; *all && i < num; i++) {
        int site = (first + i) % num;
        if (task->roster->sites[site].supervisor != area) {
            continue;
        }
        if ((rc = has_report(core, db, task, site, now_ms, all, err)) != 0) {
            return rc;
        }
        task->missing[area] = site;
    }
    return 0;
}

int intake_is_closed(const struct core *core, struct db *db, struct core_task *task, int area, int64_t now_ms,
                     bool *closed, struct err *err)
{
    *closed = now_ms >= view_times(task->view).close_ms || task->view->freezes[area].document != NULL;
    if (*closed || !task->task->wire->close_when_complete) {
        return 0;
    }
    if (intake_has_waiting(task, area)) {
        return 0;
    }
    return has_all_reports(core, db, task, area, now_ms, closed, err);
}

static int check_open(const struct core *core, struct db *db, struct core_task *task, int area,
                      int64_t now_ms, int64_t skew_ms, struct err *err)
{
    bool closed;
    int rc;

    if (task->view->voided.document != NULL) {
        return err_set(err, ERR_TASK_CLOSED, "task %.16s is void", task->task->hex);
    }
    if (now_ms + skew_ms < task->task->wire->open_ms) {
        return err_set(err, ERR_TASK_NOT_OPEN, "task %.16s", task->task->hex);
    }
    if (!view_base_is_ready(task->view)) {
        return err_set(err, ERR_TASK_NOT_OPEN, "task %.16s: the task that it revises is not finished",
                       task->task->hex);
    }
    if ((rc = intake_is_closed(core, db, task, area, now_ms - skew_ms, &closed, err)) != 0) {
        return rc;
    }
    return closed ? err_set(err, ERR_TASK_CLOSED, "task %.16s", task->task->hex) : 0;
}

/* ---- submit ---- */

static int submit_reply(const StoredReport *stored, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__SubmitReply reply = WEFT__V1__SUBMIT_REPLY__INIT;

    reply.state = stored->state;
    reply.receipt = stored->state == REPORT(WAITING) ? NULL : stored->receipt;
    return core_own_message(response, &reply.base, err);
}

/* Asked again: the same answer, also after the close. */
static int known_reply(const StoredReport *known, uint32_t revision, ProtobufCMessage **response, struct err *err)
{
    return known->state == REPORT(LATE)
               ? err_set(err, ERR_TASK_CLOSED, "revision %" PRIu32 " was not verified in time", revision)
               : submit_reply(known, response, err);
}

/* A revision is new only if it is the highest yet and its report id was never used. */
static int check_is_new(struct db *db, const struct core_task *task, const Weft__V1__ReportHeader *header,
                        struct err *err)
{
    Weft__V1__ReportHeader *newest_header = NULL;
    StoredReport *newest = NULL;
    bool used;
    int rc;

    if ((rc = db_get_report(db, task->task->id, header->site, 0, &newest, err)) != 0) {
        return rc;
    }
    if (newest != NULL &&
        (rc = document_body((ProtobufCMessage **)&newest_header, newest->report, DOC(REPORT), err)) == 0 &&
        header->revision <= newest_header->revision) {
        rc = err_set(err, ERR_REPORT_REVISION, "site %s: revision %" PRIu32 ", newest is %" PRIu32,
                     header->site, header->revision, newest_header->revision);
    }
    wire_free(&newest_header);
    wire_free(&newest);
    if (rc != 0 || (rc = db_report_id_is_used(db, task->task->id, header->site, header->report_id.data, &used,
                                              err)) != 0) {
        return rc;
    }
    return used ? err_set(err, ERR_REPORT_REPLAYED, "site %s", header->site) : 0;
}

static int store_waiting(struct db *db, struct core_task *task, const Weft__V1__ReportHeader *header,
                         const Weft__V1__SubmitRequest *request, int64_t now_ms, ProtobufCMessage **response,
                         struct err *err)
{
    StoredReport stored = WEFT__STORE__V1__STORED_REPORT__INIT;
    int rc;

    stored.state = REPORT(WAITING);
    stored.report = request->report;
    stored.leader = request->leader;
    stored.helper = request->helper;
    stored.received_ms = now_ms;
    if ((rc = db_put_report(db, task->task->id, header->site, header->revision, &stored, err)) != 0 ||
        (rc = submit_reply(&stored, response, err)) != 0) {
        return rc;
    }
    task->is_dirty = true;
    return add_waiting(task, roster_find_site(task->roster, header->site), header->revision, err);
}

/* The task, site and revision that a report speaks of, before anything of it is believed. */
static int find_report_task(struct core *core, const Weft__V1__Document *report, struct core_task **task,
                            int *site, uint32_t *revision, struct err *err)
{
    Weft__V1__ReportHeader *header = NULL;
    int rc;

    if (report == NULL) {
        return err_set(err, ERR_REPORT_MALFORMED, "no report");
    }
    if ((rc = document_body((ProtobufCMessage **)&header, report, DOC(REPORT), err)) != 0) {
        return rc;
    }
    *revision = header->revision;
    *task = core_find_task(core, &header->task_id);
    *site =
        *task == NULL || !id_is_valid(header->site) ? NONE : roster_find_site((*task)->roster, header->site);
    if (*task == NULL) {
        rc = err_set(err, ERR_TASK_UNKNOWN, "in a report");
    } else if (*site == NONE) {
        rc = err_set(err, ERR_REPORT_SITE_UNKNOWN, "not in the task's roster");
    } else {
        rc = core_check_alone(core, *task, err);
    }
    wire_free(&header);
    return rc;
}

int intake_serve_submit(struct core *core, struct db *db, const char *site_id,
                        const Weft__V1__SubmitRequest *request, int64_t now_ms, ProtobufCMessage **response,
                        struct err *err)
{
    Weft__V1__ReportHeader *header = NULL;
    StoredReport *known = NULL;
    struct core_task *task = NULL;
    uint32_t revision = 0;
    int site = NONE, area, rc;

    if ((rc = find_report_task(core, request->report, &task, &site, &revision, err)) != 0) {
        return rc;
    }
    area = task->roster->sites[site].supervisor;
    if (task->self == NONE || task->roster->areas[area].leader != task->self ||
        (site_id != NULL && strcmp(task->roster->sites[site].wire->id, site_id) != 0)) {
        return err_set(err, ERR_REPORT_SITE_UNKNOWN, "%s", task->roster->sites[site].wire->id);
    }
    if (site_id == NULL &&
        (rc = core_check_revoked(core, task->roster->sites[site].wire->tls_name, now_ms, err)) != 0) {
        return rc;
    }
    if ((rc = db_get_report(db, task->task->id, task->roster->sites[site].wire->id, revision, &known, err)) != 0) {
        return rc;
    }
    if ((known == NULL || !document_is_same(known->report, request->report)) && /* or it was checked when it came */
        (rc = report_check(&header, request->report, task->task, task->roster, area, err)) != 0) {
        goto done;
    }
    if (known != NULL && document_same_body(known->report, request->report)) {
        rc = known_reply(known, revision, response, err);
        goto done;
    }
    if ((rc = core_check_revoked(core, task->roster->sites[site].wire->tls_name, now_ms, err)) != 0 ||
        (rc = check_open(core, db, task, area, now_ms, 0, err)) != 0 ||
        (rc = check_is_new(db, task, header, err)) != 0 ||
        (rc = report_check_ciphertext(header, task->task, 0, request->leader, err)) != 0 ||
        (rc = report_check_ciphertext(header, task->task, 1, request->helper, err)) != 0) {
        goto done;
    }
    rc = store_waiting(db, task, header, request, now_ms, response, err);
done:
    wire_free(&known);
    wire_free(&header);
    return rc;
}

/* ---- verification, common to both ---- */

/* The verify key of the area's pair. An agreement costs as much as a signature, so its outcome is kept in memory. */
static int pair_key(const struct core *core, struct core_task *task, int area,
                    uint8_t key[PRIO3_VERIFY_KEY_SIZE], struct err *err)
{
    const struct roster_area *pair = &task->roster->areas[area];
    int peer = pair->leader == task->self ? pair->helper : pair->leader, rc = 0;

    if (task->pair_keys == NULL &&
        (task->pair_keys = calloc((size_t)task->roster->num_coordinators, sizeof *task->pair_keys)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "verify key");
    }
    if (!task->pair_keys[peer].is_agreed) {
        rc = task_verify_key(task->pair_keys[peer].key, task->task, core->options.static_key,
                             task->roster->coordinators[peer].wire->static_key.data, err);
        task->pair_keys[peer].is_agreed = rc == 0;
    }
    memcpy(key, task->pair_keys[peer].key, PRIO3_VERIFY_KEY_SIZE);
    return rc;
}

static enum prio3_result verify_init(const struct core_task *task, struct prio3_state **state,
                                     uint8_t *verifier_share, const uint8_t key[PRIO3_VERIFY_KEY_SIZE],
                                     unsigned role, const Weft__V1__ReportHeader *header,
                                     const uint8_t *share)
{
    COST_SCOPE(COST_PRIO3);
    uint8_t ctx[TASK_CTX_MAX];

    return prio3_verify_init(task->task->prio3, state, verifier_share, key, ctx, task_ctx(task->task, ctx),
                             role, header->report_id.data, header->public_share.data,
                             header->public_share.len, share,
                             prio3_sizes(task->task->prio3)->input_share[role]);
}

/* Open one's input share and begin: the state and verifier share, or the reason to reject. */
static int begin_verification(const struct core *core, struct core_task *task, int area, unsigned role,
                              const Weft__V1__ReportHeader *header,
                              const Weft__V1__HpkeCiphertext *ciphertext, struct prio3_state **state,
                              uint8_t *verifier_share, Weft__V1__RejectReason *reason, struct err *err)
{
    const struct prio3_sizes *sizes = prio3_sizes(task->task->prio3);
    uint8_t key[PRIO3_VERIFY_KEY_SIZE];
    uint8_t *share = malloc(sizes->input_share[role]);
    enum prio3_result result;
    int rc;

    *reason = REJECT(NONE);
    if (share == NULL) {
        return err_set(err, ERR_NO_MEMORY, "input share");
    }
    if ((rc = pair_key(core, task, area, key, err)) != 0) {
        goto done;
    }
    if (!report_open_share(share, task->task, header, role, ciphertext, task->hpke_key)) {
        *reason = role == 0 ? REJECT(LEADER_DECRYPT) : REJECT(HELPER_DECRYPT);
        goto done;
    }
    result = verify_init(task, state, verifier_share, key, role, header, share);
    if (result == PRIO3_NO_MEMORY) {
        rc = err_set(err, ERR_NO_MEMORY, "verification");
    } else if (result != PRIO3_OK) {
        *reason = role == 0 ? REJECT(LEADER_SHARE) : REJECT(HELPER_SHARE);
    }
done:
    secret_wipe(key, sizeof key);
    secret_free(share, sizes->input_share[role]);
    return rc;
}

/* Decide from both verifier shares; on acceptance `out_share` is filled. */
static int finish_verification(const struct core_task *task, const struct prio3_state *state,
                               const uint8_t *leader_share, size_t leader_len, const uint8_t *helper_share,
                               size_t helper_len, uint8_t *out_share, Weft__V1__RejectReason *reason,
                               struct err *err)
{
    COST_SCOPE(COST_PRIO3);
    const uint8_t *const shares[PRIO3_SHARES] = {leader_share, helper_share};
    const size_t lens[PRIO3_SHARES] = {leader_len, helper_len};
    uint8_t ctx[TASK_CTX_MAX], message[PRIO3_MESSAGE_SIZE];
    enum prio3_result result;

    result = prio3_verifier_shares_to_message(task->task->prio3, message, ctx, task_ctx(task->task, ctx),
                                              shares, lens);
    if (result == PRIO3_OK) {
        result = prio3_verify_next(task->task->prio3, out_share, state, message, sizeof message);
    }
    if (result == PRIO3_NO_MEMORY) {
        return err_set(err, ERR_NO_MEMORY, "verification");
    }
    *reason = result == PRIO3_OK ? REJECT(NONE) : REJECT(PROOF);
    return 0;
}

/* A newer accepted revision replaces the one before: its share is dropped. */
static int supersede(struct db *db, const struct core_task *task, const char *site, struct err *err)
{
    StoredReport *old = NULL;
    ProtobufCBinaryData kept;
    uint32_t revision;
    int rc;

    if ((rc = db_get_accepted(db, task->task->id, site, &old, &revision, err)) != 0 || old == NULL) {
        return rc;
    }
    kept = old->out_share;
    old->state = REPORT(SUPERSEDED);
    old->out_share = (ProtobufCBinaryData){0, NULL};
    rc = db_put_report(db, task->task->id, site, revision, old, err);
    old->out_share = kept;
    wire_free(&old);
    return rc;
}

/* Store a decided report; `out_share` only when accepted. The sealed input share has done its work and goes. */
static int store_decided(struct db *db, const struct core_task *task, const Weft__V1__ReportHeader *header,
                         StoredReport *stored, const uint8_t *out_share, struct err *err)
{
    ProtobufCBinaryData sealed = {0, NULL};
    int rc = 0;

    if (stored->state == REPORT(ACCEPTED) &&
        ((rc = supersede(db, task, header->site, err)) != 0 ||
         (rc = db_seal_out_share(db, task->task->id, header->site, out_share,
                                 prio3_sizes(task->task->prio3)->out_share, &sealed, err)) != 0)) {
        return rc;
    }
    stored->out_share = sealed;
    rc = db_put_report(db, task->task->id, header->site, header->revision, stored, err);
    stored->out_share = (ProtobufCBinaryData){0, NULL};
    free(sealed.data);
    return rc;
}

/* ---- helper ---- */

static int make_receipt(const struct core *core, const struct core_task *task,
                        const Weft__V1__ReportHeader *header, const Weft__V1__Document *report,
                        Weft__V1__RejectReason reason, int64_t now_ms, Weft__V1__Document **document,
                        struct err *err)
{
    Weft__V1__Receipt receipt = WEFT__V1__RECEIPT__INIT;
    uint8_t digest[DIGEST_SIZE];
    int rc;

    document_digest(digest, report);
    receipt.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    receipt.site = header->site;
    receipt.revision = header->revision;
    receipt.report_id = header->report_id;
    receipt.report_digest = core_bytes(digest, sizeof digest);
    receipt.state = reason == REJECT(NONE) ? REPORT(ACCEPTED) : REPORT(REJECTED);
    receipt.reason = reason;
    receipt.time_ms = now_ms;
    if ((rc = document_new(document, DOC(RECEIPT), &receipt.base, err)) != 0) {
        return rc;
    }
    return document_sign(document, core->id, core->options.sign_key, err);
}

static int verify_reply(const StoredReport *stored, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__VerifyReply reply = WEFT__V1__VERIFY_REPLY__INIT;

    reply.verifier_share = stored->verifier_share;
    reply.receipt = stored->receipt;
    return core_own_message(response, &reply.base, err);
}

static int request_digest(const Weft__V1__VerifyRequest *request, uint8_t out[DIGEST_SIZE], struct err *err)
{
    uint8_t *packed = NULL;
    size_t len;
    int rc = wire_pack(&packed, &len, &request->base, err);

    if (rc == 0) {
        digest(out, packed, len);
    }
    free(packed);
    return rc;
}

/* The helper's part for a report that it has not seen. */
static int verify_new(struct core *core, struct db *db, struct core_task *task, int area,
                      const Weft__V1__ReportHeader *header, const Weft__V1__VerifyRequest *request,
                      const uint8_t digest_of_request[DIGEST_SIZE], int64_t now_ms,
                      ProtobufCMessage **response, struct err *err)
{
    const struct prio3_sizes *sizes = prio3_sizes(task->task->prio3);
    uint8_t *verifier_share = malloc(sizes->verifier_share), *out_share = malloc(sizes->out_share);
    StoredReport stored = WEFT__STORE__V1__STORED_REPORT__INIT;
    Weft__V1__RejectReason reason = request->leader_reject;
    Weft__V1__Document *receipt = NULL;
    struct prio3_state *state = NULL;
    int rc = 0;

    if (verifier_share == NULL || out_share == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "verification");
        goto done;
    }
    if (reason == REJECT(NONE)) {
        rc = begin_verification(core, task, area, 1, header, request->helper, &state, verifier_share, &reason,
                                err);
        if (rc == 0 && reason == REJECT(NONE)) {
            stored.verifier_share = core_bytes(verifier_share, sizes->verifier_share);
            rc = finish_verification(task, state, request->verifier_share.data, request->verifier_share.len,
                                     verifier_share, sizes->verifier_share, out_share, &reason, err);
        }
    }
    if (rc != 0 ||
        (rc = make_receipt(core, task, header, request->report, reason, now_ms, &receipt, err)) != 0) {
        goto done;
    }
    stored.state = reason == REJECT(NONE) ? REPORT(ACCEPTED) : REPORT(REJECTED);
    stored.report = request->report;
    stored.receipt = receipt;
    stored.request_digest = core_bytes(digest_of_request, DIGEST_SIZE);
    stored.received_ms = now_ms;
    if ((rc = store_decided(db, task, header, &stored, out_share, err)) == 0) {
        rc = verify_reply(&stored, response, err);
    }
done:
    document_free(&receipt);
    prio3_state_free(&state);
    free(verifier_share);
    secret_free(out_share, sizes->out_share);
    return rc;
}

/* A reason is one of the leader's own, with no verifier share; else the share must be there. */
static bool leader_part_is_sound(const Weft__V1__VerifyRequest *request)
{
    if (request->leader_reject == REJECT(NONE)) {
        return request->verifier_share.len > 0;
    }
    return request->verifier_share.len == 0 && (request->leader_reject == REJECT(LEADER_DECRYPT) ||
                                                request->leader_reject == REJECT(LEADER_SHARE));
}

int intake_serve_verify(struct core *core, struct db *db, const char *leader,
                        const Weft__V1__VerifyRequest *request, int64_t now_ms, ProtobufCMessage **response,
                        struct err *err)
{
    Weft__V1__ReportHeader *header = NULL;
    uint8_t digest_of_request[DIGEST_SIZE];
    StoredReport *known = NULL;
    struct core_task *task = NULL;
    uint32_t revision = 0;
    int site = NONE, area, rc;

    if ((rc = find_report_task(core, request->report, &task, &site, &revision, err)) != 0) {
        return rc;
    }
    area = task->roster->sites[site].supervisor;
    if (task->self == NONE || task->roster->areas[area].helper != task->self ||
        strcmp(task->roster->coordinators[task->roster->areas[area].leader].wire->id, leader) != 0) {
        return err_set(err, ERR_NOT_ALLOWED, "not the leader and helper of this site");
    }
    if ((rc = report_check(&header, request->report, task->task, task->roster, area, err)) != 0 ||
        (rc = report_check_ciphertext(header, task->task, 1, request->helper, err)) != 0 ||
        (rc = request_digest(request, digest_of_request, err)) != 0 ||
        (rc = db_get_report(db, task->task->id, header->site, header->revision, &known, err)) != 0) {
        goto done;
    }
    if (known != NULL) { /* one request a report: the same one again gets the same answer, another one none */
        rc = known->request_digest.len == DIGEST_SIZE &&
                     memcmp(known->request_digest.data, digest_of_request, DIGEST_SIZE) == 0
                 ? verify_reply(known, response, err)
                 : err_set(err, ERR_REPORT_REPLAYED, "site %s: another request for the same report",
                           header->site);
        goto done;
    }
    if (!leader_part_is_sound(request)) {
        rc = err_set(err, ERR_MESSAGE_MALFORMED, "verifier share");
        goto done;
    }
    if (!task->has_hpke_key) {
        rc = err_set(err, ERR_KEY_SHEET_MISSING, "the helper has not adopted the task yet");
        goto done;
    }
    if ((rc = core_check_revoked(core, task->roster->sites[site].wire->tls_name, now_ms, err)) != 0 ||
        (rc = check_open(core, db, task, area, now_ms, MAX_SKEW_MS, err)) != 0 ||
        (rc = check_is_new(db, task, header, err)) != 0) {
        goto done;
    }
    rc = verify_new(core, db, task, area, header, request, digest_of_request, now_ms, response, err);
done:
    wire_free(&known);
    wire_free(&header);
    return rc;
}

/* ---- leader ---- */

static int add_verify_call(struct core_round *round, struct core_task *task,
                           const struct core_waiting *waiting, const char *key, struct err *err)
{
    const struct roster_site *site = &task->roster->sites[waiting->site];
    const char *helper = task->roster->coordinators[task->roster->areas[site->supervisor].helper].wire->id;
    const struct prio3_sizes *sizes = prio3_sizes(task->task->prio3);
    struct core_context *context = context_new(CALL_VERIFY, task->task->id, key);
    Weft__V1__VerifyRequest request = WEFT__V1__VERIFY_REQUEST__INIT;
    Weft__V1__ReportHeader *header = NULL;
    StoredReport *stored = NULL;
    int rc;

    if (context == NULL || (context->verifier_share = malloc(sizes->verifier_share)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "verification");
        goto done;
    }
    if ((rc = db_get_report(&round->db, task->task->id, site->wire->id, waiting->revision, &stored, err)) !=
        0) {
        goto done;
    }
    if (stored == NULL) {
        rc = err_set(err, ERR_STORE_CORRUPT, "waiting report of %s", site->wire->id);
        goto done;
    }
    if ((rc = document_body((ProtobufCMessage **)&header, stored->report, DOC(REPORT), err)) != 0 ||
        (rc = begin_verification(round->core, task, site->supervisor, 0, header, stored->leader,
                                 &context->state, context->verifier_share, &context->leader_reject, err)) !=
            0) {
        goto done;
    }
    context->site = waiting->site;
    context->revision = waiting->revision;
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.report = stored->report;
    request.helper = stored->helper;
    request.leader_reject = context->leader_reject;
    if (context->leader_reject == REJECT(NONE)) {
        request.verifier_share = core_bytes(context->verifier_share, sizes->verifier_share);
    }
    rc = round_add(round, helper, CORE_VERIFY, &request.base, context, err);
    context = NULL;
done:
    context_free(&context);
    wire_free(&header);
    wire_free(&stored);
    return rc;
}

/* The area is frozen, or the order made without it: what still waits there is late. */
static int end_waiting(struct core_round *round, struct core_task *task, struct err *err)
{
    for (size_t i = task->num_waiting; i-- > 0;) {
        const struct core_waiting waiting = task->waiting[i];
        const struct roster_site *site = &task->roster->sites[waiting.site];
        StoredReport *stored = NULL;
        int rc;
        if (task->view->freezes[site->supervisor].document == NULL && view_order_of(task->view, site->supervisor)->document == NULL) {
            continue;
        }
        if ((rc = db_get_report(&round->db, task->task->id, site->wire->id, waiting.revision, &stored,
                                err)) != 0) {
            return rc;
        }
        if (stored != NULL) {
            stored->state = REPORT(LATE);
            rc = db_put_report(&round->db, task->task->id, site->wire->id, waiting.revision, stored, err);
            wire_free(&stored);
        }
        if (rc != 0) {
            return rc;
        }
        log_warn("report not verified in time", LOG_TEXT("site", site->wire->id),
                 LOG_UINT("revision", waiting.revision));
        drop_waiting(task, waiting.site, waiting.revision);
    }
    return 0;
}

int intake_due(struct core_round *round, struct core_task *task, struct err *err)
{
    char key[256], hex[HEX_SIZE(8)];
    int rc, num = 0;

    if ((rc = end_waiting(round, task, err)) != 0) {
        return rc;
    }
    for (size_t i = 0; i < task->num_waiting && num < MAX_VERIFY_CALLS; i++) {
        const struct core_waiting *waiting = &task->waiting[i];
        snprintf(key, sizeof key, "verify %s %s %" PRIu32, hex_encode(hex, task->task->id, 8),
                 task->roster->sites[waiting->site].wire->id, waiting->revision);
        if (waits_for_older(task, waiting) || !round_wants(round, key)) {
            continue;
        }
        if ((rc = add_verify_call(round, task, waiting, key, err)) != 0) {
            return rc;
        }
        num++;
    }
    return 0;
}

/* Is this the receipt of that very report, signed by the helper? */
static int check_receipt(const struct core_task *task, int area, const StoredReport *stored,
                         const Weft__V1__ReportHeader *header, const Weft__V1__Document *document,
                         Weft__V1__Receipt **receipt, struct err *err)
{
    const Weft__V1__Coordinator *helper = task->roster->coordinators[task->roster->areas[area].helper].wire;
    uint8_t digest[DIGEST_SIZE];
    int rc;

    if (document == NULL || document->n_signatures != 1 ||
        !document_is_signed(document, helper->id, helper->sign_key.data)) {
        return err_set(err, ERR_DOCUMENT_SIGNATURE, "receipt by %s", helper->id);
    }
    if ((rc = document_body((ProtobufCMessage **)receipt, document, DOC(RECEIPT), err)) != 0) {
        return rc;
    }
    document_digest(digest, stored->report);
    if ((*receipt)->task_id.len != TASK_ID_SIZE ||
        memcmp((*receipt)->task_id.data, task->task->id, TASK_ID_SIZE) != 0 ||
        strcmp((*receipt)->site, header->site) != 0 || (*receipt)->revision != header->revision ||
        (*receipt)->report_digest.len != DIGEST_SIZE ||
        memcmp((*receipt)->report_digest.data, digest, DIGEST_SIZE) != 0 ||
        (*receipt)->report_id.len != PRIO3_NONCE_SIZE ||
        memcmp((*receipt)->report_id.data, header->report_id.data, PRIO3_NONCE_SIZE) != 0) {
        return err_set(err, ERR_HELPER_DISAGREES, "site %s: the receipt is for another report", header->site);
    }
    if ((*receipt)->state != REPORT(ACCEPTED) && (*receipt)->state != REPORT(REJECTED)) {
        return err_set(err, ERR_HELPER_DISAGREES, "site %s: the receipt decides nothing", header->site);
    }
    return 0;
}

/* The leader's own decision must be the helper's. */
static int decide(const struct core_context *context, const struct core_task *task,
                  const Weft__V1__VerifyReply *reply, const Weft__V1__Receipt *receipt, uint8_t *out_share,
                  struct err *err)
{
    const struct prio3_sizes *sizes = prio3_sizes(task->task->prio3);
    Weft__V1__RejectReason reason = context->leader_reject;
    bool helper_accepts = receipt->state == REPORT(ACCEPTED);
    int rc;

    if (reason == REJECT(NONE) && reply->verifier_share.len > 0) {
        if ((rc = finish_verification(task, context->state, context->verifier_share, sizes->verifier_share,
                                      reply->verifier_share.data, reply->verifier_share.len, out_share,
                                      &reason, err)) != 0) {
            return rc;
        }
    } else if (reason == REJECT(NONE)) {
        reason = receipt->reason; /* the helper could not read its part: there is nothing to decide from */
        if (reason != REJECT(HELPER_DECRYPT) && reason != REJECT(HELPER_SHARE)) {
            return err_set(err, ERR_HELPER_DISAGREES, "site %s: no verifier share", receipt->site);
        }
    }
    if (helper_accepts != (reason == REJECT(NONE)) || receipt->reason != reason) {
        return err_set(err, ERR_HELPER_DISAGREES, "site %s: leader finds %d, helper %d", receipt->site,
                       (int)reason, (int)receipt->reason);
    }
    return 0;
}

int intake_answer(struct core *core, struct db *db, struct core_call *call,
                  const Weft__V1__VerifyReply *reply, struct err *err)
{
    const struct core_context *context = call->context;
    ProtobufCBinaryData task_id = core_bytes(context->task, TASK_ID_SIZE);
    struct core_task *task = core_find_task(core, &task_id);
    const struct roster_site *site = task == NULL ? NULL : &task->roster->sites[context->site];
    Weft__V1__ReportHeader *header = NULL;
    Weft__V1__Document *both = NULL;
    Weft__V1__Receipt *receipt = NULL;
    StoredReport *stored = NULL;
    StoredReport decided = WEFT__STORE__V1__STORED_REPORT__INIT;
    uint8_t *out_share = NULL;
    int rc;

    if (task == NULL) {
        return 0;
    }
    if ((rc = db_get_report(db, task->task->id, site->wire->id, context->revision, &stored, err)) != 0) {
        return rc;
    }
    if (stored == NULL || stored->state != REPORT(WAITING)) {
        goto done; /* answered before */
    }
    if ((out_share = malloc(prio3_sizes(task->task->prio3)->out_share)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "output share");
        goto done;
    }
    if ((rc = document_body((ProtobufCMessage **)&header, stored->report, DOC(REPORT), err)) != 0 ||
        (rc = check_receipt(task, site->supervisor, stored, header, reply->receipt, &receipt, err)) != 0 ||
        (rc = decide(context, task, reply, receipt, out_share, err)) != 0 ||
        (rc = document_copy(&both, reply->receipt, err)) != 0 ||
        (rc = document_sign(&both, core->id, core->options.sign_key, err)) != 0) {
        goto done;
    }
    decided.state = receipt->state;
    decided.report = stored->report;
    decided.receipt = both;
    decided.received_ms = stored->received_ms;
    if ((rc = store_decided(db, task, header, &decided, out_share, err)) == 0) {
        drop_waiting(task, context->site, context->revision);
        task->is_dirty = true;
        log_info(decided.state == REPORT(ACCEPTED) ? "report accepted" : "report rejected",
                 LOG_TEXT("site", site->wire->id), LOG_UINT("revision", context->revision),
                 LOG_INT("reason", receipt->reason));
    }
done:
    wire_free(&receipt);
    document_free(&both);
    wire_free(&header);
    wire_free(&stored);
    secret_free(out_share, task == NULL ? 0 : prio3_sizes(task->task->prio3)->out_share);
    return rc;
}
