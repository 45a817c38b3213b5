/* totals_counts.c - how many cells the release rules leave, and how many each of them takes. */
#include "coordinator/totals.h"

static void count_cells(struct totals_counts *counts, const struct view *view, int area, int series)
{
    const struct task_series *s = &view->task->series[series];

    for (int c = s->first_cell; c < s->first_cell + s->num_cells; c++) {
        if (view->suppressed[(size_t)area * (size_t)view->task->num_cells + (size_t)c] != 0) {
            counts->suppressed++;
        } else if (view->releases[area].document == NULL) {
            counts->pending++;
        } else {
            counts->released++;
        }
    }
}

struct totals_counts totals_count_cells(const struct totals *totals)
{
    const struct view *view = totals->view;
    struct totals_counts counts = {0};

    for (int area = 0; area < view->roster->num_areas; area++) {
        for (int s = 0; s < view->task->num_series; s++) {
            const struct view *opened = totals->opened[(size_t)area * (size_t)view->task->num_series + (size_t)s];
            enum totals_reason reason;
            Weft__V1__TotalState state = totals_public_state(opened, area, s, &reason);

            if (reason != TOTALS_REASON_NONE) {
                counts.withheld[reason] += view->task->series[s].num_cells;
            } else if (state == TOTALS(PENDING) && view->pattern.document == NULL) {
                counts.pending += view->task->series[s].num_cells;
            } else if (state != TOTALS(VOID)) {
                count_cells(&counts, opened, area, s);
            }
        }
    }
    return counts;
}
