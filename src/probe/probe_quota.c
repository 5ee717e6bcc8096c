#include "probe/probe_quota.h"

#include <stdlib.h>
#include <string.h>

enum { UNUSED_MAX = 100000, NETWORK_LEN = 8 };

/* The count of one address, or of one /64. */
struct count {
    struct queue_slot slot;
    uint64_t address_hash; /* in place of the address: 64 bits rarely collide */
    uint32_t peers;
    uint32_t probes;   /* since `since_ms` */
    uint64_t since_ms; /* begin of the interval */
};

struct probe_quota *probe_quota_create(const struct hash_key *key) {
    struct probe_quota *quota = calloc(1, sizeof *quota);
    if (quota == NULL)
        return NULL;
    quota->key = *key;
    if (queue_table_init(&quota->table, sizeof(struct count), PROBE_QUOTA_QUEUES))
        return quota;
    free(quota);
    return NULL;
}

void probe_quota_delete(struct probe_quota *quota) {
    if (quota == NULL)
        return;
    queue_table_free(&quota->table);
    free(quota);
}

static struct count *count_at(const struct probe_quota *quota, uint32_t position) {
    return queue_table_at(&quota->table, position);
}

/* Hash of the first `len` bytes of the address, and of `len`: 10.0.0.1 differs from a00:1::/64. */
static uint64_t hash_address(const struct probe_quota *quota, const struct endpoint *peer,
                             size_t len) {
    uint8_t key[17] = { (uint8_t)len };
    memcpy(key + 1, peer->wire, len);
    return keyed_hash(&quota->key, key, len + 1);
}

static bool has_address_hash(const void *entry, const void *address_hash) {
    const struct count *count = entry;
    return count->address_hash == *(const uint64_t *)address_hash;
}

/* The count of the first `len` bytes of the address, created if it does not exist. */
static uint32_t find_or_add_count(struct probe_quota *quota, const struct endpoint *peer,
                                  size_t len) {
    const uint64_t hash = hash_address(quota, peer, len);
    uint32_t position = queue_table_find(&quota->table, (uint32_t)hash, has_address_hash, &hash);
    if (position != QUEUE_TABLE_NONE)
        return position;
    position = queue_table_add(&quota->table, (uint32_t)hash, PROBE_QUOTA_UNUSED);
    if (position != QUEUE_TABLE_NONE)
        count_at(quota, position)->address_hash = hash;
    return position;
}

/* QUEUE_TABLE_NONE if there are `peers_max` already, or if out of memory. */
static uint32_t count_peer(struct probe_quota *quota, const struct endpoint *peer, size_t len,
                           uint64_t peers_max) {
    const uint32_t position = find_or_add_count(quota, peer, len);
    if (position == QUEUE_TABLE_NONE)
        return QUEUE_TABLE_NONE;
    struct count *count = count_at(quota, position);
    if (count->peers >= peers_max)
        return QUEUE_TABLE_NONE;
    if (count->peers++ == 0)
        queue_table_move(&quota->table, position, PROBE_QUOTA_USED);
    return position;
}

/* A count with probes outlives its last peer: otherwise a client could get more probes by leaving
 * and joining again. */
static void uncount_peer(struct probe_quota *quota, uint32_t position) {
    if (position == QUEUE_TABLE_NONE)
        return;
    struct queue_table *table = &quota->table;
    struct count *count = count_at(quota, position);
    if (--count->peers > 0)
        return;
    if (count->probes == 0) {
        queue_table_remove(table, position);
        return;
    }
    queue_table_move(table, position, PROBE_QUOTA_UNUSED);
    if (queue_table_count(table, PROBE_QUOTA_UNUSED) > UNUSED_MAX)
        queue_table_remove(table, queue_table_first(table, PROBE_QUOTA_UNUSED));
}

bool probe_quota_enter(struct probe_quota *quota, const struct endpoint *peer,
                       const struct probe_quota_limits *limits, struct probe_quota_share *share) {
    const uint64_t network_max = (uint64_t)limits->peers_max * PROBE_QUOTA_PER_NETWORK;
    const uint32_t address = count_peer(quota, peer, address_len(peer->family), limits->peers_max);
    if (address == QUEUE_TABLE_NONE)
        return false;
    *share = (struct probe_quota_share){ .address = address, .network = QUEUE_TABLE_NONE };
    if (peer->family == FAMILY_V4)
        return true;
    share->network = count_peer(quota, peer, NETWORK_LEN, network_max);
    if (share->network == QUEUE_TABLE_NONE)
        uncount_peer(quota, address);
    return share->network != QUEUE_TABLE_NONE;
}

void probe_quota_leave(struct probe_quota *quota, const struct probe_quota_share *share) {
    uncount_peer(quota, share->address);
    uncount_peer(quota, share->network);
}

static bool interval_has_ended(const struct count *count, uint64_t interval_ms, uint64_t now_ms) {
    return now_ms >= count->since_ms + interval_ms;
}

static bool may_probe(struct probe_quota *quota, uint32_t position, uint64_t probes_max,
                      uint64_t interval_ms, uint64_t now_ms) {
    if (position == QUEUE_TABLE_NONE)
        return true;
    struct count *count = count_at(quota, position);
    if (count->probes > 0 && interval_has_ended(count, interval_ms, now_ms))
        count->probes = 0;
    return count->probes < probes_max;
}

static void count_probe(struct probe_quota *quota, uint32_t position, uint64_t now_ms) {
    if (position == QUEUE_TABLE_NONE)
        return;
    struct count *count = count_at(quota, position);
    if (count->probes++ == 0)
        count->since_ms = now_ms;
}

bool probe_quota_spend(struct probe_quota *quota, const struct probe_quota_share *share,
                       const struct probe_quota_limits *limits, uint64_t now_ms) {
    const uint64_t network_max = (uint64_t)limits->probes_max * PROBE_QUOTA_PER_NETWORK;
    if (!may_probe(quota, share->address, limits->probes_max, limits->interval_ms, now_ms) ||
        !may_probe(quota, share->network, network_max, limits->interval_ms, now_ms))
        return false;
    count_probe(quota, share->address, now_ms);
    count_probe(quota, share->network, now_ms);
    return true;
}

void probe_quota_expire(struct probe_quota *quota, const struct probe_quota_limits *limits,
                        uint64_t now_ms) {
    struct queue_table *table = &quota->table;
    uint32_t oldest;
    while ((oldest = queue_table_first(table, PROBE_QUOTA_UNUSED)) != QUEUE_TABLE_NONE &&
           interval_has_ended(count_at(quota, oldest), limits->interval_ms, now_ms))
        queue_table_remove(table, oldest);
}
