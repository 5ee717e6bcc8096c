#include "base/hash_index.h"

#include <assert.h>
#include <stdlib.h>

#include "base/prefetch.h"

enum {
    SIZE_MIN = 16,
    STEP_SLOTS = 16,      /* of a past index, moved at a time */
    SLOTS_AT_ONCE = 1024, /* a past index of this size is moved at once */
    SMALL = 4096,         /* up to this size, a slot tells the home of its entry */
};

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

/* The low bits of the hash are stored in the slot. They also select it if the index is small; in a
 * large one they are too few, and the top bits do. */
static uint32_t home_slot(const struct hash_index *index, uint32_t hash) {
    const uint32_t bits = index->size <= SMALL ? hash << index->position_bits : hash;
    return (uint32_t)((uint64_t)bits * index->size >> 32);
}

static uint32_t slot_value(const struct hash_index *index, uint32_t hash, uint32_t position) {
    return hash << index->position_bits | (position + 1);
}

static uint32_t slot_position(const struct hash_index *index, uint32_t slot) {
    return (slot & ((1U << index->position_bits) - 1)) - 1;
}

static uint32_t home_of_slot(const struct hash_index *index, uint32_t slot, hash_index_hash hash_of,
                             const void *array) {
    const uint32_t hash = index->size <= SMALL ? slot >> index->position_bits
                                               : hash_of(array, slot_position(index, slot));
    return home_slot(index, hash);
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
        if (position != HASH_INDEX_NONE && matches(array, position, wanted))
            return position;
    }
    return HASH_INDEX_NONE;
}

void hash_index_prefetch(const struct hash_index *index, uint32_t hash) {
    prefetch_line(&index->slots[home_slot(index, hash)]);
}

static bool match_any(const void *array, uint32_t position, const void *wanted) {
    (void)array;
    (void)position;
    (void)wanted;
    return true;
}

uint32_t hash_index_guess(const struct hash_index *index, uint32_t hash) {
    return hash_index_find(index, hash, match_any, NULL, NULL);
}

/* HASH_INDEX_NONE: the entry is not in the index. */
static uint32_t look_for_slot(const struct hash_index *index, uint32_t hash, uint32_t position) {
    const uint32_t value = slot_value(index, hash, position);
    uint32_t at = home_slot(index, hash);
    while (index->slots[at] != value) {
        if (index->slots[at] == 0)
            return HASH_INDEX_NONE;
        at = next_slot(index, at);
    }
    return at;
}

static uint32_t find_slot(const struct hash_index *index, uint32_t hash, uint32_t position) {
    const uint32_t at = look_for_slot(index, hash, position);
    assert(at != HASH_INDEX_NONE);
    return at;
}

void hash_index_renumber(struct hash_index *index, uint32_t hash, uint32_t position, uint32_t to) {
    index->slots[find_slot(index, hash, position)] = slot_value(index, hash, to);
}

void hash_index_remove(struct hash_index *index, uint32_t hash, uint32_t position,
                       hash_index_hash hash_of, const void *array) {
    uint32_t hole = find_slot(index, hash, position);
    for (uint32_t at = next_slot(index, hole); index->slots[at] != 0; at = next_slot(index, at)) {
        const uint32_t home = home_of_slot(index, index->slots[at], hash_of, array);
        /* An entry must not move back beyond its home slot. */
        if (probe_distance(index, home, at) >= probe_distance(index, hole, at)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole] = 0;
}

/* A slot of a past index whose entry has moved or is gone. Searches continue behind it; it has no
 * position. */
static uint32_t gone(const struct hash_index *past) {
    return 1U << past->position_bits;
}

void stepped_index_free(struct stepped_index *index) {
    hash_index_free(&index->present);
    hash_index_free(&index->past);
    index->moved = 0;
}

static void move_slots(struct stepped_index *index, uint32_t count, hash_index_hash hash_of,
                       const void *array) {
    struct hash_index *past = &index->past;
    if (past->slots == NULL)
        return;
    for (; count > 0 && index->moved < past->size; count--, index->moved++) {
        uint32_t *slot = &past->slots[index->moved];
        if (*slot == 0 || *slot == gone(past))
            continue;
        const uint32_t position = slot_position(past, *slot);
        hash_index_put(&index->present, hash_of(array, position), position);
        *slot = gone(past);
    }
    if (index->moved == past->size)
        hash_index_free(past);
}

bool stepped_index_fit(struct stepped_index *index, uint32_t entries, hash_index_hash hash_of,
                       const void *array) {
    move_slots(index, STEP_SLOTS, hash_of, array);
    if (index->present.size > 0 && hash_index_fits(&index->present, entries))
        return true;
    struct hash_index next;
    if (!hash_index_create(&next, entries))
        return false;
    move_slots(index, UINT32_MAX, hash_of, array);
    index->past = index->present;
    index->present = next;
    index->moved = 0;
    move_slots(index, index->past.size <= SLOTS_AT_ONCE ? SLOTS_AT_ONCE : STEP_SLOTS, hash_of,
               array);
    return true;
}

void stepped_index_prefetch(const struct stepped_index *index, uint32_t hash) {
    hash_index_prefetch(&index->present, hash);
}

void stepped_index_put(struct stepped_index *index, uint32_t hash, uint32_t position) {
    hash_index_put(&index->present, hash, position);
}

uint32_t stepped_index_find(const struct stepped_index *index, uint32_t hash,
                            hash_index_match matches, const void *array, const void *wanted) {
    const uint32_t position = hash_index_find(&index->present, hash, matches, array, wanted);
    if (position != HASH_INDEX_NONE || index->past.size == 0)
        return position;
    return hash_index_find(&index->past, hash, matches, array, wanted);
}

/* The slot of `past` that still has the entry; NULL: it is in `present`. */
static uint32_t *past_slot(const struct stepped_index *index, uint32_t hash, uint32_t position) {
    if (index->past.size == 0)
        return NULL;
    const uint32_t at = look_for_slot(&index->past, hash, position);
    return at == HASH_INDEX_NONE ? NULL : &index->past.slots[at];
}

/* The slot of an entry, and the index that it is in. */
struct place {
    const struct hash_index *index;
    uint32_t *slot;
};

static struct place find_place(const struct stepped_index *index, uint32_t hash,
                               uint32_t position) {
    uint32_t *slot = past_slot(index, hash, position);
    if (slot != NULL)
        return (struct place){ .index = &index->past, .slot = slot };
    const struct hash_index *present = &index->present;
    return (struct place){ .index = present,
                           .slot = &present->slots[find_slot(present, hash, position)] };
}

static void renumber_place(const struct place *place, uint32_t hash, uint32_t to) {
    assert(to < place->index->size);
    *place->slot = slot_value(place->index, hash, to);
}

void stepped_index_renumber(struct stepped_index *index, uint32_t hash, uint32_t position,
                            uint32_t to) {
    const struct place place = find_place(index, hash, position);
    renumber_place(&place, hash, to);
}

void stepped_index_remove(struct stepped_index *index, uint32_t hash, uint32_t position,
                          hash_index_hash hash_of, const void *array) {
    uint32_t *slot = past_slot(index, hash, position);
    if (slot != NULL)
        *slot = gone(&index->past);
    else
        hash_index_remove(&index->present, hash, position, hash_of, array);
}

void stepped_index_swap(struct stepped_index *index, uint32_t hash, uint32_t position,
                        uint32_t other_hash, uint32_t other_position) {
    const struct place one = find_place(index, hash, position);
    const struct place other = find_place(index, other_hash, other_position);
    renumber_place(&one, hash, other_position);
    renumber_place(&other, other_hash, position);
}
