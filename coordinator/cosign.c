/* cosign.c - documents of a pair: the leader proposes, the helper checks by itself and signs, both keep it.
 *
 * A document is proposed when its predecessors are there, or when the task's deadline for them has passed.
 * The helper asks the same question with its own clock, so that a leader cannot close early and leave someone
 * out. */
#include "coordinator/core_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/wire.h"
#include "coordinator/contacts.h"

/* ---- when is it time ---- */

static bool all_freezes(const struct core_task *task)
{
    if (task->view->num_parts > 0) {
        return view_parts_are_decided(task->view);
    }
    for (int area = 0; area < task->roster->num_areas; area++) {
        if (task->view->freezes[area].document == NULL && view_num_supervised(task->view, area) > 0) {
            return false;
        }
    }
    return true;
}

/* Is there a document in `held` for every area of the root that has this opening? */
static bool all_opened(const struct core_task *task, int root, const struct view_document *held,
                       Weft__V1__Scope scope, Weft__V1__Stage stage)
{
    for (int area = 0; area < task->roster->num_areas; area++) {
        struct opening opening = {area, scope, stage};
        if (held[area].document == NULL && view_takes_part(task->view, root, area) && view_opening_is_allowed(task->view, &opening)) {
            return false;
        }
    }
    return true;
}

/* Until then leader and helper try to settle what they differ on; after it, it may be dropped. Halfway to the
 * order, so that the rest of the area still makes it. */
static int64_t settle_ms(const struct core_task *task)
{
    struct view_times times = view_times(task->view);

    return times.close_ms + (times.order_ms - times.close_ms) / 2;
}

/* Verifications under way may end first, for as long as the helper still takes them. */
static bool is_draining(const struct core_task *task, int area, int64_t now_ms)
{
    int64_t close_ms = view_times(task->view).close_ms;

    return intake_has_waiting(task, area) && now_ms < settle_ms(task) && now_ms < close_ms + MAX_SKEW_MS;
}

static bool is_subtree(const struct core_task *task, int area)
{
    return task->roster->areas[area].parent == task->roster->top;
}

/* Has every subtree that takes reports, having gone on by itself, come to its pattern? */
static bool all_subtrees(const struct core_task *task)
{
    for (int area = 0; area < task->roster->num_areas; area++) {
        int subtree = view_subtree(task->view, area);
        if (subtree != NONE && view_num_supervised(task->view, area) > 0 &&
            task->view->patterns[subtree].document == NULL) {
            return false;
        }
    }
    return true;
}

/* Were the subtrees given the time of a step to bring their patterns, since the fallback and since this program runs? */
static bool waited_for_subtrees(const struct core_task *task, int64_t now_ms)
{
    const struct view_times times = view_times(task->view);

    return now_ms >= view_late_order_ms(task->view) && task->began_ms != 0 &&
           now_ms >= task->began_ms + times.plan_ms - times.order_ms;
}

/* An order of the top comes in time or, late, after its subtrees'; one of a subtree if the top's did not come. */
static bool is_time_for_order(const struct core_task *task, int root, int64_t now_ms)
{
    const struct view_times times = view_times(task->view);

    if (times.fallback_ms != 0 && now_ms >= times.fallback_ms) {
        return root != task->roster->top || all_subtrees(task) || waited_for_subtrees(task, now_ms);
    }
    return root == task->roster->top && view_base_is_ready(task->view) &&
           (times.fallback_ms == 0 || now_ms <= times.order_deadline_ms + MAX_SKEW_MS) &&
           (now_ms >= times.order_ms || all_freezes(task));
}

static int is_time(const struct core *core, struct db *db, struct core_task *task,
                   Weft__V1__DocumentType type, int area, int64_t now_ms, bool *due, struct err *err)
{
    const struct view *view = task->view;

    switch (type) {
    case DOC(FREEZE):
        if (is_draining(task, area, now_ms)) {
            *due = false;
            return 0;
        }
        return intake_is_closed(core, db, task, area, now_ms, due, err);
    case DOC(ORDER):
        *due = is_time_for_order(task, area, now_ms);
        return 0;
    case DOC(CONTRIBUTES):
        *due = view_order_of(view, area)->document != NULL;
        return 0;
    case DOC(PLAN):
        *due = view_held(view, DOC(ORDER), area)->document != NULL &&
               (now_ms >= view_deadline(view, type, area) ||
                all_opened(task, area, view->contributes, SCOPE(BLOCK), STAGE(CONTRIBUTES)));
        return 0;
    case DOC(STATES):
        *due = view_plan_of(view, area)->document != NULL;
        return 0;
    case DOC(PATTERN):
        *due = view_held(view, DOC(PLAN), area)->document != NULL &&
               (now_ms >= view_deadline(view, type, area) ||
                all_opened(task, area, view->states, SCOPE(TOTAL), STAGE(VALUES)));
        return 0;
    case DOC(RELEASE):
        *due = view_pattern_of(view, area)->document != NULL;
        return 0;
    case DOC(NOTE):
        *due = view->releases[area].document != NULL;
        return 0;
    default:
        *due = false;
        return 0;
    }
}

