/* test_catalogue.c - the demonstration's catalogue loads and lays out; each kind of mistake is named with its
 * place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "catalogue/catalogue.h"

#define PATH       "catalogue/eicu-demo.yaml"
#define ROLE(name) WEFT__V1__ROLE__ROLE_##name

/* A small sound catalogue; tests replace one piece of it. */
static const char sound[] = "catalogue: 1\n"
                            "id: c\n"
                            "version: \"1\"\n"
                            "name: {en: C, zh: C}\n"
                            "populations:\n"
                            "  stays: {name: {en: s, zh: s}, table: discharge, where: age > 17}\n"
                            "  units: {name: {en: u, zh: u}, table: icu_stay}\n"
                            "strata:\n"
                            "  age:\n"
                            "    name: {en: a, zh: a}\n"
                            "    table: discharge\n"
                            "    values:\n"
                            "      - {id: low, name: {en: l, zh: l}, where: age < 45}\n"
                            "      - {id: rest, name: {en: r, zh: r}}\n"
                            "indicators:\n"
                            "  - id: deaths\n"
                            "    name: {en: d, zh: d}\n"
                            "    kind: proportion\n"
                            "    population: stays\n"
                            "    numerator: outcome = 'dead'\n"
                            "    strata: age\n"
                            "    bounds: {numerator: 9, complement: 8, missing: 7}\n"
                            "    unit: \"%\"\n"
                            "    direction: lower\n"
                            "    source: none\n"
                            "  - id: los\n"
                            "    name: {en: l, zh: l}\n"
                            "    kind: distribution\n"
                            "    population: units\n"
                            "    value: stay\n"
                            "    bins: {from: 0, width: 2, number: 3, unit: d}\n"
                            "    bounds: {bin: 5, missing: 7}\n"
                            "    unit: d\n"
                            "    direction: none\n"
                            "    source: none\n";

static int parse_text(const char *text, struct catalogue **catalogue, struct err *err)
{
    *err = (struct err){0};
    return catalogue_parse(catalogue, "c.yaml", text, strlen(text), err);
}

/* Load `sound` with the first `from` replaced by `to`; it must fail with `code`, at `line` unless that is 0.
 */
static void refuse(const char *from, const char *to, int code, unsigned line)
{
    const char *at = strstr(sound, from);
    struct catalogue *catalogue = NULL;
    struct err err;
    char text[4096];

    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - sound), sound, to, at + strlen(from));
    if (parse_text(text, &catalogue, &err) != code || (line != 0 && err.line != line))
        fail_msg("%s: %d, line %u: %s", to, err.code, err.line, err.detail);
    assert_null(catalogue);
    assert_string_equal(err.file, "c.yaml");
}

static void test_catalogue__lays_out_series_and_slots_in_order(void **state)
{
    struct catalogue_layout layout = {0};
    struct catalogue *catalogue = NULL;
    struct err err;

    (void)state;
    assert_int_equal(parse_text(sound, &catalogue, &err), ERR_OK);
    assert_int_equal(catalogue_layout(&layout, catalogue, &err), ERR_OK);
    assert_int_equal(layout.num_series, 4);
    assert_int_equal(layout.num_slots, 3 * 4 + 5);
    assert_string_equal(layout.series[0].stratum, "");
    assert_string_equal(layout.series[1].stratum, "low");
    assert_string_equal(layout.series[2].stratum, "rest");
    assert_string_equal(layout.series[3].indicator, "los");
    assert_string_equal(layout.series[3].population, "units");
    assert_int_equal(layout.series[3].n_bin_lower, 3);
    assert_int_equal(layout.series[3].bin_lower[2], 4);
    assert_int_equal(catalogue->indicators[1].bin_unit, 1440);
    assert_int_equal(layout.slots[4].series, 1);
    assert_int_equal(layout.slots[4].role, ROLE(NUMERATOR));
    assert_int_equal(layout.slots[4].maximum, 9);
    assert_int_equal(layout.slots[5].role, ROLE(COMPLEMENT));
    assert_int_equal(layout.slots[6].role, ROLE(CONTRIBUTES));
    assert_int_equal(layout.slots[6].maximum, 1);
    assert_int_equal(layout.slots[7].role, ROLE(MISSING));
    assert_int_equal(layout.slots[7].maximum, 7);
    assert_int_equal(layout.slots[14].role, ROLE(BIN));
    assert_int_equal(layout.slots[14].bin, 2);
    assert_int_equal(layout.slots[14].maximum, 5);
    catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
}

