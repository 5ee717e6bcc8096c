/* The thread that has the tracker expire its peers: a few shards at a time, so that a round through
 * all of them is done in ten seconds, or in a quarter of the shortest interval. */
#ifndef SKEP_SWARM_SWEEPER_H
#define SKEP_SWARM_SWEEPER_H

#include "swarm/tracker.h"

struct sweeper;

/* Since the start. */
struct sweeper_stats {
    uint64_t rounds;
    double last_round_s; /* from the first shard of the last round to its last; 0: none yet */
    uint64_t expired;    /* peers */
};

/* `tracker` must outlive the sweeper. NULL without memory or a thread. */
struct sweeper *sweeper_start(struct tracker *tracker, uint32_t interval_min_s);

/* Fits the pace to another shortest interval. Any thread. */
void sweeper_apply(struct sweeper *sweeper, uint32_t interval_min_s);

/* A number that grows with each sweep. Any thread. */
uint64_t sweeper_progress(const struct sweeper *sweeper);

/* Any thread. */
struct sweeper_stats sweeper_stats(const struct sweeper *sweeper);

/* NULL is fine. */
void sweeper_stop(struct sweeper *sweeper);

#endif
