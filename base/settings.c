/* settings.c - a settings table checked against YAML, filled into a struct, printed as documentation. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/settings.h"
#include "base/suggest.h"
#include "base/yaml.h"

#define MAX_SETTINGS 128
#define LENGTH_MAX   4096 /* of a text whose setting has no range */

static void *place_in(void *out, const struct setting *setting)
{
    return (char *)out + setting->offset;
}

/* ---- one value ---- */

static int check_length(const struct setting *setting, const struct yaml_node *node, const char *text,
                        struct err *err)
{
    size_t min = (size_t)setting->min, max = setting->max > 0 ? (size_t)setting->max : LENGTH_MAX;
    size_t length = strlen(text);

    if (length >= min && length <= max)
        return 0;
    return yaml_fail(node, err, ERR_YAML_BAD_VALUE, "%zu bytes are not from %zu to %zu", length, min, max);
}

static bool is_list(const struct setting *setting)
{
    return setting->type == SETTING_LIST || setting->type == SETTING_PATH_LIST;
}

static bool is_path(const struct setting *setting)
{
    return setting->type == SETTING_PATH || setting->type == SETTING_PATH_LIST;
}

/* A malloc'd copy of a text; of a path, seen from `directory`. */
static int copy_text(const struct setting *setting, const struct yaml_node *node, const char *directory,
                     char **copy, struct err *err)
{
    const char *text;
    int rc;

    if ((rc = yaml_as_string(node, &text, err)) != 0 || (rc = check_length(setting, node, text, err)) != 0)
        return rc;
    *copy = is_path(setting) && text[0] != '\0' ? file_join(directory, text) : strdup(text);
    return *copy != NULL ? 0 : err_set(err, ERR_NO_MEMORY, "setting %s", setting->name);
}

static int read_text(char **out, const struct setting *setting, const struct yaml_node *node,
                     const char *directory, struct err *err)
{
    int rc = copy_text(setting, node, directory, out, err);

    if (rc == 0 && (*out)[0] == '\0') {
        free(*out);
        *out = NULL;
    }
    return rc;
}

static int read_choice(int *out, const struct setting *setting, const struct yaml_node *node, struct err *err)
{
    const char *text, *nearest;
    int rc = yaml_as_string(node, &text, err);
    size_t num = 0;

    if (rc != 0)
        return rc;
    for (; setting->choices[num] != NULL; num++) {
        if (strcmp(text, setting->choices[num]) == 0) {
            *out = (int)num;
            return 0;
        }
    }
    nearest = suggest_nearest(text, setting->choices, num);
    return yaml_fail(node, err, ERR_YAML_BAD_VALUE, nearest != NULL ? "%.64s (did you mean %s?)" : "%.64s",
                     text, nearest);
}

static int read_list(struct setting_list *out, const struct setting *setting, const struct yaml_node *node,
                     const char *directory, struct err *err)
{
    int rc = yaml_as_list(node, err);

    if (rc != 0 || yaml_num(node) == 0)
        return rc;
    out->items = calloc(yaml_num(node), sizeof(out->items[0]));
    if (out->items == NULL)
        return err_set(err, ERR_NO_MEMORY, "setting %s", setting->name);
    for (size_t i = 0; rc == 0 && i < yaml_num(node); i++) {
        rc = copy_text(setting, yaml_item(node, i), directory, &out->items[i], err);
        out->num += rc == 0;
    }
    return rc; /* what was copied is freed with the rest */
}

static int read_value(void *out, const struct setting *setting, const struct yaml_node *node,
                      const char *directory, struct err *err)
{
    bool any = setting->min == 0 && setting->max == 0;
    int64_t min = any ? (setting->type == SETTING_INT ? INT64_MIN : 0) : setting->min;
    int64_t max = any ? INT64_MAX : setting->max;
    void *at = place_in(out, setting);

    switch (setting->type) {
    case SETTING_STRING:
    case SETTING_PATH:
        return read_text(at, setting, node, directory, err);
    case SETTING_BOOL:
        return yaml_as_bool(node, at, err);
    case SETTING_INT:
        return yaml_as_int(node, at, min, max, err);
    case SETTING_DURATION:
        return yaml_as_duration(node, at, min, max, err);
    case SETTING_SIZE:
        return yaml_as_size(node, at, min, max, err);
    case SETTING_CHOICE:
        return read_choice(at, setting, node, err);
    case SETTING_LIST:
    case SETTING_PATH_LIST:
        return read_list(at, setting, node, directory, err);
    }
    return err_set(err, ERR_INTERNAL, "setting %s has no type", setting->name);
}

