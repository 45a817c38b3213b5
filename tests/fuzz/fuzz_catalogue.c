/* fuzz_catalogue.c - any bytes as a catalogue file: loaded and laid out, or refused. */
#include <stdlib.h>

#include "catalogue/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct catalogue_layout layout = {0};
    struct catalogue *catalogue = NULL;
    struct err err = {0};

    if (catalogue_parse(&catalogue, "fuzz", data, size, &err) != ERR_OK) {
        if (err.code == ERR_INTERNAL)
            abort();
        return 0;
    }
    if (catalogue_layout(&layout, catalogue, &err) == ERR_OK)
        catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
    return 0;
}
