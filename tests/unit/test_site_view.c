/* test_site_view.c - a site cannot recompute the suppression pattern, but everything that rests on it is
 * checked: releases show what the pattern shows, and their totals are the sums of both published shares. */
#include <stdlib.h>
#include <string.h>

#include "node/site_view.h"
#include "tests/unit/agent_fixture.h"

#define NUM_CELLS 2 /* numerator and complement together; missing */

struct net {
    struct fixture *f;
    struct roster *roster;
    struct task *task;
    struct view *view;
};

static ProtobufCBinaryData bytes(const void *data, size_t len)
{
    return (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)data};
}

static Weft__V1__Document *signed_document(struct net *net, Weft__V1__DocumentType type,
                                           const ProtobufCMessage *body, enum signer sides)
{
    static const char *const names[] = {"lead", "help"};
    Weft__V1__Document *document = NULL;
    struct err err = {0};

    assert_int_equal(document_new(&document, type, body, &err), 0);
    assert_int_equal(view_stamp(net->view, &document, 0, &err), 0);
    for (int i = 0; i < 2; i++) {
        if (sides == BOTH_SIDES || (int)sides == i) {
            assert_int_equal(document_sign(&document, names[i], net->f->coordinator_sign[i], &err), 0);
        }
    }
    return document;
}

static int add(struct net *net, Weft__V1__Document *document)
{
    struct err err = {0};
    int rc = site_view_add(net->view, document, &err);

    document_free(&document);
    return rc;
}

/* ---- up to the plan: as the coordinators make it ---- */

static Weft__V1__Document *freeze(struct net *net)
{
    static const char *const ids[] = {"h1", "h2", "h3"};
    Weft__V1__Freeze body = WEFT__V1__FREEZE__INIT;
    Weft__V1__FrozenReport reports[3], *list[3];
    uint8_t any[DIGEST_SIZE] = {1};

    for (int i = 0; i < 3; i++) {
        weft__v1__frozen_report__init(&reports[i]);
        reports[i].site = (char *)(uintptr_t)ids[i];
        reports[i].revision = 1;
        reports[i].report_id = bytes(any, PRIO3_NONCE_SIZE);
        reports[i].report_digest = bytes(any, DIGEST_SIZE);
        list[i] = &reports[i];
    }
    body.task_id = bytes(net->f->task_id, TASK_ID_SIZE);
    body.area = (char *)(uintptr_t) "99";
    body.roster_version = 1;
    body.reports = list;
    body.n_reports = 3;
    return signed_document(net, DOC(FREEZE), &body.base, BOTH_SIDES);
}

/* Two shares of totals: the second is all zero. */
static void put_share(uint8_t *share, const uint64_t *totals, size_t num)
{
    for (size_t i = 0; i < 8 * num; i++) {
        share[i] = (uint8_t)(totals[i / 8] >> (8 * (i % 8)));
    }
}

static Weft__V1__Document *contributes(struct net *net)
{
    Weft__V1__Contributes body = WEFT__V1__CONTRIBUTES__INIT;
    uint64_t counts[] = {3};
    uint8_t leader[8], helper[8] = {0};

    put_share(leader, counts, 1);
    body.task_id = bytes(net->f->task_id, TASK_ID_SIZE);
    body.area = (char *)(uintptr_t) "99";
    body.order_digest = bytes(net->view->order.digest, DIGEST_SIZE);
    body.counts = counts;
    body.n_counts = 1;
    body.leader_share = bytes(leader, 8);
    body.helper_share = bytes(helper, 8);
    return signed_document(net, DOC(CONTRIBUTES), &body.base, BOTH_SIDES);
}

static int add_built(struct net *net, Weft__V1__DocumentType type)
{
    Weft__V1__Document *document = NULL;
    struct err err = {0};

    assert_int_equal(view_build(net->view, type, net->view->roster->top, false, &document, &err), 0);
    assert_int_equal(view_stamp(net->view, &document, 0, &err), 0);
    assert_int_equal(document_sign(&document, "lead", net->f->coordinator_sign[0], &err), 0);
    assert_int_equal(document_sign(&document, "help", net->f->coordinator_sign[1], &err), 0);
    return add(net, document);
}

static int begin(void **state)
{
    struct net *net = calloc(1, sizeof *net);
    struct err err = {0};
    void *f;

    fixture_begin(&f);
    net->f = f;
    assert_int_equal(
        roster_open(&net->roster, net->f->roster, &(struct roster_roots){net->f->root_list, 2}, 0, &err), 0);
    assert_int_equal(task_open(&net->task, net->f->task, net->roster, &err), 0);
    assert_int_equal(net->task->num_cells, NUM_CELLS);
    assert_int_equal(view_new(&net->view, net->task->roster, net->task, &err), 0);
    assert_int_equal(add(net, freeze(net)), 0);
    assert_int_equal(add_built(net, DOC(ORDER)), 0);
    assert_int_equal(add(net, contributes(net)), 0);
    *state = net;
    return 0;
}

static int end(void **state)
{
    struct net *net = *state;
    void *f = net->f;

    view_free(&net->view);
    task_free(&net->task);
    roster_free(&net->roster);
    free(net);
    return fixture_end(&f);
}

/* ---- pattern and release ---- */

struct pattern_parts {
    const char *area;
    uint8_t suppressed[NUM_CELLS];
    size_t num_suppressed, num_areas;
    bool other_plan;
    enum signer sides;
};

