/* yaml.c - libyaml's events become an immutable tree in an arena. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/file.h"
#include "base/suggest.h"
#include "base/yaml.h"

#define BLOCK_SIZE 65536
#define PATH_SIZE  sizeof(((struct err *)0)->field)

struct place {
    uint32_t line, column; /* from 1 */
};

struct yaml_node {
    const struct yaml *yaml;
    const struct yaml_node *parent; /* NULL: the root */
    enum yaml_kind kind;
    bool quoted;
    uint32_t num;            /* children */
    struct place at, key_at; /* of the node, and of its key if it is in a map */
    uint32_t index;          /* in the parent */
    union {
        const char *text;                  /* scalar */
        const struct yaml_node **children; /* list and map */
    };
    /* map: the keys by child, and the children's numbers in the order of their keys */
    const char **keys;
    uint32_t *sorted;
};

struct block {
    struct block *next;
    size_t used, size;
    max_align_t bytes[];
};

struct yaml {
    char *name;
    struct block *blocks;
    struct yaml_node *root;
    size_t num_nodes;
};

struct key {
    const char *text;
    struct place at;
};

/* One child while its parent is still open. */
struct pending {
    struct key key; /* of a map's child */
    struct yaml_node *node;
};

struct loader {
    struct yaml *yaml;
    yaml_parser_t parser;
    struct pending *pending; /* the open collections' children, innermost last */
    size_t num_pending, max_pending;
    struct err *err;
};

/* ---- memory ---- */

static void *allocate(struct yaml *yaml, size_t size)
{
    struct block *block = yaml->blocks;
    void *result;

    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

        block = malloc(sizeof(*block) + room);
        if (block == NULL)
            return NULL;
        *block = (struct block){.next = yaml->blocks, .size = room};
        yaml->blocks = block;
    }
    result = (char *)block->bytes + block->used;
    block->used += size;
    return result;
}

void yaml_unload(struct yaml **yaml)
{
    if (*yaml == NULL)
        return;
    while ((*yaml)->blocks != NULL) {
        struct block *next = (*yaml)->blocks->next;

        free((*yaml)->blocks);
        (*yaml)->blocks = next;
    }
    free((*yaml)->name);
    free(*yaml);
    *yaml = NULL;
}

/* ---- loading ---- */

