#include "probe/probe_quota.h"

#include <stdlib.h>
#include <string.h>

#include "probe/queue_table.h"

enum { UNUSED_MAX = 100000, NETWORK_LEN = 8 };

/* Of accounts: those that have peers; and those that have none, left longest ago first. */
enum line { LINE_USED, LINE_UNUSED };

enum { LINES = LINE_UNUSED + 1 };

struct account {
    struct queue_slot slot;
    uint64_t address_hash; /* 64 bits are as good as the address itself */
    uint32_t peers;
    uint32_t checks; /* since */
    uint64_t since_ms;
};

struct probe_quota {
    struct hash_key key;
    struct queue_table table;
};

struct probe_quota *probe_quota_create(const struct hash_key *key) {
    struct probe_quota *quota = calloc(1, sizeof *quota);
    if (quota == NULL)
        return NULL;
    quota->key = *key;
    if (queue_table_init(&quota->table, sizeof(struct account), LINES))
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

static struct account *account_at(const struct probe_quota *quota, uint32_t position) {
    return queue_table_at(&quota->table, position);
}

/* Of the first `len` bytes of the address. */
static uint64_t hash_of(const struct probe_quota *quota, const struct endpoint *peer, size_t len) {
    uint8_t counted[17] = { (uint8_t)len };
    memcpy(counted + 1, peer->wire, len);
    return keyed_hash(&quota->key, counted, len + 1);
}

static bool is_of(const void *entry, const void *address_hash) {
    const struct account *account = entry;
    return account->address_hash == *(const uint64_t *)address_hash;
}

/* The account of the first `len` bytes of the address, a new one if need be. */
static uint32_t find_or_add(struct probe_quota *quota, const struct endpoint *peer, size_t len) {
    const uint64_t hash = hash_of(quota, peer, len);
    uint32_t position = queue_table_find(&quota->table, (uint32_t)hash, is_of, &hash);
    if (position != QUEUE_TABLE_NONE)
        return position;
    position = queue_table_add(&quota->table, (uint32_t)hash, LINE_UNUSED);
    if (position != QUEUE_TABLE_NONE)
        account_at(quota, position)->address_hash = hash;
    return position;
}

/* Counts one peer in. QUEUE_TABLE_NONE if there are `peers_max` already, or without memory. */
static uint32_t take_place(struct probe_quota *quota, const struct endpoint *peer, size_t len,
                           uint64_t peers_max) {
    const uint32_t position = find_or_add(quota, peer, len);
    if (position == QUEUE_TABLE_NONE)
        return QUEUE_TABLE_NONE;
    struct account *account = account_at(quota, position);
    if (account->peers >= peers_max)
        return QUEUE_TABLE_NONE;
    if (account->peers++ == 0)
        queue_table_move(&quota->table, position, LINE_USED);
    return position;
}

static void give_back(struct probe_quota *quota, uint32_t position) {
    if (position == QUEUE_TABLE_NONE)
        return;
    struct queue_table *table = &quota->table;
    struct account *account = account_at(quota, position);
    if (--account->peers > 0)
        return;
    if (account->checks == 0) {
        queue_table_remove(table, position);
        return;
    }
    queue_table_move(table, position, LINE_UNUSED);
    if (queue_table_count(table, LINE_UNUSED) > UNUSED_MAX)
        queue_table_remove(table, queue_table_first(table, LINE_UNUSED));
}

bool probe_quota_enter(struct probe_quota *accounts, const struct endpoint *peer,
                       const struct probe_quota_limits *limits, struct probe_share *share) {
    const uint64_t network_max = (uint64_t)limits->peers_max * HOMES_PER_NETWORK;
    const uint32_t home = take_place(accounts, peer, address_len(peer->family), limits->peers_max);
    if (home == QUEUE_TABLE_NONE)
        return false;
    *share = (struct probe_share){ .home = home, .network = QUEUE_TABLE_NONE };
    if (peer->family == FAMILY_V4)
        return true;
    share->network = take_place(accounts, peer, NETWORK_LEN, network_max);
    if (share->network == QUEUE_TABLE_NONE)
        give_back(accounts, home);
    return share->network != QUEUE_TABLE_NONE;
}

void probe_quota_leave(struct probe_quota *quota, const struct probe_share *share) {
    give_back(quota, share->home);
    give_back(quota, share->network);
}

static bool is_over(const struct account *account, uint64_t interval_ms, uint64_t now_ms) {
    return now_ms >= account->since_ms + interval_ms;
}

static bool may_spend(struct probe_quota *quota, uint32_t position, uint64_t checks_max,
                      uint64_t interval_ms, uint64_t now_ms) {
    if (position == QUEUE_TABLE_NONE)
        return true;
    struct account *account = account_at(quota, position);
    if (account->checks > 0 && is_over(account, interval_ms, now_ms))
        account->checks = 0;
    return account->checks < checks_max;
}

static void spend(struct probe_quota *quota, uint32_t position, uint64_t now_ms) {
    if (position == QUEUE_TABLE_NONE)
        return;
    struct account *account = account_at(quota, position);
    if (account->checks++ == 0)
        account->since_ms = now_ms;
}

bool probe_quota_spend(struct probe_quota *accounts, const struct probe_share *share,
                       const struct probe_quota_limits *limits, uint64_t now_ms) {
    const uint64_t network_max = (uint64_t)limits->checks_max * HOMES_PER_NETWORK;
    if (!may_spend(accounts, share->home, limits->checks_max, limits->interval_ms, now_ms) ||
        !may_spend(accounts, share->network, network_max, limits->interval_ms, now_ms))
        return false;
    spend(accounts, share->home, now_ms);
    spend(accounts, share->network, now_ms);
    return true;
}

void probe_quota_expire(struct probe_quota *accounts, const struct probe_quota_limits *limits,
                        uint64_t now_ms) {
    struct queue_table *table = &accounts->table;
    uint32_t oldest;
    while ((oldest = queue_table_first(table, LINE_UNUSED)) != QUEUE_TABLE_NONE &&
           is_over(account_at(accounts, oldest), limits->interval_ms, now_ms))
        queue_table_remove(table, oldest);
}

uint32_t probe_quota_count(const struct probe_quota *quota) {
    return queue_table_count(&quota->table, LINE_USED) +
           queue_table_count(&quota->table, LINE_UNUSED);
}
