/* checklist.c - lines, and the checks that both programs make. */
#include "base/checklist.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/calendar.h"
#include "base/probe.h"
#include "base/rpc.h"

#define STEP_TIMEOUT_MS 5000
#define TEXT_MAX        1600
#define MAX_SKEW_MS     (5 * 60 * 1000) /* a pair's clocks may differ by so much */
#define WARN_SKEW_MS    (60 * 1000)
#define FREE_FAIL       (UINT64_C(256) << 20)
#define FREE_WARN       (UINT64_C(2) << 30)

/* ---- lines ---- */

struct checklist checklist_begin(enum err_lang lang, bool as_json)
{
    struct checklist list = {.lang = lang, .as_json = as_json};

    if (as_json) {
        list.json = json_begin(stdout);
        json_object(&list.json, NULL);
        json_array(&list.json, "checks");
    }
    return list;
}

static void print_line(struct checklist *list, enum check_level level, const char *name, const char *text)
{
    static const char *const levels[] = {"ok", "WARN", "FAIL"}, *const codes[] = {"ok", "warn", "fail"};

    list->num_warn += level == CHECK_WARN;
    list->num_fail += level == CHECK_FAIL;
    if (!list->as_json) {
        printf("%-5s %-12s %s\n", levels[level], name, text);
        return;
    }
    json_object(&list->json, NULL);
    json_text(&list->json, "check", name);
    json_text(&list->json, "level", codes[level]);
    json_text(&list->json, "text", text);
    json_end(&list->json);
}

void checklist_say(struct checklist *list, enum check_level level, const char *name, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_line(list, level, name, text);
}

void checklist_err(struct checklist *list, enum check_level level, const char *name, const struct err *err)
{
    char text[TEXT_MAX];

    print_line(list, level, name, err_text(err, list->lang, text, sizeof text));
}

int checklist_end(struct checklist *list, struct err *err)
{
    if (list->as_json) {
        json_end(&list->json);
        json_int(&list->json, "warnings", list->num_warn);
        json_int(&list->json, "failures", list->num_fail);
        json_end(&list->json);
        if (!json_finish(&list->json)) {
            return err_set(err, ERR_FILE_WRITE, "standard output");
        }
    }
    return list->num_fail == 0 ? 0 : err_set(err, ERR_CHECK_FAILED, "%d", list->num_fail);
}

/* ---- disk ---- */

void checklist_disk(struct checklist *list, const char *path)
{
    char *above = strdup(path);
    struct statvfs info;
    uint64_t room;

    if (above == NULL || (statvfs(path, &info) != 0 && statvfs(dirname(above), &info) != 0)) {
        checklist_say(list, CHECK_FAIL, "disk", CHECK_TEXT(list, "%s: cannot be looked at", "%s：无法查看"), path);
        free(above);
        return;
    }
    free(above);
    room = (uint64_t)info.f_bavail * info.f_frsize;
    checklist_say(list, room < FREE_FAIL ? CHECK_FAIL : room < FREE_WARN ? CHECK_WARN : CHECK_OK, "disk",
                  CHECK_TEXT(list, "%" PRIu64 " MB free at %s", "可用 %" PRIu64 " MB（%s）"), room >> 20, path);
}

/* ---- a link: what the probe met, in words ---- */

struct advice {
    const char *en, *zh;
};

