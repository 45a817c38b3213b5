/* signed.c - the list in memory, sorted by place, and its file. */
#include "coordinator/signed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"

#define MAX_SIZE  (64u << 20)
#define PLACE_MAX 400
#define LINE_MAX  (PLACE_MAX + HEX_SIZE(DIGEST_SIZE) + 2)

struct promise {
    char *place;
    uint8_t digest[DIGEST_SIZE];
    bool is_kept;
};

struct signed_log {
    char *path;
    int fd;
    bool no_sync;
    struct promise *list; /* by place */
    size_t num, max;
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "list of signatures");
}

static int broken(const struct signed_log *log, struct err *err)
{
    return err_set(err, ERR_FILE_WRITE, "%s: %s", log->path, strerror(errno));
}

/* Where the place stands, or belongs. */
static size_t find(const struct signed_log *log, const char *place, bool *found)
{
    size_t low = 0, high = log->num;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(log->list[middle].place, place) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *found = low < log->num && strcmp(log->list[low].place, place) == 0;
    return low;
}

static int insert(struct signed_log *log, size_t at, const char *place, const uint8_t digest[DIGEST_SIZE], bool is_kept,
                  struct err *err)
{
    char *copy = strdup(place);

    if (copy != NULL && log->num == log->max) {
        size_t max = log->max == 0 ? 64 : 2 * log->max;
        struct promise *list = realloc(log->list, max * sizeof *list);
        if (list == NULL) {
            free(copy);
            return no_memory(err);
        }
        log->list = list;
        log->max = max;
    }
    if (copy == NULL) {
        return no_memory(err);
    }
    memmove(&log->list[at + 1], &log->list[at], (log->num - at) * sizeof *log->list);
    log->list[at] = (struct promise){.place = copy, .is_kept = is_kept};
    memcpy(log->list[at].digest, digest, DIGEST_SIZE);
    log->num++;
    return 0;
}

/* ---- the file ---- */

static int take_line(struct signed_log *log, char *line, struct err *err)
{
    char *hex = strrchr(line, ' ');
    uint8_t digest[DIGEST_SIZE];
    bool found;
    size_t at;

    if (hex == NULL || hex - line > PLACE_MAX || strlen(hex + 1) != 2 * DIGEST_SIZE ||
        !hex_decode(digest, DIGEST_SIZE, hex + 1)) {
        return err_set(err, ERR_FILE_READ, "%s: not a line of this file: \"%.40s\"", log->path, line);
    }
    *hex = '\0';
    at = find(log, line, &found);
    return found ? 0 : insert(log, at, line, digest, true, err);
}

static int read_lines(struct signed_log *log, struct err *err)
{
    uint8_t *data = NULL;
    size_t len, at = 0;
    int rc = file_read(&data, &len, log->path, MAX_SIZE, err);

    while (rc == 0 && at < len) {
        char *end = memchr(data + at, '\n', len - at);
        if (end == NULL) {
            rc = ftruncate(log->fd, (off_t)at) != 0 ? broken(log, err) : 0;
            break;
        }
        *end = '\0';
        rc = take_line(log, (char *)data + at, err);
        at = (size_t)((uint8_t *)end - data) + 1;
    }
    free(data);
    return rc;
}

int signed_open(struct signed_log **out, const char *path, bool no_sync, struct err *err)
{
    struct signed_log *log = calloc(1, sizeof *log);
    int rc = 0;

    if (log == NULL || (log->path = strdup(path)) == NULL) {
        free(log);
        return no_memory(err);
    }
    log->no_sync = no_sync;
    if (!file_exists(path)) {
        rc = file_create(path, "", 0, FILE_MODE_SECRET, err); /* durable, with its name */
    }
    log->fd = rc == 0 ? open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (rc == 0 && log->fd < 0) {
        rc = broken(log, err);
    }
    if (rc == 0) {
        rc = read_lines(log, err);
    }
    if (rc != 0) {
        signed_close(&log);
        return rc;
    }
    *out = log;
    return 0;
}

void signed_close(struct signed_log **log)
{
    if (*log == NULL) {
        return;
    }
    for (size_t i = 0; i < (*log)->num; i++) {
        free((*log)->list[i].place);
    }
    if ((*log)->fd >= 0) {
        close((*log)->fd);
    }
    free((*log)->list);
    free((*log)->path);
    free(*log);
    *log = NULL;
}

/* ---- promising ---- */

static int digest_but_time(uint8_t out[DIGEST_SIZE], const Weft__V1__Document *document, struct err *err)
{
    Weft__V1__Document bare = *document, *copy = NULL;
    int rc;

    bare.n_signatures = 0;
    bare.signatures = NULL;
    if ((rc = document_copy(&copy, &bare, err)) == 0) {
        (void)!document_set_time(&copy, 0, NULL); /* some have none */
        document_digest(out, copy);
    }
    document_free(&copy);
    return rc;
}

int signed_promise(struct signed_log *log, const uint8_t task[DIGEST_SIZE], const char *key,
                   const Weft__V1__Document *document, struct err *err)
{
    char place[PLACE_MAX + 1], hex[HEX_SIZE(DIGEST_SIZE)];
    uint8_t digest[DIGEST_SIZE];
    bool found;
    size_t at;
    int rc;

    if (log == NULL) {
        return 0;
    }
    if ((rc = digest_but_time(digest, document, err)) != 0) {
        return rc;
    }
    if (snprintf(place, sizeof place, "%s/%s/%s", hex_encode(hex, task, DIGEST_SIZE),
                 document_type_name(document->type), key) >= (int)sizeof place ||
        strchr(place, '\n') != NULL) {
        return err_set(err, ERR_INTERNAL, "a document's key");
    }
    at = find(log, place, &found);
    if (!found) {
        return insert(log, at, place, digest, false, err);
    }
    return memcmp(log->list[at].digest, digest, DIGEST_SIZE) == 0
               ? 0
               : err_set(err, ERR_SIGNED_OTHERWISE, "%s %s", document_type_name(document->type), key);
}

static int write_line(struct signed_log *log, const struct promise *promise, struct err *err)
{
    char line[LINE_MAX + 1], hex[HEX_SIZE(DIGEST_SIZE)];
    int len = snprintf(line, sizeof line, "%s %s\n", promise->place, hex_encode(hex, promise->digest, DIGEST_SIZE));
    struct stat before;

    if (fstat(log->fd, &before) != 0) {
        return broken(log, err);
    }
    if (write(log->fd, line, (size_t)len) != len) {
        int rc = broken(log, err);
        (void)!ftruncate(log->fd, before.st_size); /* a cut line would be joined to the next */
        return rc;
    }
    return 0;
}

int signed_keep(struct signed_log *log, struct err *err)
{
    bool any = false;
    int rc = 0;

    for (size_t i = 0; log != NULL && rc == 0 && i < log->num; i++) {
        if (!log->list[i].is_kept && (rc = write_line(log, &log->list[i], err)) == 0) {
            any = true;
        }
    }
    if (rc == 0 && any && !log->no_sync && fdatasync(log->fd) != 0) {
        rc = broken(log, err);
    }
    for (size_t i = 0; log != NULL && rc == 0 && i < log->num; i++) {
        log->list[i].is_kept = true;
    }
    return rc;
}

void signed_drop(struct signed_log *log)
{
    size_t kept = 0;

    for (size_t i = 0; log != NULL && i < log->num; i++) {
        if (log->list[i].is_kept) {
            log->list[kept++] = log->list[i];
        } else {
            free(log->list[i].place);
        }
    }
    if (log != NULL) {
        log->num = kept;
    }
}
