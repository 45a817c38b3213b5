/* tables.c - record tables in the store: one value per table and column, and one meta value per table.
 *
 * Meta value, little-endian: u8 version (1) | u64 generation, raised by every commit | u64 rows. */
#include <stdlib.h>
#include <string.h>

#include "node/store_tables.h"
#include "node/tables.h"

#define META_VERSION 1
#define META_SIZE    17
#define KEY_COLUMN   0

struct meta {
    uint64_t generation, num_rows;
};

struct tables_batch {
    struct store *store;
    int table;
    struct meta meta;
    struct column columns[SCHEMA_COLUMNS_MAX];
    int64_t *row_of_key; /* by string number of the key; VALUE_NULL: none */
    size_t max_keys;
    bool *touched; /* by row: appended in this batch */
    size_t max_touched;
    bool is_dirty;
};

struct tables {
    struct store_txn *txn;
    struct meta meta[SCHEMA_NUM_TABLES];
    struct column columns[SCHEMA_NUM_TABLES][SCHEMA_COLUMNS_MAX];
    bool is_loaded[SCHEMA_NUM_TABLES][SCHEMA_COLUMNS_MAX];
    int64_t *rows[SCHEMA_NUM_TABLES][SCHEMA_NUM_TABLES]; /* [table][ancestor] */
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "record tables");
}

/* ---- stored values ---- */

static uint64_t get64(const uint8_t *in)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

static void put64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

static int load_meta(struct store_txn *txn, int table, struct meta *meta, struct err *err)
{
    const char *name = schema_table(table)->name;
    const uint8_t *value;
    size_t value_len;
    int rc = store_get(txn, TABLE_META, name, strlen(name), &value, &value_len, err);

    if (rc != ERR_OK)
        return rc;
    *meta = (struct meta){0};
    if (value == NULL)
        return ERR_OK;
    if (value_len != META_SIZE || value[0] != META_VERSION)
        return err_set(err, ERR_STORE_CORRUPT, "meta value of table %s", name);
    *meta = (struct meta){.generation = get64(value + 1), .num_rows = get64(value + 9)};
    return ERR_OK;
}

static int save_meta(struct store_txn *txn, int table, const struct meta *meta, struct err *err)
{
    const char *name = schema_table(table)->name;
    uint8_t value[META_SIZE] = {META_VERSION};

    put64(value + 1, meta->generation);
    put64(value + 9, meta->num_rows);
    return store_put(txn, TABLE_META, name, strlen(name), value, sizeof(value), err);
}

/* "table\0column" */
static size_t column_key(char key[STORE_KEY_MAX], int table, int column)
{
    const struct schema_table *schema = schema_table(table);
    size_t table_len = strlen(schema->name), column_len = strlen(schema->columns[column].name);

    memcpy(key, schema->name, table_len + 1);
    memcpy(key + table_len + 1, schema->columns[column].name, column_len);
    return table_len + 1 + column_len;
}

/* A column that was added to the schema after the rows were stored is absent throughout. */
static int load_column(struct store_txn *txn, int table, int index, size_t num_rows, struct column *column,
                       struct err *err)
{
    const struct schema_table *schema = schema_table(table);
    char key[STORE_KEY_MAX];
    const uint8_t *value;
    size_t value_len;
    int rc;

    column->type = schema->columns[index].type;
    rc = store_get(txn, TABLE_COLUMNS, key, column_key(key, table, index), &value, &value_len, err);
    if (rc == ERR_OK)
        rc =
            value == NULL ? column_fill(column, num_rows, err) : column_decode(column, value, value_len, err);
    if (rc == ERR_OK && column->num_rows != num_rows)
        rc = err_set(err, ERR_STORE_CORRUPT, "record column: number of rows");
    if (rc != ERR_OK)
        (void)err_prefix(err, "%s.%s", schema->name, schema->columns[index].name);
    return rc;
}

static int save_column(struct store_txn *txn, int table, int index, const struct column *column,
                       struct err *err)
{
    char key[STORE_KEY_MAX];
    uint8_t *data;
    size_t data_len;
    int rc;

