/* test_counting.c - what a catalogue's rules count, on a few records: exclusions one by one, persons, rates over
 * two populations, rows that stand on their own, facts of one period or of all. */
#include <stdio.h>

#include "node/evaluate.h"
#include "tests/unit/records_fixture.h"

#define STAYS                                                                                                \
    "mapping: 1\ntable: discharge\ncolumns:\n  record: {from: id}\n  patient: {from: p}\n"                   \
    "  discharge_time: {from: d}\n  age: {from: age}\n  department: {from: w}\n  disposition: {from: x}\n"
#define EVENTS                                                                                               \
    "mapping: 1\ntable: event\ncolumns:\n  record: {from: id}\n  discharge: {from: d}\n  kind: {from: k}\n"  \
    "  at: {from: t}\n"
#define FACTS                                                                                                \
    "mapping: 1\ntable: site_fact\ncolumns:\n  record: {from: id}\n  name: {from: n}\n  value: {from: v}\n"  \
    "  at: {from: t}\n"

static const char catalogue_text[] =
    "catalogue: 1\nid: c\nversion: \"1\"\nname: {en: C, zh: C}\n"
    "populations:\n"
    "  stays: {name: {en: s, zh: s}, table: discharge}\n"
    "  adults:\n"
    "    name: {en: a, zh: a}\n"
    "    table: discharge\n"
    "    where: department = 'A'\n"
    "    exclude:\n"
    "      - {id: child, name: {en: children, zh: 儿童}, where: age < 18}\n"
    "      - {id: old, name: {en: old, zh: 老年}, where: age > 80 or age < 10}\n"
    "  falls: {name: {en: f, zh: f}, table: event, where: kind = 'fall'}\n"
    "  beds: {name: {en: b, zh: b}, table: site_fact, where: name = 'beds'}\n"
    "strata:\n"
    "  ward:\n"
    "    name: {en: w, zh: w}\n    table: discharge\n"
    "    values:\n"
    "      - {id: A, name: {en: A, zh: A}, where: department = 'A'}\n"
    "      - {id: rest, name: {en: r, zh: r}}\n"
    "indicators:\n"
    "  - {id: adults, name: {en: x, zh: x}, kind: proportion, population: adults, numerator: disposition = "
    "'died',\n"
    "     bounds: {numerator: 9, complement: 9, missing: 9}, unit: \"%\", direction: none, source: s}\n"
    "  - {id: persons, name: {en: x, zh: x}, kind: proportion, population: stays, count: person,\n"
    "     numerator: disposition = 'died', strata: ward,\n"
    "     bounds: {numerator: 9, complement: 9, missing: 9}, unit: \"%\", direction: none, source: s}\n"
    "  - {id: falls, name: {en: x, zh: x}, kind: rate, population: falls, denominator_population: stays,\n"
    "     numerator: 1, denominator: age + 0, per: 1000, strata: ward,\n"
    "     bounds: {numerator: 9, denominator: 999, missing: 9}, unit: x, direction: none, source: s}\n"
    "  - {id: off, name: {en: x, zh: x}, kind: rate, population: beds, enabled: false, numerator: 1, "
    "denominator: 1,\n"
    "     bounds: {numerator: 9, denominator: 9, missing: 9}, unit: x, direction: none, source: s}\n"
    "  - {id: beds, name: {en: x, zh: x}, kind: rate, population: beds, numerator: value, denominator: 1,\n"
    "     bounds: {numerator: 999, denominator: 9, missing: 9}, unit: x, direction: none, source: s}\n";

/* p1: b says died, a did not; p2: not known of either; p3: d did not, e is not known; one without a person. */
static const char stays[] = "id,p,d,age,w,x\n"
                            "a,p1,2024-01-01,50,A,home\nb,p1,2024-12-31 23:59:59.999,9,B,died\n"
                            "c,p2,2024-02-01,9,A,\nc2,p2,2024-02-02,,A,\n"
                            "d,p3,2024-03-01,81,A,other\ne,p3,2024-03-01,17,A,\n"
                            "f,,2024-03-01,18,A,died\ng,p1,2025-01-01,50,A,died\n";
/* Two of stays, one of its own, one of a stay that is not there, one outside the period. */
static const char events[] = "id,d,k,t\n1,a,fall,2024-01-01\n2,b,fall,2024-06-01\n3,,fall,2024-06-01\n"
                             "4,zz,fall,2024-06-01\n5,a,fall,2023-12-31 23:59:59.999\n6,a,pain,2024-06-01\n";
