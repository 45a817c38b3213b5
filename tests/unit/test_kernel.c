/* test_kernel.c - every way of scanning and counting gives what one row after the other gives; sets of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "node/records/bitmap.h"
#include "node/records/kernel.h"

#define MAX_ROWS 1000

static uint64_t seed = 88172645463325252u;

static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint64_t code_at(const void *codes, unsigned width, uint32_t row)
{
    uint64_t code = 0;

    memcpy(&code, (const uint8_t *)codes + (size_t)row * width, width);
    return code;
}

static void compare(const void *codes, unsigned width, uint32_t num, uint64_t lo, uint64_t span)
{
    uint64_t words[MAX_ROWS / 64 + 2], limit = width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;

    memset(words, 0xAA, sizeof words);
    kernel_scan(words, codes, width, num, lo, span);
    for (uint32_t row = 0; row < num; row++) {
        bool is_in = ((code_at(codes, width, row) - lo) & limit) <= span;
        assert_int_equal(words[row / 64] >> (row % 64) & 1, is_in);
    }
    for (uint32_t row = num; row % 64 != 0; row++) {
        assert_int_equal(words[row / 64] >> (row % 64) & 1, 0);
    }
    assert_true(words[bitmap_num_words(num)] == UINT64_C(0xAAAAAAAAAAAAAAAA)); /* no word more */
}

/* Codes of few values, so that ranges begin and end at them. */
static void *draw_codes(unsigned width, uint32_t num)
{
    uint8_t *codes = calloc(1, (size_t)num * width + 64);

    assert_non_null(codes);
    for (uint32_t row = 0; row < num; row++) {
        uint64_t code = draw() % 5 == 0 ? UINT64_MAX : draw() % 4 == 0 ? draw() : draw() % 7;
        memcpy(codes + (size_t)row * width, &code, width);
    }
    return codes;
}

static void test_kernel__all_paths_scan_alike(void **state)
{
    static const unsigned widths[] = {1, 2, 4, 8};

    (void)state;
    for (int path = 0; path < KERNEL_NUM_PATHS; path++) {
        if (!kernel_has_path((enum kernel_path)path)) {
            print_message("no %s here\n", kernel_path_name((enum kernel_path)path));
            continue;
        }
        kernel_use_path((enum kernel_path)path);
        for (int i = 0; i < 400; i++) {
            unsigned width = widths[i % 4];
            uint64_t limit = width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1, lo = draw() % 8;
            uint32_t num = (uint32_t)(draw() % MAX_ROWS);
            void *codes = draw_codes(width, num);
            lo = draw() % 4 == 0 ? draw() & limit : lo;
            compare(codes, width, num, lo, draw() % 3 == 0 ? draw() & limit : draw() % 5);
            compare(codes, width, num, 0, limit);
            compare(codes, width, num, limit, 0);
            free(codes);
        }
    }
}

static void test_kernel__all_paths_count_alike(void **state)
{
    uint64_t a[37], b[37], c[37], sums[3] = {0};

    (void)state;
    for (int i = 0; i < 37; i++) {
        a[i] = draw();
        b[i] = draw();
        c[i] = draw();
        for (int bit = 0; bit < 64; bit++) {
            sums[0] += a[i] >> bit & 1;
            sums[1] += (a[i] & b[i]) >> bit & 1;
            sums[2] += (a[i] & b[i] & c[i]) >> bit & 1;
        }
    }
    for (int path = 0; path < KERNEL_NUM_PATHS; path++) {
        if (kernel_has_path((enum kernel_path)path)) {
            kernel_use_path((enum kernel_path)path);
            assert_int_equal(kernel_count(a, 37), sums[0]);
            assert_int_equal(kernel_count_and(a, b, 37), sums[1]);
            assert_int_equal(kernel_count_and3(a, b, c, 37), sums[2]);
            assert_int_equal(kernel_count(a, 0), 0);
        }
    }
}

/* ---- sets, against one byte a row ---- */

#define ROWS 300

struct pair {
    uint64_t words[ROWS / 64 + 1];
    struct bitmap bitmap;
    bool rows[ROWS];
};

static void make(struct pair *pair)
{
    uint32_t begin = (uint32_t)(draw() % ROWS), end = begin + (uint32_t)(draw() % (ROWS - begin + 1));

    memset(pair->words, 0xAA, sizeof pair->words); /* what is outside may hold anything */
    memset(pair->rows, 0, sizeof pair->rows);
    pair->bitmap = (struct bitmap){.words = pair->words, .num_rows = ROWS};
    if (draw() % 2 == 0) {
        bitmap_rows(&pair->bitmap, begin, end);
        memset(pair->rows + begin, 1, end - begin);
        return;
    }
    bitmap_clear_rows(&pair->bitmap, begin, end);
    for (uint32_t row = begin; row < end; row++) {
        if (draw() % 3 == 0) {
            bitmap_set(&pair->bitmap, row);
            pair->rows[row] = true;
        }
    }
}

static void check(const struct pair *pair)
{
    uint32_t next = 0, count = 0;

    for (uint32_t row = 0; row < ROWS; row++) {
        assert_int_equal(bitmap_has(&pair->bitmap, row), pair->rows[row]);
        count += pair->rows[row];
    }
    assert_int_equal(bitmap_count(&pair->bitmap), count);
    for (uint32_t row = bitmap_next(&pair->bitmap, 0); row < ROWS; row = bitmap_next(&pair->bitmap, row + 1)) {
        for (; next < row; next++) {
            assert_false(pair->rows[next]);
        }
        assert_true(pair->rows[next++]);
    }
}

static void test_bitmap__agrees_with_one_row_after_the_other(void **state)
{
    struct pair a, b, c, out;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        uint32_t both = 0, all = 0;
        make(&a);
        make(&b);
        make(&c);
        make(&out);
        for (uint32_t row = 0; row < ROWS; row++) {
            both += a.rows[row] && b.rows[row];
            all += a.rows[row] && b.rows[row] && c.rows[row];
            out.rows[row] = i % 3 == 0   ? a.rows[row] && b.rows[row]
                            : i % 3 == 1 ? a.rows[row] && !b.rows[row]
                                         : a.rows[row] || b.rows[row];
        }
        assert_int_equal(bitmap_count_both(&a.bitmap, &b.bitmap, NULL), both);
        assert_int_equal(bitmap_count_both(&a.bitmap, &b.bitmap, &c.bitmap), all);
        (i % 3 == 0 ? bitmap_and : i % 3 == 1 ? bitmap_and_not : bitmap_or)(&out.bitmap, &a.bitmap, &b.bitmap);
        check(&out);
        bitmap_trim(&out.bitmap);
        check(&out);
        (i % 3 == 0 ? bitmap_and : i % 3 == 1 ? bitmap_and_not : bitmap_or)(&a.bitmap, &a.bitmap, &b.bitmap);
        memcpy(a.rows, out.rows, sizeof a.rows);
        check(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel__all_paths_scan_alike),
        cmocka_unit_test(test_kernel__all_paths_count_alike),
        cmocka_unit_test(test_bitmap__agrees_with_one_row_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
