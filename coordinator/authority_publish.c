/* authority_publish.c - signed rosters, catalogues, tasks and voids, laid out for the top leader to load.
 *
 * The directory holds one packed Document a file:
 *     roster-VERSION.doc  catalogue-DIGEST.doc  task-DIGEST.doc  void-DIGEST.doc    (16 digits of the digest)
 * What is there already counts as published: new documents are judged together with it, and nothing is
 * replaced. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/family.h"
#include "base/calendar.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/task.h"
#include "base/wire.h"
#include "coordinator/authority.h"

#define TYPE(name)    WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define MAX_DOCUMENTS 4096 /* of a publication directory */
#define NAME_SIZE     64

struct item {
    Weft__V1__Document *document;
    uint8_t digest[DIGEST_SIZE];
    struct roster *roster; /* of a roster; else NULL */
    struct task *task;     /* of a task; else NULL */
    bool is_new;
    bool is_void; /* a task that a void ends */
};

struct publication {
    struct item *items;
    size_t num;
};

/* ---------------------------------------------------------------- gathering */

static void clear(struct publication *publication)
{
    for (size_t i = 0; i < publication->num; i++) {
        document_free(&publication->items[i].document);
        roster_free(&publication->items[i].roster);
        task_free(&publication->items[i].task);
    }
    free(publication->items);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* A document that is there already is added once. */
static int add(struct publication *publication, const char *path, bool is_new, struct err *err)
{
    struct item item = {.is_new = is_new};
    int rc = ends_with(path, ".yaml") ? authority_load_catalogue(&item.document, path, err)
                                      : authority_load(&item.document, path, err);

    if (rc != 0)
        return rc;
    if (item.document->type < TYPE(ROSTER) || (item.document->type > TYPE(VOID) && item.document->type != TYPE(AMENDMENT))) {
        rc = err_set(err, ERR_DOCUMENT_NOT_NEEDED, "%s is a %s", path,
                     document_type_name(item.document->type));
    } else if (publication->num == MAX_DOCUMENTS) {
        rc = err_set(err, ERR_USAGE, "more than %d documents", MAX_DOCUMENTS);
    } else {
        document_digest(item.digest, item.document);
        for (size_t i = 0; i < publication->num; i++) {
            if (document_same_body(publication->items[i].document, item.document)) {
                document_free(&item.document);
                return 0;
            }
        }
        publication->items[publication->num++] = item;
        return 0;
    }
    document_free(&item.document);
    return rc;
}

static int add_directory(struct publication *publication, const char *path, struct err *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    int rc = 0;

    if (dir == NULL)
        return errno == ENOENT ? 0 : err_set_errno(err, ERR_FILE_READ, errno, "%s", path);
    while (rc == 0 && (entry = readdir(dir)) != NULL) {
        char *name = ends_with(entry->d_name, ".doc") ? file_join(path, entry->d_name) : NULL;

        if (name != NULL)
            rc = add(publication, name, false, err);
        free(name);
    }
    closedir(dir);
    return rc;
}

static int by_type(const void *a, const void *b)
{
    return (int)((const struct item *)a)->document->type - (int)((const struct item *)b)->document->type;
}

/* ---------------------------------------------------------------- checks */

static struct item *find(const struct publication *publication, Weft__V1__DocumentType type,
                         const ProtobufCBinaryData *digest)
{
    for (size_t i = 0; i < publication->num; i++) {
        struct item *item = &publication->items[i];

        if (item->document->type == type && digest->len == DIGEST_SIZE &&
            memcmp(item->digest, digest->data, DIGEST_SIZE) == 0)
            return item;
    }
    return NULL;
}

/* Is it the next after the one before it, where that one is here? */
static int check_succession(const struct publication *publication, const struct item *item, struct err *err)
{
    const struct roster *before = NULL;

    for (size_t i = 0; i < publication->num; i++) {
        const struct roster *other = publication->items[i].roster;

        if (other == NULL || other == item->roster)
            continue;
        if (other->wire->version == item->roster->wire->version)
            return err_set(err, ERR_DOCUMENT_CONFLICT, "two rosters of version %" PRIu32,
                           other->wire->version);
        if (other->wire->version < item->roster->wire->version &&
            (before == NULL || other->wire->version > before->wire->version))
            before = other;
    }
    return before == NULL ? 0 : roster_check_succession(before, item->roster, item->document, err);
}

/* Files are opened in whatever order they came, so the task before is opened here once more. */
static int check_revision(const struct publication *publication, const struct item *item, struct err *err)
{
    const struct item *before = find(publication, TYPE(TASK), &item->task->wire->supersedes);
    const struct item *roster = find(publication, TYPE(ROSTER), &item->task->wire->roster_digest);
    struct task *task = NULL;
    int rc;

    if (before == NULL)
        return err_set(err, ERR_REVISION_UNSOUND, "the task before is not among the files");
    if ((rc = task_open(&task, before->document, roster->roster, err)) == 0)
        rc = task_check_revision(item->task, task, err);
    task_free(&task);
    return rc;
}

static int open_task(const struct publication *publication, struct item *item, struct err *err)
{
    Weft__V1__Task *wire = NULL;
    const struct item *roster;
    int rc;

    if ((rc = document_body((ProtobufCMessage **)&wire, item->document, TYPE(TASK), err)) != 0)
        return rc;
    roster = find(publication, TYPE(ROSTER), &wire->roster_digest);
    if (roster == NULL) {
        rc = err_set(err, ERR_TASK_ROSTER_MISMATCH, "roster version %" PRIu32 " is not among the files",
                     wire->roster_version);
    } else if (find(publication, TYPE(CATALOGUE), &wire->catalogue_digest) == NULL) {
        rc = err_set(err, ERR_CATALOGUE_DIGEST, "catalogue version %.64s is not among the files",
                     wire->catalogue_version);
    } else {
        rc = task_open(&item->task, item->document, roster->roster, err);
    }
    if (rc == 0 && wire->revision > 0)
        rc = check_revision(publication, item, err);
    wire_free(&wire);
    return rc;
}

/* A void or amendment is signed under the rule of the roster that its task pins, or of a later one. */
static int check_rule_since(const struct publication *publication, uint32_t version,
                            const Weft__V1__Document *document, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < publication->num; i++) {
        const struct roster *roster = publication->items[i].roster;
        struct roster_roots roots;

        if (roster == NULL || roster->wire->version < version)
            continue;
        roots = roster_own_roots(roster);
        if ((rc = roster_check_root_signatures(&roots, document, err)) == 0)
            return 0;
    }
    return rc;
}

