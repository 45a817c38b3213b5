/* rpc_common.c - process-wide state of gRPC, its log, and how an error travels as a status. */
#include "base/rpc_internal.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/log.h>

#include "base/log.h"

/* ---- Log and the accept() that failed --------------------------------------------------------------------
 */

/* gRPC 1.51 stops listening for good when accept4() fails once (CVE-2023-4785) and tells nobody but its log.
 */
static pthread_mutex_t watch_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t watch_changed = PTHREAD_COND_INITIALIZER;
static uint64_t accept_failures;

bool rpc_watch(uint64_t *seen, const atomic_bool *stop, int timeout_ms)
{
    int64_t until = rpc_now_ms() + timeout_ms;
    struct timespec deadline = {until / 1000, until % 1000 * 1000000};

    pthread_mutex_lock(&watch_lock);
    while (!atomic_load(stop) && *seen == accept_failures)
        if (pthread_cond_clockwait(&watch_changed, &watch_lock, CLOCK_MONOTONIC, &deadline) == ETIMEDOUT)
            break;
    *seen = accept_failures;
    pthread_mutex_unlock(&watch_lock);
    return !atomic_load(stop);
}

void rpc_watch_wake(void)
{
    pthread_mutex_lock(&watch_lock);
    pthread_cond_broadcast(&watch_changed);
    pthread_mutex_unlock(&watch_lock);
}

/* Strangers can make gRPC log at will: at most LOG_BURST lines in LOG_WINDOW_MS. */
#define LOG_BURST     20
#define LOG_WINDOW_MS 10000

static bool may_log(uint64_t *num_dropped)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int64_t window_start;
    static uint64_t lines, dropped;
    int64_t now = rpc_now_ms();
    bool ok;

    pthread_mutex_lock(&lock);
    *num_dropped = 0;
    if (now - window_start >= LOG_WINDOW_MS) {
        window_start = now;
        *num_dropped = dropped;
        lines = dropped = 0;
    }
    ok = lines++ < LOG_BURST;
    dropped += !ok;
    pthread_mutex_unlock(&lock);
    return ok;
}

static void on_grpc_log(gpr_log_func_args *args)
{
    uint64_t dropped;

    if (strstr(args->message, "Failed accept4") != NULL) {
        pthread_mutex_lock(&watch_lock);
        accept_failures++;
        pthread_cond_broadcast(&watch_changed);
        pthread_mutex_unlock(&watch_lock);
    }
    if (may_log(&dropped))
        log_warn("grpc", LOG_TEXT("message", args->message), LOG_UINT("lines_dropped_before", dropped));
}

/* ---- Process ---------------------------------------------------------------------------------------------
 */

static void raise_open_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int rpc_init(struct err *err)
{
    /* Without these, glibc maps and unmaps every large message: page faults dominate. */
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 16 << 20);
    raise_open_files();
    /* gRPC has no minimum version to set. A TLS 1.2 suite that nobody can use (no pre-shared key is ever
     * configured) leaves 1.3 alone, whatever the certificate's key. */
    if (setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", 1) != 0 ||
        setenv("GRPC_DNS_RESOLVER", "native", 0) != 0)
        return err_set_errno(err, ERR_NO_MEMORY, errno, "environment");
    gpr_set_log_function(on_grpc_log);
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    grpc_init();
    return 0;
}

void rpc_shutdown(void)
{
    grpc_shutdown_blocking();
}

/* ---- Small things ----------------------------------------------------------------------------------------
 */

grpc_arg rpc_arg_int(const char *key, int value)
{
    grpc_arg arg = {.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key};

    arg.value.integer = value;
    return arg;
}

grpc_arg rpc_arg_text(const char *key, const char *value)
{
    grpc_arg arg = {.type = GRPC_ARG_STRING, .key = (char *)(uintptr_t)key};

    arg.value.string = (char *)(uintptr_t)value;
    return arg;
}