static Weft__V1__Document *pattern(struct net *net, struct pattern_parts parts)
{
    Weft__V1__Pattern body = WEFT__V1__PATTERN__INIT;
    Weft__V1__AreaDigest states = WEFT__V1__AREA_DIGEST__INIT, *states_list[] = {&states};
    Weft__V1__AreaPattern area = WEFT__V1__AREA_PATTERN__INIT, *list[] = {&area, &area};
    uint8_t unseen[DIGEST_SIZE] = {9};

    states.area = (char *)(uintptr_t) "99"; /* which a site never sees */
    states.digest = bytes(unseen, DIGEST_SIZE);
    area.area = (char *)(uintptr_t)parts.area;
    area.suppressed = bytes(parts.suppressed, parts.num_suppressed);
    body.task_id = bytes(net->f->task_id, TASK_ID_SIZE);
    body.plan_digest = bytes(parts.other_plan ? unseen : net->view->plan.digest, DIGEST_SIZE);
    body.states = states_list;
    body.n_states = 1;
    body.areas = list;
    body.n_areas = parts.num_areas;
    return signed_document(net, DOC(PATTERN), &body.base, parts.sides);
}

static const struct pattern_parts good = {"99", {0, 1}, NUM_CELLS, 1, false, BOTH_SIDES};

/* Shows the slots given; `off` is added to the first total but not to the shares. */
static Weft__V1__Document *release(struct net *net, size_t num, const uint32_t *slots, uint64_t off)
{
    Weft__V1__Release body = WEFT__V1__RELEASE__INIT;
    Weft__V1__SlotTotal totals[FIXTURE_SLOTS], *list[FIXTURE_SLOTS];
    uint64_t values[FIXTURE_SLOTS] = {20, 30, 0, 0};
    uint8_t leader[8 * FIXTURE_SLOTS] = {0}, helper[8 * FIXTURE_SLOTS] = {0};

    put_share(leader, values, num);
    for (size_t i = 0; i < num; i++) {
        weft__v1__slot_total__init(&totals[i]);
        totals[i].slot = slots[i];
        totals[i].total = values[i] + (i == 0 ? off : 0);
        list[i] = &totals[i];
    }
    body.task_id = bytes(net->f->task_id, TASK_ID_SIZE);
    body.area = (char *)(uintptr_t) "99";
    body.pattern_digest = bytes(net->view->pattern.digest, DIGEST_SIZE);
    body.sites_expected = body.sites = 3;
    body.slots = list;
    body.n_slots = num;
    body.leader_share = bytes(leader, 8 * num);
    body.helper_share = bytes(helper, 8 * num);
    return signed_document(net, DOC(RELEASE), &body.base, BOTH_SIDES);
}

static void test_site_view__takes_a_pattern_without_the_states(void **state)
{
    struct net *net = *state;

    assert_int_equal(add(net, pattern(net, good)), ERR_PREDECESSOR_MISSING); /* no plan yet */
    assert_int_equal(add_built(net, DOC(PLAN)), 0);
    assert_int_equal(add(net, pattern(net, good)), 0);
    assert_int_equal(add(net, pattern(net, good)), 0); /* again */
    assert_int_equal(net->view->suppressed[0], 0);
    assert_int_equal(net->view->suppressed[1], 1);
}

static void test_site_view__refuses_a_pattern_that_does_not_fit(void **state)
{
    struct net *net = *state;
    struct pattern_parts bad;

    assert_int_equal(add_built(net, DOC(PLAN)), 0);
    bad = good;
    bad.sides = LEADER_SIDE;
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_SIGNATURE);
    bad.sides = HELPER_SIDE;
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_SIGNATURE);
    bad = good;
    bad.other_plan = true;
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_MALFORMED);
    bad = good;
    bad.area = "98";
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_MALFORMED);
    bad = good;
    bad.num_areas = 0;
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_MALFORMED);
    bad.num_areas = 2;
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_MALFORMED);
    bad = good;
    bad.num_suppressed = NUM_CELLS - 1;
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_MALFORMED);
    bad = good;
    bad.suppressed[0] = 2;
    assert_int_equal(add(net, pattern(net, bad)), ERR_DOCUMENT_MALFORMED);
    assert_null(net->view->pattern.document);
}

static void test_site_view__refuses_a_second_other_pattern(void **state)
{
    struct net *net = *state;
    struct pattern_parts other = good;

    assert_int_equal(add_built(net, DOC(PLAN)), 0);
    assert_int_equal(add(net, pattern(net, good)), 0);
    other.suppressed[1] = 0;
    assert_int_equal(add(net, pattern(net, other)), ERR_DOCUMENT_CONFLICT);
    assert_int_equal(net->view->suppressed[1], 1);
}

static void test_site_view__checks_releases_by_the_pattern_and_the_shares(void **state)
{
    static const uint32_t shown[] = {0, 1}, with_suppressed[] = {0, 1, 3}, fewer[] = {0};
    struct net *net = *state;

    assert_int_equal(add_built(net, DOC(PLAN)), 0);
    assert_int_equal(add(net, release(net, 2, shown, 0)), ERR_PREDECESSOR_MISSING);
    assert_int_equal(add(net, pattern(net, good)), 0);
    assert_int_equal(add(net, release(net, 3, with_suppressed, 0)), ERR_RELEASE_DIFFERS);
    assert_int_equal(add(net, release(net, 1, fewer, 0)), ERR_RELEASE_DIFFERS);
    assert_int_equal(add(net, release(net, 2, shown, 1)), ERR_RELEASE_DIFFERS);
    assert_int_equal(add(net, release(net, 2, shown, 0)), 0);
    assert_non_null(net->view->releases[0].document);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_site_view__takes_a_pattern_without_the_states),
        TEST(test_site_view__refuses_a_pattern_that_does_not_fit),
        TEST(test_site_view__refuses_a_second_other_pattern),
        TEST(test_site_view__checks_releases_by_the_pattern_and_the_shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
