/* test_joining.c - one leader's core, newcomers with and without the right to come, and certificates that are renewed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cert.h"
#include "base/join.h"
#include "base/wire.h"
#include "coordinator/core.h"
#include "crypto/secret.h"
#include "tests/unit/party.h"
#include "tests/unit/scratch.h"

#define NOW_MS   INT64_C(1767225600000) /* 2026-01-01 */
#define DAY_MS   INT64_C(86400000)
#define ONE_TIME "0a1b.join.lead-n"
#define WRONG    "ffff ffff ffff ffff ffff ffff ffff ffff"

static struct scratch scratch;
static struct party party;
static struct store *store;
static struct core *core;
static char *ca_key, *ca_cert, *issuer_key, *issuer_cert;
static int64_t now_ms;

/* ---- a leader that certifies ---- */

static void make_issuer(void)
{
    static const char *const permitted[] = {"lead-n", "n1", "n2", "help-n"};
    char *request = NULL;

    assert_int_equal(cert_make_authority(&ca_key, &ca_cert, "test", NOW_MS, NULL), 0);
    assert_int_equal(cert_make_request(&issuer_key, &request, "lead-n", NULL), 0);
    assert_int_equal(cert_sign_issuer(&issuer_cert, ca_key, ca_cert, request, "lead-n", permitted, 4,
                                      1826 * DAY_MS, NOW_MS, NULL),
                     0);
    free(request);
}

static int certify(void *user, char **chain_pem, const char *request_pem, const char *tls_name, int64_t at_ms,
                   struct err *err)
{
    (void)user;
    return cert_sign(chain_pem, issuer_key, issuer_cert, request_pem, tls_name, 90 * DAY_MS, at_ms, err);
}

static void draw(void *user, void *out, size_t len)
{
    (void)user;
    secret_random(out, len);
}

static void open_core(bool certifies)
{
    struct core_options options = {
        .id = "lead-n",
        .endpoint = "127.0.0.1:1",
        .parent = "lead",
        .roots = {(const Weft__V1__Root *const *)(uintptr_t)party.root_list, 2},
        .random = draw,
        .incarnation = store_incarnation(store),
        .poll_ms = 1000,
        .tls_name = "lead-n",
        .certify = certifies ? certify : NULL,
    };

    assert_int_equal(core_new(&core, &options, NULL), 0);
}

/* One request in a transaction of its own. */
static int serve(const char *peer, enum core_method method, const ProtobufCMessage *request, void *reply)
{
    struct store_txn *txn = NULL;
    struct err err = {0};
    int rc;

    assert_int_equal(store_begin(store, &txn, true, NULL), 0);
    rc = core_serve(core, txn, peer, method, request, now_ms, reply, &err);
    if (rc == 0) {
        assert_int_equal(store_commit(&txn, NULL), 0);
    }
    store_abort(&txn);
    return rc;
}

static void publish_roster(void)
{
    Weft__V1__Document *document =
        party_sign(&party, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, &party.roster.base, 2);
    struct store_txn *txn = NULL;
    struct err err = {0};

    assert_int_equal(store_begin(store, &txn, true, NULL), 0);
    if (core_publish(core, txn, document, &err) != 0) {
        fail_msg("%s", err.detail);
    }
    assert_int_equal(store_commit(&txn, NULL), 0);
    document_free(&document);
}

static int begin(void **state)
{
    struct store_options options;

    (void)state;
    now_ms = NOW_MS;
    if (scratch_make(&scratch) != 0) {
        return -1;
    }
    options = db_store_options(scratch_path(&scratch, "store"), false, true);
    options.min_free_disk = 1;
    assert_int_equal(store_open(&store, &options, NULL), 0);
    party_roster(&party);
    party.roster.issued_ms = NOW_MS - DAY_MS;
    party.roster.expires_ms = NOW_MS + 900 * DAY_MS;
    make_issuer();
    open_core(true);
    publish_roster();
    return 0;
}

static int end(void **state)
{
    (void)state;
    core_free(&core);
    store_close(&store);
    secret_free(ca_key, strlen(ca_key));
    secret_free(issuer_key, strlen(issuer_key));
    free(ca_cert);
    free(issuer_cert);
    ca_key = ca_cert = issuer_key = issuer_cert = NULL;
    scratch_remove(&scratch);
    return 0;
}

