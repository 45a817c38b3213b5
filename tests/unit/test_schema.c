/* test_schema.c - the description of the record tables is consistent, and holds nothing that names a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "catalogue/schema.h"

static const struct schema_column *column(int table, int index)
{
    assert_true(index >= 0 && index < schema_table(table)->num_columns);
    return &schema_table(table)->columns[index];
}

static void test_schema__links_tables_by_columns_of_the_right_kind(void **state)
{
    (void)state;
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        const struct schema_table *table = schema_table(i);

        assert_true(table->num_columns <= SCHEMA_COLUMNS_MAX);
        assert_true(column(i, 0)->type == VALUE_ID && column(i, 0)->required);
        assert_true(table->parent < i);
        assert_true(table->parent != SCHEMA_NONE || table->anchor != SCHEMA_NONE);
        if (table->parent != SCHEMA_NONE) {
            assert_string_equal(column(i, table->parent_column)->name, schema_table(table->parent)->name);
            assert_int_equal(column(i, table->parent_column)->type, VALUE_ID);
            assert_true(column(i, table->parent_column)->required != table->parent_optional);
        }
        if (table->anchor != SCHEMA_NONE) {
            assert_int_equal(column(i, table->anchor)->type, VALUE_TIME);
            assert_true(column(i, table->anchor)->required != table->timeless);
        }
        if (table->cluster != SCHEMA_NONE)
            assert_int_equal(column(i, table->cluster)->type, VALUE_CODE);
        if (table->person != SCHEMA_NONE)
            assert_true(column(i, table->person)->pseudonym);
    }
}

static size_t num_texts(const char *const *texts)
{
    size_t num = 0;

    while (texts[num] != NULL)
        num++;
    return num;
}

static void test_schema__documents_every_column_once(void **state)
{
    (void)state;
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        for (int j = 0; j < schema_table(i)->num_columns; j++) {
            const struct schema_column *at = column(i, j);

            assert_int_equal(schema_find_column(i, at->name, strlen(at->name)), j);
            assert_true(at->en[0] != '\0' && at->zh[0] != '\0' && at->note[0] != '\0');
            assert_true(at->codes == NULL || at->type == VALUE_CODE);
            if (at->hqms != NULL)
                assert_int_equal(num_texts(at->hqms), num_texts(at->codes));
            if (at->type == VALUE_INT || at->type == VALUE_FIXED)
                assert_true(at->min <= at->max && at->max <= VALUE_LIMIT && at->min >= -VALUE_LIMIT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema__links_tables_by_columns_of_the_right_kind),
        cmocka_unit_test(test_schema__documents_every_column_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
