/* schema.c - the static description of the record tables, and look-ups in it. */
#include <string.h>

#include "base/suggest.h"
#include "catalogue/schema.h"

#define COLUMNS_MAX 16
#define NUM(array)  ((int)(sizeof(array) / sizeof((array)[0])))

#define ID(id, label_en, label_zh, what)                                                                     \
    {                                                                                                        \
        .name = id, .type = VALUE_ID, .en = label_en, .zh = label_zh, .note = what, .required = true         \
    }
#define CODE(id, label_en, label_zh, what, list)                                                             \
    {                                                                                                        \
        .name = id, .type = VALUE_CODE, .en = label_en, .zh = label_zh, .note = what, .codes = list          \
    }
#define TEXT(id, label_en, label_zh, what)                                                                   \
    {                                                                                                        \
        .name = id, .type = VALUE_TEXT, .en = label_en, .zh = label_zh, .note = what                         \
    }
#define NUMBER(id, number_type, number_unit, low, high, label_en, label_zh, what)                            \
    {                                                                                                        \
        .name = id, .type = number_type, .unit = number_unit, .en = label_en, .zh = label_zh, .note = what,  \
        .min = low, .max = high                                                                              \
    }
#define BOOL(id, label_en, label_zh, what)                                                                   \
    {                                                                                                        \
        .name = id, .type = VALUE_BOOL, .en = label_en, .zh = label_zh, .note = what, .max = 1               \
    }

static const char *const outcomes[] = {"alive", "dead", NULL};
static const char *const sexes[] = {"male", "female", "other", NULL};
static const char *const stay_types[] = {"admit", "readmit", "transfer", "other", NULL};

#define STAY_MAX (INT64_C(60) * 24 * 366 * 20) /* minutes: twenty years */

static const struct schema_column discharge_columns[] = {
    ID("record", "hospital stay", "住院记录号", "the hospital's own number of the stay"),
    {.name = "patient",
     .type = VALUE_ID,
     .en = "patient",
     .zh = "患者",
     .pseudonym = true,
     .note = "pseudonym; links stays of one patient inside the hospital"},
    NUMBER("age", VALUE_INT, UNIT_YEAR, 0, 130, "age", "年龄",
           "completed years at admission; 90: above 89 where "
           "the source groups them"),
    CODE("sex", "sex", "性别", "as recorded", sexes),
    {.name = "discharge_time",
     .type = VALUE_TIME,
     .en = "discharge time",
     .zh = "出院时间",
     .required = true,
     .note = "end of the hospital stay; decides the period"},
    CODE("outcome", "outcome", "离院结局", "alive or dead when leaving the hospital", outcomes),
    NUMBER("stay", VALUE_INT, UNIT_MINUTE, 0, STAY_MAX, "length of stay", "住院时长",
           "from hospital admission to hospital discharge"),
};

