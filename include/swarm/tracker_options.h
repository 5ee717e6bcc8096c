/* What the tracker is told to do and how far it may go: its options, all of them bounds or policy.
 */
#ifndef SKEP_SWARM_TRACKER_OPTIONS_H
#define SKEP_SWARM_TRACKER_OPTIONS_H

#include <stdbool.h>

#include "base/endpoint.h"

/* Into how many parts the swarms are cut, and the sweep may be. */
enum { TRACKER_SHARDS = 256 };

struct tracker_options {
    uint32_t interval_min_s;  /* the interval follows the load between these two */
    uint32_t interval_max_s;  /* at most 8 hours */
    uint32_t announces_per_s; /* the load to aim for */
    uint32_t patience_s;      /* how long a peer may be silent, at least; at most 8 hours */
    uint32_t numwant;         /* for those who do not say */
    uint32_t numwant_max;     /* at most NUMWANT_LIMIT */
    uint32_t requests_per_s;  /* of one address; 0: any number */
    uint32_t requests_burst;  /* what it may ask at once */
    bool limit_loopback;      /* whether the limits of an address hold for this machine, too */
    uint32_t memory_max_mib;  /* of all swarms; 0: no ceiling */
    uint32_t torrents_max;
    uint32_t torrent_peers_max;
    uint32_t peers_max;
    uint32_t address_peers_max;         /* peers of one address; 0: any number */
    uint32_t address_torrent_peers_max; /* the same, in one torrent */
    uint32_t idle_torrent_s;            /* how long a torrent without peers keeps its count */
    struct networks lan;                /* our own networks */
    struct networks trust;              /* who may claim another address than its socket's */
    struct endpoint external_v4;        /* how the outside sees our LAN; FAMILY_NONE: unknown */
    struct endpoint external_v6;
};

#endif
