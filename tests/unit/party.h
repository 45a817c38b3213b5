/* party.h - a small sound roster and task as open structs, for tests that break one thing at a time.
 *
 *     top: led by "lead", helped by "help"
 *       north: led by "lead-n", helped by "help-n"     hospitals n1, n2, n3
 *         n-county: led by "lead-n", helped by "help-n"   hospital c1 (reports to north)
 *       south: led by "lead-s", helped by "help"       hospitals s1, s2 */
#ifndef TESTS_UNIT_PARTY_H
#define TESTS_UNIT_PARTY_H

#include <stdlib.h>
#include <string.h>

#include "base/task.h"

#define TEXT(literal)         ((char *)(uintptr_t)(literal))
#define PARTY_COORDINATORS    5
#define PARTY_AREAS           4
#define PARTY_SITES           6
#define PARTY_SERIES          3
#define PARTY_SLOTS           14
#define BYTES(pointer, count) ((ProtobufCBinaryData){(count), (uint8_t *)(uintptr_t)(pointer)})

struct party {
    uint8_t root_keys[2][KEY_SIZE], root_publics[2][KEY_SIZE];
    uint8_t publics[32][KEY_SIZE];
    Weft__V1__Root roots[2], *root_list[3];
    Weft__V1__Operator operators[2], *operator_list[3];
    Weft__V1__Coordinator coordinators[PARTY_COORDINATORS], *coordinator_list[PARTY_COORDINATORS + 1];
    Weft__V1__Area areas[PARTY_AREAS], *area_list[PARTY_AREAS + 1];
    Weft__V1__Site sites[PARTY_SITES], *site_list[PARTY_SITES + 1];
    Weft__V1__Roster roster;

    Weft__V1__Period period;
    Weft__V1__Series series[PARTY_SERIES], *series_list[PARTY_SERIES];
    Weft__V1__Slot slots[PARTY_SLOTS], *slot_list[PARTY_SLOTS + 1];
    int64_t bins[3];
    char *release[2];
    uint8_t nonce[16], catalogue[DIGEST_SIZE];
    Weft__V1__Task task;
};

static inline void party_roster(struct party *p)
{
    static const char *const coordinators[PARTY_COORDINATORS][2] = {
        {"lead", "l"}, {"help", "h"}, {"lead-n", "l"}, {"help-n", "h"}, {"lead-s", "l"}};
    static const char *const areas[PARTY_AREAS][4] = {{"top", "", "lead", "help"},
                                                      {"north", "top", "lead-n", "help-n"},
                                                      {"n-county", "north", "lead-n", "help-n"},
                                                      {"south", "top", "lead-s", "help"}};
    static const char *const sites[PARTY_SITES][3] = {{"n1", "north", "north"}, {"n2", "north", "north"},
                                                      {"n3", "north", "north"}, {"c1", "n-county", "north"},
                                                      {"s1", "south", "south"}, {"s2", "south", "south"}};

    memset(p, 0, sizeof *p);
    for (int i = 0; i < 32; i++) {
        memset(p->publics[i], i + 1, KEY_SIZE);
    }
    weft__v1__roster__init(&p->roster);
    for (int i = 0; i < 2; i++) {
        memset(p->root_keys[i], 100 + i, KEY_SIZE);
        sign_public(p->root_publics[i], p->root_keys[i]);
        weft__v1__root__init(&p->roots[i]);
        p->roots[i].name = TEXT(i == 0 ? "root-l" : "root-h");
        p->roots[i].side = (Weft__V1__Side)(i + 1);
        p->roots[i].public_key = BYTES(p->root_publics[i], KEY_SIZE);
        p->root_list[i] = &p->roots[i];
        weft__v1__operator__init(&p->operators[i]);
        p->operators[i].id = TEXT(i == 0 ? "l" : "h");
        p->operators[i].side = (Weft__V1__Side)(i + 1);
        p->operators[i].body = TEXT(i == 0 ? "commission" : "university");
        p->operator_list[i] = &p->operators[i];
    }
    for (int i = 0; i < PARTY_COORDINATORS; i++) {
        weft__v1__coordinator__init(&p->coordinators[i]);
        p->coordinators[i].id = p->coordinators[i].tls_name = TEXT(coordinators[i][0]);
        p->coordinators[i].operator_id = TEXT(coordinators[i][1]);
        p->coordinators[i].sign_key = BYTES(p->publics[i], KEY_SIZE);
        p->coordinators[i].static_key = BYTES(p->publics[8 + i], KEY_SIZE);
        p->coordinator_list[i] = &p->coordinators[i];
    }
    for (int i = 0; i < PARTY_AREAS; i++) {
        weft__v1__area__init(&p->areas[i]);
        p->areas[i].code = TEXT(areas[i][0]);
        p->areas[i].parent = TEXT(areas[i][1]);
        p->areas[i].leader = TEXT(areas[i][2]);
        p->areas[i].helper = TEXT(areas[i][3]);
        p->areas[i].tier = TEXT("county");
        p->areas[i].collector_key = BYTES(p->publics[16 + i], KEY_SIZE);
        p->area_list[i] = &p->areas[i];
    }
    for (int i = 0; i < PARTY_SITES; i++) {
        weft__v1__site__init(&p->sites[i]);
        p->sites[i].id = p->sites[i].tls_name = p->sites[i].owner = TEXT(sites[i][0]);
        p->sites[i].area = TEXT(sites[i][1]);
        p->sites[i].supervisor = TEXT(sites[i][2]);
        p->sites[i].sign_key = BYTES(p->publics[24 + i], KEY_SIZE);
        p->site_list[i] = &p->sites[i];
    }
    p->roster.context = TEXT("weft v1");
    p->roster.version = 1;
    p->roster.issued_ms = 1;
    p->roster.expires_ms = 1000;
    p->roster.roots = p->root_list;
    p->roster.n_roots = p->roster.n_operators = 2;
    p->roster.operators = p->operator_list;
    p->roster.coordinators = p->coordinator_list;
    p->roster.n_coordinators = PARTY_COORDINATORS;
    p->roster.areas = p->area_list;
    p->roster.n_areas = PARTY_AREAS;
    p->roster.sites = p->site_list;
    p->roster.n_sites = PARTY_SITES;
}

