/* preview.h - the vector that would leave, as a text that a person at the hospital can check. */
#ifndef NODE_PREVIEW_H
#define NODE_PREVIEW_H

#include "node/evaluate.h"

/* For the hospital's own eyes: nothing is suppressed. The caller frees *text. */
WEFT_MUST_USE int preview_text(char **text, const struct catalogue *catalogue,
                               const struct catalogue_layout *layout, const struct evaluation *evaluation,
                               enum err_lang lang, struct err *err);

#endif
