/* authority_dir.c - one side's directory: the root key, and the leader side's TLS authority. */
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/file.h"
#include "base/newdir.h"
#include "coordinator/authority.h"
#include "crypto/secret.h"

/* `ca_key` NULL: the helper side, which has no TLS authority. */
static int write_dir(const char *dir, const uint8_t private_key[KEY_SIZE], const char *root_text,
                     const char *ca_key, const char *ca_cert, struct err *err)
{
    struct newdir_file files[4] = {
        {"root.key", private_key, KEY_SIZE, FILE_MODE_SECRET},
        {"root.yaml", root_text, strlen(root_text), FILE_MODE_PUBLIC},
    };
    size_t num = 2;

    if (ca_key != NULL) {
        files[num++] = (struct newdir_file){"ca.key", ca_key, strlen(ca_key), FILE_MODE_SECRET};
        files[num++] = (struct newdir_file){"ca.crt", ca_cert, strlen(ca_cert), FILE_MODE_PUBLIC};
    }
    return newdir_create(dir, files, num, err);
}

static int make_authority(char **key, char **cert, const char *name, struct err *err)
{
    char common_name[ID_MAX + 8];

    snprintf(common_name, sizeof common_name, "weft %.50s", name); /* X.509 allows 64 */
    return cert_make_authority(key, cert, common_name, calendar_now_ms(), err);
}

int authority_init(const struct args *args, struct err *err)
{
    const char *dir = args_value(args, "dir"), *name = args_value(args, "name"),
               *side = args_value(args, "side");
    bool leader = strcmp(side, "leader") == 0;
    uint8_t private_key[KEY_SIZE], public_key[KEY_SIZE];
    Weft__V1__Root root = WEFT__V1__ROOT__INIT;
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    char *text = NULL, *ca_key = NULL, *ca_cert = NULL;
    int rc;

    if (!leader && strcmp(side, "helper") != 0)
        return err_set(err, ERR_USAGE, "--side %s: leader or helper", side);
    if (!id_is_valid(name))
        return err_set(err, ERR_USAGE, "--name %s: 1 to %d of A-Z a-z 0-9 . _ -", name, ID_MAX);
    if (file_exists(dir)) /* before the work; newdir_create decides */
        return err_set(err, ERR_ALREADY_INITIALISED, "%s", dir);
    secret_random(private_key, sizeof private_key);
    sign_public(public_key, private_key);
    root.name = (char *)(uintptr_t)name;
    root.side = leader ? WEFT__V1__SIDE__SIDE_LEADER : WEFT__V1__SIDE__SIDE_HELPER;
    root.public_key = (ProtobufCBinaryData){.len = KEY_SIZE, .data = public_key};
    if ((leader && (rc = make_authority(&ca_key, &ca_cert, name, err)) != 0) ||
        (rc = join_root_format(&text, &root, err)) != 0 ||
        (rc = write_dir(dir, private_key, text, ca_key, ca_cert, err)) != 0)
        goto done;
    printf(args_lang(args) == LANG_ZH ? "%s：根密钥 %s（%s），指纹 %s\n"
                                      : "%s: root key %s (%s side), fingerprint %s\n",
           dir, name, side, join_root_fingerprint(fingerprint, &root));

done:
    secret_wipe(private_key, sizeof private_key);
    if (ca_key != NULL)
        secret_free(ca_key, strlen(ca_key));
    free(ca_cert);
    free(text);
    return rc;
}

int authority_root_load(struct authority_root *root, const char *dir, struct err *err)
{
    char *key_path = file_join(dir, "root.key"), *public_path = file_join(dir, "root.yaml");
    uint8_t public_key[KEY_SIZE];
    uint8_t *key = NULL;
    size_t key_len = 0;
    int rc;

    if (key_path == NULL || public_path == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "%s", dir);
        goto done;
    }
    if ((rc = file_read_secret(&key, &key_len, key_path, KEY_SIZE, err)) != 0 ||
        (rc = join_roots_add(&root->pinned, public_path, err)) != 0)
        goto done;
    if (key_len == KEY_SIZE)
        sign_public(public_key, key);
    if (key_len != KEY_SIZE || memcmp(public_key, root->pinned.keys[0], KEY_SIZE) != 0) {
        rc = err_set(err, ERR_FILE_READ, "%s does not belong to %s", key_path, public_path);
        goto done;
    }
    memcpy(root->private_key, key, KEY_SIZE);

done:
    secret_free(key, key_len);
    free(key_path);
    free(public_path);
    return rc;
}

void authority_root_clear(struct authority_root *root)
{
    secret_wipe(root->private_key, sizeof root->private_key);
}

/* The TLS authority of a directory. `chain` is its certificate and, of one that replaces another, how that one
 * certified it. */
struct tls_authority {
    uint8_t *key;
    size_t key_len;
    char *cert, *chain;
};

