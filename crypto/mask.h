/* mask.h - the one way in which arithmetic on secrets chooses: by masks that the compiler cannot see through.
 * Without the barrier, clang 14 turns such a choice into a jump where it thinks that faster. */
#ifndef CRYPTO_MASK_H
#define CRYPTO_MASK_H

#include <stdint.h>

/* All ones if `bit` is 1, zero if it is 0. */
static inline uint64_t mask_from(uint64_t bit)
{
    uint64_t mask = -bit;
    __asm__("" : "+r"(mask));
    return mask;
}

#endif
