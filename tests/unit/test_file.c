/* test_file.c - whole files, hexadecimal text and suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/suggest.h"
#include "crypto/secret.h"
#include "scratch.h"

static int make(void **state)
{
    static struct scratch scratch;

    *state = &scratch;
    return scratch_make(&scratch);
}

static int unmake(void **state)
{
    scratch_remove(*state);
    return 0;
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static size_t num_entries(const char *directory)
{
    DIR *dir = opendir(directory);
    size_t num = 0;

    assert_non_null(dir);
    while (readdir(dir) != NULL)
        num++;
    closedir(dir);
    return num - 2; /* "." and ".." */
}

static void check_content(const char *path, const char *text)
{
    uint8_t *data = NULL;
    size_t data_len = 0;

    assert_int_equal(file_read(&data, &data_len, path, 1000, NULL), 0);
    assert_int_equal(data_len, strlen(text));
    assert_string_equal((const char *)data, text);
    free(data);
}

static void test_file__writes_and_replaces_with_the_exact_mode(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "a");
    mode_t old = umask(077);

    assert_int_equal(file_write(path, "one", 3, FILE_MODE_PUBLIC, NULL), 0);
    umask(0);
    check_content(path, "one");
    assert_int_equal(mode_of(path), 0644);
    assert_int_equal(file_write(path, "second", 6, FILE_MODE_SECRET, NULL), 0);
    umask(old);
    check_content(path, "second");
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(file_write(path, "", 0, FILE_MODE_SECRET, NULL), 0);
    check_content(path, "");
    assert_int_equal(num_entries(scratch->directory), 1);
}

static void test_file__create_never_replaces(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "a");

    assert_int_equal(file_create(path, "one", 3, FILE_MODE_SECRET, NULL), 0);
    assert_int_equal(file_create(path, "two", 3, FILE_MODE_SECRET, NULL), ERR_FILE_EXISTS);
    check_content(path, "one");
    assert_int_equal(num_entries(scratch->directory), 1);
}

