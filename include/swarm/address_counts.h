/* How many peers each address has, in all torrents. IPv6 addresses count by their /64, which is
 * what one customer has.
 *
 * Eight bytes an address: part of a keyed hash and a count. That two addresses share those 48 bits
 * and their place is less likely than a memory error. Any thread; locks a part of the table. */
#ifndef SKEP_SWARM_ADDRESS_COUNTS_H
#define SKEP_SWARM_ADDRESS_COUNTS_H

#include <stddef.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

enum { ADDRESS_COUNT_MAX = 65535 }; /* where counting ends */

struct address_counts;

/* NULL without memory. */
struct address_counts *address_counts_create(const struct hash_key *key);
void address_counts_delete(struct address_counts *counts);

/* One peer more or one less. Without memory a peer goes uncounted. */
void address_counts_add(struct address_counts *counts, const struct endpoint *peer);
void address_counts_remove(struct address_counts *counts, const struct endpoint *peer);

uint32_t address_counts_of(struct address_counts *counts, const struct endpoint *peer);

/* Hashes what one limit holds for: the address, or the /64 of an IPv6 one. */
uint64_t address_hash(const struct hash_key *key, const struct endpoint *address);

#endif
