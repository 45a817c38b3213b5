/* identity.c - a party's own keys (base/join.h): made once, loaded at every start. */
#include "base/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/newdir.h"
#include "crypto/hpke.h"
#include "crypto/secret.h"

#define FILE_NAME_SIZE (ID_MAX + 32) /* "collector-CODE.key" */

/* ---------------------------------------------------------------- creating */

static void name_collector(char out[FILE_NAME_SIZE], const char *area)
{
    snprintf(out, FILE_NAME_SIZE, "collector-%s.key", area);
}

static void new_collector(struct join_area_key *private_key, struct join_area_key *public_key,
                          const char *area)
{
    uint8_t ikm[HPKE_IKM_SIZE];

    secret_random(ikm, sizeof ikm);
    hpke_derive_key_pair(private_key->key, public_key->key, ikm, sizeof ikm);
    secret_wipe(ikm, sizeof ikm);
    snprintf(private_key->area, sizeof private_key->area, "%s", area);
    snprintf(public_key->area, sizeof public_key->area, "%s", area);
}

static int check_names(enum join_kind kind, const char *id, const char *tls_name, const char *const *areas,
                       size_t num_areas, struct err *err)
{
    if (!id_is_valid(id))
        return err_set(err, ERR_USAGE, "id \"%s\": 1 to %d of A-Z a-z 0-9 . _ -", id, ID_MAX);
    if (!join_tls_name_is_valid(tls_name))
        return err_set(err, ERR_USAGE, "TLS name \"%s\": not a lower-case DNS name", tls_name);
    if (num_areas > (kind == JOIN_SITE ? 0 : JOIN_MAX_AREAS))
        return err_set(err, ERR_USAGE, "%zu areas: only coordinators lead areas, at most %d", num_areas,
                       JOIN_MAX_AREAS);
    for (size_t i = 0; i < num_areas; i++) {
        if (!id_is_valid(areas[i]))
            return err_set(err, ERR_USAGE, "area \"%s\": 1 to %d of A-Z a-z 0-9 . _ -", areas[i], ID_MAX);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(areas[i], areas[j]) == 0)
                return err_set(err, ERR_USAGE, "area %s is named twice", areas[i]);
        }
    }
    return 0;
}

/* Draw all keys into `identity` and their public parts into `join`. */
static int draw(struct identity *identity, struct join *join, const char *const *areas, size_t num_areas,
                struct err *err)
{
    secret_random(identity->sign_key, KEY_SIZE);
    secret_random(identity->at_rest_key, IDENTITY_SECRET_SIZE);
    sign_public(join->sign_key, identity->sign_key);
    if (identity->kind == JOIN_SITE) {
        secret_random(identity->site_secret, IDENTITY_SECRET_SIZE);
    } else {
        secret_random(identity->static_key, KEY_SIZE);
        agree_public(join->static_key, identity->static_key);
    }
    identity->collectors = calloc(num_areas + 1, sizeof *identity->collectors);
    join->collectors = calloc(num_areas + 1, sizeof *join->collectors);
    if (identity->collectors == NULL || join->collectors == NULL)
        return err_set(err, ERR_NO_MEMORY, "keys of %zu areas", num_areas);
    for (size_t i = 0; i < num_areas; i++)
        new_collector(&identity->collectors[i], &join->collectors[i], areas[i]);
    identity->num_collectors = join->num_collectors = num_areas;
    if (num_areas > 0) {
        int rc = cert_make_request(&identity->issuer_key_pem, &join->issuer_request_pem, identity->tls_name, err);

        if (rc != 0)
            return rc;
    }
    return cert_make_request(&identity->tls_key_pem, &join->request_pem, identity->tls_name, err);
}

static int write_identity(const char *dir, const struct identity *identity, const char *join_text,
                          struct err *err)
{
    size_t num = 0, max = 7 + identity->num_collectors;
    struct newdir_file *files = calloc(max, sizeof *files);
    char(*names)[FILE_NAME_SIZE] = calloc(identity->num_collectors + 1, sizeof *names);
    int rc;

