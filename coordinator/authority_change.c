/* authority_change.c - entries of a draft changed from a date on, or taken back. */
#include "coordinator/authority_draft.h"

#include <string.h>

/* ---------------------------------------------------------------- from a date on */

/* Load the draft and find the site that the command names. */
static int begin_change(struct draft *draft, Weft__V1__Site **site, int64_t *from_ms, const struct args *args,
                        struct err *err)
{
    int rc;

    if ((rc = draft_time(from_ms, args, "from", err)) != 0 ||
        (rc = draft_load(draft, args_value(args, "roster"), err)) != 0)
        return rc;
    *site = draft_find_site(&draft->roster, args_operand(args, 0));
    return *site != NULL ? 0 : draft_unsound(err, "is not in the draft", args_operand(args, 0));
}

/* What was changed must leave the roster sound. */
static int end_change(struct draft *draft, const struct args *args, int rc, struct err *err)
{
    if (rc == 0 && (rc = roster_check(&draft->roster, err)) == 0)
        rc = draft_save(draft, args_value(args, "roster"), false, err);
    draft_clear(draft);
    return rc;
}

static int end_site(const struct args *args, const char *successor, struct err *err)
{
    struct draft draft = {0};
    Weft__V1__Site *site;
    int64_t from_ms;
    int rc = begin_change(&draft, &site, &from_ms, args, err);

    if (rc == 0 && site->valid_until_ms != 0)
        rc = draft_unsound(err, "has ended already", site->id);
    if (rc == 0) {
        site->valid_until_ms = from_ms;
        site->successor = TEXT(successor);
    }
    return end_change(&draft, args, rc, err);
}

int authority_close_site(const struct args *args, struct err *err)
{
    return end_site(args, "", err);
}

int authority_merge_site(const struct args *args, struct err *err)
{
    return end_site(args, args_value(args, "into"), err);
}

/* Keep the present place as a former one. */
static int keep_place(struct draft *draft, Weft__V1__Site *site, int64_t until_ms, struct err *err)
{
    Weft__V1__FormerPlace *place = draft_alloc(draft, sizeof *place);

    if (place == NULL)
        return err_set(err, ERR_NO_MEMORY, "roster");
    weft__v1__former_place__init(place);
    place->until_ms = until_ms;
    place->area = site->area;
    place->supervisor = site->supervisor;
    place->owner = site->owner;
    site->former = draft_grow(draft, site->former, site->n_former++, place);
    return site->former != NULL ? 0 : err_set(err, ERR_NO_MEMORY, "roster");
}

int authority_move_site(const struct args *args, struct err *err)
{
    const char *area = args_value(args, "area"), *supervisor = args_value(args, "supervisor"),
               *owner = args_value(args, "owner");
    struct draft draft = {0};
    Weft__V1__Site *site;
    int64_t from_ms;
    int rc;

    if (area == NULL && supervisor == NULL && owner == NULL)
        return err_set(err, ERR_USAGE, "--area, --supervisor or --owner says what changes");
    if ((rc = begin_change(&draft, &site, &from_ms, args, err)) == 0 &&
        (rc = keep_place(&draft, site, from_ms, err)) == 0) {
        site->classes = draft_grow(&draft, site->classes, site->n_classes, NULL); /* room for one more */
        site->owner = owner != NULL ? TEXT(owner) : site->owner;
        site->area = area != NULL ? TEXT(area) : site->area;
        if (site->classes == NULL)
            rc = err_set(err, ERR_NO_MEMORY, "roster");
        else if (area != NULL || supervisor != NULL)
            draft_set_supervisor(site, &draft.roster, supervisor);
    }
    return end_change(&draft, args, rc, err);
}

/* ---------------------------------------------------------------- taken back */

/* Take the item at `index` out of a list of pointers. */
static void take_out(void *list, size_t *num, size_t index)
{
    void **items = list;

    memmove(items + index, items + index + 1, (*num - index - 1) * sizeof *items);
    (*num)--;
}

static int still_needed(struct err *err, const char *which, const char *by)
{
    return err_set(err, ERR_ROSTER_UNSOUND, "%s is still named by %s", which, by);
}

static int remove_operator(Weft__V1__Roster *roster, size_t index, struct err *err)
{
    const char *id = roster->operators[index]->id;

    for (size_t i = 0; i < roster->n_coordinators; i++) {
        if (strcmp(roster->coordinators[i]->operator_id, id) == 0)
            return still_needed(err, id, roster->coordinators[i]->id);
    }
    take_out(roster->operators, &roster->n_operators, index);
    return 0;
}

