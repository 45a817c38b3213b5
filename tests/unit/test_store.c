/* test_store.c - durability, refusal and isolation of the store, with a writer killed in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/store.h"
#include "scratch.h"

enum { TABLE_A, TABLE_B, NUM_TABLES };
static const char *const tables[] = {"a", "b"};

struct fixture {
    struct scratch scratch;
    char path[128];
    struct store_options options;
    struct store *store;
};

static int make(void **state)
{
    static struct fixture fixture;

    memset(&fixture, 0, sizeof(fixture));
    if (scratch_make(&fixture.scratch) != 0)
        return -1;
    snprintf(fixture.path, sizeof(fixture.path), "%s/store", fixture.scratch.directory);
    fixture.options = (struct store_options){.path = fixture.path,
                                             .application = "weft-test",
                                             .format_version = 1,
                                             .tables = tables,
                                             .num_tables = NUM_TABLES,
                                             .map_size = 64 << 20,
                                             .min_free_disk = 1};
    *state = &fixture;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *fixture = *state;

    store_close(&fixture->store);
    scratch_remove(&fixture->scratch);
    return 0;
}

static void reopen(struct fixture *fixture)
{
    struct err err = {0};

    store_close(&fixture->store);
    if (store_open(&fixture->store, &fixture->options, &err) != 0)
        fail_msg("open: %s", err.detail);
}

static int put(struct store_txn *txn, int table, const char *key, const char *value)
{
    return store_put(txn, table, key, strlen(key), value, strlen(value), NULL);
}

static void put_alone(struct store *store, int table, const char *key, const char *value)
{
    struct store_txn *txn = NULL;

    assert_int_equal(store_begin(store, &txn, true, NULL), 0);
    assert_int_equal(put(txn, table, key, value), 0);
    assert_int_equal(store_commit(&txn, NULL), 0);
    assert_null(txn);
}

/* NULL expects no such key. */
static void check(struct store_txn *txn, int table, const char *key, const char *expected)
{
    const uint8_t *value = (const uint8_t *)"untouched";
    size_t value_len = 99;

    assert_int_equal(store_get(txn, table, key, strlen(key), &value, &value_len, NULL), 0);
    if (expected == NULL) {
        assert_null(value);
        assert_int_equal(value_len, 0);
        return;
    }
    assert_non_null(value);
    assert_int_equal(value_len, strlen(expected));
    assert_memory_equal(value, expected, value_len);
}

static void check_alone(struct store *store, int table, const char *key, const char *expected)
{
    struct store_txn *txn = NULL;

    assert_int_equal(store_begin(store, &txn, false, NULL), 0);
    check(txn, table, key, expected);
    store_abort(&txn);
}

static void test_store__keeps_what_was_committed_and_nothing_else(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *txn = NULL;

    reopen(fixture);
    put_alone(fixture->store, TABLE_A, "k", "committed");
    put_alone(fixture->store, TABLE_A, "empty", "");
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0);
    assert_int_equal(put(txn, TABLE_A, "k", "aborted"), 0);
    assert_int_equal(store_delete(txn, TABLE_A, "empty", 5, NULL), 0);
    check(txn, TABLE_A, "k", "aborted");
    check(txn, TABLE_A, "empty", NULL);
    store_abort(&txn);
    store_abort(&txn); /* harmless */

    reopen(fixture);
    check_alone(fixture->store, TABLE_A, "k", "committed");
    check_alone(fixture->store, TABLE_A, "empty", "");
    check_alone(fixture->store, TABLE_B, "k", NULL);
}

static void test_store__deleting_what_is_not_there_is_no_error(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *txn = NULL;

    reopen(fixture);
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0);
    assert_int_equal(store_delete(txn, TABLE_A, "k", 1, NULL), 0);
    assert_int_equal(store_commit(&txn, NULL), 0);
}

