/* view_build.c - the order and the plan: what follows from freezes and from contributing counts. */
#include "audit/view_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "audit/blocks.h"
#include "audit/strata.h"

#define REASON(name) WEFT__V1__WITHHELD_REASON__WITHHELD_##name

/* Temporary arrays of one build, freed together. */
struct build {
    const struct view *view;
    size_t num_areas;
    int *parents;
    struct block_tree tree;
    bool *listed;
    Weft__V1__WithheldReason *reasons;
    bool *site_is_frozen;
    struct block_site *sites;
    int num_sites;
    Weft__V1__AreaDigest *digests;
    Weft__V1__AreaDigest **digest_list;
};

static int build_begin(struct build *build, const struct view *view, struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas, sites = (size_t)view->roster->num_sites;

    *build = (struct build){.view = view, .num_areas = areas};
    build->parents = calloc(areas, sizeof *build->parents);
    build->listed = calloc(areas, sizeof *build->listed);
    build->reasons = calloc(areas, sizeof *build->reasons);
    build->site_is_frozen = calloc(sites + 1, sizeof *build->site_is_frozen);
    build->sites = calloc(sites + 1, sizeof *build->sites);
    build->digests = calloc(areas, sizeof *build->digests);
    build->digest_list = calloc(areas, sizeof *build->digest_list);
    if (build->parents == NULL || build->listed == NULL || build->reasons == NULL ||
        build->site_is_frozen == NULL || build->sites == NULL || build->digests == NULL ||
        build->digest_list == NULL) {
        return err_set(err, ERR_NO_MEMORY, "order");
    }
    build->tree = (struct block_tree){build->parents, (int)areas};
    for (size_t i = 0; i < areas; i++) {
        build->parents[i] = view->roster->areas[i].parent;
    }
    return 0;
}

static void build_end(struct build *build)
{
    free(build->parents);
    free(build->listed);
    free(build->reasons);
    free(build->site_is_frozen);
    free(build->sites);
    free(build->digests);
    free(build->digest_list);
}

/* Name the predecessors that this build rests on. */
static size_t name_predecessors(struct build *build, const bool *use, const struct view_document *held)
{
    size_t num = 0;

    for (size_t area = 0; area < build->num_areas; area++) {
        if (use[area] && held[area].document != NULL) {
            weft__v1__area_digest__init(&build->digests[num]);
            build->digests[num].area = build->view->roster->areas[area].wire->code;
            build->digests[num].digest.data = (uint8_t *)(uintptr_t)held[area].digest;
            build->digests[num].digest.len = DIGEST_SIZE;
            build->digest_list[num] = &build->digests[num];
            num++;
        }
    }
    return num;
}

static ProtobufCBinaryData borrow(const uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

/* ---- order ---- */

static void collect_frozen_sites(struct build *build, const bool *use_freeze)
{
    const struct roster *roster = build->view->roster;

    for (size_t area = 0; area < build->num_areas; area++) {
        const Weft__V1__Freeze *freeze = (const Weft__V1__Freeze *)build->view->freezes[area].body;
        for (size_t i = 0; freeze != NULL && use_freeze[area] && i < freeze->n_reports; i++) {
            int site = roster_find_site(roster, freeze->reports[i]->site);
            build->site_is_frozen[site] = true;
            build->sites[build->num_sites++] = (struct block_site){
                .area = roster->sites[site].area,
                .owner = roster->sites[site].owner,
                .counts = !roster->sites[site].owner_is_operator,
            };
        }
    }
}

/* The plan's areas that have reports and the coverage asked for; the block rule comes after. */
static void list_candidates(struct build *build)
{
    const struct view *view = build->view;

    for (size_t area = 0; area < build->num_areas; area++) {
        build->reasons[area] = REASON(NOT_PLANNED);
    }
    for (size_t i = 0; i < view->task->wire->n_release_areas; i++) {
        int area = roster_find_area(view->roster, view->task->wire->release_areas[i]);
        unsigned frozen = 0, expected = (unsigned)view_num_expected(view, area);

        for (int s = 0; s < view->roster->num_sites; s++) {
            frozen +=
                build->site_is_frozen[s] && roster_is_within(view->roster, view->roster->sites[s].area, area);
        }
        build->reasons[area] =
            frozen == 0 ? REASON(NO_REPORTS)
            : (uint64_t)frozen * 100 < (uint64_t)expected * view->task->wire->min_coverage_percent
                ? REASON(COVERAGE)
                : REASON(TOO_FEW_SITES); /* if it is withheld after all */
        build->listed[area] = build->reasons[area] == REASON(TOO_FEW_SITES);
    }
}

static int write_order(struct build *build, size_t num_freezes, Weft__V1__Document **document,
                       struct err *err)
{
    const struct view *view = build->view;
    Weft__V1__Order order = WEFT__V1__ORDER__INIT;
    Weft__V1__Withheld *withheld = calloc(build->num_areas, sizeof *withheld);
    Weft__V1__Withheld **withheld_list = calloc(build->num_areas, sizeof *withheld_list);
    char **listed = calloc(build->num_areas, sizeof *listed);
    int rc = 0;

    if (withheld == NULL || withheld_list == NULL || listed == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "order");
        goto done;
    }
    for (size_t area = 0; area < build->num_areas; area++) {
        char *code = view->roster->areas[area].wire->code;
        if (build->listed[area]) {
            listed[order.n_listed++] = code;
        } else {
            Weft__V1__Withheld *entry = &withheld[order.n_withheld];
            weft__v1__withheld__init(entry);
            entry->area = code;
            entry->reason = build->reasons[area];
            withheld_list[order.n_withheld++] = entry;
        }
    }
    order.task_id = borrow(view->task->id, TASK_ID_SIZE);
    order.freezes = build->digest_list;
    order.n_freezes = num_freezes;
    order.listed = listed;
    order.withheld = withheld_list;
    rc = document_new(document, DOC(ORDER), &order.base, err);
done:
    free(withheld);
    free(withheld_list);
    free(listed);
    return rc;
}

