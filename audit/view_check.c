/* view_check.c - judge the content of each kind of document and derive what follows from it. */
#include "audit/view_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "audit/pattern_context.h"

#define NOTES_MAX 20 /* of one total */
#define TEXT_MAX 1000 /* bytes of a consent or note */

static int malformed(const Weft__V1__Document *document, const char *what, struct err *err)
{
    return err_set(err, ERR_DOCUMENT_MALFORMED, "%s: %s", document_type_name(document->type), what);
}

static int missing(const Weft__V1__Document *document, const char *what, struct err *err)
{
    return err_set(err, ERR_PREDECESSOR_MISSING, "%s needs %s", document_type_name(document->type), what);
}

static bool is_digest(const ProtobufCBinaryData *data, const uint8_t digest[DIGEST_SIZE])
{
    return data->len == DIGEST_SIZE && memcmp(data->data, digest, DIGEST_SIZE) == 0;
}

static bool is_this_task(const struct view *view, const ProtobufCBinaryData *task_id)
{
    return is_digest(task_id, view->task->id);
}

/* ---- freeze ---- */

/* Dropped: sites of the area, in order, none of which is frozen too. */
static bool dropped_are_sound(const struct view *view, const Weft__V1__Freeze *freeze, int area)
{
    size_t next = 0;

    for (size_t i = 0; i < freeze->n_dropped; i++) {
        const char *id = freeze->dropped[i];
        int site = roster_find_site(view->roster, id);
        if (site == NONE || view->roster->sites[site].supervisor != area ||
            (i > 0 && strcmp(freeze->dropped[i - 1], id) >= 0)) {
            return false;
        }
        while (next < freeze->n_reports && strcmp(freeze->reports[next]->site, id) < 0) {
            next++;
        }
        if (next < freeze->n_reports && strcmp(freeze->reports[next]->site, id) == 0) {
            return false;
        }
    }
    return true;
}

/* Rejected: sites of the area, in order, none of which is frozen too. */
static bool rejected_are_sound(const struct view *view, const Weft__V1__Freeze *freeze, int area)
{
    for (size_t i = 0; i < freeze->n_rejected; i++) {
        const Weft__V1__RejectedReport *entry = freeze->rejected[i];
        int site = roster_find_site(view->roster, entry->site);
        if (site == NONE || view->roster->sites[site].supervisor != area ||
            entry->reason == WEFT__V1__REJECT_REASON__REJECT_NONE ||
            (i > 0 && strcmp(freeze->rejected[i - 1]->site, entry->site) >= 0)) {
            return false;
        }
        for (size_t k = 0; k < freeze->n_reports; k++) {
            if (strcmp(freeze->reports[k]->site, entry->site) == 0) {
                return false;
            }
        }
    }
    return true;
}

/* By the roster that the freeze names, was a site shut out before its report was received? Then it does not count,
 * whatever its pair signed. Who does not hold that roster yet leaves it to those who do: rosters come from above, freezes
 * from below. */
static int check_revoked(const struct view *view, const Weft__V1__Freeze *freeze, struct err *err)
{
    const struct roster *by = freeze->roster_version == view->roster->wire->version ? view->roster
                              : view->history == NULL                               ? NULL
                                                      : roster_history_version(view->history, freeze->roster_version);

    for (size_t i = 0; by != NULL && i < freeze->n_reports; i++) {
        int site = roster_find_site(view->roster, freeze->reports[i]->site);
        if (roster_revocation(by, view->roster->sites[site].wire->tls_name, freeze->reports[i]->time_ms) != NULL) {
            return err_set(err, ERR_PEER_REVOKED, "freeze %s holds a report of %s", freeze->area,
                           freeze->reports[i]->site);
        }
    }
    return 0;
}

