/* joining.c - newcomers, and certificates that are renewed.
 *
 *     operator   Invite   a one-time TLS name for a party that does not have a certificate yet
 *     newcomer   Join     its join file, again and again until it is admitted; the first who asks binds the invitation
 *     operator   Admit    after comparing the fingerprint that both sides show: the certificate is signed
 *     newcomer   Join     receives the certificate and the newest roster
 *     party      Renew    by the certificate that it has: the next one
 *
 * A one-time name may call nothing but Join, and a certificate alone admits nobody: who a caller is, and what it may do,
 * is said by the roster, which the authorities sign. So whoever steals a token gets no further than being compared by
 * telephone, and the true newcomer is told (ERR_JOIN_USED). */
#include "coordinator/core_internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/join.h"
#include "base/token.h"
#include "base/wire.h"

#define DOC(name)       WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define MAX_INVITATIONS 2000
#define TEXT(text)      ((char *)(uintptr_t)(text)) /* protobuf-c's structs are not const */

static bool is_console(enum core_method method)
{
    return method == CORE_INVITE || method == CORE_LIST_JOINS || method == CORE_ADMIT ||
           method == CORE_NOTE;
}

bool joining_concerns(const struct core *core, const char *tls_name, enum core_method method)
{
    bool is_own = strcmp(tls_name, core->tls_name) == 0 && method != CORE_SUBMIT; /* that is a report from a file */

    return method == CORE_JOIN || is_console(method) || is_own || token_is_one_time_name(tls_name, core->tls_name);
}

/* ---- who certifies whom ---- */

/* The index of the coordinator that certifies `coordinator`; itself at the top, NONE for who serves no area. */
static int certifier_of(const struct roster *roster, int coordinator)
{
    const struct roster_coordinator *party = &roster->coordinators[coordinator];
    int above;

    if (party->top_area == NONE) {
        return NONE;
    }
    if (party->side == WEFT__V1__SIDE__SIDE_HELPER) {
        return roster->areas[party->top_area].leader;
    }
    above = roster_parent_coordinator(roster, coordinator);
    return above == NONE ? coordinator : above;
}

bool joining_certifies(const struct core *core, const char *tls_name)
{
    const struct roster *roster = core_newest_roster(core);
    int self = roster == NULL ? NONE : roster_find_coordinator(roster, core->id);
    int site, coordinator;

    if (self == NONE) {
        return false;
    }
    site = roster_find_site_by_tls_name(roster, tls_name);
    coordinator = roster_find_coordinator_by_tls_name(roster, tls_name);
    return (site != NONE && roster->areas[roster->sites[site].supervisor].leader == self) ||
           (coordinator != NONE && certifier_of(roster, coordinator) == self);
}

const char *core_certifier(const struct core *core)
{
    const struct roster *roster = core_newest_roster(core);
    int self = roster == NULL ? NONE : roster_find_coordinator(roster, core->id);
    int certifier = self == NONE ? NONE : certifier_of(roster, self);

    return certifier == NONE ? NULL : roster->coordinators[certifier].wire->id;
}

const struct roster *core_roster(const struct core *core)
{
    return core_newest_roster(core);
}

static int certify(const struct core *core, char **chain, const char *request_pem, const char *tls_name,
                   int64_t now_ms, struct err *err)
{
    return core->options.certify == NULL
               ? err_set(err, ERR_NO_ISSUER, "%s", core->id)
               : core->options.certify(core->options.certify_user, chain, request_pem, tls_name, now_ms, err);
}

int joining_serve_renew(struct core *core, const char *tls_name, const Weft__V1__RenewRequest *request,
                        int64_t now_ms, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__RenewReply reply = WEFT__V1__RENEW_REPLY__INIT;
    char *chain = NULL;
    int rc = certify(core, &chain, request->certificate_request, tls_name, now_ms, err);

    if (rc != 0) {
        return rc;
    }
    reply.certificate = chain;
    rc = core_own_message(response, &reply.base, err);
    free(chain);
    if (rc == 0) {
        log_info("certificate renewed", LOG_TEXT("tls_name", tls_name));
    }
    return rc;
}

