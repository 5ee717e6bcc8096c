#include "swarm/rate_limit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/prefetch.h"
#include "swarm/address_counts.h"

enum { LOCKS = 64, ROWS = 16384, ROW_LEN = 4, BEHIND_MAX_MS = 60000, BURST_MAX = 4000000 };

struct bucket {
    uint64_t hash; /* hash of the address; 0: free */
    uint32_t used_ms;
    uint32_t thousandths; /* thousandths of a token */
};

/* One cache line. */
struct row {
    struct bucket buckets[ROW_LEN];
};

struct rate_limit {
    struct hash_key key;
    pthread_mutex_t locks[LOCKS];
    _Alignas(64) struct row rows[ROWS];
};

struct rate_limit *rate_limit_create(const struct hash_key *key) {
    struct rate_limit *limit = aligned_alloc(64, sizeof *limit);
    if (limit == NULL)
        return NULL;
    memset(limit, 0, sizeof *limit);
    limit->key = *key;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&limit->locks[i], NULL);
    return limit;
}

void rate_limit_delete(struct rate_limit *limit) {
    if (limit == NULL)
        return;
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&limit->locks[i]);
    free(limit);
}

/* Threads read the clock at different moments, so one's time may be earlier than another's. */
static uint32_t unused_ms(const struct bucket *bucket, uint32_t now_ms) {
    return bucket->used_ms - now_ms <= BEHIND_MAX_MS ? 0 : now_ms - bucket->used_ms;
}

static struct bucket *find_bucket(struct row *row, uint64_t hash, uint32_t now_ms) {
    struct bucket *oldest = &row->buckets[0];
    for (int i = 0; i < ROW_LEN; i++) {
        struct bucket *bucket = &row->buckets[i];
        if (bucket->hash == hash || bucket->hash == 0)
            return bucket;
        if (unused_ms(bucket, now_ms) > unused_ms(oldest, now_ms))
            oldest = bucket;
    }
    return oldest;
}

static void level_of(struct bucket *bucket, uint64_t hash, uint32_t burst, uint32_t now_ms) {
    *bucket = (struct bucket){ .hash = hash, .used_ms = now_ms, .thousandths = burst * 1000 };
}

static void refill_bucket(struct bucket *bucket, uint32_t per_s, uint32_t burst, uint32_t now_ms) {
    const uint64_t full = (uint64_t)burst * 1000;
    const uint32_t ms = unused_ms(bucket, now_ms);
    /* One token per second is a thousandth per millisecond. */
    const uint64_t level = bucket->thousandths + (uint64_t)ms * per_s;
    bucket->thousandths = (uint32_t)(level > full ? full : level);
    bucket->used_ms += ms;
}

static uint32_t row_number(uint64_t hash) {
    return (uint32_t)(hash >> 32) % ROWS;
}

/* Takes `thousandths` if there is a token. */
static bool take_token(struct rate_limit *limit, uint64_t hash, uint32_t per_s, uint32_t burst,
                       uint32_t thousandths, uint64_t now_ms) {
    const uint32_t number = row_number(hash);
    pthread_mutex_t *lock = &limit->locks[number % LOCKS];
    pthread_mutex_lock(lock);
    struct bucket *bucket = find_bucket(&limit->rows[number], hash, (uint32_t)now_ms);
    if (bucket->hash == hash)
        refill_bucket(bucket, per_s, burst, (uint32_t)now_ms);
    else
        level_of(bucket, hash, burst, (uint32_t)now_ms);
    const bool allowed = bucket->thousandths >= 1000;
    if (allowed)
        bucket->thousandths -= thousandths;
    pthread_mutex_unlock(lock);
    return allowed;
}

static bool take_tokens(struct rate_limit *limit, const struct endpoint *address, uint32_t per_s,
                        uint32_t burst, uint32_t thousandths, uint64_t now_ms) {
    for (unsigned i = 0; i < address_scopes(address->family); i++) {
        const struct address_scope scope = address_scope(address->family, i);
        const uint64_t hash = address_hash(&limit->key, address, scope.len) | 1;
        const uint32_t most = burst * scope.share;
        if (!take_token(limit, hash, per_s * scope.share, most < BURST_MAX ? most : BURST_MAX,
                        thousandths, now_ms))
            return false;
    }
    return true;
}

void rate_limit_prefetch(const struct rate_limit *limit, const struct endpoint *address) {
    const size_t len = address_scope(address->family, 0).len;
    const uint64_t hash = address_hash(&limit->key, address, len) | 1;
    prefetch_line(&limit->rows[row_number(hash)]);
}

bool rate_limit_take(struct rate_limit *limit, const struct endpoint *address, uint32_t per_s,
                     uint32_t burst, uint64_t now_ms) {
    return take_tokens(limit, address, per_s, burst, 1000, now_ms);
}

bool rate_limit_has(struct rate_limit *limit, const struct endpoint *address, uint32_t per_s,
                    uint32_t burst, uint64_t now_ms) {
    return take_tokens(limit, address, per_s, burst, 0, now_ms);
}
