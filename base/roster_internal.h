/* roster_internal.h - what the files behind roster.h share. */
#ifndef BASE_ROSTER_INTERNAL_H
#define BASE_ROSTER_INTERNAL_H

#include "base/roster.h"

/* "what: id", as ERR_ROSTER_UNSOUND. */
int roster_unsound(struct err *err, const char *what, const char *id);

/* Link roster->wire into the arrays: structure alone (roster.c). On failure the arrays are still to be freed. */
WEFT_MUST_USE int roster_build(struct roster *roster, struct err *err);

/* The rules that a document keeps beyond its structure (roster_rules.c). */
WEFT_MUST_USE int roster_check_rules(const struct roster *roster, struct err *err);

/* (roster_as_of.c) */
void roster_resolved_free(struct roster_resolved *resolved);

#endif
