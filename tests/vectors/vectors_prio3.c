/* vectors_prio3.c - replay a VDAF test vector: each entry of `operations` is executed with messages from the
 * file and must succeed or fail as stated, and what it makes must equal the file byte for byte
 * (draft-irtf-cfrg-vdaf-20, appendix "Test Vectors"). */
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/prio3.h"

#define MAX_REPORTS 64

/* One file being replayed. */
struct run {
    struct outcome *outcome;
    const json_t *root, *reports;
    struct prio3 *prio3;
    uint64_t *maxima;
    struct blob ctx, verify_key;
    struct prio3_state *states[MAX_REPORTS][PRIO3_SHARES];
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static size_t size_of(const json_t *object, const char *key)
{
    return (size_t)json_integer_value(json_object_get(object, key));
}

/* The file's name tells the type; the longer names come first. False: not known here. */
static bool algorithm_of(enum prio3_algorithm *algorithm, const char *name, const json_t *root)
{
    if (starts_with(name, "Prio3MixedSumVec")) {
        bool small = strcmp(text_of(root, "field"), "Field64") == 0;
        *algorithm = small ? PRIO3_MIXED_SUMVEC_64 : PRIO3_MIXED_SUMVEC_128;
        return true;
    }
    if (starts_with(name, "Prio3SumVecWithMultiproof")) {
        *algorithm = PRIO3_SUMVEC_MULTIPROOF;
        return true;
    }
    *algorithm = PRIO3_SUMVEC;
    return starts_with(name, "Prio3SumVec");
}

static bool make_instance(struct run *run, enum prio3_algorithm algorithm)
{
    const json_t *maxima = json_object_get(run->root, "maxima");
    size_t num = maxima != NULL ? json_array_size(maxima) : size_of(run->root, "length");

    run->maxima = calloc(num, sizeof *run->maxima);
    for (size_t i = 0; i < num; i++) {
        run->maxima[i] = maxima != NULL ? (uint64_t)json_integer_value(json_array_get(maxima, i))
                                        : size_of(run->root, "max_measurement");
    }
    struct prio3_parameters parameters = {algorithm, size_of(run->root, "chunk_length"), num, run->maxima};
    enum prio3_result result = prio3_new(&run->prio3, &parameters);
    return result == PRIO3_OK || fail(run->outcome, "prio3_new: %s", prio3_result_text(result));
}

/* Compare with the hexadecimal string `expected`. */
static bool same(struct run *run, const char *what, size_t report, const json_t *expected,
                 const uint8_t *data, size_t len)
{
    struct blob blob = blob_from(expected);
    bool equal = blob_equals(&blob, data, len);

    free(blob.data);
    run->outcome->checked++;
    return equal || fail(run->outcome, "report %zu: %s differs", report, what);
}

/* Whether the result is the one that the operation states. */
static bool as_stated(struct run *run, const json_t *operation, enum prio3_result result)
{
    bool success = json_is_true(json_object_get(operation, "success"));

    run->outcome->checked++;
    if ((result == PRIO3_OK) != success || result == PRIO3_NO_MEMORY || result == PRIO3_BAD_LENGTH) {
        return fail(run->outcome, "%s of report %zu: %s", text_of(operation, "operation"),
                    size_of(operation, "report_index"), prio3_result_text(result));
    }
    return true;
}

static const json_t *report_of(const struct run *run, const json_t *operation)
{
    return json_array_get(run->reports, size_of(operation, "report_index"));
}

static const json_t *item(const json_t *object, const char *key, size_t index)
{
    return json_array_get(json_object_get(object, key), index);
}

static void shard(struct run *run, const json_t *operation)
{
    const struct prio3_sizes *sizes = prio3_sizes(run->prio3);
    const json_t *report = report_of(run, operation), *values = json_object_get(report, "measurement");
    size_t num = json_array_size(values), index = size_of(operation, "report_index");
    struct blob nonce = blob_of(report, "nonce"), rand = blob_of(report, "rand");
    uint8_t *shares[PRIO3_SHARES] = {malloc(sizes->input_share[0]), malloc(sizes->input_share[1])};
    uint8_t *public_share = malloc(sizes->public_share);
    uint64_t *measurement = calloc(num, sizeof *measurement);

    for (size_t i = 0; i < num; i++) {
        measurement[i] = (uint64_t)json_integer_value(json_array_get(values, i));
    }
    enum prio3_result result = prio3_shard(run->prio3, public_share, shares, measurement, run->ctx.data,
                                           run->ctx.len, nonce.data, rand.data, rand.len);
    if (as_stated(run, operation, result) && result == PRIO3_OK) {
        same(run, "public share", index, json_object_get(report, "public_share"), public_share,
             sizes->public_share);
        for (size_t i = 0; i < PRIO3_SHARES; i++) {
            same(run, "input share", index, item(report, "input_shares", i), shares[i],
                 sizes->input_share[i]);
        }
    }
    free(nonce.data);
    free(rand.data);
    free(shares[0]);
    free(shares[1]);
    free(public_share);
    free(measurement);
}

static void verify_init(struct run *run, const json_t *operation)
{
    const struct prio3_sizes *sizes = prio3_sizes(run->prio3);
    const json_t *report = report_of(run, operation);
    size_t index = size_of(operation, "report_index"), id = size_of(operation, "aggregator_id");
    struct blob nonce = blob_of(report, "nonce"), public_share = blob_of(report, "public_share");
    struct blob input_share = blob_from(item(report, "input_shares", id));
    uint8_t *verifier_share = malloc(sizes->verifier_share);

    enum prio3_result result =
        prio3_verify_init(run->prio3, &run->states[index][id], verifier_share, run->verify_key.data,
                          run->ctx.data, run->ctx.len, (unsigned)id, nonce.data, public_share.data,
                          public_share.len, input_share.data, input_share.len);
    if (as_stated(run, operation, result) && result == PRIO3_OK) {
        const json_t *round = item(report, "verifier_shares", 0);
        same(run, "verifier share", index, json_array_get(round, id), verifier_share, sizes->verifier_share);
    }
    free(nonce.data);
    free(public_share.data);
    free(input_share.data);
    free(verifier_share);
}

static void combine(struct run *run, const json_t *operation)
{
    const json_t *report = report_of(run, operation), *round = item(report, "verifier_shares", 0);
    struct blob leader = blob_from(json_array_get(round, 0)), helper = blob_from(json_array_get(round, 1));
    const uint8_t *const shares[PRIO3_SHARES] = {leader.data, helper.data};
    const size_t lens[PRIO3_SHARES] = {leader.len, helper.len};
    uint8_t message[PRIO3_MESSAGE_SIZE];

    enum prio3_result result =
        prio3_verifier_shares_to_message(run->prio3, message, run->ctx.data, run->ctx.len, shares, lens);
    if (as_stated(run, operation, result) && result == PRIO3_OK) {
        same(run, "verifier message", size_of(operation, "report_index"),
             item(report, "verifier_messages", 0), message, sizeof message);
    }
    free(leader.data);
    free(helper.data);
}

static void verify_next(struct run *run, const json_t *operation)
{
    const struct prio3_sizes *sizes = prio3_sizes(run->prio3);
    const json_t *report = report_of(run, operation);
    size_t index = size_of(operation, "report_index"), id = size_of(operation, "aggregator_id");
    struct blob message = blob_from(item(report, "verifier_messages", 0));
    uint8_t *out_share = malloc(sizes->out_share);

    if (run->states[index][id] == NULL) {
        fail(run->outcome, "report %zu: no state", index);
    } else {
        enum prio3_result result =
            prio3_verify_next(run->prio3, out_share, run->states[index][id], message.data, message.len);
        if (as_stated(run, operation, result) && result == PRIO3_OK) {
            same(run, "output share", index, item(report, "out_shares", id), out_share, sizes->out_share);
        }
    }
    free(message.data);
    free(out_share);
}

static void aggregate(struct run *run, const json_t *operation)
{
    const struct prio3_sizes *sizes = prio3_sizes(run->prio3);
    size_t id = size_of(operation, "aggregator_id");
    uint8_t *sum = calloc(1, sizes->out_share);

    for (size_t i = 0; i < json_array_size(run->reports); i++) {
        struct blob share = blob_from(item(json_array_get(run->reports, i), "out_shares", id));
        enum prio3_result result =
            prio3_accumulate(run->prio3, sum, share.data, prio3_num_elements(run->prio3));
        if (share.len != sizes->out_share || result != PRIO3_OK) {
            fail(run->outcome, "aggregate: %s", prio3_result_text(result));
        }
        free(share.data);
    }
    same(run, "aggregate share", 0, item(run->root, "agg_shares", id), sum, sizes->out_share);
    free(sum);
}

static void unshard(struct run *run, const json_t *operation)
{
    struct blob leader = blob_from(item(run->root, "agg_shares", 0));
    struct blob helper = blob_from(item(run->root, "agg_shares", 1));
    const uint8_t *const shares[PRIO3_SHARES] = {leader.data, helper.data};
    size_t num = prio3_num_elements(run->prio3);
    uint64_t *totals = calloc(num, sizeof *totals), *limits = calloc(num, sizeof *limits);

    for (size_t i = 0; i < num; i++) {
        limits[i] = run->maxima[i] * json_array_size(run->reports);
    }
    enum prio3_result result = prio3_unshard(run->prio3, totals, shares, num, limits);
    if (as_stated(run, operation, result) && result == PRIO3_OK) {
        for (size_t i = 0; i < num; i++) {
            run->outcome->checked++;
            if (totals[i] != (uint64_t)json_integer_value(item(run->root, "agg_result", i))) {
                fail(run->outcome, "total %zu differs", i);
            }
        }
    }
    free(leader.data);
    free(helper.data);
    free(totals);
    free(limits);
}

static void execute(struct run *run, const json_t *operation)
{
    const struct {
        const char *name;
        void (*execute)(struct run *run, const json_t *operation);
    } known[] = {
        {"shard", shard},
        {"verify_init", verify_init},
        {"verifier_shares_to_message", combine},
        {"verify_next", verify_next},
        {"aggregate", aggregate},
        {"unshard", unshard},
    };
    const char *name = text_of(operation, "operation");

    if (size_of(operation, "report_index") >= json_array_size(run->reports) ||
        size_of(operation, "aggregator_id") >= PRIO3_SHARES) {
        fail(run->outcome, "no such report or aggregator");
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i].name) == 0) {
            known[i].execute(run, operation);
            return;
        }
    }
    fail(run->outcome, "unknown operation %s", name);
}

