/* bench_crypto.c - Prio3, HPKE, TurboSHAKE and the fields, one thread. Figures of libprio-rs (the better
 * known Rust implementation; 0.18, same wire format) are medians of the fast state of an AMD Zen 5 with tuned
 * allocator. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/field128.h"
#include "crypto/field64.h"
#include "crypto/hpke.h"
#include "crypto/prio3.h"
#include "crypto/turboshake.h"

#define PEER       "libprio-rs 0.18"
#define CTX        (const uint8_t *)"weft v1", 7
#define VECTOR_LEN 1024

static void need(int good)
{
    if (!good) {
        fprintf(stderr, "a step failed\n");
        exit(1);
    }
}

static void *need_memory(size_t len)
{
    void *memory = calloc(1, len);

    need(memory != NULL);
    return memory;
}

/* ---- Prio3 ---- */

/* An instance and one report of it. */
struct prio3_bench {
    struct prio3 *prio3;
    const struct prio3_sizes *sizes;
    size_t num;
    uint64_t *measurement;
    uint8_t *public_share, *input_shares[PRIO3_SHARES], *verifier_shares[PRIO3_SHARES],
        *out_shares[PRIO3_SHARES];
    uint8_t *sum, message[PRIO3_MESSAGE_SIZE];
    unsigned id; /* whose step is timed */
};

static const uint8_t key[PRIO3_VERIFY_KEY_SIZE] = {1}, nonce[PRIO3_NONCE_SIZE] = {2}, randomness[128] = {3};

static void shard(void *data)
{
    struct prio3_bench *b = data;

    need(prio3_shard(b->prio3, b->public_share, b->input_shares, b->measurement, CTX, nonce, randomness,
                     b->sizes->rand) == PRIO3_OK);
}

static struct prio3_state *init(struct prio3_bench *b, unsigned id)
{
    struct prio3_state *state = NULL;

    need(prio3_verify_init(b->prio3, &state, b->verifier_shares[id], key, CTX, id, nonce, b->public_share,
                           b->sizes->public_share, b->input_shares[id],
                           b->sizes->input_share[id]) == PRIO3_OK);
    return state;
}

static void combine(void *data)
{
    struct prio3_bench *b = data;
    const uint8_t *const shares[] = {b->verifier_shares[0], b->verifier_shares[1]};
    const size_t lens[] = {b->sizes->verifier_share, b->sizes->verifier_share};

    need(prio3_verifier_shares_to_message(b->prio3, b->message, CTX, shares, lens) == PRIO3_OK);
}

static void init_and_next(void *data)
{
    struct prio3_bench *b = data;
    struct prio3_state *state = init(b, b->id);

    need(prio3_verify_next(b->prio3, b->out_shares[b->id], state, b->message, sizeof b->message) == PRIO3_OK);
    prio3_state_free(&state);
}

static void accumulate(void *data)
{
    struct prio3_bench *b = data;

    need(prio3_accumulate(b->prio3, b->sum, b->out_shares[0], b->num) == PRIO3_OK);
}

static void prio3_bench_make(struct prio3_bench *b, enum prio3_algorithm algorithm, const uint64_t *maxima,
                             size_t num)
{
    struct prio3_parameters parameters = {algorithm, prio3_best_chunk_length(prio3_num_bits(maxima, num)),
                                          num, maxima};

    *b = (struct prio3_bench){.num = num};
    need(prio3_new(&b->prio3, &parameters) == PRIO3_OK);
    b->sizes = prio3_sizes(b->prio3);
    b->measurement = need_memory(num * sizeof *b->measurement);
    for (size_t i = 0; i < num; i++) {
        b->measurement[i] = maxima[i] / 3;
    }
    b->public_share = need_memory(b->sizes->public_share);
    b->sum = need_memory(b->sizes->out_share);
    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        b->input_shares[i] = need_memory(b->sizes->input_share[i]);
        b->verifier_shares[i] = need_memory(b->sizes->verifier_share);
        b->out_shares[i] = need_memory(b->sizes->out_share);
    }
    shard(b);
    for (unsigned id = 0; id < PRIO3_SHARES; id++) {
        struct prio3_state *state = init(b, id);
        prio3_state_free(&state);
    }
    combine(b);
}

