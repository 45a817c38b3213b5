/* test_expr.c - what the language accepts, what it refuses and where, exact decimals, and the logic of absent
 * values. */
#include "tests/unit/records_fixture.h"

#include "catalogue/decimal.h"
#include "catalogue/expr.h"
#include "node/vector.h"

static int parse(const char *text, int table, enum expr_want want, struct err *err)
{
    struct expr_source source = {.text = text, .file = "c.yaml", .line = 7, .column = 14};
    struct expr *expr = NULL;
    int rc;

    *err = (struct err){0};
    rc = expr_parse(&expr, &source, table, want, err);
    assert_int_equal(rc == ERR_OK, expr != NULL);
    expr_free(&expr);
    return rc;
}

static void accept(const char *text, int table)
{
    struct err err;

    if (parse(text, table, EXPR_WANT_BOOL, &err) != ERR_OK)
        fail_msg("%s: column %u: %s", text, err.column, err.detail);
}

/* `offset` is where in the text the error lies. */
static void refuse(const char *text, int table, int code, unsigned offset)
{
    struct err err;

    if (parse(text, table, EXPR_WANT_BOOL, &err) != code || err.line != 7 || err.column != 14 + offset)
        fail_msg("%s: code %d line %u column %u: %s", text, err.code, err.line, err.column, err.detail);
    assert_string_equal(err.file, "c.yaml");
}

static void test_expr__accepts_the_language(void **state)
{
    (void)state;
    accept("age < 45", SCHEMA_DISCHARGE);
    accept("outcome = 'dead' and not (age is missing or sex in {\"male\", 'female'})", SCHEMA_DISCHARGE);
    accept("stay >= 24h and stay <= 7d and stay - 30min > 0 or outcome is not missing", SCHEMA_DISCHARGE);
    accept("discharge.age not in {1, 2, -3} and discharge.outcome != \"alive\"", SCHEMA_ICU_STAY);
    accept("exists(treatment where contains(path, \"|cultures\") and minute <= "
           "min(treatment.minute where contains(path, 'antibacterial')) + 1440min)",
           SCHEMA_ICU_STAY);
    accept("count(treatment) >= 3", SCHEMA_DISCHARGE); /* grandchildren */
    accept("count(risk_score where icu_stay.stay_type = 'readmit') = 0", SCHEMA_DISCHARGE);
    accept("predicted_mortality > 0.5 and predicted_mortality < 1 and died", SCHEMA_RISK_SCORE);
    accept("died = true or died != false", SCHEMA_RISK_SCORE);
}

static void test_expr__refuses_bad_syntax(void **state)
{
    (void)state;
    refuse("", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 0);
    refuse("age <", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 5);
    refuse("age < 45 45", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 9);
    refuse("(age < 45", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 9);
    refuse("outcome = 'dead", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 10);
    refuse("age # 4", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 4);
    refuse("age in {}", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 8);
    refuse("age in {1,}", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 10);
    refuse("age in {age}", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 8);
    refuse("age is 4", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 7);
    refuse("age < -age", SCHEMA_DISCHARGE, ERR_EXPR_SYNTAX, 7);
    refuse("contains(path, '')", SCHEMA_TREATMENT, ERR_EXPR_SYNTAX, 15);
}

static void test_expr__refuses_unknown_names_and_suggests(void **state)
{
    struct err err;

    (void)state;
    refuse("agee < 45", SCHEMA_DISCHARGE, ERR_EXPR_UNKNOWN_NAME, 0);
    (void)parse("agee < 45", SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err);
    assert_non_null(strstr(err.detail, "nearest: age"));
    refuse("outcome = 'daed'", SCHEMA_DISCHARGE, ERR_EXPR_UNKNOWN_NAME, 10);
    (void)parse("outcome = 'daed'", SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err);
    assert_non_null(strstr(err.detail, "nearest: dead"));
    refuse("exists(treatmnt)", SCHEMA_ICU_STAY, ERR_EXPR_UNKNOWN_NAME, 7);
    refuse("min(treatment.minutes) < 4h", SCHEMA_ICU_STAY, ERR_EXPR_UNKNOWN_NAME, 14);
    refuse("nosuch.age = 4", SCHEMA_ICU_STAY, ERR_EXPR_UNKNOWN_NAME, 0);
}

