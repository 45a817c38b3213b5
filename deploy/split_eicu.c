/* split_eicu.c - cuts the eICU demo tables into one directory per hospital, each with its own rows only.
 *
 *     weft-demo-split SOURCE OUT
 *
 * SOURCE holds patient.csv, hospital.csv, apachepatientresult.csv, apachepredvar.csv and treatment.csv, each
 * plain or with .gz. OUT/<hospitalid>/<table>.csv receive header and rows, all fields quoted;
 * OUT/hospitals.csv lists the hospitals: id, region, teaching, beds and number of hospital stays. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/file.h"
#include "base/csv.h"

#define INPUT_MAX ((size_t)256 << 20) /* bytes of an unpacked table */
#define PATH_SIZE 4096

struct hospital {
    long id;
    char region[32], teaching[8], beds[32];
    unsigned long stays;
    FILE *file; /* of the table at hand */
};

struct stay {
    long id, hospital_stay, hospital;
};

struct split {
    const char *source, *out;
    struct hospital *hospitals; /* by id */
    size_t num_hospitals;
    struct stay *stays; /* by id */
    size_t num_stays;
};

struct table {
    char *data;
    struct csv *csv;
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "split");
}

/* ---- input ---- */

static int unpack(const char *path, char **data, size_t *len, struct err *err)
{
    gzFile in = gzopen(path, "rb"); /* reads plain files as they are */
    size_t max = 0;
    int got = 1;

    *data = NULL;
    *len = 0;
    if (in == NULL)
        return err_set_errno(err, ERR_FILE_READ, errno, "%s", path);
    while (got > 0 && *len < INPUT_MAX) {
        if (*len == max) {
            char *larger = realloc(*data, max = max * 2 + 65536);

            if (larger == NULL)
                break;
            *data = larger;
        }
        got = gzread(in, *data + *len, (unsigned)(max - *len));
        *len += got > 0 ? (size_t)got : 0;
    }
    if (gzclose(in) != Z_OK || got != 0) {
        free(*data);
        return err_set(err, ERR_FILE_READ, "%s: damaged, or too large", path);
    }
    return ERR_OK;
}

static int open_table(struct table *table, const struct split *split, const char *name, struct err *err)
{
    char path[PATH_SIZE];
    size_t len;
    int rc;

    snprintf(path, sizeof(path), "%s/%s.csv.gz", split->source, name);
    if (!file_exists(path))
        snprintf(path, sizeof(path), "%s/%s.csv", split->source, name);
    if ((rc = unpack(path, &table->data, &len, err)) != ERR_OK)
        return rc;
    rc = csv_open_memory(&table->csv, path, table->data, len, NULL, err);
    if (rc != ERR_OK)
        free(table->data);
    return rc;
}

static void close_table(struct table *table)
{
    csv_close(&table->csv);
    free(table->data);
}

static int find_column(const struct table *table, const char *name, size_t *index, struct err *err)
{
    for (*index = 0; *index < csv_num_columns(table->csv); (*index)++) {
        if (strcmp(csv_column_name(table->csv, *index), name) == 0)
            return ERR_OK;
    }
    return err_set(err, ERR_IMPORT_UNKNOWN_COLUMN, "no column %s", name);
}

/* The next row with all its fields; cells NULL at the end. */
static int next_row(const struct table *table, struct csv_row *row, struct err *err)
{
    int rc = csv_next(table->csv, row, err);

    if (rc == ERR_OK && row->cells != NULL && row->num != csv_num_columns(table->csv))
        return err_set(err, ERR_CSV_RAGGED, "line %u", row->line);
    return rc;
}

static long number(const struct csv_row *row, size_t column)
{
    return strtol(row->cells[column].text, NULL, 10);
}

/* ---- who is where ---- */

static int by_id(const void *a, const void *b)
{
    long left = *(const long *)a, right = *(const long *)b; /* the first member of both structs */

    return (left > right) - (left < right);
}

static struct hospital *find_hospital(const struct split *split, long id)
{
    return bsearch(&id, split->hospitals, split->num_hospitals, sizeof(*split->hospitals), by_id);
}

