/* roster_as_of.c - a roster as of a period: who takes part, where each stood when it began, and in which class.
 *
 * A second body is put together, borrowing from the document's, and linked like any other. */
#include "base/roster_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_NAME_MAX 320 /* bytes of "area (class)" */

/* An area of one class of another one's sites. */
struct class_area {
    Weft__V1__Area wire;
    char code[2 * ID_MAX + 2], name_zh[CLASS_NAME_MAX], name_en[CLASS_NAME_MAX];
};

struct roster_resolved {
    Weft__V1__Roster wire;
    Weft__V1__Site *sites, **site_list;
    struct class_area *classes;
    Weft__V1__Area **area_list;
};

void roster_resolved_free(struct roster_resolved *resolved)
{
    free(resolved->sites);
    free(resolved->site_list);
    free(resolved->classes);
    free(resolved->area_list);
    free(resolved);
}

static bool takes_part(const Weft__V1__Site *site, int64_t start_ms, int64_t end_ms)
{
    return site->valid_from_ms < end_ms && (site->valid_until_ms == 0 || site->valid_until_ms > start_ms);
}

/* A copy of the site, standing where it stood at `at_ms`. */
static Weft__V1__Site placed(const Weft__V1__Site *site, int64_t at_ms)
{
    static char none[1];
    Weft__V1__Site out = *site;

    for (size_t i = 0; i < site->n_former; i++) {
        if (at_ms < site->former[i]->until_ms) {
            out.area = site->former[i]->area;
            out.supervisor = site->former[i]->supervisor;
            out.owner = site->former[i]->owner;
            break;
        }
    }
    out.former = NULL;
    out.n_former = 0;
    out.successor = none;
    return out;
}

static int resolve(struct roster_resolved *resolved, const Weft__V1__Roster *wire, int64_t start_ms,
                   int64_t end_ms, struct err *err)
{
    resolved->wire = *wire;
    resolved->sites = calloc(wire->n_sites + 1, sizeof *resolved->sites);
    resolved->site_list = calloc(wire->n_sites + 1, sizeof *resolved->site_list);
    if (resolved->sites == NULL || resolved->site_list == NULL) {
        return err_set(err, ERR_NO_MEMORY, "roster");
    }
    resolved->wire.sites = resolved->site_list;
    resolved->wire.n_sites = 0;
    for (size_t i = 0; i < wire->n_sites; i++) {
        size_t at = resolved->wire.n_sites;
        if (takes_part(wire->sites[i], start_ms, end_ms)) {
            resolved->sites[at] = placed(wire->sites[i], start_ms);
            resolved->site_list[at] = &resolved->sites[at];
            resolved->wire.n_sites++;
        }
    }
    return 0;
}

/* ---- classes ---- */

const char *roster_class(const Weft__V1__Site *site, const char *dimension)
{
    size_t len = strlen(dimension);

    for (size_t i = 0; i < site->n_classes; i++) {
        if (strncmp(site->classes[i], dimension, len) == 0 && site->classes[i][len] == ':') {
            return site->classes[i] + len + 1;
        }
    }
    return ROSTER_UNCLASSIFIED;
}

static const char *class_name(const char *value, bool zh)
{
    static const struct {
        const char *value, *zh, *en;
    } names[] = {
        {"tertiary", "三级", NULL},
        {"secondary", "二级", NULL},
        {"primary", "一级", NULL},
        {"general", "综合", NULL},
        {"specialised", "专科", NULL},
        {"tcm", "中医", "traditional Chinese medicine"},
        {"maternal", "妇幼保健", "maternal and child"},
        {"public", "公立", NULL},
        {"private", "民营", NULL},
        {ROSTER_UNCLASSIFIED, "未分类", NULL},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].value, value) == 0) {
            return zh ? names[i].zh : names[i].en != NULL ? names[i].en : value;
        }
    }
    return value;
}

/* Pairs of area and class, to be sorted so that those of one class of one area lie together. */
struct member {
    Weft__V1__Site *site;
    const char *area, *value;
};

static int by_area_and_class(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = strcmp(x->area, y->area);

    return order != 0 ? order : strcmp(x->value, y->value);
}