/* ---- newcomers ---- */

struct newcomer {
    struct join join;
    char *key, *file;
    char fingerprint[JOIN_FINGERPRINT_SIZE];
};

static struct newcomer make_newcomer(const char *id, const char *tls_name)
{
    struct newcomer newcomer = {.join = {.kind = JOIN_SITE}};

    snprintf(newcomer.join.id, sizeof newcomer.join.id, "%s", id);
    snprintf(newcomer.join.tls_name, sizeof newcomer.join.tls_name, "%s", tls_name);
    secret_random(newcomer.join.sign_key, KEY_SIZE);
    assert_int_equal(cert_make_request(&newcomer.key, &newcomer.join.request_pem, tls_name, NULL), 0);
    assert_int_equal(join_format(&newcomer.file, &newcomer.join, NULL), 0);
    join_fingerprint(newcomer.fingerprint, &newcomer.join);
    return newcomer;
}

static void free_newcomer(struct newcomer *newcomer)
{
    join_clear(&newcomer->join);
    secret_free(newcomer->key, strlen(newcomer->key));
    free(newcomer->file);
}

static int invite_as(const char *peer, const char *name, const char *id, const char *tls_name, int64_t expires_ms)
{
    Weft__V1__InviteRequest request = WEFT__V1__INVITE_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.name = TEXT(name);
    request.id = TEXT(id);
    request.tls_name = TEXT(tls_name);
    request.expires_ms = expires_ms;
    rc = serve(peer, CORE_INVITE, &request.base, &reply);
    wire_free(&reply);
    return rc;
}

static int invite(const char *id, const char *tls_name)
{
    return invite_as("lead-n", ONE_TIME, id, tls_name, NOW_MS + DAY_MS);
}

/* *reply may be NULL. */
static int join(const char *peer, const struct newcomer *newcomer, Weft__V1__JoinReply **reply)
{
    Weft__V1__JoinRequest request = WEFT__V1__JOIN_REQUEST__INIT;
    ProtobufCMessage *received = NULL;
    int rc;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.join_file = BYTES(newcomer->file, strlen(newcomer->file));
    rc = serve(peer, CORE_JOIN, &request.base, &received);
    if (reply != NULL) {
        *reply = (Weft__V1__JoinReply *)received;
    } else {
        wire_free(&received);
    }
    return rc;
}

static int admit_as(const char *peer, const char *id, const char *fingerprint)
{
    Weft__V1__AdmitRequest request = WEFT__V1__ADMIT_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    int rc;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.id = TEXT(id);
    request.fingerprint = TEXT(fingerprint);
    rc = serve(peer, CORE_ADMIT, &request.base, &reply);
    wire_free(&reply);
    return rc;
}

static int admit(const char *id, const char *fingerprint)
{
    return admit_as("lead-n", id, fingerprint);
}

/* ---- tests ---- */

static void test_joining__a_compared_newcomer_gets_its_certificate_and_the_roster(void **state)
{
    struct newcomer n9 = make_newcomer("n9", "n9.lead-n");
    Weft__V1__JoinReply *reply = NULL;

    (void)state;
    assert_int_equal(invite("n9", "n9.lead-n"), 0);
    assert_int_equal(admit("n9", n9.fingerprint), ERR_JOIN_UNKNOWN); /* has not asked */
    assert_int_equal(join(ONE_TIME, &n9, &reply), 0);
    assert_false(reply->is_admitted);
    assert_null(reply->roster);
    wire_free(&reply);
    assert_int_equal(admit("n9", WRONG), ERR_JOIN_FINGERPRINT);
    assert_int_equal(admit("n9", ""), ERR_JOIN_FINGERPRINT);
    assert_int_equal(admit("n8", n9.fingerprint), ERR_JOIN_UNKNOWN);
    assert_int_equal(admit("n9", n9.fingerprint), 0);
    assert_int_equal(admit("n9", n9.fingerprint), 0); /* again: nothing new */
    assert_int_equal(join(ONE_TIME, &n9, &reply), 0);
    assert_true(reply->is_admitted);
    assert_int_equal(cert_check(reply->certificate, ca_cert, n9.key, "n9.lead-n", NOW_MS, NULL), 0);
    assert_int_equal(reply->roster->type, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER);
    wire_free(&reply);
    free_newcomer(&n9);
}

