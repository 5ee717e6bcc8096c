/* The peers of a swarm as one client sees them: it is given addresses that are of use to it. Pure;
 * the caller holds the shard's lock.
 * - On this machine (loopback), every address is as it is.
 * - On our LAN, too, except loopback: peers on this machine are given by the address at which the
 *   client reached the tracker, or not at all if that is unknown.
 * - From outside, our LAN is seen by its external address. Without one, LAN peers are hidden.
 * A peer with port 1, which cannot be connected to, is never given. */
#ifndef SKEP_SWARM_PEER_VIEW_H
#define SKEP_SWARM_PEER_VIEW_H

#include "base/random.h"
#include "swarm/announce.h"
#include "swarm/peer_list.h"

struct peer_view {
    const struct announce_request *request;
    bool on_lan;                        /* the client */
    const struct networks *lan;         /* our networks */
    const struct endpoint *external_v4; /* their public address; FAMILY_NONE: unknown */
    const struct endpoint *external_v6;
};

/* Copies up to `want` peers of `list` to `peers`, and their ids to `peer_ids` unless it is NULL, as
 * peer_pick. `self` is the client's position in the list, or PEER_NOWHERE. Both have room for
 * `room` peers, at least `want`; what lies behind those returned may be overwritten. Returns their
 * number. */
uint32_t peer_view_pick(const struct peer_view *view, const struct peer_list *list,
                        struct random *random, uint32_t self, uint32_t want, uint32_t room,
                        uint8_t *peers, uint8_t *peer_ids);

#endif