/* A document of the body, signed by the first `num_roots` roots. */
static inline Weft__V1__Document *party_sign(const struct party *p, Weft__V1__DocumentType type,
                                             const ProtobufCMessage *body, int num_roots)
{
    Weft__V1__Document *document = NULL;

    if (document_new(&document, type, body, NULL) != 0) {
        abort();
    }
    for (int i = 0; i < num_roots; i++) {
        if (document_sign(&document, p->roots[i].name, p->root_keys[i], NULL) != 0) {
            abort();
        }
    }
    return document;
}

/* Three series over the roster: a proportion (slots 0 to 3), one stratum of it (4 to 7), a distribution of three bins
 * and one more slot each for contributes and missing (8 to 12); slot 13 is spare. */
static inline void party_task(struct party *p, const struct roster *roster)
{
    static const Weft__V1__Role roles[PARTY_SLOTS] = {
        WEFT__V1__ROLE__ROLE_NUMERATOR,   WEFT__V1__ROLE__ROLE_COMPLEMENT, WEFT__V1__ROLE__ROLE_CONTRIBUTES,
        WEFT__V1__ROLE__ROLE_MISSING,     WEFT__V1__ROLE__ROLE_NUMERATOR,  WEFT__V1__ROLE__ROLE_COMPLEMENT,
        WEFT__V1__ROLE__ROLE_CONTRIBUTES, WEFT__V1__ROLE__ROLE_MISSING,    WEFT__V1__ROLE__ROLE_BIN,
        WEFT__V1__ROLE__ROLE_BIN,         WEFT__V1__ROLE__ROLE_BIN,        WEFT__V1__ROLE__ROLE_CONTRIBUTES,
        WEFT__V1__ROLE__ROLE_MISSING,     WEFT__V1__ROLE__ROLE_MISSING};

    weft__v1__task__init(&p->task);
    weft__v1__period__init(&p->period);
    p->period.id = TEXT("2014");
    p->period.zone = TEXT("Asia/Shanghai");
    p->period.end_ms = 1;
    for (int i = 0; i < PARTY_SERIES; i++) {
        weft__v1__series__init(&p->series[i]);
        p->series[i].indicator = TEXT(i < 2 ? "mortality" : "stay");
        p->series[i].stratum = TEXT(i == 1 ? "old" : "");
        p->series[i].population = TEXT("stay");
        p->series[i].kind = i < 2 ? WEFT__V1__KIND__KIND_PROPORTION : WEFT__V1__KIND__KIND_DISTRIBUTION;
        p->series[i].scale = 1;
        p->series_list[i] = &p->series[i];
    }
    p->bins[1] = 3;
    p->bins[2] = 10;
    p->series[2].bin_lower = p->bins;
    p->series[2].n_bin_lower = 3;
    for (int i = 0; i < PARTY_SLOTS; i++) {
        weft__v1__slot__init(&p->slots[i]);
        p->slots[i].series = i < 4 ? 0 : i < 8 ? 1 : 2;
        p->slots[i].role = roles[i];
        p->slots[i].bin = i >= 8 && i < 11 ? (uint32_t)i - 8 : 0;
        p->slots[i].maximum = roles[i] == WEFT__V1__ROLE__ROLE_CONTRIBUTES ? 1 : 1000;
        p->slot_list[i] = &p->slots[i];
    }
    p->release[0] = TEXT("top");
    p->release[1] = TEXT("north");
    p->task.context = roster->wire->context;
    p->task.name = TEXT("a task");
    p->task.nonce = BYTES(p->nonce, sizeof p->nonce);
    p->task.roster_version = roster->wire->version;
    p->task.roster_digest = BYTES(roster->digest, DIGEST_SIZE);
    p->task.catalogue_digest = BYTES(p->catalogue, DIGEST_SIZE);
    p->task.period = &p->period;
    p->task.series = p->series_list;
    p->task.n_series = PARTY_SERIES;
    p->task.slots = p->slot_list;
    p->task.n_slots = 13;
    p->task.vdaf = (uint32_t)PRIO3_MIXED_SUMVEC_64;
    p->task.chunk_length = 8;
    p->task.min_sites = 3;
    p->task.min_cell = 3;
    p->task.min_coverage_percent = 50;
    p->task.release_areas = p->release;
    p->task.n_release_areas = 2;
    p->task.open_ms = 1;
    p->task.close_ms = 2;
    p->task.order_ms = 3;
    p->task.plan_ms = 4;
    p->task.pattern_ms = 5;
    p->task.retention_ms = 6;
}

#endif
