/* tables.h - the record tables of one hospital: typed columns, filled by imports, read by the evaluator.
 *
 * An import is a batch: rows are compared with what is stored under the same key, and everything is committed
 * at once or not at all. A reader sees one consistent state of all tables, opens whole columns as arrays, and
 * follows parents by row numbers. Whatever lies beneath may change (today one stored value per table and
 * column); nobody outside tables.c knows keys or encodings. */
#ifndef NODE_TABLES_H
#define NODE_TABLES_H

#include "base/store.h"
#include "node/column.h"

/* ---- writing ---- */

/* One value of a row, as the column's type wants it: text for ids, codes and texts, a number for the others.
 */
struct table_cell {
    bool is_null;
    int64_t number;
    const char *text;
    size_t text_len;
};

enum table_change {
    TABLE_INSERTED,
    TABLE_CHANGED,
    TABLE_UNCHANGED,
    TABLE_REPEATED, /* the key was already appended in this batch, with the same values */
    TABLE_CONFLICT, /* ... with other values, which were not taken */
};

struct tables_batch;

WEFT_MUST_USE int tables_begin(struct tables_batch **batch, struct store *store, int table, struct err *err);
/* `cells` has one cell a column of the table; the key's is never null. After a failure only abort is allowed.
 */
WEFT_MUST_USE int tables_append(struct tables_batch *batch, const struct table_cell *cells,
                                enum table_change *change, struct err *err);
/* Durable when it returns. ERR_IMPORT_CONCURRENT when the table changed since tables_begin. Ends the batch in
 * any case. */
WEFT_MUST_USE int tables_commit(struct tables_batch **batch, struct err *err);
/* Harmless on NULL. */
void tables_abort(struct tables_batch **batch);

/* ---- reading ---- */

struct tables;

WEFT_MUST_USE int tables_open(struct tables **tables, struct store *store, struct err *err);
/* Harmless on NULL. Columns and row numbers of `tables` die with it. Keep it open only while evaluating. */
void tables_close(struct tables **tables);

size_t tables_num_rows(const struct tables *tables, int table);

/* All rows of a column; ready for column_find. */
WEFT_MUST_USE int tables_column(struct tables *tables, int table, int column, const struct column **out,
                                struct err *err);

/* For each row of `table` the row of `ancestor` that it belongs to, or VALUE_NULL. `ancestor` may be `table`.
 */
WEFT_MUST_USE int tables_rows_of(struct tables *tables, int table, int ancestor, const int64_t **rows,
                                 struct err *err);

#endif