static void test_joining__the_fingerprint_may_be_typed_as_people_write_it(void **state)
{
    struct newcomer n9 = make_newcomer("n9", "n9.lead-n");
    char typed[JOIN_FINGERPRINT_SIZE];
    size_t len = 0;

    (void)state;
    for (const char *c = n9.fingerprint; *c != '\0'; c++) {
        if (*c != ' ') {
            typed[len++] = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
        }
    }
    typed[len] = '\0';
    assert_int_equal(invite("n9", "n9.lead-n"), 0);
    assert_int_equal(join(ONE_TIME, &n9, NULL), 0);
    typed[len - 1] = '\0';
    assert_int_equal(admit("n9", typed), ERR_JOIN_FINGERPRINT); /* all of it */
    typed[len - 1] = (char)(n9.fingerprint[JOIN_FINGERPRINT_SIZE - 2]);
    assert_int_equal(admit("n9", typed), 0);
    free_newcomer(&n9);
}

static void test_joining__a_token_serves_one_set_of_keys(void **state)
{
    struct newcomer n9 = make_newcomer("n9", "n9.lead-n"), thief = make_newcomer("n9", "n9.lead-n");

    (void)state;
    assert_int_equal(invite("n9", "n9.lead-n"), 0);
    assert_int_equal(join(ONE_TIME, &thief, NULL), 0); /* whoever comes first */
    assert_int_equal(join(ONE_TIME, &n9, NULL), ERR_JOIN_USED);
    assert_int_equal(admit("n9", n9.fingerprint), ERR_JOIN_FINGERPRINT); /* the true one's is compared */
    assert_int_equal(invite_as("lead-n", "ff.join.lead-n", "n9", "n9.lead-n", NOW_MS + DAY_MS), 0);
    assert_int_equal(join(ONE_TIME, &thief, NULL), ERR_JOIN_EXPIRED); /* replaced */
    assert_int_equal(join("ff.join.lead-n", &n9, NULL), 0);
    assert_int_equal(admit("n9", n9.fingerprint), 0);
    free_newcomer(&n9);
    free_newcomer(&thief);
}

static void test_joining__an_invitation_ends(void **state)
{
    struct newcomer n9 = make_newcomer("n9", "n9.lead-n");

    (void)state;
    assert_int_equal(invite("n9", "n9.lead-n"), 0);
    assert_int_equal(join(ONE_TIME, &n9, NULL), 0);
    now_ms = NOW_MS + DAY_MS;
    assert_int_equal(join(ONE_TIME, &n9, NULL), ERR_JOIN_EXPIRED);
    assert_int_equal(admit("n9", n9.fingerprint), ERR_JOIN_EXPIRED);
    assert_int_equal(invite_as("lead-n", ONE_TIME, "n9", "n9.lead-n", now_ms), ERR_USAGE);
    assert_int_equal(invite_as("lead-n", ONE_TIME, "n9", "n9.lead-n", now_ms + 32 * DAY_MS), ERR_USAGE);
    free_newcomer(&n9);
}

static void test_joining__who_was_not_invited_gets_nothing(void **state)
{
    struct newcomer n9 = make_newcomer("n9", "n9.lead-n"), other = make_newcomer("n8", "n8.lead-n");

    (void)state;
    assert_int_equal(join(ONE_TIME, &n9, NULL), ERR_JOIN_EXPIRED); /* nobody was */
    assert_int_equal(invite("n9", "n9.lead-n"), 0);
    assert_int_equal(join(ONE_TIME, &other, NULL), ERR_JOIN_TOKEN);
    assert_int_equal(join("n1", &n9, NULL), ERR_NOT_ALLOWED);
    assert_int_equal(join("lead-n", &n9, NULL), ERR_NOT_ALLOWED);
    assert_int_equal(join("0a1b.join.lead", &n9, NULL), ERR_NOT_ALLOWED); /* of another leader */
    free(n9.file);
    n9.file = strdup("format: weft-join-1\n");
    assert_int_not_equal(join(ONE_TIME, &n9, NULL), 0);
    free_newcomer(&n9);
    free_newcomer(&other);
}

