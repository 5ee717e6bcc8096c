/* Peers that DHT clients announced, of torrents that the tracker does not have. 32 bytes each: the
 * endpoint and a keyed hash of the info_hash. Memory is allocated once. Peers are never pushed out
 * by others; they expire. Times are seconds of a monotonic clock. Not locked. */
#ifndef SKEP_DHT_PEER_STORE_H
#define SKEP_DHT_PEER_STORE_H

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/keyed_hash.h"
#include "dht/node_id.h"

struct peer_store_limits {
    uint32_t peers;
    uint32_t per_torrent; /* of both families */
    uint32_t per_address; /* IPv4 address or IPv6 /64, over all torrents; may be reached too early
                             if the store is nearly full */
    uint32_t ttl_s;       /* at most PEER_STORE_TTL_MAX_S */
};

enum { PEER_STORE_TTL_MAX_S = 7200 };

struct peer_store;

/* NULL if out of memory. */
struct peer_store *peer_store_create(const struct peer_store_limits *limits,
                                     const struct hash_key *key);
void peer_store_delete(struct peer_store *store);

/* Adds a peer, or renews it. False if a limit is reached. */
bool peer_store_put(struct peer_store *store, const uint8_t info_hash[static NODE_ID_LEN],
                    const struct endpoint *peer, uint32_t now_s);

/* Writes peers of the requester's family, compact and as many as fit, beginning with any of them
 * (`start` chooses it). Peers in private networks are for requesters in private networks, peers of
 * this machine for those of this machine. */
void peer_store_pick(const struct peer_store *store, const uint8_t info_hash[static NODE_ID_LEN],
                     const struct endpoint *requester, uint32_t start, uint32_t now_s,
                     struct writer *peers);

/* Removes expired peers: looks at a part of the store, and at all of it in as many calls as a
 * lifetime has seconds. Call it every second. */
void peer_store_expire(struct peer_store *store, uint32_t now_s);

uint32_t peer_store_count(const struct peer_store *store);
size_t peer_store_memory(const struct peer_store *store);

#endif