    if (files == NULL || names == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "%zu files", max);
        goto done;
    }
    files[num++] = (struct newdir_file){"sign.key", identity->sign_key, KEY_SIZE, FILE_MODE_SECRET};
    files[num++] =
        (struct newdir_file){"at-rest.key", identity->at_rest_key, IDENTITY_SECRET_SIZE, FILE_MODE_SECRET};
    if (identity->kind == JOIN_SITE)
        files[num++] = (struct newdir_file){"site.secret", identity->site_secret, IDENTITY_SECRET_SIZE,
                                            FILE_MODE_SECRET};
    else
        files[num++] = (struct newdir_file){"static.key", identity->static_key, KEY_SIZE, FILE_MODE_SECRET};
    for (size_t i = 0; i < identity->num_collectors; i++) {
        name_collector(names[i], identity->collectors[i].area);
        files[num++] =
            (struct newdir_file){names[i], identity->collectors[i].key, KEY_SIZE, FILE_MODE_SECRET};
    }
    if (identity->issuer_key_pem != NULL)
        files[num++] = (struct newdir_file){IDENTITY_ISSUER_KEY, identity->issuer_key_pem,
                                            strlen(identity->issuer_key_pem), FILE_MODE_SECRET};
    files[num++] = (struct newdir_file){IDENTITY_TLS_KEY_FILE, identity->tls_key_pem,
                                        strlen(identity->tls_key_pem), FILE_MODE_SECRET};
    files[num++] = (struct newdir_file){IDENTITY_JOIN_FILE, join_text, strlen(join_text), FILE_MODE_PUBLIC};
    rc = newdir_create(dir, files, num, err);

done:
    free(files);
    free(names);
    return rc;
}

int identity_create(const char *dir, enum join_kind kind, const char *id, const char *tls_name,
                    const char *const *areas, size_t num_areas, struct err *err)
{
    struct identity identity = {.kind = kind};
    struct join join = {.kind = kind};
    char *text = NULL;
    int rc;

    if ((rc = check_names(kind, id, tls_name, areas, num_areas, err)) != 0)
        return rc;
    if (file_exists(dir)) /* before the work; newdir_create decides */
        return err_set(err, ERR_ALREADY_INITIALISED, "%s", dir);
    snprintf(join.id, sizeof join.id, "%s", id);
    snprintf(join.tls_name, sizeof join.tls_name, "%s", tls_name);
    snprintf(identity.id, sizeof identity.id, "%s", id);
    snprintf(identity.tls_name, sizeof identity.tls_name, "%s", tls_name);
    if ((rc = draw(&identity, &join, areas, num_areas, err)) == 0 &&
        (rc = join_format(&text, &join, err)) == 0)
        rc = write_identity(dir, &identity, text, err);
    free(text);
    join_clear(&join);
    identity_clear(&identity);
    return rc;
}

/* ---------------------------------------------------------------- loading */

static int read_secret(uint8_t **data, size_t *len, const char *dir, const char *name, size_t max_len,
                       struct err *err)
{
    char *path = file_join(dir, name);
    int rc = path == NULL ? err_set(err, ERR_NO_MEMORY, "%s", name)
                          : file_read_secret(data, len, path, max_len, err);

    free(path);
    return rc;
}

static int load_key(uint8_t out[KEY_SIZE], const char *dir, const char *name, struct err *err)
{
    uint8_t *data = NULL;
    size_t len;
    int rc = read_secret(&data, &len, dir, name, KEY_SIZE, err);

    if (rc != 0)
        return rc;
    if (len == KEY_SIZE)
        memcpy(out, data, KEY_SIZE);
    else
        rc = err_set(err, ERR_FILE_READ, "%s/%s has %zu bytes, not %d", dir, name, len, KEY_SIZE);
    secret_free(data, len);
    return rc;
}

static int load_pem_key(char **pem, const char *dir, const char *name, struct err *err)
{
    uint8_t *data = NULL;
    size_t len;
    int rc = read_secret(&data, &len, dir, name, CERT_PEM_MAX, err);

    if (rc == 0)
        *pem = (char *)data; /* file_read puts a NUL behind */
    return rc;
}

