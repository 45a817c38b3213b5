/* proxy.h - which HTTP proxy, if any, leads to an address, and how to ask it (CONNECT).
 *
 * From a setting, else from the environment as other programs read it: https_proxy (HTTPS_PROXY) is
 * "[http://][USER[:PASSWORD]@]HOST:PORT", user and password percent-encoded; no_proxy (NO_PROXY) lists, with commas,
 * what is reached without it: "*", a host, a domain (with all below it), an IPv4 network "10.0.0.0/8", each perhaps with
 * ":PORT"; the environment's proxy is not used for this machine itself. A settings file names no password: it may name a file with one line "USER:PASSWORD" (as it is, not encoded).
 * Credentials are never logged and never in an error. */
#ifndef BASE_PROXY_H
#define BASE_PROXY_H

#include <stdbool.h>

#include "base/err.h"

#define PROXY_ADDRESS_SIZE 320  /* "host:port" and its NUL */
#define PROXY_HEADER_SIZE  1100 /* one header, without its line end */

struct proxy_settings {
    const char *proxy;       /* NULL or "environment"; "none"; or a URL without a password */
    const char *credentials; /* file; NULL: none */
    const char *no_proxy;    /* NULL: from the environment */
};

struct proxy {
    char address[PROXY_ADDRESS_SIZE]; /* empty: none, connect directly */
    char header[PROXY_HEADER_SIZE];   /* "Proxy-Authorization:Basic ..."; empty: none. Secret */
};

/* The way to `target` ("host:port"). ERR_PROXY_SETTING, or why the credentials cannot be read. Wipe with
 * proxy_clear. */
WEFT_MUST_USE int proxy_choose(struct proxy *proxy, const struct proxy_settings *settings, const char *target,
                               struct err *err);
void proxy_clear(struct proxy *proxy);

/* Is `target` among what `no_proxy` (may be NULL) lists? */
bool proxy_is_excepted(const char *no_proxy, const char *target);

#endif
