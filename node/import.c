/* import.c - reads rows, converts them, appends them to a batch, and writes down what was rejected.
 *
 * The reject file has a row for each rejected row: file, line, column, field, code, and the reason in both
 * languages; never the value. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "node/import.h"


struct import {
    const char *name;
    const struct mapping *mapping;
    const struct schema_table *schema;
    const struct import_options *options;
    struct csv *csv;
    struct tables_batch *batch;
    size_t indices[SCHEMA_COLUMNS_MAX][MAPPING_SOURCES];
    FILE *rejects;
    struct import_counts counts;
};

/* ---- header ---- */

static int find_header(const struct import *import, const char *header, size_t *index, struct err *err)
{
    size_t num = csv_num_columns(import->csv);
    const char **names, *near;
    int rc;

    for (*index = 0; *index < num; (*index)++) {
        if (strcmp(csv_column_name(import->csv, *index), header) == 0)
            return ERR_OK;
    }
    names = calloc(num, sizeof(*names));
    if (names == NULL)
        return err_set(err, ERR_NO_MEMORY, "header");
    for (size_t i = 0; i < num; i++)
        names[i] = csv_column_name(import->csv, i);
    near = suggest_nearest(header, names, num);
    rc = err_set(err, ERR_IMPORT_UNKNOWN_COLUMN, "no column %.60s%s%.60s", header,
                 near != NULL ? "; nearest: " : "", near != NULL ? near : "");
    free(names);
    (void)err_at(err, import->name, 1, 0);
    (void)err_field(err, header);
    return rc;
}

static int resolve(struct import *import, struct err *err)
{
    int rc;

    for (int i = 0; i < import->schema->num_columns; i++) {
        const struct mapping_column *column = &import->mapping->columns[i];

        for (size_t j = 0; j < column->num_headers; j++) {
            if ((rc = find_header(import, column->headers[j], &import->indices[i][j], err)) != ERR_OK)
                return rc;
        }
        if (import->schema->columns[i].pseudonym && column->form != MAPPING_ABSENT &&
            import->options->pseudonym_key == NULL)
            return err_set(err, ERR_INTERNAL, "import without pseudonym key");
    }
    return ERR_OK;
}

/* ---- rejects ---- */

