/* signed.h - what this coordinator has signed together with its pair, kept beside its keys and not in its store.
 *
 * A store that was restored from a backup has forgotten signatures. Asked again, it might sign another list of reports for
 * the same area, and two lists tell what one hospital reported; a leader that is not honest would ask just that. So the
 * digest of each document of a pair is written here, and durable, before its signature leaves this machine, and in the
 * same place nothing else is ever signed. Never restore this file from a backup.
 *
 * One line each, ended by a newline: "TASK/TYPE/KEY DIGEST", task and digest in hexadecimal, the key as in the store. A
 * line that was cut off by a crash was of no signature that left, and is removed. */
#ifndef COORDINATOR_SIGNED_H
#define COORDINATOR_SIGNED_H

#include "base/document.h"

#define SIGNED_FILE   "signed.log"
#define OPENINGS_FILE "openings" /* how often the store was opened, as a number */

struct signed_log;

/* Makes the file when it is not there. `no_sync`: tests only. */
WEFT_MUST_USE int signed_open(struct signed_log **log, const char *path, bool no_sync, struct err *err);
/* Harmless on NULL. */
void signed_close(struct signed_log **log);

/* May the document be signed in this place: is what was signed there, if anything, the same but for its time?
 * ERR_SIGNED_OTHERWISE. What may be is noted, to be kept by signed_keep. `log` NULL: everything may. */
WEFT_MUST_USE int signed_promise(struct signed_log *log, const uint8_t task[DIGEST_SIZE], const char *key,
                                 const Weft__V1__Document *document, struct err *err);
/* Make what was noted durable: after the store's commit, before any answer leaves. After a failure nothing may leave. */
WEFT_MUST_USE int signed_keep(struct signed_log *log, struct err *err);
/* Forget what was noted since, because the commit failed. */
void signed_drop(struct signed_log *log);

#endif
