/* test_evaluate.c - the demonstration's integers, three ways: as published with the data, by sqlite3 in plain
 * SQL, and by import and evaluation, once over all rows as one hospital and once over 186 hospitals added up
 * by area. */
#include "tests/unit/records_fixture.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

#include "catalogue/catalogue.h"
#include "node/evaluate.h"
#include "node/preview.h"

#define DATA       "deploy/demo-data/eicu"
#define MAPPING    "deploy/demo-data/mapping"
#define ROLE(name) WEFT__V1__ROLE__ROLE_##name

static const struct {
    const char *csv, *mapping;
} files[] = {{"patient", "discharge"},      {"patient", "icu_stay"},
             {"apachepredvar", "icu_day1"}, {"apachepatientresult", "risk_score"},
             {"treatment", "treatment"},    {"hospital", "site_fact"}};
#define NUM_FILES (sizeof(files) / sizeof(files[0]))

static struct {
    struct catalogue *catalogue;
    struct catalogue_layout layout;
    struct calendar_period period;
    struct mapping *mappings[NUM_FILES];
    struct scratch scratch; /* tables/: unpacked; sites/: one directory a hospital */
} demo;

static void run(const char *format, ...)
{
    char command[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static int set_up(void **state)
{
    struct calendar_zone utc;
    struct err err = {0};
    char path[256], root[512];

    (void)state;
    assert_non_null(getcwd(root, sizeof(root)));
    assert_int_equal(catalogue_load(&demo.catalogue, "catalogue/eicu-demo.yaml", &err), ERR_OK);
    assert_int_equal(catalogue_layout(&demo.layout, demo.catalogue, &err), ERR_OK);
    assert_int_equal(calendar_zone(&utc, "UTC", &err), ERR_OK);
    assert_int_equal(calendar_period(&demo.period, "2014..2015", &utc, &err), ERR_OK);
    for (size_t i = 0; i < NUM_FILES; i++) {
        snprintf(path, sizeof(path), MAPPING "/%s.yaml", files[i].mapping);
        if (mapping_load(&demo.mappings[i], path, &err) != ERR_OK)
            fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.detail);
    }
    assert_int_equal(scratch_make(&demo.scratch), 0);
    run("mkdir %s/tables && for f in patient hospital apachepatientresult apachepredvar treatment; do "
        "gzip -dc " DATA "/$f.csv.gz > %s/tables/$f.csv || exit 1; done",
        demo.scratch.directory, demo.scratch.directory);
    run("%s " DATA " %s/sites", WEFT_DEMO_SPLIT, demo.scratch.directory);
    run("cd %s/tables && sqlite3 < %s/tests/system/eicu_oracle.sql > ../oracle.csv", demo.scratch.directory,
        root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < NUM_FILES; i++)
        mapping_free(&demo.mappings[i]);
    catalogue_layout_clear(&demo.layout);
    catalogue_free(&demo.catalogue);
    scratch_remove(&demo.scratch);
    return 0;
}

/* Import files[first..last) from `directory`; every row must be taken. */
static void import_all(struct records *records, const char *directory, size_t num_files,
                       uint64_t inserted[NUM_FILES])
{
    struct import_options options = {.pseudonym_key = records_key};
    struct import_counts counts;
    struct err err = {0};
    char path[256];

    for (size_t i = 0; i < num_files; i++) {
        snprintf(path, sizeof(path), "%s/%s/%s.csv", demo.scratch.directory, directory, files[i].csv);
        if (import_file(records->store, path, demo.mappings[i], &options, &counts, &err) != ERR_OK &&
            err.code != ERR_CSV_EMPTY) /* some hospitals have no treatments */
            fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.detail);
        if (err.code == ERR_CSV_EMPTY) {
            err = (struct err){0};
            continue;
        }
        if (counts.rejected != 0)
            fail_msg("%s:%u: %s %s", path, counts.first_reject.line, counts.first_reject.field,
                     counts.first_reject.detail);
        assert_int_equal(counts.rows, counts.inserted + counts.repeated);
        inserted[i] = counts.inserted;
    }
}

