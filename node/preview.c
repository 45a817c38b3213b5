/* preview.c - per indicator the way from rows to population, then each series with its quotient. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/preview.h"

#define KIND(name) WEFT__V1__KIND__KIND_##name

struct page {
    FILE *out;
    const struct catalogue *catalogue;
    const struct catalogue_layout *layout;
    const struct evaluation *evaluation;
    enum err_lang lang;
};

static const char *say(const struct page *page, const char *en, const char *zh)
{
    return page->lang == LANG_ZH ? zh : en;
}

static const char *name(const struct page *page, const struct catalogue_name *names)
{
    return say(page, names->en, names->zh);
}

/* What each rule took; nothing when there is only one condition. */
static void print_rules(const struct page *page, const struct catalogue_population *population,
                        const struct evaluation_steps *steps)
{
    for (size_t i = 0; i < population->num_rules && population->rules[i].id[0] != '\0'; i++)
        fprintf(page->out, "    %s %s [%s]: %" PRIu64 "\n", say(page, "excluded:", "排除："),
                name(page, &population->rules[i].name), population->rules[i].id, steps->by_rule[i]);
}

static void print_steps(const struct page *page, const struct evaluation_steps *steps)
{
    fprintf(page->out, "  %s %" PRIu64, say(page, "rows", "记录"), steps->rows);
    if (steps->no_parent > 0)
        fprintf(page->out, ", %s %" PRIu64, say(page, "without their hospital stay", "缺少所属住院记录"),
                steps->no_parent);
    fprintf(page->out, ", %s %" PRIu64 ", %s %" PRIu64 ", %s %" PRIu64 "\n",
            say(page, "outside the period", "统计周期外"), steps->outside,
            say(page, "not in the population", "不属于统计人群"), steps->excluded,
            say(page, "population", "统计人群"), steps->population);
}

/* `value` / `divisor`, both integers, with a multiplier for display; "-" when nothing is divided by. */
static void print_quotient(const struct page *page, uint64_t value, uint64_t divisor, double factor,
                           const char *unit)
{
    if (divisor == 0)
        fputs(" = -", page->out);
    else
        fprintf(page->out, " = %.4g %s", (double)value / (double)divisor * factor, unit);
}

static void print_parts(const struct page *page, uint64_t numerator, uint64_t denominator)
{
    fprintf(page->out, "%s %" PRIu64 " / %s %" PRIu64, say(page, "numerator", "分子"), numerator,
            say(page, "denominator", "分母"), denominator);
}

static void print_proportion(const struct page *page, const struct catalogue_indicator *indicator,
                             const uint64_t *slots)
{
    print_parts(page, slots[0], slots[0] + slots[1]);
    print_quotient(page, slots[0], slots[0] + slots[1], (double)indicator->per, indicator->unit);
}

static void print_rate(const struct page *page, const struct catalogue_indicator *indicator,
                       const uint64_t *slots)
{
    print_parts(page, slots[0], slots[1]);
    print_quotient(page, slots[0], slots[1], (double)indicator->per, indicator->unit);
}

static void print_mean(const struct page *page, const struct catalogue_indicator *indicator,
                       const uint64_t *slots)
{
    fprintf(page->out, "%s %" PRIu64 " / %s %" PRIu64, say(page, "sum", "总和"), slots[1],
            say(page, "cases", "例数"), slots[0]);
    print_quotient(page, slots[1], slots[0], 1.0 / (double)indicator->scale, indicator->unit);
}

static void print_expected(const struct page *page, const struct catalogue_indicator *indicator,
                           const uint64_t *slots)
{
    fprintf(page->out, "%s %" PRIu64 " / %s %" PRIu64 ".%06" PRIu64 " (%s %" PRIu64 ")",
            say(page, "observed", "实际"), slots[0], say(page, "expected", "预期"),
            slots[2] / indicator->scale, slots[2] % indicator->scale, say(page, "cases", "例数"),
            slots[0] + slots[1]);
    print_quotient(page, slots[0], slots[2], (double)indicator->scale, indicator->unit);
}

