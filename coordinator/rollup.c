/* rollup.c - sums of output shares on their way up: one share an opening, never one a bucket.
 *
 * For each opening that the order or the plan allows, a coordinator adds what it holds of it (its own frozen
 * reports and what its children on the same side passed up) and, once complete, passes one sum on: to its
 * parent, or, where it holds all of the opening on its side, sealed to the collector of the area. Everything
 * is sealed with randomness derived from the content, so that sending again gives the same bytes. */
#include "coordinator/core_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define NAME_MAX_LEN  (OPENING_NAME_MAX + ID_MAX + 16)
#define SEND_AGAIN_MS 60000 /* a share whose outcome does not come */

/* ---- who holds what ---- */

/* Which child passes up the part that was reported in `supervisor`? Walks from there up to the first area
 * that `coordinator` serves. NONE: the coordinator holds it itself. -2: it is not on the way to the sealer.
 */
#define NOT_ON_THE_WAY (-2)
static int child_on_path(const struct core_task *task, int coordinator, int supervisor, int sealer)
{
    const struct roster *roster = task->roster;
    int child = NONE;

    for (int area = supervisor; area != NONE; area = roster->areas[area].parent) {
        int station = roster_station(roster, area, task->side);
        if (station == coordinator) {
            return child;
        }
        if (area == sealer) {
            break;
        }
        child = station;
    }
    return NOT_ON_THE_WAY;
}

/* May this coordinator hold a part? Only if an area that it serves, the highest of which is its top_area, lies on the way
 * up from a site of the opening: then one of the two areas lies within the other. */
static bool may_have_part(const struct core_task *task, const struct opening *opening)
{
    int served = task->roster->coordinators[task->self].top_area;

    return served != NONE && (roster_is_within(task->roster, opening->area, served) ||
                              roster_is_within(task->roster, served, opening->area));
}

struct parts {
    bool *own;        /* by site */
    bool *from_child; /* by coordinator */
    bool any;
};

static void parts_clear(struct parts *parts)
{
    free(parts->own);
    free(parts->from_child);
}

static int find_parts(struct parts *parts, const struct core_task *task, const struct opening *opening,
                      struct err *err)
{
    int sealer = view_opening_sealer(task->view, opening);

    *parts =
        (struct parts){calloc((size_t)task->roster->num_sites + 1, sizeof *parts->own),
                       calloc((size_t)task->roster->num_coordinators + 1, sizeof *parts->from_child), false};
    if (parts->own == NULL || parts->from_child == NULL) {
        parts_clear(parts);
        return err_set(err, ERR_NO_MEMORY, "shares");
    }
    for (int i = 0; i < task->roster->num_sites; i++) {
        int child;
        if (!view_opening_has_any(task->view, opening, i)) {
            continue;
        }
        child = child_on_path(task, task->self, task->roster->sites[i].supervisor, sealer);
        if (child == NOT_ON_THE_WAY) {
            continue;
        }
        parts->any = true;
        if (child == NONE) {
            parts->own[i] = true;
        } else {
            parts->from_child[child] = true;
        }
    }
    return 0;
}

/* ---- adding up ---- */

static char *share_name(char out[NAME_MAX_LEN], const struct view *view, const struct opening *opening,
                        const char *sender)
{
    char name[OPENING_NAME_MAX];

    snprintf(out, NAME_MAX_LEN, "share %s from %s", view_opening_name(view, opening, name), sender);
    return out;
}

/* The frozen report of a site, as the freeze of the task that it reported to names it. */
static const Weft__V1__FrozenReport *frozen_report(const struct view *reported, int site)
{
    const struct roster_site *where = &reported->roster->sites[site];
    const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)reported->freezes[where->supervisor].body;

    for (size_t i = 0; freeze != NULL && i < freeze->n_reports; i++) {
        if (strcmp(freeze->reports[i]->site, where->wire->id) == 0) {
            return freeze->reports[i];
        }
    }
    return NULL;
}