static int check_freeze(const struct view *view, const Weft__V1__Document *document,
                        const Weft__V1__Freeze *freeze, struct err *err)
{
    int area = roster_find_area(view->roster, freeze->area);

    if (area == NONE || !is_this_task(view, &freeze->task_id) ||
        freeze->roster_version < view->roster->wire->version) {
        return malformed(document, "area, task or roster", err);
    }
    for (size_t i = 0; i < freeze->n_reports; i++) {
        const Weft__V1__FrozenReport *report = freeze->reports[i];
        int site = roster_find_site(view->roster, report->site);
        if (site == NONE || view->roster->sites[site].supervisor != area || report->revision < 1 ||
            report->report_id.len != PRIO3_NONCE_SIZE || report->report_digest.len != DIGEST_SIZE ||
            report->first_ms > report->time_ms || (i > 0 && strcmp(freeze->reports[i - 1]->site, report->site) >= 0)) {
            return malformed(document, "a report's site, order or size", err);
        }
    }
    return dropped_are_sound(view, freeze, area) && rejected_are_sound(view, freeze, area)
               ? check_revoked(view, freeze, err)
               : malformed(document, "dropped or rejected sites", err);
}

/* Which of `held` (by area) does the list name? All named ones must be here, with the same digest, in order.
 */
static int named_predecessors(const struct view *view, const Weft__V1__Document *document, size_t num,
                              Weft__V1__AreaDigest *const *list, const struct view_document *held, bool **out,
                              struct err *err)
{
    bool *use = calloc((size_t)view->roster->num_areas, sizeof *use);
    int rc = 0;

    if (use == NULL) {
        return err_set(err, ERR_NO_MEMORY, "documents");
    }
    for (size_t i = 0; i < num && rc == 0; i++) {
        int area = roster_find_area(view->roster, list[i]->area);
        if (area == NONE || use[area]) {
            rc = malformed(document, "areas", err);
        } else if (held[area].document == NULL) {
            rc = missing(document, list[i]->area, err);
        } else if (!is_digest(&list[i]->digest, held[area].digest)) {
            rc = err_set(err, ERR_DOCUMENT_CONFLICT, "%s names another one of %s",
                         document_type_name(document->type), list[i]->area);
        } else {
            use[area] = true;
        }
    }
    if (rc != 0) {
        free(use);
        return rc;
    }
    *out = use;
    return 0;
}

/* ---- order, plan, pattern: rebuilt from their predecessors and compared ---- */

/* The root that a plan or pattern names, whose order or plan must be held. */
static int root_before(const struct view *view, const Weft__V1__Document *document,
                       Weft__V1__DocumentType before, const char *code, int *root, struct err *err)
{
    bool is_late;

    if ((*root = view_root_named(view, code, &is_late)) == NONE) {
        return malformed(document, "area", err);
    }
    return view_held(view, before, *root)->document != NULL ? 0 : missing(document, document_type_name(before), err);
}

static int compare(const Weft__V1__Document *document, const Weft__V1__Document *own, struct err *err)
{
    return document_same_but_time(document, own)
               ? 0
               : err_set(err, ERR_ORDER_DIFFERS, "%s is not what follows from its predecessors",
                         document_type_name(document->type));
}

static int check_plan(const struct view *view, const Weft__V1__Document *document,
                      const Weft__V1__Plan *plan, struct err *err)
{
    Weft__V1__Document *own = NULL;
    bool *use = NULL;
    int root, rc;

    if ((rc = root_before(view, document, DOC(ORDER), plan->area, &root, err)) == 0 &&
        (rc = named_predecessors(view, document, plan->n_contributes, plan->contributes, view->contributes,
                                 &use, err)) == 0 &&
        (rc = view_build_plan_from(view, root, use, &own, err)) == 0) {
        rc = compare(document, own, err);
    }
    document_free(&own);
    free(use);
    return rc;
}

static int check_pattern(const struct view *view, const Weft__V1__Document *document,
                         const Weft__V1__Pattern *pattern, struct err *err)
{
    struct pattern_context others = {0};
    Weft__V1__Document *own = NULL;
    bool *use = NULL;
    int root, rc;

    if ((rc = root_before(view, document, DOC(PLAN), pattern->area, &root, err)) == 0 &&
        (rc = named_predecessors(view, document, pattern->n_states, pattern->states, view->states, &use,
                                 err)) == 0 &&
        (rc = pattern_context_named(&others, view, pattern, err)) == 0 &&
        (rc = view_build_pattern_from(view, root, use, &others, &own, err)) == 0) {
        rc = compare(document, own, err);
    }
    pattern_context_clear(&others);
    document_free(&own);
    free(use);
    return rc;
}

