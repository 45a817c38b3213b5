/* test_roster.c - each rule of a sound roster, broken alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/roster_conventions.h"
#include "base/wire.h"
#include "tests/unit/party.h"

#define DOC(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

/* The check says this code, and its detail names what is wrong: another check would not do. */
static void assert_unsound(const struct party *p, int code, const char *detail)
{
    struct err err = {0};

    assert_int_equal(roster_check(&p->roster, &err), code);
    if (strstr(err.detail, detail) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.detail, detail);
    }
}

/* Break one thing of a fresh sound roster. */
#define BREAKS(code, detail, ...)                                                                            \
    do {                                                                                                     \
        struct party p;                                                                                      \
        party_roster(&p);                                                                                    \
        __VA_ARGS__;                                                                                         \
        assert_unsound(&p, (code), (detail));                                                                \
    } while (0)
#define UNSOUND(detail, ...) BREAKS(ERR_ROSTER_UNSOUND, detail, __VA_ARGS__)

static void test_roster__is_sound_as_drawn(void **state)
{
    struct party p;
    struct err err = {0};

    (void)state;
    party_roster(&p);
    assert_int_equal(roster_check(&p.roster, &err), 0);
}

static void test_roster__head(void **state)
{
    (void)state;
    UNSOUND("unknown context", p.roster.context = TEXT("weft v2"));
    UNSOUND("version or dates", p.roster.version = 0);
    UNSOUND("version or dates", p.roster.expires_ms = p.roster.issued_ms);
    UNSOUND("digest of the version before", p.roster.version = 2);
    UNSOUND("digest of the version before", p.roster.previous_digest = BYTES(p.publics, DIGEST_SIZE));
    UNSOUND("root key: root key", p.roots[0].name = TEXT("root key"));
    UNSOUND("root key: ", p.roots[0].side = (Weft__V1__Side)0);
    UNSOUND("root key: ", p.roots[0].side = (Weft__V1__Side)3);
    UNSOUND("root key: ", p.roots[0].public_key.len--);
    UNSOUND("root key stands twice", p.roots[1].name = p.roots[0].name);
    UNSOUND("root key stands twice", p.roots[1].public_key = p.roots[0].public_key);
    UNSOUND("one of each side", p.roots[1].side = p.roots[0].side);
    UNSOUND("one of each side", p.roster.n_roots = 0);
}

static void test_roster__one_body_stands_on_one_side(void **state)
{
    (void)state;
    BREAKS(ERR_ROSTER_BOTH_SIDES, "commission", p.operators[1].body = TEXT("commission"));
    UNSOUND("operator: ", p.operators[0].id = TEXT("not an id"));
    UNSOUND("operator: ", p.operators[0].side = (Weft__V1__Side)0);
    UNSOUND("operator: ", p.operators[0].body = TEXT(""));
    UNSOUND("operator stands twice", p.operators[1].id = p.operators[0].id);
}

static void test_roster__coordinators(void **state)
{
    (void)state;
    UNSOUND("coordinator: ", p.coordinators[0].id = TEXT("a b"));
    UNSOUND("coordinator: ", p.coordinators[0].tls_name = TEXT(""));
    UNSOUND("coordinator: ", p.coordinators[0].sign_key.len = 31);
    UNSOUND("coordinator: ", p.coordinators[0].static_key.len = 0);
    UNSOUND("coordinator stands twice", p.coordinators[4].id = p.coordinators[2].id);
    UNSOUND("unknown operator", p.coordinators[0].operator_id = TEXT("nobody"));
}