static int evaluate_store(struct evaluation *evaluation, struct store *store, struct err *err)
{
    struct tables *tables = NULL;
    int rc;

    assert_int_equal(tables_open(&tables, store, err), ERR_OK);
    rc = evaluate(evaluation, demo.catalogue, &demo.layout, tables, demo.period.begin_ms, demo.period.end_ms,
                  err);
    tables_close(&tables);
    return rc;
}

static size_t find_slot(const char *indicator, const char *stratum, const char *role, unsigned bin)
{
    for (size_t i = 0; i < demo.layout.num_slots; i++) {
        const Weft__V1__Slot *slot = &demo.layout.slots[i];
        const Weft__V1__Series *series = &demo.layout.series[slot->series];

        if (strcmp(series->indicator, indicator) == 0 && strcmp(series->stratum, stratum) == 0 &&
            strcmp(catalogue_role_text(slot->role), role) == 0 && slot->bin == bin)
            return i;
    }
    fail_msg("no slot %s/%s %s %u", indicator, stratum, role, bin);
    return 0;
}

/* Compare `values` with the oracle's rows of one area; returns how many were compared. `sites` is false when
 * all rows were one hospital: then how many hospitals contribute does not apply. */
static size_t compare_with_oracle(const uint64_t *values, long area, bool sites, bool with_facts)
{
    char path[256], line[256], indicator[64], stratum[32], role[32];
    size_t compared = 0;
    unsigned bin;
    uint64_t value;
    long row_area;
    FILE *file;

    snprintf(path, sizeof(path), "%s/oracle.csv", demo.scratch.directory);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        size_t slot;

        if (sscanf(line, "%ld,%63[^,],%31[^,],%31[^,],%u,%" SCNu64, &row_area, indicator, stratum, role, &bin,
                   &value) != 6)
            fail_msg("oracle: %s", line);
        if (row_area != area || (!sites && strcmp(role, "contributes") == 0) ||
            (!with_facts && strcmp(indicator, "teaching-hospital") == 0))
            continue;
        slot = find_slot(indicator, strcmp(stratum, "\"\"") == 0 ? "" : stratum, role, bin);
        if (values[slot] != value)
            fail_msg("%ld %s/%s %s %u: %" PRIu64 ", sqlite3: %" PRIu64, area, indicator, stratum, role, bin,
                     values[slot], value);
        compared++;
    }
    fclose(file);
    return compared;
}

static void expect(const uint64_t *values, const char *indicator, const char *stratum, const char *role,
                   unsigned bin, uint64_t expected)
{
    uint64_t value = values[find_slot(indicator, stratum, role, bin)];

    if (value != expected)
        fail_msg("%s/%s %s %u: %" PRIu64 ", not %" PRIu64, indicator, stratum, role, bin, value, expected);
}

/* The figures that are published with the data. */
static void expect_published(const uint64_t *values)
{
    static const uint64_t days[31] = {167, 332, 296, 253, 213, 165, 121, 98, 89, 66, 58, 46, 36, 21, 18, 18,
                                      25,  21,  16,  13,  15,  8,   10,  7,  2,  7,  8,  7,  2,  4,  32};
    static const struct {
        const char *stratum;
        uint64_t deaths, known, stays;
    } ages[] = {{"", 182, 2149, 2174},   {"under_45", 7, 370, 375}, {"45_64", 43, 657, 667},
                {"65_74", 37, 462, 467}, {"75_up", 94, 656, 661},   {"unknown", 1, 4, 4}};

    for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        expect(values, "hospital-mortality", ages[i].stratum, "numerator", 0, ages[i].deaths);
        expect(values, "hospital-mortality", ages[i].stratum, "complement", 0,
               ages[i].known - ages[i].deaths);
        expect(values, "hospital-mortality", ages[i].stratum, "missing", 0, ages[i].stays - ages[i].known);
    }
    expect(values, "icu-mortality", "", "numerator", 0, 126);
    expect(values, "icu-mortality", "", "complement", 0, 2518 - 126);
    expect(values, "icu-mortality", "", "missing", 0, 2);
    expect(values, "mortality-ratio", "", "numerator", 0, 139);
    expect(values, "mortality-ratio", "", "complement", 0, 1683 - 139);
    expect(values, "mortality-ratio", "", "expected", 0, 175241692);
    expect(values, "hospital-stay", "", "count", 0, 2174);
    expect(values, "hospital-stay", "", "sum", 0, 20093712);
    expect(values, "icu-stay", "", "count", 0, 2520);
    expect(values, "icu-stay", "", "sum", 0, 8779869);
    expect(values, "icu-readmission", "", "numerator", 0, 97);
    expect(values, "icu-readmission", "", "complement", 0, 2520 - 97);
    expect(values, "thrombolysis", "", "numerator", 0, 29);
    expect(values, "thrombolysis", "", "complement", 0, 2205 - 29);
    expect(values, "culture-before-antibacterial", "", "numerator", 0, 185);
    expect(values, "culture-before-antibacterial", "", "complement", 0, 544 - 185);
    for (unsigned i = 0; i < 31; i++)
        expect(values, "hospital-stay-days", "", "bin", i, days[i]);
}

