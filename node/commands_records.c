/* commands_records.c - init and import. */
#include "node/commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "crypto/secret.h"
#include "node/import.h"

/* ---- init ---- */

int command_init(const struct args *args, struct err *err)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    const char *dir = args_value(args, "dir");
    struct join join = {0};
    char *path = NULL;
    int rc =
        identity_create(dir, JOIN_SITE, args_value(args, "id"), args_value(args, "tls-name"), NULL, 0, err);

    if (rc != 0) {
        return rc;
    }
    if ((path = file_join(dir, IDENTITY_JOIN_FILE)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "join file");
    } else if ((rc = join_read(&join, path, err)) == 0) {
        printf(SAY(args,
                   "join file, for the authority: %s\n"
                   "fingerprint, to compare with it: %s\n"
                   "The keys beside it never leave this machine. Keep a copy of the directory in a safe "
                   "place.\n",
                   "加入文件（交给管理机构）：%s\n指纹（请与管理机构核对）：%s\n"
                   "同目录下的密钥不得离开本机，请将该目录备份于安全之处。\n"),
               path, join_fingerprint(fingerprint, &join));
    }
    join_clear(&join);
    free(path);
    return rc;
}

/* ---- import ---- */

static void print_counts(const struct args *args, const char *file, const struct import_counts *counts)
{
    printf(SAY(args,
               "%s: %" PRIu64 " rows: %" PRIu64 " new, %" PRIu64 " changed, %" PRIu64 " unchanged, %" PRIu64
               " repeated, %" PRIu64 " rejected\n",
               "%s：共 %" PRIu64 " 行：新增 %" PRIu64 "，更新 %" PRIu64 "，未变 %" PRIu64 "，重复 %" PRIu64
               "，拒绝 %" PRIu64 "\n"),
           file, counts->rows, counts->inserted, counts->changed, counts->unchanged, counts->repeated,
           counts->rejected);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat first, second;

    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* The list of rejected rows replaces what is there; that must not be what it is made from. */
static int check_rejects(const struct args *args, struct err *err)
{
    const char *rejects = args_value(args, "rejects");

    if (rejects == NULL) {
        return 0;
    }
    if (args_num_operands(args) > 1) {
        return err_set(err, ERR_USAGE, "--rejects takes the rows of one file: import them one by one");
    }
    if (is_same_file(rejects, args_operand(args, 0)) || is_same_file(rejects, args_value(args, "mapping")) ||
        is_same_file(rejects, args_value(args, "settings"))) {
        return err_set(err, ERR_USAGE, "--rejects %s would overwrite what is read", rejects);
    }
    return 0;
}

/* Some rows may be rejected; when all are, the file was not imported. *is_changed is set if any record is another now.
 */
static int import_one(const struct args *args, struct session *session, const char *file,
                      const struct mapping *mapping, const uint8_t key[PSEUDONYM_KEY_SIZE], bool *is_changed,
                      struct err *err)
{
    struct import_options options = {.pseudonym_key = key, .reject_path = args_value(args, "rejects")};
    struct import_counts counts = {0};
    int rc = import_file(session->store, file, mapping, &options, &counts, err);

    if (rc != 0) {
        return rc;
    }
    print_counts(args, file, &counts);
    *is_changed |= counts.inserted + counts.changed > 0;
    if (counts.rejected == 0) {
        return 0;
    }
    if (counts.rejected == counts.rows) {
        if (err != NULL) {
            *err = counts.first_reject;
        }
        return counts.first_reject.code;
    }
    command_warn(args, &counts.first_reject);
    if (options.reject_path != NULL) {
        fprintf(stderr, SAY(args, "rejected rows with their reasons: %s\n", "被拒绝的行及原因见：%s\n"),
                options.reject_path);
    } else {
        fputs(SAY(args, "the first of them; --rejects FILE lists all\n",
                  "以上为首条；使用 --rejects FILE 可列出全部\n"),
              stderr);
    }
    return 0;
}

static void pseudonym_key(uint8_t key[PSEUDONYM_KEY_SIZE], const struct identity *identity)
{
    static const char label[] = "weft node pseudonym key";

    derive(key, PSEUDONYM_KEY_SIZE, identity->site_secret, sizeof identity->site_secret, label,
           sizeof label - 1, "", 0);
}

int command_import(const struct args *args, struct err *err)
{
    struct session session = {0};
    struct mapping *mapping = NULL;
    uint8_t key[PSEUDONYM_KEY_SIZE] = {0};
    size_t num = args_num_operands(args);
    bool is_changed = false;
    int rc;

    if ((rc = check_rejects(args, err)) != 0) {
        return rc;
    }
    if ((rc = mapping_load(&mapping, args_value(args, "mapping"), err)) != 0 ||
        (rc = session_open(&session, args_value(args, "settings"), SESSION_RECORDS, err)) != 0) {
        goto done;
    }
    pseudonym_key(key, &session.identity);
    for (size_t i = 0; rc == 0 && i < num; i++) {
        rc = import_one(args, &session, args_operand(args, i), mapping, key, &is_changed, err);
    }
    if (rc == 0 && is_changed) {
        puts(SAY(args, "Records changed. When all files are imported: weft-node evaluate",
                 "记录有变动。全部文件导入后请运行：weft-node evaluate"));
    }
done:
    secret_wipe(key, sizeof key);
    session_close(&session);
    mapping_free(&mapping);
    return rc;
}
