/* check.c - settings, keys, certificate, disk; the port, the advertised address seen from here, and the peers. */
#include "coordinator/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/checklist.h"
#include "base/file.h"
#include "base/rpc.h"
#include "coordinator/setup.h"

#define WARN_DAYS 30

/* ---- this machine ---- */

static void check_certificate(struct checklist *list, const struct setup *setup)
{
    int64_t now = calendar_now_ms(), days;
    struct cert_info info;
    struct err err = {0};

    if (setup_check_certificate(setup, &info, now, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "certificate", &err);
        return;
    }
    days = (info.not_after_ms - now) / CALENDAR_MS_PER_DAY;
    checklist_say(list, days < WARN_DAYS ? CHECK_WARN : CHECK_OK, "certificate",
                  CHECK_TEXT(list, "for %s, %" PRId64 " days left", "名称 %s，剩余 %" PRId64 " 天"), info.dns_name, days);
}

static bool check_machine(struct checklist *list, struct setup *setup, const char *path)
{
    struct err err = {0};

    if (setup_read(setup, path, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "settings", &err);
        return false;
    }
    checklist_say(list, CHECK_OK, "settings", "%s", path);
    if (setup_load_keys(setup, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "keys", &err);
        return false;
    }
    checklist_say(list, CHECK_OK, "keys", CHECK_TEXT(list, "of %s, closed to others; roots of both sides", "%s 的密钥，他人不可读；双方根文件齐全"),
                  setup->identity.id);
    check_certificate(list, setup);
    checklist_disk(list, setup->store_path);
    return true;
}

/* ---- own server ---- */

static bool is_running(const struct setup *setup)
{
    struct err err = {0};
    int fd = -1, rc;

    if (!setup_has_store(setup) || file_lock_open(&fd, setup->store_path, &err) != 0) {
        return false;
    }
    rc = file_lock(fd, setup->store_path, 0, &err);
    close(fd);
    return rc == ERR_STORE_LOCKED;
}

static struct checklist_link link_to(const struct setup *setup, const char *who, const char *target,
                                     const char *tls_name)
{
    const struct setup_settings *settings = &setup->settings;

    return (struct checklist_link){
        .who = who,
        .target = target,
        .tls_name = tls_name,
        .ca_file = settings->ca,
        .cert_file = settings->certificate,
        .key_file = setup->tls_key_path,
        .proxy = {settings->proxy, settings->proxy_credentials, settings->no_proxy},
    };
}

static void check_server(struct checklist *list, const struct setup *setup)
{
    char endpoint[SETUP_ENDPOINT_SIZE];
    struct checklist_link link;
    struct err err = {0};

    if (!is_running(setup)) {
        if (rpc_can_listen(setup->settings.listen, &err) != 0) {
            checklist_err(list, CHECK_FAIL, "listen", &err);
        } else {
            checklist_say(list, CHECK_WARN, "listen",
                          CHECK_TEXT(list, "%s can be served on; nothing runs yet: start it, then check again",
                                     "%s 可以监听；服务尚未运行，请启动后再次检查"),
                          setup->settings.listen);
        }
        return;
    }
    checklist_say(list, CHECK_OK, "listen", CHECK_TEXT(list, "the daemon runs on %s", "服务正在 %s 运行"),
                  setup->settings.listen);
    if (!setup_advertised_endpoint(setup, endpoint)) {
        checklist_say(list, CHECK_WARN, "advertise", "%s",
                      CHECK_TEXT(list, "its port is chosen at the start: set listen, advertise or port_file",
                                 "端口为启动时任选：请设置 listen、advertise 或 port_file"));
        return;
    }
    checklist_say(list, CHECK_OK, "advertise", CHECK_TEXT(list, "others are told %s; from here:", "告知他方的地址为 %s；从本机访问："),
                  endpoint);
    link = link_to(setup, setup->identity.id, endpoint, setup->identity.tls_name);
    (void)checklist_link(list, &link);
}

int check_print(const char *settings_path, bool json, enum err_lang lang, struct err *err)
{
    struct checklist list;
    struct setup *setup;
    int rc = rpc_init(err); /* before secrets are read */

    if (rc != 0) {
        return rc;
    }
    if ((setup = calloc(1, sizeof *setup)) == NULL) {
        rpc_shutdown();
        return err_set(err, ERR_NO_MEMORY, "check");
    }
    list = checklist_begin(lang, json);
    if (check_machine(&list, setup, settings_path)) {
        check_server(&list, setup);
        for (size_t i = 0; i < setup->num_peers; i++) {
            const struct setup_peer *peer = &setup->peers[i];
            struct checklist_link link = link_to(setup, peer->id, peer->endpoint, peer->tls_name);
            (void)checklist_link(&list, &link);
        }
    }
    setup_clear(setup);
    free(setup);
    rpc_shutdown();
    return checklist_end(&list, err);
}
