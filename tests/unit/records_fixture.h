/* records_fixture.h - a node's store in a scratch directory, and short ways to import into it. */
#ifndef TESTS_UNIT_RECORDS_FIXTURE_H
#define TESTS_UNIT_RECORDS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "node/import.h"
#include "node/store_tables.h"
#include "tests/unit/scratch.h"

static const uint8_t records_key[PSEUDONYM_KEY_SIZE] = {1, 2, 3};

struct records {
    struct scratch scratch;
    struct store *store;
};

static inline void records_open(struct records *records, const char *name)
{
    static const char *const tables[NODE_NUM_TABLES] = NODE_TABLE_NAMES;
    struct store_options options = {.application = NODE_APPLICATION,
                                    .format_version = NODE_FORMAT_VERSION,
                                    .tables = tables,
                                    .num_tables = NODE_NUM_TABLES,
                                    .map_size = (uint64_t)1 << 30,
                                    .no_sync = true};
    struct err err = {0};

    options.path = scratch_path(&records->scratch, name);
    if (store_open(&records->store, &options, &err) != ERR_OK)
        fail_msg("store: %s", err.detail);
}

static inline void records_begin(struct records *records)
{
    *records = (struct records){0};
    assert_int_equal(scratch_make(&records->scratch), 0);
    records_open(records, "store");
}

static inline void records_end(struct records *records)
{
    store_close(&records->store);
    scratch_remove(&records->scratch);
}

/* Import the text of a CSV file with the text of a mapping. */
static inline int records_import(struct records *records, const char *mapping_text, const char *csv_text,
                                 const char *reject_path, struct import_counts *counts, struct err *err)
{
    struct import_options options = {.pseudonym_key = records_key, .reject_path = reject_path};
    struct mapping *mapping = NULL;
    struct csv *csv = NULL;
    int rc = mapping_parse(&mapping, "m.yaml", mapping_text, strlen(mapping_text), err);

    if (rc == ERR_OK)
        rc = csv_open_memory(&csv, "t.csv", csv_text, strlen(csv_text), NULL, err);
    if (rc == ERR_OK)
        rc = import_csv(records->store, csv, "t.csv", mapping, &options, counts, err);
    csv_close(&csv);
    mapping_free(&mapping);
    return rc;
}

#endif
