/* test_chunk.c - a column comes back as it was, in as few bytes as it needs; damage is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "node/records/chunk.h"

#define ROWS 200

static uint64_t seed = 88172645463325252u;

static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static uint8_t *store(const struct chunk *chunk, size_t *len)
{
    uint8_t *data;

    *len = chunk_stored_size(chunk);
    data = aligned_alloc(64, (*len + 63) / 64 * 64);
    assert_non_null(data);
    chunk_write(data, chunk);
    return data;
}

/* Made, written and read again, every row is there; `width` is what the codes should take. */
static void round_trip(const int64_t *values, uint32_t num_rows, unsigned width)
{
    void *room = aligned_alloc(64, (chunk_room(num_rows) + 63) / 64 * 64);
    int64_t expanded[ROWS];
    struct chunk chunk, again;
    uint8_t *data;
    size_t len;

    assert_non_null(room);
    chunk_make(&chunk, room, values, num_rows);
    assert_int_equal(chunk.width, width);
    data = store(&chunk, &len);
    assert_int_equal(chunk_read(&again, data, len, true, NULL), 0);
    assert_int_equal(again.num_nulls, chunk.num_nulls);
    assert_int_equal(again.is_sorted, chunk.is_sorted);
    for (uint32_t row = 0; row < num_rows; row++) {
        assert_true(chunk_value(&again, row) == values[row]);
    }
    chunk_values(expanded, &again, 0, num_rows);
    assert_memory_equal(expanded, values, num_rows * sizeof *values);
    free(data);
    free(room);
}

static void test_chunk__takes_the_bytes_that_it_needs(void **state)
{
    static const struct {
        int64_t base;
        uint64_t span; /* largest value minus smallest */
        bool has_nulls;
        unsigned width;
    } cases[] = {
        {0, 0, false, 0},        {-7, 0, false, 0},        {5, 0, true, 1},          {5, 254, true, 1},
        {5, 254, false, 1},      {5, 255, false, 2},       {-3, 255, true, 2},       {-3, 65534, true, 2},
        {-3, 65535, false, 4},   {0, UINT32_MAX - 1u, true, 4}, {0, UINT32_MAX, false, 8}, {-VALUE_LIMIT, 2000000000000000, true, 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t values[ROWS];
        for (int row = 0; row < ROWS; row++) {
            values[row] = cases[i].base + (int64_t)(cases[i].span == 0 ? 0 : draw() % (cases[i].span + 1));
            if (cases[i].has_nulls && row % 3 == 0) {
                values[row] = VALUE_NULL;
            }
        }
        values[1] = cases[i].base;
        values[2] = cases[i].base + (int64_t)cases[i].span;
        round_trip(values, ROWS, cases[i].width);
    }
}

static void test_chunk__of_nothing_or_of_absent_values(void **state)
{
    int64_t values[ROWS];

    (void)state;
    for (int row = 0; row < ROWS; row++) {
        values[row] = VALUE_NULL;
    }
    round_trip(values, ROWS, 0);
    round_trip(values, 0, 0);
    round_trip(values, 1, 0);
}

static void test_chunk__knows_whether_it_is_sorted(void **state)
{
    int64_t rising[] = {3, 3, 4, 9, VALUE_NULL, VALUE_NULL}, hole[] = {3, VALUE_NULL, 4}, falling[] = {4, 3};
    uint64_t room[32];
    struct chunk chunk;

    (void)state;
    chunk_make(&chunk, room, rising, 6);
    assert_true(chunk.is_sorted);
    assert_int_equal(chunk_lower_bound(&chunk, 0), 0);
    assert_int_equal(chunk_lower_bound(&chunk, 1), 2);
    assert_int_equal(chunk_lower_bound(&chunk, 6), 3);
    assert_int_equal(chunk_lower_bound(&chunk, 7), 4);
    chunk_make(&chunk, room, hole, 3);
    assert_false(chunk.is_sorted);
    chunk_make(&chunk, room, falling, 2);
    assert_false(chunk.is_sorted);
}

static void test_chunk__of_strings_counts_its_codes_from_zero(void **state)
{
    const uint32_t strings[] = {700, 3, 9};
    int64_t codes[] = {2, 1, 2, VALUE_NULL, 1};
    struct chunk chunk, again;
    uint64_t room[32];
    uint8_t *data;
    size_t len;

    (void)state;
    chunk_make_strings(&chunk, room, codes, 5, strings, 3);
    data = store(&chunk, &len);
    assert_int_equal(chunk_read(&again, data, len, true, NULL), 0);
    assert_int_equal(again.num_strings, 3);
    assert_memory_equal(again.strings, strings, sizeof strings);
    for (uint32_t row = 0; row < 5; row++) {
        assert_true(chunk_value(&again, row) == codes[row]);
    }
    free(data);
}

/* No byte can change unseen, no length is taken that is not right, and nothing is read beyond the end. */
static void test_chunk__damage_is_told(void **state)
{
    const uint32_t strings[] = {700, 3, 9};
    int64_t codes[] = {2, 1, 2, VALUE_NULL, 1};
    struct chunk chunk, again;
    uint64_t room[32];
    uint8_t *data;
    size_t len;

    (void)state;
    chunk_make_strings(&chunk, room, codes, 5, strings, 3);
    data = store(&chunk, &len);
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            int rc;
            data[i] ^= (uint8_t)(1 << bit);
            rc = chunk_read(&again, data, len, true, NULL);
            assert_true(rc == ERR_STORE_CORRUPT || rc == ERR_STORE_FORMAT);
            (void)!chunk_read(&again, data, len, false, NULL); /* must not fall over */
            data[i] ^= (uint8_t)(1 << bit);
        }
    }
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(chunk_read(&again, data, cut, true, NULL), ERR_STORE_CORRUPT);
    }
    data[4] = 2;
    assert_int_equal(chunk_read(&again, data, len, true, NULL), ERR_STORE_FORMAT);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chunk__takes_the_bytes_that_it_needs),
        cmocka_unit_test(test_chunk__of_nothing_or_of_absent_values),
        cmocka_unit_test(test_chunk__knows_whether_it_is_sorted),
        cmocka_unit_test(test_chunk__of_strings_counts_its_codes_from_zero),
        cmocka_unit_test(test_chunk__damage_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