/* ---- freeze ---- */

struct freeze_build {
    Weft__V1__FrozenReport *reports, **list;
    uint8_t (*ids)[PRIO3_NONCE_SIZE], (*digests)[DIGEST_SIZE];
    char **dropped;
    Weft__V1__RejectedReport *rejected, **rejected_list;
};

static void freeze_build_clear(struct freeze_build *build)
{
    free(build->reports);
    free(build->list);
    free(build->ids);
    free(build->digests);
    free(build->dropped);
    free(build->rejected);
    free(build->rejected_list);
}

/* Leader and helper hold the same receipt, and so the same time. */
static int receipt_time(const StoredReport *stored, int64_t *time_ms, struct err *err)
{
    Weft__V1__Receipt *receipt = NULL;
    int rc = document_body((ProtobufCMessage **)&receipt, stored->receipt, DOC(RECEIPT), err);

    if (rc == 0) {
        *time_ms = receipt->time_ms;
    }
    wire_free(&receipt);
    return rc;
}

/* When the site's first report was accepted, whether a newer one replaced it or not. */
static int first_accepted(struct db *db, const struct core_task *task, const char *site, int64_t *time_ms,
                          struct err *err)
{
    StoredReport *stored = NULL;
    uint32_t revision = 0;
    bool found = false;
    int rc;

    while ((rc = db_next_report(db, task->task->id, site, revision, &stored, &revision, err)) == 0 &&
           stored != NULL && !found) {
        found = stored->state == REPORT(ACCEPTED) || stored->state == REPORT(SUPERSEDED);
        rc = found ? receipt_time(stored, time_ms, err) : 0;
        wire_free(&stored);
        if (rc != 0) {
            return rc;
        }
    }
    wire_free(&stored);
    return rc;
}

static int add_rejected(struct db *db, const struct core_task *task, char *site, struct freeze_build *build,
                        Weft__V1__Freeze *freeze, struct err *err)
{
    Weft__V1__Receipt *receipt = NULL;
    StoredReport *newest = NULL;
    int rc;

    if ((rc = db_get_report(db, task->task->id, site, 0, &newest, err)) == 0 && newest != NULL &&
        newest->state == REPORT(REJECTED) && newest->receipt != NULL &&
        (rc = document_body((ProtobufCMessage **)&receipt, newest->receipt, DOC(RECEIPT), err)) == 0) {
        Weft__V1__RejectedReport *entry = &build->rejected[freeze->n_rejected];
        weft__v1__rejected_report__init(entry);
        entry->site = site;
        entry->reason = receipt->reason;
        entry->time_ms = receipt->time_ms;
        build->rejected_list[freeze->n_rejected++] = entry;
    }
    wire_free(&receipt);
    wire_free(&newest);
    return rc;
}

static int add_frozen(struct db *db, const struct core_task *task, const struct roster *by, int site,
                      struct freeze_build *build, Weft__V1__Freeze *freeze, struct err *err)
{
    const Weft__V1__Site *wire = task->roster->sites[site].wire;
    Weft__V1__ReportHeader *header = NULL;
    StoredReport *accepted = NULL;
    uint32_t revision = 0;
    int64_t time_ms = 0, first_ms = 0;
    int rc;