static const struct schema_column icu_stay_columns[] = {
    ID("record", "ICU stay", "重症监护记录号", "the hospital's own number of the stay in the unit"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    CODE("unit_type", "unit type", "监护病房类型", "as the hospital names it", NULL),
    CODE("stay_type", "kind of stay", "入科类型", "first admission, readmission, transfer, or other",
         stay_types),
    CODE("outcome", "outcome", "出科结局", "alive or dead when leaving the unit", outcomes),
    NUMBER("stay", VALUE_INT, UNIT_MINUTE, 0, STAY_MAX, "length of ICU stay", "监护时长",
           "from admission to the unit to discharge from it"),
};

static const struct schema_column icu_day1_columns[] = {
    ID("record", "first-day record", "首日记录号", "of the first day in the unit"),
    ID("icu_stay", "ICU stay", "重症监护记录号", "the ICU stay that it belongs to"),
    BOOL("thrombolysis", "thrombolysis", "溶栓治疗", "thrombolytics given"),
};

static const struct schema_column risk_score_columns[] = {
    ID("record", "score", "评分记录号", "of one prediction"),
    ID("icu_stay", "ICU stay", "重症监护记录号", "the ICU stay that it belongs to"),
    CODE("model", "model", "评分模型", "name and version of the model", NULL),
    NUMBER("predicted_mortality", VALUE_FIXED, UNIT_NONE, 0, FIXED_SCALE, "predicted hospital mortality",
           "预测住院死亡率", "probability; absent where the model gives none"),
    BOOL("died", "died in hospital", "住院死亡", "as the scoring system recorded it"),
};

static const struct schema_column treatment_columns[] = {
    ID("record", "treatment", "治疗记录号", "of one entry"),
    ID("icu_stay", "ICU stay", "重症监护记录号", "the ICU stay that it belongs to"),
    NUMBER("minute", VALUE_INT, UNIT_MINUTE, -STAY_MAX, STAY_MAX, "time", "时间",
           "minutes since admission to the unit"),
    TEXT("path", "treatment", "治疗项目", "path of terms, from general to particular, joined by |"),
};

static const struct schema_column site_fact_columns[] = {
    ID("name", "fact", "指标名", "what is stated about the hospital"),
    NUMBER("value", VALUE_INT, UNIT_NONE, 0, VALUE_LIMIT, "value", "数值", "a number, or 0 (no) and 1 (yes)"),
};

static const struct schema_table tables[SCHEMA_NUM_TABLES] = {
    [SCHEMA_DISCHARGE] = {"discharge", "hospital stays", "住院", "one row per finished hospital stay",
                          SCHEMA_NONE, SCHEMA_NONE, 4, discharge_columns, NUM(discharge_columns)},
    [SCHEMA_ICU_STAY] = {"icu_stay", "ICU stays", "重症监护住科",
                         "one row per stay in an intensive care unit", SCHEMA_DISCHARGE, 1, SCHEMA_NONE,
                         icu_stay_columns, NUM(icu_stay_columns)},
    [SCHEMA_ICU_DAY1] = {"icu_day1", "first ICU days", "监护首日",
                         "what is recorded of the first day in the unit", SCHEMA_ICU_STAY, 1, SCHEMA_NONE,
                         icu_day1_columns, NUM(icu_day1_columns)},
    [SCHEMA_RISK_SCORE] = {"risk_score", "risk scores", "风险评分", "one row per prediction of a model",
                           SCHEMA_ICU_STAY, 1, SCHEMA_NONE, risk_score_columns, NUM(risk_score_columns)},
    [SCHEMA_TREATMENT] = {"treatment", "treatments", "治疗", "one row per treatment entry of an ICU stay",
                          SCHEMA_ICU_STAY, 1, SCHEMA_NONE, treatment_columns, NUM(treatment_columns)},
    [SCHEMA_SITE_FACT] = {"site_fact", "facts about the hospital", "机构信息",
                          "one row per fact; for every period", SCHEMA_NONE, SCHEMA_NONE, SCHEMA_NONE,
                          site_fact_columns, NUM(site_fact_columns)},
};

const struct schema_table *schema_table(int table)
{
    return &tables[table];
}

static bool same_name(const char *known, const char *name, size_t len)
{
    return strlen(known) == len && memcmp(known, name, len) == 0;
}

int schema_find_table(const char *name, size_t len)
{
    for (int i = 0; i < SCHEMA_NUM_TABLES; i++) {
        if (same_name(tables[i].name, name, len))
            return i;
    }
    return SCHEMA_NONE;
}

int schema_find_column(int table, const char *name, size_t len)
{
    for (int i = 0; i < tables[table].num_columns; i++) {
        if (same_name(tables[table].columns[i].name, name, len))
            return i;
    }
    return SCHEMA_NONE;
}

const char *schema_nearest_table(const char *name)
{
    const char *known[SCHEMA_NUM_TABLES];

    for (int i = 0; i < SCHEMA_NUM_TABLES; i++)
        known[i] = tables[i].name;
    return suggest_nearest(name, known, SCHEMA_NUM_TABLES);
}

const char *schema_nearest_column(int table, const char *name)
{
    const char *known[COLUMNS_MAX];
    int num = tables[table].num_columns < COLUMNS_MAX ? tables[table].num_columns : COLUMNS_MAX;

    for (int i = 0; i < num; i++)
        known[i] = tables[table].columns[i].name;
    return suggest_nearest(name, known, (size_t)num);
}

bool schema_is_ancestor(int ancestor, int table)
{
    while (table != SCHEMA_NONE && table != ancestor)
        table = tables[table].parent;
    return table == ancestor;
}

const char *schema_type_text(enum value_type type)
{
    static const char *const names[] = {"id", "code", "text", "integer", "decimal", "yes/no", "time"};

    return names[type];
}