static void test_roster__areas_form_one_tree(void **state)
{
    (void)state;
    UNSOUND("areas, coordinators or sites out of range", p.roster.n_areas = 0);
    UNSOUND("area: ", p.areas[1].code = TEXT(""));
    UNSOUND("area: ", p.areas[1].tier = TEXT(""));
    UNSOUND("area: ", p.areas[1].collector_key.len = 33);
    UNSOUND("area stands twice", p.areas[3].code = p.areas[1].code);
    UNSOUND("unknown parent", p.areas[3].parent = TEXT("nowhere"));
    UNSOUND("a second top", p.areas[3].parent = TEXT(""));
    UNSOUND("no top area", p.areas[0].parent = TEXT("north"));
    UNSOUND("in a circle", p.areas[1].parent = TEXT("n-county"));
    UNSOUND("in a circle", p.areas[3].parent = TEXT("south"));
}

static void test_roster__leaders_and_helpers_are_on_their_sides(void **state)
{
    (void)state;
    UNSOUND("leader unknown", p.areas[1].leader = TEXT("nobody"));
    UNSOUND("leader unknown", p.areas[1].leader = TEXT("help-n"));
    UNSOUND("helper unknown", p.areas[1].helper = TEXT(""));
    UNSOUND("helper unknown", p.areas[1].helper = TEXT("lead-n"));
    /* a coordinator changes sides with its operator */
    UNSOUND("helper unknown", p.coordinators[1].operator_id = TEXT("l"));
}

static void test_roster__a_coordinator_serves_one_connected_part(void **state)
{
    (void)state;
    UNSOUND("unconnected", p.areas[3].leader = TEXT("lead-n")); /* north and south, with the top between */
    UNSOUND("unconnected", p.areas[2].helper = TEXT("help"));   /* the top and its grandchild */
}

static void test_roster__sites(void **state)
{
    (void)state;
    UNSOUND("site: ", p.sites[0].id = TEXT("a/b"));
    UNSOUND("site: ", p.sites[0].tls_name = TEXT(""));
    UNSOUND("site: ", p.sites[0].owner = TEXT(""));
    UNSOUND("site: ", p.sites[0].sign_key.len = 0);
    UNSOUND("site stands twice", p.sites[1].id = p.sites[0].id);
    UNSOUND("area or supervisor", p.sites[0].area = TEXT("nowhere"));
    UNSOUND("area or supervisor", p.sites[0].supervisor = TEXT("nowhere"));
    UNSOUND("area or supervisor", p.sites[0].supervisor = TEXT("south"));    /* beside */
    UNSOUND("area or supervisor", p.sites[0].supervisor = TEXT("n-county")); /* below */
    UNSOUND("TLS name stands twice", p.sites[1].tls_name = p.sites[0].tls_name);
    UNSOUND("TLS name stands twice", p.sites[1].tls_name = p.coordinators[0].tls_name);
}

static void test_roster__a_key_is_one_partys(void **state)
{
    (void)state;
    UNSOUND("signing key of both", p.coordinators[1].sign_key = p.coordinators[0].sign_key);
    UNSOUND("signing key of both", p.sites[1].sign_key = p.coordinators[0].sign_key);
    UNSOUND("signing key of both", p.sites[1].sign_key = p.sites[0].sign_key);
    UNSOUND("static key of both", p.coordinators[1].static_key = p.coordinators[0].static_key);
}

static void test_roster__revocations(void **state)
{
    Weft__V1__Revocation a = WEFT__V1__REVOCATION__INIT, b, *list[] = {&a, &b};

    (void)state;
    a.tls_name = TEXT("s2");
    a.from_ms = 1;
    a.reason = TEXT("why");
    b = a;
    UNSOUND("revoked twice: s2", p.roster.revoked = list, p.roster.n_revoked = 2);
    b.reason = TEXT("");
    UNSOUND("reason of the revocation", p.roster.revoked = list + 1, p.roster.n_revoked = 1);
    b.reason = a.reason;
    b.from_ms = 0;
    UNSOUND("instant or reason", p.roster.revoked = list + 1, p.roster.n_revoked = 1);
}

/* ---- over time ---- */

