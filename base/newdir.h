/* newdir.h - a new directory that appears with all its files at once, or not at all.
 *
 * The files are written into a directory of a chance name beside it, made durable together, and renamed into
 * place. On failure nothing is left behind. */
#ifndef BASE_NEWDIR_H
#define BASE_NEWDIR_H

#include <sys/types.h>

#include "base/err.h"

struct newdir_file {
    const char *name; /* within the directory */
    const void *data;
    size_t len;
    mode_t mode; /* exact, whatever the umask */
};

/* The directory gets mode 0700. ERR_ALREADY_INITIALISED, with nothing changed, when there is anything at
 * `path`; ERR_FILE_WRITE. */
WEFT_MUST_USE int newdir_create(const char *path, const struct newdir_file *files, size_t num_files,
                                struct err *err);

#endif
