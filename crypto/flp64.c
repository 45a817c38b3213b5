/* flp64.c - the proof system over Field64. */
#include "crypto/field64.h"

#define FIELD(name)          field64_##name
#define FIELD_CONSTANT(name) FIELD64_##name
#define FIELD_OPERATIONS     flp_field64
typedef field64 element;
typedef struct field64_sum element_sum;

#include "crypto/flp.inc"
