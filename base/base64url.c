/* base64url.c - three bytes as four letters of sixty-four. */
#include "base/base64url.h"

#include <string.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64url_encode(char *out, const void *data, size_t data_len)
{
    const uint8_t *bytes = data;
    char *at = out;
    uint32_t bits = 0;
    unsigned num_bits = 0;

    for (size_t i = 0; i < data_len; i++) {
        bits = bits << 8 | bytes[i];
        for (num_bits += 8; num_bits >= 6;) {
            num_bits -= 6;
            *at++ = letters[bits >> num_bits & 63];
        }
    }
    if (num_bits > 0)
        *at++ = letters[bits << (6 - num_bits) & 63];
    *at = '\0';
    return out;
}

bool base64url_decode(uint8_t *out, size_t *out_len, const char *text, size_t text_len)
{
    uint32_t bits = 0;
    unsigned num_bits = 0;
    size_t len = 0;

    for (size_t i = 0; i < text_len; i++) {
        const char *letter = text[i] == '\0' ? NULL : strchr(letters, text[i]);

        if (letter == NULL)
            return false;
        bits = bits << 6 | (uint32_t)(letter - letters);
        num_bits += 6;
        if (num_bits >= 8) {
            num_bits -= 8;
            out[len++] = (uint8_t)(bits >> num_bits);
        }
    }
    if (num_bits >= 6 || (bits & ((1u << num_bits) - 1)) != 0)
        return false;
    *out_len = len;
    return true;
}