static int read_hospitals(struct split *split, struct err *err)
{
    static const char *const names[] = {"hospitalid", "region", "teachingstatus", "numbedscategory"};
    struct table table;
    struct csv_row row;
    size_t columns[4];
    int rc;

    if ((rc = open_table(&table, split, "hospital", err)) != ERR_OK)
        return rc;
    for (size_t i = 0; rc == ERR_OK && i < 4; i++)
        rc = find_column(&table, names[i], &columns[i], err);
    while (rc == ERR_OK && (rc = next_row(&table, &row, err)) == ERR_OK && row.cells != NULL) {
        struct hospital *larger =
            realloc(split->hospitals, (split->num_hospitals + 1) * sizeof(*split->hospitals));
        struct hospital hospital = {.id = number(&row, columns[0])};

        if (larger == NULL) {
            rc = no_memory(err);
            break;
        }
        snprintf(hospital.region, sizeof(hospital.region), "%s", row.cells[columns[1]].text);
        snprintf(hospital.teaching, sizeof(hospital.teaching), "%s", row.cells[columns[2]].text);
        snprintf(hospital.beds, sizeof(hospital.beds), "%s", row.cells[columns[3]].text);
        split->hospitals = larger;
        split->hospitals[split->num_hospitals++] = hospital;
    }
    close_table(&table);
    if (rc == ERR_OK)
        qsort(split->hospitals, split->num_hospitals, sizeof(*split->hospitals), by_id);
    return rc;
}

static int read_stays(struct split *split, struct err *err)
{
    static const char *const names[] = {"patientunitstayid", "patienthealthsystemstayid", "hospitalid"};
    struct table table;
    struct csv_row row;
    size_t columns[3], max = 0;
    int rc;

    if ((rc = open_table(&table, split, "patient", err)) != ERR_OK)
        return rc;
    for (size_t i = 0; rc == ERR_OK && i < 3; i++)
        rc = find_column(&table, names[i], &columns[i], err);
    while (rc == ERR_OK && (rc = next_row(&table, &row, err)) == ERR_OK && row.cells != NULL) {
        if (split->num_stays == max) {
            struct stay *larger = realloc(split->stays, (max = max * 2 + 1024) * sizeof(*larger));

            if (larger == NULL) {
                rc = no_memory(err);
                break;
            }
            split->stays = larger;
        }
        split->stays[split->num_stays++] =
            (struct stay){number(&row, columns[0]), number(&row, columns[1]), number(&row, columns[2])};
    }
    close_table(&table);
    if (rc == ERR_OK)
        qsort(split->stays, split->num_stays, sizeof(*split->stays), by_id);
    return rc;
}

static int by_hospital_stay(const void *a, const void *b)
{
    long left = ((const struct stay *)a)->hospital_stay, right = ((const struct stay *)b)->hospital_stay;

    return (left > right) - (left < right);
}

/* Count distinct hospital stays of each hospital. */
static int count_stays(struct split *split, struct err *err)
{
    struct stay *sorted = malloc(split->num_stays * sizeof(*sorted) + 1);

    if (sorted == NULL)
        return no_memory(err);
    memcpy(sorted, split->stays, split->num_stays * sizeof(*sorted));
    qsort(sorted, split->num_stays, sizeof(*sorted), by_hospital_stay);
    for (size_t i = 0; i < split->num_stays; i++) {
        struct hospital *hospital = find_hospital(split, sorted[i].hospital);

        if (hospital != NULL && (i == 0 || sorted[i - 1].hospital_stay != sorted[i].hospital_stay))
            hospital->stays++;
    }
    free(sorted);
    return ERR_OK;
}

/* ---- output ---- */

static void write_field(FILE *out, const char *text, bool is_last)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputs(is_last ? "\"\n" : "\",", out);
}

static void write_header(FILE *out, const struct table *table)
{
    size_t num = csv_num_columns(table->csv);

    for (size_t i = 0; i < num; i++)
        write_field(out, csv_column_name(table->csv, i), i + 1 == num);
}

static void write_row(FILE *out, const struct csv_row *row)
{
    for (size_t i = 0; i < row->num; i++) {
        if (row->cells[i].len == 0)
            fputc(i + 1 == row->num ? '\n' : ',', out);
        else
            write_field(out, row->cells[i].text, i + 1 == row->num);
    }
}

static int open_outputs(struct split *split, const struct table *table, const char *name, struct err *err)
{
    char path[PATH_SIZE];

    for (size_t i = 0; i < split->num_hospitals; i++) {
        snprintf(path, sizeof(path), "%s/%ld/%s.csv", split->out, split->hospitals[i].id, name);
        split->hospitals[i].file = fopen(path, "wbe");
        if (split->hospitals[i].file == NULL)
            return err_set_errno(err, ERR_FILE_WRITE, errno, "%s", path);
        write_header(split->hospitals[i].file, table);
    }
    return ERR_OK;
}

