/* test_longer.c - several tasks of one family: none may overlap another, and longer periods are sums of shorter ones
 * that give nothing away beside them. */
#include "audit/contradictions.h"
#include "audit/pattern_context.h"
#include "tests/cluster/hostile.h"

static const struct cluster_shape three = {
    .num_cities = 1, .counties_per_city = 3, .min_sites = 3, .max_sites = 4};

static void settle(struct cluster *cluster)
{
    assert_true(cluster_run(cluster, cluster_is_released, 3600000));
    run_for(cluster, 2000);
}

static void publish_next(struct cluster *cluster, int64_t start_ms, int64_t end_ms)
{
    cluster_draw_next(cluster, start_ms, end_ms, NULL, 0);
    assert_int_equal(cluster_publish(cluster), 0);
}

/* ---- tasks that overlap ---- */

static int put_task(struct cluster *cluster, const char *receiver, const char *leader)
{
    Weft__V1__PutDocumentsRequest request = WEFT__V1__PUT_DOCUMENTS_REQUEST__INIT;

    request.version_min = request.version_max = PROTOCOL_VERSION;
    request.documents = &cluster->task_document;
    request.n_documents = 1;
    return call(cluster, receiver, cluster->roster->coordinators[coordinator(cluster, leader)].wire->tls_name,
                CORE_PUT_DOCUMENTS, &request.base);
}

/* A freeze without reports, as the leader of 990101 would sign it for the task now drawn. */
static int propose_freeze(struct cluster *cluster)
{
    Weft__V1__CoSignRequest request = WEFT__V1__CO_SIGN_REQUEST__INIT;
    int leader = coordinator(cluster, "lead-990101");
    Weft__V1__Freeze freeze = WEFT__V1__FREEZE__INIT;
    struct err err = {0};
    int rc;

    freeze.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster->task->id};
    freeze.area = (char *)(uintptr_t) "990101";
    freeze.roster_version = 1;
    freeze.time_ms = cluster->now_ms;
    request.version_min = request.version_max = PROTOCOL_VERSION;
    assert_int_equal(document_new(&request.document, DOC(FREEZE), &freeze.base, &err), 0);
    assert_int_equal(
        document_sign(&request.document, "lead-990101", cluster->coordinators[leader].sign_key, &err), 0);
    rc = call(cluster, "help-9901", cluster->roster->coordinators[leader].wire->tls_name, CORE_CO_SIGN,
              &request.base);
    document_free(&request.document);
    return rc;
}

/* The top leader does not let it in; a helper that is given it all the same has no part in it. */
static void test_overlap__a_second_task_over_the_same_time_gets_nowhere(void **state)
{
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 31, &three, &no_faults);
    settle(&cluster);
    cluster_draw_next(&cluster, 0, 2, NULL, 0);
    assert_int_equal(cluster_publish(&cluster), ERR_TASK_OVERLAPS);
    assert_null(cluster_top_view(&cluster));
    assert_int_equal(put_task(&cluster, "help-9901", "lead-990101"), 0);
    run_for(&cluster, 5000);
    assert_null(cluster_view(&cluster, coordinator(&cluster, "help-9901"))
                    ->key_sheets[coordinator(&cluster, "help-9901")]
                    .document);
    assert_int_equal(propose_freeze(&cluster), ERR_TASK_OVERLAPS);
    cluster_stop(&cluster);
}

/* Nothing was opened of it, so nothing can be subtracted. */
static void test_overlap__a_voided_task_gives_way_to_another_over_the_same_time(void **state)
{
    Weft__V1__Void body = WEFT__V1__VOID__INIT;
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 31, &three, &no_faults);
    cluster.sites[0].is_silent = true;
    assert_true(cluster_run(&cluster, all_have_receipts, 60000));
    body.task_id = (ProtobufCBinaryData){TASK_ID_SIZE, cluster.task->id};
    body.reason = (char *)(uintptr_t) "a bound was too small";
    assert_int_equal(publish_by_roots(&cluster, DOC(VOID), &body.base, 2), 0);
    run_for(&cluster, 5000);
    cluster.sites[0].is_silent = false;
    publish_next(&cluster, 0, 2);
    settle(&cluster);
    assert_null(cluster_top_view(&cluster)->voided.document);
    assert_released(&cluster, "990101");
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

/* ---- longer periods ---- */