static void test_joining__a_one_time_name_may_call_nothing_but_join(void **state)
{
    Weft__V1__GetDocumentsRequest get = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    Weft__V1__PutDocumentsRequest put = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;
    Weft__V1__RenewRequest renew = WEFT__V1__RENEW_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;

    (void)state;
    get.version_min = get.version_max = put.version_min = put.version_max = renew.version_min =
        renew.version_max = PROTOCOL_VERSION;
    assert_int_equal(invite("n9", "n9.lead-n"), 0);
    assert_int_equal(serve(ONE_TIME, CORE_GET_DOCUMENTS, &get.base, &reply), ERR_NOT_ALLOWED);
    assert_int_equal(serve(ONE_TIME, CORE_PUT_DOCUMENTS, &put.base, &reply), ERR_NOT_ALLOWED);
    assert_int_equal(serve(ONE_TIME, CORE_RENEW, &renew.base, &reply), ERR_NOT_ALLOWED);
    assert_int_equal(invite_as(ONE_TIME, "ee.join.lead-n", "n8", "n8.lead-n", NOW_MS + DAY_MS), ERR_NOT_ALLOWED);
    assert_int_equal(admit_as(ONE_TIME, "n9", WRONG), ERR_NOT_ALLOWED);
}

static void test_joining__only_the_own_operator_invites_and_admits(void **state)
{
    static const char *const others[] = {"lead", "help-n", "n1", "s1", "stranger"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(invite_as(others[i], ONE_TIME, "n9", "n9.lead-n", NOW_MS + DAY_MS), ERR_NOT_ALLOWED);
        assert_int_equal(admit_as(others[i], "n9", WRONG), ERR_NOT_ALLOWED);
    }
}

static void test_joining__names_that_cannot_be_are_not_invited(void **state)
{
    (void)state;
    assert_int_equal(invite("n 9", "n9.lead-n"), ERR_USAGE);
    assert_int_equal(invite("n9", "*.lead-n"), ERR_USAGE);
    assert_int_equal(invite("n9", "x.join.lead-n"), ERR_USAGE);
    assert_int_equal(invite_as("lead-n", "n1", "n9", "n9.lead-n", NOW_MS + DAY_MS), ERR_USAGE);
}

static void test_joining__nobody_takes_the_place_of_a_party_of_the_roster(void **state)
{
    struct newcomer n1 = make_newcomer("n1", "n1"), taken = make_newcomer("n9", "n2");

    (void)state;
    assert_int_equal(invite("n1", "n1"), 0);
    assert_int_equal(join(ONE_TIME, &n1, NULL), 0);
    assert_int_equal(admit("n1", n1.fingerprint), ERR_JOIN_CONFLICT); /* other keys than the roster's */
    assert_int_equal(invite("n9", "n2"), 0);
    assert_int_equal(join(ONE_TIME, &taken, NULL), 0);
    assert_int_equal(admit("n9", taken.fingerprint), ERR_JOIN_CONFLICT);
    free_newcomer(&n1);
    free_newcomer(&taken);
}

static void test_joining__the_same_party_may_come_again_with_its_keys(void **state)
{
    struct newcomer n1 = make_newcomer("n1", "n1");

    (void)state;
    memcpy(n1.join.sign_key, party.sites[0].sign_key.data, KEY_SIZE); /* its certificate had expired, say */
    free(n1.file);
    assert_int_equal(join_format(&n1.file, &n1.join, NULL), 0);
    join_fingerprint(n1.fingerprint, &n1.join);
    assert_int_equal(invite("n1", "n1"), 0);
    assert_int_equal(join(ONE_TIME, &n1, NULL), 0);
    assert_int_equal(admit("n1", n1.fingerprint), 0);
    free_newcomer(&n1);
}

