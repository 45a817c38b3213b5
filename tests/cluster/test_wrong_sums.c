/* test_wrong_sums.c - a leader or helper whose share of a total is not the sum of what it holds: what contradicts other
 * totals is seen, what is altered everywhere alike is not (docs/malicious-parties.md). */
#include "audit/contradictions.h"
#include "crypto/secret.h"
#include "tests/cluster/malicious.h"

#define FIELD64 (UINT64_MAX - UINT32_MAX + 1) /* 2^64 - 2^32 + 1 */

static int contradictions_at(const struct cluster *cluster, const char *id)
{
    struct err err = {0};

    return contradictions_check(cluster_view(cluster, coordinator(cluster, id)), &err);
}

/* The share that a child passes up, opened with its parent's key, changed, sealed and signed again. */
static void change_passed_share(struct cluster *cluster, int receiver, Weft__V1__PutShareRequest *request,
                                size_t element, uint64_t add)
{
    struct cluster_coordinator *parent = &cluster->coordinators[receiver];
    int sender = coordinator(cluster, request->sender);
    Weft__V1__Side side = cluster->roster->coordinators[sender].side;
    const Weft__V1__KeySheet *sheet =
        (const Weft__V1__KeySheet *)cluster_view(cluster, receiver)->key_sheets[receiver].body;
    size_t len = request->share->payload.len - HPKE_TAG_SIZE, key_len;
    uint8_t *share = malloc(len), *key = NULL, ikm[HPKE_IKM_SIZE] = {5};
    struct store_txn *txn = NULL;
    struct err err = {0};
    struct db db;
    uint64_t value;

    assert_int_equal(store_begin(parent->store, &txn, false, &err), 0);
    db = (struct db){txn, parent->at_rest_key};
    assert_int_equal(db_get_secret(&db, cluster->task->id, DB_HPKE_KEY, &key, &key_len, &err), 0);
    store_abort(&txn);
    assert_true(share_open(share, len, request->share, key, cluster->task, request->opening, request->sender,
                           side, request->basis.data));
    memcpy(&value, share + 8 * element, sizeof value);
    value = (uint64_t)(((unsigned __int128)value + add) % FIELD64);
    memcpy(share + 8 * element, &value, sizeof value);
    assert_true(num_passed < SPOKEN_MAX);
    assert_int_equal(share_seal(&passed[num_passed], sheet->public_key.data, cluster->task, request->opening,
                                request->sender, side, request->basis.data, share, len, ikm, &err),
                     0);
    request->share = passed[num_passed++];
    sign_share(cluster, request);
    secret_free(key, key_len);
    free(share);
}

/* One more, or one less, of a slot in what is passed up for the total of lie->area. */
static bool passes_a_wrong_sum(struct cluster *cluster, int sender, int receiver, enum core_method method,
                               ProtobufCMessage *request)
{
    Weft__V1__PutShareRequest *put = (Weft__V1__PutShareRequest *)request;
    struct lie *lie = cluster->liar.user;
    const struct view *view;
    struct opening opening;
    int slots[64], num;

    if (sender != lie->who || method != CORE_PUT_SHARE || put->opening->stage != STAGE(VALUES) ||
        put->opening->scope != SCOPE(TOTAL) || strcmp(put->opening->area, lie->area) != 0) {
        return true;
    }
    view = cluster_view(cluster, sender);
    opening = view_opening_from(view, put->opening);
    num = view_opening_slots(view, &opening, slots);
    for (int i = 0; i < num; i++) {
        if (slots[i] == lie->slot) {
            change_passed_share(cluster, receiver, put, (size_t)i, lie->add);
            lie->count++;
        }
    }
    return true;
}

/* Teaching hospitals: a fact, so always shown where it is opened. One more, or one less if all are. */
static void choose_slot(struct cluster *cluster, struct lie *lie)
{
    lie->slot = cluster->task->series[cluster->task->num_series - 1].first_slot;
    lie->add = plain_sum(cluster, area(cluster, "99"), lie->slot) > 0 ? FIELD64 - 1 : 1;
}

