/* vectors.c - replay every JSON file of test vectors in a directory: vectors DIR
 *
 * A line for each file and a summary; the exit status is 1 if anything differs from what was published, or if
 * nothing was checked. Kinds of files are told apart by their keys. */
#include "vectors.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fail(struct outcome *outcome, const char *format, ...)
{
    if (!outcome->failed) {
        va_list args;
        va_start(args, format);
        vsnprintf(outcome->reason, sizeof outcome->reason, format, args);
        va_end(args);
        outcome->failed = true;
    }
    return false;
}

static int digit_of(char c)
{
    const char *digits = "0123456789abcdef", *found = c == '\0' ? NULL : strchr(digits, c);
    return found == NULL ? -1 : (int)(found - digits);
}

struct blob blob_from(const json_t *string)
{
    const char *hex = json_string_value(string);
    size_t len = hex == NULL ? 0 : strlen(hex);
    struct blob blob = {malloc(len / 2 + 1), len / 2};

    if (hex == NULL || len % 2 != 0 || blob.data == NULL) {
        fprintf(stderr, "a hexadecimal string was expected\n");
        exit(2);
    }
    for (size_t i = 0; i < blob.len; i++) {
        int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            fprintf(stderr, "not a hexadecimal digit\n");
            exit(2);
        }
        blob.data[i] = (uint8_t)(high << 4 | low);
    }
    return blob;
}

struct blob blob_of(const json_t *object, const char *key)
{
    return blob_from(json_object_get(object, key));
}

bool blob_equals(const struct blob *blob, const void *data, size_t len)
{
    return blob->len == len && (len == 0 || memcmp(blob->data, data, len) == 0);
}

static void replay(struct outcome *outcome, const char *name, const json_t *root)
{
    if (json_object_get(root, "operations") != NULL) {
        replay_prio3(outcome, name, root);
    } else if (json_object_get(root, "derived_seed") != NULL) {
        replay_xof(outcome, root);
    } else if (json_object_get(root, "testGroups") != NULL) {
        replay_wycheproof(outcome, root);
    } else if (json_object_get(root, "vectors") != NULL) {
        replay_turboshake(outcome, root);
    } else if (json_object_get(json_object_get(root, "vector"), "kem_id") != NULL) {
        replay_hpke(outcome, root);
    } else {
        outcome->unknown = true;
        snprintf(outcome->reason, sizeof outcome->reason, "no known kind of file");
    }
}

static void print(const char *name, const struct outcome *outcome)
{
    const char *verdict = outcome->failed ? "FAILED" : outcome->unknown ? "not known" : "ok";

    printf("%-9s %s: %zu checked", verdict, name, outcome->checked);
    if (outcome->skipped > 0) {
        printf(", %zu skipped", outcome->skipped);
    }
    if (outcome->reason[0] != '\0') {
        printf(" (%s)", outcome->reason);
    }
    printf("\n");
}

static int is_json(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

static struct outcome replay_file(const char *directory, const char *name)
{
    struct outcome outcome = {0};
    char path[4096];
    json_error_t error;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fail(&outcome, "line %d: %s", error.line, error.text);
    } else {
        replay(&outcome, name, root);
        if (!outcome.unknown && outcome.checked == 0) {
            fail(&outcome, "nothing was checked");
        }
    }
    json_decref(root);
    return outcome;
}

int main(int argc, char **argv)
{
    struct dirent **entries = NULL;
    size_t good = 0, failed = 0, unknown = 0, checked = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: vectors DIRECTORY\n");
        return 2;
    }
    int num = scandir(argv[1], &entries, is_json, alphasort);
    if (num < 0) {
        perror(argv[1]);
        return 2;
    }
    for (int i = 0; i < num; i++) {
        struct outcome outcome = replay_file(argv[1], entries[i]->d_name);
        print(entries[i]->d_name, &outcome);
        failed += outcome.failed;
        unknown += outcome.unknown && !outcome.failed;
        good += !outcome.failed && !outcome.unknown;
        checked += outcome.checked;
        free(entries[i]);
    }
    free(entries);
    printf("%zu files as published, %zu not, %zu of kinds not known here; %zu checks\n", good, failed,
           unknown, checked);
    return failed > 0 || checked == 0 ? 1 : 0;
}
