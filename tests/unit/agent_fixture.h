/* agent_fixture.h - one hospital's agent over a scratch store, and a leader made by hand: two roots, one area
 * with leader and helper, three hospitals, a task of one proportion. */
#ifndef TESTS_UNIT_AGENT_FIXTURE_H
#define TESTS_UNIT_AGENT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/wire.h"
#include "node/agent.h"
#include "node/state.h"
#include "tests/unit/scratch.h"

#define DOC(name)       WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name
#define FIXTURE_SITE    "h2"
#define FIXTURE_NOW     INT64_C(1700000000000)
#define FIXTURE_POLL    1000
#define FIXTURE_SLOTS   4
#define FIXTURE_MAXIMUM 100

enum signer { LEADER_SIDE, HELPER_SIDE, BOTH_SIDES, NO_SIDE };

struct fixture {
    struct scratch scratch;
    struct store *store;
    struct agent *agent;
    int64_t now_ms;
    uint8_t root_keys[2][KEY_SIZE], root_public[2][KEY_SIZE];
    Weft__V1__Root roots[2];
    const Weft__V1__Root *root_list[2];
    uint8_t coordinator_sign[2][KEY_SIZE], coordinator_static[2][KEY_SIZE], hpke_public[2][KEY_SIZE];
    uint8_t site_sign[KEY_SIZE];
    uint8_t roster_digest[DIGEST_SIZE]; /* of the roster made last: what the next one follows */
    Weft__V1__Document *roster, *task;  /* version 1 of "weft v1", and the task that pins it */
    uint8_t task_id[TASK_ID_SIZE];
    uint8_t incarnation[STORE_INCARNATION_SIZE];
    uint64_t number; /* of the last document given */
    int num_logged;  /* commitments */
};

int fixture_begin(void **state);
int fixture_end(void **state);

/* ---- documents ---- */

/* Signed by the roots of `sides`. The caller frees. */
Weft__V1__Document *fixture_roster(struct fixture *f, const char *context, uint32_t version,
                                   int64_t expires_ms, enum signer sides);
/* A task for this roster; the name makes it another one. Those whose names begin with "first" count the same time. */
Weft__V1__Document *fixture_task(struct fixture *f, const Weft__V1__Document *roster, const char *name,
                                 enum signer sides);
Weft__V1__Document *fixture_key_sheet(struct fixture *f, int coordinator);
Weft__V1__Document *fixture_receipt(struct fixture *f, const Weft__V1__SubmitRequest *request,
                                    Weft__V1__ReportState report_state, uint32_t revision, enum signer sides);
/* A freeze that holds `request` (or nothing). */
Weft__V1__Document *fixture_freeze(struct fixture *f, const Weft__V1__SubmitRequest *request);

/* ---- events; each in its own transaction ---- */

/* Ask the agent what is due; at most one call of `method`, or NULL. Calls of the other kind are answered with
 * nothing new. The caller ends it. */
struct agent_call *fixture_due(struct fixture *f, enum agent_method method);
/* Give documents (each freed) to the pull of global documents, or of the task. */
void fixture_give(struct fixture *f, bool of_task, size_t num, ...);
/* Answer a submit call and free it. The receipt (may be NULL) is freed. */
void fixture_reply(struct fixture *f, struct agent_call **call, Weft__V1__ReportState reply_state,
                   Weft__V1__Document *receipt);
/* Answer a question for what the leader holds: `report` (NULL: nothing), with its receipt, which is freed. */
void fixture_tell(struct fixture *f, struct agent_call **call, Weft__V1__Document *report,
                  Weft__V1__ReportState report_state, Weft__V1__Document *receipt);
void fixture_fail(struct fixture *f, struct agent_call **call, int code);
void fixture_call_free(struct agent_call **call);

/* Roster, task and both key sheets have come. */
void fixture_prepare(struct fixture *f);
/* {numerator, complement, 1, missing} */
void fixture_set_vector(struct fixture *f, uint64_t numerator, uint64_t complement);
void fixture_approve(struct fixture *f, const char *by);
void fixture_approve_standing(struct fixture *f, size_t index);
struct agent_status fixture_status(struct fixture *f);
size_t fixture_num_tasks(struct fixture *f);
/* Close and open the store and make the agent anew. */
void fixture_restart(struct fixture *f);

static inline const Weft__V1__SubmitRequest *fixture_request(const struct agent_call *call)
{
    return (const Weft__V1__SubmitRequest *)call->request;
}

#endif
