/* authority_import.c - areas and hospitals from comma-separated files into a draft: all rows, or none.
 *
 * Columns are found by their names in the header:
 *     areas   code, parent, tier, name_zh, name_en, leader, helper, collector_key
 *     sites   id, area, owner, supervisor, classes ("grade:tertiary;kind:general"), beds, valid_from, valid_until,
 *             name_zh, name_en, tls_name, sign_key
 * Keys (hexadecimal) and the TLS name may come from join files instead. A row whose code or id the draft holds already
 * changes that entry; where a site stands changes with a date only (move-site). Every fault is named by file, line,
 * column, field and value, with what to do; one fault, and nothing is changed. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/csv.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/roster_conventions.h"
#include "coordinator/authority_draft.h"

#define MAX_CLASSES 15
#define MAX_COLUMNS 12
#define MAX_SHOWN   100 /* faults that are printed */
#define CLASS_SPLIT ";"
#define ABSENT      SIZE_MAX

struct column {
    const char *name;
    bool required; /* in the header, and of every row */
};

struct import {
    const char *path, *joins;
    enum err_lang lang;
    struct draft draft;
    const struct column *columns;
    size_t num_columns;
    size_t at[MAX_COLUMNS]; /* by column: where it stands in the file; ABSENT */
    struct csv_row row;
    bool is_faulty; /* this row */
    char **seen;    /* codes or ids of the rows before */
    size_t num_seen, num_rows, num_added, num_changed, num_unchanged, num_rejected, num_faults;
};

/* ---------------------------------------------------------------- faults */

/* "sites.csv:12:5: area "330399": ..." */
static void fault(struct import *import, int column, const char *en, const char *zh)
{
    size_t at = import->at[column];
    bool has_cell = at != ABSENT && at < import->row.num;

    import->is_faulty = true;
    if (import->num_faults++ >= MAX_SHOWN)
        return;
    fprintf(stderr, "%s:%u:%u: %s \"", import->path, has_cell ? import->row.cells[at].line : import->row.line,
            has_cell ? import->row.cells[at].column : 1, import->columns[column].name);
    authority_print_text(stderr, has_cell ? import->row.cells[at].text : "");
    fprintf(stderr, "\": %s\n", import->lang == LANG_ZH ? zh : en);
}

/* The row's text in a column; "" when the file has no such column. */
static const char *text_of(const struct import *import, int column)
{
    size_t at = import->at[column];

    return at == ABSENT || at >= import->row.num ? "" : import->row.cells[at].text;
}