static Weft__V1__FormerPlace former_place(int64_t until_ms, const char *area, const char *supervisor)
{
    Weft__V1__FormerPlace place = WEFT__V1__FORMER_PLACE__INIT;

    place.until_ms = until_ms;
    place.area = TEXT(area);
    place.supervisor = TEXT(supervisor);
    place.owner = TEXT("old-owner");
    return place;
}

static void test_roster__dates_of_sites_follow_each_other(void **state)
{
    Weft__V1__FormerPlace first = former_place(20, "south", "top"),
                          second = former_place(40, "north", "north"), *list[] = {&first, &second};

    (void)state;
    UNSOUND("ends before it begins", p.sites[0].valid_from_ms = 9, p.sites[0].valid_until_ms = 9);
    UNSOUND("dates of former places", p.sites[0].former = list, p.sites[0].n_former = 2,
            p.sites[0].valid_from_ms = 20);
    UNSOUND("dates of former places", p.sites[0].former = list, p.sites[0].n_former = 2,
            p.sites[0].valid_until_ms = 40);
    second.until_ms = 20;
    UNSOUND("dates of former places", p.sites[0].former = list, p.sites[0].n_former = 2);
    second = former_place(40, "north", "south");
    UNSOUND("of a former place", p.sites[0].former = list, p.sites[0].n_former = 2);
    second = former_place(40, "nowhere", "top");
    UNSOUND("of a former place", p.sites[0].former = list, p.sites[0].n_former = 2);
    UNSOUND("successor", p.sites[0].successor = TEXT("n2"));
    UNSOUND("successor", p.sites[0].successor = TEXT("nobody"), p.sites[0].valid_until_ms = 5);
    UNSOUND("successor", p.sites[0].successor = TEXT("n1"), p.sites[0].valid_until_ms = 5);
    UNSOUND("successor", p.sites[0].successor = TEXT("n2"),
            p.sites[0].valid_until_ms = p.sites[1].valid_until_ms = 5);
}

/* Where a site stands in a period; NONE when it takes no part. */
static const char *place_in(const struct roster *roster, int64_t start_ms, int64_t end_ms, const char *site)
{
    struct roster *as_of = NULL;
    static char out[ID_MAX * 3 + 3];
    int index;

    assert_int_equal(roster_as_of(&as_of, roster, start_ms, end_ms, "", NULL), 0);
    index = roster_find_site(as_of, site);
    if (index != NONE) {
        snprintf(out, sizeof out, "%s %s %s", as_of->areas[as_of->sites[index].area].wire->code,
                 as_of->areas[as_of->sites[index].supervisor].wire->code, as_of->sites[index].wire->owner);
    }
    roster_free(&as_of);
    return index == NONE ? "" : out;
}

static void test_roster__as_of_a_period(void **state)
{
    Weft__V1__FormerPlace first = former_place(20, "south", "top"), *list[] = {&first};
    Weft__V1__Document *document;
    struct roster *roster = NULL;
    struct party p;

    (void)state;
    party_roster(&p);
    p.sites[0].former = list; /* n1 moved at 20 */
    p.sites[0].n_former = 1;
    p.sites[0].valid_from_ms = 10;
    p.sites[1].valid_until_ms = 30; /* n2 was merged into n3 at 30 */
    p.sites[1].successor = TEXT("n3");
    document = party_sign(&p, DOC(ROSTER), &p.roster.base, 2);
    assert_int_equal(roster_open(&roster, document, NULL, 0, NULL), 0);
    document_free(&document);
    assert_string_equal(place_in(roster, 0, 10, "n1"), ""); /* half-open */
    assert_string_equal(place_in(roster, 0, 11, "n1"), "south top old-owner");
    assert_string_equal(place_in(roster, 19, 100, "n1"), "south top old-owner");
    assert_string_equal(place_in(roster, 20, 100, "n1"), "north north n1");
    assert_string_equal(place_in(roster, 29, 31, "n2"), "north north n2");
    assert_string_equal(place_in(roster, 30, 31, "n2"), "");
    assert_string_equal(place_in(roster, 30, 31, "n3"), "north north n3");
    roster_free(&roster);
}

