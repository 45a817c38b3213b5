/* evaluate.c - populations and strata become vectors once; then one pass over the rows for each indicator. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "catalogue/catalogue.h"
#include "node/evaluate.h"
#include "node/vector.h"

#define ROLE(name) WEFT__V1__ROLE__ROLE_##name
#define KIND(name) WEFT__V1__KIND__KIND_##name

enum membership { MEMBER, NO_PARENT, OUTSIDE, EXCLUDED, EXCLUDED_BY_RULE /* + its number */ };

struct run {
    const struct catalogue *catalogue;
    const struct catalogue_layout *layout;
    struct tables *tables;
    int64_t begin_ms, end_ms;
    int64_t **members; /* by population: enum membership of each row; NULL until needed */
    int64_t **labels;  /* by stratification: stratum (from 1) of each row of its table */
    uint64_t *values;
    struct err *err;
};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NO_MEMORY, "evaluation");
}

/* ---- populations ---- */

/* For each row of `table` whether it names a parent that is not there. */
static int find_orphans(struct run *run, int table, int64_t *members)
{
    const struct schema_table *schema = schema_table(table);
    const struct column *link;
    const int64_t *parents;
    int rc;

    if (schema->parent == SCHEMA_NONE)
        return ERR_OK;
    if ((rc = tables_column(run->tables, table, schema->parent_column, &link, run->err)) != ERR_OK ||
        (rc = tables_rows_of(run->tables, table, schema->parent, &parents, run->err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < tables_num_rows(run->tables, table); row++) {
        if (link->values[row] != VALUE_NULL && parents[row] == VALUE_NULL)
            members[row] = NO_PARENT;
    }
    return ERR_OK;
}

/* OUTSIDE, NO_PARENT or MEMBER of the period. */
static int place_in_period(struct run *run, int table, int64_t *members)
{
    size_t num_rows = tables_num_rows(run->tables, table);
    const struct column *anchor;
    const int64_t *rows;
    int owner = table, rc;

    while (schema_table(owner)->anchor == SCHEMA_NONE)
        owner = schema_table(owner)->parent;
    if ((rc = tables_column(run->tables, owner, schema_table(owner)->anchor, &anchor, run->err)) != ERR_OK ||
        (rc = tables_rows_of(run->tables, table, owner, &rows, run->err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < num_rows; row++) {
        int64_t time = rows[row] == VALUE_NULL ? VALUE_NULL : anchor->values[rows[row]];

        if (rows[row] == VALUE_NULL)
            members[row] = NO_PARENT;
        else if (time == VALUE_NULL)
            members[row] = schema_table(owner)->timeless ? MEMBER : OUTSIDE;
        else
            members[row] = time >= run->begin_ms && time < run->end_ms ? MEMBER : OUTSIDE;
    }
    return find_orphans(run, table, members);
}

/* Members for which the condition's being known true is not `wanted` become `otherwise`. */
static int filter(struct run *run, const struct expr *condition, bool wanted, int64_t otherwise,
                  int64_t *members)
{
    int64_t *values;
    int rc;

    if (condition == NULL)
        return ERR_OK;
    if ((rc = vector_evaluate(&values, run->tables, condition->root, run->err)) != ERR_OK)
        return rc;
    for (size_t row = 0; row < tables_num_rows(run->tables, condition->root->table); row++) {
        if (members[row] == MEMBER && (values[row] == 1) != wanted)
            members[row] = otherwise;
    }
    free(values);
    return ERR_OK;
}

static int find_members(struct run *run, size_t index, const int64_t **out)
{
    const struct catalogue_population *population = &run->catalogue->populations[index];
    int64_t *members = run->members[index];
    int rc;

    if (members == NULL) {
        members = calloc(tables_num_rows(run->tables, population->table) + 1, sizeof(*members));
        if (members == NULL)
            return no_memory(run->err);
        run->members[index] = members;
        if ((rc = place_in_period(run, population->table, members)) != ERR_OK ||
            (rc = filter(run, population->where, true, EXCLUDED, members)) != ERR_OK)
            return rc;
        for (size_t i = 0; i < population->num_rules; i++) {
            if ((rc = filter(run, population->rules[i].where, false, EXCLUDED_BY_RULE + (int64_t)i,
                             members)) != ERR_OK)
                return rc;
        }
    }
    *out = members;
    return ERR_OK;
}

/* ---- strata ---- */

static int label_rows(struct run *run, const struct catalogue_strata *strata, int64_t *labels)
{
    size_t num_rows = tables_num_rows(run->tables, strata->table);
    int64_t *values;
    int rc;

    for (size_t row = 0; row < num_rows; row++)
        labels[row] = (int64_t)strata->num_values; /* the rest */
    for (size_t i = strata->num_values - 1; i > 0; i--) {
        if ((rc = vector_evaluate(&values, run->tables, strata->values[i - 1].where->root, run->err)) !=
            ERR_OK)
            return rc;
        for (size_t row = 0; row < num_rows; row++) {
            if (values[row] == 1)
                labels[row] = (int64_t)i; /* from last to first: the first that is true stays */
        }
        free(values);
    }
    return ERR_OK;
}

static int find_labels(struct run *run, const struct catalogue_strata *strata, const int64_t **out)
{
    size_t index = (size_t)(strata - run->catalogue->strata);
    int64_t *labels = run->labels[index];
    int rc;

    if (labels == NULL) {
        labels = calloc(tables_num_rows(run->tables, strata->table) + 1, sizeof(*labels));
        if (labels == NULL)
            return no_memory(run->err);
        run->labels[index] = labels;
        if ((rc = label_rows(run, strata, labels)) != ERR_OK)
            return rc;
    }
    *out = labels;
    return ERR_OK;
}

/* ---- counting ---- */

/* One row's part of a series: a few amounts for its first slots, or one bin. */
struct amounts {
    bool is_missing;
    uint64_t amount[3];
    size_t num;
    size_t bin; /* distribution: the only slot that counts */
};

static int not_countable(struct run *run, const struct catalogue_indicator *indicator)
{
    return err_set(run->err, ERR_VALUE_NOT_COUNTABLE, "indicator %s", indicator->id);
}

static size_t find_bin(const struct catalogue_indicator *indicator, int64_t value)
{
    int64_t first = indicator->bin_lower[0] * indicator->bin_unit;
    int64_t width = (indicator->bin_lower[1] - indicator->bin_lower[0]) * indicator->bin_unit;
    int64_t bin = (value - first) / width;

    return bin < (int64_t)indicator->num_bins ? (size_t)bin : indicator->num_bins - 1;
}

/* `a` and `b` are the row's values of the indicator's expressions, neither absent. */
static int amounts_of(struct run *run, const struct catalogue_indicator *indicator, int64_t a, int64_t b,
                      struct amounts *amounts)
{
    uint64_t square;

    switch (indicator->kind) {
    case KIND(PROPORTION):
    case KIND(FACT):
        *amounts = (struct amounts){.amount = {a == 1, a != 1}, .num = 2};
        return ERR_OK;
    case KIND(OBSERVED_EXPECTED):
        *amounts = (struct amounts){.amount = {a == 1, a != 1, (uint64_t)b}, .num = 3};
        return b < 0 ? not_countable(run, indicator) : ERR_OK;
    case KIND(RATE):
        *amounts = (struct amounts){.amount = {(uint64_t)a, (uint64_t)b}, .num = 2};
        return a < 0 || b < 0 ? not_countable(run, indicator) : ERR_OK;
    case KIND(MEAN):
        if (a < 0 || __builtin_mul_overflow((uint64_t)a, (uint64_t)a, &square))
            return not_countable(run, indicator);
        *amounts = (struct amounts){.amount = {1, (uint64_t)a, square}, .num = 3};
        return ERR_OK;
    default: /* distribution */
        if (a < indicator->bin_lower[0] * indicator->bin_unit)
            return not_countable(run, indicator);
        *amounts = (struct amounts){.bin = find_bin(indicator, a)};
        return ERR_OK;
    }
}

/* Saturates, so that the bound check finds it. */
static void add(uint64_t *sum, uint64_t amount)
{
    if (__builtin_add_overflow(*sum, amount, sum))
        *sum = UINT64_MAX;
}

static void count(struct run *run, size_t series, const struct amounts *amounts)
{
    const struct catalogue_place *place = &run->layout->places[series];
    uint64_t *slots = run->values + place->first_slot;

    slots[place->num_slots - 2] = 1; /* contributes */
    if (amounts->is_missing) {
        add(&slots[place->num_slots - 1], 1);
        return;
    }
    for (size_t i = 0; i < amounts->num; i++)
        add(&slots[i], amounts->amount[i]);
    if (amounts->num == 0)
        add(&slots[amounts->bin], 1);
}

/* What is counted over the rows of one population. */
struct inputs {
    size_t population;
    const int64_t *members;
    const int64_t *labels, *label_rows;   /* NULL: no strata */
    int64_t *values[CATALOGUE_EXPRS_MAX]; /* of expressions over these rows; NULL: over others */
    size_t rest;                          /* label of rows without the ancestor that is divided */
};

static int prepare(struct run *run, const struct catalogue_indicator *indicator, struct inputs *inputs)
{
    int table = run->catalogue->populations[inputs->population].table;
    int rc = find_members(run, inputs->population, &inputs->members);

    if (rc == ERR_OK && indicator->strata != NULL) {
        inputs->rest = indicator->strata->num_values;
        rc = find_labels(run, indicator->strata, &inputs->labels);
        if (rc == ERR_OK)
            rc = tables_rows_of(run->tables, table, indicator->strata->table, &inputs->label_rows, run->err);
    }
    for (size_t i = 0; rc == ERR_OK && i < CATALOGUE_EXPRS_MAX && indicator->exprs[i] != NULL; i++) {
        size_t asked = i == 0 ? indicator->population : indicator->denominator_population;

        if (asked == inputs->population)
            rc = vector_evaluate(&inputs->values[i], run->tables, indicator->exprs[i]->root, run->err);
    }
    return rc;
}

/* 0 when the row is in no stratum, else 1 + its index. */
static size_t label_of(const struct inputs *inputs, size_t row)
{
    int64_t above;

    if (inputs->labels == NULL)
        return 0;
    above = inputs->label_rows[row];
    return above == VALUE_NULL ? inputs->rest : (size_t)inputs->labels[above];
}

static int count_row(struct run *run, const struct catalogue_indicator *indicator,
                     const struct inputs *inputs, size_t series, size_t row)
{
    int64_t a = inputs->values[0] != NULL ? inputs->values[0][row] : 0;
    int64_t b = inputs->values[1] != NULL ? inputs->values[1][row] : 0;
    struct amounts amounts = {.is_missing = a == VALUE_NULL || b == VALUE_NULL};
    size_t label = label_of(inputs, row);
    int rc;

    if (!amounts.is_missing && (rc = amounts_of(run, indicator, a, b, &amounts)) != ERR_OK)
        return rc;
    count(run, series, &amounts);
    if (label != 0)
        count(run, series + label, &amounts);
    return ERR_OK;
}

static int count_rows(struct run *run, const struct catalogue_indicator *indicator,
                      const struct inputs *inputs, size_t series)
{
    int table = run->catalogue->populations[inputs->population].table;
    int rc = ERR_OK;

    for (size_t row = 0; rc == ERR_OK && row < tables_num_rows(run->tables, table); row++) {
        if (inputs->members[row] == MEMBER)
            rc = count_row(run, indicator, inputs, series, row);
    }
    return rc;
}

/* ---- counting persons ---- */

/* What is known of a person, from their rows: the largest wins. */
enum { NOBODY, MISSING, KNOWN_FALSE, KNOWN_TRUE };

static uint8_t verdict(int64_t value)
{
    return value == VALUE_NULL ? MISSING : value == 1 ? KNOWN_TRUE : KNOWN_FALSE;
}

static void count_verdict(struct run *run, size_t series, uint8_t known)
{
    const struct amounts amounts = {
        .is_missing = known == MISSING, .amount = {known == KNOWN_TRUE, known == KNOWN_FALSE}, .num = 2};

    if (known != NOBODY)
        count(run, series, &amounts);
}

/* One series: the whole (label 0) or one stratum. A row that does not say whose it is counts by itself. */
static int count_persons(struct run *run, const struct inputs *inputs, size_t series, size_t label)
{
    int table = run->catalogue->populations[inputs->population].table;
    const struct column *person;
    uint8_t *known;
    int rc;

    if ((rc = tables_column(run->tables, table, schema_table(table)->person, &person, run->err)) != ERR_OK)
        return rc;
    known = calloc(person->num_strings + 1, sizeof(*known));
    if (known == NULL)
        return no_memory(run->err);
    for (size_t row = 0; row < person->num_rows; row++) {
        uint8_t mine = verdict(inputs->values[0][row]);

        if (inputs->members[row] != MEMBER || (label != 0 && label_of(inputs, row) != label))
            continue;
        if (person->values[row] == VALUE_NULL)
            count_verdict(run, series + label, mine);
        else if (mine > known[person->values[row]])
            known[person->values[row]] = mine;
    }
    for (size_t i = 0; i < person->num_strings; i++)
        count_verdict(run, series + label, known[i]);
    free(known);
    return ERR_OK;
}

static int count_all_persons(struct run *run, const struct catalogue_indicator *indicator,
                             const struct inputs *inputs, size_t series)
{
    size_t num_strata = indicator->strata != NULL ? indicator->strata->num_values : 0;
    int rc = ERR_OK;

    for (size_t label = 0; rc == ERR_OK && label <= num_strata; label++)
        rc = count_persons(run, inputs, series, label);
    return rc;
}

/* ---- indicators ---- */

static void step(struct evaluation_steps *steps, int64_t membership)
{
    steps->rows++;
    steps->no_parent += membership == NO_PARENT;
    steps->outside += membership == OUTSIDE;
    steps->excluded += membership >= EXCLUDED;
    steps->population += membership == MEMBER;
    if (membership >= EXCLUDED_BY_RULE)
        steps->by_rule[membership - EXCLUDED_BY_RULE]++;
}

/* Over the rows of one population; `series` is the indicator's whole one, its strata follow. */
static int evaluate_over(struct run *run, const struct catalogue_indicator *indicator, size_t population,
                         size_t series, struct evaluation_steps *steps)
{
    int table = run->catalogue->populations[population].table;
    struct inputs inputs = {.population = population};
    int rc = prepare(run, indicator, &inputs);

    for (size_t row = 0; rc == ERR_OK && steps != NULL && row < tables_num_rows(run->tables, table); row++)
        step(steps, inputs.members[row]);
    if (rc == ERR_OK)
        rc = indicator->is_by_person ? count_all_persons(run, indicator, &inputs, series)
                                     : count_rows(run, indicator, &inputs, series);
    for (size_t i = 0; i < CATALOGUE_EXPRS_MAX; i++)
        free(inputs.values[i]);
    return rc;
}

static int evaluate_indicator(struct run *run, const struct catalogue_indicator *indicator, size_t series,
                              struct evaluation_steps *steps)
{
    int rc = evaluate_over(run, indicator, indicator->population, series, steps);

    if (rc == ERR_OK && indicator->denominator_population != indicator->population)
        rc = evaluate_over(run, indicator, indicator->denominator_population, series, NULL);
    return rc;
}

/* ---- the whole ---- */

char *evaluate_slot_name(const struct catalogue_layout *layout, size_t slot, char *out, size_t out_len)
{
    const Weft__V1__Slot *wire = &layout->slots[slot];
    const Weft__V1__Series *series = &layout->series[wire->series];
    char bin[16] = "";

    if (wire->role == ROLE(BIN))
        snprintf(bin, sizeof(bin), " %u", wire->bin);
    snprintf(out, out_len, "%s%s%s %s%s", series->indicator, series->stratum[0] != '\0' ? "/" : "",
             series->stratum, catalogue_role_text(wire->role), bin);
    return out;
}

static int check_bounds(const struct run *run)
{
    char name[192];

    for (size_t i = 0; i < run->layout->num_slots; i++) {
        if (run->values[i] > run->layout->slots[i].maximum)
            return err_set(run->err, ERR_BOUND_TOO_SMALL, "%s: %" PRIu64 " > %" PRIu64,
                           evaluate_slot_name(run->layout, i, name, sizeof(name)), run->values[i],
                           run->layout->slots[i].maximum);
    }
    return ERR_OK;
}

static int evaluate_all(struct run *run, struct evaluation_steps *steps)
{
    int rc = ERR_OK;

    for (size_t series = 0; rc == ERR_OK && series < run->layout->num_series; series++) {
        const struct catalogue_place *place = &run->layout->places[series];

        if (place->stratum == 0)
            rc = evaluate_indicator(run, &run->catalogue->indicators[place->indicator], series,
                                    &steps[place->indicator]);
    }
    return rc == ERR_OK ? check_bounds(run) : rc;
}

static void free_all(int64_t **vectors, size_t num)
{
    for (size_t i = 0; vectors != NULL && i < num; i++)
        free(vectors[i]);
    free(vectors);
}

int evaluate(struct evaluation *out, const struct catalogue *catalogue, const struct catalogue_layout *layout,
             struct tables *tables, int64_t begin_ms, int64_t end_ms, struct err *err)
{
    struct run run = {.catalogue = catalogue,
                      .layout = layout,
                      .tables = tables,
                      .begin_ms = begin_ms,
                      .end_ms = end_ms,
                      .err = err};
    struct evaluation result = {.num_values = layout->num_slots, .num_steps = catalogue->num_indicators};
    int rc;

    result.values = calloc(layout->num_slots + 1, sizeof(*result.values));
    result.steps = calloc(catalogue->num_indicators + 1, sizeof(*result.steps));
    run.members = calloc(catalogue->num_populations + 1, sizeof(*run.members));
    run.labels = calloc(catalogue->num_strata + 1, sizeof(*run.labels));
    run.values = result.values;
    if (result.values == NULL || result.steps == NULL || run.members == NULL || run.labels == NULL) {
        rc = no_memory(err);
        goto done;
    }
    if ((rc = evaluate_all(&run, result.steps)) != ERR_OK)
        goto done;
    *out = result;
    result = (struct evaluation){0};

done:
    free_all(run.members, catalogue->num_populations);
    free_all(run.labels, catalogue->num_strata);
    evaluation_clear(&result);
    return rc;
}

void evaluation_clear(struct evaluation *evaluation)
{
    free(evaluation->values);
    free(evaluation->steps);
    *evaluation = (struct evaluation){0};
}
