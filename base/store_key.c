/* store_key.c - put keys of a store together. */
#include "base/store_key.h"

#include <stdlib.h>
#include <string.h>

void store_key_bytes(struct store_key *key, const void *data, size_t len)
{
    if (len > sizeof key->data - key->len) {
        abort();
    }
    memcpy(key->data + key->len, data, len);
    key->len += len;
}

void store_key_text(struct store_key *key, const char *text)
{
    store_key_bytes(key, text, strlen(text) + 1);
}

void store_key_number(struct store_key *key, uint64_t value, size_t num_bytes)
{
    uint8_t be[8];

    store_number_write(be, value, num_bytes);
    store_key_bytes(key, be, num_bytes);
}

void store_number_write(uint8_t *out, uint64_t value, size_t num_bytes)
{
    for (size_t i = 0; i < num_bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * (num_bytes - 1 - i)));
    }
}

uint64_t store_number_read(const uint8_t *data, size_t num_bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < num_bytes; i++) {
        value = value << 8 | data[i];
    }
    return value;
}
