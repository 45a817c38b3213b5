/* hex.c - bytes as lower-case hexadecimal text. */
#include "base/hex.h"

char *hex_encode(char *out, const void *data, size_t data_len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < data_len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * data_len] = '\0';
    return out;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(uint8_t *out, size_t out_len, const char *text)
{
    for (size_t i = 0; i < 2 * out_len; i++) {
        if (digit(text[i]) < 0) /* also at the NUL of a shorter text */
            return false;
    }
    if (text[2 * out_len] != '\0')
        return false;
    for (size_t i = 0; i < out_len; i++)
        out[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    return true;
}
