/* proxy.c - proxy settings and environment variables, read as curl and others read them. */
#include "base/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "crypto/secret.h"

#define CREDENTIALS_MAX 768 /* bytes of "user:password" */
#define HOST_MAX        256
#define LOOPBACK        "localhost,127.0.0.0/8,::1" /* the environment's proxy does not lead there */

/* ---- exceptions ---- */

struct place {
    char host[HOST_MAX];
    const char *port; /* NULL: any */
};

/* "host:port", "[v6]:port", or without port. False: too long. */
static bool split(struct place *place, const char *text, size_t len, char *copy, size_t copy_size)
{
    const char *host = copy;
    char *colon;
    size_t host_len;

    if (len == 0 || len >= copy_size) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    colon = strrchr(copy, ':');
    if (colon != NULL && copy[0] != '[' && strchr(copy, ':') != colon) {
        colon = NULL; /* a bare IPv6 address */
    }
    if (copy[0] == '[') {
        char *end = strchr(copy, ']');
        colon = end != NULL && end[1] == ':' ? end + 1 : NULL;
        host = copy + 1;
        if (end != NULL) {
            *end = '\0';
        }
    }
    place->port = NULL;
    if (colon != NULL) {
        *colon = '\0';
        place->port = colon + 1;
    }
    host_len = strlen(host);
    if (host_len == 0 || host_len >= sizeof place->host) {
        return false;
    }
    memcpy(place->host, host, host_len + 1);
    return true;
}

static bool is_in_network(const char *host, const char *network)
{
    const char *slash = strchr(network, '/');
    char text[INET_ADDRSTRLEN];
    struct in_addr address, base;
    unsigned long bits;
    uint32_t mask;
    char *end;

    if (slash == NULL || (size_t)(slash - network) >= sizeof text || slash[1] < '0' || slash[1] > '9') {
        return false;
    }
    memcpy(text, network, (size_t)(slash - network));
    text[slash - network] = '\0';
    bits = strtoul(slash + 1, &end, 10);
    if (*end != '\0' || bits > 32 || inet_pton(AF_INET, text, &base) != 1 ||
        inet_pton(AF_INET, host, &address) != 1) {
        return false;
    }
    mask = bits == 0 ? 0 : ~(uint32_t)0 << (32 - bits);
    return (ntohl(address.s_addr) & mask) == (ntohl(base.s_addr) & mask);
}

static bool is_within(const char *host, const char *domain)
{
    size_t host_len = strlen(host), len;

    domain += domain[0] == '.';
    len = strlen(domain);
    if (len == 0 || host_len < len || strcasecmp(host + host_len - len, domain) != 0) {
        return false;
    }
    return host_len == len || host[host_len - len - 1] == '.';
}

static bool fits(const struct place *target, const char *entry, size_t len)
{
    char copy[HOST_MAX + 16];
    struct place place;

    if (len == 1 && entry[0] == '*') {
        return true;
    }
    if (!split(&place, entry, len, copy, sizeof copy) ||
        (place.port != NULL && (target->port == NULL || strcmp(place.port, target->port) != 0))) {
        return false;
    }
    return is_within(target->host, place.host) || is_in_network(target->host, place.host);
}

bool proxy_is_excepted(const char *no_proxy, const char *target)
{
    char copy[HOST_MAX + 16];
    struct place place;

    if (no_proxy == NULL || !split(&place, target, strlen(target), copy, sizeof copy)) {
        return false;
    }
    for (const char *at = no_proxy; *at != '\0';) {
        size_t len;
        at += strspn(at, ", \t");
        len = strcspn(at, ", \t");
        if (fits(&place, at, len)) {
            return true;
        }
        at += len;
    }
    return false;
}

/* ---- credentials ---- */

static void base64(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) |
                         (i + 2 < len ? data[i + 2] : 0);
        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = i + 1 < len ? digits[group >> 6 & 63] : '=';
        *out++ = i + 2 < len ? digits[group & 63] : '=';
    }
    *out = '\0';
}

