/* Hash table of all swarms, by info_hash. It consists of shards, each with its own lock, random
 * generator and change feed. The hash is keyed, so that an attacker, who can choose any info_hash,
 * cannot put all torrents into one shard. */
#ifndef SKEP_SWARM_SWARM_TABLE_H
#define SKEP_SWARM_SWARM_TABLE_H

#include <pthread.h>

#include "base/random.h"
#include "swarm/access.h"
#include "swarm/refused_clients.h"
#include "swarm/swarm.h"
#include "swarm/tracker_options.h"

enum { SHARDS = TRACKER_SHARDS };

struct swarm_slot {
    uint32_t tag; /* part of the hash, to skip most other swarms without reading them */
    struct swarm *swarm;
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct swarm_slot *slots;
    uint32_t slot_mask;
    uint32_t count; /* swarms */
    /* Both belong to the tracker, which replaces them while it holds the lock. */
    const struct tracker_options *options;
    const struct access *access;
    struct random random;
    struct change_feed feed;
    struct completion_set completions;
    size_t completions_memory; /* as it was at the last sweep, in the tracker's total */
    struct swarm_outputs outputs;
    uint64_t highest_stamp;    /* in a cluster: of the changes made and merged here */
    _Atomic uint64_t answered; /* announces; written under the lock */
    struct refused_clients refused;
};

struct swarm_table {
    struct hash_key key;
    struct shard shards[SHARDS];
};

/* `feed_capacity`: changes per shard. NULL if out of memory or randomness. */
struct swarm_table *swarm_table_create(size_t feed_capacity);
void swarm_table_delete(struct swarm_table *table);

/* The shard of `info_hash`, not locked; `*hash` is for the calls below. */
struct shard *swarm_table_shard(struct swarm_table *table,
                                const uint8_t info_hash[static INFO_HASH_LEN], uint64_t *hash);

/* Locks and returns the shard of `info_hash`; `*hash` is for the calls below. The caller unlocks
 * it. */
struct shard *swarm_table_lock(struct swarm_table *table,
                               const uint8_t info_hash[static INFO_HASH_LEN], uint64_t *hash);
void swarm_table_unlock(struct shard *shard);

/* Unlocks the shard between two steps of a long task, and waits for long enough that a thread that
 * waits for the lock gets it first: a mutex is not fair. */
void shard_yield(struct shard *shard);

/* The shard must be locked. NULL if there is no swarm; shard_add: if out of memory. */
struct swarm *shard_find(const struct shard *shard, const uint8_t info_hash[static INFO_HASH_LEN],
                         uint64_t hash);
/* Loads the slot of the hash into the processor's cache. */
void shard_prefetch(const struct shard *shard, uint64_t hash);

/* The first swarm that may have this hash, found without reading it; NULL: there is none. */
struct swarm *shard_guess(const struct shard *shard, uint64_t hash);

struct swarm *shard_add(struct shard *shard, const struct hash_key *key,
                        const uint8_t info_hash[static INFO_HASH_LEN], uint64_t hash,
                        uint32_t now_s);

/* Removes and deletes the swarm in slot `slot`. A later swarm may move into the slot. */
void shard_remove_at(struct shard *shard, uint32_t slot);

#endif
