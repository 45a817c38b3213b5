/* dictionary.c - one heap of bytes, a hash table to find a string, a sorted list of numbers to find a prefix. */
#include "node/records/dictionary.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MIN_SLOTS 64

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "dictionary");
}

void dictionary_clear(struct dictionary *dictionary)
{
    free(dictionary->bytes);
    free(dictionary->ends);
    free(dictionary->slots);
    free(dictionary->order);
    free(dictionary->rank);
    *dictionary = (struct dictionary){0};
}

const char *dictionary_text(const struct dictionary *dictionary, uint32_t number, size_t *len)
{
    uint64_t begin = number == 0 ? 0 : dictionary->ends[number - 1];

    *len = (size_t)(dictionary->ends[number] - begin);
    return dictionary->bytes + begin;
}

static bool equals(const struct dictionary *dictionary, uint32_t number, const char *text, size_t len)
{
    size_t known_len;
    const char *known = dictionary_text(dictionary, number, &known_len);

    return known_len == len && memcmp(known, text, len) == 0;
}

/* The slot that holds the string, or the free one where it belongs. */
static uint32_t *slot_of(const struct dictionary *dictionary, const char *text, size_t len)
{
    uint32_t mask = dictionary->num_slots - 1, at = (uint32_t)XXH3_64bits(text, len) & mask;

    while (dictionary->slots[at] != 0 && !equals(dictionary, dictionary->slots[at] - 1, text, len)) {
        at = (at + 1) & mask;
    }
    return &dictionary->slots[at];
}

uint32_t dictionary_find(const struct dictionary *dictionary, const char *text, size_t len)
{
    return dictionary->num_slots == 0 ? DICTIONARY_NONE : *slot_of(dictionary, text, len) - 1;
}

static int grow_slots(struct dictionary *dictionary, struct err *err)
{
    uint32_t *old = dictionary->slots, old_num = dictionary->num_slots;
    uint32_t num = old_num == 0 ? MIN_SLOTS : old_num * 2;
    uint32_t *slots = calloc(num, sizeof *slots);

    if (slots == NULL) {
        return no_memory(err);
    }
    dictionary->slots = slots;
    dictionary->num_slots = num;
    for (uint32_t i = 0; i < old_num; i++) {
        if (old[i] != 0) {
            size_t len;
            const char *text = dictionary_text(dictionary, old[i] - 1, &len);
            *slot_of(dictionary, text, len) = old[i];
        }
    }
    free(old);
    return 0;
}

static int make_room(struct dictionary *dictionary, size_t len, struct err *err)
{
    if (dictionary->num == dictionary->max) {
        uint32_t max = dictionary->max == 0 ? MIN_SLOTS : dictionary->max * 2;
        uint64_t *ends = realloc(dictionary->ends, max * sizeof *ends);
        if (ends == NULL) {
            return no_memory(err);
        }
        dictionary->ends = ends;
        dictionary->max = max;
    }
    if (dictionary->bytes_len + len > dictionary->bytes_max) {
        size_t max = 2 * (dictionary->bytes_len + len) + 256;
        char *bytes = realloc(dictionary->bytes, max);
        if (bytes == NULL) {
            return no_memory(err);
        }
        dictionary->bytes = bytes;
        dictionary->bytes_max = max;
    }
    return dictionary->num * UINT64_C(2) >= dictionary->num_slots ? grow_slots(dictionary, err) : 0;
}

int dictionary_add(struct dictionary *dictionary, uint32_t *number, const char *text, size_t len, struct err *err)
{
    uint32_t found = dictionary_find(dictionary, text, len);
    int rc;

    if (found != DICTIONARY_NONE) {
        *number = found;
        return 0;
    }
    if (dictionary->num == DICTIONARY_NONE / 2) {
        return err_set(err, ERR_STORE_FULL, "a column has more distinct strings than can be numbered");
    }
    if ((rc = make_room(dictionary, len, err)) != 0) {
        return rc;
    }
    memcpy(dictionary->bytes + dictionary->bytes_len, text, len);
    dictionary->bytes_len += len;
    dictionary->ends[dictionary->num] = dictionary->bytes_len;
    *slot_of(dictionary, text, len) = ++dictionary->num;
    *number = dictionary->num - 1;
    return 0;
}

/* ---- order ---- */

static int compare_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int result = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return result != 0 ? result : (a_len > b_len) - (a_len < b_len);
}

static int by_text(const void *a, const void *b, void *user)
{
    const struct dictionary *dictionary = user;
    size_t a_len, b_len;
    const char *a_text = dictionary_text(dictionary, *(const uint32_t *)a, &a_len);
    const char *b_text = dictionary_text(dictionary, *(const uint32_t *)b, &b_len);

    return compare_text(a_text, a_len, b_text, b_len);
}

int dictionary_sort(struct dictionary *dictionary, struct err *err)
{
    uint32_t *order = malloc((dictionary->num + 1) * sizeof *order);
    uint32_t *rank = malloc((dictionary->num + 1) * sizeof *rank);

    if (order == NULL || rank == NULL) {
        free(order);
        free(rank);
        return no_memory(err);
    }
    for (uint32_t i = 0; i < dictionary->num; i++) {
        order[i] = i;
    }
    qsort_r(order, dictionary->num, sizeof *order, by_text, dictionary);
    for (uint32_t i = 0; i < dictionary->num; i++) {
        rank[order[i]] = i;
    }
    free(dictionary->order);
    free(dictionary->rank);
    dictionary->order = order;
    dictionary->rank = rank;
    return 0;
}

uint32_t dictionary_from(const struct dictionary *dictionary, const char *text, size_t len)
{
    uint32_t low = 0, high = dictionary->num;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        size_t known_len;
        const char *known = dictionary_text(dictionary, dictionary->order[middle], &known_len);
        if (compare_text(known, known_len, text, len) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
