/* setup.c - the settings table of a coordinator, and what is loaded by it. */
#include "coordinator/setup.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/party_settings.h"
#include "base/log.h"
#include "crypto/secret.h"

#define NUM(array) (sizeof(array) / sizeof(array)[0])
#define AT(member) offsetof(struct setup_settings, member)

static const struct setting table[] = {
    PARTY_SETTINGS(struct setup_settings),
    {.name = "listen",
     .type = SETTING_STRING,
     .offset = AT(listen),
     .fallback = "127.0.0.1:0",
     .max = 255,
     .en = "Address and port to serve on. Port 0: the one in port_file if it is free, else any.",
     .zh = "监听地址与端口；端口为 0 时优先沿用 port_file 中的端口，否则任选。"},
    {.name = "advertise",
     .type = SETTING_STRING,
     .offset = AT(advertise),
     .fallback = "",
     .max = 255,
     .en = "host:port under which others reach this coordinator; none: the address served on.",
     .zh = "供其他各方访问本协调方的 host:port；不填则为监听地址。"},
    {.name = "port_file",
     .type = SETTING_PATH,
     .offset = AT(port_file),
     .fallback = "",
     .en = "File into which the port is written once serving.",
     .zh = "开始服务后写入端口号的文件。"},
    {.name = "store",
     .type = SETTING_PATH,
     .offset = AT(store),
     .fallback = "",
     .en = "Directory of the database; none: store in dir.",
     .zh = "数据库目录；不填则为 dir 下的 store。"},
    {.name = "publication",
     .type = SETTING_PATH,
     .offset = AT(publication),
     .fallback = "",
     .en = "Directory of the authority's *.doc files (top leader); looked at every few seconds.",
     .zh = "管理机构 *.doc 文件所在目录（仅最高级主方），每隔几秒查看一次。"},
    {.name = "parent",
     .type = SETTING_STRING,
     .offset = AT(parent),
     .fallback = "",
     .max = ID_MAX,
     .en = "Coordinator from which rosters and tasks come; none at the top and for helpers.",
     .zh = "上级协调方编号（名册与任务的来源）；最高级与辅方不填。"},
    {.name = "peers",
     .type = SETTING_LIST,
     .offset = AT(peers),
     .fallback = "",
     .min = 1,
     .max = 639,
     .en = "How to reach parent and helpers: \"ID TLS-NAME HOST:PORT\" each.",
     .zh = "上级与辅方的访问方式，每项为“编号 TLS名称 主机:端口”。"},
    {.name = "issuer",
     .type = SETTING_PATH,
     .offset = AT(issuer),
     .fallback = "",
     .en = "Issuing certificate of this leader (weft-authority issue-ca); none: it certifies nobody.",
     .zh = "本主方的签发证书（由 weft-authority issue-ca 签发）；不填则不能为他人签发证书。"},
    {.name = "certificate_life",
     .type = SETTING_DURATION,
     .offset = AT(certificate_life_ms),
     .fallback = "90d",
     .min = 1000,
     .max = 825 * CERT_MS_PER_DAY,
     .en = "How long the certificates that this leader issues are valid; parties renew theirs at half of it.",
     .zh = "本主方所签发证书的有效期；各方在过半时自动续期。"},
    {.name = "poll",
     .type = SETTING_DURATION,
     .offset = AT(poll_ms),
     .fallback = "2s",
     .min = 10,
     .max = 3600000,
     .en = "How often to look for news from above.",
     .zh = "查看上级新内容的间隔。"},
    {.name = "card_window",
     .type = SETTING_INT,
     .offset = AT(card_window),
     .fallback = "12",
     .min = 1,
     .max = 1000,
     .en = "How many periods a site's record is judged over.",
     .zh = "机构上报记录评价的周期数。"},
    {.name = "yellow_missing",
     .type = SETTING_INT,
     .offset = AT(yellow_missing),
     .fallback = "1",
     .min = 1,
     .max = 1000,
     .en = "Yellow card from so many missing or rejected reports on.",
     .zh = "缺报或被拒达到此数，给黄牌。"},
    {.name = "yellow_late",
     .type = SETTING_INT,
     .offset = AT(yellow_late),
     .fallback = "2",
     .min = 1,
     .max = 1000,
     .en = "Yellow card from so many late reports on.",
     .zh = "逾期达到此数，给黄牌。"},
    {.name = "red_missing",
     .type = SETTING_INT,
     .offset = AT(red_missing),
     .fallback = "3",
     .min = 1,
     .max = 1000,
     .en = "Red card from so many missing or rejected reports on.",
     .zh = "缺报或被拒达到此数，给红牌。"},
    {.name = "red_late",
     .type = SETTING_INT,
     .offset = AT(red_late),
     .fallback = "4",
     .min = 1,
     .max = 1000,
     .en = "Red card from so many late reports on.",
     .zh = "逾期达到此数，给红牌。"},
    PARTY_PROXY_SETTINGS(struct setup_settings),
    PARTY_LOG_SETTINGS(struct setup_settings),
};

