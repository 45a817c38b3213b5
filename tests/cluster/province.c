/* province.c - draw a roster, a task and the sites' vectors from the cluster's seed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "crypto/hpke.h"
#include "tests/cluster/cluster.h"

#define MAX_PARTIES 4096

static void must(int rc, const struct err *err)
{
    if (rc != 0) {
        char text[1024];
        fprintf(stderr, "%s\n", err_text(err, LANG_EN, text, sizeof text));
        abort();
    }
}

static void draw_key(struct cluster *cluster, uint8_t key[KEY_SIZE])
{
    for (int i = 0; i < KEY_SIZE; i++) {
        key[i] = (uint8_t)cluster_random(cluster, 256);
    }
}

static char *text(const char *format, ...) WEFT_PRINTF(1, 2);
static char *text(const char *format, ...)
{
    va_list args;
    char *out = NULL;

    va_start(args, format);
    if (vasprintf(&out, format, args) < 0) {
        abort();
    }
    va_end(args);
    return out;
}

static ProtobufCBinaryData bytes(const void *data, size_t len)
{
    ProtobufCBinaryData out = {len, malloc(len)};

    memcpy(out.data, data, len);
    return out;
}

struct draft {
    Weft__V1__Roster roster;
    Weft__V1__Operator operators[2];
    Weft__V1__Operator *operator_list[2];
    Weft__V1__Root *root_list[2];
    Weft__V1__Coordinator coordinators[MAX_PARTIES], *coordinator_list[MAX_PARTIES];
    Weft__V1__Area areas[MAX_PARTIES], *area_list[MAX_PARTIES];
    Weft__V1__Site sites[MAX_PARTIES], *site_list[MAX_PARTIES];
    /* private keys, by the order of drawing */
    uint8_t coordinator_sign[MAX_PARTIES][KEY_SIZE], coordinator_static[MAX_PARTIES][KEY_SIZE];
    uint8_t collector[MAX_PARTIES][KEY_SIZE];
    uint8_t site_sign[MAX_PARTIES][KEY_SIZE];
    char *classes[MAX_PARTIES];
    Weft__V1__FormerPlace former[MAX_PARTIES], *former_list[MAX_PARTIES];
    char former_areas[MAX_PARTIES][16];
};

static char *add_coordinator(struct cluster *cluster, struct draft *draft, const char *side, const char *code)
{
    size_t i = draft->roster.n_coordinators++;
    Weft__V1__Coordinator *c = &draft->coordinators[i];
    uint8_t public_key[KEY_SIZE];

    weft__v1__coordinator__init(c);
    c->id = text("%s-%s", side, code);
    c->operator_id = text("%s", side);
    c->tls_name = text("%s-%s.test", side, code);
    draw_key(cluster, draft->coordinator_sign[i]);
    sign_public(public_key, draft->coordinator_sign[i]);
    c->sign_key = bytes(public_key, sizeof public_key);
    draw_key(cluster, draft->coordinator_static[i]);
    agree_public(public_key, draft->coordinator_static[i]);
    c->static_key = bytes(public_key, sizeof public_key);
    draft->coordinator_list[i] = c;
    return c->id;
}

static void add_area(struct cluster *cluster, struct draft *draft, const char *code, const char *parent,
                     const char *tier, char *leader, char *helper)
{
    size_t i = draft->roster.n_areas++;
    Weft__V1__Area *area = &draft->areas[i];
    uint8_t public_key[KEY_SIZE];

    weft__v1__area__init(area);
    area->code = text("%s", code);
    area->parent = text("%s", parent);
    area->tier = text("%s", tier);
    area->leader = text("%s", leader);
    area->helper = text("%s", helper);
    draw_key(cluster, draft->collector[i]);
    hpke_derive_key_pair(draft->collector[i], public_key, (uint8_t[32]){(uint8_t)i, (uint8_t)(i >> 8), 1},
                         32);
    area->collector_key = bytes(public_key, sizeof public_key);
    draft->area_list[i] = area;
}

static bool chance(struct cluster *cluster, int percent)
{
    return (int)cluster_random(cluster, 100) < percent;
}

