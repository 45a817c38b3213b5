/* fuzz_csv.c - any bytes as a CSV file: read within bounds, or refused with a place. */
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv_options options = {.max_cell = 256, .max_row = 1024, .max_columns = 32};
    struct csv *csv = NULL;
    struct csv_row row;
    struct err err = {0};

    if (csv_open_memory(&csv, "fuzz", data, size, &options, &err) != ERR_OK)
        return 0;
    while (csv_next(csv, &row, &err) == ERR_OK && row.cells != NULL) {
        for (size_t i = 0; i < row.num; i++) {
            if (strlen(row.cells[i].text) != row.cells[i].len || row.cells[i].len > options.max_cell ||
                strchr(row.cells[i].text, '\r') != NULL)
                abort();
        }
    }
    csv_close(&csv);
    return 0;
}
