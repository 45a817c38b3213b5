/* checker.c - unknowns are sums over an area's own sites; each thing published is a row over them. */
#include "tests/property/checker.h"

#include <stdlib.h>
#include <string.h>

#include "tests/property/others.h"
#include "tests/property/rational.h"

/* ---- combinations of opened totals ---- */

/* Columns: each (site, series without strata of its own) that has a number; rows: opened totals. */
struct openings {
    int sites[OPENINGS_COLUMNS], series[OPENINGS_COLUMNS];
    int num_columns;
    int rows[OPENINGS_ROWS][OPENINGS_COLUMNS];
    int num_rows;
};

/* Does the columns' space of rows hold anything but 0 that is 0 outside `inside`? It does if the rows lose rank
 * when the columns inside are left out. */
static bool speaks_of(const struct openings *openings, const bool *inside)
{
    struct row_space all, outside;
    int row[OPENINGS_COLUMNS], num = 0;
    bool any = false, result;

    for (int c = 0; c < openings->num_columns; c++)
        any = any || inside[c];
    if (!any)
        return false;
    row_space_init(&all, openings->num_rows, openings->num_columns);
    row_space_init(&outside, openings->num_rows, openings->num_columns);
    for (int r = 0; r < openings->num_rows; r++) {
        for (int c = 0; c < openings->num_columns; c++)
            row[c] = inside[c] ? 0 : openings->rows[r][c];
        num += row_space_add(&all, openings->rows[r]);
        num -= row_space_add(&outside, row);
    }
    result = num != 0;
    row_space_clear(&all);
    row_space_clear(&outside);
    return result;
}

static bool same_column(const struct openings *openings, int a, int b)
{
    for (int r = 0; r < openings->num_rows; r++) {
        if (openings->rows[r][a] != openings->rows[r][b])
            return false;
    }
    return true;
}

/* Numbers that always come together cannot be told apart: speak only of those sets of columns that `members`
 * (sites or owners, as bits) hold whole; one column stands for its kind. */
struct kinds {
    int columns[OPENINGS_COLUMNS];
    uint32_t members[OPENINGS_COLUMNS];
    int num;
};

static void find_kinds(struct kinds *kinds, const struct openings *openings, const uint32_t *members)
{
    kinds->num = 0;
    for (int c = 0; c < openings->num_columns; c++) {
        int k = 0;

        while (k < kinds->num && !same_column(openings, kinds->columns[k], c))
            k++;
        if (k == kinds->num) {
            kinds->columns[k] = c;
            kinds->members[k] = 0;
            kinds->num++;
        }
        kinds->members[k] |= members[c];
    }
}

static int num_bits(uint32_t bits)
{
    int num = 0;

    for (; bits; bits &= bits - 1)
        num++;
    return num;
}

/* Is there a combination that speaks of some, and of fewer than `min` members? Tries each union of kinds that
 * has so few. */
static bool isolates(const struct openings *openings, const struct kinds *kinds, int min, int from,
                     uint32_t members, bool any)
{
    if (any) {
        struct openings one = {.num_rows = openings->num_rows, .num_columns = kinds->num};
        bool inside[OPENINGS_COLUMNS];

        for (int k = 0; k < kinds->num; k++) {
            inside[k] = (kinds->members[k] & ~members) == 0;
            for (int r = 0; r < openings->num_rows; r++)
                one.rows[r][k] = openings->rows[r][kinds->columns[k]];
        }
        if (speaks_of(&one, inside))
            return true;
    }
    for (int k = from; k < kinds->num; k++) {
        uint32_t more = members | kinds->members[k];

        if (num_bits(more) < min && isolates(openings, kinds, min, k + 1, more, true))
            return true;
    }
    return false;
}

static struct verdict check_owners(const struct sample *sample)
{
    static struct openings openings;
    static struct kinds kinds;
    uint32_t members[OPENINGS_COLUMNS] = {0};

    openings.num_columns = openings.num_rows = 0;
    for (int i = 0; i < sample->num_sites; i++) {
        if (sample_is_frozen(sample, i)) {
            int owner = sample->sites[i].owner;
            members[openings.num_columns] = owner == 0 ? 0 : 1u << owner;
            openings.sites[openings.num_columns++] = i;
        }
    }
    for (int area = 0; area < sample->num_areas; area++) {
        if (!sample->is_listed[area])
            continue;
        for (int c = 0; c < openings.num_columns; c++)
            openings.rows[openings.num_rows][c] =
                sample_is_within(sample, sample->sites[openings.sites[c]].area, area);
        openings.num_rows++;
    }
    find_kinds(&kinds, &openings, members);
    if (isolates(&openings, &kinds, sample->min_sites, 0, 0, false))
        return (struct verdict){ISOLATES_OWNERS, -1, -1, "fewer than min_sites owners"};
    return (struct verdict){SOUND, -1, -1, ""};
}

