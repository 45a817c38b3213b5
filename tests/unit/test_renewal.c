/* test_renewal.c - when certificates are renewed, what takes their place, old and new authorities, and warnings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/expiry.h"
#include "base/file.h"
#include "base/renewal.h"
#include "crypto/secret.h"
#include "tests/unit/scratch.h"

#define NOW_MS INT64_C(1767225600000) /* 2026-01-01 */
#define DAY_MS INT64_C(86400000)
#define NAME   "h1.wz.example"

struct authority {
    char *key, *cert;
};

static struct scratch scratch;
static struct authority first, second;
static char *tls_key, *tls_request, certificate[300], authorities[300];
static struct renewal files;
static ProtobufCBinaryData list[2];
static Weft__V1__Roster wire;
static struct roster roster;

static void make_authority(struct authority *authority)
{
    assert_int_equal(cert_make_authority(&authority->key, &authority->cert, "test", NOW_MS, NULL), 0);
}

static void free_authority(struct authority *authority)
{
    secret_free(authority->key, strlen(authority->key));
    free(authority->cert);
}

static char *issue(const struct authority *by, const char *name, int64_t days, int64_t at_ms)
{
    char *chain = NULL, *request = NULL;

    assert_int_equal(cert_request(&request, tls_key, name, NULL), 0);
    assert_int_equal(cert_sign(&chain, by->key, by->cert, request, name, days * DAY_MS, at_ms, NULL), 0);
    free(request);
    return chain;
}

static void put(const char *path, const char *text)
{
    assert_int_equal(file_write(path, text, strlen(text), FILE_MODE_PUBLIC, NULL), 0);
}

static void roster_names(const struct authority *a, const struct authority *b)
{
    weft__v1__roster__init(&wire);
    list[0] = (ProtobufCBinaryData){strlen(a->cert), (uint8_t *)a->cert};
    wire.tls_authorities = list;
    wire.n_tls_authorities = 1;
    if (b != NULL) {
        list[wire.n_tls_authorities++] = (ProtobufCBinaryData){strlen(b->cert), (uint8_t *)b->cert};
    }
    wire.expires_ms = NOW_MS + 400 * DAY_MS;
    roster = (struct roster){.wire = &wire};
}

static int begin(void **state)
{
    char *chain;

    (void)state;
    assert_int_equal(scratch_make(&scratch), 0);
    snprintf(certificate, sizeof certificate, "%s", scratch_path(&scratch, "tls.crt"));
    snprintf(authorities, sizeof authorities, "%s", scratch_path(&scratch, "ca.crt"));
    make_authority(&first);
    make_authority(&second);
    assert_int_equal(cert_make_request(&tls_key, &tls_request, NAME, NULL), 0);
    chain = issue(&first, NAME, 90, NOW_MS);
    put(certificate, chain);
    put(authorities, first.cert);
    free(chain);
    roster_names(&first, NULL);
    files = (struct renewal){certificate, authorities, tls_key, NAME};
    return 0;
}

static int end(void **state)
{
    (void)state;
    free_authority(&first);
    free_authority(&second);
    secret_free(tls_key, strlen(tls_key));
    free(tls_request);
    scratch_remove(&scratch);
    return 0;
}

static bool is_due(const struct roster *by, int64_t now_ms)
{
    bool due = false;

    assert_int_equal(renewal_is_due(&due, &files, by, now_ms, NULL), 0);
    return due;
}

static void test_renewal__is_due_at_half_life(void **state)
{
    (void)state;
    assert_false(is_due(&roster, NOW_MS));
    assert_false(is_due(&roster, NOW_MS + 45 * DAY_MS - 1));
    assert_true(is_due(&roster, NOW_MS + 45 * DAY_MS));
    assert_true(is_due(NULL, NOW_MS + 80 * DAY_MS));
    assert_int_equal(renewal_pause_ms(&files, 0), 3600000);
    assert_int_equal(renewal_pause_ms(&files, 1), 2000);
    assert_int_equal(renewal_pause_ms(&files, 4), 16000);
    assert_int_equal(renewal_pause_ms(&files, 1000), 3600000);
}

