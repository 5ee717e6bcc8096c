/* How fast each address asks: a token bucket for each, IPv6 by /64.
 *
 * The table has a fixed size. Where a newcomer finds its row full, the bucket that was used longest
 * ago makes room; its address starts anew with a full one. Any thread; locks a part of the table.
 */
#ifndef SKEP_SWARM_RATE_LIMIT_H
#define SKEP_SWARM_RATE_LIMIT_H

#include <stdbool.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

struct rate_limit;

/* NULL without memory. */
struct rate_limit *rate_limit_create(const struct hash_key *key);
void rate_limit_delete(struct rate_limit *limit);

/* Takes a token of the address, whose bucket holds `burst` (at most 1,000,000) and gets `per_s` a
 * second. False where there is none left. */
bool rate_limit_take(struct rate_limit *limit, const struct endpoint *address, uint32_t per_s,
                     uint32_t burst, uint64_t now_ms);

#endif