/* The bin that holds the middle case, the lower of two. */
static size_t median_bin(const uint64_t *bins, size_t num_bins, uint64_t cases)
{
    uint64_t seen = 0;

    for (size_t i = 0; i < num_bins; i++) {
        seen += bins[i];
        if (2 * seen >= cases)
            return i;
    }
    return num_bins - 1;
}

static void print_distribution(const struct page *page, const struct catalogue_indicator *indicator,
                               const uint64_t *slots)
{
    uint64_t cases = 0;

    for (size_t i = 0; i < indicator->num_bins; i++)
        cases += slots[i];
    fprintf(page->out, "%s %" PRIu64, say(page, "cases", "例数"), cases);
    if (cases == 0)
        return;
    fprintf(page->out, ", %s %" PRId64 " %s", say(page, "median in the bin from", "中位数所在区间下限"),
            indicator->bin_lower[median_bin(slots, indicator->num_bins, cases)], indicator->unit);
    fputs("\n     ", page->out);
    for (size_t i = 0; i < indicator->num_bins; i++)
        fprintf(page->out, " %" PRId64 "%s:%" PRIu64, indicator->bin_lower[i],
                i + 1 == indicator->num_bins ? "+" : "", slots[i]);
    fputs("\n     ", page->out);
}

static void print_series(const struct page *page, size_t index)
{
    const struct catalogue_place *place = &page->layout->places[index];
    const struct catalogue_indicator *indicator = &page->catalogue->indicators[place->indicator];
    const uint64_t *slots = page->evaluation->values + place->first_slot;

    fprintf(page->out, "    %s: ",
            place->stratum == 0 ? say(page, "all", "合计")
                                : name(page, &indicator->strata->values[place->stratum - 1].name));
    switch (indicator->kind) {
    case KIND(RATE):
        print_rate(page, indicator, slots);
        break;
    case KIND(MEAN):
        print_mean(page, indicator, slots);
        break;
    case KIND(DISTRIBUTION):
        print_distribution(page, indicator, slots);
        break;
    case KIND(OBSERVED_EXPECTED):
        print_expected(page, indicator, slots);
        break;
    default:
        print_proportion(page, indicator, slots);
        break;
    }
    fprintf(page->out, "; %s %" PRIu64 "\n", say(page, "missing", "缺失"), slots[place->num_slots - 1]);
}

static void print_indicator(const struct page *page, size_t index)
{
    const struct catalogue_indicator *indicator = &page->catalogue->indicators[index];

    fprintf(page->out, "%s [%s]\n  %s: %s\n", name(page, &indicator->name), indicator->id,
            say(page, "population", "统计人群"),
            name(page, &page->catalogue->populations[indicator->population].name));
    print_steps(page, &page->evaluation->steps[index]);
    print_rules(page, &page->catalogue->populations[indicator->population], &page->evaluation->steps[index]);
}

int preview_text(char **text, const struct catalogue *catalogue, const struct catalogue_layout *layout,
                 const struct evaluation *evaluation, enum err_lang lang, struct err *err)
{
    struct page page = {NULL, catalogue, layout, evaluation, lang};
    char *buffer = NULL;
    size_t len;
    bool failed;

    page.out = open_memstream(&buffer, &len);
    if (page.out == NULL)
        return err_set(err, ERR_NO_MEMORY, "preview");
    fprintf(page.out, "%s (%s, %s %s)\n", name(&page, &catalogue->name), catalogue->id,
            say(&page, "version", "版本"), catalogue->version);
    for (size_t i = 0; i < layout->num_series; i++) {
        if (layout->places[i].stratum == 0)
            print_indicator(&page, layout->places[i].indicator);
        print_series(&page, i);
    }
    failed = ferror(page.out) != 0;
    if (fclose(page.out) != 0 || failed) {
        free(buffer);
        return err_set(err, ERR_NO_MEMORY, "preview");
    }
    *text = buffer;
    return ERR_OK;
}