static void test_roster__breaks_areas_down_by_class(void **state)
{
    static char *const tertiary[] = {TEXT("kind:general"), TEXT("grade:tertiary")};
    static char *const secondary[] = {TEXT("grade:secondary")};
    Weft__V1__Document *document;
    struct roster *roster = NULL, *as_of = NULL;
    struct party p;
    int north, within;

    (void)state;
    party_roster(&p);
    p.sites[0].classes = (char **)(uintptr_t)tertiary; /* n1 */
    p.sites[0].n_classes = 2;
    p.sites[1].classes = (char **)(uintptr_t)secondary; /* n2; n3 has none */
    p.sites[1].n_classes = 1;
    document = party_sign(&p, DOC(ROSTER), &p.roster.base, 2);
    assert_int_equal(roster_open(&roster, document, NULL, 0, NULL), 0);
    document_free(&document);
    assert_int_equal(roster_as_of(&as_of, roster, 0, 1, "grade", NULL), 0);
    assert_int_equal(as_of->num_areas, PARTY_AREAS + 3);
    north = roster_find_area(as_of, "north");
    within = roster_find_area(as_of, "north.tertiary");
    assert_int_equal(as_of->areas[within].parent, north);
    assert_int_equal(as_of->areas[within].whole, north);
    assert_int_equal(as_of->areas[north].whole, NONE);
    assert_int_equal(as_of->areas[within].leader, as_of->areas[north].leader);
    assert_string_equal(roster_signed_code(as_of, within), "north");
    assert_int_equal(as_of->sites[roster_find_site(as_of, "n1")].area, within);
    assert_int_equal(as_of->sites[roster_find_site(as_of, "n1")].supervisor, north);
    assert_int_equal(as_of->sites[roster_find_site(as_of, "n3")].area,
                     roster_find_area(as_of, "north.unclassified"));
    assert_int_equal(as_of->sites[roster_find_site(as_of, "s1")].area, roster_find_area(as_of, "south"));
    roster_free(&as_of);
    roster_free(&roster);
}

static void test_roster__classes_have_a_dimension(void **state)
{
    char *one[] = {TEXT("tertiary")}, *dotted[] = {TEXT("grade:3.a")},
         *twice[] = {TEXT("grade:tertiary"), TEXT("grade:secondary")};

    (void)state;
    UNSOUND("a class (", p.sites[0].classes = one, p.sites[0].n_classes = 1);
    UNSOUND("a class (", p.sites[0].classes = dotted, p.sites[0].n_classes = 1);
    UNSOUND("two classes of one dimension", p.sites[0].classes = twice, p.sites[0].n_classes = 2);
    UNSOUND("in the code of area", p.areas[3].code = p.sites[4].area = p.sites[5].area =
                                       p.sites[4].supervisor = p.sites[5].supervisor = TEXT("south.x"));
}

/* ---- conventions ---- */

static enum code_fault fault_of(const char *code, const char *parent, const char *tier)
{
    Weft__V1__Roster roster = WEFT__V1__ROSTER__INIT;
    Weft__V1__Area area = WEFT__V1__AREA__INIT;

    roster.context = TEXT(CONTEXT_REAL);
    area.code = TEXT(code);
    area.parent = TEXT(parent);
    area.tier = TEXT(tier);
    return roster_code_fault(&roster, &area);
}