int view_build_order_from(const struct view *view, const bool *use_freeze, Weft__V1__Document **document,
                          struct err *err)
{
    struct build build;
    int rc;

    if ((rc = build_begin(&build, view, err)) == 0) {
        collect_frozen_sites(&build, use_freeze);
        list_candidates(&build);
        if ((rc = blocks_withhold_few_owners(&build.tree, build.listed, build.sites, build.num_sites,
                                             view->task->wire->min_sites, err)) == 0) {
            rc = write_order(&build, name_predecessors(&build, use_freeze, view->freezes), document, err);
        }
    }
    build_end(&build);
    return rc;
}

/* ---- plan ---- */

/* For one series: start from the order's areas and let blocks with too few contributing sites join. */
static int plan_series(struct build *build, int series, const bool *use_contributes, bool *open,
                       struct err *err)
{
    const struct view *view = build->view;
    size_t num_series = (size_t)view->task->num_series;
    uint64_t *counts = calloc(build->num_areas, sizeof *counts);
    bool *known = calloc(build->num_areas, sizeof *known);
    int rc = 0;

    if (counts == NULL || known == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "plan");
        goto done;
    }
    for (size_t area = 0; area < build->num_areas; area++) {
        const Weft__V1__Contributes *body = (const Weft__V1__Contributes *)view->contributes[area].body;
        struct opening opening = {(int)area, SCOPE(BLOCK), STAGE(CONTRIBUTES)};

        build->listed[area] = view->is_listed[area];
        known[area] = !view_opening_is_allowed(view, &opening); /* an empty block: nothing to know */
        if (body != NULL && use_contributes[area]) {
            counts[area] = body->counts[series];
            known[area] = true;
        }
    }
    if ((rc = blocks_withhold_few_contributors(&build->tree, build->listed, counts, known,
                                               view->task->wire->min_sites, err)) != 0) {
        goto done;
    }
    for (size_t area = 0; area < build->num_areas; area++) {
        open[area * num_series + (size_t)series] = build->listed[area];
    }
done:
    free(counts);
    free(known);
    return rc;
}

static bool is_stratum_of(const struct view *view, int series, int whole)
{
    return series < view->task->num_series && view->task->wire->series[series]->stratum[0] != '\0' &&
           strcmp(view->task->wire->series[series]->indicator, view->task->wire->series[whole]->indicator) == 0;
}

/* The strata that follow `whole` are opened where all of them may be (strata.h). */
static int plan_strata(struct build *build, int whole, int end, const bool *use_contributes, bool *open,
                       struct err *err)
{
    const struct view *view = build->view;
    size_t num_series = (size_t)view->task->num_series, num_strata = (size_t)(end - whole - 1);
    uint64_t *counts = calloc(build->num_areas * num_strata + 1, sizeof *counts);
    bool *is_open = calloc(2 * build->num_areas, sizeof *is_open), *whole_is_open = is_open + build->num_areas;
    int rc = 0;

