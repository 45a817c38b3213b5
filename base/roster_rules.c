/* roster_rules.c - the rules that a roster keeps beyond its structure: dates and classes of sites, revocations, keys. */
#include "base/roster_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/cert.h"

#define MAX_REASON    256  /* bytes */
#define MAX_AUTHORITY 4096 /* bytes of a TLS authority's certificate */

/* ---- sites in time ---- */

static bool place_is_sound(const struct roster *roster, const Weft__V1__FormerPlace *place)
{
    int area = roster_find_area(roster, place->area),
        supervisor = roster_find_area(roster, place->supervisor);

    return area != NONE && supervisor != NONE && roster_is_within(roster, area, supervisor) &&
           id_is_valid(place->owner);
}

/* Former places follow each other within the time in which the site takes part. */
static int check_former(const struct roster *roster, const Weft__V1__Site *site, struct err *err)
{
    int64_t since = site->valid_from_ms;

    for (size_t i = 0; i < site->n_former; i++) {
        const Weft__V1__FormerPlace *place = site->former[i];
        if (place->until_ms <= since ||
            (site->valid_until_ms != 0 && place->until_ms >= site->valid_until_ms)) {
            return roster_unsound(err, "dates of former places of site", site->id);
        }
        if (!place_is_sound(roster, place)) {
            return roster_unsound(err, "area, supervisor or owner of a former place of site", site->id);
        }
        since = place->until_ms;
    }
    return 0;
}

/* A successor is there for longer: so there is no circle. */
static int check_successor(const struct roster *roster, const Weft__V1__Site *site, struct err *err)
{
    int index = site->successor[0] == '\0' ? NONE : roster_find_site(roster, site->successor);
    const Weft__V1__Site *successor = index == NONE ? NULL : roster->sites[index].wire;

    if (site->successor[0] == '\0') {
        return 0;
    }
    if (successor == NULL || site->valid_until_ms == 0 ||
        (successor->valid_until_ms != 0 && successor->valid_until_ms <= site->valid_until_ms)) {
        return roster_unsound(err, "successor (a site that is there after this one ends) of site", site->id);
    }
    return 0;
}

bool roster_class_is_sound(const char *text)
{
    const char *colon = strchr(text, ':');
    char dimension[ID_MAX + 1];

    if (colon == NULL || colon - text > ID_MAX) {
        return false;
    }
    memcpy(dimension, text, (size_t)(colon - text));
    dimension[colon - text] = '\0';
    return id_is_valid(dimension) && id_is_valid(colon + 1) && strchr(text, '.') == NULL;
}

static bool same_dimension(const char *a, const char *b)
{
    size_t len = strcspn(a, ":");

    return len == strcspn(b, ":") && memcmp(a, b, len) == 0;
}

static int check_classes(const Weft__V1__Site *site, struct err *err)
{
    for (size_t i = 0; i < site->n_classes; i++) {
        if (!roster_class_is_sound(site->classes[i])) {
            return roster_unsound(err, "a class (dimension:value, as in grade:tertiary) of site", site->id);
        }
        for (size_t j = 0; j < i; j++) {
            if (same_dimension(site->classes[i], site->classes[j])) {
                return roster_unsound(err, "two classes of one dimension of site", site->id);
            }
        }
    }
    return 0;
}

