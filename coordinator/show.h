/* show.h - what a coordinator holds as evidence of a task, for auditors: receipts and freezes. */
#ifndef COORDINATOR_SHOW_H
#define COORDINATOR_SHOW_H

#include <stdbool.h>

#include "base/err.h"

/* `what`: "receipts" (of the sites that report here) or "freezes" (of all areas known). `task` as in setup_find_task. */
WEFT_MUST_USE int show_print(const char *settings_path, const char *what, const char *task, bool as_json,
                             enum err_lang lang, struct err *err);

#endif
