/* secret.c - randomness from the kernel, constant-time comparison by libcrypto, wiping that is not optimised
 * away. */
#include "crypto/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>

void secret_random(void *out, size_t out_len)
{
    uint8_t *next = out;

    while (out_len > 0) {
        ssize_t got = getrandom(next, out_len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            abort(); /* no randomness: nothing that we do would be secret */
        }
        next += got;
        out_len -= (size_t)got;
    }
}

bool secret_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void secret_wipe(void *data, size_t len)
{
    if (len > 0) {
        explicit_bzero(data, len);
    }
}

void secret_free(void *data, size_t len)
{
    if (data != NULL) {
        secret_wipe(data, len);
        free(data);
    }
}
