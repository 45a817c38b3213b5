/* test_crypto_merkle.c - tree hashing and proof checks against the recursive definitions of RFC 6962,
 * section 2.1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/merkle.h"

#define MAX_SIZE 34

typedef uint8_t hash[MERKLE_HASH_SIZE];

struct proof {
    hash hashes[MERKLE_MAX_PROOF + 1];
    size_t num;
};

static hash leaves[MAX_SIZE];

static int make_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < MAX_SIZE; i++) {
        merkle_leaf(leaves[i], &i, sizeof i);
    }
    return 0;
}

static size_t split_of(size_t num)
{
    size_t split = 1;

    while (2 * split < num) {
        split *= 2;
    }
    return split;
}

static void naive_root(hash out, const hash *from, size_t num)
{
    hash left, right;

    if (num == 0) {
        digest(out, "", 0);
    } else if (num == 1) {
        memcpy(out, from[0], sizeof(hash));
    } else {
        naive_root(left, from, split_of(num));
        naive_root(right, from + split_of(num), num - split_of(num));
        merkle_node(out, left, right);
    }
}

static void append(struct proof *proof, const hash *from, size_t num)
{
    naive_root(proof->hashes[proof->num++], from, num);
}

static void naive_inclusion(struct proof *proof, size_t index, const hash *from, size_t num)
{
    size_t split = split_of(num);

    if (num <= 1) {
        return;
    }
    if (index < split) {
        naive_inclusion(proof, index, from, split);
        append(proof, from + split, num - split);
    } else {
        naive_inclusion(proof, index - split, from + split, num - split);
        append(proof, from, split);
    }
}

static void naive_consistency(struct proof *proof, size_t old, const hash *from, size_t num, bool whole)
{
    size_t split = split_of(num);

    if (old == num) {
        if (!whole) {
            append(proof, from, num);
        }
    } else if (old <= split) {
        naive_consistency(proof, old, from, split, whole);
        append(proof, from + split, num - split);
    } else {
        naive_consistency(proof, old - split, from + split, num - split, false);
        append(proof, from, split);
    }
}

static void test_merkle__grows_to_the_defined_roots(void **state)
{
    struct merkle tree = {0};
    hash root, expected;

    (void)state;
    for (size_t size = 0; size <= MAX_SIZE; size++) {
        merkle_root(&tree, root);
        naive_root(expected, leaves, size);
        assert_memory_equal(root, expected, sizeof root);
        assert_int_equal(tree.size, size);
        if (size < MAX_SIZE) {
            merkle_add(&tree, leaves[size]);
        }
    }
}

/* The well-known example of certificate transparency's own tests. */
static void test_merkle__has_the_published_roots(void **state)
{
    static const struct {
        const char *entry;
        size_t len;
        const char *root;
    } known[] = {
        {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"\x10", 1, NULL},
        {"\x20\x21", 2, NULL},
        {"\x30\x31", 2, NULL},
        {"\x40\x41\x42\x43", 4, NULL},
        {"\x50\x51\x52\x53\x54\x55\x56\x57", 8, NULL},
        {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct merkle tree = {0};

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hash leaf, root;
        char text[2 * sizeof root + 1];
        merkle_leaf(leaf, known[i].entry, known[i].len);
        merkle_add(&tree, leaf);
        merkle_root(&tree, root);
        for (size_t b = 0; b < sizeof root; b++) {
            snprintf(text + 2 * b, 3, "%02x", root[b]);
        }
        if (known[i].root != NULL) {
            assert_string_equal(text, known[i].root);
        }
    }
}

static bool includes(const hash root, size_t size, size_t index, const hash leaf, const struct proof *proof)
{
    return merkle_check_inclusion(root, size, index, leaf, proof->hashes, proof->num);
}

static void test_merkle__accepts_each_leaf_only_at_its_place(void **state)
{
    (void)state;
    for (size_t size = 1; size <= MAX_SIZE; size++) {
        hash root;
        naive_root(root, leaves, size);
        for (size_t index = 0; index < size; index++) {
            struct proof proof = {0};
            naive_inclusion(&proof, index, leaves, size);
            for (size_t claimed = 0; claimed <= size + 1; claimed++) {
                assert_int_equal(includes(root, size, claimed, leaves[index], &proof), claimed == index);
            }
            assert_false(includes(root, size, index, leaves[(index + 1) % MAX_SIZE], &proof));
        }
    }
}

static void test_merkle__refuses_altered_inclusion_proofs(void **state)
{
    (void)state;
    for (size_t size = 1; size <= MAX_SIZE; size++) {
        hash root;
        naive_root(root, leaves, size);
        for (size_t index = 0; index < size; index++) {
            struct proof proof = {0};
            naive_inclusion(&proof, index, leaves, size);
            for (size_t i = 0; i < proof.num; i++) {
                proof.hashes[i][i % sizeof(hash)] ^= 1;
                assert_false(includes(root, size, index, leaves[index], &proof));
                proof.hashes[i][i % sizeof(hash)] ^= 1;
            }
            proof.num++;
            assert_false(includes(root, size, index, leaves[index], &proof));
            if (proof.num >= 2) {
                proof.num -= 2;
                assert_false(includes(root, size, index, leaves[index], &proof));
            }
        }
    }
}

static bool consistent(size_t old, const hash old_root, size_t size, const hash root,
                       const struct proof *proof)
{
    return merkle_check_consistency(old, old_root, size, root, proof->hashes, proof->num);
}

static void test_merkle__accepts_each_beginning_only_as_itself(void **state)
{
    (void)state;
    for (size_t size = 1; size <= MAX_SIZE; size++) {
        hash root;
        naive_root(root, leaves, size);
        for (size_t old = 1; old <= size; old++) {
            struct proof proof = {0};
            hash old_root, wrong;
            naive_root(old_root, leaves, old);
            naive_consistency(&proof, old, leaves, size, true);
            assert_true(consistent(old, old_root, size, root, &proof));
            memcpy(wrong, old_root, sizeof wrong);
            wrong[5] ^= 1;
            assert_false(consistent(old, wrong, size, root, &proof));
            memcpy(wrong, root, sizeof wrong);
            wrong[5] ^= 1;
            assert_false(consistent(old, old_root, size, wrong, &proof));
            assert_false(consistent(size + 1, old_root, size, root, &proof));
            if (old < size) {
                naive_root(wrong, leaves + 1, old); /* another history of the same size */
                assert_false(consistent(old, wrong, size, root, &proof));
            }
        }
    }
}

static void test_merkle__refuses_altered_consistency_proofs(void **state)
{
    (void)state;
    for (size_t size = 2; size <= MAX_SIZE; size++) {
        hash root;
        naive_root(root, leaves, size);
        for (size_t old = 1; old <= size; old++) {
            struct proof proof = {0};
            hash old_root;
            naive_root(old_root, leaves, old);
            naive_consistency(&proof, old, leaves, size, true);
            for (size_t i = 0; i < proof.num; i++) {
                proof.hashes[i][i % sizeof(hash)] ^= 1;
                assert_false(consistent(old, old_root, size, root, &proof));
                proof.hashes[i][i % sizeof(hash)] ^= 1;
            }
            proof.num++;
            assert_false(consistent(old, old_root, size, root, &proof));
            if (proof.num >= 2) {
                proof.num -= 2;
                assert_false(consistent(old, old_root, size, root, &proof));
            }
        }
    }
}

static void test_merkle__takes_the_empty_tree_as_every_beginning(void **state)
{
    struct proof proof = {0};
    hash empty, root;

    (void)state;
    naive_root(empty, leaves, 0);
    naive_root(root, leaves, 5);
    assert_true(consistent(0, empty, 5, root, &proof));
    assert_true(consistent(0, empty, 0, empty, &proof));
    assert_false(consistent(0, root, 5, root, &proof));
    proof.num = 1;
    assert_false(consistent(0, empty, 5, root, &proof));
    assert_false(includes(empty, 0, 0, leaves[0], &proof));
}

static void test_merkle__bounds_proofs_for_huge_sizes(void **state)
{
    struct proof proof = {.num = MERKLE_MAX_PROOF};

    (void)state;
    assert_false(
        merkle_check_inclusion(leaves[0], UINT64_MAX, UINT64_MAX - 1, leaves[0], proof.hashes, proof.num));
    assert_false(
        merkle_check_consistency(UINT64_MAX - 1, leaves[0], UINT64_MAX, leaves[1], proof.hashes, proof.num));
    proof.num = MERKLE_MAX_PROOF + 1;
    assert_false(merkle_check_inclusion(leaves[0], UINT64_MAX, 0, leaves[0], proof.hashes, proof.num));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merkle__grows_to_the_defined_roots),
        cmocka_unit_test(test_merkle__has_the_published_roots),
        cmocka_unit_test(test_merkle__accepts_each_leaf_only_at_its_place),
        cmocka_unit_test(test_merkle__refuses_altered_inclusion_proofs),
        cmocka_unit_test(test_merkle__accepts_each_beginning_only_as_itself),
        cmocka_unit_test(test_merkle__refuses_altered_consistency_proofs),
        cmocka_unit_test(test_merkle__takes_the_empty_tree_as_every_beginning),
        cmocka_unit_test(test_merkle__bounds_proofs_for_huge_sizes),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
