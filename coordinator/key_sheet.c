/* key_sheet.c - the coordinator's own HPKE key for each task, and the signed sheet that tells it: one key a task, so that a
 * stolen one opens one period. */
#include "coordinator/core_internal.h"

#include <string.h>

#include "crypto/secret.h"

/* The key of this task: the stored one, or a new one. */
static int have_key(struct core_round *round, struct core_task *task, struct err *err)
{
    struct core *core = round->core;
    uint8_t ikm[HPKE_IKM_SIZE], public_key[HPKE_KEY_SIZE], *key = NULL;
    size_t len;
    int rc;

    if ((rc = db_get_secret(&round->db, task->task->id, DB_HPKE_KEY, &key, &len, err)) != 0) {
        return rc;
    }
    if (key == NULL) {
        core->options.random(core->options.random_user, ikm, sizeof ikm);
        hpke_derive_key_pair(task->hpke_key, public_key, ikm, sizeof ikm);
        secret_wipe(ikm, sizeof ikm);
        rc =
            db_put_secret(&round->db, task->task->id, DB_HPKE_KEY, task->hpke_key, sizeof task->hpke_key, err);
    } else if (len == sizeof task->hpke_key) {
        memcpy(task->hpke_key, key, len);
    } else {
        rc = err_set(err, ERR_STORE_CORRUPT, "hpke key");
    }
    secret_free(key, len);
    return rc;
}

static int make_key_sheet(struct core_round *round, struct core_task *task, struct err *err)
{
    struct core *core = round->core;
    Weft__V1__KeySheet sheet = WEFT__V1__KEY_SHEET__INIT;
    uint8_t public_key[HPKE_KEY_SIZE];
    Weft__V1__Document *document = NULL;
    bool is_new;
    int rc;

    agree_public(public_key, task->hpke_key); /* HPKE's keys are X25519 too */
    sheet.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    sheet.coordinator = core->id;
    sheet.endpoint = core->endpoint;
    sheet.kem = HPKE_KEM_X25519_SHA256;
    sheet.kdf = HPKE_KDF_SHA256;
    sheet.aead = HPKE_AEAD_AES128GCM;
    sheet.public_key = core_bytes(public_key, sizeof public_key);
    if ((rc = document_new(&document, DOC(KEY_SHEET), &sheet.base, err)) == 0 &&
        (rc = document_sign(&document, core->id, core->options.sign_key, err)) == 0) {
        rc = exchange_take(core, &round->db, document, &is_new, err);
    }
    document_free(&document);
    return rc;
}

/* Asks the store and the view each time that something is missing, since a round may have failed before its key or
 * sheet was stored. */
int key_sheet_due(struct core_round *round, struct core_task *task, struct err *err)
{
    int rc;

    if (task->view->num_parts > 0) {
        return 0; /* nobody seals anything for a sum */
    }
    if (task->has_hpke_key && task->view->key_sheets[task->self].document != NULL) {
        return 0;
    }
    task->has_hpke_key = false;
    if ((rc = have_key(round, task, err)) != 0 || (task->view->key_sheets[task->self].document == NULL &&
                                                   (rc = make_key_sheet(round, task, err)) != 0)) {
        return rc;
    }
    task->has_hpke_key = true;
    return 0;
}
