/* console.h - the operator's commands about joining: they ask the running daemon, by its own port and certificate.
 *
 *     invite   make a one-time token for a party
 *     joins    who is invited, who waits, who is admitted
 *     admit    after comparing the fingerprint: the daemon signs the certificate; the join file is written for the authority
 *     join     as a newcomer, with a token of another coordinator */
#ifndef COORDINATOR_CONSOLE_H
#define COORDINATOR_CONSOLE_H

#include "base/args.h"

int console_invite(const struct args *args, struct err *err);
int console_joins(const struct args *args, struct err *err);
int console_admit(const struct args *args, struct err *err);
int console_note(const struct args *args, struct err *err);
int console_join(const struct args *args, struct err *err);

#endif
