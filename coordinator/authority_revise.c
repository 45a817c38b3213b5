/* authority_revise.c - the draft of a revision: the same task again, with new times and one flag more a series. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/task.h"
#include "base/wire.h"
#include "coordinator/authority.h"
#include "coordinator/authority_times.h"
#include "crypto/secret.h"

#define NONCE_SIZE   16
#define DEFAULT_MS   (14 * CALENDAR_MS_PER_DAY)
#define MAX_MS       (366 * CALENDAR_MS_PER_DAY)

struct revision {
    Weft__V1__Task task;
    Weft__V1__Slot *flags, **slots;
    uint64_t *maxima;
    uint8_t nonce[NONCE_SIZE];
};

static void revision_clear(struct revision *revision)
{
    free(revision->flags);
    free(revision->slots);
    free(revision->maxima);
}

static int set_slots(struct revision *revision, const struct task *before, struct err *err)
{
    size_t num_series = (size_t)before->num_series, max = (size_t)before->num_slots + num_series, n = 0;

    revision->flags = calloc(num_series, sizeof *revision->flags);
    revision->slots = calloc(max, sizeof(Weft__V1__Slot *));
    revision->maxima = calloc(max, sizeof *revision->maxima);
    if (revision->flags == NULL || revision->slots == NULL || revision->maxima == NULL)
        return err_set(err, ERR_NO_MEMORY, "%zu slots", max);
    for (size_t s = 0; s < num_series; s++) {
        const struct task_series *series = &before->series[s];
        Weft__V1__Slot *flag = &revision->flags[s];

        for (int i = series->first_slot; i < series->first_slot + series->num_slots; i++) {
            if (i != series->changed)
                revision->slots[n++] = before->wire->slots[i];
        }
        weft__v1__slot__init(flag);
        flag->series = (uint32_t)s;
        flag->role = WEFT__V1__ROLE__ROLE_CHANGED;
        flag->maximum = 1;
        revision->slots[n++] = flag;
    }
    for (size_t i = 0; i < n; i++)
        revision->maxima[i] = revision->slots[i]->maximum;
    revision->task.slots = revision->slots;
    revision->task.n_slots = n;
    revision->task.chunk_length = (uint32_t)prio3_best_chunk_length(prio3_num_bits(revision->maxima, n));
    return 0;
}

/* Open now, or when the task before must be finished at the latest; no grace, no fallback; from the close on as long as that
 * one took. */
static void set_times(Weft__V1__Task *task, const Weft__V1__Task *before, int64_t duration_ms)
{
    int64_t now = calendar_now_ms();

    task->open_ms = now > before->pattern_ms ? now : before->pattern_ms;
    task->close_ms = task->open_ms + duration_ms;
    task->due_ms = task->order_deadline_ms = task->fallback_ms = 0;
    task->close_when_complete = false;
    task->order_ms = task->close_ms + (before->order_ms - before->close_ms);
    task->plan_ms = task->order_ms + (before->plan_ms - before->order_ms);
    task->pattern_ms = task->plan_ms + (before->pattern_ms - before->plan_ms);
}

static int draft(struct revision *revision, const struct task *before, int64_t duration_ms, struct err *err)
{
    revision->task = *before->wire;
    secret_random(revision->nonce, sizeof revision->nonce);
    revision->task.nonce = (ProtobufCBinaryData){sizeof revision->nonce, revision->nonce};
    revision->task.issued_ms = calendar_now_ms();
    revision->task.revision = before->wire->revision + 1;
    revision->task.supersedes = (ProtobufCBinaryData){TASK_ID_SIZE, (uint8_t *)(uintptr_t)before->id};
    set_times(&revision->task, before->wire, duration_ms);
    return set_slots(revision, before, err);
}

static int parse_duration(int64_t *ms, const char *text, struct err *err)
{
    *ms = DEFAULT_MS;
    return text == NULL || (authority_duration(ms, text) && *ms > 0 && *ms <= MAX_MS)
               ? 0
               : err_set(err, ERR_BAD_TIME, "--for: + and digits and s, m, h or d, like +14d; a year at most");
}

int authority_revise(const struct args *args, struct err *err)
{
    Weft__V1__Document *old = NULL, *document = NULL;
    struct revision revision = {0};
    struct roster *roster = NULL;
    struct task *before = NULL;
    int64_t duration_ms;
    int rc;

    if ((rc = parse_duration(&duration_ms, args_value(args, "for"), err)) != 0 ||
        (rc = authority_load_roster(&roster, args_value(args, "roster"), calendar_now_ms(), err)) != 0 ||
        (rc = authority_load(&old, args_value(args, "task"), err)) != 0 ||
        (rc = task_open(&before, old, roster, err)) != 0 ||
        (rc = draft(&revision, before, duration_ms, err)) != 0 ||
        (rc = task_check(&revision.task, roster, err)) != 0 ||
        (rc = document_new(&document, WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK, &revision.task.base, err)) != 0 ||
        (rc = authority_save_new(document, args_value(args, "out"), err)) != 0)
        goto done;
    rc = authority_summary(stdout, document, args_lang(args), err);
done:
    document_free(&document);
    revision_clear(&revision);
    task_free(&before);
    document_free(&old);
    roster_free(&roster);
    return rc;
}