/* Which parts does the order of a sum name? All must be here; the rebuilt order says which they are. */
static int check_sum_order(const struct view *view, const Weft__V1__Document *document,
                           const Weft__V1__Order *order, struct err *err)
{
    bool *use = calloc(view->num_parts, sizeof *use);
    Weft__V1__Document *own = NULL;
    int rc = use == NULL ? err_set(err, ERR_NO_MEMORY, "parts") : 0;

    for (size_t i = 0; rc == 0 && i < view->num_parts; i++) {
        for (size_t k = 0; k < order->n_parts; k++) {
            use[i] |= view->parts[i] != NULL && is_digest(&order->parts[k]->task_id, view->parts[i]->task->id);
        }
        if (use[i] && !view_is_ready_as_part(view->parts[i])) {
            rc = missing(document, "a part's pattern", err);
        }
    }
    if (rc == 0 && (rc = view_build_sum_order(view, use, &own, err)) == 0) {
        rc = compare(document, own, err);
    }
    document_free(&own);
    free(use);
    return rc;
}

/* Which consents does the order name? All must be here, with the same digest; the rebuilt order says in which
 * order. */
static int named_consents(const struct view *view, const Weft__V1__Document *document,
                          const Weft__V1__Order *order, bool **out, struct err *err)
{
    bool *use = calloc((size_t)view->roster->num_sites + 1, sizeof *use);
    int rc = use == NULL ? err_set(err, ERR_NO_MEMORY, "consents") : 0;

    for (size_t i = 0; rc == 0 && i < order->n_consents; i++) {
        const Weft__V1__SiteDigest *named = order->consents[i];
        int site = roster_find_site(view->roster, named->site);
        if (site == NONE) {
            rc = malformed(document, "consents", err);
        } else if (view->consents[site].document == NULL) {
            rc = missing(document, "a consent", err);
        } else if (!is_digest(&named->digest, view->consents[site].digest)) {
            rc = err_set(err, ERR_DOCUMENT_CONFLICT, "order names another consent of %s", named->site);
        } else {
            use[site] = true;
        }
    }
    if (rc != 0) {
        free(use);
        return rc;
    }
    *out = use;
    return 0;
}

static int check_order(const struct view *view, const Weft__V1__Document *document,
                       const Weft__V1__Order *order, struct err *err)
{
    bool *use_freeze = NULL, *use_consent = NULL, *use_subtree = NULL;
    struct view_basis basis = {.root = NONE};
    Weft__V1__Document *own = NULL;
    int rc;

    if (view->num_parts > 0) {
        return check_sum_order(view, document, order, err);
    }
    basis.root = view_root_named(view, order->area, &basis.is_late);
    if (!view_base_is_ready(view)) {
        return missing(document, "the pattern of the task that it revises", err);
    }
    if ((rc = named_predecessors(view, document, order->n_freezes, order->freezes, view->freezes, &use_freeze,
                                 err)) == 0 &&
        (rc = named_predecessors(view, document, order->n_subtrees, order->subtrees, view->patterns,
                                 &use_subtree, err)) == 0 &&
        (rc = named_consents(view, document, order, &use_consent, err)) == 0 &&
        (rc = view_check_order_place(view, order, use_freeze, err)) == 0) {
        basis.use_freeze = use_freeze;
        basis.use_consent = use_consent;
        basis.use_subtree = use_subtree;
        if ((rc = view_build_order_from(view, &basis, &own, err)) == 0) {
            rc = compare(document, own, err);
        }
    }
    document_free(&own);
    free(use_freeze);
    free(use_consent);
    free(use_subtree);
    return rc;
}

/* ---- shares and totals ---- */