static int remove_coordinator(Weft__V1__Roster *roster, size_t index, struct err *err)
{
    const char *id = roster->coordinators[index]->id;

    for (size_t i = 0; i < roster->n_areas; i++) {
        if (strcmp(roster->areas[i]->leader, id) == 0 || strcmp(roster->areas[i]->helper, id) == 0)
            return still_needed(err, id, roster->areas[i]->code);
    }
    take_out(roster->coordinators, &roster->n_coordinators, index);
    return 0;
}

static bool names_area(const Weft__V1__Site *site, const char *code)
{
    bool found = strcmp(site->area, code) == 0 || strcmp(site->supervisor, code) == 0;

    for (size_t i = 0; i < site->n_former; i++)
        found |= strcmp(site->former[i]->area, code) == 0 || strcmp(site->former[i]->supervisor, code) == 0;
    return found;
}

static int remove_area(Weft__V1__Roster *roster, size_t index, struct err *err)
{
    const char *code = roster->areas[index]->code;

    for (size_t i = 0; i < roster->n_areas; i++) {
        if (strcmp(roster->areas[i]->parent, code) == 0)
            return still_needed(err, code, roster->areas[i]->code);
    }
    for (size_t i = 0; i < roster->n_sites; i++) {
        if (names_area(roster->sites[i], code))
            return still_needed(err, code, roster->sites[i]->id);
    }
    take_out(roster->areas, &roster->n_areas, index);
    return 0;
}

static int remove_site(Weft__V1__Roster *roster, size_t index, struct err *err)
{
    const char *id = roster->sites[index]->id;

    for (size_t i = 0; i < roster->n_sites; i++) {
        if (strcmp(roster->sites[i]->successor, id) == 0)
            return still_needed(err, id, roster->sites[i]->id);
    }
    take_out(roster->sites, &roster->n_sites, index);
    return 0;
}

static int remove_revocation(Weft__V1__Roster *roster, size_t index, struct err *err)
{
    (void)err;
    take_out(roster->revoked, &roster->n_revoked, index);
    return 0;
}

/* The name of the item at `index` of each kind; NULL beyond the last. */
#define NAME_OF(list, num, key)                                                                              \
    static const char *key##_in_##list(const Weft__V1__Roster *roster, size_t index)                         \
    {                                                                                                        \
        return index < roster->num ? roster->list[index]->key : NULL;                                        \
    }
NAME_OF(operators, n_operators, id)
NAME_OF(coordinators, n_coordinators, id)
NAME_OF(areas, n_areas, code)
NAME_OF(sites, n_sites, id)
NAME_OF(revoked, n_revoked, tls_name)

typedef const char *(*name_of)(const Weft__V1__Roster *, size_t);
typedef int (*removal)(Weft__V1__Roster *, size_t, struct err *);

static int take_back(const struct args *args, name_of name, removal remove, struct err *err)
{
    const char *path = args_value(args, "roster"), *wanted = args_operand(args, 0), *found;
    struct draft draft = {0};
    size_t index = 0;
    int rc = draft_load(&draft, path, err);

    if (rc != 0)
        return rc;
    while ((found = name(&draft.roster, index)) != NULL && strcmp(found, wanted) != 0)
        index++;
    if (found == NULL)
        rc = draft_unsound(err, "is not in the draft", wanted);
    else if ((rc = remove(&draft.roster, index, err)) == 0)
        rc = draft_save(&draft, path, false, err);
    draft_clear(&draft);
    return rc;
}

int authority_remove_operator(const struct args *args, struct err *err)
{
    return take_back(args, id_in_operators, remove_operator, err);
}

int authority_remove_coordinator(const struct args *args, struct err *err)
{
    return take_back(args, id_in_coordinators, remove_coordinator, err);
}

int authority_remove_area(const struct args *args, struct err *err)
{
    return take_back(args, code_in_areas, remove_area, err);
}

int authority_remove_site(const struct args *args, struct err *err)
{
    return take_back(args, id_in_sites, remove_site, err);
}

int authority_remove_revocation(const struct args *args, struct err *err)
{
    return take_back(args, tls_name_in_revoked, remove_revocation, err);
}