/* A child, of either side, that passes up another sum than the truth: bounds hold, signatures hold. The totals of the
 * counties and of the province cannot both be right, and every coordinator says so. */
static void test_child__that_passes_a_wrong_sum_contradicts_the_totals_below(void **state)
{
    static const char *const children[] = {"lead-990101", "lead-9901", "help-9901"};
    struct cluster cluster;

    (void)state;
    for (size_t i = 0; i < sizeof children / sizeof children[0]; i++) {
        struct lie lie = {.area = "99"};
        begin_lie(&cluster, &quick, &lie, children[i]);
        cluster.liar.asks = passes_a_wrong_sum;
        set_silent(&cluster, false);
        assert_true(cluster_run(&cluster, order_is_there, 3600000));
        choose_slot(&cluster, &lie);
        run_out(&cluster);
        assert_true(lie.count > 0);
        assert_true(is_released(&cluster, "99"));
        assert_released(&cluster, "990101");
        assert_released(&cluster, "9901");
        assert_int_equal(contradictions_at(&cluster, "lead-99"), ERR_TOTALS_CONTRADICT);
        assert_int_equal(contradictions_at(&cluster, "help-99"), ERR_TOTALS_CONTRADICT);
        assert_int_equal(contradictions_at(&cluster, "lead-990102"), ERR_TOTALS_CONTRADICT);
        end(&cluster);
    }
}

/* A city that leaves one of its counties out of what it passes up, on one side: what comes out is no number at all. */
static bool leaves_a_child_out(struct cluster *cluster, int sender, int receiver, enum core_method method,
                               ProtobufCMessage *request)
{
    Weft__V1__PutShareRequest *put = (Weft__V1__PutShareRequest *)request;
    struct lie *lie = cluster->liar.user;
    struct cluster_coordinator *city = &cluster->coordinators[sender];
    struct store_txn *txn = NULL;
    uint8_t *share = NULL;
    size_t len = 0;
    struct db db;
    uint64_t value;

    if (sender != lie->who || method != CORE_PUT_SHARE || put->opening->stage != STAGE(VALUES)) {
        return true;
    }
    assert_int_equal(store_begin(city->store, &txn, false, NULL), 0);
    db = (struct db){txn, city->at_rest_key};
    assert_int_equal(
        db_get_secret(&db, cluster->task->id, "share 99 total values from lead-990101", &share, &len, NULL),
        0);
    store_abort(&txn);
    assert_non_null(share);
    for (size_t i = 0; i < len / 8; i++) {
        memcpy(&value, share + 8 * i, sizeof value);
        change_passed_share(cluster, receiver, put, i, FIELD64 - value);
    }
    secret_free(share, len);
    lie->count++;
    return true;
}

static void test_child__that_leaves_a_county_out_makes_no_total(void **state)
{
    struct lie lie = {0};
    struct cluster cluster;

    (void)state;
    begin_lie(&cluster, &quick, &lie, "lead-9901");
    cluster.liar.asks = leaves_a_child_out;
    set_silent(&cluster, false);
    run_out(&cluster);
    assert_true(lie.count > 0);
    assert_false(is_released(&cluster, "99"));
    assert_released(&cluster, "990101");
    assert_released(&cluster, "9901");
    end(&cluster);
}

/* Add to one slot of a stored output share, before anything is summed. */
static void change_stored_share(struct cluster *cluster, const char *who, const char *site, int slot,
                                uint64_t add)
{
    struct cluster_coordinator *c = &cluster->coordinators[coordinator(cluster, who)];
    size_t len = prio3_sizes(cluster->task->prio3)->out_share;
    uint8_t *share = malloc(len);
    StoredReport *stored = NULL;
    ProtobufCBinaryData sealed = {0};
    struct store_txn *txn = NULL;
    uint64_t value;
    struct db db;

    assert_int_equal(store_begin(c->store, &txn, true, NULL), 0);
    db = (struct db){txn, c->at_rest_key};
    assert_int_equal(db_get_report(&db, cluster->task->id, site, 1, &stored, NULL), 0);
    assert_int_equal(db_open_out_share(&db, cluster->task->id, site, &stored->out_share, share, len, NULL),
                     0);
    memcpy(&value, share + 8 * slot, sizeof value);
    value = (uint64_t)(((unsigned __int128)value + add) % FIELD64);
    memcpy(share + 8 * slot, &value, sizeof value);
    assert_int_equal(db_seal_out_share(&db, cluster->task->id, site, share, len, &sealed, NULL), 0);
    stored->out_share = sealed;
    assert_int_equal(db_put_report(&db, cluster->task->id, site, 1, stored, NULL), 0);
    assert_int_equal(store_commit(&txn, NULL), 0);
    wire_free(&stored);
    free(sealed.data);
    free(share);
}