static void prio3_bench_clear(struct prio3_bench *b)
{
    for (size_t i = 0; i < PRIO3_SHARES; i++) {
        free(b->input_shares[i]);
        free(b->verifier_shares[i]);
        free(b->out_shares[i]);
    }
    free(b->public_share);
    free(b->sum);
    free(b->measurement);
    prio3_free(&b->prio3);
}

/* Microseconds of the peer for each step; 0 where unknown. Its verify_init does not include decoding the
 * leader's share, which is added here; ours checks the share itself. */
struct peer {
    double shard, leader, helper, combine, accumulate;
};

static void bench_prio3(struct bench *bench, const char *shape, enum prio3_algorithm algorithm,
                        const uint64_t *maxima, size_t num, struct peer peer)
{
    struct prio3_bench b;
    char name[80];
    const struct {
        const char *step;
        void (*run)(void *data);
        unsigned id;
        double peer;
    } steps[] = {
        {"shard", shard, 0, peer.shard},
        {"leader init+next", init_and_next, 0, peer.leader},
        {"helper init+next", init_and_next, 1, peer.helper},
        {"combine", combine, 0, peer.combine},
        {"accumulate", accumulate, 0, peer.accumulate},
    };

    prio3_bench_make(&b, algorithm, maxima, num);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        b.id = steps[i].id;
        snprintf(name, sizeof name, "%s %s", shape, steps[i].step);
        bench_report(bench, name, "scalar", bench_time(steps[i].run, &b) * 1e6, "us", steps[i].peer, PEER);
    }
    snprintf(name, sizeof name, "%s report", shape);
    bench_report(bench, name, "-",
                 (double)(b.sizes->input_share[0] + b.sizes->input_share[1] + b.sizes->public_share), "B", 0,
                 NULL);
    prio3_bench_clear(&b);
}

/* ---- HPKE ---- */

struct hpke_bench {
    uint8_t private_key[HPKE_KEY_SIZE], public_key[HPKE_KEY_SIZE], ikm[HPKE_IKM_SIZE], enc[HPKE_KEY_SIZE];
    uint8_t *plaintext, *ciphertext;
    size_t len;
};

static void seal(void *data)
{
    struct hpke_bench *h = data;

    need(hpke_seal(h->enc, h->ciphertext, h->public_key, NULL, 0, NULL, 0, h->plaintext, h->len, h->ikm));
}

static void open_sealed(void *data)
{
    struct hpke_bench *h = data;

    need(hpke_open(h->plaintext, h->enc, h->ciphertext, h->len + HPKE_TAG_SIZE, h->private_key, NULL, 0, NULL,
                   0));
}

static void bench_hpke(struct bench *bench, size_t len)
{
    struct hpke_bench h = {
        .len = len, .plaintext = need_memory(len), .ciphertext = need_memory(len + HPKE_TAG_SIZE)};
    char name[80];

    hpke_derive_key_pair(h.private_key, h.public_key, (const uint8_t *)"ikm", 3);
    snprintf(name, sizeof name, "HPKE seal %zu B", len);
    bench_report(bench, name, "openssl", bench_time(seal, &h) * 1e6, "us", 0, NULL);
    snprintf(name, sizeof name, "HPKE open %zu B", len);
    bench_report(bench, name, "openssl", bench_time(open_sealed, &h) * 1e6, "us", 0, NULL);
    free(h.plaintext);
    free(h.ciphertext);
}

/* ---- primitives ---- */

static uint8_t stream[65520];

static void absorb(void *data)
{
    turboshake128_absorb(data, stream, sizeof stream);
}

static void squeeze(void *data)
{
    turboshake128_squeeze(data, stream, sizeof stream);
}