/* Where the slot's number stands in the report that the site gave to `reported`, this task or one that it revises;
 * NONE: it counts as 0. Whoever entered a total before changes nothing by an older report; whoever waits since the
 * first task is new with all that it contributes. */
static int slot_in(const struct view *view, const struct view *reported, int site, int slot)
{
    const struct task_series *series = &view->task->series[view->task->wire->slots[slot]->series];

    if (slot != series->changed) {
        return task_slot_before(view->task, reported->task, slot);
    }
    if (!view_is_unreleased(view, site)) {
        return NONE;
    }
    slot = task_slot_before(view->task, reported->task, slot);
    return slot != NONE ? slot : task_slot_before(view->task, reported->task, series->contributes);
}

/* The output share of the site's newest report. */
static int open_newest(struct core_round *round, const struct view *reported, int site, uint8_t *share,
                       struct err *err)
{
    const Weft__V1__FrozenReport *frozen = reported == NULL ? NULL : frozen_report(reported, site);
    StoredReport *stored = NULL;
    const char *id;
    int rc;

    if (frozen == NULL) {
        return err_set(err, ERR_INTERNAL, "a site is not in its freeze");
    }
    id = reported->roster->sites[site].wire->id;
    if ((rc = db_get_report(&round->db, reported->task->id, id, frozen->revision, &stored, err)) != 0) {
        return rc;
    }
    if (stored == NULL || stored->state != REPORT(ACCEPTED)) {
        rc = err_set(err, ERR_STORE_RESTORED, "the frozen report of %s is not here", id);
    } else {
        rc = db_open_out_share(&round->db, reported->task->id, id, &stored->out_share, share,
                               prio3_sizes(reported->task->prio3)->out_share, err);
    }
    wire_free(&stored);
    return rc;
}

/* Add the site's elements of `slots` to `sum`; slots of series that it has no part in stay as they are. */
static int add_site(struct core_round *round, const struct core_task *task, const struct opening *opening,
                    int site, const int *slots, int num, uint8_t *sum, struct err *err)
{
    const struct view *reported = view_reported_in(task->view, site);
    size_t element = prio3_sizes(task->task->prio3)->element;
    size_t share_len = prio3_sizes((reported == NULL ? task->task : reported->task)->prio3)->out_share;
    uint8_t *share = malloc(share_len), *chosen = calloc((size_t)num + 1, element);
    int rc = share == NULL || chosen == NULL ? err_set(err, ERR_NO_MEMORY, "shares")
                                             : open_newest(round, reported, site, share, err);

    for (int i = 0; rc == 0 && i < num; i++) {
        int series = (int)task->task->wire->slots[slots[i]]->series;
        int from = slot_in(task->view, reported, site, slots[i]);
        if (from != NONE && view_opening_has(task->view, opening, series, site)) {
            memcpy(chosen + (size_t)i * element, share + (size_t)from * element, element);
        }
    }
    if (rc == 0 && prio3_accumulate(task->task->prio3, sum, chosen, (size_t)num) != PRIO3_OK) {
        rc = err_set(err, ERR_STORE_CORRUPT, "output share of %s", task->roster->sites[site].wire->id);
    }
    secret_free(share, share_len);
    secret_free(chosen, (size_t)num * element);
    return rc;
}

static int add_child(struct core_round *round, const struct core_task *task, const struct opening *opening,
                     int child, int num, uint8_t *sum, bool *complete, struct err *err)
{
    size_t wanted = (size_t)num * prio3_sizes(task->task->prio3)->element, len;
    char name[NAME_MAX_LEN];
    uint8_t *share = NULL;
    int rc;

    share_name(name, task->view, opening, task->roster->coordinators[child].wire->id);
    if ((rc = db_get_secret(&round->db, task->task->id, name, &share, &len, err)) != 0) {
        return rc;
    }
    if (share == NULL) {
        *complete = false;
        return 0;
    }
    if (len != wanted || prio3_accumulate(task->task->prio3, sum, share, (size_t)num) != PRIO3_OK) {
        rc = err_set(err, ERR_SHARE_UNREADABLE, "%s", name);
    }
    secret_free(share, len);
    return rc;
}

