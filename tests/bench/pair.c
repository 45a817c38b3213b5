/* pair.c - make the keys, certificates, roster and task of one pair and its sites, and run its two programs. */
#include "tests/bench/pair.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/file.h"
#include "base/join.h"
#include "base/report.h"
#include "base/wire.h"
#include "crypto/secret.h"

#define AREA            "990000"
#define MAX_SITES       4096
#define MAX_SLOTS       4096
#define SLOTS_A_SERIES  4 /* of a proportion: numerator, complement, contributes, missing */
#define NUM_THREADS     64
#define CALL_TIMEOUT_MS 60000
#define FIRST_QUESTION_MS 100 /* as node/agent_state.c */
#define DAY             CALENDAR_MS_PER_DAY

extern char **environ;

static void must(int rc, const struct err *err)
{
    char text[1024];

    if (rc != 0) {
        fprintf(stderr, "%s\n", err_text(err, LANG_EN, text, sizeof text));
        exit(1);
    }
}

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return memory;
}

static void path_of(char out[256], const struct pair *pair, const char *format, const char *name)
{
    int len = snprintf(out, 256, "%s/", pair->dir);

    snprintf(out + len, 256 - (size_t)len, format, name);
}

static void write_text(const char *path, const char *text)
{
    struct err err = {0};

    must(file_write(path, text, strlen(text), FILE_MODE_SECRET, &err), &err);
}

/* ---- certificates ---- */

struct authority {
    char *key, *cert;
};

static void certify(const struct pair *pair, const struct authority *ca, const char *request,
                    const char *tls_name, const char *path)
{
    struct err err = {0};
    char *cert = NULL;

    (void)pair;
    must(cert_sign(&cert, ca->key, ca->cert, request, tls_name, 30 * DAY, calendar_now_ms(), &err), &err);
    write_text(path, cert);
    free(cert);
}

static void make_site_certificate(struct pair *pair, const struct authority *ca, int index)
{
    struct pair_site *site = &pair->sites[index];
    char tls_name[32], *key = NULL, *request = NULL;
    struct err err = {0};

    snprintf(tls_name, sizeof tls_name, "h%04d.test", index);
    snprintf(site->cert_file, sizeof site->cert_file, "%s/sites/%04d.crt", pair->dir, index);
    snprintf(site->key_file, sizeof site->key_file, "%s/sites/%04d.key", pair->dir, index);
    must(cert_make_request(&key, &request, tls_name, &err), &err);
    write_text(site->key_file, key);
    certify(pair, ca, request, tls_name, site->cert_file);
    secret_free(key, strlen(key));
    free(request);
}

static void make_coordinator(struct pair *pair, const struct authority *ca, const char *id, struct join *join)
{
    static const char *const areas[] = {AREA};
    char dir[256], path[256], tls_name[32];
    struct err err = {0};

    path_of(dir, pair, "%s", id);
    snprintf(tls_name, sizeof tls_name, "%s.test", id);
    must(identity_create(dir, JOIN_COORDINATOR, id, tls_name, areas, strcmp(id, "lead") == 0 ? 1 : 0, &err),
         &err);
    path_of(path, pair, "%s/join.yaml", id);
    must(join_read(join, path, &err), &err);
    path_of(path, pair, "%s/tls.crt", id);
    certify(pair, ca, join->request_pem, tls_name, path);
}

/* ---- roster ---- */

struct roots {
    uint8_t keys[2][KEY_SIZE], publics[2][KEY_SIZE];
    Weft__V1__Root wire[2];
    Weft__V1__Root *list[2];
};

static void make_roots(struct pair *pair, struct roots *roots)
{
    static const char *const names[] = {"root-lead", "root-help"};
    struct err err = {0};

    for (int i = 0; i < 2; i++) {
        char path[256], *text = NULL;
        secret_random(roots->keys[i], KEY_SIZE);
        sign_public(roots->publics[i], roots->keys[i]);
        weft__v1__root__init(&roots->wire[i]);
        roots->wire[i].name = (char *)(uintptr_t)names[i];
        roots->wire[i].side = (Weft__V1__Side)(i + 1);
        roots->wire[i].public_key = (ProtobufCBinaryData){KEY_SIZE, roots->publics[i]};
        roots->list[i] = &roots->wire[i];
        must(join_root_format(&text, &roots->wire[i], &err), &err);
        path_of(path, pair, "%s.yaml", names[i]);
        write_text(path, text);
        free(text);
    }
}

