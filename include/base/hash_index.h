/* An open-addressing index from hashes to positions in an array that the caller keeps.
 * A slot is one 32-bit number: a position, and in its unused bits part of the hash, so that most
 * other entries are skipped without reading the array. For the rest, and for the hash of a
 * neighbour, the caller's functions read the array. A hash may occur more than once. Linear probing
 * with backward-shift deletion, so there are no tombstones. Not locked. */
#ifndef SKEP_BASE_HASH_INDEX_H
#define SKEP_BASE_HASH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_INDEX_NONE UINT32_MAX

struct hash_index {
    uint32_t *slots; /* 0 is empty */
    uint32_t size;
    uint32_t position_bits; /* low bits, which hold position + 1 */
};

/* Hash of the entry at `position`. */
typedef uint32_t (*hash_index_hash)(const void *array, uint32_t position);

/* Whether the entry at `position` is the wanted one. */
typedef bool (*hash_index_match)(const void *array, uint32_t position, const void *wanted);

/* Creates an empty index that is two thirds full with `entries`. False if out of memory; then
 * `*index` is unchanged. */
bool hash_index_create(struct hash_index *index, uint32_t entries);
void hash_index_free(struct hash_index *index);

/* Whether the index has a good size for this number of entries, with positions below that number.
 */
bool hash_index_fits(const struct hash_index *index, uint32_t entries);

void hash_index_put(struct hash_index *index, uint32_t hash, uint32_t position);

/* First position with this hash for which `matches` is true, or HASH_INDEX_NONE. */
uint32_t hash_index_find(const struct hash_index *index, uint32_t hash, hash_index_match matches,
                         const void *array, const void *wanted);

/* Loads the slot of `hash` into the processor's cache. */
void hash_index_prefetch(const struct hash_index *index, uint32_t hash);

/* First position that may have this hash, found without reading the array; or HASH_INDEX_NONE. */
uint32_t hash_index_guess(const struct hash_index *index, uint32_t hash);

/* `position` with hash `hash` is in the index; changes its number, or removes it. */
void hash_index_renumber(struct hash_index *index, uint32_t hash, uint32_t position, uint32_t to);
void hash_index_remove(struct hash_index *index, uint32_t hash, uint32_t position,
                       hash_index_hash hash_of, const void *array);

static inline size_t hash_index_memory(const struct hash_index *index) {
    return index->size * sizeof *index->slots;
}

/* An index that changes its size in steps, so that no call takes long: entries move from the past
 * index to the present one a few at a time. All zeros is an index without room. */
struct stepped_index {
    struct hash_index present;
    struct hash_index past; /* has no slots if all entries have moved */
    uint32_t moved;         /* slots of `past` that are done */
};

void stepped_index_free(struct stepped_index *index);

/* Makes the index fit this number of entries, which may be one more than at the last call, and
 * moves some. Call it for each entry that is put or removed. False if out of memory; then all
 * entries are still in the index. */
bool stepped_index_fit(struct stepped_index *index, uint32_t entries, hash_index_hash hash_of,
                       const void *array);

/* As the functions of hash_index. */
void stepped_index_prefetch(const struct stepped_index *index, uint32_t hash);
void stepped_index_put(struct stepped_index *index, uint32_t hash, uint32_t position);
uint32_t stepped_index_find(const struct stepped_index *index, uint32_t hash,
                            hash_index_match matches, const void *array, const void *wanted);
void stepped_index_renumber(struct stepped_index *index, uint32_t hash, uint32_t position,
                            uint32_t to);
void stepped_index_remove(struct stepped_index *index, uint32_t hash, uint32_t position,
                          hash_index_hash hash_of, const void *array);

/* Exchanges the positions of two entries, which are in the index. */
void stepped_index_swap(struct stepped_index *index, uint32_t hash, uint32_t position,
                        uint32_t other_hash, uint32_t other_position);

static inline size_t stepped_index_memory(const struct stepped_index *index) {
    return hash_index_memory(&index->present) + hash_index_memory(&index->past);
}

#endif