static void test_joining__a_name_beyond_the_issuer_is_admitted_by_nobody(void **state)
{
    struct newcomer n9 = make_newcomer("n9", "n9.elsewhere");

    (void)state;
    assert_int_equal(invite("n9", "n9.elsewhere"), 0);
    assert_int_equal(join(ONE_TIME, &n9, NULL), 0);
    assert_int_equal(admit("n9", n9.fingerprint), ERR_CERTIFICATE);
    free_newcomer(&n9);
}

static void test_joining__without_an_issuer_nobody_is_invited(void **state)
{
    (void)state;
    core_free(&core);
    open_core(false);
    assert_int_equal(invite("n9", "n9.lead-n"), ERR_NO_ISSUER);
}

/* ---- renewal ---- */

static int renew(const char *peer, const char *request_name, char **chain)
{
    Weft__V1__RenewRequest request = WEFT__V1__RENEW_REQUEST__INIT;
    Weft__V1__RenewReply *reply = NULL;
    char *key = NULL;
    int rc;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    assert_int_equal(cert_make_request(&key, &request.certificate_request, request_name, NULL), 0);
    rc = serve(peer, CORE_RENEW, &request.base, &reply);
    if (rc == 0 && chain != NULL) {
        *chain = strdup(reply->certificate);
    }
    wire_free(&reply);
    secret_free(key, strlen(key));
    free(request.certificate_request);
    return rc;
}

static void test_renewal__own_sites_and_the_own_helper_are_certified(void **state)
{
    struct cert_info info;
    char *chain = NULL;

    (void)state;
    assert_int_equal(renew("n1", "n1", &chain), 0);
    assert_int_equal(cert_check(chain, ca_cert, NULL, "n1", NOW_MS, NULL), 0);
    assert_int_equal(cert_read(&info, chain, NULL), 0);
    assert_int_equal(info.not_after_ms, NOW_MS + 90 * DAY_MS);
    assert_int_equal(renew("help-n", "help-n", NULL), 0);
    free(chain);
}

static void test_renewal__nobody_else_is_and_for_no_other_name(void **state)
{
    static const char *const others[] = {"s1", "help", "lead-s", "lead"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(renew(others[i], others[i], NULL), ERR_NOT_ALLOWED);
    }
    assert_int_equal(renew("stranger", "stranger", NULL), ERR_PEER_UNKNOWN);
    assert_int_equal(renew("n1", "n2", NULL), ERR_CERTIFICATE);
    assert_int_equal(renew("n1", "lead-n", NULL), ERR_CERTIFICATE);
    assert_int_equal(renew("n3", "n3", NULL), ERR_CERTIFICATE); /* beyond the issuer's names */
}

static void test_renewal__goes_on_under_an_expired_roster(void **state)
{
    (void)state;
    now_ms = NOW_MS + 1000 * DAY_MS;
    assert_int_equal(renew("n1", "n1", NULL), 0);
}

static void test_certifier__is_the_leader_above(void **state)
{
    (void)state;
    assert_string_equal(core_certifier(core), "lead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_joining__a_compared_newcomer_gets_its_certificate_and_the_roster,
                                        begin, end),
        cmocka_unit_test_setup_teardown(test_joining__the_fingerprint_may_be_typed_as_people_write_it, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__a_token_serves_one_set_of_keys, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__an_invitation_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__who_was_not_invited_gets_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__a_one_time_name_may_call_nothing_but_join, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__only_the_own_operator_invites_and_admits, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__names_that_cannot_be_are_not_invited, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__nobody_takes_the_place_of_a_party_of_the_roster, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_joining__the_same_party_may_come_again_with_its_keys, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__a_name_beyond_the_issuer_is_admitted_by_nobody, begin, end),
        cmocka_unit_test_setup_teardown(test_joining__without_an_issuer_nobody_is_invited, begin, end),
        cmocka_unit_test_setup_teardown(test_renewal__own_sites_and_the_own_helper_are_certified, begin, end),
        cmocka_unit_test_setup_teardown(test_renewal__nobody_else_is_and_for_no_other_name, begin, end),
        cmocka_unit_test_setup_teardown(test_renewal__goes_on_under_an_expired_roster, begin, end),
        cmocka_unit_test_setup_teardown(test_certifier__is_the_leader_above, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
