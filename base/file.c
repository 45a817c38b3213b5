/* file.c - whole files: bounded reads, atomic durable writes. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "crypto/secret.h"

#define LOCK_STEP_MS 20

static int check_secret(const struct stat *status, const char *path, struct err *err)
{
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return err_set(err, ERR_SECRET_PERMISSIONS, "%s has mode %04o", path,
                       (unsigned)(status->st_mode & 07777));
    if (status->st_uid != geteuid() && status->st_uid != 0)
        return err_set(err, ERR_SECRET_PERMISSIONS, "%s belongs to user %u", path, (unsigned)status->st_uid);
    return 0;
}

/* Read to the end or until `buffer` is full. False with errno set on failure. */
static bool read_all(int fd, uint8_t *buffer, size_t size, size_t *num_read)
{
    size_t used = 0;

    while (used < size) {
        ssize_t got = read(fd, buffer + used, size - used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    *num_read = used;
    return true;
}

static int read_file(uint8_t **data, size_t *data_len, const char *path, size_t max_len, bool secret,
                     struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO must not make us wait */
    struct stat status;
    uint8_t *buffer = NULL;
    size_t size = 0, used = 0;
    int rc = 0;

    if (fd < 0 || fstat(fd, &status) != 0) {
        rc = err_set_errno(err, ERR_FILE_READ, errno, "%s", path);
        goto done;
    }
    if (!S_ISREG(status.st_mode)) {
        rc = err_set(err, ERR_FILE_READ, "%s is not a regular file", path);
        goto done;
    }
    if (secret && (rc = check_secret(&status, path, err)) != 0)
        goto done;
    if ((uintmax_t)status.st_size > max_len) {
        rc = err_set(err, ERR_FILE_TOO_LARGE, "%s has %jd bytes, more than %zu", path,
                     (intmax_t)status.st_size, max_len);
        goto done;
    }
    size = (size_t)status.st_size + 1;
    buffer = malloc(size);
    if (buffer == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "reading %s", path);
        goto done;
    }
    if (!read_all(fd, buffer, size, &used)) {
        rc = err_set_errno(err, ERR_FILE_READ, errno, "%s", path);
        goto done;
    }
    if (used == size) {
        rc = err_set(err, ERR_FILE_READ, "%s grew while it was read", path);
        goto done;
    }
    buffer[used] = '\0';
    *data = buffer;
    *data_len = used;
    buffer = NULL;

done:
    if (buffer != NULL) {
        secret_wipe(buffer, size);
        free(buffer);
    }
    if (fd >= 0)
        close(fd);
    return rc;
}

int file_read(uint8_t **data, size_t *data_len, const char *path, size_t max_len, struct err *err)
{
    return read_file(data, data_len, path, max_len, false, err);
}

int file_read_secret(uint8_t **data, size_t *data_len, const char *path, size_t max_len, struct err *err)
{
    return read_file(data, data_len, path, max_len, true, err);
}

static bool write_all(int fd, const uint8_t *data, size_t data_len)
{
    while (data_len > 0) {
        ssize_t put = write(fd, data, data_len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        data += put;
        data_len -= (size_t)put;
    }
    return true;
}

/* Make a rename or link in the directory of `path` durable. */
static bool sync_directory(const char *path)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 1 : (slash == path ? 1 : (int)(slash - path));
    int fd, saved;
    bool ok;

    snprintf(directory, sizeof(directory), "%.*s", length, slash == NULL ? "." : path);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ok = fsync(fd) == 0;
    saved = errno;
    close(fd);
    errno = saved;
    return ok;
}

/* Write a fresh temporary file beside `path`, named by chance so that two writers cannot meet. */
static bool write_temporary(const char *temporary, const void *data, size_t data_len, mode_t mode)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0600);
    int saved;
    bool ok;

    if (fd < 0)
        return false;
    ok = fchmod(fd, mode) == 0 && write_all(fd, data, data_len) && fsync(fd) == 0;
    saved = errno;
    if (close(fd) != 0 && ok) {
        saved = errno;
        ok = false;
    }
    errno = saved;
    return ok;
}

