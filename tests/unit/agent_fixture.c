/* agent_fixture.c - documents made by hand, and events for one agent. */
#include "tests/unit/agent_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/hpke.h"

#define TEXT(s)   ((char *)(uintptr_t)(s))
#define NUM_SITES 3

static ProtobufCBinaryData bytes(const void *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

static void must(int rc, const struct err *err)
{
    if (rc != 0) {
        fail_msg("%s: %s", err_entry(rc)->name, err->detail);
    }
}

static void sign_with(Weft__V1__Document **document, const char *name, const uint8_t key[KEY_SIZE])
{
    struct err err = {0};

    must(document_sign(document, name, key, &err), &err);
}

static const char *const root_names[] = {"root-l", "root-h"};
static const char *const coordinator_names[] = {"lead", "help"};

/* Sign as the roots, or as leader and helper. */
static void sign_sides(struct fixture *f, Weft__V1__Document **document, enum signer sides, bool as_roots)
{
    for (int i = 0; i < 2; i++) {
        if (sides == BOTH_SIDES || (int)sides == i) {
            sign_with(document, as_roots ? root_names[i] : coordinator_names[i],
                      as_roots ? f->root_keys[i] : f->coordinator_sign[i]);
        }
    }
}

static Weft__V1__Document *document_of(Weft__V1__DocumentType type, const ProtobufCMessage *body)
{
    Weft__V1__Document *document = NULL;
    struct err err = {0};

    must(document_new(&document, type, body, &err), &err);
    return document;
}

/* ---- roster and task ---- */

Weft__V1__Document *fixture_roster(struct fixture *f, const char *context, uint32_t version,
                                   int64_t expires_ms, enum signer sides)
{
    static const char *const ids[] = {"h1", "h2", "h3"}, *const owners[] = {"o1", "o2", "o3"},
                             *const tls[] = {"h1.test", "h2.test", "h3.test"},
                             *const operators[] = {"ol", "oh"}, *const bodies[] = {"body l", "body h"},
                             *const names[] = {"lead.test", "help.test"};
    Weft__V1__Roster roster = WEFT__V1__ROSTER__INIT;
    Weft__V1__Operator operator_wire[2], *operator_list[2];
    Weft__V1__Coordinator coordinator[2], *coordinator_list[2];
    Weft__V1__Area area = WEFT__V1__AREA__INIT, *area_list[1] = {&area};
    Weft__V1__Site site[NUM_SITES], *site_list[NUM_SITES];
    Weft__V1__Root *root_list[2] = {&f->roots[0], &f->roots[1]};
    uint8_t sign[2][KEY_SIZE], agreed[2][KEY_SIZE], collector[KEY_SIZE], site_key[NUM_SITES][KEY_SIZE];
    Weft__V1__Document *document;

    for (int i = 0; i < 2; i++) {
        weft__v1__operator__init(&operator_wire[i]);
        operator_wire[i].id = TEXT(operators[i]);
        operator_wire[i].side = (Weft__V1__Side)(i + 1);
        operator_wire[i].body = TEXT(bodies[i]);
        operator_list[i] = &operator_wire[i];
        weft__v1__coordinator__init(&coordinator[i]);
        coordinator[i].id = TEXT(coordinator_names[i]);
        coordinator[i].operator_id = TEXT(operators[i]);
        coordinator[i].tls_name = TEXT(names[i]);
        sign_public(sign[i], f->coordinator_sign[i]);
        coordinator[i].sign_key = bytes(sign[i], KEY_SIZE);
        agree_public(agreed[i], f->coordinator_static[i]);
        coordinator[i].static_key = bytes(agreed[i], KEY_SIZE);
        coordinator_list[i] = &coordinator[i];
    }
    agree_public(collector, f->coordinator_static[0]);
    area.code = TEXT("99");
    area.tier = TEXT("province");
    area.leader = TEXT("lead");
    area.helper = TEXT("help");
    area.collector_key = bytes(collector, KEY_SIZE);
    for (int i = 0; i < NUM_SITES; i++) {
        uint8_t key[KEY_SIZE] = {(uint8_t)(90 + i)};
        weft__v1__site__init(&site[i]);
        site[i].id = TEXT(ids[i]);
        site[i].area = site[i].supervisor = TEXT("99");
        site[i].owner = TEXT(owners[i]);
        site[i].tls_name = TEXT(tls[i]);
        sign_public(site_key[i], strcmp(ids[i], FIXTURE_SITE) == 0 ? f->site_sign : key);
        site[i].sign_key = bytes(site_key[i], KEY_SIZE);
        site_list[i] = &site[i];
    }
    roster.context = TEXT(context);
    roster.version = version;
    roster.issued_ms = 1;
    roster.expires_ms = expires_ms;
    roster.roots = root_list;
    roster.n_roots = 2;
    roster.operators = operator_list;
    roster.n_operators = 2;
    roster.coordinators = coordinator_list;
    roster.n_coordinators = 2;
    roster.areas = area_list;
    roster.n_areas = 1;
    roster.sites = site_list;
    roster.n_sites = NUM_SITES;
    roster.previous_digest = bytes(f->roster_digest, version == 1 ? 0 : DIGEST_SIZE);
    document = document_of(DOC(ROSTER), &roster.base);
    document_digest(f->roster_digest, document);
    sign_sides(f, &document, sides, true);
    return document;
}

Weft__V1__Document *fixture_task(struct fixture *f, const Weft__V1__Document *roster_document,
                                 const char *name, enum signer sides)
{
    static const Weft__V1__Role roles[FIXTURE_SLOTS] = {
        WEFT__V1__ROLE__ROLE_NUMERATOR, WEFT__V1__ROLE__ROLE_COMPLEMENT, WEFT__V1__ROLE__ROLE_CONTRIBUTES,
        WEFT__V1__ROLE__ROLE_MISSING};
    Weft__V1__Task task = WEFT__V1__TASK__INIT;
    Weft__V1__Period period = WEFT__V1__PERIOD__INIT;
    Weft__V1__Series series = WEFT__V1__SERIES__INIT, *series_list[1] = {&series};
    Weft__V1__Slot slots[FIXTURE_SLOTS], *slot_list[FIXTURE_SLOTS];
    uint8_t roster_digest[DIGEST_SIZE], catalogue_digest[DIGEST_SIZE], name_digest[DIGEST_SIZE];
    uint8_t nonce[16] = {1};
    uint64_t maxima[FIXTURE_SLOTS];
    Weft__V1__Roster *roster = NULL;
    char *areas[] = {TEXT("99")};
    Weft__V1__Document *document;
    struct err err = {0};

    must(document_body((ProtobufCMessage **)&roster, roster_document, DOC(ROSTER), &err), &err);
    document_digest(roster_digest, roster_document);
    digest(catalogue_digest, name, 1); /* tasks whose names begin alike share a catalogue */
    series.indicator = TEXT("mortality");
    series.population = TEXT("stays");
    series.kind = WEFT__V1__KIND__KIND_PROPORTION;
    series.scale = 1;
    for (int i = 0; i < FIXTURE_SLOTS; i++) {
        weft__v1__slot__init(&slots[i]);
        slots[i].role = roles[i];
        slots[i].maximum = maxima[i] = i == 2 ? 1 : FIXTURE_MAXIMUM;
        slot_list[i] = &slots[i];
    }
    period.id = TEXT("2023");
    period.zone = TEXT("UTC");
    if (strncmp(name, "first", 5) != 0) { /* all others count another time */
        digest(name_digest, name, strlen(name));
        period.start_ms = 1 + (name_digest[0] << 8 | name_digest[1]);
    }
    period.end_ms = period.start_ms + 1;
    task.context = roster->context;
    task.name = TEXT(name);
    task.nonce = bytes(nonce, sizeof nonce);
    task.roster_version = roster->version;
    task.roster_digest = bytes(roster_digest, DIGEST_SIZE);
    task.catalogue_version = TEXT("1");
    task.catalogue_digest = bytes(catalogue_digest, DIGEST_SIZE);
    task.period = &period;
    task.series = series_list;
    task.n_series = 1;
    task.slots = slot_list;
    task.n_slots = FIXTURE_SLOTS;
    task.vdaf = (uint32_t)PRIO3_MIXED_SUMVEC_64;
    task.chunk_length = (uint32_t)prio3_best_chunk_length(prio3_num_bits(maxima, FIXTURE_SLOTS));
    task.min_sites = 3;
    task.min_cell = 5;
    task.release_areas = areas;
    task.n_release_areas = 1;
    task.open_ms = FIXTURE_NOW;
    task.close_ms = FIXTURE_NOW + 600000;
    task.order_ms = task.close_ms + 1;
    task.plan_ms = task.order_ms + 1;
    task.pattern_ms = task.plan_ms + 1;
    task.retention_ms = task.pattern_ms + 86400000;
    document = document_of(DOC(TASK), &task.base);
    wire_free(&roster);
    sign_sides(f, &document, sides, true);
    return document;
}

/* ---- documents of the task ---- */

Weft__V1__Document *fixture_key_sheet(struct fixture *f, int coordinator)
{
    Weft__V1__KeySheet sheet = WEFT__V1__KEY_SHEET__INIT;
    Weft__V1__Document *document;

    sheet.task_id = bytes(f->task_id, TASK_ID_SIZE);
    sheet.coordinator = TEXT(coordinator_names[coordinator]);
    sheet.endpoint = TEXT("127.0.0.1:1");
    sheet.kem = HPKE_KEM_X25519_SHA256;
    sheet.kdf = HPKE_KDF_SHA256;
    sheet.aead = HPKE_AEAD_AES128GCM;
    sheet.public_key = bytes(f->hpke_public[coordinator], KEY_SIZE);
    document = document_of(DOC(KEY_SHEET), &sheet.base);
    sign_with(&document, coordinator_names[coordinator], f->coordinator_sign[coordinator]);
    return document;
}

static Weft__V1__ReportHeader *header_of(const Weft__V1__SubmitRequest *request)
{
    Weft__V1__ReportHeader *header = NULL;
    struct err err = {0};

    must(document_body((ProtobufCMessage **)&header, request->report, DOC(REPORT), &err), &err);
    return header;
}

Weft__V1__Document *fixture_receipt(struct fixture *f, const Weft__V1__SubmitRequest *request,
                                    Weft__V1__ReportState report_state, uint32_t revision, enum signer sides)
{
    Weft__V1__Receipt receipt = WEFT__V1__RECEIPT__INIT;
    Weft__V1__ReportHeader *header = header_of(request);
    uint8_t report_digest[DIGEST_SIZE];
    Weft__V1__Document *document;

    document_digest(report_digest, request->report);
    receipt.task_id = bytes(f->task_id, TASK_ID_SIZE);
    receipt.site = header->site;
    receipt.revision = revision;
    receipt.report_id = header->report_id;
    receipt.report_digest = bytes(report_digest, DIGEST_SIZE);
    receipt.state = report_state;
    receipt.time_ms = f->now_ms;
    document = document_of(DOC(RECEIPT), &receipt.base);
    wire_free(&header);
    sign_sides(f, &document, sides, false);
    return document;
}

Weft__V1__Document *fixture_freeze(struct fixture *f, const Weft__V1__SubmitRequest *request)
{
    Weft__V1__Freeze freeze = WEFT__V1__FREEZE__INIT;
    Weft__V1__FrozenReport report = WEFT__V1__FROZEN_REPORT__INIT, *list[1] = {&report};
    Weft__V1__ReportHeader *header = request == NULL ? NULL : header_of(request);
    uint8_t report_digest[DIGEST_SIZE];
    Weft__V1__Document *document;

    freeze.task_id = bytes(f->task_id, TASK_ID_SIZE);
    freeze.area = TEXT("99");
    freeze.roster_version = 1;
    freeze.time_ms = FIXTURE_NOW + 600000;
    if (header != NULL) {
        document_digest(report_digest, request->report);
        report.site = header->site;
        report.revision = header->revision;
        report.report_id = header->report_id;
        report.report_digest = bytes(report_digest, DIGEST_SIZE);
        freeze.reports = list;
        freeze.n_reports = 1;
    }
    document = document_of(DOC(FREEZE), &freeze.base);
    wire_free(&header);
    sign_sides(f, &document, BOTH_SIDES, false);
    return document;
}

/* ---- the agent ---- */

static int count_commitment(void *user, const struct task *task, const uint8_t *commitment, int64_t now_ms,
                            uint64_t *size, uint8_t root[DIGEST_SIZE], struct err *err)
{
    struct fixture *f = user;

    (void)task, (void)now_ms, (void)err;
    f->num_logged += commitment != NULL;
    *size = 7;
    memset(root, 7, DIGEST_SIZE);
    return 0;
}

static void open_agent(struct fixture *f)
{
    struct agent_options options = {.site = FIXTURE_SITE,
                                    .roots = {f->root_list, 2},
                                    .poll_ms = FIXTURE_POLL,
                                    .log = count_commitment,
                                    .log_user = f,
                                    .site_secret = {5},
                                    .at_rest_key = {6}};
    struct err err = {0};

    memcpy(options.sign_key, f->site_sign, KEY_SIZE);
    must(state_open_store(&f->store, scratch_path(&f->scratch, "store"), false, true, &err), &err);
    must(agent_new(&f->agent, &options, &err), &err);
}

void fixture_restart(struct fixture *f)
{
    agent_free(&f->agent);
    store_close(&f->store);
    open_agent(f);
}

int fixture_begin(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    uint8_t unused[KEY_SIZE];

    *state = f;
    log_start("test", LOG_LEVEL_NONE, LOG_FORMAT_TEXT, 2);
    f->now_ms = FIXTURE_NOW;
    f->site_sign[0] = 3;
    f->incarnation[0] = 1;
    for (int i = 0; i < 2; i++) {
        f->root_keys[i][0] = (uint8_t)(10 + i);
        f->coordinator_sign[i][0] = (uint8_t)(20 + i);
        f->coordinator_static[i][0] = (uint8_t)(32 + 8 * i); /* X25519 drops the three lowest bits */
        sign_public(f->root_public[i], f->root_keys[i]);
        hpke_derive_key_pair(unused, f->hpke_public[i], (uint8_t[32]){(uint8_t)i}, 32);
        weft__v1__root__init(&f->roots[i]);
        f->roots[i].name = TEXT(root_names[i]);
        f->roots[i].side = (Weft__V1__Side)(i + 1);
        f->roots[i].public_key = bytes(f->root_public[i], KEY_SIZE);
        f->root_list[i] = &f->roots[i];
    }
    assert_int_equal(scratch_make(&f->scratch), 0);
    open_agent(f);
    f->roster = fixture_roster(f, "weft v1", 1, INT64_MAX, BOTH_SIDES);
    f->task = fixture_task(f, f->roster, "first", BOTH_SIDES);
    document_digest(f->task_id, f->task);
    return 0;
}

int fixture_end(void **state)
{
    struct fixture *f = *state;

    document_free(&f->roster);
    document_free(&f->task);
    agent_free(&f->agent);
    store_close(&f->store);
    scratch_remove(&f->scratch);
    free(f);
    return 0;
}

/* ---- events ---- */

static struct store_txn *begin(struct fixture *f)
{
    struct store_txn *txn = NULL;
    struct err err = {0};

    must(store_begin(f->store, &txn, true, &err), &err);
    must(agent_load(f->agent, txn, &err), &err);
    return txn;
}

static void commit(struct store_txn *txn)
{
    struct err err = {0};

    must(store_commit(&txn, &err), &err);
}

static void answer(struct fixture *f, const struct agent_call *call, const ProtobufCMessage *response,
                   const struct err *failure)
{
    struct store_txn *txn = begin(f);
    struct err err = {0};

    must(agent_answer(f->agent, txn, call, response, failure, f->now_ms, &err), &err);
    commit(txn);
}

static void answer_documents(struct fixture *f, const struct agent_call *call, size_t num,
                             Weft__V1__Document **documents)
{
    Weft__V1__GetDocumentsReply reply = WEFT__V1__GET_DOCUMENTS_REPLY__INIT;
    Weft__V1__NumberedDocument numbered[8], *list[8];

    for (size_t i = 0; i < num; i++) {
        weft__v1__numbered_document__init(&numbered[i]);
        numbered[i].number = ++f->number;
        numbered[i].document = documents[i];
        list[i] = &numbered[i];
    }
    reply.version = 1;
    reply.incarnation = bytes(f->incarnation, sizeof f->incarnation);
    reply.documents = list;
    reply.n_documents = num;
    answer(f, call, &reply.base, NULL);
}

void fixture_call_free(struct agent_call **call)
{
    if (*call != NULL) {
        agent_call_free(*call);
        free(*call);
        *call = NULL;
    }
}

/* The first call that is wanted; the others are answered with nothing. `of_task` is -1 for either. */
static struct agent_call *due(struct fixture *f, enum agent_method method, int of_task)
{
    Weft__V1__GetSiteStateReply nothing_held = WEFT__V1__GET_SITE_STATE_REPLY__INIT;
    struct agent_call calls[8], *wanted = NULL;
    struct store_txn *txn = begin(f);
    bool has_asked = false;
    struct err err = {0};
    size_t num;

    must(agent_due(f->agent, txn, f->now_ms, calls, 8, &num, &err), &err);
    commit(txn);
    for (size_t i = 0; i < num; i++) {
        if (wanted == NULL && calls[i].method == method && (of_task == -1 || calls[i].has_task == of_task)) {
            wanted = malloc(sizeof *wanted);
            *wanted = calls[i];
            continue;
        }
        if (calls[i].method == AGENT_GET_DOCUMENTS) {
            answer_documents(f, &calls[i], 0, NULL);
        } else if (calls[i].method == AGENT_GET_SITE_STATE) {
            answer(f, &calls[i], &nothing_held.base, NULL);
            has_asked = true;
        } else {
            err_set(&err, ERR_UNREACHABLE, "not now");
            answer(f, &calls[i], NULL, &err);
        }
        agent_call_free(&calls[i]);
    }
    return wanted == NULL && has_asked ? due(f, method, of_task) : wanted;
}

struct agent_call *fixture_due(struct fixture *f, enum agent_method method)
{
    return due(f, method, -1);
}

void fixture_give(struct fixture *f, bool of_task, size_t num, ...)
{
    Weft__V1__Document *documents[8];
    struct agent_call *call;
    va_list args;

    va_start(args, num);
    for (size_t i = 0; i < num; i++) {
        documents[i] = va_arg(args, Weft__V1__Document *);
    }
    va_end(args);
    f->now_ms += 40000; /* whatever it waits for is over */
    call = due(f, AGENT_GET_DOCUMENTS, of_task);
    assert_non_null(call);
    answer_documents(f, call, num, documents);
    for (size_t i = 0; i < num; i++) {
        document_free(&documents[i]);
    }
    fixture_call_free(&call);
}

void fixture_reply(struct fixture *f, struct agent_call **call, Weft__V1__ReportState reply_state,
                   Weft__V1__Document *receipt)
{
    Weft__V1__SubmitReply reply = WEFT__V1__SUBMIT_REPLY__INIT;

    reply.state = reply_state;
    reply.receipt = receipt;
    answer(f, *call, &reply.base, NULL);
    document_free(&receipt);
    fixture_call_free(call);
}

void fixture_tell(struct fixture *f, struct agent_call **call, Weft__V1__Document *report,
                  Weft__V1__ReportState report_state, Weft__V1__Document *receipt)
{
    Weft__V1__GetSiteStateReply reply = WEFT__V1__GET_SITE_STATE_REPLY__INIT;
    Weft__V1__SiteReport held = WEFT__V1__SITE_REPORT__INIT;

    held.report = report;
    held.state = report_state;
    held.receipt = receipt;
    reply.newest = report == NULL ? NULL : &held;
    answer(f, *call, &reply.base, NULL);
    document_free(&receipt);
    fixture_call_free(call);
}

void fixture_fail(struct fixture *f, struct agent_call **call, int code)
{
    struct err err = {0};

    err_set(&err, code, "as the test wants");
    answer(f, *call, NULL, &err);
    fixture_call_free(call);
}

static Weft__V1__Document *copy(const Weft__V1__Document *document)
{
    Weft__V1__Document *out = NULL;
    struct err err = {0};

    must(document_copy(&out, document, &err), &err);
    return out;
}

void fixture_prepare(struct fixture *f)
{
    fixture_give(f, false, 2, copy(f->roster), copy(f->task));
    assert_int_equal(fixture_num_tasks(f), 1);
    fixture_give(f, true, 2, fixture_key_sheet(f, 0), fixture_key_sheet(f, 1));
}

void fixture_set_vector(struct fixture *f, uint64_t numerator, uint64_t complement)
{
    uint64_t vector[FIXTURE_SLOTS] = {numerator, complement, 1, 0};
    struct store_txn *txn = begin(f);
    struct err err = {0};

    must(agent_set_vector(f->agent, txn, 0, vector, f->now_ms, &err), &err);
    commit(txn);
}

void fixture_approve(struct fixture *f, const char *by)
{
    struct store_txn *txn = begin(f);
    struct err err = {0};

    must(agent_approve(f->agent, txn, 0, by, f->now_ms, &err), &err);
    commit(txn);
}

void fixture_approve_standing(struct fixture *f, size_t index)
{
    struct store_txn *txn = begin(f);
    struct err err = {0};

    must(agent_approve_standing(f->agent, txn, index, "director", f->now_ms, &err), &err);
    commit(txn);
}

struct agent_status fixture_status(struct fixture *f)
{
    struct store_txn *txn = begin(f);
    struct agent_status status;
    struct err err = {0};

    must(agent_status(f->agent, txn, 0, f->now_ms, &status, &err), &err);
    store_abort(&txn);
    return status;
}

size_t fixture_num_tasks(struct fixture *f)
{
    struct store_txn *txn = begin(f);
    size_t num = agent_num_tasks(f->agent);

    store_abort(&txn);
    return num;
}