static void test_renewal__a_short_life_is_looked_at_often(void **state)
{
    char *request = NULL, *chain = NULL;

    (void)state;
    assert_int_equal(cert_request(&request, tls_key, NAME, NULL), 0);
    assert_int_equal(cert_sign(&chain, first.key, first.cert, request, NAME, 60000, NOW_MS, NULL), 0);
    put(certificate, chain);
    assert_int_equal(renewal_pause_ms(&files, 0), 3000);
    assert_false(is_due(&roster, NOW_MS + 29000));
    assert_true(is_due(&roster, NOW_MS + 30000));
    free(request);
    free(chain);
}

static void refuse(const char *chain, int64_t now_ms)
{
    uint8_t *before = NULL, *after = NULL;
    size_t before_len, after_len;

    assert_int_equal(file_read(&before, &before_len, certificate, CERT_PEM_MAX, NULL), 0);
    assert_int_equal(renewal_take(&files, chain, now_ms, NULL), ERR_CERTIFICATE);
    assert_int_equal(file_read(&after, &after_len, certificate, CERT_PEM_MAX, NULL), 0);
    assert_int_equal(before_len, after_len);
    assert_memory_equal(before, after, before_len);
    free(before);
    free(after);
}

static void test_renewal__takes_its_own_newer_certificate_and_no_other(void **state)
{
    int64_t later = NOW_MS + 45 * DAY_MS;
    char *next = issue(&first, NAME, 30, later), *older = issue(&first, NAME, 90, NOW_MS - DAY_MS / 48),
         *name = issue(&first, "h2.wz.example", 90, later), *foreign = issue(&second, NAME, 90, later);
    char *request = NULL, *other_key = NULL, *key_differs = NULL;

    (void)state;
    assert_int_equal(cert_make_request(&other_key, &request, NAME, NULL), 0);
    assert_int_equal(
        cert_sign(&key_differs, first.key, first.cert, request, NAME, 90 * DAY_MS, later, NULL), 0);
    refuse(name, later);
    refuse(foreign, later);
    refuse(key_differs, later);
    refuse(older, NOW_MS);
    refuse("", later);
    refuse(next, later + 31 * DAY_MS); /* over */
    assert_int_equal(renewal_take(&files, next, later, NULL), 0);
    assert_false(is_due(&roster, later));
    refuse(next, later); /* not newer than itself */
    secret_free(other_key, strlen(other_key));
    free(request);
    free(key_differs);
    free(next);
    free(older);
    free(name);
    free(foreign);
}

static bool take_authorities(void)
{
    bool changed = false;

    assert_int_equal(renewal_take_authorities(&changed, &files, &roster, NOW_MS, NULL), 0);
    return changed;
}

static bool trusts(const struct authority *authority)
{
    uint8_t *bundle = NULL;
    size_t len;
    char *chain = issue(authority, "x.example", 1, NOW_MS);
    bool holds;

    assert_int_equal(file_read(&bundle, &len, authorities, CERT_PEM_MAX, NULL), 0);
    holds = cert_check(chain, (char *)bundle, NULL, NULL, NOW_MS, NULL) == 0;
    free(bundle);
    free(chain);
    return holds;
}

static void test_rollover__old_and_new_authority_overlap_and_certificates_follow(void **state)
{
    char *next;

    (void)state;
    assert_false(take_authorities()); /* says the same already */
    roster_names(&second, &first);    /* new ones come from the second */
    assert_true(take_authorities());
    assert_false(take_authorities());
    assert_true(trusts(&first) && trusts(&second));
    assert_true(is_due(&roster, NOW_MS)); /* long before its half life */
    next = issue(&second, NAME, 90, NOW_MS + 1000);
    assert_int_equal(renewal_take(&files, next, NOW_MS + 1000, NULL), 0);
    assert_false(is_due(&roster, NOW_MS + 1000));
    roster_names(&second, NULL);
    assert_true(take_authorities());
    assert_true(trusts(&second));
    assert_false(trusts(&first));
    free(next);
}

static void test_rollover__nobody_cuts_itself_off(void **state)
{
    (void)state;
    roster_names(&second, NULL); /* the old one is gone before this party has renewed */
    assert_true(take_authorities());
    assert_false(take_authorities());
    assert_true(trusts(&first) && trusts(&second));
    assert_true(is_due(&roster, NOW_MS));
}

