/* commands_approvals.c - weft-node approvals: what leaves without a person's look each time, on whose word; and the end
 * of it. */
#include "node/commands.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/calendar.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/wire.h"
#include "node/state.h"

static void print_one(const struct args *args, const char *hex, const StandingApproval *standing)
{
    char given[COMMAND_TIME_SIZE], revoked[COMMAND_TIME_SIZE];

    printf(SAY(args, "catalogue %.16s, version %s: approved by %s, %s\n", "指标库 %.16s，版本 %s：由 %s 批准于 %s\n"), hex,
           standing->catalogue_version, standing->by, command_time(given, standing->time_ms));
    if (standing->revoked_ms != 0) {
        printf(SAY(args, "  revoked by %s, %s\n", "  由 %s 撤销于 %s\n"), standing->revoked_by,
               command_time(revoked, standing->revoked_ms));
    } else {
        puts(SAY(args, "  in force: whatever this catalogue gives is reported without asking",
                 "  有效：此指标库的计算结果无需逐次批准即上报"));
    }
}

static void write_one(struct json *json, const char *hex, const StandingApproval *standing)
{
    json_object(json, NULL);
    json_text(json, "catalogue", hex);
    json_text(json, "version", standing->catalogue_version);
    json_text(json, "by", standing->by);
    json_int(json, "time_ms", standing->time_ms);
    json_text(json, "revoked_by", standing->revoked_ms == 0 ? NULL : standing->revoked_by);
    if (standing->revoked_ms == 0) {
        json_null(json, "revoked_ms");
    } else {
        json_int(json, "revoked_ms", standing->revoked_ms);
    }
    json_end(json);
}

static int list(const struct args *args, struct session *session, struct json *json, struct err *err)
{
    uint8_t digest[DIGEST_SIZE] = {0};
    char hex[HEX_SIZE(DIGEST_SIZE)];
    struct store_txn *txn = NULL;
    StandingApproval *standing = NULL;
    int rc, num = 0;

    if ((rc = session_begin(session, &txn, err)) != 0) {
        return rc;
    }
    for (; (rc = agent_next_standing(session->agent, txn, digest, &standing, err)) == 0 && standing != NULL; num++) {
        hex_encode(hex, digest, DIGEST_SIZE);
        if (json != NULL) {
            write_one(json, hex, standing);
        } else {
            print_one(args, hex, standing);
        }
        wire_free(&standing);
    }
    if (rc == 0 && num == 0 && json == NULL) {
        puts(SAY(args, "No standing approval was ever given.", "从未给予长期批准。"));
    }
    store_abort(&txn);
    return rc;
}

static int list_as_asked(const struct args *args, struct session *session, struct err *err)
{
    struct json json;
    int rc;

    if (!args_flag(args, "json")) {
        return list(args, session, NULL, err);
    }
    json = json_begin(stdout);
    json_array(&json, NULL);
    if ((rc = list(args, session, &json, err)) != 0) {
        return rc;
    }
    json_end(&json);
    return json_finish(&json) ? 0 : err_set(err, ERR_FILE_WRITE, "standard output");
}

/* The one in force whose digest begins so. */
static int find(struct session *session, struct store_txn *txn, const char *prefix, uint8_t found[DIGEST_SIZE],
                struct err *err)
{
    uint8_t digest[DIGEST_SIZE] = {0};
    char hex[HEX_SIZE(DIGEST_SIZE)];
    StandingApproval *standing = NULL;
    int rc, num = 0;

    while ((rc = agent_next_standing(session->agent, txn, digest, &standing, err)) == 0 && standing != NULL) {
        hex_encode(hex, digest, DIGEST_SIZE);
        if (standing->revoked_ms == 0 && strncasecmp(hex, prefix, strlen(prefix)) == 0) {
            memcpy(found, digest, DIGEST_SIZE);
            num++;
        }
        wire_free(&standing);
    }
    return rc != 0    ? rc
           : num == 1 ? 0
           : num == 0 ? err_set(err, ERR_APPROVAL_UNKNOWN, "--revoke %s", prefix)
                      : err_set(err, ERR_USAGE, "--revoke %s: several begin so", prefix);
}

static int revoke(const struct args *args, struct session *session, struct err *err)
{
    uint8_t digest[DIGEST_SIZE];
    struct store_txn *txn = NULL;
    int rc;

    if (args_value(args, "by") == NULL) {
        return err_set(err, ERR_USAGE, "--revoke needs --by NAME");
    }
    if ((rc = session_begin(session, &txn, err)) == 0 &&
        (rc = find(session, txn, args_value(args, "revoke"), digest, err)) == 0) {
        rc = agent_revoke_standing(session->agent, txn, digest, args_value(args, "by"), calendar_now_ms(), err);
    }
    return session_end(session, &txn, rc, err);
}

int command_approvals(const struct args *args, struct err *err)
{
    bool revokes = args_value(args, "revoke") != NULL;
    struct session session = {0};
    int rc = session_open(&session, args_value(args, "settings"), revokes ? SESSION_DECIDE : SESSION_LOOK, err);

    if (rc == 0 && (!revokes || (rc = revoke(args, &session, err)) == 0)) {
        rc = list_as_asked(args, &session, err);
    }
    session_close(&session);
    return rc;
}