void setup_print_settings(FILE *out, enum err_lang lang)
{
    settings_print(out, table, NUM(table), lang);
}

/* ---- checks beyond the table ---- */

static int bad(const struct setup *setup, const char *field, int code, const char *detail, struct err *err)
{
    err_set(err, code, "%s", detail);
    err_field(err, field);
    return err_at(err, setup->path, 0, 0);
}

/* "host:port" with a port of at least `min_port`. */
static bool is_address(const char *text, unsigned long min_port)
{
    const char *colon = strrchr(text, ':');
    unsigned long port = 0;

    if (colon == NULL || colon == text || colon[1] == '\0' || strlen(colon + 1) > 5) {
        return false;
    }
    for (const char *digit = colon + 1; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') {
            return false;
        }
        port = port * 10 + (unsigned long)(*digit - '0');
    }
    return port >= min_port && port <= 65535;
}

static bool is_any_address(const char *listen)
{
    return strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;
}

static int check_addresses(const struct setup *setup, struct err *err)
{
    const struct setup_settings *settings = &setup->settings;

    if (settings->listen == NULL || !is_address(settings->listen, 0)) {
        return bad(setup, "listen", ERR_YAML_BAD_VALUE, "expected ADDRESS:PORT", err);
    }
    if (settings->advertise != NULL && !is_address(settings->advertise, 1)) {
        return bad(setup, "advertise", ERR_YAML_BAD_VALUE, "expected HOST:PORT", err);
    }
    if (settings->advertise == NULL && is_any_address(settings->listen)) {
        return bad(setup, "advertise", ERR_YAML_MISSING_KEY,
                   "needed when serving on all addresses: others must know where to call", err);
    }
    return 0;
}

static int read_peers(struct setup *setup, struct err *err)
{
    const struct setting_list *list = &setup->settings.peers;

    setup->peers = calloc(list->num + 1, sizeof *setup->peers);
    if (setup->peers == NULL) {
        return err_set(err, ERR_NO_MEMORY, "peers");
    }
    for (size_t i = 0; i < list->num; i++) {
        struct setup_peer *peer = &setup->peers[i];
        int end = 0;

        if (strlen(list->items[i]) >= sizeof peer->endpoint ||
            sscanf(list->items[i], "%64s %255s %319s %n", peer->id, peer->tls_name, peer->endpoint, &end) !=
                3 ||
            list->items[i][end] != '\0' || !id_is_valid(peer->id) ||
            !join_tls_name_is_valid(peer->tls_name) || !is_address(peer->endpoint, 1)) {
            err_set(err, ERR_YAML_BAD_VALUE, "expected \"ID TLS-NAME HOST:PORT\", not \"%s\"",
                    list->items[i]);
            err_field(err, "peers");
            return err_at(err, setup->path, 0, 0);
        }
        if (setup_find_peer(setup, peer->id) != NULL) {
            return bad(setup, "peers", ERR_YAML_BAD_VALUE, "the same coordinator twice", err);
        }
        setup->num_peers++;
    }
    return 0;
}

