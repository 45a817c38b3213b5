/* kernel.c - each loop for each kind of processor, and which one to take.
 *
 * x in [lo, lo + span] is one unsigned comparison: x - lo <= span. Vectors without unsigned comparison use
 * min(x - lo, span) == x - lo. Full words first; the last, partial one reads the padding and masks. */
#include <string.h>

#include "node/records/kernel.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif


/* `num_words` words of 64 rows each. */
typedef void words_scan(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span);

/* ---- plain C ---- */

#define SCALAR_SCAN(bits)                                                                                        \
    static void scalar_##bits(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span) \
    {                                                                                                            \
        const uint##bits##_t *x = codes, low = (uint##bits##_t)lo, width = (uint##bits##_t)span;                 \
                                                                                                                 \
        for (uint32_t i = 0; i < num_words; i++, x += 64) {                                                      \
            uint64_t word = 0;                                                                                   \
            for (unsigned j = 0; j < 64; j++)                                                                    \
                word |= (uint64_t)((uint##bits##_t)(x[j] - low) <= width) << j;                                  \
            words[i] = word;                                                                                     \
        }                                                                                                        \
    }
SCALAR_SCAN(8)
SCALAR_SCAN(16)
SCALAR_SCAN(32)
SCALAR_SCAN(64)

/* The compiler makes vectors of these where the processor counts whole vectors at once. */
#define COUNTS(path, attribute)                                                                                  \
    attribute static uint64_t path##_count(const uint64_t *a, uint32_t num)                                      \
    {                                                                                                            \
        uint64_t sum = 0;                                                                                        \
                                                                                                                 \
        for (uint32_t i = 0; i < num; i++)                                                                       \
            sum += (uint64_t)__builtin_popcountll(a[i]);                                                         \
        return sum;                                                                                              \
    }                                                                                                            \
    attribute static uint64_t path##_count_and(const uint64_t *a, const uint64_t *b, uint32_t num)               \
    {                                                                                                            \
        uint64_t sum = 0;                                                                                        \
                                                                                                                 \
        for (uint32_t i = 0; i < num; i++)                                                                       \
            sum += (uint64_t)__builtin_popcountll(a[i] & b[i]);                                                  \
        return sum;                                                                                              \
    }                                                                                                            \
    attribute static uint64_t path##_count_and3(const uint64_t *a, const uint64_t *b, const uint64_t *c,         \
                                                uint32_t num)                                                    \
    {                                                                                                            \
        uint64_t sum = 0;                                                                                        \
                                                                                                                 \
        for (uint32_t i = 0; i < num; i++)                                                                       \
            sum += (uint64_t)__builtin_popcountll(a[i] & b[i] & c[i]);                                           \
        return sum;                                                                                              \
    }
COUNTS(scalar, )

/* ---- x86-64 ---- */

#if defined(__x86_64__)
#define AVX2   __attribute__((target("avx2,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vpopcntdq")))

COUNTS(avx2, AVX2)
COUNTS(avx512, AVX512)

AVX2 static inline __m256i load256(const void *codes, unsigned index)
{
    return _mm256_loadu_si256((const __m256i *)codes + index);
}

AVX2 static void avx2_8(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m256i low = _mm256_set1_epi8((char)lo), width = _mm256_set1_epi8((char)span);

    for (uint32_t i = 0; i < num_words; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 2; j++) {
            __m256i x = _mm256_sub_epi8(load256(codes, i * 2 + j), low);
            __m256i in = _mm256_cmpeq_epi8(_mm256_min_epu8(x, width), x);
            word |= (uint64_t)(uint32_t)_mm256_movemask_epi8(in) << (32 * j);
        }
        words[i] = word;
    }
}

AVX2 static void avx2_16(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m256i low = _mm256_set1_epi16((short)lo), width = _mm256_set1_epi16((short)span);

    for (uint32_t i = 0; i < num_words; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 2; j++) {
            __m256i x = _mm256_sub_epi16(load256(codes, i * 4 + j * 2), low);
            __m256i y = _mm256_sub_epi16(load256(codes, i * 4 + j * 2 + 1), low);
            __m256i in = _mm256_packs_epi16(_mm256_cmpeq_epi16(_mm256_min_epu16(x, width), x),
                                            _mm256_cmpeq_epi16(_mm256_min_epu16(y, width), y));
            in = _mm256_permute4x64_epi64(in, 0xD8); /* packing works within halves */
            word |= (uint64_t)(uint32_t)_mm256_movemask_epi8(in) << (32 * j);
        }
        words[i] = word;
    }
}

