/* secret.h - the one home for randomness, comparison and wiping of secrets. */
#ifndef CRYPTO_SECRET_H
#define CRYPTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fill `out` from the operating system's generator; aborts the process if there is none. */
void secret_random(void *out, size_t out_len);

/* Compare in constant time (the lengths are public). */
bool secret_equal(const void *a, const void *b, size_t len);

/* Overwrite; the compiler will not remove it. Harmless on NULL with length 0. */
void secret_wipe(void *data, size_t len);

/* Wipe, then free. Harmless on NULL. */
void secret_free(void *data, size_t len);

#endif
