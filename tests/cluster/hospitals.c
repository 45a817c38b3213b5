/* hospitals.c - agents in the province: what the edge of weft-node does, with the cluster's clock and network. */
#include "tests/cluster/hospitals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/agent.h"
#include "node/state.h"

#define MAX_CALLS 16

struct hospital {
    struct agent *agent;
    struct store *store;
    char path[300];
    unsigned generation; /* raised by each crash: answers to calls of an older one are lost */
};

struct hospitals {
    struct hospital *all;
    size_t num_crashes;
};

struct tag {
    struct agent_call call;
    unsigned generation;
};

static void must(int rc, const struct err *err)
{
    if (rc != 0) {
        char text[1024];
        fprintf(stderr, "hospital: %s\n", err_text(err, LANG_EN, text, sizeof text));
        abort();
    }
}

static struct hospital *hospital_of(const struct cluster *cluster, int site)
{
    return &((struct hospitals *)cluster->players.user)->all[site];
}

static void open_hospital(struct cluster *cluster, int site)
{
    struct hospital *hospital = hospital_of(cluster, site);
    struct agent_options options = {
        .site = cluster->roster->sites[site].wire->id,
        .roots = {cluster->root_list, 2},
        .poll_ms = 200,
    };
    struct err err = {0};

    must(state_open_store(&hospital->store, hospital->path, false, true, &err), &err);
    memcpy(options.sign_key, cluster->sites[site].sign_key, KEY_SIZE);
    memcpy(options.site_secret, cluster->sites[site].secret, sizeof options.site_secret);
    memset(options.at_rest_key, site + 1, sizeof options.at_rest_key);
    must(agent_new(&hospital->agent, &options, &err), &err);
}

static void close_hospital(struct hospital *hospital)
{
    agent_free(&hospital->agent);
    store_close(&hospital->store);
}

static void drop(void *tag)
{
    agent_call_free(&((struct tag *)tag)->call);
    free(tag);
}

/* What an evaluation gives: the vector without a revision's flags, which the agent finds by itself. */
static int set_numbers(struct cluster *cluster, int site, struct store_txn *txn, struct err *err)
{
    const struct task *task = cluster->task;
    uint64_t *numbers = calloc((size_t)task->num_slots, sizeof *numbers);
    size_t num = 0;
    int rc;

    for (int i = 0; i < task->num_slots; i++) {
        if (task->wire->slots[i]->role != WEFT__V1__ROLE__ROLE_CHANGED) {
            numbers[num++] = cluster->sites[site].vector[i];
        }
    }
    rc = agent_set_vector(hospital_of(cluster, site)->agent, txn, cluster->num_past, numbers, cluster->now_ms,
                          err);
    free(numbers);
    return rc;
}

/* What people at the hospital do: evaluate and approve, once the task is there. */
static void evaluate_and_approve(struct cluster *cluster, int site, struct store_txn *txn)
{
    struct hospital *hospital = hospital_of(cluster, site);
    struct agent_status status;
    struct err err = {0};

    if (agent_num_tasks(hospital->agent) <= cluster->num_past || cluster->sites[site].is_silent) {
        return;
    }
    must(agent_status(hospital->agent, txn, cluster->num_past, cluster->now_ms, &status, &err), &err);
    if (status.state == AGENT_NEW) {
        int rc = set_numbers(cluster, site, txn, &err);
        if (rc == ERR_TASK_NOT_OPEN) { /* a revision whose task is not finished, as far as is known here */
            return;
        }
        must(rc, &err);
        must(agent_approve(hospital->agent, txn, cluster->num_past, "quality officer", cluster->now_ms, &err),
             &err);
    }
}

void hospitals_consent(struct cluster *cluster, int site, const char *indicator)
{
    struct hospital *hospital = hospital_of(cluster, site);
    struct store_txn *txn = NULL;
    struct err err = {0};
    char *indicators[1] = {(char *)(uintptr_t)indicator};

    must(store_begin(hospital->store, &txn, true, &err), &err);
    must(agent_consent(hospital->agent, txn, cluster->num_past, indicators, indicator == NULL ? 0 : 1,
                       "our change may be seen", cluster->now_ms, &err),
         &err);
    must(store_commit(&txn, &err), &err);
}

