/* test_contact.c - how it goes with a peer: what is kept, and what is not worth a write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/contact.h"

#define T0 INT64_C(1700000000000)

static void test_contact__keeps_when_it_began_to_fail_and_why(void **state)
{
    StoredContact contact = WEFT__STORE__V1__STORED_CONTACT__INIT;
    struct err failure = {0};

    (void)state;
    err_set(&failure, ERR_UNREACHABLE, "connection refused");
    assert_true(contact_reached(&contact, T0));
    assert_true(contact_failed(&contact, &failure, T0 + 1));
    assert_false(contact_failed(&contact, &failure, T0 + 1000)); /* the same: since then */
    assert_int_equal(contact.failing_ms, T0 + 1);
    assert_int_equal(contact.reached_ms, T0);
    err_set(&failure, ERR_CERTIFICATE, "expired");
    assert_true(contact_failed(&contact, &failure, T0 + 2000)); /* another reason, the same trouble */
    assert_int_equal(contact.failing_ms, T0 + 1);
    assert_string_equal(contact.detail, "expired");
    assert_true(contact_reached(&contact, T0 + 3000)); /* however fresh it is */
    assert_int_equal(contact.failing_ms, 0);
    assert_int_equal(contact.failure, 0);
}

static void test_contact__writes_a_time_once_a_minute(void **state)
{
    StoredContact contact = WEFT__STORE__V1__STORED_CONTACT__INIT;

    (void)state;
    assert_true(contact_reached(&contact, T0));
    assert_false(contact_reached(&contact, T0 + 59999));
    assert_true(contact_reached(&contact, T0 + 60000));
    assert_true(contact_reached(&contact, T0)); /* the clock was set back */
    assert_true(contact_heard(&contact, T0));
    assert_false(contact_heard(&contact, T0 + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contact__keeps_when_it_began_to_fail_and_why),
        cmocka_unit_test(test_contact__writes_a_time_once_a_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