static double milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void test_evaluate__agrees_over_all_rows_as_one_hospital(void **state)
{
    uint64_t *maxima = calloc(demo.layout.num_slots, sizeof(*maxima));
    uint64_t inserted[NUM_FILES] = {0};
    struct evaluation evaluation = {0};
    struct records records;
    struct err err = {0};
    char *text = NULL;
    double begin;

    (void)state;
    assert_non_null(maxima);
    records_begin(&records);
    import_all(&records, "tables", NUM_FILES - 1, inserted); /* the facts are of 186 hospitals */
    assert_int_equal(inserted[0], 2174);
    assert_int_equal(inserted[1], 2520);
    assert_int_equal(inserted[2], 2205);
    assert_int_equal(inserted[3], 3676);
    assert_int_equal(inserted[4], 38290);
    /* Far more than a hospital has: the bounds say so first. */
    assert_int_equal(evaluate_store(&evaluation, records.store, &err), ERR_BOUND_TOO_SMALL);
    assert_string_equal(err.detail, "hospital-mortality complement: 1967 > 250");
    for (size_t i = 0; i < demo.layout.num_slots; i++) {
        maxima[i] = demo.layout.slots[i].maximum;
        demo.layout.slots[i].maximum = UINT64_MAX;
    }
    begin = milliseconds();
    assert_int_equal(evaluate_store(&evaluation, records.store, &err), ERR_OK);
    print_message("evaluated 48,865 rows in %.1f ms\n", milliseconds() - begin);
    for (size_t i = 0; i < demo.layout.num_slots; i++)
        demo.layout.slots[i].maximum = maxima[i];
    expect_published(evaluation.values);
    /* 92 rows an area, less 15 of contributes and 3 others of the fact. */
    assert_int_equal(compare_with_oracle(evaluation.values, 990000, false, false), 92 - 15 - 3);
    assert_int_equal(evaluation.steps[2].rows, 3676);
    assert_int_equal(evaluation.steps[2].excluded, 1838);
    assert_int_equal(evaluation.steps[2].no_parent, 0);
    assert_int_equal(preview_text(&text, demo.catalogue, &demo.layout, &evaluation, LANG_ZH, &err), ERR_OK);
    assert_non_null(strstr(text, "75岁及以上: 分子 94 / 分母 656 = 14.33 %; 缺失 5\n"));
    assert_non_null(strstr(text, "实际 139 / 预期 175.241692"));
    free(text);
    assert_int_equal(preview_text(&text, demo.catalogue, &demo.layout, &evaluation, LANG_EN, &err), ERR_OK);
    assert_non_null(strstr(text, "cases 2174, median in the bin from 4 d"));
    assert_non_null(strstr(text, "share of teaching hospitals"));
    assert_non_null(strstr(text, "denominator 0 = -;")); /* nothing stated is not 0 % */
    free(text);
    evaluation_clear(&evaluation);
    free(maxima);
    records_end(&records);
}

/* Areas of a hospital: all, its city, its county. */
static void areas_of(long areas[3], long id, const char *region)
{
    static const char *const regions[] = {"Midwest", "Northeast", "South", "West"};
    size_t city = 0;

    while (city < 4 && strcmp(regions[city], region) != 0)
        city++;
    areas[0] = 990000;
    areas[1] = 990000 + ((long)city + 1) * 100;
    areas[2] = areas[1] + 1 + id % 5;
}

#define NUM_AREAS 600 /* 990000 to 990599 */

