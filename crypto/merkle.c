/* merkle.c - RFC 6962 tree hashing; the proof checks follow RFC 9162, sections 2.1.3.2 and 2.1.4.2. */
#include "crypto/merkle.h"

#include <string.h>

void merkle_leaf(uint8_t out[MERKLE_HASH_SIZE], const void *entry, size_t entry_len)
{
    const uint8_t kind = 0x00;
    digest_of(out, (const struct bytes[]){{&kind, 1}, {entry, entry_len}}, 2);
}

void merkle_node(uint8_t out[MERKLE_HASH_SIZE], const uint8_t left[MERKLE_HASH_SIZE],
                 const uint8_t right[MERKLE_HASH_SIZE])
{
    const uint8_t kind = 0x01;
    digest_of(out, (const struct bytes[]){{&kind, 1}, {left, MERKLE_HASH_SIZE}, {right, MERKLE_HASH_SIZE}},
              3);
}

/* The number of perfect subtrees: one for each bit of the size. */
static size_t num_peaks(uint64_t size)
{
    size_t num = 0;

    for (; size > 0; size &= size - 1) {
        num++;
    }
    return num;
}

void merkle_add(struct merkle *tree, const uint8_t leaf[MERKLE_HASH_SIZE])
{
    size_t num = num_peaks(tree->size);
    uint8_t hash[MERKLE_HASH_SIZE];

    memcpy(hash, leaf, sizeof hash);
    for (uint64_t rest = tree->size; rest & 1; rest >>= 1) { /* two equal subtrees become one */
        num--;
        merkle_node(hash, tree->peaks[num], hash);
    }
    memcpy(tree->peaks[num], hash, sizeof hash);
    tree->size++;
}

void merkle_root(const struct merkle *tree, uint8_t root[MERKLE_HASH_SIZE])
{
    size_t num = num_peaks(tree->size);

    if (num == 0) {
        digest(root, NULL, 0);
        return;
    }
    memcpy(root, tree->peaks[num - 1], MERKLE_HASH_SIZE);
    for (size_t i = num - 1; i-- > 0;) {
        merkle_node(root, tree->peaks[i], root);
    }
}

static bool same(const uint8_t a[MERKLE_HASH_SIZE], const uint8_t b[MERKLE_HASH_SIZE])
{
    return memcmp(a, b, MERKLE_HASH_SIZE) == 0;
}

bool merkle_check_inclusion(const uint8_t root[MERKLE_HASH_SIZE], uint64_t size, uint64_t index,
                            const uint8_t leaf[MERKLE_HASH_SIZE], const uint8_t (*proof)[MERKLE_HASH_SIZE],
                            size_t num_proof)
{
    uint8_t hash[MERKLE_HASH_SIZE];

    if (index >= size || num_proof > MERKLE_MAX_PROOF) {
        return false;
    }
    uint64_t node = index, last = size - 1; /* positions at the current level */
    memcpy(hash, leaf, sizeof hash);
    for (size_t i = 0; i < num_proof; i++, node >>= 1, last >>= 1) {
        if (last == 0) {
            return false; /* too long */
        }
        if ((node & 1) == 0 && node != last) {
            merkle_node(hash, hash, proof[i]);
            continue;
        }
        while ((node & 1) ==
               0) { /* a last node without a sibling moves up unchanged; node > 0, as last > 0 */
            node >>= 1;
            last >>= 1;
        }
        merkle_node(hash, proof[i], hash);
    }
    return last == 0 && same(hash, root);
}

bool merkle_check_consistency(uint64_t old_size, const uint8_t old_root[MERKLE_HASH_SIZE], uint64_t size,
                              const uint8_t root[MERKLE_HASH_SIZE], const uint8_t (*proof)[MERKLE_HASH_SIZE],
                              size_t num_proof)
{
    uint8_t old_hash[MERKLE_HASH_SIZE], hash[MERKLE_HASH_SIZE];
    size_t i = 0;

    if (old_size > size || num_proof > MERKLE_MAX_PROOF) {
        return false;
    }
    if (old_size == 0) {
        digest(hash, NULL, 0);
        return num_proof == 0 && same(old_root, hash);
    }
    if (old_size == size) {
        return num_proof == 0 && same(old_root, root);
    }
    uint64_t node = old_size - 1, last = size - 1;
    while (node & 1) { /* up to the old tree's last perfect subtree */
        node >>= 1;
        last >>= 1;
    }
    if (node > 0 && num_proof == 0) {
        return false;
    }
    /* If the old tree is that subtree, the proof leaves it out. */
    memcpy(hash, node > 0 ? proof[i++] : old_root, sizeof hash);
    memcpy(old_hash, hash, sizeof old_hash);
    for (; i < num_proof; i++, node >>= 1, last >>= 1) {
        if (last == 0) {
            return false;
        }
        if ((node & 1) == 0 && node != last) {
            merkle_node(hash, hash, proof[i]);
            continue;
        }
        while ((node & 1) == 0) {
            node >>= 1;
            last >>= 1;
        }
        merkle_node(old_hash, proof[i], old_hash);
        merkle_node(hash, proof[i], hash);
    }
    return last == 0 && same(old_hash, old_root) && same(hash, root);
}
