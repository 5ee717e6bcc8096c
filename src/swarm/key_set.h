/* A set of byte strings of one length. Hashed with a secret key, because
 * clients choose what is looked up. Filled once, then read by any thread. */
#ifndef SKEP_SWARM_KEY_SET_H
#define SKEP_SWARM_KEY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/keyed_hash.h"

struct key_set {
    struct hash_key hash_key;
    size_t key_len;
    uint8_t *keys; /* `count` of them */
    uint32_t count;
    uint32_t capacity;
    uint32_t *slots; /* number + 1 */
    uint32_t slot_mask;
};

/* An empty set. */
void key_set_init(struct key_set *set, size_t key_len, const struct hash_key *hash_key);
void key_set_free(struct key_set *set);

/* False if out of memory. */
bool key_set_add(struct key_set *set, const void *key);
bool key_set_contains(const struct key_set *set, const void *key);

#endif
