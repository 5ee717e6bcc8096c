/* Queries that were sent and wait for their reply. A reply counts only if it comes from the
 * endpoint that was asked and has the transaction of the query: its place in this table, and a
 * keyed hash that others cannot predict. No allocation. Times in milliseconds. Not locked. */
#ifndef SKEP_DHT_SENT_QUERIES_H
#define SKEP_DHT_SENT_QUERIES_H

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/keyed_hash.h"

enum {
    SENT_QUERIES_MAX = 256,
    SENT_QUERY_TIMEOUT_MS = 3000,
    TRANSACTION_LEN = 8,
};

struct sent_query {
    uint8_t transaction[TRANSACTION_LEN];
    struct endpoint to;
    uint32_t lookup; /* its number; 0: a ping */
    uint64_t sent_ms;
    bool waits;
};

struct sent_queries {
    struct hash_key key;
    uint64_t sent;   /* number of queries ever sent */
    uint64_t due_ms; /* none times out before; 0: not known */
    struct sent_query list[SENT_QUERIES_MAX];
};

/* Adds a query. NULL if too many wait, or another to this endpoint and of this lookup. The result
 * stays valid until it is taken. */
const struct sent_query *sent_queries_add(struct sent_queries *queries, const struct endpoint *to,
                                          uint32_t lookup, uint64_t now_ms);

/* Takes the query that a reply or error answers. False if there is none. */
bool sent_queries_take(struct sent_queries *queries, struct bytes transaction,
                       const struct endpoint *from, struct sent_query *answered);

/* Takes a query that has timed out. False if there is none. */
bool sent_queries_take_late(struct sent_queries *queries, uint64_t now_ms, struct sent_query *late);

/* When to call sent_queries_take_late again, until it returns false; UINT64_MAX: none waits. */
uint64_t sent_queries_due_ms(const struct sent_queries *queries);

#endif