static const struct advice advice_table[] = {
    [PROBE_BAD_ADDRESS] = {"not HOST:PORT: correct the settings", "不是“主机:端口”，请更正设置"},
    [PROBE_NO_NAME] = {"the name does not resolve: ask IT for a DNS entry, or write the IP address into the settings",
                       "名称无法解析：请信息科配置 DNS，或在设置中填写 IP 地址"},
    [PROBE_REFUSED] = {"refused: the machine is there and nobody listens on this port. Is the port right, does the "
                       "coordinator run?",
                       "被拒绝：主机可达，但该端口无程序监听。请核对端口，并确认协调方程序已运行"},
    [PROBE_SILENT] = {"no answer: a firewall drops it, or the address is wrong. Ask IT to allow this address and port",
                      "无应答：可能被防火墙丢弃或地址有误。请信息科放行该地址和端口"},
    [PROBE_NO_ROUTE] = {"the network cannot get there: wrong network, no route, or rejected by a firewall",
                        "网络不可达：网段错误、无路由或被防火墙拒绝"},
    [PROBE_PROXY_REFUSED] = {"the proxy refuses: ask its administrators to allow CONNECT to this name and port (407: "
                             "user or password)",
                             "代理拒绝：请代理管理员放行到该名称和端口的 CONNECT（407 表示用户名或密码有误）"},
    [PROBE_PROXY_SILENT] = {"the proxy takes the request and does not answer", "代理已接受请求但无应答"},
    [PROBE_NO_TLS] = {"what listens there does not speak TLS as a coordinator does, or hangs up: a wrong port, or a "
                      "filter in between",
                      "对端不使用协调方的 TLS 或主动断开：端口有误，或中间有过滤设备"},
    [PROBE_OLD_TLS] = {"TLS older than 1.3: not a coordinator; something in between answers",
                       "TLS 版本低于 1.3：不是协调方，而是中间设备在应答"},
    [PROBE_FOREIGN_ISSUER] = {"THE CERTIFICATE IS NOT FROM OUR AUTHORITY. If the issuer is a security product (antivirus, "
                              "firewall, proxy), it opens TLS: ask IT to exempt this name and port. Else it is a wrong "
                              "host, or the wrong file in `ca`",
                              "证书并非由本网证书机构签发。若签发者是安全产品（杀毒软件、防火墙、代理），说明其在解密 "
                              "TLS：请信息科将该名称和端口列入例外；否则是主机有误，或 ca 文件有误"},
    [PROBE_EXPIRED] = {"its certificate is not valid now: is this machine's clock right? Else the coordinator must renew it",
                       "其证书当前无效：请核对本机时钟，否则应由协调方更新证书"},
    [PROBE_WRONG_NAME] = {"a coordinator of this net, but another one: correct the TLS name or the address in the settings",
                          "是本网的协调方，但不是所指的一个：请更正设置中的 TLS 名称或地址"},
    [PROBE_OWN_REFUSED] = {"the server does not accept this party's certificate, or hangs up after it",
                           "对方不接受本方证书，或在其后断开"},
    [PROBE_OWN_FILES] = {"this party's own certificate, key or ca file cannot be used", "本方的证书、密钥或 ca 文件不可用"},
};

/* At which line a failure is told: what comes before it is fine. */
static const char *step_of(enum probe_outcome outcome)
{
    switch (outcome) {
    case PROBE_BAD_ADDRESS:
    case PROBE_NO_NAME:
        return "name";
    case PROBE_REFUSED:
    case PROBE_SILENT:
    case PROBE_NO_ROUTE:
        return "connection";
    case PROBE_PROXY_REFUSED:
    case PROBE_PROXY_SILENT:
        return "proxy";
    default:
        return "tls";
    }
}

static void say_met(struct checklist *list, const struct checklist_link *link, const struct probe *probe)
{
    const struct advice *advice = &advice_table[probe->outcome];
    char met[1200] = "";

    if (probe->issuer[0] != '\0') {
        snprintf(met, sizeof met, CHECK_TEXT(list, " [issuer %s; for %s; %s]", " [签发者 %s；名称 %s；%s]"), probe->issuer,
                 probe->names[0] == '\0' ? probe->subject : probe->names, probe->tls_version);
    }
    if (probe->status != 0) {
        snprintf(met, sizeof met, " [HTTP %d]", probe->status);
    }
    checklist_say(list, CHECK_FAIL, step_of(probe->outcome), "%s (%s%s%s): %s%s%s%s", link->who, link->target,
                  probe->address[0] == '\0' ? "" : " = ", probe->address, CHECK_TEXT(list, advice->en, advice->zh), met,
                  probe->words[0] == '\0' ? "" : ": ", probe->words);
}

