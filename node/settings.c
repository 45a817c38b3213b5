/* settings.c - the settings table of weft-node. */
#include "node/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/party_settings.h"
#include "base/join.h"
#include "base/log.h"

#define NUM(array) (sizeof(array) / sizeof(array)[0])
#define AT(member) offsetof(struct node_settings, member)

static const struct setting table[] = {
    PARTY_SETTINGS(struct node_settings),
    {.name = "leader",
     .type = SETTING_STRING,
     .offset = AT(leader),
     .min = 1,
     .max = 600,
     .en = "The coordinator that this hospital reports to: \"TLS-NAME HOST:PORT\".",
     .zh = "本院上报的主方：“TLS名称 主机:端口”。"},
    {.name = "store",
     .type = SETTING_PATH,
     .offset = AT(store),
     .fallback = "",
     .en = "Directory of the database; none: store in dir.",
     .zh = "数据库目录；不填则为 dir 下的 store。"},
    {.name = "egress_log",
     .type = SETTING_PATH,
     .offset = AT(egress_log),
     .fallback = "",
     .en = "The list of every byte string that leaves; none: egress.log in dir.",
     .zh = "出口日志（离开本院的每段字节）；不填则为 dir 下的 egress.log。"},
    {.name = "poll",
     .type = SETTING_DURATION,
     .offset = AT(poll_ms),
     .fallback = "30s",
     .min = 10,
     .max = 3600000,
     .en = "How often the daemon looks for new tasks and results.",
     .zh = "守护进程查看新任务与结果的间隔。"},
    PARTY_PROXY_SETTINGS(struct node_settings),
    PARTY_LOG_SETTINGS(struct node_settings),
};

void node_settings_print(FILE *out, enum err_lang lang)
{
    settings_print(out, table, NUM(table), lang);
}

void node_settings_clear(struct node_settings *settings)
{
    settings_clear(settings, table, NUM(table));
    *settings = (struct node_settings){0};
}

/* "TLS-NAME HOST:PORT". */
static int split_leader(struct node_settings *settings, const char *path, struct err *err)
{
    const char *space = strchr(settings->leader, ' ');
    size_t len = space == NULL ? 0 : (size_t)(space - settings->leader);

    if (len > 0 && len < sizeof settings->leader_name) {
        memcpy(settings->leader_name, settings->leader, len);
        settings->leader_address = space + strspn(space, " ");
    }
    if (settings->leader_address == NULL || !join_tls_name_is_valid(settings->leader_name) ||
        strchr(settings->leader_address, ':') == NULL || strchr(settings->leader_address, ' ') != NULL) {
        err_set(err, ERR_YAML_BAD_VALUE, "expected \"TLS-NAME HOST:PORT\"");
        err_field(err, "leader");
        return err_at(err, path, 0, 0);
    }
    return 0;
}

static int default_place(char **setting, const char *dir, const char *name, struct err *err)
{
    if (*setting == NULL && (*setting = file_join(dir, name)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "settings");
    }
    return 0;
}

int node_settings_load(struct node_settings *settings, const char *path, struct err *err)
{
    int rc;

    if ((rc = settings_load(settings, table, NUM(table), path, err)) != 0) {
        return rc;
    }
    if ((rc = split_leader(settings, path, err)) != 0 ||
        (rc = default_place(&settings->store, settings->dir, "store", err)) != 0 ||
        (rc = default_place(&settings->egress_log, settings->dir, "egress.log", err)) != 0) {
        node_settings_clear(settings);
    }
    return rc;
}
