#include "dht/sent_queries.h"

static uint64_t timeout_of(const struct sent_query *query) {
    return query->sent_ms + SENT_QUERY_TIMEOUT_MS;
}

static struct sent_query *find_place(struct sent_queries *queries, const struct endpoint *to,
                                     uint32_t lookup) {
    struct sent_query *place = NULL;
    for (size_t i = 0; i < SENT_QUERIES_MAX; i++) {
        struct sent_query *query = &queries->list[i];
        if (query->waits && query->lookup == lookup && endpoint_equal(&query->to, to))
            return NULL;
        if (!query->waits && place == NULL)
            place = query;
    }
    return place;
}

const struct sent_query *sent_queries_add(struct sent_queries *queries, const struct endpoint *to,
                                          uint32_t lookup, uint64_t now_ms) {
    struct sent_query *query = find_place(queries, to, lookup);
    if (query == NULL)
        return NULL;
    *query = (struct sent_query){ .to = *to, .lookup = lookup, .sent_ms = now_ms, .waits = true };
    queries->sent++;
    if (timeout_of(query) < queries->due_ms)
        queries->due_ms = timeout_of(query);
    store_u64(query->transaction,
              keyed_signature(&queries->key, &queries->sent, sizeof queries->sent));
    query->transaction[0] = (uint8_t)(query - queries->list);
    return query;
}

_Static_assert(SENT_QUERIES_MAX == 256, "a byte of the transaction is the place of the query");

bool sent_queries_take(struct sent_queries *queries, struct bytes transaction,
                       const struct endpoint *from, struct sent_query *answered) {
    if (transaction.len != TRANSACTION_LEN)
        return false;
    struct sent_query *query = &queries->list[transaction.data[0]];
    if (!query->waits || memcmp(query->transaction, transaction.data, TRANSACTION_LEN) != 0 ||
        !endpoint_equal(&query->to, from))
        return false;
    query->waits = false;
    *answered = *query;
    return true;
}

bool sent_queries_take_late(struct sent_queries *queries, uint64_t now_ms,
                            struct sent_query *late) {
    uint64_t due_ms = UINT64_MAX;
    if (now_ms < queries->due_ms)
        return false;
    for (size_t i = 0; i < SENT_QUERIES_MAX; i++) {
        struct sent_query *query = &queries->list[i];
        if (!query->waits)
            continue;
        if (now_ms >= timeout_of(query)) {
            query->waits = false;
            *late = *query;
            return true;
        }
        due_ms = timeout_of(query) < due_ms ? timeout_of(query) : due_ms;
    }
    queries->due_ms = due_ms;
    return false;
}

uint64_t sent_queries_due_ms(const struct sent_queries *queries) {
    return queries->due_ms;
}