    if ((rc = db_get_accepted(db, task->task->id, wire->id, &accepted, &revision, err)) != 0) {
        return rc;
    }
    if (accepted == NULL) {
        return add_rejected(db, task, wire->id, build, freeze, err);
    }
    if ((rc = receipt_time(accepted, &time_ms, err)) == 0 &&
        roster_revocation(by, wire->tls_name, time_ms) != NULL) { /* its admission had ended by then */
        build->dropped[freeze->n_dropped++] = wire->id;
    } else if (rc == 0 && (rc = first_accepted(db, task, wire->id, &first_ms, err)) == 0 &&
               (rc = document_body((ProtobufCMessage **)&header, accepted->report, DOC(REPORT), err)) == 0) {
        size_t i = freeze->n_reports++;
        Weft__V1__FrozenReport *report = &build->reports[i];
        memcpy(build->ids[i], header->report_id.data, PRIO3_NONCE_SIZE);
        document_digest(build->digests[i], accepted->report);
        weft__v1__frozen_report__init(report);
        report->site = wire->id;
        report->revision = revision;
        report->report_id = core_bytes(build->ids[i], PRIO3_NONCE_SIZE);
        report->report_digest = core_bytes(build->digests[i], DIGEST_SIZE);
        report->first_ms = first_ms;
        report->time_ms = time_ms;
        build->list[i] = report;
    }
    wire_free(&header);
    wire_free(&accepted);
    return rc;
}

/* All accepted reports of the area's sites, as this coordinator has them, judged by the revocations of `by`. */
static int build_freeze(struct db *db, const struct core_task *task, const struct roster *by, int area,
                        Weft__V1__Document **document, struct err *err)
{
    size_t max = (size_t)task->roster->num_sites + 1;
    Weft__V1__Freeze freeze = WEFT__V1__FREEZE__INIT;
    struct freeze_build build = {
        calloc(max, sizeof *build.reports), calloc(max, sizeof(Weft__V1__FrozenReport *)),
        calloc(max, sizeof *build.ids), calloc(max, sizeof *build.digests), calloc(max, sizeof(char *)),
        calloc(max, sizeof *build.rejected), calloc(max, sizeof(Weft__V1__RejectedReport *))};
    int rc = 0;

    if (build.reports == NULL || build.list == NULL || build.ids == NULL || build.digests == NULL ||
        build.dropped == NULL || build.rejected == NULL || build.rejected_list == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "freeze");
        goto done;
    }
    for (int i = 0; i < task->roster->num_sites; i++) {
        if (task->roster->sites[i].supervisor != area) {
            continue;
        }
        if (task->dropped[i]) {
            build.dropped[freeze.n_dropped++] = task->roster->sites[i].wire->id;
        } else if ((rc = add_frozen(db, task, by, i, &build, &freeze, err)) != 0) {
            goto done;
        }
    }
    freeze.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    freeze.area = task->roster->areas[area].wire->code;
    freeze.roster_version = by->wire->version;
    freeze.reports = build.list;
    freeze.dropped = build.dropped;
    freeze.rejected = build.rejected_list;
    rc = document_new(document, DOC(FREEZE), &freeze.base, err);
done:
    freeze_build_clear(&build);
    return rc;
}

static int freeze_differs(struct err *err, const char *site)
{
    err_set(err, ERR_FREEZE_DIFFERS, "site %s", site);
    return err_field(err, site);
}

/* The helper may have lost a superseded report's receipt, so it only sees to it that a site is not made later than it
 * was. */
static bool same_report(const Weft__V1__FrozenReport *a, const Weft__V1__FrozenReport *b)
{
    return strcmp(a->site, b->site) == 0 && a->revision == b->revision &&
           memcmp(a->report_id.data, b->report_id.data, PRIO3_NONCE_SIZE) == 0 &&
           memcmp(a->report_digest.data, b->report_digest.data, DIGEST_SIZE) == 0 &&
           a->time_ms == b->time_ms && a->first_ms <= b->first_ms;
}

static bool is_dropped(const Weft__V1__Freeze *freeze, const char *site)
{
    for (size_t i = 0; i < freeze->n_dropped; i++) {
        if (strcmp(freeze->dropped[i], site) == 0) {
            return true;
        }
    }
    return false;
}

/* The helper's own list against the leader's: both are ordered by site. What the helper has and the leader
 * leaves out must be dropped publicly. */
