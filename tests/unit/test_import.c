/* test_import.c - every row is accounted for, a bad file changes nothing, and no identifier is kept. */
#include "tests/unit/records_fixture.h"

#include "base/file.h"

static const char stays[] = "mapping: 1\n"
                            "table: discharge\n"
                            "repeated: first\n"
                            "columns:\n"
                            "  record: {from: id}\n"
                            "  patient: {from: pid}\n"
                            "  age: {from: age, replace: {\"> 89\": \"90\"}}\n"
                            "  outcome: {from: status, values: {Alive: alive, Expired: dead}}\n"
                            "  stay: {difference: [out, in]}\n"
                            "  discharge_time: {year: year, clock: clock, date: \"07-01\"}\n";
#define STAYS_HEADER "id,pid,age,status,in,out,year,clock\n"

static const char scores[] = "mapping: 1\n"
                             "table: risk_score\n"
                             "columns:\n"
                             "  record: {from: id}\n"
                             "  icu_stay: {from: unit}\n"
                             "  predicted_mortality: {from: p, missing: [\"\", \"-1\"]}\n"
                             "  died: {from: d}\n";
#define SCORES_HEADER "id,unit,p,d\n"

static void expect_counts(const struct import_counts *counts, uint64_t inserted, uint64_t changed,
                          uint64_t unchanged, uint64_t repeated, uint64_t rejected)
{
    assert_int_equal(counts->inserted, inserted);
    assert_int_equal(counts->changed, changed);
    assert_int_equal(counts->unchanged, unchanged);
    assert_int_equal(counts->repeated, repeated);
    assert_int_equal(counts->rejected, rejected);
    assert_int_equal(counts->rows, inserted + changed + unchanged + repeated + rejected);
}

static const struct column *column_of(struct tables *tables, int table, const char *name)
{
    const struct column *column = NULL;

    assert_int_equal(
        tables_column(tables, table, schema_find_column(table, name, strlen(name)), &column, NULL), 0);
    return column;
}

static size_t num_rows(struct records *records, int table)
{
    struct tables *tables = NULL;
    size_t num;

    assert_int_equal(tables_open(&tables, records->store, NULL), ERR_OK);
    num = tables_num_rows(tables, table);
    tables_close(&tables);
    return num;
}

static void test_import__converts_as_the_mapping_says(void **state)
{
    struct calendar_time time = {2014, 7, 1, 19, 20, 0, 0};
    struct calendar_zone zone;
    struct import_counts counts;
    struct tables *tables = NULL;
    struct records records;

    (void)state;
    records_begin(&records);
    assert_int_equal(calendar_zone(&zone, NULL, NULL), ERR_OK);
    assert_int_equal(records_import(&records, stays,
                                    STAYS_HEADER
                                    "7,p1,> 89,Expired,-100,260,2014,19:20:00\n8,,,,,5,2015,00:00:00\n",
                                    NULL, &counts, NULL),
                     ERR_OK);
    expect_counts(&counts, 2, 0, 0, 0, 0);
    assert_int_equal(tables_open(&tables, records.store, NULL), ERR_OK);
    assert_int_equal(column_of(tables, SCHEMA_DISCHARGE, "age")->values[0], 90);
    assert_int_equal(column_of(tables, SCHEMA_DISCHARGE, "stay")->values[0], 360);
    assert_int_equal(column_of(tables, SCHEMA_DISCHARGE, "discharge_time")->values[0],
                     calendar_to_ms(&time, &zone));
    assert_true(column_of(tables, SCHEMA_DISCHARGE, "age")->values[1] == VALUE_NULL);
    assert_true(column_of(tables, SCHEMA_DISCHARGE, "stay")->values[1] == VALUE_NULL);
    assert_true(column_of(tables, SCHEMA_DISCHARGE, "outcome")->values[1] == VALUE_NULL);
    assert_true(column_of(tables, SCHEMA_DISCHARGE, "sex")->values[0] == VALUE_NULL); /* not mapped */
    tables_close(&tables);
    records_end(&records);
}