/* ---- inviting ---- */

static int check_invitation(const struct core *core, const Weft__V1__InviteRequest *request, int64_t now_ms,
                            struct err *err)
{
    if (core->options.certify == NULL) {
        return err_set(err, ERR_NO_ISSUER, "%s", core->id);
    }
    if (core_newest_roster(core) == NULL) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "there is no roster yet, so no root key to pin");
    }
    if (!id_is_valid(request->id)) {
        return err_set(err, ERR_USAGE, "id \"%s\": 1 to %d of A-Z a-z 0-9 . _ -", request->id, ID_MAX);
    }
    if (!join_tls_name_is_valid(request->tls_name) || !id_is_valid(request->tls_name) ||
        strstr(request->tls_name, TOKEN_NAME_MARK) != NULL) {
        return err_set(err, ERR_USAGE, "TLS name \"%s\": a lower-case DNS name of at most %d bytes without \"%s\"",
                       request->tls_name, ID_MAX, TOKEN_NAME_MARK);
    }
    if (!join_tls_name_is_valid(request->name) || !token_is_one_time_name(request->name, core->tls_name) ||
        request->expires_ms <= now_ms || request->expires_ms > now_ms + TOKEN_MAX_VALID_MS) {
        return err_set(err, ERR_USAGE, "an invitation is valid for 31 days at most");
    }
    return 0;
}

/* Those that expired, and those that a new one for the same party replaces. */
static int drop_invitations(struct db *db, const char *id, int64_t now_ms, struct err *err)
{
    char name[CERT_NAME_SIZE] = "";
    StoredInvitation *invitation = NULL;
    size_t num = 0;
    int rc;

    while ((rc = db_next_invitation(db, name, &invitation, err)) == 0 && invitation != NULL) {
        bool drops = invitation->expires_ms <= now_ms || strcmp(invitation->id, id) == 0;
        wire_free(&invitation);
        if (drops && (rc = db_delete_invitation(db, name, err)) != 0) {
            return rc;
        }
        num += !drops;
    }
    return rc == 0 && num >= MAX_INVITATIONS ? err_set(err, ERR_BUSY, "%zu open invitations", num) : rc;
}

/* What the token is to pin. The reply borrows from the roster and the two arrays. */
static int reply_to_invite(const struct roster *roster, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__InviteReply reply = WEFT__V1__INVITE_REPLY__INIT;
    uint8_t digests[JOIN_MAX_ROOTS][DIGEST_SIZE];
    ProtobufCBinaryData roots[JOIN_MAX_ROOTS];

    for (size_t i = 0; i < roster->wire->n_roots && i < JOIN_MAX_ROOTS; i++) {
        join_root_digest(digests[i], roster->wire->roots[i]);
        roots[i] = core_bytes(digests[i], DIGEST_SIZE);
        reply.n_roots++;
    }
    reply.roots = roots;
    reply.authorities = roster->wire->tls_authorities;
    reply.n_authorities = roster->wire->n_tls_authorities;
    return core_own_message(response, &reply.base, err);
}

static int serve_invite(struct core *core, struct db *db, const Weft__V1__InviteRequest *request, int64_t now_ms,
                        ProtobufCMessage **response, struct err *err)
{
    StoredInvitation invitation = WEFT__STORE__V1__STORED_INVITATION__INIT;
    int rc;

    if ((rc = check_invitation(core, request, now_ms, err)) != 0 ||
        (rc = drop_invitations(db, request->id, now_ms, err)) != 0) {
        return rc;
    }
    invitation.is_coordinator = request->is_coordinator;
    invitation.id = request->id;
    invitation.tls_name = request->tls_name;
    invitation.expires_ms = request->expires_ms;
    if ((rc = db_put_invitation(db, request->name, &invitation, err)) != 0) {
        return rc;
    }
    log_info("invited", LOG_TEXT("party", request->id), LOG_TEXT("tls_name", request->tls_name));
    return reply_to_invite(core_newest_roster(core), response, err);
}