static void test_store__refuses_bad_keys_and_tables(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *txn = NULL;
    uint8_t key[STORE_KEY_MAX + 1] = {1};
    const uint8_t *value;
    size_t value_len;

    reopen(fixture);
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0);
    assert_int_equal(store_put(txn, TABLE_A, key, STORE_KEY_MAX, "", 0, NULL), 0);
    assert_int_equal(store_put(txn, TABLE_A, key, STORE_KEY_MAX + 1, "", 0, NULL), ERR_INTERNAL);
    assert_int_equal(store_put(txn, TABLE_A, key, 0, "", 0, NULL), ERR_INTERNAL);
    assert_int_equal(store_get(txn, TABLE_A, key, 0, &value, &value_len, NULL), ERR_INTERNAL);
    assert_int_equal(store_put(txn, NUM_TABLES, key, 1, "", 0, NULL), ERR_INTERNAL);
    assert_int_equal(store_put(txn, -1, key, 1, "", 0, NULL), ERR_INTERNAL);
    assert_int_equal(store_commit(&txn, NULL), 0); /* the refusals broke nothing */
    assert_int_equal(store_begin(fixture->store, &txn, false, NULL), 0);
    assert_int_equal(store_put(txn, TABLE_A, key, 1, "", 0, NULL), ERR_INTERNAL);
    store_abort(&txn);
}

static void test_store__refuses_a_second_writer_in_the_same_thread(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *txn = NULL, *second = NULL;

    reopen(fixture);
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0);
    assert_int_equal(store_begin(fixture->store, &second, true, NULL), ERR_INTERNAL); /* rather than hang */
    assert_null(second);
    store_abort(&txn);
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0);
    store_abort(&txn);
}

static void test_store__a_nested_abort_undoes_only_its_own_writes(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *outer = NULL, *inner = NULL;

    reopen(fixture);
    assert_int_equal(store_begin(fixture->store, &outer, true, NULL), 0);
    assert_int_equal(put(outer, TABLE_A, "first", "1"), 0);
    assert_int_equal(store_begin_nested(outer, &inner, NULL), 0);
    assert_int_equal(put(inner, TABLE_A, "first", "spoilt"), 0);
    assert_int_equal(put(inner, TABLE_A, "second", "2"), 0);
    store_abort(&inner);
    check(outer, TABLE_A, "first", "1");
    assert_int_equal(store_begin_nested(outer, &inner, NULL), 0);
    assert_int_equal(put(inner, TABLE_A, "third", "3"), 0);
    assert_int_equal(store_commit(&inner, NULL), 0);
    check_alone(fixture->store, TABLE_A, "third", NULL); /* not before the outer one commits */
    assert_int_equal(store_commit(&outer, NULL), 0);
    check_alone(fixture->store, TABLE_A, "first", "1");
    check_alone(fixture->store, TABLE_A, "second", NULL);
    check_alone(fixture->store, TABLE_A, "third", "3");
}

static void test_store__readers_keep_seeing_the_commit_they_began_with(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *reader = NULL;

    reopen(fixture);
    put_alone(fixture->store, TABLE_A, "k", "old");
    assert_int_equal(store_begin(fixture->store, &reader, false, NULL), 0);
    put_alone(fixture->store, TABLE_A, "k", "new");
    check(reader, TABLE_A, "k", "old");
    check_alone(fixture->store, TABLE_A, "k", "new");
    store_abort(&reader);
}

static void test_store__walks_the_keys_of_a_prefix_in_order(void **state)
{
    static const char *const keys[] = {"a", "b", "ba", "bb\xff", "c"};
    struct fixture *fixture = *state;
    struct store_txn *txn = NULL;
    struct store_cursor cursor = {0};
    char seen[64] = "";
    int rc;

    reopen(fixture);
    for (size_t i = 5; i-- > 0;)
        put_alone(fixture->store, TABLE_A, keys[i], keys[i]);
    assert_int_equal(store_begin(fixture->store, &txn, false, NULL), 0);
    for (rc = store_first(txn, &cursor, TABLE_A, "b", 1, NULL); rc == 0 && cursor.key != NULL;
         rc = store_next(&cursor, NULL)) {
        strncat(seen, (const char *)cursor.key, cursor.key_len);
        strcat(seen, " ");
        assert_memory_equal(cursor.value, cursor.key, cursor.key_len);
    }
    assert_int_equal(rc, 0);
    assert_int_equal(store_next(&cursor, NULL), 0); /* stays at the end */
    assert_null(cursor.key);
    store_cursor_end(&cursor);
    assert_string_equal(seen, "b ba bb\xff ");

    seen[0] = '\0';
    for (rc = store_first(txn, &cursor, TABLE_A, NULL, 0, NULL); rc == 0 && cursor.key != NULL;
         rc = store_next(&cursor, NULL))
        strncat(seen, (const char *)cursor.key, 1);
    store_cursor_end(&cursor);
    assert_string_equal(seen, "abbbc");
    assert_int_equal(store_first(txn, &cursor, TABLE_A, "d", 1, NULL), 0);
    assert_null(cursor.key);
    assert_int_equal(store_first(txn, &cursor, TABLE_B, NULL, 0, NULL), 0); /* ends the walk before */
    assert_null(cursor.key);
    store_cursor_end(&cursor);
    store_cursor_end(&cursor);
    store_abort(&txn);
}

