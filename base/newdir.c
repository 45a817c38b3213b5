/* newdir.c - write a directory's files aside, sync them once, rename. */
#include "base/newdir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "crypto/secret.h"

/* False with errno set. */
static bool write_file_at(int dir, const struct newdir_file *file)
{
    const uint8_t *data = file->data;
    size_t left = file->len;
    int fd = openat(dir, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && fchmod(fd, file->mode) == 0;
    int saved;

    while (ok && left > 0) {
        ssize_t put = write(fd, data, left);

        if (put < 0 && errno == EINTR)
            continue;
        ok = put > 0;
        if (ok) {
            data += put;
            left -= (size_t)put;
        }
    }
    saved = errno;
    if (fd >= 0 && close(fd) != 0 && ok)
        return false;
    errno = saved;
    return ok;
}

/* The directory that holds `path`, without trailing slashes of `path` itself. */
static int open_parent(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool rename_new(const char *from, const char *to)
{
    struct stat status;

    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    /* A file system without RENAME_NOREPLACE: rename() itself refuses to replace a directory with files in
     * it. */
    if (lstat(to, &status) == 0) {
        errno = EEXIST;
        return false;
    }
    return rename(from, to) == 0;
}

static void remove_all(const char *aside, int dir, const struct newdir_file *files, size_t num_files)
{
    for (size_t i = 0; dir >= 0 && i < num_files; i++)
        unlinkat(dir, files[i].name, 0);
    rmdir(aside);
}

int newdir_create(const char *path, const struct newdir_file *files, size_t num_files, struct err *err)
{
    char target[PATH_MAX], aside[PATH_MAX], chance[HEX_SIZE(8)];
    uint8_t bytes[8];
    size_t len = strlen(path);
    struct stat status;
    bool made = false, ok;
    int dir = -1, parent = -1, rc = 0;

    while (len > 1 && path[len - 1] == '/')
        len--;
    secret_random(bytes, sizeof bytes);
    hex_encode(chance, bytes, sizeof bytes);
    if (len == 0 || len >= sizeof target - 32)
        return err_set(err, ERR_FILE_WRITE, "the directory's name is %s", len == 0 ? "empty" : "too long");
    snprintf(target, sizeof target, "%.*s", (int)len, path);
    snprintf(aside, sizeof aside, "%.*s.%s.tmp", (int)len, path, chance);
    if (lstat(target, &status) == 0)
        return err_set(err, ERR_ALREADY_INITIALISED, "%s", target);
    ok = made = mkdir(aside, 0700) == 0;
    ok = ok && (dir = open(aside, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0 && fchmod(dir, 0700) == 0;
    for (size_t i = 0; ok && i < num_files; i++)
        ok = write_file_at(dir, &files[i]);
    ok = ok && syncfs(dir) == 0; /* one for all files: hundreds of sites are set up in a row */
    ok = ok && (parent = open_parent(target)) >= 0 && rename_new(aside, target);
    if (ok) {
        made = false;
        ok = fsync(parent) == 0;
    }
    if (!ok && (errno == EEXIST || errno == ENOTEMPTY))
        rc = err_set(err, ERR_ALREADY_INITIALISED, "%s", target);
    else if (!ok)
        rc = err_set_errno(err, ERR_FILE_WRITE, errno, "%s", target);
    if (made)
        remove_all(aside, dir, files, num_files);
    if (dir >= 0)
        close(dir);
    if (parent >= 0)
        close(parent);
    return rc;
}
