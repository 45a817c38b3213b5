/* join.c - join files and root files: written, read and fingerprinted. */
#include "base/join.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/yaml.h"

#define JOIN_FORMAT "weft-join-1"
#define ROOT_FORMAT "weft-root-1"

/* ---------------------------------------------------------------- fingerprints */

char *join_digest_text(char out[JOIN_FINGERPRINT_SIZE], const uint8_t digest_bytes[DIGEST_SIZE])
{
    char *p = out;

    for (size_t i = 0; i < 16; i += 2) {
        hex_encode(p, digest_bytes + i, 2);
        p[4] = i < 14 ? ' ' : '\0';
        p += 5;
    }
    return out;
}

/* A list of length-prefixed byte strings to hash, so that no two lists look the same. */
struct fields {
    FILE *stream;
    char *bytes;
    size_t len;
};

static void add_field(struct fields *fields, const void *data, size_t len)
{
    uint8_t prefix[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};

    fwrite(prefix, 1, sizeof prefix, fields->stream);
    fwrite(data, 1, len, fields->stream);
}

static void add_text(struct fields *fields, const char *text)
{
    add_field(fields, text, strlen(text));
}

/* Begins with the name of the format. Memory for a few kilobytes is assumed: there is no sensible way on. */
static void begin_fields(struct fields *fields, const char *format)
{
    fields->stream = open_memstream(&fields->bytes, &fields->len);
    if (fields->stream == NULL)
        abort();
    add_text(fields, format);
}

static void end_fields(struct fields *fields, uint8_t hash[DIGEST_SIZE])
{
    if (fclose(fields->stream) != 0)
        abort();
    digest(hash, fields->bytes, fields->len);
    free(fields->bytes);
}

static const char *kind_name(enum join_kind kind)
{
    return kind == JOIN_SITE ? "site" : "coordinator";
}

char *join_fingerprint(char out[JOIN_FINGERPRINT_SIZE], const struct join *join)
{
    struct fields fields = {0};
    uint8_t hash[DIGEST_SIZE];

    begin_fields(&fields, JOIN_FORMAT);
    add_text(&fields, kind_name(join->kind));
    add_text(&fields, join->id);
    add_text(&fields, join->tls_name);
    add_field(&fields, join->sign_key, KEY_SIZE);
    if (join->kind == JOIN_COORDINATOR)
        add_field(&fields, join->static_key, KEY_SIZE);
    for (size_t i = 0; i < join->num_collectors; i++) {
        add_text(&fields, join->collectors[i].area);
        add_field(&fields, join->collectors[i].key, KEY_SIZE);
    }
    add_text(&fields, join->request_pem);
    if (join->issuer_request_pem != NULL)
        add_text(&fields, join->issuer_request_pem);
    end_fields(&fields, hash);
    return join_digest_text(out, hash);
}

void join_root_digest(uint8_t out[DIGEST_SIZE], const Weft__V1__Root *root)
{
    struct fields fields = {0};

    begin_fields(&fields, ROOT_FORMAT);
    add_text(&fields, root->name);
    add_text(&fields, root->side == WEFT__V1__SIDE__SIDE_LEADER ? "leader" : "helper");
    add_field(&fields, root->public_key.data, root->public_key.len);
    end_fields(&fields, out);
}

char *join_root_fingerprint(char out[JOIN_FINGERPRINT_SIZE], const Weft__V1__Root *root)
{
    uint8_t hash[DIGEST_SIZE];

    join_root_digest(hash, root);
    return join_digest_text(out, hash);
}

/* ---------------------------------------------------------------- writing */