static struct place place_of(yaml_mark_t mark)
{
    return (struct place){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

static int fail_at(struct loader *loader, int code, yaml_mark_t mark, const char *what)
{
    err_set(loader->err, code, "%s", what);
    return err_at(loader->err, loader->yaml->name, place_of(mark).line, place_of(mark).column);
}

static int fail_memory(struct loader *loader)
{
    return err_set(loader->err, ERR_NO_MEMORY, "loading %s", loader->yaml->name);
}

static int next_event(struct loader *loader, yaml_event_t *event)
{
    const yaml_parser_t *parser = &loader->parser;

    if (yaml_parser_parse(&loader->parser, event) != 0)
        return 0;
    if (parser->error == YAML_MEMORY_ERROR)
        return fail_memory(loader);
    if (parser->error == YAML_READER_ERROR) { /* has an offset only, and the mark is where scanning stands */
        char what[96];

        snprintf(what, sizeof(what), "%.40s at byte %zu", parser->problem, parser->problem_offset + 1);
        return fail_at(loader, ERR_YAML_SYNTAX, parser->mark, what);
    }
    return fail_at(loader, ERR_YAML_SYNTAX, parser->problem_mark,
                   parser->problem != NULL ? parser->problem : "not YAML");
}

/* "007", "-01.5": what other readers take for octal, or lose the zero of. */
static bool has_leading_zero(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');

    if (at[0] != '0' || at[1] < '0' || at[1] > '9')
        return false;
    at += strspn(at, "0123456789");
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    return *at == '\0';
}

static struct yaml_node *make_node(struct loader *loader, const yaml_event_t *event, enum yaml_kind kind)
{
    struct yaml_node *node;

    if (loader->yaml->num_nodes == YAML_MAX_NODES) {
        fail_at(loader, ERR_YAML_LIMIT, event->start_mark, "too many values");
        return NULL;
    }
    node = allocate(loader->yaml, sizeof(*node));
    if (node == NULL) {
        fail_memory(loader);
        return NULL;
    }
    loader->yaml->num_nodes++;
    *node = (struct yaml_node){.yaml = loader->yaml, .kind = kind, .at = place_of(event->start_mark)};
    return node;
}

static int copy_text(struct loader *loader, const yaml_event_t *event, const char **text)
{
    size_t length = event->data.scalar.length;
    char *copy;

    if (memchr(event->data.scalar.value, 0, length) != NULL)
        return fail_at(loader, ERR_YAML_SYNTAX, event->start_mark, "NUL character");
    copy = allocate(loader->yaml, length + 1);
    if (copy == NULL)
        return fail_memory(loader);
    memcpy(copy, event->data.scalar.value, length);
    copy[length] = '\0';
    *text = copy;
    return 0;
}

static int load_scalar(struct loader *loader, const yaml_event_t *event, struct yaml_node **out)
{
    struct yaml_node *node = make_node(loader, event, YAML_SCALAR);
    int rc;

    if (node == NULL)
        return loader->err->code;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if ((rc = copy_text(loader, event, &node->text)) == 0)
        *out = node;
    return rc;
}

static int push(struct loader *loader, struct key key, struct yaml_node *node)
{
    if (loader->num_pending == loader->max_pending) {
        size_t max = loader->max_pending == 0 ? 64 : 2 * loader->max_pending;
        struct pending *grown = realloc(loader->pending, max * sizeof(*grown));

        if (grown == NULL)
            return fail_memory(loader);
        loader->pending = grown;
        loader->max_pending = max;
    }
    loader->pending[loader->num_pending++] = (struct pending){key, node};
    return 0;
}

static int compare_keys(const void *a, const void *b, void *keys)
{
    return strcmp(((const char **)keys)[*(const uint32_t *)a], ((const char **)keys)[*(const uint32_t *)b]);
}

static int index_map(struct loader *loader, struct yaml_node *map)
{
    for (uint32_t i = 0; i < map->num; i++)
        map->sorted[i] = i;
    qsort_r(map->sorted, map->num, sizeof(map->sorted[0]), compare_keys, map->keys);
    for (uint32_t i = 1; i < map->num; i++) {
        uint32_t a = map->sorted[i - 1], b = map->sorted[i];
        const struct place *first = &map->children[a < b ? a : b]->key_at;
        const struct place *second = &map->children[a < b ? b : a]->key_at;

        if (strcmp(map->keys[a], map->keys[b]) == 0) {
            err_set(loader->err, ERR_YAML_DUPLICATE_KEY, "%.64s, first at line %u", map->keys[a],
                    (unsigned)first->line);
            return err_at(loader->err, loader->yaml->name, second->line, second->column);
        }
    }
    return 0;
}

/* Move the children from `first` on from the stack into their collection. */
static int adopt(struct loader *loader, struct yaml_node *node, size_t first)
{
    size_t num = loader->num_pending - first;

    if (num == 0)
        return 0;
    node->num = (uint32_t)num;
    node->children = allocate(loader->yaml, num * sizeof(node->children[0]));
    if (node->children == NULL)
        return fail_memory(loader);
    if (node->kind == YAML_MAP) {
        node->keys = allocate(loader->yaml, num * sizeof(node->keys[0]));
        node->sorted = allocate(loader->yaml, num * sizeof(node->sorted[0]));
        if (node->keys == NULL || node->sorted == NULL)
            return fail_memory(loader);
    }
    for (uint32_t i = 0; i < num; i++) {
        struct pending *child = &loader->pending[first + i];

        child->node->parent = node;
        child->node->index = i;
        node->children[i] = child->node;
        child->node->key_at = child->key.at;
        if (node->kind == YAML_MAP)
            node->keys[i] = child->key.text;
    }
    loader->num_pending = first;
    return node->kind == YAML_MAP ? index_map(loader, node) : 0;
}

static int load_key(struct loader *loader, const yaml_event_t *event, struct key *key)
{
    int rc;

    if (event->type != YAML_SCALAR_EVENT)
        return fail_at(loader, ERR_YAML_SYNTAX, event->start_mark, "a key must be a plain word");
    if (event->data.scalar.anchor != NULL)
        return fail_at(loader, ERR_YAML_LIMIT, event->start_mark, "anchors and aliases are not used here");
    if (event->data.scalar.tag != NULL)
        return fail_at(loader, ERR_YAML_SYNTAX, event->start_mark, "tags are not used here");
    if ((rc = copy_text(loader, event, &key->text)) != 0)
        return rc;
    key->at = place_of(event->start_mark);
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return 0;
    if (key->text[0] == '\0')
        return fail_at(loader, ERR_YAML_SYNTAX, event->start_mark, "a key is missing");
    if (strcmp(key->text, "<<") == 0)
        return fail_at(loader, ERR_YAML_LIMIT, event->start_mark, "merge keys are not used here");
    if (has_leading_zero(key->text))
        return fail_at(loader, ERR_YAML_AMBIGUOUS_NUMBER, event->start_mark, key->text);
    return 0;
}

static int load_node(struct loader *loader, yaml_event_t *event, unsigned depth, struct yaml_node **out);

/* Children until the end of the collection whose start was just read. */
static int load_children(struct loader *loader, enum yaml_kind kind, unsigned depth)
{
    yaml_event_type_t end = kind == YAML_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct key key = {0};
    int rc;

    for (;;) {
        struct yaml_node *child = NULL;
        yaml_event_t event;
        bool ended;

        if ((rc = next_event(loader, &event)) != 0)
            return rc;
        ended = event.type == end;
        if (!ended && kind == YAML_MAP && key.text == NULL) {
            rc = load_key(loader, &event, &key);
        } else if (!ended) {
            if ((rc = load_node(loader, &event, depth, &child)) == 0)
                rc = push(loader, key, child);
            key.text = NULL;
        }
        yaml_event_delete(&event);
        if (rc != 0 || ended)
            return rc;
    }
}

static int load_collection(struct loader *loader, yaml_event_t *event, enum yaml_kind kind, unsigned depth,
                           struct yaml_node **out)
{
    size_t first = loader->num_pending;
    struct yaml_node *node;
    int rc;

    if (depth == YAML_MAX_DEPTH)
        return fail_at(loader, ERR_YAML_LIMIT, event->start_mark, "nested too deeply");
    node = make_node(loader, event, kind);
    if (node == NULL)
        return loader->err->code;
    if ((rc = load_children(loader, kind, depth + 1)) == 0 && (rc = adopt(loader, node, first)) == 0)
        *out = node;
    return rc;
}

static int load_node(struct loader *loader, yaml_event_t *event, unsigned depth, struct yaml_node **out)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (event->type == YAML_ALIAS_EVENT || anchor != NULL)
        return fail_at(loader, ERR_YAML_LIMIT, event->start_mark, "anchors and aliases are not used here");
    if (tag != NULL)
        return fail_at(loader, ERR_YAML_SYNTAX, event->start_mark, "tags are not used here");
    if (event->type == YAML_SCALAR_EVENT)
        return load_scalar(loader, event, out);
    return load_collection(loader, event, event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST,
                           depth, out);
}

/* An empty stream reads as one null. */
static int make_empty_root(struct loader *loader, const yaml_event_t *event)
{
    loader->yaml->root = make_node(loader, event, YAML_SCALAR);
    if (loader->yaml->root == NULL)
        return loader->err->code;
    loader->yaml->root->text = "";
    return 0;
}

static int load_stream(struct loader *loader)
{
    for (;;) {
        yaml_event_t event;
        bool ended;
        int rc;

        if ((rc = next_event(loader, &event)) != 0)
            return rc;
        ended = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && loader->yaml->root != NULL)
            rc = fail_at(loader, ERR_YAML_LIMIT, event.start_mark, "a second document");
        else if (ended && loader->yaml->root == NULL)
            rc = make_empty_root(loader, &event);
        else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT &&
                 event.type != YAML_DOCUMENT_END_EVENT && !ended)
            rc = load_node(loader, &event, 0, &loader->yaml->root);
        yaml_event_delete(&event);
        if (rc != 0 || ended)
            return rc;
    }
}

