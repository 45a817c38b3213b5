/* publication.c - reading the authority's documents from their directory. */
#include "coordinator/publication.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

#define MAX_DOCUMENT (64u << 20)
#define MAX_FILES    4096

enum file_state { FILE_NEW, FILE_TAKEN_NOW, FILE_TAKEN };

struct file {
    char *name;
    enum file_state state;
    int logged;                   /* the error code last logged */
    Weft__V1__Document *document; /* read and waiting to be taken */
};

struct publication {
    char *directory;
    struct file *files; /* of FILE_TAKEN ones the name alone is kept */
    size_t num_files, at;
    int logged; /* of the directory */
};

int publication_new(struct publication **out, const char *directory, struct err *err)
{
    struct publication *publication = calloc(1, sizeof *publication);

    if (publication == NULL || (publication->directory = strdup(directory)) == NULL) {
        free(publication);
        return err_set(err, ERR_NO_MEMORY, "publication");
    }
    *out = publication;
    return 0;
}

void publication_free(struct publication **out)
{
    struct publication *publication = *out;

    if (publication == NULL) {
        return;
    }
    for (size_t i = 0; i < publication->num_files; i++) {
        free(publication->files[i].name);
        document_free(&publication->files[i].document);
    }
    free(publication->files);
    free(publication->directory);
    free(publication);
    *out = NULL;
}

/* ---- looking ---- */

static bool is_document_name(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".doc") == 0;
}

static bool is_known(const struct publication *publication, const char *name)
{
    for (size_t i = 0; i < publication->num_files; i++) {
        if (strcmp(publication->files[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int add_file(struct publication *publication, const char *name, struct err *err)
{
    struct file *grown;
    char *copy;

    if (publication->num_files == MAX_FILES) {
        return err_set(err, ERR_FILE_TOO_LARGE, "%s: more than %d documents", publication->directory,
                       MAX_FILES);
    }
    grown = realloc(publication->files, (publication->num_files + 1) * sizeof *grown);
    if (grown == NULL) {
        return err_set(err, ERR_NO_MEMORY, "publication");
    }
    publication->files = grown;
    if ((copy = strdup(name)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "publication");
    }
    grown[publication->num_files++] = (struct file){.name = copy};
    return 0;
}

static int list_files(struct publication *publication, struct err *err)
{
    DIR *directory = opendir(publication->directory);
    struct dirent *entry;
    int rc = 0;

    if (directory == NULL) {
        return err_set_errno(err, ERR_FILE_READ, errno, "%s", publication->directory);
    }
    while (rc == 0 && (entry = readdir(directory)) != NULL) {
        if (is_document_name(entry->d_name) && !is_known(publication, entry->d_name)) {
            rc = add_file(publication, entry->d_name, err);
        }
    }
    closedir(directory);
    return rc;
}

static void log_once(int *logged, const char *event, const char *name, const struct err *failure)
{
    if (*logged != failure->code) {
        log_error(event, LOG_TEXT("file", name), LOG_ERR(failure));
        *logged = failure->code;
    }
}

static void read_document(const struct publication *publication, struct file *file)
{
    char *path = file_join(publication->directory, file->name);
    struct err err = {0};
    uint8_t *data = NULL;
    size_t len;
    int rc = path == NULL ? err_set(&err, ERR_NO_MEMORY, "publication")
                          : file_read(&data, &len, path, MAX_DOCUMENT, &err);

    if (rc == 0) {
        rc = document_unpack(&file->document, data, len, &err);
    }
    if (rc != 0) {
        log_once(&file->logged, "document not read", file->name, &err);
    }
    free(data);
    free(path);
}

/* Rosters before catalogues before tasks before voids, as their types are numbered; the rest by name, shorter ones
 * first, so that roster 9 comes before roster 10. */
static int by_dependence(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    int type_x = x->document == NULL ? 0 : (int)x->document->type;
    int type_y = y->document == NULL ? 0 : (int)y->document->type;

    size_t len_x = strlen(x->name), len_y = strlen(y->name);

    if (type_x != type_y) {
        return type_x - type_y;
    }
    return len_x != len_y ? (len_x < len_y ? -1 : 1) : strcmp(x->name, y->name);
}

void publication_look(struct publication *publication)
{
    struct err err = {0};

    if (list_files(publication, &err) != 0) {
        log_once(&publication->logged, "publication directory not read", publication->directory, &err);
    } else {
        publication->logged = 0;
    }
    for (size_t i = 0; i < publication->num_files; i++) {
        struct file *file = &publication->files[i];
        if (file->state != FILE_NEW) {
            file->state = FILE_TAKEN;
        } else if (file->document == NULL) {
            read_document(publication, file);
        }
    }
    if (publication->num_files > 1) {
        qsort(publication->files, publication->num_files, sizeof *publication->files, by_dependence);
    }
    publication->at = 0;
}

/* ---- taking ---- */

const Weft__V1__Document *publication_next(struct publication *publication)
{
    while (publication->at < publication->num_files && publication->files[publication->at].document == NULL) {
        publication->at++;
    }
    return publication->at == publication->num_files ? NULL : publication->files[publication->at].document;
}

void publication_done(struct publication *publication, const struct err *failure)
{
    struct file *file = &publication->files[publication->at++];

    if (failure == NULL) {
        file->state = FILE_TAKEN_NOW;
        log_info("document taken", LOG_TEXT("file", file->name));
    } else {
        log_once(&file->logged, "document refused", file->name, failure);
    }
    document_free(&file->document);
}

void publication_undo(struct publication *publication)
{
    for (size_t i = 0; i < publication->num_files; i++) {
        if (publication->files[i].state == FILE_TAKEN_NOW) {
            publication->files[i].state = FILE_NEW;
        }
    }
}
