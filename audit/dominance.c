/* dominance.c - the largest owner of each block, by beds. */
#include "audit/dominance.h"

#include <stdlib.h>
#include <string.h>

/* A site of a block, to be sorted so that those of one owner in one block lie together. */
struct member {
    int block, owner;
    const Weft__V1__Site *wire;
};

static int by_block_and_owner(const void *a, const void *b)
{
    const struct member *x = a, *y = b;

    if (x->block != y->block) {
        return x->block < y->block ? -1 : 1;
    }
    return (x->owner > y->owner) - (x->owner < y->owner);
}

/* One block's members, [first, end). */
static void judge(struct dominance *found, size_t *num, const struct member *members, size_t first,
                  size_t end)
{
    uint64_t all = 0, own = 0, most = 0;
    const char *owner = NULL;

    for (size_t i = first; i < end; i++) {
        if (members[i].wire->beds == 0) {
            return; /* not known */
        }
        own = i > first && members[i].owner == members[i - 1].owner ? own : 0;
        own += members[i].wire->beds;
        all += members[i].wire->beds;
        if (own > most) {
            most = own;
            owner = members[i].wire->owner;
        }
    }
    if (most * 100 > all * DOMINANCE_PERCENT) {
        found[(*num)++] = (struct dominance){members[first].block, owner, (unsigned)(most * 100 / all)};
    }
}

int dominance_find(struct dominance **out, size_t *num, const struct roster *roster, const int *block,
                   struct err *err)
{
    size_t sites = (size_t)roster->num_sites, n = 0;
    struct member *members = calloc(sites + 1, sizeof *members);
    struct dominance *found = calloc((size_t)roster->num_areas, sizeof *found);

    if (members == NULL || found == NULL) {
        free(members);
        free(found);
        return err_set(err, ERR_NO_MEMORY, "blocks");
    }
    for (size_t i = 0; i < sites; i++) {
        if (block[i] != NONE) {
            members[n++] = (struct member){block[i], roster->sites[i].owner, roster->sites[i].wire};
        }
    }
    qsort(members, n, sizeof *members, by_block_and_owner);
    *num = 0;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first; end < n && members[end].block == members[first].block; end++) {
        }
        judge(found, num, members, first, end);
    }
    free(members);
    *out = found;
    return 0;
}

int dominance_find_planned(struct dominance **found, size_t *num, const struct roster *roster,
                           char *const *areas, size_t num_areas, struct err *err)
{
    bool *is_planned = calloc((size_t)roster->num_areas, sizeof *is_planned);
    int *block = calloc((size_t)roster->num_sites + 1, sizeof *block), rc;

    if (is_planned == NULL || block == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "blocks");
        goto done;
    }
    for (size_t i = 0; i < num_areas; i++) {
        int area = roster_find_area(roster, areas[i]);
        if (area != NONE) {
            is_planned[area] = true;
        }
    }
    for (int i = 0; i < roster->num_sites; i++) {
        block[i] = roster->sites[i].area;
        while (block[i] != NONE && !is_planned[block[i]]) {
            block[i] = roster->areas[block[i]].parent;
        }
    }
    rc = dominance_find(found, num, roster, block, err);
done:
    free(is_planned);
    free(block);
    return rc;
}
