/* read_sets.c - sets of codes: what is listed, and other sets, less what is excepted. */
#include <stdlib.h>
#include <string.h>

#include "catalogue/read_sets.h"

struct reader {
    struct catalogue *catalogue;
    struct err *err;
};

/* A set is named in expressions, so it is a word of theirs. */
static bool is_word(const char *id)
{
    static const char digits[] = "0123456789";
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    size_t len = strlen(id);

    if (len == 0 || len > CODE_SET_MAX_LENGTH || strchr(digits, id[0]) != NULL)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (strchr(digits, id[i]) == NULL && strchr(letters, id[i]) == NULL)
            return false;
    }
    return true;
}

/* The list under `key`, which may be absent. */
static int find_list(const struct yaml_node *map, const char *key, const struct yaml_node **list,
                     struct err *err)
{
    int rc;

    *list = yaml_find(map, key);
    if (*list == NULL)
        return ERR_OK;
    if ((rc = yaml_as_list(*list, err)) != ERR_OK)
        return rc;
    if (yaml_num(*list) > CODE_SET_MAX_CODES)
        return yaml_fail(*list, err, ERR_CATALOGUE_BAD_VALUE, "more than %d codes", CODE_SET_MAX_CODES);
    return ERR_OK;
}

static int read_codes(const struct reader *reader, const struct yaml_node *map, const char *key, bool exact,
                      struct code_set *set)
{
    const struct yaml_node *list;
    const char *text;
    int rc = find_list(map, key, &list, reader->err);

    for (size_t i = 0; rc == ERR_OK && i < yaml_num(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);

        if ((rc = yaml_as_string(item, &text, reader->err)) == ERR_OK &&
            (rc = code_set_add(set, text, exact, NULL)) != ERR_OK)
            rc = yaml_fail(item, reader->err, rc, "%.70s is no code and no range of codes", text);
    }
    return rc;
}

static const struct code_set *find_set(const struct catalogue *catalogue, const char *id)
{
    for (size_t i = 0; i < catalogue->num_sets; i++) {
        if (strcmp(catalogue->sets[i].id, id) == 0)
            return &catalogue->sets[i];
    }
    return NULL;
}

static int read_members(const struct reader *reader, const struct yaml_node *map, struct code_set *set)
{
    const struct yaml_node *list;
    const struct code_set *other;
    const char *id;
    int rc = find_list(map, "sets", &list, reader->err);

    for (size_t i = 0; rc == ERR_OK && i < yaml_num(list); i++) {
        if ((rc = yaml_as_string(yaml_item(list, i), &id, reader->err)) != ERR_OK)
            return rc;
        other = find_set(reader->catalogue, id);
        if (other == NULL || other == set)
            return yaml_fail(yaml_item(list, i), reader->err, ERR_CATALOGUE_UNKNOWN_REFERENCE,
                             "no set %.60s is defined before this one", id);
        rc = code_set_add_all(set, other, reader->err);
    }
    return rc;
}

/* prefix (the default) or exact. */
static int read_match(const struct reader *reader, const struct yaml_node *map, bool *exact)
{
    const char *text = "prefix";
    int rc = yaml_opt_string(map, "match", &text, reader->err);

    if (rc != ERR_OK)
        return rc;
    *exact = strcmp(text, "exact") == 0;
    if (*exact || strcmp(text, "prefix") == 0)
        return ERR_OK;
    return yaml_fail(yaml_find(map, "match"), reader->err, ERR_CATALOGUE_BAD_VALUE, "prefix or exact");
}

static int read_set(const struct reader *reader, const struct yaml_node *map, struct code_set *set)
{
    struct code_set less = {0};
    const char *source = NULL;
    bool exact;
    int rc;

    if ((rc = yaml_as_map(map, reader->err)) != ERR_OK ||
        (rc = yaml_no_other_keys(map, YAML_KEYS("codes", "sets", "except", "match", "source"),
                                 reader->err)) != ERR_OK ||
        (rc = yaml_opt_string(map, "source", &source, reader->err)) != ERR_OK ||
        (rc = read_match(reader, map, &exact)) != ERR_OK ||
        (rc = read_codes(reader, map, "codes", exact, set)) != ERR_OK ||
        (rc = read_members(reader, map, set)) != ERR_OK ||
        (rc = read_codes(reader, map, "except", exact, &less)) != ERR_OK)
        goto done;
    code_set_finish(set);
    code_set_finish(&less);
    if ((rc = code_set_subtract(set, &less, reader->err)) == ERR_OK && set->num_ranges == 0)
        rc = yaml_fail(map, reader->err, ERR_CATALOGUE_BAD_VALUE, "the set holds no code");

done:
    code_set_clear(&less);
    return rc;
}

int read_sets(struct catalogue *catalogue, const struct yaml_node *root, struct err *err)
{
    const struct reader reader = {catalogue, err};
    const struct yaml_node *map = NULL;
    int rc;

    if ((rc = yaml_opt_map(root, "sets", &map, err)) != ERR_OK || map == NULL)
        return rc;
    if (yaml_num(map) > CATALOGUE_MAX_SETS)
        return yaml_fail(map, err, ERR_CATALOGUE_BAD_VALUE, "more than %d sets", CATALOGUE_MAX_SETS);
    catalogue->sets = calloc(yaml_num(map) + 1, sizeof(*catalogue->sets));
    if (catalogue->sets == NULL)
        return err_set(err, ERR_NO_MEMORY, "catalogue");
    for (size_t i = 0; rc == ERR_OK && i < yaml_num(map); i++) {
        struct code_set *set = &catalogue->sets[catalogue->num_sets++];

        set->id = yaml_key(map, i);
        if (!is_word(set->id))
            return yaml_fail(yaml_item(map, i), err, ERR_CATALOGUE_BAD_VALUE,
                             "the name of a set has 1 to %d of A-Z a-z 0-9 _ and begins with a letter",
                             CODE_SET_MAX_LENGTH);
        rc = read_set(&reader, yaml_item(map, i), set);
    }
    return rc;
}
