/* reported.h - what has come in so far from the sites that a coordinator serves, from its own store: before an area's list
 * is signed nobody else knows, and it may still change. */
#ifndef COORDINATOR_REPORTED_H
#define COORDINATOR_REPORTED_H

#include "audit/view.h"
#include "coordinator/db.h"

struct reported {
    int expected, accepted, waiting, rejected; /* rejected: and none accepted */
    int *missing;                              /* sites without an accepted report */
    int num_missing;
};

/* Of the sites at or below `area` that report to areas which coordinator `self` serves. End with reported_clear. */
WEFT_MUST_USE int reported_count(struct reported *reported, struct db *db, const struct view *view, int self,
                                 int area, struct err *err);
void reported_clear(struct reported *reported);

#endif
