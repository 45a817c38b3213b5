/* schema_tables.h - the tables themselves; inside catalogue/ only. */
#ifndef CATALOGUE_SCHEMA_TABLES_H
#define CATALOGUE_SCHEMA_TABLES_H

#include "catalogue/schema.h"

extern const struct schema_table schema_tables[SCHEMA_NUM_TABLES];

#endif
