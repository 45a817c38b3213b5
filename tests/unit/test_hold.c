/* test_hold.c - answers to submitted reports wait for their verification: some, for a while, each once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "coordinator/daemon_internal.h"

#define WAITING  WEFT__V1__REPORT_STATE__REPORT_WAITING
#define ACCEPTED WEFT__V1__REPORT_STATE__REPORT_ACCEPTED
#define NOW      1000
#define LONG     100000
#define MAX      64 /* as daemon_hold.c */

/* The caller's patience. */
static int time_left_ms;
int __wrap_rpc_call_time_left_ms(const struct rpc_call *call);
int __wrap_rpc_call_time_left_ms(const struct rpc_call *call)
{
    (void)call;
    return time_left_ms;
}

/* A request whose report's body is the text. */
struct submitted {
    struct event event;
    Weft__V1__Document report;
    Weft__V1__SubmitRequest request;
};

static void submit(struct submitted *submitted, char *text, Weft__V1__ReportState state)
{
    Weft__V1__SubmitReply reply = WEFT__V1__SUBMIT_REPLY__INIT;
    uint8_t *packed = NULL;
    size_t len;

    *submitted = (struct submitted){.event = {.method = CORE_SUBMIT, .body = &submitted->request.base}};
    weft__v1__document__init(&submitted->report);
    weft__v1__submit_request__init(&submitted->request);
    submitted->report.body = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
    submitted->request.report = &submitted->report;
    reply.state = state;
    assert_int_equal(wire_pack(&packed, &len, &reply.base, NULL), 0);
    assert_int_equal(wire_unpack(&submitted->event.reply, reply.base.descriptor, packed, len, WIRE_LENIENT, NULL), 0);
    free(packed);
}

static struct event *held_for(struct daemon *daemon, char *text)
{
    Weft__V1__Document report = WEFT__V1__DOCUMENT__INIT;
    Weft__V1__VerifyRequest request = WEFT__V1__VERIFY_REQUEST__INIT;
    struct callers_job job = {.call = {.method = CORE_VERIFY, .request = &request.base}};

    report.body = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
    request.report = &report;
    return daemon_held_for(daemon, &job);
}

static void begin(struct daemon *daemon)
{
    *daemon = (struct daemon){0};
    daemon->held.last = &daemon->held.first;
    time_left_ms = LONG;
}

static void test_hold__an_answer_waits_only_while_its_report_is_verified(void **state)
{
    struct daemon daemon;
    struct submitted decided, waits, impatient, failed;

    (void)state;
    begin(&daemon);
    submit(&decided, "decided", ACCEPTED);
    submit(&waits, "waits", WAITING);
    submit(&impatient, "impatient", WAITING);
    submit(&failed, "failed", WAITING);
    failed.event.rc = ERR_STORE_FULL;
    assert_false(daemon_hold(&daemon, &decided.event, NOW));
    assert_false(daemon_hold(&daemon, &failed.event, NOW));
    assert_true(daemon_hold(&daemon, &waits.event, NOW));
    time_left_ms = 10;
    assert_false(daemon_hold(&daemon, &impatient.event, NOW));
    wire_free(&decided.event.reply);
    wire_free(&waits.event.reply);
    wire_free(&impatient.event.reply);
    wire_free(&failed.event.reply);
}

static void test_hold__the_verified_report_is_found_and_not_held_again(void **state)
{
    struct daemon daemon;
    struct submitted a, b, c;

    (void)state;
    begin(&daemon);
    submit(&a, "a", WAITING);
    submit(&b, "b", WAITING);
    submit(&c, "c", WAITING);
    assert_true(daemon_hold(&daemon, &a.event, NOW));
    assert_true(daemon_hold(&daemon, &b.event, NOW));
    assert_null(held_for(&daemon, "c"));
    assert_ptr_equal(held_for(&daemon, "b"), &b.event);
    assert_null(b.event.reply); /* it gets another one */
    assert_null(held_for(&daemon, "b"));
    assert_true(daemon_hold(&daemon, &c.event, NOW)); /* the list is whole after its last was taken */
    assert_ptr_equal(held_for(&daemon, "c"), &c.event);
    submit(&b, "b", WAITING);
    b.event.held_ms = NOW;
    assert_false(daemon_hold(&daemon, &b.event, NOW));
    wire_free(&a.event.reply);
    wire_free(&b.event.reply);
}

static void test_hold__nobody_waits_longer_than_two_seconds_nor_for_a_stop(void **state)
{
    struct daemon daemon;
    struct submitted a, b, c;

    (void)state;
    begin(&daemon);
    submit(&a, "a", WAITING);
    submit(&b, "b", WAITING);
    submit(&c, "c", WAITING);
    assert_true(daemon_hold(&daemon, &a.event, NOW));
    assert_true(daemon_hold(&daemon, &b.event, NOW + 500));
    assert_null(daemon_held_until(&daemon, NOW + 1999, false));
    assert_ptr_equal(daemon_held_until(&daemon, NOW + 2000, false), &a.event);
    assert_non_null(a.event.reply); /* it tells that the report waits */
    assert_null(daemon_held_until(&daemon, NOW + 2000, false));
    assert_ptr_equal(daemon_held_until(&daemon, NOW + 2000, true), &b.event);
    assert_null(daemon_held_until(&daemon, NOW + 2000, true));
    daemon.is_stopping = true;
    assert_false(daemon_hold(&daemon, &c.event, NOW));
    wire_free(&a.event.reply);
    wire_free(&b.event.reply);
    wire_free(&c.event.reply);
}

static void test_hold__few_wait_at_once(void **state)
{
    static struct submitted many[MAX + 1];
    struct daemon daemon;

    (void)state;
    begin(&daemon);
    for (int i = 0; i <= MAX; i++) {
        submit(&many[i], "many", WAITING);
        assert_int_equal(daemon_hold(&daemon, &many[i].event, NOW), i < MAX);
    }
    assert_non_null(daemon_held_until(&daemon, NOW, true));
    assert_true(daemon_hold(&daemon, &many[MAX].event, NOW));
    for (int i = 0; i <= MAX; i++) {
        wire_free(&many[i].event.reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hold__an_answer_waits_only_while_its_report_is_verified),
        cmocka_unit_test(test_hold__the_verified_report_is_found_and_not_held_again),
        cmocka_unit_test(test_hold__nobody_waits_longer_than_two_seconds_nor_for_a_stop),
        cmocka_unit_test(test_hold__few_wait_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
