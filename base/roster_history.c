/* roster_history.c - one chain of rosters: taken in, looked up, asked who signed. */
#include "base/roster_history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"

void roster_history_clear(struct roster_history *history)
{
    for (size_t i = 0; i < history->num; i++) {
        roster_free(&history->rosters[i]);
    }
    free(history->rosters);
    *history = (struct roster_history){.pinned = history->pinned};
}

const struct roster *roster_history_newest(const struct roster_history *history)
{
    return history->num == 0 ? NULL : history->rosters[history->num - 1];
}

const struct roster *roster_history_version(const struct roster_history *history, uint32_t version)
{
    uint32_t first = history->num == 0 ? 0 : history->rosters[0]->wire->version;

    return history->num == 0 || version < first || version - first >= history->num
               ? NULL
               : history->rosters[version - first];
}

static bool is_held(const struct roster_history *history, const struct roster *roster)
{
    const struct roster *held = roster_history_version(history, roster->wire->version);

    return held != NULL && memcmp(held->digest, roster->digest, DIGEST_SIZE) == 0;
}

int roster_history_check(const struct roster_history *history, const Weft__V1__Document *document,
                         struct err *err)
{
    const struct roster *newest = roster_history_newest(history);
    struct roster *roster = NULL;
    int rc;

    if ((rc = roster_open(&roster, document, newest == NULL ? &history->pinned : NULL, 0, err)) != 0) {
        return rc;
    }
    if (newest == NULL) {
        struct roster_roots own = roster_own_roots(roster);
        rc = roster_check_root_signatures(&own, document, err);
    } else if (!is_held(history, roster)) {
        rc = roster_check_succession(newest, roster, document, err);
    }
    roster_free(&roster);
    return rc;
}

int roster_history_add(struct roster_history *history, const Weft__V1__Document *document, struct err *err)
{
    const struct roster *newest = roster_history_newest(history);
    struct roster **grown, *roster = NULL;
    int rc;

    if ((rc = roster_open(&roster, document, NULL, 0, err)) != 0 ||
        (newest != NULL && (rc = roster_check_succession(newest, roster, document, err)) != 0)) {
        goto done;
    }
    if ((grown = realloc(history->rosters, (history->num + 1) * sizeof(struct roster *))) == NULL) {
        rc = err_set(err, ERR_NO_MEMORY, "roster");
        goto done;
    }
    history->rosters = grown;
    grown[history->num++] = roster;
    roster = NULL;
    history->is_anchored |= roster_check_root_signatures(&history->pinned, document, NULL) == 0;
done:
    roster_free(&roster);
    return rc;
}

int roster_history_verify(const struct roster_history *history, struct err *err)
{
    return history->num == 0 || history->is_anchored
               ? 0
               : err_set(err, ERR_ROSTER_SIGNATURE,
                         "none of the %zu rosters held is signed by the pinned roots", history->num);
}

static int find_pinned(const struct roster **roster, const struct roster_history *history,
                       const Weft__V1__Task *task, struct err *err)
{
    const struct roster *newest = roster_history_newest(history);
    const struct roster *held = roster_history_version(history, task->roster_version);

    if (held == NULL && newest != NULL && task->roster_version < newest->wire->version) {
        return err_set(err, ERR_TASK_TOO_OLD, "task needs roster version %" PRIu32, task->roster_version);
    }
    if (held == NULL) {
        return err_set(err, ERR_PREDECESSOR_MISSING, "task needs roster version %" PRIu32,
                       task->roster_version);
    }
    *roster = held;
    return 0;
}

int roster_history_pinned_by(const struct roster **roster, const struct roster_history *history,
                             const Weft__V1__Document *document, struct err *err)
{
    const struct roster *newest = roster_history_newest(history), *held = NULL;
    Weft__V1__Task *task = NULL;
    struct roster_roots roots;
    int rc;

    if ((rc = document_body((ProtobufCMessage **)&task, document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK,
                            err)) != 0) {
        return rc;
    }
    if ((rc = find_pinned(&held, history, task, err)) == 0) {
        roots = roster_own_roots(newest);
        rc = held == newest ? 0 : roster_check_root_signatures(&roots, document, err);
    }
    wire_free(&task);
    if (rc == 0) {
        *roster = held;
    }
    return rc;
}

bool roster_history_has_signed(const struct roster_history *history, uint32_t version,
                               const Weft__V1__Document *document)
{
    for (size_t i = 0; i < history->num; i++) {
        struct roster_roots roots = roster_own_roots(history->rosters[i]);
        if (history->rosters[i]->wire->version >= version &&
            roster_check_root_signatures(&roots, document, NULL) == 0) {
            return true;
        }
    }
    return false;
}
