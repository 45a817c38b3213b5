/* egress.c - append, sync, and read back the list of what left. */
#include "node/egress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"

#define READ_SIZE 65536

struct egress {
    char *path;
    int fd; /* -1: read only and not there */
    bool read_only;
    off_t end; /* of the last whole line */
    struct merkle tree;
    struct egress_mark mark;
    bool is_as_marked;
};

/* ---- the mark ---- */

static void compare_with_mark(struct egress *egress)
{
    uint8_t root[DIGEST_SIZE];

    if (egress->tree.size == egress->mark.size) {
        merkle_root(&egress->tree, root);
        egress->is_as_marked = memcmp(root, egress->mark.root, DIGEST_SIZE) == 0;
    }
}

bool egress_is_as_marked(const struct egress *egress)
{
    return egress->is_as_marked;
}

/* ---- reading ---- */

static int broken(const struct egress *egress, const char *what, struct err *err)
{
    err_set(err, ERR_EGRESS_LOG, "%s", what);
    return err_at(err, egress->path, (unsigned)egress->tree.size + 1, 0);
}

/* A line must carry its own number: lines taken out or put in are noticed without a checkpoint. */
static int take_line(struct egress *egress, const char *line, size_t len, struct err *err)
{
    char expected[40];
    uint8_t leaf[MERKLE_HASH_SIZE];
    int prefix = snprintf(expected, sizeof expected, "{\"n\":%" PRIu64 ",", egress->tree.size);

    if (len + 1 > EGRESS_LINE_MAX || len < (size_t)prefix || memcmp(line, expected, (size_t)prefix) != 0 ||
        line[len - 1] != '}') {
        return broken(egress, "not the line that belongs here", err);
    }
    merkle_leaf(leaf, line, len);
    merkle_add(&egress->tree, leaf);
    egress->end += (off_t)len + 1;
    compare_with_mark(egress);
    return 0;
}

/* All whole lines of a buffer; *used is where the incomplete rest begins. */
static int take_lines(struct egress *egress, const char *data, size_t len, size_t *used, struct err *err)
{
    size_t at = 0;
    int rc = 0;

    while (rc == 0 && at < len) {
        const char *end = memchr(data + at, '\n', len - at);
        if (end == NULL) {
            break;
        }
        rc = take_line(egress, data + at, (size_t)(end - data) - at, err);
        at = (size_t)(end - data) + 1;
    }
    *used = at;
    return rc;
}

static int read_on(struct egress *egress, struct err *err)
{
    char *buffer = malloc(READ_SIZE);
    size_t used;
    int rc = buffer == NULL ? err_set(err, ERR_NO_MEMORY, "egress log") : 0;

    while (rc == 0) {
        ssize_t got = pread(egress->fd, buffer, READ_SIZE, egress->end);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            rc = err_set_errno(err, ERR_FILE_READ, errno, "%s", egress->path);
        } else if (got == 0) {
            break;
        } else if ((rc = take_lines(egress, buffer, (size_t)got, &used, err)) == 0 && used == 0) {
            if (got >= EGRESS_LINE_MAX) {
                rc = broken(egress, "a line is too long", err);
            }
            break;
        }
    }
    free(buffer);
    return rc;
}

int egress_refresh(struct egress *egress, struct err *err)
{
    struct stat status;
    int rc;

    if (egress->fd < 0) {
        return 0;
    }
    if (fstat(egress->fd, &status) != 0) {
        return err_set_errno(err, ERR_FILE_READ, errno, "%s", egress->path);
    }
    if (status.st_size < egress->end) {
        return broken(egress, "the list became shorter", err);
    }
    rc = status.st_size == egress->end ? 0 : read_on(egress, err);
    if (rc == 0 && !egress->read_only && fstat(egress->fd, &status) == 0 && status.st_size > egress->end &&
        (ftruncate(egress->fd, egress->end) != 0 || fsync(egress->fd) != 0)) {
        rc = err_set_errno(err, ERR_FILE_WRITE, errno, "%s", egress->path);
    }
    return rc;
}

/* ---- life ---- */

/* A new file's name must last, too. */
static int sync_directory(const char *path, struct err *err)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = directory == NULL ? -1 : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 || fsync(fd) != 0 ? err_set_errno(err, ERR_FILE_WRITE, errno, "%s", path) : 0;

    if (fd >= 0) {
        close(fd);
    }
    free(directory);
    return rc;
}

