/* hkdf.c - HMAC-SHA256 (RFC 2104) over libcrypto's SHA-256, and HKDF over that. */
#include "crypto/hkdf.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/secret.h"

#define BLOCK_SIZE 64 /* of SHA-256 */

/* What is hashed besides the caller's parts: the padded key, the previous block, the counter. */
#define OWN_PARTS 3

static void hmac_key_block(uint8_t block[BLOCK_SIZE], const void *key, size_t key_len, uint8_t pad)
{
    memset(block, 0, BLOCK_SIZE);
    if (key_len > BLOCK_SIZE) {
        digest(block, key, key_len);
    } else if (key_len > 0) {
        memcpy(block, key, key_len);
    }
    for (size_t i = 0; i < BLOCK_SIZE; i++) {
        block[i] ^= pad;
    }
}

/* parts[0] is left free for the padded key. */
static void hmac(uint8_t out[DIGEST_SIZE], const void *key, size_t key_len, struct bytes *parts,
                 size_t num_parts)
{
    uint8_t block[BLOCK_SIZE], inner[DIGEST_SIZE];

    hmac_key_block(block, key, key_len, 0x36);
    parts[0] = (struct bytes){block, sizeof block};
    digest_of(inner, parts, num_parts);
    hmac_key_block(block, key, key_len, 0x5c);
    digest_of(out, (const struct bytes[]){{block, sizeof block}, {inner, sizeof inner}}, 2);
    secret_wipe(block, sizeof block);
    secret_wipe(inner, sizeof inner);
}

void hkdf_extract(uint8_t key[DIGEST_SIZE], const void *salt, size_t salt_len, const struct bytes *parts,
                  size_t num_parts)
{
    struct bytes all[HKDF_MAX_PARTS + OWN_PARTS];

    if (num_parts > HKDF_MAX_PARTS) {
        abort();
    }
    memcpy(all + 1, parts, num_parts * sizeof *parts);
    hmac(key, salt, salt_len, all, num_parts + 1);
}

void hkdf_expand(uint8_t *out, size_t out_len, const uint8_t key[DIGEST_SIZE], const struct bytes *info,
                 size_t num_info)
{
    struct bytes all[HKDF_MAX_PARTS + OWN_PARTS];
    uint8_t block[DIGEST_SIZE], counter = 0;

    if (out_len > HKDF_MAX_OUT || num_info > HKDF_MAX_PARTS) {
        abort();
    }
    memcpy(all + 2, info, num_info * sizeof *info);
    while (out_len > 0) {
        size_t len = out_len < DIGEST_SIZE ? out_len : DIGEST_SIZE;
        all[1] = (struct bytes){block, counter == 0 ? 0 : DIGEST_SIZE};
        counter++;
        all[2 + num_info] = (struct bytes){&counter, 1};
        hmac(block, key, DIGEST_SIZE, all, num_info + OWN_PARTS);
        memcpy(out, block, len);
        out += len;
        out_len -= len;
    }
    secret_wipe(block, sizeof block);
}
