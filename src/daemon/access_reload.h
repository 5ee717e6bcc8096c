/* Builds the tracker's access rules from the configuration, the registry and the whitelist file.
 * Checks once a second whether the registry or the file changed, or a ban ended, and rebuilds the
 * rules if so. */
#ifndef SKEP_DAEMON_ACCESS_RELOAD_H
#define SKEP_DAEMON_ACCESS_RELOAD_H

#include "base/error.h"
#include "daemon/config.h"
#include "swarm/tracker.h"

struct access_reload;

/* Builds the rules, so that they are in force when this returns, and starts the thread. `database`
 * is the file of the registry, which must outlive the access_reload, or NULL. Returns NULL, with
 * one line in `error`, if the registry or the file cannot be read. */
struct access_reload *access_reload_start(struct tracker *tracker,
                                          const struct access_options *options,
                                          const char *database, char error[static ERROR_LEN]);

/* Applies new options and rebuilds the rules. If that fails, logs it and keeps the current rules.
 * Any thread. */
void access_reload_apply(struct access_reload *reload, const struct access_options *options);

/* Ends the thread. The tracker keeps its rules. NULL is fine. */
void access_reload_stop(struct access_reload *reload);

#endif