static Weft__V1__Area *find_area(const Weft__V1__Roster *wire, const char *code)
{
    for (size_t i = 0; i < wire->n_areas; i++) {
        if (strcmp(wire->areas[i]->code, code) == 0) {
            return wire->areas[i];
        }
    }
    return NULL;
}

/* The area of one class of `whole`'s sites, appended to the resolved ones. */
static struct class_area *add_class(struct roster_resolved *resolved, size_t num, const Weft__V1__Area *whole,
                                    const char *value)
{
    struct class_area *area = &resolved->classes[num];

    area->wire = *whole;
    snprintf(area->code, sizeof area->code, "%s.%s", whole->code, value);
    snprintf(area->name_zh, sizeof area->name_zh, "%.200s（%s）", whole->name_zh, class_name(value, true));
    snprintf(area->name_en, sizeof area->name_en, "%.200s (%s)", whole->name_en, class_name(value, false));
    area->wire.code = area->code;
    area->wire.parent = whole->code;
    area->wire.tier = (char *)(uintptr_t) "class";
    area->wire.name_zh = area->name_zh;
    area->wire.name_en = area->name_en;
    resolved->area_list[resolved->wire.n_areas++] = &area->wire;
    return area;
}

/* Sorted members: give each class of an area with several an area of its own. */
static void refine(struct roster_resolved *resolved, const Weft__V1__Roster *wire, struct member *members,
                   size_t num)
{
    size_t num_classes = 0;

    for (size_t first = 0, end; first < num; first = end) {
        const Weft__V1__Area *whole = find_area(wire, members[first].area);
        struct class_area *area = NULL;
        for (end = first; end < num && strcmp(members[end].area, members[first].area) == 0; end++) {
        }
        if (whole == NULL || strcmp(members[first].value, members[end - 1].value) == 0) {
            continue;
        }
        for (size_t i = first; i < end; i++) {
            if (i == first || strcmp(members[i].value, members[i - 1].value) != 0) {
                area = add_class(resolved, num_classes++, whole, members[i].value);
            }
            members[i].site->area = area->code;
        }
    }
}

static int break_down(struct roster_resolved *resolved, const Weft__V1__Roster *wire, const char *dimension,
                      struct err *err)
{
    size_t num = resolved->wire.n_sites;
    struct member *members = calloc(num + 1, sizeof *members);

    resolved->classes = calloc(num + 1, sizeof *resolved->classes);
    resolved->area_list = calloc(wire->n_areas + num, sizeof *resolved->area_list);
    if (members == NULL || resolved->classes == NULL || resolved->area_list == NULL) {
        free(members);
        return err_set(err, ERR_NO_MEMORY, "roster");
    }
    memcpy(resolved->area_list, wire->areas, wire->n_areas * sizeof *resolved->area_list);
    resolved->wire.areas = resolved->area_list;
    for (size_t i = 0; i < num; i++) {
        Weft__V1__Site *site = &resolved->sites[i];
        members[i] = (struct member){site, site->area, roster_class(site, dimension)};
    }
    qsort(members, num, sizeof *members, by_area_and_class);
    refine(resolved, wire, members, num);
    free(members);
    return 0;
}

int roster_as_of(struct roster **out, const struct roster *roster, int64_t start_ms, int64_t end_ms,
                 const char *breakdown, struct err *err)
{
    struct roster_resolved *resolved = calloc(1, sizeof *resolved);
    struct roster *as_of = calloc(1, sizeof *as_of);
    int rc;

    if (resolved == NULL || as_of == NULL) {
        free(resolved);
        free(as_of);
        return err_set(err, ERR_NO_MEMORY, "roster");
    }
    as_of->resolved = resolved;
    as_of->wire = &resolved->wire;
    memcpy(as_of->digest, roster->digest, DIGEST_SIZE);
    if ((rc = resolve(resolved, roster->wire, start_ms, end_ms, err)) == 0 &&
        (breakdown[0] == '\0' || (rc = break_down(resolved, roster->wire, breakdown, err)) == 0) &&
        (rc = roster_build(as_of, err)) == 0) {
        *out = as_of;
        return 0;
    }
    roster_free(&as_of);
    return rc;
}