    if (counts == NULL || is_open == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "plan");
        goto done;
    }
    for (size_t area = 0; area < build->num_areas; area++) {
        const Weft__V1__Contributes *body = (const Weft__V1__Contributes *)view->contributes[area].body;

        whole_is_open[area] = open[area * num_series + (size_t)whole];
        for (size_t s = 0; body != NULL && use_contributes[area] && s < num_strata; s++) {
            counts[s * build->num_areas + area] = body->counts[(size_t)whole + 1 + s];
        }
    }
    if ((rc = strata_open(is_open, &build->tree, view->is_listed, whole_is_open, counts, (int)num_strata,
                          view->task->wire->min_sites, err)) != 0) {
        goto done;
    }
    for (size_t i = 0; i < build->num_areas * num_strata; i++) {
        size_t area = i / num_strata;
        open[area * num_series + (size_t)whole + 1 + i % num_strata] = is_open[area];
    }
done:
    free(counts);
    free(is_open);
    return rc;
}

static int write_plan(struct build *build, size_t num_contributes, const bool *open,
                      Weft__V1__Document **document, struct err *err)
{
    const struct view *view = build->view;
    size_t num_series = (size_t)view->task->num_series;
    Weft__V1__Plan plan = WEFT__V1__PLAN__INIT;
    Weft__V1__AreaSeries *entries = calloc(build->num_areas, sizeof *entries);
    Weft__V1__AreaSeries **list = calloc(build->num_areas, sizeof *list);
    uint32_t *series = calloc(build->num_areas * num_series, sizeof *series);
    int rc = 0;

    if (entries == NULL || list == NULL || series == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "plan");
        goto done;
    }
    for (size_t area = 0; area < build->num_areas; area++) {
        Weft__V1__AreaSeries *entry = &entries[plan.n_open];

        weft__v1__area_series__init(entry);
        entry->area = view->roster->areas[area].wire->code;
        entry->series = series + area * num_series;
        for (size_t s = 0; s < num_series; s++) {
            if (open[area * num_series + s]) {
                entry->series[entry->n_series++] = (uint32_t)s;
            }
        }
        if (entry->n_series > 0) {
            list[plan.n_open++] = entry;
        }
    }
    plan.task_id = borrow(view->task->id, TASK_ID_SIZE);
    plan.order_digest = borrow(view->order.digest, DIGEST_SIZE);
    plan.contributes = build->digest_list;
    plan.n_contributes = num_contributes;
    plan.open = list;
    rc = document_new(document, DOC(PLAN), &plan.base, err);
done:
    free(entries);
    free(list);
    free(series);
    return rc;
}

int view_build_plan_from(const struct view *view, const bool *use_contributes, Weft__V1__Document **document,
                         struct err *err)
{
    bool *open = calloc((size_t)view->roster->num_areas * (size_t)view->task->num_series, sizeof *open);
    struct build build;
    int rc;

    if ((rc = build_begin(&build, view, err)) != 0) {
        goto done;
    }
    if (open == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "plan");
        goto done;
    }
    for (int s = 0, end; s < view->task->num_series; s = end) {
        for (end = s + 1; is_stratum_of(view, end, s); end++) {
        }
        if ((rc = plan_series(&build, s, use_contributes, open, err)) != 0 ||
            (end > s + 1 && (rc = plan_strata(&build, s, end, use_contributes, open, err)) != 0)) {
            goto done;
        }
    }
    rc = write_plan(&build, name_predecessors(&build, use_contributes, view->contributes), open, document,
                    err);
done:
    free(open);
    build_end(&build);
    return rc;
}

/* ---- over all that is held ---- */

typedef int (*builder)(const struct view *, const bool *, Weft__V1__Document **, struct err *);

static int build_from_held(const struct view *view, const struct view_document *held, builder build,
                           Weft__V1__Document **document, struct err *err)
{
    bool *use = calloc((size_t)view->roster->num_areas, sizeof *use);
    int rc;

    if (use == NULL) {
        return err_set(err, ERR_NO_MEMORY, "documents");
    }
    for (int area = 0; area < view->roster->num_areas; area++) {
        use[area] = held[area].document != NULL;
    }
    rc = build(view, use, document, err);
    free(use);
    return rc;
}

int view_build_order(const struct view *view, Weft__V1__Document **document, struct err *err)
{
    return build_from_held(view, view->freezes, view_build_order_from, document, err);
}

int view_build_plan(const struct view *view, Weft__V1__Document **document, struct err *err)
{
    return build_from_held(view, view->contributes, view_build_plan_from, document, err);
}

int view_build_pattern(const struct view *view, Weft__V1__Document **document, struct err *err)
{
    return build_from_held(view, view->states, view_build_pattern_from, document, err);
}