static void test_rollover__a_roster_that_names_none_changes_nothing(void **state)
{
    bool changed = true;

    (void)state;
    wire.n_tls_authorities = 0;
    assert_false(take_authorities());
    assert_int_equal(renewal_take_authorities(&changed, &files, NULL, NOW_MS, NULL), 0);
    assert_false(changed);
    assert_false(is_due(&roster, NOW_MS));
}

static void test_expiry__warns_at_30_7_and_1_days_and_when_over(void **state)
{
    (void)state;
    assert_int_equal(expiry_warning(0, NOW_MS), EXPIRY_NONE);
    assert_int_equal(expiry_warning(NOW_MS + 31 * DAY_MS, NOW_MS), EXPIRY_NONE);
    assert_int_equal(expiry_warning(NOW_MS + 30 * DAY_MS, NOW_MS), 30);
    assert_int_equal(expiry_warning(NOW_MS + 8 * DAY_MS, NOW_MS), 30);
    assert_int_equal(expiry_warning(NOW_MS + 7 * DAY_MS, NOW_MS), 7);
    assert_int_equal(expiry_warning(NOW_MS + DAY_MS, NOW_MS), 1);
    assert_int_equal(expiry_warning(NOW_MS + 1, NOW_MS), 1);
    assert_int_equal(expiry_warning(NOW_MS, NOW_MS), EXPIRY_OVER);
}

static void test_expiry__reads_what_there_is(void **state)
{
    struct expiry expiry = expiry_read(certificate, NULL, authorities, &roster);

    (void)state;
    assert_int_equal(expiry.end_ms[EXPIRY_CERTIFICATE], NOW_MS + 90 * DAY_MS);
    assert_int_equal(expiry.end_ms[EXPIRY_ISSUER], 0);
    assert_int_equal(expiry.end_ms[EXPIRY_AUTHORITY], NOW_MS + CERT_AUTHORITY_DAYS * DAY_MS);
    assert_int_equal(expiry.end_ms[EXPIRY_ROSTER], NOW_MS + 400 * DAY_MS);
    expiry = expiry_read("/nowhere", "/nowhere", "/nowhere", NULL);
    for (int i = 0; i < EXPIRY_NUM; i++) {
        assert_int_equal(expiry.end_ms[i], 0);
    }
}

static void test_expiry__each_threshold_is_logged_once_and_again_after_a_renewal(void **state)
{
    struct expiry expiry = {.end_ms = {[EXPIRY_ROSTER] = NOW_MS + 20 * DAY_MS}};
    int logged[EXPIRY_NUM];

    (void)state;
    for (int i = 0; i < EXPIRY_NUM; i++) {
        logged[i] = EXPIRY_NONE;
    }
    expiry_log(&expiry, logged, NOW_MS);
    assert_int_equal(logged[EXPIRY_ROSTER], 30);
    expiry_log(&expiry, logged, NOW_MS + 19 * DAY_MS);
    assert_int_equal(logged[EXPIRY_ROSTER], 1);
    assert_int_equal(logged[EXPIRY_CERTIFICATE], EXPIRY_NONE);
    expiry.end_ms[EXPIRY_ROSTER] = NOW_MS + 900 * DAY_MS;
    expiry_log(&expiry, logged, NOW_MS + 19 * DAY_MS);
    assert_int_equal(logged[EXPIRY_ROSTER], EXPIRY_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_renewal__is_due_at_half_life, begin, end),
        cmocka_unit_test_setup_teardown(test_renewal__a_short_life_is_looked_at_often, begin, end),
        cmocka_unit_test_setup_teardown(test_renewal__takes_its_own_newer_certificate_and_no_other, begin, end),
        cmocka_unit_test_setup_teardown(test_rollover__old_and_new_authority_overlap_and_certificates_follow, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_rollover__nobody_cuts_itself_off, begin, end),
        cmocka_unit_test_setup_teardown(test_rollover__a_roster_that_names_none_changes_nothing, begin, end),
        cmocka_unit_test(test_expiry__warns_at_30_7_and_1_days_and_when_over),
        cmocka_unit_test_setup_teardown(test_expiry__reads_what_there_is, begin, end),
        cmocka_unit_test(test_expiry__each_threshold_is_logged_once_and_again_after_a_renewal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
