/* events.h - the history of a task, told from its signed documents and its times alone. */
#ifndef AUDIT_EVENTS_H
#define AUDIT_EVENTS_H

#include "audit/view.h"
#include "base/json.h"

enum event_kind {
    EVENT_PUBLISHED,
    EVENT_AMENDED,
    EVENT_OPENED,
    EVENT_DUE,
    EVENT_CLOSING, /* no report counts any more */
    EVENT_CLOSED,  /* an area's list is frozen */
    EVENT_ORDERED,
    EVENT_ROLLED_UP, /* the pattern is signed: all that may be opened is */
    EVENT_RELEASED,
    EVENT_NOTED,    /* a known error of a total is said */
    EVENT_REVISION, /* a revision is published */
    EVENT_REVISED,  /* its pattern is signed: newer totals stand beside these */
    EVENT_VOIDED,
    EVENT_ERASED,
    EVENT_NUM,
};

struct event {
    enum event_kind kind;
    int64_t time_ms;
    int area;                           /* NONE: of no one area */
    const Weft__V1__Document *document; /* borrowed: who signed; NULL: the time alone makes it so */
};

/* Everything up to now, in order of time. The caller frees *events. */
WEFT_MUST_USE int events_of(struct event **events, size_t *num, const struct view *view, int64_t now_ms,
                            struct err *err);

const char *event_name(enum event_kind kind);
const char *event_text(enum event_kind kind, enum err_lang lang);
/* "lead-330302, help-3303": who signed it; "" when nobody needed to. Cut if it does not fit. */
char *event_signers(const struct event *event, char *out, size_t out_len);
/* The same as an object of JSON, see docs/completeness-json.md: a time that nobody stated is null. */
void event_write(struct json *json, const struct view *view, const struct event *event);

#endif
