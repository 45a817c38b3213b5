/* authority_roster.c - the draft of a roster: made, then changed one party at a time.
 *
 * Each command checks what it adds against what is there already; the whole is judged when it is signed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/cert.h"
#include "base/file.h"
#include "base/roster_conventions.h"
#include "base/wire.h"
#include "coordinator/authority_draft.h"
#include "crypto/secret.h"

#define MAX_CLASSES      15
#define MAX_RULES        32
#define CERT_DAYS        825
#define ISSUER_DAYS      1826
#define KEY_FIELD(bytes) ((ProtobufCBinaryData){.len = KEY_SIZE, .data = (bytes)})

/* ---------------------------------------------------------------- checks of what is added */

static int check_id(const char *option, const char *id, struct err *err)
{
    if (!id_is_valid(id))
        return err_set(err, ERR_USAGE, "--%s \"%s\": 1 to %d of A-Z a-z 0-9 . _ -", option, id, ID_MAX);
    return 0;
}

static int check_names(const struct args *args, struct err *err)
{
    static const char *const options[] = {"name-zh", "name-en"};

    for (size_t i = 0; i < 2; i++) {
        const char *name = args_value(args, options[i]);

        if (name[0] == '\0' || strlen(name) > DRAFT_NAME_MAX)
            return err_set(err, ERR_USAGE, "--%s: 1 to %d bytes", options[i], DRAFT_NAME_MAX);
    }
    return 0;
}

static int check_tier(const char *tier, struct err *err)
{
    static const char *const tiers[] = {"province", "city", "county", "township"};

    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
        if (strcmp(tier, tiers[i]) == 0)
            return 0;
    }
    return err_set(err, ERR_USAGE, "--tier %s: province, city, county or township", tier);
}

/* The rule above all others is not left to the signature. */
static int check_body(const Weft__V1__Roster *roster, const Weft__V1__Operator *added, struct err *err)
{
    for (size_t i = 0; i < roster->n_operators; i++) {
        const Weft__V1__Operator *other = roster->operators[i];

        if (strcmp(other->body, added->body) == 0 && other->side != added->side)
            return err_set(err, ERR_ROSTER_BOTH_SIDES, "body \"%s\" through operators %s and %s", added->body,
                           other->id, added->id);
    }
    return 0;
}

/* A party joins once: id, TLS name and signing key are its own. */
static int check_new_party(const Weft__V1__Roster *roster, const struct join *join, struct err *err)
{
    if (!id_is_valid(join->tls_name))
        return draft_unsound(err, "the TLS name is longer than 64 bytes", join->tls_name);
    for (size_t i = 0; i < roster->n_sites + roster->n_coordinators; i++) {
        bool is_site = i < roster->n_sites;
        const Weft__V1__Site *site = is_site ? roster->sites[i] : NULL;
        const Weft__V1__Coordinator *coordinator = is_site ? NULL : roster->coordinators[i - roster->n_sites];
        const char *id = is_site ? site->id : coordinator->id;
        const ProtobufCBinaryData *key = is_site ? &site->sign_key : &coordinator->sign_key;

        if (strcmp(id, join->id) == 0)
            return draft_unsound(err, "is in the roster already", id);
        if (strcmp(is_site ? site->tls_name : coordinator->tls_name, join->tls_name) == 0)
            return draft_unsound(err, "the TLS name belongs to another party", join->tls_name);
        if (key->len == KEY_SIZE && memcmp(key->data, join->sign_key, KEY_SIZE) == 0)
            return draft_unsound(err, "has the same signing key", id);
    }
    return 0;
}

static int read_join(struct join *join, const char *path, enum join_kind kind, struct err *err)
{
    int rc = join_read(join, path, err);

    if (rc == 0 && join->kind != kind)
        rc = err_set(err, ERR_USAGE, "%s is the join file of a %s", path,
                     join->kind == JOIN_SITE ? "site" : "coordinator");
    return rc;
}

static void say_joined(const struct args *args, const struct join *join)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];

    printf(args_lang(args) == LANG_ZH ? "%s：指纹 %s（签署前请与对方核对）\n"
                                      : "%s: fingerprint %s (compare it with the party before signing)\n",
           join->id, join_fingerprint(fingerprint, join));
}

