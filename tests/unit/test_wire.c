/* test_wire.c - decoding within bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <malloc.h>

#include <cmocka.h>

#include "base/wire.h"
#include "proto/health.pb-c.h"
#include "proto/store.pb-c.h"
#include "proto/weft.pb-c.h"
#include "rpc_test.pb-c.h"

#define EVERYTHING (&weft__rpctest__everything__descriptor)

static int unpack_bytes(const void *data, size_t len, bool is_signed)
{
    ProtobufCMessage *message = NULL;
    struct err err = {0};
    int rc = wire_unpack(&message, EVERYTHING, data, len, is_signed, &err);

    assert_true((rc == 0) == (message != NULL));
    assert_int_equal(rc, err.code);
    wire_free(&message);
    assert_null(message);
    return rc;
}

/* In a buffer of exactly that size, so that a sanitizer sees a read beyond it. */
static int unpack_cut(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    int rc;

    assert_non_null(copy);
    memcpy(copy, data, len);
    rc = unpack_bytes(copy, len, WIRE_SIGNED);
    free(copy);
    return rc;
}

#define lenient(literal)   unpack_bytes(literal, sizeof(literal) - 1, WIRE_LENIENT)
#define as_signed(literal) unpack_bytes(literal, sizeof(literal) - 1, WIRE_SIGNED)

static void fill(Weft__Rpctest__Everything *message)
{
    static Weft__Rpctest__Item item;
    static Weft__Rpctest__Item *items[2] = {&item, &item};
    static Weft__Rpctest__Colour colours[2] = {WEFT__RPCTEST__COLOUR__COLOUR_RED,
                                               WEFT__RPCTEST__COLOUR__COLOUR_BLUE};
    static char *texts[2] = {(char *)"", (char *)"\xe6\xb8\xa9\xe5\xb7\x9e"};
    static uint64_t numbers[3] = {0, 1, UINT64_MAX};

    weft__rpctest__item__init(&item);
    item.name = (char *)"item";
    item.number = 7;
    weft__rpctest__everything__init(message);
    message->text = (char *)"text";
    message->blob = (ProtobufCBinaryData){3, (uint8_t *)"a\0b"};
    message->n_items = 2;
    message->items = items;
    message->colour = WEFT__RPCTEST__COLOUR__COLOUR_BLUE;
    message->n_colours = 2;
    message->colours = colours;
    message->n_texts = 2;
    message->texts = texts;
    message->n_numbers = 3;
    message->numbers = numbers;
    message->choice_case = WEFT__RPCTEST__EVERYTHING__CHOICE_RIGHT;
    message->right = (char *)"right";
    message->item = &item;
}

static void test_wire__gives_back_what_was_packed(void **state)
{
    Weft__Rpctest__Everything message, *back = NULL;
    struct err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;

    (void)state;
    fill(&message);
    assert_int_equal(wire_pack(&bytes, &len, &message.base, &err), 0);
    for (int is_signed = 0; is_signed < 2; is_signed++) {
        assert_int_equal(
            wire_unpack((ProtobufCMessage **)&back, EVERYTHING, bytes, len, is_signed != 0, &err), 0);
        assert_string_equal(back->text, "text");
        assert_int_equal(back->blob.len, 3);
        assert_memory_equal(back->blob.data, "a\0b", 3);
        assert_int_equal(back->n_items, 2);
        assert_string_equal(back->items[1]->name, "item");
        assert_true(back->numbers[2] == UINT64_MAX);
        assert_string_equal(back->texts[1], "\xe6\xb8\xa9\xe5\xb7\x9e");
        assert_string_equal(back->right, "right");
        wire_free(&back);
    }
    for (size_t cut = 0; cut < len; cut++) /* every truncation ends in an answer, and none reads beyond */
        (void)unpack_cut(bytes, cut);
    free(bytes);
}

