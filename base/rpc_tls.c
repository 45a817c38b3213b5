/* rpc_tls.c - certificates for gRPC: the files, credentials made of them, and the name at the other end. */
#include "base/rpc_internal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <grpc/support/alloc.h>

#include "base/cert.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/keys.h"
#include "crypto/secret.h"

/* ---- Files -----------------------------------------------------------------------------------------------
 */

int rpc_files_init(struct rpc_files *files, const char *ca, const char *cert, const char *key,
                   struct err *err)
{
    if (ca == NULL || cert == NULL || key == NULL)
        return err_set(err, ERR_CERTIFICATE, "ca, certificate and key are all needed");
    *files = (struct rpc_files){strdup(ca), strdup(cert), strdup(key)};
    if (files->ca != NULL && files->cert != NULL && files->key != NULL)
        return 0;
    rpc_files_clear(files);
    return err_set(err, ERR_NO_MEMORY, "file names");
}

void rpc_files_clear(struct rpc_files *files)
{
    free(files->ca);
    free(files->cert);
    free(files->key);
    *files = (struct rpc_files){0};
}

struct pems {
    uint8_t *ca, *cert, *key;
    size_t ca_len, cert_len, key_len;
};

static void pems_clear(struct pems *pems)
{
    free(pems->ca);
    free(pems->cert);
    if (pems->key != NULL)
        secret_free(pems->key, pems->key_len);
    *pems = (struct pems){0};
}

static int pems_read(struct pems *pems, const struct rpc_files *files, struct err *err)
{
    int rc;

    if ((rc = file_read(&pems->ca, &pems->ca_len, files->ca, RPC_PEM_MAX, err)) == 0 &&
        (rc = file_read(&pems->cert, &pems->cert_len, files->cert, RPC_PEM_MAX, err)) == 0)
        rc = file_read_secret(&pems->key, &pems->key_len, files->key, RPC_PEM_MAX, err);
    if (rc != 0)
        pems_clear(pems);
    return rc;
}

/* ---- Server ----------------------------------------------------------------------------------------------
 */

/* Changes whenever one of the files does; never 0. */
static uint64_t stamp_of(const struct rpc_files *files)
{
    const char *paths[] = {files->ca, files->cert, files->key};
    uint64_t stamp = 1469598103934665603u;
    struct stat info;

    for (size_t i = 0; i < 3; i++) {
        if (stat(paths[i], &info) != 0)
            continue;
        const uint64_t parts[] = {info.st_ino, (uint64_t)info.st_size, (uint64_t)info.st_mtim.tv_sec,
                                  (uint64_t)info.st_mtim.tv_nsec};
        for (size_t j = 0; j < 4; j++)
            stamp = (stamp ^ parts[j]) * 1099511628211u;
    }
    return stamp | 1;
}

static grpc_ssl_server_certificate_config *server_config(const struct rpc_files *files, struct err *err)
{
    struct pems pems = {0};
    grpc_ssl_pem_key_cert_pair pair;
    grpc_ssl_server_certificate_config *config;

    if (pems_read(&pems, files, err) != 0)
        return NULL;
    pair = (grpc_ssl_pem_key_cert_pair){(const char *)pems.key, (const char *)pems.cert};
    config = grpc_ssl_server_certificate_config_create((const char *)pems.ca, &pair, 1);
    pems_clear(&pems);
    if (config == NULL)
        err_set(err, ERR_CERTIFICATE, "%s", files->cert);
    return config;
}

/* Asked at every handshake. A new key beside a certificate not yet replaced is refused by gRPC, which then
 * keeps the old pair; the next change of a file brings the next try. */
static grpc_ssl_certificate_config_reload_status fetch(void *user,
                                                       grpc_ssl_server_certificate_config **config)
{
    struct rpc_reload *reload = user;
    uint64_t stamp = stamp_of(reload->files);
    struct err err = {0};

    if (atomic_exchange(&reload->stamp, stamp) == stamp)
        return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    if ((*config = server_config(reload->files, &err)) != NULL)
        return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    log_warn("certificates not reloaded", LOG_ERR(&err));
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_FAIL;
}

grpc_server_credentials *rpc_server_credentials(struct rpc_reload *reload, const struct rpc_files *files,
                                                struct err *err)
{
    grpc_ssl_server_certificate_config *config = server_config(files, err);

    if (config == NULL)
        return NULL;
    grpc_ssl_server_certificate_config_destroy(config); /* gRPC fetches its own; this one told the reason */
    reload->files = files;
    atomic_store(&reload->stamp, 0);
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, fetch, reload));
}

/* ---- Client ----------------------------------------------------------------------------------------------
 */

int rpc_channel_credentials(grpc_channel_credentials **out, const struct rpc_files *files, struct err *err)
{
    struct pems pems = {0};
    grpc_ssl_pem_key_cert_pair pair;
    int rc = pems_read(&pems, files, err);

    if (rc != 0)
        return rc;
    pair = (grpc_ssl_pem_key_cert_pair){(const char *)pems.key, (const char *)pems.cert};
    *out = grpc_ssl_credentials_create((const char *)pems.ca, &pair, NULL, NULL);
    pems_clear(&pems);
    return *out == NULL ? err_set(err, ERR_CERTIFICATE, "%s", files->cert) : 0;
}

