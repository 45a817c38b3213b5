/* csv.c - a state machine over bytes; cells of a row share one buffer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/csv.h"

#define INPUT_SIZE ((size_t)64 << 10)
#define END        (-1)

struct csv {
    char *name;
    FILE *file; /* NULL: all input is in memory */
    char *buffer;
    const char *input;
    size_t input_len, input_at;
    int read_error;
    struct csv_options options;
    unsigned line, column; /* of the next byte */
    char *text;            /* the cells of the row, each with a NUL */
    size_t text_len, text_max;
    struct csv_cell *cells;
    size_t num_cells, max_cells;
    size_t cell_begin; /* in text */
    bool row_is_ended; /* by a line end, not by the end of the file */
    char **names;
    size_t num_names;
};

/* ---- bytes ---- */

static bool refill(struct csv *csv)
{
    if (csv->file == NULL)
        return false;
    csv->input_len = fread(csv->buffer, 1, INPUT_SIZE, csv->file);
    csv->input_at = 0;
    csv->input = csv->buffer;
    if (csv->input_len == 0 && ferror(csv->file))
        csv->read_error = errno != 0 ? errno : EIO;
    return csv->input_len > 0;
}

static int peek(struct csv *csv)
{
    if (csv->input_at == csv->input_len && !refill(csv))
        return END;
    return (unsigned char)csv->input[csv->input_at];
}

static void take(struct csv *csv)
{
    int byte = peek(csv);

    csv->input_at++;
    if ((byte & 0xC0) != 0x80)
        csv->column++;
}

/* CRLF, LF or CR as one. */
static void take_line_end(struct csv *csv)
{
    bool was_cr = peek(csv) == '\r';

    take(csv);
    if (was_cr && peek(csv) == '\n')
        take(csv);
    csv->line++;
    csv->column = 1;
}

/* ---- errors ---- */

static int fail(struct csv *csv, unsigned line, unsigned column, struct err *err, int code,
                const char *detail)
{
    (void)err_set(err, code, "%s", detail);
    (void)err_at(err, csv->name, line, column);
    return code;
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "csv");
}

/* ---- cells ---- */

static int push(struct csv *csv, char byte, struct err *err)
{
    const struct csv_cell *cell = &csv->cells[csv->num_cells];

    if (csv->text_len - csv->cell_begin >= csv->options.max_cell && byte != '\0')
        return fail(csv, cell->line, cell->column, err, ERR_CSV_LIMIT, "field too long");
    if (csv->text_len >= csv->options.max_row)
        return fail(csv, cell->line, cell->column, err, ERR_CSV_LIMIT, "row too long");
    if (csv->text_len == csv->text_max) {
        size_t larger = csv->text_max * 2 + 4096;
        char *text = realloc(csv->text, larger);

        if (text == NULL)
            return no_memory(err);
        csv->text = text;
        csv->text_max = larger;
    }
    csv->text[csv->text_len++] = byte;
    return ERR_OK;
}

static int begin_cell(struct csv *csv, struct err *err)
{
    if (csv->num_cells >= csv->options.max_columns)
        return fail(csv, csv->line, csv->column, err, ERR_CSV_LIMIT, "too many fields in a row");
    if (csv->num_cells == csv->max_cells) {
        size_t larger = csv->max_cells * 2 + 64;
        struct csv_cell *cells = realloc(csv->cells, larger * sizeof(*cells));

        if (cells == NULL)
            return no_memory(err);
        csv->cells = cells;
        csv->max_cells = larger;
    }
    csv->cells[csv->num_cells] = (struct csv_cell){.line = csv->line, .column = csv->column};
    csv->cell_begin = csv->text_len;
    return ERR_OK;
}

static int end_cell(struct csv *csv, struct err *err)
{
    struct csv_cell *cell = &csv->cells[csv->num_cells];
    int rc;

    cell->len = csv->text_len - csv->cell_begin;
    if (cell->len > 0 && utf8_valid_len(csv->text + csv->cell_begin, cell->len) != cell->len)
        return fail(csv, cell->line, cell->column, err, ERR_CSV_ENCODING,
                    "not UTF-8; probably GB18030 (GBK)");
    if (cell->len > 0 && memchr(csv->text + csv->cell_begin, '\0', cell->len) != NULL)
        return fail(csv, cell->line, cell->column, err, ERR_CSV_NUL, "NUL byte in this field");
    if ((rc = push(csv, '\0', err)) != ERR_OK)
        return rc;
    csv->num_cells++;
    return ERR_OK;
}

