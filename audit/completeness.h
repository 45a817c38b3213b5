/* completeness.h - who reported, and when: counted from freezes and times alone, so that everyone counts alike.
 *
 * A site is on time when its first accepted report was accepted no later than the due time; a correction afterwards
 * does not make it late. Of a site whose area has no freeze yet nothing is known here. */
#ifndef AUDIT_COMPLETENESS_H
#define AUDIT_COMPLETENESS_H

#include "audit/view.h"

enum outcome {
    OUTCOME_PENDING, /* no freeze of its area yet */
    OUTCOME_ON_TIME,
    OUTCOME_LATE,     /* in the time of grace: it counts */
    OUTCOME_REJECTED, /* its last report was, and it has no other */
    OUTCOME_DROPPED,  /* leader and helper did not agree, or its admission had ended */
    OUTCOME_LEFT_OUT, /* frozen, but too late for the order */
    OUTCOME_MISSING,
    OUTCOME_NUM,
};

struct outcome_of_site {
    enum outcome outcome;
    int64_t first_ms, last_ms; /* of its first and its counted report, or the rejected one; 0: none */
    Weft__V1__RejectReason reason;
};
struct outcome_of_site completeness_of_site(const struct view *view, int site);

struct completeness {
    int expected, by_outcome[OUTCOME_NUM];
    int64_t first_ms, last_ms; /* over all sites; 0: none */
};
/* Of the sites at or below `area`. */
struct completeness completeness_of_area(const struct view *view, int area);

/* Sites that have an accepted report; those heard of at all. */
int completeness_verified(const struct completeness *completeness);
int completeness_received(const struct completeness *completeness);

/* "on_time", for programs, and in words. */
const char *outcome_name(enum outcome outcome);
const char *outcome_text(enum outcome outcome, enum err_lang lang);

/* ---- the record over periods ---- */

/* A yellow or red card, by what happened in the last `window` periods. */
struct card_rule {
    int window;
    int yellow_missing, yellow_late, red_missing, red_late; /* so many, or more */
};
enum card { CARD_NONE, CARD_YELLOW, CARD_RED, CARD_NUM };

/* `outcomes` from the oldest to the newest; pending ones do not count. Rejected and dropped count as missing. */
enum card card_of(const struct card_rule *rule, const enum outcome *outcomes, int num);
const char *card_name(enum card card);
const char *card_text(enum card card, enum err_lang lang);

#endif