static int compare_freeze(const Weft__V1__Freeze *theirs, const Weft__V1__Freeze *own, struct err *err)
{
    size_t i = 0, k = 0;

    while (i < theirs->n_reports || k < own->n_reports) {
        int order = i == theirs->n_reports ? 1
                    : k == own->n_reports  ? -1
                                           : strcmp(theirs->reports[i]->site, own->reports[k]->site);
        if (order < 0) {
            return freeze_differs(err, theirs->reports[i]->site);
        }
        if (order > 0) {
            if (!is_dropped(theirs, own->reports[k]->site)) {
                return freeze_differs(err, own->reports[k]->site);
            }
            k++;
            continue;
        }
        if (!same_report(theirs->reports[i], own->reports[k])) {
            return freeze_differs(err, theirs->reports[i]->site);
        }
        i++;
        k++;
    }
    return 0;
}

/* What only the leader drops: it may do so once the time to settle is over. What the helper drops as revoked, the leader
 * must drop too. */
static int compare_dropped(const struct core_task *task, const Weft__V1__Freeze *theirs,
                           const Weft__V1__Freeze *own, int64_t now_ms, struct err *err)
{
    for (size_t i = 0; i < own->n_dropped; i++) {
        if (!is_dropped(theirs, own->dropped[i])) {
            return freeze_differs(err, own->dropped[i]);
        }
    }
    for (size_t i = 0; i < theirs->n_dropped; i++) {
        if (!is_dropped(own, theirs->dropped[i]) && now_ms < settle_ms(task)) {
            return freeze_differs(err, theirs->dropped[i]);
        }
    }
    return 0;
}

/* Whom the leader calls rejected, the helper must have rejected, for that reason, then. */
static int compare_rejected(const Weft__V1__Freeze *theirs, const Weft__V1__Freeze *own, struct err *err)
{
    for (size_t i = 0; i < theirs->n_rejected; i++) {
        const Weft__V1__RejectedReport *entry = theirs->rejected[i];
        bool found = false;
        for (size_t k = 0; k < own->n_rejected && !found; k++) {
            found = strcmp(entry->site, own->rejected[k]->site) == 0 &&
                    entry->reason == own->rejected[k]->reason && entry->time_ms == own->rejected[k]->time_ms;
        }
        if (!found) {
            return freeze_differs(err, entry->site);
        }
    }
    return 0;
}

/* Both judge by the newest roster that either holds: the helper waits for the leader's, the leader fetches the helper's. */
static int check_judged_by(const struct core *core, const Weft__V1__Freeze *theirs, struct err *err)
{
    uint32_t newest = core_newest_roster(core)->wire->version;

    if (theirs->roster_version > newest) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "freeze under roster version %" PRIu32,
                       theirs->roster_version);
    }
    return theirs->roster_version == newest
               ? 0
               : err_set(err, ERR_ROSTER_OLDER, "freeze under version %" PRIu32 ", the newest is %" PRIu32,
                         theirs->roster_version, newest);
}

static int check_freeze_against_own(const struct core *core, struct db *db, const struct core_task *task,
                                    int area, const Weft__V1__Document *document, int64_t now_ms,
                                    struct err *err)
{
    Weft__V1__Freeze *theirs = NULL, *own = NULL;
    Weft__V1__Document *own_document = NULL;
    int rc;

    if ((rc = document_body((ProtobufCMessage **)&theirs, document, DOC(FREEZE), err)) == 0 &&
        (rc = check_judged_by(core, theirs, err)) == 0 &&
        (rc = build_freeze(db, task, core_newest_roster(core), area, &own_document, err)) == 0 &&
        (rc = document_body((ProtobufCMessage **)&own, own_document, DOC(FREEZE), err)) == 0 &&
        (rc = compare_dropped(task, theirs, own, now_ms, err)) == 0 &&
        (rc = compare_rejected(theirs, own, err)) == 0) {
        rc = compare_freeze(theirs, own, err);
    }
    wire_free(&own);
    document_free(&own_document);
    wire_free(&theirs);
    return rc;
}

/* ---- proposing ---- */

/* The kinds that leader and helper of one area sign together. */
static bool is_of_a_pair(Weft__V1__DocumentType type)
{
    return type == DOC(FREEZE) || type == DOC(CONTRIBUTES) || type == DOC(STATES) || type == DOC(RELEASE) ||
           type == DOC(NOTE);
}

/* Those that the top signs for the whole tree, or a child of it for its subtree. */
static bool is_of_a_root(Weft__V1__DocumentType type)
{
    return type == DOC(ORDER) || type == DOC(PLAN) || type == DOC(PATTERN);
}

/* A revision starts from what was opened before: nothing more is then. */
static bool is_revised(const struct core *core, const struct core_task *task)
{
    for (size_t i = 0; i < core->num_tasks; i++) {
        if (core->tasks[i].view->base == task->view) {
            return true;
        }
    }
    return false;
}

