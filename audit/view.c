/* view.c - hold and check a task's public documents. */
#include "audit/view_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

/* The facts that are one flag an area or a site. */
static bool flags_new(struct view *view)
{
    size_t areas = (size_t)view->roster->num_areas, sites = (size_t)view->roster->num_sites + 1;
    bool **by_area[] = {&view->is_listed, &view->stands, &view->uses_contributes, &view->uses_states,
                        &view->takes_in};
    bool **by_site[] = {&view->reports_here, &view->site_is_frozen, &view->is_in_total, &view->is_pending,
                        &view->consent_counts};
    bool good = true;

    for (size_t i = 0; i < sizeof by_area / sizeof by_area[0]; i++) {
        good &= (*by_area[i] = calloc(areas, sizeof(bool))) != NULL;
    }
    for (size_t i = 0; i < sizeof by_site / sizeof by_site[0]; i++) {
        good &= (*by_site[i] = calloc(sites, sizeof(bool))) != NULL;
    }
    return good;
}

static void flags_free(struct view *view)
{
    free(view->is_listed);
    free(view->stands);
    free(view->takes_in);
    free(view->uses_contributes);
    free(view->uses_states);
    free(view->reports_here);
    free(view->site_is_frozen);
    free(view->is_in_total);
    free(view->is_pending);
    free(view->consent_counts);
}

int view_new(struct view **out, const struct roster *roster, const struct task *task, struct err *err)
{
    size_t areas = (size_t)roster->num_areas, sites = (size_t)roster->num_sites;
    struct view *view = calloc(1, sizeof *view);

    if (view == NULL) {
        return err_set(err, ERR_NO_MEMORY, "task");
    }
    view->roster = roster;
    view->task = task;
    view->num_parts = task->wire->n_parts;
    view->parts = calloc(view->num_parts + 1, sizeof(const struct view *));
    view->key_sheets = calloc((size_t)roster->num_coordinators + 1, sizeof *view->key_sheets);
    view->erasures = calloc((size_t)roster->num_coordinators + 1, sizeof *view->erasures);
    view->freezes = calloc(areas, sizeof *view->freezes);
    view->contributes = calloc(areas, sizeof *view->contributes);
    view->states = calloc(areas, sizeof *view->states);
    view->releases = calloc(areas, sizeof *view->releases);
    view->orders = calloc(areas, sizeof *view->orders);
    view->plans = calloc(areas, sizeof *view->plans);
    view->patterns = calloc(areas, sizeof *view->patterns);
    view->consents = calloc(sites + 1, sizeof *view->consents);
    view->block = calloc(sites + 1, sizeof *view->block);
    view->is_open = calloc(areas * (size_t)task->num_series, sizeof *view->is_open);
    view->is_same = calloc(areas * (size_t)task->num_series, sizeof *view->is_same);
    view->has_own_block = calloc(areas * (size_t)task->num_series, sizeof *view->has_own_block);
    view->suppressed = calloc(areas * (size_t)task->num_cells, sizeof *view->suppressed);
    if (view->parts == NULL || view->key_sheets == NULL || view->erasures == NULL || view->freezes == NULL ||
        view->contributes == NULL ||
        view->states == NULL || view->releases == NULL || view->orders == NULL || view->plans == NULL ||
        view->patterns == NULL || view->consents == NULL || view->block == NULL ||
        view->is_open == NULL || view->is_same == NULL || view->has_own_block == NULL ||
        view->suppressed == NULL || !flags_new(view)) {
        view_free(&view);
        return err_set(err, ERR_NO_MEMORY, "task");
    }
    for (size_t i = 0; i < sites; i++) {
        view->block[i] = NONE;
    }
    *out = view;
    return 0;
}

static void held_clear(struct view_document *held)
{
    document_free(&held->document);
    wire_free(&held->body);
}

static void held_free(struct view_document *array, int num)
{
    for (int i = 0; array != NULL && i < num; i++) {
        held_clear(&array[i]);
    }
    free(array);
}

