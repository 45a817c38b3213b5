/* test_roster_history.c - rosters follow each other under two rules, and keys roll over without anyone pinning anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/roster_history.h"
#include "tests/unit/party.h"

#define DOC(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define NUM_ROOTS 4

/* Roots: l1 and l2 on the leader side, h1 and h2 on the helper side. */
static struct {
    uint8_t keys[NUM_ROOTS][KEY_SIZE], publics[NUM_ROOTS][KEY_SIZE];
    Weft__V1__Root wire[NUM_ROOTS];
    struct party party;
    uint8_t digest[DIGEST_SIZE]; /* of the roster drafted last */
} drawn;

enum { L1 = 1, L2 = 2, H1 = 4, H2 = 8 };

static int draw(void **state)
{
    static const char *const names[NUM_ROOTS] = {"l1", "l2", "h1", "h2"};

    (void)state;
    party_roster(&drawn.party);
    for (int i = 0; i < NUM_ROOTS; i++) {
        memset(drawn.keys[i], 50 + i, KEY_SIZE);
        sign_public(drawn.publics[i], drawn.keys[i]);
        weft__v1__root__init(&drawn.wire[i]);
        drawn.wire[i].name = TEXT(names[i]);
        drawn.wire[i].side = i < 2 ? WEFT__V1__SIDE__SIDE_LEADER : WEFT__V1__SIDE__SIDE_HELPER;
        drawn.wire[i].public_key = BYTES(drawn.publics[i], KEY_SIZE);
    }
    return 0;
}

static size_t choose(Weft__V1__Root *list[NUM_ROOTS], unsigned which)
{
    size_t num = 0;

    for (int i = 0; i < NUM_ROOTS; i++) {
        if ((which >> i & 1) != 0) {
            list[num++] = &drawn.wire[i];
        }
    }
    return num;
}

static Weft__V1__Document *sign(Weft__V1__DocumentType type, const ProtobufCMessage *body, unsigned signers)
{
    Weft__V1__Document *document = NULL;

    assert_int_equal(document_new(&document, type, body, NULL), 0);
    for (int i = 0; i < NUM_ROOTS; i++) {
        if ((signers >> i & 1) != 0) {
            assert_int_equal(document_sign(&document, drawn.wire[i].name, drawn.keys[i], NULL), 0);
        }
    }
    return document;
}

/* A roster after the one drafted last, naming these roots and signed by those. */
static Weft__V1__Document *roster(uint32_t version, unsigned roots, unsigned signers)
{
    Weft__V1__Root *list[NUM_ROOTS];
    Weft__V1__Roster *wire = &drawn.party.roster;
    Weft__V1__Document *document;

    wire->version = version;
    wire->previous_digest = BYTES(drawn.digest, version == 1 ? 0 : DIGEST_SIZE);
    wire->roots = list;
    wire->n_roots = choose(list, roots);
    document = sign(DOC(ROSTER), &wire->base, signers);
    document_digest(drawn.digest, document);
    return document;
}

static int check(const struct roster_history *history, Weft__V1__Document *document)
{
    int rc = roster_history_check(history, document, NULL);

    document_free(&document);
    return rc;
}

static void take(struct roster_history *history, Weft__V1__Document *document)
{
    assert_int_equal(roster_history_check(history, document, NULL), 0);
    assert_int_equal(roster_history_add(history, document, NULL), 0);
    assert_int_equal(roster_history_check(history, document, NULL), 0); /* it is held */
    assert_int_equal(roster_history_verify(history, NULL), 0);
    document_free(&document);
}

#define PINS(which)                                                                                          \
    Weft__V1__Root *pinned_list[NUM_ROOTS];                                                                  \
    size_t num_pinned = choose(pinned_list, which);                                                          \
    struct roster_history history = {.pinned = {(const Weft__V1__Root *const *)pinned_list, num_pinned}}

static void test_history__begins_with_the_pinned_roots(void **state)
{
    PINS(L1 | H1);

    (void)state;
    assert_null(roster_history_newest(&history));
    assert_int_equal(check(&history, roster(1, L2 | H2, L2 | H2)), ERR_ROSTER_SIGNATURE);
    assert_int_equal(check(&history, roster(1, L2 | H2, L1 | H1)),
                     ERR_ROSTER_SIGNATURE); /* not its own rule */
    assert_int_equal(check(&history, roster(1, L1 | H1, L1)), ERR_ROSTER_SIGNATURE);
    assert_int_equal(check(&history, roster(1, L1 | H1, L1 | H1)), 0);
    roster_history_clear(&history);
}

static void test_history__each_follows_the_one_before(void **state)
{
    uint8_t first[DIGEST_SIZE];
    PINS(L1 | H1);

    (void)state;
    take(&history, roster(1, L1 | H1, L1 | H1));
    memcpy(first, drawn.digest, DIGEST_SIZE);
    assert_int_equal(check(&history, roster(3, L1 | H1, L1 | H1)), ERR_ROSTER_SUCCESSION);
    memset(drawn.digest, 1, DIGEST_SIZE);
    assert_int_equal(check(&history, roster(2, L1 | H1, L1 | H1)), ERR_ROSTER_SUCCESSION);
    memcpy(drawn.digest, first, DIGEST_SIZE);
    assert_int_equal(check(&history, roster(2, L2 | H2, L2 | H2)),
                     ERR_ROSTER_SIGNATURE); /* not the rule before */
    memcpy(drawn.digest, first, DIGEST_SIZE);
    drawn.party.roster.context = TEXT("weft demo v1");
    assert_int_equal(check(&history, roster(2, L1 | H1, L1 | H1)), ERR_ROSTER_DEMO);
    drawn.party.roster.context = TEXT("weft v1");
    drawn.party.roster.expires_ms++;
    assert_int_equal(check(&history, roster(1, L1 | H1, L1 | H1)), ERR_ROSTER_OLDER); /* another version 1 */
    drawn.party.roster.expires_ms--;
    memcpy(drawn.digest, first, DIGEST_SIZE);
    take(&history, roster(2, L2 | H2, L1 | H1 | L2 | H2)); /* all at once, with the old roots' consent */
    assert_int_equal(history.num, 2);
    assert_int_equal(roster_history_version(&history, 1)->wire->version, 1);
    assert_int_equal(roster_history_newest(&history)->wire->version, 2);
    assert_null(roster_history_version(&history, 3));
    assert_null(roster_history_version(&history, 0));
    roster_history_clear(&history);
}

