/* Set of the completions of peers that may have left since, by hash, so that a client that
 * completes again is not counted again. Two generations of at most COMPLETIONS_MAX hashes each: the
 * older one is dropped when the present one is full or completion_set_age says so. Eight bytes per
 * hash, at most 128 KiB in total. Not locked: each shard has one. */
#ifndef SKEP_SWARM_COMPLETION_SET_H
#define SKEP_SWARM_COMPLETION_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMPLETIONS_MAX = 4096 };

struct completion_generation {
    uint64_t *slots; /* hashes; 0 is empty */
    uint32_t size;   /* slots: a power of two, or 0 */
    uint32_t count;
};

/* All zeros: an empty set. */
struct completion_set {
    struct completion_generation present;
    struct completion_generation past;
    uint32_t began_s; /* the present generation */
};

void completion_set_free(struct completion_set *set);

/* Adds a hash. If out of memory, it is not remembered. */
void completion_set_add(struct completion_set *set, uint64_t hash);

bool completion_set_contains(const struct completion_set *set, uint64_t hash);

/* Starts a new generation if the present one is at least `longest_s` old. So a hash is remembered
 * for once to twice that time. */
void completion_set_age(struct completion_set *set, uint32_t now_s, uint32_t longest_s);

/* Bytes of memory, without the struct itself. */
static inline size_t completion_set_memory(const struct completion_set *set) {
    return sizeof(uint64_t) * ((size_t)set->present.size + set->past.size);
}

#endif
