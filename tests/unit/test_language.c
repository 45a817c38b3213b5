/* test_language.c - what every construct of the indicator language gives, on a few records made for it.
 *
 * Each line of a table is an expression and its values for all rows, "-" where absent. */
#include <stdio.h>
#include <stdlib.h>

#include "node/evaluate.h"
#include "node/vector.h"
#include "tests/unit/records_fixture.h"

#define STAYS                                                                                                \
    "mapping: 1\ntable: discharge\ncolumns:\n  record: {from: id}\n  patient: {from: p}\n"                   \
    "  admission_time: {from: a}\n  discharge_time: {from: d}\n  age: {from: age}\n"                         \
    "  disposition: {from: x}\n  bed_days: {from: b}\n  total_cost: {from: c}\n  day_surgery: {from: s}\n"
#define DIAGNOSES                                                                                            \
    "mapping: 1\ntable: diagnosis\ncolumns:\n  record: {from: id}\n  discharge: {from: d}\n"                 \
    "  code: {from: c}\n  seq: {from: n}\n  on_admission: {from: a}\n"
#define SURGERIES                                                                                            \
    "mapping: 1\ntable: surgery\ncolumns:\n  record: {from: id}\n  discharge: {from: d}\n"                   \
    "  start: {from: s}\n  end: {from: e}\n  level: {from: l}\n  unplanned_return: {from: u}\n"
#define EVENTS                                                                                               \
    "mapping: 1\ntable: event\ncolumns:\n  record: {from: id}\n  discharge: {from: d}\n  kind: {from: k}\n"  \
    "  at: {from: t}\n  done_at: {from: o}\n  value: {from: v}\n  item: {from: i}\n"

/* Stays a, b and c are of one person in this order; d is of another; e says little. */
static const char stays[] = "id,p,a,d,age,x,b,c,s\n"
                            "a,p1,2024-01-30 08:00,2024-01-31 23:59:59.999,17,1,2,100.5,1\n"
                            "b,p1,2024-03-01 00:00,2024-03-02 10:00,18,5,2,0.000001,0\n"
                            "c,p1,2024-03-02 23:59:59.999,2024-03-09 10:00,18,9,7,,\n"
                            "d,p2,2024-02-29 10:00,2024-02-29 10:00:00.001,130,5,1,1,1\n"
                            "e,,,2024-12-31 23:59,,,,,\n";
static const char diagnoses[] = "id,d,c,n,a\n"
                                "1,a,I21.0,0,1\n2,a,j42.x00,1,4\n3,b,I21.4,0,1\n4,b,I21.301,1,4\n"
                                "5,c,I22,0,\n6,d,,0,1\n";
/* a: three operations, two at the same time; b: one without times. */
static const char surgeries[] = "id,d,s,e,l,u\n"
                                "1,a,2024-01-30 10:00,2024-01-30 11:00,4,0\n"
                                "2,a,2024-01-31 11:00,2024-01-31 12:00,3,1\n"
                                "3,a,2024-01-31 11:00,2024-01-31 13:00,3,0\n"
                                "4,b,,,2,1\n";
/* 6 stands on its own; 7 names a stay that is not there. */
static const char events[] =
    "id,d,k,t,o,v,i\n"
    "1,a,lab,2024-01-30 09:00,,1.0,x\n2,a,lab,2024-01-31 09:00,,1.3,x\n"
    "3,a,lab,2024-02-05 09:00,,2.0,y\n4,b,lab,2024-03-01 09:00,2024-03-01 09:59:59.999,,x\n"
    "5,b,pain,2024-03-01 08:00,2024-03-01 08:00,0,\n"
    "6,,pain,2024-03-01 08:00,2024-03-01 07:59:59.999,0,\n7,zz,lab,2024-03-01,,9,\n";

struct world {
    struct records records;
    struct tables *tables;
    struct code_set sets[4];
    struct calendar_zone zone;
};

static void add_codes(struct code_set *set, const char *id, const char *const *codes, bool exact)
{
    set->id = id;
    for (; *codes != NULL; codes++)
        assert_int_equal(code_set_add(set, *codes, exact, NULL), ERR_OK);
    code_set_finish(set);
}

