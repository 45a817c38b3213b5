/* merkle.h - hashing of an append-only log as in RFC 6962 and C2SP's tlog formats, and the checks of its
 * proofs.
 *
 *     leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right), empty tree = SHA-256("")
 *
 * A tree of n leaves splits at the largest power of two below n. Everything here is public. */
#ifndef CRYPTO_MERKLE_H
#define CRYPTO_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/keys.h"

#define MERKLE_HASH_SIZE DIGEST_SIZE
#define MERKLE_MAX_PROOF 64 /* hashes; no longer proof is looked at */

/* A growing tree: its size and the roots of its perfect subtrees, largest first. Starts as {0}. */
struct merkle {
    uint64_t size;
    uint8_t peaks[64][MERKLE_HASH_SIZE];
};

void merkle_leaf(uint8_t out[MERKLE_HASH_SIZE], const void *entry, size_t entry_len);
void merkle_node(uint8_t out[MERKLE_HASH_SIZE], const uint8_t left[MERKLE_HASH_SIZE],
                 const uint8_t right[MERKLE_HASH_SIZE]);

void merkle_add(struct merkle *tree, const uint8_t leaf[MERKLE_HASH_SIZE]);
void merkle_root(const struct merkle *tree, uint8_t root[MERKLE_HASH_SIZE]);

/* Whether `proof` shows that leaf number `index` of the tree of `size` leaves with this root is `leaf`. */
__attribute__((warn_unused_result)) bool merkle_check_inclusion(const uint8_t root[MERKLE_HASH_SIZE],
                                                                uint64_t size, uint64_t index,
                                                                const uint8_t leaf[MERKLE_HASH_SIZE],
                                                                const uint8_t (*proof)[MERKLE_HASH_SIZE],
                                                                size_t num_proof);

/* Whether `proof` shows that the tree of `old_size` leaves is the beginning of the tree of `size` leaves. The
 * empty tree is the beginning of every tree; its proof, and that between equal trees, is empty. */
__attribute__((warn_unused_result)) bool
merkle_check_consistency(uint64_t old_size, const uint8_t old_root[MERKLE_HASH_SIZE], uint64_t size,
                         const uint8_t root[MERKLE_HASH_SIZE], const uint8_t (*proof)[MERKLE_HASH_SIZE],
                         size_t num_proof);

#endif
