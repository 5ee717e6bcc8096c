#include "swarm/entry_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

void entry_map_init(struct entry_map *map, const struct hash_key *hash_key,
                    struct bytes (*key_of)(const struct entry *entry)) {
    map->hash_key = *hash_key;
    map->key_of = key_of;
    map->count = 0;
    for (int i = 0; i < ENTRY_MAP_PARTS; i++) {
        map->parts[i] = (struct entry_map_part){ .count = 0 };
        pthread_mutex_init(&map->parts[i].lock, NULL);
    }
}

void entry_map_free(struct entry_map *map) {
    for (int i = 0; i < ENTRY_MAP_PARTS; i++) {
        free(map->parts[i].entries);
        hash_index_free(&map->parts[i].index);
        pthread_mutex_destroy(&map->parts[i].lock);
    }
}

struct entry_map_part *entry_map_lock(struct entry_map *map, struct bytes key, uint32_t *hash) {
    /* The index uses the low half of the hash. */
    const uint64_t full = keyed_hash(&map->hash_key, key.data, key.len);
    struct entry_map_part *part = &map->parts[(full >> 32) % ENTRY_MAP_PARTS];
    *hash = (uint32_t)full;
    pthread_mutex_lock(&part->lock);
    return part;
}

void entry_map_unlock(struct entry_map_part *part) {
    pthread_mutex_unlock(&part->lock);
}

struct wanted_entry {
    const struct entry_map *map;
    struct bytes key;
    const struct entry *exactly; /* or any with the key */
    const struct entry *except;
};

static bool entry_matches(const void *array, uint32_t position, const void *wanted) {
    struct entry *const *entries = array;
    const struct entry *entry = entries[position];
    const struct wanted_entry *search = wanted;
    if (search->exactly != NULL)
        return entry == search->exactly;
    return entry != search->except && bytes_equal(search->map->key_of(entry), search->key);
}

struct entry *entry_map_find(const struct entry_map *map, const struct entry_map_part *part,
                             struct bytes key, uint32_t hash, const struct entry *except) {
    if (part->count == 0)
        return NULL;
    const struct wanted_entry wanted = { .map = map, .key = key, .except = except };
    const uint32_t at = hash_index_find(&part->index, hash, entry_matches, part->entries, &wanted);
    return at == HASH_INDEX_NONE ? NULL : part->entries[at];
}

static uint32_t hash_of_entry(const struct entry_map *map, const struct entry *entry) {
    const struct bytes key = map->key_of(entry);
    return (uint32_t)keyed_hash(&map->hash_key, key.data, key.len);
}

/* Replaces an index that has become too small. */
static bool fit_index(const struct entry_map *map, struct entry_map_part *part, uint32_t count) {
    struct hash_index index;
    if (part->index.slots != NULL && hash_index_fits(&part->index, count))
        return true;
    if (!hash_index_create(&index, count))
        return false;
    for (uint32_t i = 0; i < part->count; i++)
        hash_index_put(&index, hash_of_entry(map, part->entries[i]), i);
    hash_index_free(&part->index);
    part->index = index;
    return true;
}

bool entry_map_add(struct entry_map *map, struct entry_map_part *part, struct entry *entry,
                   uint32_t hash) {
    struct entry **entries =
        array_grow(part->entries, &part->capacity, part->count + 1, sizeof(struct entry *));
    if (entries == NULL)
        return false;
    part->entries = entries;
    if (!fit_index(map, part, part->count + 1))
        return false;
    hash_index_put(&part->index, hash, part->count);
    entries[part->count++] = entry;
    atomic_fetch_add_explicit(&map->count, 1, memory_order_relaxed);
    return true;
}

static uint32_t position_of(const struct entry_map_part *part, const struct entry *entry,
                            uint32_t hash) {
    const struct wanted_entry wanted = { .exactly = entry };
    return hash_index_find(&part->index, hash, entry_matches, part->entries, &wanted);
}

void entry_map_replace(struct entry_map *map, struct entry_map_part *part, const struct entry *old,
                       struct entry *entry, uint32_t hash) {
    (void)map;
    part->entries[position_of(part, old, hash)] = entry;
}

/* The index asks for the hash of a position only, so it gets the map and the part together. */
struct map_part {
    const struct entry_map *map;
    struct entry *const *entries;
};

static uint32_t hash_at(const void *array, uint32_t position) {
    const struct map_part *place = array;
    return hash_of_entry(place->map, place->entries[position]);
}

void entry_map_remove(struct entry_map *map, struct entry_map_part *part, const struct entry *entry,
                      uint32_t hash) {
    const struct map_part place = { .map = map, .entries = part->entries };
    const uint32_t at = position_of(part, entry, hash);
    const uint32_t last = part->count - 1;
    hash_index_remove(&part->index, hash, at, hash_at, &place);
    if (at != last) {
        hash_index_renumber(&part->index, hash_at(&place, last), last, at);
        part->entries[at] = part->entries[last];
    }
    part->count = last;
    atomic_fetch_sub_explicit(&map->count, 1, memory_order_relaxed);
}
