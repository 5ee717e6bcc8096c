/* SipHash-2-4 (Aumasson and Bernstein, 2012): a hash of short inputs that an attacker who does not
 * know the key can neither predict nor make collide. It spreads info_hashes and addresses, which
 * strangers choose, over tables, and signs UDP connection ids. Pure; any thread. */
#ifndef SKEP_BASE_KEYED_HASH_H
#define SKEP_BASE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t half[2];
};

uint64_t keyed_hash(const struct hash_key *key, const void *data, size_t len);

#endif
