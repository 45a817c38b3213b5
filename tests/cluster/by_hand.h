/* by_hand.h - reports as no honest site makes them: any part may be wrong, and all else is right. */
#ifndef TESTS_BY_HAND_H
#define TESTS_BY_HAND_H

#include "tests/cluster/cluster.h"

struct by_hand {
    int site;
    uint32_t revision;
    /* NULL or false: as it should be */
    const uint8_t *report_id, *task_id, *sign_key, *leader_key, *helper_key;
    const uint8_t *sealed_for; /* the task in the seals; NULL: this one */
    const char *site_id;
    bool breaks_proof;   /* one element of the leader's share is another, valid one */
    bool is_no_element;  /* one element of the leader's share is no field element */
    size_t short_by;     /* bytes missing at the leader's ciphertext */
    bool adds_signature; /* a second one, under another name */
};

/* The caller ends it with report_free. Needs the key sheets of the site's pair. */
Weft__V1__SubmitRequest *report_by_hand(struct cluster *cluster, const struct by_hand *how);

#endif
