/* revising.c - draft a revision from the task before, and keep count beside it. */
#include "tests/cluster/revising.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/contradictions.h"
#include "base/report.h"
#include "base/wire.h"

#define MAX_SLOTS 128

static void must(int rc, const struct err *err)
{
    if (rc != 0) {
        char text[1024];
        fprintf(stderr, "%s\n", err_text(err, LANG_EN, text, sizeof text));
        abort();
    }
}

static const struct task *first_task(const struct revising *revising)
{
    const struct cluster *cluster = revising->cluster;

    return cluster->num_past == 0 ? cluster->task : cluster->past[0];
}

void revising_start(struct revising *revising, struct cluster *cluster)
{
    size_t size = (size_t)cluster->task->num_slots * sizeof(uint64_t);

    *revising = (struct revising){cluster, calloc((size_t)cluster->roster->num_sites, sizeof(uint64_t *)),
                                  calloc((size_t)cluster->roster->num_sites, sizeof(bool))};
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        if (!cluster->sites[i].is_silent) {
            revising->newest[i] = malloc(size);
            memcpy(revising->newest[i], cluster->sites[i].vector, size);
        }
    }
}

void revising_stop(struct revising *revising)
{
    for (int i = 0; i < revising->cluster->roster->num_sites; i++) {
        free(revising->newest[i]);
    }
    free(revising->newest);
    free(revising->claims_no_change);
}

/* ---- the revision's document ---- */

struct draft {
    Weft__V1__Task task;
    Weft__V1__Slot slots[MAX_SLOTS], *list[MAX_SLOTS];
    uint64_t maxima[MAX_SLOTS];
    uint8_t nonce[16];
};

static void draft_slots(struct draft *draft, const struct task *before)
{
    size_t n = 0;

    for (int s = 0; s < before->num_series; s++) {
        const struct task_series *series = &before->series[s];
        int num = series->num_slots - (series->changed != NONE);
        for (int i = 0; i <= num; i++, n++) {
            if (i < num) {
                draft->slots[n] = *before->wire->slots[series->first_slot + i];
            } else {
                weft__v1__slot__init(&draft->slots[n]);
                draft->slots[n].series = (uint32_t)s;
                draft->slots[n].role = WEFT__V1__ROLE__ROLE_CHANGED;
                draft->slots[n].maximum = 1;
            }
            draft->maxima[n] = draft->slots[n].maximum;
            draft->list[n] = &draft->slots[n];
        }
    }
    draft->task.slots = draft->list;
    draft->task.n_slots = n;
    draft->task.chunk_length = (uint32_t)prio3_best_chunk_length(prio3_num_bits(draft->maxima, n));
}

static void draft_times(Weft__V1__Task *task, int64_t now_ms)
{
    task->open_ms = now_ms;
    task->close_ms = now_ms + 30000;
    task->close_when_complete = false;
    task->order_ms = task->close_ms + 20000;
    task->plan_ms = task->order_ms + 20000;
    task->pattern_ms = task->plan_ms + 20000;
}

static void publish(struct cluster *cluster, Weft__V1__Task *wire)
{
    struct cluster_coordinator *top =
        &cluster->coordinators[cluster->roster->areas[cluster->roster->top].leader];
    struct store_txn *txn = NULL;
    struct err err = {0};

    document_free(&cluster->task_document);
    must(document_new(&cluster->task_document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, &wire->base, &err),
         &err);
    for (int i = 0; i < 2; i++) {
        must(document_sign(&cluster->task_document, cluster->roots_wire[i].name, cluster->root_keys[i], &err),
             &err);
    }
    cluster->past[cluster->num_past++] = cluster->task;
    cluster->task = NULL;
    must(task_open(&cluster->task, cluster->task_document, cluster->signed_roster, &err), &err);
    must(store_begin(top->store, &txn, true, &err), &err);
    must(core_publish(top->core, txn, cluster->task_document, &err), &err);
    must(store_commit(&txn, &err), &err);
}

