/* test_document.c - what a signature covers, and what a document may look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/wire.h"
#include "tests/unit/party.h"

#define DOC(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

static uint8_t key[KEY_SIZE] = {1}, public_key[KEY_SIZE], other_key[KEY_SIZE] = {2}, other_public[KEY_SIZE];

static int make_keys(void **state)
{
    (void)state;
    sign_public(public_key, key);
    sign_public(other_public, other_key);
    return 0;
}

/* A void, the smallest body. */
static Weft__V1__Document *void_of(const char *reason)
{
    Weft__V1__Void body = WEFT__V1__VOID__INIT;
    Weft__V1__Document *document = NULL;
    struct err err = {0};

    body.task_id = BYTES(key, sizeof key);
    body.reason = TEXT(reason);
    assert_int_equal(document_new(&document, DOC(VOID), &body.base, &err), 0);
    return document;
}

static void sign_as(Weft__V1__Document **document, const char *name, const uint8_t *with)
{
    struct err err = {0};

    assert_int_equal(document_sign(document, name, with, &err), 0);
}

static int body_of(const Weft__V1__Document *document, Weft__V1__DocumentType type)
{
    ProtobufCMessage *body = NULL;
    struct err err = {0};
    int rc = document_body(&body, document, type, &err);

    assert_int_equal(rc, err.code);
    wire_free(&body);
    return rc;
}

static void test_id__is_short_plain_text(void **state)
{
    char id[ID_MAX + 2];

    (void)state;
    memset(id, 'a', sizeof id);
    id[ID_MAX + 1] = '\0';
    assert_false(id_is_valid(id));
    id[ID_MAX] = '\0';
    assert_true(id_is_valid(id));
    assert_true(id_is_valid("330302.A-b_9"));
    assert_false(id_is_valid(""));
    assert_false(id_is_valid(NULL));
    assert_false(id_is_valid("a b"));
    assert_false(id_is_valid("a/b"));
    assert_false(id_is_valid("a\n"));
    assert_false(id_is_valid("\xe6\xb8\xa9"));
}

static void test_signature__covers_type_version_and_every_byte(void **state)
{
    Weft__V1__Document *document = void_of("a reason"), changed;

    (void)state;
    sign_as(&document, "signer", key);
    assert_true(document_is_signed(document, "signer", public_key));
    assert_false(document_is_signed(document, "signer", other_public));
    assert_false(document_is_signed(document, "other", public_key));
    changed = *document;
    changed.type = DOC(FREEZE); /* a signature over one kind serves for no other */
    assert_false(document_is_signed(&changed, "signer", public_key));
    changed = *document;
    changed.version++;
    assert_false(document_is_signed(&changed, "signer", public_key));
    changed = *document;
    changed.body.len--;
    assert_false(document_is_signed(&changed, "signer", public_key));
    for (size_t i = 0; i < document->body.len; i++) {
        document->body.data[i] ^= 0x40;
        assert_false(document_is_signed(document, "signer", public_key));
        document->body.data[i] ^= 0x40;
    }
    document->signatures[0]->signature.data[5] ^= 1;
    assert_false(document_is_signed(document, "signer", public_key));
    document->signatures[0]->signature.data[5] ^= 1;
    document->signatures[0]->signature.len--;
    assert_false(document_is_signed(document, "signer", public_key));
    document_free(&document);
}

static void test_signature__two_under_one_name_are_none(void **state)
{
    Weft__V1__Document *document = void_of("a reason");

    (void)state;
    sign_as(&document, "signer", key);
    sign_as(&document, "other", other_key);
    assert_true(document_is_signed(document, "signer", public_key));
    assert_true(document_is_signed(document, "other", other_public));
    sign_as(&document, "signer", other_key);
    assert_false(document_is_signed(document, "signer", public_key));
    assert_false(document_is_signed(document, "signer", other_public));
    assert_true(document_is_signed(document, "other", other_public));
    document_free(&document);
}

static void test_body__must_be_of_the_wanted_type_and_version(void **state)
{
    Weft__V1__Document *document = void_of("a reason"), changed;

    (void)state;
    assert_int_equal(body_of(document, DOC(VOID)), 0);
    assert_int_equal(body_of(document, DOC(FREEZE)), ERR_DOCUMENT_MALFORMED);
    changed = *document;
    changed.version = 2;
    assert_int_equal(body_of(&changed, DOC(VOID)), ERR_DOCUMENT_MALFORMED);
    changed = *document;
    changed.type = DOC(CATALOGUE); /* has no message body */
    assert_int_equal(body_of(&changed, DOC(CATALOGUE)), ERR_DOCUMENT_MALFORMED);
    changed.type = (Weft__V1__DocumentType)99;
    assert_int_equal(body_of(&changed, (Weft__V1__DocumentType)99), ERR_DOCUMENT_MALFORMED);
    document_free(&document);
}