void view_free(struct view **out)
{
    struct view *view = *out;

    if (view == NULL) {
        return;
    }
    view_leave_links(view);
    free(view->links);
    free(view->parts);
    held_free(view->key_sheets, view->roster->num_coordinators);
    held_free(view->erasures, view->roster->num_coordinators);
    held_free(view->amendments, (int)view->num_amendments);
    held_free(view->freezes, view->roster->num_areas);
    held_free(view->contributes, view->roster->num_areas);
    held_free(view->states, view->roster->num_areas);
    held_free(view->releases, view->roster->num_areas);
    held_free(view->orders, view->roster->num_areas);
    held_free(view->plans, view->roster->num_areas);
    held_free(view->patterns, view->roster->num_areas);
    held_clear(&view->order);
    held_clear(&view->plan);
    held_clear(&view->pattern);
    held_clear(&view->voided);
    for (size_t i = 0; i < view->num_sealed; i++) {
        held_clear(&view->sealed[i].held);
    }
    free(view->sealed);
    held_free(view->consents, view->roster->num_sites);
    for (size_t i = 0; i < view->num_notes; i++) {
        held_clear(&view->notes[i].held);
    }
    free(view->notes);
    flags_free(view);
    free(view->block);
    free(view->is_open);
    free(view->is_same);
    free(view->has_own_block);
    free(view->suppressed);
    free(view);
    *out = NULL;
}

int view_reset(struct view *view, struct err *err)
{
    struct view *fresh = NULL, old = *view;
    int rc = view_new(&fresh, view->roster, view->task, err);

    if (rc == 0) {
        fresh->history = view->history;
        fresh->base = view->base;
        old.parts = fresh->parts;
        fresh->parts = view->parts;
        fresh->links = view->links;
        fresh->num_links = view->num_links;
        old.links = NULL;
        old.num_links = 0;
        *view = *fresh;
        *fresh = old;
        view_free(&fresh);
    }
    return rc;
}

/* ---- who must have signed ---- */

static bool coordinator_signed(const struct view *view, const Weft__V1__Document *document, int coordinator)
{
    const Weft__V1__Coordinator *wire = view->roster->coordinators[coordinator].wire;

    return document_is_signed(document, wire->id, wire->sign_key.data);
}

static bool pair_signed(const struct view *view, const Weft__V1__Document *document, int area)
{
    return coordinator_signed(view, document, view->roster->areas[area].leader) &&
           coordinator_signed(view, document, view->roster->areas[area].helper);
}

bool view_is_signed_by_authority(const struct view *view, const Weft__V1__Document *document)
{
    struct roster_roots roots = roster_own_roots(view->roster);

    return roster_check_root_signatures(&roots, document, NULL) == 0 ||
           (view->history != NULL &&
            roster_history_has_signed(view->history, view->roster->wire->version, document));
}

/* The area or coordinator that a body speaks of, by its text; NONE when the kind has none. */
static const char *body_subject(const Weft__V1__Document *document, const ProtobufCMessage *body)
{
    switch (document->type) {
    case DOC(KEY_SHEET):
        return ((const Weft__V1__KeySheet *)body)->coordinator;
    case DOC(ERASURE):
        return ((const Weft__V1__Erasure *)body)->party;
    case DOC(FREEZE):
        return ((const Weft__V1__Freeze *)body)->area;
    case DOC(CONTRIBUTES):
        return ((const Weft__V1__Contributes *)body)->area;
    case DOC(STATES):
        return ((const Weft__V1__States *)body)->area;
    case DOC(RELEASE):
        return ((const Weft__V1__Release *)body)->area;
    case DOC(CONSENT):
        return ((const Weft__V1__Consent *)body)->site;
    case DOC(NOTE):
        return ((const Weft__V1__Note *)body)->area;
    case DOC(ORDER):
        return ((const Weft__V1__Order *)body)->area;
    case DOC(PLAN):
        return ((const Weft__V1__Plan *)body)->area;
    case DOC(PATTERN):
        return ((const Weft__V1__Pattern *)body)->area;
    default:
        return "";
    }
}

