#include "dht/reply_limit.h"

#include <stdlib.h>

enum { ROW_LEN = 4, ROWS_MAX = 2048, BURST_S = 2, ADDRESS_BURST_S = 4 };

/* Each reply adds 1 / rate to the moment at which the bucket is full again; it may lie a burst
 * ahead. */
struct bucket {
    uint64_t address; /* its hash */
    uint64_t full_us;
};

struct reply_limit {
    struct hash_key key;
    uint64_t step_us, address_step_us;
    uint64_t full_us;
    uint32_t row_mask;
    struct bucket buckets[]; /* rows of ROW_LEN */
};

/* As many buckets as there are addresses that can be limited at once. */
static uint32_t rows_for(uint32_t per_s) {
    uint32_t rows = 1;
    while (rows < ROWS_MAX && rows < per_s)
        rows *= 2;
    return rows;
}

static size_t memory_of(uint32_t rows) {
    return sizeof(struct reply_limit) + (size_t)rows * ROW_LEN * sizeof(struct bucket);
}

struct reply_limit *reply_limit_create(uint32_t per_s, uint32_t per_address_per_s,
                                       const struct hash_key *key) {
    const uint32_t rows = rows_for(per_s);
    struct reply_limit *limit = calloc(1, memory_of(rows));
    if (limit == NULL)
        return NULL;
    limit->key = *key;
    limit->step_us = 1000000 / per_s;
    limit->address_step_us = 1000000 / per_address_per_s;
    limit->row_mask = rows - 1;
    return limit;
}

void reply_limit_delete(struct reply_limit *limit) {
    free(limit);
}

/* The bucket of the address; a new one replaces the first to be full again. */
static struct bucket *find_bucket(struct reply_limit *limit, const struct endpoint *address) {
    const size_t len = address->family == FAMILY_V6 ? 8 : 4;
    const uint64_t hash = keyed_hash(&limit->key, address->wire, len);
    struct bucket *row = &limit->buckets[(hash & limit->row_mask) * ROW_LEN];
    struct bucket *oldest = row;
    for (struct bucket *bucket = row; bucket < row + ROW_LEN; bucket++) {
        if (bucket->address == hash)
            return bucket;
        if (bucket->full_us < oldest->full_us)
            oldest = bucket;
    }
    *oldest = (struct bucket){ .address = hash };
    return oldest;
}

/* Adds a step, unless the moment would lie more than `burst_us` ahead. */
static bool take(uint64_t *full_us, uint64_t step_us, uint64_t burst_us, uint64_t now_us) {
    const uint64_t from_us = *full_us > now_us ? *full_us : now_us;
    if (from_us + step_us > now_us + burst_us)
        return false;
    *full_us = from_us + step_us;
    return true;
}

bool reply_limit_take(struct reply_limit *limit, const struct endpoint *address, uint64_t now_ms) {
    const uint64_t now_us = now_ms * 1000;
    struct bucket *bucket = find_bucket(limit, address);
    return take(&bucket->full_us, limit->address_step_us, ADDRESS_BURST_S * 1000000ULL, now_us) &&
           take(&limit->full_us, limit->step_us, BURST_S * 1000000ULL, now_us);
}

size_t reply_limit_memory(const struct reply_limit *limit) {
    return memory_of(limit->row_mask + 1);
}
