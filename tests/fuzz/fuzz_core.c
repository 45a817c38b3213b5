/* fuzz_core.c - whatever bytes a peer sends as a request: nothing breaks, and nothing is kept of what is refused.
 *
 * Input: one byte that chooses the caller and method (see `doors`), then the packed request. The province is drawn
 * once, up to known keys; every input meets the same state. */
#include <stdlib.h>

#include "base/wire.h"
#include "tests/cluster/cluster.h"

static const struct {
    const char *receiver, *peer;
    enum core_method method;
    const ProtobufCMessageDescriptor *type;
} doors[] = {
    {"lead-990101", "h0000.test", CORE_GET_DOCUMENTS, &weft__v1__get_documents_request__descriptor},
    {"lead-990101", "h0000.test", CORE_SUBMIT, &weft__v1__submit_request__descriptor},
    {"help-9901", "lead-990101.test", CORE_VERIFY, &weft__v1__verify_request__descriptor},
    {"help-9901", "lead-990101.test", CORE_CO_SIGN, &weft__v1__co_sign_request__descriptor},
    {"help-99", "lead-99.test", CORE_CO_SIGN, &weft__v1__co_sign_request__descriptor},
    {"help-99", "lead-99.test", CORE_PUT_DOCUMENTS, &weft__v1__put_documents_request__descriptor},
    {"lead-9901", "lead-990101.test", CORE_PUT_DOCUMENTS, &weft__v1__put_documents_request__descriptor},
    {"lead-9901", "lead-990101.test", CORE_PUT_SHARE, &weft__v1__put_share_request__descriptor},
};

static struct cluster cluster;

static void begin(void)
{
    static const struct cluster_shape shape = {
        .num_cities = 1, .counties_per_city = 1, .min_sites = 3, .max_sites = 3, .waits_for_close = true};
    static const struct cluster_faults no_faults = {.max_delay_ms = 20};

    cluster_start(&cluster, 1, &shape, &no_faults);
    cluster_run(&cluster, cluster_never, 10000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    ProtobufCMessage *request = NULL, *response = NULL;
    struct cluster_coordinator *c;
    struct store_txn *txn = NULL;
    struct err err = {0};
    size_t door;

    if (cluster.roster == NULL) {
        begin();
    }
    if (len == 0) {
        return 0;
    }
    door = data[0] % (sizeof doors / sizeof doors[0]);
    c = &cluster.coordinators[roster_find_coordinator(cluster.roster, doors[door].receiver)];
    if (wire_unpack(&request, doors[door].type, data + 1, len - 1, WIRE_LENIENT, &err) != 0) {
        return 0;
    }
    if (store_begin(c->store, &txn, true, &err) != 0) {
        abort();
    }
    if (core_serve(c->core, txn, doors[door].peer, doors[door].method, request, cluster.now_ms, &response,
                   &err) == 0) {
        wire_free(&response);
        core_forget(c->core); /* as after a commit that failed */
    }
    store_abort(&txn);
    wire_free(&request);
    return 0;
}
