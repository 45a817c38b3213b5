/* csv.h - comma-separated files as RFC 4180 has them, read row by row within bounds.
 *
 * Rows end with CRLF, LF or CR; a UTF-8 byte order mark is skipped; a line break inside quotes becomes LF.
 * Empty lines are skipped. The first row is the header: its names are unique. All text must be UTF-8 without
 * NUL. Every cell knows the line and column (in characters) where it begins. */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include "base/err.h"

#include <stdbool.h>

struct csv;

struct csv_options {
    char delimiter;     /* 0: comma */
    size_t max_cell;    /* bytes; 0: 1 MiB */
    size_t max_row;     /* bytes; 0: 4 MiB */
    size_t max_columns; /* 0: 4096 */
};

struct csv_cell {
    const char *text; /* NUL-terminated */
    size_t len;
    unsigned line, column;
};

/* Borrowed until the next csv_next. `cells` is NULL past the end. */
struct csv_row {
    const struct csv_cell *cells;
    size_t num;
    unsigned line;
};

/* Opens and reads the header. `options` may be NULL. ERR_FILE_READ, ERR_CSV_*. */
WEFT_MUST_USE int csv_open(struct csv **csv, const char *path, const struct csv_options *options,
                           struct err *err);
/* Over bytes that stay; `name` stands in errors for the file name. */
WEFT_MUST_USE int csv_open_memory(struct csv **csv, const char *name, const void *data, size_t data_len,
                                  const struct csv_options *options, struct err *err);
/* Harmless on NULL. */
void csv_close(struct csv **csv);

size_t csv_num_columns(const struct csv *csv);
const char *csv_column_name(const struct csv *csv, size_t index);

/* The next row, which may be ragged: compare row->num with csv_num_columns. A last row that has too few cells
 * and no line end is ERR_CSV_TRUNCATED. After an error the file is not to be read on. */
WEFT_MUST_USE int csv_next(struct csv *csv, struct csv_row *row, struct err *err);

#endif
