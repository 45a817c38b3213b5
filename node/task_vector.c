/* task_vector.c - catalogue from the store, layout compared with the task, evaluation. */
#include "node/task_vector.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "crypto/secret.h"

static int load_catalogue(struct task_vector *out, struct agent *agent, struct store_txn *txn, size_t index,
                          struct err *err)
{
    const Weft__V1__Task *wire;
    Weft__V1__Document *document = NULL;
    int rc;

    if ((rc = agent_catalogue(agent, txn, index, &document, err)) != 0) {
        return rc;
    }
    wire = agent_task_at(agent, index)->task->wire;
    if (document == NULL) {
        return err_set(err, ERR_CATALOGUE_DIGEST, "the catalogue has not been received: version %s",
                       wire->catalogue_version);
    }
    if ((rc = catalogue_parse(&out->catalogue, "catalogue", document->body.data, document->body.len, err)) ==
            0 &&
        (rc = catalogue_layout(&out->layout, out->catalogue, err)) == 0 &&
        (memcmp(out->catalogue->digest, wire->catalogue_digest.data, DIGEST_SIZE) != 0 ||
         !catalogue_layout_equals(&out->layout, wire))) {
        rc = err_set(err, ERR_CATALOGUE_DIGEST, "the task counts other slots than catalogue %s version %s",
                     out->catalogue->id, out->catalogue->version);
    }
    document_free(&document);
    return rc;
}

int task_vector_make(struct task_vector *out, struct agent *agent, struct store_txn **txn,
                     struct store *store, size_t index, struct err *err)
{
    struct task_vector made = {0};
    struct tables *tables = NULL;
    const Weft__V1__Period *period;
    int rc;

    if ((rc = load_catalogue(&made, agent, *txn, index, err)) != 0) {
        goto done;
    }
    store_abort(txn);
    period = agent_task_at(agent, index)->task->wire->period;
    if ((rc = tables_open(&tables, store, err)) == 0 &&
        (rc = evaluate(&made.evaluation, made.catalogue, &made.layout, tables, period->start_ms,
                       period->end_ms, err)) == 0) {
        *out = made;
        made = (struct task_vector){0};
    }
    tables_close(&tables);
done:
    task_vector_clear(&made);
    return rc;
}

void task_vector_clear(struct task_vector *vector)
{
    if (vector->evaluation.values != NULL) {
        secret_wipe(vector->evaluation.values, vector->evaluation.num_values * sizeof(uint64_t));
    }
    evaluation_clear(&vector->evaluation);
    catalogue_layout_clear(&vector->layout);
    catalogue_free(&vector->catalogue);
}
