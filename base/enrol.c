/* enrol.c - joining, as the newcomer sees it. */
#include "base/enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/file.h"
#include "base/roster.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define ONE_TIME_CERTIFICATE "join.crt"
#define ONE_TIME_KEY         "join.key"
#define ONE_TIME_AUTHORITIES "join-ca.crt"
#define CALL_TIMEOUT_MS      15000
#define ASK_AGAIN_MS         2000

/* ---- files of the directory ---- */

static int write_beside(const char *dir, const char *name, const char *text, mode_t mode, struct err *err)
{
    char *path = file_join(dir, name);
    int rc = path == NULL ? err_set(err, ERR_NO_MEMORY, "%s", name)
                          : file_write(path, text, strlen(text), mode, err);

    free(path);
    return rc;
}

static void remove_beside(const char *dir, const char *name)
{
    char *path = file_join(dir, name);

    if (path != NULL) {
        unlink(path);
    }
    free(path);
}

static void remove_one_time_files(const char *dir)
{
    remove_beside(dir, ONE_TIME_KEY);
    remove_beside(dir, ONE_TIME_CERTIFICATE);
    remove_beside(dir, ONE_TIME_AUTHORITIES);
}

static int write_one_time_files(const char *dir, const Weft__V1__JoinToken *token, struct err *err)
{
    int rc;

    if ((rc = write_beside(dir, ONE_TIME_AUTHORITIES, token->authorities, FILE_MODE_PUBLIC, err)) != 0 ||
        (rc = write_beside(dir, ONE_TIME_CERTIFICATE, token->certificate, FILE_MODE_PUBLIC, err)) != 0) {
        return rc;
    }
    return write_beside(dir, ONE_TIME_KEY, token->key, FILE_MODE_SECRET, err);
}

/* ---- keys and join file ---- */

static int check_is_invited(const struct join *join, const Weft__V1__JoinToken *token, const char *dir,
                            struct err *err)
{
    if (strcmp(join->id, token->id) != 0 || strcmp(join->tls_name, token->tls_name) != 0) {
        return err_set(err, ERR_JOIN_TOKEN, "it invites %s (%s), and %s has the keys of %s (%s)", token->id,
                       token->tls_name, dir, join->id, join->tls_name);
    }
    return 0;
}

static int load_join(uint8_t **text, size_t *len, struct join *join, const char *dir, struct err *err)
{
    char *path = file_join(dir, IDENTITY_JOIN_FILE);
    int rc = path == NULL ? err_set(err, ERR_NO_MEMORY, "%s", dir)
                          : file_read(text, len, path, JOIN_FILE_MAX, err);

    if (rc == 0) {
        rc = join_parse(join, path, *text, *len, err);
    }
    free(path);
    return rc;
}

static int make_keys(const struct enrol_options *options, const Weft__V1__JoinToken *token, struct err *err)
{
    if ((options->kind == JOIN_COORDINATOR) != (token->is_coordinator != 0)) {
        return err_set(err, ERR_JOIN_TOKEN, "it invites the %s %s", token->is_coordinator ? "coordinator" : "site",
                       token->id);
    }
    if (file_exists(options->dir)) {
        return 0;
    }
    return identity_create(options->dir, options->kind, token->id, token->tls_name, options->areas,
                           options->num_areas, err);
}

/* ---- asking ---- */

static int open_channel(struct rpc_channel **channel, const struct enrol_options *options,
                        const Weft__V1__JoinToken *token, struct err *err)
{
    char *ca = file_join(options->dir, ONE_TIME_AUTHORITIES), *key = file_join(options->dir, ONE_TIME_KEY),
         *certificate = file_join(options->dir, ONE_TIME_CERTIFICATE);
    const struct proxy_settings environment = {0};
    struct proxy proxy = {0};
    const struct rpc_channel_options channel_options = {
        .target = token->endpoint,
        .tls_name = token->leader_tls_name,
        .ca_file = ca,
        .cert_file = certificate,
        .key_file = key,
        .proxy = &proxy,
        .sent = options->sent,
        .sent_user = options->user,
    };
    int rc = ca == NULL || key == NULL || certificate == NULL
                 ? err_set(err, ERR_NO_MEMORY, "connection")
                 : proxy_choose(&proxy, &environment, token->endpoint, err);

    if (rc == 0) {
        rc = rpc_channel_open(channel, &channel_options, err);
    }
    proxy_clear(&proxy);
    free(ca);
    free(key);
    free(certificate);
    return rc;
}