static int check_sites(const struct roster *roster, struct err *err)
{
    int rc;

    for (int i = 0; i < roster->num_sites; i++) {
        const Weft__V1__Site *site = roster->sites[i].wire;
        if (site->valid_until_ms != 0 && site->valid_until_ms <= site->valid_from_ms) {
            return roster_unsound(err, "site ends before it begins", site->id);
        }
        if ((rc = check_classes(site, err)) != 0 || (rc = check_former(roster, site, err)) != 0 ||
            (rc = check_successor(roster, site, err)) != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- revocations ---- */

static int check_revocations(const Weft__V1__Roster *wire, struct err *err)
{
    for (size_t i = 0; i < wire->n_revoked; i++) {
        const Weft__V1__Revocation *entry = wire->revoked[i];
        size_t len = strlen(entry->reason);
        if (!id_is_valid(entry->tls_name) || entry->from_ms <= 0 || len == 0 || len > MAX_REASON) {
            return roster_unsound(err, "name, instant or reason of the revocation", entry->tls_name);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(entry->tls_name, wire->revoked[j]->tls_name) == 0) {
                return roster_unsound(err, "revoked twice", entry->tls_name);
            }
        }
    }
    return 0;
}

/* ---- supervision ---- */

static int check_supervision(const Weft__V1__Roster *wire, struct err *err)
{
    for (size_t i = 0; i < wire->n_supervision; i++) {
        const Weft__V1__SupervisionRule *rule = wire->supervision[i];
        bool is_rest = rule->site_class[0] == '\0';
        if (!id_is_valid(rule->tier) || (!is_rest && !roster_class_is_sound(rule->site_class)) ||
            (is_rest && i + 1 < wire->n_supervision)) {
            return roster_unsound(err, "rule of supervision (class and tier; that for the rest last)",
                                  rule->site_class);
        }
    }
    return 0;
}

/* ---- keys ---- */

struct key {
    const uint8_t *bytes;
    const char *holder;
};

static int by_bytes(const void *a, const void *b)
{
    return memcmp(((const struct key *)a)->bytes, ((const struct key *)b)->bytes, KEY_SIZE);
}

static int check_distinct(struct key *keys, size_t num, const char *what, struct err *err)
{
    qsort(keys, num, sizeof *keys, by_bytes);
    for (size_t i = 1; i < num; i++) {
        if (by_bytes(&keys[i - 1], &keys[i]) == 0) {
            return err_set(err, ERR_ROSTER_UNSOUND, "one %s key of both %s and %s", what, keys[i - 1].holder,
                           keys[i].holder);
        }
    }
    return 0;
}

/* A key is one party's: with one signing key a leader could sign as its helper, with one static key it could agree
 * another pair's verify keys. */
static int check_keys(const struct roster *roster, struct err *err)
{
    size_t sites = (size_t)roster->num_sites, coordinators = (size_t)roster->num_coordinators;
    struct key *signing = calloc(sites + coordinators + 1, sizeof *signing);
    struct key *agreeing = calloc(coordinators + 1, sizeof *agreeing);
    int rc;

    if (signing == NULL || agreeing == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "keys");
        goto done;
    }
    for (size_t i = 0; i < coordinators; i++) {
        const Weft__V1__Coordinator *wire = roster->coordinators[i].wire;
        signing[i] = (struct key){wire->sign_key.data, wire->id};
        agreeing[i] = (struct key){wire->static_key.data, wire->id};
    }
    for (size_t i = 0; i < sites; i++) {
        const Weft__V1__Site *wire = roster->sites[i].wire;
        signing[coordinators + i] = (struct key){wire->sign_key.data, wire->id};
    }
    if ((rc = check_distinct(signing, sites + coordinators, "signing", err)) == 0) {
        rc = check_distinct(agreeing, coordinators, "static", err);
    }
done:
    free(signing);
    free(agreeing);
    return rc;
}

/* ---- areas ---- */

static int check_areas(const struct roster *roster, struct err *err)
{
    for (int i = 0; i < roster->num_areas; i++) {
        const char *code = roster->areas[i].wire->code;
        if (strchr(code, '.') != NULL) {
            return roster_unsound(err, "'.', which marks a class within an area, in the code of area", code);
        }
    }
    return 0;
}

/* Whole certificates of authorities, one each, so that together they are a bundle. */
static int check_authorities(const Weft__V1__Roster *wire, struct err *err)
{
    char pem[MAX_AUTHORITY + 1];

    if (wire->n_tls_authorities > CERT_MAX_CHAIN) {
        return roster_unsound(err, "TLS authorities", "at most 8");
    }
    for (size_t i = 0; i < wire->n_tls_authorities; i++) {
        const ProtobufCBinaryData *authority = &wire->tls_authorities[i];
        if (authority->len == 0 || authority->len > MAX_AUTHORITY || authority->data[authority->len - 1] != '\n' ||
            memchr(authority->data, '\0', authority->len) != NULL) {
            return roster_unsound(err, "TLS authority", "one certificate in PEM");
        }
        memcpy(pem, authority->data, authority->len);
        pem[authority->len] = '\0';
        if (cert_check_authority(pem, NULL) != 0) {
            return roster_unsound(err, "TLS authority", "one self-signed certificate in PEM");
        }
    }
    return 0;
}

int roster_check_rules(const struct roster *roster, struct err *err)
{
    int rc;

    if ((rc = check_areas(roster, err)) != 0 || (rc = check_sites(roster, err)) != 0 ||
        (rc = check_revocations(roster->wire, err)) != 0 ||
        (rc = check_supervision(roster->wire, err)) != 0 || (rc = check_authorities(roster->wire, err)) != 0) {
        return rc;
    }
    return check_keys(roster, err);
}
