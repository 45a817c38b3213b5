/* roster.c - open and check rosters. */
#include "base/roster_internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

#define LEADER WEFT__V1__SIDE__SIDE_LEADER
#define HELPER WEFT__V1__SIDE__SIDE_HELPER

int roster_unsound(struct err *err, const char *what, const char *id)
{
    return err_set(err, ERR_ROSTER_UNSOUND, "%s: %s", what, id == NULL || *id == '\0' ? "(empty)" : id);
}

/* ---- lookups: arrays are sorted by id, so all of these are binary searches ---- */

#define FIND(array, num, key)                                                                                \
    do {                                                                                                     \
        int low = 0, high = (num);                                                                           \
        while (low < high) {                                                                                 \
            int middle = low + (high - low) / 2;                                                             \
            int order = strcmp(wanted, (array)[middle].wire->key);                                           \
            if (order == 0)                                                                                  \
                return middle;                                                                               \
            if (order < 0)                                                                                   \
                high = middle;                                                                               \
            else                                                                                             \
                low = middle + 1;                                                                            \
        }                                                                                                    \
        return NONE;                                                                                         \
    } while (0)

int roster_find_area(const struct roster *roster, const char *wanted)
{
    FIND(roster->areas, roster->num_areas, code);
}

int roster_find_site(const struct roster *roster, const char *wanted)
{
    FIND(roster->sites, roster->num_sites, id);
}

int roster_find_coordinator(const struct roster *roster, const char *wanted)
{
    FIND(roster->coordinators, roster->num_coordinators, id);
}

int roster_find_site_by_tls_name(const struct roster *roster, const char *tls_name)
{
    for (int i = 0; i < roster->num_sites; i++) {
        if (strcmp(roster->sites[i].wire->tls_name, tls_name) == 0) {
            return i;
        }
    }
    return NONE;
}

int roster_find_coordinator_by_tls_name(const struct roster *roster, const char *tls_name)
{
    for (int i = 0; i < roster->num_coordinators; i++) {
        if (strcmp(roster->coordinators[i].wire->tls_name, tls_name) == 0) {
            return i;
        }
    }
    return NONE;
}

const Weft__V1__Revocation *roster_revocation(const struct roster *roster, const char *tls_name,
                                              int64_t at_ms)
{
    for (size_t i = 0; i < roster->wire->n_revoked; i++) {
        const Weft__V1__Revocation *entry = roster->wire->revoked[i];
        if (entry->from_ms <= at_ms && strcmp(entry->tls_name, tls_name) == 0) {
            return entry;
        }
    }
    return NULL;
}

const char *roster_signed_code(const struct roster *roster, int area)
{
    int whole = roster->areas[area].whole;

    return roster->areas[whole == NONE ? area : whole].wire->code;
}

bool roster_is_within(const struct roster *roster, int area, int ancestor)
{
    while (area != NONE && area != ancestor) {
        area = roster->areas[area].parent;
    }
    return area != NONE;
}

int roster_station(const struct roster *roster, int area, Weft__V1__Side side)
{
    return side == LEADER ? roster->areas[area].leader : roster->areas[area].helper;
}

bool roster_serves(const struct roster *roster, int coordinator, int area)
{
    return roster_station(roster, area, roster->coordinators[coordinator].side) == coordinator;
}

int roster_parent_coordinator(const struct roster *roster, int coordinator)
{
    int top = roster->coordinators[coordinator].top_area;
    int parent = top == NONE ? NONE : roster->areas[top].parent;

    return parent == NONE ? NONE : roster_station(roster, parent, roster->coordinators[coordinator].side);
}

/* ---- building ---- */

static const Weft__V1__Operator *find_operator(const Weft__V1__Roster *wire, const char *id)
{
    for (size_t i = 0; i < wire->n_operators; i++) {
        if (strcmp(wire->operators[i]->id, id) == 0) {
            return wire->operators[i];
        }
    }
    return NULL;
}

