/* checker.h - what an outsider could compute from all that was published: the independent judge.
 *
 * It shares no code with the programs. Unknown are the sums over each area's own sites, by stratum and bin; known
 * are the shown totals and what they are sums of. Asked, by exact rational linear algebra (GMP) and by search for
 * other numbers that would look the same:
 *   - does a combination of opened totals speak of fewer than min_sites owners, or contributing sites?
 *   - does a small count that was not shown follow?
 *   - are there numbers under which all that is shown is the same, zeros are zeros and the rest is at least 1, for at
 *     least three values of each such count?
 * The last two are asked of all months and their longer period together, as one system. */
#ifndef TESTS_PROPERTY_CHECKER_H
#define TESTS_PROPERTY_CHECKER_H

#include "tests/property/sample.h"

enum finding { SOUND = 0, ISOLATES_OWNERS, ISOLATES_CONTRIBUTORS, DETERMINED, TOO_FEW_VALUES };

struct verdict {
    enum finding finding;
    int area, cell; /* or series, or -1 */
    const char *what;
};

struct verdict check_year(const struct year *year);

#endif
