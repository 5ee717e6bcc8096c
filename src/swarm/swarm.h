/* The swarm: all peers of one info_hash, of both families, and how often it was completed.
 *
 * Applies the rules of who a peer is: it is known by its address and port; a peer that turns up at
 * another address with the same peer_id and key takes its old place. Not locked: the caller holds
 * the shard's lock. */
#ifndef SKEP_SWARM_SWARM_H
#define SKEP_SWARM_SWARM_H

#include "swarm/address_counts.h"
#include "swarm/change_feed.h"
#include "swarm/peer_list.h"

struct swarm {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t downloaded;
    uint32_t paused;       /* partial seeds among the leechers */
    uint32_t idle_since_s; /* monotonic; when the last peer went */
    uint64_t upload_rate;  /* KiB a second, of all its peers */
    uint64_t download_rate;
    struct peer_list v4;
    struct peer_list v6;
};

/* Who is told of peers that come and go. */
struct swarm_outputs {
    struct change_feed *feed;
    struct address_counts *addresses; /* NULL: nobody counts */
};

/* How a peer is put: all that the announce said and the tracker decided. */
struct peer_put {
    const struct announce_request *request;
    struct endpoint peer;
    bool on_lan;
    uint16_t ttl_s;
    uint32_t now_s;
    enum announce_result room;          /* whether the tracker as a whole has room for one more */
    uint32_t peers_max;                 /* of the swarm */
    uint32_t address_peers_max;         /* of the peer's address, in all swarms; 0: any number */
    uint32_t address_torrent_peers_max; /* the same, in this one */
};

/* Without peers. Borrows `key` for as long as the swarm lives. NULL without memory. */
struct swarm *swarm_create(const uint8_t info_hash[static INFO_HASH_LEN],
                           const struct hash_key *key, uint32_t now_s);
void swarm_delete(struct swarm *swarm);

struct peer_list *swarm_list(struct swarm *swarm, uint8_t family);
uint32_t swarm_seeders(const struct swarm *swarm);
uint32_t swarm_leechers(const struct swarm *swarm);

static inline uint32_t swarm_peers(const struct swarm *swarm) {
    return peer_list_count(&swarm->v4) + peer_list_count(&swarm->v6);
}

/* The bounds that a new peer meets whatever its swarm. */
enum announce_result swarm_check_limits(const struct swarm_outputs *outputs,
                                        const struct peer_put *put);

/* Adds or refreshes the peer, counts a `completed` once, and stores its position in `*position`.
 * ANNOUNCE_OK, or which limit or want of memory was in the way. */
enum announce_result swarm_put(struct swarm *swarm, const struct swarm_outputs *outputs,
                               const struct peer_put *put, uint32_t *position);

/* Removes the peer that the announce came from, if it is there: by its endpoint, or else by its
 * peer_id and key. */
void swarm_remove(struct swarm *swarm, const struct swarm_outputs *outputs,
                  const struct announce_request *request, const struct endpoint *peer,
                  uint32_t now_s);

/* Removes up to `limit` peers whose time is up; returns how many. */
uint32_t swarm_expire(struct swarm *swarm, const struct swarm_outputs *outputs, uint32_t now_s,
                      uint32_t limit);

/* Puts a peer back as a change describes it, telling nobody; what is there already stays. False
 * without memory. */
bool swarm_restore(struct swarm *swarm, const struct swarm_outputs *outputs,
                   const struct change *change, bool on_lan, uint32_t now_s, uint16_t ttl_s);

/* Bytes that the swarm holds, all in all. */
size_t swarm_memory(const struct swarm *swarm);

/* Describes the peer at `position` as a change of `kind`. */
struct change swarm_describe(const struct swarm *swarm, const struct peer_list *list,
                             uint32_t position, enum change_kind kind, uint32_t now_s);

/* How long the swarm has had no peers; 0 where it has some. */
uint32_t swarm_idle_s(const struct swarm *swarm, uint32_t now_s);

#endif
