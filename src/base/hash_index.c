#include "base/hash_index.h"

#include <assert.h>
#include <stdlib.h>

enum { SIZE_MIN = 16 };

static uint32_t slots_for(uint32_t entries) {
    const uint32_t size = entries + entries / 2;
    return size > SIZE_MIN ? size : SIZE_MIN;
}

bool hash_index_create(struct hash_index *index, uint32_t entries) {
    const uint32_t size = slots_for(entries);
    uint32_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return false;
    *index = (struct hash_index){
        .slots = slots,
        .size = size,
        .position_bits = 32 - (uint32_t)__builtin_clz(size),
    };
    return true;
}

void hash_index_free(struct hash_index *index) {
    free(index->slots);
    *index = (struct hash_index){ 0 };
}

/* Above four fifths, chains grow long; below a quarter, memory is wasted. */
bool hash_index_fits(const struct hash_index *index, uint32_t entries) {
    return entries <= index->size - index->size / 5 &&
           (entries >= index->size / 4 || index->size == SIZE_MIN);
}

/* The top bits of the hash select the slot, its low bits are stored in it. */
static uint32_t home_slot(const struct hash_index *index, uint32_t hash) {
    return (uint32_t)((uint64_t)hash * index->size >> 32);
}

static uint32_t slot_value(const struct hash_index *index, uint32_t hash, uint32_t position) {
    return hash << index->position_bits | (position + 1);
}

static uint32_t slot_position(const struct hash_index *index, uint32_t slot) {
    return (slot & ((1U << index->position_bits) - 1)) - 1;
}

static uint32_t next_slot(const struct hash_index *index, uint32_t at) {
    return at + 1 == index->size ? 0 : at + 1;
}

/* Forward distance from `from` to `to`. */
static uint32_t probe_distance(const struct hash_index *index, uint32_t from, uint32_t to) {
    return to >= from ? to - from : to + index->size - from;
}

void hash_index_put(struct hash_index *index, uint32_t hash, uint32_t position) {
    uint32_t at = home_slot(index, hash);
    while (index->slots[at] != 0)
        at = next_slot(index, at);
    index->slots[at] = slot_value(index, hash, position);
}

uint32_t hash_index_find(const struct hash_index *index, uint32_t hash, hash_index_match matches,
                         const void *array, const void *wanted) {
    const uint32_t tag = hash << index->position_bits;
    for (uint32_t at = home_slot(index, hash); index->slots[at] != 0; at = next_slot(index, at)) {
        const uint32_t slot = index->slots[at];
        if (slot >> index->position_bits != tag >> index->position_bits)
            continue;
        const uint32_t position = slot_position(index, slot);
        if (matches(array, position, wanted))
            return position;
    }
    return HASH_INDEX_NONE;
}

static uint32_t find_slot(const struct hash_index *index, uint32_t hash, uint32_t position) {
    const uint32_t value = slot_value(index, hash, position);
    uint32_t at = home_slot(index, hash);
    while (index->slots[at] != value) {
        assert(index->slots[at] != 0);
        at = next_slot(index, at);
    }
    return at;
}

void hash_index_renumber(struct hash_index *index, uint32_t hash, uint32_t position, uint32_t to) {
    index->slots[find_slot(index, hash, position)] = slot_value(index, hash, to);
}

void hash_index_remove(struct hash_index *index, uint32_t hash, uint32_t position,
                       hash_index_hash hash_of, const void *array) {
    uint32_t hole = find_slot(index, hash, position);
    for (uint32_t at = next_slot(index, hole); index->slots[at] != 0; at = next_slot(index, at)) {
        const uint32_t home =
            home_slot(index, hash_of(array, slot_position(index, index->slots[at])));
        /* An entry must not move back beyond its home slot. */
        if (probe_distance(index, home, at) >= probe_distance(index, hole, at)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole] = 0;
}
