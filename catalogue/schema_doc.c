/* schema_doc.c - prints docs/record-tables.md from the schema. */
#include <inttypes.h>
#include <stdio.h>

#include "catalogue/schema.h"

static const char head[] =
    "# Record tables\n\n"
    "What a hospital's records may hold. Made from `catalogue/schema_tables.c` by `weft-schema`; do not "
    "edit.\n"
    "How files become these tables: [records and catalogue](records-and-catalogue.md).\n\n"
    "Required columns are marked *; a row without them is rejected. The first column identifies a row: by "
    "itself\n"
    "in a table without parent or with rows below it, else together with the parent's. Nothing that names a\n"
    "person has a column: no name, identity number, address, telephone or date of birth.\n\n"
    "Closed lists have readable names, so that a condition says what it means and a mapping says what it "
    "took for\n"
    "what. Where the national front page interface (HQMS) has a value for each, an import understands that "
    "value\n"
    "too (given here after `=`), so its files need no list of values. Letters and digits such as B15 are its "
    "item "
    "codes.\n";

static void print_number(const struct schema_column *column, int64_t value)
{
    printf("%" PRId64, column->type == VALUE_FIXED ? value / FIXED_SCALE : value);
}

static void print_codes(const struct schema_column *column)
{
    if (column->codes == NULL) {
        fputs(column->upper ? ", open list, upper case" : ", open list", stdout);
        return;
    }
    for (size_t i = 0; column->codes[i] != NULL; i++) {
        printf("%s %s", i == 0 ? ":" : ",", column->codes[i]);
        if (column->hqms != NULL)
            printf(" = %s", column->hqms[i]);
    }
}

static void print_type(const struct schema_column *column)
{
    static const char *const units[] = {"", " minutes", "", " days", " years"};

    fputs(schema_type_text(column->type), stdout);
    if (column->pseudonym)
        fputs(", kept only as a pseudonym", stdout);
    if (column->type == VALUE_CODE)
        print_codes(column);
    if (column->type == VALUE_INT || column->type == VALUE_FIXED) {
        fputs(", ", stdout);
        print_number(column, column->min);
        fputs(" to ", stdout);
        print_number(column, column->max);
        fputs(units[column->unit], stdout);
    }
}

static void print_note(const char *note)
{
    for (; *note != '\0'; note++)
        printf(*note == '|' ? "\\|" : "%c", *note);
}

static void print_column(const struct schema_column *column)
{
    printf("| `%s`%s | ", column->name, column->required ? "*" : "");
    print_type(column);
    printf(" | %s %s: ", column->en, column->zh);
    print_note(column->note);
    puts(" |");
}

/* The table whose time decides the period of the rows of `table`. */
static int period_table(int table)
{
    while (schema_table(table)->anchor == SCHEMA_NONE)
        table = schema_table(table)->parent;
    return table;
}

static void print_table(int index)
{
    const struct schema_table *table = schema_table(index), *period = schema_table(period_table(index));

    printf("\n## %s %s\n\n%s", table->name, table->zh, table->note);
    if (table->parent != SCHEMA_NONE)
        printf("; below `%s`%s", schema_table(table->parent)->name,
               table->parent_optional ? ", or standing on its own" : "");
    printf(". Period: `%s.%s`%s.\n\n| column | type | what |\n|---|---|---|\n", period->name,
           period->columns[period->anchor].name, period->timeless ? "; without it, every period" : "");
    for (int i = 0; i < table->num_columns; i++)
        print_column(&table->columns[i]);
}

int main(void)
{
    fputs(head, stdout);
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++)
        print_table(i);
    return fflush(stdout) != 0;
}
