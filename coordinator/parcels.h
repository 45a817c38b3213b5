/* parcels.h - files to and from hospitals that no network reaches. */
#ifndef COORDINATOR_PARCELS_H
#define COORDINATOR_PARCELS_H

#include "base/err.h"

/* Write what the site would fetch: rosters, catalogues, its tasks with key sheets and results, and its reports with
 * their receipts. Reads beside a running daemon. */
WEFT_MUST_USE int parcels_export(const char *settings_path, const char *site, const char *file, enum err_lang lang,
                                 struct err *err);
/* Give a site's report from a file to the running daemon, as if the site had sent it. */
WEFT_MUST_USE int parcels_accept(const char *settings_path, const char *file, enum err_lang lang, struct err *err);

#endif