static void sign_by_roots(Weft__V1__Document **document, const struct roots *roots)
{
    struct err err = {0};

    for (int i = 0; i < 2; i++) {
        must(document_sign(document, roots->wire[i].name, roots->keys[i], &err), &err);
    }
}

static void publish(const struct pair *pair, const Weft__V1__Document *document, const char *name)
{
    char path[256];
    struct err err = {0};
    uint8_t *packed = NULL;
    size_t len;

    must(wire_pack(&packed, &len, &document->base, &err), &err);
    path_of(path, pair, "publication/%s.doc", name);
    must(file_write(path, packed, len, FILE_MODE_PUBLIC, &err), &err);
    free(packed);
}

static void make_roster(struct pair *pair, const struct roots *roots, const struct join joins[2])
{
    static char *const ids[] = {"lead", "help"};
    static Weft__V1__Site sites[MAX_SITES], *site_list[MAX_SITES];
    static char site_ids[MAX_SITES][16], tls_names[MAX_SITES][24];
    static uint8_t publics[MAX_SITES][KEY_SIZE];
    Weft__V1__Roster roster = WEFT__V1__ROSTER__INIT;
    Weft__V1__Operator operators[2], *operator_list[2];
    Weft__V1__Coordinator coordinators[2], *coordinator_list[2];
    Weft__V1__Area area = WEFT__V1__AREA__INIT, *area_list[1] = {&area};
    Weft__V1__Document *document = NULL;
    struct err err = {0};

    for (int i = 0; i < 2; i++) {
        weft__v1__operator__init(&operators[i]);
        operators[i].id = operators[i].body = ids[i];
        operators[i].side = (Weft__V1__Side)(i + 1);
        operator_list[i] = &operators[i];
        weft__v1__coordinator__init(&coordinators[i]);
        coordinators[i].id = coordinators[i].operator_id = ids[i];
        coordinators[i].tls_name = (char *)(uintptr_t)joins[i].tls_name;
        coordinators[i].sign_key = (ProtobufCBinaryData){KEY_SIZE, (uint8_t *)(uintptr_t)joins[i].sign_key};
        coordinators[i].static_key =
            (ProtobufCBinaryData){KEY_SIZE, (uint8_t *)(uintptr_t)joins[i].static_key};
        coordinator_list[i] = &coordinators[i];
    }
    area.code = AREA;
    area.tier = "county";
    area.leader = ids[0];
    area.helper = ids[1];
    area.collector_key =
        (ProtobufCBinaryData){KEY_SIZE, (uint8_t *)(uintptr_t)join_collector(&joins[0], AREA)};
    for (int i = 0; i < pair->num_sites; i++) {
        snprintf(site_ids[i], sizeof site_ids[i], "h%04d", i);
        snprintf(tls_names[i], sizeof tls_names[i], "h%04d.test", i);
        sign_public(publics[i], pair->sites[i].sign_key);
        weft__v1__site__init(&sites[i]);
        sites[i].id = sites[i].owner = site_ids[i];
        sites[i].area = sites[i].supervisor = AREA;
        sites[i].tls_name = tls_names[i];
        sites[i].sign_key = (ProtobufCBinaryData){KEY_SIZE, publics[i]};
        site_list[i] = &sites[i];
    }
    roster.context = "weft demo v1";
    roster.version = 1;
    roster.issued_ms = calendar_now_ms();
    roster.expires_ms = roster.issued_ms + 365 * DAY;
    roster.roots = (Weft__V1__Root **)(uintptr_t)roots->list;
    roster.n_roots = roster.n_operators = roster.n_coordinators = 2;
    roster.operators = operator_list;
    roster.coordinators = coordinator_list;
    roster.areas = area_list;
    roster.n_areas = 1;
    roster.sites = site_list;
    roster.n_sites = (size_t)pair->num_sites;
    must(document_new(&document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_ROSTER, &roster.base, &err), &err);
    sign_by_roots(&document, roots);
    must(roster_open(&pair->roster, document, NULL, 0, &err), &err);
    publish(pair, document, "roster");
    document_free(&document);
}