static void say_connected(struct checklist *list, const struct checklist_link *link, const struct probe *probe,
                          const struct proxy *proxy)
{
    if (proxy->address[0] != '\0') {
        checklist_say(list, CHECK_OK, "proxy", CHECK_TEXT(list, "%s connects to %s", "%s 可连接 %s"), proxy->address,
                      link->target);
    }
    checklist_say(list, CHECK_OK, "connection", CHECK_TEXT(list, "%s: %s answers", "%s：%s 有应答"), link->who,
                  probe->address);
    checklist_say(list, CHECK_OK, "tls",
                  CHECK_TEXT(list, "%s, certificate of our authority for %s, ours is accepted",
                             "%s，本网证书机构签发，名称 %s，本方证书被接受"),
                  probe->tls_version, probe->names);
}

/* ---- a link: the service and its clock ---- */

struct clock_text {
    char text[CALENDAR_TEXT_SIZE];
};

static struct clock_text clock_text(int64_t ms)
{
    struct calendar_zone zone = {0};
    struct clock_text out = {""};

    if (calendar_zone(&zone, NULL, NULL) == 0) {
        calendar_format(ms, &zone, out.text);
    }
    return out;
}

static void say_clock(struct checklist *list, const struct checklist_link *link, int64_t theirs_ms)
{
    int64_t ours_ms = calendar_now_ms(), apart_ms = ours_ms > theirs_ms ? ours_ms - theirs_ms : theirs_ms - ours_ms;

    if (theirs_ms == 0) {
        checklist_say(list, CHECK_WARN, "clock", CHECK_TEXT(list, "%s does not tell its time", "%s 未告知其时间"),
                      link->who);
        return;
    }
    checklist_say(list, apart_ms > MAX_SKEW_MS ? CHECK_FAIL : apart_ms > WARN_SKEW_MS ? CHECK_WARN : CHECK_OK, "clock",
                  CHECK_TEXT(list, "here %s, at %s %s: %" PRId64 " s apart (at most 300)",
                             "本机 %s，%s %s：相差 %" PRId64 " 秒（不得超过 300）"),
                  clock_text(ours_ms).text, link->who, clock_text(theirs_ms).text, apart_ms / 1000);
}

static bool check_service(struct checklist *list, const struct checklist_link *link, const struct proxy *proxy)
{
    struct rpc_channel_options options = {.target = link->target,
                                          .tls_name = link->tls_name,
                                          .ca_file = link->ca_file,
                                          .cert_file = link->cert_file,
                                          .key_file = link->key_file,
                                          .proxy = proxy};
    struct rpc_channel *channel = NULL;
    struct err err = {0};
    int64_t time_ms = 0;
    int rc = rpc_channel_open(&channel, &options, &err);

    if (rc == 0) {
        rc = rpc_check_health(channel, "weft.v1.Exchange", STEP_TIMEOUT_MS, &time_ms, &err);
    }
    rpc_channel_close(&channel);
    if (rc != 0) {
        checklist_err(list, CHECK_FAIL, "service", &err);
        return false;
    }
    checklist_say(list, CHECK_OK, "service", CHECK_TEXT(list, "%s serves", "%s 正常服务"), link->who);
    say_clock(list, link, time_ms);
    return true;
}

bool checklist_link(struct checklist *list, const struct checklist_link *link)
{
    struct proxy proxy = {0};
    struct probe_options options = {.target = link->target,
                                    .tls_name = link->tls_name,
                                    .ca_file = link->ca_file,
                                    .cert_file = link->cert_file,
                                    .key_file = link->key_file,
                                    .proxy = &proxy,
                                    .timeout_ms = STEP_TIMEOUT_MS};
    struct probe probe;
    struct err err = {0};
    bool serves = false;

    if (proxy_choose(&proxy, &link->proxy, link->target, &err) != 0) {
        checklist_err(list, CHECK_FAIL, "proxy", &err);
        return false;
    }
    probe_run(&probe, &options);
    if (probe.outcome != PROBE_OK) {
        say_met(list, link, &probe);
    } else {
        say_connected(list, link, &probe, &proxy);
        serves = check_service(list, link, &proxy);
    }
    proxy_clear(&proxy);
    return serves;
}
