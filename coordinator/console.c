/* console.c - invite, joins, admit, note and join. */
#include "coordinator/console.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/enrol.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/rpc.h"
#include "base/token.h"
#include "base/wire.h"
#include "coordinator/setup.h"
#include "crypto/secret.h"

#define CALL_TIMEOUT_MS 10000
#define VALID_DAYS      7
#define WAIT_MINUTES    10
#define TEXT(text)      ((char *)(uintptr_t)(text)) /* protobuf-c's structs are not const */
#define SAY(args, en, zh) (args_lang(args) == LANG_ZH ? (zh) : (en))

/* ---- the running daemon ---- */

struct console {
    struct setup setup;
    struct rpc_channel *channel;
    char address[SETUP_ENDPOINT_SIZE]; /* to reach it from this machine */
    bool has_rpc;
};

static int own_address(struct console *console, struct err *err)
{
    return setup_local_endpoint(&console->setup, console->address)
               ? 0
               : err_set(err, ERR_UNREACHABLE, "the daemon's port is not known: set listen or port_file");
}

static int console_open(struct console *console, const char *settings_path, struct err *err)
{
    struct rpc_channel_options options = {.target = console->address};
    int rc;

    if ((rc = rpc_init(err)) != 0) {
        return rc;
    }
    console->has_rpc = true;
    if ((rc = setup_read(&console->setup, settings_path, err)) != 0 ||
        (rc = setup_load_keys(&console->setup, err)) != 0 || (rc = own_address(console, err)) != 0) {
        return rc;
    }
    options.tls_name = console->setup.identity.tls_name;
    options.ca_file = console->setup.settings.ca;
    options.cert_file = console->setup.settings.certificate;
    options.key_file = console->setup.tls_key_path;
    return rpc_channel_open(&console->channel, &options, err);
}

static void console_close(struct console *console)
{
    rpc_channel_close(&console->channel);
    setup_clear(&console->setup);
    if (console->has_rpc) {
        rpc_shutdown();
    }
}

static int ask(struct console *console, const char *method, const ProtobufCMessage *request, void *reply,
               struct err *err)
{
    int rc = rpc_call_unary(console->channel, &weft__v1__console__descriptor, method, request, reply,
                            CALL_TIMEOUT_MS, err);

    return rc == ERR_UNREACHABLE ? err_prefix(err, "is the daemon running?") : rc;
}

/* ---- invite ---- */

/* RANDOM.join.OWN-NAME, with a key and a certificate for as long as the invitation is valid. */
static int make_one_time(struct console *console, Weft__V1__JoinToken *token, char name[CERT_NAME_SIZE],
                         int64_t now_ms, struct err *err)
{
    char hex[HEX_SIZE(10)], *request = NULL;
    uint8_t random[10];
    int rc;

    secret_random(random, sizeof random);
    snprintf(name, CERT_NAME_SIZE, "%s%s%.200s", hex_encode(hex, random, sizeof random), TOKEN_NAME_MARK,
             console->setup.identity.tls_name);
    token->key = token->certificate = NULL;
    if ((rc = cert_make_request(&token->key, &request, name, err)) == 0) {
        rc = setup_certify(&console->setup, &token->certificate, request, name, token->expires_ms - now_ms, now_ms,
                           err);
    }
    free(request);
    return rc;
}

static int write_token(struct console *console, Weft__V1__JoinToken *token, const Weft__V1__InviteReply *reply,
                       const char *path, struct err *err)
{
    char *text = NULL, *authorities = NULL;
    size_t len;
    FILE *out = open_memstream(&authorities, &len);
    uint8_t *own = NULL;
    int rc = 0;

    if (out == NULL) {
        return err_set(err, ERR_NO_MEMORY, "token");
    }
    for (size_t i = 0; i < reply->n_authorities; i++) {
        fwrite(reply->authorities[i].data, 1, reply->authorities[i].len, out);
    }
    if (reply->n_authorities == 0 &&
        (rc = file_read(&own, &len, console->setup.settings.ca, CERT_PEM_MAX, err)) == 0) {
        fputs((const char *)own, out);
    }
    if (fclose(out) != 0 && rc == 0) {
        rc = err_set(err, ERR_NO_MEMORY, "token");
    }
    token->authorities = authorities;
    token->roots = reply->roots;
    token->n_roots = reply->n_roots;
    if (rc == 0 && (rc = token_encode(&text, token, err)) == 0) {
        rc = file_create(path, text, strlen(text), FILE_MODE_SECRET, err);
        secret_free(text, strlen(text));
    }
    free(authorities);
    free(own);
    return rc;
}

