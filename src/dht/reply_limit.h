/* Limit of replies, so that a node cannot be made to flood an address that others forge: per second
 * to each IPv4 address and IPv6 /64, and to all. The table of addresses has a fixed size; if a row
 * is full, the address that has waited longest is forgotten. Not locked. */
#ifndef SKEP_DHT_REPLY_LIMIT_H
#define SKEP_DHT_REPLY_LIMIT_H

#include "base/endpoint.h"
#include "base/keyed_hash.h"

struct reply_limit;

/* To an address four times as many at once, to all twice as many. NULL if out of memory. */
struct reply_limit *reply_limit_create(uint32_t per_s, uint32_t per_address_per_s,
                                       const struct hash_key *key);
void reply_limit_delete(struct reply_limit *limit);

/* Whether a reply may be sent to the address now; then counts it. */
bool reply_limit_take(struct reply_limit *limit, const struct endpoint *address, uint64_t now_ms);

size_t reply_limit_memory(const struct reply_limit *limit);

#endif
