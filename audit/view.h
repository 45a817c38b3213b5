/* view.h - one task as its public documents tell it: what is frozen, ordered, planned, suppressed and
 * released.
 *
 * Pure: documents in, derived facts out. Everyone who holds the same documents derives the same, which is how
 * each party checks what others signed: it builds the body itself and compares (view_check). No secret is
 * here.
 *
 * Documents are added in any order that respects their dependences (a freeze before the order that names it);
 * one whose predecessors are missing is refused with ERR_PREDECESSOR_MISSING and may be offered again later.
 */
#ifndef AUDIT_VIEW_H
#define AUDIT_VIEW_H

#include "base/roster_history.h"
#include "base/task.h"

/* One signed document, unpacked. */
struct view_document {
    Weft__V1__Document *document; /* NULL: not there yet */
    ProtobufCMessage *body;
    uint8_t digest[DIGEST_SIZE];
};

struct view_sealed {
    struct view_document held;
    const Weft__V1__SealedShare *body;
};

struct view_note {
    struct view_document held;
    const Weft__V1__Note *body;
};

struct view {
    const struct roster *roster; /* borrowed, as is task */
    const struct task *task;
    const struct roster_history *history; /* borrowed; NULL: only the roster that the task pins is known */
    /* Of a revision: the task that it supersedes. Its totals and those before it stand until this one opens others.
     * Borrowed; set right after view_new. NULL: a first task. */
    const struct view *base;

    /* Of a longer period (a *sum*): the tasks that it adds up, in its order. Borrowed; filled by view_meet. 0: a task with
     * reports. */
    const struct view **parts;
    size_t num_parts;
    struct view **links; /* parts and sums, revisions and what they revise, as far as they met */
    size_t num_links;

    struct view_document *key_sheets; /* by coordinator */
    struct view_document *freezes;    /* by area, as are the next three */
    struct view_document *contributes;
    struct view_document *states;
    struct view_document *releases;
    struct view_document order, plan, pattern, voided;
    struct view_document *erasures;   /* by coordinator */
    struct view_document *amendments; /* by number - 1 */
    size_t num_amendments;
    struct view_document *orders, *plans, *patterns; /* by area: of children of the top that went on without it */
    struct view_sealed *sealed; /* all that were seen */
    size_t num_sealed;
    struct view_document *consents; /* by site; of a revision */
    struct view_note *notes;        /* all that were seen */
    size_t num_notes;

    /* derived from freezes */
    bool *reports_here;   /* by site: frozen in this very task */
    bool *site_is_frozen; /* by site: in this task or one that it supersedes */
    /* derived from the order */
    bool *is_listed;   /* by area */
    bool *stands;      /* by area: not opened anew, because what was opened before holds still */
    bool *is_in_total; /* by site: a total of this task or one before holds it */
    bool *is_pending;  /* by site: frozen, and no listed total holds yet what is new of it */
    bool *consent_counts; /* by site: named by the order */
    bool *takes_in;       /* by area: a subtree whose own order the top's late one rests on */
    int *block; /* by site: the nearest area at or above it that is listed or stands; NONE if pending or not frozen */
    /* derived from the plan; the first four by area * num_series + series */
    bool *is_open;       /* opened in this task, or it stands and was open */
    bool *is_same;       /* of those: no site in it has changed since the total before was opened */
    bool *has_own_block; /* the area's total holds more than, and not only, its maximal open descendants do */
    bool *uses_contributes; /* by area: the plan rests on them */
    bool *uses_states;      /* by area: the pattern rests on them */
    /* derived from the pattern */
    uint8_t *suppressed; /* by area * num_cells + cell */
};

WEFT_MUST_USE int view_new(struct view **view, const struct roster *roster, const struct task *task,
                           struct err *err);
void view_free(struct view **view);
/* Forget all documents; the view stays where it is, since others may stand on it. */
WEFT_MUST_USE int view_reset(struct view *view, struct err *err);

/* The name under which a document of this task is stored once: "freeze 330302", "order". Bounded by
 * VIEW_KEY_MAX. ERR_DOCUMENT_NOT_NEEDED for kinds that are not exchanged. */