static int invite(struct console *console, const struct args *args, struct err *err)
{
    const struct setup_settings *settings = &console->setup.settings;
    const char *id = args_operand(args, 0), *out = args_value(args, "out");
    Weft__V1__InviteRequest request = WEFT__V1__INVITE_REQUEST__INIT;
    Weft__V1__JoinToken token = WEFT__V1__JOIN_TOKEN__INIT;
    Weft__V1__InviteReply *reply = NULL;
    char name[CERT_NAME_SIZE], tls_name[2 * CERT_NAME_SIZE], path[ID_MAX + 16];
    int64_t now_ms = calendar_now_ms(), days;
    int rc = args_int(args, "valid", &days, VALID_DAYS, 1, 30, err);

    if (rc != 0) {
        return rc;
    }
    snprintf(tls_name, sizeof tls_name, "%s.%s", id, console->setup.identity.tls_name);
    snprintf(path, sizeof path, "%.*s.token", ID_MAX, id);
    token.version = TOKEN_VERSION;
    token.endpoint = settings->advertise != NULL ? settings->advertise : console->address;
    token.leader = console->setup.identity.id;
    token.leader_tls_name = console->setup.identity.tls_name;
    token.is_coordinator = args_flag(args, "coordinator");
    token.id = TEXT(id);
    token.tls_name = args_value(args, "tls-name") != NULL ? TEXT(args_value(args, "tls-name")) : tls_name;
    token.expires_ms = now_ms + days * CALENDAR_MS_PER_DAY;
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.name = name;
    request.is_coordinator = token.is_coordinator;
    request.id = token.id;
    request.tls_name = token.tls_name;
    request.expires_ms = token.expires_ms;
    if ((rc = make_one_time(console, &token, name, now_ms, err)) == 0 &&
        (rc = ask(console, "Invite", &request.base, &reply, err)) == 0 &&
        (rc = write_token(console, &token, reply, out != NULL ? out : path, err)) == 0) {
        printf(SAY(args,
                   "%s: one-time token for %s (%s), valid %" PRId64 " days.\nIt is secret: hand it over yourself. "
                   "Then compare the fingerprint with \"joins\" by telephone, and \"admit\".\n",
                   "%s：%s（%s）的一次性加入令牌，有效 %" PRId64
                   " 天。\n令牌须保密，请当面或经可靠途径交付；对方加入后电话核对 joins 所示指纹，再执行 admit。\n"),
               out != NULL ? out : path, id, token.tls_name, days);
    }
    if (token.key != NULL) {
        secret_free(token.key, strlen(token.key));
    }
    free(token.certificate);
    wire_free(&reply);
    return rc;
}

/* ---- joins ---- */

static const char *state_name(const Weft__V1__Newcomer *newcomer, int64_t now_ms)
{
    return newcomer->admitted_ms != 0         ? "admitted"
           : newcomer->expires_ms <= now_ms   ? "expired"
           : newcomer->fingerprint[0] != '\0' ? "waiting"
                                              : "invited";
}

static const char *state_text(const struct args *args, const char *state)
{
    static const char *const texts[][3] = {
        {"admitted", "admitted", "已准入"},
        {"expired", "expired", "已过期"},
        {"waiting", "WAITS FOR YOU: compare the fingerprint, then admit", "待准入：请核对指纹后执行 admit"},
        {"invited", "invited, has not asked yet", "已邀请，尚未加入"},
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(texts[i][0], state) == 0) {
            return texts[i][args_lang(args) == LANG_ZH ? 2 : 1];
        }
    }
    return state;
}

static void print_newcomer(const struct args *args, const Weft__V1__Newcomer *newcomer, int64_t now_ms)
{
    struct calendar_zone zone = {0};
    char until[CALENDAR_TEXT_SIZE];

    (void)!calendar_zone(&zone, NULL, NULL);
    printf("%s (%s): %s\n", newcomer->id, newcomer->tls_name,
           state_text(args, state_name(newcomer, now_ms)));
    if (newcomer->fingerprint[0] != '\0') {
        printf(SAY(args, "  fingerprint %s\n", "  指纹 %s\n"), newcomer->fingerprint);
    }
    printf(SAY(args, "  invitation until %s\n", "  邀请有效至 %s\n"),
           calendar_format(newcomer->expires_ms, &zone, until));
}

