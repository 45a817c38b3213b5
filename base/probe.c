/* probe.c - resolve, connect, ask the proxy, shake hands, look at what came. */
#include "base/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define HEAD_MAX 4096 /* of a proxy's answer */

/* ---- connecting ---- */

static bool split(const char *address, char *host, size_t host_size, const char **port)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);

    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    if (len == 0 || len >= host_size || colon[1] == '\0') {
        return false;
    }
    memcpy(host, address, len);
    host[len] = '\0';
    *port = colon + 1;
    return true;
}

/* 0 or an errno; the socket is blocking again afterwards. */
static int connect_within(int fd, const struct addrinfo *to, int timeout_ms)
{
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    socklen_t len = sizeof(int);
    int error = 0;

    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
        if (errno != EINPROGRESS) {
            return errno;
        }
        if (poll(&entry, 1, timeout_ms) != 1) {
            return ETIMEDOUT;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) {
            return errno;
        }
    }
    return error != 0 || fcntl(fd, F_SETFL, 0) == 0 ? error : errno;
}

static void set_timeouts(int fd, int timeout_ms)
{
    struct timeval time = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static enum probe_outcome outcome_of(int error)
{
    return error == ECONNREFUSED ? PROBE_REFUSED : error == ETIMEDOUT ? PROBE_SILENT : PROBE_NO_ROUTE;
}

static void note_address(struct probe *probe, const struct addrinfo *to)
{
    char host[46], port[8];

    if (getnameinfo(to->ai_addr, to->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        snprintf(probe->address, sizeof probe->address, "%s:%s", host, port);
    }
}

/* The connected socket, or -1 with the outcome: of the last address tried. */
static int reach(struct probe *probe, const char *address, int timeout_ms)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const char *port;
    char host[256];
    int fd = -1;

    if (!split(address, host, sizeof host, &port)) {
        probe->outcome = PROBE_BAD_ADDRESS;
        return -1;
    }
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        probe->outcome = PROBE_NO_NAME;
        return -1;
    }
    for (const struct addrinfo *each = list; each != NULL && fd < 0; each = each->ai_next) {
        fd = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        note_address(probe, each);
        probe->error = fd < 0 ? errno : connect_within(fd, each, timeout_ms);
        if (probe->error != 0 && fd >= 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        probe->outcome = outcome_of(probe->error);
    } else {
        set_timeouts(fd, timeout_ms);
    }
    return fd;
}

/* ---- the proxy ---- */

/* Up to the empty line, byte by byte: what follows belongs to TLS. */
static bool read_head(int fd, char *head)
{
    size_t len = 0;

    while (len + 1 < HEAD_MAX && recv(fd, head + len, 1, 0) == 1) {
        head[++len] = '\0';
        if (len >= 4 && memcmp(head + len - 4, "\r\n\r\n", 4) == 0) {
            return true;
        }
    }
    return false;
}

static bool ask_proxy(struct probe *probe, const struct probe_options *options, int fd)
{
    char text[2 * PROXY_ADDRESS_SIZE + PROXY_HEADER_SIZE + 64], head[HEAD_MAX] = "";
    int len = snprintf(text, sizeof text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n", options->target,
                       options->target, options->proxy->header, options->proxy->header[0] == '\0' ? "" : "\r\n");
    bool is_answered = len > 0 && (size_t)len < sizeof text &&
                       send(fd, text, (size_t)len, MSG_NOSIGNAL) == len && read_head(fd, head);

    OPENSSL_cleanse(text, sizeof text);
    probe->outcome = PROBE_PROXY_REFUSED;
    if (!is_answered) {
        probe->outcome = errno == EAGAIN ? PROBE_PROXY_SILENT : PROBE_PROXY_REFUSED;
        return false;
    }
    if (sscanf(head, "HTTP/1.%*1d %3d", &probe->status) != 1) {
        probe->status = 0;
    }
    return probe->status >= 200 && probe->status < 300;
}

/* ---- what came ---- */

static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = 0;

    for (; text != NULL && text[len] != '\0' && len + 1 < size; len++) {
        out[len] = (unsigned char)text[len] < ' ' || (unsigned char)text[len] > '~' ? '?' : text[len];
    }
    out[len] = '\0';
}

static void copy_name(char *out, size_t size, const X509_NAME *name)
{
    char text[256];

    copy_text(out, size, X509_NAME_oneline(name, text, sizeof text));
}