/* The sum of all parts; *complete says whether all were there. */
static int add_up(struct core_round *round, const struct core_task *task, const struct opening *opening,
                  const struct parts *parts, const int *slots, int num, uint8_t *sum, bool *complete,
                  struct err *err)
{
    int rc;

    *complete = true;
    for (int i = 0; i < task->roster->num_coordinators && *complete; i++) {
        if (parts->from_child[i] && (rc = add_child(round, task, opening, i, num, sum, complete, err)) != 0) {
            return rc;
        }
    }
    for (int i = 0; i < task->roster->num_sites && *complete; i++) {
        if (parts->own[i] && (rc = add_site(round, task, opening, i, slots, num, sum, err)) != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- passing on ---- */

static struct core_sent *find_sent(const struct core_task *task, const char *name)
{
    for (size_t i = 0; i < task->num_sent; i++) {
        if (strcmp(task->sent[i].opening, name) == 0) {
            return &task->sent[i];
        }
    }
    return NULL;
}

/* Has what the opening was made for come about? Then its share is not needed any more. */
static bool has_outcome(const struct view *view, const struct opening *opening)
{
    if (opening->stage == STAGE(CONTRIBUTES)) {
        return view->contributes[opening->area].document != NULL;
    }
    return opening->scope == SCOPE(TOTAL) ? view->releases[opening->area].document != NULL
                                          : view->states[opening->area].document != NULL;
}

static bool is_with_parent(const struct core_task *task, const struct opening *opening, const char *name, int64_t now_ms)
{
    const struct core_sent *sent = find_sent(task, name);

    return sent != NULL && (now_ms < sent->at_ms + SEND_AGAIN_MS || has_outcome(task->view, opening));
}

/* The same content gives the same seal: the ephemeral key is derived from all that it covers. */
static void derive_ikm(const struct core *core, const struct core_task *task, const char *name,
                       const uint8_t *public_key, const uint8_t *basis, const uint8_t *share, size_t len,
                       uint8_t ikm[HPKE_IKM_SIZE])
{
    static const char label[] = "weft seal of an aggregate share";
    uint8_t content[DIGEST_SIZE];

    digest_of(content,
              (struct bytes[]){{task->task->id, TASK_ID_SIZE},
                               {name, strlen(name) + 1},
                               {public_key, HPKE_KEY_SIZE},
                               {basis, DIGEST_SIZE},
                               {share, len}},
              5);
    derive(ikm, HPKE_IKM_SIZE, core->options.at_rest_key, sizeof core->options.at_rest_key, label,
           sizeof label - 1, content, sizeof content);
    secret_wipe(content, sizeof content);
}

static int seal_for(const struct core *core, const struct core_task *task, const struct opening *opening,
                    const uint8_t *public_key, const uint8_t *share, size_t len,
                    Weft__V1__HpkeCiphertext **sealed, struct err *err)
{
    const uint8_t *basis = view_opening_basis(task->view, opening);
    Weft__V1__Opening wire = view_opening_to(task->view, opening);
    uint8_t ikm[HPKE_IKM_SIZE];
    char name[OPENING_NAME_MAX];
    int rc;

    derive_ikm(core, task, view_opening_name(task->view, opening, name), public_key, basis, share, len, ikm);
    rc = share_seal(sealed, public_key, task->task, &wire, core->id, task->side, basis, share, len, ikm, err);
    secret_wipe(ikm, sizeof ikm);
    return rc;
}

/* This coordinator holds all of the opening on its side: seal to the collector of the area, as a document. */
static int seal_to_collector(struct core_round *round, struct core_task *task, const struct opening *opening,
                             const uint8_t *share, size_t len, struct err *err)
{
    struct core *core = round->core;
    Weft__V1__SealedShare body = WEFT__V1__SEALED_SHARE__INIT;
    Weft__V1__Opening wire = view_opening_to(task->view, opening);
    Weft__V1__HpkeCiphertext *sealed = NULL;
    Weft__V1__Document *document = NULL;
    char name[NAME_MAX_LEN];
    bool is_new;
    int rc;

    share_name(name, task->view, opening, "own");
    if ((rc = db_put_secret(&round->db, task->task->id, name, share, len, err)) != 0 ||
        (rc = seal_for(core, task, opening, task->roster->areas[opening->area].wire->collector_key.data,
                       share, len, &sealed, err)) != 0) {
        return rc;
    }
    body.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    body.opening = &wire;
    body.coordinator = core->id;
    body.side = task->side;
    body.basis = core_bytes(view_opening_basis(task->view, opening), DIGEST_SIZE);
    body.share = sealed;
    if ((rc = document_new(&document, DOC(SEALED_SHARE), &body.base, err)) == 0 &&
        (rc = document_sign(&document, core->id, core->options.sign_key, err)) == 0) {
        rc = exchange_take(core, &round->db, document, &is_new, err);
    }
    document_free(&document);
    share_free(&sealed);
    return rc;
}

/* What the sender of a share signs: the request without its signature. */
static int signed_share_bytes(const Weft__V1__PutShareRequest *request, uint8_t digest_out[DIGEST_SIZE],
                              struct err *err)
{
    Weft__V1__PutShareRequest bare = *request;
    uint8_t *packed = NULL;
    size_t len;
    int rc;

    bare.signature = NULL;
    if ((rc = wire_pack(&packed, &len, &bare.base, err)) == 0) {
        static const char label[] = "weft/v1/put share\n";
        digest_of(digest_out, (struct bytes[]){{label, sizeof label - 1}, {packed, len}}, 2);
    }
    free(packed);
    return rc;
}

static int pass_to_parent(struct core_round *round, struct core_task *task, const struct opening *opening,
                          const char *key, const uint8_t *share, size_t len, struct err *err)
{
    struct core *core = round->core;
    int parent = roster_parent_coordinator(task->roster, task->self);
    const Weft__V1__KeySheet *sheet =
        parent == NONE ? NULL : (const Weft__V1__KeySheet *)task->view->key_sheets[parent].body;
    Weft__V1__PutShareRequest request = WEFT__V1__PUT_SHARE_REQUEST__INIT;
    Weft__V1__Opening wire = view_opening_to(task->view, opening);
    Weft__V1__Signature signature = WEFT__V1__SIGNATURE__INIT;
    Weft__V1__HpkeCiphertext *sealed = NULL;
    uint8_t digest_signed[DIGEST_SIZE], signature_bytes[SIGNATURE_SIZE];
    struct core_context *context;
    int rc;

    if (sheet == NULL) {
        return 0; /* not known yet: documents bring it */
    }
    if ((rc = seal_for(core, task, opening, sheet->public_key.data, share, len, &sealed, err)) != 0) {
        return rc;
    }
    request.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    request.opening = &wire;
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.sender = core->id;
    request.basis = core_bytes(view_opening_basis(task->view, opening), DIGEST_SIZE);
    request.share = sealed;
    if ((rc = signed_share_bytes(&request, digest_signed, err)) == 0) {
        sign_make(signature_bytes, core->options.sign_key, digest_signed, sizeof digest_signed);
        signature.signer = core->id;
        signature.algorithm = SIGNATURE_ED25519;
        signature.signature = core_bytes(signature_bytes, sizeof signature_bytes);
        request.signature = &signature;
        if ((context = context_new(CALL_SHARE, task->task->id, key)) != NULL) {
            context->opening = *opening;
        }
        rc = round_add(round, task->roster->coordinators[parent].wire->id, CORE_PUT_SHARE, &request.base,
                       context, err);
    }
    share_free(&sealed);
    return rc;
}

static int step(struct core_round *round, struct core_task *task, const struct opening *opening,
                struct err *err)
{
    bool is_sealer =
        roster_station(task->roster, view_opening_sealer(task->view, opening), task->side) == task->self;
    size_t element = prio3_sizes(task->task->prio3)->element, len = 0;
    char key[256], hex[HEX_SIZE(8)], name[OPENING_NAME_MAX];
    struct parts parts = {0};
    int *slots = NULL, num, rc;
    uint8_t *sum = NULL;
    bool complete = false;

    view_opening_name(task->view, opening, name);
    snprintf(key, sizeof key, "share %s %s", hex_encode(hex, task->task->id, 8), name);
    if (is_sealer ? view_sealed_share(task->view, opening, task->side) != NULL
                  : is_with_parent(task, opening, name, round->now_ms) || !round_wants(round, key)) {
        return 0;
    }
    if ((rc = find_parts(&parts, task, opening, err)) != 0 || !parts.any) {
        goto done;
    }
    if ((slots = calloc((size_t)task->task->num_slots, sizeof *slots)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "shares");
        goto done;
    }
    num = view_opening_slots(task->view, opening, slots);
    len = (size_t)num * element;
    if ((sum = calloc((size_t)num + 1, element)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "shares");
        goto done;
    }
    if ((rc = add_up(round, task, opening, &parts, slots, num, sum, &complete, err)) != 0 || !complete) {
        goto done;
    }
    rc = is_sealer ? seal_to_collector(round, task, opening, sum, len, err)
                   : pass_to_parent(round, task, opening, key, sum, len, err);
done:
    parts_clear(&parts);
    free(slots);
    secret_free(sum, len);
    return rc;
}

static int step_stage(struct core_round *round, struct core_task *task, Weft__V1__Stage stage,
                      struct err *err)
{
    struct opening *openings = NULL;
    size_t num = 0;
    int rc;

    if ((rc = view_openings(task->view, stage, &openings, &num, err)) != 0) {
        return rc;
    }
    for (size_t i = 0; i < num && rc == 0; i++) {
        struct err why = {0};
        char name[OPENING_NAME_MAX];
        if (!may_have_part(task, &openings[i]) || (rc = step(round, task, &openings[i], &why)) == 0) {
            continue;
        }
        if (core_stops_all(rc)) {
            *err = why;
        } else { /* this opening only: the others go on */
            log_error("sum not made", LOG_TEXT("opening", view_opening_name(task->view, &openings[i], name)),
                      LOG_ERR(&why));
            rc = 0;
        }
    }
    free(openings);
    return rc;
}

int rollup_due(struct core_round *round, struct core_task *task, struct err *err)
{
    int rc;

    if (task->view->num_parts > 0) {
        return 0; /* the shares are those of the parts */
    }
    rc = step_stage(round, task, STAGE(CONTRIBUTES), err);
    return rc != 0 ? rc : step_stage(round, task, STAGE(VALUES), err);
}

void rollup_answer(struct core *core, struct core_call *call, int64_t now_ms)
{
    ProtobufCBinaryData task_id = core_bytes(call->context->task, TASK_ID_SIZE);
    struct core_task *task = core_find_task(core, &task_id);
    char name[OPENING_NAME_MAX];
    struct core_sent *sent;

    if (task == NULL) {
        return;
    }
    view_opening_name(task->view, &call->context->opening, name);
    if ((sent = find_sent(task, name)) == NULL) {
        if ((sent = realloc(task->sent, (task->num_sent + 1) * sizeof *sent)) == NULL) {
            return; /* it is sent again, which is harmless */
        }
        task->sent = sent;
        sent = &sent[task->num_sent++];
        memcpy(sent->opening, name, sizeof name);
    }
    sent->at_ms = now_ms;
}

/* ---- receiving ---- */

/* Are these field elements? Whatever else a child sends would spoil the sum later. */
static bool is_share(const struct core_task *task, const uint8_t *share, size_t len)
{
    size_t element = prio3_sizes(task->task->prio3)->element;
    uint8_t *sum = calloc(len + 1, 1);
    bool good = sum != NULL && prio3_accumulate(task->task->prio3, sum, share, len / element) == PRIO3_OK;

    secret_free(sum, len);
    return good;
}

static int check_sender(const struct core_task *task, const struct opening *opening, int sender,
                        const Weft__V1__PutShareRequest *request, struct err *err)
{
    const Weft__V1__Coordinator *wire = task->roster->coordinators[sender].wire;
    uint8_t digest_signed[DIGEST_SIZE];
    struct parts parts;
    bool expected;
    int rc;

    if ((rc = signed_share_bytes(request, digest_signed, err)) != 0) {
        return rc;
    }
    if (request->signature == NULL || strcmp(request->signature->signer, wire->id) != 0 ||
        request->signature->algorithm != SIGNATURE_ED25519 ||
        request->signature->signature.len != SIGNATURE_SIZE ||
        !sign_check(request->signature->signature.data, wire->sign_key.data, digest_signed,
                    sizeof digest_signed)) {
        return err_set(err, ERR_DOCUMENT_SIGNATURE, "share from %s", wire->id);
    }
    if ((rc = find_parts(&parts, task, opening, err)) != 0) {
        return rc;
    }
    expected = parts.from_child[sender];
    parts_clear(&parts);
    return expected ? 0 : err_set(err, ERR_NOT_LISTED, "share from %s", wire->id);
}

int rollup_serve_share(struct core *core, struct db *db, const char *peer_id,
                       const Weft__V1__PutShareRequest *request, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__PutShareReply reply = WEFT__V1__PUT_SHARE_REPLY__INIT;
    struct core_task *task = core_find_task(core, &request->task_id);
    struct opening opening;
    char name[NAME_MAX_LEN];
    int *slots = NULL, sender, rc;
    uint8_t *share = NULL;
    size_t len = 0;

    if (task == NULL || task->self == NONE) {
        return err_set(err, ERR_TASK_UNKNOWN, "share from %s", peer_id);
    }
    if ((rc = core_check_alone(core, task, err)) != 0) {
        return rc;
    }
    opening = view_opening_from(task->view, request->opening);
    sender = roster_find_coordinator(task->roster, peer_id);
    if (opening.area == NONE || sender == NONE || strcmp(request->sender, peer_id) != 0) {
        return err_set(err, ERR_MESSAGE_MALFORMED, "share from %s", peer_id);
    }
    if (!view_opening_is_allowed(task->view, &opening)) {
        return err_set(err, ERR_NOT_LISTED, "share from %s", peer_id);
    }
    if (!task->has_hpke_key || request->basis.len != DIGEST_SIZE ||
        memcmp(request->basis.data, view_opening_basis(task->view, &opening), DIGEST_SIZE) != 0) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "share from %s: another order or plan", peer_id);
    }
    if ((rc = check_sender(task, &opening, sender, request, err)) != 0) {
        return rc;
    }
    if ((slots = calloc((size_t)task->task->num_slots, sizeof *slots)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "shares");
    }
    len = (size_t)view_opening_slots(task->view, &opening, slots) * prio3_sizes(task->task->prio3)->element;
    free(slots);
    if ((share = malloc(len + 1)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "shares");
    }
    if (request->share == NULL ||
        !share_open(share, len, request->share, task->hpke_key, task->task, request->opening, peer_id,
                    task->side, request->basis.data) ||
        !is_share(task, share, len)) {
        rc = err_set(err, ERR_SHARE_UNREADABLE, "from %s", peer_id);
        goto done;
    }
    rc = db_put_secret(db, task->task->id, share_name(name, task->view, &opening, peer_id), share, len, err);
    if (rc == 0) {
        task->is_dirty = true;
        rc = core_own_message(response, &reply.base, err);
    }
done:
    secret_free(share, len);
    return rc;
}

int rollup_own_share(struct db *db, const struct view *view, const struct opening *opening, uint8_t **share,
                     size_t *len, struct err *err)
{
    char name[NAME_MAX_LEN];

    return db_get_secret(db, view->task->id, share_name(name, view, opening, "own"), share, len, err);
}
