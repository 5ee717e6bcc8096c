#include "swarm/completion_set.h"

#include <stdlib.h>

#include "base/clock.h"

enum { SLOTS_MIN = 16 };

static void clear_generation(struct completion_generation *generation) {
    free(generation->slots);
    *generation = (struct completion_generation){ 0 };
}

void completion_set_free(struct completion_set *set) {
    clear_generation(&set->present);
    clear_generation(&set->past);
}

/* The slot of `hash`, or the empty one where it belongs. At least one slot is empty. */
static uint64_t *find_slot(const struct completion_generation *generation, uint64_t hash) {
    uint32_t at = (uint32_t)hash & (generation->size - 1);
    while (generation->slots[at] != 0 && generation->slots[at] != hash)
        at = (at + 1) & (generation->size - 1);
    return &generation->slots[at];
}

static bool grow_generation(struct completion_generation *generation) {
    struct completion_generation grown = {
        .size = generation->size == 0 ? SLOTS_MIN : 2 * generation->size,
        .count = generation->count,
    };
    grown.slots = calloc(grown.size, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (uint32_t i = 0; i < generation->size; i++) {
        if (generation->slots[i] != 0)
            *find_slot(&grown, generation->slots[i]) = generation->slots[i];
    }
    free(generation->slots);
    *generation = grown;
    return true;
}

static void begin_generation(struct completion_set *set) {
    clear_generation(&set->past);
    set->past = set->present;
    set->present = (struct completion_generation){ 0 };
}

/* 0 is an empty slot. */
static uint64_t nonzero(uint64_t hash) {
    return hash == 0 ? 1 : hash;
}

static bool generation_contains(const struct completion_generation *generation, uint64_t hash) {
    return generation->size > 0 && *find_slot(generation, hash) == hash;
}

bool completion_set_contains(const struct completion_set *set, uint64_t hash) {
    return generation_contains(&set->present, nonzero(hash)) ||
           generation_contains(&set->past, nonzero(hash));
}

void completion_set_add(struct completion_set *set, uint64_t hash) {
    struct completion_generation *present = &set->present;
    if (generation_contains(present, nonzero(hash)))
        return;
    if (present->count == COMPLETIONS_MAX)
        begin_generation(set);
    if (2 * (present->count + 1) > present->size && !grow_generation(present))
        return;
    *find_slot(present, nonzero(hash)) = nonzero(hash);
    present->count++;
}

void completion_set_age(struct completion_set *set, uint32_t now_s, uint32_t longest_s) {
    if (clock_elapsed_s(set->began_s, now_s) < longest_s)
        return;
    begin_generation(set);
    set->began_s = now_s;
}