static void test_roster__codes_follow_gb_2260(void **state)
{
    (void)state;
    assert_int_equal(fault_of("330000", "", "province"), CODE_IS_FINE);
    assert_int_equal(fault_of("330300", "330000", "city"), CODE_IS_FINE);
    assert_int_equal(fault_of("330302", "330300", "county"), CODE_IS_FINE);
    assert_int_equal(fault_of("330302001", "330302", "township"), CODE_IS_FINE);
    assert_int_equal(fault_of("330302001007", "330302001", "township"), CODE_IS_FINE);
    assert_int_equal(fault_of("429004", "420000", "county"),
                     CODE_IS_FINE);                                 /* a county directly below its province */
    assert_int_equal(fault_of("330300", "", "city"), CODE_IS_FINE); /* a city alone */
    assert_int_equal(fault_of("north", "", "province"), CODE_NOT_DIGITS);
    assert_int_equal(fault_of("33030", "330000", "city"), CODE_NOT_DIGITS);
    assert_int_equal(fault_of("330302", "330300", "city"), CODE_OTHER_TIER);
    assert_int_equal(fault_of("330302", "330400", "county"), CODE_OUTSIDE_PARENT);
    assert_int_equal(fault_of("330302", "330303", "county"), CODE_OUTSIDE_PARENT);
    assert_int_equal(fault_of("320302", "330000", "county"), CODE_OUTSIDE_PARENT);
}

/* The Wenzhou rule: hospitals of grade II and above to the city, the others to the county. */
static void test_roster__supervision_follows_the_first_rule_that_fits(void **state)
{
    Weft__V1__SupervisionRule rules[3], *list[3] = {&rules[0], &rules[1], &rules[2]};
    char *tertiary[] = {TEXT("kind:general"), TEXT("grade:tertiary"), TEXT(SUPERVISION_INDIVIDUAL)};
    struct party p;

    (void)state;
    party_roster(&p);
    p.roster.context = TEXT(CONTEXT_DEMO);
    p.areas[0].tier = TEXT("province");
    p.areas[1].tier = p.areas[3].tier = TEXT("city");
    for (int i = 0; i < 3; i++) {
        weft__v1__supervision_rule__init(&rules[i]);
        rules[i].tier = TEXT(i < 2 ? "city" : "county");
    }
    rules[0].site_class = TEXT("grade:tertiary");
    rules[1].site_class = TEXT("grade:secondary");
    p.roster.supervision = list;
    p.roster.n_supervision = 3;
    assert_int_equal(roster_check(&p.roster, NULL), 0);
    assert_string_equal(roster_rule_supervisor(&p.roster, &p.sites[3]), "n-county");
    p.sites[3].classes = tertiary;
    p.sites[3].n_classes = 2;
    assert_string_equal(roster_rule_supervisor(&p.roster, &p.sites[3]), "north");
    assert_null(roster_rule_supervisor(&p.roster, &p.sites[0])); /* its city has no county above it */
    assert_int_equal(roster_check_conventions(&p.roster, NULL), 0);
    p.sites[3].supervisor = TEXT("n-county");
    assert_int_equal(roster_check_conventions(&p.roster, NULL), ERR_ROSTER_UNSOUND);
    p.sites[3].n_classes = 3; /* and says so */
    assert_int_equal(roster_check_conventions(&p.roster, NULL), 0);
    rules[0].site_class = TEXT("");
    assert_int_equal(roster_check(&p.roster, NULL), ERR_ROSTER_UNSOUND); /* the rest comes last */
}

/* A chain of areas below the top: `levels` levels in all. */
static int check_depth(int levels)
{
    static char codes[ROSTER_MAX_LEVELS + 2][8];
    Weft__V1__Area areas[ROSTER_MAX_LEVELS + 2], *list[ROSTER_MAX_LEVELS + 2];
    struct party p;

    party_roster(&p);
    for (int i = 0; i < levels; i++) {
        areas[i] = p.areas[0];
        snprintf(codes[i], sizeof codes[i], "a%02d", i);
        areas[i].code = codes[i];
        areas[i].parent = i == 0 ? TEXT("") : codes[i - 1];
        list[i] = &areas[i];
    }
    p.roster.areas = list;
    p.roster.n_areas = (size_t)levels;
    for (int i = 0; i < PARTY_SITES; i++) {
        p.sites[i].area = codes[levels - 1];
        p.sites[i].supervisor = codes[0];
    }
    return roster_check(&p.roster, NULL);
}