static void add_site(uint64_t *totals, long id, const char *region, double *slowest)
{
    uint64_t inserted[NUM_FILES];
    struct evaluation evaluation = {0};
    struct records records = {.scratch = demo.scratch};
    char directory[64], name[64];
    struct err err = {0};
    long areas[3];
    double begin, took;

    snprintf(directory, sizeof(directory), "sites/%ld", id);
    snprintf(name, sizeof(name), "store-%ld", id);
    records_open(&records, name);
    import_all(&records, directory, NUM_FILES, inserted);
    begin = milliseconds();
    if (evaluate_store(&evaluation, records.store, &err) != ERR_OK) /* within the catalogue's bounds */
        fail_msg("hospital %ld: %s", id, err.detail);
    took = milliseconds() - begin;
    *slowest = took > *slowest ? took : *slowest;
    areas_of(areas, id, region);
    for (int i = 0; i < 3; i++) {
        for (size_t slot = 0; slot < demo.layout.num_slots; slot++)
            totals[(size_t)(areas[i] - 990000) * demo.layout.num_slots + slot] += evaluation.values[slot];
    }
    evaluation_clear(&evaluation);
    store_close(&records.store);
    run("rm -r %s/%s", demo.scratch.directory, name);
}

static void test_evaluate__agrees_at_every_tier_of_186_hospitals(void **state)
{
    uint64_t *totals = calloc(NUM_AREAS * demo.layout.num_slots, sizeof(*totals));
    size_t sites = 0, compared = 0;
    double slowest = 0;
    struct csv_row row;
    struct csv *csv = NULL;
    char path[256];

    (void)state;
    assert_non_null(totals);
    snprintf(path, sizeof(path), "%s/sites/hospitals.csv", demo.scratch.directory);
    assert_int_equal(csv_open(&csv, path, NULL, NULL), ERR_OK);
    while (csv_next(csv, &row, NULL) == ERR_OK && row.cells != NULL) {
        add_site(totals, strtol(row.cells[0].text, NULL, 10), row.cells[1].text, &slowest);
        sites++;
    }
    csv_close(&csv);
    assert_int_equal(sites, 186);
    print_message("slowest of 186 hospitals: %.2f ms\n", slowest);
    assert_true(slowest < 100);
    expect_published(totals);
    expect(totals, "teaching-hospital", "", "numerator", 0, 18);
    expect(totals, "teaching-hospital", "", "complement", 0, 168);
    for (long area = 0; area < NUM_AREAS; area++)
        compared +=
            compare_with_oracle(totals + (size_t)area * demo.layout.num_slots, 990000 + area, true, true);
    assert_int_equal(compared, 31 * 92); /* the whole, 5 cities, 25 counties */
    free(totals);
}

/* ---- small cases ---- */

static const char small[] =
    "catalogue: 1\nid: c\nversion: \"1\"\nname: {en: C, zh: C}\n"
    "populations:\n"
    "  adults: {name: {en: a, zh: a}, table: discharge, exclude: age < 18}\n"
    "  units: {name: {en: u, zh: u}, table: icu_stay, where: stay > 1h}\n"
    "indicators:\n"
    "  - {id: rate, name: {en: r, zh: r}, kind: rate, population: adults, numerator: count(icu_stay) + 0,\n"
    "     denominator: stay + 0min, bounds: {numerator: 9, denominator: 900, missing: 9}, unit: x, "
    "direction: none, "
    "source: s}\n"
    "  - {id: mean, name: {en: m, zh: m}, kind: mean, population: units, value: stay - 2h,\n"
    "     bounds: {count: 9, sum: 999, sum_of_squares: 99999, missing: 9}, unit: min, direction: none, "
    "source: s}\n";

static int evaluate_small(const char *stays, const char *units, uint64_t values[16],
                          struct evaluation_steps *steps, struct err *err)
{
    static const char stay_mapping[] =
        "mapping: 1\ntable: discharge\nzone: UTC\ncolumns:\n  record: {from: id}\n"
        "  age: {from: age}\n  stay: {from: stay}\n  discharge_time: {from: t}\n";
    static const char unit_mapping[] = "mapping: 1\ntable: icu_stay\ncolumns:\n  record: {from: id}\n"
                                       "  discharge: {from: d}\n  stay: {from: stay}\n";
    struct catalogue_layout layout = {0};
    struct catalogue *catalogue = NULL;
    struct evaluation evaluation = {0};
    struct tables *tables = NULL;
    struct import_counts counts;
    struct records records;
    int rc;

