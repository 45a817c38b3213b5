/* run.h - a plan over one block: which rows are in a set, which value each row has.
 *
 * Nodes are computed when first asked for, and kept until the next block. What a set or value needs of the block's
 * columns is fetched then. Memory grows to what the largest block needs and is used again. */
#ifndef NODE_RECORDS_RUN_H
#define NODE_RECORDS_RUN_H

#include "node/records/bitmap.h"
#include "node/records/chunk.h"
#include "node/records/plan.h"

/* As a column: for each row the row of the schema's parent in the same block, or absent if there is none. */
#define RUN_PARENTS (-1)

/* One block; chunks live as long as it is run. */
struct block {
    uint32_t num_rows[SCHEMA_NUM_TABLES];
    int (*load)(void *user, int table, int column, struct chunk *chunk, struct err *err);
    void *user;
};

struct run;

WEFT_MUST_USE int run_new(struct run **run, const struct plan *plan, struct err *err);
/* Harmless on NULL. */
void run_free(struct run **run);

/* From now on about this block, which is borrowed. */
WEFT_MUST_USE int run_begin(struct run *run, const struct block *block, struct err *err);
/* Until the next run_begin. */
WEFT_MUST_USE int run_set(struct run *run, const struct bitmap **set, int node, struct err *err);
WEFT_MUST_USE int run_values(struct run *run, const struct chunk **values, int node, struct err *err);

#endif
