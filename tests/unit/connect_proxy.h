/* connect_proxy.h - a small HTTP proxy on loopback that knows CONNECT, for tests. */
#ifndef TESTS_UNIT_CONNECT_PROXY_H
#define TESTS_UNIT_CONNECT_PROXY_H

#include <stdbool.h>
#include <stdint.h>

enum connect_proxy_kind {
    PROXY_CONNECTS,
    PROXY_WANTS_USER, /* else 407 */
    PROXY_REFUSES,    /* 403 */
    PROXY_HANGS,      /* reads and says nothing */
};

struct connect_proxy;

/* `authorization` is the header's value that PROXY_WANTS_USER expects. Aborts on trouble. */
struct connect_proxy *connect_proxy_start(enum connect_proxy_kind kind, const char *authorization, uint16_t *port);
/* How many connections were asked for. */
int connect_proxy_num_asked(const struct connect_proxy *proxy);
void connect_proxy_stop(struct connect_proxy **proxy);

#endif
