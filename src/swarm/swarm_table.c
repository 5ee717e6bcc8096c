#include "swarm/swarm_table.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/prefetch.h"

enum { SLOTS_MIN = 8, PAUSE_NS = 50000 };

/* The top bits of the hash select the shard, the low bits the slot, and the bits between are the
 * tag. */
static uint32_t shard_number(uint64_t hash) {
    return (uint32_t)(hash >> 56) % SHARDS;
}

static uint32_t tag_of(uint64_t hash) {
    return (uint32_t)hash;
}

static bool init_shard(struct shard *shard, size_t feed_capacity) {
    if (!random_secret(&shard->random, sizeof shard->random))
        return false;
    shard->slots = calloc(SLOTS_MIN, sizeof *shard->slots);
    if (shard->slots == NULL)
        return false;
    shard->slot_mask = SLOTS_MIN - 1;
    change_feed_init(&shard->feed, feed_capacity);
    shard->outputs.feed = &shard->feed;
    shard->outputs.completions = &shard->completions;
    return true;
}

struct swarm_table *swarm_table_create(size_t feed_capacity) {
    struct swarm_table *table = aligned_alloc(_Alignof(struct swarm_table), sizeof *table);
    if (table == NULL)
        return NULL;
    memset(table, 0, sizeof *table);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&table->shards[i].lock, NULL);
    bool good = random_secret(&table->key, sizeof table->key);
    for (int i = 0; i < SHARDS && good; i++)
        good = init_shard(&table->shards[i], feed_capacity);
    if (good)
        return table;
    swarm_table_delete(table);
    return NULL;
}

static void free_shard(struct shard *shard) {
    for (uint32_t i = 0; shard->slots != NULL && i <= shard->slot_mask; i++)
        swarm_delete(shard->slots[i].swarm);
    free(shard->slots);
    change_feed_free(&shard->feed);
    completion_set_free(&shard->completions);
    pthread_mutex_destroy(&shard->lock);
}

void swarm_table_delete(struct swarm_table *table) {
    if (table == NULL)
        return;
    for (int i = 0; i < SHARDS; i++)
        free_shard(&table->shards[i]);
    free(table);
}

struct shard *swarm_table_shard(struct swarm_table *table,
                                const uint8_t info_hash[static INFO_HASH_LEN], uint64_t *hash) {
    *hash = keyed_hash(&table->key, info_hash, INFO_HASH_LEN);
    return &table->shards[shard_number(*hash)];
}

struct shard *swarm_table_lock(struct swarm_table *table,
                               const uint8_t info_hash[static INFO_HASH_LEN], uint64_t *hash) {
    struct shard *shard = swarm_table_shard(table, info_hash, hash);
    pthread_mutex_lock(&shard->lock);
    return shard;
}

void swarm_table_unlock(struct shard *shard) {
    pthread_mutex_unlock(&shard->lock);
}

void shard_yield(struct shard *shard) {
    const struct timespec pause = { .tv_nsec = PAUSE_NS };
    pthread_mutex_unlock(&shard->lock);
    nanosleep(&pause, NULL);
}

void shard_prefetch(const struct shard *shard, uint64_t hash) {
    prefetch_line(&shard->slots[tag_of(hash) & shard->slot_mask]);
}

struct swarm *shard_guess(const struct shard *shard, uint64_t hash) {
    const uint32_t tag = tag_of(hash);
    uint32_t at = tag & shard->slot_mask;
    while (shard->slots[at].swarm != NULL && shard->slots[at].tag != tag)
        at = (at + 1) & shard->slot_mask;
    return shard->slots[at].swarm;
}

struct swarm *shard_find(const struct shard *shard, const uint8_t info_hash[static INFO_HASH_LEN],
                         uint64_t hash) {
    const uint32_t tag = tag_of(hash);
    for (uint32_t at = tag & shard->slot_mask; shard->slots[at].swarm != NULL;
         at = (at + 1) & shard->slot_mask) {
        struct swarm *swarm = shard->slots[at].swarm;
        if (shard->slots[at].tag == tag && memcmp(swarm->info_hash, info_hash, INFO_HASH_LEN) == 0)
            return swarm;
    }
    return NULL;
}

static void put_slot(struct swarm_slot *slots, uint32_t mask, struct swarm_slot slot) {
    uint32_t at = slot.tag & mask;
    while (slots[at].swarm != NULL)
        at = (at + 1) & mask;
    slots[at] = slot;
}

static bool resize_shard(struct shard *shard, uint32_t slot_count) {
    struct swarm_slot *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i <= shard->slot_mask; i++) {
        if (shard->slots[i].swarm != NULL)
            put_slot(slots, slot_count - 1, shard->slots[i]);
    }
    free(shard->slots);
    shard->slots = slots;
    shard->slot_mask = slot_count - 1;
    return true;
}

struct swarm *shard_add(struct shard *shard, const struct hash_key *key,
                        const uint8_t info_hash[static INFO_HASH_LEN], uint64_t hash,
                        uint32_t now_s) {
    const uint32_t slots = shard->slot_mask + 1;
    if (shard->count + 1 > slots / 4 * 3 && !resize_shard(shard, 2 * slots))
        return NULL;
    struct swarm *swarm = swarm_create(info_hash, key, now_s);
    if (swarm == NULL)
        return NULL;
    put_slot(shard->slots, shard->slot_mask,
             (struct swarm_slot){ .tag = tag_of(hash), .swarm = swarm });
    shard->count++;
    return swarm;
}

void shard_remove_at(struct shard *shard, uint32_t slot) {
    const uint32_t mask = shard->slot_mask;
    struct swarm_slot *slots = shard->slots;
    swarm_delete(slots[slot].swarm);
    shard->count--;
    uint32_t hole = slot;
    for (uint32_t at = (hole + 1) & mask; slots[at].swarm != NULL; at = (at + 1) & mask) {
        const uint32_t home = slots[at].tag & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            slots[hole] = slots[at];
            hole = at;
        }
    }
    slots[hole] = (struct swarm_slot){ 0 };
}