/* A copy that lives as long as the draft; NULL without memory. */
static char *keep(struct import *import, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = draft_alloc(&import->draft, size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

static char *kept_id(struct import *import, int column)
{
    const char *text = text_of(import, column);

    if (!id_is_valid(text))
        fault(import, column, "1 to 64 of A-Z a-z 0-9 . _ -", "须为 1 至 64 个 A-Z a-z 0-9 . _ - 字符");
    return keep(import, text);
}

static char *kept_name(struct import *import, int column)
{
    const char *text = text_of(import, column);

    if (text[0] == '\0' || strlen(text) > DRAFT_NAME_MAX)
        fault(import, column, "a name of 1 to 256 bytes", "名称须为 1 至 256 字节");
    return keep(import, text);
}

static int64_t time_of(struct import *import, int column)
{
    const char *text = text_of(import, column);
    struct calendar_zone zone;
    int64_t ms = 0;

    if (text[0] != '\0' &&
        (calendar_zone(&zone, NULL, NULL) != 0 || calendar_parse(&ms, text, &zone, NULL) != 0))
        fault(import, column, "a date like 2026-01-01, or empty", "日期格式如 2026-01-01，可留空");
    return ms;
}

static uint32_t number_of(struct import *import, int column)
{
    const char *text = text_of(import, column);
    unsigned long long number = 0;
    char *end = NULL;

    errno = 0;
    if (text[0] != '\0')
        number = strtoull(text, &end, 10);
    if (text[0] != '\0' &&
        (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number > UINT32_MAX)) {
        fault(import, column, "a whole number, or empty", "须为整数，可留空");
        return 0;
    }
    return (uint32_t)number;
}

/* The key in hexadecimal, or `joined` from a join file when the column is empty; with neither, len 0. */
static ProtobufCBinaryData key_of(struct import *import, int column, const uint8_t *joined)
{
    const char *text = text_of(import, column);
    ProtobufCBinaryData key = {.len = KEY_SIZE, .data = draft_alloc(&import->draft, KEY_SIZE)};
    size_t len = KEY_SIZE;

    if (key.data == NULL)
        return (ProtobufCBinaryData){0};
    if (text[0] != '\0') {
        if (!hex_decode(key.data, len, text))
            fault(import, column, "64 hexadecimal digits", "须为 64 位十六进制数字");
    } else if (joined != NULL) {
        memcpy(key.data, joined, KEY_SIZE);
    } else {
        key.len = 0;
    }
    return key;
}

/* ---------------------------------------------------------------- join files */

static bool read_if_there(struct join *join, char *path, enum join_kind kind)
{
    bool found = path != NULL && join_read(join, path, NULL) == 0;

    if (found && join->kind != kind) {
        join_clear(join);
        found = false;
    }
    free(path);
    return found;
}

/* DIR/ID.yaml or DIR/ID/join.yaml; false when neither is there or sound. */
static bool find_join(struct join *join, const struct import *import, const char *id, enum join_kind kind)
{
    char name[ID_MAX + 16];
    bool found;

    if (import->joins == NULL || !id_is_valid(id))
        return false;
    snprintf(name, sizeof name, "%s.yaml", id);
    found = read_if_there(join, file_join(import->joins, name), kind);
    snprintf(name, sizeof name, "%s/join.yaml", id);
    found = found || read_if_there(join, file_join(import->joins, name), kind);
    if (found && strcmp(join->id, id) != 0) {
        join_clear(join);
        found = false;
    }
    return found;
}

/* ---------------------------------------------------------------- areas */

enum { A_CODE, A_PARENT, A_TIER, A_NAME_ZH, A_NAME_EN, A_LEADER, A_HELPER, A_KEY };
static const struct column area_columns[] = {
    [A_CODE] = {"code", true},       [A_PARENT] = {"parent", true},      [A_TIER] = {"tier", true},
    [A_NAME_ZH] = {"name_zh", true}, [A_NAME_EN] = {"name_en", true},    [A_LEADER] = {"leader", true},
    [A_HELPER] = {"helper", true},   [A_KEY] = {"collector_key", false},
};

static void check_area(struct import *import, const Weft__V1__Area *area)
{
    const Weft__V1__Roster *roster = &import->draft.roster;
    static const char *const tiers[] = {"province", "city", "county", "township"};
    enum code_fault wrong = roster_code_fault(roster, area);
    bool is_tier = false;

    for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++)
        is_tier |= strcmp(area->tier, tiers[i]) == 0;
    if (!is_tier)
        fault(import, A_TIER, "province, city, county or township",
              "须为 province、city、county 或 township");
    else if (wrong != CODE_IS_FINE)
        fault(import, A_CODE, code_fault_text(wrong, LANG_EN), code_fault_text(wrong, LANG_ZH));
    if (area->parent[0] != '\0' && draft_find_area(roster, area->parent) == NULL)
        fault(import, A_PARENT, "no such area in the draft or above this row: put parents first",
              "草稿及本行之前均无此地区：请将上级地区排在前面");
    if (draft_find_coordinator(roster, area->leader) == NULL)
        fault(import, A_LEADER, "no such coordinator: add it first (add-coordinator)",
              "无此协调方：请先添加（add-coordinator）");
    if (draft_find_coordinator(roster, area->helper) == NULL)
        fault(import, A_HELPER, "no such coordinator: add it first (add-coordinator)",
              "无此协调方：请先添加（add-coordinator）");
    if (area->collector_key.len == 0)
        fault(import, A_KEY, "no key here, and none for this area in the leader's join file",
              "此处无密钥，主方加入文件中也没有该地区的密钥");
}

static bool same_key(const ProtobufCBinaryData *a, const ProtobufCBinaryData *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static bool same_area(const Weft__V1__Area *a, const Weft__V1__Area *b)
{
    return strcmp(a->parent, b->parent) == 0 && strcmp(a->tier, b->tier) == 0 &&
           strcmp(a->name_zh, b->name_zh) == 0 && strcmp(a->name_en, b->name_en) == 0 &&
           strcmp(a->leader, b->leader) == 0 && strcmp(a->helper, b->helper) == 0 &&
           same_key(&a->collector_key, &b->collector_key);
}

static Weft__V1__Area *read_area(struct import *import)
{
    Weft__V1__Area *area = draft_alloc(&import->draft, sizeof *area);
    const Weft__V1__Area *held = draft_find_area(&import->draft.roster, text_of(import, A_CODE));
    struct join join = {0};
    bool joined;

    if (area == NULL)
        return NULL;
    weft__v1__area__init(area);
    area->code = kept_id(import, A_CODE);
    area->parent = keep(import, text_of(import, A_PARENT));
    area->tier = keep(import, text_of(import, A_TIER));
    area->name_zh = kept_name(import, A_NAME_ZH);
    area->name_en = kept_name(import, A_NAME_EN);
    area->leader = kept_id(import, A_LEADER);
    area->helper = kept_id(import, A_HELPER);
    joined = area->leader != NULL && find_join(&join, import, area->leader, JOIN_COORDINATOR);
    area->collector_key =
        key_of(import, A_KEY, joined ? join_collector(&join, text_of(import, A_CODE)) : NULL);
    if (area->collector_key.len == 0 && held != NULL)
        area->collector_key = held->collector_key;
    join_clear(&join);
    return area->code == NULL || area->parent == NULL || area->tier == NULL || area->name_zh == NULL ||
                   area->name_en == NULL || area->leader == NULL || area->helper == NULL
               ? NULL
               : area;
}

static int import_area(struct import *import, struct err *err)
{
    Weft__V1__Roster *roster = &import->draft.roster;
    Weft__V1__Area *area = read_area(import), *held;

    if (area == NULL)
        return err_set(err, ERR_NO_MEMORY, "areas");
    check_area(import, area);
    if (import->is_faulty)
        return 0;
    if ((held = draft_find_area(roster, area->code)) != NULL) {
        import->num_unchanged += same_area(held, area);
        import->num_changed += !same_area(held, area);
        *held = *area;
        return 0;
    }
    import->num_added++;
    roster->areas = draft_grow(&import->draft, roster->areas, roster->n_areas++, area);
    return roster->areas != NULL ? 0 : err_set(err, ERR_NO_MEMORY, "areas");
}

/* ---------------------------------------------------------------- sites */

enum {
    S_ID,
    S_AREA,
    S_OWNER,
    S_SUPERVISOR,
    S_CLASSES,
    S_BEDS,
    S_FROM,
    S_UNTIL,
    S_NAME_ZH,
    S_NAME_EN,
    S_TLS_NAME,
    S_KEY
};
static const struct column site_columns[] = {
    [S_ID] = {"id", true},
    [S_AREA] = {"area", true},
    [S_OWNER] = {"owner", true},
    [S_SUPERVISOR] = {"supervisor", false},
    [S_CLASSES] = {"classes", false},
    [S_BEDS] = {"beds", false},
    [S_FROM] = {"valid_from", false},
    [S_UNTIL] = {"valid_until", false},
    [S_NAME_ZH] = {"name_zh", true},
    [S_NAME_EN] = {"name_en", true},
    [S_TLS_NAME] = {"tls_name", false},
    [S_KEY] = {"sign_key", false},
};

/* Room for one more class, which draft_set_supervisor may add. */
static bool read_classes(struct import *import, Weft__V1__Site *site)
{
    char *text = keep(import, text_of(import, S_CLASSES)), *rest = NULL;

    site->classes = draft_alloc(&import->draft, (MAX_CLASSES + 1) * sizeof *site->classes);
    if (text == NULL || site->classes == NULL)
        return false;
    for (char *part = strtok_r(text, CLASS_SPLIT, &rest); part != NULL;
         part = strtok_r(NULL, CLASS_SPLIT, &rest)) {
        if (!roster_class_is_sound(part) || site->n_classes == MAX_CLASSES) {
            fault(import, S_CLASSES, "dimension:value; dimension:value, as in grade:tertiary;kind:general",
                  "格式为 维度:值;维度:值，如 grade:tertiary;kind:general");
            return true;
        }
        site->classes[site->n_classes++] = part;
    }
    return true;
}

/* Name and key: from the row, else from the join file, else as they are. */
static void read_identity(struct import *import, Weft__V1__Site *site, const Weft__V1__Site *held)
{
    struct join join = {0};
    bool joined = find_join(&join, import, text_of(import, S_ID), JOIN_SITE);
    const char *name = text_of(import, S_TLS_NAME);

    site->sign_key = key_of(import, S_KEY,
                            joined         ? join.sign_key
                            : held != NULL ? held->sign_key.data
                                           : NULL);
    site->tls_name = keep(import, name[0] != '\0' ? name
                                  : joined        ? join.tls_name
                                  : held != NULL  ? held->tls_name
                                                  : "");
    if (site->sign_key.len == 0)
        fault(import, S_KEY, "no key here, and no sound join file of this hospital (--joins)",
              "此处无密钥，也没有该机构的加入文件（--joins）");
    if (site->tls_name != NULL && !id_is_valid(site->tls_name))
        fault(import, S_TLS_NAME, "a TLS name of 1 to 64 bytes, here or in a join file",
              "须在此处或加入文件中给出 1 至 64 字节的 TLS 名称");
    join_clear(&join);
}

static Weft__V1__Site *read_site(struct import *import, const Weft__V1__Site *held)
{
    Weft__V1__Site *site = draft_alloc(&import->draft, sizeof *site);

    if (site == NULL)
        return NULL;
    weft__v1__site__init(site);
    if (held != NULL) {
        site->former = held->former;
        site->n_former = held->n_former;
        site->successor = held->successor;
    }
    site->id = kept_id(import, S_ID);
    site->area = kept_id(import, S_AREA);
    site->owner = kept_id(import, S_OWNER);
    site->name_zh = kept_name(import, S_NAME_ZH);
    site->name_en = kept_name(import, S_NAME_EN);
    site->beds = number_of(import, S_BEDS);
    site->valid_from_ms = time_of(import, S_FROM);
    site->valid_until_ms = time_of(import, S_UNTIL);
    read_identity(import, site, held);
    return !read_classes(import, site) || site->id == NULL || site->area == NULL || site->owner == NULL ||
                   site->name_zh == NULL || site->name_en == NULL || site->tls_name == NULL
               ? NULL
               : site;
}

/* Is `code` the site's area or one above it? */
static bool is_above(const Weft__V1__Roster *roster, const char *area, const char *code)
{
    for (int level = 0; area[0] != '\0' && level < ROSTER_MAX_LEVELS; level++) {
        const Weft__V1__Area *at = draft_find_area(roster, area);
        if (at == NULL || strcmp(at->code, code) == 0)
            return at != NULL;
        area = at->parent;
    }
    return false;
}

static void check_site_place(struct import *import, const Weft__V1__Site *site, const Weft__V1__Site *held)
{
    static const char move_en[] = "differs from the draft: a move has a date, see move-site",
                      move_zh[] = "与草稿不同：变更须注明日期，见 move-site";
    const Weft__V1__Roster *roster = &import->draft.roster;

    if (draft_find_area(roster, site->area) == NULL)
        fault(import, S_AREA, "no such area: add it first (import-areas)",
              "无此地区：请先添加（import-areas）");
    else if (!is_above(roster, site->area, site->supervisor))
        fault(import, S_SUPERVISOR, "its own area or one above it", "须为所在地区或其上级");
    if (held != NULL && strcmp(held->area, site->area) != 0)
        fault(import, S_AREA, move_en, move_zh);
    if (held != NULL && strcmp(held->owner, site->owner) != 0)
        fault(import, S_OWNER, move_en, move_zh);
    if (held != NULL && strcmp(held->supervisor, site->supervisor) != 0)
        fault(import, S_SUPERVISOR, move_en, move_zh);
    if (site->valid_until_ms != 0 && site->valid_until_ms <= site->valid_from_ms)
        fault(import, S_UNTIL, "must lie after valid_from", "须晚于 valid_from");
}

/* A party joins once: id, TLS name and key are its own. */
static void check_site_is_own(struct import *import, const Weft__V1__Site *site)
{
    const Weft__V1__Roster *roster = &import->draft.roster;

    for (size_t i = 0; i < roster->n_sites + roster->n_coordinators; i++) {
        bool is_site = i < roster->n_sites;
        const Weft__V1__Site *other = is_site ? roster->sites[i] : NULL;
        const Weft__V1__Coordinator *coordinator = is_site ? NULL : roster->coordinators[i - roster->n_sites];
        if (is_site && strcmp(other->id, site->id) == 0)
            continue;
        if (strcmp(is_site ? other->tls_name : coordinator->tls_name, site->tls_name) == 0)
            fault(import, S_TLS_NAME, "belongs to another party", "已属于另一方");
        if (same_key(is_site ? &other->sign_key : &coordinator->sign_key, &site->sign_key))
            fault(import, S_KEY, "is another party's key", "该密钥已属于另一方");
    }
}

static bool same_site(const Weft__V1__Site *a, const Weft__V1__Site *b)
{
    bool same = a->n_classes == b->n_classes && a->beds == b->beds && a->valid_from_ms == b->valid_from_ms &&
                a->valid_until_ms == b->valid_until_ms && strcmp(a->name_zh, b->name_zh) == 0 &&
                strcmp(a->name_en, b->name_en) == 0 && strcmp(a->tls_name, b->tls_name) == 0 &&
                same_key(&a->sign_key, &b->sign_key);

    for (size_t i = 0; same && i < a->n_classes; i++)
        same = strcmp(a->classes[i], b->classes[i]) == 0;
    return same;
}

static int import_site(struct import *import, struct err *err)
{
    Weft__V1__Roster *roster = &import->draft.roster;
    Weft__V1__Site *held = draft_find_site(roster, text_of(import, S_ID));
    Weft__V1__Site *site = read_site(import, held);

    if (site == NULL)
        return err_set(err, ERR_NO_MEMORY, "sites");
    draft_set_supervisor(site, roster, keep(import, text_of(import, S_SUPERVISOR)));
    check_site_place(import, site, held);
    check_site_is_own(import, site);
    if (import->is_faulty)
        return 0;
    if (held != NULL) {
        import->num_unchanged += same_site(held, site);
        import->num_changed += !same_site(held, site);
        *held = *site;
        return 0;
    }
    import->num_added++;
    roster->sites = draft_grow(&import->draft, roster->sites, roster->n_sites++, site);
    return roster->sites != NULL ? 0 : err_set(err, ERR_NO_MEMORY, "sites");
}

/* ---------------------------------------------------------------- the file */

static int find_columns(struct import *import, const struct csv *csv, struct err *err)
{
    for (size_t i = 0; i < import->num_columns; i++) {
        import->at[i] = ABSENT;
        for (size_t k = 0; k < csv_num_columns(csv); k++) {
            if (strcmp(csv_column_name(csv, k), import->columns[i].name) == 0)
                import->at[i] = k;
        }
        if (import->columns[i].required && import->at[i] == ABSENT)
            return err_set(err, ERR_IMPORT_UNKNOWN_COLUMN, "%s has no column %s", import->path,
                           import->columns[i].name);
    }
    return 0;
}

static bool is_known_column(const struct import *import, const char *name)
{
    for (size_t i = 0; i < import->num_columns; i++) {
        if (strcmp(import->columns[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A misspelt optional column would be left out in silence. */
static int refuse_unknown_columns(const struct import *import, const struct csv *csv, struct err *err)
{
    for (size_t i = 0; i < csv_num_columns(csv); i++) {
        if (!is_known_column(import, csv_column_name(csv, i)))
            return err_set(err, ERR_IMPORT_UNKNOWN_COLUMN, "%s: the column %s means nothing here",
                           import->path, csv_column_name(csv, i));
    }
    return 0;
}

/* Codes and ids stand in column 0 of either file. */
static int check_is_once(struct import *import, struct err *err)
{
    char **grown;

    for (size_t i = 0; i < import->num_seen; i++) {
        if (strcmp(import->seen[i], text_of(import, 0)) == 0) {
            fault(import, 0, "stands on an earlier row too: keep one", "前面的行已有此编号：请只保留一行");
            return 0;
        }
    }
    if ((grown = realloc(import->seen, (import->num_seen + 1) * sizeof *grown)) == NULL)
        return err_set(err, ERR_NO_MEMORY, "rows");
    import->seen = grown;
    grown[import->num_seen] = keep(import, text_of(import, 0));
    return grown[import->num_seen++] != NULL ? 0 : err_set(err, ERR_NO_MEMORY, "rows");
}

static int import_row(struct import *import, const struct csv *csv, int (*row)(struct import *, struct err *),
                      struct err *err)
{
    int rc = 0;

    import->num_rows++;
    import->is_faulty = false;
    if (import->row.num != csv_num_columns(csv))
        fault(import, 0, "the row has more or fewer fields than the header", "该行的字段数与表头不一致");
    else if ((rc = check_is_once(import, err)) == 0 && !import->is_faulty)
        rc = row(import, err);
    import->num_rejected += import->is_faulty;
    return rc;
}

static int import_rows(struct import *import, struct csv *csv, int (*row)(struct import *, struct err *),
                       struct err *err)
{
    int rc;

    while ((rc = csv_next(csv, &import->row, err)) == 0 && import->row.cells != NULL) {
        if ((rc = import_row(import, csv, row, err)) != 0)
            break;
    }
    return rc;
}

static void say_counts(const struct import *import)
{
    printf(import->lang == LANG_ZH ? "共 %zu 行：新增 %zu，更改 %zu，未变 %zu，拒绝 %zu\n"
                                   : "%zu rows: %zu added, %zu changed, %zu unchanged, %zu rejected\n",
           import->num_rows, import->num_added, import->num_changed, import->num_unchanged,
           import->num_rejected);
}

static int run(struct import *import, const struct args *args, int (*row)(struct import *, struct err *),
               struct err *err)
{
    const char *draft_path = args_value(args, "roster");
    struct csv *csv = NULL;
    int rc;

    import->path = args_operand(args, 0);
    import->joins = args_value(args, "joins");
    import->lang = args_lang(args);
    if ((rc = draft_load(&import->draft, draft_path, err)) != 0 ||
        (rc = csv_open(&csv, import->path, NULL, err)) != 0 || (rc = find_columns(import, csv, err)) != 0 ||
        (rc = refuse_unknown_columns(import, csv, err)) != 0 ||
        (rc = import_rows(import, csv, row, err)) != 0)
        goto done;
    say_counts(import);
    rc = import->num_rejected > 0 ? err_set(err, ERR_IMPORT_REJECTED, "%zu of %zu rows of %s",
                                            import->num_rejected, import->num_rows, import->path)
                                  : draft_save(&import->draft, draft_path, false, err);

done:
    csv_close(&csv);
    free(import->seen);
    draft_clear(&import->draft);
    return rc;
}

int authority_import_areas(const struct args *args, struct err *err)
{
    struct import import = {.columns = area_columns,
                            .num_columns = sizeof area_columns / sizeof area_columns[0]};

    return run(&import, args, import_area, err);
}

int authority_import_sites(const struct args *args, struct err *err)
{
    struct import import = {.columns = site_columns,
                            .num_columns = sizeof site_columns / sizeof site_columns[0]};

    return run(&import, args, import_site, err);
}
