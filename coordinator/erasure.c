/* erasure.c - the end of a task: its key and all shares destroyed, and a signed receipt of that.
 *
 * Destroyed are the task's HPKE key, the sealed reports, output shares, sums, received shares and opened totals; all in
 * the transaction that also stores the signed document, so either all of it happened or none. Public documents,
 * receipts and the reports' headers stay: who reported when is no secret. The database
 * re-uses the pages that held the rest; until then they hold what only the at-rest key opens. */
#include "coordinator/core_internal.h"

#include "crypto/secret.h"

bool erasure_is_due(const struct core_task *task, int64_t now_ms)
{
    return task->view->voided.document != NULL || now_ms >= view_times(task->view).retention_ms ||
           (task->self != NONE && task->view->erasures[task->self].document != NULL);
}

static int sign_erasure(struct core_round *round, struct core_task *task, const struct db_erased *erased,
                        struct err *err)
{
    struct core *core = round->core;
    Weft__V1__Erasure body = WEFT__V1__ERASURE__INIT;
    Weft__V1__Document *document = NULL;
    bool is_new;
    int rc;

    body.task_id = core_bytes(task->task->id, TASK_ID_SIZE);
    body.party = core->id;
    body.time_ms = round->now_ms;
    body.keys = erased->keys;
    body.reports = erased->reports;
    body.shares = erased->shares;
    if ((rc = document_new(&document, DOC(ERASURE), &body.base, err)) == 0 &&
        (rc = document_sign(&document, core->id, core->options.sign_key, err)) == 0) {
        rc = exchange_take(core, &round->db, document, &is_new, err);
    }
    document_free(&document);
    return rc;
}

int erasure_step(struct core_round *round, struct core_task *task, struct err *err)
{
    struct db nested = round->db;
    struct core_round inner = *round;
    struct db_erased erased;
    int rc;

    if (task->view->erasures[task->self].document != NULL) {
        return 0;
    }
    if ((rc = store_begin_nested(round->db.txn, &nested.txn, err)) != 0) {
        return rc;
    }
    inner.db = nested;
    if ((rc = db_erase_task(&nested, task->task->id, &erased, err)) != 0 ||
        (rc = sign_erasure(&inner, task, &erased, err)) != 0) {
        store_abort(&nested.txn);
        task->view_number = UINT64_MAX; /* the view may hold what the store does not: build it anew */
        return rc;
    }
    if ((rc = store_commit(&nested.txn, err)) != 0) {
        return rc;
    }
    secret_wipe(task->hpke_key, sizeof task->hpke_key);
    task->has_hpke_key = false;
    task->num_waiting = 0;
    log_info("task over: its key and shares are destroyed", LOG_TEXT("task", task->task->hex),
             LOG_UINT("reports", erased.reports), LOG_UINT("shares", erased.shares));
    return 0;
}