/* The plain sum of a slot over the parts: what every site reported, month by month. */
static uint64_t sum_of_parts(const struct cluster *cluster, int area_index, int slot)
{
    const struct task *task = cluster->task;
    uint64_t sum = 0;

    for (size_t p = 0; p < cluster->num_past; p++) {
        for (size_t i = 0; i < task->wire->n_parts; i++) {
            if (memcmp(task->wire->parts[i].data, cluster->past[p]->id, TASK_ID_SIZE) != 0) {
                continue;
            }
            for (int s = 0; s < cluster->roster->num_sites; s++) {
                sum += roster_is_within(cluster->roster, cluster->roster->sites[s].area, area_index)
                           ? cluster->past_vectors[p][s][slot]
                           : 0;
            }
        }
    }
    return sum;
}

static size_t check_sums(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);
    size_t num_shown = 0;

    for (int a = 0; a < cluster->roster->num_areas; a++) {
        const Weft__V1__Release *release = (const Weft__V1__Release *)view->releases[a].body;
        for (size_t i = 0; release != NULL && i < release->n_slots; i++, num_shown++) {
            assert_int_equal(release->slots[i]->total,
                             sum_of_parts(cluster, a, (int)release->slots[i]->slot));
        }
        assert_true(release == NULL || release->sites == release->sites_expected);
    }
    assert_int_equal(contradictions_check(view, NULL), 0);
    return num_shown;
}

/* All that was published of the task and of what adds up with it, judged together: no small count has fewer than three
 * possible values. */
static void check_together(const struct cluster *cluster)
{
    const struct view *view = cluster_top_view(cluster);
    bool *all = malloc((size_t)view->roster->num_areas);
    struct pattern_context context = {0};
    struct pattern_layers layers = {0};
    struct pattern table = {0};
    struct pattern_layer own = {
        .view = view, .use_states = view->uses_states, .is_fixed = all, .suppressed = view->suppressed};
    struct suppress_table judged;
    struct err err = {0};

    memset(all, true, (size_t)view->roster->num_areas);
    assert_int_equal(pattern_context_held(&context, view, &err), 0);
    assert_true(context.num >= view->num_parts);
    assert_int_equal(pattern_add_layer(&table, &own, &err), 0);
    assert_int_equal(pattern_add_context(&table, &own, &context, &layers, &err), 0);
    for (size_t i = 0; i < table.num_table_cells; i++) {
        table.cells[i].fixed = false; /* ask of every cell anew */
    }
    for (size_t i = 0, next = 0; i < table.num_lines; i++) {
        table.lines[i].children = table.children + next;
        next += (size_t)table.lines[i].num_children;
    }
    judged = (struct suppress_table){.cells = table.cells,
                                     .num_cells = (int)table.num_table_cells,
                                     .lines = table.lines,
                                     .num_lines = (int)table.num_lines,
                                     .min_cell = view->task->wire->min_cell};
    assert_true(suppress_is_safe(&judged));
    pattern_clear(&table);
    pattern_layers_clear(&layers);
    pattern_context_clear(&context);
    free(all);
}

static void add_up(struct cluster *cluster, size_t first, size_t num, int64_t start_ms)
{
    const struct task *parts[CLUSTER_PAST_MAX + 1];

    for (size_t i = 0; i < num; i++) {
        size_t at = first + i;
        parts[i] = at == cluster->num_past ? cluster->task : cluster->past[at];
    }
    cluster_draw_next(cluster, start_ms, start_ms + (int64_t)num, parts, num);
}

/* Six months, both quarters, the half-year: each sum is exact, and all together give no small count away. */
static void test_longer__quarters_and_half_year_are_plain_sums(void **state)
{
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 41, &three, &no_faults);
    settle(&cluster);
    for (int month = 1; month < 6; month++) {
        publish_next(&cluster, month, month + 1);
        settle(&cluster);
    }
    for (size_t i = 0; i < 3; i++) {
        static const size_t first[] = {0, 3, 0}, num[] = {3, 3, 6};
        add_up(&cluster, first[i], num[i], (int64_t)first[i]);
        assert_int_equal(cluster_publish(&cluster), 0);
        settle(&cluster);
        assert_true(check_sums(&cluster) > 0);
        check_together(&cluster);
    }
    for (int i = 0; i < cluster.roster->num_coordinators; i++) {
        cluster_restart(&cluster, i); /* what is held can be loaded again, in whatever order it came */
    }
    settle(&cluster);
    cluster_stop(&cluster);
}

