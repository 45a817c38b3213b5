/* code_set.c - sets of codes as sorted ranges. */
#include <stdlib.h>
#include <string.h>

#include "catalogue/code_set.h"

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "set of codes");
}

static int add_range(struct code_set *set, const char *lo, const char *hi, struct err *err)
{
    struct code_range *range;

    if (set->num_ranges == set->max_ranges) {
        size_t larger = set->max_ranges * 2 + 8;
        struct code_range *grown = realloc(set->ranges, larger * sizeof(*grown));

        if (grown == NULL)
            return no_memory(err);
        set->ranges = grown;
        set->max_ranges = larger;
    }
    range = &set->ranges[set->num_ranges];
    range->lo = strdup(lo);
    range->hi = strdup(hi);
    if (range->lo == NULL || range->hi == NULL) {
        free(range->lo);
        free(range->hi);
        return no_memory(err);
    }
    set->num_ranges++;
    return ERR_OK;
}

/* In upper case; false when it cannot be a code. */
static bool copy_code(char out[CODE_SET_MAX_LENGTH + 2], const char *text, size_t len)
{
    if (len == 0 || len > CODE_SET_MAX_LENGTH)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
        out[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    }
    out[len] = out[len + 1] = '\0';
    return true;
}

int code_set_add(struct code_set *set, const char *text, bool exact, struct err *err)
{
    const char *dash = exact ? NULL : strchr(text, '-');
    const char *last = dash != NULL ? dash + 1 : text;
    char lo[CODE_SET_MAX_LENGTH + 2], hi[CODE_SET_MAX_LENGTH + 2];

    if (!copy_code(lo, text, dash != NULL ? (size_t)(dash - text) : strlen(text)) ||
        !copy_code(hi, last, strlen(last)) || strcmp(lo, hi) > 0)
        return err_set(err, ERR_CATALOGUE_BAD_VALUE, "%.70s is no code and no range of codes", text);
    if (exact)
        hi[strlen(hi)] = '\1'; /* no code has a control character */
    else
        hi[strlen(hi) - 1]++;
    return add_range(set, lo, hi, err);
}

int code_set_add_all(struct code_set *set, const struct code_set *other, struct err *err)
{
    int rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < other->num_ranges; i++)
        rc = add_range(set, other->ranges[i].lo, other->ranges[i].hi, err);
    return rc;
}

static int by_lo(const void *a, const void *b)
{
    return strcmp(((const struct code_range *)a)->lo, ((const struct code_range *)b)->lo);
}

static void free_range(struct code_range *range)
{
    free(range->lo);
    free(range->hi);
}

void code_set_finish(struct code_set *set)
{
    size_t num = 0;

    if (set->num_ranges == 0)
        return;
    qsort(set->ranges, set->num_ranges, sizeof(*set->ranges), by_lo);
    for (size_t i = 1; i < set->num_ranges; i++) {
        struct code_range *last = &set->ranges[num], range = set->ranges[i];

        if (strcmp(range.lo, last->hi) > 0) {
            set->ranges[++num] = range;
            continue;
        }
        if (strcmp(range.hi, last->hi) > 0) {
            char *longer = range.hi;

            range.hi = last->hi;
            last->hi = longer;
        }
        free_range(&range);
    }
    set->num_ranges = num + 1;
}

/* What is left of one range. */
static int cut(struct code_set *out, const struct code_range *range, const struct code_set *less,
               struct err *err)
{
    const char *lo = range->lo;
    int rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < less->num_ranges && strcmp(lo, range->hi) < 0; i++) {
        const struct code_range *gap = &less->ranges[i];

        if (strcmp(gap->hi, lo) <= 0)
            continue;
        if (strcmp(gap->lo, range->hi) >= 0)
            break;
        if (strcmp(gap->lo, lo) > 0)
            rc = add_range(out, lo, gap->lo, err);
        lo = gap->hi;
    }
    if (rc == ERR_OK && strcmp(lo, range->hi) < 0)
        rc = add_range(out, lo, range->hi, err);
    return rc;
}

int code_set_subtract(struct code_set *set, const struct code_set *less, struct err *err)
{
    struct code_set out = {.id = set->id};
    int rc = ERR_OK;

    for (size_t i = 0; rc == ERR_OK && i < set->num_ranges; i++)
        rc = cut(&out, &set->ranges[i], less, err);
    if (rc != ERR_OK) {
        code_set_clear(&out);
        return rc;
    }
    code_set_clear(set);
    *set = out;
    return ERR_OK;
}

static int compare(const char *text, size_t text_len, const char *bound)
{
    size_t bound_len = strlen(bound);
    int order = memcmp(text, bound, text_len < bound_len ? text_len : bound_len);

    return order != 0 ? order : (text_len > bound_len) - (text_len < bound_len);
}

bool code_set_has(const struct code_set *set, const char *text, size_t text_len)
{
    for (size_t i = 0; i < set->num_ranges; i++) {
        if (compare(text, text_len, set->ranges[i].lo) >= 0 && compare(text, text_len, set->ranges[i].hi) < 0)
            return true;
    }
    return false;
}

void code_set_clear(struct code_set *set)
{
    for (size_t i = 0; i < set->num_ranges; i++)
        free_range(&set->ranges[i]);
    free(set->ranges);
    *set = (struct code_set){.id = set->id};
}