static void copy_dns_names(struct probe *probe, const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        size_t len = strlen(probe->names);
        char text[254];
        if (name->type == GEN_DNS && ASN1_STRING_length(name->d.dNSName) < (int)sizeof text) {
            snprintf(text, sizeof text, "%.*s", ASN1_STRING_length(name->d.dNSName),
                     (const char *)ASN1_STRING_get0_data(name->d.dNSName));
            copy_text(probe->names + len, sizeof probe->names - len, len == 0 ? "" : ", ");
            len = strlen(probe->names);
            copy_text(probe->names + len, sizeof probe->names - len, text);
        }
    }
    GENERAL_NAMES_free(names);
}

static void copy_cert(struct probe *probe, const X509 *cert)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;

    copy_name(probe->subject, sizeof probe->subject, X509_get_subject_name(cert));
    copy_name(probe->issuer, sizeof probe->issuer, X509_get_issuer_name(cert));
    copy_dns_names(probe, cert);
    if (epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(cert)) == 1) {
        probe->not_after_ms = ((int64_t)days * 86400 + seconds) * 1000;
    }
    ASN1_TIME_free(epoch);
}

static void copy_words(struct probe *probe)
{
    const char *words = ERR_reason_error_string(ERR_peek_last_error());

    copy_text(probe->words, sizeof probe->words, words == NULL ? "" : words);
    ERR_clear_error();
}

static enum probe_outcome judge_cert(struct probe *probe, SSL *ssl, const char *tls_name)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    long verified = SSL_get_verify_result(ssl);

    if (cert == NULL) {
        return PROBE_NO_TLS;
    }
    copy_cert(probe, cert);
    if (verified == X509_V_ERR_CERT_HAS_EXPIRED || verified == X509_V_ERR_CERT_NOT_YET_VALID) {
        return PROBE_EXPIRED;
    }
    if (verified != X509_V_OK) {
        copy_text(probe->words, sizeof probe->words, X509_verify_cert_error_string(verified));
        return PROBE_FOREIGN_ISSUER;
    }
    return X509_check_host(cert, tls_name, 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1 ? PROBE_OK : PROBE_WRONG_NAME;
}

/* With TLS 1.3 the server judges our certificate after the handshake; one that accepts it speaks first (HTTP/2). */
static enum probe_outcome hear_verdict(struct probe *probe, SSL *ssl)
{
    char byte;

    ERR_clear_error();
    errno = 0;
    if (SSL_read(ssl, &byte, 1) == 1) {
        return PROBE_OK;
    }
    copy_words(probe);
    return PROBE_OWN_REFUSED;
}

/* ---- the handshake ---- */

static SSL_CTX *make_context(const struct probe_options *options)
{
    static const unsigned char http2[] = {2, 'h', '2'};
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context != NULL && SSL_CTX_load_verify_file(context, options->ca_file) == 1 &&
        SSL_CTX_use_certificate_chain_file(context, options->cert_file) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, options->key_file, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(context) == 1 && SSL_CTX_set_alpn_protos(context, http2, sizeof http2) == 0) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL); /* look at what comes instead of breaking off */
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
}

static enum probe_outcome shake_hands(struct probe *probe, SSL *ssl, const struct probe_options *options, int fd)
{
    enum probe_outcome outcome;

    if (SSL_set_fd(ssl, fd) != 1 || SSL_set_tlsext_host_name(ssl, options->tls_name) != 1) {
        return PROBE_OWN_FILES;
    }
    if (SSL_connect(ssl) != 1) {
        copy_words(probe);
        return PROBE_NO_TLS;
    }
    copy_text(probe->tls_version, sizeof probe->tls_version, SSL_get_version(ssl));
    if ((outcome = judge_cert(probe, ssl, options->tls_name)) != PROBE_OK) {
        return outcome;
    }
    return SSL_version(ssl) < TLS1_3_VERSION ? PROBE_OLD_TLS : hear_verdict(probe, ssl);
}

void probe_run(struct probe *probe, const struct probe_options *options)
{
    bool has_proxy = options->proxy != NULL && options->proxy->address[0] != '\0';
    SSL_CTX *context = make_context(options);
    SSL *ssl = context == NULL ? NULL : SSL_new(context);
    int fd;

    *probe = (struct probe){.outcome = PROBE_OWN_FILES};
    signal(SIGPIPE, SIG_IGN); /* libssl writes to sockets that the other end may have closed */
    if (ssl == NULL) {
        copy_words(probe);
    } else if ((fd = reach(probe, has_proxy ? options->proxy->address : options->target, options->timeout_ms)) >= 0) {
        if (!has_proxy || ask_proxy(probe, options, fd)) {
            probe->outcome = shake_hands(probe, ssl, options, fd);
        }
        close(fd);
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
}
