/* The health of a torrent. Any thread. */
#ifndef SKEP_WEB_VIEWS_TORRENT_HEALTH_H
#define SKEP_WEB_VIEWS_TORRENT_HEALTH_H

#include "probe/prober.h"
#include "swarm/swarm_snapshot.h"

/* In ascending order, as the list of torrents sorts. */
enum health {
    HEALTH_IDLE,     /* no peers */
    HEALTH_UNSEEDED, /* leechers only */
    HEALTH_STUCK,    /* leechers, no data flow, and at most 16 seeders, none of them reachable */
    HEALTH_WEAK,     /* leechers, and one seeder */
    HEALTH_GOOD,
};

enum { HEALTHS = HEALTH_GOOD + 1 };

/* Health by the counts alone; never HEALTH_STUCK. Pure. */
enum health torrent_health(const struct torrent_stats *stats);

/* The same with the results of the latest probes; `prober` may be NULL. Locks a shard for each
 * torrent that may be stuck. */
enum health torrent_health_probed(struct tracker *tracker, struct prober *prober,
                                  const struct torrent_stats *stats, uint64_t now_ms);

#endif
