/* The running daemon: starts its parts in the order of their dependencies and stops them in the
 * opposite order. Logs every failure. One thread at a time. */
#ifndef SKEP_DAEMON_DAEMON_H
#define SKEP_DAEMON_DAEMON_H

#include "daemon/config.h"

struct daemon;

/* Starts all parts; when it returns, announces are served. Returns NULL if a part cannot be
 * started, after stopping the others. `config` is not used after the return. */
struct daemon *daemon_start(const struct config *config);

/* Applies `config`, in which only settings that a reload applies differ from those of the start,
 * and reloads the HTTPS certificate. Returns false, with nothing changed, if out of memory. */
bool daemon_apply(struct daemon *daemon, const struct config *config);

/* Logs how much was restored from the database, and the announce URLs. */
void daemon_log_addresses(const struct daemon *daemon, const struct config *config);

/* Records a reload of the configuration for the metrics. */
void daemon_set_reload(struct daemon *daemon, bool successful);

/* Announces to load balancers that the daemon stops soon: /readyz fails. */
void daemon_set_stopping(struct daemon *daemon);

/* Stops all parts and frees the daemon. Returns false if some changes could not be written to the
 * database. */
bool daemon_stop(struct daemon *daemon);

#endif
