/* sample.c - draw a random province: many zeros, many small counts. */
#include "tests/property/sample.h"

#include <stdio.h>
#include <string.h>

static bool chance(struct random *random, int percent)
{
    return random_below(random, 100) < percent;
}

static int draw_count(struct random *random, int min_cell)
{
    int kind = random_below(random, 10);

    return kind < 4 ? 0 : kind < 6 ? 1 + random_below(random, min_cell) : min_cell + random_below(random, 40);
}

static void draw_tree(struct sample *sample, struct random *random)
{
    int depth[AREAS_MAX] = {0}, most = 1 + random_below(random, 4);

    sample->num_areas = 1 + random_below(random, AREAS_MAX);
    sample->parents[0] = -1;
    for (int i = 1; i < sample->num_areas; i++) {
        int parent = random_below(random, i);

        while (depth[parent] >= most)
            parent = sample->parents[parent];
        sample->parents[i] = parent;
        depth[i] = depth[parent] + 1;
    }
    for (int i = 0; i < sample->num_areas; i++) {
        sample->is_planned[i] = i == 0 || chance(random, 85);
        sample->contributes_fail[i] = chance(random, 3);
        sample->states_fail[i] = chance(random, 3);
    }
}

static void draw_sites(struct sample *sample, struct random *random)
{
    sample->num_sites = 3 + random_below(random, SITES_MAX - 2);
    for (int i = 0; i < sample->num_sites; i++) {
        struct sample_site *site = &sample->sites[i];

        *site = (struct sample_site){.area = random_below(random, sample->num_areas), .owner = i + 1};
        site->supervisor = site->area;
        while (sample->parents[site->supervisor] >= 0 && chance(random, 25))
            site->supervisor = sample->parents[site->supervisor];
        if (i > 0 && chance(random, 15))
            site->owner = sample->sites[random_below(random, i)].owner;
        if (chance(random, 5))
            site->owner = 0;
        site->reports = chance(random, 92);
        site->late = chance(random, 4);
    }
}

static void add_series(struct sample *sample, int indicator, bool is_whole, enum sample_kind kind)
{
    struct sample_series *series = &sample->series[sample->num_series++];
    int num_data = kind == SAMPLE_DISTRIBUTION ? BINS : 1;

    *series = (struct sample_series){.kind = kind,
                                     .indicator = indicator,
                                     .is_whole = is_whole,
                                     .first_cell = sample->num_cells,
                                     .num_cells = num_data + 1};
    for (int i = 0; i < num_data; i++)
        sample->present[sample->num_cells++] = kind == SAMPLE_PROPORTION ? 7 : kind == SAMPLE_RATE ? 5 : 4;
    sample->present[sample->num_cells++] = 4; /* missing */
}

static void draw_series(struct sample *sample, struct random *random)
{
    int num_indicators = 1 + random_below(random, 2);

    for (int i = 0; i < num_indicators; i++) {
        static const int numbers[] = {0, 0, 2, 3};
        enum sample_kind kind = (enum sample_kind)random_below(random, SAMPLE_KINDS);
        int num_strata = numbers[random_below(random, 4)];

        add_series(sample, i, true, kind);
        for (int s = 0; s < num_strata; s++)
            add_series(sample, i, false, kind);
    }
}

static void draw_cell(struct sample *sample, struct random *random, int site, int cell)
{
    int *values = sample->values[site][cell];

    if (sample->present[cell] & 1)
        values[0] = draw_count(random, sample->min_cell);
    if (sample->present[cell] & 2)
        values[1] = draw_count(random, sample->min_cell);
    if (sample->present[cell] & 4)
        values[2] = sample->present[cell] & 2 ? values[0] + values[1] : draw_count(random, sample->min_cell);
}

/* A whole series is the sum of its strata. */
static void add_to_whole(struct sample *sample, int site, int whole, int stratum)
{
    for (int c = 0; c < sample->series[whole].num_cells; c++) {
        for (int i = 0; i < COMPONENTS; i++)
            sample->values[site][sample->series[whole].first_cell + c][i] +=
                sample->values[site][sample->series[stratum].first_cell + c][i];
    }
}

static void draw_values(struct sample *sample, struct random *random)
{
    for (int site = 0; site < sample->num_sites; site++) {
        for (int s = 0, whole = 0; s < sample->num_series; s++) {
            const struct sample_series *series = &sample->series[s];
            bool is_sum = series->is_whole && s + 1 < sample->num_series && !series[1].is_whole;

            whole = series->is_whole ? s : whole;
            for (int c = 0; !is_sum && c < series->num_cells; c++) {
                bool is_missing = c == series->num_cells - 1;

                if (chance(random, is_missing ? 30 : 75))
                    draw_cell(sample, random, site, series->first_cell + c);
            }
            if (!series->is_whole)
                add_to_whole(sample, site, whole, s);
        }
    }
}

static void draw_fallback(struct sample *sample, struct random *random)
{
    sample->fell_back = chance(random, 25);
    sample->top_returns = chance(random, 75);
    for (int i = 1; i < sample->num_areas; i++) {
        sample->has_own_order[i] = sample->parents[i] == 0 && chance(random, 80);
        sample->is_slow[i] = chance(random, 20);
    }
}