static void write_newcomer(struct json *json, const Weft__V1__Newcomer *newcomer, int64_t now_ms)
{
    json_object(json, NULL);
    json_text(json, "id", newcomer->id);
    json_text(json, "kind", newcomer->is_coordinator ? "coordinator" : "site");
    json_text(json, "tls_name", newcomer->tls_name);
    json_text(json, "state", state_name(newcomer, now_ms));
    json_text(json, "fingerprint", newcomer->fingerprint[0] == '\0' ? NULL : newcomer->fingerprint);
    json_int(json, "expires_ms", newcomer->expires_ms);
    json_end(json);
}

static int joins(struct console *console, const struct args *args, struct err *err)
{
    Weft__V1__ListJoinsRequest request = WEFT__V1__LIST_JOINS_REQUEST__INIT;
    Weft__V1__ListJoinsReply *reply = NULL;
    int64_t now_ms = calendar_now_ms();
    struct json json;
    int rc;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    if ((rc = ask(console, "ListJoins", &request.base, &reply, err)) != 0) {
        return rc;
    }
    if (args_flag(args, "json")) {
        json = json_begin(stdout);
        json_array(&json, NULL);
        for (size_t i = 0; i < reply->n_newcomers; i++) {
            write_newcomer(&json, reply->newcomers[i], now_ms);
        }
        json_end(&json);
        rc = json_finish(&json) ? 0 : err_set(err, ERR_FILE_WRITE, "standard output");
    } else if (reply->n_newcomers == 0) {
        puts(SAY(args, "nobody is invited", "当前没有邀请"));
    } else {
        for (size_t i = 0; i < reply->n_newcomers; i++) {
            print_newcomer(args, reply->newcomers[i], now_ms);
        }
    }
    wire_free(&reply);
    return rc;
}

/* ---- admit ---- */

/* A fingerprint may stand in one argument or in several: "1a2b 3c4d" or 1a2b 3c4d. */
static void gather_fingerprint(char *out, size_t size, const struct args *args)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 1; i < args_num_operands(args) && len < size; i++) {
        len += (size_t)snprintf(out + len, size - len, "%s", args_operand(args, i));
    }
}

static int admit(struct console *console, const struct args *args, struct err *err)
{
    const char *id = args_operand(args, 0), *out = args_value(args, "out");
    Weft__V1__AdmitRequest request = WEFT__V1__ADMIT_REQUEST__INIT;
    Weft__V1__AdmitReply *reply = NULL;
    char fingerprint[256], path[ID_MAX + 16];
    int rc;

    gather_fingerprint(fingerprint, sizeof fingerprint, args);
    snprintf(path, sizeof path, "%.*s.join.yaml", ID_MAX, id);
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.id = TEXT(id);
    request.fingerprint = fingerprint;
    if ((rc = ask(console, "Admit", &request.base, &reply, err)) == 0 &&
        (rc = file_write(out != NULL ? out : path, reply->join_file.data, reply->join_file.len, FILE_MODE_PUBLIC,
                         err)) == 0) {
        printf(SAY(args,
                   "%s is admitted: it gets its certificate when it asks.\n%s is its join file: give it to the "
                   "authority, whose next roster names it.\n",
                   "%s 已准入，对方再次请求时即可取得证书。\n%s 为其加入文件：请交给管理机构写入下一版名册。\n"),
               id, out != NULL ? out : path);
    }
    wire_free(&reply);
    return rc;
}

/* ---- note ---- */

static int note_task(struct console *console, const char *prefix, uint8_t id[TASK_ID_SIZE], struct err *err)
{
    struct setup_reading reading = {0};
    size_t index;
    int rc;

    if ((rc = setup_begin_reading(&reading, &console->setup, err)) == 0 &&
        (rc = setup_find_task(&reading, prefix, &index, err)) == 0) {
        memcpy(id, core_task_view(reading.core, index)->task->id, TASK_ID_SIZE);
    }
    setup_end_reading(&reading);
    return rc;
}

static int note(struct console *console, const struct args *args, struct err *err)
{
    Weft__V1__NoteRequest request = WEFT__V1__NOTE_REQUEST__INIT;
    Weft__V1__NoteReply *reply = NULL;
    uint8_t id[TASK_ID_SIZE];
    int rc = note_task(console, args_value(args, "task"), id, err);

    if (rc != 0) {
        return rc;
    }
    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, id};
    request.area = TEXT(args_value(args, "area"));
    request.indicator = TEXT(args_value(args, "indicator"));
    request.text_zh = TEXT(args_value(args, "zh"));
    request.text_en = TEXT(args_value(args, "en"));
    if ((rc = ask(console, "Note", &request.base, &reply, err)) == 0) {
        printf(SAY(args,
                   "note %" PRIu32 " on %s in %s waits for the helper's signature: \"totals\" shows it then, "
                   "\"status\" a refusal.\n",
                   "第 %" PRIu32 " 条注释（指标 %s，地区 %s）等待辅方会签：会签后由 totals 显示，若被拒绝见 status。\n"),
               reply->number, request.indicator, request.area);
    }
    wire_free(&reply);
    return rc;
}

