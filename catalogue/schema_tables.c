/* schema_tables.c - the record tables: every column with its meaning in both languages.
 *
 * Only what an indicator needs has a column. Nothing that names a person has one: no name, identity number,
 * address, telephone, nor date of birth; ages come completed. Closed lists have readable names, so that a
 * condition says what it means and a mapping says what it took for what; where the national front page
 * interface (HQMS) has a value for each, that value is understood as well. Codes in a note, as B15, are the
 * interface's. */
#include "catalogue/schema_tables.h"

#define NUM(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define COLUMN(id, column_type, label_en, label_zh, what)                                                    \
    .name = id, .type = column_type, .en = label_en, .zh = label_zh, .note = what
#define ID(id, en, zh, what)                                                                                 \
    {                                                                                                        \
        COLUMN(id, VALUE_ID, en, zh, what), .required = true                                                 \
    }
#define LINK(id, en, zh, what)                                                                               \
    {                                                                                                        \
        COLUMN(id, VALUE_ID, en, zh, what)                                                                   \
    }
#define OPEN(id, en, zh, what)                                                                               \
    {                                                                                                        \
        COLUMN(id, VALUE_CODE, en, zh, what)                                                                 \
    }
#define ICD(id, en, zh, what)                                                                                \
    {                                                                                                        \
        COLUMN(id, VALUE_CODE, en, zh, what), .upper = true                                                  \
    }
#define CODE(id, list, values, en, zh, what)                                                                 \
    {                                                                                                        \
        COLUMN(id, VALUE_CODE, en, zh, what), .codes = list, .hqms = values                                  \
    }
#define TEXT(id, en, zh, what)                                                                               \
    {                                                                                                        \
        COLUMN(id, VALUE_TEXT, en, zh, what)                                                                 \
    }
#define TIME(id, en, zh, what)                                                                               \
    {                                                                                                        \
        COLUMN(id, VALUE_TIME, en, zh, what)                                                                 \
    }
#define WHEN(id, en, zh, what)                                                                               \
    {                                                                                                        \
        COLUMN(id, VALUE_TIME, en, zh, what), .required = true                                               \
    }
#define FLAG(id, en, zh, what)                                                                               \
    {                                                                                                        \
        COLUMN(id, VALUE_BOOL, en, zh, what), .max = 1                                                       \
    }
#define WHOLE(id, value_unit, low, high, en, zh, what)                                                       \
    {                                                                                                        \
        COLUMN(id, VALUE_INT, en, zh, what), .unit = value_unit, .min = low, .max = high                     \
    }
#define DECIMAL(id, low, high, en, zh, what)                                                                 \
    {                                                                                                        \
        COLUMN(id, VALUE_FIXED, en, zh, what), .min = (low)*FIXED_SCALE, .max = (high)*FIXED_SCALE           \
    }
#define MONEY(id, en, zh, what) DECIMAL(id, 0, INT64_C(100000000), en, zh, what)

#define STAY_MAX  (INT64_C(60) * 24 * 366 * 20) /* minutes: twenty years */
#define DAYS_MAX  7320
#define VALUE_MAX INT64_C(100000000)

static const char *const outcomes[] = {"alive", "dead", NULL};
static const char *const sexes[] = {"unknown", "male", "female", "other", NULL};
static const char *const sexes_hqms[] = {"0", "1", "2", "9", NULL};
static const char *const routes[] = {"emergency", "outpatient", "transfer", "other", NULL};
static const char *const four_hqms[] = {"1", "2", "3", "9", NULL};
static const char *const dispositions[] = {"home", "transfer", "community", "against_advice",
                                           "died", "other",    NULL};