/* ---------------------------------------------------------------- commands */

static int fresh_roster(struct draft *draft, const struct args *args, const struct join_roots *roots,
                        const char *from, struct err *err)
{
    Weft__V1__Document *document = NULL;
    uint8_t *previous = NULL;
    int rc;

    weft__v1__roster__init(&draft->roster);
    draft->roster.version = 1;
    if (from == NULL) {
        draft->roster.context = TEXT(args_value(args, "context"));
    } else {
        if ((rc = authority_load(&document, from, err)) != 0)
            return rc;
        rc = document_body((ProtobufCMessage **)&draft->stored, document,
                           WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, err);
        if (rc == 0 && (previous = draft_alloc(draft, DIGEST_SIZE)) == NULL)
            rc = err_set(err, ERR_NO_MEMORY, "roster");
        if (rc == 0)
            document_digest(previous, document);
        document_free(&document);
        if (rc != 0)
            return rc;
        draft->roster = *draft->stored;
        draft->roster.version++;
        draft->roster.previous_digest = (ProtobufCBinaryData){.len = DIGEST_SIZE, .data = previous};
        if (args_value(args, "context") != NULL &&
            strcmp(args_value(args, "context"), draft->roster.context) != 0)
            return err_set(err, ERR_ROSTER_UNSOUND, "%s has the context \"%s\"", from, draft->roster.context);
    }
    draft->roster.n_roots = roots->roots.num_roots;
    draft->roster.roots = (Weft__V1__Root **)(uintptr_t)roots->list;
    return 0;
}

static int add_authority(struct draft *draft, ProtobufCBinaryData *list, const char *path, struct err *err)
{
    uint8_t *pem = NULL, *kept;
    size_t len;
    int rc = file_read(&pem, &len, path, CERT_PEM_MAX, err);

    if (rc == 0 && (kept = draft_alloc(draft, len)) == NULL)
        rc = err_set(err, ERR_NO_MEMORY, "roster");
    if (rc == 0) {
        memcpy(kept, pem, len);
        list[draft->roster.n_tls_authorities++] = (ProtobufCBinaryData){.len = len, .data = kept};
    }
    free(pem);
    return rc;
}

/* The TLS authorities that all trust from this roster on: those named; else those of the roster before; else the
 * directory's own, if it has one. */
static int set_authorities(struct draft *draft, const struct args *args, struct err *err)
{
    const char *paths[CERT_MAX_CHAIN];
    size_t num = args_values(args, "tls-authority", paths, CERT_MAX_CHAIN);
    char *own = file_join(args_value(args, "dir"), "ca.crt");
    ProtobufCBinaryData *list = draft_alloc(draft, (CERT_MAX_CHAIN + 1) * sizeof *list);
    int rc = own == NULL || list == NULL ? err_set(err, ERR_NO_MEMORY, "roster") : 0;

    if (rc == 0 && num == 0 && draft->roster.n_tls_authorities == 0 && file_exists(own))
        paths[num++] = own;
    if (rc == 0 && num > 0) {
        draft->roster.n_tls_authorities = 0;
        draft->roster.tls_authorities = list;
    }
    for (size_t i = 0; i < num && rc == 0; i++)
        rc = add_authority(draft, list, paths[i], err);
    free(own);
    return rc;
}

