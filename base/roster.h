/* roster.h - who is who: a checked roster with its area tree, and as it stood in a period.
 *
 * roster_open accepts a roster document only if both sides' root keys signed it and it is sound: identifiers
 * valid and unique, one tree with one top, each operator's body on one side only, leaders and helpers on
 * their sides, each coordinator serving one connected part of the tree, supervisors at or above their sites'
 * own areas. A roster in which one body stands on both sides is refused by every program: it would hold both
 * shares of some hospital.
 *
 * Hospitals open, close, move and merge: the document says since when, until when and where each stood before.
 * roster_as_of places everyone as of a period; a task does so once, when it is opened.
 *
 * Everything here is immutable after opening and may be read from any thread. Indices are into the arrays
 * below; NONE (-1) means there is none. Areas are ordered by code and sites by id, so that ties always break
 * the same way. */
#ifndef BASE_ROSTER_H
#define BASE_ROSTER_H

#include "base/document.h"

#define NONE              (-1)
#define ROSTER_MAX_LEVELS 16 /* of the area tree */
#define CONTEXT_REAL      "weft v1"
#define CONTEXT_DEMO      "weft demo v1"

struct roster_area {
    const Weft__V1__Area *wire;
    int parent;         /* area index; NONE for the top */
    int depth;          /* 0 for the top */
    int leader, helper; /* coordinator indices */
    int whole;          /* of one class of an area's sites (roster_as_of): that area; else NONE */
};

struct roster_coordinator {
    const Weft__V1__Coordinator *wire;
    Weft__V1__Side side;
    int top_area; /* the highest area that it serves; NONE if it serves none */
};

struct roster_site {
    const Weft__V1__Site *wire; /* of a roster as of a period: area, supervisor and owner of that time */
    int area;                   /* its own */
    int supervisor;             /* the area whose leader it reports to */
    int owner;                  /* numbered from 0 over distinct owners */
    bool owner_is_operator;     /* does not count towards min_sites */
};

struct roster {
    Weft__V1__Roster *wire;
    struct roster_resolved *resolved; /* what one as of a period owns; NULL of a document's */
    uint8_t digest[DIGEST_SIZE];
    struct roster_area *areas;
    int num_areas;
    struct roster_coordinator *coordinators;
    int num_coordinators;
    struct roster_site *sites;
    int num_sites;
    int num_owners;
    int top; /* area index */
};

/* The root keys pinned when this party joined. */
struct roster_roots {
    const Weft__V1__Root *const *roots;
    size_t num_roots;
};

/* `roots` NULL: take the roster's own; base/roster_history.h then says whether it follows what is held. `now_ms` 0: do
 * not check expiry. */
WEFT_MUST_USE int roster_open(struct roster **roster, const Weft__V1__Document *document,
                              const struct roster_roots *roots, int64_t now_ms, struct err *err);
/* Check a roster body that is not signed yet (the authority's draft). */
WEFT_MUST_USE int roster_check(const Weft__V1__Roster *wire, struct err *err);
void roster_free(struct roster **roster);

/* The roster as of the period [start_ms, end_ms): sites that take part in none of it are not in it; those that moved
 * meanwhile stand where they stood when it began. With a `breakdown`, a dimension of classes ("grade"; "": none), each
 * area in which sites of several classes stand has one more area below it for each of them, "330302.tertiary", led and
 * helped like itself, and these sites stand there. So a class total is a total like any other, under the same rules.
 * Version and digest are the document's. Borrows from `roster`. */
WEFT_MUST_USE int roster_as_of(struct roster **as_of, const struct roster *roster, int64_t start_ms,
                               int64_t end_ms, const char *breakdown, struct err *err);
/* The site's class in this dimension: "tertiary" of "grade:tertiary"; ROSTER_UNCLASSIFIED when it has none. */
#define ROSTER_UNCLASSIFIED "unclassified"
const char *roster_class(const Weft__V1__Site *site, const char *dimension);
/* Is it "dimension:value", two identifiers without a '.'? */
bool roster_class_is_sound(const char *text);
/* The code under which the area stands in the document: its own, or that of the area whose class it is. */
const char *roster_signed_code(const struct roster *roster, int area);

/* Those that the roster itself names; they live as long as it does. */
struct roster_roots roster_own_roots(const struct roster *roster);
/* Does `next`, opened from `document`, follow `before`? The next version, naming its digest, no demo after a real one, and
 * signed under its rule. ERR_ROSTER_OLDER, ERR_ROSTER_DEMO, ERR_ROSTER_SUCCESSION, ERR_ROSTER_SIGNATURE. */
WEFT_MUST_USE int roster_check_succession(const struct roster *before, const struct roster *next,
                                          const Weft__V1__Document *document, struct err *err);

/* Is `document` signed by at least one root of each side? (The rule for rosters, tasks and voids.) */
WEFT_MUST_USE int roster_check_root_signatures(const struct roster_roots *roots,
                                               const Weft__V1__Document *document, struct err *err);

/* Index or NONE. */
int roster_find_area(const struct roster *roster, const char *code);
int roster_find_site(const struct roster *roster, const char *id);
int roster_find_site_by_tls_name(const struct roster *roster, const char *tls_name);
int roster_find_coordinator(const struct roster *roster, const char *id);
int roster_find_coordinator_by_tls_name(const struct roster *roster, const char *tls_name);
/* The entry that ended the admission of this TLS name at or before `at_ms`; NULL if none did. */
const Weft__V1__Revocation *roster_revocation(const struct roster *roster, const char *tls_name,
                                              int64_t at_ms);

/* Is `ancestor` `area` itself or above it? */
bool roster_is_within(const struct roster *roster, int area, int ancestor);

/* The coordinator that serves `area` on `side`. */
int roster_station(const struct roster *roster, int area, Weft__V1__Side side);
/* The coordinator that `coordinator` passes shares up to; NONE at the top. */
int roster_parent_coordinator(const struct roster *roster, int coordinator);
/* Does `coordinator` serve `area` (as leader or helper)? */
bool roster_serves(const struct roster *roster, int coordinator, int area);

#endif
