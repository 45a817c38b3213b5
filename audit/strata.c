/* strata.c - the block rule for each stratum in turn, then the combinations, until nothing changes. */
#include "audit/strata.h"

#include <stdlib.h>
#include <string.h>

#define STRATA_MAX 12 /* with more, only where the strata's blocks are the whole series' */

struct strata {
    const struct block_tree *tree;
    const bool *listed, *whole;
    const uint64_t *counts;
    int num_strata;
    unsigned min;
    uint64_t *merged; /* one stratum, by area */
    bool *known;      /* all true */
    bool *before;
    uint64_t *by_whole; /* counts of the whole series' blocks: by area, then stratum */
};

/* The counts of one stratum for the blocks under `open`. */
static void merge(uint64_t *merged, size_t stride, const struct strata *strata, const bool *open, int stratum)
{
    int num = strata->tree->num_areas;

    for (int i = 0; i < num; i++)
        merged[(size_t)i * stride] = 0;
    for (int i = 0; i < num; i++) {
        int block = strata->listed[i] ? blocks_area_of(strata->tree, open, i) : -1;

        if (block >= 0)
            merged[(size_t)block * stride] += strata->counts[(size_t)stratum * (size_t)num + (size_t)i];
    }
}

static int withhold_few(bool *open, struct strata *strata, struct err *err)
{
    int rc = 0;

    for (int s = 0; s < strata->num_strata && rc == 0; s++) {
        merge(strata->merged, 1, strata, open, s);
        rc = blocks_withhold_few_contributors(strata->tree, open, strata->merged, strata->known, strata->min,
                                              err);
    }
    return rc;
}

static bool is_in_block(const struct strata *strata, const bool *open, int whole_area, int area)
{
    return strata->whole[whole_area] && blocks_area_of(strata->tree, open, whole_area) == area;
}

/* The smaller side of the whole series' block when the strata in `side` are parted from the others. */
static uint64_t smaller_side(const struct strata *strata, int whole_area, unsigned side)
{
    uint64_t most[2] = {0};

    for (int s = 0; s < strata->num_strata; s++) {
        uint64_t count = strata->by_whole[whole_area * strata->num_strata + s];
        uint64_t *here = &most[side >> s & 1];

        *here = count > *here ? count : *here;
    }
    return most[0] < most[1] ? most[0] : most[1];
}

static bool speaks_of_few(const struct strata *strata, const bool *open, int area)
{
    int num_areas = strata->tree->num_areas, num_whole = 0;

    for (int i = 0; i < num_areas; i++)
        num_whole += is_in_block(strata, open, i, area);
    if (num_whole < 2 || strata->num_strata > STRATA_MAX)
        return num_whole >= 2;
    for (unsigned side = 1; side < 1u << (strata->num_strata - 1); side++) {
        uint64_t sum = 0;

        for (int i = 0; i < num_areas; i++)
            sum += is_in_block(strata, open, i, area) ? smaller_side(strata, i, side) : 0;
        if (sum > 0 && sum < strata->min)
            return true;
    }
    return false;
}

/* Withhold one area of which a combination speaks of few; false if there is none. */
static bool withhold_combined(bool *open, const struct strata *strata)
{
    for (int i = strata->tree->num_areas - 1; i >= 0; i--) {
        if (open[i] && speaks_of_few(strata, open, i)) {
            open[i] = false;
            return true;
        }
    }
    return false;
}

static int run(bool *open, struct strata *strata, struct err *err)
{
    size_t size = (size_t)strata->tree->num_areas * sizeof *open;
    int rc;

    memcpy(open, strata->whole, size);
    for (int s = 0; s < strata->num_strata; s++)
        merge(strata->by_whole + s, (size_t)strata->num_strata, strata, strata->whole, s);
    do {
        memcpy(strata->before, open, size);
        if ((rc = withhold_few(open, strata, err)) != 0)
            return rc;
    } while (memcmp(strata->before, open, size) != 0 || withhold_combined(open, strata));
    return 0;
}

int strata_open(bool *open, const struct block_tree *tree, const bool *listed, const bool *whole,
                const uint64_t *counts, int num_strata, unsigned min, struct err *err)
{
    size_t num = (size_t)tree->num_areas;
    struct strata strata = {.tree = tree,
                            .listed = listed,
                            .whole = whole,
                            .counts = counts,
                            .num_strata = num_strata,
                            .min = min,
                            .merged = calloc(num, sizeof *strata.merged),
                            .known = malloc(num * sizeof *strata.known),
                            .before = calloc(num, sizeof *strata.before),
                            .by_whole = calloc(num * (size_t)num_strata, sizeof *strata.by_whole)};
    int rc = 0;

    if (!strata.merged || !strata.known || !strata.before || !strata.by_whole) {
        rc = err_set(err, ERR_NO_MEMORY, "strata of %zu areas", num);
    } else {
        memset(strata.known, true, num * sizeof *strata.known);
        rc = run(open, &strata, err);
    }
    free(strata.merged);
    free(strata.known);
    free(strata.before);
    free(strata.by_whole);
    return rc;
}
