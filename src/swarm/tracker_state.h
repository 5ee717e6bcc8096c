/* Internals of struct tracker, shared by tracker.c, join_limits.c, idle_torrents.c,
 * tracker_maintenance.c, tracker_cluster.c, tracker_dht.c and swarm_snapshot.c. */
#ifndef SKEP_SWARM_TRACKER_STATE_H
#define SKEP_SWARM_TRACKER_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "swarm/access.h"
#include "swarm/rate_limit.h"
#include "swarm/stamp.h"
#include "swarm/swarm_table.h"
#include "swarm/tracker_options.h"

/* See idle_torrents.h. */
enum { IDLE_AGE_CLASSES = 240 };

struct idle_torrents {
    struct address_counts *addresses; /* torrents that each address keeps */
    /* Of the present round; the sweeping thread only: */
    uint32_t began_s;
    uint32_t ages[IDLE_AGE_CLASSES];
    /* Of the last complete round: its start, and the age below which torrents are forgotten while
     * there are too many. */
    bool measured;
    uint32_t measured_s;
    uint32_t young_s;
};

struct tracker {
    struct swarm_table *table;
    struct tracker_options *options; /* referenced by every shard, except during tracker_apply */
    struct access *access;           /* referenced likewise; never NULL */
    struct registry *registry;
    struct address_counts *addresses; /* peers */
    struct idle_torrents idle;
    struct rate_limit *rates;
    struct change_feed taken;  /* used by the draining thread only */
    pthread_mutex_t walk_lock; /* held during a walk over swarms; taken before a shard's lock */
    _Atomic uint64_t memory;
    _Atomic uint64_t refused[ANNOUNCE_RESULTS]; /* announces; shards count the answered ones */
    uint64_t
        refused_taken; /* announces refused by the last tracker_take_refused(); its thread only */
    _Atomic uint64_t scrapes[ANNOUNCE_RESULTS];
    _Atomic uint32_t peers;
    _Atomic uint32_t torrents;
    _Atomic uint32_t interval_min_s; /* copies of options, for readers without a lock */
    _Atomic uint32_t interval_max_s;
    _Atomic uint32_t budget_per_s;
    _Atomic uint32_t address_requests_per_s;
    _Atomic uint32_t address_requests_burst;
    _Atomic bool limit_loopback;
    _Atomic uint64_t node; /* these: see struct tracker_cluster */
    _Atomic uint64_t clock_offset_ms;
    _Atomic uint64_t merged_ms;
    _Atomic uint32_t current_until_s;
};

static inline uint32_t tracker_seconds(uint64_t now_ms) {
    return (uint32_t)(now_ms / 1000);
}

static inline uint32_t counter_read(const _Atomic uint32_t *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Whether the limits per address apply to `address`. */
static inline bool tracker_state_limits(const struct tracker *tracker,
                                        const struct endpoint *address) {
    return atomic_load_explicit(&tracker->limit_loopback, memory_order_relaxed) ||
           !endpoint_is_loopback(address);
}

/* Adds modulo 2^32: pass a negative difference as uint32_t to subtract. */
static inline void counter_add(_Atomic uint32_t *counter, uint32_t difference) {
    if (difference != 0)
        atomic_fetch_add_explicit(counter, difference, memory_order_relaxed);
}

static inline void tally_add(_Atomic uint64_t *tally, uint64_t difference) {
    if (difference != 0)
        atomic_fetch_add_explicit(tally, difference, memory_order_relaxed);
}

/* Increments a tally that only the caller writes at this time; cheaper than a shared addition. */
static inline void tally_own(_Atomic uint64_t *tally) {
    const uint64_t now = atomic_load_explicit(tally, memory_order_relaxed);
    atomic_store_explicit(tally, now + 1, memory_order_relaxed);
}

static inline uint64_t tally_read(const _Atomic uint64_t *tally) {
    return atomic_load_explicit(tally, memory_order_relaxed);
}

/* Monotonic time of a stamp, modulo 2^32. */
static inline uint32_t tracker_state_made_s(const struct tracker *tracker, uint64_t stamp) {
    const int64_t made_ms = (int64_t)(stamp_ms(stamp) - tally_read(&tracker->clock_offset_ms));
    return (uint32_t)(made_ms / 1000);
}

/* Draws the stamp of a change that is sent, for the changes of the shard's swarms until the shard
 * is unlocked; the caller resets `outputs.stamping`. The shard is locked. */
void tracker_state_draw_stamp(const struct tracker *tracker, struct shard *shard, uint64_t now_ms);

/* Updates the tracker's totals. `peers`, `memory`: of the swarm before its change. The shard is
 * locked. */
void tracker_state_update_totals(struct tracker *tracker, struct shard *shard, struct swarm *swarm,
                                 uint32_t peers, size_t memory);

/* Creates the swarm of `info_hash`, which must not exist, if the limits allow it. The shard is
 * locked. */
enum announce_result tracker_add_swarm(struct tracker *tracker, struct shard *shard,
                                       const uint8_t *info_hash, uint64_t hash, uint32_t now_s,
                                       struct swarm **swarm);

#endif
