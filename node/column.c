/* column.c - growing arrays, a dictionary of strings with its hash table, and the stored form. */
#include <stdlib.h>
#include <string.h>

#include "node/column.h"

#define COLUMN_VERSION 1
#define HEADER_SIZE    32
#define BYTES_MAX      (UINT32_MAX - 1u)

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "record column");
}

void column_clear(struct column *column)
{
    free(column->values);
    free(column->bytes);
    free(column->offsets);
    free(column->slots);
    *column = (struct column){.type = column->type};
}

/* Make room for `need` elements of `size` bytes. */
static int grow(void *array, size_t *max, size_t need, size_t size, struct err *err)
{
    size_t larger = *max < 64 ? 64 : *max;
    void *old, *new;

    if (need <= *max)
        return ERR_OK;
    while (larger < need) {
        if (larger > SIZE_MAX / size / 2)
            return no_memory(err);
        larger *= 2;
    }
    memcpy(&old, array, sizeof(old));
    new = realloc(old, larger * size);
    if (new == NULL)
        return no_memory(err);
    memcpy(array, &new, sizeof(new));
    *max = larger;
    return ERR_OK;
}

int column_append(struct column *column, int64_t value, struct err *err)
{
    int rc = grow(&column->values, &column->max_rows, column->num_rows + 1, sizeof(*column->values), err);

    if (rc != ERR_OK)
        return rc;
    column->values[column->num_rows++] = value;
    return ERR_OK;
}

int column_fill(struct column *column, size_t rows, struct err *err)
{
    int rc = grow(&column->values, &column->max_rows, rows, sizeof(*column->values), err);

    if (rc != ERR_OK)
        return rc;
    for (size_t i = 0; i < rows; i++)
        column->values[i] = VALUE_NULL;
    column->num_rows = rows;
    return ERR_OK;
}

const char *column_string(const struct column *column, int64_t number, size_t *len)
{
    uint32_t begin = column->offsets[number];

    *len = column->offsets[number + 1] - begin;
    return column->bytes + begin;
}

/* ---- hash table: open addressing, at most half full ---- */

static size_t hash(const char *text, size_t len)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325); /* FNV-1a; the data are the hospital's own */

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
    return (size_t)(sum ^ (sum >> 29));
}

/* The slot that holds the string, or the free one where it belongs. */
static size_t find_slot(const struct column *column, const char *text, size_t text_len)
{
    size_t slot = hash(text, text_len) & (column->num_slots - 1);

    for (; column->slots[slot] != 0; slot = (slot + 1) & (column->num_slots - 1)) {
        size_t len;
        const char *known = column_string(column, column->slots[slot] - 1, &len);

        if (len == text_len && memcmp(known, text, len) == 0)
            break;
    }
    return slot;
}

static int rehash(struct column *column, size_t num_slots, struct err *err)
{
    uint32_t *slots = calloc(num_slots, sizeof(*slots));

    if (slots == NULL)
        return no_memory(err);
    free(column->slots);
    column->slots = slots;
    column->num_slots = num_slots;
    for (size_t i = 0; i < column->num_strings; i++) {
        size_t len;
        const char *text = column_string(column, (int64_t)i, &len);

        slots[find_slot(column, text, len)] = (uint32_t)i + 1;
    }
    return ERR_OK;
}

int column_index(struct column *column, struct err *err)
{
    size_t num_slots = 64;

    if (column->slots != NULL)
        return ERR_OK;
    while (num_slots < 2 * column->num_strings)
        num_slots *= 2;
    return rehash(column, num_slots, err);
}

int64_t column_find(const struct column *column, const char *text, size_t text_len)
{
    size_t slot = find_slot(column, text, text_len);

    return column->slots[slot] == 0 ? VALUE_NULL : (int64_t)column->slots[slot] - 1;
}

static int add_string(struct column *column, const char *text, size_t text_len, struct err *err)
{
    int rc;

    if (text_len > BYTES_MAX - column->bytes_len || column->num_strings >= UINT32_MAX - 2)
        return err_set(err, ERR_NO_MEMORY, "more than 4 GiB of text in one column");
    if ((rc = grow(&column->bytes, &column->bytes_max, column->bytes_len + text_len, 1, err)) != ERR_OK ||
        (rc = grow(&column->offsets, &column->max_strings, column->num_strings + 2, sizeof(*column->offsets),
                   err)) != ERR_OK)
        return rc;
    if (text_len > 0)
        memcpy(column->bytes + column->bytes_len, text, text_len);
    column->offsets[column->num_strings] = (uint32_t)column->bytes_len;
    column->bytes_len += text_len;
    column->offsets[++column->num_strings] = (uint32_t)column->bytes_len;
    return ERR_OK;
}

int column_intern(struct column *column, int64_t *number, const char *text, size_t text_len, struct err *err)
{
    size_t slot;
    int rc;

    if ((rc = column_index(column, err)) != ERR_OK)
        return rc;
    if (2 * (column->num_strings + 1) > column->num_slots &&
        (rc = rehash(column, 2 * column->num_slots, err)) != ERR_OK)
        return rc;
    slot = find_slot(column, text, text_len);
    if (column->slots[slot] == 0) {
        if ((rc = add_string(column, text, text_len, err)) != ERR_OK)
            return rc;
        column->slots[slot] = (uint32_t)column->num_strings;
    }
    *number = (int64_t)column->slots[slot] - 1;
    return ERR_OK;
}

/* ---- stored form ---- */