/* Keys from two installations mixed up would give reports that nobody accepts. */
static int check_belongs(const uint8_t *public_key, const uint8_t *joined, const char *dir, const char *name,
                         struct err *err)
{
    if (memcmp(public_key, joined, KEY_SIZE) != 0)
        return err_set(err, ERR_FILE_READ, "%s/%s does not belong to %s", dir, name, IDENTITY_JOIN_FILE);
    return 0;
}

static int load_collectors(struct identity *identity, const struct join *join, const char *dir,
                           struct err *err)
{
    if ((identity->collectors = calloc(join->num_collectors + 1, sizeof *identity->collectors)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "%zu collector keys", join->num_collectors);
    identity->num_collectors = join->num_collectors;
    for (size_t i = 0; i < join->num_collectors; i++) {
        struct join_area_key *collector = &identity->collectors[i];
        uint8_t public_key[KEY_SIZE];
        char name[FILE_NAME_SIZE];
        int rc;

        *collector = join->collectors[i];
        name_collector(name, collector->area);
        if ((rc = load_key(collector->key, dir, name, err)) != 0)
            return rc;
        agree_public(public_key, collector->key);
        if ((rc = check_belongs(public_key, join->collectors[i].key, dir, name, err)) != 0)
            return rc;
    }
    return 0;
}

static int load_keys(struct identity *identity, const struct join *join, const char *dir, struct err *err)
{
    uint8_t public_key[KEY_SIZE];
    int rc;

    if ((rc = load_key(identity->sign_key, dir, "sign.key", err)) != 0 ||
        (rc = load_key(identity->at_rest_key, dir, "at-rest.key", err)) != 0 ||
        (rc = load_pem_key(&identity->tls_key_pem, dir, IDENTITY_TLS_KEY_FILE, err)) != 0 ||
        (join->issuer_request_pem != NULL &&
         (rc = load_pem_key(&identity->issuer_key_pem, dir, IDENTITY_ISSUER_KEY, err)) != 0))
        return rc;
    sign_public(public_key, identity->sign_key);
    if ((rc = check_belongs(public_key, join->sign_key, dir, "sign.key", err)) != 0)
        return rc;
    if (identity->kind == JOIN_SITE)
        return load_key(identity->site_secret, dir, "site.secret", err);
    if ((rc = load_key(identity->static_key, dir, "static.key", err)) != 0)
        return rc;
    agree_public(public_key, identity->static_key);
    if ((rc = check_belongs(public_key, join->static_key, dir, "static.key", err)) != 0)
        return rc;
    return load_collectors(identity, join, dir, err);
}

int identity_load(struct identity *identity, const char *dir, struct err *err)
{
    char *path = file_join(dir, IDENTITY_JOIN_FILE);
    struct identity loaded = {0};
    struct join join = {0};
    int rc;

    if (path == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "%s", dir);
        goto done;
    }
    if ((rc = join_read(&join, path, err)) != 0)
        goto done;
    loaded.kind = join.kind;
    snprintf(loaded.id, sizeof loaded.id, "%s", join.id);
    snprintf(loaded.tls_name, sizeof loaded.tls_name, "%s", join.tls_name);
    if ((rc = load_keys(&loaded, &join, dir, err)) != 0)
        goto done;
    *identity = loaded;
    secret_wipe(&loaded, sizeof loaded); /* moved: nothing left to free */

done:
    identity_clear(&loaded);
    join_clear(&join);
    free(path);
    return rc;
}

void identity_clear(struct identity *identity)
{
    if (identity->collectors != NULL)
        secret_free(identity->collectors, identity->num_collectors * sizeof *identity->collectors);
    if (identity->tls_key_pem != NULL)
        secret_free(identity->tls_key_pem, strlen(identity->tls_key_pem));
    if (identity->issuer_key_pem != NULL)
        secret_free(identity->issuer_key_pem, strlen(identity->issuer_key_pem));
    secret_wipe(identity, sizeof *identity);
}
