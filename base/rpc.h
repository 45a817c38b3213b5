/* rpc.h - unary calls between weft's programs: gRPC over TLS 1.3 with certificates on both ends.
 *
 * The one thin layer over gRPC's C core. A server is a table of handlers over a protobuf-c service
 * descriptor; a client is a channel and a blocking call. Errors travel: a handler fails a call with a struct
 * err, and the caller receives the same code ("W3002 PEER_UNKNOWN: ..." is the status text; the status is the
 * one in errors.def).
 *
 * What the layer sees to, because these versions of the libraries need it: a listener that died of too many
 * open files is replaced on the same port; compressed messages are refused; a channel finds back within two
 * seconds after its server returns; nothing is shut down under a live call; decoding is bounded
 * (base/wire.h).
 *
 *     rpc_init(&err);
 *     rpc_server_new(&server, &options, &err);
 *     rpc_server_add(server, &weft__v1__intake__descriptor, methods, 2, state, &err);
 *     rpc_server_start(server, &port, &err);
 *     ... sigwait ...
 *     rpc_server_stop(server, 5000);
 *     rpc_server_free(&server);
 *     rpc_shutdown();
 *
 * Everything here may be called from any thread, except where noted. */
#ifndef BASE_RPC_H
#define BASE_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"
#include "base/proxy.h"

#define RPC_MAX_MESSAGE (8u << 20) /* default bound of a message, both ways */
#define RPC_NAME_SIZE   254        /* a DNS name and its NUL */
#define RPC_DIGEST_SIZE 32

/* ---- Process ----------------------------------------------------------------------------------------------
 */

/* Once at the start of the process, before any thread and before reading secrets: sets up memory (mallopt),
 * raises RLIMIT_NOFILE to its hard limit, makes TLS 1.3 the only version, routes gRPC's log. Signals are the
 * program's: block those that it waits for *before* rpc_init(), so that gRPC's threads inherit the mask. Fork
 * only before it, too (fork and exec is fine at any time). Calls nest: each needs its rpc_shutdown(). */
WEFT_MUST_USE int rpc_init(struct err *err);

/* After all servers and channels are freed. */
void rpc_shutdown(void);

/* ---- Server -----------------------------------------------------------------------------------------------
 */

struct rpc_server;
struct rpc_call;

/* Who is calling, from the verified certificate. */
struct rpc_peer {
    char name[RPC_NAME_SIZE]; /* its only DNS name, lower case; without NUL, wildcard or odd characters */
    uint8_t cert_digest[RPC_DIGEST_SIZE]; /* SHA-256 of the certificate (DER) */
    char address[64];                     /* "ipv4:10.0.0.7:40112", for the log alone */
};

/* Answers one call. `request` is of the method's input type and lives until the call is finished. The call
 * must be finished exactly once, by rpc_reply() or rpc_fail(), here or later from any thread. Handlers run on
 * the server's workers, several at a time, and may block. */
typedef void (*rpc_handler)(struct rpc_call *call, const ProtobufCMessage *request, void *user);

struct rpc_method {
    const char *name; /* as in the .proto: "Upload" */
    rpc_handler handler;
};

/* Whether `peer` may call `method` ("weft.v1.Intake/Upload"): 0, or the error that the call fails with (such
 * as ERR_PEER_UNKNOWN or ERR_NOT_ALLOWED). Asked before the request is decoded, on a network thread: must be
 * quick. */
typedef int (*rpc_allow)(const struct rpc_peer *peer, const char *method, void *user, struct err *err);

/* Zero or NULL means the default, except where noted. All strings are copied. */
struct rpc_server_options {
    const char *address;   /* "127.0.0.1:0" (the default), "0.0.0.0:7443", "[::]:7443"; port 0: any */
    const char *ca_file;   /* PEM files, all three needed; read again when they change, for new connections */
    const char *cert_file; /* an ECDSA certificate with its chain */
    const char *key_file;  /* its key: PKCS#8, not encrypted */
    rpc_allow allow;       /* required; health checks alone are answered without asking it */
    void *allow_user;
    size_t max_message;        /* bytes, both ways; default RPC_MAX_MESSAGE */
    unsigned num_workers;      /* threads that run handlers; default 4 */
    unsigned max_live;         /* calls taken and not yet finished; more fail with ERR_BUSY; default 256 */
    size_t max_live_bytes;     /* the same for the sum of their requests' sizes; default 16 x max_message */
    int max_connection_age_ms; /* then a client connects anew and is checked anew; default 10 min */
    int check_interval_ms;     /* how often the server checks that it still accepts; default 10 s */
};

WEFT_MUST_USE int rpc_server_new(struct rpc_server **out, const struct rpc_server_options *options,
                                 struct err *err);