static void test_import__reads_decimals_exactly(void **state)
{
    struct import_counts counts;
    struct tables *tables = NULL;
    const struct column *column;
    struct records records;

    (void)state;
    records_begin(&records);
    assert_int_equal(records_import(&records, scores,
                                    SCORES_HEADER "1,u,3.58E-2,0\n2,u,0.0000005,1\n3,u,-1,TRUE\n4,u,,0\n",
                                    NULL, &counts, NULL),
                     ERR_OK);
    assert_int_equal(tables_open(&tables, records.store, NULL), ERR_OK);
    column = column_of(tables, SCHEMA_RISK_SCORE, "predicted_mortality");
    assert_int_equal(column->values[0], 35800);
    assert_int_equal(column->values[1], 1);
    assert_true(column->values[2] == VALUE_NULL);
    assert_true(column->values[3] == VALUE_NULL);
    assert_int_equal(column_of(tables, SCHEMA_RISK_SCORE, "died")->values[2], 1);
    tables_close(&tables);
    records_end(&records);
}

static void test_import__updates_only_what_changed(void **state)
{
    static const char first[] = SCORES_HEADER "1,u,0.1,0\n2,u,0.2,0\n";
    struct import_counts counts;
    struct records records;

    (void)state;
    records_begin(&records);
    assert_int_equal(records_import(&records, scores, first, NULL, &counts, NULL), ERR_OK);
    expect_counts(&counts, 2, 0, 0, 0, 0);
    assert_int_equal(records_import(&records, scores, first, NULL, &counts, NULL), ERR_OK);
    expect_counts(&counts, 0, 0, 2, 0, 0);
    assert_int_equal(records_import(&records, scores, SCORES_HEADER "2,u,0.3,0\n3,v,0.2,0\n1,u,0.1,0\n", NULL,
                                    &counts, NULL),
                     ERR_OK);
    expect_counts(&counts, 1, 1, 1, 0, 0);
    assert_int_equal(num_rows(&records, SCHEMA_RISK_SCORE), 3);
    records_end(&records);
}

static void test_import__takes_the_first_of_repeated_parents(void **state)
{
    static const char rows[] =
        STAYS_HEADER "7,p,50,Alive,0,9,2014,19:20:00\n"
                     "7,p,50,Alive,1,10,2014,19:20:00\n"   /* the same stay, other offsets */
                     "7,p,50,Expired,0,9,2014,19:20:00\n"; /* contradicts */
    struct import_counts counts;
    struct records records;

    (void)state;
    records_begin(&records);
    assert_int_equal(records_import(&records, stays, rows, NULL, &counts, NULL), ERR_OK);
    expect_counts(&counts, 1, 0, 0, 1, 1);
    assert_int_equal(counts.first_reject.code, ERR_IMPORT_CONFLICT);
    assert_int_equal(counts.first_reject.line, 4);
    records_end(&records);
}

