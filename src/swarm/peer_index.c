#include "swarm/peer_index.h"

#include <assert.h>
#include <stdlib.h>

uint32_t peer_index_slots_for(uint32_t entries) {
    uint64_t slots = 16;
    while (slots * 3 / 4 < entries)
        slots *= 2;
    return (uint32_t)slots;
}

bool peer_index_create(struct peer_index *index, uint32_t slots) {
    assert((slots & (slots - 1)) == 0);
    uint32_t *fresh = calloc(slots, sizeof *fresh);
    if (fresh == NULL)
        return false;
    *index = (struct peer_index){ .slots = fresh, .mask = slots - 1 };
    return true;
}

void peer_index_free(struct peer_index *index) {
    free(index->slots);
    *index = (struct peer_index){ 0 };
}

void peer_index_put(struct peer_index *index, uint32_t hash, uint32_t position) {
    uint32_t at = hash & index->mask;
    while (index->slots[at] != 0)
        at = (at + 1) & index->mask;
    index->slots[at] = position + 1;
}

uint32_t peer_index_find(const struct peer_index *index, uint32_t hash,
                         bool (*matches)(const void *array, uint32_t position, const void *wanted),
                         const void *array, const void *wanted) {
    for (uint32_t at = hash & index->mask; index->slots[at] != 0; at = (at + 1) & index->mask) {
        const uint32_t position = index->slots[at] - 1;
        if (matches(array, position, wanted))
            return position;
    }
    return INDEX_NOWHERE;
}

static uint32_t slot_of(const struct peer_index *index, uint32_t hash, uint32_t position) {
    uint32_t at = hash & index->mask;
    while (index->slots[at] != position + 1) {
        assert(index->slots[at] != 0);
        at = (at + 1) & index->mask;
    }
    return at;
}

void peer_index_renumber(struct peer_index *index, uint32_t hash, uint32_t position, uint32_t to) {
    index->slots[slot_of(index, hash, position)] = to + 1;
}

void peer_index_remove(struct peer_index *index, uint32_t hash, uint32_t position,
                       index_hash hash_of, const void *array) {
    uint32_t hole = slot_of(index, hash, position);
    for (uint32_t at = (hole + 1) & index->mask; index->slots[at] != 0;
         at = (at + 1) & index->mask) {
        const uint32_t home = hash_of(array, index->slots[at] - 1) & index->mask;
        /* An entry may only move back as far as its home. */
        if (((at - home) & index->mask) >= ((at - hole) & index->mask)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole] = 0;
}
