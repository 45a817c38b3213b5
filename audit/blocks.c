/* blocks.c - one engine that withholds areas until every block passes; what a block measures is the caller's.
 */
#include "audit/blocks.h"

#include <stdlib.h>
#include <string.h>

struct measure {
    bool passes;
    bool known;
    uint64_t count;
};

/* Measure what belongs to the areas marked in `within`. */
typedef struct measure (*measure_fn)(void *context, const bool *within);

enum verdict { PASSES = 0, TOO_FEW, UNKNOWN };

struct engine {
    const struct block_tree *tree;
    bool *listed;
    measure_fn measure;
    void *context;
    bool *within;           /* scratch */
    int *depths;            /* the top's is 0 */
    uint64_t *totals;       /* of each listed area, with all that lies below it: never changes */
    enum verdict *verdicts; /* of each listed area's block */
};

int blocks_area_of(const struct block_tree *tree, const bool *listed, int area)
{
    while (area >= 0 && !listed[area])
        area = tree->parents[area];
    return area;
}

static bool is_within(const struct block_tree *tree, int area, int ancestor)
{
    while (area >= 0 && area != ancestor)
        area = tree->parents[area];
    return area == ancestor;
}

static int depth_of(const struct block_tree *tree, int area)
{
    int depth = 0;

    while ((area = tree->parents[area]) >= 0)
        depth++;
    return depth;
}

static void judge_block(struct engine *engine, int area)
{
    struct measure measure;

    for (int i = 0; i < engine->tree->num_areas; i++)
        engine->within[i] = blocks_area_of(engine->tree, engine->listed, i) == area;
    measure = engine->measure(engine->context, engine->within);
    if (!measure.known)
        engine->verdicts[area] = UNKNOWN;
    else if (measure.passes)
        engine->verdicts[area] = PASSES;
    else
        engine->verdicts[area] = TOO_FEW;
}

static void measure_total(struct engine *engine, int area)
{
    for (int i = 0; i < engine->tree->num_areas; i++)
        engine->within[i] = is_within(engine->tree, i, area);
    engine->totals[area] = engine->measure(engine->context, engine->within).count;
}

static bool is_fixed(const struct engine *engine, int area)
{
    return engine->tree->fixed != NULL && engine->tree->fixed[area];
}

static int deepest_failing(const struct engine *engine)
{
    int found = -1;

    for (int i = 0; i < engine->tree->num_areas; i++) {
        if (engine->listed[i] && !is_fixed(engine, i) && engine->verdicts[i] != PASSES &&
            (found < 0 || engine->depths[i] > engine->depths[found]))
            found = i;
    }
    return found;
}

/* The smallest of the maximal listed areas below `area`; -1 if there is none. */
static int smallest_below(const struct engine *engine, int area)
{
    const struct block_tree *tree = engine->tree;
    int found = -1;

    for (int i = 0; i < tree->num_areas; i++) {
        if (engine->listed[i] && !is_fixed(engine, i) && tree->parents[i] >= 0 &&
            blocks_area_of(tree, engine->listed, tree->parents[i]) == area &&
            (found < 0 || engine->totals[i] < engine->totals[found]))
            found = i;
    }
    return found;
}

static void withhold_until_all_pass(struct engine *engine)
{
    int area;

    while ((area = deepest_failing(engine)) >= 0) {
        /* An unknown block stays unknown whatever joins it. */
        int victim = engine->verdicts[area] == UNKNOWN ? -1 : smallest_below(engine, area);
        int heir;

        if (victim < 0)
            victim = area;
        engine->listed[victim] = false;
        heir = blocks_area_of(engine->tree, engine->listed, victim);
        if (heir >= 0)
            judge_block(engine, heir);
    }
}

static int run(const struct block_tree *tree, bool *listed, measure_fn measure, void *context,
               struct err *err)
{
    struct engine engine = {.tree = tree, .listed = listed, .measure = measure, .context = context};
    size_t num = (size_t)tree->num_areas;
    int rc = 0;

    if (num == 0)
        return 0;
    engine.within = calloc(num, sizeof *engine.within);
    engine.depths = calloc(num, sizeof *engine.depths);
    engine.totals = calloc(num, sizeof *engine.totals);
    engine.verdicts = calloc(num, sizeof *engine.verdicts);
    if (!engine.within || !engine.depths || !engine.totals || !engine.verdicts) {
        rc = err_set(err, ERR_NO_MEMORY, "blocks of %zu areas", num);
        goto done;
    }
    for (int i = 0; i < tree->num_areas; i++) {
        engine.depths[i] = depth_of(tree, i);
        if (listed[i]) {
            judge_block(&engine, i);
            measure_total(&engine, i);
        }
    }
    withhold_until_all_pass(&engine);

done:
    free(engine.within);
    free(engine.depths);
    free(engine.totals);
    free(engine.verdicts);
    return rc;
}

struct owners {
    const struct block_site *sites;
    int num_sites;
    unsigned min;
    bool *seen; /* per owner; all false between calls */
};