/* ---- Peer ------------------------------------------------------------------------------------------------
 */

/* The one value of `property`; NULL when there is none or more than one. */
static const grpc_auth_property *only(const grpc_auth_context *context, const char *property)
{
    grpc_auth_property_iterator each = grpc_auth_context_find_properties_by_name(context, property);
    const grpc_auth_property *first = grpc_auth_property_iterator_next(&each);

    return first != NULL && grpc_auth_property_iterator_next(&each) == NULL ? first : NULL;
}

/* Lower case; false for what is no plain DNS name (NUL, wildcard, other characters, too long). */
static bool copy_name(char out[RPC_NAME_SIZE], const char *value, size_t len)
{
    if (len == 0 || len >= RPC_NAME_SIZE)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = value[i] >= 'A' && value[i] <= 'Z' ? (char)(value[i] - 'A' + 'a') : value[i];

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_')
            return false;
        out[i] = c;
    }
    out[len] = '\0';
    return true;
}

/* Parsing a certificate costs 0.2 ms, on a thread that the network waits for; what it says never changes. So
 * the last ones seen are kept, found by the digest of their text. */
#define CACHE_SIZE 8192 /* a few thousand hospitals; entries are found by chance, so there are more than hospitals */

static struct {
    uint8_t text_digest[DIGEST_SIZE];
    uint8_t cert_digest[RPC_DIGEST_SIZE];
    char dns_name[CERT_NAME_SIZE];
} cache[CACHE_SIZE];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t cache_index(const uint8_t text_digest[DIGEST_SIZE])
{
    return (text_digest[0] | (size_t)text_digest[1] << 8) % CACHE_SIZE;
}

static bool cache_find(struct cert_info *info, const uint8_t text_digest[DIGEST_SIZE])
{
    size_t i = cache_index(text_digest);
    bool found;

    pthread_mutex_lock(&cache_lock);
    if ((found = memcmp(cache[i].text_digest, text_digest, DIGEST_SIZE) == 0)) {
        memcpy(info->digest, cache[i].cert_digest, RPC_DIGEST_SIZE);
        memcpy(info->dns_name, cache[i].dns_name, CERT_NAME_SIZE);
    }
    pthread_mutex_unlock(&cache_lock);
    return found;
}

static void cache_keep(const struct cert_info *info, const uint8_t text_digest[DIGEST_SIZE])
{
    size_t i = cache_index(text_digest);

    pthread_mutex_lock(&cache_lock);
    memcpy(cache[i].text_digest, text_digest, DIGEST_SIZE);
    memcpy(cache[i].cert_digest, info->digest, RPC_DIGEST_SIZE);
    memcpy(cache[i].dns_name, info->dns_name, CERT_NAME_SIZE);
    pthread_mutex_unlock(&cache_lock);
}

/* As cert_read, of which only name and digest are filled. */
static int read_cert(struct cert_info *info, const char *pem, size_t pem_len, struct err *err)
{
    uint8_t text_digest[DIGEST_SIZE];
    int rc;

    digest(text_digest, pem, pem_len);
    if (cache_find(info, text_digest))
        return 0;
    if ((rc = cert_read(info, pem, err)) == 0)
        cache_keep(info, text_digest);
    return rc;
}

static int read_context(struct rpc_peer *peer, const grpc_auth_context *context, struct err *err)
{
    const grpc_auth_property *name = only(context, GRPC_PEER_DNS_PROPERTY_NAME);
    const grpc_auth_property *pem = only(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
    struct cert_info info = {0};
    int rc;

    if (name == NULL || !copy_name(peer->name, name->value, name->value_length))
        return err_set(err, ERR_CERTIFICATE, "the caller's certificate must have exactly one DNS name");
    if (pem == NULL || memchr(pem->value, '\0', pem->value_length) != NULL)
        return err_set(err, ERR_CERTIFICATE, "%s: no certificate", peer->name);
    if ((rc = read_cert(&info, pem->value, pem->value_length, err)) != 0)
        return rc;
    if (strcasecmp(info.dns_name, peer->name) != 0)
        return err_set(err, ERR_CERTIFICATE, "%s: names differ", peer->name);
    memcpy(peer->cert_digest, info.digest, RPC_DIGEST_SIZE);
    return 0;
}

int rpc_peer_read(struct rpc_peer *peer, grpc_call *call, struct err *err)
{
    grpc_auth_context *context = grpc_call_auth_context(call);
    char *address = grpc_call_get_peer(call);
    int rc;

    if (address != NULL)
        snprintf(peer->address, sizeof(peer->address), "%s", address);
    gpr_free(address);
    if (context == NULL)
        return err_set(err, ERR_CERTIFICATE, "no certificate");
    rc = read_context(peer, context, err);
    grpc_auth_context_release(context);
    return rc;
}
