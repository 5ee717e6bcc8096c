/* A set of hashes with a stamp each: the tombstones of removed peers, or the completions that a
 * node knows, which also have the info_hash of their torrent, and whether this node has counted
 * them. Two generations of at most `limit` hashes each: the older one is dropped when the present
 * one is full or stamp_set_age says so. A slot has 16 bytes, or 37 for a completion. Not locked. */
#ifndef SKEP_CLUSTER_STAMP_SET_H
#define SKEP_CLUSTER_STAMP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id_lengths.h"

struct stamped_hash {
    uint64_t hash;
    uint64_t stamp;           /* 0: an empty slot */
    const uint8_t *info_hash; /* valid until the set changes; NULL in a set without */
    bool counted_here;        /* only in a set with info_hashes */
};

struct completion_detail {
    uint8_t info_hash[INFO_HASH_LEN];
    bool counted_here;
};

struct stamp_generation {
    uint64_t (*slots)[2];              /* hash and stamp */
    struct completion_detail *details; /* NULL in a set of tombstones */
    uint32_t size;                     /* slots: a power of two, or 0 */
    uint32_t count;
};

struct stamp_set {
    struct stamp_generation present;
    struct stamp_generation past;
    uint64_t began_ms;    /* the present generation */
    uint32_t generations; /* that have ended */
    uint32_t limit;
    bool has_info_hashes;
};

/* An empty set. `limit` is not 0. */
struct stamp_set stamp_set_create(uint32_t limit, bool has_info_hashes, uint64_t now_ms);
void stamp_set_free(struct stamp_set *set);

/* Stamp of a hash; 0 if it is not in the set. */
uint64_t stamp_set_find(const struct stamp_set *set, uint64_t hash);

/* The same with its details. */
struct stamped_hash stamp_set_look(const struct stamp_set *set, uint64_t hash);

/* Loads the slot of a hash into the processor's cache. */
void stamp_set_prefetch(const struct stamp_set *set, uint64_t hash);

/* Adds a hash, or replaces what is known of it; its stamp is not 0. If out of memory, it is not
 * remembered. */
void stamp_set_put(struct stamp_set *set, const struct stamped_hash *hash);

/* Starts a new generation if the present one is at least `lifetime_ms` old. So a hash is remembered
 * for once to twice that time. */
void stamp_set_age(struct stamp_set *set, uint64_t now_ms, uint64_t lifetime_ms);

/* A place in a set; all zeros at first. */
struct stamp_cursor {
    size_t slot;
    uint32_t size; /* of the present generation, and its number */
    uint32_t generation;
};

/* The next hash from the cursor; false at the end. A set that has grown or has a new generation has
 * another order: then all hashes follow again. */
bool stamp_set_next(const struct stamp_set *set, struct stamp_cursor *cursor,
                    struct stamped_hash *found);

#endif