static void act(struct cluster *cluster, int site)
{
    static const enum core_method methods[] = {CORE_GET_DOCUMENTS, CORE_SUBMIT, CORE_GET_SITE_STATE,
                                                CORE_PUT_DOCUMENTS};
    struct hospital *hospital = hospital_of(cluster, site);
    struct agent_call calls[MAX_CALLS];
    struct store_txn *txn = NULL;
    struct err err = {0};
    size_t num = 0;

    must(store_begin(hospital->store, &txn, true, &err), &err);
    must(agent_load(hospital->agent, txn, &err), &err);
    evaluate_and_approve(cluster, site, txn);
    must(agent_due(hospital->agent, txn, cluster->now_ms, calls, MAX_CALLS, &num, &err), &err);
    must(store_commit(&txn, &err), &err);
    for (size_t i = 0; i < num; i++) {
        struct tag *tag = calloc(1, sizeof *tag);
        if (tag == NULL) {
            abort();
        }
        *tag = (struct tag){calls[i], hospital->generation};
        cluster_site_calls(cluster, site, methods[calls[i].method], calls[i].request, tag);
    }
}

static void answer(struct cluster *cluster, int site, void *user, const ProtobufCMessage *response,
                   const struct err *failure)
{
    struct hospital *hospital = hospital_of(cluster, site);
    struct tag *tag = user;
    struct store_txn *txn = NULL;
    struct err err = {0};

    if (tag->generation == hospital->generation) {
        must(store_begin(hospital->store, &txn, true, &err), &err);
        must(agent_answer(hospital->agent, txn, &tag->call, response, failure, cluster->now_ms, &err), &err);
        must(store_commit(&txn, &err), &err);
    }
    drop(tag);
    if ((int)cluster_random(cluster, 1000) < cluster->faults.crash) {
        close_hospital(hospital);
        open_hospital(cluster, site);
        hospital->generation++;
        ((struct hospitals *)cluster->players.user)->num_crashes++;
    }
}

void hospitals_start(struct cluster *cluster)
{
    struct hospitals *hospitals = calloc(1, sizeof *hospitals);

    if (hospitals == NULL ||
        (hospitals->all = calloc((size_t)cluster->roster->num_sites, sizeof *hospitals->all)) == NULL) {
        abort();
    }
    cluster->players = (struct cluster_players){hospitals, act, answer, drop};
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        snprintf(hospitals->all[i].path, sizeof hospitals->all[i].path, "%.200s/site-%d", cluster->directory,
                 i);
        open_hospital(cluster, i);
    }
}

void hospitals_stop(struct cluster *cluster)
{
    struct hospitals *hospitals = cluster->players.user;

    for (int i = 0; i < cluster->roster->num_sites; i++) {
        close_hospital(&hospitals->all[i]);
    }
    free(hospitals->all);
    free(hospitals);
    cluster->players.user = NULL;
}

size_t hospitals_num_crashes(const struct cluster *cluster)
{
    return ((struct hospitals *)cluster->players.user)->num_crashes;
}

struct agent_status hospitals_status(const struct cluster *cluster, int site)
{
    struct hospital *hospital = hospital_of(cluster, site);
    struct agent_status status = {.state = AGENT_NEW};
    struct store_txn *txn = NULL;
    struct err err = {0};

    must(store_begin(hospital->store, &txn, false, &err), &err);
    must(agent_load(hospital->agent, txn, &err), &err);
    if (agent_num_tasks(hospital->agent) > cluster->num_past) {
        must(agent_status(hospital->agent, txn, cluster->num_past, cluster->now_ms, &status, &err), &err);
    }
    store_abort(&txn);
    return status;
}

void hospitals_approve(struct cluster *cluster, int site)
{
    struct hospital *hospital = hospital_of(cluster, site);
    struct store_txn *txn = NULL;
    struct err err = {0};

    must(store_begin(hospital->store, &txn, true, &err), &err);
    must(agent_approve(hospital->agent, txn, 0, "quality officer", cluster->now_ms, &err), &err);
    must(store_commit(&txn, &err), &err);
}

void hospitals_back_up(struct cluster *cluster, int site)
{
    struct hospital *hospital = hospital_of(cluster, site);
    char path[320];
    struct err err = {0};

    snprintf(path, sizeof path, "%s.backup", hospital->path);
    must(store_backup(hospital->store, path, &err), &err);
}

void hospitals_restore(struct cluster *cluster, int site)
{
    struct hospital *hospital = hospital_of(cluster, site);
    char command[1024];

    close_hospital(hospital);
    hospital->generation++;
    snprintf(command, sizeof command, "rm -r %s && mv %s.backup %s", hospital->path, hospital->path, hospital->path);
    if (system(command) != 0) {
        abort();
    }
    open_hospital(cluster, site);
}

static bool is_served(const struct cluster *cluster, int site)
{
    return hospitals_status(cluster, site).state == AGENT_RELEASED;
}

bool hospitals_are_served(const struct cluster *cluster)
{
    if (!cluster_is_released(cluster)) {
        return false;
    }
    for (int i = 0; i < cluster->roster->num_sites; i++) {
        if (!is_served(cluster, i)) {
            return false;
        }
    }
    return true;
}