static void add_site(struct cluster *cluster, struct draft *draft, const char *county, const char *city,
                     bool is_extra)
{
    const struct cluster_shape *shape = &cluster->shape;
    size_t i = draft->roster.n_sites++;
    Weft__V1__Site *site = &draft->sites[i];
    uint8_t public_key[KEY_SIZE];

    weft__v1__site__init(site);
    site->id = text("h%04zu", i);
    site->area = text("%s", county);
    site->supervisor = text("%s", chance(cluster, cluster->shape.city_supervised) ? city : county);
    site->owner = chance(cluster, cluster->shape.shared_owner) ? text("group") : text("owner-%zu", i);
    site->tls_name = text("h%04zu.test", i);
    draft->classes[i] =
        (char *)(uintptr_t)(shape->tertiary > 0 && chance(cluster, shape->tertiary) ? "grade:tertiary"
                                                                                    : "grade:secondary");
    site->classes = &draft->classes[i];
    site->n_classes = 1;
    if (shape->moved > 0 && chance(cluster, shape->moved)) {
        Weft__V1__FormerPlace *place = &draft->former[i];
        weft__v1__former_place__init(place);
        place->until_ms = 1; /* the period is [0, 1) */
        snprintf(draft->former_areas[i], sizeof draft->former_areas[i], "%.12s01", city);
        place->area = place->supervisor = draft->former_areas[i];
        place->owner = site->owner;
        draft->former_list[i] = place;
        site->former = &draft->former_list[i];
        site->n_former = 1;
        site->valid_from_ms = -1;
    }
    if (is_extra && shape->closed > 0 && chance(cluster, shape->closed)) {
        site->valid_from_ms = -2;
        site->valid_until_ms = -1;
        site->n_former = 0;
    }
    draw_key(cluster, draft->site_sign[i]);
    sign_public(public_key, draft->site_sign[i]);
    site->sign_key = bytes(public_key, sizeof public_key);
    draft->site_list[i] = site;
}

static void draw_tree(struct cluster *cluster, struct draft *draft)
{
    const struct cluster_shape *shape = &cluster->shape;
    char *leader = add_coordinator(cluster, draft, "lead", "99"),
         *helper = add_coordinator(cluster, draft, "help", "99");

    add_area(cluster, draft, "99", "", "province", leader, helper);
    for (int city = 0; city < shape->num_cities; city++) {
        char city_code[32], code[32];
        snprintf(city_code, sizeof city_code, "99%02d", city + 1);
        leader = add_coordinator(cluster, draft, "lead", city_code);
        helper = add_coordinator(cluster, draft, "help", city_code);
        add_area(cluster, draft, city_code, "99", "city", leader, helper);
        for (int county = 0; county < shape->counties_per_city; county++) {
            uint64_t extra = cluster_random(cluster, (uint64_t)(shape->max_sites - shape->min_sites + 1));
            snprintf(code, sizeof code, "99%02d%02d", city + 1, county + 1);
            leader = add_coordinator(cluster, draft, "lead", code);
            add_area(cluster, draft, code, city_code, "county", leader, helper);
            for (int i = 0; i < shape->min_sites + (int)extra; i++) {
                add_site(cluster, draft, code, city_code, i >= shape->min_sites);
            }
        }
    }
}

static void draw_roster(struct cluster *cluster, struct draft *draft)
{
    static const char *const sides[] = {"lead", "help"};
    struct err err = {0};

    weft__v1__roster__init(&draft->roster);
    draft->roster.context = text("weft demo v1");
    draft->roster.version = 1;
    draft->roster.issued_ms = 1;
    draft->roster.expires_ms = INT64_MAX;
    for (int i = 0; i < 2; i++) {
        weft__v1__operator__init(&draft->operators[i]);
        draft->operators[i].id = text("%s", sides[i]);
        draft->operators[i].side = (Weft__V1__Side)(i + 1);
        draft->operators[i].body = text("body of %s", sides[i]);
        draft->operator_list[i] = &draft->operators[i];
        draft->root_list[i] = &cluster->roots_wire[i];
    }
    draw_tree(cluster, draft);
    draft->roster.operators = draft->operator_list;
    draft->roster.n_operators = 2;
    draft->roster.roots = draft->root_list;
    draft->roster.n_roots = 2;
    draft->roster.coordinators = draft->coordinator_list;
    draft->roster.areas = draft->area_list;
    draft->roster.sites = draft->site_list;
    must(document_new(&cluster->roster_document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER,
                      &draft->roster.base, &err),
         &err);
    for (int i = 0; i < 2; i++) {
        must(document_sign(&cluster->roster_document, cluster->roots_wire[i].name, cluster->root_keys[i],
                           &err),
             &err);
    }
    must(roster_open(&cluster->signed_roster, cluster->roster_document, NULL, 0, &err), &err);
    cluster->roster = cluster->signed_roster;
}

