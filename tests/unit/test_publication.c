/* test_publication.c - the authority's directory: order, files that come later, files that are no documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "base/wire.h"
#include "coordinator/publication.h"
#include "tests/unit/scratch.h"

#define DOC(name) WEFT__V1__DOCUMENT_TYPE__DOCUMENT_##name

struct state {
    struct scratch scratch;
    struct publication *publication;
};

static int setup(void **arg)
{
    struct state *state = calloc(1, sizeof *state);

    *arg = state;
    log_start("test", LOG_LEVEL_NONE, LOG_FORMAT_JSON, 2);
    return scratch_make(&state->scratch) != 0 ||
           publication_new(&state->publication, state->scratch.directory, NULL) != 0;
}

static int teardown(void **arg)
{
    struct state *state = *arg;

    publication_free(&state->publication);
    scratch_remove(&state->scratch);
    free(state);
    return 0;
}

static void publish(struct state *state, const char *name, Weft__V1__DocumentType type)
{
    Weft__V1__Document document = WEFT__V1__DOCUMENT__INIT;
    uint8_t *data = NULL;
    size_t len;

    document.type = type;
    document.version = DOCUMENT_VERSION;
    document.body = (ProtobufCBinaryData){strlen(name), (uint8_t *)(uintptr_t)name};
    assert_int_equal(wire_pack(&data, &len, &document.base, NULL), 0);
    assert_int_equal(file_write(scratch_path(&state->scratch, name), data, len, FILE_MODE_PUBLIC, NULL), 0);
    free(data);
}

/* Is the next document the one that was published under this name? */
static void assert_next(struct state *state, const char *name)
{
    const Weft__V1__Document *document = publication_next(state->publication);

    assert_non_null(document);
    assert_int_equal(document->body.len, strlen(name));
    assert_memory_equal(document->body.data, name, strlen(name));
}

static void test_publication__gives_documents_in_order_of_dependence(void **arg)
{
    struct state *state = *arg;

    publish(state, "a-void.doc", DOC(VOID));
    publish(state, "b-task.doc", DOC(TASK));
    publish(state, "c-catalogue.doc", DOC(CATALOGUE));
    publish(state, "e-roster.doc", DOC(ROSTER));
    publish(state, "d-roster.doc", DOC(ROSTER));
    publication_look(state->publication);
    assert_next(state, "d-roster.doc");
    publication_done(state->publication, NULL);
    assert_next(state, "e-roster.doc");
    publication_done(state->publication, NULL);
    assert_next(state, "c-catalogue.doc");
    publication_done(state->publication, NULL);
    assert_next(state, "b-task.doc");
    publication_done(state->publication, NULL);
    assert_next(state, "a-void.doc");
    publication_done(state->publication, NULL);
    assert_null(publication_next(state->publication));
}

static void test_publication__takes_each_file_once_and_finds_later_ones(void **arg)
{
    struct state *state = *arg;

    publish(state, "one.doc", DOC(ROSTER));
    publication_look(state->publication);
    assert_next(state, "one.doc");
    publication_done(state->publication, NULL);
    publish(state, "two.doc", DOC(TASK));
    publication_look(state->publication);
    assert_next(state, "two.doc");
    publication_done(state->publication, NULL);
    publication_look(state->publication);
    assert_null(publication_next(state->publication));
}

static void test_publication__offers_a_refused_one_again(void **arg)
{
    struct state *state = *arg;
    struct err refused = {.code = ERR_PREDECESSOR_MISSING};

    publish(state, "one.doc", DOC(TASK));
    for (int i = 0; i < 3; i++) {
        publication_look(state->publication);
        assert_next(state, "one.doc");
        publication_done(state->publication, &refused);
        assert_null(publication_next(state->publication));
    }
}

static void test_publication__offers_again_what_was_not_kept(void **arg)
{
    struct state *state = *arg;

    publish(state, "one.doc", DOC(ROSTER));
    publication_look(state->publication);
    assert_next(state, "one.doc");
    publication_done(state->publication, NULL);
    publication_undo(state->publication);
    publication_look(state->publication);
    assert_next(state, "one.doc");
    publication_done(state->publication, NULL);
    publication_look(state->publication);
    publication_undo(state->publication); /* what an earlier look gave is kept */
    publication_look(state->publication);
    assert_null(publication_next(state->publication));
}

static void test_publication__passes_over_what_is_no_document(void **arg)
{
    struct state *state = *arg;

    scratch_file(&state->scratch, "bad.doc", "this is no document");
    scratch_file(&state->scratch, "notes.txt", "neither is this");
    scratch_file(&state->scratch, ".hidden.doc", "half written");
    publish(state, "good.doc", DOC(ROSTER));
    publication_look(state->publication);
    assert_next(state, "good.doc");
    publication_done(state->publication, NULL);
    assert_null(publication_next(state->publication));
    publish(state, "bad.doc", DOC(TASK)); /* corrected since */
    publication_look(state->publication);
    assert_next(state, "bad.doc");
    publication_done(state->publication, NULL);
}

static void test_publication__a_missing_directory_may_come_later(void **arg)
{
    struct state *state = *arg;

    publication_free(&state->publication);
    assert_int_equal(publication_new(&state->publication, scratch_path(&state->scratch, "later"), NULL), 0);
    publication_look(state->publication);
    assert_null(publication_next(state->publication));
    assert_int_equal(file_make_dir(scratch_path(&state->scratch, "later"), 0755, NULL), 0);
    publish(state, "later/one.doc", DOC(ROSTER));
    publication_look(state->publication);
    assert_next(state, "later/one.doc");
    publication_done(state->publication, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_publication__gives_documents_in_order_of_dependence),
        TEST(test_publication__takes_each_file_once_and_finds_later_ones),
        TEST(test_publication__offers_a_refused_one_again),
        TEST(test_publication__offers_again_what_was_not_kept),
        TEST(test_publication__passes_over_what_is_no_document),
        TEST(test_publication__a_missing_directory_may_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
