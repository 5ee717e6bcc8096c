#include "cluster/stamp_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/prefetch.h"

enum { SLOTS_MIN = 16, HASH = 0, STAMP = 1 };

static void clear_generation(struct stamp_generation *generation) {
    free(generation->slots);
    free(generation->details);
    *generation = (struct stamp_generation){ 0 };
}

struct stamp_set stamp_set_create(uint32_t limit, bool has_info_hashes, uint64_t now_ms) {
    return (struct stamp_set){
        .limit = limit,
        .has_info_hashes = has_info_hashes,
        .began_ms = now_ms,
    };
}

void stamp_set_free(struct stamp_set *set) {
    clear_generation(&set->present);
    clear_generation(&set->past);
}

/* Where a search for `hash` begins. */
static uint32_t home_of(const struct stamp_generation *generation, uint64_t hash) {
    return (uint32_t)hash & (generation->size - 1);
}

/* Number of the slot of `hash`, or of the empty one where it belongs. At least one slot is empty.
 */
static uint32_t find_slot(const struct stamp_generation *generation, uint64_t hash) {
    uint32_t at = home_of(generation, hash);
    while (generation->slots[at][STAMP] != 0 && generation->slots[at][HASH] != hash)
        at = (at + 1) & (generation->size - 1);
    return at;
}

static struct stamped_hash read_slot(const struct stamp_generation *generation, size_t at) {
    struct stamped_hash hash = {
        .hash = generation->slots[at][HASH],
        .stamp = generation->slots[at][STAMP],
    };
    if (generation->details == NULL)
        return hash;
    hash.info_hash = generation->details[at].info_hash;
    hash.counted_here = generation->details[at].counted_here;
    return hash;
}

static void write_slot(struct stamp_generation *generation, const struct stamped_hash *hash) {
    const uint32_t at = find_slot(generation, hash->hash);
    generation->slots[at][HASH] = hash->hash;
    generation->slots[at][STAMP] = hash->stamp;
    if (generation->details == NULL)
        return;
    generation->details[at].counted_here = hash->counted_here;
    if (hash->info_hash != NULL)
        memcpy(generation->details[at].info_hash, hash->info_hash, INFO_HASH_LEN);
}

static bool grow_generation(struct stamp_generation *generation, bool has_info_hashes) {
    struct stamp_generation grown = {
        .size = generation->size == 0 ? SLOTS_MIN : 2 * generation->size,
        .count = generation->count,
    };
    grown.slots = calloc(grown.size, sizeof *grown.slots);
    if (has_info_hashes)
        grown.details = calloc(grown.size, sizeof *grown.details);
    if (grown.slots == NULL || (has_info_hashes && grown.details == NULL)) {
        clear_generation(&grown);
        return false;
    }
    for (uint32_t i = 0; i < generation->size; i++) {
        const struct stamped_hash hash = read_slot(generation, i);
        if (hash.stamp != 0)
            write_slot(&grown, &hash);
    }
    clear_generation(generation);
    *generation = grown;
    return true;
}

static void begin_generation(struct stamp_set *set) {
    clear_generation(&set->past);
    set->past = set->present;
    set->generations++;
    set->present = (struct stamp_generation){ 0 };
}

static struct stamped_hash find_in(const struct stamp_generation *generation, uint64_t hash) {
    const struct stamped_hash none = { .stamp = 0 };
    return generation->size == 0 ? none : read_slot(generation, find_slot(generation, hash));
}

struct stamped_hash stamp_set_look(const struct stamp_set *set, uint64_t hash) {
    const struct stamped_hash found = find_in(&set->present, hash);
    return found.stamp != 0 ? found : find_in(&set->past, hash);
}

uint64_t stamp_set_find(const struct stamp_set *set, uint64_t hash) {
    return stamp_set_look(set, hash).stamp;
}

static void prefetch_in(const struct stamp_generation *generation, uint64_t hash) {
    if (generation->size == 0)
        return;
    const uint32_t at = home_of(generation, hash);
    prefetch_line(&generation->slots[at]);
    if (generation->details != NULL)
        prefetch_range(&generation->details[at], sizeof *generation->details);
}

void stamp_set_prefetch(const struct stamp_set *set, uint64_t hash) {
    prefetch_in(&set->present, hash);
    prefetch_in(&set->past, hash);
}

void stamp_set_put(struct stamp_set *set, const struct stamped_hash *hash) {
    struct stamp_generation *present = &set->present;
    const bool known = find_in(present, hash->hash).stamp != 0;
    if (!known && present->count == set->limit)
        begin_generation(set);
    if (!known && present->count + 1 > present->size / 4 * 3 &&
        !grow_generation(present, set->has_info_hashes))
        return;
    write_slot(present, hash);
    present->count += !known;
}

void stamp_set_age(struct stamp_set *set, uint64_t now_ms, uint64_t lifetime_ms) {
    if (now_ms < set->began_ms + lifetime_ms)
        return;
    begin_generation(set);
    set->began_ms = now_ms;
}

bool stamp_set_next(const struct stamp_set *set, struct stamp_cursor *cursor,
                    struct stamped_hash *found) {
    const size_t slots = (size_t)set->present.size + set->past.size;
    if (cursor->size != set->present.size || cursor->generation != set->generations)
        *cursor = (struct stamp_cursor){
            .size = set->present.size,
            .generation = set->generations,
        };
    while (cursor->slot < slots) {
        const size_t at = cursor->slot++;
        *found = at < set->present.size ? read_slot(&set->present, at)
                                        : read_slot(&set->past, at - set->present.size);
        const bool replaced =
            at >= set->present.size && find_in(&set->present, found->hash).stamp != 0;
        if (found->stamp != 0 && !replaced)
            return true;
    }
    return false;
}
