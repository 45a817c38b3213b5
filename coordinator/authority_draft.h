/* authority_draft.h - a roster that is not signed yet, while a command changes it. */
#ifndef COORDINATOR_AUTHORITY_DRAFT_H
#define COORDINATOR_AUTHORITY_DRAFT_H

#include "coordinator/authority.h"

#define DRAFT_NAME_MAX 256                         /* bytes of a name */
#define TEXT(text)     ((char *)(uintptr_t)(text)) /* protobuf-c's structs are not const */

/* Starts as {0}. `roster` is a copy whose lists may be replaced by grown ones; what is added to it must live as long as
 * the draft, for which draft_alloc is the place. */
struct draft {
    Weft__V1__Roster *stored;
    Weft__V1__Roster roster;
    void **owned;
    size_t num_owned;
};

/* ERR_DOCUMENT_SIGNED if it can change no more. */
WEFT_MUST_USE int draft_load(struct draft *draft, const char *path, struct err *err);
/* `is_new`: never over another file. */
WEFT_MUST_USE int draft_save(const struct draft *draft, const char *path, bool is_new, struct err *err);
void draft_clear(struct draft *draft);

/* Zeroed memory that is freed with the draft; NULL without memory. */
void *draft_alloc(struct draft *draft, size_t size);
/* A copy of a list with one more item, kept by the draft; NULL without memory. */
void *draft_grow(struct draft *draft, const void *list, size_t num, void *item);

/* ---- lookups and checks of what is added ---- */

Weft__V1__Operator *draft_find_operator(const Weft__V1__Roster *roster, const char *id);
Weft__V1__Coordinator *draft_find_coordinator(const Weft__V1__Roster *roster, const char *id);
Weft__V1__Area *draft_find_area(const Weft__V1__Roster *roster, const char *code);
Weft__V1__Site *draft_find_site(const Weft__V1__Roster *roster, const char *id);

/* Let the site report to `supervisor`, or, when that is NULL or empty, where the rules of supervision say, else to its own
 * area. A choice that deviates from the rules is said by a class, for which site->classes must have room. */
void draft_set_supervisor(Weft__V1__Site *site, const Weft__V1__Roster *roster, const char *supervisor);

/* "which: what", as ERR_ROSTER_UNSOUND. */
int draft_unsound(struct err *err, const char *what, const char *which);
/* A time on the command line, in China's zone unless it says another. */
WEFT_MUST_USE int draft_time(int64_t *ms, const struct args *args, const char *option, struct err *err);

#endif