const struct setup_peer *setup_find_peer(const struct setup *setup, const char *coordinator)
{
    for (size_t i = 0; i < setup->num_peers; i++) {
        if (strcmp(setup->peers[i].id, coordinator) == 0) {
            return &setup->peers[i];
        }
    }
    return NULL;
}

int setup_read(struct setup *setup, const char *path, struct err *err)
{
    struct setup_settings *settings = &setup->settings;
    int rc;

    if ((rc = settings_load(settings, table, NUM(table), path, err)) != 0) {
        return rc;
    }
    setup->path = strdup(path);
    setup->store_path = settings->store != NULL ? strdup(settings->store) : file_join(settings->dir, "store");
    setup->tls_key_path = file_join(settings->dir, IDENTITY_TLS_KEY_FILE);
    setup->issuer_key_path = file_join(settings->dir, IDENTITY_ISSUER_KEY);
    if (setup->path == NULL || setup->store_path == NULL || setup->tls_key_path == NULL ||
        setup->issuer_key_path == NULL) {
        return err_set(err, ERR_NO_MEMORY, "settings");
    }
    if (settings->parent != NULL && !id_is_valid(settings->parent)) {
        return bad(setup, "parent", ERR_YAML_BAD_VALUE, "not an identifier", err);
    }
    if ((rc = check_addresses(setup, err)) != 0) {
        return rc;
    }
    return read_peers(setup, err);
}

/* ---- keys ---- */

static int load_roots(struct setup *setup, struct err *err)
{
    bool has_leader = false, has_helper = false;
    int rc = 0;

    for (size_t i = 0; i < setup->settings.roots.num && rc == 0; i++) {
        rc = join_roots_add(&setup->roots, setup->settings.roots.items[i], err);
    }
    for (size_t i = 0; i < setup->roots.roots.num_roots; i++) {
        has_leader |= setup->roots.root[i].side == WEFT__V1__SIDE__SIDE_LEADER;
        has_helper |= setup->roots.root[i].side == WEFT__V1__SIDE__SIDE_HELPER;
    }
    if (rc == 0 && !(has_leader && has_helper)) {
        rc = bad(setup, "roots", ERR_YAML_BAD_VALUE,
                 has_leader   ? "no root of the helper side"
                 : has_helper ? "no root of the leader side"
                              : "no root at all",
                 err);
    }
    return rc;
}

int setup_load_keys(struct setup *setup, struct err *err)
{
    const struct identity *identity = &setup->identity;
    int rc;

    if ((rc = identity_load(&setup->identity, setup->settings.dir, err)) != 0) {
        return rc;
    }
    if (identity->kind != JOIN_COORDINATOR) {
        return bad(setup, "dir", ERR_YAML_BAD_VALUE, "this is the directory of a site", err);
    }
    setup->collectors = calloc(identity->num_collectors + 1, sizeof *setup->collectors);
    if (setup->collectors == NULL) {
        return err_set(err, ERR_NO_MEMORY, "keys");
    }
    for (size_t i = 0; i < identity->num_collectors; i++) {
        memcpy(setup->collectors[i].area, identity->collectors[i].area, sizeof setup->collectors[i].area);
        memcpy(setup->collectors[i].key, identity->collectors[i].key, KEY_SIZE);
    }
    return load_roots(setup, err);
}

void setup_clear(struct setup *setup)
{
    if (setup->collectors != NULL) {
        secret_wipe(setup->collectors, setup->identity.num_collectors * sizeof *setup->collectors);
    }
    free(setup->collectors);
    identity_clear(&setup->identity);
    settings_clear(&setup->settings, table, NUM(table));
    free(setup->path);
    free(setup->store_path);
    free(setup->tls_key_path);
    free(setup->issuer_key_path);
    free(setup->peers);
    *setup = (struct setup){0};
}

int setup_check_certificate(const struct setup *setup, struct cert_info *info, int64_t now_ms,
                            struct err *err)
{
    uint8_t *authority = NULL, *certificate = NULL;
    size_t len;
    int rc;

