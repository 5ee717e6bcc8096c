#include "swarm/address_counts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/prefetch.h"

enum {
    PARTS = 64,
    SLOTS_MIN = 16,
    COUNT_BITS = 16,
    NETWORK_ROWS = 2,
    NETWORK_COUNTERS = 65536, /* per row */
    NETWORK_V4_LEN = 3,
    NETWORK_V6_LEN = 6,
};

struct part {
    _Alignas(64) pthread_mutex_t lock;
    uint64_t *slots; /* hash in the upper 48 bits, count in the lower 16; 0 is empty */
    uint32_t size;
    uint32_t used;
};

/* Counts of networks that are larger than a scope of the exact table: a network has one counter in
 * each row, which it may share with others. */
struct network_counts {
    _Atomic uint32_t total; /* of each row */
    _Atomic uint32_t rows[NETWORK_ROWS][NETWORK_COUNTERS];
};

struct address_counts {
    struct hash_key key;
    struct network_counts *networks;
    struct part parts[PARTS];
};

uint64_t address_hash(const struct hash_key *key, const struct endpoint *address, size_t len) {
    static const uint8_t masks[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    uint64_t prefix;
    uint64_t mask;
    uint8_t counted[sizeof prefix + 1];
    memcpy(&prefix, address->wire, sizeof prefix);
    memcpy(&mask, masks + sizeof mask - len, sizeof mask);
    prefix &= mask;
    memcpy(counted, &prefix, sizeof prefix);
    counted[sizeof prefix] = (uint8_t)(address->family << 4 | (int)len);
    return keyed_hash(key, counted, sizeof counted);
}

struct address_counts *address_counts_create(const struct hash_key *key) {
    struct address_counts *counts = aligned_alloc(64, sizeof *counts);
    if (counts == NULL)
        return NULL;
    memset(counts, 0, sizeof *counts);
    counts->networks = calloc(1, sizeof *counts->networks);
    if (counts->networks == NULL) {
        free(counts);
        return NULL;
    }
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
    free(counts->networks);
    free(counts);
}

static uint64_t tag_in(uint64_t slot) {
    return slot >> COUNT_BITS;
}

/* The top bits of the hash select the slot. */
static uint32_t home_slot(uint64_t tag, uint32_t size) {
    return (uint32_t)((tag >> 16) * size >> 32);
}

static uint32_t next_slot(uint32_t at, uint32_t size) {
    return at + 1 == size ? 0 : at + 1;
}

/* Forward distance from `from` to `to`. */
static uint32_t slots_between(uint32_t from, uint32_t to, uint32_t size) {
    return to >= from ? to - from : to + size - from;
}

/* The slot of the address, or the empty slot where it would be inserted. */
static uint32_t find_count(const uint64_t *slots, uint32_t size, uint64_t tag) {
    uint32_t at = home_slot(tag, size);
    while (slots[at] != 0 && tag_in(slots[at]) != tag)
        at = next_slot(at, size);
    return at;
}

static bool has_room(const struct part *part) {
    return part->used + 1 <= part->size - part->size / 5;
}

/* By a quarter, since most of a larger step would stay unused. The entries keep their order, so
 * that both arrays are passed through once. */
static bool grow_part(struct part *part) {
    const uint32_t size = part->size == 0 ? SLOTS_MIN : part->size + part->size / 4;
    uint64_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < part->size; i++) {
        if (part->slots[i] != 0)
            slots[find_count(slots, size, tag_in(part->slots[i]))] = part->slots[i];
    }
    free(part->slots);
    part->slots = slots;
    part->size = size;
    return true;
}

/* Backward-shift deletion: moves later entries of the chain towards their home slots. */
static void empty_slot(struct part *part, uint32_t hole) {
    uint64_t *slots = part->slots;
    const uint32_t size = part->size;
    for (uint32_t at = next_slot(hole, size); slots[at] != 0; at = next_slot(at, size)) {
        const uint32_t home = home_slot(tag_in(slots[at]), size);
        if (slots_between(home, at, size) >= slots_between(hole, at, size)) {
            slots[hole] = slots[at];
            hole = at;
        }
    }
    slots[hole] = 0;
    part->used--;
}

static uint64_t hash_counted(const struct address_counts *counts, const struct endpoint *peer) {
    return address_hash(&counts->key, peer, peer->family == FAMILY_V6 ? 8 : 4);
}

