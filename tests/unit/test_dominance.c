/* test_dominance.c - one owner with most of a block's beds is told of, and only then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/dominance.h"
#include "tests/unit/party.h"

/* Sites in the order of the party: n1, n2, n3 (north), c1 (n-county), s1, s2 (south). */
static size_t find(const uint32_t beds[PARTY_SITES], const char *const owners[PARTY_SITES],
                   struct dominance *first)
{
    char *planned[] = {TEXT("top"), TEXT("north"), TEXT("south")};
    struct dominance *found = NULL;
    Weft__V1__Document *document;
    struct roster *roster = NULL;
    static char owner[ID_MAX + 1];
    struct party p;
    size_t num = 0;

    party_roster(&p);
    for (int i = 0; i < PARTY_SITES; i++) {
        p.sites[i].beds = beds[i];
        p.sites[i].owner = TEXT(owners[i]);
    }
    document = party_sign(&p, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, &p.roster.base, 2);
    assert_int_equal(roster_open(&roster, document, NULL, 0, NULL), 0);
    document_free(&document);
    assert_int_equal(dominance_find_planned(&found, &num, roster, planned, 3, NULL), 0);
    if (num > 0) {
        *first = found[0];
        strcpy(owner, found[0].owner);
        first->owner = owner;
        assert_string_equal(roster->areas[first->area].wire->code, "north");
    }
    free(found);
    roster_free(&roster);
    return num;
}

static void test_dominance__counts_beds_of_an_owner_in_its_block(void **state)
{
    static const char *const own[PARTY_SITES] = {"a", "b", "c", "d", "e", "f"};
    static const char *const group[PARTY_SITES] = {"a", "b", "a", "d", "e", "f"};
    struct dominance found = {0};

    (void)state;
    /* n1, n2, n3 and c1 are the block of north; s1 and s2 share theirs evenly */
    assert_int_equal(find((uint32_t[]){300, 100, 100, 100, 50, 50}, own, &found), 0); /* exactly half */
    assert_int_equal(find((uint32_t[]){301, 100, 100, 100, 50, 50}, own, &found), 1);
    assert_int_equal(found.percent, 50);
    assert_string_equal(found.owner, "a");
    assert_int_equal(find((uint32_t[]){200, 100, 200, 100, 50, 50}, own, &found), 0);
    assert_int_equal(find((uint32_t[]){200, 100, 200, 100, 50, 50}, group, &found),
                     1); /* one group owns two */
    assert_int_equal(found.percent, 66);
    assert_int_equal(find((uint32_t[]){900, 100, 100, 0, 50, 50}, own, &found), 0); /* beds not known */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dominance__counts_beds_of_an_owner_in_its_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