static void write_block(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        fprintf(out, "  %.*s\n", (int)len, text);
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

/* Close a memory stream. */
static int finish_text(char **text, FILE *out, char **bytes, struct err *err)
{
    if (out == NULL || ferror(out) != 0 || fclose(out) != 0) {
        free(*bytes);
        return err_set(err, ERR_NO_MEMORY, "writing a join file");
    }
    *text = *bytes;
    return 0;
}

int join_format(char **text, const struct join *join, struct err *err)
{
    char hex[HEX_SIZE(KEY_SIZE)], fingerprint[JOIN_FINGERPRINT_SIZE];
    char *bytes = NULL;
    size_t len;
    FILE *out = open_memstream(&bytes, &len);

    if (out != NULL) {
        fprintf(out,
                "# Public. Give it to the authority and compare the fingerprint by telephone or on paper.\n");
        fprintf(out, "# 公开文件。请交给管理机构，并通过电话或书面核对指纹。\n");
        fprintf(out, "format: %s\nkind: %s\nid: \"%s\"\ntls_name: \"%s\"\n", JOIN_FORMAT,
                kind_name(join->kind), join->id, join->tls_name);
        fprintf(out, "sign_key: \"%s\"\n", hex_encode(hex, join->sign_key, KEY_SIZE));
        if (join->kind == JOIN_COORDINATOR)
            fprintf(out, "static_key: \"%s\"\n", hex_encode(hex, join->static_key, KEY_SIZE));
        if (join->num_collectors > 0)
            fprintf(out, "collector_keys:\n");
        for (size_t i = 0; i < join->num_collectors; i++) {
            hex_encode(hex, join->collectors[i].key, KEY_SIZE);
            fprintf(out, "  \"%s\": \"%s\"\n", join->collectors[i].area, hex);
        }
        fprintf(out, "certificate_request: |\n");
        write_block(out, join->request_pem);
        if (join->issuer_request_pem != NULL) {
            fprintf(out, "issuer_request: |\n");
            write_block(out, join->issuer_request_pem);
        }
        fprintf(out, "fingerprint: \"%s\"\n", join_fingerprint(fingerprint, join));
    }
    return finish_text(text, out, &bytes, err);
}

int join_root_format(char **text, const Weft__V1__Root *root, struct err *err)
{
    char hex[HEX_SIZE(KEY_SIZE)], fingerprint[JOIN_FINGERPRINT_SIZE];
    char *bytes = NULL;
    size_t len;
    FILE *out = open_memstream(&bytes, &len);

    if (out != NULL) {
        fprintf(out,
                "# Public. Every party pins this root key when it joins; compare the fingerprint first.\n");
        fprintf(out, "# 公开文件。各方加入时固定此根密钥，请先核对指纹。\n");
        fprintf(out, "format: %s\nname: \"%s\"\nside: %s\n", ROOT_FORMAT, root->name,
                root->side == WEFT__V1__SIDE__SIDE_LEADER ? "leader" : "helper");
        fprintf(out, "public_key: \"%s\"\n", hex_encode(hex, root->public_key.data, KEY_SIZE));
        fprintf(out, "fingerprint: \"%s\"\n", join_root_fingerprint(fingerprint, root));
    }
    return finish_text(text, out, &bytes, err);
}

/* ---------------------------------------------------------------- reading */

/* Fail at the value of `key`. */
static int bad_value(const struct yaml_node *map, const char *key, struct err *err, const char *expected)
{
    return yaml_fail(yaml_find(map, key), err, ERR_YAML_BAD_VALUE, "expected %s", expected);
}

static int read_key(uint8_t out[KEY_SIZE], const struct yaml_node *map, const char *key, struct err *err)
{
    const char *text;
    int rc = yaml_get_string(map, key, &text, err);

    if (rc == 0 && !hex_decode(out, KEY_SIZE, text))
        rc = bad_value(map, key, err, "64 hexadecimal digits");
    return rc;
}

static int read_id(char out[ID_MAX + 1], const struct yaml_node *map, const char *key, struct err *err)
{
    const char *text;
    int rc = yaml_get_string(map, key, &text, err);

    if (rc != 0)
        return rc;
    if (!id_is_valid(text))
        return bad_value(map, key, err, "1 to 64 of A-Z a-z 0-9 . _ -");
    snprintf(out, ID_MAX + 1, "%s", text);
    return 0;
}

static int read_format(const struct yaml_node *map, const char *format, struct err *err)
{
    const char *text;
    int rc = yaml_get_string(map, "format", &text, err);

    if (rc == 0 && strcmp(text, format) != 0)
        rc = bad_value(map, "format", err, format);
    return rc;
}

/* What the file states must be what follows from it: a copying mistake shows at once. */
static int read_fingerprint(const struct yaml_node *map, const char *expected, struct err *err)
{
    const char *text;
    int rc = yaml_get_string(map, "fingerprint", &text, err);

    if (rc == 0 && strcmp(text, expected) != 0)
        rc = yaml_fail(yaml_find(map, "fingerprint"), err, ERR_YAML_BAD_VALUE,
                       "the file was changed: its fingerprint is %s", expected);
    return rc;
}

bool join_tls_name_is_valid(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");

    return len > 0 && len < CERT_NAME_SIZE && name[len] == '\0' && name[0] != '.' && name[len - 1] != '.';
}

static int read_collectors(struct join *join, const struct yaml_node *map, struct err *err)
{
    const struct yaml_node *keys = NULL;
    size_t num;
    int rc = yaml_opt_map(map, "collector_keys", &keys, err);

    if (rc != 0 || keys == NULL || (num = yaml_num(keys)) == 0)
        return rc;
    if (num > JOIN_MAX_AREAS)
        return bad_value(map, "collector_keys", err, "at most 512 areas");
    if ((join->collectors = calloc(num, sizeof *join->collectors)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "%zu collector keys", num);
    for (size_t i = 0; i < num; i++) {
        const char *area = yaml_key(keys, i);

        if (!id_is_valid(area))
            return bad_value(map, "collector_keys", err, "area codes as keys");
        if ((rc = read_key(join->collectors[i].key, keys, area, err)) != 0)
            return rc;
        snprintf(join->collectors[i].area, sizeof join->collectors[i].area, "%s", area);
        join->num_collectors++;
    }
    return 0;
}

static int read_kind(enum join_kind *kind, const struct yaml_node *map, struct err *err)
{
    const char *text;
    int rc = yaml_get_string(map, "kind", &text, err);

    if (rc != 0)
        return rc;
    if (strcmp(text, "site") != 0 && strcmp(text, "coordinator") != 0)
        return bad_value(map, "kind", err, "site or coordinator");
    *kind = strcmp(text, "site") == 0 ? JOIN_SITE : JOIN_COORDINATOR;
    return 0;
}

static int read_names(struct join *join, const struct yaml_node *map, struct err *err)
{
    const char *text;
    int rc;

    if ((rc = read_id(join->id, map, "id", err)) != 0 ||
        (rc = yaml_get_string(map, "tls_name", &text, err)) != 0)
        return rc;
    if (!join_tls_name_is_valid(text))
        return bad_value(map, "tls_name", err, "a lower-case DNS name");
    snprintf(join->tls_name, sizeof join->tls_name, "%s", text);
    return 0;
}

static int read_request(char **pem, const struct yaml_node *map, const char *key, struct err *err)
{
    const char *text;
    int rc = yaml_get_string(map, key, &text, err);

    if (rc != 0)
        return rc;
    if (strlen(text) > CERT_PEM_MAX)
        return bad_value(map, key, err, "a PEM request");
    *pem = strdup(text);
    return *pem == NULL ? err_set(err, ERR_NO_MEMORY, "%s", key) : 0;
}

static int read_join(struct join *join, const struct yaml_node *root, struct err *err)
{
    static const char *const site_keys[] = {
        "format", "kind", "id", "tls_name", "sign_key", "certificate_request", "fingerprint", NULL};
    static const char *const coordinator_keys[] = {"format",
                                                   "kind",
                                                   "id",
                                                   "tls_name",
                                                   "sign_key",
                                                   "static_key",
                                                   "collector_keys",
                                                   "certificate_request",
                                                   "issuer_request",
                                                   "fingerprint",
                                                   NULL};
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    int rc;

    if ((rc = yaml_as_map(root, err)) != 0 || (rc = read_format(root, JOIN_FORMAT, err)) != 0 ||
        (rc = read_kind(&join->kind, root, err)) != 0)
        return rc;
    rc = yaml_no_other_keys(root, join->kind == JOIN_SITE ? site_keys : coordinator_keys, err);
    if (rc != 0 || (rc = read_names(join, root, err)) != 0 ||
        (rc = read_key(join->sign_key, root, "sign_key", err)) != 0)
        return rc;
    if (join->kind == JOIN_COORDINATOR && ((rc = read_key(join->static_key, root, "static_key", err)) != 0 ||
                                           (rc = read_collectors(join, root, err)) != 0))
        return rc;
    if ((rc = read_request(&join->request_pem, root, "certificate_request", err)) != 0 ||
        (yaml_find(root, "issuer_request") != NULL &&
         (rc = read_request(&join->issuer_request_pem, root, "issuer_request", err)) != 0))
        return rc;
    return read_fingerprint(root, join_fingerprint(fingerprint, join), err);
}

/* Takes `yaml`. */
static int take_join(struct join *join, struct yaml *yaml, struct err *err)
{
    struct join read = {0};
    int rc = read_join(&read, yaml_root(yaml), err);

    if (rc == 0)
        *join = read;
    else
        join_clear(&read);
    yaml_unload(&yaml);
    return rc;
}

int join_read(struct join *join, const char *path, struct err *err)
{
    struct yaml *yaml = NULL;
    int rc = yaml_load_file(&yaml, path, err);

    return rc != 0 ? rc : take_join(join, yaml, err);
}

int join_parse(struct join *join, const char *name, const void *data, size_t len, struct err *err)
{
    struct yaml *yaml = NULL;
    int rc = len > JOIN_FILE_MAX ? err_set(err, ERR_FILE_TOO_LARGE, "%s", name)
                                 : yaml_load(&yaml, name, data, len, err);

    return rc != 0 ? rc : take_join(join, yaml, err);
}

static const uint8_t *find_key(const struct join_area_key *keys, size_t num, const char *area)
{
    for (size_t i = 0; i < num; i++) {
        if (strcmp(keys[i].area, area) == 0)
            return keys[i].key;
    }
    return NULL;
}

const uint8_t *join_collector(const struct join *join, const char *area)
{
    return find_key(join->collectors, join->num_collectors, area);
}

const uint8_t *identity_collector(const struct identity *identity, const char *area)
{
    return find_key(identity->collectors, identity->num_collectors, area);
}

void join_clear(struct join *join)
{
    free(join->collectors);
    free(join->request_pem);
    free(join->issuer_request_pem);
    *join = (struct join){0};
}

/* ---------------------------------------------------------------- roots */

static int read_root(struct join_roots *roots, size_t index, const struct yaml_node *root, struct err *err)
{
    Weft__V1__Root *wire = &roots->root[index];
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    const char *side;
    int rc;

    if ((rc = yaml_as_map(root, err)) != 0 || (rc = read_format(root, ROOT_FORMAT, err)) != 0 ||
        (rc = yaml_no_other_keys(root, YAML_KEYS("format", "name", "side", "public_key", "fingerprint"),
                                 err)) != 0 ||
        (rc = read_id(roots->names[index], root, "name", err)) != 0 ||
        (rc = read_key(roots->keys[index], root, "public_key", err)) != 0 ||
        (rc = yaml_get_string(root, "side", &side, err)) != 0)
        return rc;
    if (strcmp(side, "leader") != 0 && strcmp(side, "helper") != 0)
        return bad_value(root, "side", err, "leader or helper");
    weft__v1__root__init(wire);
    wire->name = roots->names[index];
    wire->side = strcmp(side, "leader") == 0 ? WEFT__V1__SIDE__SIDE_LEADER : WEFT__V1__SIDE__SIDE_HELPER;
    wire->public_key = (ProtobufCBinaryData){.len = KEY_SIZE, .data = roots->keys[index]};
    return read_fingerprint(root, join_root_fingerprint(fingerprint, wire), err);
}

int join_roots_add(struct join_roots *roots, const char *path, struct err *err)
{
    size_t index = roots->roots.num_roots;
    struct yaml *yaml = NULL;
    int rc;

    if (index == JOIN_MAX_ROOTS)
        return err_set(err, ERR_ROSTER_UNSOUND, "more than %d root keys", JOIN_MAX_ROOTS);
    if ((rc = yaml_load_file(&yaml, path, err)) != 0 ||
        (rc = read_root(roots, index, yaml_root(yaml), err)) != 0)
        goto done;
    for (size_t i = 0; i < index; i++) {
        if (strcmp(roots->names[i], roots->names[index]) == 0 ||
            memcmp(roots->keys[i], roots->keys[index], KEY_SIZE) == 0) {
            rc = err_set(err, ERR_ROSTER_UNSOUND, "%s: root %s has the name or key of one listed before (%s)", path,
                         roots->names[index], roots->names[i]);
            goto done;
        }
    }
    roots->list[index] = &roots->root[index];
    roots->roots = (struct roster_roots){.roots = roots->list, .num_roots = index + 1};

done:
    yaml_unload(&yaml);
    return rc;
}
