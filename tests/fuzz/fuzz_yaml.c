/* fuzz_yaml.c - any bytes as a YAML file: every node is visited with every getter and must keep its promises.
 */
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void visit_scalar(const struct yaml_node *node)
{
    const char *text = NULL;
    bool flag;
    int64_t number = 0;
    struct err err = {0};

    must(yaml_text(node) != NULL && yaml_num(node) == 0);
    if (yaml_as_string(node, &text, &err) == 0)
        must(text == yaml_text(node) && !yaml_is_null(node) && !yaml_is_ambiguous(node));
    else
        must(err.line == yaml_line(node) && err.column == yaml_column(node));
    if (yaml_as_bool(node, &flag, &err) == 0)
        must(!yaml_is_quoted(node));
    if (yaml_as_int(node, &number, -100, 100, &err) == 0)
        must(number >= -100 && number <= 100 && number == strtoll(yaml_text(node), NULL, 10));
    if (yaml_as_duration(node, &number, 0, INT64_MAX, &err) == 0)
        must(number >= 0);
    if (yaml_as_size(node, &number, 0, INT64_MAX, &err) == 0)
        must(number >= 0);
}

static void visit(const struct yaml_node *node, unsigned depth)
{
    struct err err = {0};

    must(depth <= YAML_MAX_DEPTH && yaml_line(node) >= 1 && yaml_column(node) >= 1);
    must(yaml_fail(node, &err, ERR_YAML_BAD_VALUE, "x") == ERR_YAML_BAD_VALUE && err.line == yaml_line(node));
    if (yaml_kind(node) == YAML_SCALAR)
        visit_scalar(node);
    for (size_t i = 0; i < yaml_num(node); i++) {
        if (yaml_kind(node) == YAML_MAP)
            must(yaml_find(node, yaml_key(node, i)) == yaml_item(node, i));
        visit(yaml_item(node, i), depth + 1);
    }
    if (yaml_kind(node) == YAML_MAP && yaml_no_other_keys(node, YAML_KEYS("name", "kind", "beds"), &err) == 0)
        must(yaml_num(node) <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct yaml *yaml = NULL;
    struct err err = {0};
    int rc = yaml_load(&yaml, "fuzz", data, size, &err);

    must((rc == 0) == (yaml != NULL) && rc == err.code);
    if (rc == 0)
        visit(yaml_root(yaml), 0);
    yaml_unload(&yaml);
    return 0;
}