static const char facts[] =
    "id,n,v,t\n1,beds,100,\n2,beds,20,2024-06-01\n3,beds,3,2025-06-01\n4,staff,500,\n";

struct world {
    struct catalogue *catalogue;
    struct catalogue_layout layout;
    struct evaluation evaluation;
};

static int set_up(void **state)
{
    static struct world world;
    struct calendar_period period;
    struct tables *tables = NULL;
    struct import_counts counts;
    struct records records;
    struct err err = {0};

    records_begin(&records);
    assert_int_equal(records_import(&records, STAYS, stays, NULL, &counts, NULL), ERR_OK);
    assert_int_equal(records_import(&records, EVENTS, events, NULL, &counts, NULL), ERR_OK);
    assert_int_equal(records_import(&records, FACTS, facts, NULL, &counts, NULL), ERR_OK);
    if (catalogue_parse(&world.catalogue, "c.yaml", catalogue_text, strlen(catalogue_text), &err) != ERR_OK)
        fail_msg("%u:%u: %s", err.line, err.column, err.detail);
    assert_int_equal(catalogue_layout(&world.layout, world.catalogue, NULL), ERR_OK);
    assert_int_equal(tables_open(&tables, records.store, NULL), ERR_OK);
    assert_int_equal(calendar_period(&period, "2024", &world.catalogue->zone, NULL), ERR_OK);
    if (evaluate(&world.evaluation, world.catalogue, &world.layout, tables, period.begin_ms, period.end_ms,
                 &err) != ERR_OK)
        fail_msg("%s", err.detail);
    tables_close(&tables);
    records_end(&records);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    evaluation_clear(&world->evaluation);
    catalogue_layout_clear(&world->layout);
    catalogue_free(&world->catalogue);
    return 0;
}

/* The two data slots and the missing of a series. */
static void expect(const struct world *world, const char *indicator, const char *stratum, uint64_t first,
                   uint64_t second, uint64_t missing)
{
    for (size_t i = 0; i < world->layout.num_series; i++) {
        const Weft__V1__Series *series = &world->layout.series[i];
        const uint64_t *slots = world->evaluation.values + world->layout.places[i].first_slot;

        if (strcmp(series->indicator, indicator) != 0 || strcmp(series->stratum, stratum) != 0)
            continue;
        assert_int_equal(slots[0], first);
        assert_int_equal(slots[1], second);
        assert_int_equal(slots[2], 1); /* contributes */
        assert_int_equal(slots[3], missing);
        return;
    }
    fail_msg("no series %s %s", indicator, stratum);
}

static void test_counting__tells_what_each_rule_took(void **state)
{
    const struct world *world = *state;
    const struct evaluation_steps *steps = &world->evaluation.steps[0];

    expect(world, "adults", "", 1, 1, 1); /* f; a; c2, whose age nobody knows */
    assert_int_equal(steps->rows, 8);
    assert_int_equal(steps->outside, 1);
    assert_int_equal(steps->by_rule[0], 2); /* c, e: the first rule that takes a row counts it */
    assert_int_equal(steps->by_rule[1], 1); /* d */
    assert_int_equal(steps->excluded, 4);   /* and b, of another department */
    assert_int_equal(steps->population, 3);
}

static void test_counting__counts_a_person_once(void **state)
{
    expect(*state, "persons", "", 2, 1, 1);     /* p1 and f; p3; p2 */
    expect(*state, "persons", "A", 1, 2, 1);    /* f; p1, p3; p2 */
    expect(*state, "persons", "rest", 1, 0, 0); /* p1 */
}

static void test_counting__sums_over_two_populations(void **state)
{
    expect(*state, "falls", "", 3, 50 + 9 + 9 + 81 + 17 + 18, 1);
    expect(*state, "falls", "A", 1, 50 + 9 + 81 + 17 + 18, 1);
    expect(*state, "falls", "rest", 2, 9, 0); /* what belongs to no stay is in the last stratum */
}

static void test_counting__takes_facts_of_the_period_and_of_all(void **state)
{
    const struct world *world = *state;

    expect(world, "beds", "", 120, 2, 0);
    for (size_t i = 0; i < world->layout.num_series; i++)
        assert_string_not_equal(world->layout.series[i].indicator, "off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting__tells_what_each_rule_took),
        cmocka_unit_test(test_counting__counts_a_person_once),
        cmocka_unit_test(test_counting__sums_over_two_populations),
        cmocka_unit_test(test_counting__takes_facts_of_the_period_and_of_all),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
