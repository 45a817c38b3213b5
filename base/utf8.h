/* utf8.h - well-formed UTF-8 (RFC 3629: no surrogates, no longer forms, nothing above U+10FFFF). */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/* Bytes of the character at `at` (1 to 4), or 0 when there is none before `end`. */
size_t utf8_char_len(const char *at, const char *end);

/* Bytes before the first that belongs to no character; `len` when all is well. */
size_t utf8_valid_len(const char *text, size_t len);

#endif
