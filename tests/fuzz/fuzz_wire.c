/* fuzz_wire.c - any bytes as a message: what decodes must survive encoding, and a signed document must be its
 * own encoding. The first byte picks the type. */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "proto/health.pb-c.h"
#include "proto/store.pb-c.h"
#include "proto/weft.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
    &weft__v1__document__descriptor,
    &weft__v1__roster__descriptor,
    &weft__v1__task__descriptor,
    &weft__v1__freeze__descriptor,
    &weft__v1__order__descriptor,
    &weft__v1__release__descriptor,
    &weft__v1__key_sheet__descriptor,
    &weft__v1__submit_request__descriptor,
    &weft__v1__verify_request__descriptor,
    &weft__v1__pattern__descriptor,
    &weft__v1__report_header__descriptor,
    &weft__v1__get_documents_reply__descriptor,
    &weft__store__v1__stored_report__descriptor,
};

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t size, bool is_signed)
{
    ProtobufCMessage *message = NULL, *again = NULL;
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct err err = {0};

    if (wire_unpack(&message, type, data, size, is_signed, &err) != 0) {
        must(message == NULL && err.code != 0);
        return;
    }
    must(wire_pack(&bytes, &len, message, &err) == 0);
    must(!is_signed || (len == size && memcmp(bytes, data, len) == 0));
    must(wire_unpack(&again, type, bytes, len, WIRE_LENIENT, &err) == 0);
    wire_free(&again);
    wire_free(&message);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ProtobufCMessageDescriptor *type;

    if (size == 0)
        return 0;
    type = types[data[0] % (sizeof(types) / sizeof(*types))];
    check(type, data + 1, size - 1, WIRE_LENIENT);
    check(type, data + 1, size - 1, WIRE_SIGNED);
    return 0;
}