static void test_store__refuses_an_unknown_format(void **state)
{
    struct fixture *fixture = *state;
    struct store_options other = fixture->options;
    struct store *store = NULL;
    struct err err = {0};

    reopen(fixture);
    put_alone(fixture->store, TABLE_A, "k", "v");
    store_close(&fixture->store);
    other.format_version = 2;
    assert_int_equal(store_open(&store, &other, &err), ERR_STORE_FORMAT);
    other.format_version = 1;
    other.application = "weft-tes";
    assert_int_equal(store_open(&store, &other, &err), ERR_STORE_FORMAT);
    other.application = "weft-test2";
    assert_int_equal(store_open(&store, &other, &err), ERR_STORE_FORMAT);
    assert_null(store);
    scratch_file(&fixture->scratch, "store/data.mdb",
                 "not a database, but long enough to have a header ..............");
    other = fixture->options;
    assert_int_equal(store_open(&store, &other, &err), ERR_STORE_FORMAT);
    assert_null(store);
}

static void test_store__a_refused_opening_changes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store_options other = fixture->options;
    struct store *store = NULL;

    reopen(fixture);
    store_close(&fixture->store);
    other.application = "weft-other";
    assert_int_equal(store_open(&store, &other, NULL), ERR_STORE_FORMAT);
    reopen(fixture);
    assert_int_equal(store_openings(fixture->store), 2);
}

static void test_store__incarnation_stays_and_openings_rise(void **state)
{
    struct fixture *fixture = *state;
    uint8_t incarnation[STORE_INCARNATION_SIZE];
    struct store_options other = fixture->options;
    char path[160];
    struct store *store = NULL;

    reopen(fixture);
    memcpy(incarnation, store_incarnation(fixture->store), sizeof(incarnation));
    assert_int_equal(store_openings(fixture->store), 1);
    reopen(fixture);
    assert_int_equal(store_openings(fixture->store), 2);
    assert_memory_equal(store_incarnation(fixture->store), incarnation, sizeof(incarnation));
    store_close(&fixture->store);
    other.read_only = true;
    assert_int_equal(store_open(&store, &other, NULL), 0);
    assert_int_equal(store_openings(store), 2); /* reading does not count */
    store_close(&store);

    other = fixture->options;
    snprintf(path, sizeof(path), "%s-2", fixture->path);
    other.path = path;
    assert_int_equal(store_open(&store, &other, NULL), 0);
    assert_memory_not_equal(store_incarnation(store), incarnation, sizeof(incarnation));
    store_close(&store);
}

static void test_store__opens_a_directory_once_per_process(void **state)
{
    struct fixture *fixture = *state;
    struct store_options other = fixture->options;
    struct store *second = NULL;
    char path[160];

    reopen(fixture);
    assert_int_equal(store_open(&second, &fixture->options, NULL), ERR_STORE_OPEN);
    snprintf(path, sizeof(path), "%s/../store/.", fixture->path); /* by another name */
    other.path = path;
    other.read_only = true;
    assert_int_equal(store_open(&second, &other, NULL), ERR_STORE_OPEN);
    assert_null(second);
    reopen(fixture);
}

static void test_store__reading_needs_a_store_and_cannot_write(void **state)
{
    struct fixture *fixture = *state;
    struct store_options other = fixture->options;
    struct store_txn *txn = NULL;

    other.read_only = true;
    assert_int_equal(store_open(&fixture->store, &other, NULL), ERR_STORE_OPEN);
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    assert_int_equal(store_open(&fixture->store, &other, NULL), ERR_STORE_OPEN);
    reopen(fixture);
    store_close(&fixture->store);
    assert_int_equal(store_open(&fixture->store, &other, NULL), 0);
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), ERR_INTERNAL);
    assert_null(txn);
}

static int put_large(struct store *store, int number, size_t size)
{
    static uint8_t large[1 << 20];
    struct store_txn *txn = NULL;
    char key[16];
    int rc;

    snprintf(key, sizeof(key), "n%06d", number);
    if ((rc = store_begin(store, &txn, true, NULL)) != 0)
        return rc;
    if ((rc = store_put(txn, TABLE_A, key, strlen(key), large, size, NULL)) == 0)
        rc = store_commit(&txn, NULL);
    store_abort(&txn);
    return rc;
}