static int check_of_task(struct publication *publication, const struct item *item, struct err *err)
{
    bool is_void = item->document->type == TYPE(VOID);
    ProtobufCMessage *body = NULL;
    struct item *task;
    int rc;

    if ((rc = document_body(&body, item->document, item->document->type, err)) != 0)
        return rc;
    task = find(publication, TYPE(TASK),
                is_void ? &((Weft__V1__Void *)body)->task_id : &((Weft__V1__Amendment *)body)->task_id);
    if (task == NULL) {
        rc = err_set(err, ERR_TASK_UNKNOWN, "the task of a%s is not among the files",
                     is_void ? " void" : "n amendment");
    } else {
        rc = check_rule_since(publication, task->task->wire->roster_version, item->document, err);
        task->is_void |= is_void && rc == 0;
    }
    wire_free(&body);
    return rc;
}

static const struct task *live_task(const void *holder, size_t index)
{
    const struct item *item = &((const struct publication *)holder)->items[index];

    return item->is_void ? NULL : item->task;
}

static const struct task *any_task(const void *holder, size_t index)
{
    return ((const struct publication *)holder)->items[index].task;
}

/* No new task may count what another one counts, and a sum needs its parts. */
static int check_families(const struct publication *publication, struct err *err)
{
    struct family live = {live_task, publication, publication->num},
                  all = {any_task, publication, publication->num};
    int rc = 0;

    for (size_t i = 0; i < publication->num && rc == 0; i++) {
        const struct task *task = live_task(publication, i);
        if (publication->items[i].is_new && task != NULL &&
            (rc = family_check(&live, task, err)) == 0)
            rc = family_check_parts(&all, task, err);
    }
    return rc;
}