static void test_catalogue__refuses_mistakes_at_their_place(void **state)
{
    (void)state;
    refuse("catalogue: 1", "catalogue: 2", ERR_CATALOGUE_VERSION, 1);
    refuse("id: los", "id: deaths", ERR_CATALOGUE_DUPLICATE_ID, 26);
    refuse("population: units", "population: unit", ERR_CATALOGUE_UNKNOWN_REFERENCE, 29);
    refuse("strata: age", "strata: sex", ERR_CATALOGUE_UNKNOWN_REFERENCE, 21);
    refuse("kind: proportion", "kind: proportions", ERR_CATALOGUE_UNKNOWN_REFERENCE, 18);
    refuse("table: icu_stay", "table: icu", ERR_CATALOGUE_UNKNOWN_REFERENCE, 7);
    refuse("complement: 8, ", "", ERR_CATALOGUE_BOUND_MISSING, 22);
    refuse("    bounds: {bin: 5, missing: 7}\n", "", ERR_CATALOGUE_BOUND_MISSING, 0);
    refuse("bin: 5", "bin: 0", ERR_YAML_BAD_VALUE, 32);
    refuse("bin: 5", "bin: 5, sum: 5", ERR_YAML_UNKNOWN_KEY, 0);
    refuse("{id: rest, name: {en: r, zh: r}}", "{id: low, name: {en: r, zh: r}}", ERR_CATALOGUE_DUPLICATE_ID,
           14);
    refuse("zh: r}}", "zh: r}, where: true}", ERR_CATALOGUE_BAD_VALUE, 14);
    refuse("direction: none", "direction: up", ERR_CATALOGUE_BAD_VALUE, 34);
    refuse("unit: d}", "unit: kg}", ERR_CATALOGUE_BAD_VALUE, 31);
    refuse("id: c\n", "id: c/d\n", ERR_CATALOGUE_BAD_VALUE, 2);
    refuse("    source: none\n  - id: los", "  - id: los", ERR_YAML_MISSING_KEY, 0);
    refuse("value: stay", "value: outcome", ERR_EXPR_TYPE, 30);
    refuse("    value: stay", "    values: stay", ERR_YAML_UNKNOWN_KEY, 0);
    refuse("table: discharge\n    values", "table: risk_score\n    values", ERR_EXPR_UNKNOWN_NAME, 13);
}

static void test_catalogue__shows_where_an_expression_fails(void **state)
{
    struct catalogue *catalogue = NULL;
    char text[sizeof(sound) + 64];
    struct err err;
    char *at;

    (void)state;
    strcpy(text, sound);
    at = strstr(text, "outcome = 'dead'");
    memcpy(at, "outcome = 'daed'", 16);
    assert_int_equal(parse_text(text, &catalogue, &err), ERR_EXPR_UNKNOWN_NAME);
    assert_int_equal(err.line, 20);
    assert_int_equal(err.column, 26);
    assert_non_null(strstr(err.field, "numerator"));
    assert_non_null(strstr(err.detail, "nearest: dead"));
}

static void test_catalogue__knows_its_task(void **state)
{
    struct catalogue_layout layout = {0};
    Weft__V1__Task task = WEFT__V1__TASK__INIT;
    struct catalogue *catalogue = NULL;
    struct err err;

    (void)state;
    assert_int_equal(parse_text(sound, &catalogue, &err), ERR_OK);
    assert_int_equal(catalogue_layout(&layout, catalogue, &err), ERR_OK);
    task.n_series = layout.num_series;
    task.series = layout.series_list;
    task.n_slots = layout.num_slots;
    task.slots = layout.slot_list;
    assert_true(catalogue_layout_equals(&layout, &task));
    task.n_slots--;
    assert_false(catalogue_layout_equals(&layout, &task));
    task.n_slots++;
    task.slots[3] = task.slots[4];
    assert_false(catalogue_layout_equals(&layout, &task));
    catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
}

