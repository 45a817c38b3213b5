/* task.h - what is counted in one period: a checked task with its slots, cells and Prio3 instance.
 *
 * A *slot* is one number of the vector that sites report. A *series* is the run of slots of one indicator,
 * whole or for one stratum. A *cell* is the unit of suppression: the slots that are shown or hidden together.
 * Each series has proportion, rate, mean, observed/expected, fact: one data cell;  distribution: one data
 * cell a bin; and one cell for the missing count. The contributes slot belongs to no cell: how many hospitals
 * contribute is not hidden. Nor does the changed slot that each series of a revision has last.
 *
 * A cell is judged by up to three counts of patients, its *components*: numerator, complement (denominator
 * minus numerator) and their total. A component is zero, small (1 to min_cell - 1) or large; a cell with a
 * small component is never shown. Facts count hospitals and are never small. */
#ifndef BASE_TASK_H
#define BASE_TASK_H

#include "base/document.h"
#include "base/roster.h"
#include "crypto/prio3.h"

#define TASK_FALLBACK_GAP_MS (15 * 60 * 1000) /* from the last order of the top to the first of a subtree, at least */
#define TASK_ID_SIZE         DIGEST_SIZE
#define TASK_MIN_SITES_FLOOR 3
#define TASK_MIN_CELL_FLOOR  3
#define CELL_COMPONENTS      3
#define CELL_SLOTS_MAX       3

enum cell_component { CELL_NUMERATOR, CELL_COMPLEMENT, CELL_COUNT };

struct task_series {
    const Weft__V1__Series *wire;
    int first_slot, num_slots; /* including contributes and missing */
    int contributes;           /* slot index */
    int changed;               /* slot index, the last; NONE: the task is no revision */
    int first_cell, num_cells; /* data cells, then the missing cell as the last */
};

struct task_cell {
    int series;
    bool is_missing; /* the series' missing count */
    bool is_exempt;  /* counts hospitals, not patients: never suppressed */
    int bin;         /* of a distribution; else 0 */
    int slots[CELL_SLOTS_MAX];
    int num_slots;
};

struct task {
    Weft__V1__Task *wire;
    struct roster *roster; /* the pinned one as of the period; borrows from the document's */
    uint8_t id[TASK_ID_SIZE];
    char hex[2 * TASK_ID_SIZE + 1];
    struct prio3 *prio3;
    struct task_series *series;
    int num_series;
    struct task_cell *cells;
    int num_cells;
    int num_slots;
};

/* Check and open a task document against the roster that it pins, under whose rule it must be signed. Refuses floors
 * below the compiled-in ones, bounds that could overflow the field, slots out of order, unknown areas, impossible
 * times. `roster` must outlive the task. */
WEFT_MUST_USE int task_open(struct task **task, const Weft__V1__Document *document,
                            const struct roster *roster, struct err *err);
/* The same checks on a draft (not signed yet). */
WEFT_MUST_USE int task_check(const Weft__V1__Task *wire, const struct roster *roster, struct err *err);
void task_free(struct task **task);

/* May `task` follow `before` as its next revision? Both count the same, at the same sites, by the same rules; only
 * times and the changed slots differ. */
WEFT_MUST_USE int task_check_revision(const struct task *task, const struct task *before, struct err *err);
/* The slot of `before` (an earlier revision, or the task itself) that counts the same; NONE for a changed slot that
 * it does not have. */
int task_slot_before(const struct task *task, const struct task *before, int slot);

/* Do both count the same slots with the same bounds, but for changed ones? */
bool task_same_vector(const struct task *task, const struct task *before);
/* May `task` add up these (as many as it names, in its order)? Their periods follow each other without a gap and make
 * up its own; all count the same by the same rules, and are kept at least as long. ERR_TASK_PARTS. */
WEFT_MUST_USE int task_check_parts(const struct task *task, const struct task *const *parts, struct err *err);

/* The VDAF context: Task.context || task id, into `out` (bounded by TASK_CTX_MAX). */
#define TASK_CTX_MAX (ID_MAX + TASK_ID_SIZE)
size_t task_ctx(const struct task *task, uint8_t out[TASK_CTX_MAX]);

/* The VDAF verify key of the pair, from either's static private key and the other's public key:
 * HKDF(X25519, "weft verify key", task id). Fixed before any report, known to the pair alone. */
WEFT_MUST_USE int task_verify_key(uint8_t key[PRIO3_VERIFY_KEY_SIZE], const struct task *task,
                                  const uint8_t own_static_private[KEY_SIZE],
                                  const uint8_t peer_static_public[KEY_SIZE], struct err *err);

/* The state (Weft__V1__CellState) of each component of a cell, given the totals of the cell's slots:
 * packed into one byte, two bits a component, component 0 lowest. Components that do not apply are
 * CELL_ABSENT. */
uint8_t task_cell_state(const struct task *task, int cell, const uint64_t *totals_by_slot);
static inline Weft__V1__CellState cell_component_state(uint8_t state, int component)
{
    return (Weft__V1__CellState)((state >> (2 * component)) & 3);
}

/* "icu-mortality/75_up numerator" for texts; writes at most out_len bytes. */
char *task_slot_name(const struct task *task, int slot, char *out, size_t out_len);

#endif
