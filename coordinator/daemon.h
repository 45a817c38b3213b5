/* daemon.h - a running coordinator: the edge around the pure core.
 *
 *     gRPC's threads --- requests --->  queue  <--- answers --- callers (threads with blocking calls)
 *                                         |                         ^
 *                            the core's thread, in batches          |
 *               one transaction, each event in a nested one of its own; one commit
 *                     |                                             |
 *          replies to the requests                           calls that are due
 *
 * Nothing leaves before what it rests on is committed, and nothing that matters is in memory alone: the
 * program may be killed at any point and goes on from its store. When the store is full or fails, requests
 * are answered with that error and everything is tried again. */
#ifndef COORDINATOR_DAEMON_H
#define COORDINATOR_DAEMON_H

#include "coordinator/setup.h"

/* Serve until SIGTERM or SIGINT; SIGHUP connects anew, with renewed certificates, and looks for documents; SIGUSR1 logs
 * where processor time went (base/cost.h). */
WEFT_MUST_USE int daemon_run(const char *settings_path, struct err *err);

#endif