/* ---- task ---- */

static void publish_catalogue(const struct pair *pair, uint8_t digest_out[DIGEST_SIZE])
{
    static char text[] = "benchmark\n";
    Weft__V1__Document document = WEFT__V1__DOCUMENT__INIT;

    document.type = WEFT__V1__DOCUMENT_TYPE__DOCUMENT_CATALOGUE;
    document.version = DOCUMENT_VERSION;
    document.body = (ProtobufCBinaryData){sizeof text - 1, (uint8_t *)text};
    document_digest(digest_out, &document);
    publish(pair, &document, "catalogue");
}

/* Proportions; `bits` is the mean width of a slot: the flag that a site contributes has one bit, the others share the
 * rest. */
static void make_task(struct pair *pair, const struct roots *roots, int num_slots, unsigned bits)
{
    static const Weft__V1__Role roles[SLOTS_A_SERIES] = {
        WEFT__V1__ROLE__ROLE_NUMERATOR, WEFT__V1__ROLE__ROLE_COMPLEMENT, WEFT__V1__ROLE__ROLE_CONTRIBUTES,
        WEFT__V1__ROLE__ROLE_MISSING};
    static Weft__V1__Series series[MAX_SLOTS], *series_list[MAX_SLOTS];
    static Weft__V1__Slot slots[MAX_SLOTS], *slot_list[MAX_SLOTS];
    static char names[MAX_SLOTS][16];
    static uint64_t maxima[MAX_SLOTS];
    unsigned width[3] = {(SLOTS_A_SERIES * bits - 1 + 2) / 3, (SLOTS_A_SERIES * bits - 1 + 1) / 3,
                         (SLOTS_A_SERIES * bits - 1) / 3};
    Weft__V1__Task task = WEFT__V1__TASK__INIT;
    Weft__V1__Period period = WEFT__V1__PERIOD__INIT;
    Weft__V1__Document *document = NULL;
    uint8_t nonce[16], catalogue[DIGEST_SIZE];
    char *areas[] = {AREA};
    struct err err = {0};

    publish_catalogue(pair, catalogue);
    secret_random(nonce, sizeof nonce);
    for (int i = 0; i < num_slots; i++) {
        int s = i / SLOTS_A_SERIES, role = i % SLOTS_A_SERIES;
        weft__v1__series__init(&series[s]);
        snprintf(names[s], sizeof names[s], "indicator-%03d", s);
        series[s].indicator = names[s];
        series[s].population = "stay";
        series[s].kind = WEFT__V1__KIND__KIND_PROPORTION;
        series[s].scale = 1;
        series_list[s] = &series[s];
        weft__v1__slot__init(&slots[i]);
        slots[i].series = (uint32_t)s;
        slots[i].role = roles[role];
        slots[i].maximum = role == 2 ? 1 : (UINT64_C(1) << width[role == 3 ? 2 : role]) - 1;
        maxima[i] = slots[i].maximum;
        slot_list[i] = &slots[i];
    }
    period.id = "2014";
    period.zone = "UTC";
    period.end_ms = 1;
    task.context = pair->roster->wire->context;
    task.name = "benchmark";
    task.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    task.roster_version = 1;
    task.roster_digest = (ProtobufCBinaryData){DIGEST_SIZE, pair->roster->digest};
    task.catalogue_version = "1";
    task.catalogue_digest = (ProtobufCBinaryData){DIGEST_SIZE, catalogue};
    task.period = &period;
    task.series = series_list;
    task.n_series = (size_t)(num_slots / SLOTS_A_SERIES);
    task.slots = slot_list;
    task.n_slots = (size_t)num_slots;
    task.vdaf = (uint32_t)PRIO3_MIXED_SUMVEC_64;
    task.chunk_length = (uint32_t)prio3_best_chunk_length(prio3_num_bits(maxima, (size_t)num_slots));
    task.min_sites = 3;
    task.close_when_complete = true;
    task.min_cell = 5;
    task.release_areas = areas;
    task.n_release_areas = 1;
    task.open_ms = calendar_now_ms() - 1000;
    task.close_ms = task.open_ms + DAY; /* or with the last report: each asks whether it is the last */
    task.order_ms = task.close_ms + DAY;
    task.plan_ms = task.order_ms + DAY;
    task.pattern_ms = task.plan_ms + DAY;
    task.retention_ms = task.pattern_ms + DAY;
    must(document_new(&document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, &task.base, &err), &err);
    sign_by_roots(&document, roots);
    must(task_open(&pair->task, document, pair->roster, &err), &err);
    publish(pair, document, "task");
    document_free(&document);
}

