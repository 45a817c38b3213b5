/* revising.h - revisions of the cluster's task: what each site counted last, and plain sums of it. */
#ifndef TESTS_CLUSTER_REVISING_H
#define TESTS_CLUSTER_REVISING_H

#include "tests/cluster/cluster.h"

/* Of each site the numbers of its newest report, in the slots of the first task; NULL: it never reported. */
struct revising {
    struct cluster *cluster;
    uint64_t **newest;
    bool *claims_no_change; /* by site: its flags lie */
};

/* After the first task is drawn: silent sites have no report. */
void revising_start(struct revising *revising, struct cluster *cluster);
void revising_stop(struct revising *revising);

/* Publish the next revision. All sites are silent until they correct something. */
void revising_publish(struct revising *revising);
/* The site reports to the newest revision: its numbers of before with `by` more in the slot (of the first task). */
void revising_correct(struct revising *revising, int site, int slot, int by);
void revising_report_first(struct revising *revising, int site, const uint64_t *vector);

/* The plain sum of a slot of the first task over the newest reports of an area. */
uint64_t revising_sum(const struct revising *revising, int area, int slot);
/* Every release of the newest revision holds plain sums; returns how many numbers were compared. */
size_t revising_check(const struct revising *revising);
/* Why the newest revision opens no total of the area; WITHHELD_NONE if it does. */
Weft__V1__WithheldReason revising_reason(const struct revising *revising, int area);

#endif