/* ---- joining ---- */

static int newest_roster_document(const struct core *core, struct db *db, Weft__V1__Document **document,
                                  struct err *err)
{
    struct db_document next = {0};
    uint8_t found[DIGEST_SIZE];
    int rc;

    *document = NULL;
    while ((rc = db_next_document(db, DB_NO_TASK, next.number, &next, err)) == 0 && next.document != NULL) {
        if (next.document->type == DOC(ROSTER)) {
            document_digest(found, next.document);
            if (memcmp(found, core_newest_roster(core)->digest, DIGEST_SIZE) == 0) {
                *document = next.document;
                return 0;
            }
        }
        document_free(&next.document);
    }
    return rc != 0 ? rc : err_set(err, ERR_STORE_CORRUPT, "the newest roster");
}

static int reply_to_join(const struct core *core, struct db *db, const StoredInvitation *invitation,
                         ProtobufCMessage **response, struct err *err)
{
    Weft__V1__JoinReply reply = WEFT__V1__JOIN_REPLY__INIT;
    int rc = 0;

    reply.is_admitted = invitation->certificate[0] != '\0';
    if (reply.is_admitted) {
        reply.certificate = invitation->certificate;
        rc = newest_roster_document(core, db, &reply.roster, err);
    }
    if (rc == 0) {
        rc = core_own_message(response, &reply.base, err);
    }
    document_free(&reply.roster);
    return rc;
}

/* Is the join file that of who was invited? */
static int check_join(const struct join *join, const StoredInvitation *invitation, struct err *err)
{
    bool is_coordinator = join->kind == JOIN_COORDINATOR;

    if (is_coordinator != (invitation->is_coordinator != 0) || strcmp(join->id, invitation->id) != 0 ||
        strcmp(join->tls_name, invitation->tls_name) != 0) {
        return err_set(err, ERR_JOIN_TOKEN, "invited was %s %s as %s",
                       invitation->is_coordinator ? "coordinator" : "site", invitation->id,
                       invitation->tls_name);
    }
    return 0;
}

static int bind_join(struct db *db, const char *name, StoredInvitation *invitation,
                     const Weft__V1__JoinRequest *request, const char *fingerprint, struct err *err)
{
    StoredInvitation bound = *invitation;

    if (invitation->fingerprint[0] != '\0') {
        return strcmp(invitation->fingerprint, fingerprint) == 0
                   ? 0
                   : err_set(err, ERR_JOIN_USED, "%s: used with the fingerprint %s", invitation->id,
                             invitation->fingerprint);
    }
    bound.join_file = request->join_file;
    bound.fingerprint = TEXT(fingerprint);
    log_info("a newcomer waits to be admitted", LOG_TEXT("party", invitation->id),
             LOG_TEXT("fingerprint", fingerprint));
    return db_put_invitation(db, name, &bound, err);
}

static int serve_join(struct core *core, struct db *db, const char *name, const Weft__V1__JoinRequest *request,
                      int64_t now_ms, ProtobufCMessage **response, struct err *err)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    StoredInvitation *invitation = NULL;
    struct join join = {0};
    int rc = db_get_invitation(db, name, &invitation, err);

    if (rc != 0) {
        return rc;
    }
    if (invitation == NULL || invitation->expires_ms <= now_ms) {
        rc = err_set(err, ERR_JOIN_EXPIRED, "%s", name);
    } else if ((rc = join_parse(&join, "join file", request->join_file.data, request->join_file.len, err)) == 0 &&
               (rc = check_join(&join, invitation, err)) == 0 &&
               (rc = bind_join(db, name, invitation, request, join_fingerprint(fingerprint, &join), err)) == 0) {
        rc = reply_to_join(core, db, invitation, response, err);
    }
    join_clear(&join);
    wire_free(&invitation);
    return rc;
}

/* ---- admitting ---- */