/* The limit of all that: who alters its share before all sums, leader or helper, within the bounds, makes totals that are
 * wrong together. No public document tells; only whoever opens its reports again on its premises. */
static void test_pair__that_alters_a_share_before_all_sums_is_not_seen_online(void **state)
{
    static const char *const pair[] = {"lead-990101", "help-9901"};
    struct cluster cluster;
    int slot;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(&cluster, &patient);
        all_report(&cluster);
        slot = cluster.task->series[3].first_slot; /* of the mean: cases */
        change_stored_share(&cluster, pair[i], "h0000", slot, 1);
        cluster.sites[0].vector[slot]++;
        run_out(&cluster);
        assert_released(&cluster, "990101"); /* with one case more than there was */
        assert_released(&cluster, "99");
        assert_int_equal(contradictions_at(&cluster, "lead-99"), 0);
        end(&cluster);
    }
}

/* Out of bounds it is noticed: the collector opens no such total, and each area without the altered share stands. */
static void test_pair__that_alters_a_share_beyond_the_bounds_makes_no_total(void **state)
{
    struct cluster cluster;

    (void)state;
    begin(&cluster, &patient);
    all_report(&cluster);
    change_stored_share(&cluster, "help-9901", "h0000", 0, 1000000000);
    run_out(&cluster);
    assert_false(is_released(&cluster, "990101"));
    assert_false(is_released(&cluster, "99"));
    assert_released(&cluster, "990102");
    end(&cluster);
}

/* ---- collectors ---- */

/* One patient or hospital more or less in the release of lie->area, in the total and in the leader's own share. */
static bool publishes_another_total(struct cluster *cluster, int sender, int receiver,
                                    enum core_method method, ProtobufCMessage *request)
{
    Weft__V1__CoSignRequest *cosign = (Weft__V1__CoSignRequest *)request;
    struct lie *lie = cluster->liar.user;
    int slot = cluster->task->series[cluster->task->num_series - 1].first_slot;
    Weft__V1__Release *release = NULL;
    uint64_t share, add;

    (void)receiver;
    if (sender != lie->who || method != CORE_CO_SIGN || cosign->document->type != DOC(RELEASE)) {
        return true;
    }
    assert_int_equal(document_body((ProtobufCMessage **)&release, cosign->document, DOC(RELEASE), NULL), 0);
    for (size_t i = 0; strcmp(release->area, lie->area) == 0 && i < release->n_slots; i++) {
        uint64_t *total = &release->slots[i]->total;
        if ((release->slots[i]->slot != (uint32_t)slot && release->slots[i]->slot != (uint32_t)slot + 1) ||
            *total < 2) {
            continue;
        }
        add = *total == 5 ? 1 : FIELD64 - 1; /* its state stays */
        memcpy(&share, release->leader_share.data + 8 * i, sizeof share);
        share = (uint64_t)(((unsigned __int128)share + add) % FIELD64);
        memcpy(release->leader_share.data + 8 * i, &share, sizeof share);
        *total = (uint64_t)(((unsigned __int128)*total + add) % FIELD64);
        lie->count++;
        break;
    }
    sign_anew(cluster, &cosign->document, sender, &release->base);
    wire_free(&release);
    return true;
}

