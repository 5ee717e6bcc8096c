/* The swarm: all peers of one info_hash, of both families, and how often it was completed.
 *
 * Applies the rules of who a peer is: it is known by its address and port; a peer that turns up at
 * another address with the same peer_id and key takes its old place. Not locked: the caller holds
 * the shard's lock. */
#ifndef SKEP_SWARM_SWARM_H
#define SKEP_SWARM_SWARM_H

#include "swarm/feed.h"
#include "swarm/peer_list.h"

struct swarm {
    uint8_t info_hash[INFO_HASH_LEN];
    uint32_t downloaded;
    uint32_t paused;     /* partial seeds among the leechers */
    uint32_t idle_since; /* monotonic seconds; when the last peer went */
    struct peer_list v4;
    struct peer_list v6;
};

/* What the swarm's functions need of their surroundings; the shard owns it all. */
struct swarm_context {
    const struct hash_key *key;
    struct random *random;
    struct feed *feed;
};

/* How a peer is put: all that the announce said and the tracker decided. */
struct peer_put {
    const struct announce_request *request;
    struct endpoint peer;
    bool on_lan;
    uint16_t ttl_s;
    uint32_t now_s;
    uint32_t peers_max; /* for the swarm */
};

struct swarm *swarm_create(const uint8_t info_hash[static INFO_HASH_LEN], uint32_t now_s);
void swarm_delete(struct swarm *swarm);

struct peer_list *swarm_list(struct swarm *swarm, uint8_t family);
uint32_t swarm_seeders(const struct swarm *swarm);
uint32_t swarm_leechers(const struct swarm *swarm);

static inline uint32_t swarm_peers(const struct swarm *swarm) {
    return peer_list_count(&swarm->v4) + peer_list_count(&swarm->v6);
}

/* Adds or refreshes the peer, counts a `completed` once, and stores its position in `*position`.
 * ANNOUNCE_OK, ANNOUNCE_SWARM_FULL or ANNOUNCE_NO_MEMORY. */
enum announce_result swarm_put(struct swarm *swarm, const struct swarm_context *context,
                               const struct peer_put *put, uint32_t *position);

/* Removes the peer at `peer`, if it is there. */
void swarm_drop(struct swarm *swarm, const struct swarm_context *context,
                const struct endpoint *peer, uint32_t now_s);

/* Removes up to `limit` peers whose time is up; returns how many. */
uint32_t swarm_expire(struct swarm *swarm, const struct swarm_context *context, uint32_t now_s,
                      uint32_t limit);

/* Puts a peer back as a change describes it, silently; what is there already stays. False without
 * memory. */
bool swarm_restore(struct swarm *swarm, const struct swarm_context *context,
                   const struct change *change, bool on_lan, uint16_t ttl_s, uint32_t now_s);

/* Describes the peer at `position` as a change of `kind`. */
struct change swarm_describe(const struct swarm *swarm, const struct peer_list *list,
                             uint32_t position, enum change_kind kind);

#endif
