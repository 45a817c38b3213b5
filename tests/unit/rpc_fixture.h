/* rpc_fixture.h - certificates, a server of the test service, and channels to it. */
#ifndef TESTS_UNIT_RPC_FIXTURE_H
#define TESTS_UNIT_RPC_FIXTURE_H

#include "base/rpc.h"
#include "rpc_test.pb-c.h"

#define SERVER_NAME  "leader.test"
#define ECHO_SERVICE (&weft__rpctest__echo__descriptor)

/* Paths within a temporary directory, made by fixture_begin(). */
struct party {
    char cert[96], key[96];
};
extern char fixture_ca[96], fixture_foreign_ca[96];
extern struct party fixture_server, fixture_site, fixture_other /* not in the roster */,
    fixture_stranger /* foreign authority */, fixture_expired;

/* Group set-up and tear-down: certificates and rpc_init(). */
int fixture_begin(void **state);
int fixture_end(void **state);

/* A server of the Echo service: Say echoes, Fail fails with the code asked for, Park is kept in
 * fixture_parked, Hidden is refused by the allow hook. `address` NULL: any port. */
struct rpc_server_options fixture_options(void);
struct rpc_server *fixture_start(const struct rpc_server_options *options, uint16_t *port);

/* The call last parked, taken out; NULL after `timeout_ms`. */
struct rpc_call *fixture_take_parked(int timeout_ms);

/* A channel to 127.0.0.1:`port` as `party`, trusting `ca`. */
struct rpc_channel_options fixture_channel_options(char target[32], uint16_t port, const struct party *party);
struct rpc_channel *fixture_open(uint16_t port, const struct party *party);

/* Call `method` with `text`; the answer's text must be the same. Returns the code. */
int fixture_say(struct rpc_channel *channel, const char *method, const char *text, int timeout_ms,
                struct err *err);

int64_t fixture_now_ms(void);
void fixture_sleep_ms(int ms);

#endif