static void bench_turboshake(struct bench *bench)
{
    struct turboshake128 sponge;
    double size = (double)sizeof stream;

    turboshake128_init(&sponge);
    bench_report(bench, "TurboSHAKE128 absorb", "scalar", bench_time(absorb, &sponge) * 1e9 / size, "ns/B",
                 1.1, "plain C, gcc 12");
    turboshake128_finish(&sponge, 1);
    bench_report(bench, "TurboSHAKE128 squeeze", "scalar", bench_time(squeeze, &sponge) * 1e9 / size, "ns/B",
                 1.1, "plain C, gcc 12");
}

static field64 a64[VECTOR_LEN], b64[VECTOR_LEN];
static field128 a128[VECTOR_LEN], b128[VECTOR_LEN];

static void multiply64(void *data)
{
    (void)data;
    for (size_t i = 0; i < VECTOR_LEN; i++) {
        a64[i] = field64_mul(a64[i], b64[i]);
    }
}

static void multiply128(void *data)
{
    (void)data;
    for (size_t i = 0; i < VECTOR_LEN; i++) {
        a128[i] = field128_mul(a128[i], b128[i]);
    }
}

static void inner128(void *data)
{
    struct field128_sum sum = {{0}};

    (void)data;
    for (size_t i = 0; i < VECTOR_LEN; i++) {
        field128_sum_add(&sum, a128[i], b128[i]);
    }
    a128[0] = field128_sum_reduce(&sum);
}

static void bench_fields(struct bench *bench)
{
    for (size_t i = 0; i < VECTOR_LEN; i++) {
        a64[i] = b64[i] = i * 0x123456789abcdefu % FIELD64_P;
        a128[i] = b128[i] = (field128){i * 0x123456789abcdefu, i * 0xfedcba987654321u >> 1};
    }
    bench_report(bench, "Field64 mul", "scalar", bench_time(multiply64, NULL) * 1e9 / VECTOR_LEN, "ns", 1.15,
                 "prototype, clang 14");
    bench_report(bench, "Field128 mul", "scalar", bench_time(multiply128, NULL) * 1e9 / VECTOR_LEN, "ns",
                 5.35, "prototype, gcc 12");
    bench_report(bench, "Field128 inner product, per term", "scalar",
                 bench_time(inner128, NULL) * 1e9 / VECTOR_LEN, "ns", 2.3, "prototype, mulx and adc");
}

int main(int argc, char **argv)
{
    struct bench *bench = bench_open("crypto", argc, argv);
    static uint64_t equal[1000], mixed[92];

    for (size_t i = 0; i < 1000; i++) {
        equal[i] = 65535;
    }
    for (size_t i = 0; i < 92; i++) { /* 1 to 40 bits, as the slots of a real task */
        mixed[i] = ((uint64_t)1 << (1 + i * 7 % 40)) - 1;
    }
    bench_prio3(bench, "SumVec 1000x16", PRIO3_SUMVEC, equal, 1000,
                (struct peer){4540, 1630, 2350, 1.5, 1.1});
    bench_prio3(bench, "SumVec 1000x16 Field64x3", PRIO3_SUMVEC_MULTIPROOF, equal, 1000,
                (struct peer){4710, 970, 1550, 0, 0});
    bench_prio3(bench, "SumVec 100x16", PRIO3_SUMVEC, equal, 100, (struct peer){545, 150, 220, 0.8, 0.14});
    bench_prio3(bench, "MixedSumVec 92 slots Field64x3", PRIO3_MIXED_SUMVEC_64, mixed, 92, (struct peer){0});
    bench_prio3(bench, "MixedSumVec 92 slots Field128", PRIO3_MIXED_SUMVEC_128, mixed, 92, (struct peer){0});
    bench_hpke(bench, 1024);
    bench_hpke(bench, 264144);
    bench_turboshake(bench);
    bench_fields(bench);
    bench_close(bench);
    return 0;
}
