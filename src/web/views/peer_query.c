#include "web/views/peer_query.h"

#include <stdlib.h>
#include <string.h>

#include "web/views/peer_search.h"

bool peer_query_is_plain(const struct peer_query *query) {
    return query->search[0] == '\0' && query->show == PEERS_ALL && query->sort == PEER_BY_ROLE &&
           !query->descending;
}

static bool is_shown(const struct probed_peer *peer, enum peer_show show) {
    switch (show) {
    case PEERS_SEEDERS:
        return peer->stats.seeder;
    case PEERS_LEECHERS:
        return !peer->stats.seeder;
    case PEERS_UNREACHABLE:
        return reach_is_firewalled(peer->reach);
    case PEERS_OUTSIDE:
        return !peer->stats.lan;
    case PEERS_ALL:
        break;
    }
    return true;
}

static bool matches_search(const struct probed_peer *peer, const struct peer_query *query) {
    return query->search[0] == '\0' || peer_search_client(peer->stats.peer_id, query->search) ||
           peer_search_address(query->registry, &peer->stats.peer, query->search);
}

static int compare_numbers(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

/* IPv4 first, then as numbers, then by port. */
static int compare_addresses(const struct probed_peer *a, const struct probed_peer *b) {
    const struct endpoint *one = &a->stats.peer;
    const struct endpoint *other = &b->stats.peer;
    if (one->family != other->family)
        return one->family < other->family ? -1 : 1;
    return memcmp(one->wire, other->wire, sizeof one->wire);
}

static uint64_t number_of(const struct probed_peer *peer, enum peer_sort sort) {
    const struct peer_stats *stats = &peer->stats;
    switch (sort) {
    case PEER_BY_ROLE:
        return stats->seeder ? 0 : stats->paused ? 1 : 2;
    case PEER_BY_PROGRESS:
        return UINT64_MAX - stats->left; /* all peers have the same size */
    case PEER_BY_RATE:
        return stats->upload_rate + stats->download_rate;
    case PEER_BY_SINCE:
        return UINT32_MAX - stats->age_s;
    case PEER_BY_SEEN:
        return UINT32_MAX - stats->silent_s;
    case PEER_BY_REACH:
        return peer->reach;
    case PEER_BY_ADDRESS:
        break;
    }
    return 0;
}

static int compare_peers(const void *a, const void *b, void *context) {
    const struct peer_query *query = context;
    int order = compare_numbers(number_of(a, query->sort), number_of(b, query->sort));
    if (order == 0 && query->sort == PEER_BY_ADDRESS)
        order = compare_addresses(a, b);
    if (order != 0)
        return query->descending ? -order : order;
    return compare_addresses(a, b);
}

size_t peer_query_apply(const struct peer_query *query, struct probed_peer *peers, size_t count) {
    struct peer_query order = *query;
    size_t matches = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_shown(&peers[i], query->show) && matches_search(&peers[i], query))
            peers[matches++] = peers[i];
    }
    qsort_r(peers, matches, sizeof *peers, compare_peers, &order);
    return matches;
}