#define VIEW_KEY_MAX (3 * ID_MAX)
WEFT_MUST_USE int view_document_key(char out[VIEW_KEY_MAX], const Weft__V1__Document *document,
                                    struct err *err);

/* Where a document of this kind stands, or would stand: `index` is an area, of key sheets a coordinator, of order, plan,
 * pattern the top or the child of it that signed its own, of erasures a coordinator, of amendments the number before;
 * of void nothing. NULL for other kinds. */
const struct view_document *view_held(const struct view *view, Weft__V1__DocumentType type, int index);

/* The note of this number on a total; NULL: not there. */
const struct view_document *view_note(const struct view *view, const char *area, const char *indicator,
                                      uint32_t number);

/* Check signatures and content of a document and take a copy of it. Adding it again is fine. */
WEFT_MUST_USE int view_add(struct view *view, const Weft__V1__Document *document, struct err *err);
/* The same for a document that this party itself stored after view_add: its signatures are not checked again. */
WEFT_MUST_USE int view_load(struct view *view, const Weft__V1__Document *document, struct err *err);

/* Signed under the rule of the roster that the task pins, or of a later one that is held? What ends or changes a task
 * must be possible after a root was lost and replaced. */
bool view_is_signed_by_authority(const struct view *view, const Weft__V1__Document *document);

/* Check the content alone, before one's own signature is added: who signed is not looked at. */
WEFT_MUST_USE int view_check(const struct view *view, const Weft__V1__Document *document, struct err *err);

/* ---- counts ---- */

/* Roster sites at or below the area, and those of them that reported. Of a sum: sites that stand there in any part, and
 * those that reported in every part in which they do. */
int view_num_expected(const struct view *view, int area);
int view_num_frozen(const struct view *view, int area);
/* Sites that the area's leader supervises. */
int view_num_supervised(const struct view *view, int area);

/* ---- longer periods (see view_sum.c) ---- */

/* Let a new view, `base` of which is set, know another one that its holder has. All that a holder has meet each other; a
 * sum needs its parts before its documents. Whichever is freed first leaves the other. */
WEFT_MUST_USE int view_meet(struct view *view, struct view *other, struct err *err);
/* Has the part all that a sum rests on? */
bool view_is_ready_as_part(const struct view *part);
/* Can no part bring anything more: each is ready or was ended by a void? */
bool view_parts_are_decided(const struct view *view);
/* The reports whose numbers are in the area's total: a site of a sum once for each part. */
int view_num_reports(const struct view *view, int area);
/* The place of an area in a part, by its code; NONE. */
int view_area_in_part(const struct view *view, size_t part, int area);
/* How many tasks with a pattern add up with this one, over any number of others (pattern_context.h). */
WEFT_MUST_USE int view_num_context(const struct view *view, size_t *num, struct err *err);

/* ---- subtrees that went on without the top (see view_fallback.c) ---- */

/* The child of the top at or above `area`; NONE for the top itself. */
int view_subtree(const struct view *view, int area);
/* Whose order holds for the area: its subtree, if that has one of its own, or the top. */
int view_root_of(const struct view *view, int area);
/* The documents that hold for the area; they may be missing yet. */
const struct view_document *view_order_of(const struct view *view, int area);
const struct view_document *view_plan_of(const struct view *view, int area);
const struct view_document *view_pattern_of(const struct view *view, int area);
/* The root that a body's `area` names: empty or the top's code (then the order is a late one) or a child of the top;
 * NONE: no such. */
int view_root_named(const struct view *view, const char *code, bool *is_late);
/* Does the area take part in the order, plan and pattern of `root`? */
bool view_takes_part(const struct view *view, int root, int area);
/* When a plan or pattern of `root` is made without what is missing then: not before others had their time. */
int64_t view_deadline(const struct view *view, Weft__V1__DocumentType type, int root);
/* When the top signs its late order without the subtrees whose patterns are missing. */
int64_t view_late_order_ms(const struct view *view);

/* ---- revisions (see view_revision.c) ---- */

