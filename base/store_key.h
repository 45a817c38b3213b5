/* store_key.h - keys of a store, put together from parts: bytes, texts, numbers that sort.
 *
 * Parts are bounded by their callers; a key that would not fit is a bug and aborts. Texts end with a NUL, so that
 * none is another's prefix; numbers are big-endian, so that they sort by value. */
#ifndef BASE_STORE_KEY_H
#define BASE_STORE_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/store.h"

struct store_key {
    uint8_t data[STORE_KEY_MAX];
    size_t len;
};

void store_key_bytes(struct store_key *key, const void *data, size_t len);
void store_key_text(struct store_key *key, const char *text);
void store_key_number(struct store_key *key, uint64_t value, size_t num_bytes);

/* Numbers as big-endian bytes, in keys and values; at most 8 bytes. */
void store_number_write(uint8_t *out, uint64_t value, size_t num_bytes);
uint64_t store_number_read(const uint8_t *data, size_t num_bytes);

#endif