void sample_draw(struct sample *sample, uint64_t seed)
{
    static const int min_cells[] = {3, 3, 4, 5, 6, 10};
    static const int coverages[] = {0, 0, 50, 80};
    struct random random = {seed};

    memset(sample, 0, sizeof *sample);
    sample->seed = seed;
    random_next(&random);
    sample->min_sites = 3 + (chance(&random, 25) ? random_below(&random, 3) : 0);
    sample->min_cell = min_cells[random_below(&random, 6)];
    sample->min_coverage = coverages[random_below(&random, 4)];
    draw_tree(sample, &random);
    draw_sites(sample, &random);
    draw_series(sample, &random);
    draw_values(sample, &random);
    draw_fallback(sample, &random);
}

/* Another month: who reports, what, and what fails anew. */
static void draw_next(struct sample *next, const struct sample *before, struct random *random)
{
    *next = *before;
    memset(next->values, 0, sizeof next->values);
    for (int i = 0; i < next->num_sites; i++) {
        next->sites[i].reports = chance(random, 92);
        next->sites[i].late = chance(random, 4);
    }
    for (int i = 0; i < next->num_areas; i++)
        next->states_fail[i] = chance(random, 3);
    draw_values(next, random);
    draw_fallback(next, random);
}

void year_draw(struct year *year, uint64_t seed)
{
    struct random random = {~seed};

    memset(year, 0, sizeof *year);
    sample_draw(&year->months[0], seed);
    random_next(&random);
    year->num_months = chance(&random, 25) ? 2 : 1;
    if (year->num_months == 2)
        draw_next(&year->months[1], &year->months[0], &random);
}

bool sample_is_in_freeze(const struct sample *sample, int site)
{
    return sample->sites[site].reports && !sample->sites[site].late;
}

/* The child of the top at or above the area; 0 for the top itself. */
static int subtree_of(const struct sample *sample, int area)
{
    while (area != 0 && sample->parents[area] != 0)
        area = sample->parents[area];
    return area;
}

/* A subtree's own order names the freezes in the subtree alone. A late order counts no subtree by itself. */
bool sample_is_frozen(const struct sample *sample, int site)
{
    int subtree = subtree_of(sample, sample->sites[site].area);

    return sample_is_in_freeze(sample, site) &&
           (!sample->fell_back || subtree == 0 ||
            (sample->has_own_order[subtree] && sample->sites[site].supervisor != 0));
}

bool sample_is_within(const struct sample *sample, int area, int above)
{
    int subtree = subtree_of(sample, area);

    if (above == 0 && sample->fell_back && subtree != 0)
        return sample->has_own_order[subtree] && !sample->is_slow[subtree];
    while (area >= 0 && area != above)
        area = sample->parents[area];
    return area == above;
}

bool sample_contributes(const struct sample *sample, int site, int series)
{
    const struct sample_series *s = &sample->series[series];

    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        for (int i = 0; i < COMPONENTS; i++) {
            if (sample->values[site][c][i] > 0)
                return true;
        }
    }
    return false;
}

static void print_month(const struct sample *sample)
{
    printf("seed %llu: min_sites %d, min_cell %d, coverage %d\n", (unsigned long long)sample->seed,
           sample->min_sites, sample->min_cell, sample->min_coverage);
    if (sample->fell_back)
        printf("the top was gone, and %s\n", sample->top_returns ? "came back" : "did not come back");
    for (int i = 0; i < sample->num_areas; i++) {
        printf("area %d under %d%s%s%s%s%s open:", i, sample->parents[i],
               sample->fell_back && sample->has_own_order[i] ? " with its own order" : "",
               sample->fell_back && sample->has_own_order[i] && sample->is_slow[i] ? ", slow" : "",
               sample->is_planned[i] ? "" : " unplanned", sample->is_listed[i] ? " listed" : "",
               sample->states_fail[i] ? " without states" : "");
        for (int s = 0; s < sample->num_series; s++)
            printf("%s", sample->is_open[i][s] ? " 1" : " 0");
        printf(" shown:");
        for (int c = 0; c < sample->num_cells; c++)
            printf("%s", sample->is_shown[i][c] ? " 1" : " 0");
        printf("\n");
    }
    for (int i = 0; i < sample->num_sites; i++) {
        printf("site %d in %d owner %d%s:", i, sample->sites[i].area, sample->sites[i].owner,
               sample_is_frozen(sample, i) ? "" : " not frozen");
        for (int c = 0; c < sample->num_cells; c++)
            printf(" %d/%d/%d", sample->values[i][c][0], sample->values[i][c][1], sample->values[i][c][2]);
        printf("\n");
    }
}

void year_print(const struct year *year)
{
    const struct sample *first = &year->months[0];

    for (int m = 0; m < year->num_months; m++) {
        printf("month %d, ", m);
        print_month(&year->months[m]);
    }
    for (int i = 0; year->num_months > 1 && i < first->num_areas; i++) {
        printf("both months, area %d open:", i);
        for (int s = 0; s < first->num_series; s++)
            printf("%s", year->is_open[i][s] ? " 1" : " 0");
        printf(" shown:");
        for (int c = 0; c < first->num_cells; c++)
            printf("%s", year->is_shown[i][c] ? " 1" : " 0");
        printf("\n");
    }
}