static int set_up(void **state)
{
    static const char *const stemi[] = {"I21.0-I21.3", "I21.9", NULL};
    static const char *const exact[] = {"i21.4", NULL};
    static const char *const all[] = {"I", "J42.X", NULL};
    struct world *world = calloc(1, sizeof(*world));
    struct import_counts counts;

    assert_non_null(world);
    records_begin(&world->records);
    assert_int_equal(records_import(&world->records, STAYS, stays, NULL, &counts, NULL), ERR_OK);
    assert_int_equal(records_import(&world->records, DIAGNOSES, diagnoses, NULL, &counts, NULL), ERR_OK);
    assert_int_equal(records_import(&world->records, SURGERIES, surgeries, NULL, &counts, NULL), ERR_OK);
    assert_int_equal(records_import(&world->records, EVENTS, events, NULL, &counts, NULL), ERR_OK);
    assert_int_equal(tables_open(&world->tables, world->records.store, NULL), ERR_OK);
    add_codes(&world->sets[0], "STEMI", stemi, false);
    add_codes(&world->sets[1], "NSTEMI", exact, true);
    add_codes(&world->sets[2], "ALL", all, false);
    add_codes(&world->sets[3], "REST", all, false);
    assert_int_equal(code_set_subtract(&world->sets[3], &world->sets[0], NULL), ERR_OK);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < 4; i++)
        code_set_clear(&world->sets[i]);
    tables_close(&world->tables);
    records_end(&world->records);
    free(world);
    return 0;
}

struct line {
    int table;
    const char *text, *values;
};

static int parse(struct expr **expr, const struct world *world, int table, const char *text, struct err *err)
{
    struct expr_source source = {.text = text,
                                 .file = "t",
                                 .line = 1,
                                 .column = 1,
                                 .sets = world->sets,
                                 .num_sets = 4,
                                 .zone = world->zone.name[0] != '\0' ? &world->zone : NULL};
    int rc = expr_parse(expr, &source, table, EXPR_WANT_BOOL, NULL);

    return rc == ERR_OK ? rc : expr_parse(expr, &source, table, EXPR_WANT_NUMBER, err);
}

static void expect(const struct world *world, int table, const char *text, const char *expected)
{
    struct expr *expr = NULL;
    struct err err = {0};
    char out[256] = "";
    int64_t *values;

    if (parse(&expr, world, table, text, &err) != ERR_OK)
        fail_msg("%s: column %u: %s", text, err.column, err.detail);
    assert_int_equal(vector_evaluate(&values, world->tables, expr->root, &err), ERR_OK);
    for (size_t i = 0; i < tables_num_rows(world->tables, table); i++) {
        size_t len = strlen(out);

        if (values[i] == VALUE_NULL)
            snprintf(out + len, sizeof(out) - len, "%s-", i == 0 ? "" : " ");
        else
            snprintf(out + len, sizeof(out) - len, "%s%lld", i == 0 ? "" : " ", (long long)values[i]);
    }
    if (strcmp(out, expected) != 0)
        fail_msg("%s: %s, not %s", text, out, expected);
    free(values);
    expr_free(&expr);
}

static void expect_all(const struct world *world, const struct line *lines, size_t num)
{
    for (size_t i = 0; i < num; i++)
        expect(world, lines[i].table, lines[i].text, lines[i].values);
}

#define EXPECT(world, lines) expect_all(world, lines, sizeof(lines) / sizeof((lines)[0]))
#define D                    SCHEMA_DISCHARGE
#define X                    SCHEMA_DIAGNOSIS
#define S                    SCHEMA_SURGERY
#define E                    SCHEMA_EVENT

