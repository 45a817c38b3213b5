/* rpc_internal.h - what rpc_server.c and rpc_client.c share; nobody else includes it. */
#ifndef BASE_RPC_INTERNAL_H
#define BASE_RPC_INTERNAL_H

#include <stdatomic.h>

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include "base/rpc.h"

/* ThreadSanitizer does not see libgrpc's own synchronisation: a tag is released before it goes into a queue,
 * and acquired, by its address alone, when it comes out. */
#ifdef __SANITIZE_THREAD__
#define RPC_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RPC_TSAN
#endif
#endif
#ifdef RPC_TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define HAND_OVER(tag) __tsan_release(tag)
#define TAKE_OVER(tag) __tsan_acquire(tag)
#else
#define HAND_OVER(tag) ((void)(tag))
#define TAKE_OVER(tag) ((void)(tag))
#endif

#define RPC_STATUS_TEXT_MAX 640
#define RPC_PEM_MAX         ((size_t)1 << 20)

/* ---- rpc_common.c
 * ------------------------------------------------------------------------------------------ */

grpc_arg rpc_arg_int(const char *key, int value);
grpc_arg rpc_arg_text(const char *key, const char *value);

/* Monotonic milliseconds. */
int64_t rpc_now_ms(void);

/* "W3002 PEER_UNKNOWN: field: detail" */
void rpc_status_text(char out[RPC_STATUS_TEXT_MAX], const struct err *err);

/* Set `err` from what came back: the code that the text names, if it is a known one with that status; else
 * one by status. Returns err's code, never 0. */
int rpc_status_parse(struct err *err, grpc_status_code status, const char *text, size_t text_len);

/* The content of a received `buffer` (NULL: none came) in one slice, which the caller unrefs. What is
 * compressed is refused, never inflated. */
int rpc_buffer_slice(grpc_slice *out, grpc_byte_buffer *buffer, size_t max_len, struct err *err);

/* Arguments that keep gRPC from inflating what it receives: it would before it looks at the size. The first
 * has a server refuse it (a client's call may end well all the same), the second hands it over as it came. */
#define RPC_ARGS_NO_COMPRESSION                                                                              \
    rpc_arg_int(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1),                                      \
        rpc_arg_int(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0)

/* Wait until *stop, an accept() of this process has failed since *seen was taken, or `timeout_ms` has passed.
 * Returns false when *stop. rpc_watch_wake() after setting *stop. */
bool rpc_watch(uint64_t *seen, const atomic_bool *stop, int timeout_ms);
void rpc_watch_wake(void);

/* ---- rpc_tls.c
 * --------------------------------------------------------------------------------------------- */

/* Where a party's PEM files are. */
struct rpc_files {
    char *ca, *cert, *key;
};

int rpc_files_init(struct rpc_files *files, const char *ca, const char *cert, const char *key,
                   struct err *err);
void rpc_files_clear(struct rpc_files *files);

/* Server credentials that follow `files`, which must outlive them, as must the `reload` (starts as {0}). */
struct rpc_reload {
    const struct rpc_files *files;
    _Atomic uint64_t stamp; /* of the files as last loaded */
};
grpc_server_credentials *rpc_server_credentials(struct rpc_reload *reload, const struct rpc_files *files,
                                                struct err *err);

int rpc_channel_credentials(grpc_channel_credentials **out, const struct rpc_files *files, struct err *err);

/* Who is at the other end of a server's call. ERR_CERTIFICATE unless it has exactly one DNS name. */
int rpc_peer_read(struct rpc_peer *peer, grpc_call *call, struct err *err);

/* ---- rpc_port.c
 * -------------------------------------------------------------------------------------------- */

/* `address` with its port replaced; false when it is not "host:port". */
bool rpc_port_replace(char *out, size_t out_len, const char *address, uint16_t port);

/* Why `address` cannot be listened on: 0 or an errno. */
int rpc_port_bind_error(const char *address);

/* Whether something accepts connections at `address` and reads them. */
enum rpc_port_state {
    RPC_PORT_ANSWERS,
    RPC_PORT_SILENT,
    RPC_PORT_UNKNOWN /* no file descriptor to ask with */
};
enum rpc_port_state rpc_port_ask(const char *address, int timeout_ms);

#endif