static void test_wire__reads_and_writes_an_empty_message(void **state)
{
    Weft__Rpctest__Nothing nothing = WEFT__RPCTEST__NOTHING__INIT;
    ProtobufCMessage *back = NULL;
    struct err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 9;

    (void)state;
    assert_int_equal(wire_pack(&bytes, &len, &nothing.base, &err), 0);
    assert_int_equal(len, 0);
    assert_non_null(bytes);
    assert_int_equal(wire_unpack(&back, &weft__rpctest__nothing__descriptor, NULL, 0, WIRE_SIGNED, &err), 0);
    wire_free(&back);
    wire_free(&back);
    free(bytes);
}

static void test_wire__refuses_what_is_no_message(void **state)
{
    (void)state;
    assert_int_equal(lenient("\x0a"), ERR_MESSAGE_MALFORMED); /* no length */
    assert_int_equal(lenient("\x0a\x05"
                             "abc"),
                     ERR_MESSAGE_MALFORMED); /* longer than the input */
    assert_int_equal(lenient("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), ERR_MESSAGE_MALFORMED); /* 2^63 */
    assert_int_equal(lenient("\x02\x00"), ERR_MESSAGE_MALFORMED);                 /* field number 0 */
    assert_int_equal(lenient("\x80\x80\x80\x80\x00\x01"), ERR_MESSAGE_MALFORMED); /* the same, spelled long */
    assert_int_equal(lenient("\xa3\x06\xa4\x06"), ERR_MESSAGE_MALFORMED);         /* a group */
    assert_int_equal(lenient("\x0e"), ERR_MESSAGE_MALFORMED);                     /* wire type 6 */
    assert_int_equal(lenient("\x08\x01"), ERR_MESSAGE_MALFORMED);                 /* text as a number */
    assert_int_equal(lenient("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), ERR_MESSAGE_MALFORMED);
    assert_int_equal(lenient("\x1a\x03\x0a\x05x"), ERR_MESSAGE_MALFORMED); /* within a part */
}

static void test_wire__refuses_text_that_is_not_text(void **state)
{
    (void)state;
    assert_int_equal(lenient("\x0a\x03"
                             "abc"),
                     0);
    assert_int_equal(lenient("\x0a\x03"
                             "a\0c"),
                     ERR_MESSAGE_MALFORMED);
    assert_int_equal(lenient("\x12\x03"
                             "a\0c"),
                     0); /* bytes may */
    assert_int_equal(lenient("\x0a\x01\xff"), ERR_MESSAGE_MALFORMED);
    assert_int_equal(lenient("\x0a\x02\xc0\x80"), ERR_MESSAGE_MALFORMED);         /* NUL, overlong */
    assert_int_equal(lenient("\x0a\x03\xe0\x9f\xbf"), ERR_MESSAGE_MALFORMED);     /* overlong */
    assert_int_equal(lenient("\x0a\x03\xed\xa0\x80"), ERR_MESSAGE_MALFORMED);     /* surrogate */
    assert_int_equal(lenient("\x0a\x04\xf4\x90\x80\x80"), ERR_MESSAGE_MALFORMED); /* above U+10FFFF */
    assert_int_equal(lenient("\x0a\x02\xe6\xb8"), ERR_MESSAGE_MALFORMED);         /* cut short */
    assert_int_equal(lenient("\x0a\x04\xf0\x9f\xa6\xa0"), 0);
    assert_int_equal(lenient("\x32\x01\xff"), ERR_MESSAGE_MALFORMED);         /* repeated */
    assert_int_equal(lenient("\x4a\x01\xff"), ERR_MESSAGE_MALFORMED);         /* in a oneof */
    assert_int_equal(lenient("\x1a\x03\x0a\x01\xff"), ERR_MESSAGE_MALFORMED); /* in a part */
}

static void test_wire__passes_what_a_newer_peer_adds_but_not_in_signed_documents(void **state)
{
    (void)state;
    assert_int_equal(lenient("\xa0\x06\x01"), 0); /* field 100 */
    assert_int_equal(as_signed("\xa0\x06\x01"), ERR_MESSAGE_MALFORMED);
    assert_int_equal(lenient("\x1a\x02\x28\x01"), 0); /* within a part */
    assert_int_equal(as_signed("\x1a\x02\x28\x01"), ERR_MESSAGE_MALFORMED);
    assert_int_equal(lenient("\x20\x63"), 0); /* colour 99 */
    assert_int_equal(as_signed("\x20\x63"), ERR_MESSAGE_MALFORMED);
    assert_int_equal(as_signed("\x20\x02"), 0);
    assert_int_equal(lenient("\x2a\x02\x01\x63"), 0); /* packed */
    assert_int_equal(as_signed("\x2a\x02\x01\x63"), ERR_MESSAGE_MALFORMED);
}

static void test_wire__takes_signed_documents_in_one_spelling_only(void **state)
{
    (void)state;
    assert_int_equal(as_signed("\x0a\x01"
                               "a"
                               "\x12\x01"
                               "b"),
                     0);
    assert_int_equal(as_signed("\x12\x01"
                               "b"
                               "\x0a\x01"
                               "a"),
                     ERR_MESSAGE_MALFORMED); /* out of order */
    assert_int_equal(as_signed("\x0a\x01"
                               "a"
                               "\x0a\x01"
                               "b"),
                     ERR_MESSAGE_MALFORMED); /* twice: last wins */
    assert_int_equal(as_signed("\x40\x01\x4a\x01"
                               "b"),
                     ERR_MESSAGE_MALFORMED);                            /* two of a oneof */
    assert_int_equal(as_signed("\x20\x00"), ERR_MESSAGE_MALFORMED);     /* the default */
    assert_int_equal(as_signed("\x20\x81\x00"), ERR_MESSAGE_MALFORMED); /* 1, in two bytes */
    assert_int_equal(lenient("\x20\x81\x00"), 0);
}

static void test_wire__refuses_to_pack_text_that_the_peer_would_refuse(void **state)
{
    Weft__Rpctest__Everything message = WEFT__RPCTEST__EVERYTHING__INIT;
    struct err err = {0};
    uint8_t *bytes = NULL;
    size_t len = 0;

    (void)state;
    message.text = (char *)"\xb0\xa1"; /* GB18030 */
    assert_int_equal(wire_pack(&bytes, &len, &message.base, &err), ERR_MESSAGE_MALFORMED);
    assert_null(bytes);
}

/* ---- Memory ----------------------------------------------------------------------------------------------
 */

static uint8_t *repeat(const char *unit, size_t unit_len, size_t total)
{
    uint8_t *data = malloc(total);

    assert_non_null(data);
    for (size_t i = 0; i < total; i++)
        data[i] = (uint8_t)unit[i % unit_len];
    return data;
}

static size_t used_memory(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* 4 MB of the smallest elements grow to 140-270 MB in protobuf-c; here the budget ends it. */
static void test_wire__bounds_the_memory_of_hostile_messages(void **state)
{
    static const char *const units[] = {"\x1a\x00", "\x62\x00", "\x5a\x00", "\x32\x00", "\xf0\x01\x01"};
    const size_t lens[] = {2, 2, 2, 2, 3}, total = 6 * 699050; /* divisible by 2 and 3 */

    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        uint8_t *data = repeat(units[i], lens[i], total);

        assert_int_equal(unpack_bytes(data, total, WIRE_LENIENT), ERR_MESSAGE_MALFORMED);
        free(data);
    }
}

static void test_wire__stays_within_its_budget(void **state)
{
    const size_t total = 2 * 20000;
    uint8_t *data = repeat("\x1a\x00", 2, total);
    ProtobufCMessage *message = NULL;
    struct err err = {0};
    size_t before = used_memory();

    (void)state;
    assert_int_equal(wire_unpack(&message, EVERYTHING, data, total, WIRE_LENIENT, &err), 0);
    assert_in_range(used_memory() - before, 0, 8 * total + (2 << 20) + (64 << 10));
    wire_free(&message);
    free(data);
}

/* Long lists of small parts are what real documents are made of. */
static void test_wire__takes_twenty_thousand_totals(void **state)
{
    Weft__V1__Release release = WEFT__V1__RELEASE__INIT;
    size_t num = 20000, len = 0;
    Weft__V1__SlotTotal *totals = calloc(num, sizeof(*totals)), **list = calloc(num, sizeof(*list));
    ProtobufCMessage *back = NULL;
    struct err err = {0};
    uint8_t *bytes = NULL;

    (void)state;
    assert_true(totals != NULL && list != NULL);
    for (size_t i = 0; i < num; i++) {
        weft__v1__slot_total__init(&totals[i]);
        list[i] = &totals[i];
    }
    release.n_slots = num;
    release.slots = list;
    assert_int_equal(wire_pack(&bytes, &len, &release.base, &err), 0);
    assert_int_equal(wire_unpack(&back, release.base.descriptor, bytes, len, WIRE_SIGNED, &err), 0);
    wire_free(&back);
    free(bytes);
    free(totals);
    free(list);
}

static void test_wire__bounds_nesting(void **state)
{
    uint8_t data[200];
    ProtobufCMessage *message = NULL;
    struct err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(data) / 2; i++) { /* trees within trees */
        data[2 * i] = 0x0a;
        data[2 * i + 1] = (uint8_t)(sizeof(data) - 2 * i - 2);
    }
    /* lengths above 127 would need two bytes: start where one is enough */
    assert_int_equal(
        wire_unpack(&message, &weft__rpctest__tree__descriptor, data + 100, 100, WIRE_LENIENT, &err),
        ERR_MESSAGE_MALFORMED);
    assert_int_equal(
        wire_unpack(&message, &weft__rpctest__tree__descriptor, data + 170, 30, WIRE_LENIENT, &err), 0);
    wire_free(&message);
}

/* ---- Types -----------------------------------------------------------------------------------------------
 */

static void test_wire__sees_a_type_that_contains_itself(void **state)
{
    (void)state;
    assert_true(wire_type_is_acyclic(EVERYTHING));
    assert_false(wire_type_is_acyclic(&weft__rpctest__tree__descriptor));
    assert_false(wire_type_is_acyclic(&weft__rpctest__hidden__descriptor));
}

static void test_wire__no_message_of_weft_contains_itself(void **state)
{
    static const ProtobufCMessageDescriptor *const types[] = {
#define TYPE(descriptor) &descriptor,
#include "wire_types.inc"
#undef TYPE
    };

    (void)state;
    assert_true(sizeof(types) / sizeof(*types) > 40);
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        assert_true(wire_type_is_acyclic(types[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire__gives_back_what_was_packed),
        cmocka_unit_test(test_wire__reads_and_writes_an_empty_message),
        cmocka_unit_test(test_wire__refuses_what_is_no_message),
        cmocka_unit_test(test_wire__refuses_text_that_is_not_text),
        cmocka_unit_test(test_wire__passes_what_a_newer_peer_adds_but_not_in_signed_documents),
        cmocka_unit_test(test_wire__takes_signed_documents_in_one_spelling_only),
        cmocka_unit_test(test_wire__refuses_to_pack_text_that_the_peer_would_refuse),
        cmocka_unit_test(test_wire__bounds_the_memory_of_hostile_messages),
        cmocka_unit_test(test_wire__stays_within_its_budget),
        cmocka_unit_test(test_wire__takes_twenty_thousand_totals),
        cmocka_unit_test(test_wire__bounds_nesting),
        cmocka_unit_test(test_wire__sees_a_type_that_contains_itself),
        cmocka_unit_test(test_wire__no_message_of_weft_contains_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