/* Do both aggregate shares of `slots` add up to `totals`? */
static int check_shares(const struct view *view, const Weft__V1__Document *document, const int *slots,
                        int num, const uint64_t *totals, const ProtobufCBinaryData *leader,
                        const ProtobufCBinaryData *helper, int num_sites, struct err *err)
{
    const uint8_t *const shares[PRIO3_SHARES] = {leader->data, helper->data};
    size_t len = (size_t)num * prio3_sizes(view->task->prio3)->element;
    uint64_t *sums = calloc((size_t)num + 1, sizeof *sums), *limits = calloc((size_t)num + 1, sizeof *limits);
    int rc = 0;

    if (sums == NULL || limits == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "totals");
        goto done;
    }
    for (int i = 0; i < num; i++) {
        limits[i] = view->task->wire->slots[slots[i]]->maximum * (uint64_t)num_sites;
    }
    if (leader->len != len || helper->len != len ||
        (num > 0 && prio3_unshard(view->task->prio3, sums, shares, (size_t)num, limits) != PRIO3_OK)) {
        rc = malformed(document, "aggregate shares", err);
        goto done;
    }
    for (int i = 0; i < num && rc == 0; i++) {
        if (sums[i] != totals[i]) {
            rc = err_set(err, ERR_RELEASE_DIFFERS, "%s: a total is not the sum of its two shares",
                         document_type_name(document->type));
        }
    }
done:
    free(sums);
    free(limits);
    return rc;
}

/* The counts in the order of their slots. */
static void counts_by_slot(const struct task *task, const Weft__V1__Contributes *body, uint64_t *counts)
{
    size_t num = 0;

    for (int s = 0; s < task->num_series; s++) {
        counts[num++] = body->counts[s];
        if (task->series[s].changed != NONE) {
            counts[num++] = body->changed[s];
        }
    }
}

static int check_contributes(const struct view *view, const Weft__V1__Document *document,
                             const Weft__V1__Contributes *body, struct err *err)
{
    size_t num_series = (size_t)view->task->num_series;
    uint64_t *counts;
    struct opening opening = {roster_find_area(view->roster, body->area), SCOPE(BLOCK), STAGE(CONTRIBUTES)};
    int num_sites = 0, rc;
    int *slots;

    if (opening.area == NONE) {
        return malformed(document, "area", err);
    }
    if (view_order_of(view, opening.area)->document == NULL) {
        return missing(document, "the order", err);
    }
    if (!is_this_task(view, &body->task_id) ||
        !is_digest(&body->order_digest, view_order_of(view, opening.area)->digest) ||
        !view_opening_is_allowed(view, &opening) || body->n_counts != num_series ||
        body->n_changed != (view->base == NULL ? 0 : num_series)) {
        return malformed(document, "task, order, area or size", err);
    }
    for (int i = 0; i < view->roster->num_sites; i++) {
        num_sites += view->block[i] == opening.area;
    }
    slots = calloc((size_t)view->task->num_slots, sizeof *slots);
    counts = calloc(2 * num_series, sizeof *counts);
    if (slots == NULL || counts == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "slots");
    } else {
        counts_by_slot(view->task, body, counts);
        rc = check_shares(view, document, slots, view_opening_slots(view, &opening, slots), counts,
                          &body->leader_share, &body->helper_share, num_sites, err);
    }
    free(counts);
    free(slots);
    return rc;
}

static int check_sealed(const struct view *view, const Weft__V1__Document *document,
                        const Weft__V1__SealedShare *body, struct err *err)
{
    struct opening opening = view_opening_from(view, body->opening);
    int coordinator = roster_find_coordinator(view->roster, body->coordinator);
    int *slots;
    size_t len;

    if (opening.area == NONE) {
        return malformed(document, "opening", err);
    }
    if ((opening.stage == STAGE(CONTRIBUTES) ? view_order_of(view, opening.area)
                                             : view_plan_of(view, opening.area))->document == NULL) {
        return missing(document, "the order or plan", err);
    }
    if (!is_this_task(view, &body->task_id) || !view_opening_is_allowed(view, &opening)) {
        return err_set(err, ERR_NOT_LISTED, "%s", document_type_name(document->type));
    }
    if (coordinator == NONE || body->side != view->roster->coordinators[coordinator].side ||
        roster_station(view->roster, view_opening_sealer(view, &opening), body->side) != coordinator ||
        !is_digest(&body->basis, view_opening_basis(view, &opening)) || body->share == NULL) {
        return malformed(document, "sender or basis", err);
    }
    if ((slots = calloc((size_t)view->task->num_slots, sizeof *slots)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "slots");
    }
    len = (size_t)view_opening_slots(view, &opening, slots) * prio3_sizes(view->task->prio3)->element;
    free(slots);
    return body->share->payload.len == len + HPKE_TAG_SIZE ? 0 : malformed(document, "size", err);
}

