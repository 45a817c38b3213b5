/* authority_sign.c - one side's signature under a roster, task or void, after every check that can be made.
 */
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/roster_conventions.h"
#include "base/task.h"
#include "base/wire.h"
#include "catalogue/catalogue.h"
#include "coordinator/authority.h"

#define TYPE(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

static bool names_root(const Weft__V1__Roster *roster, const Weft__V1__Root *own)
{
    for (size_t i = 0; roster != NULL && i < roster->n_roots; i++) {
        const Weft__V1__Root *root = roster->roots[i];

        if (strcmp(root->name, own->name) == 0 && root->side == own->side &&
            root->public_key.len == KEY_SIZE &&
            memcmp(root->public_key.data, own->public_key.data, KEY_SIZE) == 0)
            return true;
    }
    return false;
}

/* Is the root of this directory, with this key and side, among those that the roster names, or the one before? */
static int check_own_root(const Weft__V1__Roster *roster, const Weft__V1__Roster *before,
                          const Weft__V1__Root *own, struct err *err)
{
    return names_root(roster, own) || names_root(before, own)
               ? 0
               : err_set(
                     err, ERR_ROSTER_UNSOUND,
                     "root %s, with this key and side, is not in the roster (nor in one given by --previous)",
                     own->name);
}

static bool signature_holds(const Weft__V1__Document *document, const Weft__V1__Roster *roster,
                            const char *signer)
{
    for (size_t i = 0; roster != NULL && i < roster->n_roots; i++) {
        if (strcmp(roster->roots[i]->name, signer) == 0 && roster->roots[i]->public_key.len == KEY_SIZE &&
            document_is_signed(document, signer, roster->roots[i]->public_key.data))
            return true;
    }
    return false;
}

/* What others signed before must hold, or the bytes are no longer the ones that they saw. */
static int check_signatures(const Weft__V1__Document *document, const Weft__V1__Roster *roster,
                            const Weft__V1__Roster *before, const Weft__V1__Root *own, int code,
                            struct err *err)
{
    for (size_t i = 0; i < document->n_signatures; i++) {
        const char *signer = document->signatures[i]->signer;

        if (strcmp(signer, own->name) == 0)
            return err_set(err, ERR_DOCUMENT_SIGNED, "%s has signed this already", signer);
        if (!signature_holds(document, roster, signer) && !signature_holds(document, before, signer))
            return err_set(err, code, "the signature of %.64s does not hold: the bytes changed after it",
                           signer);
    }
    return 0;
}

/* The roster before, where it is given: this one must name it. */
static int load_previous(struct roster **before, const struct args *args, const Weft__V1__Roster *wire,
                         struct err *err)
{
    const char *path = args_value(args, "previous");
    int rc;

    if (path == NULL)
        return 0;
    if ((rc = authority_load_roster(before, path, 0, err)) != 0)
        return rc;
    return wire->version == (*before)->wire->version + 1 && wire->previous_digest.len == DIGEST_SIZE &&
                   memcmp(wire->previous_digest.data, (*before)->digest, DIGEST_SIZE) == 0
               ? 0
               : err_set(err, ERR_ROSTER_SUCCESSION, "%s is not the version before", path);
}

static int check_roster(const Weft__V1__Document *document, const struct args *args,
                        const Weft__V1__Root *own, struct err *err)
{
    Weft__V1__Roster *wire = NULL;
    struct roster *before = NULL;
    int rc;

    if ((rc = document_body((ProtobufCMessage **)&wire, document, TYPE(ROSTER), err)) != 0 ||
        (rc = load_previous(&before, args, wire, err)) != 0 ||
        (rc = check_signatures(document, wire, before == NULL ? NULL : before->wire, own,
                               ERR_ROSTER_SIGNATURE, err)) != 0 ||
        (rc = roster_check(wire, err)) != 0 || (rc = roster_check_conventions(wire, err)) != 0 ||
        (rc = check_own_root(wire, before == NULL ? NULL : before->wire, own, err)) != 0)
        goto done;
    if (wire->expires_ms <= calendar_now_ms())
        rc = err_set(err, ERR_ROSTER_EXPIRED, "version %u", wire->version);

done:
    roster_free(&before);
    wire_free(&wire);
    return rc;
}

/* Do version, digest, series and slots follow from this very catalogue? */
static int check_catalogue(const Weft__V1__Task *task, const char *path, struct err *err)
{
    struct catalogue *catalogue = NULL;
    struct catalogue_layout layout = {0};
    int rc;

    if ((rc = catalogue_load(&catalogue, path, err)) != 0)
        return rc;
    if (task->catalogue_digest.len != DIGEST_SIZE ||
        memcmp(task->catalogue_digest.data, catalogue->digest, DIGEST_SIZE) != 0)
        rc = err_set(err, ERR_CATALOGUE_DIGEST, "%s", path);
    else if ((rc = catalogue_layout(&layout, catalogue, err)) == 0 &&
             (!catalogue_layout_equals(&layout, task) ||
              strcmp(task->catalogue_version, catalogue->version) != 0))
        rc = err_set(err, ERR_TASK_UNSOUND, "series and slots do not follow from the catalogue %s", path);
    catalogue_layout_clear(&layout);
    catalogue_free(&catalogue);
    return rc;
}

