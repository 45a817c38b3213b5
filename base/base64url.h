/* base64url.h - bytes as one line of text without padding (RFC 4648, section 5). */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64URL_SIZE(len) (((len) + 2) / 3 * 4 + 1) /* of the text, with NUL; at most */

/* `out` has BASE64URL_SIZE(data_len) bytes. Returns `out`. */
char *base64url_encode(char *out, const void *data, size_t data_len);

/* Only what base64url_encode writes: false for other characters, an impossible length, or bits that are not zero
 * behind the last byte. `out` has room for text_len / 4 * 3 + 2 bytes. */
__attribute__((warn_unused_result)) bool base64url_decode(uint8_t *out, size_t *out_len, const char *text,
                                                          size_t text_len);

#endif
