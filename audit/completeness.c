/* completeness.c - outcomes of sites, their sums, and cards. */
#include "audit/completeness.h"

#include <string.h>

static const Weft__V1__Freeze *freeze_of(const struct view *view, int site)
{
    return (const Weft__V1__Freeze *)view->freezes[view->roster->sites[site].supervisor].body;
}

static enum outcome frozen_outcome(const struct view *view, int site, const Weft__V1__FrozenReport *report)
{
    if (!view->site_is_frozen[site]) {
        return OUTCOME_LEFT_OUT;
    }
    return report->first_ms <= view_times(view).due_ms ? OUTCOME_ON_TIME : OUTCOME_LATE;
}

struct outcome_of_site completeness_of_site(const struct view *view, int site)
{
    const char *id = view->roster->sites[site].wire->id;
    const Weft__V1__Freeze *freeze = freeze_of(view, site);
    struct outcome_of_site result = {.outcome = OUTCOME_MISSING};

    if (freeze == NULL) {
        result.outcome = view_order_of(view, view->roster->sites[site].area)->document == NULL ? OUTCOME_PENDING : OUTCOME_MISSING;
        return result;
    }
    for (size_t i = 0; i < freeze->n_reports; i++) {
        const Weft__V1__FrozenReport *report = freeze->reports[i];
        if (strcmp(report->site, id) == 0) {
            return (struct outcome_of_site){.outcome = frozen_outcome(view, site, report),
                                            .first_ms = report->first_ms,
                                            .last_ms = report->time_ms};
        }
    }
    for (size_t i = 0; i < freeze->n_rejected; i++) {
        const Weft__V1__RejectedReport *report = freeze->rejected[i];
        if (strcmp(report->site, id) == 0) {
            return (struct outcome_of_site){OUTCOME_REJECTED, report->time_ms, report->time_ms,
                                            report->reason};
        }
    }
    for (size_t i = 0; i < freeze->n_dropped; i++) {
        if (strcmp(freeze->dropped[i], id) == 0) {
            result.outcome = OUTCOME_DROPPED;
        }
    }
    return result;
}

struct completeness completeness_of_area(const struct view *view, int area)
{
    struct completeness sum = {0};

    for (int i = 0; i < view->roster->num_sites; i++) {
        struct outcome_of_site site;
        if (!roster_is_within(view->roster, view->roster->sites[i].area, area)) {
            continue;
        }
        site = completeness_of_site(view, i);
        sum.expected++;
        sum.by_outcome[site.outcome]++;
        if (site.first_ms != 0 && (sum.first_ms == 0 || site.first_ms < sum.first_ms)) {
            sum.first_ms = site.first_ms;
        }
        if (site.last_ms > sum.last_ms) {
            sum.last_ms = site.last_ms;
        }
    }
    return sum;
}

int completeness_verified(const struct completeness *c)
{
    return c->by_outcome[OUTCOME_ON_TIME] + c->by_outcome[OUTCOME_LATE] + c->by_outcome[OUTCOME_LEFT_OUT];
}

int completeness_received(const struct completeness *c)
{
    return completeness_verified(c) + c->by_outcome[OUTCOME_REJECTED] + c->by_outcome[OUTCOME_DROPPED];
}

/* ---- cards ---- */

enum card card_of(const struct card_rule *rule, const enum outcome *outcomes, int num)
{
    int missing = 0, late = 0, seen = 0;

    for (int i = num - 1; i >= 0 && seen < rule->window; i--) {
        if (outcomes[i] == OUTCOME_PENDING) {
            continue;
        }
        seen++;
        late += outcomes[i] == OUTCOME_LATE || outcomes[i] == OUTCOME_LEFT_OUT;
        missing += outcomes[i] == OUTCOME_MISSING || outcomes[i] == OUTCOME_REJECTED ||
                   outcomes[i] == OUTCOME_DROPPED;
    }
    if (missing >= rule->red_missing || late >= rule->red_late) {
        return CARD_RED;
    }
    return missing >= rule->yellow_missing || late >= rule->yellow_late ? CARD_YELLOW : CARD_NONE;
}

/* ---- in words ---- */

static const struct {
    const char *name, *en, *zh;
} outcomes[OUTCOME_NUM] =
    {
        [OUTCOME_PENDING] = {"pending", "pending", "待定"},
        [OUTCOME_ON_TIME] = {"on_time", "on time", "按时"},
        [OUTCOME_LATE] = {"late", "late", "逾期"},
        [OUTCOME_REJECTED] = {"rejected", "rejected", "被拒绝"},
        [OUTCOME_DROPPED] = {"dropped", "dropped", "被剔除"},
        [OUTCOME_LEFT_OUT] = {"left_out", "left out", "未纳入"},
        [OUTCOME_MISSING] = {"missing", "missing", "未报"},
},
  cards[CARD_NUM] = {
      [CARD_NONE] = {"none", "", ""},
      [CARD_YELLOW] = {"yellow", "yellow card", "黄牌"},
      [CARD_RED] = {"red", "red card", "红牌"},
};

const char *outcome_name(enum outcome outcome)
{
    return outcomes[outcome].name;
}

const char *outcome_text(enum outcome outcome, enum err_lang lang)
{
    return lang == LANG_ZH ? outcomes[outcome].zh : outcomes[outcome].en;
}

const char *card_name(enum card card)
{
    return cards[card].name;
}

const char *card_text(enum card card, enum err_lang lang)
{
    return lang == LANG_ZH ? cards[card].zh : cards[card].en;
}
