/* Reachability of peers, as far as the prober has checked it. */
#include "web/api/api_request.h"

enum { SEEDERS_MAX = 16 }; /* seeders that are looked up for the health of a torrent */

struct reach_state api_reach(const struct api_request *request, const struct endpoint *peer) {
    const struct reach_state unknown = { .reach = REACH_UNKNOWN };
    struct prober *prober = request->api->prober;
    return prober == NULL ? unknown : prober_state(prober, peer);
}

json_t *api_reach_counts(const struct api_request *request, const struct address_row *row) {
    struct endpoint peer = row->address;
    uint32_t counts[REACHES] = { 0 };
    for (size_t i = 0; i < row->port_count; i++) {
        endpoint_set_port(&peer, row->ports[i]);
        counts[api_reach(request, &peer).reach]++;
    }
    return json_pack("{s:o, s:o, s:o}", "open", api_count(counts[REACH_OPEN]), "unreachable",
                     api_count((uint64_t)counts[REACH_REFUSED] + counts[REACH_SILENT]), "unknown",
                     api_count(counts[REACH_UNKNOWN]));
}

/* Whether the torrent has seeders, and none of them could be reached by its last probe. */
static bool seeders_are_unreachable(const struct api_request *request, const uint8_t *info_hash) {
    struct peer_stats peers[SEEDERS_MAX];
    size_t total;
    size_t seeders = 0;
    const size_t count = swarm_snapshot_peers(request->api->tracker, info_hash, request->now_ms, 0,
                                              peers, SEEDERS_MAX, &total);
    while (seeders < count && peers[seeders].seeder) {
        const enum reach reach = api_reach(request, &peers[seeders++].peer).reach;
        if (reach != REACH_REFUSED && reach != REACH_SILENT)
            return false;
    }
    return seeders > 0;
}

enum health api_health(const struct api_request *request, const struct torrent_stats *stats) {
    const uint32_t seeders = torrent_seeders(stats);
    /* An unreachable seeder can still connect to leechers itself; then data flows. */
    const bool stalled = torrent_leechers(stats) > stats->paused && stats->download_rate == 0;
    if (request->api->prober != NULL && stalled && seeders > 0 && seeders <= SEEDERS_MAX &&
        seeders_are_unreachable(request, stats->info_hash))
        return HEALTH_STUCK;
    return torrent_health(stats);
}
