/* Selects the peers of a reply from a peer list. Pure; the caller holds the shard's lock. */
#ifndef SKEP_SWARM_PEER_PICK_H
#define SKEP_SWARM_PEER_PICK_H

#include "base/random.h"
#include "swarm/peer_list.h"

/* What `peer_pick` may hand out. */
struct peer_filter {
    uint32_t self;      /* the asker's position, or PEER_NOWHERE */
    bool leechers_only; /* for an asker that needs nothing */
    bool outside_only;  /* leave out the LAN's peers */
};

/* Copies at most `want` peers that pass `filter` to `wire`, and their ids to `peer_ids` unless that
 * is NULL. Every peer that passes is as likely as any other; none comes twice. Where `substitute`
 * is not NULL, the LAN's peers are given with that address (4 or 16 bytes) and their own port.
 * Returns how many were copied. */
uint32_t peer_pick(const struct peer_list *list, struct random *random,
                   const struct peer_filter *filter, uint32_t want, const uint8_t *substitute,
                   uint8_t *wire, uint8_t *peer_ids);

#endif
