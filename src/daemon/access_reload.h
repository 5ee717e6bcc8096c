/* Keeps the tracker's access up to date: builds it from the configuration, the registry and the
 * list file, and builds it anew when one of them changes or a ban ends. Looks once a second. */
#ifndef SKEP_DAEMON_ACCESS_RELOAD_H
#define SKEP_DAEMON_ACCESS_RELOAD_H

#include "base/error.h"
#include "daemon/config.h"
#include "swarm/tracker.h"

struct access_reload;

/* Builds the access for the first time, so that nobody slips in before it. `database` NULL: there
 * is no registry; else it must outlive the admission. NULL and one line in `error` if the registry
 * or the list file cannot be read. */
struct access_reload *access_reload_start(struct tracker *tracker,
                                          const struct access_options *options,
                                          const char *database, char error[static ERROR_LEN]);

/* Takes new options over and reads everything anew. Any thread. */
void access_reload_apply(struct access_reload *reload, const struct access_options *options);

/* NULL is fine. The tracker keeps the access that it has. */
void access_reload_stop(struct access_reload *reload);

#endif
