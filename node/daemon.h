/* daemon.h - weft-node run: everything that needs no person, again and again.
 *
 * It reads new documents, evaluates and reports where a standing approval allows it, asks for receipts, and
 * checks freezes and releases. It holds the node's lock only while it works, so commands can be run beside it.
 * With `once` it goes on until nothing is due any more, then ends. */
#ifndef NODE_DAEMON_H
#define NODE_DAEMON_H

#include "base/err.h"

#include <stdbool.h>

/* Until SIGINT or SIGTERM. */
WEFT_MUST_USE int node_daemon_run(const char *settings_path, bool once, struct err *err);

#endif
