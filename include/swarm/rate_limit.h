/* Request limit per address: one token bucket for each IPv4 address and for each IPv6 /64, /56 and
 * /48 (see address_scopes).
 * The table has a fixed size. If a new address finds its row full, the least recently used bucket
 * is replaced; its address later starts with a full one. Any thread; locks one part of the table.
 */
#ifndef SKEP_SWARM_RATE_LIMIT_H
#define SKEP_SWARM_RATE_LIMIT_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

struct rate_limit;

/* NULL if out of memory. */
struct rate_limit *rate_limit_create(const struct hash_key *key);
void rate_limit_delete(struct rate_limit *limit);

/* Loads what a request of `address` reads into the processor's cache. */
void rate_limit_prefetch(const struct rate_limit *limit, const struct endpoint *address);

/* Takes a token of the address, whose bucket holds `burst` (at most 1,000,000) and gains `per_s`
 * per second; the buckets of larger networks hold and gain their share. False if one is empty;
 * those of smaller networks have then given their token. */
bool rate_limit_take(struct rate_limit *limit, const struct endpoint *address, uint32_t per_s,
                     uint32_t burst, uint64_t now_ms);

/* Whether rate_limit_take would take a token now. Takes none. */
bool rate_limit_has(struct rate_limit *limit, const struct endpoint *address, uint32_t per_s,
                    uint32_t burst, uint64_t now_ms);

#endif