int64_t rpc_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int rpc_buffer_slice(grpc_slice *out, grpc_byte_buffer *buffer, size_t max_len, struct err *err)
{
    grpc_byte_buffer_reader reader;

    if (buffer == NULL)
        return err_set(err, ERR_MESSAGE_MALFORMED, "no message");
    if (buffer->data.raw.compression != GRPC_COMPRESS_NONE)
        return err_set(err, ERR_MESSAGE_MALFORMED, "a compressed message");
    if (grpc_byte_buffer_length(buffer) > max_len)
        return err_set(err, ERR_MESSAGE_TOO_LARGE, "%zu bytes", grpc_byte_buffer_length(buffer));
    if (buffer->data.raw.slice_buffer.count == 1) {
        *out = grpc_slice_ref(buffer->data.raw.slice_buffer.slices[0]);
        return 0;
    }
    if (!grpc_byte_buffer_reader_init(&reader, buffer))
        return err_set(err, ERR_MESSAGE_MALFORMED, "unreadable");
    *out = grpc_byte_buffer_reader_readall(&reader);
    grpc_byte_buffer_reader_destroy(&reader);
    return 0;
}

/* ---- Errors on the wire ----------------------------------------------------------------------------------
 */

void rpc_status_text(char out[RPC_STATUS_TEXT_MAX], const struct err *err)
{
    const struct err_entry *entry =
        err_entry(err->code); /* ERR_INTERNAL's for a code that nobody registered */

    snprintf(out, RPC_STATUS_TEXT_MAX, "W%04d %s: %s%s%s", entry->code, entry->name, err->field,
             err->field[0] == '\0' ? "" : ": ", err->detail);
}

/* The code that "W3002 PEER_UNKNOWN: ..." names; 0 when it is no error that we know by that name and status.
 * *detail receives where the rest begins. */
static int named_code(const char *text, grpc_status_code status, size_t *detail)
{
    char name[64];
    int code, end = -1;

    if (sscanf(text, "W%4d %63[A-Z0-9_]:%n", &code, name, &end) != 2 || end < 0)
        return 0;
    if (err_entry(code)->code != code || strcmp(err_entry(code)->name, name) != 0 ||
        (int)err_entry(code)->status != (int)status)
        return 0;
    *detail = (size_t)end + (text[end] == ' ');
    return code;
}

static bool says(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static int code_of_status(grpc_status_code status, const char *text)
{
    switch (status) {
    case GRPC_STATUS_INVALID_ARGUMENT:
        return ERR_MESSAGE_MALFORMED;
    case GRPC_STATUS_DEADLINE_EXCEEDED:
        return ERR_DEADLINE;
    case GRPC_STATUS_PERMISSION_DENIED:
        return ERR_NOT_ALLOWED;
    case GRPC_STATUS_RESOURCE_EXHAUSTED:
        return says(text, "larger than max") ? ERR_MESSAGE_TOO_LARGE : ERR_BUSY;
    case GRPC_STATUS_UNIMPLEMENTED:
        return ERR_METHOD_UNKNOWN;
    case GRPC_STATUS_UNAUTHENTICATED:
        return ERR_CERTIFICATE;
    case GRPC_STATUS_UNAVAILABLE:
        if (says(text, "HTTP proxy returned response code"))
            return ERR_PROXY_REFUSED;
        /* OpenSSL's words, which gRPC passes on. */
        return says(text, "certificate verify failed") || says(text, "alert") || says(text, "Peer name") ||
                       says(text, "Hostname Verification")
                   ? ERR_CERTIFICATE
                   : ERR_UNREACHABLE;
    case GRPC_STATUS_CANCELLED:
    case GRPC_STATUS_ABORTED:
        return ERR_UNREACHABLE;
    default:
        return ERR_PEER_FAILED;
    }
}

int rpc_status_parse(struct err *err, grpc_status_code status, const char *text, size_t text_len)
{
    char copy[RPC_STATUS_TEXT_MAX];
    size_t len = text_len < sizeof(copy) - 1 ? text_len : sizeof(copy) - 1, detail = 0;
    int code;

    for (size_t i = 0; i < len; i++)
        copy[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
    copy[len] = '\0';
    code = named_code(copy, status, &detail);
    if (code == 0)
        code = code_of_status(status, copy);
    return err_set(err, code, "%s", copy + detail);
}