int authority_new_roster(const struct args *args, struct err *err)
{
    const char *context = args_value(args, "context"), *from = args_value(args, "from"),
               *others[JOIN_MAX_ROOTS];
    size_t num_others = args_values(args, "root", others, JOIN_MAX_ROOTS);
    struct authority_root own = {0};
    struct draft draft = {0};
    bool both = false;
    int rc;

    if (context == NULL && from == NULL)
        return err_set(err, ERR_USAGE,
                       "--context \"weft v1\" or \"weft demo v1\", or --from the roster before");
    if (context != NULL && strcmp(context, "weft v1") != 0 && strcmp(context, "weft demo v1") != 0)
        return err_set(err, ERR_USAGE, "--context \"%s\": \"weft v1\" or \"weft demo v1\"", context);
    if ((rc = authority_root_load(&own, args_value(args, "dir"), err)) != 0)
        goto done;
    for (size_t i = 0; i < num_others; i++) {
        if ((rc = join_roots_add(&own.pinned, others[i], err)) != 0)
            goto done;
        both |= own.pinned.root[i + 1].side != own.pinned.root[0].side;
    }
    if (!both) {
        rc = err_set(err, ERR_ROSTER_UNSOUND, "--root must name a root of the other side");
        goto done;
    }
    if ((rc = fresh_roster(&draft, args, &own.pinned, from, err)) != 0 ||
        (rc = set_authorities(&draft, args, err)) != 0 ||
        (rc = draft_time(&draft.roster.expires_ms, args, "expires", err)) != 0)
        goto done;
    draft.roster.issued_ms = calendar_now_ms();
    if (draft.roster.expires_ms <= draft.roster.issued_ms)
        rc = err_set(err, ERR_USAGE, "--expires %s is not in the future", args_value(args, "expires"));
    else
        rc = draft_save(&draft, args_value(args, "roster"), true, err);

done:
    draft_clear(&draft);
    authority_root_clear(&own);
    return rc;
}

int authority_add_operator(const struct args *args, struct err *err)
{
    const char *id = args_value(args, "id"), *side = args_value(args, "side"),
               *body = args_value(args, "body");
    Weft__V1__Operator added = WEFT__V1__OPERATOR__INIT;
    struct draft draft = {0};
    int rc;

    added.side = strcmp(side, "leader") == 0 ? WEFT__V1__SIDE__SIDE_LEADER : WEFT__V1__SIDE__SIDE_HELPER;
    if (strcmp(side, "leader") != 0 && strcmp(side, "helper") != 0)
        return err_set(err, ERR_USAGE, "--side %s: leader or helper", side);
    if (body[0] == '\0' || strlen(body) > DRAFT_NAME_MAX)
        return err_set(err, ERR_USAGE, "--body: 1 to %d bytes", DRAFT_NAME_MAX);
    if ((rc = check_id("id", id, err)) != 0 || (rc = check_names(args, err)) != 0 ||
        (rc = draft_load(&draft, args_value(args, "roster"), err)) != 0)
        goto done;
    if (draft_find_operator(&draft.roster, id) != NULL) {
        rc = draft_unsound(err, "is in the roster already", id);
        goto done;
    }
    added.id = TEXT(id);
    added.body = TEXT(body);
    added.name_zh = TEXT(args_value(args, "name-zh"));
    added.name_en = TEXT(args_value(args, "name-en"));
    if ((rc = check_body(&draft.roster, &added, err)) != 0)
        goto done;
    draft.roster.operators = draft_grow(&draft, draft.roster.operators, draft.roster.n_operators++, &added);
    rc = draft.roster.operators == NULL ? err_set(err, ERR_NO_MEMORY, "roster")
                                        : draft_save(&draft, args_value(args, "roster"), false, err);

done:
    draft_clear(&draft);
    return rc;
}

/* Nothing to do for a party that its leader certified. */
static int issue(const struct args *args, const struct join *join, bool is_first, struct err *err)
{
    const char *dir = args_value(args, "dir"), *out = args_value(args, "cert-out");
    int64_t days;
    int rc = args_int(args, "days", &days, CERT_DAYS, 1, CERT_AUTHORITY_DAYS, err);

    if (rc != 0 || out == NULL)
        return rc;
    if (dir == NULL)
        return err_set(err, ERR_USAGE, "--cert-out needs --dir, the directory of the TLS authority");
    return authority_issue(dir, join, out, is_first, (unsigned)days, err);
}

int authority_add_coordinator(const struct args *args, struct err *err)
{
    const char *operator_id = args_value(args, "operator"), *path = args_value(args, "roster");
    Weft__V1__Coordinator added = WEFT__V1__COORDINATOR__INIT;
    struct draft draft = {0};
    struct join join = {0};
    int rc;

    if ((rc = read_join(&join, args_operand(args, 0), JOIN_COORDINATOR, err)) != 0 ||
        (rc = draft_load(&draft, path, err)) != 0 || (rc = check_new_party(&draft.roster, &join, err)) != 0)
        goto done;
    if (draft_find_operator(&draft.roster, operator_id) == NULL) {
        rc = draft_unsound(err, "no such operator in the roster; see add-operator", operator_id);
        goto done;
    }
    added.id = join.id;
    added.operator_id = TEXT(operator_id);
    added.tls_name = join.tls_name;
    added.sign_key = KEY_FIELD(join.sign_key);
    added.static_key = KEY_FIELD(join.static_key);
    draft.roster.coordinators =
        draft_grow(&draft, draft.roster.coordinators, draft.roster.n_coordinators++, &added);
    if (draft.roster.coordinators == NULL)
        rc = err_set(err, ERR_NO_MEMORY, "roster");
    else if ((rc = issue(args, &join, true, err)) == 0 && (rc = draft_save(&draft, path, false, err)) == 0)
        say_joined(args, &join);

done:
    join_clear(&join);
    draft_clear(&draft);
    return rc;
}