/* May the area have an order of its own? If it has reports and no order of the top counts any of them. */
static bool may_go_on_alone(const struct core *core, const struct core_task *task, int area)
{
    bool has_freeze = false, is_counted = false;

    for (int i = 0; i < task->roster->num_areas; i++) {
        has_freeze |= task->view->freezes[i].document != NULL && roster_is_within(task->roster, i, area);
    }
    for (int i = 0; task->view->order.document != NULL && i < task->roster->num_sites; i++) {
        is_counted |= task->view->site_is_frozen[i] &&
                      roster_is_within(task->roster, task->roster->sites[i].area, area);
    }
    return task->task->wire->fallback_ms != 0 && is_subtree(task, area) && has_freeze && !is_counted &&
           !is_revised(core, task);
}

/* May a document of this kind exist for the area at all? */
static bool is_wanted(const struct core *core, const struct core_task *task, Weft__V1__DocumentType type, int area)
{
    struct opening total = {area, SCOPE(TOTAL), STAGE(VALUES)};

    if (is_of_a_root(type)) {
        return area == task->roster->top || task->view->orders[area].document != NULL ||
               (type == DOC(ORDER) && may_go_on_alone(core, task, area));
    }
    if (type == DOC(FREEZE)) {
        return task->view->num_parts == 0 && view_num_supervised(task->view, area) > 0;
    }
    return (type != DOC(STATES) && type != DOC(RELEASE)) || view_opening_is_allowed(task->view, &total);
}

static int build(struct core *core, struct db *db, struct core_task *task, Weft__V1__DocumentType type,
                 int area, int64_t now_ms, Weft__V1__Document **document, struct err *err)
{
    int64_t fallback_ms = view_times(task->view).fallback_ms;

    switch (type) {
    case DOC(FREEZE):
        return build_freeze(db, task, core_newest_roster(core), area, document, err);
    case DOC(ORDER):
    case DOC(PLAN):
    case DOC(PATTERN):
        return view_build(task->view, type, area,
                          area == task->roster->top && fallback_ms != 0 && now_ms >= fallback_ms, document, err);
    case DOC(CONTRIBUTES):
        return release_build_contributes(core, db, task, area, document, err);
    case DOC(STATES):
        return release_build_states(core, db, task, area, document, err);
    default:
        return release_build(core, db, task, area, document, err);
    }
}

int cosign_ask(struct core_round *round, struct core_task *task, int area, const char *key,
               Weft__V1__Document **document, struct err *err)
{
    struct core *core = round->core;
    const char *helper = task->roster->coordinators[task->roster->areas[area].helper].wire->id;
    Weft__V1__CoSignRequest request = WEFT__V1__CO_SIGN_REQUEST__INIT;
    struct core_context *context;
    int rc;

    if ((rc = view_stamp(task->view, document, round->now_ms, err)) != 0 ||
        (rc = document_sign(document, core->id, core->options.sign_key, err)) != 0) {
        return rc;
    }
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.document = *document;
    if ((context = context_new(CALL_COSIGN, task->task->id, key)) != NULL) {
        context->area = area;
    }
    return round_add(round, helper, CORE_CO_SIGN, &request.base, context, err);
}

static int propose(struct core_round *round, struct core_task *task, Weft__V1__DocumentType type, int area,
                   struct err *err)
{
    struct core *core = round->core;
    Weft__V1__Document *document = NULL;
    char key[256], hex[HEX_SIZE(8)];
    bool due;
    int rc;

    snprintf(key, sizeof key, "cosign %s %s %s", hex_encode(hex, task->task->id, 8), document_type_name(type),
             task->roster->areas[area].wire->code);
    if (view_held(task->view, type, area)->document != NULL || !is_wanted(core, task, type, area) ||
        !round_wants(round, key)) {
        return 0;
    }
    if ((rc = is_time(core, &round->db, task, type, area, round->now_ms, &due, err)) != 0 || !due ||
        (rc = build(core, &round->db, task, type, area, round->now_ms, &document, err)) != 0 || document == NULL) {
        return rc;
    }
    rc = cosign_ask(round, task, area, key, &document, err);
    document_free(&document);
    return rc;
}

