/* malicious.h - a province with one modified party: what the tests of lies share. */
#ifndef TESTS_MALICIOUS_H
#define TESTS_MALICIOUS_H

#include "tests/cluster/hostile.h"

/* Like those of hostile.h, with fewer looks for news: lies are waited out. */
static const struct cluster_shape quick = {
    .num_cities = 1, .counties_per_city = 2, .min_sites = 3, .max_sites = 3, .poll_ms = 2000};
static const struct cluster_shape patient = {.num_cities = 1,
                                             .counties_per_city = 2,
                                             .min_sites = 3,
                                             .max_sites = 3,
                                             .waits_for_close = true,
                                             .poll_ms = 2000};
static const struct cluster_shape wide = {.num_cities = 1,
                                          .counties_per_city = 2,
                                          .min_sites = 5,
                                          .max_sites = 5,
                                          .waits_for_close = true,
                                          .poll_ms = 2000};

/* What the liar is about; cluster.liar.user. */
struct lie {
    int who; /* the modified party */
    int to;  /* whom it lies to; NONE: everyone */
    const char *site, *area;
    uint64_t add; /* to the slot */
    int slot;
    size_t count; /* lies told */
};

static inline void begin_lie(struct cluster *cluster, const struct cluster_shape *shape, struct lie *lie,
                             const char *who)
{
    begin(cluster, shape);
    lie->who = coordinator(cluster, who);
    lie->to = NONE;
    cluster->liar.user = lie;
}

static inline void all_report(struct cluster *cluster)
{
    set_silent(cluster, false);
    assert_true(cluster_run(cluster, all_have_receipts, 60000));
}

/* Everything that can come has come. */
static inline void run_out(struct cluster *cluster)
{
    (void)cluster_run(cluster, cluster_is_released,
                      cluster->task->wire->pattern_ms + 600000 - cluster->now_ms);
    run_for(cluster, 5000);
}

/* What is put into a message must outlive it: messages own one block of memory. */
#define SPOKEN_MAX 4096
static Weft__V1__Document *spoken[SPOKEN_MAX];
static Weft__V1__HpkeCiphertext *passed[SPOKEN_MAX];
static size_t num_spoken, num_passed;

static inline void end(struct cluster *cluster)
{
    cluster_stop(cluster);
    while (num_spoken > 0) {
        document_free(&spoken[--num_spoken]);
    }
    while (num_passed > 0) {
        share_free(&passed[--num_passed]);
    }
}

/* Put the document with another body, signed by that coordinator alone, in its place. */
static inline void sign_anew(const struct cluster *cluster, Weft__V1__Document **document, int signer,
                             const ProtobufCMessage *body)
{
    Weft__V1__Document *made = NULL;

    assert_true(num_spoken < SPOKEN_MAX);
    assert_int_equal(document_new(&made, (*document)->type, body, NULL), 0);
    assert_int_equal(document_sign(&made, cluster->roster->coordinators[signer].wire->id,
                                   cluster->coordinators[signer].sign_key, NULL),
                     0);
    *document = spoken[num_spoken++] = made;
}

static inline bool is_released(const struct cluster *cluster, const char *code)
{
    return cluster_top_view(cluster)->releases[area(cluster, code)].document != NULL;
}

#endif