/* Hand the private keys out, in the roster's order. */
static void hand_out_keys(struct cluster *cluster, const struct draft *draft)
{
    const struct roster *roster = cluster->roster;

    cluster->coordinators = calloc((size_t)roster->num_coordinators, sizeof *cluster->coordinators);
    cluster->sites = calloc((size_t)roster->num_sites, sizeof *cluster->sites);
    for (size_t i = 0; i < draft->roster.n_coordinators; i++) {
        struct cluster_coordinator *c =
            &cluster->coordinators[roster_find_coordinator(roster, draft->coordinators[i].id)];
        memcpy(c->sign_key, draft->coordinator_sign[i], KEY_SIZE);
        memcpy(c->static_key, draft->coordinator_static[i], KEY_SIZE);
        draw_key(cluster, c->at_rest_key);
        c->collectors = calloc(draft->roster.n_areas, sizeof *c->collectors);
    }
    for (size_t i = 0; i < draft->roster.n_areas; i++) {
        struct cluster_coordinator *c =
            &cluster->coordinators[roster_find_coordinator(roster, draft->areas[i].leader)];
        struct core_collector *collector = &c->collectors[c->num_collectors++];
        snprintf(collector->area, sizeof collector->area, "%s", draft->areas[i].code);
        memcpy(collector->key, draft->collector[i], KEY_SIZE);
    }
    for (size_t i = 0; i < draft->roster.n_sites; i++) {
        int index = roster_find_site(roster, draft->sites[i].id);
        struct cluster_site *site = &cluster->sites[index];
        if (index == NONE) {
            continue; /* it takes no part in the period */
        }
        memcpy(site->sign_key, draft->site_sign[i], KEY_SIZE);
        draw_key(cluster, site->secret);
    }
}

/* ---- the task: one indicator of each kind, the first with two strata ---- */

#define NUM_SERIES 6
#define KIND(name) WEFT__V1__KIND__KIND_##name
#define ROLE(name) WEFT__V1__ROLE__ROLE_##name

