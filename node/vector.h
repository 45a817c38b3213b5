/* vector.h - the value of an expression for every row of a table at once. */
#ifndef NODE_VECTOR_H
#define NODE_VECTOR_H

#include "catalogue/expr.h"
#include "node/tables.h"

/* *values receives one value for each row of node->table: VALUE_NULL when absent, 0 or 1 for conditions. The
 * caller frees it. */
WEFT_MUST_USE int vector_evaluate(int64_t **values, struct tables *tables, const struct expr_node *node,
                                  struct err *err);

#endif
