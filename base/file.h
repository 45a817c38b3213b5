/* file.h - whole files: read with a bound, written so that after a crash either the old or the new one is
 * there. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define FILE_MODE_SECRET ((mode_t)0600)
#define FILE_MODE_PUBLIC ((mode_t)0644)

/* Read a regular file of at most `max_len` bytes. The caller frees *data; one NUL beyond *data_len makes a
 * text of it. ERR_FILE_READ, ERR_FILE_TOO_LARGE. */
WEFT_MUST_USE int file_read(uint8_t **data, size_t *data_len, const char *path, size_t max_len,
                            struct err *err);

/* As file_read for a secret, which must be owned by this user (or root) and closed to group and others:
 * ERR_SECRET_PERMISSIONS. End *data with secret_free(*data, data_len). */
WEFT_MUST_USE int file_read_secret(uint8_t **data, size_t *data_len, const char *path, size_t max_len,
                                   struct err *err);

/* Write a file atomically and durably (temporary file beside it, fsync, rename, fsync of the directory),
 * replacing a regular file that was there, and nothing else. The mode is exact, whatever the umask. ERR_FILE_WRITE. */
WEFT_MUST_USE int file_write(const char *path, const void *data, size_t data_len, mode_t mode,
                             struct err *err);

/* As file_write, but ERR_FILE_EXISTS when there is something already. */
WEFT_MUST_USE int file_create(const char *path, const void *data, size_t data_len, mode_t mode,
                              struct err *err);

/* Make one directory; an existing one is kept as it is. ERR_FILE_WRITE. */
WEFT_MUST_USE int file_make_dir(const char *path, mode_t mode, struct err *err);

/* One program at a time works on what lies at `path`: `path`.lock is opened (and made) first, then locked, again and
 * again if wanted. A lock ends with its process; the file stays. ERR_FILE_WRITE; ERR_STORE_LOCKED when another process
 * holds it after `wait_ms`. */
WEFT_MUST_USE int file_lock_open(int *fd, const char *path, struct err *err);
WEFT_MUST_USE int file_lock(int fd, const char *path, int wait_ms, struct err *err);
void file_unlock(int fd);

bool file_exists(const char *path);

/* "directory/name", malloc'd; NULL without memory. An absolute `name` is taken as it is. */
char *file_join(const char *directory, const char *name);

#endif
