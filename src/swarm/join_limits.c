#include "swarm/join_limits.h"

static bool address_is_full(const struct tracker *tracker, const struct endpoint *client,
                            uint32_t max) {
    return client != NULL && max > 0 && tracker_state_limits(tracker, client) &&
           address_counts_reach(tracker->addresses, client, max);
}

/* Counting an address within the swarm reads every peer, so it is done only if the address has that
 * many peers in total. */
static bool swarm_is_full_of_address(const struct tracker *tracker, const struct swarm *swarm,
                                     const struct endpoint *client, uint32_t max) {
    if (client == NULL || max == 0 || !tracker_state_limits(tracker, client))
        return false;
    const struct peer_list *list = client->family == FAMILY_V6 ? &swarm->v6 : &swarm->v4;
    for (unsigned i = 0; i < address_scopes(client->family); i++) {
        const struct address_scope scope = address_scope(client->family, i);
        const uint32_t share = max * scope.share;
        if (address_counts_reach_scope(tracker->addresses, client, scope, max) &&
            peer_list_count_address(list, client->wire, scope.len, share) >= share)
            return true;
    }
    return false;
}

static bool memory_is_full(const struct tracker *tracker, const struct tracker_options *options) {
    return options->memory_max_mib > 0 &&
           tally_read(&tracker->memory) >> 20 >= options->memory_max_mib;
}

enum announce_result join_limits_check(const struct tracker *tracker,
                                       const struct tracker_options *options,
                                       const struct swarm *swarm, const struct endpoint *client) {
    if (swarm != NULL && swarm_peers(swarm) >= options->torrent_peers_max)
        return ANNOUNCE_SWARM_FULL;
    if (swarm != NULL &&
        swarm_is_full_of_address(tracker, swarm, client, options->address_torrent_peers_max))
        return ANNOUNCE_ADDRESS_SWARM_FULL;
    if (counter_read(&tracker->peers) >= options->peers_max)
        return ANNOUNCE_PEERS_FULL;
    if (memory_is_full(tracker, options))
        return ANNOUNCE_MEMORY_FULL;
    if (address_is_full(tracker, client, options->address_peers_max))
        return ANNOUNCE_ADDRESS_FULL;
    return ANNOUNCE_OK;
}
