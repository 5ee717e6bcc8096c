/* The thread that tells the service manager that skepd is alive, for as long as it is: that both
 * the sweeper and the change_writer got on since the last time. Each of them takes the lock of
 * every shard in turn, so that a lock which is never given up stops the heart, too. Tells the load
 * as well. */
#ifndef SKEP_DAEMON_WATCHDOG_H
#define SKEP_DAEMON_WATCHDOG_H

#include "store/change_writer.h"
#include "swarm/sweeper.h"
#include "swarm/tracker.h"

struct watchdog;

/* All three must outlive the heartbeat. NULL without memory or a
 * thread. Where no service manager listens, the heartbeat has no thread. */
struct watchdog *watchdog_start(const struct tracker *tracker,
                                const struct change_writer *change_writer,
                                const struct sweeper *sweeper);

/* NULL is fine. */
void watchdog_stop(struct watchdog *heartbeat);

#endif
