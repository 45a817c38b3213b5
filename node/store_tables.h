/* store_tables.h - the tables of a node's store, and the version of what is in them. */
#ifndef NODE_STORE_TABLES_H
#define NODE_STORE_TABLES_H

#define NODE_APPLICATION    "weft-node"
#define NODE_FORMAT_VERSION 1u

enum node_table {
    TABLE_COLUMNS,   /* table name, NUL, column name: one column of all rows (tables.c) */
    TABLE_META,      /* table name: how many rows, which generation (tables.c) */
    TABLE_OUTBOX,    /* reports on their way */
    TABLE_DOCUMENTS, /* signed documents received */
    TABLE_STATE,     /* the node's own cursors, keys at rest and decisions */
    NODE_NUM_TABLES
};

/* For store_options.tables. */
#define NODE_TABLE_NAMES                                                                                     \
    {                                                                                                        \
        "columns", "tables", "outbox", "documents", "state"                                                  \
    }

#endif