int cosign_due(struct core_round *round, struct core_task *task, struct err *err)
{
    static const Weft__V1__DocumentType types[] = {DOC(FREEZE), DOC(ORDER),   DOC(CONTRIBUTES), DOC(PLAN),
                                                   DOC(STATES), DOC(PATTERN), DOC(RELEASE)};
    struct err why = {0};
    int rc;

    for (int area = 0; area < task->roster->num_areas; area++) {
        if (task->roster->areas[area].leader != task->self) {
            continue;
        }
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            rc = propose(round, task, types[i], area, &why);
            if (rc == ERR_RELEASE_DIFFERS ||
                rc == ERR_SHARE_UNREADABLE) { /* this area only: the others go on */
                log_error("document not made", LOG_TEXT("area", task->roster->areas[area].wire->code),
                          LOG_ERR(&why));
            } else if (rc != 0) {
                *err = why;
                return rc;
            }
        }
    }
    return 0;
}

/* ---- the helper ---- */

/* The task and area that a proposed document speaks of, and whether this pair may sign it. */
static int find_proposal(struct core *core, const Weft__V1__Document *document, const char *leader,
                         struct core_task **task, int *area, struct err *err)
{
    ProtobufCMessage *body = NULL;
    const ProtobufCBinaryData *task_id;
    const Weft__V1__Coordinator *wire;
    int rc;

    if ((rc = document_body(&body, document, document->type, err)) != 0) {
        return rc;
    }
    task_id = core_body_task_id(body);
    *task = task_id == NULL ? NULL : core_find_task(core, task_id);
    if (*task == NULL || (*task)->self == NONE) {
        rc = err_set(err, ERR_TASK_UNKNOWN, "%s to sign", document_type_name(document->type));
        goto done;
    }
    if ((rc = core_check_alone(core, *task, err)) != 0) {
        goto done;
    }
    *area = is_of_a_root(document->type) && core_body_area(body)[0] == '\0' ? (*task)->roster->top
            : !(is_of_a_root(document->type) || is_of_a_pair(document->type)) || !id_is_valid(core_body_area(body))
                ? NONE
                : roster_find_area((*task)->roster, core_body_area(body));
    if (*area == NONE || (*task)->roster->areas[*area].helper != (*task)->self ||
        strcmp((*task)->roster->coordinators[(*task)->roster->areas[*area].leader].wire->id, leader) != 0) {
        rc = err_set(err, ERR_NOT_ALLOWED, "%s is not for this pair to sign",
                     document_type_name(document->type));
        goto done;
    }
    wire = (*task)->roster->coordinators[(*task)->roster->areas[*area].leader].wire;
    if (document->n_signatures != 1 || !document_is_signed(document, wire->id, wire->sign_key.data)) {
        rc = err_set(err, ERR_DOCUMENT_SIGNATURE, "%s by %s", document_type_name(document->type), leader);
    }
done:
    wire_free(&body);
    return rc;
}

/* Documents held of areas that take part in what the root signs. */
static size_t num_held(const struct core_task *task, int root, const struct view_document *held)
{
    size_t num = 0;

    for (int area = 0; area < task->roster->num_areas; area++) {
        num += held[area].document != NULL && view_takes_part(task->view, root, area);
    }
    return num;
}

static size_t num_ready_parts(const struct view *view)
{
    size_t num = 0;

    for (size_t i = 0; i < view->num_parts; i++) {
        num += view_is_ready_as_part(view->parts[i]);
    }
    return num;
}

static size_t num_consents(const struct core_task *task)
{
    size_t num = 0;

    for (int site = 0; site < task->roster->num_sites; site++) {
        num += task->view->consents[site].document != NULL;
    }
    return num;
}

/* A late order names all patterns of subtrees, and of freezes those in no subtree alone. */
static bool order_names_all(const struct core_task *task, int root, const Weft__V1__Order *order)
{
    size_t freezes = 0, patterns = 0;
    bool is_late = root == task->roster->top && order->area[0] != '\0';

    for (int area = 0; area < task->roster->num_areas; area++) {
        freezes += task->view->freezes[area].document != NULL && roster_is_within(task->roster, area, root) &&
                   !(is_late && view_subtree(task->view, area) != NONE);
        patterns += is_late && task->view->patterns[area].document != NULL;
    }
    return order->n_freezes == freezes && order->n_subtrees == patterns && order->n_consents == num_consents(task) &&
           order->n_parts == num_ready_parts(task->view);
}

