/* scratch.h - a temporary directory for one test, and files in it. */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char directory[64];
    char path[256]; /* of the last scratch_path */
};

static inline int scratch_make(struct scratch *scratch)
{
    snprintf(scratch->directory, sizeof(scratch->directory), "/tmp/weft-test-XXXXXX");
    return mkdtemp(scratch->directory) != NULL ? 0 : -1;
}

static inline const char *scratch_path(struct scratch *scratch, const char *name)
{
    snprintf(scratch->path, sizeof(scratch->path), "%s/%s", scratch->directory, name);
    return scratch->path;
}

/* Write a file and return its path. */
static inline const char *scratch_file(struct scratch *scratch, const char *name, const char *text)
{
    FILE *file = fopen(scratch_path(scratch, name), "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
    return scratch->path;
}

static inline int scratch_remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static inline void scratch_remove(struct scratch *scratch)
{
    nftw(scratch->directory, scratch_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
