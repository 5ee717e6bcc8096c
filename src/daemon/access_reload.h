/* Builds the tracker's access rules from the configuration and its list files. Checks once a second
 * whether a file has changed, and rebuilds the rules if so. Peers that new rules refuse are
 * removed.
 */
#ifndef SKEP_DAEMON_ACCESS_RELOAD_H
#define SKEP_DAEMON_ACCESS_RELOAD_H

#include "base/error.h"
#include "daemon/config.h"
#include "swarm/tracker.h"

struct access_reload;

/* Builds the rules, so that they are in force when this returns, and starts the thread. Returns
 * NULL, with one line in `error`, if a file cannot be read. */
struct access_reload *access_reload_start(struct tracker *tracker,
                                          const struct access_options *options,
                                          char error[static ERROR_LEN]);

/* Applies new options and rebuilds the rules. If that fails, logs it and keeps the current rules.
 * Any thread. */
void access_reload_apply(struct access_reload *reload, const struct access_options *options);

/* Ends the thread. The tracker keeps its rules. NULL is fine. */
void access_reload_stop(struct access_reload *reload);

#endif
