#include "swarm/key_set.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 16 };

void key_set_init(struct key_set *set, size_t key_len, const struct hash_key *hash_key) {
    *set = (struct key_set){ .key_len = key_len, .hash_key = *hash_key };
}

void key_set_free(struct key_set *set) {
    free(set->keys);
    free(set->slots);
    key_set_init(set, set->key_len, &set->hash_key);
}

static const uint8_t *key_at(const struct key_set *set, uint32_t number) {
    return set->keys + number * set->key_len;
}

/* The slot of the key, or the empty slot where it would be inserted. */
static uint32_t slot_of(const struct key_set *set, const void *key) {
    uint32_t at = (uint32_t)keyed_hash(&set->hash_key, key, set->key_len) & set->slot_mask;
    while (set->slots[at] != 0 && memcmp(key_at(set, set->slots[at] - 1), key, set->key_len) != 0)
        at = (at + 1) & set->slot_mask;
    return at;
}

static bool grow_keys(struct key_set *set) {
    const uint32_t capacity = set->capacity == 0 ? CAPACITY_MIN : 2 * set->capacity;
    uint8_t *keys = realloc(set->keys, capacity * set->key_len);
    if (keys != NULL)
        set->keys = keys;
    uint32_t *slots = calloc(2 * (size_t)capacity, sizeof *slots);
    if (keys == NULL || slots == NULL) {
        free(slots);
        return false;
    }
    free(set->slots);
    set->slots = slots;
    set->slot_mask = 2 * capacity - 1;
    set->capacity = capacity;
    for (uint32_t i = 0; i < set->count; i++)
        slots[slot_of(set, key_at(set, i))] = i + 1;
    return true;
}

bool key_set_add(struct key_set *set, const void *key) {
    if (set->count == set->capacity && !grow_keys(set))
        return false;
    const uint32_t slot = slot_of(set, key);
    if (set->slots[slot] != 0)
        return true;
    memcpy(set->keys + set->count * set->key_len, key, set->key_len);
    set->slots[slot] = ++set->count;
    return true;
}

bool key_set_contains(const struct key_set *set, const void *key) {
    return set->count > 0 && set->slots[slot_of(set, key)] != 0;
}