/* ---- other processes ---- */

/* A child that must end well. */
static void expect_done(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void await_byte(int fd)
{
    char byte;

    if (read(fd, &byte, 1) != 1)
        _exit(9);
}

/* Writes rounds forever: in one transaction key "round" and then 50 keys all holding that round. */
static void write_rounds(struct fixture *fixture, int started)
{
    static char filler[3000];
    struct store *store = NULL;

    if (store_open(&store, &fixture->options, NULL) != 0)
        _exit(1);
    for (unsigned round = 1;; round++) {
        struct store_txn *txn = NULL;
        char key[16];

        if (store_begin(store, &txn, true, NULL) != 0)
            _exit(2);
        memcpy(filler, &round, sizeof(round));
        for (int i = 0; i < 50; i++) {
            snprintf(key, sizeof(key), "k%02d", i);
            if (store_put(txn, i % 2, key, 3, filler, sizeof(filler), NULL) != 0)
                _exit(3);
        }
        if (store_commit(&txn, NULL) != 0)
            _exit(4);
        if (round == 2 && write(started, "s", 1) != 1)
            _exit(5);
    }
}

/* All keys hold the same round. */
static unsigned check_rounds(struct store *store)
{
    struct store_txn *txn = NULL;
    unsigned first = 0;

    assert_int_equal(store_begin(store, &txn, false, NULL), 0);
    for (int i = 0; i < 50; i++) {
        const uint8_t *value;
        size_t value_len;
        unsigned round;
        char key[16];

        snprintf(key, sizeof(key), "k%02d", i);
        assert_int_equal(store_get(txn, i % 2, key, 3, &value, &value_len, NULL), 0);
        assert_int_equal(value_len, 3000);
        memcpy(&round, value, sizeof(round));
        first = i == 0 ? round : first;
        assert_int_equal(round, first);
    }
    store_abort(&txn);
    return first;
}

static void test_store__a_writer_killed_in_the_middle_leaves_nothing_half_written(void **state)
{
    struct fixture *fixture = *state;
    unsigned total = 0;

    for (int i = 0; i < 12; i++) {
        int ends[2], status;
        pid_t pid;

        assert_int_equal(pipe(ends), 0);
        pid = fork();
        if (pid == 0)
            write_rounds(fixture, ends[1]);
        close(ends[1]);
        await_byte(ends[0]);
        usleep((useconds_t)(i * 1700)); /* so that it strikes at different places */
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        close(ends[0]);

        reopen(fixture);
        total += check_rounds(fixture->store);
        put_alone(fixture->store, TABLE_A, "after", "the dead writer's lock is free");
        store_close(&fixture->store);
    }
    assert_true(total >= 24);
}

static void test_store__another_process_reads_while_this_one_writes(void **state)
{
    struct fixture *fixture = *state;
    int go[2], done[2];
    pid_t pid;

    reopen(fixture);
    put_alone(fixture->store, TABLE_A, "k", "1");
    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(done), 0);
    pid = fork();
    if (pid == 0) {
        struct store_options options = fixture->options;
        struct store *store = NULL;

        options.read_only = true;
        options.map_size = 1 << 20; /* smaller than what the writer will fill: must follow */
        if (store_open(&store, &options, NULL) != 0)
            _exit(1);
        check_alone(store, TABLE_A, "k", "1");
        if (write(done[1], "d", 1) != 1)
            _exit(2);
        await_byte(go[0]);
        check_alone(store, TABLE_A, "k", "2");
        store_close(&store);
        _exit(0);
    }
    await_byte(done[0]);
    for (int i = 0; i < 30; i++) {
        static char large[100000];
        struct store_txn *txn = NULL;
        char key[16];

        snprintf(key, sizeof(key), "large%d", i);
        assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0);
        assert_int_equal(store_put(txn, TABLE_B, key, strlen(key), large, sizeof(large), NULL), 0);
        assert_int_equal(store_commit(&txn, NULL), 0);
    }
    put_alone(fixture->store, TABLE_A, "k", "2");
    assert_int_equal(write(go[1], "g", 1), 1);
    expect_done(pid);
    for (int i = 0; i < 2; i++) {
        close(go[i]);
        close(done[i]);
    }
}

