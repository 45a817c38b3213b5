/* flp128.c - the proof system over Field128. */
#include "crypto/field128.h"

#define FIELD(name)          field128_##name
#define FIELD_CONSTANT(name) FIELD128_##name
#define FIELD_OPERATIONS     flp_field128
typedef field128 element;
typedef struct field128_sum element_sum;

#include "crypto/flp.inc"
