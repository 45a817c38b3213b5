/* kind.c - the table of kinds. */
#include "catalogue/kind.h"

const struct kind catalogue_kinds[KIND_NUM] = {
    {"proportion", KIND(PROPORTION), {"numerator"}, {EXPR_WANT_BOOL}, {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2},
    {"rate",
     KIND(RATE),
     {"numerator", "denominator"},
     {EXPR_WANT_NUMBER, EXPR_WANT_NUMBER},
     {ROLE(NUMERATOR), ROLE(DENOMINATOR)},
     2},
    {"mean", KIND(MEAN), {"value"}, {EXPR_WANT_NUMBER}, {ROLE(COUNT), ROLE(SUM), ROLE(SUM_OF_SQUARES)}, 3},
    {"distribution", KIND(DISTRIBUTION), {"value"}, {EXPR_WANT_NUMBER}, {ROLE(BIN)}, 1},
    {"observed_expected",
     KIND(OBSERVED_EXPECTED),
     {"observed", "expected"},
     {EXPR_WANT_BOOL, EXPR_WANT_NUMBER},
     {ROLE(NUMERATOR), ROLE(COMPLEMENT), ROLE(EXPECTED)},
     3},
    {"fact", KIND(FACT), {"numerator"}, {EXPR_WANT_BOOL}, {ROLE(NUMERATOR), ROLE(COMPLEMENT)}, 2},
};

const struct kind *catalogue_kind(Weft__V1__Kind wire)
{
    for (size_t i = 0; i < KIND_NUM; i++) {
        if (catalogue_kinds[i].wire == wire)
            return &catalogue_kinds[i];
    }
    return NULL;
}

const char *catalogue_role_text(Weft__V1__Role role)
{
    static const char *const names[] = {"none",  "numerator",   "complement",     "denominator",
                                        "count", "sum",         "sum_of_squares", "expected",
                                        "bin",   "contributes", "missing"};

    return (size_t)role < sizeof(names) / sizeof(names[0]) ? names[role] : "unknown";
}
