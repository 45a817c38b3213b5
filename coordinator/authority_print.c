/* authority_print.c - any wire message as indented text, from its descriptor.
 *
 * Texts come from outside: control characters are shown as '?', so that no document can move the cursor. */
#include <inttypes.h>
#include <string.h>

#include "base/calendar.h"
#include "base/hex.h"
#include "coordinator/authority.h"

#define MAX_BYTES_SHOWN 32

void authority_print_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

static void print_bytes(FILE *out, const ProtobufCBinaryData *bytes)
{
    char hex[HEX_SIZE(MAX_BYTES_SHOWN)];
    size_t shown = bytes->len < MAX_BYTES_SHOWN ? bytes->len : MAX_BYTES_SHOWN;

    fputs(hex_encode(hex, bytes->data, shown), out);
    if (shown < bytes->len)
        fprintf(out, "... (%zu bytes)", bytes->len);
}

static bool is_time(const char *name)
{
    size_t len = strlen(name);

    return len > 3 && strcmp(name + len - 3, "_ms") == 0;
}

static void print_int64(FILE *out, const char *name, int64_t value)
{
    char text[CALENDAR_TEXT_SIZE];
    struct calendar_zone zone;

    if (is_time(name) && calendar_zone(&zone, NULL, NULL) == 0)
        fputs(calendar_format(value, &zone, text), out);
    else
        fprintf(out, "%" PRId64, value);
}

static void print_enum(FILE *out, const ProtobufCEnumDescriptor *type, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);

    if (known != NULL)
        fputs(known->name, out);
    else
        fprintf(out, "%d", value);
}

static void print_message(FILE *out, const ProtobufCMessage *message, int indent);

/* One value, after "name:"; `value` points at the member (or list item). */
static void print_value(FILE *out, const ProtobufCFieldDescriptor *field, const void *value, int indent)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
        print_int64(out, field->name, *(const int64_t *)value);
        break;
    case PROTOBUF_C_TYPE_UINT64:
        fprintf(out, "%" PRIu64, *(const uint64_t *)value);
        break;
    case PROTOBUF_C_TYPE_UINT32:
        fprintf(out, "%" PRIu32, *(const uint32_t *)value);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        fputs(*(const protobuf_c_boolean *)value ? "true" : "false", out);
        break;
    case PROTOBUF_C_TYPE_ENUM:
        print_enum(out, field->descriptor, *(const int *)value);
        break;
    case PROTOBUF_C_TYPE_STRING:
        authority_print_text(out, *(char *const *)value);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        print_bytes(out, value);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        fputc('\n', out);
        print_message(out, *(ProtobufCMessage *const *)value, indent + 2);
        return;
    default: /* weft.proto uses no other type */
        fputc('?', out);
        break;
    }
    fputc('\n', out);
}

static size_t item_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    case PROTOBUF_C_TYPE_UINT32:
        return 4;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default: /* texts and messages */
        return sizeof(void *);
    }
}

static void print_message(FILE *out, const ProtobufCMessage *message, int indent)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const uint8_t *member = (const uint8_t *)message + field->offset;
        size_t num = 1;

        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            memcpy(&num, (const uint8_t *)message + field->quantifier_offset, sizeof num);
            member = *(const uint8_t *const *)(const void *)member;
        } else if (field->type == PROTOBUF_C_TYPE_MESSAGE &&
                   *(ProtobufCMessage *const *)(const void *)member == NULL) {
            continue;
        }
        for (size_t j = 0; j < num; j++) {
            fprintf(out, "%*s%s: ", indent, "", field->name);
            print_value(out, field, member + j * item_size(field->type), indent);
        }
    }
}

void authority_print_message(FILE *out, const ProtobufCMessage *message)
{
    print_message(out, message, 2);
}