void revising_publish(struct revising *revising)
{
    struct cluster *cluster = revising->cluster;
    const struct task *before = cluster->task;
    struct draft draft = {.task = *before->wire};

    draft.nonce[0] = (uint8_t)(cluster->num_past + 2);
    draft.task.nonce = (ProtobufCBinaryData){sizeof draft.nonce, draft.nonce};
    draft.task.revision = before->wire->revision + 1;
    draft.task.supersedes = (ProtobufCBinaryData){TASK_ID_SIZE, (uint8_t *)(uintptr_t)before->id};
    draft_slots(&draft, before);
    draft_times(&draft.task, cluster->now_ms);
    publish(cluster, &draft.task);
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        struct cluster_site *site = &cluster->sites[i];
        report_free(&site->report);
        document_free(&site->receipt);
        site->revision = 0;
        site->next_ms = 0;
        site->is_silent = true;
    }
}

/* ---- corrections ---- */

/* The vector of the newest revision: the numbers, and which series differ from `before` (NULL: all that it has). */
static void write_vector(struct revising *revising, int index, const uint64_t *before)
{
    const struct task *task = revising->cluster->task, *first = first_task(revising);
    struct cluster_site *site = &revising->cluster->sites[index];

    site->vector = realloc(site->vector, (size_t)task->num_slots * sizeof *site->vector);
    for (int s = 0; s < task->num_series; s++) {
        const struct task_series *series = &task->series[s];
        bool differs = false;
        for (int slot = series->first_slot; slot < series->changed; slot++) {
            int old = task_slot_before(task, first, slot);
            site->vector[slot] = revising->newest[index][old];
            differs |= before != NULL && before[old] != revising->newest[index][old];
        }
        site->vector[series->changed] = revising->claims_no_change[index] ? 0
                                        : before == NULL ? site->vector[series->contributes]
                                                         : differs;
    }
    site->is_silent = false;
}

void revising_correct(struct revising *revising, int site, int slot, int by)
{
    size_t size = (size_t)first_task(revising)->num_slots * sizeof(uint64_t);
    uint64_t *before = malloc(size);

    memcpy(before, revising->newest[site], size);
    revising->newest[site][slot] += (uint64_t)(int64_t)by;
    write_vector(revising, site, before);
    free(before);
}

void revising_report_first(struct revising *revising, int site, const uint64_t *vector)
{
    size_t size = (size_t)first_task(revising)->num_slots * sizeof(uint64_t);

    revising->newest[site] = malloc(size);
    memcpy(revising->newest[site], vector, size);
    write_vector(revising, site, NULL);
}

/* ---- looking ---- */

uint64_t revising_sum(const struct revising *revising, int area, int slot)
{
    const struct roster *roster = revising->cluster->roster;
    uint64_t sum = 0;

    for (int i = 0; i < roster->num_sites; i++) {
        if (revising->newest[i] != NULL && roster_is_within(roster, roster->sites[i].area, area)) {
            sum += revising->newest[i][slot];
        }
    }
    return sum;
}

size_t revising_check(const struct revising *revising)
{
    const struct view *view = cluster_top_view(revising->cluster);
    struct err err = {0};
    size_t num = 0;

    for (int area = 0; area < view->roster->num_areas; area++) {
        const Weft__V1__Release *release = (const Weft__V1__Release *)view->releases[area].body;
        for (size_t i = 0; release != NULL && i < release->n_slots; i++, num++) {
            int slot = task_slot_before(view->task, first_task(revising), (int)release->slots[i]->slot);
            uint64_t sum = revising_sum(revising, area, slot);
            if (release->slots[i]->total != sum) {
                fprintf(stderr, "%s slot %d: %ld, plain sum %ld\n", release->area, slot,
                        (long)release->slots[i]->total, (long)sum);
                abort();
            }
        }
    }
    must(contradictions_check(view, &err), &err);
    return num;
}

Weft__V1__WithheldReason revising_reason(const struct revising *revising, int area)
{
    const struct view *view = cluster_top_view(revising->cluster);
    const Weft__V1__Order *order = (const Weft__V1__Order *)view->order.body;

    for (size_t i = 0; i < order->n_withheld; i++) {
        if (strcmp(order->withheld[i]->area, view->roster->areas[area].wire->code) == 0) {
            return order->withheld[i]->reason;
        }
    }
    return WEFT__V1__WITHHELD_REASON__WITHHELD_NONE;
}
