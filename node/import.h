/* import.h - one CSV file into one record table, all or nothing.
 *
 * A row that cannot be taken is rejected with its place and reason, and the others go on; a file that cannot
 * be trusted as a whole (a quote never closed, cut off, wrong encoding, a mapped column that is not there, no
 * rows) changes nothing. Importing the same file again changes nothing; rows with a known record id and other
 * content replace the old ones. Direct identifiers are never stored: what the schema marks as pseudonym goes
 * through a keyed hash. */
#ifndef NODE_IMPORT_H
#define NODE_IMPORT_H

#include "base/store.h"
#include "node/convert.h"

struct import_options {
    const uint8_t *pseudonym_key; /* PSEUDONYM_KEY_SIZE bytes; needed when the mapping has such a column */
    const char *
        reject_path; /* NULL, or a CSV file for rejected rows, written anew: without any, its heading alone */
};

/* rows = inserted + changed + unchanged + repeated + rejected. */
struct import_counts {
    uint64_t rows, inserted, changed, unchanged;
    uint64_t repeated; /* the same record again, with the same content, where the mapping allows it */
    uint64_t rejected;
    struct err first_reject; /* code 0: none */
};

WEFT_MUST_USE int import_file(struct store *store, const char *csv_path, const struct mapping *mapping,
                              const struct import_options *options, struct import_counts *counts,
                              struct err *err);

/* The same over an open file; `name` is the file's for messages. */
WEFT_MUST_USE int import_csv(struct store *store, struct csv *csv, const char *name,
                             const struct mapping *mapping, const struct import_options *options,
                             struct import_counts *counts, struct err *err);

#endif