static struct part *lock_part(struct address_counts *counts, const struct endpoint *peer,
                              uint64_t *tag) {
    const uint64_t hash = hash_counted(counts, peer);
    struct part *part = &counts->parts[hash % PARTS];
    *tag = tag_in(hash);
    pthread_mutex_lock(&part->lock);
    return part;
}

/* The counter of a network in `row`: a part of its hash for each row. */
static uint32_t network_counter(uint64_t hash, int row) {
    return (uint32_t)(hash >> 16 * row) % NETWORK_COUNTERS;
}

static void count_network(struct address_counts *counts, const struct endpoint *peer, size_t len,
                          uint32_t difference) {
    struct network_counts *networks = counts->networks;
    const uint64_t hash = address_hash(&counts->key, peer, len);
    for (int row = 0; row < NETWORK_ROWS; row++)
        atomic_fetch_add_explicit(&networks->rows[row][network_counter(hash, row)], difference,
                                  memory_order_relaxed);
    atomic_fetch_add_explicit(&networks->total, difference, memory_order_relaxed);
}

static void prefetch_network(const struct address_counts *counts, const struct endpoint *peer,
                             size_t len) {
    const uint64_t hash = address_hash(&counts->key, peer, len);
    for (int row = 0; row < NETWORK_ROWS; row++)
        prefetch_line(&counts->networks->rows[row][network_counter(hash, row)]);
}

void address_counts_prefetch(struct address_counts *counts, const struct endpoint *peer) {
    uint64_t tag;
    struct part *part = lock_part(counts, peer, &tag);
    if (part->slots != NULL)
        prefetch_line(&part->slots[home_slot(tag, part->size)]);
    pthread_mutex_unlock(&part->lock);
    prefetch_network(counts, peer, peer->family == FAMILY_V6 ? NETWORK_V6_LEN : NETWORK_V4_LEN);
}

/* A negative difference wraps around. */
static void count_networks(struct address_counts *counts, const struct endpoint *peer,
                           uint32_t difference) {
    if (peer->family != FAMILY_V6)
        count_network(counts, peer, NETWORK_V4_LEN, difference);
    for (unsigned i = 1; i < address_scopes(peer->family); i++)
        count_network(counts, peer, address_scope(peer->family, i).len, difference);
}

/* The smaller counter has less of other networks. What both have of others is, on average, the mean
 * of a row. */
static uint32_t network_count(const struct address_counts *counts, const struct endpoint *peer,
                              size_t len) {
    const struct network_counts *networks = counts->networks;
    const uint64_t hash = address_hash(&counts->key, peer, len);
    const uint32_t mean =
        atomic_load_explicit(&networks->total, memory_order_relaxed) / NETWORK_COUNTERS;
    uint32_t count = UINT32_MAX;
    for (int row = 0; row < NETWORK_ROWS; row++) {
        const uint32_t found = atomic_load_explicit(
            &networks->rows[row][network_counter(hash, row)], memory_order_relaxed);
        count = found < count ? found : count;
    }
    return count > mean ? count - mean : 0;
}

void address_counts_add(struct address_counts *counts, const struct endpoint *peer) {
    count_networks(counts, peer, 1);
    uint64_t tag;
    struct part *part = lock_part(counts, peer, &tag);
    if (has_room(part) || grow_part(part)) {
        uint64_t *slot = &part->slots[find_count(part->slots, part->size, tag)];
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
    count_networks(counts, peer, UINT32_MAX);
    uint64_t tag;
    struct part *part = lock_part(counts, peer, &tag);
    if (part->slots != NULL) {
        const uint32_t at = find_count(part->slots, part->size, tag);
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
        count = part->slots[find_count(part->slots, part->size, tag)] & ADDRESS_COUNT_MAX;
    pthread_mutex_unlock(&part->lock);
    return count;
}

uint32_t address_counts_of_network(const struct address_counts *counts,
                                   const struct endpoint *peer) {
    return network_count(counts, peer, peer->family == FAMILY_V6 ? NETWORK_V6_LEN : NETWORK_V4_LEN);
}

bool address_counts_reach_scope(struct address_counts *counts, const struct endpoint *peer,
                                struct address_scope scope, uint32_t max) {
    const uint32_t count =
        scope.share == 1 ? address_counts_of(counts, peer) : network_count(counts, peer, scope.len);
    return count >= max * scope.share;
}

bool address_counts_reach(struct address_counts *counts, const struct endpoint *peer,
                          uint32_t max) {
    for (unsigned i = 0; i < address_scopes(peer->family); i++) {
        if (address_counts_reach_scope(counts, peer, address_scope(peer->family, i), max))
            return true;
    }
    return false;
}