static int need(const struct args *args, const char *option, const char **value, struct err *err)
{
    *value = args_value(args, option);
    return *value != NULL ? 0 : err_set(err, ERR_USAGE, "--%s is needed to check this document", option);
}

static int check_task(const Weft__V1__Document *document, const struct roster *roster,
                      const struct args *args, const Weft__V1__Root *own, struct err *err)
{
    Weft__V1__Task *wire = NULL;
    const char *catalogue;
    int rc;

    if ((rc = need(args, "catalogue", &catalogue, err)) != 0 ||
        (rc = document_body((ProtobufCMessage **)&wire, document, TYPE(TASK), err)) != 0 ||
        (rc = check_signatures(document, roster->wire, NULL, own, ERR_TASK_SIGNATURE, err)) != 0 ||
        (rc = task_check(wire, roster, err)) != 0)
        goto done;
    rc = check_catalogue(wire, catalogue, err);

done:
    wire_free(&wire);
    return rc;
}

static int check_void(const Weft__V1__Document *document, const struct roster *roster,
                      const Weft__V1__Root *own, struct err *err)
{
    Weft__V1__Void *wire = NULL;
    int rc = document_body((ProtobufCMessage **)&wire, document, TYPE(VOID), err);

    if (rc != 0)
        return rc;
    if (wire->task_id.len != DIGEST_SIZE || wire->reason[0] == '\0')
        rc = err_set(err, ERR_TASK_UNSOUND, "a void names a task and a reason");
    else
        rc = check_signatures(document, roster->wire, NULL, own, ERR_TASK_SIGNATURE, err);
    wire_free(&wire);
    return rc;
}

/* That it only moves times later, every party checks; here there may be an amendment before that is not at hand. */
static int check_amendment(const Weft__V1__Document *document, const struct roster *roster,
                           const Weft__V1__Root *own, struct err *err)
{
    Weft__V1__Amendment *wire = NULL;
    int rc = document_body((ProtobufCMessage **)&wire, document, TYPE(AMENDMENT), err);

    if (rc != 0)
        return rc;
    if (wire->task_id.len != DIGEST_SIZE || wire->reason[0] == '\0' || wire->number < 1)
        rc = err_set(err, ERR_AMENDMENT, "an amendment names a task, a number and a reason");
    else
        rc = check_signatures(document, roster->wire, NULL, own, ERR_TASK_SIGNATURE, err);
    wire_free(&wire);
    return rc;
}

/* Tasks, voids and amendments rest on a roster that is signed and that names our root. */
static int check_with_roster(const Weft__V1__Document *document, const struct args *args,
                             const Weft__V1__Root *own, struct err *err)
{
    struct roster *roster = NULL;
    const char *path;
    int rc;

    if ((rc = need(args, "roster", &path, err)) != 0 ||
        (rc = authority_load_roster(&roster, path, calendar_now_ms(), err)) != 0)
        return rc;
    if ((rc = check_own_root(roster->wire, NULL, own, err)) == 0)
        rc = document->type == TYPE(TASK) ? check_task(document, roster, args, own, err)
             : document->type == TYPE(VOID) ? check_void(document, roster, own, err)
                                            : check_amendment(document, roster, own, err);
    roster_free(&roster);
    return rc;
}

int authority_sign(const struct args *args, struct err *err)
{
    const char *path = args_operand(args, 0);
    Weft__V1__Document *document = NULL;
    struct authority_root root = {0};
    const Weft__V1__Root *own = authority_root_public(&root);
    int rc;

    if ((rc = authority_root_load(&root, args_value(args, "dir"), err)) != 0 ||
        (rc = authority_load(&document, path, err)) != 0)
        goto done;
    if (document->type == TYPE(ROSTER))
        rc = check_roster(document, args, own, err);
    else if (document->type == TYPE(TASK) || document->type == TYPE(VOID) ||
             document->type == TYPE(AMENDMENT))
        rc = check_with_roster(document, args, own, err);
    else
        rc = err_set(err, ERR_USAGE, "a %s is not signed by root keys", document_type_name(document->type));
    if (rc != 0 || (rc = document_sign(&document, own->name, root.private_key, err)) != 0 ||
        (rc = authority_save(document, path, err)) != 0)
        goto done;
    rc = authority_summary(stdout, document, args_lang(args), err);

done:
    document_free(&document);
    authority_root_clear(&root);
    return rc;
}