/* A default is read as if it stood in a file of its own; an empty one leaves nothing. */
static int read_default(void *out, const struct setting *setting, const char *directory, struct err *err)
{
    struct yaml *yaml = NULL;
    int rc;

    if (setting->fallback[0] == '\0')
        return 0;
    rc = yaml_load(&yaml, "default", setting->fallback, strlen(setting->fallback), err);
    if (rc == 0)
        rc = read_value(out, setting, yaml_root(yaml), directory, err);
    yaml_unload(&yaml);
    if (rc == 0)
        return 0;
    return err_set(err, ERR_INTERNAL, "the default of setting %s is not valid", setting->name);
}

/* ---- all values ---- */

#define PART_SIZE 64 /* of one part of a dotted name, with NUL */

/* The parts that may stand after `prefix` ("" or "listen.") in a setting's name, each once, NULL-ended. */
static void list_parts(const struct setting *table, size_t num_settings, const char *prefix,
                       char storage[][PART_SIZE], const char **parts)
{
    size_t prefix_len = strlen(prefix), num = 0;

    for (size_t i = 0; i < num_settings; i++) {
        const char *rest = table[i].name + prefix_len;
        size_t j = 0;

        if (strncmp(table[i].name, prefix, prefix_len) != 0)
            continue;
        snprintf(storage[num], PART_SIZE, "%.*s", (int)strcspn(rest, "."), rest);
        while (j < num && strcmp(storage[j], storage[num]) != 0)
            j++;
        if (j == num) {
            parts[num] = storage[num];
            num++;
        }
    }
    parts[num] = NULL;
}

static bool is_group(const struct setting *table, size_t num_settings, const char *prefix)
{
    for (size_t i = 0; i < num_settings; i++) {
        if (strncmp(table[i].name, prefix, strlen(prefix)) == 0)
            return true;
    }
    return false;
}

/* Refuse keys that no setting's name passes through. */
static int check_keys(const struct setting *table, size_t num_settings, const struct yaml_node *map,
                      const char *prefix, struct err *err)
{
    char storage[MAX_SETTINGS][PART_SIZE], inner[4 * PART_SIZE];
    const char *parts[MAX_SETTINGS + 1];
    int rc;

    list_parts(table, num_settings, prefix, storage, parts);
    rc = yaml_no_other_keys(map, parts, err);
    for (size_t i = 0; rc == 0 && i < yaml_num(map); i++) {
        snprintf(inner, sizeof(inner), "%s%s.", prefix, yaml_key(map, i));
        if (is_group(table, num_settings, inner))
            rc = check_keys(table, num_settings, yaml_item(map, i), inner, err);
    }
    return rc;
}

/* The value of a dotted name; NULL when it is not in the file. */
static const struct yaml_node *find_setting(const struct yaml_node *node, const char *name)
{
    while (node != NULL && *name != '\0') {
        char part[PART_SIZE];
        size_t length = strcspn(name, ".");

        snprintf(part, sizeof(part), "%.*s", (int)length, name);
        node = yaml_find(node, part);
        name += length + (name[length] == '.');
    }
    return node;
}

static int load_tree(void *out, const struct setting *table, size_t num_settings,
                     const struct yaml_node *root, const char *directory, struct err *err)
{
    bool empty = root == NULL || yaml_is_null(root); /* a file of comments sets nothing */
    int rc = empty ? 0 : check_keys(table, num_settings, root, "", err);

    for (size_t i = 0; rc == 0 && i < num_settings; i++) {
        const struct yaml_node *node = empty ? NULL : find_setting(root, table[i].name);

        if (node != NULL) {
            rc = read_value(out, &table[i], node, directory, err);
        } else if (table[i].fallback != NULL) {
            rc = read_default(out, &table[i], directory, err);
        } else {
            rc = err_set(err, ERR_YAML_MISSING_KEY, "%s", table[i].name);
            if (root != NULL)
                err_at(err, yaml_file(root), 0, 0);
            err_field(err, table[i].name);
        }
    }
    return rc;
}