static void test_import__rejects_rows_with_their_place_and_reason(void **state)
{
    static const struct {
        const char *row;
        int code;
        unsigned column;
        const char *field;
    } bad[] = {
        {"9,u,0.x,0", ERR_IMPORT_BAD_VALUE, 5, "p"},
        {"9,u,0.1,2", ERR_IMPORT_BAD_VALUE, 9, "d"},
        {"9,u,1.5,0", ERR_IMPORT_OUT_OF_RANGE, 5, "p"},
        {"9,,0.1,0", ERR_IMPORT_MISSING_VALUE, 3, "unit"},
        {",u,0.1,0", ERR_IMPORT_MISSING_VALUE, 1, "id"},
        {"9,u,0.1", ERR_CSV_RAGGED, 1, ""},
        {"1,u,0.1,0", ERR_IMPORT_DUPLICATE_ID, 1, "record"},
        {"4.2E+17,u,0.1,0", ERR_IMPORT_BAD_VALUE, 1, "id"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct import_counts counts;
        struct records records;
        char text[256];

        records_begin(&records);
        snprintf(text, sizeof(text), SCORES_HEADER "1,u,0.1,0\n%s\n2,u,0.1,0\n", bad[i].row);
        assert_int_equal(records_import(&records, scores, text, NULL, &counts, NULL), ERR_OK);
        expect_counts(&counts, 2, 0, 0, 0, 1);
        assert_int_equal(counts.first_reject.code, bad[i].code);
        assert_int_equal(counts.first_reject.line, 3);
        assert_int_equal(counts.first_reject.column, bad[i].column);
        assert_string_equal(counts.first_reject.field, bad[i].field);
        assert_string_equal(counts.first_reject.file, "t.csv");
        records_end(&records);
    }
}

static void test_import__writes_rejected_rows_without_their_values(void **state)
{
    struct import_counts counts;
    struct records records;
    char path[256];
    uint8_t *data;
    size_t len;

    (void)state;
    records_begin(&records);
    snprintf(path, sizeof(path), "%s", scratch_path(&records.scratch, "rejects.csv"));
    assert_int_equal(records_import(&records, stays, STAYS_HEADER "7,p,50,Secret,0,9,2014,19:20:00\n", path,
                                    &counts, NULL),
                     ERR_OK);
    assert_int_equal(file_read(&data, &len, path, 4096, NULL), ERR_OK);
    assert_non_null(strstr((char *)data, "\"t.csv\",2,8,\"status\",2015,"));
    assert_null(strstr((char *)data, "Secret"));
    free(data);
    assert_int_equal(records_import(&records, scores, SCORES_HEADER "1,u,0.1,0\n", path, &counts, NULL),
                     ERR_OK); /* nothing is rejected: the old list is gone */
    assert_int_equal(file_read(&data, &len, path, 4096, NULL), ERR_OK);
    assert_null(strstr((char *)data, "t.csv"));
    free(data);
    records_end(&records);
}

static void refuse_file(const char *mapping, const char *csv, int code)
{
    struct import_counts counts = {.rows = 77};
    struct records records;
    struct err err = {0};

    records_begin(&records);
    assert_int_equal(records_import(&records, mapping, csv, NULL, &counts, &err), code);
    assert_int_equal(err.code, code);
    assert_int_equal(counts.rows, 77);
    assert_int_equal(num_rows(&records, SCHEMA_RISK_SCORE), 0);
    assert_int_equal(num_rows(&records, SCHEMA_DISCHARGE), 0);
    records_end(&records);
}

static void test_import__changes_nothing_when_the_file_is_bad(void **state)
{
    (void)state;
    refuse_file(scores, "id,unit,pp,d\n1,u,0.1,0\n", ERR_IMPORT_UNKNOWN_COLUMN);
    refuse_file(scores, SCORES_HEADER, ERR_CSV_EMPTY);
    refuse_file(scores, "", ERR_CSV_EMPTY);
    refuse_file(scores, SCORES_HEADER "1,u,0.1,0\n2,u,0.", ERR_CSV_TRUNCATED);
    refuse_file(scores, SCORES_HEADER "1,u,0.1,0\n2,\"u,0.1,0\n", ERR_CSV_QUOTE);
    refuse_file(scores, SCORES_HEADER "1,u,0.1,0\n2,\xD6\xD0,0.1,0\n", ERR_CSV_ENCODING);
}

static void test_import__refuses_a_mapping_that_does_not_fit(void **state)
{
    (void)state;
    refuse_file("mapping: 1\ntable: risk_scores\ncolumns: {}\n", SCORES_HEADER, ERR_IMPORT_MAPPING);
    refuse_file("mapping: 1\ntable: risk_score\ncolumns:\n  record: {from: id}\n", SCORES_HEADER,
                ERR_IMPORT_MAPPING);
    refuse_file("mapping: 1\ntable: site_fact\ncolumns:\n  nam: {from: id}\n", SCORES_HEADER,
                ERR_IMPORT_MAPPING);
    refuse_file("mapping: 1\ntable: site_fact\ncolumns:\n  name: {form: id}\n", SCORES_HEADER,
                ERR_IMPORT_MAPPING);
    refuse_file("mapping: 1\ntable: icu_stay\ncolumns:\n  outcome: {from: o, values: {x: deid}}\n",
                SCORES_HEADER, ERR_IMPORT_MAPPING);
    refuse_file("mapping: 1\ntable: icu_stay\ncolumns:\n  stay: {difference: [a]}\n", SCORES_HEADER,
                ERR_IMPORT_MAPPING);
    refuse_file(
        "mapping: 1\ntable: discharge\ncolumns:\n  discharge_time: {year: y, clock: c, date: \"02-30\"}\n",
        SCORES_HEADER, ERR_IMPORT_MAPPING);
    refuse_file("mapping: 2\ntable: risk_score\ncolumns: {}\n", SCORES_HEADER, ERR_YAML_BAD_VALUE);
}

/* The patient's identifier is nowhere in the store's file; its pseudonym is the same each time and depends on
 * the key. */
static void test_import__never_stores_a_direct_identifier(void **state)
{
    static const char identifier[] = "330302198001011234";
    const uint8_t other_key[PSEUDONYM_KEY_SIZE] = {9};
    char first[PSEUDONYM_SIZE], second[PSEUDONYM_SIZE];
    struct import_counts counts;
    struct records records;
    uint8_t *data;
    size_t len;

    (void)state;
    convert_pseudonym(first, records_key, identifier, strlen(identifier));
    convert_pseudonym(second, other_key, identifier, strlen(identifier));
    assert_string_not_equal(first, second);
    records_begin(&records);
    assert_int_equal(records_import(&records, stays,
                                    STAYS_HEADER "7,330302198001011234,50,Alive,0,9,2014,19:20:00\n", NULL,
                                    &counts, NULL),
                     ERR_OK);
    expect_counts(&counts, 1, 0, 0, 0, 0);
    store_close(&records.store);
    assert_int_equal(file_read(&data, &len, scratch_path(&records.scratch, "store/data.mdb"), 1u << 30, NULL),
                     ERR_OK);
    assert_non_null(memmem(data, len, first, PSEUDONYM_SIZE - 1));
    assert_null(memmem(data, len, identifier, strlen(identifier)));
    free(data);
    records_end(&records);
}

/* A store that has no room for the new rows keeps the old ones. */
static void test_import__keeps_the_old_rows_when_the_store_is_full(void **state)
{
    static const char *const tables[NODE_NUM_TABLES] = NODE_TABLE_NAMES;
    struct store_options options = {.application = NODE_APPLICATION,
                                    .format_version = NODE_FORMAT_VERSION,
                                    .tables = tables,
                                    .num_tables = NODE_NUM_TABLES,
                                    .map_size = (uint64_t)4 << 20,
                                    .no_sync = true};
    size_t max = (size_t)4 << 20, len;
    char *text = malloc(max);
    struct import_counts counts;
    struct records records;

    (void)state;
    assert_non_null(text);
    records_begin(&records);
    store_close(&records.store);
    options.path = scratch_path(&records.scratch, "small");
    assert_int_equal(store_open(&records.store, &options, NULL), ERR_OK);
    assert_int_equal(
        records_import(&records, scores, SCORES_HEADER "1,u,0.1,0\n2,u,0.2,0\n", NULL, &counts, NULL),
        ERR_OK);
    len = (size_t)snprintf(text, max, SCORES_HEADER);
    for (unsigned i = 0; i < 150000; i++)
        len += (size_t)snprintf(text + len, max - len, "%u,u,0.5,1\n", i);
    assert_int_equal(records_import(&records, scores, text, NULL, &counts, NULL), ERR_STORE_FULL);
    assert_int_equal(num_rows(&records, SCHEMA_RISK_SCORE), 2);
    assert_int_equal(records_import(&records, scores, SCORES_HEADER "1,u,0.1,0\n", NULL, &counts, NULL),
                     ERR_OK);
    expect_counts(&counts, 0, 0, 1, 0, 0);
    free(text);
    records_end(&records);
}

/* The text of a code in the first row of a table. */
static void expect_code(struct records *records, int table, const char *name, const char *expected)
{
    const struct column *column;
    struct tables *tables = NULL;
    const char *text;
    size_t len;

    assert_int_equal(tables_open(&tables, records->store, NULL), ERR_OK);
    assert_int_equal(
        tables_column(tables, table, schema_find_column(table, name, strlen(name)), &column, NULL), ERR_OK);
    text = column_string(column, column->values[0], &len);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
    tables_close(&tables);
}

static void test_import__takes_codes_of_the_front_page_interface(void **state)
{
    static const char pages[] = "mapping: 1\ntable: discharge\ncolumns:\n  record: {from: id}\n"
                                "  discharge_time: {from: B15}\n  disposition: {from: B34C}\n"
                                "  sex: {from: A12C}\n";
    static const char codes[] = "mapping: 1\ntable: diagnosis\ncolumns:\n  record: {from: id}\n"
                                "  discharge: {from: d}\n  code: {from: c}\n";
    struct import_counts counts;
    struct records records;

    (void)state;
    records_begin(&records);
    assert_int_equal(
        records_import(&records, pages, "id,B15,B34C,A12C\na,2024-01-01,5,female\n", NULL, &counts, NULL),
        ERR_OK);
    assert_int_equal(records_import(&records, codes, "id,d,c\n1,a,j42.x00\n", NULL, &counts, NULL), ERR_OK);
    expect_code(&records, SCHEMA_DISCHARGE, "disposition", "died");
    expect_code(&records, SCHEMA_DISCHARGE, "sex", "female");
    expect_code(&records, SCHEMA_DIAGNOSIS, "code", "J42.X00");
    records_end(&records);
}

static void test_tables__refuse_a_commit_after_another(void **state)
{
    struct table_cell cells[SCHEMA_COLUMNS_MAX] = {
        {.text = "a", .text_len = 1}, {.text = "a", .text_len = 1}, {.number = 1}};
    struct tables_batch *mine = NULL, *other = NULL;
    enum table_change change;
    struct records records;

    (void)state;
    records_begin(&records);
    assert_int_equal(tables_begin(&mine, records.store, SCHEMA_SITE_FACT, NULL), ERR_OK);
    assert_int_equal(tables_begin(&other, records.store, SCHEMA_SITE_FACT, NULL), ERR_OK);
    assert_int_equal(tables_append(mine, cells, &change, NULL), ERR_OK);
    cells[2].number = 2;
    assert_int_equal(tables_append(other, cells, &change, NULL), ERR_OK);
    assert_int_equal(tables_commit(&other, NULL), ERR_OK);
    assert_int_equal(tables_commit(&mine, NULL), ERR_IMPORT_CONCURRENT);
    assert_null(mine);
    assert_int_equal(num_rows(&records, SCHEMA_SITE_FACT), 1);
    records_end(&records);
}

static void test_column__refuses_damaged_bytes(void **state)
{
    struct column column = {.type = VALUE_CODE}, copy = {.type = VALUE_CODE}, number = {.type = VALUE_INT};
    uint8_t *data = NULL;
    size_t len;
    int64_t value;

    (void)state;
    for (int i = 0; i < 300; i++) {
        char text[16];
        int text_len = snprintf(text, sizeof(text), "code %d", i % 100);

        assert_int_equal(column_intern(&column, &value, text, (size_t)text_len, NULL), ERR_OK);
        assert_int_equal(value, i % 100);
        assert_int_equal(column_append(&column, i % 7 == 0 ? VALUE_NULL : value, NULL), ERR_OK);
    }
    assert_int_equal(column_encode(&column, &data, &len, NULL), ERR_OK);
    assert_int_equal(column_decode(&number, data, len, NULL), ERR_STORE_CORRUPT);
    for (size_t cut = 0; cut < len; cut += cut < 64 ? 1 : 97)
        assert_int_equal(column_decode(&copy, data, cut, NULL), ERR_STORE_CORRUPT);
    data[32 + 8 + 1] ^= 0x40; /* a string number */
    assert_int_equal(column_decode(&copy, data, len, NULL), ERR_STORE_CORRUPT);
    data[32 + 8 + 1] ^= 0x40;
    assert_int_equal(column_decode(&copy, data, len, NULL), ERR_OK);
    assert_int_equal(column_index(&copy, NULL), ERR_OK);
    assert_true(copy.values[0] == VALUE_NULL);
    assert_int_equal(column_find(&copy, "code 5", 6), copy.values[5]);
    assert_true(column_find(&copy, "code 100", 8) == VALUE_NULL);
    free(data);
    column_clear(&column);
    column_clear(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_import__converts_as_the_mapping_says),
        cmocka_unit_test(test_import__reads_decimals_exactly),
        cmocka_unit_test(test_import__updates_only_what_changed),
        cmocka_unit_test(test_import__takes_the_first_of_repeated_parents),
        cmocka_unit_test(test_import__rejects_rows_with_their_place_and_reason),
        cmocka_unit_test(test_import__writes_rejected_rows_without_their_values),
        cmocka_unit_test(test_import__changes_nothing_when_the_file_is_bad),
        cmocka_unit_test(test_import__refuses_a_mapping_that_does_not_fit),
        cmocka_unit_test(test_import__never_stores_a_direct_identifier),
        cmocka_unit_test(test_import__keeps_the_old_rows_when_the_store_is_full),
        cmocka_unit_test(test_import__takes_codes_of_the_front_page_interface),
        cmocka_unit_test(test_tables__refuse_a_commit_after_another),
        cmocka_unit_test(test_column__refuses_damaged_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