/* The leader as its join file names it must be the coordinator that the roster holds. */
static int check_leader(const Weft__V1__Roster *roster, const struct join *join, const char *code,
                        struct err *err)
{
    const Weft__V1__Coordinator *leader = draft_find_coordinator(roster, join->id);

    if (leader == NULL)
        return draft_unsound(err, "no such coordinator in the roster; see add-coordinator", join->id);
    if (leader->sign_key.len != KEY_SIZE || memcmp(leader->sign_key.data, join->sign_key, KEY_SIZE) != 0)
        return draft_unsound(err, "the join file has another signing key than the roster", join->id);
    if (join_collector(join, code) == NULL)
        return draft_unsound(err, "the leader's join file has no collector key for this area", code);
    return 0;
}

int authority_add_area(const struct args *args, struct err *err)
{
    const char *code = args_value(args, "code"), *parent = args_value(args, "parent");
    const char *helper = args_value(args, "helper"), *path = args_value(args, "roster");
    Weft__V1__Area added = WEFT__V1__AREA__INIT;
    struct draft draft = {0};
    struct join join = {0};
    enum code_fault fault;
    int rc;

    if ((rc = check_id("code", code, err)) != 0 || (rc = check_tier(args_value(args, "tier"), err)) != 0 ||
        (rc = check_names(args, err)) != 0 ||
        (rc = read_join(&join, args_value(args, "leader-join"), JOIN_COORDINATOR, err)) != 0 ||
        (rc = draft_load(&draft, path, err)) != 0)
        goto done;
    if (draft_find_area(&draft.roster, code) != NULL)
        rc = draft_unsound(err, "is in the roster already", code);
    else if (parent != NULL && draft_find_area(&draft.roster, parent) == NULL)
        rc = draft_unsound(err, "no such area in the roster; add parents first", parent);
    else if (draft_find_coordinator(&draft.roster, helper) == NULL)
        rc = draft_unsound(err, "no such coordinator in the roster; see add-coordinator", helper);
    else
        rc = check_leader(&draft.roster, &join, code, err);
    if (rc != 0)
        goto done;
    added.code = TEXT(code);
    added.parent = TEXT(parent == NULL ? "" : parent);
    added.tier = TEXT(args_value(args, "tier"));
    added.name_zh = TEXT(args_value(args, "name-zh"));
    added.name_en = TEXT(args_value(args, "name-en"));
    added.leader = join.id;
    added.helper = TEXT(helper);
    added.collector_key = KEY_FIELD((uint8_t *)(uintptr_t)join_collector(&join, code));
    if ((fault = roster_code_fault(&draft.roster, &added)) != CODE_IS_FINE) {
        rc = draft_unsound(err, code_fault_text(fault, args_lang(args)), code);
        goto done;
    }
    draft.roster.areas = draft_grow(&draft, draft.roster.areas, draft.roster.n_areas++, &added);
    rc = draft.roster.areas == NULL ? err_set(err, ERR_NO_MEMORY, "roster")
                                    : draft_save(&draft, path, false, err);

done:
    join_clear(&join);
    draft_clear(&draft);
    return rc;
}