static bool ends_cell(const struct csv *csv, int byte)
{
    return byte == END || byte == '\n' || byte == '\r' || byte == csv->options.delimiter;
}

static int read_quoted(struct csv *csv, struct err *err)
{
    const struct csv_cell open = csv->cells[csv->num_cells];
    int byte, rc;

    take(csv);
    while ((byte = peek(csv)) != END) {
        if (byte == '"') {
            take(csv);
            if (peek(csv) != '"')
                break; /* the closing one */
        } else if (byte == '\n' || byte == '\r') {
            take_line_end(csv);
            if ((rc = push(csv, '\n', err)) != ERR_OK)
                return rc;
            continue;
        }
        take(csv);
        if ((rc = push(csv, (char)byte, err)) != ERR_OK)
            return rc;
    }
    if (byte == END)
        return fail(csv, open.line, open.column, err, ERR_CSV_QUOTE,
                    "the quote that opens here is never closed");
    if (!ends_cell(csv, peek(csv)))
        return fail(csv, csv->line, csv->column, err, ERR_CSV_QUOTE, "text after the closing quote");
    return ERR_OK;
}

static int read_plain(struct csv *csv, struct err *err)
{
    int byte, rc;

    while (!ends_cell(csv, byte = peek(csv))) {
        if (byte == '"')
            return fail(csv, csv->line, csv->column, err, ERR_CSV_QUOTE,
                        "a quote inside a field without quotes");
        take(csv);
        if ((rc = push(csv, (char)byte, err)) != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static int read_cell(struct csv *csv, struct err *err)
{
    int rc = begin_cell(csv, err);

    if (rc == ERR_OK)
        rc = peek(csv) == '"' ? read_quoted(csv, err) : read_plain(csv, err);
    return rc == ERR_OK ? end_cell(csv, err) : rc;
}

/* ---- rows ---- */

static int check_read(struct csv *csv, struct err *err)
{
    if (csv->read_error == 0)
        return ERR_OK;
    (void)err_set_errno(err, ERR_FILE_READ, csv->read_error, "read");
    (void)err_at(err, csv->name, csv->line, csv->column);
    return ERR_FILE_READ;
}

/* Into csv->cells; none at the end of the file. */
static int read_row(struct csv *csv, unsigned *line, struct err *err)
{
    size_t begin = 0;
    int rc;

    csv->text_len = 0;
    csv->num_cells = 0;
    while (peek(csv) == '\n' || peek(csv) == '\r')
        take_line_end(csv);
    *line = csv->line;
    if (peek(csv) == END)
        return check_read(csv, err);
    while ((rc = read_cell(csv, err)) == ERR_OK && peek(csv) == csv->options.delimiter)
        take(csv);
    if (rc != ERR_OK)
        return csv->read_error != 0 ? check_read(csv, err) : rc;
    csv->row_is_ended = peek(csv) != END;
    if (csv->row_is_ended)
        take_line_end(csv);
    for (size_t i = 0; i < csv->num_cells; i++) {
        csv->cells[i].text = csv->text + begin;
        begin += csv->cells[i].len + 1;
    }
    return check_read(csv, err);
}

int csv_next(struct csv *csv, struct csv_row *row, struct err *err)
{
    unsigned line;
    int rc = read_row(csv, &line, err);

    if (rc != ERR_OK)
        return rc;
    if (csv->num_cells > 0 && csv->num_cells < csv->num_names && !csv->row_is_ended)
        return fail(csv, line, 1, err, ERR_CSV_TRUNCATED, "the last row has too few fields and no line end");
    *row = (struct csv_row){.num = csv->num_cells, .line = line};
    if (csv->num_cells > 0)
        row->cells = csv->cells;
    return ERR_OK;
}

/* ---- header ---- */

static int skip_mark(struct csv *csv, struct err *err)
{
    int first = peek(csv);

    if (first == 0xFF || first == 0xFE)
        return fail(csv, 1, 1, err, ERR_CSV_ENCODING, "probably UTF-16");
    if (first == 0xEF && csv->input_len - csv->input_at >= 3 &&
        memcmp(csv->input + csv->input_at, "\xEF\xBB\xBF", 3) == 0)
        csv->input_at += 3;
    return ERR_OK;
}

static int keep_names(struct csv *csv, struct err *err)
{
    csv->names = calloc(csv->num_cells, sizeof(*csv->names));
    if (csv->names == NULL)
        return no_memory(err);
    for (size_t i = 0; i < csv->num_cells; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(csv->names[j], csv->cells[i].text) == 0)
                return fail(csv, csv->cells[i].line, csv->cells[i].column, err, ERR_CSV_DUPLICATE_COLUMN,
                            csv->names[j]);
        }
        csv->names[i] = strdup(csv->cells[i].text);
        if (csv->names[i] == NULL)
            return no_memory(err);
        csv->num_names++;
    }
    return ERR_OK;
}

static int read_header(struct csv *csv, struct err *err)
{
    unsigned line;
    int rc;

    if ((rc = skip_mark(csv, err)) != ERR_OK || (rc = read_row(csv, &line, err)) != ERR_OK)
        return rc;
    if (csv->num_cells == 0)
        return fail(csv, 1, 1, err, ERR_CSV_EMPTY, "no header");
    return keep_names(csv, err);
}

static int make(struct csv **out, const char *name, const struct csv_options *options, struct err *err)
{
    struct csv *csv = calloc(1, sizeof(*csv));

    if (csv == NULL)
        return no_memory(err);
    if (options != NULL)
        csv->options = *options;
    if (csv->options.delimiter == '\0')
        csv->options.delimiter = ',';
    if (csv->options.max_cell == 0)
        csv->options.max_cell = (size_t)1 << 20;
    if (csv->options.max_row == 0)
        csv->options.max_row = (size_t)4 << 20;
    if (csv->options.max_columns == 0)
        csv->options.max_columns = 4096;
    csv->line = csv->column = 1;
    csv->name = strdup(name);
    if (csv->name == NULL) {
        free(csv);
        return no_memory(err);
    }
    *out = csv;
    return ERR_OK;
}

static int finish_open(struct csv **out, struct csv *csv, struct err *err)
{
    int rc = read_header(csv, err);

    if (rc != ERR_OK)
        csv_close(&csv);
    else
        *out = csv;
    return rc;
}

int csv_open(struct csv **out, const char *path, const struct csv_options *options, struct err *err)
{
    struct csv *csv = NULL;
    int rc;

    if ((rc = make(&csv, path, options, err)) != ERR_OK)
        return rc;
    csv->buffer = malloc(INPUT_SIZE);
    csv->file = fopen(path, "rbe");
    if (csv->file == NULL)
        rc = err_set_errno(err, ERR_FILE_READ, errno, "%s", path);
    else if (csv->buffer == NULL)
        rc = no_memory(err);
    if (rc != ERR_OK) {
        csv_close(&csv);
        return rc;
    }
    return finish_open(out, csv, err);
}

int csv_open_memory(struct csv **out, const char *name, const void *data, size_t data_len,
                    const struct csv_options *options, struct err *err)
{
    struct csv *csv = NULL;
    int rc;

    if ((rc = make(&csv, name, options, err)) != ERR_OK)
        return rc;
    csv->input = data;
    csv->input_len = data_len;
    return finish_open(out, csv, err);
}

void csv_close(struct csv **pointer)
{
    struct csv *csv = *pointer;

    if (csv == NULL)
        return;
    if (csv->file != NULL)
        fclose(csv->file);
    for (size_t i = 0; i < csv->num_names; i++)
        free(csv->names[i]);
    free(csv->names);
    free(csv->buffer);
    free(csv->text);
    free(csv->cells);
    free(csv->name);
    free(csv);
    *pointer = NULL;
}

size_t csv_num_columns(const struct csv *csv)
{
    return csv->num_names;
}

const char *csv_column_name(const struct csv *csv, size_t index)
{
    return csv->names[index];
}