/* Add the new root, then leave the old one out: nobody pins anew, and who pins the new ones begins where these sign. */
static void test_history__root_keys_roll_over_with_overlap(void **state)
{
    Weft__V1__Document *chain[4];
    PINS(L1 | H1);

    (void)state;
    chain[0] = roster(1, L1 | H1, L1 | H1);
    chain[1] = roster(2, L1 | L2 | H1, L1 | H1);
    chain[2] = roster(3, L2 | H1, L2 | H1);
    chain[3] = roster(4, L2 | H1, L2 | H1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(roster_history_check(&history, chain[i], NULL), 0);
        assert_int_equal(roster_history_add(&history, chain[i], NULL), 0);
    }
    assert_int_equal(check(&history, roster(5, L2 | H1, L1 | H1)),
                     ERR_ROSTER_SIGNATURE); /* the old root is out */
    roster_history_clear(&history);
    choose(pinned_list, L2 | H1);
    assert_int_equal(roster_history_check(&history, chain[0], NULL), ERR_ROSTER_SIGNATURE);
    assert_int_equal(roster_history_check(&history, chain[1], NULL), ERR_ROSTER_SIGNATURE);
    assert_int_equal(roster_history_check(&history, chain[2], NULL), 0);
    /* what is held stays trusted when the pins move on with the rosters, and not under strangers' */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(roster_history_add(&history, chain[i], NULL), 0);
    }
    assert_int_equal(roster_history_verify(&history, NULL), 0);
    roster_history_clear(&history);
    choose(pinned_list, L1 | H2);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(roster_history_add(&history, chain[i], NULL), 0);
        document_free(&chain[i]);
    }
    assert_int_equal(roster_history_verify(&history, NULL), ERR_ROSTER_SIGNATURE);
    roster_history_clear(&history);
}

/* Two roots a side: either one signs, so that one may be lost. */
static void test_history__one_signer_of_a_side_suffices(void **state)
{
    PINS(L1 | L2 | H1 | H2);

    (void)state;
    take(&history, roster(1, L1 | L2 | H1 | H2, L2 | H1));
    take(&history, roster(2, L1 | L2 | H1 | H2, L1 | H2));
    take(&history, roster(3, L2 | H1 | H2, L2 | H2)); /* l1 was lost and is left out */
    assert_int_equal(check(&history, roster(4, L2 | H1 | H2, L1 | H1)), ERR_ROSTER_SIGNATURE);
    roster_history_clear(&history);
}

static int pinned_by(const struct roster_history *history, unsigned signers, uint32_t version)
{
    const struct roster *held = NULL;
    Weft__V1__Task task = WEFT__V1__TASK__INIT;
    Weft__V1__Document *document;
    int rc;

    task.roster_version = version;
    document = sign(DOC(TASK), &task.base, signers);
    rc = roster_history_pinned_by(&held, history, document, NULL);
    assert_int_equal(rc == 0, held != NULL);
    document_free(&document);
    return rc;
}

static void test_history__a_root_that_is_out_signs_no_new_task(void **state)
{
    Weft__V1__Void body = WEFT__V1__VOID__INIT;
    Weft__V1__Document *document;
    PINS(L1 | H1);

    (void)state;
    document = roster(1, L1 | H1, L1 | H1); /* before this party joined */
    document_free(&document);
    take(&history, roster(2, L1 | L2 | H1, L1 | H1));
    assert_int_equal(pinned_by(&history, L1 | H1, 2), 0);
    take(&history, roster(3, L2 | H1, L2 | H1));
    assert_int_equal(pinned_by(&history, L1 | H1, 2), ERR_TASK_SIGNATURE);
    assert_int_equal(pinned_by(&history, L2 | H1, 2), 0);
    assert_int_equal(pinned_by(&history, L2 | H1, 1), ERR_TASK_TOO_OLD);
    assert_int_equal(pinned_by(&history, L2 | H1, 4), ERR_PREDECESSOR_MISSING);
    /* but the new root may end what the old one began */
    body.reason = TEXT("why");
    document = sign(DOC(VOID), &body.base, L2 | H1);
    assert_true(roster_history_has_signed(&history, 2, document));
    document_free(&document);
    document = sign(DOC(VOID), &body.base, L1 | H1);
    assert_true(roster_history_has_signed(&history, 2, document));
    assert_false(roster_history_has_signed(&history, 3, document));
    document_free(&document);
    roster_history_clear(&history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history__begins_with_the_pinned_roots),
        cmocka_unit_test(test_history__each_follows_the_one_before),
        cmocka_unit_test(test_history__root_keys_roll_over_with_overlap),
        cmocka_unit_test(test_history__one_signer_of_a_side_suffices),
        cmocka_unit_test(test_history__a_root_that_is_out_signs_no_new_task),
    };
    return cmocka_run_group_tests(tests, draw, NULL);
}
