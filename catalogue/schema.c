/* schema.c - look-ups in the description of the record tables. */
#include <string.h>

#include "base/suggest.h"
#include "catalogue/schema_tables.h"

const struct schema_table *schema_table(int table)
{
    return &schema_tables[table];
}

static bool same_name(const char *known, const char *name, size_t len)
{
    return strlen(known) == len && memcmp(known, name, len) == 0;
}

int schema_find_table(const char *name, size_t len)
{
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        if (same_name(schema_tables[i].name, name, len))
            return i;
    }
    return SCHEMA_NONE;
}

int schema_find_column(int table, const char *name, size_t len)
{
    for (int i = 0; i < schema_tables[table].num_columns; i++) {
        if (same_name(schema_tables[table].columns[i].name, name, len))
            return i;
    }
    return SCHEMA_NONE;
}

const char *schema_nearest_table(const char *name)
{
    const char *known[SCHEMA_NUM_TABLES];

    for (int i = 0; i < SCHEMA_NUM_TABLES; i++)
        known[i] = schema_tables[i].name;
    return suggest_nearest(name, known, SCHEMA_NUM_TABLES);
}

const char *schema_nearest_column(int table, const char *name)
{
    const char *known[SCHEMA_COLUMNS_MAX];
    int num = schema_tables[table].num_columns;

    for (int i = 0; i < num; i++)
        known[i] = schema_tables[table].columns[i].name;
    return suggest_nearest(name, known, (size_t)num);
}

bool schema_is_ancestor(int ancestor, int table)
{
    while (table != SCHEMA_NONE && table != ancestor)
        table = schema_tables[table].parent;
    return table == ancestor;
}

const char *schema_type_text(enum value_type type)
{
    static const char *const names[] = {"id", "code", "text", "integer", "decimal", "yes/no", "time"};

    return names[type];
}