/* ---- programs ---- */

static void write_settings(const struct pair *pair, const struct pair_coordinator *coordinator)
{
    bool leads = coordinator == &pair->leader;
    char path[256], text[2048];

    snprintf(
        text, sizeof text,
        "dir: \"%s/%s\"\nca: \"%s/ca.crt\"\ncertificate: \"%s/%s/tls.crt\"\n"
        "roots: [\"%s/root-lead.yaml\", \"%s/root-help.yaml\"]\nlog_format: json\nlisten: \"127.0.0.1:0\"\n"
        "port_file: \"%s/%s/port\"\nparent: \"\"\npoll: 200ms\n",
        pair->dir, coordinator->id, pair->dir, pair->dir, coordinator->id, pair->dir, pair->dir, pair->dir,
        coordinator->id);
    if (leads) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len,
                 "peers: [\"help help.test 127.0.0.1:%u\"]\npublication: \"%s/publication\"\n",
                 pair->helper.port, pair->dir);
    }
    path_of(path, pair, "%s/settings.yaml", coordinator->id);
    write_text(path, text);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static unsigned read_port(const struct pair *pair, const char *id)
{
    char path[256];
    uint8_t *text = NULL;
    size_t len;
    unsigned port = 0;

    path_of(path, pair, "%s/port", id);
    if (file_read(&text, &len, path, 16, NULL) == 0) {
        port = (unsigned)strtoul((const char *)text, NULL, 10);
    }
    free(text);
    return port;
}

static void spawn(struct pair *pair, struct pair_coordinator *coordinator, const char *programs)
{
    char program[512], settings[256], log[256];
    char *argv[] = {program, "run", "--settings", settings, NULL};
    posix_spawn_file_actions_t actions;

    write_settings(pair, coordinator);
    snprintf(program, sizeof program, "%s/coordinator/weft-coordinator", programs);
    path_of(settings, pair, "%s/settings.yaml", coordinator->id);
    path_of(log, pair, "%s.log", coordinator->id);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (posix_spawn(&coordinator->pid, program, &actions, NULL, argv, environ) != 0) {
        perror(program);
        exit(1);
    }
    posix_spawn_file_actions_destroy(&actions);
    for (int tries = 0; (coordinator->port = read_port(pair, coordinator->id)) == 0; tries++) {
        if (tries > 1000 || waitpid(coordinator->pid, NULL, WNOHANG) != 0) {
            fprintf(stderr, "%s does not start: see %s\n", coordinator->id, log);
            exit(1);
        }
        pause_ms(20);
    }
}

