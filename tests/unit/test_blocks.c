/* test_blocks.c - which totals may be opened, by hand and against a naive second implementation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "audit/blocks.h"
#include "release_random.h"

#define MAX_AREAS 24
#define MAX_SITES 80
#define MIN       3

/* A province (0) of two cities: 1 with counties 2, 3; 4 with counties 5, 6. */
static const int PARENTS[] = {-1, 0, 1, 1, 0, 4, 4};
static const struct block_tree TREE = {.parents = PARENTS, .num_areas = 7};

static void list_all(bool *listed, int num)
{
    for (int i = 0; i < num; i++)
        listed[i] = true;
}

static void assert_listed(const bool *listed, const char *expected)
{
    for (int i = 0; expected[i]; i++)
        assert_int_equal(listed[i], expected[i] == '1');
}

/* `num` sites of as many new owners. */
static int add_sites(struct block_site *sites, int num_sites, int area, int num)
{
    for (int i = 0; i < num; i++, num_sites++)
        sites[num_sites] = (struct block_site){.area = area, .owner = num_sites, .counts = true};
    return num_sites;
}

static void withhold(bool *listed, const struct block_site *sites, int num_sites)
{
    assert_int_equal(blocks_withhold_few_owners(&TREE, listed, sites, num_sites, MIN, NULL), 0);
}

static void test_blocks__finds_the_nearest_listed_area(void **state)
{
    bool listed[] = {true, false, true, false, false, false, true};
    (void)state;

    assert_int_equal(blocks_area_of(&TREE, listed, 2), 2);
    assert_int_equal(blocks_area_of(&TREE, listed, 3), 0);
    assert_int_equal(blocks_area_of(&TREE, listed, 1), 0);
    listed[0] = false;
    assert_int_equal(blocks_area_of(&TREE, listed, 5), -1);
    assert_int_equal(blocks_area_of(&TREE, listed, 6), 6);
}

static void test_blocks__keeps_all_that_are_large_enough(void **state)
{
    struct block_site sites[MAX_SITES];
    bool listed[7];
    int num = 0;
    (void)state;

    list_all(listed, 7);
    num = add_sites(sites, num, 2, 3);
    num = add_sites(sites, num, 3, 4);
    num = add_sites(sites, num, 5, 3);
    num = add_sites(sites, num, 6, 3); /* the blocks of 0, 1 and 4 are empty */
    withhold(listed, sites, num);
    assert_listed(listed, "1111111");
}

static void test_blocks__withholds_a_small_county_and_then_its_smallest_sibling(void **state)
{
    struct block_site sites[MAX_SITES];
    bool listed[7];
    int num = 0;
    (void)state;

    list_all(listed, 7);
    num = add_sites(sites, num, 2, 2); /* too few; the city's block then holds 2 and takes 3 in as well */
    num = add_sites(sites, num, 3, 5);
    num = add_sites(sites, num, 5, 3);
    num = add_sites(sites, num, 6, 3);
    withhold(listed, sites, num);
    assert_listed(listed, "1100111");
}

/* Counter-example to "withhold each area with too few, and a sibling to protect it": city A (1) has 2 owners. A simpler
 * rule withholds A and city B (4), but still releases B's counties: A = province - B's counties. */
static void test_blocks__a_withheld_sibling_does_not_help_while_its_counties_are_released(void **state)
{
    struct block_site sites[MAX_SITES];
    bool listed[] = {true, false, false, false, false, true, true};
    int num = 0;
    (void)state;

    num = add_sites(sites, num, 2, 2);
    num = add_sites(sites, num, 5, 4);
    num = add_sites(sites, num, 6, 3);
    withhold(listed, sites, num);
    assert_listed(listed, "1000010"); /* a county of B goes too: the province's rest is A with that county */
}