static int check_states(const struct view *view, const Weft__V1__Document *document,
                        const Weft__V1__States *body, struct err *err)
{
    struct opening opening = {roster_find_area(view->roster, body->area), SCOPE(TOTAL), STAGE(VALUES)};
    size_t num = (size_t)view->task->num_cells;

    if (opening.area == NONE) {
        return malformed(document, "area", err);
    }
    if (view_plan_of(view, opening.area)->document == NULL) {
        return missing(document, "the plan", err);
    }
    if (!is_this_task(view, &body->task_id) ||
        !is_digest(&body->plan_digest, view_plan_of(view, opening.area)->digest) ||
        !view_opening_is_allowed(view, &opening) || body->total.len != num || body->block.len != num ||
        body->delta.len != (view->base == NULL ? 0 : num)) {
        return malformed(document, "task, plan, area or size", err);
    }
    for (size_t i = 0; i < num; i++) {
        if (body->total.data[i] > 63 || body->block.data[i] > 63 ||
            (view->base != NULL && body->delta.data[i] > 63)) {
            return malformed(document, "a state", err);
        }
    }
    return 0;
}

int view_shown_slots(const struct view *view, int area, int *slots)
{
    const struct task *task = view->task;
    int num = 0;

    for (int c = 0; c < task->num_cells; c++) {
        const struct task_cell *cell = &task->cells[c];
        if (!view->is_open[(size_t)area * (size_t)task->num_series + (size_t)cell->series] ||
            view->suppressed[(size_t)area * (size_t)task->num_cells + (size_t)c]) {
            continue;
        }
        for (int i = 0; i < cell->num_slots; i++) {
            slots[num++] = cell->slots[i];
        }
    }
    return num;
}

/* What a cell shows must be in the state that the area's pair signed, on which the pattern rests. (Sites have no states.) */
static int check_shown_states(const struct view *view, int area, const Weft__V1__Release *body, struct err *err)
{
    const Weft__V1__States *states = (const Weft__V1__States *)view->states[area].body;
    const struct task *task = view->task;
    uint64_t *totals = calloc((size_t)task->num_slots, sizeof *totals);
    int rc = totals == NULL ? err_set(err, ERR_NO_MEMORY, "totals") : 0;

    for (size_t i = 0; rc == 0 && i < body->n_slots; i++) {
        totals[body->slots[i]->slot] = body->slots[i]->total;
    }
    for (int c = 0; states != NULL && rc == 0 && c < task->num_cells; c++) {
        bool is_shown = view->is_open[(size_t)area * (size_t)task->num_series + (size_t)task->cells[c].series] &&
                        !view->suppressed[(size_t)area * (size_t)task->num_cells + (size_t)c];
        if (is_shown && task_cell_state(task, c, totals) != states->total.data[c]) {
            rc = err_set(err, ERR_RELEASE_DIFFERS, "%s shows another total than its states say", body->area);
        }
    }
    free(totals);
    return rc;
}

static int check_release(const struct view *view, const Weft__V1__Document *document,
                         const Weft__V1__Release *body, struct err *err)
{
    struct opening opening = {roster_find_area(view->roster, body->area), SCOPE(TOTAL), STAGE(VALUES)};
    int *slots = NULL, num, rc = 0;
    uint64_t *totals = NULL;

    if (opening.area == NONE) {
        return malformed(document, "area", err);
    }
    if (view_pattern_of(view, opening.area)->document == NULL) {
        return missing(document, "the pattern", err);
    }
    if (!is_this_task(view, &body->task_id) ||
        !is_digest(&body->pattern_digest, view_pattern_of(view, opening.area)->digest) ||
        !view_opening_is_allowed(view, &opening) || body->revision != view->task->wire->revision ||
        body->sites != (uint32_t)view_num_frozen(view, opening.area) ||
        body->sites_expected != (uint32_t)view_num_expected(view, opening.area)) {
        return malformed(document, "task, pattern, area or counts", err);
    }
    slots = calloc((size_t)view->task->num_slots + 1, sizeof *slots);
    totals = calloc((size_t)view->task->num_slots + 1, sizeof *totals);
    if (slots == NULL || totals == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "totals");
        goto done;
    }
    num = view_shown_slots(view, opening.area, slots);
    if (body->n_slots != (size_t)num) {
        rc = err_set(err, ERR_RELEASE_DIFFERS, "%s shows %zu slots, the pattern %d", body->area,
                     body->n_slots, num);
        goto done;
    }
    for (int i = 0; i < num; i++) {
        totals[i] = body->slots[i]->total;
        if (body->slots[i]->slot != (uint32_t)slots[i]) {
            rc = err_set(err, ERR_RELEASE_DIFFERS, "%s shows slot %" PRIu32 ", the pattern does not",
                         body->area, body->slots[i]->slot);
            goto done;
        }
    }
    if ((rc = check_shares(view, document, slots, num, totals, &body->leader_share, &body->helper_share,
                           view_num_reports(view, opening.area), err)) == 0) {
        rc = check_shown_states(view, opening.area, body, err);
    }
