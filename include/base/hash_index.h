/* An open-addressing index from a hash to a position in an array that someone else keeps.
 *
 * A slot is one 32-bit number: a position, and in the bits that positions do not need, part of the
 * hash. So most strangers are passed over without a look into the array; whether the rest are the
 * one that is looked for, and what the hash of a neighbour is, only the array can tell, so the
 * caller is asked. A hash may be had more than once. Linear probing, removal by shifting back, so
 * there are no tombstones. Not locked. */
#ifndef SKEP_BASE_HASH_INDEX_H
#define SKEP_BASE_HASH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_INDEX_NONE UINT32_MAX

struct hash_index {
    uint32_t *slots; /* 0 is empty */
    uint32_t size;
    uint32_t position_bits; /* the low ones, which hold position + 1 */
};

/* The hash of what stands at `position`. */
typedef uint32_t (*hash_index_hash)(const void *array, uint32_t position);

/* Whether what stands at `position` is what is wanted. */
typedef bool (*hash_index_match)(const void *array, uint32_t position, const void *wanted);

/* Fresh and empty, two thirds full once it holds `entries`. False without memory; then
 * `*index` is untouched. */
bool hash_index_create(struct hash_index *index, uint32_t entries);
void hash_index_free(struct hash_index *index);

/* Whether the index is of a good size for so many entries, with positions below that number. */
bool hash_index_fits(const struct hash_index *index, uint32_t entries);

void hash_index_put(struct hash_index *index, uint32_t hash, uint32_t position);

/* The first position with this hash for which `matches` holds, or HASH_INDEX_NONE. */
uint32_t hash_index_find(const struct hash_index *index, uint32_t hash, hash_index_match matches,
                         const void *array, const void *wanted);

/* `position`, whose hash is `hash`, is in the index; it gets a new number, or goes. */
void hash_index_renumber(struct hash_index *index, uint32_t hash, uint32_t position, uint32_t to);
void hash_index_remove(struct hash_index *index, uint32_t hash, uint32_t position,
                       hash_index_hash hash_of, const void *array);

static inline size_t hash_index_memory(const struct hash_index *index) {
    return index->size * sizeof *index->slots;
}

#endif