AVX2 static void avx2_32(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m256i low = _mm256_set1_epi32((int)lo), width = _mm256_set1_epi32((int)span);

    for (uint32_t i = 0; i < num_words; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 8; j++) {
            __m256i x = _mm256_sub_epi32(load256(codes, i * 8 + j), low);
            __m256i in = _mm256_cmpeq_epi32(_mm256_min_epu32(x, width), x);
            word |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(in)) << (8 * j);
        }
        words[i] = word;
    }
}

AVX2 static void avx2_64(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m256i sign = _mm256_set1_epi64x(INT64_MIN), low = _mm256_set1_epi64x((int64_t)lo);
    const __m256i width = _mm256_xor_si256(_mm256_set1_epi64x((int64_t)span), sign);

    for (uint32_t i = 0; i < num_words; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 16; j++) {
            __m256i x = _mm256_xor_si256(_mm256_sub_epi64(load256(codes, i * 16 + j), low), sign);
            __m256i out = _mm256_cmpgt_epi64(x, width);
            word |= (uint64_t)(0xFu ^ (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(out))) << (4 * j);
        }
        words[i] = word;
    }
}

AVX512 static inline __m512i load512(const void *codes, unsigned index)
{
    return _mm512_loadu_si512((const __m512i *)codes + index);
}

AVX512 static void avx512_8(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m512i low = _mm512_set1_epi8((char)lo), width = _mm512_set1_epi8((char)span);

    for (uint32_t i = 0; i < num_words; i++)
        words[i] = _mm512_cmple_epu8_mask(_mm512_sub_epi8(load512(codes, i), low), width);
}

AVX512 static void avx512_16(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m512i low = _mm512_set1_epi16((short)lo), width = _mm512_set1_epi16((short)span);

    for (uint32_t i = 0; i < num_words; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 2; j++)
            word |= (uint64_t)_mm512_cmple_epu16_mask(_mm512_sub_epi16(load512(codes, i * 2 + j), low), width)
                    << (32 * j);
        words[i] = word;
    }
}

AVX512 static void avx512_32(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m512i low = _mm512_set1_epi32((int)lo), width = _mm512_set1_epi32((int)span);

    for (uint32_t i = 0; i < num_words; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 4; j++)
            word |= (uint64_t)_mm512_cmple_epu32_mask(_mm512_sub_epi32(load512(codes, i * 4 + j), low), width)
                    << (16 * j);
        words[i] = word;
    }
}

AVX512 static void avx512_64(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const __m512i low = _mm512_set1_epi64((int64_t)lo), width = _mm512_set1_epi64((int64_t)span);

    for (uint32_t i = 0; i < num_words; i++) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 8; j++)
            word |= (uint64_t)_mm512_cmple_epu64_mask(_mm512_sub_epi64(load512(codes, i * 8 + j), low), width)
                    << (8 * j);
        words[i] = word;
    }
}
#endif

/* ---- aarch64 ---- */

#if defined(__aarch64__)
/* Eight truth values of 8 bits each -> 8 bits. */
static inline uint64_t neon_bits(uint8x8_t in)
{
    static const uint8_t weights[8] = {1, 2, 4, 8, 16, 32, 64, 128};

    return vaddv_u8(vand_u8(in, vld1_u8(weights)));
}

static void neon_8(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const uint8_t *x = codes;
    const uint8x8_t low = vdup_n_u8((uint8_t)lo), width = vdup_n_u8((uint8_t)span);

    for (uint32_t i = 0; i < num_words; i++, x += 64) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 8; j++)
            word |= neon_bits(vcle_u8(vsub_u8(vld1_u8(x + 8 * j), low), width)) << (8 * j);
        words[i] = word;
    }
}

static void neon_16(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const uint16_t *x = codes;
    const uint16x8_t low = vdupq_n_u16((uint16_t)lo), width = vdupq_n_u16((uint16_t)span);

    for (uint32_t i = 0; i < num_words; i++, x += 64) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 8; j++)
            word |= neon_bits(vmovn_u16(vcleq_u16(vsubq_u16(vld1q_u16(x + 8 * j), low), width))) << (8 * j);
        words[i] = word;
    }
}

