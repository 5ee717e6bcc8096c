/* Number of peers per address, over all torrents. An IPv6 address counts as its /64, the usual
 * allocation of one customer.
 * Eight bytes per address: part of a keyed hash, and a count. The chance that two addresses share
 * those 48 bits and their slot is negligible. Any thread; locks one part of the table. */
#ifndef SKEP_SWARM_ADDRESS_COUNTS_H
#define SKEP_SWARM_ADDRESS_COUNTS_H

#include <stddef.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

enum { ADDRESS_COUNT_MAX = 65535 }; /* counts stop here */

struct address_counts;

/* NULL if out of memory. */
struct address_counts *address_counts_create(const struct hash_key *key);
void address_counts_delete(struct address_counts *counts);

/* Adds or removes one peer. If out of memory, a peer is not counted. */
void address_counts_add(struct address_counts *counts, const struct endpoint *peer);
void address_counts_remove(struct address_counts *counts, const struct endpoint *peer);

uint32_t address_counts_of(struct address_counts *counts, const struct endpoint *peer);

/* Hash of what one limit applies to: the address, or the /64 of an IPv6 address. */
uint64_t address_hash(const struct hash_key *key, const struct endpoint *address);

#endif
