/* SipHash (Aumasson and Bernstein, 2012): hashes of short inputs that an attacker who does not know
 * the key can neither predict nor make collide. Pure; any thread. */
#ifndef SKEP_BASE_KEYED_HASH_H
#define SKEP_BASE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t half[2];
};

/* SipHash-1-3, to spread info_hashes and addresses, which strangers choose, over tables. */
uint64_t keyed_hash(const struct hash_key *key, const void *data, size_t len);

/* SipHash-2-4, to sign what goes out and comes back. */
uint64_t keyed_signature(const struct hash_key *key, const void *data, size_t len);

#endif