int settings_load(void *out, const struct setting *table, size_t num_settings, const char *path,
                  struct err *err)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    char *directory;
    struct yaml *yaml = NULL;
    int rc = 0;

    if (num_settings > MAX_SETTINGS)
        return err_set(err, ERR_INTERNAL, "%zu settings", num_settings);
    directory = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup("");
    if (directory == NULL)
        return err_set(err, ERR_NO_MEMORY, "settings");
    if (path != NULL)
        rc = yaml_load_file(&yaml, path, err);
    if (rc == 0)
        rc = load_tree(out, table, num_settings, yaml != NULL ? yaml_root(yaml) : NULL, directory, err);
    if (rc != 0)
        settings_clear(out, table, num_settings);
    yaml_unload(&yaml);
    free(directory);
    return rc;
}

static void clear_list(struct setting_list *list)
{
    for (size_t i = 0; i < list->num; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct setting_list){0};
}

void settings_clear(void *out, const struct setting *table, size_t num_settings)
{
    for (size_t i = 0; i < num_settings; i++) {
        char **text = place_in(out, &table[i]);

        if (is_list(&table[i])) {
            clear_list(place_in(out, &table[i]));
        } else if (table[i].type == SETTING_STRING || table[i].type == SETTING_PATH) {
            free(*text);
            *text = NULL;
        }
    }
}

/* ---- documentation ---- */

static const char *type_text(enum setting_type type, bool zh)
{
    static const char *const texts[][2] = {
        [SETTING_STRING] = {"text", "文本"},
        [SETTING_PATH] = {"path", "路径"},
        [SETTING_BOOL] = {"true/false", "布尔"},
        [SETTING_INT] = {"number", "整数"},
        [SETTING_DURATION] = {"duration", "时长"},
        [SETTING_SIZE] = {"size", "大小"},
        [SETTING_CHOICE] = {"one of", "可选值"},
        [SETTING_LIST] = {"list", "列表"},
        [SETTING_PATH_LIST] = {"list of paths", "路径列表"},
    };

    return texts[type][zh];
}

/* 90000 with units of 1000 and 60000 is "90s": the largest unit that divides it. */
static void print_scaled(FILE *out, int64_t value, const char *const *units, const int64_t *factors,
                         size_t num)
{
    size_t best = 0;

    for (size_t i = 0; i < num; i++) {
        if (value != 0 && value % factors[i] == 0)
            best = i;
    }
    fprintf(out, "%" PRId64 "%s", value / factors[best], value == 0 ? "" : units[best]);
}

static void print_number(FILE *out, enum setting_type type, int64_t value)
{
    static const char *const duration_units[] = {"ms", "s", "m", "h", "d"};
    static const int64_t duration_factors[] = {1, 1000, 60000, 3600000, 86400000};
    static const char *const size_units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    static const int64_t size_factors[] = {1, INT64_C(1) << 10, INT64_C(1) << 20, INT64_C(1) << 30,
                                           INT64_C(1) << 40};

    if (type == SETTING_DURATION)
        print_scaled(out, value, duration_units, duration_factors, 5);
    else if (type == SETTING_SIZE)
        print_scaled(out, value, size_units, size_factors, 5);
    else
        fprintf(out, "%" PRId64, value);
}

static void print_range(FILE *out, const struct setting *setting)
{
    if (setting->type == SETTING_CHOICE) {
        for (size_t i = 0; setting->choices[i] != NULL; i++)
            fprintf(out, "%s%s", i == 0 ? " " : ", ", setting->choices[i]);
    } else if (setting->type != SETTING_BOOL && (setting->min != 0 || setting->max != 0)) {
        fputs(" ", out);
        print_number(out, setting->type, setting->min);
        fputs("–", out);
        print_number(out, setting->type, setting->max);
        if (setting->type == SETTING_STRING || is_path(setting) || is_list(setting))
            fputs(" B", out);
    }
    if (setting->unit != NULL)
        fprintf(out, " %s", setting->unit);
}

void settings_print(FILE *out, const struct setting *table, size_t num_settings, enum err_lang lang)
{
    bool zh = lang == LANG_ZH;

    fprintf(out, "%s\n|---|---|---|---|\n",
            zh ? "| 名称 | 类型与范围 | 默认值 | 含义 |" : "| name | type and range | default | meaning |");
    for (size_t i = 0; i < num_settings; i++) {
        fprintf(out, "| `%s` | %s", table[i].name, type_text(table[i].type, zh));
        print_range(out, &table[i]);
        if (table[i].fallback == NULL)
            fprintf(out, " | %s", zh ? "必填" : "required");
        else if (table[i].fallback[0] == '\0')
            fprintf(out, " | %s", zh ? "无" : "none");
        else
            fprintf(out, " | `%s`", table[i].fallback);
        fprintf(out, " | %s |\n", zh ? table[i].zh : table[i].en);
    }
}