static bool has_strata(const struct sample *sample, int series)
{
    return sample->series[series].is_whole && series + 1 < sample->num_series &&
           !sample->series[series + 1].is_whole;
}

static bool is_part_of(const struct sample *sample, int leaf, int series)
{
    return leaf == series || (sample->series[series].is_whole &&
                              sample->series[leaf].indicator == sample->series[series].indicator);
}

/* One indicator: its whole series and strata together. */
static struct verdict check_contributors(const struct sample *sample, int first, int end)
{
    static struct openings openings;
    static struct kinds kinds;
    uint32_t members[OPENINGS_COLUMNS] = {0};

    openings.num_columns = openings.num_rows = 0;
    for (int i = 0; i < sample->num_sites; i++) {
        for (int s = first; s < end && sample_is_frozen(sample, i); s++) {
            if (!has_strata(sample, s) && sample_contributes(sample, i, s)) {
                members[openings.num_columns] = 1u << i;
                openings.sites[openings.num_columns] = i;
                openings.series[openings.num_columns++] = s;
            }
        }
    }
    for (int area = 0; area < sample->num_areas; area++) {
        for (int s = first; s < end; s++) {
            if (!sample->is_open[area][s])
                continue;
            for (int c = 0; c < openings.num_columns; c++)
                openings.rows[openings.num_rows][c] =
                    sample_is_within(sample, sample->sites[openings.sites[c]].area, area) &&
                    is_part_of(sample, openings.series[c], s);
            openings.num_rows++;
        }
    }
    find_kinds(&kinds, &openings, members);
    if (isolates(&openings, &kinds, sample->min_sites, 0, 0, false))
        return (struct verdict){ISOLATES_CONTRIBUTORS, -1, first, "fewer than min_sites contributing sites"};
    return (struct verdict){SOUND, -1, -1, ""};
}

/* ---- small counts ---- */

/* A plane: numbers that are published together and with no others. Numerators; complements; missing counts; a
 * distribution's bins with its missing count. */
struct plane {
    int offsets[BINS + 1], num; /* cells of each series */
    int component;
};

struct builder {
    const struct year *year;
    const struct plane *plane;
    int first, end; /* series of the indicator */
    int months[OTHERS_COLUMNS], areas[OTHERS_COLUMNS], series[OTHERS_COLUMNS], offsets[OTHERS_COLUMNS];
    struct numbers *numbers;
};

static int own_value(const struct sample *sample, int area, int cell, int component)
{
    int value = 0;

    for (int i = 0; i < sample->num_sites; i++) {
        if (sample_is_frozen(sample, i) && sample->sites[i].area == area)
            value += sample->values[i][cell][component];
    }
    return value;
}

static void add_columns(struct builder *b, int month)
{
    const struct sample *sample = &b->year->months[month];

    for (int area = 0; area < sample->num_areas; area++) {
        for (int s = b->first; s < b->end; s++) {
            for (int o = 0; o < b->plane->num && !has_strata(sample, s); o++) {
                int column = b->numbers->num_columns++,
                    cell = sample->series[s].first_cell + b->plane->offsets[o];

                b->months[column] = month;
                b->areas[column] = area;
                b->series[column] = s;
                b->offsets[column] = b->plane->offsets[o];
                b->numbers->values[column] = own_value(sample, area, cell, b->plane->component);
            }
        }
    }
}

#define BOTH_MONTHS (-1)

/* The sum over the area, without what lies below open areas if `rest`; all offsets if `offset` < 0. */
static void fill_row(const struct builder *b, int *row, int month, int area, int series, int offset, bool rest)
{
    for (int c = 0; c < b->numbers->num_columns; c++) {
        const struct sample *sample = &b->year->months[b->months[c]];
        bool within = (month == BOTH_MONTHS || b->months[c] == month) &&
                      sample_is_within(sample, b->areas[c], area);

        for (int up = b->areas[c]; rest && within && up != area; up = sample->parents[up])
            within = !sample->is_open[up][series];
        row[c] =
            within && is_part_of(sample, b->series[c], series) && (offset < 0 || b->offsets[c] == offset);
    }
}

static bool has_open_below(const struct sample *sample, int area, int series)
{
    for (int i = 0; i < sample->num_areas; i++) {
        if (i != area && sample->is_open[i][series] && sample_is_within(sample, i, area))
            return true;
    }
    return false;
}