static void test_language__compares_and_leaves_absent_what_is_absent(void **state)
{
    static const struct line lines[] = {
        {D, "age = 18", "0 1 1 0 -"},
        {D, "age != 18", "1 0 0 1 -"},
        {D, "age < 18", "1 0 0 0 -"},
        {D, "age <= 18", "1 1 1 0 -"},
        {D, "age > 18", "0 0 0 1 -"},
        {D, "age >= 18", "0 1 1 1 -"},
        {D, "age in {17, 130}", "1 0 0 1 -"},
        {D, "age not in {17, 130}", "0 1 1 0 -"},
        {D, "age is missing", "0 0 0 0 1"},
        {D, "not age is missing", "1 1 1 1 0"},
        {D, "disposition = 'died'", "0 1 0 1 -"},
        {D, "disposition in {'died', 'home'}", "1 1 0 1 -"},
        {D, "day_surgery", "1 0 - 1 -"},
        {D, "not day_surgery", "0 1 - 0 -"},
        {D, "day_surgery = false", "0 1 - 0 -"},
        {D, "day_surgery and age > 18", "0 0 0 1 -"},
        {D, "day_surgery or age > 17", "1 1 1 1 -"},
        {D, "day_surgery and age is missing", "0 0 0 0 -"},
        {D, "day_surgery or age is missing", "1 0 - 1 1"},
        {D, "total_cost > 0.000001", "1 0 - 1 -"},
        {D, "total_cost >= 0.000001", "1 1 - 1 -"},
        {D, "bed_days + 1 - 3", "0 0 5 -1 -"},
        {D, "bed_days >= 7", "0 0 1 0 -"},
    };

    EXPECT(*state, lines);
}

static void test_language__takes_codes_by_prefix_range_and_exception(void **state)
{
    static const struct line lines[] = {
        {X, "code in STEMI", "1 0 0 1 0 -"}, /* I21.301 lies below I21.3 */
        {X, "code in NSTEMI", "0 0 1 0 0 -"},
        {X, "code in ALL", "1 1 1 1 1 -"},
        {X, "code in REST", "0 1 1 0 1 -"},
        {X, "code not in STEMI", "0 1 1 0 1 -"},
        {X, "code = 'j42.X00'", "0 1 0 0 0 -"},
        {X, "code in {'i21.4', 'I22'}", "0 0 1 0 1 -"},
        {D, "exists(diagnosis where seq = 0 and code in STEMI)", "1 0 0 0 0"},
        {D, "exists(diagnosis where on_admission = 'none' and code in ALL)", "1 1 0 0 0"},
        {D, "exists(diagnosis where not on_admission = 'none')", "1 1 0 1 0"},
    };

    EXPECT(*state, lines);
}

static void test_language__adds_up_children(void **state)
{
    static const struct line lines[] = {
        {D, "count(diagnosis)", "2 2 1 1 0"},
        {D, "count(diagnosis where code is missing)", "0 0 0 1 0"},
        {D, "count(distinct diagnosis.code)", "2 2 1 0 0"},
        {D, "count(distinct diagnosis.on_admission where seq < 2)", "2 2 0 1 0"},
        {D, "count(distinct event.item where kind = 'lab')", "2 1 0 0 0"},
        {D, "sum(surgery.level)", "10 2 0 0 0"},
        {D, "sum(surgery.level where unplanned_return)", "3 2 0 0 0"},
        {D, "sum(event.value)", "4300000 0 0 0 0"},
        {D, "min(surgery.level)", "3 2 - - -"},
        {D, "max(surgery.level where level < 4)", "3 2 - - -"},
        {D, "exists(surgery where level > 3)", "1 0 0 0 0"},
        {E, "exists(surgery)", "1 1 1 1 1 0 0"}, /* of the event's stay */
        {E, "discharge.age >= 18", "0 0 0 1 1 - -"},
        {E, "min(surgery.level)", "3 3 3 2 2 - -"},
    };

    EXPECT(*state, lines);
}