int yaml_load(struct yaml **yaml, const char *name, const void *data, size_t data_len, struct err *err)
{
    struct err own = {0}; /* the loader reads the code back, so there must be one */
    struct loader loader = {.err = err != NULL ? err : &own};
    const unsigned char *text = data_len > 0 ? data : (const unsigned char *)"";
    int rc;

    if (data_len > YAML_MAX_SIZE) {
        err_set(err, ERR_YAML_LIMIT, "%zu bytes, more than %u", data_len, YAML_MAX_SIZE);
        err_at(err, name, 0, 0);
        return ERR_YAML_LIMIT;
    }
    loader.yaml = calloc(1, sizeof(*loader.yaml));
    if (loader.yaml == NULL || (loader.yaml->name = strdup(name)) == NULL ||
        yaml_parser_initialize(&loader.parser) == 0) {
        yaml_unload(&loader.yaml);
        return err_set(err, ERR_NO_MEMORY, "loading %s", name);
    }
    yaml_parser_set_encoding(&loader.parser, YAML_UTF8_ENCODING);
    if (data_len >= 3 &&
        memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark, which would count as a column */
        text += 3;
        data_len -= 3;
    }
    yaml_parser_set_input_string(&loader.parser, text, data_len);
    rc = load_stream(&loader);
    if (rc == 0) {
        *yaml = loader.yaml;
        loader.yaml = NULL;
    }
    yaml_parser_delete(&loader.parser);
    free(loader.pending);
    yaml_unload(&loader.yaml);
    return rc;
}

