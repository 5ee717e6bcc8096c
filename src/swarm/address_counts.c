#include "swarm/address_counts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 64, SLOTS_MIN = 16, COUNT_BITS = 16 };

struct part {
    _Alignas(64) pthread_mutex_t lock;
    uint64_t *slots; /* hash in the upper 48 bits, count in the lower 16; 0 is empty */
    uint32_t mask;
    uint32_t used;
};

struct address_counts {
    struct hash_key key;
    struct part parts[PARTS];
};

uint64_t address_hash(const struct hash_key *key, const struct endpoint *address) {
    uint8_t counted[9] = { address->family };
    memcpy(counted + 1, address->wire, address->family == FAMILY_V6 ? 8 : 4);
    return keyed_hash(key, counted, sizeof counted);
}

struct address_counts *address_counts_create(const struct hash_key *key) {
    struct address_counts *counts = aligned_alloc(64, sizeof *counts);
    if (counts == NULL)
        return NULL;
    memset(counts, 0, sizeof *counts);
    counts->key = *key;
    for (int i = 0; i < PARTS; i++)
        pthread_mutex_init(&counts->parts[i].lock, NULL);
    return counts;
}

void address_counts_delete(struct address_counts *counts) {
    if (counts == NULL)
        return;
    for (int i = 0; i < PARTS; i++) {
        free(counts->parts[i].slots);
        pthread_mutex_destroy(&counts->parts[i].lock);
    }
    free(counts);
}

static uint64_t tag_in(uint64_t slot) {
    return slot >> COUNT_BITS;
}

/* The slot of the address, or the empty slot where it would be inserted. */
static uint32_t find_count(const uint64_t *slots, uint32_t mask, uint64_t tag) {
    uint32_t at = (uint32_t)tag & mask;
    while (slots[at] != 0 && tag_in(slots[at]) != tag)
        at = (at + 1) & mask;
    return at;
}

static bool grow_part(struct part *part) {
    const uint32_t size = part->slots == NULL ? SLOTS_MIN : 2 * (part->mask + 1);
    uint64_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint32_t i = 0; part->slots != NULL && i <= part->mask; i++) {
        if (part->slots[i] != 0)
            slots[find_count(slots, size - 1, tag_in(part->slots[i]))] = part->slots[i];
    }
    free(part->slots);
    part->slots = slots;
    part->mask = size - 1;
    return true;
}

/* Backward-shift deletion: moves later entries of the chain towards their home slots. */
static void empty_slot(struct part *part, uint32_t hole) {
    uint64_t *slots = part->slots;
    const uint32_t mask = part->mask;
    for (uint32_t at = (hole + 1) & mask; slots[at] != 0; at = (at + 1) & mask) {
        const uint32_t home = (uint32_t)tag_in(slots[at]) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            slots[hole] = slots[at];
            hole = at;
        }
    }
    slots[hole] = 0;
    part->used--;
}

static struct part *lock_part(struct address_counts *counts, const struct endpoint *peer,
                              uint64_t *tag) {
    const uint64_t hash = address_hash(&counts->key, peer);
    struct part *part = &counts->parts[hash % PARTS];
    *tag = tag_in(hash);
    pthread_mutex_lock(&part->lock);
    return part;
}

void address_counts_add(struct address_counts *counts, const struct endpoint *peer) {
    uint64_t tag;
    struct part *part = lock_part(counts, peer, &tag);
    const bool roomy = part->slots != NULL && part->used < (part->mask + 1) / 4 * 3;
    if (roomy || grow_part(part)) {
        uint64_t *slot = &part->slots[find_count(part->slots, part->mask, tag)];
        if (*slot == 0) {
            *slot = tag << COUNT_BITS;
            part->used++;
        }
        if ((*slot & ADDRESS_COUNT_MAX) < ADDRESS_COUNT_MAX)
            ++*slot;
    }
    pthread_mutex_unlock(&part->lock);
}

void address_counts_remove(struct address_counts *counts, const struct endpoint *peer) {
    uint64_t tag;
    struct part *part = lock_part(counts, peer, &tag);
    if (part->slots != NULL) {
        const uint32_t at = find_count(part->slots, part->mask, tag);
        if (part->slots[at] != 0 && (--part->slots[at] & ADDRESS_COUNT_MAX) == 0)
            empty_slot(part, at);
    }
    pthread_mutex_unlock(&part->lock);
}

uint32_t address_counts_of(struct address_counts *counts, const struct endpoint *peer) {
    uint64_t tag;
    struct part *part = lock_part(counts, peer, &tag);
    uint32_t count = 0;
    if (part->slots != NULL)
        count = part->slots[find_count(part->slots, part->mask, tag)] & ADDRESS_COUNT_MAX;
    pthread_mutex_unlock(&part->lock);
    return count;
}