static bool is_signed_rightly(const struct view *view, const Weft__V1__Document *document,
                              const ProtobufCMessage *body)
{
    const struct roster *roster = view->roster;
    const char *subject = body_subject(document, body);
    bool is_late;
    int index;

    switch (document->type) {
    case DOC(KEY_SHEET):
    case DOC(ERASURE):
        return (index = roster_find_coordinator(roster, subject)) != NONE &&
               coordinator_signed(view, document, index);
    case DOC(SEALED_SHARE):
        index = roster_find_coordinator(roster, ((const Weft__V1__SealedShare *)body)->coordinator);
        return index != NONE && coordinator_signed(view, document, index);
    case DOC(FREEZE):
    case DOC(CONTRIBUTES):
    case DOC(STATES):
    case DOC(RELEASE):
    case DOC(NOTE):
        return (index = roster_find_area(roster, subject)) != NONE && pair_signed(view, document, index);
    case DOC(CONSENT):
        return (index = roster_find_site(roster, subject)) != NONE &&
               document_is_signed(document, subject, roster->sites[index].wire->sign_key.data);
    case DOC(ORDER):
    case DOC(PLAN):
    case DOC(PATTERN):
        return (index = view_root_named(view, subject, &is_late)) != NONE && pair_signed(view, document, index);
    case DOC(VOID):
    case DOC(AMENDMENT):
        return view_is_signed_by_authority(view, document);
    default:
        return false;
    }
}

/* ---- names ---- */

static int key_of_body(char out[VIEW_KEY_MAX], const Weft__V1__Document *document,
                       const ProtobufCMessage *body, struct err *err)
{
    const char *subject = body_subject(document, body);

    if (document->type == DOC(SEALED_SHARE)) {
        const Weft__V1__SealedShare *share = (const Weft__V1__SealedShare *)body;
        if (share->opening == NULL || !id_is_valid(share->opening->area)) {
            return err_set(err, ERR_DOCUMENT_MALFORMED, "sealed share without an opening");
        }
        snprintf(out, VIEW_KEY_MAX, "%s %d %d %d", share->opening->area, (int)share->opening->scope,
                 (int)share->opening->stage, (int)share->side);
        return 0;
    }
    if (document->type == DOC(AMENDMENT)) {
        snprintf(out, VIEW_KEY_MAX, "%" PRIu32, ((const Weft__V1__Amendment *)body)->number);
        return 0;
    }
    if (*subject != '\0' && !id_is_valid(subject)) {
        return err_set(err, ERR_DOCUMENT_MALFORMED, "%s with a bad identifier",
                       document_type_name(document->type));
    }
    if (document->type == DOC(NOTE)) {
        const Weft__V1__Note *note = (const Weft__V1__Note *)body;
        if (!id_is_valid(note->indicator)) {
            return err_set(err, ERR_DOCUMENT_MALFORMED, "note without an indicator");
        }
        snprintf(out, VIEW_KEY_MAX, "%s %s %" PRIu32, note->area, note->indicator, note->number);
        return 0;
    }
    snprintf(out, VIEW_KEY_MAX, "%s", subject);
    return 0;
}

int view_document_key(char out[VIEW_KEY_MAX], const Weft__V1__Document *document, struct err *err)
{
    ProtobufCMessage *body = NULL;
    int rc;

    switch (document->type) {
    case DOC(VOID):
    case DOC(AMENDMENT):
    case DOC(ERASURE):
    case DOC(KEY_SHEET):
    case DOC(FREEZE):
    case DOC(ORDER):
    case DOC(CONTRIBUTES):
    case DOC(PLAN):
    case DOC(SEALED_SHARE):
    case DOC(STATES):
    case DOC(PATTERN):
    case DOC(RELEASE):
    case DOC(CONSENT):
    case DOC(NOTE):
        break;
    default:
        return err_set(err, ERR_DOCUMENT_NOT_NEEDED, "%s", document_type_name(document->type));
    }
    if ((rc = document_body(&body, document, document->type, err)) == 0) {
        rc = key_of_body(out, document, body, err);
    }
    wire_free(&body);
    return rc;
}

/* ---- adding ---- */

