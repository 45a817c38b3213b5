/* test_longer.c - several tasks of one family: none may overlap another. */
#include "tests/cluster/hostile.h"

static const struct cluster_shape three = {
    .num_cities = 1, .counties_per_city = 2, .min_sites = 3, .max_sites = 4};

/* The reports' message is for the task before: what its sender has still to ask must not mix with the next. */
static void settle(struct cluster *cluster)
{
    assert_true(cluster_run(cluster, cluster_is_released, 3600000));
    run_for(cluster, 5000);
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

/* A freeze without reports, as the leader of 9901 would sign it for the task now drawn. */
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

static void test_overlap__the_next_period_is_another_task(void **state)
{
    struct cluster cluster;

    (void)state;
    cluster_start(&cluster, 32, &three, &no_faults);
    settle(&cluster);
    assert_released(&cluster, "99");
    cluster_draw_next(&cluster, 1, 2, NULL, 0);
    assert_int_equal(cluster_publish(&cluster), 0);
    settle(&cluster);
    assert_released(&cluster, "99");
    cluster_stop(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlap__a_second_task_over_the_same_time_gets_nowhere),
        cmocka_unit_test(test_overlap__the_next_period_is_another_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
