/* publication.h - the directory in which the authority publishes: *.doc files, each one packed document.
 *
 * The top leader reads them in order of dependence: rosters, catalogues, tasks, voids. Files never change once
 * published, so one that was taken is not read again; one that was refused is offered again at the next look,
 * since what it needs may come later, and its error is logged once. */
#ifndef COORDINATOR_PUBLICATION_H
#define COORDINATOR_PUBLICATION_H

#include "base/document.h"

struct publication;

WEFT_MUST_USE int publication_new(struct publication **publication, const char *directory, struct err *err);
/* Harmless on NULL. */
void publication_free(struct publication **publication);

/* Read what was not taken yet. */
void publication_look(struct publication *publication);

/* The next document of the last look; NULL when there is none. It lives until publication_done. */
const Weft__V1__Document *publication_next(struct publication *publication);
/* What became of it: taken (`failure` NULL) or refused. */
void publication_done(struct publication *publication, const struct err *failure);
/* What was taken since the last look was not kept after all: take it again. */
void publication_undo(struct publication *publication);

#endif
