/* Peers that DHT clients announced, of torrents that the tracker does not have. A peer has 24
 * bytes, a torrent 28 and an entry of a hash table. Memory is allocated once. Peers are never
 * pushed out by others; they expire. Times are seconds of a monotonic clock. Not locked. */
#ifndef SKEP_DHT_PEER_STORE_H
#define SKEP_DHT_PEER_STORE_H

#include "dht/dht_options.h"

struct peer_store;

/* NULL if out of memory. */
struct peer_store *peer_store_create(const struct dht_limits *limits, const struct hash_key *key);
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

/* Removes expired peers: looks at a part of the store, and at all of it in 60 calls. Call it every
 * second. */
void peer_store_expire(struct peer_store *store, uint32_t now_s);

/* The torrents that have peers, at most `max`, in no order. Returns their number. */
size_t peer_store_list_torrents(const struct peer_store *store, struct stored_torrent *torrents,
                                size_t max, uint32_t now_s);

/* Peers of a torrent, at most `max`. Returns their number. */
size_t peer_store_list_peers(const struct peer_store *store,
                             const uint8_t info_hash[static NODE_ID_LEN], struct stored_peer *peers,
                             size_t max, uint32_t now_s);

/* With expired peers, until they are removed. */
uint32_t peer_store_count(const struct peer_store *store);
uint32_t peer_store_torrent_count(const struct peer_store *store);
size_t peer_store_memory(const struct peer_store *store);

#endif