static const struct {
    const char *indicator, *stratum, *population;
    Weft__V1__Kind kind;
    Weft__V1__Role roles[4];
    int num_roles;
    uint64_t maximum;
} plan[NUM_SERIES] = {
    {"mortality", "", "stay", KIND(PROPORTION), {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2, 5000},
    {"mortality", "young", "stay", KIND(PROPORTION), {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2, 5000},
    {"mortality", "old", "stay", KIND(PROPORTION), {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2, 5000},
    {"stay-days", "", "stay", KIND(MEAN), {ROLE(COUNT), ROLE(SUM), ROLE(SUM_OF_SQUARES)}, 3, 1000000},
    {"stay-bins", "", "stay", KIND(DISTRIBUTION), {ROLE(BIN), ROLE(BIN), ROLE(BIN)}, 3, 5000},
    {"teaching", "", "site", KIND(FACT), {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2, 1},
};

void province_draw_task(struct cluster *cluster, int64_t start_ms, int64_t end_ms,
                        const struct task *const *parts, size_t num_parts)
{
    Weft__V1__Task task = WEFT__V1__TASK__INIT;
    Weft__V1__Period period = WEFT__V1__PERIOD__INIT;
    Weft__V1__Series series[NUM_SERIES], *series_list[NUM_SERIES];
    Weft__V1__Slot slots[64], *slot_list[64];
    int64_t bins[3] = {0, 3, 10};
    uint64_t maxima[64];
    char *areas[MAX_PARTIES];
    ProtobufCBinaryData part_ids[CLUSTER_PAST_MAX];
    uint8_t nonce[16] = {(uint8_t)(1 + cluster->num_past)};
    struct roster *as_of = NULL;
    struct err err = {0};
    uint32_t n = 0;

    period.start_ms = start_ms;
    period.end_ms = end_ms;
    task.breakdown = (char *)(uintptr_t)(cluster->shape.tertiary > 0 ? "grade" : "");
    must(roster_as_of(&as_of, cluster->signed_roster, period.start_ms, period.end_ms, task.breakdown, &err),
         &err);
    for (int i = 0; i < NUM_SERIES; i++) {
        weft__v1__series__init(&series[i]);
        series[i].indicator = (char *)(uintptr_t)plan[i].indicator;
        series[i].stratum = (char *)(uintptr_t)plan[i].stratum;
        series[i].population = (char *)(uintptr_t)plan[i].population;
        series[i].kind = plan[i].kind;
        series[i].scale = 1;
        if (plan[i].kind == KIND(DISTRIBUTION)) {
            series[i].bin_lower = bins;
            series[i].n_bin_lower = 3;
        }
        series_list[i] = &series[i];
        for (int r = 0; r < plan[i].num_roles + 2; r++, n++) {
            weft__v1__slot__init(&slots[n]);
            slots[n].series = (uint32_t)i;
            slots[n].role = r < plan[i].num_roles    ? plan[i].roles[r]
                            : r == plan[i].num_roles ? ROLE(CONTRIBUTES)
                                                     : ROLE(MISSING);
            slots[n].bin = slots[n].role == ROLE(BIN) ? (uint32_t)r : 0;
            slots[n].maximum = slots[n].role == ROLE(CONTRIBUTES) ? 1 : plan[i].maximum;
            maxima[n] = slots[n].maximum;
            slot_list[n] = &slots[n];
        }
    }
    for (int i = 0; i < as_of->num_areas; i++) {
        areas[task.n_release_areas++] = as_of->areas[i].wire->code;
    }
    period.id = (char *)(uintptr_t) "2014";
    period.zone = (char *)(uintptr_t) "UTC";
    task.context = cluster->signed_roster->wire->context;
    task.name = (char *)(uintptr_t) "cluster";
    task.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    task.roster_version = 1;
    task.roster_digest = (ProtobufCBinaryData){DIGEST_SIZE, cluster->signed_roster->digest};
    task.catalogue_digest = task.roster_digest;
    task.period = &period;
    task.series = series_list;
    task.n_series = NUM_SERIES;
    task.slots = slot_list;
    task.n_slots = n;
    task.vdaf = (uint32_t)PRIO3_MIXED_SUMVEC_64;
    task.chunk_length = (uint32_t)prio3_best_chunk_length(prio3_num_bits(maxima, n));
    task.min_sites = 3;
    task.min_cell = 5;
    task.min_coverage_percent = (uint32_t)cluster->shape.min_coverage;
    task.release_areas = areas;
    for (size_t i = 0; i < num_parts; i++) {
        part_ids[i] = (ProtobufCBinaryData){TASK_ID_SIZE, (uint8_t *)(uintptr_t)parts[i]->id};
    }
    task.parts = part_ids;
    task.n_parts = num_parts;
    if (num_parts == 0) {
        task.open_ms = cluster->now_ms;
        task.close_ms = cluster->now_ms + 600000;
        task.close_when_complete = !cluster->shape.waits_for_close;
    }
    task.order_ms = cluster->now_ms + 900000;
    task.plan_ms = task.order_ms + 300000;
    task.pattern_ms = task.plan_ms + 300000;
    if (cluster->shape.has_fallback) {
        task.order_deadline_ms = task.order_ms + 300000;
        task.fallback_ms = task.order_deadline_ms + TASK_FALLBACK_GAP_MS;
    }
    task.retention_ms = cluster->start_ms + 1800000 + 30 * INT64_C(86400000);
    must(document_new(&cluster->task_document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, &task.base, &err),
         &err);
    for (int i = 0; i < 2; i++) {
        must(document_sign(&cluster->task_document, cluster->roots_wire[i].name, cluster->root_keys[i], &err),
             &err);
    }
    roster_free(&as_of);
    must(task_open(&cluster->task, cluster->task_document, cluster->signed_roster, &err), &err);
    cluster->roster = cluster->task->roster;
}

/* ---- vectors: small hospitals, many small cells ---- */

static void draw_proportion(struct cluster *cluster, uint64_t *slots, uint64_t cases)
{
    for (uint64_t i = 0; i < cases; i++) {
        if (chance(cluster, 8)) {
            slots[3]++; /* missing */
        } else {
            slots[chance(cluster, 12) ? 0 : 1]++;
        }
    }
    slots[2] = cases > 0;
}

void province_draw_vectors(struct cluster *cluster)
{
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        struct cluster_site *site = &cluster->sites[i];
        uint64_t *v = calloc((size_t)cluster->task->num_slots, sizeof *v), stays = 0;

        site->vector = v;
        for (int s = 1; s <= 2; s++) {
            uint64_t *all = v + cluster->task->series[0].first_slot,
                     *part = v + cluster->task->series[s].first_slot;
            uint64_t cases = chance(cluster, 30) ? 0 : cluster_random(cluster, 30);
            draw_proportion(cluster, part, cases);
            for (int k = 0; k < 4; k++) {
                all[k] = k == 2 ? (all[k] | part[k]) : all[k] + part[k];
            }
            stays += cases;
        }
        uint64_t *mean = v + cluster->task->series[3].first_slot,
                 *bins = v + cluster->task->series[4].first_slot;
        for (uint64_t k = 0; k < stays; k++) {
            uint64_t days = cluster_random(cluster, 14);
            mean[0]++;
            mean[1] += days;
            mean[2] += days * days;
            bins[days < 3 ? 0 : days < 10 ? 1 : 2]++;
        }
        mean[3] = bins[3] = stays > 0;
        uint64_t *fact = v + cluster->task->series[5].first_slot;
        fact[chance(cluster, 20) ? 0 : 1] = 1;
        fact[2] = 1;
    }
}

void province_draw(struct cluster *cluster)
{
    static const char *const names[] = {"root-lead", "root-help"};
    struct draft *draft = calloc(1, sizeof *draft);

    for (int i = 0; i < 2; i++) {
        draw_key(cluster, cluster->root_keys[i]);
        sign_public(cluster->root_publics[i], cluster->root_keys[i]);
        weft__v1__root__init(&cluster->roots_wire[i]);
        cluster->roots_wire[i].name = (char *)(uintptr_t)names[i];
        cluster->roots_wire[i].side = (Weft__V1__Side)(i + 1);
        cluster->roots_wire[i].public_key = (ProtobufCBinaryData){KEY_SIZE, cluster->root_publics[i]};
        cluster->root_list[i] = &cluster->roots_wire[i];
    }
    draw_roster(cluster, draft);
    province_draw_task(cluster, 0, 1, NULL, 0);
    hand_out_keys(cluster, draft);
    province_draw_vectors(cluster);
    /* what the draft allocated is freed part by part */
    for (size_t i = 0; i < draft->roster.n_coordinators; i++) {
        free(draft->coordinators[i].id);
        free(draft->coordinators[i].operator_id);
        free(draft->coordinators[i].tls_name);
        free(draft->coordinators[i].sign_key.data);
        free(draft->coordinators[i].static_key.data);
    }
    for (size_t i = 0; i < draft->roster.n_areas; i++) {
        free(draft->areas[i].code);
        free(draft->areas[i].parent);
        free(draft->areas[i].tier);
        free(draft->areas[i].leader);
        free(draft->areas[i].helper);
        free(draft->areas[i].collector_key.data);
    }
    for (size_t i = 0; i < draft->roster.n_sites; i++) {
        free(draft->sites[i].id);
        free(draft->sites[i].area);
        free(draft->sites[i].supervisor);
        free(draft->sites[i].owner);
        free(draft->sites[i].tls_name);
        free(draft->sites[i].sign_key.data);
    }
    for (int i = 0; i < 2; i++) {
        free(draft->operators[i].id);
        free(draft->operators[i].body);
    }
    free(draft->roster.context);
    free(draft);
}