static void test_language__counts_time_to_the_millisecond(void **state)
{
    static const struct line lines[] = {
        {D, "discharge_time - admission_time <= 0min", "0 0 0 0 -"},
        {D, "discharge_time - admission_time > 0min", "1 1 1 1 -"},
        {D, "discharge_time - admission_time < 1min", "0 0 0 1 -"},
        {D, "minutes(discharge_time - admission_time)", "2399 2040 9240 0 -"},
        {D, "minutes(admission_time - discharge_time)", "-2400 -2040 -9241 -1 -"},
        {D, "discharge_time = admission_time", "0 0 0 0 -"},
        {D, "discharge_time < admission_time + 34h", "0 0 0 1 -"},
        {D, "discharge_time <= admission_time + 34h", "0 1 0 1 -"},
        {D, "discharge_time - 34h >= admission_time", "1 1 1 0 -"},
        {D, "admission_time + (discharge_time - admission_time) = discharge_time", "1 1 1 1 -"},
        {E, "done_at - at < 1h", "- - - 1 1 1 -"},
        {E, "done_at - at < 60min", "- - - 1 1 1 -"},
        {E, "done_at - at <= 59min", "- - - 0 1 1 -"},
        {E, "done_at - at >= 0min", "- - - 1 1 0 -"},
        {E, "minutes(done_at - at)", "- - - 59 0 -1 -"},
    };

    EXPECT(*state, lines);
}

static void test_language__counts_days_and_months_of_the_calendar(void **state)
{
    static const struct line lines[] = {
        {D, "days(admission_time, discharge_time)", "1 1 7 0 -"},
        {D, "days(discharge_time, admission_time)", "-1 -1 -7 0 -"},
        {D, "days(admission_time, discharge_time) = 0", "0 0 0 1 -"},
        {D, "days(admission_time, discharge_time + 1min)",
         "2 1 7 0 -"}, /* over midnight, and the month's end */
        {D, "days(admission_time, admission_time + 366d)", "366 366 366 366 -"},
        {D, "months(admission_time, admission_time + 30d)",
         "1 0 0 1 -"}, /* Jan 30: Feb 29, the month's last */
        {D, "months(admission_time, admission_time + 29d)", "0 0 0 1 -"}, /* Feb 29: Mar 29 */
        {D, "months(admission_time, admission_time + 28d)", "0 0 0 0 -"},
        {D, "months(admission_time, admission_time + 365d)",
         "11 12 12 12 -"}, /* Feb 29, 2024: Feb 28, 2025 */
        {D, "months(admission_time, admission_time - 365d)", "-12 -11 -11 -11 -"},
        {D, "months(admission_time, admission_time + 1827d) >= 60", "1 1 1 1 -"},
        {D, "months(admission_time, admission_time + 1825d) >= 60", "0 0 0 0 -"},
    };

    EXPECT(*state, lines);
}

static void test_language__counts_days_in_the_zone(void **state)
{
    struct world *world = *state;

    /* a: Jan 30 00:00Z to Jan 31 15:59Z; b: Feb 29 16:00Z to Mar 2 02:00Z; c: Mar 2 15:59Z to Mar 9 02:00Z */
    assert_int_equal(calendar_zone(&world->zone, "UTC", NULL), ERR_OK);
    expect(world, D, "days(admission_time, discharge_time)", "1 2 7 0 -");
    assert_int_equal(calendar_zone(&world->zone, "-05:00", NULL), ERR_OK);
    expect(world, D, "days(admission_time, discharge_time)", "2 1 6 0 -");
    assert_int_equal(calendar_zone(&world->zone, "-04:00", NULL), ERR_OK); /* the same place in summer */
    expect(world, D, "days(admission_time, discharge_time)", "2 1 6 0 -");
    assert_int_equal(calendar_zone(&world->zone, "+08:00", NULL), ERR_OK);
    expect(world, D, "days(admission_time, discharge_time)", "1 1 7 0 -");
    world->zone = (struct calendar_zone){0};
}