/* Open for reading, begin to read, say so, and wait to be killed. */
static void read_forever(struct fixture *fixture, int started)
{
    struct store_options options = fixture->options;
    struct store *store = NULL;
    struct store_txn *txn = NULL;

    options.read_only = true;
    if (store_open(&store, &options, NULL) != 0 || store_begin(store, &txn, false, NULL) != 0 ||
        write(started, "s", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

static void test_store__a_dead_reader_pins_nothing(void **state)
{
    struct fixture *fixture = *state;
    char data[160];
    struct stat status;
    int ends[2];
    pid_t pid;

    fixture->options.no_sync = true;
    reopen(fixture);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        read_forever(fixture, ends[1]);
    await_byte(ends[0]);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    for (int i = 0; i < 100; i++)
        assert_int_equal(put_large(fixture->store, 1, 100000), 0);
    snprintf(data, sizeof(data), "%s/data.mdb", fixture->path);
    assert_int_equal(stat(data, &status), 0);
    assert_true(status.st_size < 2000000);
    close(ends[0]);
    close(ends[1]);
}

/* ---- full ---- */

static void delete_number(struct store *store, int number)
{
    struct store_txn *txn = NULL;
    char key[16];

    snprintf(key, sizeof(key), "n%06d", number);
    assert_int_equal(store_begin(store, &txn, true, NULL), 0);
    assert_int_equal(store_delete(txn, TABLE_A, key, strlen(key), NULL), 0);
    assert_int_equal(store_commit(&txn, NULL), 0);
}

static void check_full_map(struct fixture *fixture, size_t value_size, int enough)
{
    int num = 0, rc, again = 0;
    struct stat status;
    char data[160];

    fixture->options.map_size = 4 << 20;
    fixture->options.no_sync = true;
    reopen(fixture);
    put_alone(fixture->store, TABLE_B, "k", "before");
    while ((rc = put_large(fixture->store, num, value_size)) == 0 && num < 100000)
        num++;
    assert_int_equal(rc, ERR_STORE_FULL);
    assert_true(num >= enough); /* it holds a fair part of the map first */
    snprintf(data, sizeof(data), "%s/data.mdb", fixture->path);
    assert_int_equal(stat(data, &status), 0);
    assert_true(status.st_size <= 4 << 20);

    reopen(fixture); /* still full after a restart */
    assert_int_equal(put_large(fixture->store, num, value_size), ERR_STORE_FULL);
    check_alone(fixture->store, TABLE_B, "k", "before");
    for (int i = 0; i < num; i++) /* deletes go through, one by one, to the last */
        delete_number(fixture->store, i);
    while (put_large(fixture->store, again, value_size) == 0 && again < num)
        again++;
    assert_true(again >= num * 3 / 4); /* and their room is used again */
}

static void test_store__a_full_map_is_refused_cleanly_and_deletes_still_work(void **state)
{
    check_full_map(*state, 50000, 50);
}

static void test_store__a_map_full_of_small_values_can_be_emptied(void **state)
{
    check_full_map(*state, 100, 8000);
}

static void test_store__one_large_transaction_is_refused_before_the_map_is_full(void **state)
{
    static uint8_t large[100000];
    struct fixture *fixture = *state;
    struct store_txn *txn = NULL, *inner = NULL;
    int num = 0, rc = 0;

    fixture->options.map_size = 4 << 20;
    reopen(fixture);
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0);
    while (rc == 0 && num < 1000) {
        num++;
        assert_int_equal(store_begin_nested(txn, &inner, NULL), 0);
        rc = store_put(inner, TABLE_A, &num, sizeof(num), large, sizeof(large), NULL);
        if (rc == 0)
            assert_int_equal(store_commit(&inner, NULL), 0);
        store_abort(&inner);
    }
    assert_int_equal(rc, ERR_STORE_FULL);
    assert_int_equal(store_commit(&txn, NULL), 0); /* the nested ones before it are kept */
    assert_in_range(num, 20, 38);                  /* of the 40 that fit into the map at all */
}

static void test_store__refuses_to_write_when_the_disk_is_nearly_full(void **state)
{
    struct fixture *fixture = *state;

    reopen(fixture);
    assert_int_equal(put_large(fixture->store, 1, 1000), 0);
    fixture->options.min_free_disk = UINT64_MAX;
    reopen(fixture);
    assert_int_equal(put_large(fixture->store, 2, 1000), ERR_STORE_FULL);
    delete_number(fixture->store, 1);
    check_alone(fixture->store, TABLE_A, "n000001", NULL);
}

/* A commit of 1 MiB while files may grow to `max_size` bytes only. */
static int put_limited(struct store *store, rlim_t max_size)
{
    struct rlimit limit, old;
    int rc;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = max_size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    rc = put_large(store, 1, 1 << 20);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    return rc;
}

static void test_store__a_commit_that_the_disk_refuses_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    char data[160];

    reopen(fixture);
    put_alone(fixture->store, TABLE_A, "k", "before");
    snprintf(data, sizeof(data), "%s/data.mdb", fixture->path);
    assert_int_equal(stat(data, &status), 0);
    assert_int_equal(put_limited(fixture->store, (rlim_t)status.st_size), ERR_STORE_FULL);
    assert_int_equal(put_limited(fixture->store, 300000), ERR_STORE_IO); /* a write cut short */
    check_alone(fixture->store, TABLE_A, "k", "before");
    check_alone(fixture->store, TABLE_A, "n000001", NULL);
    assert_int_equal(put_large(fixture->store, 1, 1 << 20), 0); /* once there is room, without reopening */
    reopen(fixture);
    check_alone(fixture->store, TABLE_A, "k", "before");
}

/* ---- threads and backup ---- */

static void *write_in_thread(void *store)
{
    for (int i = 0; i < 50; i++)
        put_alone(store, TABLE_A, "shared", "value");
    return NULL;
}

static void test_store__threads_write_one_after_the_other(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[4];

    fixture->options.no_sync = true;
    reopen(fixture);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_in_thread, fixture->store), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    check_alone(fixture->store, TABLE_A, "shared", "value");
}