static void test_blocks__a_hospital_directly_under_a_city_takes_the_smallest_county(void **state)
{
    struct block_site sites[MAX_SITES];
    bool listed[7];
    int num = 0;
    (void)state;

    list_all(listed, 7);
    num = add_sites(sites, num, 1, 1);
    num = add_sites(sites, num, 2, 4);
    num = add_sites(sites, num, 3, 3); /* smaller */
    num = add_sites(sites, num, 4, 2);
    num = add_sites(sites, num, 5, 3); /* as small as 6: the lower index goes */
    num = add_sites(sites, num, 6, 3);
    withhold(listed, sites, num);
    assert_listed(listed, "1110101");
}

static void test_blocks__counts_an_owner_once(void **state)
{
    struct block_site sites[MAX_SITES];
    bool listed[] = {false, false, true, false, false, false, false};
    int num = add_sites(sites, 0, 2, 5);
    (void)state;

    for (int i = 0; i < 4; i++)
        sites[i].owner = 0;
    withhold(listed, sites, num);
    assert_false(listed[2]);
}

static void test_blocks__operators_sites_do_not_count_but_must_be_hidden(void **state)
{
    struct block_site sites[MAX_SITES];
    bool listed[7];
    int num = 0;
    (void)state;

    list_all(listed, 7);
    num = add_sites(sites, num, 1, 1);
    sites[0].counts = false; /* alone in the city's block */
    num = add_sites(sites, num, 2, 3);
    num = add_sites(sites, num, 3, 4);
    num = add_sites(sites, num, 5, 3);
    sites[num - 1].counts = false; /* two that count */
    num = add_sites(sites, num, 6, 3);
    withhold(listed, sites, num);
    assert_listed(listed, "1101100");
}

static void test_blocks__withholds_everything_when_there_are_too_few_at_all(void **state)
{
    struct block_site sites[MAX_SITES];
    bool listed[7];
    int num = 0;
    (void)state;

    list_all(listed, 7);
    num = add_sites(sites, num, 2, 1);
    num = add_sites(sites, num, 6, 1);
    withhold(listed, sites, num);
    assert_false(listed[0]);
    assert_false(listed[1]);
    assert_false(listed[2]);
    assert_false(listed[6]);
}

static void test_blocks__accepts_an_empty_tree(void **state)
{
    struct block_tree empty = {0};
    (void)state;

    assert_int_equal(blocks_withhold_few_owners(&empty, NULL, NULL, 0, MIN, NULL), 0);
    assert_int_equal(blocks_withhold_few_contributors(&empty, NULL, NULL, NULL, MIN, NULL), 0);
}

static void test_blocks__one_contributing_hospital_is_not_released(void **state)
{
    uint64_t counts[] = {0, 0, 1, 4, 0, 3, 0};
    bool known[] = {true, true, true, true, true, true, true};
    bool listed[7];
    (void)state;

    list_all(listed, 7);
    assert_int_equal(blocks_withhold_few_contributors(&TREE, listed, counts, known, MIN, NULL), 0);
    assert_listed(listed, "1100111");
}

static void test_blocks__an_unknown_count_withholds_the_chain_above_and_nothing_else(void **state)
{
    uint64_t counts[] = {0, 0, 3, 4, 0, 3, 0};
    bool known[] = {true, true, true, false, true, true, true};
    bool listed[7];
    (void)state;

    list_all(listed, 7);
    assert_int_equal(blocks_withhold_few_contributors(&TREE, listed, counts, known, MIN, NULL), 0);
    assert_listed(listed, "0010111");
}

static void test_blocks__ignores_counts_of_areas_not_listed(void **state)
{
    uint64_t counts[] = {3, 1, 3, 1, 3, 3, 0};
    bool known[] = {true, false, true, false, true, true, true};
    bool listed[] = {true, false, true, false, true, true, true};
    (void)state;

    assert_int_equal(blocks_withhold_few_contributors(&TREE, listed, counts, known, MIN, NULL), 0);
    assert_listed(listed, "1010111");
}

/* ---- random trees, and a second implementation that knows only single sites ---- */

struct world {
    int parents[MAX_AREAS];
    struct block_tree tree;
    bool listed[MAX_AREAS];
    struct block_site sites[MAX_SITES];
    int num_sites;
    bool unknown[MAX_AREAS]; /* sites here cannot be counted */
};