static int open_file(struct egress *egress, struct err *err)
{
    int flags = egress->read_only ? O_RDONLY : O_RDWR | O_APPEND;

    egress->fd = open(egress->path, flags | O_CLOEXEC | O_NOFOLLOW);
    if (egress->fd < 0 && errno == ENOENT && egress->read_only) {
        return 0;
    }
    if (egress->fd < 0 && errno == ENOENT) {
        egress->fd = open(egress->path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (egress->fd >= 0) {
            return sync_directory(egress->path, err);
        }
    }
    return egress->fd >= 0 ? 0 : err_set_errno(err, ERR_FILE_WRITE, errno, "%s", egress->path);
}

int egress_open(struct egress **out, const char *path, bool read_only, const struct egress_mark *mark,
                struct err *err)
{
    struct egress *egress = calloc(1, sizeof *egress);
    int rc;

    if (egress == NULL) {
        return err_set(err, ERR_NO_MEMORY, "egress log");
    }
    egress->fd = -1;
    egress->read_only = read_only;
    if (mark != NULL) {
        egress->mark = *mark;
    } else {
        merkle_root(&egress->tree, egress->mark.root); /* of nothing */
    }
    compare_with_mark(egress);
    if ((egress->path = strdup(path)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "egress log");
    } else if ((rc = open_file(egress, err)) == 0) {
        rc = egress_refresh(egress, err);
    }
    if (rc != 0) {
        egress_close(&egress);
        return rc;
    }
    *out = egress;
    return 0;
}

void egress_close(struct egress **egress)
{
    if (*egress != NULL) {
        if ((*egress)->fd >= 0) {
            close((*egress)->fd);
        }
        free((*egress)->path);
        free(*egress);
        *egress = NULL;
    }
}

/* ---- writing ---- */

/* Only what can never need escaping comes into a line. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\') {
            return false;
        }
    }
    return true;
}

static int format_line(const struct egress *egress, const struct egress_entry *entry,
                       char line[EGRESS_LINE_MAX], size_t *len, struct err *err)
{
    char hex[HEX_SIZE(DIGEST_SIZE)];
    int num = snprintf(
        line, EGRESS_LINE_MAX,
        "{\"n\":%" PRIu64 ",\"time_ms\":%" PRId64
        ",\"kind\":\"%s\",\"task\":\"%s\",\"destination\":\"%s\",\"method\":\"%s\",\"length\":%" PRIu64
        ",\"sha256\":\"%s\"}\n",
        egress->tree.size, entry->time_ms, entry->kind, entry->task, entry->destination, entry->method,
        entry->length, hex_encode(hex, entry->sha256, DIGEST_SIZE));

    if (num < 0 || num >= EGRESS_LINE_MAX || !is_plain(entry->kind) || !is_plain(entry->task) ||
        !is_plain(entry->destination) || !is_plain(entry->method)) {
        return err_set(err, ERR_INTERNAL, "a name is not fit for the egress log");
    }
    *len = (size_t)num;
    return 0;
}

/* A short write (disk full) is taken back, so that the list stays whole. */
static int append(struct egress *egress, const char *line, size_t len, struct err *err)
{
    ssize_t written = write(egress->fd, line, len);
    int error = written < 0 ? errno : ENOSPC;

    if (written == (ssize_t)len) {
        if (fdatasync(egress->fd) == 0) {
            return 0;
        }
        error = errno;
    }
    if (ftruncate(egress->fd, egress->end) != 0) {
        error = errno; /* the next opening cuts it off */
    }
    return err_set_errno(err, ERR_FILE_WRITE, error, "%s", egress->path);
}

int egress_add(struct egress *egress, const struct egress_entry *entry, struct err *err)
{
    char line[EGRESS_LINE_MAX];
    uint8_t leaf[MERKLE_HASH_SIZE];
    size_t len = 0;
    int rc;

    if (egress->read_only) {
        return err_set(err, ERR_INTERNAL, "the egress log is open for reading");
    }
    if ((rc = format_line(egress, entry, line, &len, err)) != 0 ||
        (rc = append(egress, line, len, err)) != 0) {
        return rc;
    }
    merkle_leaf(leaf, line, len - 1);
    merkle_add(&egress->tree, leaf);
    egress->end += (off_t)len;
    return 0;
}

const char *egress_path(const struct egress *egress)
{
    return egress->path;
}

uint64_t egress_size(const struct egress *egress)
{
    return egress->tree.size;
}

void egress_root(const struct egress *egress, uint8_t root[DIGEST_SIZE])
{
    merkle_root(&egress->tree, root);
}
