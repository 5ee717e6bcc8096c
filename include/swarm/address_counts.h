/* Number of peers per address and per network, over all torrents.
 * A limit per address applies to an IPv4 address, and for IPv6 to networks of three sizes: a /64
 * is what one customer uses, but many have a /56 or a /48, that is 256 or 65,536 of them.
 * Addresses (IPv4) and /64s are counted exactly, in eight bytes each: part of a keyed hash, and a
 * count. The chance that two of them share those 48 bits and their slot is negligible. Larger
 * networks share 512 KiB of counters, however many there are, and are counted with a small error:
 * about one in 65,536 of all peers. Any thread; locks one part of the table. */
#ifndef SKEP_SWARM_ADDRESS_COUNTS_H
#define SKEP_SWARM_ADDRESS_COUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/endpoint.h"
#include "base/keyed_hash.h"

enum { ADDRESS_COUNT_MAX = 65535 }; /* counts of an address stop here */

/* What a limit per address applies to: the first `len` bytes of an address, which may have `share`
 * times the limit. */
struct address_scope {
    uint8_t len;
    uint8_t share;
};

/* Number of scopes of a family. */
static inline unsigned address_scopes(uint8_t family) {
    return family == FAMILY_V6 ? 3 : 1;
}

/* IPv4: the address. IPv6: 0 is the /64, 1 the /56 with 4 times, 2 the /48 with 16 times the limit.
 */
static inline struct address_scope address_scope(uint8_t family, unsigned number) {
    if (family != FAMILY_V6)
        return (struct address_scope){ .len = 4, .share = 1 };
    return (struct address_scope){ .len = (uint8_t)(8 - number),
                                   .share = (uint8_t)(1 << 2 * number) };
}

/* Hash of the first `len` bytes of an address; at most 8. */
uint64_t address_hash(const struct hash_key *key, const struct endpoint *address, size_t len);

struct address_counts;

/* NULL if out of memory. */
struct address_counts *address_counts_create(const struct hash_key *key);
void address_counts_delete(struct address_counts *counts);

/* Adds or removes one peer; each removed one was added before. If out of memory, an address is not
 * counted. */
void address_counts_add(struct address_counts *counts, const struct endpoint *peer);
void address_counts_remove(struct address_counts *counts, const struct endpoint *peer);

/* Loads what address_counts_add of the peer reads into the processor's cache. */
void address_counts_prefetch(struct address_counts *counts, const struct endpoint *peer);

/* Peers of the address, or of its /64. */
uint32_t address_counts_of(struct address_counts *counts, const struct endpoint *peer);

/* Peers of the network of an address, an IPv4 /24 or an IPv6 /48, with a small error. */
uint32_t address_counts_of_network(const struct address_counts *counts,
                                   const struct endpoint *peer);

/* Whether a scope of the address has its share of the limit `max`. */
bool address_counts_reach_scope(struct address_counts *counts, const struct endpoint *peer,
                                struct address_scope scope, uint32_t max);

/* Whether any scope of the address has its share of the limit `max`. */
bool address_counts_reach(struct address_counts *counts, const struct endpoint *peer, uint32_t max);

#endif