int yaml_load_file(struct yaml **yaml, const char *path, struct err *err)
{
    uint8_t *data = NULL;
    size_t data_len;
    int rc = file_read(&data, &data_len, path, YAML_MAX_SIZE, err);

    if (rc == ERR_FILE_TOO_LARGE)
        rc = err_set(err, ERR_YAML_LIMIT, "%s has more than %u bytes", path, YAML_MAX_SIZE);
    if (rc == 0)
        rc = yaml_load(yaml, path, data, data_len, err);
    free(data);
    return rc;
}

/* ---- the tree ---- */

const struct yaml_node *yaml_root(const struct yaml *yaml)
{
    return yaml->root;
}

enum yaml_kind yaml_kind(const struct yaml_node *node)
{
    return node->kind;
}

const char *yaml_text(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR ? node->text : NULL;
}

bool yaml_is_quoted(const struct yaml_node *node)
{
    return node->quoted;
}

bool yaml_is_null(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->text[0] == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

bool yaml_is_ambiguous(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted && has_leading_zero(node->text);
}

unsigned yaml_line(const struct yaml_node *node)
{
    return node->at.line;
}

unsigned yaml_column(const struct yaml_node *node)
{
    return node->at.column;
}

const char *yaml_file(const struct yaml_node *node)
{
    return node->yaml->name;
}

size_t yaml_num(const struct yaml_node *node)
{
    return node != NULL ? node->num : 0;
}

const struct yaml_node *yaml_item(const struct yaml_node *node, size_t index)
{
    return node->children[index];
}

const char *yaml_key(const struct yaml_node *map, size_t index)
{
    return map->keys[index];
}

const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key)
{
    size_t low = 0, high = map->kind == YAML_MAP ? map->num : 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t child = map->sorted[middle];
        int order = strcmp(key, map->keys[child]);

        if (order == 0)
            return map->children[child];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* ---- errors ---- */

/* "indicators[3].name"; empty for the root. Cut when longer than an error's field. */
static void write_path(const struct yaml_node *node, char *path, size_t path_size)
{
    const struct yaml_node *chain[YAML_MAX_DEPTH + 1];
    size_t num = 0, used = 0;

    path[0] = '\0';
    for (; node->parent != NULL; node = node->parent)
        chain[num++] = node;
    while (num-- > 0 && used < path_size) {
        const struct yaml_node *step = chain[num];

        if (step->parent->kind == YAML_MAP)
            used += (size_t)snprintf(path + used, path_size - used, "%s%s", used > 0 ? "." : "",
                                     step->parent->keys[step->index]);
        else
            used += (size_t)snprintf(path + used, path_size - used, "[%u]", (unsigned)step->index);
    }
}

static void set_place(const struct yaml_node *node, const struct place *at, struct err *err)
{
    char path[PATH_SIZE];

    err_at(err, node->yaml->name, at->line, at->column);
    write_path(node, path, sizeof(path));
    err_field(err, path);
}

int yaml_fail(const struct yaml_node *node, struct err *err, int code, const char *format, ...)
{
    char detail[sizeof(err->detail)];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);
    err_set(err, code, "%s", detail);
    set_place(node, &node->at, err);
    return code;
}

int yaml_get(const struct yaml_node *map, const char *key, const struct yaml_node **node, struct err *err)
{
    const struct yaml_node *found;
    int rc = yaml_as_map(map, err);

    if (rc != 0)
        return rc;
    found = yaml_find(map, key);
    if (found == NULL)
        return yaml_fail(map, err, ERR_YAML_MISSING_KEY, "%s", key);
    *node = found;
    return 0;
}

int yaml_no_other_keys(const struct yaml_node *map, const char *const *known, struct err *err)
{
    int rc = yaml_as_map(map, err);
    size_t num_known = 0;

    if (rc != 0)
        return rc;
    while (known[num_known] != NULL)
        num_known++;
    for (uint32_t i = 0; i < map->num; i++) {
        const struct yaml_node *child = map->children[i];
        const char *nearest;
        size_t j = 0;

        while (j < num_known && strcmp(map->keys[i], known[j]) != 0)
            j++;
        if (j < num_known)
            continue;
        nearest = suggest_nearest(map->keys[i], known, num_known);
        err_set(err, ERR_YAML_UNKNOWN_KEY, nearest != NULL ? "%.64s (did you mean %s?)" : "%.64s",
                map->keys[i], nearest);
        set_place(child, &child->key_at, err);
        return ERR_YAML_UNKNOWN_KEY;
    }
    return 0;
}
