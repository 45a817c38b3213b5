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
    int root;
    bool is_late; /* the top's, after subtrees had to go on without it */
    size_t num_areas;
    int *parents;
    struct block_tree tree;
    bool *listed;
    Weft__V1__WithheldReason *reasons;
    bool *site_is_frozen, *reports_here;
    struct block_site *sites; /* whose numbers enter totals now */
    int num_sites;
    bool *fixed;      /* by area: in the tree for good, whatever this build lists */
    const bool *use_consent, *use_subtree;
    Weft__V1__SiteDigest *consents;
    Weft__V1__SiteDigest **consent_list;
    Weft__V1__AreaDigest *digests;
    Weft__V1__AreaDigest **digest_list;
};

/* Is the area in a subtree that decides by itself, or is left out? */
static bool is_settled(const struct build *build, int area)
{
    return build->is_late && view_subtree(build->view, area) != NONE;
}

static int build_begin(struct build *build, const struct view *view, int root, struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas, sites = (size_t)view->roster->num_sites;

    *build = (struct build){.view = view, .root = root, .num_areas = areas};
    build->parents = calloc(areas, sizeof *build->parents);
    build->listed = calloc(areas, sizeof *build->listed);
    build->reasons = calloc(areas, sizeof *build->reasons);
    build->site_is_frozen = calloc(sites + 1, sizeof *build->site_is_frozen);
    build->sites = calloc(sites + 1, sizeof *build->sites);
    build->digests = calloc(2 * areas, sizeof *build->digests);
    build->digest_list = calloc(2 * areas, sizeof(Weft__V1__AreaDigest *));
    build->fixed = calloc(areas, sizeof *build->fixed);
    build->reports_here = calloc(sites + 1, sizeof *build->reports_here);
    build->consents = calloc(sites + 1, sizeof *build->consents);
    build->consent_list = calloc(sites + 1, sizeof(Weft__V1__SiteDigest *));
    if (build->fixed == NULL || build->reports_here == NULL || build->consents == NULL ||
        build->consent_list == NULL) {
        return err_set(err, ERR_NO_MEMORY, "order");
    }
    if (build->parents == NULL || build->listed == NULL || build->reasons == NULL ||
        build->site_is_frozen == NULL || build->sites == NULL || build->digests == NULL ||
        build->digest_list == NULL) {
        return err_set(err, ERR_NO_MEMORY, "order");
    }
    build->tree = (struct block_tree){build->parents, (int)areas, build->fixed};
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
    free(build->fixed);
    free(build->reports_here);
    free(build->consents);
    free(build->consent_list);
}

/* Name the predecessors that this build rests on, from place `num` of the lists on; returns where they end. */
static size_t name_predecessors(struct build *build, size_t num, const bool *use, const struct view_document *held)
{
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

/* Does something of the site enter a total for the first time? */
static bool is_unreleased(const struct build *build, int site)
{
    return build->reports_here[site] ||
           (build->view->base != NULL && build->view->base->is_pending[site]);
}

/* In the subtree of its root; of a late order in what it takes in, as it stands there. */
static bool counts_site(const struct build *build, int site)
{
    const struct view *view = build->view;
    int area = view->roster->sites[site].area;

    if (is_settled(build, area)) {
        return build->use_subtree[view_subtree(view, area)] && view->reports_here[site];
    }
    return build->reports_here[site] && roster_is_within(view->roster, area, build->root);
}

static void collect_sites(struct build *build, const bool *use_freeze)
{
    const struct view *view = build->view;
    const struct roster_site *sites = view->roster->sites;

    view_freeze_sites(view, use_freeze, build->reports_here);
    for (int i = 0; i < view->roster->num_sites; i++) {
        build->reports_here[i] = counts_site(build, i);
    }
    view_with_base(view, build->reports_here, build->site_is_frozen);
    for (int i = 0; i < view->roster->num_sites; i++) {
        if (is_unreleased(build, i)) {
            build->sites[build->num_sites++] = (struct block_site){
                .area = sites[i].area,
                .owner = sites[i].owner,
                .counts = !sites[i].owner_is_operator,
                .group = view->base != NULL && view->base->is_in_total[i],
                .consents = build->use_consent[i],
            };
        }
    }
}

static bool has_unreleased(const struct build *build, int area)
{
    for (int i = 0; i < build->num_sites; i++) {
        if (roster_is_within(build->view->roster, build->sites[i].area, area)) {
            return true;
        }
    }
    return false;
}

/* Why the task before did not open the area. */
static Weft__V1__WithheldReason reason_before(const struct view *view, int area)
{
    const Weft__V1__Order *order = (const Weft__V1__Order *)view->base->order.body;

    for (size_t i = 0; i < order->n_withheld; i++) {
        if (strcmp(order->withheld[i]->area, view->roster->areas[area].wire->code) == 0) {
            return order->withheld[i]->reason;
        }
    }
    return REASON(DELTA);
}

/* An area of the release plan before the block rule: a candidate, or the reason why not. Of a candidate it is the
 * reason for which the block rule withholds it, if it does. */
static Weft__V1__WithheldReason judge_area(const struct build *build, int area, bool *is_candidate)
{
    const struct view *view = build->view;
    bool has_total = view->base != NULL && view_has_total(view->base, area);
    unsigned frozen = 0, expected = (unsigned)view_num_expected(view, area);

    *is_candidate = false;
    if (has_total && !has_unreleased(build, area)) {
        return REASON(UNCHANGED);
    }
    if (!view_may_open(view, area)) {
        return reason_before(view, area);
    }
    for (int s = 0; s < view->roster->num_sites; s++) {
        frozen +=
            build->site_is_frozen[s] && roster_is_within(view->roster, view->roster->sites[s].area, area);
    }
    if (frozen == 0) {
        return REASON(NO_REPORTS);
    }
    if ((uint64_t)frozen * 100 < (uint64_t)expected * view->task->wire->min_coverage_percent) {
        return REASON(COVERAGE);
    }
    *is_candidate = true;
    return has_total ? REASON(DELTA) : REASON(TOO_FEW_SITES);
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

        if (is_settled(build, area)) {
            build->reasons[area] = REASON(OWN_ORDER);
            build->fixed[area] = build->use_subtree[view_subtree(view, area)] && view->is_listed[area];
        } else {
            build->reasons[area] = judge_area(build, area, &build->listed[area]);
            build->fixed[area] = build->reasons[area] == REASON(UNCHANGED);
        }
        build->listed[area] |= build->fixed[area];
    }
}