/* Has the area a total that was opened in this task or before and holds still? After the order. */
bool view_has_total(const struct view *view, int area);
/* Does the revision take in something of the site that no total of the tasks before holds? After its freezes. */
bool view_is_unreleased(const struct view *view, int site);
/* The task, this or one before, in which the newest total of the area was opened; NULL: none was. */
const struct view *view_opened_in(const struct view *view, int area);
/* The task, this or one before, whose freeze holds the newest report of the site; NULL: none does. */
const struct view *view_reported_in(const struct view *view, int site);
/* After a pattern whose own areas are taken over: those that stand are hidden as they were. */
void view_keep_standing(struct view *view);
/* The revision of this task that its holder has, the last one of several; NULL: none. */
const struct view *view_revised_by(const struct view *view);
/* May the revision go on: is all said of the task that it supersedes? True of a first task. */
bool view_base_is_ready(const struct view *view);

/* ---- what is to be signed next; built by the leader and again by everyone who checks it ---- */

/* The order, plan or pattern of `root`: the top or, after the fallback time, a child of it; `is_late` of an order: the
 * top's after that time. Depends on public documents alone. The caller ends it with document_free. */
WEFT_MUST_USE int view_build(const struct view *view, Weft__V1__DocumentType type, int root, bool is_late,
                             Weft__V1__Document **unsigned_document, struct err *err);

/* The task's times as they stand: its own, or those of its last amendment. Whoever asks what time it is for, asks
 * here. */
struct view_times {
    int64_t open_ms, due_ms, close_ms, order_ms, plan_ms, pattern_ms, retention_ms;
    int64_t order_deadline_ms, fallback_ms; /* move with order_ms; 0: no fallback */
};
struct view_times view_times(const struct view *view);

/* Give what was built here its time: `now_ms`, or that of the latest document it rests on if that is later, since
 * another pair's clock may be ahead. */
WEFT_MUST_USE int view_stamp(const struct view *view, Weft__V1__Document **unsigned_document, int64_t now_ms,
                             struct err *err);
/* No document is older than what it rests on. (view_add and view_check ask it too.) */
WEFT_MUST_USE int view_check_time(const struct view *view, const Weft__V1__Document *document,
                                  ProtobufCMessage *body, struct err *err);
/* When it was proposed; 0 for what is not there or says no time. */
int64_t view_time_of(const struct view_document *held);

/* ---- openings ---- */

struct opening {
    int area;
    Weft__V1__Scope scope;
    Weft__V1__Stage stage;
};

/* All openings of a stage that the order or the plan allows, in order of area. The caller frees *openings. */
WEFT_MUST_USE int view_openings(const struct view *view, Weft__V1__Stage stage, struct opening **openings,
                                size_t *num_openings, struct err *err);
/* Is it one of them? */
bool view_opening_is_allowed(const struct view *view, const struct opening *opening);
/* From the wire; area NONE when unknown. */
struct opening view_opening_from(const struct view *view, const Weft__V1__Opening *wire);
/* Into a wire message that borrows from the view. */
Weft__V1__Opening view_opening_to(const struct view *view, const struct opening *opening);
/* "330302 total values": its name in stores and texts. */
#define OPENING_NAME_MAX (ID_MAX + 32)
char *view_opening_name(const struct view *view, const struct opening *opening, char out[OPENING_NAME_MAX]);

/* The slots that it opens, ascending; at most task->num_slots. Returns their number. */
int view_opening_slots(const struct view *view, const struct opening *opening, int *slots);
/* Does the frozen site belong to the sum over the slots of `series`? */
bool view_opening_has(const struct view *view, const struct opening *opening, int series, int site);
/* Does it belong to any of its sums? */
bool view_opening_has_any(const struct view *view, const struct opening *opening, int site);
/* The lowest area whose pair holds all of it: that pair seals to the collector. */
int view_opening_sealer(const struct view *view, const struct opening *opening);
/* The digest of the order or plan that allows it. */
const uint8_t *view_opening_basis(const struct view *view, const struct opening *opening);
/* The sealed share of a side; NULL if not seen yet. */
const Weft__V1__SealedShare *view_sealed_share(const struct view *view, const struct opening *opening,
                                               Weft__V1__Side side);

/* The block of `series` that `area` (for which it is open) has of its own: nearest area at or above the site
 * for which the series is open; NONE if not frozen or none. */
int view_series_block(const struct view *view, int series, int site);

#endif
