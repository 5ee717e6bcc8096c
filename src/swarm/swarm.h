/* A swarm: all peers of one torrent, of both families, and its download count.
 * Applies the rules of identity: a peer is its address and port; a peer that appears at another
 * address with the same peer_id and key replaces its old one. Not locked: the caller holds the
 * shard's lock. */
#ifndef SKEP_SWARM_SWARM_H
#define SKEP_SWARM_SWARM_H

#include "swarm/address_counts.h"
#include "swarm/change_feed.h"
#include "swarm/peer_list.h"

struct swarm {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t downloaded;
    uint32_t paused;       /* partial seeds among the leechers */
    uint32_t idle_since_s; /* monotonic; when the last peer left */
    uint64_t upload_rate;  /* KiB per second, all peers */
    uint64_t download_rate;
    struct peer_list v4;
    struct peer_list v6;
};

/* Where joins and departures are reported. */
struct swarm_outputs {
    struct change_feed *feed;
    struct address_counts *addresses; /* NULL: not counted */
};

/* A peer to be put: the announce and the tracker's decisions about it. */
struct peer_put {
    const struct announce_request *request;
    struct endpoint peer;
    bool on_lan;
    uint16_t ttl_s;
    uint32_t now_s;
    enum announce_result room;          /* whether the tracker's own limits allow one more peer */
    uint32_t peers_max;                 /* of the swarm */
    uint32_t address_peers_max;         /* per address, over all swarms; 0: unlimited */
    uint32_t address_torrent_peers_max; /* per address in this swarm; 0: unlimited */
};

/* Creates a swarm without peers. Borrows `key` as long as it lives. NULL if out of memory. */
struct swarm *swarm_create(const uint8_t info_hash[static INFO_HASH_LEN],
                           const struct hash_key *key, uint32_t now_s);
void swarm_delete(struct swarm *swarm);

struct peer_list *swarm_list(struct swarm *swarm, uint8_t family);
uint32_t swarm_seeders(const struct swarm *swarm);
uint32_t swarm_leechers(const struct swarm *swarm);

static inline uint32_t swarm_peers(const struct swarm *swarm) {
    return peer_list_count(&swarm->v4) + peer_list_count(&swarm->v6);
}

/* Checks the limits that do not depend on the swarm. */
enum announce_result swarm_check_limits(const struct swarm_outputs *outputs,
                                        const struct peer_put *put);

/* Adds or updates the peer, counts a completion once, and stores its position in `*position`.
 * Returns ANNOUNCE_OK, or the limit that was reached, or ANNOUNCE_NO_MEMORY. */
enum announce_result swarm_put(struct swarm *swarm, const struct swarm_outputs *outputs,
                               const struct peer_put *put, uint32_t *position);

/* Removes the peer that sent the announce, if it is in the swarm: found by endpoint, or else by
 * peer_id and key. */
void swarm_remove(struct swarm *swarm, const struct swarm_outputs *outputs,
                  const struct announce_request *request, const struct endpoint *peer,
                  uint32_t now_s);

/* Removes up to `limit` peers whose deadline has passed; returns their number. */
uint32_t swarm_expire(struct swarm *swarm, const struct swarm_outputs *outputs, uint32_t now_s,
                      uint32_t limit);

/* Restores a peer from a change, without reporting it; an existing peer is left alone. False if out
 * of memory. */
bool swarm_restore(struct swarm *swarm, const struct swarm_outputs *outputs,
                   const struct change *change, bool on_lan, uint32_t now_s, uint16_t ttl_s);

/* Bytes of memory, in total. */
size_t swarm_memory(const struct swarm *swarm);

/* The peer at `position` as a change of `kind`. */
struct change swarm_describe(const struct swarm *swarm, const struct peer_list *list,
                             uint32_t position, enum change_kind kind, uint32_t now_s);

/* Time without peers; 0 if it has some. */
uint32_t swarm_idle_s(const struct swarm *swarm, uint32_t now_s);

#endif
