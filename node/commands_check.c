/* commands_check.c - before going live: does everything work that reporting will need, and if not, what is it? */
#include "node/commands.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/checklist.h"
#include "base/file.h"

#define WARN_DAYS 30

/* ---- this machine ---- */

static void check_certificate(struct checklist *list, const struct session *session)
{
    struct cert_info info;
    struct err err = {0};
    uint8_t *pem = NULL;
    size_t len;
    int64_t days;

    if (session_check_certificate(session, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "certificate", &err);
        return;
    }
    if (file_read(&pem, &len, session->settings.certificate, CERT_PEM_MAX, &err) == 0 &&
        cert_read(&info, (const char *)pem, &err) == 0) {
        days = (info.not_after_ms - calendar_now_ms()) / CALENDAR_MS_PER_DAY;
        checklist_say(list, days < WARN_DAYS ? CHECK_WARN : CHECK_OK, "certificate",
                      CHECK_TEXT(list, "for %s, %" PRId64 " days left", "名称 %s，剩余 %" PRId64 " 天"), info.dns_name,
                      days);
    }
    free(pem);
}

static bool check_roots(struct checklist *list, const struct session *session)
{
    struct join_roots roots = {0};
    struct err err = {0};
    bool sides[3] = {false};

    for (size_t i = 0; i < session->settings.roots.num; i++) {
        if (join_roots_add(&roots, session->settings.roots.items[i], &err) != 0) {
            checklist_err(list, CHECK_FAIL, "roots", &err);
            return false;
        }
        sides[roots.root[i].side == WEFT__V1__SIDE__SIDE_LEADER ? 1 : 2] = true;
    }
    checklist_say(list, sides[1] && sides[2] ? CHECK_OK : CHECK_FAIL, "roots",
                  sides[1] && sides[2] ? CHECK_TEXT(list, "%zu, of both sides", "%zu 个，双方均有")
                                       : CHECK_TEXT(list, "%zu, of one side alone: get the other side's root file",
                                                    "%zu 个，仅有一方：请向另一方索取根文件"),
                  session->settings.roots.num);
    return sides[1] && sides[2];
}

/* Settings, keys, certificate, roots, disk; true when the network may be tried. */
static bool check_machine(struct checklist *list, struct session *session, const char *path)
{
    struct err err = {0};

    if (node_settings_load(&session->settings, path, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "settings", &err);
        return false;
    }
    checklist_say(list, CHECK_OK, "settings", "%s", path);
    if (identity_load(&session->identity, session->settings.dir, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "keys", &err);
        return false;
    }
    checklist_say(list, CHECK_OK, "keys", CHECK_TEXT(list, "of %s, closed to others", "%s 的密钥，他人不可读"),
                  session->identity.id);
    check_certificate(list, session);
    checklist_disk(list, session->settings.store);
    return check_roots(list, session);
}

/* ---- the net ---- */

static bool check_link(struct checklist *list, const struct session *session)
{
    const struct node_settings *settings = &session->settings;
    char *key = file_join(settings->dir, IDENTITY_TLS_KEY_FILE);
    const struct checklist_link link = {
        .who = settings->leader_name,
        .target = settings->leader_address,
        .tls_name = settings->leader_name,
        .ca_file = settings->ca,
        .cert_file = settings->certificate,
        .key_file = key == NULL ? "" : key,
        .proxy = {settings->proxy, settings->proxy_credentials, settings->no_proxy},
    };
    bool serves = checklist_link(list, &link);

    free(key);
    return serves;
}

