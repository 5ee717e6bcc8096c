/* What tracker.c and tracker_upkeep.c share: the inside of a tracker. Not for other modules. */
#ifndef SKEP_SWARM_TRACKER_STATE_H
#define SKEP_SWARM_TRACKER_STATE_H

#include <stdatomic.h>

#include "swarm/swarm_table.h"
#include "swarm/tracker.h"

struct tracker {
    struct swarm_table *table;
    struct tracker_options *options; /* what every shard points to, but during tracker_apply */
    struct feed taken;               /* the draining thread's */
    _Atomic uint32_t peers;
    _Atomic uint32_t torrents;
    _Atomic uint32_t interval_min_s; /* these three repeat the options for readers without a lock */
    _Atomic uint32_t interval_max_s;
    _Atomic uint32_t announces_per_s;
};

static inline uint32_t tracker_seconds(uint64_t now_ms) {
    return (uint32_t)(now_ms / 1000);
}

static inline uint32_t counter_read(const _Atomic uint32_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Differences below zero wrap round. */
static inline void counter_add(_Atomic uint32_t *counter, uint32_t difference) {
    if (difference != 0)
        atomic_fetch_add_explicit(counter, difference, memory_order_relaxed);
}

/* The swarm of `info_hash`, made if there is none and room for one. The shard is locked. */
enum announce_result tracker_find_or_add(struct tracker *tracker, struct shard *shard,
                                         const uint8_t *info_hash, uint64_t hash, uint32_t now_s,
                                         struct swarm **swarm);

#endif
