/* wire.c - protobuf messages from outside, decoded within bounds.
 *
 * Decoding walks the bytes first, led by the type's descriptor, and so sees what protobuf-c hides (a NUL
 * inside a string) or does not ask (UTF-8, unknown fields, enum values). protobuf-c then decodes into an
 * arena: memory is only ever added, up to the budget, and freed as a whole. The arena's head lies right
 * before the root message. */
#include "base/wire.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN   8u
#define ARENA_BLOCK   ((size_t)16 << 10)
#define BUDGET_FACTOR 8u
#define BUDGET_FLOOR  ((size_t)2 << 20)

/* ---- Arena -----------------------------------------------------------------------------------------------
 */

struct arena_block {
    struct arena_block *next;
    size_t used, size; /* of `data` */
    uint64_t data[];   /* for its alignment */
};

struct arena {
    ProtobufCAllocator allocator;
    struct arena_block *blocks; /* the one being filled first; the last holds the arena itself */
    size_t left;                /* of the budget */
    bool out_of_memory;         /* malloc said no, rather than the budget */
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = malloc(sizeof(*block) + size);

    if (block != NULL)
        *block = (struct arena_block){.size = size};
    return block;
}

static void *arena_alloc(void *allocator_data, size_t size)
{
    struct arena *arena = allocator_data;
    struct arena_block *block = arena->blocks;

    if (size > arena->left)
        return NULL;
    size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (size > block->size - block->used) {
        if ((block = block_new(size > ARENA_BLOCK ? size : ARENA_BLOCK)) == NULL) {
            arena->out_of_memory = true;
            return NULL;
        }
        block->next = arena->blocks;
        arena->blocks = block;
    }
    arena->left -= size < arena->left ? size : arena->left;
    block->used += size;
    return (uint8_t *)block->data + block->used - size;
}

static void arena_no_free(void *allocator_data, void *pointer)
{
    (void)allocator_data;
    (void)pointer;
}

/* With room for the root message right behind the arena: it is the first thing that protobuf-c asks for. */
static struct arena *arena_new(size_t len, size_t root_size)
{
    size_t size = root_size + ARENA_ALIGN + (2 * len < ARENA_BLOCK ? 2 * len + 512 : ARENA_BLOCK);
    struct arena_block *block = block_new(sizeof(struct arena) + size);
    struct arena *arena;

    if (block == NULL)
        return NULL;
    arena = (struct arena *)(void *)block->data;
    block->used = sizeof(*arena);
    *arena = (struct arena){
        .allocator = {.alloc = arena_alloc, .free = arena_no_free, .allocator_data = arena},
        .blocks = block,
        .left =
            len > (SIZE_MAX - BUDGET_FLOOR) / BUDGET_FACTOR ? SIZE_MAX : BUDGET_FACTOR * len + BUDGET_FLOOR,
    };
    return arena;
}

static void arena_free(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block != NULL) {
        struct arena_block *next = block->next;

        free(block);
        block = next;
    }
}

/* ---- Walk ------------------------------------------------------------------------------------------------
 */

struct walk {
    const uint8_t *at, *end;
};

static bool read_varint(struct walk *walk, uint64_t *out)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 70 && walk->at < walk->end; shift += 7) {
        uint8_t byte = *walk->at++;

        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static bool take(struct walk *walk, uint64_t len, struct walk *part)
{
    if (len > (uint64_t)(walk->end - walk->at))
        return false;
    *part = (struct walk){walk->at, walk->at + len};
    walk->at += len;
    return true;
}

/* The length of the UTF-8 sequence at `at`, 0 when it is none (RFC 3629: no surrogates, nothing overlong). */
static size_t utf8_sequence(const uint8_t *at, const uint8_t *end)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80   ? 1
                 : at[0] < 0xc2 ? 0
                 : at[0] < 0xe0 ? 2
                 : at[0] < 0xf0 ? 3
                 : at[0] < 0xf5 ? 4
                                : 0;
    uint32_t value = at[0] & (0xffu >> (len + 1));

    if (len <= 1)
        return len;
    if (len > (size_t)(end - at))
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    return value < least[len] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) ? 0 : len;
}

static bool is_text(struct walk part)
{
    while (part.at < part.end) {
        size_t len = utf8_sequence(part.at, part.end);

        if (len == 0 || *part.at == 0)
            return false;
        part.at += len;
    }
    return true;
}

static bool enum_has(const ProtobufCEnumDescriptor *type, uint64_t value)
{
    return protobuf_c_enum_descriptor_get_value(type, (int)(int32_t)(uint32_t)value) != NULL;
}

static int bad_field(struct err *err, const ProtobufCMessageDescriptor *type, const char *field,
                     const char *what)
{
    return err_set(err, ERR_MESSAGE_MALFORMED, "%s.%s: %s", type->name, field, what);
}

static int walk_message(struct walk walk, const ProtobufCMessageDescriptor *type, bool refuse_unknown,
                        unsigned depth, struct err *err);

static int walk_packed_enum(struct walk part, const ProtobufCMessageDescriptor *type,
                            const ProtobufCFieldDescriptor *field, struct err *err)
{
    uint64_t value;

    while (part.at < part.end) {
        if (!read_varint(&part, &value))
            return bad_field(err, type, field->name, "cut short");
        if (!enum_has(field->descriptor, value))
            return bad_field(err, type, field->name, "not a value of its enum");
    }
    return 0;
}