static void check_site(struct checklist *list, const struct session *session, const struct roster *roster)
{
    int site = roster_find_site(roster, session->identity.id);
    uint8_t key[KEY_SIZE];
    int64_t now = calendar_now_ms();

    if (site == NONE) {
        checklist_say(list, CHECK_FAIL, "roster",
                      CHECK_TEXT(list, "version %" PRIu32 " has no %s: ask the authority", "第 %" PRIu32 " 版中没有 %s：请联系管理机构"),
                      roster->wire->version, session->identity.id);
        return;
    }
    sign_public(key, session->identity.sign_key);
    if (strcmp(roster->sites[site].wire->tls_name, session->identity.tls_name) != 0 ||
        memcmp(roster->sites[site].wire->sign_key.data, key, KEY_SIZE) != 0) {
        checklist_say(list, CHECK_FAIL, "roster",
                      CHECK_TEXT(list, "it holds another TLS name or key of %s: give the authority this join.yaml again",
                                 "其中 %s 的 TLS 名称或密钥与本机不同：请重新提交 join.yaml"),
                      session->identity.id);
        return;
    }
    checklist_say(list, roster->wire->expires_ms <= now ? CHECK_FAIL : CHECK_OK, "roster",
                  CHECK_TEXT(list, "version %" PRIu32 " holds this hospital and its key%s",
                             "第 %" PRIu32 " 版含本院及其密钥%s"),
                  roster->wire->version,
                  roster->wire->expires_ms > now ? "" : CHECK_TEXT(list, "; IT HAS EXPIRED", "；已过期"));
}

/* Of each task that takes reports: are both coordinators' keys here? */
static void check_tasks(struct checklist *list, const struct session *session)
{
    int64_t now = calendar_now_ms();

    for (size_t i = 0; i < agent_num_tasks(session->agent); i++) {
        const struct agent_task *task = agent_task_at(session->agent, i);
        const struct roster_area *area;
        bool has_leader, has_helper;
        if (task->site == NONE || now < task->task->wire->open_ms || now >= task->task->wire->close_ms) {
            continue;
        }
        area = &task->roster->areas[task->area];
        has_leader = task->view->key_sheets[area->leader].document != NULL;
        has_helper = task->view->key_sheets[area->helper].document != NULL;
        checklist_say(list, has_leader && has_helper ? CHECK_OK : CHECK_WARN, "task",
                      CHECK_TEXT(list, "%.16s is open; keys of leader: %s, of helper: %s",
                                 "%.16s 正在接收；主方密钥：%s，辅方密钥：%s"),
                      task->task->hex, has_leader ? CHECK_TEXT(list, "here", "已有") : CHECK_TEXT(list, "missing", "缺"),
                      has_helper ? CHECK_TEXT(list, "here", "已有") : CHECK_TEXT(list, "missing", "缺"));
    }
}

/* Asks the leader as the daemon does: what leaves is listed in the egress log. */
static void check_membership(struct checklist *list, const char *path)
{
    struct session session = {0};
    struct err err = {0};

    if (session_open(&session, path, SESSION_TALK, &err) != 0 || session_pull(&session, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "roster", &err);
    } else if (agent_newest_roster(session.agent) == NULL) {
        checklist_say(list, CHECK_WARN, "roster", "%s",
                      CHECK_TEXT(list, "the leader has given none that our roots signed",
                                 "主方尚未给出由所信任的根签署的名册"));
    } else {
        check_site(list, &session, agent_newest_roster(session.agent));
        check_tasks(list, &session);
    }
    if (session.egress != NULL && !egress_is_as_marked(session.egress)) {
        err_set(&err, ERR_EGRESS_CHANGED, "%s", egress_path(session.egress));
        checklist_err(list, CHECK_FAIL, "egress", &err);
    }
    session_close(&session);
}

int command_check(const struct args *args, struct err *err)
{
    struct checklist list = checklist_begin(args_lang(args), args_flag(args, "json"));
    const char *path = args_value(args, "settings");
    struct session session = {.lock_fd = -1};
    int rc = rpc_init(err); /* before secrets are read */

    if (rc != 0) {
        return rc;
    }
    session.has_rpc = true;
    if (check_machine(&list, &session, path) && check_link(&list, &session)) {
        check_membership(&list, path);
    }
    session_close(&session);
    return checklist_end(&list, err);
}