void replay_prio3(struct outcome *outcome, const char *name, const json_t *root)
{
    struct run run = {.outcome = outcome, .root = root, .reports = json_object_get(root, "reports")};
    const json_t *operations = json_object_get(root, "operations");
    enum prio3_algorithm algorithm;

    if (!algorithm_of(&algorithm, name, root) || size_of(root, "shares") != PRIO3_SHARES) {
        outcome->unknown = true;
        snprintf(outcome->reason, sizeof outcome->reason, "%s",
                 algorithm_of(&algorithm, name, root) ? "not two shares" : "type not known here");
        return;
    }
    run.ctx = blob_of(root, "ctx");
    run.verify_key = blob_of(root, "verify_key");
    if (run.verify_key.len != PRIO3_VERIFY_KEY_SIZE || json_array_size(run.reports) > MAX_REPORTS) {
        fail(outcome, "verify key or number of reports");
    } else if (make_instance(&run, algorithm)) {
        for (size_t i = 0; i < json_array_size(operations); i++) {
            execute(&run, json_array_get(operations, i));
        }
    }
    for (size_t i = 0; i < MAX_REPORTS; i++) {
        prio3_state_free(&run.states[i][0]);
        prio3_state_free(&run.states[i][1]);
    }
    prio3_free(&run.prio3);
    free(run.maxima);
    free(run.ctx.data);
    free(run.verify_key.data);
}