/* Serve `service` by `methods` (copied), before the start. A name that the service does not have is
 * ERR_INTERNAL; a method without a handler is answered as unknown. */
WEFT_MUST_USE int rpc_server_add(struct rpc_server *server, const ProtobufCServiceDescriptor *service,
                                 const struct rpc_method *methods, size_t num_methods, void *user,
                                 struct err *err);

/* Bind and serve; *port (may be NULL) receives the port. ERR_PORT_TAKEN when it cannot be bound,
 * ERR_CERTIFICATE when the files cannot be used. */
WEFT_MUST_USE int rpc_server_start(struct rpc_server *server, uint16_t *port, struct err *err);

/* Could a server bind this address now? ERR_PORT_TAKEN and why not. */
WEFT_MUST_USE int rpc_can_listen(const char *address, struct err *err);

/* What grpc.health.v1 answers for the server and each service; true from the start until the stop. */
void rpc_server_set_serving(struct rpc_server *server, bool serving);

/* Take no new calls, let live ones end for `grace_ms`, cancel the rest, and return once every call is
 * finished: deferred ones too, so whoever parks calls must finish them (rpc_call_is_cancelled says when). Not
 * from a handler. Harmless when not started or already stopped. */
void rpc_server_stop(struct rpc_server *server, int grace_ms);

/* Stops without grace if need be. Makes *server NULL; harmless when it already is. */
void rpc_server_free(struct rpc_server **server);

/* ---- One call, on the server; valid until finished --------------------------------------------------------
 */

const struct rpc_peer *rpc_call_peer(const struct rpc_call *call);

/* "weft.v1.Intake/Upload" */
const char *rpc_call_method(const struct rpc_call *call);

/* The caller gave up, its deadline passed, or the server stops. The call must be finished all the same. */
bool rpc_call_is_cancelled(const struct rpc_call *call);

/* Milliseconds until the caller's deadline; 0 once passed; INT_MAX when far off or none. */
int rpc_call_time_left_ms(const struct rpc_call *call);

/* Finish the call. `response`, of the method's output type, is packed at once and may live on the stack. */
void rpc_reply(struct rpc_call *call, const ProtobufCMessage *response);

/* Finish the call with `err` (ERR_INTERNAL if it holds none). Its file and line stay here; field and detail
 * travel. */
void rpc_fail(struct rpc_call *call, const struct err *err);

/* ---- Client -----------------------------------------------------------------------------------------------
 */

struct rpc_channel;

/* Called with the exact bytes of each request before it is handed to the network, in the caller's thread; not
 * 0 refuses the call with that error and nothing is sent. `destination` is the channel's tls_name. */
typedef int (*rpc_sent)(void *user, const char *destination, const char *method, const uint8_t *bytes,
                        size_t len, struct err *err);

struct rpc_channel_options {
    const char *target;   /* "host:port", required */
    const char *tls_name; /* the DNS name that its certificate must bear; default: the host of target */
    const char *ca_file, *cert_file, *key_file; /* as in the server's; read when the channel opens */
    size_t max_message;                         /* bytes, both ways; default RPC_MAX_MESSAGE */
    const struct proxy *proxy; /* the way there (base/proxy.h), copied; NULL: direct, whatever the environment says */
    rpc_sent sent;                              /* may be NULL */
    void *sent_user;
};

/* Makes no connection yet. All strings are copied. */
WEFT_MUST_USE int rpc_channel_open(struct rpc_channel **out, const struct rpc_channel_options *options,
                                   struct err *err);

/* Call `method` of `service` and wait for the answer, at most `timeout_ms` (> 0). On success the caller owns
 * *response and ends it with wire_free(). Failures: the error that the server gave, its detail prefixed with
 * the destination; ERR_UNREACHABLE, ERR_PROXY_REFUSED, ERR_DEADLINE, ERR_CERTIFICATE; ERR_MESSAGE_TOO_LARGE,
 * ERR_MESSAGE_MALFORMED. Never repeated by itself. Any number of threads may share a channel. */
WEFT_MUST_USE int rpc_call_unary(struct rpc_channel *channel, const ProtobufCServiceDescriptor *service,
                                 const char *method, const ProtobufCMessage *request,
                                 ProtobufCMessage **response, int timeout_ms, struct err *err);

/* Ask grpc.health.v1 whether the server (`service` "") or one of its services serves: 0 when it does,
 * ERR_UNREACHABLE when it says no, ERR_PEER_FAILED when it has no such service. *time_ms (may be NULL) receives the
 * server's clock; 0: it does not tell. */
WEFT_MUST_USE int rpc_check_health(struct rpc_channel *channel, const char *service, int timeout_ms,
                                   int64_t *time_ms, struct err *err);

/* After all its calls have returned. Makes *channel NULL; harmless when it already is. */
void rpc_channel_close(struct rpc_channel **channel);

#endif
