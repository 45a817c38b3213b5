/* decimal.h - decimal numbers as written, to scaled integers, without a detour over binary floating point. */
#ifndef CATALOGUE_DECIMAL_H
#define CATALOGUE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

enum decimal_result { DECIMAL_OK = 0, DECIMAL_SYNTAX, DECIMAL_RANGE };

/* "[+-]digits[.digits][(e|E)[+-]digits]", digits on at least one side of the point, nothing around it. *value
 * receives the number times 10^`places`, rounded half up (half away from zero) once. DECIMAL_RANGE beyond
 * VALUE_LIMIT. */
__attribute__((warn_unused_result)) enum decimal_result decimal_parse(int64_t *value, const char *text,
                                                                      size_t len, int places);

/* Digits only, with an optional sign. */
__attribute__((warn_unused_result)) enum decimal_result decimal_parse_int(int64_t *value, const char *text,
                                                                          size_t len);

#endif