static void neon_32(uint64_t *words, const void *codes, uint32_t num_words, uint64_t lo, uint64_t span)
{
    const uint32_t *x = codes;
    const uint32x4_t low = vdupq_n_u32((uint32_t)lo), width = vdupq_n_u32((uint32_t)span);

    for (uint32_t i = 0; i < num_words; i++, x += 64) {
        uint64_t word = 0;
        for (unsigned j = 0; j < 8; j++) {
            uint32x4_t a = vcleq_u32(vsubq_u32(vld1q_u32(x + 8 * j), low), width);
            uint32x4_t b = vcleq_u32(vsubq_u32(vld1q_u32(x + 8 * j + 4), low), width);
            word |= neon_bits(vmovn_u16(vcombine_u16(vmovn_u32(a), vmovn_u32(b)))) << (8 * j);
        }
        words[i] = word;
    }
}
#define neon_64 scalar_64
COUNTS(neon, )
#endif

/* ---- choosing ---- */

struct path {
    words_scan *scan[4]; /* by width: 1, 2, 4, 8 bytes */
    uint64_t (*count)(const uint64_t *a, uint32_t num);
    uint64_t (*count_and)(const uint64_t *a, const uint64_t *b, uint32_t num);
    uint64_t (*count_and3)(const uint64_t *a, const uint64_t *b, const uint64_t *c, uint32_t num);
};
#define PATH(name)                                                                                               \
    {                                                                                                            \
        {name##_8, name##_16, name##_32, name##_64}, name##_count, name##_count_and, name##_count_and3           \
    }

static const struct path paths[KERNEL_NUM_PATHS] = {
    [KERNEL_SCALAR] = PATH(scalar),
#if defined(__x86_64__)
    [KERNEL_AVX2] = PATH(avx2),
    [KERNEL_AVX512] = PATH(avx512),
#elif defined(__aarch64__)
    [KERNEL_NEON] = PATH(neon),
#endif
};

static int chosen = -1; /* the same whoever finds it first */

bool kernel_has_path(enum kernel_path path)
{
    if (paths[path].count == NULL)
        return false;
#if defined(__x86_64__)
    if (path == KERNEL_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
    if (path == KERNEL_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vpopcntdq");
#endif
    return true;
}

void kernel_use_path(enum kernel_path path)
{
    __atomic_store_n(&chosen, (int)path, __ATOMIC_RELAXED);
}

const char *kernel_path_name(enum kernel_path path)
{
    static const char *const names[KERNEL_NUM_PATHS] = {"scalar", "avx2", "avx512", "neon"};

    return names[path];
}

static const struct path *choose(void)
{
    int path = __atomic_load_n(&chosen, __ATOMIC_RELAXED);

    if (path < 0) {
        path = KERNEL_SCALAR;
        for (int i = KERNEL_NUM_PATHS - 1; i > KERNEL_SCALAR && path == KERNEL_SCALAR; i--) {
            if (kernel_has_path((enum kernel_path)i))
                path = i;
        }
        kernel_use_path((enum kernel_path)path);
    }
    return &paths[path];
}

void kernel_scan(uint64_t *words, const void *codes, unsigned width, uint32_t num, uint64_t lo, uint64_t span)
{
    static const uint8_t index[9] = {[1] = 0, [2] = 1, [4] = 2, [8] = 3};
    words_scan *scan = choose()->scan[index[width]];
    uint32_t full = num / 64, rest = num % 64;
    uint8_t tail[64 * 8] = {0};

    scan(words, codes, full, lo, span);
    if (rest > 0) { /* the padding covers one vector, not always 64 codes */
        memcpy(tail, (const uint8_t *)codes + (size_t)full * 64 * width, (size_t)rest * width);
        scan(words + full, tail, 1, lo, span);
        words[full] &= ~(UINT64_MAX << rest);
    }
}

uint64_t kernel_count(const uint64_t *a, uint32_t num_words)
{
    return choose()->count(a, num_words);
}

uint64_t kernel_count_and(const uint64_t *a, const uint64_t *b, uint32_t num_words)
{
    return choose()->count_and(a, b, num_words);
}

uint64_t kernel_count_and3(const uint64_t *a, const uint64_t *b, const uint64_t *c, uint32_t num_words)
{
    return choose()->count_and3(a, b, c, num_words);
}
