/* status.h - what a coordinator's tasks wait for, read from its store beside the running daemon. */
#ifndef COORDINATOR_STATUS_H
#define COORDINATOR_STATUS_H

#include <stdbool.h>

#include "base/err.h"

/* Print to standard output, as text or JSON (docs/status-json.md). */
WEFT_MUST_USE int status_print(const char *settings_path, bool json, enum err_lang lang, struct err *err);

#endif