/* The helper's share is there unaltered and the sum is right, so it signs; but the city's total says otherwise. */
static void test_collector__that_publishes_another_total_contradicts_the_total_above(void **state)
{
    struct lie lie = {.area = "990101"};
    struct cluster cluster;

    (void)state;
    begin_lie(&cluster, &quick, &lie, "lead-990101");
    cluster.liar.asks = publishes_another_total;
    set_silent(&cluster, false);
    run_out(&cluster);
    assert_true(lie.count > 0);
    assert_true(is_released(&cluster, "990101"));
    assert_int_equal(contradictions_at(&cluster, "lead-99"), ERR_TOTALS_CONTRADICT);
    assert_int_equal(contradictions_at(&cluster, "help-9901"), ERR_TOTALS_CONTRADICT);
    end(&cluster);
}

/* Nor can a quarter differ from its months. */
static void test_collector__that_publishes_another_quarter_contradicts_the_months(void **state)
{
    struct lie lie = {.area = "99"};
    const struct task *months[2];
    struct cluster cluster;
    int64_t start_ms, middle_ms;

    (void)state;
    begin_lie(&cluster, &quick, &lie, "lead-99");
    set_silent(&cluster, false);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    months[0] = cluster.task;
    start_ms = cluster.task->wire->period->start_ms;
    middle_ms = cluster.task->wire->period->end_ms;
    cluster_draw_next(&cluster, middle_ms, middle_ms + 1000, NULL, 0);
    assert_int_equal(cluster_publish(&cluster), 0);
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    months[1] = cluster.task;
    cluster_draw_next(&cluster, start_ms, middle_ms + 1000, months, 2);
    assert_int_equal(cluster_publish(&cluster), 0);
    cluster.liar.asks = publishes_another_total;
    assert_true(cluster_run(&cluster, cluster_is_released, 3600000));
    assert_true(lie.count > 0);
    assert_int_equal(contradictions_at(&cluster, "lead-99"), ERR_TOTALS_CONTRADICT);
    assert_int_equal(contradictions_at(&cluster, "help-99"), ERR_TOTALS_CONTRADICT);
    end(&cluster);
}

static bool lies_about_a_state(struct cluster *cluster, int sender, int receiver, enum core_method method,
                               ProtobufCMessage *request)
{
    Weft__V1__CoSignRequest *cosign = (Weft__V1__CoSignRequest *)request;
    struct lie *lie = cluster->liar.user;
    ProtobufCMessage *body = NULL;
    Weft__V1__States *states;

    (void)receiver;
    if (sender != lie->who || method != CORE_CO_SIGN || cosign->document->type != DOC(STATES)) {
        return true;
    }
    assert_int_equal(document_body(&body, cosign->document, DOC(STATES), NULL), 0);
    states = (Weft__V1__States *)body;
    for (int c = 0; c < cluster->task->num_cells; c++) {
        if (cluster->task->cells[c].is_exempt) {
            states->total.data[c] ^= 1;
        }
    }
    sign_anew(cluster, &cosign->document, sender, body);
    wire_free(&body);
    lie->count++;
    return true;
}

/* States bring about what is hidden. A collector that signs others than it opened cannot publish what it shows: helper
 * and all coordinators compare. */
static void test_collector__cannot_release_what_its_states_deny(void **state)
{
    struct lie lie = {0};
    struct cluster cluster;

    (void)state;
    begin_lie(&cluster, &quick, &lie, "lead-990101");
    cluster.liar.asks = lies_about_a_state;
    set_silent(&cluster, false);
    run_out(&cluster);
    assert_true(lie.count > 0);
    assert_non_null(cluster_top_view(&cluster)->states[area(&cluster, "990101")].document);
    assert_false(is_released(&cluster, "990101"));
    assert_released(&cluster, "990102");
    assert_released(&cluster, "99");
    end(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child__that_passes_a_wrong_sum_contradicts_the_totals_below),
        cmocka_unit_test(test_child__that_leaves_a_county_out_makes_no_total),
        cmocka_unit_test(test_pair__that_alters_a_share_before_all_sums_is_not_seen_online),
        cmocka_unit_test(test_pair__that_alters_a_share_beyond_the_bounds_makes_no_total),
        cmocka_unit_test(test_collector__that_publishes_another_total_contradicts_the_total_above),
        cmocka_unit_test(test_collector__that_publishes_another_quarter_contradicts_the_months),
        cmocka_unit_test(test_collector__cannot_release_what_its_states_deny),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
