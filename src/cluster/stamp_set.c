#include "cluster/stamp_set.h"

#include <stdlib.h>

enum { SLOTS_MIN = 16 };

static void clear_generation(struct stamp_generation *generation) {
    free(generation->slots);
    *generation = (struct stamp_generation){ 0 };
}

struct stamp_set stamp_set_create(uint32_t limit, uint64_t now_ms) {
    return (struct stamp_set){ .limit = limit, .began_ms = now_ms };
}

void stamp_set_free(struct stamp_set *set) {
    clear_generation(&set->present);
    clear_generation(&set->past);
}

/* The slot of `hash`, or the empty one where it belongs. At least one slot is empty. */
static struct stamped_hash *find_slot(const struct stamp_generation *generation, uint64_t hash) {
    uint32_t at = (uint32_t)hash & (generation->size - 1);
    while (generation->slots[at].stamp != 0 && generation->slots[at].hash != hash)
        at = (at + 1) & (generation->size - 1);
    return &generation->slots[at];
}

static bool grow_generation(struct stamp_generation *generation) {
    struct stamp_generation grown = {
        .size = generation->size == 0 ? SLOTS_MIN : 2 * generation->size,
        .count = generation->count,
    };
    grown.slots = calloc(grown.size, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (uint32_t i = 0; i < generation->size; i++) {
        if (generation->slots[i].stamp != 0)
            *find_slot(&grown, generation->slots[i].hash) = generation->slots[i];
    }
    free(generation->slots);
    *generation = grown;
    return true;
}

static void begin_generation(struct stamp_set *set) {
    clear_generation(&set->past);
    set->past = set->present;
    set->present = (struct stamp_generation){ 0 };
}

static uint64_t stamp_in(const struct stamp_generation *generation, uint64_t hash) {
    return generation->size == 0 ? 0 : find_slot(generation, hash)->stamp;
}

uint64_t stamp_set_find(const struct stamp_set *set, uint64_t hash) {
    const uint64_t stamp = stamp_in(&set->present, hash);
    return stamp != 0 ? stamp : stamp_in(&set->past, hash);
}

void stamp_set_put(struct stamp_set *set, uint64_t hash, uint64_t stamp) {
    struct stamp_generation *present = &set->present;
    const bool known = stamp_in(present, hash) != 0;
    if (!known && present->count == set->limit)
        begin_generation(set);
    if (!known && 2 * (present->count + 1) > present->size && !grow_generation(present))
        return;
    *find_slot(present, hash) = (struct stamped_hash){ .hash = hash, .stamp = stamp };
    present->count += !known;
}

void stamp_set_age(struct stamp_set *set, uint64_t now_ms, uint64_t lifetime_ms) {
    if (now_ms < set->began_ms + lifetime_ms)
        return;
    begin_generation(set);
    set->began_ms = now_ms;
}

bool stamp_set_next(const struct stamp_set *set, size_t *cursor, struct stamped_hash *found) {
    const size_t slots = (size_t)set->present.size + set->past.size;
    while (*cursor < slots) {
        const size_t at = (*cursor)++;
        *found = at < set->present.size ? set->present.slots[at]
                                        : set->past.slots[at - set->present.size];
        if (found->stamp != 0)
            return true;
    }
    return false;
}
