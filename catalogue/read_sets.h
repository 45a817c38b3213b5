/* read_sets.h - the `sets` of a catalogue file; inside catalogue/ only. */
#ifndef CATALOGUE_READ_SETS_H
#define CATALOGUE_READ_SETS_H

#include "base/yaml.h"
#include "catalogue/catalogue.h"

/* Fill catalogue->sets from the root of the file, in order: a set may be made of sets before it. */
WEFT_MUST_USE int read_sets(struct catalogue *catalogue, const struct yaml_node *root, struct err *err);

#endif