#define NUM_GROUPS 2

static struct measure measure_group(struct owners *owners, const bool *within, int group)
{
    struct measure measure = {.known = true};
    bool empty = true, consent = true;

    for (int i = 0; i < owners->num_sites; i++) {
        const struct block_site *site = &owners->sites[i];

        if (!within[site->area] || site->group != group)
            continue;
        empty = false;
        consent &= site->consents;
        if (site->counts && !owners->seen[site->owner]) {
            owners->seen[site->owner] = true;
            measure.count++;
        }
    }
    for (int i = 0; i < owners->num_sites; i++)
        owners->seen[owners->sites[i].owner] = false;
    measure.passes = empty || consent || measure.count >= owners->min;
    return measure;
}

static struct measure measure_owners(void *context, const bool *within)
{
    struct measure measure = {.passes = true, .known = true};

    for (int group = 0; group < NUM_GROUPS; group++) {
        struct measure part = measure_group(context, within, group);

        measure.passes &= part.passes;
        measure.count += part.count;
    }
    return measure;
}

/* The caller frees owners->seen. */
static int owners_begin(struct owners *owners, const struct block_site *sites, int num_sites, unsigned min,
                        struct err *err)
{
    size_t num_owners = 1;

    for (int i = 0; i < num_sites; i++) {
        if ((size_t)sites[i].owner >= num_owners)
            num_owners = (size_t)sites[i].owner + 1;
    }
    *owners = (struct owners){sites, num_sites, min, calloc(num_owners, sizeof *owners->seen)};
    return owners->seen != NULL ? 0 : err_set(err, ERR_NO_MEMORY, "blocks of %zu owners", num_owners);
}

int blocks_withhold_few_owners(const struct block_tree *tree, bool *listed, const struct block_site *sites,
                               int num_sites, unsigned min, struct err *err)
{
    struct owners owners;
    int rc = owners_begin(&owners, sites, num_sites, min, err);

    if (rc == 0)
        rc = run(tree, listed, measure_owners, &owners, err);
    free(owners.seen);
    return rc;
}

struct contributors {
    int num_areas;
    const bool *has_block; /* the areas whose blocks are counted */
    const uint64_t *counts;
    const bool *known;
    unsigned min;
};

static struct measure measure_contributors(void *context, const bool *within)
{
    const struct contributors *contributors = context;
    struct measure measure = {.known = true};

    for (int i = 0; i < contributors->num_areas; i++) {
        if (!within[i] || !contributors->has_block[i])
            continue;
        if (!contributors->known[i])
            measure.known = false;
        else
            measure.count += contributors->counts[i];
    }
    measure.passes = measure.count == 0 || measure.count >= contributors->min;
    return measure;
}

int blocks_withhold_few_contributors(const struct block_tree *tree, bool *listed, const uint64_t *counts,
                                     const bool *known, unsigned min, struct err *err)
{
    struct contributors contributors = {
        .num_areas = tree->num_areas, .counts = counts, .known = known, .min = min};
    size_t num = (size_t)tree->num_areas;
    bool *has_block;
    int rc;

    if (num == 0)
        return 0;
    has_block = calloc(num, sizeof *has_block);
    if (!has_block)
        return err_set(err, ERR_NO_MEMORY, "blocks of %zu areas", num);
    memcpy(has_block, listed, num * sizeof *has_block);
    contributors.has_block = has_block;
    rc = run(tree, listed, measure_contributors, &contributors, err);
    free(has_block);
    return rc;
}

struct changers {
    struct contributors contributes, changed;
    struct owners owners;
};

static bool all_consent(const struct owners *owners, const bool *within)
{
    for (int i = 0; i < owners->num_sites; i++) {
        if (within[owners->sites[i].area] && !owners->sites[i].consents)
            return false;
    }
    return true;
}

static struct measure measure_changes(void *context, const bool *within)
{
    struct changers *changers = context;
    struct measure contributes = measure_contributors(&changers->contributes, within);
    struct measure changed = measure_contributors(&changers->changed, within);

    if (changed.count > 0 && !all_consent(&changers->owners, within))
        changed.passes &= measure_owners(&changers->owners, within).passes;
    else
        changed.passes = true;
    contributes.passes &= changed.passes;
    contributes.count = changed.count; /* what joins a block is to help it over the bar */
    return contributes;
}

int blocks_withhold_few_changes(const struct block_tree *tree, bool *listed,
                                const struct block_changes *changes, unsigned min, struct err *err)
{
    struct changers changers = {
        .contributes = {tree->num_areas, changes->has_block, changes->contributes, changes->known, min},
        .changed = {tree->num_areas, changes->has_block, changes->changed, changes->known, min}};
    int rc;

    if ((rc = owners_begin(&changers.owners, changes->sites, changes->num_sites, min, err)) == 0)
        rc = run(tree, listed, measure_changes, &changers, err);
    free(changers.owners.seen);
    return rc;
}
