/* authority_sum.c - the parts of a longer period's draft: signed tasks, whose ids it names in the order of their periods. */
#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "coordinator/authority.h"

#define TASK_TYPE WEFT__V1__DOCUMENT_TYPE__DOCUMENT_TASK

/* One operand: a task and its id. */
struct operand {
    Weft__V1__Task *wire;
    uint8_t id[TASK_ID_SIZE];
};

static int by_start(const void *a, const void *b)
{
    int64_t x = ((const struct operand *)a)->wire->period->start_ms,
            y = ((const struct operand *)b)->wire->period->start_ms;

    return x < y ? -1 : x > y;
}

static int load(struct operand *operand, const char *path, struct err *err)
{
    Weft__V1__Document *document = NULL;
    int rc = authority_load(&document, path, err);

    if (rc == 0 && document->type != TASK_TYPE)
        rc = err_set(err, ERR_USAGE, "%s is a %s, not a task", path, document_type_name(document->type));
    if (rc == 0 && (rc = document_body((ProtobufCMessage **)&operand->wire, document, TASK_TYPE, err)) == 0 &&
        operand->wire->period == NULL)
        rc = err_set(err, ERR_TASK_UNSOUND, "%s has no period", path);
    if (rc == 0)
        document_digest(operand->id, document);
    document_free(&document);
    return rc;
}

/* A sum stands for its own parts. */
static int append(struct authority_sum *sum, const struct operand *operand, struct err *err)
{
    size_t num = operand->wire->n_parts > 0 ? operand->wire->n_parts : 1;

    if (sum->num + num > AUTHORITY_PARTS_MAX)
        return err_set(err, ERR_TASK_PARTS, "more than %d parts", AUTHORITY_PARTS_MAX);
    for (size_t i = 0; i < num; i++) {
        const uint8_t *id = operand->wire->n_parts > 0 ? operand->wire->parts[i].data : operand->id;
        memcpy(sum->ids[sum->num], id, TASK_ID_SIZE);
        sum->parts[sum->num] = (ProtobufCBinaryData){TASK_ID_SIZE, sum->ids[sum->num]};
        sum->num++;
    }
    return 0;
}

static int join(struct authority_sum *sum, struct operand *operands, size_t num,
                const Weft__V1__Period *period, struct err *err)
{
    int64_t next_ms = period->start_ms;
    int rc = 0;

    qsort(operands, num, sizeof *operands, by_start);
    for (size_t i = 0; i < num && rc == 0; i++) {
        if (operands[i].wire->period->start_ms != next_ms)
            return err_set(err, ERR_TASK_PARTS, "%s does not begin where the one before ends",
                           operands[i].wire->period->id);
        next_ms = operands[i].wire->period->end_ms;
        rc = append(sum, &operands[i], err);
    }
    return rc != 0 || next_ms == period->end_ms
               ? rc
               : err_set(err, ERR_TASK_PARTS, "the parts do not end where %s ends", period->id);
}

int authority_sum_of(struct authority_sum *sum, const char *const *paths, size_t num_paths,
                     const Weft__V1__Period *period, struct err *err)
{
    struct operand *operands = calloc(num_paths + 1, sizeof *operands);
    int rc = operands == NULL ? err_set(err, ERR_NO_MEMORY, "parts") : 0;

    sum->num = 0;
    for (size_t i = 0; i < num_paths && rc == 0; i++)
        rc = load(&operands[i], paths[i], err);
    if (rc == 0)
        rc = join(sum, operands, num_paths, period, err);
    for (size_t i = 0; operands != NULL && i < num_paths; i++)
        wire_free(&operands[i].wire);
    free(operands);
    return rc;
}