/* A text file of the directory; *text stays NULL if it may be missing and is. */
static int read_text(char **text, const char *dir, const char *name, bool may_miss, struct err *err)
{
    char *path = file_join(dir, name);
    uint8_t *data = NULL;
    size_t len;
    int rc = 0;

    if (path == NULL)
        rc = err_set(err, ERR_NO_MEMORY, "%s", dir);
    else if (!may_miss || file_exists(path))
        rc = file_read(&data, &len, path, CERT_PEM_MAX, err);
    if (rc == 0)
        *text = (char *)data; /* file_read puts a NUL behind */
    free(path);
    return rc;
}

static int tls_authority_load(struct tls_authority *authority, const char *dir, struct err *err)
{
    char *key_path = file_join(dir, "ca.key"), *cross = NULL;
    int rc;

    if (key_path == NULL)
        rc = err_set(err, ERR_NO_MEMORY, "%s", dir);
    else if ((rc = file_read_secret(&authority->key, &authority->key_len, key_path, CERT_PEM_MAX, err)) == 0 &&
             (rc = read_text(&authority->cert, dir, "ca.crt", false, err)) == 0 &&
             (rc = read_text(&cross, dir, "cross.crt", true, err)) == 0 &&
             asprintf(&authority->chain, "%s%s", authority->cert, cross != NULL ? cross : "") < 0) {
        authority->chain = NULL;
        rc = err_set(err, ERR_NO_MEMORY, "%s", dir);
    }
    free(key_path);
    free(cross);
    return rc;
}

static void tls_authority_clear(struct tls_authority *authority)
{
    secret_free(authority->key, authority->key_len);
    free(authority->cert);
    free(authority->chain);
}

int authority_issue(const char *dir, const struct join *join, const char *out, bool is_first, unsigned days,
                    struct err *err)
{
    struct tls_authority authority = {0};
    char *cert = NULL;
    int rc;

    if ((rc = tls_authority_load(&authority, dir, err)) == 0 &&
        (rc = cert_sign(&cert, (char *)authority.key, authority.chain, join->request_pem, join->tls_name,
                        days * CERT_MS_PER_DAY, calendar_now_ms(), err)) == 0)
        rc = is_first ? file_create(out, cert, strlen(cert), FILE_MODE_PUBLIC, err)
                      : file_write(out, cert, strlen(cert), FILE_MODE_PUBLIC, err);
    tls_authority_clear(&authority);
    free(cert);
    return rc;
}

int authority_issue_issuer(const char *dir, const struct join *join, const char *out,
                           const char *const *permitted, size_t num_permitted, unsigned days, struct err *err)
{
    const char *const own[] = {join->tls_name};
    struct tls_authority authority = {0};
    char *cert = NULL;
    int rc;

    if (join->issuer_request_pem == NULL)
        return err_set(err, ERR_USAGE, "%s leads no area, so it certifies nobody", join->id);
    if ((rc = tls_authority_load(&authority, dir, err)) == 0 &&
        (rc = cert_sign_issuer(&cert, (char *)authority.key, authority.chain, join->issuer_request_pem,
                               join->tls_name, num_permitted > 0 ? permitted : own,
                               num_permitted > 0 ? num_permitted : 1, days * CERT_MS_PER_DAY, calendar_now_ms(),
                               err)) == 0)
        rc = file_write(out, cert, strlen(cert), FILE_MODE_PUBLIC, err);
    tls_authority_clear(&authority);
    free(cert);
    return rc;
}

/* Certified by the authority of directory `old`, if that is given. */
static int cross_sign(char **cross, const char *cert, const char *old, struct err *err)
{
    struct tls_authority authority = {0};
    int rc = 0;

    if (old != NULL && (rc = tls_authority_load(&authority, old, err)) == 0)
        rc = cert_cross_sign(cross, (char *)authority.key, authority.cert, cert, calendar_now_ms(), err);
    tls_authority_clear(&authority);
    return rc;
}

int authority_new_ca(const struct args *args, struct err *err)
{
    const char *dir = args_value(args, "dir");
    char *key = NULL, *cert = NULL, *cross = NULL;
    int rc;

    if (file_exists(dir)) /* before the work; newdir_create decides */
        return err_set(err, ERR_ALREADY_INITIALISED, "%s", dir);
    if ((rc = make_authority(&key, &cert, args_value(args, "name"), err)) == 0 &&
        (rc = cross_sign(&cross, cert, args_value(args, "after"), err)) == 0) {
        const struct newdir_file files[] = {
            {"ca.key", key, strlen(key), FILE_MODE_SECRET},
            {"ca.crt", cert, strlen(cert), FILE_MODE_PUBLIC},
            {"cross.crt", cross, cross != NULL ? strlen(cross) : 0, FILE_MODE_PUBLIC},
        };

        rc = newdir_create(dir, files, cross != NULL ? 3 : 2, err);
    }
    if (key != NULL)
        secret_free(key, strlen(key));
    free(cert);
    free(cross);
    return rc;
}
