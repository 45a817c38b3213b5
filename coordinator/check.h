/* check.h - the command check of weft-coordinator: does everything work that serving will need? */
#ifndef COORDINATOR_CHECK_H
#define COORDINATOR_CHECK_H

#include <stdbool.h>

#include "base/err.h"

/* Prints one line a check. ERR_CHECK_FAILED when any failed. */
WEFT_MUST_USE int check_print(const char *settings_path, bool json, enum err_lang lang, struct err *err);

#endif