static void test_roster__sixteen_levels_and_no_more(void **state)
{
    (void)state;
    assert_int_equal(check_depth(1), 0);
    assert_int_equal(check_depth(16), 0);
    assert_int_equal(check_depth(17), ERR_ROSTER_UNSOUND);
}

/* ---- opening ---- */

static int open_as(const struct party *p, const Weft__V1__Document *document, int64_t now_ms,
                   struct roster **roster)
{
    struct roster_roots roots = {(const Weft__V1__Root *const *)p->root_list, 2};
    struct err err = {0};
    int rc = roster_open(roster, document, &roots, now_ms, &err);

    assert_int_equal(rc, err.code);
    return rc;
}

static int open_and_free(const struct party *p, Weft__V1__Document *document, int64_t now_ms)
{
    struct roster *roster = NULL;
    int rc = open_as(p, document, now_ms, &roster);

    roster_free(&roster);
    document_free(&document);
    return rc;
}

static void test_roster__needs_a_root_of_each_side(void **state)
{
    Weft__V1__Document *document;
    struct party p, other;

    (void)state;
    party_roster(&p);
    assert_int_equal(open_and_free(&p, party_sign(&p, DOC(ROSTER), &p.roster.base, 2), 1), 0);
    assert_int_equal(open_and_free(&p, party_sign(&p, DOC(ROSTER), &p.roster.base, 0), 1),
                     ERR_ROSTER_SIGNATURE);
    assert_int_equal(open_and_free(&p, party_sign(&p, DOC(ROSTER), &p.roster.base, 1), 1),
                     ERR_ROSTER_SIGNATURE);
    /* one key under both names */
    other = p;
    memcpy(other.root_keys[1], p.root_keys[0], KEY_SIZE);
    assert_int_equal(open_and_free(&p, party_sign(&other, DOC(ROSTER), &p.roster.base, 2), 1),
                     ERR_ROSTER_SIGNATURE);
    /* the pinned roots count, not those that the roster names */
    memset(other.root_keys[0], 7, KEY_SIZE);
    memset(other.root_keys[1], 8, KEY_SIZE);
    sign_public(other.root_publics[0], other.root_keys[0]);
    sign_public(other.root_publics[1], other.root_keys[1]);
    for (int i = 0; i < 2; i++) {
        p.roots[i].public_key = BYTES(other.root_publics[i], KEY_SIZE);
    }
    document = party_sign(&other, DOC(ROSTER), &p.roster.base, 2);
    for (int i = 0; i < 2; i++) {
        p.roots[i].public_key = BYTES(p.root_publics[i], KEY_SIZE);
    }
    assert_int_equal(open_and_free(&p, document, 1), ERR_ROSTER_SIGNATURE);
}

static void test_roster__expires(void **state)
{
    struct party p;

    (void)state;
    party_roster(&p);
    assert_int_equal(open_and_free(&p, party_sign(&p, DOC(ROSTER), &p.roster.base, 2), 999), 0);
    assert_int_equal(open_and_free(&p, party_sign(&p, DOC(ROSTER), &p.roster.base, 2), 1000),
                     ERR_ROSTER_EXPIRED);
    assert_int_equal(open_and_free(&p, party_sign(&p, DOC(ROSTER), &p.roster.base, 2), 0), 0); /* not asked */
}

