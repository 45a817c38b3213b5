/* hex.h - bytes as lower-case hexadecimal text. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEX_SIZE(len) (2 * (len) + 1) /* of the text, with NUL */

/* `out` has HEX_SIZE(data_len) bytes. Returns `out`. */
char *hex_encode(char *out, const void *data, size_t data_len);

/* Exactly 2 * out_len digits, either case; false otherwise, with `out` untouched. */
__attribute__((warn_unused_result)) bool hex_decode(uint8_t *out, size_t out_len, const char *text);

#endif
