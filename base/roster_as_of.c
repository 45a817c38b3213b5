/* roster_as_of.c - a roster as of a period: who takes part, and where each stood when it began.
 *
 * A second body is put together, borrowing from the document's, and linked like any other. */
#include "base/roster_internal.h"

#include <stdlib.h>
#include <string.h>

struct roster_resolved {
    Weft__V1__Roster wire;
    Weft__V1__Site *sites, **site_list;
};

void roster_resolved_free(struct roster_resolved *resolved)
{
    free(resolved->sites);
    free(resolved->site_list);
    free(resolved);
}

static bool takes_part(const Weft__V1__Site *site, int64_t start_ms, int64_t end_ms)
{
    return site->valid_from_ms < end_ms && (site->valid_until_ms == 0 || site->valid_until_ms > start_ms);
}

/* A copy of the site, standing where it stood at `at_ms`. */
static Weft__V1__Site placed(const Weft__V1__Site *site, int64_t at_ms)
{
    static char none[1];
    Weft__V1__Site out = *site;

    for (size_t i = 0; i < site->n_former; i++) {
        if (at_ms < site->former[i]->until_ms) {
            out.area = site->former[i]->area;
            out.supervisor = site->former[i]->supervisor;
            out.owner = site->former[i]->owner;
            break;
        }
    }
    out.former = NULL;
    out.n_former = 0;
    out.successor = none;
    return out;
}

static int resolve(struct roster_resolved *resolved, const Weft__V1__Roster *wire, int64_t start_ms,
                   int64_t end_ms, struct err *err)
{
    resolved->wire = *wire;
    resolved->sites = calloc(wire->n_sites + 1, sizeof *resolved->sites);
    resolved->site_list = calloc(wire->n_sites + 1, sizeof *resolved->site_list);
    if (resolved->sites == NULL || resolved->site_list == NULL) {
        return err_set(err, ERR_NO_MEMORY, "roster");
    }
    resolved->wire.sites = resolved->site_list;
    resolved->wire.n_sites = 0;
    for (size_t i = 0; i < wire->n_sites; i++) {
        size_t at = resolved->wire.n_sites;
        if (takes_part(wire->sites[i], start_ms, end_ms)) {
            resolved->sites[at] = placed(wire->sites[i], start_ms);
            resolved->site_list[at] = &resolved->sites[at];
            resolved->wire.n_sites++;
        }
    }
    return 0;
}

int roster_as_of(struct roster **out, const struct roster *roster, int64_t start_ms, int64_t end_ms,
                 struct err *err)
{
    struct roster_resolved *resolved = calloc(1, sizeof *resolved);
    struct roster *as_of = calloc(1, sizeof *as_of);
    int rc;

    if (resolved == NULL || as_of == NULL) {
        free(resolved);
        free(as_of);
        return err_set(err, ERR_NO_MEMORY, "roster");
    }
    as_of->resolved = resolved;
    as_of->wire = &resolved->wire;
    memcpy(as_of->digest, roster->digest, DIGEST_SIZE);
    if ((rc = resolve(resolved, roster->wire, start_ms, end_ms, err)) == 0 &&
        (rc = roster_build(as_of, err)) == 0) {
        *out = as_of;
        return 0;
    }
    roster_free(&as_of);
    return rc;
}