/* In the order of types, which is the order of dependence. */
static int check(struct publication *publication, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < publication->num && rc == 0; i++) {
        struct item *item = &publication->items[i];

        if (item->document->type == TYPE(ROSTER))
            rc = roster_open(&item->roster, item->document, NULL, item->is_new ? calendar_now_ms() : 0, err);
    }
    for (size_t i = 0; i < publication->num && rc == 0; i++) {
        struct item *item = &publication->items[i];

        if (item->document->type == TYPE(ROSTER))
            rc = check_succession(publication, item, err);
        else if (item->document->type == TYPE(TASK))
            rc = open_task(publication, item, err);
        else if (item->document->type == TYPE(VOID) || item->document->type == TYPE(AMENDMENT))
            rc = check_of_task(publication, item, err);
    }
    return rc != 0 ? rc : check_families(publication, err);
}

int authority_check_beside(const char *dir, const struct task *draft, struct err *err)
{
    struct publication publication = {0};
    int rc;

    publication.items = calloc(MAX_DOCUMENTS, sizeof *publication.items);
    if (publication.items == NULL)
        return err_set(err, ERR_NO_MEMORY, "%d documents", MAX_DOCUMENTS);
    if ((rc = add_directory(&publication, dir, err)) == 0) {
        qsort(publication.items, publication.num, sizeof *publication.items, by_type);
        if ((rc = check(&publication, err)) == 0)
            rc = family_check(&(struct family){live_task, &publication, publication.num}, draft, err);
    }
    clear(&publication);
    return rc;
}

/* ---------------------------------------------------------------- writing */

/* Amendments by task and number, so that they are read in order. */
static int amendment_name(char name[NAME_SIZE], const struct item *item, struct err *err)
{
    Weft__V1__Amendment *wire = NULL;
    char hex[HEX_SIZE(8)];
    int rc = document_body((ProtobufCMessage **)&wire, item->document, TYPE(AMENDMENT), err);

    if (rc == 0)
        snprintf(name, NAME_SIZE, "amendment-%s-%04" PRIu32 ".doc", hex_encode(hex, wire->task_id.data, 8),
                 wire->number);
    wire_free(&wire);
    return rc;
}

static int write_item(const char *dir, const struct item *item, struct err *err)
{
    char name[NAME_SIZE], hex[HEX_SIZE(8)];
    char *path;
    int rc;

    if (item->document->type == TYPE(ROSTER))
        snprintf(name, sizeof name, "roster-%" PRIu32 ".doc", item->roster->wire->version);
    else if (item->document->type == TYPE(AMENDMENT)) {
        if ((rc = amendment_name(name, item, err)) != 0)
            return rc;
    } else
        snprintf(name, sizeof name, "%s-%s.doc", document_type_name(item->document->type),
                 hex_encode(hex, item->digest, 8));
    path = file_join(dir, name);
    if (path == NULL)
        return err_set(err, ERR_NO_MEMORY, "%s", name);
    if ((rc = authority_save_new(item->document, path, err)) == 0)
        printf("%s\n", path);
    free(path);
    return rc;
}

int authority_publish(const struct args *args, struct err *err)
{
    const char *dir = args_value(args, "dir");
    struct publication publication = {0};
    int rc;

    publication.items = calloc(MAX_DOCUMENTS, sizeof *publication.items);
    if (publication.items == NULL)
        return err_set(err, ERR_NO_MEMORY, "%d documents", MAX_DOCUMENTS);
    if ((rc = add_directory(&publication, dir, err)) != 0)
        goto done;
    for (size_t i = 0; i < args_num_operands(args); i++) {
        if ((rc = add(&publication, args_operand(args, i), true, err)) != 0)
            goto done;
    }
    qsort(publication.items, publication.num, sizeof *publication.items, by_type);
    if ((rc = check(&publication, err)) != 0 || (rc = file_make_dir(dir, 0755, err)) != 0)
        goto done;
    for (size_t i = 0; i < publication.num && rc == 0; i++) {
        if (publication.items[i].is_new)
            rc = write_item(dir, &publication.items[i], err);
    }

done:
    clear(&publication);
    return rc;
}