/* One party of the roster, or none, has this id or this TLS name: is it the one that asks? */
static int check_conflict(const struct roster *roster, const struct join *join, struct err *err)
{
    for (int i = 0; i < roster->num_sites + roster->num_coordinators; i++) {
        const Weft__V1__Site *site = i < roster->num_sites ? roster->sites[i].wire : NULL;
        const Weft__V1__Coordinator *coordinator =
            site != NULL ? NULL : roster->coordinators[i - roster->num_sites].wire;
        const char *id = site != NULL ? site->id : coordinator->id;
        const ProtobufCBinaryData *key = site != NULL ? &site->sign_key : &coordinator->sign_key;
        bool is_same_kind = (join->kind == JOIN_SITE) == (site != NULL);

        if (strcmp(id, join->id) != 0 &&
            strcmp(site != NULL ? site->tls_name : coordinator->tls_name, join->tls_name) != 0) {
            continue;
        }
        if (!is_same_kind || strcmp(id, join->id) != 0 ||
            memcmp(key->data, join->sign_key, KEY_SIZE) != 0) {
            return err_set(err, ERR_JOIN_CONFLICT, "%s", id);
        }
    }
    return 0;
}

/* The hexadecimal digits of a fingerprint as people write it: with spaces or without, in either case. */
static bool is_fingerprint(const char *text, const char *fingerprint)
{
    for (;; text++, fingerprint++) {
        text += strspn(text, " -:");
        fingerprint += strspn(fingerprint, " ");
        if (tolower((unsigned char)*text) != *fingerprint) {
            return false;
        }
        if (*text == '\0') {
            return true;
        }
    }
}

static int find_newcomer(struct db *db, const char *id, char name[CERT_NAME_SIZE], StoredInvitation **invitation,
                         struct err *err)
{
    int rc;

    name[0] = '\0';
    while ((rc = db_next_invitation(db, name, invitation, err)) == 0 && *invitation != NULL) {
        if (strcmp((*invitation)->id, id) == 0) {
            return 0;
        }
        wire_free(invitation);
    }
    return rc != 0 ? rc : err_set(err, ERR_JOIN_UNKNOWN, "%.64s", id);
}

static int admit(struct core *core, struct db *db, const char *name, const StoredInvitation *invitation,
                 int64_t now_ms, struct err *err)
{
    StoredInvitation admitted = *invitation;
    struct join join = {0};
    char *chain = NULL;
    int rc;

    if (invitation->certificate[0] != '\0') {
        return 0; /* once more */
    }
    if ((rc = join_parse(&join, "join file", invitation->join_file.data, invitation->join_file.len, err)) == 0 &&
        (rc = check_conflict(core_newest_roster(core), &join, err)) == 0 &&
        (rc = certify(core, &chain, join.request_pem, join.tls_name, now_ms, err)) == 0) {
        admitted.certificate = chain;
        admitted.admitted_ms = now_ms;
        rc = db_put_invitation(db, name, &admitted, err);
    }
    if (rc == 0) {
        log_info("admitted", LOG_TEXT("party", invitation->id), LOG_TEXT("tls_name", invitation->tls_name),
                 LOG_TEXT("fingerprint", invitation->fingerprint));
    }
    free(chain);
    join_clear(&join);
    return rc;
}

static int serve_admit(struct core *core, struct db *db, const Weft__V1__AdmitRequest *request, int64_t now_ms,
                       ProtobufCMessage **response, struct err *err)
{
    Weft__V1__AdmitReply reply = WEFT__V1__ADMIT_REPLY__INIT;
    char name[CERT_NAME_SIZE];
    StoredInvitation *invitation = NULL;
    int rc = find_newcomer(db, request->id, name, &invitation, err);

    if (rc != 0) {
        return rc;
    }
    if (invitation->fingerprint[0] == '\0') {
        rc = err_set(err, ERR_JOIN_UNKNOWN, "%s is invited, but has not run join yet", invitation->id);
    } else if (invitation->expires_ms <= now_ms) {
        rc = err_set(err, ERR_JOIN_EXPIRED, "%s", invitation->id);
    } else if (!is_fingerprint(request->fingerprint, invitation->fingerprint)) {
        rc = err_set(err, ERR_JOIN_FINGERPRINT, "%s asks with %s", invitation->id, invitation->fingerprint);
    } else if ((rc = admit(core, db, name, invitation, now_ms, err)) == 0) {
        reply.join_file = invitation->join_file;
        rc = core_own_message(response, &reply.base, err);
    }
    wire_free(&invitation);
    return rc;
}

