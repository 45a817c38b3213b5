/* fuzz_prio3.c - hostile shares and messages against Prio3 verification.
 *
 * The first byte chooses the instance, the second what is hostile, the next two where; the rest is laid over
 * an honest message at that place (or is the whole message). Whatever passes verification must open to values
 * within bounds. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/prio3.h"

#define NUM_ELEMENTS  3
#define NUM_INSTANCES 4
#define CTX           (const uint8_t *)"fuzz", 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static const uint64_t mixed[NUM_ELEMENTS] = {1, 6, 1000}, equal[NUM_ELEMENTS] = {9, 9, 9};
static const uint64_t measurement[NUM_ELEMENTS] = {1, 5, 8};
static const uint8_t key[PRIO3_VERIFY_KEY_SIZE] = {1}, nonce[PRIO3_NONCE_SIZE] = {2}, randomness[128] = {3};

static const struct prio3_parameters instances[NUM_INSTANCES] = {
    {PRIO3_MIXED_SUMVEC_64, 4, NUM_ELEMENTS, mixed},
    {PRIO3_MIXED_SUMVEC_128, 5, NUM_ELEMENTS, mixed},
    {PRIO3_SUMVEC, 3, NUM_ELEMENTS, equal},
    {PRIO3_SUMVEC_MULTIPROOF, 1, NUM_ELEMENTS, equal},
};

enum { PUBLIC_SHARE, LEADER_SHARE, HELPER_SHARE, LEADER_VERIFIER, HELPER_VERIFIER, MESSAGE, NUM_MESSAGES };

struct message {
    uint8_t *data;
    size_t len;
};

/* The hostile part of an input. */
struct attack {
    const uint8_t *data;
    size_t len, offset;
    unsigned target;
    bool replace; /* the whole message, with any length */
};

static void must(bool good)
{
    if (!good) {
        abort();
    }
}

static struct message message_new(size_t len)
{
    struct message message = {malloc(len + (len == 0)), len};

    must(message.data != NULL);
    return message;
}

/* Called when message `number` is about to be delivered. */
static void strike(const struct attack *attack, struct message *message, unsigned number)
{
    if (attack->target != number) {
        return;
    }
    if (attack->replace) {
        free(message->data);
        *message = message_new(attack->len);
        memcpy(message->data, attack->data, attack->len);
        return;
    }
    for (size_t i = 0; i < attack->len && attack->offset + i < message->len; i++) {
        message->data[attack->offset + i] ^= attack->data[i];
    }
}

/* The aggregators' steps; true if both accept. */
static bool verify(const struct prio3 *prio3, const struct attack *attack,
                   struct message messages[NUM_MESSAGES], struct prio3_state *states[2],
                   uint8_t *out_shares[2])
{
    for (unsigned id = 0; id < 2; id++) {
        if (prio3_verify_init(prio3, &states[id], messages[LEADER_VERIFIER + id].data, key, CTX, id, nonce,
                              messages[PUBLIC_SHARE].data, messages[PUBLIC_SHARE].len,
                              messages[LEADER_SHARE + id].data,
                              messages[LEADER_SHARE + id].len) != PRIO3_OK) {
            return false;
        }
    }
    strike(attack, &messages[LEADER_VERIFIER], LEADER_VERIFIER);
    strike(attack, &messages[HELPER_VERIFIER], HELPER_VERIFIER);
    const uint8_t *const shares[2] = {messages[LEADER_VERIFIER].data, messages[HELPER_VERIFIER].data};
    const size_t lens[2] = {messages[LEADER_VERIFIER].len, messages[HELPER_VERIFIER].len};
    if (prio3_verifier_shares_to_message(prio3, messages[MESSAGE].data, CTX, shares, lens) != PRIO3_OK) {
        return false;
    }
    strike(attack, &messages[MESSAGE], MESSAGE);
    for (unsigned id = 0; id < 2; id++) {
        if (prio3_verify_next(prio3, out_shares[id], states[id], messages[MESSAGE].data,
                              messages[MESSAGE].len) != PRIO3_OK) {
            return false;
        }
    }
    return true;
}

static void run(const struct prio3 *prio3, const uint64_t *maxima, const struct attack *attack)
{
    const struct prio3_sizes *sizes = prio3_sizes(prio3);
    const size_t lens[NUM_MESSAGES] = {sizes->public_share,   sizes->input_share[0], sizes->input_share[1],
                                       sizes->verifier_share, sizes->verifier_share, PRIO3_MESSAGE_SIZE};
    struct message messages[NUM_MESSAGES];
    struct prio3_state *states[2] = {NULL, NULL};
    uint8_t *out_shares[2] = {malloc(sizes->out_share), malloc(sizes->out_share)};
    uint64_t totals[NUM_ELEMENTS];

    for (unsigned i = 0; i < NUM_MESSAGES; i++) {
        messages[i] = message_new(lens[i]);
    }
    uint8_t *const shares[2] = {messages[LEADER_SHARE].data, messages[HELPER_SHARE].data};
    must(prio3_shard(prio3, messages[PUBLIC_SHARE].data, shares, measurement, CTX, nonce, randomness,
                     sizeof randomness) == PRIO3_OK);
    for (unsigned i = PUBLIC_SHARE; i <= HELPER_SHARE; i++) {
        strike(attack, &messages[i], i);
    }
    if (verify(prio3, attack, messages, states, out_shares)) {
        must(prio3_unshard(prio3, totals, (const uint8_t *const *)out_shares, NUM_ELEMENTS, maxima) ==
             PRIO3_OK);
    }
    for (unsigned i = 0; i < NUM_MESSAGES; i++) {
        free(messages[i].data);
    }
    for (unsigned id = 0; id < 2; id++) {
        prio3_state_free(&states[id]);
        free(out_shares[id]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static struct prio3 *made[NUM_INSTANCES];

    if (data_len < 4) {
        return 0;
    }
    size_t chosen = data[0] % NUM_INSTANCES;
    if (made[chosen] == NULL) {
        must(prio3_new(&made[chosen], &instances[chosen]) == PRIO3_OK);
    }
    const struct attack attack = {.data = data + 4,
                                  .len = data_len - 4,
                                  .offset = (size_t)data[2] << 8 | data[3],
                                  .target = (data[1] & 0x7f) % (NUM_MESSAGES + 1), /* or none at all */
                                  .replace = data[1] >> 7};
    run(made[chosen], instances[chosen].maxima, &attack);
    return 0;
}