    *info = (struct cert_info){0};
    if ((rc = file_read(&certificate, &len, setup->settings.certificate, CERT_PEM_MAX, err)) != 0) {
        return rc;
    }
    if ((rc = cert_read(info, (const char *)certificate, err)) == 0 &&
        (rc = file_read(&authority, &len, setup->settings.ca, CERT_PEM_MAX, err)) == 0) {
        rc = cert_check((const char *)certificate, (const char *)authority, setup->identity.tls_key_pem,
                        setup->identity.tls_name, now_ms, err);
    }
    if (rc == ERR_CERTIFICATE) {
        err_at(err, setup->settings.certificate, 0, 0);
    }
    free(authority);
    free(certificate);
    return rc;
}

int setup_read_certificate(const struct setup *setup, struct cert_info *info, struct err *err)
{
    uint8_t *certificate = NULL;
    size_t len;
    int rc = file_read(&certificate, &len, setup->settings.certificate, CERT_PEM_MAX, err);

    if (rc == 0) {
        rc = cert_read(info, (const char *)certificate, err);
    }
    free(certificate);
    return rc;
}

/* ---- certifying others ---- */

static int no_issuer(const struct setup *setup, const struct err *why, struct err *err)
{
    return err_set(err, ERR_NO_ISSUER, "%s: %s",
                   setup->settings.issuer == NULL ? "the settings name no issuer" : setup->settings.issuer,
                   why->detail);
}

int setup_certify(const struct setup *setup, char **chain_pem, const char *request_pem, const char *tls_name,
                  int64_t life_ms, int64_t now_ms, struct err *err)
{
    uint8_t *key = NULL, *issuer = NULL, *authorities = NULL;
    size_t key_len = 0, len;
    struct err why = {0};
    int rc;

    if (setup->settings.issuer == NULL ||
        file_read(&issuer, &len, setup->settings.issuer, CERT_PEM_MAX, &why) != 0 ||
        file_read(&authorities, &len, setup->settings.ca, CERT_PEM_MAX, &why) != 0 ||
        file_read_secret(&key, &key_len, setup->issuer_key_path, CERT_PEM_MAX, &why) != 0 ||
        cert_check_issuer((const char *)issuer, (const char *)authorities, (const char *)key, now_ms, &why) != 0) {
        rc = no_issuer(setup, &why, err);
    } else {
        rc = cert_sign(chain_pem, (const char *)key, (const char *)issuer, request_pem, tls_name, life_ms, now_ms,
                       err);
    }
    secret_free(key, key_len);
    free(issuer);
    free(authorities);
    return rc;
}

static int certify(void *user, char **chain_pem, const char *request_pem, const char *tls_name, int64_t now_ms,
                   struct err *err)
{
    const struct setup *setup = user;

    return setup_certify(setup, chain_pem, request_pem, tls_name, setup->settings.certificate_life_ms, now_ms,
                         err);
}

/* ---- own addresses ---- */

/* `host` with the port served on: the one in `listen`, else the one that was written. */
static bool with_port(const struct setup *setup, const char *host, int host_len, char out[SETUP_ENDPOINT_SIZE])
{
    const char *listen_port = strrchr(setup->settings.listen, ':') + 1;
    unsigned long port = strtoul(listen_port, NULL, 10);
    uint8_t *text = NULL;
    size_t len;

    if (port == 0 && setup->settings.port_file != NULL &&
        file_read(&text, &len, setup->settings.port_file, 16, NULL) == 0) {
        port = strtoul((const char *)text, NULL, 10);
    }
    free(text);
    snprintf(out, SETUP_ENDPOINT_SIZE, "%.*s:%lu", host_len, host, port);
    return port > 0 && port <= 65535;
}

bool setup_advertised_endpoint(const struct setup *setup, char out[SETUP_ENDPOINT_SIZE])
{
    const struct setup_settings *settings = &setup->settings;

    if (settings->advertise != NULL) {
        snprintf(out, SETUP_ENDPOINT_SIZE, "%s", settings->advertise);
        return true;
    }
    return with_port(setup, settings->listen, (int)(strrchr(settings->listen, ':') - settings->listen), out);
}