/* ---- the commands ---- */

static int with_console(int (*run)(struct console *, const struct args *, struct err *), const struct args *args,
                        struct err *err)
{
    struct console *console = calloc(1, sizeof *console);
    int rc;

    if (console == NULL) {
        return err_set(err, ERR_NO_MEMORY, "console");
    }
    if ((rc = console_open(console, args_value(args, "settings"), err)) == 0) {
        rc = run(console, args, err);
    }
    console_close(console);
    free(console);
    return rc;
}

int console_invite(const struct args *args, struct err *err)
{
    return with_console(invite, args, err);
}

int console_joins(const struct args *args, struct err *err)
{
    return with_console(joins, args, err);
}

int console_admit(const struct args *args, struct err *err)
{
    return with_console(admit, args, err);
}

int console_note(const struct args *args, struct err *err)
{
    return with_console(note, args, err);
}

/* ---- join ---- */

static void say_fingerprint(void *user, const Weft__V1__JoinToken *token, const char *fingerprint)
{
    const struct args *args = user;

    printf(SAY(args,
               "fingerprint: %s\nRead it to the operator of %s by telephone. Waiting until they have admitted %s...\n",
               "指纹：%s\n请向 %s 的操作员电话报读该指纹，等待其准入 %s……\n"),
           fingerprint, token->leader, token->id);
    fflush(stdout);
}

/* Only what is known here; the rest is the operator's to say. Never over another file. */
static int write_settings(const struct enrol *enrol, const char *dir, struct err *err)
{
    const Weft__V1__JoinToken *token = enrol->token;
    char *path = file_join(dir, "settings.yaml"), *issuer = file_join(dir, IDENTITY_ISSUER_KEY), *text = NULL;
    bool is_leader = issuer != NULL && file_exists(issuer);
    size_t len;
    FILE *out = open_memstream(&text, &len);
    int rc;

    free(issuer);
    if (path == NULL || out == NULL) {
        free(path);
        return err_set(err, ERR_NO_MEMORY, "settings");
    }
    enrol_print_settings(out, enrol);
    fprintf(out, "listen: \"0.0.0.0:7443\"\nadvertise: \"%s:7443\"\nport_file: port\n", token->tls_name);
    if (is_leader) {
        fprintf(out, "parent: \"%s\"\n#issuer: issuer.crt # from weft-authority issue-ca\n", token->leader);
    }
    fprintf(out, "peers:\n  - \"%s %s %s\"\n", token->leader, token->leader_tls_name, token->endpoint);
    if (is_leader) {
        fprintf(out, "#  - \"HELPER-ID HELPER-TLS-NAME HOST:PORT\"\n");
    }
    rc = fclose(out) != 0 ? err_set(err, ERR_NO_MEMORY, "settings")
         : file_exists(path) ? 0
                             : file_create(path, text, len, FILE_MODE_PUBLIC, err);
    free(text);
    free(path);
    return rc;
}

int console_join(const struct args *args, struct err *err)
{
    const char *dir = args_operand(args, 1), *areas[ARGS_MAX_GIVEN];
    struct enrol_options options = {
        .token_path = args_operand(args, 0),
        .dir = dir,
        .kind = JOIN_COORDINATOR,
        .areas = areas,
        .num_areas = args_values(args, "area", areas, ARGS_MAX_GIVEN),
        .asks = say_fingerprint,
        .user = (void *)(uintptr_t)args,
    };
    struct enrol enrol = {0};
    int64_t minutes;
    int rc;

    if ((rc = args_int(args, "wait", &minutes, WAIT_MINUTES, 0, 10080, err)) != 0 || (rc = rpc_init(err)) != 0) {
        return rc;
    }
    options.wait_ms = minutes * 60000;
    if ((rc = enrol_run(&enrol, &options, err)) == 0 &&
        (rc = write_settings(&enrol, dir, err)) == 0) {
        printf(SAY(args,
                   "joined; check %s/settings.yaml, and run when the roster that names this coordinator is published\n",
                   "加入完成；请检查 %s/settings.yaml，待包含本方的名册发布后即可运行\n"),
               dir);
    }
    enrol_clear(&enrol);
    rpc_shutdown();
    return rc;
}
