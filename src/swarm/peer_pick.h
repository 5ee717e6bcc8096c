/* Selects the peers of a reply from a peer list. Pure; the caller holds the shard's lock. */
#ifndef SKEP_SWARM_PEER_PICK_H
#define SKEP_SWARM_PEER_PICK_H

#include "base/random.h"
#include "swarm/peer_list.h"

/* Which peers may be selected. */
struct peer_filter {
    uint32_t self;      /* position of the requesting client, or PEER_NOWHERE */
    bool leechers_only; /* for a client that needs nothing */
    bool outside_only;  /* skip LAN peers */
};

/* Copies up to `want` peers that pass `filter` to `wire`, and their ids to `peer_ids` unless it is
 * NULL. Every such peer is equally likely; none is copied twice. If `substitute` is not NULL, LAN
 * peers are given this address (4 or 16 bytes) and their own port. Returns the number of peers. */
uint32_t peer_pick(const struct peer_list *list, struct random *random,
                   const struct peer_filter *filter, uint32_t want, const uint8_t *substitute,
                   uint8_t *wire, uint8_t *peer_ids);

#endif