void pair_start(struct pair *pair, const char *programs, int num_sites, int num_slots, unsigned bits)
{
    struct authority ca = {0};
    struct join joins[2] = {0};
    struct roots roots;
    struct err err = {0};
    char path[256];

    *pair = (struct pair){.leader = {.id = "lead"}, .helper = {.id = "help"}, .num_sites = num_sites};
    snprintf(pair->dir, sizeof pair->dir, "/tmp/weft-bench.XXXXXX");
    if (num_sites > MAX_SITES || num_slots > MAX_SLOTS || mkdtemp(pair->dir) == NULL) {
        fprintf(stderr, "cannot begin with %d sites, %d slots in %s\n", num_sites, num_slots, pair->dir);
        exit(1);
    }
    path_of(path, pair, "%s", "sites");
    must(file_make_dir(path, 0700, &err), &err);
    path_of(path, pair, "%s", "publication");
    must(file_make_dir(path, 0700, &err), &err);
    must(cert_make_authority(&ca.key, &ca.cert, "benchmark", calendar_now_ms(), &err), &err);
    path_of(path, pair, "%s", "ca.crt");
    write_text(path, ca.cert);
    make_coordinator(pair, &ca, "lead", &joins[0]);
    make_coordinator(pair, &ca, "help", &joins[1]);
    pair->sites = need(calloc((size_t)num_sites, sizeof *pair->sites));
    for (int i = 0; i < num_sites; i++) {
        secret_random(pair->sites[i].sign_key, KEY_SIZE);
        secret_random(pair->sites[i].secret, sizeof pair->sites[i].secret);
        make_site_certificate(pair, &ca, i);
    }
    make_roots(pair, &roots);
    make_roster(pair, &roots, joins);
    make_task(pair, &roots, num_slots, bits);
    secret_free(ca.key, strlen(ca.key));
    free(ca.cert);
    join_clear(&joins[0]);
    join_clear(&joins[1]);
    spawn(pair, &pair->helper, programs);
    spawn(pair, &pair->leader, programs);
    must(rpc_init(&err), &err);
}

void pair_stop(struct pair *pair)
{
    char command[96];

    for (int i = 0; i < pair->num_sites; i++) {
        rpc_channel_close(&pair->sites[i].channel);
        report_free(&pair->sites[i].report);
    }
    rpc_shutdown();
    kill(pair->leader.pid, SIGTERM);
    kill(pair->helper.pid, SIGTERM);
    waitpid(pair->leader.pid, NULL, 0);
    waitpid(pair->helper.pid, NULL, 0);
    wire_free((ProtobufCMessage **)&pair->leader.key_sheet);
    wire_free((ProtobufCMessage **)&pair->helper.key_sheet);
    task_free(&pair->task);
    roster_free(&pair->roster);
    free(pair->sites);
    snprintf(command, sizeof command, "rm -rf %s", pair->dir);
    if (system(command) != 0) {
        fprintf(stderr, "%s is left behind\n", pair->dir);
    }
}

/* ---- sites ---- */

static void open_channel(const struct pair *pair, struct pair_site *site)
{
    char target[32], ca[256];
    struct err err = {0};

    path_of(ca, pair, "%s", "ca.crt");
    snprintf(target, sizeof target, "127.0.0.1:%u", pair->leader.port);
    must(rpc_channel_open(&site->channel,
                          &(struct rpc_channel_options){.target = target,
                                                        .tls_name = "lead.test",
                                                        .ca_file = ca,
                                                        .cert_file = site->cert_file,
                                                        .key_file = site->key_file},
                          &err),
         &err);
}

static int call(struct pair_site *site, const char *method, const ProtobufCMessage *request,
                ProtobufCMessage **response, struct err *err)
{
    return rpc_call_unary(site->channel, &weft__v1__exchange__descriptor, method, request, response,
                          CALL_TIMEOUT_MS, err);
}

/* Look for the two key sheets among the task's documents. */
static void take_key_sheets(struct pair *pair, const Weft__V1__GetDocumentsReply *reply)
{
    struct err err = {0};

    for (size_t i = 0; i < reply->n_documents; i++) {
        const Weft__V1__Document *document = reply->documents[i]->document;
        ProtobufCMessage *body = NULL;
        if (document->type != WEFT__V1__DOCUMENT_TYPE__DOCUMENT_KEY_SHEET) {
            continue;
        }
        must(document_body(&body, document, document->type, &err), &err);
        Weft__V1__KeySheet **place = strcmp(((Weft__V1__KeySheet *)body)->coordinator, "lead") == 0
                                         ? &pair->leader.key_sheet
                                         : &pair->helper.key_sheet;
        wire_free((ProtobufCMessage **)place);
        *place = (Weft__V1__KeySheet *)body;
    }
}