static void write_quoted(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

/* Before any row, so that no list of an earlier import is taken for this one's. */
static int open_rejects(struct import *import, struct err *err)
{
    if (import->options->reject_path == NULL)
        return ERR_OK;
    import->rejects = fopen(import->options->reject_path, "wbe");
    if (import->rejects == NULL)
        return err_set_errno(err, ERR_FILE_WRITE, errno, "%s", import->options->reject_path);
    fputs("\xEF\xBB\xBF"
          "file,line,column,field,code,detail,reason_en,reason_zh\r\n",
          import->rejects);
    return ERR_OK;
}

static void reject(struct import *import, const struct err *why)
{
    const struct err_entry *entry = err_entry(why->code);

    import->counts.rejected++;
    if (import->counts.rejected == 1)
        import->counts.first_reject = *why;
    if (import->rejects == NULL)
        return;
    write_quoted(import->rejects, why->file);
    fprintf(import->rejects, ",%u,%u,", why->line, why->column);
    write_quoted(import->rejects, why->field);
    fprintf(import->rejects, ",%d,", why->code);
    write_quoted(import->rejects, why->detail);
    fputc(',', import->rejects);
    write_quoted(import->rejects, entry->en);
    fputc(',', import->rejects);
    write_quoted(import->rejects, entry->zh);
    fputs("\r\n", import->rejects);
}

static int close_rejects(struct import *import, struct err *err)
{
    bool failed;

    if (import->rejects == NULL)
        return ERR_OK;
    failed = ferror(import->rejects) != 0;
    failed = fclose(import->rejects) != 0 || failed;
    import->rejects = NULL;
    return failed ? err_set(err, ERR_FILE_WRITE, "%s", import->options->reject_path) : ERR_OK;
}

/* ---- rows ---- */

/* Failures that concern one row alone. */
static bool is_of_row(int code)
{
    return code == ERR_CSV_RAGGED || (code >= ERR_IMPORT_BAD_VALUE && code <= ERR_IMPORT_CONFLICT);
}

static int append(struct import *import, const struct table_cell *cells, const struct csv_row *row,
                  struct err *err)
{
    struct import_counts *counts = &import->counts;
    enum table_change change;
    int rc;

    if ((rc = tables_append(import->batch, cells, &change, err)) != ERR_OK)
        return rc;
    if (change == TABLE_INSERTED)
        counts->inserted++;
    else if (change == TABLE_CHANGED)
        counts->changed++;
    else if (change == TABLE_UNCHANGED)
        counts->unchanged++;
    else if (!import->mapping->may_repeat)
        rc = err_set(err, ERR_IMPORT_DUPLICATE_ID, "the first of the two rows is taken");
    else if (change == TABLE_REPEATED)
        counts->repeated++;
    else
        rc = err_set(err, ERR_IMPORT_CONFLICT, "the first of the two rows is taken");
    if (rc != ERR_OK) {
        (void)err_at(err, import->name, row->line, 1);
        (void)err_field(err, import->schema->columns[0].name);
    }
    return rc;
}

static int take_row(struct import *import, const struct csv_row *row, struct err *err)
{
    struct table_cell cells[SCHEMA_COLUMNS_MAX];
    char texts[SCHEMA_COLUMNS_MAX][CONVERT_TEXT_SIZE];
    int rc;

    if (row->num != csv_num_columns(import->csv)) {
        rc = err_set(err, ERR_CSV_RAGGED, "%zu fields, the header has %zu", row->num,
                     csv_num_columns(import->csv));
        (void)err_at(err, import->name, row->line, 1);
        return rc;
    }
    for (int i = 0; i < import->schema->num_columns; i++) {
        rc = convert_cell(&cells[i], texts[i], row, import->indices[i], &import->mapping->columns[i],
                          &import->schema->columns[i], &import->mapping->zone, import->options->pseudonym_key,
                          err);
        if (rc != ERR_OK) {
            (void)err_at(err, import->name, row->line, 1);
            return rc;
        }
    }
    return append(import, cells, row, err);
}

static int read_rows(struct import *import, struct err *err)
{
    struct csv_row row;
    int rc;

    while ((rc = csv_next(import->csv, &row, err)) == ERR_OK && row.cells != NULL) {
        struct err why = {0};

        import->counts.rows++;
        rc = take_row(import, &row, &why);
        if (rc != ERR_OK && !is_of_row(rc)) {
            if (err != NULL)
                *err = why;
            return rc;
        }
        if (rc != ERR_OK)
            reject(import, &why);
    }
    if (rc == ERR_OK && import->counts.rows == 0) {
        rc = err_set(err, ERR_CSV_EMPTY, "no rows");
        (void)err_at(err, import->name, 2, 1);
    }
    return rc;
}

int import_csv(struct store *store, struct csv *csv, const char *name, const struct mapping *mapping,
               const struct import_options *options, struct import_counts *counts, struct err *err)
{
    struct import import = {.name = name,
                            .mapping = mapping,
                            .schema = schema_table(mapping->table),
                            .options = options,
                            .csv = csv};
    int rc;

    if ((rc = resolve(&import, err)) != ERR_OK || (rc = open_rejects(&import, err)) != ERR_OK ||
        (rc = tables_begin(&import.batch, store, mapping->table, err)) != ERR_OK ||
        (rc = read_rows(&import, err)) != ERR_OK || (rc = close_rejects(&import, err)) != ERR_OK ||
        (rc = tables_commit(&import.batch, err)) != ERR_OK)
        goto done;
    *counts = import.counts;

done:
    if (rc != ERR_OK)
        (void)close_rejects(&import, NULL);
    tables_abort(&import.batch);
    return rc;
}

int import_file(struct store *store, const char *csv_path, const struct mapping *mapping,
                const struct import_options *options, struct import_counts *counts, struct err *err)
{
    struct csv *csv;
    int rc;

    if ((rc = csv_open(&csv, csv_path, NULL, err)) != ERR_OK)
        return rc;
    rc = import_csv(store, csv, csv_path, mapping, options, counts, err);
    csv_close(&csv);
    return rc;
}
