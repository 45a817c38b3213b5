/* kernel.h - the few loops on which the speed of everything rests, for each kind of processor.
 *
 * One pass over a column's codes (unsigned, 1, 2, 4 or 8 bytes) makes one bit a row; counting adds up the ones of
 * the words where two or three bitmaps agree. The fastest way that the processor has is found once, at run time;
 * all give the same results. */
#ifndef NODE_RECORDS_KERNEL_H
#define NODE_RECORDS_KERNEL_H

#include <stdbool.h>
#include <stdint.h>



enum kernel_path { KERNEL_SCALAR, KERNEL_AVX2, KERNEL_AVX512, KERNEL_NEON, KERNEL_NUM_PATHS };

/* Bit i of `words`: codes[i] - lo <= span. Writes (num + 63) / 64 words; bits beyond `num` are zero. */
void kernel_scan(uint64_t *words, const void *codes, unsigned width, uint32_t num, uint64_t lo, uint64_t span);

/* How many ones a[i] has; how many a[i] & b[i]; a[i] & b[i] & c[i]. */
uint64_t kernel_count(const uint64_t *a, uint32_t num_words);
uint64_t kernel_count_and(const uint64_t *a, const uint64_t *b, uint32_t num_words);
uint64_t kernel_count_and3(const uint64_t *a, const uint64_t *b, const uint64_t *c, uint32_t num_words);

/* For tests and benchmarks. */
bool kernel_has_path(enum kernel_path path);
/* Use this one from now on; it must be there. */
void kernel_use_path(enum kernel_path path);
const char *kernel_path_name(enum kernel_path path);

#endif