/* ---- listing ---- */

struct listing {
    StoredInvitation **invitations;
    Weft__V1__Newcomer *newcomers, **pointers;
    size_t num;
};

static void listing_clear(struct listing *listing)
{
    for (size_t i = 0; i < listing->num; i++) {
        wire_free(&listing->invitations[i]);
    }
    free(listing->invitations);
    free(listing->newcomers);
    free(listing->pointers);
}

static void list_newcomer(struct listing *listing, StoredInvitation *invitation)
{
    Weft__V1__Newcomer *newcomer = &listing->newcomers[listing->num];

    weft__v1__newcomer__init(newcomer);
    newcomer->is_coordinator = invitation->is_coordinator;
    newcomer->id = invitation->id;
    newcomer->tls_name = invitation->tls_name;
    newcomer->expires_ms = invitation->expires_ms;
    newcomer->fingerprint = invitation->fingerprint;
    newcomer->admitted_ms = invitation->admitted_ms;
    listing->invitations[listing->num] = invitation;
    listing->pointers[listing->num++] = newcomer;
}

static int serve_list(struct db *db, ProtobufCMessage **response, struct err *err)
{
    Weft__V1__ListJoinsReply reply = WEFT__V1__LIST_JOINS_REPLY__INIT;
    struct listing listing = {calloc(MAX_INVITATIONS + 1, sizeof(StoredInvitation *)),
                              calloc(MAX_INVITATIONS + 1, sizeof(Weft__V1__Newcomer)),
                              calloc(MAX_INVITATIONS + 1, sizeof(Weft__V1__Newcomer *)), 0};
    char name[CERT_NAME_SIZE] = "";
    StoredInvitation *invitation = NULL;
    int rc = 0;

    if (listing.invitations == NULL || listing.newcomers == NULL || listing.pointers == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "list");
    }
    while (rc == 0 && listing.num < MAX_INVITATIONS &&
           (rc = db_next_invitation(db, name, &invitation, err)) == 0 && invitation != NULL) {
        list_newcomer(&listing, invitation);
    }
    reply.newcomers = listing.pointers;
    reply.n_newcomers = listing.num;
    if (rc == 0) {
        rc = core_own_message(response, &reply.base, err);
    }
    listing_clear(&listing);
    return rc;
}

/* ---- dispatch ---- */

int joining_serve(struct core *core, struct db *db, const char *tls_name, enum core_method method,
                  const ProtobufCMessage *request, int64_t now_ms, ProtobufCMessage **response, struct err *err)
{
    bool is_newcomer = token_is_one_time_name(tls_name, core->tls_name);
    bool is_operator = strcmp(tls_name, core->tls_name) == 0;

    if (method == CORE_JOIN ? !is_newcomer : !(is_operator && is_console(method))) {
        return err_set(err, ERR_NOT_ALLOWED, "%s by %s", core_method_name(method), tls_name);
    }
    switch (method) {
    case CORE_JOIN:
        return serve_join(core, db, tls_name, (const Weft__V1__JoinRequest *)request, now_ms, response, err);
    case CORE_INVITE:
        return serve_invite(core, db, (const Weft__V1__InviteRequest *)request, now_ms, response, err);
    case CORE_ADMIT:
        return serve_admit(core, db, (const Weft__V1__AdmitRequest *)request, now_ms, response, err);
    case CORE_NOTE:
        return notes_serve(core, db, (const Weft__V1__NoteRequest *)request, now_ms, response, err);
    default:
        return serve_list(db, response, err);
    }
}
