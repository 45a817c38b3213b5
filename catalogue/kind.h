/* kind.h - what each kind of indicator needs and which slots it has; inside catalogue/ only. */
#ifndef CATALOGUE_KIND_H
#define CATALOGUE_KIND_H

#include "catalogue/catalogue.h"

#define KIND_NUM   6
#define KIND_ROLES 3
#define ROLE(name) WEFT__V1__ROLE__ROLE_##name
#define KIND(name) WEFT__V1__KIND__KIND_##name

struct kind {
    const char *name;
    Weft__V1__Kind wire;
    const char *exprs[CATALOGUE_EXPRS_MAX];
    enum expr_want want[CATALOGUE_EXPRS_MAX];
    Weft__V1__Role roles[KIND_ROLES];
    size_t num_roles;
};

extern const struct kind catalogue_kinds[KIND_NUM];

/* NULL when unknown. */
const struct kind *catalogue_kind(Weft__V1__Kind wire);

#endif
