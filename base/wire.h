/* wire.h - protobuf messages from outside, decoded within bounds.
 *
 * protobuf-c alone lets 4 MB of empty sub-messages grow to 268 MB, recurses as deep as the sender likes, and
 * hands out a string with a NUL inside as a shorter one. Here a message is walked before anything is
 * allocated, then decoded into an arena with a budget of 8 x its length + 2 MiB. Always refused, as
 * ERR_MESSAGE_MALFORMED:
 *
 *   - bytes that are not a message of that type, nesting below WIRE_MAX_DEPTH, field number 0, groups;
 *   - strings that hold a NUL or are not UTF-8;
 *   - whatever needs more memory than the budget: send long lists of tiny items as one `bytes`, or in pages.
 *
 * Signed documents (WIRE_SIGNED) must moreover be exactly what wire_pack() would write for what they say: no
 * unknown field at any depth, no enum value outside its type, nothing twice, out of order or spelled out
 * though it is the default. So two parties that hold the same bytes hold the same content, whatever decoder
 * they use.
 *
 * Message types must not contain themselves (wire_type_is_acyclic, asserted by a test over all types). */
#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

#define WIRE_MAX_DEPTH 16

/* The last-but-one argument of wire_unpack, by name. */
#define WIRE_LENIENT false /* RPC messages: a newer peer's fields and enum values pass */
#define WIRE_SIGNED  true  /* signed documents */

/* Decode `len` bytes as a message of `type`. On success the caller owns *out, ends it with wire_free() and
 * never with protobuf-c's own free functions; `data` is not kept. The message is read-only (its parts share
 * one arena).
 *
 *     Weft__V1__Task *task = NULL;
 *     rc = wire_unpack((ProtobufCMessage **)&task, &weft__v1__task__descriptor, data, len, WIRE_SIGNED, err);
 *     ...
 *     wire_free(&task); */
WEFT_MUST_USE int wire_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *type,
                              const uint8_t *data, size_t len, bool refuse_unknown, struct err *err);

/* End the message to which the pointer at `message_pointer` points (any message pointer type), and make that
 * pointer NULL. Harmless when it already is. */
void wire_free(void *message_pointer);

/* Encode `message` into new memory, which the caller ends with free(). An empty message gives *len 0 and an
 * *out that is not NULL. Strings must be UTF-8; a NULL string counts as empty. */
WEFT_MUST_USE int wire_pack(uint8_t **out, size_t *len, const ProtobufCMessage *message, struct err *err);

/* Whether no message reachable from `type` contains itself, and none nests deeper than WIRE_MAX_DEPTH. */
bool wire_type_is_acyclic(const ProtobufCMessageDescriptor *type);

#endif