static void test_file__a_failed_write_leaves_the_old_content_and_nothing_else(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "a");
    struct rlimit none, old;
    static uint8_t large[100000];
    int rc;

    assert_int_equal(file_write(path, "old", 3, FILE_MODE_SECRET, NULL), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    none = old;
    none.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    rc = file_write(path, large, sizeof(large), FILE_MODE_SECRET, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(rc, ERR_FILE_WRITE);
    check_content(path, "old");
    assert_int_equal(num_entries(scratch->directory), 1);

    assert_int_equal(file_write(scratch_path(scratch, "no/such"), "x", 1, FILE_MODE_SECRET, NULL),
                     ERR_FILE_WRITE);
}

static void test_file__replaces_regular_files_only(void **state)
{
    struct scratch *scratch = *state;
    struct err err = {0};
    struct stat status;
    char link_path[256];

    assert_int_equal(mkfifo(scratch_path(scratch, "pipe"), 0600), 0);
    assert_int_equal(file_write(scratch->path, "x", 1, 0600, &err), ERR_FILE_WRITE);
    assert_int_equal(lstat(scratch->path, &status), 0);
    assert_true(S_ISFIFO(status.st_mode));
    snprintf(link_path, sizeof link_path, "%s", scratch_path(scratch, "link")); /* as /dev/stdout is one */
    scratch_file(scratch, "target", "kept");
    assert_int_equal(symlink(scratch->path, link_path), 0);
    assert_int_equal(file_write(link_path, "x", 1, 0600, &err), ERR_FILE_WRITE);
    assert_int_equal(lstat(link_path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
}

static void test_file__reading_is_bounded(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_file(scratch, "a", "0123456789");
    uint8_t *data = NULL;
    size_t data_len = 0;
    struct err err = {0};

    assert_int_equal(file_read(&data, &data_len, path, 9, &err), ERR_FILE_TOO_LARGE);
    assert_null(data);
    assert_int_equal(file_read(&data, &data_len, path, 10, &err), 0);
    assert_int_equal(data_len, 10);
    free(data);
}

static void test_file__reads_regular_files_only(void **state)
{
    struct scratch *scratch = *state;
    uint8_t *data = NULL;
    size_t data_len = 0;

    assert_int_equal(file_read(&data, &data_len, scratch->directory, 100, NULL), ERR_FILE_READ);
    assert_int_equal(file_read(&data, &data_len, scratch_path(scratch, "absent"), 100, NULL), ERR_FILE_READ);
    assert_int_equal(mkfifo(scratch_path(scratch, "fifo"), 0600), 0);
    assert_int_equal(file_read(&data, &data_len, scratch->path, 100, NULL),
                     ERR_FILE_READ); /* and does not wait */
    assert_int_equal(file_read(&data, &data_len, "/dev/zero", 100, NULL), ERR_FILE_READ);
}

static void test_file__refuses_a_secret_that_others_can_read(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_file(scratch, "key", "secret");
    static const mode_t open_modes[] = {0640, 0604, 0620, 0601, 0644};
    uint8_t *data = NULL;
    size_t data_len = 0;

    for (size_t i = 0; i < sizeof(open_modes) / sizeof(open_modes[0]); i++) {
        struct err err = {0};

        assert_int_equal(chmod(path, open_modes[i]), 0);
        assert_int_equal(file_read_secret(&data, &data_len, path, 100, &err), ERR_SECRET_PERMISSIONS);
        assert_null(data);
        assert_null(strstr(err.detail, "secret"));
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(file_read_secret(&data, &data_len, path, 100, NULL), 0);
    assert_string_equal((const char *)data, "secret");
    secret_free(data, data_len);
}

static void test_file__makes_directories(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "d");

    assert_int_equal(file_make_dir(path, 0700, NULL), 0);
    assert_int_equal(mode_of(path), 0700);
    assert_int_equal(file_make_dir(path, 0755, NULL), 0);
    assert_int_equal(mode_of(path), 0700); /* as it was */
    assert_true(file_exists(path));
    scratch_file(scratch, "f", "");
    assert_int_equal(file_make_dir(scratch->path, 0700, NULL), ERR_FILE_WRITE);
    assert_int_equal(file_make_dir(scratch_path(scratch, "x/y"), 0700, NULL), ERR_FILE_WRITE);
    assert_false(file_exists(scratch->path));
}

static void test_file__locks_for_one_at_a_time(void **state)
{
    struct scratch *scratch = *state;
    const char *path = scratch_path(scratch, "store");
    struct err err = {0};
    int first = -1, second = -1;

    assert_int_equal(file_lock_open(&first, path, &err), 0);
    assert_int_equal(file_lock_open(&second, path, &err), 0); /* another open file: as from another process */
    assert_int_equal(file_lock(first, path, 0, &err), 0);
    assert_int_equal(file_lock(second, path, 30, &err), ERR_STORE_LOCKED);
    file_unlock(first);
    assert_int_equal(file_lock(second, path, 0, &err), 0);
    assert_int_equal(file_lock(first, path, 0, &err), ERR_STORE_LOCKED);
    close(second); /* as its end would */
    assert_int_equal(file_lock(first, path, 0, &err), 0);
    close(first);
}

static void test_file__joins_names(void **state)
{
    static const char *const cases[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"}, {"", "b", "b"}, {"/", "b", "/b"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *joined = file_join(cases[i][0], cases[i][1]);

        assert_string_equal(joined, cases[i][2]);
        free(joined);
    }
}

static void test_hex__round_trips_and_refuses_the_rest(void **state)
{
    static const char *const bad[] = {"", "0", "00ff1", "00ff1g", "00ff1234", " 0ff12", "00ff 1"};
    uint8_t bytes[3] = {9, 9, 9};
    char text[HEX_SIZE(3)];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hex_decode(bytes, sizeof(bytes), bad[i]));
    assert_int_equal(bytes[0], 9);
    assert_true(hex_decode(bytes, sizeof(bytes), "00fF1a"));
    assert_string_equal(hex_encode(text, bytes, sizeof(bytes)), "00ff1a");
    assert_string_equal(hex_encode(text, bytes, 0), "");
    assert_true(hex_decode(bytes, 0, ""));
}

static void test_suggest__finds_the_nearest_or_none(void **state)
{
    static const char *const known[] = {"address", "addresses", "port", "data", "x"};
    char longer[200];

    (void)state;
    assert_string_equal(suggest_nearest("adress", known, 5), "address");
    assert_string_equal(suggest_nearest("addresse", known, 5), "address"); /* the first of equals */
    assert_string_equal(suggest_nearest("prot", known, 5), "port");        /* a swap is one edit */
    assert_string_equal(suggest_nearest("Data", known, 5), "data");
    assert_null(suggest_nearest("zebra", known, 5));
    assert_null(suggest_nearest("y", known, 5));
    assert_null(suggest_nearest("", known, 5));
    assert_null(suggest_nearest("port", known, 0));
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    assert_null(suggest_nearest(longer, known, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file__writes_and_replaces_with_the_exact_mode, make, unmake),
        cmocka_unit_test_setup_teardown(test_file__create_never_replaces, make, unmake),
        cmocka_unit_test_setup_teardown(test_file__a_failed_write_leaves_the_old_content_and_nothing_else,
                                        make, unmake),
        cmocka_unit_test_setup_teardown(test_file__replaces_regular_files_only, make, unmake),
        cmocka_unit_test_setup_teardown(test_file__reading_is_bounded, make, unmake),
        cmocka_unit_test_setup_teardown(test_file__reads_regular_files_only, make, unmake),
        cmocka_unit_test_setup_teardown(test_file__refuses_a_secret_that_others_can_read, make, unmake),
        cmocka_unit_test_setup_teardown(test_file__makes_directories, make, unmake),
        cmocka_unit_test_setup_teardown(test_file__locks_for_one_at_a_time, make, unmake),
        cmocka_unit_test(test_file__joins_names),
        cmocka_unit_test(test_hex__round_trips_and_refuses_the_rest),
        cmocka_unit_test(test_suggest__finds_the_nearest_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
