/* rpc_server_internal.h - the parts of a server; rpc_server.c and rpc_serve.c alone include it.
 *
 * One completion queue serves a server for its whole life; two threads take events from it and workers run
 * the handlers. A listener is one grpc_server on the port. There is one current listener; one whose accept()
 * died is retired (it takes nothing new, its connections are told to go, its calls may end) and a new one
 * opened on the same port. A listener is destroyed when gRPC has said that it is shut down and no call of it
 * is left. */
#ifndef BASE_RPC_SERVER_INTERNAL_H
#define BASE_RPC_SERVER_INTERNAL_H

#include <pthread.h>

#include "base/rpc_internal.h"

#define NUM_POLLERS 2

/* A method served. */
struct served {
    struct served *next;
    size_t index;
    const ProtobufCServiceDescriptor *service;
    const ProtobufCMethodDescriptor *method;
    rpc_handler handler;
    void *user;
    bool is_open; /* without asking `allow` */
    char path[];  /* "/weft.v1.Intake/Upload" */
};

/* What an event of the queue is about. */
struct tag {
    enum { TAG_NEW, TAG_CLOSE, TAG_DONE, TAG_SHUTDOWN } kind;
    void *subject;
};

struct listener {
    struct listener *next;
    struct rpc_server *server;
    grpc_server *grpc;
    void **registered; /* by served.index */
    struct rpc_reload reload;
    struct tag on_shutdown;
    size_t pending;        /* slots and calls; under the server's lock */
    bool is_shut;          /* gRPC said so; under the server's lock */
    bool is_cancelled;     /* its calls */
    int64_t retired_at_ms; /* 0: current */
};

struct rpc_call {
    struct rpc_call *next; /* in the queue for the workers */
    struct listener *listener;
    const struct served *served; /* NULL: a method that nobody serves */
    struct tag on_new, on_close, on_done;
    grpc_call *grpc;
    gpr_timespec deadline;
    grpc_metadata_array metadata;
    grpc_call_details details;
    grpc_byte_buffer *payload;
    size_t payload_len;
    ProtobufCMessage *request;
    struct rpc_peer peer;
    int was_cancelled; /* gRPC's answer, valid at CLOSE */
    atomic_bool is_cancelled, is_finished;
    atomic_int references;
    grpc_byte_buffer *response; /* kept until DONE, as are the next two */
    grpc_slice text;
    grpc_status_code status;
    bool arm_again; /* memory ran out: this call becomes the next slot */
};

struct rpc_server {
    struct rpc_files files;
    char address[300]; /* with the real port once bound */
    rpc_allow allow;
    void *allow_user;
    size_t max_message, max_live_bytes;
    unsigned num_workers, max_live;
    int max_connection_age_ms, check_interval_ms;
    struct served *served;
    size_t num_served;

    grpc_completion_queue *queue;
    struct listener *listeners; /* the current one first; the supervisor's while it runs */
    pthread_t pollers[NUM_POLLERS], supervisor;
    pthread_t *workers;
    bool is_started;
    atomic_bool is_stopping, is_cancelling, is_serving;

    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t changed; /* a listener shut down, or a call or slot came back */
    pthread_cond_t work;
    struct rpc_call *first, **last; /* calls for the workers */
    bool workers_end;
    size_t live, live_bytes;
};

/* rpc_serve.c: take events until the queue is shut down; run handlers until `workers_end`. Thread functions.
 */
void *rpc_poll_events(void *server);
void *rpc_work(void *server);

/* Wait for the first calls of every method of `listener`; false without memory. */
bool rpc_listener_arm(struct listener *listener);

/* The handler of grpc.health.v1.Health/Check; `user` is the server. */
void rpc_check(struct rpc_call *call, const ProtobufCMessage *request, void *user);

#endif