static void test_expr__refuses_types_and_units_that_do_not_fit(void **state)
{
    struct err err;

    (void)state;
    refuse("age", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 0);
    refuse("age = 'x'", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 6);
    refuse("outcome = 4", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 10);
    refuse("outcome < 'dead'", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 10);
    refuse("patient = 'x'", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 10); /* a pseudonym */
    refuse("stay > 24", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 7);
    refuse("stay > age", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 7);
    refuse("age > 24h", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 6);
    refuse("stay + 3 > 1h", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 5);
    refuse("age < 1.5", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 6);
    refuse("age < 45 and age", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 13);
    refuse("not age", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 0);
    refuse("'x' is missing", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 4);
    refuse("treatment.minute > 4h", SCHEMA_ICU_STAY, ERR_EXPR_TYPE, 0); /* a child's column, unaggregated */
    refuse("exists(site_fact)", SCHEMA_ICU_STAY, ERR_EXPR_TYPE, 7);
    refuse("max(treatment.path) > 4", SCHEMA_ICU_STAY, ERR_EXPR_TYPE, 14);
    refuse("contains(age, 'x')", SCHEMA_DISCHARGE, ERR_EXPR_TYPE, 9);
    assert_int_equal(parse("age < 4", SCHEMA_DISCHARGE, EXPR_WANT_NUMBER, &err), ERR_EXPR_TYPE);
    assert_int_equal(parse("stay - 4h", SCHEMA_DISCHARGE, EXPR_WANT_NUMBER, &err), ERR_OK);
}

static void test_expr__keeps_its_bounds(void **state)
{
    static char text[EXPR_MAX_TEXT + 2];
    struct err err;

    (void)state;
    memset(text, '(', sizeof(text) - 1);
    assert_int_equal(parse(text, SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err), ERR_EXPR_LIMIT);
    text[100] = '\0';
    assert_int_equal(parse(text, SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err), ERR_EXPR_LIMIT);
    strcpy(text, "true");
    while (strlen(text) < EXPR_MAX_TEXT - 16)
        strcat(text, " or true");
    assert_int_equal(parse(text, SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err), ERR_EXPR_LIMIT);
    refuse("age < 9999999999999999999", SCHEMA_DISCHARGE, ERR_EXPR_LIMIT, 6);
    refuse("stay < 999999999999999d", SCHEMA_DISCHARGE, ERR_EXPR_LIMIT, 22);
}

/* The column is that of the file, through quotes and folded lines. */
static void test_expr__finds_its_place_in_yaml(void **state)
{
    static const char raw[] =
        "a: 1\nwhere: 'sex = ''male'' and agee > 4'\nb: >-\n  age > 4\n   and agee > 4\n";
    struct expr_source quoted = {
        .text = "sex = 'male' and agee > 4", .file = "c.yaml", .raw = raw, .line = 2, .column = 8};
    struct expr_source folded = {
        .text = "age > 4\n and agee > 4", .file = "c.yaml", .raw = raw, .line = 3, .column = 4};
    /* a value that is not what is there */
    struct expr_source shorter = {.text = "age > 4 and",
                                  .file = "c.yaml",
                                  .raw = "age 'x",
                                  .line = 1,
                                  .column = 1}; /* a value that is not what is there */
    struct expr *expr = NULL;
    struct err err = {0};

    (void)state;
    assert_int_equal(expr_parse(&expr, &shorter, SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err), ERR_EXPR_SYNTAX);
    assert_int_equal(err.column, 7);
    assert_int_equal(expr_parse(&expr, &quoted, SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err),
                     ERR_EXPR_UNKNOWN_NAME);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 28);
    assert_int_equal(expr_parse(&expr, &folded, SCHEMA_DISCHARGE, EXPR_WANT_BOOL, &err),
                     ERR_EXPR_UNKNOWN_NAME);
    assert_int_equal(err.line, 5);
    assert_int_equal(err.column, 8);
}