static void make_world(struct world *world, struct random *random, bool unique_owners)
{
    *world = (struct world){.num_sites = random_below(random, MAX_SITES)};
    world->tree =
        (struct block_tree){.parents = world->parents, .num_areas = 1 + random_below(random, MAX_AREAS)};
    /* Parents need not come first: number downwards in half of the cases. */
    bool reversed = random_below(random, 2);
    int num = world->tree.num_areas;
    for (int i = 0; i < num; i++) {
        int parent = i == 0 ? -1 : random_below(random, i);
        int area = reversed ? num - 1 - i : i;

        world->parents[area] = parent < 0 ? -1 : reversed ? num - 1 - parent : parent;
        world->listed[area] = random_below(random, 8) != 0;
    }
    for (int i = 0; i < world->num_sites; i++) {
        world->sites[i] =
            (struct block_site){.area = random_below(random, num),
                                .owner = unique_owners ? i : random_below(random, MAX_SITES / 3),
                                .counts = unique_owners || random_below(random, 6) != 0};
    }
}

static bool lies_below(const struct world *world, int area, int top)
{
    return area == top || (area >= 0 && lies_below(world, world->parents[area], top));
}

static bool in_block(const struct world *world, const bool *listed, int area, int block)
{
    if (area == block)
        return true;
    return area >= 0 && !listed[area] && in_block(world, listed, world->parents[area], block);
}

/* Distinct counted owners of a block or of a total; -1 if some are unknown, -2 if there is no site. */
static int naive_count(const struct world *world, const bool *listed, int area, bool total)
{
    int count = 0, sites = 0;

    for (int i = 0; i < world->num_sites; i++) {
        bool here = total ? lies_below(world, world->sites[i].area, area)
                          : in_block(world, listed, world->sites[i].area, area);
        bool is_first = true;

        for (int j = 0; j < i; j++) {
            bool there = total ? lies_below(world, world->sites[j].area, area)
                               : in_block(world, listed, world->sites[j].area, area);
            if (there && world->sites[j].counts && world->sites[j].owner == world->sites[i].owner)
                is_first = false;
        }
        sites += here;
        count += here && is_first && world->sites[i].counts;
    }
    for (int i = 0; i < world->tree.num_areas && !total; i++) {
        if (world->unknown[i] && in_block(world, listed, i, area))
            return -1;
    }
    return sites == 0 ? -2 : count;
}

static bool naive_fails(int count)
{
    return count != -2 && count < MIN;
}

static int naive_depth(const struct world *world, int area)
{
    return area < 0 ? 0 : 1 + naive_depth(world, world->parents[area]);
}

static bool naive_step(const struct world *world, bool *listed)
{
    int worst = -1, smallest = -1;

    for (int i = 0; i < world->tree.num_areas; i++) {
        if (listed[i] && naive_fails(naive_count(world, listed, i, false)) &&
            (worst < 0 || naive_depth(world, i) > naive_depth(world, worst)))
            worst = i;
    }
    if (worst < 0)
        return false;
    for (int i = 0; i < world->tree.num_areas; i++) {
        int size = naive_count(world, listed, i, true);

        if (!listed[i] || i == worst || !in_block(world, listed, world->parents[i], worst))
            continue;
        size = size == -2 ? 0 : size;
        if (smallest < 0 || size < (naive_count(world, listed, smallest, true) == -2
                                        ? 0
                                        : naive_count(world, listed, smallest, true)))
            smallest = i;
    }
    if (naive_count(world, listed, worst, false) == -1)
        smallest = -1;
    listed[smallest < 0 ? worst : smallest] = false;
    return true;
}

static void assert_all_obey(const struct world *world, const bool *before, const bool *after)
{
    for (int i = 0; i < world->tree.num_areas; i++) {
        assert_true(before[i] || !after[i]);
        if (after[i])
            assert_false(naive_fails(naive_count(world, after, i, false)));
    }
}

