#include "swarm/join_limits.h"

enum {
    NETWORK_PEERS_MIN = 100, /* of a network, however small its share */
    PEER_BYTES = 100,        /* memory of a peer, approximately */
};

/* Counting an address within the swarm reads every peer, so it is done only if the address has that
 * many peers in total. */
static bool swarm_is_full_of_address(const struct tracker *tracker, const struct swarm *swarm,
                                     const struct endpoint *client, uint32_t max) {
    const struct peer_list *list = client->family == FAMILY_V6 ? &swarm->v6 : &swarm->v4;
    for (unsigned i = 0; max > 0 && i < address_scopes(client->family); i++) {
        const struct address_scope scope = address_scope(client->family, i);
        const uint32_t share = max * scope.share;
        if (address_counts_reach_scope(tracker->addresses, client, scope, max) &&
            peer_list_count_address(list, client->wire, scope.len, share) >= share)
            return true;
    }
    return false;
}

/* Most peers that the tracker may have. */
static uint64_t peers_bound(const struct tracker_options *options) {
    const uint64_t in_memory = ((uint64_t)options->memory_max_mib << 20) / PEER_BYTES;
    return options->memory_max_mib > 0 && in_memory < options->peers_max ? in_memory
                                                                         : options->peers_max;
}

static bool is_half_full(const struct tracker *tracker, const struct tracker_options *options) {
    return counter_read(&tracker->peers) >= options->peers_max / 2 ||
           (options->memory_max_mib > 0 &&
            tally_read(&tracker->memory) >= (uint64_t)options->memory_max_mib << 19);
}

/* A full tracker keeps the peers that came first. So that these are not all an attacker's, a
 * network gets no more than its share of the second half. */
static bool network_is_full(const struct tracker *tracker, const struct tracker_options *options,
                            const struct endpoint *client) {
    if (options->network_peers_permille == 0 || !is_half_full(tracker, options) ||
        networks_contain(&options->lan, client))
        return false;
    const uint64_t share = peers_bound(options) * options->network_peers_permille / 1000;
    return address_counts_of_network(tracker->addresses, client) >=
           (share > NETWORK_PEERS_MIN ? share : NETWORK_PEERS_MIN);
}

static bool memory_is_full(const struct tracker *tracker, const struct tracker_options *options) {
    return options->memory_max_mib > 0 &&
           tally_read(&tracker->memory) >> 20 >= options->memory_max_mib;
}

static enum announce_result check_address(const struct tracker *tracker,
                                          const struct tracker_options *options,
                                          const struct swarm *swarm,
                                          const struct endpoint *client) {
    if (!tracker_state_limits(tracker, client))
        return ANNOUNCE_OK;
    if (swarm != NULL &&
        swarm_is_full_of_address(tracker, swarm, client, options->address_torrent_peers_max))
        return ANNOUNCE_ADDRESS_SWARM_FULL;
    if (options->address_peers_max > 0 &&
        address_counts_reach(tracker->addresses, client, options->address_peers_max))
        return ANNOUNCE_ADDRESS_FULL;
    if (network_is_full(tracker, options, client))
        return ANNOUNCE_NETWORK_FULL;
    return ANNOUNCE_OK;
}

enum announce_result join_limits_check(const struct tracker *tracker,
                                       const struct tracker_options *options,
                                       const struct swarm *swarm, const struct endpoint *client) {
    if (swarm != NULL && swarm_peers(swarm) >= options->torrent_peers_max)
        return ANNOUNCE_SWARM_FULL;
    if (counter_read(&tracker->peers) >= options->peers_max)
        return ANNOUNCE_PEERS_FULL;
    if (memory_is_full(tracker, options))
        return ANNOUNCE_MEMORY_FULL;
    return client == NULL ? ANNOUNCE_OK : check_address(tracker, options, swarm, client);
}
