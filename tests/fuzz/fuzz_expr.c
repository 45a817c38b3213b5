/* fuzz_expr.c - any text as an expression over any table, with sets of codes at hand: parsed, or refused with a
 * place. */
#include <stdlib.h>
#include <string.h>

#include "catalogue/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char lo[] = "I21", hi[] = "I22";
    static struct code_range range = {lo, hi};
    static const struct code_set set = {.id = "STEMI", .ranges = &range, .num_ranges = 1};
    struct expr_source source = {.file = "fuzz", .line = 1, .column = 1, .sets = &set, .num_sets = 1};
    struct expr *expr = NULL;
    struct err err = {0};
    char *text;

    if (size < 1 || (text = malloc(size)) == NULL)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    source.text = text;
    source.raw = data[0] & 0x80 ? text : NULL;
    if (expr_parse(&expr, &source, data[0] % SCHEMA_NUM_TABLES,
                   data[0] & 0x40 ? EXPR_WANT_NUMBER : EXPR_WANT_BOOL, &err) != ERR_OK &&
        (err.code == ERR_INTERNAL || err.line == 0))
        abort();
    expr_free(&expr);
    free(text);
    return 0;
}