static void test_store__a_backup_is_a_whole_store_of_that_moment(void **state)
{
    struct fixture *fixture = *state;
    struct store_options copy = fixture->options;
    struct store_txn *txn = NULL;
    struct store *store = NULL;
    struct stat status;
    char path[160];

    reopen(fixture);
    reopen(fixture);
    put_alone(fixture->store, TABLE_A, "k", "saved");
    assert_int_equal(store_begin(fixture->store, &txn, true, NULL), 0); /* live: a writer is at work */
    assert_int_equal(put(txn, TABLE_A, "k", "unsaved"), 0);
    snprintf(path, sizeof(path), "%s-copy", fixture->path);
    assert_int_equal(store_backup(fixture->store, path, NULL), 0);
    assert_int_equal(store_commit(&txn, NULL), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);

    copy.path = path;
    assert_int_equal(store_open(&store, &copy, NULL), 0);
    check_alone(store, TABLE_A, "k", "saved");
    assert_memory_equal(store_incarnation(store), store_incarnation(fixture->store), STORE_INCARNATION_SIZE);
    assert_int_equal(store_openings(store), 3); /* 2 when it was made */
    store_close(&store);

    assert_int_equal(store_backup(fixture->store, path, NULL), ERR_FILE_EXISTS);
    assert_int_equal(store_open(&store, &copy, NULL), 0); /* and it is as it was */
    check_alone(store, TABLE_A, "k", "saved");
    store_close(&store);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_store__##name, make, unmake)
    const struct CMUnitTest tests[] = {
        TEST(keeps_what_was_committed_and_nothing_else),
        TEST(deleting_what_is_not_there_is_no_error),
        TEST(refuses_bad_keys_and_tables),
        TEST(refuses_a_second_writer_in_the_same_thread),
        TEST(a_nested_abort_undoes_only_its_own_writes),
        TEST(readers_keep_seeing_the_commit_they_began_with),
        TEST(walks_the_keys_of_a_prefix_in_order),
        TEST(refuses_an_unknown_format),
        TEST(a_refused_opening_changes_nothing),
        TEST(incarnation_stays_and_openings_rise),
        TEST(opens_a_directory_once_per_process),
        TEST(reading_needs_a_store_and_cannot_write),
        TEST(a_writer_killed_in_the_middle_leaves_nothing_half_written),
        TEST(another_process_reads_while_this_one_writes),
        TEST(a_dead_reader_pins_nothing),
        TEST(a_full_map_is_refused_cleanly_and_deletes_still_work),
        TEST(a_map_full_of_small_values_can_be_emptied),
        TEST(one_large_transaction_is_refused_before_the_map_is_full),
        TEST(refuses_to_write_when_the_disk_is_nearly_full),
        TEST(a_commit_that_the_disk_refuses_loses_nothing),
        TEST(threads_write_one_after_the_other),
        TEST(a_backup_is_a_whole_store_of_that_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