    *err = (struct err){0};
    records_begin(&records);
    assert_int_equal(records_import(&records, stay_mapping, stays, NULL, &counts, err), ERR_OK);
    assert_int_equal(records_import(&records, unit_mapping, units, NULL, &counts, err), ERR_OK);
    if (catalogue_parse(&catalogue, "c.yaml", small, strlen(small), err) != ERR_OK)
        fail_msg("%u:%u: %s", err->line, err->column, err->detail);
    assert_int_equal(catalogue_layout(&layout, catalogue, err), ERR_OK);
    assert_int_equal(layout.num_slots, 4 + 5);
    assert_int_equal(tables_open(&tables, records.store, err), ERR_OK);
    rc = evaluate(&evaluation, catalogue, &layout, tables, demo.period.begin_ms, demo.period.end_ms, err);
    tables_close(&tables);
    if (rc == ERR_OK) {
        memcpy(values, evaluation.values, layout.num_slots * sizeof(*values));
        memcpy(steps, evaluation.steps, 2 * sizeof(*steps));
    }
    evaluation_clear(&evaluation);
    catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
    records_end(&records);
    return rc;
}

/* Edges of the period, an exclusion whose condition is absent, and rows without a parent. */
static void test_evaluate__counts_exactly_the_population(void **state)
{
    struct evaluation_steps steps[2];
    uint64_t values[16];
    struct err err;

    (void)state;
    assert_int_equal(
        evaluate_small("id,age,stay,t\n"
                       "a,50,100,2014-01-01T00:00:00Z\n"   /* the first instant */
                       "b,,200,2015-12-31T23:59:59.999Z\n" /* the last; not known to be a child */
                       "c,17,300,2015-06-01\n"             /* excluded */
                       "d,50,400,2016-01-01\n"             /* after */
                       "e,50,,2015-06-01\n",               /* missing */
                       "id,d,stay\nu,a,130\nv,a,180\nw,d,500\nx,nobody,500\ny,b,60\nz,b,\n", values, steps,
                       &err),
        ERR_OK);
    assert_int_equal(values[0], 4); /* u, v of a; y, z of b */
    assert_int_equal(values[1], 300);
    assert_int_equal(values[2], 1);
    assert_int_equal(values[3], 1);
    assert_int_equal(values[4], 2);
    assert_int_equal(values[5], 10 + 60);
    assert_int_equal(values[6], 100 + 3600);
    assert_int_equal(values[7], 1);
    assert_int_equal(values[8], 0);
    assert_int_equal(steps[0].rows, 5);
    assert_int_equal(steps[0].outside, 1);
    assert_int_equal(steps[0].excluded, 1);
    assert_int_equal(steps[0].population, 3);
    assert_int_equal(steps[1].no_parent, 1);
    assert_int_equal(steps[1].outside, 1);
    assert_int_equal(steps[1].excluded, 2);
}

static void test_evaluate__refuses_what_cannot_be_counted(void **state)
{
    struct evaluation_steps steps[2];
    uint64_t values[16];
    struct err err;

    (void)state;
    assert_int_equal(
        evaluate_small("id,age,stay,t\na,50,100,2014-01-01\n", "id,d,stay\nu,a,119\n", values, steps, &err),
        ERR_VALUE_NOT_COUNTABLE); /* 119 min - 2 h */
    assert_int_equal(
        evaluate_small("id,age,stay,t\na,50,901,2014-01-01\n", "id,d,stay\nu,b,130\n", values, steps, &err),
        ERR_BOUND_TOO_SMALL);
    assert_string_equal(err.detail, "rate denominator: 901 > 900");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluate__agrees_over_all_rows_as_one_hospital),
        cmocka_unit_test(test_evaluate__agrees_at_every_tier_of_186_hospitals),
        cmocka_unit_test(test_evaluate__counts_exactly_the_population),
        cmocka_unit_test(test_evaluate__refuses_what_cannot_be_counted),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