static int close_outputs(struct split *split, int rc, struct err *err)
{
    for (size_t i = 0; i < split->num_hospitals; i++) {
        FILE *file = split->hospitals[i].file;
        bool failed = file != NULL && ferror(file) != 0;

        if (file != NULL && (fclose(file) != 0 || failed) && rc == ERR_OK)
            rc = err_set(err, ERR_FILE_WRITE, "hospital %ld", split->hospitals[i].id);
        split->hospitals[i].file = NULL;
    }
    return rc;
}

/* The hospital of a row: named by `column` itself, or over the stay that it names. */
static struct hospital *owner(const struct split *split, const struct csv_row *row, size_t column,
                              bool over_stay)
{
    long id = number(row, column);
    const struct stay *stay;

    if (!over_stay)
        return find_hospital(split, id);
    stay = bsearch(&id, split->stays, split->num_stays, sizeof(*split->stays), by_id);
    return stay == NULL ? NULL : find_hospital(split, stay->hospital);
}

static int split_table(struct split *split, const char *name, const char *column_name, bool over_stay,
                       struct err *err)
{
    struct hospital *hospital;
    struct table table;
    struct csv_row row;
    size_t column;
    int rc;

    if ((rc = open_table(&table, split, name, err)) != ERR_OK)
        return rc;
    if ((rc = find_column(&table, column_name, &column, err)) == ERR_OK)
        rc = open_outputs(split, &table, name, err);
    while (rc == ERR_OK && (rc = next_row(&table, &row, err)) == ERR_OK && row.cells != NULL) {
        hospital = owner(split, &row, column, over_stay);
        if (hospital == NULL)
            rc = err_set(err, ERR_IMPORT_BAD_VALUE, "%s line %u: of no known hospital", name, row.line);
        else
            write_row(hospital->file, &row);
    }
    close_table(&table);
    return close_outputs(split, rc, err);
}

static int make_directories(const struct split *split, struct err *err)
{
    char path[PATH_SIZE];
    int rc = file_make_dir(split->out, 0755, err);

    for (size_t i = 0; rc == ERR_OK && i < split->num_hospitals; i++) {
        snprintf(path, sizeof(path), "%s/%ld", split->out, split->hospitals[i].id);
        rc = file_make_dir(path, 0755, err);
    }
    return rc;
}

static int write_list(const struct split *split, struct err *err)
{
    char path[PATH_SIZE];
    bool failed;
    FILE *out;

    snprintf(path, sizeof(path), "%s/hospitals.csv", split->out);
    out = fopen(path, "wbe");
    if (out == NULL)
        return err_set_errno(err, ERR_FILE_WRITE, errno, "%s", path);
    fputs("id,region,teaching,beds,stays\n", out);
    for (size_t i = 0; i < split->num_hospitals; i++) {
        const struct hospital *hospital = &split->hospitals[i];

        fprintf(out, "%ld,%s,%s,%s,%lu\n", hospital->id, hospital->region, hospital->teaching, hospital->beds,
                hospital->stays);
    }
    failed = ferror(out) != 0;
    return fclose(out) != 0 || failed ? err_set(err, ERR_FILE_WRITE, "%s", path) : ERR_OK;
}

static int run(struct split *split, struct err *err)
{
    int rc;

    if ((rc = read_hospitals(split, err)) != ERR_OK || (rc = read_stays(split, err)) != ERR_OK ||
        (rc = count_stays(split, err)) != ERR_OK || (rc = make_directories(split, err)) != ERR_OK ||
        (rc = split_table(split, "hospital", "hospitalid", false, err)) != ERR_OK ||
        (rc = split_table(split, "patient", "hospitalid", false, err)) != ERR_OK ||
        (rc = split_table(split, "apachepatientresult", "patientunitstayid", true, err)) != ERR_OK ||
        (rc = split_table(split, "apachepredvar", "patientunitstayid", true, err)) != ERR_OK ||
        (rc = split_table(split, "treatment", "patientunitstayid", true, err)) != ERR_OK)
        return rc;
    return write_list(split, err);
}

int main(int argc, char **argv)
{
    struct split split = {0};
    struct err err = {0};
    char text[2048];
    int rc;

    if (argc != 3) {
        fputs("usage: weft-demo-split SOURCE OUT\n", stderr);
        return 2;
    }
    split.source = argv[1];
    split.out = argv[2];
    rc = run(&split, &err);
    if (rc != ERR_OK)
        fprintf(stderr, "%s\n", err_text(&err, err_lang_from_env(), text, sizeof(text)));
    free(split.hospitals);
    free(split.stays);
    return rc == ERR_OK ? 0 : 1;
}