static void test_language__looks_at_siblings(void **state)
{
    static const struct line lines[] = {
        {S, "count(surgery)", "3 3 3 1"}, /* itself among them */
        {S, "exists(surgery where end <= outer.start)", "0 1 1 0"},
        {S, "exists(surgery where start < outer.start)", "0 1 1 0"}, /* at the same time is not before */
        {S, "exists(surgery where end <= outer.start and outer.start - end <= 24h)", "0 1 1 0"},
        {S, "exists(surgery where end <= outer.start and outer.start - end < 24h)", "0 0 0 0"},
        {S, "minutes(start - max(surgery.end where end <= outer.start))", "- 1440 1440 -"},
        {S, "exists(surgery where outer.unplanned_return and start < outer.start)", "0 1 0 0"},
        {S, "level - max(surgery.level where start = outer.start)", "0 0 0 -"},
        {D, "exists(surgery where start > outer.admission_time and start <= outer.admission_time + 2h)",
         "1 0 0 0 0"},
        {D, "exists(surgery where start > discharge.admission_time + 2h)", "1 0 0 0 0"},
        {E, "count(event)", "3 3 3 2 2 0 0"}, /* what stands on its own has no siblings */
        {D,
         "exists(event where kind = 'lab' and exists(event where kind = 'lab' and at < outer.at "
         "and at >= outer.at - 48h and value + 0.3 <= outer.value))",
         "1 0 0 0 0"},
        {D,
         "exists(event where kind = 'lab' and exists(event where kind = 'lab' and at < outer.at "
         "and at >= outer.at - 48h and value + 0.300001 <= outer.value))",
         "0 0 0 0 0"},
        {D,
         "exists(event where kind = 'lab' and exists(event where kind = 'lab' and at < outer.at "
         "and at >= outer.at - 7d and value + value <= outer.value))",
         "1 0 0 0 0"},
    };

    EXPECT(*state, lines);
}

static void test_language__follows_the_person_to_the_next_stay(void **state)
{
    static const struct line lines[] = {
        {D, "count(discharge)", "3 3 3 1 0"},
        {D, "exists(discharge where admission_time > outer.discharge_time)", "1 1 0 0 0"},
        {D,
         "exists(discharge where admission_time > outer.discharge_time "
         "and admission_time - outer.discharge_time <= 30d)",
         "1 1 0 0 0"},
        {D,
         "exists(discharge where admission_time > outer.discharge_time "
         "and admission_time - outer.discharge_time <= 29d)",
         "0 1 0 0 0"},
        {D, "days(discharge_time, min(discharge.admission_time where admission_time > outer.discharge_time))",
         "30 0 - - -"},
        {D,
         "exists(discharge where admission_time > outer.discharge_time and exists(diagnosis where code in "
         "STEMI))",
         "1 0 0 0 0"},
    };

    EXPECT(*state, lines);
}

static void test_language__reaches_the_rows_beside_through_the_stay(void **state)
{
    static const struct line lines[] = {
        {SCHEMA_ICU_STAY, "exists(drug_order where start >= outer.entered and start <= outer.left)", ""},
        {SCHEMA_ICU_DAY1, "exists(surgery where start >= icu_stay.entered)", NULL},
        {E, "exists(surgery where start >= outer.at)", "1 1 0 0 0 0 0"},
        {E, "exists(surgery where start >= outer.at and level = 4)", "1 0 0 0 0 0 0"},
        {E, "count(surgery where start - outer.at <= 25h and start >= outer.at)", "1 2 0 0 0 0 0"},
        {E, "count(surgery where start - outer.at <= 26h and start >= outer.at)", "3 2 0 0 0 0 0"},
    };
    const struct world *world = *state;
    struct expr *expr = NULL;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (lines[i].values != NULL)
            expect(world, lines[i].table, lines[i].text, lines[i].values);
        else
            assert_int_equal(parse(&expr, world, lines[i].table, lines[i].text, NULL), ERR_EXPR_TYPE);
    }
}

