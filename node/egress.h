/* egress.h - the list of every byte string that left this hospital: an append-only text file, one JSON line
 * each, on disk before the bytes leave.
 *
 *     {"n":7,"time_ms":1735689600123,"kind":"report","task":"<64 hex>","destination":"wz.weft.example",
 *      "method":"Submit","length":18342,"sha256":"<64 hex>"}
 *
 * (on one line; fields always in this order). The lines are the leaves of a Merkle tree (crypto/merkle.h): a
 * leaf's entry is the line without its line end, numbered from 0. Before the first report of a task stands a
 * line of kind "commitment", which is no bytes that left: its sha256 is the commitment to the randomness of
 * that task's reports.
 *
 * A crash may leave an incomplete last line; nothing left before a line was complete, so it is cut off at the
 * next opening. Anything else that is not such a list, or a list that became shorter, is ERR_EGRESS_LOG.
 *
 * A line that was changed within itself still is such a list; it shows in the root. Each report names size and root
 * of the list before it: that is the mark which the list is compared with when it is read.
 *
 * One writer at a time (the node's lock); others may read. */
#ifndef NODE_EGRESS_H
#define NODE_EGRESS_H

#include "base/err.h"
#include "crypto/merkle.h"

#include <stdbool.h>

#define EGRESS_LINE_MAX 1024 /* with its line end */

struct egress;

struct egress_entry {
    int64_t time_ms;
    const char *kind;        /* "documents", "state", "report", "commitment" */
    const char *task;        /* hexadecimal; "" for none */
    const char *destination; /* TLS name; "file" */
    const char *method;
    uint64_t length;
    uint8_t sha256[DIGEST_SIZE];
};

/* What the list was when the last report was built. */
struct egress_mark {
    uint64_t size;
    uint8_t root[DIGEST_SIZE];
};

/* `mark` NULL: none to compare with. Read only: the file may be missing (an empty list), and an incomplete last line is left alone. */
WEFT_MUST_USE int egress_open(struct egress **egress, const char *path, bool read_only, const struct egress_mark *mark,
                              struct err *err);
void egress_close(struct egress **egress);

/* Take in what another process appended meanwhile, and cut off what one left incomplete. */
WEFT_MUST_USE int egress_refresh(struct egress *egress, struct err *err);

/* On disk when it returns. After a failure the file is as before. */
WEFT_MUST_USE int egress_add(struct egress *egress, const struct egress_entry *entry, struct err *err);

/* Did the list begin as the mark says? If not, lines were changed or lost since the last report. */
bool egress_is_as_marked(const struct egress *egress);

const char *egress_path(const struct egress *egress);
uint64_t egress_size(const struct egress *egress);
void egress_root(const struct egress *egress, uint8_t root[DIGEST_SIZE]);

#endif