static void test_roster__knows_who_is_who(void **state)
{
    Weft__V1__Document *document;
    struct roster *roster = NULL;
    struct party p;
    Weft__V1__Revocation revocation = WEFT__V1__REVOCATION__INIT, *revoked[] = {&revocation};
    int north, top, county;

    (void)state;
    party_roster(&p);
    p.sites[0].owner = p.sites[1].owner = TEXT("group");
    p.sites[2].owner = TEXT("h");          /* an operator */
    p.sites[3].owner = TEXT("commission"); /* the body behind one */
    revocation.tls_name = TEXT("s2");
    revocation.from_ms = 500;
    revocation.reason = TEXT("key lost");
    p.roster.revoked = revoked;
    p.roster.n_revoked = 1;
    document = party_sign(&p, DOC(ROSTER), &p.roster.base, 2);
    assert_int_equal(open_as(&p, document, 1, &roster), 0);
    document_free(&document);
    top = roster_find_area(roster, "top");
    north = roster_find_area(roster, "north");
    county = roster_find_area(roster, "n-county");
    assert_int_equal(roster->top, top);
    assert_int_equal(roster->areas[county].depth, 2);
    assert_true(roster_is_within(roster, county, top));
    assert_false(roster_is_within(roster, top, county));
    assert_false(roster_is_within(roster, county, roster_find_area(roster, "south")));
    assert_int_equal(roster_find_site(roster, "c1"), 0);
    assert_int_equal(roster_find_site(roster, "c"), NONE);
    assert_int_equal(roster_find_site_by_tls_name(roster, "n1"), roster_find_site(roster, "n1"));
    assert_int_equal(roster_find_site_by_tls_name(roster, "lead"), NONE);
    assert_int_equal(roster_find_coordinator_by_tls_name(roster, "n1"), NONE);
    assert_non_null(roster_revocation(roster, "s2", 500));
    assert_null(roster_revocation(roster, "s2", 499));
    assert_null(roster_revocation(roster, "s1", 500));
    assert_int_equal(roster->sites[roster_find_site(roster, "n1")].owner,
                     roster->sites[roster_find_site(roster, "n2")].owner);
    assert_int_equal(roster->num_owners, 5);
    assert_true(roster->sites[roster_find_site(roster, "n3")].owner_is_operator);
    assert_true(roster->sites[roster_find_site(roster, "c1")].owner_is_operator);
    assert_false(roster->sites[roster_find_site(roster, "n1")].owner_is_operator);
    assert_int_equal(roster_parent_coordinator(roster, roster_find_coordinator(roster, "lead-n")),
                     roster_find_coordinator(roster, "lead"));
    assert_int_equal(roster_parent_coordinator(roster, roster_find_coordinator(roster, "lead")), NONE);
    assert_int_equal(roster_parent_coordinator(roster, roster_find_coordinator(roster, "help")), NONE);
    assert_true(roster_serves(roster, roster_find_coordinator(roster, "help-n"), north));
    assert_false(roster_serves(roster, roster_find_coordinator(roster, "help"), north));
    roster_free(&roster);
    assert_null(roster);
    roster_free(&roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roster__is_sound_as_drawn),
        cmocka_unit_test(test_roster__head),
        cmocka_unit_test(test_roster__one_body_stands_on_one_side),
        cmocka_unit_test(test_roster__coordinators),
        cmocka_unit_test(test_roster__areas_form_one_tree),
        cmocka_unit_test(test_roster__leaders_and_helpers_are_on_their_sides),
        cmocka_unit_test(test_roster__a_coordinator_serves_one_connected_part),
        cmocka_unit_test(test_roster__sites),
        cmocka_unit_test(test_roster__a_key_is_one_partys),
        cmocka_unit_test(test_roster__revocations),
        cmocka_unit_test(test_roster__dates_of_sites_follow_each_other),
        cmocka_unit_test(test_roster__as_of_a_period),
        cmocka_unit_test(test_roster__breaks_areas_down_by_class),
        cmocka_unit_test(test_roster__classes_have_a_dimension),
        cmocka_unit_test(test_roster__codes_follow_gb_2260),
        cmocka_unit_test(test_roster__supervision_follows_the_first_rule_that_fits),
        cmocka_unit_test(test_roster__sixteen_levels_and_no_more),
        cmocka_unit_test(test_roster__needs_a_root_of_each_side),
        cmocka_unit_test(test_roster__expires),
        cmocka_unit_test(test_roster__knows_who_is_who),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
