/* Options of the tracker: limits and policy. */
#ifndef SKEP_SWARM_TRACKER_OPTIONS_H
#define SKEP_SWARM_TRACKER_OPTIONS_H

#include <stdbool.h>

#include "base/endpoint.h"

/* Number of shards of the swarm table. */
enum { TRACKER_SHARDS = 256 };

struct tracker_options {
    uint32_t interval_min_s;         /* the announce interval follows the load between these two */
    uint32_t interval_max_s;         /* at most 28800 */
    uint32_t budget_per_s;           /* announces per second: the load that the interval aims for */
    uint32_t peer_timeout_min_s;     /* a peer is not expired earlier than this; at most 28800 */
    uint32_t numwant;                /* if the client does not send numwant */
    uint32_t numwant_max;            /* at most NUMWANT_LIMIT */
    uint32_t address_requests_per_s; /* 0: unlimited */
    uint32_t address_requests_burst; /* at once */
    bool limit_loopback;             /* per-address limits apply to loopback addresses, too */
    uint32_t memory_max_mib;         /* of all swarms; 0: unlimited */
    uint32_t torrents_max;
    uint32_t torrent_peers_max;
    uint32_t peers_max;
    uint32_t address_peers_max;         /* per address; 0: unlimited */
    uint32_t address_torrent_peers_max; /* per address in one torrent; 0: unlimited */
    uint32_t network_peers_permille;    /* see join_limits.c; 0: unlimited */
    uint32_t idle_torrent_s; /* a torrent without peers is kept this long, for its download count */
    uint32_t
        address_idle_torrents_max; /* kept per address that first completed them; 0: unlimited */
    bool cluster; /* the tracker is a node of a cluster: see tracker_cluster.h. It stays as it is */
    struct networks lan;               /* our LAN */
    struct networks ip_param_networks; /* clients whose ip, ipv4 and ipv6 parameters count */
    struct endpoint external_v4;       /* public address of our LAN; FAMILY_NONE: unknown */
    struct endpoint external_v6;
};

#endif