static const char *const dispositions_hqms[] = {"1", "2", "3", "4", "5", "9", NULL};
static const char *const grades[] = {"A", "B", "C", NULL};
static const char *const grades_hqms[] = {"1", "2", "3", NULL};
static const char *const conditions[] = {"present", "undetermined", "unknown", "none", NULL};
static const char *const conditions_hqms[] = {"1", "2", "3", "4", NULL};
static const char *const cures[] = {"cured", "improved", "not_cured", "died", "other", NULL};
static const char *const cures_hqms[] = {"1", "2", "3", "4", "9", NULL};
static const char *const procedure_classes[] = {"surgery", "intervention", "therapy", "diagnosis", NULL};
static const char *const procedure_classes_zh[] = {"手术", "介入治疗", "治疗性操作", "诊断性操作", NULL};
static const char *const incisions[] = {"0", "I", "II", "III", NULL};
static const char *const healings[] = {"good", "poor", "infected", "other", NULL};
static const char *const settings[] = {"inpatient", "outpatient", "emergency", "prehospital", "other", NULL};
static const char *const purposes[] = {"treatment", "prevention", "other", NULL};
static const char *const urgencies[] = {"elective", "urgent", "emergency", NULL};
static const char *const prescription_kinds[] = {"prescription", "order_line", NULL};
static const char *const verdicts[] = {"pass", "fail", "not_applicable", NULL};
static const char *const stay_types[] = {"admit", "readmit", "transfer", "other", NULL};

enum { DISCHARGE_PATIENT = 1, DISCHARGE_TIME = 2, DISCHARGE_DEPARTMENT = 3 };

static const struct schema_column discharge_columns[] = {
    ID("record", "hospital stay", "住院记录号", "the hospital's own number of the stay"),
    {COLUMN("patient", VALUE_ID, "patient", "患者", "A48; links stays of one patient inside the hospital"),
     .pseudonym = true},
    WHEN("discharge_time", "discharge time", "出院时间",
         "B15; end of the hospital stay, for the dead the time of death; decides the period"),
    OPEN("department", "discharge department", "出院科别", "B16C"),
    TIME("admission_time", "admission time", "入院时间", "B12"),
    OPEN("admission_department", "admission department", "入院科别", "B13C"),
    CODE("admission_route", routes, four_hqms, "admission route", "入院途径", "B11C: 1, 2, 3, 9"),
    WHOLE("admission_number", UNIT_NONE, 1, 9999, "admission number", "住院次数",
          "A49; how many times admitted"),
    CODE("disposition", dispositions, dispositions_hqms, "discharge disposition", "离院方式",
         "B34C: 1, 2, 3, 4, 5, 9"),
    CODE("outcome", outcomes, NULL, "outcome", "离院结局",
         "alive or dead when leaving; for sources that know no more than that"),
    WHOLE("age", UNIT_YEAR, 0, 130, "age", "年龄",
          "A14; completed years at admission; 90: above 89 where the source groups them"),
    WHOLE("age_days", UNIT_DAY, 0, 366, "age in days", "不足1周岁的年龄（天）", "A16; under one year only"),
    CODE("sex", sexes, sexes_hqms, "sex", "性别", "A12C: 0, 1, 2, 9"),
    WHOLE("stay", UNIT_MINUTE, 0, STAY_MAX, "length of stay", "住院时长",
          "from hospital admission to hospital discharge, where no times are known"),
    WHOLE("bed_days", UNIT_DAY, 0, DAYS_MAX, "bed days", "实际住院天数", "B20; within one day: 1"),
    FLAG("day_surgery", "day surgery", "日间手术",
         "B38; 1 yes, 0 no. Sources write it in opposite ways: map the values"),
    FLAG("readmission_planned", "readmission planned within 31 days", "31天内再住院计划",
         "B36C is 1 no, 2 yes: map the values"),
    ICD("pathology_code", "pathology diagnosis", "病理诊断编码", "C09C; morphology (M) code"),
    ICD("injury_code", "external cause", "损伤中毒外部原因编码", "C12C; V to Y"),
    CODE("record_grade", grades, grades_hqms, "grade of the record", "病案质量", "B30C: 1, 2, 3"),
    DECIMAL("ventilation_hours", 0, 200000, "invasive ventilation", "有创呼吸机使用时间", "C47; hours"),
    WHOLE("newborn_weight", UNIT_NONE, 0, 20000, "newborn weight at admission", "新生儿入院体重",
          "A17; grams"),
    FLAG("mainly_tcm", "treated mainly by TCM", "以中医为主治疗", "ZLLB of the TCM page is 1"),
    ICD("drg", "DRG", "DRG 分组", "from the grouper; absent: not grouped"),
    DECIMAL("drg_weight", 0, 1000, "DRG weight", "DRG 权重", "from the grouper"),
    MONEY("total_cost", "total cost", "住院总费用", "D01"),
    MONEY("self_paid_cost", "self-paid cost", "自付金额", "D09"),
    MONEY("tcm_treatment_cost", "TCM treatment cost", "中医治疗费", "D22"),
    MONEY("drug_cost", "western drug cost", "西药费", "D23"),
    MONEY("antimicrobial_cost", "antimicrobial cost", "抗菌药物费", "D23x01"),
    MONEY("patent_drug_cost", "Chinese patent drug cost", "中成药费", "D24"),
    MONEY("herbal_drug_cost", "Chinese herbal drug cost", "中草药费", "D25"),
};