/* Fill what does not come from the join file. `classes` holds MAX_CLASSES + 1 texts and must outlive `site`. */
static int fill_site(Weft__V1__Site *site, const struct args *args, const Weft__V1__Roster *roster,
                     const char **classes, struct err *err)
{
    const char *area = args_value(args, "area"), *supervisor = args_value(args, "supervisor");
    int64_t beds;
    int rc;

    if ((rc = check_names(args, err)) != 0 || (rc = check_id("owner", args_value(args, "owner"), err)) != 0)
        return rc;
    if (draft_find_area(roster, area) == NULL)
        return draft_unsound(err, "no such area in the roster; see add-area", area);
    if (supervisor != NULL && draft_find_area(roster, supervisor) == NULL)
        return draft_unsound(err, "no such area in the roster; see add-area", supervisor);
    if (args_values(args, "class", classes, MAX_CLASSES + 1) > MAX_CLASSES)
        return err_set(err, ERR_USAGE, "--class: at most %d", MAX_CLASSES);
    site->n_classes = args_values(args, "class", classes, MAX_CLASSES);
    if ((rc = args_int(args, "beds", &beds, 0, 0, UINT32_MAX, err)) != 0)
        return rc;
    site->beds = (uint32_t)beds;
    for (size_t i = 0; i < site->n_classes; i++) {
        if (!roster_class_is_sound(classes[i]))
            return err_set(err, ERR_USAGE, "--class \"%s\": dimension:value, as in grade:tertiary",
                           classes[i]);
    }
    if (args_value(args, "valid-from") != NULL &&
        (rc = draft_time(&site->valid_from_ms, args, "valid-from", err)) != 0)
        return rc;
    site->classes = (char **)(uintptr_t)classes;
    site->name_zh = TEXT(args_value(args, "name-zh"));
    site->name_en = TEXT(args_value(args, "name-en"));
    site->area = TEXT(area);
    site->owner = TEXT(args_value(args, "owner"));
    draft_set_supervisor(site, roster, supervisor);
    return 0;
}

int authority_add_site(const struct args *args, struct err *err)
{
    const char *classes[MAX_CLASSES + 1], *path = args_value(args, "roster");
    Weft__V1__Site added = WEFT__V1__SITE__INIT;
    struct draft draft = {0};
    struct join join = {0};
    int rc;

    if ((rc = read_join(&join, args_operand(args, 0), JOIN_SITE, err)) != 0 ||
        (rc = draft_load(&draft, path, err)) != 0 || (rc = check_new_party(&draft.roster, &join, err)) != 0 ||
        (rc = fill_site(&added, args, &draft.roster, classes, err)) != 0)
        goto done;
    added.id = join.id;
    added.tls_name = join.tls_name;
    added.sign_key = KEY_FIELD(join.sign_key);
    draft.roster.sites = draft_grow(&draft, draft.roster.sites, draft.roster.n_sites++, &added);
    if (draft.roster.sites == NULL)
        rc = err_set(err, ERR_NO_MEMORY, "roster");
    else if ((rc = issue(args, &join, true, err)) == 0 && (rc = draft_save(&draft, path, false, err)) == 0)
        say_joined(args, &join);

done:
    join_clear(&join);
    draft_clear(&draft);
    return rc;
}

/* "grade:tertiary=city", "rest=county" */
static int parse_rule(Weft__V1__SupervisionRule *rule, struct draft *draft, const char *text, struct err *err)
{
    const char *equals = strchr(text, '=');
    size_t len = equals == NULL ? 0 : (size_t)(equals - text);
    char *site_class = draft_alloc(draft, len + 1);
    int rc;

    if (site_class == NULL)
        return err_set(err, ERR_NO_MEMORY, "rules");
    if (len == 0)
        return err_set(err, ERR_USAGE, "--rule %s: CLASS=TIER, as in grade:tertiary=city or rest=county",
                       text);
    memcpy(site_class, text, len);
    if (strcmp(site_class, "rest") == 0)
        site_class[0] = '\0';
    else if (!roster_class_is_sound(site_class))
        return err_set(err, ERR_USAGE, "--rule %s: the class is dimension:value", text);
    if ((rc = check_tier(equals + 1, err)) != 0)
        return rc;
    weft__v1__supervision_rule__init(rule);
    rule->site_class = site_class;
    rule->tier = TEXT(equals + 1);
    return 0;
}

