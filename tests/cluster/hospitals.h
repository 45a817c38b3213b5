/* hospitals.h - the province's sites as what they are: weft-node's agents, each over its own store. */
#ifndef TESTS_HOSPITALS_H
#define TESTS_HOSPITALS_H

#include "node/agent.h"
#include "tests/cluster/cluster.h"

/* After cluster_start: each site is an agent that evaluates (the drawn vector), approves, reports and reads on. */
void hospitals_start(struct cluster *cluster);
/* Before cluster_stop, whose calls under way need them no more. */
void hospitals_stop(struct cluster *cluster);

/* The site consents that its change in the newest task may be seen (NULL: in every indicator). */
void hospitals_consent(struct cluster *cluster, int site, const char *indicator);

/* Every hospital has found its report in the freeze and holds all releases, which the coordinators have too. */
bool hospitals_are_served(const struct cluster *cluster);
size_t hospitals_num_crashes(const struct cluster *cluster);

/* Where the task stands at a hospital; AGENT_NEW while it has none. */
struct agent_status hospitals_status(const struct cluster *cluster, int site);
/* A person approves what is evaluated there. */
void hospitals_approve(struct cluster *cluster, int site);
/* Keep a copy of a hospital's store as it is now; later go back to it. */
void hospitals_back_up(struct cluster *cluster, int site);
void hospitals_restore(struct cluster *cluster, int site);

#endif