static size_t name_consents(struct build *build)
{
    size_t num = 0;

    for (int i = 0; i < build->view->roster->num_sites; i++) {
        if (build->use_consent[i]) {
            weft__v1__site_digest__init(&build->consents[num]);
            build->consents[num].site = build->view->roster->sites[i].wire->id;
            build->consents[num].digest.data = (uint8_t *)(uintptr_t)build->view->consents[i].digest;
            build->consents[num].digest.len = DIGEST_SIZE;
            build->consent_list[num] = &build->consents[num];
            num++;
        }
    }
    return num;
}

/* How a body names its root. */
static char *root_code(const struct build *build)
{
    bool is_usual = build->root == build->view->roster->top && !build->is_late;

    return is_usual ? (char *)(uintptr_t) "" : build->view->roster->areas[build->root].wire->code;
}

static int write_order(struct build *build, const struct view_basis *basis, Weft__V1__Document **document,
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
        if (!roster_is_within(view->roster, (int)area, build->root)) {
            continue;
        }
        if (build->listed[area] && !build->fixed[area]) {
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
    order.revision = view->task->wire->revision;
    order.consents = build->consent_list;
    order.n_consents = name_consents(build);
    order.area = root_code(build);
    order.freezes = build->digest_list;
    order.n_freezes = name_predecessors(build, 0, basis->use_freeze, view->freezes);
    order.subtrees = build->digest_list + order.n_freezes;
    if (build->is_late) {
        order.n_subtrees =
            name_predecessors(build, order.n_freezes, basis->use_subtree, view->patterns) - order.n_freezes;
    }
    order.listed = listed;
    order.withheld = withheld_list;
    rc = document_new(document, DOC(ORDER), &order.base, err);
done:
    free(withheld);
    free(withheld_list);
    free(listed);
    return rc;
}

int view_build_order_from(const struct view *view, const struct view_basis *basis,
                          Weft__V1__Document **document, struct err *err)
{
    struct build build;
    int rc;

    if ((rc = build_begin(&build, view, basis->root, err)) == 0) {
        build.is_late = basis->is_late;
        build.use_consent = basis->use_consent;
        build.use_subtree = basis->use_subtree;
        collect_sites(&build, basis->use_freeze);
        list_candidates(&build);
        if ((rc = blocks_withhold_few_owners(&build.tree, build.listed, build.sites, build.num_sites,
                                             view->task->wire->min_sites, err)) == 0) {
            rc = write_order(&build, basis, document, err);
        }
    }
    build_end(&build);
    return rc;
}

/* ---- plan ---- */

/* The counts of one series in the blocks of the order. */
static void count_blocks(const struct build *build, int series, const bool *use_contributes, uint64_t *counts,
                         uint64_t *changed, bool *known)
{
    for (size_t area = 0; area < build->num_areas; area++) {
        known[area] =
            view_block_contributes(build->view, (int)area, series, use_contributes, &counts[area]);
        changed[area] = view_block_changed(build->view, (int)area, series);
    }
}

/* Which areas may be opened in this series, and which are for good: those in which nothing changed. */
static void begin_series(struct build *build, int series, const uint64_t *changed)
{
    const struct view *view = build->view;

    for (size_t area = 0; area < build->num_areas; area++) {
        size_t at = area * (size_t)view->task->num_series + (size_t)series;
        bool was_open = view->base != NULL && view->base->is_open[at];
        uint64_t sum = 0;

        for (int below = 0; below < (int)build->num_areas; below++) {
            sum += roster_is_within(view->roster, below, (int)area) ? changed[below] : 0;
        }
        build->listed[area] =
            view->is_listed[area]
                ? was_open || view->base == NULL || !view_has_total(view->base, (int)area)
                : view->stands[area] && was_open;
        build->fixed[area] = build->listed[area] && was_open && (view->stands[area] || sum == 0);
        if (!view_takes_part(view, build->root, (int)area)) {
            build->listed[area] = false;
        } else if (is_settled(build, (int)area)) {
            build->listed[area] = build->fixed[area] = view->is_open[at];
        }
    }
}

/* Blocks of subtrees that are taken in and whose areas are not open join the top's, if no area between is open. */
static void join_closed_blocks(const struct build *build, uint64_t *counts, bool *known)
{
    int top = build->root;

    for (int area = 0; area < (int)build->num_areas; area++) {
        if (is_settled(build, area) && view_takes_part(build->view, top, area) &&
            build->view->is_listed[area] && blocks_area_of(&build->tree, build->listed, area) == top) {
            counts[top] += counts[area];
            known[top] &= known[area];
        }
    }
}

/* The sites whose numbers are new in the totals of this revision, with their consents for one indicator. */
static void collect_changing(struct build *build, int series)
{
    const struct view *view = build->view;

    build->num_sites = 0;
    for (int i = 0; i < view->roster->num_sites; i++) {
        const struct roster_site *site = &view->roster->sites[i];
        if (view_is_unreleased(view, i) && view->block[i] != NONE) {
            build->sites[build->num_sites++] = (struct block_site){
                .area = site->area,
                .owner = site->owner,
                .counts = !site->owner_is_operator,
                .group = view->base->is_in_total[i],
                .consents = view_consents(view, i, view->task->series[series].wire->indicator),
            };
        }
    }
}

static int withhold_few(struct build *build, int series, const uint64_t *counts, const uint64_t *changed,
                        const bool *known, struct err *err)
{
    const struct view *view = build->view;
    struct block_changes changes = {.contributes = counts, .changed = changed, .known = known};
    bool *has_block;
    int rc;

    if (view->base == NULL) {
        return blocks_withhold_few_contributors(&build->tree, build->listed, counts, known,
                                                view->task->wire->min_sites, err);
    }
    if ((has_block = calloc(build->num_areas, sizeof *has_block)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "plan");
    }
    for (size_t area = 0; area < build->num_areas; area++) {
        has_block[area] = view_has_total(view, (int)area);
    }
    collect_changing(build, series);
    changes.sites = build->sites;
    changes.num_sites = build->num_sites;
    changes.has_block = has_block;
    rc = blocks_withhold_few_changes(&build->tree, build->listed, &changes, view->task->wire->min_sites, err);
    free(has_block);
    return rc;
}

/* For one series: start from the order's areas and let blocks with too few contributing sites join. */
static int plan_series(struct build *build, int series, const bool *use_contributes, bool *open,
                       struct err *err)
{
    const struct view *view = build->view;
    size_t num_series = (size_t)view->task->num_series;
    uint64_t *counts = calloc(build->num_areas, sizeof *counts);
    uint64_t *changed = calloc(build->num_areas, sizeof *changed);
    bool *known = calloc(build->num_areas, sizeof *known);
    int rc = 0;

    if (counts == NULL || changed == NULL || known == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "plan");
        goto done;
    }
    count_blocks(build, series, use_contributes, counts, changed, known);
    begin_series(build, series, changed);
    join_closed_blocks(build, counts, known);
    if ((rc = withhold_few(build, series, counts, changed, known, err)) != 0) {
        goto done;
    }
    for (size_t area = 0; area < build->num_areas; area++) {
        open[area * num_series + (size_t)series] =
            build->listed[area] && view->is_listed[area] && !is_settled(build, (int)area);
    }
done:
    free(counts);
    free(changed);
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

/* A late plan opens the top's strata where the top's block is the same for all of them and the whole, and each has
 * enough hospitals there: then no part of a stratum follows from the others. */
static int plan_late_strata(struct build *build, int whole, int end, const bool *use_contributes, bool *open,
                            struct err *err)
{
    const struct view *view = build->view;
    size_t num_series = (size_t)view->task->num_series;
    bool *top = open + (size_t)build->root * num_series, all = top[whole];
    int rc = 0;

    for (int s = whole + 1; rc == 0 && s < end; s++) {
        rc = plan_series(build, s, use_contributes, open, err);
        all &= top[s];
        for (size_t area = 0; area < build->num_areas; area++) {
            all &= !is_settled(build, (int)area) || !view_takes_part(view, build->root, (int)area) ||
                   view->is_open[area * num_series + (size_t)s] == view->is_open[area * num_series + (size_t)whole];
        }
    }
    for (int s = whole + 1; s < end; s++) {
        top[s] = all;
    }
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
    plan.area = root_code(build);
    plan.order_digest = borrow(view_held(view, DOC(ORDER), build->root)->digest, DIGEST_SIZE);
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

int view_build_plan_from(const struct view *view, int root, const bool *use_contributes,
                         Weft__V1__Document **document, struct err *err)
{
    bool *open = calloc((size_t)view->roster->num_areas * (size_t)view->task->num_series, sizeof *open);
    struct build build = {0};
    int rc;

    if (view->num_parts > 0) {
        rc = view_build_sum_plan(view, document, err);
        goto done;
    }
    if ((rc = build_begin(&build, view, root, err)) != 0) {
        goto done;
    }
    build.is_late = root == view->roster->top && view_is_late(view);
    if (open == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "plan");
        goto done;
    }
    for (int s = 0, end; s < view->task->num_series; s = end) {
        for (end = s + 1; is_stratum_of(view, end, s); end++) {
        }
        if ((rc = plan_series(&build, s, use_contributes, open, err)) != 0 ||
            (end > s + 1 && (rc = (build.is_late ? plan_late_strata : plan_strata)(&build, s, end, use_contributes,
                                                                                   open, err)) != 0)) {
            goto done;
        }
    }
    rc = write_plan(&build, name_predecessors(&build, 0, use_contributes, view->contributes), open, document,
                    err);
done:
    free(open);
    build_end(&build);
    return rc;
}

/* ---- over all that is held ---- */

static int build_sum_order(const struct view *view, Weft__V1__Document **document, struct err *err)
{
    bool *use_part = calloc(view->num_parts, sizeof *use_part);
    int rc;

    if (use_part == NULL) {
        return err_set(err, ERR_NO_MEMORY, "documents");
    }
    for (size_t i = 0; i < view->num_parts; i++) {
        use_part[i] = view_is_ready_as_part(view->parts[i]);
    }
    rc = view_build_sum_order(view, use_part, document, err);
    free(use_part);
    return rc;
}

static int build_order(const struct view *view, int root, bool is_late, Weft__V1__Document **document,
                       struct err *err)
{
    size_t areas = (size_t)view->roster->num_areas, sites = (size_t)view->roster->num_sites;
    bool *use_freeze = calloc(areas, sizeof *use_freeze), *use_subtree = calloc(areas, sizeof *use_subtree);
    bool *use_consent = calloc(sites + 1, sizeof *use_consent);
    struct view_basis basis = {root, is_late, use_freeze, use_consent, use_subtree};
    int rc;

    if (view->num_parts > 0) {
        rc = build_sum_order(view, document, err);
        goto done;
    }
    if (use_freeze == NULL || use_subtree == NULL || use_consent == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "documents");
        goto done;
    }
    for (size_t i = 0; i < areas; i++) {
        use_freeze[i] = view->freezes[i].document != NULL && roster_is_within(view->roster, (int)i, root) &&
                        !(is_late && view_subtree(view, (int)i) != NONE);
        use_subtree[i] = is_late && view->patterns[i].document != NULL;
    }
    for (size_t i = 0; i < sites; i++) {
        use_consent[i] = view->consents[i].document != NULL;
    }
    rc = view_build_order_from(view, &basis, document, err);
done:
    free(use_freeze);
    free(use_subtree);
    free(use_consent);
    return rc;
}

int view_build(const struct view *view, Weft__V1__DocumentType type, int root, bool is_late,
               Weft__V1__Document **document, struct err *err)
{
    bool *use;
    int rc;

    if (type == DOC(ORDER)) {
        return build_order(view, root, is_late, document, err);
    }
    if (type == DOC(PATTERN)) {
        return view_build_pattern(view, root, document, err);
    }
    if ((use = calloc((size_t)view->roster->num_areas, sizeof *use)) == NULL) {
        return err_set(err, ERR_NO_MEMORY, "documents");
    }
    for (int area = 0; area < view->roster->num_areas; area++) {
        use[area] = view->contributes[area].document != NULL && view_takes_part(view, root, area);
    }
    rc = view_build_plan_from(view, root, use, document, err);
    free(use);
    return rc;
}