/* For the task's documents; the leader may have to take in roster and task first. */
static void ask(struct pair *pair, struct pair_site *site)
{
    Weft__V1__GetDocumentsRequest request = WEFT__V1__GET_DOCUMENTS_REQUEST__INIT;
    ProtobufCMessage *reply = NULL;
    struct err err = {0};

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, pair->task->id};
    for (int tries = 0; call(site, "GetDocuments", &request.base, &reply, &err) != 0; tries++) {
        must(tries > 300 ? err.code : 0, &err);
        err = (struct err){0};
        pause_ms(100);
    }
    take_key_sheets(pair, (const Weft__V1__GetDocumentsReply *)reply);
    wire_free(&reply);
}

static void build_report(const struct pair *pair, int index)
{
    struct pair_site *site = &pair->sites[index];
    uint8_t log_root[DIGEST_SIZE] = {0};
    uint64_t *vector = need(calloc((size_t)pair->task->num_slots, sizeof *vector));
    struct err err = {0};

    for (int i = 0; i < pair->task->num_slots; i++) {
        vector[i] = pair->task->wire->slots[i]->maximum & (0x5555555u * (uint64_t)(index + 1));
    }
    struct report_input input = {
        .task = pair->task,
        .site = pair->roster->sites[index].wire->id,
        .revision = 1,
        .vector = vector,
        .site_secret = site->secret,
        .sign_key = site->sign_key,
        .leader_hpke_key = pair->leader.key_sheet->public_key.data,
        .helper_hpke_key = pair->helper.key_sheet->public_key.data,
        .leader_static_key =
            pair->roster->coordinators[roster_find_coordinator(pair->roster, "lead")].wire->static_key.data,
        .helper_static_key =
            pair->roster->coordinators[roster_find_coordinator(pair->roster, "help")].wire->static_key.data,
        .rule_set = "none",
        .log_root = log_root,
    };
    must(report_build(&site->report, &input, &err), &err);
    free(vector);
}

void pair_connect(struct pair *pair)
{
    for (int i = 0; i < pair->num_sites; i++) {
        open_channel(pair, &pair->sites[i]);
        ask(pair, &pair->sites[i]);
    }
}

void pair_ask_all(struct pair *pair)
{
    for (int i = 0; i < pair->num_sites; i++) {
        ask(pair, &pair->sites[i]);
    }
}

void pair_build_reports(struct pair *pair)
{
    while (pair->leader.key_sheet == NULL || pair->helper.key_sheet == NULL) {
        ask(pair, &pair->sites[0]);
        pause_ms(100);
    }
    for (int i = 0; i < pair->num_sites; i++) {
        build_report(pair, i);
    }
}

struct submission {
    struct pair *pair;
    atomic_int next, num_accepted, num_questions;
    bool is_first; /* round */
    atomic_bool *accepted;
};

static Weft__V1__ReportState submit(struct pair_site *site)
{
    Weft__V1__ReportState state;
    ProtobufCMessage *reply = NULL;
    struct err err = {0};

    must(call(site, "Submit", &site->report->base, &reply, &err), &err);
    state = ((Weft__V1__SubmitReply *)reply)->state;
    wire_free(&reply);
    return state;
}

static Weft__V1__ReportState ask_state(const struct pair *pair, struct pair_site *site)
{
    Weft__V1__GetSiteStateRequest request = WEFT__V1__GET_SITE_STATE_REQUEST__INIT;
    Weft__V1__ReportState state;
    ProtobufCMessage *reply = NULL;
    struct err err = {0};

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, pair->task->id};
    must(call(site, "GetSiteState", &request.base, &reply, &err), &err);
    state = ((Weft__V1__GetSiteStateReply *)reply)->newest->state;
    wire_free(&reply);
    return state;
}

