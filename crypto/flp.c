/* flp.c - the part of the proof system that is the same in every field: measurements as zeros and ones. */
#include "crypto/flp.h"

#include "crypto/mask.h"

/* All ones if a > b, else zero, without a branch. */
static uint64_t greater_mask(uint64_t a, uint64_t b)
{
    uint64_t borrow = ((~b & a) | ((~b | a) & (b - a))) >> 63; /* of b - a */
    return mask_from(borrow);
}

/* The last digit's weight makes the weights add up to the maximum: no value above it can be written. */
bool flp_encode(const struct flp *flp, uint8_t *bits, const uint64_t *measurement)
{
    uint64_t too_large = 0;

    for (size_t i = 0; i < flp->num_elements; i++) {
        unsigned width = flp->widths[i];
        uint64_t value = measurement[i], all_ones = ((uint64_t)1 << (width - 1)) - 1;
        uint64_t last_mask = greater_mask(value, all_ones);
        uint64_t rest = value - (last_mask & (flp->maxima[i] - all_ones));
        too_large |= greater_mask(value, flp->maxima[i]);
        for (unsigned bit = 0; bit + 1 < width; bit++) {
            *bits++ = (uint8_t)(rest >> bit & 1);
        }
        *bits++ = (uint8_t)(last_mask & 1);
    }
    return too_large == 0;
}
