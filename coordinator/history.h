/* history.h - what happened in tasks, who reported and when: the commands `events`, `completeness` and `record`. */
#ifndef COORDINATOR_HISTORY_H
#define COORDINATOR_HISTORY_H

#include <stdbool.h>

#include "base/err.h"

struct history_request {
    const char *task;      /* beginning of its id; NULL: the newest */
    const char *from, *to; /* of record: ids of periods; NULL: no bound */
    bool all;              /* of completeness: all tasks */
    bool json;
    enum err_lang lang;
};

/* All print to standard output, as text or JSON (docs/completeness-json.md), read beside a running daemon. */
WEFT_MUST_USE int history_events(const char *settings_path, const struct history_request *request,
                                 struct err *err);
WEFT_MUST_USE int history_completeness(const char *settings_path, const struct history_request *request,
                                       struct err *err);
/* Of every site over all tasks, with cards by the settings. */
WEFT_MUST_USE int history_record(const char *settings_path, const struct history_request *request,
                                 struct err *err);

#endif