static void deliver(struct submission *all, int index)
{
    struct pair_site *site = &all->pair->sites[index];
    Weft__V1__ReportState state = all->is_first ? submit(site) : ask_state(all->pair, site);

    all->num_questions += !all->is_first;

    if (state == WEFT__V1__REPORT_STATE__REPORT_ACCEPTED) {
        all->accepted[index] = true;
        all->num_accepted++;
    } else if (state != WEFT__V1__REPORT_STATE__REPORT_WAITING) {
        fprintf(stderr, "report %d was not accepted\n", index);
        exit(1);
    }
}

static void *deliver_some(void *arg)
{
    struct submission *all = arg;

    for (int i; (i = all->next++) < all->pair->num_sites;) {
        if (!all->accepted[i]) {
            deliver(all, i);
        }
    }
    return NULL;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Rounds, as hospitals' programs ask for a receipt that was not there at once, and again after twice the time. */
double pair_submit_all(struct pair *pair, int *num_questions)
{
    struct submission all = {.pair = pair};
    double start = now();
    long wait_ms = FIRST_QUESTION_MS;

    all.accepted = need(calloc((size_t)pair->num_sites, sizeof *all.accepted));
    for (all.is_first = true; all.num_accepted < pair->num_sites; all.is_first = false) {
        pthread_t threads[NUM_THREADS];
        all.next = 0;
        for (int i = 0; i < NUM_THREADS; i++) {
            if (pthread_create(&threads[i], NULL, deliver_some, &all) != 0) {
                perror("thread");
                exit(1);
            }
        }
        for (int i = 0; i < NUM_THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
        if (all.num_accepted < pair->num_sites) {
            pause_ms(wait_ms);
            wait_ms *= 2;
        }
    }
    *num_questions = all.num_questions;
    free(all.accepted);
    return now() - start;
}

/* ---- what the programs say of themselves ---- */

static uint64_t number_in(const char *line, const char *name)
{
    char quoted[32];
    const char *found;

    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    found = strstr(line, quoted);
    return found == NULL ? 0 : strtoull(found + strlen(quoted), NULL, 10);
}

/* How many cost lines the log has, and the last. */
static int last_cost_line(const char *path, char *line, size_t line_len)
{
    FILE *file = fopen(path, "r");
    char buffer[4096];
    int num = 0;

    while (file != NULL && fgets(buffer, sizeof buffer, file) != NULL) {
        if (strstr(buffer, "\"processor time\"") != NULL && strchr(buffer, '\n') != NULL) {
            snprintf(line, line_len, "%s", buffer);
            num++;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return num;
}

struct pair_cost pair_cost(const struct pair *pair, const struct pair_coordinator *coordinator)
{
    char path[256], line[4096] = "";
    int before;

    path_of(path, pair, "%s.log", coordinator->id);
    before = last_cost_line(path, line, sizeof line);
    kill(coordinator->pid, SIGUSR1);
    for (int tries = 0; last_cost_line(path, line, sizeof line) == before; tries++) {
        if (tries > 500) {
            fprintf(stderr, "%s does not tell its processor time\n", coordinator->id);
            exit(1);
        }
        pause_ms(10);
    }
    return (struct pair_cost){
        .process_us = number_in(line, "process_us"),
        .thread_us = number_in(line, "thread_us"),
        .hpke_us = number_in(line, "hpke_us"),
        .sign_us = number_in(line, "sign_us"),
        .prio3_us = number_in(line, "prio3_us"),
        .store_us = number_in(line, "store_us"),
    };
}

uint64_t pair_memory_kb(const struct pair_coordinator *coordinator, const char *kind)
{
    char path[64], line[256];
    size_t len = strlen(kind);
    uint64_t kb = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)coordinator->pid);
    file = fopen(path, "r");
    while (file != NULL && kb == 0 && fgets(line, sizeof line, file) != NULL) {
        kb = strncmp(line, kind, len) == 0 && line[len] == ':' ? strtoull(line + len + 1, NULL, 10) : 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return kb;
}
