/* commands_join.c - a hospital joins by its leader's token. */
#include "node/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/enrol.h"
#include "base/file.h"

#define WAIT_MINUTES 10

struct joining {
    const struct args *args;
    struct egress *egress; /* opened before the first byte leaves */
};

static void say_fingerprint(void *user, const Weft__V1__JoinToken *token, const char *fingerprint)
{
    const struct args *args = ((struct joining *)user)->args;

    printf(SAY(args,
               "fingerprint: %s\nRead it to the operator of %s by telephone. Waiting until they have admitted %s...\n",
               "指纹：%s\n请向 %s 的操作员电话报读该指纹，等待其准入 %s……\n"),
           fingerprint, token->leader, token->id);
    fflush(stdout);
}

static int log_sent(void *user, const char *destination, const char *method, const uint8_t *bytes, size_t len,
                    struct err *err)
{
    struct joining *joining = user;
    struct egress_entry entry = {.time_ms = calendar_now_ms(),
                                 .kind = "join",
                                 .task = "",
                                 .destination = destination,
                                 .method = "Join",
                                 .length = len};
    char *path = file_join(args_operand(joining->args, 1), "egress.log");
    int rc = 0;

    (void)method;
    if (path == NULL)
        rc = err_set(err, ERR_NO_MEMORY, "egress log");
    else if (joining->egress == NULL)
        rc = egress_open(&joining->egress, path, false, NULL, err);
    free(path);
    digest(entry.sha256, bytes, len);
    return rc != 0 ? rc : egress_add(joining->egress, &entry, err);
}

/* Never over another file. */
static int write_settings(const struct enrol *enrol, const char *dir, struct err *err)
{
    char *path = file_join(dir, "settings.yaml"), *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int rc;

    if (path == NULL || out == NULL) {
        free(path);
        return err_set(err, ERR_NO_MEMORY, "settings");
    }
    enrol_print_settings(out, enrol);
    fprintf(out, "leader: \"%s %s\"\n", enrol->token->leader_tls_name, enrol->token->endpoint);
    rc = fclose(out) != 0 ? err_set(err, ERR_NO_MEMORY, "settings")
         : file_exists(path) ? 0
                             : file_create(path, text, len, FILE_MODE_PUBLIC, err);
    free(text);
    free(path);
    return rc;
}

int command_join(const struct args *args, struct err *err)
{
    const char *dir = args_operand(args, 1);
    struct joining joining = {.args = args};
    struct enrol_options options = {
        .token_path = args_operand(args, 0),
        .dir = dir,
        .kind = JOIN_SITE,
        .sent = log_sent,
        .asks = say_fingerprint,
        .user = &joining,
    };
    struct enrol enrol = {0};
    int64_t minutes;
    int rc;

    if ((rc = args_int(args, "wait", &minutes, WAIT_MINUTES, 0, 10080, err)) != 0 || (rc = rpc_init(err)) != 0)
        return rc;
    options.wait_ms = minutes * 60000;
    if ((rc = enrol_run(&enrol, &options, err)) == 0 && (rc = write_settings(&enrol, dir, err)) == 0)
        printf(SAY(args,
                   "joined; the settings are in %s/settings.yaml. Tasks come as soon as a roster names this hospital.\n",
                   "加入完成，设置文件为 %s/settings.yaml。名册包含本院后即可收到任务。\n"),
               dir);
    enrol_clear(&enrol);
    egress_close(&joining.egress);
    rpc_shutdown();
    return rc;
}
