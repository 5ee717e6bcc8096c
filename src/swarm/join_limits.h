/* Limits that a peer must be within to join a swarm. Peers that are in it already are not limited,
 * even if they move to another endpoint. Any thread. */
#ifndef SKEP_SWARM_JOIN_LIMITS_H
#define SKEP_SWARM_JOIN_LIMITS_H

#include "swarm/tracker_state.h"

/* Returns ANNOUNCE_OK, or the limit that is reached for one more peer at the endpoint `client`.
 * `swarm`: NULL if it does not exist yet. `client`: NULL to leave out the limits per address. The
 * swarm's shard is locked. */
enum announce_result join_limits_check(const struct tracker *tracker,
                                       const struct tracker_options *options,
                                       const struct swarm *swarm, const struct endpoint *client);

#endif
