/* authority_draft.c - drafts of rosters: read, kept while they change, written. */
#include "coordinator/authority_draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/roster_conventions.h"
#include "base/wire.h"

int draft_load(struct draft *draft, const char *path, struct err *err)
{
    Weft__V1__Document *document = NULL;
    int rc;

    if ((rc = authority_load(&document, path, err)) != 0)
        return rc;
    if (document->n_signatures > 0)
        rc = err_set(err, ERR_DOCUMENT_SIGNED, "%s is signed and cannot change; see new-roster --from", path);
    else
        rc = document_body((ProtobufCMessage **)&draft->stored, document,
                           WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, err);
    if (rc == 0)
        draft->roster = *draft->stored;
    document_free(&document);
    return rc;
}

int draft_save(const struct draft *draft, const char *path, bool is_new, struct err *err)
{
    Weft__V1__Document *document = NULL;
    ProtobufCMessage *body = NULL;
    int rc;

    /* Read back what was packed, so that nothing is stored that later cannot be read. */
    if ((rc = document_new(&document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, &draft->roster.base, err)) ==
            0 &&
        (rc = document_body(&body, document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, err)) == 0)
        rc = is_new ? authority_save_new(document, path, err) : authority_save(document, path, err);
    wire_free(&body);
    document_free(&document);
    return rc;
}

void draft_clear(struct draft *draft)
{
    for (size_t i = 0; i < draft->num_owned; i++)
        free(draft->owned[i]);
    free(draft->owned);
    wire_free(&draft->stored);
    *draft = (struct draft){0};
}

void *draft_alloc(struct draft *draft, size_t size)
{
    void **grown = realloc(draft->owned, (draft->num_owned + 1) * sizeof *grown);
    void *memory = grown == NULL ? NULL : calloc(1, size);

    draft->owned = grown != NULL ? grown : draft->owned;
    if (memory != NULL)
        draft->owned[draft->num_owned++] = memory;
    return memory;
}

void *draft_grow(struct draft *draft, const void *list, size_t num, void *item)
{
    void **grown = draft_alloc(draft, (num + 1) * sizeof *grown);

    if (grown == NULL)
        return NULL;
    if (num > 0)
        memcpy(grown, list, num * sizeof *grown);
    grown[num] = item;
    return grown;
}

/* ---------------------------------------------------------------- lookups and checks */

Weft__V1__Operator *draft_find_operator(const Weft__V1__Roster *roster, const char *id)
{
    for (size_t i = 0; i < roster->n_operators; i++) {
        if (strcmp(roster->operators[i]->id, id) == 0)
            return roster->operators[i];
    }
    return NULL;
}

Weft__V1__Coordinator *draft_find_coordinator(const Weft__V1__Roster *roster, const char *id)
{
    for (size_t i = 0; i < roster->n_coordinators; i++) {
        if (strcmp(roster->coordinators[i]->id, id) == 0)
            return roster->coordinators[i];
    }
    return NULL;
}

Weft__V1__Area *draft_find_area(const Weft__V1__Roster *roster, const char *code)
{
    for (size_t i = 0; i < roster->n_areas; i++) {
        if (strcmp(roster->areas[i]->code, code) == 0)
            return roster->areas[i];
    }
    return NULL;
}

Weft__V1__Site *draft_find_site(const Weft__V1__Roster *roster, const char *id)
{
    for (size_t i = 0; i < roster->n_sites; i++) {
        if (strcmp(roster->sites[i]->id, id) == 0)
            return roster->sites[i];
    }
    return NULL;
}

void draft_set_supervisor(Weft__V1__Site *site, const Weft__V1__Roster *roster, const char *supervisor)
{
    const char *by_rule = roster_rule_supervisor(roster, site);
    size_t num = 0;

    for (size_t i = 0; i < site->n_classes; i++) {
        if (strcmp(site->classes[i], SUPERVISION_INDIVIDUAL) != 0)
            site->classes[num++] = site->classes[i];
    }
    site->n_classes = num;
    if (supervisor == NULL || supervisor[0] == '\0')
        site->supervisor = TEXT(by_rule != NULL ? by_rule : site->area);
    else
        site->supervisor = TEXT(supervisor);
    if (by_rule != NULL && strcmp(by_rule, site->supervisor) != 0)
        site->classes[site->n_classes++] = TEXT(SUPERVISION_INDIVIDUAL);
}

int draft_unsound(struct err *err, const char *what, const char *which)
{
    return err_set(err, ERR_ROSTER_UNSOUND, "%s: %s", which, what);
}

int draft_time(int64_t *ms, const struct args *args, const char *option, struct err *err)
{
    struct calendar_zone zone;
    int rc;

    if ((rc = calendar_zone(&zone, NULL, err)) == 0 &&
        (rc = calendar_parse(ms, args_value(args, option), &zone, err)) != 0)
        err_field(err, option);
    return rc;
}