/* An order, plan or pattern rests on all predecessors that the helper holds: its leader must not choose among
 * them. (That those named are held, each once, view_check has found.) */
static int check_names_all(const struct core_task *task, int root, const Weft__V1__Document *document,
                           struct err *err)
{
    ProtobufCMessage *body = NULL;
    size_t num_others = 0;
    bool all = true;
    int rc;

    if (!is_of_a_root(document->type)) {
        return 0;
    }
    if ((rc = document_body(&body, document, document->type, err)) != 0) {
        return rc;
    }
    if (document->type == DOC(ORDER)) {
        all = order_names_all(task, root, (const Weft__V1__Order *)body);
    } else if (document->type == DOC(PLAN)) {
        all = ((const Weft__V1__Plan *)body)->n_contributes == num_held(task, root, task->view->contributes);
    } else if ((rc = view_num_context(task->view, &num_others, err)) == 0) {
        const Weft__V1__Pattern *pattern = (const Weft__V1__Pattern *)body;
        all = pattern->n_states == num_held(task, root, task->view->states) && pattern->n_others == num_others;
    }
    wire_free(&body);
    return rc != 0 ? rc
           : all   ? 0
               : err_set(err, ERR_ORDER_DIFFERS, "%s leaves out what the helper holds",
                         document_type_name(document->type));
}

/* Its time is the leader's word; the helper's signature says that it was about then. */
static int check_clock(const Weft__V1__Document *document, int64_t now_ms, struct err *err)
{
    ProtobufCMessage *body = NULL;
    const int64_t *time;
    int rc;

    if ((rc = document_body(&body, document, document->type, err)) != 0) {
        return rc;
    }
    time = document_body_time(body);
    if (time != NULL && (*time < now_ms - MAX_SKEW_MS || *time > now_ms + MAX_SKEW_MS)) {
        rc = err_set(err, ERR_CLOCKS_DIFFER, "%s proposed at %" PRId64 ", the helper's clock says %" PRId64,
                     document_type_name(document->type), *time, now_ms);
    }
    wire_free(&body);
    return rc;
}

static int check_proposal(const struct core *core, struct db *db, struct core_task *task, int area,
                          const Weft__V1__Document *document, int64_t now_ms, struct err *err)
{
    bool due;
    int rc;

    if (!is_wanted(core, task, document->type, area)) {
        return err_set(err, ERR_DOCUMENT_NOT_NEEDED, "%s", document_type_name(document->type));
    }
    if ((rc = is_time(core, db, task, document->type, area, now_ms + MAX_SKEW_MS, &due, err)) != 0) {
        return rc;
    }
    if (!due) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "%s: not time yet", document_type_name(document->type));
    }
    if ((rc = view_check(task->view, document, err)) != 0 || (rc = check_clock(document, now_ms, err)) != 0 ||
        (rc = check_names_all(task, area, document, err)) != 0) {
        return rc;
    }
    if (document->type == DOC(FREEZE)) {
        return check_freeze_against_own(core, db, task, area, document, now_ms + MAX_SKEW_MS, err);
    }
    return document->type == DOC(CONTRIBUTES) || document->type == DOC(RELEASE)
               ? release_check_own_share(db, task, document, err)
               : 0;
}

/* What stands in the place of a document that is proposed; NULL: nothing. */
static const Weft__V1__Document *held_like(const struct view *view, const Weft__V1__Document *document, int area)
{
    const struct view_document *held;
    Weft__V1__Note *note = NULL;

    if (document->type != DOC(NOTE)) {
        return view_held(view, document->type, area)->document;
    }
    if (document_body((ProtobufCMessage **)&note, document, DOC(NOTE), NULL) != 0) {
        return NULL;
    }
    held = view_note(view, note->area, note->indicator, note->number);
    wire_free(&note);
    return held == NULL ? NULL : held->document;
}

/* Nothing else may ever have been signed in the document's place, whatever the store knows. */
static int promise(const struct core *core, const struct core_task *task, const Weft__V1__Document *document,
                   struct err *err)
{
    char key[VIEW_KEY_MAX];
    int rc = view_document_key(key, document, err);

    return rc != 0 ? rc : signed_promise(core->options.signed_log, task->task->id, key, document, err);
}

