/* token.h - the one-time token with which an invited party joins.
 *
 * One line of base64url in a file of mode 0600, made by the leader's `invite` and carried to the newcomer: a canonical
 * JoinToken (proto/weft.proto). It holds a certificate and its private key for a one-time TLS name that may call
 * nothing but Join, so that a newcomer needs no other port and no weaker kind of connection than everyone else. */
#ifndef BASE_TOKEN_H
#define BASE_TOKEN_H

#include <stdbool.h>

#include "base/err.h"
#include "proto/weft.pb-c.h"

#define TOKEN_VERSION      1
#define TOKEN_TEXT_MAX     65536 /* with its line end */
#define TOKEN_NAME_MARK    ".join." /* a one-time name: RANDOM.join.LEADER-TLS-NAME */
#define TOKEN_MAX_VALID_MS (INT64_C(31) * 86400000)

/* *text is malloc'd, with line end and NUL; secret: end it with secret_free(text, strlen(text)). */
WEFT_MUST_USE int token_encode(char **text, const Weft__V1__JoinToken *token, struct err *err);
/* Of hostile text; ERR_JOIN_TOKEN. Everything in it has its form; nothing in it is believed. End with token_free. */
WEFT_MUST_USE int token_decode(Weft__V1__JoinToken **token, const char *text, size_t text_len, struct err *err);
/* A file that only its owner can read. */
WEFT_MUST_USE int token_read(Weft__V1__JoinToken **token, const char *path, struct err *err);
/* Wipes the key. Harmless on NULL. */
void token_free(Weft__V1__JoinToken **token);

/* Is `name` a one-time name of the leader with this TLS name? */
bool token_is_one_time_name(const char *name, const char *leader_tls_name);

#endif