static void put(uint8_t *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *in, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

/* Number the strings in use, in the order of their first row. *renumbered receives one number a string
 * (VALUE_NULL: unused), *used the strings in their new order; both the caller's. */
static int renumber(const struct column *column, int64_t **renumbered, int64_t **used, size_t *num_used,
                    struct err *err)
{
    size_t num = 0;

    *renumbered = malloc((column->num_strings + 1) * sizeof(**renumbered));
    *used = malloc((column->num_strings + 1) * sizeof(**used));
    if (*renumbered == NULL || *used == NULL)
        return no_memory(err);
    for (size_t i = 0; i < column->num_strings; i++)
        (*renumbered)[i] = VALUE_NULL;
    for (size_t row = 0; column_has_strings(column->type) && row < column->num_rows; row++) {
        int64_t value = column->values[row];

        if (value != VALUE_NULL && (*renumbered)[value] == VALUE_NULL) {
            (*renumbered)[value] = (int64_t)num;
            (*used)[num++] = value;
        }
    }
    *num_used = num;
    return ERR_OK;
}

static size_t bytes_used(const struct column *column, const int64_t *used, size_t num_used)
{
    size_t total = 0, len;

    for (size_t i = 0; i < num_used; i++) {
        (void)column_string(column, used[i], &len);
        total += len;
    }
    return total;
}

static void encode_strings(uint8_t *out, const struct column *column, const int64_t *used, size_t num_used)
{
    uint8_t *bytes = out + 4 * (num_used + 1);
    size_t total = 0;

    for (size_t i = 0; i < num_used; i++) {
        size_t len;
        const char *text = column_string(column, used[i], &len);

        put(out + 4 * i, total, 4);
        if (len > 0)
            memcpy(bytes + total, text, len);
        total += len;
    }
    put(out + 4 * num_used, total, 4);
}

int column_encode(const struct column *column, uint8_t **data, size_t *data_len, struct err *err)
{
    int64_t *renumbered = NULL, *used = NULL;
    size_t num_used = 0, strings_len, len;
    uint8_t *out;
    int rc;

    if ((rc = renumber(column, &renumbered, &used, &num_used, err)) != ERR_OK)
        goto done;
    strings_len = bytes_used(column, used, num_used);
    len = HEADER_SIZE + 8 * column->num_rows + 4 * (num_used + 1) + strings_len;
    out = calloc(1, len);
    if (out == NULL) {
        rc = no_memory(err);
        goto done;
    }
    out[0] = COLUMN_VERSION;
    out[1] = (uint8_t)column->type;
    put(out + 8, column->num_rows, 8);
    put(out + 16, num_used, 8);
    put(out + 24, strings_len, 8);
    for (size_t row = 0; row < column->num_rows; row++) {
        int64_t value = column->values[row];

        if (column_has_strings(column->type) && value != VALUE_NULL)
            value = renumbered[value];
        put(out + HEADER_SIZE + 8 * row, (uint64_t)value, 8);
    }
    encode_strings(out + HEADER_SIZE + 8 * column->num_rows, column, used, num_used);
    *data = out;
    *data_len = len;

done:
    free(renumbered);
    free(used);
    return rc;
}

static int damaged(struct err *err, const char *what)
{
    return err_set(err, ERR_STORE_CORRUPT, "record column: %s", what);
}

static int decode_values(struct column *column, const uint8_t *in, size_t rows, size_t strings,
                         struct err *err)
{
    int rc;

    if ((rc = column_fill(column, rows, err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < rows; row++) {
        int64_t value = (int64_t)get(in + 8 * row, 8);

        if (column_has_strings(column->type) && value != VALUE_NULL &&
            (value < 0 || (uint64_t)value >= strings))
            return damaged(err, "string number out of range");
        column->values[row] = value;
    }
    return ERR_OK;
}

static int decode_strings(struct column *column, const uint8_t *in, size_t strings, size_t bytes,
                          struct err *err)
{
    int rc;

    if ((rc = grow(&column->offsets, &column->max_strings, strings + 1, sizeof(*column->offsets), err)) !=
            ERR_OK ||
        (rc = grow(&column->bytes, &column->bytes_max, bytes + 1, 1, err)) != ERR_OK)
        return rc;
    for (size_t i = 0; i <= strings; i++) {
        column->offsets[i] = (uint32_t)get(in + 4 * i, 4);
        if ((i == 0 && column->offsets[0] != 0) || (i > 0 && column->offsets[i] < column->offsets[i - 1]))
            return damaged(err, "string offsets");
    }
    if (column->offsets[strings] != bytes)
        return damaged(err, "string offsets");
    memcpy(column->bytes, in + 4 * (strings + 1), bytes);
    column->bytes_len = bytes;
    column->num_strings = strings;
    return ERR_OK;
}

int column_decode(struct column *column, const uint8_t *data, size_t data_len, struct err *err)
{
    uint64_t rows, strings, bytes, rest;
    int rc;

    if (data_len < HEADER_SIZE || data[0] != COLUMN_VERSION)
        return damaged(err, "unknown version");
    if (data[1] != (uint8_t)column->type)
        return damaged(err, "other type than the schema's");
    rows = get(data + 8, 8);
    strings = get(data + 16, 8);
    bytes = get(data + 24, 8);
    rest = data_len - HEADER_SIZE;
    if (rows > rest / 8 || strings >= (rest - 8 * rows) / 4 || bytes != rest - 8 * rows - 4 * (strings + 1))
        return damaged(err, "length");
    if ((rc = decode_values(column, data + HEADER_SIZE, rows, strings, err)) != ERR_OK ||
        (rc = decode_strings(column, data + HEADER_SIZE + 8 * rows, strings, bytes, err)) != ERR_OK)
        column_clear(column);
    return rc;
}
