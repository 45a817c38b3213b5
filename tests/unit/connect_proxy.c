/* connect_proxy.c - one thread accepts, one more for each connection passes bytes both ways until it is stopped. */
#include "tests/unit/connect_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LINKS 32

struct link {
    struct connect_proxy *proxy;
    int client;
    pthread_t thread;
};

struct connect_proxy {
    enum connect_proxy_kind kind;
    const char *authorization;
    int listener;
    atomic_bool stops;
    atomic_int num_asked;
    pthread_t thread;
    struct link links[MAX_LINKS];
    int num_links;
};

static bool is_readable(const struct connect_proxy *proxy, int fd)
{
    struct pollfd entry = {.fd = fd, .events = POLLIN};

    while (!atomic_load(&proxy->stops)) {
        if (poll(&entry, 1, 20) == 1) {
            return true;
        }
    }
    return false;
}

static bool pass(int from, int to)
{
    char buffer[16384];
    ssize_t len = recv(from, buffer, sizeof buffer, 0), done = 0;

    while (len > 0 && done < len) {
        ssize_t sent = send(to, buffer + done, (size_t)(len - done), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        done += sent;
    }
    return len > 0;
}

static void pump(const struct connect_proxy *proxy, int a, int b)
{
    struct pollfd ends[] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    bool open = true;

    while (open && !atomic_load(&proxy->stops)) {
        if (poll(ends, 2, 20) <= 0) {
            continue;
        }
        open = (ends[0].revents == 0 || pass(a, b)) && (ends[1].revents == 0 || pass(b, a));
    }
}

/* "CONNECT 127.0.0.1:PORT HTTP/1.1" and headers up to the empty line. */
static bool read_head(const struct connect_proxy *proxy, int fd, char *head, size_t size)
{
    size_t len = 0;

    head[0] = '\0';
    while (strstr(head, "\r\n\r\n") == NULL) {
        if (len + 1 >= size || !is_readable(proxy, fd) || recv(fd, head + len, 1, 0) != 1) {
            return false;
        }
        head[++len] = '\0';
    }
    return true;
}

static int reach(const char *head)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const char *colon = strchr(head, ':');
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_port = htons((uint16_t)strtoul(colon == NULL ? "0" : colon + 1, NULL, 10));
    if (strncmp(head, "CONNECT ", 8) != 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static bool has_user(const struct connect_proxy *proxy, const char *head)
{
    char line[512];

    snprintf(line, sizeof line, "\r\nProxy-Authorization: %s\r\n", proxy->authorization);
    return strcasestr(head, line) != NULL;
}

static void serve(struct connect_proxy *proxy, int client)
{
    char head[4096];
    int server;

    if (!read_head(proxy, client, head, sizeof head)) {
        return;
    }
    atomic_fetch_add(&proxy->num_asked, 1);
    if (proxy->kind == PROXY_HANGS) {
        (void)is_readable(proxy, client);
    } else if (proxy->kind == PROXY_REFUSES) {
        say(client, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    } else if (proxy->kind == PROXY_WANTS_USER && !has_user(proxy, head)) {
        say(client, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    } else if ((server = reach(head)) >= 0) {
        say(client, "HTTP/1.1 200 Connection established\r\n\r\n");
        pump(proxy, client, server);
        close(server);
    }
}

static void *run_link(void *arg)
{
    struct link *link = arg;

    serve(link->proxy, link->client);
    close(link->client);
    return NULL;
}

static void *run(void *arg)
{
    struct connect_proxy *proxy = arg;

    while (is_readable(proxy, proxy->listener) && proxy->num_links < MAX_LINKS) {
        struct link *link = &proxy->links[proxy->num_links];
        link->proxy = proxy;
        if ((link->client = accept(proxy->listener, NULL, NULL)) >= 0 &&
            pthread_create(&link->thread, NULL, run_link, link) == 0) {
            proxy->num_links++;
        }
    }
    return NULL;
}

struct connect_proxy *connect_proxy_start(enum connect_proxy_kind kind, const char *authorization, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    struct connect_proxy *proxy = calloc(1, sizeof *proxy);

    if (proxy == NULL) {
        abort();
    }
    proxy->kind = kind;
    proxy->authorization = authorization;
    proxy->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(proxy->listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(proxy->listener, 16) != 0 ||
        getsockname(proxy->listener, (struct sockaddr *)&address, &len) != 0 ||
        pthread_create(&proxy->thread, NULL, run, proxy) != 0) {
        abort();
    }
    *port = ntohs(address.sin_port);
    return proxy;
}

int connect_proxy_num_asked(const struct connect_proxy *proxy)
{
    return atomic_load(&proxy->num_asked);
}

void connect_proxy_stop(struct connect_proxy **proxy)
{
    struct connect_proxy *old = *proxy;

    atomic_store(&old->stops, true);
    pthread_join(old->thread, NULL);
    for (int i = 0; i < old->num_links; i++) {
        pthread_join(old->links[i].thread, NULL);
    }
    close(old->listener);
    free(old);
    *proxy = NULL;
}
