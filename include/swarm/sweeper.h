/* Thread that expires peers: a few shards at a time, so that one round over all of them takes ten
 * seconds, or a quarter of the shortest interval. If the process did not run for two seconds, it
 * first extends all deadlines, as after a restart. */
#ifndef SKEP_SWARM_SWEEPER_H
#define SKEP_SWARM_SWEEPER_H

#include "swarm/tracker.h"

struct sweeper;

/* Since the start. */
struct sweeper_stats {
    uint64_t rounds;
    double last_round_s; /* duration of the last round; 0: none yet */
    uint64_t expired;    /* peers */
};

/* `tracker` must outlive the sweeper. NULL if out of memory or threads. */
struct sweeper *sweeper_start(struct tracker *tracker, uint32_t interval_min_s);

/* Adapts the pace to another shortest interval. Any thread. */
void sweeper_apply(struct sweeper *sweeper, uint32_t interval_min_s);

/* A counter that increases as long as the thread runs. Any thread. */
uint64_t sweeper_progress(const struct sweeper *sweeper);

/* Any thread. */
struct sweeper_stats sweeper_stats(const struct sweeper *sweeper);

/* NULL is ignored. */
void sweeper_stop(struct sweeper *sweeper);

#endif
