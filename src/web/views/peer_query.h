/* Search, filter and order of the peers of a torrent. Any thread. */
#ifndef SKEP_WEB_VIEWS_PEER_QUERY_H
#define SKEP_WEB_VIEWS_PEER_QUERY_H

#include "probe/prober.h"
#include "swarm/registry.h"
#include "swarm/swarm_snapshot.h"

enum { PEER_SEARCH_LEN = 64 }; /* with the terminating zero */

enum peer_show {
    PEERS_ALL,
    PEERS_SEEDERS,
    PEERS_LEECHERS,    /* including partial seeds */
    PEERS_UNREACHABLE, /* by the latest probe */
    PEERS_OUTSIDE,     /* not in our networks (network.lan) */
};

enum peer_sort {
    PEER_BY_ROLE, /* as given: seeders first */
    PEER_BY_ADDRESS,
    PEER_BY_PROGRESS,
    PEER_BY_RATE,
    PEER_BY_SINCE, /* the latest to join last */
    PEER_BY_SEEN,  /* the latest announce last */
    PEER_BY_REACH,
};

struct peer_query {
    char
        search[PEER_SEARCH_LEN]; /* part of the address, of the machine's or of the client's name */
    struct registry *registry;   /* of the names of machines; NULL: they are not searched */
    enum peer_show show;
    enum peer_sort sort; /* ties are sorted by address */
    bool descending;
};

/* A peer and the result of its latest probe. */
struct probed_peer {
    struct peer_stats stats;
    enum reach reach;
};

/* Whether the query neither filters nor sorts. */
bool peer_query_is_plain(const struct peer_query *query);

/* Moves the peers that match to the front, in order. Returns their number. */
size_t peer_query_apply(const struct peer_query *query, struct probed_peer *peers, size_t count);

#endif
