/* An open-addressing index from a hash to a position in an array that someone else keeps.
 *
 * A slot holds a position and nothing else; whether it is the one that is looked for, and what the
 * hash of the one in it is, only the array can tell, so the caller is asked. A hash may be had more
 * than once. Linear probing, removal by shifting back, so there are no tombstones. Not locked. */
#ifndef SKEP_SWARM_PEER_INDEX_H
#define SKEP_SWARM_PEER_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NOWHERE UINT32_MAX

struct peer_index {
    uint32_t *slots; /* position + 1; 0 is empty */
    uint32_t mask;   /* slots - 1; the number of slots is a power of two */
};

/* The hash of what stands at `position`. */
typedef uint32_t (*index_hash)(const void *array, uint32_t position);

/* Slots that keep `entries` entries under three quarters full. */
uint32_t peer_index_slots_for(uint32_t entries);

/* Fresh and empty. False without memory; then `*index` is untouched. */
bool peer_index_create(struct peer_index *index, uint32_t slots);
void peer_index_free(struct peer_index *index);

/* The caller sees to it that an empty slot is left. */
void peer_index_put(struct peer_index *index, uint32_t hash, uint32_t position);

/* The first position with this hash for which `matches` holds, or INDEX_NOWHERE. */
uint32_t peer_index_find(const struct peer_index *index, uint32_t hash,
                         bool (*matches)(const void *array, uint32_t position, const void *wanted),
                         const void *array, const void *wanted);

/* `position`, whose hash is `hash`, is in the index; it gets a new number, or goes. */
void peer_index_renumber(struct peer_index *index, uint32_t hash, uint32_t position, uint32_t to);
void peer_index_remove(struct peer_index *index, uint32_t hash, uint32_t position,
                       index_hash hash_of, const void *array);

static inline size_t peer_index_memory(const struct peer_index *index) {
    return index->slots == NULL ? 0 : ((size_t)index->mask + 1) * sizeof *index->slots;
}

#endif
