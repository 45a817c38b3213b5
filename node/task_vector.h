/* task_vector.h - a task's vector from the records, by the catalogue that the task pins. */
#ifndef NODE_TASK_VECTOR_H
#define NODE_TASK_VECTOR_H

#include "node/agent.h"
#include "node/evaluate.h"

struct task_vector {
    struct catalogue *catalogue;
    struct catalogue_layout layout;
    struct evaluation evaluation; /* secret */
};

/* The catalogue must have come, have the pinned digest and lay out exactly the task's slots: ERR_CATALOGUE_DIGEST;
 * then as evaluate(). `txn` is any open transaction of the store; it is used before the evaluation only. */
WEFT_MUST_USE int task_vector_make(struct task_vector *out, struct agent *agent, struct store_txn **txn,
                                   struct store *store, size_t index, struct err *err);
/* Harmless on {0}. */
void task_vector_clear(struct task_vector *vector);

#endif