static void test_catalogue__of_the_demonstration_is_sound(void **state)
{
    struct catalogue_layout layout = {0};
    struct catalogue *catalogue = NULL;
    struct err err = {0};

    (void)state;
    if (catalogue_load(&catalogue, PATH, &err) != ERR_OK)
        fail_msg("%s:%u:%u: %s", err.file, err.line, err.column, err.detail);
    assert_int_equal(catalogue->num_indicators, 10);
    assert_int_equal(catalogue_layout(&layout, catalogue, &err), ERR_OK);
    assert_int_equal(layout.num_series, 15);
    /* 11 series with 2 data slots, 3 with 3 (two means, one ratio), one with 31 bins; each with 2 more. */
    assert_int_equal(layout.num_slots, 11 * 4 + 3 * 5 + 33);
    catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
    assert_int_equal(catalogue_load(&catalogue, "catalogue/none.yaml", &err), ERR_FILE_READ);
}

/* `sets` before the populations, which may name them. */
static void refuse_sets(const char *sets, int code, unsigned line)
{
    char text[512];

    snprintf(text, sizeof(text), "sets:\n%spopulations:\n", sets);
    refuse("populations:\n", text, code, line);
}

static void test_catalogue__refuses_sets_that_hold_nothing_or_no_codes(void **state)
{
    (void)state;
    refuse_sets("  A: {codes: []}\n", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse_sets("  A: {codes: [I21], except: [I2]}\n", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse_sets("  A: {codes: [I21.4-I21.3]}\n", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse_sets("  A: {codes: [\"I 21\"]}\n", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse_sets("  A: {codes: [I21-]}\n", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse_sets("  1A: {codes: [I21]}\n", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse_sets("  A: {codes: [I21], match: suffix}\n", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse_sets("  A: {sets: [B]}\n  B: {codes: [I21]}\n", ERR_CATALOGUE_UNKNOWN_REFERENCE, 6);
    refuse_sets("  A: {sets: [A], codes: [I21]}\n", ERR_CATALOGUE_UNKNOWN_REFERENCE, 6);
    refuse("table: discharge, where: age > 17", "table: diagnosis, where: code in A", ERR_EXPR_UNKNOWN_NAME,
           6);
}

static void test_catalogue__refuses_rules_that_say_nothing(void **state)
{
    (void)state;
    refuse("where: age > 17", "exclude: [{id: a, name: {en: a, zh: a}}]", ERR_CATALOGUE_BAD_VALUE, 6);
    refuse("where: age > 17",
           "exclude: [{id: a, name: {en: a, zh: a}, where: age > 1}, {id: a, name: {en: a, zh: a}, where: "
           "age > 2}]",
           ERR_CATALOGUE_DUPLICATE_ID, 6);
    refuse("where: age > 17", "exclude: [{id: a, name: {en: a, zh: a}, where: age}]", ERR_EXPR_TYPE, 6);
    refuse("    strata: age\n", "    count: persons\n", ERR_CATALOGUE_BAD_VALUE, 21);
    refuse("    population: units\n", "    population: units\n    count: person\n", ERR_YAML_UNKNOWN_KEY, 0);
    refuse("    unit: \"%\"\n", "    unit: \"%\"\n    per: 1000\n", ERR_YAML_UNKNOWN_KEY, 0);
    refuse("    unit: \"%\"\n", "    unit: \"%\"\n    confidence: surely\n", ERR_CATALOGUE_BAD_VALUE, 24);
    refuse("    source: none\n",
           "    target: {at_most: \"5\", from: 2024-13-01, source: s}\n    source: none\n",
           ERR_CATALOGUE_BAD_VALUE, 25);
    refuse("    source: none\n",
           "    target: [{at_most: \"5\", from: 2024-01-01, until: soon, source: s}]\n    source: none\n",
           ERR_CATALOGUE_BAD_VALUE, 25);
    refuse("name: {en: C, zh: C}\n", "name: {en: C, zh: C}\nzone: Europe/Paris\n", ERR_CATALOGUE_BAD_VALUE,
           5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue__lays_out_series_and_slots_in_order),
        cmocka_unit_test(test_catalogue__refuses_mistakes_at_their_place),
        cmocka_unit_test(test_catalogue__shows_where_an_expression_fails),
        cmocka_unit_test(test_catalogue__knows_its_task),
        cmocka_unit_test(test_catalogue__of_the_demonstration_is_sound),
        cmocka_unit_test(test_catalogue__refuses_sets_that_hold_nothing_or_no_codes),
        cmocka_unit_test(test_catalogue__refuses_rules_that_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