    if ((rc = column_encode(column, &data, &data_len, err)) != ERR_OK)
        return rc;
    rc = store_put(txn, TABLE_COLUMNS, key, column_key(key, table, index), data, data_len, err);
    free(data);
    return rc;
}

/* ---- writing ---- */

static int reserve(struct tables_batch *batch, size_t keys, size_t rows, struct err *err)
{
    if (keys > batch->max_keys) {
        size_t larger = keys * 2;
        int64_t *grown = realloc(batch->row_of_key, larger * sizeof(*grown));

        if (grown == NULL)
            return no_memory(err);
        for (size_t i = batch->max_keys; i < larger; i++)
            grown[i] = VALUE_NULL;
        batch->row_of_key = grown;
        batch->max_keys = larger;
    }
    if (rows > batch->max_touched) {
        size_t larger = rows * 2;
        bool *grown = realloc(batch->touched, larger * sizeof(*grown));

        if (grown == NULL)
            return no_memory(err);
        memset(grown + batch->max_touched, 0, (larger - batch->max_touched) * sizeof(*grown));
        batch->touched = grown;
        batch->max_touched = larger;
    }
    return ERR_OK;
}

static int load_batch(struct tables_batch *batch, struct store_txn *txn, struct err *err)
{
    const struct column *key = &batch->columns[KEY_COLUMN];
    int rc;

    if ((rc = load_meta(txn, batch->table, &batch->meta, err)) != ERR_OK)
        return rc;
    for (int i = 0; i < schema_table(batch->table)->num_columns; i++) {
        if ((rc = load_column(txn, batch->table, i, batch->meta.num_rows, &batch->columns[i], err)) != ERR_OK)
            return rc;
    }
    if ((rc = reserve(batch, key->num_strings + 1, key->num_rows + 1, err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < key->num_rows; row++) {
        if (key->values[row] == VALUE_NULL)
            return err_set(err, ERR_STORE_CORRUPT, "table %s: row without key",
                           schema_table(batch->table)->name);
        batch->row_of_key[key->values[row]] = (int64_t)row;
    }
    return ERR_OK;
}

int tables_begin(struct tables_batch **out, struct store *store, int table, struct err *err)
{
    struct tables_batch *batch = calloc(1, sizeof(*batch));
    struct store_txn *txn = NULL;
    int rc;

    if (batch == NULL)
        return no_memory(err);
    batch->store = store;
    batch->table = table;
    if ((rc = store_begin(store, &txn, false, err)) != ERR_OK || (rc = load_batch(batch, txn, err)) != ERR_OK)
        goto done;
    *out = batch;
    batch = NULL;

done:
    store_abort(&txn);
    tables_abort(&batch);
    return rc;
}

/* Cells to stored values; strings are interned. */
static int intern_row(struct tables_batch *batch, const struct table_cell *cells, int64_t values[SCHEMA_COLUMNS_MAX],
                      struct err *err)
{
    int rc;

    for (int i = 0; i < schema_table(batch->table)->num_columns; i++) {
        values[i] = VALUE_NULL;
        if (cells[i].is_null)
            continue;
        if (!column_has_strings(batch->columns[i].type))
            values[i] = cells[i].number;
        else if ((rc = column_intern(&batch->columns[i], &values[i], cells[i].text, cells[i].text_len,
                                     err)) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static bool same_row(const struct tables_batch *batch, size_t row, const int64_t *values)
{
    for (int i = 0; i < schema_table(batch->table)->num_columns; i++) {
        if (batch->columns[i].values[row] != values[i])
            return false;
    }
    return true;
}

static int insert_row(struct tables_batch *batch, const int64_t *values, struct err *err)
{
    size_t row = batch->columns[KEY_COLUMN].num_rows;
    int rc;

    if ((rc = reserve(batch, batch->columns[KEY_COLUMN].num_strings, row + 1, err)) != ERR_OK)
        return rc;
    for (int i = 0; i < schema_table(batch->table)->num_columns; i++) {
        if ((rc = column_append(&batch->columns[i], values[i], err)) != ERR_OK)
            return rc;
    }
    batch->row_of_key[values[KEY_COLUMN]] = (int64_t)row;
    batch->touched[row] = true;
    batch->is_dirty = true;
    return ERR_OK;
}

int tables_append(struct tables_batch *batch, const struct table_cell *cells, enum table_change *change,
                  struct err *err)
{
    int64_t values[SCHEMA_COLUMNS_MAX];
    size_t row;
    bool same;
    int rc;

    if ((rc = intern_row(batch, cells, values, err)) != ERR_OK ||
        (rc = reserve(batch, batch->columns[KEY_COLUMN].num_strings, 1, err)) != ERR_OK)
        return rc;
    if (batch->row_of_key[values[KEY_COLUMN]] == VALUE_NULL) {
        *change = TABLE_INSERTED;
        return insert_row(batch, values, err);
    }
    row = (size_t)batch->row_of_key[values[KEY_COLUMN]];
    same = same_row(batch, row, values);
    if (batch->touched[row]) {
        *change = same ? TABLE_REPEATED : TABLE_CONFLICT;
        return ERR_OK;
    }
    batch->touched[row] = true;
    *change = same ? TABLE_UNCHANGED : TABLE_CHANGED;
    for (int i = 0; !same && i < schema_table(batch->table)->num_columns; i++)
        batch->columns[i].values[row] = values[i];
    batch->is_dirty = batch->is_dirty || !same;
    return ERR_OK;
}

static int save_batch(struct tables_batch *batch, struct store_txn *txn, struct err *err)
{
    struct meta meta;
    int rc;

    if ((rc = load_meta(txn, batch->table, &meta, err)) != ERR_OK)
        return rc;
    if (meta.generation != batch->meta.generation)
        return err_set(err, ERR_IMPORT_CONCURRENT, "table %s", schema_table(batch->table)->name);
    meta.generation++;
    meta.num_rows = batch->columns[KEY_COLUMN].num_rows;
    for (int i = 0; i < schema_table(batch->table)->num_columns; i++) {
        if ((rc = save_column(txn, batch->table, i, &batch->columns[i], err)) != ERR_OK)
            return rc;
    }
    return save_meta(txn, batch->table, &meta, err);
}

int tables_commit(struct tables_batch **batch, struct err *err)
{
    struct store_txn *txn = NULL;
    int rc = ERR_OK;

    if ((*batch)->is_dirty && (rc = store_begin((*batch)->store, &txn, true, err)) == ERR_OK &&
        (rc = save_batch(*batch, txn, err)) == ERR_OK)
        rc = store_commit(&txn, err);
    store_abort(&txn);
    tables_abort(batch);
    return rc;
}

void tables_abort(struct tables_batch **batch)
{
    if (*batch == NULL)
        return;
    for (int i = 0; i < SCHEMA_COLUMNS_MAX; i++)
        column_clear(&(*batch)->columns[i]);
    free((*batch)->row_of_key);
    free((*batch)->touched);
    free(*batch);
    *batch = NULL;
}

/* ---- reading ---- */

int tables_open(struct tables **out, struct store *store, struct err *err)
{
    struct tables *tables = calloc(1, sizeof(*tables));
    int rc;

    if (tables == NULL)
        return no_memory(err);
    rc = store_begin(store, &tables->txn, false, err);
    for (int i = 0; rc == ERR_OK && i < SCHEMA_NUM_TABLES; i++)
        rc = load_meta(tables->txn, i, &tables->meta[i], err);
    if (rc != ERR_OK) {
        tables_close(&tables);
        return rc;
    }
    *out = tables;
    return ERR_OK;
}

void tables_close(struct tables **tables)
{
    if (*tables == NULL)
        return;
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        for (int j = 0; j < SCHEMA_COLUMNS_MAX; j++)
            column_clear(&(*tables)->columns[i][j]);
        for (int j = 0; j < SCHEMA_NUM_TABLES; j++)
            free((*tables)->rows[i][j]);
    }
    store_abort(&(*tables)->txn);
    free(*tables);
    *tables = NULL;
}

size_t tables_num_rows(const struct tables *tables, int table)
{
    return (size_t)tables->meta[table].num_rows;
}

int tables_column(struct tables *tables, int table, int index, const struct column **out, struct err *err)
{
    struct column *column = &tables->columns[table][index];
    int rc;

    if (!tables->is_loaded[table][index]) {
        if ((rc = load_column(tables->txn, table, index, tables_num_rows(tables, table), column, err)) !=
                ERR_OK ||
            (column_has_strings(column->type) && (rc = column_index(column, err)) != ERR_OK)) {
            column_clear(column);
            return rc;
        }
        tables->is_loaded[table][index] = true;
    }
    *out = column;
    return ERR_OK;
}

/* The row of the parent table, by each string of the column that names it. */
static int rows_of_strings(const struct column *link, const struct column *key, int64_t **out,
                           struct err *err)
{
    int64_t *row_of_key = malloc((key->num_strings + 1) * sizeof(*row_of_key));
    int64_t *rows = malloc((link->num_strings + 1) * sizeof(*rows));

    if (row_of_key == NULL || rows == NULL) {
        free(row_of_key);
        free(rows);
        return no_memory(err);
    }
    for (size_t i = 0; i < key->num_strings; i++)
        row_of_key[i] = VALUE_NULL;
    for (size_t row = 0; row < key->num_rows; row++) {
        if (key->values[row] != VALUE_NULL)
            row_of_key[key->values[row]] = (int64_t)row;
    }
    for (size_t i = 0; i < link->num_strings; i++) {
        size_t len;
        const char *text = column_string(link, (int64_t)i, &len);
        int64_t number = column_find(key, text, len);

        rows[i] = number == VALUE_NULL ? VALUE_NULL : row_of_key[number];
    }
    free(row_of_key);
    *out = rows;
    return ERR_OK;
}

static int rows_of_parent(struct tables *tables, int table, int64_t *rows, struct err *err)
{
    const struct schema_table *schema = schema_table(table);
    const struct column *link, *key;
    int64_t *by_string = NULL;
    int rc;

    if ((rc = tables_column(tables, table, schema->parent_column, &link, err)) != ERR_OK ||
        (rc = tables_column(tables, schema->parent, KEY_COLUMN, &key, err)) != ERR_OK ||
        (rc = rows_of_strings(link, key, &by_string, err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < link->num_rows; row++)
        rows[row] = link->values[row] == VALUE_NULL ? VALUE_NULL : by_string[link->values[row]];
    free(by_string);
    return ERR_OK;
}

static int make_rows(struct tables *tables, int table, int ancestor, int64_t *rows, struct err *err)
{
    size_t num_rows = tables_num_rows(tables, table);
    const int64_t *above;
    int rc;

    if (table == ancestor) {
        for (size_t row = 0; row < num_rows; row++)
            rows[row] = (int64_t)row;
        return ERR_OK;
    }
    if ((rc = rows_of_parent(tables, table, rows, err)) != ERR_OK || schema_table(table)->parent == ancestor)
        return rc;
    if ((rc = tables_rows_of(tables, schema_table(table)->parent, ancestor, &above, err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < num_rows; row++) {
        if (rows[row] != VALUE_NULL)
            rows[row] = above[rows[row]];
    }
    return ERR_OK;
}

int tables_rows_of(struct tables *tables, int table, int ancestor, const int64_t **out, struct err *err)
{
    int64_t *rows = tables->rows[table][ancestor];
    int rc;

    if (rows == NULL) {
        rows = calloc(tables_num_rows(tables, table) + 1, sizeof(*rows));
        if (rows == NULL)
            return no_memory(err);
        if ((rc = make_rows(tables, table, ancestor, rows, err)) != ERR_OK) {
            free(rows);
            return rc;
        }
        tables->rows[table][ancestor] = rows;
    }
    *out = rows;
    return ERR_OK;
}