static void test_language__refuses_what_has_no_meaning(void **state)
{
    static const struct {
        int table;
        const char *text;
        int code;
        unsigned column;
        const char *advice;
    } lines[] = {
        {D, "outer.age > 4", ERR_EXPR_TYPE, 1, "conditions of exists"},
        {D, "exists(surgery where outer.agee > 4)", ERR_EXPR_UNKNOWN_NAME, 28, "nearest: age"},
        {X, "code in STEMY", ERR_EXPR_UNKNOWN_NAME, 9, "nearest: STEMI"},
        {D, "department in STEMI", ERR_EXPR_TYPE, 15, "ICD"},
        {D, "age in STEMI", ERR_EXPR_TYPE, 8, "ICD"},
        {D, "discharge_time - admission_time > 24", ERR_EXPR_TYPE, 35, "24h"},
        {D, "discharge_time - admission_time > stay", ERR_EXPR_TYPE, 35, "minutes("},
        {D, "discharge_time - admission_time", ERR_EXPR_TYPE, 1, "minutes("},
        {D, "discharge_time + admission_time > 4h", ERR_EXPR_TYPE, 16, "duration"},
        {D, "discharge_time + stay > admission_time", ERR_EXPR_TYPE, 16, "duration"},
        {D, "discharge_time > 24h", ERR_EXPR_TYPE, 18, ""},
        {D, "24h + discharge_time > admission_time", ERR_EXPR_TYPE, 5, ""},
        {D, "days(admission_time, discharge_time) > 7d", ERR_EXPR_TYPE, 40, "bare numbers"},
        {D, "bed_days > 7d", ERR_EXPR_TYPE, 12, "bare numbers"},
        {D, "days(admission_time, age) > 7", ERR_EXPR_TYPE, 22, "a time"},
        {D, "minutes(stay) > 7min", ERR_EXPR_TYPE, 9, "two times"},
        {D, "sum(surgery.start) > 7min", ERR_EXPR_TYPE, 13, ""},
        {D, "sum(surgery.code) > 7", ERR_EXPR_TYPE, 13, ""},
        {D, "sum(surgery) > 7", ERR_EXPR_SYNTAX, 12, ""},
        {D, "exists(distinct surgery)", ERR_EXPR_UNKNOWN_NAME, 8, ""},
        {D, "count(distinct surgery) > 1", ERR_EXPR_SYNTAX, 23, ""},
        {X, "contains(code, 'i21')", ERR_EXPR_TYPE, 10, "set of codes"},
        {SCHEMA_SITE_FACT, "exists(site_fact)", ERR_EXPR_TYPE, 8, ""},
    };
    const struct world *world = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct expr *expr = NULL;
        struct err err = {0};
        int rc = parse(&expr, world, lines[i].table, lines[i].text, &err);

        if (rc != lines[i].code || err.column != lines[i].column ||
            strstr(err.detail, lines[i].advice) == NULL)
            fail_msg("%s: code %d column %u: %s", lines[i].text, rc, err.column, err.detail);
    }
}

/* Every expression of a catalogue is worked out on the records, and every row goes somewhere. */
static void evaluate_file(const struct world *world, const char *path)
{
    struct catalogue_layout layout = {0};
    struct catalogue *catalogue = NULL;
    struct evaluation evaluation = {0};
    struct calendar_period period;
    struct err err = {0};

    if (catalogue_load(&catalogue, path, &err) != ERR_OK)
        fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.detail);
    assert_int_equal(calendar_period(&period, "2024", &catalogue->zone, NULL), ERR_OK);
    assert_int_equal(catalogue_layout(&layout, catalogue, NULL), ERR_OK);
    if (evaluate(&evaluation, catalogue, &layout, world->tables, period.begin_ms, period.end_ms, &err) !=
        ERR_OK)
        fail_msg("%s: %s", path, err.detail);
    for (size_t i = 0; i < evaluation.num_steps; i++) {
        const struct evaluation_steps *steps = &evaluation.steps[i];

        assert_int_equal(steps->rows,
                         steps->no_parent + steps->outside + steps->excluded + steps->population);
    }
    evaluation_clear(&evaluation);
    catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
}

static void test_language__works_out_every_row(void **state)
{
    evaluate_file(*state, "tests/language/all_rows.yaml");
    evaluate_file(*state, "tests/language/ecqm.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_language__compares_and_leaves_absent_what_is_absent),
        cmocka_unit_test(test_language__takes_codes_by_prefix_range_and_exception),
        cmocka_unit_test(test_language__adds_up_children),
        cmocka_unit_test(test_language__counts_time_to_the_millisecond),
        cmocka_unit_test(test_language__counts_days_and_months_of_the_calendar),
        cmocka_unit_test(test_language__counts_days_in_the_zone),
        cmocka_unit_test(test_language__looks_at_siblings),
        cmocka_unit_test(test_language__follows_the_person_to_the_next_stay),
        cmocka_unit_test(test_language__reaches_the_rows_beside_through_the_stay),
        cmocka_unit_test(test_language__refuses_what_has_no_meaning),
        cmocka_unit_test(test_language__works_out_every_row),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
