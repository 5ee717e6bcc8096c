/* SipHash (Aumasson and Bernstein, 2012): hashes of short inputs that cannot be predicted or made
 * to collide without the key. Pure; any thread. */
#ifndef SKEP_BASE_KEYED_HASH_H
#define SKEP_BASE_KEYED_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t half[2];
};

static inline bool hash_key_equal(const struct hash_key *a, const struct hash_key *b) {
    return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

/* SipHash-1-3, for hash tables of info_hashes and addresses, which attackers choose. */
uint64_t keyed_hash(const struct hash_key *key, const void *data, size_t len);

/* SipHash-2-4, to authenticate what is sent out and returned. */
uint64_t keyed_signature(const struct hash_key *key, const void *data, size_t len);

#endif