/* Those that report elsewhere keep to it, and say so. */
static int keep_supervisors(struct draft *draft, struct err *err)
{
    for (size_t i = 0; i < draft->roster.n_sites; i++) {
        Weft__V1__Site *site = draft->roster.sites[i];

        site->classes = draft_grow(draft, site->classes, site->n_classes, NULL); /* room for one more */
        if (site->classes == NULL)
            return err_set(err, ERR_NO_MEMORY, "sites");
        draft_set_supervisor(site, &draft->roster, site->supervisor);
    }
    return 0;
}

int authority_set_supervision(const struct args *args, struct err *err)
{
    const char *path = args_value(args, "roster"), *rules[MAX_RULES];
    Weft__V1__SupervisionRule wires[MAX_RULES], *list[MAX_RULES];
    struct draft draft = {0};
    int rc;

    if ((rc = draft_load(&draft, path, err)) != 0)
        return rc;
    draft.roster.supervision = list;
    draft.roster.n_supervision = args_values(args, "rule", rules, MAX_RULES);
    for (size_t i = 0; i < draft.roster.n_supervision && rc == 0; i++) {
        list[i] = &wires[i];
        rc = parse_rule(list[i], &draft, rules[i], err);
    }
    if (rc == 0 && args_flag(args, "keep"))
        rc = keep_supervisors(&draft, err);
    if (rc == 0)
        rc = draft_save(&draft, path, false, err);
    draft_clear(&draft);
    return rc;
}

static bool has_tls_name(const Weft__V1__Roster *roster, const char *name)
{
    bool found = false;

    for (size_t i = 0; i < roster->n_sites; i++)
        found |= strcmp(roster->sites[i]->tls_name, name) == 0;
    for (size_t i = 0; i < roster->n_coordinators; i++)
        found |= strcmp(roster->coordinators[i]->tls_name, name) == 0;
    for (size_t i = 0; i < roster->n_revoked; i++)
        found &= strcmp(roster->revoked[i]->tls_name, name) != 0;
    return found;
}

int authority_revoke(const struct args *args, struct err *err)
{
    const char *name = args_operand(args, 0), *path = args_value(args, "roster");
    Weft__V1__Revocation added = WEFT__V1__REVOCATION__INIT;
    struct draft draft = {0};
    int rc;

    added.tls_name = TEXT(name);
    added.reason = TEXT(args_value(args, "reason"));
    added.from_ms = calendar_now_ms();
    if (args_value(args, "from") != NULL && (rc = draft_time(&added.from_ms, args, "from", err)) != 0)
        return rc;
    if (added.reason[0] == '\0' || strlen(added.reason) > DRAFT_NAME_MAX)
        return err_set(err, ERR_USAGE, "--reason: 1 to %d bytes", DRAFT_NAME_MAX);
    if ((rc = draft_load(&draft, path, err)) != 0)
        return rc;
    if (!has_tls_name(&draft.roster, name)) {
        rc = draft_unsound(err, "no party has this TLS name, or it is revoked already", name);
    } else {
        draft.roster.revoked = draft_grow(&draft, draft.roster.revoked, draft.roster.n_revoked++, &added);
        rc = draft.roster.revoked == NULL ? err_set(err, ERR_NO_MEMORY, "roster")
                                          : draft_save(&draft, path, false, err);
    }
    draft_clear(&draft);
    return rc;
}

int authority_certify(const struct args *args, struct err *err)
{
    struct join join = {0};
    int rc;

    if ((rc = join_read(&join, args_operand(args, 0), err)) == 0 &&
        (rc = issue(args, &join, false, err)) == 0)
        say_joined(args, &join);
    join_clear(&join);
    return rc;
}

int authority_issue_ca(const struct args *args, struct err *err)
{
    const char *permitted[CERT_MAX_PERMITTED];
    size_t num = args_values(args, "permit", permitted, CERT_MAX_PERMITTED);
    struct join join = {0};
    int64_t days;
    int rc = args_int(args, "days", &days, ISSUER_DAYS, 1, CERT_AUTHORITY_DAYS, err);

    if (rc == 0 && (rc = read_join(&join, args_operand(args, 0), JOIN_COORDINATOR, err)) == 0 &&
        (rc = authority_issue_issuer(args_value(args, "dir"), &join, args_value(args, "cert-out"), permitted, num,
                                     (unsigned)days, err)) == 0)
        say_joined(args, &join);
    join_clear(&join);
    return rc;
}
