/* utf8.c - table 3-7 of the Unicode standard. */
#include "base/utf8.h"

/* Length by the first byte, and the range of the second. */
static size_t first_byte(unsigned char byte, unsigned char *low, unsigned char *high)
{
    *low = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    *high = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    if (byte < 0x80)
        return 1;
    if (byte >= 0xC2 && byte <= 0xDF)
        return 2;
    if (byte >= 0xE0 && byte <= 0xEF)
        return 3;
    return byte >= 0xF0 && byte <= 0xF4 ? 4 : 0;
}

size_t utf8_char_len(const char *at, const char *end)
{
    const unsigned char *bytes = (const unsigned char *)at;
    unsigned char low, high;
    size_t len;

    if (at >= end)
        return 0;
    len = first_byte(bytes[0], &low, &high);
    if (len > (size_t)(end - at) || (len > 1 && (bytes[1] < low || bytes[1] > high)))
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0;
    }
    return len;
}

size_t utf8_valid_len(const char *text, size_t len)
{
    const char *at = text, *end = text + len;
    size_t step;

    while (at < end && (step = utf8_char_len(at, end)) > 0)
        at += step;
    return (size_t)(at - text);
}
