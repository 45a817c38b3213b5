/* roster_conventions.c - codes of areas as in GB/T 2260; supervision by rule. */
#include "base/roster_conventions.h"

#include <string.h>

/* ---- codes ---- */

/* How many leading digits tell an area apart: 330000 two, 330300 four, 330302 six, longer codes all. */
static size_t significant(const char *code)
{
    size_t len = strlen(code);

    if (len != 6) {
        return len;
    }
    return strcmp(code + 2, "0000") == 0 ? 2 : strcmp(code + 4, "00") == 0 ? 4 : 6;
}

static const char *tier_of(size_t digits)
{
    return digits == 2 ? "province" : digits == 4 ? "city" : digits == 6 ? "county" : "township";
}

enum code_fault roster_code_fault(const Weft__V1__Roster *roster, const Weft__V1__Area *area)
{
    size_t len = strlen(area->code), digits = significant(area->code), above;

    if (strcmp(roster->context, CONTEXT_DEMO) == 0) {
        return CODE_IS_FINE;
    }
    if (strspn(area->code, "0123456789") != len || (len != 6 && len != 9 && len != 12)) {
        return CODE_NOT_DIGITS;
    }
    if (strcmp(area->tier, tier_of(digits)) != 0) {
        return CODE_OTHER_TIER;
    }
    above = significant(area->parent);
    return area->parent[0] == '\0' || (above < digits && strncmp(area->code, area->parent, above) == 0)
               ? CODE_IS_FINE
               : CODE_OUTSIDE_PARENT;
}

const char *code_fault_text(enum code_fault fault, enum err_lang lang)
{
    static const char *const texts[][2] = {
        [CODE_IS_FINE] = {"", ""},
        [CODE_NOT_DIGITS] = {"a code has six digits (GB/T 2260), nine or twelve for townships",
                             "代码须为六位数字（GB/T 2260），乡镇为九位或十二位"},
        [CODE_OTHER_TIER] =
            {"330000 is a province, 330300 a city, 330302 a county, longer codes townships: correct "
             "code or tier",
             "330000 为省，330300 为市，330302 为县，更长的代码为乡镇：请更正代码或层级"},
        [CODE_OUTSIDE_PARENT] = {"the code must begin as its parent's does: correct code or parent",
                                 "代码须以上级地区代码的有效位开头：请更正代码或上级地区"},
    };

    return texts[fault][lang == LANG_ZH ? 1 : 0];
}

/* ---- supervision ---- */

static const Weft__V1__Area *find_area(const Weft__V1__Roster *roster, const char *code)
{
    for (size_t i = 0; i < roster->n_areas; i++) {
        if (strcmp(roster->areas[i]->code, code) == 0) {
            return roster->areas[i];
        }
    }
    return NULL;
}

static bool has_class(const Weft__V1__Site *site, const char *wanted)
{
    for (size_t i = 0; i < site->n_classes; i++) {
        if (strcmp(site->classes[i], wanted) == 0) {
            return true;
        }
    }
    return false;
}

static const char *area_of_tier(const Weft__V1__Roster *roster, const char *code, const char *tier)
{
    const Weft__V1__Area *area = find_area(roster, code);

    for (int level = 0; area != NULL && level < ROSTER_MAX_LEVELS; level++) {
        if (strcmp(area->tier, tier) == 0) {
            return area->code;
        }
        area = find_area(roster, area->parent);
    }
    return NULL;
}

const char *roster_rule_supervisor(const Weft__V1__Roster *roster, const Weft__V1__Site *site)
{
    for (size_t i = 0; i < roster->n_supervision; i++) {
        const Weft__V1__SupervisionRule *rule = roster->supervision[i];
        if (rule->site_class[0] == '\0' || has_class(site, rule->site_class)) {
            return area_of_tier(roster, site->area, rule->tier);
        }
    }
    return NULL;
}

int roster_check_conventions(const Weft__V1__Roster *roster, struct err *err)
{
    for (size_t i = 0; i < roster->n_areas; i++) {
        enum code_fault fault = roster_code_fault(roster, roster->areas[i]);
        if (fault != CODE_IS_FINE) {
            return err_set(err, ERR_ROSTER_UNSOUND, "area %s: %s", roster->areas[i]->code,
                           code_fault_text(fault, LANG_EN));
        }
    }
    for (size_t i = 0; i < roster->n_sites; i++) {
        const Weft__V1__Site *site = roster->sites[i];
        const char *expected = roster_rule_supervisor(roster, site);
        if (expected != NULL && strcmp(expected, site->supervisor) != 0 &&
            !has_class(site, SUPERVISION_INDIVIDUAL)) {
            return err_set(
                err, ERR_ROSTER_UNSOUND,
                "site %s reports to %s, by the rules of supervision to %s: correct it, or give it the "
                "class " SUPERVISION_INDIVIDUAL,
                site->id, site->supervisor, expected);
        }
    }
    return 0;
}