/* What a month or, of BOTH_MONTHS, the longer period says of an open series of an area. */
static void add_series(struct builder *b, int month, int area, int series)
{
    const struct sample *sample = &b->year->months[month == BOTH_MONTHS ? 0 : month];
    const bool *is_shown = month == BOTH_MONTHS ? b->year->is_shown[area] : sample->is_shown[area];
    bool any_large = false, any_shown = false; /* else their number of cases is not known */
    int row[OTHERS_COLUMNS];

    for (int o = 0; o < b->plane->num; o++) {
        int offset = b->plane->offsets[o], cell = sample->series[series].first_cell + offset;
        enum row_kind kind = is_shown[cell] ? ROW_SHOWN : sample->states_fail[area] ? ROW_UNHEARD : ROW_HIDDEN;

        fill_row(b, row, month, area, series, offset, false);
        numbers_add(b->numbers, row, kind, area, cell);
        any_large = any_large || b->numbers->rows[b->numbers->num_rows - 1].value >= sample->min_cell;
        any_shown = any_shown || kind == ROW_SHOWN;
        if (month != BOTH_MONTHS && has_open_below(sample, area, series)) {
            fill_row(b, row, month, area, series, offset, true);
            numbers_add(b->numbers, row, ROW_REST, area, cell);
        }
    }
    if (b->plane->num > 1 && any_large && any_shown) {
        fill_row(b, row, month, area, series, -1, false);
        numbers_add(b->numbers, row, ROW_SHOWN, area, -1);
    }
}

static void add_rows(struct builder *b)
{
    const struct year *year = b->year;

    for (int area = 0; area < year->months[0].num_areas; area++) {
        for (int s = b->first; s < b->end; s++) {
            for (int m = 0; m < year->num_months; m++) {
                if (year->months[m].is_open[area][s])
                    add_series(b, m, area, s);
            }
            if (year->is_open[area][s])
                add_series(b, BOTH_MONTHS, area, s);
        }
    }
}

static struct verdict check_plane(const struct year *year, const struct plane *plane, int first, int end)
{
    static struct numbers numbers;
    struct builder b = {.year = year, .plane = plane, .first = first, .end = end, .numbers = &numbers};
    int row;

    numbers_begin(&numbers, year->months[0].min_cell);
    for (int m = 0; m < year->num_months; m++)
        add_columns(&b, m);
    add_rows(&b);
    numbers_merge(&numbers);
    if ((row = numbers_find_determined(&numbers)) >= 0)
        return (struct verdict){DETERMINED, numbers.rows[row].area, numbers.rows[row].cell,
                                numbers.rows[row].kind == ROW_REST ? "of a rest block" : "of a total"};
    if ((row = numbers_find_narrow(&numbers)) >= 0)
        return (struct verdict){TOO_FEW_VALUES, numbers.rows[row].area, numbers.rows[row].cell,
                                numbers.rows[row].kind == ROW_REST ? "of a rest block" : "of a total"};
    return (struct verdict){SOUND, -1, -1, ""};
}

static struct verdict check_indicator(const struct year *year, int first, int end)
{
    const struct sample *sample = &year->months[0];
    static const struct plane planes[SAMPLE_KINDS][3] = {
        [SAMPLE_PROPORTION] = {{{0}, 1, 0}, {{0}, 1, 1}, {{1}, 1, 2}},
        [SAMPLE_RATE] = {{{0}, 1, 0}, {{0}, 1, 2}, {{1}, 1, 2}},
        [SAMPLE_DISTRIBUTION] = {{{0, 1, 2, 3}, 4, 2}},
    };
    struct verdict verdict = {SOUND, -1, -1, ""};

    for (int m = 0; m < year->num_months && verdict.finding == SOUND; m++)
        verdict = check_contributors(&year->months[m], first, end);
    for (int i = 0; i < 3 && verdict.finding == SOUND; i++) {
        const struct plane *plane = &planes[sample->series[first].kind][i];

        if (plane->num > 0)
            verdict = check_plane(year, plane, first, end);
    }
    return verdict;
}

struct verdict check_year(const struct year *year)
{
    const struct sample *sample = &year->months[0];
    struct verdict verdict = {SOUND, -1, -1, ""};

    for (int m = 0; m < year->num_months && verdict.finding == SOUND; m++)
        verdict = check_owners(&year->months[m]);
    for (int first = 0, end; first < sample->num_series && verdict.finding == SOUND; first = end) {
        for (end = first + 1; end < sample->num_series && !sample->series[end].is_whole;)
            end++;
        verdict = check_indicator(year, first, end);
    }
    return verdict;
}