bool setup_local_endpoint(const struct setup *setup, char out[SETUP_ENDPOINT_SIZE])
{
    const char *text = setup->settings.listen;
    const char *host = strncmp(text, "0.0.0.0:", 8) == 0 ? "127.0.0.1" : strncmp(text, "[::]:", 5) == 0 ? "[::1]" : text;

    return with_port(setup, host, host == text ? (int)(strrchr(text, ':') - text) : (int)strlen(host), out);
}

static void draw(void *user, void *out, size_t len)
{
    (void)user;
    secret_random(out, len);
}

struct core_options setup_core_options(const struct setup *setup, const char *endpoint,
                                       const uint8_t *incarnation)
{
    const struct identity *identity = &setup->identity;
    struct core_options options = {
        .id = identity->id,
        .endpoint = endpoint,
        .parent = setup->settings.parent == NULL ? "" : setup->settings.parent,
        .roots = setup->roots.roots,
        .collectors = setup->collectors,
        .num_collectors = identity->num_collectors,
        .random = draw,
        .incarnation = incarnation,
        .poll_ms = setup->settings.poll_ms,
        .tls_name = identity->tls_name,
        .certify = setup->settings.issuer == NULL ? NULL : certify,
        .certify_user = (void *)(uintptr_t)setup,
    };

    memcpy(options.sign_key, identity->sign_key, KEY_SIZE);
    memcpy(options.static_key, identity->static_key, KEY_SIZE);
    memcpy(options.at_rest_key, identity->at_rest_key, sizeof options.at_rest_key);
    return options;
}

/* ---- reading ---- */

bool setup_has_store(const struct setup *setup)
{
    return file_exists(setup->store_path);
}

int setup_begin_reading(struct setup_reading *reading, const struct setup *setup, struct err *err)
{
    struct core_options options;
    int rc;

    *reading = (struct setup_reading){0};
    if ((rc = db_open_store(&reading->store, setup->store_path, true, false, err)) != 0) {
        return rc;
    }
    options = setup_core_options(setup, "", store_incarnation(reading->store));
    if ((rc = core_new(&reading->core, &options, err)) == 0 &&
        (rc = store_begin(reading->store, &reading->txn, false, err)) == 0) {
        rc = core_load(reading->core, reading->txn, err);
    }
    secret_wipe(&options, sizeof options);
    if (rc != 0) {
        setup_end_reading(reading);
    }
    return rc;
}

void setup_end_reading(struct setup_reading *reading)
{
    store_abort(&reading->txn);
    core_free(&reading->core);
    store_close(&reading->store);
}

static bool is_newer(const struct task *a, const struct task *b)
{
    if (a->wire->period->end_ms != b->wire->period->end_ms) {
        return a->wire->period->end_ms > b->wire->period->end_ms;
    }
    return a->wire->revision >= b->wire->revision;
}

int setup_find_task(const struct setup_reading *reading, const char *prefix, size_t *index, struct err *err)
{
    size_t num = core_num_tasks(reading->core), found = num, matches = 0;

    for (size_t i = 0; i < num; i++) {
        const struct task *task = core_task_view(reading->core, i)->task;
        if (prefix != NULL && strncasecmp(task->hex, prefix, strlen(prefix)) != 0) {
            continue;
        }
        matches++;
        if (found == num || is_newer(task, core_task_view(reading->core, found)->task)) {
            found = i;
        }
    }
    if (prefix != NULL && matches > 1) {
        return err_set(err, ERR_USAGE, "%zu tasks begin with %.64s", matches, prefix);
    }
    if (matches == 0) {
        return prefix == NULL ? err_set(err, ERR_TASK_UNKNOWN, "there is no task yet")
                              : err_set(err, ERR_TASK_UNKNOWN, "%.64s", prefix);
    }
    *index = found;
    return 0;
}