static int walk_length_delimited(struct walk part, const ProtobufCMessageDescriptor *type,
                                 const ProtobufCFieldDescriptor *field, bool refuse_unknown, unsigned depth,
                                 struct err *err)
{
    if (field == NULL)
        return 0;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (depth == WIRE_MAX_DEPTH)
            return bad_field(err, type, field->name, "nested too deep");
        return walk_message(part, field->descriptor, refuse_unknown, depth + 1, err);
    }
    if (field->type == PROTOBUF_C_TYPE_STRING && !is_text(part))
        return bad_field(err, type, field->name, "not UTF-8 text without NUL");
    if (field->type == PROTOBUF_C_TYPE_ENUM && refuse_unknown)
        return walk_packed_enum(part, type, field, err);
    return 0;
}

/* One field, behind its tag. */
static int walk_field(struct walk *walk, const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *field, unsigned wire_type, bool refuse_unknown,
                      unsigned depth, struct err *err)
{
    const char *name = field == NULL ? "(unknown field)" : field->name;
    struct walk part;
    uint64_t value;

    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        if (!read_varint(walk, &value))
            return bad_field(err, type, name, "cut short");
        if (refuse_unknown && field != NULL && field->type == PROTOBUF_C_TYPE_ENUM &&
            !enum_has(field->descriptor, value))
            return bad_field(err, type, name, "not a value of its enum");
        return 0;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        if (!take(walk, wire_type == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : 4, &part))
            return bad_field(err, type, name, "cut short");
        return 0;
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        if (!read_varint(walk, &value) || !take(walk, value, &part))
            return bad_field(err, type, name, "cut short");
        return walk_length_delimited(part, type, field, refuse_unknown, depth, err);
    default:
        return bad_field(err, type, name, "not a wire type in use");
    }
}

static int walk_message(struct walk walk, const ProtobufCMessageDescriptor *type, bool refuse_unknown,
                        unsigned depth, struct err *err)
{
    int rc = 0;

    while (rc == 0 && walk.at < walk.end) {
        const ProtobufCFieldDescriptor *field;
        uint64_t tag;

        if (!read_varint(&walk, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
            return err_set(err, ERR_MESSAGE_MALFORMED, "%s: not a field tag", type->name);
        field = protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (field == NULL && refuse_unknown)
            return err_set(err, ERR_MESSAGE_MALFORMED, "%s: unknown field %u", type->name,
                           (unsigned)(tag >> 3));
        rc = walk_field(&walk, type, field, (unsigned)(tag & 7), refuse_unknown, depth, err);
    }
    return rc;
}

/* ---- Decode and encode -----------------------------------------------------------------------------------
 */

static int refuse_unless_canonical(const ProtobufCMessage *message, const uint8_t *data, size_t len,
                                   struct err *err)
{
    const char *name = message->descriptor->name;
    uint8_t *again;
    bool same;

    if (protobuf_c_message_get_packed_size(message) != len)
        return err_set(err, ERR_MESSAGE_MALFORMED, "%s: not in canonical form", name);
    if ((again = malloc(len + 1)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "%s", name);
    same = protobuf_c_message_pack(message, again) == len && (len == 0 || memcmp(again, data, len) == 0);
    free(again);
    return same ? 0 : err_set(err, ERR_MESSAGE_MALFORMED, "%s: not in canonical form", name);
}

int wire_unpack(ProtobufCMessage **out, const ProtobufCMessageDescriptor *type, const uint8_t *data,
                size_t len, bool refuse_unknown, struct err *err)
{
    struct walk walk = {data, len == 0 ? data : data + len};
    struct arena *arena;
    ProtobufCMessage *message;
    int rc = walk_message(walk, type, refuse_unknown, 1, err);

    if (rc != 0)
        return rc;
    if ((arena = arena_new(len, type->sizeof_message)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "%s", type->name);
    message = protobuf_c_message_unpack(type, &arena->allocator, len, len == 0 ? (const uint8_t *)"" : data);
    if (message == NULL)
        rc = arena->out_of_memory ? err_set(err, ERR_NO_MEMORY, "%s", type->name)
                                  : err_set(err, ERR_MESSAGE_MALFORMED, "%s: %zu bytes", type->name, len);
    else if (refuse_unknown)
        rc = refuse_unless_canonical(message, data, len, err);
    if (rc != 0)
        arena_free(arena);
    else
        *out = message;
    assert(rc != 0 || (void *)message == (void *)(arena + 1));
    return rc;
}

void wire_free(void *message_pointer)
{
    ProtobufCMessage *message;

    memcpy(&message, message_pointer, sizeof(message));
    if (message == NULL)
        return;
    arena_free((struct arena *)(void *)message - 1);
    message = NULL;
    memcpy(message_pointer, &message, sizeof(message));
}

int wire_pack(uint8_t **out, size_t *len, const ProtobufCMessage *message, struct err *err)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);
    int rc;

    if (bytes == NULL)
        return err_set(err, ERR_NO_MEMORY, "%s: %zu bytes", message->descriptor->name, size);
    size = protobuf_c_message_pack(message, bytes);
    if ((rc = walk_message((struct walk){bytes, bytes + size}, message->descriptor, false, 1, err)) != 0) {
        free(bytes);
        return rc;
    }
    *out = bytes;
    *len = size;
    return 0;
}

/* ---- Types -----------------------------------------------------------------------------------------------
 */

/* A type that contains itself has paths of any length, so the bound on depth answers both questions. A type
 * in use at many places is walked again at each: fine for a test. */
static bool type_fits(const ProtobufCMessageDescriptor *type, unsigned depth)
{
    if (depth > WIRE_MAX_DEPTH)
        return false;
    for (unsigned i = 0; i < type->n_fields; i++)
        if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
            !type_fits(type->fields[i].descriptor, depth + 1))
            return false;
    return true;
}

bool wire_type_is_acyclic(const ProtobufCMessageDescriptor *type)
{
    return type_fits(type, 1);
}