static void expect_decimal(const char *text, int places, int64_t expected)
{
    int64_t value = -1;

    if (decimal_parse(&value, text, strlen(text), places) != DECIMAL_OK || value != expected)
        fail_msg("%s: %lld", text, (long long)value);
}

static void test_decimal__is_exact_and_rounds_half_up(void **state)
{
    static const char *const bad[] = {"",   "-",   ".",     "1e",  "1e+", " 1",
                                      "1 ", "0x1", "1.2.3", "nan", "1,5", "--1"};
    int64_t value;

    (void)state;
    expect_decimal("3.58E-2", 6, 35800);
    expect_decimal("3.7319948856374E-2", 6, 37320);
    expect_decimal("0.0000005", 6, 1);
    expect_decimal("0.00000049999999999999999999", 6, 0);
    expect_decimal("1.0000005", 6, 1000001); /* below the half as a double */
    expect_decimal("-0.0000005", 6, -1);
    expect_decimal("5e-7", 6, 1);
    expect_decimal("50000000e-14", 6, 1);
    expect_decimal("4.9e-7", 6, 0);
    expect_decimal("9e-99999999999", 6, 0);
    expect_decimal("0e99999999999", 6, 0);
    expect_decimal("0.9999995", 6, 1000000);
    expect_decimal("12.", 6, 12000000);
    expect_decimal(".5", 0, 1);
    expect_decimal("1e3", 0, 1000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(decimal_parse(&value, bad[i], strlen(bad[i]), 6), DECIMAL_SYNTAX);
    assert_int_equal(decimal_parse(&value, "1e10", 4, 6), DECIMAL_RANGE);
    assert_int_equal(decimal_parse(&value, "1e99999", 7, 0), DECIMAL_RANGE);
    assert_int_equal(decimal_parse_int(&value, "1e3", 3), DECIMAL_SYNTAX);
}

/* Two stays: a: age 50, dead, 100 min; b: all absent. Their units: a1 (of a), b1 (of b), x1 (of none). */
static void fill(struct records *records)
{
    static const char stays[] =
        "mapping: 1\ntable: discharge\ncolumns:\n  record: {from: id}\n  age: {from: age}\n"
        "  outcome: {from: o}\n  stay: {from: s}\n  discharge_time: {constant: "
        "\"2014-07-01\"}\n";
    static const char units[] = "mapping: 1\ntable: icu_stay\ncolumns:\n  record: {from: id}\n"
                                "  discharge: {from: d}\n";
    static const char treatments[] = "mapping: 1\ntable: treatment\ncolumns:\n  record: {from: id}\n"
                                     "  icu_stay: {from: u}\n  minute: {from: m}\n  path: {from: p}\n";
    struct import_counts counts;

    assert_int_equal(records_import(records, stays, "id,age,o,s\na,50,dead,100\nb,,,\n", NULL, &counts, NULL),
                     0);
    assert_int_equal(records_import(records, units, "id,d\na1,a\nb1,b\nx1,none\n", NULL, &counts, NULL), 0);
    assert_int_equal(records_import(records, treatments,
                                    "id,u,m,p\n1,a1,10,drug|x\n2,a1,5,drug|y\n3,a1,,drug|z\n4,b1,7,\n", NULL,
                                    &counts, NULL),
                     0);
}

/* The values for all rows of the table, "-" for absent. */
static void expect_values(struct tables *tables, const char *text, int table, const char *expected)
{
    struct expr_source source = {.text = text, .file = "t"};
    struct expr *expr = NULL;
    struct err err = {0};
    char out[256] = "";
    int64_t *values;

    if (expr_parse(&expr, &source, table, EXPR_WANT_BOOL, &err) != ERR_OK &&
        expr_parse(&expr, &source, table, EXPR_WANT_NUMBER, &err) != ERR_OK)
        fail_msg("%s: %s", text, err.detail);
    assert_int_equal(vector_evaluate(&values, tables, expr->root, &err), ERR_OK);
    for (size_t i = 0; i < tables_num_rows(tables, table); i++) {
        if (values[i] == VALUE_NULL)
            strcat(out, "- ");
        else
            sprintf(out + strlen(out), "%lld ", (long long)values[i]);
    }
    if (strcmp(out, expected) != 0)
        fail_msg("%s: %s, not %s", text, out, expected);
    free(values);
    expr_free(&expr);
}

static void test_expr__defines_absent_values(void **state)
{
    struct records records;
    struct tables *tables = NULL;

    (void)state;
    records_begin(&records);
    fill(&records);
    assert_int_equal(tables_open(&tables, records.store, NULL), ERR_OK);
    expect_values(tables, "age > 40", SCHEMA_DISCHARGE, "1 - ");
    expect_values(tables, "not age > 40", SCHEMA_DISCHARGE, "0 - ");
    expect_values(tables, "age is missing", SCHEMA_DISCHARGE, "0 1 ");
    expect_values(tables, "age is not missing", SCHEMA_DISCHARGE, "1 0 ");
    expect_values(tables, "age > 40 or true", SCHEMA_DISCHARGE, "1 1 ");
    expect_values(tables, "age > 40 and false", SCHEMA_DISCHARGE, "0 0 ");
    expect_values(tables, "age > 40 and true", SCHEMA_DISCHARGE, "1 - ");
    expect_values(tables, "age > 40 or false", SCHEMA_DISCHARGE, "1 - ");
    expect_values(tables, "outcome = 'dead'", SCHEMA_DISCHARGE, "1 - ");
    expect_values(tables, "outcome != 'dead'", SCHEMA_DISCHARGE, "0 - ");
    expect_values(tables, "outcome = 'alive'", SCHEMA_DISCHARGE, "0 - "); /* no row has it */
    expect_values(tables, "outcome not in {'alive'}", SCHEMA_DISCHARGE, "1 - ");
    expect_values(tables, "age in {49, 50}", SCHEMA_DISCHARGE, "1 - ");
    expect_values(tables, "stay + 1h", SCHEMA_DISCHARGE, "160 - ");
    expect_values(tables, "contains(path, 'g|y')", SCHEMA_TREATMENT, "0 1 0 - ");
    tables_close(&tables);
    records_end(&records);
}

static void test_expr__follows_parents_and_children(void **state)
{
    struct records records;
    struct tables *tables = NULL;

    (void)state;
    records_begin(&records);
    fill(&records);
    assert_int_equal(tables_open(&tables, records.store, NULL), ERR_OK);
    expect_values(tables, "discharge.age + 0", SCHEMA_ICU_STAY, "50 - - ");
    expect_values(tables, "discharge.age is missing", SCHEMA_TREATMENT, "0 0 0 1 ");
    expect_values(tables, "count(treatment)", SCHEMA_ICU_STAY, "3 1 0 ");
    expect_values(tables, "count(treatment where minute > 6min)", SCHEMA_DISCHARGE, "1 1 ");
    expect_values(tables, "exists(treatment where contains(path, 'drug'))", SCHEMA_ICU_STAY, "1 0 0 ");
    expect_values(tables, "min(treatment.minute)", SCHEMA_ICU_STAY, "5 7 - ");
    expect_values(tables, "max(treatment.minute where contains(path, 'drug'))", SCHEMA_DISCHARGE, "10 - ");
    expect_values(tables, "exists(treatment where minute > min(treatment.minute))", SCHEMA_ICU_STAY,
                  "1 0 0 ");
    expect_values(tables, "minute - min(treatment.minute)", SCHEMA_TREATMENT, "5 0 - 0 ");
    tables_close(&tables);
    records_end(&records);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expr__accepts_the_language),
        cmocka_unit_test(test_expr__refuses_bad_syntax),
        cmocka_unit_test(test_expr__refuses_unknown_names_and_suggests),
        cmocka_unit_test(test_expr__refuses_types_and_units_that_do_not_fit),
        cmocka_unit_test(test_expr__keeps_its_bounds),
        cmocka_unit_test(test_expr__finds_its_place_in_yaml),
        cmocka_unit_test(test_decimal__is_exact_and_rounds_half_up),
        cmocka_unit_test(test_expr__defines_absent_values),
        cmocka_unit_test(test_expr__follows_parents_and_children),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