/* The year's quarter is published before its months are all there: it waits, and goes on. */
static void test_longer__waits_for_its_parts(void **state)
{
    const struct task *parts[2];
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 42, &three, &no_faults);
    settle(&cluster);
    publish_next(&cluster, 1, 2);
    parts[0] = cluster.past[0];
    parts[1] = cluster.task;
    cluster_draw_next(&cluster, 0, 2, parts, 2);
    assert_int_equal(cluster_publish(&cluster), 0);
    run_for(&cluster,
            10000); /* nobody reports to the second month, since the test plays the newest task's sites */
    assert_null(cluster_top_view(&cluster)->order.document);
    run_for(&cluster, 2700000);
    assert_withheld(&cluster, "99", WEFT__V1__WITHHELD_REASON__WITHHELD_PARTS);
    for (int a = 0; a < cluster.roster->num_areas; a++) {
        assert_null(cluster_top_view(&cluster)->releases[a].document);
    }
    cluster_stop(&cluster);
}

/* What is signed over other parts, or opens more than they did, is refused by whoever recomputes it. */
static void test_longer__a_wrong_order_or_plan_is_refused(void **state)
{
    Weft__V1__Document *document = NULL;
    const struct view *view;
    struct cluster cluster;
    Weft__V1__Order *order = NULL;
    Weft__V1__Plan *plan = NULL;
    struct err err = {0};

    (void)state;
    cluster_start(&cluster, 43, &three, &no_faults);
    settle(&cluster);
    publish_next(&cluster, 1, 2);
    settle(&cluster);
    add_up(&cluster, 0, 2, 0);
    assert_int_equal(cluster_publish(&cluster), 0);
    settle(&cluster);
    view = cluster_top_view(&cluster);
    assert_int_equal(document_body((ProtobufCMessage **)&order, view->order.document, DOC(ORDER), &err), 0);
    order->n_parts--; /* one month less, and all is listed still */
    assert_int_equal(document_new(&document, DOC(ORDER), &order->base, &err), 0);
    assert_int_equal(view_check(view, document, &err), ERR_ORDER_DIFFERS);
    order->n_parts++;
    document_free(&document);
    order->parts[0]->plan_digest.data[0] ^= 1;
    assert_int_equal(document_new(&document, DOC(ORDER), &order->base, &err), 0);
    assert_int_equal(view_check(view, document, &err), ERR_ORDER_DIFFERS);
    document_free(&document);
    assert_int_equal(document_body((ProtobufCMessage **)&plan, view->plan.document, DOC(PLAN), &err), 0);
    plan->open[0]->n_series--;
    assert_int_equal(document_new(&document, DOC(PLAN), &plan->base, &err), 0);
    assert_int_equal(view_check(view, document, &err), ERR_ORDER_DIFFERS);
    document_free(&document);
    wire_free(&plan);
    wire_free(&order);
    cluster_stop(&cluster);
}

/* Parts must follow each other, all be known, and sums be nested. */
static void test_longer__refuses_what_is_no_sum_of_its_parts(void **state)
{
    struct cluster cluster;
    const struct task *parts[2];

    (void)state;
    cluster_start(&cluster, 44, &three, &no_faults);
    for (int month = 1; month < 4; month++) {
        publish_next(&cluster, month, month + 1);
    }
    parts[0] = cluster.past[0];
    parts[1] = cluster.past[2];
    cluster_draw_next(&cluster, 0, 3, parts, 2);
    assert_int_equal(cluster_publish(&cluster), ERR_TASK_PARTS); /* a gap */
    add_up(&cluster, 0, 2, 0);
    assert_int_equal(cluster_publish(&cluster), 0);
    add_up(&cluster, 1, 2, 1);
    assert_int_equal(cluster_publish(&cluster), ERR_TASK_OVERLAPS); /* a rolling window */
    parts[0] = cluster.task;
    parts[1] = cluster.past[3];
    cluster_draw_next(&cluster, 1, 4, parts, 2);
    assert_int_equal(cluster_publish(&cluster), ERR_PREDECESSOR_MISSING); /* a part that nobody took in */
    cluster_stop(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlap__a_second_task_over_the_same_time_gets_nowhere),
        cmocka_unit_test(test_overlap__a_voided_task_gives_way_to_another_over_the_same_time),
        cmocka_unit_test(test_longer__quarters_and_half_year_are_plain_sums),
        cmocka_unit_test(test_longer__waits_for_its_parts),
        cmocka_unit_test(test_longer__a_wrong_order_or_plan_is_refused),
        cmocka_unit_test(test_longer__refuses_what_is_no_sum_of_its_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