/* A line end inside would add headers of its own. */
static int set_header(struct proxy *proxy, const char *credentials, size_t len, struct err *err)
{
    static const char begin[] = "Proxy-Authorization:Basic ";

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)credentials[i] < ' ' || credentials[i] == 0x7f) {
            return err_set(err, ERR_PROXY_SETTING, "user or password has a control character");
        }
    }
    if (len == 0 || len > CREDENTIALS_MAX) {
        return err_set(err, ERR_PROXY_SETTING, "user and password together have 1 to %d bytes", CREDENTIALS_MAX);
    }
    memcpy(proxy->header, begin, sizeof begin - 1);
    base64(proxy->header + sizeof begin - 1, (const uint8_t *)credentials, len);
    return 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int set_encoded_header(struct proxy *proxy, const char *text, size_t len, struct err *err)
{
    char plain[CREDENTIALS_MAX];
    size_t num = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < len; i++) {
        char c = text[i];
        if (c == '%' && i + 2 < len && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
            c = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
            i += 2;
        } else if (c == '%') {
            rc = err_set(err, ERR_PROXY_SETTING, "user or password is not percent-encoded");
        }
        if (num == sizeof plain) {
            rc = err_set(err, ERR_PROXY_SETTING, "user or password is too long");
        } else {
            plain[num++] = c;
        }
    }
    rc = rc == 0 ? set_header(proxy, plain, num, err) : rc;
    secret_wipe(plain, sizeof plain);
    return rc;
}

static int read_credentials(struct proxy *proxy, const char *path, struct err *err)
{
    uint8_t *data = NULL;
    size_t len, line;
    int rc = file_read_secret(&data, &len, path, CREDENTIALS_MAX + 2, err);

    if (rc != 0) {
        return rc;
    }
    line = strcspn((const char *)data, "\r\n");
    if (memchr(data, ':', line) == NULL) {
        rc = err_set(err, ERR_PROXY_SETTING, "expected one line USER:PASSWORD");
    } else {
        rc = set_header(proxy, (const char *)data, line, err);
    }
    secret_free(data, len);
    return rc == 0 ? 0 : err_at(err, path, 0, 0);
}

/* ---- the URL ---- */

static bool is_address(const char *text, size_t len)
{
    const char *colon = memrchr(text, ':', len);
    unsigned long port;
    char *end;

    if (colon == NULL || colon == text || len >= PROXY_ADDRESS_SIZE || colon[1] < '0' || colon[1] > '9') {
        return false;
    }
    port = strtoul(colon + 1, &end, 10);
    return end == text + len && port > 0 && port <= 65535;
}

/* `may_hold_password`: it comes from the environment. The text itself goes into no error: it may hold one. */
static int read_url(struct proxy *proxy, const char *url, bool may_hold_password, struct err *err)
{
    const char *begin = strstr(url, "://") == NULL ? url : strstr(url, "://") + 3;
    size_t len = strcspn(begin, "/");
    const char *at = memrchr(begin, '@', len);
    const char *host = at == NULL ? begin : at + 1;
    size_t host_len = len - (size_t)(host - begin);

    if (begin != url && strncasecmp(url, "http://", 7) != 0) {
        return err_set(err, ERR_PROXY_SETTING, "only http:// proxies are spoken to; TLS to the server goes through them");
    }
    if (at != NULL && !may_hold_password) {
        return err_set(err, ERR_PROXY_SETTING, "user and password belong into the file that proxy_credentials names");
    }
    if ((begin[len] == '/' && begin[len + 1] != '\0') || !is_address(host, host_len)) {
        return err_set(err, ERR_PROXY_SETTING, "expected http://HOST:PORT");
    }
    memcpy(proxy->address, host, host_len);
    proxy->address[host_len] = '\0';
    return at == NULL ? 0 : set_encoded_header(proxy, begin, (size_t)(at - begin), err);
}

static const char *from_environment(const char *lower, const char *upper)
{
    const char *value = getenv(lower);

    value = value == NULL || *value == '\0' ? getenv(upper) : value;
    return value == NULL || *value == '\0' ? NULL : value;
}

int proxy_choose(struct proxy *proxy, const struct proxy_settings *settings, const char *target, struct err *err)
{
    const char *no_proxy = settings->no_proxy != NULL ? settings->no_proxy : from_environment("no_proxy", "NO_PROXY");
    bool is_set = settings->proxy != NULL && strcmp(settings->proxy, "environment") != 0;
    const char *url = is_set ? settings->proxy : from_environment("https_proxy", "HTTPS_PROXY");
    int rc;

    *proxy = (struct proxy){0};
    if (url == NULL || strcmp(url, "none") == 0 || proxy_is_excepted(no_proxy, target) ||
        (!is_set && proxy_is_excepted(LOOPBACK, target))) {
        return 0;
    }
    if ((rc = read_url(proxy, url, !is_set, err)) == 0 && settings->credentials != NULL) {
        rc = read_credentials(proxy, settings->credentials, err);
    }
    if (rc != 0) {
        proxy_clear(proxy);
        err_field(err, is_set ? "proxy" : "https_proxy");
    }
    return rc;
}

void proxy_clear(struct proxy *proxy)
{
    secret_wipe(proxy, sizeof *proxy);
}
