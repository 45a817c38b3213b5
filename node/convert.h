/* convert.h - one cell of a record table from the cells of a CSV row, as its mapping says. */
#ifndef NODE_CONVERT_H
#define NODE_CONVERT_H

#include "base/csv.h"
#include "node/mapping.h"
#include "node/tables.h"

#define PSEUDONYM_KEY_SIZE 32
#define PSEUDONYM_SIZE     33  /* 16 bytes in hexadecimal, with NUL */
#define CONVERT_MAX_ID     128 /* bytes of an id or code */
#define CONVERT_TEXT_SIZE  (CONVERT_MAX_ID + 1)

/* A keyed hash of an identifier: the same in every import of this hospital, meaningless without its key. */
void convert_pseudonym(char out[PSEUDONYM_SIZE], const uint8_t key[PSEUDONYM_KEY_SIZE], const char *text,
                       size_t len);

/* `indices` are those of column->headers in the row. `text` receives a pseudonym, if one is made, and must
 * live as long as *cell; otherwise texts are borrowed from row and mapping. Errors have line, column and
 * field, and no value: ERR_IMPORT_BAD_VALUE, _OUT_OF_RANGE, _UNMAPPED_VALUE, _MISSING_VALUE. */
WEFT_MUST_USE int convert_cell(struct table_cell *cell, char text[CONVERT_TEXT_SIZE],
                               const struct csv_row *row, const size_t indices[MAPPING_SOURCES],
                               const struct mapping_column *column, const struct schema_column *schema,
                               const struct calendar_zone *zone, const uint8_t key[PSEUDONYM_KEY_SIZE],
                               struct err *err);

#endif
