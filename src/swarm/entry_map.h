/* Entries of the registry by key, split by hash into parts with a lock each. The map does not own
 * the entries. At most 2^26 of them in a part. */
#ifndef SKEP_SWARM_ENTRY_MAP_H
#define SKEP_SWARM_ENTRY_MAP_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/bytes.h"
#include "base/hash_index.h"
#include "base/keyed_hash.h"

enum { ENTRY_MAP_PARTS = 64 };

struct entry;

struct entry_map_part {
    _Alignas(64) pthread_mutex_t lock;
    struct entry **entries;
    size_t capacity;
    uint32_t count;
    struct hash_index index;
};

struct entry_map {
    struct hash_key hash_key;
    struct bytes (*key_of)(const struct entry *entry);
    _Atomic size_t count;
    struct entry_map_part parts[ENTRY_MAP_PARTS];
};

/* An empty map. */
void entry_map_init(struct entry_map *map, const struct hash_key *hash_key,
                    struct bytes (*key_of)(const struct entry *entry));
void entry_map_free(struct entry_map *map);

/* Locks and returns the part of a key; the caller unlocks it. */
struct entry_map_part *entry_map_lock(struct entry_map *map, struct bytes key, uint32_t *hash);
void entry_map_unlock(struct entry_map_part *part);

/* The following calls need the part's lock, and the hash of entry_map_lock. */

/* An entry with the key, other than `except`, which may be NULL. NULL if there is none. */
struct entry *entry_map_find(const struct entry_map *map, const struct entry_map_part *part,
                             struct bytes key, uint32_t hash, const struct entry *except);

/* Adds an entry, even if there is one with its key. False if out of memory. */
bool entry_map_add(struct entry_map *map, struct entry_map_part *part, struct entry *entry,
                   uint32_t hash);

/* Puts `entry`, with an equal key, in the place of `old`. */
void entry_map_replace(struct entry_map *map, struct entry_map_part *part, const struct entry *old,
                       struct entry *entry, uint32_t hash);
void entry_map_remove(struct entry_map *map, struct entry_map_part *part, const struct entry *entry,
                      uint32_t hash);

static inline size_t entry_map_count(const struct entry_map *map) {
    return atomic_load_explicit(&map->count, memory_order_relaxed);
}

#endif
