/* The tracker's side of a DHT node (BEP 5): its peers as answers to get_peers, and announce_peer as
 * a way into a swarm. A peer that the DHT found has no peer_id (see dht_peer_id), counts as a
 * leecher of unknown progress, and expires after DHT_PEER_TTL_S unless it is announced again. An
 * announce of the client itself replaces it. Any thread; `now_ms` is clock_now_ms(). */
#ifndef SKEP_SWARM_TRACKER_DHT_H
#define SKEP_SWARM_TRACKER_DHT_H

#include "base/bytes.h"
#include "swarm/tracker.h"

enum { DHT_PEER_TTL_S = 1800 };

/* The torrents whose swarms the DHT shares: none, those that are registered and known not to be
 * private, or all but those that are known to be private. */
enum dht_share { DHT_SHARE_NONE, DHT_SHARE_REGISTERED, DHT_SHARE_ALL };

enum dht_verdict {
    DHT_SHARED,
    DHT_NOT_SHARED, /* not one of the tracker's to share; the DHT node may store it */
    /* A private torrent (BEP 27), or refused by the access rules or a limit: no DHT node of this
     * machine may serve it either. */
    DHT_REFUSED,
};

struct dht_requester {
    struct endpoint address;
    struct endpoint reached; /* its packet's destination; FAMILY_NONE: unknown */
};

/* Writes peers of the requester's family in compact form, as many as fit, chosen as for an announce
 * of the requester. */
enum dht_verdict tracker_dht_peers(struct tracker *tracker, enum dht_share share,
                                   const uint8_t info_hash[static INFO_HASH_LEN],
                                   const struct dht_requester *requester, struct writer *peers);

/* Puts a peer, whose address the DHT has verified, into its swarm. A peer that has announced from
 * this endpoint stays as it is. */
enum dht_verdict tracker_dht_announce(struct tracker *tracker, enum dht_share share,
                                      const uint8_t info_hash[static INFO_HASH_LEN],
                                      const struct endpoint *peer, uint64_t now_ms);

#endif