const struct view_document *view_held(const struct view *view, Weft__V1__DocumentType type, int index)
{
    switch (type) {
    case DOC(KEY_SHEET):
        return &view->key_sheets[index];
    case DOC(FREEZE):
        return &view->freezes[index];
    case DOC(CONTRIBUTES):
        return &view->contributes[index];
    case DOC(STATES):
        return &view->states[index];
    case DOC(RELEASE):
        return &view->releases[index];
    case DOC(CONSENT):
        return &view->consents[index];
    case DOC(ORDER):
        return index == view->roster->top ? &view->order : &view->orders[index];
    case DOC(PLAN):
        return index == view->roster->top ? &view->plan : &view->plans[index];
    case DOC(PATTERN):
        return index == view->roster->top ? &view->pattern : &view->patterns[index];
    case DOC(VOID):
        return &view->voided;
    case DOC(ERASURE):
        return &view->erasures[index];
    case DOC(AMENDMENT):
        return (size_t)index < view->num_amendments ? &view->amendments[index] : NULL;
    default:
        return NULL;
    }
}

static struct view_document *place_of(struct view *view, const Weft__V1__Document *document,
                                      const ProtobufCMessage *body)
{
    const char *subject = body_subject(document, body);
    int index = view->roster->top;

    if (document->type == DOC(AMENDMENT)) {
        return view_place_amendment(view, ((const Weft__V1__Amendment *)body)->number);
    }
    if (*subject != '\0') {
        index = document->type == DOC(KEY_SHEET) || document->type == DOC(ERASURE)
                    ? roster_find_coordinator(view->roster, subject)
                : document->type == DOC(CONSENT) ? roster_find_site(view->roster, subject)
                                                 : roster_find_area(view->roster, subject);
    }
    return index == NONE ? NULL : (struct view_document *)(uintptr_t)view_held(view, document->type, index);
}

static struct view_document *place_of_sealed(struct view *view, const Weft__V1__SealedShare *share)
{
    struct opening opening = view_opening_from(view, share->opening);
    const Weft__V1__SealedShare *known = view_sealed_share(view, &opening, share->side);
    struct view_sealed *grown;

    for (size_t i = 0; known != NULL && i < view->num_sealed; i++) {
        if (view->sealed[i].body == known) {
            return &view->sealed[i].held;
        }
    }
    if ((grown = realloc(view->sealed, (view->num_sealed + 1) * sizeof *grown)) == NULL) {
        return NULL;
    }
    view->sealed = grown;
    grown[view->num_sealed] = (struct view_sealed){0};
    return &grown[view->num_sealed++].held;
}

const struct view_document *view_note(const struct view *view, const char *area, const char *indicator,
                                      uint32_t number)
{
    for (size_t i = 0; i < view->num_notes; i++) {
        const Weft__V1__Note *known = view->notes[i].body;
        if (known != NULL && known->number == number && strcmp(known->area, area) == 0 &&
            strcmp(known->indicator, indicator) == 0) {
            return &view->notes[i].held;
        }
    }
    return NULL;
}

static struct view_document *place_of_note(struct view *view, const Weft__V1__Note *note)
{
    const struct view_document *known = view_note(view, note->area, note->indicator, note->number);
    struct view_note *grown;

    if (known != NULL) {
        return (struct view_document *)(uintptr_t)known;
    }
    if ((grown = realloc(view->notes, (view->num_notes + 1) * sizeof *grown)) == NULL) {
        return NULL;
    }
    view->notes = grown;
    grown[view->num_notes] = (struct view_note){0};
    return &grown[view->num_notes++].held;
}

static int hold(struct view *view, const Weft__V1__Document *document, ProtobufCMessage **body,
                struct err *err)
{
    Weft__V1__Document *copy = NULL;
    struct view_document *place;
    int rc;

