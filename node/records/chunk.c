/* chunk.c - choosing the width, writing and reading the stored form. */
#include "node/records/chunk.h"

#include <stdbool.h>
#include <string.h>
#include <xxhash.h>

#define MAGIC       "WCHK"
#define VERSION     1
#define FLAG_SORTED 1

enum { KIND_NUMBERS, KIND_STRINGS };

/* ---- in memory ---- */

void chunk_values(int64_t *values, const struct chunk *chunk, uint32_t begin, uint32_t end)
{
#define EXPAND(bits)                                                                                             \
    for (uint32_t row = begin; row < end; row++) {                                                               \
        uint##bits##_t code = ((const uint##bits##_t *)chunk->codes)[row];                                       \
        values[row - begin] =                                                                                    \
            code == (uint##bits##_t)-1 ? VALUE_NULL : (int64_t)((uint64_t)chunk->base + code);                   \
    }
    switch (chunk->width) {
    case 1:
        EXPAND(8)
        break;
    case 2:
        EXPAND(16)
        break;
    case 4:
        EXPAND(32)
        break;
    case 8:
        EXPAND(64)
        break;
    default:
        for (uint32_t row = begin; row < end; row++) {
            values[row - begin] = chunk->num_nulls > 0 ? VALUE_NULL : chunk->base;
        }
    }
#undef EXPAND
}

uint32_t chunk_lower_bound(const struct chunk *chunk, uint64_t code)
{
    uint32_t low = 0, high = chunk->num_rows;

    if (chunk->width == 0) { /* all codes are 0, or all are absent */
        return code == 0 && chunk->num_nulls == 0 ? 0 : high;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chunk_code(chunk, middle) < code) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t chunk_room(uint32_t num_rows)
{
    return (size_t)num_rows * sizeof(uint64_t) + CHUNK_PADDING;
}

/* The codes take this much, with what follows them. */
static size_t codes_size(unsigned width, uint32_t num_rows)
{
    return ((size_t)num_rows * width + CHUNK_PADDING + 7) / 8 * 8;
}

/* As few bytes as tell the codes from the absent one. */
static unsigned width_for(uint64_t max_code, bool has_nulls)
{
    if (max_code == 0 && !has_nulls) {
        return 0;
    }
    return max_code < UINT8_MAX ? 1 : max_code < UINT16_MAX ? 2 : max_code < UINT32_MAX ? 4 : 8;
}

static void put_codes(struct chunk *chunk, void *room, const int64_t *values)
{
    size_t used = (size_t)chunk->num_rows * chunk->width;

#define NARROW(bits)                                                                                             \
    for (uint32_t row = 0; row < chunk->num_rows; row++) {                                                       \
        ((uint##bits##_t *)room)[row] =                                                                          \
            values[row] == VALUE_NULL ? (uint##bits##_t)-1                                                       \
                                      : (uint##bits##_t)((uint64_t)values[row] - (uint64_t)chunk->base);         \
    }
    switch (chunk->width) {
    case 1:
        NARROW(8)
        break;
    case 2:
        NARROW(16)
        break;
    case 4:
        NARROW(32)
        break;
    case 8:
        NARROW(64)
        break;
    default:
        break;
    }
#undef NARROW
    memset((uint8_t *)room + used, 0, CHUNK_PADDING);
    chunk->codes = room;
}

/* Absent values come last. */
static bool is_rising(const int64_t *values, uint32_t num_rows)
{
    for (uint32_t row = 1; row < num_rows; row++) {
        if (values[row - 1] == VALUE_NULL ? values[row] != VALUE_NULL
                                          : values[row] != VALUE_NULL && values[row] < values[row - 1]) {
            return false;
        }
    }
    return true;
}

void chunk_make(struct chunk *chunk, void *room, const int64_t *values, uint32_t num_rows)
{
    int64_t min = INT64_MAX, max = INT64_MIN;
    uint32_t num_nulls = 0;

    for (uint32_t row = 0; row < num_rows; row++) {
        bool is_null = values[row] == VALUE_NULL;
        num_nulls += is_null;
        min = !is_null && values[row] < min ? values[row] : min;
        max = values[row] > max ? values[row] : max; /* VALUE_NULL is the smallest of all */
    }
    *chunk = (struct chunk){.num_rows = num_rows, .num_nulls = num_nulls, .is_sorted = is_rising(values, num_rows)};
    if (num_nulls < num_rows) {
        chunk->base = min;
        chunk->max_code = (uint64_t)max - (uint64_t)min;
        chunk->width = width_for(chunk->max_code, num_nulls > 0);
    }
    put_codes(chunk, room, values);
}

void chunk_make_strings(struct chunk *chunk, void *room, const int64_t *codes, uint32_t num_rows,
                        const uint32_t *strings, uint32_t num_strings)
{
    chunk_make(chunk, room, codes, num_rows);
    if (chunk->base != 0) { /* codes are positions in the list, so they count from 0 */
        chunk->max_code += (uint64_t)chunk->base;
        chunk->base = 0;
        chunk->width = width_for(chunk->max_code, true);
        put_codes(chunk, room, codes);
    }
    chunk->strings = strings;
    chunk->num_strings = num_strings;
}

/* ---- stored ---- */

static void put(uint8_t *out, uint64_t value, unsigned num_bytes)
{
    for (unsigned i = 0; i < num_bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get(const uint8_t *in, unsigned num_bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < num_bytes; i++) {
        value |= (uint64_t)in[i] << (8 * i);
    }
    return value;
}

static uint64_t sum_of(const uint8_t *data, size_t data_len)
{
    return XXH3_64bits_withSeed(data + CHUNK_HEADER_SIZE, data_len - CHUNK_HEADER_SIZE, XXH3_64bits(data, 40));
}

size_t chunk_stored_size(const struct chunk *chunk)
{
    return CHUNK_HEADER_SIZE + codes_size(chunk->width, chunk->num_rows) +
           (size_t)chunk->num_strings * sizeof(uint32_t);
}

/* The codes and strings lie in memory as they are stored on every machine that weft is built for. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "codes are stored little-endian");

void chunk_write(uint8_t *data, const struct chunk *chunk)
{
    size_t used = (size_t)chunk->num_rows * chunk->width, size = codes_size(chunk->width, chunk->num_rows);

    memcpy(data, MAGIC, 4);
    data[4] = VERSION;
    data[5] = chunk->strings != NULL ? KIND_STRINGS : KIND_NUMBERS;
    data[6] = (uint8_t)chunk->width;
    data[7] = chunk->is_sorted ? FLAG_SORTED : 0;
    put(data + 8, chunk->num_rows, 4);
    put(data + 12, chunk->num_nulls, 4);
    put(data + 16, (uint64_t)chunk->base, 8);
    put(data + 24, chunk->max_code, 8);
    put(data + 32, chunk->num_strings, 4);
    put(data + 36, 0, 4);
    memcpy(data + CHUNK_HEADER_SIZE, chunk->codes, used);
    memset(data + CHUNK_HEADER_SIZE + used, 0, size - used);
    if (chunk->num_strings > 0) {
        memcpy(data + CHUNK_HEADER_SIZE + size, chunk->strings, (size_t)chunk->num_strings * sizeof(uint32_t));
    }
    put(data + 40, sum_of(data, chunk_stored_size(chunk)), 8);
}

static int damaged(struct err *err, const char *what)
{
    return err_set(err, ERR_STORE_CORRUPT, "column chunk: %s", what);
}

/* Do the parts of the header agree with each other? */
static const char *contradiction(const struct chunk *chunk, uint8_t kind)
{
    if (chunk->num_rows > CHUNK_MAX_ROWS || chunk->num_nulls > chunk->num_rows ||
        chunk->num_strings > chunk->num_rows) {
        return "counts";
    }
    if (chunk->width == 0 ? chunk->max_code != 0 || (chunk->num_nulls != 0 && chunk->num_nulls != chunk->num_rows)
                          : chunk->max_code >= chunk_null(chunk->width)) {
        return "codes";
    }
    if (chunk->base < -VALUE_LIMIT || chunk->base > VALUE_LIMIT || chunk->max_code > 2 * (uint64_t)VALUE_LIMIT) {
        return "values";
    }
    if (kind == KIND_NUMBERS ? chunk->num_strings != 0
                             : chunk->base != 0 || (chunk->num_nulls < chunk->num_rows &&
                                                    chunk->max_code >= chunk->num_strings)) {
        return "strings";
    }
    return NULL;
}

int chunk_read(struct chunk *chunk, const uint8_t *data, size_t data_len, bool verify, struct err *err)
{
    struct chunk read;
    const char *what;

    if (data_len < CHUNK_HEADER_SIZE || memcmp(data, MAGIC, 4) != 0) {
        return damaged(err, "no header");
    }
    if (data[4] != VERSION || data[5] > KIND_STRINGS || (data[7] & ~FLAG_SORTED) != 0 || get(data + 36, 4) != 0) {
        return err_set(err, ERR_STORE_FORMAT, "column chunk of version %d, kind %d, flags %d", data[4], data[5],
                       data[7]);
    }
    read = (struct chunk){.num_rows = (uint32_t)get(data + 8, 4),
                          .num_nulls = (uint32_t)get(data + 12, 4),
                          .width = data[6],
                          .is_sorted = data[7] == FLAG_SORTED,
                          .base = (int64_t)get(data + 16, 8),
                          .max_code = get(data + 24, 8),
                          .codes = data + CHUNK_HEADER_SIZE,
                          .num_strings = (uint32_t)get(data + 32, 4)};
    if (read.width > 8 || (read.width & (read.width - 1)) != 0) {
        return damaged(err, "width");
    }
    if ((what = contradiction(&read, data[5])) != NULL) {
        return damaged(err, what);
    }
    if (data_len != chunk_stored_size(&read)) {
        return damaged(err, "length");
    }
    if (verify && sum_of(data, data_len) != get(data + 40, 8)) {
        return damaged(err, "checksum");
    }
    if (data[5] == KIND_STRINGS) {
        read.strings = (const uint32_t *)(const void *)(data + CHUNK_HEADER_SIZE +
                                                        codes_size(read.width, read.num_rows));
    }
    *chunk = read;
    return 0;
}
