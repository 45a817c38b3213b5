/* token.c - tokens as text, and back. */
#include "base/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "base/cert.h"
#include "base/file.h"
#include "base/join.h"
#include "base/wire.h"
#include "crypto/secret.h"

int token_encode(char **text, const Weft__V1__JoinToken *token, struct err *err)
{
    uint8_t *packed = NULL;
    size_t len, text_len;
    int rc = wire_pack(&packed, &len, &token->base, err);

    if (rc != 0)
        return rc;
    if ((*text = malloc(BASE64URL_SIZE(len) + 1)) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "token");
    } else {
        text_len = strlen(base64url_encode(*text, packed, len));
        memcpy(*text + text_len, "\n", 2);
    }
    secret_wipe(packed, len);
    free(packed);
    return rc;
}

static int bad(struct err *err, const char *what)
{
    return err_set(err, ERR_JOIN_TOKEN, "%s", what);
}

static bool is_endpoint(const char *text)
{
    const char *colon = strrchr(text, ':');

    return colon != NULL && colon != text && strlen(text) < 320 && strpbrk(text, " \t\r\n\"\\") == NULL &&
           colon[1] != '\0' && colon[1 + strspn(colon + 1, "0123456789")] == '\0';
}

/* Roughly: what reads it looks closer. */
static bool is_pem(const char *text)
{
    return strncmp(text, "-----BEGIN ", 11) == 0 && strlen(text) <= CERT_PEM_MAX;
}

static int check(const Weft__V1__JoinToken *token, struct err *err)
{
    if (token->version != TOKEN_VERSION)
        return bad(err, "of another version: update the older program");
    if (!id_is_valid(token->leader) || !id_is_valid(token->id) ||
        !join_tls_name_is_valid(token->leader_tls_name) || !join_tls_name_is_valid(token->tls_name) ||
        !is_endpoint(token->endpoint))
        return bad(err, "names or address");
    if (token->n_roots < 2 || token->n_roots > JOIN_MAX_ROOTS)
        return bad(err, "root keys");
    for (size_t i = 0; i < token->n_roots; i++) {
        if (token->roots[i].len != DIGEST_SIZE)
            return bad(err, "root keys");
    }
    if (!is_pem(token->authorities) || !is_pem(token->certificate) || !is_pem(token->key))
        return bad(err, "certificates");
    return 0;
}

int token_decode(Weft__V1__JoinToken **token, const char *text, size_t text_len, struct err *err)
{
    uint8_t *packed;
    size_t len;
    int rc;

    while (text_len > 0 && (text[text_len - 1] == '\n' || text[text_len - 1] == '\r'))
        text_len--;
    if (text_len == 0 || text_len >= TOKEN_TEXT_MAX)
        return bad(err, "its length");
    if ((packed = malloc(text_len)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "token");
    rc = base64url_decode(packed, &len, text, text_len) &&
                 wire_unpack((ProtobufCMessage **)token, &weft__v1__join_token__descriptor, packed, len,
                             WIRE_SIGNED, NULL) == 0
             ? 0
             : bad(err, "it cannot be decoded");
    secret_wipe(packed, text_len);
    free(packed);
    if (rc == 0 && (rc = check(*token, err)) != 0)
        token_free(token);
    return rc;
}

int token_read(Weft__V1__JoinToken **token, const char *path, struct err *err)
{
    uint8_t *text = NULL;
    size_t len;
    int rc = file_read_secret(&text, &len, path, TOKEN_TEXT_MAX, err);

    if (rc != 0)
        return rc;
    if ((rc = token_decode(token, (const char *)text, len, err)) != 0)
        err_at(err, path, 0, 0);
    secret_free(text, len);
    return rc;
}

void token_free(Weft__V1__JoinToken **token)
{
    if (*token != NULL)
        secret_wipe((*token)->key, strlen((*token)->key));
    wire_free(token);
}

bool token_is_one_time_name(const char *name, const char *leader_tls_name)
{
    const char *mark = strstr(name, TOKEN_NAME_MARK);

    return mark != NULL && mark != name && strcmp(mark + strlen(TOKEN_NAME_MARK), leader_tls_name) == 0;
}