/* A device, pipe or symbolic link (/dev/null, /dev/stdout) is not to be replaced by a file. */
static bool is_replaceable(const char *path)
{
    struct stat status;

    return lstat(path, &status) != 0 || S_ISREG(status.st_mode);
}

static int write_file(const char *path, const void *data, size_t data_len, mode_t mode, bool replace,
                      struct err *err)
{
    char temporary[4096], chance[HEX_SIZE(8)];
    uint8_t bytes[8];
    bool ok;
    int rc = 0;

    if (replace && !is_replaceable(path))
        return err_set(err, ERR_FILE_WRITE, "%s is not a regular file", path);
    secret_random(bytes, sizeof(bytes));
    hex_encode(chance, bytes, sizeof(bytes));
    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.%s.tmp", path, chance) >= sizeof(temporary))
        return err_set(err, ERR_FILE_WRITE, "the name is too long");
    ok = write_temporary(temporary, data, data_len, mode);
    if (ok) /* link() refuses to replace what rename() would */
        ok = replace ? rename(temporary, path) == 0 : link(temporary, path) == 0;
    if (!ok && errno == EEXIST && !replace)
        rc = err_set(err, ERR_FILE_EXISTS, "%s", path);
    else if (!ok)
        rc = err_set_errno(err, ERR_FILE_WRITE, errno, "%s", path);
    if (!ok || !replace)
        unlink(temporary);
    if (ok && !sync_directory(path))
        rc = err_set_errno(err, ERR_FILE_WRITE, errno, "%s: directory", path);
    return rc;
}

int file_write(const char *path, const void *data, size_t data_len, mode_t mode, struct err *err)
{
    return write_file(path, data, data_len, mode, true, err);
}

int file_create(const char *path, const void *data, size_t data_len, mode_t mode, struct err *err)
{
    return write_file(path, data, data_len, mode, false, err);
}

int file_make_dir(const char *path, mode_t mode, struct err *err)
{
    struct stat status;

    if (mkdir(path, mode) == 0) {
        /* The exact mode, whatever the umask. */
        if (chmod(path, mode) != 0 || !sync_directory(path))
            return err_set_errno(err, ERR_FILE_WRITE, errno, "%s", path);
        return 0;
    }
    if (errno != EEXIST)
        return err_set_errno(err, ERR_FILE_WRITE, errno, "%s", path);
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return err_set(err, ERR_FILE_WRITE, "%s is not a directory", path);
    return 0;
}

/* ---- locks ---- */

int file_lock_open(int *fd, const char *path, struct err *err)
{
    size_t len = strlen(path) + sizeof ".lock";
    char *name = malloc(len);
    int rc = 0;

    if (name == NULL)
        return err_set(err, ERR_NO_MEMORY, "lock");
    snprintf(name, len, "%s.lock", path);
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE_SECRET);
    if (*fd < 0)
        rc = err_set_errno(err, ERR_FILE_WRITE, errno, "%s", name);
    free(name);
    return rc;
}

int file_lock(int fd, const char *path, int wait_ms, struct err *err)
{
    const struct timespec step = {0, LOCK_STEP_MS * 1000000L};

    for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_STEP_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_set_errno(err, ERR_FILE_WRITE, errno, "%s.lock", path);
        if (waited >= wait_ms)
            return err_set(err, ERR_STORE_LOCKED, "%s", path);
        nanosleep(&step, NULL);
    }
    return 0;
}

void file_unlock(int fd)
{
    flock(fd, LOCK_UN);
}

bool file_exists(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0;
}

char *file_join(const char *directory, const char *name)
{
    char *joined;

    if (name[0] == '/' || directory[0] == '\0')
        return strdup(name);
    if (asprintf(&joined, "%s%s%s", directory, directory[strlen(directory) - 1] == '/' ? "" : "/", name) < 0)
        return NULL;
    return joined;
}
