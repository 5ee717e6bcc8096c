/* All swarms, found by info_hash. The table is cut into shards by a keyed hash, because the
 * info_hash is a stranger's choice; each shard has its own lock, random generator and change feed,
 * and no lock is ever wider than a shard. */
#ifndef SKEP_SWARM_SWARM_TABLE_H
#define SKEP_SWARM_SWARM_TABLE_H

#include <pthread.h>

#include "base/random.h"
#include "swarm/access.h"
#include "swarm/swarm.h"
#include "swarm/tracker_options.h"

enum { SHARDS = TRACKER_SHARDS };

struct swarm_slot {
    uint32_t tag; /* part of the hash, to pass over most strangers unread */
    struct swarm *swarm;
};

struct shard {
    _Alignas(64) pthread_mutex_t lock;
    struct swarm_slot *slots;
    uint32_t slot_mask;
    uint32_t count;                        /* swarms */
    const struct tracker_options *options; /* the tracker's, and replaced by it under the lock */
    const struct access *access;           /* the same */
    struct random random;
    struct change_feed feed;
    struct swarm_outputs watchers;
    _Atomic uint64_t answered; /* announces; written under the lock */
};

struct swarm_table {
    struct hash_key key;
    struct shard shards[SHARDS];
};

/* `feed_capacity` is each shard's, in changes. NULL without memory or randomness. */
struct swarm_table *swarm_table_create(size_t feed_capacity);
void swarm_table_delete(struct swarm_table *table);

/* Locks and returns the shard that `info_hash` belongs to; `*hash` is for the calls below. The
 * caller unlocks it. */
struct shard *swarm_table_lock(struct swarm_table *table,
                               const uint8_t info_hash[static INFO_HASH_LEN], uint64_t *hash);
void swarm_table_unlock(struct shard *shard);

/* These want the shard locked. NULL where there is none; `shard_add` also without memory. */
struct swarm *shard_find(const struct shard *shard, const uint8_t info_hash[static INFO_HASH_LEN],
                         uint64_t hash);
struct swarm *shard_add(struct shard *shard, const struct hash_key *key,
                        const uint8_t info_hash[static INFO_HASH_LEN], uint64_t hash,
                        uint32_t now_s);

/* Removes and deletes the swarm in slot `slot`. Swarms behind it may move up into its place. */
void shard_remove_at(struct shard *shard, uint32_t slot);

#endif