enum { DIAGNOSIS_DISCHARGE = 1, DIAGNOSIS_CODE = 2 };

static const struct schema_column diagnosis_columns[] = {
    ID("record", "diagnosis", "诊断记录号", "own number below the stay"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    ICD("code", "diagnosis code", "诊断编码", "C03C, C06x01C to C06x40C; ICD-10, national clinical edition"),
    WHOLE("seq", UNIT_NONE, 0, 200, "place", "顺序", "0: principal; others from 1, as on the front page"),
    CODE("on_admission", conditions, conditions_hqms, "condition on admission", "入院病情",
         "C05C, C08: 1 present, 2 undetermined, 3 unknown, 4 none: acquired in hospital"),
    CODE("outcome", cures, cures_hqms, "outcome", "出院情况", "F05, F06: 1, 2, 3, 4, 9"),
};

enum { PROCEDURE_DISCHARGE = 1, PROCEDURE_CODE = 2 };

static const struct schema_column procedure_columns[] = {
    ID("record", "procedure", "手术操作记录号", "own number below the stay"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    ICD("code", "procedure code", "手术操作编码",
        "C14x01C, C35x01C to C35x40C; ICD-9-CM-3, national clinical edition"),
    WHOLE("seq", UNIT_NONE, 0, 200, "place", "顺序", "0: principal; others from 1"),
    TIME("at", "time", "手术操作时间", "C16, C37; often only the day is true"),
    WHOLE("level", UNIT_NONE, 1, 4, "surgery level", "手术级别", "C17, C38; for surgery and interventions"),
    CODE("class", procedure_classes, procedure_classes_zh, "class", "手术操作类别",
         "of the code in the ICD-9-CM-3 dictionary: 手术, 介入治疗, 治疗性操作, 诊断性操作"),
    CODE("incision", incisions, NULL, "incision class", "切口等级", "of C21, C42 (RC014)"),
    CODE("healing", healings, NULL, "healing", "愈合类别", "of C21, C42 (RC014): 甲 乙 丙, other"),
    OPEN("anaesthesia", "anaesthesia method", "麻醉方式", "C22, C43 (RC013)"),
    WHOLE("asa", UNIT_NONE, 1, 6, "ASA class", "ASA 分级", "F15, F16"),
    DECIMAL("hours", 0, 1000, "duration in hours", "持续时间（小时）", "F13, F14"),
};

enum { EVENT_DISCHARGE = 1, EVENT_KIND = 2, EVENT_AT = 3 };

static const struct schema_column event_columns[] = {
    ID("record", "event", "事件记录号", "of one event"),
    LINK("discharge", "hospital stay", "住院记录号", "the stay that it belongs to; empty: none"),
    {COLUMN("kind", VALUE_CODE, "kind", "事件类型",
            "ems_run, cpr, time_critical, tnm, nutrition, pain, vte, bleeding, rehab, followup, "
            "critical_value, document, bundle, adverse, infection, pressure_injury, laboratory, ..."),
     .required = true},
    WHEN("at", "time", "发生时间", "when it happened, began or was called for; decides the period"),
    CODE("setting", settings, NULL, "setting", "发生场所", "where"),
    OPEN("department", "department", "科别", "where it belongs"),
    OPEN("item", "item", "项目", "which document, test, element, device, drug, disease or scale"),
    ICD("code", "code", "编码", "ICD or other code, where the kind has one"),
    OPEN("result", "result", "结果", "verdict, grade or outcome, as the kind has it"),
    TIME("seen_at", "time seen", "到达或知悉时间", "arrival, notification"),
    TIME("due_at", "time due", "应完成时间", "where the hospital's rules give one"),
    TIME("done_at", "time done", "完成时间", "treatment, handling, signature, follow-up"),
    WHOLE("severity", UNIT_NONE, 0, 100, "severity", "分级", "stage, class, score"),
    DECIMAL("value", -VALUE_MAX, VALUE_MAX, "value", "数值", "measured or counted, in the item's usual unit"),
    WHOLE("quantity", UNIT_NONE, 0, VALUE_MAX, "quantity", "数量", "how many of how many, with `available`"),
    WHOLE("available", UNIT_NONE, 0, VALUE_MAX, "available", "总数", "how many there were"),
    FLAG("flag", "flag", "是否", "yes or no, as the kind has it: reported voluntarily, carried out, planned"),
};

enum { DRUG_ORDER_DISCHARGE = 1, DRUG_ORDER_CLASS = 2 };

static const struct schema_column drug_order_columns[] = {
    ID("record", "drug order", "医嘱记录号", "own number below the stay"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    OPEN("class", "class", "药品类别", "antimicrobial, solvent, anticoagulant, opioid, ..."),
    OPEN("drug", "drug", "药品编码", "by specification"),
    CODE("purpose", purposes, NULL, "purpose", "用药目的", "treatment or prevention"),
    OPEN("route", "route", "给药途径", "iv, oral, ..."),
    WHOLE("volume_ml", UNIT_NONE, 0, VALUE_MAX, "volume", "液体量", "millilitres"),
    WHOLE("containers", UNIT_NONE, 0, VALUE_MAX, "containers", "瓶（袋）数", "bags or bottles"),
    TIME("start", "start", "开始时间", "first given"),
    TIME("stop", "stop", "停止时间", "last given"),
    FLAG("given", "given", "是否执行", "0: ordered or considered, and not given"),
    OPEN("reason", "reason", "未用原因", "why it was not given: contraindicated, refused, ..."),
    FLAG("at_discharge", "at discharge", "出院带药", "prescribed for the time after the stay"),
};

enum { SURGERY_DISCHARGE = 1, SURGERY_CODE = 2 };

static const struct schema_column surgery_columns[] = {
    ID("record", "operation", "手术记录号", "own number below the stay"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    ICD("code", "procedure code", "手术编码", "ICD-9-CM-3"),
    WHOLE("seq", UNIT_NONE, 0, 200, "place", "顺序", "within the stay, from 1"),
    WHOLE("level", UNIT_NONE, 1, 4, "level", "手术级别", "1 to 4"),
    CODE("urgency", urgencies, NULL, "urgency", "手术类型", "elective, urgent or emergency"),
    TIME("start", "start", "开始时间", "of the operation"),
    TIME("end", "end", "结束时间", "of the operation"),
    OPEN("anaesthesia", "anaesthesia method", "麻醉方式", "absent: without the anaesthesia department"),
    WHOLE("asa", UNIT_NONE, 1, 6, "ASA class", "ASA 分级", "1 to 6"),
    FLAG("anaesthesia_complication", "complication of anaesthesia", "麻醉并发症", "due only to anaesthesia"),
    FLAG("unplanned_return", "unplanned second operation", "非计划再次手术", "in the same stay"),
    FLAG("staged", "staged", "计划分期手术", "planned in advance as a part"),
    TIME("mdt_at", "multidisciplinary discussion", "多学科讨论完成时间", "when it ended"),
    DECIMAL("min_temperature", 0, 50, "lowest core temperature", "最低核心体温", "degrees Celsius"),
    CODE("incision", incisions, NULL, "incision class", "切口等级", "0, I, II, III"),
    FLAG("prophylaxis", "antimicrobial prophylaxis", "预防使用抗菌药物", "for this operation"),
    FLAG("day_surgery", "day surgery", "日间手术", "1 yes, 0 no"),
};

enum { PRESCRIPTION_DISCHARGE = 1, PRESCRIPTION_AT = 2, PRESCRIPTION_SETTING = 3 };

static const struct schema_column prescription_columns[] = {
    ID("record", "prescription", "处方记录号", "of one prescription or order line"),
    LINK("discharge", "hospital stay", "住院记录号", "the stay that it belongs to; empty: none"),
    WHEN("at", "time", "开具时间", "when written; decides the period"),
    CODE("setting", settings, NULL, "setting", "场所", "where written"),
    CODE("kind", prescription_kinds, NULL, "kind", "类型",
         "a prescription, or one line of medication orders"),
    OPEN("department", "department", "科别", "where written"),
    FLAG("reviewed_before", "reviewed before", "事前审核", "by a pharmacist, before charging or dispensing"),
    FLAG("passed", "passed", "审核合格", "of those reviewed"),
    FLAG("commented", "commented", "点评", "in the later comment on prescriptions"),
    FLAG("acceptable", "acceptable", "点评合格", "of those commented"),
};

enum { REVIEW_DISCHARGE = 1, REVIEW_ITEM = 2 };

static const struct schema_column review_columns[] = {
    ID("record", "review", "检查记录号", "own number below the stay"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    OPEN("item", "item", "检查项目", "main_dx_choice, main_dx_code, copying, consent, iv_standard, ..."),
    CODE("verdict", verdicts, NULL, "verdict", "检查结论", "passed, failed, or not applicable"),
    TIME("at", "time", "检查时间", "when reviewed"),
    OPEN("frame", "sampling frame", "抽样范围", "all, or which sample"),
};

enum { DEVICE_DISCHARGE = 1, DEVICE_DEVICE = 2 };

static const struct schema_column device_interval_columns[] = {
    ID("record", "device", "导管记录号", "own number below the stay"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    OPEN("device", "device", "器械", "central_line, urinary_catheter, ventilator, ..."),
    TIME("inserted", "inserted", "置入时间", "when it came in"),
    TIME("removed", "removed", "拔除时间", "when it was taken out; absent: still in at discharge"),
};

enum { SPECIMEN_DISCHARGE = 1, SPECIMEN_CLASS = 2 };

static const struct schema_column specimen_columns[] = {
    ID("record", "specimen", "标本记录号", "own number below the stay"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    OPEN("class", "class", "检验类别", "pathogen, ..."),
    TIME("collected", "collected", "采集时间", "when taken"),
    TIME("sent", "sent", "送检时间", "when sent"),
};

static const struct schema_column icu_stay_columns[] = {
    ID("record", "ICU stay", "重症监护记录号", "the hospital's own number of the stay in the unit"),
    ID("discharge", "hospital stay", "住院记录号", "the hospital stay that it belongs to"),
    OPEN("unit_type", "unit type", "监护病房类型", "C48; as the hospital names it"),
    CODE("stay_type", stay_types, NULL, "kind of stay", "入科类型",
         "first admission, readmission, transfer, or other"),
    CODE("outcome", outcomes, NULL, "outcome", "出科结局", "alive or dead when leaving the unit"),
    WHOLE("stay", UNIT_MINUTE, 0, STAY_MAX, "length of ICU stay", "监护时长",
          "from admission to the unit to discharge from it, where no times are known"),
    TIME("entered", "entered", "进入时间", "C49"),
    TIME("left", "left", "退出时间", "C50"),
    FLAG("gave_up", "gave up", "放弃治疗离院", "left against advice with an irreversible disease"),
};

static const struct schema_column icu_day1_columns[] = {
    ID("record", "first-day record", "首日记录号", "of the first day in the unit"),
    ID("icu_stay", "ICU stay", "重症监护记录号", "the ICU stay that it belongs to"),
    FLAG("thrombolysis", "thrombolysis", "溶栓治疗", "thrombolytics given"),
};

static const struct schema_column risk_score_columns[] = {
    ID("record", "score", "评分记录号", "of one prediction"),
    ID("icu_stay", "ICU stay", "重症监护记录号", "the ICU stay that it belongs to"),
    OPEN("model", "model", "评分模型", "name and version of the model"),
    DECIMAL("predicted_mortality", 0, 1, "predicted hospital mortality", "预测住院死亡率",
            "probability; absent where the model gives none"),
    FLAG("died", "died in hospital", "住院死亡", "as the scoring system recorded it"),
};

static const struct schema_column treatment_columns[] = {
    ID("record", "treatment", "治疗记录号", "of one entry"),
    ID("icu_stay", "ICU stay", "重症监护记录号", "the ICU stay that it belongs to"),
    WHOLE("minute", UNIT_MINUTE, -STAY_MAX, STAY_MAX, "time", "时间", "minutes since admission to the unit"),
    TEXT("path", "treatment", "治疗项目", "path of terms, from general to particular, joined by |"),
};

enum { SITE_FACT_NAME = 1, SITE_FACT_AT = 3 };

static const struct schema_column site_fact_columns[] = {
    ID("record", "statement", "信息记录号", "of one statement"),
    {COLUMN("name", VALUE_CODE, "fact", "指标名", "what is stated about the hospital"), .required = true},
    WHOLE("value", UNIT_NONE, 0, INT64_C(1000000000000), "value", "数值", "a number, or 0 (no) and 1 (yes)"),
    TIME("at", "time", "所属时间", "any time of the period that it is stated for; absent: every period"),
    OPEN("department", "department", "科别", "or ward, specialty, laboratory; absent: the whole hospital"),
};

#define TABLE(id, label_en, label_zh, what, of_columns)                                                      \
    .name = id, .en = label_en, .zh = label_zh, .note = what, .columns = of_columns,                         \
    .num_columns = NUM(of_columns)
#define ROOT .parent = SCHEMA_NONE, .parent_column = SCHEMA_NONE
#define BELOW(table, column, cluster_column)                                                                 \
    .parent = table, .parent_column = column, .anchor = SCHEMA_NONE, .cluster = cluster_column,              \
    .person = SCHEMA_NONE

const struct schema_table schema_tables[SCHEMA_NUM_TABLES] = {
    [SCHEMA_DISCHARGE] = {TABLE("discharge", "hospital stays", "住院", "one row per finished hospital stay",
                                discharge_columns),
                          ROOT, .anchor = DISCHARGE_TIME, .cluster = DISCHARGE_DEPARTMENT,
                          .person = DISCHARGE_PATIENT},
    [SCHEMA_DIAGNOSIS] = {TABLE("diagnosis", "diagnoses", "诊断", "one row per discharge diagnosis",
                                diagnosis_columns),
                          BELOW(SCHEMA_DISCHARGE, DIAGNOSIS_DISCHARGE, DIAGNOSIS_CODE)},
    [SCHEMA_PROCEDURE] = {TABLE("procedure", "procedures", "手术操作",
                                "one row per procedure of the front page", procedure_columns),
                          BELOW(SCHEMA_DISCHARGE, PROCEDURE_DISCHARGE, PROCEDURE_CODE)},
    [SCHEMA_EVENT] = {TABLE("event", "events", "事件", "one row per timed event, of a stay or of none",
                            event_columns),
                      .parent = SCHEMA_DISCHARGE, .parent_column = EVENT_DISCHARGE, .anchor = EVENT_AT,
                      .cluster = EVENT_KIND, .person = SCHEMA_NONE, .parent_optional = true},
    [SCHEMA_DRUG_ORDER] = {TABLE("drug_order", "drug orders", "用药医嘱", "one row per drug ordered",
                                 drug_order_columns),
                           BELOW(SCHEMA_DISCHARGE, DRUG_ORDER_DISCHARGE, DRUG_ORDER_CLASS)},
    [SCHEMA_SURGERY] = {TABLE("surgery", "operations", "手术", "one row per operation in theatre",
                              surgery_columns),
                        BELOW(SCHEMA_DISCHARGE, SURGERY_DISCHARGE, SURGERY_CODE)},
    [SCHEMA_PRESCRIPTION] = {TABLE("prescription", "prescriptions", "处方",
                                   "one row per prescription or order line, of a stay or of none",
                                   prescription_columns),
                             .parent = SCHEMA_DISCHARGE, .parent_column = PRESCRIPTION_DISCHARGE,
                             .anchor = PRESCRIPTION_AT, .cluster = PRESCRIPTION_SETTING,
                             .person = SCHEMA_NONE, .parent_optional = true},
    [SCHEMA_REVIEW] = {TABLE("review", "reviews", "病历检查", "one row per reviewed item of a record",
                             review_columns),
                       BELOW(SCHEMA_DISCHARGE, REVIEW_DISCHARGE, REVIEW_ITEM)},
    [SCHEMA_DEVICE_INTERVAL] = {TABLE("device_interval", "devices", "导管使用",
                                      "one row per time that a device was in", device_interval_columns),
                                BELOW(SCHEMA_DISCHARGE, DEVICE_DISCHARGE, DEVICE_DEVICE)},
    [SCHEMA_SPECIMEN] = {TABLE("specimen", "specimens", "标本", "one row per specimen", specimen_columns),
                         BELOW(SCHEMA_DISCHARGE, SPECIMEN_DISCHARGE, SPECIMEN_CLASS)},
    [SCHEMA_ICU_STAY] = {TABLE("icu_stay", "ICU stays", "重症监护住科",
                               "one row per stay in an intensive care unit", icu_stay_columns),
                         BELOW(SCHEMA_DISCHARGE, 1, SCHEMA_NONE)},
    [SCHEMA_ICU_DAY1] = {TABLE("icu_day1", "first ICU days", "监护首日",
                               "what is recorded of the first day in the unit", icu_day1_columns),
                         BELOW(SCHEMA_ICU_STAY, 1, SCHEMA_NONE)},
    [SCHEMA_RISK_SCORE] = {TABLE("risk_score", "risk scores", "风险评分", "one row per prediction of a model",
                                 risk_score_columns),
                           BELOW(SCHEMA_ICU_STAY, 1, 2)},
    [SCHEMA_TREATMENT] = {TABLE("treatment", "treatments", "治疗",
                                "one row per treatment entry of an ICU stay", treatment_columns),
                          BELOW(SCHEMA_ICU_STAY, 1, SCHEMA_NONE)},
    [SCHEMA_SITE_FACT] = {TABLE("site_fact", "facts about the hospital", "机构信息", "one row per fact",
                                site_fact_columns),
                          ROOT, .anchor = SITE_FACT_AT, .cluster = SITE_FACT_NAME, .person = SCHEMA_NONE,
                          .timeless = true},
};
