/* vectors.h - what the replayers of published test vectors share: outcomes of a file, and JSON fields as
 * bytes. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* What became of one file. `checked` and `skipped` count its cases; `reason` says why cases or the file were
 * skipped (a constant string) or what failed first. */
struct outcome {
    bool failed;
    bool unknown; /* not a kind of file, or not a type, that is implemented */
    size_t checked, skipped;
    char reason[200];
};

/* A byte string owned by the caller: free(data). */
struct blob {
    uint8_t *data;
    size_t len;
};

/* Say what failed; only the first is kept. Returns false. */
__attribute__((format(printf, 2, 3))) bool fail(struct outcome *outcome, const char *format, ...);

/* The hexadecimal string under `key`, or the string itself. An absent or odd one exits the program: the files
 * are ours, and a broken one must not pass. */
struct blob blob_of(const json_t *object, const char *key);
struct blob blob_from(const json_t *string);

bool blob_equals(const struct blob *blob, const void *data, size_t len);

/* Each replays a file of its kind. */
void replay_prio3(struct outcome *outcome, const char *name, const json_t *root);
void replay_xof(struct outcome *outcome, const json_t *root);
void replay_turboshake(struct outcome *outcome, const json_t *root);
void replay_hpke(struct outcome *outcome, const json_t *root);
void replay_wycheproof(struct outcome *outcome, const json_t *root);

#endif
