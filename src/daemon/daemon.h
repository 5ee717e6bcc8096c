/* The running daemon: all its parts, in the order in which they are started, and stopped in the
 * opposite one. What goes wrong is said in the log. One thread at a time. */
#ifndef SKEP_DAEMON_DAEMON_H
#define SKEP_DAEMON_DAEMON_H

#include "daemon/config.h"

struct daemon;

/* Starts everything; from then on announces are answered. NULL where something cannot be had; then
 * what was started is stopped again. `config->database` must outlive the daemon. */
struct daemon *daemon_start(const struct config *config);

/* Takes over what can change while running, the HTTPS certificate with it. False without memory;
 * then nothing changed. */
bool daemon_apply(struct daemon *daemon, const struct config *config);

/* Says in the log what is back from the database and by which URLs the tracker is reached. */
void daemon_log_addresses(const struct daemon *daemon, const struct config *config);

/* Stops everything and frees it. False if something could not be recorded. */
bool daemon_stop(struct daemon *daemon);

#endif