/* Is this owner of sites an operator, or the body that controls one? */
static bool is_operator(const Weft__V1__Roster *wire, const char *owner)
{
    for (size_t i = 0; i < wire->n_operators; i++) {
        if (strcmp(wire->operators[i]->id, owner) == 0 || strcmp(wire->operators[i]->body, owner) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_side(Weft__V1__Side side)
{
    return side == LEADER || side == HELPER;
}

static int check_head(const Weft__V1__Roster *wire, struct err *err)
{
    bool have_leader = false, have_helper = false;

    if (strcmp(wire->context, CONTEXT_REAL) != 0 && strcmp(wire->context, CONTEXT_DEMO) != 0) {
        return roster_unsound(err, "unknown context", wire->context);
    }
    if (wire->version < 1 || wire->expires_ms <= wire->issued_ms) {
        return roster_unsound(err, "version or dates", "version must be at least 1 and expiry after issue");
    }
    if (wire->previous_digest.len != (wire->version == 1 ? 0 : DIGEST_SIZE)) {
        return roster_unsound(err, "digest of the version before", "needed from version 2 on");
    }
    for (size_t i = 0; i < wire->n_roots; i++) {
        const Weft__V1__Root *root = wire->roots[i];
        if (!id_is_valid(root->name) || !is_side(root->side) || root->public_key.len != KEY_SIZE) {
            return roster_unsound(err, "root key", root->name);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(root->name, wire->roots[j]->name) == 0 ||
                memcmp(root->public_key.data, wire->roots[j]->public_key.data, KEY_SIZE) == 0) {
                return roster_unsound(err, "root key stands twice", root->name);
            }
        }
        have_leader |= root->side == LEADER;
        have_helper |= root->side == HELPER;
    }
    if (!have_leader || !have_helper) {
        return roster_unsound(err, "root keys", "one of each side at least");
    }
    return 0;
}

/* One body on both sides would hold both shares of some hospital: refused above all. */
static int check_operators(const Weft__V1__Roster *wire, struct err *err)
{
    for (size_t i = 0; i < wire->n_operators; i++) {
        const Weft__V1__Operator *a = wire->operators[i];
        if (!id_is_valid(a->id) || !is_side(a->side) || a->body[0] == '\0') {
            return roster_unsound(err, "operator", a->id);
        }
        for (size_t j = 0; j < i; j++) {
            const Weft__V1__Operator *b = wire->operators[j];
            if (strcmp(a->id, b->id) == 0) {
                return roster_unsound(err, "operator stands twice", a->id);
            }
            if (strcmp(a->body, b->body) == 0 && a->side != b->side) {
                return err_set(err, ERR_ROSTER_BOTH_SIDES, "body \"%s\" through operators %s and %s", a->body,
                               b->id, a->id);
            }
        }
    }
    return 0;
}

static int by_code(const void *a, const void *b)
{
    return strcmp(((const struct roster_area *)a)->wire->code, ((const struct roster_area *)b)->wire->code);
}

static int by_coordinator_id(const void *a, const void *b)
{
    return strcmp(((const struct roster_coordinator *)a)->wire->id,
                  ((const struct roster_coordinator *)b)->wire->id);
}

static int by_site_id(const void *a, const void *b)
{
    return strcmp(((const struct roster_site *)a)->wire->id, ((const struct roster_site *)b)->wire->id);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int allocate(struct roster *roster, struct err *err)
{
    const Weft__V1__Roster *wire = roster->wire;

    if (wire->n_areas == 0 || wire->n_areas > 100000 || wire->n_coordinators > 100000 ||
        wire->n_sites > 1000000) {
        return roster_unsound(err, "size", "areas, coordinators or sites out of range");
    }
    roster->areas = calloc(wire->n_areas, sizeof *roster->areas);
    roster->coordinators = calloc(wire->n_coordinators + 1, sizeof *roster->coordinators);
    roster->sites = calloc(wire->n_sites + 1, sizeof *roster->sites);
    if (roster->areas == NULL || roster->coordinators == NULL || roster->sites == NULL) {
        return err_set(err, ERR_NO_MEMORY, "roster");
    }
    for (size_t i = 0; i < wire->n_areas; i++) {
        roster->areas[roster->num_areas++].wire = wire->areas[i];
    }
    for (size_t i = 0; i < wire->n_coordinators; i++) {
        roster->coordinators[roster->num_coordinators++].wire = wire->coordinators[i];
    }
    for (size_t i = 0; i < wire->n_sites; i++) {
        roster->sites[roster->num_sites++].wire = wire->sites[i];
    }
    qsort(roster->areas, (size_t)roster->num_areas, sizeof *roster->areas, by_code);
    qsort(roster->coordinators, (size_t)roster->num_coordinators, sizeof *roster->coordinators,
          by_coordinator_id);
    qsort(roster->sites, (size_t)roster->num_sites, sizeof *roster->sites, by_site_id);
    return 0;
}

static int link_coordinators(struct roster *roster, struct err *err)
{
    for (int i = 0; i < roster->num_coordinators; i++) {
        struct roster_coordinator *c = &roster->coordinators[i];
        const Weft__V1__Operator *owner = find_operator(roster->wire, c->wire->operator_id);

        if (!id_is_valid(c->wire->id) || !id_is_valid(c->wire->tls_name) ||
            c->wire->sign_key.len != KEY_SIZE || c->wire->static_key.len != KEY_SIZE) {
            return roster_unsound(err, "coordinator", c->wire->id);
        }
        if (i > 0 && strcmp(c->wire->id, c[-1].wire->id) == 0) {
            return roster_unsound(err, "coordinator stands twice", c->wire->id);
        }
        if (owner == NULL) {
            return roster_unsound(err, "unknown operator of coordinator", c->wire->id);
        }
        c->side = owner->side;
        c->top_area = NONE;
    }
    return 0;
}

static int link_area(struct roster *roster, int index, struct err *err)
{
    struct roster_area *area = &roster->areas[index];
    const Weft__V1__Area *wire = area->wire;

    if (!id_is_valid(wire->code) || wire->tier[0] == '\0' || wire->collector_key.len != KEY_SIZE) {
        return roster_unsound(err, "area", wire->code);
    }
    if (index > 0 && strcmp(wire->code, area[-1].wire->code) == 0) {
        return roster_unsound(err, "area stands twice", wire->code);
    }
    area->parent = wire->parent[0] == '\0' ? NONE : roster_find_area(roster, wire->parent);
    if (wire->parent[0] != '\0' && area->parent == NONE) {
        return roster_unsound(err, "unknown parent of area", wire->code);
    }
    if (area->parent == NONE) {
        if (roster->top != NONE) {
            return roster_unsound(err, "a second top area", wire->code);
        }
        roster->top = index;
    }
    area->whole = strchr(wire->code, '.') == NULL ? NONE : area->parent;
    area->leader = roster_find_coordinator(roster, wire->leader);
    area->helper = roster_find_coordinator(roster, wire->helper);
    if (area->leader == NONE || roster->coordinators[area->leader].side != LEADER) {
        return roster_unsound(err, "leader unknown or not on the leader side, area", wire->code);
    }
    if (area->helper == NONE || roster->coordinators[area->helper].side != HELPER) {
        return roster_unsound(err, "helper unknown or not on the helper side, area", wire->code);
    }
    return 0;
}

static int link_areas(struct roster *roster, struct err *err)
{
    int rc;

    roster->top = NONE;
    for (int i = 0; i < roster->num_areas; i++) {
        if ((rc = link_area(roster, i, err)) != 0) {
            return rc;
        }
    }
    if (roster->top == NONE) {
        return roster_unsound(err, "no top area", "");
    }
    for (int i = 0; i < roster->num_areas; i++) {
        int depth = 0;
        for (int up = roster->areas[i].parent; up != NONE; up = roster->areas[up].parent) {
            if (++depth == ROSTER_MAX_LEVELS) {
                return roster_unsound(err, "area in a circle or too deep", roster->areas[i].wire->code);
            }
        }
        roster->areas[i].depth = depth;
    }
    return 0;
}

/* A coordinator's areas are one connected part of the tree: its highest area is unique, and whatever it
 * serves below hangs together. Otherwise it would not be clear where its shares go. */
static int check_stations(struct roster *roster, struct err *err)
{
    for (int side = LEADER; side <= HELPER; side++) {
        for (int i = 0; i < roster->num_areas; i++) {
            int station = roster_station(roster, i, (Weft__V1__Side)side);
            int parent = roster->areas[i].parent;
            struct roster_coordinator *c = &roster->coordinators[station];

            if (parent != NONE && roster_station(roster, parent, (Weft__V1__Side)side) == station) {
                continue;
            }
            if (c->top_area != NONE) {
                return roster_unsound(err, "coordinator serves unconnected areas", c->wire->id);
            }
            c->top_area = i;
        }
    }
    return 0;
}

static int number_owners(struct roster *roster, struct err *err)
{
    size_t num = (size_t)roster->num_sites;
    const char **owners = calloc(num + 1, sizeof *owners);

    if (owners == NULL) {
        return err_set(err, ERR_NO_MEMORY, "owners");
    }
    for (size_t i = 0; i < num; i++) {
        owners[i] = roster->sites[i].wire->owner;
    }
    qsort(owners, num, sizeof *owners, by_text);
    for (size_t i = 0; i < num; i++) {
        if (i == 0 || strcmp(owners[i], owners[roster->num_owners - 1]) != 0) {
            owners[roster->num_owners++] = owners[i];
        }
    }
    for (size_t i = 0; i < num; i++) {
        const char *owner = roster->sites[i].wire->owner;
        const char **found = bsearch(&owner, owners, (size_t)roster->num_owners, sizeof *owners, by_text);
        roster->sites[i].owner = (int)(found - owners);
        roster->sites[i].owner_is_operator = is_operator(roster->wire, owner);
    }
    free(owners);
    return 0;
}

static int link_sites(struct roster *roster, struct err *err)
{
    for (int i = 0; i < roster->num_sites; i++) {
        struct roster_site *site = &roster->sites[i];

        if (!id_is_valid(site->wire->id) || !id_is_valid(site->wire->tls_name) ||
            !id_is_valid(site->wire->owner) || site->wire->sign_key.len != KEY_SIZE) {
            return roster_unsound(err, "site", site->wire->id);
        }
        if (i > 0 && strcmp(site->wire->id, site[-1].wire->id) == 0) {
            return roster_unsound(err, "site stands twice", site->wire->id);
        }
        site->area = roster_find_area(roster, site->wire->area);
        site->supervisor = roster_find_area(roster, site->wire->supervisor);
        if (site->area == NONE || site->supervisor == NONE ||
            !roster_is_within(roster, site->area, site->supervisor)) {
            return roster_unsound(err, "area or supervisor (its own area or one above) of site",
                                  site->wire->id);
        }
    }
    return number_owners(roster, err);
}

/* TLS names are identities: one party each. */
static int check_tls_names(const struct roster *roster, struct err *err)
{
    size_t num = (size_t)(roster->num_sites + roster->num_coordinators), n = 0;
    const char **names = calloc(num + 1, sizeof *names);
    int rc = 0;

    if (names == NULL) {
        return err_set(err, ERR_NO_MEMORY, "names");
    }
    for (int i = 0; i < roster->num_sites; i++) {
        names[n++] = roster->sites[i].wire->tls_name;
    }
    for (int i = 0; i < roster->num_coordinators; i++) {
        names[n++] = roster->coordinators[i].wire->tls_name;
    }
    qsort(names, n, sizeof *names, by_text);
    for (size_t i = 1; i < n && rc == 0; i++) {
        if (strcmp(names[i], names[i - 1]) == 0) {
            rc = roster_unsound(err, "TLS name stands twice", names[i]);
        }
    }
    free(names);
    return rc;
}

int roster_build(struct roster *roster, struct err *err)
{
    int rc;

    if ((rc = check_head(roster->wire, err)) != 0 || (rc = check_operators(roster->wire, err)) != 0 ||
        (rc = allocate(roster, err)) != 0 || (rc = link_coordinators(roster, err)) != 0 ||
        (rc = link_areas(roster, err)) != 0 || (rc = check_stations(roster, err)) != 0 ||
        (rc = link_sites(roster, err)) != 0) {
        return rc;
    }
    return check_tls_names(roster, err);
}

/* Structure first, then the rules over what is linked. */
static int build_and_check(struct roster *roster, struct err *err)
{
    int rc = roster_build(roster, err);

    return rc != 0 ? rc : roster_check_rules(roster, err);
}

static void clear_arrays(struct roster *roster)
{
    free(roster->areas);
    free(roster->coordinators);
    free(roster->sites);
}

int roster_check(const Weft__V1__Roster *wire, struct err *err)
{
    struct roster roster = {.wire = (Weft__V1__Roster *)(uintptr_t)wire};
    int rc = build_and_check(&roster, err);

    clear_arrays(&roster);
    return rc;
}

void roster_free(struct roster **roster)
{
    if (*roster != NULL) {
        clear_arrays(*roster);
        if ((*roster)->resolved != NULL) {
            roster_resolved_free((*roster)->resolved);
        } else {
            wire_free(&(*roster)->wire);
        }
        free(*roster);
        *roster = NULL;
    }
}

int roster_check_root_signatures(const struct roster_roots *roots, const Weft__V1__Document *document,
                                 struct err *err)
{
    bool signed_by[HELPER + 1] = {false};

    for (size_t i = 0; i < roots->num_roots; i++) {
        const Weft__V1__Root *root = roots->roots[i];
        if (is_side(root->side) && root->public_key.len == KEY_SIZE &&
            document_is_signed(document, root->name, root->public_key.data)) {
            signed_by[root->side] = true;
        }
    }
    if (!signed_by[LEADER] || !signed_by[HELPER]) {
        return err_set(err,
                       document->type == WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER ? ERR_ROSTER_SIGNATURE
                                                                                  : ERR_TASK_SIGNATURE,
                       "%s: no valid root signature of the %s side", document_type_name(document->type),
                       signed_by[LEADER] ? "helper" : "leader");
    }
    return 0;
}

struct roster_roots roster_own_roots(const struct roster *roster)
{
    return (struct roster_roots){(const Weft__V1__Root *const *)roster->wire->roots, roster->wire->n_roots};
}

int roster_check_succession(const struct roster *before, const struct roster *next,
                            const Weft__V1__Document *document, struct err *err)
{
    const Weft__V1__Roster *a = before->wire, *b = next->wire;
    struct roster_roots roots = roster_own_roots(before);
    int rc;

    if (b->version <= a->version) {
        return err_set(err, ERR_ROSTER_OLDER, "version %" PRIu32 " after %" PRIu32, b->version, a->version);
    }
    if (strcmp(a->context, CONTEXT_REAL) == 0 && strcmp(b->context, CONTEXT_REAL) != 0) {
        return err_set(err, ERR_ROSTER_DEMO,
                       "version %" PRIu32 " has the context \"%s\", the one before \"%s\"", b->version,
                       b->context, a->context);
    }
    if (b->version != a->version + 1 || b->previous_digest.len != DIGEST_SIZE ||
        memcmp(b->previous_digest.data, before->digest, DIGEST_SIZE) != 0) {
        return err_set(err, ERR_ROSTER_SUCCESSION, "version %" PRIu32 " after %" PRIu32, b->version,
                       a->version);
    }
    if ((rc = roster_check_root_signatures(&roots, document, err)) != 0) {
        err_prefix(err, "under the rule of version %" PRIu32, a->version);
    }
    return rc;
}

int roster_open(struct roster **out, const Weft__V1__Document *document, const struct roster_roots *roots,
                int64_t now_ms, struct err *err)
{
    struct roster *roster = calloc(1, sizeof *roster);
    struct roster_roots own;
    int rc;

    if (roster == NULL) {
        return err_set(err, ERR_NO_MEMORY, "roster");
    }
    if ((rc = document_body((ProtobufCMessage **)&roster->wire, document,
                            WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, err)) != 0 ||
        (rc = build_and_check(roster, err)) != 0) {
        goto done;
    }
    own = roster_own_roots(roster);
    if ((rc = roster_check_root_signatures(roots != NULL ? roots : &own, document, err)) != 0) {
        goto done;
    }
    if (now_ms != 0 && now_ms >= roster->wire->expires_ms) {
        rc = err_set(err, ERR_ROSTER_EXPIRED, "version %u", roster->wire->version);
        goto done;
    }
    document_digest(roster->digest, document);
    *out = roster;
    roster = NULL;
done:
    roster_free(&roster);
    return rc;
}