done:
    free(slots);
    free(totals);
    return rc;
}

static int check_key_sheet(const struct view *view, const Weft__V1__Document *document,
                           const Weft__V1__KeySheet *body, struct err *err)
{
    if (!is_this_task(view, &body->task_id) ||
        roster_find_coordinator(view->roster, body->coordinator) == NONE ||
        body->public_key.len != HPKE_KEY_SIZE || body->kem != HPKE_KEM_X25519_SHA256 ||
        body->kdf != HPKE_KDF_SHA256 || body->aead != HPKE_AEAD_AES128GCM || body->endpoint[0] == '\0' ||
        strlen(body->endpoint) > 300) {
        return malformed(document, "task, coordinator, suite or endpoint", err);
    }
    return 0;
}

static bool is_indicator(const struct view *view, const char *indicator)
{
    for (int s = 0; s < view->task->num_series; s++) {
        if (strcmp(view->task->series[s].wire->indicator, indicator) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether it comes before the order is seen by who wants to sign one: the order names it or does not. */
static int check_consent(const struct view *view, const Weft__V1__Document *document,
                         const Weft__V1__Consent *body, struct err *err)
{
    if (!is_this_task(view, &body->task_id) || body->text[0] == '\0' || strlen(body->text) > TEXT_MAX) {
        return malformed(document, "task or text", err);
    }
    for (size_t i = 0; i < body->n_indicators; i++) {
        if (!is_indicator(view, body->indicators[i]) ||
            (i > 0 && strcmp(body->indicators[i - 1], body->indicators[i]) >= 0)) {
            return malformed(document, "an indicator", err);
        }
    }
    return view->base != NULL ? 0 : err_set(err, ERR_CONSENT_REFUSED, "the task is no revision");
}

/* A note says that a number is wrong, never by how much: ASCII and full-width digits are refused, as are control
 * characters, since it is printed on others' terminals. */
static bool is_note_text(const char *text)
{
    static const char full_width[] = "\xef\xbc"; /* U+FF10 to U+FF19: EF BC 90 to EF BC 99 */

    for (const char *c = text; *c != '\0'; c++) {
        bool is_wide = strncmp(c, full_width, 2) == 0 && (uint8_t)c[2] >= 0x90 && (uint8_t)c[2] <= 0x99;
        if ((*c >= '0' && *c <= '9') || is_wide || (uint8_t)*c < 0x20 || *c == 0x7f) {
            return false;
        }
    }
    return text[0] != '\0' && strlen(text) <= TEXT_MAX;
}

static int check_note(const struct view *view, const Weft__V1__Document *document,
                      const Weft__V1__Note *body, struct err *err)
{
    int area = roster_find_area(view->roster, body->area);

    if (!is_this_task(view, &body->task_id) || area == NONE || !is_indicator(view, body->indicator)) {
        return malformed(document, "task, area or indicator", err);
    }
    if (view->releases[area].document == NULL) {
        return missing(document, "the release", err);
    }
    if (body->number < 1 || body->number > NOTES_MAX) {
        return err_set(err, ERR_NOTE_REFUSED, "number %" PRIu32 " of 1 to %d", body->number, NOTES_MAX);
    }
    if (body->number > 1 && view_note(view, body->area, body->indicator, body->number - 1) == NULL) {
        return missing(document, "the note before", err);
    }
    return is_note_text(body->text_zh) && is_note_text(body->text_en)
               ? 0
               : err_set(err, ERR_NOTE_REFUSED, "%s %s", body->area, body->indicator);
}

/* Nobody reports to a sum, and its shares are those of its parts. */
static bool is_of_a_sum(Weft__V1__DocumentType type)
{
    return type == DOC(ORDER) || type == DOC(PLAN) || type == DOC(STATES) || type == DOC(PATTERN) ||
           type == DOC(RELEASE) || type == DOC(VOID) || type == DOC(NOTE) || type == DOC(AMENDMENT) ||
           type == DOC(ERASURE);
}

static bool has_order(const struct view *view)
{
    for (int area = 0; area < view->roster->num_areas; area++) {
        if (view_order_of(view, area)->document != NULL) {
            return true;
        }
    }
    return false;
}

int view_check_body(const struct view *view, const Weft__V1__Document *document, const ProtobufCMessage *body,
                    struct err *err)
{
    if (view->voided.document != NULL && document->type != DOC(VOID) && document->type != DOC(KEY_SHEET) &&
        document->type != DOC(ERASURE)) {
        return err_set(err, ERR_DOCUMENT_CONFLICT, "%s of a void task", document_type_name(document->type));
    }
    if (view->num_parts > 0 && !is_of_a_sum(document->type)) {
        return err_set(err, ERR_DOCUMENT_NOT_NEEDED, "%s of a sum", document_type_name(document->type));
    }
    switch (document->type) {
    case DOC(KEY_SHEET):
        return check_key_sheet(view, document, (const Weft__V1__KeySheet *)body, err);
    case DOC(FREEZE):
        return check_freeze(view, document, (const Weft__V1__Freeze *)body, err);
    case DOC(ORDER):
        return check_order(view, document, (const Weft__V1__Order *)body, err);
    case DOC(CONTRIBUTES):
        return check_contributes(view, document, (const Weft__V1__Contributes *)body, err);
    case DOC(PLAN):
        return check_plan(view, document, (const Weft__V1__Plan *)body, err);
    case DOC(SEALED_SHARE):
        return check_sealed(view, document, (const Weft__V1__SealedShare *)body, err);
    case DOC(STATES):
        return check_states(view, document, (const Weft__V1__States *)body, err);
    case DOC(PATTERN):
        return check_pattern(view, document, (const Weft__V1__Pattern *)body, err);
    case DOC(RELEASE):
        return check_release(view, document, (const Weft__V1__Release *)body, err);
    case DOC(AMENDMENT):
        return is_this_task(view, &((const Weft__V1__Amendment *)body)->task_id)
                   ? view_check_amendment(view, (const Weft__V1__Amendment *)body, err)
                   : malformed(document, "task", err);
    case DOC(ERASURE): {
        const Weft__V1__Erasure *erasure = (const Weft__V1__Erasure *)body;
        return is_this_task(view, &erasure->task_id) &&
                       roster_find_coordinator(view->roster, erasure->party) != NONE
                   ? 0
                   : malformed(document, "task or party", err);
    }
    case DOC(CONSENT):
        return check_consent(view, document, (const Weft__V1__Consent *)body, err);
    case DOC(NOTE):
        return check_note(view, document, (const Weft__V1__Note *)body, err);
    case DOC(VOID):
        if (!is_this_task(view, &((const Weft__V1__Void *)body)->task_id)) {
            return malformed(document, "task", err);
        }
        /* once an order is signed, something may have been opened: too late to end the task */
        return has_order(view) ? err_set(err, ERR_DOCUMENT_CONFLICT, "void after the order") : 0;
    default:
        return err_set(err, ERR_DOCUMENT_NOT_NEEDED, "%s", document_type_name(document->type));
    }
}

/* ---- what follows ---- */

static void derive_order(struct view *view, const Weft__V1__Order *order)
{
    for (size_t i = 0; i < order->n_listed; i++) {
        view->is_listed[roster_find_area(view->roster, order->listed[i])] = true;
    }
    for (size_t i = 0; i < order->n_consents; i++) {
        view->consent_counts[roster_find_site(view->roster, order->consents[i]->site)] = true;
    }
    for (size_t i = 0; i < order->n_subtrees; i++) {
        view->takes_in[roster_find_area(view->roster, order->subtrees[i]->area)] = true;
    }
}

/* An area has a block of its own in a series if some of its sites have no open area nearer to them, and some
 * do. */
static void derive_own_blocks(struct view *view, int series)
{
    const struct roster *roster = view->roster;
    size_t num_series = (size_t)view->task->num_series, s = (size_t)series;

    for (int area = 0; area < roster->num_areas; area++) {
        bool inside = false, outside = false;
        for (int i = 0; view->is_open[(size_t)area * num_series + s] && i < roster->num_sites; i++) {
            if (view->site_is_frozen[i] && view_is_in(view, i, area)) {
                bool own = view_series_block(view, series, i) == area;
                inside |= own;
                outside |= !own;
            }
        }
        view->has_own_block[(size_t)area * num_series + s] =
            view->stands[area] ? view->base->has_own_block[(size_t)area * num_series + s] : inside && outside;
    }
}

static void derive_plan(struct view *view, const Weft__V1__Plan *plan)
{
    for (size_t i = 0; i < plan->n_open; i++) {
        int area = roster_find_area(view->roster, plan->open[i]->area);
        for (size_t k = 0; k < plan->open[i]->n_series; k++) {
            view->is_open[(size_t)area * (size_t)view->task->num_series + plan->open[i]->series[k]] = true;
        }
    }
    for (size_t i = 0; i < plan->n_contributes; i++) {
        view->uses_contributes[roster_find_area(view->roster, plan->contributes[i]->area)] = true;
    }
}

static void derive_pattern(struct view *view, const Weft__V1__Pattern *pattern)
{
    size_t num = (size_t)view->task->num_cells;

    for (size_t i = 0; i < pattern->n_areas; i++) {
        int area = roster_find_area(view->roster, pattern->areas[i]->area);
        memcpy(view->suppressed + (size_t)area * num, pattern->areas[i]->suppressed.data, num);
    }
    for (size_t i = 0; i < pattern->n_states; i++) {
        view->uses_states[roster_find_area(view->roster, pattern->states[i]->area)] = true;
    }
    view_keep_standing(view);
}

/* All orders together, since a late one says what subtrees have to do with the top. */
static int derive_orders(struct view *view, struct err *err)
{
    bool any = false;

    for (int area = 0; area < view->roster->num_areas; area++) {
        const struct view_document *held = view_held(view, DOC(ORDER), area);
        if (held->document != NULL) {
            derive_order(view, (const Weft__V1__Order *)held->body);
            any = true;
        }
    }
    view_derive_frozen(view);
    return any ? view_derive_blocks(view, err) : 0;
}

static void derive_plans(struct view *view)
{
    bool any = false;

    for (int area = 0; area < view->roster->num_areas; area++) {
        const struct view_document *held = view_held(view, DOC(PLAN), area);
        if (held->document != NULL) {
            derive_plan(view, (const Weft__V1__Plan *)held->body);
            any = true;
        }
    }
    if (any) {
        view_derive_unchanged(view);
    }
    for (int s = 0; any && s < view->task->num_series; s++) {
        derive_own_blocks(view, s);
    }
}

static void derive_patterns(struct view *view)
{
    for (int area = 0; area < view->roster->num_areas; area++) {
        const struct view_document *held = view_held(view, DOC(PATTERN), area);
        if (held->document != NULL) {
            derive_pattern(view, (const Weft__V1__Pattern *)held->body);
        }
    }
}

int view_derive(struct view *view, Weft__V1__DocumentType type, int area, struct err *err)
{
    int rc = 0;

    if (type == DOC(FREEZE)) {
        view_derive_freeze(view, area);
    } else if (type == DOC(ORDER) && (rc = derive_orders(view, err)) == 0) {
        derive_plans(view); /* whom a late order takes in is in the top's blocks */
    } else if (type == DOC(PLAN)) {
        derive_plans(view);
    } else if (type == DOC(PATTERN)) {
        derive_patterns(view);
    }
    return rc;
}
