/* progress.h - how far a task is, and what it waits for, as its public documents tell. */
#ifndef COORDINATOR_PROGRESS_H
#define COORDINATOR_PROGRESS_H

#include "audit/view.h"

enum progress_phase {
    PHASE_PUBLISHED, /* not open yet */
    PHASE_OPEN,
    PHASE_CLOSING,   /* no report counts any more; freezes are missing */
    PHASE_CLOSED,    /* all is frozen; counts and shares are on their way */
    PHASE_ROLLED_UP, /* all that may be opened is opened; releases are missing */
    PHASE_RELEASED,
    PHASE_REVISED, /* released, and a revision has brought newer totals */
    PHASE_VOID,
    PHASE_EXPIRED, /* keys and shares are destroyed */
    PHASE_NUM,
};

enum progress_wait {
    WAIT_NOTHING,
    WAIT_OPENING,
    WAIT_REPORTS, /* missing: sites */
    WAIT_PARTS,   /* of a longer period; missing: its parts */
    WAIT_FREEZES, /* missing: areas, as in all below where there can be several */
    WAIT_ORDER,
    WAIT_CONTRIBUTES,
    WAIT_PLAN,
    WAIT_STATES,
    WAIT_PATTERN,
    WAIT_RELEASES,
    WAIT_NUM,
};

struct progress {
    enum progress_phase phase;
    enum progress_wait wait;
    int *missing; /* indices; of sites the caller adds them, documents do not tell who has reported */
    int num_missing, num_expected;
    int64_t until_ms; /* what then happens without it; 0: nothing but waiting */
};

/* As the order tells that holds for `area`: the top's or, where a subtree went on without it, the subtree's own. */
WEFT_MUST_USE int progress_of(struct progress *progress, const struct view *view, int area, int64_t now_ms,
                              struct err *err);
void progress_clear(struct progress *progress);

/* "rolled_up", for programs. */
const char *progress_phase_name(enum progress_phase phase);
const char *progress_phase_text(enum progress_phase phase, enum err_lang lang);
/* "freezes", for programs. */
const char *progress_wait_name(enum progress_wait wait);
/* "2 of 25 freezes: Hangzhou (330100), Wenzhou (330300)"; long lists are cut. "" for WAIT_NOTHING. */
char *progress_wait_text(const struct progress *progress, const struct view *view, enum err_lang lang,
                         char *out, size_t out_len);

/* The name in that language, else the other one, else the code. */
const char *progress_area_name(const struct roster *roster, int area, enum err_lang lang);
const char *progress_site_name(const struct roster *roster, int site, enum err_lang lang);

#endif
