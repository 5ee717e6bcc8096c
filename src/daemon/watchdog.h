/* Thread that reports status and progress to the service manager. It resets the manager's watchdog
 * timer only if the sweeper, the feed reader and the change writer made progress since the last
 * report. Each of them locks every shard in turn, so a shard lock that is never released also stops
 * the reports. */
#ifndef SKEP_DAEMON_WATCHDOG_H
#define SKEP_DAEMON_WATCHDOG_H

#include "store/change_writer.h"
#include "swarm/feed_reader.h"
#include "swarm/sweeper.h"
#include "swarm/tracker.h"

struct watchdog;

/* The arguments must outlive the watchdog; `change_writer` may be NULL. Starts no thread if no
 * service manager listens. Returns NULL if out of memory or if the thread cannot be created. */
struct watchdog *watchdog_start(const struct tracker *tracker, const struct feed_reader *feed,
                                const struct change_writer *change_writer,
                                const struct sweeper *sweeper);

/* Ends the thread. NULL is fine. */
void watchdog_stop(struct watchdog *watchdog);

#endif