static void test_body__refuses_unknown_fields_and_other_encodings(void **state)
{
    static const uint8_t odd[][8] = {
        {0x12, 1, 'a', 0x50, 1},      /* a reason, then field 10 */
        {0x12, 1, 'a', 0x12, 1, 'b'}, /* twice */
        {0x12, 0x81, 0x00, 'a'},      /* a length in two bytes */
        {0x12, 1, 'b', 0x0a, 1, 'a'}, /* out of order */
        {0x12, 2, 'a'},               /* cut short */
        {0x12, 1, 0},                 /* a NUL */
        {0x0a, 0},                    /* the default, spelled out */
    };
    static const size_t lens[] = {5, 6, 4, 6, 3, 3, 2};
    Weft__V1__Document document = WEFT__V1__DOCUMENT__INIT;

    (void)state;
    document.type = DOC(VOID);
    document.version = 1;
    document.body = BYTES("\x12\x01"
                          "a",
                          3);
    assert_int_equal(body_of(&document, DOC(VOID)), 0);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        document.body = BYTES(odd[i], lens[i]);
        assert_int_equal(body_of(&document, DOC(VOID)), ERR_MESSAGE_MALFORMED);
    }
}

static void test_wrapping__is_plain_and_bounded(void **state)
{
    ProtobufCMessageUnknownField unknown = {
        .tag = 9, .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, .len = 1, .data = (uint8_t[]){0}};
    Weft__V1__Document *document = void_of("a reason");
    struct err err = {0};

    (void)state;
    for (int i = 0; i < DOCUMENT_SIGNATURES_MAX; i++) {
        assert_int_equal(document_check_wrapping(document, &err), 0);
        sign_as(&document, "signer", key);
    }
    assert_int_equal(document_check_wrapping(document, &err), 0);
    sign_as(&document, "signer", key);
    assert_int_equal(document_check_wrapping(document, &err), ERR_DOCUMENT_MALFORMED);
    assert_int_equal(body_of(document, DOC(VOID)), ERR_DOCUMENT_MALFORMED);
    document->n_signatures = 1;
    assert_int_equal(document_check_wrapping(document, &err), 0);
    document->signatures[0]->signature.len--;
    assert_int_equal(document_check_wrapping(document, &err), ERR_DOCUMENT_MALFORMED);
    document->signatures[0]->signature.len++;
    document->signatures[0]->signer[0] = ' ';
    assert_int_equal(document_check_wrapping(document, &err), ERR_DOCUMENT_MALFORMED);
    document->signatures[0]->signer[0] = 's';
    document->signatures[0]->base.n_unknown_fields = 1;
    document->signatures[0]->base.unknown_fields = &unknown;
    assert_int_equal(document_check_wrapping(document, &err), ERR_DOCUMENT_MALFORMED);
    document->signatures[0]->base.n_unknown_fields = 0;
    document->base.n_unknown_fields = 1;
    document->base.unknown_fields = &unknown;
    assert_int_equal(document_check_wrapping(document, &err), ERR_DOCUMENT_MALFORMED);
    document->base.n_unknown_fields = 0;
    document_free(&document);
}

static void test_copy__keeps_body_and_signatures(void **state)
{
    Weft__V1__Document *document = void_of("a reason"), *copy = NULL, *other = void_of("another");
    uint8_t a[DIGEST_SIZE], b[DIGEST_SIZE];
    struct err err = {0};

    (void)state;
    sign_as(&document, "signer", key);
    assert_int_equal(document_copy(&copy, document, &err), 0);
    document_digest(a, document);
    document_digest(b, copy);
    assert_memory_equal(a, b, sizeof a);
    assert_true(document_same_body(document, copy));
    assert_true(document_is_signed(copy, "signer", public_key));
    assert_false(document_same_body(document, other));
    copy->version = 2;
    assert_false(document_same_body(document, copy));
    document_free(&document);
    document_free(&copy);
    document_free(&other);
    assert_null(other);
    document_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id__is_short_plain_text),
        cmocka_unit_test(test_signature__covers_type_version_and_every_byte),
        cmocka_unit_test(test_signature__two_under_one_name_are_none),
        cmocka_unit_test(test_body__must_be_of_the_wanted_type_and_version),
        cmocka_unit_test(test_body__refuses_unknown_fields_and_other_encodings),
        cmocka_unit_test(test_wrapping__is_plain_and_bounded),
        cmocka_unit_test(test_copy__keeps_body_and_signatures),
    };
    return cmocka_run_group_tests(tests, make_keys, NULL);
}