int cosign_serve(struct core *core, struct db *db, const char *leader, const Weft__V1__CoSignRequest *request,
                 int64_t now_ms, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__CoSignReply reply = WEFT__V1__CO_SIGN_REPLY__INIT;
    const Weft__V1__Document *known;
    Weft__V1__Document *both = NULL;
    struct core_task *task;
    int area = NONE, rc;
    bool is_new;

    if (request->document == NULL) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "nothing to sign");
    }
    if ((rc = find_proposal(core, request->document, leader, &task, &area, err)) != 0) {
        return rc;
    }
    if ((known = held_like(task->view, request->document, area)) != NULL) {
        if (!document_same_but_time(known, request->document)) { /* asked again later: the same */
            return err_set(err, ERR_DOCUMENT_CONFLICT, "another %s is signed already",
                           document_type_name(request->document->type));
        }
        reply.document = (Weft__V1__Document *)(uintptr_t)known;
        rc = promise(core, task, known, err);
        return rc != 0 ? rc : core_own_message(response, &reply.base, err);
    }
    if ((rc = check_proposal(core, db, task, area, request->document, now_ms, err)) != 0 ||
        (rc = promise(core, task, request->document, err)) != 0 ||
        (rc = document_copy(&both, request->document, err)) != 0) {
        return rc;
    }
    if ((rc = document_sign(&both, core->id, core->options.sign_key, err)) == 0 &&
        (rc = exchange_take(core, db, both, &is_new, err)) == 0) {
        reply.document = both;
        rc = core_own_message(response, &reply.base, err);
    }
    document_free(&both);
    return rc;
}

/* ---- the leader hears back ---- */

/* The site of the freeze's area that the helper names; NONE if it names none. */
static int site_named(const struct core_task *task, const Weft__V1__Document *document,
                      const struct err *failure)
{
    Weft__V1__Freeze *freeze = NULL;
    int site = roster_find_site(task->roster, failure->field);

    if (site == NONE || document_body((ProtobufCMessage **)&freeze, document, DOC(FREEZE), NULL) != 0) {
        return NONE;
    }
    if (task->roster->sites[site].supervisor != roster_find_area(task->roster, freeze->area)) {
        site = NONE; /* another helper's business */
    }
    wire_free(&freeze);
    return site;
}

/* A freeze on which both still differ when the time to settle is over loses the site that they differ on,
 * publicly. */
static void note_refusal(struct core *core, struct core_task *task, const struct core_call *call,
                         const struct err *failure, int64_t now_ms)
{
    const Weft__V1__CoSignRequest *request = (const Weft__V1__CoSignRequest *)call->request;
    int site;

    log_warn("helper did not sign", LOG_TEXT("document", document_type_name(request->document->type)),
             LOG_TEXT("helper", call->destination), LOG_ERR(failure));
    if (failure->code == ERR_ROSTER_OLDER) {
        snprintf(core->newer_at, sizeof core->newer_at, "%s", call->destination);
    }
    if (failure->code == ERR_FREEZE_DIFFERS && now_ms >= settle_ms(task) &&
        (site = site_named(task, request->document, failure)) != NONE) {
        task->dropped[site] = true;
        log_error("report dropped: leader and helper do not agree on it", LOG_TEXT("site", failure->field));
    }
}

int cosign_answer(struct core *core, struct db *db, struct core_call *call,
                  const Weft__V1__CoSignReply *reply, const struct err *failure, int64_t now_ms,
                  struct err *err)
{
    const Weft__V1__CoSignRequest *request = (const Weft__V1__CoSignRequest *)call->request;
    ProtobufCBinaryData task_id = core_bytes(call->context->task, TASK_ID_SIZE);
    struct core_task *task = core_find_task(core, &task_id);
    struct contacts_document proposed;
    bool is_new;
    int rc;

    if (task == NULL) {
        return 0;
    }
    proposed = (struct contacts_document){task->task->id, request->document->type,
                                          task->roster->areas[call->context->area].wire->code};
    if (reply == NULL) {
        note_refusal(core, task, call, failure, now_ms);
        return contacts_refused(db, &proposed, call->destination, failure, now_ms, err);
    }
    if (reply->document == NULL || !document_same_but_time(reply->document, request->document)) {
        return err_set(err, ERR_HELPER_DISAGREES, "another document came back");
    }
    if ((rc = promise(core, task, reply->document, err)) == 0 &&
        (rc = exchange_take(core, db, reply->document, &is_new, err)) == 0) {
        rc = contacts_signed(db, &proposed, err);
    }
    return rc;
}