static int ask(Weft__V1__JoinReply **reply, struct rpc_channel *channel, const uint8_t *join_file, size_t len,
               struct err *err)
{
    Weft__V1__JoinRequest request = WEFT__V1__JOIN_REQUEST__INIT;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.join_file = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)join_file};
    return rpc_call_unary(channel, &weft__v1__exchange__descriptor, "Join", &request.base,
                          (ProtobufCMessage **)reply, CALL_TIMEOUT_MS, err);
}

static void rest(void)
{
    struct timespec pause = {ASK_AGAIN_MS / 1000, ASK_AGAIN_MS % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

/* Until the operator has decided. That the leader cannot be reached for a while is no reason to give up. */
static int ask_until_admitted(Weft__V1__JoinReply **reply, struct rpc_channel *channel, const uint8_t *join_file,
                              size_t len, int64_t wait_ms, struct err *err)
{
    int64_t until_ms = calendar_now_ms() + wait_ms;

    for (;;) {
        int rc = ask(reply, channel, join_file, len, err);

        if (rc == 0 && (*reply)->is_admitted) {
            return 0;
        }
        if (rc != 0 && (wait_ms == 0 || (rc != ERR_UNREACHABLE && rc != ERR_DEADLINE && rc != ERR_BUSY))) {
            return rc;
        }
        wire_free(reply);
        if (calendar_now_ms() >= until_ms) {
            return rc != 0 ? rc : err_set(err, ERR_JOIN_WAITING, "waited %lld s", (long long)(wait_ms / 1000));
        }
        rest();
    }
}

/* ---- what was received ---- */

static bool is_pinned(const Weft__V1__JoinToken *token, const Weft__V1__Root *root)
{
    uint8_t hash[DIGEST_SIZE];

    join_root_digest(hash, root);
    for (size_t i = 0; i < token->n_roots; i++) {
        if (memcmp(token->roots[i].data, hash, DIGEST_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static int write_root(struct enrol *enrol, const char *dir, const Weft__V1__Root *root, struct err *err)
{
    char *name = enrol->roots[enrol->num_roots], *text = NULL;
    int rc = join_root_format(&text, root, err);

    snprintf(name, sizeof *enrol->roots, "root-%s.yaml", root->name);
    if (rc == 0 && (rc = write_beside(dir, name, text, FILE_MODE_PUBLIC, err)) == 0) {
        enrol->num_roots++;
    }
    free(text);
    return rc;
}

/* The roster is believed as far as roots that the token pins have signed it. */
static int pin_roots(struct enrol *enrol, const char *dir, const Weft__V1__Document *document,
                     const struct roster *roster, struct err *err)
{
    const Weft__V1__Root *pinned[JOIN_MAX_ROOTS];
    struct roster_roots roots = {pinned, 0};
    int rc;

    for (size_t i = 0; i < roster->wire->n_roots && roots.num_roots < JOIN_MAX_ROOTS; i++) {
        if (is_pinned(enrol->token, roster->wire->roots[i])) {
            pinned[roots.num_roots++] = roster->wire->roots[i];
        }
    }
    if ((rc = roster_check_root_signatures(&roots, document, err)) != 0) {
        return rc;
    }
    enrol->num_roots = 0;
    for (size_t i = 0; i < roots.num_roots && rc == 0; i++) {
        rc = write_root(enrol, dir, pinned[i], err);
    }
    return rc;
}

/* Those of the roster, else those of the token. */
static char *authorities_text(const Weft__V1__JoinToken *token, const struct roster *roster)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < roster->wire->n_tls_authorities; i++) {
        fwrite(roster->wire->tls_authorities[i].data, 1, roster->wire->tls_authorities[i].len, out);
    }
    if (roster->wire->n_tls_authorities == 0) {
        fputs(token->authorities, out);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int take_certificate(const struct enrol *enrol, const char *dir, const struct roster *roster,
                            const char *chain, struct err *err)
{
    struct identity identity = {0};
    char *authorities = authorities_text(enrol->token, roster);
    int rc;

    if (authorities == NULL) {
        return err_set(err, ERR_NO_MEMORY, "authorities");
    }
    if ((rc = identity_load(&identity, dir, err)) == 0 &&
        (rc = cert_check(chain, authorities, identity.tls_key_pem, enrol->token->tls_name, calendar_now_ms(),
                         err)) == 0 &&
        (rc = write_beside(dir, ENROL_AUTHORITIES, authorities, FILE_MODE_PUBLIC, err)) == 0) {
        rc = write_beside(dir, ENROL_CERTIFICATE, chain, FILE_MODE_PUBLIC, err);
    }
    identity_clear(&identity);
    free(authorities);
    return rc;
}

static int take_reply(struct enrol *enrol, const char *dir, const Weft__V1__JoinReply *reply, struct err *err)
{
    struct roster *roster = NULL;
    int rc;

    if (reply->roster == NULL) {
        return err_set(err, ERR_MESSAGE_MALFORMED, "admitted without a roster");
    }
    if ((rc = roster_open(&roster, reply->roster, NULL, calendar_now_ms(), err)) == 0 &&
        (rc = pin_roots(enrol, dir, reply->roster, roster, err)) == 0) {
        rc = take_certificate(enrol, dir, roster, reply->certificate, err);
    }
    roster_free(&roster);
    return rc;
}

/* ---- all of it ---- */

static int join_with(struct enrol *enrol, const struct enrol_options *options, const uint8_t *join_file,
                     size_t len, struct err *err)
{
    Weft__V1__JoinReply *reply = NULL;
    struct rpc_channel *channel = NULL;
    int rc;

    if ((rc = write_one_time_files(options->dir, enrol->token, err)) == 0 &&
        (rc = open_channel(&channel, options, enrol->token, err)) == 0 &&
        (rc = ask_until_admitted(&reply, channel, join_file, len, options->wait_ms, err)) == 0) {
        rc = take_reply(enrol, options->dir, reply, err);
    }
    rpc_channel_close(&channel);
    wire_free(&reply);
    remove_one_time_files(options->dir);
    return rc;
}

int enrol_run(struct enrol *enrol, const struct enrol_options *options, struct err *err)
{
    char fingerprint[JOIN_FINGERPRINT_SIZE];
    struct join join = {0};
    uint8_t *text = NULL;
    size_t len;
    int rc;

    if ((rc = token_read(&enrol->token, options->token_path, err)) != 0 ||
        (rc = make_keys(options, enrol->token, err)) != 0 ||
        (rc = load_join(&text, &len, &join, options->dir, err)) != 0 ||
        (rc = check_is_invited(&join, enrol->token, options->dir, err)) != 0) {
        goto done;
    }
    if ((enrol->roots = calloc(JOIN_MAX_ROOTS, sizeof *enrol->roots)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "root keys");
        goto done;
    }
    if (options->asks != NULL) {
        options->asks(options->user, enrol->token, join_fingerprint(fingerprint, &join));
    }
    rc = calendar_now_ms() < enrol->token->expires_ms
             ? join_with(enrol, options, text, len, err)
             : err_set(err, ERR_JOIN_EXPIRED, "%s", enrol->token->id);
done:
    free(text);
    join_clear(&join);
    return rc;
}

void enrol_clear(struct enrol *enrol)
{
    token_free(&enrol->token);
    free(enrol->roots);
    *enrol = (struct enrol){0};
}

void enrol_print_settings(FILE *out, const struct enrol *enrol)
{
    fprintf(out, "dir: .\nca: %s\ncertificate: %s\nroots: [", ENROL_AUTHORITIES, ENROL_CERTIFICATE);
    for (size_t i = 0; i < enrol->num_roots; i++) {
        fprintf(out, "%s\"%s\"", i == 0 ? "" : ", ", enrol->roots[i]);
    }
    fprintf(out, "]\n");
}
