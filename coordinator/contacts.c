/* contacts.c - how it goes with peers. */
#include "coordinator/contacts.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/wire.h"

#define KEY_MAX 256

static char *peer_key(char key[KEY_MAX], const char *peer)
{
    snprintf(key, KEY_MAX, "peer %s", peer);
    return key;
}

static char *refusal_key(char key[KEY_MAX], const struct contacts_document *document)
{
    char hex[HEX_SIZE(TASK_ID_SIZE)];

    snprintf(key, KEY_MAX, "refusal %s %s %s", hex_encode(hex, document->task, TASK_ID_SIZE),
             document_type_name(document->type), document->area);
    return key;
}

/* How the outcome of a call changes what is kept; `failure` is NULL for the others. */
enum change { REACHED, HEARD, FAILED };

static int change(struct db *db, const char *key, const char *peer, enum change what, const struct err *failure,
                  int64_t now_ms, struct err *err)
{
    StoredContact *known = NULL, contact = WEFT__STORE__V1__STORED_CONTACT__INIT;
    int rc = db_get_contact(db, key, &known, err);
    bool is_changed;

    if (rc != 0) {
        return rc;
    }
    contact = known != NULL ? *known : contact;
    contact.peer = (char *)(uintptr_t)peer;
    is_changed = what == REACHED ? contact_reached(&contact, now_ms)
                 : what == HEARD ? contact_heard(&contact, now_ms)
                                 : contact_failed(&contact, failure, now_ms);
    rc = is_changed ? db_put_contact(db, key, &contact, err) : 0;
    wire_free(&known);
    return rc;
}

int contacts_reached(struct db *db, const char *peer, int64_t now_ms, struct err *err)
{
    char key[KEY_MAX];

    return change(db, peer_key(key, peer), peer, REACHED, NULL, now_ms, err);
}

int contacts_heard(struct db *db, const char *peer, int64_t now_ms, struct err *err)
{
    char key[KEY_MAX];

    return change(db, peer_key(key, peer), peer, HEARD, NULL, now_ms, err);
}

int contacts_failed(struct db *db, const char *peer, const struct err *failure, int64_t now_ms, struct err *err)
{
    char key[KEY_MAX];

    return contact_is_unreachable(failure->code)
               ? change(db, peer_key(key, peer), peer, FAILED, failure, now_ms, err)
               : 0;
}

int contacts_get(struct db *db, const char *peer, StoredContact **contact, struct err *err)
{
    char key[KEY_MAX];

    return db_get_contact(db, peer_key(key, peer), contact, err);
}

/* ---- refusals ---- */

int contacts_refused(struct db *db, const struct contacts_document *document, const char *peer,
                     const struct err *failure, int64_t now_ms, struct err *err)
{
    char key[KEY_MAX];

    return contact_is_unreachable(failure->code)
               ? 0
               : change(db, refusal_key(key, document), peer, FAILED, failure, now_ms, err);
}

int contacts_signed(struct db *db, const struct contacts_document *document, struct err *err)
{
    char key[KEY_MAX];

    return db_delete_contact(db, refusal_key(key, document), err);
}

int contacts_get_refusal(struct db *db, const struct contacts_document *document, StoredContact **contact,
                         struct err *err)
{
    char key[KEY_MAX];

    return db_get_contact(db, refusal_key(key, document), contact, err);
}
