/* rpc_port.c - what gRPC does not tell about a listening address: why it cannot be bound, and whether the
 * listener still lives. */
#include "base/rpc_internal.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Split "host:port" or "[host]:port"; `host` has `host_len` bytes. Returns the port's text, NULL if it is
 * neither. */
static const char *split(char *host, size_t host_len, const char *address)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - address);

    if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
        address++;
        len -= 2;
    }
    if (colon == NULL || len == 0 || len >= host_len)
        return NULL;
    memcpy(host, address, len);
    host[len] = '\0';
    return colon + 1;
}

bool rpc_port_replace(char *out, size_t out_len, const char *address, uint16_t port)
{
    char host[256];
    const char *old = split(host, sizeof(host), address);
    int len;

    if (old == NULL)
        return false;
    len = snprintf(out, out_len, "%.*s%u", (int)(old - address), address, (unsigned)port);
    return len > 0 && (size_t)len < out_len;
}

static struct addrinfo *resolve(const char *address, int flags)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    struct addrinfo *list = NULL;
    char host[256];
    const char *port = split(host, sizeof(host), address);

    if (port == NULL)
        return NULL;
    /* Nothing connects to a wildcard address but by way of the loopback. */
    if ((flags & AI_PASSIVE) == 0 && (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0))
        strcpy(host, host[0] == ':' ? "::1" : "127.0.0.1");
    return getaddrinfo(host, port, &hints, &list) == 0 ? list : NULL;
}

int rpc_port_bind_error(const char *address)
{
    struct addrinfo *list = resolve(address, AI_PASSIVE);
    int error = list == NULL ? EADDRNOTAVAIL : 0, one = 1;

    for (struct addrinfo *each = list; each != NULL && error == 0; each = each->ai_next) {
        int fd = socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
            bind(fd, each->ai_addr, each->ai_addrlen) != 0 || listen(fd, 1) != 0)
            error = errno;
        if (fd >= 0)
            close(fd);
    }
    if (list != NULL)
        freeaddrinfo(list);
    return error;
}

int rpc_can_listen(const char *address, struct err *err)
{
    int error = rpc_port_bind_error(address);

    return error == 0 ? 0 : err_set_errno(err, ERR_PORT_TAKEN, error, "%s", address);
}

static bool wait_for(int fd, short events, int64_t until)
{
    struct pollfd entry = {.fd = fd, .events = events};
    int64_t left = until - rpc_now_ms();

    return left > 0 && poll(&entry, 1, (int)left) == 1;
}

/* Connect, say goodbye before the first byte of TLS, and see whether anyone hangs up in return. A listener
 * that died leaves the connection in the kernel's backlog, open and silent. */
static enum rpc_port_state ask(int fd, const struct addrinfo *to, int64_t until)
{
    char byte;

    if (connect(fd, to->ai_addr, to->ai_addrlen) != 0) {
        if (errno != EINPROGRESS)
            return errno == ECONNREFUSED ? RPC_PORT_SILENT : RPC_PORT_UNKNOWN;
        if (!wait_for(fd, POLLOUT, until))
            return RPC_PORT_SILENT;
    }
    if (shutdown(fd, SHUT_WR) != 0)
        return errno == ENOTCONN ? RPC_PORT_SILENT : RPC_PORT_UNKNOWN;
    while (wait_for(fd, POLLIN, until))
        if (recv(fd, &byte, 1, 0) <= 0)
            return errno == EAGAIN ? RPC_PORT_SILENT : RPC_PORT_ANSWERS;
    return RPC_PORT_SILENT;
}

enum rpc_port_state rpc_port_ask(const char *address, int timeout_ms)
{
    int64_t until = rpc_now_ms() + timeout_ms;
    struct addrinfo *list = resolve(address, 0);
    enum rpc_port_state state = RPC_PORT_UNKNOWN;
    int fd;

    if (list == NULL)
        return state;
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0) {
        errno = 0;
        state = ask(fd, list, until);
        close(fd);
    }
    freeaddrinfo(list);
    return state;
}
