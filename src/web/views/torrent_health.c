#include "web/views/torrent_health.h"

#include "web/views/peer_search.h"

enum { SEEDERS_MAX = 16 }; /* looked up for the health of a torrent */

enum health torrent_health(const struct torrent_stats *stats) {
    const uint32_t seeders = torrent_seeders(stats);
    const uint32_t leechers = torrent_leechers(stats);
    if (seeders == 0)
        return leechers == 0 ? HEALTH_IDLE : HEALTH_UNSEEDED;
    return seeders == 1 && leechers > 0 ? HEALTH_WEAK : HEALTH_GOOD;
}

/* Whether the torrent has seeders, and none of them could be reached by its last probe. */
static bool seeders_are_unreachable(struct tracker *tracker, struct prober *prober,
                                    const uint8_t *info_hash, uint64_t now_ms) {
    struct peer_stats peers[SEEDERS_MAX];
    size_t total;
    size_t seeders = 0;
    const size_t count =
        swarm_snapshot_peers(tracker, info_hash, now_ms, 0, peers, SEEDERS_MAX, &total);
    while (seeders < count && peers[seeders].seeder) {
        if (!reach_is_firewalled(peer_reach(prober, &peers[seeders++].peer)))
            return false;
    }
    return seeders > 0;
}

enum health torrent_health_probed(struct tracker *tracker, struct prober *prober,
                                  const struct torrent_stats *stats, uint64_t now_ms) {
    const uint32_t seeders = torrent_listed_seeders(stats);
    /* An unreachable seeder can still connect to leechers itself; then data flows. */
    const bool stalled = torrent_leechers(stats) > stats->paused && stats->download_rate == 0;
    if (prober != NULL && stalled && seeders > 0 && seeders <= SEEDERS_MAX &&
        seeders_are_unreachable(tracker, prober, stats->info_hash, now_ms))
        return HEALTH_STUCK;
    return torrent_health(stats);
}