static void test_blocks__agree_with_the_naive_rule_on_random_trees(void **state)
{
    struct random random = {1};
    int num_withheld = 0, num_kept = 0;
    (void)state;

    for (int round = 0; round < 400; round++) {
        struct world world;
        bool listed[MAX_AREAS], naive[MAX_AREAS], again[MAX_AREAS];
        size_t size = sizeof listed;

        make_world(&world, &random, false);
        memcpy(listed, world.listed, size);
        memcpy(naive, world.listed, size);
        assert_int_equal(
            blocks_withhold_few_owners(&world.tree, listed, world.sites, world.num_sites, MIN, NULL), 0);
        while (naive_step(&world, naive))
            num_withheld++;
        assert_memory_equal(listed, naive, size);
        assert_all_obey(&world, world.listed, listed);
        memcpy(again, listed, size);
        assert_int_equal(
            blocks_withhold_few_owners(&world.tree, again, world.sites, world.num_sites, MIN, NULL), 0);
        assert_memory_equal(again, listed, size);
        for (int i = 0; i < world.tree.num_areas; i++)
            num_kept += listed[i];
    }
    assert_true(num_withheld > 400 && num_kept > 400); /* both happen */
}

static void count_blocks(const struct world *world, const bool *listed, uint64_t *counts, bool *known)
{
    for (int i = 0; i < world->tree.num_areas; i++) {
        int count = listed[i] ? naive_count(world, listed, i, false) : -2;

        known[i] = count != -1;
        counts[i] = count < 0 ? 0 : (uint64_t)count;
    }
}

static void test_blocks__contributors_agree_with_the_naive_rule_on_random_trees(void **state)
{
    struct random random = {2};
    int num_unknown = 0;
    (void)state;

    for (int round = 0; round < 400; round++) {
        struct world world;
        bool listed[MAX_AREAS], naive[MAX_AREAS], again[MAX_AREAS], known[MAX_AREAS];
        uint64_t counts[MAX_AREAS];
        size_t size = sizeof listed;

        make_world(&world, &random, true);
        for (int i = 0; i < world.tree.num_areas; i++) {
            world.unknown[i] = random_below(&random, 30) == 0;
            num_unknown += world.unknown[i];
        }
        memcpy(listed, world.listed, size);
        memcpy(naive, world.listed, size);
        count_blocks(&world, listed, counts, known);
        assert_int_equal(blocks_withhold_few_contributors(&world.tree, listed, counts, known, MIN, NULL), 0);
        while (naive_step(&world, naive))
            ;
        assert_memory_equal(listed, naive, size);
        assert_all_obey(&world, world.listed, listed);
        count_blocks(&world, listed, counts, known);
        memcpy(again, listed, size);
        assert_int_equal(blocks_withhold_few_contributors(&world.tree, again, counts, known, MIN, NULL), 0);
        assert_memory_equal(again, listed, size);
    }
    assert_true(num_unknown > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks__finds_the_nearest_listed_area),
        cmocka_unit_test(test_blocks__keeps_all_that_are_large_enough),
        cmocka_unit_test(test_blocks__withholds_a_small_county_and_then_its_smallest_sibling),
        cmocka_unit_test(test_blocks__a_withheld_sibling_does_not_help_while_its_counties_are_released),
        cmocka_unit_test(test_blocks__a_hospital_directly_under_a_city_takes_the_smallest_county),
        cmocka_unit_test(test_blocks__counts_an_owner_once),
        cmocka_unit_test(test_blocks__operators_sites_do_not_count_but_must_be_hidden),
        cmocka_unit_test(test_blocks__withholds_everything_when_there_are_too_few_at_all),
        cmocka_unit_test(test_blocks__accepts_an_empty_tree),
        cmocka_unit_test(test_blocks__one_contributing_hospital_is_not_released),
        cmocka_unit_test(test_blocks__an_unknown_count_withholds_the_chain_above_and_nothing_else),
        cmocka_unit_test(test_blocks__ignores_counts_of_areas_not_listed),
        cmocka_unit_test(test_blocks__agree_with_the_naive_rule_on_random_trees),
        cmocka_unit_test(test_blocks__contributors_agree_with_the_naive_rule_on_random_trees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
