/* roster_conventions.h - what the authority keeps when it writes a roster, and no program depends on: codes of areas,
 * and who supervises whom.
 *
 * Codes follow GB/T 2260 outside demonstrations: 330000 a province, 330300 a city, 330302 a county, nine or twelve digits
 * a township; each begins as its parent does. Codes of special zones fit, since only digits, length and prefix are asked.
 *
 * Rules of supervision (Roster.supervision) say by class in which tier a site's supervisor stands, independent of
 * geography: the site belongs to its own county in every total. A site that reports elsewhere says so by the class
 * "supervision:individual". */
#ifndef BASE_ROSTER_CONVENTIONS_H
#define BASE_ROSTER_CONVENTIONS_H

#include "base/roster.h"

#define SUPERVISION_INDIVIDUAL "supervision:individual"

enum code_fault { CODE_IS_FINE, CODE_NOT_DIGITS, CODE_OTHER_TIER, CODE_OUTSIDE_PARENT };
/* What is wrong with the area's code, given its tier and parent; demonstrations may use any code. */
enum code_fault roster_code_fault(const Weft__V1__Roster *roster, const Weft__V1__Area *area);
const char *code_fault_text(enum code_fault fault, enum err_lang lang);

/* The area that the first fitting rule names: of its tier, at or above the site's own. NULL: no rule says anything. */
const char *roster_rule_supervisor(const Weft__V1__Roster *roster, const Weft__V1__Site *site);

/* Both, for the whole roster: ERR_ROSTER_UNSOUND names the first that deviates. */
WEFT_MUST_USE int roster_check_conventions(const Weft__V1__Roster *roster, struct err *err);

#endif