    if ((rc = document_copy(&copy, document, err)) != 0) {
        return rc;
    }
    place = document->type == DOC(SEALED_SHARE) ? place_of_sealed(view, (const Weft__V1__SealedShare *)*body)
            : document->type == DOC(NOTE)       ? place_of_note(view, (const Weft__V1__Note *)*body)
                                                : place_of(view, document, *body);
    if (place == NULL) {
        document_free(&copy);
        return err_set(err, ERR_NO_MEMORY, "%s", document_type_name(document->type));
    }
    if (place->document != NULL) {
        rc = document_same_body(place->document, copy)
                 ? 0
                 : err_set(err, ERR_DOCUMENT_CONFLICT, "%s", document_type_name(document->type));
        document_free(&copy);
        return rc;
    }
    place->document = copy;
    place->body = *body;
    *body = NULL;
    document_digest(place->digest, copy);
    if (document->type == DOC(SEALED_SHARE)) {
        view->sealed[view->num_sealed - 1].body = (const Weft__V1__SealedShare *)place->body;
    } else if (document->type == DOC(NOTE)) {
        view->notes[view->num_notes - 1].body = (const Weft__V1__Note *)place->body;
    }
    return 0;
}

/* Is this very document here, checked, with the same signatures? Peers repeat what they brought. */
static bool is_held(const struct view *view, const Weft__V1__Document *document, const ProtobufCMessage *body)
{
    const Weft__V1__Document *held = NULL;

    if (document->type == DOC(SEALED_SHARE)) {
        for (size_t i = 0; held == NULL && i < view->num_sealed; i++) {
            const Weft__V1__Document *sealed = view->sealed[i].held.document;
            held = document_same_body(sealed, document) ? sealed : NULL;
        }
    } else {
        const struct view_document *place =
            document->type == DOC(AMENDMENT)
                ? view_held(view, DOC(AMENDMENT), (int)((const Weft__V1__Amendment *)body)->number - 1)
                : place_of((struct view *)(uintptr_t)view, document, body);
        held = place == NULL ? NULL : place->document;
    }
    return held != NULL && document_is_same(held, document);
}

static int add(struct view *view, const Weft__V1__Document *document, bool is_trusted, struct err *err)
{
    ProtobufCMessage *body = NULL;
    const char *subject;
    int rc;

    if ((rc = document_body(&body, document, document->type, err)) != 0) {
        return rc;
    }
    subject = body_subject(document, body); /* of the body, whoever holds it in the end */
    if (is_held(view, document, body)) {
        wire_free(&body);
        return 0;
    }
    if (!is_trusted && !is_signed_rightly(view, document, body)) {
        rc = err_set(err, ERR_DOCUMENT_SIGNATURE, "%s %s", document_type_name(document->type), subject);
    } else if ((rc = view_check_body(view, document, body, err)) == 0 &&
               (rc = view_check_time(view, document, body, err)) == 0 &&
               (rc = hold(view, document, &body, err)) == 0) {
        rc = view_derive(view, document->type, roster_find_area(view->roster, subject), err);
    }
    wire_free(&body);
    return rc;
}

int view_add(struct view *view, const Weft__V1__Document *document, struct err *err)
{
    return add(view, document, false, err);
}

int view_load(struct view *view, const Weft__V1__Document *document, struct err *err)
{
    return add(view, document, true, err);
}

int view_check(const struct view *view, const Weft__V1__Document *document, struct err *err)
{
    ProtobufCMessage *body = NULL;
    int rc = document_body(&body, document, document->type, err);

    if (rc == 0 && (rc = view_check_body(view, document, body, err)) == 0) {
        rc = view_check_time(view, document, body, err);
    }
    wire_free(&body);
    return rc;
}

/* ---- counts ---- */

static int count_sites(const struct view *view, int area, bool frozen_only)
{
    int num = 0;

    if (view->num_parts > 0) {
        return view_count_sites_of_sum(view, area, frozen_only);
    }
    for (int i = 0; i < view->roster->num_sites; i++) {
        if ((!frozen_only || view->site_is_frozen[i]) &&
            (frozen_only ? view_is_in(view, i, area)
                         : roster_is_within(view->roster, view->roster->sites[i].area, area))) {
            num++;
        }
    }
    return num;
}

int view_num_expected(const struct view *view, int area)
{
    return count_sites(view, area, false);
}

int view_num_frozen(const struct view *view, int area)
{
    return count_sites(view, area, true);
}

int view_num_supervised(const struct view *view, int area)
{
    int num = 0;

    for (int i = 0; i < view->roster->num_sites; i++) {
        num += view->roster->sites[i].supervisor == area;
    }
    return num;
}
